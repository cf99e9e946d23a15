// SPDX-License-Identifier: BSD-3-Clause
//
// Addresses that somebody has: whoever comes second leaves them as they are, of those who begin at
// once one gets it, and what a process that was killed left behind is in nobody's way.
#include "nodes/live/sockets.h"

#include "tests/nodes/live/pair.h"
#include "tests/support/scratch_folder.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <latch>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace sunder::live {
namespace {

namespace fs = std::filesystem;

/// A Unix socket in a folder, for connections or for datagrams.
struct Place {
    explicit Place(bool for_datagrams) : datagrams(for_datagrams) {}

    [[nodiscard]] std::expected<BoundSocket, std::string> open() const {
        return datagrams ? datagram_socket(here) : listening_socket(here);
    }
    [[nodiscard]] std::expected<BoundSocket, std::string> open_as_the_other_kind() const {
        return datagrams ? listening_socket(here) : datagram_socket(here);
    }
    /// As a process does that is killed.
    void leave_behind() const {
        int const socket = ::socket(AF_UNIX, datagrams ? SOCK_DGRAM : SOCK_STREAM, 0);
        auto const address = unix_address(here.socket);
        REQUIRE(address);
        REQUIRE(::bind(socket, reinterpret_cast<sockaddr const*>(&*address), sizeof *address) == 0);
        ::close(socket);
    }
    /// Whoever sends to the address, or connects, comes to this socket.
    [[nodiscard]] bool leads_to(BoundSocket const& socket) const {
        if (!datagrams) {
            auto const caller = connect_to(here, seconds(1));
            if (!caller) return false;
            int const heard =
                ::accept4(socket.descriptor, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            ::close(*caller);
            if (heard >= 0) ::close(heard);
            return heard >= 0;
        }
        int const sender = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        std::array<std::byte, 3> word{};
        send_datagram(sender, here, word);
        ::close(sender);
        return ::recv(socket.descriptor, word.data(), word.size(), MSG_DONTWAIT) ==
               static_cast<ssize_t>(word.size());
    }
    [[nodiscard]] bool is_there() const { return fs::exists(fs::symlink_status(here.socket)); }

    testing::ScratchFolder folder;
    bool datagrams;
    Endpoint here{(folder.path() / "socket").string(), {}, 0};
};

TEST_CASE("whoever has a Unix socket keeps it, whoever else wants it") {
    Place const place(GENERATE(true, false));
    auto first = place.open();
    REQUIRE(first);
    auto const second = place.open();
    REQUIRE_FALSE(second);
    CHECK(second.error() == place.here.socket + ": somebody listens there");
    CHECK_FALSE(place.open_as_the_other_kind());
    CHECK_FALSE(make_room_for_socket(place.here.socket));
    CHECK(place.leads_to(*first));
    first->close();
    CHECK(fs::is_empty(place.folder.path()));  // nothing is left beside it, either
    auto third = place.open();
    REQUIRE(third);
    third->close();
}

TEST_CASE("a Unix socket that a dead process left behind is in nobody's way") {
    Place const place(GENERATE(true, false));
    place.leave_behind();
    auto opened = place.open();
    REQUIRE(opened);
    CHECK(place.leads_to(*opened));
    opened->close();
    place.leave_behind();
    CHECK(make_room_for_socket(place.here.socket));
    CHECK(fs::is_empty(place.folder.path()));
}

TEST_CASE("whoever ends removes no other's socket") {
    Place const place(GENERATE(true, false));
    auto first = place.open();
    REQUIRE(first);
    // An operator's doing: from here nobody takes it while it is open.
    fs::rename(place.here.socket, place.here.socket + ".aside");
    auto second = place.open();
    REQUIRE(second);
    first->close();
    CHECK(place.leads_to(*second));
    second->close();
    CHECK_FALSE(place.is_there());
}

TEST_CASE("of those who begin at once one gets the socket, and can be reached") {
    Place const place(GENERATE(true, false));
    bool const stale = GENERATE(true, false);
    constexpr std::size_t all = 8;
    for (int round = 0; round < 25; ++round) {
        if (stale) place.leave_behind();
        std::array<std::optional<BoundSocket>, all> got;
        std::latch together(all);
        std::vector<std::thread> threads;
        for (std::size_t n = 0; n < all; ++n) {
            threads.emplace_back([&, n] {
                together.arrive_and_wait();
                if (auto opened = place.open()) got[n].emplace(std::move(*opened));
            });
        }
        for (std::thread& thread : threads) thread.join();
        int winners = 0;
        for (std::optional<BoundSocket>& one : got) {
            if (!one) continue;
            ++winners;
            CHECK(place.leads_to(*one));
            one->close();
        }
        REQUIRE(winners == 1);
        REQUIRE(fs::is_empty(place.folder.path()));
    }
}

TEST_CASE("a file that only looks like the lock of a socket is left alone") {
    Place const place(true);
    std::string const file = place.here.socket + ".lock";
    std::ofstream(file) << "mine";
    auto opened = place.open();
    REQUIRE(opened);
    opened->close();
    CHECK(fs::file_size(file) == 4);
}

TEST_CASE("a port of UDP belongs to one") {
    auto first = datagram_socket({{}, "127.0.0.1", 0});
    REQUIRE(first);
    sockaddr_in at{};
    socklen_t bytes = sizeof at;
    REQUIRE(::getsockname(first->descriptor, reinterpret_cast<sockaddr*>(&at), &bytes) == 0);
    auto const second = datagram_socket({{}, "127.0.0.1", ntohs(at.sin_port)});
    REQUIRE_FALSE(second);
    CHECK(second.error().find("Address already in use") != std::string::npos);
    first->close();
}

TEST_CASE("an address and a port are read as they are written, and nothing else is") {
    for (Endpoint const& right : {Endpoint{{}, "127.0.0.1", 80}, Endpoint{{}, "0.0.0.0", 65535},
                                  Endpoint{{}, "::1", 9555}, Endpoint{{}, "::", 1}}) {
        auto const read = parse_endpoint(to_text(right));
        INFO((read ? to_text(*read) : read.error()));
        REQUIRE(read.has_value());
        CHECK(*read == right);
    }
    for (char const* const wrong :
         {"", ":", "9555", ":9555", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536",
          "127.0.0.1:80x", "localhost:80", "::1:80", "[::1]", "[127.0.0.1]:80", "[]:80",
          "unix:/a/socket"}) {
        INFO(wrong);
        auto const read = parse_endpoint(wrong);
        REQUIRE_FALSE(read.has_value());
        CHECK(read.error().find("such as 127.0.0.1:80") != std::string::npos);
    }
}

TEST_CASE("only its owner may connect to a socket that is the owner's") {
    testing::ScratchFolder const folder;
    Endpoint const here{(folder.path() / "socket").string(), {}, 0};
    auto opened = listening_socket(here, Reach::owner);
    REQUIRE(opened);
    struct stat found{};
    REQUIRE(::stat(here.socket.c_str(), &found) == 0);
    CHECK((found.st_mode & (S_IRWXG | S_IRWXO)) == 0);
    opened->close();
}

TEST_CASE("a node in memory that is begun a second time goes on, and the second is refused") {
    Pair pair({.stored = false});
    pair.start(0);
    pair.start(1);
    Pair::wait_until("they mirror", [&] { return pair.mirrors(0) && pair.mirrors(1); });
    for (unsigned const node : {0U, 1U}) {
        std::string const name = pair.setup(node).members[node].name;
        CHECK(pair.refusal(node).find(name + ".beats: somebody listens") != std::string::npos);
        CHECK(fs::exists(pair.folder() / (name + ".peers")));
        CHECK(fs::exists(pair.folder() / (name + ".beats")));
    }
    // Longer than beats may be missed.
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    CHECK(pair[0].driver().beats().hears(NodeId{1}));
    CHECK(pair[1].driver().beats().hears(NodeId{0}));
    CHECK((pair.mirrors(0) && pair.mirrors(1)));
    CHECK(pair[0].find_export("").has_value());
    CHECK_FALSE(pair[1].find_export("").has_value());
}

}  // namespace
}  // namespace sunder::live
