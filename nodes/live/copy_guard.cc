// SPDX-License-Identifier: BSD-3-Clause
//
// Which commands change what a volume holds, or which volume has its name.
#include "nodes/live/copy_guard.h"

#include <fmt/format.h>

#include <algorithm>

namespace sunder::live {

namespace {

namespace command = emulator::command;

/// The volume that a command would take away from its mirror; empty: none.
struct Taken {
    emulator::Catalogue const& catalogue;

    std::string operator()(command::DeleteVolume const& asked) const { return asked.name; }
    std::string operator()(command::RenameVolume const& asked) const { return asked.name; }
    std::string operator()(command::ChangeIntoContainer const& asked) const { return asked.name; }
    std::string operator()(command::RestoreSnapshot const& asked) const { return asked.volume; }
    std::string operator()(command::Resync const& asked) const { return asked.mirrorclone; }
    std::string operator()(command::RestoreMirrorclone const& asked) const {
        auto const clone = catalogue.volume_named(asked.mirrorclone);
        if (!clone) return "";
        auto const* const role = catalogue.volumes.at(*clone).as<emulator::role::Mirrorclone>();
        return role == nullptr ? "" : catalogue.volumes.at(role->source).name;
    }
    // Disk groups in which something lives are not deleted, and one that fails is a fault that
    // mirrors are there for. What is copied stays what it is.
    std::string operator()(auto const&) const { return ""; }
};

}  // namespace

std::optional<std::string> refused_for_a_copy(ArrayRequest const& request, NodeSetup const& setup,
                                              emulator::Catalogue const& catalogue) {
    auto const* const asked = std::get_if<emulator::Command>(&request);
    if (asked == nullptr) return std::nullopt;
    std::string const taken = std::visit(Taken{catalogue}, *asked);
    for (MirrorSetup const& mirror : setup.mirrors) {
        if (!mirror.plain.empty()) continue;
        for (VolumeSetup const& volume : mirror.volumes) {
            if (taken.empty() || volume_name(mirror, volume) != taken) continue;
            return fmt::format(
                "'{}' holds the copy of the mirror '{}', which would go on as if it still did; "
                "take the mirror out of the node's file and serve the node without it first (when "
                "it comes back its copy is to be made anew), or copy the volume and change the "
                "copy",
                taken, mirror.name);
        }
    }
    return std::nullopt;
}

std::vector<std::string> copies_taken_away(ArrayRequest const& request, NodeSetup const& setup,
                                           emulator::Catalogue const& catalogue) {
    std::vector<std::string> mirrors;
    auto const* const asked = std::get_if<emulator::Command>(&request);
    if (asked == nullptr) return mirrors;
    // MIRROR, or MIRROR.VOLUME, and points may be in either.
    for (std::string name = std::visit(Taken{catalogue}, *asked); !name.empty();) {
        bool const served = std::ranges::any_of(
            setup.mirrors, [&](MirrorSetup const& mirror) { return mirror.name == name; });
        if (!served) mirrors.push_back(name);
        std::size_t const point = name.rfind('.');
        name.resize(point == std::string::npos ? 0 : point);
    }
    return mirrors;
}

}  // namespace sunder::live
