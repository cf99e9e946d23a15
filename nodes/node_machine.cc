// SPDX-License-Identifier: BSD-3-Clause
//
// What a node knows: peers on their paths, claims of their copies, reports of its own groups.
#include "nodes/node_machine.h"

#include "base/verify.h"

#include <algorithm>

namespace sunder::nodes {

NodeMachine::NodeMachine(std::shared_ptr<NodeConfig const> config)
    : config_(std::move(config)), members_(config_), resources_(config_->resources.size()) {
    for (std::size_t r = 0; r < resources_.size(); ++r) {
        ResourceConfig const& resource = config_->resources[r];
        StoredHierarchy& stored = resources_[r].hierarchy;
        stored.group = resource.group;
        stored.is = resource.hierarchy;
        stored.unmirrored = resource.unmirrored;
        stored.extended = resource.extended & replication::all_copies(resource.members.size());
        // Where its file extends it to, its copies begin by themselves.
        stored.created = stored.extended != 0;
        std::ranges::copy(resource.priority, stored.priority.begin());
        resources_[r].above.up = !resource.hierarchy;
    }
}

void NodeMachine::step(Input const& input, Outbox& out) noexcept {
    struct Step {
        NodeMachine& node;
        Outbox& out;
        void operator()(input::StandDown const&) const { node.stands_down_ = true; }
        void operator()(input::NoOtherServer const&) const { node.no_other_server(out); }
        void operator()(input::Started const& in) const {
            node.continues_ = in.continues;
            for (StoredHierarchy const& stored : in.changed) {
                node.resources_[*node.find(stored.group)].hierarchy = stored;
            }
            for (std::size_t r = 0; r < node.resources_.size(); ++r) node.tell_group_extent(r, out);
            for (NodeId const peer : node.config_->peers)
                out.put(output::Watch{peer, network_path});
            if (node.config_->quorum.mode == QuorumMode::storage) {
                out.put(output::Watch{node.config_->self, storage_path});
                for (NodeId const peer : node.config_->peers)
                    out.put(output::Watch{peer, storage_path});
            }
            if (!node.config_->peers.empty()) out.put(output::ArmBootWait{});
        }
        void operator()(input::PeerHeard const& in) const { node.peer_heard(in, out); }
        void operator()(input::PeerSilent const& in) const { node.peer_silent(in, out); }
        void operator()(input::ConnectionUp const& in) const { node.connected(in.peer, true, out); }
        void operator()(input::ConnectionDown const& in) const {
            node.connected(in.peer, false, out);
        }
        void operator()(input::MessageArrived const& in) const { node.message(in, out); }
        void operator()(input::GroupReported const& in) const {
            auto const r = node.find(in.group);
            VERIFY(r.has_value());
            node.reported(*r, in.report, out);
        }
        void operator()(input::HierarchyReported const& in) const {
            auto const r = node.find(in.group);
            VERIFY(r.has_value());
            node.hierarchy_reported(*r, in.report, out);
        }
        void operator()(input::EditHierarchy const& in) const { node.edit_hierarchy(in, out); }
        void operator()(input::EditExtension const& in) const { node.edit_extension(in, out); }
        void operator()(input::HierarchyStored const& in) const {
            node.hierarchy_stored(in.stored, out);
        }
        void operator()(input::BootWaitOver const&) const {
            node.members_.boot_wait_over();
            node.reconsider_all(out);
        }
        void operator()(input::ConfirmationOver const& in) const {
            node.confirmation_over(in, out);
        }
        void operator()(input::ShotDue const& in) const { node.shot_due(in, out); }
        void operator()(input::Fenced const& in) const { node.fenced(in, out); }
        void operator()(input::PeerUnreachable const& in) const {
            if (!node.members_.unreachable(in.peer)) return;
            out.note(note::PeerUnreachable{in.peer});
            node.members_changed(out);
        }
        void operator()(input::ConfirmFailover const& in) const { node.confirm_failover(in, out); }
        void operator()(input::ForceOnline const& in) const { node.force_online(in, out); }
        void operator()(input::SwitchOver const& in) const { node.switch_over(in, out); }
        void operator()(input::Ordered const& in) const { node.order(in, out); }
        void operator()(input::ResolveSplitBrain const& in) const {
            node.resolve_split_brain(in, out);
        }
        void operator()(input::EraWaitOver const& in) const { node.era_wait_over(in, out); }
    };
    std::visit(Step{*this, out}, input);
    stand_down(out);
}

std::optional<std::size_t> NodeMachine::find(GroupId group) const {
    for (std::size_t r = 0; r < config_->resources.size(); ++r) {
        if (config_->resources[r].group == group) return r;
    }
    return std::nullopt;
}

std::optional<Slot> NodeMachine::slot_of(std::size_t r, NodeId node) const {
    auto const& members = config_->resources[r].members;
    auto const found = std::ranges::find(members, node);
    if (found == members.end()) return std::nullopt;
    return Slot{static_cast<std::uint8_t>(found - members.begin())};
}

void NodeMachine::peer_heard(input::PeerHeard const& in, Outbox& out) {
    if (!members_.heard(in.peer, in.path)) return;
    if (in.path == network_path) {
        out.note(note::PeerSeen{in.peer});
        // One that never lost this node, on a connection that held, has no reason to repeat its
        // claims.
        for (ResourceConfig const& resource : config_->resources) {
            bool const shared =
                std::ranges::find(resource.members, in.peer) != resource.members.end();
            if (shared && members_.connected(in.peer))
                out.put(output::Send{in.peer, control::SayAgain{resource.group}});
        }
    }
    members_changed(out);
}

void NodeMachine::peer_silent(input::PeerSilent const& in, Outbox& out) {
    if (!members_.silent(in.peer, in.path)) return;
    if (in.path == network_path) {
        out.note(note::PeerLost{in.peer});
        for (std::size_t r = 0; r < resources_.size(); ++r) {
            std::optional<Slot> const slot = slot_of(r, in.peer);
            if (!slot) continue;
            resources_[r].known[slot->value] = Known{};
            resources_[r].followed[slot->value] = false;
            resources_[r].led[slot->value].reset();
            resources_[r].told_dead[slot->value] = false;
            out.put(output::GroupCommand{config_->resources[r].group,
                                         replication::command::PeerGone{*slot}});
            peer_left(r, *slot, out);
        }
    }
    members_changed(out);
}

void NodeMachine::connected(NodeId peer, bool up, Outbox& out) {
    bool const replaced = up && members_.connected(peer);
    members_.connected(peer, up);
    if (up) tell_whom_it_hears(peer, out);
    for (std::size_t r = 0; r < resources_.size(); ++r) {
        std::optional<Slot> const slot = slot_of(r, peer);
        if (!slot) continue;
        // What was said on another connection may be out of date by now.
        resources_[r].known[slot->value] = Known{};
        resources_[r].split_noted[slot->value] = false;
        if (up) {
            // What was asked on the connection before this one may never have arrived.
            bool const asked = std::holds_alternative<resource::TakingOver>(resources_[r].state) ||
                               resources_[r].extending.has_value();
            if (replaced && asked) peer_left(r, *slot, out);
            tell_hierarchy(r, peer, out);
            meet(r, *slot, out);
        } else {
            peer_left(r, *slot, out);
        }
    }
    if (up) reconsider_all(out);
}

/// Tells a peer that can be talked to from now on what concerns it.
void NodeMachine::meet(std::size_t r, Slot slot, Outbox& out) {
    NodeId const peer = config_->resources[r].members[slot.value];
    if ((peers(r) & replication::bit_of(slot)) == 0 || !members_.connected(peer)) return;
    ask_for_era(r, slot, out);
    claim_to(r, peer, out);
    tell_outdated(r, out);
    find_successor(r, out);
}

void NodeMachine::message(input::MessageArrived const& in, Outbox& out) {
    if (auto const* said = std::get_if<control::Hears>(&in.message)) {
        if (members_.says_it_hears(in.peer, said->whom)) reconsider_all(out);
        return;
    }
    GroupId const group = group_of(in.message);
    std::optional<std::size_t> const r = find(group);
    std::optional<Slot> const slot = r ? slot_of(*r, in.peer) : std::nullopt;
    if (!slot) return;  // a mirror that this node has no copy of
    if (heard_of_extension(*r, *slot, in.message, out)) return;
    struct Hear {
        NodeMachine& node;
        std::size_t r;
        Slot slot;
        NodeId peer;
        Outbox& out;
        void operator()(control::Hears const&) const {}  // of no mirror
        void operator()(control::Claim const& said) const { node.claimed(r, slot, said, out); }
        // Heard before, also from who is no peer.
        void operator()(control::HierarchyIs const&) const {}
        void operator()(control::AskExtension const&) const {}
        void operator()(control::ExtensionRefused const&) const {}
        void operator()(control::SayAgain const&) const { node.claim_to(r, peer, out); }
        void operator()(control::RaiseEra const& said) const {
            node.era_raised(r, slot, said.era, out);
        }
        void operator()(control::EraStored const& said) const {
            node.era_stored(r, slot, said.era, out);
        }
        void operator()(control::YouAreOutdated const& said) const {
            node.resources_[r].outdated_for[slot.value] = said.by;
            out.put(output::GroupCommand{said.group, replication::command::MarkOutdated{said.by}});
            node.answer_outdated(r, out);
            // Whose target it is, if that is another, has to hear of it, and overrules it if it
            // serves: of two that have parted this copy follows that one.
            replication::Report const& report = node.resources_[r].report;
            bool const follows = report.source && *report.source != slot && report.cell &&
                                 !report.cell->has_gone_past(said.by.id);
            if (!follows) return;
            out.put(
                output::GroupCommand{said.group, replication::command::PeerGone{*report.source}});
        }
        void operator()(control::OutdatedStored const& said) const {
            out.put(output::GroupCommand{said.group,
                                         replication::command::PeerKnowsOutdated{slot, said.by}});
        }
        void operator()(control::Concede const&) const { node.concede_asked(r, slot, out); }
        void operator()(control::ConcedeAnswered const& said) const {
            node.concede_answered(r, slot, said.granted, out);
        }
        void operator()(control::TakeOver const&) const { node.asked_to_take_over(r, slot, out); }
        void operator()(control::TakeOverRefused const&) const {
            node.nobody_takes_over(r, slot, out);
        }
        void operator()(control::SwitchBack const&) const { node.give_up_unasked(r, out); }
        void operator()(control::GiveUp const&) const { node.give_up(r, slot, out); }
        void operator()(control::GiveUpRefused const& said) const {
            auto* taking = std::get_if<resource::TakingOver>(&node.resources_[r].state);
            if (taking == nullptr || taking->source != slot) return;
            std::optional<AdminId> const admin = taking->admin;
            node.resources_[r].state = resource::OutOfService{};
            out.note(note::SwitchoverRefused{said.group, said.rule});
            if (admin) out.put(output::AdminReply{*admin, false, text_of(said.rule).name});
            node.claim(r, out);
            node.reconsider(r, out);
        }
    };
    std::visit(Hear{*this, *r, *slot, in.peer, out}, in.message);
}

void NodeMachine::claimed(std::size_t r, Slot slot, control::Claim const& said, Outbox& out) {
    Resource& resource = resources_[r];
    Known& known = resource.known[slot.value];
    hear_taken_out(r, slot, said);
    known.cell = said.cell;
    known.in_service = said.in_service;
    if (said.in_service) resource.gave_back = false;
    known.taking_over = said.taking_over;
    known.conceding = said.conceding;
    known.fit = said.fit;
    known.source = said.source;
    bool const leads = said.in_service || said.cell->last_owner;
    bool const about_to = said.taking_over || said.conceding;
    resource.followed[slot.value] = !leads && !about_to;
    resource.led[slot.value] = leads && !about_to ? std::optional(said.cell->era) : std::nullopt;
    hear_left_behind(r, said, out);
    check_two_sources(r, slot, out);
    switch_back(r, slot, out);
    // What this one says of itself may decide about an era that a third has accepted from it.
    for_each_peer(r, [&](Slot other, NodeId) { outbid(r, other, out); });
    // Of two that come in service at once the later era does; the group knows how far it has come.
    if (auto const* promoting = std::get_if<resource::Promoting>(&resource.state);
        promoting != nullptr && said.in_service && said.cell->era > promoting->era) {
        out.put(output::GroupCommand{config_->resources[r].group,
                                     replication::command::RaiseEra{said.cell->era}});
    }
    if (auto* taking = std::get_if<resource::TakingOver>(&resource.state);
        taking != nullptr && taking->source == slot && !said.in_service &&
        said.cell->role == replication::Role::target) {
        promote(r, {.handed_over = true, .admin = taking->admin}, out);
        return;
    }
    reconsider(r, out);
}

/// The peer has accepted the era of a third node, which never came in service or is gone; this one
/// serves, and raises its own above it.
void NodeMachine::outbid(std::size_t r, Slot slot, Outbox& out) {
    Resource const& resource = resources_[r];
    Known const& known = resource.known[slot.value];
    bool const serves = std::holds_alternative<resource::Serving>(resource.state);
    if (!serves || !known.cell || !(known.cell->era > resource.report.cell->era)) return;
    // Whose target it is leads it. Two that cannot hear each other would take it from each other
    // for ever.
    if (known.source && *known.source != config_->resources[r].self) return;
    NodeId const third = known.cell->era.node;
    if (third == config_->self || third == config_->resources[r].members[slot.value]) return;
    std::optional<Slot> const place = slot_of(r, third);
    bool const lives = place && members_.lives(third);
    if (lives && may_have_led(r, third)) return;  // one of the two will step down
    Era const raised{known.cell->era.number + 1, config_->self};
    if (!(raised > resource.raised)) return;
    resources_[r].raised = raised;
    out.put(
        output::GroupCommand{config_->resources[r].group, replication::command::RaiseEra{raised}});
}

/// A third copy holds later data. The source that left this one behind may never come to say so.
void NodeMachine::hear_left_behind(std::size_t r, control::Claim const& said, Outbox& out) {
    Resource const& resource = resources_[r];
    bool const third = config_->resources[r].members.size() > 2 && !said.cell->last_owner;
    bool const whole = said.cell->data != replication::DataState::inconsistent;
    // What it has from a source that it follows, that one answers for; of two that have parted the
    // targets would make one another outdated for ever.
    bool const follows = resource.report.source.has_value();
    if (!third || !whole || !resource.report.cell || resource.report.open || follows) return;
    replication::PeerRecord const& record = said.cell->peers[config_->resources[r].self.value];
    if (!record.base || record.may_be_current) return;
    out.put(output::GroupCommand{config_->resources[r].group,
                                 replication::command::MarkOutdated{said.cell->current}});
}

control::Claim NodeMachine::present(std::size_t r) const {
    Resource const& resource = resources_[r];
    auto const* conceding = std::get_if<resource::Conceding>(&resource.state);
    control::Claim claim;
    claim.group = config_->resources[r].group;
    claim.cell = resource.report.cell;
    claim.taking_over = std::holds_alternative<resource::Promoting>(resource.state) ||
                        std::holds_alternative<resource::TakingOver>(resource.state);
    claim.conceding = conceding != nullptr;
    claim.taken_out = resource.taken_out;
    if (config_->resources[r].members.size() > 2 && claim.cell) {
        claim.source = resource.report.source;
        // Who may not, whatever it holds, does not keep the next one from it (R53).
        bool const barred = waits_at_gate(r) && (resource.gate == GateRule::fencing_failed ||
                                                 resource.gate == GateRule::failover_blocked ||
                                                 resource.gate == GateRule::no_quorum);
        claim.fit = std::holds_alternative<resource::OutOfService>(resource.state) &&
                    own_copy(r) == InServiceFacts::Copy::in_sync && !barred &&
                    !never_serves(r, config_->resources[r].self);
    }
    claim.in_service = resource.report.open ||
                       std::holds_alternative<resource::Leaving>(resource.state) ||
                       (conceding != nullptr && conceding->served);
    return claim;
}

void NodeMachine::claim_to(std::size_t r, NodeId peer, Outbox& out) {
    control::Claim const now = present(r);
    if (now.cell && members_.connected(peer)) out.put(output::Send{peer, now});
}

/// False when there is something to tell; that a copy is being written is not.
bool NodeMachine::told_all(std::size_t r) const {
    control::Claim const now = present(r);
    control::Claim const& told = resources_[r].told;
    bool const same = told.in_service == now.in_service && told.taking_over == now.taking_over &&
                      told.conceding == now.conceding && told.taken_out == now.taken_out &&
                      told.fit == now.fit && told.source == now.source;
    if (!same || !told.cell || !now.cell) return same && told.cell == now.cell;
    if (told.cell == now.cell) return true;
    Cell cell = *now.cell;
    cell.applying = told.cell->applying;
    return cell == *told.cell;
}

void NodeMachine::claim(std::size_t r, Outbox& out) {
    control::Claim const now = present(r);
    if (!now.cell || told_all(r)) return;
    resources_[r].told = now;
    for_each_peer(r, [&](Slot, NodeId peer) { claim_to(r, peer, out); });
}

/// Tells peers that writes were, or are about to be, acknowledged without them. The last owner does
/// so in whatever state it is: it may never come in service, and then nobody else would (SAF-1). A
/// copy that is not last owner says nothing: what it once had on record of a peer may be long
/// overtaken by what that peer has become.
void NodeMachine::tell_outdated(std::size_t r, Outbox& out) {
    Resource& resource = resources_[r];
    if (!resource.report.cell || !resource.report.cell->last_owner) return;
    for_each_peer(r, [&](Slot slot, NodeId peer) {
        Known& known = resource.known[slot.value];
        bool const awaited = (resource.report.unrecorded & replication::bit_of(slot)) != 0;
        Generation const by = awaited ? resource.report.next : resource.report.cell->current;
        if (!goes_on_without(r, slot) || known.told_outdated == by || !members_.connected(peer))
            return;
        known.told_outdated = by;
        out.put(output::Send{peer, control::YouAreOutdated{config_->resources[r].group, by}});
    });
}

/// A copy that follows a source again is judged by what it is then, not by a promotion that its
/// disk refused in another time.
void NodeMachine::forget_refusal(std::size_t r) {
    Resource& resource = resources_[r];
    if (!std::holds_alternative<resource::Refused>(resource.state)) return;
    bool follows = false;
    for_each_peer(r, [&](Slot slot, NodeId) {
        follows = follows || resource.report.legs[slot.value] >= replication::LegState::resyncing;
    });
    if (!follows || resource.report.open || resource.report.passing) return;
    resource.state = resource::OutOfService{};
    resource.decision.reset();
}

/// "p has said so and stored it": the answer waits for the stable cell. Several may ask: the last
/// owner, and whoever was it before and has just returned.
void NodeMachine::answer_outdated(std::size_t r, Outbox& out) {
    Resource& resource = resources_[r];
    if (!resource.report.cell) return;
    Cell const& cell = *resource.report.cell;
    bool const stored = cell.data == replication::DataState::outdated ||
                        cell.data == replication::DataState::inconsistent;
    if (!stored) return;
    GroupId const group = config_->resources[r].group;
    for_each_peer(r, [&](Slot slot, NodeId asker) {
        Generation& by = resource.outdated_for[slot.value];
        if (by == Generation{} || cell.descends_from(by.id)) return;
        if (members_.connected(asker))
            out.put(output::Send{asker, control::OutdatedStored{group, by}});
        by = {};
    });
}

void NodeMachine::reported(std::size_t r, replication::Report const& report, Outbox& out) {
    Resource& resource = resources_[r];
    GroupId const group = config_->resources[r].group;
    // A group that closes by itself takes the disk from under what stands on it.
    bool const closed = resource.report.open && !report.open;
    bool const left = resource.report.source && !report.source;
    resource.report = report;
    // Now nobody answers for this copy, and what others have said of it counts.
    for_each_peer(r, [&](Slot slot, NodeId) {
        if (left && resource.known[slot.value].cell) {
            hear_left_behind(r, {.group = group, .cell = resource.known[slot.value].cell}, out);
        }
    });
    if (closed && !stands_free(r)) lower(r, true, out);
    forget_refusal(r);
    create_if_alone(r, out);
    record_creation(r, out);
    for_each_peer(r, [&](Slot slot, NodeId asker) {
        Era& asked = resource.era_asked[slot.value];
        if (asked == Era{} || report.cell->era < asked) return;
        if (members_.connected(asker))
            out.put(output::Send{asker, control::EraStored{group, asked}});
        asked = Era{};
    });
    answer_outdated(r, out);
    if (auto const* promoting = std::get_if<resource::Promoting>(&resource.state)) {
        if (report.open) {
            out.note(note::CameInService{group, report.cell->era, promoting->forced});
            if (promoting->admin) out.put(output::AdminReply{*promoting->admin, true, "granted"});
            resource.state = resource::Serving{};
            resource.switched_back = true;  // what it has had it does not find elsewhere
            resource.gave_back = false;
            continues_ = false;  // from here on it is like any other
            raise(r, true, out);
            if (!has_quorum(members_.quorum())) leave_without_quorum(r, out);
        } else if (report.refused == promoting->era) {
            promotion_refused(r, out);
        }
    } else if (auto const* leaving = std::get_if<resource::Leaving>(&resource.state)) {
        if (leaving->for_peer && report.stayed != leaving->stayed) {
            stayed_in_service(r, *leaving->for_peer, out);
        } else if (!report.open && !report.passing) {
            out.note(note::LeftService{group});
            if (leaving->admin) out.put(output::AdminReply{*leaving->admin, true, "granted"});
            resource.state = resource::OutOfService{};
        }
    } else if (auto const* conceding = std::get_if<resource::Conceding>(&resource.state)) {
        if (report.conceded != conceding->conceded && !report.passing) conceded(r, out);
    } else if (std::holds_alternative<resource::Serving>(resource.state) && !report.open) {
        resource.state = resource::Leaving{};  // its group has conceded by itself
    }
    if (resource.ordered && report.obeyed != resource.ordered->obeyed) {
        OrderRule const rule = report.order_failed ? OrderRule::in_transition : OrderRule::granted;
        out.put(
            output::AdminReply{resource.ordered->admin, !report.order_failed, text_of(rule).name});
        resource.ordered.reset();
    }
    for_each_peer(r, [&](Slot slot, NodeId) { outbid(r, slot, out); });
    for_each_peer(r, [&](Slot slot, NodeId peer) {
        bool const split = report.split[slot.value];
        if (split && !resource.split_noted[slot.value]) out.note(note::SplitBrain{group, peer});
        resource.split_noted[slot.value] = split;
        check_two_sources(r, slot, out);
    });
    claim(r, out);
    tell_outdated(r, out);
    find_successor(r, out);
    fence_who_may_promote(r, out);
    reconsider(r, out);
}

}  // namespace sunder::nodes
