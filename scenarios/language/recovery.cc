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
    std::optional<std::size_t> const last = mirrors_[m].last;
    if (last) outages_[*last].writes_lost = std::max(outages_[*last].writes_lost, writes);
}

void RecoveryWatch::see(Duration now, netsim::Observation const& observation) {
    auto const all = [&](auto&& change) {
        for (std::uint16_t m = 0; m < mirrors_.size(); ++m) {
            change(mirrors_[m]);
            if (mirrors_[m].ever) look(m, now, false);
        }
    };
    if (auto const* noted = std::get_if<seen::NodeNoted>(&observation)) {
        if (auto const* came = std::get_if<note::CameInService>(&noted->note)) {
            Mirror& mirror = mirrors_[came->group.value];
            mirror.last.reset();
            mirror.serving.insert(noted->node);
            look(came->group.value, now, false);
        } else if (auto const* left = std::get_if<note::LeftService>(&noted->note)) {
            if (mirrors_[left->group.value].serving.erase(noted->node) == 0) return;
            look(left->group.value, now, false);
        }
    } else if (auto const* died = std::get_if<seen::NodeDied>(&observation)) {
        asleep_.erase(died->node);
        all([&](Mirror& mirror) {
            mirror.serving.erase(died->node);
            // What was moved is out of service for another reason now.
            bool const moves = mirror.planned && moves_.contains(*mirror.planned);
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
        bool const plans =
            leaves || asked->what == What::switch_over || asked->what == What::resolve_split_brain;
        if (plans) mirrors_[asked->group.value].planned = asked->request;
        if (plans && !leaves) moves_.insert(asked->request);
    } else if (auto const* answer = std::get_if<seen::AdminAnswered>(&observation)) {
        for (Mirror& mirror : mirrors_) {
            if (mirror.planned == answer->request && !answer->granted) mirror.planned.reset();
        }
    }
}

}  // namespace sunder::language
