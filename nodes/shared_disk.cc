// SPDX-License-Identifier: BSD-3-Clause
//
// Who may start a copy on a disk that two servers share.
#include "nodes/shared_disk.h"

namespace sunder::nodes::shared_disk {

Decision decide(Facts const& facts) {
    using Answer = Decision::Answer;
    if (facts.handed_over) return {Answer::reserve, Rule::handed_over};
    switch (facts.peer) {
        case Facts::Peer::watched_die:
            return {Answer::take, Rule::peer_died};
        case Facts::Peer::all_gone:
            return {Answer::take_from_dead, Rule::everybody_is_gone};
        case Facts::Peer::booted_alone:
            return {Answer::take_from_dead, Rule::nobody_answers};
        case Facts::Peer::heard:
            return {Answer::reserve, Rule::peer_may_have_it};
        case Facts::Peer::unknown:
            if (facts.first) return {Answer::reserve, Rule::first_choice};
            return {Answer::stand_by, Rule::peer_may_have_it};
    }
    return {};
}

/// What failed on both servers is for the other site (R53).
MoveRule decide_move(MoveFacts const& facts) {
    if (facts.leaving) return MoveRule::in_transition;
    if (!facts.carried) return MoveRule::not_carried_here;
    if (!facts.peer_heard) return MoveRule::peer_unreachable;
    if (!facts.failed) return MoveRule::granted;
    return facts.failed_there ? MoveRule::failed_there_too : MoveRule::other_server_first;
}

void Machine::step(Input const& input, Outbox& out) noexcept {
    struct Step {
        Machine& machine;
        Outbox& out;
        void operator()(input::Started const&) const { machine.reconsider(out); }
        void operator()(input::PeerHeard const& in) const {
            machine.peer_ = Facts::Peer::heard;
            machine.failed_there_ = in.failed;
            machine.came_back_ = false;
            machine.reconsider(out);
        }
        void operator()(input::PeerSilent const& in) const {
            machine.peer_ = in.others_heard ? Facts::Peer::watched_die : Facts::Peer::all_gone;
            machine.reconsider(out);
        }
        void operator()(input::StoodStill const&) const {
            machine.peer_ = Facts::Peer::booted_alone;
            machine.reconsider(out);
        }
        void operator()(input::BootWaitOver const&) const {
            if (machine.peer_ != Facts::Peer::unknown) return;
            machine.peer_ = Facts::Peer::booted_alone;
            machine.reconsider(out);
        }
        void operator()(input::HandedOver const& in) const {
            machine.came_back_ = in.came_back;
            if (!in.came_back) machine.failed_there_ = in.failed;
            machine.reconsider(out, true);
        }
        void operator()(input::Failed const&) const { machine.move(std::nullopt, out); }
        void operator()(input::Reserved const& in) const {
            auto const* reserving = std::get_if<state::Reserving>(&machine.state_);
            if (reserving == nullptr) return;
            bool const continues = reserving->continues;
            if (!in.granted) {
                machine.state_ = state::StandingBy{};
                out.emplace_back(output::Noted{note::Refused{}});
                return;
            }
            machine.carry(continues, out);
        }
        void operator()(input::Move const& in) const { machine.move(in.request, out); }
        void operator()(input::StoodDown const& in) const { machine.stood_down(in.done, out); }
    };
    std::visit(Step{*this, out}, input);
}

/// What is carried here is not asked about; a disk is only ever taken by one that has none.
void Machine::reconsider(Outbox& out, bool handed_over) {
    if (!std::holds_alternative<state::StandingBy>(state_)) return;
    Decision const decision = decide({peer_, first_, handed_over});
    if (decision.answer == Decision::Answer::stand_by) return;
    out.emplace_back(output::Noted{note::Decided{decision}});
    bool const watched = decision.rule == Rule::peer_died ||
                         decision.rule == Rule::everybody_is_gone ||
                         decision.rule == Rule::handed_over;
    state_ = state::Reserving{watched};
    out.emplace_back(output::Reserve{decision.answer});
}

/// What failed here is tried anew, but not where nobody else was there to take it.
void Machine::carry(bool continues, Outbox& out) {
    state_ = state::Carrying{};
    if (!came_back_) failed_here_ = false;
    out.emplace_back(output::Noted{note::TookOver{continues}});
    out.emplace_back(output::Carry{continues});
}

void Machine::move(std::optional<AdminId> request, Outbox& out) {
    MoveFacts facts;
    facts.carried = std::holds_alternative<state::Carrying>(state_);
    facts.leaving = std::holds_alternative<state::Leaving>(state_);
    facts.failed = !request.has_value();
    facts.failed_there = failed_there_;
    facts.peer_heard = peer_ == Facts::Peer::heard && !(facts.failed && came_back_);
    MoveRule const rule = decide_move(facts);
    if (rule != MoveRule::granted && rule != MoveRule::other_server_first) {
        refused(rule, request, out);
        if (!request) out.emplace_back(output::Stay{});
        return;
    }
    if (!request) out.emplace_back(output::Noted{note::Moves{}});
    state_ = state::Leaving{request};
    out.emplace_back(output::StandDown{});
}

void Machine::refused(MoveRule rule, std::optional<AdminId> request, Outbox& out) {
    out.emplace_back(output::Noted{note::MoveRefused{rule}});
    if (request) out.emplace_back(output::Reply{*request, rule});
}

void Machine::stood_down(bool done, Outbox& out) {
    auto const* leaving = std::get_if<state::Leaving>(&state_);
    if (leaving == nullptr) return;
    std::optional<AdminId> const request = leaving->request;
    if (!done) {
        state_ = state::Carrying{};
        refused(MoveRule::resource_does_not_stop, request, out);
        return;
    }
    state_ = state::StandingBy{};
    failed_here_ = !request.has_value();
    out.emplace_back(output::HandOver{failed_here_});
    bool const there = peer_ == Facts::Peer::heard;
    if (!request) return;
    out.emplace_back(
        output::Reply{*request, there ? MoveRule::granted : MoveRule::peer_unreachable});
}

Fingerprint Machine::fingerprint() const {
    auto const* reserving = std::get_if<state::Reserving>(&state_);
    auto const* leaving = std::get_if<state::Leaving>(&state_);
    bool const failed = leaving != nullptr && !leaving->request;
    return hash_words(first_, static_cast<std::uint64_t>(peer_), state_.index(),
                      std::uint64_t{reserving != nullptr && reserving->continues} |
                          std::uint64_t{failed_here_} << 1 | std::uint64_t{failed_there_} << 2 |
                          std::uint64_t{came_back_} << 3 | std::uint64_t{failed} << 4);
}

replication::RuleText text_of(Rule rule) {
    switch (rule) {
        case Rule::first_choice:
            return {"first_choice", "R112", "this server is named first, and starts"};
        case Rule::peer_may_have_it:
            return {"peer_may_have_it", "R112",
                    "the other server may have the disk; the reservation decides"};
        case Rule::nobody_answers:
            return {
                "nobody_answers", "R113",
                "the other server was not heard since this one runs, and there is no other copy "
                "of what is on the disk, which tells whether it is still used"};
        case Rule::everybody_is_gone:
            return {"everybody_is_gone", "R112",
                    "nobody is heard any more, so this server may be the one that is cut off; the "
                    "disk tells whether the other still uses it"};
        case Rule::peer_died:
            return {"peer_died", "R113", "the other server was watched dying"};
        case Rule::handed_over:
            return {"handed_over", "R96, R113", "the other server has let the disk go"};
        case Rule::last:
            break;
    }
    return {"", "", ""};
}

replication::RuleText text_of(MoveRule rule) {
    switch (rule) {
        case MoveRule::granted:
            return {"granted", "R96, R113", "the disk can be handed over"};
        case MoveRule::other_server_first:
            return {"other_server_first", "R53, R65",
                    "a resource on it failed for good, and the other server of the disk is the "
                    "next to have it"};
        case MoveRule::not_carried_here:
            return {"not_carried_here", "R112", "the other server has the disk in service"};
        case MoveRule::peer_unreachable:
            return {"peer_unreachable", "R96", "the other server is not heard"};
        case MoveRule::failed_there_too:
            return {"failed_there_too", "R53, R65",
                    "what stands on the disk failed at the other server before"};
        case MoveRule::in_transition:
            return {"in_transition", "R96", "the disk is being handed over already"};
        case MoveRule::resource_does_not_stop:
            return {"resource_does_not_stop", "R92, R99",
                    "a resource that stands on the mirror does not stop, so it stays"};
        case MoveRule::last:
            break;
    }
    return {"", "", ""};
}

}  // namespace sunder::nodes::shared_disk
