// SPDX-License-Identifier: BSD-3-Clause
//
// How a property is checked: as often as asked, by RapidCheck's seed, with Catch2's voice.
// RC_PARAMS chooses the seed, SUNDER_RUNS the number of runs.
#pragma once

#include <rapidcheck.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <string>

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

}  // namespace sunder::netsim::test
