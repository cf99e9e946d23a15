// SPDX-License-Identifier: BSD-3-Clause
//
// Building a world from a cluster, and its loop: choose, apply, see.
#include "netsim/world.h"

#include "base/verify.h"
#include "netsim/array_sim.h"
#include "netsim/configure.h"
#include "replication/rest.h"

#include <algorithm>

namespace sunder::netsim {

using replication::GroupConfig;
using replication::Slot;

void World::attach_shared_disks() {
    for (std::uint8_t n = 0; n < nodes_.size(); ++n) {
        for (NodeId const server : cluster_->nodes[n].shared_by) {
            nodes_[server.value].shares.push_back({NodeId{n}, {}});
        }
    }
}

World::World(World const&) = default;
World::World(World&&) noexcept = default;
World& World::operator=(World const&) = default;
World& World::operator=(World&&) noexcept = default;
World::~World() = default;

World::World(std::shared_ptr<Cluster const> cluster, std::uint64_t seed)
    : cluster_(std::move(cluster)),
      network_(*cluster_),
      chooser_(seed, cluster_->nodes.size() + cluster_->arrays.size()),
      nodes_(cluster_->nodes.size()),
      watchers_(cluster_->nodes.size() * cluster_->nodes.size() * paths()) {
    std::vector<nodes::NodeConfig> configs = node_configs(*cluster_);
    for (std::size_t n = 0; n < nodes_.size(); ++n) {
        nodes_[n].name = cluster_->nodes[n].name;
        nodes_[n].config = std::make_shared<nodes::NodeConfig const>(std::move(configs[n]));
    }
    for (std::uint16_t g = 0; g < cluster_->mirrors.size(); ++g) {
        for (std::size_t place = 0; place < cluster_->mirrors[g].on.size(); ++place) {
            add_copy(GroupId{g}, place);
        }
    }
    attach_shared_disks();
    build_connections();
    if (!cluster_->arrays.empty()) arrays_ = std::make_shared<ArraySims>(*cluster_);
}

ArraySims& World::arrays() {
    if (arrays_.use_count() > 1) arrays_ = std::make_shared<ArraySims>(*arrays_);
    return *arrays_;
}

void World::add_copy(GroupId group, std::size_t place) {
    MirrorSetup const& mirror = cluster_->mirrors[group.value];
    NodeSim& node = nodes_[mirror.on[place].value];
    std::uint64_t const largest =
        mirror.sectors_on.empty() ? mirror.sectors : *std::ranges::max_element(mirror.sectors_on);
    CopySim copy;
    copy.group = group.value;
    copy.slot = copy.kept_by = Slot{static_cast<std::uint8_t>(place)};
    copy.config =
        std::make_shared<GroupConfig const>(group_config(*cluster_, network_, group, place));
    // All images span alike, so that comparing two of them can skip what they share.
    copy.disk.emplace(largest, cluster_->nodes[mirror.on[place].value].disk);
    copy.disk.edit().image_room_sectors = copy.config->fallback_sectors;
    copy.store.emplace();
    // A new disk holds something, and not the same thing on each node (R5, R43).
    if (!mirror.initially_in_sync) {
        copy.disk.edit().image().fill({0, largest}, Content{~std::uint64_t{0} - place, 0});
    }
    if (has_hierarchy(*cluster_, group)) {
        copy.above.hierarchy = node.config->resources[node.copies.size()].hierarchy;
        copy.above.resources.resize(mirror.hierarchy.resources().size());
    }
    node.copies.push_back(std::move(copy));
}

CopySim* World::find_copy(NodeId node, std::uint16_t group) {
    for (CopySim& copy : nodes_[node.value].copies) {
        if (copy.group == group) return &copy;
    }
    return nullptr;
}

CopySim const* World::copy(NodeId node, GroupId group) const {
    return const_cast<World*>(this)->find_copy(node, group.value);
}

bool World::serves(NodeId node, GroupId group) const {
    CopySim const* held = copy(node, group);
    return held != nullptr && runs(node) && held->machine && held->machine->open();
}

bool World::serves_apart(NodeId node, GroupId group) const {
    CopySim const* held = copy(node, group);
    return held != nullptr && runs(node) && held->machine && held->machine->open_apart();
}

std::uint64_t World::choose(std::uint64_t n, Choice what, std::size_t node) {
    std::uint64_t const answer = chooser_.choose(n, what, node);
    trace_.add(answer);
    return answer;
}

void World::release_spares() {
    Cow<nodes::NodeMachine>::release_spares();
    Cow<replication::MirrorMachine>::release_spares();
    Cow<nodes::hierarchy::HierarchyMachine>::release_spares();
    Cow<SimDisk>::release_spares();
    Cow<StableStore>::release_spares();
    Cow<Connection>::release_spares();
}

void World::own() {
    VERIFY(!arrays_);  // nobody shares worlds with arrays between threads
    auto const whole = [](auto&) {};
    for (NodeSim& node : nodes_) {
        node.machine.own(whole);
        for (SharerSim& one : node.shares) one.machine.own(whole);
        for (CopySim& copy : node.copies) {
            copy.machine.own(whole);
            copy.above.machine.own(whole);
            copy.disk.own([](SimDisk& disk) { disk.own(); });
            copy.store.own(whole);
        }
    }
    for (Cow<Connection>& connection : connections_) connection.own(whole);
}

std::optional<Duration> World::next_time() const {
    if (queue_.empty()) return std::nullopt;
    return queue_.next_time();
}

void World::wait_until(Duration moment) {
    VERIFY(moment >= now_);
    VERIFY(queue_.empty() || queue_.next_time() >= moment);
    now_ = moment;
}

void World::advance() {
    VERIFY(!queue_.empty());
    now_ = queue_.next_time();
    happen(queue_.pop());
}

EventQueue::PendingList World::effective() const {
    EventQueue::PendingList all;
    queue_.for_each_pending([&](EventQueue::Pending const& pending) {
        bool const of_world = pending.event.kind >= EventKind::stall_timeout;
        bool const asleep = !of_world && nodes_[pending.event.node].paused;
        if (!asleep && !takes_no_more(pending.event) && current(pending.event))
            all.push_back(pending);
    });
    return all;
}

EventQueue::PendingList World::enabled(Timing timing) const {
    EventQueue::PendingList all = effective();
    std::ranges::sort(all, [](EventQueue::Pending const& a, EventQueue::Pending const& b) {
        return a.due_before(b);
    });
    if (timing == Timing::any_order) return all;
    EventQueue::PendingList ready;
    for (EventQueue::Pending const& later : all) {
        bool const io = later.event.kind <= last_io;  // waits for nothing
        bool const waits = !io && std::ranges::any_of(all, [&](EventQueue::Pending const& earlier) {
            return comes_first(earlier, later);
        });
        if (!waits) ready.push_back(later);
    }
    return ready;
}

World::Lasting World::lasting(EventKind kind) const {
    Detection const& detection = cluster_->detection;
    switch (kind) {
        case EventKind::deliver:
        case EventKind::disk_done:
        case EventKind::persist_done:
        case EventKind::alarm:
        case EventKind::array:
            return {};
        case EventKind::settle_timer:
            return {cluster_->settle_interval, cluster_->settle_interval};
        case EventKind::pace_timer:
            return {replication::Pace::interval, replication::Pace::interval};
        case EventKind::rest_timer:
            return {replication::rest_after(2, cluster_->settle_interval),
                    replication::longest_rest(cluster_->settle_interval)};
        case EventKind::boot_wait:
            return {detection.boot_wait, detection.boot_wait};
        case EventKind::confirmation:
            return {cluster_->confirm.timeout, cluster_->confirm.timeout};
        case EventKind::resource_done:
            return lasting_of_resources();
        case EventKind::edit_done:
            return {};
        case EventKind::health_check:
            return {};
        case EventKind::stop:
        case EventKind::fenced:
            return {};
        case EventKind::aim: {
            std::vector<Duration> const& delays = cluster_->fencing->delay;
            return {Duration{}, delays.empty() ? Duration{} : std::ranges::max(delays)};
        }
        case EventKind::era_wait:
            return {detection.connection_timeout, detection.connection_timeout};
        case EventKind::shot:
            return {cluster_->fencing->takes, cluster_->fencing->takes};
        case EventKind::boot:
            return {cluster_->boot_time, cluster_->boot_time};
        case EventKind::heard:
            return {Duration{}, detection.interval};
        case EventKind::silent:
            return {detection.interval * (detection.missed - 1),
                    detection.interval * detection.missed};
        case EventKind::stall_timeout:
            return {detection.connection_timeout, detection.connection_timeout};
        case EventKind::try_connect:
            return {detection.reconnect, detection.reconnect};
    }
    return {};
}

World::Lasting World::lasting_of_resources() const {
    Lasting found{hours(1000), {}};
    for (ResourceSetup const& one : cluster_->resources) {
        for (Duration const takes : {one.start, one.stop, one.recovery}) {
            found.least = std::min(found.least, takes);
            found.most = std::max(found.most, takes);
        }
    }
    return found;
}

bool World::comes_first(EventQueue::Pending const& earlier,
                        EventQueue::Pending const& later) const {
    bool const io = later.event.kind <= last_io;
    if (outlasts_all(later.event.kind, earlier.event.kind)) return true;
    return !io && earlier.begun_before(later) &&
           lasting(earlier.event.kind).most <= lasting(later.event.kind).least;
}

void World::apply(EventQueue::Pending const& chosen) {
    queue_.remove(chosen);
    now_ = std::max(now_, chosen.due);
    happen(chosen.event);
}

void World::take_observations(std::vector<Observation>& seen) {
    seen.clear();
    seen.swap(observations_);
}

namespace {
nodes::input::EraWaitOver era_wait_of(Event const& event) {
    return {GroupId{event.group}, NodeId{static_cast<std::uint8_t>(event.what)},
            static_cast<std::uint16_t>(event.what >> 8)};
}
}  // namespace

/// False when something that happened since has made the event meaningless.
bool World::current(Event const& event) const {
    if (event.kind == EventKind::alarm) return true;
    if (event.kind == EventKind::array) return arrays_->at(ArrayId{event.group}).awaits(event.what);
    NodeSim const& node = nodes_[event.node];
    switch (event.kind) {
        case EventKind::disk_done:
        case EventKind::persist_done:
            return node.up() && node.life == event.token;
        case EventKind::boot_wait:
            return node.up() && node.life == event.token && node.machine->members().looking();
        case EventKind::confirmation:
        case EventKind::aim:
            return node.up() && node.life == event.token &&
                   node.machine->members().silence(whom_of(event)) == event.what >> 8;
        case EventKind::era_wait:
            return node.up() && node.life == event.token &&
                   node.machine->awaits_era(era_wait_of(event));
        case EventKind::resource_done:
        case EventKind::edit_done:
        case EventKind::stop:
        case EventKind::fenced:
            return node.up() && node.life == event.token;
        case EventKind::health_check:
            return node.up() && node.life == event.token &&
                   exists(NodeId{event.node}, resource_in(event)) &&
                   resource(NodeId{event.node}, resource_in(event)).failed;
        case EventKind::boot:
            return !node.up() && node.life == event.token;
        case EventKind::settle_timer: {
            CopySim const* held = copy(NodeId{event.node}, GroupId{event.group});
            return node.up() && held->settle_token == event.token;
        }
        case EventKind::pace_timer: {
            CopySim const* held = copy(NodeId{event.node}, GroupId{event.group});
            return node.up() && held->pace_token == event.token;
        }
        case EventKind::rest_timer: {
            CopySim const* held = copy(NodeId{event.node}, GroupId{event.group});
            return node.up() && held->rest_token == event.token;
        }
        case EventKind::deliver:
            return connections_[event.what / 2]->ends[event.what % 2].token == event.token;
        case EventKind::heard:
        case EventKind::silent: {
            // Who was heard by a word needs no heartbeat; who was never heard cannot be missed.
            Watcher const& watch = watcher(event);
            return watch.token == event.token && watch.told == (event.kind == EventKind::silent);
        }
        case EventKind::stall_timeout:
            return connections_[event.what]->stall_token == event.token;
        case EventKind::try_connect:
            return connections_[event.what]->connect_token == event.token &&
                   may_connect(*connections_[event.what]);
        case EventKind::shot:
            return true;
        case EventKind::alarm:
        case EventKind::array:
            break;  // of no node
    }
    return false;
}

/// What comes due for a paused node waits until it runs again, what arrives at one without memory
/// until there is room.
bool World::defer(Event const& event) {
    if (takes_no_more(event)) {
        nodes_[event.node].unread.push_back(event);
        return true;
    }
    bool const of_world = event.kind >= EventKind::stall_timeout;
    if (of_world || !nodes_[event.node].paused) return false;
    nodes_[event.node].deferred.push_back(event);
    return true;
}

void World::happen(Event const& event) {
    confined_ = false;
    if (!current(event) || defer(event)) return;
    recent_[events_ % recent_.size()] = {now_, event};
    ++events_;
    confined_ = event.kind <= last_of_machines;
    trace_.add(hash_words(static_cast<std::uint64_t>(now_.ns),
                          static_cast<std::uint64_t>(event.kind) | std::uint64_t{event.node} << 8 |
                              std::uint64_t{event.group} << 16 | std::uint64_t{event.what} << 32));
    if (event.kind == EventKind::array) {
        arrays().at(ArrayId{event.group}).go_on(*this);
    } else if (event.kind == EventKind::era_wait) {
        trace(NodeId{event.node}, "has waited for an era to be stored");
        step_node(NodeId{event.node}, era_wait_of(event));
    } else {
        take_place(event);
    }
    drain_locals();
}
void World::mirror_timer(Event const& event, replication::Timer timer, char const* words) {
    NodeId const node{event.node};
    trace(node, words);
    step_mirror(node, *find_copy(node, event.group), replication::input::TimerFired{timer});
}

void World::take_place(Event const& event) {
    NodeId const node{event.node};
    switch (event.kind) {
        case EventKind::deliver:
            deliver(event.what);
            break;
        case EventKind::disk_done:
            disk_done(node, *find_copy(node, event.group), event.what);
            break;
        case EventKind::persist_done:
            stored(node, *find_copy(node, event.group), event.what);
            break;
        case EventKind::settle_timer:
            mirror_timer(event, replication::Timer::settle, "settle timer");
            break;
        case EventKind::pace_timer:
            mirror_timer(event, replication::Timer::resync_pace, "resync pace timer");
            break;
        case EventKind::rest_timer:
            mirror_timer(event, replication::Timer::rest, "rest timer");
            break;
        case EventKind::boot_wait:
            trace(node, "boot wait over");
            step_node(node, nodes::input::BootWaitOver{});
            tell_sharers(node, nodes::shared_disk::input::BootWaitOver{});
            break;
        case EventKind::resource_done:
        case EventKind::edit_done:
        case EventKind::health_check:
            above_a_mirror(event);
            break;
        case EventKind::confirmation:
            trace(node, "has waited for an administrator");
            step_node(node, nodes::input::ConfirmationOver{whom_of(event), event.what >> 8});
            break;
        case EventKind::stop:
            stop(node, event.what != 0);
            break;
        case EventKind::aim:
            step_node(node, nodes::input::ShotDue{whom_of(event), event.what >> 8});
            break;
        case EventKind::fenced:
            step_node(node, nodes::input::Fenced{whom_of(event), event.what >> 8 != 0});
            break;
        case EventKind::shot:
            shot(node, whom_of(event), event.token);
            break;
        case EventKind::boot:
            boot(node);
            break;
        case EventKind::heard:
            heard(node, whom_of(event), path_of(event));
            break;
        case EventKind::silent:
            beats_missed(node, whom_of(event), path_of(event));
            break;
        case EventKind::stall_timeout:
            stall_timeout(event.what);
            break;
        case EventKind::try_connect:
            try_connect(event.what);
            break;
        case EventKind::alarm:
            see(seen::AlarmRang{event.what});
            break;
        case EventKind::era_wait:
        case EventKind::array:
            break;  // elsewhere
    }
}

void World::alarm(Duration at, std::uint32_t what) {
    queue_.push(at, Event{EventKind::alarm, 0, 0, what, 0});
}

}  // namespace sunder::netsim
