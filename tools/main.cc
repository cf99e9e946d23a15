// SPDX-License-Identifier: BSD-3-Clause
//
// The command `sunder`: what it understands; what it does stands in the files of its commands.
#include "scenarios/language/load.h"
#include "scenarios/language/narrate_arrays.h"
#include "scenarios/language/scenario_shape.h"
#include "scenarios/language/schema.h"
#include "tools/array_command.h"
#include "tools/array_file.h"
#include "tools/ctl_command.h"
#include "tools/explore_command.h"
#include "tools/merge_command.h"
#include "tools/narrations.h"
#include "tools/node_file.h"
#include "tools/play_command.h"
#include "tools/replay_command.h"
#include "tools/run_command.h"
#include "tools/scenario_paths.h"
#include "tools/serve_command.h"
#include "tools/shrink_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

namespace {

/// More threads than any machine has, and few enough to start.
constexpr unsigned most_jobs = 1024;

using namespace sunder;

/// Loads files and says what is wrong with them, or what is in them.
int look_at(std::vector<std::string> const& paths, bool list) {
    std::vector<std::string> const files = tools::scenario_files(paths);
    if (files.empty()) return tools::wrong_input;
    language::KnownNames const known = tools::known_names();
    bool wrong = false;
    std::size_t cases = 0;
    for (std::string const& file : files) {
        auto const loaded = language::load(file, known);
        if (!loaded) {
            tools::print_diagnostics(loaded.error());
            wrong = true;
            continue;
        }
        cases += loaded->size();
        if (!list) continue;
        fmt::print("{}: {}\n", file, loaded->front().title);
        for (language::Scenario const& scenario : *loaded) {
            if (!scenario.case_name().empty()) fmt::print("    {}\n", scenario.case_name());
        }
    }
    if (!list)
        fmt::print("{} file{}, {} case{}{}\n", files.size(), files.size() == 1 ? "" : "s", cases,
                   cases == 1 ? "" : "s", wrong ? ", with errors" : ", nothing wrong");
    return wrong ? tools::wrong_input : tools::all_held;
}

CLI::Validator seed() {
    return {[](std::string& text) -> std::string {
                bool const digits = !text.empty() && std::ranges::all_of(text, [](char c) {
                    return c >= '0' && c <= '9';
                });
                if (digits && text.size() < 20) return "";
                return fmt::format("expected a whole number from 0, such as 1, found '{}'", text);
            },
            "SEED"};
}

/// Anything that a clock could show; CLI11's own range lets "nan" pass.
CLI::Validator seconds() {
    return {[](std::string& text) -> std::string {
                double value = 0;
                bool const number = CLI::detail::lexical_cast(text, value);
                if (number && value > 0 && value <= 1e9) return "";
                return fmt::format("expected a number of seconds such as 60, found '{}'", text);
            },
            "SECONDS"};
}

/// Options that only one mode of a command has may not be given in another, where they would do
/// nothing.
struct OfModes {
    std::vector<std::string> modes;
    std::vector<std::string> options;
};
void options_of(CLI::App* command, std::string const& chosen_by, std::vector<OfModes> const& all) {
    command->callback([=] {
        std::string const chosen = command->get_option(chosen_by)->as<std::string>();
        for (OfModes const& one : all) {
            for (std::string const& name : one.options) {
                bool const right = std::ranges::count(one.modes, chosen) != 0 || chosen == "all";
                if (right || command->get_option(name)->count() == 0) continue;
                throw CLI::ValidationError(name, fmt::format("it is of {} {} only", chosen_by,
                                                             fmt::join(one.modes, " and ")));
            }
        }
    });
}

void add_run(CLI::App& app, tools::RunRequest& request) {
    CLI::App* run = app.add_subcommand("run", "Play scenarios in the simulator and judge them");
    run->add_option("path", request.paths, "Scenario files, or folders of them")->required();
    run->add_option("--seed", request.seed, "The first seed")->capture_default_str()->check(seed());
    run->add_option("--seeds", request.seeds, "How many seeds to run, counting up")
        ->capture_default_str()
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
    run->add_option(
           "--engine", request.engine,
           "sim: seeds and virtual time; exhaust: every order of events within the "
           "scenario's 'bounded:'; live: real nodes, processes and NBD; all: each of them, and "
           "whether they agree")
        ->capture_default_str()
        ->check(CLI::IsMember({"sim", "exhaust", "live", "all"}));
    run->add_option("--speed", request.speed, "Of live: how many times as fast as the file says")
        ->capture_default_str()
        ->check(CLI::Range(1U, 1000U));
    run->add_option("--plugin", request.plugin,
                    "Of live: nbdkit's plugin, unless where it was built");
    run->add_flag("--keep", request.keep, "Of live: leave what the nodes wrote, and say where");
    run->add_flag("--progress", request.progress,
                  "Of live and all: tell of each case when it ends");
    run->add_option("--time-limit", request.time_limit, "Of exhaust: seconds a case")
        ->capture_default_str()
        ->check(seconds());
    run->add_option("--memory-limit", request.memory_limit, "Of exhaust: GiB")
        ->capture_default_str()
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000}));
    run->add_option("--deviations", request.deviations,
                    "Of exhaust: how often a run may leave the order in which things were begun, "
                    "whatever 'bounded:' says");
    run->add_option("--reduce", request.reduce,
                    "Of exhaust: what is left out without a loss: states without a choice are not "
                    "kept (order), blocks that nobody touched are alike (symmetry); but for none, "
                    "what two nodes do each for itself is tried in one order")
        ->capture_default_str()
        ->check(CLI::IsMember({"none", "order", "symmetry", "all"}));
    run->add_option("--counterexample", request.counterexample_file,
                    "Of exhaust: where a counterexample is written as a scenario");
    run->add_option("--jobs", request.jobs,
                    "Runs at a time, or threads of a search; 0: one per processor")
        ->capture_default_str()
        ->check(CLI::Range(0U, most_jobs));
    run->add_option("--case", request.only_case, "Only the case of this name (see `sunder list`)");
    run->add_flag("--explain", request.explain, "Say on which facts each decision stands");
    run->add_flag("--quiet", request.quiet, "No narration");
    run->add_option("--trace", request.trace_file, "Write every event of the first seed as text");
    run->add_option("--junit", request.junit_file, "Write the result as JUnit XML");
    run->add_option("--json", request.json_file, "Write the result as JSON");
    run->add_flag("--rewrite-narrations", request.rewrite_narrations,
                  "Replace golden narrations that differ, unless the run failed");
    options_of(
        run, "--engine",
        {{{"exhaust"},
          {"--time-limit", "--memory-limit", "--deviations", "--reduce", "--counterexample"}},
         {{"live"}, {"--speed", "--plugin", "--keep", "--progress"}},
         {{"sim", "live"}, {"--seed", "--seeds"}}});
}

CLI::App* add_explore(CLI::App& app, tools::ExploreRequest& request) {
    CLI::App* explore = app.add_subcommand(
        "explore", "Play scenarios' clusters with random faults, and go on from what is unusual");
    explore->add_option("path", request.paths, "Scenario files, or folders of them")->required();
    explore->add_option("--time", request.time, "How long, for all cases together, such as 10 min")
        ->capture_default_str();
    explore
        ->add_option("--runs", request.runs,
                     "How many runs of each case, whatever the time; such a campaign is repeatable")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000'000}))
        ->excludes("--time");
    explore
        ->add_option("--runs-in-all", request.runs_in_all,
                     "The same, divided among all cases and rounded up")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000'000}))
        ->excludes("--runs")
        ->excludes("--time");
    explore->add_flag("--quiet", request.quiet, "Of cases without findings only the sums");
    explore->add_option("--jobs", request.jobs, "Runs at a time; 0: one per processor")
        ->capture_default_str()
        ->check(CLI::Range(0U, most_jobs));
    explore->add_option("--seed", request.seed, "The seed")->capture_default_str()->check(seed());
    explore->add_option("--acts", request.acts, "What befalls a run, at most")
        ->capture_default_str()
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1000}));
    auto const faults = [&request](char const* choice) {
        return [&request, choice] { request.faults = choice; };
    };
    explore->add_flag_callback(
        "--all-faults", faults("all"),
        "Disks that hang, are full and lie, rollbacks and clocks as well: what is lost "
        "outside the fault budget is allowed by name");
    explore
        ->add_flag_callback("--in-budget", faults("in-budget"),
                            "The same without what is outside the fault budget")
        ->excludes("--all-faults");
    explore
        ->add_option(
            "--schedule", request.schedule,
            "time: random faults at random moments; priority: within 'bounded:', streams of "
            "events by random priorities, whose chance to find a bug is told")
        ->capture_default_str()
        ->check(CLI::IsMember({"time", "priority"}));
    explore->add_option("--depth", request.depth, "Of priority: bugs of this depth, at most")
        ->capture_default_str()
        ->check(CLI::Range(1U, 10U));
    explore
        ->add_option(
            "--known-states", request.known_states,
            "Compare with exhaustive searches of 'bounded:', unless they have more states; 0: do "
            "not. Default: 200000, but for runs at random moments whose number is told")
        ->type_name("UINT");
    explore->add_option("--case", request.only_case, "Only the case of this name");
    explore->add_option("--shard", request.shard,
                        "i/n: the i-th of n processes that share the campaign. Default: as a Slurm "
                        "array or an indexed job says");
    explore->add_option("--commit", request.commit,
                        "What was tested: only results of the same add up. Default: a checksum of "
                        "this program");
    explore->add_option("--findings", request.findings, "A folder for what is found")
        ->capture_default_str();
    explore->add_option("--json", request.json_file, "Write the results for `report merge`");
    options_of(
        explore, "--schedule",
        {{{"priority"}, {"--depth"}}, {{"time"}, {"--acts", "--all-faults", "--in-budget"}}});
    return explore;
}

CLI::App* add_play(CLI::App& app, tools::PlayRequest& request) {
    CLI::App* play = app.add_subcommand(
        "play", "A scenario's cluster in the terminal; the drill becomes a scenario file");
    play->add_option("path", request.path, "The scenario file")->required();
    play->add_option("--case", request.only_case,
                     "The case (see `sunder list`). Default: the first");
    play->add_option("--seed", request.seed, "The seed")->capture_default_str()->check(seed());
    play->add_flag("--with-steps", request.with_steps,
                   "Begin where the steps of the file end, instead of with its cluster");
    play->add_option(
        "--output", request.output_file,
        "Where the drill is saved. Default: drill.yaml, or the next name that is free");
    return play;
}

CLI::App* add_serve(CLI::App& app, tools::ServeRequest& request) {
    CLI::App* serve = app.add_subcommand(
        "serve", "Serve the array, or the node of a cluster, that a file describes, by NBD");
    serve->add_option("path", request.path, "The file that describes it")->required();
    serve->add_option("--socket", request.socket, "A Unix socket, instead of the file's address");
    serve->add_option("--pidfile", request.pidfile, "Written when hosts may attach");
    serve->add_option("--plugin", request.plugin,
                      "nbdkit's plugin, when it does not lie beside this program");
    serve->add_flag("--print", request.print, "The command that would be run, and no more");
    serve->add_flag("--clean-up", request.clean_up,
                    "Serve nothing: stop what stands on the node's mirrors, where it has ended");
    return serve;
}

CLI::App* add_array(CLI::App& app, tools::ArrayRequest& request) {
    CLI::App* array = app.add_subcommand(
        "array", "Say something to an array that is served: `sunder array help` says what");
    array->add_option("--control", request.control, "The socket at which it hears operators")
        ->envname("SUNDER_CONTROL");
    array->add_flag("--json", request.json, "The answer as it comes");
    array->add_option("--timeout", request.timeout, "Seconds within which it has to answer")
        ->capture_default_str()
        ->check(CLI::Range(1U, 86'400U));
    array->add_option("words", request.words, "Such as: add snapshot s1 of=data");
    return array;
}

CLI::App* add_ctl(CLI::App& app, tools::CtlRequest& request) {
    CLI::App* ctl = app.add_subcommand(
        "ctl", "Ask something of a node that is served: `sunder ctl help` says what");
    ctl->add_option("--control", request.control, "The socket at which it hears operators")
        ->envname("SUNDER_CONTROL");
    ctl->add_flag("--json", request.json, "The answer as it comes");
    ctl->add_flag("--watch", request.watch, "Of status: again, whenever it has changed");
    ctl->add_flag("--follow", request.follow, "Of events: those that come, too");
    ctl->add_option("--after", request.after, "Of events: only those behind this one's id");
    ctl->add_flag("--yes", request.yes, "Do not ask before something may be lost");
    ctl->add_option("--timeout", request.timeout, "Seconds within which it has to answer")
        ->capture_default_str()
        ->check(CLI::Range(1U, 86'400U));
    ctl->add_option("words", request.words, "Such as: switchover datarep");
    return ctl;
}

struct SchemaOf {
    bool cluster = false;
    bool array = false;
    bool node = false;
};

CLI::App* add_schema(CLI::App& app, SchemaOf& of) {
    CLI::App* schema = app.add_subcommand("schema", "Print the JSON Schema of scenario files");
    schema->add_flag("--cluster", of.cluster, "Of files that `include:` names instead");
    schema->add_flag("--array", of.array, "Of arrays that `sunder serve` reads instead");
    schema->add_flag("--node", of.node, "Of nodes that `sunder serve` reads instead");
    return schema;
}

int print_schema(SchemaOf const& of) {
    fmt::print("{}", of.array     ? tools::array_schema()
                     : of.node    ? tools::node_schema()
                     : of.cluster ? language::cluster_schema()
                                  : language::scenario_schema());
    return tools::all_held;
}

CLI::App* add_replay(CLI::App& app, tools::ReplayRequest& request) {
    CLI::App* replay = app.add_subcommand(
        "replay", "Have a node's machines do again what was recorded, and compare");
    replay->add_option("path", request.path, "A recording, or a folder of them")->required();
    replay->add_flag("--explain", request.explain,
                     "Say what they noted, and on which facts each decision stands");
    return replay;
}

int print_names() {
    language::KnownNames const known = tools::known_names();
    for (std::string const& name : known.checkers) fmt::print("checker  {}\n", name);
    for (std::string const& name : known.marks) fmt::print("mark     {}\n", name);
    for (std::string const& name : known.rules) fmt::print("rule     {}\n", name);
    for (std::string const& name : language::array_rule_names()) {
        fmt::print("rule of arrays             {}\n", name);
    }
    for (std::string const& name : language::array_host_rule_names()) {
        fmt::print("rule of arrays' hosts      {}\n", name);
    }
    return tools::all_held;
}

int obey(int argc, char** argv) {
    CLI::App app{"Sunder: storage replication, failover and split brain, simulated"};
    app.require_subcommand(1);
    tools::RunRequest request;
    add_run(app, request);
    tools::ShrinkRequest shrinking;
    CLI::App* shrink = app.add_subcommand(
        "shrink", "Make a failing scenario as small as it can be and still fail");
    shrink->add_option("path", shrinking.path, "The scenario file")->required();
    shrink->add_option("--seed", shrinking.seed, "The seed under which it fails")
        ->capture_default_str()
        ->check(seed());
    shrink->add_option("--case", shrinking.only_case, "The case (see `sunder list`)");
    shrink->add_option("--time-limit", shrinking.time_limit, "Seconds")
        ->capture_default_str()
        ->check(seconds());
    shrink->add_option("--output", shrinking.output_file, "Where the small scenario is written")
        ->capture_default_str();
    tools::ExploreRequest exploring;
    CLI::App* explore = add_explore(app, exploring);
    CLI::App* report = app.add_subcommand("report", "Results of campaigns");
    report->require_subcommand(1);
    tools::MergeRequest merging;
    CLI::App* merge = report->add_subcommand("merge", "What several shards found, as one");
    merge->add_option("file", merging.files, "Results, written by `explore --json`")->required();
    merge->add_option("--findings", merging.findings, "A folder for what is found")
        ->capture_default_str();
    merge->add_option("--json", merging.json_file, "Write the results, to be merged again");
    tools::PlayRequest playing;
    CLI::App* play = add_play(app, playing);
    std::vector<std::string> paths;
    CLI::App* check =
        app.add_subcommand("check", "Load scenarios and say what is wrong with them; run nothing");
    check->add_option("path", paths, "Scenario files, or folders of them")->required();
    CLI::App* list = app.add_subcommand("list", "Name scenarios and their cases");
    list->add_option("path", paths, "Scenario files, or folders of them (default: scenarios)");
    SchemaOf of;
    CLI::App* schema = add_schema(app, of);
    tools::ServeRequest serving;
    CLI::App* serve = add_serve(app, serving);
    tools::ArrayRequest asking;
    CLI::App* array = add_array(app, asking);
    tools::CtlRequest controlling;
    CLI::App* ctl = add_ctl(app, controlling);
    tools::ReplayRequest replaying;
    CLI::App* replay = add_replay(app, replaying);
    CLI::App* names =
        app.add_subcommand("names", "Print the checkers, marks and rules that scenarios may name");
    try {
        app.parse(argc, argv);
    } catch (CLI::ParseError const& error) {
        int const status = app.exit(error);
        return status == 0 ? tools::all_held : tools::wrong_input;
    }
    if (*shrink) return tools::shrink(shrinking);
    if (*explore) return tools::explore(exploring);
    if (*merge) return tools::merge_reports(merging);
    if (*play) return tools::play(playing);
    if (*check) return look_at(paths, false);
    if (*list) return look_at(paths.empty() ? std::vector<std::string>{"scenarios"} : paths, true);
    if (*serve) return tools::serve(serving);
    if (*array) return tools::ask_array(asking);
    if (*ctl) return tools::ctl(controlling);
    if (*replay) return tools::replay(replaying);
    if (*schema) return print_schema(of);
    if (*names) return print_names();
    return tools::run(request);
}

/// What nobody can read has not been said, and so nothing is known.
int unheard(int status, std::string const& why) {
    fmt::print(stderr, "sunder: standard output cannot be written: {}\n", why);
    return status == tools::all_held ? tools::unknown : status;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        int const status = obey(argc, argv);
        if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
        return unheard(status, std::strerror(errno));
    } catch (std::system_error const& error) {
        return unheard(tools::all_held, error.what());
    }
}
