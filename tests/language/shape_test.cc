// SPDX-License-Identifier: BSD-3-Clause
//
// The check of shapes, on a small grammar: one mistake is one error, and it says what would be
// right.
#include "scenarios/language/shape.h"

#include "scenarios/language/scenario_shape.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <functional>
#include <set>

namespace sunder::language {

namespace {

using grammar::optional;
using grammar::required;

ShapePtr example() {
    ShapePtr const name = make_shape(shape::Name{"a name"});
    shape::Object colour{
        "a colour", {required("red", "How red.", grammar::byte_count(), {"1 B"})}, {}};
    shape::Object sound{
        "a sound", {required("loud", "How loud.", grammar::duration(), {"1 s"})}, {}};
    shape::Object made{"a thing", {}, {{"left", "right"}}};
    made.keys = {
        required("title", "What it is.", make_shape(shape::Text{"a title"}), {"A thing"}),
        optional("left", "Left.", name),
        optional("right", "Right.", name),
        optional("what", "Colour or sound.",
                 make_shape(shape::Variants{"a quality",
                                            {{"red", make_shape(std::move(colour))},
                                             {"loud", make_shape(std::move(sound))}}})),
        optional("names", "Names.", make_shape(shape::List{"names", name, 1, 3, true})),
        optional("either", "A name or names.",
                 make_shape(shape::Alternatives{
                     {name, make_shape(shape::List{"names", name, 1, 3, false})}})),
        optional(
            "ages", "Ages.",
            make_shape(shape::Map{"ages", make_shape(shape::Integer{"an age", 0, 150}), 1, 2})),
        optional("do", "One thing.",
                 make_shape(shape::OneKey{
                     "an order", {optional("go", "Go.", name), optional("stay", "Stay.", name)}})),
    };
    return make_shape(std::move(made));
}

/// The mistakes of a thing, given everything but its title and side.
std::vector<std::string> mistakes(std::string const& more,
                                  std::string const& before = "title: x\nleft: a\n") {
    std::vector<Diagnostic> found;
    Document const document = read_document("file", before + more, found);
    check(document.root, *example(), Report(document, found));
    std::vector<std::string> texts;
    for (Diagnostic const& one : found) {
        texts.push_back(one.message + (one.hint.empty() ? "" : " -- " + one.hint));
    }
    return texts;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("does a thing of the right shape pass?") {
    CHECK(mistakes("").empty());
    CHECK(mistakes("what: {red: 1 KiB}\nnames: [a, b]\neither: a\nages: {bob: 4}\ndo: {go: a}\n")
              .empty());
    CHECK(mistakes("what: {loud: 1 s}\neither: [a, b]\n").empty());
}

TEST_CASE("is one mistake one error?") {
    CHECK(mistakes("", "left: a\n") ==
          Texts{"a thing needs the key 'title' -- for example 'title: A thing'"});
    CHECK(mistakes("", "titel: x\nleft: a\n") ==
          Texts{"a thing has no key 'titel' -- did you mean 'title'?"});
    CHECK(mistakes("", "title: x\n") == Texts{"a thing needs one of these keys"});
    CHECK(mistakes("", "title: x\nlfet: a\n") ==
          Texts{"a thing has no key 'lfet' -- did you mean 'left'?"});
    CHECK(mistakes("right: b\n") ==
          Texts{"a thing has either 'left' or 'right', not both -- remove one of them"});
    CHECK(mistakes("what: {rad: 1 B}\n") ==
          Texts{"a quality has no key 'rad' -- did you mean 'red'?"});
    CHECK(mistakes("what: {}\n") == Texts{"a quality needs one of these keys"});
    CHECK(mistakes("what: {red: 1 B, loud: 1 s}\n") ==
          Texts{"a quality has either 'red' or 'loud', not both -- remove one of them"});
    CHECK(mistakes("what: {red: 1}\n").size() == 1);
    CHECK(mistakes("names: [a, b, a]\n") == Texts{"'a' is already in the list"});
    CHECK(mistakes("names: []\n") == Texts{"names: expected at least 1, found 0"});
    CHECK(mistakes("names: [a, b, c, d]\n") == Texts{"names: expected at most 3, found 4"});
    CHECK(mistakes("names: a\n") == Texts{"expected names (a list), found 'a'"});
    CHECK(mistakes("either: {a: b}\n") ==
          Texts{"expected a name, or names (a list), found a mapping"});
    CHECK(mistakes("ages: {bob: 151}\n") == Texts{"151 is out of range -- an age: 0 to 150"});
    CHECK(mistakes("ages: {bob: old}\n") ==
          Texts{"expected an age, a whole number from 0 to 150, found 'old'"});
    CHECK(mistakes("do: {go: a, stay: a}\n") ==
          Texts{"an order has one key only; this is the second -- begin another one with '- '"});
    CHECK(mistakes("do: {fly: a}\n") == Texts{"an order has no key 'fly'"});
    CHECK(mistakes("do: {}\n") == Texts{"an order needs one of these keys"});
}

TEST_CASE("are all mistakes reported in one pass, and broken values passed over?") {
    CHECK(mistakes("names: [1, true, x y]\nages: {bob: 1.5, \"x y\": 3}\nfoo: 1\n").size() == 6);
    CHECK(mistakes("names: *x\n") ==
          Texts{"alias '*x': anchors are not used in scenario files -- write the value itself"});
}

namespace {

/// Calls `visit` for every key of the grammar, once.
void for_each_key(Shape const& shape, std::set<Shape const*>& seen,
                  std::function<void(Key const&)> const& visit) {
    if (!seen.insert(&shape).second) return;
    auto const keys = [&](std::vector<Key> const& all) {
        for (Key const& key : all) {
            visit(key);
            for_each_key(*key.shape, seen, visit);
        }
    };
    if (auto const* object = std::get_if<shape::Object>(&shape.is)) keys(object->keys);
    if (auto const* one_key = std::get_if<shape::OneKey>(&shape.is)) keys(one_key->keys);
    if (auto const* list = std::get_if<shape::List>(&shape.is))
        for_each_key(*list->item, seen, visit);
    if (auto const* map = std::get_if<shape::Map>(&shape.is))
        for_each_key(*map->value, seen, visit);
    if (auto const* variants = std::get_if<shape::Variants>(&shape.is)) {
        for (auto const& variant : variants->variants) for_each_key(*variant.object, seen, visit);
    }
    if (auto const* alternatives = std::get_if<shape::Alternatives>(&shape.is)) {
        for (ShapePtr const& one : alternatives->shapes) for_each_key(*one, seen, visit);
    }
}

}  // namespace

TEST_CASE("is every key of the grammar documented, with examples that are right?") {
    std::set<Shape const*> seen;
    std::size_t keys = 0;
    for_each_key(scenario_shape(), seen, [&](Key const& key) {
        ++keys;
        CAPTURE(key.name);
        CHECK(key.about.size() >= 4);
        CHECK(key.about.ends_with('.'));
        for (std::string const& example : key.examples) {
            CAPTURE(example);
            std::vector<Diagnostic> found;
            Document const document = read_document("example", "- " + example, found);
            REQUIRE(document.root.items.size() == 1);
            check(document.root.items.front(), *key.shape, Report(document, found));
            CHECK(to_text(found).empty());
        }
    });
    CHECK(keys > 80);
}

TEST_CASE("can the variants of the grammar be told apart?") {
    // The schema says oneOf, the check looks for the telling key: the same only if no variant knows
    // another's key.
    std::set<Shape const*> seen;
    std::vector<shape::Variants const*> all;
    auto const collect = [&](Key const& key) {
        auto const* list = std::get_if<shape::List>(&key.shape->is);
        Shape const& shape = list != nullptr ? *list->item : *key.shape;
        if (auto const* variants = std::get_if<shape::Variants>(&shape.is)) all.push_back(variants);
    };
    for_each_key(scenario_shape(), seen, collect);
    CHECK(all.size() >= 4);
    for (shape::Variants const* variants : all) {
        for (auto const& variant : variants->variants) {
            for (auto const& other : variants->variants) {
                auto const& keys = std::get<shape::Object>(other.object->is).keys;
                auto const key = std::ranges::find(keys, variant.key, &Key::name);
                CAPTURE(variants->what, variant.key, other.key);
                CHECK((key != keys.end()) == (variant.key == other.key));
                if (key != keys.end()) CHECK(key->required);
            }
        }
    }
}

}  // namespace sunder::language
