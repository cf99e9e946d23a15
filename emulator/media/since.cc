// SPDX-License-Identifier: BSD-3-Clause
//
// Rows as entries, and back.
#include "emulator/media/since.h"

#include "emulator/media/backlog.h"
#include "emulator/media/bytes.h"
#include "emulator/media/mutant.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cerrno>

namespace sunder::emulator::media {

namespace {

constexpr std::uint8_t since_format = 2;
constexpr std::size_t head_of_entry = 4 + 8 + 4;
/// Of a boot without a name.
constexpr std::size_t least_head = 1 + 4 + 8;

std::vector<std::byte> head_of(std::string const& boot) {
    std::vector<std::byte> bytes;
    Writer into(bytes);
    into.put(since_format);
    into.put(std::string_view(boot));
    into.put(std::uint64_t{XXH64(bytes.data(), bytes.size(), 0)});
    return bytes;
}

std::vector<std::byte> entry_of(Rows const& rows) {
    std::vector<std::byte> body;
    Writer into(body);
    into.put(std::uint64_t{rows.up_to});
    into.put(static_cast<std::uint8_t>(rows.whole_catalogue));
    into.put(static_cast<std::uint32_t>(rows.gone.size()));
    for (Rows::Gone const& gone : rows.gone) {
        into.put(static_cast<std::uint8_t>(gone.table));
        into.put(gone.first);
        into.put(gone.last);
    }
    into.put(static_cast<std::uint32_t>(rows.written.size()));
    for (Rows::Row const& row : rows.written) {
        into.put(static_cast<std::uint8_t>(row.table));
        into.put(row.id);
        into.put(static_cast<std::uint32_t>(row.size));
        auto const bytes = rows.body(row);
        body.insert(body.end(), bytes.begin(), bytes.end());
    }
    std::vector<std::byte> entry;
    Writer head(entry);
    head.put(static_cast<std::uint32_t>(body.size()));
    head.put(std::uint64_t{XXH64(body.data(), body.size(), 0)});
    head.put(std::uint32_t{XXH32(entry.data(), entry.size(), 0)});
    entry.insert(entry.end(), body.begin(), body.end());
    return entry;
}

std::optional<Rows> rows_in(std::span<std::byte const> body) {
    Reader from(body);
    Rows rows;
    rows.up_to = from.get<std::uint64_t>();
    rows.whole_catalogue = from.flag();
    for (auto left = from.get<std::uint32_t>(); left > 0 && !from.failed(); --left) {
        Rows::Gone gone;
        gone.table = static_cast<Table>(from.below<std::uint8_t>(tables));
        gone.first = from.get<std::uint64_t>();
        gone.last = from.get<std::uint64_t>();
        rows.gone.push_back(gone);
    }
    for (auto left = from.get<std::uint32_t>(); left > 0 && !from.failed(); --left) {
        Rows::Row row;
        row.table = static_cast<Table>(from.below<std::uint8_t>(tables));
        row.id = from.get<std::uint64_t>();
        auto const bytes = from.bytes(from.get<std::uint32_t>());
        row.begin = rows.bytes.size();
        row.size = bytes.size();
        rows.bytes.insert(rows.bytes.end(), bytes.begin(), bytes.end());
        rows.written.push_back(row);
    }
    return from.complete() ? std::optional(std::move(rows)) : std::nullopt;
}

/// Of a boot, whichever; or what a power cut may leave of one: nothing, or zeroes. It is less than
/// a sector, which is written whole or not at all.
bool is_head_of_any_time(std::span<std::byte const> all) {
    Reader from(all);
    static_cast<void>(from.get<std::uint8_t>());
    std::size_t const boot = from.text().size();
    std::size_t const hashed = sizeof since_format + sizeof(std::uint32_t) + boot;
    auto const sum = from.get<std::uint64_t>();
    if (!from.failed() && hashed <= all.size() && XXH64(all.data(), hashed, 0) == sum) return true;
    bool const begun = all.size() >= least_head;
    return !begun || std::ranges::all_of(all.first(least_head),
                                         [](std::byte byte) { return byte == std::byte{}; });
}

}  // namespace

std::expected<std::unique_ptr<Since>, int> Since::begin(Folder& folder) {
    auto file = folder.open(since_name, Folder::Open::made_if_absent);
    if (!file) return std::unexpected(file.error());
    std::vector<std::byte> const head = head_of(folder.boot());
    if (int const error = (*file)->truncate(0)) return std::unexpected(error);
    if (int const error = (*file)->write(0, head)) return std::unexpected(error);
    return std::unique_ptr<Since>(new Since(std::move(*file), head.size()));
}

int Since::append(Rows const& rows) {
    if (mutant(Mutant::changes_not_remembered)) return 0;
    if (distrusted_) return 0;
    ++count_;
    if (failed_ != 0) return failed_;
    std::vector<std::byte> const entry = entry_of(rows);
    failed_ = file_->write(end_, entry);
    if (failed_ == 0) {
        end_ += entry.size();
        return 0;
    }
    // What came before it stands by itself; half of this one would end it as well.
    static_cast<void>(file_->truncate(end_));
    return failed_;
}

void Since::distrust() {
    static_cast<void>(file_->truncate(0));
    distrusted_ = true;
}

void Since::saved(std::uint64_t count) {
    // What follows would not be understood without what came before it.
    if (count != count_ || distrusted_) return;
    // Entries that stay are saved, too: they change nothing.
    bool const clean = end_ == begin_ && failed_ == 0;
    if (!clean && file_->truncate(begin_) != 0) return;
    end_ = begin_;
    failed_ = 0;
}

std::expected<std::optional<Rows>, SinceTrouble> read_since(Folder& folder, Commit saved) {
    auto const trouble = [](int error) { return std::unexpected(SinceTrouble{error, 0}); };
    auto const file = folder.open(since_name, Folder::Open::read_only);
    if (!file && file.error() == ENOENT) return std::nullopt;
    if (!file) return trouble(file.error());
    auto const size = (*file)->size();
    if (!size) return trouble(size.error());
    std::vector<std::byte> bytes(*size);
    auto const got = (*file)->read(0, bytes);
    if (!got) return trouble(got.error());
    std::span<std::byte const> const all = std::span(bytes).first(*got);
    std::vector<std::byte> const head = head_of(folder.boot());
    if (!is_head_of_any_time(all)) return std::unexpected(SinceTrouble{0, 0});
    // A machine that does not tell its boots apart gives no name.
    bool const ours = !folder.boot().empty() && all.size() >= head.size() &&
                      std::equal(head.begin(), head.end(), all.begin());
    if (!ours && !mutant(Mutant::another_boots_changes)) return std::nullopt;
    std::span<std::byte const> left = all.subspan(std::min(head.size(), all.size()));
    Backlog backlog;
    std::optional<Commit> last;
    while (left.size() >= head_of_entry) {
        auto const damaged = std::unexpected(SinceTrouble{0, all.size() - left.size()});
        Reader from(left);
        auto const length = from.get<std::uint32_t>();
        auto const sum = from.get<std::uint64_t>();
        auto const check = from.get<std::uint32_t>();
        if (XXH32(left.data(), head_of_entry - sizeof check, 0) != check) return damaged;
        left = left.subspan(head_of_entry);
        if (length > left.size()) break;
        auto const body = left.first(length);
        left = left.subspan(length);
        if (XXH64(body.data(), body.size(), 0) != sum) return damaged;
        auto const rows = rows_in(body);
        if (!rows) return damaged;
        backlog.add(*rows);
        last = rows->up_to;
    }
    // Each change is here before it is saved: of what ends earlier everything is.
    return last && *last >= saved ? std::optional(backlog.take()) : std::nullopt;
}

}  // namespace sunder::emulator::media
