// SPDX-License-Identifier: BSD-3-Clause
//
// Prints mistakes in the caret form. What counts as one mistake is left to those who find them.
#include "scenarios/language/diagnostic.h"

#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>

namespace sunder::language {

namespace {

struct Name {
    Code code;
    std::string_view name;
};

constexpr std::array names{
    Name{Code::unreadable_file, "unreadable_file"},
    Name{Code::not_utf8, "not_utf8"},
    Name{Code::syntax, "syntax"},
    Name{Code::empty_file, "empty_file"},
    Name{Code::many_documents, "many_documents"},
    Name{Code::anchor, "anchor"},
    Name{Code::tag, "tag"},
    Name{Code::bad_key, "bad_key"},
    Name{Code::duplicate_key, "duplicate_key"},
    Name{Code::too_deep, "too_deep"},
    Name{Code::wrong_kind, "wrong_kind"},
    Name{Code::unknown_key, "unknown_key"},
    Name{Code::missing_key, "missing_key"},
    Name{Code::exclusive_keys, "exclusive_keys"},
    Name{Code::wrong_length, "wrong_length"},
    Name{Code::repeated_item, "repeated_item"},
    Name{Code::unknown_word, "unknown_word"},
    Name{Code::bad_text, "bad_text"},
    Name{Code::bad_number, "bad_number"},
    Name{Code::bad_quantity, "bad_quantity"},
    Name{Code::unknown_name, "unknown_name"},
    Name{Code::duplicate_name, "duplicate_name"},
    Name{Code::bad_link, "bad_link"},
    Name{Code::no_route, "no_route"},
    Name{Code::bad_size, "bad_size"},
    Name{Code::bad_priority, "bad_priority"},
    Name{Code::bad_mirror, "bad_mirror"},
    Name{Code::bad_intent_log, "bad_intent_log"},
    Name{Code::bad_bandwidth, "bad_bandwidth"},
    Name{Code::bad_time, "bad_time"},
    Name{Code::bad_workload, "bad_workload"},
    Name{Code::outside_volume, "outside_volume"},
    Name{Code::bad_step, "bad_step"},
    Name{Code::bad_include, "bad_include"},
    Name{Code::bad_matrix, "bad_matrix"},
    Name{Code::bad_quorum, "bad_quorum"},
    Name{Code::bad_hierarchy, "bad_hierarchy"},
    Name{Code::bad_multi_site, "bad_multi_site"},
    Name{Code::bad_array, "bad_array"},
};
static_assert(names.back().code == last_code && names.size() == std::size_t(last_code) + 1);

}  // namespace

std::string_view name_of(Code code) noexcept {
    auto const found = std::ranges::find(names, code, &Name::code);
    return found == names.end() ? "unknown" : found->name;
}

std::vector<Diagnostic> in_order(std::vector<Diagnostic> found, std::string_view main_path) {
    auto const key = [&](Diagnostic const& d) {
        return std::tuple(d.path != main_path, std::string_view(d.path), d.place,
                          static_cast<int>(d.code), std::string_view(d.message));
    };
    std::ranges::sort(found,
                      [&](Diagnostic const& a, Diagnostic const& b) { return key(a) < key(b); });
    auto const repeated = std::ranges::unique(found);
    found.erase(repeated.begin(), repeated.end());
    if (found.size() > most_diagnostics) found.resize(most_diagnostics);
    return found;
}

namespace {

/// The part of a line around a mistake that fits a terminal.
struct Excerpt {
    std::string text;
    std::size_t column = 0;  ///< of the mistake, from 0
    std::size_t width = 1;
};

Excerpt excerpt_of(Diagnostic const& d) {
    constexpr std::size_t most = 110;
    constexpr std::size_t before = 40;
    Excerpt shown{d.line, d.place.column - 1, std::max<std::size_t>(d.width, 1)};
    bool const plain = std::ranges::all_of(d.line, [](char c) { return c >= ' ' && c <= '~'; });
    if (d.line.size() <= most || !plain) return shown;
    std::size_t const first = shown.column > before ? shown.column - before : 0;
    shown.text = d.line.substr(first, most);
    shown.column -= first;
    if (first + most < d.line.size()) shown.text += "...";
    if (first > 0) {
        shown.text.insert(0, "...");
        shown.column += 3;
    }
    shown.width = std::clamp<std::size_t>(shown.width, 1, most - std::min(most - 1, shown.column));
    return shown;
}

}  // namespace

std::string to_text(Diagnostic const& d) {
    std::string text = fmt::format("error: {} [{}]\n", d.message, name_of(d.code));
    std::string advice = d.hint;
    if (!d.allowed.empty()) {
        if (!advice.empty()) advice += "   ";
        advice += "allowed: " + join(d.allowed);
    }
    if (d.place.line == 0) {
        text += fmt::format("  --> {}\n", d.path);
        if (!advice.empty()) text += fmt::format("      = {}\n", advice);
        return text;
    }
    text += fmt::format("  --> {}:{}:{}\n", d.path, d.place.line, d.place.column);
    Excerpt const shown = excerpt_of(d);
    text += d.line.empty() ? fmt::format("{:>5} |\n", d.place.line)
                           : fmt::format("{:>5} | {}\n", d.place.line, shown.text);
    std::string const carets(shown.width, '^');
    text += fmt::format("      | {:{}}{}", "", shown.column, carets);
    if (!advice.empty()) text += " " + advice;
    return text + "\n";
}

std::string to_text(std::span<Diagnostic const> found) {
    std::string text;
    for (Diagnostic const& diagnostic : found) text += to_text(diagnostic);
    if (found.size() >= most_diagnostics) {
        text += fmt::format("only the first {} errors are shown\n", most_diagnostics);
    }
    return text;
}

}  // namespace sunder::language
