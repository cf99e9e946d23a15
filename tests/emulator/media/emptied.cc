// SPDX-License-Identifier: BSD-3-Clause
//
// A volume and its snapshot share a slot, and each is written, so that nobody has it; nothing was
// flushed since. Zeroes are never what a host may find then. Random runs seldom come to this: what
// most of them free was trimmed, and who trims may find zeroes.
#include "tests/emulator/media/emptied.h"

#include "tests/emulator/media/file_medium.h"
#include "tests/emulator/rig.h"

#include <fmt/format.h>

namespace sunder::emulator::media::test {

std::string empty_and_lose_power() {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        auto const medium = std::make_shared<FileMedium>(Tuning{});
        emulator::test::Rig rig(*find_profile("eva-p6000"), 3 * chunk_sectors, false, medium);
        Extent const chunk{0, chunk_sectors};
        VolumeId const data = rig.id("data");
        // One that has nothing there leaves the family a slot more.
        VERIFY(rig.command(command::AddSnapshot{"sunday", "data"}));
        VERIFY(!rig.write(data, chunk));
        VERIFY(rig.command(command::AddSnapshot{"monday", "data"}));
        VERIFY(!rig.write(data, chunk));
        VERIFY(!rig.write(rig.id("monday"), chunk));
        if (rig.array.state().map.slots_waiting() != 1) return "what was left does not wait";
        medium->punch(rig.array);
        rig.power_cut(seed);
        rig.compare(true);
        if (!medium->wrong.empty()) return fmt::format("seed {}: {}", seed, medium->wrong);
        if (!rig.wrong().empty()) return fmt::format("seed {}: {}", seed, rig.wrong());
    }
    return "";
}

}  // namespace sunder::emulator::media::test
