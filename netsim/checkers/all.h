// SPDX-License-Identifier: BSD-3-Clause
//
// All checkers together, in the order in which they are shown things.
#pragma once

#include "netsim/checkers/checker.h"

#include <memory>
#include <optional>
#include <span>

namespace sunder::netsim {

class Checkers {
public:
    /// Turns on in `world` whatever has to be watched.
    explicit Checkers(World& world);
    ~Checkers();
    Checkers(Checkers const&);
    Checkers& operator=(Checkers const&);

    /// Shows one observation; the world is as it was left by the event that made it.
    void see(World const& world, Observation const& observation, Findings& findings);
    /// The next moment at which a deadline passes unless something happens before.
    [[nodiscard]] std::optional<Duration> deadline() const;
    /// Time has come to `world.now()`, with no event left before it.
    void passed(World const& world, Findings& findings);
    /// The run is over and nothing is pending.
    void finish(World const& world, Findings& findings);

    /// How many acknowledged writes were missing when a node came in service last.
    [[nodiscard]] std::uint64_t writes_lost(GroupId group) const;

    [[nodiscard]] static std::span<CheckerText const> texts();

private:
    struct All;
    std::unique_ptr<All> all_;
};

}  // namespace sunder::netsim
