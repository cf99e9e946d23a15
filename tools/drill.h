// SPDX-License-Identifier: BSD-3-Clause
//
// A drill: a scenario that is written while it is played. Its state is its steps; what is seen is
// what a run of them shows, from the beginning, each time. So a drill that is saved replays, and a
// step that is taken back was never there.
#pragma once

#include "scenarios/language/diagnostic.h"
#include "scenarios/language/play.h"
#include "scenarios/language/scenario.h"

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace sunder::tools {

class Drill {
public:
    /// `scenario` without steps to begin with its cluster at rest.
    Drill(language::Scenario scenario, std::uint64_t seed);

    /// Plays one more step, given as in a file: "crash: server1". Answers with the lines of the
    /// narration that it added, or with what is wrong; then the drill is as it was.
    std::expected<std::vector<std::string>, std::string> add(std::string const& step);
    /// Lets time pass until something is told, at most an hour.
    std::expected<std::vector<std::string>, std::string> next();
    /// Takes the last step back. False when there is none.
    bool undo();
    /// What has been told from the beginning.
    [[nodiscard]] std::vector<std::string> const& told() const { return told_; }

    [[nodiscard]] Duration now() const { return now_; }
    [[nodiscard]] language::Scenario const& scenario() const { return scenario_; }
    /// One line for each node, and for each mirror what it is.
    [[nodiscard]] std::string const& status() const { return status_; }
    /// Where the node's mirrors are, by which decision, on which facts. Requires that it exists.
    [[nodiscard]] std::string const& why(NodeId node) const { return why_[node.value]; }
    /// Properties that are broken by now, in words; empty: none.
    [[nodiscard]] std::string const& broken() const { return broken_; }
    /// The drill as a scenario file.
    [[nodiscard]] std::string to_yaml() const;

private:
    /// Plays `scenario_`. What failed, if a step did not come true.
    std::optional<language::Failure> play();
    std::expected<std::vector<std::string>, std::string> add(language::Step step);
    [[nodiscard]] language::Scenario without_idle(std::string_view step) const;

    language::Scenario scenario_;
    std::uint64_t seed_;
    std::vector<std::string> told_;
    std::vector<Duration> told_at_;
    Duration now_;
    std::string status_;
    std::vector<std::string> why_;
    std::string broken_;
};

}  // namespace sunder::tools
