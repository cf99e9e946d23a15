// SPDX-License-Identifier: BSD-3-Clause
//
// A note, beside the database, of the last change that was durable. SQLite takes a log that is
// damaged, cut short or gone for one that a power cut tore, and goes on with what comes before; the
// note knows better. It is written after each transaction and not synced, so that it costs nothing:
// a power cut may leave an older one, which accuses nobody wrongly.
#pragma once

#include "emulator/geometry.h"
#include "emulator/media/files.h"

namespace sunder::emulator::media {

inline constexpr char const* witness_name = "array.seen";

/// 0 or an errno.
int write_witness(File& file, Commit durable);
/// Nothing: it holds no note. Or an errno.
std::expected<std::optional<Commit>, int> read_witness(File& file);

}  // namespace sunder::emulator::media
