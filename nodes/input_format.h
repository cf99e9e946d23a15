// SPDX-License-Identifier: BSD-3-Clause
//
// The formats of what comes into a node's membership machine, and into those of the hierarchies on
// its mirrors, for recordings.
#pragma once

#include "nodes/message_format.h"
#include "replication/input_format.h"

namespace sunder {

SUNDER_FORMAT_ENUM(nodes::HierarchyEdit::Kind, create, remove, create_dependency,
                   delete_dependency);
SUNDER_FORMAT(nodes::HierarchyEdit, kind, resource, dependencies);
SUNDER_FORMAT_ENUM(nodes::Extension::Kind, create, extend, unextend, remove, migrate);
SUNDER_FORMAT(nodes::Extension, kind, server, priority);
SUNDER_FORMAT_ENUM(nodes::Order::Kind, pause, resume, leave_service, enter_service, set_intent_log,
                   clear_intent_log, enable_asynchronous, use_fallback_image);
SUNDER_FORMAT(nodes::Order, kind, target, limit);

SUNDER_FORMAT_ENUM(nodes::hierarchy::Action, start, stop, recover);
SUNDER_FORMAT(nodes::hierarchy::Report, up, down, failed, failures, stuck, obeys);
SUNDER_FORMAT(nodes::hierarchy::command::Rise, number, again);
SUNDER_FORMAT(nodes::hierarchy::command::Fall, number, regardless);
SUNDER_FORMAT(nodes::hierarchy::command::Change, to);
SUNDER_FORMAT_VARIANT(nodes::hierarchy::Command, nodes::hierarchy::command::Rise,
                      nodes::hierarchy::command::Fall, nodes::hierarchy::command::Change);
SUNDER_FORMAT(nodes::hierarchy::input::Commanded, command);
SUNDER_FORMAT(nodes::hierarchy::input::ActionDone, resource, action, ok);
SUNDER_FORMAT(nodes::hierarchy::input::FoundFailed, resource);
SUNDER_FORMAT_VARIANT(nodes::hierarchy::Input, nodes::hierarchy::input::Commanded,
                      nodes::hierarchy::input::ActionDone, nodes::hierarchy::input::FoundFailed);

SUNDER_FORMAT(nodes::input::Started, changed, continues);
SUNDER_FORMAT(nodes::input::StandDown);
SUNDER_FORMAT(nodes::input::NoOtherServer);
SUNDER_FORMAT(nodes::input::PeerHeard, peer, path);
SUNDER_FORMAT(nodes::input::PeerSilent, peer, path);
SUNDER_FORMAT(nodes::input::ConnectionUp, peer);
SUNDER_FORMAT(nodes::input::ConnectionDown, peer);
SUNDER_FORMAT(nodes::input::MessageArrived, peer, message);
SUNDER_FORMAT(nodes::input::GroupReported, group, report);
SUNDER_FORMAT(nodes::input::HierarchyReported, group, report);
SUNDER_FORMAT(nodes::input::EditHierarchy, request, group, edit);
SUNDER_FORMAT(nodes::input::EditExtension, request, group, edit);
SUNDER_FORMAT(nodes::input::HierarchyStored, stored);
SUNDER_FORMAT(nodes::input::BootWaitOver);
SUNDER_FORMAT(nodes::input::ConfirmationOver, peer, silence);
SUNDER_FORMAT(nodes::input::ShotDue, peer, silence);
SUNDER_FORMAT(nodes::input::Fenced, peer, dead);
SUNDER_FORMAT(nodes::input::PeerUnreachable, peer);
SUNDER_FORMAT(nodes::input::ConfirmFailover, request, peer, proceeds);
SUNDER_FORMAT(nodes::input::ForceOnline, request, group);
SUNDER_FORMAT(nodes::input::SwitchOver, request, group);
SUNDER_FORMAT(nodes::input::Ordered, request, group, order);
SUNDER_FORMAT(nodes::input::ResolveSplitBrain, request, group);
SUNDER_FORMAT(nodes::input::EraWaitOver, group, peer, ask);
SUNDER_FORMAT_VARIANT(nodes::Input, nodes::input::Started, nodes::input::StandDown,
                      nodes::input::NoOtherServer, nodes::input::PeerHeard,
                      nodes::input::PeerSilent, nodes::input::ConnectionUp,
                      nodes::input::ConnectionDown, nodes::input::MessageArrived,
                      nodes::input::GroupReported, nodes::input::HierarchyReported,
                      nodes::input::EditHierarchy, nodes::input::EditExtension,
                      nodes::input::HierarchyStored, nodes::input::BootWaitOver,
                      nodes::input::ConfirmationOver, nodes::input::ShotDue, nodes::input::Fenced,
                      nodes::input::PeerUnreachable, nodes::input::ConfirmFailover,
                      nodes::input::ForceOnline, nodes::input::SwitchOver, nodes::input::Ordered,
                      nodes::input::ResolveSplitBrain, nodes::input::EraWaitOver);

namespace nodes::hierarchy::command {

std::string flaw_of(Change const& change);

}  // namespace nodes::hierarchy::command

}  // namespace sunder
