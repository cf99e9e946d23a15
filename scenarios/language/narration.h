// SPDX-License-Identifier: BSD-3-Clause
//
// The story of a run, one event a line, for people who know storage: no bytes, no hashes. Also the
// marks: short names of things that happened, for `sometimes:`.
#pragma once

#include "netsim/world.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sunder::language {

/// The line for an observation, without its time; nothing for what a reader does not need.
[[nodiscard]] std::optional<std::string> narrate(netsim::Observation const& seen,
                                                 netsim::Cluster const& cluster);

/// The facts on which a decision stands, for `--explain`; nothing for what is no decision.
[[nodiscard]] std::optional<std::string> explain(netsim::Observation const& seen);

/// "   12.3 s  ".
[[nodiscard]] std::string time_column(Duration at);

/// The mark that an observation leaves, empty for most.
[[nodiscard]] std::string_view mark_of(netsim::Observation const& seen);
/// The name of the rule by which something was decided, empty where nothing was.
[[nodiscard]] std::string_view rule_of(netsim::Observation const& seen);
/// The marks of mirrors and nodes, which are all that a cluster without arrays can leave.
[[nodiscard]] std::vector<std::string> cluster_mark_names();
/// All marks there are.
[[nodiscard]] std::vector<std::string> mark_names();
/// The rules of all decisions, for `because:` and `refused:`.
[[nodiscard]] std::vector<std::string> rule_names();
/// Those of handshakes, which no step waits for.
[[nodiscard]] std::vector<std::string> handshake_rule_names();

}  // namespace sunder::language
