// SPDX-License-Identifier: BSD-3-Clause
//
// A store that was damaged from outside: flipped bytes, files cut short or gone, somebody else's
// database, a later version's. What is wrong is named, with the file; no byte is changed; and what
// opens nevertheless holds all that it held.
#include "emulator/media/database.h"
#include "emulator/media/examine.h"
#include "emulator/media/file_data.h"
#include "emulator/media/since.h"
#include "emulator/media/witness.h"
#include "tests/emulator/media/host_run.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <catch2/catch.hpp>

#include <cstring>

namespace sunder::emulator::media::test {
namespace {

#ifdef SUNDER_MANY_RUNS
constexpr std::uint64_t flips = 1000;
#else
constexpr std::uint64_t flips = 600;
#endif

using Bytes = std::vector<std::byte>;

Bytes content_of(Folder& folder, std::string const& name) {
    auto const file = folder.open(name, Folder::Open::read_only);
    REQUIRE(file);
    Bytes bytes((*file)->size().value());
    REQUIRE((*file)->read(0, bytes) == bytes.size());
    return bytes;
}

std::vector<std::string> names_in(Folder& folder) {
    auto names = folder.list();
    REQUIRE(names);
    return std::move(*names);
}

std::map<std::string, Bytes> all_of(Folder& folder) {
    std::map<std::string, Bytes> all;
    for (std::string const& name : names_in(folder)) all[name] = content_of(folder, name);
    return all;
}

std::unique_ptr<File> file_in(Folder& folder, std::string const& name) {
    auto file = folder.open(name, Folder::Open::existing);
    REQUIRE(file);
    return std::move(*file);
}

/// A store as a killed process leaves it, with most of its rows in the log; or closed, without one.
struct Store {
    explicit Store(bool killed) : run(11) {
        run.act(120);
        REQUIRE(run.flushed() > 10);
        if (!killed) run.close();
        folder = run.folder->after_kill();
    }
    HostRun run;
    std::unique_ptr<RecordingFolder> folder;
};

/// Refused, with the same first words by both, and nothing was changed.
Problem refused_by_both(RecordingFolder const& damaged) {
    auto const folder = damaged.after_kill();
    auto const before = all_of(*folder);
    std::vector<Problem> const found = check_store(*folder);
    REQUIRE_FALSE(found.empty());
    auto const opened = open_store(*folder);
    REQUIRE_FALSE(opened);
    CHECK(in_text(opened.error()) == in_text(found.front()));
    CHECK(all_of(*folder) == before);
    return found.front();
}

void expect(RecordingFolder const& damaged, std::string const& where, std::string const& what) {
    Problem const problem = refused_by_both(damaged);
    INFO(in_text(problem));
    CHECK(problem.where.find(where) != std::string::npos);
    CHECK(problem.what.find(what) != std::string::npos);
    CHECK(problem.cure != "");
}

/// Runs SQL on the store's database, as somebody with SQLite's shell would.
void change(Folder& folder, std::string const& sql) {
    auto health = std::make_shared<Health>();
    Database database(folder, health, false);
    database.vfs().allow_changes();
    INFO(sql);
    REQUIRE(database.open(false));
    REQUIRE(database.run(sql));
}

TEST_CASE("a flipped byte is named, or does no harm") {
    for (bool const killed : {true, false}) {
        Store const store(killed);
        RandomStream random(killed, 5, 0);
        std::vector<std::string> names{database_name, witness_name};
        if (killed) names.push_back(log_name);
        std::map<std::string, std::uint64_t> named;
        std::map<std::string, std::uint64_t> harmless;
        for (std::uint64_t i = 0; i < flips; ++i) {
            std::string const& name = names[i % names.size()];
            auto const folder = store.folder->after_kill();
            auto const file = file_in(*folder, name);
            std::uint64_t const at = random.below(file->size().value());
            std::array<std::byte, 1> byte{};
            REQUIRE(file->read(at, byte) == 1);
            byte[0] ^= static_cast<std::byte>(1U << random.below(8));
            REQUIRE(file->write(at, byte) == 0);
            auto const before = all_of(*folder);
            auto const problems = check_store(*folder);
            INFO(name << " byte " << at);
            CHECK(all_of(*folder) == before);
            if (problems.empty()) {
                ++harmless[name];
                REQUIRE(store.run.judge(*folder) == "");
            } else {
                ++named[name];
                CHECK(problems.front().where.find("memory/array.") == 0);
                // Opening may do without what only the check looks at.
                auto const opened = open_store(*folder);
                if (!opened) CHECK(all_of(*folder) == before);
            }
        }
        for (std::string const& name : names) {
            fmt::print("{} {:12}: {:4} flips were named, {:4} did no harm\n",
                       killed ? "killed" : "closed", name, named[name], harmless[name]);
            CHECK(named[name] > 0);
        }
    }
}

/// Where the entries of what is not saved begin.
std::size_t head_of_since(Folder const& folder) { return 1 + 4 + folder.boot().size() + 8; }

/// A run whose process would leave changes behind that are not saved, if it were killed now.
void act_until_something_is_unsaved(HostRun& run) {
    for (int act = 0; act < 1000; ++act) {
        run.act(1);
        if (content_of(*run.folder, since_name).size() > head_of_since(*run.folder) + 100) return;
    }
    FAIL("everything is always saved");
}

TEST_CASE("damage to what a killed process had answered is named, but for what it was writing") {
    HostRun run(11);
    run.act(60);
    act_until_something_is_unsaved(run);
    auto const killed = run.folder->after_kill();
    std::size_t const begin = head_of_since(*killed);
    std::size_t const size = content_of(*killed, since_name).size();
    for (std::size_t at = 0; at < size; ++at) {
        auto const folder = killed->after_kill();
        auto const file = file_in(*folder, since_name);
        std::array<std::byte, 1> byte{};
        REQUIRE(file->read(at, byte) == 1);
        byte[0] ^= std::byte{0x10};
        REQUIRE(file->write(at, byte) == 0);
        INFO("byte " << at);
        expect(*folder, since_name, "it is damaged at byte");
    }
    for (std::size_t left = begin; left < size; ++left) {
        auto const folder = killed->after_kill();
        REQUIRE(file_in(*folder, since_name)->truncate(left) == 0);
        INFO(left << " bytes left");
        CHECK(check_store(*folder).empty());
        CHECK(open_store(*folder));
    }
    REQUIRE(run.judge(*killed) == "");
}

TEST_CASE("what a power cut may leave of changes that are not saved is no damage") {
    HostRun run(11);
    run.act(60);
    act_until_something_is_unsaved(run);
    std::size_t const size = content_of(*run.folder, since_name).size();
    for (std::size_t const left : {std::size_t{0}, size}) {
        auto const folder = run.folder->after_kill();
        auto const file = file_in(*folder, since_name);
        REQUIRE(file->truncate(left) == 0);
        REQUIRE(file->write(0, Bytes(left)) == 0);
        INFO(left << " bytes of zeroes");
        CHECK(check_store(*folder).empty());
        CHECK(open_store(*folder));
    }
}

TEST_CASE("changes that were saved long ago are not made again") {
    HostRun run(11);
    run.act(60);
    act_until_something_is_unsaved(run);
    Bytes const old = content_of(*run.folder, since_name);
    run.act(60);
    run.close();
    auto const folder = run.folder->after_kill();
    REQUIRE(file_in(*folder, since_name)->truncate(0) == 0);
    REQUIRE(file_in(*folder, since_name)->write(0, old) == 0);
    CHECK(check_store(*folder).empty());
    REQUIRE(run.judge(*folder) == "");
}

TEST_CASE("a file that is cut short or gone is named") {
    Store const killed(true);
    for (std::string const& name : names_in(*killed.folder)) {
        if (name == since_name) continue;  // what is not flushed may be lost
        auto const folder = killed.folder->after_kill();
        REQUIRE(folder->remove(name) == 0);
        INFO(name);
        expect(*folder, name, name == log_name ? "were durable and are missing" : "is missing");
    }
    for (std::string const& name : names_in(*killed.folder)) {
        if (name == since_name) continue;
        auto const size = file_in(*killed.folder, name)->size().value();
        // The last byte of a file may be behind what anything needs; the first half never is.
        for (std::uint64_t const left : {std::uint64_t{0}, size / 2}) {
            auto const folder = killed.folder->after_kill();
            REQUIRE(file_in(*folder, name)->truncate(left) == 0);
            INFO(name << " cut to " << left);
            expect(*folder, "memory/", "");
        }
    }
    Store const closed(false);
    for (std::uint64_t pages = 0; pages < 4; ++pages) {
        auto const folder = closed.folder->after_kill();
        REQUIRE(file_in(*folder, database_name)->truncate(pages * page_size) == 0);
        expect(*folder, database_name, pages == 0 ? "it is empty" : "");
    }
}

TEST_CASE("a database that belongs elsewhere is named") {
    Store const store(false);
    auto const with = [&](std::string const& sql) {
        auto folder = store.folder->after_kill();
        change(*folder, sql);
        return folder;
    };
    expect(*with("PRAGMA application_id=7"), database_name, "not that of an array's store");
    expect(*with("PRAGMA user_version=2"), database_name, "it has format 2; this version knows 1");
    CHECK(refused_by_both(*with("PRAGMA user_version=2")).cure.find("the version that made it") !=
          std::string::npos);
    expect(*with("PRAGMA user_version=0"), database_name, "which there never was");
    expect(*with("CREATE TABLE more(x)"), database_name, "its tables");
    expect(*with("DROP TABLE host"), database_name, "its tables");

    auto const other = store.folder->after_kill();
    REQUIRE(file_in(*other, database_name)->write(0, Bytes(8192, std::byte{'x'})) == 0);
    expect(*other, database_name, "not a database");

    // An older database beside younger data.
    HostRun older(11);
    older.close();
    auto const mixed = store.folder->after_kill();
    auto const from = all_of(*older.folder);
    auto const file = file_in(*mixed, database_name);
    REQUIRE(file->truncate(0) == 0);
    REQUIRE(file->write(0, from.at(database_name)) == 0);
    expect(*mixed, log_name, "were durable and are missing");

    auto const stranger = store.folder->after_kill();
    REQUIRE(stranger->open(data_file_name(DiskGroupId{999}), Folder::Open::made_if_absent));
    expect(*stranger, "disk-group-999.data", "there never was");
}

TEST_CASE("rows that were changed, exchanged or lost are named") {
    Store const store(false);
    auto const with = [&](std::string const& sql) {
        auto folder = store.folder->after_kill();
        change(*folder, sql);
        return folder;
    };
    expect(*with("DELETE FROM node WHERE id=(SELECT max(id) FROM node)"), database_name, "seal");
    expect(*with("DELETE FROM volume"), database_name, "seal");
    expect(*with("DELETE FROM meta WHERE id=2"), "table meta", "a row is missing");
    expect(*with("UPDATE volume SET body=x'00' WHERE id=(SELECT min(id) FROM volume)"),
           "table volume, row ", "its checksum does not fit");
    // A good row in another's place.
    expect(*with("UPDATE map SET id=id+1000"), "table map, row ", "its checksum does not fit");
    // Everything that is damaged is found by one check.
    auto const folder = with("UPDATE volume SET body=x'00'; UPDATE map SET sum=0");
    std::vector<Problem> const problems = check_store(*folder);
    CHECK(problems.size() >= 4);
}

TEST_CASE("a store that somebody has open is refused, and so is making a second one") {
    RecordingFolder folder;
    auto first = create_store(folder, profiles().back());
    REQUIRE(first);
    auto const second = open_store(folder);
    REQUIRE_FALSE(second);
    CHECK(second.error().what == "somebody has this store open");
    CHECK(check_store(folder).front().what == "somebody has this store open");
    first->keeper.reset();
    CHECK_FALSE(open_store(folder));
    first->data.reset();
    CHECK(check_store(folder).empty());
    auto const again = create_store(folder, profiles().back());
    REQUIRE_FALSE(again);
    CHECK(again.error().what == "a store is there already");
    CHECK(open_store(folder));
    RecordingFolder empty;
    CHECK(open_store(empty).error().what == "there is no store");
}

}  // namespace
}  // namespace sunder::emulator::media::test
