// SPDX-License-Identifier: BSD-3-Clause
//
// Reads quorum, fencing and confirm failover, and the steps about them; decides which of them are
// impossible.
#include "scenarios/language/load_parts.h"

#include <fmt/format.h>

#include <algorithm>

namespace sunder::language::loading {

namespace {

bool holds_a_mirror(netsim::Cluster const& cluster, NodeId node) {
    return std::ranges::any_of(cluster.mirrors, [&](netsim::MirrorSetup const& mirror) {
        return std::ranges::find(mirror.on, node) != mirror.on.end();
    });
}

nodes::LossAction loss_action_of(std::optional<std::string> const& text) {
    for (nodes::LossAction const action :
         {nodes::LossAction::halt, nodes::LossAction::leave_service}) {
        if (text == nodes::name_of(action)) return action;
    }
    return nodes::LossAction::reboot;
}

void read_storage(Node const& quorum, Names const& names, netsim::QuorumSetup& setup) {
    Report const& report = names.report();
    Node const* const storage = quorum.find("storage");
    bool const by_storage = setup.mode == nodes::QuorumMode::storage;
    if (by_storage && storage == nullptr) {
        report.error(Code::bad_quorum, mark_of(*quorum.find("mode")),
                     "quorum by storage needs a quorum disk",
                     {"name the server that holds it: 'storage: array1'", {}});
    }
    if (storage == nullptr) return;
    if (!by_storage) {
        report.error(Code::bad_quorum, mark_of(*storage), "a quorum by majority has no quorum disk",
                     {"'mode: storage' has one", {}});
        return;
    }
    setup.storage = names.node(storage);
    if (!setup.storage || !holds_a_mirror(names.cluster(), *setup.storage)) return;
    report.error(Code::bad_quorum, mark_of(*storage),
                 fmt::format("'{}' holds a copy of a mirror", storage->text),
                 {"the quorum disk stands on a server of its own", {}});
    setup.storage.reset();
}

netsim::QuorumSetup read_quorum(Node const& node, Names const& names) {
    netsim::QuorumSetup setup;
    Report const& report = names.report();
    std::optional<std::string> const mode = text_of(node.find("mode"));
    if (!mode) return setup;
    setup.mode = mode == "storage" ? nodes::QuorumMode::storage : nodes::QuorumMode::majority;
    setup.ask_witnesses = boolean_of(node.find("ask_witnesses")).value_or(true);
    setup.on_loss = loss_action_of(text_of(node.find("on_loss")));
    read_storage(node, names, setup);
    for (Node const& item : items_of(node.find("tie_breakers"))) {
        std::optional<NodeId> const breaker = names.node(&item);
        if (!breaker) continue;
        if (setup.mode == nodes::QuorumMode::storage) {
            report.error(Code::bad_quorum, mark_of(item), "a quorum by storage knows no ties",
                         {"remove 'tie_breakers'", {}});
            break;
        }
        if (holds_a_mirror(names.cluster(), *breaker)) {
            report.error(Code::bad_quorum, mark_of(item),
                         fmt::format("'{}' holds a copy of a mirror, so it votes", item.text),
                         {"a tie-breaker holds none (C.8)", {}});
            continue;
        }
        setup.tie_breakers.push_back(*breaker);
    }
    return setup;
}

netsim::FencingSetup read_fencing(Node const& node, Names const& names) {
    netsim::FencingSetup setup;
    if (auto const takes = duration_of(node.find("takes"))) setup.takes = *takes;
    setup.reboots = boolean_of(node.find("reboots")).value_or(true);
    for (Entry const& entry : entries_of(node.find("delay"))) {
        std::optional<NodeId> const victim = names.node_of_key(entry);
        std::optional<Duration> const delay = duration_of(&entry.value);
        if (!victim || !delay) continue;
        setup.delay.resize(names.cluster().nodes.size());
        setup.delay[victim->value] = *delay;
    }
    return setup;
}

netsim::ConfirmSetup read_confirm(Node const& node, Names const& names) {
    netsim::ConfirmSetup setup;
    for (Node const& item : items_of(node.find("pairs"))) {
        std::optional<NodeId> const from = names.node(item.find("from"));
        std::optional<NodeId> const to = names.node(item.find("to"));
        if (!from || !to) continue;
        if (*from == *to) {
            names.report().error(
                Code::bad_quorum, mark_of(*item.find("to")),
                fmt::format("'{}' does not fail over to itself", item.find("to")->text),
                {"name two different nodes", {}});
            continue;
        }
        // R115 names servers; it is the disk that is taken over from.
        for (netsim::NodeSetup const& disk : names.cluster().nodes) {
            bool const shares = std::ranges::find(disk.shared_by, *from) != disk.shared_by.end();
            if (!shares || holds_a_mirror(names.cluster(), *from)) continue;
            names.report().error(
                Code::bad_multi_site, mark_of(*item.find("from")),
                fmt::format("'{}' holds no copy by itself", item.find("from")->text),
                {fmt::format("failovers are from the disk that it shares: '{}' (R115)", disk.name),
                 {}});
        }
        setup.pairs.push_back({*from, *to});
    }
    if (auto const timeout = duration_of(node.find("timeout"))) setup.timeout = *timeout;
    setup.proceeds = text_of(node.find("default")) != "block";
    return setup;
}

}  // namespace

void read_members(Node const& cluster_node, netsim::Cluster& cluster, Report const& report) {
    Names const names(cluster, report);
    if (Node const* const node = cluster_node.find("quorum"))
        cluster.quorum = read_quorum(*node, names);
    if (Node const* const node = cluster_node.find("fencing"))
        cluster.fencing = read_fencing(*node, names);
    if (Node const* const node = cluster_node.find("confirm_failover"))
        cluster.confirm = read_confirm(*node, names);
    if (auto const time = duration_of(cluster_node.find("boot_time"))) cluster.boot_time = *time;
}

std::optional<Action> read_member_step(std::string_view key, Node const& value, Names const& names,
                                       KnownNames const& known) {
    Report const& report = names.report();
    if (key == "confirm_failover") {
        std::optional<NodeId> const on = names.node(value.find("on"));
        std::optional<NodeId> const dead = names.node(value.find("dead"));
        std::string const refused =
            names.known(value.find("refused"), "rule", known.rules).value_or("");
        if (!on || !dead) return std::nullopt;
        if (*on == *dead) {
            report.error(Code::bad_step, mark_of(*value.find("dead")),
                         fmt::format("'{}' does not ask about itself", value.find("dead")->text),
                         {"name two different nodes", {}});
            return std::nullopt;
        }
        return step::ConfirmFailover{*on, *dead, text_of(value.find("answer")) != "block", refused,
                                     boolean_of(value.find("await")).value_or(true)};
    }
    if (key != "fail_fencing" && key != "mend_fencing") return std::nullopt;
    std::optional<NodeId> const node = names.node(&value);
    if (!node) return std::nullopt;
    if (!names.cluster().fencing) {
        report.error(Code::bad_step, mark_of(value), "nobody is shot in this cluster",
                     {"'fencing: {}' below 'cluster' has silent nodes shot", {}});
        return std::nullopt;
    }
    return step::FailFencing{*node, key == "fail_fencing"};
}

}  // namespace sunder::language::loading
