// SPDX-License-Identifier: BSD-3-Clause
//
// Holds decide_resync against its golden table, cell by cell over all facts, and against what the
// field says of every resync whatever the rules are called.
#include "replication/handshake.h"

#include "tests/support/golden_checks.h"

#include <catch2/catch.hpp>

#include <cstdio>
#include <set>

namespace sunder::replication {
namespace {

using InService = HandshakeFacts::InService;
using Target = HandshakeFacts::Target;

std::vector<test::Column> facts() {
    return {{"in_service", {"neither", "source", "both"}},
            {"target",
             {"blank", "same", "earlier_tracked", "earlier", "later", "diverged", "unrelated"}},
            test::yes_or_no("forced_past_owner"),
            test::yes_or_no("inconsistent"),
            test::yes_or_no("was_written"),
            test::yes_or_no("bits"),
            test::yes_or_no("intent_log"),
            test::yes_or_no("merge"),
            test::yes_or_no("continues"),
            test::yes_or_no("finish_missed"),
            test::yes_or_no("paused"),
            test::yes_or_no("rests"),
            test::yes_or_no("pristine")};
}

std::vector<test::Column> answers() {
    test::Column verdicts{"verdict", {}};
    for (unsigned i = 0; i <= static_cast<unsigned>(Verdict::unrelated); ++i)
        verdicts.values.emplace_back(name_of(static_cast<Verdict>(i)));
    test::Column rules{"rule", {}};
    for (unsigned i = 0; i < static_cast<unsigned>(ResyncRule::last); ++i)
        rules.values.emplace_back(text_of(static_cast<ResyncRule>(i)).name);
    return {verdicts, rules};
}

HandshakeFacts facts_of(test::FactCell const& cell) {
    return {.in_service = static_cast<InService>(cell[0]),
            .target = static_cast<Target>(cell[1]),
            .forced_past_owner = cell[2] == 1,
            .target_inconsistent = cell[3] == 1,
            .target_was_written = cell[4] == 1,
            .paused = cell[10] == 1,
            .target_rests = cell[11] == 1,
            .bits = cell[5] == 1,
            .intent_log = cell[6] == 1,
            .bitmap_merge = cell[7] == 1,
            .pristine = cell[12] == 1,
            .continues = cell[8] == 1,
            .finish_missed = cell[9] == 1};
}

test::GoldenTable const& table() {
    static auto const read =
        test::GoldenTable::load("tests/replication/resync_decision_table.txt", facts(), answers());
    if (!read) FAIL(read.error());
    return *read;
}

auto decision() {
    auto const decide = [](test::FactCell const& cell) {
        auto const made = decide_resync(facts_of(cell));
        return std::pair(name_of(made.verdict), text_of(made.rule).name);
    };
    auto const text = [](ResyncRule rule) { return text_of(rule); };
    return test::Decision<ResyncRule, decltype(decide), decltype(text)>("resync decision", table(),
                                                                        decide, text);
}

/// Checks `holds(facts, verdict)` in every cell in which `when(facts)`.
template <class When, class Holds>
void in_every_cell(When when, Holds holds) {
    std::size_t asked = 0;
    std::size_t broken = 0;
    std::string first;
    for (auto const& cell : table().cells()) {
        auto const f = facts_of(cell);
        if (!when(f)) continue;
        ++asked;
        auto const decision = decide_resync(f);
        if (holds(f, decision.verdict) || broken++ > 0) continue;
        first = table().describe(cell) + ": " + std::string(name_of(decision.verdict)) + " by " +
                std::string(text_of(decision.rule).name);
    }
    INFO("first broken at " << first);
    CHECK(broken == 0);
    CHECK(asked > 0);
}

bool copies(Verdict verdict) { return verdict == Verdict::partial || verdict == Verdict::full; }

}  // namespace

TEST_CASE("does each combination of facts have exactly one row of the resync table?") {
    decision().check_rows();
}

TEST_CASE("does the code decide as the resync table does, by the same rule?") {
    decision().check_answers();
}

TEST_CASE("is each resync rule in the table and in the code, with words and citation?") {
    decision().check_rules();
}

TEST_CASE("does each row of the resync table cite what it stands on?") {
    decision().check_citations();
}

TEST_CASE("data that the source does not descend from is never overwritten") {
    in_every_cell(
        [](auto const& f) {
            return f.target == Target::later || f.target == Target::diverged ||
                   f.target == Target::unrelated || f.forced_past_owner;
        },
        [](auto const&, Verdict verdict) { return !copies(verdict); });
}

TEST_CASE("split brain is told at first contact, whoever serves") {
    in_every_cell([](auto const& f) { return f.target == Target::diverged; },
                  [](auto const&, Verdict verdict) { return verdict == Verdict::split_brain; });
}

TEST_CASE("without exactly one side in service nothing is copied and nothing is in sync") {
    in_every_cell([](auto const& f) { return f.in_service != InService::source; },
                  [](auto const&, Verdict verdict) {
                      return !copies(verdict) && verdict != Verdict::in_sync;
                  });
}

/// R44, R90: without an intent log, that nobody has ever written is known all the same.
bool nothing_written(HandshakeFacts const& f) {
    return f.pristine && !f.intent_log && f.target == Target::same && !f.target_inconsistent;
}

TEST_CASE("copies are in sync only when equal, whole, and without bits on either side") {
    in_every_cell(
        [](auto const& f) {
            if (nothing_written(f)) return false;
            return f.bits || f.target_inconsistent || f.target != Target::same || f.continues ||
                   f.finish_missed;
        },
        [](auto const&, Verdict verdict) { return verdict != Verdict::in_sync; });
}

TEST_CASE("without an intent log no resync is partial and none is left out") {
    in_every_cell([](auto const& f) { return !f.intent_log && !nothing_written(f); },
                  [](auto const&, Verdict verdict) {
                      return verdict != Verdict::partial && verdict != Verdict::in_sync;
                  });
}

TEST_CASE("after a failover, a pair that cannot merge logs copies everything") {
    in_every_cell(
        [](auto const& f) {
            return f.in_service == InService::source && f.target_was_written && !f.bitmap_merge &&
                   !f.continues && !nothing_written(f);
        },
        [](auto const&, Verdict verdict) {
            return verdict != Verdict::partial && verdict != Verdict::in_sync;
        });
}

TEST_CASE("a target is copied partially only from a base that the source has tracked") {
    in_every_cell(
        [](auto const& f) {
            return (f.target == Target::earlier || f.target == Target::blank) && !f.continues;
        },
        [](auto const&, Verdict verdict) { return verdict != Verdict::partial; });
}

TEST_CASE("a blank target is never left as it is, nor named by bits it cannot have") {
    in_every_cell(
        [](auto const& f) {
            return f.target == Target::blank && f.in_service == InService::source &&
                   !f.forced_past_owner && !f.paused && !f.target_rests;
        },
        [](auto const& f, Verdict verdict) {
            // In the middle of its first resync the source's log names what is missing (LIV-8).
            if (f.continues && f.intent_log) return verdict == Verdict::partial;
            return verdict == Verdict::full;
        });
}

TEST_CASE("nothing is copied to a target that is paused, or that rests") {
    in_every_cell([](auto const& f) { return f.paused || f.target_rests; },
                  [](auto const&, Verdict verdict) {
                      return !copies(verdict) && verdict != Verdict::in_sync;
                  });
}

TEST_CASE("one more bit never makes less to do") {
    in_every_cell([](auto const& f) { return !f.bits; },
                  [](HandshakeFacts const& f, Verdict without) {
                      auto more = f;
                      more.bits = true;
                      auto const with = decide_resync(more).verdict;
                      return with == without || (without == Verdict::in_sync && copies(with));
                  });
}

}  // namespace sunder::replication
