// SPDX-License-Identifier: BSD-3-Clause
//
// How the two places lie, and which of them counts.
#include "nodes/live/two_slots.h"

#include "base/checksum.h"
#include "base/verify.h"

#include <fmt/format.h>

#include <array>
#include <cstring>

namespace sunder::live {

namespace {

constexpr std::uint64_t slots_magic = 0x31544f4c534e5553;  // "SUNSLOT1"

/// As it lies on the medium, in the byte order of the machine that wrote it (x86 and ARM agree).
struct Header {
    std::uint64_t magic = 0;
    std::uint64_t number = 0;
    std::uint64_t bytes = 0;
    std::uint64_t checksum = 0;  // of the three before it and the value
};
static_assert(sizeof(Header) == TwoSlots::header_bytes);

std::uint64_t checksum_of(Header const& header, std::span<std::byte const> value) {
    auto const before = std::as_bytes(std::span(&header, 1)).first(offsetof(Header, checksum));
    return checksum({before, value});
}

}  // namespace

std::expected<TwoSlots::Slot, int> TwoSlots::read(unsigned which) {
    std::vector<std::byte> bytes(slot_bytes_);
    auto const got = file_.read(at_ + which * slot_bytes_, bytes);
    if (!got) return std::unexpected(got.error());
    Slot slot;
    for (std::size_t i = 0; i < *got && !slot.used; ++i) slot.used = bytes[i] != std::byte{};
    Header header;
    if (*got < sizeof header) return slot;
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.magic != slots_magic || header.bytes > *got - sizeof header) return slot;
    std::span<std::byte const> const value(&bytes[sizeof header], header.bytes);
    if (checksum_of(header, value) != header.checksum) return slot;
    slot.number = header.number;
    slot.value.emplace(value.begin(), value.end());
    return slot;
}

std::expected<std::optional<std::vector<std::byte>>, std::string> TwoSlots::load() {
    std::array<Slot, 2> slots;
    for (unsigned which = 0; which < 2; ++which) {
        auto slot = read(which);
        if (!slot) return std::unexpected(std::strerror(slot.error()));
        slots[which] = std::move(*slot);
    }
    if (!slots[0].value && !slots[1].value) {
        // The very first store goes to the first place, and may have been torn.
        if (!slots[1].used) return std::nullopt;
        return std::unexpected(fmt::format(
            "neither of the two places at byte {} holds what was stored there last", at_));
    }
    bool const second = slots[1].value && (!slots[0].value || slots[1].number > slots[0].number);
    number_ = slots[second].number;
    next_ = second ? 0 : 1;
    return std::move(slots[second].value);
}

int TwoSlots::store(std::span<std::byte const> value) {
    VERIFY(value.size() + header_bytes <= slot_bytes_);
    if (failed_ != 0) return failed_;
    Header header{slots_magic, number_ + 1, value.size(), 0};
    header.checksum = checksum_of(header, value);
    std::vector<std::byte> bytes(sizeof header + value.size());
    std::memcpy(bytes.data(), &header, sizeof header);
    std::memcpy(&bytes[sizeof header], value.data(), value.size());
    failed_ = file_.write(at_ + next_ * slot_bytes_, bytes);
    if (failed_ == 0) failed_ = file_.sync();
    if (failed_ != 0) return failed_;
    ++number_;
    next_ = 1 - next_;
    return 0;
}

}  // namespace sunder::live
