// SPDX-License-Identifier: BSD-3-Clause
//
// What data and database of one open store have in common: the lock on its folder, and whether
// something failed that cannot be made good. A failed sync leaves nobody knowing what is on the
// medium, and one that works afterwards proves nothing (G11); so from then on nothing of the store
// is called durable until it is opened anew.
#pragma once

#include "emulator/media/files.h"

#include <atomic>
#include <memory>

namespace sunder::emulator::media {

struct Health {
    std::unique_ptr<FolderLock> lock;
    std::atomic<bool> failed = false;
};

}  // namespace sunder::emulator::media
