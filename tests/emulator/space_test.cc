// SPDX-License-Identifier: BSD-3-Clause
//
// A disk group that was filled to its last byte stays within its capacity, whatever else an
// operator asks for: each is a story in which a naive account lets somebody in for nothing. Random
// runs look for others (array_property_test.cc).
#include "tests/emulator/bench_of_copies.h"

namespace sunder::emulator::test {
namespace {

using namespace command;

/// The audit, which every look asks for, says when more is in use than there is.
Capacity capacity(Rig& rig) { return capacity_of(rig.array.state(), DiskGroupId{1}); }

void fill_with_container(Rig& rig) {
    done(rig, AddContainer{"filler", "one", {capacity(rig).free()}, Vraid::vraid0});
    REQUIRE(capacity(rig).free() == 0);
}

TEST_CASE("A2, A8: a migration needs room for all of the mirrorclone in a thin source's place") {
    Rig rig = rig_of("eva-p6000");
    done(rig, AddVolume{"thin", "one", four_chunks_size, Vraid::vraid1, true});
    write(rig, "thin", {0, chunk_sectors});
    done(rig, AddMirrorclone{"m", "thin", "two"});
    rest(rig);
    fill_with_container(rig);
    CHECK(refused(rig, Migrate{"m"}) == Rule::no_space);
    done(rig, DeleteVolume{"filler"});
    std::uint64_t const used = capacity(rig).used;
    done(rig, Migrate{"m"});
    // It has all its chunks where the thin one had one.
    CHECK(capacity(rig).used - used == raw_bytes(3, Vraid::vraid1));
    write(rig, "thin", {0, four_chunks});
    rest(rig);
}

TEST_CASE("A2, A8: in one disk group the two sides of a migration are weighed together") {
    Rig rig = rig_of("eva-p6000");
    done(rig, AddVolume{"thin", "one", four_chunks_size, Vraid::vraid1, true});
    write(rig, "thin", {0, chunk_sectors});
    done(rig, AddMirrorclone{"m", "thin", "one", Vraid::vraid0});
    rest(rig);
    fill_with_container(rig);
    // One chunk of Vraid1 and four of Vraid0 become four of Vraid1 and one of Vraid0.
    CHECK(refused(rig, Migrate{"m"}) == Rule::no_space);
    done(rig, DeleteVolume{"filler"});
    done(rig, AddContainer{"less",
                           "one",
                           {capacity(rig).free() - raw_bytes(3, Vraid::vraid1) +
                            raw_bytes(3, Vraid::vraid0)},
                           Vraid::vraid0});
    done(rig, Migrate{"m"});
    CHECK(capacity(rig).free() == 0);
    look(rig);
}

TEST_CASE("A2, A9: restoring a thin volume takes the space of what its snapshot holds") {
    Rig rig = rig_of("eva-p6000");
    done(rig, AddVolume{"thin", "one", four_chunks_size, Vraid::vraid1, true});
    write(rig, "thin", {0, 2 * chunk_sectors});
    done(rig, AddSnapshot{"s", "thin", false});
    REQUIRE(rig.write(rig.id("thin"), {0, four_chunks}, true) == std::nullopt);
    fill_with_container(rig);
    CHECK(refused(rig, RestoreSnapshot{"thin", "s"}) == Rule::no_space);
    done(rig, DeleteVolume{"filler"});
    std::uint64_t const used = capacity(rig).used;
    done(rig, RestoreSnapshot{"thin", "s"});
    CHECK(capacity(rig).used - used == raw_bytes(2, Vraid::vraid1));
    rest(rig);
}

TEST_CASE("A2: a thin volume takes space of its own in a place that its snapshot has already") {
    Rig rig = rig_of("eva-p6000");
    done(rig, AddVolume{"thin", "one", four_chunks_size, Vraid::vraid1, true});
    write(rig, "thin", {0, 8});
    done(rig, AddSnapshot{"s", "thin", false});
    REQUIRE(rig.write(rig.id("thin"), {0, four_chunks}, true) == std::nullopt);
    fill_with_container(rig);
    // The rest of the snapshot's place is free, and is reserved for the snapshot.
    CHECK(rig.write(rig.id("thin"), {16, 8}) == IoRule::group_full);
    look(rig);
    done(rig, DeleteVolume{"filler"});
    write(rig, "thin", {16, 8});
    rest(rig);
}

TEST_CASE("A2: what a deleted snapshot leaves scattered costs no more than while it was there") {
    for (bool const demand : {false, true}) {
        Rig rig = rig_of("eva-p6000");
        done(rig, AddVolume{"v", "one", four_chunks_size, Vraid::vraid1});
        write(rig, "v", {0, four_chunks});
        done(rig, AddSnapshot{"s", "v", demand, Vraid::vraid0});
        for (std::uint64_t chunk = 0; chunk < 4; ++chunk) write(rig, "v", {chunk * 128, 8});
        fill_with_container(rig);
        done(rig, DeleteVolume{"s"});
        look(rig);
        rest(rig);
        look(rig);
        CHECK(capacity(rig).used <= capacity(rig).total);
    }
}

TEST_CASE("A2: copies of several Vraids that leave at once never make a group fuller") {
    for (auto const& [one, other] :
         {std::pair{Vraid::vraid1, Vraid::vraid0}, std::pair{Vraid::vraid0, Vraid::vraid1}}) {
        Rig rig = rig_of("eva-p6000");
        done(rig, AddVolume{"v", "one", four_chunks_size, Vraid::vraid1});
        write(rig, "v", {0, four_chunks});
        done(rig, AddSnapshot{"s", "v", true, one});
        write(rig, "v", {0, 2 * chunk_sectors});
        done(rig, DeleteVolume{"s"});  // and nothing of it is given up yet
        done(rig, AddSnapshot{"t", "v", true, other});
        write(rig, "v", {0, four_chunks});
        fill_with_container(rig);
        done(rig, DeleteVolume{"t"});
        for (bool more = true; more; more = rig.step()) {
            rig.flush();
            look(rig);
        }
        CHECK(capacity(rig).free() > 0);
    }
}

TEST_CASE("A2: what a deleted snapshot leaves scattered is put together by whole writes") {
    Rig rig = rig_of("eva-p6000");
    std::uint64_t const before = capacity(rig).used;
    write(rig, "data", {0, four_chunks});
    done(rig, AddSnapshot{"s", "data"});
    for (std::uint64_t chunk = 0; chunk < 4; ++chunk) write(rig, "data", {chunk * 128 + 16, 8});
    done(rig, DeleteVolume{"s"});
    rest(rig);
    CHECK(capacity(rig).used - before == 4 * chunk_bytes);
    write(rig, "data", {0, 120});  // all but its end
    CHECK(capacity(rig).used - before == 4 * chunk_bytes);
    // Whole sub-chunks, and one in part.
    write(rig, "data", {0, 2 * chunk_sectors + 3});
    CHECK(capacity(rig).used - before == 2 * chunk_bytes);
    write(rig, "data", {0, four_chunks});
    CHECK(capacity(rig).used == before);
    rest(rig);
}

TEST_CASE("A2: a snapshot of a dearer Vraid pays for what earlier ones left scattered") {
    Rig rig = rig_of("eva-p6000");
    done(rig, AddVolume{"v", "one", four_chunks_size, Vraid::vraid1});
    write(rig, "v", {0, four_chunks});
    done(rig, AddSnapshot{"s", "v", true, Vraid::vraid0});
    for (std::uint64_t chunk = 0; chunk < 4; ++chunk) write(rig, "v", {chunk * 128, 8});
    fill_with_container(rig);
    done(rig, DeleteVolume{"s"});
    CHECK(refused(rig, AddSnapshot{"t", "v"}) == Rule::no_space);
    done(rig, AddSnapshot{"t", "v", true, Vraid::vraid0});
    rest(rig);
}

TEST_CASE("A2, A8: a thin source is restored from its mirrorclone where there is room") {
    Rig rig = rig_of("eva-p6000");
    done(rig, AddVolume{"thin", "one", four_chunks_size, Vraid::vraid0, true});
    write(rig, "thin", {0, 2 * chunk_sectors});
    done(rig, AddMirrorclone{"m", "thin", "two"});
    rest(rig);
    done(rig, Fracture{"m"});
    REQUIRE(rig.write(rig.id("thin"), {0, four_chunks}, true) == std::nullopt);
    fill_with_container(rig);
    CHECK(refused(rig, RestoreMirrorclone{"m"}) == Rule::no_space);
    done(rig, DeleteVolume{"filler"});
    done(rig, AddContainer{"less", "one", {capacity(rig).free() - 2 * chunk_bytes}, Vraid::vraid0});
    done(rig, RestoreMirrorclone{"m"});
    rest(rig);
    CHECK(std::holds_alternative<mirror::Synchronized>(state_of(rig, "m")));
}

}  // namespace
}  // namespace sunder::emulator::test
