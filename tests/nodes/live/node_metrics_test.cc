// SPDX-License-Identifier: BSD-3-Clause
//
// What operators are told in numbers is what happened: hosts' requests, what went to the peer and
// what of it by resyncs, takeovers, and when a certificate expires.
#include "nodes/live/node_metrics.h"

#include "base/pattern.h"
#include "tests/nodes/live/pair.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace sunder::live {
namespace {

constexpr std::uint64_t block = 4096;

/// The value of a metric with its labels; nothing: there is none.
std::optional<double> metric(NodeService& node, std::string const& series) {
    std::string const all = "\n" + metrics_of(node.driver());
    std::string const begins = "\n" + series + " ";
    auto const at = all.find(begins);
    if (at == std::string::npos) return std::nullopt;
    return std::stod(all.substr(at + begins.size()));
}

std::optional<double> of_mirror(NodeService& node, std::string const& name) {
    return metric(node, "sunder_" + name + R"({mirror="datarep"})");
}

std::optional<double> of_leg(NodeService& node, std::string const& name) {
    char const* const peer = node.driver().setup().config.self == NodeId{0} ? "server2" : "server1";
    return metric(node, fmt::format("sunder_leg_{}{{mirror=\"datarep\",peer=\"{}\"}}", name, peer));
}

void write(NodeService& node, MirroredExport const& at, std::uint64_t offset) {
    std::vector<std::byte> bytes(block);
    write_pattern(offset + 1, 0, bytes);
    REQUIRE(node.write(at, offset, bytes, true) == 0);
}

void until_mirrored(Pair& pair) {
    Pair::wait_until("they mirror", [&] { return pair.mirrors(0) && pair.mirrors(1); });
}

}  // namespace

TEST_CASE("what hosts read and wrote is counted, and what that sent to the peer") {
    Pair pair;
    pair.start(0);
    pair.start(1);
    MirroredExport const at = pair.in_service(0);
    until_mirrored(pair);
    auto const sent = of_leg(pair[0], "sent_bytes_total");
    REQUIRE(sent.has_value());
    for (std::uint64_t n = 0; n < 3; ++n) write(pair[0], at, n * block);
    std::vector<std::byte> bytes(2 * block);
    REQUIRE(pair[0].read(at, 0, bytes) == 0);
    CHECK(of_mirror(pair[0], "writes_total") == 3);
    CHECK(of_mirror(pair[0], "written_bytes_total") == 3 * block);
    CHECK(of_mirror(pair[0], "reads_total") == 1);
    CHECK(of_mirror(pair[0], "read_bytes_total") == 2 * block);
    CHECK(*of_leg(pair[0], "sent_bytes_total") >= *sent + 3 * block);
    CHECK(of_leg(pair[0], "unconfirmed_writes") == 0);
    CHECK_FALSE(of_leg(pair[0], "unconfirmed_writes_limit").has_value());
    Pair::wait_until("nothing waits", [&] { return of_leg(pair[0], "queued_bytes") == 0; });
    CHECK(metric(pair[0], R"(sunder_peer_connected{peer="server2"})") == 1);
    auto const ago = metric(pair[0], R"(sunder_peer_heard_ago_seconds{peer="server2",path="0"})");
    REQUIRE(ago.has_value());
    CHECK(*ago < 60);
}

TEST_CASE("what resyncs brought is counted over all connections") {
    Pair pair;
    pair.start(0);
    pair.start(1);
    MirroredExport const at = pair.in_service(0);
    until_mirrored(pair);
    replication::GroupConfig const& config = pair[0].driver().mirror(0).setup().config;
    double const chunk = static_cast<double>(config.chunk_sectors * sector_bytes);
    // The target had nothing.
    auto const first = of_leg(pair[0], "resynced_bytes_total");
    CHECK(first >= static_cast<double>(config.mirrored_sectors * sector_bytes));
    CHECK(of_leg(pair[0], "resync_left_bytes") == 0);
    CHECK(of_leg(pair[1], "resynced_bytes_total") == 0);
    auto const sent = of_leg(pair[0], "sent_bytes_total");
    pair.stop(1);
    Pair::wait_until("its end is noticed", [&] { return of_leg(pair[0], "mirroring") == 0; });
    for (std::uint64_t n = 0; n < 3; ++n) {
        write(pair[0], at, n * config.chunk_sectors * sector_bytes);
    }
    CHECK(*of_leg(pair[0], "out_of_step_bytes") >= 3 * chunk);
    CHECK(*of_leg(pair[0], "sent_bytes_total") >= *sent);
    pair.start(1);
    until_mirrored(pair);
    CHECK(*of_leg(pair[0], "resynced_bytes_total") >= *first + 3 * chunk);
    CHECK(*of_leg(pair[0], "sent_bytes_total") >= *sent + 3 * block);
}

TEST_CASE("a takeover is counted where it was made") {
    Pair pair;
    pair.start(0);
    pair.start(1);
    pair.in_service(0);
    until_mirrored(pair);
    CHECK(of_mirror(pair[0], "mirror_came_in_service_total") == 1);
    CHECK(of_mirror(pair[1], "mirror_came_in_service_total") == 0);
    auto const era = of_mirror(pair[0], "mirror_era");
    CHECK(era > 0);
    pair.stop(0);
    MirroredExport const at = pair.in_service(1);
    CHECK(of_mirror(pair[1], "mirror_came_in_service_total") == 1);
    CHECK(of_mirror(pair[1], "mirror_era") > era);
    write(pair[1], at, 0);
    std::uint64_t const generation = pair[1].driver().mirror(0).look_at(
        [](replication::MirrorMachine const& machine) { return machine.cell().current.id; });
    CHECK(
        metric(pair[1],
               fmt::format("sunder_mirror_generation{{mirror=\"datarep\",generation=\"{:016x}\"}}",
                           generation)) == 1);
}

TEST_CASE("when a certificate expires is told where there is one") {
    constexpr char const* series = "sunder_certificate_expiry_timestamp_seconds";
    Pair encrypted({.encrypted = true});
    auto const told = metric(encrypted.start(0), series);
    REQUIRE(told.has_value());
    auto const now = std::chrono::duration_cast<std::chrono::seconds>(
        std::chrono::system_clock::now().time_since_epoch());
    CHECK(*told == Approx(static_cast<double>(now.count() + 24 * 3600)).margin(600));
    Pair plain;
    CHECK_FALSE(metric(plain.start(0), series).has_value());
}

}  // namespace sunder::live
