// SPDX-License-Identifier: BSD-3-Clause
//
// What is read back is what was kept, apart from what a restart changes: that is worked out here
// from the marks that the store has, not taken from what was found.
#include "tests/emulator/media/read_back.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

namespace sunder::emulator::media::test {

namespace {

/// In a region that hosts may have been writing, both sides of a mirror may differ.
Link restarted(Link link, std::set<std::uint64_t> const& marked) {
    for (std::uint64_t const region : marked) {
        std::uint64_t const end = std::min((region + 1) * intent_chunks, link.lacking.size());
        for (std::uint64_t chunk = region * intent_chunks; chunk < end; ++chunk) {
            switch (link.mode) {
                case LinkMode::follow:
                    link.lacking.add(chunk, whole_chunk);
                    break;
                case LinkMode::apart:
                    link.changed.add(chunk, whole_chunk);
                    break;
                case LinkMode::come_back:  // what the source still lacks it gets from there
                    link.changed.add(chunk, without(whole_chunk, link.lacking.at(chunk)));
                    break;
                case LinkMode::push:
                    break;
            }
        }
    }
    link.intents.clear();
    return link;
}

std::string difference_of_families(BlockMap const& found, BlockMap const& kept) {
    if (found.families().size() != kept.families().size()) return "other families";
    for (auto const& [id, family] : kept.families()) {
        auto const there = found.families().find(id);
        if (there == found.families().end()) return "a family is missing";
        if (there->second.members != family.members) return "other members of a family";
        if (there->second.slots != family.slots) return "other slots of a family";
        for (MapId const map : family.members) {
            BlockMap::Member left = found.member(map);
            BlockMap::Member right = kept.member(map);
            for (auto* const side : {&left, &right}) {
                std::sort(side->ahead.begin(), side->ahead.end());
            }
            if (!(left == right)) return fmt::format("another map {}", map.value);
        }
    }
    return "";
}

std::string difference_of_links(BlockMap const& found, BlockMap const& kept,
                                FileMedium::Marks const& marks) {
    if (found.links().size() != kept.links().size()) return "other links";
    for (auto const& [id, link] : kept.links()) {
        auto const there = found.links().find(id);
        if (there == found.links().end()) return "a link is missing";
        auto const marked = marks.find(id);
        bool const none = marked == marks.end();
        Link const expected = restarted(link, none ? std::set<std::uint64_t>{} : marked->second);
        if (!(there->second == expected)) {
            return fmt::format("another link {}, which is {}", id.value, name_of(link.mode));
        }
    }
    return "";
}

std::string difference(State const& found, State const& kept, FileMedium::Marks const& marks) {
    if (!(found.catalogue == kept.catalogue)) return "another catalogue";
    bool const rest = found.licensed == kept.licensed && found.profile == kept.profile &&
                      found.leaving == kept.leaving && found.owners == kept.owners;
    if (!rest) return "other profile, owners or maps that leave";
    if (auto words = difference_of_families(found.map, kept.map); !words.empty()) return words;
    return difference_of_links(found.map, kept.map, marks);
}

}  // namespace

std::string read_back(FileMedium const& medium, Array const& array) {
    FileMedium after = medium.after_kill();
    std::optional<Array> found;
    if (auto words = after.open(found); !words.empty()) return words;
    return difference(found->state(), array.state(), medium.marks);
}

}  // namespace sunder::emulator::media::test
