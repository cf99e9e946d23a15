// SPDX-License-Identifier: BSD-3-Clause
//
// Names of things that cross rooms. Each is its own type, so that a node is never passed for a
// group.
#pragma once

#include <compare>
#include <cstdint>

namespace sunder {

/// A strong integer: `Id<struct NodeTag, std::uint8_t>`.
template <class Tag, class Integer>
struct Id {
    Integer value = 0;
    friend constexpr auto operator<=>(Id, Id) = default;
};

using NodeId = Id<struct NodeTag, std::uint8_t>;  ///< a server of the cluster, by place in the file
using GroupId = Id<struct GroupTag, std::uint16_t>;        ///< a mirror group, by place in the file
using ResourceId = Id<struct ResourceTag, std::uint16_t>;  ///< what stands on a mirror, by place
using PathId = Id<struct PathTag, std::uint8_t>;  ///< a communication path between two nodes
using ConnectionId = Id<struct ConnectionTag, std::uint32_t>;  ///< one life of an ordered stream
using RequestId = Id<struct RequestTag, std::uint64_t>;  ///< a host's request, unique in a run
using DiskOpId = Id<struct DiskOpTag, std::uint32_t>;    ///< a disk operation, minted by a machine
using PersistId = Id<struct PersistTag, std::uint32_t>;  ///< a stable store, minted by a machine

}  // namespace sunder
