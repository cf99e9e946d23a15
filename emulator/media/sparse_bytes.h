// SPDX-License-Identifier: BSD-3-Clause
//
// The content of a file in memory, as a value: holes take nothing, and copies share what none of
// them changed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>

namespace sunder::emulator::media {

class SparseBytes {
public:
    [[nodiscard]] std::uint64_t size() const { return size_; }
    /// How many there were.
    std::size_t read(std::uint64_t offset, std::span<std::byte> into) const;
    void write(std::uint64_t offset, std::span<std::byte const> from);
    /// What is added reads as zeroes.
    void resize(std::uint64_t size);

private:
    static constexpr std::uint64_t page_size = 4096;
    using Page = std::array<std::byte, page_size>;
    Page& page_to_write(std::uint64_t number);

    std::uint64_t size_ = 0;
    std::map<std::uint64_t, std::shared_ptr<Page>> pages_;
};

}  // namespace sunder::emulator::media
