// SPDX-License-Identifier: BSD-3-Clause
//
// What keeps the catalogue and the map of an array, as rows of bytes. It decides what of an array
// is a row of its own; what is in each is said in catalogue_rows.h and map_rows.h.
#pragma once

#include "emulator/array.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace sunder::emulator::media {

/// Numbers are part of the format.
enum class Table : std::uint8_t {
    meta = 0,          ///< by `MetaRow`
    disk_group = 1,    ///< by its id, as all that follow
    volume = 2,        ///<
    host = 3,          ///<
    presentation = 4,  ///< by host << 32 | LUN
    leaving = 5,       ///< by the map that still takes space
    map = 6,           ///<
    node = 7,          ///<
    link = 8,          ///<
    link_page = 9,     ///< by `page_id`
};
inline constexpr unsigned tables = 10;
std::string_view name_of(Table);
/// Of an operator's view: written as a whole when anything of it changed.
constexpr bool of_catalogue(Table table) {
    return table >= Table::disk_group && table <= Table::leaving;
}
enum class MetaRow : std::uint64_t { array = 1, map = 2, seal = 3 };

/// What is to be written in one transaction: bytes without a pointer into the array.
struct Rows {
    struct Row {
        Table table;
        std::uint64_t id = 0;
        std::size_t begin = 0;  ///< in `bytes`
        std::size_t size = 0;
    };
    struct Gone {
        Table table;
        std::uint64_t first = 0;
        std::uint64_t last = 0;  ///< inclusive
    };
    std::vector<Gone> gone{};  ///< deleted before anything is written; some may not exist
    std::vector<Row> written{};
    bool whole_catalogue = false;  ///< rows of the catalogue that are not written are gone
    std::vector<std::byte> bytes{};
    Commit up_to = 0;  ///< tell the array (`settle`) when they are durable

    /// Nothing is to be saved. What hosts wrote in place may still have to be synced.
    [[nodiscard]] bool empty() const { return gone.empty() && written.empty(); }
    [[nodiscard]] std::span<std::byte const> body(Row const& row) const {
        return std::span(bytes).subspan(row.begin, row.size);
    }
};

/// What changed since it was last called, taken from the array. Under the driver's lock; every plan
/// that was committed had been carried out.
Rows rows_of(Array& array);

/// One thread at a time. Rows are saved in the order in which they were taken, none left out.
class Keeper {
public:
    virtual ~Keeper() = default;
    /// One transaction. Returns when it is durable, with 0, or an errno, and then nothing of it is
    /// saved, and it may be tried again. Once a sync failed, its own or one of the data, every
    /// later one is refused with EIO until the store is opened anew (G11).
    virtual int save(Rows const& rows) = 0;
    /// No sync failed: what was written and not synced is still there to be.
    [[nodiscard]] virtual bool sound() const = 0;
    /// Outlives this process, until the machine loses its power; to be saved yet. In the order in
    /// which they were taken, none left out. 0 or an errno.
    virtual int remember(Rows const& rows) = 0;
    /// How often something was to be remembered; and: the first so many times are saved.
    [[nodiscard]] virtual std::uint64_t remembered() const = 0;
    virtual void saved(std::uint64_t times) = 0;
    /// A sync failed: what is remembered is not to be believed by anybody.
    virtual void distrust() = 0;
};

}  // namespace sunder::emulator::media
