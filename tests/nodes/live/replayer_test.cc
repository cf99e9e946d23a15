// SPDX-License-Identifier: BSD-3-Clause
//
// Machines that are asked to live a recorded life once more, from its beginning or from where it is
// still there, do the same, or are found out.
#include "nodes/live/replayer.h"

#include "nodes/input_codec.h"
#include "replication/input_codec.h"
#include "tests/nodes/live/recorded.h"
#include "tests/support/scratch_folder.h"

#include <deque>

namespace sunder::live {
namespace {

namespace fs = std::filesystem;
using Kind = RecordedMachine::Kind;

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
        into_.append(node_, input, out);
    }
    void give(replication::Input first) {
        waiting_.push_back(std::move(first));
        while (!waiting_.empty()) {
            replication::Input const input = std::move(waiting_.front());
            waiting_.pop_front();
            replication::Outbox out;
            mirror_.step(input, out);
            into_.append(0, mirror_, input, out);
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

/// Records a node that comes in service, mirrors and serves so many writes.
std::string recorded_life(std::string const& folder, Recorder::Bounds bounds = {},
                          unsigned writes = 100) {
    auto const into = recorder(folder, bounds);
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
    for (unsigned i = 0; i < writes; ++i) life.write(i + 1, i * 16 % 2000);
    life.give(replication::Input(replication::input::TimerFired{replication::Timer::settle}));
    life.give(replication::Input(replication::input::ConnectionDown{{1}, {1}}));
    life.write(writes + 100, 64);
    REQUIRE(life.replies == writes + 1);
    return last_part(folder);
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

TEST_CASE("a life of which the beginning is gone is lived once more from its states") {
    testing::ScratchFolder const folder;
    Recorder::Bounds const bounds{1 << 20, 1 << 24};
    recorded_life(folder.path().string(), bounds, 1000);
    auto lives = lives_in(folder.path().string());
    REQUIRE(lives.size() == 1);
    CHECK(bytes_of(lives[0]) <= bounds.bytes);
    bool const killed = GENERATE(false, true);
    INFO((killed ? "killed" : "stopped"));
    if (killed) {
        fs::resize_file(lives[0].parts.back(), fs::file_size(lives[0].parts.back()) - 40);
    }
    // From each of them: every part can be gone on from.
    for (std::size_t gone = 0; gone < lives[0].parts.size(); ++gone) {
        RecordedLife left = lives[0];
        left.parts.erase(left.parts.begin(),
                         left.parts.begin() + static_cast<std::ptrdiff_t>(gone));
        Recording recording = reading(left);
        REQUIRE(recording.part() != 0);
        Replayer replayer(recording.setup(), false);
        bool went = false;
        replayer.mirror_noted = [&](std::size_t, replication::Note const& note) {
            auto const* leg = std::get_if<replication::note::LegChanged>(&note);
            went = went || (leg != nullptr && leg->to == replication::LegState::disconnected);
        };
        std::uint64_t states = 0;
        for (Recording::Entry const& entry : all_of(recording)) {
            auto const same = replayer.step(entry);
            if (!same) FAIL(in_words(entry, recording.setup()) << ": " << same.error());
            states += entry.is_state ? 1 : 0;
        }
        CHECK(states >= left.parts.size());
        CHECK(replayer.passed_over() == 1);
        CHECK(replayer.taken() > 5);
        CHECK(went);
        CHECK(recording.end() == (killed ? RecordingEnd::torn : RecordingEnd::stopped));
    }
}

TEST_CASE("a machine that is not what it was is found out, and so is what is no machine") {
    testing::ScratchFolder const folder;
    recorded_life(folder.path().string(), {1 << 20, 1 << 24}, 1000);
    Recording recording = reading(lives_in(folder.path().string()).front());
    auto const entries = all_of(recording);
    std::vector<std::size_t> states;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (entries[i].is_state) states.push_back(i);
    }
    REQUIRE(states.size() > 3);
    auto const why = [&](auto const& change) -> std::string {
        std::vector<Recording::Entry> changed = entries;
        change(changed);
        Replayer replayer(recording.setup(), false);
        for (Recording::Entry const& entry : changed) {
            if (auto const same = replayer.step(entry); !same) return same.error();
        }
        return "";
    };
    using Entries = std::vector<Recording::Entry>;
    std::size_t const first = states[0];
    std::size_t const later = states[2];
    CHECK(why([](Entries&) {}).empty());
    CHECK(why([&](Entries& all) { all[later].bytes = all[first].bytes; }) ==
          "the machine is not what it was then");
    CHECK(why([&](Entries& all) { all[first].bytes.pop_back(); }).find("byte") !=
          std::string::npos);
    CHECK(why([&](Entries& all) { all[first].bytes[0] ^= std::byte{64}; }).find("version") !=
          std::string::npos);
    CHECK(why([&](Entries& all) { all[first].machine.mirror = 5; }) == "there is no such mirror");
    CHECK(why([&](Entries& all) { all[first].machine.kind = Kind::hierarchy; }) ==
          "nothing stands on that mirror");
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
    CHECK(differs([](Entries& all) { all[7].bytes.pop_back(); }) == 7);
    // One byte of what a host wrote: the record that goes out is another.
    std::size_t const written = [&] {
        for (std::size_t i = 0; i < entries.size(); ++i) {
            if (entries[i].bytes.size() > 4096) return i;
        }
        return entries.size();
    }();
    REQUIRE(written < entries.size());
    auto const found = differs([&](Entries& all) { all[written].bytes.back() ^= std::byte{1}; });
    REQUIRE(found);
    CHECK(*found >= written);
    CHECK(*found < written + 5);
}

}  // namespace
}  // namespace sunder::live
