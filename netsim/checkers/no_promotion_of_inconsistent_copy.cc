// SPDX-License-Identifier: BSD-3-Clause
//
// Who may come in service, by the chronicle.
#include "netsim/checkers/no_promotion_of_inconsistent_copy.h"

#include <fmt/format.h>
#include <algorithm>

namespace sunder::netsim {

namespace {

/// True when the node knows of another that serves.
bool hears_source(View const& view, GroupId group, NodeId node) {
    auto const& members = view.mirror(group).on;
    return std::ranges::any_of(members, [&](NodeId other) {
        return other != node && view.chronicle.copy(group, other).serving &&
               view.chronicle.have_talked(view.world, node, other);
    });
}

}  // namespace

void NoPromotionOfInconsistentCopy::on(View& view, NodeId node,
                                       nodes::note::CameInService const& came) {
    Chronicle::Group const& group = view.chronicle.group(came.group);
    Slot const self = view.chronicle.slot(came.group, node);
    Chronicle::Copy const& copy = group.copies[self.value];
    if (came.forced || copy.owner || group.members.size() == 1) return;
    auto const violated = [&](std::string const& why) {
        view.violated(text, came.group,
                      fmt::format("{} came in service with {} by itself, but {}", view.name(node),
                                  view.mirror(came.group).name, why));
    };
    if (copy.torn) {
        violated("its copy is the target of a resync that has not completed");
        return;
    }
    if (!copy.watched && copy.claimed) return;
    std::optional<Slot> const by = copy.watched ? copy.watched : copy.overtaken_by;
    bool const guarded = view.world.cluster().policy.guarded;
    if (!by && copy.displaced && !guarded && !hears_source(view, came.group, node)) {
        view.findings.allowed(text.name, "last owner, displaced by force unknowingly");
        return;
    }
    if (!by) {
        violated(
            "it is not the last owner, and its copy was not seen in sync since it booted, or it "
            "was told that it is outdated");
        return;
    }
    Chronicle::Pair const& source = group.copies[by->value].pairs[self.value];
    if (!source.lonely) return;
    std::string const since = to_text(source.lonely_since);
    std::string const& name = view.name(group.members[by->value]);
    if (source.by_word) {
        view.findings.allowed(text.name, "operator override");
    } else if (guarded) {
        violated(fmt::format("{} has acknowledged writes without it since {}", name, since));
    } else if (view.chronicle.knew_outdated(view.world, came.group, *by, self)) {
        violated(
            fmt::format("{} has acknowledged writes without it since {}, and there was time to "
                        "tell it",
                        name, since));
    } else {
        view.findings.allowed(text.name, "left behind unknowingly (faithful policy)");
    }
}

void NoPromotionOfInconsistentCopy::on(View& view, seen::NodeDied const& died) {
    tears_.resize(view.world.cluster().nodes.size());
    tears_[died.node.value] = Tear{};
    NodeSim const& node = view.world.node(died.node);
    bool const lost = died.fates.as_old + died.fates.torn != 0;
    if (!seen::loses_cache(died.how) || !lost || node.copies.size() != 1) return;
    GroupId const group{node.copies[0].group};
    // As the target of a leg it was applying records; whatever else it may have been, it was not
    // that.
    for (Chronicle::Pair const& pair : view.chronicle.copy(group, died.node).pairs) {
        bool const follows = pair.inward && pair.leg == LegState::mirroring;
        if (follows) tears_[died.node.value] = {true, view.now()};
    }
}

void NoPromotionOfInconsistentCopy::on(View& view, seen::NodeStarted const& started) {
    tears_.resize(view.world.cluster().nodes.size());
    Tear const tear = tears_[started.node.value];
    if (!tear.torn) return;
    GroupId const group{view.world.node(started.node).copies[0].group};
    replication::MirrorMachine const* machine = view.machine(started.node, group);
    if (machine == nullptr) return;
    replication::DataState const data = machine->cell().data;
    if (data == replication::DataState::inconsistent) return;
    view.violated(
        text, group,
        fmt::format(
            "{} lost records that it had not flushed with its power at {}, and boots in the "
            "belief that its copy is {}",
            view.name(started.node), to_text(tear.at), replication::name_of(data)));
}

}  // namespace sunder::netsim
