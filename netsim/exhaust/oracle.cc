// SPDX-License-Identifier: BSD-3-Clause
//
// What the oracle remembers. What it judges stands in verdicts.cc.
#include "netsim/exhaust/oracle.h"

#include "base/verify.h"

#include <algorithm>

namespace sunder::netsim {

using replication::LegState;
namespace mirror_note = replication::note;
namespace node_note = nodes::note;

Oracle::Oracle(World const& world) {
    MirrorSetup const& mirror = world.cluster().mirrors.front();
    VERIFY(mirror.on.size() <= most_copies);
    copies_ = static_cast<std::uint8_t>(mirror.on.size());
    blocks_ = static_cast<std::uint8_t>(mirror.sectors);
    for (std::uint8_t a = 0; a < copies_; ++a) {
        for (std::uint8_t b = 0; b < copies_; ++b) {
            if (a == b || !mirror.is_asynchronous(a, b)) continue;
            asynchronous_[a] |= static_cast<Slots>(1U << b);
        }
    }
    guarded_ = world.cluster().policy.guarded;
    logged_ = mirror.intent_log_chunk.has_value();
    for (std::uint8_t s = 0; s < copies_; ++s) {
        nodes_[s] = mirror.on[s].value;
        copy_[s].serving = world.serves(mirror.on[s], GroupId{0});
        copy_[s].owner = copy_[s].serving;
    }
    for (std::uint8_t s = 0; s < copies_; ++s) {
        replication::MirrorMachine const& machine = *world.copy(node(s), GroupId{0})->machine;
        for (std::uint8_t p = 0; p < copies_; ++p) {
            if (p == s) continue;
            Pair& pair = copy_[s].pairs[p];
            pair.leg = replication::state_of(machine.leg(replication::Slot{p}));
            pair.inward = copy_[p].serving;
            pair.bound = true;
            if (pair.inward) copy_[s].watched = static_cast<std::int8_t>(p);
        }
    }
    may_.fill(bit(0));
    writes_[0].durable = true;
}

std::uint8_t Oracle::slot(NodeId node) const {
    auto const found = std::find(nodes_.begin(), nodes_.begin() + copies_, node.value);
    VERIFY(found != nodes_.begin() + copies_);
    return static_cast<std::uint8_t>(found - nodes_.begin());
}

unsigned Oracle::serving() const {
    return static_cast<unsigned>(
        std::count_if(copy_.begin(), copy_.end(), [](Copy const& copy) { return copy.serving; }));
}

bool Oracle::anybody_lonely() const {
    for (std::uint8_t a = 0; a < copies_; ++a) {
        for (std::uint8_t b = 0; b < copies_; ++b) {
            if (copy_[a].pairs[b].lonely) return true;
        }
    }
    return false;
}

void Oracle::begin_regarding() {
    if (!begun_) regarded_ = Regard::nothing;
    begun_ = true;
}

bool Oracle::all_report_split() const {
    bool all = true;
    for (std::uint8_t a = 0; a < copies_; ++a) {
        for (std::uint8_t b = 0; b < copies_; ++b) {
            all = all && (a == b || copy_[a].pairs[b].split_noted);
        }
    }
    return all;
}

struct Oracle::See {
    Oracle& oracle;
    Scene const& world;
    Findings& findings;
    void operator()(seen::HostAsked const& asked) const { oracle.asked(asked); }
    void operator()(seen::HostAnswered const& answered) const {
        oracle.answered(world, answered, findings);
    }
    void operator()(seen::NodeDied const& died) const { oracle.died(died); }
    void operator()(seen::NodeStarted const& started) const {
        oracle.booted(world, oracle.slot(started.node), findings);
    }
    void operator()(seen::RecordArrived const& arrived) const {
        if (arrived.content == 0) return;  // a flush, or a trim, which every prefix may hold
        Copy& copy = oracle.copy_[oracle.slot(arrived.node)];
        for (std::uint8_t w = 1; w <= oracle.asked_; ++w) {
            if (oracle.writes_[w].content == arrived.content) copy.received |= bit(w);
        }
    }
    void operator()(seen::MirrorNoted const& noted) const { oracle.noted(world, noted, findings); }
    void operator()(seen::NodeNoted const& noted) const {
        std::uint8_t const self = oracle.slot(noted.node);
        if (auto const* came = std::get_if<node_note::CameInService>(&noted.note)) {
            oracle.came_in_service(world, self, *came, findings);
        } else if (std::holds_alternative<node_note::LeftService>(noted.note)) {
            oracle.left_service(self);
        } else if (auto const* split = std::get_if<node_note::SplitBrain>(&noted.note)) {
            oracle.copy_[self].pairs[oracle.slot(split->peer)].split_noted = true;
        }
    }
    void operator()(auto const&) const {}
};

void Oracle::see(Scene const& world, Observation const& observation, Findings& findings) {
    printed_ = false;
    begin_regarding();
    bool const of_host = std::holds_alternative<seen::HostAsked>(observation) ||
                         std::holds_alternative<seen::HostAnswered>(observation);
    regarded_ = std::max(regarded_, of_host ? Regard::hosts : Regard::copies);
    std::visit(See{*this, world, findings}, observation);
}

void Oracle::asked(seen::HostAsked const& asked) {
    Contents over = bit(0);
    Contents acknowledged = 0;
    for (std::uint8_t w = 1; w <= asked_; ++w) {
        if (writes_[w].state != WriteState::open) over |= bit(w);
        if (writes_[w].state == WriteState::acknowledged) acknowledged |= bit(w);
    }
    std::uint8_t const self = slot(asked.node);
    auto const block = static_cast<std::uint8_t>(asked.range.first);
    if (asked.op == replication::HostOp::flush) {
        auto const place = std::ranges::find(flushes_, 0U, &Flush::request);
        VERIFY(place != flushes_.end());
        *place = {asked.request.value, acknowledged, in_sync_with(self), copy_[self].flush_failed};
    } else if (asked.op == replication::HostOp::read) {
        auto const place = std::ranges::find(reads_, 0U, &Read::request);
        VERIFY(place != reads_.end());
        auto const may = static_cast<Contents>(may_[block] & ~taken_[block]);
        *place = {asked.request.value, block, self, may};
    } else {
        asked_to_change(asked, over);
    }
}

void Oracle::asked_to_change(seen::HostAsked const& asked, Contents over) {
    VERIFY(asked_ + 1U < writes_.size());
    Write& write = writes_[++asked_];
    write = Write{};
    write.state = asked.apart ? WriteState::over : WriteState::open;
    write.content = static_cast<std::uint8_t>(asked.content);
    write.block = static_cast<std::uint8_t>(asked.range.first);
    write.node = slot(asked.node);
    write.durable = asked.fua;
    write.trim = asked.op == replication::HostOp::trim;
    write.apart = asked.apart;
    write.before = over;
    write.request = asked.request.value;
    if (asked.apart) return;
    may_[write.block] |= bit(asked_);
    for (Read& read : reads_) {
        if (read.request != 0 && read.block == write.block) read.may |= bit(asked_);
    }
}

Oracle::Slots Oracle::in_sync_with(std::uint8_t self) const {
    Slots targets = 0;
    for (std::uint8_t p = 0; p < copies_; ++p) {
        Pair const& pair = copy_[self].pairs[p];
        if (pair.leg == LegState::mirroring && !pair.inward) {
            targets |= static_cast<Slots>(1U << p);
        }
    }
    return targets;
}

Oracle::Contents Oracle::holding(std::uint8_t block, std::uint64_t content) const {
    Contents all = content == 0 ? bit(0) : Contents{0};
    for (std::uint8_t w = 1; w <= asked_; ++w) {
        if (writes_[w].block == block && writes_[w].content == content) all |= bit(w);
    }
    return all;
}

void Oracle::acknowledged_by(std::uint8_t self) {
    for (std::uint8_t p = 0; p < copies_; ++p) {
        if (p == self) continue;
        Pair& pair = copy_[self].pairs[p];
        Copy& peer = copy_[p];
        // A target that is being resynchronised gets the record too.
        if (pair.leg == LegState::mirroring || pair.leg == LegState::resyncing) continue;
        if (peer.owner && !peer.serving && !peer.pairs[self].lonely) {
            peer.owner = false;
            peer.overtaken_by = static_cast<std::int8_t>(self);
        }
        pair.lonely_since_loss = true;
        if (pair.lonely) continue;
        pair.lonely = true;
        pair.told = false;
    }
}

void Oracle::died(seen::NodeDied const& died) {
    std::uint8_t const self = slot(died.node);
    bool const power = seen::loses_cache(died.how);
    for (std::uint8_t w = 1; w <= asked_; ++w) {
        Write& write = writes_[w];
        if (write.trim && write.state == WriteState::open) {
            write.died |= static_cast<Slots>(1U << self);
        }
        if (write.node != self) continue;
        bool const open = write.state == WriteState::open;
        if (open) write.state = WriteState::over;
        // Its own disk keeps any of these, and not in the order in which they were asked.
        if (asynchronous_[self] != 0 && (open || (power && !write.durable)))
            copy_[self].holes |= bit(w);
        write.exposed = write.exposed || (power && !write.durable);
    }
    for (Read& read : reads_) {
        if (read.request != 0 && read.node == self) read = Read{};
    }
    Copy& copy = copy_[self];
    for (Pair const& pair : copy.pairs) {
        bool const lost = power && died.fates.as_old + died.fates.torn != 0;
        copy.shorn = copy.shorn || (lost && pair.inward && pair.leg == LegState::mirroring);
    }
    copy.serving = false;
    copy.watched = -1;
    copy.flush_failed = false;
    copy.received = 0;
    copy.lost_power = copy.lost_power || power;
    for (Pair& pair : copy.pairs) {
        if (pair.leg != LegState::disconnected) pair.lonely_since_loss = false;
        pair.leg = LegState::disconnected;
        pair.handed_over = false;
        pair.split_noted = false;
    }
}

/// The target has everything that the source has.
void Oracle::joined(std::uint8_t source, std::uint8_t target) {
    // A target may finish what its source has given up, or died of, meanwhile; then it lacks what
    // the source went on to acknowledge without it.
    Pair const& there = copy_[source].pairs[target];
    bool const stands = there.leg == LegState::resyncing || there.leg == LegState::mirroring;
    if (!stands && there.lonely && there.lonely_since_loss) return;
    for (Pair* pair : {&copy_[source].pairs[target], &copy_[target].pairs[source]}) {
        pair->lonely = false;
        pair->told = false;
        pair->forced_past = false;
        pair->split_noted = false;
        pair->bound = true;
    }
    copy_[target].owner = false;
    copy_[target].claimed = false;
    copy_[target].overtaken_by = -1;
    copy_[target].received = 0;
    copy_[target].holes = copy_[source].holes;
}

void Oracle::leg_changed(Scene const& world, std::uint8_t self,
                         mirror_note::LegChanged const& changed, Findings& findings) {
    Copy& copy = copy_[self];
    std::uint8_t const peer = changed.peer.value;
    Pair& pair = copy.pairs[peer];
    bool const inward = changed.direction == replication::Direction::inward;
    if (changed.to == LegState::disconnected || changed.to == LegState::paused) {
        pair.lonely_since_loss = false;
        pair.lost_now = true;
    }
    pair.leg = changed.to;
    pair.inward = inward;
    // Only the target knows whether, and when, it came to hold what its source does.
    if (!inward) return;
    if (changed.to == LegState::paused) {
        copy.watched = -1;
    } else if (changed.to == LegState::resyncing) {
        copy.torn = true;
        copy.watched = -1;
    } else if (changed.to == LegState::mirroring && !copy.torn) {
        copy.watched = static_cast<std::int8_t>(peer);
        if (changed.from == LegState::handshaking) verify_joined(world, peer, self, findings);
        joined(peer, self);
    }
}

void Oracle::noted(Scene const& world, seen::MirrorNoted const& noted, Findings& findings) {
    std::uint8_t const self = slot(noted.node);
    Copy& copy = copy_[self];
    if (auto const* changed = std::get_if<mirror_note::LegChanged>(&noted.note)) {
        bool const copies =
            changed->to == LegState::resyncing || changed->to == LegState::mirroring;
        bool const inward = changed->direction == replication::Direction::inward;
        std::uint8_t const source = changed->peer.value;
        // A source may say so on an old word; the target knows what it gives up.
        bool const follows = inward && copies && changed->from == LegState::handshaking;
        if (follows && copy.pairs[source].lonely) {
            findings.violated("no_silent_split_brain", "SAF-6", world.now(),
                              world.node(node(source)).name + " copies over writes that " +
                                  world.node(node(self)).name + " acknowledged and it never had");
        } else if (follows && copy_[source].pairs[self].forced_past) {
            findings.violated("no_silent_split_brain", "SAF-6", world.now(),
                              world.node(node(source)).name + " was forced online past " +
                                  world.node(node(self)).name + " and now copies over it");
        }
        leg_changed(world, self, *changed, findings);
    } else if (auto const* done = std::get_if<mirror_note::CopyCompleted>(&noted.note)) {
        completed(world, self, done->source.value, findings);
    } else if (auto const* data = std::get_if<mirror_note::DataChanged>(&noted.note)) {
        if (data->to == replication::DataState::inconsistent) copy.torn = true;
        if (data->to <= replication::DataState::outdated) copy.watched = -1;
    } else if (auto const* conceded_to = std::get_if<mirror_note::Conceded>(&noted.note)) {
        conceded(self, *conceded_to);
    } else if (auto const* flag = std::get_if<mirror_note::FlagChanged>(&noted.note)) {
        bool const claims = flag->set && flag->which == mirror_note::FlagChanged::Which::last_owner;
        copy.claimed = copy.claimed || (claims && copy.watched >= 0);
    } else if (std::holds_alternative<mirror_note::OverrideRecorded>(noted.note)) {
        copy.override_recorded = true;
    } else if (auto const* failed = std::get_if<mirror_note::DiskFailed>(&noted.note)) {
        bool const flush = failed->what == mirror_note::DiskFailed::What::flush;
        copy.flush_failed = copy.flush_failed || (flush && copy.serving);
    }
}

/// R34: what the loser wrote alone is given up, by name; the winner is the one owner.
void Oracle::conceded(std::uint8_t loser, mirror_note::Conceded const& conceded) {
    Copy& copy = copy_[loser];
    Copy& winner = copy_[conceded.winner.value];
    copy.owner = copy.claimed = false;
    copy.watched = -1;
    winner.owner = true;
    Pair& given_up = copy.pairs[conceded.winner.value];
    given_up.lonely = given_up.told = false;
    for (Pair* pair : {&given_up, &winner.pairs[loser]}) {
        pair->forced_past = pair->split_noted = false;
    }
    bool const policy = conceded.by == mirror_note::Conceded::By::policy;
    split_ = policy ? Split::by_policy : Split::by_force;
}

bool Oracle::left_open() const {
    return std::any_of(writes_.begin() + 1, writes_.begin() + 1 + asked_, [](Write const& write) {
        return write.state == WriteState::over && !write.apart;
    });
}

bool Oracle::flush_failed() const {
    return std::ranges::any_of(copy_, [](Copy const& copy) { return copy.flush_failed; });
}

std::uint8_t Oracle::blocks_touched() const {
    unsigned touched = 0;
    for (std::uint8_t w = 1; w <= asked_; ++w) touched = std::max(touched, writes_[w].block + 1U);
    for (Read const& read : reads_) {
        if (read.request != 0) touched = std::max(touched, read.block + 1U);
    }
    return static_cast<std::uint8_t>(touched);
}

void Oracle::left_service(std::uint8_t self) {
    Copy& copy = copy_[self];
    copy.serving = false;
    for (std::uint8_t p = 0; p < copies_; ++p) {
        copy.pairs[p].handed_over = copy.pairs[p].lost_now;
        // Whoever serves and was not written has nothing that this copy lacks.
        bool const overtaken = copy_[p].serving && copy_[p].pairs[self].lonely;
        copy.owner = copy.owner && !overtaken;
    }
}

bool Oracle::must_report(std::uint8_t a, std::uint8_t b) const {
    Pair const& there = copy_[a].pairs[b];
    Pair const& back = copy_[b].pairs[a];
    bool const both = there.lonely && back.lonely;
    bool const a_alone = copy_[a].serving && (back.lonely || there.forced_past);
    bool const b_alone = copy_[b].serving && (there.lonely || back.forced_past);
    bool const forced = there.forced_past || back.forced_past;
    bool const idle_steps_down = copy_[a].serving && copy_[b].serving && !both && !forced;
    return (both || a_alone || b_alone) && !idle_steps_down;
}

bool Oracle::parted() const {
    bool found = false;
    for (std::uint8_t a = 0; a < copies_; ++a) {
        for (std::uint8_t b = 0; b < copies_; ++b) found = found || (a != b && must_report(a, b));
    }
    return found;
}

bool Oracle::split_reported() const {
    bool all = true;
    for (std::uint8_t a = 0; a < copies_; ++a) {
        for (std::uint8_t b = 0; b < copies_; ++b) {
            if (a != b && must_report(a, b)) all = all && copy_[a].pairs[b].split_noted;
        }
    }
    return all;
}

Fingerprint Oracle::fingerprint() const {
    if (!printed_) {
        print_ = computed_fingerprint();
        printed_ = true;
    }
    return print_;
}

Fingerprint Oracle::computed_fingerprint() const {
    Hasher hasher;
    hasher.add(std::uint64_t{asked_} | static_cast<std::uint64_t>(split_) << 8);
    for (std::uint8_t s = 0; s < copies_; ++s) {
        Copy const& copy = copy_[s];
        std::uint64_t bits =
            std::uint64_t{copy.serving} | std::uint64_t{copy.owner} << 1 |
            std::uint64_t{copy.claimed} << 2 | std::uint64_t{copy.torn} << 3 |
            std::uint64_t{copy.lost_power} << 4 | std::uint64_t{copy.override_recorded} << 5 |
            std::uint64_t{copy.flush_failed} << 6 | std::uint64_t{copy.shorn} << 7 |
            std::uint64_t{copy.received} << 16 | std::uint64_t{copy.holes} << 32 |
            static_cast<std::uint64_t>(copy.watched + 1) << 8 |
            static_cast<std::uint64_t>(copy.overtaken_by + 1) << 12;
        hasher.add(bits);
        for (std::uint8_t p = 0; p < copies_; ++p) {
            Pair const& pair = copy.pairs[p];
            bits = static_cast<std::uint64_t>(pair.leg) | std::uint64_t{pair.inward} << 8 |
                   std::uint64_t{pair.lonely} << 9 | std::uint64_t{pair.lonely_since_loss} << 10 |
                   std::uint64_t{pair.told} << 11 | std::uint64_t{pair.forced_past} << 12 |
                   std::uint64_t{pair.handed_over} << 13 | std::uint64_t{pair.split_noted} << 14 |
                   std::uint64_t{pair.bound} << 15;
            hasher.add(bits);
        }
    }
    for (std::uint8_t w = 1; w <= asked_; ++w) {
        Write const& write = writes_[w];
        hasher.add(static_cast<std::uint64_t>(write.state) | std::uint64_t{write.block} << 8 |
                   std::uint64_t{write.node} << 16 | std::uint64_t{write.in_sync} << 24 |
                   std::uint64_t{write.durable} << 32 | std::uint64_t{write.exposed} << 33 |
                   std::uint64_t{write.trim} << 34 | std::uint64_t{write.apart} << 35 |
                   std::uint64_t{write.before} << 40);
        if (write.state == WriteState::open) hasher.add(write.died);
    }
    for (std::uint8_t b = 0; b < blocks_; ++b) {
        hasher.add(may_[b] | std::uint64_t{taken_[b]} << 16);
    }
    for (Flush const& flush : flushes_) {
        if (flush.request == 0) continue;
        hasher.add(flush.covers | std::uint64_t{flush.targets} << 16 |
                   std::uint64_t{flush.in_doubt} << 24);
    }
    for (Read const& read : reads_) {
        if (read.request == 0) continue;
        hasher.add(read.may | std::uint64_t{read.block} << 16 | std::uint64_t{read.node} << 24);
    }
    return hasher.result();
}

}  // namespace sunder::netsim
