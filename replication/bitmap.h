// SPDX-License-Identifier: BSD-3-Clause
//
// A set of chunk numbers, made for volumes of many chunks of which few are in the set: one summary
// bit per 64-bit word, a running count, and a fingerprint that is kept up to date word by word.
#pragma once

#include "base/hash.h"
#include "base/verify.h"

#include <bit>
#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <optional>
#include <string>

namespace sunder::replication {

class Bitmap {
public:
    static constexpr std::uint64_t word_bits = 64;

    Bitmap() = default;
    explicit Bitmap(std::uint64_t bits) : bits_(bits), words_(words() + (words() + 63) / 64) {}

    [[nodiscard]] std::uint64_t size() const { return bits_; }
    [[nodiscard]] std::uint64_t count() const { return count_; }
    [[nodiscard]] bool any() const { return count_ != 0; }
    [[nodiscard]] bool test(std::uint64_t bit) const {
        return (words_[bit / 64] >> (bit % 64) & 1) != 0;
    }
    /// True when every bit of [first, last] is in the set.
    [[nodiscard]] bool all(std::uint64_t first, std::uint64_t last) const {
        for (std::uint64_t bit = first; bit <= last; ++bit) {
            if (!test(bit)) return false;
        }
        return true;
    }

    void set(std::uint64_t bit) { replace(bit / 64, words_[bit / 64] | mask(bit)); }
    void reset(std::uint64_t bit) { replace(bit / 64, words_[bit / 64] & ~mask(bit)); }
    void set_all() {
        for (std::uint64_t w = 0; w < words(); ++w) replace(w, full_word(w));
    }
    void clear() {
        for_each_word([&](std::uint64_t w, std::uint64_t) { replace(w, 0); });
    }

    /// The first member at or after `from`.
    [[nodiscard]] std::optional<std::uint64_t> next(std::uint64_t from) const {
        if (from >= bits_ || count_ == 0) return std::nullopt;
        std::uint64_t w = from / 64;
        if (std::uint64_t const rest = words_[w] >> (from % 64) << (from % 64); rest != 0) {
            return w * 64 + static_cast<std::uint64_t>(std::countr_zero(rest));
        }
        for (++w; w < words();) {
            std::uint64_t const rest = summary(w) >> (w % 64) << (w % 64);
            if (rest == 0) {
                w = (w / 64 + 1) * 64;
                continue;
            }
            w = w / 64 * 64 + static_cast<std::uint64_t>(std::countr_zero(rest));
            return w * 64 + static_cast<std::uint64_t>(std::countr_zero(words_[w]));
        }
        return std::nullopt;
    }

    Bitmap& operator|=(Bitmap const& other) {
        other.for_each_word(
            [&](std::uint64_t w, std::uint64_t word) { replace(w, words_[w] | word); });
        return *this;
    }
    /// Removes the members of `other`.
    Bitmap& operator-=(Bitmap const& other) {
        other.for_each_word(
            [&](std::uint64_t w, std::uint64_t word) { replace(w, words_[w] & ~word); });
        return *this;
    }

    /// Calls `visit(index, word)` for each word that is not zero, in order. `visit` may replace it.
    template <class Visit>
    void for_each_word(Visit&& visit) const {
        if (count_ == 0) return;
        for (std::uint64_t first = 0; first < words(); first += 64) {
            for (std::uint64_t rest = summary(first); rest != 0; rest &= rest - 1) {
                std::uint64_t const w = first + static_cast<std::uint64_t>(std::countr_zero(rest));
                visit(w, words_[w]);
            }
        }
    }
    /// Calls `visit(bit)` for each member in order.
    template <class Visit>
    void for_each(Visit&& visit) const {
        for_each_word([&](std::uint64_t w, std::uint64_t word) {
            for (; word != 0; word &= word - 1) {
                visit(w * 64 + static_cast<std::uint64_t>(std::countr_zero(word)));
            }
        });
    }

    [[nodiscard]] std::uint64_t word(std::uint64_t index) const { return words_[index]; }
    void set_word(std::uint64_t index, std::uint64_t value) {
        replace(index, value & full_word(index));
    }

    [[nodiscard]] Fingerprint fingerprint() const { return mix(sum_, bits_); }
    friend bool operator==(Bitmap const& a, Bitmap const& b) {
        return a.bits_ == b.bits_ && a.words_ == b.words_;
    }

private:
    static std::uint64_t mask(std::uint64_t bit) { return std::uint64_t{1} << (bit % 64); }
    [[nodiscard]] std::uint64_t full_word(std::uint64_t w) const {
        std::uint64_t const left = bits_ - w * 64;
        return left >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << left) - 1;
    }
    void replace(std::uint64_t w, std::uint64_t value) {
        std::uint64_t& word = words_[w];
        if (word == value) return;
        if (word != 0) sum_ -= mix(w, word);
        if (value != 0) sum_ += mix(w, value);
        count_ += static_cast<std::uint64_t>(std::popcount(value));
        count_ -= static_cast<std::uint64_t>(std::popcount(word));
        word = value;
        std::uint64_t& used = words_[words() + w / 64];
        if (value != 0) {
            used |= mask(w);
        } else {
            used &= ~mask(w);
        }
    }
    [[nodiscard]] std::uint64_t words() const { return (bits_ + 63) / 64; }
    /// Which of word `w` and those beside it are not zero.
    [[nodiscard]] std::uint64_t summary(std::uint64_t w) const { return words_[words() + w / 64]; }

    std::uint64_t bits_ = 0;
    std::uint64_t count_ = 0;
    Fingerprint sum_ = 0;  // commutative over the words, so that a change costs two mixes
    // The words and behind them their summary: one piece of memory, since searches copy many sets.
    boost::container::small_vector<std::uint64_t, 2> words_;
};

/// "3 of 1024".
inline std::string in_text(Bitmap const& bitmap) {
    return std::to_string(bitmap.count()) + " of " + std::to_string(bitmap.size());
}

}  // namespace sunder::replication
