// SPDX-License-Identifier: BSD-3-Clause
//
// What a process shows to hosts, whether it serves an array or a node of a cluster: exports by
// name, and what can be done with one that is open. Errors carry the errno that clients of NBD
// expect, and words.
#pragma once

#include "emulator/media/io_error.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sunder::live {

using emulator::media::IoError;
using emulator::media::IoResult;

/// Part of a volume that something is written in, or a hole; in bytes.
struct Stretch {
    std::uint64_t bytes = 0;
    bool hole = false;
};

/// A volume as a host has it open. Offsets and sizes are bytes, multiples of a sector; many threads
/// at a time.
class OpenVolume {
public:
    virtual ~OpenVolume() = default;
    [[nodiscard]] virtual std::uint64_t bytes() const = 0;
    [[nodiscard]] virtual bool writable() const = 0;
    [[nodiscard]] virtual std::string const& description() const = 0;

    virtual IoResult read(std::uint64_t offset, std::span<std::byte> into) = 0;
    /// `durable`: it is on the medium when it is answered.
    virtual IoResult write(std::uint64_t offset, std::span<std::byte const> from, bool durable) = 0;
    virtual IoResult flush() = 0;
    /// It may read as zeroes afterwards.
    virtual IoResult trim(std::uint64_t offset, std::uint64_t count, bool durable) = 0;
    /// It reads as zeroes afterwards. `may_trim`: space need not be kept; `fast`: only if that is
    /// faster than writing zeroes, else EOPNOTSUPP.
    virtual IoResult zero(std::uint64_t offset, std::uint64_t count, bool may_trim, bool fast,
                          bool durable) = 0;
    /// From `offset` on, one behind another.
    virtual std::expected<std::vector<Stretch>, IoError> extents(std::uint64_t offset,
                                                                 std::uint64_t count) = 0;
    /// Which sockets lead to it may be closed when it is in service no more; nothing: none.
    [[nodiscard]] virtual std::optional<std::size_t> mirror() const { return std::nullopt; }
};

class Hosted {
public:
    struct Listed {
        std::string name;
        std::string description;
    };

    virtual ~Hosted() = default;
    /// Threads begin: to be called in the process that serves, after it forked.
    virtual void start() = 0;
    /// Threads end, and everything is made durable, whether hosts asked for it or not.
    virtual IoResult stop() = 0;

    [[nodiscard]] virtual std::vector<Listed> list() const = 0;
    /// The one that is meant by no name; nothing: there are none, or several.
    [[nodiscard]] virtual std::optional<std::string> default_name() const = 0;
    /// The error is for people: what can be opened.
    [[nodiscard]] virtual std::expected<std::unique_ptr<OpenVolume>, std::string> open(
        std::string_view name, bool read_only) = 0;
};

}  // namespace sunder::live
