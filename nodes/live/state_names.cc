// SPDX-License-Identifier: BSD-3-Clause
//
// The lists, each of which has all there are.
#include "nodes/live/state_names.h"

#include "base/text.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace sunder::live {

namespace {

using nodes::hierarchy::ResourceState;
using replication::LegState;

constexpr std::array leg_states{LegState::disconnected, LegState::handshaking, LegState::paused,
                                LegState::resyncing, LegState::mirroring};

template <std::size_t at = 0>
std::optional<ResourceState> find(std::string_view name) {
    if constexpr (at == std::variant_size_v<ResourceState>) {
        return std::nullopt;
    } else {
        ResourceState const state{std::in_place_index<at>};
        return name_of(state) == name ? std::optional(state) : find<at + 1>(name);
    }
}

}  // namespace

std::string_view name_of(ResourceState const& state) {
    namespace resource = nodes::hierarchy::resource;
    struct Names {
        std::string_view operator()(resource::OutOfService const&) const {
            return "out of service";
        }
        std::string_view operator()(resource::Starting const&) const { return "starting"; }
        std::string_view operator()(resource::InService const&) const { return "in service"; }
        std::string_view operator()(resource::Recovering const&) const { return "recovering"; }
        std::string_view operator()(resource::Stopping const&) const { return "stopping"; }
        std::string_view operator()(resource::Failed const&) const { return "failed"; }
    };
    return std::visit(Names{}, state);
}

std::optional<LegState> leg_state_named(std::string_view name) {
    for (LegState const state : leg_states) {
        if (replication::name_of(state) == name) return state;
    }
    return std::nullopt;
}

std::optional<ResourceState> resource_state_named(std::string_view name) { return find(name); }

std::string_view all_leg_states() {
    static std::string const all = [] {
        std::vector<std::string> names;
        for (LegState const state : leg_states) names.emplace_back(replication::name_of(state));
        return join(names);
    }();
    return all;
}

}  // namespace sunder::live
