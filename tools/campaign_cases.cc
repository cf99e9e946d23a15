// SPDX-License-Identifier: BSD-3-Clause
//
// What runs depend on.
#include "tools/campaign_cases.h"

#include "scenarios/campaign/drawing.h"
#include "scenarios/language/exhaust.h"
#include "scenarios/language/write.h"
#include "tools/report.h"

#include <fmt/format.h>
#include <optional>
#include <set>
#include <string>

namespace sunder::tools {

namespace {

using language::Scenario;

/// What the runs of a case depend on. Nothing when it cannot be played so.
std::optional<std::string> ground_of(Scenario const& scenario, bool by_priority) {
    if (!scenario.cluster.arrays.empty()) {
        fmt::print("skipped: {} has arrays, which are not searched\n", title_of(scenario));
        return std::nullopt;
    }
    if (!by_priority) {
        campaign::Recipe recipe;
        recipe.rate = recipe.open_rate = ~std::uint64_t{0};
        Scenario bare = campaign::Drawing(scenario, 1).scenario(recipe);
        bare.title = bare.about = bare.source = "";
        return language::to_yaml(bare);
    }
    if (!scenario.bounded) {
        fmt::print("skipped: {} has no 'bounded:'\n", title_of(scenario));
        return std::nullopt;
    }
    std::optional<std::string> ground = bounded_ground(scenario);
    if (!ground) {
        fmt::print("skipped: {}: its cluster, left alone, does not get into sync\n",
                   title_of(scenario));
    }
    return ground;
}

}  // namespace

std::optional<std::string> bounded_ground(Scenario const& scenario) {
    std::optional<netsim::World> const world = language::bounded_world(scenario);
    if (!world) return std::nullopt;
    Scenario bare;
    bare.cluster = world->cluster();
    bare.bounded = scenario.bounded;
    return language::to_yaml(bare);
}

std::vector<Scenario> one_of_each(std::vector<Scenario> scenarios, bool by_priority) {
    std::set<std::string> grounds;
    std::size_t const all = scenarios.size();
    std::size_t twins = 0;
    std::erase_if(scenarios, [&](Scenario const& scenario) {
        std::optional<std::string> const ground = ground_of(scenario, by_priority);
        if (!ground) return true;
        bool const fresh = grounds.insert(*ground).second;
        twins += fresh ? 0 : 1;
        return !fresh;
    });
    if (twins != 0) {
        fmt::print("{} of {} cases are left out: their runs would be those of others\n", twins,
                   all);
    }
    return scenarios;
}

}  // namespace sunder::tools
