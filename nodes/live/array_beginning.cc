// SPDX-License-Identifier: BSD-3-Clause
//
// The copy on which a description is tried, and what is compared with it.
#include "nodes/live/array_beginning.h"

#include "base/text.h"
#include "nodes/live/array_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

namespace sunder::live {

namespace {

using namespace emulator;

/// Compares what is said with what is there; what is not said is no contradiction.
class Comparison {
public:
    Comparison(State const& state, std::span<std::string const> words)
        : catalogue_(state.catalogue), words_(words) {}

    /// Empty: there is none.
    [[nodiscard]] std::string found() const { return found_; }

    void operator()(command::AddDiskGroup const& wanted) {
        auto const id = catalogue_.group_named(wanted.name);
        if (!id) return;
        DiskGroup const& group = catalogue_.groups.at(*id);
        std::string const what = fmt::format("disk group '{}'", wanted.name);
        compare(what, "capacity", group.capacity, wanted.capacity);
        compare(what, "drive", group.largest_drive, wanted.largest_drive);
        compare(what, "spare", name_of(group.spare), name_of(wanted.spare));
        compare(what, "alarm", percent(group.alarm_percent), percent(wanted.alarm_percent));
        compare(what, "warning", percent(group.warning_percent), percent(wanted.warning_percent));
    }
    void operator()(command::AddVolume const& wanted) {
        auto const id = catalogue_.volume_named(wanted.name);
        if (!id) return;
        Volume const& volume = catalogue_.volumes.at(*id);
        std::string const what = fmt::format("volume '{}'", wanted.name);
        if (volume.as<role::Container>() != nullptr) return complain(what + " is a container");
        compare(what, "size", ByteCount{volume.sectors * sector_bytes}, wanted.size);
        compare(what, "group", catalogue_.groups.at(volume.group).name, wanted.group);
        compare(what, "vraid", name_of(volume.vraid), name_of(wanted.vraid));
        compare(what, "thin", volume.thin ? "yes" : "no", wanted.thin ? "yes" : "no");
    }
    void operator()(command::Present const& wanted) {
        auto const host = catalogue_.host_named(wanted.host);
        if (!host) return;
        for (auto const& [key, shown] : catalogue_.presentations) {
            if (key.first != *host) continue;
            std::string const& volume = catalogue_.volumes.at(shown.volume).name;
            if (volume != wanted.volume && key.second != wanted.lun) continue;
            std::string const what = fmt::format("LUN {} of {}", key.second, wanted.host);
            if (volume != wanted.volume || key.second != wanted.lun) {
                complain(fmt::format("{} is '{}'", what, volume));
            } else {
                compare(what, "access", in_words(shown.access), in_words(wanted.access));
            }
        }
    }
    template <class What>
    void operator()(What const&) {}

private:
    /// As commands and files have it.
    static std::string in_words(Access access) {
        std::string name(name_of(access));
        std::ranges::replace(name, '_', '-');
        return name;
    }
    static std::string percent(unsigned of) { return fmt::format("{} %", of); }
    void complain(std::string const& what) {
        if (found_.empty()) {
            found_ = what +
                     "; describe the array as it is: it is changed by commands while it is served, "
                     "not by its description";
        }
    }
    void compare(std::string_view what, std::string_view key, std::string_view has,
                 std::string_view described) {
        std::string const said = fmt::format("{}=", key);
        bool const is_said = std::ranges::any_of(
            words_, [&](std::string const& word) { return word.starts_with(said); });
        if (has == described || !is_said) return;
        complain(fmt::format("{} is there with {} {}, not {}", what, key, has, described));
    }

    void compare(std::string_view what, std::string_view key, ByteCount has, ByteCount described) {
        if (has == described) return;
        bool const alike = to_text(has) == to_text(described);  // to two digits behind the point
        auto const said = [&](ByteCount size) {
            return alike ? fmt::format("{} B", size.bytes) : to_text(size);
        };
        compare(what, key, said(has), said(described));
    }

    Catalogue const& catalogue_;
    std::span<std::string const> words_;
    std::string found_;
};

std::string contradiction(State const& state, Command const& command,
                          std::span<std::string const> words) {
    Comparison comparison(state, words);
    std::visit(comparison, command);
    return comparison.found();
}

}  // namespace

std::expected<bool, std::string> try_words(Array& array, std::span<std::string const> words) {
    auto const request = read_array_request(words);
    if (!request) return std::unexpected(request.error());
    auto const* const command = std::get_if<Command>(&*request);
    if (command == nullptr) return true;
    auto const answer = array.carry_out(*command);
    if (answer) return true;
    if (!adds_what_exists(words, text_of(answer.error().rule).name)) {
        return std::unexpected(answer.error().words);
    }
    std::string const other = contradiction(array.state(), *command, words);
    if (other.empty()) return false;
    return std::unexpected(other);
}

std::expected<std::vector<std::vector<std::string>>, std::string> to_be_said(
    Array array, std::vector<std::vector<std::string>> const& all) {
    std::vector<std::vector<std::string>> left;
    for (auto const& words : all) {
        auto const tried = try_words(array, words);
        if (!tried) {
            return std::unexpected(
                fmt::format("{}: {}", printable(join(words, " ")), tried.error()));
        }
        if (*tried) left.push_back(words);
    }
    return left;
}

}  // namespace sunder::live
