// SPDX-License-Identifier: BSD-3-Clause
//
// Figures that take too long for a test, or say nothing on a busy machine: `sunder_media_tests
// [measure]`. The folder is that of TMPDIR.
#include "base/random.h"
#include "emulator/media/file_data.h"
#include "tests/emulator/media/posix_store.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <vector>

namespace sunder::emulator::media::test {
namespace {

void measure_full(bool shuffled) {
    testing::ScratchFolder const place;
    auto const folder = folder_at(place.path().string());
    std::uint64_t const chunks = GiB(1024).bytes / chunk_bytes;
    double saving = 0;
    {
        auto store = create_store(*folder, *find_profile("eva-p6000"));
        REQUIRE(store);
        VolumeId const volume = add_volume(*store, GiB(1024));
        DiskGroupId const group = *store->array.state().catalogue.group_named("one");
        // An odd factor visits each chunk once, and no two that lie side by side.
        std::uint64_t const step = shuffled ? 10'000'019 : 1;
        for (std::uint64_t i = 0; i < chunks; ++i) {
            map_chunk(store->array, volume, i * step % chunks);
        }
        REQUIRE(store->data->zero(group, chunks * chunk_bytes - 4096, 4096) == 0);
        Timer const timer;
        save(*store);
        saving = timer.seconds();
    }
    Timer const opening;
    auto store = open_store(*folder);
    double const opened = opening.seconds();
    REQUIRE(store);
    REQUIRE(store->array.state().map.slots_used(DiskGroupId{1}) == chunks);
    store->keeper.reset();
    store->data.reset();
    Timer const checking;
    CHECK(check_store(*folder).empty());
    fmt::print(
        "1 TiB, fully mapped {}: database of {} MiB, saved at once in {:.1f} s, opens in "
        "{:.2f} s, is checked in {:.1f} s\n",
        shuffled ? "in no order" : "in order",
        std::filesystem::file_size(place.path().string() + "/array.db") >> 20, saving, opened,
        checking.seconds());
}

TEST_CASE("measure: a fully mapped volume of 1 TiB", "[.][measure]") {
    measure_full(false);
    measure_full(true);
}

TEST_CASE("measure: data against the system's own calls", "[.][measure]") {
    testing::ScratchFolder const place;
    auto const folder = folder_at(place.path().string());
    auto health = std::make_shared<Health>();
    FileData data(*folder, health);
    std::uint64_t const blocks = 65536;
    std::vector<std::byte> block(4096, std::byte{3});
    int const raw = open((place.path().string() + "/raw").c_str(), O_RDWR | O_CREAT, 0600);
    REQUIRE(raw >= 0);
    auto const time = [&](auto&& one) {
        RandomStream random(1, 7, 0);
        Timer const timer;
        for (std::uint64_t i = 0; i < 4 * blocks; ++i) one(random.below(blocks) * 4096);
        return timer.seconds() * 1e9 / (4.0 * blocks);
    };
    for (int round = 0; round < 2; ++round) {
        double const ours = time([&](auto at) { data.write(DiskGroupId{1}, at, block); });
        ssize_t written = 0;
        double const theirs = time([&](auto at) {
            written += pwrite(raw, block.data(), block.size(), static_cast<off_t>(at));
        });
        REQUIRE(written == static_cast<ssize_t>(4 * blocks * block.size()));
        double const our_reads = time([&](auto at) { data.read(DiskGroupId{1}, at, block); });
        fmt::print("4 KiB: write {:.0f} ns (pwrite {:.0f}), read {:.0f} ns\n", ours, theirs,
                   our_reads);
    }
    close(raw);
}

}  // namespace
}  // namespace sunder::emulator::media::test
