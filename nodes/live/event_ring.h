// SPDX-License-Identifier: BSD-3-Clause
//
// What happened last, numbered, for whoever wants to be told: as much as fits, and no more. Nobody
// is waited for; a reader says how far he has come, and is told when he came too late for some.
// What an event says, and who reads, is left to others.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace sunder::live {

class EventRing {
public:
    struct Bounds {
        std::size_t entries = 4096;
        std::size_t bytes = 4 << 20;
    };
    struct Entry {
        std::uint64_t id = 0;
        std::string data;  ///< one line
    };
    struct Page {
        std::vector<Entry> entries;
        /// Between what was asked for and the first of these there were others, or may have been.
        bool gap = false;
    };

    /// Identities are counted from `first` on; a process that begins later takes a larger one, so
    /// that they are never used twice.
    explicit EventRing(std::uint64_t first) : EventRing(first, Bounds{}) {}
    EventRing(std::uint64_t first, Bounds bounds);

    /// Any thread. `make` is given the identity and makes the line; it must not come back here.
    void add(std::function<std::string(std::uint64_t id)> const& make);

    /// The next ones behind `id`, up to so many bytes but at least one, if there is any. From the
    /// oldest on if `id` is 0, which misses nothing, or one that was not given out here.
    [[nodiscard]] Page after(std::uint64_t id, std::size_t most_bytes) const;
    /// Whether one behind `id` was given up already.
    [[nodiscard]] bool has_passed(std::uint64_t id) const;

    /// Called behind every event, by whoever added it; it must neither wait nor come back here.
    /// `who` is told so. Nothing: he is told no more, and is not being told when this returns.
    void when_added(void const* who, std::function<void()> told);

private:
    Bounds bounds_;
    mutable std::mutex lock_;
    std::deque<Entry> entries_;  // their identities have no holes
    std::uint64_t next_;
    std::uint64_t first_;
    std::size_t bytes_ = 0;
    std::map<void const*, std::function<void()>> told_;
};

/// As server-sent events: `id:` and `data:`; a gap comes first, as an event named `gap`.
std::string as_stream(EventRing::Page const& page);

}  // namespace sunder::live
