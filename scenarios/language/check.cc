// SPDX-License-Identifier: BSD-3-Clause
//
// Holds a file's tree against the grammar. One mistake is one error: a mistyped key that was
// probably a required one is reported as mistyped, not as missing too; what is broken already is
// passed over.
#include "base/share.h"
#include "base/text.h"
#include "base/units.h"
#include "scenarios/language/shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace sunder::language {

namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= longest_name && is_letter(text.front()) &&
           std::ranges::all_of(text, [](char c) {
               return is_letter(c) || is_digit(c) || c == '_' || c == '.' || c == '-';
           });
}

constexpr char const* name_rule =
    "a name begins with a letter and has letters, digits, '_', '.' and "
    "'-', at most 40";
static_assert(longest_name == 40);

/// "found ..." for a value of the wrong kind.
std::string found_text(Node const& node) {
    switch (node.kind) {
        case Node::Kind::list:
            return "a list";
        case Node::Kind::mapping:
            return "a mapping";
        case Node::Kind::scalar:
            break;
    }
    switch (resolve(node)) {
        case Resolved::null:
            return node.text.empty() ? "nothing" : fmt::format("'{}'", node.text);
        case Resolved::integer:
        case Resolved::floating:
            return fmt::format("the number {}", node.text);
        case Resolved::boolean:
        case Resolved::string:
            break;
    }
    // A whole paragraph would not make the error clearer.
    constexpr std::size_t longest = 40;
    if (node.text.size() > longest || node.text.find('\n') != std::string::npos) return "a text";
    return fmt::format("'{}'", node.text);
}

/// The error of a quantity, if it has one.
std::optional<std::string> quantity_error(std::string_view text, shape::Quantity::Of of) {
    using Of = shape::Quantity::Of;
    auto const error_of = [](auto const& parsed) -> std::optional<std::string> {
        if (parsed) return std::nullopt;
        return parsed.error();
    };
    switch (of) {
        case Of::duration:
            return error_of(parse_duration(text));
        case Of::byte_count:
            return error_of(parse_byte_count(text));
        case Of::bandwidth:
            return error_of(parse_bandwidth(text));
        case Of::rate:
            return error_of(parse_rate(text));
        case Of::writes:
            return error_of(parse_write_count(text));
        case Of::share:
            return error_of(parse_share(text));
    }
    return std::nullopt;
}

std::vector<std::string> names_of(std::vector<Key> const& keys) {
    std::vector<std::string> names;
    for (Key const& key : keys) names.push_back(key.name);
    return names;
}

/// Whether a value of this kind can have that shape at all.
Node::Kind kind_of(Shape const& shape) {
    struct KindOf {
        Node::Kind operator()(shape::Object const&) const { return Node::Kind::mapping; }
        Node::Kind operator()(shape::OneKey const&) const { return Node::Kind::mapping; }
        Node::Kind operator()(shape::Variants const&) const { return Node::Kind::mapping; }
        Node::Kind operator()(shape::Map const&) const { return Node::Kind::mapping; }
        Node::Kind operator()(shape::List const&) const { return Node::Kind::list; }
        Node::Kind operator()(shape::Text const&) const { return Node::Kind::scalar; }
        Node::Kind operator()(shape::Name const&) const { return Node::Kind::scalar; }
        Node::Kind operator()(shape::Integer const&) const { return Node::Kind::scalar; }
        Node::Kind operator()(shape::Choice const&) const { return Node::Kind::scalar; }
        Node::Kind operator()(shape::Quantity const&) const { return Node::Kind::scalar; }
        Node::Kind operator()(shape::Boolean const&) const { return Node::Kind::scalar; }
        Node::Kind operator()(shape::Alternatives const& is) const {
            return kind_of(*is.shapes.front());  // not nested: never asked
        }
    };
    return std::visit(KindOf{}, shape.is);
}

class Checker {
public:
    explicit Checker(Report const& report) : report_(report) {}

    /// `owner` is the key whose value this is: where a missing key is reported.
    void check(Node const& node, Shape const& expected, std::optional<Span> owner);

private:
    void visit(Node const&, shape::Object const&, std::optional<Span> owner);
    void visit(Node const&, shape::OneKey const&, std::optional<Span> owner);
    void visit(Node const&, shape::Variants const&, std::optional<Span> owner);
    void visit(Node const&, shape::List const&, std::optional<Span> owner);
    void visit(Node const&, shape::Map const&, std::optional<Span> owner);
    void visit(Node const&, shape::Text const&, std::optional<Span> owner);
    void visit(Node const&, shape::Name const&, std::optional<Span> owner);
    void visit(Node const&, shape::Integer const&, std::optional<Span> owner);
    void visit(Node const&, shape::Choice const&, std::optional<Span> owner);
    void visit(Node const&, shape::Quantity const&, std::optional<Span> owner);
    void visit(Node const&, shape::Boolean const&, std::optional<Span> owner);
    void visit(Node const&, shape::Alternatives const&, std::optional<Span> owner);

    void wrong_kind(Node const& node, std::string const& expected);
    std::set<std::string> unknown_keys(Node const& node, std::string const& what,
                                       std::vector<std::string> const& known);
    void one_of_group(Node const& node, shape::Object const& is,
                      std::vector<std::string> const& group, std::set<std::string> const& meant,
                      std::optional<Span> owner);
    void length(Node const& node, std::string const& what, std::size_t size, std::size_t least,
                std::size_t most, std::optional<Span> owner);

    /// Where something that is not there is missed.
    static Span missed_at(Node const& node, std::optional<Span> owner) {
        return owner && !node.flow ? *owner : mark_of(node);
    }

    Report const& report_;
};

void Checker::wrong_kind(Node const& node, std::string const& expected) {
    report_.error(Code::wrong_kind, mark_of(node),
                  fmt::format("expected {}, found {}", expected, found_text(node)));
}

void Checker::check(Node const& node, Shape const& expected, std::optional<Span> owner) {
    if (node.broken) return;
    bool const mixed = std::holds_alternative<shape::Alternatives>(expected.is);
    if (!mixed && node.kind != kind_of(expected)) {
        wrong_kind(node, describe(expected));
        return;
    }
    std::visit([&](auto const& is) { visit(node, is, owner); }, expected.is);
}

/// Reports keys that do not exist, and answers which ones they were probably meant to be.
std::set<std::string> Checker::unknown_keys(Node const& node, std::string const& what,
                                            std::vector<std::string> const& known) {
    std::vector<std::string> open;  // a key that is there already was not meant by another word
    for (std::string const& key : known) {
        if (node.find(key) == nullptr) open.push_back(key);
    }
    std::set<std::string> meant;
    for (Entry const& entry : node.entries) {
        if (std::ranges::find(known, entry.key) != known.end()) continue;
        std::optional<std::string> const probably = did_you_mean(entry.key, open);
        if (probably) meant.insert(*probably);
        report_.error(Code::unknown_key, entry.key_span,
                      fmt::format("{} has no key '{}'", what, entry.key),
                      {probably ? fmt::format("did you mean '{}'?", *probably) : "", known});
    }
    return meant;
}

void Checker::visit(Node const& node, shape::Object const& is, std::optional<Span> owner) {
    std::set<std::string> const meant = unknown_keys(node, is.what, names_of(is.keys));
    for (Key const& key : is.keys) {
        Node const* const value = node.find(key.name);
        if (value != nullptr) {
            auto const entry = std::ranges::find(node.entries, key.name, &Entry::key);
            check(*value, *key.shape, entry->key_span);
        } else if (key.required && !meant.contains(key.name)) {
            std::string hint = key.examples.empty()
                                   ? fmt::format("{}: {}", key.name, key.about)
                                   : fmt::format("for example '{}: {}'", key.name, key.examples[0]);
            report_.error(Code::missing_key, missed_at(node, owner),
                          fmt::format("{} needs the key '{}'", is.what, key.name),
                          {std::move(hint), {}});
        }
    }
    for (std::vector<std::string> const& group : is.one_of) {
        one_of_group(node, is, group, meant, owner);
    }
}

void Checker::one_of_group(Node const& node, shape::Object const& is,
                           std::vector<std::string> const& group,
                           std::set<std::string> const& meant, std::optional<Span> owner) {
    Entry const* first = nullptr;
    for (Entry const& entry : node.entries) {
        if (std::ranges::find(group, entry.key) == group.end()) continue;
        if (first != nullptr) {
            report_.error(
                Code::exclusive_keys, entry.key_span,
                fmt::format("{} has either '{}' or '{}', not both", is.what, first->key, entry.key),
                {"remove one of them", {}});
            return;
        }
        first = &entry;
    }
    bool const mistyped =
        std::ranges::any_of(group, [&](std::string const& key) { return meant.contains(key); });
    if (first == nullptr && !mistyped) {
        report_.error(Code::missing_key, missed_at(node, owner),
                      fmt::format("{} needs one of these keys", is.what), {"", group});
    }
}

void Checker::visit(Node const& node, shape::OneKey const& is, std::optional<Span> owner) {
    unknown_keys(node, is.what, names_of(is.keys));
    for (Entry const& entry : node.entries) {
        auto const key = std::ranges::find(is.keys, entry.key, &Key::name);
        if (key != is.keys.end()) check(entry.value, *key->shape, entry.key_span);
    }
    if (node.entries.empty()) {
        report_.error(Code::missing_key, missed_at(node, owner),
                      fmt::format("{} needs one of these keys", is.what), {"", names_of(is.keys)});
    } else if (node.entries.size() > 1) {
        report_.error(Code::exclusive_keys, node.entries[1].key_span,
                      fmt::format("{} has one key only; this is the second", is.what),
                      {"begin another one with '- '", {}});
    }
}

void Checker::visit(Node const& node, shape::Variants const& is, std::optional<Span> owner) {
    std::vector<std::string> known;
    std::vector<std::string> telling;
    Entry const* first = nullptr;
    shape::Variants::Variant const* chosen = nullptr;
    for (shape::Variants::Variant const& variant : is.variants) {
        telling.push_back(variant.key);
        for (std::string& name : names_of(std::get<shape::Object>(variant.object->is).keys)) {
            if (std::ranges::find(known, name) == known.end()) known.push_back(std::move(name));
        }
    }
    for (Entry const& entry : node.entries) {
        auto const variant =
            std::ranges::find(is.variants, entry.key, &shape::Variants::Variant::key);
        if (variant == is.variants.end()) continue;
        if (first != nullptr) {
            report_.error(
                Code::exclusive_keys, entry.key_span,
                fmt::format("{} has either '{}' or '{}', not both", is.what, first->key, entry.key),
                {"remove one of them", {}});
            return;
        }
        first = &entry;
        chosen = &*variant;
    }
    if (chosen != nullptr) {
        check(node, *chosen->object, owner);
        return;
    }
    std::set<std::string> const meant = unknown_keys(node, is.what, known);
    bool const mistyped =
        std::ranges::any_of(telling, [&](std::string const& key) { return meant.contains(key); });
    if (!mistyped) {
        report_.error(Code::missing_key, missed_at(node, owner),
                      fmt::format("{} needs one of these keys", is.what), {"", telling});
    }
}

void Checker::length(Node const& node, std::string const& what, std::size_t size, std::size_t least,
                     std::size_t most, std::optional<Span> owner) {
    if (size >= least && size <= most) return;
    std::string_view const bound = least == most  ? "exactly"
                                   : size < least ? "at least"
                                                  : "at most";
    report_.error(Code::wrong_length, missed_at(node, owner),
                  fmt::format("{}: expected {} {}, found {}", what, bound,
                              size < least ? least : most, size));
}

void Checker::visit(Node const& node, shape::List const& is, std::optional<Span> owner) {
    length(node, is.what, node.items.size(), is.least, is.most, owner);
    std::set<std::pair<std::string, bool>> seen;
    for (Node const& item : node.items) {
        check(item, *is.item, std::nullopt);
        if (!is.distinct || item.kind != Node::Kind::scalar || item.broken) continue;
        bool const is_string = resolve(item) == Resolved::string;
        if (!seen.insert({item.text, is_string}).second) {
            report_.error(Code::repeated_item, item.span,
                          fmt::format("'{}' is already in the list", item.text));
        }
    }
}

void Checker::visit(Node const& node, shape::Map const& is, std::optional<Span> owner) {
    length(node, is.what, node.entries.size(), is.least, is.most, owner);
    for (Entry const& entry : node.entries) {
        if (!is_name(entry.key)) {
            report_.error(Code::bad_text, entry.key_span, fmt::format("'{}' is no name", entry.key),
                          {name_rule, {}});
        }
        check(entry.value, *is.value, entry.key_span);
    }
}

void Checker::visit(Node const& node, shape::Text const& is, std::optional<Span>) {
    if (resolve(node) != Resolved::string) {
        report_.error(Code::wrong_kind, mark_of(node),
                      fmt::format("expected {}, found {}", is.what, found_text(node)),
                      {node.text.empty() ? "" : "put it in quotes if it is meant as text", {}});
    } else if (node.text.find_first_not_of(" \t\r\n") == std::string::npos) {
        report_.error(Code::bad_text, mark_of(node), fmt::format("{} is blank", is.what));
    }
}

void Checker::visit(Node const& node, shape::Name const& is, std::optional<Span>) {
    if (resolve(node) != Resolved::string) {
        wrong_kind(node, is.what);
    } else if (!is_name(node.text)) {
        report_.error(Code::bad_text, mark_of(node),
                      fmt::format("expected {}, found {}", is.what, found_text(node)),
                      {name_rule, {}});
    }
}

void Checker::visit(Node const& node, shape::Integer const& is, std::optional<Span>) {
    if (resolve(node) != Resolved::integer) {
        wrong_kind(node, describe(Shape{is}));
        return;
    }
    std::optional<std::int64_t> const value = integer_of(node);
    if (!value || *value < is.least || *value > is.most) {
        report_.error(Code::bad_number, mark_of(node), fmt::format("{} is out of range", node.text),
                      {fmt::format("{}: {} to {}", is.what, is.least, is.most), {}});
    }
}

void Checker::visit(Node const& node, shape::Choice const& is, std::optional<Span>) {
    bool const known = std::ranges::find(is.words, node.text) != is.words.end();
    if (known && resolve(node) == Resolved::string) return;
    report_.unknown(Code::unknown_word, mark_of(node),
                    fmt::format("expected {}, found {}", is.what, found_text(node)), node.text,
                    is.words);
}

void Checker::visit(Node const& node, shape::Quantity const& is, std::optional<Span>) {
    if (resolve(node) == Resolved::null) {
        wrong_kind(node, describe(Shape{is}));
    } else if (std::optional<std::string> error = quantity_error(node.text, is.of)) {
        report_.error(Code::bad_quantity, mark_of(node), std::move(*error));
    }
}

void Checker::visit(Node const& node, shape::Boolean const& is, std::optional<Span>) {
    bool const word = node.text == "yes" || node.text == "no";
    if (!word && resolve(node) != Resolved::boolean) {
        report_.error(Code::unknown_word, mark_of(node),
                      fmt::format("expected {}, found {}", describe(Shape{is}), found_text(node)));
    }
}

void Checker::visit(Node const& node, shape::Alternatives const& is, std::optional<Span> owner) {
    std::vector<ShapePtr> possible;
    for (ShapePtr const& shape : is.shapes) {
        if (kind_of(*shape) == node.kind) possible.push_back(shape);
    }
    if (possible.size() == 1) {
        check(node, *possible.front(), owner);
        return;
    }
    std::vector<std::string> words;
    bool const begins_with_digit = !node.text.empty() && is_digit(node.text.front());
    Shape const* number = nullptr;
    for (ShapePtr const& shape : possible) {
        std::vector<Diagnostic> found;
        Document const nowhere;
        Report const trial(nowhere, found);
        Checker(trial).check(node, *shape, owner);
        if (found.empty()) return;
        if (auto const* choice = std::get_if<shape::Choice>(&shape->is)) {
            words.insert(words.end(), choice->words.begin(), choice->words.end());
        } else {
            number = shape.get();
        }
    }
    if (number != nullptr && begins_with_digit) {
        check(node, *number, owner);
    } else if (std::optional<std::string> const meant = did_you_mean(node.text, words)) {
        report_.error(Code::unknown_word, mark_of(node),
                      fmt::format("expected {}, found {}", describe(Shape{is}), found_text(node)),
                      {fmt::format("did you mean '{}'?", *meant), {}});
    } else {
        wrong_kind(node, describe(Shape{is}));
    }
}

}  // namespace

void check(Node const& node, Shape const& expected, Report const& report) {
    Checker(report).check(node, expected, std::nullopt);
}

}  // namespace sunder::language
