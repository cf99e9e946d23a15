// SPDX-License-Identifier: BSD-3-Clause
//
// When volumes are looked at.
#include "netsim/checkers/point_in_time.h"

#include "netsim/array_sim.h"
#include "netsim/checkers/array_contents.h"

#include <fmt/format.h>

namespace sunder::netsim {

void PointInTime::on(View& view, seen::ArrayNoted const& noted) {
    if (auto const* const told = std::get_if<array_note::Answered>(&noted.note->what)) {
        bool const read = told->request.op == replication::HostOp::read && !told->refused;
        if (!read) return;
        auto const wrong = wrong_answer(view.arrays.of(noted.array), *told);
        if (!wrong) return;
        view.violated(text, noted.array,
                      fmt::format("a host reads {} of {}: {}", told->request.volume,
                                  view.name(noted.array), *wrong));
    } else if (auto const* const done = std::get_if<array_note::Commanded>(&noted.note->what)) {
        if (!done->refused) look(view, noted.array, "after a command");
    } else if (auto const* const is = std::get_if<array_note::ReportChanged>(&noted.note->what)) {
        look(view, noted.array, fmt::format("as {} is {}", is->volume, name_of(is->to)));
    }
}

void PointInTime::look(View& view, ArrayId array, std::string const& when) {
    ArraySim const& sim = view.world.arrays().at(array);
    if (!sim.powered()) return;
    ArrayBook::Array const& book = view.arrays.of(array);
    for (auto const& [id, row] : book.rows) {
        auto const wrong = wrong_in({sim.array(), sim.store()}, book, id, Besides::under_way);
        if (!wrong) continue;
        view.violated(
            text, array,
            fmt::format("{}, {} of {}: {}", when, sim.state().catalogue.volumes.at(id).name,
                        view.name(array), *wrong));
    }
}

void PointInTime::finish(View& view) {
    for (std::uint16_t a = 0; a < view.world.cluster().arrays.size(); ++a) {
        look(view, ArrayId{a}, "at the end");
    }
}

}  // namespace sunder::netsim
