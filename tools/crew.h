// SPDX-License-Identifier: BSD-3-Clause
//
// Threads that do the same thing, each to its own share, and wait for one another: between two
// calls none of them runs. Share 0 belongs to the caller, and each other one always to the same
// thread.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace sunder::tools {

/// As many as were asked for; 0: as there are processors.
inline unsigned threads_of(unsigned asked) {
    return asked != 0 ? asked : std::max(1U, std::thread::hardware_concurrency());
}

class Crew {
public:
    explicit Crew(unsigned size) {
        for (unsigned share = 1; share < size; ++share) {
            helpers_.emplace_back([this, share] { help(share); });
        }
    }
    Crew(Crew const&) = delete;
    Crew& operator=(Crew const&) = delete;
    ~Crew() {
        {
            std::lock_guard const lock(mutex_);
            over_ = true;
        }
        begins_.notify_all();
        for (std::thread& helper : helpers_) helper.join();
    }

    [[nodiscard]] unsigned size() const { return static_cast<unsigned>(helpers_.size() + 1); }

    /// Calls `work(share)` for each share, and returns when all are done.
    void operator()(std::function<void(unsigned)> const& work) {
        if (!helpers_.empty()) {
            std::lock_guard const lock(mutex_);
            work_ = &work;
            at_work_ = helpers_.size();
            ++turn_;
        }
        begins_.notify_all();
        work(0);
        std::unique_lock lock(mutex_);
        ends_.wait(lock, [&] { return at_work_ == 0; });
    }

private:
    void help(unsigned share) {
        std::size_t done = 0;
        std::unique_lock lock(mutex_);
        for (;;) {
            begins_.wait(lock, [&] { return over_ || turn_ != done; });
            if (over_) return;
            done = turn_;
            std::function<void(unsigned)> const& work = *work_;
            lock.unlock();
            work(share);
            lock.lock();
            if (--at_work_ == 0) ends_.notify_one();
        }
    }

    std::mutex mutex_;
    std::condition_variable begins_;
    std::condition_variable ends_;
    std::function<void(unsigned)> const* work_ = nullptr;
    std::size_t at_work_ = 0;
    std::size_t turn_ = 0;
    bool over_ = false;
    std::vector<std::thread> helpers_;
};

}  // namespace sunder::tools
