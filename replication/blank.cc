// SPDX-License-Identifier: BSD-3-Clause
//
// What a blank copy knows is what it is configured to be.
#include "replication/blank.h"

namespace sunder::replication {

Cell blank_target(GroupConfig const& config) {
    Cell cell;
    cell.role = Role::target;
    cell.data = DataState::inconsistent;
    for (unsigned peer = 0; peer < config.copies; ++peer) {
        bool const asynchronous = peer != config.self.value && !config.synchronous[peer];
        if (asynchronous) cell.asynchronous_limit = config.asynchronous_limit;
    }
    return cell;
}

}  // namespace sunder::replication
