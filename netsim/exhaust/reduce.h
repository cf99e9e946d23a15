// SPDX-License-Identifier: BSD-3-Clause
//
// What a search leaves out, and why nothing is lost by it: which states it need not keep, and which
// requests are like others but for the name of their block.
//
// *Chains.* Where one event and nothing else may happen, there is no choice, and the state on its
// far side is reached by whoever reaches this one. Such a state is shown to the oracle, asked
// whether it comes to rest, and gone through, but it is not kept. Kept are those where several
// things may happen, a few of the others, and one in each circle. Two ways into one chain do not
// both go to its end: those that were passed last are known, in memory that does not grow, and
// where they are too many for it, the next one that is kept is not far. So exactly the same states
// are seen and judged, in the same order of events, with fewer of them remembered, and some of them
// twice. A search in turn consists nearly only of chains. One in every order of events has few.
//
// *Blocks.* Blocks that nobody has touched yet are alike, so a request need go to the first of them
// only; the others lead to the same but for names. That holds while the machines treat all blocks
// alike. A resync does not: it copies the lowest block first, and so "the block that was written
// first is copied first" and its mirror image are different histories. It is therefore done in
// rounds without faults, of mirrors that no limit can throw out of sync.
//
// *Diamonds.* Two events of which each stays in a node of its own (`World::confined`) make the same
// state in either order. So when both were tried in a state, the one that was tried first need not
// be tried behind the other: whoever stands for the state behind the first comes before the state
// behind the other, in the same level or one before it, and has the other event, or has it asleep
// for the same reason. What sleeps goes on to sleep behind events of other nodes (sleep sets). All
// states are seen, found first from the same ones; only transitions to known ones are saved. A
// request of a host goes before an event of another node likewise. One of the two may answer a read
// or a write, by which the oracle judges nothing but the node that answers. That it is so is probed
// in a few states. Left alone are faults, timers that are begun, whatever else the oracle is shown,
// all while a copy is left behind, and searches that limit deviations, to which the order in which
// things were begun matters.
//
// What was looked at and left out, because it is not sound or saves nothing:
// - Exchanging nodes: they have different priorities, and the first one was the source.
// - Ample (persistent) sets. While a node may still die, every event of it depends on its death.
//   When no fault is left, a record, its store, its disk write and its bit all change what SAF-3
//   compares after every event, so almost nothing is invisible; and a node may be sent something
//   at any moment by whoever has anything to do, so that only a cluster of which all but one node
//   are idle has a persistent set, in which case there is no choice to save.
#pragma once

#include "netsim/exhaust/action.h"
#include "netsim/exhaust/oracle.h"

#include <algorithm>
#include <boost/container/static_vector.hpp>
#include <cstdint>
#include <optional>
#include <vector>

namespace sunder::netsim {

/// The first two leave out states, the last one only ways to states that are found anyway.
struct Reductions {
    bool chains = false;
    bool blocks = false;
    bool diamonds = true;
    friend bool operator==(Reductions const&, Reductions const&) = default;
};

/// What is passed on the way to a kept state fits into a byte, and every circle is broken.
inline constexpr std::uint8_t longest_chain = 255;
/// One state in so many is kept although it has no choice, by its fingerprint, so that ways that
/// have met do not go on side by side for long.
inline constexpr Fingerprint marks_apart = 128;
[[nodiscard]] constexpr bool is_mark(Fingerprint key) { return key / 2 % marks_apart == 0; }

/// An event that need not be tried in a state: what it leads to is reached from a state that comes
/// before this one.
struct Asleep {
    std::uint32_t order = 0;  ///< as it was begun
    NodeId node;
    bool shown = false;  ///< a host is told something
    friend bool operator==(Asleep const&, Asleep const&) = default;
};
/// What does not fit is tried.
using AllAsleep = boost::container::static_vector<Asleep, 8>;
/// In one state in so many, by its fingerprint, what is asleep is tried nonetheless.
inline constexpr Fingerprint probes_apart = 64;

enum class Which : std::uint8_t { all, in_turn, out_of_turn };

/// The places of those actions that are to be tried.
inline void choose(std::vector<Action> const& all, Which which, std::vector<std::uint8_t>& chosen) {
    EventQueue::Pending const* const next = next_by_itself(all);
    chosen.clear();
    for (std::size_t a = 0; a < all.size(); ++a) {
        bool const wanted =
            which == Which::all || deviates(all[a], next) == (which == Which::out_of_turn);
        if (wanted) chosen.push_back(static_cast<std::uint8_t>(a));
    }
}

/// True when there is no choice: one event, which has one outcome.
[[nodiscard]] inline bool is_forced(std::vector<Action> const& all,
                                    std::vector<std::uint8_t> const& chosen) {
    return chosen.size() == 1 && all[chosen.front()].kind == Action::Kind::event;
}

/// Whether blocks that were not touched are alike in this round.
[[nodiscard]] inline bool blocks_are_alike(Cluster const& cluster, Bounds const& bounds) {
    return bounds.faults == 0 && !cluster.mirrors.front().has_asynchronous_pairs();
}

/// The bounds of the next request.
[[nodiscard]] inline Bounds without_twins(Bounds bounds, Oracle const& oracle) {
    bounds.blocks = std::min<std::uint8_t>(bounds.blocks, oracle.blocks_touched() + 1);
    return bounds;
}

}  // namespace sunder::netsim
