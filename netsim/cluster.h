// SPDX-License-Identifier: BSD-3-Clause
//
// What a simulated cluster consists of: the values a scenario file fills in. It decides the
// defaults; whether a cluster is possible is checked where it is read (`impossibilities`).
#pragma once

#include "base/ids.h"
#include "base/share.h"
#include "base/units.h"
#include "netsim/disk_faults.h"
#include "nodes/detection.h"
#include "nodes/hierarchy.h"
#include "nodes/quorum.h"
#include "replication/config.h"
#include "replication/pace.h"
#include "replication/split_brain.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sunder::netsim {

/// How a disk behaves. Latency is per operation; operations overlap, bandwidth is shared.
struct DiskModel {
    Duration latency = microseconds(100);
    Duration jitter = microseconds(50);  ///< added to each operation, uniform in [0, jitter]
    Bandwidth bandwidth{4'000'000'000};  ///< 500 MB/s
    Tears tears = Tears::sectors;
    bool ignores_flushes = false;  ///< FLT-3: answers them, and keeps what they cover in its cache
    friend bool operator==(DiskModel const&, DiskModel const&) = default;
};

struct ArraySetup;                                   ///< netsim/array_setup.h
using ArrayId = Id<struct ArrayTag, std::uint16_t>;  ///< an array, by place in the file

struct NodeSetup {
    std::string name;
    DiskModel disk;
    bool started = true;                    ///< no: down until somebody starts it
    bool blocks_resource_failover = false;  ///< R65
    /// Not a server, but copies on a disk that these two share (R112); the first creates them.
    std::vector<NodeId> shared_by{};
    bool bitmap_merge = true;  ///< R22, FLT-16: no where this server's kernel cannot
    friend bool operator==(NodeSetup const&, NodeSetup const&) = default;
};

/// A place where links meet: a node (index < nodes.size()) or, behind the nodes, a switch.
using Vertex = std::uint16_t;

/// One direction of a link.
struct LinkModel {
    Duration latency = microseconds(200);
    Bandwidth bandwidth{1'000'000'000};
    Duration jitter{};  ///< added to each transfer, uniform in [0, jitter]
    Share loss{};       ///< of what is sent: less than all of it
    friend bool operator==(LinkModel const&, LinkModel const&) = default;
};

/// What becomes of a link that is worse than it should be; what is not said stays as it is.
struct Degradation {
    std::optional<Duration> latency{};
    std::optional<Duration> jitter{};
    std::optional<Share> loss{};
    std::optional<Bandwidth> bandwidth{};
    friend bool operator==(Degradation const&, Degradation const&) = default;
};

/// What becomes of bytes of a stream on their way (FLT-7). A checksum tells of either.
enum class Damage : std::uint8_t {
    flipped_bit,
    cut_short,  ///< and nothing follows
};
std::string_view name_of(Damage);

/// What no longer passes a link that is cut (FLT-6). Heartbeats are datagrams on a port of their
/// own: what filters, or a path of theirs that fails, can take either without the other.
enum class Severed : std::uint8_t {
    everything,
    heartbeats,
    data,  ///< all that travels in connections
};
std::string_view name_of(Severed);

struct LinkSetup {
    Vertex a = 0;
    Vertex b = 0;
    LinkModel there;  ///< a to b
    LinkModel back;   ///< b to a
    friend bool operator==(LinkSetup const&, LinkSetup const&) = default;
};

enum class Mode { synchronous, asynchronous };

/// Who gives up after a split brain (C.3).
struct SplitBrainSetup {
    replication::SplitBrainPolicy policy = replication::SplitBrainPolicy::disconnect;
    std::optional<NodeId> node;  ///< of `discard_node`
    friend bool operator==(SplitBrainSetup const&, SplitBrainSetup const&) = default;
};

/// What DataKeeper's `bitmap_merge` capability is about (R22), and how much is guarded (DESIGN 4).
struct Policy {
    bool guarded = false;  ///< false: datakeeper/faithful, flaws included; true: datakeeper/guarded
    bool bitmap_merge = true;  ///< R22: kernels that can merge the old source's intent log
    SplitBrainSetup split_brain{};
    friend bool operator==(Policy const&, Policy const&) = default;
};

/// R54: how two copies replicate to each other, whichever of them is the source.
struct PairSetup {
    std::uint8_t a = 0;  ///< places in `on`
    std::uint8_t b = 1;
    Mode mode = Mode::synchronous;
    friend bool operator==(PairSetup const&, PairSetup const&) = default;
};

/// A part of a mirror's address space, which hosts know by its name.
struct VolumeSetup {
    std::string name;
    std::uint64_t sectors = 0;
    friend bool operator==(VolumeSetup const&, VolumeSetup const&) = default;
};

struct MirrorSetup {
    std::string name;
    std::uint64_t sectors = 0;              ///< size at the source, in sectors; of all volumes
    std::vector<VolumeSetup> volumes{};     ///< one behind another; empty: one that needs no name
    std::vector<NodeId> on;                 ///< the first creates it and is its first source
    std::vector<std::uint64_t> sectors_on;  ///< size of each copy, same order as `on`
    std::vector<std::uint16_t> priority;    ///< R52: unique 1..999, same order as `on`
    Mode mode = Mode::synchronous;          ///< of every pair that `pairs` does not name
    std::vector<PairSetup> pairs{};
    std::uint32_t asynchronous_limit = 256;               ///< R11: outstanding writes per leg
    std::optional<ByteCount> intent_log_chunk = KiB(64);  ///< R16; nothing: no intent log (R18)
    bool initially_in_sync = false;  ///< R44: a file system nobody has written yet
    std::optional<ByteCount>
        fallback_image{};  ///< room for what a resync overwrites; nothing: no image
    replication::DiskErrors disk_errors = replication::DiskErrors::fail_requests;
    std::optional<SplitBrainSetup> split_brain{};  ///< nothing: as the cluster says
    replication::ResyncRate resync_rate{};
    bool automatic_switchback = false;  ///< R72
    nodes::Hierarchy hierarchy{};       ///< what stands on it; empty: hosts use it bare
    /// By place of `on`: whether it is extended there from the start (R4). Empty: to all.
    std::vector<bool> extended{};
    /// R1: by place of `on`: whether the copy is a target for ever. Empty: none is.
    std::vector<bool> never_in_service{};
    bool unmirrored = false;  ///< R117: what stands on the first disk uses it without a mirror
    bool exported = false;    ///< R122: what is on the first disk is exported by NFS
    [[nodiscard]] bool is_extended_to(std::size_t place) const {
        return extended.empty() || extended[place];
    }
    [[nodiscard]] bool never_serves(std::size_t place) const {
        return !never_in_service.empty() && never_in_service[place];
    }
    /// Of the copies at two places of `on`.
    [[nodiscard]] bool is_asynchronous(std::size_t a, std::size_t b) const;
    [[nodiscard]] bool has_asynchronous_pairs() const;
    /// Of the copy at a place of `on`; in the order of the list where the file names none.
    [[nodiscard]] std::uint16_t priority_of(std::size_t place) const {
        return priority.empty() ? static_cast<std::uint16_t>(place + 1) : priority[place];
    }
    friend bool operator==(MirrorSetup const&, MirrorSetup const&) = default;
};

/// Something that stands on a mirror, alike on all its nodes.
struct ResourceSetup {
    std::string name;
    Duration start = seconds(2);
    Duration stop = seconds(1);
    Duration recovery = seconds(5);  ///< R100
    Duration check = seconds(120);   ///< between health checks (R48: LKCHECKINTERVAL)
    std::uint16_t mirror = 0;        ///< that it stands on
    /// Of one that is not there before an operator creates it: what it comes with.
    std::optional<nodes::HierarchyEdit> creation{};
    friend bool operator==(ResourceSetup const&, ResourceSetup const&) = default;
};

/// What goes wrong with a resource on a node from now on, when it is asked for.
struct ResourceFaults {
    bool start = false;
    bool stop = false;
    bool recovery = false;
    friend bool operator==(ResourceFaults const&, ResourceFaults const&) = default;
};

using nodes::Detection;

/// R67..R70. Every node votes, but tie-breakers and the server of the quorum disk.
struct QuorumSetup {
    nodes::QuorumMode mode = nodes::QuorumMode::none;
    bool ask_witnesses = true;         ///< R67: whether others hear whom a node lost
    std::vector<NodeId> tie_breakers;  ///< C.8
    std::optional<NodeId> storage;     ///< the server that holds the quorum disk
    nodes::LossAction on_loss = nodes::LossAction::reboot;
    friend bool operator==(QuorumSetup const&, QuorumSetup const&) = default;
};

/// Nodes that have each other shot (STONITH).
struct FencingSetup {
    Duration takes = seconds(5);  ///< from the order to the shot
    std::vector<Duration> delay;  ///< by node: how long others wait before they order it
    bool reboots = true;          ///< who was shot boots again
    friend bool operator==(FencingSetup const&, FencingSetup const&) = default;
};

/// R63, R64: "from A to B".
struct ConfirmSetup {
    struct Pair {
        NodeId from;
        NodeId to;
        friend bool operator==(Pair const&, Pair const&) = default;
    };
    std::vector<Pair> pairs;
    Duration timeout = seconds(600);
    bool proceeds = true;  ///< when nobody has answered in time
    friend bool operator==(ConfirmSetup const&, ConfirmSetup const&) = default;
};

struct Cluster {
    // In cluster.cc, so that whoever has one is not compiled with all that it is made of.
    Cluster();
    Cluster(Cluster const&);
    Cluster(Cluster&&) noexcept;
    Cluster& operator=(Cluster const&);
    Cluster& operator=(Cluster&&) noexcept;
    ~Cluster();

    Policy policy;
    std::vector<NodeSetup> nodes;
    std::vector<std::string> switches;
    std::vector<LinkSetup> links;
    std::vector<MirrorSetup> mirrors;
    std::vector<ResourceSetup> resources;  ///< by id, of all hierarchies
    std::vector<ArraySetup> arrays;
    Detection detection;
    QuorumSetup quorum;
    std::optional<FencingSetup> fencing;
    ConfirmSetup confirm;
    Duration boot_time = seconds(60);       ///< of a node that stopped itself or was shot
    Duration settle_interval = seconds(5);  ///< D2: how lazily intent bits are cleared
    friend bool operator==(Cluster const&, Cluster const&);
};

}  // namespace sunder::netsim
