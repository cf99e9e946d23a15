// SPDX-License-Identifier: BSD-3-Clause
//
// Writes JSON by hand: the order of keys must be the one people read, and stay the same.
#include "scenarios/language/schema.h"

#include <fmt/format.h>

#include <variant>

namespace sunder::language {

namespace {

std::string quoted(std::string_view text) {
    std::string escaped = "\"";
    for (char const c : text) {
        if (c == '"' || c == '\\') escaped += '\\';
        if (static_cast<unsigned char>(c) < 0x20) {
            escaped += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
            escaped += c;
        }
    }
    return escaped + '"';
}

/// Indents, and puts commas where they belong.
class Writer {
public:
    void open(char bracket) {
        begin_value();
        text_ += bracket;
        ++depth_;
        first_ = true;
    }
    void close(char bracket) {
        --depth_;
        if (!first_) new_line();
        text_ += bracket;
        first_ = false;
    }
    void key(std::string_view name) {
        separate();
        text_ += quoted(name) + ": ";
        after_key_ = true;
    }
    /// A string, a number, a word: anything that fits on the line.
    void value(std::string_view json) {
        begin_value();
        text_ += json;
    }
    void strings(std::vector<std::string> const& words) {
        std::string row;
        for (std::string const& word : words) row += (row.empty() ? "" : ", ") + quoted(word);
        value("[" + row + "]");
    }
    [[nodiscard]] std::string finish() && { return std::move(text_) + "\n"; }

private:
    void new_line() { text_ += "\n" + std::string(depth_ * 2, ' '); }
    void separate() {
        if (!first_) text_ += ",";
        first_ = false;
        if (depth_ > 0) new_line();
    }
    void begin_value() {
        if (!after_key_) separate();
        after_key_ = false;
        first_ = false;
    }

    std::string text_;
    std::size_t depth_ = 0;
    bool first_ = true;
    bool after_key_ = false;
};

class Emitter {
public:
    /// The members of the schema object of this shape; the braces are the caller's.
    void members(Shape const& shape) {
        std::visit([&](auto const& is) { emit(is); }, shape.is);
    }
    Writer& writer() { return out_; }

private:
    void emit(shape::Object const& is);
    void emit(shape::OneKey const& is);
    void emit(shape::Variants const& is);
    void emit(shape::List const& is);
    void emit(shape::Map const& is);
    void emit(shape::Text const& is);
    void emit(shape::Name const& is);
    void emit(shape::Integer const& is);
    void emit(shape::Choice const& is);
    void emit(shape::Quantity const& is);
    void emit(shape::Boolean const& is);
    void emit(shape::Alternatives const& is);

    void properties(std::vector<Key> const& keys);
    void one_of_groups(std::vector<std::vector<std::string>> const& groups);
    void any_of(std::string_view keyword, std::vector<ShapePtr> const& shapes);
    void schema(Shape const& shape) {
        out_.open('{');
        members(shape);
        out_.close('}');
    }
    void member(std::string_view name, std::string_view json) {
        out_.key(name);
        out_.value(json);
    }
    void member(std::string_view name, std::int64_t number) {
        member(name, std::to_string(number));
    }
    void size(std::string_view name, std::size_t number) { member(name, std::to_string(number)); }

    Writer out_;
};

void Emitter::properties(std::vector<Key> const& keys) {
    out_.key("properties");
    out_.open('{');
    for (Key const& key : keys) {
        out_.key(key.name);
        out_.open('{');
        member("description", quoted(key.about));
        if (!key.examples.empty()) {
            out_.key("examples");
            bool const numbers = std::holds_alternative<shape::Integer>(key.shape->is);
            std::string row;
            for (std::string const& example : key.examples) {
                row += (row.empty() ? "" : ", ") + (numbers ? example : quoted(example));
            }
            out_.value("[" + row + "]");
        }
        members(*key.shape);
        out_.close('}');
    }
    out_.close('}');
    member("additionalProperties", "false");
}

void Emitter::one_of_groups(std::vector<std::vector<std::string>> const& groups) {
    if (groups.empty()) return;
    out_.key("allOf");
    out_.open('[');
    for (std::vector<std::string> const& group : groups) {
        out_.open('{');
        out_.key("oneOf");
        out_.open('[');
        for (std::string const& key : group) {
            out_.open('{');
            out_.key("required");
            out_.strings({key});
            out_.close('}');
        }
        out_.close(']');
        out_.close('}');
    }
    out_.close(']');
}

void Emitter::emit(shape::Object const& is) {
    member("type", quoted("object"));
    std::vector<std::string> required;
    for (Key const& key : is.keys) {
        if (key.required) required.push_back(key.name);
    }
    if (!required.empty()) {
        out_.key("required");
        out_.strings(required);
    }
    properties(is.keys);
    one_of_groups(is.one_of);
}

void Emitter::emit(shape::OneKey const& is) {
    member("type", quoted("object"));
    size("minProperties", 1);
    size("maxProperties", 1);
    properties(is.keys);
}

void Emitter::emit(shape::Variants const& is) {
    // Each variant's object requires its telling key and knows no other's, so at most one matches.
    std::vector<ShapePtr> shapes;
    for (shape::Variants::Variant const& variant : is.variants) shapes.push_back(variant.object);
    any_of("oneOf", shapes);
}

void Emitter::emit(shape::List const& is) {
    member("type", quoted("array"));
    if (is.least > 0) size("minItems", is.least);
    size("maxItems", is.most);
    if (is.distinct) member("uniqueItems", "true");
    out_.key("items");
    schema(*is.item);
}

void Emitter::emit(shape::Map const& is) {
    member("type", quoted("object"));
    if (is.least > 0) size("minProperties", is.least);
    size("maxProperties", is.most);
    out_.key("propertyNames");
    out_.open('{');
    emit(shape::Name{});
    out_.close('}');
    out_.key("additionalProperties");
    schema(*is.value);
}

void Emitter::emit(shape::Text const&) {
    member("type", quoted("string"));
    member("pattern", quoted(text_pattern));
}

void Emitter::emit(shape::Name const&) {
    member("type", quoted("string"));
    member("pattern", quoted(name_pattern));
    size("maxLength", longest_name);
}

void Emitter::emit(shape::Integer const& is) {
    member("type", quoted("integer"));
    member("minimum", is.least);
    member("maximum", is.most);
}

void Emitter::emit(shape::Choice const& is) {
    out_.key("enum");
    out_.strings(is.words);
}

void Emitter::emit(shape::Quantity const& is) {
    member("type", quoted("string"));
    member("pattern", quoted(pattern_of(is.of)));
}

void Emitter::emit(shape::Boolean const&) { member("enum", R"(["yes", "no", true, false])"); }

void Emitter::emit(shape::Alternatives const& is) { any_of("anyOf", is.shapes); }

void Emitter::any_of(std::string_view keyword, std::vector<ShapePtr> const& shapes) {
    out_.key(keyword);
    out_.open('[');
    for (ShapePtr const& one : shapes) schema(*one);
    out_.close(']');
}

}  // namespace

std::string schema_of(Shape const& shape, std::string_view title, std::string_view about) {
    Emitter emitter;
    Writer& out = emitter.writer();
    out.open('{');
    out.key("$schema");
    out.value(quoted("http://json-schema.org/draft-07/schema#"));
    out.key("title");
    out.value(quoted(title));
    out.key("description");
    out.value(quoted(about));
    emitter.members(shape);
    out.close('}');
    return std::move(out).finish();
}

}  // namespace sunder::language
