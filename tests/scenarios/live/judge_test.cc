// SPDX-License-Identifier: BSD-3-Clause
//
// What a judge makes of histories that a cluster could tell: those that one disk could have told
// pass, and each way of being wrong is found by the property that is about it, and by no other.
#include "scenarios/live/judge.h"

#include "base/pattern.h"

#include <catch2/catch.hpp>

#include <map>

namespace sunder::staged {
namespace {

using replication::HostOp;

netsim::Cluster cluster_of(bool asynchronous, bool guarded = false) {
    netsim::Cluster cluster;
    cluster.policy.guarded = guarded;
    cluster.nodes = {{"server1", {}}, {"server2", {}}};
    netsim::MirrorSetup mirror;
    mirror.name = "datarep";
    mirror.sectors = 1024;
    mirror.on = {NodeId{0}, NodeId{1}};
    mirror.mode = asynchronous ? netsim::Mode::asynchronous : netsim::Mode::synchronous;
    mirror.asynchronous_limit = 3;
    cluster.mirrors = {mirror};
    return cluster;
}

/// Hosts, and a disk that does as it is told.
struct Told {
    explicit Told(bool asynchronous = false, bool guarded = false)
        : cluster(cluster_of(asynchronous, guarded)), judge(cluster, 0, findings, now) {}

    static std::vector<std::byte> bytes_of(std::uint64_t content, Extent range) {
        std::vector<std::byte> bytes(range.count * sector_bytes);
        if (content != 0) write_pattern(content, range.first, bytes);
        return bytes;
    }
    HostAsk ask(HostOp op, std::uint64_t block, std::uint64_t content = 0) {
        HostAsk const made{RequestId{++requests}, op, {block * 8, 8}, false, content};
        judge.asked(made);
        return made;
    }
    void write(std::uint64_t block, std::uint64_t content, bool acknowledged = true) {
        HostAsk const made = ask(HostOp::write, block, content);
        if (acknowledged) judge.answered(made, true, {});
    }
    void read(std::uint64_t block, std::uint64_t content) {
        HostAsk const made = ask(HostOp::read, block);
        judge.answered(made, true, bytes_of(content, made.range));
    }
    /// Another node begins to serve, and holds that; zeroes elsewhere.
    void take_over(std::map<std::uint64_t, std::uint64_t> const& holds) {
        for (Extent const block : judge.begin_survey()) {
            auto const found = holds.find(block.first / 8);
            judge.surveyed(block, bytes_of(found == holds.end() ? 0 : found->second, block));
        }
        judge.end_survey("server2");
    }
    [[nodiscard]] std::vector<std::string> violated() const {
        std::vector<std::string> names;
        for (netsim::Violation const& one : findings.violations()) names.push_back(one.property);
        return names;
    }

    netsim::Cluster cluster;
    netsim::Findings findings;
    Duration now = seconds(1);
    Judge judge;
    std::uint64_t requests = 0;
};

using Names = std::vector<std::string>;

TEST_CASE("what one disk could have told is well") {
    Told told;
    told.write(1, 11);
    told.read(1, 11);
    HostAsk const overlaps = told.ask(HostOp::write, 1, 12);
    told.read(1, 11);
    told.read(1, 12);
    told.judge.answered(overlaps, true, {});
    HostAsk const trim = told.ask(HostOp::trim, 2);
    told.judge.answered(trim, true, {});
    told.read(2, 0);
    told.write(3, 13, false);  // its answer never came: it is there, or not
    told.take_over({{1, 12}, {3, 13}});
    told.read(3, 13);
    CHECK(told.violated().empty());
    CHECK(told.findings.allowances().empty());
}

TEST_CASE("a read that nobody's write explains") {
    Told told;
    told.write(1, 11);
    SECTION("an older one") { told.read(1, 0); }
    SECTION("one of elsewhere") {
        HostAsk const made = told.ask(HostOp::read, 1);
        told.judge.answered(made, true, Told::bytes_of(11, {16, 8}));
    }
    SECTION("one that was read, and is taken back") {
        HostAsk const open = told.ask(HostOp::write, 1, 12);
        told.read(1, 12);
        told.read(1, 11);
        told.judge.answered(open, false, {});
    }
    CHECK(told.violated() == Names{"linearizability"});
}

TEST_CASE("a synchronous mirror loses nothing that it acknowledged") {
    Told told;
    told.write(1, 11);
    told.write(2, 12);
    SECTION("a failover that does") {
        told.take_over({{1, 11}});
        CHECK(told.violated() == Names{"no_lost_acknowledged_write"});
        CHECK(told.judge.lost() == 1);
    }
    SECTION("an operator's word may") {
        told.judge.overridden();
        told.take_over({{1, 11}});
        CHECK(told.violated().empty());
        CHECK(told.findings.allowances().at("no_lost_acknowledged_write: operator override") == 1);
        told.write(3, 13);
        told.take_over({{1, 11}});
        CHECK(told.violated() == Names{"no_lost_acknowledged_write"});  // it was said once
    }
    SECTION("what is lost does not count twice, and may come back") {
        told.judge.overridden();
        told.take_over({{1, 11}});
        told.take_over({{1, 11}});
        CHECK(told.judge.lost() == 1);
        told.take_over({{1, 11}, {2, 12}});
        CHECK(told.violated().empty());
    }
}

TEST_CASE("an asynchronous mirror loses the last writes, and not more than its limit") {
    Told told(true);
    for (std::uint64_t i = 1; i <= 6; ++i) told.write(i, 10 + i);
    SECTION("the tail") {
        told.take_over({{1, 11}, {2, 12}, {3, 13}});
        CHECK(told.violated().empty());
        CHECK(told.judge.lost() == 3);
    }
    SECTION("more") {
        told.take_over({{1, 11}, {2, 12}});
        CHECK(told.violated() == Names{"asynchronous_prefix"});
    }
    SECTION("one in the middle") {
        told.take_over({{1, 11}, {2, 12}, {4, 14}, {5, 15}, {6, 16}});
        CHECK(told.violated() == Names{"asynchronous_prefix"});
    }
}

TEST_CASE("each write to one block that a failover loses counts") {
    Told told(true);
    told.write(1, 11);
    for (std::uint64_t content = 12; content < 16; ++content) told.write(1, content);
    SECTION("more of them than the limit") {
        told.take_over({{1, 11}});
        CHECK(told.violated() == Names{"asynchronous_prefix"});
    }
    SECTION("not those that what is found has overwritten") {
        told.take_over({{1, 13}});
        CHECK(told.violated().empty());
        CHECK(told.judge.lost() == 2);
    }
    SECTION("an older one is lost before another that is there") {
        told.write(2, 20);
        told.take_over({{1, 14}, {2, 20}});
        CHECK(told.violated() == Names{"asynchronous_prefix"});
    }
    SECTION("not those of before the last survey") {
        told.take_over({{1, 15}});
        told.take_over({{1, 15}});
        CHECK(told.judge.lost() == 0);
        told.write(1, 16);
        told.take_over({{1, 15}});
        CHECK(told.judge.lost() == 1);
    }
}

TEST_CASE("a read that is never answered hides nothing from a survey") {
    Told told;
    told.write(1, 11);
    HostAsk const hangs = told.ask(HostOp::read, 1);
    told.write(1, 12);
    SECTION("what was written behind it is there") {
        told.take_over({{1, 12}});
        CHECK(told.violated().empty());
    }
    SECTION("or is lost") {
        told.take_over({{1, 11}});
        CHECK(told.violated() == Names{"no_lost_acknowledged_write"});
    }
    told.judge.answered(hangs, false, {});
}

TEST_CASE("more than can be judged is named") {
    Told told;
    for (std::uint64_t content = 1; content < 200; ++content) told.write(1, content, false);
    told.take_over({{1, 7}});
    CHECK(told.violated().empty());
    CHECK(told.findings.allowances().contains(
        "linearizability: too many requests overlapped in one block"));
    told.read(1, 8);  // what it holds is known again
    CHECK(told.violated() == Names{"linearizability"});
}

TEST_CASE("two nodes that serve at once have two truths until they are in sync again") {
    SECTION("faithful ones may") {
        Told told;
        told.write(1, 11);
        told.judge.split();
        told.write(1, 12);
        told.write(5, 15);
        told.read(1, 11);
        CHECK(told.violated().empty());
        told.judge.joined();
        told.take_over({{1, 11}});
        CHECK(told.violated().empty());
        told.read(5, 0);  // of the loser, and given up
        CHECK(told.violated().empty());
        told.read(1, 12);
        CHECK(told.violated() == Names{"linearizability"});
    }
    SECTION("guarded ones may not") {
        Told told(false, true);
        told.judge.split();
        CHECK(told.violated() == Names{"no_silent_split_brain"});
    }
}

}  // namespace
}  // namespace sunder::staged
