// SPDX-License-Identifier: BSD-3-Clause
//
// Looking at an array through the eyes of a scenario.
#include "scenarios/language/array_condition.h"

#include "netsim/array_sim.h"

#include <fmt/format.h>

namespace sunder::language {

namespace {

using netsim::ArraySim;

struct Holds {
    ArraySim const& sim;
    std::string const& name;

    bool operator()(array_state::Reports wanted) const {
        auto const volume = sim.state().catalogue.volume_named(name);
        return volume && netsim::report_of(sim.state(), *volume) == wanted.is;
    }
    bool operator()(array_state::Progress wanted) const {
        auto const volume = sim.state().catalogue.volume_named(name);
        return volume && emulator::progress_of(sim.state(), *volume) >= wanted.percent;
    }
    bool operator()(array_state::Occupancy wanted) const {
        auto const group = sim.state().catalogue.group_named(name);
        return group && emulator::occupancy_of(sim.state(), *group) == wanted.is;
    }
    bool operator()(array_state::Placed wanted) const {
        auto const& placed = sim.placed();
        return placed && placed->what == wanted.what && (name.empty() || placed->volume == name);
    }
};

}  // namespace

bool holds(ArrayState const& wanted, netsim::World const& world) {
    ArraySim const& sim = world.arrays().at(wanted.array);
    return sim.powered() && std::visit(Holds{sim, wanted.name}, wanted.what);
}

std::string in_words(ArrayState const& wanted, netsim::Cluster const& cluster) {
    std::string const& array = cluster.arrays[wanted.array.value].name;
    struct Words {
        std::string operator()(array_state::Reports is) const {
            return std::string(name_of(is.is));
        }
        std::string operator()(array_state::Progress is) const {
            return fmt::format("{} % done", is.percent);
        }
        std::string operator()(array_state::Occupancy is) const {
            return fmt::format("at occupancy {}", emulator::name_of(is.is));
        }
        std::string operator()(array_state::Placed is) const {
            return fmt::format("with a {} that the map does not say yet", name_of(is.what));
        }
    };
    std::string const whose =
        wanted.name.empty() ? array : fmt::format("{} of {}", wanted.name, array);
    return fmt::format("{} {}", whose, std::visit(Words{}, wanted.what));
}

std::string array_in_words(netsim::World const& world, netsim::ArrayId array) {
    ArraySim const& sim = world.arrays().at(array);
    emulator::State const& state = sim.state();
    std::string text = world.cluster().arrays[array.value].name;
    if (!sim.powered()) return text + " is without power";
    for (auto const& [id, group] : state.catalogue.groups) {
        emulator::Capacity const capacity = emulator::capacity_of(state, id);
        text += fmt::format("; disk group {}{}: {} of {} in use, occupancy {}", group.name,
                            group.failed ? " FAILED" : "", to_text(ByteCount{capacity.used}),
                            to_text(ByteCount{capacity.total}),
                            emulator::name_of(emulator::occupancy_of(state, id)));
    }
    for (auto const& [id, volume] : state.catalogue.volumes) {
        text += fmt::format("; {} {}", volume.name, name_of(netsim::report_of(state, id)));
        unsigned const progress = emulator::progress_of(state, id);
        if (progress != 100) text += fmt::format(" {} %", progress);
    }
    return text;
}

std::string entry_of(ArrayState const& wanted, netsim::Cluster const& cluster) {
    struct Entry {
        std::string const& name;
        std::string operator()(array_state::Reports is) const {
            return fmt::format("volume: {}, reports: {}", name, name_of(is.is));
        }
        std::string operator()(array_state::Progress is) const {
            return fmt::format("volume: {}, progress: {}", name, is.percent);
        }
        std::string operator()(array_state::Occupancy is) const {
            return fmt::format("group: {}, occupancy: {}", name, emulator::name_of(is.is));
        }
        std::string operator()(array_state::Placed is) const {
            std::string const volume = name.empty() ? "" : fmt::format("volume: {}, ", name);
            return fmt::format("{}placed: {}", volume, name_of(is.what));
        }
    };
    return fmt::format("array: {}, {}", cluster.arrays[wanted.array.value].name,
                       std::visit(Entry{wanted.name}, wanted.what));
}

}  // namespace sunder::language
