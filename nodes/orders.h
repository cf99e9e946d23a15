// SPDX-License-Identifier: BSD-3-Clause
//
// What an operator may order beside coming in service, and when: pause and resume a mirror, take it
// out of service and bring it in again, and change the intent log by hand. Pure and total. A
// refusal changes nothing.
#pragma once

#include "base/ids.h"
#include "replication/handshake.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace sunder::nodes {

struct Order {
    enum class Kind : std::uint8_t {
        pause,                ///< R57: at the source, towards one target
        resume,               ///< R59
        leave_service,        ///< R62, R97: at the source, until it boots
        enter_service,        ///< R96: where it was taken out
        set_intent_log,       ///< `bitmap -d` (R19): everything is copied anew
        clear_intent_log,     ///< `bitmap -c` (R19, R88): the target is believed to be equal
        enable_asynchronous,  ///< `bitmap -a` (R13)
        use_fallback_image,   ///< the copy goes back to what it was before its resync (DESIGN 4)
    };
    Kind kind = Kind::pause;
    /// Of pauses and intent logs: the other copy. Nothing: the only other one.
    std::optional<NodeId> target{};
    std::uint32_t limit = 0;  ///< of `enable_asynchronous`: outstanding records (R11)
    friend bool operator==(Order const&, Order const&) = default;
};

struct OrderFacts {
    Order::Kind kind = Order::Kind::pause;
    bool has_copy = true;
    bool has_target = true;      ///< the order names another copy, or needs none
    bool in_transition = false;  ///< into or out of service, or another order is under way
    bool serves = false;         ///< this node has it in service
    bool paused = false;         ///< the target is kept apart
    bool intent_log = true;      ///< R18
    bool image = false;          ///< a fallback image is kept
    bool failed = false;         ///< something that stands on the mirror failed here (R86)
    bool followed = false;       ///< a source resynchronises or mirrors to this copy
    friend bool operator==(OrderFacts const&, OrderFacts const&) = default;
};

enum class OrderRule : std::uint8_t {
    granted,
    no_copy_here,
    no_such_target,
    in_transition,
    not_in_service_here,
    already_paused,
    not_paused,
    already_in_service,
    still_in_service,
    no_intent_log,
    no_fallback_image,
    source_is_here,
    resource_failed,
    last
};

OrderRule decide_order(OrderFacts const&);
replication::RuleText text_of(OrderRule);
std::string_view name_of(Order::Kind);

}  // namespace sunder::nodes
