// SPDX-License-Identifier: BSD-3-Clause
//
// What those who write recordings and those who read them agree on (nodes/live/recording.h says
// what a file holds).
#pragma once

#include "base/sealed.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sunder::live {

inline constexpr Seal recording_seal{"SunLife.", "the recording of a node's life", 2};
inline constexpr std::size_t recorded_entry_bytes = 32;
inline constexpr std::size_t recorded_checked_bytes = recorded_entry_bytes - sizeof(std::uint64_t);
inline constexpr std::uint8_t recorded_end = 0xff;  ///< in place of a machine
enum class Recorded : std::uint8_t { input = 0, state = 1 };

/// Where a file belongs, as its name says.
struct RecordedPlace {
    std::uint64_t life = 0;  ///< counted in its folder
    std::uint64_t part = 0;
    friend auto operator<=>(RecordedPlace, RecordedPlace) = default;
};
RecordedPlace recorded_place(std::string const& path);
std::string recorded_path(std::string const& folder, RecordedPlace place);
/// The files in a folder, the oldest first.
std::vector<std::string> recorded_parts(std::string const& folder);

}  // namespace sunder::live
