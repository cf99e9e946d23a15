// SPDX-License-Identifier: BSD-3-Clause
//
// Quantities: which texts are read and as what, how values are printed, and how long a transfer
// takes.
#include "base/units.h"

#include "base/share.h"

#include <catch2/catch.hpp>

#include <limits>
#include <string>

namespace sunder {

namespace {

constexpr std::int64_t longest = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();

std::string duration_error(std::string_view text) {
    auto const parsed = parse_duration(text);
    return parsed ? "" : parsed.error();
}

}  // namespace

TEST_CASE("is a duration read with every unit?") {
    CHECK(parse_duration("7 ns") == nanoseconds(7));
    CHECK(parse_duration("200 us") == microseconds(200));
    CHECK(parse_duration("200us") == microseconds(200));
    CHECK(parse_duration("1.5 ms") == microseconds(1500));
    CHECK(parse_duration("0 s") == Duration{});
    CHECK(parse_duration("10 min") == minutes(10));
    CHECK(parse_duration("0.25 h") == minutes(15));
    CHECK(parse_duration("000002 s") == seconds(2));
    CHECK(parse_duration("1.000000000 s") == seconds(1));
    CHECK(parse_duration("9223372036854775807 ns") == nanoseconds(longest));
    CHECK(parse_duration("9223372036.854775807 s") == nanoseconds(longest));
}

TEST_CASE("does an error say what is wrong with a quantity, and which units exist?") {
    constexpr std::string_view units = "(units: ns, us, ms, s, min, h)";
    CHECK(duration_error("5") ==
          "'5' is not a duration: the unit is missing " + std::string(units));
    CHECK(duration_error("5 ") ==
          "'5 ' is not a duration: the unit is missing " + std::string(units));
    CHECK(duration_error("5 sec") ==
          "'5 sec' is not a duration: 'sec' is no unit of it " + std::string(units));
    CHECK(duration_error("soon") ==
          "'soon' is not a duration: it begins with no number " + std::string(units));
    CHECK(duration_error("1.5 ns") == "'1.5 ns' is not a whole number of nanoseconds");
    CHECK(duration_error("9223372036854775808 ns") == "'9223372036854775808 ns' is too large");
    CHECK(duration_error("100000000000000000000000 s") ==
          "'100000000000000000000000 s' has too many digits");
    for (char const* const wrong :
         {"", " 5 s", "5  s", "5 s ", "5 S", "-5 s", "+5 s", "5. s", ".5 s", "5,5 s", "5 s 3 ms",
          "1e3 s", "0x10 s", "5\ts", "5 s\n"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_duration(wrong));
    }
}

TEST_CASE("are bytes, bandwidths and rates read with their units?") {
    CHECK(parse_byte_count("512 B") == ByteCount{512});
    CHECK(parse_byte_count("0.5 KiB") == ByteCount{512});
    CHECK(parse_byte_count("4 KiB") == KiB(4));
    CHECK(parse_byte_count("64 MiB") == MiB(64));
    CHECK(parse_byte_count("1.5 GiB") == MiB(1536));
    CHECK(parse_byte_count("16 TiB") == GiB(16384));
    CHECK(parse_byte_count("18446744073709551615 B") == ByteCount{largest});
    CHECK_FALSE(parse_byte_count("18446744073709551616 B"));
    CHECK_FALSE(parse_byte_count("0.3 KiB"));
    CHECK_FALSE(parse_byte_count("4 KB"));

    CHECK(parse_bandwidth("1 Gbit/s") == Bandwidth{1'000'000'000});
    CHECK(parse_bandwidth("2.5 Mbit/s") == Bandwidth{2'500'000});
    CHECK(parse_bandwidth("9600 bit/s") == Bandwidth{9600});
    CHECK(parse_bandwidth("500 MB/s") == Bandwidth{4'000'000'000});
    CHECK(parse_bandwidth("1 MiB/s") == Bandwidth{8ULL << 20});
    CHECK_FALSE(parse_bandwidth("1 Gbit"));
    CHECK_FALSE(parse_bandwidth("1 B/s"));

    CHECK(parse_write_count("256 writes") == WriteCount{256});
    CHECK(parse_write_count("1 write") == WriteCount{1});
    CHECK(to_text(WriteCount{1}) == "1 write");
    CHECK_FALSE(parse_write_count("256"));
    CHECK_FALSE(parse_write_count("0.5 writes"));

    CHECK(parse_rate("500/s") == Rate{500});
    CHECK(parse_rate("500 /s") == Rate{500});
    CHECK_FALSE(parse_rate("0.5/s"));
    CHECK_FALSE(parse_rate("500"));
    CHECK_FALSE(parse_rate("500/min"));
}

TEST_CASE("is a quantity printed in the largest unit in which it is whole?") {
    CHECK(to_text(Duration{}) == "0 s");
    CHECK(to_text(nanoseconds(1)) == "1 ns");
    CHECK(to_text(microseconds(200)) == "200 us");
    CHECK(to_text(milliseconds(1500)) == "1500 ms");
    CHECK(to_text(seconds(90)) == "90 s");
    CHECK(to_text(seconds(120)) == "2 min");
    CHECK(to_text(hours(36)) == "36 h");
    CHECK(to_text(Duration{} - seconds(5)) == "-5 s");
    CHECK(to_text(ByteCount{0}) == "0 B");
    CHECK(to_text(KiB(64)) == "64 KiB");
    CHECK(to_text(MiB(1536)) == "1536 MiB");
    CHECK(to_text(Bandwidth{1'000'000'000}) == "1 Gbit/s");
    CHECK(to_text(Bandwidth{4'000'000'000}) == "4 Gbit/s");
    CHECK(to_text(Rate{500}) == "500/s");
}

TEST_CASE("is a long number printed with two decimals at most?") {
    CHECK(to_text(nanoseconds(1'234'567'891)) == "1.23 s");
    CHECK(to_text(nanoseconds(1'500'000'001)) == "1.5 s");
    CHECK(to_text(nanoseconds(1'000'000'001)) == "1 s");
    CHECK(to_text(nanoseconds(1'995'000'001)) == "2 s");
    CHECK(to_text(nanoseconds(-longest - 1)) == "-2562047.79 h");
    CHECK(to_text(ByteCount{largest}) == "16777216 TiB");
    CHECK(to_text(Bandwidth{1'234'567'890}) == "1.23 Gbit/s");
}

TEST_CASE("is what was printed whole read back as the same?") {
    for (std::int64_t const ns :
         {1LL, 999LL, 1000LL, 86'400'000'000'000LL, 12'345LL, 60'000'000'000LL}) {
        CHECK(parse_duration(to_text(nanoseconds(ns))) == nanoseconds(ns));
    }
    for (std::uint64_t const bytes : {0ULL, 1ULL, 512ULL, 1ULL << 30, 3ULL << 40}) {
        CHECK(parse_byte_count(to_text(ByteCount{bytes})) == ByteCount{bytes});
    }
}

TEST_CASE("does a transfer take the time its bits need, rounded up?") {
    CHECK(Bandwidth{8}.time_for({1}) == seconds(1));
    CHECK(Bandwidth{1'000'000'000}.time_for(KiB(4)) == nanoseconds(32'768));
    CHECK(Bandwidth{3}.time_for({1}) == nanoseconds(2'666'666'667));
    CHECK(Bandwidth{1}.time_for({0}) == Duration{});
    CHECK(Bandwidth{1}.time_for({largest}).ns == longest / 4);
}

TEST_CASE("do runs of sectors know what they cover?") {
    Extent const run{8, 4};
    CHECK(run.end() == 12);
    CHECK(run.overlaps({11, 1}));
    CHECK_FALSE(run.overlaps({12, 1}));
    CHECK_FALSE(run.overlaps({4, 4}));
    CHECK(run.contains({9, 3}));
    CHECK_FALSE(run.contains({9, 4}));
}

TEST_CASE("is a share read and written to the last millionth, and none above the whole?") {
    CHECK(parse_share("1 %") == Share{10'000});
    CHECK(parse_share("0.0001%") == Share{1});
    CHECK(parse_share("100 %") == Share{Share::whole});
    CHECK(to_text(Share{10'000}) == "1 %");
    CHECK(to_text(Share{1}) == "0.0001 %");
    CHECK(to_text(Share{125'000}) == "12.5 %");
    CHECK(to_text(Share{}) == "0 %");
    CHECK(to_text(Share{Share::whole}) == "100 %");
    for (std::uint32_t millionths = 0; millionths <= Share::whole; millionths += 37) {
        CHECK(parse_share(to_text(Share{millionths})) == Share{millionths});
    }
    auto const error = [](char const* text) {
        auto const parsed = parse_share(text);
        return parsed ? std::string() : parsed.error();
    };
    CHECK(error("1") == "'1' is not a share: the unit is missing (units: %)");
    CHECK(error("1 percent") ==
          "'1 percent' is not a share: 'percent' is no unit of it (units: %)");
    CHECK(error("-1 %") == "'-1 %' is not a share: it begins with no number (units: %)");
    CHECK(error("0.00001 %") == "'0.00001 %' is not a whole number of millionths");
    CHECK(error("100.0001 %") == "'100.0001 %' is more than the whole, which is 100 %");
}

}  // namespace sunder
