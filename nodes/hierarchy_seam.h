// SPDX-License-Identifier: BSD-3-Clause
//
// The seam of a hierarchy's machine on one node: what it is told and tells, and what it has done to
// the resources. How one is started is the driver's business, and so is finding out that one has
// failed (R100).
#pragma once

#include "nodes/hierarchy.h"

#include <boost/container/small_vector.hpp>
#include <memory>
#include <variant>

namespace sunder::nodes::hierarchy {

enum class Action : std::uint8_t {
    start,
    stop,
    recover,  ///< R100: repair it where it is, while what stands on it stays
};
std::string_view name_of(Action);

// What the membership machine says.
namespace command {
/// The mirror is in service here: start what stands on it, bottom-up.
struct Rise {
    std::uint32_t number = 0;  ///< comes back in the reports
    bool again = false;        ///< try what has failed, too
};
/// Stop everything, top-down.
struct Fall {
    std::uint32_t number = 0;
    bool regardless = false;  ///< the mirror is gone, or has to go: nothing can hold this up
};
/// It is configured like this from now on; what is there stays as it is.
struct Change {
    std::shared_ptr<Hierarchy const> to;
};
}  // namespace command
using Command = std::variant<command::Rise, command::Fall, command::Change>;

namespace input {
struct Commanded {
    Command command;
};
struct ActionDone {
    ResourceId resource;
    Action action = Action::start;
    bool ok = true;
};
/// The health check found it failed (R100).
struct FoundFailed {
    ResourceId resource;
};
}  // namespace input
using Input = std::variant<input::Commanded, input::ActionDone, input::FoundFailed>;

/// Where the hierarchy has come to, for the membership machine.
struct Report {
    bool up = true;              ///< every resource is in service
    bool down = true;            ///< none is, nor on the way
    bool failed = false;         ///< one has failed here, and local recovery was in vain (OSF, R86)
    std::uint32_t failures = 0;  ///< how often that happened
    std::uint32_t stuck = 0;     ///< how often it did not come down, because one did not stop
    std::uint32_t obeys = 0;     ///< the last command that was heard
    friend bool operator==(Report const&, Report const&) = default;
};

/// What happened to one resource.
struct Changed {
    enum class To : std::uint8_t {
        in_service,
        out_of_service,
        recovering,
        recovered,
        failed,         ///< for good: out of service failed (R86)
        does_not_stop,  ///< and stays in service
        abandoned,      ///< it did not stop either, but the mirror is gone
    };
    ResourceId resource;
    To to = To::in_service;
    friend bool operator==(Changed const&, Changed const&) = default;
};
/// All of it is in service, or not any more.
struct UpOrDown {
    bool up = true;
};
using Note = std::variant<Changed, UpOrDown>;

namespace output {
/// Answered by `ActionDone`.
struct Act {
    ResourceId resource;
    Action action = Action::start;
};
struct Reported {
    Report report;
};
struct Noted {
    Note note;
};
}  // namespace output
using Output = std::variant<output::Act, output::Reported, output::Noted>;
using Outbox = boost::container::small_vector<Output, 8>;

}  // namespace sunder::nodes::hierarchy
