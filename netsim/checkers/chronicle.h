// SPDX-License-Identifier: BSD-3-Clause
//
// What has happened so far, told by observations alone and never by asking an engine: who was in
// contact with whom, who served, which copy was in sync and which one writes were acknowledged
// without. Checkers judge by it; it judges nothing. It learns of an observation after all checkers
// have seen it.
#pragma once

#include "netsim/observation.h"
#include "netsim/world.h"
#include "nodes/node_set.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace sunder::netsim {

using replication::LegState;
using replication::PerCopy;
using replication::Slot;

/// True when both nodes run and take in what the other says, on links that are as they were built
/// and lose nothing: otherwise nobody can say by when a word has come.
[[nodiscard]] bool in_contact(World const& world, NodeId a, NodeId b);

class Chronicle {
public:
    /// What one copy knows of its leg to another, and what became of the two.
    struct Pair {
        LegState leg = LegState::disconnected;
        bool inward = false;  ///< this copy follows the other
        /// This copy holds acknowledged writes that the other never had: it acknowledged them while
        /// its leg to the other was down, or was in sync with a source that did, and the other has
        /// not been brought up to date since.
        bool lonely = false;
        Duration lonely_since;
        Duration word_since;  ///< a word of that finds the links free of what was sent before it
        Duration lonely_last;
        /// The other was in contact long enough since then to be told that it is outdated.
        bool told = false;
        /// It acknowledged them because an administrator had told it that the other, which lived,
        /// is dead (R63).
        bool by_word = false;
        /// An operator forced this copy online past the other, which was the last owner (R129).
        bool forced_past = false;
        Duration lost_at;  ///< when the leg went down last
        /// This copy left service on a leg that stood to the end: the other has all that it had.
        bool handed_over = false;
        bool split_noted = false;  ///< this copy's node reported split brain with the other
        /// The two are to each other what another pair is.
        void inherit(Pair const& other, Duration now) {
            lonely_last = other.lonely_last;
            // Whatever the other pair was told, these two have not told each other yet.
            if (lonely != other.lonely) {
                lonely_since = word_since = now;
                told = false;
            }
            lonely = other.lonely;
            by_word = other.by_word;
        }
    };
    struct Copy {
        bool serving = false;
        bool owner = false;      ///< nobody came in service after it
        bool claimed = false;    ///< it was on its way in by right, perhaps before it died
        bool displaced = false;  ///< it was the owner until another was forced online
        bool torn = false;       ///< the target of a resync that never completed
        /// Since it was whole last: how many writes its disk had completed then.
        std::optional<std::uint64_t> whole_until;
        bool extended = true;  ///< R93: it is one of the mirror's, as its own node knows it
        bool deleted = false;  ///< R95: an operator has deleted the mirror, as its node knows it
        /// And created it again here (R91), with what the disk holds: until it comes in service.
        bool begun_anew = false;
        std::optional<Slot> made_way_for;  ///< when it left service as the owner
        /// The source with which it was in sync in this boot, and is as far as it can know.
        std::optional<Slot> watched;
        /// Who acknowledged writes without it when it was the owner, so that it is the owner no
        /// more.
        std::optional<Slot> overtaken_by;
        /// The node lost power after this; what it had not flushed may be gone from its disk.
        std::optional<Duration> cache_lost;
        PerCopy<Pair> pairs{};
    };
    struct Group {
        std::vector<NodeId> members;
        PerCopy<std::uint8_t> asynchronous{};  ///< by slot: the slots it is asynchronous with (R54)
        PerCopy<Copy> copies{};
        [[nodiscard]] bool is_asynchronous(Slot a, Slot b) const {
            return (asynchronous[a.value] >> b.value & 1) != 0;
        }
    };
    struct Node {
        std::optional<Duration> died_at;
        bool lost_cache = false;  ///< how it died last
        bool frozen = false;      ///< it could not store something since it booted (DESIGN 4)
        /// By what an administrator told a guarded node, though they lived; until they are heard,
        /// or die.
        nodes::NodeSet called_dead{};
    };

    Chronicle() = default;
    explicit Chronicle(World const& world);

    [[nodiscard]] Group const& group(GroupId id) const { return groups_[id.value]; }
    [[nodiscard]] std::size_t groups() const { return groups_.size(); }
    [[nodiscard]] Slot slot(GroupId group, NodeId node) const;
    [[nodiscard]] Copy const& copy(GroupId group, NodeId node) const {
        return groups_[group.value].copies[slot(group, node).value];
    }
    [[nodiscard]] Node const& node(NodeId id) const { return nodes_[id.value]; }
    /// The slots of legs on which `node` mirrors to targets that are in sync.
    [[nodiscard]] std::uint8_t in_sync_targets(GroupId group, NodeId node) const;
    /// True when a copy of the group waits for what it could not store, and will until it boots.
    [[nodiscard]] bool any_frozen(GroupId group) const;
    [[nodiscard]] bool another_serves(GroupId group, NodeId node) const;
    [[nodiscard]] std::size_t serving(GroupId group) const;
    /// True when an administrator told the node that another is dead which serves the group (R63).
    [[nodiscard]] bool is_misled(GroupId group, NodeId node) const;
    /// True when `behind` has had time to hear that `ahead` acknowledges writes without it.
    [[nodiscard]] bool knew_outdated(World const& world, GroupId group, Slot ahead,
                                     Slot behind) const;

    /// True when the two have heard each other long enough to have said what they are.
    [[nodiscard]] bool have_talked(World const& world, NodeId a, NodeId b) const {
        return long_enough(world, a, b, Duration{});
    }

    void see(World const& world, Observation const& observation);
    /// A host's change of this group was acknowledged by `node`.
    void acknowledged(World const& world, GroupId group, NodeId node);

private:
    struct See;
    void mirror_noted(World const& world, seen::MirrorNoted const& noted);
    /// The copy holds nothing from now on.
    static void erased(Group& group, Slot self);
    void left_service(World const& world, GroupId id, NodeId node);
    void node_noted(World const& world, seen::NodeNoted const& noted);
    void tear(World const& world, GroupId id, Slot self);
    void leg_changed(World const& world, GroupId id, Slot self,
                     replication::note::LegChanged const& changed);
    void leave_behind(World const& world, GroupId group, Slot ahead, Slot behind, bool by_word);
    void heard_or_told(World const& world, NodeId node, nodes::Note const& note);
    void died(seen::NodeDied const& died, Duration now);
    void booted(World const& world, NodeId node);
    static void copy_completed(Group& group, Slot target, Duration now);
    static void joined(Group& group, Slot source, Slot target, Duration now);
    void contacts_changed(World const& world);
    void contact_ends(World const& world, NodeId a, NodeId b);
    /// The node misses beats that came by a clock that steps (FLT-11), and hears others again.
    void contacts_begin_anew(World const& world, NodeId node);
    [[nodiscard]] std::optional<Duration>& contact(NodeId a, NodeId b) {
        return contacts_[a.value * nodes_.size() + b.value];
    }
    [[nodiscard]] bool long_enough(World const& world, NodeId a, NodeId b, Duration since) const;

    std::vector<Group> groups_;
    std::vector<Node> nodes_;
    std::vector<std::optional<Duration>> contacts_;  // since when a pair of nodes hears each other
};

}  // namespace sunder::netsim
