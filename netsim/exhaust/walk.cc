// SPDX-License-Identifier: BSD-3-Clause
//
// One schedule after another.
#include "netsim/exhaust/walk.h"

#include "base/verify.h"

#include <algorithm>
#include <utility>

namespace sunder::netsim {

namespace {

/// What is known to come to rest is forgotten when it is more; then it is found again.
constexpr std::uint64_t most_remembered = 1U << 20;

State start(World const& world) {
    State state{world, Oracle(world), {}, 0};
    state.world.chooser().follow({});
    // What had arrived is asked of asynchronous targets only.
    state.world.watching.records = world.cluster().mirrors.front().has_asynchronous_pairs();
    return state;
}

}  // namespace

Walker::Walker(World const& world, Bounds const& bounds)
    : bounds_(bounds),
      initial_(start(world)),
      scheduling_(world.cluster(), bounds),
      state_(initial_),
      before_(initial_),
      convergence_(bounds.timing, converging_) {}

/// Of the streams that can go on, the one that goes first; their number when all wait.
std::size_t Walker::first(Standing const& standing) const {
    std::size_t found = offered_.size();
    for (std::size_t stream = 0; stream < offered_.size(); ++stream) {
        if (offered_[stream] == Streams::nothing) continue;
        if (found == offered_.size() || standing.rank[stream] > standing.rank[found])
            found = stream;
    }
    return found;
}

/// The stream that does what is next; nothing when everything has come to its end.
std::optional<std::size_t> Walker::next(Schedule const& schedule, std::uint32_t event,
                                        Standing& standing) {
    list_actions(state_.world, bounds_, state_.spent, all_);
    if (standing.deviations == bounds_.deviations) {
        EventQueue::Pending const* const turn = next_by_itself(all_);
        std::optional<EventQueue::Pending> const kept =
            turn != nullptr ? std::optional(*turn) : std::nullopt;
        std::erase_if(
            all_, [&](Action const& action) { return deviates(action, kept ? &*kept : nullptr); });
    }
    for (;;) {
        scheduling_.streams().offers(all_, schedule, standing.asked, standing.failed, offered_);
        if (first(standing) != offered_.size()) break;
        // What cannot be done for want of anything else to happen is left out.
        if (standing.failed < schedule.faults.size()) {
            ++standing.failed;
        } else if (standing.asked < schedule.requests.size()) {
            ++standing.asked;
        } else {
            return std::nullopt;
        }
    }
    for (std::uint32_t change = 0; change < schedule.changes.size(); ++change) {
        if (schedule.changes[change] == event) standing.rank[first(standing)] = change;
    }
    return first(standing);
}

void Walker::show(Findings& findings) {
    for (state_.world.take_observations(seen_); !seen_.empty();
         state_.world.take_observations(seen_)) {
        for (Observation const& observation : seen_) {
            if (watch) watch(state_.world, observation);
            state_.oracle.see(state_.world, observation, findings);
        }
    }
    state_.oracle.look(state_.world, findings);
}

void Walker::happen(Action const& action, RandomStream& fates, Findings& findings) {
    std::vector<std::uint8_t> picks;
    if (has_fates(action)) {
        // How many fates each question has is known when it is asked; it may depend on the others.
        before_ = state_;
        for (;;) {
            perform(state_.world, action, picks, state_.spent);
            std::vector<std::uint8_t> const asked = state_.world.chooser().asked();
            if (asked.size() == picks.size()) break;
            picks.push_back(static_cast<std::uint8_t>(fates.below(asked[picks.size()])));
            state_ = before_;
        }
    } else {
        perform(state_.world, action, {}, state_.spent);
    }
    told_.path.back().picks = std::move(picks);
    show(findings);
}

/// Whether something is broken here, or would be when everything is repaired.
void Walker::judge(Findings const& findings) {
    told_.repaired_at = told_.path.size();
    if (!findings.violations().empty()) {
        told_.violation = findings.violations().front();
        broken_ = true;
        return;
    }
    Fingerprint const print = print_of(state_.world, state_.oracle, bounds_.timing);
    Fingerprint const whole = mix(print, state_.spent.fingerprint());
    if (comes_to_rest_.contains(whole)) return;
    for (FingerprintSet* set : {&comes_to_rest_, &converging_}) {
        if (set->size() > most_remembered) set->clear();
    }
    std::optional<Violation> missing = convergence_.missing(state_, print);
    convergence_.fresh().for_each([&](Fingerprint rests) { (void)converging_.insert(rests); });
    convergence_.fresh().clear();
    if (!missing) {
        (void)comes_to_rest_.insert(whole);
        return;
    }
    told_.violation = *std::move(missing);
    broken_ = true;
    tell_repairs(state_, told_);
}

Walked Walker::walk(Schedule const& schedule, std::uint32_t events) {
    VERIFY(events > 0 && schedule.order.size() == scheduling_.streams().count());
    Walked walked;
    Standing standing;
    standing.rank.resize(schedule.order.size());
    for (std::size_t place = 0; place < schedule.order.size(); ++place) {
        standing.rank[schedule.order[place]] =
            static_cast<std::uint32_t>(schedule.changes.size() + schedule.order.size() - place);
    }
    RandomStream fates(schedule.fates, 0, 0);
    state_ = initial_;
    told_ = {};
    broken_ = false;
    if (reached) reached(state_.world);
    judge({});
    while (!broken_) {
        auto const event = static_cast<std::uint32_t>(walked.events + 1);
        std::optional<std::size_t> const stream = next(schedule, event, standing);
        if (!stream) break;
        if (event > events) {
            walked.cut_off = true;
            break;
        }
        Action const action = all_[offered_[*stream]];
        if (bounds_.deviations != any_number && deviates(action, next_by_itself(all_)))
            ++standing.deviations;
        if (agent_of(action.kind) == Agent::host) ++standing.asked;
        if (agent_of(action.kind) == Agent::fault) ++standing.failed;
        told_.path.push_back({action, {}, in_words(state_.world, action)});
        Findings findings;
        happen(action, fates, findings);
        ++walked.events;
        walked.streams.push_back(static_cast<std::uint8_t>(*stream));
        if (reached) reached(state_.world);
        judge(findings);
    }
    if (broken_) {
        told_.violation.at = state_.world.now();
        walked.found = std::move(told_);
    }
    return walked;
}

namespace {

/// Takes `what[place]` away where the same breaks without it, and else goes on to the next.
template <class What>
void without_some(std::vector<What> Schedule::* what, Walker& walker, Schedule& schedule,
                  Walked& found) {
    for (std::size_t place = 0; place < (schedule.*what).size();) {
        Schedule fewer = schedule;
        (fewer.*what).erase((fewer.*what).begin() + static_cast<std::ptrdiff_t>(place));
        Walked again = walker.walk(fewer, static_cast<std::uint32_t>(found.events));
        bool const same =
            again.found && again.found->violation.property == found.found->violation.property;
        if (same) {
            schedule = std::move(fewer);
            found = std::move(again);
        } else {
            ++place;
        }
    }
}

}  // namespace

Counterexample shortened(Walker& walker, Schedule schedule, Walked found) {
    VERIFY(found.found);
    if (found.events == 0) return *std::move(found.found);
    without_some(&Schedule::faults, walker, schedule, found);
    without_some(&Schedule::requests, walker, schedule, found);
    without_some(&Schedule::changes, walker, schedule, found);
    return *std::move(found.found);
}

}  // namespace sunder::netsim
