// SPDX-License-Identifier: BSD-3-Clause
//
// The device by which nodes have each other shot (STONITH). Nodes run a program that hands the
// order in and waits for its answer; the device does what it was told to, whatever has become of
// the shooter meanwhile. What a shot does to its victim is the stage's business.
#pragma once

#include "netsim/cluster.h"

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sunder::staged {

/// The words of the program, to which the victim's name is added: it ends with 0 when the victim is
/// certainly dead.
[[nodiscard]] std::vector<std::string> fencing_program(std::filesystem::path const& folder);

class FencingDevice {
public:
    /// Its pipes lie in the folder. Throws std::system_error when they cannot be made.
    FencingDevice(netsim::Cluster const& cluster, std::filesystem::path folder);
    ~FencingDevice();
    FencingDevice(FencingDevice const&) = delete;
    FencingDevice& operator=(FencingDevice const&) = delete;

    /// Takes in what was ordered until now, in scenario time.
    void look(Duration now);
    struct Shot {
        NodeId victim;
        bool hits = true;
        int answer = -1;  ///< the pipe of who ordered it
    };
    /// The next shot that is due; the victim is to be dead before it is `answered`.
    [[nodiscard]] std::optional<Shot> due(Duration now);
    void answered(Shot const& shot);

    /// Shots at the node miss, or hit again.
    void set(NodeId victim, bool works);

private:
    void ordered(std::string const& line, Duration now);

    netsim::Cluster const& cluster_;
    std::filesystem::path folder_;
    int orders_ = -1;
    std::string heard_;  // of an order whose end has not come yet
    std::multimap<Duration, Shot> aimed_;
    std::set<std::uint8_t> missed_;
    // Pipes that are open until the end, for who reads them late.
    std::map<int, std::filesystem::path> answers_;
};

}  // namespace sunder::staged
