// SPDX-License-Identifier: BSD-3-Clause
//
// Decides which units people may write and how numbers with a fraction become whole ones: exactly,
// or not at all. Whether a quantity is sensible where it stands is left to who asked for it.
#include "base/units.h"

#include "base/share.h"
#include "base/text.h"
#include "base/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

namespace sunder {

namespace {

__extension__ using Wide = __int128;

struct Unit {
    std::string_view name;
    std::uint64_t worth;  ///< in the smallest unit
    bool printed = true;  ///< false: read, but never written
};

// From small to large, which is the order in which an error lists them.
constexpr std::array duration_units{
    Unit{"ns", 1},
    Unit{"us", 1'000},
    Unit{"ms", 1'000'000},
    Unit{"s", 1'000'000'000},
    Unit{"min", 60'000'000'000},
    Unit{"h", 3'600'000'000'000},
};
constexpr std::array byte_units{
    Unit{"B", 1},
    Unit{"KiB", 1ULL << 10},
    Unit{"MiB", 1ULL << 20},
    Unit{"GiB", 1ULL << 30},
    Unit{"TiB", 1ULL << 40},
};
// Bytes a second are what data sheets of disks say; links, and everything we print, are in bits.
constexpr std::array bandwidth_units{
    Unit{"bit/s", 1},
    Unit{"kbit/s", 1'000},
    Unit{"Mbit/s", 1'000'000},
    Unit{"Gbit/s", 1'000'000'000},
    Unit{"kB/s", 8'000, false},
    Unit{"MB/s", 8'000'000, false},
    Unit{"GB/s", 8'000'000'000, false},
    Unit{"KiB/s", 8ULL << 10, false},
    Unit{"MiB/s", 8ULL << 20, false},
    Unit{"GiB/s", 8ULL << 30, false},
};
constexpr std::array share_units{Unit{"%", 10'000}};
constexpr std::array rate_units{Unit{"/s", 1}};
constexpr std::array write_units{Unit{"writes", 1}, Unit{"write", 1}};

/// What kind of quantity is read, for the error's words.
struct Kind {
    std::string_view what;      ///< "a duration"
    std::string_view smallest;  ///< "nanoseconds"
    std::span<Unit const> units;
    std::uint64_t limit;
};

std::string unit_list(Kind const& kind) {
    std::vector<std::string> names;
    for (Unit const& unit : kind.units) names.emplace_back(unit.name);
    return join(names);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Length of "12" or "1.5" at the start of `text`; 0 if no number stands there.
std::size_t number_length(std::string_view text) {
    std::size_t end = 0;
    while (end < text.size() && is_digit(text[end])) ++end;
    if (end == 0 || end + 1 >= text.size() || text[end] != '.' || !is_digit(text[end + 1])) {
        return end;
    }
    ++end;
    while (end < text.size() && is_digit(text[end])) ++end;
    return end;
}

struct Number {
    Wide digits = 0;  ///< the digits without the point
    Wide scale = 1;   ///< ten to the number of digits behind the point
};

/// Requires the form that `number_length` accepts. Nothing if there are more digits than are exact.
std::optional<Number> read_number(std::string_view text) {
    constexpr std::size_t most_digits = 20;  // 10^20 of the largest unit still fits a Wide
    Number number;
    std::size_t digits = 0;
    bool fraction = false;
    for (char const c : text) {
        if (c == '.') {
            fraction = true;
            continue;
        }
        number.digits = number.digits * 10 + (c - '0');
        if (fraction) number.scale *= 10;
        if (number.digits != 0 || fraction) ++digits;
        if (digits > most_digits) return std::nullopt;
    }
    return number;
}

std::expected<std::uint64_t, std::string> parse_quantity(std::string_view text, Kind const& kind) {
    std::size_t const length = number_length(text);
    if (length == 0) {
        return std::unexpected(fmt::format("'{}' is not {}: it begins with no number (units: {})",
                                           text, kind.what, unit_list(kind)));
    }
    std::string_view name = text.substr(length);
    if (name.starts_with(' ')) name.remove_prefix(1);
    if (name.empty()) {
        return std::unexpected(fmt::format("'{}' is not {}: the unit is missing (units: {})", text,
                                           kind.what, unit_list(kind)));
    }
    auto const unit = std::ranges::find(kind.units, name, &Unit::name);
    if (unit == kind.units.end()) {
        return std::unexpected(fmt::format("'{}' is not {}: '{}' is no unit of it (units: {})",
                                           text, kind.what, name, unit_list(kind)));
    }
    std::optional<Number> const number = read_number(text.substr(0, length));
    if (!number) {
        return std::unexpected(fmt::format("'{}' has too many digits", text));
    }
    Wide const scaled = number->digits * static_cast<Wide>(unit->worth);
    if (scaled % number->scale != 0) {
        return std::unexpected(
            fmt::format("'{}' is not a whole number of {}", text, kind.smallest));
    }
    Wide const value = scaled / number->scale;
    if (value > static_cast<Wide>(kind.limit)) {
        return std::unexpected(fmt::format("'{}' is too large", text));
    }
    return static_cast<std::uint64_t>(value);
}

/// Requires a `Value` of one integer.
template <class Value>
std::expected<Value, std::string> parse_as(std::string_view text, Kind const& kind) {
    std::expected<std::uint64_t, std::string> const number = parse_quantity(text, kind);
    if (!number) return std::unexpected(number.error());
    if constexpr (std::is_same_v<Value, Duration>) {
        return Duration{static_cast<std::int64_t>(*number)};
    } else {
        return Value{*number};
    }
}

constexpr std::uint64_t signed_limit = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t unsigned_limit = std::numeric_limits<std::uint64_t>::max();

/// "1.23" of `hundredths`, without zeros at its end.
std::string decimals(Wide hundredths) {
    auto const whole = static_cast<std::uint64_t>(hundredths / 100);
    auto const rest = static_cast<unsigned>(hundredths % 100);
    if (rest == 0) return fmt::format("{}", whole);
    if (rest % 10 == 0) return fmt::format("{}.{}", whole, rest / 10);
    return fmt::format("{}.{:02}", whole, rest);
}

std::string print_quantity(std::uint64_t value, std::span<Unit const> units,
                           std::string_view zero_unit) {
    if (value == 0) return fmt::format("0 {}", zero_unit);
    // A whole number is exact, but nobody reads 1234567891 ns.
    constexpr std::uint64_t longest_whole = 99'999;
    Unit const* fits = nullptr;
    Unit const* whole = nullptr;
    for (Unit const& unit : units) {
        if (!unit.printed || value < unit.worth) continue;
        fits = &unit;
        if (value % unit.worth == 0) whole = &unit;
    }
    VERIFY(fits != nullptr && whole != nullptr);
    if (value / whole->worth <= longest_whole || fits == whole) {
        return fmt::format("{} {}", value / whole->worth, whole->name);
    }
    Wide const hundredths = (static_cast<Wide>(value) * 100 + static_cast<Wide>(fits->worth / 2)) /
                            static_cast<Wide>(fits->worth);
    return fmt::format("{} {}", decimals(hundredths), fits->name);
}

}  // namespace

Duration Bandwidth::time_for(ByteCount size) const {
    VERIFY(bits_per_second > 0);
    Wide const bits = static_cast<Wide>(size.bytes) * 8;
    Wide const rate = static_cast<Wide>(bits_per_second);
    // Bits below 2^67 times 10^9 stay below 2^97.
    Wide const ns = (bits * 1'000'000'000 + rate - 1) / rate;
    // Longer than any run, and still far from where adding it to a moment would overflow.
    constexpr Wide for_ever = std::numeric_limits<std::int64_t>::max() / 4;
    return {static_cast<std::int64_t>(std::min(ns, for_ever))};
}

std::expected<Duration, std::string> parse_duration(std::string_view text) {
    return parse_as<Duration>(text, {"a duration", "nanoseconds", duration_units, signed_limit});
}

std::expected<ByteCount, std::string> parse_byte_count(std::string_view text) {
    return parse_as<ByteCount>(text, {"a number of bytes", "bytes", byte_units, unsigned_limit});
}

std::expected<Bandwidth, std::string> parse_bandwidth(std::string_view text) {
    return parse_as<Bandwidth>(text,
                               {"a bandwidth", "bits per second", bandwidth_units, unsigned_limit});
}

std::expected<Rate, std::string> parse_rate(std::string_view text) {
    return parse_as<Rate>(text, {"a rate", "events per second", rate_units, unsigned_limit});
}

std::expected<WriteCount, std::string> parse_write_count(std::string_view text) {
    return parse_as<WriteCount>(text,
                                {"a number of writes", "writes", write_units, unsigned_limit});
}

std::expected<Share, std::string> parse_share(std::string_view text) {
    std::expected<std::uint64_t, std::string> const number =
        parse_quantity(text, {"a share", "millionths", share_units, unsigned_limit});
    if (!number) return std::unexpected(number.error());
    if (*number > Share::whole) {
        return std::unexpected(fmt::format("'{}' is more than the whole, which is 100 %", text));
    }
    return Share{static_cast<std::uint32_t>(*number)};
}

std::string to_text(Duration time) {
    if (time.ns < 0) {
        // The most negative number has no positive twin; its unsigned negation does.
        auto const positive = std::uint64_t{0} - static_cast<std::uint64_t>(time.ns);
        return "-" + print_quantity(positive, duration_units, "s");
    }
    return print_quantity(static_cast<std::uint64_t>(time.ns), duration_units, "s");
}

std::string to_text(ByteCount size) { return print_quantity(size.bytes, byte_units, "B"); }

std::string to_text(Bandwidth bandwidth) {
    return print_quantity(bandwidth.bits_per_second, bandwidth_units, "bit/s");
}

std::string to_text(WriteCount count) {
    return fmt::format("{} write{}", count.writes, count.writes == 1 ? "" : "s");
}

std::string to_text(Rate rate) { return fmt::format("{}/s", rate.per_second); }

std::string to_text(Share share) {
    std::uint32_t const per_cent = Share::whole / 100;
    std::string text = fmt::format("{}", share.millionths / per_cent);
    if (share.millionths % per_cent != 0) {
        text += fmt::format(".{:04}", share.millionths % per_cent);
        text.erase(text.find_last_not_of('0') + 1);
    }
    return text + " %";
}

}  // namespace sunder
