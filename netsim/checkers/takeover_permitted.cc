// SPDX-License-Identifier: BSD-3-Clause
//
// What had to come first, counted again.
#include "netsim/checkers/takeover_permitted.h"

#include <fmt/format.h>
#include <algorithm>

namespace sunder::netsim {

namespace {

constexpr Duration doubt_lasts = seconds(10);

}  // namespace

TakeoverPermitted::Node& TakeoverPermitted::of(View& view, NodeId node) {
    std::size_t const all = view.world.cluster().nodes.size();
    nodes_.resize(all);
    nodes_[node.value].peers.resize(all);
    return nodes_[node.value];
}

void TakeoverPermitted::on(View& view, seen::NodeStarted const& started) {
    of(view, started.node) = {};
    of(view, started.node).started = view.now();
    votes_.started(view, started.node);
    count(view, started.node);
}

void TakeoverPermitted::on(View& view, seen::ClockStepped const& stepped) {
    for (Peer& peer : of(view, stepped.node).peers) peer.ahead += stepped.by;
}

void TakeoverPermitted::on(View&, seen::OperatorAsked const& asked) {
    bool const confirms =
        asked.what == seen::OperatorAsked::What::confirm_failover && asked.proceeds;
    bool const orders = asked.what == seen::OperatorAsked::What::order &&
                        asked.order.kind == nodes::Order::Kind::enter_service;
    if (confirms || orders) asked_.emplace(asked.request, asked);
}

/// What was refused was not said. Whoever orders a node to bring a mirror in answers for all whom
/// it does not hear, from the moment in which he orders it.
void TakeoverPermitted::on(View& view, seen::AdminAnswered const& answered) {
    auto const found = asked_.find(answered.request);
    if (found == asked_.end()) return;
    seen::OperatorAsked const asked = found->second;
    asked_.erase(found);
    if (!answered.granted || asked.what != seen::OperatorAsked::What::confirm_failover) return;
    of(view, asked.node).peers[asked.dead.value].said_dead = view.now();
}

void TakeoverPermitted::on(View& view, NodeId node, nodes::note::FencingEnded const& note) {
    of(view, node).peers[note.peer.value].missed = !note.dead;
}

void TakeoverPermitted::on(View& view, NodeId node, nodes::note::PeerSeen const& note) {
    of(view, node).peers[note.peer.value] = {true, view.now(), {}, false, {}, 100, {}};
    votes_.heard(view, node, note.peer, true);
    count(view, node);
}

void TakeoverPermitted::on(View& view, NodeId node, nodes::note::PeerLost const& note) {
    std::uint32_t const clock = view.world.node(node).clock;
    of(view, node).peers[note.peer.value] = {false, view.now(), {}, false, {}, clock, {}};
    votes_.heard(view, node, note.peer, false);
    count(view, node);
}

void TakeoverPermitted::on(View& view, NodeId node, nodes::note::FencingStarted const& note) {
    of(view, node).peers[note.peer.value].shot_at = view.now();
}

void TakeoverPermitted::on(View& view, NodeId node, nodes::note::QuorumChanged const& note) {
    votes_.reaches_storage(view, node, note.rule == nodes::QuorumRule::storage_reached);
}

void TakeoverPermitted::on(View& view, NodeId node, nodes::note::Decided const& note) {
    of(view, node).rule[note.group.value] = note.decision.rule;
}

void TakeoverPermitted::count(View& view, NodeId node) {
    if (votes_.has_quorum(view, node)) left(node);
}

void TakeoverPermitted::on(View& view, NodeId node, nodes::note::CameInService const& came) {
    if (came.forced) return;
    if (!votes_.has_quorum(view, node)) {
        doubtful_.push_back({node, came.group, view.now() + doubt_lasts});
    }
    if (of(view, node).rule[came.group.value] != nodes::InServiceRule::failover) return;
    // A third copy that was left behind is nobody's suspect; the source that was lost is.
    for (NodeId const member : view.mirror(came.group).on) {
        bool const source = view.chronicle.copy(came.group, node).watched ==
                            view.chronicle.slot(came.group, member);
        if (source && !of(view, node).peers[member.value].heard) {
            check_suspect(view, node, member, came.group);
        }
    }
}

void TakeoverPermitted::left(NodeId node) {
    std::erase_if(doubtful_, [&](Doubtful const& one) { return one.node == node; });
}

std::optional<Duration> TakeoverPermitted::deadline() const {
    if (doubtful_.empty()) return std::nullopt;
    return doubtful_.front().until;
}

void TakeoverPermitted::passed(View& view) {
    std::erase_if(doubtful_, [&](Doubtful const& one) {
        if (one.until > view.now()) return false;
        refuse(view, one.node, one.group, "it has no quorum");
        return true;
    });
}

void TakeoverPermitted::check_suspect(View& view, NodeId node, NodeId suspect, GroupId group) {
    Cluster const& cluster = view.world.cluster();
    Peer const lost = of(view, node).peers[suspect.value];
    bool const by_majority = cluster.quorum.mode == nodes::QuorumMode::majority;
    for (std::uint8_t w = 0; w < cluster.nodes.size(); ++w) {
        NodeId const witness{w};
        if (!by_majority || !cluster.quorum.ask_witnesses || witness == node) continue;
        Peer const hears = of(view, witness).peers[suspect.value];
        // It must have been heard itself for long enough to have said so.
        Peer const heard = of(view, node).peers[w];
        bool const said = heard.heard && heard.since < lost.since && hears.since < lost.since;
        if (view.in_contact(node, witness) && hears.heard && said) {
            refuse(view, node, group,
                   fmt::format("{} still hears {}", view.name(witness), view.name(suspect)));
        }
    }
    ConfirmSetup const& confirm = cluster.confirm;
    bool const asks =
        std::ranges::find(confirm.pairs, ConfirmSetup::Pair{suspect, node}) != confirm.pairs.end();
    Duration const timeout = nanoseconds(confirm.timeout.ns / 100 * lost.clock);
    bool const waited = confirm.proceeds && view.now() - lost.since + lost.ahead >= timeout;
    bool const ordered = std::ranges::any_of(asked_, [&](auto const& one) {
        return one.second.node == node && one.second.what == seen::OperatorAsked::What::order &&
               one.second.group == group;
    });
    if (asks && !lost.said_dead && !waited && !ordered) {
        refuse(view, node, group,
               fmt::format("no administrator has said that {} is dead", view.name(suspect)));
    }
    if (!cluster.fencing || (lost.missed && lost.said_dead)) return;
    // Whoever is shot boots again, perhaps before the shooter hears that it hit.
    bool const booted = lost.shot_at && of(view, suspect).started >= *lost.shot_at;
    if (view.world.node(suspect).up() && !booted) {
        refuse(view, node, group, fmt::format("{} was not shot and runs", view.name(suspect)));
    }
}

void TakeoverPermitted::refuse(View& view, NodeId node, GroupId group, std::string const& why) {
    view.violated(text, group,
                  fmt::format("{} brings {} in service, but {}", view.name(node),
                              view.mirror(group).name, why));
}

}  // namespace sunder::netsim
