// SPDX-License-Identifier: BSD-3-Clause
//
// Opening an array, names of exports, and the answers to operators.
#include "nodes/live/array_service.h"

#include "base/text.h"
#include "emulator/media/memory_data.h"
#include "emulator/media/posix_files.h"
#include "emulator/media/store.h"
#include "nodes/live/array_beginning.h"
#include "nodes/live/array_status.h"
#include "nodes/live/control_reply.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstring>
#include <filesystem>

namespace sunder::live {

namespace {

using namespace emulator;
namespace json = boost::json;

std::expected<Profile, std::string> with_switches(Profile profile,
                                                  std::vector<Switch> const& switches) {
    for (Switch const& one : switches) {
        auto const set = set_switch(profile, one);
        if (!set) return std::unexpected(set.error());
    }
    return profile;
}

std::expected<Profile, std::string> profile_of(ArrayOptions const& options) {
    std::string_view const name = options.profile;
    if (name.empty()) return with_switches(profiles().back(), options.switches);
    if (Profile const* const found = find_profile(name)) {
        return with_switches(*found, options.switches);
    }
    std::vector<std::string> known;
    for (Profile const& profile : profiles()) known.emplace_back(profile.name);
    return std::unexpected(fmt::format("there is no profile '{}'{}; known: {}", name,
                                       suggestion(name, known), join(known)));
}

/// What an array that is there has, and was asked for otherwise; empty: nothing.
std::string other_than_asked(State const& state, ArrayOptions const& options) {
    auto const stays = [](std::string_view what, std::string_view has, std::string_view asked) {
        return fmt::format("this array's {} is {}, and stays it; '{}' was asked for", what, has,
                           asked);
    };
    std::string_view const has = state.profile.name;
    if (!options.profile.empty() && options.profile != has) {
        return stays("profile", has, options.profile);
    }
    auto const yes = [](bool is) { return is ? "yes" : "no"; };
    if (options.licensed && *options.licensed != state.licensed) {
        return stays("licence for local copies", yes(state.licensed), yes(*options.licensed));
    }
    auto const wanted = with_switches(state.profile, options.switches);
    if (!wanted) return wanted.error();
    for (Switch const& asked : switches_of(*wanted)) {
        for (Switch const& own : switches_of(state.profile)) {
            if (own.name != asked.name || own.value == asked.value) continue;
            return stays("switch " + own.name, own.value, asked.value);
        }
    }
    return "";
}

/// The store in the folder, or one that is made there.
std::expected<media::Opened, std::string> open_or_make(media::Folder& folder,
                                                       ArrayOptions const& options) {
    auto const in_words = [](media::Problem const& problem) {
        return std::unexpected(media::in_text(problem));
    };
    auto const there = media::has_store(folder);
    if (!there) return std::unexpected(folder.where() + ": " + std::strerror(there.error()));
    if (!*there) {
        auto const profile = profile_of(options);
        if (!profile) return std::unexpected(profile.error());
        auto made = media::create_store(folder, *profile, options.licensed.value_or(true));
        if (!made) return in_words(made.error());
        return std::move(*made);
    }
    auto opened = media::open_store(folder);
    if (!opened) return in_words(opened.error());
    std::string const other = other_than_asked(opened->array.state(), options);
    if (!other.empty() && !options.as_it_is) {
        return std::unexpected(fmt::format("{}: {}", folder.where(), other));
    }
    return std::move(*opened);
}

std::string describe_export(Volume const& volume, Catalogue const& catalogue, Access access) {
    return fmt::format("{}, {} of {} in {}", to_text(ByteCount{volume.sectors * sector_bytes}),
                       name_of(access), name_of(volume.vraid),
                       catalogue.groups.at(volume.group).name);
}

}  // namespace

ArrayService::ArrayService(Medium medium, std::uint64_t fault_seed)
    : folder_(std::move(medium.folder)),
      driver_(std::move(medium.driver)),
      faults_(fault_seed),
      disk_(*driver_, faults_),
      alarms_(*driver_) {}

std::expected<ArrayService::Medium, std::string> ArrayService::open_medium(
    ArrayOptions const& options) {
    media::DriverOptions const how{options.background_rate};
    if (!options.store) {
        auto const profile = profile_of(options);
        if (!profile) return std::unexpected(profile.error());
        return Medium{
            nullptr,
            std::make_unique<media::Driver>(Array(*profile, options.licensed.value_or(true)),
                                            std::make_unique<media::MemoryData>(), nullptr, how),
            true};
    }
    std::error_code failure;
    std::filesystem::create_directories(*options.store, failure);
    if (failure) return std::unexpected(*options.store + ": " + failure.message());
    auto folder = media::posix_folder(*options.store);
    if (!folder) return std::unexpected(*options.store + ": " + std::strerror(folder.error()));
    bool const there = media::has_store(**folder).value_or(false);
    auto opened = open_or_make(**folder, options);
    if (!opened) return std::unexpected(opened.error());
    auto driver = std::make_unique<media::Driver>(std::move(opened->array), std::move(opened->data),
                                                  std::move(opened->keeper), how);
    return Medium{std::move(*folder), std::move(driver), !there};
}

std::expected<std::unique_ptr<ArrayService>, std::string> ArrayService::open(
    ArrayOptions const& options) {
    auto medium = open_medium(options);
    if (!medium) return std::unexpected(medium.error());
    bool const described = medium->made || !options.as_it_is;
    std::unique_ptr<ArrayService> service(new ArrayService(std::move(*medium), options.fault_seed));
    if (!described) service->tell_what_differs(options);
    if (auto begun = described ? service->begin(options) : std::expected<void, std::string>{};
        !begun) {
        return std::unexpected(begun.error());
    }
    if (options.control.empty()) return service;
    auto control = ControlServer::listen(options.control,
                                         [inside = service.get()](ControlRequest const& request) {
                                             return inside->handle(request);
                                         });
    if (!control) return std::unexpected(control.error());
    service->control_ = std::move(*control);
    return service;
}

std::expected<void, std::string> ArrayService::begin(ArrayOptions const& options) {
    Array const array = driver_->look_at([](Array const& one) { return one; });
    std::vector<std::vector<std::string>> all;
    if (options.missing) all = options.missing(array.state().catalogue);
    all.insert(all.end(), options.begin.begin(), options.begin.end());
    auto const left = to_be_said(array, all);
    if (!left) return std::unexpected(left.error());
    for (auto const& words : *left) {
        ControlReply const said = ask(words);
        if (said.status == 200) continue;
        auto const error = json::parse(said.body).as_object();
        return std::unexpected(fmt::format("{}: {}", printable(join(words, " ")),
                                           std::string_view(error.at("error").as_string())));
    }
    return {};
}

/// The first of it, for whoever wonders.
void ArrayService::tell_what_differs(ArrayOptions const& options) const {
    Array const array = driver_->look_at([](Array const& one) { return one; });
    std::string words = other_than_asked(array.state(), options);
    if (words.empty()) {
        auto const left = to_be_said(array, options.begin);
        if (!left) words = left.error();
        if (left && !left->empty()) {
            words = fmt::format("{}: it is not there", printable(join(left->front(), " ")));
        }
    }
    if (words.empty()) return;
    log(Level::notice, "the array is served as it is, which is not as it is described; " + words);
}

std::string ArrayService::where() const { return folder_ == nullptr ? "" : folder_->where(); }

void ArrayService::start() {
    driver_->start();
    alarms_.start();
    if (control_ != nullptr) control_->start();
}

media::IoResult ArrayService::stop() {
    faults_.stop();
    if (control_ != nullptr) control_->stop();
    driver_->stop();
    alarms_.stop();
    return driver_->flush_at_the_end();
}

std::vector<Export> ArrayService::exports() const {
    return driver_->look_at([](Array const& array) {
        Catalogue const& catalogue = array.state().catalogue;
        std::vector<Export> all;
        for (auto const& [key, presentation] : catalogue.presentations) {
            if (presentation.access == Access::none) continue;
            if (array.refuses(presentation.volume, false)) continue;
            Volume const& volume = catalogue.volumes.at(presentation.volume);
            std::string const full =
                fmt::format("{}/{}", catalogue.hosts.at(key.first).name, volume.name);
            std::string const& name = catalogue.hosts.size() == 1 ? volume.name : full;
            bool const writable = presentation.access == Access::read_write &&
                                  array.refuses(presentation.volume, true) != IoRule::read_only;
            all.push_back({name, full, key.first, presentation.volume, volume.name,
                           volume.sectors * sector_bytes, writable, volume.thin,
                           describe_export(volume, catalogue,
                                           writable ? Access::read_write : Access::read_only)});
        }
        return all;
    });
}

std::expected<Export, std::string> ArrayService::find_export(std::string_view name) const {
    std::vector<Export> const all = exports();
    std::vector<std::string> known;
    // A volume's own name does while it says which: hosts that are added change nobody's names.
    bool const alone = std::ranges::count(all, name, &Export::volume_name) == 1;
    for (Export const& one : all) {
        bool const meant = one.name == name || one.full_name == name ||
                           (alone && one.volume_name == name) || (name.empty() && all.size() == 1);
        if (meant) return one;
        known.push_back(one.name);
    }
    if (known.empty()) return std::unexpected("no volume is presented to any host");
    if (name.empty()) {
        return std::unexpected("several volumes are presented, say which: " + join(known));
    }
    return std::unexpected(fmt::format("no volume is presented as '{}'{}; presented: {}", name,
                                       suggestion(name, known), join(known)));
}

std::shared_ptr<Attachment> ArrayService::attach(Export const& shown) {
    auto const attached =
        std::make_shared<Attachment>(shown.host, shown.volume, Access::read_write);
    // What operators change from here on is seen by whoever revises it, and not undone here.
    std::lock_guard const lock(attaching_);
    std::erase_if(attached_, [](auto const& one) { return one.expired(); });
    attached_.push_back(attached);
    attached->allow(access_of(*attached));
    return attached;
}

/// By the widest of its presentations.
Access ArrayService::access_of(Attachment const& attached) const {
    return driver_->look_at([&](Array const& array) {
        Access widest = Access::none;
        for (auto const& [key, shown] : array.state().catalogue.presentations) {
            if (key.first != attached.host() || shown.volume != attached.volume()) continue;
            widest = std::min(widest, shown.access);
        }
        return widest;
    });
}

void ArrayService::revise_attachments() {
    std::lock_guard const lock(attaching_);
    for (auto const& one : attached_) {
        if (auto const attached = one.lock()) attached->allow(access_of(*attached));
    }
}

ControlReply ArrayService::handle(ControlRequest const& request) {
    if (request.path == "/status") {
        return request.method == "GET" ? answer(ShowArray{}) : wrong(405, "/status: use GET");
    }
    if (request.path != "/array") {
        return wrong(404, "there is GET /status, and POST /array with a list of words");
    }
    if (request.method != "POST") return wrong(405, "/array: use POST");
    auto const words = read_words(request.body);
    return words ? ask(*words) : wrong(400, words.error());
}

ControlReply ArrayService::ask(std::span<std::string const> words) {
    auto request = read_array_request(words);
    if (!request) return wrong(400, request.error());
    return std::visit([&](auto& asked) { return answer(std::move(asked)); }, *request);
}

ControlReply ArrayService::answer(Command const& command) {
    auto const result = driver_->carry_out(command);
    revise_attachments();
    alarms_.look();
    if (result) return reply(200, {{"done", true}});
    if (auto const* const refusal = std::get_if<Refusal>(&result.error())) {
        return reply(
            409, {{"error", refusal->words}, {"rule", json::string(text_of(refusal->rule).name)}});
    }
    return wrong(500, std::get<media::IoError>(result.error()).words);
}

ControlReply ArrayService::answer(AddFault asked) {
    if (!asked.volume.empty()) {
        auto const found = driver_->look_at(
            [&](Array const& array) { return array.state().catalogue.volume_named(asked.volume); });
        if (!found)
            return wrong(409, fmt::format("there is no volume '{}'", printable(asked.volume)));
        asked.fault.volume = found;
    }
    std::string const name = asked.fault.name;
    if (faults_.add(std::move(asked.fault))) return reply(200, {{"done", true}});
    return wrong(409, fmt::format("there is a fault '{}'; remove it first", name));
}

ControlReply ArrayService::answer(RemoveFault const& asked) {
    if (faults_.remove(asked.name) || asked.name.empty()) return reply(200, {{"done", true}});
    return wrong(409, fmt::format("there is no fault '{}'", printable(asked.name)));
}

ControlReply ArrayService::answer(ListFaults const&) const {
    auto const all = faults_.list();
    return reply(200, {{"faults", driver_->look_at([&](Array const& array) {
                            return in_json(all, array.state().catalogue);
                        })}});
}

ControlReply ArrayService::answer(ShowArray const&) const {
    auto const all = faults_.list();
    return reply(200, driver_->look_at([&](Array const& array) {
        json::object shown = in_json(array.state());
        shown["faults"] = in_json(all, array.state().catalogue);
        return shown;
    }));
}

}  // namespace sunder::live
