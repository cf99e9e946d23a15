// SPDX-License-Identifier: BSD-3-Clause
//
// The formats of what a copy keeps and says of itself: its cell, in a file as in a greeting, and
// the sets of chunks of its intent log.
#pragma once

#include "base/format.h"
#include "replication/bitmap.h"
#include "replication/cell.h"

namespace sunder {

/// A copy's place, below the number of copies that a mirror can have.
template <>
struct Format<replication::Slot> {
    static void write(Encoder& to, replication::Slot const& value) { to.to.u8(value.value); }
    static void read(Decoder& from, replication::Slot& into) {
        std::size_t const at = from.from.at();
        std::uint8_t const slot = from.from.u8();
        if (slot >= replication::max_copies)
            return from.refuse(at, detail::number_refused(slot, replication::max_copies));
        into.value = slot;
    }
};

/// Its size (u64), the number of runs (u32), and of each run of words that are not zero: the first
/// (u32), how many (u32), and every word, or, when all are the same, one for all (flag, u64).
template <>
struct Format<replication::Bitmap> {
    static void write(Encoder& to, replication::Bitmap const& value);
    static void read(Decoder& from, replication::Bitmap& into);
};

SUNDER_FORMAT_ENUM(replication::Role, source, target);
SUNDER_FORMAT_ENUM(replication::DataState, inconsistent, outdated, consistent, up_to_date);
SUNDER_FORMAT_ENUM(replication::Minted, created, without_peer, forced);
SUNDER_FORMAT_ENUM(replication::Apart, no, paused, written);
SUNDER_FORMAT(replication::Generation, id, why);
SUNDER_FORMAT(replication::Era, number, node);
SUNDER_FORMAT(replication::PeerRecord, base, may_be_current, resync, paused, met);
SUNDER_FORMAT(replication::FallbackImage, current, history);
SUNDER_FORMAT(replication::Cell, current, history, era, role, data, pristine, applying, last_owner,
              data_corrupt, apart, fallback, asynchronous_limit, resync, peers);

}  // namespace sunder
