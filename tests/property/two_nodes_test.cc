// SPDX-License-Identifier: BSD-3-Clause
//
// Two nodes under random work and random faults: every property holds, and when everything is
// healed the mirror is whole again, if need be after an operator has named the loser of a split
// brain that was reported. Over all runs a table proves that the faults bite: what is never struck
// is not tested. RC_PARAMS chooses the seed, SUNDER_RUNS the number of runs; with fewer than the
// release build's own number the table is shown, not judged.
#include "tests/property/checks.h"
#include "tests/property/play.h"

#include <catch2/catch.hpp>

namespace sunder::netsim::test {
namespace {

#ifdef SUNDER_MANY_RUNS
constexpr int own_runs = 20000;
#else
constexpr int own_runs = 1000;
#endif
constexpr std::uint64_t enough_runs = 20000;  // for the table to be judged

std::vector<Row> table_of(Tally const& tally) {
    std::vector<Row> rows{
        {"runs that failed over", tally.failed_over, tally.runs / 2},
        {"runs that interrupted a resync", tally.interrupted, tally.runs / 5},
        {"faithful runs that reported split brain", tally.faithful_split, tally.faithful / 10},
        {"runs that resumed after writes at the target", tally.resumed, tally.runs / 50},
        {"runs that fell back to an image", tally.fell_back, tally.runs / 1000},
        {"runs that ended split, and were resolved", tally.resolved, tally.runs / 20},
        {"un-flushed writes that ended new", tally.fates.as_new, 100},
        {"un-flushed writes that ended old", tally.fates.as_old, 100},
        {"un-flushed writes that ended torn", tally.fates.torn, 100},
        {"asynchronous limit reached", tally.limit_reached, 100},
        {"deaths in the middle of a store", tally.died_storing, 100},
        {"cuts in the middle of a store", tally.cut_storing, 100},
    };
    for (int p = 1; p < static_cast<int>(Phase::last); ++p) {
        std::string const name(name_of(static_cast<Phase>(p)));
        rows.push_back({"struck while " + name, tally.struck[static_cast<std::size_t>(p)], 100});
    }
    for (Phase const phase : {Phase::begin_on_its_way, Phase::ready_on_its_way,
                              Phase::finish_on_its_way, Phase::reply_on_its_way}) {
        std::string const name(name_of(phase));
        std::string const message = name.substr(0, name.find(' '));
        rows.push_back({message + " lost", tally.lost[static_cast<std::size_t>(phase)], 100});
    }
    return rows;
}

TEST_CASE("two nodes keep every promise, and come to rest whole") {
    Tally tally;
    check("two nodes keep every promise", runs(own_runs), [&] {
        Plan const plan = *any_plan();
        std::string const wrong = play(plan, tally);
        if (!wrong.empty()) RC_FAIL(wrong + "\n" + narration_of(plan));
    });
    show(tally, "what befell them", table_of(tally), tally.runs >= enough_runs);
}

TEST_CASE("a plan that is played twice plays alike") {
    check_alike<Tally>("a plan that is played twice plays alike", std::max(1, runs(own_runs) / 20),
                       any_plan);
}

}  // namespace
}  // namespace sunder::netsim::test
