// SPDX-License-Identifier: BSD-3-Clause
//
// What a node makes of all its peers together. The in-service decision is about two copies; with
// more of them, one is the one that decides: a source before an owner, an owner before a target,
// whoever has not spoken yet before whoever is silent for good. Pure and total.
#pragma once

#include "nodes/in_service.h"

#include <span>

namespace sunder::nodes {

/// One other copy of the mirror, as this node sees it.
struct PeerFacts {
    InServiceFacts::Contact contact = InServiceFacts::Contact::looking;
    // Of a reachable one:
    InServiceFacts::Peer peer = InServiceFacts::Peer::unknown;
    InServiceFacts::Later later = InServiceFacts::Later::neither;
    bool goes_first = false;  ///< in sync, and before this one (`goes_before`)
    /// It has accepted an era of a node that cannot be asked, later than any that this one has.
    bool heard_of_other = false;
    // Of any:
    bool source = false;       ///< this copy was its target last
    bool left_behind = false;  ///< on record: it misses acknowledged writes (G20)
    friend bool operator==(PeerFacts const&, PeerFacts const&) = default;
};

/// One of several copies that are in sync with a source that is gone.
struct Candidate {
    std::uint16_t priority = 0;  ///< R52; 1 is the highest
    bool waited_for = true;      ///< no write was acknowledged before it had it (R9)
    friend bool operator==(Candidate const&, Candidate const&) = default;
};
/// Which of two copies in sync takes over: the one of the higher priority (R53). That may be one
/// that lags (R54), and takes back what others hold; guarded nodes go by that first (SAF-1).
/// Requires two priorities (R52).
bool goes_before(Candidate a, Candidate b, bool guarded);

/// True when the two are a split brain, seen from the copy whose own facts are `own`.
bool is_split(PeerFacts const& peer, InServiceFacts own);

/// `own` with what follows from the peers: contact, peer, later, outranked, elsewhere.
InServiceFacts outlook(InServiceFacts own, std::span<PeerFacts const> peers);

}  // namespace sunder::nodes
