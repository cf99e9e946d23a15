// SPDX-License-Identifier: BSD-3-Clause
//
// One object of JSON for each event. Its kind is the name of the note's type, so that none can be
// forgotten.
#include "nodes/live/teller.h"

#include "nodes/live/note_words.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/core/demangle.hpp>
#include <boost/json.hpp>
#include <cctype>
#include <chrono>
#include <typeinfo>
#include <vector>

namespace sunder::live {

namespace json = boost::json;
namespace mirror = replication;

namespace {

/// "came_in_service" of sunder::nodes::note::CameInService.
template <class Note>
std::string kind_of(Note const& note) {
    std::string const name = std::visit(
        []<class One>(One const&) { return boost::core::demangle(typeid(One).name()); }, note);
    std::string kind;
    for (char const letter : name.substr(name.rfind(':') + 1)) {
        auto const plain = static_cast<unsigned char>(letter);
        if (std::isupper(plain) != 0 && !kind.empty()) kind += '_';
        kind += static_cast<char>(std::tolower(plain));
    }
    return kind;
}

template <class Note>
std::string rule_of(Note const& note) {
    return std::visit(
        []<class One>(One const& one) -> std::string {
            if constexpr (requires { text_of(one.rule).name; }) {
                return std::string(text_of(one.rule).name);
            } else if constexpr (requires { text_of(one.decision.rule).name; }) {
                return std::string(text_of(one.decision.rule).name);
            } else {
                return "";
            }
        },
        note);
}

std::string_view name_of(Level level) {
    switch (level) {
        case Level::error:
            return "error";
        case Level::warning:
            return "warning";
        case Level::notice:
            return "notice";
    }
    return "";
}

std::string time_in_words() {
    auto const now =
        std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    auto const part = now.time_since_epoch().count() % 1000;
    return fmt::format("{:%FT%T}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(now)),
                       part);
}

}  // namespace

void Teller::tell(nodes::Note const& note) {
    About about{.kind = kind_of(note), .rule = rule_of(note)};
    std::visit(
        [&](auto const& one) {
            if constexpr (requires { one.group; }) {
                auto const found = std::ranges::find_if(setup_.mirrors, [&](MirrorSetup const& m) {
                    return m.config.group == one.group;
                });
                if (found != setup_.mirrors.end()) about.mirror = found->name;
            }
            if constexpr (requires { one.peer.value; }) {
                about.peer = setup_.members[one.peer.value].name;
            }
        },
        note);
    auto const* const above = std::get_if<nodes::note::HierarchyNoted>(&note);
    auto const* const changed =
        above == nullptr ? nullptr : std::get_if<nodes::hierarchy::Changed>(&above->note);
    if (changed != nullptr && changed->resource.value < setup_.resources.size()) {
        about.resource = setup_.resources[changed->resource.value].name;
    }
    tell(about, in_words(note, setup_));
}

void Teller::tell(std::size_t place, mirror::Note const& note) {
    MirrorSetup const& setup = setup_.mirrors[place];
    About about{.kind = kind_of(note), .mirror = setup.name, .rule = rule_of(note)};
    if (std::holds_alternative<mirror::note::DiskFailed>(note)) about.level = Level::error;
    auto const* const image = std::get_if<mirror::note::FallbackImageChanged>(&note);
    bool const lost =
        image != nullptr && image->what == mirror::note::FallbackImageChanged::What::lost;
    if (lost) about.level = Level::warning;
    std::visit(
        [&](auto const& one) {
            if constexpr (requires { one.peer.value; }) {
                about.peer = setup_.members[setup.config.nodes[one.peer.value].value].name;
            }
        },
        note);
    tell(about, in_words(note, setup_, place));
}

void Teller::tell(std::size_t place, mirror::Held const& held, Duration lasted) {
    bool const begins = held.requests != 0;
    tell(About{.level = begins ? Level::warning : Level::notice,
               .kind = begins ? "requests_held" : "requests_answered",
               .mirror = setup_.mirrors[place].name},
         in_words(held, lasted, setup_, place));
}

void Teller::tell(Level level, std::string_view kind, std::string const& words) {
    tell(About{.level = level, .kind = std::string(kind)}, words);
}

void Teller::tell(About const& about, std::string const& words) {
    if (words.empty()) return;
    put_into_log(about, words);
    events_.add([&](std::uint64_t id) {
        json::object event{{"id", id},
                           {"time", time_in_words()},
                           {"node", setup_.members[setup_.config.self.value].name},
                           {"level", json::string(name_of(about.level))},
                           {"kind", about.kind}};
        if (!about.mirror.empty()) event["mirror"] = about.mirror;
        if (!about.peer.empty()) event["peer"] = about.peer;
        if (!about.resource.empty()) event["resource"] = about.resource;
        if (!about.rule.empty()) event["rule"] = about.rule;
        event["words"] = words;
        return json::serialize(event);
    });
}

/// What an event has as keys, the journal has as fields.
void Teller::put_into_log(About const& about, std::string const& words) const {
    std::string const& node = setup_.members[setup_.config.self.value].name;
    // As the unit calls it: lines without fields are told of under that name.
    std::string const identifier = "sunder-" + node;
    std::vector<JournalField> fields{{"SYSLOG_IDENTIFIER", identifier},
                                     {"SUNDER_CLUSTER", setup_.cluster},
                                     {"SUNDER_NODE", node},
                                     {"SUNDER_KIND", about.kind}};
    for (JournalField const& field :
         {JournalField{"SUNDER_MIRROR", about.mirror}, JournalField{"SUNDER_PEER", about.peer},
          JournalField{"SUNDER_RESOURCE", about.resource},
          JournalField{"SUNDER_RULE", about.rule}}) {
        if (!field.second.empty()) fields.push_back(field);
    }
    log(about.level, words, fields);
}

}  // namespace sunder::live
