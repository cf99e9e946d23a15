// SPDX-License-Identifier: BSD-3-Clause
//
// Which of several peers decides.
#include "nodes/outlook.h"

#include "base/mutant.h"

#include <algorithm>

namespace sunder::nodes {

namespace {

using Facts = InServiceFacts;
using Contact = Facts::Contact;

/// The higher, the more this peer has to say. Reachable peers only.
unsigned weight(PeerFacts const& peer) {
    // Among equals the one whose data leaves least choice.
    unsigned const data = peer.later == Facts::Later::diverged  ? 3
                          : peer.later == Facts::Later::peer    ? 2
                          : peer.later == Facts::Later::neither ? 1
                                                                : 0;
    switch (peer.peer) {
        case Facts::Peer::in_service:
            return 50 + data;
        case Facts::Peer::unknown:
            return 30;
        case Facts::Peer::last_owner:
            // One that is earlier than this copy forbids nothing, but what it says of itself.
            return data == 3 ? 40 : data == 0 ? 12 : 20 + data;
        case Facts::Peer::not_owner:
            return data == 3 ? 40 : data == 2 ? 15 : 10 + data;
    }
    return 0;
}

/// What the peers that cannot be reached come to.
Contact silence(std::span<PeerFacts const> peers, bool only_source) {
    Contact found = Contact::no_peer;
    for (PeerFacts const& peer : peers) {
        if (peer.contact == Contact::reachable || (only_source && !peer.source)) continue;
        bool const looks = peer.contact == Contact::looking || found == Contact::looking;
        bool const died = peer.contact == Contact::watched_die || found == Contact::watched_die;
        found = looks ? Contact::looking : died ? Contact::watched_die : Contact::booted_alone;
    }
    return found;
}

/// A last owner asks whether somebody may have taken over from it. Whoever may yet be heard is
/// waited for, for an operator forces in service whom he likes (R87). Then, who was left behind had
/// no right to, but by shooting this node before it had a word in return; of the others one that
/// answers is enough where nothing is guarded, as in the product, which does not ask what the rest
/// became (R24).
bool is_answered(Facts const& own, PeerFacts const& peer) {
    if (peer.contact == Contact::reachable) return true;
    if (own.copy == Facts::Copy::outdated) return false;  // somebody has told it of another source
    if (peer.contact == Contact::looking) return false;
    return own.guarded ? peer.left_behind && !own.fenced : true;
}

}  // namespace

bool goes_before(Candidate a, Candidate b, bool guarded) {
    if (guarded && !mutant(Mutant::lagging_copy_goes_first) && a.waited_for != b.waited_for)
        return a.waited_for;
    return a.priority < b.priority;
}

bool is_split(PeerFacts const& peer, InServiceFacts own) {
    own.forced = false;
    own.contact = peer.contact;
    own.peer = peer.peer;
    own.later = peer.later;
    return decide_in_service(own).answer == Answer::split_brain;
}

InServiceFacts outlook(InServiceFacts own, std::span<PeerFacts const> peers) {
    own.contact = Contact::no_peer;
    if (peers.empty()) return own;
    PeerFacts const* decisive = nullptr;
    for (PeerFacts const& peer : peers) {
        if (peer.contact != Contact::reachable) continue;
        if (decisive == nullptr || weight(*decisive) < weight(peer)) decisive = &peer;
        own.outranked = own.outranked || peer.goes_first;
        own.elsewhere = own.elsewhere || peer.heard_of_other;
    }
    if (decisive == nullptr) {
        own.contact = silence(peers, false);
        return own;
    }
    own.contact = Contact::reachable;
    own.peer = decisive->peer;
    own.later = decisive->later;
    bool const open = own.later == Facts::Later::self || own.later == Facts::Later::neither;
    bool const later_owner = own.peer == Facts::Peer::last_owner && own.later == Facts::Later::self;
    if (!later_owner && !(own.peer == Facts::Peer::not_owner && open)) return own;
    // Nobody who answers forbids it. Whether silence means death is the question.
    if (own.last_owner) {
        bool const all = std::ranges::all_of(
            peers, [&](PeerFacts const& peer) { return is_answered(own, peer); });
        if (!all) own.contact = silence(peers, false);
    } else if (later_owner) {
        return own;
    } else if (Contact const source = silence(peers, true); source != Contact::no_peer) {
        own.contact = source;
    }
    return own;
}

}  // namespace sunder::nodes
