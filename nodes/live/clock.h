// SPDX-License-Identifier: BSD-3-Clause
//
// Time for a node that is real: what is to be done later, by a clock that goes on while the machine
// is suspended (CLOCK_BOOTTIME), so that a lease that ran out in the meantime is known to have.
#pragma once

#include "base/units.h"

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace sunder::live {

/// Since the machine booted, suspended or not.
Duration boot_time();

class Clock {
public:
    using Token = std::uint64_t;

    Clock();
    ~Clock();
    Clock(Clock const&) = delete;
    Clock& operator=(Clock const&) = delete;

    /// To be called in the process that serves, after it forked.
    void start();
    /// Nothing is called any more when it returns.
    void stop();

    /// Calls `what` once, on the clock's own thread, which it must not keep. Any thread.
    Token after(Duration time, std::function<void()> what);
    /// It is not called any more, unless it is being called already.
    void cancel(Token token);

private:
    using Key = std::pair<std::int64_t, Token>;  // due at, in ns
    void run();
    void set_timer();

    int timer_;
    std::mutex lock_;
    std::map<Key, std::function<void()>> due_;
    std::map<Token, std::int64_t> tokens_;
    Token next_ = 1;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace sunder::live
