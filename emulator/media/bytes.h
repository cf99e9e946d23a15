// SPDX-License-Identifier: BSD-3-Clause
//
// Numbers and texts as bytes of a medium: little-endian, without gaps. A reader that ran out of
// bytes, or found a number that cannot be, remembers it; whoever uses it asks once, at the end.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sunder::emulator::media {

static_assert(std::endian::native == std::endian::little, "numbers are copied as they are");

/// Appends.
class Writer {
public:
    explicit Writer(std::vector<std::byte>& into) : into_(into) {}
    template <std::unsigned_integral Number>
    void put(Number number) {
        std::size_t const at = into_.size();
        into_.resize(at + sizeof number);
        std::memcpy(into_.data() + at, &number, sizeof number);
    }
    void put(std::string_view text) {
        put(static_cast<std::uint32_t>(text.size()));
        auto const* const first = reinterpret_cast<std::byte const*>(text.data());
        into_.insert(into_.end(), first, first + text.size());
    }

private:
    std::vector<std::byte>& into_;
};

class Reader {
public:
    explicit Reader(std::span<std::byte const> from) : left_(from) {}
    template <std::unsigned_integral Number>
    Number get() {
        Number number{};
        if (left_.size() < sizeof number) {
            fail();
            return number;
        }
        std::memcpy(&number, left_.data(), sizeof number);
        left_ = left_.subspan(sizeof number);
        return number;
    }
    /// A number below `end`; else 0, and it failed.
    template <std::unsigned_integral Number>
    Number below(std::uint64_t end) {
        auto const number = get<Number>();
        if (number < end) return number;
        fail();
        return {};
    }
    bool flag() { return below<std::uint8_t>(2) == 1; }
    std::string text() {
        auto const size = get<std::uint32_t>();
        if (size > left_.size()) {
            fail();
            return {};
        }
        std::string found(reinterpret_cast<char const*>(left_.data()), size);
        left_ = left_.subspan(size);
        return found;
    }
    std::span<std::byte const> bytes(std::size_t size) {
        if (size > left_.size()) {
            fail();
            return {};
        }
        auto const found = left_.first(size);
        left_ = left_.subspan(size);
        return found;
    }
    void fail() {
        good_ = false;
        left_ = {};
    }
    [[nodiscard]] bool failed() const { return !good_; }
    [[nodiscard]] bool more() const { return !left_.empty(); }
    /// Everything was there, and nothing is left.
    [[nodiscard]] bool complete() const { return good_ && left_.empty(); }

private:
    std::span<std::byte const> left_;
    bool good_ = true;
};

}  // namespace sunder::emulator::media
