// SPDX-License-Identifier: BSD-3-Clause
//
// What random runs have found, made small: each file of found/ was violated, or did not come to
// rest, until what was wrong was mended, in the engine, the world or a checker.
#include "scenarios/language/load.h"
#include "scenarios/language/play.h"
#include "tests/language/corpus.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

namespace sunder::campaign {
namespace {

using namespace language;

std::vector<std::string> found_files() {
    std::vector<std::string> files;
    for (auto const& entry : std::filesystem::directory_iterator(sunder::test::source_root() /
                                                                 "tests/campaign/found")) {
        files.push_back(entry.path().string());
    }
    std::ranges::sort(files);
    return files;
}

}  // namespace

TEST_CASE("What random runs have found is right") {
    REQUIRE_FALSE(found_files().empty());
    for (std::string const& file : found_files()) {
        INFO(file);
        auto const loaded = load(file);
        if (!loaded) UNSCOPED_INFO(to_text(loaded.error()));
        REQUIRE(loaded.has_value());
        for (std::uint64_t seed = 1; seed <= 20; ++seed) {
            PlayOptions options;
            options.seed = seed;
            Outcome const outcome = play(loaded->front(), options);
            CAPTURE(seed, outcome.why_unknown);
            for (netsim::Violation const& one : outcome.violations) UNSCOPED_INFO(one.story);
            CHECK(outcome.result == Result::held);
        }
    }
}

}  // namespace sunder::campaign
