// SPDX-License-Identifier: BSD-3-Clause
//
// The hardware, kind by kind.
#include "scenarios/campaign/hardware.h"

#include "base/random.h"

#include <algorithm>

namespace sunder::campaign {

namespace {

/// Purposes of streams under the seed of a run, beside those of its world.
constexpr std::uint64_t furnishing = 83;

void tear(netsim::NodeSetup& node, RandomStream& dice) {
    node.disk.tears = static_cast<netsim::Tears>(dice.below(4));
}

/// Targets have more room than the mirror, and what lies behind its end is none of it (R5). Volumes
/// are of one size everywhere.
void enlarge(netsim::MirrorSetup& mirror, RandomStream& dice) {
    if (!mirror.volumes.empty()) return;
    mirror.sectors_on.resize(mirror.on.size(), mirror.sectors);
    // The size of the source is that of the mirror.
    for (std::size_t i = 1; i < mirror.on.size(); ++i) {
        mirror.sectors_on[i] = mirror.sectors + 8 * (1 + dice.below(16));
    }
}

}  // namespace

void furnish(netsim::Cluster& cluster, Recipe const& recipe) {
    for (std::size_t n = 0; n < cluster.nodes.size(); ++n) {
        RandomStream dice(recipe.seed, furnishing, n);
        netsim::NodeSetup& node = cluster.nodes[n];
        if (has(recipe.diet, Kind::tearing_disks)) tear(node, dice);
        if (has(recipe.diet, Kind::ignored_flushes)) node.disk.ignores_flushes = dice.below(4) == 0;
        // Of a shared disk, its servers have it.
        bool const server = node.shared_by.empty();
        if (server && has(recipe.diet, Kind::no_merge)) node.bitmap_merge = dice.below(3) != 0;
    }
    RandomStream dice(recipe.seed, furnishing, cluster.nodes.size());
    for (netsim::MirrorSetup& mirror : cluster.mirrors) {
        if (has(recipe.diet, Kind::larger_disks)) enlarge(mirror, dice);
    }
}

}  // namespace sunder::campaign
