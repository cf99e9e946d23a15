// SPDX-License-Identifier: BSD-3-Clause
//
// Which observations are worth a number, and what an abstract state leaves out: time, contents,
// names of generations.
#include "scenarios/campaign/coverage.h"

#include "scenarios/language/narration.h"

#include <bit>
#include <ranges>
#include <utility>

namespace sunder::campaign {

namespace {

namespace seen = netsim::seen;
namespace mirror = replication::note;

using Kind = Coverage::Kind;

Feature feature(Kind kind, std::uint64_t a, std::uint64_t b = 0) {
    return hash_words(static_cast<std::uint64_t>(kind), a, b);
}

Feature of_text(std::string_view text) {
    Hasher hasher;
    for (char const c : text) hasher.add(static_cast<unsigned char>(c));
    return hasher.result();
}

template <class Enum>
std::uint64_t number(Enum value) {
    return static_cast<std::uint64_t>(value);
}

/// What makes two notes of one kind different events.
struct Detail {
    std::uint64_t operator()(mirror::LegChanged const& note) const {
        return number(note.from) << 16 | number(note.to) << 8 | number(note.direction);
    }
    std::uint64_t operator()(mirror::ResyncDecided const& note) const {
        return number(note.decision.rule);
    }
    std::uint64_t operator()(mirror::DataChanged const& note) const {
        return number(note.from) << 8 | number(note.to);
    }
    std::uint64_t operator()(mirror::RoleChanged const& note) const { return number(note.to); }
    std::uint64_t operator()(mirror::FlagChanged const& note) const {
        return number(note.which) << 1 | (note.set ? 1U : 0U);
    }
    std::uint64_t operator()(mirror::DiskFailed const& note) const { return number(note.what); }
    std::uint64_t operator()(nodes::note::Decided const& note) const {
        return number(note.decision.rule);
    }
    std::uint64_t operator()(nodes::note::GateDecided const& note) const {
        return number(note.rule);
    }
    std::uint64_t operator()(nodes::note::OrderDecided const& note) const {
        return number(note.order.kind) << 8 | number(note.rule);
    }
    std::uint64_t operator()(auto const&) const { return 0; }
};

template <class Note>
Feature of_note(Note const& note, std::uint64_t which_machine) {
    return hash_words(which_machine, note.index(), std::visit(Detail{}, note));
}

/// A number that two copies share when they are the same to an observer without a memory.
std::uint64_t abstract(netsim::CopySim const& copy) {
    if (!copy.machine) return 1;
    replication::MirrorMachine const& machine = *copy.machine;
    replication::Cell const& cell = machine.cell();
    std::uint64_t state = 2 | number(machine.copy_state()) << 4 | number(cell.data) << 8 |
                          number(cell.role) << 12 | (machine.open() ? 1U : 0U) << 14 |
                          (cell.last_owner ? 1U : 0U) << 15 | (cell.data_corrupt ? 1U : 0U) << 16;
    for (std::uint8_t p = 0; p < machine.config().copies; ++p) {
        if (p == machine.config().self.value) continue;
        replication::Slot const peer{p};
        bool const follows = std::holds_alternative<replication::leg::Following>(machine.leg(peer));
        std::uint64_t const leg = number(replication::state_of(machine.leg(peer))) << 2 |
                                  (follows ? 2U : 0U) | (machine.log().bits(peer).any() ? 1U : 0U);
        state = mix(state, leg);
    }
    return state;
}

/// What is done to the cluster from outside; 0: this is something else.
struct Blow {
    Feature operator()(seen::NodeDied const& died) const { return 10 + number(died.how); }
    Feature operator()(seen::NodeStarted const&) const { return 20; }
    Feature operator()(seen::NodePaused const&) const { return 21; }
    Feature operator()(seen::NodeResumed const&) const { return 22; }
    Feature operator()(seen::LinkCut const& cut) const {
        if (cut.what != netsim::Severed::everything) return 90 + number(cut.what);
        return cut.one_way ? 23 : 24;
    }
    Feature operator()(seen::LinkHealed const&) const { return 25; }
    Feature operator()(seen::ConnectionsReset const& r) const { return r.half_open ? 26 : 27; }
    Feature operator()(seen::DiskFaulted const&) const { return 28; }
    Feature operator()(seen::ResourceFaulted const&) const { return 29; }
    Feature operator()(seen::FencingFaulted const&) const { return 30; }
    Feature operator()(seen::DiskLied const& lied) const { return 100 + number(lied.how); }
    Feature operator()(seen::DiskTrapped const&) const { return 31; }
    Feature operator()(seen::RolledBack const& back) const {
        return back.what == seen::RolledBack::What::blank ? 39 : 32 + number(back.what);
    }
    Feature operator()(seen::DisksExchanged const&) const { return 99; }
    Feature operator()(seen::ClockSkewed const&) const { return 35; }
    Feature operator()(seen::ClockStepped const& s) const { return s.by > Duration{} ? 96 : 97; }
    Feature operator()(seen::MemoryPressed const& pressed) const { return pressed.full ? 36 : 37; }
    Feature operator()(seen::LinkDegraded const& degraded) const {
        netsim::Degradation const& how = degraded.how;
        return 60 + (how.latency ? 1U : 0U) + (how.jitter ? 2U : 0U) + (how.loss ? 4U : 0U) +
               (how.bandwidth ? 8U : 0U);
    }
    Feature operator()(seen::BeatsLost const&) const { return 38; }
    Feature operator()(seen::MessageDamaged const& damaged) const {
        return 80 + number(damaged.how);
    }
    Feature operator()(seen::OperatorAsked const& asked) const { return 40 + number(asked.what); }
    Feature operator()(auto const&) const { return 0; }
};

}  // namespace

Feature abstract_state(netsim::World const& world) {
    Hasher hasher;
    for (std::uint8_t n = 0; n < world.cluster().nodes.size(); ++n) {
        netsim::NodeSim const& node = world.node(NodeId{n});
        hasher.add((node.up() ? 1U : 0U) | (node.paused ? 2U : 0U));
        for (netsim::CopySim const& copy : node.copies) hasher.add(abstract(copy));
    }
    return hasher.result();
}

void Coverage::reach(Kind kind, Duration at, std::uint64_t a, std::uint64_t b) {
    Feature const reached = feature(kind, a, b);
    if (known_.insert(reached).second) reached_.push_back({kind, reached, at});
}

Feature Coverage::of_state(Feature abstract) { return feature(Kind::state, abstract); }

/// The last event of another node that this one has heard of; none where it knew that already, as
/// what it noted itself since then stands between the two.
Coverage::Event const* Coverage::news(netsim::World const& world, NodeId who, NodeId whom) {
    std::uint64_t const heard_of = world.heard_of(who, whom);
    std::uint64_t& known = pasts_[who.value].heard_of[whom.value];
    if (heard_of <= known) return nullptr;
    std::uint64_t const before = std::exchange(known, heard_of);
    // Most words are not long on their way, so that it is among the last ones.
    for (Event const& event : std::views::reverse(pasts_[whom.value].noted)) {
        if (event.step <= heard_of) return event.step > before ? &event : nullptr;
    }
    return nullptr;
}

void Coverage::followed(netsim::World const& world, NodeId node, Event const& event) {
    std::size_t const nodes = world.cluster().nodes.size();
    pasts_.resize(nodes);
    Past& own = pasts_[node.value];
    own.heard_of.resize(nodes);
    reach(Kind::pair, world.now(), own.noted.empty() ? 0 : own.noted.back().what, event.what);
    for (std::uint8_t other = 0; other < nodes; ++other) {
        Event const* const cause = news(world, node, NodeId{other});
        if (cause != nullptr) reach(Kind::across, world.now(), cause->what, event.what);
    }
    reach(Kind::after_blow, world.now(), blow_, event.what);
    reach(Kind::state, world.now(), abstract_state(world));
    own.noted.push_back(event);
}

/// Counts it; the first time it is a feature.
void Coverage::name(Names& names, Kind kind, std::string_view name, Duration at) {
    if (name.empty()) return;
    auto const found = names.find(name);
    if (found != names.end()) {
        ++found->second;
        return;
    }
    names.emplace(name, 1);
    reach(kind, at, of_text(name));
}

void Coverage::see(netsim::World const& world, netsim::Observation const& observation) {
    bool const of_host = std::holds_alternative<seen::HostAsked>(observation) ||
                         std::holds_alternative<seen::HostAnswered>(observation) ||
                         std::holds_alternative<seen::DiskWritten>(observation) ||
                         std::holds_alternative<seen::RecordSent>(observation) ||
                         std::holds_alternative<seen::RecordArrived>(observation);
    if (of_host) return;
    name(marks_, Kind::mark, language::mark_of(observation), world.now());
    name(rules_, Kind::rule, language::rule_of(observation), world.now());
    if (auto const* noted = std::get_if<seen::MirrorNoted>(&observation)) {
        bool const idle = std::holds_alternative<mirror::Settled>(noted->note);
        if (!idle) followed(world, noted->node, {noted->step, of_note(noted->note, 1)});
        if (auto const* began = std::get_if<mirror::ResyncStarted>(&noted->note)) {
            // A new most of what copies were apart is worth going on from.
            reach(Kind::apart, world.now(), std::bit_width(began->chunks));
        }
    } else if (auto const* node_noted = std::get_if<seen::NodeNoted>(&observation)) {
        followed(world, node_noted->node, {node_noted->step, of_note(node_noted->note, 2)});
    } else if (Feature const blow = std::visit(Blow{}, observation); blow != 0) {
        blow_ = blow;
    }
}

}  // namespace sunder::campaign
