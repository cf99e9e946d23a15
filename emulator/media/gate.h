// SPDX-License-Identifier: BSD-3-Clause
//
// The gate that requests pass: many at once, or one alone, who waits for those inside and lets
// nobody else in before him. std::shared_mutex may let him wait for as long as others come, and all
// who pass write to one word of memory.
#pragma once

#include "base/verify.h"

#include <pthread.h>

#include <array>
#include <atomic>
#include <cstddef>

namespace sunder::emulator::media {

/// For std::shared_lock (to pass) and std::unique_lock (to be alone). Not recursive. Whoever passes
/// leaves in the same thread.
class Gate {
public:
    Gate() {
        pthread_rwlockattr_t kind;
        VERIFY(pthread_rwlockattr_init(&kind) == 0);
        VERIFY(pthread_rwlockattr_setkind_np(&kind, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP) ==
               0);
        for (Door& door : doors_) VERIFY(pthread_rwlock_init(&door.lock, &kind) == 0);
        pthread_rwlockattr_destroy(&kind);
    }
    ~Gate() {
        for (Door& door : doors_) pthread_rwlock_destroy(&door.lock);
    }
    Gate(Gate const&) = delete;
    Gate& operator=(Gate const&) = delete;

    void lock() {
        for (Door& door : doors_) VERIFY(pthread_rwlock_wrlock(&door.lock) == 0);
    }
    void unlock() {
        for (Door& door : doors_) VERIFY(pthread_rwlock_unlock(&door.lock) == 0);
    }
    void lock_shared() { VERIFY(pthread_rwlock_rdlock(&own().lock) == 0); }
    void unlock_shared() { VERIFY(pthread_rwlock_unlock(&own().lock) == 0); }

private:
    struct alignas(64) Door {  // a line of the processors' caches
        pthread_rwlock_t lock;
    };

    /// A thread passes by the same door of every gate.
    Door& own() {
        static std::atomic<std::size_t> threads = 0;
        thread_local std::size_t const number = threads.fetch_add(1, std::memory_order_relaxed);
        return doors_[number % doors_.size()];
    }

    std::array<Door, 8> doors_;
};

}  // namespace sunder::emulator::media
