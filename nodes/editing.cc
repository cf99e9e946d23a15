// SPDX-License-Identifier: BSD-3-Clause
//
// What stands on a mirror is changed while the cluster runs (R91, R98): at the server that owns the
// mirror, so that there is one order of changes, and with every server there to hear of it. Each
// stores it before it goes by it; one that was down meanwhile is told when it is back.
#include "nodes/node_machine.h"

#include <algorithm>
#include <utility>

namespace sunder::nodes {

EditRule NodeMachine::may_edit(std::size_t r, HierarchyEdit const& edit) const {
    Resource const& resource = resources_[r];
    bool const owner = resource.report.cell && resource.report.cell->last_owner;
    bool const doubtful = resource.decision && resource.decision->answer == Answer::split_brain;
    if (!owner || doubtful) return EditRule::not_the_owner;
    bool const storing = resource.storing > resource.hierarchy.version;
    if (resource.editing || resource.extending || storing || !resource.hierarchy.created)
        return EditRule::in_transition;
    bool all = true;
    bool serves = !stands_free(r) || serving(r);
    for_each_peer(r, [&](Slot slot, NodeId peer) {
        all = all && members_.connected(peer) && members_.audible(peer);
        serves = serves || resource.known[slot.value].in_service;
    });
    if (!all) return EditRule::server_unreachable;
    if (edit.kind == HierarchyEdit::Kind::remove && serves) return EditRule::still_in_service;
    return EditRule::granted;
}

void NodeMachine::edit_hierarchy(input::EditHierarchy const& in, Outbox& out) {
    std::optional<std::size_t> const r = find(in.group);
    EditRule rule = r ? may_edit(*r, in.edit) : EditRule::no_copy_here;
    Hierarchy changed;
    if (rule == EditRule::granted) {
        if (resources_[*r].hierarchy.is) changed = *resources_[*r].hierarchy.is;
        rule = changed.apply(in.edit);
    }
    if (rule != EditRule::granted) {
        out.note(note::HierarchyEdited{in.group, rule});
        out.put(output::AdminReply{in.request, false, text_of(rule).name});
        return;
    }
    resources_[*r].editing = in.request;
    StoredHierarchy next = next_hierarchy(*r);
    next.is = std::make_shared<Hierarchy const>(std::move(changed));
    store_hierarchy(*r, std::move(next), out);
}

/// A later version of what this owner goes by, with a number that it has not sent to anybody yet.
StoredHierarchy NodeMachine::next_hierarchy(std::size_t r) {
    Resource& resource = resources_[r];
    StoredHierarchy next = resource.hierarchy;
    resource.versions = std::max(resource.versions, next.version) + 1;
    next.version = resource.versions;
    if (resource.report.cell) next.era = std::max(next.era, resource.report.cell->era);
    return next;
}

void NodeMachine::store_hierarchy(std::size_t r, StoredHierarchy what, Outbox& out) {
    std::uint32_t& storing = resources_[r].storing;
    if (!what.is_later_than(resources_[r].hierarchy)) return;
    storing = std::max(storing, what.version);
    out.put(output::StoreHierarchy{std::move(what)});
}

namespace {
bool is_same(std::shared_ptr<Hierarchy const> const& a, std::shared_ptr<Hierarchy const> const& b) {
    return a == b || (a && b && *a == *b);
}
}  // namespace

void NodeMachine::hierarchy_stored(StoredHierarchy const& stored, Outbox& out) {
    std::optional<std::size_t> const r = find(stored.group);
    Resource& resource = resources_[*r];
    if (!stored.is_later_than(resource.hierarchy)) return;
    StoredHierarchy const was = std::exchange(resource.hierarchy, stored);
    resource.recording = false;
    if (!is_same(stored.is, was.is)) {
        out.note(note::HierarchyEdited{stored.group, EditRule::granted});
        out.put(output::HierarchyCommand{stored.group, hierarchy::command::Change{stored.is}});
    }
    bool const migrated = was.unmirrored && !stored.unmirrored && is_extended_here(*r);
    if (migrated) out.note(note::Migrated{stored.group});
    bool const extended = stored.extended != was.extended;
    if (extended) out.note(note::ExtensionChanged{stored.group, extended_to(*r)});
    for_each_server(*r, [&](Slot, NodeId peer) { tell_hierarchy(*r, peer, out); });
    StoredHierarchy created = was;
    created.created = stored.created;
    if (created.is_same_as(stored)) return reconsider(*r, out);  // nothing else has changed
    auto const extending = std::exchange(resource.extending, std::nullopt);
    bool const asked = extending && stored.is_same_as(extending->next);
    if (extended) extension_changed(*r, was.extended, asked && extending->agreed, out);
    if (extending) {
        ExtensionRule const rule = asked ? ExtensionRule::granted : ExtensionRule::change_under_way;
        out.put(output::AdminReply{extending->admin, asked, text_of(rule).name});
    }
    if (migrated) reconsider(*r, out);
    if (!resource.editing) return;
    out.put(output::AdminReply{*resource.editing, true, text_of(EditRule::granted).name});
    resource.editing.reset();
}

void NodeMachine::tell_hierarchy(std::size_t r, NodeId peer, Outbox& out) {
    StoredHierarchy const& mine = resources_[r].hierarchy;
    if (mine.version == 0 || !members_.connected(peer)) return;
    out.put(output::Send{peer, control::HierarchyIs{mine.group, mine}});
}

}  // namespace sunder::nodes
