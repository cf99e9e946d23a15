// SPDX-License-Identifier: BSD-3-Clause
//
// How two copies of a group are related, judged by their cells alone: which one holds the later
// data, or whether both went their own way. Pure and symmetric; what follows from it is decided
// elsewhere (the handshake here, the in-service decision in nodes).
#pragma once

#include "replication/cell.h"

namespace sunder::replication {

enum class Kinship : std::uint8_t {
    same,        ///< one generation; says nothing about bits that remain (SAF-18)
    self_later,  ///< the peer's generation is an ancestor of mine
    peer_later,
    diverged,    ///< both were written after they parted: split brain (R31)
    unrelated,   ///< no generation in common
    self_blank,  ///< I was never written
    peer_blank,
};

struct Relation {
    Kinship kinship = Kinship::same;
    /// The later copy has counted bits since the earlier one's generation or before it, so that its
    /// intent log names all that the earlier one may miss. True for `same`, too.
    bool tracked = false;
    /// The later copy came in service by force after the point where the earlier one stopped.
    bool forced = false;
    friend bool operator==(Relation, Relation) = default;
};

/// The relation between my cell and a peer's. `self` and `peer` are the places of both copies.
Relation relate(Cell const& mine, Slot self, Cell const& theirs, Slot peer);

/// The last generation that both copies held, to which `mine` can go back so that the intent log
/// towards `peer` names all that it changed since; none when there is no such generation.
Generation last_shared(Cell const& mine, Cell const& theirs, Slot peer, Slot self);

/// The same relation seen from the other side.
Relation mirrored(Relation);

}  // namespace sunder::replication
