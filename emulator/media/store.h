// SPDX-License-Identifier: BSD-3-Clause
//
// A store in a folder: making it, opening it, looking at it. It decides in which order things
// become durable:
// - A flush syncs the data first and saves the rows then (`make_durable`), so that no map that is
//   found after a power cut names data that is not there.
// - What was read is made durable before anything is done with it, because a process that was
//   killed leaves what the operating system has and the medium may not.
// Nothing that is damaged is repaired; it is said what and where, and no byte is changed.
#pragma once

#include "emulator/array.h"
#include "emulator/media/files.h"
#include "emulator/media/group_data.h"
#include "emulator/media/keeper.h"

#include <expected>
#include <memory>
#include <string>
#include <vector>

namespace sunder::emulator::media {

/// For people: what is wrong, where (folder, file, table and row), and what can be done.
struct Problem {
    std::string what;
    std::string where;
    std::string cure;
};
std::string in_text(Problem const& problem);

/// The folder stays locked as long as `data` or `keeper` lives, and has to outlive both.
struct Opened {
    Array array;  ///< keeps changes, and was told that it restarted
    std::unique_ptr<GroupData> data;
    std::unique_ptr<Keeper> keeper;
};

struct Tuning {
    /// Pages of 4 KiB that the database's log may have before they are brought into the database,
    /// which takes two syncs and keeps the log short.
    int log_pages = 1000;
};

/// Whether there is one to be opened, be it damaged; else there is room for one. An errno when the
/// folder cannot be read.
std::expected<bool, int> has_store(Folder& folder);
/// Whether the file is there that names what was answered since the last flush (since.h). An array
/// goes on without it, from what was flushed: to remove it is how one that is damaged is given up.
/// So whoever relies upon what was answered asks. Or an errno.
std::expected<bool, int> has_since(Folder& folder);
/// Makes a store in a folder that has none, and opens it. Requires one of `profiles()`. One that a
/// power cut kept from being finished is made anew.
std::expected<Opened, Problem> create_store(Folder& folder, Profile const& profile,
                                            bool licensed = true, Tuning tuning = {});
std::expected<Opened, Problem> open_store(Folder& folder, Tuning tuning = {});
/// All that is wrong with a store that nobody has open. Changes nothing.
std::vector<Problem> check_store(Folder& folder);

/// A host's flush, but for taking the rows before and telling the array after. 0 or an errno.
int make_durable(GroupData& data, Keeper& keeper, Rows const& rows);

}  // namespace sunder::emulator::media
