// SPDX-License-Identifier: BSD-3-Clause
//
// The fallback image of a copy (DESIGN 4): a snapshot of each of its volumes, which the array keeps
// beside them while a resync overwrites the copy. When there is to be one, and when the copy goes
// back to it, its machine decides; here is what that takes of the array, and that no image outgrows
// its room. The array's catalogue remembers it over restarts.
#pragma once

#include "base/units.h"
#include "emulator/media/driver.h"

#include <atomic>
#include <cstdint>
#include <expected>
#include <mutex>
#include <string>
#include <vector>

namespace sunder::live {

class CopyImage {
public:
    struct Part {
        emulator::VolumeId volume;
        std::uint64_t sectors = 0;
    };
    // What the array refuses is told in words for people.
    using Done = std::expected<void, std::string>;

    /// Finds what is kept. What is left of an image that is not whole is dropped. So much of the
    /// copy may be overwritten while one is kept.
    CopyImage(emulator::media::Driver& array, std::vector<Part> parts, std::uint64_t room_sectors);

    // As output::ArrayImage has them. Requires that nobody changes the copy meanwhile.
    Done keep();
    /// The image stays until it is dropped.
    Done restore();
    Done drop();

    [[nodiscard]] bool kept() const { return kept_; }
    [[nodiscard]] std::uint64_t room_sectors() const { return room_sectors_; }
    /// What was overwritten of the copy since it was kept, in whole chunks.
    [[nodiscard]] std::uint64_t overwritten_sectors() const;

    /// This of the copy is about to be changed: an image that has no room beside it, or that the
    /// array could not keep, is given up. Any thread.
    void make_way(Extent range);
    /// The array has no room for both.
    void give_way();
    /// True once after an image was given up, or was found to be gone.
    [[nodiscard]] bool take_lost() { return lost_ && lost_.exchange(false); }

private:
    void find();
    void find_overwritten();
    void find_overwritten(Part const& part, emulator::VolumeId image, std::uint64_t begins);
    void add_overwritten(Extent range);
    [[nodiscard]] bool whole() const;
    void lose();
    Done clear();
    Done say(emulator::Command const& command);

    emulator::media::Driver& array_;
    std::vector<Part> parts_;
    std::uint64_t room_sectors_;
    std::mutex lock_;
    std::vector<emulator::VolumeId> images_;  // by part
    std::vector<bool> overwritten_;           // by chunk of the copy
    std::atomic<std::uint64_t> chunks_overwritten_ = 0;
    std::atomic<bool> kept_ = false;
    std::atomic<bool> lost_ = false;
};

}  // namespace sunder::live
