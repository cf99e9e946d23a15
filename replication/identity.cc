// SPDX-License-Identifier: BSD-3-Clause
//
// Of all that is in a machine: two of one identity do the same and call it by the same names, so
// that what one did is known of the other. A fingerprint says less, it leaves names out, and is
// asked for after every step; an identity only where a machine is new to somebody.
#include "base/print.h"
#include "replication/mirror_machine.h"

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
    auto const add = [&](auto const&... members) { (all.add(members), ...); };
    add(cells_.identity(), log_.identity(), legs_, passage_, extended_);
    add(flights_, waiting_, absence_version_, announcing_, knows_outdated_, unrecorded_, next_,
        open_, unfit_, flush_failed_, settle_armed_, pace_armed_, greeting_due_);
    add(queue_, applying_, lending_, barrier_, image_kept_, image_, image_op_, image_version_,
        applying_version_, refusals_, resting_, watched_in_sync_, watched_era_, watched_with_,
        writes_apart_);
    add(split_, refused_, refused_by_disk_, stayed_, conceded_, order_, obeyed_, order_failed_,
        sequence_, nonce_, minted_, next_persist_, next_op_, started_, reported_);
    return all.result();
}

}  // namespace sunder::replication
