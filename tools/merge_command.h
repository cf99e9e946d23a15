// SPDX-License-Identifier: BSD-3-Clause
//
// `sunder report merge`: what several machines found, as one.
#pragma once

#include <string>
#include <vector>

namespace sunder::tools {

struct MergeRequest {
    std::vector<std::string> files;
    std::string findings = "findings";
    std::string json_file;
};
int merge_reports(MergeRequest const& request);

}  // namespace sunder::tools
