// SPDX-License-Identifier: BSD-3-Clause
//
// The database of a store: which tables there are, how it is opened, and SQLite's calls with their
// ends tied up. What the rows mean is said elsewhere.
//
// A write-ahead log with `synchronous=FULL`: a transaction is one write at the log's end and one
// sync. A rollback journal would take three or four. The log's frames have checksums, so that a
// torn one ends it; every thousand pages it is brought into the database, which takes two syncs
// more. The connection has the database to itself, so that the log's index lies in its own memory.
#pragma once

#include "emulator/media/keeper.h"
#include "emulator/media/sqlite_vfs.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

struct sqlite3;
struct sqlite3_stmt;

namespace sunder::emulator::media {

inline constexpr char const* database_name = "array.db";
inline constexpr char const* log_name = "array.db-wal";
inline constexpr std::uint32_t page_size = 4096;
inline constexpr std::int64_t application_id = 0x534e4452;  // "SNDR"
inline constexpr std::int64_t format_version = 1;

/// The checksum of a row: XXH64, with table and id as the seed, so that a row is not taken for
/// another.
std::uint64_t sum_of(Table table, std::uint64_t id, std::span<std::byte const> body);

class Statement {
public:
    Statement(sqlite3* connection, std::string const& text);
    ~Statement();
    Statement(Statement const&) = delete;
    Statement& operator=(Statement const&) = delete;

    /// Numbers are kept as SQLite has them, with a sign; their bits are the same.
    Statement& bind(int place, std::uint64_t number);
    Statement& bind(int place, std::span<std::byte const> bytes);
    /// True: there is a row. False: the end, or an error, which stays.
    bool step();
    [[nodiscard]] bool good() const { return good_; }
    void reset();
    [[nodiscard]] std::uint64_t number(int column) const;
    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] std::span<std::byte const> bytes(int column) const;
    /// `id`, `sum` and `body` are of the kinds that they ought to be.
    [[nodiscard]] bool is_row() const;

private:
    sqlite3_stmt* statement_ = nullptr;
    bool good_ = true;
};

class Database {
public:
    Database(Folder& folder, std::shared_ptr<Health> health, bool only_looks);
    ~Database();
    Database(Database const&) = delete;
    Database& operator=(Database const&) = delete;

    /// False: `error_text` says why, and so it is with all that follow.
    bool open(bool make);
    /// Its tables, in one go, and nothing in them. Requires an empty database that may be changed.
    bool make_tables();
    bool run(std::string const& text);
    /// The first number of the first row.
    std::optional<std::uint64_t> ask(std::string const& text);
    /// The log is in the database, and empty.
    bool empty_log();
    /// As much of it as is there.
    bool copy_log();

    [[nodiscard]] sqlite3* connection() { return connection_; }
    [[nodiscard]] SqliteVfs& vfs() { return vfs_; }
    [[nodiscard]] std::string error_text() const;
    /// The files' error, or what comes nearest to SQLite's.
    [[nodiscard]] int error_number() const;
    /// Pages in the log after the last transaction.
    [[nodiscard]] int log_pages() const { return log_pages_; }

private:
    SqliteVfs vfs_;
    sqlite3* connection_ = nullptr;
    int log_pages_ = 0;
};

/// What a table's definition has to be, word for word.
std::string definition_of(Table table);

}  // namespace sunder::emulator::media
