// SPDX-License-Identifier: BSD-3-Clause
//
// Pauses towards each target, and reads both sides of the leg.
#include "scenarios/live/copies.h"

#include "netsim/volumes.h"
#include "scenarios/live/operator.h"

#include <fmt/format.h>

#include <algorithm>

namespace sunder::staged {

namespace {

using namespace std::chrono_literals;
constexpr auto often = 2000us;

struct Comparing {
    Stage& stage;
    netsim::Cluster const& cluster;
    netsim::Findings& findings;
    Duration patience;

    [[nodiscard]] std::vector<std::byte> read(std::uint16_t mirror, NodeId node,
                                              Extent range) const {
        RequestId const request =
            stage.ask(node, mirror, replication::HostOp::read, range, false, false, true);
        for (;;) {
            stage.turn(often);
            if (auto answer = stage.take_answer(request)) {
                return answer->error == 0 ? std::move(answer->bytes) : std::vector<std::byte>();
            }
        }
    }

    /// True when hosts may read the target's copy (R58).
    [[nodiscard]] bool keep_apart(std::uint16_t mirror, NodeId source, NodeId target) const {
        AdminAnswer const paused = ask_node(
            stage.node(source).control(),
            {"pause", cluster.mirrors[mirror].name, "target=" + stage.node(target).name()});
        Duration const until = stage.now() + patience;
        std::uint64_t const begun = stage.looks();
        auto const apart = [&] {
            return stage.looks() > begun && stage.statuses().of(target, mirror).apart;
        };
        while (paused.granted && stage.now() < until && !apart()) stage.turn(often);
        return apart();
    }

    void compare(std::uint16_t mirror, NodeId source, NodeId target) const {
        constexpr std::uint64_t at_once = 2048;  // sectors
        netsim::MirrorSetup const& setup = cluster.mirrors[mirror];
        for (Extent const part : netsim::parts_of(setup)) {
            for (std::uint64_t at = part.first; at < part.end(); at += at_once) {
                Extent const range{at, std::min(at_once, part.end() - at)};
                auto const here = read(mirror, source, range);
                auto const there = read(mirror, target, range);
                if (here.empty() || there.empty()) {
                    findings.allowed("mirror_equality", "a copy could not be read");
                    return;
                }
                if (here == there) continue;
                auto const differs = std::ranges::mismatch(here, there).in1 - here.begin();
                std::uint64_t const sector =
                    at + static_cast<std::uint64_t>(differs) / sector_bytes;
                findings.violated(
                    "mirror_equality", "SAF-9", stage.now(),
                    fmt::format("{} is fully operational, and {} and {} differ in {}", setup.name,
                                stage.node(source).name(), stage.node(target).name(),
                                netsim::sector_in_words(setup, sector)));
                return;
            }
        }
    }
};

}  // namespace

void compare_copies(Stage& stage, netsim::Cluster const& cluster, netsim::Findings& findings,
                    Duration patience) {
    Comparing const comparing{stage, cluster, findings, patience};
    for (std::uint16_t m = 0; m < cluster.mirrors.size(); ++m) {
        auto const source = stage.serves(m);
        if (!source || !stage.statuses().holds(language::MirrorState{m})) continue;
        for (LegSeen const& leg : std::vector(stage.statuses().of(*source, m).legs)) {
            if (comparing.keep_apart(m, *source, leg.peer)) {
                comparing.compare(m, *source, leg.peer);
            } else {
                findings.allowed("mirror_equality", "a target could not be looked at");
            }
        }
    }
}

}  // namespace sunder::staged
