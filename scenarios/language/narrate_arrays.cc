// SPDX-License-Identifier: BSD-3-Clause
//
// From an array's notes to sentences.
#include "scenarios/language/narrate_arrays.h"

#include "netsim/array_note.h"
#include "netsim/array_setup.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace sunder::language {

namespace {

namespace command = emulator::command;
namespace note = netsim::array_note;
using Line = std::optional<std::string>;
using netsim::ArrayReport;
using netsim::ArrayWork;

std::string of_vraid(std::optional<emulator::Vraid> vraid) {
    return vraid ? fmt::format(", {}", emulator::name_of(*vraid)) : std::string();
}
std::string in(std::string const& group, std::string const& container) {
    if (!container.empty()) return fmt::format(" from container {}", container);
    return group.empty() ? "" : fmt::format(" in {}", group);
}

/// What an operator does, or what befalls the array.
struct Order {
    std::string operator()(command::AddDiskGroup const& one) const {
        return fmt::format("OPERATOR makes disk group {} of {}", one.name, to_text(one.capacity));
    }
    std::string operator()(command::FailDiskGroup const& one) const {
        return fmt::format("DISK GROUP {} FAILS", one.name);
    }
    std::string operator()(command::DeleteDiskGroup const& one) const {
        return fmt::format("OPERATOR deletes disk group {}", one.name);
    }
    std::string operator()(command::AddVolume const& one) const {
        return fmt::format("OPERATOR makes {}volume {} of {} in {}, {}", one.thin ? "thin " : "",
                           one.name, to_text(one.size), one.group, emulator::name_of(one.vraid));
    }
    std::string operator()(command::ExpandVolume const& one) const {
        return fmt::format("OPERATOR expands {} to {}", one.name, to_text(one.size));
    }
    std::string operator()(command::DeleteVolume const& one) const {
        return fmt::format("OPERATOR deletes {}", one.name);
    }
    std::string operator()(command::RenameVolume const& one) const {
        return fmt::format("OPERATOR renames {} to {}", one.name, one.to);
    }
    std::string operator()(command::SetCache const& one) const {
        return fmt::format("OPERATOR sets the write cache of {} to {}", one.name,
                           emulator::name_of(one.mode));
    }
    std::string operator()(command::SetWriteProtect const& one) const {
        return fmt::format("OPERATOR protects {} from writes{}", one.name,
                           one.on ? "" : " no more");
    }
    std::string operator()(command::AddContainer const& one) const {
        return fmt::format("OPERATOR makes container {} of {} in {}, {}", one.name,
                           to_text(one.size), one.group, emulator::name_of(one.vraid));
    }
    std::string operator()(command::ChangeIntoContainer const& one) const {
        return fmt::format("OPERATOR changes {} into a container", one.name);
    }
    std::string operator()(command::Prepare const& one) const {
        return fmt::format("OPERATOR prepares container {} for {}", one.container, one.source);
    }
    std::string operator()(command::AddHost const& one) const {
        return fmt::format("OPERATOR adds host {}", one.name);
    }
    std::string operator()(command::DeleteHost const& one) const {
        return fmt::format("OPERATOR deletes host {}", one.name);
    }
    std::string operator()(command::Present const& one) const {
        return fmt::format("OPERATOR presents {} to {} as LUN {}, {}", one.volume, one.host,
                           one.lun, emulator::name_of(one.access));
    }
    std::string operator()(command::Unpresent const& one) const {
        return fmt::format("OPERATOR takes LUN {} away from {}", one.lun, one.host);
    }
    std::string operator()(command::AddSnapshot const& one) const {
        return fmt::format("OPERATOR makes snapshot {} of {}{}, {} allocated{}", one.name,
                           one.source, in("", one.container), one.demand ? "demand" : "fully",
                           of_vraid(one.vraid));
    }
    std::string operator()(command::AddSnapclone const& one) const {
        return fmt::format("OPERATOR makes snapclone {} of {}{}{}", one.name, one.source,
                           in(one.group, one.container), of_vraid(one.vraid));
    }
    std::string operator()(command::AddMirrorclone const& one) const {
        return fmt::format("OPERATOR makes mirrorclone {} of {}{}{}", one.name, one.source,
                           in(one.group, one.container), of_vraid(one.vraid));
    }
    std::string operator()(command::AddMultisnap const& one) const {
        std::vector<std::string> copies;
        for (auto const& copy : one.copies) {
            copies.push_back(std::visit(
                [](auto const& is) { return fmt::format("{} of {}", is.name, is.source); }, copy));
        }
        return fmt::format("OPERATOR makes at one instant {}", fmt::join(copies, ", "));
    }
    std::string operator()(command::RestoreSnapshot const& one) const {
        return fmt::format("OPERATOR restores {} from snapshot {}", one.volume, one.snapshot);
    }
    std::string operator()(command::Fracture const& one) const {
        return fmt::format("OPERATOR fractures {}", one.mirrorclone);
    }
    std::string operator()(command::Resync const& one) const {
        return fmt::format("OPERATOR resynchronises {}", one.mirrorclone);
    }
    std::string operator()(command::RestoreMirrorclone const& one) const {
        return fmt::format("OPERATOR restores the source of {} from it", one.mirrorclone);
    }
    std::string operator()(command::Detach const& one) const {
        return fmt::format("OPERATOR detaches {}", one.mirrorclone);
    }
    std::string operator()(command::Migrate const& one) const {
        return fmt::format("OPERATOR has {} and its source change places", one.mirrorclone);
    }
};

char const* name_of(replication::HostOp op) {
    static constexpr char const* words[] = {"read", "write", "trim", "write_zeroes", "flush"};
    return words[static_cast<int>(op)];
}

struct Sentence {
    Line operator()(note::Answered const& told) const {
        if (!told.refused) return std::nullopt;
        return fmt::format("a host's {} of {} is REFUSED: {}", name_of(told.request.op),
                           told.request.volume, emulator::name_of(*told.refused));
    }
    Line operator()(note::Commanded const& done) const {
        std::string const order = std::visit(Order{}, done.command);
        if (!done.refused) return order;
        emulator::RuleText const rule = text_of(done.refused->rule);
        return fmt::format("{}: refused: {} ({}: {})", order, rule.text, rule.name, rule.source);
    }
    Line operator()(note::Invalidated const& gone) const {
        std::vector<std::string> names;
        for (auto const& [id, name] : gone.snapshots) names.push_back(name);
        return fmt::format("{} cannot grow: INVALID (arrays A10)", fmt::join(names, ", "));
    }
    Line operator()(note::ReportChanged const& changed) const {
        if (changed.to == ArrayReport::invalid) return std::nullopt;  // said with its family
        bool const unshared =
            changed.from == ArrayReport::normalizing && changed.to == ArrayReport::independent;
        if (unshared) return fmt::format("{} is normalized: it is independent", changed.volume);
        return fmt::format("{}: {} -> {}", changed.volume, name_of(changed.from),
                           name_of(changed.to));
    }
    Line operator()(note::OccupancyChanged const& changed) const {
        return fmt::format("disk group {}: occupancy {}", changed.group,
                           emulator::name_of(changed.to));
    }
    Line operator()(note::PowerLost const& lost) const {
        if (!lost.between) return "LOSES POWER";
        return fmt::format("LOSES POWER between data and map ({})", name_of(*lost.between));
    }
    Line operator()(note::PoweredOn const&) const { return "has its power again"; }
    Line operator()(note::Asked const&) const { return std::nullopt; }
    Line operator()(note::Placed const&) const { return std::nullopt; }
    Line operator()(note::Entered const&) const { return std::nullopt; }
    Line operator()(note::Durable const&) const { return std::nullopt; }
};

/// Of a power cut between what was placed and what the map says of it.
constexpr std::string_view cut_marks[] = {"cut_in_write",  "cut_in_push",    "cut_in_unsharing",
                                          "cut_in_resync", "cut_in_restore", "cut_in_release",
                                          "cut_in_flush"};
static_assert(std::size(cut_marks) == static_cast<std::size_t>(ArrayWork::last));

struct Mark {
    std::string_view operator()(note::Answered const& told) const {
        return told.refused ? "host_refused" : "";
    }
    std::string_view operator()(note::Commanded const& done) const {
        if (done.refused) return "operator_refused";
        bool const fails = std::holds_alternative<command::FailDiskGroup>(done.command);
        return fails ? "disk_group_failed" : "";
    }
    std::string_view operator()(note::Invalidated const&) const { return "snapshot_invalidated"; }
    std::string_view operator()(note::ReportChanged const& changed) const {
        switch (changed.to) {
            case ArrayReport::independent:
                return changed.from == ArrayReport::normalizing           ? "normalized"
                       : changed.from == ArrayReport::restore_in_progress ? "restored"
                                                                          : "";
            case ArrayReport::synchronized:
                return "synchronized";
            case ArrayReport::fractured:
                return "fractured";
            case ArrayReport::broken:
                return "copy_broken";
            case ArrayReport::container:
            case ArrayReport::snapshot:
            case ArrayReport::invalid:
            case ArrayReport::normalizing:
            case ArrayReport::sync_in_progress:
            case ArrayReport::restore_in_progress:
            case ArrayReport::failed:
            case ArrayReport::last:
                break;
        }
        return "";
    }
    std::string_view operator()(note::OccupancyChanged const& changed) const {
        return changed.to == emulator::Occupancy::alarm ? "occupancy_alarm" : "";
    }
    std::string_view operator()(note::PowerLost const& lost) const {
        return lost.between ? cut_marks[static_cast<int>(*lost.between)] : "array_without_power";
    }
    std::string_view operator()(auto const&) const { return ""; }
};

}  // namespace

std::optional<std::string> narrate_array(netsim::seen::ArrayNoted const& noted,
                                         netsim::Cluster const& cluster) {
    Line const line = std::visit(Sentence{}, noted.note->what);
    if (!line) return std::nullopt;
    return fmt::format("{:10} {}", cluster.arrays[noted.array.value].name, *line);
}

std::string_view array_mark_of(netsim::seen::ArrayNoted const& noted) {
    return std::visit(Mark{}, noted.note->what);
}

std::vector<std::string> array_mark_names() {
    std::vector<std::string> names{
        "host_refused",         "operator_refused", "disk_group_failed",  "normalized",
        "snapshot_invalidated", "restored",         "synchronized",       "fractured",
        "copy_broken",          "occupancy_alarm",  "array_without_power"};
    for (std::string_view const mark : cut_marks) names.emplace_back(mark);
    return names;
}

std::vector<std::string> array_rule_names() {
    std::vector<std::string> names;
    for (int r = 0; r < static_cast<int>(emulator::Rule::last); ++r) {
        names.emplace_back(text_of(static_cast<emulator::Rule>(r)).name);
    }
    return names;
}

std::vector<std::string> array_host_rule_names() {
    std::vector<std::string> names;
    for (int r = 0; r <= static_cast<int>(emulator::IoRule::group_full); ++r) {
        names.emplace_back(emulator::name_of(static_cast<emulator::IoRule>(r)));
    }
    return names;
}

}  // namespace sunder::language
