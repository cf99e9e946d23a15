// SPDX-License-Identifier: BSD-3-Clause
//
// When the map is audited.
#include "netsim/checkers/no_chunk_owned_twice_or_leaked.h"

#include "netsim/array_sim.h"

#include <fmt/format.h>

namespace sunder::netsim {

namespace {

/// An audit looks at every place in use, so there is one for so many of them that are entered.
constexpr std::uint64_t places_for_an_entry = 64;

std::uint64_t places_in_use(emulator::State const& state) {
    std::uint64_t places = 0;
    for (auto const& [id, group] : state.catalogue.groups) places += state.map.slots_used(id);
    return places;
}

}  // namespace

void NoChunkOwnedTwiceOrLeaked::on(View& view, seen::ArrayNoted const& noted) {
    auto const& what = noted.note->what;
    bool looks = std::holds_alternative<array_note::Commanded>(what) ||
                 std::holds_alternative<array_note::ReportChanged>(what) ||
                 std::holds_alternative<array_note::Invalidated>(what) ||
                 std::holds_alternative<array_note::PoweredOn>(what);
    if (std::holds_alternative<array_note::Entered>(what)) {
        emulator::State const& state = view.world.arrays().at(noted.array).state();
        looks = ++entered_[noted.array] * places_for_an_entry >= places_in_use(state);
    }
    if (looks) audit(view, noted.array);
}

void NoChunkOwnedTwiceOrLeaked::audit(View& view, ArrayId array) {
    ArraySim const& sim = view.world.arrays().at(array);
    if (!sim.at_rest()) return;
    entered_[array] = 0;
    auto const wrong = sim.state().map.audit();
    if (wrong.empty()) return;
    view.violated(text, array, fmt::format("{}: {}", view.name(array), wrong.front()));
}

void NoChunkOwnedTwiceOrLeaked::finish(View& view) {
    for (std::uint16_t a = 0; a < view.world.cluster().arrays.size(); ++a) {
        audit(view, ArrayId{a});
    }
}

}  // namespace sunder::netsim
