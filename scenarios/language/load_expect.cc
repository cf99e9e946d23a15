// SPDX-License-Identifier: BSD-3-Clause
//
// Reads conditions, workloads and what is expected, and decides which of them are impossible.
#include "scenarios/language/load_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace sunder::language::loading {

namespace {

constexpr std::array<std::pair<std::string_view, MirrorIs>, 7> mirror_states{{
    {"fully operational", MirrorIs::fully_operational},
    {"handshaking", MirrorIs::handshaking},
    {"resyncing", MirrorIs::resyncing},
    {"mirroring", MirrorIs::mirroring},
    {"degraded", MirrorIs::degraded},
    {"paused", MirrorIs::paused},
    {"split brain", MirrorIs::split_brain},
}};

std::optional<Condition> read_mirror_state(Node const& node, Names const& names) {
    std::optional<std::uint16_t> const mirror = names.mirror(node.find("mirror"));
    std::optional<std::string> const is = text_of(node.find("is"));
    for (auto const& [word, state] : mirror_states) {
        if (mirror && is == word) return MirrorState{*mirror, state};
    }
    return std::nullopt;
}

/// What stands on a mirror, when the name is such a resource's; else it must be a mirror.
std::optional<ResourceId> resource_named(Node const* node, Names const& names) {
    std::optional<std::string> const name = text_of(node);
    bool const known =
        name && std::ranges::find(names.cluster().resources, *name, &netsim::ResourceSetup::name) !=
                    names.cluster().resources.end();
    return known ? names.resource(node) : std::nullopt;
}

std::optional<Condition> read_in_service(Node const& node, Names const& names) {
    std::optional<ResourceId> const above = resource_named(node.find("resource"), names);
    std::optional<std::uint16_t> const mirror =
        above ? mirror_under(*above, names.cluster()) : names.mirror(node.find("resource"));
    Node const* const where = node.find("in_service");
    InServiceAt condition;
    condition.above = above;
    if (text_of(where) != "none") {
        condition.node = names.node_of(mirror, where, Names::ServersToo::yes);
        if (!condition.node) return std::nullopt;
        if (auto const disk =
                mirror ? shared_disk_of(*condition.node, *mirror, names.cluster()) : std::nullopt) {
            condition.server = condition.node;
            condition.node = disk;
        }
    }
    if (!mirror) return std::nullopt;
    condition.mirror = *mirror;
    return condition;
}

std::optional<Condition> read_resource_state(Node const& node, Names const& names) {
    std::optional<ResourceId> const resource = names.resource(node.find("resource"));
    if (!resource) return std::nullopt;
    auto const mirror = mirror_under(*resource, names.cluster());
    std::optional<NodeId> const on = names.node_of(mirror, node.find("on"));
    std::optional<std::string> const state = text_of(node.find("state"));
    if (!on || !state || !mirror) return std::nullopt;
    ResourceState condition{*mirror, *resource, *on, ResourceState::Is::in_service};
    if (*state == "out of service") condition.is = ResourceState::Is::out_of_service;
    if (*state == "failed") condition.is = ResourceState::Is::failed;
    return condition;
}

std::optional<Condition> read_flag(Node const& node, Names const& names) {
    std::optional<std::uint16_t> const mirror = names.mirror(node.find("mirror"));
    std::optional<NodeId> const on = names.node_of(mirror, node.find("on"));
    std::optional<std::string> const flag = text_of(node.find("flag"));
    if (!mirror || !on || !flag) return std::nullopt;
    FlagState condition;
    condition.mirror = *mirror;
    condition.node = *on;
    condition.flag =
        *flag == "last_owner" ? FlagState::Which::last_owner : FlagState::Which::data_corrupt;
    condition.set = boolean_of(node.find("set")).value_or(true);
    return condition;
}

std::optional<Condition> read_runs(Node const& node, Names const& names) {
    std::optional<NodeId> const which = names.node(node.find("node"));
    std::optional<bool> const runs = boolean_of(node.find("runs"));
    if (!which || !runs) return std::nullopt;
    return NodeRuns{*which, *runs};
}

std::optional<Condition> read_has_quorum(Node const& node, Names const& names) {
    std::optional<NodeId> const which = names.node(node.find("on"));
    std::optional<std::string> const held = text_of(node.find("quorum"));
    if (!which || !held) return std::nullopt;
    return QuorumState{*which, *held == "held"};
}

std::optional<Condition> read_storing(Node const& node, Names const& names) {
    std::optional<std::uint16_t> const mirror = names.mirror(node.find("mirror"));
    std::optional<NodeId> const which = names.node_of(mirror, node.find("storing"));
    if (!mirror || !which) return std::nullopt;
    return Storing{*mirror, *which};
}

/// A block must be sectors, and fit into the mirror, or into each volume that is used.
std::uint64_t read_block(Node const& used, std::optional<std::uint16_t> mirror,
                         std::optional<std::uint16_t> volume, std::uint64_t by_default,
                         Names const& names) {
    Node const* const block = used.find("block");
    Report const& report = names.report();
    auto const sectors = sectors_of(block, report, Code::bad_workload, "the block of the workload");
    if (sectors == 0U) {
        report.error(Code::bad_workload, mark_of(*block), "the block of the workload is empty",
                     {"at least 512 B", {}});
    }
    if (!mirror || (block != nullptr && !sectors)) return by_default;
    std::uint64_t const found = sectors.value_or(by_default);
    netsim::MirrorSetup const& setup = names.cluster().mirrors[*mirror];
    auto const check = [&](std::uint64_t size, std::string const& of) {
        if (size == 0 || found <= size) return;
        report.error(Code::bad_workload, mark_of(block != nullptr ? *block : used),
                     fmt::format("a block of {} is larger than {}mirror '{}' ({})",
                                 to_text(ByteCount{found * sector_bytes}), of, setup.name,
                                 to_text(ByteCount{size * sector_bytes})));
    };
    if (setup.volumes.empty()) check(setup.sectors, "");
    bool const one = used.find("volume") != nullptr;
    for (std::size_t v = 0; v < setup.volumes.size(); ++v) {
        if (one && volume != v) continue;
        check(setup.volumes[v].sectors, fmt::format("volume '{}' of ", setup.volumes[v].name));
    }
    return found;
}

Workload::Order read_order(Node const& node) {
    bool const sequential = text_of(node.find("write")) == "sequential";
    return sequential ? Workload::Order::sequential : Workload::Order::random;
}

std::optional<Workload::Then> read_then(Node const* node, Workload const& workload,
                                        std::optional<std::uint16_t> mirror, Names const& names) {
    if (node == nullptr || node->broken) return std::nullopt;
    if (workload.reads_percent == 100) {
        names.report().error(Code::bad_workload, mark_of(*node),
                             "this workload only reads, so nothing follows a write",
                             {"remove 'then', or lower 'reads_percent'", {}});
    }
    std::optional<std::uint16_t> const volume = names.volume(mirror, node->find("volume"));
    if (!volume) return std::nullopt;
    return Workload::Then{*volume, read_order(*node),
                          read_block(*node, mirror, volume, workload.block_sectors, names)};
}

std::optional<std::uint32_t> small_integer(Node const* node) {
    std::optional<std::int64_t> const value = integer_of(node);
    if (!value) return std::nullopt;
    return static_cast<std::uint32_t>(*value);
}

/// Nothing if the mirror is unknown.
std::optional<Workload> read_workload(Node const& node, Names const& names) {
    std::optional<std::uint16_t> const mirror = names.mirror(node.find("on"));
    Workload workload;
    workload.mirror = mirror.value_or(0);
    workload.write = read_order(node);
    workload.volume = names.volume(mirror, node.find("volume"));
    workload.block_sectors =
        read_block(node, mirror, workload.volume, workload.block_sectors, names);
    workload.reads_percent = small_integer(node.find("reads_percent")).value_or(0);
    workload.flush_every = small_integer(node.find("flush_every"));
    workload.rate = rate_of(node.find("rate"));
    workload.depth = small_integer(node.find("depth"));
    if (auto const count = integer_of(node.find("count"))) {
        workload.count = static_cast<std::uint64_t>(*count);
    }
    workload.then = read_then(node.find("then"), workload, mirror, names);
    workload.started = boolean_of(node.find("started")).value_or(true);
    if (workload.rate && workload.rate->per_second == 0) {
        names.report().error(Code::bad_workload, mark_of(*node.find("rate")),
                             "a workload of 0/s does nothing",
                             {"write a rate above zero, or remove the workload", {}});
    }
    if (workload.flush_every && workload.reads_percent == 100) {
        names.report().error(Code::bad_workload, mark_of(*node.find("flush_every")),
                             "this workload only reads, so no flush follows a write",
                             {"remove 'flush_every', or lower 'reads_percent'", {}});
    }
    if (!mirror) return std::nullopt;
    return workload;
}

}  // namespace

std::optional<Condition> read_condition(Node const& node, Names const& names) {
    if (node.broken) return std::nullopt;
    if (node.find("is") != nullptr) return read_mirror_state(node, names);
    if (node.find("in_service") != nullptr) return read_in_service(node, names);
    if (node.find("state") != nullptr) return read_resource_state(node, names);
    if (node.find("flag") != nullptr) return read_flag(node, names);
    if (node.find("runs") != nullptr) return read_runs(node, names);
    if (node.find("storing") != nullptr) return read_storing(node, names);
    if (node.find("quorum") != nullptr) return read_has_quorum(node, names);
    return read_array_condition(node, names);
}

std::vector<Workload> read_workloads(Node const* node, Names const& names) {
    std::vector<Workload> workloads;
    if (!names.cluster().arrays.empty()) return workloads;
    for (Node const& item : items_of(node)) {
        if (std::optional<Workload> workload = read_workload(item, names)) {
            workloads.push_back(*workload);
        }
    }
    return workloads;
}

Expect read_expect(Node const* node, Names const& names, KnownNames const& known) {
    Expect expect;
    if (node == nullptr || node->broken) return expect;
    for (Node const& item : items_of(node->find("always"))) {
        if (auto name = names.known(&item, "checker", known.checkers)) {
            expect.always.push_back(std::move(*name));
        }
    }
    for (Node const& item : items_of(node->find("sometimes"))) {
        if (auto name = names.known(&item, "mark", known.marks)) {
            expect.sometimes.push_back(std::move(*name));
        }
    }
    for (Node const& item : items_of(node->find("finally"))) {
        if (auto const condition = read_condition(item, names)) {
            expect.finally.push_back(*condition);
        }
    }
    for (char const* const key : {"rto", "rpo"}) {
        Node const* const found = node->find(key);
        if (found == nullptr || names.cluster().arrays.empty()) continue;
        names.report().error(Code::bad_array, mark_of(*found),
                             fmt::format("'{}' is of mirrors, and this cluster has none", key));
    }
    for (unsigned const rank : ranks) {
        std::string_view const name = name_of_rank(rank);
        if (Node const* const rto = node->find("rto")) {
            if (auto const most = duration_of(rto->find(name))) expect.rto[rank] = *most;
        }
        if (Node const* const rpo = node->find("rpo")) {
            if (auto const most = write_count_of(rpo->find(name))) expect.rpo[rank] = *most;
        }
    }
    return expect;
}

}  // namespace sunder::language::loading
