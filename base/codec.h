// SPDX-License-Identifier: BSD-3-Clause
//
// Numbers and texts as bytes, for wires and for what is stored: little-endian, without gaps. A
// reader never reads beyond its end, and remembers that it was asked to; whoever uses it asks once.
// What the bytes mean is decided by the formats (base/format.h).
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

namespace sunder {

static_assert(std::endian::native == std::endian::little, "numbers are copied as they are");

/// Appends.
class ByteWriter {
public:
    explicit ByteWriter(std::vector<std::byte>& into) : into_(into) {}

    template <std::unsigned_integral Number>
    void number(Number value) {
        std::size_t const at = into_.size();
        into_.resize(at + sizeof value);
        std::memcpy(into_.data() + at, &value, sizeof value);
    }
    void u8(std::uint8_t value) { number(value); }
    void u16(std::uint16_t value) { number(value); }
    void u32(std::uint32_t value) { number(value); }
    void u64(std::uint64_t value) { number(value); }
    void boolean(bool value) { u8(value ? 1 : 0); }
    /// As they are; how many there are is told apart.
    void bytes(std::span<std::byte const> what) {
        into_.insert(into_.end(), what.begin(), what.end());
    }
    /// Its length (u32), and its characters.
    void text(std::string_view what) {
        u32(static_cast<std::uint32_t>(what.size()));
        bytes(std::as_bytes(std::span(what)));
    }
    [[nodiscard]] std::size_t size() const { return into_.size(); }

private:
    std::vector<std::byte>& into_;
};

/// Once something was not there, nothing is there any more: every number is 0, every text empty.
class ByteReader {
public:
    explicit ByteReader(std::span<std::byte const> from) : all_(from) {}

    template <std::unsigned_integral Number>
    Number number() {
        Number value{};
        std::span<std::byte const> const found = bytes(sizeof value);
        if (!failed_) std::memcpy(&value, found.data(), sizeof value);
        return value;
    }
    std::uint8_t u8() { return number<std::uint8_t>(); }
    std::uint16_t u16() { return number<std::uint16_t>(); }
    std::uint32_t u32() { return number<std::uint32_t>(); }
    std::uint64_t u64() { return number<std::uint64_t>(); }
    /// Fails where neither 0 nor 1 stands.
    bool boolean() {
        std::uint8_t const value = u8();
        if (value > 1) fail();
        return value == 1;
    }
    /// So many bytes, where they are; none when there are not as many.
    std::span<std::byte const> bytes(std::size_t count) {
        if (failed_ || count > all_.size() - at_) {
            fail();
            return {};
        }
        std::span<std::byte const> const found = all_.subspan(at_, count);
        at_ += count;
        return found;
    }
    /// Fails where it is longer than `most`, or than what is left.
    std::string text(std::size_t most = SIZE_MAX) {
        std::size_t const length = count(1);
        if (length > most) fail();
        std::span<std::byte const> const found = bytes(length);
        return {reinterpret_cast<char const*>(found.data()), found.size()};
    }
    /// How many things follow (u32), of which each takes `each` bytes or more. Fails, before
    /// anything is allocated for them, when that is more than what is left.
    std::size_t count(std::size_t each) {
        std::size_t const found = u32();
        if (failed_ || found > (all_.size() - at_) / each) {
            fail();
            return 0;
        }
        return found;
    }

    void fail() { failed_ = true; }
    [[nodiscard]] bool failed() const { return failed_; }
    /// Everything was there, and nothing is left.
    [[nodiscard]] bool at_end() const { return !failed_ && at_ == all_.size(); }
    /// What is left; nothing after a failure.
    [[nodiscard]] std::span<std::byte const> rest() const {
        return failed_ ? std::span<std::byte const>{} : all_.subspan(at_);
    }
    /// Where it stands, in bytes from the beginning; after a failure, where that was.
    [[nodiscard]] std::size_t at() const { return at_; }

private:
    std::span<std::byte const> all_;
    std::size_t at_ = 0;
    bool failed_ = false;
};

}  // namespace sunder
