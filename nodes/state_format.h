// SPDX-License-Identifier: BSD-3-Clause
//
// The format of all that a node's machines are but their configuration, which whoever reads them
// has. Nobody else keeps to it: it changes with the machines, and its version then does, too.
#pragma once

#include "nodes/hierarchy_machine.h"
#include "nodes/input_format.h"
#include "nodes/node_machine.h"

#include <memory>

namespace sunder {

/// The machine that is read into was made with it.
template <>
struct Format<std::shared_ptr<nodes::NodeConfig const>> {
    static void write(Encoder&, std::shared_ptr<nodes::NodeConfig const> const&) {}
    static void read(Decoder&, std::shared_ptr<nodes::NodeConfig const>&) {}
};

SUNDER_FORMAT_ENUM(nodes::GateFacts::Confirmation, given, refused, awaited, not_asked);
SUNDER_FORMAT_ENUM(nodes::GateFacts::Fencing, done, failed, under_way, not_begun);
SUNDER_FORMAT_RULES(nodes::GateRule, open, no_quorum, switchback_failed, witness_hears_peer,
                    confirmation_needed, awaiting_confirmation, failover_blocked, fencing_needed,
                    fencing_under_way, fencing_failed);
SUNDER_FORMAT_RULES(nodes::QuorumRule, not_required, majority, tie_broken, minority,
                    storage_reached, storage_lost);
SUNDER_FORMAT_ENUM(nodes::Answer, stay_out, come_in, set_data_corrupt, clear_last_owner,
                   split_brain);
SUNDER_FORMAT_RULES(nodes::InServiceRule, force_refused_peer_serves, force_online, taken_out,
                    sole_copy, looking_for_peer, awaiting_peer, split_brain, peer_took_over,
                    peer_is_source, peer_is_last_owner, later_owner, peer_is_later, peer_returned,
                    last_owner_returns, no_last_owner, promoted_elsewhere, shared_copy_continues,
                    owner_lost_peer, target_is_paused, target_not_in_sync, not_watched_in_sync,
                    needs_fencing, another_goes_first, failover, owner_booted_alone, booted_alone,
                    never_in_service, only_copy_is_blank);
SUNDER_FORMAT(nodes::InServiceDecision, answer, rule);

SUNDER_FORMAT(nodes::Membership::Peer, audible, on_storage, ever_heard, connected, mute, silences,
              confirmation, fencing);
SUNDER_FORMAT_CLASS(nodes::Membership, config_, peers_, hears_, boot_wait_over_, storage_, quorum_);

SUNDER_FORMAT(nodes::resource::OutOfService);
SUNDER_FORMAT(nodes::resource::Promoting, era, forced, handed_over, commanded, awaits, overdue,
              admin);
SUNDER_FORMAT(nodes::resource::Serving);
SUNDER_FORMAT(nodes::resource::Leaving, for_peer, stayed, admin, regardless, waits, stuck);
SUNDER_FORMAT(nodes::resource::Refused);
SUNDER_FORMAT(nodes::resource::TakingOver, source, admin);
SUNDER_FORMAT(nodes::resource::Conceding, admin, winner, served, granted, stuck, commanded,
              conceded);
SUNDER_FORMAT_VARIANT(nodes::ResourceState, nodes::resource::OutOfService,
                      nodes::resource::Promoting, nodes::resource::Serving,
                      nodes::resource::Leaving, nodes::resource::Refused,
                      nodes::resource::TakingOver, nodes::resource::Conceding);

SUNDER_FORMAT(nodes::NodeMachine::Known, cell, in_service, taking_over, conceding, fit, source,
              told_outdated);
SUNDER_FORMAT(nodes::NodeMachine::Resource::Ordered, admin, obeyed);
SUNDER_FORMAT(nodes::NodeMachine::Resource::Extending, admin, edit, next, first, awaits, agreed,
              begun);
SUNDER_FORMAT(nodes::NodeMachine::Resource, state, told, report, known, decision, gate,
              switched_back, gave_back, taken_out, taken_out_at, asked_to_take_over, asked,
              asked_other_server, awaits_other_server, hierarchy, storing, versions, editing,
              extending, above, commands_above, raising, ordered, outdated_for, raised, era_asked,
              era_asks, recording, followed, led, split_noted, told_dead);
SUNDER_FORMAT_CLASS(nodes::NodeMachine, config_, members_, resources_, continues_, stands_down_);

SUNDER_FORMAT(nodes::hierarchy::resource::OutOfService);
SUNDER_FORMAT(nodes::hierarchy::resource::Starting);
SUNDER_FORMAT(nodes::hierarchy::resource::InService);
SUNDER_FORMAT(nodes::hierarchy::resource::Recovering);
SUNDER_FORMAT(nodes::hierarchy::resource::Stopping);
SUNDER_FORMAT(nodes::hierarchy::resource::Failed);
SUNDER_FORMAT_VARIANT(nodes::hierarchy::ResourceState, nodes::hierarchy::resource::OutOfService,
                      nodes::hierarchy::resource::Starting, nodes::hierarchy::resource::InService,
                      nodes::hierarchy::resource::Recovering, nodes::hierarchy::resource::Stopping,
                      nodes::hierarchy::resource::Failed);
SUNDER_FORMAT(nodes::hierarchy::course::Down, regardless);
SUNDER_FORMAT(nodes::hierarchy::course::Up);
SUNDER_FORMAT(nodes::hierarchy::course::Halted);
SUNDER_FORMAT_VARIANT(nodes::hierarchy::Course, nodes::hierarchy::course::Down,
                      nodes::hierarchy::course::Up, nodes::hierarchy::course::Halted);
SUNDER_FORMAT_CLASS(nodes::hierarchy::HierarchyMachine, hierarchy_, states_, course_, report_,
                    failures_, stuck_, obeys_);

}  // namespace sunder
