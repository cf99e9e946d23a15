// SPDX-License-Identifier: BSD-3-Clause
//
// What every checker is: a value that is shown each observation and says what it found. History
// checkers look at observations only; state checkers also look into the world. What a checker
// assumes stands in its own file; outside its assumptions an outcome is "allowed by policy", named
// and counted.
#pragma once

#include "base/units.h"
#include "netsim/observation.h"
#include "netsim/world.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sunder::netsim {

/// A property that did not hold.
struct Violation {
    std::string property;  ///< the checker's name, as in scenario files
    std::string rule;      ///< "SAF-1"
    Duration at;
    std::string story;  ///< in words: which write, which nodes, what should have been
    friend bool operator==(Violation const&, Violation const&) = default;
};

/// Collects what checkers find. Only the first violation of each property is kept: what follows it
/// usually follows from it.
class Findings {
public:
    void violated(std::string_view property, std::string_view rule, Duration at, std::string story);
    /// An outcome outside the assumptions, or one that a policy accepts: named and counted.
    void allowed(std::string_view property, std::string const& what, std::uint64_t count = 1);
    [[nodiscard]] std::vector<Violation> const& violations() const { return violations_; }
    /// "no_lost_acknowledged_write: asynchronous tail" to how often.
    [[nodiscard]] std::map<std::string, std::uint64_t> const& allowances() const {
        return allowed_;
    }

private:
    std::vector<Violation> violations_;
    std::map<std::string, std::uint64_t> allowed_;
};

/// Name, rule and one sentence, for lists and reports.
struct CheckerText {
    std::string_view name;
    std::string_view rule;
    std::string_view words;
    /// It holds whatever the stable cells and intent logs say, also when they were put back.
    bool without_memory = false;
    bool of_arrays = false;  ///< it is about disk arrays, and sees no cluster
};

}  // namespace sunder::netsim
