// SPDX-License-Identifier: BSD-3-Clause
//
// The one block map of an array: where the data of every volume and copy lies. Maps of a family (a
// volume, its snapshots) share slots; a link ties a clone to what it is copied from. It decides
// where data goes, what must be copied first and when a place may be used again; what an operator
// may ask for is decided by array.h, and what the places hold is known to the driver's store alone.
//
// Three rules keep a power cut harmless, whatever was durable at that moment:
// - a slot that nobody has any more is given out again when its end is durable (slots.h);
// - a place that somebody stopped sharing is overwritten when that is durable (`Unsettled`);
// - of what a mirrorclone differs in is durable, region by region, before a host changes it.
// A command (anything but a plan's commit) is made durable by the driver before the next plan.
//
// Snapshots are made by sharing the whole tree. Any two maps of a family that have a node of the
// same id share what is below it; a node that was minted since the map last shared its tree is its
// own. So no reference is counted anywhere: who else uses a place is found by looking at the same
// chunk of the family's other maps, and remembered (`Leaf::owned`).
#pragma once

#include "emulator/plan.h"
#include "emulator/slots.h"
#include "emulator/sub_set.h"

#include <expected>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sunder::emulator {

/// How the one behind a link follows the one ahead.
enum class LinkMode : std::uint8_t {
    push,       ///< a snapclone: it keeps the moment it was made; what it lacks is read from ahead
    follow,     ///< a mirrorclone: it gets every write, and what it lacks from behind the scenes
    apart,      ///< a fractured mirrorclone: where the two differ is remembered
    come_back,  ///< a restore: the source is behind, and reads what it lacks from the mirrorclone
};
std::string_view name_of(LinkMode);

/// Chunks for which one mark says that a mirror's two sides may differ after a power cut.
inline constexpr std::uint64_t intent_chunks = 1024;

struct Link {
    MapId ahead;
    MapId behind;
    LinkMode mode = LinkMode::push;
    SubSet lacking;  ///< what the one behind does not have by itself
    SubSet changed;  ///< apart: where they differ; come_back: where the mirrorclone is out of date
    struct Intent {
        Commit marked = 0;
        Commit last = 0;         ///< write in that region
        std::uint32_t open = 0;  ///< plans for that region that are neither committed nor abandoned
        friend bool operator==(Intent, Intent) = default;
    };
    std::map<std::uint64_t, Intent> intents{};  ///< by region; mirrors only
    friend bool operator==(Link const&, Link const&) = default;
};

/// What changed since it was last taken, for whoever keeps the map: nodes are rows by their id. A
/// store writes data first, then this, in one transaction, at a host's flush.
struct MapChanges {
    struct At {
        MapId map;  ///< some map that has the node
        std::uint64_t chunk = 0;
        unsigned level = 0;  ///< 1: a leaf
        friend bool operator==(At const&, At const&) = default;
    };
    std::map<NodeId, At> written{};
    std::set<NodeId> dropped{};
    std::set<MapId> maps{};    ///< made, expanded, given another tree, dropped or gone
    std::set<LinkId> links{};  ///< made, changed or gone, but for what their sets hold
    std::set<LinkId> sets{};   ///< whose sets are others altogether, or gone
    std::set<std::pair<LinkId, std::uint64_t>> pages{};  ///< of sets, in which something changed
    Commit up_to = 0;  ///< tell the map (`settle`) when this is durable
};

struct MapContents;  // map_contents.h
struct Unsound;

class BlockMap {
public:
    /// The map that a store kept, or what of it cannot be. Requires `restarted` before anything
    /// else.
    [[nodiscard]] static std::expected<BlockMap, Unsound> load(MapContents contents);
    [[nodiscard]] NodeId last_node() const { return last_node_; }
    [[nodiscard]] std::uint32_t last_name() const { return last_name_; }

    // Commands. Each is a change of its own.

    /// Nothing of the map changes, but something of what stands on it, that is to be durable.
    Commit touch() { return change(); }
    /// A map in which nothing is mapped, alone in a family and on a line.
    MapId create(DiskGroupId group, std::uint64_t sectors);
    /// Requires a map in no link, whose family has no other that was not dropped, and a size not
    /// below its own.
    void expand(MapId map, std::uint64_t sectors);
    /// Shares all that `source` has, in no more time for a full map than for an empty one. Requires
    /// that `source` lacks nothing.
    MapId snapshot(MapId source);
    /// Gives `map` what `from`, of the same family, has. What it had is released step by step, as
    /// the map that is returned.
    MapId restore(MapId map, MapId from);
    /// Nobody reads it any more; its slots come back step by step. Requires a map in no link.
    void drop(MapId map);
    /// Requires maps of one size, `behind` alone in its family and empty.
    LinkId link(MapId ahead, MapId behind, LinkMode mode);
    /// Ends a link; `behind` keeps what it has by itself, and is independent if it lacks nothing.
    void unlink(LinkId link);
    /// A mirror in which nothing is lacking falls apart at one moment.
    void fracture(LinkId link);
    /// A fractured mirrorclone follows its source again.
    void resync(LinkId link);
    /// A fractured mirrorclone's source shows what the mirrorclone holds, at once.
    void come_back(LinkId link);
    /// A restore that lacks nothing: the source is ahead again.
    void come_back_ends(LinkId link);
    /// The two sides of a mirror in which nothing is lacking change places.
    void swap_sides(LinkId link);

    // Requests, of at least one sector in one chunk.

    /// Where data goes; or zeroes, which unmap whole sub-chunks.
    [[nodiscard]] Planned plan_write(MapId map, Extent range, bool zeroes,
                                     Allowances const& allowed);
    /// Any number of sectors.
    [[nodiscard]] Segments plan_read(MapId map, Extent range) const;
    /// A write there would change data in place and nothing else: nothing to plan, nothing to
    /// commit. Appends where it goes. Many threads may ask at once.
    [[nodiscard]] bool writes_in_place(MapId map, Extent range, Segments& into) const;
    /// Makes a plan true. Returns the number of that change, or of the last one before.
    Commit commit(Plan const& plan);
    /// Nothing of the plan was, or will be, done.
    void abandon(Plan const& plan);

    // Background work.

    /// Copies what the one behind lacks in the next such chunk; nothing when it lacks nothing.
    [[nodiscard]] std::optional<Planned> plan_fill(LinkId link, Allowances const& allowed);
    /// Gives up 256 chunks of a map that was dropped; nothing when none was.
    [[nodiscard]] std::optional<Plan> plan_release() const;

    // Durability.

    /// Every change up to and including `durable` survives a power cut.
    void settle(Commit durable);
    /// Nothing was told to survive yet, and everything does: for who has no medium and works alone,
    /// so that nobody reads in a slot that is given out again.
    void settle_always() { settle(std::numeric_limits<Commit>::max()); }
    /// What there is was read back after a power cut: plans that were open are forgotten, and what
    /// was being written may differ between the sides of mirrors.
    void restarted();
    [[nodiscard]] Commit commits() const { return commits_; }
    [[nodiscard]] Commit durable() const { return durable_; }
    /// Changes are collected from now on, or no more.
    void keep_changes(bool keep) { keep_changes_ = keep; }
    /// For stores that can give back what nobody has (slots.h). After `restarted`.
    void keep_holes(bool keep);
    [[nodiscard]] bool keeps_holes() const { return keep_holes_; }
    /// Something may lie in free slots of the group, below `end`.
    void suspect(DiskGroupId group, Slot end);
    /// Of any group; they have to come back.
    std::optional<std::pair<DiskGroupId, SlotRun>> take_remains(Slot most);
    void emptied(DiskGroupId group, SlotRun run) { slots_.at(group).emptied(run); }
    [[nodiscard]] MapChanges take_changes();

    // What there is.

    struct Member {
        FamilyId family;
        Tree tree{};
        std::uint64_t sectors = 0;
        NodeId shared_below = 0;         ///< nodes up to this one may be another map's, too
        std::uint64_t mapped = 0;        ///< chunks of which something is mapped, or about to be
        std::optional<LinkId> behind{};  ///< the link in which it is the one behind
        std::vector<LinkId> ahead{};     ///< the links in which it is the one ahead
        std::optional<Commit> dropped{};
        std::uint64_t released = 0;  ///< chunks of a dropped map that were given up, from 0 on
        friend bool operator==(Member const&, Member const&) = default;
        [[nodiscard]] std::uint64_t chunks() const { return chunks_for(sectors); }
    };
    struct Family {
        DiskGroupId group;
        LineId line;
        std::vector<MapId> members{};  ///< in the order in which they were made
        std::uint64_t slots = 0;       ///< that its maps, and plans for them, have
        friend bool operator==(Family const&, Family const&) = default;
    };
    [[nodiscard]] Member const& member(MapId map) const;
    [[nodiscard]] Family const& family_of(MapId map) const;
    [[nodiscard]] bool has(MapId map) const { return members_.contains(map); }
    [[nodiscard]] std::map<FamilyId, Family> const& families() const { return families_; }
    [[nodiscard]] Link const& link_of(LinkId link) const;
    [[nodiscard]] std::map<LinkId, Link> const& links() const { return links_; }
    [[nodiscard]] std::uint64_t slots_used(DiskGroupId group) const;
    /// Slots of all groups that wait until their end is durable.
    [[nodiscard]] std::uint64_t slots_waiting() const;
    /// The first chunk from `from` on, below `end`, that zeroes could change: of a map in a link,
    /// `from`.
    [[nodiscard]] std::uint64_t next_to_zero(MapId map, std::uint64_t from,
                                             std::uint64_t end) const;
    /// Sub-chunks that the map lacks and reads from another one.
    [[nodiscard]] Mask lacking(MapId map, std::uint64_t chunk) const;
    /// The maps, of those that were not dropped, that have such sub-chunks in slots in which the
    /// map has the chunk: what a write of the map cannot take in place.
    [[nodiscard]] std::vector<MapId> sharers(MapId map, std::uint64_t chunk, Mask mask) const;
    /// What is wrong with it, in words: a place that two families have, a slot that nobody has or
    /// that is out of use, counts that do not add up. Requires that no plan is open.
    [[nodiscard]] std::vector<std::string> audit() const;
    [[nodiscard]] std::size_t bytes() const;
    [[nodiscard]] Fingerprint fingerprint() const;
    friend bool operator==(BlockMap const& a, BlockMap const& b);

private:
    /// A slot, parts of which a map stopped sharing by a change that may not be durable yet.
    struct Unsettled {
        Mask mask = no_sub_chunk;
        Commit at = 0;
        MapId by;           // who stopped
        bool many = false;  // several did
        friend bool operator==(Unsettled const&, Unsettled const&) = default;
    };
    using SlotKey = std::pair<DiskGroupId, Slot>;
    using Sources = boost::container::small_vector<Shared, 4>;
    struct Users;  // who else uses what of a chunk (sharing.h)
    struct Part;   // one map's share of a plan (write_plans.cc)

    // sharing.cc
    [[nodiscard]] Users others_at(MapId map, std::uint64_t chunk) const;
    [[nodiscard]] bool slot_used(MapId but, std::uint64_t chunk, Slot slot) const;
    [[nodiscard]] static Node const* node_of(Member const& member, std::uint64_t chunk,
                                             unsigned level);
    [[nodiscard]] std::optional<MapId> sharer_of(MapId map, std::uint64_t chunk, unsigned level,
                                                 NodeId id) const;
    Leaf& edit(MapId map, std::uint64_t chunk);
    [[nodiscard]] Mask guarded(DiskGroupId group, Slot slot, MapId map) const;
    void unsettle(DiskGroupId group, Slot slot, Mask mask, Commit at, MapId by);
    void note_node(NodeId id, MapId map, std::uint64_t chunk, unsigned level);
    void note_link(LinkId link);
    void note_page(LinkId link, std::uint64_t chunk);

    // write_plans.cc
    [[nodiscard]] std::variant<Part, MakeDurable> place(MapId map, std::uint64_t chunk,
                                                        Mask wanted) const;
    [[nodiscard]] std::optional<Planned> take_slot(Plan& plan, Part& part,
                                                   Allowances const& allowed);
    [[nodiscard]] std::optional<Planned> add_part(Plan& plan, MapId map, Mask wanted, Extent range,
                                                  Allowances const& allowed);
    [[nodiscard]] std::optional<Planned> add_change(Plan& plan, Part const& part,
                                                    Allowances const& allowed);
    void add_copies(Plan& plan, Part const& part, Mask copied) const;
    void add_puts(Plan& plan, Part const& part, Mask put, Extent range) const;
    [[nodiscard]] std::optional<Planned> push_first(MapId map, std::uint64_t chunk, Mask touched,
                                                    Allowances const& allowed);
    [[nodiscard]] std::optional<MakeDurable> mark_intents(MapId map, std::uint64_t chunk);
    [[nodiscard]] Planned plan_fill(LinkId link, std::uint64_t chunk, Mask mask,
                                    Allowances const& allowed);
    void add_link_changes(Plan& plan, Mask touched);
    [[nodiscard]] Plan plan_for(MapId map, std::uint64_t chunk) const;

    // read_plans.cc
    void resolve(MapId map, std::uint64_t chunk, Mask wanted, Sources& into) const;
    /// The part, in one chunk, as its sources have it.
    static void lay(Extent part, Sources const& sources, Segments& into);

    // commits.cc
    void change_entry(EntryChange const& change, std::uint64_t chunk, Commit at);
    void change_link(LinkChange const& change, std::uint64_t chunk, Commit at);
    void release_leaf(MapId map, Commit at);
    void forget_nodes(MapId map);
    void forget_nodes(MapId map, Node const* node, std::uint64_t chunk, unsigned level);

    // durability.cc
    void recount();

    // load_map.cc
    struct Loading;
    [[nodiscard]] std::optional<Unsound> load_links(std::map<LinkId, Link> links);

    // block_map.cc
    Member& member_of(MapId map);
    Family& family_of_member(Member const& member);
    Link& mirror(LinkId link, LinkMode mode);
    void tie(LinkId link);
    void untie(LinkId link);
    void new_era(LineId line);
    [[nodiscard]] Commit change();
    LineId own_line(FamilyId family);

    std::map<MapId, Member> members_;
    std::map<FamilyId, Family> families_;
    std::map<LineId, std::uint32_t> eras_;
    std::map<LinkId, Link> links_;
    std::map<DiskGroupId, Slots> slots_;
    std::map<SlotKey, Unsettled> unsettled_;
    std::uint32_t last_name_ = 0;  // of a map, family, line or link
    NodeId last_node_ = 0;
    Commit commits_ = 0;
    Commit durable_ = 0;
    Commit durable_before_ = 0;  // at the settling before the last
    bool keep_changes_ = false;
    bool keep_holes_ = false;
    MapChanges changes_;  // not part of the value: what the store does not know yet
};

}  // namespace sunder::emulator
