// SPDX-License-Identifier: BSD-3-Clause
//
// Which row overrules which.
#include "emulator/media/backlog.h"

namespace sunder::emulator::media {

void Backlog::drop(Table table, std::uint64_t first, std::uint64_t last) {
    written_.erase(written_.lower_bound({table, first}), written_.upper_bound({table, last}));
}

void Backlog::add(Rows const& rows) {
    for (Rows::Gone const& gone : rows.gone) {
        drop(gone.table, gone.first, gone.last);
        gone_.push_back(gone);
    }
    if (rows.whole_catalogue) {
        for (unsigned number = 0; number < tables; ++number) {
            auto const table = static_cast<Table>(number);
            if (of_catalogue(table)) drop(table, 0, UINT64_MAX);
        }
        whole_catalogue_ = true;
    }
    for (Rows::Row const& row : rows.written) {
        auto const body = rows.body(row);
        written_[{row.table, row.id}].assign(body.begin(), body.end());
    }
    up_to_ = rows.up_to;
}

Rows Backlog::take() {
    Rows rows;
    rows.gone = std::exchange(gone_, {});
    rows.whole_catalogue = std::exchange(whole_catalogue_, false);
    rows.up_to = up_to_;
    for (auto const& [key, body] : std::exchange(written_, {})) {
        rows.written.push_back({key.first, key.second, rows.bytes.size(), body.size()});
        rows.bytes.insert(rows.bytes.end(), body.begin(), body.end());
    }
    return rows;
}

}  // namespace sunder::emulator::media
