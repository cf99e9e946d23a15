// SPDX-License-Identifier: BSD-3-Clause
//
// Decides how near a mistyped word must be to a known one to be worth suggesting. What is
// suggested, and where, is left to the reader that found the word.
#include "base/text.h"

#include <algorithm>
#include <array>
#include <boost/locale/utf.hpp>
#include <cstddef>
#include <cstdint>

namespace sunder {

namespace {

std::string lower_case(std::string_view text) {
    std::string lowered(text);
    for (char& c : lowered) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return lowered;
}

/// Optimal string alignment distance. Three rows are kept, because a swap looks two rows back.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before_last(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::swap(before_last, last);
        std::swap(last, row);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            std::size_t const replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
            bool const swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
        }
    }
    return row[b.size()];
}

}  // namespace

std::string join(std::span<std::string const> words, std::string_view between) {
    std::string joined;
    for (std::string const& word : words) {
        if (&word != words.data()) joined += between;
        joined += word;
    }
    return joined;
}

namespace {

/// Controls, what turns the direction of writing, what is not seen, what ends a line.
bool disturbs(std::uint32_t character) {
    struct Range {
        std::uint32_t first;
        std::uint32_t last;
    };
    constexpr std::array ranges{
        Range{0x0, 0x1f},      Range{0x7f, 0x9f},     Range{0xad, 0xad},      Range{0x61c, 0x61c},
        Range{0x180e, 0x180e}, Range{0x200b, 0x200f}, Range{0x2028, 0x202e},  Range{0x2060, 0x206f},
        Range{0xfeff, 0xfeff}, Range{0xfff9, 0xfffb}, Range{0xe0000, 0xe007f}};
    return std::ranges::any_of(ranges, [&](Range const& range) {
        return character >= range.first && character <= range.last;
    });
}

}  // namespace

std::string printable(std::string_view text) {
    using Utf8 = boost::locale::utf::utf_traits<char>;
    std::string made;
    char const* const end = text.data() + text.size();
    for (char const* at = text.data(); at != end;) {
        char const* next = at;
        auto const character = Utf8::decode(next, end);
        bool const valid = boost::locale::utf::is_valid_codepoint(character);
        if (valid && !disturbs(character)) {
            made.append(at, next);
            at = next;
            continue;
        }
        constexpr std::string_view digits = "0123456789abcdef";
        auto const byte = static_cast<unsigned char>(*at++);
        made += {'\\', 'x', digits[byte / 16], digits[byte % 16]};
    }
    return made;
}

std::optional<std::string> did_you_mean(std::string_view word,
                                        std::span<std::string const> candidates) {
    // A word nobody mistypes is not searched for: the distance costs the product of the lengths.
    constexpr std::size_t longest_word = 64;
    if (word.empty() || word.size() > longest_word) return std::nullopt;
    std::string const lowered = lower_case(word);
    std::size_t nearest = std::max<std::size_t>(1, word.size() / 3) + 1;
    std::optional<std::string> best;
    for (std::string const& candidate : candidates) {
        if (candidate.size() > longest_word) continue;
        std::size_t const distance = edit_distance(lowered, lower_case(candidate));
        // All letters replaced is another word, not a mistyped one: "a" was not meant to be "b".
        if (distance >= nearest || distance >= std::max(candidate.size(), word.size())) continue;
        nearest = distance;
        best = candidate;
    }
    if (best) return best;
    // A word that was broken off: "synchron".
    constexpr std::size_t shortest_beginning = 3;
    for (std::string const& candidate : candidates) {
        if (word.size() >= shortest_beginning && lower_case(candidate).starts_with(lowered)) {
            return candidate;
        }
    }
    return std::nullopt;
}

}  // namespace sunder
