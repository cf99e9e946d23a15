// SPDX-License-Identifier: BSD-3-Clause
//
// Operators' words: each verb's own example is understood, each command of an array can be said,
// and what is wrong is answered with all of it and what would be right.
#include "base/text.h"
#include "nodes/live/array_words.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <set>
#include <sstream>

using namespace sunder;
using namespace sunder::live;

namespace {

std::vector<std::string> words(std::string const& text) {
    std::istringstream stream(text);
    std::vector<std::string> all;
    for (std::string word; stream >> word;) all.push_back(word);
    return all;
}

ArrayRequest read(std::string const& text) {
    auto const request = read_array_request(words(text));
    if (!request) FAIL(request.error());
    return *request;
}

std::string error(std::string const& text) {
    auto const request = read_array_request(words(text));
    REQUIRE_FALSE(request);
    return request.error();
}

template <class Asked>
Asked said(std::string const& text) {
    return std::get<Asked>(std::get<emulator::Command>(read(text)));
}

}  // namespace

TEST_CASE("Each verb's example is understood, and every command of an array has a verb") {
    std::set<std::size_t> commands;
    for (Grammar const& grammar : array_grammars()) {
        INFO(grammar.verb);
        CHECK(std::string(grammar.example).starts_with(grammar.verb));
        ArrayRequest const request = read(std::string(grammar.example));
        if (auto const* const said = std::get_if<emulator::Command>(&request)) {
            commands.insert(said->index());
        }
        CHECK_FALSE(grammar.meaning.empty());
    }
    CHECK(commands.size() == std::variant_size_v<emulator::Command>);
}

TEST_CASE("Words mean what they say") {
    using namespace emulator;
    auto const group = said<command::AddDiskGroup>(
        "add disk-group dg capacity=1.5TiB drive=100GiB spare=double alarm=80 warning=70");
    CHECK(group.capacity == GiB(1536));
    CHECK(group.spare == SparePolicy::twice);
    CHECK(group.alarm_percent == 80);
    CHECK(group.warning_percent == 70);
    auto const snapshot = said<command::AddSnapshot>("add snapshot s of=v allocation=full");
    CHECK_FALSE(snapshot.demand);
    CHECK_FALSE(snapshot.vraid);
    CHECK(said<command::AddSnapclone>("add snapclone c of=v vraid=1").vraid == Vraid::vraid1);
    CHECK(said<command::AddSnapclone>("add snapclone c of=v vraid=vraid6").vraid == Vraid::vraid6);
    CHECK(said<command::Present>("present v to=h lun=7 access=none").access == Access::none);
    auto const all = said<command::AddMultisnap>("add multisnap a=x b=y as=snapclones");
    REQUIRE(all.copies.size() == 2);
    CHECK(std::get<command::AddSnapclone>(all.copies[1]).source == "y");
    auto const placed = said<command::AddMultisnap>("add multisnap a=x/c1 b=y allocation=full");
    CHECK(std::get<command::AddSnapshot>(placed.copies[0]).source == "x");
    CHECK(std::get<command::AddSnapshot>(placed.copies[0]).container == "c1");
    CHECK(std::get<command::AddSnapshot>(placed.copies[1]).container == "");
    CHECK(said<command::AddDiskGroup>("add disk-group d capacity=1GiB alarm=50").warning_percent ==
          50);
    CHECK(said<command::AddDiskGroup>("add disk-group d capacity=1GiB warning=97").alarm_percent ==
          97);
    CHECK(said<command::AddDiskGroup>("add disk-group d capacity=1GiB").warning_percent == 90);
    auto const fault = std::get<AddFault>(read("add fault f kind=delay time=20ms from=1MiB"));
    CHECK(fault.fault.time == milliseconds(20));
    CHECK(fault.fault.range->first == 1 << 20);
    CHECK(fault.fault.range->end() == ~std::uint64_t{0});
}

TEST_CASE("What is wrong with words is told at once, with what would be right") {
    CHECK(error("") == "nothing was asked; known: " + [] {
        std::vector<std::string> verbs;
        for (Grammar const& grammar : array_grammars()) verbs.emplace_back(grammar.verb);
        return join(verbs);
    }());
    std::string const several = error("add volume size=10 thin=maybe colour=red");
    for (char const* const part :
         {"NAME is missing", "group=DISK-GROUP is missing", "'colour' cannot be set here",
          "Usage: add volume NAME group=DISK-GROUP size=SIZE [vraid=0|1|5|6] [thin=yes|no]",
          "Such as: add volume data group=dg1 size=10GiB"}) {
        INFO(several);
        CHECK(several.find(part) != std::string::npos);
    }
    CHECK(error("add volume v group=g size=10").find("size: ") != std::string::npos);
    CHECK(error("add volume v group=g size=1MiB thin=maybe").find("expected yes or no") !=
          std::string::npos);
    CHECK(error("add volume v size=1MiB size=2MiB group=g").find("size is given twice") !=
          std::string::npos);
    CHECK(error("add hots h").find("did you mean 'add host'?") != std::string::npos);
    CHECK(error("present v to=h lun=4294967296").find("from 0 to 4294967295") != std::string::npos);
    for (auto const& [words, wrong] :
         {std::pair{"add multisnap a=x as=snapclones allocation=full", "allocation: "},
          std::pair{"add multisnap a=x/", "expected SOURCE/CONTAINER"},
          std::pair{"add fault f kind=error count=0", "count: "},
          std::pair{"add fault f kind=error length=0B", "length: "},
          std::pair{"add fault f kind=error while-file=here", "expected a path from the root on"},
          std::pair{"add fault a/b kind=lost", "a name begins with a letter"},
          std::pair{"add fault a\033b kind=lost", "a name begins with a letter"},
          std::pair{"add volume v group=g size=\0332J", "\\x1b2J"},
          std::pair{"add volume v group=g size=1MiB vraid=vraid", "expected one of 0, 1, 5, 6"}}) {
        INFO(words);
        CHECK(error(words).find(wrong) != std::string::npos);
    }
    CHECK(error("fracture m now").find("'now' was not expected") != std::string::npos);
}

TEST_CASE("A share of requests is parts of a million") {
    CHECK(parse_share("100 %") == 1'000'000U);
    CHECK(parse_share("0.0001%") == 1U);
    CHECK(parse_share("12.5%") == 125'000U);
    for (char const* const wrong :
         {"", "%", "1", "0%", "0.00001%", "101%", "1.2.3%", "-1%", "x%"}) {
        INFO(wrong);
        CHECK_FALSE(parse_share(wrong));
    }
}
