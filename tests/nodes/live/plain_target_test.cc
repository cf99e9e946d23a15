// SPDX-License-Identifier: BSD-3-Clause
//
// A target whose copy is the export of a plain NBD server: it holds what is written, never serves,
// and however often the server dies with what it had not flushed, both copies are equal in the end.
#include "base/pattern.h"
#include "base/random.h"
#include "nodes/live/node_status.h"
#include "tests/nodes/live/nbd_server.h"
#include "tests/nodes/live/pair.h"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <atomic>
#include <csignal>
#include <fstream>
#include <thread>

namespace sunder::live {
namespace {

constexpr std::uint64_t block = 4096;

std::vector<std::byte> pattern(std::uint64_t id) {
    std::vector<std::byte> bytes(block);
    write_pattern(id, 0, bytes);
    return bytes;
}

/// A disk file behind a cache that is gone with the server, but for what was flushed.
std::vector<std::string> forgetful(NbdServer const& server) {
    return {"--filter=cache", "file", server.at("disk"), "cache=writeback"};
}

void make_disk(NbdServer const& server) {
    std::ofstream disk(server.at("disk"), std::ios::binary);
    std::vector<char> const old(2 << 20, '\x5a');
    disk.write(old.data(), static_cast<std::streamsize>(old.size()));
    REQUIRE(disk.good());
}

void until_mirrored(Pair& pair) {
    Pair::wait_until("they mirror", [&] { return pair.mirrors(0) && pair.mirrors(1); });
}

std::string refusal_of(Pair& pair, std::function<nodes::Input(nodes::AdminId)> make) {
    auto const answer = pair[1].driver().ask(std::move(make));
    REQUIRE(answer);
    CHECK_FALSE(answer->granted);
    return answer->rule;
}

}  // namespace

TEST_CASE("an NBD server's export is resynchronised and written as any other copy") {
    NbdServer server;
    make_disk(server);
    server.serve({"file", server.at("disk")});
    Pair pair({.plain = server.uri()});
    pair.start(0);
    pair.start(1);
    MirroredExport const at = pair.in_service(0);
    until_mirrored(pair);
    REQUIRE(pair[0].write(at, 4096, pattern(7), false) == 0);
    REQUIRE(pair[0].zero(at, 65536, 4096, false, false) == 0);
    REQUIRE(pair[0].zero(at, 262144, 8192, true, false) == 0);
    REQUIRE(pair[0].flush(at) == 0);
    CHECK(pair.image(0) == pair.image(1));
}

TEST_CASE("a copy at an NBD server comes in service by nobody's word, and says why") {
    NbdServer server;
    server.serve_memory();
    Pair pair({.plain = server.uri()});
    pair.start(0);
    pair.start(1);
    (void)pair.in_service(0);
    until_mirrored(pair);
    GroupId const group{0};
    CHECK(refusal_of(pair, [=](nodes::AdminId id) {
              return nodes::input::SwitchOver{id, group};
          }) == "never_in_service");
    pair.stop(0);
    Pair::wait_until("the death is noticed",
                     [&] { return !pair[1].driver().beats().hears(NodeId{0}); });
    CHECK(refusal_of(pair, [=](nodes::AdminId id) {
              return nodes::input::ForceOnline{id, group};
          }) == "never_in_service");
    CHECK(refusal_of(pair, [](nodes::AdminId id) {
              return nodes::input::ConfirmFailover{id, NodeId{0}, true};
          }) == "never_in_service");
    auto const status = status_of(pair[1].driver());
    auto const& mirror = status.at("mirrors").as_array().at(0).as_object();
    CHECK(mirror.at("rule").as_string() == "never_in_service");
    CHECK_FALSE(mirror.at("in_service").as_bool());
    CHECK(mirror.at("plain").as_object().at("connected").as_bool());
    CHECK_FALSE(pair[1].find_export("").has_value());
}

TEST_CASE("what a server had not flushed when it died is copied again, however often it dies") {
    NbdServer server;
    make_disk(server);
    server.serve(forgetful(server));
    // Longer than a server is away, mostly: it has to be found out by the first flush after it.
    Pair pair({.settle_interval = milliseconds(600), .plain = server.uri()});
    pair.start(0);
    pair.start(1);
    MirroredExport const at = pair.in_service(0);
    until_mirrored(pair);
    RandomStream dice(1, 0, 0);
    std::atomic<bool> enough = false;
    std::atomic<bool> quiet = false;
    std::atomic<bool> rests = false;
    std::atomic<int> refused = 0;
    std::atomic<std::uint64_t> written = 0;
    std::thread host([&] {
        RandomStream places(1, 1, 0);
        while (!enough) {
            rests = quiet.load();
            if (rests) {
                std::this_thread::yield();
                continue;
            }
            std::uint64_t const place = places.below(512) * block;
            if (pair[0].write(at, place, pattern(1000 + written), places.below(8) == 0) != 0) {
                ++refused;
            }
            ++written;
            if (places.below(16) == 0 && pair[0].flush(at) != 0) ++refused;
        }
    });
    auto const away = [&] { return !pair[1].driver().mirror(0).takes_legs(); };
    for (int round = 1; round <= 16; ++round) {
        // Sometimes in a resync, sometimes after it.
        std::uint64_t const until = written + dice.below(300);
        Pair::wait_until("hosts write", [&] { return written >= until; });
        if (round % 2 == 0) until_mirrored(pair);
        // Each fourth time nobody asks anything of the server before it is back.
        quiet = round % 4 == 0;
        Pair::wait_until("hosts rest", [&] { return rests == quiet; });
        server.kill(SIGKILL);
        Pair::wait_until("the loss is noticed", away);
        if (!quiet) {
            std::uint64_t const meanwhile = written + dice.below(100);
            Pair::wait_until("hosts write on", [&] { return written >= meanwhile; });
        }
        server.serve(forgetful(server));
        Pair::wait_until("it is back", [&] { return !away(); });
        if (round != 16) quiet = false;
    }
    enough = true;
    host.join();
    CHECK(refused == 0);
    // Whatever was lost is found out by now, and copied.
    REQUIRE(pair[0].flush(at) == 0);
    until_mirrored(pair);
    REQUIRE(pair[0].flush(at) == 0);
    CHECK(pair.image(0) == pair.image(1));
    // Nor does a last death take anything away.
    server.kill(SIGKILL);
    Pair::wait_until("the loss is noticed", away);
    server.serve({"file", server.at("disk")});
    Pair::wait_until("it is back", [&] { return !away(); });
    CHECK(pair.image(0) == pair.image(1));
}

}  // namespace sunder::live
