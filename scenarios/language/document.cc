// SPDX-License-Identifier: BSD-3-Clause
//
// The tree's own services: looking up, typing, printing on one line, and reporting with the line
// that is meant. How a tree is made of a file is left to document_reader.cc.
#include "scenarios/language/document.h"

#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <system_error>
#include <utility>

namespace sunder::language {

namespace {

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::ranges::find(words, text) != words.end();
}

std::size_t count_of(std::string_view text, std::string_view characters) {
    return std::min(text.find_first_not_of(characters), text.size());
}

constexpr std::string_view digits = "0123456789";

bool is_integer(std::string_view text) {
    if (text.starts_with("0o")) {
        text.remove_prefix(2);
        return !text.empty() && count_of(text, "01234567") == text.size();
    }
    if (text.starts_with("0x")) {
        text.remove_prefix(2);
        return !text.empty() && count_of(text, "0123456789abcdefABCDEF") == text.size();
    }
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    return !text.empty() && count_of(text, digits) == text.size();
}

bool is_floating(std::string_view text) {
    if (is_one_of(text, {".nan", ".NaN", ".NAN"})) return true;
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    if (is_one_of(text, {".inf", ".Inf", ".INF"})) return true;
    std::size_t const whole = count_of(text, digits);
    text.remove_prefix(whole);
    std::size_t fraction = 0;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        fraction = count_of(text, digits);
        text.remove_prefix(fraction);
    }
    if (whole + fraction == 0) return false;
    if (text.empty()) return true;
    if (text.front() != 'e' && text.front() != 'E') return false;
    text.remove_prefix(1);
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    return !text.empty() && count_of(text, digits) == text.size();
}

std::string in_quotes(std::string_view text) {
    std::string quoted = "\"";
    for (char const c : text) {
        if (c == '"' || c == '\\') quoted += '\\';
        if (c == '\n') {
            quoted += "\\n";
        } else {
            quoted += c;
        }
    }
    return quoted + '"';
}

}  // namespace

Node const* Node::find(std::string_view key) const {
    auto const entry = std::ranges::find(entries, key, &Entry::key);
    return entry == entries.end() ? nullptr : &entry->value;
}

Resolved resolve(Node const& scalar) {
    if (scalar.quoted) return Resolved::string;
    std::string_view const text = scalar.text;
    if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return Resolved::null;
    if (is_one_of(text, {"true", "True", "TRUE", "false", "False", "FALSE"})) {
        return Resolved::boolean;
    }
    if (is_integer(text)) return Resolved::integer;
    return is_floating(text) ? Resolved::floating : Resolved::string;
}

std::optional<std::int64_t> integer_of(Node const& node) {
    if (node.kind != Node::Kind::scalar || resolve(node) != Resolved::integer) return std::nullopt;
    std::string_view text = node.text;
    int base = 10;
    if (text.starts_with("0o") || text.starts_with("0x")) {
        base = text[1] == 'o' ? 8 : 16;
        text.remove_prefix(2);
    } else if (text.starts_with('+')) {
        text.remove_prefix(1);
    }
    std::int64_t value = 0;
    auto const [end, problem] =
        std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

Span mark_of(Node const& node) {
    if (node.kind == Node::Kind::scalar || node.flow) return node.span;
    if (!node.entries.empty()) return node.entries.front().key_span;
    return node.items.empty() ? node.span : mark_of(node.items.front());
}

std::string in_one_line(Node const& node) {
    std::string text;
    auto const separate = [&] {
        if (!text.empty()) text += ", ";
    };
    switch (node.kind) {
        case Node::Kind::scalar:
            return node.quoted ? in_quotes(node.text) : node.text;
        case Node::Kind::list:
            for (Node const& item : node.items) {
                separate();
                text += in_one_line(item);
            }
            return "[" + text + "]";
        case Node::Kind::mapping:
            for (Entry const& entry : node.entries) {
                separate();
                text += entry.key + ": " + in_one_line(entry.value);
            }
            return "{" + text + "}";
    }
    return text;
}

void Report::error(Code code, Span span, std::string message) const {
    error(code, span, std::move(message), Advice{});
}

void Report::error(Code code, Span span, std::string message, Advice advice) const {
    Diagnostic diagnostic;
    diagnostic.path = document_->path;
    diagnostic.place = span.begin;
    diagnostic.code = code;
    diagnostic.message = std::move(message);
    diagnostic.hint = std::move(advice.hint);
    diagnostic.allowed = std::move(advice.allowed);
    if (span.begin.line == span.end.line && span.end.column > span.begin.column) {
        diagnostic.width = span.end.column - span.begin.column;
    }
    if (span.begin.line >= 1 && span.begin.line <= document_->lines.size()) {
        diagnostic.line = document_->lines[span.begin.line - 1];
    }
    found_->push_back(std::move(diagnostic));
}

void Report::unknown(Code code, Span span, std::string message, std::string_view word,
                     std::vector<std::string> allowed) const {
    std::optional<std::string> const meant = did_you_mean(word, allowed);
    std::string hint = meant ? fmt::format("did you mean '{}'?", *meant) : std::string();
    error(code, span, std::move(message), {std::move(hint), std::move(allowed)});
}

}  // namespace sunder::language
