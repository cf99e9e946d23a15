// SPDX-License-Identifier: BSD-3-Clause
//
// What a host may do with a volume that it has open, which operators may change meanwhile (arrays
// A1): a request passes, or is refused; whoever takes a presentation away waits for those that
// passed before.
#pragma once

#include "emulator/catalogue.h"
#include "emulator/media/gate.h"
#include "emulator/media/io_error.h"

#include <cerrno>
#include <expected>
#include <mutex>
#include <shared_mutex>

namespace sunder::live {

class Attachment {
public:
    Attachment(emulator::HostId host, emulator::VolumeId volume, emulator::Access access)
        : host_(host), volume_(volume), access_(access) {}

    [[nodiscard]] emulator::HostId host() const { return host_; }
    [[nodiscard]] emulator::VolumeId volume() const { return volume_; }

    /// Does `what`, or says why the host may not.
    template <class What>
    auto pass(bool writes, What&& what) -> decltype(what()) {
        std::shared_lock const passing(lock_);
        if (access_ == emulator::Access::none) {
            return std::unexpected(emulator::media::IoError{
                ESHUTDOWN, "the volume is presented to this host no more"});
        }
        if (writes && access_ != emulator::Access::read_write) {
            return std::unexpected(
                emulator::media::IoError{EPERM, "the volume is presented read-only"});
        }
        return what();
    }
    /// When this returns, nothing is under way that is not allowed any more. To be called by one at
    /// a time. Where nothing changes nobody is waited for.
    void allow(emulator::Access access) {
        if (access == access_) return;
        std::lock_guard const alone(lock_);
        access_ = access;
    }

private:
    emulator::media::Gate lock_;
    emulator::HostId host_;
    emulator::VolumeId volume_;
    emulator::Access access_;
};

}  // namespace sunder::live
