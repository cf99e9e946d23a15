// SPDX-License-Identifier: BSD-3-Clause
//
// The bytes of disk groups in one sparse file each, `disk-group-N.data`, which is made at the first
// write. Reads and writes of a file that is there take no lock and no memory.
#pragma once

#include "emulator/media/files.h"
#include "emulator/media/group_data.h"
#include "emulator/media/health.h"

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace sunder::emulator::media {

std::string data_file_name(DiskGroupId group);
/// Nothing: it is not the name of a data file.
std::optional<DiskGroupId> group_of_file(std::string_view name);

class FileData : public GroupData {
public:
    FileData(Folder& folder, std::shared_ptr<Health> health);
    ~FileData() override;

    /// Opens the file of a group that has one. 0 or an errno.
    int adopt(DiskGroupId group);
    /// As many slots as the group's file reaches into; 0: it has none.
    std::expected<Slot, int> slots(DiskGroupId group);
    /// Makes everything durable that is in the files, whoever wrote it.
    int sync_all();

    int read(DiskGroupId group, std::uint64_t offset, std::span<std::byte> into) override;
    int write(DiskGroupId group, std::uint64_t offset, std::span<std::byte const> from) override;
    int zero(DiskGroupId group, std::uint64_t offset, std::uint64_t count) override;
    int punch(DiskGroupId group, std::uint64_t offset, std::uint64_t count) override;
    int sync() override;
    void drop(DiskGroupId group) override;

private:
    struct Held {
        std::unique_ptr<File> file;
        std::atomic<bool> unsynced = false;
    };
    std::expected<Held*, int> held(DiskGroupId group);
    std::expected<Held*, int> open(DiskGroupId group, Folder::Open how);

    Folder& folder_;
    std::shared_ptr<Health> health_;
    // By group. A place for each that there can be, so that nobody has to lock to find one.
    std::unique_ptr<std::array<std::atomic<Held*>, 65536>> by_group_;
    std::mutex opening_;
    std::vector<std::unique_ptr<Held>> all_;  // dropped ones stay: somebody may be reading
    std::mutex syncing_;
    std::atomic<bool> entered_ = true;  // every file's name is durable
};

}  // namespace sunder::emulator::media
