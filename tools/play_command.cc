// SPDX-License-Identifier: BSD-3-Clause
//
// The terminal of a drill.
#include "tools/play_command.h"

#include "base/text.h"
#include "scenarios/language/load.h"
#include "tools/drill.h"
#include "tools/narrations.h"
#include "tools/run_command.h"
#include "tools/scenario_paths.h"

#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>

namespace sunder::tools {

namespace {

constexpr char const* help =
    "  next                     lets time pass until something is told; so does an empty line\n"
    "  10 s                     lets ten seconds pass\n"
    "  status                   what every node and mirror is\n"
    "  why NODE                 where its mirrors are, by which decision, on which facts\n"
    "  crash NODE, power_cut NODE, pause NODE, resume NODE, restart NODE\n"
    "  power_cut ARRAY, power_on ARRAY, flush ARRAY\n"
    "  cut A B, heal A B        a link between two neighbours\n"
    "  degrade A B QUALITY VALUE ...\n"
    "                           of a link: latency, jitter, loss, bandwidth\n"
    "  damage NODE NODE         the next message from one to the other\n"
    "  write MIRROR [AT [LENGTH]], read ..., trim ..., flush MIRROR\n"
    "                           of one of its volumes: write MIRROR/VOLUME ...\n"
    "  move MIRROR NODE         an operator's switchover\n"
    "  force MIRROR NODE        an operator forces it online\n"
    "  confirm NODE DEAD        an administrator tells NODE that DEAD is dead\n"
    "  loser MIRROR NODE        an operator names the loser of a split brain\n"
    "  KEY: VALUE               any step of a scenario file, as it stands there\n"
    "  undo                     takes the last step back\n"
    "  steps                    what was done so far\n"
    "  save [FILE]              the drill, as a scenario file that replays\n"
    "  quit                     saves, too\n";

/// Words, with numbers and their units together: "write m 64 KiB" has three.
std::vector<std::string> words_of(std::string const& line) {
    std::vector<std::string> words;
    std::string word;
    auto const number = [](std::string const& text) {
        return !text.empty() && std::ranges::all_of(text, [](char c) {
            return std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '.';
        });
    };
    auto const end_word = [&] {
        if (word.empty()) return;
        bool const unit = !words.empty() && number(words.back()) &&
                          (word == "%" || std::isalpha(static_cast<unsigned char>(word[0])) != 0);
        if (unit) {
            words.back() += " " + word;
        } else {
            words.push_back(word);
        }
        word.clear();
    };
    for (char const c : line) {
        if (std::isspace(static_cast<unsigned char>(c)) != 0) {
            end_word();
        } else {
            word += c;
        }
    }
    end_word();
    return words;
}

/// MIRROR or MIRROR/VOLUME.
std::string range_of(std::vector<std::string> const& words) {
    std::size_t const slash = words[1].find('/');
    std::string const mirror = words[1].substr(0, slash);
    std::string const volume =
        slash == std::string::npos ? "" : ", volume: " + words[1].substr(slash + 1);
    return fmt::format("{}: {{mirror: {}{}, at: {}, length: {}}}", words[0], mirror, volume,
                       words.size() > 2 ? words[2] : "0 B", words.size() > 3 ? words[3] : "4 KiB");
}

/// degrade A B, and then the name and the value of each quality.
std::string degradation_of(std::vector<std::string> const& words) {
    std::string step = fmt::format("degrade: {{link: [{}, {}]", words[1], words[2]);
    for (std::size_t i = 3; i + 1 < words.size(); i += 2)
        step += fmt::format(", {}: {}", words[i], words[i + 1]);
    return step + "}";
}

class Terminal {
public:
    Terminal(Drill drill, PlayRequest const& request)
        : drill_(std::move(drill)), request_(request), asks_(isatty(STDIN_FILENO) != 0) {}

    int run() {
        fmt::print("{}\n", drill_.scenario().title);
        for (std::string const& one : drill_.told()) fmt::print("{}\n", one);
        fmt::print("`help` tells what can be said here.\n");
        for (std::string line; prompt() && std::getline(std::cin, line);) {
            std::vector<std::string> const words = words_of(line);
            if (!words.empty() && (words[0] == "quit" || words[0] == "q")) break;
            obey(line, words);
        }
        bool const done = drill_.scenario().steps.empty() || drill_.to_yaml() == saved_;
        return done ? ended() : save("");
    }

private:
    bool prompt() {
        if (asks_) {
            fmt::print("{}> ", to_text(drill_.now()));
            std::fflush(stdout);
        }
        return true;
    }

    void obey(std::string const& line, std::vector<std::string> const& words) {
        std::string const word = words.empty() ? "next" : words[0];
        if (word == "next" || word == "n") return tell(drill_.next());
        if (word == "help" || word == "?") return fmt::print("{}", help);
        if (word == "status" || word == "s")
            return fmt::print("at {}\n{}", to_text(drill_.now()), drill_.status());
        if (word == "why" || word == "w") return why(words);
        if (word == "undo" || word == "u") return undo();
        if (word == "steps") return steps();
        if (word == "save") {
            save(words.size() > 1 ? words[1] : "");
            return;
        }
        tell(drill_.add(step_of(line)));
    }

    void tell(std::expected<std::vector<std::string>, std::string> const& told) {
        if (!told) return fmt::print("{}", told.error());
        for (std::string const& one : *told) fmt::print("{}\n", one);
        if (told->empty()) fmt::print("nothing to tell until {}\n", to_text(drill_.now()));
        if (drill_.broken() != broken_) fmt::print("{}", drill_.broken());
        broken_ = drill_.broken();
    }

    void why(std::vector<std::string> const& words) {
        auto const& nodes = drill_.scenario().cluster.nodes;
        if (nodes.empty()) return fmt::print("arrays decide nothing: `status` tells of them\n");
        bool found = false;
        for (std::uint8_t n = 0; n < nodes.size(); ++n) {
            if (words.size() > 1 && nodes[n].name != words[1]) continue;
            fmt::print("{}", drill_.why(NodeId{n}));
            found = true;
        }
        if (found) return;
        std::vector<std::string> names;
        for (netsim::NodeSetup const& node : nodes) names.push_back(node.name);
        fmt::print("there is no node '{}'; there are {}\n", words[1], join(names));
    }

    void undo() {
        std::string const last =
            drill_.scenario().steps.empty() ? "" : drill_.scenario().steps.back().source;
        if (!drill_.undo()) return fmt::print("nothing was done yet\n");
        fmt::print("taken back: {}; it is {} again\n", last, to_text(drill_.now()));
        broken_ = drill_.broken();
    }

    void steps() {
        for (language::Step const& step : drill_.scenario().steps)
            fmt::print("  - {}\n", step.source);
        if (drill_.scenario().steps.empty()) fmt::print("nothing was done yet\n");
    }

    int ended() const { return drill_.broken().empty() ? all_held : violated; }

    /// The first name that is free, so that no drill is lost.
    static std::string free_name() {
        std::string name = "drill.yaml";
        for (int n = 2; std::filesystem::exists(name); ++n) name = fmt::format("drill-{}.yaml", n);
        return name;
    }

    int save(std::string const& chosen) {
        if (drill_.scenario().steps.empty()) {
            fmt::print("nothing was done yet, so there is nothing to save\n");
            return ended();
        }
        std::string const path = !chosen.empty()                 ? chosen
                                 : !request_.output_file.empty() ? request_.output_file
                                                                 : free_name();
        if (would_overwrite(path, {request_.path})) return wrong_input;
        std::ofstream file(path);
        file << drill_.to_yaml();
        file.close();
        if (!file) {
            fmt::print(stderr, "error: cannot write {}\n", path);
            return wrong_input;
        }
        saved_ = drill_.to_yaml();
        fmt::print("saved as {}; see it again with: tools/run run {} --seed {}\n", path, path,
                   request_.seed);
        return ended();
    }

    Drill drill_;
    PlayRequest const& request_;
    bool asks_;
    std::string saved_;  ///< what was written last
    std::string broken_;
};

}  // namespace

std::string step_of(std::string const& line) {
    std::vector<std::string> const words = words_of(line);
    std::string const& word = words[0];
    bool const has_value = line.find(':') != std::string::npos;
    if (has_value) return line;
    std::size_t const count = words.size();
    bool const time = count == 1 && std::isdigit(static_cast<unsigned char>(word[0])) != 0;
    if (time) return "pass: " + word;
    if ((word == "cut" || word == "heal") && count == 3)
        return fmt::format("{}: [{}, {}]", word, words[1], words[2]);
    if (word == "degrade" && count >= 5 && count % 2 == 1) return degradation_of(words);
    if (word == "damage" && count == 3)
        return fmt::format("damage: {{from: {}, to: {}}}", words[1], words[2]);
    bool const ranged = word == "write" || word == "read" || word == "trim";
    if (ranged && count >= 2 && count <= 4) return range_of(words);
    if (word == "move" && count == 3)
        return fmt::format("switch_over: {{mirror: {}, to: {}}}", words[1], words[2]);
    if (word == "force" && count == 3)
        return fmt::format("force_online: {{mirror: {}, on: {}}}", words[1], words[2]);
    if (word == "confirm" && count == 3)
        return fmt::format("confirm_failover: {{on: {}, dead: {}}}", words[1], words[2]);
    if (word == "loser" && count == 3)
        return fmt::format("resolve_split_brain: {{mirror: {}, loser: {}}}", words[1], words[2]);
    std::string rest;
    for (std::size_t i = 1; i < count; ++i) rest += (i == 1 ? "" : " ") + words[i];
    return fmt::format("{}: {}", word, rest);
}

int play(PlayRequest const& request) {
    auto const loaded = language::load(request.path, known_names());
    if (!loaded) {
        print_diagnostics(loaded.error());
        return wrong_input;
    }
    auto const chosen = std::ranges::find_if(*loaded, [&](language::Scenario const& scenario) {
        return request.only_case.empty() || scenario.case_name() == request.only_case;
    });
    if (chosen == loaded->end()) {
        fmt::print(stderr, "error: no case is called '{}'; `sunder list` shows them all\n",
                   request.only_case);
        return wrong_input;
    }
    language::Scenario scenario = *chosen;
    if (!request.with_steps) scenario.steps.clear();
    return Terminal(Drill(std::move(scenario), request.seed), request).run();
}

}  // namespace sunder::tools
