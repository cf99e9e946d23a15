// SPDX-License-Identifier: BSD-3-Clause
//
// What a node knows: peers on their paths, claims of their copies, reports of its own groups.
#include "nodes/node_machine.h"

#include "base/verify.h"

#include <algorithm>

namespace sunder::nodes {

NodeMachine::NodeMachine(std::shared_ptr<NodeConfig const> config)
    : config_(std::move(config)),
      views_(config_->peers.size()),
      resources_(config_->resources.size()) {}

void NodeMachine::step(Input const& input, Outbox& out) noexcept {
    struct Step {
        NodeMachine& node;
        Outbox& out;
        void operator()(input::Started const&) const {
            for (NodeId const peer : node.config_->peers) out.put(output::Watch{peer});
            if (!node.config_->peers.empty()) out.put(output::ArmBootWait{});
        }
        void operator()(input::PeerHeard const& in) const { node.peer_heard(in, out); }
        void operator()(input::PeerSilent const& in) const { node.peer_silent(in, out); }
        void operator()(input::ConnectionUp const& in) const { node.connected(in.peer, true, out); }
        void operator()(input::ConnectionDown const& in) const {
            node.connected(in.peer, false, out);
        }
        void operator()(input::MessageArrived const& in) const { node.message(in, out); }
        void operator()(input::GroupReported const& in) const {
            auto const r = node.find(in.group);
            VERIFY(r.has_value());
            node.reported(*r, in.report, out);
        }
        void operator()(input::BootWaitOver const&) const {
            node.boot_wait_over_ = true;
            node.reconsider_all(out);
        }
        void operator()(input::ForceOnline const& in) const { node.force_online(in, out); }
        void operator()(input::SwitchOver const& in) const { node.switch_over(in, out); }
        void operator()(input::Ordered const& in) const { node.order(in, out); }
        void operator()(input::ResolveSplitBrain const& in) const {
            node.resolve_split_brain(in, out);
        }
    };
    std::visit(Step{*this, out}, input);
}

std::optional<std::size_t> NodeMachine::find(GroupId group) const {
    for (std::size_t r = 0; r < config_->resources.size(); ++r) {
        if (config_->resources[r].group == group) return r;
    }
    return std::nullopt;
}

std::optional<Slot> NodeMachine::slot_of(std::size_t r, NodeId node) const {
    auto const& members = config_->resources[r].members;
    auto const found = std::ranges::find(members, node);
    if (found == members.end()) return std::nullopt;
    return Slot{static_cast<std::uint8_t>(found - members.begin())};
}

NodeMachine::PeerView& NodeMachine::view(NodeId peer) {
    auto const found = std::ranges::find(config_->peers, peer);
    VERIFY(found != config_->peers.end());
    return views_[static_cast<std::size_t>(found - config_->peers.begin())];
}
NodeMachine::PeerView const& NodeMachine::view(NodeId peer) const {
    return const_cast<NodeMachine*>(this)->view(peer);
}

void NodeMachine::peer_heard(input::PeerHeard const& in, Outbox& out) {
    PeerView& peer = view(in.peer);
    bool const news = peer.audible == 0;
    peer.audible |= static_cast<std::uint8_t>(1U << in.path.value);
    peer.ever_heard = true;
    if (!news) return;
    out.note(note::PeerSeen{in.peer});
    // One that never lost this node, on a connection that held, has no reason to repeat its claims.
    for (ResourceConfig const& resource : config_->resources) {
        bool const shared = std::ranges::find(resource.members, in.peer) != resource.members.end();
        if (shared && peer.connected)
            out.put(output::Send{in.peer, control::SayAgain{resource.group}});
    }
    reconsider_all(out);
}

void NodeMachine::peer_silent(input::PeerSilent const& in, Outbox& out) {
    PeerView& peer = view(in.peer);
    if (peer.audible == 0) return;
    peer.audible &= static_cast<std::uint8_t>(~(1U << in.path.value));
    if (peer.audible != 0) return;
    out.note(note::PeerLost{in.peer});
    for (std::size_t r = 0; r < resources_.size(); ++r) {
        std::optional<Slot> const slot = slot_of(r, in.peer);
        if (!slot) continue;
        resources_[r].known[slot->value] = Known{};
        out.put(output::GroupCommand{config_->resources[r].group,
                                     replication::command::PeerGone{*slot}});
        peer_left(r, *slot, out);
    }
    reconsider_all(out);
}

void NodeMachine::connected(NodeId peer, bool up, Outbox& out) {
    bool const replaced = up && view(peer).connected;
    view(peer).connected = up;
    for (std::size_t r = 0; r < resources_.size(); ++r) {
        std::optional<Slot> const slot = slot_of(r, peer);
        if (!slot) continue;
        // What was said on another connection may be out of date by now.
        resources_[r].known[slot->value] = Known{};
        resources_[r].split_noted[slot->value] = false;
        if (up) {
            // What was asked on the connection before this one may never have arrived.
            if (replaced && std::holds_alternative<resource::TakingOver>(resources_[r].state)) {
                peer_left(r, *slot, out);
            }
            ask_for_era(r, *slot, out);
            claim_to(r, peer, out);
            tell_outdated(r, out);
            find_successor(r, out);
        } else {
            peer_left(r, *slot, out);
        }
    }
    if (up) reconsider_all(out);
}

void NodeMachine::message(input::MessageArrived const& in, Outbox& out) {
    GroupId const group = std::visit([](auto const& said) { return said.group; }, in.message);
    std::optional<std::size_t> const r = find(group);
    std::optional<Slot> const slot = r ? slot_of(*r, in.peer) : std::nullopt;
    if (!slot) return;  // a mirror that this node has no copy of
    struct Hear {
        NodeMachine& node;
        std::size_t r;
        Slot slot;
        NodeId peer;
        Outbox& out;
        void operator()(control::Claim const& said) const { node.claimed(r, slot, said, out); }
        void operator()(control::SayAgain const&) const { node.claim_to(r, peer, out); }
        void operator()(control::RaiseEra const& said) const {
            out.put(output::GroupCommand{said.group, replication::command::RaiseEra{said.era}});
            // The group stores it; the answer goes out with the report that says so.
            Resource& resource = node.resources_[r];
            if (resource.report.cell && resource.report.cell->era >= said.era) {
                out.put(output::Send{peer, control::EraStored{said.group, said.era}});
            } else {
                resource.era_asked[slot.value] = said.era;
            }
        }
        void operator()(control::EraStored const& said) const {
            auto* promoting = std::get_if<resource::Promoting>(&node.resources_[r].state);
            if (promoting == nullptr || said.era < promoting->era) return;
            promoting->awaits &= static_cast<std::uint8_t>(~(1U << slot.value));
            node.advance_promotion(r, out);
        }
        void operator()(control::YouAreOutdated const& said) const {
            node.resources_[r].outdated_for = said.by;
            node.resources_[r].outdated_asker = slot;
            out.put(output::GroupCommand{said.group, replication::command::MarkOutdated{said.by}});
            node.answer_outdated(r, out);
        }
        void operator()(control::OutdatedStored const& said) const {
            // A late answer to an earlier absence says nothing about the present one.
            auto const& cell = node.resources_[r].report.cell;
            if (!cell || cell->current != said.by) return;
            out.put(
                output::GroupCommand{said.group, replication::command::PeerKnowsOutdated{slot}});
        }
        void operator()(control::Concede const&) const { node.concede_asked(r, slot, out); }
        void operator()(control::ConcedeAnswered const& said) const {
            node.concede_answered(r, slot, said.granted, out);
        }
        void operator()(control::TakeOver const&) const { node.asked_to_take_over(r, slot, out); }
        void operator()(control::TakeOverRefused const&) const {
            node.nobody_takes_over(r, slot, out);
        }
        void operator()(control::GiveUp const&) const { node.give_up(r, slot, out); }
        void operator()(control::GiveUpRefused const& said) const {
            auto* taking = std::get_if<resource::TakingOver>(&node.resources_[r].state);
            if (taking == nullptr || taking->source != slot) return;
            std::optional<AdminId> const admin = taking->admin;
            node.resources_[r].state = resource::OutOfService{};
            out.note(note::SwitchoverRefused{said.group, said.rule});
            if (admin) out.put(output::AdminReply{*admin, false, text_of(said.rule).name});
            node.claim(r, out);
            node.reconsider(r, out);
        }
    };
    std::visit(Hear{*this, *r, *slot, in.peer, out}, in.message);
}

void NodeMachine::claimed(std::size_t r, Slot slot, control::Claim const& said, Outbox& out) {
    Resource& resource = resources_[r];
    Known& known = resource.known[slot.value];
    hear_taken_out(r, slot, said);
    known.cell = said.cell;
    known.in_service = said.in_service;
    known.taking_over = said.taking_over;
    known.conceding = said.conceding;
    known.fit = said.fit;
    known.source = said.source;
    hear_left_behind(r, said, out);
    check_two_sources(r, slot, out);
    outbid(r, slot, out);
    // Of two that come in service at once the later era does; the group knows how far it has come.
    if (auto const* promoting = std::get_if<resource::Promoting>(&resource.state);
        promoting != nullptr && said.in_service && said.cell->era > promoting->era) {
        out.put(output::GroupCommand{config_->resources[r].group,
                                     replication::command::RaiseEra{said.cell->era}});
    }
    if (auto* taking = std::get_if<resource::TakingOver>(&resource.state);
        taking != nullptr && taking->source == slot && !said.in_service &&
        said.cell->role == replication::Role::target) {
        promote(r, {.handed_over = true, .admin = taking->admin}, out);
        return;
    }
    reconsider(r, out);
}

/// The peer has accepted the era of a third node, which never came in service or is gone; this one
/// serves, and raises its own above it.
void NodeMachine::outbid(std::size_t r, Slot slot, Outbox& out) {
    Resource const& resource = resources_[r];
    Known const& known = resource.known[slot.value];
    bool const serves = std::holds_alternative<resource::Serving>(resource.state);
    if (!serves || !known.cell || !(known.cell->era > resource.report.cell->era)) return;
    // Whose target it is leads it. Two that cannot hear each other would take it from each other
    // for ever.
    if (known.source && *known.source != config_->resources[r].self) return;
    NodeId const third = known.cell->era.node;
    if (third == config_->self || third == config_->resources[r].members[slot.value]) return;
    std::optional<Slot> const place = slot_of(r, third);
    bool const audible = place && view(third).audible != 0;
    if (audible && may_have_led(r, third)) return;  // one of the two will step down
    Era const raised{known.cell->era.number + 1, config_->self};
    if (!(raised > resource.raised)) return;
    resources_[r].raised = raised;
    out.put(
        output::GroupCommand{config_->resources[r].group, replication::command::RaiseEra{raised}});
}

/// A third copy holds later data. The source that left this one behind may never come to say so.
void NodeMachine::hear_left_behind(std::size_t r, control::Claim const& said, Outbox& out) {
    Resource const& resource = resources_[r];
    bool const third = config_->resources[r].members.size() > 2 && !said.cell->last_owner;
    bool const whole = said.cell->data != replication::DataState::inconsistent;
    if (!third || !whole || !resource.report.cell || resource.report.open) return;
    replication::PeerRecord const& record = said.cell->peers[config_->resources[r].self.value];
    if (!record.base || record.may_be_current) return;
    out.put(output::GroupCommand{config_->resources[r].group,
                                 replication::command::MarkOutdated{said.cell->current}});
}

control::Claim NodeMachine::present(std::size_t r) const {
    Resource const& resource = resources_[r];
    auto const* conceding = std::get_if<resource::Conceding>(&resource.state);
    control::Claim claim;
    claim.group = config_->resources[r].group;
    claim.cell = resource.report.cell;
    claim.taking_over = std::holds_alternative<resource::Promoting>(resource.state) ||
                        std::holds_alternative<resource::TakingOver>(resource.state);
    claim.conceding = conceding != nullptr;
    claim.taken_out = resource.taken_out;
    if (config_->resources[r].members.size() > 2 && claim.cell) {
        claim.source = resource.report.source;
        claim.fit = std::holds_alternative<resource::OutOfService>(resource.state) &&
                    own_copy(r) == InServiceFacts::Copy::in_sync;
    }
    claim.in_service = resource.report.open ||
                       std::holds_alternative<resource::Leaving>(resource.state) ||
                       (conceding != nullptr && conceding->served);
    return claim;
}

void NodeMachine::claim_to(std::size_t r, NodeId peer, Outbox& out) {
    control::Claim const now = present(r);
    if (now.cell && view(peer).connected) out.put(output::Send{peer, now});
}

/// False when there is something to tell; that a copy is being written is not.
bool NodeMachine::told_all(std::size_t r) const {
    control::Claim const now = present(r);
    control::Claim const& told = resources_[r].told;
    bool const same = told.in_service == now.in_service && told.taking_over == now.taking_over &&
                      told.conceding == now.conceding && told.taken_out == now.taken_out &&
                      told.fit == now.fit && told.source == now.source;
    if (!same || !told.cell || !now.cell) return same && told.cell == now.cell;
    if (told.cell == now.cell) return true;
    Cell cell = *now.cell;
    cell.applying = told.cell->applying;
    return cell == *told.cell;
}

void NodeMachine::claim(std::size_t r, Outbox& out) {
    control::Claim const now = present(r);
    if (!now.cell || told_all(r)) return;
    resources_[r].told = now;
    for_each_peer(r, [&](Slot, NodeId peer) { claim_to(r, peer, out); });
}

/// Tells peers that writes were, or are about to be, acknowledged without them. The last owner does
/// so in whatever state it is: it may never come in service, and then nobody else would (SAF-1). A
/// copy that is not last owner says nothing: what it once had on record of a peer may be long
/// overtaken by what that peer has become.
void NodeMachine::tell_outdated(std::size_t r, Outbox& out) {
    Resource& resource = resources_[r];
    if (!resource.report.cell || !resource.report.cell->last_owner) return;
    for_each_peer(r, [&](Slot slot, NodeId peer) {
        Known& known = resource.known[slot.value];
        replication::PeerRecord const& record = resource.report.cell->peers[slot.value];
        Generation const by = resource.report.cell->current;
        bool const misses = record.base && !record.may_be_current;
        if (!misses || known.told_outdated == by || !view(peer).connected) return;
        known.told_outdated = by;
        out.put(output::Send{peer, control::YouAreOutdated{config_->resources[r].group, by}});
    });
}

/// A copy that follows a source again is judged by what it is then, not by a promotion that its
/// disk refused in another time.
void NodeMachine::forget_refusal(std::size_t r) {
    Resource& resource = resources_[r];
    if (!std::holds_alternative<resource::Refused>(resource.state)) return;
    bool follows = false;
    for_each_peer(r, [&](Slot slot, NodeId) {
        follows = follows || resource.report.legs[slot.value] >= replication::LegState::resyncing;
    });
    if (!follows || resource.report.open || resource.report.passing) return;
    resource.state = resource::OutOfService{};
    resource.decision.reset();
}

/// "p has said so and stored it": the answer waits for the stable cell.
void NodeMachine::answer_outdated(std::size_t r, Outbox& out) {
    Resource& resource = resources_[r];
    if (!resource.outdated_for || !resource.report.cell) return;
    replication::DataState const data = resource.report.cell->data;
    bool const stored =
        data == replication::DataState::outdated || data == replication::DataState::inconsistent;
    if (!stored || resource.report.cell->descends_from(resource.outdated_for->id)) return;
    NodeId const asker = config_->resources[r].members[resource.outdated_asker->value];
    if (view(asker).connected) {
        out.put(output::Send{
            asker, control::OutdatedStored{config_->resources[r].group, *resource.outdated_for}});
    }
    resource.outdated_for.reset();
}

void NodeMachine::reported(std::size_t r, replication::Report const& report, Outbox& out) {
    Resource& resource = resources_[r];
    GroupId const group = config_->resources[r].group;
    resource.report = report;
    forget_refusal(r);
    for_each_peer(r, [&](Slot slot, NodeId asker) {
        Era& asked = resource.era_asked[slot.value];
        if (asked == Era{} || report.cell->era < asked) return;
        if (view(asker).connected) out.put(output::Send{asker, control::EraStored{group, asked}});
        asked = Era{};
    });
    answer_outdated(r, out);
    if (auto const* promoting = std::get_if<resource::Promoting>(&resource.state)) {
        if (report.open) {
            out.note(note::CameInService{group, report.cell->era, promoting->forced});
            if (promoting->admin) out.put(output::AdminReply{*promoting->admin, true, "granted"});
            resource.state = resource::Serving{};
        } else if (report.refused == promoting->era) {
            promotion_refused(r, out);
        }
    } else if (auto const* leaving = std::get_if<resource::Leaving>(&resource.state)) {
        if (leaving->for_peer && report.stayed != leaving->stayed) {
            stayed_in_service(r, *leaving->for_peer, out);
        } else if (!report.open && !report.passing) {
            out.note(note::LeftService{group});
            if (leaving->admin) out.put(output::AdminReply{*leaving->admin, true, "granted"});
            resource.state = resource::OutOfService{};
        }
    } else if (auto const* conceding = std::get_if<resource::Conceding>(&resource.state)) {
        if (report.conceded != conceding->conceded && !report.passing) conceded(r, out);
    } else if (std::holds_alternative<resource::Serving>(resource.state) && !report.open) {
        resource.state = resource::Leaving{};  // its group has conceded by itself
    }
    if (resource.ordered && report.obeyed != resource.ordered->obeyed) {
        OrderRule const rule = report.order_failed ? OrderRule::in_transition : OrderRule::granted;
        out.put(
            output::AdminReply{resource.ordered->admin, !report.order_failed, text_of(rule).name});
        resource.ordered.reset();
    }
    for_each_peer(r, [&](Slot slot, NodeId) { outbid(r, slot, out); });
    for_each_peer(r, [&](Slot slot, NodeId peer) {
        bool const split = report.split[slot.value];
        if (split && !resource.split_noted[slot.value]) out.note(note::SplitBrain{group, peer});
        resource.split_noted[slot.value] = split;
        check_two_sources(r, slot, out);
    });
    claim(r, out);
    tell_outdated(r, out);
    find_successor(r, out);
    reconsider(r, out);
}

std::string_view name_of(ControlMessage const& message) {
    struct Name {
        std::string_view operator()(control::Claim const&) const { return "claim"; }
        std::string_view operator()(control::SayAgain const&) const { return "say_again"; }
        std::string_view operator()(control::RaiseEra const&) const { return "raise_era"; }
        std::string_view operator()(control::EraStored const&) const { return "era_stored"; }
        std::string_view operator()(control::YouAreOutdated const&) const {
            return "you_are_outdated";
        }
        std::string_view operator()(control::OutdatedStored const&) const {
            return "outdated_stored";
        }
        std::string_view operator()(control::Concede const&) const { return "concede"; }
        std::string_view operator()(control::ConcedeAnswered const&) const {
            return "concede_answered";
        }
        std::string_view operator()(control::TakeOver const&) const { return "take_over"; }
        std::string_view operator()(control::TakeOverRefused const&) const {
            return "take_over_refused";
        }
        std::string_view operator()(control::GiveUp const&) const { return "give_up"; }
        std::string_view operator()(control::GiveUpRefused const&) const {
            return "give_up_refused";
        }
    };
    return std::visit(Name{}, message);
}

Fingerprint fingerprint(ControlMessage const& message) {
    struct Print {
        Fingerprint operator()(control::Claim const& said) const {
            return hash_words(1, said.cell ? said.cell->fingerprint() : 0, said.in_service,
                              said.taking_over,
                              std::uint64_t{said.conceding} | std::uint64_t{said.taken_out} << 1 |
                                  std::uint64_t{said.fit} << 2 |
                                  (said.source ? said.source->value + 1ULL : 0ULL) << 3);
        }
        Fingerprint operator()(control::SayAgain const&) const { return 12; }
        Fingerprint operator()(control::RaiseEra const& said) const {
            return hash_words(2, said.era.number, said.era.node.value);
        }
        Fingerprint operator()(control::EraStored const& said) const {
            return hash_words(3, said.era.number, said.era.node.value);
        }
        Fingerprint operator()(control::YouAreOutdated const& said) const {
            return hash_words(4, said.by.id);
        }
        Fingerprint operator()(control::OutdatedStored const& said) const {
            return hash_words(5, said.by.id);
        }
        Fingerprint operator()(control::Concede const&) const { return 8; }
        Fingerprint operator()(control::ConcedeAnswered const& said) const {
            return hash_words(9, said.granted);
        }
        Fingerprint operator()(control::TakeOver const&) const { return 10; }
        Fingerprint operator()(control::TakeOverRefused const&) const { return 11; }
        Fingerprint operator()(control::GiveUp const&) const { return 6; }
        Fingerprint operator()(control::GiveUpRefused const& said) const {
            return hash_words(7, static_cast<std::uint64_t>(said.rule));
        }
    };
    GroupId const group = std::visit([](auto const& said) { return said.group; }, message);
    return mix(group.value, std::visit(Print{}, message));
}

bool NodeMachine::looking() const {
    return std::ranges::any_of(views_, [](PeerView const& peer) { return !peer.ever_heard; });
}

Fingerprint NodeMachine::fingerprint() const {
    Hasher hasher;
    hasher.add(boot_wait_over_ && looking());
    for (PeerView const& peer : views_) {
        hasher.add(peer.audible | std::uint64_t{peer.ever_heard} << 8 |
                   std::uint64_t{peer.connected} << 9);
    }
    for (std::size_t r = 0; r < resources_.size(); ++r) {
        Resource const& resource = resources_[r];
        hasher.add(resource.state.index());
        if (auto const* promoting = std::get_if<resource::Promoting>(&resource.state)) {
            hasher.add(hash_words(promoting->era.number, promoting->forced, promoting->commanded,
                                  promoting->awaits));
            hasher.add(promoting->handed_over);
        } else if (auto const* conceding = std::get_if<resource::Conceding>(&resource.state)) {
            // Counts only have to be told from those that come.
            bool const done = resource.report.conceded != conceding->conceded;
            hasher.add(
                hash_words(conceding->winner.value, conceding->served, conceding->commanded, done));
        } else if (auto const* leaving = std::get_if<resource::Leaving>(&resource.state)) {
            hasher.add(hash_words(leaving->for_peer ? leaving->for_peer->value + 1U : 0U,
                                  resource.report.stayed != leaving->stayed));
        } else if (auto const* taking = std::get_if<resource::TakingOver>(&resource.state)) {
            hasher.add(taking->source.value << 1 | taking->admin.has_value());
        }
        // What peers were told counts while it is not what they would be told now.
        hasher.add(told_all(r) ? 0 : sunder::nodes::fingerprint(ControlMessage{resource.told}));
        hasher.add(resource.report.cell ? resource.report.cell->fingerprint() : 0);
        hasher.add(
            std::uint64_t{resource.report.open} | std::uint64_t{resource.report.passing} << 1 |
            static_cast<std::uint64_t>(resource.report.copy) << 8 |
            std::uint64_t{resource.report.refused.number} << 16 |
            std::uint64_t{resource.taken_out} << 48 | std::uint64_t{resource.taken_out_at} << 50 |
            std::uint64_t{resource.ordered.has_value()} << 49);
        hasher.add(resource.report.unfit);
        hasher.add(resource.report.cell && resource.raised > resource.report.cell->era
                       ? resource.raised.number
                       : 0);
        hasher.add(resource.outdated_for ? resource.outdated_for->id : 0);
        for (std::size_t slot = 0; slot < resource.known.size(); ++slot) {
            Known const& known = resource.known[slot];
            hasher.add(known.cell ? known.cell->fingerprint() : 0);
            hasher.add(std::uint64_t{known.in_service} | std::uint64_t{known.taking_over} << 1 |
                       std::uint64_t{resource.split_noted[slot]} << 2 |
                       std::uint64_t{resource.report.split[slot]} << 3 |
                       static_cast<std::uint64_t>(resource.report.legs[slot]) << 4 |
                       std::uint64_t{known.conceding} << 8 | std::uint64_t{known.fit} << 9 |
                       (known.source ? known.source->value + 1ULL : 0ULL) << 10 |
                       std::uint64_t{resource.era_asked[slot].number} << 16);
            hasher.add(known.told_outdated.id);
            hasher.add(resource.asked_to_take_over[slot]);
        }
    }
    return hasher.result();
}

}  // namespace sunder::nodes
