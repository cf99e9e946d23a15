// SPDX-License-Identifier: BSD-3-Clause
//
// The loop of a run, as scenario runners have it, and short names for what tests do.
#include "tests/netsim/checkers/stage.h"

#include "netsim/volumes.h"

#include <algorithm>
#include <memory>

namespace sunder::netsim::test {

using replication::HostOp;
using replication::LegState;
using replication::Slot;

Cluster small_cluster() {
    Cluster cluster;
    cluster.nodes = {{"server1", {}}, {"server2", {}}};
    LinkSetup link;
    link.a = 0;
    link.b = 1;
    cluster.links = {link};
    MirrorSetup mirror;
    mirror.name = "datarep";
    mirror.sectors = MiB(1).bytes / sector_bytes;
    mirror.on = {Stage::server1, Stage::server2};
    mirror.priority = {1, 2};
    mirror.asynchronous_limit = 16;
    cluster.mirrors = {mirror};
    cluster.detection.interval = milliseconds(200);
    cluster.detection.connection_timeout = milliseconds(400);
    cluster.detection.reconnect = milliseconds(50);
    cluster.detection.boot_wait = seconds(2);
    cluster.settle_interval = milliseconds(100);
    return cluster;
}

NodeId add_node(Cluster& cluster, std::string const& name) {
    NodeId const added{static_cast<std::uint8_t>(cluster.nodes.size())};
    LinkSetup const like = cluster.links.front();
    for (Vertex other = 0; other < added.value; ++other) {
        cluster.links.push_back({other, added.value, like.there, like.back});
    }
    cluster.nodes.push_back({name, {}});
    return added;
}

void divide(MirrorSetup& mirror) {
    std::uint64_t const log = mirror.sectors / 4;
    mirror.volumes = {{"log", log}, {"data", mirror.sectors - log}};
}

Stage::Stage(Cluster const& cluster, std::uint64_t seed)
    : dice(seed, 77, 0), world_(std::make_shared<Cluster const>(cluster), seed), checkers_(world_) {
    world_.start_all();
    look();
}

void Stage::look() {
    world_.take_observations(seen_);
    for (Observation const& observation : seen_) {
        if (listener) listener(observation);
        checkers_.see(world_, observation, findings_);
        if (auto const* answered = std::get_if<seen::HostAnswered>(&observation)) {
            if (answered->status == replication::HostStatus::ok) {
                acknowledged_.push_back(answered->request);
            }
        }
    }
}

/// One event, or one deadline; false when there is none before `limit`.
bool Stage::step(Duration limit) {
    std::optional<Duration> const next = world_.next_time();
    std::optional<Duration> const deadline = checkers_.deadline();
    if (deadline && *deadline <= limit && (!next || *deadline < *next)) {
        world_.wait_until(std::max(*deadline, world_.now()));
        checkers_.passed(world_, findings_);
        return true;
    }
    if (!next || *next > limit) return false;
    world_.advance();
    look();
    return true;
}

void Stage::run_for(Duration time) {
    Duration const until = world_.now() + time;
    while (step(until)) {
    }
    world_.wait_until(until);
}

bool Stage::run_until(std::function<bool()> const& wanted, Duration time) {
    Duration const until = world_.now() + time;
    while (!wanted()) {
        if (!step(until)) return false;
    }
    return true;
}

void Stage::work(NodeId node, int requests, std::uint64_t blocks, std::uint64_t apart_us) {
    for (int i = 0; i < requests && serves(node); ++i) {
        bool const divided = !world_.cluster().mirrors[group.value].volumes.empty();
        if (divided && dice.below(3) == 0) {
            dependent_writes(node);
        } else {
            random_request(node, blocks, 2);
        }
        run_for(microseconds(static_cast<std::int64_t>(dice.below(apart_us + 1))));
    }
}

void Stage::dependent_writes(NodeId node) {
    MirrorSetup const& mirror = world_.cluster().mirrors[group.value];
    auto const write_to = [&](std::size_t volume) {
        Extent const all = extent_of(mirror, volume);
        return write(node, {all.first + dice.below(all.count / 8) * 8, 8});
    };
    RequestId const first = write_to(0);
    if (run_until([&] { return acknowledged(first); }, milliseconds(5)) && serves(node))
        write_to(1);
}

void Stage::end_well() {
    heal();
    for (NodeId const node : {server1, server2}) {
        if (!world_.node(node).up()) restart(node);
    }
    run_for(seconds(25));
    finish();
}

void Stage::finish() {
    Duration const until = world_.now() + hours(1);
    while (step(until)) {
    }
    checkers_.finish(world_, findings_);
}

RequestId Stage::write(NodeId node, Extent range, bool fua) {
    RequestId const id = world_.ask(node, group, HostOp::write, range, fua, 1000 + ++contents_);
    look();
    return id;
}

RequestId Stage::ask(NodeId node, HostOp op, Extent range) {
    RequestId const id = world_.ask(node, group, op, range, false, 1000 + ++contents_);
    look();
    return id;
}

void Stage::random_request(NodeId node, std::uint64_t blocks, std::uint64_t most) {
    std::uint64_t const length = 1 + dice.below(most);
    std::uint64_t const first = dice.below(blocks - length + 1);
    Extent range{first * 8, length * 8};
    for (Extent const& part : parts_of(world_.cluster().mirrors[group.value])) {
        if (range.first < part.end() && part.end() < range.end())
            range.count = part.end() - range.first;
    }
    std::uint64_t const kind = dice.below(16);
    if (kind == 0) {
        ask(node, HostOp::flush, {});
    } else if (kind == 1) {
        ask(node, HostOp::trim, range);
    } else if (kind == 2) {
        ask(node, HostOp::write_zeroes, range);
    } else if (kind <= 4) {
        ask(node, HostOp::read, range);
    } else if (kind == 5) {
        write(node, {range.first + 3, range.count - 4});
    } else {
        write(node, range, kind == 6);
    }
}

bool Stage::acknowledged(RequestId request) const {
    return std::ranges::find(acknowledged_, request) != acknowledged_.end();
}

void Stage::crash(NodeId node) {
    world_.crash(node);
    look();
}
void Stage::power_cut(NodeId node) {
    world_.power_cut(node);
    look();
}
void Stage::restart(NodeId node) {
    world_.restart(node);
    look();
}
void Stage::cut() {
    world_.cut(0, 1, false);
    look();
}
void Stage::heal() {
    world_.heal(0, 1);
    look();
}
void Stage::reset() {
    world_.reset(server1, server2, false);
    look();
}
void Stage::force(NodeId node) {
    world_.force_online(node, group);
    look();
}
void Stage::switch_over(NodeId node) {
    world_.switch_over(node, group);
    look();
}
void Stage::order(NodeId node, nodes::Order const& order) {
    world_.order(node, group, order);
    look();
}
void Stage::resolve(NodeId loser) {
    world_.resolve_split_brain(loser, group);
    look();
}
void Stage::pause(NodeId node) {
    world_.pause(node);
    look();
}
void Stage::resume(NodeId node) {
    world_.resume(node);
    look();
}
void Stage::disk_faults(NodeId node, DiskFaults const& faults) {
    world_.set_disk_faults(node, faults);
    look();
}
void Stage::slow_disk(NodeId node, std::uint32_t times) {
    DiskFaults faults;
    faults.slowness = times;
    disk_faults(node, faults);
}

LegState Stage::leg(NodeId of) const {
    CopySim const* copy = world_.copy(of, group);
    if (!copy->machine) return LegState::disconnected;
    return replication::state_of(copy->machine->leg(of == server1 ? Slot{1} : Slot{0}));
}
bool Stage::mirroring() const {
    return leg(server1) == LegState::mirroring && leg(server2) == LegState::mirroring;
}
bool Stage::resyncing() const {
    return leg(server1) == LegState::resyncing && leg(server2) == LegState::resyncing;
}

bool Stage::broken(std::string_view property) const {
    return std::ranges::any_of(findings_.violations(),
                               [&](Violation const& v) { return v.property == property; });
}

std::string Stage::story() const {
    std::string text;
    for (Violation const& violation : findings_.violations()) {
        text += violation.property + " (" + violation.rule + ") at " + to_text(violation.at) +
                ": " + violation.story + "\n";
    }
    return text;
}

std::uint64_t Stage::allowed(std::string const& what) const {
    auto const found = findings_.allowances().find(what);
    return found == findings_.allowances().end() ? 0 : found->second;
}

}  // namespace sunder::netsim::test
