// SPDX-License-Identifier: BSD-3-Clause
//
// Transactions of rows.
#include "emulator/media/sqlite_keeper.h"

#include "emulator/media/witness.h"

#include <fmt/format.h>

#include <cerrno>
#include <set>

namespace sunder::emulator::media {

namespace {

constexpr std::uint8_t body_format = 1;

}  // namespace

std::vector<std::byte> bytes_of(Seal seal) {
    std::vector<std::byte> bytes;
    Writer into(bytes);
    into.put(body_format);
    into.put(seal.sum);
    into.put(seal.rows);
    return bytes;
}

bool read_seal(Reader& from, Seal& into) {
    if (from.get<std::uint8_t>() != body_format) return false;
    into.sum = from.get<std::uint64_t>();
    into.rows = from.get<std::uint64_t>();
    return from.complete();
}

struct SqliteKeeper::Statements {
    Statements(sqlite3* connection, std::string_view table)
        : sum(connection, fmt::format("SELECT sum FROM {} WHERE id=?1", table)),
          range(connection, fmt::format("SELECT sum FROM {} WHERE id BETWEEN ?1 AND ?2", table)),
          drop(connection, fmt::format("DELETE FROM {} WHERE id BETWEEN ?1 AND ?2", table)),
          write(connection, fmt::format("INSERT INTO {}(id, sum, body) VALUES(?1, ?2, ?3) ON "
                                        "CONFLICT(id) DO UPDATE SET sum=?2, body=?3",
                                        table)) {}
    Statement sum;
    Statement range;
    Statement drop;
    Statement write;
};

SqliteKeeper::SqliteKeeper(std::unique_ptr<Database> database, std::unique_ptr<File> witness,
                           std::unique_ptr<Since> since, std::shared_ptr<Health> health, Seal seal,
                           int log_pages)
    : database_(std::move(database)),
      witness_(std::move(witness)),
      since_(std::move(since)),
      health_(std::move(health)),
      seal_(seal),
      log_pages_(log_pages) {
    prepare();
}

SqliteKeeper::~SqliteKeeper() = default;

void SqliteKeeper::prepare() {
    for (unsigned table = 0; table < tables; ++table) {
        statements_[table] = std::make_unique<Statements>(database_->connection(),
                                                          name_of(static_cast<Table>(table)));
    }
}

int SqliteKeeper::save(Rows const& rows) {
    if (health_->failed.load()) return EIO;
    if (rows.empty()) return 0;
    database_->vfs().forget_error();
    Seal const before = seal_;
    if (!save_all(rows)) {
        int const error = database_->error_number();
        take_back(before);
        return error;
    }
    // It is durable, whatever comes of the rest: a witness may lag, and what a sync does stops the
    // next transaction.
    static_cast<void>(write_witness(*witness_, rows.up_to));
    if (database_->log_pages() >= log_pages_) {
        static_cast<void>(database_->copy_log());
    }
    return 0;
}

/// As if it had not been begun: a disk that is full has room again some time.
void SqliteKeeper::take_back(Seal before) {
    seal_ = before;
    // SQLite may have done so itself, and then refuses.
    static_cast<void>(database_->run("ROLLBACK"));
    prepare();  // an error stays with a statement
}

bool SqliteKeeper::save_all(Rows const& rows) {
    if (!database_->run("BEGIN IMMEDIATE")) return false;
    for (Rows::Gone const& gone : rows.gone) {
        if (!drop(gone)) return false;
    }
    if (rows.whole_catalogue && !drop_from_catalogue(rows)) return false;
    for (Rows::Row const& row : rows.written) {
        if (!write(row.table, row.id, rows.body(row))) return false;
    }
    // The seal is not under itself.
    auto const id = static_cast<std::uint64_t>(MetaRow::seal);
    auto const body = bytes_of(seal_);
    Statement& statement = statements_[static_cast<unsigned>(Table::meta)]->write;
    statement.bind(1, id).bind(2, sum_of(Table::meta, id, body)).bind(3, body).step();
    statement.reset();
    return statement.good() && database_->run("COMMIT");
}

bool SqliteKeeper::drop(Rows::Gone const& gone) {
    Statements& of = *statements_[static_cast<unsigned>(gone.table)];
    of.range.bind(1, gone.first).bind(2, gone.last);
    while (of.range.step()) seal_.remove(of.range.number(0));
    of.range.reset();
    of.drop.bind(1, gone.first).bind(2, gone.last).step();
    of.drop.reset();
    return of.range.good() && of.drop.good();
}

bool SqliteKeeper::drop_from_catalogue(Rows const& rows) {
    std::set<std::pair<Table, std::uint64_t>> stays;
    for (Rows::Row const& row : rows.written) stays.insert({row.table, row.id});
    for (unsigned number = 0; number < tables; ++number) {
        auto const table = static_cast<Table>(number);
        if (!of_catalogue(table)) continue;
        std::vector<std::uint64_t> gone;
        Statement all(database_->connection(), fmt::format("SELECT id FROM {}", name_of(table)));
        while (all.step()) {
            if (!stays.contains({table, all.number(0)})) gone.push_back(all.number(0));
        }
        if (!all.good()) return false;
        for (std::uint64_t const id : gone) {
            if (!drop({table, id, id})) return false;
        }
    }
    return true;
}

bool SqliteKeeper::write(Table table, std::uint64_t id, std::span<std::byte const> body) {
    Statements& of = *statements_[static_cast<unsigned>(table)];
    std::uint64_t const sum = sum_of(table, id, body);
    of.sum.bind(1, id);
    bool const there = of.sum.step();
    std::uint64_t const before = there ? of.sum.number(0) : 0;
    of.sum.reset();
    if (!of.sum.good()) return false;
    if (there && before == sum) return true;
    if (there) seal_.remove(before);
    seal_.add(sum);
    of.write.bind(1, id).bind(2, sum).bind(3, body).step();
    of.write.reset();
    return of.write.good();
}

}  // namespace sunder::emulator::media
