// SPDX-License-Identifier: BSD-3-Clause
//
// The pending events of a world: a 4-ary heap of 16-byte keys over a slab of small events. Equal
// times are ordered by the order of scheduling, so the order is total and the same on every
// machine.
#pragma once

#include "base/units.h"
#include "base/verify.h"

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <vector>

namespace sunder::netsim {

enum class EventKind : std::uint8_t {
    deliver,        ///< the head of one direction of a connection arrives
    disk_done,      ///< a disk operation completes
    persist_done,   ///< a stable store completes
    settle_timer,   ///< a mirror machine's timer
    pace_timer,     ///< its second one: an interval of a resync's rate is over
    rest_timer,     ///< its third one: a copy whose disk refused tries again
    boot_wait,      ///< a node has looked for its peers long enough
    confirmation,   ///< a node has waited long enough for an administrator
    stop,           ///< a node stops itself
    aim,            ///< a node has waited long enough before it has another shot
    era_wait,       ///< a peer has had long enough to store an era
    resource_done,  ///< a resource was started, stopped or recovered, or was not
    edit_done,      ///< a hierarchy that was changed is stable
    health_check,   ///< a resource that has failed is found so
    fenced,         ///< a node hears what became of its shot
    heard,          ///< a watched peer's heartbeat arrives after silence
    silent,         ///< the last heartbeat that could be missed was
    stall_timeout,  ///< a connection has made no progress for too long
    try_connect,    ///< a lost connection is tried again
    shot,           ///< a node is shot
    boot,           ///< a node starts by itself
    alarm,          ///< something outside the world wants to be called
    array,          ///< a disk array has done a part of its work
};

/// Up to here, what happens is of one node, and comes to one of its machines.
inline constexpr EventKind last_of_machines = EventKind::rest_timer;
/// What is done as soon as disks and links can; the rest waits for its time.
inline constexpr EventKind last_io = EventKind::persist_done;

/// What a node waits for by its own clock, and finds expired where that says so (FLT-11, FLT-14).
[[nodiscard]] constexpr bool is_timer(EventKind kind) {
    return kind == EventKind::settle_timer || kind == EventKind::pace_timer ||
           kind == EventKind::rest_timer || kind == EventKind::boot_wait ||
           kind == EventKind::confirmation || kind == EventKind::aim ||
           kind == EventKind::era_wait || kind == EventKind::silent;
}

/// Whatever leads to the answer takes less time than the patience with it, unless it hangs.
[[nodiscard]] constexpr bool outlasts_all(EventKind longer, EventKind shorter) {
    return longer == EventKind::era_wait && shorter <= last_io;
}

/// What an event is about. Which fields mean what is known to the world alone; `token` makes an
/// event that was overtaken by others fall flat, so that nothing is ever removed from the heap.
struct Event {
    EventKind kind = EventKind::alarm;
    std::uint8_t node = 0;
    std::uint16_t group = 0;
    std::uint32_t what = 0;
    std::uint32_t token = 0;
};

class EventQueue {
public:
    /// An event that is in the queue, for choosers that do not go by time.
    struct Pending {
        Duration due;
        std::uint32_t order = 0;  ///< of scheduling; wraps
        std::uint32_t slot = 0;
        Event event;
        [[nodiscard]] bool begun_before(Pending const& other) const {
            return static_cast<std::int32_t>(order - other.order) < 0;
        }
        [[nodiscard]] bool due_before(Pending const& other) const {
            return Key{due.ns, order, slot}.before({other.due.ns, other.order, other.slot});
        }
    };
    /// A world of two nodes has about ten.
    using PendingList = boost::container::small_vector<Pending, 16>;

    [[nodiscard]] bool empty() const { return heap_.empty(); }
    [[nodiscard]] std::size_t size() const { return heap_.size(); }
    [[nodiscard]] Duration next_time() const { return {heap_.front().time}; }

    void push(Duration at, Event const& event) {
        std::uint32_t slot = 0;
        if (free_.empty()) {
            slot = static_cast<std::uint32_t>(slab_.size());
            slab_.push_back(event);
        } else {
            slot = free_.back();
            free_.pop_back();
            slab_[slot] = event;
        }
        sift_up(Key{at.ns, order_++, slot});
    }

    /// The order that the next event gets, and another one for it: for whoever puts a queue
    /// together again.
    [[nodiscard]] std::uint32_t next_order() const { return order_; }
    void number_from(std::uint32_t order) { order_ = order; }
    void clear() {
        heap_.clear();
        slab_.clear();
        free_.clear();
    }

    Event pop() {
        VERIFY(!heap_.empty());
        std::uint32_t const slot = heap_.front().slot;
        Key const last = heap_.back();
        heap_.pop_back();
        if (!heap_.empty()) sift_down(last);
        free_.push_back(slot);
        return slab_[slot];
    }

    /// Calls visit(Pending) for each event, in no order that means anything.
    template <class Visit>
    void for_each_pending(Visit&& visit) const {
        for (Key const& key : heap_) {
            visit(Pending{{key.time}, key.order, key.slot, slab_[key.slot]});
        }
    }
    /// Takes one out of turn; linear, for choosers that copy whole worlds anyway.
    void remove(Pending const& pending) {
        auto const found =
            std::ranges::find_if(heap_, [&](Key const& key) { return key.slot == pending.slot; });
        VERIFY(found != heap_.end());
        auto const hole = static_cast<std::size_t>(found - heap_.begin());
        Key const last = heap_.back();
        heap_.pop_back();
        if (hole < heap_.size()) {
            bool const rises = hole > 0 && last.before(heap_[(hole - 1) / 4]);
            rises ? sift_up(last, hole) : sift_down(last, hole);
        }
        free_.push_back(pending.slot);
    }

private:
    struct Key {
        std::int64_t time;
        std::uint32_t order;
        std::uint32_t slot;
        [[nodiscard]] bool before(Key const& other) const {
            // Orders wrap after 2^32 events; those pending at once are never that far apart.
            return time != other.time ? time < other.time
                                      : static_cast<std::int32_t>(order - other.order) < 0;
        }
    };
    void sift_up(Key key) {
        heap_.push_back(key);
        sift_up(key, heap_.size() - 1);
    }
    void sift_up(Key key, std::size_t hole) {
        while (hole > 0) {
            std::size_t const parent = (hole - 1) / 4;
            if (!key.before(heap_[parent])) break;
            heap_[hole] = heap_[parent];
            hole = parent;
        }
        heap_[hole] = key;
    }
    void sift_down(Key key, std::size_t hole = 0) {
        for (;;) {
            std::size_t const first = 4 * hole + 1;
            if (first >= heap_.size()) break;
            std::size_t least = first;
            std::size_t const end = std::min(first + 4, heap_.size());
            for (std::size_t child = first + 1; child < end; ++child) {
                if (heap_[child].before(heap_[least])) least = child;
            }
            if (!heap_[least].before(key)) break;
            heap_[hole] = heap_[least];
            hole = least;
        }
        heap_[hole] = key;
    }

    std::vector<Key> heap_;
    std::vector<Event> slab_;
    std::vector<std::uint32_t> free_;
    std::uint32_t order_ = 0;
};

}  // namespace sunder::netsim
