// SPDX-License-Identifier: BSD-3-Clause
//
// The number of a minute is told when that is over; so whoever goes on is told of again.
#include "nodes/live/refusals.h"

#include <fmt/format.h>

#include <algorithm>

namespace sunder::live {

namespace {

/// Each connection of one machine has another port.
std::string without_port(std::string const& from) { return from.substr(0, from.rfind(':')); }

std::string line(std::string const& from, std::string const& reason) {
    return fmt::format("a connection{}{} was refused: {}", from.empty() ? "" : " from ", from,
                       reason);
}

}  // namespace

std::vector<std::string> Refusals::add(std::string const& from, std::string const& reason,
                                       Time now) {
    std::vector<std::string> told = due(now);
    std::string const address = without_port(from);
    auto const same = std::ranges::find_if(
        kept_, [&](Kept const& one) { return one.address == address && one.reason == reason; });
    if (same != kept_.end()) {
        ++same->withheld;
    } else if (kept_.size() < most_kept) {
        kept_.push_back({address, reason, now});
        told.push_back(line(from, reason));
    } else {
        if (others_++ == 0) others_since_ = now;
    }
    return told;
}

std::vector<std::string> Refusals::due(Time now) {
    std::vector<std::string> told;
    std::erase_if(kept_, [&](Kept const& one) {
        if (now - one.told < interval) return false;
        if (one.withheld != 0) {
            told.push_back(fmt::format("{}; {} more in the last minute",
                                       line(one.address, one.reason), one.withheld));
        }
        return true;
    });
    if (others_ != 0 && now - others_since_ >= interval) {
        told.push_back(fmt::format(
            "{} more connections were refused in the last minute, from other places or for other "
            "reasons",
            std::exchange(others_, 0)));
    }
    return told;
}

}  // namespace sunder::live
