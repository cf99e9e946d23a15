// SPDX-License-Identifier: BSD-3-Clause
//
// What one thread of a search does with its share of a level: it tries out what may happen in each
// state, and asks of each new state whether the cluster comes to rest. What is new, and in which
// order it is numbered, is decided by the search, between two of these (search.cc).
//
// States of one share may share memory with each other, and with those of no other.
#pragma once

#include "netsim/exhaust/condenser.h"
#include "netsim/exhaust/converge.h"
#include "netsim/exhaust/search.h"
#include "netsim/exhaust/visited.h"

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace sunder::netsim {

/// A state that was reached and is to be gone on from.
struct Waiting {
    std::unique_ptr<State> state;
    std::unique_ptr<CondensedState> parts;  ///< in its place, where it can be told so
    Step way;                               ///< from the last state that was kept
    Fingerprint print = 0;
    std::uint32_t number = 0;  ///< of a kept one
    std::uint32_t place = 0;   ///< in its level, over all shares
    bool kept = true;
    bool brought = false;  ///< by another share, or by nobody: it may yet be told by its parts
    AllAsleep asleep;
    [[nodiscard]] std::uint32_t depth() const { return parts ? parts->depth : state->depth; }
};

/// Where in a level something was found: at which state, by which of its transitions.
struct Where {
    std::uint32_t place = 0;
    std::uint32_t transition = 0;
    friend auto operator<=>(Where const&, Where const&) = default;
};

struct Candidate {
    Waiting waiting;
    Fingerprint key = 0;
    Where where;
    bool was_asleep = false;  ///< so that somebody has found it before
};

struct Broken {
    Where where;
    Step way;
    Violation violation;
    bool healed = false;  ///< it took repairs, and time, to see it
};

/// What all shares go by, and none of them changes.
struct Frame {
    State const& initial;
    SearchOptions const& options;
    Bounds bounds;
    Visited const& visited;
    RecentPrints const& passed;
    FingerprintSet const& converging;
    bool turns_remain = false;    ///< what is in the level will be expanded again, out of turn
    std::uint32_t passed_by = 0;  ///< states before this level that will be, too
    std::atomic<bool> stopped{false};
    [[nodiscard]] bool limited() const { return bounds.deviations != any_number; }
    [[nodiscard]] bool diamonds() const { return options.reduce.diamonds && !limited(); }
};

/// What a state is known by. What comes next in turn matters only where turns do.
[[nodiscard]] Fingerprint key_of(Frame const& frame, State const& state, Fingerprint print);
[[nodiscard]] Fingerprint key_of(Frame const& frame, CondensedState const& state,
                                 Fingerprint print);
/// All that may happen, but for what is left out: what is under way as it was begun, and the rest.
void list_actions(Frame const& frame, State const& state, std::vector<Action>& all);
void list_actions(Frame const& frame, CondensedState const& state, std::vector<Action>& all);

class Share {
public:
    explicit Share(Frame& frame)
        : frame_(frame),
          initial_(frame.initial),
          convergence_(frame.options.bounds.timing, frame.converging),
          condenser_(frame.options.recall.careless),
          most_parts_(frame.options.recall.most_parts) {
        initial_.world.own();
        scratch_ = spare();
        reached_ = spare_parts();
    }

    /// Of what is waiting in `level`, what may happen becomes `candidates`. States that are needed
    /// again, out of turn, go into `layer`.
    void expand(Which which, std::function<bool()> const& pulse);
    /// The state of the beginning, for the share that begins.
    [[nodiscard]] Waiting start(Fingerprint print) const {
        return {std::make_unique<State>(initial_), nullptr, {}, print, 0, 0, true, true, {}};
    }
    /// Whether what is waiting in `next` comes to rest; until one does not, which is `broken`.
    void judge(std::function<bool()> const& pulse);
    void drop(Waiting waiting);
    /// The state as a whole, until the share is asked for anything else.
    [[nodiscard]] State const& shown(Waiting const& waiting);
    /// Lets another share have the last `count` of the level.
    [[nodiscard]] std::vector<Waiting> give(std::size_t count);
    [[nodiscard]] FingerprintSet& fresh() { return convergence_.fresh(); }

    std::vector<Waiting> level;
    std::vector<Waiting> next;
    std::vector<Waiting> layer;
    std::vector<Candidate> candidates;
    std::vector<Where> tried;  ///< of each place of the level that was expanded, how many
    std::optional<Broken> broken;

private:
    [[nodiscard]] bool expand_one(Waiting& from, Which which, bool again);
    [[nodiscard]] bool try_out(Waiting& from, std::uint8_t a,
                               std::vector<std::uint8_t> const& picks, std::uint16_t outcome);
    [[nodiscard]] bool try_all_fates(Waiting& from, std::uint8_t a, bool last);
    [[nodiscard]] bool recall(Waiting& from, std::uint8_t a, Effect const& effect);
    [[nodiscard]] bool is_as_remembered(Waiting const& from, Action const& action,
                                        Fingerprint print, bool well);
    [[nodiscard]] bool check(Waiting const& from, Action const& action, Fingerprint print,
                             bool well);
    /// What has no choice is known for a while only.
    [[nodiscard]] bool is_known(Fingerprint key) const {
        return frame_.visited.contains(key) || frame_.passed.contains(key);
    }
    [[nodiscard]] Step way_of(Waiting const& from, std::uint8_t a, std::uint16_t outcome) const;
    template <class AState>
    [[nodiscard]] bool kept(AState const& state, Fingerprint key, Step const& way);
    template <class AState>
    [[nodiscard]] bool forced(AState const& state);
    [[nodiscard]] AllAsleep lull(Waiting const& from, Action const& action, Oracle const& oracle,
                                 bool confined);
    void condense(Waiting& waiting);
    void forget_parts();
    std::unique_ptr<State> spare();
    std::unique_ptr<CondensedState> spare_parts();

    Frame& frame_;
    State initial_;
    Convergence convergence_;
    Condenser condenser_;
    std::size_t most_parts_;
    std::unique_ptr<State> scratch_;
    std::unique_ptr<CondensedState> reached_;
    std::deque<std::unique_ptr<State>> spares_;
    std::vector<std::unique_ptr<CondensedState>> spare_parts_;
    FingerprintSet met_;                // within this level
    std::vector<Action> all_;           // of the state that is expanded
    std::vector<std::uint8_t> chosen_;  // of them
    std::vector<Asleep> aside_;         // what need not follow anything that another node does
    bool lulls_ = false;                // there may be any
    std::vector<Action> ahead_;         // of one that was reached
    std::vector<std::uint8_t> chosen_ahead_;
    std::vector<std::uint8_t> asked_;
};

}  // namespace sunder::netsim
