// SPDX-License-Identifier: BSD-3-Clause
//
// Reads the arrays of a cluster, and decides which of them are impossible: the array itself is
// asked. Also what can be said about arrays in a scenario beside its steps: workloads, conditions.
#include "scenarios/language/load_parts.h"

#include "emulator/array.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

namespace sunder::language::loading {

namespace {

namespace command = emulator::command;
using netsim::ArrayId;
using netsim::ArraySetup;

emulator::SparePolicy spare_of(Node const* node) {
    using emulator::SparePolicy;
    for (SparePolicy const one : {SparePolicy::single, SparePolicy::twice}) {
        if (text_of(node) == emulator::name_of(one)) return one;
    }
    return SparePolicy::none;
}

netsim::DiskModel disk_of(Node const* node, Report const& report) {
    netsim::DiskModel disk;
    if (node == nullptr) return disk;
    disk.latency = duration_of(node->find("latency")).value_or(disk.latency);
    disk.jitter = duration_of(node->find("jitter")).value_or(disk.jitter);
    disk.bandwidth =
        bandwidth_above_zero(node->find("bandwidth"), report, "the bandwidth of the disks")
            .value_or(disk.bandwidth);
    return disk;
}

std::optional<std::uint32_t> small(Node const* node) {
    std::optional<std::int64_t> const value = integer_of(node);
    if (!value) return std::nullopt;
    return static_cast<std::uint32_t>(*value);
}

/// A setup whose commands an array carries out one by one, as they are read.
class ArrayReader {
public:
    ArrayReader(Entry const& entry, Report const& report) : node_(entry.value), report_(report) {
        setup_.name = entry.key;
        setup_.profile = text_of(node_.find("profile")).value_or(setup_.profile);
        setup_.switches = switches_of(node_.find("switches"));
        setup_.licensed = boolean_of(node_.find("licensed")).value_or(true);
        setup_.disk = disk_of(node_.find("disk"), report);
        if (auto const profile = netsim::profile_of(setup_)) {
            array_.emplace(*profile, setup_.licensed);
        }
    }

    ArraySetup read() {
        for (Entry const& one : entries_of(node_.find("disk_groups"))) read_group(one);
        for (Entry const& one : entries_of(node_.find("volumes"))) read_volume(one);
        for (Entry const& one : entries_of(node_.find("containers"))) read_container(one);
        for (Entry const& one : entries_of(node_.find("hosts"))) {
            add(one.key_span, command::AddHost{one.key});
            for (Node const& item : items_of(&one.value)) read_presentation(one.key, item);
        }
        return std::move(setup_);
    }

private:
    void add(Span place, emulator::Command one) {
        if (!array_) return;
        if (auto const answer = array_->carry_out(one); !answer) {
            report_.error(
                Code::bad_array, place,
                fmt::format("array '{}' refuses this: {}", setup_.name, answer.error().words),
                {fmt::format("the rule is {}", text_of(answer.error().rule).name), {}});
            return;
        }
        setup_.setup.push_back(std::move(one));
    }
    void read_group(Entry const& entry) {
        Node const& value = entry.value;
        command::AddDiskGroup group;
        group.name = entry.key;
        auto const capacity = byte_count_of(value.find("capacity"));
        if (!capacity) return;
        group.capacity = *capacity;
        group.largest_drive = byte_count_of(value.find("largest_drive")).value_or(ByteCount{});
        group.spare = spare_of(value.find("spare"));
        group.set_levels(small(value.find("alarm_percent")), small(value.find("warning_percent")));
        add(entry.key_span, group);
    }
    /// The disk group that a volume or a container lives in, if it was read.
    std::optional<std::string> group_of(Node const& value) {
        std::optional<std::string> name = text_of(value.find("group"));
        std::vector<std::string> known;
        if (!array_ || !name) return std::nullopt;
        for (auto const& [id, group] : array_->state().catalogue.groups) {
            if (group.name == *name) return name;
            known.push_back(group.name);
        }
        if (entries_of(node_.find("disk_groups")).size() != known.size()) return std::nullopt;
        report_.unknown(Code::unknown_name, mark_of(*value.find("group")),
                        fmt::format("array '{}' has no disk group '{}'", setup_.name, *name), *name,
                        known);
        return std::nullopt;
    }
    void read_volume(Entry const& entry) {
        auto const group = group_of(entry.value);
        auto const sectors =
            sectors_of(entry.value.find("size"), report_, Code::bad_size, "the size of the volume");
        auto const vraid = vraid_of(entry.value.find("vraid"), report_);
        if (!group || !sectors || !vraid) return;
        bool const thin = boolean_of(entry.value.find("thin")).value_or(false);
        add(entry.key_span,
            command::AddVolume{entry.key, *group, {*sectors * sector_bytes}, *vraid, thin});
    }
    void read_container(Entry const& entry) {
        auto const group = group_of(entry.value);
        auto const sectors = sectors_of(entry.value.find("size"), report_, Code::bad_size,
                                        "the size of the container");
        auto const vraid = vraid_of(entry.value.find("vraid"), report_);
        if (!group || !sectors || !vraid) return;
        add(entry.key_span,
            command::AddContainer{entry.key, *group, {*sectors * sector_bytes}, *vraid});
    }
    void read_presentation(std::string const& host, Node const& item) {
        auto const volume = text_of(item.find("volume"));
        auto const lun = integer_of(item.find("lun"));
        if (!volume || !lun) return;
        add(mark_of(item), command::Present{host, static_cast<std::uint32_t>(*lun), *volume,
                                            access_of(item.find("access"))});
    }

    Node const& node_;
    Report const& report_;
    ArraySetup setup_;
    std::optional<emulator::Array> array_;
};

/// What a step makes in an array, by the names that it gives.
void add_names(std::string_view key, Node const& value, ArrayNames& names) {
    auto const add = [](std::vector<std::string>& to, Node const* node) {
        if (auto name = text_of(node)) to.push_back(std::move(*name));
    };
    static constexpr std::array volumes{"add_volume", "add_container", "add_snapshot",
                                        "add_snapclone", "add_mirrorclone"};
    if (std::ranges::find(volumes, key) != volumes.end()) add(names.volumes, value.find("name"));
    if (key == "rename_volume") add(names.volumes, value.find("to"));
    if (key == "add_disk_group") add(names.groups, value.find("name"));
    if (key == "add_host") add(names.hosts, value.find("name"));
    for (Node const& copy : items_of(value.find("copies"))) {
        add(names.volumes, copy.find("snapshot"));
        add(names.volumes, copy.find("snapclone"));
    }
}

void check_workload(Node const& node, ArrayWorkload const& workload, Names const& names) {
    Report const& report = names.report();
    auto const wrong = [&](char const* key, std::string what, char const* hint) {
        report.error(Code::bad_workload, mark_of(*node.find(key)), std::move(what), {hint, {}});
    };
    if (node.find("then") != nullptr) {
        wrong("then", "volumes of arrays keep no write order together", "remove 'then'");
    }
    if (workload.rate && workload.rate->per_second == 0) {
        wrong("rate", "a workload of 0/s does nothing",
              "write a rate above zero, or remove the workload");
    }
    if (workload.flush_every && workload.reads_percent == 100) {
        wrong("flush_every", "this workload only reads, so no flush follows a write",
              "remove 'flush_every', or lower 'reads_percent'");
    }
}

std::optional<ArrayWorkload> read_array_workload(Node const& node, Names const& names) {
    Report const& report = names.report();
    ArrayWorkload workload;
    std::optional<ArrayId> const array = names.array(node.find("on"));
    if (array && node.find("volume") == nullptr) {
        report.error(Code::missing_key, mark_of(node), "which volume of the array is meant?",
                     {"for example 'volume: data'", {}});
    }
    std::optional<std::string> const volume = names.volume_in(array, node.find("volume"));
    Node const* const block = node.find("block");
    auto const sectors = sectors_of(block, report, Code::bad_workload, "the block of the workload");
    if (sectors == 0U) {
        report.error(Code::bad_workload, mark_of(*block), "the block of the workload is empty",
                     {"at least 512 B", {}});
    }
    workload.block_sectors = sectors.value_or(workload.block_sectors);
    workload.write = text_of(node.find("write")) == "sequential" ? Workload::Order::sequential
                                                                 : Workload::Order::random;
    workload.reads_percent = small(node.find("reads_percent")).value_or(0);
    workload.flush_every = small(node.find("flush_every"));
    workload.rate = rate_of(node.find("rate"));
    workload.depth = small(node.find("depth"));
    if (auto const count = integer_of(node.find("count"))) {
        workload.count = static_cast<std::uint64_t>(*count);
    }
    workload.started = boolean_of(node.find("started")).value_or(true);
    check_workload(node, workload, names);
    if (!array || !volume) return std::nullopt;
    workload.array = *array;
    workload.volume = *volume;
    return workload;
}

}  // namespace

std::optional<emulator::Vraid> vraid_of(Node const* node, Report const& report) {
    using emulator::Vraid;
    if (node == nullptr) return Vraid::vraid5;
    static constexpr std::array<std::pair<std::int64_t, Vraid>, 4> levels{
        {{0, Vraid::vraid0}, {1, Vraid::vraid1}, {5, Vraid::vraid5}, {6, Vraid::vraid6}}};
    for (auto const& [level, vraid] : levels) {
        if (integer_of(node) == level) return vraid;
    }
    if (integer_of(node)) {
        report.error(Code::bad_array, mark_of(*node),
                     fmt::format("there is no Vraid{}", node->text), {"", {"0", "1", "5", "6"}});
    }
    return std::nullopt;
}

emulator::Access access_of(Node const* node) {
    using emulator::Access;
    for (Access const one : {Access::read_only, Access::none}) {
        if (text_of(node) == emulator::name_of(one)) return one;
    }
    return Access::read_write;
}

std::vector<emulator::Switch> switches_of(Node const* node) {
    std::vector<emulator::Switch> switches;
    for (Entry const& one : entries_of(node)) {
        auto const yes = boolean_of(&one.value);
        switches.push_back({one.key, !yes ? one.value.text : *yes ? "yes" : "no"});
    }
    return switches;
}

void read_arrays(Node const& cluster_node, netsim::Cluster& cluster, Report const& report) {
    for (Entry const& entry : entries_of(cluster_node.find("arrays"))) {
        cluster.arrays.push_back(ArrayReader(entry, report).read());
    }
}

void check_arrays(netsim::Cluster const& cluster, Span place, Report const& report) {
    for (ArraySetup const& setup : cluster.arrays) {
        auto const profile = netsim::profile_of(setup);
        if (!profile) continue;
        emulator::Array array(*profile, setup.licensed);
        for (emulator::Command const& one : setup.setup) {
            auto const answer = array.carry_out(one);
            if (answer) continue;
            report.error(Code::bad_array, place,
                         fmt::format("array '{}' cannot be of profile {}: {}", setup.name,
                                     setup.profile, answer.error().words));
            break;
        }
    }
}

std::vector<ArrayNames> names_in_arrays(netsim::Cluster const& cluster, Node const* steps) {
    std::vector<ArrayNames> names(cluster.arrays.size());
    for (std::size_t a = 0; a < names.size(); ++a) {
        for (emulator::Command const& one : cluster.arrays[a].setup) {
            std::visit(
                [&]<class What>(What const& made) {
                    if constexpr (std::is_same_v<What, command::AddDiskGroup>) {
                        names[a].groups.push_back(made.name);
                    } else if constexpr (std::is_same_v<What, command::AddHost>) {
                        names[a].hosts.push_back(made.name);
                    } else if constexpr (std::is_same_v<What, command::AddVolume> ||
                                         std::is_same_v<What, command::AddContainer>) {
                        names[a].volumes.push_back(made.name);
                    }
                },
                one);
        }
    }
    for (Node const& item : items_of(steps)) {
        for (Entry const& entry : entries_of(&item)) {
            if (entry.value.kind != Node::Kind::mapping) continue;
            auto const array = text_of(entry.value.find("array"));
            for (std::size_t a = 0; a < names.size(); ++a) {
                if (array == cluster.arrays[a].name) add_names(entry.key, entry.value, names[a]);
            }
        }
    }
    return names;
}

std::vector<ArrayWorkload> read_array_workloads(Node const* node, Names const& names) {
    std::vector<ArrayWorkload> workloads;
    if (names.cluster().arrays.empty()) return workloads;
    for (Node const& item : items_of(node)) {
        if (auto workload = read_array_workload(item, names)) {
            workloads.push_back(std::move(*workload));
        }
    }
    return workloads;
}

std::optional<Condition> read_array_condition(Node const& node, Names const& names) {
    if (node.find("array") == nullptr) return std::nullopt;
    ArrayState state;
    std::optional<ArrayId> const array = names.array(node.find("array"));
    std::optional<std::string> name;
    if (node.find("group") != nullptr) {
        name = names.in_array(array, node.find("group"), "disk group", &ArrayNames::groups);
    } else if (node.find("volume") != nullptr) {
        name = names.volume_in(array, node.find("volume"));
    } else {
        name = "";
    }
    if (!array || !name) return std::nullopt;
    state.array = *array;
    state.name = *name;
    if (auto const reports = text_of(node.find("reports"))) {
        auto const is = netsim::array_report_of(*reports);
        if (!is) return std::nullopt;
        state.what = array_state::Reports{*is};
    } else if (auto const progress = integer_of(node.find("progress"))) {
        state.what = array_state::Progress{static_cast<std::uint32_t>(*progress)};
    } else if (auto const occupancy = text_of(node.find("occupancy"))) {
        array_state::Occupancy level{emulator::Occupancy::normal};
        if (*occupancy == "warning") level.is = emulator::Occupancy::warning;
        if (*occupancy == "alarm") level.is = emulator::Occupancy::alarm;
        state.what = level;
    } else if (auto const placed = text_of(node.find("placed"))) {
        auto const what = netsim::array_work_of(*placed);
        if (!what) return std::nullopt;
        state.what = array_state::Placed{*what};
    } else {
        return std::nullopt;
    }
    return state;
}

}  // namespace sunder::language::loading
