// SPDX-License-Identifier: BSD-3-Clause
//
// A leg: this copy's relation to one peer, as a variant whose alternatives hold only their own
// data. As source it prepares, resynchronises and mirrors; as target it follows.
#pragma once

#include "replication/bitmap.h"
#include "replication/cell_store.h"
#include "replication/message.h"
#include "replication/note.h"
#include "replication/pace.h"
#include "replication/roster.h"

#include <memory>
#include <variant>

namespace sunder::replication {

/// One round of clearing bits: a barrier goes down the leg and a flush to the own disk; what was
/// clean before and stays clean until both have answered is cleared (G2).
struct Settling {
    bool running = false;
    bool peer_stable = false;
    bool own_stable = false;
    std::uint64_t barrier = 0;  ///< sequence of the settle record
    DiskOpId flush;
    Bitmap candidates;
    Bitmap recent;  ///< touched since the barrier
    [[nodiscard]] Fingerprint fingerprint() const {
        if (!running) return 0;
        return hash_words(candidates.fingerprint(), recent.fingerprint(), barrier,
                          std::uint64_t{peer_stable} << 1 | std::uint64_t{own_stable});
    }
    friend bool operator==(Settling const&, Settling const&) = default;
};

/// What every leg that sends records has.
struct Channel {
    ConnectionId connection;
    std::uint32_t outstanding = 0;  ///< host records sent and not acknowledged (R11)
    bool limit_reached = false;
    bool keeps_bits = false;   ///< the own disk refused a write that the target has
    Generation told;           ///< the generation that the target knows, or is about to
    Era era;                   ///< the era of its source, as it knows it, or is about to
    bool unconfirmed = false;  ///< it has not stored that yet
    Settling settling;
    [[nodiscard]] Fingerprint fingerprint() const {
        return hash_words(std::uint64_t{unconfirmed} << 40 | std::uint64_t{outstanding} << 2 |
                              std::uint64_t{keeps_bits} << 1 | std::uint64_t{limit_reached},
                          told.id, std::uint64_t{era.number} << 8 | era.node.value,
                          settling.fingerprint());
    }
    friend bool operator==(Channel const&, Channel const&) = default;
};

/// A run of chunks on its way to the target. From its read to its place in the channel it locks its
/// range against overlapping writes (G1).
struct Run {
    Extent range;
    DiskOpId read;
    std::uint64_t sequence = 0;  ///< 0 while it is being read
    [[nodiscard]] Fingerprint fingerprint() const {
        return hash_words(range.first, range.count, sequence);
    }
    friend bool operator==(Run const&, Run const&) = default;
};

namespace leg {

struct Disconnected {
    friend bool operator==(Disconnected const&, Disconnected const&) = default;
};
struct Handshaking {
    ConnectionId connection;
    std::shared_ptr<Hello const> theirs;  ///< null until it came
    bool decided = false;
    HandshakeDecision decision;  ///< the last one, so that it is noted once
    /// The hellos that opened this connection, alike on both sides; kept where a policy may end a
    /// split brain by them.
    std::shared_ptr<Hello const> opened_mine;
    std::shared_ptr<Hello const> opened_theirs;
    std::optional<SplitBrainDecision> resolved;  ///< as was noted
    bool said_owner = false;                     ///< by the last hello that went out
    bool said_follows = false;                   ///< the same
    friend bool operator==(Handshaking const& a, Handshaking const& b) {
        bool const same = a.theirs == b.theirs || (a.theirs && b.theirs && *a.theirs == *b.theirs);
        return a.connection == b.connection && same && a.decided == b.decided &&
               a.said_owner == b.said_owner && a.said_follows == b.said_follows &&
               a.decision == b.decision && a.resolved == b.resolved;
    }
};
/// Source: what a continued resync stands on becomes stable, then the target is told and gets
/// ready.
struct Preparing {
    ConnectionId connection;
    ResyncId resync = 0;
    Heard heard;  ///< of the target, when it was decided
    Era era;      ///< in which it was begun
    CellStore::Version version = 0;
    bool full = false;
    bool begun = false;
    friend bool operator==(Preparing const&, Preparing const&) = default;
};
struct Resyncing {
    Channel channel;
    ResyncId resync = 0;
    Bitmap need;  ///< chunks that are not in the channel yet
    std::uint64_t cursor = 0;
    std::uint64_t in_flight = 0;  ///< sectors in runs
    Roster<Run, 2> runs;
    /// All chunks are in the channel; the finish is sent when the cell of this version is stable.
    bool finishing = false;
    bool finish_sent = false;
    CellStore::Version version = 0;
    bool stuck = false;  ///< a read failed; tried again when the settle timer fires
    /// A chunk of `need` that hosts keep busy: no new change of it begins before its run (R45).
    std::optional<std::uint64_t> reserved;
    Pace pace;
    friend bool operator==(Resyncing const&, Resyncing const&) = default;
};
struct Mirroring {
    Channel channel;
    friend bool operator==(Mirroring const&, Mirroring const&) = default;
};
/// Source: nothing is sent until the mirror resumes (R57).
struct Paused {
    ConnectionId connection;
    bool confirmed = false;  ///< the target has stored it
    friend bool operator==(Paused const&, Paused const&) = default;
};
/// Target of this peer.
struct Following {
    /// `pausing`: the pause that opened this connection is being stored. `imaging`: the copy is
    /// kept as an image before the first block of a resync.
    enum class Phase : std::uint8_t { imaging, preparing, pausing, paused, resyncing, mirroring };
    ConnectionId connection;
    Phase phase = Phase::preparing;
    Era era;  ///< of its source
    ResyncId resync = 0;
    CellStore::Version version = 0;  ///< of the cell that makes this copy inconsistent
    Bitmap received;                 ///< chunks that came in runs since the last barrier
    friend bool operator==(Following const&, Following const&) = default;
};

}  // namespace leg

using Leg = std::variant<leg::Disconnected, leg::Handshaking, leg::Preparing, leg::Resyncing,
                         leg::Mirroring, leg::Paused, leg::Following>;

LegState state_of(Leg const&);
/// The connection of a leg that has one.
ConnectionId const* connection_of(Leg const&);
/// The channel of a leg that sends records; null for others.
Channel* channel_of(Leg&);
Channel const* channel_of(Leg const&);
Fingerprint fingerprint(Leg const&);

}  // namespace sunder::replication
