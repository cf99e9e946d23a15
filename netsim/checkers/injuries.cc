// SPDX-License-Identifier: BSD-3-Clause
//
// Writing injuries down, and finding them again.
#include "netsim/checkers/injuries.h"

#include "netsim/world.h"

#include <fmt/format.h>
#include <algorithm>

namespace sunder::netsim {

void Injuries::see(World const& world, Observation const& observation) {
    if (auto const* back = std::get_if<seen::RolledBack>(&observation)) {
        if (back->what != seen::RolledBack::What::data && !rolled_back_) rolled_back_ = back->node;
        return;
    }
    auto const* lied = std::get_if<seen::DiskLied>(&observation);
    if (lied == nullptr) return;
    for (Spoilt const& spoilt : lied->spoilt) {
        std::uint64_t position = spoilt.range.first;
        spoilt.there.for_each([&](Piece const& piece) {
            Content const content{piece.id, piece.id == 0 ? 0 : piece.offset - position};
            spots_.push_back({lied->group,
                              {position, piece.sectors},
                              content,
                              {lied->node, lied->how, world.now()}});
            position += piece.sectors;
        });
    }
}

Injury const* Injuries::find(GroupId group, std::uint64_t sector, Content content) const {
    auto const found = std::ranges::find_if(spots_, [&](Spot const& spot) {
        return spot.group == group && spot.content == content && spot.range.contains({sector, 1});
    });
    return found == spots_.end() ? nullptr : &found->injury;
}

std::string Injuries::name(World const& world, Injury const& injury, NodeId found_on) {
    std::string const what =
        fmt::format("{} on {}", name_of(injury.lie), world.node(injury.node).name);
    if (found_on == injury.node) return what;
    return fmt::format("{} that spread to {}", what, world.node(found_on).name);
}

}  // namespace sunder::netsim
