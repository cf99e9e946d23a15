// SPDX-License-Identifier: BSD-3-Clause
//
// Words and numbers of a campaign.
#include "tools/campaign_report.h"

#include "netsim/exhaust/schedule.h"
#include "scenarios/campaign/hardware.h"
#include "scenarios/language/narration.h"
#include "tools/run_command.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <optional>

namespace sunder::tools {

namespace {

using campaign::CaseResults;
using campaign::Coverage;
using campaign::Finding;
using campaign::Results;
using campaign::Schedules;

/// How surely a bug of each depth would have been found.
void tell_schedules(CaseResults const& one) {
    Schedules const& told = *one.schedules;
    fmt::print(
        "       by priorities: {} streams, up to {} events a run ({} runs were cut off there), at "
        "most "
        "{:.3g} scripts of requests and faults\n",
        told.streams, told.events, told.cut_off, told.scripts);
    for (unsigned depth = 1; depth <= told.runs.size(); ++depth) {
        double const chance = netsim::least_chance(told.scripts, told.streams,
                                                   static_cast<std::uint32_t>(told.events), depth);
        std::uint64_t const runs = told.runs[depth - 1];
        // A guarantee is never rounded up to certainty.
        double const percent = std::min(100 * netsim::least_chance_of_any(chance, runs), 99.99);
        fmt::print(
            "       a bug of depth {} within that is found with a probability of at least 1/{:.0f} "
            "a "
            "run, {:.3g} % in {} runs\n",
            depth, std::ceil(1 / chance), percent, runs);
    }
    if (one.known.empty()) {
        fmt::print(
            "       how many abstract states there are is unknown: no exhaustive search of the "
            "bound came to its end\n");
    }
}

/// How much of what there is within its bound was seen, where that is known.
void tell_known(CaseResults const& one) {
    if (one.known.empty()) return;
    std::uint64_t const reached = reached_of_known(one);
    fmt::print(
        "       reached {} of {} abstract states ({:.1f} %) that an exhaustive search knows\n",
        reached, one.known.size(),
        100 * static_cast<double>(reached) / static_cast<double>(one.known.size()));
}

std::string name_of(CaseResults const& one) {
    return one.case_name.empty() ? one.path : fmt::format("{} [{}]", one.path, one.case_name);
}

void tell_case(CaseResults const& one) {
    fmt::print("{}\n", name_of(one));
    if (one.runs == 0) {
        fmt::print("  --   no run\n");
        return;
    }
    fmt::print("  {} {} runs, {} events, {} {} reached", one.violated > 0 ? "FAIL" : "ok  ",
               one.runs, one.events, one.features.size(),
               one.schedules ? "abstract states" : "features");
    if (one.violated > 0) fmt::print(", {} runs violated something", one.violated);
    if (one.unknown > 0) fmt::print(", {} unknown: too many events, or never at rest", one.unknown);
    fmt::print("\n");
    if (one.schedules) tell_schedules(one);
    tell_known(one);
}

/// Of the case that ran longest: the others look alike.
void tell_growth(Results const& results) {
    CaseResults const* longest = nullptr;
    for (CaseResults const& one : results.cases) {
        if (longest == nullptr || one.runs > longest->runs) longest = &one;
    }
    if (longest == nullptr || longest->growth.empty()) return;
    fmt::print("\nfeatures reached by one searcher of {}, after so many runs:\n ", longest->path);
    for (CaseResults::Growth const& at : longest->growth) {
        fmt::print(" {}:{}", at.runs, at.features);
    }
    fmt::print("\n");
}

void tell_never(char const* what, std::vector<std::string> const& all,
                Coverage::Names const& reached) {
    std::vector<std::string> never;
    for (std::string const& name : all) {
        if (!reached.contains(name)) never.push_back(name);
    }
    fmt::print("{} reached: {} of {}", what, all.size() - never.size(), all.size());
    if (!never.empty()) fmt::print("; never: {}", fmt::join(never, ", "));
    fmt::print("\n");
}

/// What no design survives without a loss is said beside what followed from it.
void tell_budget(campaign::Asked const& asked) {
    if (asked.faults == "usual") return;
    std::string names;
    for (unsigned k = 0; k < static_cast<unsigned>(campaign::Kind::last); ++k) {
        auto const kind = static_cast<campaign::Kind>(k);
        if (!campaign::has(campaign::outside_budget, kind)) continue;
        names += fmt::format("{}{}", names.empty() ? "" : ", ", name_of(kind));
    }
    fmt::print("outside the fault budget{}: {}; all other kinds are inside\n",
               asked.faults == "in-budget" ? ", and left out" : "", names);
}

}  // namespace

std::vector<std::string> reachable_rules() {
    std::vector<std::string> all = language::rule_names();
    for (std::string const& name : language::handshake_rule_names()) {
        if (std::ranges::find(all, name) == all.end()) all.push_back(name);
    }
    return all;
}

bool tell_campaign(Results const& results, FindingsFolder& folder, bool quiet) {
    Coverage::Names marks;
    Coverage::Names rules;
    Coverage::Names allowed;
    std::uint64_t runs = 0;
    std::uint64_t events = 0;
    for (CaseResults const& one : results.cases) {
        if (!quiet || one.violated > 0 || one.unknown > 0) tell_case(one);
        runs += one.runs;
        events += one.events;
        for (auto const& [name, times] : one.marks) marks[name] += times;
        for (auto const& [name, times] : one.rules) rules[name] += times;
        for (auto const& [name, times] : one.allowed) allowed[name] += times;
    }
    if (!quiet) tell_growth(results);
    tell_never("marks", language::cluster_mark_names(), marks);
    tell_never("rules", reachable_rules(), rules);
    tell_budget(results.asked);
    for (auto const& [name, times] : allowed) {
        fmt::print("allowed by policy: {} ({})\n", name, times);
    }
    bool written = true;
    std::uint64_t findings = 0;
    for (CaseResults const& one : results.cases) {
        for (Finding const& finding : one.findings) {
            std::optional<std::string> const path = folder.write(one, finding);
            written = written && path;
            ++findings;
            fmt::print(
                "\n{}{} in {} of {} runs of {}, {} steps:\n  {}\n  replay: tools/run "
                "run {} --seed {}\n",
                finding.property == campaign::unknown_run ? "UNKNOWN" : "FOUND " + finding.property,
                finding.rule.empty() ? "" : fmt::format(" ({})", finding.rule), finding.count,
                one.runs, name_of(one), finding.steps, finding.story, path.value_or("?"),
                finding.seed);
        }
    }
    fmt::print("\n{} runs, {} events in {:.1f} s of processors: {:.0f} runs/s a processor; {} {}\n",
               runs, events, results.seconds,
               results.seconds > 0 ? static_cast<double>(runs) / results.seconds : 0.0, findings,
               findings == 1 ? "finding" : "findings");
    return written;
}

int status_of(Results const& results) {
    // Other shards may have run what was not run here.
    bool const others = results.asked.runs != 0 && !is_of_all_shards(results);
    bool open = results.cases.empty();
    for (CaseResults const& one : results.cases) {
        if (one.violated > 0) return violated;
        open = open || one.unknown > 0 || (one.runs == 0 && !others);
    }
    return open ? unknown : all_held;
}

}  // namespace sunder::tools
