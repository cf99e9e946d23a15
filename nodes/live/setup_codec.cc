// SPDX-License-Identifier: BSD-3-Clause
//
// The formats of what a node is configured to be, and what parts of it have to fit each other.
#include "nodes/live/setup_codec.h"

#include "base/sealed.h"
#include "nodes/message_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace sunder {

template <>
struct Format<std::string> {
    static void write(Encoder& to, std::string const& value) { to.to.text(value); }
    static void read(Decoder& from, std::string& into) { into = from.from.text(4096); }
};

SUNDER_FORMAT_ENUM(replication::SplitBrainPolicy, disconnect, discard_zero_changes,
                   discard_least_changes, discard_younger, discard_older, discard_node);
SUNDER_FORMAT_ENUM(replication::DiskErrors, fail_requests, leave_service, read_from_target);
SUNDER_FORMAT(replication::ResyncRate, min, max);
SUNDER_FORMAT(replication::GroupConfig, self, copies, nodes, group, sectors, mirrored_sectors,
              synchronous, asynchronous_limit, intent_log, chunk_sectors, bitmap_merge, guarded,
              split_brain, disk_errors, may_be_moved, fallback_sectors, split_brain_loser,
              settle_interval, run_sectors, window_sectors, resync_rate, first_source,
              born_in_sync);
SUNDER_FORMAT_ENUM(nodes::QuorumMode, none, majority, storage);
SUNDER_FORMAT_ENUM(nodes::LossAction, reboot, halt, leave_service);
SUNDER_FORMAT(nodes::ResourceConfig, group, self, members, priority, asynchronous, intent_log,
              automatic_switchback, hierarchy, extended, never_in_service, unmirrored, exported,
              large_enough);
SUNDER_FORMAT(nodes::QuorumConfig, mode, voters, tie_breakers, ask_witnesses, on_loss);
SUNDER_FORMAT(nodes::ConfirmConfig, from, timeout, proceeds);
SUNDER_FORMAT(nodes::NodeConfig, self, peers, resources, guarded, quorum, confirm, shares_disk,
              fencing, blocks_resource_failover);
SUNDER_FORMAT(live::Endpoint, socket, address, port);
SUNDER_FORMAT(live::MemberSetup, name, peers, beats, compression);
SUNDER_FORMAT(live::VolumeSetup, name, sectors);
SUNDER_FORMAT(live::MirrorSetup, name, config, volumes, plain);
SUNDER_FORMAT(live::ResourceSetup, name, start, stop, recover, check, check_every, within);
SUNDER_FORMAT(nodes::Detection, interval, missed, connection_timeout, reconnect, boot_wait);
SUNDER_FORMAT(live::FencingSetup, program, delay);
SUNDER_FORMAT(ByteCount, bytes);
SUNDER_FORMAT(live::TlsSetup, ca, certificate, key);
SUNDER_FORMAT(live::NodeSetup, cluster, members, config, mirrors, resources, detection, fencing,
              state, recordings, recordings_size, recordings_part, recorded_at_once, carries_zeroes,
              stands_still, tls);

}  // namespace sunder

namespace sunder::live {

namespace {

constexpr Seal setup_seal{"SUNSETUP", "a node's setup", 6};

/// Whether the parts fit to each other: nobody is named who is not there.
std::string flaw_of(NodeSetup const& setup) {
    std::size_t const members = setup.members.size();
    auto const is_member = [&](NodeId node) { return node.value < members; };
    if (!is_member(setup.config.self)) return "it names a node that is no member";
    for (MemberSetup const& member : setup.members) {
        std::size_t const paths = setup.members[setup.config.self.value].beats.size();
        if (paths != 0 && member.beats.size() == paths) continue;
        return fmt::format("{} beats on another number of paths", member.name);
    }
    if (!std::ranges::all_of(setup.config.peers, is_member)) return "a peer is no member";
    if (setup.config.resources.size() != setup.mirrors.size()) {
        return "not every mirror is one that the node knows";
    }
    for (MirrorSetup const& mirror : setup.mirrors) {
        if (mirror.volumes.empty()) return fmt::format("{} has no volume", mirror.name);
        unsigned const copies = mirror.config.copies;
        if (copies > replication::max_copies || mirror.config.self.value >= copies) {
            return fmt::format("{} has {} copies", mirror.name, copies);
        }
        if (mirror.config.chunk_sectors == 0 || mirror.config.sectors == 0) {
            return fmt::format("{} has no size", mirror.name);
        }
        for (unsigned copy = 0; copy < copies; ++copy) {
            if (!is_member(mirror.config.nodes[copy])) {
                return fmt::format("{} has a copy on no member", mirror.name);
            }
        }
    }
    return "";
}

}  // namespace

std::vector<std::byte> encode_setup(NodeSetup const& setup) {
    std::vector<std::byte> bytes;
    ByteWriter writer(bytes);
    Encoder(writer).put(setup);
    return seal(setup_seal, bytes);
}

std::expected<NodeSetup, std::string> decode_setup(std::span<std::byte const> bytes) {
    auto const inside = unseal(setup_seal, bytes);
    if (!inside) return std::unexpected(inside.error());
    ByteReader reader(*inside);
    Decoder decoder(reader);
    NodeSetup setup;
    decoder.get("the setup", setup);
    auto read = decoder.finish(std::move(setup));
    if (!read) return read;
    if (std::string const flaw = flaw_of(*read); !flaw.empty()) return std::unexpected(flaw);
    return read;
}

namespace {

/// All that stands on it can be started and stopped here.
bool has_programs(NodeSetup const& setup, nodes::ResourceConfig const& mirror) {
    if (!mirror.hierarchy) return true;
    return std::ranges::all_of(mirror.hierarchy->resources(),
                               [&](nodes::ProtectedResource const& one) {
                                   if (one.id.value >= setup.resources.size()) return false;
                                   ResourceSetup const& programs = setup.resources[one.id.value];
                                   return !programs.start.empty() && !programs.stop.empty();
                               });
}

}  // namespace

std::string impossible(NodeSetup const& setup) {
    if (setup.config.shares_disk) return "a disk that two servers share";
    if (setup.config.quorum.mode == nodes::QuorumMode::storage) return "a quorum disk";
    if (setup.config.fencing && setup.fencing.program.empty()) {
        return "fencing without a program that shoots";
    }
    for (nodes::ResourceConfig const& resource : setup.config.resources) {
        if (!has_programs(setup, resource)) {
            return "something that stands on a mirror and has no programs";
        }
        if (resource.unmirrored) return "a disk that is not mirrored yet";
    }
    for (std::size_t m = 0; m < setup.mirrors.size(); ++m) {
        MirrorSetup const& mirror = setup.mirrors[m];
        nodes::ResourceConfig const& resource = setup.config.resources[m];
        bool const never = (resource.never_in_service & replication::bit_of(resource.self)) != 0;
        if (!mirror.plain.empty() && !never) {
            return "a copy at an NBD server that may come in service: `never_in_service` of its "
                   "mirror has to name the node";
        }
        if (!mirror.plain.empty() && mirror.config.born_in_sync) {
            return "a copy at an NBD server that is in sync from the start: nobody knows what the "
                   "export holds";
        }
        if (mirror.config.sectors < mirror.config.mirrored_sectors) {
            return "a copy that is smaller than its source";
        }
    }
    return "";
}

std::string what_it_may_hold(NodeSetup const& setup) {
    // Neither quorum nor an administrator's word makes certain that a node is dead.
    if (!setup.config.guarded || setup.config.fencing) return "";
    std::string names;
    for (std::size_t m = 0; m < setup.mirrors.size(); ++m) {
        nodes::ResourceConfig const& resource = setup.config.resources[m];
        replication::PeerMask const own = replication::bit_of(resource.self);
        // Nobody waits for a target for ever, nor serves from one.
        auto const serving =
            static_cast<replication::PeerMask>(resource.extended & ~resource.never_in_service);
        bool alone = true;
        for (std::uint8_t slot = 0; slot < resource.members.size(); ++slot) {
            replication::PeerMask const bit = replication::bit_of(replication::Slot{slot});
            alone = alone && (bit == own || (serving & bit) == 0);
        }
        if ((serving & own) == 0 || alone) continue;
        names += (names.empty() ? "" : ", ") + setup.mirrors[m].name;
    }
    if (names.empty()) return "";
    return fmt::format(
        "`policy: datakeeper/guarded` without `fencing`: while a node with another copy of {} is "
        "lost, what hosts write is not answered until that node is back (SAF-6, G20), and a node "
        "that loses the source does not take over by itself",
        names);
}

}  // namespace sunder::live
