// SPDX-License-Identifier: BSD-3-Clause
//
// When nobody serves any more, and who does again.
#include "scenarios/language/recovery.h"

#include <algorithm>
#include <utility>

namespace sunder::language {

namespace seen = netsim::seen;
namespace note = nodes::note;

/// Begins an outage when nobody who is awake serves any more, unless that was `asked` for.
void RecoveryWatch::look(std::uint16_t m, Duration now, bool asked) {
    Mirror& mirror = mirrors_[m];
    bool const served =
        std::ranges::any_of(mirror.serving, [&](NodeId node) { return !asleep_.contains(node); });
    if (served) {
        mirror.ever = true;
        mirror.planned.reset();
        if (!mirror.outage) return;
        Recovery& outage = outages_[*mirror.outage];
        outage.took = now - outage.began;
        mirror.last = std::exchange(mirror.outage, std::nullopt);
        return;
    }
    if (mirror.outage || asked || mirror.planned) return;
    mirror.outage = outages_.size();
    outages_.push_back({m, now, std::nullopt, 0});
}

void RecoveryWatch::lost(std::uint16_t m, std::uint64_t writes) {
    std::optional<std::size_t> const last =
        mirrors_[m].outage ? mirrors_[m].outage : mirrors_[m].last;
    if (last) outages_[*last].writes_lost = std::max(outages_[*last].writes_lost, writes);
}

void RecoveryWatch::serves(GroupId mirror, NodeId node, Duration now) {
    mirrors_[mirror.value].serving.insert(node);
    look(mirror.value, now, false);
}

void RecoveryWatch::serves_no_more(GroupId mirror, NodeId node, Duration now) {
    if (mirrors_[mirror.value].serving.erase(node) == 0) return;
    look(mirror.value, now, false);
}

void RecoveryWatch::see_node(Duration now, NodeId node, nodes::Note const& noted) {
    if (auto const* came = std::get_if<note::CameInService>(&noted)) {
        mirrors_[came->group.value].last.reset();
        if (is_bare(came->group)) serves(came->group, node, now);
    } else if (auto const* left = std::get_if<note::LeftService>(&noted)) {
        serves_no_more(left->group, node, now);
    } else if (auto const* above = std::get_if<note::HierarchyNoted>(&noted)) {
        auto const* turn = std::get_if<nodes::hierarchy::UpOrDown>(&above->note);
        if (turn == nullptr) return;
        turn->up ? serves(above->group, node, now) : serves_no_more(above->group, node, now);
    }
}

void RecoveryWatch::see(Duration now, netsim::Observation const& observation) {
    auto const all = [&](auto&& change) {
        for (std::uint16_t m = 0; m < mirrors_.size(); ++m) {
            change(mirrors_[m]);
            if (mirrors_[m].ever) look(m, now, false);
        }
    };
    if (auto const* noted = std::get_if<seen::NodeNoted>(&observation)) {
        see_node(now, noted->node, noted->note);
    } else if (auto const* faulted = std::get_if<seen::ResourceFaulted>(&observation)) {
        for (std::uint16_t m = 0; faulted->failed && m < mirrors_.size(); ++m) {
            if (!cluster_.mirrors[m].hierarchy.find(faulted->resource)) continue;
            serves_no_more(GroupId{m}, faulted->node, now);
        }
    } else if (auto const* died = std::get_if<seen::NodeDied>(&observation)) {
        asleep_.erase(died->node);
        all([&](Mirror& mirror) {
            mirror.serving.erase(died->node);
            // What was moved is out of service for another reason now.
            bool const moves = mirror.planned && moves_.contains(*mirror.planned) &&
                               died->how != seen::NodeDied::How::stopped;
            if (moves) mirror.planned.reset();
        });
    } else if (auto const* paused = std::get_if<seen::NodePaused>(&observation)) {
        asleep_.insert(paused->node);
        all([](Mirror&) {});
    } else if (auto const* resumed = std::get_if<seen::NodeResumed>(&observation)) {
        asleep_.erase(resumed->node);
        all([](Mirror&) {});
    } else if (auto const* asked = std::get_if<seen::OperatorAsked>(&observation)) {
        using What = seen::OperatorAsked::What;
        bool const leaves =
            asked->what == What::order && asked->order.kind == nodes::Order::Kind::leave_service;
        if (asked->what == What::move_shared_disk) {
            for (std::uint16_t m = 0; m < mirrors_.size(); ++m) {
                std::vector<NodeId> const& on = cluster_.mirrors[m].on;
                if (std::ranges::find(on, asked->dead) != on.end())
                    mirrors_[m].planned = asked->request;
            }
            moves_.insert(asked->request);
            return;
        }
        bool const migrates = asked->what == What::edit_extension &&
                              asked->extension.kind == nodes::Extension::Kind::migrate;
        bool const plans = leaves || migrates || asked->what == What::switch_over ||
                           asked->what == What::resolve_split_brain;
        if (plans) mirrors_[asked->group.value].planned = asked->request;
        if (plans && !leaves) moves_.insert(asked->request);
    } else if (auto const* answer = std::get_if<seen::AdminAnswered>(&observation)) {
        for (Mirror& mirror : mirrors_) {
            if (mirror.planned == answer->request && !answer->granted) mirror.planned.reset();
        }
    }
}

}  // namespace sunder::language
