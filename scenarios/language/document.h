// SPDX-License-Identifier: BSD-3-Clause
//
// A YAML 1.2 (or JSON) file as a tree whose every key and value knows where it stands. It decides
// what of YAML is spoken here: one document of mappings, lists and scalars, each key once; no
// anchors, tags or second documents. A scalar is its text: whether `64 KiB`, `yes` or `10` is meant
// as a quantity, a boolean or a number is left to the grammar (shape.h), so that a node may be
// called `no`.
#pragma once

#include "scenarios/language/diagnostic.h"
#include "scenarios/language/place.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sunder::language {

struct Entry;

/// A value of the file.
struct Node {
    enum class Kind { scalar, list, mapping };
    Kind kind = Kind::scalar;
    Span span;
    bool quoted = false;         ///< a scalar in quotes, or a block of text: always a string
    bool flow = false;           ///< a list in brackets or a mapping in braces
    bool broken = false;         ///< already reported; checks pass over it
    std::string text;            ///< of a scalar
    std::vector<Node> items;     ///< of a list
    std::vector<Entry> entries;  ///< of a mapping, in the order of the file, each key once

    /// The value of `key`; nothing if there is none, or this is no mapping.
    [[nodiscard]] Node const* find(std::string_view key) const;
};

/// A key with its value.
struct Entry {
    std::string key;
    Span key_span;
    Node value;
};

/// How YAML 1.2's core schema, and therefore an editor with our JSON Schema, types a scalar.
enum class Resolved { null, boolean, integer, floating, string };
Resolved resolve(Node const& scalar);

/// The number of a scalar that is resolved as an integer, if it fits.
std::optional<std::int64_t> integer_of(Node const&);

/// What to underline when a value is meant as a whole: a scalar or a bracketed value, the first key
/// of a block.
Span mark_of(Node const&);

/// On one line, as it could have been written: `wait: {mirror: datarep, is: resyncing}`.
std::string in_one_line(Node const&);

/// Deeper nesting than this is refused; scenarios need eight levels.
inline constexpr std::size_t deepest_nesting = 32;
/// So much below that, reading ends.
inline constexpr std::size_t hopeless_nesting = 1000;

struct Document {
    std::string path;
    std::vector<std::string> lines;  ///< printable, for the diagnostics
    Node root;
};

/// Everything that was found wrong, for one document.
class Report {
public:
    struct Advice {
        std::string hint = {};
        std::vector<std::string> allowed = {};
    };

    /// Both must outlive the report.
    Report(Document const& document, std::vector<Diagnostic>& found)
        : document_(&document), found_(&found) {}

    void error(Code code, Span span, std::string message) const;
    void error(Code code, Span span, std::string message, Advice advice) const;
    /// A word that is none of `allowed`: says which one was probably meant.
    void unknown(Code code, Span span, std::string message, std::string_view word,
                 std::vector<std::string> allowed) const;
    [[nodiscard]] std::size_t count() const { return found_->size(); }

private:
    Document const* document_;
    std::vector<Diagnostic>* found_;
};

/// Reads `text`. What is wrong with it goes to `found`; the tree then holds what could be read, and
/// `broken` nodes for what could not.
Document read_document(std::string path, std::string_view text, std::vector<Diagnostic>& found);

}  // namespace sunder::language
