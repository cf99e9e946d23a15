// SPDX-License-Identifier: BSD-3-Clause
//
// What every decision with a golden table is held to: one row for each combination of facts, the
// row's answer by the row's rule, every rule in both table and code, every row with its source. A
// test file describes its decision to `Decision` and asks.
#pragma once

#include "tests/support/golden_table.h"

#include <catch2/catch.hpp>

#include <cstdio>
#include <set>
#include <string>
#include <string_view>

namespace sunder::test {

/// `decide(cell)` gives {answer, rule} by name; `Rule` is an enum whose last is `last`.
template <class Rule, class Decide, class TextOf>
class Decision {
public:
    Decision(char const* name, GoldenTable const& table, Decide decide, TextOf text_of)
        : name_(name), table_(table), decide_(decide), text_of_(text_of) {}

    /// Each combination of facts has exactly one row, and no row is idle.
    void check_rows() const {
        auto const cells = table_.cells();
        std::set<GoldenRow const*> used;
        for (auto const& cell : cells) {
            auto const rows = table_.matching(cell);
            used.insert(rows.begin(), rows.end());
            if (rows.size() == 1) continue;
            INFO(table_.describe(cell));
            for (auto const* row : rows) UNSCOPED_INFO("line " << row->line);
            CHECK(rows.size() == 1);
        }
        for (auto const& row : table_.rows()) {
            INFO("line " << row.line);
            CHECK(used.contains(&row));
        }
        std::printf("%s: %zu cells, %zu rows\n", name_, cells.size(), table_.rows().size());
    }

    /// The code answers as the table does, by the same rule.
    void check_answers() const {
        for (auto const& row : table_.rows()) {
            std::size_t wrong = 0;
            std::string first;
            for (auto const& cell : table_.cells()) {
                if (!row.matches(cell)) continue;
                auto const [answer, rule] = decide_(cell);
                if (answer == table_.answer(row, 0) && rule == table_.answer(row, 1)) continue;
                if (wrong++ == 0) {
                    first = table_.describe(cell) + ": " + std::string(answer) + " by " +
                            std::string(rule);
                }
            }
            INFO("line " << row.line << ": " << table_.answer(row, 0) << " by "
                         << table_.answer(row, 1) << ", " << row.why);
            INFO("but the code decides at " << first);
            CHECK(wrong == 0);
        }
    }

    /// Each rule is in the table and in the code, has a name of its own, words and a citation.
    void check_rules() const {
        std::set<std::string> in_table;
        std::set<std::string> in_code;
        std::set<std::string_view> names;
        for (auto const& row : table_.rows()) in_table.insert(table_.answer(row, 1));
        for (auto const& cell : table_.cells()) in_code.emplace(decide_(cell).second);
        for (unsigned i = 0; i < static_cast<unsigned>(Rule::last); ++i) {
            auto const text = text_of_(static_cast<Rule>(i));
            INFO("rule " << i << ", " << text.name);
            CHECK(names.insert(text.name).second);
            CHECK(in_table.contains(std::string(text.name)));
            CHECK(in_code.contains(std::string(text.name)));
            CHECK_FALSE(text.cites.empty());
            CHECK_FALSE(text.words.empty());
        }
    }

    /// Each row says what it stands on.
    void check_citations() const {
        for (auto const& row : table_.rows()) {
            INFO("line " << row.line << ": " << row.why);
            CHECK(row.why.find_first_of("RSGLC") == 0);
            CHECK(row.why.find_first_of("0123456789") < row.why.find(' '));
        }
    }

private:
    char const* name_;
    GoldenTable const& table_;
    Decide decide_;
    TextOf text_of_;
};

}  // namespace sunder::test
