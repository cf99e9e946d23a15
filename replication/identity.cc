// SPDX-License-Identifier: BSD-3-Clause
//
// Of all that is in a machine: two of one identity do the same and call it by the same names, so
// that what one did is known of the other. A fingerprint says less, it leaves names out, and is
// asked for after every step; an identity only where a machine is new to somebody.
#include "base/print.h"
#include "replication/mirror_machine.h"
#include "replication/state_format.h"

namespace sunder::replication {

Fingerprint CellStore::identity() const {
    Printer all;
    for (auto const& cell : {wanted_, stable_, storing_}) all.add(cell);
    all.add(storing_id_);
    all.add(version_);
    all.add(stable_version_);
    all.add(dirty_);
    all.add(frozen_);
    return all.result();
}

Fingerprint IntentLog::identity() const {
    Printer all;
    all.add(peers_);
    all.add(due_);
    all.add(storing_);
    all.add(frozen_);
    return all.result();
}

Fingerprint MirrorMachine::identity() const {
    Printer all;
    all.add_all_but<GroupConfig>(*this, Format<MirrorMachine>::fields);
    return all.result();
}

}  // namespace sunder::replication
