// SPDX-License-Identifier: BSD-3-Clause
//
// Saves rows in the database, with the checksum of each, and one seal over all of them: the sum of
// their checksums and their number, so that a row that vanished, or came back from an older page,
// is missed.
#pragma once

#include "emulator/media/bytes.h"
#include "emulator/media/database.h"
#include "emulator/media/since.h"

#include <array>
#include <memory>
#include <optional>

namespace sunder::emulator::media {

struct Seal {
    std::uint64_t sum = 0;
    std::uint64_t rows = 0;
    friend bool operator==(Seal, Seal) = default;
    void add(std::uint64_t row) {
        sum += row;
        ++rows;
    }
    void remove(std::uint64_t row) {
        sum -= row;
        --rows;
    }
};
std::vector<std::byte> bytes_of(Seal seal);
bool read_seal(Reader& from, Seal& into);

class SqliteKeeper : public Keeper {
public:
    /// `seal` is that of the rows in the database.
    SqliteKeeper(std::unique_ptr<Database> database, std::unique_ptr<File> witness,
                 std::unique_ptr<Since> since, std::shared_ptr<Health> health, Seal seal,
                 int log_pages);
    ~SqliteKeeper() override;

    int save(Rows const& rows) override;
    [[nodiscard]] bool sound() const override { return !health_->failed.load(); }
    int remember(Rows const& rows) override { return since_->append(rows); }
    [[nodiscard]] std::uint64_t remembered() const override { return since_->count(); }
    void saved(std::uint64_t times) override { since_->saved(times); }
    void distrust() override { since_->distrust(); }

private:
    struct Statements;
    void prepare();
    void take_back(Seal before);
    bool save_all(Rows const& rows);
    bool drop(Rows::Gone const& gone);
    bool drop_from_catalogue(Rows const& rows);
    bool write(Table table, std::uint64_t id, std::span<std::byte const> body);

    std::unique_ptr<Database> database_;
    std::unique_ptr<File> witness_;
    std::unique_ptr<Since> since_;
    std::shared_ptr<Health> health_;
    Seal seal_;
    int log_pages_;
    std::array<std::unique_ptr<Statements>, tables> statements_;
};

}  // namespace sunder::emulator::media
