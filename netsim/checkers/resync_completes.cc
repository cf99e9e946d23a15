// SPDX-License-Identifier: BSD-3-Clause
//
// The bound of a resync, and who keeps it waiting.
#include "netsim/checkers/resync_completes.h"

#include "netsim/checkers/patience.h"

#include <fmt/format.h>
#include <algorithm>

namespace sunder::netsim {

namespace {

bool suffers(View const& view, GroupId group, NodeId node) {
    return view.world.copy(node, group)->disk->suffers() || view.chronicle.any_frozen(group) ||
           view.world.any_memory_full(group);
}

/// The target has followed a third node since, which cannot be asked what it was, or is the other
/// side of a split brain that only an operator may end.
bool led_by_another(View const& view, GroupId id, NodeId source, NodeId target) {
    replication::Era const mine = view.machine(source, id)->cell().era;
    replication::Era const theirs = view.machine(target, id)->cell().era;
    bool const third = theirs.node != source && theirs.node != target && theirs > mine;
    if (!third || !view.in_contact(source, theirs.node)) return third;
    Slot const here = view.chronicle.slot(id, source);
    Slot const there = view.chronicle.slot(id, theirs.node);
    auto const& copies = view.chronicle.group(id).copies;
    return copies[here.value].pairs[there.value].split_noted ||
           copies[there.value].pairs[here.value].split_noted;
}

}  // namespace

void ResyncCompletes::on(View& view, From from, replication::note::ResyncDecided const& decided) {
    bool const copies = decided.decision.verdict == replication::Verdict::partial ||
                        decided.decision.verdict == replication::Verdict::full;
    auto const* machine = view.machine(from.node, from.group);
    if (!copies || machine == nullptr || !machine->open()) return;
    NodeId const target = view.mirror(from.group).on[decided.peer.value];
    if (!view.in_contact(from.node, target) || suffers(view, from.group, from.node) ||
        suffers(view, from.group, target)) {
        return;
    }
    Slot const self = view.chronicle.slot(from.group, from.node);
    Duration const slow =
        std::max(slowest_operation(view, from.node), slowest_operation(view, target));
    waiting_.push_back({from.group, self, decided.peer, view.now(),
                        view.now() + resync_bound(view, from.group, from.node, target) + slow});
}

void ResyncCompletes::on(View& view, seen::DiskFaulted const& faulted) {
    slowest_.resize(view.world.cluster().nodes.size(), 1);
    std::uint32_t& slowest = slowest_[faulted.node.value];
    slowest = std::max(slowest, faulted.faults.slowness);
    give_up(view);
}

/// It may have begun before the disk was mended.
Duration ResyncCompletes::slowest_operation(View const& view, NodeId node) const {
    if (slowest_.empty()) return {};
    DiskModel const& disk = view.world.cluster().nodes[node.value].disk;
    return (disk.latency + disk.jitter) * slowest_[node.value];
}

void ResyncCompletes::on(View& view, From from, replication::note::LegChanged const& changed) {
    bool const over = changed.to == LegState::mirroring || changed.to == LegState::paused ||
                      changed.to == LegState::disconnected;
    if (!over) return;
    Slot const self = view.chronicle.slot(from.group, from.node);
    std::erase_if(waiting_, [&](Waiting const& waiting) {
        return waiting.group == from.group && waiting.source == self &&
               waiting.target == changed.peer;
    });
}

/// Faults reach far (a link is many pairs' route), so all deadlines of pairs that they touch go.
void ResyncCompletes::give_up(View& view) {
    std::erase_if(waiting_, [&](Waiting const& waiting) {
        auto const& on = view.mirror(waiting.group).on;
        NodeId const source = on[waiting.source.value];
        NodeId const target = on[waiting.target.value];
        return !view.in_contact(source, target) || suffers(view, waiting.group, source) ||
               suffers(view, waiting.group, target);
    });
}

/// At rest, a source has begun with everybody whom it hears, or it was said why not.
void ResyncCompletes::finish(View& view) {
    if (view.world.goes_on()) return;
    for (std::uint16_t g = 0; g < view.chronicle.groups(); ++g) {
        GroupId const id{g};
        Chronicle::Group const& group = view.chronicle.group(id);
        if (view.chronicle.serving(id) != 1) continue;
        auto const serving = std::ranges::find_if(
            group.copies, [](Chronicle::Copy const& copy) { return copy.serving; });
        Slot const source{static_cast<std::uint8_t>(serving - group.copies.begin())};
        NodeId const node = group.members[source.value];
        auto const* machine = view.machine(node, id);
        for (std::uint8_t p = 0; p < group.members.size(); ++p) {
            NodeId const target = group.members[p];
            bool const known = p != source.value && machine != nullptr &&
                               group.copies[p].extended && group.copies[source.value].extended &&
                               view.in_contact(node, target) && !suffers(view, id, node) &&
                               !suffers(view, id, target);
            if (!known) continue;
            auto const* leg = std::get_if<replication::leg::Handshaking>(&machine->leg(Slot{p}));
            bool const refused = leg != nullptr && leg->decided &&
                                 (leg->decision.verdict == replication::Verdict::split_brain ||
                                  leg->decision.verdict == replication::Verdict::unrelated);
            bool const told = group.copies[p].pairs[source.value].split_noted ||
                              group.copies[source.value].pairs[p].split_noted;
            if (leg == nullptr || refused || told || led_by_another(view, id, node, target))
                continue;
            view.violated(
                text, id,
                fmt::format("{} has {} in service and hears {}, and nothing more will happen by "
                            "itself, but it has not even begun with its copy",
                            view.name(node), view.mirror(id).name, view.name(target)));
        }
    }
}

std::optional<Duration> ResyncCompletes::deadline() const {
    std::optional<Duration> first;
    for (Waiting const& waiting : waiting_) {
        first = first ? std::min(*first, waiting.until) : waiting.until;
    }
    return first;
}

void ResyncCompletes::passed(View& view) {
    std::erase_if(waiting_, [&](Waiting const& waiting) {
        if (waiting.until > view.now()) return false;
        auto const& on = view.mirror(waiting.group).on;
        NodeId const source = on[waiting.source.value];
        auto const* machine = view.machine(source, waiting.group);
        std::string left;
        if (machine != nullptr) {
            auto const* leg =
                std::get_if<replication::leg::Resyncing>(&machine->leg(waiting.target));
            left = leg == nullptr
                       ? "it has not even started"
                       : fmt::format("{} chunks are still to be sent", leg->need.count());
        }
        view.violated(
            text, waiting.group,
            fmt::format(
                "The resync of {} from {} to {} was decided upon at {} and has not come to its end "
                "at {}, though nothing failed meanwhile: {}",
                view.mirror(waiting.group).name, view.name(source),
                view.name(on[waiting.target.value]), to_text(waiting.since), to_text(view.now()),
                left));
        return true;
    });
}

}  // namespace sunder::netsim
