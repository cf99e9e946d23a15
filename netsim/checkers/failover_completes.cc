// SPDX-License-Identifier: BSD-3-Clause
//
// Who is expected to take over, and until when.
#include "netsim/checkers/failover_completes.h"

#include <fmt/format.h>
#include <algorithm>

namespace sunder::netsim {

namespace {

/// How long what has to come first may take; nothing where it may never end.
std::optional<Duration> before_it(Cluster const& cluster, NodeId dead, NodeId target) {
    Duration takes;
    ConfirmSetup const& confirm = cluster.confirm;
    bool const asks =
        std::ranges::find(confirm.pairs, ConfirmSetup::Pair{dead, target}) != confirm.pairs.end();
    if (asks && !confirm.proceeds) return std::nullopt;
    if (asks) takes = takes + confirm.timeout;
    if (!cluster.fencing) return takes;
    takes = takes + cluster.fencing->takes;
    if (!cluster.fencing->delay.empty()) takes = takes + cluster.fencing->delay[dead.value];
    return takes;
}

/// It hears nothing of the target that hears it, and so cannot answer.
bool is_deaf(View const& view, NodeId third, NodeId target) {
    Network const& network = view.world.network();
    return network.reaches(third.value, target.value) &&
           !network.reaches(target.value, third.value);
}

/// R52: as the node goes by it, which an operator may have changed.
std::uint16_t priority_at(View const& view, NodeId node, GroupId id, std::size_t place) {
    nodes::StoredHierarchy const& stored = view.world.copy(node, id)->above.stored;
    return stored.version != 0 ? stored.priority[place] : view.mirror(id).priority_of(place);
}

/// What a third copy whose disk fails or hangs, or that hears nothing, may cost, for it has to
/// store the era first; nothing where its disk may keep the one that goes first, or it may not be
/// shot.
std::optional<Duration> for_thirds(View const& view, GroupId id, std::size_t dead,
                                   std::size_t target) {
    Cluster const& cluster = view.world.cluster();
    Chronicle::Group const& group = view.chronicle.group(id);
    MirrorSetup const& mirror = view.mirror(id);
    Duration takes;
    for (std::size_t p = 0; p < group.members.size(); ++p) {
        NodeId const third = group.members[p];
        if (p == dead || p == target) continue;
        bool const suffers = view.world.copy(third, id)->disk->suffers();
        if (!suffers && !is_deaf(view, third, group.members[target])) continue;
        bool const fit = group.copies[p].pairs[dead].leg == LegState::mirroring;
        bool const first = mirror.has_asynchronous_pairs() ||
                           priority_at(view, third, id, p) < priority_at(view, third, id, target);
        bool const shoots = cluster.policy.guarded && cluster.fencing;
        if ((suffers && fit && first) || (shoots && view.world.node(third).shots_miss))
            return std::nullopt;
        takes = cluster.detection.connection_timeout;
        if (shoots)
            takes = takes + before_it(cluster, third, group.members[target]).value_or(takes);
    }
    return takes;
}

/// True while somebody who cannot be asked cannot be shot either: he may be serving, for all that a
/// target knows (C.8).
bool cannot_be_shot(World const& world, Chronicle::Group const& group, NodeId target) {
    if (!world.cluster().fencing) return false;
    return std::ranges::any_of(group.members, [&](NodeId other) {
        return other != target && world.node(other).shots_miss && !in_contact(world, target, other);
    });
}

/// True while another copy's node lives that the target does not hear, and a third node hears it
/// (R67): for all that the target knows, that one took over. Somebody who hears both may.
bool is_kept_by_witness(World const& world, Chronicle::Group const& group, NodeId dead,
                        NodeId target) {
    QuorumSetup const& quorum = world.cluster().quorum;
    if (quorum.mode == nodes::QuorumMode::none || !quorum.ask_witnesses) return false;
    Network const& network = world.network();
    auto const lives = [&](NodeId node) {
        return world.node(node).up() && !world.node(node).paused;
    };
    auto const hears = [&](NodeId one, NodeId other) {
        return network.reaches(other.value, one.value);
    };
    return std::ranges::any_of(group.members, [&](NodeId other) {
        if (other == dead || other == target || !lives(other) || hears(target, other)) return false;
        for (std::uint8_t n = 0; n < world.cluster().nodes.size(); ++n) {
            NodeId const witness{n};
            bool const third = witness != other && witness != target && lives(witness);
            if (third && hears(witness, other) && hears(target, witness)) return true;
        }
        return false;
    });
}

/// True when an operator forced the source, or whoever it follows, past an owner, or when the copy
/// has reported split brain: whose data is right is for an operator to say, and copies of either
/// line wait for it (R32).
bool is_disputed(Chronicle::Copy const& copy) {
    return std::ranges::any_of(copy.pairs, [](Chronicle::Pair const& pair) {
        return pair.forced_past || pair.split_noted;
    });
}

}  // namespace

/// R62, R97: whoever has heard of it stays out, also when the source dies before it is done.
void FailoverCompletes::on(View& view, NodeId, nodes::note::OrderDecided const& decided) {
    leaving_.resize(view.chronicle.groups());
    bool const leaves = decided.rule == nodes::OrderRule::granted &&
                        decided.order.kind == nodes::Order::Kind::leave_service;
    if (leaves) leaving_[decided.group.value] = true;
}

void FailoverCompletes::on(View&, NodeId node, nodes::note::Confirmed const& confirmed) {
    if (confirmed.proceeds) {
        refused_.erase({node, confirmed.peer});
        return;
    }
    refused_.insert({node, confirmed.peer});
    std::erase_if(waiting_, [&](Waiting const& waiting) {
        return waiting.target == node && waiting.dead == confirmed.peer;
    });
}

void FailoverCompletes::on(View& view, seen::NodeDied const& died) {
    waiting_.clear();
    leaving_.resize(view.chronicle.groups());
    Cluster const& cluster = view.world.cluster();
    if (cluster.policy.guarded && !cluster.fencing) return;
    for (std::uint16_t g = 0; g < view.chronicle.groups(); ++g) {
        GroupId const id{g};
        Chronicle::Group const& group = view.chronicle.group(id);
        auto const place = std::ranges::find(group.members, died.node);
        if (place == group.members.end()) continue;
        Slot const dead{static_cast<std::uint8_t>(place - group.members.begin())};
        if (leaving_[g] || !group.copies[dead.value].serving || view.chronicle.serving(id) != 1)
            continue;
        for (std::size_t p = 0; p < group.members.size(); ++p) {
            NodeId const target = group.members[p];
            if (p == dead.value || view.mirror(id).never_serves(p)) continue;
            Chronicle::Pair const& leg = group.copies[p].pairs[dead.value];
            Chronicle::Pair const& source = group.copies[dead.value].pairs[p];
            bool const suffers = view.world.copy(target, id)->disk->suffers();
            bool const well =
                !suffers && !view.chronicle.any_frozen(id) && !view.world.any_memory_full(id);
            bool const mirrored = leg.leg == LegState::mirroring && leg.inward &&
                                  source.leg == LegState::mirroring && !source.lonely;
            bool const heard = view.world.network().reaches(died.node.value, target.value) &&
                               view.world.network().reaches(target.value, died.node.value);
            // What a link loses, or brings late, may be a word that is needed.
            bool const in_time = std::ranges::none_of(group.members, [&](NodeId other) {
                return view.world.network().impaired(target.value, other.value);
            });
            bool const runs = view.world.node(target).up() && !view.world.node(target).paused;
            // After a split brain the other side may have told it that it is outdated (G20).
            bool const outdated = std::ranges::any_of(
                group.copies, [&](Chronicle::Copy const& other) { return other.pairs[p].lonely; });
            if (!mirrored || !heard || !in_time || !runs || !well || outdated) continue;
            std::optional<Duration> const first = before_it(cluster, died.node, target);
            std::optional<Duration> const thirds = for_thirds(view, id, dead.value, p);
            if (refused_.contains({target, died.node})) continue;
            if (!first || !thirds || cannot_be_shot(view.world, group, target)) continue;
            if (is_kept_by_witness(view.world, group, died.node, target)) continue;
            if (is_disputed(group.copies[dead.value]) || is_disputed(group.copies[p])) continue;
            Detection const& detection = cluster.detection;
            std::int64_t const clock = std::max<std::uint32_t>(view.world.node(target).clock, 100);
            Duration const detected{(detection.interval * detection.missed).ns / 100 * clock};
            Duration const patience{thirds->ns / 100 * clock};
            waiting_.push_back({id, died.node, target, view.now(),
                                view.now() + detected * 2 + seconds(5) + *first + patience});
            break;
        }
    }
}

void FailoverCompletes::on(View& view, NodeId, nodes::note::CameInService const& came) {
    leaving_.resize(view.chronicle.groups());
    leaving_[came.group.value] = false;
    std::erase_if(waiting_, [&](Waiting const& waiting) { return waiting.group == came.group; });
}

std::optional<Duration> FailoverCompletes::deadline() const {
    if (waiting_.empty()) return std::nullopt;
    return waiting_.front().until;  // they were all set at the same death
}

void FailoverCompletes::passed(View& view) {
    std::erase_if(waiting_, [&](Waiting const& waiting) {
        if (waiting.until > view.now()) return false;
        Chronicle::Group const& group = view.chronicle.group(waiting.group);
        if (cannot_be_shot(view.world, group, waiting.target)) return true;
        if (!votes_.has_quorum(view, waiting.target)) return true;
        // An operator's word to give its copy up was on the way.
        if (!view.chronicle.copy(waiting.group, waiting.target).extended) return true;
        // Who has returned since may have been forced past.
        Slot const target = view.chronicle.slot(waiting.group, waiting.target);
        if (is_disputed(group.copies[target.value])) return true;
        view.violated(
            text, waiting.group,
            fmt::format("{} died at {} while {} mirrored {} in sync and heard it, but at {} nobody "
                        "has taken "
                        "over",
                        view.name(waiting.dead), to_text(waiting.since), view.name(waiting.target),
                        view.mirror(waiting.group).name, to_text(view.now())));
        return true;
    });
}

}  // namespace sunder::netsim
