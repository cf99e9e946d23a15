// SPDX-License-Identifier: BSD-3-Clause
//
// What the writers of files and of steps share; nobody else includes this.
#pragma once

#include "base/units.h"
#include "netsim/cluster.h"
#include "scenarios/language/scenario.h"

#include <cstdint>
#include <string>

namespace sunder::language::writing {

/// The name of a node or a switch.
std::string vertex(netsim::Cluster const&, netsim::Vertex);
/// To the last nanosecond, because what is read again must play alike.
std::string exact(Duration);
std::string exact(ByteCount);
std::string exact(Bandwidth);
std::string exact(WriteCount);
std::string bytes(std::uint64_t sectors);
/// `cluster:` of a cluster that has arrays.
std::string arrays_section(netsim::Cluster const&);
std::string array_workload_entry(netsim::Cluster const&, ArrayWorkload const&);
/// A text on one line that may hold anything.
std::string quoted(std::string const& text);
/// The keys of a condition, without braces.
std::string condition_entry(Condition const&, netsim::Cluster const&);

}  // namespace sunder::language::writing
