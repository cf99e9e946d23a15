// SPDX-License-Identifier: BSD-3-Clause
//
// Whoever asks over a control socket waits no longer than he wants to, whatever the other side does
// not do; and is told what was too long of what he said.
#include "nodes/live/control_client.h"

#include "nodes/live/control_server.h"
#include "nodes/live/socket_file.h"
#include "tests/support/scratch_folder.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace sunder::live {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds patience = 200ms;

/// Connected, or -1 and errno.
int connected(std::string const& path, int flags = 0) {
    int const socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    auto const address = unix_address(path);
    REQUIRE(address);
    if (::connect(socket, reinterpret_cast<sockaddr const*>(&*address), sizeof *address) == 0) {
        return socket;
    }
    int const number = errno;
    ::close(socket);
    errno = number;
    return -1;
}

/// A process that stands still: the kernel takes connections, and nobody hears them.
class Still {
public:
    explicit Still(int queue) : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        auto const address = unix_address(path());
        REQUIRE(address);
        REQUIRE(::bind(socket_, reinterpret_cast<sockaddr const*>(&*address), sizeof *address) ==
                0);
        REQUIRE(::listen(socket_, queue) == 0);
    }
    ~Still() { ::close(socket_); }
    Still(Still const&) = delete;
    Still& operator=(Still const&) = delete;

    [[nodiscard]] std::string path() const { return (folder_.path() / "control").string(); }
    [[nodiscard]] int accept() const { return ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC); }

private:
    testing::ScratchFolder folder_;
    int socket_;
};

void nobody_answers_in_time(std::string const& path) {
    auto const begun = std::chrono::steady_clock::now();
    auto const ignored = [](std::string_view, std::string_view) {};
    CHECK(look_up(path, "/status", patience).error() == too_late);
    CHECK(say_words(path, "/node", std::vector<std::string>{"help"}, patience).error() == too_late);
    for (bool const follow : {true, false}) {
        CHECK(follow_events(path, 0, follow, ignored, patience).error() == too_late);
    }
    auto const took = std::chrono::steady_clock::now() - begun;
    CHECK(took >= 2 * patience);
    CHECK(took < 20s);
}

TEST_CASE("who stands still is not waited for") {
    Still const still(64);
    nobody_answers_in_time(still.path());
}

TEST_CASE("who stands still is not waited for where others wait for him already") {
    Still const still(0);
    std::vector<int> waiting;
    for (;;) {
        int const one = connected(still.path(), SOCK_NONBLOCK);
        if (one < 0) break;
        waiting.push_back(one);
        REQUIRE(waiting.size() < 100);
    }
    REQUIRE(errno == EAGAIN);
    nobody_answers_in_time(still.path());
    for (int const one : waiting) ::close(one);
}

TEST_CASE("who stands still in the middle of an answer is not waited for") {
    Still const still(64);
    std::string const half = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";
    std::thread answers([&] {
        int const asked = still.accept();
        (void)!::write(asked, half.data(), half.size());
        std::array<char, 4096> words;
        while (::read(asked, words.data(), words.size()) > 0) continue;  // until he goes
        ::close(asked);
    });
    CHECK(look_up(still.path(), "/status", patience).error() == too_late);
    answers.join();
}

TEST_CASE("whom nobody hears is told at once") {
    testing::ScratchFolder const folder;
    std::string const path = (folder.path() / "control").string();
    CHECK(look_up(path, "/status", patience).error() == "No such file or directory");
    CHECK(look_up(std::string(108, 'x'), "/status", patience)
              .error()
              .find("a socket's path has at most 107 characters") != std::string::npos);
}

TEST_CASE("who follows events waits for them, once he is answered") {
    testing::ScratchFolder const folder;
    std::string const path = (folder.path() / "control").string();
    EventRing ring(1);
    auto server = ControlServer::listen(
        path, [](ControlRequest const&) { return ControlReply{200, "heard", "text/plain"}; },
        &ring);
    REQUIRE(server);
    (*server)->start();
    CHECK(look_up(path, "/status", 10s)->body == "heard");
    std::atomic<int> told = 0;
    std::expected<void, std::string> followed;
    std::thread follower([&] {
        followed =
            follow_events(path, 0, true, [&](std::string_view, std::string_view) { ++told; }, 2s);
    });
    std::this_thread::sleep_for(2500ms);
    ring.add([](std::uint64_t) { return std::string("{}"); });
    auto const end = std::chrono::steady_clock::now() + 60s;
    while (told == 0 && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(1ms);
    (*server)->stop();
    follower.join();
    CHECK(told == 1);
    CHECK(followed);
}

/// All that is answered to these words.
std::string answer_to(std::string const& path, std::string const& words) {
    int const socket = connected(path);
    REQUIRE(socket >= 0);
    (void)!::send(socket, words.data(), words.size(), MSG_NOSIGNAL);
    std::string answer;
    std::array<char, 4096> part;
    for (ssize_t got = 0; (got = ::recv(socket, part.data(), part.size(), 0)) > 0;) {
        answer.append(part.data(), static_cast<std::size_t>(got));
    }
    ::close(socket);
    return answer;
}

TEST_CASE("what is too long of a request is called by its name") {
    testing::ScratchFolder const folder;
    std::string const path = (folder.path() / "control").string();
    auto server = ControlServer::listen(
        path, [](ControlRequest const&) { return ControlReply{200, "heard", "text/plain"}; });
    REQUIRE(server);
    (*server)->start();
    std::string const long_one(ControlServer::most_header_bytes + 1, 'x');
    std::string words;
    std::string status = "HTTP/1.1 431";
    std::string why = "the header of a request may have 8192 bytes";
    SECTION("its path") { words = "GET /" + long_one + " HTTP/1.1\r\n\r\n"; }
    SECTION("a field") { words = "GET /status HTTP/1.1\r\nCookie: " + long_one + "\r\n\r\n"; }
    SECTION("its body") {
        words = "POST /node HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n";
        status = "HTTP/1.1 413";
        why = "the body of a request may have 1048576 bytes";
    }
    std::string const answer = answer_to(path, words);
    INFO(answer);
    CHECK(answer.starts_with(status));
    CHECK(answer.find(why) != std::string::npos);
    (*server)->stop();
}

}  // namespace
}  // namespace sunder::live
