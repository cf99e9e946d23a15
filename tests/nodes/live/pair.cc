// SPDX-License-Identifier: BSD-3-Clause
//
// Making, starting and stopping the two, and looking at what they hold.
#include "tests/nodes/live/pair.h"

#include "tests/nodes/live/authority.h"
#include "tests/nodes/live/tls_client.h"

#include <catch2/catch.hpp>

#include <chrono>
#include <cstdlib>
#include <thread>

namespace sunder::live {

Pair::Pair(How how) : how_(how) {
    if (!how_.encrypted) return;
    Authority authority(folder(), "authority");
    for (unsigned const node : {0U, 1U}) {
        ports_[node] = free_port();
        tls_[node] = authority.issue(node == 0 ? "server1.test" : "server2.test");
    }
}

Pair::~Pair() {
    for (unsigned const node : {0U, 1U}) stop(node);
}

NodeSetup Pair::setup(unsigned node) const {
    NodeSetup setup;
    setup.cluster = "test";
    for (char const* const name : {"server1", "server2"}) {
        MemberSetup member;
        member.name = name;
        member.peers.socket = (folder() / (std::string(name) + ".peers")).string();
        member.beats.push_back({(folder() / (std::string(name) + ".beats")).string(), {}, 0});
        if (how_.encrypted) member.peers = {{}, "127.0.0.1", ports_[setup.members.size()]};
        setup.members.push_back(member);
    }
    if (how_.encrypted) setup.tls = tls_[node];
    replication::Slot const self{static_cast<std::uint8_t>(node)};
    MirrorSetup mirror;
    mirror.name = "datarep";
    mirror.config.self = self;
    mirror.config.nodes = {NodeId{0}, NodeId{1}};
    mirror.config.sectors = mirror.config.mirrored_sectors = how_.sectors;
    mirror.config.synchronous.fill(how_.synchronous);
    mirror.config.asynchronous_limit = how_.asynchronous_limit;
    mirror.config.guarded = how_.guarded;
    mirror.config.settle_interval = how_.settle_interval;
    mirror.config.first_source = node == 0;
    mirror.config.fallback_sectors = how_.fallback_sectors;
    if (how_.resync_rate) {
        mirror.config.resync_rate.max = how_.resync_rate;
        mirror.config.run_sectors = KiB(64).bytes / sector_bytes;
        mirror.config.window_sectors = mirror.config.run_sectors;
    }
    mirror.config.born_in_sync = how_.born_in_sync;
    mirror.volumes.push_back({"datarep", how_.sectors});
    if (node == 1) mirror.plain = how_.plain;
    setup.mirrors.push_back(mirror);
    nodes::ResourceConfig resource;
    resource.self = self;
    resource.members = {NodeId{0}, NodeId{1}};
    resource.priority = {1, 2};
    resource.extended = 3;
    if (!how_.plain.empty()) resource.never_in_service = 2;
    if (!how_.synchronous) resource.asynchronous = {2, 1};
    setup.config.self = NodeId{static_cast<std::uint8_t>(node)};
    setup.config.peers = {NodeId{static_cast<std::uint8_t>(1 - node)}};
    setup.config.resources.push_back(resource);
    setup.config.guarded = how_.guarded;
    setup.detection = {milliseconds(100), 10, seconds(2), milliseconds(50), seconds(2)};
    setup.fencing.delay.resize(2);
    setup.stands_still = how_.stands_still;
    if (how_.recorded) {
        setup.recordings = recordings(node);
        setup.recordings_part = ByteCount{32 * 1024};
    }
    if (how_.stored) setup.state = (folder() / setup.members[node].name).string();
    return setup;
}

std::string Pair::recordings(unsigned node) const {
    return (folder() / (node == 0 ? "lives1" : "lives2")).string();
}

NodeService::Options Pair::options(unsigned node) const {
    NodeService::Options options;
    options.setup = setup(node);
    options.most_writes = how_.most_writes;
    if (how_.stored) options.array.store = options.setup.state + "/array";
    if (how_.heard) {
        options.array.control =
            (folder() / (options.setup.members[node].name + ".control")).string();
    }
    return options;
}

NodeService& Pair::start(unsigned node) {
    auto opened = NodeService::open(options(node));
    if (!opened) FAIL(opened.error());
    services_[node] = std::move(*opened);
    services_[node]->start();
    return *services_[node];
}

std::string Pair::refusal(unsigned node) {
    auto const opened = NodeService::open(options(node));
    return opened ? "" : opened.error();
}

void Pair::stop(unsigned node) {
    if (services_[node] == nullptr) return;
    (void)services_[node]->stop();
    services_[node].reset();
}

void Pair::wait_until(std::string const& what, std::function<bool()> const& is_so) {
    auto const end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!is_so()) {
        if (std::chrono::steady_clock::now() > end) FAIL("in vain it was waited until " << what);
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

MirroredExport Pair::in_service(unsigned node) {
    wait_until("it is in service", [&] { return services_[node]->find_export("").has_value(); });
    return *services_[node]->find_export("");
}

bool Pair::mirrors(unsigned node) {
    return services_[node]->driver().mirror(0).look_at(
        [&](replication::MirrorMachine const& machine) {
            replication::Slot const peer{static_cast<std::uint8_t>(1 - node)};
            return replication::state_of(machine.leg(peer)) == replication::LegState::mirroring &&
                   machine.cell().data == replication::DataState::up_to_date;
        });
}

std::vector<std::byte> Pair::image(unsigned node) {
    auto const content = services_[node]->driver().mirror(0).read_copy({0, how_.sectors});
    REQUIRE(content.has_value());
    if (!content->is_bytes()) return std::vector<std::byte>(how_.sectors * sector_bytes);
    auto const bytes = content->as_bytes();
    return {bytes.begin(), bytes.end()};
}

}  // namespace sunder::live
