// SPDX-License-Identifier: BSD-3-Clause
//
// The seam of a node's membership machine: what it hears of its peers and its groups, and what it
// tells them. Failure detection is a service of the driver, which answers `Watch`.
#pragma once

#include "base/ids.h"
#include "base/units.h"
#include "nodes/extension.h"
#include "nodes/gate.h"
#include "nodes/hierarchy_seam.h"
#include "nodes/in_service.h"
#include "nodes/node_set.h"
#include "nodes/orders.h"
#include "nodes/quorum.h"
#include "nodes/resolution.h"
#include "nodes/switchover.h"
#include "replication/seam.h"

#include <boost/container/small_vector.hpp>
#include <memory>
#include <tuple>
#include <variant>

namespace sunder::nodes {

using replication::Cell;
using replication::Era;
using replication::Generation;
using replication::PeerMask;
using replication::Slot;

/// Names an operator's request, so that the answer finds it.
using AdminId = Id<struct AdminTag, std::uint32_t>;

/// What stands on a mirror, and to which servers it is extended, in one of its versions; none but
/// the owner makes a later one.
struct StoredHierarchy {
    GroupId group;
    std::uint32_t version = 0;              ///< how often it was changed
    std::shared_ptr<Hierarchy const> is{};  ///< nothing: hosts use the mirror bare
    Era era{};                              ///< of the owner, when it changed it last
    PeerMask extended = 0;                  ///< slots
    bool unmirrored = false;                ///< it is not built yet (R117)
    /// The mirror was there: a copy that is blank has lost what it held, and is no new mirror
    /// (R91). No: it is about to be created where it is extended to.
    bool created = true;
    replication::PerCopy<std::uint16_t> priority{};  ///< by slot; 1 is the highest (R52)
    /// What a later owner made outdates what an earlier one had begun. Of two that were made
    /// without knowledge of each other, all take the same for the later.
    [[nodiscard]] bool is_later_than(StoredHierarchy const& other) const {
        return std::tie(era, version, extended, priority, created) >
               std::tie(other.era, other.version, other.extended, other.priority, other.created);
    }
    [[nodiscard]] bool is_same_as(StoredHierarchy const& other) const {
        return !is_later_than(other) && !other.is_later_than(*this);
    }
    [[nodiscard]] Fingerprint fingerprint() const;
};

// What two nodes say to each other beside the legs, over any path.
namespace control {
/// Whom this node hears, for those who do not (R67); of no mirror.
struct Hears {
    NodeSet whom;
};
/// What I hold of this group and what I do with it; sent when it changes.
struct Claim {
    GroupId group;
    std::shared_ptr<Cell const> cell;  ///< as it is stable
    bool in_service = false;
    bool taking_over = false;
    bool conceding = false;
    bool taken_out = false;  ///< an operator took it out of service
    // Said where there are third copies:
    bool fit = false;              ///< could take over from its source
    std::optional<Slot> source{};  ///< whose target it is now
};
/// What stands on the mirror has been changed (R98).
struct HierarchyIs {
    GroupId group;
    StoredHierarchy stored;
};
/// Store this, if you can, and go by it; the answer is that you do, or why not.
struct AskExtension {
    GroupId group;
    StoredHierarchy next;
};
struct ExtensionRefused {
    GroupId group;
    std::uint32_t version = 0;
    ExtensionRule rule = ExtensionRule::granted;
};
/// I had lost you: claim again what you claimed last.
struct SayAgain {
    GroupId group;
};
struct RaiseEra {
    GroupId group;
    Era era;
};
struct EraStored {
    GroupId group;
    Era era;
};
/// The source went on to generation `by` and acknowledges writes that you do not have (G20).
struct YouAreOutdated {
    GroupId group;
    Generation by;
};
struct OutdatedStored {
    GroupId group;
    Generation by;
};
/// An operator named this node the loser of a split brain; is that node the winner?
struct Concede {
    GroupId group;
};
struct ConcedeAnswered {
    GroupId group;
    bool granted = false;
};
/// My disk fails, and your copy is in sync: take over (DESIGN 4).
struct TakeOver {
    GroupId group;
};
/// And the answer, when it will not.
struct TakeOverRefused {
    GroupId group;
};
/// Leave service at once, whatever this node can do: it has the highest priority (R72).
struct SwitchBack {
    GroupId group;
};
/// Leave service, this node wants to take over (R96).
struct GiveUp {
    GroupId group;
};
struct GiveUpRefused {
    GroupId group;
    SwitchoverRule rule = SwitchoverRule::granted;
};
}  // namespace control
using ControlMessage =
    std::variant<control::Hears, control::Claim, control::HierarchyIs, control::AskExtension,
                 control::ExtensionRefused, control::SayAgain, control::RaiseEra,
                 control::EraStored, control::YouAreOutdated, control::OutdatedStored,
                 control::Concede, control::ConcedeAnswered, control::TakeOver,
                 control::TakeOverRefused, control::SwitchBack, control::GiveUp,
                 control::GiveUpRefused>;
std::string_view name_of(ControlMessage const&);
/// Which mirror it is about, if it is about one.
GroupId group_of(ControlMessage const&);
Fingerprint fingerprint(ControlMessage const&);

namespace input {
struct Started {
    /// Hierarchies that were changed since they were configured, as they were stored.
    boost::container::small_vector<StoredHierarchy, 1> changed{};
    bool continues = false;  ///< where another server has stopped, on the same disk (R113)
};
/// Have everything leave service, because another server is to go on with this disk.
struct StandDown {};
/// The other server does not go on with this disk because of what failed here.
struct NoOtherServer {};
struct PeerHeard {
    NodeId peer;
    PathId path;
};
struct PeerSilent {
    NodeId peer;
    PathId path;
};
struct ConnectionUp {
    NodeId peer;
};
struct ConnectionDown {
    NodeId peer;
};
struct MessageArrived {
    NodeId peer;
    ControlMessage message;
};
struct GroupReported {
    GroupId group;
    replication::Report report;
};
/// What stands on the mirror, here.
struct HierarchyReported {
    GroupId group;
    hierarchy::Report report;
};
/// R91, R98: at the owner.
struct EditHierarchy {
    AdminId request;
    GroupId group;
    HierarchyEdit edit;
};
/// R91..R95: at the owner.
struct EditExtension {
    AdminId request;
    GroupId group;
    Extension edit;
};
struct HierarchyStored {
    StoredHierarchy stored;
};
struct BootWaitOver {};
/// The peer has had as long as a connection may stall to store the era that it was asked to.
struct EraWaitOver {
    GroupId group;
    NodeId peer;
    std::uint16_t ask = 0;  ///< as it was armed
};
/// Nobody has answered whether the peer is dead.
struct ConfirmationOver {
    NodeId peer;
    std::uint32_t silence = 0;  ///< as it was armed
};
/// What has to be waited for before the peer is shot is over.
struct ShotDue {
    NodeId peer;
    std::uint32_t silence = 0;
};
/// The shot at the peer was fired, and it is dead or not.
struct Fenced {
    NodeId peer;
    bool dead = false;
};
/// The peer's beats arrive, but no connection to it could be made for as long as one may stall.
struct PeerUnreachable {
    NodeId peer;
};
/// R63: an administrator's word on a peer that is believed dead.
struct ConfirmFailover {
    AdminId request;
    NodeId peer;
    bool proceeds = true;
};
struct ForceOnline {
    AdminId request;
    GroupId group;
};
struct SwitchOver {
    AdminId request;
    GroupId group;
};
struct Ordered {
    AdminId request;
    GroupId group;
    Order order;
};
/// This node is the loser of a split brain (R33).
struct ResolveSplitBrain {
    AdminId request;
    GroupId group;
};
}  // namespace input
using Input =
    std::variant<input::Started, input::StandDown, input::NoOtherServer, input::PeerHeard,
                 input::PeerSilent, input::ConnectionUp, input::ConnectionDown,
                 input::MessageArrived, input::GroupReported, input::HierarchyReported,
                 input::EditHierarchy, input::EditExtension, input::HierarchyStored,
                 input::BootWaitOver, input::ConfirmationOver, input::ShotDue, input::Fenced,
                 input::PeerUnreachable, input::ConfirmFailover, input::ForceOnline,
                 input::SwitchOver, input::Ordered, input::ResolveSplitBrain, input::EraWaitOver>;

namespace note {
struct PeerSeen {
    NodeId peer;
};
struct PeerLost {  ///< all paths silent
    NodeId peer;
};
struct PeerUnreachable {  ///< it is heard, but cannot be asked
    NodeId peer;
};
struct Decided {
    GroupId group;
    InServiceDecision decision;
    InServiceFacts facts;
};
struct GateDecided {  ///< what stands between a decision to come in service and doing it
    GroupId group;
    GateRule rule = GateRule::open;
    GateFacts facts;
};
struct EraUnanswered {  ///< a peer that is heard has not stored the era in time
    GroupId group;
    NodeId peer;
    EraRule rule = EraRule::goes_on;
};
struct QuorumChanged {
    QuorumRule rule = QuorumRule::not_required;
};
struct QuorumLost {  ///< and what is done about it (R69)
    LossAction action = LossAction::reboot;
};
struct ConfirmationAsked {
    NodeId peer;
    Duration within;
};
struct Confirmed {
    enum class By : std::uint8_t { administrator, timeout };
    NodeId peer;
    bool proceeds = true;
    By by = By::administrator;
};
struct FencingStarted {
    NodeId peer;
};
struct FencingEnded {
    NodeId peer;
    bool dead = false;
};
struct CameInService {
    GroupId group;
    Era era;
    bool forced = false;
};
struct PromotionRefused {  ///< by the own disk
    GroupId group;
};
struct LeftService {
    GroupId group;
};
struct SteppedDown {  ///< an idle source made way for the one that was written
    GroupId group;
};
struct SplitBrain {
    GroupId group;
    NodeId peer;
};
struct ResolutionDecided {
    GroupId group;
    ResolutionRule rule = ResolutionRule::granted;
};
struct OrderDecided {
    GroupId group;
    Order order;
    OrderRule rule = OrderRule::granted;
};
struct AskedToTakeOver {  ///< its own disk fails, or a resource that stands on it
    GroupId group;
    NodeId peer;
    bool resource = false;
};
struct ResourceFailoverBlocked {  ///< R65: the same, and nobody is asked to take over
    GroupId group;
};
struct HierarchyEdited {  ///< and what this node goes by now, if that was granted
    GroupId group;
    EditRule rule = EditRule::granted;
};
struct ExtensionChanged {  ///< to which servers this node takes the mirror to be extended now
    GroupId group;
    NodeSet to;
};
struct Migrated {  ///< the disk is a mirror from now on (R117)
    GroupId group;
};
struct ExtensionRefused {
    GroupId group;
    Extension edit;
    ExtensionRule rule = ExtensionRule::granted;
};
struct HierarchyNoted {  ///< of what stands on the mirror
    GroupId group;
    hierarchy::Note note;
};
struct SwitchedBack {  ///< R72: automatically, by the node of the highest priority
    GroupId group;
};
struct NobodyTakesOver {  ///< so this node goes on, and its legs begin again
    GroupId group;
    NodeId peer;
};
struct SwitchoverStarted {
    GroupId group;
};
struct StayedInService {  ///< it was leaving for a peer and lost the leg to it
    GroupId group;
    NodeId peer;
};
struct SwitchoverRefused {
    GroupId group;
    SwitchoverRule rule = SwitchoverRule::granted;
};
}  // namespace note
using Note =
    std::variant<note::PeerSeen, note::PeerLost, note::PeerUnreachable, note::Decided,
                 note::GateDecided, note::QuorumChanged, note::QuorumLost, note::ConfirmationAsked,
                 note::Confirmed, note::FencingStarted, note::FencingEnded, note::CameInService,
                 note::PromotionRefused, note::LeftService, note::SteppedDown, note::SplitBrain,
                 note::ResolutionDecided, note::OrderDecided, note::AskedToTakeOver,
                 note::ResourceFailoverBlocked, note::HierarchyEdited, note::ExtensionChanged,
                 note::Migrated, note::ExtensionRefused, note::HierarchyNoted, note::SwitchedBack,
                 note::NobodyTakesOver, note::SwitchoverStarted, note::StayedInService,
                 note::SwitchoverRefused, note::EraUnanswered>;

namespace output {
/// Answered by `PeerHeard` and `PeerSilent`. On the path of a shared disk a node may watch itself:
/// whether it reaches the disk.
struct Watch {
    NodeId peer;
    PathId path{};
};
struct Send {
    NodeId peer;
    ControlMessage message;
};
struct GroupCommand {
    GroupId group;
    replication::Command command;
};
/// Answered by `HierarchyStored`.
struct StoreHierarchy {
    StoredHierarchy what;
};
struct HierarchyCommand {
    GroupId group;
    hierarchy::Command command;
};
struct ArmBootWait {};
/// Wait for the peer's answer as long as a connection may stall; answered by `EraWaitOver`.
struct ArmEraWait {
    GroupId group;
    NodeId peer;
    std::uint16_t ask = 0;
};
struct ArmConfirmation {
    NodeId peer;
    Duration after;
    std::uint32_t silence = 0;
};
/// Wait as long as is configured before the peer may be shot; answered by `ShotDue`.
struct ArmShot {
    NodeId peer;
    std::uint32_t silence = 0;
};
/// Have the peer shot (STONITH); answered by `Fenced`.
struct Shoot {
    NodeId peer;
};
/// This node stops at once, and nothing is written back (R69).
struct Stop {
    bool reboots = true;
};
/// Have the other server of the shared disk go on with it, because something on it failed here for
/// good (R65); answered by `StandDown` or `NoOtherServer`.
struct AskOtherServer {};
/// Nothing is in service here any more, or something would not leave.
struct StoodDown {
    bool done = true;
};
struct AdminReply {
    AdminId request;
    bool granted = false;
    std::string_view rule;
};
struct Noted {
    Note note;
};
}  // namespace output
using Output =
    std::variant<output::Watch, output::Send, output::GroupCommand, output::StoreHierarchy,
                 output::HierarchyCommand, output::ArmBootWait, output::ArmConfirmation,
                 output::ArmShot, output::Shoot, output::Stop, output::AskOtherServer,
                 output::StoodDown, output::AdminReply, output::Noted, output::ArmEraWait>;

/// Collects the outputs of a step, in order.
class Outbox {
public:
    template <class T>
    void put(T&& output) {
        outputs_.emplace_back(std::forward<T>(output));
    }
    void note(Note note) { outputs_.emplace_back(output::Noted{std::move(note)}); }
    [[nodiscard]] auto begin() { return outputs_.begin(); }
    [[nodiscard]] auto end() { return outputs_.end(); }
    void clear() { outputs_.clear(); }

private:
    boost::container::small_vector<Output, 8> outputs_;
};

}  // namespace sunder::nodes
