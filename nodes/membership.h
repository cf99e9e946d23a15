// SPDX-License-Identifier: BSD-3-Clause
//
// What a node knows of the other nodes, whatever mirrors they share: who is heard, who was watched
// dying, whom the others hear, and what was done about the dead. It counts votes and answers
// questions; it decides nothing about a mirror, and tells nobody anything.
#pragma once

#include "nodes/config.h"
#include "nodes/gate.h"
#include "nodes/in_service.h"
#include "nodes/node_set.h"

#include <memory>
#include <optional>
#include <vector>

namespace sunder::nodes {

/// The network; beats that are read from a shared disk (R67) come on the path after it.
inline constexpr PathId network_path{0};
inline constexpr PathId storage_path{1};

class Membership {
public:
    explicit Membership(std::shared_ptr<NodeConfig const> config);

    // What happens. Each returns whether it changed anything.
    bool heard(NodeId peer, PathId path);
    bool silent(NodeId peer, PathId path);
    bool says_it_hears(NodeId peer, NodeSet const& whom);
    void connected(NodeId peer, bool up);
    /// Its beats arrive, but no connection to it can be made.
    bool unreachable(NodeId peer);
    /// It was to be shot because it did not answer, and does.
    void answered(NodeId peer) { counts_no_more(of(peer)); }
    void boot_wait_over() { boot_wait_over_ = true; }
    void confirmation(NodeId peer, GateFacts::Confirmation now) { of(peer).confirmation = now; }
    void fencing(NodeId peer, GateFacts::Fencing now) { of(peer).fencing = now; }
    /// Counts the votes anew. True when quorum was lost by that.
    bool loses_quorum();

    // What is known.
    [[nodiscard]] InServiceFacts::Contact contact(NodeId peer) const;
    /// It is heard, and can be asked or may be soon.
    [[nodiscard]] bool audible(NodeId peer) const { return lives(peer) && !of(peer).mute; }
    /// It is heard, whether or not it can be asked.
    [[nodiscard]] bool lives(NodeId peer) const { return of(peer).audible != 0; }
    [[nodiscard]] bool mute(NodeId peer) const { return lives(peer) && of(peer).mute; }
    [[nodiscard]] bool connected(NodeId peer) const { return of(peer).connected; }
    /// True while the end of the boot wait would tell it anything: some peer was never heard.
    [[nodiscard]] bool looking() const;
    [[nodiscard]] QuorumRule quorum() const { return quorum_; }
    /// The same, counting only who can also be asked: the last word of others on those who cannot
    /// be heard may be long over.
    [[nodiscard]] bool has_quorum_in_touch() const;
    [[nodiscard]] NodeSet hears() const;
    /// Somebody else hears a node that this one does not: another node, or the shared disk.
    [[nodiscard]] bool heard_by_others(NodeId peer) const;
    [[nodiscard]] GateFacts::Confirmation confirmation(NodeId peer) const;
    [[nodiscard]] GateFacts::Fencing fencing(NodeId peer) const;
    /// Which silence of the peer this is, counted; tells timers of one from those of another.
    [[nodiscard]] std::uint32_t silence(NodeId peer) const;

    [[nodiscard]] Fingerprint fingerprint() const;

private:
    struct Peer {
        std::uint8_t audible = 0;  // paths of the network on which it is heard
        bool on_storage = false;   // its beats on the shared disk go on
        bool ever_heard = false;
        bool connected = false;
        bool mute = false;           // no connection to it can be made, though it may be heard
        std::uint32_t silences = 0;  // that have ended
        // About its present silence:
        GateFacts::Confirmation confirmation = GateFacts::Confirmation::not_asked;
        GateFacts::Fencing fencing = GateFacts::Fencing::not_begun;
    };
    static void counts_no_more(Peer& peer);
    [[nodiscard]] std::size_t place_of(NodeId peer) const;
    [[nodiscard]] Peer& of(NodeId peer);
    [[nodiscard]] Peer const& of(NodeId peer) const;
    [[nodiscard]] QuorumFacts quorum_facts(bool in_touch) const;
    /// Whether beats of a node go on on the shared disk; of this one, whether it is reached.
    [[nodiscard]] bool& on_storage(NodeId node) {
        return node == config_->self ? storage_ : of(node).on_storage;
    }

    std::shared_ptr<NodeConfig const> config_;
    std::vector<Peer> peers_;     // in the order of config_->peers
    std::vector<NodeSet> hears_;  // whom each of them hears, as it said last; where that is asked
    bool boot_wait_over_ = false;
    bool storage_ = false;  // the shared disk is reached
    QuorumRule quorum_ = QuorumRule::minority;
};

}  // namespace sunder::nodes
