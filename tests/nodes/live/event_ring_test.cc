// SPDX-License-Identifier: BSD-3-Clause
//
// Events: which of them a reader gets, what he is told when some are gone, and that one who does
// not read is dropped while others are not kept waiting.
#include "nodes/live/event_ring.h"
#include "nodes/live/control_client.h"
#include "nodes/live/control_server.h"
#include "tests/support/scratch_folder.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace sunder::live {

namespace {

constexpr std::size_t much = 1 << 20;

void add(EventRing& ring, int count, std::size_t bytes = 0) {
    for (int n = 0; n < count; ++n) {
        ring.add([&](std::uint64_t id) { return std::to_string(id) + std::string(bytes, '.'); });
    }
}

std::vector<std::uint64_t> ids(EventRing::Page const& page) {
    std::vector<std::uint64_t> all;
    for (auto const& entry : page.entries) {
        CHECK(entry.data.substr(0, entry.data.find('.')) == std::to_string(entry.id));
        all.push_back(entry.id);
    }
    return all;
}

using Ids = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("a reader of events gets what is behind the one that he has got") {
    EventRing ring(100, {.entries = 3, .bytes = much});
    CHECK(ring.after(0, much).entries.empty());
    add(ring, 2);
    CHECK(ids(ring.after(0, much)) == Ids{100, 101});
    CHECK(ids(ring.after(100, much)) == Ids{101});
    CHECK(ring.after(101, much).entries.empty());
    CHECK_FALSE(ring.after(101, much).gap);
    add(ring, 2);  // the oldest makes way
    CHECK(ids(ring.after(0, much)) == Ids{101, 102, 103});
    CHECK_FALSE(ring.after(0, much).gap);
    CHECK_FALSE(ring.after(100, much).gap);
    add(ring, 1);
    CHECK(ring.after(100, much).gap);
    CHECK(ids(ring.after(100, much)) == Ids{102, 103, 104});
}

TEST_CASE("events of another process leave a gap") {
    EventRing ring(100, {.entries = 3, .bytes = much});
    add(ring, 2);
    CHECK(ring.after(7, much).gap);
    CHECK(ids(ring.after(7, much)) == Ids{100, 101});
    CHECK(ring.after(900, much).gap);
    CHECK(ids(ring.after(900, much)) == Ids{100, 101});
    CHECK_FALSE(ring.after(99, much).gap);
}

TEST_CASE("events are kept by their bytes, too, and shown by as many") {
    EventRing ring(100, {.entries = 100, .bytes = 50});
    add(ring, 5, 17);  // 20 each
    CHECK(ids(ring.after(0, much)) == Ids{103, 104});
    CHECK(ids(ring.after(0, 39)) == Ids{103});
    CHECK(ids(ring.after(0, 1)) == Ids{103});
    CHECK(ring.has_passed(101));
    CHECK_FALSE(ring.has_passed(102));
    add(ring, 1, 1000);  // one alone may be larger
    CHECK(ids(ring.after(0, much)) == Ids{105});
}

TEST_CASE("a ring that has given nothing up has passed nobody") {
    EventRing ring(100, {.entries = 3, .bytes = much});
    CHECK_FALSE(ring.has_passed(0));
    add(ring, 3);
    CHECK_FALSE(ring.has_passed(0));
    add(ring, 1);
    CHECK(ring.has_passed(0));
}

TEST_CASE("each who wants to be told of events is, until he wants to no more") {
    EventRing ring(100);
    int first = 0;
    int second = 0;
    ring.when_added(&first, [&] { ++first; });
    ring.when_added(&second, [&] { ++second; });
    add(ring, 2);
    ring.when_added(&first, {});
    add(ring, 1);
    CHECK(first == 2);
    CHECK(second == 3);
}

namespace {

constexpr char const* events_please = "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Says that and no more, and reads no answer.
class Idler {
public:
    explicit Idler(std::string const& path, std::string const& words = events_please)
        : socket_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
        sockaddr_un at{};
        at.sun_family = AF_UNIX;
        std::strcpy(at.sun_path, path.c_str());
        REQUIRE(::connect(socket_, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
        REQUIRE(::send(socket_, words.data(), words.size(), 0) ==
                static_cast<ssize_t>(words.size()));
    }
    ~Idler() { ::close(socket_); }

    /// The other side has closed it.
    bool dropped(int milliseconds) const {
        pollfd about{socket_, 0, 0};
        return ::poll(&about, 1, milliseconds) == 1 && (about.revents & POLLHUP) != 0;
    }

    [[nodiscard]] std::string answer() const {
        std::string words(12, ' ');
        if (::recv(socket_, words.data(), words.size(), MSG_WAITALL) <= 0) words.clear();
        return words;
    }

private:
    int socket_;
};

}  // namespace

TEST_CASE("who does not read events is dropped, and who reads them gets all") {
    testing::ScratchFolder const folder;
    std::string const path = folder.path() / "control";
    EventRing ring(1, {.entries = 64, .bytes = 256 << 10});
    auto server = ControlServer::listen(
        path, [](ControlRequest const&) { return ControlReply{404, "", ""}; }, &ring);
    REQUIRE(server);
    (*server)->start();
    Idler const idler(path);

    constexpr std::uint64_t all = 4000;
    std::atomic<std::uint64_t> last = 0;
    std::atomic<bool> in_order = true;
    std::thread reader([&] {
        (void)follow_events(path, 0, true, [&](std::string_view kind, std::string_view data) {
            std::uint64_t const id =
                std::strtoull(std::string(data.substr(0, 20)).c_str(), nullptr, 10);
            if (!kind.empty() || id != last + 1) in_order = false;
            last = id;
        });
    });
    for (std::uint64_t n = 1; n <= all; ++n) {
        add(ring, 1, 4096);
        // A few ahead of the reader, who is not to be dropped for our haste.
        while (last + 16 < n) std::this_thread::yield();
    }
    while (last < all) std::this_thread::yield();
    CHECK(idler.dropped(10'000));
    (*server)->stop();
    reader.join();
    CHECK(in_order);
}

TEST_CASE("who is connected and asks nothing keeps no operator out") {
    testing::ScratchFolder const folder;
    std::string const path = folder.path() / "control";
    auto server = ControlServer::listen(
        path, [](ControlRequest const&) { return ControlReply{200, "heard", "text/plain"}; });
    REQUIRE(server);
    (*server)->start();
    std::vector<std::unique_ptr<Idler>> silent;
    for (std::size_t n = 0; n < ControlServer::most_sessions + 3; ++n) {
        silent.push_back(std::make_unique<Idler>(path, ""));
    }
    auto const begun = std::chrono::steady_clock::now();
    for (int n = 0; n < 3; ++n) CHECK(look_up(path, "/status")->body == "heard");
    CHECK(std::chrono::steady_clock::now() - begun <
          std::chrono::seconds(ControlServer::idle_seconds / 2));
    // Those who wait longest have given way.
    CHECK(silent.front()->dropped(10'000));
    CHECK_FALSE(silent.back()->dropped(0));
    (*server)->stop();
}

TEST_CASE("only so many read events at a time, and operators get through") {
    testing::ScratchFolder const folder;
    std::string const path = folder.path() / "control";
    EventRing ring(1);
    auto server = ControlServer::listen(
        path, [](ControlRequest const&) { return ControlReply{200, "heard", "text/plain"}; },
        &ring);
    REQUIRE(server);
    (*server)->start();
    {
        std::vector<std::unique_ptr<Idler>> idlers;
        for (std::size_t n = 0; n < ControlServer::most_readers; ++n) {
            idlers.push_back(std::make_unique<Idler>(path));
        }
        // Requests are taken in the order in which they come.
        CHECK(look_up(path, "/status")->body == "heard");
        auto const refused = look_up(path, "/events");
        REQUIRE(refused);
        CHECK(refused->status == 503);
        CHECK(look_up(path, "/events?follow=no")->status == 200);
    }
    // Those who have gone make room; that is noticed without an event.
    std::string answer;
    for (int tries = 0; tries < 100'000 && answer != "HTTP/1.1 200"; ++tries) {
        answer = Idler(path).answer();
    }
    CHECK(answer == "HTTP/1.1 200");
    CHECK(look_up(path, "/events?since=1")->status == 400);
    (*server)->stop();
}

}  // namespace sunder::live
