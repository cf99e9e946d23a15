// SPDX-License-Identifier: BSD-3-Clause
//
// An array under random commands, requests, faults and power cuts holds in every volume and copy
// what a plain row of sectors would hold, and its map holds together. A table proves that the runs
// bite. RC_PARAMS chooses the seed, SUNDER_RUNS the number of runs.
#include "tests/emulator/rig.h"
#include "tests/property/checks.h"

#include <catch2/catch.hpp>

namespace sunder::emulator::test {

void showValue(Act const& act, std::ostream& out) { out << in_text(act); }

namespace {

using netsim::test::check;
using netsim::test::Row;
using netsim::test::runs;
using netsim::test::show;

#ifdef SUNDER_MANY_RUNS
constexpr int own_runs = 3000;
#else
constexpr int own_runs = 100;
#endif

rc::Gen<Act> any_act() {
    return rc::gen::build<Act>(
        rc::gen::set(&Act::kind, rc::gen::inRange<std::uint8_t>(0, kinds_of_acts)),
        rc::gen::set(&Act::a, rc::gen::inRange<std::uint16_t>(0, 4096)),
        rc::gen::set(&Act::b, rc::gen::inRange<std::uint16_t>(0, 4096)),
        rc::gen::set(&Act::c, rc::gen::inRange<std::uint16_t>(0, 4096)));
}

TEST_CASE("an array holds what plain rows of sectors would hold") {
    Befell all;
    struct {
        std::uint64_t runs = 0;
        std::uint64_t events = 0;
    } tally;
    check("an array holds what plain rows of sectors would hold", runs(own_runs), [&] {
        // The last profile has all there is: what the others refuse tells them little.
        Profile const& profile =
            profiles()[std::min(*rc::gen::inRange<std::size_t>(1, 6), profiles().size() - 1)];
        bool const small_group = *rc::gen::arbitrary<bool>();
        bool const large_map = *rc::gen::inRange(0, 30) == 0;
        std::uint64_t const sectors = large_map ? 301 * chunk_sectors + 5 : 3 * chunk_sectors + 37;
        auto const acts = *rc::gen::resize(120, rc::gen::container<std::vector<Act>>(any_act()));
        Rig rig(profile, sectors, small_group);
        for (Act const& act : acts) {
            rig.act(act);
            if (!rig.wrong().empty()) RC_FAIL(rig.wrong());
        }
        rig.come_to_rest();
        if (!rig.wrong().empty()) RC_FAIL("at rest: " + rig.wrong());
        ++tally.runs;
        tally.events += acts.size();
        for (auto const& [what, times] : rig.befell.times) all.times[what] += times;
    });
    std::vector<Row> rows;
    for (char const* const what :
         {"in place", "placed", "copied part of a sub-chunk", "pushed first", "made durable first",
          "released", "filled", "concluded", "power cuts", "a write stayed open",
          "filled a group"}) {
        rows.push_back({what, all.times[what], tally.runs / 20});
    }
    for (char const* const what : {"released first", "snapshots invalidated",
                                   "host refused: copies_full", "read what was lost"}) {
        rows.push_back({what, all.times[what], tally.runs / 400});
    }
    rows.push_back({"a written snapshot invalidated", all.times["a written snapshot invalidated"],
                    tally.runs / 3000});
    for (auto const& [what, times] : all.times) {
        if (what.starts_with("done: ") || what.starts_with("refused: ")) {
            rows.push_back({what, times, 0});
        }
    }
    show(tally, "what befell them", rows, tally.runs >= 1000);
}

}  // namespace
}  // namespace sunder::emulator::test
