// SPDX-License-Identifier: BSD-3-Clause
//
// Each refusal of arrays A4 and A8, by its number; that nothing changes is seen by the rig, which
// compares the whole array before and after.
#include "tests/emulator/bench_of_copies.h"

#include <algorithm>

namespace sunder::emulator::test {
namespace {

using namespace command;

TEST_CASE("A4.1: without a licence every command of local copies is refused") {
    Rig rig = rig_of("eva-p6000");
    rig.array = Array(*find_profile("eva-p6000"), false);
    done(rig, AddDiskGroup{"one", GiB(1)});
    done(rig, AddVolume{"data", "one", four_chunks_size});
    done(rig, AddContainer{"c1", "one", four_chunks_size});
    CHECK(refused(rig, AddSnapshot{"s", "data"}) == Rule::no_licence);
    CHECK(refused(rig, AddSnapclone{"s", "data"}) == Rule::no_licence);
    CHECK(refused(rig, AddMirrorclone{"s", "data"}) == Rule::no_licence);
    CHECK(refused(rig, AddMultisnap{{AddSnapshot{"s", "data"}}}) == Rule::no_licence);
    CHECK(refused(rig, Prepare{"c1", "data"}) == Rule::no_licence);
    CHECK(refused(rig, Fracture{"data"}) == Rule::no_licence);
    CHECK(refused(rig, RestoreSnapshot{"data", "c1"}) == Rule::no_licence);
}

TEST_CASE("A4.2: no snapshot of a snapshot, nor of what is normalizing") {
    Rig rig = rig_of("eva-xcs6");
    write(rig, "logs", {0, four_chunks});
    done(rig, AddSnapshot{"s", "data"});
    CHECK(refused(rig, AddSnapshot{"ss", "s"}) == Rule::snapshot_of_snapshot);
    done(rig, AddSnapclone{"k", "logs"});
    CHECK(refused(rig, AddSnapshot{"s2", "k"}) == Rule::source_normalizing);
    CHECK(refused(rig, AddSnapshot{"s2", "logs"}) == Rule::source_normalizing);  // A4.12
    rest(rig);
    done(rig, AddSnapshot{"s2", "k"});
    done(rig, AddSnapshot{"s3", "logs"});
}

TEST_CASE(
    "A4.12: what excludes what is said by A4.2 to A4.6; a mirrorclone leaves snapshots alone") {
    Rig rig = rig_with_mirrorclone();
    done(rig, Fracture{"m"});
    done(rig, AddSnapshot{"s", "data"});
    write(rig, "data", {0, 9});
    CHECK(refused(rig, AddSnapshot{"f", "data", false}) == Rule::mixed_snapshots);
    CHECK(refused(rig, AddSnapclone{"k", "data"}) == Rule::clone_source_has_snapshot);
    rest(rig);
}

TEST_CASE("A7: a copy in a container is where the container is, and nobody may say otherwise") {
    Rig rig = rig_of("eva-xcs6");
    CHECK(refused(rig, AddSnapshot{"s", "data", false, Vraid::vraid0, "c1"}) ==
          Rule::container_decides);
    CHECK(refused(rig, AddSnapclone{"k", "data", "two", {}, "c2"}) == Rule::container_decides);
    CHECK(refused(rig, AddSnapclone{"k", "data", "", Vraid::vraid1, "c2"}) ==
          Rule::container_decides);
    CHECK(refused(rig, AddMirrorclone{"m", "data", "two", {}, "c2"}) == Rule::container_decides);
    done(rig, AddSnapshot{"s", "data", false, {}, "c1"});
}

TEST_CASE("A7, A12: a multisnap takes containers, and takes none when one does not fit") {
    Rig rig = rig_of("eva-xcs6");
    write(rig, "data", {0, four_chunks});
    write(rig, "logs", {0, four_chunks});
    CHECK(refused(rig, AddMultisnap{{AddSnapshot{"s", "data", false, {}, "c1"},
                                     AddSnapshot{"t", "logs", true, {}, "c2"}}}) ==
          Rule::container_demand);
    CHECK(refused(rig, AddMultisnap{{AddSnapclone{"s", "data", "", {}, "c1"},
                                     AddSnapclone{"t", "logs", "", {}, "c1"}}}) ==
          Rule::no_such_volume);  // it is "s" by then
    done(rig, AddMultisnap{{AddSnapshot{"s", "data", false, {}, "c1"},
                            AddSnapshot{"t", "logs", false, {}, "c2"}}});
    write(rig, "data", {0, 20});
    CHECK(!rig.array.state().catalogue.volume_named("c1"));
    rest(rig);
}

TEST_CASE("A8: a mirrorclone is restored from its own snapshot while it is fractured, not else") {
    Rig rig = rig_with_mirrorclone();
    done(rig, Fracture{"m"});
    done(rig, AddSnapshot{"s", "m"});
    write(rig, "m", {0, 200});
    CHECK(refused(rig, RestoreSnapshot{"data", "s"}) == Rule::not_its_snapshot);
    done(rig, RestoreSnapshot{"m", "s"});
    look(rig);
    rest(rig);
    done(rig, Resync{"m"});
    CHECK(refused(rig, RestoreSnapshot{"m", "s"}) == Rule::mirrorclone_not_fractured);
    rest(rig);
    CHECK(refused(rig, RestoreSnapshot{"m", "s"}) == Rule::mirrorclone_not_fractured);
}

TEST_CASE("A1: occupancy is counted right for the largest capacities that can be said") {
    Array array(*find_profile("eva-p6000"));
    std::uint64_t const whole = ~std::uint64_t{0} / 512 * 512;
    REQUIRE(array.carry_out(AddDiskGroup{"huge", {whole}, {whole / 2}, SparePolicy::none, 2, 1}));
    DiskGroupId const huge = *array.state().catalogue.group_named("huge");
    CHECK(occupancy_of(array.state(), huge) == Occupancy::normal);
    REQUIRE(array.carry_out(AddVolume{"v", "huge", {std::uint64_t{32} << 40}, Vraid::vraid0}));
    CHECK(occupancy_of(array.state(), huge) == Occupancy::normal);
    // Four drives, which together are more than can be counted.
    auto const spared =
        array.carry_out(AddDiskGroup{"s", {whole}, {whole / 2}, SparePolicy::twice});
    REQUIRE_FALSE(spared);
    CHECK(spared.error().rule == Rule::bad_size);
}

TEST_CASE("switches differ from a profile by name, and are read back by name") {
    Profile profile = *find_profile("eva-p6000");
    CHECK(switched(profile).empty());
    REQUIRE(set_switch(profile, {"overcommit", "fail_writes"}));
    REQUIRE(set_switch(profile, {"delete_while_unsharing", "yes"}));
    REQUIRE(set_switch(profile, {"instant_restore", "yes"}));  // as the profile is
    CHECK(profile.overcommit == Overcommit::fail_writes);
    CHECK(profile.delete_while_unsharing);
    Profile again = *find_profile("eva-p6000");
    REQUIRE(switched(profile).size() == 2);
    for (Switch const& one : switched(profile)) REQUIRE(set_switch(again, one));
    CHECK(again == profile);
    CHECK(set_switch(profile, {"overcommit", "ask"}).error().find("found 'ask'") !=
          std::string::npos);
    CHECK(set_switch(profile, {"licensed", "no"}).error().find("known: overcommit") !=
          std::string::npos);
    CHECK(!set_switch(profile, {"instant_restore", "maybe"}));
    // Whatever the table names can be switched to whatever it names, and is told so.
    for (SwitchKind const& kind : switch_kinds()) {
        for (std::string_view const value : kind.values) {
            Switch const wanted{std::string(kind.name), std::string(value)};
            REQUIRE(set_switch(profile, wanted));
            auto const told = switches_of(profile);
            CHECK(std::ranges::find(told, wanted) != told.end());
        }
    }
}

TEST_CASE("A4.3: snapshots of one source are of one type and one Vraid") {
    Rig rig = rig_of("eva-xcs6");
    done(rig, AddVolume{"w", "two", four_chunks_size, Vraid::vraid1});
    done(rig, AddSnapshot{"s", "w", true, Vraid::vraid5});
    CHECK(refused(rig, AddSnapshot{"t", "w", false, Vraid::vraid5}) == Rule::mixed_snapshots);
    CHECK(refused(rig, AddSnapshot{"t", "w", true, Vraid::vraid0}) == Rule::mixed_snapshots);
    done(rig, AddSnapshot{"t", "w", true, Vraid::vraid5});
}

TEST_CASE("A4.4: a snapshot's Vraid is not above its source's") {
    Rig rig = rig_of("eva-p6000");
    CHECK(refused(rig, AddSnapshot{"s", "logs", true, Vraid::vraid1}) == Rule::vraid_too_high);
    CHECK(refused(rig, AddSnapshot{"s", "logs", true, Vraid::vraid6}) == Rule::vraid_too_high);
    done(rig, AddSnapshot{"s", "logs", true, Vraid::vraid0});
}

TEST_CASE("A4.5: as many snapshots, and as many volumes, as the profile allows") {
    Rig rig = rig_of("eva-vcs3");
    for (int i = 0; i < 7; ++i) done(rig, AddSnapshot{fmt::format("s{}", i), "data"});
    CHECK(refused(rig, AddSnapshot{"s7", "data"}) == Rule::too_many_snapshots);
    Profile few = *find_profile("eva-vcs3");
    few.volumes = 5;
    Rig full(few, four_chunks, false);
    done(full, AddSnapshot{"s", "data"});
    CHECK(refused(full, AddSnapshot{"t", "data"}) == Rule::too_many_volumes);
    CHECK(refused(full, AddVolume{"w", "one", four_chunks_size}) == Rule::too_many_volumes);
}

TEST_CASE("A5: the sizes of one source's snapshots together stay below 15 TB") {
    // [EVA-2 p.441]: 10 snapshots up to 1.50 TB of source, 7 up to 2.00 TB.
    auto const most = [](ByteCount size) {
        Rig rig(*find_profile("eva-xcs6"), four_chunks, false);
        done(rig, AddDiskGroup{"big", {std::uint64_t{1} << 50}});
        // Too large for the model's rows.
        REQUIRE(rig.array.carry_out(AddVolume{"w", "big", size, Vraid::vraid0}));
        for (int made = 0;; ++made) {
            auto const answer = rig.array.carry_out(AddSnapshot{fmt::format("s{}", made), "w"});
            if (answer) continue;
            Rule const rule = answer.error().rule;
            CHECK((rule == Rule::snapshot_sizes_exceeded || rule == Rule::too_many_snapshots));
            return made;
        }
    };
    CHECK(most({930'000'000'000 / 512 * 512}) == 16);
    CHECK(most({1'000'000'000'000}) == 15);
    CHECK(most({1'500'000'000'000}) == 10);
    CHECK(most({1'999'999'999'488}) == 7);
    Rig rig = rig_of("eva-xcs6");
    CHECK(refused(rig, AddVolume{"w", "two", {2'000'000'000'512}}) == Rule::volume_too_large);
    // The largest volume has those seven.
    CHECK(most(find_profile("eva-xcs6")->largest_volume) == 7);
}

TEST_CASE("A4.6: no snapclone of a snapshot, of what has one or a mirrorclone, or normalizes") {
    Rig rig = rig_of("eva-xcs6");
    write(rig, "logs", {0, four_chunks});
    done(rig, AddSnapshot{"s", "data"});
    CHECK(refused(rig, AddSnapclone{"k", "s"}) == Rule::clone_of_snapshot);
    CHECK(refused(rig, AddSnapclone{"k", "data"}) == Rule::clone_source_has_snapshot);
    done(rig, DeleteVolume{"s"});
    done(rig, AddMirrorclone{"m", "data"});
    CHECK(refused(rig, AddSnapclone{"k", "data"}) == Rule::clone_source_has_mirrorclone);
    CHECK(refused(rig, AddSnapclone{"k", "m"}) == Rule::clone_of_mirrorclone);
    done(rig, AddSnapclone{"k", "logs"});
    CHECK(refused(rig, AddSnapclone{"kk", "k"}) == Rule::source_normalizing);
}

TEST_CASE("A4.6: the newest firmware clones what is normalizing still") {
    Rig rig = rig_of("eva-p6000");
    write(rig, "logs", {0, four_chunks});
    done(rig, AddSnapclone{"k", "logs"});
    done(rig, AddSnapclone{"kk", "k", "one"});
    look(rig);
    write(rig, "logs", {5, 300});
    write(rig, "k", {100, 40});
    write(rig, "kk", {250, 40});
    rest(rig);
}

TEST_CASE("A4.7: one snapclone of a source at a time") {
    Rig rig = rig_of("eva-xcs6");
    write(rig, "data", {0, four_chunks});
    done(rig, AddSnapclone{"k", "data"});
    CHECK(refused(rig, AddSnapclone{"l", "data"}) == Rule::one_snapclone_at_a_time);
    rest(rig);
    done(rig, AddSnapclone{"l", "data"});
}

TEST_CASE("A4.8, A4.9: a source is not deleted under a snapclone, or under snapshots") {
    Rig rig = rig_of("eva-xcs6");
    write(rig, "data", {0, four_chunks});
    done(rig, AddSnapclone{"k", "data"});
    CHECK(refused(rig, DeleteVolume{"data"}) == Rule::source_has_snapclone);
    CHECK(refused(rig, DeleteVolume{"k"}) == Rule::snapclone_unsharing);
    rest(rig);
    done(rig, AddSnapshot{"s", "data"});
    CHECK(refused(rig, DeleteVolume{"data"}) == Rule::source_has_snapshot);
    done(rig, DeleteVolume{"s"});
    done(rig, DeleteVolume{"data"});
    rest(rig);
}

TEST_CASE("A4.10: a synchronized mirrorclone is not deleted, detached, shown, copied or restored") {
    Rig rig = rig_of("eva-xcs6");
    done(rig, AddHost{"h"});
    write(rig, "data", {0, four_chunks});
    done(rig, AddMirrorclone{"m", "data", "two"});
    CHECK(refused(rig, Fracture{"m"}) == Rule::mirrorclone_not_synchronized);
    CHECK(refused(rig, Migrate{"m"}) == Rule::mirrorclone_not_synchronized);
    for (bool const synchronized : {false, true}) {
        CHECK(std::holds_alternative<mirror::Synchronized>(state_of(rig, "m")) == synchronized);
        CHECK(refused(rig, DeleteVolume{"m"}) == Rule::mirrorclone_not_fractured);
        CHECK(refused(rig, DeleteVolume{"data"}) == Rule::source_has_mirrorclone);
        CHECK(refused(rig, Detach{"m"}) == Rule::mirrorclone_not_fractured);
        CHECK(refused(rig, Present{"h", 1, "m"}) == Rule::mirrorclone_not_fractured);
        CHECK(refused(rig, AddSnapshot{"s", "m"}) == Rule::mirrorclone_not_fractured);
        CHECK(refused(rig, RestoreMirrorclone{"m"}) == Rule::mirrorclone_not_fractured);
        CHECK(refused(rig, Resync{"m"}) == Rule::mirrorclone_not_fractured);
        CHECK(rig.write(rig.id("m"), {0, 8}) == IoRule::not_accessible);
        CHECK(!rig.array.plan_read(rig.id("m"), {0, 8}));
        rest(rig);
    }
}

TEST_CASE("A4.11: a fractured mirrorclone is detached before it is deleted, hidden before resync") {
    Rig rig = rig_of("eva-xcs6");
    done(rig, AddHost{"h"});
    done(rig, AddMirrorclone{"m", "data"});
    rest(rig);
    done(rig, Fracture{"m"});
    CHECK(refused(rig, Fracture{"m"}) == Rule::mirrorclone_fractured);
    CHECK(refused(rig, DeleteVolume{"m"}) == Rule::mirrorclone_attached);
    CHECK(refused(rig, Migrate{"m"}) == Rule::mirrorclone_not_synchronized);
    done(rig, Present{"h", 1, "m"});
    CHECK(refused(rig, Resync{"m"}) == Rule::mirrorclone_presented);
    CHECK(refused(rig, RestoreMirrorclone{"m"}) == Rule::mirrorclone_presented);
    done(rig, Unpresent{"h", 1});
    done(rig, Resync{"m"});
}

TEST_CASE("A4.12: while a clone is in progress no other copy of its source is made") {
    Rig rig = rig_of("eva-xcs6");
    write(rig, "data", {0, four_chunks});
    done(rig, AddSnapclone{"k", "data"});
    CHECK(refused(rig, AddSnapshot{"s", "data"}) == Rule::source_normalizing);
    CHECK(refused(rig, AddMirrorclone{"m", "data"}) == Rule::source_has_snapclone);
}

TEST_CASE("A7: containers become copies of their size, in the right group, for whom they wait") {
    Rig rig = rig_of("eva-xcs6");
    done(rig, AddHost{"h"});
    CHECK(refused(rig, Present{"h", 1, "c1"}) == Rule::is_container);
    CHECK(refused(rig, AddSnapshot{"s", "data", true, {}, "c1"}) == Rule::container_demand);
    CHECK(refused(rig, AddSnapshot{"s", "data", false, {}, "c2"}) == Rule::container_group);
    done(rig, AddContainer{"c3", "one", {four_chunks_size.bytes * 2}, Vraid::vraid0});
    CHECK(refused(rig, AddSnapshot{"s", "data", false, {}, "c3"}) == Rule::container_size);
    CHECK(refused(rig, AddSnapclone{"s", "data", "", {}, "logs"}) == Rule::not_a_container);
    done(rig, Prepare{"c2", "logs"});
    CHECK(refused(rig, AddSnapclone{"k", "data", "", {}, "c2"}) == Rule::container_prepared);
    done(rig, AddSnapshot{"s", "data", false, {}, "c1"});
    done(rig, AddSnapclone{"k", "logs", "", {}, "c2"});
    write(rig, "data", {3, 200});
    write(rig, "logs", {3, 200});
    rest(rig);
}

TEST_CASE("A9: an instant restore needs a volume that is hidden, and a snapshot of its own") {
    Rig rig = rig_of("eva-xcs6");
    done(rig, AddHost{"h"});
    write(rig, "data", {0, four_chunks});
    done(rig, AddSnapshot{"s", "data"});
    done(rig, AddSnapshot{"theirs", "logs"});
    CHECK(refused(rig, RestoreSnapshot{"data", "theirs"}) == Rule::not_its_snapshot);
    done(rig, Present{"h", 1, "data"});
    CHECK(refused(rig, RestoreSnapshot{"data", "s"}) == Rule::is_presented);
    done(rig, Unpresent{"h", 1});
    done(rig, RestoreSnapshot{"data", "s"});
    CHECK(refused(rig, RestoreSnapshot{"data", "s"}) == Rule::restore_in_progress);
    Rig old = rig_of("eva-xcs5");
    done(old, AddSnapshot{"s", "data"});
    CHECK(refused(old, RestoreSnapshot{"data", "s"}) == Rule::feature_missing);
    CHECK(refused(old, AddMirrorclone{"m", "data"}) == Rule::feature_missing);
}

TEST_CASE("A12: a multisnap is made whole, or not at all") {
    Rig rig = rig_of("eva-xcs6");
    write(rig, "data", {0, four_chunks});
    done(rig, AddSnapshot{"s", "logs"});
    CHECK(refused(rig, AddMultisnap{{AddSnapshot{"a", "data"}, AddSnapclone{"b", "logs"}}}) ==
          Rule::clone_source_has_snapshot);
    CHECK(refused(rig, AddMultisnap{{AddSnapshot{"a", "data"}, AddSnapshot{"b", "data"}}}) ==
          Rule::twice_in_multisnap);
    done(rig, AddMultisnap{{AddSnapshot{"a", "data"}, AddSnapshot{"b", "logs"}}});
    write(rig, "data", {0, 20});
    write(rig, "logs", {0, 20});
    AddMultisnap many;
    for (int i = 0; i < 9; ++i) many.copies.push_back(AddSnapshot{fmt::format("m{}", i), "data"});
    CHECK(refused(rig, many) == Rule::too_many_in_multisnap);
}

TEST_CASE("what is refused for a number says which, and which would do") {
    Rig rig = rig_of("eva-xcs6");
    auto const says = [](Rig& of, Command const& command, std::string const& figures) {
        auto const answer = of.array.carry_out(command);
        REQUIRE_FALSE(answer);
        INFO(answer.error().words);
        CHECK(answer.error().words.find(": " + figures + " (arrays ") != std::string::npos);
    };
    done(rig, AddDiskGroup{"little", {32 * chunk_bytes}});
    says(rig, AddVolume{"w", "little", {64 * chunk_bytes}, Vraid::vraid0},
         "'little' has 2 MiB free, and 4 MiB are needed");
    says(rig, AddVolume{"w", "two", {2'000'000'000'512}},
         "2000000000512 B of at most 2000000000000 B");
    done(rig, AddHost{"db"});
    says(rig, Present{"db", 0, "data"}, "0 of 1 to 255");
    AddMultisnap many;
    for (int i = 0; i < 9; ++i) many.copies.push_back(AddSnapshot{fmt::format("m{}", i), "data"});
    says(rig, many, "9 of at most 8");
    Rig old = rig_of("eva-vcs3");
    for (int i = 0; i < 7; ++i) done(old, AddSnapshot{fmt::format("s{}", i), "data"});
    says(old, AddSnapshot{"s7", "data"}, "7");
}

TEST_CASE("A2: a disk group in which nothing fits is none") {
    Rig rig = rig_of("eva-xcs6");
    ByteCount const drive{8 * chunk_bytes};
    CHECK(refused(rig, AddDiskGroup{"tiny", {1}}) == Rule::bad_size);
    CHECK(refused(rig, AddDiskGroup{"tiny", {chunk_bytes - 1}}) == Rule::bad_size);
    done(rig, AddDiskGroup{"tiny", {chunk_bytes}});
    // Spares for one failure are two drives, for two are four.
    CHECK(refused(rig, AddDiskGroup{"spared", {2 * drive.bytes}, drive, SparePolicy::single}) ==
          Rule::bad_size);
    CHECK(refused(rig, AddDiskGroup{"spared", {4 * drive.bytes}, drive, SparePolicy::twice}) ==
          Rule::bad_size);
    done(rig, AddDiskGroup{"spared", {2 * drive.bytes + chunk_bytes}, drive, SparePolicy::single});
}

TEST_CASE("names, sizes, levels, hosts and LUN numbers are looked at") {
    Rig rig = rig_of("eva-xcs6");
    CHECK(refused(rig, AddVolume{"data", "one", four_chunks_size}) == Rule::name_in_use);
    CHECK(refused(rig, AddVolume{"", "one", four_chunks_size}) == Rule::bad_name);
    CHECK(refused(rig, AddVolume{"a\\b", "one", four_chunks_size}) == Rule::bad_name);
    for (std::string const& name :
         {std::string("a\nb"), std::string("a\0b", 3), std::string("\x1b[1m"), std::string("\xff"),
          std::string("\xe2\x80\xa8"), std::string(41, 'x'), std::string("x=z"), std::string(".."),
          std::string("a b"), std::string("\u00e9"), std::string("we/b"), std::string("1a"),
          std::string(" "), std::string(" a"), std::string("a "), std::string("a\u202eb"),
          std::string("a\u200bb"), std::string("\ufeffa"), std::string("a\u00adb")}) {
        INFO(name);
        CHECK(refused(rig, AddVolume{name, "one", four_chunks_size}) == Rule::bad_name);
        CHECK(refused(rig, AddSnapshot{name, "data"}) == Rule::bad_name);
    }
    CHECK(refused(rig, AddSnapshot{"", "data"}) == Rule::bad_name);
    CHECK(refused(rig, AddSnapclone{"", "data"}) == Rule::bad_name);
    CHECK(refused(rig, AddMirrorclone{"", "data"}) == Rule::bad_name);
    // What is refused is said without what made it bad.
    std::string const said = rig.array.carry_out(AddHost{"a\u202e\nb"}).error().words;
    CHECK(said.starts_with("a\\xe2\\x80\\xae\\x0ab: "));
    CHECK(refused(rig, RenameVolume{"data", "x=z"}) == Rule::bad_name);
    done(rig, AddHost{"Web-1_a.b"});
    done(rig, AddVolume{std::string(40, 'x'), "one", four_chunks_size});
    CHECK(refused(rig, AddVolume{"w", "three", four_chunks_size}) == Rule::no_such_group);
    CHECK(refused(rig, AddVolume{"w", "one", {513}}) == Rule::bad_size);
    CHECK(refused(rig, AddVolume{"w", "one", four_chunks_size, Vraid::vraid6}) ==
          Rule::feature_missing);
    CHECK(refused(rig, AddVolume{"w", "one", GiB(100)}) == Rule::no_space);
    CHECK(refused(rig, AddDiskGroup{"x", GiB(1), {}, SparePolicy::none, 80, 90}) ==
          Rule::bad_level);
    CHECK(refused(rig, ExpandVolume{"data", {512}}) == Rule::bad_size);
    CHECK(refused(rig, DeleteDiskGroup{"one"}) == Rule::group_not_empty);
    CHECK(refused(rig, Present{"h", 1, "data"}) == Rule::no_such_host);
    done(rig, AddHost{"h"});
    CHECK(refused(rig, AddHost{"h"}) == Rule::name_in_use);
    CHECK(refused(rig, Present{"h", 0, "data"}) == Rule::lun_out_of_range);
    CHECK(refused(rig, Present{"h", 256, "data"}) == Rule::lun_out_of_range);
    done(rig, Present{"h", 255, "data", Access::read_only});
    CHECK(refused(rig, Present{"h", 255, "logs"}) == Rule::lun_in_use);
    CHECK(refused(rig, DeleteVolume{"data"}) == Rule::is_presented);
    CHECK(refused(rig, Present{"h", 254, "data"}) == Rule::presented_already);
    CHECK(refused(rig, DeleteHost{"h"}) == Rule::host_presented);
    CHECK(refused(rig, Unpresent{"h", 1}) == Rule::no_such_lun);
}

}  // namespace
}  // namespace sunder::emulator::test
