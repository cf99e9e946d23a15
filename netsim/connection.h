// SPDX-License-Identifier: BSD-3-Clause
//
// A connection between two nodes: two ordered streams that stall while their route is cut, are
// closed by either end, reset, half-open after a node lost power, and replaced by a new life under
// a new id.
#pragma once

#include "base/fifo.h"
#include "base/ids.h"
#include "base/units.h"
#include "netsim/cluster.h"
#include "nodes/seam.h"
#include "replication/message.h"

#include <cstdint>
#include <optional>
#include <variant>

namespace sunder::netsim {

/// What a stream says of itself takes so many bytes.
inline constexpr std::uint64_t word_bytes = 64;

/// First in a stream: the connection is up at the receiving end.
struct Opened {};
/// Last in a stream: the other end closed or reset it.
struct Closed {};
using Carried = std::variant<Opened, Closed, replication::Message, nodes::ControlMessage>;

struct InTransit {
    Duration arrival;
    ConnectionId life;
    std::uint32_t bytes = 0;
    Carried what;
    std::uint64_t step = 0;  ///< of its sender, at the latest (World::heard_of)
};

/// One end of a connection and the stream that leads to it.
struct End {
    NodeId node;
    bool up = false;    ///< the machine at this end was told so
    ConnectionId life;  ///< the life it was told of
    Fifo<InTransit> inbound;
    bool scheduled = false;  ///< a delivery is in the event queue
    bool orphaned = false;   ///< the sender lost power: what the network loses now stays lost
    bool half_open = false;  ///< the sender has given it up and said nothing: all of it arrives
    /// What befalls the next message that the two nodes have for this one, on whichever of their
    /// connections; of the end of the one that is of no mirror.
    std::optional<Damage> damage{};
    std::uint32_t token = 0;
};

struct Connection {
    /// Which group it is a leg of; nothing: control.
    std::optional<GroupId> group;
    End ends[2];
    ConnectionId life;              ///< the newest
    std::uint32_t stall_token = 0;  ///< of the running stall timeout
    bool stalling = false;
    std::uint32_t connect_token = 0;  ///< of the next try to connect
};

}  // namespace sunder::netsim
