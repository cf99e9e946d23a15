// SPDX-License-Identifier: BSD-3-Clause
//
// Rounds, levels, and the way back to a violation.
#include "netsim/exhaust/search.h"

#include "netsim/exhaust/converge.h"
#include "netsim/exhaust/visited.h"

#include <deque>

namespace sunder::netsim {

namespace {

constexpr GroupId the_mirror{0};
/// A way that is longer than this is told up to here only.
constexpr std::size_t most_told = 2000;

class Search {
public:
    Search(State const& initial, SearchOptions const& options, Convergence& convergence,
           unsigned faults)
        : initial_(initial), options_(options), bounds_(options.bounds), convergence_(convergence) {
        bounds_.faults = faults;
        round_.faults = faults;
    }

    /// False when it was stopped.
    bool run() {
        Fingerprint const print = print_of(initial_.world, initial_.oracle, bounds_.timing);
        (void)visited_.insert(key_of(initial_, print), {});
        next_.push_back(std::make_unique<State>(initial_));
        round_.by_depth.push_back(1);
        if (!judge(initial_, print)) return true;
        while (!next_.empty()) {
            while (!next_.empty()) {
                if (!expand_level(limited() ? Which::in_turn : Which::all)) return stopped_at_end();
            }
            count_layer();
            if (round_.by_deviations.size() > bounds_.deviations) break;
            std::swap(next_, layer_);
            if (!expand_level(Which::out_of_turn)) return stopped_at_end();
        }
        return true;
    }

    [[nodiscard]] Round round() const {
        Round round = round_;
        round.states = visited_.size();
        return round;
    }
    [[nodiscard]] std::uint64_t bytes() const { return visited_.bytes(); }
    [[nodiscard]] std::optional<Counterexample> const& counterexample() const { return found_; }

private:
    using StatePtr = std::unique_ptr<State>;
    enum class Which : std::uint8_t { all, in_turn, out_of_turn };

    [[nodiscard]] bool limited() const { return bounds_.deviations != any_number; }
    /// Whether a round that went no further was done: a violation was found, or time was up.
    [[nodiscard]] bool stopped_at_end() const { return found_.has_value(); }

    /// What a state is known by. What comes next in turn matters only where turns do.
    [[nodiscard]] Fingerprint key_of(State const& state, Fingerprint print) const {
        Fingerprint const key = mix(print, state.spent.fingerprint());
        return limited() ? mix(key, state.world.fingerprint_of_turns()) : key;
    }

    void count_layer() {
        std::uint64_t before = 0;
        for (std::uint64_t const states : round_.by_deviations) before += states;
        round_.by_deviations.push_back(visited_.size() - before);
    }

    /// False when a violation was found or time is up.
    bool expand_level(Which which) {
        std::swap(level_, next_);
        while (!level_.empty()) {
            bool const again =
                which == Which::in_turn && round_.by_deviations.size() < bounds_.deviations;
            if (!expand(level_.front(), which, again)) return false;
            (again ? layer_ : spares_).push_back(std::move(level_.front()));
            level_.pop_front();
            if (!pulse()) return false;
        }
        return true;
    }

    /// Notes the places of the actions to be tried.
    void choose(Which which) {
        EventQueue::Pending const* const next = next_by_itself(all_);
        chosen_.clear();
        for (std::uint16_t a = 0; a < all_.size(); ++a) {
            bool const wanted =
                which == Which::all || deviates(all_[a], next) == (which == Which::out_of_turn);
            if (wanted) chosen_.push_back(a);
        }
    }

    /// False when a violation was found. Uses `from` up, but when it is needed again.
    bool expand(StatePtr& from, Which which, bool again) {
        std::uint32_t const parent = from->number;
        list_actions(from->world, bounds_, from->spent, all_);
        choose(which);
        for (std::uint16_t const a : chosen_) {
            bool const last = !again && a == chosen_.back() && !has_fates(all_[a]);
            std::vector<std::uint8_t> picks;
            std::uint16_t outcome = 0;
            bool more = true;
            while (more) {
                if (last) {
                    std::swap(scratch_, from);  // nobody else needs it any more
                } else {
                    *scratch_ = *from;
                }
                Step const step{parent, a, outcome++};
                if (!try_out(all_[a], picks, step)) return false;
                more = has_fates(all_[a]) && next_picks(picks, asked_);
            }
        }
        return true;
    }

    /// Makes it happen to the scratch state, which goes into the next level when it is new.
    bool try_out(Action const& action, std::vector<std::uint8_t> const& picks, Step const& step) {
        Findings findings;
        advance(*scratch_, action, picks, findings);
        ++round_.transitions;
        if (!findings.violations().empty()) {
            tell(step, findings.violations().front(), false);
            return false;
        }
        if (has_fates(action)) asked_ = scratch_->world.chooser().asked();
        Fingerprint const print = print_of(scratch_->world, scratch_->oracle, bounds_.timing);
        if (!visited_.insert(key_of(*scratch_, print), step)) return true;
        scratch_->number = visited_.last();
        if (++scratch_->depth >= round_.by_depth.size()) round_.by_depth.push_back(0);
        ++round_.by_depth[scratch_->depth];
        if (!judge(*scratch_, print)) return false;
        next_.push_back(std::move(scratch_));
        scratch_ = spare();
        return true;
    }

    /// A state that is done with, so that its memory is used again.
    StatePtr spare() {
        if (spares_.empty()) return std::make_unique<State>(initial_);
        StatePtr again = std::move(spares_.back());
        spares_.pop_back();
        return again;
    }

    bool judge(State const& state, Fingerprint print) {
        if (!options_.liveness) return true;
        std::optional<Violation> const missing = convergence_.missing(state, print);
        if (!missing) return true;
        tell(visited_.step(state.number), *missing, true);
        return false;
    }

    bool pulse() {
        if (!options_.pulse || (++expanded_ & 0xfff) != 0) return true;
        return options_.pulse({visited_.size(), round_.transitions, visited_.bytes(), round_.faults,
                               static_cast<unsigned>(round_.by_deviations.size()),
                               static_cast<unsigned>(round_.by_depth.size()),
                               level_.size() + next_.size() + layer_.size()});
    }

    /// Walks back to the beginning and forth again, for the words.
    void tell(Step last, Violation const& violation, bool healed) {
        std::vector<Step> steps;
        bool const at_start = visited_.size() == 1 && healed;
        if (!at_start) steps.push_back(last);
        for (std::uint32_t at = last.parent; at != 0; at = visited_.step(at).parent) {
            steps.push_back(visited_.step(at));
        }
        Counterexample told;
        told.violation = violation;
        State state = initial_;
        for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
            list_actions(state.world, bounds_, state.spent, all_);
            Action const action = all_[step->action];
            std::string words = in_words(state.world, action);
            State const before = state;
            std::vector<std::uint8_t> picks;
            for (std::uint16_t outcome = 0;; ++outcome) {
                state = before;
                Findings findings;
                advance(state, action, picks, findings);
                if (outcome == step->outcome) break;
                (void)next_picks(picks, state.world.chooser().asked());
            }
            picks.resize(state.world.chooser().asked().size());
            told.path.push_back({action, std::move(picks), std::move(words)});
        }
        told.repaired_at = told.path.size();
        if (healed) tell_repair(state, told);
        told.violation.at = state.world.now();
        found_ = std::move(told);
    }

    /// The repairs, and then event by event what the cluster does by itself, up to the violation.
    static void tell_repair(State& state, Counterexample& told) {
        World const& world = state.world;
        std::vector<Action> repairs;
        Findings findings;
        auto const happens = [&](Action const& action) {
            std::string words = in_words(world, action);
            advance(state, action, {}, findings);
            told.path.push_back({action, {}, std::move(words)});
        };
        auto const repair = [&] {
            list_repairs(world, repairs);
            for (Action const& one : repairs) happens(one);
            return !repairs.empty();
        };
        (void)repair();
        while (findings.violations().empty() && told.path.size() <= most_told) {
            EventQueue::PendingList const all = world.enabled();
            if (all.empty() && !repair()) return;
            if (!all.empty()) happens({Action::Kind::event, {}, 0, all.front()});
        }
    }

    State const& initial_;
    SearchOptions const& options_;
    Bounds bounds_;
    Convergence& convergence_;
    Visited visited_;
    std::deque<StatePtr> level_;
    std::deque<StatePtr> next_;
    std::deque<StatePtr> layer_;  // to be gone on from, out of turn
    std::deque<StatePtr> spares_;
    StatePtr scratch_ = std::make_unique<State>(initial_);
    std::vector<Action> all_;            // of the state that is expanded
    std::vector<std::uint16_t> chosen_;  // of them
    std::vector<std::uint8_t> asked_;
    Round round_;
    std::uint64_t expanded_ = 0;
    std::optional<Counterexample> found_;
};

SearchResult rounds(World const& world, SearchOptions const& options) {
    State initial{world, Oracle(world), {}, 0, 0};
    initial.world.chooser().follow({});
    // What had arrived is asked of asynchronous targets only.
    initial.world.watching.records = world.cluster().mirrors.front().has_asynchronous_pairs();
    Convergence convergence(options.bounds.timing);
    SearchResult result;
    for (unsigned faults = 0; faults <= options.bounds.most.faults(); ++faults) {
        if (faults > options.bounds.faults) break;
        Search round(initial, options, convergence, faults);
        bool const complete = round.run();
        result.rounds.push_back(round.round());
        result.rounds.back().complete = complete && !round.counterexample();
        result.bytes = round.bytes() + convergence.bytes();
        if (round.counterexample()) {
            result.counterexample = round.counterexample();
            result.verdict = SearchResult::Verdict::violated;
            return result;
        }
        if (!complete) {
            result.verdict = SearchResult::Verdict::unknown;
            return result;
        }
    }
    return result;
}

}  // namespace

SearchResult search(World const& world, SearchOptions const& options) {
    SearchResult result = rounds(world, options);
    World::release_spares();
    return result;
}

std::optional<World> at_rest(std::shared_ptr<Cluster const> cluster) {
    World world(std::move(cluster), 1);
    world.start_all();
    std::vector<Observation> seen;
    // Nothing polls: a cluster without faults has done all it will do within hours.
    while (world.next_time() && *world.next_time() < hours(10)) {
        world.advance();
        world.take_observations(seen);
    }
    if (world.next_time()) return std::nullopt;
    for (NodeId const node : world.cluster().mirrors.front().on) {
        if (!world.serves(node, the_mirror)) continue;
        CopySim const& copy = *world.copy(node, the_mirror);
        for (std::uint8_t p = 0; p < copy.config->copies; ++p) {
            replication::Slot const peer{p};
            bool const mirrors =
                replication::state_of(copy.machine->leg(peer)) == replication::LegState::mirroring;
            if (peer != copy.slot && !mirrors) return std::nullopt;
        }
        return world;
    }
    return std::nullopt;
}

}  // namespace sunder::netsim
