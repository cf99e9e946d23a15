// SPDX-License-Identifier: BSD-3-Clause
//
// Faults that an operator asks for, so that any program can be tested on a bad disk (F: FLT-5 to
// FLT-9). It decides which request meets which fault; what befalls it then is bad_disk.h's part.
#pragma once

#include "base/random.h"
#include "base/units.h"
#include "emulator/geometry.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sunder::emulator::media {

enum class FaultKind : std::uint8_t {
    error,        ///< the request fails, and nothing of it is done
    delay,        ///< it is carried out later
    torn,         ///< a write of which only the first sectors reach the medium; it succeeds
    lost,         ///< a write that does not reach the medium; it succeeds
    misdirected,  ///< a write that reaches another place of the volume; it succeeds
    bit_rot,      ///< before a read, one bit of what is read changes on the medium
};
std::string_view name_of(FaultKind);
std::optional<FaultKind> fault_kind_named(std::string_view name);

enum class RequestKind : std::uint8_t { read, write, flush };
std::string_view name_of(RequestKind);

/// What a fault may befall; everything is a condition of its own.
struct Fault {
    std::string name;
    FaultKind kind = FaultKind::error;
    std::optional<VolumeId> volume{};  ///< none: every volume
    /// Of error and delay only; none: every request. A write that is to be durable at once, as by
    /// FUA, is a flush as well, of its range.
    std::optional<RequestKind> on{};
    std::optional<Extent> range{};         ///< in bytes of the volume; none: all of it
    std::uint32_t per_million = 1000000;   ///< of the requests that all else is true of
    std::optional<std::uint64_t> count{};  ///< so many times, and no more
    std::string while_file{};              ///< only while a file of that name exists
    int number = 0;                        ///< of error: an errno
    Duration time{};                       ///< of delay
    std::uint64_t befell = 0;
};

class Faults {
public:
    explicit Faults(std::uint64_t seed) : random_(seed, 0, 0) {}

    /// False when there is one of that name.
    [[nodiscard]] bool add(Fault fault);
    /// Without a name: all of them. False when there is none.
    bool remove(std::string_view name);
    [[nodiscard]] std::vector<Fault> list() const;

    /// Whether there is any, at no cost.
    [[nodiscard]] bool any() const { return number_.load(std::memory_order_relaxed) != 0; }
    /// What befalls this request, in the order in which the faults were added. `range` is in bytes;
    /// none for a flush.
    [[nodiscard]] std::vector<Fault> befall(VolumeId volume, RequestKind kind, Extent range) {
        if (!any()) return {};
        return draw(volume, kind, range);
    }
    /// Waits as long as a fault that delays says, or until it was removed, or `stop`.
    void delay(Fault const& fault);
    /// Nobody waits any more.
    void stop();
    /// Uniform in [0, bound).
    std::uint64_t below(std::uint64_t bound);

private:
    [[nodiscard]] std::vector<Fault> draw(VolumeId volume, RequestKind kind, Extent range);

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    std::atomic<std::size_t> number_ = 0;
    std::vector<Fault> faults_;
    RandomStream random_;
};

}  // namespace sunder::emulator::media
