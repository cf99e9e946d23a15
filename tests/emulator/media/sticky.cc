// SPDX-License-Identifier: BSD-3-Clause
//
// A write, a sync that fails, and everything that is tried afterwards.
#include "tests/emulator/media/sticky.h"

#include "tests/emulator/media/file_medium.h"

#include <array>
#include <cerrno>

namespace sunder::emulator::media::test {

namespace {

/// `fails`: the sync of which file, in the order in which a flush makes them.
std::string try_one(unsigned fails) {
    unsigned syncs = 0;  // is counted until the store is closed
    RecordingFolder folder;
    auto opened = create_store(folder, profiles().back());
    VERIFY(opened);
    Array& array = opened->array;
    VERIFY(array.carry_out(command::AddDiskGroup{"one", {1000 * chunk_bytes}}));
    DiskGroupId const group = *array.state().catalogue.group_named("one");
    std::array<std::byte, sector_bytes> sector{};
    fill(sector, {1, 0});
    VERIFY(opened->data->write(group, 0, sector) == 0);
    folder.ask_before([&](FileOp what) {
        bool const sync = what == FileOp::sync || what == FileOp::sync_folder;
        return sync && syncs++ == fails ? EIO : 0;
    });
    int const first = make_durable(*opened->data, *opened->keeper, rows_of(array));
    if (first == 0) return syncs <= fails ? "" : "a flush did not mind that a sync failed";
    // The system says no more than once that it lost something.
    if (opened->data->sync() == 0) return "data is called durable after a sync that failed";
    VERIFY(array.carry_out(command::AddDiskGroup{"two", {1000 * chunk_bytes}}));
    if (opened->keeper->save(rows_of(array)) == 0) return "rows are saved after that";
    if (make_durable(*opened->data, *opened->keeper, {}) == 0) return "a flush is believed";
    return "";
}

}  // namespace

std::string try_sync_again() {
    for (unsigned fails = 0; fails < 3; ++fails) {
        if (auto words = try_one(fails); !words.empty()) return words;
    }
    return "";
}

}  // namespace sunder::emulator::media::test
