// SPDX-License-Identifier: BSD-3-Clause
//
// Draws runs: a scenario's cluster and workload with faults, repairs, operators and requests at
// random moments, in place of its steps. A run is a recipe, and a recipe is a scenario: so it
// replays, shrinks and is written down as any other. Pure: chance is a stream that is handed in.
#pragma once

#include "base/random.h"
#include "scenarios/language/scenario.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace sunder::campaign {

/// What may be drawn. One run does without a random half of it (swarm testing): what is always
/// there hides what only happens without it.
enum class Kind : std::uint8_t {
    crash,         ///< FLT-1
    power_cut,     ///< FLT-3
    freeze,        ///< FLT-14: short, or longer than all timeouts
    cut,           ///< FLT-6: both directions
    one_way_cut,   ///< FLT-6
    isolate,       ///< FLT-6: all links of a node, cut in one order and healed in another
    flap,          ///< FLT-6: a link that comes and goes
    reset,         ///< FLT-7
    half_open,     ///< FLT-7
    slow_disk,     ///< FLT-8
    failing_disk,  ///< FLT-9
    twice,         ///< FLT-15: a second fault at once after the first
    switch_over,   ///< R96
    force,         ///< FLT-12, R87
    keep_apart,    ///< R57: an operator pauses a leg
    take_out,      ///< R62: out of service, or in again
    missing_shot,  ///< STONITH that fails
    read,
    flush,
    fua,
    trim,
    // Drawn only where all faults are asked for:
    hung_disk,     ///< FLT-8
    medium_error,  ///< FLT-9: in one place, a number of times
    full_disk,     ///< FLT-9: the cell and the intent log cannot be stored; then a restart
    skewed_clock,  ///< FLT-11
    lie,           ///< FLT-10: outside the fault budget, so that losses are allowed by its name
    rollback,      ///< FLT-4, FLT-5: outside the fault budget
    full_memory,   ///< FLT-13
    lossy_link,    ///< FLT-7: what is sent is lost, now and then or as often as not
    jittery_link,  ///< FLT-7: connections overtake one another
    slow_link,     ///< FLT-7: a slow drip, or a long way
    blank_disks,   ///< FLT-4: in the place of those that a node had
    switch_cut,    ///< FLT-6: a switch that fails, or all of a node's links at once
    edit_log,      ///< FLT-12: an operator sets or clears an intent log
    fall_back,     ///< an operator goes back to the image from before a resync
    extension,     ///< R93, R94: a copy is given up, or the mirror extended to it again
    // Of what a run is played on, from its beginning on:
    tearing_disks,    ///< FLT-3: what a power cut leaves of a write
    ignored_flushes,  ///< FLT-3: a disk that answers flushes and does not do them
    no_merge,         ///< FLT-16: a node that cannot merge intent logs
    larger_disks,     ///< of the targets, behind the mirror's end
    // More of what befalls a run:
    damage,               ///< FLT-7: a message that does not arrive as it was sent
    last_words,           ///< FLT-15: what a host writes and reads as somebody dies
    overwrites,           ///< a host that writes one block again and again
    written_apart,        ///< R58, R59: within a pause, and as it ends
    leaves_and_joins,     ///< R93, R94: one copy, with writes in between
    falls_back,           ///< FLT-15: to the image of a copy whose source died in a resync
    unfenced,             ///< nobody can be shot, and a link is cut
    half_rejoined,        ///< FLT-6: a node that hears nobody hears one again
    forced_behind_a_cut,  ///< R87: past a source that lives
    panic,                ///< FLT-2
    partial_cut,          ///< FLT-6: heartbeats are lost and data is not, or the reverse
    exchanged_disks,      ///< FLT-12: an operator puts the disks of two nodes into each other
    lost_for_good,        ///< FLT-4: of all nodes one does not come back in the end
    two_operators,        ///< FLT-12: who give orders at once, and do not know of each other
    one_is_left,          ///< FLT-15: when all is mended, all nodes but one die, one after another
    stepped_clock,        ///< FLT-11: forward or back
    zeroes,               ///< SAF-12: a host has ranges zeroed
    moved_disk,           ///< R112: an operator has a shared disk handed over to a server
    confirmation,         ///< FLT-12, R63: an administrator says of a node that it is dead, or not
    failing_resource,     ///< R100: something that stands on a mirror fails
    changed_hierarchy,    ///< FLT-12, R98: an operator changes what stands on a mirror
    made_anew,            ///< R91, R95: an operator deletes a mirror, and creates it again
    last
};
std::string_view name_of(Kind);
using Diet = std::uint64_t;  ///< a set of kinds, by bit
inline constexpr Diet everything = (Diet{1} << static_cast<unsigned>(Kind::last)) - 1;
/// Without what is drawn only where all faults are asked for.
inline constexpr Diet usual = (Diet{1} << static_cast<unsigned>(Kind::hung_disk)) - 1;

/// What no design survives without a loss, as nobody can tell which copy is right: whatever follows
/// from it is allowed by its name. All else is inside the fault budget.
inline constexpr Diet outside_budget = Diet{1} << static_cast<unsigned>(Kind::lie) |
                                       Diet{1} << static_cast<unsigned>(Kind::rollback) |
                                       Diet{1} << static_cast<unsigned>(Kind::ignored_flushes);

/// Something that is done so long after what was done before it.
struct Act {
    Duration after;
    language::Action action;
    friend bool operator==(Act const&, Act const&) = default;
};

struct Recipe {
    std::uint64_t seed = 1;  ///< of the world
    Diet diet = usual;
    std::uint64_t rate = 10;       ///< requests of a closed loop: so many times ten
    std::uint64_t open_rate = 10;  ///< requests a second of an open one, at most
    std::vector<Act> acts;
    friend bool operator==(Recipe const&, Recipe const&) = default;
};

/// Draws from all that is possible in a scenario's cluster.
class Drawing {
public:
    /// `most`: acts of a run; `kinds`: of which they are. Requires most > 0, and a scenario that
    /// outlives the drawing.
    Drawing(language::Scenario const& base, std::size_t most, Diet kinds = usual)
        : base_(base), most_(most), kinds_(kinds) {}

    [[nodiscard]] Recipe fresh(RandomStream& dice) const;
    /// Another run like this one: an act goes, comes, or moves.
    [[nodiscard]] Recipe varied(Recipe const& from, RandomStream& dice) const;
    /// The same run up to a moment after its beginning, and then another.
    [[nodiscard]] Recipe branched(Recipe const& from, Duration at, RandomStream& dice) const;
    /// The run as a scenario: its acts, and then everything is repaired. Some steps may ask of a
    /// node what it cannot do by then (`PlayOptions::leave_out_impossible`).
    [[nodiscard]] language::Scenario scenario(Recipe const& recipe) const;

private:
    void add(Recipe& recipe, RandomStream& dice) const;

    language::Scenario const& base_;
    std::size_t most_;
    Diet kinds_;
};

}  // namespace sunder::campaign
