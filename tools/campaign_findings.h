// SPDX-License-Identifier: BSD-3-Clause
//
// The folder of what campaigns find: each finding is a scenario file, written when it is found, and
// written over when a shorter way to the same is.
#pragma once

#include "scenarios/campaign/results.h"

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>

namespace sunder::tools {

class FindingsFolder {
public:
    explicit FindingsFolder(std::string folder) : folder_(std::move(folder)) {}

    /// Whether findings can be written, asked before hours are spent; nothing is made. False is
    /// said.
    [[nodiscard]] bool can_be_written() const;
    /// The finding's file; nothing when it cannot be written, which is said. Any thread may call.
    std::optional<std::string> write(campaign::CaseResults const& one,
                                     campaign::Finding const& finding);
    /// All findings of a searcher that are shorter than what is there.
    void write_shorter(campaign::CaseResults const& one);

private:
    struct Written {
        std::string path;
        campaign::Finding finding;
    };
    std::optional<std::string> written(campaign::CaseResults const& one,
                                       campaign::Finding const& finding);

    std::string folder_;
    std::mutex mutex_;
    std::map<std::tuple<std::string, std::string, std::string>, Written> written_;
};

}  // namespace sunder::tools
