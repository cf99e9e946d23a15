// SPDX-License-Identifier: BSD-3-Clause
//
// What one copy of a mirror group keeps on stable storage beside its data: identity, state of the
// copy, and what is known of each peer. It is stored as one cell, old or new after a crash and
// never mixed, so that every transition of the machines is atomic by construction.
#pragma once

#include "base/describe.h"
#include "base/hash.h"
#include "base/ids.h"

#include <array>
#include <boost/container/small_vector.hpp>
#include <boost/container/static_vector.hpp>
#include <compare>
#include <cstdint>
#include <string_view>

namespace sunder::replication {

/// One source and up to seven targets (R50).
inline constexpr unsigned max_copies = 8;

/// Place of a copy in its group's list of members: small, dense, the same on every node.
using Slot = Id<struct SlotTag, std::uint8_t>;

/// A set of copies.
using PeerMask = std::uint8_t;
constexpr PeerMask bit_of(Slot copy) { return static_cast<PeerMask>(1U << copy.value); }
/// All of so many.
constexpr PeerMask all_copies(std::size_t copies) {
    return static_cast<PeerMask>((1U << copies) - 1);
}

/// Everything known per copy of the group. The own slot is unused.
template <class T>
using PerCopy = std::array<T, max_copies>;

/// The same for what is large: as many as the group has copies, so that copying the usual pair does
/// not copy room for eight.
template <class T>
using PerMember = boost::container::small_vector<T, 2>;

enum class Role : std::uint8_t { source, target };
/// `outdated`: consistent, and known to miss acknowledged writes (C.4). `consistent`: some point in
/// time, perhaps the latest. Only `up_to_date` is known to be the latest.
enum class DataState : std::uint8_t { inconsistent, outdated, consistent, up_to_date };

/// Why a generation was minted; a forced one condemns what it was forced past (R129).
enum class Minted : std::uint8_t { created, without_peer, forced };

/// A point from which two copies may differ (C.1). Id 0: none.
struct Generation {
    std::uint64_t id = 0;
    Minted why = Minted::created;
    friend constexpr bool operator==(Generation a, Generation b) { return a.id == b.id; }
    [[nodiscard]] constexpr explicit operator bool() const { return id != 0; }
};

/// One stay in service: later eras refuse everything that earlier ones left on the wire (SAF-7).
struct Era {
    std::uint32_t number = 0;
    NodeId node;
    friend constexpr auto operator<=>(Era, Era) = default;
};

/// Names one resynchronisation, so that it can be continued and its lost finish recognised (G18).
using ResyncId = std::uint64_t;

/// Whether this copy is kept apart from its source (R57, R58).
enum class Apart : std::uint8_t {
    no,
    paused,   ///< no record comes, and hosts of this node may read and write
    written,  ///< they did: what they wrote is overwritten when the mirror resumes (R59)
};

/// What creation gives to every copy that holds data then (R91, R44), unless it has a name of its
/// own.
inline constexpr Generation made_with{1, Minted::created};

struct PeerRecord {
    /// The peer has everything acknowledged up to this generation; none: it has missed nothing.
    /// Stable before the first write is acknowledged without the peer (G20).
    Generation base;
    /// A finish may have reached the peer, which then holds the current generation, whatever `base`
    /// says. Stable before the finish is sent; the next write without the peer needs a generation
    /// of its own.
    bool may_be_current = false;
    /// The resync towards this peer that is under way or was the last; 0: none.
    ResyncId resync = 0;
    bool paused = false;  ///< as source: an operator keeps the peer apart (R57)
    /// It mirrored with this copy once, or with one that this copy followed, for all that is known.
    bool met = false;
    friend constexpr bool operator==(PeerRecord const&, PeerRecord const&) = default;
};

inline constexpr unsigned history_length = 8;
using History = boost::container::static_vector<Generation, history_length>;

/// The state of the copy that its array keeps as an image since a resync began (DESIGN 4).
struct FallbackImage {
    Generation current;  ///< none: there is no image
    History history;
    friend bool operator==(FallbackImage const&, FallbackImage const&) = default;
};

struct Cell {
    // Identity.
    Generation current;
    History history;  ///< earlier generations, newest first
    Era era;          ///< the highest that this copy has accepted
    // The copy.
    Role role = Role::target;
    DataState data = DataState::inconsistent;
    bool pristine = false;      ///< nobody has ever written (R44); kept only without an intent log
    bool applying = false;      ///< unflushed records may be on the disk, in any order
    bool last_owner = false;    ///< R23
    bool data_corrupt = false;  ///< R24
    Apart apart = Apart::no;
    FallbackImage fallback;
    /// R11, R13: records outstanding towards an asynchronous target; 0: none was ever allowed.
    std::uint32_t asynchronous_limit = 0;
    /// While inconsistent: the resync that is making this copy; else the one that made it.
    ResyncId resync = 0;
    // The peers.
    PerCopy<PeerRecord> peers{};

    /// Makes `fresh` the current generation and remembers the old one. The oldest is forgotten.
    void succeed(Generation fresh);
    /// The copy is whole no more. A resync that had made it whole is over and cannot be continued.
    void tear();
    /// Whom a source keeps apart is nobody's business once it is a target.
    void forget_pauses();
    /// A copy that follows another cannot know whom that one has met: it takes it for all.
    void has_followed();
    /// As creation made it, and has met nobody since.
    [[nodiscard]] bool is_newborn() const { return current == made_with && era.number == 0; }
    /// Forgets everything later than `past`, which is current from now on; none: everything.
    void go_back_to(Generation past);
    /// True when `id` is the current generation or a remembered earlier one.
    [[nodiscard]] bool descends_from(std::uint64_t id) const;
    /// The same, or `id` is what a peer was left behind with, which no history needs to remember.
    [[nodiscard]] bool has_gone_past(std::uint64_t id) const;

    [[nodiscard]] Fingerprint fingerprint() const;
    friend bool operator==(Cell const&, Cell const&) = default;
};

std::string_view name_of(Role);
std::string_view name_of(DataState);
std::string_view name_of(Apart);
std::string_view name_of(Minted);

SUNDER_DESCRIBE(Generation, id, why);
SUNDER_DESCRIBE(Era, number, node);
SUNDER_DESCRIBE(PeerRecord, base, may_be_current, resync, paused, met);
SUNDER_DESCRIBE(FallbackImage, current, history);
SUNDER_DESCRIBE(Cell, current, history, era, role, data, pristine, applying, last_owner,
                data_corrupt, apart, fallback, asynchronous_limit, resync, peers);

}  // namespace sunder::replication
