// SPDX-License-Identifier: BSD-3-Clause
//
// How a drawn plan is played, and told, whatever its acts are: a player takes them one by one until
// something is broken, and judges at the end.
#pragma once

#include "netsim/world.h"
#include "scenarios/language/narration.h"

#include <fmt/format.h>
#include <rapidcheck.h>

#include <cstdint>
#include <string>

namespace sunder::netsim::test {

/// From the whole range: RapidCheck's own `inRange` grows with the size of what is drawn.
template <class Int>
rc::Gen<Int> between(Int least, Int end) {
    return rc::gen::resize(rc::kNominalSize, rc::gen::inRange<Int>(least, end));
}

/// Adds what was seen as a line, if it is worth one.
inline void tell(std::string& text, World const& world, Observation const& observation) {
    if (auto const line = language::narrate(observation, world.cluster())) {
        text += fmt::format("{:>12}  {}\n", to_text(world.now()), *line);
    }
}

template <class Player, class Plan, class Tally>
std::string play_acts(Plan const& plan, Tally& tally, std::uint64_t* trace_hash) {
    Player player(plan, tally);
    for (auto const& act : plan.acts) {
        if (!player.broken()) player.act(act);
    }
    std::string const wrong = player.end();
    if (trace_hash != nullptr) *trace_hash = player.trace_hash();
    return wrong;
}

template <class Player, class Tally, class Plan>
std::string tell_acts(Plan const& plan) {
    Tally tally;
    std::string text;
    Player player(plan, tally);
    player.tell_to(text);
    for (auto const& act : plan.acts) {
        if (player.broken()) break;
        text += fmt::format("-- {}\n", name_of(act.kind));
        player.act(act);
    }
    if (!player.broken()) player.end();
    return text;
}

}  // namespace sunder::netsim::test
