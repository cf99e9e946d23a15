// SPDX-License-Identifier: BSD-3-Clause
//
// Holds what an array would show its hosts against the book. What is looked at is an array and a
// store, so that a checker can also look at what would be if something else befell them.
#pragma once

#include "emulator/array.h"
#include "emulator/chunk_store.h"
#include "netsim/checkers/array_book.h"

#include <optional>
#include <string>

namespace sunder::netsim {

struct Shown {
    emulator::Array const& array;
    emulator::ValueStore const& store;
};

/// What may be there besides what was written last.
enum class Besides : std::uint8_t {
    under_way,     ///< what was asked and is not answered
    a_power_cut,   ///< what was not durable
    nothing_lost,  ///< the same, and nothing may be lost with a failed disk group
};

/// "sector 8 holds write 3 of another sector, not write 2"; nothing when all is as it should be.
/// What is lost with a disk group that a copy still needs is passed over, unless nothing may be.
[[nodiscard]] std::optional<std::string> wrong_in(Shown const& shown, ArrayBook::Array const& book,
                                                  emulator::VolumeId volume, Besides besides);
/// The same of the answer to a read.
[[nodiscard]] std::optional<std::string> wrong_answer(ArrayBook::Array const& book,
                                                      array_note::Answered const& answered);
/// Calls `visit(sector, Content)` for each sector that can be read.
void for_each_sector(Shown const& shown, emulator::VolumeId volume, Extent range,
                     std::function<void(std::uint64_t, Content)> const& visit);
[[nodiscard]] inline Content content_of(emulator::ValueStore::Sector sector, std::uint64_t at) {
    return sector.id == 0 ? Content{} : Content{sector.id, sector.offset - at};
}

}  // namespace sunder::netsim
