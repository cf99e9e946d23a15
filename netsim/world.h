// SPDX-License-Identifier: BSD-3-Clause
//
// The world: nodes with their machines and disks, the network between them, virtual time, and what
// is pending. It says what could happen next (`enabled`) and makes it happen (`apply`); a chooser
// decides. `simulate` (here `next`) picks by virtual time; faults and hosts come from outside by
// the calls below.
//
// One .cc file per concern: world (dispatch), drive (steps of machines and their outputs), faults,
// injured disks, operators, resources, shared disks, streams (connections), links, detection.
#pragma once

#include "base/cow.h"
#include "netsim/choice.h"
#include "netsim/cluster.h"
#include "netsim/connection.h"
#include "netsim/disk.h"
#include "netsim/event_queue.h"
#include "netsim/network.h"
#include "netsim/observation.h"
#include "netsim/store.h"
#include "nodes/hierarchy_machine.h"
#include "nodes/node_machine.h"
#include "nodes/shared_disk.h"
#include "replication/mirror_machine.h"

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sunder::netsim {

class ArraySim;
class ArraySims;  // array_sim.h

/// What stands on a mirror, on one node.
struct HierarchySim {
    struct Resource {
        bool runs = false;
        bool failed = false;  ///< while it should run; a health check will find out
        std::array<ResourceFaults, 2> faults{};  ///< by server, where two share the disk
    };
    std::shared_ptr<nodes::Hierarchy const> hierarchy;  ///< nothing: the mirror is used bare
    nodes::StoredHierarchy stored;                      ///< as it was changed since, stably
    boost::container::small_vector<nodes::StoredHierarchy, 1> storing;
    [[nodiscard]] std::shared_ptr<nodes::Hierarchy const> const& present() const {
        return stored.version == 0 ? hierarchy : stored.is;
    }
    Cow<nodes::hierarchy::HierarchyMachine> machine;  ///< while the node is up
    Fingerprint print = 0;
    std::vector<Resource> resources;  ///< by place in the hierarchy
};

/// A mirror group's copy on one node: machine, disk and stable store.
struct CopySim {
    std::uint16_t group = 0;
    replication::Slot slot;
    std::shared_ptr<replication::GroupConfig const> config;
    Cow<replication::MirrorMachine> machine;  ///< while the node is up
    Fingerprint print = 0;                    ///< of the machine as it is
    Cow<SimDisk> disk;
    Cow<StableStore> store;
    replication::Slot kept_by;  ///< whose disk and store it has
    HierarchySim above;
    std::uint32_t settle_token = 0;
    std::uint32_t pace_token = 0;
    std::uint32_t rest_token = 0;
};

/// One of the two servers of a shared disk.
struct SharerSim {
    NodeId shared;                             ///< the node that stands for the copies on it
    Cow<nodes::shared_disk::Machine> machine;  ///< while the server is up
};

/// What a host has asked of a node that had no memory for it.
struct HeldRequest {
    std::uint16_t group = 0;
    replication::input::HostRequest asked;
    std::uint64_t content = 0;  ///< pattern id of a write
    bool accepted = false;      ///< as it was told when it was asked
};

struct NodeSim {
    std::string name;
    std::shared_ptr<nodes::NodeConfig const> config;
    Cow<nodes::NodeMachine> machine;  ///< while the node is up
    Fingerprint print = 0;            ///< of the machine as it is
    std::vector<CopySim> copies;
    std::uint32_t life = 0;  ///< events of an earlier life fall flat
    bool paused = false;
    std::vector<SharerSim> shares;     ///< of a server: disks
    std::optional<NodeId> reserved{};  ///< of a shared disk: the server that has reserved it
    bool in_service = false;           ///< of a shared disk: as is marked on it
    bool shots_miss = false;           ///< whoever has it shot is told that it failed
    std::uint32_t clock = 100;         ///< its timers take so many percent of their time
    std::vector<Event> hung{};         ///< what its disks owe it since they hang
    bool memory_full = false;          ///< it takes in no message and no request (FLT-13)
    std::vector<Event> unread{};       ///< what has arrived since
    std::vector<HeldRequest> held{};   ///< what hosts have asked since
    /// Whatever it waited for when its clock was set back comes as late as if it had begun to wait
    /// then.
    Duration late_until{};
    Duration paused_at;
    std::vector<Event> deferred;  ///< what came due during the pause
    [[nodiscard]] bool up() const { return machine.has_value(); }
};

/// A disk as it was once, and what its copy said of itself then.
struct DiskImage {
    Image content;
    replication::Cell cell;
};

/// What a node had on its disks once.
struct NodeSnapshot {
    struct Copy {
        Image content;
        StableStore store;
        nodes::StoredHierarchy above;
    };
    std::vector<Copy> copies;  ///< in the node's order
};

/// What else may be watched; off by default, because it costs time.
struct Watching {
    bool disk_writes = false;
    bool records = false;
    /// Of the records: of a resync when they are sent, and late ones when they arrive.
    bool rare_records = false;
};

/// What an order of events has to respect besides cause and effect.
enum class Timing : std::uint8_t {
    /// Nothing: any timer may run out at any moment.
    any_order,
    /// Of two things under way, the one that began earlier and takes less time ends earlier; disks,
    /// stores and messages take less than any timer.
    by_duration,
};

class World {
public:
    World(std::shared_ptr<Cluster const> cluster, std::uint64_t seed);
    // In world.cc: whoever copies a world would else be compiled with all that it is made of.
    World(World const&);
    World(World&&) noexcept;
    World& operator=(World const&);
    World& operator=(World&&) noexcept;
    ~World();
    /// Gives back the memory that many worlds at a time have used.
    static void release_spares();
    /// Shares nothing that changes with any copy any more, so that another thread may have it.
    void own();

    // Choosers.
    /// Everything that could happen next, in a defined order: what is pending and would take
    /// effect.
    [[nodiscard]] EventQueue::PendingList enabled(Timing timing = Timing::any_order) const;
    /// Makes one of them happen. Requires that it came from `enabled` of this very state.
    void apply(EventQueue::Pending const& chosen);
    /// When the next event is due; nothing when nothing will ever happen by itself.
    [[nodiscard]] std::optional<Duration> next_time() const;
    /// Something will happen by itself, other than that a lossy link swallows heartbeats now and
    /// then: nobody waits for that.
    [[nodiscard]] bool goes_on() const;
    /// Applies the next event by virtual time. Requires next_time().
    void advance();
    /// Lets time pass without an event. Requires that none is due before.
    void wait_until(Duration moment);
    [[nodiscard]] Duration now() const { return now_; }
    [[nodiscard]] std::uint64_t events() const { return events_; }

    /// Moves what was seen since the last call into `seen`, whose old content is dropped.
    void take_observations(std::vector<Observation>& seen);
    Watching watching;
    /// Called with each event in text while set; for traces only.
    std::function<void(NodeId, std::string const&)> tracer;

    // Faults and operators.
    void start_all();
    void crash(NodeId node);
    void power_cut(NodeId node);
    /// Its operating system dies, while its disks keep their power (FLT-2).
    void panic(NodeId node);
    void pause(NodeId node);
    void resume(NodeId node);
    void restart(NodeId node);
    void cut(Vertex a, Vertex b, bool one_way, Severed what = Severed::everything);
    void heal(Vertex a, Vertex b);
    /// Until it is healed, the link is as bad as it is said to be.
    void degrade(Vertex a, Vertex b, bool one_way, Degradation const& how);
    void reset(NodeId a, NodeId b, bool half_open);
    /// The next message from one to the other does not arrive as it was sent, and is refused
    /// (FLT-7).
    void damage(NodeId from, NodeId to, Damage how);
    /// A healthy one is mended: nothing is left of what was to go wrong.
    void set_disk_faults(NodeId node, DiskFaults const& faults);
    /// On the disk of one mirror, or on all of the node's.
    void lay_trap(NodeId node, std::optional<GroupId> group, DiskTrap const& trap);
    /// What is at rest there changes, and nobody is told (FLT-10).
    void rot(NodeId node, GroupId group, Extent range);
    NodeSnapshot take_snapshot(NodeId node);
    /// Requires that the node is down, and that the snapshot is its own.
    void roll_back(NodeId node, NodeSnapshot const& snapshot, seen::RolledBack::What what);
    /// Blank disks take the place of those that a node had (FLT-4). Requires that it is down.
    void replace_disks(NodeId node);
    /// The disks of the mirrors that both have a copy of go to the other, with all that is stored
    /// there (FLT-12). A node with another's disks does not start. Requires that both are down.
    void exchange_disks(NodeId one, NodeId other);
    /// From now on its timers take so many percent of their time (FLT-11). Requires percent > 0.
    void skew_clock(NodeId node, std::uint32_t percent);
    /// Its clock is so far ahead of where it was, or behind (FLT-11): what it waits for comes so
    /// much sooner, if need be at once, or later. A beat is missed where none has come for long
    /// enough by the clock. Requires by != 0.
    void step_clock(NodeId node, Duration by);
    /// A node's memory is full (FLT-13): messages stay in its sockets and requests with its hosts,
    /// heartbeats come and go, and what it has taken in goes on. It ends with the process.
    void fill_memory(NodeId node);
    void free_memory(NodeId node);
    /// What goes wrong with a resource from now on: on a node, on one of the servers of a shared
    /// disk, or, with the node that stands for the disk, on both.
    void set_resource_faults(NodeId at, ResourceId resource, ResourceFaults const& faults);
    /// It runs no more. Requires that it runs there.
    void fail_resource(NodeId at, ResourceId resource);
    [[nodiscard]] bool runs_at(NodeId at, ResourceId resource) const;
    /// The node with the copy that the resource stands on, there: for a server, its shared disk.
    [[nodiscard]] NodeId holder(NodeId at, ResourceId resource) const;
    /// True when the resource has been created, as the node knows it.
    [[nodiscard]] bool exists(NodeId node, ResourceId resource) const;
    nodes::AdminId edit_hierarchy(NodeId node, GroupId group, nodes::HierarchyEdit const& edit);
    nodes::AdminId edit_extension(NodeId node, GroupId group, nodes::Extension const& edit);
    /// Whether shots at a node hit it.
    void set_fencing(NodeId victim, bool works);
    nodes::AdminId force_online(NodeId node, GroupId group);
    nodes::AdminId switch_over(NodeId node, GroupId group);
    /// `node` is named the loser.
    nodes::AdminId resolve_split_brain(NodeId node, GroupId group);
    nodes::AdminId order(NodeId node, GroupId group, nodes::Order const& order);
    /// R63: on `node`, about the death of `dead`.
    nodes::AdminId confirm_failover(NodeId node, NodeId dead, bool proceeds);
    /// `bitmap -X`: is seen, and changes nothing. Requires that the node runs.
    void examine_intent_log(NodeId node, GroupId group);
    /// Copies the disk as it is at this moment, whoever writes to it.
    [[nodiscard]] DiskImage take_image(NodeId node, GroupId group);
    /// Makes the node's copy anew from an image. Requires that the node is down.
    void write_image(NodeId node, GroupId group, DiskImage const& image);

    /// An operator has `server` hand the disk over to the other one.
    nodes::AdminId move_shared_disk(NodeId shared, NodeId server);
    /// The server on which the node runs: itself, or one of those that share its disk.
    [[nodiscard]] std::optional<NodeId> carrier(NodeId node) const;

    // Hosts. A request runs on a node that is up; it is answered by an observation, or never.
    /// `asker` comes back in the request's number.
    RequestId ask(NodeId node, GroupId group, replication::HostOp op, Extent range, bool fua,
                  std::uint64_t content, std::uint8_t asker = 0);
    [[nodiscard]] static std::uint8_t asker_of(RequestId request) {
        return static_cast<std::uint8_t>(request.value >> 56);
    }
    /// A pattern id that no write has used yet.
    std::uint64_t fresh_content() { return next_content_++; }
    /// Rings once, at the moment given.
    void alarm(Duration at, std::uint32_t what);
    /// Disk arrays, which stand by themselves. Requires that the cluster has some.
    [[nodiscard]] ArraySims const& arrays() const { return *arrays_; }
    [[nodiscard]] ArraySims& arrays();
    std::uint64_t choose(std::uint64_t n, Choice what, std::size_t node);
    /// For choosers that go through all fates of what was not stable (choice.h).
    [[nodiscard]] Chooser& chooser() { return chooser_; }
    [[nodiscard]] Chooser const& chooser() const { return chooser_; }

    // Looking.
    [[nodiscard]] Cluster const& cluster() const { return *cluster_; }
    [[nodiscard]] NodeSim const& node(NodeId id) const { return nodes_[id.value]; }
    [[nodiscard]] CopySim const* copy(NodeId node, GroupId group) const;
    [[nodiscard]] Network const& network() const { return network_; }
    /// True when the node is up, not paused, and has the group in service.
    [[nodiscard]] bool serves(NodeId node, GroupId group) const;
    /// True when the mirror is extended to the node, as the node knows it. Requires that it is up.
    [[nodiscard]] bool is_extended(NodeId node, GroupId group) const;
    /// True when it serves, and so does everything that stands on the mirror: hosts can use it.
    [[nodiscard]] bool usable(NodeId node, GroupId group) const;
    /// True when the memory of some node with a copy of the mirror is full.
    [[nodiscard]] bool any_memory_full(GroupId group) const;
    /// The mirror that the resource stands on.
    [[nodiscard]] GroupId mirror_of(ResourceId resource) const;
    /// What the node makes of the resource; nothing while it is down.
    [[nodiscard]] std::optional<nodes::hierarchy::ResourceState> state_of(
        NodeId node, ResourceId resource) const;
    [[nodiscard]] HierarchySim::Resource const& resource(NodeId node, ResourceId resource) const;
    /// True when the node runs and its hosts may use a copy that is kept apart (R58).
    [[nodiscard]] bool serves_apart(NodeId node, GroupId group) const;
    /// True when both nodes run and are connected, and neither has anything under way to a disk or
    /// to the other: whatever one had to tell the other has arrived.
    [[nodiscard]] bool spoken_out(NodeId a, NodeId b) const;
    /// Steps of machines are numbered from 1, through all nodes. This is the last one of `whom`
    /// that may have come before whatever `who` does next, as messages tell: 0 is none. It is in no
    /// fingerprint, and no trace hash.
    [[nodiscard]] std::uint64_t heard_of(NodeId who, NodeId whom) const {
        return const_cast<World*>(this)->watcher(who, whom, nodes::network_path).heard_of;
    }
    [[nodiscard]] std::uint64_t trace_hash() const { return trace_.result(); }
    /// Equal for worlds in which the same can happen next, now and later, up to the names of what
    /// is yet to be named. Time is left out, but for what `timing` makes of it.
    [[nodiscard]] Fingerprint fingerprint(Timing timing) const;
    /// The order in which whatever disks, stores and messages have under way was begun; for
    /// choosers to whom that matters.
    [[nodiscard]] Fingerprint fingerprint_of_turns() const;
    /// What a pending event is, in words that name it alone among all that are pending:
    /// "server2 receives hello from server1 for datarep".
    [[nodiscard]] std::string event_name(EventQueue::Pending const& pending) const;
    /// Every copy's cell and the last events: what a broken belief is reported with.
    [[nodiscard]] std::string in_words() const;
    [[nodiscard]] FateCount const& fates() const { return fates_; }
    /// True when the event or the request that came last stayed in one node: it stepped machines
    /// there, changed what that node's disks and stores hold and do, took from streams that lead to
    /// it and sent into others, began no timer, and nothing was seen but what hosts asked and were
    /// told. What two nodes do so makes the same of the world in either order, but for time, and
    /// for the order in which things were begun and seen.
    [[nodiscard]] bool confined() const { return confined_; }

private:
    friend class Condenser;  // which takes worlds apart and puts them together again (exhaust/)
    friend class ArraySim;   // which schedules, draws and is seen as the world's own parts are
    void happen(Event const& event);
    void take_place(Event const& event);
    void mirror_timer(Event const& event, replication::Timer timer, char const* words);
    [[nodiscard]] bool defer(Event const& event);
    void take_in(NodeId node);
    [[nodiscard]] bool takes_no_more(Event const& event) const {
        return event.kind == EventKind::deliver && nodes_[event.node].memory_full;
    }
    [[nodiscard]] bool current(Event const& event) const;
    struct Lasting {
        Duration least;
        Duration most;
    };
    [[nodiscard]] Lasting lasting(EventKind kind) const;
    [[nodiscard]] Lasting lasting_of_resources() const;
    /// True when `earlier` began before `later` and takes less time.
    [[nodiscard]] bool comes_first(EventQueue::Pending const& earlier,
                                   EventQueue::Pending const& later) const;
    /// What is pending and would take effect, in no order that means anything.
    [[nodiscard]] EventQueue::PendingList effective() const;
    [[nodiscard]] Fingerprint fingerprint_of(Event const& event) const;
    /// What a node adds to the fingerprint, and what one end of a connection is in it.
    static void print(NodeSim const& node, std::vector<Fingerprint>& words);
    static Fingerprint print(Connection const& link, unsigned end);
    [[nodiscard]] std::string words_of(Event const& event) const;
    [[nodiscard]] std::string words_of_io(Event const& event) const;
    template <class What>
    void see(What&& what) {
        constexpr bool of_hosts =
            std::is_same_v<What, seen::HostAsked> || std::is_same_v<What, seen::HostAnswered>;
        confined_ = confined_ && of_hosts;
        observations_.emplace_back(std::forward<What>(what));
    }
    void trace(NodeId node, std::string const& text) {
        if (tracer) tracer(node, text);
    }

    // Drive (drive.cc).
    struct ToSharer {
        NodeId shared;
        nodes::shared_disk::Input input;
    };
    struct Local {  // what two machines of one node have to tell each other
        std::uint8_t node;
        std::uint16_t group;
        std::variant<nodes::Input, replication::Command, nodes::hierarchy::Command, ToSharer> what;
    };
    void step_node(NodeId node, nodes::Input const& input);
    void step_mirror(NodeId node, CopySim& copy, replication::Input const& input);
    void drain_locals();
    void step_hierarchy(NodeId node, CopySim& copy, nodes::hierarchy::Input const& input);
    void above_a_mirror(Event const& event);
    void store_hierarchy(NodeId node, nodes::StoredHierarchy const& what);
    void hierarchy_stored(NodeId node, CopySim& copy);
    static void change_hierarchy(HierarchySim& sim, nodes::Hierarchy const& from,
                                 nodes::Hierarchy const& to);
    [[nodiscard]] std::string words_above_a_mirror(Event const& event) const;
    void resource_done(NodeId node, CopySim& copy, std::uint32_t what);
    void health_check(NodeId node, CopySim& copy, ResourceId resource);
    void check_later(NodeId node, ResourceId resource);
    [[nodiscard]] HierarchySim::Resource& resource_of(NodeId node, ResourceId resource);
    /// What goes wrong with it where it is now.
    [[nodiscard]] ResourceFaults const& faults_of(NodeId node, ResourceId resource) const;
    void carry_out(NodeId node, CopySim& copy, replication::Output& output);
    void carry_out(NodeId node, nodes::Output& output);
    void see_arrival(NodeId node, CopySim const& copy,
                     replication::input::MessageArrived const& in);
    void start_disk(NodeId node, CopySim& copy, DiskOp op);
    void start_store(NodeId node, CopySim& copy, std::uint32_t place);
    void disk_done(NodeId node, CopySim& copy, std::uint32_t place);
    void see_lie(NodeId node, CopySim const& copy, DiskLie how, std::vector<Spoilt> spoilt);
    /// True when the disk hangs, and will answer when it is mended.
    [[nodiscard]] bool hangs(NodeId node, CopySim const& copy, EventKind kind, std::uint32_t place);
    /// How long the node's timer of that time takes.
    [[nodiscard]] Duration by_clock(NodeId node, Duration time) const {
        std::uint32_t const percent = nodes_[node.value].clock;
        return percent == 100 ? time : Duration{time.ns / 100 * percent};
    }
    void step_timers(NodeId node, Duration by);
    void stored(NodeId node, CopySim& copy, std::uint32_t place);
    void boot(NodeId node, bool continues = false);
    void boot_later(NodeId node);
    void stop(NodeId node, bool reboots);
    void shot(NodeId shooter, NodeId victim, std::uint32_t life);
    void die(NodeId node, seen::NodeDied::How how);
    void die_above(HierarchySim& above, NodeId node);
    [[nodiscard]] CopySim* find_copy(NodeId node, std::uint16_t group);
    nodes::AdminId request(seen::OperatorAsked asked, nodes::Input const& input);

    // Shared disks (shared_disks.cc).
    void attach_shared_disks();
    void step_sharer(NodeId server, NodeId shared, nodes::shared_disk::Input const& input);
    void tell_sharers(NodeId server, nodes::shared_disk::Input const& input,
                      std::optional<NodeId> about = std::nullopt);
    void sharer_heard(NodeId server, NodeId other);
    [[nodiscard]] bool says_it_failed(NodeId server, NodeId shared) const;
    void carry_out(NodeId server, NodeId shared, nodes::shared_disk::Output const& output);
    [[nodiscard]] bool reserve(NodeId server, NodeId shared,
                               nodes::shared_disk::Decision::Answer how);
    /// A node that runs, but the other server of some disk, reaches this one.
    [[nodiscard]] bool hears_others(NodeId server, NodeId sharer) const;
    void note_service(NodeId shared, nodes::Note const& note);
    void carry(NodeId server, NodeId shared, bool continues);
    [[nodiscard]] NodeId other_sharer(NodeId server, NodeId shared) const;
    /// The shared disks whose copies run on this server.
    [[nodiscard]] boost::container::small_vector<NodeId, 4> carried_by(NodeId server) const;
    [[nodiscard]] bool shares_a_disk(NodeId node) const {
        return !cluster_->nodes[node.value].shared_by.empty();
    }

    // Streams (streams.cc).
    void add_copy(GroupId group, std::size_t place);
    void build_connections();
    [[nodiscard]] std::size_t connection_between(NodeId a, NodeId b,
                                                 std::optional<GroupId> group) const;
    void send(NodeId from, std::size_t connection, Carried what, std::uint64_t bytes);
    void send_on(std::size_t connection, unsigned to_end, Carried what, std::uint64_t bytes,
                 ConnectionId life);
    /// When what is sent now arrives. Requires that it reaches the other.
    [[nodiscard]] Duration arrival(NodeId from, NodeId to, std::uint64_t bytes);
    void hurry();
    void hurry(std::size_t connection, unsigned end);
    [[nodiscard]] bool listens(End const& to, InTransit const& item) const;
    void schedule_delivery(std::size_t connection, unsigned end);
    void deliver(std::uint32_t what);
    void hand_over(std::size_t connection, unsigned end, InTransit& item);
    [[nodiscard]] End* end_for_damage(NodeId from, NodeId to);
    [[nodiscard]] bool arrives_damaged(std::size_t connection, unsigned end);
    static void clear_inbound(End& end);
    [[nodiscard]] replication::Slot slot_of(CopySim const& copy, NodeId node) const;
    void end_lost(std::size_t connection, unsigned end);
    void close_end(std::size_t connection, unsigned end, bool tell_peer);
    void schedule_connect(std::size_t connection, Duration after);
    /// False when a try would be in vain; whatever changes that tries again, nobody polls.
    [[nodiscard]] bool may_connect(Connection const& connection) const;
    void try_connect(std::uint32_t connection);
    void stall_timeout(std::uint32_t connection);
    void tell_unreachable(std::uint32_t connection);
    void check_stalls();
    void routes_changed();
    void connections_of_dead(NodeId node, bool power_lost);
    [[nodiscard]] bool runs(NodeId node) const {
        return nodes_[node.value].up() && !nodes_[node.value].paused;
    }

    // Failure detection (detection.cc).
    struct Watcher {  // of one ordered pair on one path
        bool watched = false;
        bool audible = false;  // beats arrive as things stand
        bool told = false;     // the machine believes the peer alive
        std::uint32_t token = 0;
        Odds lost = 0;               // of beats, while they arrive
        Duration spoke{};            // when it last sent a word, on a way where beats are lost
        std::uint64_t heard_of = 0;  // the last step that messages tell of; of the network
    };
    [[nodiscard]] Watcher& watcher(NodeId who, NodeId whom, PathId path) {
        return watchers_[(path.value * nodes_.size() + who.value) * nodes_.size() + whom.value];
    }
    [[nodiscard]] Watcher const& watcher(Event const& event) const {
        return const_cast<World*>(this)->watcher(NodeId{event.node}, whom_of(event),
                                                 path_of(event));
    }
    [[nodiscard]] static NodeId whom_of(Event const& event) {
        return NodeId{static_cast<std::uint8_t>(event.what)};
    }
    [[nodiscard]] static PathId path_of(Event const& event) {
        return PathId{static_cast<std::uint8_t>(event.what >> 8)};
    }
    [[nodiscard]] static ResourceId resource_in(Event const& event) {
        return ResourceId{static_cast<std::uint16_t>(event.what)};
    }
    /// One, or two where nodes also read each other's beats from a shared disk.
    [[nodiscard]] std::uint8_t paths() const { return cluster_->quorum.storage ? 2 : 1; }
    [[nodiscard]] bool beats_arrive(NodeId who, NodeId whom, PathId path) const;
    [[nodiscard]] Duration beat_latency(NodeId who, NodeId whom, PathId path) const;
    [[nodiscard]] Odds beats_lost(NodeId who, NodeId whom, PathId path) const;
    /// The moment at which the peer is to be missed, as it is pending.
    [[nodiscard]] std::optional<EventQueue::Pending> silence_ahead(NodeId who, NodeId whom,
                                                                   PathId path);
    void forget_lost_beats(NodeId who, NodeId whom, PathId path);
    void step_watches(NodeId who, Duration by);
    void step_watch(NodeId who, NodeId whom, PathId path, Duration by);
    /// The peer was heard at the moment given: from then on beats may be lost in a row.
    void await_lost_beats(NodeId who, NodeId whom, PathId path, Duration last);
    [[nodiscard]] Duration beats_missing(NodeId who, Odds lost);
    [[nodiscard]] Duration beats_long(std::uint64_t beats) const;
    [[nodiscard]] Duration patience(NodeId who) const;
    void beats_missed(NodeId who, NodeId whom, PathId path);
    void update_watchers();
    void update_watcher(NodeId who, NodeId whom, PathId path);
    void heard(NodeId who, NodeId whom, PathId path);
    void silent(NodeId who, NodeId whom, PathId path);
    void tell_silent(NodeId who, NodeId whom, PathId path);

    std::shared_ptr<Cluster const> cluster_;
    Network network_;
    Chooser chooser_;
    EventQueue queue_;
    std::vector<NodeSim> nodes_;
    std::vector<Cow<Connection>> connections_;
    struct Wiring {
        std::vector<std::uint32_t> legs;     // (group, slot, slot) to connection
        std::vector<std::uint32_t> control;  // (node, node) to connection
    };
    std::shared_ptr<Wiring const> wiring_;
    std::vector<Watcher> watchers_;
    std::vector<Observation> observations_;
    std::vector<Local> locals_;
    bool draining_ = false;
    bool confined_ = false;
    Duration now_;
    Hasher trace_;
    FateCount fates_;
    std::uint64_t events_ = 0;
    std::uint64_t steps_ = 0;  // of machines
    struct Recent {
        Duration at;
        Event event;
    };
    std::array<Recent, 16> recent_{};  // a ring by number of event
    std::uint64_t next_request_ = 1;
    std::uint64_t next_content_ = 1;
    std::uint64_t next_rotten_ = first_rotten;
    std::uint32_t next_admin_ = 1;
    std::uint32_t next_life_ = 1;
    std::uint32_t damages_ = 0;          // messages that are still to be damaged
    std::shared_ptr<ArraySims> arrays_;  // shared by copied worlds until one of them changes it
};

}  // namespace sunder::netsim
