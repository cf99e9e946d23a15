// SPDX-License-Identifier: BSD-3-Clause
//
// Something that happens once, and one thread that waits for it. The standard library's semaphores
// give way to other threads several times before they sleep; where many wait for an answer from
// another machine, that costs more than all the rest.
#pragma once

#include <semaphore.h>

#include <cerrno>

namespace sunder::live {

class Event {
public:
    Event() { ::sem_init(&semaphore_, 0, 0); }
    ~Event() { ::sem_destroy(&semaphore_); }
    Event(Event const&) = delete;
    Event& operator=(Event const&) = delete;

    void set() { ::sem_post(&semaphore_); }
    void wait() {
        while (::sem_wait(&semaphore_) != 0 && errno == EINTR) {
        }
    }

private:
    sem_t semaphore_;
};

}  // namespace sunder::live
