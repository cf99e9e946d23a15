// SPDX-License-Identifier: BSD-3-Clause
//
// The checksum of what travels and of what is stored: XXH3, 64 bits, seed 0. It tells damage from
// data; it does not keep anybody from making it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>

namespace sunder {

/// Of the parts, one behind another.
[[nodiscard]] std::uint64_t checksum(std::initializer_list<std::span<std::byte const>> parts);

}  // namespace sunder
