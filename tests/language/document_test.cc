// SPDX-License-Identifier: BSD-3-Clause
//
// The tree of a file: what stands where, and what of YAML is refused.
#include "scenarios/language/document.h"

#include <catch2/catch.hpp>

#include <set>

namespace sunder::language {

namespace {

struct Read {
    std::vector<Diagnostic> found;
    Document document;
};

Read read(std::string_view text) {
    Read made;
    made.document = read_document("file.yaml", text, made.found);
    return made;
}

std::vector<Code> codes_of(std::string_view text) {
    std::vector<Code> codes;
    for (Diagnostic const& diagnostic : read(text).found) codes.push_back(diagnostic.code);
    return codes;
}

using Codes = std::vector<Code>;

}  // namespace

TEST_CASE("does every key and value know where it stands?") {
    Read const file = read("title: a b\nlist:\n  - one\n  - {key: 'two words'}\n");
    REQUIRE(file.found.empty());
    Node const& root = file.document.root;
    REQUIRE(root.entries.size() == 2);
    CHECK(root.entries[0].key == "title");
    CHECK(root.entries[0].key_span == Span{{1, 1}, {1, 6}});
    CHECK(root.entries[0].value.span == Span{{1, 8}, {1, 11}});
    Node const* const list = root.find("list");
    REQUIRE(list != nullptr);
    REQUIRE(list->items.size() == 2);
    CHECK(list->items[0].text == "one");
    CHECK(list->items[0].span == Span{{3, 5}, {3, 8}});
    CHECK(list->items[1].flow);
    CHECK(list->items[1].span == Span{{4, 5}, {4, 23}});
    Node const* const two = list->items[1].find("key");
    REQUIRE(two != nullptr);
    CHECK(two->quoted);
    CHECK(two->text == "two words");
    CHECK(two->span == Span{{4, 11}, {4, 22}});
    CHECK(root.find("key") == nullptr);
}

TEST_CASE("are columns counted in characters?") {
    Read const file = read("\xef\xbb\xbf{\"grün\": [é, b]}");
    REQUIRE(file.found.empty());
    Node const* const list = file.document.root.find("grün");
    REQUIRE(list != nullptr);
    CHECK(list->items.at(1).span.begin == Place{1, 14});
}

TEST_CASE("is a value underlined where it can be seen?") {
    Read const file = read("block:\n  key: {a: 1}\nlist:\n- x: 1\n");
    REQUIRE(file.found.empty());
    CHECK(mark_of(*file.document.root.find("block")) == Span{{2, 3}, {2, 6}});
    CHECK(mark_of(*file.document.root.find("block")->find("key")) == Span{{2, 8}, {2, 14}});
    CHECK(mark_of(*file.document.root.find("list")) == Span{{4, 3}, {4, 4}});
}

TEST_CASE("is JSON read, with tabs and without blanks?") {
    Read const file = read("{\n\t\"a\":\"b\",\n\t\"c\": [1,true,null]\n}\n");
    REQUIRE(file.found.empty());
    CHECK(in_one_line(file.document.root) == "{a: \"b\", c: [1, true, null]}");
}

TEST_CASE("are scalars typed as YAML 1.2 types them?") {
    auto const type_of = [](std::string_view text) {
        Read const file = read("[" + std::string(text) + "]");
        REQUIRE(file.document.root.items.size() == 1);
        return resolve(file.document.root.items.front());
    };
    for (char const* const text : {"~", "null", "Null", "NULL"})
        CHECK(type_of(text) == Resolved::null);
    for (char const* const text : {"true", "False", "TRUE"})
        CHECK(type_of(text) == Resolved::boolean);
    for (char const* const text : {"0", "-12", "+7", "007", "0o17", "0xfF"}) {
        CHECK(type_of(text) == Resolved::integer);
    }
    for (char const* const text : {"1.5", "1.", ".5", "1e3", "-1.5E-3", ".inf", "-.INF", ".nan"}) {
        CHECK(type_of(text) == Resolved::floating);
    }
    for (char const* const text :
         {"yes", "no", "on", "off", "y", "'1'", "\"true\"", "1 s", "0o8", "0xg", "-", "1e", "e3",
          ".", "tRUE", "nUll", "1_000", "12:30:45"}) {
        CAPTURE(text);
        CHECK(type_of(text) == Resolved::string);
    }
}

TEST_CASE("are numbers read in every base, if they fit?") {
    auto const number = [](std::string_view text) {
        return integer_of(read("[" + std::string(text) + "]").document.root.items.at(0));
    };
    CHECK(number("12") == 12);
    CHECK(number("+12") == 12);
    CHECK(number("-12") == -12);
    CHECK(number("0x1f") == 31);
    CHECK(number("0o17") == 15);
    CHECK(number("9223372036854775807") == 9223372036854775807);
    CHECK_FALSE(number("9223372036854775808"));
    CHECK_FALSE(number("1.0"));
    CHECK_FALSE(number("'1'"));
}

TEST_CASE("is what we do not speak of YAML refused, each time it stands there?") {
    CHECK(codes_of("") == Codes{Code::empty_file});
    CHECK(codes_of("# nothing\n\n") == Codes{Code::empty_file});
    CHECK(codes_of("--- ~\n--- b\n") == Codes{Code::many_documents});
    CHECK(codes_of("a: &x 1\nb: *x\nc: *x\n") == Codes{Code::anchor, Code::anchor, Code::anchor});
    CHECK(codes_of("a: !!int 1\nb: !x [1]\nc: ! {}\n") == Codes{Code::tag, Code::tag, Code::tag});
    CHECK(codes_of("a: 1\nb: {c: 1, c: 2}\na: 3\n") ==
          Codes{Code::duplicate_key, Code::duplicate_key});
    CHECK(codes_of("{'a': 1, \"a\": 2}") == Codes{Code::duplicate_key});
    CHECK(codes_of("{[a]: 1}") == Codes{Code::bad_key});
    CHECK(codes_of("{{a: b}: 1}") == Codes{Code::bad_key});
    CHECK(codes_of("a: [\n") == Codes{Code::syntax});
    CHECK(codes_of("a:\n\tb: 1\n") == Codes{Code::syntax});
    CHECK(codes_of("a: \"\\q\"\n") == Codes{Code::syntax});
    CHECK(codes_of("a: b: c\n") == Codes{Code::syntax});
    CHECK(codes_of("a: \xff\n") == Codes{Code::not_utf8});
    CHECK(codes_of("a: \xc0\x80\n") == Codes{Code::not_utf8});
    CHECK(codes_of(std::string_view("a: \0\n", 5)) == Codes{Code::not_utf8});
    CHECK(codes_of("a: one\u0085two\n") == Codes{Code::syntax});
    CHECK(codes_of("%YAML 1.2\n---\na: 1\n").empty());
    CHECK(codes_of(std::string(2U << 20, 'x')) == Codes{Code::unreadable_file});
}

TEST_CASE("does deep nesting end in an error, not in a crash?") {
    std::string const open(100'000, '[');
    CHECK_FALSE(codes_of(open).empty());
    CHECK(codes_of(std::string(500, '[') + std::string(500, ']')) == Codes{Code::too_deep});
    CHECK(codes_of("[" + std::string(32, '[') + std::string(32, ']') + ", " + std::string(32, '[') +
                   std::string(32, ']') + "]") == Codes{Code::too_deep, Code::too_deep});
    CHECK(codes_of(std::string(32, '[') + std::string(32, ']')).empty());
}

TEST_CASE("is a syntax error reported at its place, and what came before it kept out?") {
    Read const file = read("a: &x 1\nb: {c: d\ne: f\n");
    REQUIRE(file.found.size() == 2);
    CHECK(file.found[0].code == Code::anchor);
    CHECK(file.found[1].code == Code::syntax);
    CHECK(file.found[1].place.line == 3);
    CHECK(file.document.root.broken);
}

TEST_CASE("is a step printed on one line?") {
    Read const file = read("wait:\n  mirror: m   # which\n  is: 'fully \"op\"'\n  x: [a,   b]\n");
    REQUIRE(file.found.empty());
    CHECK(in_one_line(file.document.root) ==
          "{wait: {mirror: m, is: \"fully \\\"op\\\"\", x: [a, b]}}");
}

TEST_CASE("is a diagnostic printed with its line, caret and advice?") {
    Read const file = read("a:  1\n");
    std::vector<Diagnostic> found;
    Report const report(file.document, found);
    report.unknown(Code::unknown_word, {{1, 5}, {1, 7}}, "unknown word 'on'", "on", {"one", "two"});
    REQUIRE(found.size() == 1);
    CHECK(to_text(found[0]) ==
          "error: unknown word 'on' [unknown_word]\n"
          "  --> file.yaml:1:5\n"
          "    1 | a:  1\n"
          "      |     ^^ did you mean 'one'?   allowed: one, two\n");
}

TEST_CASE("has every kind of mistake a name of its own?") {
    std::set<std::string_view> names;
    for (int code = 0; code <= static_cast<int>(last_code); ++code) {
        CHECK(name_of(static_cast<Code>(code)) != "unknown");
        names.insert(name_of(static_cast<Code>(code)));
    }
    CHECK(names.size() == static_cast<std::size_t>(last_code) + 1);
}

TEST_CASE("are diagnostics ordered, said once, and at most twenty?") {
    std::vector<Diagnostic> found;
    for (std::uint32_t line = 40; line > 0; --line) {
        Diagnostic one;
        one.path = "main";
        one.place = {line, 1};
        found.push_back(one);
        found.push_back(one);
    }
    Diagnostic other;
    other.path = "included";
    other.place = {1, 1};
    found.push_back(other);
    std::vector<Diagnostic> const ordered = in_order(found, "main");
    REQUIRE(ordered.size() == most_diagnostics);
    CHECK(ordered.front().place == Place{1, 1});
    CHECK(ordered.front().path == "main");
    CHECK(ordered.back().place == Place{20, 1});
    CHECK(to_text(ordered).ends_with("only the first 20 errors are shown\n"));
}

}  // namespace sunder::language
