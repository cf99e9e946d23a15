// SPDX-License-Identifier: BSD-3-Clause
//
// What is looked at, in which order; and the check of a store that nobody has open.
#include "emulator/media/examine.h"

#include "emulator/media/file_data.h"
#include "emulator/media/problem.h"
#include "emulator/media/witness.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

namespace sunder::emulator::media {

namespace {

class Examination {
public:
    Examination(Folder& folder, bool only_looks) : folder_(folder) {
        found.health = std::make_shared<Health>();
        if (auto problem = lock_folder(folder, *found.health)) {
            found.problems.push_back(std::move(*problem));
            return;
        }
        auto names = folder.list();
        if (!names) {
            found.problems.push_back(refused(folder, "", "it cannot be read", names.error()));
            return;
        }
        found.names = std::move(*names);
        if (!is_store()) return;
        read_database(only_looks);
        if (!found.loaded) return;
        hear_witness();
        hear_since();
        look_at_files();
    }

    Examined found;

private:
    bool has(std::string_view name) const {
        return std::find(found.names.begin(), found.names.end(), name) != found.names.end();
    }
    void complain(std::string_view file, std::string what, std::string cure = restore_it) {
        found.problems.push_back({std::move(what), place_of(folder_, file), std::move(cure)});
    }
    bool is_store() {
        bool const data = std::any_of(found.names.begin(), found.names.end(), [](auto const& name) {
            return group_of_file(name).has_value();
        });
        if (has(unfinished_name)) {
            complain(unfinished_name, "the store was never finished, and nothing was kept in it",
                     "make it again");
        } else if (!has(database_name) && !data && !has(witness_name) && !has(log_name)) {
            complain("", "there is no store", "make one, or name another folder");
        } else if (!has(database_name)) {
            complain(database_name, "the database is missing");
        } else if (!has(witness_name)) {
            complain(witness_name, "it is missing");
        }
        return found.problems.empty();
    }
    void read_database(bool only_looks) {
        // SQLite takes it for one that is to be made.
        auto const file = folder_.open(database_name, Folder::Open::read_only);
        if (file && (*file)->size() == 0) {
            complain(database_name, "it is empty, and no database any more");
            return;
        }
        found.database = std::make_unique<Database>(folder_, found.health, only_looks);
        Database& database = *found.database;
        if (database.open(false)) {
            found.loaded = load(folder_, database, found.problems);
        } else if (database.vfs().last_error() != 0) {
            found.problems.push_back(refused(folder_, database_name, "it cannot be opened",
                                             database.vfs().last_error()));
        } else {
            complain(database_name,
                     fmt::format("it is no database; SQLite says: {}", database.error_text()));
        }
    }
    void hear_witness() {
        auto const file = folder_.open(witness_name, Folder::Open::read_only);
        auto const seen =
            file ? read_witness(**file)
                 : std::expected<std::optional<Commit>, int>(std::unexpected(file.error()));
        Commit const there = found.loaded->array.state().map.commits();
        if (!seen) {
            found.problems.push_back(
                refused(folder_, witness_name, "it cannot be read", seen.error()));
        } else if (!*seen) {
            complain(witness_name, "it is damaged; its checksum does not fit");
        } else if (**seen > there) {
            complain(log_name,
                     fmt::format("changes {} to {} were durable and are missing; the log is "
                                 "damaged, cut short or gone, or {} is an older one",
                                 there + 1, **seen, database_name));
        }
    }
    void hear_since() {
        auto read = read_since(folder_, found.loaded->array.state().map.commits());
        if (read) {
            found.remembered = std::move(*read);
        } else if (read.error().error != 0) {
            found.problems.push_back(
                refused(folder_, since_name, "it cannot be read", read.error().error));
        } else {
            complain(since_name,
                     fmt::format("it is damaged at byte {}; a process was killed, and what it had "
                                 "answered since the last flush is named there",
                                 read.error().at),
                     "nothing was changed; bring back the whole folder from a backup, or remove "
                     "this file to go on with what was flushed");
        }
    }
    void look_at_files() {
        Catalogue const& catalogue = found.loaded->array.state().catalogue;
        for (std::string const& name : found.names) {
            auto const group = group_of_file(name);
            if (!group) continue;
            if (catalogue.groups.contains(*group)) {
                found.with_files.push_back(*group);
            } else if (group->value > catalogue.last_id) {
                complain(name,
                         "it belongs to a disk group that there never was; the database is "
                         "another one, or an older one");
            }
        }
        for (auto const& [group, reach] : found.loaded->reach) {
            if (catalogue.groups.at(group).failed) continue;
            std::string const name = data_file_name(group);
            std::string const whose =
                fmt::format("the data of disk group \"{}\"", catalogue.groups.at(group).name);
            auto const file = folder_.open(name, Folder::Open::read_only);
            auto const size =
                file ? (*file)->size()
                     : std::expected<std::uint64_t, int>(std::unexpected(file.error()));
            if (!size && size.error() == ENOENT) {
                complain(name, whose + " is missing");
            } else if (!size) {
                found.problems.push_back(refused(folder_, name, "it cannot be read", size.error()));
            } else if (*size < reach) {
                complain(name, fmt::format("{} is cut short; it has {} bytes and needs {}", whose,
                                           *size, reach));
            }
        }
    }

    Folder& folder_;
};

}  // namespace

std::optional<Problem> lock_folder(Folder& folder, Health& health) {
    auto lock = folder.lock();
    if (lock) {
        health.lock = std::move(*lock);
        return std::nullopt;
    }
    if (lock.error() == EWOULDBLOCK) {
        return Problem{"somebody has this store open", folder.where(),
                       "end the process that serves it first"};
    }
    return refused(folder, "", "it cannot be locked", lock.error());
}

Examined examine(Folder& folder, bool only_looks) {
    return std::move(Examination(folder, only_looks).found);
}

std::vector<Problem> check_store(Folder& folder) {
    Examined examined = examine(folder, true);
    std::vector<Problem>& problems = examined.problems;
    auto const complain = [&](std::string what) {
        problems.push_back({std::move(what), place_of(folder, database_name), restore_it});
    };
    if (examined.loaded) {
        // Whoever opens it goes on with what was flushed: to remove it is how one that is damaged
        // is given up.
        auto const& names = examined.names;
        if (std::find(names.begin(), names.end(), since_name) == names.end()) {
            problems.push_back(
                {"it is missing; if a process was killed, what it had answered "
                 "since the last flush is lost",
                 place_of(folder, since_name),
                 "bring back the whole folder from a backup, or serve the array, to "
                 "go on with what was flushed"});
        }
        Array& array = examined.loaded->array;
        array.restarted();
        for (std::string& words : array.audit()) complain(std::move(words));
        // Pages that nothing uses count, too.
        Statement all(examined.database->connection(), "PRAGMA integrity_check");
        while (all.step()) {
            if (all.text(0) != "ok") complain("SQLite says: " + all.text(0));
        }
        if (!all.good()) complain("SQLite says: " + examined.database->error_text());
    }
    return problems;
}

}  // namespace sunder::emulator::media
