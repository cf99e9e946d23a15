// SPDX-License-Identifier: BSD-3-Clause
//
// Recordings: what was put in comes out in its order, whatever is cut off behind it; the ring keeps
// what came last within its bound, so that it can be lived once more from where it is still there.
#include "nodes/live/recording.h"

#include "tests/nodes/live/recorded.h"
#include "tests/support/scratch_folder.h"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

namespace sunder::live {
namespace {

namespace fs = std::filesystem;
using Kind = RecordedMachine::Kind;

std::vector<std::byte> input(unsigned i, std::size_t bytes = 20) {
    std::vector<std::byte> made(bytes, std::byte(i & 0xff));
    std::memcpy(made.data(), &i, sizeof i);
    return made;
}

unsigned number_of(Recording::Entry const& entry) {
    unsigned i = 0;
    std::memcpy(&i, entry.bytes.data(), sizeof i);
    return i;
}

std::string content_of(std::string const& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write(std::string const& path, std::string const& content) {
    std::ofstream(path, std::ios::binary) << content;
}

TEST_CASE("what was recorded is read in its order, and how it ended") {
    testing::ScratchFolder const folder;
    std::string path;
    {
        auto const into = recorder(folder.path().string() + "/made/when/needed");
        path = last_part(folder.path().string() + "/made/when/needed");
        for (unsigned i = 0; i < 100; ++i) give(*into, {Kind::mirror, 3}, input(i), i * 11);
        give(*into, {Kind::hierarchy, 2}, {}, 5);
        CHECK(into->trouble().empty());
    }
    Recording recording = reading(path);
    CHECK(recording.life() == 7);
    CHECK(recording.setup().cluster == "east");
    CHECK(recording.setup().mirrors[0].config.sectors == 128 * 16);
    auto const entries = all_of(recording);
    REQUIRE(entries.size() == 101);
    Duration last;
    for (unsigned i = 0; i < 100; ++i) {
        CHECK((entries[i].machine == RecordedMachine{Kind::mirror, 3}));
        CHECK(entries[i].bytes == input(i));
        CHECK(entries[i].outputs == i * 11);
        CHECK(entries[i].at >= last);
        last = entries[i].at;
    }
    CHECK(entries[100].machine.kind == Kind::hierarchy);
    CHECK(entries[100].bytes.empty());
    CHECK(recording.end() == RecordingEnd::stopped);
    CHECK(recording.left_over() == 0);
}

TEST_CASE("who will not live to end it has all of it written") {
    testing::ScratchFolder const folder;
    auto const into = recorder(folder.path().string());
    for (unsigned i = 0; i < 100; ++i) give(*into, {Kind::mirror, 3}, input(i), i);
    into->finish(std::chrono::minutes(1));
    give(*into, {Kind::mirror, 3}, input(100), 100);  // too late
    Recording recording = reading(last_part(folder.path().string()));
    CHECK(all_of(recording).size() == 100);
    CHECK(recording.end() == RecordingEnd::stopped);
}

TEST_CASE("a torn tail costs what is torn, and nothing before it") {
    testing::ScratchFolder const folder;
    std::string path;
    {
        auto const into = recorder(folder.path().string());
        path = last_part(folder.path().string());
        for (unsigned i = 0; i < 5; ++i) give(*into, {Kind::mirror, 0}, input(i), i);
    }
    std::string const whole = content_of(path);
    constexpr std::size_t entry = 32 + 20;
    std::size_t const head = whole.size() - 5 * entry - 32;
    for (std::size_t kept = 0; kept < whole.size(); ++kept) {
        write(path, whole.substr(0, kept));
        auto opened = Recording::open(path);
        INFO(kept << " of " << whole.size() << " bytes");
        REQUIRE(opened.has_value() == (kept >= head));
        if (!opened) continue;
        auto const entries = all_of(*opened);
        REQUIRE(entries.size() == (kept - head) / entry);
        for (unsigned i = 0; i < entries.size(); ++i) REQUIRE(entries[i].bytes == input(i));
        REQUIRE(opened->end() == RecordingEnd::torn);
        REQUIRE(opened->left_over() == kept - head - entries.size() * entry);
        REQUIRE_FALSE(opened->damaged());
    }
    for (std::size_t bit = 0; bit < whole.size() * 8; bit += 3) {
        std::string flipped = whole;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
        write(path, flipped);
        auto opened = Recording::open(path);
        INFO("bit " << bit);
        if (bit / 8 < head) {
            REQUIRE_FALSE(opened);
            continue;
        }
        std::size_t const hit = (bit / 8 - head) / entry;
        REQUIRE(all_of(*opened).size() == std::min<std::size_t>(hit, 5));
        // A length that is wrong may make it look cut off.
        bool const in_length = (bit / 8 - head) % entry < 4;
        REQUIRE((in_length || opened->damaged()));
        REQUIRE(opened->end() == RecordingEnd::torn);
    }
    write(path, std::string(100, 'x'));
    CHECK(Recording::open(path).error().find("this is no recording") != std::string::npos);
    write(path, "");
    CHECK(Recording::open(path).error() ==
          path + ": empty: its process ended before it had written any of it");
    CHECK_FALSE(Recording::open(folder.path().string() + "/nothing"));
}

TEST_CASE("the ring keeps the latest lives within its bound, and of the oldest what is left") {
    testing::ScratchFolder const folder;
    Recorder::Bounds const bounds{64 * 1024, 1 << 20};
    for (unsigned life = 0; life < 9; ++life) {
        auto const into = recorder(folder.path().string(), bounds, life);
        for (unsigned i = 0; i < 10; ++i) give(*into, {Kind::node, 0}, input(i, 2000), i);
    }
    auto const kept = lives_in(folder.path().string());
    REQUIRE(kept.size() >= 3);
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < kept.size(); ++i) {
        bytes += bytes_of(kept[i]);
        Recording recording = reading(kept[i]);
        CHECK(recording.life() == 9 - kept.size() + i);
        bool const whole = recording.part() == 0;
        CHECK((whole || i == 0));
        auto const entries = inputs_of(all_of(recording));
        CHECK((entries.size() == 10) == whole);
        CHECK(number_of(entries.back()) == 9);
        CHECK(recording.end() == RecordingEnd::stopped);
    }
    CHECK(bytes <= bounds.bytes);
    CHECK(bytes > bounds.bytes / 2);
}

TEST_CASE("a life that is longer than the ring keeps its end, and states to go on from") {
    testing::ScratchFolder const folder;
    Recorder::Bounds const bounds{64 * 1024, 1 << 20};
    recorder(folder.path().string(), bounds);
    {
        auto const into = recorder(folder.path().string(), bounds);
        for (unsigned i = 0; i < 300; ++i) {
            give(*into, {Kind::mirror, static_cast<std::uint16_t>(i % 3)}, input(i, 1000), i);
        }
        CHECK(into->trouble().empty());
    }
    auto const lives = lives_in(folder.path().string());
    REQUIRE(lives.size() == 1);
    CHECK(bytes_of(lives[0]) <= bounds.bytes);
    Recording recording = reading(lives[0]);
    CHECK(recording.part() > 0);
    CHECK(lives[0].parts.size() > 4);
    auto const entries = all_of(recording);
    CHECK(recording.end() == RecordingEnd::stopped);
    CHECK(recording.parts_read() == lives[0].parts.size());
    unsigned last = number_of(entries.front()) - 1;
    for (Recording::Entry const& entry : inputs_of(entries)) {
        REQUIRE(number_of(entry) == ++last);
        REQUIRE(entry.machine.mirror == last % 3);
    }
    CHECK(last == 299);
    // In each part the first input of each machine is followed by its state.
    for (std::string const& part : lives[0].parts) {
        Recording alone = reading(part);
        std::set<RecordedMachine> known;
        std::optional<RecordedMachine> before;
        for (Recording::Entry const& entry : all_of(alone)) {
            if (entry.is_state) {
                CHECK(before == entry.machine);
                CHECK(known.insert(entry.machine).second);
            } else {
                CHECK((!before || known.contains(*before)));
                before = entry.machine;
            }
        }
        CHECK(known.size() == 3);
    }
}

TEST_CASE("a life that lacks a part is two, and a part that is another's is refused") {
    testing::ScratchFolder const folder;
    for (unsigned life : {7U, 8U}) {
        auto const into = recorder(folder.path().string(), {1 << 20, 1 << 20, false, 4096}, life);
        for (unsigned i = 0; i < 30; ++i) give(*into, {Kind::node, 0}, input(i, 1000), i);
    }
    auto const lives = lives_in(folder.path().string());
    REQUIRE(lives.size() == 2);
    auto const& parts = lives[0].parts;
    REQUIRE(parts.size() == lives[1].parts.size());
    REQUIRE(parts.size() > 3);
    fs::copy_file(lives[1].parts[2], parts[2], fs::copy_options::overwrite_existing);
    Recording recording = reading(lives[0]);
    CHECK(inputs_of(all_of(recording)).size() < 10);
    CHECK(recording.objection().find("part 2 of life 8, where part 2 of life 7 would be right") !=
          std::string::npos);
    fs::remove(parts[2]);
    auto const left = lives_in(folder.path().string());
    REQUIRE(left.size() == 3);
    CHECK(left[0].parts == std::vector<std::string>(parts.begin(), parts.begin() + 2));
    CHECK(left[1].parts == std::vector<std::string>(parts.begin() + 3, parts.end()));
    Recording before = reading(left[0]);
    all_of(before);
    CHECK(before.end() == RecordingEnd::goes_on);
    CHECK(reading(left[1]).part() == 3);
}

TEST_CASE("a part that was only begun costs nothing of those before it") {
    testing::ScratchFolder const folder;
    {
        auto const into = recorder(folder.path().string(), {1 << 20, 1 << 20, false, 4096});
        for (unsigned i = 0; i < 30; ++i) give(*into, {Kind::node, 0}, input(i, 1000), i);
    }
    auto const lives = lives_in(folder.path().string());
    REQUIRE(lives.size() == 1);
    REQUIRE(lives[0].parts.size() > 3);
    RecordedLife before = lives[0];
    before.parts.pop_back();
    Recording shorter = reading(before);
    std::size_t const kept = all_of(shorter).size();
    std::string const whole = content_of(lives[0].parts.back());
    for (std::size_t const begun : {std::size_t{0}, std::size_t{3}, std::size_t{30}}) {
        CAPTURE(begun);
        write(lives[0].parts.back(), whole.substr(0, begun));
        Recording recording = reading(lives[0]);
        CHECK(all_of(recording).size() == kept);
        CHECK(recording.objection() == "");
        CHECK(recording.end() == RecordingEnd::torn);
    }
}

TEST_CASE("what the ring has no room for at all ends the recording with a mark that says so") {
    testing::ScratchFolder const folder;
    Recorder::Bounds const bounds{64 * 1024, 1 << 20};
    {
        auto const into = recorder(folder.path().string(), bounds);
        for (unsigned i = 0; i < 5; ++i) give(*into, {Kind::node, 0}, input(i, 2000), i);
        give(*into, {Kind::node, 0}, input(5, 70'000), 5);
        CHECK(into->trouble() == "there was no room for more of this life");
    }
    Recording recording = reading(lives_in(folder.path().string()).front());
    CHECK(inputs_of(all_of(recording)).size() == 5);
    CHECK(recording.end() == RecordingEnd::full);
}

TEST_CASE("states that take much make longer parts, so that there is something between them") {
    testing::ScratchFolder const folder;
    Recorder::Bounds const bounds{256 * 1024, 1 << 24};
    std::vector<std::byte> const state(20'000);
    {
        auto const into = recorder(folder.path().string(), bounds);
        for (unsigned i = 0; i < 1000; ++i) {
            if (into->append({Kind::node, 0}, input(i, 1000), i)) {
                into->append_state({Kind::node, 0}, state);
            }
        }
        CHECK(into->trouble().empty());
    }
    auto const lives = lives_in(folder.path().string());
    REQUIRE(lives.size() == 1);
    CHECK(bytes_of(lives[0]) <= bounds.bytes);
    Recording recording = reading(lives[0]);
    auto const entries = all_of(recording);
    auto const inputs = inputs_of(entries);
    CHECK(inputs.size() > 100);
    CHECK((entries.size() - inputs.size()) * 40 < inputs.size());
    CHECK(number_of(inputs.back()) == 999);
}

TEST_CASE("a node never waits for the disk: what does not fit ends the recording") {
    testing::ScratchFolder const folder;
    std::string path;
    unsigned taken = 0;
    {
        std::vector<std::string> told;
        auto opened = Recorder::open(folder.path().string(), {1 << 30, 4096}, some_setup(), 1,
                                     [&](std::string const& why) { told.push_back(why); });
        REQUIRE(opened);
        auto const into = std::move(*opened);
        path = last_part(folder.path().string());
        // One input may be as long as a run of a resync is; it is the next that does not fit.
        for (; into->trouble().empty() && taken < 10'000; ++taken) {
            give(*into, {Kind::node, 0}, input(taken, 100'000), 1);
        }
        give(*into, {Kind::node, 0}, input(1), 1);
        CHECK(told == std::vector<std::string>{"the disk was too slow to record more"});
    }
    Recording recording = reading(path);
    CHECK(taken > 1);
    CHECK(all_of(recording).size() == taken - 1);
    CHECK(recording.end() == RecordingEnd::too_slow);
    CHECK_FALSE(recording.damaged());
    CHECK_FALSE(Recorder::open("/dev/null/folder", {}, some_setup(), 1));
}

TEST_CASE("many threads record at once, and each machine's inputs stay in their order") {
    testing::ScratchFolder const folder;
    std::string path;
    constexpr unsigned each = 3000;
    {
        auto const into = recorder(folder.path().string());
        path = last_part(folder.path().string());
        std::vector<std::thread> threads;
        for (std::uint16_t machine = 0; machine < 4; ++machine) {
            threads.emplace_back([&, machine] {
                for (unsigned i = 0; i < each; ++i)
                    give(*into, {Kind::mirror, machine}, input(i, 20 + i % 300), i);
            });
        }
        for (std::thread& thread : threads) thread.join();
        CHECK(into->trouble().empty());
    }
    Recording recording = reading(path);
    unsigned next[4] = {};
    for (Recording::Entry const& entry : all_of(recording)) {
        REQUIRE(number_of(entry) == next[entry.machine.mirror]++);
    }
    for (unsigned const count : next) CHECK(count == each);
    CHECK(recording.end() == RecordingEnd::stopped);
}

}  // namespace
}  // namespace sunder::live
