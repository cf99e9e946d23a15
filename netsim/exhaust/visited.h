// SPDX-License-Identifier: BSD-3-Clause
//
// The states that a search has seen: a fingerprint each, and how it was reached first, so that a
// path is found by walking back. Twenty to forty bytes a state. Two states of one fingerprint are
// taken for one; among n states that happens with a probability of about n^2 / 2^65.
#pragma once

#include "base/hash.h"
#include "base/verify.h"

#include <cstdint>
#include <utility>
#include <vector>

namespace sunder::netsim {

/// A set of fingerprints in open addressing.
class FingerprintSet {
public:
    /// True when it was not there yet.
    bool insert(Fingerprint print) {
        if ((used_ + 1) * 4 > prints_.size() * 3) grow();
        if (print == 0) print = 1;  // 0 marks a free place
        std::size_t const at = find(prints_, print);
        if (prints_[at] == print) return false;
        prints_[at] = print;
        ++used_;
        return true;
    }
    [[nodiscard]] bool contains(Fingerprint print) const {
        if (print == 0) print = 1;
        return prints_[find(prints_, print)] == print;
    }
    [[nodiscard]] std::uint64_t size() const { return used_; }
    void clear() {
        if (used_ == 0) return;
        prints_ = std::vector<Fingerprint>(1024);
        used_ = 0;
    }
    template <class Visit>
    void for_each(Visit&& visit) const {
        for (Fingerprint const print : prints_) {
            if (print != 0) visit(print);
        }
    }
    [[nodiscard]] std::uint64_t bytes() const { return prints_.capacity() * sizeof(Fingerprint); }

private:
    static std::size_t find(std::vector<Fingerprint> const& prints, Fingerprint print) {
        std::size_t const mask = prints.size() - 1;
        std::size_t at = print & mask;
        while (prints[at] != 0 && prints[at] != print) at = (at + 1) & mask;
        return at;
    }
    void grow() {
        std::vector<Fingerprint> wider(prints_.size() * 2);
        for (Fingerprint const print : prints_) {
            if (print != 0) wider[find(wider, print)] = print;
        }
        prints_ = std::move(wider);
    }

    std::vector<Fingerprint> prints_ = std::vector<Fingerprint>(1024);
    std::uint64_t used_ = 0;
};

/// Those that were met lately, in memory that does not grow: of two at one place, the later one.
class RecentPrints {
public:
    /// True when it was not there.
    bool insert(Fingerprint print) {
        if (prints_.empty()) prints_.resize(places);
        return std::exchange(prints_[place_of(print)], print) != print;
    }
    [[nodiscard]] bool contains(Fingerprint print) const {
        return !prints_.empty() && prints_[place_of(print)] == print;
    }
    [[nodiscard]] std::uint64_t bytes() const { return prints_.capacity() * sizeof(Fingerprint); }

private:
    static constexpr std::size_t places = std::size_t{1} << 16;
    static std::size_t place_of(Fingerprint print) { return (print >> 20) % places; }
    std::vector<Fingerprint> prints_;  // none until the first
};

/// How a state was reached first.
struct Step {
    std::uint32_t parent = 0;
    std::uint8_t action = 0;    ///< its place in the list of the parent's actions
    std::uint8_t passed = 0;    ///< events without an alternative that followed it (reduce.h)
    std::uint16_t outcome = 0;  ///< which of the fates of what was not stable
};

class Visited {
public:
    [[nodiscard]] bool contains(Fingerprint print) const { return prints_.contains(print); }
    /// True when the state is new; its number is then `last`.
    [[nodiscard]] bool insert(Fingerprint print, Step step) {
        if (!prints_.insert(print)) return false;
        VERIFY(steps_.size() < ~std::uint32_t{0});
        steps_.push_back(step);
        return true;
    }
    [[nodiscard]] std::uint32_t last() const {
        return static_cast<std::uint32_t>(steps_.size() - 1);
    }
    [[nodiscard]] Step const& step(std::uint32_t state) const { return steps_[state]; }
    [[nodiscard]] std::uint64_t size() const { return steps_.size(); }
    [[nodiscard]] std::uint64_t bytes() const {
        return prints_.bytes() + steps_.capacity() * sizeof(Step);
    }

private:
    FingerprintSet prints_;
    std::vector<Step> steps_;
};

}  // namespace sunder::netsim
