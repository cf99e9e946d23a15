// SPDX-License-Identifier: BSD-3-Clause
//
// A disk that is the export of an NBD server: which are refused, that many threads use one
// connection, and what is believed when it was lost. The servers are nbdkit's.
#include "nodes/live/nbd_export.h"

#include "nodes/live/export_place.h"
#include "tests/nodes/live/nbd_server.h"
#include "tests/nodes/live/pair.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <thread>
#include <vector>

namespace sunder::live {
namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

std::expected<std::unique_ptr<NbdExport>, std::string> open(NbdServer const& server) {
    return NbdExport::open({server.uri(), 16 * mebibyte, milliseconds(2000), milliseconds(20)});
}

std::string refusal_of(NbdServer const& server) {
    auto const opened = open(server);
    return opened ? "" : opened.error();
}

/// What is told of a connection, counted.
struct Heard {
    std::atomic<int> lost = 0;
    std::atomic<int> whole = 0;
    std::atomic<int> back = 0;

    void listen(NbdExport& disk) {
        disk.start({[this](bool all, std::string const&) {
                        if (all) ++whole;
                        ++lost;
                    },
                    [this] { ++back; }, [](std::string const&) {}});
    }
};

std::vector<std::byte> content(std::uint64_t number, std::size_t bytes = 4096) {
    return std::vector<std::byte>(bytes, static_cast<std::byte>(number * 31 + 7));
}

bool contains(std::string const& text, char const* part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("one export is known by its place, however its URI is written") {
    CHECK(place_of_export("nbd://Backup/copy") == place_of_export("nbd://backup:10809/copy"));
    CHECK(place_of_export("nbds://me@backup/copy?tls-certificates=/a") ==
          place_of_export("nbd://backup/copy"));
    CHECK(place_of_export("nbd://[::1]/copy") == place_of_export("nbd://[::1]:10809/copy"));
    CHECK(place_of_export("nbd://backup") == place_of_export("nbd://backup/"));
    CHECK(place_of_export("nbd+unix:///copy?socket=/a") ==
          place_of_export("nbds+unix:///copy?tls-username=me&socket=/a"));
    CHECK(place_of_export("nbd+unix:///copy?socket=/a") !=
          place_of_export("nbd+unix:///copy?socket=/b"));
    CHECK(place_of_export("nbd+unix:///copy?socket=/a") !=
          place_of_export("nbd+unix:///other?socket=/a"));
    CHECK(place_of_export("nbd://backup:10810/copy") != place_of_export("nbd://backup/copy"));
    CHECK(place_of_export("nbd://backup/copy") != place_of_export("nbd://backup/Copy"));
}

TEST_CASE("an export that cannot hold a copy is refused, and what is wrong is said") {
    NbdServer server;
    CHECK(contains(refusal_of(server), "No such file"));
    SECTION("read-only") {
        server.serve({"--readonly", "memory", "16M"});
        CHECK(contains(refusal_of(server), "read-only"));
    }
    SECTION("too small") {
        server.serve({"memory", "8M"});
        CHECK(contains(refusal_of(server), "the export has 8 MiB, and the mirror takes 16 MiB"));
    }
    SECTION("large blocks") {
        server.serve({"--filter=blocksize-policy", "memory", "16M", "blocksize-minimum=4096",
                      "blocksize-preferred=4096"});
        CHECK(contains(refusal_of(server), "no less than 4 KiB at a time"));
    }
    SECTION("without flushes") {
        server.serve({"eval", "get_size=echo 16777216", "pread=head -c $3 /dev/zero",
                      "can_write=exit 0", "pwrite=cat > /dev/null"});
        CHECK(contains(refusal_of(server), "neither flushes nor writes through"));
    }
}

TEST_CASE("many threads use one connection, each for its own") {
    NbdServer server;
    server.serve_memory();
    auto opened = open(server);
    REQUIRE(opened);
    NbdExport& disk = **opened;
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < 16; ++t) {
        threads.emplace_back([&, t] {
            std::vector<std::byte> found(4096);
            for (std::uint64_t i = 0; i < 200; ++i) {
                std::uint64_t const place = (i % 20 * 16 + t) * 4096;
                if (!disk.write(place, content(t * 1000 + i))) ++wrong;
                if (!disk.read(place, found) || found != content(t * 1000 + i)) ++wrong;
            }
            if (!disk.flush()) ++wrong;
        });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
}

TEST_CASE("what is larger than the server takes goes in pieces, and zeroes read as such") {
    NbdServer server;
    server.serve({"--filter=blocksize-policy", "memory", "16M", "blocksize-minimum=512",
                  "blocksize-preferred=4096", "blocksize-maximum=65536",
                  "blocksize-error-policy=error"});
    auto opened = open(server);
    REQUIRE(opened);
    NbdExport& disk = **opened;
    auto const large = content(5, mebibyte + 512);
    std::vector<std::byte> found(large.size());
    REQUIRE(disk.write(512, large));
    REQUIRE(disk.read(512, found));
    CHECK(found == large);
    bool const zeroed = disk.zero(1024, 300'032);
    REQUIRE(zeroed);
    REQUIRE(disk.read(512, found));
    CHECK(found[511] == large[0]);
    CHECK(std::all_of(found.begin() + 512, found.begin() + 512 + 300'032,
                      [](std::byte one) { return one == std::byte{}; }));
    CHECK(found[512 + 300'032] == large[0]);
}

TEST_CASE("after a lost connection the next flush fails, once, where something was not flushed") {
    NbdServer server;
    server.serve_memory();
    auto opened = open(server);
    REQUIRE(opened);
    NbdExport& disk = **opened;
    Heard heard;
    heard.listen(disk);
    auto const lose = [&] {
        int const before = heard.back;
        server.kill(SIGKILL);
        server.serve_memory();
        Pair::wait_until("it is connected again", [&] { return heard.back > before; });
        CHECK_FALSE(disk.why_away());
    };
    SECTION("written, and not flushed") {
        REQUIRE(disk.write(0, content(1)));
        lose();
        CHECK(heard.whole == 0);
        REQUIRE(disk.write(4096, content(2)));  // and this changes nothing
        CHECK_FALSE(disk.flush());
        CHECK(disk.flush());
    }
    SECTION("zeroed, and not flushed") {
        REQUIRE(disk.zero(0, 4096));
        lose();
        CHECK_FALSE(disk.flush());
        CHECK(disk.flush());
    }
    SECTION("flushed") {
        REQUIRE(disk.write(0, content(1)));
        REQUIRE(disk.flush());
        lose();
        CHECK(heard.whole == 1);
        CHECK(disk.flush());
    }
    SECTION("told by a write that failed") {
        REQUIRE(disk.write(0, content(1)));
        server.kill(SIGKILL);
        Pair::wait_until("the loss is noticed", [&] { return disk.why_away().has_value(); });
        CHECK_FALSE(disk.write(4096, content(2)));
        server.serve_memory();
        Pair::wait_until("it is connected again", [&] { return heard.back == 1; });
        REQUIRE(disk.write(0, content(1)));
        CHECK(disk.flush());
    }
    CHECK(heard.lost == 1);
}

TEST_CASE("a server that flushes nothing is written through, and forgets nothing") {
    NbdServer server;
    server.serve({"eval", "get_size=echo 16777216", "can_write=exit 0", "can_fua=echo native",
                  "can_flush=exit 3", "pread=head -c $3 /dev/zero",
                  // A write without FUA is refused.
                  "pwrite=cat > /dev/null; case \"$5\" in *fua*) ;; *) echo EIO; exit 1;; esac"});
    auto opened = open(server);
    REQUIRE(opened);
    CHECK((*opened)->write(0, content(1)));
    CHECK((*opened)->zero(4096, 4096));
    CHECK((*opened)->flush());
}

TEST_CASE("a server that hangs is given up, by whoever asks") {
    NbdServer server;
    server.serve_memory();
    auto opened = open(server);
    REQUIRE(opened);
    Heard heard;
    heard.listen(**opened);
    server.kill(SIGSTOP);
    std::atomic<int> refused = 0;
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            if (!(*opened)->write(t * 4096, content(t))) ++refused;
        });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(refused == 4);
    Pair::wait_until("the loss is told", [&] { return heard.lost == 1; });
    // nbdkit 1.32 does not survive it that its client has gone meanwhile.
    server.kill(SIGKILL);
    server.serve_memory();
    Pair::wait_until("it is connected again", [&] { return heard.back == 1; });
    CHECK((*opened)->write(0, content(1)));
    CHECK((*opened)->flush());
}

}  // namespace sunder::live
