// SPDX-License-Identifier: BSD-3-Clause
//
// When does a guarded source go on to a generation of its own (G20, C.8)? One machine, driven by
// hand: neither before the peer cannot promote, nor after it could hear of it too late.
#include "tests/support/machine_driver.h"

using namespace sunder;
using namespace sunder::testing;
using replication::HostOp;
using Driver = MachineDriver;

namespace {

/// A guarded source whose host has written, and whose leg is down before the peer had it.
struct Alone {
    Driver driver{true, true, true, true};
    rep::Generation shared;
    rep::Generation promised;

    Alone() {
        driver.mirror();
        shared = driver.machine.cell().current;
        driver.ask(HostOp::write, 3);
        driver.settle_all();
        driver.give(rep::input::ConnectionDown{Driver::peer, Driver::connection});
        driver.settle_all();
        promised = report().next;
    }
    rep::Report report() {
        auto const reports = driver.take<rep::output::Reported>();
        REQUIRE_FALSE(reports.empty());
        return reports.back().report;
    }
    void peer_knows(std::optional<rep::Generation> by) {
        driver.give(rep::input::Commanded{rep::command::PeerKnowsOutdated{Driver::peer, by}});
    }
    [[nodiscard]] rep::Generation current() const { return driver.machine.cell().current; }
    void greet(bool in_service) {
        auto hello = std::make_shared<rep::Hello>();
        hello->extended = rep::all_copies(2);
        hello->cell = driver.machine.cell();
        hello->cell.last_owner = in_service;
        hello->cell.era = {5, NodeId{1}};
        if (in_service) {
            hello->cell.succeed({~std::uint64_t{0}, rep::Minted::without_peer});
            hello->cell.peers[0].base = shared;
        } else {
            hello->cell.role = rep::Role::target;
            hello->cell.data = rep::DataState::consistent;
        }
        hello->in_service = in_service;
        hello->intent_log = hello->bitmap_merge = true;
        driver.arrive(std::shared_ptr<rep::Hello const>(hello));
    }
};

}  // namespace

TEST_CASE("A guarded source that waits for its peer's word has no generation of its own") {
    Alone alone;
    CHECK(alone.current() == alone.shared);
    CHECK(alone.driver.machine.stable_cell().current == alone.shared);
    CHECK_FALSE(alone.driver.machine.stable_cell().peers[1].base);
    CHECK(alone.promised);
    CHECK(alone.driver.replies().empty());
}

TEST_CASE("It mints what the peer was told, and acknowledges when that is stable") {
    Alone alone;
    alone.peer_knows(alone.promised);
    CHECK(alone.current() == alone.promised);
    CHECK(alone.driver.replies().empty());
    CHECK(alone.report().unrecorded == 0);
    alone.driver.persist_all();
    CHECK(alone.driver.machine.stable_cell().peers[1].base == alone.shared);
    CHECK(alone.driver.replies().size() == 1);
}

TEST_CASE("What it holds is told, with whoever wants the same sectors, and because of whom") {
    Alone alone;
    CHECK(alone.driver.machine.held() == rep::Held{1, rep::bit_of(Driver::peer)});
    alone.driver.ask(HostOp::read, 3);
    alone.driver.ask(HostOp::read, 9);  // is answered
    alone.driver.ask(HostOp::flush, 0);
    alone.driver.settle_all();
    CHECK(alone.driver.machine.held() == rep::Held{2, rep::bit_of(Driver::peer)});
    alone.driver.ask(HostOp::write, 5);
    alone.driver.persist_all();  // the own disk does not have it yet
    CHECK(alone.driver.machine.held() == rep::Held{2, rep::bit_of(Driver::peer)});
    alone.driver.settle_all();
    CHECK(alone.driver.machine.held() == rep::Held{3, rep::bit_of(Driver::peer)});
    alone.peer_knows(alone.promised);
    CHECK(alone.driver.machine.held() == rep::Held{});
    alone.driver.persist_all();
    CHECK(alone.driver.replies().size() == 3);  // of the writes, and of the flush before them
}

TEST_CASE(
    "A source that waits for its disk or its peer's holds nothing, and a faithful one never") {
    Driver guarded{true, true, true, true};
    guarded.mirror();
    guarded.ask(HostOp::write, 3);
    guarded.persist_all();
    CHECK(guarded.machine.held() == rep::Held{});
    guarded.finish_disk();  // the peer has not confirmed it
    CHECK(guarded.machine.held() == rep::Held{});
    Driver faithful;
    faithful.mirror();
    faithful.give(rep::input::ConnectionDown{Driver::peer, Driver::connection});
    faithful.ask(HostOp::write, 3);
    faithful.persist_one();
    faithful.finish_disk();
    CHECK(faithful.machine.held() == rep::Held{});
}

TEST_CASE("Nobody waits for a peer to which the mirror is extended no more") {
    Alone alone;
    alone.driver.give(
        rep::input::Commanded{rep::command::Extend{rep::bit_of(Driver::self), false}});
    alone.driver.settle_all();
    CHECK(alone.driver.machine.held() == rep::Held{});
    CHECK(alone.driver.replies().size() == 1);
}

TEST_CASE("A peer that was shot needs no name") {
    Alone alone;
    alone.peer_knows(std::nullopt);
    alone.driver.persist_all();
    CHECK(alone.current() == alone.promised);
    CHECK(alone.driver.replies().size() == 1);
}

TEST_CASE("An answer about the generation that both hold says nothing about this absence") {
    Alone alone;
    alone.peer_knows(alone.shared);
    alone.driver.settle_all();
    CHECK(alone.current() == alone.shared);
    CHECK(alone.driver.replies().empty());
}

TEST_CASE("A peer that is inconsistent cannot promote, and learns the generation by the finish") {
    Alone alone;
    alone.driver.connect();
    alone.greet(false);
    alone.driver.persist_all();
    auto const begin = alone.driver.sent<rep::ResyncBegin>();
    REQUIRE(begin.size() == 1);
    CHECK(alone.current() == alone.shared);  // it may still take over
    alone.driver.arrive(rep::ResyncReady{begin[0].resync});
    CHECK(alone.current() == alone.promised);
    alone.driver.persist_all();
    CHECK(alone.driver.replies().size() == 1);
    for (auto const& read : alone.driver.take<rep::output::DiskRead>())
        alone.driver.done(read.op, true, Payload::zero(read.range.count));
    alone.driver.persist_all();
    auto const finish = alone.driver.sent<std::shared_ptr<rep::Finish const>>();
    REQUIRE(finish.size() == 1);
    CHECK(finish[0]->current == alone.promised);
}

TEST_CASE("Of two that serve, the one that has promised answers is nobody's ancestor (R31)") {
    Alone alone;
    alone.driver.connect();
    alone.greet(true);
    CHECK(alone.current() == alone.promised);
    CHECK(alone.driver.machine.split(Driver::peer));
    alone.driver.settle_all();
    CHECK(alone.driver.replies().empty());
}
