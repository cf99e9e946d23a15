// SPDX-License-Identifier: BSD-3-Clause
//
// Resources come in and go out of service: the facts of the decisions, and what their answers
// start.
#include "base/mutant.h"
#include "base/verify.h"
#include "nodes/node_machine.h"
#include "nodes/overtaken.h"

#include <algorithm>

namespace sunder::nodes {

using replication::Kinship;

namespace {

/// The mirror is extended to this node alone, by its own word as the last source: whoever left has
/// stored that first, and would have contradicted it if it had taken over (R93). So there is nobody
/// left who may have (R29).
bool took_all_others_out(StoredHierarchy const& stored, Cell const& cell,
                         ResourceConfig const& at) {
    NodeId const self = at.members[at.self.value];
    return stored.extended == replication::bit_of(at.self) && stored.version != 0 &&
           stored.era == cell.era && cell.era.node == self;
}

}  // namespace

/// The later of two eras belongs to the node that it names, whoever has stored it first: a
/// promotion that has begun asks the others to accept its era before it takes effect.
bool NodeMachine::has_later_era(Era mine, Era theirs, NodeId peer) const {
    Era const later = std::max(mine, theirs);
    if (later.node == config_->self) return true;
    return later.node != peer && mine > theirs;
}

InServiceFacts::Later NodeMachine::later(std::size_t r, Slot peer) const {
    Resource const& resource = resources_[r];
    Cell const& mine = *resource.report.cell;
    Cell const& theirs = *resource.known[peer.value].cell;
    replication::Relation const relation =
        replication::relate(mine, config_->resources[r].self, theirs, peer);
    switch (relation.kinship) {
        case Kinship::same:
            // Of two that once owned the same data, the one with the later era was the last owner;
            // an era that both have accepted belongs to the node that it names.
            if (!mine.last_owner || !theirs.last_owner) return InServiceFacts::Later::neither;
            return has_later_era(mine.era, theirs.era, config_->resources[r].members[peer.value])
                       ? InServiceFacts::Later::self
                       : InServiceFacts::Later::peer;
        case Kinship::self_later:
            if (relation.forced && theirs.last_owner) return InServiceFacts::Later::diverged;
            return InServiceFacts::Later::self;
        case Kinship::peer_later:
            if (relation.forced && mine.last_owner) return InServiceFacts::Later::diverged;
            return InServiceFacts::Later::peer;
        case Kinship::peer_blank:
            return InServiceFacts::Later::self;
        case Kinship::self_blank:
            return InServiceFacts::Later::peer;
        case Kinship::diverged:
        case Kinship::unrelated:
            break;
    }
    return InServiceFacts::Later::diverged;
}

/// What the own copy is worth. In sync with a source means nothing once another may have been
/// promoted.
InServiceFacts::Copy NodeMachine::own_copy(std::size_t r) const {
    using Copy = InServiceFacts::Copy;
    replication::Report const& report = resources_[r].report;
    switch (report.copy) {
        case replication::CopyState::in_sync: {
            // One that it was asked to store counts before it is stored: its own store may hang.
            Era era = report.cell->era;
            for (Era const asked : resources_[r].era_asked) {
                if (!mutant(Mutant::asked_era_forgotten)) era = std::max(era, asked);
            }
            bool const doubtful = era > report.watched && may_have_led(r, era.node);
            return doubtful ? Copy::not_watched : Copy::in_sync;
        }
        case replication::CopyState::not_watched:
            return Copy::not_watched;
        case replication::CopyState::paused:
            return Copy::paused;
        case replication::CopyState::outdated:
            return Copy::outdated;
        case replication::CopyState::inconsistent:
            return report.cell->current ? Copy::inconsistent : Copy::blank;
    }
    return Copy::inconsistent;
}

InServiceFacts NodeMachine::facts(std::size_t r, bool forced) const {
    Resource const& resource = resources_[r];
    InServiceFacts facts;
    facts.forced = forced;
    facts.taken_out = resource.taken_out || resource.taken_out_at != 0;
    facts.last_owner = resource.report.cell->last_owner;
    facts.data_corrupt =
        resource.report.cell->data_corrupt &&
        !took_all_others_out(resource.hierarchy, *resource.report.cell, config_->resources[r]);
    facts.copy = own_copy(r);
    facts.guarded = config_->guarded;
    facts.fenced = config_->fencing;  // the gate sees to it
    facts.continues = continues_;
    facts.never = never_serves(r, config_->resources[r].self);
    boost::container::small_vector<PeerFacts, 2> peers;
    for_each_peer(r, [&](Slot slot, NodeId) {
        PeerFacts const peer = peer_facts(r, slot);
        bool const silent = peer.contact == InServiceFacts::Contact::watched_die ||
                            peer.contact == InServiceFacts::Contact::booted_alone;
        // A target for ever has not taken over while nobody heard it.
        if (!silent || !never_serves(r, slot)) peers.push_back(peer);
    });
    return outlook(facts, peers);
}

PeerFacts NodeMachine::peer_facts(std::size_t r, Slot slot) const {
    using Contact = InServiceFacts::Contact;
    Resource const& resource = resources_[r];
    ResourceConfig const& config = config_->resources[r];
    Known const& known = resource.known[slot.value];
    Cell const& mine = *resource.report.cell;
    PeerFacts facts;
    facts.source = resource.report.watched_with == slot;
    facts.left_behind = is_left_behind(r, slot);
    NodeId const peer = config.members[slot.value];
    facts.contact = members_.contact(peer);
    // Nobody waits for a word that cannot come, except of one that may be the source.
    if (members_.mute(peer) && follows_unasked(r, slot)) facts.contact = Contact::watched_die;
    if (facts.contact != Contact::reachable) return facts;
    // It has not said what it will be.
    if (!known.cell || known.taking_over || known.conceding) return facts;
    facts.later = later(r, slot);
    // It has not heard yet that another took over from it, of whose copy this one has everything;
    // it may have stored the era of this one's own promotion meanwhile. Had it led again, what it
    // acknowledged without this copy would be a generation that this one lacks (G20).
    bool const overtaken = own_copy(r) == InServiceFacts::Copy::in_sync &&
                           is_overtaken(known.cell->era, peer, resource.report.watched) &&
                           (facts.later == InServiceFacts::Later::neither ||
                            facts.later == InServiceFacts::Later::self);
    bool const owner = known.cell->last_owner && !overtaken;
    facts.peer = known.in_service ? InServiceFacts::Peer::in_service
                 : owner          ? InServiceFacts::Peer::last_owner
                                  : InServiceFacts::Peer::not_owner;
    Era const era = known.cell->era;
    facts.heard_of_other = era > mine.era && era.node != peer && may_have_led(r, era.node);
    bool const candidate = known.fit && facts.later != InServiceFacts::Later::self;
    facts.goes_first = candidate && goes_before(this->candidate(r, slot),
                                                this->candidate(r, config.self), config_->guarded);
    return facts;
}

Candidate NodeMachine::candidate(std::size_t r, Slot slot) const {
    Resource const& resource = resources_[r];
    std::optional<Slot> const source = resource.report.watched_with;
    PeerMask const lagging =
        source ? config_->resources[r].asynchronous[source->value] : PeerMask{0};
    return {resource.hierarchy.priority[slot.value], (lagging & replication::bit_of(slot)) == 0};
}

/// False when the node can be asked, and was not promoted.
bool NodeMachine::may_have_led(std::size_t r, NodeId node) const {
    if (node == config_->self) return false;
    std::optional<Slot> const slot = slot_of(r, node);
    if (!slot) return true;
    Known const& known = resources_[r].known[slot->value];
    bool const asked = members_.audible(node) && known.cell && !known.taking_over;
    return !asked || known.in_service || known.cell->last_owner;
}

/// What a peer that cannot be asked any more said last leaves no doubt: it neither led nor was
/// about to, or this copy has been the target of a later source since.
bool NodeMachine::follows_unasked(std::size_t r, Slot slot) const {
    Resource const& resource = resources_[r];
    std::optional<Era> const led = resource.led[slot.value];
    return resource.followed[slot.value] || (led && *led < resource.report.watched);
}

/// True when this node has it on record that the peer misses acknowledged writes. What others say
/// of it may be old: the peer may have caught up since.
bool NodeMachine::is_left_behind(std::size_t r, Slot slot) const {
    replication::PeerRecord const& record = resources_[r].report.cell->peers[slot.value];
    return record.base && !record.may_be_current;
}

/// The same, or the own group will have it on record once the peer cannot promote.
bool NodeMachine::goes_on_without(std::size_t r, Slot slot) const {
    bool const awaited = (resources_[r].report.unrecorded & replication::bit_of(slot)) != 0;
    return awaited || is_left_behind(r, slot);
}

void NodeMachine::reconsider_all(Outbox& out) {
    for (std::size_t r = 0; r < resources_.size(); ++r) {
        fence_who_may_promote(r, out);
        reconsider(r, out);
    }
}

/// Asks the in-service decision again; what it answers is started, and noted when it is news.
void NodeMachine::reconsider(std::size_t r, Outbox& out) {
    Resource& resource = resources_[r];
    if (!resource.report.cell || stands_down_) return;
    if (!is_extended_here(r)) {
        if (serving(r)) leave(r, {.regardless = true}, out);
        return;
    }
    // Nobody serves a mirror before it is stable that it is there.
    bool const alone =
        resource.hierarchy.extended == replication::bit_of(config_->resources[r].self);
    bool const begins = alone && !resource.report.cell->current &&
                        resource.report.copy != replication::CopyState::inconsistent;
    if (begins || is_to_be_created(r) || !resource.hierarchy.created) return;
    if (is_migrating(r)) return advance_migration(r, out);
    // A promotion that waits for others is dropped when its reason is gone, and then decided again.
    if (std::holds_alternative<resource::Promoting>(resource.state)) advance_promotion(r, out);
    if (resource.report.passing) return;
    if (!std::holds_alternative<resource::OutOfService>(resource.state)) return;
    InServiceFacts const asked = facts(r, false);
    // Another went on from where this disk stopped, whether or not it is heard afterwards.
    bool const overtaken = asked.contact == InServiceFacts::Contact::reachable &&
                           (asked.later == InServiceFacts::Later::peer ||
                            asked.later == InServiceFacts::Later::diverged ||
                            asked.peer == InServiceFacts::Peer::in_service);
    continues_ = continues_ && !overtaken;
    InServiceDecision const decision = decide_in_service(asked);
    GroupId const group = config_->resources[r].group;
    if (!resource.decision || *resource.decision != decision) {
        out.note(note::Decided{group, decision, asked});
        if (decision.answer == Answer::split_brain) {
            for_each_peer(r, [&](Slot slot, NodeId peer) {
                bool& noted = resource.split_noted[slot.value];
                if (noted || !is_split(peer_facts(r, slot), asked)) return;
                out.note(note::SplitBrain{group, peer});
                noted = true;
            });
        }
    }
    resource.decision = decision;
    switch (decision.answer) {
        case Answer::stay_out:
        case Answer::split_brain:
            claim(r, out);
            return;
        case Answer::come_in:
            if (passes_gate(r, decision, out)) {
                promote(r, {}, out);
            } else {
                claim(r, out);
            }
            return;
        case Answer::set_data_corrupt:
            out.put(output::GroupCommand{group, replication::command::SetDataCorrupt{}});
            return;
        case Answer::clear_last_owner:
            out.put(output::GroupCommand{group, replication::command::ClearLastOwner{}});
            return;
    }
}

/// `promoting` says why; its era is found here.
void NodeMachine::promote(std::size_t r, resource::Promoting promoting, Outbox& out) {
    Resource& resource = resources_[r];
    resource.taken_out = false;
    resource.taken_out_at = 0;
    // Above a promotion that was refused, too, so that its refusal is not taken for this one's.
    Era highest = std::max(resource.report.cell->era, resource.report.refused);
    for (Known const& known : resource.known) {
        if (known.cell) highest = std::max(highest, known.cell->era);
    }
    for (Era const asked : resource.era_asked) highest = std::max(highest, asked);
    promoting.era = Era{highest.number + 1, config_->self};
    resource.state = promoting;
    for_each_peer(r, [&](Slot slot, NodeId peer) {
        if (members_.connected(peer) && members_.audible(peer)) ask_for_era(r, slot, out);
    });
    claim(r, out);
    advance_promotion(r, out);
}

/// True while the reason for an unforced promotion that has not been ordered yet still stands.
bool NodeMachine::still_fit(std::size_t r) const {
    Resource const& resource = resources_[r];
    auto const& promoting = std::get<resource::Promoting>(resource.state);
    if (promoting.forced) return true;
    if (!promoting.handed_over) {
        InServiceDecision const decision = decide_in_service(facts(r, false));
        return decision.answer == Answer::come_in &&
               decide_gate(gate_facts(r, decision)) == GateRule::open;
    }
    // A switchover: the source has left, and what it left behind must be all here (R41).
    bool whole =
        resource.report.copy == replication::CopyState::in_sync && has_quorum(members_.quorum());
    for_each_peer(r, [&](Slot slot, NodeId) {
        if (!resource.known[slot.value].cell) return;
        InServiceFacts::Later const who = later(r, slot);
        whole =
            whole && who != InServiceFacts::Later::peer && who != InServiceFacts::Later::diverged;
    });
    return whole;
}

void NodeMachine::give_up_promotion(std::size_t r, Outbox& out) {
    Resource& resource = resources_[r];
    spare_overdue(r);
    auto const promoting = std::get<resource::Promoting>(resource.state);
    resource.state = resource::OutOfService{};
    resource.decision.reset();
    GroupId const group = config_->resources[r].group;
    if (promoting.handed_over) {
        out.note(note::SwitchoverRefused{group, SwitchoverRule::mirror_not_in_sync});
    }
    if (promoting.admin) {
        std::string_view const why = promoting.forced
                                         ? text_of(InServiceRule::force_refused_peer_serves).name
                                         : text_of(SwitchoverRule::mirror_not_in_sync).name;
        out.put(output::AdminReply{*promoting.admin, false, why});
    }
    claim(r, out);
}

/// The group could not come in service. A copy that was fit has a disk that is not, and trying
/// again would fail again; one that has become unfit meanwhile is judged afresh.
void NodeMachine::promotion_refused(std::size_t r, Outbox& out) {
    Resource& resource = resources_[r];
    auto const promoting = std::get<resource::Promoting>(resource.state);
    if (!resource.report.refused_by_disk) {
        give_up_promotion(r, out);
        return;
    }
    resource.state = resource::Refused{};
    out.note(note::PromotionRefused{config_->resources[r].group});
    if (promoting.admin) out.put(output::AdminReply{*promoting.admin, false, "disk_failed"});
    claim(r, out);
}

void NodeMachine::advance_promotion(std::size_t r, Outbox& out) {
    auto* promoting = std::get_if<resource::Promoting>(&resources_[r].state);
    if (promoting == nullptr || promoting->commanded) return;
    if (!still_fit(r)) {
        give_up_promotion(r, out);
        return;
    }
    if (awaits_eras(r, out)) return;
    promoting->commanded = true;
    out.put(output::GroupCommand{config_->resources[r].group,
                                 replication::command::Promote{promoting->era, promoting->forced}});
}

/// A peer went away or cannot be talked to: nothing is awaited from it any longer.
void NodeMachine::peer_left(std::size_t r, Slot slot, Outbox& out) {
    Resource& resource = resources_[r];
    resource.asked_to_take_over[slot.value] = 0;
    if (resource.asked == slot) resource.asked.reset();
    extension_unanswered(r, slot, out);
    find_successor(r, out);
    if (auto* promoting = std::get_if<resource::Promoting>(&resource.state)) {
        promoting->awaits &= static_cast<std::uint8_t>(~(1U << slot.value));
        advance_promotion(r, out);
    } else if (auto* leaving = std::get_if<resource::Leaving>(&resource.state);
               leaving != nullptr && leaving->waits && leaving->for_peer == slot) {
        stayed_in_service(r, slot, out);
    } else if (auto* conceding = std::get_if<resource::Conceding>(&resource.state);
               conceding != nullptr && conceding->winner == slot && !conceding->commanded) {
        concession_refused(r, ResolutionRule::winner_unreachable, out);
    } else if (auto* taking = std::get_if<resource::TakingOver>(&resource.state);
               taking != nullptr && taking->source == slot) {
        std::optional<AdminId> const admin = taking->admin;
        resource.state = resource::OutOfService{};
        out.note(note::SwitchoverRefused{config_->resources[r].group,
                                         SwitchoverRule::source_unreachable});
        if (!admin) return;
        out.put(
            output::AdminReply{*admin, false, text_of(SwitchoverRule::source_unreachable).name});
    }
}

/// Both are in service. If one of them was not written since they parted it steps down and nothing
/// is lost; otherwise the handshake calls it split brain and both stay as they are (R32).
void NodeMachine::check_two_sources(std::size_t r, Slot slot, Outbox& out) {
    Resource& resource = resources_[r];
    Known const& known = resource.known[slot.value];
    bool const both =
        std::holds_alternative<resource::Serving>(resource.state) && known.cell && known.in_service;
    if (!both) return;
    replication::Relation const relation =
        replication::relate(*resource.report.cell, config_->resources[r].self, *known.cell, slot);
    Era const mine = std::max(resource.report.cell->era, resource.raised);
    bool const mine_is_idle =
        relation.kinship == Kinship::peer_later ||
        (relation.kinship == Kinship::same &&
         !has_later_era(mine, known.cell->era, config_->resources[r].members[slot.value]));
    if (!mine_is_idle || relation.forced) return;
    out.note(note::SteppedDown{config_->resources[r].group});
    leave(r, {.regardless = true}, out);
}

void NodeMachine::force_online(input::ForceOnline const& in, Outbox& out) {
    std::optional<std::size_t> const r = find(in.group);
    VERIFY(r.has_value());
    if (refuses_unextended(r, in.request, out)) return;
    Resource& resource = resources_[*r];
    bool const out_of_service = std::holds_alternative<resource::OutOfService>(resource.state) ||
                                std::holds_alternative<resource::Refused>(resource.state);
    if (!out_of_service || !resource.report.cell || resource.report.passing) {
        out.put(output::AdminReply{in.request, false, "already_in_service"});
        return;
    }
    InServiceFacts const asked = facts(*r, true);
    InServiceDecision const decision = decide_in_service(asked);
    out.note(note::Decided{in.group, decision, asked});
    if (decision.answer != Answer::come_in) {
        out.put(output::AdminReply{in.request, false, text_of(decision.rule).name});
        return;
    }
    resource.decision = decision;
    promote(*r, {.forced = true, .admin = in.request}, out);
}

}  // namespace sunder::nodes
