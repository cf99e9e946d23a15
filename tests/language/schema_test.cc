// SPDX-License-Identifier: BSD-3-Clause
//
// The schema that editors use and the check that refuses files must be of one opinion: each file of
// the corpus is asked of both. The schema is asked through valijson, and sees what an editor sees:
// the file with its scalars typed by YAML's core schema.
#include "scenarios/language/schema.h"

#include "scenarios/language/document.h"
#include "scenarios/language/scenario_shape.h"
#include "tests/language/corpus.h"

#include <boost/json.hpp>
#include <valijson/adapters/boost_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>

namespace sunder::language {

namespace {

namespace json = boost::json;
using valijson::adapters::BoostJsonAdapter;

json::value scalar_as_json(Node const& node) {
    switch (resolve(node)) {
        case Resolved::null:
            return nullptr;
        case Resolved::boolean:
            return node.text.front() == 't' || node.text.front() == 'T';
        case Resolved::integer:
            if (auto const value = integer_of(node)) return *value;
            return std::strtod(node.text.c_str(), nullptr);
        case Resolved::floating:
            return std::strtod(node.text.c_str(), nullptr);
        case Resolved::string:
            return json::string(node.text);
    }
    return nullptr;
}

json::value as_json(Node const& node) {
    if (node.kind == Node::Kind::scalar) return scalar_as_json(node);
    if (node.kind == Node::Kind::list) {
        json::array list;
        for (Node const& item : node.items) list.push_back(as_json(item));
        return list;
    }
    json::object object;
    for (Entry const& entry : node.entries) object[entry.key] = as_json(entry.value);
    return object;
}

/// A schema, ready to be asked.
class Schema {
public:
    explicit Schema(std::string const& text) {
        json::value const document = json::parse(text);
        valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
        parser.populateSchema(BoostJsonAdapter(document), schema_);
    }
    bool accepts(Node const& node) {
        json::value const document = as_json(node);
        valijson::Validator validator;
        return validator.validate(schema_, BoostJsonAdapter(document), nullptr);
    }

private:
    valijson::Schema schema_;
};

Schema& shipped_schema() {
    static Schema schema(
        test::text_of_file(test::source_root() / "scenarios/scenario.schema.json"));
    return schema;
}

struct Opinions {
    bool readable = false;  ///< one document, without anchors and so on: something a schema can see
    bool check = false;
    bool schema = false;
};

Opinions opinions_of(std::string_view text, Shape const& shape, Schema& schema) {
    std::vector<Diagnostic> found;
    Document const document = read_document("file", text, found);
    if (!found.empty()) return {};
    check(document.root, shape, Report(document, found));
    return {true, found.empty(), schema.accepts(document.root)};
}

Opinions opinions_of(std::string const& name) {
    return opinions_of(test::text_of_file(test::path_in_corpus(name)), scenario_shape(),
                       shipped_schema());
}

}  // namespace

TEST_CASE("are the shipped schemas those of the grammar?") {
    INFO("SUNDER_REWRITE=1 writes them anew");
    CHECK(
        test::is_golden(test::source_root() / "scenarios/scenario.schema.json", scenario_schema()));
    CHECK(test::is_golden(test::source_root() / "scenarios/cluster.schema.json", cluster_schema()));
}

TEST_CASE("do the schema and the check accept what is right?") {
    for (std::string const& name : test::corpus("accept")) {
        CAPTURE(name);
        Opinions const opinions = opinions_of(name);
        CHECK(opinions.readable);
        CHECK(opinions.check);
        CHECK(opinions.schema);
    }
}

TEST_CASE("do the schema and the check reject the same files?") {
    std::size_t asked = 0;
    for (std::string const& name : test::corpus("reject")) {
        Opinions const opinions = opinions_of(name);
        if (!opinions.readable) continue;  // an editor reports these as YAML, not by the schema
        ++asked;
        CAPTURE(name);
        CHECK_FALSE(opinions.check);
        CHECK_FALSE(opinions.schema);
    }
    CHECK(asked >= 40);
}

TEST_CASE("does the schema leave what is impossible to the loader?") {
    for (std::string const& name : test::corpus("impossible")) {
        CAPTURE(name);
        Opinions const opinions = opinions_of(name);
        CHECK(opinions.readable);
        CHECK(opinions.schema);
    }
}

TEST_CASE("does the schema of clusters accept what scenarios include?") {
    Schema schema(test::text_of_file(test::source_root() / "scenarios/cluster.schema.json"));
    auto const both = [&](std::string_view name) {
        std::string const text = test::text_of_file(test::path_in_corpus(name));
        Opinions const opinions = opinions_of(text, cluster_file_shape(), schema);
        CHECK(opinions.readable);
        CHECK(opinions.check == opinions.schema);
        return opinions.schema;
    };
    CHECK(both("shared/two_nodes.yaml"));
    CHECK(both("shared/chain.yaml"));
    CHECK_FALSE(both("shared/broken.yaml"));
    CHECK_FALSE(both("shared/scenario.yaml"));
}

namespace {

/// Scalars as they may stand in a list, and a few that are none.
constexpr std::string_view spellings =
    R"(none | None | in sync | '4' | 4 | 04 | 0x4 | 0o17 | -4 | +4 | -6 | 999 | 1000 | 4.5 | .5
1e400 | .inf | .nan | ~ | null | '' | ' ' | yes | no | Yes | on | true | True | TRUE
tRUE | 'true' | false | a | a.b-c_d9 | _a | 9a | a b | ä
xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx | xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx | 1 s
1s | 1  s | '1 s ' | 01 s | 1.5 s | 1. s | 1 ns | 1 us | 1 ms | 1 min | 1 h | 1 H | 1 d
1 B | 1 KiB | 1 kiB | 1 MiB | 1 GiB | 1 TiB | 1 PiB | 1 KB | 1 bit/s | 1 kbit/s | 1 Kbit/s
1 Mbit/s | 1 Gbit/s | 1 B/s | 1 kB/s | 1 MB/s | 1 GB/s | 1 KB/s | 1 KiB/s | 1 MiB/s
1 GiB/s | 1 kiB/s | 1/s | 1 /s | 1 / s | 1/min | -1 s | [1 s] | {a: 1 s} | [] | {}
"1 s\n" | "a\n" | 99999999999999999999)";

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        std::size_t const end = std::min(text.find_first_of("|\n"), text.size());
        std::string_view part = text.substr(0, end);
        while (part.starts_with(' ')) part.remove_prefix(1);
        while (part.ends_with(' ')) part.remove_suffix(1);
        parts.emplace_back(part);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

}  // namespace

TEST_CASE("are scalars of every spelling the same to the schema and the check?") {
    std::map<std::string, ShapePtr> const shapes{
        {"text", make_shape(shape::Text{"a text"})},
        {"name", make_shape(shape::Name{"a name"})},
        {"integer", make_shape(shape::Integer{"a number", -5, 999})},
        {"choice", make_shape(shape::Choice{"a word", {"none", "in sync", "4"}})},
        {"boolean", make_shape(shape::Boolean{})},
        {"duration", make_shape(shape::Quantity{shape::Quantity::Of::duration})},
        {"byte count", make_shape(shape::Quantity{shape::Quantity::Of::byte_count})},
        {"bandwidth", make_shape(shape::Quantity{shape::Quantity::Of::bandwidth})},
        {"rate", make_shape(shape::Quantity{shape::Quantity::Of::rate})},
        {"either", make_shape(shape::Alternatives{
                       {make_shape(shape::Quantity{shape::Quantity::Of::byte_count}),
                        make_shape(shape::Choice{"none", {"none"}})}})},
    };
    for (auto const& [kind, shape] : shapes) {
        Schema schema(schema_of(*shape, "a", "b"));
        for (std::string const& spelling : split(spellings)) {
            CAPTURE(kind, spelling);
            std::vector<Diagnostic> found;
            Document const document = read_document("file", "[" + spelling + "]", found);
            REQUIRE(found.empty());
            REQUIRE(document.root.items.size() == 1);
            Node const& node = document.root.items.front();
            check(node, *shape, Report(document, found));
            CHECK(found.empty() == schema.accepts(node));
        }
    }
}

}  // namespace sunder::language
