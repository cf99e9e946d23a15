// SPDX-License-Identifier: BSD-3-Clause
//
// Connections: streams that keep their order, stall with their route, and end in one of the ways
// TCP connections end.
#include "base/describe.h"
#include "base/verify.h"
#include "netsim/world.h"

#include <fmt/format.h>
#include <algorithm>
#include <limits>

namespace sunder::netsim {

namespace {

/// The arrival of what cannot arrive as things stand.
constexpr Duration held{std::numeric_limits<std::int64_t>::max()};
constexpr std::uint32_t no_connection = ~std::uint32_t{0};

}  // namespace

void World::build_connections() {
    std::size_t const n = nodes_.size();
    Wiring wiring;
    wiring.control.assign(n * n, no_connection);
    wiring.legs.assign(cluster_->mirrors.size() * 64, no_connection);
    auto const add = [&](NodeId a, NodeId b, std::optional<GroupId> group) {
        Connection connection;
        connection.group = group;
        connection.ends[0].node = a;
        connection.ends[1].node = b;
        connections_.emplace_back().emplace(std::move(connection));
        return static_cast<std::uint32_t>(connections_.size() - 1);
    };
    for (std::uint16_t g = 0; g < cluster_->mirrors.size(); ++g) {
        auto const& on = cluster_->mirrors[g].on;
        for (std::size_t i = 0; i < on.size(); ++i) {
            for (std::size_t j = i + 1; j < on.size(); ++j) {
                std::uint32_t& control = wiring.control[on[i].value * n + on[j].value];
                if (control == no_connection) {
                    control = add(on[i], on[j], std::nullopt);
                    wiring.control[on[j].value * n + on[i].value] = control;
                }
                std::uint32_t const leg = add(on[i], on[j], GroupId{g});
                wiring.legs[g * 64 + i * 8 + j] = leg;
                wiring.legs[g * 64 + j * 8 + i] = leg;
            }
        }
    }
    // Who shares no mirror may still share a quorum.
    for (NodeSim const& node : nodes_) {
        NodeId const self = node.config->self;
        for (NodeId const peer : node.config->peers) {
            if (wiring.control[self.value * n + peer.value] != no_connection) continue;
            std::uint32_t const control = add(self, peer, std::nullopt);
            wiring.control[self.value * n + peer.value] = control;
            wiring.control[peer.value * n + self.value] = control;
        }
    }
    wiring_ = std::make_shared<Wiring const>(std::move(wiring));
}

std::size_t World::connection_between(NodeId a, NodeId b, std::optional<GroupId> group) const {
    if (!group) return wiring_->control[a.value * nodes_.size() + b.value];
    auto const& on = cluster_->mirrors[group->value].on;
    auto const i = static_cast<std::size_t>(std::ranges::find(on, a) - on.begin());
    auto const j = static_cast<std::size_t>(std::ranges::find(on, b) - on.begin());
    return wiring_->legs[group->value * 64 + i * 8 + j];
}

void World::send(NodeId from, std::size_t connection, Carried what, std::uint64_t bytes) {
    Connection& link = connections_[connection].edit();
    unsigned const end = link.ends[0].node == from ? 0 : 1;
    if (!link.ends[end].up) return;
    send_on(connection, 1 - end, std::move(what), bytes, link.ends[end].life);
}

void World::send_on(std::size_t connection, unsigned to_end, Carried what, std::uint64_t bytes,
                    ConnectionId life) {
    Connection& link = connections_[connection].edit();
    if (life != link.life) return;  // nobody listens to an old life
    End& to = link.ends[to_end];
    NodeId const from = link.ends[1 - to_end].node;
    Duration arrival = held;
    if (network_.reaches(from.value, to.node.value)) {
        arrival = this->arrival(from, to.node, bytes);
    }
    if (!to.inbound.empty()) arrival = std::max(arrival, to.inbound.back().arrival);
    auto const size = static_cast<std::uint32_t>(std::min<std::uint64_t>(bytes, ~0U));
    to.inbound.push_back({arrival, life, size, std::move(what), steps_});
    schedule_delivery(connection, to_end);
}

/// False when the machine at this end will never hear of it: it is down, or has given up the life
/// of the connection in which it was sent.
bool World::listens(End const& to, InTransit const& item) const {
    if (!nodes_[to.node.value].up()) return false;
    return std::holds_alternative<Opened>(item.what) || (to.up && to.life == item.life);
}

void World::schedule_delivery(std::size_t connection, unsigned end) {
    End& to = connections_[connection].edit().ends[end];
    if (to.scheduled) return;
    // What a machine would not be told need not arrive.
    while (!to.inbound.empty() && !listens(to, to.inbound.front())) to.inbound.pop_front();
    if (to.inbound.empty() || to.inbound.front().arrival == held) return;
    to.scheduled = true;
    queue_.push(std::max(now_, to.inbound.front().arrival),
                {EventKind::deliver, to.node.value, 0,
                 static_cast<std::uint32_t>(connection * 2 + end), to.token});
}

void World::deliver(std::uint32_t what) {
    Connection& link = connections_[what / 2].edit();
    unsigned const end = what % 2;
    End& to = link.ends[end];
    to.scheduled = false;
    VERIFY(!to.inbound.empty());
    if (!network_.reaches(link.ends[1 - end].node.value, to.node.value)) {
        confined_ = false;
        if (to.orphaned) {
            clear_inbound(to);
            return;
        }
        // It was on its way when the route went; TCP sends it again when there is one.
        for (InTransit& item : to.inbound) item.arrival = held;
        return;
    }
    InTransit item = std::move(to.inbound.front());
    to.inbound.pop_front();
    hand_over(what / 2, end, item);
    schedule_delivery(what / 2, end);
}

void World::hand_over(std::size_t connection, unsigned end, InTransit& item) {
    Connection& link = connections_[connection].edit();
    End& to = link.ends[end];
    NodeId const node = to.node;
    NodeId const peer = link.ends[1 - end].node;
    if (!nodes_[node.value].up()) return;
    // Whoever speaks is alive, with or without a heartbeat.
    Watcher& watch = watcher(node, peer, nodes::network_path);
    if (watch.lost != 0) watch.spoke = now_;
    if (watch.audible) heard(node, peer, nodes::network_path);
    if (std::holds_alternative<Opened>(item.what)) {
        confined_ = false;
        to.up = true;
        to.life = item.life;
        if (!link.group) {
            if (tracer) trace(node, fmt::format("connected to {}", nodes_[peer.value].name));
            step_node(node, nodes::input::ConnectionUp{peer});
            return;
        }
        CopySim& held_copy = *find_copy(node, link.group->value);
        if (tracer) trace(node, fmt::format("leg to {} connected", nodes_[peer.value].name));
        step_mirror(node, held_copy,
                    replication::input::ConnectionUp{slot_of(held_copy, peer), item.life});
        return;
    }
    if (!to.up || to.life != item.life) return;
    watch.heard_of = std::max(watch.heard_of, item.step);
    if (std::holds_alternative<Closed>(item.what)) {
        end_lost(connection, end);
        return;
    }
    if (damages_ != 0 && arrives_damaged(connection, end)) return;
    if (auto* message = std::get_if<replication::Message>(&item.what)) {
        CopySim& held_copy = *find_copy(node, link.group->value);
        if (tracer) {
            trace(node, fmt::format("{} from {} {}", replication::name_of(*message),
                                    nodes_[peer.value].name, sunder::describe(*message)));
        }
        trace_.add(replication::fingerprint(*message));
        replication::input::MessageArrived arrived{slot_of(held_copy, peer), item.life,
                                                   std::move(*message)};
        if (watching.records || watching.rare_records) see_arrival(node, held_copy, arrived);
        step_mirror(node, held_copy, std::move(arrived));
        return;
    }
    auto& message = std::get<nodes::ControlMessage>(item.what);
    if (tracer) {
        trace(node, fmt::format("{} from {}", nodes::name_of(message), nodes_[peer.value].name));
    }
    step_node(node, nodes::input::MessageArrived{peer, std::move(message)});
}

replication::Slot World::slot_of(CopySim const& copy, NodeId node) const {
    auto const& on = cluster_->mirrors[copy.group].on;
    return {static_cast<std::uint8_t>(std::ranges::find(on, node) - on.begin())};
}

bool World::spoken_out(NodeId a, NodeId b) const {
    for (NodeId const node : {a, b}) {
        if (!runs(node)) return false;
        for (CopySim const& copy : nodes_[node.value].copies) {
            if (!copy.disk->idle() || !copy.store->idle()) return false;
        }
    }
    Connection const& link = *connections_[connection_between(a, b, std::nullopt)];
    return link.ends[0].up && link.ends[1].up && link.ends[0].life == link.ends[1].life &&
           link.ends[0].inbound.empty() && link.ends[1].inbound.empty();
}

/// The machine at this end learns that its connection is gone.
void World::end_lost(std::size_t connection, unsigned end) {
    Connection& link = connections_[connection].edit();
    End& lost = link.ends[end];
    NodeId const peer = link.ends[1 - end].node;
    confined_ = false;
    lost.up = false;
    if (tracer) {
        trace(lost.node, fmt::format("connection to {} lost", nodes_[peer.value].name));
    }
    if (link.group) {
        CopySim& held_copy = *find_copy(lost.node, link.group->value);
        step_mirror(lost.node, held_copy,
                    replication::input::ConnectionDown{slot_of(held_copy, peer), lost.life});
    } else {
        step_node(lost.node, nodes::input::ConnectionDown{peer});
    }
    schedule_connect(connection, cluster_->detection.reconnect);
}

void World::clear_inbound(End& end) {
    end.inbound.clear();
    end.scheduled = false;
    end.half_open = false;
    ++end.token;
}

/// The machine at this end has closed it, or it is taken from the machine without a word.
void World::close_end(std::size_t connection, unsigned end, bool tell_peer) {
    confined_ = false;
    End& closed = connections_[connection].edit().ends[end];
    if (!closed.up) return;
    closed.up = false;
    clear_inbound(closed);
    if (tell_peer) send_on(connection, 1 - end, Closed{}, word_bytes, closed.life);
    schedule_connect(connection, cluster_->detection.reconnect);
}

void World::reset(NodeId a, NodeId b, bool half_open) {
    see(seen::ConnectionsReset{a, b, half_open});
    for (std::size_t c = 0; c < connections_.size(); ++c) {
        Connection& link = connections_[c].edit();
        for (unsigned end = 0; end < 2; ++end) {
            bool const mine = link.ends[end].node == a && link.ends[1 - end].node == b;
            if (!mine) continue;
            if (link.ends[end].up && runs(a)) {
                clear_inbound(link.ends[end]);
                end_lost(c, end);
            }
            if (half_open) {
                link.ends[1 - end].half_open = link.ends[1 - end].up;
            } else if (link.ends[1 - end].up && runs(b)) {
                clear_inbound(link.ends[1 - end]);
                end_lost(c, 1 - end);
            }
        }
    }
    drain_locals();
}

void World::schedule_connect(std::size_t connection, Duration after) {
    Connection& link = connections_[connection].edit();
    queue_.push(now_ + after, {EventKind::try_connect, 0, 0, static_cast<std::uint32_t>(connection),
                               ++link.connect_token});
}

bool World::may_connect(Connection const& link) const {
    NodeId const a = link.ends[0].node;
    NodeId const b = link.ends[1].node;
    bool const established =
        link.ends[0].up && link.ends[1].up && link.ends[0].life == link.ends[1].life;
    bool const possible = runs(a) && runs(b) && network_.reaches(a.value, b.value) &&
                          network_.reaches(b.value, a.value);
    return possible && !established;
}

void World::try_connect(std::uint32_t connection) {
    Connection& link = connections_[connection].edit();
    if (!may_connect(link)) return;
    link.life = ConnectionId{next_life_++};
    // A clock that ran for the life before this one says nothing about it.
    link.stalling = false;
    ++link.stall_token;
    for (unsigned end = 0; end < 2; ++end) {
        // What a reset has left in a half-open stream is read before the next connection is
        // (FLT-7).
        if (!link.ends[end].half_open) clear_inbound(link.ends[end]);
        link.ends[end].half_open = false;
        link.ends[end].orphaned = false;
        send_on(connection, end, Opened{}, word_bytes, link.life);
    }
}

/// Starts and stops the clocks of connections that make no progress, and tries to mend what is
/// down.
void World::check_stalls() {
    for (std::size_t c = 0; c < connections_.size(); ++c) {
        Connection& link = connections_[c].edit();
        NodeId const a = link.ends[0].node;
        NodeId const b = link.ends[1].node;
        bool const routed =
            network_.reaches(a.value, b.value) && network_.reaches(b.value, a.value);
        bool const flowing = routed && runs(a) && runs(b);
        // One that is heard, and cannot be connected to, is waited for as long as one that stalls.
        bool const heard =
            !link.group && !routed && runs(a) && runs(b) &&
            (network_.beats_reach(a.value, b.value) || network_.beats_reach(b.value, a.value));
        bool const stalled = !flowing && (link.ends[0].up || link.ends[1].up || heard);
        if (stalled != link.stalling) {
            link.stalling = stalled;
            ++link.stall_token;
            if (stalled) {
                queue_.push(now_ + cluster_->detection.connection_timeout,
                            {EventKind::stall_timeout, 0, 0, static_cast<std::uint32_t>(c),
                             link.stall_token});
            }
        }
        for (unsigned end = 0; end < 2; ++end) {
            End& to = link.ends[end];
            NodeId const from = link.ends[1 - end].node;
            if (!network_.reaches(from.value, to.node.value)) continue;
            Duration last;
            for (InTransit& item : to.inbound) {
                if (item.arrival == held) {
                    item.arrival = std::max(last, arrival(from, to.node, word_bytes));
                }
                last = item.arrival;
            }
            schedule_delivery(c, end);
        }
        if (flowing && !(link.ends[0].up && link.ends[1].up)) {
            schedule_connect(c, cluster_->detection.reconnect);
        }
    }
}

void World::stall_timeout(std::uint32_t connection) {
    Connection& link = connections_[connection].edit();
    link.stalling = false;
    for (unsigned end = 0; end < 2; ++end) {
        End& stalled = link.ends[end];
        if (!stalled.up) continue;
        clear_inbound(stalled);
        if (runs(stalled.node)) {
            end_lost(connection, end);
        } else if (nodes_[stalled.node.value].up()) {
            // A paused node finds out when it runs again.
            stalled.inbound.push_back({now_, stalled.life, 0, Closed{}});
            schedule_delivery(connection, end);
        }
    }
    if (!link.group) tell_unreachable(connection);
}

/// Beats need one way, and only one that lets them through; a connection needs both.
void World::tell_unreachable(std::uint32_t connection) {
    auto const& ends = connections_[connection]->ends;
    for (unsigned end = 0; end < 2; ++end) {
        NodeId const self = ends[end].node;
        NodeId const peer = ends[1 - end].node;
        bool const joined =
            network_.reaches(self.value, peer.value) && network_.reaches(peer.value, self.value);
        if (joined || !runs(self) || !watcher(self, peer, nodes::network_path).told) continue;
        if (!beats_arrive(self, peer, nodes::network_path)) continue;
        step_node(self, nodes::input::PeerUnreachable{peer});
    }
}

void World::routes_changed() {
    update_watchers();
    check_stalls();
    drain_locals();
}

/// A process crash leaves an operating system that closes its connections after what was sent; lost
/// power leaves the other end half-open.
void World::connections_of_dead(NodeId node, bool power_lost) {
    for (std::size_t c = 0; c < connections_.size(); ++c) {
        Connection& link = connections_[c].edit();
        for (unsigned end = 0; end < 2; ++end) {
            if (link.ends[end].node != node) continue;
            End& other = link.ends[1 - end];
            clear_inbound(link.ends[end]);
            link.ends[end].up = false;
            if (power_lost) {
                other.orphaned = true;
                // What waits for a route, or behind other bytes, has not left the sender.
                Duration const flying = now_ + network_.latency(node.value, other.node.value) +
                                        network_.weather(node.value, other.node.value).jitter;
                other.inbound.erase_if([&](InTransit const& item) {
                    return item.arrival == held || item.arrival > flying;
                });
                if (other.inbound.empty() && other.scheduled) clear_inbound(other);
            } else if (other.up) {
                send_on(c, 1 - end, Closed{}, word_bytes, other.life);
            }
        }
    }
    check_stalls();
}

}  // namespace sunder::netsim
