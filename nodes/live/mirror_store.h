// SPDX-License-Identifier: BSD-3-Clause
//
// The stable storage of one mirror's copy beside its data, for real: the cell, the pages of the
// intent log, what stands on the mirror, and the mark of the copy that they tell of, in one file of
// a folder. Another one remembers that there were cells, so that a mirror whose file was removed is
// not created a second time (R91). A cell is old or new after a crash; a page may also be torn, and
// is found damaged then (SAF-16, G13). In memory nothing outlives the process.
#pragma once

#include "nodes/live/copy_mark.h"
#include "nodes/live/two_slots.h"
#include "nodes/seam.h"
#include "replication/config.h"
#include "replication/seam.h"

#include <cstdint>
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
        std::optional<CopyMark> mark{};
        bool had_cell = false;  ///< in an earlier file, if not in this one
        /// Its intent log was kept in other chunks, of so many sectors, 0 for none, so that all of
        /// it is to be set (`set_all_pages`): nothing else can be said.
        std::optional<std::uint64_t> other_chunks{};
    };

    /// A folder that is null: in memory; it outlives this. The error says what is wrong in which
    /// file.
    static std::expected<std::unique_ptr<MirrorStore>, std::string> open(
        emulator::media::Folder* folder, std::string const& mirror,
        replication::GroupConfig const& config);

    [[nodiscard]] Found const& found() const { return found_; }
    /// What was found when it was opened; to be taken once.
    Found take_found() { return std::move(found_); }
    /// For people: the file, and the one that remembers that there were cells.
    [[nodiscard]] std::string file() const;
    [[nodiscard]] std::string memory() const;

    // Stable when they return 0, else an errno. Threads may store at once.
    int store(replication::Cell const& cell);
    int store(replication::Page const& page);
    int store(nodes::StoredHierarchy const& above);
    int store(CopyMark const& mark);
    /// Begins with the cell of a copy that holds nothing, whoever creates the mirror: 0 or an
    /// errno.
    int begin_blank(replication::GroupConfig const& config);
    /// Begins with the cell of the mirror's first source, under a name that no life had before: 0
    /// or an errno. What another life created is gone with its memory or its disk, and must not be
    /// taken for the same (FLT-4).
    int begin_created(replication::GroupConfig const& config, std::uint64_t name);
    /// Of one with other chunks, which has no pages before: sets all bits, in the chunks that are
    /// configured. 0 or an errno. Apart from `open`, so that a start that is refused changes
    /// nothing.
    int set_all_pages();

private:
    MirrorStore(emulator::media::Folder* folder, std::string mirror,
                replication::GroupConfig const& config);
    [[nodiscard]] std::string of_another(replication::Slot other) const;
    std::expected<void, std::string> load();
    std::expected<void, std::string> load_pages();
    int remember_cell();
    [[nodiscard]] std::uint64_t place_of(replication::Slot peer, std::uint32_t number) const;

    emulator::media::Folder* folder_;  // null: in memory
    std::string mirror_;
    std::mutex slots_;
    std::unique_ptr<emulator::media::File> file_;  // null: in memory
    replication::Slot self_;
    unsigned copies_;
    std::uint64_t chunk_sectors_;  // 0: no intent log is kept
    std::uint64_t mirrored_sectors_;
    std::uint32_t pages_per_peer_;
    std::optional<TwoSlots> cell_;
    std::optional<TwoSlots> above_;
    std::optional<TwoSlots> mark_;
    bool remembered_ = false;  // that there is a cell
    Found found_;
};

}  // namespace sunder::live
