// SPDX-License-Identifier: BSD-3-Clause
//
// What naive emulators get wrong about local copies (arrays H 11..14, A6, A8..A10), each a story.
#include "tests/emulator/bench_of_copies.h"

namespace sunder::emulator::test {
namespace {

using namespace command;

TEST_CASE("H11: snapshots are written; a snapclone is written at once, and listed as a volume") {
    Rig rig = rig_of("eva-xcs6");
    write(rig, "data", {0, four_chunks});
    write(rig, "logs", {0, four_chunks});
    done(rig, AddSnapshot{"s", "data"});
    write(rig, "s", {10, 3});
    write(rig, "data", {10, 30});
    write(rig, "s", {128, 128});
    done(rig, AddSnapclone{"k", "logs", "one"});
    VolumeId const clone = rig.id("k");
    CHECK(rig.array.state().catalogue.volumes.at(clone).as<role::Snapshot>() == nullptr);
    CHECK(normalizing(rig.array.state(), clone));
    CHECK(progress_of(rig.array.state(), clone) == 0);
    write(rig, "k", {7, 50});
    write(rig, "logs", {40, 200});
    CHECK(rig.step());
    CHECK(rig.step());
    CHECK(progress_of(rig.array.state(), clone) > 0);
    CHECK(progress_of(rig.array.state(), clone) < 100);
    CHECK(refused(rig, DeleteVolume{"logs"}) == Rule::source_has_snapclone);
    rest(rig);
    CHECK(!normalizing(rig.array.state(), clone));
    CHECK(progress_of(rig.array.state(), clone) == 100);
    done(rig, DeleteVolume{"logs"});
    rest(rig);
}

TEST_CASE("H12: snapshots and snapclones of one source exclude each other, in either order") {
    Rig rig = rig_of("eva-xcs6");
    write(rig, "data", {0, four_chunks});
    done(rig, AddSnapshot{"s", "data"});
    CHECK(refused(rig, AddSnapclone{"k", "data"}) == Rule::clone_source_has_snapshot);
    CHECK(refused(rig, AddSnapshot{"t", "data", false}) == Rule::mixed_snapshots);
    done(rig, DeleteVolume{"s"});
    done(rig, AddSnapclone{"k", "data"});
    CHECK(refused(rig, AddSnapshot{"s", "data"}) == Rule::source_normalizing);
    CHECK(refused(rig, AddSnapclone{"l", "data"}) == Rule::one_snapclone_at_a_time);
}

/// Fills the group up to its last byte and overwrites a volume that has a demand snapshot.
std::optional<IoRule> overflow(Rig& rig) {
    write(rig, "data", {0, four_chunks});
    std::uint64_t const free = capacity_of(rig.array.state(), DiskGroupId{1}).free();
    done(rig, AddSnapshot{"s", "data"});
    done(rig, AddVolume{"filler", "one", {free - chunk_bytes}, Vraid::vraid0});
    write(rig, "data", {0, 8});  // the last chunk that there is
    CHECK(occupancy_of(rig.array.state(), DiskGroupId{1}) == Occupancy::alarm);
    return rig.write(rig.id("data"), {chunk_sectors, 8});
}

TEST_CASE("H13, A10: a full group stops source and snapshots in one firmware") {
    Rig rig = rig_of("eva-xcs6", true);
    CHECK(overflow(rig) == IoRule::copies_full);
    CHECK(rig.write(rig.id("s"), {2 * chunk_sectors, 8}) == IoRule::copies_full);
    write(rig, "data", {0, 128});  // where they differ already
    look(rig);
    done(rig, DeleteVolume{"s"});
    write(rig, "data", {chunk_sectors, 8});
    rest(rig);
}

TEST_CASE("H13, A10: in another the snapshots are invalidated and the source goes on") {
    Rig rig = rig_of("eva-p6000", true);
    CHECK(overflow(rig) == std::nullopt);
    VolumeId const snapshot = rig.id("s");
    CHECK(rig.array.state().catalogue.volumes.at(snapshot).as<role::Snapshot>()->invalid);
    CHECK(rig.array.plan_read(snapshot, {0, 1}).error() == IoRule::snapshot_invalid);
    CHECK(rig.write(snapshot, {0, 1}) == IoRule::snapshot_invalid);
    done(rig, AddHost{"h"});
    CHECK(refused(rig, Present{"h", 1, "s"}) == Rule::snapshot_invalid);
    CHECK(refused(rig, RenameVolume{"s", "t"}) == Rule::snapshot_invalid);
    CHECK(refused(rig, SetCache{"s", CacheMode::write_through}) == Rule::snapshot_invalid);
    CHECK(refused(rig, SetWriteProtect{"s", true}) == Rule::snapshot_invalid);
    CHECK(refused(rig, RestoreSnapshot{"data", "s"}) == Rule::snapshot_invalid);
    look(rig);
    done(rig, DeleteVolume{"s"});
    rest(rig);
}

TEST_CASE("A10: a snapshot that is written and cannot grow takes no other snapshot with it") {
    Rig rig = rig_of("eva-p6000", true);
    write(rig, "data", {0, four_chunks});
    done(rig, AddSnapshot{"s", "data"});
    done(rig, AddSnapshot{"t", "data"});
    fill_group(rig);
    CHECK(rig.write(rig.id("s"), {0, 8}) == IoRule::snapshot_invalid);
    look(rig);
    CHECK(rig.array.refuses(rig.id("s"), false) == IoRule::snapshot_invalid);
    CHECK(rig.array.refuses(rig.id("t"), false) == std::nullopt);
    done(rig, DeleteVolume{"s"});
    rest(rig);
}

TEST_CASE("A10: only snapshots that share what the source overwrites need to grow") {
    Rig rig = rig_of("eva-p6000", true);
    write(rig, "data", {0, four_chunks});
    done(rig, AddSnapshot{"s", "data"});
    write(rig, "data", {0, chunk_sectors});  // s has the first chunk by itself
    done(rig, AddSnapshot{"t", "data"});
    fill_group(rig);
    write(rig, "data", {0, chunk_sectors});
    CHECK(rig.array.refuses(rig.id("t"), false) == IoRule::snapshot_invalid);
    CHECK(rig.array.refuses(rig.id("s"), false) == std::nullopt);
    write(rig, "data", {chunk_sectors, 8});
    CHECK(rig.array.refuses(rig.id("s"), false) == IoRule::snapshot_invalid);
    rest(rig);
}

TEST_CASE("A10: a source that a full group mirrors invalidates its mirrorclone's snapshots") {
    Rig rig = rig_of("eva-p6000", true);
    done(rig, AddVolume{"far", "two", four_chunks_size, Vraid::vraid0});
    done(rig, DeleteVolume{"data"});
    rest(rig);
    write(rig, "far", {0, four_chunks});
    done(rig, AddMirrorclone{"m", "far", "one"});
    rest(rig);
    done(rig, Fracture{"m"});
    done(rig, AddSnapshot{"s", "m"});
    done(rig, Resync{"m"});
    fill_group(rig);
    write(rig, "far", {0, 8});
    CHECK(rig.array.refuses(rig.id("s"), false) == IoRule::snapshot_invalid);
    rest(rig);
}

TEST_CASE("A3: a fully allocated snapshot cannot run out, whatever is written where") {
    Rig rig = rig_of("eva-xcs6");
    write(rig, "data", {0, four_chunks});
    done(rig, AddSnapshot{"s", "data", false});
    done(rig, AddSnapshot{"t", "data", false});
    fill_group(rig);
    for (std::uint64_t at = 0; at + 30 <= four_chunks; at += 13) {
        for (char const* const name : {"data", "t", "s", "t", "data", "s"}) {
            REQUIRE(rig.write(rig.id(name), {at, 1 + at % 30}) == std::nullopt);
        }
    }
    look(rig);
    CHECK(rig.array.state().map.slots_used(DiskGroupId{1}) == 12);
    rest(rig);
}

TEST_CASE("H14: a mirrorclone goes from fracture to detach to delete, hidden for resync") {
    Rig rig = rig_of("eva-xcs6");
    done(rig, AddHost{"h"});
    write(rig, "data", {0, four_chunks});
    done(rig, AddMirrorclone{"m", "data", "two"});
    CHECK(name_of(state_of(rig, "m")) == "Sync in progress");
    write(rig, "data", {3, 20});
    rest(rig);
    CHECK(name_of(state_of(rig, "m")) == "Synchronized");
    write(rig, "data", {30, 200});
    done(rig, Fracture{"m"});
    CHECK(name_of(state_of(rig, "m")) == "Fractured");
    look(rig);
    done(rig, Present{"h", 1, "m"});
    write(rig, "m", {60, 9});
    write(rig, "data", {300, 9});
    done(rig, AddSnapshot{"ms", "m"});
    write(rig, "m", {61, 2});
    CHECK(std::get<mirror::Fractured>(state_of(rig, "m")).chunks_changed == 2);
    done(rig, DeleteVolume{"ms"});
    done(rig, Unpresent{"h", 1});
    done(rig, Resync{"m"});
    CHECK(std::get<mirror::SyncInProgress>(state_of(rig, "m")).chunks_left == 2);
    rest(rig);
    done(rig, Fracture{"m"});
    look(rig);
    done(rig, Detach{"m"});
    write(rig, "m", {0, 99});
    done(rig, DeleteVolume{"m"});
    rest(rig);
}

TEST_CASE("A8: a restore from a mirrorclone is seen at once, and copies differences only") {
    Rig rig = rig_with_mirrorclone();
    done(rig, Fracture{"m"});
    write(rig, "data", {100, 100});
    write(rig, "m", {400, 3});
    done(rig, RestoreMirrorclone{"m"});
    CHECK(std::get<mirror::RestoreInProgress>(state_of(rig, "m")).chunks_left == 3);
    look(rig);
    write(rig, "data", {120, 3});  // while it comes back
    CHECK(refused(rig, AddSnapshot{"s", "data"}) == Rule::restore_in_progress);
    rest(rig);
    CHECK(name_of(state_of(rig, "m")) == "Synchronized");
    done(rig, Fracture{"m"});
    look(rig);
}

TEST_CASE("A8: a mirrorclone whose group fails while it is restored from goes with its source") {
    // Either the source goes, or it is written anew.
    for (bool const goes : {false, true}) {
        Rig rig = rig_with_mirrorclone();
        done(rig, Fracture{"m"});
        write(rig, "data", {0, 2 * chunk_sectors});
        done(rig, RestoreMirrorclone{"m"});
        CHECK(rig.step());
        done(rig, FailDiskGroup{"two"});
        CHECK(broken(rig.array.state(), rig.id("data")));
        CHECK(refused(rig, Fracture{"m"}) == Rule::mirrorclone_source_broken);
        CHECK(refused(rig, Detach{"m"}) == Rule::mirrorclone_source_broken);
        CHECK(refused(rig, DeleteVolume{"m"}) == Rule::mirrorclone_source_broken);
        if (goes) {
            done(rig, DeleteVolume{"data"});
        } else {
            REQUIRE(rig.write(rig.id("data"), {0, 2 * chunk_sectors}) == std::nullopt);
            rest(rig);
            CHECK(!broken(rig.array.state(), rig.id("data")));
            write(rig, "data", {5, 5});
        }
        done(rig, DeleteVolume{"m"});
    }
}

TEST_CASE("A8: a migration swaps the disk groups under source and mirrorclone") {
    Rig rig = rig_with_mirrorclone();
    done(rig, Migrate{"m"});
    CHECK(rig.array.state().catalogue.volumes.at(rig.id("data")).group == DiskGroupId{2});
    write(rig, "data", {5, 5});
    done(rig, FailDiskGroup{"one"});
    write(rig, "data", {9, 5});
}

TEST_CASE("A9: an instant restore keeps the snapshot, and the other snapshots, as they are") {
    Rig rig = rig_of("eva-xcs6");
    write(rig, "data", {0, four_chunks});
    done(rig, AddSnapshot{"s", "data"});
    write(rig, "data", {10, 300});
    done(rig, AddSnapshot{"t", "data"});
    write(rig, "data", {0, 40});
    done(rig, RestoreSnapshot{"data", "s"});
    look(rig);
    write(rig, "data", {1, 1});
    write(rig, "s", {130, 1});
    rest(rig);
    done(rig, RestoreSnapshot{"data", "t"});
    rest(rig);
}

TEST_CASE("A6: what a snapclone has not copied is lost with its source's disk group") {
    Rig rig = rig_of("eva-xcs6");
    write(rig, "data", {0, four_chunks});
    done(rig, AddSnapclone{"k", "data", "two"});
    write(rig, "data", {chunk_sectors, 16});  // pushes two sub-chunks of the second chunk
    write(rig, "k", {2 * chunk_sectors, 8});  // one of the third is the clone's own
    CHECK(rig.step());                        // the first chunk
    done(rig, FailDiskGroup{"one"});
    VolumeId const clone = rig.id("k");
    CHECK(broken(rig.array.state(), clone));
    CHECK(rig.array.plan_read(clone, {0, chunk_sectors}));
    CHECK(rig.array.plan_read(clone, {chunk_sectors, 16}));
    CHECK(rig.array.plan_read(clone, {chunk_sectors, 17}).error() == IoRule::medium_error);
    CHECK(rig.array.plan_read(clone, {2 * chunk_sectors, 8}));
    CHECK(rig.array.plan_read(clone, {3 * chunk_sectors, 1}).error() == IoRule::medium_error);
    look(rig);
    // A write in the middle of what is lost would make up the rest of it.
    CHECK(rig.write(clone, {3 * chunk_sectors + 1, 2}) == IoRule::medium_error);
    write(rig, "k", {3 * chunk_sectors, 8});
    CHECK(!rig.step());
    CHECK(refused(rig, DeleteVolume{"data"}) == Rule::source_has_snapclone);
    done(rig, DeleteVolume{"k"});
    done(rig, DeleteVolume{"data"});
    rest(rig);
}

TEST_CASE("A6: once it is normalized it stands by itself") {
    Rig rig = rig_of("eva-xcs6");
    write(rig, "data", {0, four_chunks});
    done(rig, AddSnapclone{"k", "data", "two"});
    rest(rig);
    done(rig, FailDiskGroup{"one"});
    look(rig);
    write(rig, "k", {3, 200});
}

TEST_CASE("A2: raw space is counted with its overhead, spares and thin volumes") {
    Rig rig(*find_profile("eva-p6000"), four_chunks, false);
    done(rig, AddDiskGroup{"g", {100 * chunk_bytes}, {5 * chunk_bytes}, SparePolicy::twice});
    DiskGroupId const group = *rig.array.state().catalogue.group_named("g");
    auto const used = [&] { return capacity_of(rig.array.state(), group).used; };
    CHECK(capacity_of(rig.array.state(), group).total == 80 * chunk_bytes);
    done(rig, AddVolume{"r1", "g", four_chunks_size, Vraid::vraid1});
    CHECK(used() == 8 * chunk_bytes);
    done(rig, AddVolume{"r6", "g", four_chunks_size, Vraid::vraid6});
    CHECK(used() == 14 * chunk_bytes);
    done(rig, AddVolume{"thin", "g", MiB(100), Vraid::vraid5, true});
    CHECK(used() == 14 * chunk_bytes);
    write(rig, "thin", {chunk_sectors * 1000, 1});
    CHECK(used() == 14 * chunk_bytes + chunk_bytes * 5 / 4);
    CHECK(occupancy_of(rig.array.state(), group) == Occupancy::normal);
    done(rig, AddVolume{"r0", "g", {60 * chunk_bytes}, Vraid::vraid0});
    CHECK(occupancy_of(rig.array.state(), group) == Occupancy::warning);
    std::optional<IoRule> refusal;
    for (std::uint64_t chunk = 0; !refusal; ++chunk) {
        REQUIRE(chunk < 10);
        refusal = rig.write(rig.id("thin"), {chunk * chunk_sectors, 8});
    }
    CHECK(refusal == IoRule::group_full);
    look(rig);
}

}  // namespace
}  // namespace sunder::emulator::test
