// SPDX-License-Identifier: BSD-3-Clause
//
// SQLite's calls behind database.h.
#include "emulator/media/database.h"

#include <fmt/format.h>
#include <sqlite3.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cerrno>

namespace sunder::emulator::media {

std::uint64_t sum_of(Table table, std::uint64_t id, std::span<std::byte const> body) {
    std::uint64_t const seed = std::uint64_t{static_cast<std::uint8_t>(table)} << 56 ^ id;
    return XXH64(body.data(), body.size(), seed);
}

std::string definition_of(Table table) {
    return fmt::format(
        "CREATE TABLE {}(id INTEGER PRIMARY KEY, sum INTEGER NOT NULL, body BLOB NOT NULL) STRICT",
        name_of(table));
}

Statement::Statement(sqlite3* connection, std::string const& text) {
    int const size = static_cast<int>(text.size());
    good_ = sqlite3_prepare_v2(connection, text.c_str(), size, &statement_, nullptr) == SQLITE_OK;
}
Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::bind(int place, std::uint64_t number) {
    if (!good_) return *this;
    good_ = sqlite3_bind_int64(statement_, place, static_cast<std::int64_t>(number)) == SQLITE_OK;
    return *this;
}

Statement& Statement::bind(int place, std::span<std::byte const> bytes) {
    if (!good_) return *this;
    // The bytes outlive the step.
    good_ = sqlite3_bind_blob64(statement_, place, bytes.data(), bytes.size(), SQLITE_STATIC) ==
            SQLITE_OK;
    return *this;
}

bool Statement::step() {
    if (!good_) return false;
    int const result = sqlite3_step(statement_);
    if (result == SQLITE_ROW) return true;
    good_ = result == SQLITE_DONE;
    return false;
}

void Statement::reset() { sqlite3_reset(statement_); }

std::uint64_t Statement::number(int column) const {
    return static_cast<std::uint64_t>(sqlite3_column_int64(statement_, column));
}

std::string Statement::text(int column) const {
    auto const* const found = sqlite3_column_text(statement_, column);
    if (found == nullptr) return "";
    return {reinterpret_cast<char const*>(found),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::span<std::byte const> Statement::bytes(int column) const {
    auto const* const found = sqlite3_column_blob(statement_, column);
    return {static_cast<std::byte const*>(found),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

bool Statement::is_row() const {
    return sqlite3_column_type(statement_, 0) == SQLITE_INTEGER &&
           sqlite3_column_type(statement_, 1) == SQLITE_INTEGER &&
           sqlite3_column_type(statement_, 2) == SQLITE_BLOB;
}

Database::Database(Folder& folder, std::shared_ptr<Health> health, bool only_looks)
    : vfs_(folder, std::move(health), only_looks) {}

Database::~Database() { sqlite3_close(connection_); }

bool Database::open(bool make) {
    int const flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                      (make ? SQLITE_OPEN_CREATE : 0);
    if (sqlite3_open_v2(database_name, &connection_, flags, vfs_.name()) != SQLITE_OK) return false;
    // Who only looks leaves the log as it is.
    if (vfs_.only_looks()) {
        sqlite3_db_config(connection_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    }
    sqlite3_db_config(connection_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    bool const good = run("PRAGMA locking_mode=EXCLUSIVE") && run("PRAGMA temp_store=MEMORY") &&
                      run("PRAGMA synchronous=FULL") && run("PRAGMA cell_size_check=ON") &&
                      run("PRAGMA cache_size=-16384");
    auto const remember = [](void* own, sqlite3*, char const*, int pages) {
        static_cast<Database*>(own)->log_pages_ = pages;
        return SQLITE_OK;
    };
    // In place of SQLite's own, which would hide what goes wrong with the log.
    sqlite3_wal_hook(connection_, remember, this);
    return good;
}

bool Database::make_tables() {
    if (!run(fmt::format("PRAGMA page_size={}", page_size))) return false;
    if (!run("PRAGMA journal_mode=WAL") || !run("BEGIN IMMEDIATE")) return false;
    if (!run(fmt::format("PRAGMA application_id={}", application_id))) return false;
    if (!run(fmt::format("PRAGMA user_version={}", format_version))) return false;
    for (unsigned table = 0; table < tables; ++table) {
        if (!run(definition_of(static_cast<Table>(table)))) return false;
    }
    return run("COMMIT");
}

bool Database::run(std::string const& text) {
    return sqlite3_exec(connection_, text.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
}

std::optional<std::uint64_t> Database::ask(std::string const& text) {
    Statement question(connection_, text);
    if (!question.step()) return std::nullopt;
    return question.number(0);
}

bool Database::empty_log() {
    return sqlite3_wal_checkpoint_v2(connection_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr,
                                     nullptr) == SQLITE_OK;
}

bool Database::copy_log() {
    return sqlite3_wal_checkpoint_v2(connection_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr,
                                     nullptr) == SQLITE_OK;
}

std::string Database::error_text() const { return sqlite3_errmsg(connection_); }

int Database::error_number() const {
    if (vfs_.last_error() != 0) return vfs_.last_error();
    int const primary = sqlite3_errcode(connection_) & 0xff;
    if (primary == SQLITE_FULL) return ENOSPC;
    if (primary == SQLITE_NOMEM) return ENOMEM;
    return EIO;
}

}  // namespace sunder::emulator::media
