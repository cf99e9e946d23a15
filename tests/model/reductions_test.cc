// SPDX-License-Identifier: BSD-3-Clause
//
// What a search may leave out, against searches that leave nothing out: the same verdict, and the
// same states seen: all of them where only chains are passed, and the same but for the names of
// blocks where requests are left out that are like others. And threads, against one.
#include "netsim/exhaust/converge.h"
#include "tests/model/setup.h"
#include "tools/crew.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

namespace sunder::model {
namespace {

struct Case {
    char const* words;
    netsim::Amounts most;
    unsigned deviations = netsim::any_number;
    Setup setup = {};
    netsim::Timing timing = netsim::Timing::by_duration;
    std::uint8_t blocks = 2;
};

constexpr Case tiny[] = {
    {"1 write", {.writes = 1}},
    {"2 writes", {.writes = 2}},
    {"2 writes, 3 blocks", {.writes = 2}, netsim::any_number, {}, netsim::Timing::by_duration, 3},
    {"2 writes, without a log", {.writes = 2}, 0, {.intent_log = false}},
    {"2 writes, asynchronous", {.writes = 2}, 1, {.mode = netsim::Mode::asynchronous}},
    {"1 write, 1 read, 1 flush", {.writes = 1, .flushes = 1, .reads = 1}},
    {"1 write, 1 trim", {.writes = 1, .trims = 1}},
    {"1 reset", {.resets = 1}},
    {"1 crash", {.crashes = 1}},
    {"1 crash, guarded", {.crashes = 1}, netsim::any_number, {.guarded = true}},
    {"1 crash, any order", {.crashes = 1}, 1, {}, netsim::Timing::any_order},
    {"1 cut", {.cuts = 1}},
    {"1 pause", {.pauses = 1}},
    {"1 write, 1 crash, in turn", {.writes = 1, .crashes = 1}, 0},
    {"1 write, 1 crash, 1 deviation", {.writes = 1, .crashes = 1}, 1},
    {"1 write, 1 cut, 1 deviation", {.writes = 1, .cuts = 1}, 1},
    {"2 writes, 1 power cut, in turn", {.writes = 2, .power_cuts = 1}, 0},
    {"three copies: 1 crash, 1 cut, in turn", {.crashes = 1, .cuts = 1}, 0, {.copies = 3}},
    {"three copies: 1 write, 1 crash, in turn", {.writes = 1, .crashes = 1}, 0, {.copies = 3}},
};

/// What a state is to whoever does not know blocks by name: what each node is, has and says.
Fingerprint abstract(netsim::State const& state) {
    Hasher hasher;
    hasher.add(state.spent.fingerprint());
    hasher.add((state.oracle.left_open() ? 1U : 0U) | (state.oracle.parted() ? 2U : 0U) |
               (state.oracle.split_reported() ? 4U : 0U));
    for (std::uint8_t n = 0; n < state.world.cluster().nodes.size(); ++n) {
        netsim::CopySim const& copy = *state.world.copy(NodeId{n}, GroupId{0});
        hasher.add((copy.machine ? 1U : 0U) | (copy.disk->idle() ? 2U : 0U) |
                   (copy.store->idle() ? 4U : 0U) | copy.disk->unflushed() << 3);
        if (!copy.machine) continue;
        replication::Cell const& cell = copy.machine->cell();
        hasher.add(static_cast<std::uint64_t>(cell.data) |
                   static_cast<std::uint64_t>(cell.role) << 8 |
                   (copy.machine->open() ? 1U : 0U) << 16 | (cell.last_owner ? 1U : 0U) << 17);
        for (std::uint8_t p = 0; p < copy.config->copies; ++p) {
            if (p == copy.slot.value) continue;
            replication::Slot const peer{p};
            hasher.add(static_cast<std::uint64_t>(replication::state_of(copy.machine->leg(peer))) |
                       (copy.machine->log().bits(peer).any() ? 1U : 0U) << 8 |
                       (copy.machine->log().stable_bits(peer).any() ? 1U : 0U) << 9);
        }
    }
    return hasher.result();
}

/// How many of `some` are not in `all`.
std::size_t missing(std::set<Fingerprint> const& some, std::set<Fingerprint> const& all) {
    return static_cast<std::size_t>(
        std::ranges::count_if(some, [&](Fingerprint const print) { return !all.contains(print); }));
}

struct Explored {
    netsim::SearchResult result;
    std::set<Fingerprint> all;
    std::set<Fingerprint> abstract;
};

/// Everything that is remembered happens nonetheless.
netsim::Recall const checked{.on = true, .checks_apart = 1};

Explored explored(Case const& one, netsim::Reductions const& reduce, unsigned jobs = 1,
                  netsim::Recall const& recall = {}) {
    netsim::Bounds bound = bounds(one.most);
    bound.timing = one.timing;
    bound.deviations = one.deviations;
    bound.blocks = one.blocks;
    Explored made;
    tools::Crew crew(jobs);
    language::Exhausting how{reduce, jobs, std::ref(crew), {}, recall};
    how.seen = [&](netsim::State const& state) {
        made.all.insert(netsim::print_of(state.world, state.oracle, one.timing));
        made.abstract.insert(abstract(state));
    };
    auto done = language::exhaust(scenario(one.setup, bound), {}, how);
    REQUIRE(done);
    made.result = std::move(done->result);
    return made;
}

void check_rounds(netsim::SearchResult const& one, netsim::SearchResult const& other) {
    REQUIRE(one.rounds.size() == other.rounds.size());
    for (std::size_t r = 0; r < one.rounds.size(); ++r) {
        CHECK(one.rounds[r].states == other.rounds[r].states);
        CHECK(one.rounds[r].passed == other.rounds[r].passed);
        CHECK(one.rounds[r].transitions == other.rounds[r].transitions);
        CHECK(one.rounds[r].by_depth == other.rounds[r].by_depth);
        CHECK(one.rounds[r].by_deviations == other.rounds[r].by_deviations);
    }
}

}  // namespace

TEST_CASE("what is left out changes neither the verdict nor the states that are seen") {
    fmt::print("{:42} {:>8} {:>8} {:>8} {:>8} states\n", "", "none", "order", "symmetry", "all");
    for (Case const& one : tiny) {
        INFO(one.words);
        Explored const none = explored(one, {});
        Explored const chains = explored(one, {.chains = true, .blocks = false});
        Explored const blocks = explored(one, {.chains = false, .blocks = true});
        Explored const both = explored(one, {.chains = true, .blocks = true});
        for (Explored const* some : {&chains, &blocks, &both}) {
            CHECK(some->result.verdict == none.result.verdict);
            CHECK(missing(some->abstract, none.abstract) == 0);
            CHECK(missing(none.abstract, some->abstract) == 0);
            CHECK(some->result.rounds.back().states <= none.result.rounds.back().states);
        }
        // A chain that is gone through again may name its records differently (Run::sequence).
        CHECK(missing(none.all, chains.all) == 0);
        CHECK(missing(blocks.all, both.all) == 0);
        fmt::print("{:42} {:>8} {:>8} {:>8} {:>8}\n", one.words, none.result.rounds.back().states,
                   chains.result.rounds.back().states, blocks.result.rounds.back().states,
                   both.result.rounds.back().states);
    }
}

TEST_CASE("events of different nodes are tried in one order, and lead to all that both lead to") {
    std::uint64_t saved = 0;
    for (Case const& one : tiny) {
        INFO(one.words);
        for (bool const reduced : {false, true}) {
            netsim::Reductions const all_orders{
                .chains = reduced, .blocks = reduced, .diamonds = false};
            netsim::Reductions const one_order{
                .chains = reduced, .blocks = reduced, .diamonds = true};
            Explored const both = explored(one, all_orders);
            Explored const either = explored(one, one_order);
            CHECK(either.result.verdict == both.result.verdict);
            CHECK(either.all == both.all);
            REQUIRE(either.result.rounds.size() == both.result.rounds.size());
            for (std::size_t r = 0; r < both.result.rounds.size(); ++r) {
                netsim::Round const& fewer = either.result.rounds[r];
                netsim::Round const& all = both.result.rounds[r];
                CHECK(fewer.transitions <= all.transitions);
                saved += all.transitions - fewer.transitions;
                if (reduced) continue;  // a chain may be gone through more often, or less
                CHECK(fewer.states == all.states);
                CHECK(fewer.by_depth == all.by_depth);
            }
        }
    }
    CHECK(saved > 0);
    Case const writes{"2 writes", {.writes = 2}};
    netsim::Reductions const all_orders{.chains = false, .blocks = false, .diamonds = false};
    std::uint64_t const all = explored(writes, all_orders).result.rounds.back().transitions;
    CHECK(explored(writes, {}).result.rounds.back().transitions * 4 < all * 3);
}

TEST_CASE("what is remembered of a part of the world is what would have become of it") {
    for (Case const& one : tiny) {
        INFO(one.words);
        for (bool const reduced : {false, true}) {
            netsim::Reductions const reduce{.chains = reduced, .blocks = reduced};
            Explored const done = explored(one, reduce, 1, {.on = false});
            netsim::Recall forgetful = checked;
            forgetful.most_parts = 1;
            for (netsim::Recall const& recall : {checked, forgetful}) {
                Explored const recalled = explored(one, reduce, 1, recall);
                CHECK(recalled.result.verdict == done.result.verdict);
                CHECK(recalled.all == done.all);
                check_rounds(recalled.result, done.result);
            }
        }
    }
}

TEST_CASE("what is remembered wrongly is noticed") {
    unsigned wrong = 0;
    netsim::Recall careless = checked;
    careless.careless = true;
    careless.wrong = [&] { ++wrong; };
    Explored const stopped = explored({"2 writes", {.writes = 2}}, {}, 1, careless);
    CHECK(wrong == 1);
    CHECK(stopped.result.verdict == netsim::SearchResult::Verdict::unknown);
}

TEST_CASE("in turn, with three copies, a tenth of the states is kept") {
    Case const one{"", {.writes = 1, .crashes = 1}, 0, {.copies = 3}};
    auto const states = [&](netsim::Reductions const& reduce) {
        return explored(one, reduce).result.rounds.back().states;
    };
    CHECK(states({}) >= 10 * states({.chains = true, .blocks = true}));
}

TEST_CASE("threads find what one finds, in the same order") {
    for (Case const& one : tiny) {
        INFO(one.words);
        for (bool const reduced : {false, true}) {
            netsim::Reductions const reduce{.chains = reduced, .blocks = reduced};
            Explored const alone = explored(one, reduce, 1);
            for (unsigned const jobs : {2U, 3U}) {
                Explored const together = explored(one, reduce, jobs);
                CHECK(together.result.verdict == alone.result.verdict);
                CHECK(missing(alone.all, together.all) + missing(together.all, alone.all) == 0);
                check_rounds(together.result, alone.result);
            }
        }
    }
}

}  // namespace sunder::model
