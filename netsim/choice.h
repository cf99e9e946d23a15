// SPDX-License-Identifier: BSD-3-Clause
//
// The one place where a world asks for chance. Each purpose and node has a stream of its own, so
// that one more draw somewhere reshuffles nothing else; every answer goes into the trace hash.
#pragma once

#include "base/random.h"

#include <array>
#include <cstdint>
#include <vector>

namespace sunder::netsim {

enum class Choice : std::uint8_t {
    disk_jitter,  ///< how much later than its latency an operation completes
    beat_phase,   ///< where in its interval a heartbeat was when something changed
    torn,         ///< what becomes of a write that was not flushed
    stored,       ///< what becomes of a stable store that was under way
    workload,     ///< what a host asks for
    link_jitter,  ///< how much later than it has to a transfer arrives
    link_loss,    ///< how often in a row a transfer is lost on its way
    beat_loss,    ///< when beats are lost in a row, and how many more are
    last
};

class Chooser {
public:
    Chooser() = default;
    Chooser(std::uint64_t seed, std::size_t nodes) : streams_(nodes) {
        for (std::size_t node = 0; node < nodes; ++node) {
            for (std::size_t c = 0; c < streams_[node].size(); ++c) {
                streams_[node][c] = RandomStream(seed, c, node);
            }
        }
    }
    /// One of [0, n), n > 0. Zero is the mildest answer wherever answers have an order.
    std::uint64_t choose(std::uint64_t n, Choice what, std::size_t node) {
        if (scripted_ && what != Choice::workload) return scripted(n, what);
        return streams_[node][static_cast<std::size_t>(what)].below(n);
    }

    /// From now on nothing is drawn: fates of what was not stable are answered from `picks`, in
    /// order, and with 0 when they are used up; everything that only takes time takes the least.
    void follow(std::vector<std::uint8_t> picks) {
        scripted_ = true;
        picks_ = std::move(picks);
        asked_.clear();
    }
    void draw_again() { scripted_ = false; }
    /// How many answers each fate had that was asked for since `follow`.
    [[nodiscard]] std::vector<std::uint8_t> const& asked() const { return asked_; }

private:
    std::uint64_t scripted(std::uint64_t n, Choice what) {
        if (what != Choice::torn && what != Choice::stored) return 0;
        std::size_t const place = asked_.size();
        asked_.push_back(static_cast<std::uint8_t>(n));
        return place < picks_.size() ? picks_[place] : 0;
    }

    std::vector<std::array<RandomStream, static_cast<std::size_t>(Choice::last)>> streams_;
    bool scripted_ = false;
    std::vector<std::uint8_t> picks_;
    std::vector<std::uint8_t> asked_;
};

}  // namespace sunder::netsim
