// SPDX-License-Identifier: BSD-3-Clause
//
// Sizes of what is made, and the names of disk groups.
#include "nodes/live/copy_volumes.h"

#include "base/units.h"

#include <fmt/format.h>

#include <algorithm>

namespace sunder::live {

namespace {

using namespace emulator;

constexpr std::string_view group_name = "node";
constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
/// Of a disk group, beside its volumes twice: for snapshots of them.
constexpr std::uint64_t spare = std::uint64_t{1} << 30;

std::uint64_t in_mebibytes(std::uint64_t sectors) {
    return (sectors * sector_bytes + mebibyte - 1) / mebibyte;
}

struct Missing {
    std::string name;
    std::uint64_t mebibytes = 0;
};

std::vector<Missing> missing_from(Catalogue const& catalogue, NodeSetup const& setup) {
    std::vector<Missing> all;
    for (MirrorSetup const& mirror : setup.mirrors) {
        if (!mirror.plain.empty()) continue;
        for (VolumeSetup const& volume : mirror.volumes) {
            std::string name = volume_name(mirror, volume);
            if (catalogue.volume_named(name)) continue;
            // A disk may be larger than what is mirrored (R5).
            bool const alone = mirror.volumes.size() == 1;
            std::uint64_t const sectors =
                alone ? std::max(volume.sectors, mirror.config.sectors) : volume.sectors;
            all.push_back({std::move(name), in_mebibytes(sectors)});
        }
    }
    return all;
}

std::string group_numbered(unsigned number) {
    return number == 1 ? std::string(group_name) : fmt::format("{}-{}", group_name, number);
}

/// One that was made for copies.
bool is_for_copies(std::string_view group) {
    if (!group.starts_with(group_name)) return false;
    group.remove_prefix(group_name.size());
    return group.empty() || group.starts_with('-');
}

bool has_room(Catalogue const& catalogue, DiskGroupId id, std::uint64_t bytes) {
    DiskGroup const& group = catalogue.groups.at(id);
    if (group.failed) return false;
    std::uint64_t taken = spare;
    for (auto const& [key, volume] : catalogue.volumes) {
        if (volume.group != id || volume.as<role::Snapshot>() != nullptr) continue;
        taken += 2 * in_mebibytes(volume.sectors) * mebibyte;
    }
    return group.capacity.bytes >= taken && group.capacity.bytes - taken >= bytes;
}

}  // namespace

std::vector<std::vector<std::string>> words_for_copies(NodeSetup const& setup,
                                                       Catalogue const& catalogue) {
    std::vector<std::vector<std::string>> words;
    std::vector<Missing> const missing = missing_from(catalogue, setup);
    if (missing.empty() && catalogue.group_named(group_numbered(1))) return words;
    std::uint64_t bytes = 0;
    for (Missing const& volume : missing) bytes += 2 * volume.mebibytes * mebibyte;
    unsigned number = 1;
    for (;; ++number) {
        auto const there = catalogue.group_named(group_numbered(number));
        if (there && !has_room(catalogue, *there, bytes)) continue;
        if (!there) {
            words.push_back({"add", "disk-group", group_numbered(number),
                             fmt::format("capacity={}MiB", (spare + bytes) / mebibyte)});
        }
        break;
    }
    for (Missing const& volume : missing) {
        words.push_back({"add", "volume", volume.name,
                         fmt::format("group={}", group_numbered(number)),
                         fmt::format("size={}MiB", volume.mebibytes), "vraid=0", "thin=yes"});
    }
    return words;
}

std::expected<VolumeId, std::string> volume_for_copy(Catalogue const& catalogue,
                                                     std::string_view name, std::uint64_t sectors,
                                                     CopyBegins begins) {
    auto const id = catalogue.volume_named(name);
    if (!id) return std::unexpected(fmt::format("there is no volume '{}'", name));
    Volume const& there = catalogue.volumes.at(*id);
    std::string const& group = catalogue.groups.at(there.group).name;
    auto const is = [&](std::string const& what) {
        return std::unexpected(
            fmt::format("'{}' is {}, and holds no copy; take the mirror out of the node's file, "
                        "serve the node, and rename or delete it (sunder array)",
                        name, what));
    };
    if (there.as<role::Container>() != nullptr) return is("a container");
    if (there.as<role::Snapshot>() != nullptr) return is("a snapshot");
    if (there.as<role::Mirrorclone>() != nullptr) return is("a mirrorclone");
    // What an operator made is not overwritten because it is called like a mirror.
    if (begins == CopyBegins::made && !is_for_copies(group)) {
        return is(fmt::format("a volume of the disk group '{}'", group));
    }
    if (there.sectors >= sectors) return *id;
    std::string const small = fmt::format("the volume '{}' has {}, and the mirror takes {}", name,
                                          to_text(ByteCount{there.sectors * sector_bytes}),
                                          to_text(ByteCount{sectors * sector_bytes}));
    if (begins != CopyBegins::goes_on) {
        return std::unexpected(
            small +
            "; take the mirror out of the node's file, serve the node, and make it larger "
            "(sunder array expand volume)");
    }
    return std::unexpected(
        small +
        "; a mirror keeps the size that it was made with: say that again in the files, or "
        "add a mirror of another name beside it, copy what hosts have, and take this one "
        "out of the files");
}

}  // namespace sunder::live
