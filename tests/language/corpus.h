// SPDX-License-Identifier: BSD-3-Clause
//
// The corpus of small scenario files, and golden files: what is printed must stay what it was until
// somebody says otherwise.
//
// accept/      is loaded
// reject/      does not have the shape of a scenario, or is no YAML of ours
// impossible/  has the shape, but cannot be
// shared/      is included by others
//
// Beside each file of reject/ and impossible/ stands a .txt with the diagnostics. A run with
// SUNDER_REWRITE=1 in the environment writes the golden files anew; in CI nothing ever does.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sunder::test {

/// The folder that holds base/, scenarios/ and so on.
std::filesystem::path source_root();

/// The scenario files of a folder of the corpus, as "accept/smallest.yaml", in order.
std::vector<std::string> corpus(std::string_view folder);

/// Of a file of the corpus, or any other.
std::string path_in_corpus(std::string_view name);
std::string text_of_file(std::filesystem::path const& path);

/// Whether the golden file holds this text. Rewrites it first, if that was asked for.
bool is_golden(std::filesystem::path const& path, std::string_view text);

}  // namespace sunder::test
