// SPDX-License-Identifier: BSD-3-Clause
//
// What may happen in a state of an exhaustive search: the next of whatever is under way, a request
// of a host, a fault within the budget, a repair, an operator's word. The list is in a defined
// order, so that an action is named by its place in it, and a path by places.
#pragma once

#include "netsim/exhaust/bounds.h"
#include "netsim/exhaust/scene.h"

#include <cstdint>
#include <string>
#include <vector>

namespace sunder::netsim {

struct Action {
    enum class Kind : std::uint8_t {
        event,
        write,  ///< `where` is the block
        flush,
        crash,
        power_cut,
        restart,
        cut,  ///< `where` is the link
        heal,
        reset,
        force,
        switch_over,
        read,  ///< `where` is the block
        trim,
        pause,
        resume,
        fail_disk,  ///< `where` is the kind of operation: reads, writes, flushes
        mend_disk,
    };
    Kind kind = Kind::event;
    NodeId node;
    std::uint16_t where = 0;
    EventQueue::Pending event;
};

/// All that may happen now, in place of what `all` held. Requires that `world` follows (choice.h).
void list_actions(World const& world, Bounds const& bounds, Amounts const& spent,
                  std::vector<Action>& all);

/// Behind what `all` holds: what hosts, faults, repairs and operators may do.
void list_others(Scene const& world, Bounds const& bounds, Amounts const& spent,
                 std::vector<Action>& all);

/// What mends the world, in place of what `all` held: everything of it is free.
void list_repairs(Scene const& world, std::vector<Action>& all);

/// Of what a disk, a store or the network has under way, the one that was begun first: what comes
/// next when nothing is out of the ordinary. Null when none is under way, which is when timers run
/// out, hosts ask, and faults are nobody's surprise.
[[nodiscard]] EventQueue::Pending const* next_by_itself(std::vector<Action> const& all);

/// True when it happens out of turn. Requires `next` of the list that the action is from.
[[nodiscard]] bool deviates(Action const& action, EventQueue::Pending const* next);

/// Who does it. What faults spend is limited, an operator's word is one of them; repairs are free.
enum class Agent : std::uint8_t { world, host, fault, repair };
[[nodiscard]] Agent agent_of(Action::Kind kind);

/// Whether it may have several outcomes: fates of what was not stable.
[[nodiscard]] bool has_fates(Action const& action);

/// Of `fail_disk`.
[[nodiscard]] DiskFaults faults_of(Action const& action);

/// What it costs.
void spend(Action const& action, Amounts& spent);

/// Makes it happen; `picks` answers what becomes of what was not stable. Spends what it costs.
void perform(World& world, Action const& action, std::vector<std::uint8_t> picks, Amounts& spent);

/// The next answers after `picks`, when `asked` says how many each question has; false when all
/// were given.
[[nodiscard]] bool next_picks(std::vector<std::uint8_t>& picks,
                              std::vector<std::uint8_t> const& asked);

/// "crash server1", "server2 receives hello from server1 for datarep".
[[nodiscard]] std::string in_words(World const& world, Action const& action);

}  // namespace sunder::netsim
