// SPDX-License-Identifier: BSD-3-Clause
//
// How long does a resync take in virtual time, when its rate is limited (R47)?
#include "tests/netsim/checkers/stage.h"

#include <catch2/catch.hpp>

namespace sunder::netsim::test {
namespace {

constexpr ByteCount size = MiB(16);
constexpr Bandwidth max{64'000'000};  // 8 MB/s
constexpr Bandwidth min{16'000'000};  // 2 MB/s

/// How long the first resync of a mirror of 16 MiB takes; with `pause`, while a host writes all the
/// time, and rests so long between two writes.
Duration first_resync(replication::ResyncRate const& rate, std::optional<Duration> pause,
                      Mode mode = Mode::synchronous) {
    Cluster cluster = small_cluster();
    cluster.mirrors[0].sectors = size.bytes / sector_bytes;
    cluster.mirrors[0].mode = mode;
    cluster.mirrors[0].resync_rate = rate;
    Stage stage(cluster, 1);
    Duration began;
    Duration ended;
    stage.listener = [&](Observation const& observation) {
        auto const* noted = std::get_if<seen::MirrorNoted>(&observation);
        if (noted == nullptr) return;
        using namespace replication::note;
        if (std::holds_alternative<ResyncStarted>(noted->note)) began = stage.world().now();
        if (std::holds_alternative<ResyncFinished>(noted->note)) ended = stage.world().now();
    };
    REQUIRE(stage.run_until([&] { return stage.resyncing(); }));
    while (pause && stage.resyncing() && stage.world().now() < seconds(60)) {
        stage.write(server1, block(stage.dice.below(4096)));
        stage.run_for(*pause);
    }
    REQUIRE(stage.until_mirroring());
    stage.end_well();
    INFO(stage.story());
    CHECK_FALSE(stage.broken());
    return ended - began;
}

/// Within a tenth.
bool about(Duration found, Duration expected) {
    return found * 10 >= expected * 9 && found * 10 <= expected * 11;
}

}  // namespace

TEST_CASE("An idle resync takes size / max, and one beside a host that writes size / min") {
    for (Mode const mode : {Mode::synchronous, Mode::asynchronous}) {
        Duration const idle = first_resync({max, min}, std::nullopt, mode);
        CAPTURE(to_text(idle));
        CHECK(about(idle, max.time_for(size)));
        Duration const busy = first_resync({max, min}, milliseconds(20), mode);
        CAPTURE(to_text(busy));
        CHECK(about(busy, min.time_for(size)));
    }
}

TEST_CASE("A limit that is not given does not slow a resync down") {
    Duration const free = first_resync({}, std::nullopt);
    CHECK(free < milliseconds(400));
    CHECK(first_resync({std::nullopt, min}, std::nullopt) < milliseconds(400));
    // It never yields, or only while hosts write.
    CHECK(about(first_resync({max, std::nullopt}, milliseconds(20)), max.time_for(size)));
    CHECK(about(first_resync({std::nullopt, min}, milliseconds(20)), min.time_for(size)));
}

TEST_CASE("A limit that is faster than the link changes nothing that hosts or operators notice") {
    Bandwidth const fast{80'000'000'000};
    Duration const limited = first_resync({fast, fast}, std::nullopt);
    CHECK(limited == first_resync({}, std::nullopt));
}

}  // namespace sunder::netsim::test
