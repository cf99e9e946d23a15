// SPDX-License-Identifier: BSD-3-Clause
//
// SPIN on a model of the size of ours, on the same machine in the same minute.
#pragma once

#include <optional>

namespace sunder::bench {

/// Distinct states a second without its reductions, as its verifier says; the median of three runs.
/// Nothing when SPIN is not installed.
[[nodiscard]] std::optional<double> spin_states_per_second();

}  // namespace sunder::bench
