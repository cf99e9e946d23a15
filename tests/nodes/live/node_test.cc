// SPDX-License-Identifier: BSD-3-Clause
//
// Nodes that are real: what hosts write is on both copies, a survivor takes over with all of it,
// the one that returns is resynchronised, and both images are equal in the end.
#include "base/pattern.h"
#include "nodes/live/recording.h"
#include "nodes/live/replayer.h"
#include "nodes/live/setup_codec.h"
#include "tests/nodes/live/pair.h"

#include <catch2/catch.hpp>

#include <atomic>
#include <cerrno>
#include <thread>

namespace sunder::live {
namespace {

std::vector<std::byte> pattern(std::uint64_t id, std::uint64_t sectors = 8) {
    std::vector<std::byte> bytes(sectors * sector_bytes);
    write_pattern(id, 0, bytes);
    return bytes;
}

std::vector<std::byte> read(NodeService& node, MirroredExport const& at, std::uint64_t offset,
                            std::uint64_t sectors = 8) {
    std::vector<std::byte> bytes(sectors * sector_bytes);
    REQUIRE(node.read(at, offset, bytes) == 0);
    return bytes;
}

TEST_CASE("a mirror is created, resynchronised, and holds what is written on both") {
    Pair pair;
    pair.start(0);
    pair.start(1);
    MirroredExport const at = pair.in_service(0);
    Pair::wait_until("they mirror", [&] { return pair.mirrors(0) && pair.mirrors(1); });
    REQUIRE(pair[0].write(at, 4096, pattern(7), false) == 0);
    REQUIRE(pair[0].zero(at, 65536, 4096, false, false) == 0);
    REQUIRE(pair[0].flush(at) == 0);
    CHECK(read(pair[0], at, 4096) == pattern(7));
    CHECK(pair.image(0) == pair.image(1));
    CHECK_FALSE(pair[1].find_export("").has_value());
}

TEST_CASE("the target takes over with all that was acknowledged, and the old source follows it") {
    Pair pair;
    pair.start(0);
    pair.start(1);
    MirroredExport at = pair.in_service(0);
    Pair::wait_until("they mirror", [&] { return pair.mirrors(0) && pair.mirrors(1); });
    for (std::uint64_t i = 0; i < 64; ++i) {
        REQUIRE(pair[0].write(at, i * 8192, pattern(100 + i), false) == 0);
    }
    pair.stop(0);
    at = pair.in_service(1);
    for (std::uint64_t i = 0; i < 64; ++i) CHECK(read(pair[1], at, i * 8192) == pattern(100 + i));
    REQUIRE(pair[1].write(at, 0, pattern(500), true) == 0);
    pair.start(0);
    Pair::wait_until("they mirror", [&] { return pair.mirrors(0) && pair.mirrors(1); });
    CHECK(pair.image(0) == pair.image(1));
    CHECK(read(pair[1], at, 0) == pattern(500));
}

TEST_CASE("a switchover moves service under load, and nothing is lost") {
    Pair pair;
    pair.start(0);
    pair.start(1);
    MirroredExport const at = pair.in_service(0);
    Pair::wait_until("they mirror", [&] { return pair.mirrors(0) && pair.mirrors(1); });
    std::atomic<std::uint64_t> acknowledged = 0;
    std::thread host([&] {
        for (std::uint64_t i = 0;; ++i) {
            int const failed = pair[0].write(at, i % 64 * 8192, pattern(1000 + i), false);
            if (failed == ESHUTDOWN) return;
            if (failed != 0) return;
            acknowledged = i + 1;
        }
    });
    Pair::wait_until("hosts have written", [&] { return acknowledged > 100; });
    auto const answer = pair[1].driver().ask(
        [](nodes::AdminId id) { return nodes::input::SwitchOver{id, GroupId{0}}; });
    host.join();
    REQUIRE((!answer || answer->granted));
    MirroredExport const there = pair.in_service(1);
    std::uint64_t const last = acknowledged;
    for (std::uint64_t i = last - 64; i < last; ++i) {
        auto const found = read(pair[1], there, i % 64 * 8192);
        // One more may have been written without its answer.
        CHECK((found == pattern(1000 + i) || found == pattern(1000 + i + 64)));
    }
    Pair::wait_until("they mirror", [&] { return pair.mirrors(0) && pair.mirrors(1); });
    CHECK(pair.image(0) == pair.image(1));
}

// FLT-14. A request can lie in a socket, or in a thread that stood still, for as long as it likes.
TEST_CASE("what a host asked of a source is not done to the copy that it became") {
    Pair pair;
    pair.start(0);
    pair.start(1);
    MirroredExport const then = pair.in_service(0);
    Pair::wait_until("they mirror", [&] { return pair.mirrors(0) && pair.mirrors(1); });
    REQUIRE(pair[0].write(then, 0, pattern(1), false) == 0);
    auto const moved = pair[1].driver().ask(
        [](nodes::AdminId id) { return nodes::input::SwitchOver{id, GroupId{0}}; });
    REQUIRE((!moved || moved->granted));
    pair.in_service(1);
    Pair::wait_until("they mirror", [&] { return pair.mirrors(0) && pair.mirrors(1); });
    auto const paused = pair[1].driver().ask([](nodes::AdminId id) {
        return nodes::input::Ordered{id, GroupId{0}, {nodes::Order::Kind::pause, {}, 0}};
    });
    REQUIRE((!paused || paused->granted));
    MirroredExport const apart = pair.in_service(0);  // whom it is shown to now (R58)
    std::vector<std::byte> bytes(4096);
    CHECK(pair[0].write(then, 0, pattern(2), false) == ESHUTDOWN);
    CHECK(pair[0].zero(then, 0, 4096, true, false) == ESHUTDOWN);
    CHECK(pair[0].read(then, 0, bytes) == ESHUTDOWN);
    CHECK(pair[0].flush(then) == ESHUTDOWN);
    CHECK(read(pair[0], apart, 0) == pattern(1));
    CHECK(pair[0].write(apart, 0, pattern(3), false) == 0);
}

TEST_CASE("a limit that lets nothing be sent is refused, and nobody dies of it") {
    Pair pair;
    pair.start(0);
    pair.start(1);
    (void)pair.in_service(0);
    Pair::wait_until("they mirror", [&] { return pair.mirrors(0) && pair.mirrors(1); });
    auto const ask = [&](std::uint32_t limit) {
        return pair[1].driver().ask([=](nodes::AdminId id) {
            return nodes::input::Ordered{
                id, GroupId{0}, {nodes::Order::Kind::enable_asynchronous, {}, limit}};
        });
    };
    auto const refused = ask(0);
    REQUIRE(refused.has_value());
    CHECK_FALSE(refused->granted);
    CHECK(refused->rule == "no_limit");
    auto const granted = ask(1);
    REQUIRE(granted.has_value());
    CHECK(granted->granted);
}

TEST_CASE("a copy that was in memory is gone with its process, and is not taken for what it was") {
    Pair::How how;
    how.stored = false;
    Pair pair(how);
    pair.start(0);
    pair.start(1);
    MirroredExport at = pair.in_service(0);
    Pair::wait_until("they mirror", [&] { return pair.mirrors(0) && pair.mirrors(1); });
    REQUIRE(pair[0].write(at, 0, pattern(1), true) == 0);
    pair.stop(0);
    at = pair.in_service(1);
    bool const written = GENERATE(false, true);
    INFO((written ? "written since" : "not written since"));
    if (written) REQUIRE(pair[1].write(at, 8192, pattern(2), true) == 0);
    pair.start(0);
    Pair::wait_until("they have met", [&] {
        return pair[0].driver().mirror(0).look_at([](replication::MirrorMachine const& machine) {
            return replication::state_of(machine.leg({1})) == replication::LegState::handshaking;
        });
    });
    std::this_thread::sleep_for(std::chrono::seconds(2));  // nothing else is to happen
    CHECK_FALSE(pair.mirrors(0));
    CHECK_FALSE(pair.mirrors(1));
    CHECK(read(pair[1], at, 0) == pattern(1));
}

TEST_CASE("a mirror that is in sync from the start is not begun in memory") {
    Pair::How how;
    how.stored = false;
    how.born_in_sync = true;
    Pair pair(how);
    CHECK(pair.refusal(0).find("datarep: a mirror that is in sync from the start needs `state`") !=
          std::string::npos);
}

TEST_CASE("a node whose hosts may wait for ever says so when it begins") {
    Pair pair({.guarded = true});
    NodeSetup setup = pair.setup(0);
    CHECK(what_it_may_hold(setup).find("another copy of datarep is lost") != std::string::npos);
    CHECK(what_it_may_hold(pair.setup(1)) == what_it_may_hold(setup));
    setup.config.quorum.mode = nodes::QuorumMode::majority;
    setup.config.confirm.from = {NodeId{1}};
    CHECK_FALSE(what_it_may_hold(setup).empty());
    setup.config.fencing = true;
    CHECK(what_it_may_hold(setup).empty());
    setup = pair.setup(0);
    setup.config.resources[0].never_in_service = 2;
    CHECK(what_it_may_hold(setup).empty());
    CHECK(what_it_may_hold(Pair().setup(0)).empty());
}

TEST_CASE("what real nodes did, their machines do again") {
    Pair::How how;
    how.recorded = true;
    Pair pair(how);
    pair.start(0);
    pair.start(1);
    MirroredExport at = pair.in_service(0);
    Pair::wait_until("they mirror", [&] { return pair.mirrors(0) && pair.mirrors(1); });
    for (std::uint64_t i = 0; i < 32; ++i) {
        REQUIRE(pair[0].write(at, i * 8192, pattern(100 + i), i % 8 == 0) == 0);
    }
    pair.stop(0);
    at = pair.in_service(1);
    REQUIRE(pair[1].write(at, 0, pattern(500), true) == 0);
    pair.start(0);
    Pair::wait_until("they mirror", [&] { return pair.mirrors(0) && pair.mirrors(1); });
    pair.stop(0);
    pair.stop(1);
    std::size_t lives = 0;
    for (unsigned const node : {0U, 1U}) {
        for (RecordedLife const& life : lives_in(pair.recordings(node))) {
            INFO(life.parts.front());
            auto recording = Recording::open(life);
            REQUIRE(recording.has_value());
            Replayer replayer(recording->setup());
            std::size_t inputs = 0;
            while (auto const entry = recording->next()) {
                auto const same = replayer.step(*entry);
                INFO(in_words(*entry, recording->setup()));
                INFO((same ? std::string() : same.error()));
                REQUIRE(same.has_value());
                ++inputs;
            }
            CHECK(recording->end() == RecordingEnd::stopped);
            CHECK(inputs > 20);
            ++lives;
        }
    }
    CHECK(lives == 3);
}

}  // namespace
}  // namespace sunder::live
