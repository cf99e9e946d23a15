// SPDX-License-Identifier: BSD-3-Clause
//
// Recordings: what was put in comes out in its order, whatever is cut off behind it; the ring keeps
// whole lives within its bound; and machines that are asked to live a life once more do the same,
// or are found out.
#include "nodes/live/recording.h"

#include "nodes/input_codec.h"
#include "nodes/live/replayer.h"
#include "replication/input_codec.h"
#include "tests/support/scratch_folder.h"

#include <catch2/catch.hpp>

#include <deque>
#include <filesystem>
#include <fstream>
#include <thread>

namespace sunder::live {
namespace {

namespace fs = std::filesystem;
using Kind = RecordedMachine::Kind;

/// This node has one mirror with another, which it was made source of.
NodeSetup some_setup() {
    NodeSetup setup;
    setup.cluster = "east";
    for (char const* name : {"alpha", "beta"}) {
        MemberSetup member;
        member.name = name;
        member.beats.resize(1);
        setup.members.push_back(member);
    }
    setup.config.peers = {{1}};
    nodes::ResourceConfig resource;
    resource.members = {{0}, {1}};
    resource.priority = {1, 2};
    setup.config.resources = {resource};
    MirrorSetup mirror;
    mirror.name = "datarep";
    mirror.config.nodes = {NodeId{0}, NodeId{1}};
    mirror.config.sectors = mirror.config.mirrored_sectors = 128 * 16;
    mirror.config.synchronous.fill(true);
    mirror.config.first_source = true;
    mirror.config.born_in_sync = true;
    mirror.volumes = {{"datarep", mirror.config.sectors}};
    setup.mirrors = {mirror};
    return setup;
}

std::unique_ptr<Recorder> recorder(std::string const& folder, Recorder::Bounds bounds = {},
                                   std::uint64_t life = 7) {
    auto opened = Recorder::open(folder, bounds, some_setup(), life);
    REQUIRE(opened);
    return std::move(*opened);
}

Recording reading(std::string const& path) {
    auto opened = Recording::open(path);
    if (!opened) FAIL(opened.error());
    return std::move(*opened);
}

std::vector<Recording::Entry> all_of(Recording& recording) {
    std::vector<Recording::Entry> entries;
    while (auto entry = recording.next()) entries.push_back(std::move(*entry));
    CHECK_FALSE(recording.next());
    return entries;
}

std::vector<std::byte> input(unsigned i, std::size_t bytes = 20) {
    std::vector<std::byte> made(bytes, std::byte(i & 0xff));
    std::memcpy(made.data(), &i, sizeof i);
    return made;
}

unsigned number_of(Recording::Entry const& entry) {
    unsigned i = 0;
    std::memcpy(&i, entry.input.data(), sizeof i);
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
        path = into->path();
        for (unsigned i = 0; i < 100; ++i) into->append({Kind::mirror, 3}, input(i), i * 11);
        into->append({Kind::hierarchy, 2}, {}, 5);
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
        CHECK(entries[i].input == input(i));
        CHECK(entries[i].outputs == i * 11);
        CHECK(entries[i].at >= last);
        last = entries[i].at;
    }
    CHECK(entries[100].machine.kind == Kind::hierarchy);
    CHECK(entries[100].input.empty());
    CHECK(recording.end() == RecordingEnd::stopped);
    CHECK(recording.left_over() == 0);
}

TEST_CASE("who will not live to end it has all of it written") {
    testing::ScratchFolder const folder;
    auto const into = recorder(folder.path().string());
    for (unsigned i = 0; i < 100; ++i) into->append({Kind::mirror, 3}, input(i), i);
    into->finish(std::chrono::minutes(1));
    into->append({Kind::mirror, 3}, input(100), 100);  // too late
    Recording recording = reading(into->path());
    CHECK(all_of(recording).size() == 100);
    CHECK(recording.end() == RecordingEnd::stopped);
}

TEST_CASE("a torn tail costs what is torn, and nothing before it") {
    testing::ScratchFolder const folder;
    std::string path;
    {
        auto const into = recorder(folder.path().string());
        path = into->path();
        for (unsigned i = 0; i < 5; ++i) into->append({Kind::mirror, 0}, input(i), i);
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
        for (unsigned i = 0; i < entries.size(); ++i) REQUIRE(entries[i].input == input(i));
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
    CHECK_FALSE(Recording::open(folder.path().string() + "/nothing"));
}

TEST_CASE("the ring keeps whole lives, the latest, within its bound") {
    testing::ScratchFolder const folder;
    Recorder::Bounds const bounds{64 * 1024, 1 << 20};
    std::vector<std::string> lives;
    for (unsigned life = 0; life < 9; ++life) {
        auto const into = recorder(folder.path().string(), bounds, life);
        lives.push_back(into->path());
        for (unsigned i = 0; i < 10; ++i) into->append({Kind::node, 0}, input(i, 2000), i);
    }
    auto const kept = recordings_in(folder.path().string());
    CHECK(kept == std::vector<std::string>(lives.end() - 3, lives.end()));
    std::uint64_t bytes = 0;
    for (std::string const& one : kept) {
        bytes += fs::file_size(one);
        Recording recording = reading(one);
        CHECK(all_of(recording).size() == 10);
        CHECK(recording.end() == RecordingEnd::stopped);
    }
    CHECK(bytes <= bounds.bytes);
}

TEST_CASE("a life that fills the ring alone ends with a mark that says so") {
    testing::ScratchFolder const folder;
    Recorder::Bounds const bounds{64 * 1024, 1 << 20};
    std::string const older = recorder(folder.path().string(), bounds)->path();
    std::string path;
    {
        auto const into = recorder(folder.path().string(), bounds);
        path = into->path();
        for (unsigned i = 0; i < 100; ++i) into->append({Kind::node, 0}, input(i, 2000), i);
        CHECK(into->trouble() == "there was no room for more of this life");
    }
    CHECK(recordings_in(folder.path().string()) == std::vector<std::string>{path});
    CHECK(fs::file_size(path) <= bounds.bytes);
    Recording recording = reading(path);
    auto const entries = all_of(recording);
    CHECK(entries.size() > 28);
    for (unsigned i = 0; i < entries.size(); ++i) CHECK(number_of(entries[i]) == i);
    CHECK(recording.end() == RecordingEnd::full);
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
        path = into->path();
        // One input may be as long as a run of a resync is; it is the next that does not fit.
        for (; into->trouble().empty() && taken < 10'000; ++taken) {
            into->append({Kind::node, 0}, input(taken, 100'000), 1);
        }
        into->append({Kind::node, 0}, input(1), 1);
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
        path = into->path();
        std::vector<std::thread> threads;
        for (std::uint16_t machine = 0; machine < 4; ++machine) {
            threads.emplace_back([&, machine] {
                for (unsigned i = 0; i < each; ++i)
                    into->append({Kind::mirror, machine}, input(i, 20 + i % 300), i);
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

/// A node that runs by itself: everything that a machine asks for is done at once, and the peer
/// confirms each record.
class Life {
public:
    explicit Life(Recorder& into)
        : into_(into),
          mirror_(std::make_shared<replication::GroupConfig const>(some_setup().mirrors[0].config)),
          node_(std::make_shared<nodes::NodeConfig const>(some_setup().config)) {}

    void give(nodes::Input const& input) {
        nodes::Outbox out;
        node_.step(input, out);
        into_.append(input, out);
    }
    void give(replication::Input first) {
        waiting_.push_back(std::move(first));
        while (!waiting_.empty()) {
            replication::Input const input = std::move(waiting_.front());
            waiting_.pop_front();
            replication::Outbox out;
            mirror_.step(input, out);
            into_.append(0, input, out);
            for (replication::Output const& output : out) std::visit(*this, output);
        }
    }
    void write(std::uint64_t request, std::uint64_t first) {
        std::shared_ptr<std::byte> const room = Payload::room(8);
        std::memset(room.get(), static_cast<int>(request), 8 * sector_bytes);
        replication::input::HostRequest asked{
            {request}, replication::HostOp::write, false, {first, 8}, Payload::bytes(room, 8)};
        give(replication::Input(asked));
    }
    unsigned replies = 0;

    // What comes out.
    void operator()(replication::output::PersistCell const& out) {
        waiting_.emplace_back(replication::input::PersistDone{out.id, true});
    }
    void operator()(replication::output::PersistPage const& out) {
        waiting_.emplace_back(replication::input::PersistDone{out.id, true});
    }
    void operator()(replication::output::DiskWrite const& out) {
        waiting_.emplace_back(replication::input::DiskDone{out.op, true, {}});
    }
    void operator()(replication::output::DiskFlush const& out) {
        waiting_.emplace_back(replication::input::DiskDone{out.op, true, {}});
    }
    void operator()(replication::output::Send const& out) {
        if (auto const* record = std::get_if<replication::Record>(&out.message)) {
            waiting_.emplace_back(replication::input::MessageArrived{
                out.peer, out.connection, replication::RecordAck{record->sequence}});
        }
    }
    void operator()(replication::output::HostReply const&) { ++replies; }
    void operator()(auto const&) {}

    replication::MirrorMachine const& mirror() const { return mirror_; }

private:
    Recorder& into_;
    replication::MirrorMachine mirror_;
    nodes::NodeMachine node_;
    std::deque<replication::Input> waiting_;
};

/// Records a node that comes in service, mirrors and serves a hundred writes.
std::string recorded_life(std::string const& folder) {
    auto const into = recorder(folder);
    Life life(*into);
    life.give(nodes::Input(nodes::input::Started{}));
    life.give(replication::Input(replication::input::Started{std::nullopt, {}, 5}));
    life.give(nodes::Input(nodes::input::PeerHeard{{1}, {0}}));
    life.give(nodes::Input(nodes::input::ConnectionUp{{1}}));
    life.give(nodes::Input(nodes::input::BootWaitOver{}));
    life.give(replication::Input(
        replication::input::Commanded{replication::command::Promote{{1, {0}}, false}}));
    life.give(replication::Input(replication::input::ConnectionUp{{1}, {1}}));
    auto hello = std::make_shared<replication::Hello>();
    hello->cell = life.mirror().cell();
    hello->cell.role = replication::Role::target;
    hello->cell.last_owner = false;
    hello->extended = replication::all_copies(2);
    hello->intent_log = hello->bitmap_merge = true;
    life.give(replication::Input(replication::input::MessageArrived{
        {1}, {1}, std::shared_ptr<replication::Hello const>(hello)}));
    for (unsigned i = 0; i < 100; ++i) life.write(i + 1, i * 16 % 2000);
    life.give(replication::Input(replication::input::TimerFired{replication::Timer::settle}));
    life.give(replication::Input(replication::input::ConnectionDown{{1}, {1}}));
    life.write(200, 64);
    REQUIRE(life.replies == 101);
    return into->path();
}

TEST_CASE("machines live a recorded life once more, and say the same") {
    testing::ScratchFolder const folder;
    Recording recording = reading(recorded_life(folder.path().string()));
    Replayer replayer(recording.setup());
    std::size_t node_notes = 0;
    std::size_t mirror_notes = 0;
    bool mirrored = false;
    replayer.node_noted = [&](nodes::Note const&) { ++node_notes; };
    replayer.mirror_noted = [&](std::size_t mirror, replication::Note const& note) {
        CHECK(mirror == 0);
        ++mirror_notes;
        auto const* leg = std::get_if<replication::note::LegChanged>(&note);
        mirrored = mirrored || (leg != nullptr && leg->to == replication::LegState::mirroring);
    };
    std::size_t inputs = 0;
    for (Recording::Entry const& entry : all_of(recording)) {
        auto const same = replayer.step(entry);
        if (!same) FAIL(in_words(entry, recording.setup()) << ": " << same.error());
        ++inputs;
    }
    CHECK(inputs > 300);
    CHECK(node_notes > 0);
    CHECK(mirror_notes > 0);
    CHECK(mirrored);
}

TEST_CASE("a life that went otherwise is found out, at the input where it did") {
    testing::ScratchFolder const folder;
    Recording recording = reading(recorded_life(folder.path().string()));
    auto const entries = all_of(recording);
    /// The place of the first input that does not come out as it did; nothing: all do.
    auto const differs = [&](auto const& change) -> std::optional<std::size_t> {
        std::vector<Recording::Entry> changed = entries;
        change(changed);
        Replayer replayer(recording.setup());
        for (std::size_t i = 0; i < changed.size(); ++i) {
            if (!replayer.step(changed[i])) return i;
        }
        return std::nullopt;
    };
    using Entries = std::vector<Recording::Entry>;
    CHECK_FALSE(differs([](Entries&) {}));
    CHECK(differs([](Entries& all) { all[40].outputs ^= 1; }) == 40);
    auto const headless = differs([](Entries& all) { all.erase(all.begin()); });
    REQUIRE(headless);
    CHECK(entries[*headless + 1].machine.kind == Kind::node);
    CHECK(differs([](Entries& all) { all.insert(all.begin() + 9, all[1]); }) == 9);
    CHECK(differs([](Entries& all) { all[7].machine.mirror = 5; }) == 7);
    CHECK(differs([](Entries& all) { all[7].machine.kind = Kind::hierarchy; }) == 7);
    CHECK(differs([](Entries& all) { all[7].machine.kind = Kind{9}; }) == 7);
    CHECK(differs([](Entries& all) { all[7].input.pop_back(); }) == 7);
    // One byte of what a host wrote: the record that goes out is another.
    std::size_t const written = [&] {
        for (std::size_t i = 0; i < entries.size(); ++i) {
            if (entries[i].input.size() > 4096) return i;
        }
        return entries.size();
    }();
    REQUIRE(written < entries.size());
    auto const found = differs([&](Entries& all) { all[written].input.back() ^= std::byte{1}; });
    REQUIRE(found);
    CHECK(*found >= written);
    CHECK(*found < written + 5);
}

}  // namespace
}  // namespace sunder::live
