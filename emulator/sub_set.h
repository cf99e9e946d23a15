// SPDX-License-Identifier: BSD-3-Clause
//
// A set of sub-chunks of one volume: what a clone has not copied yet, where a mirrorclone and its
// source differ. Made full or empty in no time; copies share the pages that none of them changed.
#pragma once

#include "base/hash.h"
#include "emulator/geometry.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace sunder::emulator {

class SubSet {
public:
    SubSet() = default;
    /// Every sub-chunk of so many chunks, or none.
    SubSet(std::uint64_t chunks, bool full);

    [[nodiscard]] Mask at(std::uint64_t chunk) const;
    void add(std::uint64_t chunk, Mask mask) { set(chunk, static_cast<Mask>(at(chunk) | mask)); }
    void remove(std::uint64_t chunk, Mask mask) { set(chunk, without(at(chunk), mask)); }
    /// The first chunk from `from` on of which something is in the set.
    [[nodiscard]] std::optional<std::uint64_t> next(std::uint64_t from) const;
    /// Chunks of which something is in the set.
    [[nodiscard]] std::uint64_t chunks() const { return chunks_; }
    [[nodiscard]] bool empty() const { return chunks_ == 0; }
    [[nodiscard]] std::uint64_t size() const { return size_; }

    /// Chunks in one page.
    static constexpr std::uint64_t page_chunks = 256;
    using Page = std::array<Mask, page_chunks>;
    /// What a page that is not there holds: everything, or nothing.
    [[nodiscard]] bool full() const { return full_; }
    [[nodiscard]] std::uint64_t pages() const { return pages_.size(); }
    /// Null when it is not there.
    [[nodiscard]] Page const* page(std::uint64_t number) const { return pages_[number].get(); }
    /// For readers of what was stored. Masks of chunks beyond the end are left out.
    void set_page(std::uint64_t number, Page const& page);
    friend bool operator==(SubSet const& a, SubSet const& b);
    [[nodiscard]] Fingerprint fingerprint() const { return hash_words(size_, full_, print_); }

private:
    void set(std::uint64_t chunk, Mask mask);
    [[nodiscard]] Mask initial() const { return full_ ? whole_chunk : no_sub_chunk; }

    std::uint64_t size_ = 0;    // chunks that could be in it
    std::uint64_t chunks_ = 0;  // that are
    std::uint64_t lowest_ = 0;  // nothing below is in it
    Fingerprint print_ = 0;     // the sum over all masks that are not the initial one
    bool full_ = false;         // what a page that is not there holds
    std::vector<std::shared_ptr<Page>> pages_;
};

}  // namespace sunder::emulator
