// SPDX-License-Identifier: BSD-3-Clause
//
// The application of an array's host: makes a workload's requests to one volume. It waits while the
// array has no power, and ends when it is refused something, as a file system that turns read-only.
#pragma once

#include "netsim/array_note.h"
#include "netsim/world.h"
#include "scenarios/language/scenario.h"

#include <cstdint>

namespace sunder::language {

class ArrayApplication {
public:
    /// `number`, from 1, is what its requests carry; `alarm`: what its alarms do.
    ArrayApplication(ArrayWorkload const& workload, std::uint8_t number, std::uint32_t alarm)
        : workload_(workload), number_(number), alarm_(alarm), running_(workload.started) {}

    void start(netsim::World& world);
    void stop() { running_ = false; }
    [[nodiscard]] bool running() const { return running_; }
    [[nodiscard]] netsim::ArrayId array() const { return workload_.array; }

    void rang(netsim::World& world);
    /// One of this application's requests was answered.
    void answered(netsim::World& world, netsim::array_note::Answered const& answer);
    void lost_power() { outstanding_ = 0; }

private:
    /// An open loop does not pile up requests without end before an array that is slow.
    static constexpr std::uint32_t most_outstanding = 1024;

    [[nodiscard]] bool wants_more(netsim::World const& world) const;
    void issue(netsim::World& world);
    void fill(netsim::World& world);
    void arm(netsim::World& world);

    ArrayWorkload workload_;
    std::uint8_t number_;
    std::uint32_t alarm_;
    std::uint32_t outstanding_ = 0;
    std::uint64_t issued_ = 0;
    std::uint64_t writes_ = 0;
    std::uint64_t position_ = 0;
    bool running_;
    bool armed_ = false;
};

}  // namespace sunder::language
