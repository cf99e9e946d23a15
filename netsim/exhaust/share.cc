// SPDX-License-Identifier: BSD-3-Clause
//
// Trying out.
#include "netsim/exhaust/share.h"

#include "base/verify.h"

#include <algorithm>

namespace sunder::netsim {

namespace {

bool is_asleep(Waiting const& from, Action const& action) {
    if (action.kind != Action::Kind::event) return false;
    return std::ranges::find(from.asleep, action.event.order, &Asleep::order) != from.asleep.end();
}

/// Whether what is asleep is tried nonetheless, and must lead to nothing new. States that are not
/// kept may be gone through again whenever something leads there.
bool is_probed(Frame const& frame, Waiting const& from) {
    return !from.asleep.empty() && !frame.options.reduce.chains &&
           (from.print >> 32) % probes_apart == 0;
}

}  // namespace

Fingerprint key_of(Frame const& frame, State const& state, Fingerprint print) {
    Fingerprint const key = mix(print, state.spent.fingerprint());
    return frame.limited() ? mix(key, state.world.fingerprint_of_turns()) : key;
}

void list_actions(Frame const& frame, State const& state, std::vector<Action>& all) {
    bool const alike =
        frame.options.reduce.blocks && blocks_are_alike(state.world.cluster(), frame.bounds);
    list_actions(state.world, alike ? without_twins(frame.bounds, state.oracle) : frame.bounds,
                 state.spent, all);
    VERIFY(all.size() <= 256);
}

/// A state that is done with, so that its memory is used again.
std::unique_ptr<State> Share::spare() {
    if (spares_.empty()) return std::make_unique<State>(initial_);
    std::unique_ptr<State> again = std::move(spares_.back());
    spares_.pop_back();
    return again;
}

std::vector<Waiting> Share::give(std::size_t count) {
    std::vector<Waiting> given;
    for (std::size_t i = level.size() - count; i < level.size(); ++i) {
        level[i].state->world.own();
        given.push_back(std::move(level[i]));
    }
    level.resize(level.size() - count);
    return given;
}

void Share::expand(Which which, std::function<bool()> const& pulse) {
    bool const again = frame_.turns_remain && which == Which::in_turn;
    candidates.clear();
    met_.clear();
    tried.clear();
    for (Waiting& from : level) {
        if (frame_.stopped.load(std::memory_order_relaxed)) return;
        tried.push_back({from.place, 0});
        if (!expand_one(from, which, again)) return;
        if (again) {
            from.place += frame_.passed_by;
            layer.push_back(std::move(from));
        } else if (from.state) {
            spares_.push_back(std::move(from.state));
        }
        if (pulse && !pulse()) return;
    }
}

/// False when a violation was found. Uses the state up, but when it is needed again.
bool Share::expand_one(Waiting& from, Which which, bool again) {
    list_actions(frame_, *from.state, all_);
    choose(all_, which, chosen_);
    bool const probed = is_probed(frame_, from);
    if (!probed)
        std::erase_if(chosen_, [&](std::uint8_t const a) { return is_asleep(from, all_[a]); });
    aside_.assign(from.asleep.begin(), from.asleep.end());
    lulls_ = frame_.diamonds() && !from.state->oracle.anybody_lonely();
    for (std::uint8_t const a : chosen_) {
        bool const last = !again && a == chosen_.back() && !has_fates(all_[a]);
        std::vector<std::uint8_t> picks;
        std::uint16_t outcome = 0;
        bool more = true;
        while (more) {
            if (last) {
                std::swap(scratch_, from.state);  // nobody else needs it any more
            } else {
                *scratch_ = *from.state;
            }
            if (!try_out(from, a, picks, outcome++)) return false;
            more = has_fates(all_[a]) && next_picks(picks, asked_);
        }
    }
    return true;
}

/// What is asleep in the state that the action has led to, which is the scratch state. Of what
/// hosts ask nothing sleeps: requests are numbered, so that two of them never are the same in
/// either order.
AllAsleep Share::lull(Waiting const& from, Action const& action) {
    AllAsleep asleep;
    bool const event = action.kind == Action::Kind::event;
    if (!lulls_ || !(event || agent_of(action.kind) == Agent::host)) return asleep;
    Oracle const& oracle = scratch_->oracle;
    bool const judged = oracle.regarded() == Oracle::Regard::copies || oracle.anybody_lonely();
    if (judged || !scratch_->world.confined()) return asleep;
    NodeId const node = event ? NodeId{action.event.event.node} : action.node;
    bool const shown = oracle.regarded() == Oracle::Regard::hosts;
    for (Asleep const& one : aside_) {
        bool const sleeps_on = one.node != node && !(one.shown && shown);
        if (sleeps_on && asleep.size() != asleep.capacity()) asleep.push_back(one);
    }
    if (event && !is_asleep(from, action)) aside_.push_back({action.event.order, node, shown});
    return asleep;
}

/// Whether a state has no choice, in a round or layer that goes by turns as this one does.
bool Share::forced(State const& state) {
    if (!frame_.options.reduce.chains || frame_.turns_remain) return false;
    list_actions(frame_, state, ahead_);
    choose(ahead_, frame_.limited() ? Which::in_turn : Which::all, chosen_ahead_);
    return is_forced(ahead_, chosen_ahead_);
}

/// Makes it happen to the scratch state, which becomes a candidate when it may be new. False when
/// a violation was found.
bool Share::try_out(Waiting& from, std::uint8_t a, std::vector<std::uint8_t> const& picks,
                    std::uint16_t outcome) {
    Action const& action = all_[a];
    Step way = from.way;
    if (from.kept) {
        way = {from.number, a, 0, outcome};
    } else {
        ++way.passed;
    }
    Where const where{from.place, tried.back().transition++};
    Findings findings;
    advance(*scratch_, action, picks, findings);
    if (!findings.violations().empty()) {
        broken = Broken{where, way, findings.violations().front(), false};
        return false;
    }
    AllAsleep const asleep = lull(from, action);
    if (has_fates(action)) asked_ = scratch_->world.chooser().asked();
    Fingerprint const print = print_of(scratch_->world, scratch_->oracle, frame_.bounds.timing);
    Fingerprint const key = key_of(frame_, *scratch_, print);
    if (frame_.visited.contains(key) || !met_.insert(key)) return true;
    bool const kept = is_mark(key) || way.passed == longest_chain || !forced(*scratch_);
    ++scratch_->depth;
    candidates.push_back({{std::move(scratch_), way, print, 0, 0, kept, asleep},
                          key,
                          where,
                          is_asleep(from, action)});
    scratch_ = spare();
    return true;
}

void Share::judge(std::function<bool()> const& pulse) {
    if (!frame_.options.liveness) return;
    for (Waiting const& one : next) {
        if (frame_.stopped.load(std::memory_order_relaxed)) return;
        std::optional<Violation> missing = convergence_.missing(*one.state, one.print);
        if (missing) {
            broken = Broken{{one.place, 0}, one.way, *std::move(missing), true};
            return;
        }
        if (pulse && !pulse()) return;
    }
}

}  // namespace sunder::netsim
