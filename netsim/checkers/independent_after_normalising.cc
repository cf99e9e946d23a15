// SPDX-License-Identifier: BSD-3-Clause
//
// What would be without the others.
#include "netsim/checkers/independent_after_normalising.h"

#include "netsim/array_sim.h"
#include "netsim/checkers/array_contents.h"

#include <fmt/format.h>

namespace sunder::netsim {

namespace {

namespace command = emulator::command;

/// An array as it would be.
struct Trial {
    emulator::Array array;
    emulator::ValueStore store;

    void settle() {
        store.flush();
        array.settle(array.state().map.commits());
    }
    /// Gives back what was deleted.
    void give_back() {
        settle();
        for (auto plan = array.state().map.plan_release(); plan;
             plan = array.state().map.plan_release()) {
            array.commit(*plan);
            settle();
        }
    }
};

}  // namespace

void IndependentAfterNormalising::on(View& view, seen::ArrayNoted const& noted) {
    auto const* const changed = std::get_if<array_note::ReportChanged>(&noted.note->what);
    if (changed == nullptr || changed->to != ArrayReport::independent) return;
    ArraySim const& sim = view.world.arrays().at(noted.array);
    if (!sim.powered() || !sim.at_rest()) return;
    emulator::Catalogue const& catalogue = sim.state().catalogue;
    auto const own = catalogue.volumes.find(changed->id);
    if (own == catalogue.volumes.end()) return;
    ArrayBook::Array const& book = view.arrays.of(noted.array);
    // What is wrong as it is, is not wrong for want of others.
    if (wrong_in({sim.array(), sim.store()}, book, changed->id, Besides::under_way)) return;
    auto const judge = [&](Trial const& trial, std::string const& without) {
        auto const wrong =
            wrong_in({trial.array, trial.store}, book, changed->id, Besides::nothing_lost);
        if (!wrong) return;
        view.violated(text, noted.array,
                      fmt::format("{} of {} is said to be independent, but without {} {}",
                                  changed->volume, view.name(noted.array), without, *wrong));
    };
    for (auto const& [id, group] : catalogue.groups) {
        if (id == own->second.group || group.failed) continue;
        Trial trial{sim.array(), sim.store()};
        if (!trial.array.carry_out(command::FailDiskGroup{group.name})) continue;
        trial.store.lose(id);
        judge(trial, "disk group " + group.name);
    }
    for (auto const& [id, volume] : catalogue.volumes) {
        if (id == changed->id) continue;
        Trial trial{sim.array(), sim.store()};
        if (!trial.array.carry_out(command::DeleteVolume{volume.name})) continue;
        trial.give_back();
        judge(trial, volume.name);
    }
}

}  // namespace sunder::netsim
