// SPDX-License-Identifier: BSD-3-Clause
//
// The formats of what two nodes say to each other beside the legs, and of what stands on a mirror.
#pragma once

#include "nodes/seam.h"
#include "replication/message_format.h"

namespace sunder {

/// Whom it holds: 256 bits.
template <>
struct Format<nodes::NodeSet> {
    static void write(Encoder& to, nodes::NodeSet const& value);
    static void read(Decoder& from, nodes::NodeSet& into);
};

/// Its resources and its dependencies. What is read is built anew, each dependency under the rules
/// for changes: what could not have been configured is refused by the rule's name.
template <>
struct Format<nodes::Hierarchy> {
    static constexpr std::size_t most_resources = 256;
    static constexpr std::size_t most_dependencies = 1024;
    static void write(Encoder& to, nodes::Hierarchy const& value);
    static void read(Decoder& from, nodes::Hierarchy& into);
};

SUNDER_FORMAT_ENUM(nodes::ResourceKind, file_system, address, application, nas, drbd, sdr,
                   multi_site);
SUNDER_FORMAT(nodes::ProtectedResource, id, kind, local_recovery);
SUNDER_FORMAT(nodes::Dependency, parent, child);
SUNDER_FORMAT(nodes::StoredHierarchy, group, version, is, era, extended, unmirrored, priority,
              created);

SUNDER_FORMAT_RULES(nodes::ExtensionRule, granted, no_copy_there, already_created, exported_by_nfs,
                    already_mirrored, not_mirrored, disk_not_shared, other_storage,
                    resource_does_not_stop, not_in_service_here, not_the_owner, already_extended,
                    not_extended, priority_in_use, owner_stays, mirror_in_service, change_under_way,
                    server_unreachable, target_too_small, never_in_service);
SUNDER_FORMAT_RULES(nodes::SwitchoverRule, granted, already_in_service, in_transition,
                    source_unreachable, nothing_in_service, resync_in_progress, mirror_is_paused,
                    mirror_not_in_sync, leg_lost, resource_does_not_stop, no_quorum,
                    never_in_service);

SUNDER_FORMAT(nodes::control::Hears, whom);
SUNDER_FORMAT(nodes::control::Claim, group, cell, in_service, taking_over, conceding, taken_out,
              fit, source);
SUNDER_FORMAT(nodes::control::HierarchyIs, group, stored);
SUNDER_FORMAT(nodes::control::AskExtension, group, next);
SUNDER_FORMAT(nodes::control::ExtensionRefused, group, version, rule);
SUNDER_FORMAT(nodes::control::SayAgain, group);
SUNDER_FORMAT(nodes::control::RaiseEra, group, era);
SUNDER_FORMAT(nodes::control::EraStored, group, era);
SUNDER_FORMAT(nodes::control::YouAreOutdated, group, by);
SUNDER_FORMAT(nodes::control::OutdatedStored, group, by);
SUNDER_FORMAT(nodes::control::Concede, group);
SUNDER_FORMAT(nodes::control::ConcedeAnswered, group, granted);
SUNDER_FORMAT(nodes::control::TakeOver, group);
SUNDER_FORMAT(nodes::control::TakeOverRefused, group);
SUNDER_FORMAT(nodes::control::SwitchBack, group);
SUNDER_FORMAT(nodes::control::GiveUp, group);
SUNDER_FORMAT(nodes::control::GiveUpRefused, group, rule);
SUNDER_FORMAT_VARIANT(nodes::ControlMessage, nodes::control::Hears, nodes::control::Claim,
                      nodes::control::HierarchyIs, nodes::control::AskExtension,
                      nodes::control::ExtensionRefused, nodes::control::SayAgain,
                      nodes::control::RaiseEra, nodes::control::EraStored,
                      nodes::control::YouAreOutdated, nodes::control::OutdatedStored,
                      nodes::control::Concede, nodes::control::ConcedeAnswered,
                      nodes::control::TakeOver, nodes::control::TakeOverRefused,
                      nodes::control::SwitchBack, nodes::control::GiveUp,
                      nodes::control::GiveUpRefused);

namespace nodes::control {

// What stands on another mirror than the one that it is about.
std::string flaw_of(HierarchyIs const& said);
std::string flaw_of(AskExtension const& asked);

}  // namespace nodes::control

}  // namespace sunder
