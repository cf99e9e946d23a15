// SPDX-License-Identifier: BSD-3-Clause
//
// The pages behind sparse_bytes.h.
#include "emulator/media/sparse_bytes.h"

#include <algorithm>

namespace sunder::emulator::media {

std::size_t SparseBytes::read(std::uint64_t offset, std::span<std::byte> into) const {
    if (offset >= size_) return 0;
    std::size_t const count = std::min<std::uint64_t>(into.size(), size_ - offset);
    for (std::size_t done = 0; done < count;) {
        std::uint64_t const at = (offset + done) % page_size;
        std::size_t const part = std::min<std::uint64_t>(count - done, page_size - at);
        auto const found = pages_.find((offset + done) / page_size);
        auto const to = into.begin() + static_cast<std::ptrdiff_t>(done);
        if (found == pages_.end()) {
            std::fill_n(to, part, std::byte{});
        } else {
            std::copy_n(found->second->begin() + static_cast<std::ptrdiff_t>(at), part, to);
        }
        done += part;
    }
    return count;
}

SparseBytes::Page& SparseBytes::page_to_write(std::uint64_t number) {
    std::shared_ptr<Page>& page = pages_[number];
    if (!page) {
        page = std::make_shared<Page>();
    } else if (page.use_count() != 1) {
        page = std::make_shared<Page>(*page);
    }
    return *page;
}

void SparseBytes::write(std::uint64_t offset, std::span<std::byte const> from) {
    size_ = std::max(size_, offset + from.size());
    while (!from.empty()) {
        std::uint64_t const at = offset % page_size;
        std::size_t const part = std::min<std::uint64_t>(from.size(), page_size - at);
        Page& page = page_to_write(offset / page_size);
        std::copy_n(from.begin(), part, page.begin() + static_cast<std::ptrdiff_t>(at));
        from = from.subspan(part);
        offset += part;
    }
}

void SparseBytes::resize(std::uint64_t size) {
    if (size < size_) {
        pages_.erase(pages_.lower_bound((size + page_size - 1) / page_size), pages_.end());
        auto const last = pages_.find(size / page_size);
        if (last != pages_.end()) {
            Page& page = page_to_write(last->first);
            std::fill(page.begin() + static_cast<std::ptrdiff_t>(size % page_size), page.end(),
                      std::byte{});
        }
    }
    size_ = size;
}

}  // namespace sunder::emulator::media
