// SPDX-License-Identifier: BSD-3-Clause
//
// Greetings: golden bytes, what is no greeting, and who may talk to whom.
#include "nodes/live/greeting.h"

#include "tests/support/hex.h"

#include <catch2/catch.hpp>

#include <vector>

namespace sunder::live {
namespace {

Greeting some_greeting() {
    Greeting greeting;
    greeting.cluster = "east.1";
    greeting.from = "alpha";
    greeting.to = "beta";
    greeting.what = "data_rep";
    greeting.life = 0x0102030405060708;
    greeting.compression = 3;
    greeting.agreed = {{"nodes", "alpha, beta"}, {"policy", "x"}};
    return greeting;
}

std::vector<std::byte> bytes_of(Greeting const& greeting) {
    std::vector<std::byte> bytes;
    ByteWriter to(bytes);
    encode(greeting, to);
    return bytes;
}

std::string error_of(std::vector<std::byte> const& bytes) {
    auto const found = decode_greeting(bytes);
    REQUIRE_FALSE(found);
    return found.error();
}

TEST_CASE("a greeting is the bytes that other builds speak, and comes back as it was") {
    CHECK(test::hex(bytes_of(some_greeting())) ==
          test::packed("0200 06000000 656173742e31 05000000 616c706861 04000000 62657461 08000000 "
                       "646174615f726570 0807060504030201 03 "
                       "02 05000000 6e6f646573 0b000000 616c7068612c2062657461 "
                       "06000000 706f6c696379 01000000 78"));
    Greeting control = some_greeting();
    control.what = "";
    control.cluster = std::string(most_name_bytes, 'c');
    for (Greeting const& greeting : {some_greeting(), control}) {
        auto const back = decode_greeting(bytes_of(greeting));
        REQUIRE(back);
        CHECK(*back == greeting);
    }
}

TEST_CASE("what is cut off is no greeting, nor is what has something behind it") {
    std::vector<std::byte> bytes = bytes_of(some_greeting());
    for (std::size_t kept = 0; kept < bytes.size(); ++kept) {
        INFO(kept << " bytes");
        REQUIRE_FALSE(decode_greeting(std::span(bytes).first(kept)));
    }
    bytes.push_back(std::byte{0});
    CHECK(error_of(bytes) == "byte 90: a greeting that is cut off, or has something behind it");
}

TEST_CASE("a flipped bit makes no greeting, or one that can be said") {
    std::vector<std::byte> const bytes = bytes_of(some_greeting());
    std::size_t refused = 0;
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        std::vector<std::byte> flipped = bytes;
        flipped[bit / 8] ^= std::byte{1} << bit % 8;
        auto const found = decode_greeting(flipped);
        if (found) CHECK(bytes_of(*found) == flipped);
        refused += found ? 0 : 1;
    }
    CHECK(refused > 200);
}

TEST_CASE("what a greeting says wrong is told by name and place") {
    std::vector<std::byte> const bytes = bytes_of(some_greeting());
    auto const changed = [&](std::size_t at, char value) {
        std::vector<std::byte> other = bytes;
        other.at(at) = std::byte(value);
        return error_of(other);
    };
    CHECK(changed(0, 3) == "byte 0: a greeting in protocol 3, this build speaks protocol 2");
    CHECK(changed(6, '/') ==
          "byte 2: a greeting whose cluster is no name: 1 to 64 letters, figures "
          "or ._- would be right");
    CHECK(changed(16, '\n').starts_with("byte 12: a greeting whose speaker is no name"));
    CHECK(changed(25, '\0').starts_with("byte 21: a greeting whose hearer is no name"));
    CHECK(changed(33, ' ').starts_with("byte 29: a greeting whose mirror is no name"));
    CHECK(changed(2, 0).starts_with("byte 2: a greeting whose cluster is no name"));
    CHECK(changed(2, 65).starts_with("byte 2: a greeting whose cluster is no name"));
    CHECK(changed(50, 17).starts_with("byte 50: a greeting whose settings are none"));
    CHECK(changed(89, '\n').starts_with("byte 50: a greeting whose settings are none"));
    CHECK(changed(49, 10) == "byte 41: a greeting that wants zstd level 10, 0 to 9 would be right");
}

TEST_CASE("a stranger is refused by what is strange") {
    Greeting const ours = some_greeting();
    Greeting theirs = ours;
    std::swap(theirs.from, theirs.to);
    CHECK(refusal(ours, theirs) == "");
    auto const why = [&](auto const& change) {
        Greeting other = theirs;
        change(other);
        return refusal(ours, other);
    };
    CHECK(why([](Greeting& g) { g.protocol = 7; }) == "it speaks protocol 7, and we speak 2");
    CHECK(why([](Greeting& g) { g.cluster = "west"; }) ==
          "it is of cluster 'west', and we are of 'east.1'");
    CHECK(why([](Greeting& g) { g.to = "gamma"; }) ==
          "it means to reach 'gamma', and this is 'alpha'");
    CHECK(why([](Greeting& g) { g.from = "gamma"; }) == "it is 'gamma', and 'beta' was awaited");
    CHECK(why([](Greeting& g) { g.what = ""; }) ==
          "it is about control, and mirror 'data_rep' was awaited");
    // Another life and another compression are no reason to refuse.
    CHECK(why([](Greeting& g) { g.life = 9, g.compression = 0; }) == "");
}

}  // namespace
}  // namespace sunder::live
