// SPDX-License-Identifier: BSD-3-Clause
//
// Reads the corpus and its golden files.
#include "tests/language/corpus.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace sunder::test {

namespace fs = std::filesystem;

fs::path source_root() {
    // This file is tests/language/corpus.cc; the compiler was given its place in the tree.
    return fs::path(__FILE__).parent_path().parent_path().parent_path();
}

std::string path_in_corpus(std::string_view name) {
    return (source_root() / "tests/language/corpus" / name).string();
}

std::vector<std::string> corpus(std::string_view folder) {
    std::vector<std::string> names;
    for (fs::directory_entry const& entry : fs::directory_iterator(path_in_corpus(folder))) {
        fs::path const name = entry.path().filename();
        if (name.extension() == ".txt") continue;
        names.push_back((fs::path(folder) / name).string());
    }
    std::ranges::sort(names);
    return names;
}

std::string text_of_file(fs::path const& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

bool is_golden(fs::path const& path, std::string_view text) {
    bool const rewrite = std::getenv("SUNDER_REWRITE") != nullptr && std::getenv("CI") == nullptr;
    if (rewrite && text_of_file(path) != text) {
        std::ofstream(path, std::ios::binary) << text;
    }
    return text_of_file(path) == text;
}

}  // namespace sunder::test
