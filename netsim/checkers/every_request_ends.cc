// SPDX-License-Identifier: BSD-3-Clause
//
// Who still waits when nothing will ever happen, or nothing that helps.
#include "netsim/checkers/every_request_ends.h"

#include "netsim/checkers/patience.h"

#include <fmt/format.h>
#include <algorithm>

namespace sunder::netsim {

namespace {

constexpr Duration least = seconds(30);

/// Something that answers depend on takes longer than it was built for.
bool is_slow(View const& view, GroupId group) {
    auto const& on = view.mirror(group).on;
    return std::ranges::any_of(on, [&](NodeId a) {
        return view.world.node(a).paused || view.world.copy(a, group)->disk->suffers() ||
               std::ranges::any_of(on, [&](NodeId b) {
                   return a != b && view.world.network().impaired(a.value, b.value);
               });
    });
}

/// Among any two copies.
Duration longest_resync(View const& view, GroupId group) {
    auto const& on = view.mirror(group).on;
    Duration longest;
    for (NodeId const a : on) {
        for (NodeId const b : on) {
            bool const joined = a != b && view.world.network().reaches(a.value, b.value);
            if (joined) longest = std::max(longest, resync_bound(view, group, a, b));
        }
    }
    return longest;
}

}  // namespace

RequestId& EveryRequestEnds::newest(View const& view, Request const& like) {
    constexpr std::size_t kinds = static_cast<std::size_t>(replication::HostOp::flush) + 1;
    std::size_t const nodes = view.world.cluster().nodes.size();
    newest_.resize(view.chronicle.groups() * nodes * kinds);
    return newest_[(like.group.value * nodes + like.node.value) * kinds +
                   static_cast<std::size_t>(like.op)];
}

void EveryRequestEnds::on(View& view, seen::HostAsked const& asked) {
    if (view.ledger.open(asked.request) == nullptr) return;
    quiet_since_.resize(view.chronicle.groups());
    if (view.ledger.open_requests(asked.group) == 1) quiet_since_[asked.group.value] = view.now();
    watch(view, asked.group);
}

void EveryRequestEnds::watch(View const& view, GroupId group) {
    bool const waits = view.ledger.open_requests(group) != 0;
    if (waits && !look_) look_ = view.now() + least;
}

void EveryRequestEnds::on(View& view, seen::HostAnswered const& answered) {
    quiet_since_.resize(view.chronicle.groups());
    quiet_since_[answered.group.value] = view.now();
    watch(view, answered.group);
    Request const* const request = view.ledger.answered();
    if (request == nullptr) return;
    RequestId& known = newest(view, *request);
    known = std::max(known, request->id);
}

/// There is a copy that does not mirror, and that is not on record as one that misses writes, or
/// that is split from this one. A source may not know yet that a copy has been given up.
bool EveryRequestEnds::may_be_held_back(View const& view, Request const& request) const {
    if (!view.world.cluster().policy.guarded) return false;
    Chronicle::Group const& group = view.chronicle.group(request.group);
    Slot const self = view.chronicle.slot(request.group, request.node);
    std::uint8_t const mirrors = view.chronicle.in_sync_targets(request.group, request.node);
    for (std::uint8_t p = 0; p < group.members.size(); ++p) {
        if (p == self.value || (mirrors >> p & 1) != 0) continue;
        bool const split = group.copies[self.value].pairs[p].split_noted ||
                           group.copies[p].pairs[self.value].split_noted;
        if (split || !on_record_.contains({request.group, self, Slot{p}})) return true;
    }
    return false;
}

/// Why it may wait for ever; null when it may not.
char const* EveryRequestEnds::excuse(View const& view, Request const& request) const {
    GroupId const group = request.group;
    auto const& on = view.mirror(group).on;
    if (may_be_held_back(view, request)) return "held back by a guarded policy";
    bool const hangs = std::ranges::any_of(
        on, [&](NodeId node) { return view.world.copy(node, group)->disk->faults.hangs; });
    if (hangs) return "a disk hangs";
    if (view.world.any_memory_full(group)) return "memory is full";
    if (view.chronicle.any_frozen(group)) return "frozen: something could not be stored";
    return nullptr;
}

void EveryRequestEnds::on(View& view, From from, replication::note::PeerOutdated const& outdated) {
    on_record_.insert({from.group, view.chronicle.slot(from.group, from.node), outdated.peer});
}

void EveryRequestEnds::on(View& view, From from, replication::note::LegChanged const& changed) {
    if (changed.to != LegState::mirroring) return;
    on_record_.erase({from.group, view.chronicle.slot(from.group, from.node), changed.peer});
}

void EveryRequestEnds::on(View& view, From from,
                          replication::note::ResyncInterrupted const& interrupted) {
    if (!interrupted.finish_sent) return;
    on_record_.erase({from.group, view.chronicle.slot(from.group, from.node), interrupted.peer});
}

void EveryRequestEnds::on(View& view, NodeId node, nodes::note::ExtensionChanged const& changed) {
    auto const& on = view.mirror(changed.group).on;
    Slot const self = view.chronicle.slot(changed.group, node);
    std::erase_if(on_record_, [&](auto const& one) {
        auto const& [group, copy, absent] = one;
        return group == changed.group && copy == self && !changed.to.contains(on[absent.value]);
    });
}

void EveryRequestEnds::on(View& view, seen::NodeDied const& died) {
    std::erase_if(on_record_, [&](auto const& one) {
        auto const& [group, copy, absent] = one;
        return view.mirror(group).on[copy.value] == died.node;
    });
    disturbed(view);
}

void EveryRequestEnds::disturbed(View& view) {
    std::ranges::fill(quiet_since_, view.now());
    overtaken_.clear();
    for (std::uint16_t g = 0; g < quiet_since_.size(); ++g) watch(view, GroupId{g});
}

/// Since others are answered, or nobody.
Duration EveryRequestEnds::passed_over_since(View const& view, Request const& request) {
    auto const known = std::ranges::find(overtaken_, request.id, &Overtaken::request);
    if (known != overtaken_.end()) return known->since;
    if (!(request.id < newest(view, request))) return quiet_since_[request.group.value];
    overtaken_.push_back({request.id, view.now()});
    return view.now();
}

void EveryRequestEnds::passed(View& view) {
    if (!look_ || view.now() < *look_) return;
    // What is judged once, or slow, is not looked at again before something happens.
    look_.reset();
    for (std::uint16_t g = 0; g < quiet_since_.size(); ++g) {
        GroupId const group{g};
        if (view.ledger.open_requests(group) == 0 || is_slow(view, group)) continue;
        Duration const patience = longest_resync(view, group) + least;
        view.ledger.for_each_open(group, [&](Request const& request) {
            Duration const since = std::max(passed_over_since(view, request), late_until(view));
            Duration const due = since + patience;
            if (view.now() < due) {
                look_ = std::min(look_.value_or(due), due);
                return;
            }
            if (excuse(view, request) != nullptr) return;
            view.violated(text, group,
                          fmt::format("{}, and {} has passed it over since {}, though nothing "
                                      "failed meanwhile",
                                      describe(view.world, request), view.name(request.node),
                                      to_text(since)));
        });
    }
    std::erase_if(overtaken_,
                  [&](Overtaken const& one) { return view.ledger.open(one.request) == nullptr; });
}

void EveryRequestEnds::finish(View& view) {
    if (view.world.goes_on()) return;  // its answer may be on the way
    for (std::uint16_t g = 0; g < view.chronicle.groups(); ++g) {
        GroupId const group{g};
        view.ledger.for_each_open(group, [&](Request const& request) {
            if (view.world.node(request.node).paused) return;
            if (char const* const why = excuse(view, request)) {
                view.findings.allowed(text.name, why);
                return;
            }
            view.violated(text, group,
                          fmt::format("{}, though {} runs and nothing is pending: it will "
                                      "never be",
                                      describe(view.world, request), view.name(request.node)));
        });
    }
}

}  // namespace sunder::netsim
