// SPDX-License-Identifier: BSD-3-Clause
//
// How a store is made and opened.
#include "emulator/media/store.h"

#include "emulator/media/examine.h"
#include "emulator/media/file_data.h"
#include "emulator/media/mutant.h"
#include "emulator/media/problem.h"
#include "emulator/media/since.h"
#include "emulator/media/witness.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

namespace sunder::emulator::media {

namespace {

template <class Done>
using Or = std::expected<Done, Problem>;

/// Something without which a store would be damaged.
bool belongs_to_store(std::string const& name) {
    return group_of_file(name) || name == database_name || name == log_name || name == witness_name;
}

/// Reads a file and writes it again, the same bytes. A sync that failed may have left what is read
/// in memory only, and called it written (G11); from now on it is unsynced again.
int write_again(File& file) {
    std::vector<std::byte> part(1 << 20);
    for (std::uint64_t offset = 0;;) {
        auto const got = file.read(offset, part);
        if (!got) return got.error();
        if (*got == 0) return 0;
        if (int const error = file.write(offset, std::span(part).first(*got))) return error;
        offset += *got;
    }
}

/// Makes durable what was read, before anything is done that relies upon it.
int settle_files(Folder& folder, FileData& data, File& witness) {
    if (mutant(Mutant::opened_unsettled)) return 0;
    auto const log = folder.open(log_name, Folder::Open::existing);
    if (!log && log.error() != ENOENT) return log.error();
    if (log) {
        if (int const error = write_again(**log)) return error;
        if (int const error = (*log)->sync()) return error;
    }
    if (int const error = witness.sync()) return error;
    return data.sync_all();  // and the names of all files
}

/// What a disk group that is gone left behind, when power failed before its file went.
void remove_leftovers(Folder& folder, Array const& array, std::vector<std::string> const& names) {
    for (std::string const& name : names) {
        auto const group = group_of_file(name);
        if (!group || array.state().catalogue.groups.contains(*group)) continue;
        static_cast<void>(folder.remove(name));  // or the next time
    }
}

/// A store that was read and found well, and whose files are durable as they were read.
struct Settled {
    std::unique_ptr<FileData> data;
    std::unique_ptr<SqliteKeeper> keeper;
};

/// `remembered`: what a killed process had not saved, which is saved first.
Or<Settled> settle(Folder& folder, Examined& examined, Tuning tuning,
                   std::optional<Rows> const& remembered) {
    auto const trouble = [&](int error) {
        return std::unexpected(refused(folder, "", "what was found cannot be made durable", error));
    };
    auto witness = folder.open(witness_name, Folder::Open::existing);
    if (!witness) {
        return std::unexpected(
            refused(folder, witness_name, "it cannot be opened", witness.error()));
    }
    auto data = std::make_unique<FileData>(folder, examined.health);
    for (DiskGroupId const group : examined.with_files) {
        if (int const error = data->adopt(group)) {
            return std::unexpected(
                refused(folder, data_file_name(group), "it cannot be opened", error));
        }
    }
    if (int const error = settle_files(folder, *data, **witness)) return trouble(error);
    Database& database = *examined.database;
    database.vfs().allow_changes();
    // So that each opening begins a log of its own.
    if (!mutant(Mutant::opened_unsettled) && !database.empty_log()) {
        return trouble(database.error_number());
    }
    // Whoever is killed before it is saved brings it in again.
    std::unique_ptr<Since> since;
    if (!remembered) {
        auto begun = Since::begin(folder);
        if (!begun) return trouble(begun.error());
        since = std::move(*begun);
        // No power cut takes its name away again: that it is missing says that it was removed.
        bool const made = std::ranges::find(examined.names, since_name) == examined.names.end();
        int const error = made ? folder.sync() : 0;
        if (error != 0) return trouble(error);
    }
    auto keeper = std::make_unique<SqliteKeeper>(std::move(examined.database), std::move(*witness),
                                                 std::move(since), examined.health,
                                                 examined.loaded->seal, tuning.log_pages);
    if (remembered) {
        if (int const error = keeper->save(*remembered)) return trouble(error);
    }
    return Settled{std::move(data), std::move(keeper)};
}

/// The rest, once nothing is remembered that is not saved.
Or<Opened> go_on(Folder& folder, Examined examined, Tuning tuning) {
    auto settled = settle(folder, examined, tuning, std::nullopt);
    if (!settled) return std::unexpected(settled.error());
    FileData& data = *settled->data;
    Opened opened{std::move(examined.loaded->array), std::move(settled->data),
                  std::move(settled->keeper)};
    remove_leftovers(folder, opened.array, examined.names);
    opened.array.keep_changes(true);
    opened.array.restarted();
    Rows const rows = rows_of(opened.array);
    if (int const error = opened.keeper->save(rows)) {
        return std::unexpected(refused(folder, "", "what was found cannot be made durable", error));
    }
    opened.array.settle(rows.up_to);
    // Whoever had it open last may not have come to give back all that nobody has.
    opened.array.keep_holes(true);
    for (DiskGroupId const group : examined.with_files) {
        if (auto const slots = data.slots(group)) opened.array.suspect(group, *slots);
    }
    return opened;
}

/// Everything of a new store but its last step.
std::optional<Problem> make(Folder& folder, std::shared_ptr<Health> const& health,
                            Profile const& profile, bool licensed) {
    auto const trouble = [&](char const* file, int error) {
        return refused(folder, file, "it cannot be made", error);
    };
    auto const mark = folder.open(unfinished_name, Folder::Open::made_if_absent);
    if (!mark) return trouble(unfinished_name, mark.error());
    if (int const error = folder.sync()) return trouble(unfinished_name, error);
    for (char const* const name :
         {database_name, log_name, journal_name, witness_name, since_name}) {
        int const error = folder.remove(name);  // of one that was not finished
        if (error != 0 && error != ENOENT) return trouble(name, error);
    }
    auto witness = folder.open(witness_name, Folder::Open::made_if_absent);
    if (!witness) return trouble(witness_name, witness.error());
    if (int const error = write_witness(**witness, 0)) return trouble(witness_name, error);
    if (int const error = (*witness)->sync()) return trouble(witness_name, error);
    auto database = std::make_unique<Database>(folder, health, false);
    database->vfs().allow_changes();
    if (!database->open(true) || !database->make_tables()) {
        return trouble(database_name, database->error_number());
    }
    auto since = Since::begin(folder);
    if (!since) return trouble(since_name, since.error());
    Array array(profile, licensed);
    SqliteKeeper keeper(std::move(database), std::move(*witness), std::move(*since), health, Seal{},
                        Tuning{}.log_pages);
    if (int const error = keeper.save(rows_of(array))) return trouble(database_name, error);
    return std::nullopt;
}

}  // namespace

std::expected<bool, int> has_store(Folder& folder) {
    auto const names = folder.list();
    if (!names) return std::unexpected(names.error());
    bool const unfinished =
        std::find(names->begin(), names->end(), unfinished_name) != names->end();
    return !unfinished && std::any_of(names->begin(), names->end(), belongs_to_store);
}

std::expected<bool, int> has_since(Folder& folder) {
    auto const names = folder.list();
    if (!names) return std::unexpected(names.error());
    return std::ranges::find(*names, since_name) != names->end();
}

std::expected<Opened, Problem> create_store(Folder& folder, Profile const& profile, bool licensed,
                                            Tuning tuning) {
    {
        auto health = std::make_shared<Health>();
        if (auto problem = lock_folder(folder, *health)) return std::unexpected(*problem);
        Profile const* const known = find_profile(profile.name);
        VERIFY(known != nullptr);
        Profile as_kept = *known;
        for (Switch const& one : switched(profile)) VERIFY(set_switch(as_kept, one));
        VERIFY(as_kept == profile);
        auto const names = folder.list();
        if (!names) return std::unexpected(refused(folder, "", "it cannot be read", names.error()));
        auto const has = [&](std::string_view name) {
            return std::find(names->begin(), names->end(), name) != names->end();
        };
        for (std::string const& name : *names) {
            if (!belongs_to_store(name)) continue;
            if (has(unfinished_name) && !group_of_file(name)) continue;
            return std::unexpected(Problem{"a store is there already", place_of(folder, name),
                                           "open that one, or choose another folder"});
        }
        if (auto problem = make(folder, health, profile, licensed))
            return std::unexpected(*problem);
        if (health->failed.load()) {
            return std::unexpected(refused(folder, "", "it cannot be made durable", EIO));
        }
        // With this it is a store; its database was synced, and is closed.
        int error = folder.sync();
        if (error == 0) error = folder.remove(unfinished_name);
        if (error == 0) error = folder.sync();
        if (error != 0) return std::unexpected(refused(folder, "", "it cannot be made", error));
    }
    return open_store(folder, tuning);
}

std::expected<Opened, Problem> open_store(Folder& folder, Tuning tuning) {
    {
        Examined examined = examine(folder, false);
        if (!examined.problems.empty()) return std::unexpected(examined.problems.front());
        if (!examined.remembered) return go_on(folder, std::move(examined), tuning);
        auto const settled = settle(folder, examined, tuning, examined.remembered);
        if (!settled) return std::unexpected(settled.error());
    }
    // What was brought in is read, and found well or not, like everything else.
    Examined examined = examine(folder, false);
    if (!examined.problems.empty()) return std::unexpected(examined.problems.front());
    return go_on(folder, std::move(examined), tuning);
}

int make_durable(GroupData& data, Keeper& keeper, Rows const& rows) {
    if (!mutant(Mutant::data_not_synced)) {
        if (int const error = data.sync()) return error;
    }
    return keeper.save(rows);
}

}  // namespace sunder::emulator::media
