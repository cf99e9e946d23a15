// SPDX-License-Identifier: BSD-3-Clause
//
// A value on a medium that is old or new after any crash, never mixed: two places are written in
// turn, each with a number and a checksum of its own, and the whole one of the higher number
// counts. One sync a change, where writing a file anew and renaming it takes two.
#pragma once

#include "emulator/media/files.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sunder::live {

class TwoSlots {
public:
    static constexpr std::size_t header_bytes = 32;

    /// In [at, at + 2 * slot_bytes) of the file, which outlives this.
    TwoSlots(emulator::media::File& file, std::uint64_t at, std::size_t slot_bytes)
        : file_(file), at_(at), slot_bytes_(slot_bytes) {}

    /// What was stored last; nothing: nothing ever was. Requires to be called once, and first. The
    /// error says what is damaged: a crash leaves at most one place that is not whole.
    std::expected<std::optional<std::vector<std::byte>>, std::string> load();
    /// Stable when it returns 0, else an errno: nobody knows what the medium has then, and nothing
    /// can be stored here any more (G11). Requires at most slot_bytes - header_bytes.
    int store(std::span<std::byte const> value);

private:
    struct Slot {
        bool used = false;  // something is there
        std::uint64_t number = 0;
        std::optional<std::vector<std::byte>> value{};  // none: not whole
    };
    std::expected<Slot, int> read(unsigned which);

    emulator::media::File& file_;
    std::uint64_t at_;
    std::size_t slot_bytes_;
    std::uint64_t number_ = 0;  // of the newest
    unsigned next_ = 0;         // the place that is written next
    int failed_ = 0;
};

}  // namespace sunder::live
