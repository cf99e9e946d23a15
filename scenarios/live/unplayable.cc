// SPDX-License-Identifier: BSD-3-Clause
//
// What each step, condition and cluster needs.
#include "scenarios/live/unplayable.h"

#include "nodes/live/setup_codec.h"
#include "scenarios/live/fencing.h"
#include "scenarios/live/resources.h"
#include "scenarios/live/setup.h"

namespace sunder::staged {

namespace {

namespace step = language::step;
using Why = std::optional<std::string>;

/// Real nodes have no words for it.
constexpr char const* edits_a_hierarchy = "what stands on a mirror is changed while it runs";

struct OfCondition {
    Why operator()(language::Storing const&) const { return "it waits for a store under way"; }
    Why operator()(language::ArrayState const&) const { return "it has disk arrays"; }
    Why operator()(language::InServiceAt const& wanted) const {
        if (wanted.server) return "two servers share a disk";
        return std::nullopt;
    }
    template <class Other>
    Why operator()(Other const&) const {
        return std::nullopt;
    }
};

struct OfStep {
    Why operator()(step::Wait const& wait) const { return std::visit(OfCondition{}, wait.until); }
    Why operator()(step::Hold const& hold) const { return std::visit(OfCondition{}, hold.holds); }
    Why operator()(step::SlowDisk const&) const { return "its disk is simulated: slow_disk"; }
    Why operator()(step::FailDisk const&) const { return "its disk is simulated: fail_disk"; }
    Why operator()(step::HangDisk const&) const { return "its disk is simulated: hang_disk"; }
    Why operator()(step::CorruptDisk const&) const { return "its disk is simulated: corrupt_disk"; }
    Why operator()(step::TakeSnapshot const&) const { return "its disk is simulated: snapshots"; }
    Why operator()(step::RollBack const&) const { return "its disk is simulated: roll_back"; }
    Why operator()(step::ExchangeDisks const&) const {
        return "its disk is simulated: exchange_disks";
    }
    Why operator()(step::SkewClock const&) const { return "its clock is simulated: skew_clock"; }
    Why operator()(step::StepClock const&) const { return "its clock is simulated: step_clock"; }
    Why operator()(step::FillMemory const&) const { return "its memory is simulated: fill_memory"; }
    Why operator()(step::Event const&) const { return "it names one event of a simulation"; }
    Why operator()(step::Rest const&) const { return "it waits until nothing is pending"; }
    Why operator()(step::TakeImage const&) const { return "it ships an image of a disk"; }
    Why operator()(step::WriteImage const&) const { return "it ships an image of a disk"; }
    Why operator()(step::MoveSharedDisk const&) const { return "two servers share a disk"; }
    Why operator()(step::EditHierarchy const&) const { return edits_a_hierarchy; }
    Why operator()(step::EditExtension const& edited) const {
        if (edited.edit.kind == nodes::Extension::Kind::migrate) {
            return "a disk that is not mirrored yet becomes a mirror";
        }
        // What comes next is meant to come between two of its messages.
        if (!edited.await) return "an edit is broken off at a moment of its own";
        return std::nullopt;
    }
    Why operator()(step::ArrayOrder const&) const { return "it has disk arrays"; }
    Why operator()(step::ArrayRequest const&) const { return "it has disk arrays"; }
    Why operator()(step::ArrayPower const&) const { return "it has disk arrays"; }
    Why operator()(step::ArrayLoad const&) const { return "it has disk arrays"; }
    Why operator()(step::Crash const& crash) const {
        if (!crash.fates.empty()) return "it says what becomes of writes under way";
        return std::nullopt;
    }
    Why operator()(step::PowerCut const& cut) const {
        if (!cut.fates.empty()) return "it says what becomes of writes under way";
        return std::nullopt;
    }
    Why operator()(step::Panic const& panic) const {
        if (!panic.fates.empty()) return "it says what becomes of writes under way";
        return std::nullopt;
    }
    template <class Other>
    Why operator()(Other const&) const {
        return std::nullopt;
    }
};

Why of_cluster(netsim::Cluster const& cluster) {
    if (!cluster.arrays.empty()) return "it has disk arrays";
    for (netsim::ResourceSetup const& resource : cluster.resources) {
        if (resource.creation) return edits_a_hierarchy;
    }
    for (netsim::NodeSetup const& node : cluster.nodes) {
        if (!node.shared_by.empty()) return "two servers share a disk";
        if (node.disk != netsim::DiskModel{}) return "its disk is simulated: of its own speed";
    }
    for (std::uint8_t n = 0; n < cluster.nodes.size(); ++n) {
        live::NodeSetup setup = setup_of(cluster, NodeId{n});
        if (cluster.fencing) setup.fencing.program = fencing_program({});
        give_programs(setup, cluster, {}, {});
        std::string const what = live::impossible(setup);
        if (!what.empty()) return "real nodes cannot have " + what;
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> unplayable(language::Scenario const& scenario) {
    if (auto why = of_cluster(scenario.cluster)) return why;
    for (language::Step const& step : scenario.steps) {
        if (auto why = std::visit(OfStep{}, step.action)) return why;
    }
    for (language::Condition const& condition : scenario.expect.finally) {
        if (auto why = std::visit(OfCondition{}, condition)) return why;
    }
    return std::nullopt;
}

}  // namespace sunder::staged
