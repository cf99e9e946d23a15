// SPDX-License-Identifier: BSD-3-Clause
//
// A store on the operating system's own files: what is kept, what it costs, and who is kept out.
#include "base/random.h"
#include "emulator/media/examine.h"
#include "emulator/media/file_data.h"
#include "emulator/media/problem.h"
#include "emulator/media/recording_files.h"
#include "tests/emulator/media/posix_store.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <functional>
#include <thread>

namespace sunder::emulator::media::test {
namespace {

TEST_CASE("what was flushed is there when a store is opened anew") {
    testing::ScratchFolder const place;
    auto const folder = folder_at(place.path().string());
    std::vector<std::byte> const written(3 * 4096, std::byte{7});
    DiskGroupId group;
    VolumeId volume;
    {
        auto store = create_store(*folder, profiles().back());
        REQUIRE(store);
        volume = add_volume(*store, GiB(1));
        map_chunk(store->array, volume, 5);
        group = *store->array.state().catalogue.group_named("one");
        REQUIRE(store->data->write(group, 4096, written) == 0);
        REQUIRE(store->data->zero(group, chunk_bytes - 4096, 4096) == 0);
        save(*store);
    }
    CHECK(check_store(*folder).empty());
    auto const store = open_store(*folder);
    REQUIRE(store);
    CHECK(store->array.state().catalogue.volumes.at(volume).name == "data");
    CHECK(store->array.state().map.slots_used(group) == 1);
    std::vector<std::byte> read(4 * 4096, std::byte{1});
    REQUIRE(store->data->read(group, 0, read) == 0);
    CHECK(std::all_of(read.begin(), read.begin() + 4096, [](auto b) { return b == std::byte{}; }));
    CHECK(std::equal(written.begin(), written.end(), read.begin() + 4096));
    // Far behind the end there are zeroes, and they take no room.
    REQUIRE(store->data->read(group, std::uint64_t{1} << 45, read) == 0);
    CHECK(read == std::vector<std::byte>(read.size()));
}

TEST_CASE("a second process is refused, until the first one is gone") {
    testing::ScratchFolder const place;
    auto const folder = folder_at(place.path().string());
    auto store = create_store(*folder, profiles().back());
    REQUIRE(store);
    CHECK(open_store(*folder_at(place.path().string())).error().what ==
          "somebody has this store open");
    auto const in_another_process = [&] {
        pid_t const child = fork();
        if (child == 0) {
            auto const own = posix_folder(place.path().string());
            _exit(own && open_store(**own) ? 0 : 1);
        }
        int status = 0;
        REQUIRE(waitpid(child, &status, 0) == child);
        return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    };
    CHECK_FALSE(in_another_process());
    store->keeper.reset();
    store->data.reset();
    CHECK(in_another_process());
}

TEST_CASE("many threads write, read and sync one group's data at once") {
    testing::ScratchFolder const place;
    auto const folder = folder_at(place.path().string());
    FileData data(*folder, std::make_shared<Health>());
    constexpr std::uint64_t threads = 4;
    constexpr std::uint64_t blocks = 300;
    std::array<int, threads> errors{};
    std::vector<std::thread> all;
    for (std::uint64_t thread = 0; thread < threads; ++thread) {
        all.emplace_back([&, thread] {
            // Blocks of all lie between each other's; each group's file is made by whoever is
            // first.
            for (std::uint64_t i = 0; i < blocks; ++i) {
                DiskGroupId const group{static_cast<std::uint16_t>(1 + i % 8)};
                std::uint64_t const at = (i * threads + thread) * 4096;
                std::vector<std::byte> block(4096, static_cast<std::byte>(i + thread));
                std::vector<std::byte> back(4096);
                int& error = errors[thread];
                error |= data.write(group, at, block) | data.read(group, at, back);
                error |= back == block ? 0 : -1;
                if (i % 50 == thread) error |= data.sync();
            }
        });
    }
    for (std::thread& thread : all) thread.join();
    CHECK(errors == std::array<int, threads>{});
    CHECK(folder->list().value().size() == 8);
}

TEST_CASE("the system's errors are passed on by their numbers") {
    CHECK(posix_folder("/nowhere/at/all").error() == ENOENT);
    testing::ScratchFolder const place;
    auto const folder = folder_at(place.path().string());
    CHECK(folder->open("a", Folder::Open::existing).error() == ENOENT);
    CHECK(folder->remove("a") == ENOENT);
    auto const file = folder->open("a", Folder::Open::made_if_absent);
    REQUIRE(file);
    CHECK(folder->list().value() == std::vector<std::string>{"a"});
    auto const only_read = folder->open("a", Folder::Open::read_only);
    std::array<std::byte, 8> bytes{};
    CHECK((*only_read)->write(0, bytes) == EBADF);
    CHECK((*file)->write(std::uint64_t{1} << 63, bytes) == EINVAL);
    CHECK((*file)->read(0, bytes) == 0U);
}

TEST_CASE("what is no file where one should be is named, and nobody waits for it") {
    struct Case {
        char const* what;
        std::function<int(char const*)> make;
    };
    for (auto const& [what, make] :
         {Case{"it is no regular file", [](char const* path) { return ::mkfifo(path, 0600); }},
          Case{"Is a directory", [](char const* path) { return ::mkdir(path, 0700); }}}) {
        testing::ScratchFolder const place;
        auto const folder = folder_at(place.path().string());
        REQUIRE(create_store(*folder, profiles().back()));
        for (char const* const name : {"array.seen", "array.since", "array.db"}) {
            std::string const path = place.path().string() + "/" + name;
            std::string const aside = path + ".aside";
            REQUIRE(::rename(path.c_str(), aside.c_str()) == 0);
            REQUIRE(make(path.c_str()) == 0);
            auto const problems = check_store(*folder);
            REQUIRE_FALSE(problems.empty());
            INFO(in_text(problems.front()));
            CHECK(problems.front().where == path);
            CHECK(problems.front().what.find(what) != std::string::npos);
            REQUIRE(std::filesystem::remove(path));
            REQUIRE(::rename(aside.c_str(), path.c_str()) == 0);
        }
    }
}

TEST_CASE("an array that is not as its profile stays so") {
    testing::ScratchFolder const place;
    auto const folder = folder_at(place.path().string());
    Profile wanted = *find_profile("eva-p6000");
    REQUIRE(set_switch(wanted, {"overcommit", "fail_writes"}));
    REQUIRE(set_switch(wanted, {"vraid6_above_vraid1", "no"}));
    REQUIRE(create_store(*folder, wanted, false));
    CHECK(check_store(*folder).empty());
    auto const store = open_store(*folder);
    REQUIRE(store);
    CHECK(store->array.state().profile == wanted);
    CHECK_FALSE(store->array.state().licensed);
}

TEST_CASE("a flush syncs the data once and the log once") {
    RecordingFolder folder;
    auto store = create_store(folder, profiles().back());
    REQUIRE(store);
    VolumeId const volume = add_volume(*store, GiB(1));
    DiskGroupId const group = *store->array.state().catalogue.group_named("one");
    std::vector<std::byte> const bytes(4096, std::byte{1});
    map_chunk(store->array, volume, 0);
    REQUIRE(store->data->write(group, 0, bytes) == 0);
    save(*store);
    std::uint64_t syncs = 0;
    std::uint64_t writes = 0;
    folder.ask_before([&](FileOp what) {
        syncs += what == FileOp::sync || what == FileOp::sync_folder;
        writes += what == FileOp::write;
        return 0;
    });
    for (std::uint64_t chunk = 1; chunk < 100; ++chunk) {
        map_chunk(store->array, volume, chunk);
        REQUIRE(store->data->write(group, chunk * chunk_bytes, bytes) == 0);
        save(*store);
    }
    CHECK(syncs == 2 * 99);
    fmt::print("a flush that changes the map: 2 syncs, {:.1f} writes\n", double(writes) / 99);
    // In place there is nothing to be saved.
    syncs = 0;
    REQUIRE(store->data->write(group, 0, bytes) == 0);
    save(*store);
    CHECK(syncs == 1);
    save(*store);
    CHECK(syncs == 1);
    folder.ask_before({});
}

TEST_CASE("a thin volume of 1 TiB opens in under a second") {
    testing::ScratchFolder const place;
    auto const folder = folder_at(place.path().string());
    {
        auto store = create_store(*folder, *find_profile("eva-p6000"));
        REQUIRE(store);
        VolumeId const volume = add_volume(*store, GiB(1024));
        DiskGroupId const group = *store->array.state().catalogue.group_named("one");
        RandomStream random(1, 6, 0);
        for (int i = 0; i < 2000; ++i) {
            map_chunk(store->array, volume, random.below(GiB(1024).bytes / chunk_bytes));
        }
        REQUIRE(store->data->zero(group, 2000 * chunk_bytes - 4096, 4096) == 0);
        save(*store);
    }
    // Of the processor, so that others on the machine do not count.
    std::clock_t const begin = std::clock();
    auto const store = open_store(*folder);
    double const seconds = double(std::clock() - begin) / CLOCKS_PER_SEC;
    REQUIRE(store);
    fmt::print("1 TiB, thin, 2000 chunks in as many places: opens in {:.0f} ms\n", seconds * 1000);
    CHECK(seconds < 1);
}

}  // namespace
}  // namespace sunder::emulator::media::test
