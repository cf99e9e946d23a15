// SPDX-License-Identifier: BSD-3-Clause
//
// How a property is checked: as often as asked, by RapidCheck's seed, with Catch2's voice; and the
// table that proves that its runs bite.
// RC_PARAMS chooses the seed, SUNDER_RUNS the number of runs.
#pragma once

#include <fmt/format.h>
#include <rapidcheck.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

namespace sunder::netsim::test {

inline int runs(int own) {
    char const* const asked = std::getenv("SUNDER_RUNS");
    return asked != nullptr ? std::max(1, std::atoi(asked)) : own;
}

template <class Property>
void check(std::string const& description, int successes, Property&& property) {
    rc::detail::TestParams params = rc::detail::configuration().testParams;
    params.maxSuccess = successes;
    rc::detail::TestMetadata const metadata{description, description};
    auto const result = rc::detail::checkTestable(property, metadata, params);
    std::ostringstream words;
    rc::detail::printResultMessage(result, words);
    INFO("seed " << params.seed << "\n" << words.str());
    CHECK(result.template is<rc::detail::SuccessResult>());
}

/// Whatever is drawn plays alike when it is played twice.
template <class Tally, class Draw>
void check_alike(std::string const& description, int successes, Draw&& draw) {
    check(description, successes, [&] {
        auto const plan = *draw();
        Tally tally;
        std::uint64_t first = 0;
        std::uint64_t second = 0;
        play(plan, tally, &first);
        play(plan, tally, &second);
        RC_ASSERT(first == second);
    });
}

/// How often something befell the runs, and how often it has to.
struct Row {
    std::string what;
    std::uint64_t times = 0;
    std::uint64_t least = 0;
};

/// Prints what befell them all, and holds it against the least if that is to be `judged`.
template <class Tally>
void show(Tally const& tally, std::string const& heading, std::vector<Row> const& rows,
          bool judged) {
    std::string table = fmt::format("{} runs, {} events\n{:40} {:>8} {:>10}\n", tally.runs,
                                    tally.events, heading, "times", "at least");
    for (Row const& row : rows) {
        table += fmt::format("{:40} {:8} {:10}\n", row.what, row.times, row.least);
        INFO(row.what);
        if (judged) CHECK(row.times >= row.least);
    }
    std::fputs(table.c_str(), stdout);
    CHECK(tally.runs > 0);
}

}  // namespace sunder::netsim::test
