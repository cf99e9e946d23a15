// SPDX-License-Identifier: BSD-3-Clause
//
// A hierarchy's machine against random resources that fail at whatever they are asked to do: what
// it starts and stops is in order at every step, it always comes to rest where it was told to go or
// says why not, and it does so without being asked twice.
#include "nodes/hierarchy_machine.h"

#include "base/verify.h"

#include <rapidcheck.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <optional>
#include <vector>

namespace sunder::nodes::hierarchy {
namespace {

constexpr std::uint16_t resources = 5;

/// Each of random parents needs some of those with lower numbers.
Hierarchy drawn() {
    Hierarchy made;
    for (std::uint16_t r = 0; r < resources; ++r) {
        made.create({ResourceId{r}, ResourceKind::application, *rc::gen::arbitrary<bool>()});
    }
    for (std::uint16_t parent = 0; parent < resources; ++parent) {
        for (std::uint16_t child = 0; child < parent; ++child) {
            if (*rc::gen::inRange(0, 3) == 0)
                made.create_dependency({ResourceId{parent}, ResourceId{child}});
        }
    }
    return made;
}

struct Bench {
    std::shared_ptr<Hierarchy const> hierarchy;
    HierarchyMachine machine{hierarchy};
    std::vector<output::Act> under_way{};
    std::optional<Report> report{};
    std::uint32_t commands = 0;

    void step(Input const& input) {
        Outbox out;
        machine.step(input, out);
        for (Output const& one : out) {
            if (auto const* act = std::get_if<output::Act>(&one)) {
                check(*act);
                under_way.push_back(*act);
            } else if (auto const* told = std::get_if<output::Reported>(&one)) {
                report = told->report;
            }
        }
    }
    template <class State>
    [[nodiscard]] bool is(std::size_t place) const {
        return std::holds_alternative<State>(machine.state(hierarchy->resources()[place].id));
    }
    /// R99, as an onlooker sees it.
    void check(output::Act const& act) const {
        std::size_t const place = *hierarchy->find(act.resource);
        bool const busy = std::ranges::any_of(
            under_way, [&](output::Act const& one) { return one.resource == act.resource; });
        RC_ASSERT(!busy);
        if (act.action == Action::start) {
            hierarchy->for_each_child(
                place, [&](std::size_t child) { RC_ASSERT(is<resource::InService>(child)); });
        } else if (act.action == Action::stop) {
            hierarchy->for_each_parent(place, [&](std::size_t parent) {
                RC_ASSERT(is<resource::OutOfService>(parent) || is<resource::Failed>(parent));
            });
        }
    }
    /// Requires that it is under way.
    void done(ResourceId resource, Action action, bool ok) {
        auto const found = std::ranges::find_if(under_way, [&](output::Act const& one) {
            return one.resource == resource && one.action == action;
        });
        VERIFY(found != under_way.end());
        under_way.erase(found);
        step(input::ActionDone{resource, action, ok});
    }
    void finish_one(bool ok) {
        output::Act const act = under_way[*rc::gen::inRange<std::size_t>(0, under_way.size())];
        done(act.resource, act.action, ok);
    }
    void finish_all(bool ok) {
        for (int most = 100; !under_way.empty(); --most) {
            RC_ASSERT(most > 0);
            finish_one(ok);
        }
    }
    /// As an operator does, or a mirror that comes in service anew: what has failed is tried again.
    void rise() { step(input::Commanded{command::Rise{++commands, true}}); }
    void fall(bool regardless) { step(input::Commanded{command::Fall{++commands, regardless}}); }
};

TEST_CASE("a hierarchy rises and falls in order, whatever fails") {
    CHECK(rc::check("in order", [] {
        Bench bench{std::make_shared<Hierarchy const>(drawn())};
        for (int step = *rc::gen::inRange(0, 40); step > 0; --step) {
            switch (*rc::gen::inRange(0, 8)) {
                case 0:
                    bench.rise();
                    break;
                case 1:
                    bench.fall(*rc::gen::arbitrary<bool>());
                    break;
                case 2:
                    bench.step(input::FoundFailed{ResourceId{
                        static_cast<std::uint16_t>(*rc::gen::inRange(0, int{resources}))}});
                    break;
                default:  // foreign: a die
                    if (!bench.under_way.empty()) bench.finish_one(*rc::gen::inRange(0, 3) != 0);
            }
        }
        // Whatever has been, when nothing fails any more it comes up, and goes down.
        bench.finish_all(true);
        bench.rise();
        bench.finish_all(true);
        RC_ASSERT(bench.report->up);
        RC_ASSERT(!bench.report->failed);
        RC_ASSERT(bench.report->obeys == bench.commands);
        bench.fall(false);
        RC_ASSERT(!bench.report->up);
        bench.finish_all(true);
        RC_ASSERT(bench.report->down);
        RC_ASSERT(bench.report->obeys == bench.commands);
    }));
}

TEST_CASE("a hierarchy that has to go goes, whatever does not stop") {
    CHECK(rc::check("regardless", [] {
        Bench bench{std::make_shared<Hierarchy const>(drawn())};
        bench.rise();
        bench.finish_all(true);
        bench.fall(true);
        bench.finish_all(false);
        RC_ASSERT(bench.report->down);
        RC_ASSERT(bench.report->stuck == 0);
    }));
}

/// Two: an application on a file system.
Bench small(bool local_recovery) {
    Hierarchy made;
    made.create({ResourceId{0}, ResourceKind::file_system});
    made.create({ResourceId{1}, ResourceKind::application, local_recovery});
    made.create_dependency({ResourceId{0}, {}});
    made.create_dependency({ResourceId{1}, ResourceId{0}});
    return Bench{std::make_shared<Hierarchy const>(made)};
}

TEST_CASE("what fails is recovered where it is, and only then has it failed (R100)") {
    Bench bench = small(true);
    bench.rise();
    bench.done(ResourceId{0}, Action::start, true);
    bench.done(ResourceId{1}, Action::start, true);
    REQUIRE(bench.report->up);
    bench.step(input::FoundFailed{ResourceId{1}});
    CHECK_FALSE(bench.report->up);
    CHECK_FALSE(bench.report->failed);
    bench.done(ResourceId{1}, Action::recover, true);
    CHECK(bench.report->up);
    bench.step(input::FoundFailed{ResourceId{1}});
    bench.done(ResourceId{1}, Action::recover, false);
    CHECK(bench.report->failed);
    CHECK(bench.report->failures == 1);
    CHECK(bench.is<resource::InService>(0));  // what it stands on stays
}

TEST_CASE("without local recovery a failure is final at once") {
    Bench bench = small(false);
    bench.rise();
    bench.done(ResourceId{0}, Action::start, true);
    bench.done(ResourceId{1}, Action::start, false);
    CHECK(bench.report->failed);
    CHECK(bench.report->failures == 1);
    bench.rise();  // an operator tries again
    CHECK_FALSE(bench.report->failed);
    bench.done(ResourceId{1}, Action::start, true);
    CHECK(bench.report->up);
}

TEST_CASE("one that does not stop keeps what is below it, and halts the fall (R92)") {
    Bench bench = small(true);
    bench.rise();
    bench.done(ResourceId{0}, Action::start, true);
    bench.done(ResourceId{1}, Action::start, true);
    bench.fall(false);
    bench.done(ResourceId{1}, Action::stop, false);
    CHECK(bench.report->stuck == 1);
    CHECK_FALSE(bench.report->down);
    CHECK(bench.is<resource::InService>(0));
    CHECK(bench.is<resource::InService>(1));
}

}  // namespace
}  // namespace sunder::nodes::hierarchy
