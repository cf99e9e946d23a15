// SPDX-License-Identifier: BSD-3-Clause
//
// The words of problems that several files find.
#pragma once

#include "emulator/media/store.h"

namespace sunder::emulator::media {

inline constexpr char const* restore_it =
    "nothing was changed; bring back the whole folder from a backup, or what is missing to its "
    "place";

/// "memory/array.db".
std::string place_of(Folder const& folder, std::string_view file);
/// An operation that the operating system refused, by its errno.
Problem refused(Folder const& folder, std::string_view file, std::string_view what, int error);

}  // namespace sunder::emulator::media
