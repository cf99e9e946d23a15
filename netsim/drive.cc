// SPDX-License-Identifier: BSD-3-Clause
//
// Steps of machines: an input goes in, and each output becomes a disk operation, a store, a
// message, a timer or something to see.
#include "base/verify.h"
#include "netsim/world.h"

#include <fmt/format.h>

namespace sunder::netsim {

namespace mirror = replication;

// What comes out of a step is carried out without another step, so that the room for it is used
// again and again, by all worlds of a thread: a copied world should not carry it.

namespace {

template <class... Some, class Output>
bool is_one_of(Output const& output) {
    return (std::holds_alternative<Some>(output) || ...);
}

/// What concerns nobody but the node's own disks, stores and machines, and whoever reads a stream
/// to its end some time (`World::confined`). Whatever is seen says so itself.
bool stays_in_node(mirror::Output const& output) {
    using namespace mirror::output;
    return is_one_of<Send, HostReply, DiskRead, DiskWrite, DiskFlush, PersistCell, PersistPage,
                     CancelTimer, Reported, Noted>(output);
}

bool stays_in_node(nodes::Output const& output) {
    using namespace nodes::output;
    return is_one_of<Send, GroupCommand, AdminReply, Noted>(output);
}

/// Machines of one node that tell each other more than that at one moment never come to an end.
constexpr std::size_t longest_talk = 1'000'000;

}  // namespace

void World::step_node(NodeId node, nodes::Input const& input) {
    NodeSim& sim = nodes_[node.value];
    thread_local nodes::Outbox out;
    out.clear();
    ++steps_;
    sim.machine.edit().step(input, out);
    sim.print = sim.machine->fingerprint();
    trace_.add(sim.print);
    for (nodes::Output& output : out) carry_out(node, output);
}

void World::step_mirror(NodeId node, CopySim& copy, mirror::Input const& input) {
    thread_local mirror::Outbox out;
    out.clear();
    ++steps_;
    copy.machine.edit().step(input, out);
    copy.print = copy.machine->fingerprint();
    trace_.add(copy.print);
    for (mirror::Output& output : out) carry_out(node, copy, output);
}

/// Machines of one node tell each other things at once and in order; live they do so across a lock.
void World::drain_locals() {
    if (draining_) return;  // whatever is said meanwhile is heard in its turn
    draining_ = true;
    for (std::size_t i = 0; i < locals_.size(); ++i) {
        VERIFY(i < longest_talk);
        Local const local = std::move(locals_[i]);
        NodeId const node{local.node};
        if (!nodes_[local.node].up()) continue;
        struct Tell {
            World& world;
            NodeId node;
            std::uint16_t group;
            void operator()(nodes::Input const& input) const { world.step_node(node, input); }
            void operator()(mirror::Command const& command) const {
                world.step_mirror(node, *world.find_copy(node, group),
                                  mirror::input::Commanded{command});
            }
            void operator()(ToSharer const& told) const {
                world.step_sharer(node, told.shared, told.input);
            }
            void operator()(nodes::hierarchy::Command const& command) const {
                world.step_hierarchy(node, *world.find_copy(node, group),
                                     nodes::hierarchy::input::Commanded{command});
            }
        };
        std::visit(Tell{*this, node, local.group}, local.what);
    }
    locals_.clear();
    draining_ = false;
}

void World::start_disk(NodeId node, CopySim& copy, DiskOp op) {
    DiskModel const& model = cluster_->nodes[node.value].disk;
    Duration const jitter{static_cast<std::int64_t>(
        choose(static_cast<std::uint64_t>(model.jitter.ns) + 1, Choice::disk_jitter, node.value))};
    Duration const due = copy.disk.edit().time_for(op, now_, jitter);
    std::uint32_t const place = copy.disk.edit().start(std::move(op));
    queue_.push(due,
                {EventKind::disk_done, node.value, copy.group, place, nodes_[node.value].life});
}

void World::start_store(NodeId node, CopySim& copy, std::uint32_t place) {
    DiskModel const& model = cluster_->nodes[node.value].disk;
    Duration const jitter{static_cast<std::int64_t>(
        choose(static_cast<std::uint64_t>(model.jitter.ns) + 1, Choice::disk_jitter, node.value))};
    queue_.push(copy.disk->store_time(now_, jitter),
                {EventKind::persist_done, node.value, copy.group, place, nodes_[node.value].life});
}

void World::stored(NodeId node, CopySim& copy, std::uint32_t place) {
    if (hangs(node, copy, EventKind::persist_done, place)) return;
    bool const ok = !copy.disk->may_refuse_store() || !copy.disk.edit().refuses_store();
    trace(node, ok ? "stored" : "NOT stored");
    StableStore& store = copy.store.edit();
    PersistId const id = ok ? store.complete(place) : store.refuse(place);
    step_mirror(node, copy, mirror::input::PersistDone{id, ok});
}

void World::disk_done(NodeId node, CopySim& copy, std::uint32_t place) {
    if (hangs(node, copy, EventKind::disk_done, place)) return;
    SimDisk& disk = copy.disk.edit();
    SimDisk::Done done = disk.complete(place, next_rotten_);
    if (done.lie) see_lie(node, copy, *done.lie, std::move(done.spoilt));
    bool const image_lost = disk.take_image_lost();
    if (tracer) {
        static constexpr char const* names[] = {"none",       "read",          "write",     "flush",
                                                "keep image", "restore image", "drop image"};
        trace(node,
              fmt::format("disk {}{} {}+{}", names[static_cast<int>(done.op.kind)],
                          done.ok ? "" : " FAILED", done.op.range.first, done.op.range.count));
    }
    if (watching.disk_writes && done.ok && done.op.kind == DiskOp::Kind::write) {
        see(seen::DiskWritten{node, GroupId{copy.group}, done.op.range});
    }
    step_mirror(node, copy, mirror::input::DiskDone{done.op.id, done.ok, std::move(done.payload)});
    if (image_lost) step_mirror(node, copy, mirror::input::ImageLost{});
}

namespace {

std::uint64_t content_of(Payload const& payload) {
    std::uint64_t id = 0;
    payload.for_each([&](Piece const& piece) { id = id == 0 ? piece.id : id; });
    return id;
}

bool is_watched(Watching const& watching, mirror::Record const& record) {
    bool const resync = record.kind == mirror::RecordKind::resync;
    return watching.records || (resync && watching.rare_records);
}

}  // namespace

void World::see_arrival(NodeId node, CopySim const& copy, mirror::input::MessageArrived const& in) {
    auto const* record = std::get_if<mirror::Record>(&in.message);
    ConnectionId const* connection = mirror::connection_of(copy.machine->leg(in.peer));
    if (record == nullptr || connection == nullptr || *connection != in.connection) return;
    bool const late = record->era < copy.machine->cell().era;
    if (!watching.records && !late) return;
    see(seen::RecordArrived{node, GroupId{copy.group}, copy.config->nodes[in.peer.value],
                            record->sequence, content_of(record->payload), late});
}

namespace {

struct TimerEvent {
    EventKind kind;
    std::uint32_t& token;  ///< of the last one that was armed; earlier ones fall flat
};

TimerEvent event_of(CopySim& copy, mirror::Timer timer) {
    switch (timer) {
        case mirror::Timer::settle:
            return {EventKind::settle_timer, copy.settle_token};
        case mirror::Timer::resync_pace:
            return {EventKind::pace_timer, copy.pace_token};
        case mirror::Timer::rest:
            return {EventKind::rest_timer, copy.rest_token};
    }
    VERIFY(!"every timer is an event");
    return {EventKind::settle_timer, copy.settle_token};
}

}  // namespace

void World::carry_out(NodeId node, CopySim& copy, mirror::Output& output) {
    struct Carry {
        World& world;
        NodeId node;
        CopySim& copy;
        NodeId peer(mirror::Slot slot) const { return copy.config->nodes[slot.value]; }
        void operator()(mirror::output::Send& out) const {
            std::size_t const connection =
                world.connection_between(node, peer(out.peer), GroupId{copy.group});
            auto const* record = std::get_if<mirror::Record>(&out.message);
            if (record != nullptr && is_watched(world.watching, *record)) {
                world.see(seen::RecordSent{node, GroupId{copy.group}, record->kind,
                                           record->sequence, record->range,
                                           content_of(record->payload), peer(out.peer)});
            }
            std::uint64_t const bytes = mirror::wire_bytes(out.message);
            world.send(node, connection, std::move(out.message), bytes);
        }
        void operator()(mirror::output::Close& out) const {
            std::size_t const connection =
                world.connection_between(node, peer(out.peer), GroupId{copy.group});
            unsigned const end = world.connections_[connection]->ends[0].node == node ? 0 : 1;
            world.close_end(connection, end, true);
        }
        void operator()(mirror::output::HostReply& out) const {
            world.see(seen::HostAnswered{out.request, node, GroupId{copy.group}, out.status,
                                         std::move(out.payload)});
        }
        void operator()(mirror::output::DiskRead& out) const {
            world.start_disk(node, copy, {DiskOp::Kind::read, out.op, out.range, {}, 0});
        }
        void operator()(mirror::output::DiskWrite& out) const {
            world.start_disk(node, copy,
                             {DiskOp::Kind::write, out.op, out.range, std::move(out.payload), 0});
        }
        void operator()(mirror::output::DiskFlush& out) const {
            world.start_disk(node, copy, {DiskOp::Kind::flush, out.op, {}, {}, 0});
        }
        void operator()(mirror::output::ArrayImage& out) const {
            static constexpr DiskOp::Kind kinds[] = {
                DiskOp::Kind::keep_image, DiskOp::Kind::restore_image, DiskOp::Kind::drop_image};
            DiskOp::Kind const kind = kinds[static_cast<int>(out.what)];
            world.start_disk(node, copy, {kind, out.op, {}, {}, 0});
        }
        void operator()(mirror::output::PersistCell& out) const {
            world.start_store(node, copy, copy.store.edit().start(out.id, std::move(out.cell)));
        }
        void operator()(mirror::output::PersistPage& out) const {
            world.start_store(node, copy, copy.store.edit().start(out.id, std::move(out.page)));
        }
        void operator()(mirror::output::ArmTimer& out) const {
            TimerEvent const timer = event_of(copy, out.timer);
            world.queue_.push(world.now_ + world.by_clock(node, out.after),
                              {timer.kind, node.value, copy.group, 0, ++timer.token});
        }
        void operator()(mirror::output::CancelTimer& out) const {
            ++event_of(copy, out.timer).token;
        }
        void operator()(mirror::output::Reported& out) const {
            world.locals_.push_back(
                {node.value, copy.group,
                 nodes::Input{nodes::input::GroupReported{GroupId{copy.group}, out.report}}});
        }
        void operator()(mirror::output::Noted& out) const {
            world.see(seen::MirrorNoted{node, GroupId{copy.group}, out.note, world.steps_});
        }
    };
    confined_ = confined_ && stays_in_node(output);
    std::visit(Carry{*this, node, copy}, output);
}

void World::carry_out(NodeId node, nodes::Output& output) {
    struct Carry {
        World& world;
        NodeId node;
        std::uint32_t life() const { return world.nodes_[node.value].life; }
        void arm(EventKind kind, Duration after, std::uint16_t group, std::uint32_t what) const {
            world.queue_.push(world.now_ + world.by_clock(node, after),
                              {kind, node.value, group, what, life()});
        }
        void operator()(nodes::output::Watch& out) const {
            world.watcher(node, out.peer, out.path).watched = true;
            world.update_watcher(node, out.peer, out.path);
        }
        void operator()(nodes::output::Send& out) const {
            std::size_t const connection = world.connection_between(node, out.peer, std::nullopt);
            world.send(node, connection, std::move(out.message), 512);
        }
        void operator()(nodes::output::GroupCommand& out) const {
            world.locals_.push_back({node.value, out.group.value, out.command});
        }
        void operator()(nodes::output::StoreHierarchy& out) const {
            world.store_hierarchy(node, out.what);
        }
        void operator()(nodes::output::HierarchyCommand& out) const {
            world.locals_.push_back({node.value, out.group.value, out.command});
        }
        void operator()(nodes::output::ArmBootWait&) const {
            arm(EventKind::boot_wait, world.cluster_->detection.boot_wait, 0, 0);
        }
        void operator()(nodes::output::ArmEraWait& out) const {
            arm(EventKind::era_wait, world.cluster_->detection.connection_timeout, out.group.value,
                out.peer.value | std::uint32_t{out.ask} << 8);
        }
        void operator()(nodes::output::ArmConfirmation& out) const {
            arm(EventKind::confirmation, out.after, 0, out.peer.value | out.silence << 8);
        }
        void operator()(nodes::output::ArmShot& out) const {
            auto const& delays = world.cluster_->fencing->delay;
            arm(EventKind::aim, delays.empty() ? Duration{} : delays[out.peer.value], 0,
                out.peer.value | out.silence << 8);
        }
        void operator()(nodes::output::Shoot& out) const {
            world.queue_.push(world.now_ + world.cluster_->fencing->takes,
                              {EventKind::shot, node.value, 0, out.peer.value, life()});
        }
        void operator()(nodes::output::Stop& out) const {
            world.queue_.push(world.now_, {EventKind::stop, node.value, 0, out.reboots, life()});
        }
        void tell_server(nodes::shared_disk::Input const& input) const {
            std::optional<NodeId> const server = world.carrier(node);
            VERIFY(server && *server != node);
            world.locals_.push_back({server->value, 0, ToSharer{node, input}});
        }
        void operator()(nodes::output::AskOtherServer&) const {
            tell_server(nodes::shared_disk::input::Failed{});
        }
        void operator()(nodes::output::StoodDown& out) const {
            tell_server(nodes::shared_disk::input::StoodDown{out.done});
        }
        void operator()(nodes::output::AdminReply& out) const {
            world.see(seen::AdminAnswered{out.request, node, out.granted, out.rule});
        }
        void operator()(nodes::output::Noted& out) const {
            if (world.shares_a_disk(node)) world.note_service(node, out.note);
            world.see(seen::NodeNoted{node, out.note, world.steps_});
        }
    };
    confined_ = confined_ && stays_in_node(output);
    std::visit(Carry{*this, node}, output);
}

RequestId World::ask(NodeId node, GroupId group, mirror::HostOp op, Extent range, bool fua,
                     std::uint64_t content, std::uint8_t asker) {
    VERIFY(runs(node));
    CopySim* held = find_copy(node, group.value);
    VERIFY(held != nullptr);
    RequestId const request{std::uint64_t{asker} << 56 | next_request_++};
    mirror::input::HostRequest asked{request, op, fua, range, {}};
    if (op == mirror::HostOp::write)
        asked.payload = Payload::pattern(range.count, content, range.first);
    bool const accepted = held->machine->open();
    confined_ = !nodes_[node.value].memory_full;  // whatever follows from it may say otherwise
    see(seen::HostAsked{request, node, group, op, fua, range, content, accepted,
                        held->machine->open_apart()});
    if (nodes_[node.value].memory_full) {
        nodes_[node.value].held.push_back({group.value, std::move(asked), content, accepted});
        return request;
    }
    step_mirror(node, *held, std::move(asked));
    drain_locals();
    return request;
}

}  // namespace sunder::netsim
