// SPDX-License-Identifier: BSD-3-Clause
//
// The results of a campaign as a file, for merging what several machines found. The format has a
// version of its own; a file of another one is refused.
#pragma once

#include "scenarios/campaign/results.h"

#include <cstdint>
#include <expected>
#include <string>

namespace sunder::tools {

inline constexpr std::uint64_t format_version = 7;

std::string to_json(campaign::Results const& results);
/// Nothing is written where no path is given. False when it cannot be, which is said. Whoever reads
/// it meanwhile, or after a death, finds all of it or what was there before.
bool write_results(std::string const& path, campaign::Results const& results);
/// Whether `write_results` will find its place, asked before hours are spent. False is said.
bool can_write_results(std::string const& path);
/// An error says what is wrong with the text, where, and what would be right. What it returns can
/// be merged and told, if `campaign::why_not_merged` has nothing against it.
std::expected<campaign::Results, std::string> results_of(std::string const& text);

}  // namespace sunder::tools
