// SPDX-License-Identifier: BSD-3-Clause
//
// Putting into envelopes, and taking out.
#include "base/sealed.h"

#include "base/checksum.h"
#include "base/codec.h"
#include "base/verify.h"

#include <fmt/format.h>

namespace sunder {

namespace {

constexpr std::size_t mark_bytes = 8;
constexpr std::size_t checksum_at = sealed_head_bytes - sizeof(std::uint64_t);

}  // namespace

std::vector<std::byte> seal(Seal const& seal, std::span<std::byte const> contents) {
    VERIFY(contents.size() <= UINT32_MAX);
    std::vector<std::byte> sealed;
    sealed.reserve(sealed_head_bytes + contents.size());
    ByteWriter to(sealed);
    to.bytes(std::as_bytes(std::span(seal.mark, mark_bytes)));
    to.u16(seal.version);
    to.u32(static_cast<std::uint32_t>(contents.size()));
    to.u64(checksum({std::span(sealed).first(checksum_at), contents}));
    to.bytes(contents);
    return sealed;
}

std::expected<std::span<std::byte const>, std::string> unseal(Seal const& seal,
                                                              std::span<std::byte const> sealed) {
    auto const refuse = [&](std::string const& why) {
        return std::unexpected(fmt::format("not {}: {}", seal.what, why));
    };
    ByteReader from(sealed);
    std::span<std::byte const> const mark = from.bytes(mark_bytes);
    std::uint16_t const version = from.u16();
    std::uint32_t const length = from.u32();
    std::uint64_t const sum = from.u64();
    if (from.failed()) {
        return refuse(
            fmt::format("{} bytes, and it has {} or more", sealed.size(), sealed_head_bytes));
    }
    if (std::memcmp(mark.data(), seal.mark, mark_bytes) != 0)
        return refuse(fmt::format("it does not begin with '{}'", seal.mark));
    std::span<std::byte const> const contents = from.rest();
    if (contents.size() != length) {
        return refuse(fmt::format("byte {}: a length of {}, but {} bytes follow",
                                  mark_bytes + sizeof version, length, contents.size()));
    }
    if (std::uint64_t const is = checksum({sealed.first(checksum_at), contents}); is != sum) {
        return refuse(
            fmt::format("byte {}: the checksum {:016x}, but that of what is there is "
                        "{:016x}: it is damaged",
                        checksum_at, sum, is));
    }
    if (version != seal.version) {
        return refuse(fmt::format("byte {}: a format of version {}; this build reads version {}",
                                  mark_bytes, version, seal.version));
    }
    return contents;
}

}  // namespace sunder
