// SPDX-License-Identifier: BSD-3-Clause
//
// Of all that is in a node's machine: two of one identity do the same and call it by the same
// names. A fingerprint says less, because equal states must meet in a search.
#include "base/print.h"
#include "nodes/node_machine.h"
#include "nodes/state_format.h"

namespace sunder::nodes {

Fingerprint Membership::identity() const {
    Printer all;
    all.add_all_but<NodeConfig>(*this, Format<Membership>::fields);
    return all.result();
}

Fingerprint NodeMachine::identity() const {
    Printer all;
    all.add_all_but<NodeConfig>(*this, Format<NodeMachine>::fields);
    return all.result();
}

}  // namespace sunder::nodes
