// SPDX-License-Identifier: BSD-3-Clause
//
// Settings in which nodes have to agree: each that decides what others do is said, and told when it
// differs; what is a node's own business is not.
#include "nodes/live/agreement.h"

#include "nodes/live/greeting.h"
#include "tests/nodes/live/pair.h"

#include <catch2/catch.hpp>

#include <functional>

namespace sunder::live {
namespace {

std::string difference(std::function<void(NodeSetup&)> const& change, bool of_mirror = true) {
    Pair const pair;
    NodeSetup const ours = pair.setup(0);
    NodeSetup theirs = pair.setup(1);
    change(theirs);
    std::optional<std::size_t> const place =
        of_mirror ? std::optional<std::size_t>(0) : std::nullopt;
    return disagreement(agreed(ours, place), agreed(theirs, place));
}

TEST_CASE("two whose files are of one cluster agree, whatever each is by itself") {
    for (bool const of_mirror : {false, true}) {
        CHECK(difference([](NodeSetup&) {}, of_mirror) == "");
        CHECK(difference(
                  [](NodeSetup& setup) {
                      setup.state = "/elsewhere";
                      setup.detection.boot_wait = seconds(99);
                      setup.members[1].peers.port = 4711;
                      setup.members[1].compression = 9;
                      setup.mirrors[0].config.asynchronous_limit = 5;
                      setup.mirrors[0].config.sectors *= 2;  // its disk is larger (R5)
                  },
                  of_mirror) == "");
    }
}

TEST_CASE("each setting of a mirror by which others decide is told when it differs") {
    auto const mirror = [](auto&& change) {
        return difference([&](NodeSetup& setup) { change(setup.mirrors[0].config); });
    };
    auto const node = [](auto&& change) {
        return difference([&](NodeSetup& setup) { change(setup.config.resources[0]); });
    };
    CHECK(node([](auto& r) { r.never_in_service = 2; }) ==  // R1
          "never_in_service is 'server2' in its file, and 'none' in ours; both have to say the "
          "same");
    CHECK(node([](auto& r) { r.asynchronous[0] = 2; })  // R54
              .starts_with("asynchronous is 'server1 with server2' in its file, and 'none'"));
    CHECK(node([](auto& r) { r.priority = {2, 1}; }).starts_with("priorities is '2, 1'"));  // R52
    CHECK(mirror([](auto& m) {
              std::swap(m.nodes[0], m.nodes[1]);
          }).starts_with("on is 'server2, server1'"));
    CHECK(mirror([](auto& m) { m.chunk_sectors *= 2; }).starts_with("intent_log is '131072 B'"));
    CHECK(mirror([](auto& m) { m.intent_log = false; }).starts_with("intent_log is 'none'"));
    CHECK(mirror([](auto& m) {
              m.split_brain = replication::SplitBrainPolicy::discard_older;
          }).starts_with("split_brain is 'discard_older'"));
    CHECK(
        difference([](NodeSetup& setup) {
            setup.mirrors[0].volumes.push_back({"log", 8});
        }).starts_with("volumes is 'datarep 2 MiB, log 4 KiB' in its file, and 'datarep' in ours"));
    CHECK(mirror([](auto& m) { m.mirrored_sectors += 2; }) ==
          "size is '2049 KiB' in its file, and '2 MiB' in ours; both have to say the same");
    CHECK(disagreement({{"on", "a"}}, {}) == "its file says nothing of on");
}

TEST_CASE("volumes that lie elsewhere in the same mirror are told") {
    Pair const pair;
    NodeSetup ours = pair.setup(0);
    NodeSetup theirs = pair.setup(1);
    ours.mirrors[0].volumes = {{"b", 2048}, {"c", 2049}};
    theirs.mirrors[0].volumes = {{"b", 2049}, {"c", 2048}};
    CHECK(disagreement(agreed(ours, 0), agreed(theirs, 0)) ==
          "volumes is 'b 1049088 B, c 1 MiB' in its file, and 'b 1 MiB, c 1049088 B' in ours; both "
          "have to say the same");
}

TEST_CASE("so many nodes that their names do not fit are told apart all the same") {
    auto const many = [](NodeSetup& setup, std::string const& last) {
        for (int i = 0; i < 60; ++i)
            setup.members.push_back({"server" + std::to_string(i), {}, {}});
        setup.members.push_back({last, {}, {}});
    };
    Pair const pair;
    NodeSetup one = pair.setup(0);
    NodeSetup other = one;
    many(one, "alpha");
    many(other, "beta");
    auto const said = agreed(one, std::nullopt);
    CHECK(disagreement(said, said) == "");
    CHECK(disagreement(said, agreed(other, std::nullopt)).starts_with("nodes is 'server1"));
    Greeting greeting{protocol_version, "c", "alpha", "beta", "", 1, 0, said};
    std::vector<std::byte> bytes;
    ByteWriter writer(bytes);
    encode(greeting, writer);
    auto const back = decode_greeting(bytes);
    REQUIRE(back);
    CHECK(*back == greeting);
}

}  // namespace
}  // namespace sunder::live
