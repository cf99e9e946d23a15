// SPDX-License-Identifier: BSD-3-Clause
//
// Reading a store's database: is it one, are its rows whole, do they make an array. Changes
// nothing, and finds as much that is wrong as can be found at once.
#pragma once

#include "emulator/media/database.h"
#include "emulator/media/sqlite_keeper.h"
#include "emulator/media/store.h"

#include <map>
#include <optional>
#include <vector>

namespace sunder::emulator::media {

struct Loaded {
    Array array;  ///< has to be told that it restarted
    Seal seal;
    std::map<DiskGroupId, std::uint64_t> reach;  ///< bytes that the data of each group has at least
};

/// Nothing: what was found wrong is added to `problems`.
std::optional<Loaded> load(Folder const& folder, Database& database,
                           std::vector<Problem>& problems);

}  // namespace sunder::emulator::media
