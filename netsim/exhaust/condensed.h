// SPDX-License-Identifier: BSD-3-Clause
//
// A world known by its parts, for searches: what each node is, what is in each stream, what is
// pending. Parts do not change and are shared by all worlds that have them, so that such a world is
// a few hundred bytes, is copied at once, and finds in its parts what became of them when the same
// happened to them before (condenser.h).
//
// Not every world can be told so: only one in which all nodes run and are connected, and nothing is
// pending but what machines, disks, stores and streams do (`Condenser::condense`).
#pragma once

#include "base/hash.h"
#include "netsim/world.h"

#include <array>
#include <boost/container/small_vector.hpp>
#include <boost/container/static_vector.hpp>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace sunder::netsim {

struct Effect;

/// One thing that is on its way to a node.
struct Item {
    InTransit what;
    Fingerprint identity = 0;  ///< names and all
    mutable bool marked = false;
};

/// What is on its way to one end of a connection, in order.
struct Stream {
    std::vector<Item const*> items;
    Fingerprint identity = 0;
    Fingerprint print = 0;  ///< what it is in a world's fingerprint
    mutable bool marked = false;
    // Where it was asked for before:
    mutable Stream const* behind_first = nullptr;
    mutable boost::container::small_vector<std::pair<Item const*, Stream const*>, 2> with;
};

/// What a node is, with its machines, disk and store. Timers that were called off are forgotten.
struct Part {
    NodeSim node;
    Fingerprint identity = 0;  ///< names and all, but for time
    Fingerprint identity_of_machine = 0;
    struct OfCopy {
        Fingerprint machine = 0;
        Fingerprint disk = 0;
        Fingerprint store = 0;
        static constexpr std::size_t most_blocks = 4;
        boost::container::static_vector<Content, most_blocks> contents;
        /// By peer, as bits by block: those that its intent log names, and names stably.
        replication::PerCopy<std::uint8_t> named{};
        replication::PerCopy<std::uint8_t> named_stably{};
        bool open = false;
        bool open_apart = false;
        bool keeps_apart = false;  ///< a peer, or is about to
    } of_copy;                     ///< what is asked often; identities; of its only one
    boost::container::static_vector<Fingerprint, 12> words;  ///< what it adds to a fingerprint
    mutable bool marked = false;
    mutable boost::container::small_vector<std::pair<Fingerprint, Effect const*>, 8> effects;
};

/// Everything else, which stays as it is for long.
struct Backdrop {
    World world;  ///< with nothing pending, and nothing in its streams
    Fingerprint identity = 0;
    std::vector<Fingerprint> words;  ///< what it adds to a fingerprint
    mutable bool marked = false;
    /// By kind of what machines have under way: those that are over before it, if begun before.
    std::array<std::uint32_t, static_cast<std::size_t>(last_of_machines) + 1> outlasted{};
    [[nodiscard]] bool outlasts(EventKind longer, EventKind shorter) const {
        return (outlasted[static_cast<std::size_t>(longer)] >> static_cast<unsigned>(shorter) &
                1) != 0;
    }
};

/// Something that is under way.
struct UnderWay {
    Event event;
    std::uint32_t order = 0;
    Fingerprint print = 0;
    Duration due;
};

struct Condensed {
    static constexpr std::size_t most_nodes = 4;
    static constexpr std::size_t most_streams = 12;  ///< as many as four nodes have
    static constexpr std::size_t most_pending = 32;

    Backdrop const* backdrop = nullptr;
    boost::container::static_vector<Part const*, most_nodes> parts;
    boost::container::static_vector<Stream const*, most_streams * 2> streams;
    boost::container::static_vector<UnderWay, most_pending> under_way;  ///< as it was begun
    std::uint32_t next_order = 0;
    std::uint64_t next_request = 0;
    std::uint64_t next_content = 0;
    Duration now;
    bool confined = false;  ///< as World::confined
};

}  // namespace sunder::netsim
