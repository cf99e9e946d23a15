// SPDX-License-Identifier: BSD-3-Clause
//
// What a store needs of an operating system: one folder of files, and to be told when something is
// on the medium. Errors are errno values, never exceptions; 0 is none. What a power cut may do to
// what was not synced is told by recording_files.h, how Linux does it by posix_files.cc.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sunder::emulator::media {

/// The errno of a name at which there is neither a file nor a folder, but a FIFO, say.
inline constexpr int no_regular_file = ENXIO;

/// An open file. Many threads may read and write it at once.
class File {
public:
    virtual ~File() = default;
    /// How many bytes there were; fewer than asked for only at the end of the file.
    virtual std::expected<std::size_t, int> read(std::uint64_t offset,
                                                 std::span<std::byte> into) = 0;
    /// All of it, or an errno and perhaps a part. What lies between the end of the file and
    /// `offset` reads as zeroes.
    virtual int write(std::uint64_t offset, std::span<std::byte const> from) = 0;
    virtual int truncate(std::uint64_t size) = 0;
    /// Takes no space there any more and reads as zeroes; the size stays. Before a sync a power cut
    /// may leave any part of what was there. EOPNOTSUPP: the file system cannot.
    virtual int punch(std::uint64_t offset, std::uint64_t count) = 0;
    virtual std::expected<std::uint64_t, int> size() = 0;
    /// Content and size survive a power cut; that the file is in its folder is another thing. When
    /// it fails nobody knows what of it did, and trying again proves nothing (G11).
    virtual int sync() = 0;
};

/// While it lives, no other process, and nobody else in this one, gets the folder.
class FolderLock {
public:
    virtual ~FolderLock() = default;
};

class Folder {
public:
    enum class Open { existing, made_if_absent, read_only };

    virtual ~Folder() = default;
    /// ENOENT when it is not there and is not to be made.
    virtual std::expected<std::unique_ptr<File>, int> open(std::string_view name, Open how) = 0;
    virtual int remove(std::string_view name) = 0;
    /// Names of the files, in their order.
    virtual std::expected<std::vector<std::string>, int> list() = 0;
    /// Which files there are survives a power cut.
    virtual int sync() = 0;
    /// EWOULDBLOCK when somebody has it.
    virtual std::expected<std::unique_ptr<FolderLock>, int> lock() = 0;
    /// Names the time since power came: as long as it is the same, what was written is there,
    /// synced or not. Empty: nobody knows.
    [[nodiscard]] virtual std::string boot() const = 0;
    /// For people.
    [[nodiscard]] virtual std::string where() const = 0;
};

}  // namespace sunder::emulator::media
