// SPDX-License-Identifier: BSD-3-Clause
//
// What can be seen of a world from outside: what hosts asked and were told, what machines noted,
// what was done to nodes. Checkers, narrations and scenario steps read these; history checkers read
// nothing else.
#pragma once

#include "base/ids.h"
#include "base/payload.h"
#include "base/units.h"
#include "netsim/cluster.h"
#include "netsim/disk.h"
#include "nodes/seam.h"
#include "nodes/shared_disk.h"
#include "replication/examine.h"
#include "replication/seam.h"

#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace sunder::netsim {

struct ArrayNote;  // array_note.h

namespace seen {

struct HostAsked {
    RequestId request;
    NodeId node;
    GroupId group;
    replication::HostOp op = replication::HostOp::read;
    bool fua = false;
    Extent range;
    std::uint64_t content = 0;  ///< pattern id of a write
    bool accepted = true;       ///< the node had the group in service when it was asked
    bool apart = false;         ///< it had not, and takes requests for a copy that is paused (R58)
};
struct HostAnswered {
    RequestId request;
    NodeId node;
    GroupId group;
    replication::HostStatus status = replication::HostStatus::ok;
    Payload payload;
};
struct MirrorNoted {
    NodeId node;
    GroupId group;
    replication::Note note;
    std::uint64_t step = 0;  ///< in which it was noted (World::heard_of)
};
struct NodeNoted {
    NodeId node;
    nodes::Note note;
    std::uint64_t step = 0;
};
struct AdminAnswered {
    nodes::AdminId request;
    NodeId node;
    bool granted = false;
    std::string_view rule;
};
struct OperatorAsked {  ///< R87: what an operator demanded, whether or not it is granted
    enum class What : std::uint8_t {
        force_online,
        switch_over,
        resolve_split_brain,
        order,
        confirm_failover,  ///< of no mirror
        move_shared_disk,  ///< of no mirror: to the other server
        edit_hierarchy,
        edit_extension,
    };
    What what = What::force_online;
    nodes::AdminId request;
    NodeId node;
    GroupId group;
    nodes::Order order{};  ///< of `order`
    // Of `confirm_failover`; of `move_shared_disk` the node that stands for the disk:
    NodeId dead{};
    bool proceeds = true;
    nodes::HierarchyEdit edit{};   ///< of `edit_hierarchy`
    nodes::Extension extension{};  ///< of `edit_extension`
    [[nodiscard]] bool of_a_copy() const {
        return what != What::confirm_failover && what != What::move_shared_disk &&
               what != What::edit_hierarchy && what != What::edit_extension;
    }
};
struct IntentLogExamined {
    NodeId node;
    GroupId group;
    NodeId peer;
    replication::IntentLogReport report;
};
/// An operator copied a disk, as it was at this moment.
struct ImageTaken {
    NodeId node;
    GroupId group;
};
/// A copy was made from an image.
struct ImageWritten {
    NodeId node;
    GroupId group;
};
struct NodeDied {
    enum class How : std::uint8_t {
        crash,
        power_cut,
        panic,    ///< of its operating system (FLT-2)
        stopped,  ///< in order, with nothing in service
    } how = How::crash;
    NodeId node;
    FateCount fates;
};
/// What was not flushed may be gone.
constexpr bool loses_cache(NodeDied::How how) {
    return how == NodeDied::How::power_cut || how == NodeDied::How::panic;
}
struct NodeStarted {
    NodeId node;
};
/// Of two servers that share a disk.
struct SharedDiskNoted {
    NodeId server;
    NodeId shared;  ///< the node that stands for the copies on the disk
    nodes::shared_disk::Note note;
};
struct NodePaused {
    NodeId node;
};
struct NodeResumed {
    NodeId node;
};
struct LinkCut {
    Vertex a = 0;
    Vertex b = 0;
    bool one_way = false;
    Severed what = Severed::everything;
};
struct LinkHealed {
    Vertex a = 0;
    Vertex b = 0;
};
/// A link is not as it was built: later, slower, lossy.
struct LinkDegraded {
    Vertex a = 0;
    Vertex b = 0;
    bool one_way = false;  ///< only what flows from a to b
    Degradation how;
};
/// As many beats in a row were lost as make a peer silent, and nothing else came of it, but it
/// lives and can be heard.
struct BeatsLost {
    NodeId node;
    NodeId peer;
    std::uint32_t missed = 0;
};
struct ConnectionsReset {  ///< what was on the way between the two is gone
    NodeId a;
    NodeId b;
    bool half_open = false;  ///< only a was told
};
/// The next message from one node to another will arrive damaged.
struct WireTrapped {
    NodeId from;
    NodeId to;
    Damage how = Damage::flipped_bit;
};
/// A message has arrived whose checksum is wrong: it was refused, and the connection reset.
struct MessageDamaged {
    NodeId node;
    NodeId from;
    std::optional<GroupId> group;  ///< of a leg
    Damage how = Damage::flipped_bit;
};
struct DiskFaulted {
    NodeId node;
    DiskFaults faults;
};
/// Something will go wrong with the next operations on a node's disks, or on one mirror's.
struct DiskTrapped {
    NodeId node;
    std::optional<GroupId> group;
    DiskTrap trap;
};
/// A disk has lied: what is there, or was read there, is not what it was told to hold. No machine
/// knows.
struct DiskLied {
    NodeId node;
    GroupId group;
    DiskLie how = DiskLie::bit_rot;
    std::vector<Spoilt> spoilt;
};
/// Somebody kept what a node had on its disks, as a snapshot of a virtual machine does.
struct SnapshotTaken {
    NodeId node;
};
/// And put it back (FLT-4, FLT-5).
struct RolledBack {
    enum class What : std::uint8_t {
        everything,
        metadata,
        data,
        blank,  ///< no snapshot: other disks, which hold nothing
    } what = What::everything;
    NodeId node;
};
/// Somebody put the disks of each of the two into the other (FLT-12).
struct DisksExchanged {
    NodeId one;
    NodeId other;
};
/// A node has found another's disks, and does not start with them.
struct StartRefused {
    NodeId node;
    NodeId of;  ///< whose they are
};
/// A node's timers take so many percent of their time.
struct ClockSkewed {
    NodeId node;
    std::uint32_t percent = 100;
};
/// A node's clock is so far ahead of where it was, or behind.
struct ClockStepped {
    NodeId node;
    Duration by;
};
/// A node takes in no more (FLT-13), or does again.
struct MemoryPressed {
    NodeId node;
    bool full = true;
};
struct ResourceFaulted {
    NodeId node;
    ResourceId resource;
    ResourceFaults faults;
    bool failed = false;  ///< it ran, and does so no more
    NodeId at;            ///< the node, or the server of a shared disk on which it goes wrong
};
struct FencingFaulted {
    NodeId node;
    bool works = true;
};
/// A write reached a disk (only when somebody asked to see it).
struct DiskWritten {
    NodeId node;
    GroupId group;
    Extent range;
};
/// A record left its source (only when somebody asked to see it).
struct RecordSent {
    NodeId node;
    GroupId group;
    replication::RecordKind kind = replication::RecordKind::write;
    std::uint64_t sequence = 0;
    Extent range;
    std::uint64_t content = 0;
    NodeId to{};
};
/// It reached the machine of its target, on a connection that both ends hold (only when somebody
/// asked to see it).
struct RecordArrived {
    NodeId node;
    GroupId group;
    NodeId from;
    std::uint64_t sequence = 0;
    std::uint64_t content = 0;
    bool late = false;  ///< it is of an earlier era than the target has accepted (SAF-7)
};
struct AlarmRang {
    std::uint32_t what = 0;
};
/// What was asked of a disk array, done by it, or befell it.
struct ArrayNoted {
    ArrayId array;
    std::shared_ptr<ArrayNote const> note;
};

}  // namespace seen

using Observation =
    std::variant<seen::HostAsked, seen::HostAnswered, seen::MirrorNoted, seen::NodeNoted,
                 seen::AdminAnswered, seen::OperatorAsked, seen::IntentLogExamined,
                 seen::ImageTaken, seen::ImageWritten, seen::NodeDied, seen::NodeStarted,
                 seen::SharedDiskNoted, seen::NodePaused, seen::NodeResumed, seen::LinkCut,
                 seen::LinkHealed, seen::LinkDegraded, seen::BeatsLost, seen::ConnectionsReset,
                 seen::DiskFaulted, seen::DiskTrapped, seen::DiskLied, seen::SnapshotTaken,
                 seen::RolledBack, seen::DisksExchanged, seen::StartRefused, seen::ClockSkewed,
                 seen::MemoryPressed, seen::ResourceFaulted, seen::FencingFaulted,
                 seen::DiskWritten, seen::RecordSent, seen::RecordArrived, seen::AlarmRang,
                 seen::ArrayNoted, seen::WireTrapped, seen::MessageDamaged, seen::ClockStepped>;

}  // namespace sunder::netsim
