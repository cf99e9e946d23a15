// SPDX-License-Identifier: BSD-3-Clause
//
// Merging: associative, and the same in whatever order.
#include "scenarios/campaign/results.h"

#include "base/units.h"
#include "base/verify.h"

#include <fmt/format.h>
#include <algorithm>
#include <tuple>

namespace sunder::campaign {

namespace {

void unite(std::vector<Feature>& into, std::vector<Feature> const& other) {
    into.insert(into.end(), other.begin(), other.end());
    std::ranges::sort(into);
    auto const twice = std::ranges::unique(into);
    into.erase(twice.begin(), twice.end());
}

void add(Schedules& into, Schedules const& other) {
    VERIFY(into.streams == other.streams && into.events == other.events &&
           into.runs.size() == other.runs.size());
    for (std::size_t d = 0; d < into.runs.size(); ++d) into.runs[d] += other.runs[d];
    into.cut_off += other.cut_off;
}

/// The one of the same path and name.
auto find_case(auto& cases, CaseResults const& wanted) {
    return std::ranges::find_if(cases, [&](CaseResults const& one) {
        return one.path == wanted.path && one.case_name == wanted.case_name;
    });
}

/// Why two that have begun are not of the same cases.
std::optional<std::string> lonely_case(Results const& one, Results const& other) {
    if (one.shards.empty() || other.shards.empty()) return std::nullopt;
    for (auto const& [from, in, whose] :
         {std::tuple(&other, &one, "of it, and not of the others"),
          std::tuple(&one, &other, "of the others, and not of it")}) {
        for (CaseResults const& wanted : from->cases) {
            if (find_case(in->cases, wanted) != in->cases.end()) continue;
            return fmt::format("{} [{}] is a case {}", wanted.path, wanted.case_name, whose);
        }
    }
    return std::nullopt;
}

/// Whose growth is told: that of who ran longer; of two as long, always the same one.
bool is_told_before(CaseResults const& a, CaseResults const& b) {
    auto const runs = [](CaseResults const& one) {
        return one.growth.empty() ? std::uint64_t{0} : one.growth.back().runs;
    };
    if (runs(a) != runs(b)) return runs(a) > runs(b);
    return std::ranges::lexicographical_compare(
        b.growth, a.growth, {}, &CaseResults::Growth::features, &CaseResults::Growth::features);
}

}  // namespace

bool is_of_all_shards(Results const& results) {
    return std::ranges::any_of(results.shards, [&](std::string const& shard) {
        return shard.ends_with(fmt::format("/{}", results.shards.size()));
    });
}

void add(Coverage::Names& into, Coverage::Names const& other) {
    for (auto const& [name, times] : other) into[name] += times;
}

std::uint64_t reached_of_known(CaseResults const& one) {
    return static_cast<std::uint64_t>(std::ranges::count_if(one.features, [&](Feature feature) {
        return std::ranges::binary_search(one.known, feature);
    }));
}

void keep_shorter(Finding& into, Finding const& other) {
    std::uint64_t const count = into.count + other.count;
    auto const order = [](Finding const& one) {
        return std::tuple(one.text.empty(), one.steps, one.text.size(), std::string_view(one.text),
                          one.seed);
    };
    if (order(other) < order(into)) into = other;
    into.count = count;
}

void merge(CaseResults& into, CaseResults const& other) {
    VERIFY(into.path == other.path && into.case_name == other.case_name);
    VERIFY(into.schedules.has_value() == other.schedules.has_value());
    if (into.schedules) add(*into.schedules, *other.schedules);
    if (is_told_before(other, into)) into.growth = other.growth;
    into.runs += other.runs;
    into.violated += other.violated;
    into.unknown += other.unknown;
    into.events += other.events;
    add(into.marks, other.marks);
    add(into.rules, other.rules);
    add(into.allowed, other.allowed);
    unite(into.features, other.features);
    if (into.known.empty()) into.known = other.known;
    for (Finding const& finding : other.findings) {
        auto const same = std::ranges::find(into.findings, finding.property, &Finding::property);
        if (same == into.findings.end()) {
            into.findings.push_back(finding);
        } else {
            keep_shorter(*same, finding);
        }
    }
    std::ranges::sort(into.findings, {}, &Finding::property);
}

std::optional<std::string> why_not_merged(Results const& one, Results const& other) {
    std::optional<std::string> why;
    auto const compare = [&](std::string_view what, auto const& its, auto const& others) {
        if (why || its == others) return;
        why = fmt::format("its {} is {}, that of the others {}", what, its, others);
    };
    Asked const& its = other.asked;
    Asked const& others = one.asked;
    compare("commit", other.commit, one.commit);
    compare("seed", other.seed, one.seed);
    compare("--schedule", its.schedule, others.schedule);
    compare("number of runs", its.runs, others.runs);
    compare("--time", to_text(its.time), to_text(others.time));
    compare("--acts", its.acts, others.acts);
    compare("choice of faults", its.faults, others.faults);
    compare("--depth", its.depth, others.depth);
    if (!why) why = lonely_case(one, other);
    for (CaseResults const& its_case : other.cases) {
        auto const same = find_case(one.cases, its_case);
        std::string const name = its_case.path + " [" + its_case.case_name + "]: ";
        if (same == one.cases.end()) continue;
        auto const& a = its_case.schedules;
        auto const& b = same->schedules;
        compare(name + "schedule", a ? "priority" : "time", b ? "priority" : "time");
        if (!a || !b) continue;
        compare(name + "number of streams", a->streams, b->streams);
        compare(name + "number of events", a->events, b->events);
        compare(name + "number of scripts", a->scripts, b->scripts);
        compare(name + "number of depths", a->runs.size(), b->runs.size());
    }
    return why;
}

void merge(Results& into, Results const& other) {
    VERIFY(!why_not_merged(into, other));
    into.shards.insert(into.shards.end(), other.shards.begin(), other.shards.end());
    std::ranges::sort(into.shards);
    into.stopped.insert(into.stopped.end(), other.stopped.begin(), other.stopped.end());
    std::ranges::sort(into.stopped);
    into.seconds += other.seconds;
    for (CaseResults const& one : other.cases) {
        auto const same = find_case(into.cases, one);
        if (same == into.cases.end()) {
            into.cases.push_back(one);
        } else {
            merge(*same, one);
        }
    }
    std::ranges::sort(into.cases, {}, [](CaseResults const& one) {
        return std::tuple(std::string_view(one.path), std::string_view(one.case_name));
    });
}

}  // namespace sunder::campaign
