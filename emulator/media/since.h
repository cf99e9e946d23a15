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
// Whoever is killed while he writes an entry leaves it cut short, at the end, and had not answered;
// anything else that does not fit is damage, the beginning included: that of another time has a
// checksum that fits, and a power cut leaves the sector in which it lies whole, empty or not there.
//
// The file: format (u8), boot (text), checksum (u64). Then entries: bytes of the body (u32),
// checksum of the body (u64), checksum of these two (u32), the body: last commit (u64), whether all
// of the catalogue is in it (u8), the ranges that are gone (count u32; table u8, first and last
// u64), the rows (count u32; table u8, id u64, bytes u32, body).
#pragma once

#include "emulator/media/files.h"
#include "emulator/media/keeper.h"

#include <cstdint>
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

struct SinceTrouble {
    int error = 0;         ///< an errno: it cannot be read; 0: it is damaged
    std::uint64_t at = 0;  ///< the first byte of the entry
};
/// All of it, for one transaction. Nothing: there is none, or it is of another time, or older than
/// what was `saved` last. An entry that was being written when the process was killed was never
/// answered for, and is left out.
std::expected<std::optional<Rows>, SinceTrouble> read_since(Folder& folder, Commit saved);

}  // namespace sunder::emulator::media
