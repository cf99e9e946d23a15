// SPDX-License-Identifier: BSD-3-Clause
//
// What nobody has any more is given back to the file system: when its end is durable and not
// before, a row of slots at once, and never while somebody is given it.
#include "emulator/media/driver.h"
#include "emulator/media/recording_files.h"
#include "tests/emulator/media/posix_store.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <functional>

namespace sunder::emulator::media::test {
namespace {

constexpr std::uint64_t size = 64 * chunk_bytes;  // as much as is emptied at once
using Bytes = std::vector<std::byte>;

std::unique_ptr<Driver> driver_in(Folder& folder) {
    bool const there = has_store(folder).value();
    auto opened = there ? open_store(folder) : create_store(folder, *find_profile("eva-p6000"));
    REQUIRE(opened);
    auto driver = std::make_unique<Driver>(std::move(opened->array), std::move(opened->data),
                                           std::move(opened->keeper));
    if (there) return driver;
    REQUIRE(driver->carry_out(command::AddDiskGroup{"one", {size * 8}}));
    for (char const* const name : {"data", "logs"}) {
        REQUIRE(driver->carry_out(command::AddVolume{name, "one", {size}, Vraid::vraid0, true}));
    }
    return driver;
}

VolumeId id(Driver const& driver, char const* name) {
    return driver
        .look_at([&](Array const& array) { return array.state().catalogue.volume_named(name); })
        .value();
}

void fill(Driver& driver, char const* name, std::byte with) {
    REQUIRE(driver.write(id(driver, name), 0, Bytes(size, with)));
    REQUIRE(driver.flush());
}

bool holds(Driver& driver, char const* name, std::byte what) {
    Bytes read(size);
    REQUIRE(driver.read(id(driver, name), 0, read));
    return std::ranges::count(read, what) == static_cast<std::ptrdiff_t>(size);
}

/// Until it finds nothing to do twice, as when nobody asks for anything.
void rest(Driver& driver) {
    while (driver.step() || driver.step()) {
    }
}

struct stat about_data(testing::ScratchFolder const& place) {
    struct stat about{};
    REQUIRE(::stat((place.path() / "disk-group-1.data").c_str(), &about) == 0);
    return about;
}
std::uint64_t taken(testing::ScratchFolder const& place) {
    return static_cast<std::uint64_t>(about_data(place).st_blocks) * 512;
}

TEST_CASE("what is trimmed and flushed, or deleted, takes no blocks of the file any more") {
    testing::ScratchFolder const place;
    auto const folder = folder_at(place.path().string());
    auto driver = driver_in(*folder);
    fill(*driver, "data", std::byte{1});
    fill(*driver, "logs", std::byte{2});
    REQUIRE(taken(place) >= 2 * size);
    auto const length = about_data(place).st_size;

    REQUIRE(driver->zero(id(*driver, "data"), 0, size, false));
    REQUIRE(driver->flush());
    while (driver->step()) {
    }
    CHECK(taken(place) >= size);
    CHECK(taken(place) < size + size / 8);
    CHECK(about_data(place).st_size == length);
    CHECK(holds(*driver, "data", std::byte{0}));
    CHECK(holds(*driver, "logs", std::byte{2}));

    fill(*driver, "data", std::byte{3});
    CHECK(taken(place) >= 2 * size);
    // Nobody flushes after this.
    REQUIRE(driver->carry_out(command::DeleteVolume{"logs"}));
    rest(*driver);
    CHECK(taken(place) < size + size / 8);
    CHECK(holds(*driver, "data", std::byte{3}));
}

TEST_CASE("what an earlier process did not come to give back is given back by the next one") {
    testing::ScratchFolder const place;
    auto const folder = folder_at(place.path().string());
    {
        auto driver = driver_in(*folder);
        fill(*driver, "logs", std::byte{2});
        fill(*driver, "data", std::byte{1});
        REQUIRE(driver->zero(id(*driver, "data"), 0, size, false));
        REQUIRE(driver->flush());
    }
    REQUIRE(taken(place) >= 2 * size);
    auto driver = driver_in(*folder);
    rest(*driver);
    CHECK(taken(place) < size + size / 8);
    CHECK(holds(*driver, "logs", std::byte{2}));
}

/// A store in memory; punches are counted, and fail with that errno.
struct Watched {
    int error = 0;
    unsigned punches = 0;
    std::function<void()> meanwhile;
    RecordingFolder folder;
    std::unique_ptr<Driver> driver = driver_in(folder);
    Watched() {
        folder.ask_before([this](FileOp what) {
            if (what != FileOp::punch) return 0;
            ++punches;
            if (meanwhile) meanwhile();
            return error;
        });
    }
    void trim(std::uint64_t from = 0, std::uint64_t count = size) {
        REQUIRE(driver->zero(id(*driver, "data"), from, count, false));
    }
};

TEST_CASE("slots are emptied when their end is durable, a row of them at once") {
    Watched store;
    fill(*store.driver, "data", std::byte{1});
    store.trim();
    CHECK_FALSE(store.driver->step());
    CHECK(store.punches == 0);
    REQUIRE(store.driver->flush());
    CHECK(store.driver->step());
    CHECK(store.punches == 1);
    CHECK_FALSE(store.driver->step());
    // Whoever rests is not waited for to flush.
    fill(*store.driver, "data", std::byte{1});
    store.trim();
    rest(*store.driver);
    CHECK(store.punches == 2);
}

TEST_CASE("a slot that is used again is not emptied, and one that is being emptied not used") {
    Watched store;
    fill(*store.driver, "data", std::byte{1});
    store.trim();
    REQUIRE(store.driver->flush());
    // Half of what is free is given out before, and the rest is asked for meanwhile.
    REQUIRE(store.driver->write(id(*store.driver, "logs"), 0, Bytes(size / 2, std::byte{5})));
    store.meanwhile = [&] {
        REQUIRE(store.driver->write(id(*store.driver, "logs"), size / 2,
                                    Bytes(size / 2, std::byte{5})));
    };
    CHECK(store.driver->step());
    CHECK(store.punches == 1);
    CHECK(holds(*store.driver, "logs", std::byte{5}));
    store.meanwhile = {};
    // What was emptied is given out, lowest first.
    fill(*store.driver, "data", std::byte{6});
    auto const high = store.folder.open("disk-group-1.data", Folder::Open::existing);
    CHECK((*high)->size().value() == 2 * size);
    CHECK(holds(*store.driver, "logs", std::byte{5}));
    CHECK(holds(*store.driver, "data", std::byte{6}));
}

TEST_CASE("a file system that cannot is asked once, and no error does any harm") {
    for (auto const& [error, times] : {std::pair{EOPNOTSUPP, 1U}, std::pair{EIO, 3U}}) {
        Watched store;
        store.error = error;
        for (auto const with : {std::byte{1}, std::byte{2}, std::byte{3}}) {
            fill(*store.driver, "data", with);
            CHECK(holds(*store.driver, "data", with));
            store.trim();
            REQUIRE(store.driver->flush());
            rest(*store.driver);
            CHECK(holds(*store.driver, "data", std::byte{0}));
        }
        CHECK(store.punches == times);
    }
}

}  // namespace
}  // namespace sunder::emulator::media::test
