// SPDX-License-Identifier: BSD-3-Clause
//
// Reads golden tables line by line. A mistake in a table ends the reading: a row that is half
// understood would make a green test of a wrong decision.
#include "tests/support/golden_table.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

namespace sunder::test {
namespace {

using Words = std::vector<std::string>;
using Failure = std::optional<std::string>;  ///< what is wrong with a line, if anything

Words split(std::string_view text) {
    std::istringstream stream{std::string(text)};
    Words words;
    for (std::string word; stream >> word;) words.push_back(word);
    return words;
}

std::string joined(Words const& words) {
    std::string text;
    for (auto const& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

std::optional<unsigned> index_of(std::string_view value, Words const& values) {
    auto const found = std::ranges::find(values, value);
    if (found == values.end()) return std::nullopt;
    return static_cast<unsigned>(found - values.begin());
}

std::optional<unsigned> index_of(std::string_view name, std::vector<Column> const& columns) {
    auto const found = std::ranges::find(columns, name, &Column::name);
    if (found == columns.end()) return std::nullopt;
    return static_cast<unsigned>(found - columns.begin());
}

std::string unknown_value(std::string const& value, Column const& column) {
    return "'" + value + "' is no value of " + column.name + " (" + joined(column.values) + ")";
}

std::uint32_t any_of(Column const& column) {
    return static_cast<std::uint32_t>((std::uint64_t{1} << column.values.size()) - 1);
}

/// The mask that `pattern` (`*`, `value` or `value|value`) stands for.
std::expected<std::uint32_t, std::string> mask_of(std::string const& pattern,
                                                  Column const& column) {
    if (pattern == "*") return any_of(column);
    std::uint32_t mask = 0;
    for (std::size_t begin = 0; begin <= pattern.size();) {
        auto const end = std::min(pattern.find('|', begin), pattern.size());
        auto const value = pattern.substr(begin, end - begin);
        auto const index = index_of(value, column.values);
        if (!index) return std::unexpected(unknown_value(value, column));
        if (mask & (1U << *index)) return std::unexpected("'" + value + "' is named twice");
        mask |= 1U << *index;
        begin = end + 1;
    }
    return mask;
}

/// What stands before and after the first `mark`; nothing when it is not there.
std::optional<std::pair<std::string_view, std::string_view>> cut(std::string_view line,
                                                                 std::string_view mark) {
    auto const at = line.find(mark);
    if (at == std::string_view::npos) return std::nullopt;
    return std::pair{line.substr(0, at), line.substr(at + mark.size())};
}

std::string_view trimmed(std::string_view text) {
    auto const begin = text.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\r") + 1 - begin);
}

}  // namespace

/// Where the reading stands: what is given, and which columns the rows have.
class GoldenTable::Reader {
public:
    explicit Reader(GoldenTable& table) : table_(table) {}

    Failure read(std::string_view raw, int number) {
        auto const line = trimmed(raw);
        if (line.empty() || line.starts_with('#')) return std::nullopt;
        if (line.starts_with("--")) return more_of_why(trimmed(line.substr(2)));
        if (line == "given" || line.starts_with("given ")) return given(split(line.substr(5)));
        auto const sides = cut(line, "->");
        if (!sides) return "expected 'given', '--', or columns with '->' between facts and answers";
        if (stage_ == Stage::rows) return row(sides->first, sides->second, number);
        return header(split(sides->first), split(sides->second));
    }

private:
    enum class Stage { given, header, rows };

    Failure given(Words const& words) {
        if (stage_ == Stage::rows) given_.clear();
        stage_ = Stage::given;
        for (auto const& word : words) {
            auto const parts = cut(word, "=");
            if (!parts) return "expected fact=value, not '" + word + "'";
            auto const fact = index_of(parts->first, table_.facts_);
            if (!fact) return "there is no fact '" + std::string(parts->first) + "'";
            auto const mask = mask_of(std::string(parts->second), table_.facts_[*fact]);
            if (!mask) return mask.error();
            for (auto const& [other, ignored] : given_)
                if (other == *fact) return "'" + std::string(parts->first) + "' is given twice";
            given_.emplace_back(*fact, *mask);
        }
        return std::nullopt;
    }

    Failure header(Words const& facts, Words const& answers) {
        columns_.clear();
        for (auto const& name : facts) {
            auto const fact = index_of(name, table_.facts_);
            if (!fact) return "there is no fact '" + name + "'";
            for (auto const& [other, ignored] : given_)
                if (other == *fact) return "'" + name + "' is given already";
            if (std::ranges::count(columns_, *fact) > 0) return "'" + name + "' has two columns";
            columns_.push_back(*fact);
        }
        Words expected;
        for (auto const& answer : table_.answers_) expected.push_back(answer.name);
        if (answers != expected) return "after '->' expected the columns " + joined(expected);
        stage_ = Stage::rows;
        return std::nullopt;
    }

    Failure row(std::string_view facts, std::string_view rest, int number) {
        auto const reason = cut(rest, "--");
        auto const cells = split(facts);
        auto const answers = split(reason ? reason->first : rest);
        if (cells.size() != columns_.size()) return count_differs("facts", columns_.size(), cells);
        if (answers.size() != table_.answers_.size())
            return count_differs("answers", table_.answers_.size(), answers);
        GoldenRow made{.line = number, .allowed = {}, .answers = {}, .why = {}};
        for (auto const& fact : table_.facts_) made.allowed.push_back(any_of(fact));
        for (auto const& [fact, mask] : given_) made.allowed[fact] = mask;
        for (std::size_t i = 0; i < cells.size(); ++i) {
            auto const mask = mask_of(cells[i], table_.facts_[columns_[i]]);
            if (!mask) return mask.error();
            made.allowed[columns_[i]] = *mask;
        }
        for (std::size_t i = 0; i < answers.size(); ++i) {
            auto const value = index_of(answers[i], table_.answers_[i].values);
            if (!value) return unknown_value(answers[i], table_.answers_[i]);
            made.answers.push_back(*value);
        }
        if (reason) made.why = trimmed(reason->second);
        table_.rows_.push_back(std::move(made));
        return std::nullopt;
    }

    Failure more_of_why(std::string_view words) {
        if (stage_ != Stage::rows || table_.rows_.empty()) return "'--' without a row before it";
        auto& why = table_.rows_.back().why;
        why += (why.empty() ? "" : " ") + std::string(words);
        return std::nullopt;
    }

    static Failure count_differs(char const* what, std::size_t expected, Words const& got) {
        return "expected " + std::to_string(expected) + " " + what + ", found " +
               std::to_string(got.size()) + " (" + joined(got) + ")";
    }

    GoldenTable& table_;
    Stage stage_ = Stage::header;
    std::vector<std::pair<unsigned, std::uint32_t>> given_;
    std::vector<unsigned> columns_;
};

bool GoldenRow::matches(FactCell const& cell) const {
    for (std::size_t i = 0; i < cell.size(); ++i)
        if (!(allowed[i] & (1U << cell[i]))) return false;
    return true;
}

std::expected<GoldenTable, std::string> GoldenTable::parse(std::string_view text,
                                                           std::vector<Column> facts,
                                                           std::vector<Column> answers) {
    GoldenTable table;
    table.facts_ = std::move(facts);
    table.answers_ = std::move(answers);
    Reader reader(table);
    for (int number = 1; !text.empty(); ++number) {
        auto const end = std::min(text.find('\n'), text.size());
        if (auto const failure = reader.read(text.substr(0, end), number))
            return std::unexpected("line " + std::to_string(number) + ": " + *failure);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return table;
}

std::expected<GoldenTable, std::string> GoldenTable::load(std::string const& path,
                                                          std::vector<Column> facts,
                                                          std::vector<Column> answers) {
    // This file is tests/support/golden_table.cc; the compiler was given its place in the tree.
    auto const root = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
    std::ifstream file(root / path);
    if (!file) return std::unexpected("cannot read " + (root / path).string());
    std::ostringstream text;
    text << file.rdbuf();
    auto table = parse(text.str(), std::move(facts), std::move(answers));
    if (!table) return std::unexpected(path + ": " + table.error());
    return table;
}

std::vector<GoldenRow const*> GoldenTable::matching(FactCell const& cell) const {
    std::vector<GoldenRow const*> found;
    for (auto const& row : rows_)
        if (row.matches(cell)) found.push_back(&row);
    return found;
}

std::vector<FactCell> GoldenTable::cells() const {
    std::vector<FactCell> all{FactCell{}};
    for (auto const& fact : facts_) {
        std::vector<FactCell> longer;
        longer.reserve(all.size() * fact.values.size());
        for (auto const& cell : all)
            for (unsigned value = 0; value < fact.values.size(); ++value) {
                longer.push_back(cell);
                longer.back().push_back(value);
            }
        all = std::move(longer);
    }
    return all;
}

std::string GoldenTable::describe(FactCell const& cell) const {
    std::string text;
    for (std::size_t i = 0; i < cell.size(); ++i)
        text += (i ? " " : "") + facts_[i].name + "=" + facts_[i].values[cell[i]];
    return text;
}

std::string const& GoldenTable::answer(GoldenRow const& row, unsigned column) const {
    return answers_[column].values[row.answers[column]];
}

}  // namespace sunder::test
