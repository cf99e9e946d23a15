// SPDX-License-Identifier: BSD-3-Clause
//
// Words are cut, counted and read by type; what is wrong with them is collected.
#include "nodes/live/words.h"

#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace sunder::live {

namespace {

bool takes_pairs(Grammar const& grammar) {
    return grammar.subject.find('=') != std::string_view::npos;
}

}  // namespace

std::vector<std::string> split(std::string_view text, char at) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        std::size_t const end = std::min(text.find(at), text.size());
        if (end > 0) parts.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

std::string suggestion(std::string_view word, std::span<std::string const> candidates) {
    auto const meant = did_you_mean(word, candidates);
    return meant ? fmt::format(", did you mean '{}'?", *meant) : "";
}

std::string usage_of(Grammar const& grammar) {
    std::string text(grammar.verb);
    if (!grammar.subject.empty()) text += fmt::format(" {}", grammar.subject);
    for (Parameter const& parameter : grammar.parameters) {
        text += parameter.required ? fmt::format(" {}={}", parameter.key, parameter.shape)
                                   : fmt::format(" [{}={}]", parameter.key, parameter.shape);
    }
    return text;
}

std::expected<Found, std::string> find_verb(std::span<Grammar const> grammars,
                                            std::span<std::string const> words) {
    std::vector<std::string> verbs;
    for (std::size_t at = 0; at < grammars.size(); ++at) {
        std::vector<std::string> const verb = split(grammars[at].verb, ' ');
        if (verb.size() <= words.size() && std::equal(verb.begin(), verb.end(), words.begin())) {
            return Found{at, verb.size()};
        }
        verbs.emplace_back(grammars[at].verb);
    }
    if (words.empty()) return std::unexpected("nothing was asked; known: " + join(verbs));
    // Who knows the first word gets what may follow it.
    std::vector<std::string> like;
    for (std::string const& verb : verbs) {
        if (split(verb, ' ').front() == words.front()) like.push_back(verb);
    }
    std::string const said =
        words.size() > 1 ? fmt::format("{} {}", words[0], words[1]) : words.front();
    std::string near = suggestion(said, verbs);
    if (near.empty()) near = suggestion(words.front(), verbs);
    return std::unexpected(fmt::format("'{}' is no command{}{} known: {}", said, near,
                                       near.empty() ? ";" : "", join(like.empty() ? verbs : like)));
}

Values::Values(Grammar const& grammar, std::span<std::string const> words) : grammar_(grammar) {
    if (!grammar.subject.empty() && !takes_pairs(grammar)) {
        if (words.empty() || words.front().find('=') != std::string::npos) {
            errors_.push_back(fmt::format("{} is missing", grammar.subject));
        } else {
            subject_ = words.front();
            words = words.subspan(1);
        }
    }
    for (std::string const& word : words) read(word);
    if (takes_pairs(grammar) && pairs_.empty()) {
        errors_.push_back(fmt::format("{} is missing", grammar.subject));
    }
    for (Parameter const& known : grammar.parameters) {
        if (known.required && !has(known.key)) {
            errors_.push_back(fmt::format("{}={} is missing", known.key, known.shape));
        }
    }
}

Parameter const* Values::parameter(std::string_view key) const {
    auto const found = std::find_if(grammar_.parameters.begin(), grammar_.parameters.end(),
                                    [&](Parameter const& known) { return known.key == key; });
    return found == grammar_.parameters.end() ? nullptr : &*found;
}

void Values::read(std::string const& word) {
    std::size_t const at = word.find('=');
    std::string const key = word.substr(0, at);
    if (at == std::string::npos) {
        errors_.push_back(fmt::format("'{}' was not expected; what is set is KEY=VALUE", word));
    } else if (parameter(key) != nullptr) {
        if (!given_.emplace(key, word.substr(at + 1)).second) {
            errors_.push_back(fmt::format("{} is given twice", key));
        }
    } else if (takes_pairs(grammar_)) {
        pairs_.emplace_back(key, word.substr(at + 1));
    } else {
        std::vector<std::string> known;
        for (Parameter const& one : grammar_.parameters) known.emplace_back(one.key);
        errors_.push_back(known.empty()
                              ? fmt::format("'{}' was not expected; nothing can be set here", word)
                              : fmt::format("'{}' cannot be set here{}; known: {}", key,
                                            suggestion(key, known), join(known)));
    }
}

void Values::complain(std::string_view key, std::string words) {
    errors_.push_back(key.empty() ? std::move(words) : fmt::format("{}: {}", key, words));
}

std::string Values::text(std::string_view key) const {
    auto const found = given_.find(key);
    return found == given_.end() ? std::string() : found->second;
}

ByteCount Values::bytes(std::string_view key) {
    if (!has(key)) return {};
    auto const value = parse_byte_count(text(key));
    if (!value) complain(key, value.error());
    return value.value_or(ByteCount{});
}

Duration Values::time(std::string_view key) {
    if (!has(key)) return {};
    auto const value = parse_duration(text(key));
    if (!value) complain(key, value.error());
    return value.value_or(Duration{});
}

std::uint64_t Values::number(std::string_view key, std::uint64_t otherwise, std::uint64_t most) {
    if (!has(key)) return otherwise;
    std::string const word = text(key);
    std::uint64_t value = 0;
    auto const [end, failure] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (failure == std::errc() && end == word.data() + word.size() && value <= most) return value;
    complain(key, fmt::format("expected a whole number from 0 to {}, found '{}'", most, word));
    return otherwise;
}

bool Values::yes(std::string_view key, bool otherwise) {
    if (!has(key)) return otherwise;
    std::string const word = text(key);
    if (word == "yes" || word == "no") return word == "yes";
    complain(key, fmt::format("expected yes or no, found '{}'", word));
    return otherwise;
}

std::size_t Values::one_of(std::string_view key, std::size_t otherwise, std::string_view also) {
    if (!has(key)) return otherwise;
    std::vector<std::string> const words = split(parameter(key)->shape, '|');
    std::string const word = text(key);
    std::string const meant = word.starts_with(also) ? word.substr(also.size()) : word;
    auto const found = std::find(words.begin(), words.end(), meant);
    if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
    complain(key, fmt::format("expected one of {}, found '{}'{}", join(words), word,
                              suggestion(word, words)));
    return otherwise;
}

std::expected<std::uint32_t, std::string> parse_share(std::string_view text) {
    constexpr std::uint64_t million = 1'000'000;
    std::string const wrong = fmt::format(
        "expected a share above 0 % and up to 100 % in steps of 0.0001 %, such as "
        "'0.1 %', found '{}'",
        text);
    std::string_view digits = text;
    if (!digits.ends_with('%')) return std::unexpected(wrong);
    digits.remove_suffix(1);
    if (digits.ends_with(' ')) digits.remove_suffix(1);
    std::uint64_t value = 0;
    int places = -1;  // behind the point
    for (char const c : digits) {
        if (c == '.' && places < 0) {
            places = 0;
            continue;
        }
        if (c < '0' || c > '9' || value > million || places == 4) return std::unexpected(wrong);
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
        if (places >= 0) ++places;
    }
    for (int place = std::max(places, 0); place < 4; ++place) value *= 10;
    if (digits.empty() || value == 0 || value > million) return std::unexpected(wrong);
    return static_cast<std::uint32_t>(value);
}

}  // namespace sunder::live
