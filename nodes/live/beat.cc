// SPDX-License-Identifier: BSD-3-Clause
//
// A mark, the node, its life and its cluster; and behind them their checksum.
#include "nodes/live/beat.h"

#include "base/checksum.h"
#include "base/codec.h"

namespace sunder::live {

namespace {

constexpr std::uint32_t magic = 0x54414542;  // "BEAT"

}  // namespace

std::vector<std::byte> encode_beat(Beat const& beat, std::string_view cluster) {
    std::vector<std::byte> bytes;
    ByteWriter writer(bytes);
    writer.u32(magic);
    writer.u8(beat.node.value);
    writer.u64(beat.life);
    writer.text(cluster);
    writer.u64(checksum({bytes}));
    return bytes;
}

std::optional<Beat> read_beat(std::span<std::byte const> datagram, std::string_view cluster) {
    ByteReader reader(datagram);
    bool const ours = reader.u32() == magic;
    Beat beat;
    beat.node = NodeId{reader.u8()};
    beat.life = reader.u64();
    bool const same = reader.text() == cluster;
    std::size_t const body = reader.at();
    bool const whole = reader.u64() == checksum({datagram.first(body)});
    if (!reader.at_end() || !ours || !same || !whole) return std::nullopt;
    return beat;
}

}  // namespace sunder::live
