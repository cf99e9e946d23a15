// SPDX-License-Identifier: BSD-3-Clause
//
// Success costs one look at an atomic.
#include "nodes/live/disk_health.h"

#include <utility>

namespace sunder::live {

void DiskHealth::failed(What what, std::string words) {
    std::lock_guard const lock(lock_);
    ++failures_;
    last_ = Failure{what, std::move(words), std::chrono::steady_clock::now()};
    failing_ |= bit_of(what);
}

DiskHealth::Seen DiskHealth::look() const {
    std::lock_guard const lock(lock_);
    return {failures_, last_, failing_ != 0};
}

std::string_view name_of(DiskHealth::What what) {
    switch (what) {
        case DiskHealth::What::read:
            return "a read";
        case DiskHealth::What::write:
            return "a write";
        case DiskHealth::What::flush:
            return "a flush";
        case DiskHealth::What::store:
            return "storing what has to be stable";
    }
    return "";
}

}  // namespace sunder::live
