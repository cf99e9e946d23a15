// SPDX-License-Identifier: BSD-3-Clause
//
// The stable storage of one mirror's copy beside its data, for real: the cell, the pages of the
// intent log, and what stands on the mirror, in one file of a folder. A cell is old or new after a
// crash; a page may also be torn, and is found damaged then (SAF-16, G13). In memory nothing
// outlives the process.
#pragma once

#include "nodes/live/two_slots.h"
#include "nodes/seam.h"
#include "replication/config.h"
#include "replication/seam.h"

#include <expected>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace sunder::live {

class MirrorStore {
public:
    /// What a life begins with.
    struct Found {
        std::optional<replication::Cell> cell{};
        std::vector<std::shared_ptr<replication::Page const>> pages{};
        std::optional<nodes::StoredHierarchy> above{};
    };

    /// A folder that is null: in memory. The error says what is wrong in which file.
    static std::expected<std::unique_ptr<MirrorStore>, std::string> open(
        emulator::media::Folder* folder, std::string const& mirror,
        replication::GroupConfig const& config);

    /// What was found when it was opened; to be taken once.
    Found take_found() { return std::move(found_); }

    // Stable when they return 0, else an errno. Threads may store at once.
    int store(replication::Cell const& cell);
    int store(replication::Page const& page);
    int store(nodes::StoredHierarchy const& above);

private:
    MirrorStore(std::unique_ptr<emulator::media::File> file, std::uint32_t pages_per_peer);
    std::expected<void, std::string> load(unsigned copies);
    [[nodiscard]] std::uint64_t place_of(replication::Slot peer, std::uint32_t number) const;

    std::mutex slots_;
    std::unique_ptr<emulator::media::File> file_;  // null: in memory
    std::uint32_t pages_per_peer_;
    std::optional<TwoSlots> cell_;
    std::optional<TwoSlots> above_;
    Found found_;
};

}  // namespace sunder::live
