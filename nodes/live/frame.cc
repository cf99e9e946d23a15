// SPDX-License-Identifier: BSD-3-Clause
//
// Headers, checksums, and zstd.
#include "nodes/live/frame.h"

#include "base/checksum.h"
#include "base/codec.h"
#include "base/verify.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>

namespace sunder::live {

namespace {

constexpr char mark[] = "SunF";
constexpr std::size_t mark_bytes = 4;
constexpr std::size_t checksum_at = frame_header_bytes - sizeof(std::uint64_t);
constexpr std::uint8_t compressed_flag = 1;

std::unexpected<std::string> refuse(std::string const& why) {
    return std::unexpected("a frame's header: " + why);
}

/// What cannot be, whatever follows.
std::string flaw_of(FrameHeader const& header) {
    if (header.head_bytes > most_head_bytes) {
        return fmt::format("byte 8: a head of {} bytes, at most {} would be right",
                           header.head_bytes, most_head_bytes);
    }
    if (header.content_bytes > most_content_bytes ||
        header.content_sectors > most_content_bytes / sector_bytes) {
        return fmt::format(
            "byte 12: a content of {} bytes for {} sectors, at most {} bytes would "
            "be right",
            header.content_bytes, header.content_sectors, most_content_bytes);
    }
    std::uint64_t const whole = header.content_sectors * sector_bytes;
    if (header.compressed ? header.content_bytes == 0 || header.content_bytes >= whole
                          : header.content_bytes != whole) {
        return fmt::format("byte 12: {}{} bytes for {} sectors, {} {} would be right",
                           header.compressed ? "compressed " : "", header.content_bytes,
                           header.content_sectors, header.compressed ? "less than" : "exactly",
                           whole);
    }
    return "";
}

}  // namespace

std::string_view name_of(FrameKind kind) {
    switch (kind) {
        case FrameKind::greeting:
            return "greeting";
        case FrameKind::mirror:
            return "mirror";
        case FrameKind::control:
            return "control";
    }
    return "";
}

void write_header(FrameKind kind, std::span<std::byte const> head,
                  std::span<std::byte const> content, std::uint32_t content_sectors,
                  bool compressed, std::byte* into_32) {
    FrameHeader const header{kind,
                             compressed,
                             static_cast<std::uint32_t>(head.size()),
                             static_cast<std::uint32_t>(content.size()),
                             content_sectors,
                             0};
    VERIFY(head.size() <= most_head_bytes && content.size() <= most_content_bytes);
    VERIFY(flaw_of(header).empty());
    std::span<std::byte> const into(into_32, frame_header_bytes);
    std::ranges::fill(into, std::byte{0});
    auto const put = [&](std::size_t at, auto value) {
        std::memcpy(&into[at], &value, sizeof value);
    };
    std::memcpy(into.data(), mark, mark_bytes);
    put(4, frame_version);
    put(5, static_cast<std::uint8_t>(kind));
    put(6, compressed ? compressed_flag : std::uint8_t{0});
    put(8, header.head_bytes);
    put(12, header.content_bytes);
    put(16, content_sectors);
    put(checksum_at, checksum({into.first(checksum_at), head, content}));
}

std::expected<FrameHeader, std::string> read_header(std::span<std::byte const, 32> header) {
    ByteReader from(header);
    if (header[0] == std::byte{22} && header[1] == std::byte{3}) {
        return refuse("it begins as TLS does, which this node was not told to speak");
    }
    if (std::memcmp(from.bytes(mark_bytes).data(), mark, mark_bytes) != 0)
        return refuse(
            "it does not begin with 'SunF': this is no peer, or not where a frame begins");
    if (std::uint8_t const version = from.u8(); version != frame_version) {
        return refuse(fmt::format("byte 4: version {}, this build speaks version {}", version,
                                  frame_version));
    }
    std::uint8_t const kind = from.u8();
    std::uint8_t const flags = from.u8();
    std::uint8_t const unused = from.u8();
    FrameHeader found;
    found.kind = FrameKind{kind};
    if (name_of(found.kind).empty())
        return refuse(fmt::format("byte 5: kind {}, 1, 2 or 3 would be right", kind));
    found.compressed = flags == compressed_flag;
    found.head_bytes = from.u32();
    found.content_bytes = from.u32();
    found.content_sectors = from.u32();
    if (flags > compressed_flag || unused != 0 || from.u32() != 0)
        return refuse(fmt::format("byte 6: flags {} or what is unused, 0 would be right", flags));
    found.checksum = from.u64();
    if (std::string const why = flaw_of(found); !why.empty()) return refuse(why);
    return found;
}

std::expected<void, std::string> check_frame(std::span<std::byte const, 32> header,
                                             std::span<std::byte const> head,
                                             std::span<std::byte const> content) {
    std::uint64_t said = 0;
    std::memcpy(&said, &header[checksum_at], sizeof said);
    std::uint64_t const is = checksum({header.first(checksum_at), head, content});
    if (is == said) return {};
    return std::unexpected(
        fmt::format("a frame of {} and {} bytes: its checksum is {:016x}, but "
                    "that of what arrived is {:016x}",
                    head.size(), content.size(), said, is));
}

std::expected<Payload, std::string> content_of(FrameHeader const& header,
                                               std::shared_ptr<std::byte> received) {
    if (header.content_sectors == 0) return Payload{};
    if (!header.compressed) return Payload::bytes(std::move(received), header.content_sectors);
    std::size_t const whole = header.content_sectors * sector_bytes;
    std::shared_ptr<std::byte> const room = Payload::room(header.content_sectors);
    std::size_t const made =
        ZSTD_decompress(room.get(), whole, received.get(), header.content_bytes);
    if (ZSTD_isError(made) != 0)
        return std::unexpected(
            fmt::format("a frame's content: zstd says '{}'", ZSTD_getErrorName(made)));
    if (made != whole) {
        return std::unexpected(
            fmt::format("a frame's content: {} bytes came out, {} would be "
                        "right",
                        made, whole));
    }
    return Payload::bytes(room, header.content_sectors);
}

void Compressor::Free::operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }

Compressor::Compressor(int level) : context_(ZSTD_createCCtx()) {
    VERIFY(level >= 1 && level <= highest_level);
    VERIFY(context_);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level);
}

std::optional<std::span<std::byte const>> Compressor::compress(std::span<std::byte const> content) {
    if (content.size() < 2) return std::nullopt;
    // With less room than the content takes zstd gives up by itself, and early.
    std::size_t const most = content.size() - 1;
    if (room_bytes_ < most) {
        room_ = std::make_unique_for_overwrite<std::byte[]>(most);
        room_bytes_ = most;
    }
    std::size_t const made =
        ZSTD_compress2(context_.get(), room_.get(), most, content.data(), content.size());
    if (ZSTD_isError(made) != 0) return std::nullopt;
    return std::span<std::byte const>(room_.get(), made);
}

}  // namespace sunder::live
