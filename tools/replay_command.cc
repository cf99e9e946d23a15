// SPDX-License-Identifier: BSD-3-Clause
//
// Feeds recordings to machines and says what became of it.
#include "tools/replay_command.h"

#include "nodes/live/note_words.h"
#include "nodes/live/recording.h"
#include "nodes/live/replayer.h"
#include "scenarios/language/narration.h"
#include "tools/run_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace sunder::tools {

namespace {

using live::Recording;

/// A line for each note that has words, and one for the facts of a decision.
class Story {
public:
    Story(live::NodeSetup const& setup, live::Replayer& replayer) {
        replayer.node_noted = [&](nodes::Note const& note) {
            say(live::in_words(note, setup),
                language::explain(netsim::seen::NodeNoted{setup.config.self, note}));
        };
        replayer.mirror_noted = [&](std::size_t mirror, replication::Note const& note) {
            GroupId const group = setup.mirrors[mirror].config.group;
            say(live::in_words(note, setup, mirror),
                language::explain(netsim::seen::MirrorNoted{setup.config.self, group, note}));
        };
    }
    Story(Story const&) = delete;
    Story& operator=(Story const&) = delete;

    Duration now;

private:
    void say(std::string const& words, std::optional<std::string> const& facts) const {
        if (words.empty()) return;
        std::string const column = language::time_column(now);
        fmt::print("{}{}\n", column, words);
        if (facts) fmt::print("{:{}}  {}\n", "", column.size(), *facts);
    }
};

std::string counted(std::uint64_t inputs) {
    return fmt::format("{} input{}", inputs, inputs == 1 ? "" : "s");
}

void say_what_it_is(std::string const& path, Recording const& recording) {
    live::NodeSetup const& setup = recording.setup();
    std::uint32_t const part = recording.part();
    std::string const from = part == 0 ? "" : fmt::format(", from its part {} on", part + 1);
    fmt::print("{}: a life of {} in {}{}\n", path, setup.members[setup.config.self.value].name,
               setup.cluster, from);
}

int say_how_it_ended(std::string const& path, Recording const& recording,
                     live::Replayer const& replayer, Duration last) {
    fmt::print("{} in {:.1f} s, and what came out is what came out then; it ends there: {}\n",
               counted(replayer.taken()), static_cast<double>(last.ns) / 1e9,
               live::in_words(recording.end()));
    if (replayer.passed_over() != 0)
        fmt::print("{} before that came into machines whose beginning is gone\n",
                   counted(replayer.passed_over()));
    if (!recording.objection().empty()) {
        fmt::print(stderr, "error: {}\n", recording.objection());
        return wrong_input;
    }
    if (recording.damaged()) {
        fmt::print(
            stderr,
            "error: {}: part {}: what follows is damaged, {} bytes from its end: no input there is "
            "as it was written, and what came after it cannot be replayed\n",
            path, recording.part() + 1, recording.left_over());
        return wrong_input;
    }
    if (recording.left_over() != 0)
        fmt::print("{} bytes behind that are cut off\n", recording.left_over());
    bool const went_on = recording.end() == live::RecordingEnd::full ||
                         recording.end() == live::RecordingEnd::too_slow;
    return went_on ? unknown : all_held;
}

struct Replayed {
    int status = all_held;
    std::size_t parts = 1;  ///< that were looked at
};

Replayed replay_life(live::RecordedLife const& life, bool explain) {
    std::string const& path = life.parts.front();
    auto recording = Recording::open(life);
    if (!recording) {
        fmt::print(stderr, "error: {}\n", recording.error());
        return {wrong_input};
    }
    live::NodeSetup const& setup = recording->setup();
    say_what_it_is(path, *recording);
    live::Replayer replayer(setup, recording->part() == 0);
    std::optional<Story> story;
    if (explain) story.emplace(setup, replayer);
    Duration last;
    while (std::optional<Recording::Entry> const entry = recording->next()) {
        last = entry->at;
        if (story) story->now = last;
        if (auto const same = replayer.step(*entry); !same) {
            fmt::print("DIFFERS at input {}, {}:\n  {}\n", replayer.taken(),
                       live::in_words(*entry, setup), same.error());
            return {violated, recording->parts_read()};
        }
    }
    int const status = say_how_it_ended(path, *recording, replayer, last);
    return {status, recording->parts_read()};
}

/// What is behind a part that cannot be read on goes on from the states that follow.
int replay_all_of(live::RecordedLife life, bool explain) {
    int worst = all_held;
    while (!life.parts.empty()) {
        Replayed const replayed = replay_life(life, explain);
        worst = std::max(worst, replayed.status);
        life.parts.erase(life.parts.begin(),
                         life.parts.begin() + static_cast<std::ptrdiff_t>(replayed.parts));
    }
    return worst;
}

}  // namespace

int replay(ReplayRequest const& request) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(request.path, ignored))
        return replay_all_of({{request.path}}, request.explain);
    std::vector<live::RecordedLife> const lives = live::lives_in(request.path);
    if (lives.empty()) {
        fmt::print(stderr, "error: {}: no recording is in this folder\n", request.path);
        return wrong_input;
    }
    int worst = all_held;
    for (live::RecordedLife const& life : lives)
        worst = std::max(worst, replay_all_of(life, request.explain));
    return worst;
}

}  // namespace sunder::tools
