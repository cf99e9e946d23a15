// SPDX-License-Identifier: BSD-3-Clause
//
// Three to five copies under random work and random faults: every property holds, and when
// everything is healed the mirror is whole again, if need be after an operator has named the losers
// of a split brain that was reported. A table proves that the faults bite.
#include "tests/property/clusters.h"
#include "tests/property/checks.h"

#include <catch2/catch.hpp>

namespace sunder::netsim::test {
namespace {

#ifdef SUNDER_MANY_RUNS
constexpr int own_runs = 6000;
#else
constexpr int own_runs = 400;
#endif
constexpr std::uint64_t enough_runs = 6000;  // for the table to be judged

TEST_CASE("three and more copies keep every promise, and come to rest whole") {
    Toll toll;
    check("three and more copies keep every promise", runs(own_runs), [&] {
        Campaign const campaign = *any_campaign();
        std::string const wrong = play(campaign, toll);
        if (!wrong.empty()) RC_FAIL(wrong + "\n" + narration_of(campaign));
    });
    std::vector<Row> const rows{
        {"runs that failed over", toll.failed_over, toll.runs / 2},
        {"runs that failed over twice", toll.failed_over_twice, toll.runs / 10},
        {"runs that interrupted a resync", toll.interrupted, toll.runs / 20},
        {"a new source settled by bits", toll.settled_by_bits, toll.runs / 20},
        {"a target was told who is outdated", toll.heirs_told, toll.runs / 5},
        {"a copy in sync let another go first", toll.outranked, toll.runs / 10},
        {"a silent node was shot", toll.shot, toll.runs / 20},
        {"a node lost quorum", toll.lost_quorum, toll.runs / 20},
        {"a resource was recovered in place", toll.recovered_in_place, toll.runs / 50},
        {"a failed resource had its mirror moved", toll.moved_for_resource, toll.runs / 100},
        {"a shared disk was taken over by its other server", toll.taken_by_partner, toll.runs / 20},
        {"a failed resource went to the other server of its disk", toll.tried_by_partner,
         toll.runs / 600},
        {"a server left the mirror and joined it", toll.left_and_joined, toll.runs / 40},
        {"a resource did not stop", toll.did_not_stop, toll.runs / 200},
        {"faithful runs that reported split brain", toll.split, toll.faithful / 50},
    };
    show(toll, "what befell three and more", rows, toll.runs >= enough_runs);
}

TEST_CASE("a campaign that is played twice plays alike") {
    check_alike<Toll>("a campaign that is played twice plays alike",
                      std::max(1, runs(own_runs) / 20), any_campaign);
}

}  // namespace
}  // namespace sunder::netsim::test
