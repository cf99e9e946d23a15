// SPDX-License-Identifier: BSD-3-Clause
//
// How each observation changes what is known of the past.
#include "netsim/checkers/chronicle.h"

#include "base/verify.h"

#include <algorithm>
#include <utility>

namespace sunder::netsim {

namespace mirror_note = replication::note;

bool in_contact(World const& world, NodeId a, NodeId b) {
    auto const runs = [&](NodeId node) {
        // Without memory for it, no word comes in, not even that a connection stands (FLT-13).
        NodeSim const& sim = world.node(node);
        return sim.up() && !sim.paused && !sim.memory_full;
    };
    return runs(a) && runs(b) && world.network().reaches(a.value, b.value) &&
           world.network().reaches(b.value, a.value) && !world.network().impaired(a.value, b.value);
}

Chronicle::Chronicle(World const& world)
    : nodes_(world.cluster().nodes.size()), contacts_(nodes_.size() * nodes_.size()) {
    for (MirrorSetup const& mirror : world.cluster().mirrors) {
        Group group;
        group.members = mirror.on;
        for (std::size_t a = 0; a < mirror.on.size(); ++a) {
            for (std::size_t b = 0; b < mirror.on.size(); ++b) {
                if (a == b || !mirror.is_asynchronous(a, b)) continue;
                group.asynchronous[a] |= static_cast<std::uint8_t>(1U << b);
            }
        }
        // Who creates the mirror owns it; the others are blank unless nobody has content (R44).
        bool created = false;
        for (std::size_t i = 0; i < mirror.on.size(); ++i) {
            bool const extended = mirror.is_extended_to(i);
            bool const creates = extended && !created;
            created = created || extended;
            group.copies[i].extended = extended;
            group.copies[i].owner = creates;
            group.copies[i].torn = !extended || (!creates && !mirror.initially_in_sync);
        }
        groups_.push_back(std::move(group));
    }
    contacts_changed(world);
}

Slot Chronicle::slot(GroupId group, NodeId node) const {
    auto const& members = groups_[group.value].members;
    auto const found = std::ranges::find(members, node);
    VERIFY(found != members.end());
    return {static_cast<std::uint8_t>(found - members.begin())};
}

std::uint8_t Chronicle::in_sync_targets(GroupId id, NodeId node) const {
    Group const& group = groups_[id.value];
    Copy const& copy = group.copies[slot(id, node).value];
    std::uint8_t mask = 0;
    for (std::size_t p = 0; p < group.members.size(); ++p) {
        Pair const& pair = copy.pairs[p];
        if (pair.leg == LegState::mirroring && !pair.inward) {
            mask |= static_cast<std::uint8_t>(1U << p);
        }
    }
    return mask;
}

std::size_t Chronicle::serving(GroupId id) const {
    Group const& group = groups_[id.value];
    return static_cast<std::size_t>(
        std::ranges::count_if(group.copies, [](Copy const& copy) { return copy.serving; }));
}

bool Chronicle::any_frozen(GroupId group) const {
    return std::ranges::any_of(groups_[group.value].members,
                               [&](NodeId node) { return nodes_[node.value].frozen; });
}

bool Chronicle::another_serves(GroupId id, NodeId node) const {
    return serving(id) > (copy(id, node).serving ? 1U : 0U);
}

bool Chronicle::is_misled(GroupId id, NodeId node) const {
    Group const& group = groups_[id.value];
    for (std::size_t p = 0; p < group.members.size(); ++p) {
        bool const called_dead = nodes_[node.value].called_dead.contains(group.members[p]);
        if (called_dead && group.copies[p].serving) return true;
    }
    return false;
}

/// Connections are made anew within the reconnect interval; a word then needs a round trip and a
/// store.
bool Chronicle::long_enough(World const& world, NodeId a, NodeId b, Duration since) const {
    std::optional<Duration> const& contact = contacts_[a.value * nodes_.size() + b.value];
    if (!contact) return false;
    Duration const grace = world.cluster().detection.reconnect * 2 + seconds(1);
    return world.now() - std::max(since, *contact) > grace;
}

bool Chronicle::knew_outdated(World const& world, GroupId id, Slot ahead, Slot behind) const {
    Group const& group = groups_[id.value];
    Pair const& pair = group.copies[ahead.value].pairs[behind.value];
    if (!pair.lonely) return false;
    NodeId const a = group.members[ahead.value];
    NodeId const b = group.members[behind.value];
    return pair.told || long_enough(world, a, b, pair.word_since);
}

void Chronicle::acknowledged(World const& world, GroupId id, NodeId node) {
    Group& group = groups_[id.value];
    Slot const self = slot(id, node);
    for (std::size_t p = 0; p < group.members.size(); ++p) {
        if (p == self.value) continue;
        Pair& pair = group.copies[self.value].pairs[p];
        Copy& peer = group.copies[p];
        // A target that is being resynchronised gets the record too.
        bool const carried = pair.leg == LegState::mirroring || pair.leg == LegState::resyncing;
        if (carried) continue;
        if (peer.owner && !peer.serving && !peer.pairs[self.value].lonely) {
            peer.owner = false;
            peer.overtaken_by = self;
        }
        bool const by_word = nodes_[node.value].called_dead.contains(group.members[p]);
        leave_behind(world, id, self, Slot{static_cast<std::uint8_t>(p)}, by_word);
        // Whoever mirrors in sync, and synchronously, holds the write as well, and lacks it no more
        // than the source.
        for (std::size_t t = 0; t < group.members.size(); ++t) {
            Pair const& follows = group.copies[t].pairs[self.value];
            Pair const& leads = group.copies[self.value].pairs[t];
            bool const mirrors = follows.inward && follows.leg == LegState::mirroring &&
                                 !leads.inward && leads.leg == LegState::mirroring;
            bool const waited_for =
                !group.is_asynchronous(self, Slot{static_cast<std::uint8_t>(t)});
            if (t == p || t == self.value || !mirrors || !waited_for) continue;
            leave_behind(world, id, Slot{static_cast<std::uint8_t>(t)},
                         Slot{static_cast<std::uint8_t>(p)}, by_word);
        }
    }
}

/// Records of a connection that broke are on their way all the same, and a word waits behind them.
void Chronicle::leave_behind(World const& world, GroupId id, Slot ahead, Slot behind,
                             bool by_word) {
    Group& group = groups_[id.value];
    Pair& pair = group.copies[ahead.value].pairs[behind.value];
    pair.lonely_last = world.now();
    if (pair.lonely) return;
    pair.lonely = true;
    pair.by_word = by_word;
    pair.lonely_since = pair.word_since = world.now();
    Vertex const a = group.members[ahead.value].value;
    Vertex const b = group.members[behind.value].value;
    for (Duration const free : {world.network().free_at(a, b), world.network().free_at(b, a)}) {
        pair.word_since = std::max(pair.word_since, free);
    }
    pair.told = false;
}

/// Of a contact that ends: whoever was to be told something was, if it lasted.
void Chronicle::contact_ends(World const& world, NodeId a, NodeId b) {
    for (Group& group : groups_) {
        for (std::size_t s = 0; s < group.members.size(); ++s) {
            for (std::size_t p = 0; p < group.members.size(); ++p) {
                bool const these = group.members[s] == a && group.members[p] == b;
                Pair& pair = group.copies[s].pairs[p];
                if (!these || !pair.lonely) continue;
                pair.told = pair.told || long_enough(world, a, b, pair.word_since);
            }
        }
    }
}

void Chronicle::contacts_begin_anew(World const& world, NodeId node) {
    for (std::uint8_t n = 0; n < nodes_.size(); ++n) {
        NodeId const other{n};
        if (other == node || !contact(node, other)) continue;
        for (auto const& [a, b] : {std::pair(node, other), std::pair(other, node)}) {
            contact_ends(world, a, b);
            contact(a, b) = world.now();
        }
    }
}

void Chronicle::contacts_changed(World const& world) {
    for (std::uint8_t a = 0; a < nodes_.size(); ++a) {
        for (std::uint8_t b = 0; b < nodes_.size(); ++b) {
            if (a == b) continue;
            bool const now = in_contact(world, NodeId{a}, NodeId{b});
            std::optional<Duration>& since = contact(NodeId{a}, NodeId{b});
            if (now == since.has_value()) continue;
            if (now) {
                since = world.now();
            } else {
                contact_ends(world, NodeId{a}, NodeId{b});
                since.reset();
            }
        }
    }
}

/// The target has everything that the source has.
void Chronicle::joined(Group& group, Slot source, Slot target, Duration now) {
    // A target may finish what its source has given up, or died of, meanwhile; then it lacks what
    // the source went on to acknowledge without it.
    Pair const& there = group.copies[source.value].pairs[target.value];
    bool const stands = there.leg == LegState::resyncing || there.leg == LegState::mirroring;
    if (!stands && there.lonely && there.lonely_last >= there.lost_at) return;
    // Whatever the target once had of its own, it follows now.
    for (Pair* pair : {&group.copies[source.value].pairs[target.value],
                       &group.copies[target.value].pairs[source.value]}) {
        pair->lonely = false;
        pair->by_word = false;
        pair->told = false;
        pair->forced_past = false;
        pair->split_noted = false;
    }
    // What any third copy is to the source, it is to the target.
    for (std::size_t third = 0; third < group.members.size(); ++third) {
        if (third == source.value || third == target.value) continue;
        Copy& other = group.copies[third];
        Pair& ahead = group.copies[target.value].pairs[third];
        Pair const& from_source = group.copies[source.value].pairs[third];
        Pair const& to_source = other.pairs[source.value];
        ahead.forced_past = from_source.forced_past;
        bool const serves_apart = other.serving && from_source.lonely;
        bool const parted = (from_source.lonely && to_source.lonely) || serves_apart ||
                            from_source.forced_past || to_source.forced_past ||
                            from_source.split_noted || to_source.split_noted;
        if (!parted) ahead.split_noted = other.pairs[target.value].split_noted = false;
        ahead.inherit(from_source, now);
        other.pairs[target.value].inherit(to_source, now);
    }
    group.copies[target.value].owner = false;
    group.copies[target.value].claimed = false;
    group.copies[target.value].displaced = false;
    group.copies[target.value].made_way_for.reset();
    group.copies[target.value].overtaken_by.reset();
}

/// A resync begins to write on it.
void Chronicle::tear(World const& world, GroupId id, Slot self) {
    Group& group = groups_[id.value];
    Copy& copy = group.copies[self.value];
    NodeId const node = group.members[self.value];
    if (!copy.torn) copy.whole_until = world.copy(node, id)->disk->written();
    copy.torn = true;
}

void Chronicle::leg_changed(World const& world, GroupId id, Slot self,
                            mirror_note::LegChanged const& changed) {
    Group& group = groups_[id.value];
    Duration const now = world.now();
    Copy& copy = group.copies[self.value];
    Pair& pair = copy.pairs[changed.peer.value];
    bool const inward = changed.direction == replication::Direction::inward;
    bool const lost = changed.to == LegState::disconnected || changed.to == LegState::paused;
    if (lost) pair.lost_at = now;
    pair.leg = changed.to;
    pair.inward = inward;
    // Only the target knows whether, and when, it came to hold what its source does.
    if (!inward) return;
    if (changed.to == LegState::paused) copy.watched.reset();
    if (changed.to == LegState::resyncing) {
        tear(world, id, self);
        copy.watched.reset();
    } else if (changed.to == LegState::mirroring && !copy.torn) {
        copy.watched = changed.peer;
        joined(group, changed.peer, self, now);
    }
}

/// The finish of a resync is stored, though the leg may be lost before anybody says so. What an
/// asynchronous source acknowledged after it sent the finish may not have come.
void Chronicle::copy_completed(Group& group, Slot target, Duration now) {
    Copy& copy = group.copies[target.value];
    for (std::uint8_t source = 0; source < group.members.size(); ++source) {
        Pair const& leg = copy.pairs[source];
        if (!leg.inward || leg.leg != LegState::resyncing) continue;
        if (group.is_asynchronous(Slot{source}, target)) continue;
        copy.torn = false;
        joined(group, Slot{source}, target, now);
    }
}

void Chronicle::mirror_noted(World const& world, seen::MirrorNoted const& noted) {
    Duration const now = world.now();
    Group& group = groups_[noted.group.value];
    Slot const self = slot(noted.group, noted.node);
    Copy& copy = group.copies[self.value];
    if (auto const* changed = std::get_if<mirror_note::LegChanged>(&noted.note)) {
        leg_changed(world, noted.group, self, *changed);
    } else if (auto const* completed = std::get_if<mirror_note::CopyCompleted>(&noted.note)) {
        copy.torn = false;
        // It may be stored after the leg was lost; then the source may have gone on without it.
        if (copy.pairs[completed->source.value].leg == LegState::resyncing) {
            joined(group, completed->source, self, now);
        }
    } else if (auto const* data = std::get_if<mirror_note::DataChanged>(&noted.note)) {
        if (data->to == replication::DataState::inconsistent) tear(world, noted.group, self);
        if (data->from == replication::DataState::inconsistent) copy_completed(group, self, now);
        if (data->to <= replication::DataState::outdated) copy.watched.reset();
        // The owner is on its way in; who is forced online meanwhile makes it no worse.
        bool const promotes = data->to == replication::DataState::up_to_date;
        copy.claimed = copy.claimed || (copy.owner && promotes);
    } else if (auto const* conceded = std::get_if<mirror_note::Conceded>(&noted.note)) {
        // What it wrote alone is given up; the winner is the one owner.
        copy.owner = copy.claimed = false;
        copy.watched.reset();
        Copy& winner = group.copies[conceded->winner.value];
        winner.owner = true;
        copy.displaced = false;
        for (Copy& other : group.copies) {
            other.owner = other.owner || other.displaced;
            other.displaced = false;
        }
        Pair& given_up = copy.pairs[conceded->winner.value];
        for (Pair& pair : copy.pairs) pair.lonely = pair.told = pair.by_word = false;
        for (Pair* pair : {&given_up, &winner.pairs[self.value]}) {
            pair->forced_past = pair->split_noted = false;
        }
        // It is nobody's last owner any more, whoever was forced past it.
        for (Copy& other : group.copies) other.pairs[self.value].forced_past = false;
    } else if (std::holds_alternative<mirror_note::Erased>(noted.note)) {
        erased(group, self);
    } else if (auto const* minted = std::get_if<mirror_note::GenerationMinted>(&noted.note)) {
        if (minted->generation.why != replication::Minted::created) return;
        copy.torn = false;  // R91: whatever it holds is the data
        copy.begun_anew = std::exchange(copy.deleted, false);
        copy.owner = true;
    } else if (auto const* flag = std::get_if<mirror_note::FlagChanged>(&noted.note)) {
        // It is on its way into service, and may get there after its next boot.
        bool const claims = flag->set && flag->which == mirror_note::FlagChanged::Which::last_owner;
        copy.claimed = copy.claimed || (claims && copy.watched.has_value());
    }
}

void Chronicle::erased(Group& group, Slot self) {
    Copy& copy = group.copies[self.value];
    Copy blank;
    blank.torn = true;
    blank.extended = copy.extended;
    blank.deleted = copy.deleted;
    for (std::size_t p = 0; p < group.members.size(); ++p) {
        blank.pairs[p].leg = copy.pairs[p].leg;
        Pair& theirs = group.copies[p].pairs[self.value];
        theirs.forced_past = theirs.split_noted = false;
    }
    copy = blank;
}

void Chronicle::left_service(World const& world, GroupId id, NodeId node) {
    Group& group = groups_[id.value];
    Copy& copy = group.copies[slot(id, node).value];
    copy.serving = false;
    auto const heard = [&](std::size_t p) {
        return long_enough(world, node, group.members[p], Duration{});
    };
    for (std::size_t p = 0; p < group.members.size(); ++p) {
        // The last thing a source does before it leaves is to close its legs.
        copy.pairs[p].handed_over = copy.pairs[p].lost_at == world.now();
    }
    // Whoever leaves makes way for another that serves, unless it alone was written.
    Slot const self = slot(id, node);
    for (std::size_t p = 0; p < group.members.size(); ++p) {
        Copy const& peer = group.copies[p];
        bool const written = copy.pairs[p].lonely;
        bool const behind = peer.owner && peer.pairs[self.value].lonely;
        if (written || !heard(p) || !(peer.serving || behind)) continue;
        if (copy.owner && peer.serving) copy.made_way_for = Slot{static_cast<std::uint8_t>(p)};
        copy.owner = false;
    }
    // Of two that make way for each other neither has become the later one.
    for (std::size_t p = 0; p < group.members.size(); ++p) {
        Copy& peer = group.copies[p];
        if (peer.made_way_for != self) continue;
        peer.owner = !copy.pairs[p].lonely;
        peer.made_way_for.reset();
    }
}

/// R63: an administrator may be wrong. What faithful nodes acknowledge does not depend on his word.
void Chronicle::heard_or_told(World const& world, NodeId node, nodes::Note const& note) {
    namespace note_of = nodes::note;
    nodes::NodeSet& called_dead = nodes_[node.value].called_dead;
    if (auto const* heard = std::get_if<note_of::PeerSeen>(&note)) {
        called_dead.erase(heard->peer);
    } else if (auto const* told = std::get_if<note_of::Confirmed>(&note)) {
        bool const counts = world.cluster().policy.guarded && told->proceeds &&
                            told->by == note_of::Confirmed::By::administrator;
        if (counts && world.node(told->peer).up()) called_dead.insert(told->peer);
    }
}

void Chronicle::node_noted(World const& world, seen::NodeNoted const& noted) {
    namespace note = nodes::note;
    heard_or_told(world, noted.node, noted.note);
    if (auto const* came = std::get_if<note::CameInService>(&noted.note)) {
        Group& group = groups_[came->group.value];
        Slot const self = slot(came->group, noted.node);
        for (std::size_t p = 0; p < group.members.size(); ++p) {
            Copy const& peer = group.copies[p];
            if (p == self.value) continue;
            Copy const& mine = group.copies[self.value];
            bool const past = came->forced && peer.owner && !mine.owner && !mine.claimed;
            if (past) group.copies[self.value].pairs[p].forced_past = true;
        }
        // Another owner may come back with a later history, until this one is written.
        for (Copy& peer : group.copies) {
            bool const past = came->forced && peer.owner && !peer.serving;
            peer.displaced = peer.displaced || past;
            peer.owner = peer.owner && !past;
        }
        group.copies[self.value].displaced = group.copies[self.value].begun_anew = false;
        group.copies[self.value].serving = true;
        group.copies[self.value].owner = true;
        group.copies[self.value].overtaken_by.reset();
        group.copies[self.value].claimed = false;
        group.copies[self.value].watched.reset();
        for (Pair& pair : group.copies[self.value].pairs) pair.handed_over = false;
        group.copies[self.value].torn = false;  // whatever it holds is the data from now on
    } else if (auto const* left = std::get_if<note::LeftService>(&noted.note)) {
        left_service(world, left->group, noted.node);
    } else if (auto const* decided = std::get_if<note::Decided>(&noted.note)) {
        if (decided->decision.answer != nodes::Answer::clear_last_owner) return;
        // It yields to an owner that it hears; whoever was forced past it has that one to answer.
        Group& group = groups_[decided->group.value];
        Slot const self = slot(decided->group, noted.node);
        for (Copy& other : group.copies) other.pairs[self.value].forced_past = false;
        group.copies[self.value].owner = false;
    } else if (auto const* changed = std::get_if<note::ExtensionChanged>(&noted.note)) {
        Group& group = groups_[changed->group.value];
        Copy& copy = group.copies[slot(changed->group, noted.node).value];
        copy.extended = changed->to.contains(noted.node);
        copy.deleted = copy.deleted || changed->to == nodes::NodeSet{};
    } else if (auto const* split = std::get_if<note::SplitBrain>(&noted.note)) {
        Group& group = groups_[split->group.value];
        group.copies[slot(split->group, noted.node).value]
            .pairs[slot(split->group, split->peer).value]
            .split_noted = true;
    }
}

void Chronicle::died(seen::NodeDied const& died, Duration now) {
    Node& node = nodes_[died.node.value];
    for (Node& other : nodes_) other.called_dead.erase(died.node);
    node.called_dead = {};
    node.died_at = now;
    node.lost_cache = seen::loses_cache(died.how);
    for (Group& group : groups_) {
        auto const found = std::ranges::find(group.members, died.node);
        if (found == group.members.end()) continue;
        Copy& copy = group.copies[static_cast<std::size_t>(found - group.members.begin())];
        copy.serving = false;
        copy.watched.reset();
        if (node.lost_cache) copy.cache_lost = now;
        for (Pair& pair : copy.pairs) {
            if (pair.leg != LegState::disconnected) pair.lost_at = now;
            pair.leg = LegState::disconnected;
            pair.handed_over = false;
            pair.split_noted = false;
        }
    }
}

/// A claim that was being stored when the node died is one, or was never made.
void Chronicle::booted(World const& world, NodeId node) {
    for (CopySim const& held : world.node(node).copies) {
        Copy& copy = groups_[held.group].copies[held.slot.value];
        std::optional<replication::Cell> const stored = held.store->cell();
        copy.claimed = copy.claimed && stored && stored->last_owner;
        // That it gave up what it owned was said, and could not be stored.
        bool const frozen = nodes_[node.value].frozen;
        copy.owner = copy.owner || (frozen && stored && stored->last_owner);
        // It died before it had stored that it is inconsistent; no block may have come before that.
        bool const untouched = copy.torn && copy.whole_until == held.disk->written();
        bool const unsaid =
            stored && stored->data != replication::DataState::inconsistent && !stored->applying;
        if (untouched && unsaid) copy.torn = false;
        copy.whole_until.reset();
        copy.extended = held.machine && held.machine->in_mirror();
    }
}

struct Chronicle::See {
    Chronicle& chronicle;
    World const& world;
    void operator()(seen::MirrorNoted const& noted) const {
        auto const* failed = std::get_if<replication::note::DiskFailed>(&noted.note);
        bool const store =
            failed != nullptr && failed->what == replication::note::DiskFailed::What::persist;
        Node& node = chronicle.nodes_[noted.node.value];
        node.frozen = node.frozen || store;
        chronicle.mirror_noted(world, noted);
    }
    void operator()(seen::NodeNoted const& noted) const { chronicle.node_noted(world, noted); }
    void operator()(seen::NodeDied const& died) const {
        chronicle.died(died, world.now());
        chronicle.contacts_changed(world);
    }
    void operator()(seen::NodeStarted const& started) const {
        chronicle.booted(world, started.node);
        chronicle.nodes_[started.node.value].frozen = false;
        chronicle.contacts_changed(world);
    }
    void operator()(seen::RolledBack const& back) const {
        if (back.what != seen::RolledBack::What::blank) return;
        for (CopySim const& copy : world.node(back.node).copies) {
            erased(chronicle.groups_[copy.group], copy.slot);
        }
    }
    void operator()(seen::NodePaused const&) const { chronicle.contacts_changed(world); }
    void operator()(seen::NodeResumed const&) const { chronicle.contacts_changed(world); }
    void operator()(seen::MemoryPressed const&) const { chronicle.contacts_changed(world); }
    void operator()(seen::LinkCut const&) const { chronicle.contacts_changed(world); }
    void operator()(seen::LinkHealed const&) const { chronicle.contacts_changed(world); }
    void operator()(seen::LinkDegraded const&) const { chronicle.contacts_changed(world); }
    void operator()(seen::ClockStepped const& stepped) const {
        chronicle.contacts_begin_anew(world, stepped.node);
    }
    void operator()(auto const&) const {}
};

void Chronicle::see(World const& world, Observation const& observation) {
    std::visit(See{*this, world}, observation);
}

}  // namespace sunder::netsim
