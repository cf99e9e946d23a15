// SPDX-License-Identifier: BSD-3-Clause
//
// Every life of every node, input by input.
#include "scenarios/live/afterwards.h"

#include "nodes/live/recording.h"
#include "nodes/live/replayer.h"
#include "scenarios/language/narration.h"

#include <fmt/format.h>

#include <algorithm>

namespace sunder::staged {

namespace {

class Story {
public:
    Story(language::Scenario const& scenario, NodeId node, language::Outcome& outcome)
        : scenario_(scenario), node_(node), outcome_(outcome) {}

    void read(live::RecordedLife const& life) {
        auto recording = live::Recording::open(life);
        if (!recording) {
            differs(recording.error());
            return;
        }
        live::NodeSetup const& setup = recording->setup();
        live::Replayer replayer(setup, recording->part() == 0);
        replayer.node_noted = [&](nodes::Note const& note) {
            see(netsim::seen::NodeNoted{node_, note});
        };
        replayer.mirror_noted = [&](std::size_t place, replication::Note const& note) {
            see(netsim::seen::MirrorNoted{node_, setup.config.resources[place].group, note});
        };
        replayer.above_noted = [&](std::size_t place, nodes::hierarchy::Note const& note) {
            GroupId const group = setup.config.resources[place].group;
            see(netsim::seen::NodeNoted{node_, nodes::note::HierarchyNoted{group, note}});
        };
        while (auto const entry = recording->next()) {
            if (!entry->is_state) ++outcome_.statistics.events;
            if (auto const same = replayer.step(*entry); !same) {
                differs(fmt::format("{}: {}", live::in_words(*entry, setup), same.error()));
                return;
            }
        }
        if (!recording->objection().empty()) differs(recording->objection());
    }

private:
    void see(netsim::Observation const& observation) {
        std::string_view const mark = language::mark_of(observation);
        if (!mark.empty()) ++outcome_.marks[std::string(mark)];
        auto const* const noted = std::get_if<netsim::seen::MirrorNoted>(&observation);
        if (noted == nullptr) return;
        if (auto const* started = std::get_if<replication::note::ResyncStarted>(&noted->note)) {
            outcome_.statistics.chunks_to_copy += started->chunks;
        }
    }
    /// SAF-22: a machine that does not depend on its inputs alone.
    void differs(std::string const& how) {
        outcome_.violations.push_back({"recording_replays", "SAF-22", outcome_.statistics.time,
                                       scenario_.cluster.nodes[node_.value].name + ": " + how});
    }

    language::Scenario const& scenario_;
    NodeId node_;
    language::Outcome& outcome_;
};

}  // namespace

void look_at_recordings(language::Scenario const& scenario, std::filesystem::path const& folder,
                        language::Outcome& outcome) {
    for (std::uint8_t n = 0; n < scenario.cluster.nodes.size(); ++n) {
        auto const lives = folder / (scenario.cluster.nodes[n].name + ".recordings");
        Story story(scenario, NodeId{n}, outcome);
        for (live::RecordedLife const& life : live::lives_in(lives.string())) story.read(life);
    }
    if (outcome.failure) return;
    // No node records what was done to a link, and none can tell lost beats from a dead peer.
    for (language::Step const& step : scenario.steps) {
        if (std::holds_alternative<language::step::Degrade>(step.action)) {
            ++outcome.marks["link_degraded"];
        }
    }
    for (std::string const& mark : scenario.expect.sometimes) {
        if (mark == "beats_lost") continue;
        if (!outcome.marks.contains(mark)) outcome.never.push_back(mark);
    }
}

}  // namespace sunder::staged
