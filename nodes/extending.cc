// SPDX-License-Identifier: BSD-3-Clause
//
// A mirror is extended to a server, or to one no more, while the cluster runs (R93, R94). The
// server that joins or leaves goes by it first: one that left can never come in service with what
// is written without it. Then the other targets, which have to name their writes for whoever joins
// (R36), and the owner last. Each stores it before it goes by it, and tells all others; one that
// was down meanwhile is told when it is back.
#include "base/mutant.h"
#include "nodes/node_machine.h"

#include <algorithm>
#include <utility>

namespace sunder::nodes {

using replication::bit_of;

namespace {
/// Out of service, and not on its way.
bool is_out(ResourceState const& state) {
    return std::holds_alternative<resource::OutOfService>(state) ||
           std::holds_alternative<resource::Refused>(state);
}
}  // namespace

PeerMask NodeMachine::peers_of(std::size_t r, PeerMask extended) const {
    PeerMask const self = bit_of(config_->resources[r].self);
    return (extended & self) != 0 ? static_cast<PeerMask>(extended & ~self) : PeerMask{0};
}

bool NodeMachine::is_extended_here(std::size_t r) const {
    return (resources_[r].hierarchy.extended & bit_of(config_->resources[r].self)) != 0;
}

NodeSet NodeMachine::extended_to(std::size_t r) const {
    ResourceConfig const& config = config_->resources[r];
    NodeSet found;
    for (std::uint8_t p = 0; p < config.members.size(); ++p) {
        if ((resources_[r].hierarchy.extended & bit_of(Slot{p})) != 0)
            found.insert(config.members[p]);
    }
    return found;
}

/// An operator is answered that there is nothing to order here.
bool NodeMachine::refuses_unextended(std::optional<std::size_t> r, AdminId admin, Outbox& out) {
    if (!r || is_extended_here(*r)) return false;
    out.put(output::AdminReply{admin, false, text_of(ExtensionRule::not_extended).name});
    return true;
}

ExtensionFacts NodeMachine::extension_facts(std::size_t r, Extension const& edit) const {
    Resource const& resource = resources_[r];
    ResourceConfig const& config = config_->resources[r];
    StoredHierarchy const& now = resource.hierarchy;
    std::optional<Slot> const there = slot_of(r, edit.server);
    ExtensionFacts facts;
    facts.kind = edit.kind;
    facts.has_disk = there.has_value() || edit.kind == Extension::Kind::remove ||
                     edit.kind == Extension::Kind::migrate;
    facts.unmirrored = now.unmirrored;
    facts.shared = config_->shares_disk;
    facts.other_storage = now.is && now.is->has_other_storage();
    facts.extended_anywhere = now.extended != 0;
    facts.extended_there = there && (now.extended & bit_of(*there)) != 0;
    facts.is_here = edit.server == config_->self;
    facts.exported = config.exported;
    facts.serves = serving(r);
    bool const doubtful = resource.decision && resource.decision->answer == Answer::split_brain;
    facts.owner = is_extended_here(r) && resource.report.cell && resource.report.cell->last_owner &&
                  !doubtful;
    bool const all = edit.kind == Extension::Kind::remove;
    facts.serves_there = (facts.serves || !stands_free(r)) && (all || facts.is_here);
    for_each_server(r, [&](Slot slot, NodeId peer) {
        Known const& known = resource.known[slot.value];
        bool const concerned = (now.extended & bit_of(slot)) != 0 || there == slot ||
                               edit.kind == Extension::Kind::create;
        bool const reachable = members_.connected(peer) && members_.audible(peer);
        facts.all_reachable = facts.all_reachable && (reachable || !concerned);
        facts.serves_there = facts.serves_there || (known.in_service && (all || there == slot));
    });
    facts.large_enough = config.large_enough;
    facts.never = there && never_serves(r, *there);
    if (there) {
        std::uint16_t const wanted = edit.priority.value_or(now.priority[there->value]);
        for (std::uint8_t p = 0; p < config.members.size(); ++p) {
            bool const other = Slot{p} != *there && (now.extended & bit_of(Slot{p})) != 0;
            facts.priority_in_use = facts.priority_in_use || (other && now.priority[p] == wanted);
        }
    }
    facts.busy = !(facts.serves || is_out(resource.state)) || !resource.report.cell ||
                 (is_extended_here(r) && !now.created) || resource.report.passing ||
                 resource.extending || resource.editing || resource.ordered ||
                 resource.storing > now.version;
    return facts;
}

void NodeMachine::edit_extension(input::EditExtension const& in, Outbox& out) {
    std::optional<std::size_t> const r = find(in.group);
    ExtensionRule const rule =
        r ? decide_extension(extension_facts(*r, in.edit)) : ExtensionRule::not_the_owner;
    if (rule != ExtensionRule::granted) {
        out.note(note::ExtensionRefused{in.group, in.edit, rule});
        out.put(output::AdminReply{in.request, false, text_of(rule).name});
        return;
    }
    Resource& resource = resources_[*r];
    StoredHierarchy next = next_hierarchy(*r);
    std::optional<Slot> const there = slot_of(*r, in.edit.server);
    PeerMask first = there ? bit_of(*there) : PeerMask{0};
    switch (in.edit.kind) {
        case Extension::Kind::create:
            next.extended = first;
            next.created = false;
            first = replication::all_copies(config_->resources[*r].members.size());
            break;
        case Extension::Kind::extend:
            next.extended |= first;
            if (in.edit.priority) next.priority[there->value] = *in.edit.priority;
            break;
        case Extension::Kind::unextend:
            next.extended &= static_cast<PeerMask>(~first);
            break;
        case Extension::Kind::remove:
            first = next.extended;
            next.extended = 0;
            break;
        case Extension::Kind::migrate:
            next.unmirrored = false;
            first = 0;
            break;
    }
    first &= static_cast<PeerMask>(~bit_of(config_->resources[*r].self));
    resource.extending = {in.request, in.edit, std::move(next), first, 0, true, false};
    if (is_migrating(*r)) return leave(*r, {}, out);
    ask_to_extend(*r, first, out);
    advance_extending(*r, out);
}

void NodeMachine::ask_to_extend(std::size_t r, PeerMask whom, Outbox& out) {
    auto& extending = *resources_[r].extending;
    extending.awaits = whom;
    for_each_server(r, [&](Slot slot, NodeId peer) {
        if ((whom & bit_of(slot)) != 0)
            out.put(output::Send{
                peer, control::AskExtension{config_->resources[r].group, extending.next}});
    });
}

/// Those who join or leave have stored it: now the others, then this node.
void NodeMachine::advance_extending(std::size_t r, Outbox& out) {
    auto& extending = resources_[r].extending;
    if (!extending || extending->awaits != 0) return;
    if (extending->first != 0) {
        auto const rest = static_cast<PeerMask>(peers(r) & ~std::exchange(extending->first, 0));
        ask_to_extend(r, rest, out);
        if (extending->awaits != 0) return;
    }
    store_hierarchy(r, extending->next, out);
}

void NodeMachine::extension_asked(std::size_t r, Slot slot, StoredHierarchy const& next,
                                  Outbox& out) {
    Resource const& resource = resources_[r];
    ResourceConfig const& config = config_->resources[r];
    JoiningFacts facts;
    facts.is_member = is_extended_here(r);
    facts.becomes_member = (next.extended & bit_of(config.self)) != 0;
    facts.rests = is_out(resource.state) && resource.report.cell && !resource.report.open &&
                  !resource.report.passing;
    facts.owner = resource.report.cell && resource.report.cell->last_owner;
    bool const given_up = resource.report.cell && !resource.report.cell->current;
    facts.blank = given_up || mutant(Mutant::unextended_copy_kept);
    facts.large_enough = config.large_enough;
    ExtensionRule rule = decide_joining(facts);
    if (next.is_same_as(resource.hierarchy)) {  // a third server has told it before
        tell_hierarchy(r, config.members[slot.value], out);
        return;
    }
    bool const stores = resource.storing > resource.hierarchy.version;
    if (stores && resource.storing == next.version) return;  // it has, and will be told
    // So has this one, if it is about to; of two that create the mirror none does.
    bool const overtaken = !next.is_later_than(resource.hierarchy) || resource.extending;
    if (rule == ExtensionRule::granted && overtaken) rule = ExtensionRule::change_under_way;
    if (rule == ExtensionRule::granted) {
        store_hierarchy(r, next, out);
        return;
    }
    out.put(output::Send{config.members[slot.value],
                         control::ExtensionRefused{config.group, next.version, rule}});
}

void NodeMachine::extension_refused(std::size_t r, std::uint32_t version, ExtensionRule rule,
                                    Outbox& out) {
    auto& extending = resources_[r].extending;
    if (!extending || extending->next.version != version) return;
    GroupId const group = config_->resources[r].group;
    // Somebody goes by it already: the others will hear of it. But a creation that another server
    // objects to is taken back.
    bool const creates = extending->edit.kind == Extension::Kind::create;
    if (extending->begun && !creates) {
        extending->agreed = false;
        extending->first = 0;
        extending->awaits = 0;
        advance_extending(r, out);
        return;
    }
    out.note(note::ExtensionRefused{group, extending->edit, rule});
    out.put(output::AdminReply{extending->admin, false, text_of(rule).name});
    bool const take_back = extending->begun;
    extending.reset();
    if (take_back) store_hierarchy(r, next_hierarchy(r), out);
}

/// The peer cannot be asked any more. What has left already stays left.
void NodeMachine::extension_unanswered(std::size_t r, Slot slot, Outbox& out) {
    auto& extending = resources_[r].extending;
    if (!extending || (extending->awaits & bit_of(slot)) == 0) return;
    extension_refused(r, extending->next.version, ExtensionRule::server_unreachable, out);
}

bool NodeMachine::heard_of_extension(std::size_t r, Slot slot, ControlMessage const& message,
                                     Outbox& out) {
    if (auto const* is = std::get_if<control::HierarchyIs>(&message)) {
        hierarchy_heard(r, slot, is->stored, out);
    } else if (auto const* ask = std::get_if<control::AskExtension>(&message)) {
        extension_asked(r, slot, ask->next, out);
    } else if (auto const* refused = std::get_if<control::ExtensionRefused>(&message)) {
        extension_refused(r, refused->version, refused->rule, out);
    } else if ((peers(r) & bit_of(slot)) == 0) {
        // It takes this node for what it is not.
        tell_hierarchy(r, config_->resources[r].members[slot.value], out);
    } else {
        return false;
    }
    return true;
}

/// What a peer goes by: what this node asked it to store, or what it should go by itself.
void NodeMachine::hierarchy_heard(std::size_t r, Slot slot, StoredHierarchy const& said,
                                  Outbox& out) {
    auto& extending = resources_[r].extending;
    if (extending && said.is_same_as(extending->next)) {
        extending->begun = true;
        extending->awaits &= static_cast<PeerMask>(~bit_of(slot));
        advance_extending(r, out);
        return;
    }
    if (leaves_out_wrongly(r, said)) return contradict(r, said, out);
    store_hierarchy(r, said, out);
    if (extending && said.version >= extending->next.version)
        extension_refused(r, extending->next.version, ExtensionRule::change_under_way, out);
}

/// It was made by an owner after whom another came in service, or this node has the mirror in
/// service: a deletion that was broken off, and of which nobody here wants to know any more.
bool NodeMachine::leaves_out_wrongly(std::size_t r, StoredHierarchy const& said) const {
    Resource const& resource = resources_[r];
    bool const leaves =
        is_extended_here(r) && (said.extended & bit_of(config_->resources[r].self)) == 0;
    if (!leaves || !resource.report.cell || !said.is_later_than(resource.hierarchy)) return false;
    return !is_out(resource.state) || resource.report.open || said.era < resource.report.cell->era;
}

/// The owner tells everybody what holds; others wait for its word.
void NodeMachine::contradict(std::size_t r, StoredHierarchy const& said, Outbox& out) {
    Resource& resource = resources_[r];
    if (!resource.report.cell->last_owner) return;
    resource.versions = std::max(resource.versions, said.version);
    store_hierarchy(r, next_hierarchy(r), out);
}

/// At a boot: what the group cannot know by itself.
void NodeMachine::tell_group_extent(std::size_t r, Outbox& out) {
    StoredHierarchy const& known = resources_[r].hierarchy;
    if (known.extended == replication::all_copies(config_->resources[r].members.size())) return;
    out.put(output::GroupCommand{known.group, replication::command::Extend{known.extended, true}});
}

void NodeMachine::extension_changed(std::size_t r, PeerMask was_extended, bool agreed,
                                    Outbox& out) {
    Resource& resource = resources_[r];
    GroupId const group = config_->resources[r].group;
    PeerMask const before = peers_of(r, was_extended);
    PeerMask const now = peers(r);
    if (((was_extended ^ resource.hierarchy.extended) & bit_of(config_->resources[r].self)) != 0) {
        resource.decision.reset();
        resource.switched_back = true;  // R72: who has never had it has nothing to take back
    }
    if (!is_extended_here(r)) {
        resource.taken_out = false;
        resource.taken_out_at = 0;
        if (std::holds_alternative<resource::Refused>(resource.state))
            resource.state = resource::OutOfService{};
    }
    out.put(output::GroupCommand{
        group, replication::command::Extend{resource.hierarchy.extended, agreed}});
    for_each_server(r, [&](Slot slot, NodeId peer) {
        bool const was = (before & bit_of(slot)) != 0;
        bool const is = (now & bit_of(slot)) != 0;
        if (was == is) return;
        resource.known[slot.value] = Known{};
        resource.split_noted[slot.value] = false;
        resource.told_dead[slot.value] = false;
        resource.outdated_for[slot.value] = Generation{};
        resource.era_asked[slot.value] = Era{};
        resource.taken_out_at &= static_cast<std::uint8_t>(~bit_of(slot));
        if (was) peer_left(r, slot, out);
        if (!is) return;
        // What it said before this node took it for a peer was not listened to.
        if (members_.connected(peer)) out.put(output::Send{peer, control::SayAgain{group}});
        meet(r, slot, out);
    });
    create_if_alone(r, out);
    reconsider(r, out);
}

bool NodeMachine::is_migrating(std::size_t r) const {
    auto const& extending = resources_[r].extending;
    return extending && extending->edit.kind == Extension::Kind::migrate;
}

/// The disk is at rest: nothing has it mounted.
void NodeMachine::advance_migration(std::size_t r, Outbox& out) {
    Resource const& resource = resources_[r];
    bool const begun = resource.storing >= resource.extending->next.version;
    if (is_out(resource.state) && !begun) store_hierarchy(r, resource.extending->next, out);
}

/// Unless it is being stored, and will be heard of.
void NodeMachine::give_up_migration(std::size_t r, ExtensionRule rule, Outbox& out) {
    Resource const& resource = resources_[r];
    if (!is_migrating(r) || resource.storing >= resource.extending->next.version) return;
    extension_refused(r, resource.extending->next.version, rule, out);
}

/// R91: the only server of a mirror that was not there before begins it. A copy of one that was,
/// and that is blank, stays so: its disk is another one (FLT-4).
bool NodeMachine::is_to_be_created(std::size_t r) const {
    Resource const& resource = resources_[r];
    bool const alone = resource.hierarchy.extended == bit_of(config_->resources[r].self);
    bool const fresh = !resource.hierarchy.created || mutant(Mutant::created_anew);
    return fresh && alone && resource.report.cell && !resource.report.cell->current;
}

void NodeMachine::create_if_alone(std::size_t r, Outbox& out) {
    if (!is_to_be_created(r) || resources_[r].report.passing) return;
    out.put(output::GroupCommand{config_->resources[r].group, replication::command::Create{}});
}

/// It is there from now on. Stable before anything is served, with what stands on the mirror, which
/// does not lie on the disk of the copy.
void NodeMachine::record_creation(std::size_t r, Outbox& out) {
    Resource& resource = resources_[r];
    bool const made = is_extended_here(r) && resource.report.cell && resource.report.cell->current;
    if (resource.hierarchy.created || !made || resource.recording) return;
    resource.recording = true;
    StoredHierarchy now = resource.hierarchy;
    now.created = true;
    store_hierarchy(r, std::move(now), out);
}

/// Of what stands on the mirror, where it is extended to, and a change of either; 0 for a mirror
/// that is bare and was never changed.
Fingerprint NodeMachine::fingerprint_of_changes(std::size_t r) const {
    Resource const& resource = resources_[r];
    if (!resource.hierarchy.is && resource.hierarchy.version == 0 && !resource.extending) return 0;
    Hasher hasher;
    hasher.add(hash_words(resource.hierarchy.fingerprint(), resource.storing,
                          std::uint64_t{resource.editing.has_value()} | resource.recording * 2ULL));
    if (auto const& extending = resource.extending) {
        hasher.add(
            hash_words(extending->next.fingerprint(), extending->first, extending->awaits,
                       std::uint64_t{extending->agreed} | std::uint64_t{extending->begun} << 1));
    }
    return hasher.result();
}

}  // namespace sunder::nodes
