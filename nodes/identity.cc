// SPDX-License-Identifier: BSD-3-Clause
//
// Of all that is in a node's machine: two of one identity do the same and call it by the same
// names. A fingerprint says less, because equal states must meet in a search.
#include "base/print.h"
#include "nodes/node_machine.h"

namespace sunder::nodes {

Fingerprint Membership::identity() const {
    Printer all;
    all.add(peers_);
    all.add(hears_);
    all.add(boot_wait_over_);
    all.add(storage_);
    all.add(quorum_);
    return all.result();
}

Fingerprint NodeMachine::identity() const {
    Printer all;
    all.add(members_.identity());
    all.add(resources_);
    all.add(continues_);
    all.add(stands_down_);
    return all.result();
}

}  // namespace sunder::nodes
