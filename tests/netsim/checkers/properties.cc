// SPDX-License-Identifier: BSD-3-Clause
//
// The table of properties.
#include "tests/netsim/checkers/properties.h"

namespace sunder::netsim::test {

namespace {

constexpr Property table[] = {
    {"SAF-1"},
    {"SAF-2"},
    {"SAF-3"},
    {"SAF-4"},
    {"SAF-5"},
    {"SAF-6"},
    {"SAF-7"},
    {"SAF-8"},
    {"SAF-9"},
    {"SAF-10"},
    {"SAF-11"},
    {"SAF-12"},
    {"SAF-13"},
    {"SAF-14"},
    {"SAF-15"},
    {"SAF-16"},
    {"SAF-17"},
    {"SAF-18"},
    {.id = "SAF-19", .why_unjudged = "needs a rewind log, which is not built"},
    {.id = "SAF-20", .why_unjudged = "needs markers, which are not built"},
    {"SAF-21"},
    {"SAF-22"},
    {"SAF-23"},
    {"LIV-1"},
    {"LIV-2"},
    {"LIV-3"},
    {"LIV-4"},
    {.id = "LIV-5", .also_by = "mirror_equality"},
    {.id = "LIV-6", .also_by = "resync_completes"},
    {"LIV-7"},
    {"LIV-8"},
};

}  // namespace

std::span<Property const> properties() { return table; }

bool is_judged_by(Property const& property, CheckerText const& checker) {
    if (checker.name == property.also_by) return true;
    // A rule may be one of several: "SAF-11, R22, R25".
    return checker.rule.substr(0, checker.rule.find(',')) == property.id;
}

}  // namespace sunder::netsim::test
