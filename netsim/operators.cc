// SPDX-License-Identifier: BSD-3-Clause
//
// What operators do to a world: requests to the nodes, a look at an intent log, and disks that are
// carried from one server to another.
#include "base/verify.h"
#include "netsim/world.h"

#include <utility>

namespace sunder::netsim {

using What = seen::OperatorAsked::What;

nodes::AdminId World::request(seen::OperatorAsked asked, nodes::Input const& input) {
    VERIFY(runs(asked.node));
    see(asked);
    step_node(asked.node, input);
    drain_locals();
    return asked.request;
}

nodes::AdminId World::force_online(NodeId node, GroupId group) {
    nodes::AdminId const request{next_admin_++};
    return this->request({What::force_online, request, node, group},
                         nodes::input::ForceOnline{request, group});
}

nodes::AdminId World::resolve_split_brain(NodeId node, GroupId group) {
    nodes::AdminId const request{next_admin_++};
    return this->request({What::resolve_split_brain, request, node, group},
                         nodes::input::ResolveSplitBrain{request, group});
}

nodes::AdminId World::switch_over(NodeId node, GroupId group) {
    nodes::AdminId const request{next_admin_++};
    return this->request({What::switch_over, request, node, group},
                         nodes::input::SwitchOver{request, group});
}

nodes::AdminId World::order(NodeId node, GroupId group, nodes::Order const& order) {
    nodes::AdminId const request{next_admin_++};
    return this->request({What::order, request, node, group, order},
                         nodes::input::Ordered{request, group, order});
}

nodes::AdminId World::confirm_failover(NodeId node, NodeId dead, bool proceeds) {
    nodes::AdminId const request{next_admin_++};
    return this->request({What::confirm_failover, request, node, {}, {}, dead, proceeds},
                         nodes::input::ConfirmFailover{request, dead, proceeds});
}

nodes::AdminId World::edit_hierarchy(NodeId node, GroupId group, nodes::HierarchyEdit const& edit) {
    nodes::AdminId const request{next_admin_++};
    seen::OperatorAsked asked{What::edit_hierarchy, request, node, group};
    asked.edit = edit;
    return this->request(asked, nodes::input::EditHierarchy{request, group, edit});
}

nodes::AdminId World::edit_extension(NodeId node, GroupId group, nodes::Extension const& edit) {
    nodes::AdminId const request{next_admin_++};
    seen::OperatorAsked asked{What::edit_extension, request, node, group};
    asked.extension = edit;
    return this->request(asked, nodes::input::EditExtension{request, group, edit});
}

void World::examine_intent_log(NodeId node, GroupId group) {
    VERIFY(runs(node));
    CopySim const* held = copy(node, group);
    VERIFY(held != nullptr);
    replication::MirrorMachine const& machine = *held->machine;
    for (std::uint8_t p = 0; p < held->config->copies; ++p) {
        replication::Slot const peer{p};
        if (peer == held->slot) continue;
        see(seen::IntentLogExamined{
            node, group, held->config->nodes[p],
            replication::examine(machine.log(), peer, machine.cell(), *held->config)});
    }
}

DiskImage World::take_image(NodeId node, GroupId group) {
    CopySim const* held = copy(node, group);
    VERIFY(held != nullptr && held->store->cell().has_value());
    see(seen::ImageTaken{node, group});
    return {held->disk->image(), *held->store->cell()};
}

/// R88: a copy that is made from an image and says so holds what its source held then, no more.
void World::write_image(NodeId node, GroupId group, DiskImage const& image) {
    VERIFY(!nodes_[node.value].up());
    CopySim* held = find_copy(node, group.value);
    VERIFY(held != nullptr);
    held->disk.edit().replace(image.content);
    replication::Cell cell;
    cell.asynchronous_limit = image.cell.asynchronous_limit;
    // An image of a torn copy is no point in time: it says nothing, and everything is copied.
    bool const torn = image.cell.data == replication::DataState::inconsistent ||
                      (image.cell.applying && image.cell.role == replication::Role::target);
    if (!torn) {
        cell.current = image.cell.current;
        cell.history = image.cell.history;
        cell.era = image.cell.era;
        cell.data = replication::DataState::consistent;
    }
    held->store.emplace(std::make_shared<replication::Cell const>(cell));
    see(seen::ImageWritten{node, group});
}

}  // namespace sunder::netsim
