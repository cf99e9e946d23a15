// SPDX-License-Identifier: BSD-3-Clause
//
// How a volume's report follows from the array's state.
#include "netsim/array_reports.h"

#include "emulator/mutant.h"

namespace sunder::netsim {

namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(ArrayReport::last)> reports{
    "independent",         "container",        "snapshot",     "invalid",
    "normalizing",         "sync in progress", "synchronized", "fractured",
    "restore in progress", "broken",           "failed"};
constexpr std::array<std::string_view, static_cast<std::size_t>(ArrayWork::last)> works{
    "write", "push", "unsharing", "resync", "restore", "release", "flush"};

template <class What, std::size_t size>
std::optional<What> find(std::array<std::string_view, size> const& names, std::string_view name) {
    for (std::size_t i = 0; i < size; ++i) {
        if (names[i] == name) return static_cast<What>(i);
    }
    return std::nullopt;
}

ArrayReport of_mirror(emulator::MirrorState const& state) {
    struct Report {
        ArrayReport operator()(emulator::mirror::SyncInProgress const&) {
            return ArrayReport::sync_in_progress;
        }
        ArrayReport operator()(emulator::mirror::Synchronized const&) {
            return ArrayReport::synchronized;
        }
        ArrayReport operator()(emulator::mirror::Fractured const&) {
            return ArrayReport::fractured;
        }
        ArrayReport operator()(emulator::mirror::RestoreInProgress const&) {
            return ArrayReport::restore_in_progress;
        }
    };
    return std::visit(Report{}, state);
}

}  // namespace

std::string_view name_of(ArrayReport report) { return reports[static_cast<std::size_t>(report)]; }

std::optional<ArrayReport> array_report_of(std::string_view name) {
    return find<ArrayReport>(reports, name);
}

std::string_view name_of(ArrayWork work) { return works[static_cast<std::size_t>(work)]; }

std::optional<ArrayWork> array_work_of(std::string_view name) {
    return find<ArrayWork>(works, name);
}

ArrayReport report_of(emulator::State const& state, emulator::VolumeId id) {
    emulator::Volume const& volume = state.catalogue.volumes.at(id);
    if (state.catalogue.groups.at(volume.group).failed) return ArrayReport::failed;
    if (emulator::broken(state, id)) return ArrayReport::broken;
    struct Report {
        emulator::State const& state;
        emulator::VolumeId id;
        ArrayReport operator()(emulator::role::Ordinary const&) const {
            return emulator::restoring(state, id) ? ArrayReport::restore_in_progress
                                                  : ArrayReport::independent;
        }
        ArrayReport operator()(emulator::role::Snapshot const& role) const {
            return role.invalid ? ArrayReport::invalid : ArrayReport::snapshot;
        }
        ArrayReport operator()(emulator::role::Unsharing const&) const {
            bool const early = emulator::mutant(emulator::Mutant::independent_too_early) &&
                               emulator::progress_of(state, id) > 50;
            if (early) return ArrayReport::independent;
            return ArrayReport::normalizing;
        }
        ArrayReport operator()(emulator::role::Mirrorclone const&) const {
            return of_mirror(emulator::mirror_state(state, id));
        }
        ArrayReport operator()(emulator::role::Container const&) const {
            return ArrayReport::container;
        }
    };
    return std::visit(Report{state, id}, volume.role);
}

}  // namespace sunder::netsim
