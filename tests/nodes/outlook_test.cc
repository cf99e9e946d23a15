// SPDX-License-Identifier: BSD-3-Clause
//
// Which of several peers decides, and that one peer alone decides as it always did.
#include "nodes/outlook.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <vector>

namespace sunder::nodes {
namespace {

using Contact = InServiceFacts::Contact;
using Copy = InServiceFacts::Copy;
using Later = InServiceFacts::Later;
using Peer = InServiceFacts::Peer;

constexpr std::array contacts{Contact::looking, Contact::reachable, Contact::watched_die,
                              Contact::booted_alone};
constexpr std::array peers{Peer::unknown, Peer::not_owner, Peer::last_owner, Peer::in_service};
constexpr std::array laters{Later::neither, Later::self, Later::peer, Later::diverged};

PeerFacts reachable(Peer peer, Later later = Later::neither) {
    return {.contact = Contact::reachable, .peer = peer, .later = later};
}
PeerFacts silent(Contact contact, bool source = false) {
    return {.contact = contact, .source = source};
}

/// Everything that a peer can be to this copy.
std::vector<PeerFacts> all_peers() {
    std::vector<PeerFacts> all;
    for (Contact contact : contacts)
        for (Peer peer : peers)
            for (Later later : laters)
                for (bool source : {false, true})
                    for (bool behind : {false, true})
                        all.push_back({.contact = contact,
                                       .peer = peer,
                                       .later = later,
                                       .source = source,
                                       .left_behind = behind});
    return all;
}

Answer answer(InServiceFacts own, std::vector<PeerFacts> const& others) {
    return decide_in_service(outlook(own, others)).answer;
}

constexpr InServiceFacts owner{.last_owner = true};
constexpr InServiceFacts target{.copy = Copy::in_sync};

}  // namespace

TEST_CASE("one other copy decides alone") {
    for (PeerFacts const& peer : all_peers()) {
        for (bool last_owner : {false, true}) {
            InServiceFacts own{.last_owner = last_owner, .copy = Copy::in_sync};
            InServiceFacts const seen = outlook(own, std::vector{peer});
            CHECK(seen.contact == peer.contact);
            if (peer.contact != Contact::reachable) continue;
            CHECK(seen.peer == peer.peer);
            CHECK(seen.later == peer.later);
        }
    }
}

TEST_CASE("without another copy there is nobody to ask") {
    CHECK(outlook(owner, {}).contact == Contact::no_peer);
}

TEST_CASE("the order of the peers does not matter") {
    auto const all = all_peers();
    for (PeerFacts const& one : all) {
        for (PeerFacts const& two : all) {
            for (InServiceFacts const& own : {owner, target}) {
                CHECK(answer(own, {one, two}) == answer(own, {two, one}));
            }
        }
    }
}

TEST_CASE("nobody comes in beside a copy that serves, whatever the others are") {
    for (PeerFacts const& other : all_peers()) {
        for (InServiceFacts const& own : {owner, target}) {
            CHECK(answer(own, {reachable(Peer::in_service), other}) != Answer::come_in);
        }
    }
}

TEST_CASE("nobody comes in beside a copy whose data is later, or that has not spoken yet") {
    for (PeerFacts const& other : all_peers()) {
        for (InServiceFacts const& own : {owner, target}) {
            CHECK(answer(own, {reachable(Peer::not_owner, Later::peer), other}) != Answer::come_in);
            CHECK(answer(own, {reachable(Peer::unknown), other}) != Answer::come_in);
        }
    }
}

TEST_CASE("a target takes over from the source that it watched die, whoever else is silent") {
    std::vector<PeerFacts> const dead{silent(Contact::watched_die, true)};
    CHECK(answer(target, dead) == Answer::come_in);
    for (Contact other : {Contact::looking, Contact::watched_die, Contact::booted_alone}) {
        CHECK(answer(target, {reachable(Peer::not_owner), silent(other),
                              silent(Contact::watched_die, true)}) == Answer::come_in);
    }
    // That another target died says nothing about the source.
    CHECK(answer(target, {reachable(Peer::not_owner), silent(Contact::watched_die)}) ==
          Answer::stay_out);
}

TEST_CASE("of two targets in sync the one of the higher priority goes first") {
    PeerFacts other = reachable(Peer::not_owner);
    PeerFacts const dead = silent(Contact::watched_die, true);
    CHECK(answer(target, {other, dead}) == Answer::come_in);
    other.goes_first = true;
    InServiceDecision const decision = decide_in_service(outlook(target, std::vector{other, dead}));
    CHECK(decision.answer == Answer::stay_out);
    CHECK(decision.rule == InServiceRule::another_goes_first);
}

TEST_CASE("priority decides who goes first, but guarded nodes put what is complete before it") {
    for (bool const lags : {false, true}) {
        for (bool const other_lags : {false, true}) {
            Candidate const favourite{1, !lags};
            Candidate const other{999, !other_lags};
            CHECK(goes_before(favourite, other, false));
            CHECK_FALSE(goes_before(other, favourite, false));
            bool const overruled = lags && !other_lags;
            CHECK(goes_before(favourite, other, true) == !overruled);
            CHECK(goes_before(other, favourite, true) == overruled);
        }
    }
}

TEST_CASE("a last owner comes in with one target, unless it guards, or looks, or was overtaken") {
    PeerFacts const there = reachable(Peer::not_owner);
    CHECK(answer(owner, {there, silent(Contact::watched_die)}) == Answer::come_in);
    CHECK(answer(owner, {there, silent(Contact::looking)}) == Answer::stay_out);
    CHECK(answer(owner, {silent(Contact::watched_die), silent(Contact::booted_alone)}) ==
          Answer::set_data_corrupt);
    InServiceFacts guarded = owner;
    guarded.guarded = true;
    CHECK(answer(guarded, {there, silent(Contact::watched_die)}) == Answer::set_data_corrupt);
    // Who was left behind had no right to take over.
    PeerFacts behind = silent(Contact::watched_die);
    behind.left_behind = true;
    CHECK(answer(guarded, {there, behind}) == Answer::come_in);
    // Whom an operator may have forced meanwhile, and may yet be heard (R87).
    behind.contact = Contact::looking;
    CHECK(answer(guarded, {there, behind}) == Answer::stay_out);
    CHECK(answer(owner, {there, behind}) == Answer::stay_out);
    behind.contact = Contact::watched_die;
    InServiceFacts told = owner;
    told.copy = Copy::outdated;
    CHECK(answer(told, {there, behind}) == Answer::set_data_corrupt);
    CHECK(answer(told, {there, there}) == Answer::come_in);
}

TEST_CASE("a third node that may have been the source keeps owner and target out") {
    PeerFacts knows = reachable(Peer::not_owner);
    knows.heard_of_other = true;
    CHECK(answer(owner, {knows, silent(Contact::watched_die)}) == Answer::stay_out);
    CHECK(answer(target, {knows, silent(Contact::watched_die, true)}) == Answer::stay_out);
}

}  // namespace sunder::nodes
