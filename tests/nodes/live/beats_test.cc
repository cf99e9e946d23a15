// SPDX-License-Identifier: BSD-3-Clause
//
// Heartbeats: golden bytes, what is none, and that a node leaves alone what is none of its peers'.
#include "nodes/live/beats.h"

#include "base/checksum.h"
#include "nodes/live/beat.h"
#include "tests/nodes/live/pair.h"
#include "tests/support/hex.h"
#include "tests/support/scratch_folder.h"

#include <catch2/catch.hpp>

#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace sunder::live {
namespace {

using Datagram = std::vector<std::byte>;

constexpr Beat some_beat{NodeId{2}, 0x0102030405060708};

/// With the checksum that the rest has.
Datagram sealed(Datagram bytes) {
    std::size_t const body = bytes.size() - sizeof(std::uint64_t);
    std::uint64_t const sum = checksum({std::span<std::byte const>(bytes).first(body)});
    std::memcpy(&bytes[body], &sum, sizeof sum);
    return bytes;
}

struct Stranger {
    std::string what;
    Datagram datagram;
};

/// What is no beat of the node in cluster "east".
std::vector<Stranger> strangers(Beat const& beat) {
    Datagram const right = encode_beat(beat, "east");
    Datagram longer = right;
    longer.insert(longer.end(), 8, std::byte{});
    Datagram another = right;
    another[0] ^= std::byte{1};
    Datagram name_too_long = right;
    name_too_long[13] = std::byte{0xff};
    Datagram wrong = right;
    wrong.back() ^= std::byte{1};
    Datagram changed = right;
    changed[5] ^= std::byte{1};  // its life
    return {{"of another cluster", encode_beat(beat, "west")},
            {"of a cluster whose name goes on", encode_beat(beat, "eastern")},
            {"of a cluster without a name", encode_beat(beat, "")},
            {"something behind it", longer},
            {"something behind it, and right", sealed(longer)},
            {"another mark", sealed(another)},
            {"a name that is longer than the datagram", sealed(name_too_long)},
            {"a wrong checksum", wrong},
            {"damaged", changed},
            {"empty", {}}};
}

TEST_CASE("a beat is the bytes that other builds send, and comes back as it was") {
    Datagram const bytes = encode_beat(some_beat, "east");
    Datagram body = bytes;
    body.resize(bytes.size() - sizeof(std::uint64_t));
    CHECK(test::hex(body) == test::packed("42454154 02 0807060504030201 04000000 65617374"));
    CHECK(sealed(bytes) == bytes);
    CHECK(read_beat(bytes, "east") == some_beat);
}

TEST_CASE("what is cut off, damaged or for another cluster is no beat") {
    Datagram const right = encode_beat(some_beat, "east");
    for (std::size_t kept = 0; kept < right.size(); ++kept) {
        INFO(kept << " bytes");
        Datagram const cut(right.begin(), right.begin() + static_cast<std::ptrdiff_t>(kept));
        REQUIRE_FALSE(read_beat(cut, "east"));
        if (kept >= sizeof(std::uint64_t)) REQUIRE_FALSE(read_beat(sealed(cut), "east"));
    }
    for (Stranger const& stranger : strangers(some_beat)) {
        INFO(stranger.what);
        CHECK_FALSE(read_beat(stranger.datagram, "east"));
    }
}

TEST_CASE("a node hears its peers' beats, and leaves everything else alone") {
    testing::ScratchFolder const folder;
    NodeSetup setup;
    setup.cluster = "east";
    for (char const* const name : {"server1", "server2", "server3"}) {
        setup.members.push_back({name, {}, {{(folder.path() / name).string(), {}, 0}}});
    }
    setup.config.peers = {NodeId{1}, NodeId{2}};
    setup.detection.interval = milliseconds(100);
    auto const beats = Beats::listen(
        setup, 1, {[](NodeId) {}, [](NodeId) {}, [](NodeId) {}, [](auto done) { done(); }});
    REQUIRE(beats);
    for (NodeId const peer : setup.config.peers) (*beats)->watch(peer);
    (*beats)->start();
    auto sender = datagram_socket(setup.members[1].beats[0]);
    REQUIRE(sender);
    auto const send = [&](Datagram const& datagram) {
        send_datagram(sender->descriptor, setup.members[0].beats[0], datagram);
    };
    for (Stranger const& stranger : strangers({NodeId{2}, 1})) send(stranger.datagram);
    for (std::uint8_t const none : {0, 3, 255}) send(encode_beat({NodeId{none}, 1}, "east"));
    Pair::wait_until("the second is heard", [&] {
        send(encode_beat({NodeId{1}, 1}, "east"));
        return (*beats)->hears(NodeId{1});
    });
    // What came before was looked at before.
    CHECK_FALSE((*beats)->hears(NodeId{2}));
    CHECK_FALSE((*beats)->heard_ago(NodeId{2}).at(0));
    send(encode_beat({NodeId{2}, 1}, "east"));
    Pair::wait_until("the third is heard", [&] { return (*beats)->hears(NodeId{2}); });
    (*beats)->stop();
    sender->close();
}

}  // namespace
}  // namespace sunder::live
