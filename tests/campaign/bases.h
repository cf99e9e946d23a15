// SPDX-License-Identifier: BSD-3-Clause
//
// The clusters on which campaigns are tested: small ones, in which little time passes until a death
// is noticed.
#pragma once

#include "scenarios/language/scenario.h"

namespace sunder::campaign::test {

/// With one workload, of random writes.
language::Scenario based_on(netsim::Cluster cluster);
language::Scenario two_nodes(netsim::Mode mode = netsim::Mode::synchronous);
/// The third copy is asynchronous with the others.
language::Scenario three_nodes();
/// Asynchronous, and a death is noticed at once.
language::Scenario hasty();
/// A word takes longer than a write.
language::Scenario distant();
/// The first copy's disk takes longer for a write than a host for the next one.
language::Scenario crawling();
/// Two servers share the first copy's disk.
language::Scenario on_a_shared_disk();
/// An administrator is asked before a node takes over (R63), a database stands on the mirror, and a
/// web server beside it is yet to be created.
language::Scenario operated();
/// A log, and data that is written after it.
language::Scenario with_volumes();

}  // namespace sunder::campaign::test
