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
    {.id = "SAF-7",
     .why_unjudged = "no observation carries the era of a record; that a lower one is refused is "
                     "the machine's own test"},
    {"SAF-8"},
    {"SAF-9"},
    {"SAF-10"},
    {"SAF-11"},
    {"SAF-12"},
    {"SAF-13"},
    {"SAF-14"},
    {.id = "SAF-15",
     .why_unjudged =
         "nothing here has checksums, so nobody can tell which copy is right; what a disk "
         "falsified is named, wherever it spreads"},
    {"SAF-16"},
    {"SAF-17"},
    {"SAF-18"},
    {.id = "SAF-19", .why_unjudged = "needs a rewind log, which is not built"},
    {.id = "SAF-20", .why_unjudged = "needs markers, which are not built"},
    {.id = "SAF-21",
     .why_unjudged = "records outside the volume and volumes that do not fit are refused; tests of "
                     "the machine and of the language"},
    {.id = "SAF-22",
     .why_unjudged = "of the simulator: the first seed of each run is played twice and compared"},
    {"SAF-23"},
    {"LIV-1"},
    {"LIV-2"},
    {"LIV-3"},
    {"LIV-4"},
    {.id = "LIV-5", .also_by = "mirror_equality"},
    {.id = "LIV-6", .why_unjudged = "nothing is scheduled: an operator pauses and resumes by hand"},
    {.id = "LIV-7",
     .why_unjudged =
         "scenarios of split brain wait for the loser; no checker asks for it in other runs"},
    {.id = "LIV-8",
     .why_unjudged =
         "a scenario interrupts a resync again and again; no checker counts what is copied twice"},
};

}  // namespace

std::span<Property const> properties() { return table; }

bool is_judged_by(Property const& property, CheckerText const& checker) {
    if (checker.name == property.also_by) return true;
    // A rule may be one of several: "SAF-11, R22, R25".
    return checker.rule.substr(0, checker.rule.find(',')) == property.id;
}

}  // namespace sunder::netsim::test
