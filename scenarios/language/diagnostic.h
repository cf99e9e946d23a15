// SPDX-License-Identifier: BSD-3-Clause
//
// What is wrong with a scenario file, where, and what would be right. It decides the stable codes
// and the caret form in which people read it; other forms (JSON, annotations) are left to the
// tools, which find everything they need in the value.
#pragma once

#include "scenarios/language/place.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sunder::language {

/// Kinds of mistake. The spellings are printed and stay as they are once released.
enum class Code {
    // the file
    unreadable_file,
    not_utf8,
    syntax,
    empty_file,
    many_documents,
    anchor,
    tag,
    bad_key,
    duplicate_key,
    too_deep,
    // its shape
    wrong_kind,
    unknown_key,
    missing_key,
    exclusive_keys,
    wrong_length,
    repeated_item,
    unknown_word,
    bad_text,
    bad_number,
    bad_quantity,
    // its meaning
    unknown_name,
    duplicate_name,
    bad_link,
    no_route,
    bad_size,
    bad_priority,
    bad_mirror,
    bad_intent_log,
    bad_bandwidth,
    bad_time,
    bad_workload,
    outside_volume,
    bad_step,
    bad_include,
    bad_matrix,
    bad_quorum,
    bad_hierarchy,
    bad_multi_site,
    bad_array,
};
inline constexpr Code last_code = Code::bad_array;

std::string_view name_of(Code) noexcept;

/// One mistake.
struct Diagnostic {
    std::string path;         ///< of the file it is in, which may be an included one
    Place place;              ///< line 0: the file as a whole
    std::uint32_t width = 1;  ///< characters to underline
    Code code = Code::syntax;
    std::string message;               ///< what is wrong
    std::string hint;                  ///< what would be right; may be empty
    std::vector<std::string> allowed;  ///< the words that may stand there, if they can be listed
    std::string line;                  ///< the line itself, printable
    friend bool operator==(Diagnostic const&, Diagnostic const&) = default;
};

/// More of them than this nobody reads at once.
inline constexpr std::size_t most_diagnostics = 20;

/// In the order of the file (`main_path` before the files it includes), without repetitions, at
/// most `most_diagnostics`.
std::vector<Diagnostic> in_order(std::vector<Diagnostic> found, std::string_view main_path);

/// The caret form:
///
///     error: unknown state 'insync' [unknown_word]
///       --> failover2.yaml:14:31
///        14 |   - wait: {mirror: v1, is: insync}
///           |                            ^^^^^^ did you mean 'resyncing'?   allowed: ...
std::string to_text(Diagnostic const&);

/// All of them, one after another.
std::string to_text(std::span<Diagnostic const>);

}  // namespace sunder::language
