// SPDX-License-Identifier: BSD-3-Clause
//
// How much does a resync send in an interval of its rate (R47)? First the arithmetic, then one
// machine, driven by hand.
#include "tests/support/machine_driver.h"

using namespace sunder;
using namespace sunder::testing;
using replication::HostOp;
using replication::Pace;
using replication::ResyncRate;
using Driver = MachineDriver;

namespace {

constexpr std::uint64_t chunk = 128;  // sectors
constexpr std::int64_t chunk_bytes = 64 * 1024;

/// So many chunks in each interval.
constexpr Bandwidth chunks_an_interval(std::uint64_t chunks) {
    return {chunks * 10 * chunk_bytes * 8};
}
constexpr ResyncRate four_down_to_one{chunks_an_interval(4), chunks_an_interval(1)};

class Paced : public Driver {
public:
    explicit Paced(ResyncRate const& rate, std::uint64_t run_chunks = 1)
        : Driver(config(rate, run_chunks)) {}

    /// Reads, sends and confirms what may be sent now; says how many chunks that were.
    std::uint64_t send() {
        std::uint64_t chunks = 0;
        for (;;) {
            auto const reads = take<rep::output::DiskRead>();
            if (reads.empty()) return chunks;
            for (auto const& read : reads) {
                chunks += read.range.count / chunk;
                done(read.op, true, Payload::zero(read.range.count));
            }
            for (auto const& record : sent<rep::Record>()) {
                if (record.kind == rep::RecordKind::resync) {
                    arrive(rep::RecordAck{record.sequence});
                }
            }
        }
    }
    std::uint64_t next_interval() {
        give(rep::input::TimerFired{rep::Timer::resync_pace});
        return send();
    }
    /// True when the timer was armed since the last call; never twice.
    bool armed() {
        std::size_t count = 0;
        for (auto const& timer : take<rep::output::ArmTimer>()) {
            if (timer.timer != rep::Timer::resync_pace) continue;
            CHECK(timer.after == Pace::interval);
            ++count;
        }
        CHECK(count <= 1);
        return count == 1;
    }
    /// A host's write, done here and confirmed by the target.
    void write(std::uint64_t block) {
        ask(HostOp::write, block);
        persist_all();
        finish_disk();
        for (auto const& record : sent<rep::Record>()) arrive(rep::RecordAck{record.sequence});
    }

private:
    static rep::GroupConfig config(ResyncRate const& rate, std::uint64_t run_chunks) {
        rep::GroupConfig made = Driver::config(true, true, true, false);
        made.run_sectors = run_chunks * chunk;
        made.resync_rate = rate;
        return made;
    }
};

}  // namespace

TEST_CASE("Each interval grants its part of the rate, and carries over at most as much") {
    Pace pace(four_down_to_one);
    CHECK(pace.credit() == chunk_bytes);  // whether hosts write is not known yet
    pace.next_interval(four_down_to_one, false);
    CHECK(pace.credit() == 5 * chunk_bytes);
    for (int i = 0; i < 3; ++i) {
        pace.next_interval(four_down_to_one, false);
        CHECK(pace.credit() == 8 * chunk_bytes);
    }
    pace.spend(7 * chunk);
    CHECK(pace.may_send());
    pace.spend(3 * chunk);  // a run of three, of which one was left
    CHECK(pace.credit() == -2 * chunk_bytes);
    CHECK_FALSE(pace.may_send());
    pace.next_interval(four_down_to_one, false);
    CHECK(pace.credit() == 2 * chunk_bytes);
}

TEST_CASE("An interval after changes grants the minimum, and so does one that changes go on in") {
    Pace pace(four_down_to_one);
    pace.spend(chunk);
    pace.host_changed();
    pace.next_interval(four_down_to_one, false);
    CHECK(pace.credit() == chunk_bytes);
    pace.spend(chunk);
    pace.next_interval(four_down_to_one, true);
    CHECK(pace.credit() == chunk_bytes);
    // What the maximum granted is not carried over into the minimum.
    pace.spend(chunk);
    pace.next_interval(four_down_to_one, false);
    CHECK(pace.credit() == 4 * chunk_bytes);
    pace.next_interval(four_down_to_one, true);
    CHECK(pace.credit() == 2 * chunk_bytes);
}

TEST_CASE("A limit that is not given limits nothing") {
    Pace none;
    none.spend(1'000'000);
    none.next_interval({}, true);
    CHECK(none.may_send());
    CHECK(none == Pace());

    ResyncRate const max_alone{chunks_an_interval(2), std::nullopt};
    Pace steady(max_alone);
    CHECK(steady.credit() == 2 * chunk_bytes);

    ResyncRate const min_alone{std::nullopt, chunks_an_interval(1)};
    Pace yielding(min_alone);
    CHECK(yielding.credit() == chunk_bytes);
    yielding.next_interval(min_alone, false);
    yielding.spend(1000 * chunk);
    CHECK(yielding.may_send());
    yielding.next_interval(min_alone, true);
    CHECK(yielding.credit() == chunk_bytes);
    yielding.spend(9 * chunk);
    CHECK_FALSE(yielding.may_send());
    yielding.next_interval(min_alone, false);
    CHECK(yielding.may_send());

    // However slow, it goes on.
    Pace slow({Bandwidth{1}, std::nullopt});
    CHECK(slow.may_send());
}

TEST_CASE("A resync without limits arms no timer") {
    Paced driver({});
    driver.resync();
    CHECK(driver.send() == 16);
    CHECK_FALSE(driver.armed());
    driver.give(rep::input::TimerFired{rep::Timer::resync_pace});
    CHECK(driver.noted<rep::note::Ignored>() == 1);
    CHECK_FALSE(driver.armed());
}

TEST_CASE("A limited resync sends its part in each interval, and the timer ends with it") {
    Paced driver({chunks_an_interval(4), std::nullopt});
    driver.resync();
    CHECK(driver.send() == 4);
    CHECK(driver.armed());
    for (int i = 0; i < 2; ++i) {
        CHECK(driver.next_interval() == 4);
        CHECK(driver.armed());
    }
    CHECK(driver.next_interval() == 4);
    CHECK_FALSE(driver.resyncing().need.any());
    CHECK_FALSE(driver.armed());
    CHECK(driver.resyncing().finishing);
}

TEST_CASE("A run that is larger than a grant is paid for before the next one") {
    Paced driver({chunks_an_interval(1), std::nullopt}, 4);
    driver.resync();
    std::uint64_t sent = driver.send();
    CHECK(sent == 4);
    CHECK(driver.armed());
    for (std::uint64_t interval = 1; sent < 16; ++interval) {
        REQUIRE(interval <= 16);
        std::uint64_t const now = driver.next_interval();
        CHECK(now == (interval % 4 == 0 ? 4 : 0));
        sent += now;
        CHECK(driver.armed() == (sent < 16));
    }
}

TEST_CASE("A resync yields to hosts that write, down to its minimum and no further") {
    Paced driver(four_down_to_one);
    driver.resync();
    CHECK(driver.send() == 1);
    CHECK(driver.armed());
    CHECK(driver.next_interval() == 4);
    CHECK(driver.armed());
    for (int i = 0; i < 4; ++i) {
        driver.write(3);
        CHECK(driver.next_interval() == 1);
        CHECK(driver.armed());
    }
    // Reads and flushes change nothing.
    driver.ask(HostOp::flush, 0);
    driver.finish_disk();
    CHECK(driver.next_interval() == 4);
    // A write that takes longer than an interval slows all of them.
    driver.ask(HostOp::write, 3);
    driver.persist_all();
    CHECK(driver.next_interval() == 1);
    CHECK(driver.next_interval() == 1);
    driver.finish_disk();
    CHECK(driver.next_interval() == 1);
    CHECK_FALSE(driver.resyncing().need.any());
}

TEST_CASE("A chunk that is reserved goes when it can, and the next ones pay for it (R45, R47)") {
    Paced driver(four_down_to_one);
    driver.promote();
    driver.ask(HostOp::write, 0);
    driver.persist_all();
    auto const write = driver.take<rep::output::DiskWrite>();
    REQUIRE(write.size() == 1);
    driver.resync();
    std::uint64_t sent = driver.send();
    while (!driver.resyncing().reserved) {
        REQUIRE(sent < 16);
        sent += driver.next_interval();
    }
    CHECK(driver.resyncing().need.count() == 1);
    std::int64_t const credit = driver.resyncing().pace.credit();
    driver.done(write[0].op);
    CHECK(driver.take<rep::output::DiskRead>().size() == 1);
    CHECK(driver.resyncing().pace.credit() == credit - chunk_bytes);
}

TEST_CASE("The timer of a resync that is gone is ignored; what is left of a rate is compared") {
    Paced driver(four_down_to_one);
    driver.resync();
    driver.send();
    CHECK(driver.armed());
    rep::MirrorMachine const before = driver.machine;
    driver.next_interval();
    CHECK_FALSE(before == driver.machine);
    CHECK(before.fingerprint() != driver.machine.fingerprint());
    CHECK(driver.armed());

    rep::MirrorMachine const armed = driver.machine;
    driver.give(rep::input::ConnectionDown{Driver::peer, Driver::connection});
    driver.settle_all();
    driver.outputs.clear();
    Fingerprint const waiting = driver.machine.fingerprint();
    driver.give(rep::input::TimerFired{rep::Timer::resync_pace});
    CHECK(driver.noted<rep::note::Ignored>() == 1);
    CHECK_FALSE(driver.armed());
    CHECK(driver.machine.fingerprint() != waiting);
}

TEST_CASE("While a disk cannot be read, nobody counts intervals; the settle timer goes on (G21)") {
    Paced driver(four_down_to_one);
    driver.resync();
    CHECK(driver.armed());
    driver.done(driver.take<rep::output::DiskRead>().at(0).op, false);
    CHECK(driver.resyncing().stuck);
    driver.give(rep::input::TimerFired{rep::Timer::resync_pace});
    CHECK(driver.noted<rep::note::Ignored>() == 1);
    CHECK_FALSE(driver.armed());
    driver.give(rep::input::TimerFired{rep::Timer::settle});
    CHECK(driver.armed());
}
