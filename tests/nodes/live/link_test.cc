// SPDX-License-Identifier: BSD-3-Clause
//
// Who takes what he was sent little by little is waited for, however long it takes, and gets all of
// it; who takes nothing for as long as a connection may stall is given up.
#include "nodes/live/link.h"

#include "base/pattern.h"
#include "nodes/live/clock.h"
#include "nodes/live/sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <string>
#include <thread>
#include <vector>

namespace sunder::live {
namespace {

constexpr Duration stall = milliseconds(1000);
constexpr std::size_t frame_bytes = 1 << 20;
constexpr unsigned frames = 16;
constexpr std::size_t all_bytes = frames * (frame_bytes + frame_header_bytes);

Payload content(std::uint64_t id) {
    std::shared_ptr<std::byte> const room = Payload::room(frame_bytes / sector_bytes);
    write_pattern(id, 0, {room.get(), frame_bytes});
    return Payload::bytes(room, frame_bytes / sector_bytes);
}

struct Ends {
    int near = -1;
    int far = -1;
};

Ends unix_ends() {
    int made[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, made) == 0);
    return {made[0], made[1]};
}

/// As much is on its way as the far end has room for, which is little.
Ends tcp_ends() {
    int const listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int const room = 32 * 1024;
    ::setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    Endpoint here{{}, "127.0.0.1", 0};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof address;
    REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&address), bytes) == 0);
    REQUIRE(::listen(listener, 1) == 0);
    REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &bytes) == 0);
    here.port = ntohs(address.sin_port);
    auto const near = connect_to(here, seconds(5));
    REQUIRE(near);
    int const far = ::accept(listener, nullptr, nullptr);
    REQUIRE(far >= 0);
    ::close(listener);
    return {*near, far};
}

std::unique_ptr<Link> link_of(int socket) {
    set_up_connection(socket);
    return std::make_unique<Link>(plain_stream(socket), ConnectionId{1}, stall);
}

void say_all(Link& link) {
    for (unsigned i = 0; i < frames; ++i) {
        link.queue(FrameKind::mirror, {}, content(i));
        link.flush();
    }
}

/// How much of what is sent comes, when so much is taken every 50 ms for so long, and then all.
std::size_t take(int socket, std::size_t each, Duration slowly) {
    std::size_t taken = 0;
    std::vector<char> room(frame_bytes);
    Duration const end = boot_time() + slowly;
    while (taken < all_bytes) {
        bool const slow = boot_time() < end;
        if (slow) std::this_thread::sleep_for(std::chrono::milliseconds(50));
        ssize_t const got = ::recv(socket, room.data(), slow ? each : room.size(), 0);
        if (got <= 0) break;
        taken += static_cast<std::size_t>(got);
    }
    return taken;
}

TEST_CASE("who takes little by little is waited for, and gets all of it") {
    bool const tcp = GENERATE(false, true);
    INFO((tcp ? "TCP" : "a Unix socket"));
    Ends const ends = tcp ? tcp_ends() : unix_ends();
    auto const link = link_of(ends.near);
    say_all(*link);
    CHECK(take(ends.far, 5 * 1024, seconds(6)) == all_bytes);
    ::close(ends.far);
}

TEST_CASE("what waits to be sent is told, and what was sent") {
    Ends const ends = unix_ends();
    auto const link = link_of(ends.near);
    CHECK(link->queued_bytes() == 0);
    say_all(*link);
    CHECK(link->queued_bytes() > 0);
    CHECK(link->sent_bytes() < all_bytes);
    CHECK(take(ends.far, frame_bytes, Duration{}) == all_bytes);
    Duration const begun = boot_time();
    while (link->queued_bytes() != 0 && boot_time() - begun < seconds(60)) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    CHECK(link->queued_bytes() == 0);
    CHECK(link->sent_bytes() == all_bytes);
    ::close(ends.far);
}

TEST_CASE("who takes nothing is given up, as soon as a connection may stall") {
    bool const tcp = GENERATE(false, true);
    INFO((tcp ? "TCP" : "a Unix socket"));
    Ends const ends = tcp ? tcp_ends() : unix_ends();
    auto const link = link_of(ends.near);
    Duration const begun = boot_time();
    say_all(*link);
    auto const heard = link->receive();  // what is never said
    REQUIRE_FALSE(heard);
    CHECK(heard.error() == Stream::stalled);
    CHECK_FALSE(link->ended());
    Duration const took = boot_time() - begun;
    CHECK(took >= milliseconds(900));
    CHECK(took < stall * 5);
    ::close(ends.far);
}

TEST_CASE(
    "what fits into the socket has to be taken in time, too, and an idle end is none that stalls") {
    Ends const ends = tcp_ends();
    auto const link = link_of(ends.near);
    std::thread idles([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(2500));
        link->queue(FrameKind::mirror, {}, content(1));
        link->flush();
    });
    Duration const begun = boot_time();
    CHECK_FALSE(link->receive());
    Duration const took = boot_time() - begun;
    idles.join();
    CHECK(took >= milliseconds(3400));
    CHECK(took < milliseconds(2500) + stall * 5);
    ::close(ends.far);
}

}  // namespace
TEST_CASE("The kernel asks an idle end whether it is there, for about as long as it may stall") {
    auto const option = [](int socket, int level, int name) {
        int value = 0;
        socklen_t bytes = sizeof value;
        REQUIRE(::getsockopt(socket, level, name, &value, &bytes) == 0);
        return value;
    };
    for (Duration const patience : {milliseconds(100), seconds(3), seconds(10), minutes(2)}) {
        CAPTURE(to_text(patience));
        Ends const ends = tcp_ends();
        CHECK(option(ends.near, SOL_SOCKET, SO_KEEPALIVE) == 0);
        notice_silence(ends.near, patience);
        CHECK(option(ends.near, SOL_SOCKET, SO_KEEPALIVE) == 1);
        Duration const whole = seconds(option(ends.near, IPPROTO_TCP, TCP_KEEPIDLE) +
                                       option(ends.near, IPPROTO_TCP, TCP_KEEPINTVL) *
                                           option(ends.near, IPPROTO_TCP, TCP_KEEPCNT));
        CHECK(whole <= patience + seconds(4));
        CHECK(whole + seconds(3) >= patience);
        ::close(ends.near);
        ::close(ends.far);
    }
}

}  // namespace sunder::live
