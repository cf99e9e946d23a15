// SPDX-License-Identifier: BSD-3-Clause
//
// A queue whose oldest entries make way.
#include "nodes/live/event_ring.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace sunder::live {

EventRing::EventRing(std::uint64_t first, Bounds bounds)
    : bounds_(bounds), next_(first), first_(first) {}

void EventRing::add(std::function<std::string(std::uint64_t id)> const& make) {
    std::lock_guard const lock(lock_);
    entries_.push_back({next_, make(next_)});
    ++next_;
    bytes_ += entries_.back().data.size();
    while (entries_.size() > 1 && (entries_.size() > bounds_.entries || bytes_ > bounds_.bytes)) {
        bytes_ -= entries_.front().data.size();
        entries_.pop_front();
    }
    for (auto const& [who, told] : told_) told();
}

EventRing::Page EventRing::after(std::uint64_t id, std::size_t most_bytes) const {
    std::lock_guard const lock(lock_);
    Page page;
    std::uint64_t const oldest = next_ - entries_.size();
    bool const known = id + 1 >= oldest && id < next_;
    page.gap = id != 0 && !known;
    std::size_t bytes = 0;
    for (std::size_t at = known ? id + 1 - oldest : 0; at < entries_.size(); ++at) {
        bytes += entries_[at].data.size();
        if (bytes > most_bytes && !page.entries.empty()) break;
        page.entries.push_back(entries_[at]);
    }
    return page;
}

bool EventRing::has_passed(std::uint64_t id) const {
    std::lock_guard const lock(lock_);
    std::uint64_t const oldest = next_ - entries_.size();
    return std::max(id + 1, first_) < oldest;
}

void EventRing::when_added(void const* who, std::function<void()> told) {
    std::lock_guard const lock(lock_);
    told_.erase(who);
    if (told) told_.emplace(who, std::move(told));
}

std::string as_stream(EventRing::Page const& page) {
    std::string made;
    if (page.gap) made += "event: gap\ndata: {\"gap\": true}\n\n";
    for (EventRing::Entry const& entry : page.entries) {
        fmt::format_to(std::back_inserter(made), "id: {}\ndata: {}\n\n", entry.id, entry.data);
    }
    return made;
}

}  // namespace sunder::live
