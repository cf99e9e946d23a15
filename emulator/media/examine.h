// SPDX-License-Identifier: BSD-3-Clause
//
// Looking at a store, file by file, without changing a byte: what opening it and checking it have
// in common.
#pragma once

#include "emulator/media/loading.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sunder::emulator::media {

/// Lies beside a store as long as it is being made.
inline constexpr char const* unfinished_name = "array.unfinished";
inline constexpr char const* journal_name = "array.db-journal";

struct Examined {
    std::vector<Problem> problems;  ///< when there is one, the rest may not be there
    std::shared_ptr<Health> health;
    std::vector<std::string> names;
    std::unique_ptr<Database> database;  ///< open, not allowed to change anything
    std::optional<Loaded> loaded;
    std::vector<DiskGroupId> with_files;
    std::optional<Rows> remembered;  ///< by a process that was killed before it was saved
};
Examined examine(Folder& folder, bool only_looks);

/// A problem when somebody has it.
std::optional<Problem> lock_folder(Folder& folder, Health& health);

}  // namespace sunder::emulator::media
