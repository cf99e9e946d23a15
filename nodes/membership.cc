// SPDX-License-Identifier: BSD-3-Clause
//
// Who is there.
#include "nodes/membership.h"

#include "base/verify.h"

#include <algorithm>
#include <utility>

namespace sunder::nodes {

Membership::Membership(std::shared_ptr<NodeConfig const> config)
    : config_(std::move(config)),
      peers_(config_->peers.size()),
      hears_(config_->quorum.ask_witnesses ? peers_.size() : 0) {
    loses_quorum();
}

std::size_t Membership::place_of(NodeId peer) const {
    auto const found = std::ranges::find(config_->peers, peer);
    VERIFY(found != config_->peers.end());
    return static_cast<std::size_t>(found - config_->peers.begin());
}
Membership::Peer& Membership::of(NodeId peer) { return peers_[place_of(peer)]; }
Membership::Peer const& Membership::of(NodeId peer) const { return peers_[place_of(peer)]; }

bool Membership::heard(NodeId node, PathId path) {
    if (path == storage_path) {
        return !std::exchange(on_storage(node), true);
    }
    Peer& peer = of(node);
    bool const news = peer.audible == 0;
    peer.audible |= static_cast<std::uint8_t>(1U << path.value);
    peer.ever_heard = true;
    if (news) counts_no_more(peer);
    return news;
}

/// What was done about its silence, which is over.
void Membership::counts_no_more(Peer& peer) {
    ++peer.silences;
    peer.confirmation = GateFacts::Confirmation::not_asked;
    peer.fencing = GateFacts::Fencing::not_begun;
}

void Membership::connected(NodeId node, bool up) {
    Peer& peer = of(node);
    peer.connected = up;
    // One that was shot while it was heard boots before it is missed.
    bool const heard = peer.audible != 0 && peer.fencing != GateFacts::Fencing::not_begun;
    bool const mute = std::exchange(peer.mute, up ? false : peer.mute);
    if (up && (mute || heard)) counts_no_more(peer);
}

bool Membership::unreachable(NodeId node) {
    Peer& peer = of(node);
    if (peer.audible == 0 || peer.connected) return false;
    return !std::exchange(peer.mute, true);
}

bool Membership::silent(NodeId node, PathId path) {
    if (path == storage_path) {
        return std::exchange(on_storage(node), false);
    }
    Peer& peer = of(node);
    if (peer.audible == 0) return false;
    peer.audible &= static_cast<std::uint8_t>(~(1U << path.value));
    if (peer.audible != 0) return false;
    peer.mute = false;
    if (!hears_.empty()) hears_[place_of(node)] = {};
    return true;
}

bool Membership::says_it_hears(NodeId node, NodeSet const& whom) {
    if (hears_.empty()) return false;
    return std::exchange(hears_[place_of(node)], whom) != whom;
}

InServiceFacts::Contact Membership::contact(NodeId node) const {
    using Contact = InServiceFacts::Contact;
    Peer const& peer = of(node);
    if (peer.audible != 0) return Contact::reachable;
    if (peer.ever_heard) return Contact::watched_die;
    return boot_wait_over_ ? Contact::booted_alone : Contact::looking;
}

bool Membership::looking() const {
    return std::ranges::any_of(peers_, [](Peer const& peer) { return !peer.ever_heard; });
}

QuorumFacts Membership::quorum_facts(bool in_touch) const {
    QuorumConfig const& config = config_->quorum;
    QuorumFacts facts;
    facts.mode = config.mode;
    facts.storage = storage_;
    if (facts.mode != QuorumMode::majority) return facts;
    auto const votes = [&](NodeId node) {
        return node == config_->self || (audible(node) && (!in_touch || connected(node)));
    };
    facts.voters = static_cast<unsigned>(config.voters.size());
    facts.heard = static_cast<unsigned>(std::ranges::count_if(config.voters, votes));
    facts.tie_breaker = std::ranges::any_of(config.tie_breakers, votes);
    facts.held = has_quorum(quorum_);
    return facts;
}

bool Membership::loses_quorum() {
    bool const held = has_quorum(quorum_);
    quorum_ = decide_quorum(quorum_facts(false));
    return held && !has_quorum(quorum_);
}

bool Membership::has_quorum_in_touch() const {
    return has_quorum(decide_quorum(quorum_facts(true)));
}

NodeSet Membership::hears() const {
    NodeSet set;
    for (std::size_t p = 0; p < peers_.size(); ++p) {
        if (peers_[p].audible != 0) set.insert(config_->peers[p]);
    }
    return set;
}

bool Membership::heard_by_others(NodeId suspect) const {
    if (of(suspect).on_storage) return true;
    for (std::size_t p = 0; p < hears_.size(); ++p) {
        // Who cannot be asked says nothing; what it said last may be long over.
        bool const asked = peers_[p].audible != 0 && peers_[p].connected;
        if (asked && hears_[p].contains(suspect)) return true;
    }
    return false;
}

GateFacts::Confirmation Membership::confirmation(NodeId peer) const {
    bool const needed =
        std::ranges::find(config_->confirm.from, peer) != config_->confirm.from.end();
    return needed ? of(peer).confirmation : GateFacts::Confirmation::given;
}

GateFacts::Fencing Membership::fencing(NodeId peer) const {
    return config_->fencing ? of(peer).fencing : GateFacts::Fencing::done;
}

std::uint32_t Membership::silence(NodeId peer) const { return of(peer).silences; }

Fingerprint Membership::fingerprint() const {
    Hasher hasher;
    hasher.add(boot_wait_over_ && looking());
    for (Peer const& peer : peers_) {
        hasher.add(peer.audible | std::uint64_t{peer.ever_heard} << 8 |
                   std::uint64_t{peer.connected} << 9 | std::uint64_t{peer.on_storage} << 10 |
                   std::uint64_t{peer.mute} << 11 |
                   static_cast<std::uint64_t>(peer.confirmation) << 16 |
                   static_cast<std::uint64_t>(peer.fencing) << 24);
    }
    for (NodeSet const& whom : hears_) hasher.add(whom.fingerprint());
    if (config_->quorum.mode != QuorumMode::none) {
        hasher.add(static_cast<std::uint64_t>(quorum_) << 1 | std::uint64_t{storage_});
    }
    return hasher.result();
}

}  // namespace sunder::nodes
