// SPDX-License-Identifier: BSD-3-Clause
//
// The gate that requests pass: many at once, or one alone, who waits for those inside and lets
// nobody else in before him. std::shared_mutex may let him wait for as long as others come.
#pragma once

#include "base/verify.h"

#include <pthread.h>

namespace sunder::emulator::media {

/// For std::shared_lock (to pass) and std::unique_lock (to be alone). Not recursive.
class Gate {
public:
    Gate() {
        pthread_rwlockattr_t kind;
        VERIFY(pthread_rwlockattr_init(&kind) == 0);
        VERIFY(pthread_rwlockattr_setkind_np(&kind, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP) ==
               0);
        VERIFY(pthread_rwlock_init(&lock_, &kind) == 0);
        pthread_rwlockattr_destroy(&kind);
    }
    ~Gate() { pthread_rwlock_destroy(&lock_); }
    Gate(Gate const&) = delete;
    Gate& operator=(Gate const&) = delete;

    void lock() { VERIFY(pthread_rwlock_wrlock(&lock_) == 0); }
    void unlock() { VERIFY(pthread_rwlock_unlock(&lock_) == 0); }
    void lock_shared() { VERIFY(pthread_rwlock_rdlock(&lock_) == 0); }
    void unlock_shared() { VERIFY(pthread_rwlock_unlock(&lock_) == 0); }

private:
    pthread_rwlock_t lock_;
};

}  // namespace sunder::emulator::media
