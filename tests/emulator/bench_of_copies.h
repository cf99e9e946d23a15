// SPDX-License-Identifier: BSD-3-Clause
//
// Short words for tests that know which array they want: volumes of four chunks in two disk groups,
// commands that have to succeed, and the rule of one that must not.
#pragma once

#include "tests/emulator/rig.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <string>

namespace sunder::emulator::test {

inline constexpr std::uint64_t four_chunks = 4 * chunk_sectors;
inline constexpr ByteCount four_chunks_size{four_chunks * sector_bytes};

/// "data" in "one" and "logs" in "two", containers "c1" and "c2" of their size.
inline Rig rig_of(std::string_view profile, bool small_group = false) {
    return {*find_profile(profile), four_chunks, small_group};
}

inline void done(Rig& rig, Command const& command) {
    auto const answer = rig.command(command);
    INFO((answer ? std::string() : answer.error().words));
    REQUIRE(answer);
    REQUIRE(rig.wrong() == "");
}

/// The rule that refused it; the rig has seen that nothing changed.
inline Rule refused(Rig& rig, Command const& command) {
    auto const answer = rig.command(command);
    REQUIRE(!answer);
    REQUIRE(rig.wrong() == "");
    RuleText const text = text_of(answer.error().rule);
    CHECK(answer.error().words.ends_with(fmt::format("({})", text.source)));
    return answer.error().rule;
}

inline void rest(Rig& rig) {
    rig.come_to_rest();
    REQUIRE(rig.wrong() == "");
}
inline void look(Rig& rig) {
    rig.compare(true);
    for (std::string const& words : rig.array.audit()) FAIL(words);
    REQUIRE(rig.wrong() == "");
}
inline void write(Rig& rig, std::string const& name, Extent range) {
    REQUIRE(rig.write(rig.id(name), range) == std::nullopt);
    look(rig);
}
/// Synchronized with "data", which is full, in "two": "m".
inline Rig rig_with_mirrorclone() {
    Rig rig = rig_of("eva-xcs6");
    write(rig, "data", {0, four_chunks});
    done(rig, command::AddMirrorclone{"m", "data", "two"});
    rest(rig);
    return rig;
}
/// Leaves the group of "data" so much.
inline void fill_group(Rig& rig, std::uint64_t but = 0) {
    std::uint64_t const free = capacity_of(rig.array.state(), DiskGroupId{1}).free();
    done(rig, command::AddVolume{"filler", "one", {free - but}, Vraid::vraid0});
}
inline MirrorState state_of(Rig& rig, std::string const& mirrorclone) {
    return mirror_state(rig.array.state(), rig.id(mirrorclone));
}

}  // namespace sunder::emulator::test
