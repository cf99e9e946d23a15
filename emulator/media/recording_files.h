// SPDX-License-Identifier: BSD-3-Clause
//
// A folder in memory that knows what of it is on the medium and what is not: the row of changes
// that were not synced, over all its files, in their order. It decides what may be found after a
// power cut: of each such change, for itself, nothing, all, some of its sectors, or for a write
// that makes a file longer only the length. A hole that is punched is a write of zeroes that makes
// no file longer. What of them happened is chosen by the caller.
//
// A sync that fails is one as Linux does it (G11): what was to be synced is on the medium or is
// not, goes on being read, and no later sync says a word about it.
#pragma once

#include "emulator/media/files.h"
#include "emulator/media/sparse_bytes.h"

#include <functional>
#include <map>
#include <string>
#include <variant>

namespace sunder::emulator::media {

enum class FileOp : std::uint8_t {
    open,
    read,
    write,
    truncate,
    punch,
    size,
    sync,
    remove,
    list,
    sync_folder
};

/// What a power cut leaves of one change.
struct Fate {
    enum class Kind : std::uint8_t { nothing, all, torn, length };
    Kind kind = Kind::all;
    std::uint64_t seed = 0;  ///< torn: which sectors
};

class RecordingFolder : public Folder {
public:
    RecordingFolder();
    RecordingFolder(RecordingFolder const&) = delete;
    RecordingFolder& operator=(RecordingFolder const&) = delete;

    std::expected<std::unique_ptr<File>, int> open(std::string_view name, Open how) override;
    int remove(std::string_view name) override;
    std::expected<std::vector<std::string>, int> list() override;
    int sync() override;
    std::expected<std::unique_ptr<FolderLock>, int> lock() override;
    [[nodiscard]] std::string boot() const override;
    [[nodiscard]] std::string where() const override { return "memory"; }

    /// Asked before each operation; what it returns fails it with that errno. Of a write that fails
    /// a part may be done.
    using Before = std::function<int(FileOp)>;
    void ask_before(Before before);

    /// Changes that a power cut may take.
    [[nodiscard]] std::size_t unsynced() const;
    /// Whether number `n` of them is one that can be torn.
    [[nodiscard]] bool is_write(std::size_t n) const;
    /// The folder as it is found when power returns; `fate(n)` is asked of each change in turn.
    [[nodiscard]] std::unique_ptr<RecordingFolder> after_power_cut(
        std::function<Fate(std::size_t)> const& fate) const;
    /// As it is found when the process was killed: nothing is lost, and nothing is synced by it.
    [[nodiscard]] std::unique_ptr<RecordingFolder> after_kill() const;

    struct Core;

private:
    explicit RecordingFolder(std::shared_ptr<Core> core);

    std::shared_ptr<Core> core_;
};

}  // namespace sunder::emulator::media
