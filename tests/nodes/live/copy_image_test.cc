// SPDX-License-Identifier: BSD-3-Clause
//
// An image of a copy from before its resync: it holds what the copy held, over a restart too, gives
// way where there is no room for both, and an operator brings it in service.
#include "nodes/live/copy_image.h"
#include "base/pattern.h"
#include "emulator/media/memory_data.h"
#include "emulator/media/posix_files.h"
#include "emulator/media/store.h"
#include "nodes/live/disk.h"
#include "nodes/live/recording.h"
#include "nodes/live/replayer.h"
#include "tests/nodes/live/pair.h"

#include <catch2/catch.hpp>

#include <map>
#include <set>

namespace sunder::live {
namespace {

using namespace emulator;
namespace media = emulator::media;
using What = replication::note::FallbackImageChanged::What;

constexpr std::uint64_t half = 8 * chunk_sectors;  // of a copy of two volumes

std::vector<std::byte> pattern(std::uint64_t id, std::uint64_t sectors = 8) {
    std::vector<std::byte> bytes(sectors * sector_bytes);
    write_pattern(id, 0, bytes);
    return bytes;
}

void say(media::Driver& driver, Command const& command) {
    auto const answer = driver.carry_out(command);
    if (answer) return;
    auto const* const refusal = std::get_if<Refusal>(&answer.error());
    FAIL((refusal != nullptr ? refusal->words : std::get<media::IoError>(answer.error()).words));
}

void add_volumes(media::Driver& driver, ByteCount capacity) {
    say(driver, command::AddDiskGroup{"dg1", capacity});
    for (char const* const name : {"a", "b"}) {
        say(driver,
            command::AddVolume{name, "dg1", ByteCount{half * sector_bytes}, Vraid::vraid0, true});
    }
}

/// A copy that lies in two volumes of an array.
struct Copy {
    explicit Copy(std::unique_ptr<media::Driver> made, std::uint64_t room = 2 * half)
        : driver(std::move(made)), disk(bad, parts(), false, image_of(room)) {
        driver->start();
    }
    [[nodiscard]] std::vector<CopyImage::Part> parts() const {
        std::vector<CopyImage::Part> all;
        for (char const* const name : {"a", "b"}) {
            auto const id = driver->look_at(
                [&](Array const& array) { return array.state().catalogue.volume_named(name); });
            REQUIRE(id);
            all.push_back({*id, half});
        }
        return all;
    }
    [[nodiscard]] std::unique_ptr<CopyImage> image_of(std::uint64_t room) const {
        return std::make_unique<CopyImage>(*driver, parts(), room);
    }
    CopyImage& image() { return *disk.image(); }
    void write(std::uint64_t sector, std::uint64_t id) {
        auto const done = disk.write({sector, 8}, Payload::pattern(8, id, 0));
        INFO((done ? std::string() : done.error()));
        REQUIRE(done.has_value());
    }
    [[nodiscard]] bool holds(std::uint64_t sector, std::uint64_t id) {
        auto const read = disk.read({sector, 8});
        REQUIRE(read.has_value());
        auto const bytes = read->as_bytes();
        return std::vector(bytes.begin(), bytes.end()) == pattern(id);
    }
    [[nodiscard]] std::set<std::string> volumes() const {
        return driver->look_at([](Array const& array) {
            std::set<std::string> names;
            for (auto const& [id, volume] : array.state().catalogue.volumes) {
                names.insert(volume.name);
            }
            return names;
        });
    }
    void done(CopyImage::Done const& result) const {
        INFO((result ? std::string() : result.error()));
        REQUIRE(result.has_value());
    }

    std::unique_ptr<media::Driver> driver;
    media::Faults faults{1};
    media::BadDisk bad{*driver, faults};
    CopyDisk disk;
};

std::unique_ptr<media::Driver> in_memory(ByteCount capacity = GiB(1),
                                         Overcommit policy = Overcommit::invalidate_snapshots) {
    Profile profile = *find_profile("eva-p6000");
    profile.overcommit = policy;
    auto made = std::make_unique<media::Driver>(Array(profile),
                                                std::make_unique<media::MemoryData>(), nullptr);
    add_volumes(*made, capacity);
    return made;
}

std::set<std::string> const plain{"a", "b"};

TEST_CASE("a copy goes back to its image, which stays until it is dropped") {
    Copy copy(in_memory());
    CHECK_FALSE(copy.image().kept());
    CHECK_FALSE(copy.image().restore().has_value());
    copy.write(0, 1);
    copy.write(half, 2);
    copy.done(copy.image().keep());
    CHECK(copy.image().kept());
    CHECK(copy.image().overwritten_sectors() == 0);
    // Again and again: what the copy held before is still being given up.
    for (std::uint64_t const id : {10, 20, 30}) {
        copy.write(0, id);
        copy.write(half, id + 1);
        copy.write(half - 8, id + 2);
        CHECK(copy.image().overwritten_sectors() == 3 * chunk_sectors);
        copy.done(copy.image().restore());
        CHECK(copy.holds(0, 1));
        CHECK(copy.holds(half, 2));
    }
    copy.done(copy.image().drop());
    CHECK_FALSE(copy.image().kept());
    CHECK(copy.volumes() == plain);
    CHECK(copy.holds(0, 1));
    CHECK_FALSE(copy.image().take_lost());
    copy.done(copy.image().keep());
    copy.done(copy.image().keep());
    CHECK(copy.volumes().size() == 4);
}

TEST_CASE("an image that outgrows its room is given up before it does") {
    Copy copy(in_memory(), 2 * chunk_sectors);
    copy.done(copy.image().keep());
    copy.write(0, 1);
    copy.write(8, 2);
    copy.write(chunk_sectors, 3);
    CHECK(copy.image().kept());
    copy.write(half, 4);
    CHECK_FALSE(copy.image().kept());
    CHECK(copy.volumes() == plain);
    CHECK(copy.image().take_lost());
    CHECK_FALSE(copy.image().take_lost());
    CHECK(copy.holds(half, 4));
}

TEST_CASE("an image gives way to its copy where the array has no room for both") {
    // For all of the copy, and three chunks beside it.
    constexpr ByteCount capacity{(2 * half / chunk_sectors + 3) * chunk_bytes};
    auto const policy = GENERATE(Overcommit::fail_writes, Overcommit::invalidate_snapshots);
    Copy copy(in_memory(capacity, policy));
    for (std::uint64_t at = 0; at < 2 * half; at += chunk_sectors) copy.write(at, 1 + at);
    copy.done(copy.image().keep());
    for (std::uint64_t at = 0; at < 2 * half; at += chunk_sectors) copy.write(at, 1000 + at);
    CHECK_FALSE(copy.image().kept());
    CHECK(copy.image().take_lost());
    CHECK(copy.volumes() == plain);
    for (std::uint64_t at = 0; at < 2 * half; at += chunk_sectors) CHECK(copy.holds(at, 1000 + at));
}

TEST_CASE("an image that an operator deletes in part is missed, and what is left of it dropped") {
    Copy copy(in_memory());
    copy.done(copy.image().keep());
    for (std::string const& name : copy.volumes()) {
        if (plain.contains(name)) continue;
        say(*copy.driver, command::DeleteVolume{name});
        break;
    }
    SECTION("at the next write") {
        copy.write(0, 1);
        CHECK(copy.image().take_lost());
    }
    SECTION("when the copy is to go back to it") {
        CHECK_FALSE(copy.image().restore().has_value());
        CHECK(copy.image().take_lost());
    }
    SECTION("by the next process") { CHECK_FALSE(copy.image_of(2 * half)->kept()); }
    CHECK(copy.volumes() == plain);
}

TEST_CASE("an image outlives its process, and what was overwritten beside it is known again") {
    testing::ScratchFolder const folder;
    auto files = media::posix_folder(folder.path().string());
    REQUIRE(files.has_value());
    auto const in_store = [&](auto opened) {
        REQUIRE(opened.has_value());
        return std::make_unique<media::Driver>(std::move(opened->array), std::move(opened->data),
                                               std::move(opened->keeper));
    };
    {
        auto driver = in_store(media::create_store(**files, *find_profile("eva-p6000")));
        add_volumes(*driver, GiB(1));
        Copy copy(std::move(driver));
        copy.write(0, 1);
        copy.write(half, 2);
        copy.done(copy.image().keep());
        copy.write(0, 3);
        copy.write(half + chunk_sectors, 4);
    }
    {
        Copy copy(in_store(media::open_store(**files)), 2 * chunk_sectors);
        CHECK(copy.image().kept());
        CHECK(copy.image().overwritten_sectors() == 2 * chunk_sectors);
        copy.done(copy.image().restore());
        CHECK(copy.holds(0, 1));
        CHECK(copy.holds(half, 2));
        CHECK(copy.holds(half + chunk_sectors, 0));
        copy.done(copy.image().drop());
    }
    Copy copy(in_store(media::open_store(**files)));
    CHECK_FALSE(copy.image().kept());
    CHECK(copy.volumes() == plain);
}

// With nodes.

Pair::How with_images() {
    Pair::How how;
    how.sectors = KiB(512).bytes / sector_bytes;
    how.fallback_sectors = how.sectors;
    how.resync_rate = Bandwidth{2'000'000};
    how.recorded = true;
    return how;
}

std::map<What, int> told_by(Pair const& pair, unsigned node) {
    std::map<What, int> told;
    for (RecordedLife const& life : lives_in(pair.recordings(node))) {
        auto recording = Recording::open(life);
        REQUIRE(recording.has_value());
        Replayer replayer(recording->setup());
        replayer.mirror_noted = [&](std::size_t, replication::Note const& note) {
            auto const* const image = std::get_if<replication::note::FallbackImageChanged>(&note);
            if (image != nullptr) ++told[image->what];
        };
        while (auto const entry = recording->next()) {
            auto const same = replayer.step(*entry);
            INFO((same ? std::string() : same.error()));
            REQUIRE(same.has_value());
        }
    }
    return told;
}

template <class Asked>
void until_granted(NodeService& node, Asked asked) {
    Pair::wait_until("it is granted", [&] {
        auto const answer = node.driver().ask([&](nodes::AdminId id) {
            asked.request = id;
            return nodes::Input(asked);
        });
        return answer && answer->granted;
    });
}

void until_mirrored(Pair& pair) {
    Pair::wait_until("they mirror", [&] { return pair.mirrors(0) && pair.mirrors(1); });
}

/// The first copy has pattern 2 where the second has pattern 1, and is stopped in the middle of the
/// resync.
void resync_and_stop(Pair& pair) {
    pair.start(0);
    pair.start(1);
    MirroredExport const at = pair.in_service(0);
    until_mirrored(pair);
    std::uint64_t const sectors = pair.setup(0).mirrors[0].config.sectors;
    REQUIRE(pair[0].write(at, 0, pattern(1, sectors), true) == 0);
    // A copy of which that was not stable is no point in time, and nothing to keep.
    Pair::wait_until("the copy is stable", [&] {
        return pair[1].driver().mirror(0).look_at(
            [](replication::MirrorMachine const& machine) { return !machine.cell().applying; });
    });
    pair.stop(1);
    REQUIRE(pair[0].write(at, 0, pattern(2, sectors), true) == 0);
    pair.start(1);
    Pair::wait_until("the resync overwrites the copy", [&] {
        auto const image = pair[1].driver().mirror(0).image();
        return image && image->overwritten_bytes != 0;
    });
    pair.stop(0);
}

TEST_CASE("a target keeps an image until its resync is done") {
    Pair pair(with_images());
    resync_and_stop(pair);
    pair.start(0);
    until_mirrored(pair);
    Pair::wait_until("it is dropped", [&] { return !pair[1].driver().mirror(0).image(); });
    CHECK(pair.image(0) == pair.image(1));
    pair.stop(0);
    pair.stop(1);
    CHECK(told_by(pair, 1) == std::map<What, int>{{What::kept, 1}, {What::dropped, 1}});
    CHECK(told_by(pair, 0).empty());
}

TEST_CASE("an operator forces an image online that outlived its node") {
    Pair pair(with_images());
    resync_and_stop(pair);
    pair.stop(1);
    pair.start(1);
    CHECK(pair[1].driver().mirror(0).image().has_value());
    until_granted(pair[1], nodes::input::Ordered{
                               {}, GroupId{0}, {nodes::Order::Kind::use_fallback_image, {}, 0}});
    until_granted(pair[1], nodes::input::ForceOnline{{}, GroupId{0}});
    MirroredExport const at = pair.in_service(1);
    std::vector<std::byte> bytes(at.sectors * sector_bytes);
    REQUIRE(pair[1].read(at, 0, bytes) == 0);
    CHECK(bytes == pattern(1, at.sectors));
    Pair::wait_until("it is dropped", [&] { return !pair[1].driver().mirror(0).image(); });
    pair.stop(1);
    CHECK(told_by(pair, 1) ==
          std::map<What, int>{{What::kept, 1}, {What::restored, 1}, {What::dropped, 1}});
}

}  // namespace
}  // namespace sunder::live
