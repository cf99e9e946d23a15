// SPDX-License-Identifier: BSD-3-Clause
//
// The membership machine of one node: what it knows of its peers, and for each mirror the way into
// and out of service. It asks the pure decisions (in_service.h, switchover.h) and commands the
// mirror machines; it never touches a disk.
#pragma once

#include "base/format_fwd.h"
#include "nodes/gate.h"
#include "nodes/membership.h"
#include "nodes/outlook.h"
#include "nodes/seam.h"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sunder::nodes {

/// Where a resource is on its way; each state holds only its own data.
namespace resource {
struct OutOfService {
    friend bool operator==(OutOfService const&, OutOfService const&) = default;
};
/// Every reachable copy stores the era first, then the own group comes in service.
struct Promoting {
    Era era{};
    bool forced = false;
    bool handed_over = false;  ///< its source has left for it (R96)
    bool commanded = false;
    std::uint8_t awaits = 0;   ///< slots that have not stored the era
    std::uint8_t overdue = 0;  ///< those of them that have had time enough
    std::optional<AdminId> admin{};
    friend bool operator==(Promoting const&, Promoting const&) = default;
};
struct Serving {
    friend bool operator==(Serving const&, Serving const&) = default;
};
/// Leaving service, for a peer that asked or for good: first what stands on the mirror (R99), then
/// the mirror.
struct Leaving {
    std::optional<Slot> for_peer{};
    std::uint32_t stayed = 0;  ///< the group's count when it was told to leave
    std::optional<AdminId> admin{};
    bool regardless = false;  ///< whether or not everything on it stops
    bool waits = false;       ///< for what stands on it
    std::uint32_t stuck = 0;  ///< the hierarchy's count when it was told to fall
    friend bool operator==(Leaving const&, Leaving const&) = default;
};
/// The own disk refused a promotion: out of service until this node starts again, the copy follows
/// a source again, or an operator forces.
struct Refused {
    friend bool operator==(Refused const&, Refused const&) = default;
};
/// Waiting for the source to leave service.
struct TakingOver {
    Slot source;
    std::optional<AdminId> admin;  ///< nothing: the source asked for it
    friend bool operator==(TakingOver const&, TakingOver const&) = default;
};
/// An operator named this node the loser of a split brain. The winner confirms that it was not
/// named as well, then the group gives up what it wrote.
struct Conceding {
    AdminId admin;
    Slot winner;
    bool served = false;
    bool granted = false;  ///< the winner has agreed; what stands on the mirror goes first
    std::uint32_t stuck = 0;
    bool commanded = false;
    std::uint32_t conceded = 0;  ///< the group's count when it was told to
    friend bool operator==(Conceding const&, Conceding const&) = default;
};
}  // namespace resource
using ResourceState =
    std::variant<resource::OutOfService, resource::Promoting, resource::Serving, resource::Leaving,
                 resource::Refused, resource::TakingOver, resource::Conceding>;

class NodeMachine {
public:
    explicit NodeMachine(std::shared_ptr<NodeConfig const> config);

    void step(Input const& input, Outbox& out) noexcept;

    [[nodiscard]] Fingerprint fingerprint() const;
    /// Of all that is in it, names and counts too (identity.cc).
    [[nodiscard]] Fingerprint identity() const;

    // For displays and state checkers.
    [[nodiscard]] NodeConfig const& config() const { return *config_; }
    [[nodiscard]] ResourceState const& state(std::size_t resource) const {
        return resources_[resource].state;
    }
    [[nodiscard]] Membership const& members() const { return members_; }
    [[nodiscard]] bool serving(std::size_t resource) const {
        return std::holds_alternative<resource::Serving>(resources_[resource].state);
    }
    [[nodiscard]] std::optional<InServiceDecision> last_decision(std::size_t resource) const {
        return resources_[resource].decision;
    }
    /// Another server is to go on with its disk.
    [[nodiscard]] bool stands_down() const { return stands_down_; }
    /// It may come in service, but something has to come first.
    [[nodiscard]] bool waits_at_gate(std::size_t resource) const;
    /// A peer that is heard has not stored the era of its promotion in time: how that is waited
    /// for.
    [[nodiscard]] std::optional<EraRule> overdue_era(std::size_t resource) const;
    /// The timer that was armed for this peer still counts.
    [[nodiscard]] bool awaits_era(input::EraWaitOver const& wait) const;
    /// By which rule it is where it is.
    [[nodiscard]] std::optional<replication::RuleText> last_rule(std::size_t resource) const;

private:
    template <class T>
    friend struct sunder::Format;  // nodes/state_format.h
    friend std::string flaw_of(NodeMachine const& read);

    /// What a peer said of its copy.
    struct Known {
        std::shared_ptr<Cell const> cell;  // null: nothing yet
        bool in_service = false;
        bool taking_over = false;
        bool conceding = false;
        bool fit = false;
        std::optional<Slot> source;
        Generation told_outdated;  // the generation that it was told to lack
    };
    struct Resource {
        ResourceState state;
        control::Claim told;  // what all connected peers were told last
        replication::Report report;
        replication::PerCopy<Known> known{};
        std::optional<InServiceDecision> decision;
        GateRule gate = GateRule::open;  // of a decision to come in
        bool switched_back = false;      // it has been asked for in this boot, automatically
        bool gave_back = false;          // and was taken out of service here for that
        bool taken_out = false;          // by an operator, here
        std::uint8_t taken_out_at = 0;   // at these peers, as they said last
        struct Ordered {
            AdminId admin;
            std::uint32_t obeyed = 0;  // the group's count when it was told
        };
        /// By peer: of how many failures it was told when it was asked to take over.
        replication::PerCopy<std::uint32_t> asked_to_take_over{};
        std::optional<Slot> asked{};  // it has not answered yet
        /// The same of the other server of a shared disk.
        std::uint32_t asked_other_server = 0;
        bool awaits_other_server = false;
        StoredHierarchy hierarchy{};       // what stands on the mirror, as it is stable
        std::uint32_t storing = 0;         // the version that is on its way there
        std::uint32_t versions = 0;        // that this node has made, or tried to
        std::optional<AdminId> editing{};  // wants to hear that it is
        struct Extending {
            AdminId admin;
            Extension edit;
            StoredHierarchy next;
            PeerMask first = 0;   // who joins or leaves goes by it before all others
            PeerMask awaits = 0;  // have been asked to store it
            bool agreed = true;   // all that stay go by it before this node does
            bool begun = false;   // somebody goes by it
        };
        std::optional<Extending> extending{};
        hierarchy::Report above{};         // what became of it here
        std::uint32_t commands_above = 0;  // how many it was given
        std::optional<AdminId> raising{};  // wants to hear whether it has come up
        std::optional<Ordered> ordered;    // until the group has obeyed
        /// Peers wait until it is stable here that this copy has nothing after these.
        replication::PerCopy<Generation> outdated_for{};
        Era raised;  // above a third node's; the group may not have stored it yet
        /// Promoting peers wait for these eras to be stable here.
        replication::PerCopy<Era> era_asked{};
        /// By peer: how often it was asked for an era in this boot, which tells its timers apart.
        replication::PerCopy<std::uint16_t> era_asks{};
        bool recording = false;  // that the mirror was created
        /// By peer: as it said last in this boot it neither led the mirror nor was about to.
        replication::PerCopy<bool> followed{};
        /// By peer: the era in which it said last in this boot that it led; none where it was about
        /// to in one that is not known.
        replication::PerCopy<std::optional<Era>> led{};
        replication::PerCopy<bool> split_noted{};
        replication::PerCopy<bool> told_dead{};  // the group knows that the peer was shot
    };
    void peer_heard(input::PeerHeard const&, Outbox&);
    void peer_silent(input::PeerSilent const&, Outbox&);
    void connected(NodeId peer, bool up, Outbox&);
    void meet(std::size_t, Slot, Outbox&);
    void message(input::MessageArrived const&, Outbox&);
    void claimed(std::size_t, Slot, control::Claim const&, Outbox&);
    void reported(std::size_t, replication::Report const&, Outbox&);
    void forget_refusal(std::size_t);
    void tell_outdated(std::size_t, Outbox&);
    void answer_outdated(std::size_t, Outbox&);
    void force_online(input::ForceOnline const&, Outbox&);
    void switch_over(input::SwitchOver const&, Outbox&);
    void resolve_split_brain(input::ResolveSplitBrain const&, Outbox&);
    void concede_asked(std::size_t, Slot, Outbox&);
    void concede_answered(std::size_t, Slot, bool granted, Outbox&);
    void concede(std::size_t, Outbox&);
    void concession_refused(std::size_t, ResolutionRule, Outbox&);
    void conceded(std::size_t, Outbox&);
    void order(input::Ordered const&, Outbox&);
    [[nodiscard]] OrderFacts order_facts(std::size_t, std::optional<Slot> target,
                                         Order const&) const;
    void carry_out(std::size_t, std::optional<Slot> target, input::Ordered const&, Outbox&);
    void bring_in(std::size_t, AdminId, Outbox&);
    void outbid(std::size_t, Slot, Outbox&);
    void hear_left_behind(std::size_t, control::Claim const&, Outbox&);
    void hear_taken_out(std::size_t, Slot, control::Claim const&);
    [[nodiscard]] ResolutionFacts resolution_facts(std::size_t, Slot) const;
    void give_up(std::size_t, Slot, Outbox&);
    void switch_back(std::size_t, Slot, Outbox&);
    void give_up_unasked(std::size_t, Outbox&);
    void asked_to_take_over(std::size_t, Slot, Outbox&);
    void find_successor(std::size_t, Outbox&);
    [[nodiscard]] bool asks_other_server(std::size_t, std::uint32_t failed, Outbox&);
    void no_other_server(Outbox&);
    void nobody_takes_over(std::size_t, Slot, Outbox&);
    void begin_taking_over(std::size_t, Slot, std::optional<AdminId>, Outbox&);
    void stayed_in_service(std::size_t, Slot asker, Outbox&);

    // What stands on the mirror, and leaves service before it (leaving.cc).
    [[nodiscard]] bool stands_free(std::size_t) const;
    /// `again`: what has failed here is tried once more.
    void raise(std::size_t, bool again, Outbox&);
    void lower(std::size_t, bool regardless, Outbox&);
    void leave(std::size_t, resource::Leaving, Outbox&);
    void demote(std::size_t, Outbox&);
    void does_not_leave(std::size_t, Outbox&);
    void edit_hierarchy(input::EditHierarchy const&, Outbox&);
    [[nodiscard]] EditRule may_edit(std::size_t, HierarchyEdit const&) const;
    [[nodiscard]] StoredHierarchy next_hierarchy(std::size_t);
    void store_hierarchy(std::size_t, StoredHierarchy, Outbox&);
    void hierarchy_stored(StoredHierarchy const&, Outbox&);
    void tell_hierarchy(std::size_t, NodeId peer, Outbox&);

    // To which servers the mirror is extended (extending.cc).
    [[nodiscard]] PeerMask peers(std::size_t r) const {
        return peers_of(r, resources_[r].hierarchy.extended);
    }
    /// Those of a mirror that is extended to these, as this node would see it.
    [[nodiscard]] PeerMask peers_of(std::size_t, PeerMask extended) const;
    [[nodiscard]] bool is_extended_here(std::size_t) const;
    [[nodiscard]] NodeSet extended_to(std::size_t) const;
    [[nodiscard]] bool refuses_unextended(std::optional<std::size_t>, AdminId, Outbox&);
    [[nodiscard]] ExtensionFacts extension_facts(std::size_t, Extension const&) const;
    void edit_extension(input::EditExtension const&, Outbox&);
    void ask_to_extend(std::size_t, PeerMask whom, Outbox&);
    void advance_extending(std::size_t, Outbox&);
    void extension_asked(std::size_t, Slot, StoredHierarchy const& next, Outbox&);
    void extension_refused(std::size_t, std::uint32_t version, ExtensionRule, Outbox&);
    void extension_unanswered(std::size_t, Slot, Outbox&);
    /// True when that is what it is about, or when who says it is no peer.
    bool heard_of_extension(std::size_t, Slot, ControlMessage const&, Outbox&);
    void hierarchy_heard(std::size_t, Slot, StoredHierarchy const&, Outbox&);
    [[nodiscard]] bool leaves_out_wrongly(std::size_t, StoredHierarchy const&) const;
    void contradict(std::size_t, StoredHierarchy const&, Outbox&);
    void tell_group_extent(std::size_t, Outbox&);
    void extension_changed(std::size_t, PeerMask was_extended, bool agreed, Outbox&);
    /// R117: what stands on the disk is on its way down, and a mirror is built below it.
    [[nodiscard]] bool is_migrating(std::size_t) const;
    void advance_migration(std::size_t, Outbox&);
    void give_up_migration(std::size_t, ExtensionRule, Outbox&);
    [[nodiscard]] bool is_to_be_created(std::size_t) const;
    void create_if_alone(std::size_t, Outbox&);
    void record_creation(std::size_t, Outbox&);
    [[nodiscard]] Fingerprint fingerprint_of_changes(std::size_t) const;
    [[nodiscard]] Fingerprint fingerprint_of(std::size_t) const;
    [[nodiscard]] Fingerprint fingerprint_of(std::size_t, Slot peer) const;

    // What stands on the mirror, continued (leaving.cc).
    void hierarchy_reported(std::size_t, hierarchy::Report const&, Outbox&);
    void stand_down(Outbox&);
    [[nodiscard]] std::uint32_t failures(std::size_t) const;

    // What has to come first, and what is done without quorum (takeover.cc).
    void members_changed(Outbox&);
    void tell_whom_it_hears(NodeId peer, Outbox&);
    void leave_without_quorum(std::size_t, Outbox&);
    [[nodiscard]] GateFacts gate_facts(std::size_t, InServiceDecision) const;
    [[nodiscard]] bool passes_gate(std::size_t, InServiceDecision, Outbox&);
    void ask_for_confirmation(NodeId peer, Outbox&);
    void confirm_failover(input::ConfirmFailover const&, Outbox&);
    void confirmation_over(input::ConfirmationOver const&, Outbox&);
    void confirmed(NodeId peer, bool proceeds, note::Confirmed::By, Outbox&);
    void shoot(NodeId peer, Outbox&);
    void shot_due(input::ShotDue const&, Outbox&);
    void fenced(input::Fenced const&, Outbox&);
    void fence_who_may_promote(std::size_t, Outbox&);
    void leave_behind_who_never_promotes(std::size_t, Outbox&);
    [[nodiscard]] bool takes_nothing_over(NodeId peer) const;
    /// Peers with a copy that may have it in service, unheard. A record that they were left behind
    /// may be older than what they have become; faithful nodes do not think of that.
    template <class Visit>
    void for_each_suspect(std::size_t r, Visit&& visit) const {
        for_each_peer(r, [&](Slot slot, NodeId peer) {
            bool const past = !config_->guarded && is_left_behind(r, slot);
            if (!members_.audible(peer) && !past && !never_serves(r, slot)) visit(peer);
        });
    }

    void reconsider(std::size_t, Outbox&);
    void reconsider_all(Outbox&);
    void promote(std::size_t, resource::Promoting, Outbox&);
    [[nodiscard]] bool still_fit(std::size_t) const;
    void give_up_promotion(std::size_t, Outbox&);
    void promotion_refused(std::size_t, Outbox&);
    void ask_for_era(std::size_t, Slot, Outbox&);
    void era_raised(std::size_t, Slot, Era, Outbox&);
    void era_wait_over(input::EraWaitOver const&, Outbox&);
    [[nodiscard]] EraRule era_rule(std::size_t, Slot) const;
    [[nodiscard]] bool awaits_eras(std::size_t, Outbox&);
    void era_stored(std::size_t, Slot, Era, Outbox&);
    void spare(NodeId);
    void spare_overdue(std::size_t);
    void advance_promotion(std::size_t, Outbox&);
    void peer_left(std::size_t, Slot, Outbox&);
    void check_two_sources(std::size_t, Slot, Outbox&);
    void claim(std::size_t, Outbox&);
    void claim_to(std::size_t, NodeId peer, Outbox&);
    [[nodiscard]] control::Claim present(std::size_t) const;
    [[nodiscard]] bool told_all(std::size_t) const;
    /// An era that both have accepted belongs to the node that it names.
    [[nodiscard]] bool has_later_era(Era mine, Era theirs, NodeId peer) const;
    /// The copy is a target for ever, and comes in service by nobody's word.
    [[nodiscard]] bool never_serves(std::size_t r, Slot slot) const {
        return (config_->resources[r].never_in_service & replication::bit_of(slot)) != 0;
    }
    [[nodiscard]] InServiceFacts::Copy own_copy(std::size_t) const;
    [[nodiscard]] InServiceFacts facts(std::size_t, bool forced) const;
    [[nodiscard]] Candidate candidate(std::size_t r, Slot slot) const;
    [[nodiscard]] PeerFacts peer_facts(std::size_t, Slot) const;
    [[nodiscard]] bool may_have_led(std::size_t, NodeId) const;
    [[nodiscard]] bool follows_unasked(std::size_t, Slot) const;
    [[nodiscard]] bool is_left_behind(std::size_t, Slot) const;
    [[nodiscard]] bool goes_on_without(std::size_t, Slot) const;
    [[nodiscard]] InServiceFacts::Later later(std::size_t, Slot peer) const;
    [[nodiscard]] SwitchoverFacts switchover_facts(std::size_t) const;
    [[nodiscard]] std::optional<Slot> serving_peer(std::size_t) const;

    [[nodiscard]] std::optional<std::size_t> find(GroupId) const;
    [[nodiscard]] std::optional<Slot> slot_of(std::size_t, NodeId) const;
    /// All others that have a disk for a copy.
    template <class Visit>
    void for_each_server(std::size_t r, Visit&& visit) const {
        ResourceConfig const& config = config_->resources[r];
        for (std::uint8_t slot = 0; slot < config.members.size(); ++slot) {
            if (Slot{slot} != config.self) visit(Slot{slot}, config.members[slot]);
        }
    }
    /// Those to which the mirror is extended, if it is extended to this one.
    template <class Visit>
    void for_each_peer(std::size_t r, Visit&& visit) const {
        PeerMask const peers = this->peers(r);
        for_each_server(r, [&](Slot slot, NodeId peer) {
            if ((peers & replication::bit_of(slot)) != 0) visit(slot, peer);
        });
    }

    std::shared_ptr<NodeConfig const> config_;
    Membership members_;
    std::vector<Resource> resources_;
    bool continues_ = false;
    bool stands_down_ = false;
};

}  // namespace sunder::nodes
