// SPDX-License-Identifier: BSD-3-Clause
//
// One program after another, each with the time that its file gives it.
#include "nodes/live/resource_programs.h"

#include "nodes/live/bounded_program.h"

#include <fmt/format.h>

#include <ranges>

namespace sunder::live {

std::vector<std::pair<std::string, std::string>> environment_of(NodeSetup const& setup,
                                                                std::size_t mirror,
                                                                ResourceId resource) {
    return {{"SUNDER_RESOURCE", setup.resources[resource.value].name},
            {"SUNDER_MIRROR", setup.mirrors[mirror].name},
            {"SUNDER_NODE", setup.members[setup.config.self.value].name}};
}

bool stop_what_stands(NodeSetup const& setup, std::function<void(std::string const&)> const& told) {
    Bell const nobody;
    bool all = true;
    for (std::size_t m = 0; m < setup.mirrors.size(); ++m) {
        auto const& hierarchy = setup.config.resources[m].hierarchy;
        if (hierarchy == nullptr) continue;
        for (std::size_t const place : hierarchy->bottom_up() | std::views::reverse) {
            ResourceId const id = hierarchy->resources()[place].id;
            ResourceSetup const& one = setup.resources[id.value];
            Ran const ran = run_bounded(one.stop, environment_of(setup, m, id), one.within, nobody);
            if (ran.ok) continue;
            all = false;
            told(fmt::format("{}: {}", one.name, ran.words));
        }
    }
    return all;
}

}  // namespace sunder::live
