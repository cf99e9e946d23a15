// SPDX-License-Identifier: BSD-3-Clause
//
// How often it is told that connections of strangers are refused. Whoever may connect may do so a
// thousand times a second, and say each time something else; so each reason is told once a minute
// for each address, with how often it was not told, and what is kept of them is bounded.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sunder::live {

class Refusals {
public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::chrono::seconds interval{60};
    /// Of addresses with their reasons, within an interval; of all others only their number is
    /// told.
    static constexpr std::size_t most_kept = 64;

    /// One more. `from` has the port behind the address; empty: on a Unix socket. What is to be
    /// told now: nothing, or one line.
    std::vector<std::string> add(std::string const& from, std::string const& reason, Time now);
    /// What has been withheld for long enough.
    std::vector<std::string> due(Time now);
    /// Something is withheld, or would be; `due` is to be asked again after an interval.
    [[nodiscard]] bool withholds() const { return !kept_.empty() || others_ != 0; }

private:
    struct Kept {
        std::string address;
        std::string reason;
        Time told;
        std::uint64_t withheld = 0;
    };

    std::vector<Kept> kept_;
    std::uint64_t others_ = 0;  // for which there was no room
    Time others_since_;
};

}  // namespace sunder::live
