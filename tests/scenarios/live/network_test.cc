// SPDX-License-Identifier: BSD-3-Clause
//
// The network between real nodes: what passes, what stands still behind a cut and goes on when it
// is healed, who is told of an end, and who is not.
#include "scenarios/live/network.h"

#include "tests/support/scratch_folder.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <chrono>
#include <cstring>
#include <optional>
#include <string>
#include <thread>

namespace sunder::staged {
namespace {

using namespace std::chrono_literals;

sockaddr_un address_of(std::string const& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}
int socket_at(std::string const& path, int kind, bool listens) {
    int const made = ::socket(AF_UNIX, kind, 0);
    sockaddr_un const address = address_of(path);
    auto const* const to = reinterpret_cast<sockaddr const*>(&address);
    REQUIRE((listens ? ::bind(made, to, sizeof address) : ::connect(made, to, sizeof address)) ==
            0);
    if (listens && kind == SOCK_STREAM) REQUIRE(::listen(made, 8) == 0);
    return made;
}

/// Two servers, of which the second hears; and who dials it from the first.
struct Two {
    explicit Two(Speed speed = {}) {
        netsim::Cluster cluster;
        cluster.nodes = {{"a", {}}, {"b", {}}};
        netsim::LinkModel const way{milliseconds(1), {1'000'000'000}};
        cluster.links = {{0, 1, way, way}};
        heard = socket_at((folder.path() / "b.peers").string(), SOCK_STREAM, true);
        beats = socket_at((folder.path() / "b.peers.beats").string(), SOCK_DGRAM, true);
        network.emplace(cluster, folder.path(), speed);
        dialled = socket_at(network->between(a, b), SOCK_STREAM, false);
        accepted = ::accept(heard, nullptr, nullptr);
        REQUIRE(accepted >= 0);
    }
    ~Two() {
        for (int const socket : {dialled, accepted, heard, beats}) ::close(socket);
    }
    static void say(int socket, std::string const& what) {
        REQUIRE(::send(socket, what.data(), what.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(what.size()));
    }
    /// What comes in time: "" is the end of the stream, nothing is nothing.
    static std::optional<std::string> hear(int socket, std::chrono::milliseconds most = 10s) {
        pollfd one{socket, POLLIN, 0};
        if (::poll(&one, 1, static_cast<int>(most.count())) <= 0) return std::nullopt;
        std::string room(1000, '\0');
        ssize_t const got = ::recv(socket, room.data(), room.size(), 0);
        room.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
        return room;
    }
    void beat(std::string const& what) const {
        int const sender = ::socket(AF_UNIX, SOCK_DGRAM, 0);
        sockaddr_un const address = address_of(network->between(a, b) + ".beats");
        ::sendto(sender, what.data(), what.size(), 0, reinterpret_cast<sockaddr const*>(&address),
                 sizeof address);
        ::close(sender);
    }

    static constexpr NodeId a{0};
    static constexpr NodeId b{1};
    static constexpr auto a_moment = 100ms;  // in which what should not come would have come
    testing::ScratchFolder folder;           // outlives what uses it
    std::optional<LiveNetwork> network;
    int heard = -1;
    int beats = -1;
    int dialled = -1;
    int accepted = -1;
};

TEST_CASE("what is said is heard at the other end, in both directions") {
    Two two;
    Two::say(two.dialled, "there");
    CHECK(Two::hear(two.accepted) == "there");
    Two::say(two.accepted, "back");
    CHECK(Two::hear(two.dialled) == "back");
    two.beat("beat");
    CHECK(Two::hear(two.beats) == "beat");
    ::shutdown(two.dialled, SHUT_RDWR);
    CHECK(Two::hear(two.accepted) == "");
}

TEST_CASE("behind a cut a stream stands still, beats are lost, and nobody is told") {
    Two two;
    two.network->cut(0, 1, false);
    Two::say(two.dialled, "late");
    two.beat("lost");
    ::shutdown(two.dialled, SHUT_WR);
    CHECK_FALSE(Two::hear(two.accepted, Two::a_moment));
    CHECK_FALSE(Two::hear(two.beats, Two::a_moment));
    two.network->heal(0, 1);
    CHECK(Two::hear(two.accepted) == "late");
    CHECK(Two::hear(two.accepted) == "");
    CHECK_FALSE(Two::hear(two.beats, Two::a_moment));
}

TEST_CASE("on a lossy link beats are lost now and then, and a stream is late and whole") {
    Two two(Speed{100});  // so that what a lost packet waits is 2 ms
    two.network->degrade(0, 1, true, {.loss = Share{500'000}});
    constexpr int many = 60;
    std::string said;
    for (int i = 0; i < many; ++i) {
        std::string const word = std::to_string(i) + ' ';
        Two::say(two.dialled, word);
        said += word;
        two.beat("beat");
        std::this_thread::sleep_for(1ms);
    }
    std::string heard;
    while (heard.size() < said.size()) {
        auto const more = Two::hear(two.accepted);
        REQUIRE(more);
        heard += *more;
    }
    CHECK(heard == said);
    int beats = 0;
    while (Two::hear(two.beats, Two::a_moment)) ++beats;
    CHECK((beats > 10 && beats < 50));
}

TEST_CASE("a stream drips on a slow link, and what waits goes at once when it is healed") {
    Two two(Speed{10});
    two.network->degrade(0, 1, true, {.bandwidth = Bandwidth{80}});  // 100 bytes a second
    Two::say(two.dialled, std::string(900, 'x'));
    CHECK_FALSE(Two::hear(two.accepted, Two::a_moment));
    two.network->heal(0, 1);
    CHECK(Two::hear(two.accepted, 1s) == std::string(900, 'x'));
}

TEST_CASE("a cut in one direction leaves the other") {
    Two two;
    two.network->cut(0, 1, true);
    Two::say(two.dialled, "late");
    Two::say(two.accepted, "back");
    CHECK(Two::hear(two.dialled) == "back");
    CHECK_FALSE(Two::hear(two.accepted, Two::a_moment));
    two.network->heal(0, 1);
    CHECK(Two::hear(two.accepted) == "late");
}

TEST_CASE("a reset ends a connection, on one side only when it is half open") {
    Two two;
    SECTION("both are told") {
        two.network->reset(Two::a, Two::b, false);
        CHECK(Two::hear(two.dialled) == "");
        CHECK(Two::hear(two.accepted) == "");
    }
    SECTION("one is told") {
        two.network->reset(Two::a, Two::b, true);
        CHECK(Two::hear(two.dialled) == "");
        CHECK_FALSE(Two::hear(two.accepted, Two::a_moment));
    }
    SECTION("the other is told") {
        two.network->reset(Two::b, Two::a, true);
        CHECK(Two::hear(two.accepted) == "");
        CHECK_FALSE(Two::hear(two.dialled, Two::a_moment));
    }
}

TEST_CASE("who loses his power says no farewell") {
    Two two;
    Two::say(two.dialled, "first");
    CHECK(Two::hear(two.accepted) == "first");
    two.network->power_cut(Two::a);
    ::shutdown(two.dialled, SHUT_RDWR);
    CHECK_FALSE(Two::hear(two.accepted, Two::a_moment));
}

TEST_CASE("nobody hears where nobody listens") {
    Two two;
    ::close(two.heard);
    std::filesystem::remove(two.folder.path() / "b.peers");
    int const again = socket_at(two.network->between(Two::a, Two::b), SOCK_STREAM, false);
    CHECK(Two::hear(again) == "");
    ::close(again);
    two.heard = -1;
}

}  // namespace
}  // namespace sunder::staged
