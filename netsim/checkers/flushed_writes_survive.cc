// SPDX-License-Identifier: BSD-3-Clause
//
// What a power cut left, against what it may leave.
#include "netsim/checkers/flushed_writes_survive.h"

#include "netsim/array_sim.h"
#include "netsim/checkers/array_contents.h"

#include <fmt/format.h>

namespace sunder::netsim {

void FlushedWritesSurvive::on(View& view, seen::ArrayNoted const& noted) {
    if (!std::holds_alternative<array_note::PoweredOn>(noted.note->what)) return;
    ArraySim const& sim = view.world.arrays().at(noted.array);
    ArrayBook::Array const& book = view.arrays.of(noted.array);
    for (auto const& [id, row] : book.rows) {
        auto const volume = sim.state().catalogue.volumes.find(id);
        std::optional<std::string> wrong = "it is not there any more";
        if (volume != sim.state().catalogue.volumes.end()) {
            wrong = wrong_in({sim.array(), sim.store()}, book, id, Besides::a_power_cut);
        }
        if (!wrong) continue;
        view.violated(text, noted.array,
                      fmt::format("after a power cut of {}, {}: {}", view.name(noted.array),
                                  book.catalogue.volumes.at(id).name, *wrong));
    }
}

}  // namespace sunder::netsim
