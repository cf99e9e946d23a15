// SPDX-License-Identifier: BSD-3-Clause
//
// Snapshots by name, and which chunks were overwritten beside them. One volume after another is
// kept and restored: nobody changes a copy meanwhile, and a death in between leaves an image that
// is not whole, or a copy of which its machine knows that it is none.
#include "nodes/live/copy_image.h"

#include "base/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

namespace sunder::live {

namespace {

namespace command = emulator::command;
namespace media = emulator::media;

/// Of the snapshot of a volume. No two volumes of an array have one id.
std::string image_name(emulator::VolumeId volume) {
    return fmt::format("before-resync-{}", volume.value);
}

/// Only what was made of this very volume is its image.
std::optional<emulator::VolumeId> image_of(emulator::Array const& array,
                                           emulator::VolumeId volume) {
    emulator::Catalogue const& catalogue = array.state().catalogue;
    auto const id = catalogue.volume_named(image_name(volume));
    if (!id) return std::nullopt;
    auto const* const snapshot = catalogue.volumes.at(*id).as<emulator::role::Snapshot>();
    return snapshot != nullptr && snapshot->source == volume ? id : std::nullopt;
}

/// Where the sector lies; nothing: nobody has written it.
std::optional<emulator::Segment::At> place_of(emulator::Segment const& segment,
                                              std::uint64_t sector) {
    if (!segment.at) return std::nullopt;
    return emulator::Segment::At{segment.at->group,
                                 segment.at->sector + (sector - segment.volume.first)};
}

}  // namespace

CopyImage::CopyImage(media::Driver& array, std::vector<Part> parts, std::uint64_t room_sectors)
    : array_(array), parts_(std::move(parts)), room_sectors_(room_sectors) {
    find();
}

void CopyImage::find() {
    std::lock_guard const lock(lock_);
    bool all = true;
    for (Part const& part : parts_) {
        auto const image = array_.look_at(
            [&](emulator::Array const& array) { return image_of(array, part.volume); });
        all = all && image;
        if (image) images_.push_back(*image);
    }
    if (!all || !whole()) {
        (void)clear();  // what cannot be deleted now is in the way of the next one, which says so
        return;
    }
    find_overwritten();
    kept_ = true;
}

/// What lies elsewhere than in the image was overwritten since.
void CopyImage::find_overwritten() {
    std::uint64_t begins = 0;
    for (std::size_t p = 0; p < parts_.size(); ++p) {
        find_overwritten(parts_[p], images_[p], begins);
        begins += parts_[p].sectors;
    }
}

void CopyImage::find_overwritten(Part const& part, emulator::VolumeId image, std::uint64_t begins) {
    constexpr std::uint64_t at_once = GiB(1).bytes / sector_bytes;
    for (std::uint64_t at = 0; at < part.sectors; at += at_once) {
        Extent const range{at, std::min(at_once, part.sectors - at)};
        auto const [now, then] = array_.look_at([&](emulator::Array const& array) {
            return std::pair(array.plan_read(part.volume, range), array.plan_read(image, range));
        });
        if (!now || !then) {
            add_overwritten({begins + range.first, range.count});
            continue;
        }
        auto here = now->begin();
        auto kept = then->begin();
        for (std::uint64_t sector = range.first; sector < range.end();) {
            std::uint64_t const end = std::min(here->volume.end(), kept->volume.end());
            if (place_of(*here, sector) != place_of(*kept, sector)) {
                add_overwritten({begins + sector, end - sector});
            }
            if (here->volume.end() == end) ++here;
            if (kept->volume.end() == end) ++kept;
            sector = end;
        }
    }
}

void CopyImage::add_overwritten(Extent range) {
    std::size_t const end = emulator::chunk_of(range.end() - 1) + 1;
    if (overwritten_.size() < end) overwritten_.resize(end);
    for (std::size_t chunk = emulator::chunk_of(range.first); chunk < end; ++chunk) {
        if (overwritten_[chunk]) continue;
        overwritten_[chunk] = true;
        ++chunks_overwritten_;
    }
}

std::uint64_t CopyImage::overwritten_sectors() const {
    return chunks_overwritten_ * emulator::chunk_sectors;
}

/// An operator may have deleted it, and an array that is full gives up its snapshots (arrays A10).
bool CopyImage::whole() const {
    return array_.look_at([&](emulator::Array const& array) {
        return std::ranges::none_of(images_, [&](emulator::VolumeId image) {
            return array.refuses(image, false).has_value();
        });
    });
}

void CopyImage::lose() {
    lost_ = true;
    (void)clear();
}

void CopyImage::make_way(Extent range) {
    if (!kept_ || range.count == 0) return;
    std::lock_guard const lock(lock_);
    if (!kept_) return;
    add_overwritten(range);
    if (overwritten_sectors() > room_sectors_ || !whole()) lose();
}

void CopyImage::give_way() {
    std::lock_guard const lock(lock_);
    if (kept_) lose();
}

CopyImage::Done CopyImage::keep() {
    std::lock_guard const lock(lock_);
    if (Done cleared = clear(); !cleared) return cleared;
    for (Part const& part : parts_) {
        std::string const volume = array_.look_at([&](emulator::Array const& array) {
            auto const& volumes = array.state().catalogue.volumes;
            auto const found = volumes.find(part.volume);
            return found == volumes.end() ? std::string() : found->second.name;
        });
        command::AddSnapshot wanted;
        wanted.name = image_name(part.volume);
        wanted.source = volume;
        if (Done made = say(wanted); !made) {
            (void)clear();
            return made;
        }
        auto const image = array_.look_at(
            [&](emulator::Array const& array) { return image_of(array, part.volume); });
        VERIFY(image);
        images_.push_back(*image);
    }
    kept_ = true;
    return {};
}

CopyImage::Done CopyImage::restore() {
    std::lock_guard const lock(lock_);
    if (kept_ && !whole()) lose();
    if (!kept_) return std::unexpected("there is no image of it any more");
    for (std::size_t p = 0; p < parts_.size(); ++p) {
        auto const wanted = array_.look_at([&](emulator::Array const& array) {
            auto const& volumes = array.state().catalogue.volumes;
            auto const of = volumes.find(parts_[p].volume);
            return command::RestoreSnapshot{of == volumes.end() ? "" : of->second.name,
                                            volumes.at(images_[p]).name};
        });
        if (Done restored = say(wanted); !restored) return restored;
    }
    return {};
}

CopyImage::Done CopyImage::drop() {
    std::lock_guard const lock(lock_);
    return clear();
}

/// Whatever there is of one.
CopyImage::Done CopyImage::clear() {
    kept_ = false;
    images_.clear();
    overwritten_.clear();
    chunks_overwritten_ = 0;
    Done all;
    for (Part const& part : parts_) {
        bool const there = array_.look_at(
            [&](emulator::Array const& array) { return image_of(array, part.volume).has_value(); });
        if (!there) continue;
        Done gone = say(command::DeleteVolume{image_name(part.volume)});
        if (!gone) all = std::move(gone);
    }
    return all;
}

/// What a volume held before it was restored is given up behind the scenes, without a copy of
/// anything; its end, which nobody is told of, is waited for.
CopyImage::Done CopyImage::say(emulator::Command const& command) {
    using namespace std::chrono_literals;
    auto const end = std::chrono::steady_clock::now() + 5s;
    for (;;) {
        media::CommandResult const done = array_.carry_out(command);
        if (done) return {};
        auto const* const refusal = std::get_if<emulator::Refusal>(&done.error());
        if (refusal == nullptr) {
            return std::unexpected(std::get<media::IoError>(done.error()).words);
        }
        bool const passes = refusal->rule == emulator::Rule::restore_in_progress;
        if (!passes || std::chrono::steady_clock::now() > end) {
            return std::unexpected(refusal->words);
        }
        std::this_thread::sleep_for(2ms);
    }
}

}  // namespace sunder::live
