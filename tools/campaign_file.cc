// SPDX-License-Identifier: BSD-3-Clause
//
// Writing results, key by key, and where: a file of that name is there when it is whole, so that
// one who is killed leaves none. Reading is campaign_reading.cc's.
#include "tools/campaign_file.h"

#include <fmt/format.h>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>

namespace sunder::tools {

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using campaign::CaseResults;
using campaign::Coverage;
using campaign::Finding;
using campaign::Results;
using campaign::Schedules;

json::object names_json(Coverage::Names const& names) {
    json::object made;
    for (auto const& [name, times] : names) made[name] = times;
    return made;
}

json::object asked_json(campaign::Asked const& asked) {
    return {{"schedule", asked.schedule}, {"runs", asked.runs},   {"time_ns", asked.time.ns},
            {"acts", asked.acts},         {"depth", asked.depth}, {"faults", asked.faults}};
}

json::object finding_json(Finding const& finding) {
    return {{"property", finding.property}, {"rule", finding.rule},   {"story", finding.story},
            {"seed", finding.seed},         {"steps", finding.steps}, {"count", finding.count},
            {"scenario", finding.text}};
}

json::object schedules_json(Schedules const& one) {
    return {{"streams", one.streams},
            {"events", one.events},
            {"scripts", one.scripts},
            {"runs_by_depth", json::value_from(one.runs)},
            {"cut_off", one.cut_off}};
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
            {"known", json::value_from(one.known)},
            {"reached_of_known", reached_of_known(one)},
            {"features", std::move(features)}};
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
                           {"asked", asked_json(results.asked)},
                           {"shards", std::move(shards)},
                           {"stopped", std::move(stopped)},
                           {"seconds", results.seconds},
                           {"cases", std::move(cases)}};
    return json::serialize(all) + "\n";
}

namespace {

/// Where the file is written until it is whole. What is no file, such as /dev/stdout, is written at
/// once; so a link is followed.
std::filesystem::path place_of(std::filesystem::path const& path) {
    std::error_code error;
    if (fs::exists(path, error) && !fs::is_regular_file(path, error)) return path;
    return fs::weakly_canonical(path, error).string() + ".part";
}

bool cannot_write(std::string const& path) {
    fmt::print(stderr, "error: cannot write {}\n", path);
    return false;
}

}  // namespace

bool write_results(std::string const& path, Results const& results) {
    if (path.empty()) return true;
    fs::path const place = place_of(path);
    std::ofstream file(place);
    file << to_json(results);
    file.close();
    bool written = file.good();
    if (place == path) return written || cannot_write(path);
    std::error_code error;
    fs::path target = place;
    if (written) fs::rename(place, target.replace_extension(), error);
    written = written && !error;
    // Half of them are of no use.
    if (!written) fs::remove(place, error);
    return written || cannot_write(path);
}

bool can_write_results(std::string const& path) {
    if (path.empty()) return true;
    fs::path const place = place_of(path);
    std::error_code error;
    bool const there = fs::exists(path, error);
    if (there && !std::ofstream(path, std::ios::app).is_open()) return cannot_write(path);
    if (place == path) return true;
    if (!std::ofstream(place).is_open()) return cannot_write(path);
    // Nothing is left behind: an empty file would look like results.
    fs::remove(place, error);
    return true;
}

}  // namespace sunder::tools
