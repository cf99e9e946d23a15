// SPDX-License-Identifier: BSD-3-Clause
//
// Playing from the beginning, and looking around where the steps end.
#include "tools/drill.h"

#include "scenarios/language/array_condition.h"
#include "scenarios/language/condition.h"
#include "scenarios/language/load.h"
#include "scenarios/language/narration.h"
#include "scenarios/language/write.h"
#include "tools/narrations.h"

#include <fmt/format.h>
#include <algorithm>
#include <map>

namespace sunder::tools {

namespace {

using netsim::World;

constexpr Duration longest_silence = hours(1);
/// A step that needs more is answered with that, instead of with a terminal that stands still.
constexpr std::uint64_t most_events = 20'000'000;

std::string node_line(World const& world, NodeId id) {
    netsim::NodeSim const& node = world.node(id);
    std::string text = fmt::format("{:10} ", node.name);
    if (!node.up()) return text + "down";
    if (node.paused) return text + "paused";
    text += "up";
    auto const quorum = node.machine->members().quorum();
    if (quorum != nodes::QuorumRule::not_required)
        text += nodes::has_quorum(quorum) ? ", quorum" : ", NO QUORUM";
    for (netsim::CopySim const& copy : node.copies) {
        text += fmt::format("; {}: {}{}", world.cluster().mirrors[copy.group].name,
                            copy.machine->open() ? "IN SERVICE, " : "",
                            replication::name_of(copy.machine->cell().data));
        for (std::uint8_t peer = 0; peer < copy.config->copies; ++peer) {
            replication::Slot const slot{peer};
            if (slot == copy.slot || !copy.machine->open()) continue;
            replication::LegState const leg = replication::state_of(copy.machine->leg(slot));
            text += fmt::format(", {} to {}", replication::name_of(leg),
                                world.node(copy.config->nodes[peer]).name);
        }
    }
    return text;
}

std::string reason(World const& world, NodeId id, std::uint16_t mirror, std::string const& decision,
                   std::string const& gate) {
    std::string const& name = world.cluster().mirrors[mirror].name;
    auto const& machine = *world.node(id).machine;
    for (std::size_t r = 0; r < machine.config().resources.size(); ++r) {
        if (machine.config().resources[r].group != GroupId{mirror}) continue;
        auto const rule = machine.last_rule(r);
        if (!rule) return fmt::format("{}: nothing has been decided yet\n", name);
        bool const waits = machine.waits_at_gate(r);
        std::string const& facts = waits ? gate : decision;
        return fmt::format("{} is {}: {} ({}: {})\n{}", name,
                           machine.serving(r) ? "in service here" : "out of service here",
                           rule->words, rule->name, rule->cites,
                           facts.empty() ? "" : "    on these facts: " + facts + "\n");
    }
    return "";
}

}  // namespace

Drill::Drill(language::Scenario scenario, std::uint64_t seed)
    : scenario_(std::move(scenario)), seed_(seed) {
    scenario_.expect = {};
    scenario_.bounded.reset();
    scenario_.matrix_case.clear();
    play();
}

std::optional<language::Failure> Drill::play() {
    told_.clear();
    told_at_.clear();
    World const* world = nullptr;
    struct Facts {
        std::string decision;
        std::string gate;
    };
    std::map<std::pair<NodeId, std::uint16_t>, Facts> facts;
    language::PlayOptions options;
    options.seed = seed_;
    options.began = [&](World const& made) { world = &made; };
    options.watch = [&](World const& seen_in, netsim::Observation const& observation) {
        if (auto const line = language::narrate(observation, scenario_.cluster)) {
            told_.push_back(language::time_column(seen_in.now()) + *line);
            told_at_.push_back(seen_in.now());
        }
        auto const* noted = std::get_if<netsim::seen::NodeNoted>(&observation);
        if (noted == nullptr) return;
        if (auto const* decided = std::get_if<nodes::note::Decided>(&noted->note)) {
            facts[{noted->node, decided->group.value}].decision =
                language::explain(observation).value_or("");
        } else if (auto const* gate = std::get_if<nodes::note::GateDecided>(&noted->note)) {
            facts[{noted->node, gate->group.value}].gate =
                language::explain(observation).value_or("");
        }
    };
    options.stopped = [&](World const& stopped, netsim::Findings const& findings) {
        now_ = stopped.now();
        status_.clear();
        why_.clear();
        broken_.clear();
        for (std::uint8_t n = 0; n < scenario_.cluster.nodes.size(); ++n) {
            NodeId const id{n};
            status_ += node_line(stopped, id) + "\n";
            std::string& why = why_.emplace_back(node_line(stopped, id) + "\n");
            if (!stopped.node(id).up()) continue;
            for (netsim::CopySim const& copy : stopped.node(id).copies) {
                Facts const& known = facts[{id, copy.group}];
                why += reason(stopped, id, copy.group, known.decision, known.gate);
            }
        }
        for (std::uint16_t a = 0; a < scenario_.cluster.arrays.size(); ++a) {
            status_ += language::array_in_words(stopped, netsim::ArrayId{a}) + "\n";
        }
        for (netsim::Violation const& violation : findings.violations()) {
            broken_ += fmt::format("VIOLATED {} ({}): {}\n", violation.property, violation.rule,
                                   violation.story);
        }
    };
    options.most_events = most_events;
    language::Outcome const outcome = language::play(scenario_, options);
    if (outcome.result != language::Result::unknown) return outcome.failure;
    return language::Failure{
        {}, now_, "", "so much happens until then that it takes too long here"};
}

std::expected<std::vector<std::string>, std::string> Drill::add(std::string const& step) {
    std::string const text = language::to_yaml(without_idle(step));
    // Without steps the file has none yet, and the section stands there empty.
    auto const loaded = language::load_text("drill", text + "  - " + step + "\n", known_names());
    if (!loaded) {
        std::string wrong;
        for (language::Diagnostic const& one : loaded.error()) {
            // Lines are of a file that nobody has seen.
            wrong += one.message.substr(0, one.message.find(", since line"));
            wrong += one.hint.empty() ? "\n" : fmt::format(": {}\n", one.hint);
        }
        return std::unexpected(wrong);
    }
    language::Step made = loaded->front().steps.back();
    made.place = {};
    return add(std::move(made));
}

std::expected<std::vector<std::string>, std::string> Drill::add(language::Step step) {
    std::size_t const before = told_.size();
    scenario_.steps.push_back(std::move(step));
    if (auto const failure = play()) {
        std::string const wrong = fmt::format("it did not come true: {}\n", failure->instead);
        scenario_.steps.pop_back();
        play();
        return std::unexpected(wrong);
    }
    return std::vector<std::string>(told_.begin() + static_cast<std::ptrdiff_t>(before),
                                    told_.end());
}

std::expected<std::vector<std::string>, std::string> Drill::next() {
    std::size_t const before = told_.size();
    Duration const began = now_;
    auto const pass = [&](Duration time) {
        return language::make_step(language::step::Pass{time}, scenario_.cluster);
    };
    scenario_.steps.push_back(pass(longest_silence));
    play();
    auto const later = std::ranges::upper_bound(told_at_, began);
    Duration const until = later == told_at_.end() ? began + longest_silence : *later;
    scenario_.steps.pop_back();
    told_.resize(before);
    // Round times are easier to read in the file; what else is told until then is told with it.
    Duration const exactly = until - began;
    std::int64_t const grain = exactly < milliseconds(100) ? 1'000 : 1'000'000;
    return add(pass(Duration{(exactly.ns + grain - 1) / grain * grain}));
}

bool Drill::undo() {
    if (scenario_.steps.empty()) return false;
    scenario_.steps.pop_back();
    play();
    return true;
}

/// A file may not say of a workload that it waits when no step starts it. Those that nobody has
/// started yet, nor does with this step, do nothing and are left out.
language::Scenario Drill::without_idle(std::string_view step) const {
    language::Scenario scenario = scenario_;
    auto const starts = [&](std::uint16_t mirror) {
        return std::ranges::any_of(scenario.steps, [&](language::Step const& taken) {
            auto const* start = std::get_if<language::step::StartWorkload>(&taken.action);
            return start != nullptr && start->mirror == mirror;
        });
    };
    std::erase_if(scenario.workload, [&](language::Workload const& workload) {
        std::string const& name = scenario.cluster.mirrors[workload.mirror].name;
        bool const meant = step.starts_with("start_workload") && step.contains(name);
        return !workload.started && !meant && !starts(workload.mirror);
    });
    return scenario;
}

std::string Drill::to_yaml() const { return language::to_yaml(without_idle("")); }

}  // namespace sunder::tools
