// SPDX-License-Identifier: BSD-3-Clause
//
// Names and files of findings.
#include "tools/campaign_findings.h"

#include <unistd.h>

#include <fmt/format.h>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace sunder::tools {

namespace {

namespace fs = std::filesystem;
using campaign::CaseResults;
using campaign::Finding;

/// A name that no other finding has: what an earlier campaign wrote is kept. Only letters and
/// digits of a case and a property get into it, whatever a file of results says.
std::string file_name(CaseResults const& one, Finding const& finding, std::string const& folder) {
    std::string name = fs::path(one.path).stem().string();
    auto const append = [&](std::string_view text) {
        if (!text.empty()) name += '-';
        for (char const c : text) {
            bool const plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
            name += plain ? c : '-';
        }
    };
    append(one.case_name);
    append(finding.property);
    for (unsigned number = 1;; ++number) {
        std::string const path =
            (fs::path(folder) /
             (number == 1 ? name + ".yaml" : fmt::format("{}-{}.yaml", name, number)))
                .string();
        std::ifstream taken(path);
        if (!taken) return path;
        std::string const text{std::istreambuf_iterator<char>(taken), {}};
        if (text == finding.text) return path;
    }
}

}  // namespace

bool FindingsFolder::can_be_written() const {
    std::error_code error;
    fs::path nearest = fs::absolute(folder_, error).lexically_normal();
    while (!fs::exists(fs::symlink_status(nearest, error)) && nearest.has_relative_path()) {
        nearest = nearest.parent_path();
    }
    bool const can = fs::is_directory(nearest, error) && access(nearest.c_str(), W_OK | X_OK) == 0;
    if (!can) {
        fmt::print(stderr,
                   "error: --findings: {} cannot be written: name a folder in which files can be "
                   "made\n",
                   folder_);
    }
    return can;
}

std::optional<std::string> FindingsFolder::written(CaseResults const& one, Finding const& finding) {
    auto const [place, fresh] =
        written_.try_emplace(std::tuple(one.path, one.case_name, finding.property));
    std::error_code error;
    fs::create_directories(folder_, error);
    Written& written = place->second;
    if (fresh) written.path = file_name(one, finding, folder_);
    written.finding = finding;
    std::ofstream file(written.path);
    file << finding.text;
    file.close();
    if (file) return written.path;
    fmt::print(stderr, "error: cannot write {}\n", written.path);
    return std::nullopt;
}

std::optional<std::string> FindingsFolder::write(CaseResults const& one, Finding const& finding) {
    std::lock_guard const lock(mutex_);
    return written(one, finding);
}

void FindingsFolder::write_shorter(CaseResults const& one) {
    std::lock_guard const lock(mutex_);
    for (Finding const& finding : one.findings) {
        auto const there = written_.find(std::tuple(one.path, one.case_name, finding.property));
        if (there != written_.end()) {
            Finding shorter = there->second.finding;
            keep_shorter(shorter, finding);
            if (shorter.text == there->second.finding.text) continue;
        }
        written(one, finding);
    }
}

}  // namespace sunder::tools
