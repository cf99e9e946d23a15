// SPDX-License-Identifier: BSD-3-Clause
//
// A grammar as data: which keys, words, numbers and quantities may stand where, with the
// documentation of each. It is the only description there is: the strict check (here) and the JSON
// Schema for editors (schema.h) both come from it, so that they cannot disagree. Whether the names
// in a file mean anything, and whether its values go together, is left to the loader.
//
// Check and schema agree on what YAML's core schema says a scalar is. Two things a schema cannot
// say are left to the check: that a quantity is whole in its smallest unit ("1.5 ns") and fits 64
// bits.
#pragma once

#include "scenarios/language/document.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace sunder::language {

struct Shape;
using ShapePtr = std::shared_ptr<Shape const>;

/// A key of an object, with what an editor shows about it.
struct Key {
    std::string name;
    bool required = false;
    std::string about;
    std::vector<std::string> examples;  ///< of scalars, as written
    ShapePtr shape;
};

namespace shape {

/// A mapping with these keys and no others. Of each group in `one_of`, exactly one key is there.
struct Object {
    std::string what;  ///< "a mirror"
    std::vector<Key> keys;
    std::vector<std::vector<std::string>> one_of;
};

/// A mapping with exactly one of these keys: a step.
struct OneKey {
    std::string what;
    std::vector<Key> keys;
};

/// Mappings that are told apart by one key each, which only that variant has.
struct Variants {
    std::string what;
    struct Variant {
        std::string key;
        ShapePtr object;
    };
    std::vector<Variant> variants;
};

struct List {
    std::string what;
    ShapePtr item;
    std::size_t least = 0;
    std::size_t most = 0;
    bool distinct = false;  ///< no scalar twice
};

/// A mapping from names the user chooses.
struct Map {
    std::string what;
    ShapePtr value;
    std::size_t least = 0;
    std::size_t most = 0;
};

/// Any text that is not blank.
struct Text {
    std::string what;
};

/// A word that can stand in for something elsewhere: letters, digits, `_`, `.` and `-`.
struct Name {
    std::string what;
};

struct Integer {
    std::string what;
    std::int64_t least = 0;
    std::int64_t most = 0;
};

/// One of some words.
struct Choice {
    std::string what;
    std::vector<std::string> words;
};

/// A number with its unit.
struct Quantity {
    enum class Of { duration, byte_count, bandwidth, rate, writes, share };
    Of of = Of::duration;
};

/// `yes` or `no`; YAML's and JSON's own `true` and `false` as well.
struct Boolean {};

/// Different kinds of value that may stand in one place.
struct Alternatives {
    std::vector<ShapePtr> shapes;
};

}  // namespace shape

struct Shape {
    std::variant<shape::Object, shape::OneKey, shape::Variants, shape::List, shape::Map,
                 shape::Text, shape::Name, shape::Integer, shape::Choice, shape::Quantity,
                 shape::Boolean, shape::Alternatives>
        is;
};

template <class Kind>
ShapePtr make_shape(Kind kind) {
    return std::make_shared<Shape const>(Shape{std::move(kind)});
}

inline constexpr std::size_t longest_name = 40;

/// Regular expressions (ECMA 262) for the schema; the check matches the same by hand.
inline constexpr char const* name_pattern = "^[A-Za-z][A-Za-z0-9_.-]*$";
inline constexpr char const* text_pattern = "[^ \\t\\r\\n]";
std::string pattern_of(shape::Quantity::Of);

/// "a duration such as '200 us'", "yes or no": for the sentence "expected ...".
std::string describe(Shape const&);

/// Reports everything in `node` that does not have this shape.
void check(Node const& node, Shape const& expected, Report const& report);

}  // namespace sunder::language
