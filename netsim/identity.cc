// SPDX-License-Identifier: BSD-3-Clause
//
// Of all that is in a disk or a store, names too, so that what becomes of one is known of all of
// one identity. Left out is time.
#include "base/print.h"
#include "netsim/disk.h"
#include "netsim/store.h"

namespace sunder::netsim {

Fingerprint SimDisk::identity() const {
    Printer all;
    for (std::uint64_t sector = 0; sector < image_.sectors(); ++sector) all.add(image_.at(sector));
    auto const add = [&](auto const&... members) { (all.add(members), ...); };
    add(faults, image_room_sectors, under_way_, free_, unflushed_, written_, promised_);
    return all.result();
}

Fingerprint StableStore::identity() const {
    Printer all;
    all.add(cell_);
    all.add(pages_);
    all.add(under_way_);
    return all.result();
}

}  // namespace sunder::netsim
