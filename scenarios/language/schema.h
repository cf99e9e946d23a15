// SPDX-License-Identifier: BSD-3-Clause
//
// Writes a grammar as a draft-07 JSON Schema, which gives editors completion, hover help and errors
// while typing. It decides how each shape is said in the schema's words; what the shapes are is
// left to scenario_shape.h.
#pragma once

#include "scenarios/language/shape.h"

#include <string>
#include <string_view>

namespace sunder::language {

/// The schema as text, with keys in a stable order and a line break at its end.
std::string schema_of(Shape const&, std::string_view title, std::string_view about);

}  // namespace sunder::language
