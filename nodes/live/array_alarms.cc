// SPDX-License-Identifier: BSD-3-Clause
//
// What is compared with what was, and the words for it.
#include "nodes/live/array_alarms.h"

#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace sunder::live {

using namespace emulator;

namespace {

using Clock = std::chrono::steady_clock;

/// At least; and who writes to a large array waits no more than a fiftieth of the time.
constexpr std::chrono::milliseconds between_looks{200};
constexpr int times_a_look = 50;

std::pair<Level, std::string> crossed(State const& state, DiskGroupId id, Occupancy before,
                                      Occupancy now) {
    DiskGroup const& group = state.catalogue.groups.at(id);
    Capacity const capacity = capacity_of(state, id);
    // Of the two levels that which lies between; the upper one when both do.
    bool const rises = now > before;
    Occupancy const level = rises ? now : before;
    unsigned const percent =
        level == Occupancy::alarm ? group.alarm_percent : group.warning_percent;
    std::string words =
        fmt::format("disk group '{}' {} its {} level of {} %: {} of {} are used",
                    printable(group.name), rises ? "has reached" : "is below", name_of(level),
                    percent, to_text(ByteCount{capacity.used}), to_text(ByteCount{capacity.total}));
    if (!rises && now == Occupancy::warning) words += "; it is above its warning level";
    Level const weight = !rises                    ? Level::notice
                         : now == Occupancy::alarm ? Level::error
                                                   : Level::warning;
    return {weight, std::move(words)};
}

}  // namespace

ArrayAlarms::Lines ArrayAlarms::look(State const& state) {
    Lines lines;
    std::map<DiskGroupId, Occupancy> levels;
    for (auto const& [id, group] : state.catalogue.groups) {
        Occupancy const now = group.failed ? Occupancy::normal : occupancy_of(state, id);
        levels[id] = now;
        auto const known = levels_.find(id);
        Occupancy const before = known == levels_.end() ? Occupancy::normal : known->second;
        if (now != before && !group.failed) lines.push_back(crossed(state, id, before, now));
    }
    levels_ = std::move(levels);
    std::set<VolumeId> invalid;
    for (auto const& [id, volume] : state.catalogue.volumes) {
        auto const* const snapshot = volume.as<role::Snapshot>();
        if (snapshot == nullptr || !snapshot->invalid) continue;
        invalid.insert(id);
        if (invalid_.contains(id)) continue;
        auto const source = state.catalogue.volumes.find(snapshot->source);
        lines.emplace_back(
            Level::error,
            fmt::format("snapshot '{}' of '{}' could not grow and is invalid; it can only be "
                        "deleted (arrays A10)",
                        printable(volume.name),
                        source == state.catalogue.volumes.end() ? std::string("?")
                                                                : printable(source->second.name)));
    }
    invalid_ = std::move(invalid);
    return lines;
}

void AlarmWatch::look() {
    std::lock_guard const looking(looking_);
    auto const lines =
        driver_.look_at([&](Array const& array) { return alarms_.look(array.state()); });
    for (auto const& [level, words] : lines) log(level, words);
}

void AlarmWatch::start() {
    thread_ = std::thread([this] {
        std::unique_lock lock(lock_);
        while (!over_) {
            lock.unlock();
            auto const begun = Clock::now();
            look();
            auto const took = Clock::now() - begun;
            lock.lock();
            ended_.wait_for(lock, std::max<Clock::duration>(between_looks, times_a_look * took),
                            [this] { return over_; });
        }
    });
}

void AlarmWatch::stop() {
    if (!thread_.joinable()) return;
    {
        std::lock_guard const lock(lock_);
        over_ = true;
    }
    ended_.notify_all();
    thread_.join();
    look();  // what happened since is said, too
}

}  // namespace sunder::live
