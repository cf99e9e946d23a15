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

int replay_life(std::string const& path, bool explain) {
    auto recording = Recording::open(path);
    if (!recording) {
        fmt::print(stderr, "error: {}\n", recording.error());
        return wrong_input;
    }
    live::NodeSetup const& setup = recording->setup();
    fmt::print("{}: a life of {} in {}\n", path, setup.members[setup.config.self.value].name,
               setup.cluster);
    live::Replayer replayer(setup);
    std::optional<Story> story;
    if (explain) story.emplace(setup, replayer);
    std::uint64_t inputs = 0;
    Duration last;
    while (std::optional<Recording::Entry> const entry = recording->next()) {
        last = entry->at;
        if (story) story->now = last;
        ++inputs;
        if (auto const same = replayer.step(*entry); !same) {
            fmt::print("DIFFERS at input {}, {}:\n  {}\n", inputs, live::in_words(*entry, setup),
                       same.error());
            return violated;
        }
    }
    fmt::print("{} in {:.1f} s, and what came out is what came out then; it ends there: {}\n",
               counted(inputs), static_cast<double>(last.ns) / 1e9,
               live::in_words(recording->end()));
    if (recording->damaged()) {
        fmt::print(
            stderr,
            "error: {}: what follows is damaged, {} bytes from its end: no input there is as "
            "it was written, and what came after it cannot be replayed\n",
            path, recording->left_over());
        return wrong_input;
    }
    if (recording->left_over() != 0)
        fmt::print("{} bytes behind that are cut off\n", recording->left_over());
    bool const went_on = recording->end() == live::RecordingEnd::full ||
                         recording->end() == live::RecordingEnd::too_slow;
    return went_on ? unknown : all_held;
}

}  // namespace

int replay(ReplayRequest const& request) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(request.path, ignored))
        return replay_life(request.path, request.explain);
    std::vector<std::string> const lives = live::recordings_in(request.path);
    if (lives.empty()) {
        fmt::print(stderr, "error: {}: no recording is in this folder\n", request.path);
        return wrong_input;
    }
    int worst = all_held;
    for (std::string const& life : lives)
        worst = std::max(worst, replay_life(life, request.explain));
    return worst;
}

}  // namespace sunder::tools
