// SPDX-License-Identifier: BSD-3-Clause
//
// The mark's bytes, its file beside the array, and what two marks say together. The state's mark is
// stored first when a copy is made, the copy's first whenever both grow; so whoever dies between
// the two leaves a copy whose mark is missing, or one that is one ahead.
#include "nodes/live/copy_mark.h"

#include "base/checksum.h"
#include "base/codec.h"
#include "base/hash.h"
#include "base/sealed.h"
#include "emulator/media/posix_files.h"
#include "emulator/media/since.h"
#include "emulator/media/store.h"
#include "nodes/live/export_place.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace sunder::live {

namespace {

namespace media = emulator::media;

constexpr Seal mark_seal{"SUNSCOPY", "the mark of a copy", 2};
constexpr std::size_t slot_bytes = 4096;

std::string file_of(std::string const& mirror) { return mirror + ".copy"; }

std::unexpected<std::string> at(std::string const& folder, std::string const& mirror,
                                std::string const& words) {
    return std::unexpected(fmt::format("{}/{}: {}", folder, file_of(mirror), words));
}

}  // namespace

std::uint64_t mark_of(std::span<emulator::VolumeId const> volumes) {
    std::uint64_t mark = hash_words(volumes.size());
    for (emulator::VolumeId const volume : volumes) mark = hash_words(mark, volume.value);
    return mark;
}

std::uint64_t mark_of_export(std::string_view uri) {
    std::string const place = place_of_export(uri);
    return checksum({std::as_bytes(std::span(place))});
}

CopyShape shape_of(MirrorSetup const& mirror) {
    CopyShape shape{mirror.config.mirrored_sectors, 0};
    if (mirror.volumes.size() < 2) return shape;
    std::string all;
    for (VolumeSetup const& volume : mirror.volumes) {
        all += fmt::format("{} {}\n", volume.name, volume.sectors);
    }
    shape.volumes = checksum({std::as_bytes(std::span(all))});
    return shape;
}

std::vector<std::byte> encode_mark(CopyMark const& mark) {
    std::vector<std::byte> bytes;
    ByteWriter writer(bytes);
    writer.u64(mark.name);
    writer.u64(mark.turns);
    writer.u64(mark.volumes);
    writer.u64(mark.shape.sectors);
    writer.u64(mark.shape.volumes);
    return seal(mark_seal, bytes);
}

std::expected<CopyMark, std::string> decode_mark(std::span<std::byte const> bytes) {
    auto const inside = unseal(mark_seal, bytes);
    if (!inside) return std::unexpected(inside.error());
    ByteReader reader(*inside);
    CopyMark mark;
    mark.name = reader.u64();
    mark.turns = reader.u64();
    mark.volumes = reader.u64();
    mark.shape.sectors = reader.u64();
    mark.shape.volumes = reader.u64();
    if (!reader.at_end()) return std::unexpected("it is no mark of a copy");
    return mark;
}

std::expected<std::optional<CopyMark>, std::string> CopyLabel::look(std::string const& folder,
                                                                    std::string const& mirror) {
    if (!std::filesystem::exists(folder)) return std::nullopt;
    auto const there = media::posix_folder(folder);
    if (!there) return at(folder, mirror, std::strerror(there.error()));
    // What lay in an array that is gone is gone with it.
    auto const store = media::has_store(**there);
    if (!store) return at(folder, mirror, std::strerror(store.error()));
    if (!*store) return std::nullopt;
    auto const file = (*there)->open(file_of(mirror), media::Folder::Open::read_only);
    if (!file && file.error() == ENOENT) return std::nullopt;
    if (!file) return at(folder, mirror, std::strerror(file.error()));
    auto const stored = TwoSlots(**file, 0, slot_bytes).load();
    if (!stored) return at(folder, mirror, stored.error());
    if (!*stored) return std::nullopt;
    auto mark = decode_mark(**stored);
    if (!mark) return at(folder, mirror, mark.error());
    return std::move(*mark);
}

std::expected<bool, std::string> CopyLabel::forgot(std::string const& folder) {
    if (!std::filesystem::exists(folder)) return false;
    auto const in = [&](int error) {
        return std::unexpected(folder + ": " + std::strerror(error));
    };
    auto const there = media::posix_folder(folder);
    if (!there) return in(there.error());
    auto const store = media::has_store(**there);
    if (!store) return in(store.error());
    if (!*store) return false;
    auto const since = media::has_since(**there);
    if (!since) return in(since.error());
    return !*since;
}

std::expected<void, std::string> CopyLabel::put(std::string const& folder,
                                                std::string const& mirror, CopyMark const& mark) {
    auto const there = media::posix_folder(folder);
    if (!there) return at(folder, mirror, std::strerror(there.error()));
    auto const file = (*there)->open(file_of(mirror), media::Folder::Open::made_if_absent);
    if (!file) return at(folder, mirror, std::strerror(file.error()));
    TwoSlots slots(**file, 0, slot_bytes);
    if (auto const before = slots.load(); !before) return at(folder, mirror, before.error());
    int failure = slots.store(encode_mark(mark));
    if (failure == 0) failure = (*there)->sync();
    if (failure != 0) return at(folder, mirror, std::strerror(failure));
    return {};
}

std::expected<std::optional<CopyMark>, std::string> CopyLabel::take(std::string const& folder,
                                                                    std::string const& mirror) {
    auto found = look(folder, mirror);
    if (!found || !*found) return found;
    auto const there = media::posix_folder(folder);
    if (!there) return at(folder, mirror, std::strerror(there.error()));
    int failure = (*there)->remove(file_of(mirror));
    if (failure == 0) failure = (*there)->sync();
    if (failure != 0) return at(folder, mirror, std::strerror(failure));
    return found;
}

namespace {

/// How to go on is the same, whatever does not fit.
std::unexpected<std::string> does_not_fit(CopyFacts const& facts, std::string const& what,
                                          std::string const& right) {
    return std::unexpected(fmt::format(
        "{}: {}; {}. If the copy is lost, remove {}: it is made anew then, and resynchronised in "
        "full",
        facts.mirror, what, right, facts.state));
}

/// To the byte where it is not round.
std::string bytes_of(CopyShape const& shape) {
    ByteCount const size{shape.sectors * sector_bytes};
    std::string const words = to_text(size);
    return size.bytes % (std::uint64_t{1} << 20) == 0 ? words
                                                      : fmt::format("{} ({} B)", words, size.bytes);
}

std::unexpected<std::string> another_copy(CopyFacts const& facts) {
    return does_not_fit(
        facts, fmt::format("{} holds another copy than {} tells of", facts.copies, facts.state),
        "bring the two together again");
}

/// Requires cells.
std::expected<void, std::string> judge_shape(CopyFacts const& facts) {
    CopyShape const was = facts.in_state->shape;
    if (was == facts.shape) return {};
    std::string const words = "a mirror keeps the size and the volumes that it was made with";
    std::string const right =
        "say in the files again what they said; or, for another one, add a mirror of another name "
        "beside it, copy what hosts have, and take this one out of the files";
    if (was.sectors == facts.shape.sectors) {
        return std::unexpected(
            fmt::format("{}: its volumes had other names or sizes, or another order, when it was "
                        "made; {}: {}",
                        facts.mirror, words, right));
    }
    return std::unexpected(
        fmt::format("{}: it was made with {}, and the node's file says {}; {}: {}", facts.mirror,
                    bytes_of(was), bytes_of(facts.shape), words, right));
}

std::unexpected<std::string> tells_of_none(CopyFacts const& facts) {
    return does_not_fit(facts, fmt::format("{} does not say which copy it tells of", facts.state),
                        "put back the one that does");
}

}  // namespace

std::expected<CopyBegins, std::string> judge_plain(CopyFacts const& facts, std::uint64_t place) {
    if (!facts.has_cells) return facts.had_cells ? CopyBegins::made_anew : CopyBegins::made;
    if (!facts.in_state) return tells_of_none(facts);
    if (facts.in_state->volumes != place) {
        return does_not_fit(
            facts, fmt::format("{} tells of a copy that is not at {}", facts.state, facts.copies),
            "name the place again where it is");
    }
    if (auto fits = judge_shape(facts); !fits) return std::unexpected(fits.error());
    return CopyBegins::goes_on;
}

std::expected<CopyBegins, std::string> judge_copy(CopyFacts const& facts) {
    if (!facts.has_cells && facts.had_cells) return CopyBegins::made_anew;
    if (!facts.has_cells) {
        bool const same =
            !facts.in_copy || (facts.in_state && facts.in_state->name == facts.in_copy->name);
        if (same) return CopyBegins::made;
        return std::unexpected(fmt::format(
            "{}: {} holds a copy, and {} knows nothing of it; is the state's disk mounted? If the "
            "state is lost, make an empty file {}: the copy is resynchronised in full then",
            facts.mirror, facts.copies, facts.state, facts.had));
    }
    if (!facts.in_state) return tells_of_none(facts);
    if (!facts.in_copy) {
        return does_not_fit(
            facts,
            fmt::format("{} tells of a copy that {} does not hold", facts.state, facts.copies),
            "is the copies' disk mounted?");
    }
    if (facts.in_state->name != facts.in_copy->name ||
        facts.in_state->volumes != facts.in_copy->volumes) {
        return another_copy(facts);
    }
    if (auto fits = judge_shape(facts); !fits) return std::unexpected(fits.error());
    if (facts.forgot) {
        // A source would serve what it acknowledged otherwise, and a target count as in sync.
        return does_not_fit(
            facts,
            fmt::format("{}/{}: it is missing; if a process was killed, what it had answered since "
                        "the last flush is lost",
                        facts.copies, media::since_name),
            "bring back the whole folder from a backup");
    }
    std::uint64_t const state = facts.in_state->turns;
    std::uint64_t const copy = facts.in_copy->turns;
    if (copy == state || copy == state + 1) return CopyBegins::goes_on;
    bool const older = copy < state;
    return does_not_fit(
        facts,
        fmt::format("{} is older than {}, so it was put back: it has seen {} starts and ends, and "
                    "the other one {}",
                    older ? facts.copies : facts.state, older ? facts.state : facts.copies,
                    older ? copy : state, older ? state : copy),
        "put back both of one moment");
}

std::expected<void, std::string> judge_volumes(CopyFacts const& facts, std::uint64_t volumes) {
    if (!facts.has_cells || !facts.in_copy || facts.in_copy->volumes == volumes) return {};
    return does_not_fit(facts,
                        fmt::format("a volume in {} was deleted and made again since it held the "
                                    "copy that {} tells of",
                                    facts.copies, facts.state),
                        "put back the array");
}

}  // namespace sunder::live
