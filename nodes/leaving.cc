// SPDX-License-Identifier: BSD-3-Clause
//
// A mirror leaves service after everything that stands on it, and what stands on it comes in
// service after the mirror (R99).
#include "base/mutant.h"
#include "nodes/node_machine.h"

#include <algorithm>
#include <utility>

namespace sunder::nodes {

/// Nothing on the mirror is in service, or on its way. What was reported before the last command
/// was heard is of another time.
bool NodeMachine::stands_free(std::size_t r) const {
    Resource const& resource = resources_[r];
    if (!resource.hierarchy.is) return true;
    return resource.above.down && resource.above.obeys == resource.commands_above;
}

void NodeMachine::raise(std::size_t r, bool again, Outbox& out) {
    if (!resources_[r].hierarchy.is) return;
    std::uint32_t const number = ++resources_[r].commands_above;
    out.put(output::HierarchyCommand{config_->resources[r].group,
                                     hierarchy::command::Rise{number, again}});
}

void NodeMachine::lower(std::size_t r, bool regardless, Outbox& out) {
    if (!resources_[r].hierarchy.is) return;
    std::uint32_t const number = ++resources_[r].commands_above;
    out.put(output::HierarchyCommand{config_->resources[r].group,
                                     hierarchy::command::Fall{number, regardless}});
    std::optional<AdminId> const raising = std::exchange(resources_[r].raising, std::nullopt);
    if (!raising) return;
    out.put(output::AdminReply{*raising, false, text_of(OrderRule::in_transition).name});
}

void NodeMachine::leave(std::size_t r, resource::Leaving leaving, Outbox& out) {
    Resource& resource = resources_[r];
    leaving.waits = !stands_free(r) && !mutant(Mutant::mirror_leaves_first);
    leaving.stuck = resource.above.stuck;
    leaving.stayed = resource.report.stayed;
    if (!stands_free(r)) lower(r, leaving.regardless, out);
    resource.state = leaving;
    if (!leaving.waits) demote(r, out);
    claim(r, out);
}

void NodeMachine::demote(std::size_t r, Outbox& out) {
    auto const& leaving = std::get<resource::Leaving>(resources_[r].state);
    out.put(output::GroupCommand{config_->resources[r].group,
                                 replication::command::Demote{leaving.for_peer}});
}

/// Something on the mirror does not stop, and nothing forces it: all of it stays (R92).
void NodeMachine::does_not_leave(std::size_t r, Outbox& out) {
    Resource& resource = resources_[r];
    ResourceConfig const& config = config_->resources[r];
    auto const leaving = std::get<resource::Leaving>(resource.state);
    auto const rule = SwitchoverRule::resource_does_not_stop;
    resource.state = resource::Serving{};
    resource.taken_out = false;
    resource.gave_back = false;
    resource.awaits_other_server = false;
    give_up_migration(r, ExtensionRule::resource_does_not_stop, out);
    if (std::exchange(stands_down_, false)) out.put(output::StoodDown{false});
    raise(r, false, out);
    if (leaving.admin) out.put(output::AdminReply{*leaving.admin, false, text_of(rule).name});
    if (leaving.for_peer && members_.connected(config.members[leaving.for_peer->value])) {
        out.put(output::Send{config.members[leaving.for_peer->value],
                             control::GiveUpRefused{config.group, rule}});
    }
    claim(r, out);
}

void NodeMachine::hierarchy_reported(std::size_t r, hierarchy::Report const& report, Outbox& out) {
    Resource& resource = resources_[r];
    bool const failed = report.failures != resource.above.failures;
    resource.above = report;
    if (resource.raising && (report.up || failed)) {
        std::string_view const why =
            report.up ? text_of(OrderRule::granted).name : text_of(OrderRule::resource_failed).name;
        out.put(output::AdminReply{*resource.raising, report.up, why});
        resource.raising.reset();
    }
    if (auto* leaving = std::get_if<resource::Leaving>(&resource.state);
        leaving != nullptr && leaving->waits) {
        if (stands_free(r)) {
            leaving->waits = false;
            demote(r, out);
        } else if (report.stuck != leaving->stuck && !leaving->regardless) {
            does_not_leave(r, out);
        }
    } else if (auto const* conceding = std::get_if<resource::Conceding>(&resource.state);
               conceding != nullptr && conceding->granted && !conceding->commanded) {
        if (stands_free(r)) {
            concede(r, out);
        } else if (report.stuck != conceding->stuck) {
            concession_refused(r, ResolutionRule::resource_does_not_stop, out);
        }
    }
    find_successor(r, out);
}

/// Another server is to go on with this disk: whatever is in service leaves, and nothing comes in.
void NodeMachine::stand_down(Outbox& out) {
    if (!stands_down_) return;
    bool rests = true;
    for (std::size_t r = 0; r < resources_.size(); ++r) {
        if (serving(r)) leave(r, {}, out);
        give_up_migration(r, ExtensionRule::change_under_way, out);
        ResourceState const& state = resources_[r].state;
        bool const is_out = std::holds_alternative<resource::OutOfService>(state) ||
                            std::holds_alternative<resource::Refused>(state);
        rests = rests && is_out && !is_migrating(r);
    }
    if (rests) out.put(output::StoodDown{true});
}

/// What this node has failed at, as far as others could do it: its own disk, and what stands on the
/// mirror (R65).
std::uint32_t NodeMachine::failures(std::size_t r) const {
    Resource const& resource = resources_[r];
    return resource.report.unfit + (resource.above.failed ? resource.above.failures : 0);
}

}  // namespace sunder::nodes
