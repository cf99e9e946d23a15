// SPDX-License-Identifier: BSD-3-Clause
//
// Each operation in turn fails, once or from then on: nothing that was flushed is lost, after a
// failed sync no flush succeeds any more (G11), and without one nothing that was answered is lost
// but by a power cut. The same host is cut off at any operation.
#include "tests/emulator/media/host_run.h"
#include "tests/emulator/media/sticky.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <cerrno>

namespace sunder::emulator::media::test {
namespace {

#ifdef SUNDER_MANY_RUNS
constexpr std::uint64_t seeds = 2;
constexpr std::uint64_t stride = 2;
#else
constexpr std::uint64_t seeds = 1;
constexpr std::uint64_t stride = 11;
#endif
constexpr unsigned acts = 40;

struct Injection {
    std::uint64_t at = 0;  // operation, from 1 on; 0: none
    int error = 0;
    bool once = true;
    std::uint64_t met = 0;

    bool sync = false;  // one failed

    int ask(FileOp what) {
        ++met;
        bool const fails = at != 0 && (once ? met == at : met >= at);
        sync |= fails && (what == FileOp::sync || what == FileOp::sync_folder);
        return fails ? error : 0;
    }
};

/// Nothing, everything, and something of what is not synced.
std::string judge_all(HostRun const& run) {
    RecordingFolder const& folder = *run.folder;
    std::string words = run.judge(*folder.after_kill(), !run.sync_failed);
    auto const look = [&](std::function<Fate(std::size_t)> const& fate) {
        if (words.empty()) words = run.judge(*folder.after_power_cut(fate));
    };
    look([](std::size_t) { return Fate{Fate::Kind::nothing, 0}; });
    look([](std::size_t) { return Fate{}; });
    for (std::uint64_t seed = 1; seed <= 3; ++seed) look(random_fates(seed));
    return words;
}

struct Outcome {
    std::string wrong;
    std::uint64_t operations = 0;
    bool failed = false;
};

Outcome play(std::uint64_t seed, Injection injection) {
    HostRun run(seed, {6});
    run.folder->ask_before([&](FileOp what) {
        int const error = injection.ask(what);
        run.sync_failed = injection.sync;
        return error;
    });
    run.act(acts);
    run.folder->ask_before({});
    Outcome outcome{run.wrong(), injection.met, run.failed()};
    if (outcome.wrong.empty()) outcome.wrong = run.read_all();
    if (outcome.wrong.empty()) outcome.wrong = judge_all(run);
    // Closing it is no better than a power cut, and no worse.
    run.close();
    if (outcome.wrong.empty()) outcome.wrong = judge_all(run);
    return outcome;
}

TEST_CASE("whichever operation fails, nothing that was flushed is lost") {
    std::uint64_t played = 0;
    std::uint64_t failed = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        Outcome const calm = play(seed, {});
        REQUIRE(calm.wrong == "");
        REQUIRE_FALSE(calm.failed);
        for (std::uint64_t at = 1; at <= calm.operations; at += stride) {
            for (int const error : {EIO, ENOSPC}) {
                Outcome const outcome = play(seed, {at, error, at % 3 != 0});
                INFO("seed " << seed << ", operation " << at << " fails with " << error);
                REQUIRE(outcome.wrong == "");
                ++played;
                failed += outcome.failed;
            }
        }
    }
    fmt::print("{} runs with an error, in {} of which a flush failed\n", played, failed);
    CHECK(failed > played / 8);
    CHECK(failed < played);
}

TEST_CASE("a failed sync is not tried again (G11)") { CHECK(try_sync_again() == ""); }

TEST_CASE("what a full medium does not take is not lost, and is flushed when it has room") {
    std::uint64_t full = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        HostRun run(seed, {6});
        RandomStream random(seed, 5, 0);
        run.act(random.below(acts));
        std::uint64_t room = random.below(30);
        run.folder->ask_before([&](FileOp what) {
            if (what != FileOp::write || room == 0) return what == FileOp::write ? ENOSPC : 0;
            --room;
            return 0;
        });
        run.act(acts);
        INFO("seed " << seed);
        REQUIRE(run.wrong() == "");
        full += run.failed();
        std::uint64_t const before = run.flushed();
        // Whoever is killed now loses nothing that was answered.
        REQUIRE(run.judge(*run.folder->after_kill(), true) == "");
        REQUIRE(run.judge(*run.folder->after_power_cut(random_fates(seed))) == "");
        run.folder->ask_before({});
        run.flush();
        REQUIRE(run.wrong() == "");
        REQUIRE(run.flushed() == before + 1);
        auto const nothing = [](std::size_t) { return Fate{Fate::Kind::nothing, 0}; };
        REQUIRE(run.judge(*run.folder->after_power_cut(nothing)) == "");
        run.act(acts);
        REQUIRE(run.wrong() == "");
        REQUIRE(judge_all(run) == "");
    }
    CHECK(full > 10);
}

TEST_CASE("the end says what it loses, and what it does not") {
    // `fails`: for ever, or until there is room.
    auto const said = [](FileOp fails, int error, bool for_ever) {
        HostRun run(3, {6});
        run.act(acts);
        run.folder->ask_before([&](FileOp what) { return what == fails ? error : 0; });
        run.act(acts);
        if (!for_ever) run.folder->ask_before({});
        IoResult const last = run.last_words();
        return last ? std::string("nothing") : last.error().words;
    };
    CHECK(said(FileOp::write, ENOSPC, true).find("; what was answered is kept") !=
          std::string::npos);
    CHECK(said(FileOp::write, ENOSPC, false) == "nothing");
    CHECK(said(FileOp::sync, EIO, true).find("; LOST is what was answered") != std::string::npos);
    CHECK(said(FileOp::sync, EIO, false).find("; LOST is what was answered") != std::string::npos);
}

TEST_CASE("whichever operation of opening fails, it is said, and nothing is lost") {
    HostRun run(7, {6});
    run.act(acts);
    REQUIRE(run.flushed() > 0);
    auto const left = run.folder->after_kill();
    std::uint64_t refused = 0;
    bool through = false;
    for (std::uint64_t at = 1; !through; ++at) {
        auto const folder = left->after_kill();
        Injection injection{at, EIO};
        folder->ask_before([&](FileOp what) { return injection.ask(what); });
        {
            auto const opened = open_store(*folder);
            if (!opened) {
                INFO("operation " << at);
                CHECK(opened.error().what != "");
                CHECK(opened.error().where.starts_with("memory"));
                ++refused;
            }
        }
        folder->ask_before({});
        INFO("operation " << at);
        REQUIRE(run.judge(*folder) == "");
        REQUIRE(run.judge(*folder->after_power_cut(random_fates(at))) == "");
        through = injection.met < at;
    }
    fmt::print("of opening {} operations matter\n", refused);
    CHECK(refused > 20);
}

TEST_CASE("a store whose making is cut off is no store, and can be made again") {
    std::uint64_t unfinished = 0;
    std::uint64_t finished = 0;
    for (bool const dies : {false, true}) {
        bool through = false;
        for (std::uint64_t at = 1; !through; ++at) {
            RecordingFolder folder;
            Injection injection{at, EIO, !dies};
            folder.ask_before([&](FileOp what) { return injection.ask(what); });
            bool const made = create_store(folder, profiles().back()).has_value();
            folder.ask_before({});
            through = injection.met < at;
            CHECK(made >= through);
            for (std::uint64_t seed = 0; seed < 6; ++seed) {
                INFO("operation " << at << ", seed " << seed);
                auto const there =
                    seed == 0 ? folder.after_kill() : folder.after_power_cut(random_fates(seed));
                auto const opened = open_store(*there);
                ++(opened ? finished : unfinished);
                if (made) REQUIRE(opened);
                if (opened) continue;
                bool const known = opened.error().cure == "make it again" ||
                                   opened.error().cure == "make one, or name another folder";
                REQUIRE(known);
                REQUIRE(create_store(*there, profiles().back()));
            }
        }
    }
    fmt::print("cut off in the making: {} were no store, {} were\n", unfinished, finished);
    CHECK(unfinished > 100);
    CHECK(finished > 10);
}

TEST_CASE("power is cut under a driver at any operation") {
    std::uint64_t states = 0;
    for (std::uint64_t seed = 1; seed <= 12 * seeds; ++seed) {
        HostRun run(seed, {seed % 2 == 0 ? 3 : 30});
        RandomStream random(seed, 4, 0);
        std::string wrong;
        bool looking = false;
        run.folder->ask_before([&](FileOp) {
            if (looking || !wrong.empty() || random.below(12) != 0) return 0;
            looking = true;
            auto const there = random.below(4) == 0
                                   ? run.folder->after_kill()
                                   : run.folder->after_power_cut(random_fates(random.next()));
            wrong = run.judge(*there);
            looking = false;
            ++states;
            return 0;
        });
        run.act(2 * acts);
        run.folder->ask_before({});
        INFO("seed " << seed);
        REQUIRE(wrong == "");
        REQUIRE(run.wrong() == "");
    }
    fmt::print("{} states under a driver\n", states);
    CHECK(states > 50 * seeds);
}

}  // namespace
}  // namespace sunder::emulator::media::test
