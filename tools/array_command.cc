// SPDX-License-Identifier: BSD-3-Clause
//
// Asks over HTTP, and shows people what was answered.
#include "tools/array_command.h"

#include "base/text.h"
#include "base/units.h"
#include "emulator/media/posix_files.h"
#include "emulator/media/store.h"
#include "nodes/live/array_words.h"
#include "nodes/live/control_client.h"
#include "tools/run_command.h"
#include "tools/unheard.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <expected>
#include <filesystem>
#include <limits>

namespace sunder::tools {

namespace {

namespace json = boost::json;
namespace media = emulator::media;

/// What is to be said of a store, and how `check` ends then.
struct Checked {
    int status = all_held;
    std::string_view state = "good";
    std::vector<media::Problem> problems{};
};

Checked look_for_damage(std::string const& path) {
    auto const folder = media::posix_folder(path);
    if (!folder) {
        return {wrong_input,
                "missing",
                {{std::strerror(folder.error()), path, "name the folder of a store"}}};
    }
    auto const there = media::has_store(**folder);
    // Let go again: whoever looks takes it himself.
    if (there && *there) {
        auto const lock = (*folder)->lock();
        if (!lock && lock.error() == EWOULDBLOCK) {
            return {unknown,
                    "in_use",
                    {{"somebody has this store open, and nothing was looked at", path,
                      "end the process that serves it first"}}};
        }
    }
    Checked found{all_held, "good", media::check_store(**folder)};
    if (there && !*there) {
        found.state = "no_store";
        found.status = wrong_input;
    } else if (!found.problems.empty()) {
        found.state = "damaged";
        found.status = violated;
    }
    return found;
}

std::string text(json::object const& of, std::string_view key) {
    json::value const* const found = of.if_contains(key);
    return found == nullptr || !found->is_string() ? "" : std::string(found->as_string());
}

std::string size(json::object const& of, std::string_view key) {
    return to_text(ByteCount{of.at(key).to_number<std::uint64_t>()});
}

/// Of what is not usual (arrays A11).
std::string cache_words(std::string const& actual, std::string const& requested) {
    if (actual != requested) return fmt::format(", {} ({} was asked for)", actual, requested);
    return actual == "write_back" ? "" : ", " + actual;
}

std::string progress_words(json::object const& volume) {
    std::string words;
    if (std::string const source = text(volume, "prepared_for"); !source.empty()) {
        words = ", prepared for " + source;
    }
    auto const percent = volume.at("progress_percent").to_number<std::uint64_t>();
    if (volume.at("normalizing").as_bool()) return words + fmt::format(", {} % copied", percent);
    if (volume.at("restoring").as_bool()) return words + fmt::format(", {} % restored", percent);
    // A container that was a volume.
    return percent == 100 ? words : words + fmt::format(", {} % given up", percent);
}

void print_group(json::object const& group) {
    auto const number = [&](char const* key) { return group.at(key).to_number<std::uint64_t>(); };
    std::string state;
    if (text(group, "occupancy") != "normal") state += ", " + text(group, "occupancy");
    if (text(group, "state") == "failed") state += ", FAILED";
    std::string drives = size(group, "capacity_bytes") + " raw";
    if (number("largest_drive_bytes") != 0) {
        drives += fmt::format(", drives of {}", size(group, "largest_drive_bytes"));
    }
    fmt::print("  {:<20} {:>10} of {} used{} ({}, spare {}, warning at {} %, alarm at {} %)\n",
               text(group, "name"), size(group, "used_bytes"), size(group, "usable_bytes"), state,
               drives, text(group, "spare"), number("warning_percent"), number("alarm_percent"));
}

void print_volume(json::object const& volume) {
    std::string state = text(volume, "kind");
    std::string const source = text(volume, "source");
    if (!source.empty()) state += " of " + source;
    std::string const allocation = text(volume, "allocation");
    if (!allocation.empty()) {
        state += allocation == "full" ? ", fully allocated" : ", demand-allocated";
    }
    if (volume.at("thin").as_bool()) state += ", thin";
    std::string const origin = text(volume, "copied_from");
    if (!origin.empty()) state += ", a snapclone of " + origin;
    if (std::string const mirror = text(volume, "mirror"); !mirror.empty()) state += ", " + mirror;
    state += progress_words(volume);
    if (volume.at("failed").as_bool()) state += ", FAILED with its disk group";
    if (volume.at("broken").as_bool()) state += ", BROKEN: what it lacks is lost";
    json::value const* const valid = volume.if_contains("valid");
    if (valid != nullptr && !valid->as_bool()) state += ", INVALID";
    if (volume.at("write_protected").as_bool()) state += ", write-protected";
    state += cache_words(text(volume, "cache"), text(volume, "cache_requested"));
    fmt::print("  {:<20} {:>10}  {:<7} {:<12} {}\n", text(volume, "name"),
               size(volume, "size_bytes"), text(volume, "vraid"), text(volume, "group"), state);
}

/// What has to be true for it to befall a request.
std::string conditions(json::object const& fault) {
    std::string all;
    auto const number = [&](char const* key) { return fault.at(key).to_number<std::uint64_t>(); };
    if (fault.contains("on")) all += fmt::format(", on={}", text(fault, "on"));
    if (fault.contains("from_bytes")) {
        all += fmt::format(", from={}", size(fault, "from_bytes"));
        // As far as the volume goes, where no length was said.
        bool const ends = number("length_bytes") <
                          std::numeric_limits<std::uint64_t>::max() - number("from_bytes");
        if (ends) all += fmt::format(" length={}", size(fault, "length_bytes"));
    }
    if (number("per_million") != 1'000'000) {
        all += fmt::format(", rate={}%", static_cast<double>(number("per_million")) / 10'000);
    }
    if (fault.contains("count")) all += fmt::format(", count={}", number("count"));
    if (fault.contains("while_file")) {
        all += fmt::format(", while-file={}", printable(text(fault, "while_file")));
    }
    return all;
}

void print_faults(json::array const& faults) {
    for (json::value const& value : faults) {
        json::object const& fault = value.as_object();
        std::string const volume = text(fault, "volume");
        std::string kind = text(fault, "kind");
        if (fault.contains("error")) kind += " " + text(fault, "error");
        if (fault.contains("time")) kind += " " + text(fault, "time");
        fmt::print("  {:<20} {:<16} {:<20} befell {}{}\n", text(fault, "name"), kind,
                   fault.contains("volume_deleted") ? "a deleted volume"
                   : volume.empty()                 ? "every volume"
                                                    : volume,
                   fault.at("befell").to_number<std::uint64_t>(), conditions(fault));
    }
}

void print_array(json::object const& array) {
    fmt::print("profile {}{}\n", text(array, "profile"),
               array.at("licensed").as_bool() ? "" : ", no licence for local copies");
    fmt::print("disk groups\n");
    for (json::value const& value : array.at("disk_groups").as_array()) {
        print_group(value.as_object());
    }
    fmt::print("volumes\n");
    for (json::value const& value : array.at("volumes").as_array()) {
        print_volume(value.as_object());
    }
    fmt::print("hosts\n");
    for (json::value const& value : array.at("hosts").as_array()) {
        json::object const& host = value.as_object();
        fmt::print("  {}\n", text(host, "name"));
        for (json::value const& shown : host.at("presented").as_array()) {
            fmt::print("    LUN {:<4} {}, {}\n", shown.at("lun").to_number<std::uint64_t>(),
                       text(shown.as_object(), "volume"), text(shown.as_object(), "access"));
        }
    }
    json::array const& faults = array.at("faults").as_array();
    if (!faults.empty()) fmt::print("faults\n");
    print_faults(faults);
}

/// Who serves is somewhere else: a path is meant from where it is said.
std::vector<std::string> from_here(std::vector<std::string> words) {
    constexpr std::string_view key = "while-file=";
    for (std::string& word : words) {
        if (!word.starts_with(key) || word.size() == key.size()) continue;
        std::error_code failure;
        auto const path = std::filesystem::absolute(word.substr(key.size()), failure);
        if (!failure) word = std::string(key) + path.lexically_normal().string();
    }
    return words;
}

}  // namespace

std::string array_help() {
    std::string text =
        "  check DIR\n      look for damage in a store that nobody has open, and change nothing\n"
        "What can be said to an array that is served:\n";
    for (live::Grammar const& grammar : live::array_grammars()) {
        text += fmt::format("  {}\n      {}\n", live::usage_of(grammar), grammar.meaning);
    }
    return text;
}

int check_array(std::string const& path, bool in_json) {
    Checked const found = look_for_damage(path);
    if (in_json) {
        json::array problems;
        for (media::Problem const& one : found.problems) {
            problems.push_back({{"what", one.what}, {"where", one.where}, {"cure", one.cure}});
        }
        json::object const all{{"store", path},
                               {"state", json::string(found.state)},
                               {"problems", std::move(problems)}};
        fmt::print("{}\n", json::serialize(all));
        return found.status;
    }
    bool const looked = found.status == all_held || found.status == violated;
    for (media::Problem const& problem : found.problems) {
        fmt::print(looked ? stdout : stderr, "{}\n", media::in_text(problem));
    }
    std::size_t const count = found.problems.size();
    if (looked) {
        fmt::print("{}: {}\n", printable(path),
                   count == 0   ? "nothing is wrong"
                   : count == 1 ? "1 problem"
                                : fmt::format("{} problems", count));
    }
    return found.status;
}

int ask_array(ArrayRequest const& request) {
    if (!request.words.empty() && request.words.front() == "check") {
        if (request.words.size() == 2) return check_array(request.words.back(), request.json);
        fmt::print(
            stderr,
            "array: check: expected one folder of a store{}\nUsage: sunder array check DIR\n",
            request.words.size() == 1 ? ", found none"
                                      : fmt::format(", found {}", request.words.size() - 1));
        return wrong_input;
    }
    if (request.words.empty() || request.words.front() == "help") {
        fmt::print("{}", array_help());
        return all_held;
    }
    std::vector<std::string> const words = from_here(request.words);
    // What is wrong with the words is said here as well as there.
    if (auto const read = live::read_array_request(words); !read) {
        fmt::print(stderr, "array: {}\n", read.error());
        return wrong_input;
    }
    if (request.control.empty()) {
        fmt::print(stderr,
                   "array: say where it hears operators: --control SOCKET, or SUNDER_CONTROL\n");
        return wrong_input;
    }
    auto const said =
        live::say_words(request.control, "/array", words, std::chrono::seconds(request.timeout));
    if (!said) return unheard("array", request.control, request.timeout, said.error(), true);
    boost::system::error_code failure;
    json::value const body = json::parse(said->body, failure);
    if (failure || !body.is_object()) {
        fmt::print(stderr, "array: {} is no array's control socket\n", request.control);
        return wrong_input;
    }
    json::object const& answer = body.as_object();
    if (said->status != 200) {
        fmt::print(stderr, "array: {}{}\n", text(answer, "error"),
                   answer.contains("rule") ? fmt::format(" [{}]", text(answer, "rule")) : "");
        return said->status == 400 ? wrong_input : violated;
    }
    if (request.json) {
        fmt::print("{}", said->body);
    } else if (answer.contains("disk_groups")) {
        print_array(answer);
    } else if (answer.contains("faults")) {
        json::array const& faults = answer.at("faults").as_array();
        if (faults.empty()) fmt::print("no faults\n");
        print_faults(faults);
    }
    return all_held;
}

}  // namespace sunder::tools
