// SPDX-License-Identifier: BSD-3-Clause
//
// How people say what they want of a running node: "add snapshot s1 of=data". One table of verbs is
// what is understood, what help shows, and what errors name. What a verb does is said elsewhere.
#pragma once

#include "base/units.h"

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sunder::live {

struct Parameter {
    std::string_view key;
    std::string_view shape;  ///< "SIZE", "yes|no"
    bool required = false;
    std::string_view meaning;
};

struct Grammar {
    std::string_view verb;  ///< one word or two: "add snapshot"
    std::string_view
        subject;  ///< what follows it: "NAME"; empty: nothing does; "NAME=SOURCE...": pairs
    std::vector<Parameter> parameters;
    std::string_view meaning;
    std::string_view example;
};

/// The verbs that somebody understands, and what makes a request of each one's words.
template <class Maker>
struct Verbs {
    std::vector<Grammar> grammars;
    std::vector<Maker> makers;  ///< in the same order
    void add(Maker maker, Grammar grammar) {
        grammars.push_back(std::move(grammar));
        makers.push_back(maker);
    }
};

/// The words behind a verb, read by type. What is wrong is collected, so that all of it is told at
/// once.
class Values {
public:
    Values(Grammar const& grammar, std::span<std::string const> words);

    [[nodiscard]] std::string const& subject() const { return subject_; }
    /// Of a subject that is pairs.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> const& pairs() const {
        return pairs_;
    }
    [[nodiscard]] bool has(std::string_view key) const { return given_.contains(key); }
    std::string text(std::string_view key) const;
    ByteCount bytes(std::string_view key);
    Duration time(std::string_view key);
    std::uint64_t number(std::string_view key, std::uint64_t otherwise, std::uint64_t most);
    bool yes(std::string_view key, bool otherwise);
    /// The place of the word among those of the parameter's shape, "a|b|c". It may begin with
    /// `also`, which says nothing.
    std::size_t one_of(std::string_view key, std::size_t otherwise, std::string_view also = "");
    void complain(std::string_view key, std::string words);

    [[nodiscard]] std::vector<std::string> const& errors() const { return errors_; }

private:
    Parameter const* parameter(std::string_view key) const;
    void read(std::string const& word);

    Grammar const& grammar_;
    std::string subject_;
    std::vector<std::pair<std::string, std::string>> pairs_;
    std::map<std::string, std::string, std::less<>> given_;
    std::vector<std::string> errors_;
};

/// The parts between `at`, but for empty ones.
std::vector<std::string> split(std::string_view text, char at);
/// ", did you mean 'x'?", or nothing.
std::string suggestion(std::string_view word, std::span<std::string const> candidates);

/// The grammar that `words` begin with, and how many of them are its verb; or what is wrong, and
/// what would be right.
struct Found {
    std::size_t grammar = 0;
    std::size_t words = 0;
};
std::expected<Found, std::string> find_verb(std::span<Grammar const> grammars,
                                            std::span<std::string const> words);

/// "add snapshot NAME of=SOURCE [vraid=0|1|5|6]".
std::string usage_of(Grammar const& grammar);

/// "50 %", "0.1 %", "1": parts of a million. The error says what is right.
std::expected<std::uint32_t, std::string> parse_share(std::string_view text);

}  // namespace sunder::live
