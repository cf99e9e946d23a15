// SPDX-License-Identifier: BSD-3-Clause
//
// A timer of the operating system, set to the earliest of what is due.
#include "nodes/live/clock.h"

#include "base/verify.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>

namespace sunder::live {

Duration boot_time() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return Duration{std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec};
}

Clock::Clock() : timer_(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC)) { VERIFY(timer_ >= 0); }

Clock::~Clock() {
    stop();
    ::close(timer_);
}

void Clock::start() {
    thread_ = std::thread([this] { run(); });
}

void Clock::stop() {
    if (!thread_.joinable()) return;
    after({}, [this] {
        std::lock_guard const lock(lock_);
        stopping_ = true;
    });
    thread_.join();
}

/// To the earliest; requires the lock.
void Clock::set_timer() {
    itimerspec when{};
    if (!due_.empty()) {
        std::int64_t const at = std::max<std::int64_t>(due_.begin()->first.first, 1);
        when.it_value = {at / 1'000'000'000, at % 1'000'000'000};
    }
    ::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr);
}

Clock::Token Clock::after(Duration time, std::function<void()> what) {
    std::lock_guard const lock(lock_);
    Token const token = next_++;
    std::int64_t const at = (boot_time() + time).ns;
    bool const first = due_.empty() || Key{at, token} < due_.begin()->first;
    due_.emplace(Key{at, token}, std::move(what));
    tokens_.emplace(token, at);
    if (first) set_timer();
    return token;
}

void Clock::cancel(Token token) {
    std::lock_guard const lock(lock_);
    auto const found = tokens_.find(token);
    if (found == tokens_.end()) return;
    due_.erase({found->second, token});
    tokens_.erase(found);
}

void Clock::run() {
    std::unique_lock lock(lock_);
    while (!stopping_) {
        if (due_.empty() || due_.begin()->first.first > boot_time().ns) {
            set_timer();
            lock.unlock();
            std::uint64_t expired = 0;
            [[maybe_unused]] ssize_t const got = ::read(timer_, &expired, sizeof expired);
            lock.lock();
            continue;
        }
        std::function<void()> const what = std::move(due_.begin()->second);
        tokens_.erase(due_.begin()->first.second);
        due_.erase(due_.begin());
        lock.unlock();
        what();
        lock.lock();
    }
}

}  // namespace sunder::live
