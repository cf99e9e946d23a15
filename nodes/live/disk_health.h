// SPDX-License-Identifier: BSD-3-Clause
//
// What became of what a mirror asked of its own disk: how often it failed, how the last time, and
// whether it does so now. For displays; what follows from a failure the machine decides.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace sunder::live {

class DiskHealth {
public:
    enum class What : std::uint8_t { read, write, flush, store };
    struct Failure {
        What what = What::read;
        std::string words;
        std::chrono::steady_clock::time_point when;
    };
    struct Seen {
        std::uint64_t failures = 0;  ///< since the process began
        std::optional<Failure> last;
        bool failing = false;  ///< the last of some kind failed
    };

    // Any thread.
    void failed(What what, std::string words);
    void succeeded(What what) {
        if ((failing_.load(std::memory_order_relaxed) & bit_of(what)) == 0) return;
        failing_ &= static_cast<std::uint8_t>(~bit_of(what));
    }
    [[nodiscard]] Seen look() const;

private:
    static std::uint8_t bit_of(What what) {
        return static_cast<std::uint8_t>(1U << static_cast<unsigned>(what));
    }

    std::atomic<std::uint8_t> failing_ = 0;
    mutable std::mutex lock_;
    std::uint64_t failures_ = 0;
    std::optional<Failure> last_;
};

/// "a write", as people say it.
std::string_view name_of(DiskHealth::What what);

}  // namespace sunder::live
