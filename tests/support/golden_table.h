// SPDX-License-Identifier: BSD-3-Clause
//
// Golden tables: what a pure decision must answer, as text that people who know the field can read.
// This reads such a file, refuses what is misspelt (with the line's number), and tells which rows
// match a cell. That each cell has one row, and what the code says of it, is asked by the tests.
//
//     # a comment
//     given fact=value fact=one|other      fixes facts for the rows below; may take several lines
//     fact   fact          -> answer rule  names the columns that vary
//     *      one|other     -> yes    some  -- R30: why
//         -- R31: more of why
//
// A fact named neither in `given` nor as a column may have any value, like `*`.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace sunder::test {

/// A named choice: a fact with all its values, or an answer with all that may be answered.
struct Column {
    std::string name;
    std::vector<std::string> values;
};

inline Column yes_or_no(std::string name) { return {std::move(name), {"no", "yes"}}; }

/// One combination of the facts: per fact the index of its value.
using FactCell = std::vector<unsigned>;

struct GoldenRow {
    int line = 0;
    std::vector<std::uint32_t> allowed;  ///< per fact a mask of the values that match
    std::vector<unsigned> answers;       ///< per answer the index of its value
    std::string why;                     ///< starts with what it cites

    [[nodiscard]] bool matches(FactCell const&) const;
};

class GoldenTable {
public:
    /// Reads `text`; the error names the line and what was expected there.
    static std::expected<GoldenTable, std::string> parse(std::string_view text,
                                                         std::vector<Column> facts,
                                                         std::vector<Column> answers);
    /// Reads a file by its path inside the source tree.
    static std::expected<GoldenTable, std::string> load(std::string const& path,
                                                        std::vector<Column> facts,
                                                        std::vector<Column> answers);

    [[nodiscard]] std::vector<GoldenRow> const& rows() const { return rows_; }
    [[nodiscard]] std::vector<GoldenRow const*> matching(FactCell const&) const;
    /// The full cross-product of the facts; the last fact changes fastest.
    [[nodiscard]] std::vector<FactCell> cells() const;
    [[nodiscard]] std::string describe(FactCell const&) const;
    [[nodiscard]] std::string const& answer(GoldenRow const&, unsigned column) const;

private:
    class Reader;

    std::vector<Column> facts_;
    std::vector<Column> answers_;
    std::vector<GoldenRow> rows_;
};

}  // namespace sunder::test
