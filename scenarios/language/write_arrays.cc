// SPDX-License-Identifier: BSD-3-Clause
//
// The arrays of a cluster and their workloads as a file has them; what has its default is left out.
#include "scenarios/language/write_parts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace sunder::language::writing {

namespace {

namespace command = emulator::command;

std::string mapping(std::vector<std::string> const& entries) {
    return fmt::format("{{{}}}", fmt::join(entries, ", "));
}

std::string disk_of(netsim::DiskModel const& disk) {
    netsim::DiskModel const usual;
    std::vector<std::string> keys;
    if (disk.latency != usual.latency) keys.push_back("latency: " + exact(disk.latency));
    if (disk.jitter != usual.jitter) keys.push_back("jitter: " + exact(disk.jitter));
    if (disk.bandwidth != usual.bandwidth) keys.push_back("bandwidth: " + exact(disk.bandwidth));
    return keys.empty() ? "" : mapping(keys);
}

std::string group_of(command::AddDiskGroup const& group) {
    std::vector<std::string> keys{"capacity: " + exact(group.capacity)};
    command::AddDiskGroup const usual;
    if (group.largest_drive != usual.largest_drive) {
        keys.push_back("largest_drive: " + exact(group.largest_drive));
    }
    if (group.spare != usual.spare) {
        keys.push_back(fmt::format("spare: {}", emulator::name_of(group.spare)));
    }
    if (group.alarm_percent != usual.alarm_percent) {
        keys.push_back(fmt::format("alarm_percent: {}", group.alarm_percent));
    }
    if (group.warning_percent != usual.warning_percent) {
        keys.push_back(fmt::format("warning_percent: {}", group.warning_percent));
    }
    return mapping(keys);
}

int level(emulator::Vraid vraid) {
    static constexpr int levels[] = {0, 1, 5, 6};
    return levels[static_cast<int>(vraid)];
}

/// A section of an array: the entries of the commands that are of that kind.
template <class What, class Entry>
std::string section(netsim::ArraySetup const& setup, char const* key, Entry&& entry) {
    std::string made;
    for (emulator::Command const& one : setup.setup) {
        auto const* const what = std::get_if<What>(&one);
        if (what == nullptr) continue;
        made += fmt::format("        {}: {}\n", what->name, entry(*what));
    }
    return made.empty() ? "" : fmt::format("      {}:\n{}", key, made);
}

std::string presentations_of(netsim::ArraySetup const& setup, std::string const& host) {
    std::vector<std::string> made;
    for (emulator::Command const& one : setup.setup) {
        auto const* const shown = std::get_if<command::Present>(&one);
        if (shown == nullptr || shown->host != host) continue;
        std::string const access =
            shown->access == emulator::Access::read_write
                ? ""
                : fmt::format(", access: {}", emulator::name_of(shown->access));
        made.push_back(fmt::format("{{lun: {}, volume: {}{}}}", shown->lun, shown->volume, access));
    }
    return fmt::format("[{}]", fmt::join(made, ", "));
}

}  // namespace

std::string arrays_section(netsim::Cluster const& cluster) {
    std::string made = "cluster:\n  arrays:\n";
    for (netsim::ArraySetup const& setup : cluster.arrays) {
        made += fmt::format("    {}:\n      profile: {}\n", setup.name, setup.profile);
        std::vector<std::string> switches;
        for (emulator::Switch const& one : setup.switches) {
            switches.push_back(fmt::format("{}: {}", one.name, one.value));
        }
        if (!switches.empty()) made += fmt::format("      switches: {}\n", mapping(switches));
        if (!setup.licensed) made += "      licensed: no\n";
        std::string const disk = disk_of(setup.disk);
        if (!disk.empty()) made += fmt::format("      disk: {}\n", disk);
        made += section<command::AddDiskGroup>(setup, "disk_groups", group_of);
        made += section<command::AddVolume>(setup, "volumes", [](command::AddVolume const& one) {
            return fmt::format("{{size: {}, group: {}, vraid: {}{}}}", exact(one.size), one.group,
                               level(one.vraid), one.thin ? ", thin: yes" : "");
        });
        made += section<command::AddContainer>(
            setup, "containers", [](command::AddContainer const& one) {
                return fmt::format("{{size: {}, group: {}, vraid: {}}}", exact(one.size), one.group,
                                   level(one.vraid));
            });
        made += section<command::AddHost>(setup, "hosts", [&](command::AddHost const& one) {
            return presentations_of(setup, one.name);
        });
    }
    return made;
}

std::string array_workload_entry(netsim::Cluster const& cluster, ArrayWorkload const& workload) {
    std::string made = fmt::format(
        "on: {}, volume: {}, write: {}, block: {}", cluster.arrays[workload.array.value].name,
        workload.volume, workload.write == Workload::Order::random ? "random" : "sequential",
        bytes(workload.block_sectors));
    if (workload.reads_percent != 0) {
        made += fmt::format(", reads_percent: {}", workload.reads_percent);
    }
    if (workload.flush_every) made += fmt::format(", flush_every: {}", *workload.flush_every);
    if (workload.rate) made += ", rate: " + to_text(*workload.rate);
    if (workload.depth) made += fmt::format(", depth: {}", *workload.depth);
    if (workload.count) made += fmt::format(", count: {}", *workload.count);
    if (!workload.started) made += ", started: no";
    return "{" + made + "}";
}

}  // namespace sunder::language::writing
