// SPDX-License-Identifier: BSD-3-Clause
//
// Which part of a campaign this process is, when many share one: as it was told, or as a Slurm
// array or a Kubernetes indexed job says it in the environment.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>

namespace sunder::tools {

struct Shard {
    std::uint64_t index = 1;  ///< 1..count
    std::uint64_t count = 1;
    friend bool operator==(Shard const&, Shard const&) = default;
};
/// "3/16".
std::string to_text(Shard);

/// The value of a variable of the environment, if it is set.
using Environment = std::function<std::optional<std::string>(char const*)>;
Environment process_environment();

/// `asked`: "i/n", or empty. Then `SLURM_ARRAY_TASK_ID` among `SLURM_ARRAY_TASK_MIN`, `_MAX` and
/// `_STEP` counts, if these are all tasks that there are, or `JOB_COMPLETION_INDEX` of
/// `SUNDER_SHARDS`; without any it is the only one. An error says what is wrong and what would be
/// right.
std::expected<Shard, std::string> shard_of(std::string const& asked, Environment const&);

}  // namespace sunder::tools
