// SPDX-License-Identifier: BSD-3-Clause
//
// Of mirrors that hosts write, in each mode of their links, a store that is opened again holds what
// it was told, and the marks of regions that may differ count until the store is told that they are
// gone; that a difference is noticed.
#include "tests/emulator/media/read_back.h"
#include "tests/emulator/rig.h"

#include <catch2/catch.hpp>

#include <utility>

namespace sunder::emulator::media::test {
namespace {

using emulator::test::Rig;

struct Mirrored {
    std::shared_ptr<FileMedium> medium = std::make_shared<FileMedium>(Tuning{});
    Rig rig{*find_profile("eva-p6000"), 4 * chunk_sectors, false, medium};

    Mirrored() {
        write("data");
        REQUIRE(rig.command(command::AddMirrorclone{"m", "data"}));
        rig.come_to_rest();
    }
    void write(char const* name, std::uint64_t chunk = 0) {
        REQUIRE(!rig.write(rig.id(name), {chunk * chunk_sectors, chunk_sectors}));
    }
    [[nodiscard]] Link const& link() const { return rig.array.state().map.links().begin()->second; }
    [[nodiscard]] bool mark_is_kept() const { return !medium->marks.empty(); }
    [[nodiscard]] std::string found() const { return read_back(*medium, rig.array); }

    /// The mark is kept and needed; then kept although nobody needs it; then it is gone.
    void see_a_mark_come_and_go(LinkMode mode) {
        INFO(name_of(mode));
        write("data");
        rig.flush();
        REQUIRE(link().mode == mode);
        REQUIRE(link().intents.size() == 1);
        REQUIRE(mark_is_kept());
        CHECK(found() == "");
        // By the second of two flushes after a write its region is in order, if both had anything
        // to say: another chunk each time.
        write("logs", static_cast<std::uint64_t>(mode));
        rig.flush();
        REQUIRE(link().intents.empty());
        REQUIRE(mark_is_kept());
        CHECK(found() == "");
        auto const marks = std::exchange(medium->marks, {});
        CHECK(found().starts_with("another link"));
        medium->marks = marks;
        medium->remember(rig.array);
        REQUIRE(!mark_is_kept());
        CHECK(found() == "");
        medium->marks = marks;
        CHECK(found().starts_with("another link"));
        medium->remember(rig.array);
    }
};

TEST_CASE("the mark of a region that hosts wrote is read back until the store is told its end") {
    Mirrored mirrored;
    mirrored.see_a_mark_come_and_go(LinkMode::follow);
    REQUIRE(mirrored.rig.command(command::Fracture{"m"}));
    mirrored.see_a_mark_come_and_go(LinkMode::apart);
    REQUIRE(mirrored.rig.command(command::RestoreMirrorclone{"m"}));
    mirrored.see_a_mark_come_and_go(LinkMode::come_back);
    CHECK(mirrored.rig.wrong() == "");
}

}  // namespace
}  // namespace sunder::emulator::media::test
