// SPDX-License-Identifier: BSD-3-Clause
//
// What a node's program hears of the device that shoots: nothing until the time has passed, then
// what became of the shot.
#include "scenarios/live/fencing.h"

#include "nodes/live/bounded_program.h"
#include "tests/support/scratch_folder.h"

#include <catch2/catch.hpp>

#include <future>
#include <thread>

namespace sunder::staged {
namespace {

using namespace std::chrono_literals;

bool run(std::vector<std::string> program, std::string const& victim) {
    live::Bell const bell;
    program.push_back(victim);
    return live::run_bounded(program, {}, seconds(300), bell).ok;
}

struct Armed {
    Armed() {
        cluster.nodes = {{"server1", {}}, {"server2", {}}};
        cluster.fencing = netsim::FencingSetup{.takes = seconds(5), .delay = {}, .reboots = false};
        device.emplace(cluster, folder.path());
    }
    std::future<bool> order(std::string const& victim) const {
        return std::async(std::launch::async, [=, program = fencing_program(folder.path())] {
            return run(program, victim);
        });
    }
    /// Waits until an order has come in at ten seconds, and for its shot.
    FencingDevice::Shot shot() {
        for (;;) {
            device->look(seconds(10));
            CHECK(!device->due(seconds(15) - nanoseconds(1)));
            if (auto const due = device->due(seconds(15))) return *due;
            std::this_thread::yield();
        }
    }
    testing::ScratchFolder folder;  // outlives what uses it
    netsim::Cluster cluster;
    std::optional<FencingDevice> device;
};

TEST_CASE("a shot takes its time, and its program says what became of it") {
    Armed armed;
    auto ordered = armed.order("server2");
    FencingDevice::Shot const shot = armed.shot();
    CHECK(shot.victim == NodeId{1});
    CHECK(shot.hits);
    CHECK(ordered.wait_for(0s) != std::future_status::ready);
    armed.device->answered(shot);
    CHECK(ordered.get());
}

TEST_CASE("a shot that misses leaves its victim in doubt") {
    Armed armed;
    armed.device->set(NodeId{1}, false);
    auto missed = armed.order("server2");
    FencingDevice::Shot const shot = armed.shot();
    CHECK(!shot.hits);
    armed.device->answered(shot);
    CHECK(!missed.get());
    armed.device->set(NodeId{1}, true);
    auto hit = armed.order("server2");
    FencingDevice::Shot const other = armed.shot();
    CHECK(other.hits);
    armed.device->answered(other);
    CHECK(hit.get());
}

TEST_CASE("who is not answered before the device is gone knows of no death") {
    auto armed = std::make_optional<Armed>();
    auto const program = fencing_program(armed->folder.path());
    auto ordered = std::async(std::launch::async, [program] { return run(program, "server2"); });
    (void)armed->shot();
    armed.reset();
    CHECK(!ordered.get());
}

}  // namespace
}  // namespace sunder::staged
