// SPDX-License-Identifier: BSD-3-Clause
//
// Which stream an action belongs to, and how a schedule is drawn.
#include "netsim/exhaust/schedule.h"

#include "base/verify.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace sunder::netsim {

namespace {

using Kind = Action::Kind;

/// How often each kind may be.
unsigned most_of(Kind kind, Amounts const& most) {
    switch (kind) {
        case Kind::write:
            return most.writes;
        case Kind::flush:
            return most.flushes;
        case Kind::read:
            return most.reads;
        case Kind::trim:
            return most.trims;
        case Kind::crash:
            return most.crashes;
        case Kind::power_cut:
            return most.power_cuts;
        case Kind::cut:
            return most.cuts;
        case Kind::reset:
            return most.resets;
        case Kind::force:
            return most.forces;
        case Kind::switch_over:
            return most.switchovers;
        case Kind::pause:
            return most.pauses;
        case Kind::fail_disk:
            return most.disk_faults;
        case Kind::event:
        case Kind::restart:
        case Kind::heal:
        case Kind::resume:
        case Kind::mend_disk:
            return 0;
    }
    return 0;
}

bool is_same(Action const& one, Action const& other) {
    return one.kind == other.kind && one.node == other.node && one.where == other.where;
}

/// How many of them there may be, all in all.
unsigned most_of_all(std::vector<Action> const& any, Amounts const& most) {
    unsigned sum = 0;
    for (std::size_t i = 0; i < any.size(); ++i) {
        auto const same = [&](Action const& other) { return other.kind == any[i].kind; };
        bool const first =
            std::none_of(any.begin(), any.begin() + static_cast<std::ptrdiff_t>(i), same);
        if (first) sum += most_of(any[i].kind, most);
    }
    return sum;
}

std::size_t pairs(std::size_t nodes) { return nodes * (nodes - 1) / 2; }

/// Fewer and fewer of `any` may be drawn, as each kind is used up.
void draw_some(std::vector<Action> const& any, std::size_t count, Amounts const& most,
               std::vector<Action>& drawn, RandomStream& dice) {
    std::vector<Action> left = any;
    while (drawn.size() < count) {
        Action const one = left[dice.below(left.size())];
        drawn.push_back(one);
        auto const times = std::ranges::count(drawn, one.kind, &Action::kind);
        if (static_cast<unsigned>(times) < most_of(one.kind, most)) continue;
        std::erase_if(left, [&](Action const& other) { return other.kind == one.kind; });
    }
}

}  // namespace

Streams::Streams(Cluster const& cluster) {
    // Each two nodes watch each other, and each two copies have a leg.
    std::size_t const connections =
        pairs(cluster.nodes.size()) + pairs(cluster.mirrors.front().on.size());
    links_ = cluster.nodes.size() * last;
    connections_ = links_ + cluster.links.size();
    faults_ = connections_ + connections * 3;
    count_ = faults_ + 1;
}

void Streams::offer_event(std::vector<Action> const& all, std::size_t place,
                          std::vector<std::size_t>& offered) const {
    EventQueue::Pending const& pending = all[place].event;
    Event const& event = pending.event;
    if (event.kind == EventKind::deliver) {
        std::size_t const stream = connections_ + event.what / 2 * 3 + event.what % 2;
        VERIFY(stream < faults_);
        offered[stream] = place;
        return;
    }
    if (event.kind == EventKind::disk_done || event.kind == EventKind::persist_done) {
        // What was begun last may overtake the rest; of one alone there is no last.
        bool const of_disk = event.kind == EventKind::disk_done;
        std::size_t& first = offered[of_node(event.node, of_disk ? disk : store)];
        std::size_t& behind = offered[of_node(event.node, of_disk ? last_of_disk : last_of_store)];
        std::size_t other = place;
        if (first == nothing || pending.begun_before(all[first].event)) std::swap(first, other);
        if (other == nothing) return;
        if (behind == nothing || all[behind].event.begun_before(all[other].event)) behind = other;
        return;
    }
    bool const of_connection =
        event.kind == EventKind::stall_timeout || event.kind == EventKind::try_connect;
    std::size_t& stream = offered[of_connection ? connections_ + std::size_t{event.what} * 3 + 2
                                                : of_node(event.node, timers)];
    if (stream == nothing || pending.due_before(all[stream].event)) stream = place;
}

void Streams::offers(std::vector<Action> const& all, Schedule const& schedule, std::size_t asked,
                     std::size_t failed, std::vector<std::size_t>& offered) const {
    offered.assign(count_, nothing);
    for (std::size_t place = 0; place < all.size(); ++place) {
        Action const& action = all[place];
        std::size_t stream = faults_;
        switch (agent_of(action.kind)) {
            case Agent::world:
                offer_event(all, place, offered);
                continue;
            case Agent::host: {
                if (asked == schedule.requests.size()) continue;
                Action const& next = schedule.requests[asked];
                if (next.kind != action.kind || next.where != action.where) continue;
                stream = of_node(action.node.value, hosts);
                break;
            }
            case Agent::fault:
                if (failed == schedule.faults.size()) continue;
                if (!is_same(action, schedule.faults[failed])) continue;
                break;
            case Agent::repair:
                stream = action.kind == Kind::heal ? links_ + action.where
                                                   : of_node(action.node.value, repairs);
                break;
        }
        if (offered[stream] == nothing) offered[stream] = place;
    }
}

Scheduling::Scheduling(Cluster const& cluster, Bounds const& bounds)
    : bounds_(bounds), streams_(cluster) {
    VERIFY(streams_.count() <= 256);
    auto const& on = cluster.mirrors.front().on;
    auto const add = [&](std::vector<Action>& any, Kind kind, NodeId node, std::size_t places) {
        if (most_of(kind, bounds.most) == 0) return;
        for (std::size_t where = 0; where < places; ++where) {
            any.push_back({kind, node, static_cast<std::uint16_t>(where), {}});
        }
    };
    for (Kind const kind : {Kind::write, Kind::read, Kind::trim}) {
        add(any_request_, kind, {}, bounds.blocks);
    }
    add(any_request_, Kind::flush, {}, 1);
    for (NodeId const node : on) {
        for (Kind const kind : {Kind::crash, Kind::power_cut, Kind::force, Kind::switch_over}) {
            add(any_fault_, kind, node, 1);
        }
        if (on.size() == 2) add(any_fault_, Kind::pause, node, 1);
        add(any_fault_, Kind::fail_disk, node, 3);
    }
    add(any_fault_, Kind::cut, {}, cluster.links.size());
    for (std::size_t one = 0; one < on.size() && bounds.most.resets != 0; ++one) {
        for (auto p = static_cast<std::uint16_t>(one + 1); p < on.size(); ++p) {
            any_fault_.push_back({Kind::reset, on[one], p, {}});
        }
    }
    most_requests_ = most_of_all(any_request_, bounds.most);
    most_faults_ = std::min(bounds.faults, most_of_all(any_fault_, bounds.most));
    if (most_requests_ != 0) {
        scripts_ *= most_requests_ * std::pow(any_request_.size(), most_requests_);
    }
    scripts_ *= (most_faults_ + 1) * std::pow(any_fault_.size(), most_faults_);
}

void Scheduling::draw_requests(std::vector<Action>& requests, RandomStream& dice) const {
    if (most_requests_ == 0) return;
    draw_some(any_request_, 1 + dice.below(most_requests_), bounds_.most, requests, dice);
}

void Scheduling::draw_faults(std::vector<Action>& faults, RandomStream& dice) const {
    draw_some(any_fault_, dice.below(most_faults_ + 1), bounds_.most, faults, dice);
}

Schedule Scheduling::draw(unsigned depth, std::uint32_t events, RandomStream& dice) const {
    Schedule drawn;
    draw_requests(drawn.requests, dice);
    draw_faults(drawn.faults, dice);
    for (std::size_t stream = 0; stream < streams_.count(); ++stream) {
        drawn.order.push_back(static_cast<std::uint8_t>(stream));
    }
    for (std::size_t i = drawn.order.size(); i > 1; --i) {
        std::swap(drawn.order[i - 1], drawn.order[dice.below(i)]);
    }
    for (unsigned change = 1; change < depth; ++change) {
        drawn.changes.push_back(static_cast<std::uint32_t>(1 + dice.below(events)));
    }
    drawn.fates = dice.next();
    return drawn;
}

double least_chance(double scripts, std::size_t streams, std::uint32_t events, unsigned depth) {
    return 1 / (scripts * static_cast<double>(streams) * std::pow(events, depth - 1));
}

double least_chance_of_any(double chance, std::uint64_t runs) {
    // 1 - (1 - p)^runs, also where p is too small to be taken from 1.
    return -std::expm1(static_cast<double>(runs) * std::log1p(-chance));
}

}  // namespace sunder::netsim
