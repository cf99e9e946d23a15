// SPDX-License-Identifier: BSD-3-Clause
//
// The array: commands of operators, requests of hosts, background work, faults. A value, as every
// machine: it has no medium and no clock. What its driver owes it:
// - A command, a conclusion or an overflow comes when no plan of the lines concerned is open, and
//   what it changed is made durable before it is answered and before anything else is planned.
// - A request is cut into chunks. Each is planned, carried out (copies first, then puts) and
//   committed under a lock of {plan.line, plan.chunk}.
// - A host's flush makes the stores' data durable, then the changes of the map, then says `settle`.
// - After a power cut it goes on with what was durable, and says `restarted`.
#pragma once

#include "emulator/command.h"
#include "emulator/io_rule.h"
#include "emulator/state.h"

#include <expected>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace sunder::emulator {

/// Snapshots would have to grow and cannot: the driver brings the line to rest, calls `overflow`,
/// and asks again (arrays A10, `invalidate_snapshots`).
struct Overflow {
    std::vector<VolumeId> snapshots;
    LineId line;
};
using WritePlan = std::variant<Plan, First, MakeDurable, Overflow, IoRule>;

/// A copy is complete: the driver brings its line to rest and calls `conclude(link)`.
struct Conclude {
    LinkId link;
    LineId line;
};
using BackgroundStep = std::variant<Plan, MakeDurable, Conclude, Overflow>;

class Array {
public:
    explicit Array(Profile const& profile, bool licensed = true);

    /// Does it, or says which rule speaks against it and changes nothing.
    [[nodiscard]] std::expected<Answer, Refusal> carry_out(Command const& command);

    /// Any range of the volume. Segments in its order.
    [[nodiscard]] std::expected<Segments, IoRule> plan_read(VolumeId volume, Extent range) const;
    /// A range of at least one sector in one chunk. Of `zeroes` whole sub-chunks are unmapped.
    [[nodiscard]] WritePlan plan_write(VolumeId volume, Extent range, bool zeroes = false);
    /// The range without what zeroes at its beginning would change nothing of: chunks of which
    /// nothing is mapped, and no copy is told. Takes no longer for many of them than for few.
    [[nodiscard]] Extent without_unmapped(VolumeId volume, Extent range) const;
    /// A write there, in one chunk, needs no plan. Appends where the data goes.
    [[nodiscard]] bool writes_in_place(VolumeId volume, Extent range, Segments& into) const;
    /// May the volume be written, or read, at all?
    [[nodiscard]] std::optional<IoRule> refuses(VolumeId volume, bool write) const;
    Commit commit(Plan const& plan) { return state_.map.commit(plan); }
    void abandon(Plan const& plan) { state_.map.abandon(plan); }

    /// What is to be done next behind the scenes: space that is given back first, then the copies
    /// in turn. Nothing: there is none, or it cannot go on.
    [[nodiscard]] std::optional<BackgroundStep> next_background_step();
    /// A snapclone is independent, a restore is over.
    Commit conclude(LinkId link);
    /// Invalidates those that need to grow, as far as they are there and valid. Returns them.
    std::vector<VolumeId> overflow(std::vector<VolumeId> const& snapshots);

    void settle(Commit durable) { state_.map.settle(durable); }
    void settle_always() { state_.map.settle_always(); }
    void restarted() { state_.map.restarted(); }
    /// For the store: what changed in the map is collected, and taken.
    void keep_changes(bool keep) { state_.map.keep_changes(keep); }
    [[nodiscard]] MapChanges take_changes() { return state_.map.take_changes(); }
    // For stores that give back what nobody has: block_map.h.
    void keep_holes(bool keep) { state_.map.keep_holes(keep); }
    void suspect(DiskGroupId group, Slot end) { state_.map.suspect(group, end); }
    [[nodiscard]] std::optional<std::pair<DiskGroupId, SlotRun>> take_remains(Slot most) {
        return state_.map.take_remains(most);
    }
    void emptied(DiskGroupId group, SlotRun run) { state_.map.emptied(group, run); }
    /// Something of the catalogue, or of the maps that are leaving, may have changed since this was
    /// last asked.
    [[nodiscard]] bool take_catalogue_changed() { return std::exchange(catalogue_changed_, false); }
    /// The array that a store kept, or what of it cannot be; owners are found anew. Requires
    /// `restarted` before anything else.
    [[nodiscard]] static std::expected<Array, Unsound> load(State state);

    [[nodiscard]] State const& state() const { return state_; }
    [[nodiscard]] std::vector<std::string> audit() const;
    [[nodiscard]] Fingerprint fingerprint() const;
    friend bool operator==(Array const& a, Array const& b) {
        return a.state_ == b.state_ && a.last_filled_ == b.last_filled_;
    }

private:
    using Result = std::expected<Answer, Refusal>;

    // array.cc
    VolumeId add(Volume volume);
    Volume& volume_named(std::string const& name);
    void set_map(VolumeId volume, MapId map);
    void drop_map(Volume& volume);
    void fail_links(DiskGroupId group);
    void apply(command::AddDiskGroup const&, Answer&);
    void apply(command::FailDiskGroup const&, Answer&);
    void apply(command::DeleteDiskGroup const&, Answer&);
    void apply(command::AddVolume const&, Answer&);
    void apply(command::ExpandVolume const&, Answer&);
    void apply(command::DeleteVolume const&, Answer&);
    void apply(command::RenameVolume const&, Answer&);
    void apply(command::SetCache const&, Answer&);
    void apply(command::SetWriteProtect const&, Answer&);
    void apply(command::AddContainer const&, Answer&);
    void apply(command::ChangeIntoContainer const&, Answer&);
    void apply(command::Prepare const&, Answer&);
    void apply(command::AddHost const&, Answer&);
    void apply(command::DeleteHost const&, Answer&);
    void apply(command::Present const&, Answer&);
    void apply(command::Unpresent const&, Answer&);
    template <class What>
    [[nodiscard]] Result carry_out_one(What const& command);
    [[nodiscard]] Result carry_out_one(command::AddMultisnap const& command);

    // copies.cc
    VolumeId make_copy(std::string const& name, std::string const& source, std::string const& group,
                       std::optional<Vraid> vraid, std::string const& container);
    void apply(command::AddSnapshot const&, Answer&);
    void apply(command::AddSnapclone const&, Answer&);
    void apply(command::AddMirrorclone const&, Answer&);
    void apply(command::RestoreSnapshot const&, Answer&);
    void apply(command::Fracture const&, Answer&);
    void apply(command::Resync const&, Answer&);
    void apply(command::RestoreMirrorclone const&, Answer&);
    void apply(command::Detach const&, Answer&);
    void apply(command::Migrate const&, Answer&);

    // array_io.cc
    [[nodiscard]] bool allows(MapId map, bool claim);
    [[nodiscard]] bool takes(DiskGroupId group, std::uint64_t raw);
    [[nodiscard]] bool reaches_failed(Plan const& plan) const;
    [[nodiscard]] std::optional<Plan> release_first(MapId map) const;
    [[nodiscard]] WritePlan no_room(NoSpace const& what);
    [[nodiscard]] std::vector<VolumeId> to_grow(NoSpace const& what) const;

    State state_;
    bool catalogue_changed_ = true;  // not part of the value: what the store does not know yet
    LinkId last_filled_;
    // Free raw bytes that were found and not given away since; not part of the value.
    std::map<DiskGroupId, std::uint64_t> room_;
};

}  // namespace sunder::emulator
