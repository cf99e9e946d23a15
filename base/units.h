// SPDX-License-Identifier: BSD-3-Clause
//
// Quantities with their unit in the type: time, bytes, bandwidth, rate, and sectors on a volume. It
// decides how they are read from text and written for people.
#pragma once

#include <compare>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace sunder {

/// A span of (virtual or real) time in nanoseconds; also a moment, as time since the start of a
/// run.
struct Duration {
    std::int64_t ns = 0;
    friend constexpr auto operator<=>(Duration, Duration) = default;
    friend constexpr Duration operator+(Duration a, Duration b) { return {a.ns + b.ns}; }
    friend constexpr Duration operator-(Duration a, Duration b) { return {a.ns - b.ns}; }
    friend constexpr Duration operator*(Duration a, std::int64_t n) { return {a.ns * n}; }
    constexpr Duration& operator+=(Duration b) {
        ns += b.ns;
        return *this;
    }
};
constexpr Duration nanoseconds(std::int64_t n) { return {n}; }
constexpr Duration microseconds(std::int64_t n) { return {n * 1'000}; }
constexpr Duration milliseconds(std::int64_t n) { return {n * 1'000'000}; }
constexpr Duration seconds(std::int64_t n) { return {n * 1'000'000'000}; }
constexpr Duration minutes(std::int64_t n) { return seconds(n * 60); }
constexpr Duration hours(std::int64_t n) { return seconds(n * 3600); }

/// A number of bytes.
struct ByteCount {
    std::uint64_t bytes = 0;
    friend constexpr auto operator<=>(ByteCount, ByteCount) = default;
};
constexpr ByteCount KiB(std::uint64_t n) { return {n << 10}; }
constexpr ByteCount MiB(std::uint64_t n) { return {n << 20}; }
constexpr ByteCount GiB(std::uint64_t n) { return {n << 30}; }

/// Bits per second on a link, or of a disk.
struct Bandwidth {
    std::uint64_t bits_per_second = 0;
    friend constexpr auto operator<=>(Bandwidth, Bandwidth) = default;
    /// Time to push `size` through, rounded up. Requires a bandwidth above zero.
    [[nodiscard]] Duration time_for(ByteCount size) const;
};

/// Acknowledged writes, of which some may be lost.
struct WriteCount {
    std::uint64_t writes = 0;
    friend constexpr auto operator<=>(WriteCount, WriteCount) = default;
};

/// Events per second.
struct Rate {
    std::uint64_t per_second = 0;
    friend constexpr auto operator<=>(Rate, Rate) = default;
};

/// The smallest unit a disk writes whole, in bytes; tearing happens between sectors (F.0).
inline constexpr std::uint64_t sector_bytes = 512;

/// A run of sectors on a volume.
struct Extent {
    std::uint64_t first = 0;
    std::uint64_t count = 0;
    friend constexpr bool operator==(Extent, Extent) = default;
    [[nodiscard]] constexpr std::uint64_t end() const { return first + count; }
    [[nodiscard]] constexpr bool overlaps(Extent other) const {
        return first < other.end() && other.first < end();
    }
    [[nodiscard]] constexpr bool contains(Extent other) const {
        return first <= other.first && other.end() <= end();
    }
};

/// Readers of what people write: "200 us", "4 KiB", "1 Gbit/s", "500/s". The unit is mandatory, one
/// blank before it is optional, numbers may have a fraction where the result is whole ("1.5 ms").
/// The error says what was wrong and which units exist.
std::expected<Duration, std::string> parse_duration(std::string_view text);
std::expected<ByteCount, std::string> parse_byte_count(std::string_view text);
std::expected<Bandwidth, std::string> parse_bandwidth(std::string_view text);
std::expected<Rate, std::string> parse_rate(std::string_view text);
std::expected<WriteCount, std::string> parse_write_count(std::string_view text);

/// The largest unit in which the value is whole, or at most two decimals of the largest that fits.
std::string to_text(Duration);
std::string to_text(ByteCount);
std::string to_text(Bandwidth);
std::string to_text(Rate);
std::string to_text(WriteCount);

}  // namespace sunder
