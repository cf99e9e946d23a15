// SPDX-License-Identifier: BSD-3-Clause
//
// One volume behind another, in the order in which they are named.
#include "netsim/volumes.h"

#include "base/verify.h"

#include <fmt/format.h>

#include <algorithm>

namespace sunder::netsim {

Extent extent_of(MirrorSetup const& mirror, std::size_t volume) {
    VERIFY(volume < mirror.volumes.size());
    Extent found{0, mirror.volumes[volume].sectors};
    for (std::size_t v = 0; v < volume; ++v) found.first += mirror.volumes[v].sectors;
    return found;
}

std::vector<Extent> parts_of(MirrorSetup const& mirror) {
    if (mirror.volumes.empty()) return {{0, mirror.sectors}};
    std::vector<Extent> parts;
    for (std::size_t v = 0; v < mirror.volumes.size(); ++v) parts.push_back(extent_of(mirror, v));
    return parts;
}

std::string sectors_in_words(MirrorSetup const& mirror, Extent range) {
    if (mirror.volumes.empty()) {
        return fmt::format("sectors {}..{}", range.first, range.end() - 1);
    }
    std::string words;
    for (std::size_t v = 0; v < mirror.volumes.size(); ++v) {
        Extent const volume = extent_of(mirror, v);
        if (!volume.overlaps(range)) continue;
        words += fmt::format("{} {}..{} of volume {}", words.empty() ? "sectors" : " and",
                             std::max(range.first, volume.first) - volume.first,
                             std::min(range.end(), volume.end()) - 1 - volume.first,
                             mirror.volumes[v].name);
    }
    return words;
}

std::string sector_in_words(MirrorSetup const& mirror, std::uint64_t sector) {
    for (std::size_t v = 0; v < mirror.volumes.size(); ++v) {
        Extent const volume = extent_of(mirror, v);
        if (!volume.contains({sector, 1})) continue;
        return fmt::format("sector {} of volume {}", sector - volume.first, mirror.volumes[v].name);
    }
    return fmt::format("sector {}", sector);
}

}  // namespace sunder::netsim
