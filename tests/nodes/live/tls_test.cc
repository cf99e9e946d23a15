// SPDX-License-Identifier: BSD-3-Clause
//
// TLS between two ends that know each other: bytes arrive as they were sent, in as few records as
// they need, whoever waits for whom; and real nodes mirror, take over and come back through it.
#include "nodes/live/tls.h"

#include "base/pattern.h"
#include "nodes/live/link.h"
#include "tests/nodes/live/authority.h"
#include "tests/nodes/live/pair.h"
#include "tests/nodes/live/tls_client.h"
#include "tests/support/scratch_folder.h"

#include <sys/socket.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <thread>

namespace sunder::live {
namespace {

constexpr Duration patience = seconds(30);

std::vector<std::byte> pattern(std::uint64_t id, std::size_t bytes) {
    std::vector<std::byte> made((bytes + sector_bytes - 1) / sector_bytes * sector_bytes);
    write_pattern(id, 0, made);
    made.resize(bytes);
    return made;
}

Payload content(std::uint64_t id, std::size_t bytes) {
    std::shared_ptr<std::byte> const room = Payload::room(bytes / sector_bytes);
    write_pattern(id, 0, {room.get(), bytes});
    return Payload::bytes(room, bytes / sector_bytes);
}

/// Two nodes' TLS, and connections between them.
class Ends {
public:
    explicit Ends(std::uint64_t most_records = Tls::records_of_a_key, bool between = false)
        : authority_(folder_.path(), "authority"), between_(folder_.path(), "between", authority_) {
        Authority& signs = between ? between_ : authority_;
        for (std::uint8_t const node : {0, 1}) {
            NodeSetup setup;
            setup.cluster = "test";
            setup.members = {{"server1", {}, {}}, {"server2", {}, {}}};
            setup.config.self = NodeId{node};
            setup.tls = files[node] =
                signs.issue(certificate_name(setup.members[node].name, setup.cluster));
            auto opened = Tls::open(setup, most_records);
            if (!opened) FAIL(opened.error());
            tls[node] = std::move(*opened);
        }
    }
    struct Sockets {
        int of[2];
    };
    static Sockets sockets() {
        Sockets made{};
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, made.of) == 0);
        return made;
    }
    /// Both have begun. The first has dialled.
    std::pair<std::unique_ptr<Link>, std::unique_ptr<Link>> links() {
        auto const [of] = sockets();
        auto near = std::make_unique<Link>(tls[0]->stream(of[0], true), ConnectionId{1}, patience);
        auto far = std::make_unique<Link>(tls[1]->stream(of[1], false), ConnectionId{2}, patience);
        for (Link* const one : {near.get(), far.get()}) {
            one->limit(patience, most_head_bytes + most_content_bytes);
        }
        bool there = false;
        std::thread other([&] { there = far->begin().has_value(); });
        bool const here = near->begin().has_value();
        other.join();
        REQUIRE((here && there));
        return {std::move(near), std::move(far)};
    }

    TlsSetup files[2];
    std::unique_ptr<Tls> tls[2];

private:
    testing::ScratchFolder folder_;
    Authority authority_;
    Authority between_;
};

constexpr TlsClient::How dialled_one{false, 0, true};

void begin(Link& link, TlsClient& client) {
    bool there = false;
    std::thread other([&] { there = client.shake_hands(); });
    bool const here = link.begin().has_value();
    other.join();
    REQUIRE((here && there));
}

TEST_CASE("each end is shown who the other one is") {
    Ends ends;
    auto const [near, far] = ends.links();
    CHECK(near->objection("server2", "test") == "");
    CHECK(far->objection("server1", "test") == "");
    CHECK(near->objection("server1", "test") ==
          "its certificate stands for 'server2.test', and not for 'server1.test'");
    CHECK(far->objection("server1", "prod") ==
          "its certificate stands for 'server1.test', and not for 'server1.prod'");
}

TEST_CASE("who was signed by somebody in between shows who that is") {
    Ends ends(Tls::records_of_a_key, true);
    auto const [near, far] = ends.links();
    CHECK(near->objection("server2", "test") == "");
    CHECK(far->objection("server1", "test") == "");
}

TEST_CASE("a frame is one record, and what is larger takes no more than it must") {
    Ends ends;
    auto const [of] = Ends::sockets();
    Link link(ends.tls[0]->stream(of[0], true), ConnectionId{1}, patience);
    TlsClient client(of[1], ends.files[1], dialled_one);
    begin(link, client);
    auto const records_of = [&](std::size_t head, std::size_t bytes) {
        unsigned const before = client.records();
        link.queue(FrameKind::mirror, pattern(1, head), content(2, bytes));
        link.flush();
        std::size_t left = frame_header_bytes + head + bytes;
        while (left > 0) {
            std::vector<std::byte> const heard = client.hear(left);
            REQUIRE_FALSE(heard.empty());
            left -= heard.size();
        }
        return client.records() - before;
    };
    CHECK(records_of(60, 4096) == 1);
    CHECK(records_of(60, 8192) == 1);
    CHECK(records_of(60, 1 << 20) == 65);
}

TEST_CASE("frames of all sizes arrive as they were sent, in both directions at once") {
    Ends ends;
    auto const [near, far] = ends.links();
    std::vector<std::size_t> sizes{0, 512, 4096, 16384 - 512, 16384, 16896, 65536, 1 << 20};
    constexpr std::uint64_t rounds = 12;
    // What the sockets do not take waits for the links' own threads.
    auto const talk = [&](Link& link, std::uint64_t mine, std::uint64_t other) -> std::string {
        std::thread sender([&] {
            for (std::uint64_t i = 0; i < rounds * sizes.size(); ++i) {
                std::size_t const bytes = sizes[i % sizes.size()];
                link.queue(FrameKind::mirror, pattern(mine + i, i % 300),
                           bytes == 0 ? Payload{} : content(mine + i, bytes));
                link.flush();
            }
        });
        std::string wrong;
        for (std::uint64_t i = 0; i < rounds * sizes.size() && wrong.empty(); ++i) {
            auto const frame = link.receive();
            std::size_t const bytes = sizes[i % sizes.size()];
            if (!frame) {
                wrong = frame.error();
            } else if (!std::ranges::equal(frame->head, pattern(other + i, i % 300)) ||
                       frame->content.sectors() != bytes / sector_bytes ||
                       (bytes != 0 && frame->content != content(other + i, bytes))) {
                wrong = "frame " + std::to_string(i) + " differs";
            }
        }
        sender.join();
        return wrong;
    };
    std::string there;
    std::thread other([&] { there = talk(*far, 5000, 1000); });
    std::string const here = talk(*near, 1000, 5000);
    other.join();
    CHECK(here == "");
    CHECK(there == "");
}

TEST_CASE("who sends is not kept by who waits") {
    Ends ends;
    auto const links = ends.links();
    Link& near = *links.first;
    Link& far = *links.second;
    bool heard = false;
    std::thread waits([&] { heard = near.receive().has_value(); });
    for (unsigned i = 0; i < 100; ++i) {
        near.queue(FrameKind::mirror, pattern(i, 40));
        near.flush();
        REQUIRE(far.receive().has_value());
    }
    far.queue(FrameKind::mirror, pattern(1, 40));
    far.flush();
    waits.join();
    CHECK(heard);
}

TEST_CASE("who sends to an end that does not listen does not wait, and all of it arrives later") {
    Ends ends;
    auto const [near, far] = ends.links();
    for (unsigned i = 0; i < 32; ++i) {
        near->queue(FrameKind::mirror, pattern(i, 40), content(i, 1 << 20));
        near->flush();  // would never come back
    }
    for (unsigned i = 0; i < 32; ++i) {
        auto const frame = far->receive();
        REQUIRE(frame.has_value());
        REQUIRE(frame->content == content(i, 1 << 20));
    }
}

TEST_CASE("a key is used for so many records, and then another one") {
    constexpr std::uint64_t most = 10;
    Ends ends(most);
    auto const [of] = Ends::sockets();
    Link link(ends.tls[0]->stream(of[0], true), ConnectionId{1}, patience);
    TlsClient client(of[1], ends.files[1], dialled_one);
    begin(link, client);
    for (unsigned i = 1; i <= 100; ++i) {
        link.queue(FrameKind::mirror, pattern(i, 40));
        link.flush();
        REQUIRE(client.hear(1000).size() == frame_header_bytes + 40);
        REQUIRE(client.key_updates() == i / most);
    }
}

TEST_CASE("a record that was changed on its way is the last") {
    Ends ends;
    auto const [of] = Ends::sockets();
    int const kept = ::dup(of[1]);
    Link link(ends.tls[0]->stream(of[0], true), ConnectionId{1}, patience);
    link.limit(patience, most_head_bytes);
    TlsClient client(of[1], ends.files[1], dialled_one);
    begin(link, client);
    std::array<unsigned char, 5 + 64> record{23, 3, 3, 0, 64};
    REQUIRE(::send(kept, record.data(), record.size(), MSG_NOSIGNAL) > 0);
    auto const frame = link.receive();
    ::close(kept);
    REQUIRE_FALSE(frame.has_value());
    CHECK(frame.error() == "TLS: decryption failed or bad record mac");
    CHECK_FALSE(link.ended());
}

TEST_CASE("nodes in TLS mirror, take over with all of it, and come back") {
    Pair::How how;
    how.encrypted = true;
    Pair pair(how);
    pair.start(0);
    pair.start(1);
    MirroredExport at = pair.in_service(0);
    Pair::wait_until("they mirror", [&] { return pair.mirrors(0) && pair.mirrors(1); });
    for (std::uint64_t i = 0; i < 64; ++i) {
        REQUIRE(pair[0].write(at, i * 8192, pattern(100 + i, 4096), false) == 0);
    }
    std::vector<std::byte> const large = pattern(7, 1 << 20);
    REQUIRE(pair[0].write(at, 1 << 20, large, false) == 0);
    pair.stop(0);
    at = pair.in_service(1);
    std::vector<std::byte> found(4096);
    for (std::uint64_t i = 0; i < 64; ++i) {
        REQUIRE(pair[1].read(at, i * 8192, found) == 0);
        CHECK(found == pattern(100 + i, 4096));
    }
    REQUIRE(pair[1].write(at, 0, pattern(500, 4096), true) == 0);
    pair.start(0);
    Pair::wait_until("they mirror", [&] { return pair.mirrors(0) && pair.mirrors(1); });
    CHECK(pair.image(0) == pair.image(1));
    std::vector<std::byte> all(1 << 20);
    REQUIRE(pair[1].read(at, 1 << 20, all) == 0);
    CHECK(all == large);
}

}  // namespace
}  // namespace sunder::live
