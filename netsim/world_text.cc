// SPDX-License-Identifier: BSD-3-Clause
//
// A world in words, for the moment in which a belief breaks.
#include "base/describe.h"
#include "netsim/array_setup.h"
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
        case EventKind::pace_timer:
            return "resync pace timer";
        case EventKind::rest_timer:
            return "rest timer";
        case EventKind::boot_wait:
            return "boot wait over";
        case EventKind::confirmation:
            return "confirmation over";
        case EventKind::resource_done:
            return "resource done";
        case EventKind::edit_done:
            return "hierarchy stored";
        case EventKind::health_check:
            return "health check";
        case EventKind::stop:
            return "stop";
        case EventKind::aim:
            return "aim";
        case EventKind::era_wait:
            return "era wait over";
        case EventKind::fenced:
            return "fenced";
        case EventKind::shot:
            return "shot";
        case EventKind::boot:
            return "boot";
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
        case EventKind::array:
            return "array";
    }
    return "";
}

char const* name_of(DiskOp::Kind kind) {
    switch (kind) {
        case DiskOp::Kind::none:
            return "nothing";
        case DiskOp::Kind::read:
            return "read";
        case DiskOp::Kind::write:
            return "write";
        case DiskOp::Kind::flush:
            return "flush";
        case DiskOp::Kind::keep_image:
            return "keeping of an image";
        case DiskOp::Kind::restore_image:
            return "restoring of an image";
        case DiskOp::Kind::drop_image:
            return "dropping of an image";
    }
    return "";
}

std::string_view name_of(Carried const& what) {
    struct Name {
        std::string_view operator()(Opened const&) const { return "opening"; }
        std::string_view operator()(Closed const&) const { return "closing"; }
        std::string_view operator()(replication::Message const& message) const {
            return replication::name_of(message);
        }
        std::string_view operator()(nodes::ControlMessage const& message) const {
            return nodes::name_of(message);
        }
    };
    return std::visit(Name{}, what);
}

std::string for_mirror(Cluster const& cluster, std::optional<GroupId> group) {
    return group ? " for " + cluster.mirrors[group->value].name : std::string();
}

}  // namespace

/// Of a delivery, a disk operation or a store.
std::string World::words_of_io(Event const& event) const {
    std::string const& node = nodes_[event.node].name;
    if (event.kind == EventKind::deliver) {
        Connection const& link = *connections_[event.what / 2];
        End const& end = link.ends[event.what % 2];
        std::string const& from = nodes_[link.ends[1 - event.what % 2].node.value].name;
        return fmt::format("{} receives {} from {}{}", node, name_of(end.inbound.front().what),
                           from, for_mirror(*cluster_, link.group));
    }
    CopySim const* held = copy(NodeId{event.node}, GroupId{event.group});
    if (event.kind == EventKind::disk_done) {
        DiskOp const& op = held->disk->under_way(event.what);
        std::string const where =
            op.range.count != 0 ? fmt::format(" {}+{}", op.range.first, op.range.count) : "";
        return fmt::format("{} completes disk {}{}{}", node, name_of(op.kind), where,
                           for_mirror(*cluster_, GroupId{event.group}));
    }
    auto const& page = held->store->storing_page(event.what);
    std::string const what =
        page ? fmt::format("page {} of the intent log towards {}", page->number,
                           nodes_[held->config->nodes[page->peer.value].value].name)
             : std::string("its cell");
    return fmt::format("{} stores {}{}", node, what, for_mirror(*cluster_, GroupId{event.group}));
}

std::string World::words_of(Event const& event) const {
    if (event.kind == EventKind::array) {
        return fmt::format("{} goes on", cluster_->arrays[event.group].name);
    }
    if (event.kind == EventKind::alarm) {
        return fmt::format("application {} wakes up", event.what);
    }
    std::string const& node = nodes_[event.node].name;
    auto const whom = [&] { return nodes_[whom_of(event).value].name; };
    bool const by_disk = path_of(event) == nodes::storage_path;
    switch (event.kind) {
        case EventKind::deliver:
        case EventKind::disk_done:
        case EventKind::persist_done:
            return words_of_io(event);
        case EventKind::settle_timer:
            return fmt::format("{} settles{}", node, for_mirror(*cluster_, GroupId{event.group}));
        case EventKind::pace_timer:
            return fmt::format("{} may send more of its resync{}", node,
                               for_mirror(*cluster_, GroupId{event.group}));
        case EventKind::rest_timer:
            return fmt::format("{} has rested{}", node,
                               for_mirror(*cluster_, GroupId{event.group}));
        case EventKind::boot_wait:
            return fmt::format("{} has waited for its peers", node);
        case EventKind::confirmation:
            return fmt::format("{} has waited for a word on {}", node, whom());
        case EventKind::resource_done:
        case EventKind::edit_done:
        case EventKind::health_check:
            return words_above_a_mirror(event);
        case EventKind::stop:
            return fmt::format("{} stops itself", node);
        case EventKind::aim:
            return fmt::format("{} may have {} shot now", node, whom());
        case EventKind::era_wait:
            return fmt::format("{} has waited for {} to store an era{}", node, whom(),
                               for_mirror(*cluster_, GroupId{event.group}));
        case EventKind::fenced:
            return fmt::format("{} hears what became of its shot at {}", node, whom());
        case EventKind::shot:
            return fmt::format("{} has {} shot", node, whom());
        case EventKind::boot:
            return fmt::format("{} starts by itself", node);
        case EventKind::heard:
            return node + (by_disk ? " sees on the quorum disk " : " hears ") + whom();
        case EventKind::silent:
            return fmt::format("{} misses {}{}", node, whom(),
                               by_disk ? " on the quorum disk" : "");
        case EventKind::stall_timeout:
        case EventKind::try_connect: {
            Connection const& link = *connections_[event.what];
            return fmt::format("{} and {} {}{}", nodes_[link.ends[0].node.value].name,
                               nodes_[link.ends[1].node.value].name,
                               event.kind == EventKind::try_connect ? "connect" : "give up",
                               for_mirror(*cluster_, link.group));
        }
        case EventKind::alarm:
        case EventKind::array:
            break;  // of no node
    }
    return "";
}

std::string World::event_name(EventQueue::Pending const& pending) const {
    std::string const words = words_of(pending.event);
    unsigned earlier = 0;
    for (EventQueue::Pending const& other : enabled()) {
        bool const before = static_cast<std::int32_t>(other.order - pending.order) < 0;
        if (before && words_of(other.event) == words) ++earlier;
    }
    return earlier == 0 ? words : fmt::format("{} (after {} like it)", words, earlier);
}

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
