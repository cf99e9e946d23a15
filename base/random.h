// SPDX-License-Identifier: BSD-3-Clause
//
// Seeded random numbers for drivers: the same on every compiler, integers only. Pure rooms do not
// include this (chance is an input there). Streams are separate per purpose and node, so that one
// more draw in one of them reshuffles no other.
#pragma once

#include "base/hash.h"
#include "base/verify.h"

#include <cstdint>

namespace sunder {

/// One stream of numbers: SplitMix64, whose state is one word, so that copying a world copies it
/// too.
class RandomStream {
public:
    constexpr RandomStream() = default;
    /// The stream `purpose` (a constant of the caller's) of `index` (a node, a disk) under `seed`.
    constexpr RandomStream(std::uint64_t seed, std::uint64_t purpose, std::uint64_t index)
        : state_(hash_words(seed, purpose, index)) {}

    constexpr std::uint64_t next() noexcept {
        state_ += 0x9e3779b97f4a7c15ULL;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
    }

    /// Uniform in [0, bound). Requires bound > 0. Multiply-and-shift: the bias is below 2^-32 for
    /// the bounds used here and costs no second draw, so a choice is always exactly one draw.
    constexpr std::uint64_t below(std::uint64_t bound) {
        VERIFY(bound > 0);
        __extension__ using Wide = unsigned __int128;
        return static_cast<std::uint64_t>((static_cast<Wide>(next()) * bound) >> 64);
    }

    friend constexpr bool operator==(RandomStream const&, RandomStream const&) = default;
    [[nodiscard]] constexpr Fingerprint fingerprint() const noexcept { return mix(state_, 1); }

private:
    std::uint64_t state_ = 0;
};

}  // namespace sunder
