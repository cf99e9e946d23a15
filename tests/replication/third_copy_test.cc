// SPDX-License-Identifier: BSD-3-Clause
//
// What does a machine keep, wait for and refuse on behalf of a third copy (G20, R36)? One machine
// of three, driven by hand: the second is its peer, the third is away.
#include "tests/support/machine_driver.h"

using namespace sunder;
using namespace sunder::testing;
using replication::HostOp;
using replication::Slot;
using Driver = MachineDriver;

namespace {

constexpr Slot third{2};

rep::GroupConfig of_three(bool first_source = true) {
    rep::GroupConfig config = Driver::config(first_source, true, true, false);
    config.copies = 3;
    config.nodes[2] = NodeId{2};
    return config;
}

/// A target of the second copy.
Driver following() {
    Driver driver(of_three(false));
    driver.follow();
    return driver;
}

rep::PeerAck equal_in(Driver const& driver, std::uint64_t chunk, Slot about = third) {
    rep::Bitmap chunks(driver.machine.log().chunks());
    chunks.set(chunk);
    return {about, false, false, std::make_shared<rep::Bitmap const>(chunks)};
}

std::shared_ptr<rep::NewGeneration const> generation(std::uint64_t id, std::uint32_t era = 1) {
    auto fresh = std::make_shared<rep::NewGeneration>();
    fresh->era = {era, NodeId{1}};
    fresh->current = {id, rep::Minted::without_peer};
    fresh->history.push_back({1, rep::Minted::created});
    fresh->absent.push_back({third, {1, rep::Minted::created}, false});
    return fresh;
}

}  // namespace

TEST_CASE("A target names what it applies towards the third copy, stably and first (R36, G3)") {
    Driver driver = following();
    driver.arrive(driver.record(1, 3));
    while (driver.take<rep::output::DiskWrite>().empty()) {
        CHECK_FALSE(driver.machine.log().stable_bits(third).test(0));
        REQUIRE(driver.persist_one());
    }
    CHECK(driver.machine.log().stable_bits(third).test(0));
    CHECK_FALSE(driver.machine.log().bits(Driver::peer).any());
}

TEST_CASE("A peer-ack clears what a target has named towards the third copy, and nothing else") {
    Driver driver = following();
    driver.arrive(driver.record(1, 3));
    driver.arrive(driver.record(2, 3 + 128 / 8));
    driver.settle_all();
    driver.arrive(equal_in(driver, 0));
    CHECK_FALSE(driver.machine.log().bits(third).test(0));
    CHECK(driver.machine.log().bits(third).test(1));
    rep::PeerAck all_but = equal_in(driver, 0);
    all_but.all_but = true;
    driver.arrive(all_but);
    CHECK_FALSE(driver.machine.log().bits(third).any());
}

TEST_CASE("A peer-ack about a copy that is none of this mirror's closes the leg") {
    for (Slot const about : {Driver::self, Driver::peer, Slot{3}, Slot{200}}) {
        Driver driver = following();
        driver.arrive(equal_in(driver, 0, about));
        CHECK(driver.noted<rep::note::Rejected>() == 1);
        CHECK(driver.take<rep::output::Close>().size() == 1);
    }
    Driver driver = following();
    driver.arrive(rep::PeerAck{third, false, false, std::make_shared<rep::Bitmap const>(5)});
    CHECK(driver.noted<rep::note::Rejected>() == 1);
    Driver source(of_three());
    source.mirror();
    source.arrive(equal_in(source, 0));  // nobody acknowledges to a source
    CHECK(source.noted<rep::note::Rejected>() == 1);
}

TEST_CASE("A target answers for a generation when it is stable, with who was left behind (G20)") {
    Driver driver = following();
    driver.arrive(generation(77));
    CHECK(driver.sent<rep::GenerationStored>().empty());
    CHECK(driver.machine.stable_cell().current.id == 1);
    driver.persist_all();
    auto const stored = driver.sent<rep::GenerationStored>();
    REQUIRE(stored.size() == 1);
    CHECK(stored[0].current.id == 77);
    CHECK(driver.machine.stable_cell().current.id == 77);
    CHECK(driver.machine.stable_cell().peers[third.value].base.id == 1);
}

TEST_CASE("A generation of a lower era closes the leg and changes nothing (SAF-7)") {
    Driver driver = following();
    driver.give(rep::input::Commanded{rep::command::RaiseEra{{5, NodeId{2}}}});
    driver.persist_all();
    driver.outputs.clear();
    driver.arrive(generation(77, 4));
    CHECK(driver.take<rep::output::Close>().size() == 1);
    driver.persist_all();
    CHECK(driver.machine.stable_cell().current.id == 1);
}

TEST_CASE("A write without the third copy waits until the target knows who misses it (G20)") {
    Driver driver(of_three());
    driver.mirror();
    driver.ask(HostOp::write, 3);
    while (driver.sent<rep::Record>().empty()) REQUIRE(driver.persist_one());
    // Nothing is told that is not stable here.
    CHECK(driver.sent<std::shared_ptr<rep::NewGeneration const>>().empty());
    CHECK(driver.machine.stable_cell().current.id == 1);
    driver.settle_all();
    auto const told = driver.sent<std::shared_ptr<rep::NewGeneration const>>();
    REQUIRE(told.size() == 1);
    CHECK(told[0]->current == driver.machine.stable_cell().current);
    REQUIRE(told[0]->absent.size() == 1);
    CHECK(told[0]->absent[0].peer == third);
    CHECK_FALSE(told[0]->absent[0].may_be_current);
    driver.arrive(rep::RecordAck{1});
    CHECK(driver.replies().empty());
    driver.arrive(rep::GenerationStored{{1, rep::Minted::created}});  // an older one is no answer
    CHECK(driver.replies().empty());
    driver.arrive(rep::GenerationStored{told[0]->current});
    CHECK(driver.replies().size() == 1);
}

TEST_CASE("A target that is lost before it knows the generation may hold either of the two") {
    Driver driver(of_three());
    driver.mirror();
    driver.ask(HostOp::write, 3);
    driver.settle_all();
    CHECK(driver.machine.stable_cell().peers[Driver::peer.value].may_be_current);
    CHECK(driver.machine.stable_cell().peers[Driver::peer.value].base.id == 1);
    CHECK_FALSE(driver.machine.stable_cell().peers[third.value].may_be_current);
}

TEST_CASE("A source comes in service in doubt about who was left behind in another's time") {
    Driver driver = following();
    driver.arrive(generation(77));
    driver.settle_all();
    driver.give(rep::input::Commanded{rep::command::Promote{{9, NodeId{0}}, false}});
    driver.settle_all();
    REQUIRE(driver.machine.open());
    CHECK(driver.machine.stable_cell().peers[third.value].may_be_current);
    // So the first write without it has a generation of its own.
    driver.ask(HostOp::write, 3);
    driver.settle_all();
    CHECK(driver.machine.stable_cell().current.id != 77);
}
