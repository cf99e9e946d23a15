// SPDX-License-Identifier: BSD-3-Clause
//
// What tests on the operating system's own files have in common.
#pragma once

#include "emulator/media/posix_files.h"
#include "emulator/media/store.h"
#include "tests/support/scratch_folder.h"

#include <stdlib.h>

#include <catch2/catch.hpp>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

namespace sunder::emulator::media::test {

inline std::unique_ptr<Folder> folder_at(std::string const& path) {
    auto folder = posix_folder(path);
    REQUIRE(folder);
    return std::move(*folder);
}

struct Timer {
    std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
    [[nodiscard]] double seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    }
};

inline void save(Opened& store) {
    Rows const rows = rows_of(store.array);
    REQUIRE(make_durable(*store.data, *store.keeper, rows) == 0);
    store.array.settle(rows.up_to);
}

/// A volume on a disk group that has room for it twice.
inline VolumeId add_volume(Opened& store, ByteCount size) {
    REQUIRE(store.array.carry_out(command::AddDiskGroup{"one", {size.bytes * 2}}));
    auto const made =
        store.array.carry_out(command::AddVolume{"data", "one", size, Vraid::vraid0, true});
    REQUIRE(made);
    save(store);
    return made->made.front();
}

/// What a driver does for a write of a whole chunk, but for its data.
inline void map_chunk(Array& array, VolumeId volume, std::uint64_t chunk) {
    auto planned = array.plan_write(volume, {chunk * chunk_sectors, chunk_sectors});
    auto const* const plan = std::get_if<Plan>(&planned);
    REQUIRE(plan != nullptr);
    array.commit(*plan);
}

}  // namespace sunder::emulator::media::test
