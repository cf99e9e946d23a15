// SPDX-License-Identifier: BSD-3-Clause
//
// How long does a target rest whose disk refuses what it is sent (FLT-9)? First the arithmetic,
// then one target and one source, driven by hand.
#include "replication/rest.h"

#include "tests/support/machine_driver.h"

using namespace sunder;
using namespace sunder::testing;
using Driver = MachineDriver;
using replication::rest_after;

namespace {

std::shared_ptr<rep::Hello const> hello_of(rep::Cell cell, bool in_service, bool rests = false) {
    auto hello = std::make_shared<rep::Hello>();
    hello->extended = rep::all_copies(2);
    hello->cell = std::move(cell);
    hello->cell.role = in_service ? rep::Role::source : rep::Role::target;
    hello->cell.last_owner = in_service;
    hello->in_service = in_service;
    hello->intent_log = hello->bitmap_merge = true;
    hello->rests = rests;
    return hello;
}

/// A target of whose source it gets one resync after another.
struct Target {
    Driver driver{false};
    rep::ResyncId resync = 7;

    /// What it says when the leg is up again.
    bool says_that_it_rests() {
        driver.connect();
        auto const hello = driver.sent<std::shared_ptr<rep::Hello const>>();
        REQUIRE(hello.size() == 1);
        return hello[0]->rests;
    }
    void begin() {
        rep::Generation const current = driver.machine.cell().current;
        driver.arrive(hello_of(driver.machine.cell(), true));
        driver.arrive(rep::ResyncBegin{{1, NodeId{1}}, resync, {current, 0}});
        driver.settle_all();
        REQUIRE(rep::state_of(driver.machine.leg(Driver::peer)) == rep::LegState::resyncing);
        driver.outputs.clear();
    }
    /// Two records are on their way to the disk, which refuses both. For how long it rests.
    Duration refuse() {
        begin();
        driver.arrive(driver.record(1, 3));
        driver.arrive(driver.record(2, 5));
        driver.persist_all();
        auto const writes = driver.take<rep::output::DiskWrite>();
        REQUIRE(writes.size() == 2);
        for (auto const& write : writes) driver.done(write.op, false);
        CHECK(driver.take<rep::output::Close>().size() == 1);
        return rest();
    }
    Duration rest() {
        driver.settle_all();
        Duration found;
        for (auto const& timer : driver.take<rep::output::ArmTimer>()) {
            if (timer.timer == rep::Timer::rest) found = timer.after;
        }
        CHECK(driver.noted<rep::note::CopyRests>() == (found == Duration{} ? 0U : 1U));
        driver.outputs.clear();
        return found;
    }
    void finish() {
        begin();
        auto finish = std::make_shared<rep::Finish>();
        finish->resync = resync;
        finish->current = driver.machine.cell().current;
        driver.arrive(std::shared_ptr<rep::Finish const>(finish));
        driver.settle_all();
        REQUIRE(rep::state_of(driver.machine.leg(Driver::peer)) == rep::LegState::mirroring);
    }
};

}  // namespace

TEST_CASE("A target tries again at once, then rests for twice as long each time, up to a bound") {
    Duration const settles = seconds(5);
    CHECK(rest_after(0, settles) == Duration{});
    CHECK(rest_after(1, settles) == Duration{});
    CHECK(rest_after(2, settles) == seconds(5));
    CHECK(rest_after(3, settles) == seconds(10));
    CHECK(rest_after(7, settles) == seconds(160));
    CHECK(rest_after(8, settles) == seconds(320));
    CHECK(rest_after(9, settles) == seconds(320));
    CHECK(rep::longest_rest(settles) == seconds(320));
}

TEST_CASE("A target whose disk refuses a second time says that it rests, and greets when it has") {
    Target target;
    target.driver.settle_all();
    CHECK_FALSE(target.says_that_it_rests());
    CHECK(target.refuse() == Duration{});
    CHECK_FALSE(target.says_that_it_rests());
    CHECK(target.refuse() == seconds(5));
    CHECK(target.says_that_it_rests());
    target.driver.give(rep::input::TimerFired{rep::Timer::rest});
    auto const again = target.driver.sent<std::shared_ptr<rep::Hello const>>();
    REQUIRE(again.size() == 1);
    CHECK_FALSE(again[0]->rests);
    CHECK(target.refuse() == seconds(10));
}

TEST_CASE("A resync that ends well makes up for earlier refusals") {
    Target target;
    target.driver.settle_all();
    CHECK_FALSE(target.says_that_it_rests());
    CHECK(target.refuse() == Duration{});
    CHECK_FALSE(target.says_that_it_rests());
    target.finish();
    target.driver.give(rep::input::ConnectionDown{Driver::peer, Driver::connection});
    target.driver.settle_all();
    target.driver.outputs.clear();
    CHECK_FALSE(target.says_that_it_rests());
    CHECK(target.refuse() == Duration{});
}

TEST_CASE("A source begins nothing with a target that rests, and says why") {
    Driver driver;
    driver.promote();
    driver.outputs.clear();
    driver.connect();
    rep::Cell torn = driver.machine.cell();
    torn.data = rep::DataState::inconsistent;
    driver.arrive(hello_of(torn, false, true));
    driver.settle_all();
    CHECK(driver.sent<rep::ResyncBegin>().empty());
    std::vector<rep::ResyncRule> rules;
    for (rep::Output const& output : driver.outputs) {
        auto const* noted = std::get_if<rep::output::Noted>(&output);
        if (noted == nullptr) continue;
        auto const* decided = std::get_if<rep::note::ResyncDecided>(&noted->note);
        if (decided != nullptr) rules.push_back(decided->decision.rule);
    }
    CHECK(rules == std::vector{rep::ResyncRule::target_rests});
    driver.arrive(hello_of(torn, false));
    driver.settle_all();
    CHECK(driver.sent<rep::ResyncBegin>().size() == 1);
}
