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

Bounds bounds_of_next(Frame const& frame, Cluster const& cluster, Oracle const& oracle) {
    bool const alike = frame.options.reduce.blocks && blocks_are_alike(cluster, frame.bounds);
    return alike ? without_twins(frame.bounds, oracle) : frame.bounds;
}

}  // namespace

Fingerprint key_of(Frame const& frame, State const& state, Fingerprint print) {
    Fingerprint const key = mix(print, state.spent.fingerprint());
    return frame.limited() ? mix(key, state.world.fingerprint_of_turns()) : key;
}

Fingerprint key_of(Frame const& frame, CondensedState const& state, Fingerprint print) {
    Fingerprint const key = mix(print, state.spent.fingerprint());
    return frame.limited() ? mix(key, Condenser::fingerprint_of_turns(state.world)) : key;
}

void list_actions(Frame const& frame, State const& state, std::vector<Action>& all) {
    World const& world = state.world;
    list_actions(world, bounds_of_next(frame, world.cluster(), state.oracle), state.spent, all);
    auto const others = std::ranges::find_if(
        all, [](Action const& action) { return action.kind != Action::Kind::event; });
    std::sort(all.begin(), others,
              [](Action const& a, Action const& b) { return a.event.begun_before(b.event); });
    VERIFY(all.size() <= 256);
}

void list_actions(Frame const& frame, CondensedState const& state, std::vector<Action>& all) {
    Scene const scene(state.world);
    all.clear();
    Condenser::list_events(state.world, frame.bounds.timing, all);
    list_others(scene, bounds_of_next(frame, scene.cluster(), state.oracle), state.spent, all);
    VERIFY(all.size() <= 256);
}

/// A state that is done with, so that its memory is used again.
std::unique_ptr<State> Share::spare() {
    if (spares_.empty()) return std::make_unique<State>(initial_);
    std::unique_ptr<State> again = std::move(spares_.back());
    spares_.pop_back();
    return again;
}

std::unique_ptr<CondensedState> Share::spare_parts() {
    if (spare_parts_.empty()) return std::make_unique<CondensedState>();
    std::unique_ptr<CondensedState> again = std::move(spare_parts_.back());
    spare_parts_.pop_back();
    return again;
}

void Share::drop(Waiting waiting) {
    if (waiting.state) spares_.push_back(std::move(waiting.state));
    if (waiting.parts) spare_parts_.push_back(std::move(waiting.parts));
}

State const& Share::shown(Waiting const& waiting) {
    if (waiting.state) return *waiting.state;
    restore(condenser_, *waiting.parts, *scratch_);
    return *scratch_;
}

void Share::condense(Waiting& waiting) {
    waiting.brought = false;
    if (waiting.parts || !frame_.options.recall.on) return;
    std::unique_ptr<CondensedState> parts = spare_parts();
    if (condenser_.condense(waiting.state->world, parts->world)) {
        parts->oracle = waiting.state->oracle;
        parts->spent = waiting.state->spent;
        parts->depth = waiting.state->depth;
        spares_.push_back(std::move(waiting.state));
        waiting.parts = std::move(parts);
    } else {
        spare_parts_.push_back(std::move(parts));
    }
}

std::vector<Waiting> Share::give(std::size_t count) {
    std::vector<Waiting> given;
    for (std::size_t i = level.size() - count; i < level.size(); ++i) {
        Waiting& one = level[i];
        if (one.parts) {
            one.state = spare();
            restore(condenser_, *one.parts, *one.state);
            spare_parts_.push_back(std::move(one.parts));
        }
        one.state->world.own();
        one.brought = true;
        given.push_back(std::move(one));
    }
    level.resize(level.size() - count);
    return given;
}

void Share::forget_parts() {
    if (condenser_.size() < most_parts_) return;
    condenser_.forget_but([&](auto const& needed) {
        for (auto const* some : {&level, &layer}) {
            for (Waiting const& one : *some) {
                if (one.parts) needed(one.parts->world);
            }
        }
    });
    most_parts_ = std::max(frame_.options.recall.most_parts, 2 * condenser_.size());
}

void Share::expand(Which which, std::function<bool()> const& pulse) {
    bool const again = frame_.turns_remain && which == Which::in_turn;
    candidates.clear();
    met_.clear();
    tried.clear();
    forget_parts();
    for (Waiting& from : level) {
        if (frame_.stopped.load(std::memory_order_relaxed)) return;
        tried.push_back({from.place, 0});
        if (!expand_one(from, which, again)) return;
        if (again) {
            from.place += frame_.passed_by;
            layer.push_back(std::move(from));
        } else {
            drop(std::move(from));
        }
        if (pulse && !pulse()) return;
    }
}

/// False when a violation was found. Uses the state up, but when it is needed again.
bool Share::expand_one(Waiting& from, Which which, bool again) {
    if (from.brought) condense(from);
    if (from.parts) {
        list_actions(frame_, *from.parts, all_);
    } else {
        list_actions(frame_, *from.state, all_);
    }
    choose(all_, which, chosen_);
    bool const probed = is_probed(frame_, from);
    if (!probed)
        std::erase_if(chosen_, [&](std::uint8_t const a) { return is_asleep(from, all_[a]); });
    aside_.assign(from.asleep.begin(), from.asleep.end());
    Oracle const& oracle = from.parts ? from.parts->oracle : from.state->oracle;
    lulls_ = frame_.diamonds() && !oracle.anybody_lonely();
    for (std::uint8_t const a : chosen_) {
        Effect const* effect = from.parts ? condenser_.effect(from.parts->world, all_[a]) : nullptr;
        bool const last = !again && a == chosen_.back() && !has_fates(all_[a]);
        bool const well =
            effect != nullptr ? recall(from, a, *effect) : try_all_fates(from, a, last);
        if (!well) return false;
    }
    return true;
}

bool Share::try_all_fates(Waiting& from, std::uint8_t a, bool last) {
    std::vector<std::uint8_t> picks;
    std::uint16_t outcome = 0;
    bool more = true;
    while (more) {
        if (from.parts) {
            restore(condenser_, *from.parts, *scratch_);
        } else if (last) {
            std::swap(scratch_, from.state);  // nobody else needs it any more
        } else {
            *scratch_ = *from.state;
        }
        if (!try_out(from, a, picks, outcome++)) return false;
        more = has_fates(all_[a]) && next_picks(picks, asked_);
    }
    return true;
}

/// What is asleep in the state that the action has led to. Of what hosts ask nothing sleeps:
/// requests are numbered, so that two of them never are the same in either order.
AllAsleep Share::lull(Waiting const& from, Action const& action, Oracle const& oracle,
                      bool confined) {
    AllAsleep asleep;
    bool const event = action.kind == Action::Kind::event;
    if (!lulls_ || !(event || agent_of(action.kind) == Agent::host)) return asleep;
    bool const judged = oracle.regarded() == Oracle::Regard::copies || oracle.anybody_lonely();
    if (judged || !confined) return asleep;
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
template <class AState>
bool Share::forced(AState const& state) {
    if (!frame_.options.reduce.chains || frame_.turns_remain) return false;
    list_actions(frame_, state, ahead_);
    choose(ahead_, frame_.limited() ? Which::in_turn : Which::all, chosen_ahead_);
    return is_forced(ahead_, chosen_ahead_);
}

template <class AState>
bool Share::kept(AState const& state, Fingerprint key, Step const& way) {
    return is_mark(key) || way.passed == longest_chain || !forced(state);
}

Step Share::way_of(Waiting const& from, std::uint8_t a, std::uint16_t outcome) const {
    if (from.kept) return {from.number, a, 0, outcome};
    Step way = from.way;
    ++way.passed;
    return way;
}

/// Makes it happen to the scratch state, which becomes a candidate when it may be new. False when
/// a violation was found.
bool Share::try_out(Waiting& from, std::uint8_t a, std::vector<std::uint8_t> const& picks,
                    std::uint16_t outcome) {
    Action const& action = all_[a];
    Step const way = way_of(from, a, outcome);
    Where const where{from.place, tried.back().transition++};
    Findings findings;
    advance(*scratch_, action, picks, findings);
    if (!findings.violations().empty()) {
        broken = Broken{where, way, findings.violations().front(), false};
        return false;
    }
    AllAsleep const asleep = lull(from, action, scratch_->oracle, scratch_->world.confined());
    if (has_fates(action)) asked_ = scratch_->world.chooser().asked();
    Fingerprint const print = print_of(scratch_->world, scratch_->oracle, frame_.bounds.timing);
    Fingerprint const key = key_of(frame_, *scratch_, print);
    if (is_known(key) || !met_.insert(key)) return true;
    bool const kept = this->kept(*scratch_, key, way);
    ++scratch_->depth;
    candidates.push_back({{std::move(scratch_), nullptr, way, print, 0, 0, kept, false, asleep},
                          key,
                          where,
                          is_asleep(from, action)});
    condense(candidates.back().waiting);
    scratch_ = spare();
    return true;
}

/// The same by what is remembered of it.
bool Share::recall(Waiting& from, std::uint8_t a, Effect const& effect) {
    Action const& action = all_[a];
    Step const way = way_of(from, a, 0);
    Where const where{from.place, tried.back().transition++};
    *reached_ = *from.parts;
    Findings findings;
    advance(condenser_, *reached_, action, effect, findings);
    Fingerprint const print = print_of(reached_->world, reached_->oracle, frame_.bounds.timing);
    bool const well = findings.violations().empty();
    if (!check(from, action, print, well)) return false;
    if (!well) {
        broken = Broken{where, way, findings.violations().front(), false};
        return false;
    }
    AllAsleep const asleep = lull(from, action, reached_->oracle, effect.confined);
    Fingerprint const key = key_of(frame_, *reached_, print);
    if (is_known(key) || !met_.insert(key)) return true;
    bool const kept = this->kept(*reached_, key, way);
    ++reached_->depth;
    candidates.push_back({{nullptr, std::move(reached_), way, print, 0, 0, kept, false, asleep},
                          key,
                          where,
                          is_asleep(from, action)});
    reached_ = spare_parts();
    return true;
}

/// False when it was one of those that are checked, as whatever breaks something is, and wrong.
bool Share::check(Waiting const& from, Action const& action, Fingerprint print, bool well) {
    Recall const& recall = frame_.options.recall;
    if (well && (print >> 40) % recall.checks_apart != 0) return true;
    bool const right = is_as_remembered(from, action, print, well);
    VERIFY(right || recall.wrong);
    if (!right) recall.wrong();
    if (!right) frame_.stopped = true;
    return right;
}

bool Share::is_as_remembered(Waiting const& from, Action const& action, Fingerprint print,
                             bool well) {
    restore(condenser_, *from.parts, *scratch_);
    Findings findings;
    advance(*scratch_, action, {}, findings);
    // By all that is in it: a fingerprint leaves out what it takes to be implied by the rest.
    std::unique_ptr<CondensedState> done = spare_parts();
    bool const same = condenser_.condense(scratch_->world, done->world) &&
                      Condenser::same(done->world, reached_->world);
    spare_parts_.push_back(std::move(done));
    return same && findings.violations().empty() == well &&
           print_of(scratch_->world, scratch_->oracle, frame_.bounds.timing) == print;
}

void Share::judge(std::function<bool()> const& pulse) {
    if (!frame_.options.liveness) return;
    for (Waiting const& one : next) {
        if (frame_.stopped.load(std::memory_order_relaxed)) return;
        std::optional<Violation> missing =
            one.parts ? convergence_.missing(condenser_, *one.parts, one.print)
                      : convergence_.missing(*one.state, one.print);
        if (missing) {
            broken = Broken{{one.place, 0}, one.way, *std::move(missing), true};
            return;
        }
        if (pulse && !pulse()) return;
    }
}

}  // namespace sunder::netsim
