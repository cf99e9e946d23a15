// SPDX-License-Identifier: BSD-3-Clause
//
// Which request meets which fault, and the names of both.
#include "emulator/media/faults.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace sunder::emulator::media {

namespace {

constexpr std::array kinds{FaultKind::error, FaultKind::delay,       FaultKind::torn,
                           FaultKind::lost,  FaultKind::misdirected, FaultKind::bit_rot};

bool may_befall(FaultKind fault, std::optional<RequestKind> on, RequestKind request) {
    switch (fault) {
        case FaultKind::error:
        case FaultKind::delay:
            return !on || *on == request;
        case FaultKind::torn:
        case FaultKind::lost:
        case FaultKind::misdirected:
            return request == RequestKind::write;
        case FaultKind::bit_rot:
            return request == RequestKind::read;
    }
    VERIFY(false);
}

}  // namespace

std::string_view name_of(FaultKind kind) {
    switch (kind) {
        case FaultKind::error:
            return "error";
        case FaultKind::delay:
            return "delay";
        case FaultKind::torn:
            return "torn";
        case FaultKind::lost:
            return "lost";
        case FaultKind::misdirected:
            return "misdirected";
        case FaultKind::bit_rot:
            return "bit-rot";
    }
    VERIFY(false);
}

std::optional<FaultKind> fault_kind_named(std::string_view name) {
    auto const* const found = std::find_if(kinds.begin(), kinds.end(),
                                           [&](FaultKind kind) { return name_of(kind) == name; });
    return found == kinds.end() ? std::nullopt : std::optional(*found);
}

std::string_view name_of(RequestKind kind) {
    switch (kind) {
        case RequestKind::read:
            return "read";
        case RequestKind::write:
            return "write";
        case RequestKind::flush:
            return "flush";
    }
    VERIFY(false);
}

bool Faults::add(Fault fault) {
    std::lock_guard const guard(mutex_);
    for (Fault const& other : faults_) {
        if (other.name == fault.name) return false;
    }
    faults_.push_back(std::move(fault));
    number_ = faults_.size();
    return true;
}

bool Faults::remove(std::string_view name) {
    std::lock_guard const guard(mutex_);
    auto const gone = std::erase_if(
        faults_, [&](Fault const& fault) { return name.empty() || fault.name == name; });
    number_ = faults_.size();
    changed_.notify_all();
    return gone != 0;
}

void Faults::delay(Fault const& fault) {
    std::unique_lock guard(mutex_);
    changed_.wait_for(guard, std::chrono::nanoseconds(fault.time.ns), [&] {
        return stopping_ || std::ranges::none_of(
                                faults_, [&](Fault const& one) { return one.name == fault.name; });
    });
}

void Faults::stop() {
    std::lock_guard const guard(mutex_);
    stopping_ = true;
    changed_.notify_all();
}

std::vector<Fault> Faults::list() const {
    std::lock_guard const guard(mutex_);
    return faults_;
}

std::uint64_t Faults::below(std::uint64_t bound) {
    std::lock_guard const guard(mutex_);
    return random_.below(bound);
}

std::vector<Fault> Faults::draw(VolumeId volume, RequestKind kind, Extent range) {
    std::lock_guard const guard(mutex_);
    std::vector<Fault> drawn;
    for (Fault& fault : faults_) {
        if (fault.volume && *fault.volume != volume) continue;
        if (!may_befall(fault.kind, fault.on, kind)) continue;
        if (fault.range && !fault.range->overlaps(range)) continue;
        if (fault.count && fault.befell >= *fault.count) continue;
        if (!fault.while_file.empty() && ::access(fault.while_file.c_str(), F_OK) != 0) continue;
        if (fault.per_million < 1000000 && random_.below(1000000) >= fault.per_million) continue;
        ++fault.befell;
        drawn.push_back(fault);
    }
    return drawn;
}

}  // namespace sunder::emulator::media
