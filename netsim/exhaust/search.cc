// SPDX-License-Identifier: BSD-3-Clause
//
// Rounds, levels, and the way back to a violation.
#include "netsim/exhaust/search.h"

#include "base/verify.h"
#include "netsim/exhaust/share.h"

#include <algorithm>

namespace sunder::netsim {

namespace {

/// A way that is longer than this is told up to here only.
constexpr std::size_t most_told = 2000;

class Search {
public:
    Search(State const& initial, SearchOptions const& options, FingerprintSet& converging,
           unsigned faults)
        : converging_(converging),
          frame_{initial, options, options.bounds, visited_, passed_, converging} {
        frame_.bounds.faults = faults;
        round_.faults = faults;
        for (unsigned share = 0; share < options.jobs; ++share) {
            shares_.push_back(std::make_unique<Share>(frame_));
        }
    }

    Search(Search const&) = delete;
    Search& operator=(Search const&) = delete;
    /// What belongs to a thread is given back there.
    ~Search() {
        all([this](unsigned share) {
            shares_[share].reset();
            World::release_spares();
        });
    }

    /// False when it was stopped.
    bool run() {
        if (!begin()) return stopped_at_end();
        while (waiting() != 0) {
            while (waiting() != 0) {
                if (!expand_level(frame_.limited() ? Which::in_turn : Which::all))
                    return stopped_at_end();
            }
            count_layer();
            if (round_.by_deviations.size() > frame_.bounds.deviations) break;
            for (auto& share : shares_) std::swap(share->next, share->layer);
            frame_.passed_by = 0;
            if (!expand_level(Which::out_of_turn)) return stopped_at_end();
        }
        return true;
    }

    [[nodiscard]] Round round() const {
        Round round = round_;
        round.states = visited_.size();
        return round;
    }
    [[nodiscard]] std::uint64_t bytes() const { return visited_.bytes() + passed_.bytes(); }
    [[nodiscard]] std::optional<Counterexample> const& counterexample() const { return found_; }

private:
    /// Whether a round that went no further was done: a violation was found, or time was up.
    [[nodiscard]] bool stopped_at_end() const { return found_.has_value(); }

    void all(std::function<void(unsigned)> const& work) const {
        if (frame_.options.together) {
            frame_.options.together(work);
        } else {
            for (unsigned share = 0; share < shares_.size(); ++share) work(share);
        }
    }

    [[nodiscard]] std::size_t waiting() const {
        std::size_t sum = 0;
        for (auto const& share : shares_) sum += share->next.size();
        return sum;
    }

    /// False when the first state is violated.
    bool begin() {
        State const& initial = frame_.initial;
        Fingerprint const print = print_of(initial.world, initial.oracle, frame_.bounds.timing);
        (void)visited_.insert(key_of(frame_, initial, print), {});
        round_.by_depth.push_back(1);
        Share& first = *shares_.front();
        first.next.push_back(first.start(print));
        if (frame_.options.seen) frame_.options.seen(initial);
        return settle({});
    }

    void count_layer() {
        std::uint64_t before = 0;
        for (std::uint64_t const states : round_.by_deviations) before += states;
        round_.by_deviations.push_back(visited_.size() - before);
    }

    /// False when a violation was found or time is up.
    bool expand_level(Which which) {
        frame_.turns_remain =
            frame_.limited() && round_.by_deviations.size() < frame_.bounds.deviations;
        frontier_ = waiting();
        for (auto& share : shares_) {
            std::swap(share->level, share->next);
            share->next.clear();
        }
        balance();
        all([&](unsigned share) { shares_[share]->expand(which, share == 0 ? pulse_ : nullptr); });
        if (frame_.stopped) return false;
        if (which == Which::in_turn) frame_.passed_by += static_cast<std::uint32_t>(frontier_);
        std::optional<Broken> const broken = first_broken();
        count(broken);
        accept(broken);
        return settle(broken);
    }

    /// Shares of like size; what goes from one to another is copied, so little does.
    void balance() {
        auto const smaller = [](auto const& a, auto const& b) {
            return a->level.size() < b->level.size();
        };
        auto const [least, most] = std::ranges::minmax_element(shares_, smaller);
        std::size_t const apart = (*most)->level.size() - (*least)->level.size();
        if (apart < 64 || apart * 4 < (*most)->level.size()) return;
        auto const from = static_cast<unsigned>(most - shares_.begin());
        std::vector<Waiting> given;
        all([&](unsigned share) {
            if (share == from) given = shares_[share]->give(apart / 2);
        });
        std::vector<Waiting>& level = (*least)->level;
        for (Waiting& one : given) level.push_back(std::move(one));
        std::ranges::sort(level, {}, &Waiting::place);
    }

    [[nodiscard]] std::optional<Broken> first_broken() const {
        std::optional<Broken> first;
        for (auto const& share : shares_) {
            if (share->broken && (!first || share->broken->where < first->where))
                first = share->broken;
        }
        return first;
    }

    /// Transitions, up to the one that broke something.
    void count(std::optional<Broken> const& broken) {
        for (auto const& share : shares_) {
            for (Where const& one : share->tried) {
                bool const beyond = broken && one.place > broken->where.place;
                round_.transitions += beyond ? 0 : one.transition;
            }
        }
    }

    /// What is new of what the shares have found, in the order in which one alone finds it.
    void accept(std::optional<Broken> const& broken) {
        std::vector<std::size_t> done(shares_.size());
        std::uint32_t place = 0;
        for (;;) {
            Share* from = nullptr;
            std::size_t which = 0;
            for (std::size_t s = 0; s < shares_.size(); ++s) {
                auto const& its = shares_[s]->candidates;
                if (done[s] == its.size()) continue;
                if (from != nullptr && from->candidates[done[which]].where < its[done[s]].where)
                    continue;
                from = shares_[s].get();
                which = s;
            }
            if (from == nullptr) return;
            Candidate& one = from->candidates[done[which]++];
            if (broken && one.where > broken->where) return;
            bool const fresh = one.waiting.kept ? visited_.insert(one.key, one.waiting.way)
                                                : passed_.insert(one.key);
            if (!fresh) {
                from->drop(std::move(one.waiting));
                continue;
            }
            VERIFY(!one.was_asleep);
            one.waiting.number = visited_.last();
            one.waiting.place = place++;
            note(*from, one.waiting);
            from->next.push_back(std::move(one.waiting));
        }
    }

    void note(Share& share, Waiting const& one) {
        if (frame_.options.seen) frame_.options.seen(share.shown(one));
        if (one.depth() >= round_.by_depth.size()) round_.by_depth.push_back(0);
        ++round_.by_depth[one.depth()];
        if (!one.kept) ++round_.passed;
    }

    /// Judges what is new, and tells what is broken. False when anything is, or time is up.
    bool settle(std::optional<Broken> broken) {
        for (auto& share : shares_) share->broken.reset();
        all([&](unsigned share) { shares_[share]->judge(share == 0 ? pulse_ : nullptr); });
        if (frame_.stopped) return false;
        for (auto& share : shares_) {
            share->fresh().for_each([&](Fingerprint print) { (void)converging_.insert(print); });
            share->fresh().clear();
        }
        if (std::optional<Broken> const unwell = first_broken()) broken = unwell;
        if (broken) tell(*broken);
        return !broken;
    }

    bool pulse() {
        SearchOptions const& options = frame_.options;
        if (!options.pulse || (++pulses_ & 0xfff) != 0) return true;
        bool const on =
            options.pulse({visited_.size(), round_.transitions, visited_.bytes(), round_.faults,
                           static_cast<unsigned>(round_.by_deviations.size()),
                           static_cast<unsigned>(round_.by_depth.size()), frontier_});
        if (!on) frame_.stopped = true;
        return on;
    }

    /// Walks back to the beginning and forth again, for the words.
    void tell(Broken const& broken) {
        std::vector<Step> steps;
        bool const at_start = broken.healed && round_.by_depth.size() == 1;
        if (!at_start) steps.push_back(broken.way);
        for (std::uint32_t at = broken.way.parent; at != 0; at = visited_.step(at).parent) {
            steps.push_back(visited_.step(at));
        }
        Counterexample told;
        told.violation = broken.violation;
        State state = frame_.initial;
        for (auto step = steps.rbegin(); step != steps.rend(); ++step)
            tell_step(*step, state, told);
        told.repaired_at = told.path.size();
        if (broken.healed) tell_repairs(state, told);
        told.violation.at = state.world.now();
        found_ = std::move(told);
    }

    /// What was chosen, and what then could not but follow.
    void tell_step(Step const& step, State& state, Counterexample& told) {
        std::vector<Action> all;
        std::vector<std::uint8_t> chosen;
        list_actions(frame_, state, all);
        Action const action = all[step.action];
        std::string words = in_words(state.world, action);
        State const before = state;
        std::vector<std::uint8_t> picks;
        Findings findings;
        for (std::uint16_t outcome = 0;; ++outcome) {
            state = before;
            advance(state, action, picks, findings);
            if (outcome == step.outcome) break;
            (void)next_picks(picks, state.world.chooser().asked());
        }
        picks.resize(state.world.chooser().asked().size());
        told.path.push_back({action, std::move(picks), std::move(words)});
        for (unsigned passed = 0; passed < step.passed; ++passed) {
            list_actions(frame_, state, all);
            choose(all, frame_.limited() ? Which::in_turn : Which::all, chosen);
            VERIFY(is_forced(all, chosen));
            Action const& next = all[chosen.front()];
            words = in_words(state.world, next);
            advance(state, next, {}, findings);
            told.path.push_back({next, {}, std::move(words)});
        }
    }

    Visited visited_;
    RecentPrints passed_;
    FingerprintSet& converging_;
    Frame frame_;
    std::vector<std::unique_ptr<Share>> shares_;
    std::function<bool()> const pulse_ = [this] { return pulse(); };
    Round round_;
    std::uint64_t pulses_ = 0;
    std::size_t frontier_ = 0;
    std::optional<Counterexample> found_;
};

SearchResult rounds(World const& world, SearchOptions const& options) {
    State initial{world, Oracle(world), {}, 0};
    initial.world.chooser().follow({});
    // What had arrived is asked of asynchronous targets only.
    initial.world.watching.records = world.cluster().mirrors.front().has_asynchronous_pairs();
    FingerprintSet converging;
    SearchResult result;
    for (unsigned faults = 0; faults <= options.bounds.most.faults(); ++faults) {
        if (faults > options.bounds.faults) break;
        Search round(initial, options, converging, faults);
        bool const complete = round.run();
        result.rounds.push_back(round.round());
        result.rounds.back().complete = complete && !round.counterexample();
        result.bytes = round.bytes() + converging.bytes();
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

void tell_repairs(State& state, Counterexample& told) {
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
