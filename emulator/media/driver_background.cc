// SPDX-License-Identifier: BSD-3-Clause
//
// What makes changes durable, and the work behind the scenes.
#include "emulator/media/driver.h"
#include "emulator/media/store.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace sunder::emulator::media {

namespace {

/// Changes, of some hundred bytes each.
constexpr std::uint64_t most_remembered = 200'000;

/// 4 MiB at once, which takes a millisecond: nobody else writes to the file meanwhile.
constexpr Slot most_punched = 64;

}  // namespace

// Who wants to be durable waits for the round that began after he came; one of those who wait makes
// it for all of them.
IoResult Driver::flush() {
    if (keeper_ == nullptr) return {};
    std::unique_lock waiting(flushing_);
    std::uint64_t const mine = ++asked_;
    while (done_ < mine) {
        if (running_) {
            flushed_.wait(waiting);
            continue;
        }
        running_ = true;
        std::uint64_t const all = asked_;
        waiting.unlock();
        int const result = save_once();
        waiting.lock();
        running_ = false;
        done_ = all;
        last_result_ = result;
        flushed_.notify_all();
    }
    if (last_result_ != 0) return std::unexpected(failed_medium(last_result_, "flush"));
    return {};
}

IoResult Driver::flush_at_the_end() {
    IoResult flushed = flush();
    if (flushed) return flushed;
    std::lock_guard const saving(saving_);
    IoError error = std::move(flushed.error());
    error.words += failed_ != 0
                       ? "; LOST is what was answered since the last flush that succeeded: a sync "
                         "failed, and nobody knows what the medium has of it (G11)"
                       : "; what was answered is kept, and the next start finds it, unless the "
                         "machine loses its power before";
    return std::unexpected(std::move(error));
}

IoResult Driver::make_durable() {
    if (keeper_ != nullptr) return flush();
    // Nobody may be reading in a slot that is given out again.
    std::unique_lock const nobody_inside(gate_);
    settle_all();
    return {};
}

void Driver::settle_all() {
    std::unique_lock const settling(map_);
    array_.settle(array_.state().map.commits());
}

int Driver::save_once() {
    std::lock_guard const saving(saving_);
    return save(false);
}

/// Under `map_`, alone: what changed outlives this process.
void Driver::remember() {
    if (keeper_ == nullptr) return;
    Rows const rows = rows_of(array_);
    if (rows.empty()) return;
    backlog_.add(rows);
    if (keeper_->remember(rows) != 0) unremembered_ = true;
    if (keeper_->remembered() - at_rest_ > most_remembered) crowded_ = true;
}

int Driver::save(bool alone) {
    if (failed_ != 0) return failed_;
    std::unique_lock<Gate> nobody_inside;
    // Who is never at rest would be remembered without end.
    if (!alone && keeper_->remembered() - at_rest_ > most_remembered) {
        nobody_inside = std::unique_lock(gate_);
        alone = true;
    }
    Rows rows;
    std::uint64_t times = 0;
    {
        std::unique_lock const collecting(map_);
        remember();  // if it cannot be, it can still be saved
        rows = backlog_.take();
        times = keeper_->remembered();
    }
    // What the rows point to was written before they were committed.
    int const error = media::make_durable(*data_, *keeper_, rows);
    if (error != 0) not_saved(rows, error);
    if (error != 0 || rows.empty()) return error;
    if (!alone) nobody_inside = std::unique_lock(gate_);
    std::unique_lock const settling(map_);
    array_.settle(rows.up_to);
    keeper_->saved(times);
    if (times != keeper_->remembered()) return 0;
    at_rest_ = times;
    unremembered_ = false;
    return 0;
}

void Driver::not_saved(Rows const& rows, int error) {
    std::unique_lock const collecting(map_);
    if (keeper_->sound()) {
        // Data and what is remembered are where they were: the next flush saves these as well.
        Backlog all;
        all.add(rows);
        all.add(backlog_.take());
        backlog_ = std::move(all);
        return;
    }
    failed_ = error;
    keeper_->distrust();
    unremembered_ = false;
}

int Driver::change_at_rest(std::function<bool()> const& change) {
    std::lock_guard const saving(saving_);
    if (failed_ != 0) return failed_;
    std::unique_lock const nobody_inside(gate_);
    {
        std::unique_lock const changing(map_);
        if (!change()) return 0;
    }
    if (keeper_ != nullptr) return save(true);
    settle_all();
    return 0;
}

/// Gives back to the file system what some slots hold that nobody has. They were free, so their end
/// is durable, nobody reads there any more (`save`), and nobody is given them meanwhile; requests
/// wait for no more than the file system makes those of one file wait. False: there were none.
bool Driver::punch() {
    std::lock_guard const punching(punching_);
    std::optional<std::pair<DiskGroupId, SlotRun>> found;
    {
        Alone const alone(map_);
        found = array_.take_remains(most_punched);
    }
    if (!found) return false;
    auto const [group, run] = *found;
    int const error = data_->punch(group, run.first * chunk_bytes, run.count * chunk_bytes);
    Alone const alone(map_);
    array_.emptied(group, run);
    // Whatever else goes wrong costs space, and nothing else.
    if (error == EOPNOTSUPP || error == ENOSYS) array_.keep_holes(false);
    return true;
}

bool Driver::step() {
    if (punch()) return true;
    std::optional<BackgroundStep> next;
    {
        std::shared_lock const passing(gate_);
        Alone alone(map_);
        next = array_.next_background_step();
        if (!next) {
            // Who deletes and then rests does not flush: what he freed would keep its space.
            std::uint64_t const waiting = array_.state().map.slots_waiting();
            std::uint64_t const before = std::exchange(waiting_, waiting);
            bool const rests = waiting != 0 && waiting == before;
            if (!rests || !array_.state().map.keeps_holes()) return false;
            next = MakeDurable{};
        }
        if (auto* const plan = std::get_if<Plan>(&*next)) {
            if (plan->release) {
                array_.commit(*plan);
                return true;
            }
            // Plans of one chunk are made under its lock, which comes before `map_`.
            std::mutex& chunk = lock_of(plan->line, plan->chunk);
            std::unique_lock mine(chunk, std::try_to_lock);
            if (!mine) {
                array_.abandon(*plan);
                alone.unlock();
                mine.lock();  // until whoever has it is done
                return true;
            }
            for (Copy const& copy : plan->copies) {
                if (copy.from) copied_ += sub_chunk_sectors * sector_bytes;
            }
            return finish(std::move(*plan), nullptr, 0, alone) == 0;
        }
    }
    if (std::holds_alternative<MakeDurable>(*next)) return make_durable().has_value();
    if (auto const* const done = std::get_if<Conclude>(&*next)) return conclude(*done);
    return overflow(std::get<Overflow>(*next)).has_value();
}

void Driver::start() {
    VERIFY(!worker_.joinable());
    worker_ = std::thread([this] { work(); });
}

void Driver::stop() {
    {
        std::lock_guard const guard(idle_);
        stopping_ = true;
    }
    woken_.notify_all();
    if (worker_.joinable()) worker_.join();
}

void Driver::wake() {
    {
        std::lock_guard const guard(idle_);
        wake_ = true;
    }
    woken_.notify_all();
}

void Driver::work() {
    using Clock = std::chrono::steady_clock;
    auto due = Clock::now();  // when what was copied so far may have been copied
    std::unique_lock waiting(idle_);
    while (!stopping_) {
        wake_ = false;
        waiting.unlock();
        std::uint64_t const before = copied_;
        bool const more = step();
        waiting.lock();
        if (!more) {
            // Hosts' writes give it work, too, and do not wake it: it looks now and then.
            woken_.wait_for(waiting, std::chrono::seconds(1), [&] { return wake_ || stopping_; });
            due = std::max(due, Clock::now());
            continue;
        }
        if (options_.background_rate == 0) continue;
        due +=
            std::chrono::nanoseconds((copied_ - before) * 1'000'000'000 / options_.background_rate);
        woken_.wait_until(waiting, due, [&] { return stopping_; });
    }
}

}  // namespace sunder::emulator::media
