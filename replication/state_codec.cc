// SPDX-License-Identifier: BSD-3-Clause
//
// Mirror machines to bytes and back.
#include "replication/state_codec.h"

#include "replication/state_format.h"

#include <fmt/format.h>

namespace sunder::replication {

namespace {

/// Whether they are logs of the same copy of the same mirror, whatever is in them.
bool alike(IntentLog const& a, IntentLog const& b) {
    if (a.copies() != b.copies() || a.chunks() != b.chunks() || a.kept() != b.kept()) return false;
    for (std::uint8_t copy = 0; copy < a.copies(); ++copy) {
        Slot const peer{copy};
        if (a.bits(peer).size() != b.bits(peer).size()) return false;
        if (a.stable_bits(peer).size() != b.stable_bits(peer).size()) return false;
    }
    return true;
}

}  // namespace

void encode(MirrorMachine const& machine, ByteWriter& to) {
    to.u8(state_version);
    Encoder(to, ContentIs::inside).put(machine);
}

std::expected<MirrorMachine, std::string> decode_state(std::shared_ptr<GroupConfig const> config,
                                                       std::span<std::byte const> bytes) {
    ByteReader from(bytes);
    Decoder decoder(from, ContentIs::inside);
    decoder.version(state_version);
    MirrorMachine machine(std::move(config));
    IntentLog const empty = machine.log_;
    std::size_t const copies = machine.legs_.size();
    decoder.get("machine", machine);
    if (!decoder.failed() && (machine.legs_.size() != copies || !alike(machine.log_, empty))) {
        decoder.refuse(0, fmt::format("is not of a mirror with {} copies of {} chunks", copies,
                                      empty.chunks()));
    }
    // Between steps what was reported is what is stable, and is known by being the very same.
    if (machine.reported_.cell) machine.reported_.cell = machine.cells_.stable();
    return decoder.finish(std::move(machine));
}

}  // namespace sunder::replication
