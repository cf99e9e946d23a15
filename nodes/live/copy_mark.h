// SPDX-License-Identifier: BSD-3-Clause
//
// What a mirror's state (cells, intent log) and the volumes that hold its copy know of each other,
// so that neither is believed beside another: a disk that is not mounted, a volume that was deleted
// and made again, one of the two put back from a backup. Both have the same mark, in the file of
// the state and in one beside the array's store, with a number that grows together. It decides
// whether the two belong together, and what a start makes of it; who opens both keeps to it.
#pragma once

#include "emulator/geometry.h"
#include "nodes/live/node_setup.h"
#include "nodes/live/two_slots.h"

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sunder::live {

/// What the mirror's address space is like. Bits of intent logs, and places within the copy, mean
/// nothing in another one.
struct CopyShape {
    std::uint64_t sectors = 0;  ///< that are mirrored
    std::uint64_t volumes = 0;  ///< of several: their names and sizes, in their order
    friend bool operator==(CopyShape const&, CopyShape const&) = default;
};
CopyShape shape_of(MirrorSetup const& mirror);

struct CopyMark {
    std::uint64_t name = 0;     ///< drawn when the copy was made
    std::uint64_t turns = 0;    ///< starts and orderly ends since then; the copy's grows first
    std::uint64_t volumes = 0;  ///< that it lies in, as `mark_of` has them
    CopyShape shape{};
    friend bool operator==(CopyMark const&, CopyMark const&) = default;
};
/// The array gives no two volumes the same id, also when one is deleted and made again.
std::uint64_t mark_of(std::span<emulator::VolumeId const> volumes);
/// Of a copy that is the export of an NBD server, which it lies in as a volume.
std::uint64_t mark_of_export(std::string_view uri);
std::vector<std::byte> encode_mark(CopyMark const& mark);
std::expected<CopyMark, std::string> decode_mark(std::span<std::byte const> bytes);

/// The mark beside the copy: MIRROR.copy in the folder of the array's store.
class CopyLabel {
public:
    /// Nothing: there is none, or no array. Makes nothing. The error names the file.
    static std::expected<std::optional<CopyMark>, std::string> look(std::string const& folder,
                                                                    std::string const& mirror);
    /// Whether there is an array that has lost, for all that is known, what it had answered since
    /// its last flush. Makes nothing. The error names the folder.
    static std::expected<bool, std::string> forgot(std::string const& folder);
    /// Stable when it returns; the error names the file. Requires the array's lock.
    static std::expected<void, std::string> put(std::string const& folder,
                                                std::string const& mirror, CopyMark const& mark);
    /// What there was. Stable when it returns; as with `put`.
    static std::expected<std::optional<CopyMark>, std::string> take(std::string const& folder,
                                                                    std::string const& mirror);
};

/// What is found of a copy before anything is opened or made.
struct CopyFacts {
    std::string mirror;
    std::string state;       ///< for people: the file of the mirror's state,
    std::string had;         ///< the one that says that there were cells once,
    std::string copies;      ///< and the array's folder
    bool has_cells = false;  ///< they tell of a copy
    bool had_cells = false;  ///< they did once
    CopyShape shape{};       ///< that the node's file gives the mirror
    /// The array's file that names what was answered since its last flush was removed.
    bool forgot = false;
    std::optional<CopyMark> in_state{};
    std::optional<CopyMark> in_copy{};
};

enum class CopyBegins : std::uint8_t {
    made,       ///< the first time, as the mirror's configuration says
    goes_on,    ///< what the cells say is true of it
    made_anew,  ///< it holds nothing that anybody knows of, and is resynchronised in full
};
/// The error says what does not fit, where, and how to go on.
std::expected<CopyBegins, std::string> judge_copy(CopyFacts const& facts);
/// Of a copy at an NBD server, whose export has no mark: `place` is that of the export's URI.
std::expected<CopyBegins, std::string> judge_plain(CopyFacts const& facts, std::uint64_t place);
/// Once the array is open: `volumes` is the mark of those that the copy lies in.
std::expected<void, std::string> judge_volumes(CopyFacts const& facts, std::uint64_t volumes);

}  // namespace sunder::live
