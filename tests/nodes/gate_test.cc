// SPDX-License-Identifier: BSD-3-Clause
//
// What stands before a takeover (R63, R64, R67, C.8): quorum over every count of votes, and the
// gate over the whole cross-product of its facts, judged by statements that were made from the
// manual and not from the code.
#include "nodes/gate.h"
#include "nodes/quorum.h"

#include <catch2/catch.hpp>

#include <set>

namespace sunder::nodes {
namespace {

TEST_CASE("of two parts of a cluster at most one has quorum") {
    for (unsigned voters = 1; voters <= 9; ++voters) {
        for (unsigned here = 0; here <= voters; ++here) {
            INFO(here << " of " << voters);
            QuorumFacts one{.mode = QuorumMode::majority, .voters = voters, .heard = here};
            QuorumFacts other = one;
            other.heard = voters - here;
            CHECK_FALSE((has_quorum(decide_quorum(one)) && has_quorum(decide_quorum(other))));
            CHECK(has_quorum(decide_quorum(one)) == (here > voters - here));
        }
    }
}

TEST_CASE("a tie-breaker helps the half that had quorum, and no smaller part") {
    for (unsigned voters = 2; voters <= 8; ++voters) {
        for (unsigned here = 0; 2 * here <= voters; ++here) {
            for (bool const breaker : {false, true}) {
                for (bool const held : {false, true}) {
                    INFO(here << " of " << voters << ", " << breaker << held);
                    QuorumRule const rule =
                        decide_quorum({QuorumMode::majority, voters, here, breaker, held, false});
                    bool const keeps = 2 * here == voters && breaker && held;
                    CHECK(rule == (keeps ? QuorumRule::tie_broken : QuorumRule::minority));
                }
            }
        }
    }
}

TEST_CASE("a quorum disk asks for nobody, and no quorum for nothing") {
    CHECK(decide_quorum({.mode = QuorumMode::storage, .storage = true}) ==
          QuorumRule::storage_reached);
    CHECK(decide_quorum({.mode = QuorumMode::storage, .voters = 3, .heard = 3}) ==
          QuorumRule::storage_lost);
    CHECK(decide_quorum({}) == QuorumRule::not_required);
    for (unsigned r = 0; r < static_cast<unsigned>(QuorumRule::last); ++r) {
        CHECK_FALSE(text_of(static_cast<QuorumRule>(r)).words.empty());
        CHECK_FALSE(text_of(static_cast<QuorumRule>(r)).cites.empty());
    }
}

template <class Visit>
void for_each_gate(Visit&& visit) {
    for (unsigned n = 0; n < 2 * 2 * 2 * 4 * 4 * 2; ++n) {
        GateFacts facts;
        facts.quorum = n % 2 != 0;
        facts.takes_over = n / 2 % 2 != 0;
        facts.heard_by_others = n / 4 % 2 != 0;
        facts.confirmation = static_cast<GateFacts::Confirmation>(n / 8 % 4);
        facts.fencing = static_cast<GateFacts::Fencing>(n / 32 % 4);
        facts.switched_back = n / 128 != 0;
        visit(facts);
    }
}

TEST_CASE("the gate is open only when everything that has to come first has") {
    std::set<GateRule> reached;
    for_each_gate([&](GateFacts const& facts) {
        GateRule const rule = decide_gate(facts);
        reached.insert(rule);
        INFO(text_of(rule).name);
        bool const undoubted = !facts.heard_by_others &&
                               facts.confirmation == GateFacts::Confirmation::given &&
                               facts.fencing == GateFacts::Fencing::done;
        CHECK((rule == GateRule::open) ==
              (facts.quorum && !facts.switched_back && (!facts.takes_over || undoubted)));
        // R67: without quorum nothing else is even begun.
        if (!facts.quorum) CHECK(rule == GateRule::no_quorum);
        // Nobody is shot who may live, as far as others or an administrator say.
        bool const may_live =
            facts.heard_by_others || facts.confirmation != GateFacts::Confirmation::given;
        if (rule == GateRule::fencing_needed) CHECK_FALSE(may_live);
        // What is under way or decided is not begun again.
        if (rule == GateRule::fencing_needed) CHECK(facts.fencing == GateFacts::Fencing::not_begun);
        if (rule == GateRule::confirmation_needed)
            CHECK(facts.confirmation == GateFacts::Confirmation::not_asked);
    });
    for (unsigned r = 0; r < static_cast<unsigned>(GateRule::last); ++r) {
        INFO(text_of(static_cast<GateRule>(r)).name);
        CHECK(reached.contains(static_cast<GateRule>(r)));
        CHECK_FALSE(text_of(static_cast<GateRule>(r)).words.empty());
        CHECK_FALSE(text_of(static_cast<GateRule>(r)).cites.empty());
    }
}

TEST_CASE("a promotion goes on without a peer that does not answer only when that is safe") {
    std::set<EraRule> reached;
    for (unsigned n = 0; n < 32 * 4; ++n) {
        EraFacts facts;
        facts.overdue = n % 2 != 0;
        facts.forced = n / 2 % 2 != 0;
        facts.guarded = n / 4 % 2 != 0;
        facts.fencing = n / 8 % 2 != 0;
        facts.never = n / 16 % 2 != 0;
        facts.shot = static_cast<GateFacts::Fencing>(n / 32);
        EraRule const rule = decide_era_wait(facts);
        reached.insert(rule);
        INFO(text_of(rule).name);
        bool const may_take_over = facts.guarded && facts.fencing && !facts.never;
        bool const dead = facts.shot == GateFacts::Fencing::done;
        CHECK(goes_on(rule) == (facts.overdue && (facts.forced || !may_take_over || dead)));
        // Nobody is shot who has time left, or where that was not asked for.
        if (rule == EraRule::shot_first) CHECK((facts.overdue && may_take_over && !facts.forced));
    }
    for (unsigned r = 0; r < static_cast<unsigned>(EraRule::last); ++r) {
        INFO(text_of(static_cast<EraRule>(r)).name);
        CHECK(reached.contains(static_cast<EraRule>(r)));
        CHECK_FALSE(text_of(static_cast<EraRule>(r)).words.empty());
        CHECK_FALSE(text_of(static_cast<EraRule>(r)).cites.empty());
    }
}

}  // namespace
}  // namespace sunder::nodes
