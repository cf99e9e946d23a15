// SPDX-License-Identifier: BSD-3-Clause
//
// What can be seen of an array from outside: what its hosts and operators asked and were told, what
// became durable, what changed behind the scenes, what befell it. Names are those that volumes had
// when it happened.
#pragma once

#include "base/payload.h"
#include "netsim/array_reports.h"
#include "netsim/disk.h"
#include "replication/seam.h"

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace sunder::netsim {

namespace array_note {

struct Request {
    RequestId id;
    std::string volume;
    replication::HostOp op = replication::HostOp::read;
    Extent range;
    std::uint64_t content = 0;  ///< pattern id of a write
};
/// A host asked. `volume`: nothing, when no volume has that name.
struct Asked {
    Request request;
    std::optional<emulator::VolumeId> volume{};
};
/// And was told. A request that was under way when the power went is never answered.
struct Answered {
    Request request;
    std::optional<emulator::VolumeId> volume{};
    std::optional<emulator::IoRule> refused{};  ///< some of a write may be there all the same
    Payload payload{};                          ///< of a read
};
/// An operator asked for it. If it was not refused it is durable.
struct Commanded {
    emulator::Command command;
    std::vector<emulator::VolumeId> made{};
    std::optional<emulator::Refusal> refused{};
};
/// Data was put where it belongs, and the map does not say so yet.
struct Placed {
    ArrayWork what = ArrayWork::write;
    std::string volume;
};
/// The map says so.
struct Entered {
    ArrayWork what = ArrayWork::write;
    std::string volume;
};
/// Everything that was entered until now survives a power cut.
struct Durable {};
/// Snapshots of a family could not grow (arrays A10). It is durable.
struct Invalidated {
    std::vector<std::pair<emulator::VolumeId, std::string>> snapshots{};
};
/// What the array reports of a volume is another thing than before.
struct ReportChanged {
    emulator::VolumeId id;
    std::string volume;
    ArrayReport from = ArrayReport::independent;
    ArrayReport to = ArrayReport::independent;
};
struct OccupancyChanged {
    std::string group;
    emulator::Occupancy to = emulator::Occupancy::normal;
};
/// Of the sectors that were written since the last flush so many are as they were written.
struct PowerLost {
    std::uint64_t kept = 0;
    std::uint64_t lost = 0;
    std::optional<ArrayWork> between{};  ///< what was placed, and was not entered
};
struct PoweredOn {};

}  // namespace array_note

struct ArrayNote {
    using What =
        std::variant<array_note::Asked, array_note::Answered, array_note::Commanded,
                     array_note::Placed, array_note::Entered, array_note::Durable,
                     array_note::Invalidated, array_note::ReportChanged,
                     array_note::OccupancyChanged, array_note::PowerLost, array_note::PoweredOn>;
    What what;
};

}  // namespace sunder::netsim
