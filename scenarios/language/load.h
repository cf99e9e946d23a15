// SPDX-License-Identifier: BSD-3-Clause
//
// From a file to scenarios that can be played, or to everything that is wrong with it: read
// (document.h), held against the grammar (shape.h), filled in from the file it includes, checked
// for being possible, and expanded into the cases of its matrix. Playing them is left to the
// director.
#pragma once

#include "scenarios/language/diagnostic.h"
#include "scenarios/language/document.h"
#include "scenarios/language/names.h"
#include "scenarios/language/scenario.h"

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sunder::language {

/// The cases of a file, at least one, in the order of its matrix; or what is wrong, in order.
using Loaded = std::expected<std::vector<Scenario>, std::vector<Diagnostic>>;

Loaded load(std::string const& path, KnownNames const& known = {});

/// As if `text` were the file at `path`; what it includes is read relative to that.
Loaded load_text(std::string const& path, std::string_view text, KnownNames const& known = {});

/// The cluster that another kind of file holds or includes, read from it already; what is wrong
/// with it is added to `found`. Nothing: it holds none.
std::optional<netsim::Cluster> load_cluster(Document const& document,
                                            std::vector<Diagnostic>& found);

}  // namespace sunder::language
