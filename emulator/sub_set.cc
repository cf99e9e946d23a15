// SPDX-License-Identifier: BSD-3-Clause
//
// The pages behind sub_set.h.
#include "emulator/sub_set.h"

namespace sunder::emulator {

SubSet::SubSet(std::uint64_t chunks, bool full)
    : size_(chunks),
      chunks_(full ? chunks : 0),
      full_(full),
      pages_((chunks + page_chunks - 1) / page_chunks) {}

Mask SubSet::at(std::uint64_t chunk) const {
    if (chunk >= size_) return no_sub_chunk;
    auto const& page = pages_[chunk / page_chunks];
    return page ? (*page)[chunk % page_chunks] : initial();
}

void SubSet::set(std::uint64_t chunk, Mask mask) {
    VERIFY(chunk < size_);
    Mask const before = at(chunk);
    if (before == mask) return;
    auto& page = pages_[chunk / page_chunks];
    if (!page) {
        page = std::make_shared<Page>();
        page->fill(initial());
    } else if (page.use_count() != 1) {
        page = std::make_shared<Page>(*page);
    }
    (*page)[chunk % page_chunks] = mask;
    chunks_ += (mask != no_sub_chunk) - (before != no_sub_chunk);
    if (before != initial()) print_ -= hash_words(chunk, before);
    if (mask != initial()) print_ += hash_words(chunk, mask);
    if (mask != no_sub_chunk) {
        lowest_ = std::min(lowest_, chunk);
    } else if (chunk == lowest_) {
        lowest_ = next(chunk).value_or(size_);
    }
}

void SubSet::set_page(std::uint64_t number, Page const& page) {
    std::uint64_t const first = number * page_chunks;
    for (std::uint64_t i = 0; i < page_chunks && first + i < size_; ++i) set(first + i, page[i]);
}

std::optional<std::uint64_t> SubSet::next(std::uint64_t from) const {
    if (chunks_ == 0) return std::nullopt;
    for (from = std::max(from, lowest_); from < size_;) {
        if (!full_ && !pages_[from / page_chunks]) {
            from = (from / page_chunks + 1) * page_chunks;
        } else if (at(from) != no_sub_chunk) {
            return from;
        } else {
            ++from;
        }
    }
    return std::nullopt;
}

bool operator==(SubSet const& a, SubSet const& b) {
    if (a.size_ != b.size_ || a.chunks_ != b.chunks_ || a.full_ != b.full_) return false;
    for (std::size_t page = 0; page < a.pages_.size(); ++page) {
        if (a.pages_[page] == b.pages_[page]) continue;
        std::uint64_t const end = std::min(a.size_, (page + 1) * SubSet::page_chunks);
        for (std::uint64_t chunk = page * SubSet::page_chunks; chunk < end; ++chunk) {
            if (a.at(chunk) != b.at(chunk)) return false;
        }
    }
    return true;
}

}  // namespace sunder::emulator
