// SPDX-License-Identifier: BSD-3-Clause
//
// What the parts of the loader share; nobody else includes this. The parts run after the check of
// the shape, whatever it found, so that a file's mistakes of both kinds are reported in one pass. A
// value that does not fit its shape was reported there: here it is silently absent.
#pragma once

#include "base/share.h"
#include "base/units.h"
#include "netsim/cluster.h"
#include "scenarios/language/document.h"
#include "scenarios/language/names.h"
#include "scenarios/language/scenario.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sunder::language::loading {

// What a value says, if it is there and fits.
std::optional<std::string> text_of(Node const*);
std::optional<bool> boolean_of(Node const*);
std::optional<std::int64_t> integer_of(Node const*);
std::optional<Duration> duration_of(Node const*);
std::optional<ByteCount> byte_count_of(Node const*);
std::optional<Bandwidth> bandwidth_of(Node const*);
std::optional<Rate> rate_of(Node const*);
std::optional<Share> share_of(Node const*);
std::optional<WriteCount> write_count_of(Node const*);
std::span<Node const> items_of(Node const*);
std::span<Entry const> entries_of(Node const*);

// The same, checked for what no run could do anything with; `what` begins the error's sentence.
std::optional<Duration> time_above_zero(Node const*, Report const&, std::string_view what);
std::optional<Bandwidth> bandwidth_above_zero(Node const*, Report const&, std::string_view what);
/// What of that which is sent a link loses. Reports one that loses all of it.
std::optional<Share> loss_of(Node const*, Report const&);
/// A number of bytes as sectors. Reports what is not a multiple of 512 B.
std::optional<std::uint64_t> sectors_of(Node const*, Report const&, Code, std::string_view what);

/// The intent log of a file: a chunk, or none.
struct IntentLog {
    std::optional<ByteCount> chunk;
    friend bool operator==(IntentLog const&, IntentLog const&) = default;
};
std::optional<IntentLog> intent_log_of(Node const*);
std::optional<netsim::Mode> mode_of(Node const*);
std::optional<bool> guarded_of(Node const*);
std::optional<replication::SplitBrainPolicy> split_brain_policy_of(Node const*);

/// What there is in an array at some time in a scenario: from the start, or made by a step.
struct ArrayNames {
    std::vector<std::string> volumes{};
    std::vector<std::string> groups{};
    std::vector<std::string> hosts{};
};

/// Finds what a name means in the cluster, and reports names that mean nothing. While a section is
/// missing from the cluster altogether (which was reported), names of its kind are passed over.
class Names {
public:
    Names(netsim::Cluster const& cluster, Report const& report,
          std::vector<ArrayNames> const& in_arrays = {})
        : cluster_(cluster), report_(report), in_arrays_(in_arrays) {}

    [[nodiscard]] std::optional<NodeId> node(Node const*) const;
    /// The node that an entry's key names.
    [[nodiscard]] std::optional<NodeId> node_of_key(Entry const&) const;
    [[nodiscard]] std::optional<std::uint16_t> mirror(Node const*) const;
    /// One of the mirror's volumes; if the mirror is unknown, nothing.
    [[nodiscard]] std::optional<std::uint16_t> volume(std::optional<std::uint16_t> mirror,
                                                      Node const*) const;
    /// Where the positions of a request are counted: in the volume that it names, or in the whole
    /// of a mirror without volumes. Nothing if that is unknown, or its size.
    [[nodiscard]] std::optional<Extent> part(std::optional<std::uint16_t> mirror,
                                             Node const& request) const;
    /// "mirror 'm'", or "volume 'log' of mirror 'm'" where the request names one.
    [[nodiscard]] std::string part_in_words(std::uint16_t mirror, Node const& request) const;
    /// Something that stands on a mirror.
    [[nodiscard]] std::optional<ResourceId> resource(Node const*) const;
    /// A node that holds a copy of the mirror; if the mirror is unknown, any node.
    /// With `servers_too`, one that shares the disk on which there is one will do.
    enum class ServersToo : bool { no, yes };
    [[nodiscard]] std::optional<NodeId> node_of(std::optional<std::uint16_t> mirror, Node const*,
                                                ServersToo = ServersToo::no) const;
    /// A node that holds a copy of some mirror, and so has a disk.
    [[nodiscard]] std::optional<NodeId> holder(Node const*) const;
    /// A policy, or the node that it discards.
    [[nodiscard]] std::optional<netsim::SplitBrainSetup> split_brain(Node const*) const;
    [[nodiscard]] std::optional<netsim::ArrayId> array(Node const*) const;
    /// Something that there is in the array at some time; if the array is unknown, nothing.
    [[nodiscard]] std::optional<std::string> in_array(std::optional<netsim::ArrayId> array,
                                                      Node const*, std::string_view what,
                                                      std::vector<std::string> ArrayNames::*) const;
    [[nodiscard]] std::optional<std::string> volume_in(std::optional<netsim::ArrayId> array,
                                                       Node const* node) const {
        return in_array(array, node, "volume", &ArrayNames::volumes);
    }
    /// A node or a switch.
    [[nodiscard]] std::optional<netsim::Vertex> vertex(Node const*) const;
    /// One of `known`, unless that is empty.
    [[nodiscard]] std::optional<std::string> known(Node const*, std::string_view what,
                                                   std::vector<std::string> const& known) const;

    [[nodiscard]] netsim::Cluster const& cluster() const { return cluster_; }
    [[nodiscard]] Report const& report() const { return report_; }
    [[nodiscard]] std::vector<std::string> node_names() const;
    [[nodiscard]] std::string const& vertex_name(netsim::Vertex) const;

private:
    /// What is named may be in a section that is missing, which was reported.
    [[nodiscard]] bool passes_over(auto const& section) const {
        return section.empty() && cluster_.arrays.empty();
    }
    netsim::Cluster const& cluster_;
    Report const& report_;
    std::vector<ArrayNames> in_arrays_;  // by array
};

/// The cluster of `node`. With `intent_log_varies` the matrix says what intent log the mirrors
/// have.
netsim::Cluster read_cluster(Node const& node, Report const&, bool intent_log_varies);
/// The mirrors of `mirrors:`, into a cluster whose nodes are known.
void read_mirrors(Node const& cluster_node, netsim::Cluster&, Report const&,
                  bool intent_log_varies);
/// Disks that two servers share, into a cluster whose nodes are known; and whether mirrors use them
/// as they can be used.
void read_shared_disks(Node const& cluster_node, netsim::Cluster&, Report const&);
void check_shared_disks(Node const& cluster_node, netsim::Cluster const&, Report const&);
/// The node that stands for the mirror's copy on a disk that the server shares.
std::optional<NodeId> shared_disk_of(NodeId server, std::uint16_t mirror, netsim::Cluster const&);
/// What stands on the mirrors, into a cluster that has them.
void read_hierarchies(Node const& cluster_node, netsim::Cluster&, Report const&);
std::optional<std::uint16_t> mirror_under(ResourceId, netsim::Cluster const&);
/// Quorum, fencing, confirm failover, into a cluster whose mirrors are known.
void read_members(Node const& cluster_node, netsim::Cluster&, Report const&);
/// Vraid5 where none is named. Reports a level that there is none of.
std::optional<emulator::Vraid> vraid_of(Node const*, Report const&);
/// read_write where none is named.
emulator::Access access_of(Node const*);
/// The `switches:` of an array, as they are written.
std::vector<emulator::Switch> switches_of(Node const*);
/// The arrays of `arrays:`; and whether they can be set up so.
void read_arrays(Node const& cluster_node, netsim::Cluster&, Report const&);
/// What there is in them at some time, by array, with what the steps make.
std::vector<ArrayNames> names_in_arrays(netsim::Cluster const&, Node const* steps);
/// Reports, at `place`, an array that its profile refuses.
void check_arrays(netsim::Cluster const&, Span place, Report const&);
/// Report, at `place`, a chunk no mirror can have, or one that is larger than `mirror`.
bool check_chunk(ByteCount chunk, Span place, Report const&);
void check_chunk_fits(ByteCount chunk, netsim::MirrorSetup const& mirror, Span place,
                      Report const&);

std::vector<Workload> read_workloads(Node const* node, Names const&);
std::vector<ArrayWorkload> read_array_workloads(Node const* node, Names const&);
std::optional<Condition> read_condition(Node const& node, Names const&);
Expect read_expect(Node const* node, Names const&, KnownNames const&);
/// The steps; `workload_node` for workloads that no step starts.
std::vector<Step> read_steps(Node const* node, Node const* workload_node,
                             std::vector<Workload> const&, Names const&, KnownNames const&);

/// The part of a mirror that the keys mirror, volume, at and length name. Reports what is outside.
std::optional<step::DiskPart> part_of(Node const& value, Names const&);
/// What goes wrong with disks and clocks; nothing for other keys.
std::optional<Action> read_fault_step(std::string_view key, Node const& value, Names const&);
/// What happens to links, the same way.
std::optional<Action> read_link_step(std::string_view key, Node const& value, Names const&);
/// What operators do beside images; nothing for other keys.
std::optional<Action> read_operator_step(std::string_view key, Node const& value, Names const&,
                                         KnownNames const&);
/// What administrators and fencing devices do; nothing for other keys.
std::optional<Action> read_member_step(std::string_view key, Node const& value, Names const&,
                                       KnownNames const&);
/// How hierarchies are changed, and what goes wrong with resources; nothing for other keys.
std::optional<Action> read_hierarchy_step(std::string_view key, Node const& value, Names const&,
                                          KnownNames const&);
/// What an array reports, or is at; nothing for other conditions.
std::optional<Condition> read_array_condition(Node const& node, Names const&);
/// Commands of operators to arrays; nothing for other keys.
std::optional<Action> read_array_order(std::string_view key, Node const& value, Names const&);
/// What a host asks of an array. Requires the key `array`.
std::optional<Action> read_array_request(std::string_view key, Node const& value, Names const&);
bool is_array_order(std::string_view key);
/// The steps in which a search tells what it found: ask, event, rest; nothing for other keys.
std::optional<Action> read_replayed_step(std::string_view key, Node const& value, Names const&);
/// `bounded:`, if it is there.
std::optional<netsim::Bounds> read_bounds(Node const* node, Names const&);

/// One case of a matrix.
struct Case {
    std::vector<std::pair<std::string, std::string>> values;  ///< {mode, synchronous}
    netsim::Cluster cluster;
};
/// Whether the matrix varies this parameter.
bool varies(Node const* matrix, std::string_view parameter);
/// Every combination of the matrix, applied to the cluster; without a matrix, the cluster alone.
std::vector<Case> expand_matrix(Node const* matrix, netsim::Cluster const&, Report const&);

}  // namespace sunder::language::loading
