// SPDX-License-Identifier: BSD-3-Clause
//
// Ranks, and words about them.
#include "tools/recovery_report.h"

#include "base/verify.h"
#include "tools/report.h"

#include <fmt/format.h>
#include <algorithm>

namespace sunder::tools {

namespace {

using Value = Distribution::Value;

Distribution sorted(std::vector<Value> values) {
    std::ranges::sort(values, [](Value const& a, Value const& b) {
        if (a.at.has_value() != b.at.has_value()) return a.at.has_value();
        return a.at != b.at ? a.at < b.at : a.seed > b.seed;
    });
    return {std::move(values)};
}

/// To the millisecond: what decides is seconds.
std::string time_of(Value const& value) {
    if (!value.at) return "never";
    return fmt::format("{:.3f} s", static_cast<double>(*value.at) / 1e9);
}
std::string writes_of(Value const& value) { return fmt::format("{}", value.at.value_or(0)); }

using InWords = std::string (*)(Value const&);

std::string line(char const* what, Distribution const& all, InWords words) {
    std::string text = fmt::format("         {} {} outage{}", what, all.sorted.size(),
                                   all.sorted.size() == 1 ? "" : "s");
    for (unsigned const rank : language::ranks) {
        text += fmt::format(", {} {}", language::name_of_rank(rank), words(all.rank(rank)));
    }
    return text + fmt::format(" (seed {})\n", all.sorted.back().seed);
}

std::uint64_t number(Duration most) { return static_cast<std::uint64_t>(most.ns); }
std::uint64_t number(WriteCount most) { return most.writes; }

template <class Most>
std::string problems(language::Scenario const& scenario, char const* what, Distribution const& all,
                     language::Ranked<Most> const& expected, InWords words, bool any) {
    std::string text;
    for (auto const& [rank, most] : expected) {
        if (all.sorted.empty()) {
            return fmt::format("  {}: {}\n", what,
                               any ? "nothing came back, so what was lost is not known"
                                   : "there was no outage to judge");
        }
        Value const& reached = all.rank(rank);
        if (reached.at && *reached.at <= number(most)) continue;
        text +=
            fmt::format("  {}: {} is {}, expected at most {}; worst in seed {}\n    replay: {}\n",
                        what, language::name_of_rank(rank), words(reached), to_text(most),
                        all.sorted.back().seed, replay_command(scenario, all.sorted.back().seed));
    }
    return text;
}

}  // namespace

Value const& Distribution::rank(unsigned percent) const {
    VERIFY(!sorted.empty());
    std::size_t const place = (sorted.size() * percent + 99) / 100;
    return sorted[place == 0 ? 0 : place - 1];
}

Distribution times(std::vector<SeededOutage> const& outages) {
    std::vector<Value> values;
    for (SeededOutage const& one : outages) {
        std::optional<Duration> const took = one.outage.took;
        values.push_back({took ? std::optional(number(*took)) : std::nullopt, one.seed});
    }
    return sorted(std::move(values));
}

Distribution losses(std::vector<SeededOutage> const& outages) {
    std::vector<Value> values;
    for (SeededOutage const& one : outages) {
        // What was lost is only known when it is back.
        if (one.outage.took) values.push_back({one.outage.writes_lost, one.seed});
    }
    return sorted(std::move(values));
}

std::string distribution_lines(std::vector<SeededOutage> const& outages) {
    if (outages.empty()) return "";
    std::string text = line("recovery time:", times(outages), time_of);
    Distribution const lost = losses(outages);
    return lost.sorted.empty() ? text : text + line("writes lost:  ", lost, writes_of);
}

std::string recovery_problem(language::Scenario const& scenario,
                             std::vector<SeededOutage> const& outages) {
    language::Expect const& expect = scenario.expect;
    bool const any = !outages.empty();
    return problems(scenario, "rto", times(outages), expect.rto, time_of, any) +
           problems(scenario, "rpo", losses(outages), expect.rpo, writes_of, any);
}

}  // namespace sunder::tools
