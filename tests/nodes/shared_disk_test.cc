// SPDX-License-Identifier: BSD-3-Clause
//
// Two servers and one disk (A.17): the decision row by row, and two machines against a reservation,
// in random orders of deaths, cuts and moves: the disk is never carried twice, and never by nobody
// while a server that could have it is there and knows.
#include "nodes/shared_disk.h"

#include "nodes/in_service.h"

#include <rapidcheck.h>
#include <catch2/catch.hpp>

#include <array>
#include <deque>
#include <optional>
#include <set>

namespace sunder::nodes::shared_disk {
namespace {

using Answer = Decision::Answer;
using Peer = Facts::Peer;

TEST_CASE("a disk is taken from the dead, and asked for from the living (R112, R113)") {
    struct Row {
        Facts facts;
        Answer answer;
        Rule rule;
    };
    Row const rows[] = {
        {{Peer::unknown, true, false}, Answer::reserve, Rule::first_choice},
        {{Peer::unknown, false, false}, Answer::stand_by, Rule::peer_may_have_it},
        {{Peer::heard, true, false}, Answer::reserve, Rule::peer_may_have_it},
        {{Peer::heard, false, false}, Answer::reserve, Rule::peer_may_have_it},
        {{Peer::watched_die, true, false}, Answer::take, Rule::peer_died},
        {{Peer::watched_die, false, false}, Answer::take, Rule::peer_died},
        {{Peer::all_gone, true, false}, Answer::take_from_dead, Rule::everybody_is_gone},
        {{Peer::all_gone, false, false}, Answer::take_from_dead, Rule::everybody_is_gone},
        {{Peer::booted_alone, true, false}, Answer::take_from_dead, Rule::nobody_answers},
        {{Peer::booted_alone, false, false}, Answer::take_from_dead, Rule::nobody_answers},
    };
    for (Row const& row : rows) {
        CHECK(decide(row.facts) == Decision{row.answer, row.rule});
        Facts handed = row.facts;
        handed.handed_over = true;
        CHECK(decide(handed) == Decision{Answer::reserve, Rule::handed_over});
    }
    for (unsigned r = 0; r < static_cast<unsigned>(Rule::last); ++r)
        CHECK_FALSE(text_of(static_cast<Rule>(r)).words.empty());
    for (unsigned r = 0; r < static_cast<unsigned>(MoveRule::last); ++r)
        CHECK_FALSE(text_of(static_cast<MoveRule>(r)).words.empty());
}

TEST_CASE("a disk goes to the other server once for each that failed (R53, R65)") {
    std::set<MoveRule> reached;
    for (unsigned bits = 0; bits < 32; ++bits) {
        auto const is = [&](unsigned bit) { return (bits >> bit & 1) != 0; };
        MoveFacts const facts{is(0), is(1), is(2), is(3), is(4)};
        MoveRule const rule = decide_move(facts);
        reached.insert(rule);
        bool const goes = rule == MoveRule::granted || rule == MoveRule::other_server_first;
        CHECK(goes == (facts.carried && !facts.leaving && facts.peer_heard &&
                       !(facts.failed && facts.failed_there)));
        if (goes) CHECK((rule == MoveRule::other_server_first) == facts.failed);
    }
    reached.insert(MoveRule::resource_does_not_stop);  // which only trying can tell
    for (unsigned r = 0; r < static_cast<unsigned>(MoveRule::last); ++r) {
        INFO(text_of(static_cast<MoveRule>(r)).name);
        CHECK(reached.contains(static_cast<MoveRule>(r)));
        CHECK_FALSE(text_of(static_cast<MoveRule>(r)).cites.empty());
    }
}

/// Two servers, their disk, and whoever has reserved it.
class Pair {
public:
    Pair() {
        boot(0);
        boot(1);
        settle();
    }
    void boot(int s) {
        servers_[s].emplace(s == 0);
        say(s, input::Started{});
    }
    void die(int s) {
        servers_[s].reset();
        if (carried_ == s) carried_.reset();
    }
    [[nodiscard]] bool up(int s) const { return servers_[s].has_value(); }
    void say(int s, Input const& input) { said_.push_back({s, input}); }
    void settle() {
        while (!said_.empty()) {
            auto const [s, input] = said_.front();
            said_.pop_front();
            if (!up(s)) continue;
            Outbox out;
            servers_[s]->step(input, out);
            for (Output const& one : out) {
                std::visit([&](auto const& what) { act(s, what); }, one);
                if (!up(s)) break;
            }
        }
    }
    [[nodiscard]] std::optional<int> carried() const { return carried_; }
    std::optional<MoveRule> answer{};
    bool stops = true;  ///< what is carried, when it is told to
    bool deaf = false;  ///< neither server can be told of the disk
    bool stays = false;
    /// As a beat does.
    void hear(int s) { say(s, input::PeerHeard{up(1 - s) && servers_[1 - s]->failed_here()}); }

private:
    void act(int s, output::Reserve const& reserve) {
        bool const dead = reserved_ && carried_ != reserved_;
        bool const takes =
            reserve.how == Answer::take || (reserve.how == Answer::take_from_dead && dead);
        bool const granted = !reserved_ || *reserved_ == s || takes;
        if (granted && reserved_ && *reserved_ != s) die(*reserved_);  // a conflict
        if (granted) reserved_ = s;
        say(s, input::Reserved{granted});
    }
    void act(int s, output::Carry const&) {
        RC_ASSERT(!carried_);
        RC_ASSERT(reserved_ == s);
        carried_ = s;
    }
    void act(int s, output::StandDown const&) { say(s, input::StoodDown{stops}); }
    void act(int s, output::HandOver const& out) {
        RC_ASSERT(carried_ == s);
        carried_.reset();
        reserved_.reset();
        bool const told = up(1 - s) && !deaf;
        say(told ? 1 - s : s, input::HandedOver{out.failed, !told});
    }
    void act(int, output::Stay const&) { stays = true; }
    void act(int, output::Reply const& reply) { answer = reply.rule; }
    void act(int, output::Noted const&) {}

    std::array<std::optional<Machine>, 2> servers_;
    std::optional<int> reserved_;
    std::optional<int> carried_;
    struct Said {
        int to;
        Input what;
    };
    std::deque<Said> said_;
};

TEST_CASE("the first of two servers starts, and what it carries can be handed over") {
    Pair pair;
    CHECK(pair.carried() == 0);
    pair.say(0, input::Move{});
    pair.settle();
    CHECK(pair.answer == MoveRule::peer_unreachable);
    for (int const s : {0, 1}) pair.say(s, input::PeerHeard{});
    pair.settle();
    CHECK(pair.carried() == 0);
    pair.say(1, input::Move{});
    pair.settle();
    CHECK(pair.answer == MoveRule::not_carried_here);
    pair.stops = false;
    pair.say(0, input::Move{});
    pair.settle();
    CHECK(pair.answer == MoveRule::resource_does_not_stop);
    CHECK(pair.carried() == 0);
    pair.stops = true;
    pair.say(0, input::Move{});
    pair.settle();
    CHECK(pair.answer == MoveRule::granted);
    CHECK(pair.carried() == 1);
}

TEST_CASE("what fails on one server is tried on the other, and on neither twice (R53)") {
    Pair pair;
    for (int const s : {0, 1}) pair.hear(s);
    pair.settle();
    REQUIRE(pair.carried() == 0);
    auto const fails_on = [&](int s) {
        pair.stays = false;
        pair.say(s, input::Failed{});
        pair.settle();
    };
    fails_on(0);
    CHECK_FALSE(pair.stays);
    CHECK(pair.carried() == 1);
    fails_on(1);
    CHECK(pair.stays);
    CHECK(pair.carried() == 1);
    // Losing sight of the other does not make one forget; its next boot does.
    pair.say(1, input::PeerSilent{});
    pair.hear(1);
    pair.settle();
    fails_on(1);
    CHECK(pair.carried() == 1);
    pair.die(0);
    pair.boot(0);
    for (int const s : {0, 1}) pair.hear(s);
    pair.settle();
    fails_on(1);
    CHECK(pair.carried() == 0);
    // An operator may have it tried where it failed.
    pair.say(0, input::Move{});
    pair.settle();
    CHECK(pair.carried() == 1);
    fails_on(1);
    CHECK(pair.carried() == 0);
}

TEST_CASE("a disk that the other could not be told of comes back, and is not handed on again") {
    Pair pair;
    for (int const s : {0, 1}) pair.hear(s);
    pair.settle();
    pair.deaf = true;
    pair.say(0, input::Failed{});
    pair.settle();
    CHECK(pair.carried() == 0);
    CHECK_FALSE(pair.stays);
    pair.say(0, input::Failed{});
    pair.settle();
    CHECK(pair.stays);
    pair.deaf = false;
    pair.stops = false;
    pair.hear(0);
    pair.say(0, input::Failed{});
    pair.settle();
    CHECK(pair.carried() == 0);
    pair.stops = true;
    pair.say(0, input::Failed{});
    pair.settle();
    CHECK(pair.carried() == 1);
}

TEST_CASE("a shared disk is carried by one server at most, and by one in the end") {
    CHECK(rc::check("one carrier", [] {
        Pair pair;
        for (int step = *rc::gen::inRange(0, 40); step > 0; --step) {
            int const s = *rc::gen::inRange(0, 2);
            switch (*rc::gen::inRange(0, 8)) {
                case 0:
                    pair.die(s);
                    break;
                case 1:
                    if (!pair.up(s)) pair.boot(s);
                    break;
                case 2:
                    pair.say(s, input::PeerSilent{*rc::gen::arbitrary<bool>()});  // rightly or not
                    if (*rc::gen::inRange(0, 4) == 0) pair.say(s, input::StoodStill{});
                    break;
                case 3:
                    pair.say(s, input::PeerHeard{});
                    break;
                case 4:
                    pair.say(s, input::BootWaitOver{});
                    break;
                case 6:
                    pair.deaf = *rc::gen::arbitrary<bool>();
                    if (pair.carried() == s) pair.say(s, input::Failed{});
                    break;
                case 5:
                    pair.stops = *rc::gen::arbitrary<bool>();
                    pair.say(s, input::Move{});
                    break;
                default:  // foreign: a die
                    pair.settle();
            }
        }
        pair.settle();
        pair.deaf = false;
        for (int const s : {0, 1}) {
            if (!pair.up(s)) pair.boot(s);
            pair.say(s, input::PeerHeard{});
        }
        pair.settle();
        RC_ASSERT(pair.carried().has_value());
        // And whoever is left alone carries it.
        int const last = *rc::gen::inRange(0, 2);
        pair.die(1 - last);
        pair.say(last, input::PeerSilent{});
        pair.settle();
        RC_ASSERT(pair.carried() == last);
    }));
}

TEST_CASE("a copy that goes on from a server that died may do so alone, if nothing is guarded") {
    InServiceFacts facts;
    facts.continues = true;
    facts.last_owner = true;
    using Contact = InServiceFacts::Contact;
    for (Contact const contact : {Contact::watched_die, Contact::booted_alone}) {
        facts.contact = contact;
        CHECK(decide_in_service(facts) ==
              InServiceDecision{nodes::Answer::come_in, InServiceRule::shared_copy_continues});
        InServiceFacts other = facts;
        other.guarded = true;
        CHECK(decide_in_service(other).answer != nodes::Answer::come_in);
        other = facts;
        other.data_corrupt = true;
        CHECK(decide_in_service(other).answer == nodes::Answer::stay_out);
        other = facts;
        other.last_owner = false;
        CHECK(decide_in_service(other).rule != InServiceRule::shared_copy_continues);
        other = facts;
        other.taken_out = true;
        CHECK(decide_in_service(other).rule == InServiceRule::taken_out);
    }
    facts.contact = Contact::looking;
    CHECK(decide_in_service(facts).answer == nodes::Answer::stay_out);
}

}  // namespace
}  // namespace sunder::nodes::shared_disk
