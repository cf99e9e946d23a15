// SPDX-License-Identifier: BSD-3-Clause
//
// How much of a resync may be sent: so much in each interval, so that a machine keeps to a rate
// without a clock (R47). Only the arithmetic is decided here; that an interval is over is said by
// the timer `resync_pace`.
#pragma once

#include "base/format_fwd.h"
#include "base/hash.h"
#include "base/units.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace sunder::replication {

/// md's speed_limit_max and speed_limit_min, which DataKeeper sets (R47); of each target.
struct ResyncRate {
    std::optional<Bandwidth> max{};  ///< nothing: as fast as disks and link are
    std::optional<Bandwidth> min{};  ///< while hosts change the volume; nothing: it does not yield
    [[nodiscard]] bool limited() const { return max || min; }
    friend bool operator==(ResyncRate const&, ResyncRate const&) = default;
};

/// What one resync may send.
class Pace {
public:
    static constexpr Duration interval = milliseconds(100);

    Pace() = default;  ///< nothing limits it
    /// The first interval begins. Whether hosts write is not known yet, so they are spared.
    explicit Pace(ResyncRate const& rate) : granted_(grant(rate, true)), credit_(granted_) {}

    /// An interval is over, the next one begins. No more is carried over than the next one grants:
    /// a resync that had to wait does not make up for it later.
    void next_interval(ResyncRate const& rate, bool hosts_change) {
        granted_ = grant(rate, hosts_change || changed_);
        changed_ = false;
        credit_ = limited() ? std::min(credit_, granted_) + granted_ : 0;
    }
    /// A host changed the volume: the next interval is one in which the resync yields.
    void host_changed() { changed_ = true; }

    /// A run may be larger than what is left; the ones behind it wait until that is paid.
    [[nodiscard]] bool may_send() const { return !limited() || credit_ > 0; }
    void spend(std::uint64_t sectors) {
        if (limited()) credit_ -= static_cast<std::int64_t>(sectors * sector_bytes);
    }

    [[nodiscard]] std::int64_t credit() const { return credit_; }  ///< in bytes
    [[nodiscard]] Fingerprint fingerprint() const {
        return hash_words(static_cast<std::uint64_t>(granted_), static_cast<std::uint64_t>(credit_),
                          changed_);
    }
    friend bool operator==(Pace const&, Pace const&) = default;

private:
    template <class T>
    friend struct sunder::Format;  // replication/state_format.h

    [[nodiscard]] bool limited() const { return granted_ != 0; }
    /// Bytes of an interval; 0: no limit. Above zero for the slowest rate, so that none stalls.
    static std::int64_t grant(ResyncRate const& rate, bool hosts_change) {
        std::optional<Bandwidth> const& kept = hosts_change && rate.min ? rate.min : rate.max;
        if (!kept) return 0;
        std::uint64_t const intervals_a_second = seconds(1).ns / interval.ns;
        std::uint64_t const bytes = kept->bits_per_second / 8 / intervals_a_second;
        return std::max<std::int64_t>(static_cast<std::int64_t>(bytes), 1);
    }

    std::int64_t granted_ = 0;
    std::int64_t credit_ = 0;
    bool changed_ = false;
};

}  // namespace sunder::replication
