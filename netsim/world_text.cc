// SPDX-License-Identifier: BSD-3-Clause
//
// A world in words, for the moment in which a belief breaks.
#include "base/describe.h"
#include "netsim/world.h"

#include <fmt/format.h>
#include <algorithm>

namespace sunder::netsim {

namespace {

char const* name_of(EventKind kind) {
    switch (kind) {
        case EventKind::deliver:
            return "deliver";
        case EventKind::disk_done:
            return "disk done";
        case EventKind::persist_done:
            return "stored";
        case EventKind::settle_timer:
            return "settle timer";
        case EventKind::boot_wait:
            return "boot wait over";
        case EventKind::heard:
            return "heard";
        case EventKind::silent:
            return "silent";
        case EventKind::stall_timeout:
            return "stall timeout";
        case EventKind::try_connect:
            return "try to connect";
        case EventKind::alarm:
            return "alarm";
    }
    return "";
}

}  // namespace

std::string World::in_words() const {
    std::string text = fmt::format("at {}, event {}\n", to_text(now_), events_);
    for (NodeSim const& node : nodes_) {
        text += fmt::format("  {}: {}\n", node.name,
                            !node.up()    ? "down"
                            : node.paused ? "paused"
                                          : "up");
        for (CopySim const& copy : node.copies) {
            if (!copy.machine) continue;
            text += fmt::format("    {}: {}{}\n", cluster_->mirrors[copy.group].name,
                                copy.machine->open() ? "in service, " : "",
                                describe(copy.machine->cell()));
        }
    }
    std::uint64_t const shown = std::min<std::uint64_t>(events_, recent_.size());
    for (std::uint64_t e = events_ - shown; e < events_; ++e) {
        Recent const& recent = recent_[e % recent_.size()];
        text += fmt::format("  {} {} node {} group {} ({})\n", to_text(recent.at),
                            name_of(recent.event.kind), recent.event.node, recent.event.group,
                            recent.event.what);
    }
    return text;
}

}  // namespace sunder::netsim
