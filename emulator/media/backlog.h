// SPDX-License-Identifier: BSD-3-Clause
//
// Changes of an array that are to be saved together: of each row the last that was said of it. What
// was said first and overruled later is saved nowhere.
#pragma once

#include "emulator/media/keeper.h"

#include <map>
#include <utility>
#include <vector>

namespace sunder::emulator::media {

class Backlog {
public:
    /// In the order in which they were taken from the array.
    void add(Rows const& rows);
    /// All of it, for one transaction; from here on there is nothing.
    Rows take();

private:
    void drop(Table table, std::uint64_t first, std::uint64_t last);

    std::vector<Rows::Gone> gone_;
    std::map<std::pair<Table, std::uint64_t>, std::vector<std::byte>> written_;
    bool whole_catalogue_ = false;
    Commit up_to_ = 0;
};

}  // namespace sunder::emulator::media
