// SPDX-License-Identifier: BSD-3-Clause
//
// Frames: what goes down a connection between two nodes, one behind another. A header of 32 bytes
// says what follows, so that a receiver knows how much to wait for, and refuses what is too much
// before there is room for it. The checksum covers all of it. What the head means is decided by the
// encodings (replication/wire.h, nodes/wire.h, nodes/live/greeting.h).
//
// The header, little-endian: "SunF" (4 bytes), version (u8), kind (u8), flags (u8, 1: the content
// is compressed), 0 (u8), bytes of the head, bytes of the content on the wire, sectors of the
// content (u32 each), 0 (u32), checksum (u64) of the 24 bytes before it, the head and the content.
#pragma once

#include "base/payload.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct ZSTD_CCtx_s;

namespace sunder::live {

enum class FrameKind : std::uint8_t { greeting = 1, mirror = 2, control = 3 };
std::string_view name_of(FrameKind kind);

struct FrameHeader {
    FrameKind kind = FrameKind::greeting;
    bool compressed = false;
    std::uint32_t head_bytes = 0;
    std::uint32_t content_bytes = 0;    ///< as it travels
    std::uint32_t content_sectors = 0;  ///< as it is
    std::uint64_t checksum = 0;
};

inline constexpr std::uint8_t frame_version = 1;
inline constexpr std::size_t frame_header_bytes = 32;
inline constexpr std::size_t most_head_bytes = std::size_t{16} << 20;
inline constexpr std::size_t most_content_bytes = std::size_t{32} << 20;

/// Requires a head and a content within the bounds, and, unless it is compressed, all sectors of
/// the content.
void write_header(FrameKind kind, std::span<std::byte const> head,
                  std::span<std::byte const> content, std::uint32_t content_sectors,
                  bool compressed, std::byte* into_32);
/// What can be told before the rest is there: that these are frames, of this version, of a known
/// kind, and not larger than they may be. The error says what was found, and what would be right.
std::expected<FrameHeader, std::string> read_header(std::span<std::byte const, 32> header);
/// Requires a header that `read_header` took, and as much behind it as it says.
std::expected<void, std::string> check_frame(std::span<std::byte const, 32> header,
                                             std::span<std::byte const> head,
                                             std::span<std::byte const> content);
/// The content of a frame that was checked; empty when it has none. What was received becomes the
/// payload itself, unless it has to be decompressed. Requires `header.content_bytes` in it.
std::expected<Payload, std::string> content_of(FrameHeader const& header,
                                               std::shared_ptr<std::byte> received);

/// Compresses contents, one after another; for one thread at a time.
class Compressor {
public:
    static constexpr int highest_level = 9;
    /// Requires a level from 1 to the highest.
    explicit Compressor(int level);
    /// What travels instead; it lives until the next call. Nothing: it would not be smaller.
    std::optional<std::span<std::byte const>> compress(std::span<std::byte const> content);

private:
    struct Free {
        void operator()(ZSTD_CCtx_s* context) const;
    };
    std::unique_ptr<ZSTD_CCtx_s, Free> context_;
    std::unique_ptr<std::byte[]> room_;
    std::size_t room_bytes_ = 0;
};

}  // namespace sunder::live
