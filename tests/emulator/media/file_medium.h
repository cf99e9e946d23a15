// SPDX-License-Identifier: BSD-3-Clause
//
// A rig's medium that is a real store on recording files. A sector of a pattern has bytes of its
// own, so that a mixture, or a stranger's, is found out.
#pragma once

#include "emulator/media/backlog.h"
#include "emulator/media/recording_files.h"
#include "emulator/media/store.h"
#include "tests/emulator/medium.h"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>

namespace sunder::emulator::media::test {

using Pattern = ValueStore::Sector;

void fill(std::span<std::byte> sector, Pattern pattern);
/// ValueStore::garbage: they are no pattern's.
Pattern pattern_of(std::span<std::byte const> sector);

/// What a power cut leaves of each change, at random: a few are missing, or most are.
std::function<Fate(std::size_t)> random_fates(std::uint64_t seed);

class FileMedium : public emulator::test::Medium {
public:
    explicit FileMedium(Tuning tuning) : FileMedium(std::make_unique<RecordingFolder>(), tuning) {}
    FileMedium(std::unique_ptr<RecordingFolder> there, Tuning tuning)
        : folder(std::move(there)), tuning_(tuning) {}

    /// What a process that is killed now leaves. It is not open.
    [[nodiscard]] FileMedium after_kill() const { return {folder->after_kill(), tuning_}; }
    /// Opens the store that is there. What is wrong with it, in words.
    std::string open(std::optional<Array>& array);

    Array begin(Profile const& profile) override;
    void copy(Copy const& copy) override;
    void put(DiskGroupId group, std::uint64_t sector, Extent volume,
             ValueStore::Pattern const& data) override;
    void zero(DiskGroupId group, std::uint64_t sector, std::uint64_t count) override;
    ValueStore::Sector read(DiskGroupId group, std::uint64_t sector) override;
    void lose(DiskGroupId group) override;
    std::string flush(Array& array) override;
    /// What changed outlives the process from here on.
    void remember(Array& array);
    /// Gives back what nobody has, as the driver does it between requests.
    void punch(Array& array);
    /// Or the process was killed, and power stays.
    Array power_cut(std::uint64_t seed) override;

    std::unique_ptr<RecordingFolder> folder;
    /// Called before each operation of a flush.
    std::function<void()> between;
    /// Of mirrors, the regions that the store has marked as being written. When all is durable the
    /// array drops the marks that nobody needs; the store is told so the next time.
    using Marks = std::map<LinkId, std::set<std::uint64_t>>;
    Marks marks;
    std::string wrong;               ///< with what power cuts left
    std::uint64_t emptied_runs = 0;  ///< of slots that nobody had

private:
    Backlog backlog_;
    void close();

    Tuning tuning_;
    std::unique_ptr<GroupData> data_;
    std::unique_ptr<Keeper> keeper_;
};

}  // namespace sunder::emulator::media::test
