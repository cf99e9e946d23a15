// SPDX-License-Identifier: BSD-3-Clause
//
// The ledger by itself: what a unit may hold after which questions and answers, told to it by hand.
#include "netsim/checkers/ledger.h"
#include "tests/netsim/checkers/stage.h"

#include <catch2/catch.hpp>

#include <vector>

namespace sunder::netsim::test {
namespace {

using replication::HostOp;
using replication::HostStatus;

/// No disk has lied.
bool nothing(std::uint64_t, Content) { return false; }

/// A ledger of a mirror that reads as zeroes, and a disk to compare it with.
struct Books {
    Books() : stage(zeroes(), 1), ledger(stage.world()), disk(2048) { stage.until_mirroring(); }
    static Cluster zeroes() {
        Cluster cluster = small_cluster();
        cluster.mirrors[0].initially_in_sync = true;
        return cluster;
    }

    std::uint64_t ask(Extent range, std::uint64_t content, HostOp op = HostOp::write) {
        seen::HostAsked asked;
        asked.request = RequestId{++requests};
        asked.node = server1;
        asked.op = op;
        asked.range = range;
        asked.content = content;
        ledger.see(stage.world(), asked, [](std::uint64_t, Content) { return false; });
        return requests;
    }
    void answer(std::uint64_t request, HostStatus status = HostStatus::ok) {
        ledger.see(stage.world(), seen::HostAnswered{RequestId{request}, server1, {}, status, {}},
                   0);
    }
    std::uint64_t write(Extent range, std::uint64_t content) {
        std::uint64_t const request = ask(range, content);
        answer(request);
        return request;
    }
    /// Runs of sectors that do not hold what they have to, in sectors.
    std::uint64_t wrong(bool open_question = true) {
        std::uint64_t sectors = 0;
        ledger.resolve(
            Stage::group, disk, server2, seconds(1), open_question,
            [&](Mismatch const& lost) { sectors += lost.where.count; }, nothing);
        return sectors;
    }
    /// The same for an answer to a read.
    std::uint64_t wrong_read(Extent range, std::uint64_t content) {
        std::uint64_t const request = ask(range, 0, HostOp::read);
        Request const* open = ledger.open(RequestId{request});
        REQUIRE(open != nullptr);
        std::uint64_t sectors = 0;
        ledger.check_read(*open, Payload::pattern(range.count, content, range.first),
                          [&](Mismatch const& lost) { sectors += lost.where.count; });
        answer(request);
        return sectors;
    }

    Stage stage;
    Ledger ledger;
    Image disk;
    std::uint64_t requests = 0;
};

TEST_CASE("what a disk's lie explains is not reported, and settles nothing") {
    Books books;
    books.write(block(0), 100);
    books.disk.fill(block(0), {77, 0});
    std::uint64_t reported = 0;
    books.ledger.resolve(
        Stage::group, books.disk, server2, seconds(1), false,
        [&](Mismatch const& lost) { reported += lost.where.count; },
        [](std::uint64_t sector, Content found) { return sector == 0 && found.id == 77; });
    CHECK(reported == 0);
    books.disk.fill(block(0), {100, 0});
    CHECK(books.wrong() == 0);  // it still has to be there, and is
    books.disk.fill(block(0), {77, 0});
    CHECK(books.wrong() == 8);
}

TEST_CASE("only the last of two writes that follow each other may be there") {
    Books books;
    books.write(block(0), 100);
    books.write(block(0), 101);
    books.disk.fill(block(0), Content{100, 0});
    CHECK(books.wrong() == 8);
    books.disk.fill(block(0), Content{101, 0});
    Books again;
    again.write(block(0), 100);
    again.write(block(0), 101);
    again.disk.fill(block(0), Content{101, 0});
    CHECK(again.wrong() == 0);
}

TEST_CASE("of two writes at the same time either may be there, whatever came before may not") {
    for (std::uint64_t const there : {100U, 101U, 99U}) {
        Books books;
        books.write(block(0), 99);
        std::uint64_t const one = books.ask(block(0), 100);
        std::uint64_t const two = books.ask(block(0), 101);
        books.answer(two);
        books.answer(one);
        books.disk.fill(block(0), Content{there, 0});
        INFO("pattern " << there);
        CHECK(books.wrong() == (there == 99 ? 8 : 0));
    }
}

TEST_CASE("a write that was never acknowledged may be there or not, and torn") {
    Books books;
    books.write(block(0), 100);
    books.ask(block(0), 101);
    books.ledger.see(books.stage.world(), seen::NodeDied{seen::NodeDied::How::crash, server1, {}});
    books.disk.fill({0, 3}, Content{101, 0});
    books.disk.fill({3, 5}, Content{100, 0});
    CHECK(books.wrong(false) == 0);
    // What was found is settled: no flip-flop.
    books.disk.fill(block(0), Content{101, 0});
    CHECK(books.wrong() == 5);
}

TEST_CASE("while another copy may prove to be the later one, nothing is settled") {
    Books books;
    books.write(block(0), 100);
    books.ask(block(0), 101);
    books.ledger.see(books.stage.world(), seen::NodeDied{seen::NodeDied::How::crash, server1, {}});
    books.disk.fill(block(0), Content{100, 0});
    CHECK(books.wrong(true) == 0);
    books.disk.fill(block(0), Content{101, 0});
    CHECK(books.wrong(true) == 0);
}

TEST_CASE("requests smaller than 4 KiB and across pages are kept by the sector") {
    Books books;
    books.write({2040, 8}, 100);  // at the end of the volume
    books.write({5, 1}, 101);
    books.write({6, 4}, 102);
    books.disk.fill({2040, 8}, Content{100, 0});
    books.disk.fill({5, 1}, Content{101, 0});
    books.disk.fill({6, 4}, Content{102, 0});
    CHECK(books.wrong() == 0);
    books.disk.fill({6, 1}, Content{101, 0});
    CHECK(books.wrong() == 1);
}

TEST_CASE("the right pattern in the wrong place is wrong") {
    Books books;
    books.write(block(0), 100);
    books.disk.fill(block(0), Content{100, 1});
    CHECK(books.wrong() == 8);
}

TEST_CASE("a trim and write-zeroes leave zeroes, a refused request nothing") {
    Books books;
    books.write(block(0), 100);
    books.write(block(1), 101);
    books.answer(books.ask(block(0), 0, HostOp::trim));
    books.answer(books.ask(block(1), 0, HostOp::write_zeroes));
    books.answer(books.ask(block(0), 102), HostStatus::not_in_service);
    CHECK(books.wrong() == 0);
    books.disk.fill(block(0), Content{102, 0});
    CHECK(books.wrong() == 8);
}

TEST_CASE("a read returns the last acknowledged write") {
    Books books;
    books.write(block(0), 100);
    books.write(block(0), 101);
    CHECK(books.wrong_read(block(0), 101) == 0);
    CHECK(books.wrong_read(block(0), 100) == 8);
    CHECK(books.wrong_read({3, 2}, 100) == 2);
}

TEST_CASE("a write without one that was acknowledged before it was asked is an inversion") {
    Books books;
    auto const inversion = [&](Duration since = {}) {
        return books.ledger.inversion(Stage::group, books.disk, server1, since, nothing);
    };
    std::uint64_t const log = books.write({0, 8}, 1);
    std::uint64_t const data = books.write({1024, 8}, 2);
    CHECK_FALSE(inversion());  // neither is there
    books.disk.fill({1024, 8}, Content{2, 0});
    auto const found = inversion();
    REQUIRE(found);
    CHECK(found->missing->id == RequestId{log});
    CHECK(found->there->id == RequestId{data});
    CHECK(found->where == Extent{0, 8});
    CHECK_FALSE(inversion(hours(1)));  // both were asked before it counts
    CHECK_FALSE(books.ledger.inversion(Stage::group, books.disk, server2, {}, nothing));
    books.disk.fill({0, 8}, Content{1, 0});
    CHECK_FALSE(inversion());
    // It may be overwritten already by what nobody acknowledged.
    books.ask({0, 8}, 3);
    books.disk.fill({0, 8}, Content{3, 0});
    CHECK_FALSE(inversion());
}

TEST_CASE("of two writes at the same time either may be there without the other") {
    Books books;
    std::uint64_t const one = books.ask({0, 8}, 1);
    std::uint64_t const other = books.ask({1024, 8}, 2);
    books.answer(one);
    books.answer(other);
    books.disk.fill({1024, 8}, Content{2, 0});
    CHECK_FALSE(books.ledger.inversion(Stage::group, books.disk, server1, {}, nothing));
}

TEST_CASE("a write that is under way hides what lies under it, and settles nothing") {
    Books books;
    books.write(block(0), 100);
    books.ask(block(0), 101);
    books.disk.fill(block(0), Content{101, 0});
    CHECK(books.wrong(false) == 0);
    books.disk.fill(block(0), Content{100, 0});  // another node never got it
    CHECK(books.wrong() == 0);
    books.disk.fill(block(0), Content{});
    CHECK(books.wrong() == 8);
}

TEST_CASE("durable is what a flush covers that was asked after the acknowledgement") {
    Books books;
    std::uint64_t const early = books.ask(block(0), 100);
    std::uint64_t const flush = books.ask({}, 0, HostOp::flush);
    std::uint64_t const late = books.ask(block(1), 101);
    books.answer(late);
    books.answer(early);
    books.answer(flush);
    Request const* write = books.ledger.written(Stage::group, 100);
    REQUIRE(write != nullptr);
    CHECK_FALSE(books.ledger.durable(*write));
    books.answer(books.ask({}, 0, HostOp::flush));
    CHECK(books.ledger.durable(*write));
}

}  // namespace
}  // namespace sunder::netsim::test
