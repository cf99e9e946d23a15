// SPDX-License-Identifier: BSD-3-Clause
//
// Links that are cut, get worse, are healed, or damage what they carry, and what that means for
// what is on its way. A stream keeps its order in any weather; two of them may overtake each other.
#include "netsim/world.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace sunder::netsim {

/// In fair weather nothing is drawn.
Duration World::arrival(NodeId from, NodeId to, std::uint64_t bytes) {
    Duration at = network_.transfer(from.value, to.value, now_, bytes);
    Weather const& weather = network_.weather(from.value, to.value);
    if (weather.jitter > Duration{}) {
        auto const most = static_cast<std::uint64_t>(weather.jitter.ns);
        at.ns += static_cast<std::int64_t>(choose(most + 1, Choice::link_jitter, from.value));
    }
    if (weather.lost != 0) {
        std::uint64_t const losses =
            times_in_a_row(weather.lost, choose(certain, Choice::link_loss, from.value));
        at += retransmitted_after(losses, network_.round_trip(from.value, to.value));
    }
    return at;
}

void World::cut(Vertex a, Vertex b, bool one_way, Severed what) {
    network_.cut(a, b, one_way, what);
    see(seen::LinkCut{a, b, one_way, what});
    routes_changed();
}

void World::heal(Vertex a, Vertex b) {
    bool const better = network_.heal(a, b);
    see(seen::LinkHealed{a, b});
    if (better) hurry();
    routes_changed();
}

void World::degrade(Vertex a, Vertex b, bool one_way, Degradation const& how) {
    bool const better = network_.degrade(a, b, one_way, how);
    see(seen::LinkDegraded{a, b, one_way, how});
    if (better) hurry();
    routes_changed();
}

/// What waited for a link that was slow is sent again at its present speed, where it then arrives
/// earlier than it would have.
void World::hurry() {
    for (std::size_t c = 0; c < connections_.size(); ++c) {
        for (unsigned end = 0; end < 2; ++end) {
            if (connections_[c]->ends[end].scheduled) hurry(c, end);
        }
    }
}

void World::hurry(std::size_t connection, unsigned end) {
    Connection& link = connections_[connection].edit();
    End& to = link.ends[end];
    NodeId const from = link.ends[1 - end].node;
    if (!network_.reaches(from.value, to.node.value)) return;
    Duration const never{std::numeric_limits<std::int64_t>::max()};
    Duration last;
    for (InTransit& item : to.inbound) {
        if (item.arrival == never) break;  // held, as is all behind it
        if (item.arrival > now_) {
            item.arrival = std::min(item.arrival, arrival(from, to.node, item.bytes));
        }
        item.arrival = last = std::max(last, item.arrival);
    }
    ++to.token;
    to.scheduled = false;
    schedule_delivery(connection, end);
}

/// Null when the two never talk.
End* World::end_for_damage(NodeId from, NodeId to) {
    std::size_t const place = connection_between(from, to, std::nullopt);
    if (place >= connections_.size()) return nullptr;
    auto& ends = connections_[place].edit().ends;
    return &ends[ends[0].node == to ? 0 : 1];
}

void World::damage(NodeId from, NodeId to, Damage how) {
    see(seen::WireTrapped{from, to, how});
    End* const end = end_for_damage(from, to);
    if (end == nullptr) return;
    damages_ += end->damage ? 0 : 1;
    end->damage = how;
}

/// The checksum of its frame is wrong, or the stream ends within it: whoever reads it closes the
/// connection, and no machine is given any of it.
bool World::arrives_damaged(std::size_t connection, unsigned end) {
    NodeId const node = connections_[connection]->ends[end].node;
    NodeId const from = connections_[connection]->ends[1 - end].node;
    End* const noted = end_for_damage(from, node);
    if (noted == nullptr || !noted->damage) return false;
    Damage const how = *std::exchange(noted->damage, std::nullopt);
    --damages_;
    Connection& link = connections_[connection].edit();
    see(seen::MessageDamaged{node, from, link.group, how});
    clear_inbound(link.ends[end]);
    send_on(connection, 1 - end, Closed{}, word_bytes, link.ends[end].life);
    end_lost(connection, end);
    return true;
}

}  // namespace sunder::netsim
