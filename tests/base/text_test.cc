// SPDX-License-Identifier: BSD-3-Clause
//
// Lists as text, and which words are suggested for which mistakes.
#include "base/text.h"

#include <catch2/catch.hpp>

namespace sunder {

TEST_CASE("does a list read as people write it?") {
    CHECK(join({}).empty());
    CHECK(join(std::vector<std::string>{"one"}) == "one");
    CHECK(join(std::vector<std::string>{"one", "two", "three"}) == "one, two, three");
    CHECK(join(std::vector<std::string>{"", ""}, "|") == "|");
}

TEST_CASE("is the word suggested that was probably meant?") {
    std::vector<std::string> const words{
        "size",         "sizes", "resyncing", "fully operational", "split brain", "synchronous",
        "asynchronous", "on",    "a"};
    auto const meant = [&](std::string_view word) {
        return did_you_mean(word, words).value_or("-");
    };
    SECTION("a letter replaced, left out, added, swapped with its neighbour") {
        CHECK(meant("sise") == "size");
        CHECK(meant("resyncig") == "resyncing");
        CHECK(meant("resyncingg") == "resyncing");
        CHECK(meant("siez") == "size");
        CHECK(meant("no") == "on");
    }
    SECTION("other cases and other blanks") {
        CHECK(meant("SIZE") == "size");
        CHECK(meant("Fully_Operational") == "fully operational");
        CHECK(meant("splitbrain") == "split brain");
    }
    SECTION("a word that was broken off") {
        CHECK(meant("synchron") == "synchronous");
        CHECK(meant("fully") == "fully operational");
    }
    SECTION("the nearest, and of equals the first") {
        CHECK(meant("sizess") == "sizes");
        CHECK(did_you_mean("cat", std::vector<std::string>{"bat", "car"}) == "bat");
    }
    SECTION("not a word that has nothing in common") {
        CHECK(meant("priority") == "-");
        CHECK(meant("b") == "-");
        CHECK(meant("") == "-");
        CHECK(meant(std::string(1000, 's')) == "-");
        CHECK_FALSE(did_you_mean("word", {}));
    }
}

}  // namespace sunder
