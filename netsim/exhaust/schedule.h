// SPDX-License-Identifier: BSD-3-Clause
//
// The third chooser over a bounded world: priorities. Everything that acts is a stream, which does
// one thing after another: a direction of a connection, a disk, a node's timers, its hosts, what
// fails, who repairs it. Of all that can go on the first one does; before a few events, drawn
// beforehand, whoever would be next goes behind all others. That is probabilistic concurrency
// testing (Burckhardt et al., "A Randomized Scheduler with Probabilistic Guarantees of Finding
// Bugs", ASPLOS 2010), and with it comes a guarantee.
//
// A bug has depth d when there is a stream such that, whenever that one is the last of all, some
// choice of d - 1 events to go behind at breaks the property, whatever the order of the others. One
// of n streams is the last with a probability of 1/n, and each of d - 1 numbers of at most k is the
// one that is needed with 1/k: so a schedule that is drawn finds the bug with at least
// 1/(n k^(d-1)). What hosts ask for and what fails is drawn before, from at most so many scripts;
// the bug needs one of them. n and k are no estimates: n counts all streams that a cluster can
// have, and a run ends after k events. A bug that shows later, or that needs two things of one
// stream in another order than theirs, is not meant; nor is the chance of the fates of what was not
// stable, which are drawn during the run.
#pragma once

#include "base/random.h"
#include "netsim/exhaust/action.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sunder::netsim {

struct Schedule {
    std::vector<std::uint8_t> order;     ///< all streams, the one that goes first in front
    std::vector<std::uint32_t> changes;  ///< before these events, counted from 1
    /// What hosts ask for, in this order. The next is asked for by any node's that are served.
    std::vector<Action> requests;
    std::vector<Action> faults;  ///< in this order
    std::uint64_t fates = 0;     ///< a seed
    friend bool operator==(Schedule const&, Schedule const&) = default;
};

/// The streams of a cluster with one mirror.
class Streams {
public:
    explicit Streams(Cluster const& cluster);
    [[nodiscard]] std::size_t count() const { return count_; }

    /// What each stream does next, as places in `all`, and `nothing` where it waits. `asked` and
    /// `failed`: how much of the schedule's requests and faults was done.
    static constexpr std::size_t nothing = ~std::size_t{0};
    void offers(std::vector<Action> const& all, Schedule const& schedule, std::size_t asked,
                std::size_t failed, std::vector<std::size_t>& offered) const;

private:
    enum Of : std::size_t {
        disk,
        last_of_disk,
        store,
        last_of_store,
        timers,
        hosts,
        repairs,
        last
    };
    [[nodiscard]] std::size_t of_node(std::size_t node, Of what) const {
        return node * last + what;
    }
    void offer_event(std::vector<Action> const& all, std::size_t place,
                     std::vector<std::size_t>& offered) const;

    std::size_t links_ = 0;        // where those who heal a link begin
    std::size_t connections_ = 0;  // of each: one direction, the other, its timers
    std::size_t faults_ = 0;
    std::size_t count_ = 0;
};

/// What schedules are drawn from.
class Scheduling {
public:
    Scheduling(Cluster const& cluster, Bounds const& bounds);
    /// For bugs of this depth, in runs of so many events. Requires both to be at least 1.
    [[nodiscard]] Schedule draw(unsigned depth, std::uint32_t events, RandomStream& dice) const;
    /// None of them is drawn with less than one in so many.
    [[nodiscard]] double scripts() const { return scripts_; }
    [[nodiscard]] Streams const& streams() const { return streams_; }

private:
    void draw_requests(std::vector<Action>& requests, RandomStream& dice) const;
    void draw_faults(std::vector<Action>& faults, RandomStream& dice) const;

    Bounds bounds_;
    Streams streams_;
    std::vector<Action> any_request_;
    std::vector<Action> any_fault_;
    unsigned most_requests_ = 0;
    unsigned most_faults_ = 0;
    double scripts_ = 1;
};

/// With which a schedule of this depth finds a bug of it.
[[nodiscard]] double least_chance(double scripts, std::size_t streams, std::uint32_t events,
                                  unsigned depth);
/// The same of any of so many.
[[nodiscard]] double least_chance_of_any(double chance, std::uint64_t runs);

}  // namespace sunder::netsim
