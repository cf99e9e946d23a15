// SPDX-License-Identifier: BSD-3-Clause
//
// Recordings of a node with one mirror, made and read in a test's own folder.
#pragma once

#include "nodes/live/recorder.h"
#include "nodes/live/recording_format.h"

#include <catch2/catch.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace sunder::live {

/// This node has one mirror with another, which it was made source of.
inline NodeSetup some_setup() {
    NodeSetup setup;
    setup.cluster = "east";
    for (char const* name : {"alpha", "beta"}) {
        MemberSetup member;
        member.name = name;
        member.beats.resize(1);
        setup.members.push_back(member);
    }
    setup.config.peers = {{1}};
    nodes::ResourceConfig resource;
    resource.members = {{0}, {1}};
    resource.priority = {1, 2};
    setup.config.resources = {resource};
    MirrorSetup mirror;
    mirror.name = "datarep";
    mirror.config.nodes = {NodeId{0}, NodeId{1}};
    mirror.config.sectors = mirror.config.mirrored_sectors = 128 * 16;
    mirror.config.synchronous.fill(true);
    mirror.config.first_source = true;
    mirror.config.born_in_sync = true;
    mirror.volumes = {{"datarep", mirror.config.sectors}};
    setup.mirrors = {mirror};
    return setup;
}

inline std::unique_ptr<Recorder> recorder(std::string const& folder, Recorder::Bounds bounds = {},
                                          std::uint64_t life = 7) {
    auto opened = Recorder::open(folder, bounds, some_setup(), life);
    REQUIRE(opened);
    return std::move(*opened);
}

inline Recording reading(std::string const& path) {
    auto opened = Recording::open(path);
    if (!opened) FAIL(opened.error());
    return std::move(*opened);
}

/// The file that was begun last.
inline std::string last_part(std::string const& folder) {
    std::vector<std::string> const parts = recorded_parts(folder);
    REQUIRE_FALSE(parts.empty());
    return parts.back();
}

/// With a state that says nothing, where one is asked for.
inline void give(Recorder& into, RecordedMachine machine, std::span<std::byte const> input,
                 Fingerprint outputs) {
    if (into.append(machine, input, outputs)) into.append_state(machine, {});
}

inline std::vector<Recording::Entry> inputs_of(std::vector<Recording::Entry> entries) {
    std::erase_if(entries, [](Recording::Entry const& entry) { return entry.is_state; });
    return entries;
}

inline std::vector<Recording::Entry> all_of(Recording& recording) {
    std::vector<Recording::Entry> entries;
    while (auto entry = recording.next()) entries.push_back(std::move(*entry));
    CHECK_FALSE(recording.next());
    return entries;
}

inline std::uint64_t bytes_of(RecordedLife const& life) {
    std::uint64_t bytes = 0;
    for (std::string const& part : life.parts) bytes += std::filesystem::file_size(part);
    return bytes;
}

inline Recording reading(RecordedLife const& life) {
    auto opened = Recording::open(life);
    if (!opened) FAIL(opened.error());
    return std::move(*opened);
}

}  // namespace sunder::live
