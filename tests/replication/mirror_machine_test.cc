// SPDX-License-Identifier: BSD-3-Clause
//
// What does the mirror machine wait for, and what does it refuse? One machine, driven by hand.
#include "tests/support/machine_driver.h"

using namespace sunder;
using namespace sunder::testing;
using replication::HostOp;
using replication::HostStatus;
using Driver = MachineDriver;

TEST_CASE("A host is refused while the mirror is out of service (R3)") {
    Driver driver;
    driver.ask(HostOp::write, 0);
    auto const replies = driver.replies();
    REQUIRE(replies.size() == 1);
    CHECK(replies[0].status == HostStatus::not_in_service);
}

TEST_CASE("A write reaches neither disk nor leg before its intent bit is stable (R21, G3)") {
    Driver driver;
    driver.mirror();
    driver.ask(HostOp::write, 3);
    CHECK(driver.take<rep::output::DiskWrite>().empty());
    CHECK(driver.sent<rep::Record>().empty());
    REQUIRE(driver.persist_one());
    CHECK(driver.take<rep::output::DiskWrite>().size() == 1);
    CHECK(driver.sent<rep::Record>().size() == 1);
    driver.ask(HostOp::write, 4);  // the same chunk: nothing to wait for
    CHECK(driver.take<rep::output::DiskWrite>().size() == 1);
}

TEST_CASE(
    "A synchronous write is acknowledged when disk and target have it, in either order (R9)") {
    for (bool const disk_first : {true, false}) {
        Driver driver;
        driver.mirror();
        driver.ask(HostOp::write, 3);
        driver.persist_all();
        auto const write = driver.take<rep::output::DiskWrite>();
        auto const record = driver.sent<rep::Record>();
        REQUIRE(write.size() == 1);
        REQUIRE(record.size() == 1);
        auto const confirm = [&](bool disk) {
            if (disk) {
                driver.done(write[0].op);
            } else {
                driver.arrive(rep::RecordAck{record[0].sequence});
            }
        };
        confirm(disk_first);
        CHECK(driver.replies().empty());
        confirm(!disk_first);
        CHECK(driver.replies().size() == 1);
    }
}

TEST_CASE("An asynchronous write is acknowledged by the own disk, up to the limit (R10, R12)") {
    Driver driver(true, false);
    driver.mirror();
    for (std::uint64_t block = 0; block < 3; ++block) driver.ask(HostOp::write, block);
    driver.persist_all();
    driver.finish_disk();
    CHECK(driver.replies().size() == 2);
    CHECK(driver.noted<rep::note::LimitReached>() == 1);
    auto const records = driver.sent<rep::Record>();
    REQUIRE(records.size() == 2);
    driver.arrive(rep::RecordAck{records[0].sequence});
    driver.finish_disk();
    CHECK(driver.replies().size() == 1);
    CHECK(driver.noted<rep::note::LimitRecovered>() == 1);
}

TEST_CASE(
    "Overlapping writes go one after the other, and a read waits for the write before it (G6, "
    "G9)") {
    Driver driver;
    driver.mirror();
    driver.ask(HostOp::write, 3);
    driver.persist_all();
    RequestId const second = driver.ask(HostOp::write, 3);
    RequestId const read = driver.ask(HostOp::read, 3);
    auto const write = driver.take<rep::output::DiskWrite>();
    auto const record = driver.sent<rep::Record>();
    REQUIRE(write.size() == 1);
    CHECK(driver.take<rep::output::DiskRead>().empty());
    driver.done(write[0].op);
    driver.arrive(rep::RecordAck{record[0].sequence});
    CHECK(driver.replies().size() == 1);
    auto const next = driver.take<rep::output::DiskWrite>();
    REQUIRE(next.size() == 1);
    CHECK(next[0].payload == Payload::pattern(8, second.value, 24));
    driver.done(next[0].op);
    driver.arrive(rep::RecordAck{driver.sent<rep::Record>()[0].sequence});
    auto const reads = driver.take<rep::output::DiskRead>();
    REQUIRE(reads.size() == 1);
    driver.replies();
    driver.done(reads[0].op, true, Payload::pattern(8, second.value, 24));
    auto const answer = driver.replies();
    REQUIRE(answer.size() == 1);
    CHECK(answer[0].request == read);
    CHECK(answer[0].payload == Payload::pattern(8, second.value, 24));
}

TEST_CASE("Nothing is acknowledged without the peer before its absence is stable (G20)") {
    Driver driver;
    driver.mirror();
    std::uint64_t const shared = driver.machine.cell().current.id;
    driver.ask(HostOp::write, 3);
    driver.persist_all();
    driver.finish_disk();
    CHECK(driver.replies().empty());
    driver.give(rep::input::ConnectionDown{Driver::peer, Driver::connection});
    CHECK(driver.replies().empty());
    auto const cells = driver.take<rep::output::PersistCell>();
    REQUIRE(cells.size() == 1);
    CHECK(cells[0].cell->peers[1].base.id == shared);
    CHECK(cells[0].cell->current.id != shared);
    driver.give(rep::input::PersistDone{cells[0].id, true});
    CHECK(driver.replies().size() == 1);
    CHECK(driver.noted<rep::note::PeerOutdated>() == 1);
}

TEST_CASE("A stable store that fails freezes acknowledgements; it never proceeds") {
    Driver driver;
    driver.mirror();
    driver.ask(HostOp::write, 3);
    driver.persist_all();
    driver.finish_disk();
    driver.give(rep::input::ConnectionDown{Driver::peer, Driver::connection});
    REQUIRE(driver.persist_one(false));
    driver.settle_all();
    CHECK(driver.replies().empty());
    CHECK(driver.noted<rep::note::DiskFailed>() == 1);
}

TEST_CASE("A guarded source waits until the peer knows that it is outdated") {
    Driver driver(true, true, true, true);
    driver.mirror();
    driver.ask(HostOp::write, 3);
    driver.persist_all();
    driver.finish_disk();
    driver.give(rep::input::ConnectionDown{Driver::peer, Driver::connection});
    driver.settle_all();
    CHECK(driver.replies().empty());
    // An answer to an absence that is over says nothing about this one.
    rep::Generation const earlier{~std::uint64_t{0}, rep::Minted::without_peer};
    driver.give(rep::input::Commanded{rep::command::PeerKnowsOutdated{Driver::peer, earlier}});
    CHECK(driver.replies().empty());
    driver.give(rep::input::Commanded{rep::command::PeerKnowsOutdated{Driver::peer}});
    CHECK(driver.replies().empty());
    driver.persist_all();
    CHECK(driver.replies().size() == 1);
}

TEST_CASE("A host's flush is done when disk and target have flushed (G10)") {
    Driver driver;
    driver.mirror();
    driver.ask(HostOp::flush, 0);
    auto const flush = driver.take<rep::output::DiskFlush>();
    auto const record = driver.sent<rep::Record>();
    REQUIRE(flush.size() == 1);
    REQUIRE(record.size() == 1);
    CHECK(record[0].kind == rep::RecordKind::flush);
    driver.done(flush[0].op);
    CHECK(driver.replies().empty());
    driver.arrive(rep::RecordAck{record[0].sequence});
    CHECK(driver.replies().size() == 1);
}

TEST_CASE("A failed flush is sticky (G11)") {
    Driver driver;
    driver.promote();
    driver.ask(HostOp::write, 1);
    driver.settle_all();
    driver.replies();
    for (bool const ok : {false, true}) {
        driver.ask(HostOp::flush, 0);
        driver.done(driver.take<rep::output::DiskFlush>()[0].op, ok);
        driver.persist_all();
        auto const replies = driver.replies();
        REQUIRE(replies.size() == 1);
        CHECK(replies[0].status == HostStatus::io_error);
    }
}

TEST_CASE("A failed write is an error for the host, and its leg begins again with the bit set") {
    Driver driver;
    driver.mirror();
    driver.ask(HostOp::write, 3);
    driver.persist_all();
    driver.finish_disk(false);
    CHECK(driver.take<rep::output::Close>().size() == 1);
    CHECK(driver.machine.log().bits(Driver::peer).test(0));
    driver.settle_all();
    auto const replies = driver.replies();
    REQUIRE(replies.size() == 1);
    CHECK(replies[0].status == HostStatus::io_error);
}

TEST_CASE("A bit is cleared only when both disks have flushed and nothing came after (G2)") {
    Driver driver;
    driver.mirror();
    auto const write = [&](std::uint64_t block) {
        driver.ask(HostOp::write, block);
        driver.persist_all();
        driver.done(driver.take<rep::output::DiskWrite>()[0].op);
        driver.arrive(rep::RecordAck{driver.sent<rep::Record>()[0].sequence});
    };
    write(3);
    driver.give(rep::input::TimerFired{});
    auto const flush = driver.take<rep::output::DiskFlush>();
    auto const barrier = driver.sent<rep::Record>();
    REQUIRE(flush.size() == 1);
    REQUIRE(barrier.size() == 1);
    CHECK(barrier[0].kind == rep::RecordKind::settle);
    driver.done(flush[0].op);
    CHECK(driver.machine.log().bits(Driver::peer).test(0));
    write(4);  // the same chunk, after the barrier
    write(40);
    driver.arrive(rep::RecordAck{barrier[0].sequence});
    CHECK(driver.machine.log().bits(Driver::peer).test(0));
    CHECK(driver.machine.log().bits(Driver::peer).test(2));
    driver.give(rep::input::TimerFired{});
    driver.done(driver.take<rep::output::DiskFlush>()[0].op);
    driver.arrive(rep::RecordAck{driver.sent<rep::Record>()[0].sequence});
    CHECK(driver.machine.log().bits(Driver::peer).count() == 0);
}

TEST_CASE("A target says that it applies, stably, before the first record touches its disk") {
    Driver driver(false);
    driver.follow();
    driver.arrive(driver.record(1, 5));
    CHECK(driver.take<rep::output::DiskWrite>().empty());
    auto const cells = driver.take<rep::output::PersistCell>();
    REQUIRE(cells.size() == 1);
    CHECK(cells[0].cell->applying);
    driver.give(rep::input::PersistDone{cells[0].id, true});
    auto const writes = driver.take<rep::output::DiskWrite>();
    REQUIRE(writes.size() == 1);
    CHECK(driver.sent<rep::RecordAck>().empty());
    driver.done(writes[0].op);
    CHECK(driver.sent<rep::RecordAck>().size() == 1);
    driver.arrive(driver.record(2, 0, rep::RecordKind::settle));
    driver.finish_disk();
    driver.persist_all();
    CHECK_FALSE(driver.machine.stable_cell().applying);
}

TEST_CASE("A target applies overlaps in order, keeps barriers, and lets others pass") {
    Driver driver(false);
    driver.follow();
    driver.arrive(driver.record(1, 5));
    driver.persist_all();
    driver.arrive(driver.record(2, 6));
    driver.arrive(driver.record(3, 5));
    driver.arrive(driver.record(4, 0, rep::RecordKind::flush));
    driver.arrive(driver.record(5, 9));
    auto const writes = driver.take<rep::output::DiskWrite>();
    REQUIRE(writes.size() == 2);
    driver.done(writes[1].op);
    CHECK(driver.take<rep::output::DiskWrite>().empty());
    driver.done(writes[0].op);
    auto const third = driver.take<rep::output::DiskWrite>();
    REQUIRE(third.size() == 1);
    CHECK(driver.take<rep::output::DiskFlush>().empty());
    driver.done(third[0].op);
    auto const flush = driver.take<rep::output::DiskFlush>();
    REQUIRE(flush.size() == 1);
    CHECK(driver.take<rep::output::DiskWrite>().empty());
    driver.done(flush[0].op);
    CHECK(driver.take<rep::output::DiskWrite>().size() == 1);
}

TEST_CASE("What was received is applied and flushed before the mirror comes in service (G8)") {
    Driver driver(false);
    driver.follow();
    driver.arrive(driver.record(1, 5));
    driver.give(rep::input::Commanded{rep::command::Promote{{2, NodeId{0}}, false}});
    CHECK(driver.take<rep::output::DiskFlush>().empty());
    driver.persist_all();
    auto const writes = driver.take<rep::output::DiskWrite>();
    REQUIRE(writes.size() == 1);
    driver.done(writes[0].op);
    auto const flush = driver.take<rep::output::DiskFlush>();
    REQUIRE(flush.size() == 1);
    driver.done(flush[0].op);
    CHECK_FALSE(driver.machine.open());
    driver.persist_all();
    CHECK(driver.machine.open());
    CHECK(driver.machine.stable_cell().era == replication::Era{2, NodeId{0}});
    CHECK(driver.machine.stable_cell().last_owner);
}

TEST_CASE("A record of a lower era closes the connection (SAF-7)") {
    Driver driver(false);
    driver.follow();
    driver.give(rep::input::Commanded{rep::command::RaiseEra{{5, NodeId{0}}}});
    driver.persist_all();
    driver.arrive(driver.record(1, 5));
    CHECK(driver.take<rep::output::Close>().size() == 1);
    CHECK(driver.take<rep::output::DiskWrite>().empty());
}

TEST_CASE("A resync that was decided on what the copy no longer is, is refused") {
    Driver driver(false);
    driver.connect();
    auto hello = std::make_shared<rep::Hello>();
    hello->cell = driver.machine.cell();
    hello->in_service = true;
    driver.arrive(std::shared_ptr<rep::Hello const>(hello));
    rep::Cell const before = driver.machine.cell();
    driver.arrive(rep::ResyncBegin{
        {1, NodeId{1}}, 77, {{before.current.id + 1, rep::Minted::without_peer}, 0}});
    CHECK(driver.take<rep::output::Close>().size() == 1);
    CHECK(driver.machine.cell() == before);
}

TEST_CASE("A target is stably inconsistent before it asks for the first block") {
    Driver driver(false);
    driver.connect();
    auto hello = std::make_shared<rep::Hello>();
    hello->cell = driver.machine.cell();
    hello->in_service = true;
    driver.arrive(std::shared_ptr<rep::Hello const>(hello));
    driver.arrive(rep::ResyncBegin{{1, NodeId{1}}, 77, {driver.machine.cell().current, 0}});
    CHECK(driver.sent<rep::ResyncReady>().empty());
    driver.persist_all();
    CHECK(driver.machine.stable_cell().data == rep::DataState::inconsistent);
    CHECK(driver.machine.stable_cell().resync == 77);
    CHECK(driver.sent<rep::ResyncReady>().size() == 1);
}

TEST_CASE(
    "A machine that boots while applying is inconsistent; one that was mirroring is only "
    "consistent") {
    for (bool const applying : {true, false}) {
        Driver driver(false);
        driver.follow();
        rep::Cell cell = driver.machine.stable_cell();
        cell.applying = applying;
        rep::MirrorMachine booted(
            std::make_shared<rep::GroupConfig const>(driver.machine.config()));
        rep::Outbox out;
        booted.step(rep::input::Started{cell, {}, 9}, out);
        CHECK(booted.cell().data ==
              (applying ? rep::DataState::inconsistent : rep::DataState::consistent));
        CHECK(booted.copy_state() ==
              (applying ? rep::CopyState::inconsistent : rep::CopyState::not_watched));
    }
}

TEST_CASE("A force leaves an audit and a generation of its own (R87, SAF-23)") {
    Driver driver(false);
    std::uint64_t const before = driver.machine.cell().current.id;
    driver.promote(3, true);
    CHECK(driver.noted<rep::note::OverrideRecorded>() == 1);
    CHECK(driver.machine.stable_cell().current.why == rep::Minted::forced);
    CHECK(driver.machine.stable_cell().descends_from(before));
    CHECK(driver.machine.stable_cell().peers[1].base.id == before);
}

TEST_CASE("A machine is a value: a copy takes the same input to the same state") {
    Driver driver;
    driver.mirror();
    driver.ask(HostOp::write, 3);
    rep::MirrorMachine copy = driver.machine;
    CHECK(copy == driver.machine);
    CHECK(copy.fingerprint() == driver.machine.fingerprint());
    rep::Outbox out;
    copy.step(rep::input::ConnectionDown{Driver::peer, Driver::connection}, out);
    CHECK_FALSE(copy == driver.machine);
    CHECK(copy.fingerprint() != driver.machine.fingerprint());
    driver.give(rep::input::ConnectionDown{Driver::peer, Driver::connection});
    CHECK(copy.fingerprint() == driver.machine.fingerprint());
}

TEST_CASE("A record that no source would send closes its leg with a reason, and is not applied") {
    auto const spoilt = [](auto&& spoil) {
        Driver driver;
        driver.follow();
        rep::Record record = driver.record(1, 3);
        spoil(record);
        driver.arrive(record);
        CHECK(driver.noted<rep::note::Rejected>() == 1);
        CHECK(driver.take<rep::output::Close>().size() == 1);
        driver.settle_all();
        CHECK(rep::state_of(driver.machine.leg(Driver::peer)) == rep::LegState::disconnected);
        CHECK(driver.machine.quiet());
    };
    spoilt([](rep::Record& record) { record.group = GroupId{7}; });
    spoilt([](rep::Record& record) { record.origin = NodeId{0}; });
    spoilt([](rep::Record& record) { record.range.first = 128 * 16; });
    spoilt([](rep::Record& record) { record.range.first = ~std::uint64_t{0} - 4; });
    spoilt([](rep::Record& record) { record.range = {0, 0}; });
    spoilt([](rep::Record& record) { record.payload = Payload::pattern(4, 1, 24); });
    spoilt([](rep::Record& record) { record.kind = rep::RecordKind::flush; });
}

TEST_CASE("A finish without a resync, and a log of another size, close their leg") {
    Driver driver;
    driver.follow();
    auto finish = std::make_shared<rep::Finish>();
    finish->resync = 5;
    driver.arrive(std::shared_ptr<rep::Finish const>(finish));
    CHECK(driver.noted<rep::note::Rejected>() == 1);
    CHECK(driver.take<rep::output::Close>().size() == 1);

    Driver greeted;
    greeted.connect();
    auto hello = std::make_shared<rep::Hello>();
    hello->cell = greeted.machine.cell();
    hello->bits = std::make_shared<rep::Bitmap const>(9999);
    greeted.arrive(std::shared_ptr<rep::Hello const>(hello));
    CHECK(greeted.noted<rep::note::Rejected>() == 1);
    CHECK(greeted.take<rep::output::Close>().size() == 1);
}

TEST_CASE("A loser answers what it held back with errors, and goes back stably (R34)") {
    Driver driver(true, true, true, true);
    driver.mirror();
    rep::Generation const shared = driver.machine.cell().current;
    driver.give(rep::input::ConnectionDown{Driver::peer, Driver::connection});
    RequestId const frozen = driver.ask(HostOp::write, 3);
    driver.settle_all();
    RequestId const behind = driver.ask(HostOp::write, 3);
    CHECK(driver.replies().empty());  // guarded: the peer has not said that it knows
    driver.give(rep::input::Commanded{rep::command::PeerKnowsOutdated{Driver::peer}});
    CHECK(driver.replies().empty());  // nor is its absence stable
    REQUIRE(driver.machine.cell().current != shared);
    // The peer was forced online past this source.
    auto winner = std::make_shared<rep::Cell>();
    winner->current = {77, rep::Minted::forced};
    winner->history = {shared};
    winner->peers[0].base = shared;
    driver.give(rep::input::Commanded{rep::command::Concede{Driver::peer, winner}});
    CHECK_FALSE(driver.machine.open());
    auto const replies = driver.replies();
    REQUIRE(replies.size() == 2);
    for (auto const& reply : replies) {
        CHECK(reply.status ==
              (reply.request == frozen ? HostStatus::io_error : HostStatus::not_in_service));
        CHECK((reply.request == frozen || reply.request == behind));
    }
    CHECK_FALSE(driver.machine.quiet());  // not before it is stable
    driver.settle_all();
    CHECK(driver.machine.quiet());
    CHECK(driver.machine.stable_cell().current == shared);
    CHECK_FALSE(driver.machine.stable_cell().last_owner);
    CHECK(driver.machine.stable_cell().data == rep::DataState::outdated);
    CHECK(driver.machine.log().stable_bits(Driver::peer).any());
    CHECK(driver.noted<rep::note::Conceded>() == 1);
}
