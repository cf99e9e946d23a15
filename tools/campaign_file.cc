// SPDX-License-Identifier: BSD-3-Clause
//
// Writing and reading results, key by key.
#include "tools/campaign_file.h"

#include <fmt/format.h>
#include <boost/json.hpp>
#include <fstream>

namespace sunder::tools {

namespace {

namespace json = boost::json;
using campaign::CaseResults;
using campaign::Coverage;
using campaign::Finding;
using campaign::Results;
using campaign::Schedules;

constexpr std::uint64_t format_version = 3;

json::object names_json(Coverage::Names const& names) {
    json::object made;
    for (auto const& [name, times] : names) made[name] = times;
    return made;
}

json::object finding_json(Finding const& finding) {
    return {{"property", finding.property}, {"rule", finding.rule},   {"story", finding.story},
            {"seed", finding.seed},         {"steps", finding.steps}, {"count", finding.count},
            {"scenario", finding.text}};
}

json::object schedules_json(Schedules const& one) {
    return {{"streams", one.streams}, {"events", one.events},
            {"scripts", one.scripts}, {"runs_by_depth", json::value_from(one.runs)},
            {"cut_off", one.cut_off}, {"known", json::value_from(one.known)}};
}

json::object case_json(CaseResults const& one) {
    json::array features(one.features.begin(), one.features.end());
    json::array growth;
    for (CaseResults::Growth const& at : one.growth) {
        growth.push_back(json::array{at.runs, at.features});
    }
    json::array findings;
    for (Finding const& finding : one.findings) findings.push_back(finding_json(finding));
    json::value schedules;
    if (one.schedules) schedules = schedules_json(*one.schedules);
    return {{"path", one.path},
            {"case", one.case_name},
            {"runs", one.runs},
            {"violated", one.violated},
            {"unknown", one.unknown},
            {"events", one.events},
            {"marks", names_json(one.marks)},
            {"rules", names_json(one.rules)},
            {"allowed", names_json(one.allowed)},
            {"growth", std::move(growth)},
            {"findings", std::move(findings)},
            {"schedules", std::move(schedules)},
            {"reached_of_known", reached_of_known(one)},
            {"features", std::move(features)}};
}

/// Throws what Boost.JSON throws when a key is not there or is something else.
std::uint64_t number(json::object const& from, char const* key) {
    return from.at(key).to_number<std::uint64_t>();
}
std::string text(json::object const& from, char const* key) {
    return std::string(from.at(key).as_string());
}
Coverage::Names names(json::object const& from, char const* key) {
    Coverage::Names made;
    for (auto const& [name, times] : from.at(key).as_object()) {
        made.emplace(name, times.to_number<std::uint64_t>());
    }
    return made;
}

Finding finding_of(json::object const& from) {
    return {text(from, "property"), text(from, "rule"),    text(from, "story"),
            number(from, "seed"),   number(from, "steps"), text(from, "scenario"),
            number(from, "count")};
}

Schedules schedules_of(json::object const& from) {
    Schedules one;
    one.streams = number(from, "streams");
    one.events = number(from, "events");
    one.scripts = from.at("scripts").to_number<double>();
    for (json::value const& runs : from.at("runs_by_depth").as_array()) {
        one.runs.push_back(runs.to_number<std::uint64_t>());
    }
    one.cut_off = number(from, "cut_off");
    for (json::value const& state : from.at("known").as_array()) {
        one.known.push_back(state.to_number<std::uint64_t>());
    }
    return one;
}

CaseResults case_of(json::object const& from) {
    CaseResults one;
    one.path = text(from, "path");
    one.case_name = text(from, "case");
    one.runs = number(from, "runs");
    one.violated = number(from, "violated");
    one.unknown = number(from, "unknown");
    one.events = number(from, "events");
    one.marks = names(from, "marks");
    one.rules = names(from, "rules");
    one.allowed = names(from, "allowed");
    for (json::value const& at : from.at("growth").as_array()) {
        one.growth.push_back({at.as_array().at(0).to_number<std::uint64_t>(),
                              at.as_array().at(1).to_number<std::uint64_t>()});
    }
    for (json::value const& finding : from.at("findings").as_array()) {
        one.findings.push_back(finding_of(finding.as_object()));
    }
    for (json::value const& feature : from.at("features").as_array()) {
        one.features.push_back(feature.to_number<std::uint64_t>());
    }
    if (auto const* schedules = from.at("schedules").if_object()) {
        one.schedules = schedules_of(*schedules);
    }
    return one;
}

}  // namespace

std::string to_json(Results const& results) {
    json::array cases;
    for (CaseResults const& one : results.cases) cases.push_back(case_json(one));
    json::array shards(results.shards.begin(), results.shards.end());
    json::array stopped(results.stopped.begin(), results.stopped.end());
    json::object const all{{"sunder_campaign", format_version},
                           {"commit", results.commit},
                           {"seed", results.seed},
                           {"shards", std::move(shards)},
                           {"stopped", std::move(stopped)},
                           {"seconds", results.seconds},
                           {"cases", std::move(cases)}};
    return json::serialize(all) + "\n";
}

bool write_results(std::string const& path, Results const& results) {
    if (path.empty()) return true;
    std::ofstream file(path);
    file << to_json(results);
    file.close();
    if (!file) fmt::print(stderr, "error: cannot write {}\n", path);
    return static_cast<bool>(file);
}

bool can_write_results(std::string const& path) {
    if (path.empty()) return true;
    bool const opens = std::ofstream(path, std::ios::app).is_open();
    if (!opens) fmt::print(stderr, "error: cannot write {}\n", path);
    return opens;
}

std::expected<Results, std::string> results_of(std::string const& text_of_file) {
    try {
        json::value const parsed = json::parse(text_of_file);
        json::object const& all = parsed.as_object();
        auto const* version = all.if_contains("sunder_campaign");
        if (version == nullptr) {
            return std::unexpected("it is no result of a campaign: write one by 'explore --json'");
        }
        if (version->to_number<std::uint64_t>() != format_version) {
            return std::unexpected(fmt::format("it has format {}, and this program reads {}",
                                               version->to_number<std::uint64_t>(),
                                               format_version));
        }
        Results results;
        results.commit = text(all, "commit");
        results.seed = number(all, "seed");
        results.seconds = all.at("seconds").to_number<double>();
        for (json::value const& shard : all.at("shards").as_array()) {
            results.shards.emplace_back(shard.as_string());
        }
        for (json::value const& shard : all.at("stopped").as_array()) {
            results.stopped.emplace_back(shard.as_string());
        }
        for (json::value const& one : all.at("cases").as_array()) {
            results.cases.push_back(case_of(one.as_object()));
        }
        return results;
    } catch (boost::system::system_error const& error) {
        return std::unexpected(
            fmt::format("it cannot be read as JSON of a campaign: {}", error.code().message()));
    } catch (std::exception const& error) {
        return std::unexpected(fmt::format("it cannot be read: {}", error.what()));
    }
}

}  // namespace sunder::tools
