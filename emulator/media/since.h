// SPDX-License-Identifier: BSD-3-Clause
//
// `array.since`: what changed since rows were saved last, so that a process that is killed loses
// nothing that it answered. The operating system still has what was written then, data and this
// file, and both without a sync. After a power cut neither can be trusted: which of them reached
// the medium nobody knows. So the file names the machine's time since it began (`Folder::boot`),
// and at any other time it says nothing.
//
// It holds every change from some saved moment on, in their order; a few that are saved may be
// among them, which changes nothing, because all that follow them are there, too.
//
// The file: format (u8), boot (text), checksum (u64). Then entries: bytes of the body (u32),
// checksum of the body (u64), the body: last commit (u64), whether all of the catalogue is in it
// (u8), the ranges that are gone (count u32; table u8, first and last u64), the rows (count u32;
// table u8, id u64, bytes u32, body).
#pragma once

#include "emulator/media/files.h"
#include "emulator/media/keeper.h"

#include <expected>
#include <memory>
#include <optional>

namespace sunder::emulator::media {

inline constexpr char const* since_name = "array.since";

class Since {
public:
    /// Begins it anew: what it held is saved, or worth nothing. The error is an errno.
    static std::expected<std::unique_ptr<Since>, int> begin(Folder& folder);

    /// Whoever is killed after this has it. 0 or an errno; after one nothing more is taken in until
    /// everything is saved.
    int append(Rows const& rows);
    /// A sync failed, so nobody knows whether data is where these changes say (G11): nothing is
    /// believed any more, and nothing taken in.
    void distrust();
    /// How many were appended, or could not be.
    [[nodiscard]] std::uint64_t count() const { return count_; }
    /// The first so many of them are saved.
    void saved(std::uint64_t count);

private:
    Since(std::unique_ptr<File> file, std::uint64_t begin)
        : file_(std::move(file)), begin_(begin), end_(begin) {}

    std::unique_ptr<File> file_;
    std::uint64_t begin_;
    std::uint64_t end_;
    std::uint64_t count_ = 0;
    int failed_ = 0;  // something is missing behind its end
    bool distrusted_ = false;
};

/// All of it, for one transaction. Nothing: there is none, or it is of another time. Entries that
/// were being written when the process was killed were never answered for, and are left out. The
/// error is an errno.
std::expected<std::optional<Rows>, int> read_since(Folder& folder);

}  // namespace sunder::emulator::media
