// SPDX-License-Identifier: BSD-3-Clause
//
// A scenario as a value: what a file says after it was read and found possible. The loader makes it
// (`load.h`), the director plays it (`director.h`).
#pragma once

#include "base/ids.h"
#include "base/units.h"
#include "netsim/array_reports.h"
#include "netsim/array_setup.h"
#include "netsim/cluster.h"
#include "netsim/exhaust/bounds.h"
#include "netsim/observation.h"
#include "scenarios/language/place.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace sunder::language {

/// What a mirror may be waited for to be, for display (R82) and axis by axis (DESIGN 4).
enum class MirrorIs {
    fully_operational,  ///< every leg mirrors and nothing is out of sync
    handshaking,
    resyncing,
    mirroring,  ///< every leg mirrors, bits may remain
    degraded,   ///< at least one leg is disconnected
    paused,     ///< at least one leg is paused, and its target knows it
    split_brain,
};

/// "Which node has this resource in service": a node, or nothing for `none`.
struct InServiceAt {
    std::uint16_t mirror = 0;
    std::optional<NodeId> node{};
    std::optional<NodeId> server{};     ///< of a shared disk: where it has to be carried
    std::optional<ResourceId> above{};  ///< what stands on the mirror; nothing: the mirror itself
    friend bool operator==(InServiceAt const&, InServiceAt const&) = default;
};
struct MirrorState {
    std::uint16_t mirror = 0;
    MirrorIs is = MirrorIs::fully_operational;
    friend bool operator==(MirrorState const&, MirrorState const&) = default;
};
/// What a node makes of a resource that stands on a mirror (R86: ISP, OSU, OSF).
struct ResourceState {
    enum class Is { in_service, out_of_service, failed };
    std::uint16_t mirror = 0;
    ResourceId resource;
    NodeId node;
    Is is = Is::in_service;
    friend bool operator==(ResourceState const&, ResourceState const&) = default;
};
/// A stable flag on a node's copy (R23, R24).
struct FlagState {
    enum class Which { last_owner, data_corrupt };
    std::uint16_t mirror = 0;
    NodeId node;
    Which flag = Which::last_owner;
    bool set = true;
    friend bool operator==(FlagState const&, FlagState const&) = default;
};
struct NodeRuns {
    NodeId node;
    bool runs = true;
    friend bool operator==(NodeRuns const&, NodeRuns const&) = default;
};
struct QuorumState {
    NodeId node;
    bool held = true;
    friend bool operator==(QuorumState const&, QuorumState const&) = default;
};
/// A node has told its disk to keep a cell or a page of an intent log, and it is not there yet.
struct Storing {
    std::uint16_t mirror = 0;
    NodeId node;
    friend bool operator==(Storing const&, Storing const&) = default;
};
namespace array_state {
struct Reports {
    netsim::ArrayReport is = netsim::ArrayReport::independent;
    friend bool operator==(Reports, Reports) = default;
};
struct Progress {  ///< of a copy or a restore, at least
    std::uint32_t percent = 0;
    friend bool operator==(Progress, Progress) = default;
};
struct Occupancy {  ///< of a disk group
    emulator::Occupancy is = emulator::Occupancy::alarm;
    friend bool operator==(Occupancy, Occupancy) = default;
};
struct Placed {  ///< data is where it belongs, and the map does not say so yet
    netsim::ArrayWork what = netsim::ArrayWork::write;
    friend bool operator==(Placed, Placed) = default;
};
}  // namespace array_state
/// What an array reports, or is at.
struct ArrayState {
    netsim::ArrayId array;
    std::string name;  ///< of a volume, or of a disk group
    std::variant<array_state::Reports, array_state::Progress, array_state::Occupancy,
                 array_state::Placed>
        what;
    friend bool operator==(ArrayState const&, ArrayState const&) = default;
};
using Condition = std::variant<InServiceAt, MirrorState, ResourceState, FlagState, NodeRuns,
                               QuorumState, Storing, ArrayState>;

namespace step {
/// Breakpoint on a state, armed when the step is reached; true at once if it holds already.
struct Wait {
    Condition until;
    Duration within = seconds(60);
    friend bool operator==(Wait const&, Wait const&) = default;
};
/// Lets virtual time pass without a condition.
struct Pass {
    Duration time;
    friend bool operator==(Pass const&, Pass const&) = default;
};
/// The condition must hold for the whole time; `because` names the rule that must have decided it,
/// empty when any may.
struct Hold {
    Condition holds;
    Duration time;
    std::string because;
    friend bool operator==(Hold const&, Hold const&) = default;
};
/// The process dies, the OS cache stays. `fates` answers, in order, what becomes of what was under
/// way; what it leaves open is drawn.
struct Crash {
    NodeId node;
    std::vector<std::uint8_t> fates{};
    friend bool operator==(Crash const&, Crash const&) = default;
};
struct PowerCut {
    NodeId node;
    std::vector<std::uint8_t> fates{};
    friend bool operator==(PowerCut const&, PowerCut const&) = default;
};
/// The operating system dies: what was not flushed is there or not, as a whole (FLT-2).
struct Panic {
    NodeId node;
    std::vector<std::uint8_t> fates{};
    friend bool operator==(Panic const&, Panic const&) = default;
};
struct Pause {
    NodeId node;
    friend bool operator==(Pause const&, Pause const&) = default;
};
struct Resume {
    NodeId node;
    friend bool operator==(Resume const&, Resume const&) = default;
};
struct Restart {
    NodeId node;
    friend bool operator==(Restart const&, Restart const&) = default;
};
/// Cuts (or heals) the link between two neighbours; `one_way`: only what flows from a to b.
struct Cut {
    netsim::Vertex a = 0;
    netsim::Vertex b = 0;
    bool one_way = false;
    netsim::Severed what = netsim::Severed::everything;
    friend bool operator==(Cut const&, Cut const&) = default;
};
struct Heal {
    netsim::Vertex a = 0;
    netsim::Vertex b = 0;
    friend bool operator==(Heal const&, Heal const&) = default;
};
/// Makes the link between two neighbours worse until it is healed; `one_way`: as of `Cut`.
struct Degrade {
    netsim::Vertex a = 0;
    netsim::Vertex b = 0;
    bool one_way = false;
    netsim::Degradation how{};
    friend bool operator==(Degrade const&, Degrade const&) = default;
};
/// Cuts (or heals) every link of a node or a switch.
struct Isolate {
    netsim::Vertex who = 0;
    bool cut = true;
    friend bool operator==(Isolate const&, Isolate const&) = default;
};
/// Drops the connections between two nodes at once (reset), or on one side only (half-open).
struct Reset {
    NodeId a;
    NodeId b;
    bool half_open = false;
    friend bool operator==(Reset const&, Reset const&) = default;
};
/// The next message from one node to another arrives damaged.
struct DamageMessage {
    NodeId from;
    NodeId to;
    netsim::Damage how = netsim::Damage::flipped_bit;
    friend bool operator==(DamageMessage const&, DamageMessage const&) = default;
};
/// Each operation of this node's disks takes so many times longer; 1 is healthy.
struct SlowDisk {
    NodeId node;
    std::uint32_t factor = 1;
    friend bool operator==(SlowDisk const&, SlowDisk const&) = default;
};
/// A part of the disk of a mirror; `at` counts in the mirror's address space.
struct DiskPart {
    std::uint16_t mirror = 0;
    std::uint64_t at = 0;
    std::uint64_t sectors = 0;
    friend bool operator==(DiskPart const&, DiskPart const&) = default;
};
/// Kinds of operation that fail on this node's disks (FLT-9); all false is healthy, and mends
/// everything.
struct FailDisk {
    NodeId node;
    bool reads = false;
    bool writes = false;
    bool flushes = false;
    bool stores = false;              ///< there is no room for the cell and the intent log
    std::optional<DiskPart> where{};  ///< nothing: anywhere
    std::uint32_t count = 0;          ///< the next so many; 0: from now on
    friend bool operator==(FailDisk const&, FailDisk const&) = default;
};
/// This node's disks answer nothing until they are mended (FLT-8).
struct HangDisk {
    NodeId node;
    friend bool operator==(HangDisk const&, HangDisk const&) = default;
};
/// A disk lies about a part of what it holds (FLT-10).
struct CorruptDisk {
    NodeId node;
    netsim::DiskLie lie = netsim::DiskLie::bit_rot;
    DiskPart where;
    std::uint32_t count = 1;  ///< of those that concern operations: the next so many
    friend bool operator==(CorruptDisk const&, CorruptDisk const&) = default;
};
/// Keeps all that is on a node's disks; the last of each node stays.
struct TakeSnapshot {
    NodeId node;
    friend bool operator==(TakeSnapshot const&, TakeSnapshot const&) = default;
};
/// Puts it back while the node is down (FLT-4, FLT-5), or blank disks in its place.
struct RollBack {
    NodeId node;
    netsim::seen::RolledBack::What what = netsim::seen::RolledBack::What::everything;
    friend bool operator==(RollBack const&, RollBack const&) = default;
};
/// FLT-12: the disks of each of two nodes that are down go to the other.
struct ExchangeDisks {
    NodeId one;
    NodeId other;
    friend bool operator==(ExchangeDisks const&, ExchangeDisks const&) = default;
};
/// FLT-11: a node's timers take so many percent of their time; 100 is right.
struct SkewClock {
    NodeId node;
    std::uint32_t percent = 100;
    friend bool operator==(SkewClock const&, SkewClock const&) = default;
};
/// FLT-11: a node's clock is so far ahead of where it was, or behind; never by nothing.
struct StepClock {
    NodeId node;
    Duration by;
    friend bool operator==(StepClock const&, StepClock const&) = default;
};
/// A node's memory is full, or has room again (FLT-13).
struct FillMemory {
    NodeId node;
    bool full = true;
    friend bool operator==(FillMemory const&, FillMemory const&) = default;
};
/// Host requests on the node that has the mirror in service (R3); they are awaited. Here and below,
/// `at` counts in the mirror's address space, whatever volume the file names.
struct Write {
    std::uint16_t mirror = 0;
    std::uint64_t at = 0;
    std::uint64_t sectors = 0;
    bool fua = false;
    std::optional<NodeId> on{};  ///< nothing: where the mirror is in service
    friend bool operator==(Write const&, Write const&) = default;
};
struct Read {
    std::uint16_t mirror = 0;
    std::uint64_t at = 0;
    std::uint64_t sectors = 0;
    std::optional<NodeId> on{};  ///< nothing: where the mirror is in service
    friend bool operator==(Read const&, Read const&) = default;
};
/// A range is given up, or zeroed: hosts read zeroes there afterwards, from whichever copy
/// (SAF-12).
struct Trim {
    std::uint16_t mirror = 0;
    std::uint64_t at = 0;
    std::uint64_t sectors = 0;
    bool zeroes = false;         ///< write-zeroes, not trim
    std::optional<NodeId> on{};  ///< nothing: where the mirror is in service
    friend bool operator==(Trim const&, Trim const&) = default;
};
struct Flush {
    std::uint16_t mirror = 0;
    friend bool operator==(Flush const&, Flush const&) = default;
};
/// A host asks the node, and nobody waits for the answer.
struct Ask {
    std::uint16_t mirror = 0;
    NodeId node;
    replication::HostOp op = replication::HostOp::write;
    std::uint64_t at = 0;
    std::uint64_t sectors = 0;
    bool fua = false;
    friend bool operator==(Ask const&, Ask const&) = default;
};
/// One of the events that are pending happens now, whenever it is due.
struct Event {
    std::string name;  ///< as World::event_name says it
    friend bool operator==(Event const&, Event const&) = default;
};
/// Goes on when nothing is pending any more.
struct Rest {
    Duration within;
    friend bool operator==(Rest const&, Rest const&) = default;
};
struct StartWorkload {
    std::uint16_t mirror = 0;
    friend bool operator==(StartWorkload const&, StartWorkload const&) = default;
};
struct StopWorkload {
    std::uint16_t mirror = 0;
    friend bool operator==(StopWorkload const&, StopWorkload const&) = default;
};
/// R87; `refused` names the rule by which it must be refused, empty when it must succeed.
struct ForceOnline {
    std::uint16_t mirror = 0;
    NodeId node;
    std::string refused;
    bool await = true;  ///< no: nobody waits for the answer
    friend bool operator==(ForceOnline const&, ForceOnline const&) = default;
};
/// R96; `refused` names the rule by which the step must be refused, empty when it must succeed.
struct SwitchOver {
    std::uint16_t mirror = 0;
    NodeId node;
    std::string refused;
    bool await = true;  ///< no: nobody waits for the answer
    friend bool operator==(SwitchOver const&, SwitchOver const&) = default;
};
/// R33: `node` is named the loser; `refused` names the rule by which it must be refused, empty when
/// it must succeed.
struct ResolveSplitBrain {
    std::uint16_t mirror = 0;
    NodeId node;
    std::string refused;
    bool await = true;
    friend bool operator==(ResolveSplitBrain const&, ResolveSplitBrain const&) = default;
};
/// Any other order of an operator (nodes/orders.h); `refused` as above.
struct Ordered {
    std::uint16_t mirror = 0;
    std::optional<NodeId> node{};  ///< nothing: where the mirror is in service
    nodes::Order order;
    std::string refused;
    bool await = true;
    friend bool operator==(Ordered const&, Ordered const&) = default;
};
/// `bitmap -X` (R19): tells what the intent log of a node's copy says.
struct Examine {
    std::uint16_t mirror = 0;
    NodeId node;
    friend bool operator==(Examine const&, Examine const&) = default;
};
/// Copies the disk of a node's copy, as it is at that moment (R88); the last image of a mirror
/// stays.
struct TakeImage {
    std::uint16_t mirror = 0;
    NodeId node;
    friend bool operator==(TakeImage const&, TakeImage const&) = default;
};
/// Makes the copy of a node that is down from the mirror's last image (R88).
struct WriteImage {
    std::uint16_t mirror = 0;
    NodeId node;
    friend bool operator==(WriteImage const&, WriteImage const&) = default;
};
/// R63; `refused` as above.
struct ConfirmFailover {
    NodeId node;
    NodeId dead;
    bool proceeds = true;
    std::string refused;
    bool await = true;
    friend bool operator==(ConfirmFailover const&, ConfirmFailover const&) = default;
};
/// A disk is handed over to the server that is named, by the other one that shares it.
struct MoveSharedDisk {
    NodeId shared;
    NodeId to;
    std::string refused;
    bool await = true;
    friend bool operator==(MoveSharedDisk const&, MoveSharedDisk const&) = default;
};
/// R91, R98; `refused` as above.
struct EditHierarchy {
    std::uint16_t mirror = 0;
    NodeId node;
    nodes::HierarchyEdit edit;
    std::string refused;
    bool await = true;
    friend bool operator==(EditHierarchy const&, EditHierarchy const&) = default;
};
/// R91..R95; `refused` as above.
struct EditExtension {
    std::uint16_t mirror = 0;
    std::optional<NodeId> node{};  ///< where the operator works; nothing: where it is in service
    nodes::Extension edit;
    std::string refused;
    bool await = true;
    friend bool operator==(EditExtension const&, EditExtension const&) = default;
};
/// Something goes wrong with a resource on a node from now on; nothing does where all is false.
struct FailResource {
    NodeId node;
    ResourceId resource;
    netsim::ResourceFaults faults;
    bool runs_no_more = false;
    friend bool operator==(FailResource const&, FailResource const&) = default;
};
/// Shots at a node miss, or hit again.
struct FailFencing {
    NodeId node;
    bool misses = true;
    friend bool operator==(FailFencing const&, FailFencing const&) = default;
};
/// An operator commands an array, or one of its disk groups fails. `refused` names the rule by
/// which it must be refused, empty when it must succeed.
struct ArrayOrder {
    netsim::ArrayId array;
    emulator::Command command;
    std::string refused;
    friend bool operator==(ArrayOrder const&, ArrayOrder const&) = default;
};
/// A host of an array asks, and waits for the answer; `host`: through its presentation.
struct ArrayRequest {
    netsim::ArrayId array;
    std::string volume;  ///< none: of a flush, which is of the whole array
    replication::HostOp op = replication::HostOp::write;
    std::uint64_t at = 0;
    std::uint64_t sectors = 0;
    std::string host{};
    std::string refused{};
    friend bool operator==(ArrayRequest const&, ArrayRequest const&) = default;
};
/// An array loses its power, or has it again. `fates` as of a node.
struct ArrayPower {
    netsim::ArrayId array;
    bool on = false;
    std::vector<std::uint8_t> fates{};
    friend bool operator==(ArrayPower const&, ArrayPower const&) = default;
};
/// The workloads of an array begin, or end.
struct ArrayLoad {
    netsim::ArrayId array;
    bool begins = true;
    friend bool operator==(ArrayLoad const&, ArrayLoad const&) = default;
};
}  // namespace step

using Action =
    std::variant<step::Wait, step::Pass, step::Hold, step::Crash, step::PowerCut, step::Panic,
                 step::Pause, step::Resume, step::Restart, step::Cut, step::Heal, step::Degrade,
                 step::Isolate, step::Reset, step::SlowDisk, step::FailDisk, step::HangDisk,
                 step::CorruptDisk, step::TakeSnapshot, step::RollBack, step::ExchangeDisks,
                 step::SkewClock, step::StepClock, step::FillMemory, step::DamageMessage,
                 step::Write, step::Read, step::Trim, step::Flush, step::Ask, step::Event,
                 step::Rest, step::StartWorkload, step::StopWorkload, step::ForceOnline,
                 step::SwitchOver, step::ResolveSplitBrain, step::Ordered, step::Examine,
                 step::TakeImage, step::WriteImage, step::ConfirmFailover, step::MoveSharedDisk,
                 step::EditHierarchy, step::EditExtension, step::FailResource, step::FailFencing,
                 step::ArrayOrder, step::ArrayRequest, step::ArrayPower, step::ArrayLoad>;

struct Step {
    Action action;
    Place place;
    /// The step as written, on one line, for messages: "wait: {mirror: datarep, is: resyncing}".
    std::string source;
    friend bool operator==(Step const&, Step const&) = default;
};

/// Host requests made over and over, by an application that runs where the mirror is in service.
struct Workload {
    enum class Order { random, sequential };
    /// A write that follows each acknowledged one, as a page follows the log record about it.
    struct Then {
        std::uint16_t volume = 0;
        Order write = Order::random;
        std::uint64_t block_sectors = 8;
        friend bool operator==(Then const&, Then const&) = default;
    };
    std::uint16_t mirror = 0;
    Order write = Order::random;
    std::uint64_t block_sectors = 8;
    std::uint32_t reads_percent = 0;           ///< share of requests that read instead
    std::optional<std::uint32_t> flush_every;  ///< a flush after so many writes
    std::optional<Rate> rate;                  ///< open loop: so many a second
    std::optional<std::uint32_t> depth;  ///< closed loop: so many at a time; exactly one of the two
    std::optional<std::uint64_t> count;  ///< ends after so many requests
    bool started = true;                 ///< false: waits for a start_workload step
    std::optional<std::uint16_t> volume{};  ///< nothing: all of the mirror's
    std::optional<Then> then{};  ///< one request with the write it follows, in depth and count
    friend bool operator==(Workload const&, Workload const&) = default;
};

/// Host requests made over and over to a volume of an array, until one is refused.
struct ArrayWorkload {
    netsim::ArrayId array;
    std::string volume;
    Workload::Order write = Workload::Order::random;
    std::uint64_t block_sectors = 8;
    std::uint32_t reads_percent = 0;
    std::optional<std::uint32_t> flush_every{};
    std::optional<Rate> rate{};
    std::optional<std::uint32_t> depth{};
    std::optional<std::uint64_t> count{};
    bool started = true;
    friend bool operator==(ArrayWorkload const&, ArrayWorkload const&) = default;
};

/// What at most may be reached by that share of all outages; 100 is the worst of them.
inline constexpr unsigned ranks[] = {50, 90, 99, 100};
/// "p99"; "max" of 100.
std::string_view name_of_rank(unsigned rank);
template <class Value>
using Ranked = std::map<unsigned, Value>;

struct Expect {
    std::vector<std::string> always;     ///< checkers by name; empty: all
    std::vector<std::string> sometimes;  ///< marks by name
    std::vector<Condition> finally;
    Ranked<Duration> rto{};    ///< until it is in service again, over all seeds
    Ranked<WriteCount> rpo{};  ///< lost then
    friend bool operator==(Expect const&, Expect const&) = default;
};

/// One case of a file: the scenario after `matrix:` was expanded.
struct Scenario {
    // In scenario.cc, so that whoever has one is not compiled with all that it is made of.
    Scenario();
    Scenario(Scenario const&);
    Scenario(Scenario&&) noexcept;
    Scenario& operator=(Scenario const&);
    Scenario& operator=(Scenario&&) noexcept;
    ~Scenario();

    std::string path;  ///< of the file, as given
    std::string title;
    std::string about;
    std::string source;                                            ///< what it replays
    std::vector<std::pair<std::string, std::string>> matrix_case;  ///< e.g. {mode, synchronous}
    netsim::Cluster cluster;
    std::vector<Workload> workload;
    std::vector<ArrayWorkload> array_workload{};
    std::vector<Step> steps;
    Expect expect;
    std::optional<netsim::Bounds> bounded;  ///< what an exhaustive search explores

    /// "mode=synchronous, intent_log=64 KiB", empty without a matrix.
    [[nodiscard]] std::string case_name() const;
    friend bool operator==(Scenario const&, Scenario const&) = default;
};

}  // namespace sunder::language
