// SPDX-License-Identifier: BSD-3-Clause
//
// What a store of chunks does for a plan, and the store of simulations: contents as values, with
// what a power cut may do to writes that were not flushed. Stores of real bytes lie in media/.
#pragma once

#include "base/payload.h"
#include "emulator/plan.h"

#include <array>
#include <concepts>
#include <map>
#include <utility>

namespace sunder::emulator {

/// `copy` moves one sub-chunk, or zeroes it; `put` takes the data for sectors of the volume from
/// whoever carries the plan out. Sectors are those of the disk group's store.
template <class Store, class Data>
concept ChunkStore = requires(Store& store, Copy const& copy, DiskGroupId group,
                              std::uint64_t sector, Extent volume, Data const& data) {
    store.copy(copy);
    store.put(group, sector, volume, data);
    store.zero(group, sector, volume.count);
};

/// Everything that has to be done before the plan is committed, in its order.
template <class Store, class Data>
    requires ChunkStore<Store, Data>
void carry_out(Plan const& plan, Store& store, Data const& data) {
    for (Copy const& copy : plan.copies) store.copy(copy);
    for (Put const& put : plan.puts) {
        if (plan.zeroes) {
            store.zero(put.group, put.at, put.volume.count);
        } else {
            store.put(put.group, put.at, put.volume, data);
        }
    }
}

/// The store of a simulation: a value. A sector that was never written reads as `garbage`, so that
/// whoever shows it to a host is found out.
class ValueStore {
public:
    struct Sector {
        std::uint64_t id = 0;
        std::uint64_t offset = 0;
        friend bool operator==(Sector, Sector) = default;
    };
    static constexpr Sector garbage{~std::uint64_t{0}, 0};
    /// What a request writes: pattern `id`, at the volume's own sectors.
    struct Pattern {
        std::uint64_t id = 0;
    };

    void copy(Copy const& copy);
    void put(DiskGroupId group, std::uint64_t sector, Extent volume, Pattern const& data);
    void zero(DiskGroupId group, std::uint64_t sector, std::uint64_t count);
    [[nodiscard]] Sector read(DiskGroupId group, std::uint64_t sector) const;
    /// A disk group's data is gone.
    void lose(DiskGroupId group);
    /// Everything is on the medium.
    void flush() { before_.clear(); }
    /// Of each sector that was written since the last flush `stays(group, sector)` says whether it
    /// is as it is; else it is as it was then.
    template <class Stays>
    void power_cut(Stays&& stays) {
        for (auto const& [key, old] : before_) {
            Block& block = blocks_[key];
            for (std::uint64_t i = 0; i < sub_chunk_sectors; ++i) {
                if (block[i] == old[i]) continue;
                if (!stays(key.first, key.second * sub_chunk_sectors + i)) block[i] = old[i];
            }
        }
        before_.clear();
    }

private:
    using Block = std::array<Sector, sub_chunk_sectors>;
    using Key = std::pair<DiskGroupId, std::uint64_t>;  // a sub-chunk of the group's store
    Block& block_to_write(DiskGroupId group, std::uint64_t number);
    static Block unwritten();

    std::map<Key, Block> blocks_;
    std::map<Key, Block> before_;  // as they were at the last flush
};

}  // namespace sunder::emulator
