// SPDX-License-Identifier: BSD-3-Clause
//
// What a node's process is given: who it is, where the others are, and the mirrors whose copies it
// keeps. It is the same configuration that a simulated node has, and beside it what only a real one
// needs: addresses and a folder.
#pragma once

#include "base/units.h"
#include "nodes/config.h"
#include "nodes/detection.h"
#include "replication/config.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sunder::live {

/// A Unix socket, or an address and a port of TCP (of UDP for beats).
struct Endpoint {
    std::string socket{};
    std::string address{};
    std::uint16_t port = 0;
    friend bool operator==(Endpoint const&, Endpoint const&) = default;
};
std::string to_text(Endpoint const&);

/// A server of the cluster, by place.
struct MemberSetup {
    std::string name;
    Endpoint peers;               ///< where it hears the others' connections
    std::vector<Endpoint> beats;  ///< by path: where it hears their beats
    unsigned compression = 0;     ///< zstd level of what this node sends it; 0: none
    friend bool operator==(MemberSetup const&, MemberSetup const&) = default;
};

/// One of the volumes of a mirror, which lie one behind another in its address space.
struct VolumeSetup {
    std::string name;
    std::uint64_t sectors = 0;
    friend bool operator==(VolumeSetup const&, VolumeSetup const&) = default;
};

struct MirrorSetup {
    std::string name;
    replication::GroupConfig config;
    std::vector<VolumeSetup> volumes;  ///< at least one
    /// The export of an NBD server that holds the copy, by its URI; empty: the array does.
    std::string plain{};
};

/// Of the volume of the array that holds it, and of its export.
inline std::string volume_name(MirrorSetup const& mirror, VolumeSetup const& volume) {
    return mirror.volumes.size() == 1 ? mirror.name : mirror.name + "." + volume.name;
}

/// How others are shot (STONITH): a program is run with the victim's name behind its own words, and
/// exits with 0 when the victim is certainly dead.
struct FencingSetup {
    std::vector<std::string> program;  ///< empty: nobody can be shot
    std::vector<Duration> delay;       ///< by victim: how long others wait before they shoot
    friend bool operator==(FencingSetup const&, FencingSetup const&) = default;
};

/// What a resource of the cluster is, here: programs, which exit with 0 when it is done. Stopping
/// what does not run is done at once, and succeeds.
struct ResourceSetup {
    std::string name;
    std::vector<std::string> start;
    std::vector<std::string> stop;
    std::vector<std::string> recover{};   ///< where it failed (R100); empty: as it is started
    std::vector<std::string> check{};     ///< whether it runs; empty: nobody looks
    Duration check_every = seconds(120);  ///< R48
    Duration within = seconds(20);        ///< what takes longer is killed, and has failed
    friend bool operator==(ResourceSetup const&, ResourceSetup const&) = default;
};

/// Files in PEM by which nodes of a cluster know each other.
struct TlsSetup {
    std::string ca{};           ///< the authority's certificates
    std::string certificate{};  ///< this node's, and behind it what stands between the two
    std::string key{};          ///< without a passphrase
    friend bool operator==(TlsSetup const&, TlsSetup const&) = default;
};

/// What stands on its mirrors has programs, no disk is shared by two servers, and there is no
/// quorum disk: whoever makes a setup sees to that (`impossible`).
struct NodeSetup {
    std::string cluster;
    std::vector<MemberSetup> members;
    nodes::NodeConfig config;
    std::vector<MirrorSetup> mirrors;        ///< in the order of `config.resources`
    std::vector<ResourceSetup> resources{};  ///< of the cluster, by ResourceId
    nodes::Detection detection;
    FencingSetup fencing;
    /// The folder of cells and intent logs; empty: in memory, and gone with the process.
    std::string state;
    /// The folder in which lives are recorded; empty: they are not.
    std::string recordings{};
    ByteCount recordings_size = MiB(256);  ///< of all lives together, at most
    ByteCount recordings_part{};           ///< of a file of them, about; 0: an eighth of that
    /// Inputs are handed to the system one by one, so that a kill loses hardly any.
    bool recorded_at_once = false;
    /// Runs of zeroes travel as bytes, as on a simulated network, which has no shorter way.
    bool carries_zeroes = false;
    /// It is told to stand still where a test wants it to (breakpoint.h).
    bool stands_still = false;
    /// What connections of peers by TCP are encrypted with; nothing: they are not.
    std::optional<TlsSetup> tls{};
};

}  // namespace sunder::live
