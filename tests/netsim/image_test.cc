// SPDX-License-Identifier: BSD-3-Clause
//
// Does the radix tree hold what an array of sectors would, and does a disk keep what it promised?
#include "netsim/disk.h"

#include "base/random.h"

#include <catch2/catch.hpp>

using namespace sunder;
using namespace sunder::netsim;

namespace {

constexpr std::uint64_t size = 3000;

Extent any_extent(RandomStream& random) {
    std::uint64_t const first = random.below(size);
    return {first, 1 + random.below(std::min<std::uint64_t>(size - first,
                                                            random.below(2) == 0 ? 16 : size))};
}

bool equal(Image const& image, std::vector<Content> const& model) {
    for (std::uint64_t sector = 0; sector < size; ++sector) {
        if (image.at(sector) != model[sector]) return false;
    }
    return true;
}

DiskOp write(std::uint32_t id, Extent range, std::uint64_t content) {
    return {DiskOp::Kind::write, DiskOpId{id}, range,
            Payload::pattern(range.count, content, range.first), 0};
}
DiskOp flush(std::uint32_t id) { return {DiskOp::Kind::flush, DiskOpId{id}, {}, {}, 0}; }

}  // namespace

TEST_CASE("An image is an array of sectors, and copies of it are independent") {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        RandomStream random(seed, 2, 0);
        Image image(size);
        std::vector<Content> model(size);
        Image before = image;
        std::vector<Content> model_before = model;
        for (int step = 0; step < 60; ++step) {
            if (random.below(8) == 0) {
                before = image;
                model_before = model;
            }
            Extent const range = any_extent(random);
            std::uint64_t const id = random.below(4);
            Payload const payload = id == 0 ? Payload::zero(range.count)
                                            : Payload::pattern(range.count, id, range.first + id);
            image.write(range, payload);
            for (std::uint64_t s = range.first; s < range.end(); ++s)
                model[s] = {id, id == 0 ? 0 : id};
            REQUIRE(equal(image, model));
            REQUIRE(equal(before, model_before));
            Extent const look = any_extent(random);
            Image other(size);
            other.write(look, image.read(look));
            REQUIRE(Image::same(image, other, look));
        }
        std::vector<bool> differs(size);
        Image::for_each_difference(image, before, {0, size}, [&](Extent range) {
            for (std::uint64_t s = range.first; s < range.end(); ++s) differs[s] = true;
            return true;
        });
        for (std::uint64_t s = 0; s < size; ++s)
            REQUIRE(differs[s] == (model[s] != model_before[s]));
        // Built in another order, and different in one sector.
        Image rebuilt(size);
        for (std::uint64_t s = size; s-- > 0;) rebuilt.fill({s, 1}, model[s]);
        REQUIRE(Image::same(image, rebuilt, {0, size}));
        std::uint64_t const odd = random.below(size);
        rebuilt.fill({odd, 1}, {99, 0});
        std::vector<std::uint64_t> found;
        Image::for_each_difference(image, rebuilt, {0, size}, [&](Extent range) {
            found.push_back(range.first);
            return true;
        });
        REQUIRE(found == std::vector<std::uint64_t>{odd});
    }
}

TEST_CASE("A flushed write survives a power cut; one that was not ends old, new or torn") {
    FateCount total;
    bool torn_inside = false;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        RandomStream random(seed, 3, 0);
        SimDisk disk(size, DiskModel{});
        disk.complete(disk.start(write(1, {0, 8}, 11)));
        disk.complete(disk.start(flush(2)));
        disk.complete(disk.start(write(3, {8, 8}, 12)));
        FateCount const fates = disk.power_cut([&](std::uint64_t n) { return random.below(n); });
        CHECK(fates.as_new + fates.as_old + fates.torn == 1);
        total.as_new += fates.as_new;
        total.as_old += fates.as_old;
        total.torn += fates.torn;
        unsigned fresh = 0;
        for (std::uint64_t s = 0; s < 8; ++s) CHECK(disk.image().at(s).id == 11);
        for (std::uint64_t s = 8; s < 16; ++s) fresh += disk.image().at(s).id == 12 ? 1 : 0;
        if (fates.as_new == 1) CHECK(fresh == 8);
        if (fates.as_old == 1) CHECK(fresh == 0);
        torn_inside = torn_inside || (fresh > 0 && fresh < 8);
    }
    CHECK(total.as_new > 20);
    CHECK(total.as_old > 20);
    CHECK(total.torn > 20);
    CHECK(torn_inside);
}

TEST_CASE("A flush covers only what was reported done before it was issued") {
    SimDisk disk(size, DiskModel{});
    std::uint32_t const late = disk.start(write(1, {0, 8}, 21));
    std::uint32_t const barrier = disk.start(flush(2));
    disk.complete(late);
    disk.complete(barrier);
    CHECK(disk.unflushed() == 1);
    disk.complete(disk.start(flush(3)));
    CHECK(disk.unflushed() == 0);
}

TEST_CASE("A process crash keeps every completed write") {
    SimDisk disk(size, DiskModel{});
    disk.complete(disk.start(write(1, {0, 8}, 31)));
    disk.crash([](std::uint64_t) { return std::uint64_t{1}; });
    CHECK(disk.image().at(0).id == 31);
}

TEST_CASE("A failing disk says so and changes nothing") {
    SimDisk disk(size, DiskModel{});
    disk.faults.writes = true;
    disk.faults.reads = true;
    disk.faults.flushes = true;
    CHECK_FALSE(disk.complete(disk.start(write(1, {0, 8}, 41))).ok);
    CHECK_FALSE(disk.complete(disk.start(flush(2))).ok);
    CHECK_FALSE(disk.complete(disk.start({DiskOp::Kind::read, DiskOpId{3}, {0, 8}, {}, 0})).ok);
    CHECK(disk.image().at(0).id == 0);
}
