// SPDX-License-Identifier: BSD-3-Clause
//
// Fingerprints: 64-bit hashes of values that are equal on every compiler, build and run. It decides
// how words are mixed; what belongs into a fingerprint is said where the value is defined.
#pragma once

#include <cstdint>

namespace sunder {

using Fingerprint = std::uint64_t;

/// Mixes two words: the folded 128-bit product, so that each input bit reaches each output bit.
constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
    __extension__ using Wide = unsigned __int128;
    Wide const product = static_cast<Wide>(a ^ 0x9e3779b97f4a7c15ULL) * (b ^ 0xd1b54a32d192ed03ULL);
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// Order-sensitive hash of a row of words.
class Hasher {
public:
    constexpr void add(std::uint64_t word) noexcept {
        state_ = mix(state_ + 0xa0761d6478bd642fULL, word);
    }
    [[nodiscard]] constexpr Fingerprint result() const noexcept { return state_; }

private:
    std::uint64_t state_ = 0x2545f4914f6cdd1dULL;
};

template <class... Words>
constexpr Fingerprint hash_words(Words... words) noexcept {
    Hasher hasher;
    (hasher.add(static_cast<std::uint64_t>(words)), ...);
    return hasher.result();
}

}  // namespace sunder
