// SPDX-License-Identifier: BSD-3-Clause
//
// Tells the log what an array's operators have to hear of without asking: that the occupancy of a
// disk group crossed one of its levels (arrays A1), and that a snapshot could not grow and became
// invalid (A10). It looks a few times a second, so that requests of hosts cost nothing, and when it
// is told to; what these things are is the array's business.
#pragma once

#include "emulator/media/driver.h"
#include "nodes/live/log.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace sunder::live {

/// What became so since it was looked at before; at first, what is so.
class ArrayAlarms {
public:
    using Lines = std::vector<std::pair<Level, std::string>>;
    Lines look(emulator::State const& state);

private:
    std::map<emulator::DiskGroupId, emulator::Occupancy> levels_;
    std::set<emulator::VolumeId> invalid_;
};

/// One thread more, between `start` and `stop`.
class AlarmWatch {
public:
    explicit AlarmWatch(emulator::media::Driver const& driver) : driver_(driver) {}
    ~AlarmWatch() { stop(); }
    AlarmWatch(AlarmWatch const&) = delete;
    AlarmWatch& operator=(AlarmWatch const&) = delete;

    void start();
    void stop();
    /// Any thread.
    void look();

private:
    emulator::media::Driver const& driver_;
    std::mutex looking_;
    ArrayAlarms alarms_;
    std::mutex lock_;
    std::condition_variable ended_;
    bool over_ = false;
    std::thread thread_;
};

}  // namespace sunder::live
