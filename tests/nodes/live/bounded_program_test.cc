// SPDX-License-Identifier: BSD-3-Clause
//
// Programs that end, that do not, and that are called off; and what they leave behind.
#include "nodes/live/bounded_program.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <thread>

namespace sunder::live {

namespace {

std::vector<std::string> shell(std::string words) { return {"sh", "-c", std::move(words)}; }

/// A pipe whose other end programs open: it ends when all of them have.
class Leash {
public:
    Leash() { REQUIRE(::pipe2(ends_.data(), O_CLOEXEC) == 0); }
    ~Leash() {
        ::close(ends_[0]);
        let_go();
    }
    Leash(Leash const&) = delete;
    Leash& operator=(Leash const&) = delete;

    void let_go() {
        if (ends_[1] >= 0) ::close(ends_[1]);
        ends_[1] = -1;
    }
    [[nodiscard]] bool is_loose() const {
        pollfd end{ends_[0], 0, 0};
        return ::poll(&end, 1, 10'000) == 1 && (end.revents & POLLHUP) != 0;
    }
    /// Waits for a byte that a program writes.
    void wait() const {
        char byte = 0;
        REQUIRE(::read(ends_[0], &byte, 1) == 1);
    }
    /// Words for a shell, by which it has the other end as its output.
    [[nodiscard]] std::string taken() const {
        return "exec >/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(ends_[1]) +
               "; ";
    }

private:
    std::array<int, 2> ends_{-1, -1};
};

}  // namespace

TEST_CASE("a program has succeeded when it ends with 0") {
    Bell const bell;
    CHECK(run_bounded({"true"}, {}, seconds(10), bell).ok);
    Ran const failed = run_bounded(shell("exit 3"), {}, seconds(10), bell);
    CHECK_FALSE(failed.ok);
    CHECK(failed.words == "sh: ended with 3");
    CHECK(run_bounded(shell("kill -9 $$"), {}, seconds(10), bell).words ==
          "sh: killed by signal 9");
    CHECK(run_bounded({"/nowhere/at/all"}, {}, seconds(10), bell).words ==
          "/nowhere/at/all: No such file or directory");
}

TEST_CASE("a program finds what it is told, and nobody to ask") {
    Bell const bell;
    CHECK(run_bounded(shell("test \"$SUNDER_RESOURCE\" = web && test -n \"$PATH\""),
                      {{"SUNDER_RESOURCE", "web"}}, seconds(10), bell)
              .ok);
    CHECK_FALSE(run_bounded(shell("read line"), {}, seconds(10), bell).ok);
}

TEST_CASE("nothing of this process is open in a program") {
    Bell const bell;
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    std::string const open = "test -e /proc/self/fd/" + std::to_string(ends[0]);
    CHECK_FALSE(run_bounded(shell(open), {}, seconds(10), bell).ok);
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_CASE("a program that takes too long is killed with what it began") {
    Bell const bell;
    Leash leash;
    Ran const ran = run_bounded(shell(leash.taken() + "(sleep 1000) & sleep 1000"), {},
                                milliseconds(500), bell);
    leash.let_go();
    CHECK_FALSE(ran.ok);
    CHECK_FALSE(ran.called_off);
    CHECK(ran.words == "sh: took longer than 500 ms, and was killed");
    CHECK(leash.is_loose());
}

TEST_CASE("a program is called off by a bell") {
    Bell bell;
    Leash leash;
    std::thread ringer([&] {
        leash.wait();
        bell.ring();
    });
    Ran const ran = run_bounded(shell(leash.taken() + "echo; sleep 1000"), {}, seconds(1000), bell);
    ringer.join();
    leash.let_go();
    CHECK(ran.called_off);
    CHECK_FALSE(ran.ok);
    CHECK(leash.is_loose());
    bell.hush();
    CHECK(run_bounded({"true"}, {}, seconds(10), bell).ok);
}

}  // namespace sunder::live
