// SPDX-License-Identifier: BSD-3-Clause
//
// What a driver does for a request, as values: a plan says which data goes where before the map may
// change, and becomes true when it is committed. Between the two the driver holds the lock of the
// chunk. A plan that is dropped half-way, as in a power cut, has changed nothing that is read.
#pragma once

#include "emulator/map_node.h"

#include <boost/container/small_vector.hpp>
#include <functional>
#include <optional>
#include <utility>
#include <variant>

namespace sunder::emulator {

/// One whole sub-chunk is copied before anything else happens; from nowhere: it is zeroed.
struct Copy {
    std::optional<Place> from;
    Place to;
    friend bool operator==(Copy const&, Copy const&) = default;
};

/// Sectors of a volume and where they lie: from sector `at` of the disk group's store on.
struct Put {
    Extent volume;
    DiskGroupId group;
    std::uint64_t at = 0;
    friend bool operator==(Put const&, Put const&) = default;
};

/// Some sub-chunks of a slot.
struct Shared {
    DiskGroupId group;
    Slot slot = 0;
    Mask mask = no_sub_chunk;
};

/// One map's entry as it will be.
struct EntryChange {
    MapId map;
    Entry entry;
    Mask owned = no_sub_chunk;  ///< of these nobody else uses the places
};

/// What a commit changes between a clone and what it is copied from.
struct LinkChange {
    LinkId link;
    Mask filled = no_sub_chunk;  ///< the one behind has these by itself
    Mask stale = no_sub_chunk;   ///< the other one's are out of date
};

struct Plan {
    MapId map;
    std::uint64_t chunk = 0;
    LineId line;            ///< with `chunk`: what the driver locks until it commits or abandons
    std::uint32_t era = 0;  ///< of the line; no command may come between plan and commit
    bool zeroes = false;    ///< what is put are zeroes
    bool release = false;   ///< a leaf of a dropped map is given up; nothing is copied or put
    boost::container::small_vector<Copy, 2> copies;
    boost::container::small_vector<Put, 2> puts;
    boost::container::small_vector<EntryChange, 1> changes;
    boost::container::small_vector<LinkChange, 1> links;
    boost::container::small_vector<Shared, 4> left;  ///< places that a clone stops reading
    boost::container::small_vector<std::pair<MapId, Slot>, 1> taken;  ///< given back by abandon()
    boost::container::small_vector<MapId, 1> claims;  ///< maps that begin to use the chunk
    boost::container::small_vector<MapId, 1> leaves;  ///< maps that stop using it

    /// Committing it changes nothing in the map.
    [[nodiscard]] bool in_place() const { return changes.empty() && links.empty() && !release; }
};

/// The driver carries out and commits this plan first, under the same lock, and asks again.
struct First {
    Plan plan;
};
/// The driver makes every change up to and including this one durable, and asks again.
struct MakeDurable {
    Commit up_to = 0;
    friend bool operator==(MakeDurable, MakeDurable) = default;
};
/// A slot is needed and not allowed.
struct NoSpace {
    bool claim = false;  ///< for a chunk that its own volume never used; else for a copy's growth
    MapId map;           ///< that would take it
    std::uint64_t chunk = 0;
    Mask mask = no_sub_chunk;  ///< what of the chunk finds no place in the slots there are
    bool guarded = false;      ///< some of them may not be used before something is durable
    friend bool operator==(NoSpace, NoSpace) = default;
};
using Planned = std::variant<Plan, First, MakeDurable, NoSpace>;

/// Whether one more slot may be taken for a map; asked only when one is needed. `claim`: for a
/// chunk that the family's first map begins to use; else for a chunk in which its maps begin to
/// differ.
using Allowances = std::function<bool(MapId, bool claim)>;

/// Where a part of a read lies. Nothing: it reads as zeroes.
struct Segment {
    Extent volume;
    struct At {
        DiskGroupId group;
        std::uint64_t sector = 0;  ///< of the group's store
        friend bool operator==(At const&, At const&) = default;
    };
    std::optional<At> at;
    friend bool operator==(Segment const&, Segment const&) = default;
};

/// In the order of the volume, as long as may be.
using Segments = boost::container::small_vector<Segment, 2>;

/// Requires that `part` begins where what is there ends.
inline void append(Segments& segments, Extent part, std::optional<Segment::At> at) {
    if (!segments.empty()) {
        Segment& last = segments.back();
        bool const goes_on = last.at && at ? last.at->group == at->group &&
                                                 last.at->sector + last.volume.count == at->sector
                                           : !last.at && !at;
        if (goes_on) {
            last.volume.count += part.count;
            return;
        }
    }
    segments.push_back({part, at});
}

}  // namespace sunder::emulator
