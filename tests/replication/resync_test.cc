// SPDX-License-Identifier: BSD-3-Clause
//
// Which chunks does a resync take, when, and whom does it keep waiting for it? One machine, driven
// by hand.
#include "tests/support/machine_driver.h"

using namespace sunder;
using namespace sunder::testing;
using replication::HostOp;
using Driver = MachineDriver;

namespace {

/// Sixteen chunks of sixteen blocks, each a run of its own.
rep::GroupConfig chunk_by_chunk() {
    rep::GroupConfig config = Driver::config(true, false, true, false);
    config.run_sectors = config.chunk_sectors;
    config.asynchronous_limit = 1000;
    return config;
}

constexpr std::uint64_t blocks_in_chunk = 16;

/// A machine whose hosts write in chunk 0 while it is ready to resynchronise, and every other chunk
/// is in the channel.
struct Kept {
    Driver driver{chunk_by_chunk()};
    DiskOpId write;

    Kept() {
        driver.promote();
        driver.ask(HostOp::write, 0);
        driver.persist_all();
        write = driver.take<rep::output::DiskWrite>().at(0).op;
        driver.resync();
        send_runs();
        REQUIRE(driver.resyncing().need.count() == 1);
        REQUIRE(driver.resyncing().need.test(0));
    }
    /// Until no run can be started.
    void send_runs() {
        for (;;) {
            auto const reads = driver.take<rep::output::DiskRead>();
            if (reads.empty()) return;
            for (auto const& read : reads) driver.done(read.op, true, Payload::zero(128));
            for (auto const& run : driver.sent<rep::Record>()) {
                if (run.kind == rep::RecordKind::resync) {
                    driver.arrive(rep::RecordAck{run.sequence});
                }
            }
        }
    }
};

}  // namespace

TEST_CASE("A chunk that hosts keep busy is reserved when nothing else is left (R45, LIV-1)") {
    Kept kept;
    Driver& driver = kept.driver;
    CHECK(driver.resyncing().reserved == 0);
    // Whatever else touches it waits, wherever in the chunk; the rest of the volume does not.
    driver.ask(HostOp::write, 5);
    driver.ask(HostOp::trim, blocks_in_chunk - 1);
    CHECK(driver.take<rep::output::DiskWrite>().empty());
    driver.ask(HostOp::write, blocks_in_chunk);
    auto const elsewhere = driver.take<rep::output::DiskWrite>();
    REQUIRE(elsewhere.size() == 1);
    CHECK(driver.take<rep::output::DiskRead>().empty());
    // Reads see what is there.
    driver.ask(HostOp::read, 7);
    CHECK(driver.take<rep::output::DiskRead>().size() == 1);
    driver.sent<rep::Record>();

    // What was under way is done: the run is read, and the hosts still wait (G1).
    driver.done(kept.write);
    auto const run = driver.take<rep::output::DiskRead>();
    REQUIRE(run.size() == 1);
    CHECK(run[0].range == Extent{0, 128});
    CHECK_FALSE(driver.resyncing().reserved);
    CHECK(driver.take<rep::output::DiskWrite>().empty());

    // It has its place in the channel, and they go on behind it.
    driver.done(run[0].op, true, Payload::zero(128));
    CHECK(driver.take<rep::output::DiskWrite>().size() == 2);
    auto const records = driver.sent<rep::Record>();
    REQUIRE(records.size() == 3);
    CHECK(records[0].kind == rep::RecordKind::resync);
    CHECK(records[1].kind == rep::RecordKind::write);
    CHECK(records[2].kind == rep::RecordKind::trim);
    CHECK_FALSE(driver.resyncing().need.any());
}

TEST_CASE("Nothing is reserved while a chunk that is not busy can be taken") {
    rep::GroupConfig config = chunk_by_chunk();
    config.window_sectors = 8 * config.chunk_sectors;
    Driver driver{config};
    driver.promote();
    driver.ask(HostOp::write, 0);
    driver.persist_all();
    REQUIRE(driver.take<rep::output::DiskWrite>().size() == 1);  // under way
    driver.resync();
    // Room for eight runs: the others wait for these, and not for hosts.
    CHECK(driver.resyncing().in_flight == driver.machine.config().window_sectors);
    CHECK(driver.resyncing().need.test(0));
    CHECK_FALSE(driver.resyncing().reserved);
}

TEST_CASE("Whoever waits for a reserved chunk is let go when its leg is lost, or cannot be read") {
    SECTION("the leg is lost") {
        Kept kept;
        kept.driver.ask(HostOp::write, 5);
        CHECK(kept.driver.take<rep::output::DiskWrite>().empty());
        kept.driver.give(rep::input::ConnectionDown{Driver::peer, Driver::connection});
        CHECK(kept.driver.take<rep::output::DiskWrite>().size() == 1);
    }
    SECTION("the run fails, until the settle timer fires (G21)") {
        Kept kept;
        Driver& driver = kept.driver;
        driver.ask(HostOp::write, 5);
        driver.done(kept.write);
        auto const run = driver.take<rep::output::DiskRead>();
        REQUIRE(run.size() == 1);
        driver.done(run[0].op, false);
        CHECK_FALSE(driver.resyncing().reserved);
        auto const write = driver.take<rep::output::DiskWrite>();
        REQUIRE(write.size() == 1);
        driver.give(rep::input::TimerFired{});
        CHECK(driver.resyncing().reserved == 0);
        driver.done(write[0].op);
        CHECK(driver.take<rep::output::DiskRead>().size() == 1);
    }
}

TEST_CASE("A reservation is part of what a machine is") {
    Kept kept;
    rep::MirrorMachine const reserved = kept.driver.machine;
    CHECK(reserved == kept.driver.machine);
    kept.driver.done(kept.write);
    CHECK_FALSE(reserved == kept.driver.machine);
    CHECK(reserved.fingerprint() != kept.driver.machine.fingerprint());
}
