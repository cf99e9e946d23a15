// SPDX-License-Identifier: BSD-3-Clause
//
// Does a disk lie as it was told to, say so to those outside, and only there and so often?
#include "base/random.h"
#include "netsim/disk.h"

#include <catch2/catch.hpp>

#include <vector>

using namespace sunder;
using namespace sunder::netsim;

namespace {

constexpr std::uint64_t size = 1024;

DiskOp write(std::uint32_t id, Extent range, std::uint64_t content) {
    return {DiskOp::Kind::write, DiskOpId{id}, range,
            Payload::pattern(range.count, content, range.first), 0};
}
DiskOp read(std::uint32_t id, Extent range) {
    return {DiskOp::Kind::read, DiskOpId{id}, range, {}, 0};
}
DiskOp flush(std::uint32_t id) { return {DiskOp::Kind::flush, DiskOpId{id}, {}, {}, 0}; }

SimDisk::Done done(SimDisk& disk, DiskOp op) { return disk.complete(disk.start(std::move(op))); }

DiskTrap lie(DiskLie how, Extent range, std::uint32_t count = 1) {
    return {how, false, false, false, false, range, count};
}

}  // namespace

TEST_CASE("A lost write is answered, leaves what was there, and is told of outside") {
    SimDisk disk(size, DiskModel{});
    done(disk, write(1, {0, 8}, 11));
    disk.lay(lie(DiskLie::lost_write, {0, 16}));
    done(disk, write(2, {16, 8}, 12));  // somewhere else
    CHECK(disk.image().at(16).id == 12);
    SimDisk::Done const lost = done(disk, write(3, {0, 8}, 13));
    CHECK(lost.ok);
    CHECK(lost.lie == DiskLie::lost_write);
    REQUIRE(lost.spoilt.size() == 1);
    CHECK(lost.spoilt[0].range == Extent{0, 8});
    CHECK(lost.spoilt[0].there == Payload::pattern(8, 11, 0));
    CHECK(disk.image().at(0).id == 11);
    CHECK_FALSE(done(disk, write(4, {0, 8}, 14)).lie);  // once only
    CHECK(disk.image().at(0).id == 14);
}

TEST_CASE("A misdirected write spoils two places") {
    SimDisk disk(size, DiskModel{});
    disk.lay(lie(DiskLie::misdirected_write, {}));
    SimDisk::Done const strayed = done(disk, write(1, {8, 8}, 21));
    CHECK(strayed.ok);
    REQUIRE(strayed.spoilt.size() == 2);
    CHECK(strayed.spoilt[1].range == Extent{8 + misdirected_by, 8});
    CHECK(disk.image().at(8).id == 0);
    CHECK(disk.image().at(8 + misdirected_by) == Content{21, 0 - misdirected_by});
    disk.lay(lie(DiskLie::misdirected_write, {}));
    SimDisk::Done const last = done(disk, write(2, {size - 8, 8}, 22));
    CHECK(last.spoilt[1].range == Extent{0, 8});  // there is no room behind
}

TEST_CASE("What a disk refused to read is unread until it is read or written") {
    SimDisk disk(size, DiskModel{});
    DiskTrap bad;
    bad.reads = true;
    bad.range = {16, 8};
    bad.count = 2;
    disk.lay(bad);
    CHECK_FALSE(done(disk, read(1, {0, 64})).ok);
    CHECK_FALSE(done(disk, read(2, {0, 64})).ok);
    CHECK(disk.unread({0, 1024}) == Extent{0, 64});
    CHECK(done(disk, read(3, {8, 16})).ok);
    CHECK(disk.unread({0, 1024}) == Extent{0, 8});
    CHECK(disk.unread({8, 1016}) == Extent{24, 40});
    CHECK(disk.unread({30, 4}) == Extent{30, 4});
    CHECK_FALSE(disk.unread({8, 16}));
    disk.faults.writes = true;
    CHECK_FALSE(done(disk, write(4, {0, 32}, 41)).ok);
    CHECK(disk.unread({0, 1024}) == Extent{0, 8});
    disk.mend();
    CHECK(done(disk, write(5, {0, 32}, 42)).ok);
    CHECK(disk.unread({0, 1024}) == Extent{32, 32});
    disk.replace(Image(size));
    CHECK_FALSE(disk.unread({0, 1024}));
}

TEST_CASE("Wrong and stale reads leave what is at rest alone") {
    SimDisk disk(size, DiskModel{});
    done(disk, write(1, {0, 8}, 31));
    disk.lay(lie(DiskLie::stale_read, {0, 8}, 2));
    done(disk, write(2, {0, 8}, 32));
    for (std::uint32_t i = 0; i < 2; ++i) {
        SimDisk::Done const stale = done(disk, read(3 + i, {0, 8}));
        CHECK(stale.ok);
        CHECK(stale.payload == Payload::pattern(8, 31, 0));
    }
    CHECK(done(disk, read(5, {0, 8})).payload == Payload::pattern(8, 32, 0));
    disk.lay(lie(DiskLie::wrong_read, {0, 8}, 0));
    CHECK(done(disk, read(6, {0, 8})).payload == Payload::pattern(8, first_rotten, 0));
    CHECK(done(disk, read(7, {8, 8})).payload == Payload::zero(8));
    CHECK(done(disk, read(8, {0, 8})).lie == DiskLie::wrong_read);  // until it is mended
    disk.mend();
    CHECK(done(disk, read(9, {0, 8})).payload == Payload::pattern(8, 32, 0));
}

TEST_CASE("Of a longer read only the trapped part is wrong") {
    SimDisk disk(size, DiskModel{});
    done(disk, write(1, {0, 24}, 33));
    disk.lay(lie(DiskLie::wrong_read, {8, 8}));
    SimDisk::Done const mixed = done(disk, read(2, {4, 16}));
    REQUIRE(mixed.spoilt.size() == 1);
    CHECK(mixed.spoilt[0].range == Extent{8, 8});
    CHECK(mixed.payload == Payload::of({{4, 33, 4}, {8, first_rotten, 8}, {4, 33, 16}}));
}

TEST_CASE("An error in a range is an error there, as often as it was to be") {
    SimDisk disk(size, DiskModel{});
    disk.lay({std::nullopt, true, false, false, false, {8, 8}, 2});
    CHECK(disk.suffers());
    CHECK(done(disk, read(1, {0, 8})).ok);
    CHECK_FALSE(done(disk, read(2, {0, 16})).ok);
    CHECK(done(disk, write(3, {8, 8}, 41)).ok);
    CHECK_FALSE(done(disk, read(4, {15, 1})).ok);
    CHECK(done(disk, read(5, {8, 8})).ok);
    CHECK_FALSE(disk.suffers());
}

TEST_CASE("Stores are refused by the number, or as long as there is no room") {
    SimDisk disk(size, DiskModel{});
    CHECK_FALSE(disk.may_refuse_store());
    disk.lay({std::nullopt, false, false, false, true, {}, 1});
    CHECK(disk.may_refuse_store());
    CHECK(disk.refuses_store());
    CHECK_FALSE(disk.refuses_store());
    disk.faults.stores = true;
    CHECK(disk.refuses_store());
    CHECK(disk.refuses_store());
}

TEST_CASE("A disk that ignores flushes loses what it promised to keep, and only by a power cut") {
    DiskModel model;
    model.ignores_flushes = true;
    std::uint64_t broken = 0;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        RandomStream random(seed, 3, 0);
        SimDisk disk(size, model);
        done(disk, write(1, {0, 8}, 51));
        CHECK(done(disk, flush(2)).ok);
        done(disk, write(3, {8, 8}, 52));
        std::vector<Extent> takable;
        disk.for_each_unflushed([&](std::uint64_t, Extent range) { takable.push_back(range); });
        CHECK(takable == std::vector<Extent>{{8, 8}});  // by its own word
        disk.crash([&](std::uint64_t n) { return random.below(n); });
        CHECK(disk.image().at(0).id == 51);
        FateCount const fates = disk.power_cut([&](std::uint64_t n) { return random.below(n); });
        CHECK(fates.as_new + fates.as_old + fates.torn == 1);
        std::vector<Spoilt> const spoilt = disk.take_broken_promises();
        for (Spoilt const& one : spoilt) {
            CHECK(Extent{0, 8}.contains(one.range));
            CHECK(one.there == disk.image().read(one.range));
            CHECK(disk.image().at(one.range.first).id == 0);
        }
        // A write that was torn may have all of its sectors.
        if (!spoilt.empty()) CHECK(fates.broken == 1);
        broken += spoilt.empty() ? 0 : 1;
        CHECK(disk.take_broken_promises().empty());
    }
    CHECK(broken > 30);
}

TEST_CASE("What no flush covered is not a broken promise, also over what one did") {
    DiskModel model;
    model.ignores_flushes = true;
    SimDisk disk(size, model);
    done(disk, write(1, {0, 8}, 61));
    done(disk, flush(2));
    done(disk, write(3, {0, 8}, 62));
    // The promised one is gone, the other is there.
    std::vector<std::uint64_t> const fates{1, 0};
    std::size_t asked = 0;
    disk.power_cut([&](std::uint64_t) { return fates[asked++]; });
    CHECK(disk.image().at(0).id == 62);
    CHECK(disk.take_broken_promises().empty());
}

TEST_CASE("Disks tear writes in their own way") {
    for (Tears const tears : {Tears::sectors, Tears::blocks, Tears::head, Tears::tail}) {
        DiskModel model;
        model.tears = tears;
        bool inside = false;
        for (std::uint64_t seed = 1; seed <= 100; ++seed) {
            RandomStream random(seed, 3, 0);
            SimDisk disk(size, model);
            done(disk, write(1, {4, 24}, 71));
            bool first = true;
            disk.power_cut([&](std::uint64_t n) {
                return std::exchange(first, false) ? std::uint64_t{2} : random.below(n);
            });
            std::vector<bool> there;
            for (std::uint64_t s = 4; s < 28; ++s) there.push_back(disk.image().at(s).id == 71);
            int changes = 0;
            for (std::size_t s = 1; s < there.size(); ++s) {
                if (there[s] == there[s - 1]) continue;
                ++changes;
                if (tears == Tears::blocks) CHECK((s + 4) % 8 == 0);
            }
            inside = inside || changes > 0;
            if (tears == Tears::head || tears == Tears::tail) CHECK(changes <= 1);
            if (tears == Tears::head && changes == 1) CHECK(there.front());
            if (tears == Tears::tail && changes == 1) CHECK(there.back());
        }
        CHECK(inside);
    }
}

TEST_CASE("A panic keeps each write as a whole or not at all, and all that was promised (FLT-2)") {
    DiskModel model;
    model.ignores_flushes = true;
    int kept = 0;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        RandomStream random(seed, 3, 0);
        SimDisk disk(size, model);
        done(disk, write(1, {0, 8}, 81));
        done(disk, flush(2));
        done(disk, write(3, {0, 4}, 82));
        done(disk, write(4, {2, 16}, 83));
        FateCount const fates = disk.panic([&](std::uint64_t n) { return random.below(n); });
        CHECK(fates.torn == 0);
        CHECK(fates.broken == 0);
        CHECK(fates.as_new + fates.as_old == 2);
        CHECK(disk.take_broken_promises().empty());
        bool const later = disk.image().at(17).id == 83;
        bool const earlier = disk.image().at(0).id == 82;
        for (std::uint64_t s = 2; s < 18; ++s) {
            std::uint64_t const below = s >= 8 ? 0 : s < 4 && earlier ? 82 : 81;
            CHECK(disk.image().at(s).id == (later ? 83 : below));
        }
        CHECK(disk.image().at(0).id == disk.image().at(1).id);
        CHECK(fates.as_new == std::uint64_t{later} + std::uint64_t{earlier});
        kept += later && !earlier ? 1 : 0;
        // The disk still has all of it in its cache: what was never given to it is not there.
        disk.power_cut([](std::uint64_t) { return 1; });
        CHECK(disk.image().at(0).id == 0);
        CHECK(disk.image().at(17).id == 0);
    }
    CHECK(kept > 10);
}
