// SPDX-License-Identifier: BSD-3-Clause
//
// Makes the tree of a file from libyaml's events. It decides what of YAML is refused and in which
// words; what a scenario may say is left to the grammar.
#include "scenarios/language/document.h"

#include <fmt/format.h>
#include <yaml.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace sunder::language {

namespace {

/// No scenario is larger, and a parser that is fed a disk image by mistake should say so.
constexpr std::size_t largest_file = 1U << 20;

/// libyaml is a C library: what it builds must be given back on every way out.
class Parser {
public:
    explicit Parser(std::string_view text) {
        ready_ = yaml_parser_initialize(&parser_) != 0;
        if (!ready_) return;
        yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&parser_, reinterpret_cast<unsigned char const*>(text.data()),
                                     text.size());
    }
    ~Parser() {
        yaml_event_delete(&event_);
        if (ready_) yaml_parser_delete(&parser_);
    }
    Parser(Parser const&) = delete;
    Parser& operator=(Parser const&) = delete;

    /// False after an error, which `state()` describes.
    bool next() {
        yaml_event_delete(&event_);
        return ready_ && yaml_parser_parse(&parser_, &event_) != 0;
    }
    [[nodiscard]] yaml_event_t const& event() const { return event_; }
    [[nodiscard]] yaml_parser_t const& state() const { return parser_; }

private:
    yaml_parser_t parser_{};
    yaml_event_t event_{};
    bool ready_ = false;
};

Place place_of(yaml_mark_t const& mark) {
    return {static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1)};
}

Span span_of(yaml_event_t const& event) {
    return {place_of(event.start_mark), place_of(event.end_mark)};
}

Span at(Place place) { return {place, {place.line, place.column + 1}}; }

std::string_view text_of(unsigned char const* text) {
    return text == nullptr ? std::string_view() : reinterpret_cast<char const*>(text);
}

std::string_view text_of(yaml_event_t const& scalar) {
    return {reinterpret_cast<char const*>(scalar.data.scalar.value), scalar.data.scalar.length};
}

/// The lines as a terminal can show them: neither tabs, which would misplace the caret, nor bytes
/// that are no characters.
std::vector<std::string> printable_lines(std::string_view text) {
    std::vector<std::string> lines(1);
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto const byte = static_cast<unsigned char>(text[i]);
        if (byte == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
        if (byte == '\n' || byte == '\r') {
            lines.emplace_back();
        } else if (byte == '\t') {
            lines.back() += ' ';
        } else {
            lines.back() += byte < 0x20 || byte == 0x7f ? '?' : text[i];
        }
    }
    return lines;
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; }

Place place_of_byte(std::string_view text, std::size_t offset) {
    Place place{1, 1};
    for (std::size_t i = 0; i < std::min(offset, text.size()); ++i) {
        if (text[i] == '\n') {
            place = {place.line + 1, 1};
        } else if (!is_continuation(text[i])) {
            ++place.column;
        }
    }
    return place;
}

std::string replace_bytes_above_ascii(std::string line) {
    std::ranges::replace_if(
        line, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
    return line;
}

class TreeBuilder {
public:
    TreeBuilder(std::string_view text, Document& document, std::vector<Diagnostic>& found)
        : text_(text), parser_(text), document_(document), report_(document, found) {}

    void build();

private:
    bool next();
    void syntax_error();
    void reader_error();
    void check_directives();
    void check_properties();
    Node node(std::size_t depth);
    Node list(std::size_t depth);
    Node mapping(std::size_t depth);
    void add_entry(Node& mapping, std::size_t depth);
    void skip();
    [[nodiscard]] yaml_event_t const& event() const { return parser_.event(); }

    std::string_view text_;
    Parser parser_;
    Document& document_;
    Report report_;
    bool failed_ = false;
};

bool TreeBuilder::next() {
    if (failed_) return false;
    if (parser_.next()) return true;
    failed_ = true;
    if (parser_.state().error == YAML_READER_ERROR) {
        reader_error();
    } else {
        syntax_error();
    }
    return false;
}

void TreeBuilder::reader_error() {
    yaml_parser_t const& state = parser_.state();
    Place const place = place_of_byte(text_, state.problem_offset);
    if (place.line <= document_.lines.size()) {
        std::string& line = document_.lines[place.line - 1];
        line = replace_bytes_above_ascii(std::move(line));
    }
    bool const control = std::string_view(state.problem).starts_with("control");
    report_.error(Code::not_utf8, at(place), fmt::format("this is no text: {}", state.problem),
                  {control ? "remove it" : "save the file as UTF-8", {}});
}

void TreeBuilder::syntax_error() {
    yaml_parser_t const& state = parser_.state();
    std::string message = "this is not YAML";
    if (state.problem != nullptr) message += fmt::format(": {}", state.problem);
    if (state.context != nullptr) {
        message += fmt::format(" {}", state.context);
        if (state.context_mark.line != state.problem_mark.line) {
            message += fmt::format(" that began on line {}", state.context_mark.line + 1);
        }
    }
    Place const place = place_of(state.problem_mark);
    // libyaml counts characters; only a tab in the indentation needs the byte, and there they
    // agree.
    std::size_t line_begin = 0;
    for (std::uint32_t line = 1; line < place.line && line_begin != std::string_view::npos;
         ++line) {
        line_begin = text_.find('\n', line_begin);
        if (line_begin != std::string_view::npos) ++line_begin;
    }
    std::string hint;
    if (line_begin != std::string_view::npos) {
        std::size_t const byte = line_begin + place.column - 1;
        if (byte < text_.size() && text_[byte] == '\t') hint = "indent with blanks, not with tabs";
    }
    report_.error(Code::syntax, at(place), std::move(message), {std::move(hint), {}});
}

void TreeBuilder::check_directives() {
    auto const& start = event().data.document_start;
    if (start.version_directive != nullptr &&
        (start.version_directive->major != 1 || start.version_directive->minor != 2)) {
        report_.error(Code::syntax, span_of(event()), "this file says it is not YAML 1.2",
                      {"remove the %YAML line", {}});
    }
    if (start.tag_directives.start != start.tag_directives.end) {
        report_.error(Code::tag, span_of(event()), "tags are not used in scenario files",
                      {"remove the %TAG line", {}});
    }
}

/// Anchors and tags may stand before any value.
void TreeBuilder::check_properties() {
    unsigned char const* anchor = nullptr;
    unsigned char const* tag = nullptr;
    if (event().type == YAML_SCALAR_EVENT) {
        anchor = event().data.scalar.anchor;
        tag = event().data.scalar.tag;
    } else if (event().type == YAML_SEQUENCE_START_EVENT) {
        anchor = event().data.sequence_start.anchor;
        tag = event().data.sequence_start.tag;
    } else if (event().type == YAML_MAPPING_START_EVENT) {
        anchor = event().data.mapping_start.anchor;
        tag = event().data.mapping_start.tag;
    }
    if (anchor != nullptr) {
        report_.error(
            Code::anchor, at(place_of(event().start_mark)),
            fmt::format("anchor '&{}': anchors are not used in scenario files", text_of(anchor)),
            {"write the value where it is needed, or share a cluster with 'include:'", {}});
    }
    if (tag != nullptr) {
        report_.error(Code::tag, at(place_of(event().start_mark)),
                      fmt::format("tag '{}': tags are not used in scenario files", text_of(tag)),
                      {"remove it; the place says what kind of value is meant", {}});
    }
}

/// Passes over the rest of a list or mapping that began with the current event.
void TreeBuilder::skip() {
    std::size_t open = 0;
    do {
        bool const begins =
            event().type == YAML_SEQUENCE_START_EVENT || event().type == YAML_MAPPING_START_EVENT;
        bool const ends =
            event().type == YAML_SEQUENCE_END_EVENT || event().type == YAML_MAPPING_END_EVENT;
        if (begins) ++open;
        if (ends) --open;
        // The parser takes the square of the depth; nobody who nests like this wants to be read on.
        if (open > hopeless_nesting) failed_ = true;
    } while (open > 0 && next());
}

/// The value that begins with the current event; afterwards its last event is the current one.
Node TreeBuilder::node(std::size_t depth) {
    Node made;
    made.span = span_of(event());
    check_properties();
    if (event().type == YAML_ALIAS_EVENT) {
        report_.error(Code::anchor, made.span,
                      fmt::format("alias '*{}': anchors are not used in scenario files",
                                  text_of(event().data.alias.anchor)),
                      {"write the value itself", {}});
        made.broken = true;
        return made;
    }
    if (event().type == YAML_SCALAR_EVENT) {
        made.text = text_of(event());
        made.quoted = event().data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        return made;
    }
    if (depth >= deepest_nesting) {
        report_.error(Code::too_deep, at(made.span.begin),
                      fmt::format("nested more than {} levels deep", deepest_nesting));
        skip();
        made.broken = true;
        return made;
    }
    return event().type == YAML_SEQUENCE_START_EVENT ? list(depth) : mapping(depth);
}

Node TreeBuilder::list(std::size_t depth) {
    Node made;
    made.kind = Node::Kind::list;
    made.flow = event().data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
    made.span = span_of(event());
    while (next() && event().type != YAML_SEQUENCE_END_EVENT) {
        made.items.push_back(node(depth + 1));
    }
    made.broken = failed_;
    if (!failed_) made.span.end = place_of(event().end_mark);
    return made;
}

Node TreeBuilder::mapping(std::size_t depth) {
    Node made;
    made.kind = Node::Kind::mapping;
    made.flow = event().data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
    made.span = span_of(event());
    while (next() && event().type != YAML_MAPPING_END_EVENT) add_entry(made, depth);
    made.broken = failed_;
    if (!failed_) made.span.end = place_of(event().end_mark);
    return made;
}

void TreeBuilder::add_entry(Node& mapping, std::size_t depth) {
    Node const key = node(depth + 1);
    if (key.kind != Node::Kind::scalar) {
        report_.error(Code::bad_key, at(key.span.begin), "a list or a mapping cannot be a key");
    }
    if (!next()) return;
    Node value = node(depth + 1);
    if (key.kind != Node::Kind::scalar || key.broken) return;
    auto const first = std::ranges::find(mapping.entries, key.text, &Entry::key);
    if (first != mapping.entries.end()) {
        report_.error(Code::duplicate_key, key.span,
                      fmt::format("the key '{}' is already there, on line {}", key.text,
                                  first->key_span.begin.line));
        return;
    }
    mapping.entries.push_back({key.text, key.span, std::move(value)});
}

void TreeBuilder::build() {
    document_.root.broken = true;
    bool seen = false;
    while (next() && event().type != YAML_STREAM_END_EVENT) {
        if (event().type != YAML_DOCUMENT_START_EVENT) continue;
        if (seen) {
            report_.error(Code::many_documents, span_of(event()),
                          "a second document begins here; a file is one scenario",
                          {"put it into a file of its own", {}});
            return;
        }
        seen = true;
        check_directives();
        if (!next()) return;
        document_.root = node(0);
    }
    if (failed_) document_.root.broken = true;
    bool const nothing = document_.root.kind == Node::Kind::scalar && document_.root.text.empty() &&
                         !document_.root.quoted;
    if (!failed_ && (!seen || (nothing && !document_.root.broken))) {
        report_.error(Code::empty_file, {}, "the file is empty");
        document_.root.broken = true;
    }
}

/// YAML 1.1 breaks lines at these, YAML 1.2 does not; libyaml follows the former.
std::size_t find_old_line_break(std::string_view text) {
    return std::min({text.find("\u0085"), text.find("\u2028"), text.find("\u2029")});
}

}  // namespace

Document read_document(std::string path, std::string_view text, std::vector<Diagnostic>& found) {
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    Document document;
    document.path = std::move(path);
    document.root.broken = true;
    Report const report(document, found);
    if (text.size() > largest_file) {
        report.error(Code::unreadable_file, {},
                     fmt::format("the file is larger than {} bytes", largest_file));
        return document;
    }
    document.lines = printable_lines(text);
    std::size_t const old_break = find_old_line_break(text);
    if (old_break != std::string_view::npos) {
        report.error(Code::syntax, at(place_of_byte(text, old_break)),
                     "this character breaks lines in old YAML only",
                     {"use an ordinary line break, or a blank", {}});
        return document;
    }
    TreeBuilder(text, document, found).build();
    return document;
}

}  // namespace sunder::language
