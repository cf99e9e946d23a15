// SPDX-License-Identifier: BSD-3-Clause
//
// How long is long enough, and what is expected then.
#include "netsim/checkers/both_back_in_service.h"

#include "netsim/checkers/patience.h"

#include <fmt/format.h>
#include <algorithm>

namespace sunder::netsim {

namespace {

/// An owner that knows of a later one leaves it to that one, and so does one that learns of it from
/// a copy that has followed the later one.
bool claimed(View const& view, GroupId group) {
    replication::Era latest;
    for (NodeId const member : view.mirror(group).on) {
        auto const* machine = view.machine(member, group);
        if (machine != nullptr) latest = std::max(latest, machine->stable_cell().era);
    }
    return std::ranges::any_of(view.mirror(group).on, [&](NodeId member) {
        auto const* machine = view.machine(member, group);
        if (machine == nullptr || !view.chronicle.copy(group, member).extended) return false;
        replication::Cell const& cell = machine->stable_cell();
        return cell.last_owner && cell.data > replication::DataState::outdated &&
               cell.era >= latest;
    });
}

bool all_have_quorum(View const& view, GroupId group) {
    return std::ranges::all_of(view.mirror(group).on, [&](NodeId member) {
        if (!view.chronicle.copy(group, member).extended) return true;
        NodeSim const& node = view.world.node(member);
        return node.up() && nodes::has_quorum(node.machine->members().quorum());
    });
}

/// Who has a copy, as far as anybody who has one knows: one that was told to give its own up does
/// so before the others have stored that.
replication::PeerMask members_of(View const& view, GroupId id) {
    Chronicle::Group const& group = view.chronicle.group(id);
    replication::PeerMask members = 0;
    for (std::uint8_t p = 0; p < group.members.size(); ++p) {
        if (!group.copies[p].extended) continue;
        members |= replication::bit_of(Slot{p});
        nodes::StoredHierarchy const& stored = view.world.copy(group.members[p], id)->above.stored;
        for (std::uint8_t q = 0; q < group.members.size(); ++q) {
            bool const goes_by_it = stored.version != 0 ? (stored.extended >> q & 1) != 0
                                                        : view.mirror(id).is_extended_to(q);
            if (goes_by_it) members |= replication::bit_of(Slot{q});
        }
    }
    return members;
}

}  // namespace

void BothBackInService::disturbed(View& view) {
    Detection const& detection = view.world.cluster().detection;
    since_ = view.now();
    std::int64_t slowest = 100;
    for (std::uint8_t n = 0; n < view.world.cluster().nodes.size(); ++n) {
        slowest = std::max<std::int64_t>(slowest, view.world.node(NodeId{n}).clock);
    }
    Duration const timers = detection.boot_wait + detection.interval * (detection.missed + 1);
    deadline_ = std::max(view.now(), late_until(view)) + Duration{timers.ns / 100 * slowest} +
                detection.connection_timeout + detection.reconnect * 3 + seconds(10);
}

void BothBackInService::on(View& view, seen::NodeStarted const& started) {
    failed_.resize(view.world.cluster().nodes.size());
    failed_[started.node.value] = false;
    disturbed(view);
}

void BothBackInService::on(View& view, From from, replication::note::DiskFailed const&) {
    failed_.resize(view.world.cluster().nodes.size());
    failed_[from.node.value] = true;
}

void BothBackInService::on(View& view, NodeId node, nodes::note::OrderDecided const& decided) {
    bool const leaves = decided.rule == nodes::OrderRule::granted &&
                        decided.order.kind == nodes::Order::Kind::leave_service;
    if (!leaves) return;
    taken_out_.resize(view.chronicle.groups());
    taken_out_[decided.group.value] = TakenOut{node};
}

void BothBackInService::on(View& view, NodeId node, nodes::note::CameInService const& came) {
    taken_out_.resize(view.chronicle.groups());
    std::optional<TakenOut>& taken = taken_out_[came.group.value];
    if (taken && taken->at == node) {
        taken.reset();
    } else if (taken && view.in_contact(taken->at, node)) {
        // Who cannot hear of it goes on by the operator's word.
        taken->overruled = TakenOut::Overruled{node, view.now()};
    }
    resolved_.resize(view.chronicle.groups());
    resolved_[came.group.value] = false;
}

void BothBackInService::on(View& view, NodeId node, nodes::note::LeftService const& left) {
    taken_out_.resize(view.chronicle.groups());
    std::optional<TakenOut>& taken = taken_out_[left.group.value];
    if (!taken || !taken->overruled || taken->overruled->by != node) return;
    Detection const& detection = view.world.cluster().detection;
    Duration const heard = detection.interval * detection.missed;
    if (view.now() - taken->overruled->since < heard) taken->overruled.reset();
}

bool BothBackInService::stays_out(std::uint16_t group) const {
    return taken_out_[group] && !taken_out_[group]->overruled;
}

void BothBackInService::on(View& view, From from, replication::note::Conceded const&) {
    resolved_.resize(view.chronicle.groups());
    resolved_[from.group.value] = true;
}

void BothBackInService::on(View& view, seen::RolledBack const& back) {
    disturbed(view);
    if (back.what != seen::RolledBack::What::blank) return;
    replaced_.resize(view.chronicle.groups());
    for (CopySim const& copy : view.world.node(back.node).copies) replaced_[copy.group] = true;
}

void BothBackInService::passed(View& view) {
    if (!deadline_ || view.now() < *deadline_) return;
    deadline_.reset();
    taken_out_.resize(view.chronicle.groups());
    for (std::uint16_t g = 0; g < view.chronicle.groups(); ++g) {
        GroupId const id{g};
        Chronicle::Group const& group = view.chronicle.group(id);
        bool together = true;
        bool split = false;
        bool well = !view.world.any_memory_full(id);
        bool failed = false;
        replication::PeerMask const members = members_of(view, id);
        auto const is_member = [&](std::size_t p) { return (members >> p & 1) != 0; };
        for (std::size_t a = 0; a < group.members.size(); ++a) {
            if (!is_member(a)) continue;
            NodeSim const& node = view.world.node(group.members[a]);
            together = together && node.up() && !node.paused;
            well = well && !view.world.copy(group.members[a], id)->disk->suffers();
            failed = failed || failed_[group.members[a].value];
            for (std::size_t b = 0; b < group.members.size(); ++b) {
                if (a == b || !is_member(b)) continue;
                together = together && view.in_contact(group.members[a], group.members[b]);
                split = split || group.copies[a].pairs[b].split_noted;
            }
        }
        std::size_t const serving = view.chronicle.serving(id);
        if (members == 0 || !together || !well || serving == 1 || stays_out(g)) continue;
        if (split) {
            view.findings.allowed(text.name, "split brain was reported");
            continue;
        }
        if (serving == 0 && !all_have_quorum(view, id)) {
            view.findings.allowed(text.name, "no quorum (R67)");
            continue;
        }
        if (view.chronicle.any_frozen(id)) {
            view.findings.allowed(text.name, "frozen: something could not be stored");
            continue;
        }
        if (serving == 0 && view.mirror(id).automatic_switchback) {
            view.findings.allowed(text.name, "automatic switchback (R72)");
            continue;
        }
        if (failed && serving == 0) {
            view.findings.allowed(text.name, "a disk failed");
            continue;
        }
        bool const resolved = resolved_.size() > g && resolved_[g];
        bool const replaced = replaced_.size() > g && replaced_[g];
        if ((resolved || replaced) && !claimed(view, id)) {
            view.findings.allowed(text.name, resolved ? "an operator named every last owner a loser"
                                                      : "the last owner's disks were replaced");
            continue;
        }
        view.violated(
            text, id,
            fmt::format(
                "All nodes of {} have run and heard each other since {}, but at {} it is in "
                "service on {}",
                view.mirror(id).name, to_text(since_), to_text(view.now()),
                serving == 0 ? std::string("none of them")
                             : fmt::format("{} of them at once", serving)));
    }
}

}  // namespace sunder::netsim
