// SPDX-License-Identifier: BSD-3-Clause
//
// Reads what belongs to exhaustive searches: their bounds, and the steps in which they tell what
// they found.
#include "scenarios/language/load_parts.h"

#include <fmt/format.h>

#include <algorithm>

namespace sunder::language::loading {

namespace {

constexpr std::pair<std::string_view, replication::HostOp> ops[] = {
    {"write", replication::HostOp::write}, {"read", replication::HostOp::read},
    {"trim", replication::HostOp::trim},   {"write_zeroes", replication::HostOp::write_zeroes},
    {"flush", replication::HostOp::flush},
};

std::optional<Action> read_ask(Node const& value, Names const& names) {
    std::optional<std::uint16_t> const mirror = names.mirror(value.find("mirror"));
    std::optional<NodeId> const node = names.node_of(mirror, value.find("on"));
    Node const* const at_node = value.find("at");
    Node const* const length_node = value.find("length");
    Report const& report = names.report();
    step::Ask ask;
    std::optional<std::string> const op = text_of(value.find("op"));
    for (auto const& [word, meant] : ops) {
        if (op == word) ask.op = meant;
    }
    bool const flush = ask.op == replication::HostOp::flush;
    Node const* const volume_node = value.find("volume");
    if (flush) {
        for (Node const* const of_a_range : {at_node, length_node, volume_node}) {
            if (of_a_range == nullptr) continue;
            report.error(
                Code::bad_step, mark_of(*of_a_range),
                of_a_range == volume_node ? "a flush is of all volumes of the mirror"
                                          : "a flush is of the whole volume",
                {of_a_range == volume_node ? "remove 'volume'" : "remove 'at' and 'length'", {}});
            return std::nullopt;
        }
    }
    ask.sectors = flush ? 0 : 1;
    ask.fua = boolean_of(value.find("fua")).value_or(false);
    if (at_node != nullptr) {
        auto const at = sectors_of(at_node, report, Code::outside_volume, "this position");
        if (!at) return std::nullopt;
        ask.at = *at;
    }
    if (length_node != nullptr) {
        auto const length = sectors_of(length_node, report, Code::outside_volume, "this length");
        if (!length) return std::nullopt;
        ask.sectors = *length;
    }
    if (!mirror || !node) return std::nullopt;
    ask.mirror = *mirror;
    ask.node = *node;
    if (flush) return ask;
    std::optional<Extent> const part = names.part(mirror, value);
    if (!part) return std::nullopt;
    bool const outside = ask.at > part->count || ask.sectors > part->count - ask.at;
    if (outside || ask.sectors == 0) {
        report.error(
            Code::outside_volume, mark_of(value),
            ask.sectors == 0
                ? std::string("this request is empty")
                : fmt::format("this is behind the end of {}", names.part_in_words(*mirror, value)),
            {fmt::format("its size is {}", to_text(ByteCount{part->count * sector_bytes})), {}});
        return std::nullopt;
    }
    ask.at += part->first;
    return ask;
}

}  // namespace

std::optional<Action> read_replayed_step(std::string_view key, Node const& value,
                                         Names const& names) {
    if (key == "ask") return read_ask(value, names);
    if (key == "event") {
        std::optional<std::string> const name = text_of(&value);
        if (!name) return std::nullopt;
        return step::Event{*name};
    }
    if (key == "rest") {
        auto const within = time_above_zero(&value, names.report(), "the time to rest");
        if (!within) return std::nullopt;
        return step::Rest{*within};
    }
    return std::nullopt;
}

std::optional<netsim::Bounds> read_bounds(Node const* node, Names const& names) {
    if (node == nullptr || node->broken) return std::nullopt;
    netsim::Bounds bounds;
    auto const amount = [&](char const* key, std::int64_t otherwise) {
        return static_cast<std::uint8_t>(integer_of(node->find(key)).value_or(otherwise));
    };
    std::optional<std::int64_t> const faults = integer_of(node->find("faults"));
    // A bare number of faults means: so many, of the kinds that happen by themselves.
    bool const bare = faults && node->find("crashes") == nullptr &&
                      node->find("power_cuts") == nullptr && node->find("cuts") == nullptr;
    std::int64_t const each = bare ? std::min<std::int64_t>(*faults, 8) : 0;
    bounds.blocks = amount("blocks", 2);
    bounds.most.writes = amount("writes", 1);
    bounds.most.flushes = amount("flushes", 0);
    bounds.most.crashes = amount("crashes", each);
    bounds.most.power_cuts = amount("power_cuts", each);
    bounds.most.cuts = amount("cuts", each);
    bounds.most.resets = amount("resets", 0);
    bounds.most.forces = amount("forces", 0);
    bounds.most.switchovers = amount("switchovers", 0);
    bounds.most.reads = amount("reads", 0);
    bounds.most.trims = amount("trims", 0);
    bounds.most.pauses = amount("pauses", 0);
    bounds.most.disk_faults = amount("disk_faults", 0);
    bounds.faults = faults ? static_cast<unsigned>(*faults) : bounds.most.faults();
    if (auto const deviations = integer_of(node->find("deviations"))) {
        bounds.deviations = static_cast<unsigned>(*deviations);
    }
    bounds.timing = text_of(node->find("timers")) == "any order" ? netsim::Timing::any_order
                                                                 : netsim::Timing::by_duration;
    if (!names.cluster().arrays.empty()) {
        names.report().error(Code::bad_array, mark_of(*node),
                             "a search explores mirrors, and no arrays", {"remove 'bounded'", {}});
    }
    auto const& mirrors = names.cluster().mirrors;
    if (mirrors.size() > 1) {
        names.report().error(
            Code::bad_step, mark_of(*node),
            fmt::format("a search explores one mirror, and this cluster has {}", mirrors.size()),
            {"remove 'bounded', or keep one mirror", {}});
    }
    bool const partly = std::ranges::any_of(
        mirrors, [](netsim::MirrorSetup const& one) { return !one.extended.empty(); });
    if (partly) {
        names.report().error(Code::bad_step, mark_of(*node),
                             "a search knows no mirrors that are yet to be extended",
                             {"remove 'bounded', or 'extended'", {}});
    }
    bool const shared = std::ranges::any_of(
        names.cluster().nodes, [](netsim::NodeSetup const& one) { return !one.shared_by.empty(); });
    if (shared) {
        names.report().error(Code::bad_step, mark_of(*node),
                             "a search knows no disks that servers share",
                             {"remove 'bounded'", {}});
    }
    return bounds;
}

}  // namespace sunder::language::loading
