// SPDX-License-Identifier: BSD-3-Clause
//
// Kinship by generations, after C.2 without its role bits: our generations are minted by need only.
#include "replication/kinship.h"

#include <algorithm>

namespace sunder::replication {

namespace {

/// True when a forced generation lies between `past` (exclusive) and the current one of `later`.
bool forced_since(Cell const& later, Generation past) {
    if (later.current == past) return false;
    if (later.current.why == Minted::forced) return true;
    for (Generation const& generation : later.history) {
        if (generation == past) return false;
        if (generation.why == Minted::forced) return true;
    }
    return false;  // `past` is older, and nothing that was forgotten since was forced
                   // (Cell::succeed)
}

/// True when `holder` has counted bits since `past`, or since an ancestor of it: a superset.
bool tracks(Cell const& holder, Generation base, Generation past) {
    if (!base) return false;
    if (base == past) return true;
    for (Generation const& generation : holder.history) {
        if (generation == base) return false;  // `past` is older than what is counted
        if (generation == past) return true;
    }
    return false;
}

/// FLT-4: a copy that is as it was created, although the other has met it, lies on another disk
/// now. It holds nothing, whatever it says; all copies of a mirror that was born in sync said it
/// (R44). A copy that follows takes all others for met; so of an owner that somebody was forced
/// past it is not sure, and that is for an operator to say (R129).
bool was_made_anew(Cell const& newborn, Slot place, Cell const& other) {
    if (!newborn.is_newborn() || !other.peers[place.value].met) return false;
    return !newborn.last_owner || !forced_since(other, newborn.current);
}

bool share_history(Cell const& a, Cell const& b) {
    return std::ranges::any_of(a.history,
                               [&](Generation past) { return b.descends_from(past.id); });
}

}  // namespace

Relation relate(Cell const& mine, Slot self, Cell const& theirs, Slot peer) {
    if (!theirs.current && !mine.current) return {Kinship::same, true, false};
    if (!theirs.current) return {Kinship::peer_blank, false, false};
    if (!mine.current) return {Kinship::self_blank, false, false};
    if (was_made_anew(theirs, peer, mine)) return {Kinship::peer_blank, false, false};
    if (was_made_anew(mine, self, theirs)) return {Kinship::self_blank, false, false};
    if (mine.current == theirs.current) return {Kinship::same, true, false};

    Generation const my_base = mine.peers[peer.value].base;
    Generation const their_base = theirs.peers[self.value].base;
    bool const theirs_is_past = mine.descends_from(theirs.current.id) || my_base == theirs.current;
    bool const mine_is_past = theirs.descends_from(mine.current.id) || their_base == mine.current;
    if (theirs_is_past) {
        return {Kinship::self_later, tracks(mine, my_base, theirs.current),
                forced_since(mine, theirs.current)};
    }
    if (mine_is_past) {
        return {Kinship::peer_later, tracks(theirs, their_base, mine.current),
                forced_since(theirs, mine.current)};
    }
    // Neither descends from the other: a common ancestor makes it split brain, none makes it
    // strangers.
    if (my_base && my_base == their_base) return {Kinship::diverged, false, false};
    if (share_history(mine, theirs)) return {Kinship::diverged, false, false};
    return {Kinship::unrelated, false, false};
}

Generation last_shared(Cell const& mine, Cell const& theirs, Slot peer, Slot self) {
    Generation const my_base = mine.peers[peer.value].base;
    Generation const their_base = theirs.peers[self.value].base;
    auto const theirs_too = [&](Generation past) {
        return theirs.descends_from(past.id) || their_base == past;
    };
    if (mine.current && theirs_too(mine.current)) return mine.current;
    if (!my_base) return {};  // nobody counted what was changed since
    for (Generation const& past : mine.history) {
        if (theirs_too(past)) return past;
        if (past == my_base) return {};  // what is older is not counted
    }
    return theirs_too(my_base) ? my_base : Generation{};
}

Relation mirrored(Relation relation) {
    switch (relation.kinship) {
        case Kinship::self_later:
            relation.kinship = Kinship::peer_later;
            break;
        case Kinship::peer_later:
            relation.kinship = Kinship::self_later;
            break;
        case Kinship::self_blank:
            relation.kinship = Kinship::peer_blank;
            break;
        case Kinship::peer_blank:
            relation.kinship = Kinship::self_blank;
            break;
        case Kinship::same:
        case Kinship::diverged:
        case Kinship::unrelated:
            break;
    }
    return relation;
}

}  // namespace sunder::replication
