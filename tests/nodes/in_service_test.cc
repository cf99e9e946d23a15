// SPDX-License-Identifier: BSD-3-Clause
//
// Holds decide_in_service against its golden table, cell by cell over all facts, and against what
// the field says of every such decision whatever its rules are called.
#include "nodes/in_service.h"

#include "tests/support/golden_checks.h"

#include <catch2/catch.hpp>

#include <array>
#include <cstdio>
#include <set>

namespace sunder::nodes {
namespace {

using Contact = InServiceFacts::Contact;
using Peer = InServiceFacts::Peer;
using Later = InServiceFacts::Later;
using Copy = InServiceFacts::Copy;

/// The values of one of our enums by name, in their order.
template <class Enum>
test::Column named(std::string column, Enum last) {
    test::Column made{std::move(column), {}};
    for (unsigned value = 0; value <= static_cast<unsigned>(last); ++value)
        made.values.emplace_back(name_of(static_cast<Enum>(value)));
    return made;
}

std::vector<test::Column> facts() {
    return {test::yes_or_no("forced"),       test::yes_or_no("last_owner"),
            test::yes_or_no("data_corrupt"), named("contact", Contact::booted_alone),
            named("peer", Peer::in_service), named("later", Later::diverged),
            named("copy", Copy::blank),      test::yes_or_no("guarded"),
            test::yes_or_no("fenced"),       test::yes_or_no("taken_out"),
            test::yes_or_no("outranked"),    test::yes_or_no("elsewhere"),
            test::yes_or_no("continues"),    test::yes_or_no("never")};
}

std::vector<test::Column> answers() {
    test::Column rules{"rule", {}};
    for (unsigned rule = 0; rule < static_cast<unsigned>(InServiceRule::last); ++rule)
        rules.values.emplace_back(text_of(static_cast<InServiceRule>(rule)).name);
    return {named("answer", Answer::split_brain), rules};
}

InServiceFacts facts_of(test::FactCell const& cell) {
    return {.forced = cell[0] == 1,
            .taken_out = cell[9] == 1,
            .last_owner = cell[1] == 1,
            .data_corrupt = cell[2] == 1,
            .contact = static_cast<Contact>(cell[3]),
            .peer = static_cast<Peer>(cell[4]),
            .later = static_cast<Later>(cell[5]),
            .copy = static_cast<Copy>(cell[6]),
            .guarded = cell[7] == 1,
            .fenced = cell[8] == 1,
            .outranked = cell[10] == 1,
            .elsewhere = cell[11] == 1,
            .continues = cell[12] == 1,
            .never = cell[13] == 1};
}

test::GoldenTable const& table() {
    static auto const read =
        test::GoldenTable::load("tests/nodes/in_service_table.txt", facts(), answers());
    if (!read) FAIL(read.error());
    return *read;
}

auto decision() {
    auto const decide = [](test::FactCell const& cell) {
        auto const made = decide_in_service(facts_of(cell));
        return std::pair(name_of(made.answer), text_of(made.rule).name);
    };
    auto const text = [](InServiceRule rule) { return text_of(rule); };
    return test::Decision<InServiceRule, decltype(decide), decltype(text)>("in-service decision",
                                                                           table(), decide, text);
}

/// Checks `holds(facts, answer)` in every cell in which `when(facts)`.
template <class When, class Holds>
void in_every_cell(When when, Holds holds) {
    std::size_t asked = 0;
    std::size_t broken = 0;
    std::string first;
    for (auto const& cell : table().cells()) {
        auto const f = facts_of(cell);
        if (!when(f)) continue;
        ++asked;
        auto const decision = decide_in_service(f);
        if (holds(f, decision.answer) || broken++ > 0) continue;
        first = table().describe(cell) + ": " + std::string(name_of(decision.answer)) + " by " +
                std::string(text_of(decision.rule).name);
    }
    INFO("first broken at " << first);
    CHECK(broken == 0);
    CHECK(asked > 0);
}

bool unforced(InServiceFacts const& f) { return !f.forced; }
/// Nobody asks about a mirror that was taken out by hand.
bool asked(InServiceFacts const& f) { return !f.forced && !f.taken_out; }

bool comes_in(Answer answer) { return answer == Answer::come_in; }

}  // namespace

TEST_CASE("does each combination of facts have exactly one row of the in-service table?") {
    decision().check_rows();
}

TEST_CASE("does the code decide as the in-service table does, by the same rule?") {
    decision().check_answers();
}

TEST_CASE("is each in-service rule in the table and in the code, with words and citation?") {
    decision().check_rules();
}

TEST_CASE("does each row of the in-service table cite what it stands on?") {
    decision().check_citations();
}

TEST_CASE("a copy that is torn or known to be stale never comes in service but by force or owner") {
    in_every_cell(
        [](auto const& f) {
            return unforced(f) && !f.last_owner &&
                   (f.copy == Copy::inconsistent || f.copy == Copy::outdated ||
                    f.copy == Copy::blank);
        },
        [](auto const&, Answer answer) { return !comes_in(answer); });
}

TEST_CASE("a paused copy, and a mirror that was taken out, come in only by force or by the owner") {
    in_every_cell(
        [](auto const& f) { return unforced(f) && !f.last_owner && f.copy == Copy::paused; },
        [](auto const&, Answer answer) { return !comes_in(answer); });
    in_every_cell([](auto const& f) { return unforced(f) && f.taken_out; },
                  [](auto const&, Answer answer) {
                      return answer == Answer::stay_out || answer == Answer::split_brain;
                  });
}

TEST_CASE("a copy that was not in sync while being watched never fails over") {
    in_every_cell(
        [](auto const& f) {
            return unforced(f) && !f.last_owner && f.contact == Contact::watched_die &&
                   f.copy != Copy::in_sync;
        },
        [](auto const&, Answer answer) { return !comes_in(answer); });
}

TEST_CASE("a node that booted alone, or is still looking, never comes in service unforced") {
    // But for the second server of a disk, which watched the first one die (R113).
    in_every_cell(
        [](auto const& f) {
            bool const goes_on = f.continues && f.last_owner && f.contact != Contact::looking;
            return unforced(f) && !goes_on &&
                   (f.contact == Contact::booted_alone || f.contact == Contact::looking);
        },
        [](auto const&, Answer answer) { return !comes_in(answer); });
}

TEST_CASE("nobody comes in service beside a peer that serves, not even by force") {
    in_every_cell(
        [](auto const& f) { return f.contact == Contact::reachable && f.peer == Peer::in_service; },
        [](auto const&, Answer answer) { return !comes_in(answer); });
}

TEST_CASE("a target for ever comes in service by nobody's word") {
    in_every_cell([](auto const& f) { return f.never; },
                  [](auto const&, Answer answer) { return !comes_in(answer); });
}

TEST_CASE("force is obeyed unless the peer serves, or the copy is a target for ever") {
    in_every_cell(
        [](auto const& f) {
            return f.forced && !f.never &&
                   !(f.contact == Contact::reachable && f.peer == Peer::in_service);
        },
        [](auto const&, Answer answer) { return comes_in(answer); });
}

TEST_CASE("what a peer says of itself and of its data counts only while it is reachable") {
    in_every_cell([](auto const& f) { return f.contact != Contact::reachable; },
                  [](InServiceFacts const& f, Answer) {
                      auto silent = f;
                      silent.peer = Peer::unknown;
                      silent.later = Later::neither;
                      return decide_in_service(f) == decide_in_service(silent);
                  });
}

TEST_CASE("two copies that went their own way are never started by a machine") {
    in_every_cell(
        [](auto const& f) {
            return unforced(f) && f.contact == Contact::reachable && f.peer != Peer::unknown &&
                   f.later == Later::diverged;
        },
        [](auto const&, Answer answer) { return answer == Answer::split_brain; });
}

TEST_CASE("an earlier copy never comes in service while the later one is reachable") {
    in_every_cell(
        [](auto const& f) {
            return unforced(f) && f.contact == Contact::reachable && f.later == Later::peer;
        },
        [](auto const&, Answer answer) { return !comes_in(answer); });
}

TEST_CASE("the owner's flag is cleared only when the peer's data is later, or equal and served") {
    in_every_cell([](auto const&) { return true; },
                  [](InServiceFacts const& f, Answer answer) {
                      return answer != Answer::clear_last_owner ||
                             (f.last_owner && f.contact == Contact::reachable &&
                              (f.later == Later::peer ||
                               (f.later == Later::neither && f.peer == Peer::in_service)));
                  });
}

TEST_CASE("data_corrupt is set by an owner without its peer, once, and by nobody else") {
    in_every_cell([](auto const&) { return true; },
                  [](InServiceFacts const& f, Answer answer) {
                      bool const alone =
                          f.contact == Contact::booted_alone || f.contact == Contact::watched_die;
                      bool const goes_on = f.continues && !f.guarded && !f.elsewhere;
                      bool const returned = asked(f) && f.last_owner && !f.data_corrupt && alone &&
                                            !goes_on && !f.never;
                      return (answer == Answer::set_data_corrupt) == returned;
                  });
}

TEST_CASE("data_corrupt keeps the mirror out until the peer is there or an operator forces it") {
    in_every_cell(
        [](auto const& f) {
            return unforced(f) && f.data_corrupt && f.contact != Contact::reachable;
        },
        [](auto const&, Answer answer) { return !comes_in(answer); });
}

TEST_CASE("guarded without quorum or fencing, a survivor stays out") {
    in_every_cell(
        [](auto const& f) {
            return unforced(f) && f.guarded && !f.fenced && f.contact == Contact::watched_die;
        },
        [](auto const&, Answer answer) { return !comes_in(answer); });
}

TEST_CASE("a third node that may have been the source keeps everybody out who is not forced") {
    in_every_cell(
        [](auto const& f) { return unforced(f) && f.elsewhere && f.contact != Contact::no_peer; },
        [](auto const&, Answer answer) { return !comes_in(answer); });
}

TEST_CASE("of several copies in sync the one of the highest priority takes over") {
    in_every_cell(
        [](auto const& f) {
            // The owner goes on, whatever its priority, where its own disk does.
            bool const goes_on = f.continues && f.last_owner;
            return unforced(f) && f.contact == Contact::watched_die && f.outranked && !goes_on;
        },
        [](auto const&, Answer answer) { return !comes_in(answer); });
}

TEST_CASE("asking for more safety never brings a mirror in service") {
    in_every_cell([](auto const& f) { return f.guarded; },
                  [](InServiceFacts const& f, Answer answer) {
                      auto faithful = f;
                      faithful.guarded = false;
                      return !comes_in(answer) || comes_in(decide_in_service(faithful).answer);
                  });
}

/// Both ends of one pair, as they would see each other, may not both come in service: two owners of
/// which each is told the other is not later, an owner and a target, two targets.
TEST_CASE("two nodes that see each other never both come in service unforced") {
    constexpr std::array flags{false, true};
    constexpr std::array copies{Copy::in_sync, Copy::not_watched, Copy::outdated,
                                Copy::inconsistent, Copy::blank};
    constexpr std::array views{std::pair{Later::neither, Later::neither},
                               std::pair{Later::self, Later::peer},
                               std::pair{Later::diverged, Later::diverged}};
    auto const word = [](bool owner) { return owner ? Peer::last_owner : Peer::not_owner; };
    for (bool owner_a : flags)
        for (bool owner_b : flags)
            for (auto [later_a, later_b] : views)
                for (auto copy_a : copies)
                    for (auto copy_b : copies)
                        for (bool corrupt : flags) {
                            InServiceFacts const a{.last_owner = owner_a,
                                                   .data_corrupt = corrupt,
                                                   .contact = Contact::reachable,
                                                   .peer = word(owner_b),
                                                   .later = later_a,
                                                   .copy = copy_a};
                            InServiceFacts const b{.last_owner = owner_b,
                                                   .contact = Contact::reachable,
                                                   .peer = word(owner_a),
                                                   .later = later_b,
                                                   .copy = copy_b};
                            CHECK_FALSE((comes_in(decide_in_service(a).answer) &&
                                         comes_in(decide_in_service(b).answer)));
                        }
}

TEST_CASE("does a golden table say in which line it is misspelt, and how?") {
    auto const error = [](std::string_view text) {
        auto const read = test::GoldenTable::parse(text, {{"tea", {"black", "green"}}},
                                                   {{"answer", {"drink", "leave"}}});
        return read ? std::string() : read.error();
    };
    CHECK(error("given tea=black|green\n-> answer\n-> drink -- R1: why\n    -- and why\n").empty());
    CHECK(error("\n\ntea -> answer\nblue -> drink").starts_with("line 4: 'blue' is no value of"));
    CHECK(error("tea -> answer\nblack -> sip").starts_with("line 2: 'sip' is no value of answer"));
    CHECK(error("tea -> answer\n* * -> drink").starts_with("line 2: expected 1 facts, found 2"));
    CHECK(error("tea -> answer\nblack|black -> drink").starts_with("line 2: 'black' is named"));
    CHECK(error("given coffee=black").starts_with("line 1: there is no fact 'coffee'"));
    CHECK(error("given tea=black\ntea -> answer").starts_with("line 2: 'tea' is given already"));
    CHECK(error("tea -> verdict").starts_with("line 1: after '->' expected the columns answer"));
    CHECK(error("-- R1").starts_with("line 1: '--' without a row"));
    CHECK(error("tea answer").starts_with("line 1: expected 'given'"));
}

}  // namespace sunder::nodes
