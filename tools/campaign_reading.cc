// SPDX-License-Identifier: BSD-3-Clause
//
// Reading results, key by key. What merging and telling rely on is checked here, where the place in
// the file is known; whether two files belong together is not.
#include "scenarios/campaign/results.h"
#include "tools/campaign_file.h"
#include "tools/shard.h"

#include <fmt/format.h>
#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <limits>
#include <set>
#include <stdexcept>
#include <utility>

namespace sunder::tools {

namespace {

namespace json = boost::json;
using campaign::CaseResults;
using campaign::Coverage;
using campaign::Finding;
using campaign::Results;
using campaign::Schedules;

/// More than any campaign comes to, and so little that those of a thousand shards add up.
constexpr std::uint64_t most_counted = 10'000'000'000'000'000;
constexpr std::uint64_t any = std::numeric_limits<std::uint64_t>::max();

struct Wrong : std::runtime_error {
    using std::runtime_error::runtime_error;
};
[[noreturn]] void wrong(std::string const& place, std::string_view right) {
    throw Wrong(fmt::format("{}: expected {}", place.empty() ? "the file" : place, right));
}

/// A value and where it stands, as "cases[0].runs".
class Place {
public:
    Place(json::value const& value, std::string name) : value_(&value), name_(std::move(name)) {}

    [[nodiscard]] Place at(std::string_view key) const {
        auto const* object = value_->if_object();
        if (object == nullptr) wrong(name_, "an object");
        auto const* value = object->if_contains(key);
        if (value == nullptr) wrong(name_, fmt::format("a key '{}'", key));
        return {*value, name_.empty() ? std::string(key) : fmt::format("{}.{}", name_, key)};
    }
    [[nodiscard]] std::vector<Place> all() const {
        auto const* array = value_->if_array();
        if (array == nullptr) wrong(name_, "a list");
        std::vector<Place> made;
        for (json::value const& one : *array) {
            made.emplace_back(one, fmt::format("{}[{}]", name_, made.size()));
        }
        return made;
    }
    [[nodiscard]] std::uint64_t number(std::uint64_t least = 0,
                                       std::uint64_t most = most_counted) const {
        std::uint64_t found = 0;
        bool whole = true;
        if (auto const* positive = value_->if_uint64()) {
            found = *positive;
        } else if (auto const* small = value_->if_int64(); small != nullptr && *small >= 0) {
            found = static_cast<std::uint64_t>(*small);
        } else {
            whole = false;
        }
        if (whole && found >= least && found <= most) return found;
        wrong(name_, fmt::format("a whole number from {} to {}", least, most));
    }
    [[nodiscard]] double real(double least) const {
        double const found = value_->is_number() ? value_->to_number<double>() : -1;
        if (std::isfinite(found) && found >= least) return found;
        wrong(name_, fmt::format("a number from {}", least));
    }
    [[nodiscard]] bool yes() const {
        auto const* found = value_->if_bool();
        if (found == nullptr) wrong(name_, "true or false");
        return *found;
    }
    [[nodiscard]] std::string text() const {
        auto const* found = value_->if_string();
        if (found == nullptr) wrong(name_, "a text");
        return std::string(*found);
    }
    [[nodiscard]] Coverage::Names names() const {
        auto const* object = value_->if_object();
        if (object == nullptr) wrong(name_, "an object");
        Coverage::Names made;
        for (auto const& [key, times] : *object) {
            made.emplace(key, Place(times, fmt::format("{}.{}", name_, std::string(key))).number());
        }
        return made;
    }
    [[nodiscard]] bool is_null() const { return value_->is_null(); }
    [[nodiscard]] std::string const& name() const { return name_; }

private:
    json::value const* value_;
    std::string name_;
};

/// It becomes part of a file's name.
std::string property_of(Place const& at) {
    std::string property = at.text();
    bool const plain = !property.empty() && std::ranges::all_of(property, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
    if (!plain) wrong(at.name(), "the name of a property, such as mirror_equality");
    return property;
}

Finding finding_of(Place const& at) {
    return {property_of(at.at("property")), at.at("rule").text(),    at.at("story").text(),
            at.at("seed").number(0, any),   at.at("steps").number(), at.at("scenario").text(),
            at.at("count").number()};
}

Schedules schedules_of(Place const& at) {
    Schedules one;
    one.streams = at.at("streams").number(1);
    one.events = at.at("events").number(1, std::numeric_limits<std::uint32_t>::max());
    one.scripts = at.at("scripts").real(1);
    for (Place const& runs : at.at("runs_by_depth").all()) one.runs.push_back(runs.number());
    one.cut_off = at.at("cut_off").number();
    return one;
}

std::vector<campaign::Feature> known_of(Place const& at) {
    std::vector<campaign::Feature> known;
    for (Place const& state : at.all()) {
        std::uint64_t const next = state.number(0, any);
        if (!known.empty() && next <= known.back()) {
            wrong(state.name(),
                  fmt::format("a number greater than {}, which is before it", known.back()));
        }
        known.push_back(next);
    }
    return known;
}

CaseResults case_of(Place const& at) {
    CaseResults one;
    one.path = at.at("path").text();
    one.case_name = at.at("case").text();
    one.runs = at.at("runs").number();
    one.violated = at.at("violated").number(0, one.runs);
    one.unknown = at.at("unknown").number(0, one.runs - one.violated);
    one.events = at.at("events").number();
    one.marks = at.at("marks").names();
    one.rules = at.at("rules").names();
    one.allowed = at.at("allowed").names();
    for (Place const& growth : at.at("growth").all()) {
        std::vector<Place> const pair = growth.all();
        if (pair.size() != 2) wrong(growth.name(), "a number of runs and one of features");
        one.growth.push_back({pair[0].number(), pair[1].number()});
    }
    std::set<std::string> properties;
    for (Place const& finding : at.at("findings").all()) {
        one.findings.push_back(finding_of(finding));
        bool const open = one.findings.back().property == campaign::unknown_run;
        (void)finding.at("count").number(1, open ? one.unknown : one.violated);
        if (properties.insert(one.findings.back().property).second) continue;
        wrong(finding.name(), "each property once in a case");
    }
    for (Place const& feature : at.at("features").all()) {
        one.features.push_back(feature.number(0, any));
    }
    one.known = known_of(at.at("known"));
    Place const schedules = at.at("schedules");
    if (!schedules.is_null()) one.schedules = schedules_of(schedules);
    return one;
}

campaign::Asked asked_of(Place const& at) {
    campaign::Asked asked;
    asked.schedule = at.at("schedule").text();
    if (asked.schedule != "time" && asked.schedule != "priority") {
        wrong(at.name() + ".schedule", "time or priority");
    }
    asked.runs = at.at("runs").number();
    constexpr auto longest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    asked.time = nanoseconds(static_cast<std::int64_t>(at.at("time_ns").number(0, longest)));
    asked.acts = at.at("acts").number();
    asked.depth = at.at("depth").number();
    asked.faults = at.at("faults").text();
    constexpr std::array choices{"usual", "all", "in-budget"};
    if (std::ranges::find(choices, asked.faults) == choices.end()) {
        wrong(at.name() + ".faults", "usual, all or in-budget");
    }
    return asked;
}

/// In alphabetical order, and each once.
std::vector<std::string> shards_of(Place const& at) {
    std::vector<std::string> shards;
    for (Place const& one : at.all()) {
        auto const shard = shard_of(one.text(), [](char const*) { return std::nullopt; });
        if (!shard || one.text() != to_text(*shard)) {
            wrong(one.name(), "i/n, with i from 1 to n, such as 3/16");
        }
        if (std::ranges::count(shards, one.text()) != 0) wrong(one.name(), "each shard once");
        shards.push_back(one.text());
    }
    std::ranges::sort(shards);
    return shards;
}

Results results_at(Place const& at) {
    Results results;
    results.commit = at.at("commit").text();
    results.seed = at.at("seed").number(0, any);
    results.asked = asked_of(at.at("asked"));
    results.seconds = at.at("seconds").real(0);
    results.shards = shards_of(at.at("shards"));
    if (results.shards.empty()) wrong("shards", "at least one, such as 1/1");
    results.stopped = shards_of(at.at("stopped"));
    if (!std::ranges::includes(results.shards, results.stopped)) {
        wrong("stopped", "none that is not among 'shards'");
    }
    std::set<std::pair<std::string, std::string>> known;
    for (Place const& one : at.at("cases").all()) {
        results.cases.push_back(case_of(one));
        CaseResults const& read = results.cases.back();
        if (known.emplace(read.path, read.case_name).second) continue;
        wrong(one.name(),
              fmt::format("each case once: {} [{}] is there before it", read.path, read.case_name));
    }
    return results;
}

}  // namespace

std::expected<Results, std::string> results_of(std::string const& text_of_file) {
    try {
        json::value const parsed = json::parse(text_of_file);
        auto const* all = parsed.if_object();
        if (all == nullptr || !all->contains("sunder_campaign")) {
            return std::unexpected("it is no result of a campaign: write one by 'explore --json'");
        }
        Place const whole(parsed, "");
        std::uint64_t const version = whole.at("sunder_campaign").number();
        if (version != format_version) {
            return std::unexpected(fmt::format("it has format {}, and this program reads {}",
                                               version, format_version));
        }
        return results_at(whole);
    } catch (boost::system::system_error const& error) {
        return std::unexpected(
            fmt::format("it cannot be read as JSON of a campaign: {}", error.code().message()));
    } catch (Wrong const& error) {
        return std::unexpected(fmt::format("it cannot be read: {}", error.what()));
    }
}

}  // namespace sunder::tools
