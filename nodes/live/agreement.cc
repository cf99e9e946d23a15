// SPDX-License-Identifier: BSD-3-Clause
//
// Settings as words, which are compared as they are.
#include "nodes/live/agreement.h"

#include "base/checksum.h"
#include "nodes/live/node_setup.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace sunder::live {

namespace {

/// What is long is told apart by its sum.
std::string bounded(std::string text) {
    if (text.size() <= most_agreed_bytes) return text;
    std::uint64_t const sum = checksum({std::as_bytes(std::span(text))});
    text.resize(most_agreed_bytes - 22);
    return text + fmt::format("... ({:016x})", sum);
}

/// The copies of a mirror for which something holds, by the names of their nodes.
template <class Holds>
std::string nodes_where(NodeSetup const& setup, replication::GroupConfig const& mirror,
                        Holds const& holds) {
    std::string words;
    for (std::uint8_t copy = 0; copy < mirror.copies; ++copy) {
        if (!holds(replication::Slot{copy})) continue;
        if (!words.empty()) words += ", ";
        words += setup.members[mirror.nodes[copy].value].name;
    }
    return words.empty() ? "none" : words;
}

/// In the largest unit that it is a whole number of: what differs does not look alike.
std::string size_of(std::uint64_t sectors) {
    std::uint64_t size = sectors * sector_bytes;
    std::size_t unit = 0;
    static constexpr char const* units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    while (size != 0 && size % 1024 == 0 && unit + 1 < std::size(units)) {
        size /= 1024;
        ++unit;
    }
    return fmt::format("{} {}", size, units[unit]);
}

/// Several lie one behind another: where each is, is for its size and that of those before it.
std::string volumes_of(MirrorSetup const& mirror) {
    if (mirror.volumes.size() == 1) return mirror.volumes.front().name;
    std::string words;
    for (VolumeSetup const& volume : mirror.volumes) {
        if (!words.empty()) words += ", ";
        words += volume.name + " " + size_of(volume.sectors);
    }
    return words;
}

std::vector<Agreed> of_cluster(NodeSetup const& setup) {
    std::string nodes;
    for (MemberSetup const& member : setup.members) {
        if (!nodes.empty()) nodes += ", ";
        nodes += member.name;
    }
    // A lease that one node's beats renew ends when the other may take over (R67).
    return {{"nodes", bounded(std::move(nodes))},
            {"policy", setup.config.guarded ? "datakeeper/guarded" : "datakeeper/faithful"},
            {"detection", fmt::format("{} ms, {} missed", setup.detection.interval.ns / 1'000'000,
                                      setup.detection.missed)}};
}

std::vector<Agreed> of_mirror(NodeSetup const& setup, std::size_t place) {
    replication::GroupConfig const& mirror = setup.mirrors[place].config;
    nodes::ResourceConfig const& node = setup.config.resources[place];
    std::string priorities;
    for (std::uint16_t const priority : node.priority) {
        if (!priorities.empty()) priorities += ", ";
        priorities += fmt::format("{}", priority);
    }
    std::string asynchronous;
    for (std::uint8_t copy = 0; copy < mirror.copies; ++copy) {
        auto const peers = node.asynchronous[copy];
        if (peers == 0) continue;
        if (!asynchronous.empty()) asynchronous += "; ";
        asynchronous += setup.members[mirror.nodes[copy].value].name + " with " +
                        nodes_where(setup, mirror, [&](replication::Slot slot) {
                            return (peers & replication::bit_of(slot)) != 0;
                        });
    }
    std::string split_brain(name_of(mirror.split_brain));
    if (mirror.split_brain_loser) {
        split_brain +=
            " " + setup.members[mirror.nodes[mirror.split_brain_loser->value].value].name;
    }
    std::vector<Agreed> all{
        {"on", nodes_where(setup, mirror, [](replication::Slot) { return true; })},
        {"volumes", volumes_of(setup.mirrors[place])},
        // Of what is mirrored: disks may be larger, each as it likes (R5).
        {"size", size_of(mirror.mirrored_sectors)},
        {"priorities", priorities.empty() ? "in the order of 'on'" : std::move(priorities)},
        {"asynchronous", asynchronous.empty() ? "none" : std::move(asynchronous)},
        {"never_in_service", nodes_where(setup, mirror,
                                         [&](replication::Slot slot) {
                                             return (node.never_in_service &
                                                     replication::bit_of(slot)) != 0;
                                         })},
        {"intent_log",
         mirror.intent_log ? fmt::format("{} B", mirror.chunk_sectors * sector_bytes) : "none"},
        {"split_brain", std::move(split_brain)},
    };
    for (Agreed& one : all) one.value = bounded(std::move(one.value));
    return all;
}

}  // namespace

std::vector<Agreed> agreed(NodeSetup const& setup, std::optional<std::size_t> mirror) {
    return mirror ? of_mirror(setup, *mirror) : of_cluster(setup);
}

void encode(std::vector<Agreed> const& all, ByteWriter& to) {
    to.u8(static_cast<std::uint8_t>(all.size()));
    for (Agreed const& one : all) {
        to.text(one.name);
        to.text(one.value);
    }
}

std::optional<std::vector<Agreed>> decode_agreed(ByteReader& from) {
    auto const printable = [](std::string const& text) {
        return !text.empty() &&
               std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
    };
    std::size_t const count = from.u8();
    if (count > most_agreed) return std::nullopt;
    std::vector<Agreed> all(count);
    for (Agreed& one : all) {
        one.name = from.text(most_agreed_bytes);
        one.value = from.text(most_agreed_bytes);
        if (from.failed() || !printable(one.name) || !printable(one.value)) return std::nullopt;
    }
    return all;
}

std::string disagreement(std::vector<Agreed> const& ours, std::vector<Agreed> const& theirs) {
    for (Agreed const& mine : ours) {
        auto const other = std::ranges::find(theirs, mine.name, &Agreed::name);
        if (other == theirs.end()) return fmt::format("its file says nothing of {}", mine.name);
        if (other->value == mine.value) continue;
        return fmt::format("{} is '{}' in its file, and '{}' in ours; both have to say the same",
                           mine.name, other->value, mine.value);
    }
    return "";
}

}  // namespace sunder::live
