// SPDX-License-Identifier: BSD-3-Clause
//
// What befalls a request: errors and delays come before it, the rest changes what is written.
#include "emulator/media/bad_disk.h"

namespace sunder::emulator::media {

namespace {

/// What comes before the request itself; the error that it ends with, if one was asked for.
IoResult before(Faults& all, std::vector<Fault> const& faults, RequestKind kind) {
    for (Fault const& fault : faults) {
        if (fault.kind == FaultKind::delay) all.delay(fault);
        if (fault.kind == FaultKind::error) {
            return std::unexpected(IoError{
                fault.number, fmt::format("the {} meets fault '{}'", name_of(kind), fault.name)});
        }
    }
    return {};
}

// What is misaligned is refused by the driver, and meets no fault.
bool aligned(std::uint64_t offset, std::uint64_t count) {
    return offset % sector_bytes == 0 && count % sector_bytes == 0 && count > 0;
}

}  // namespace

IoResult BadDisk::read(VolumeId volume, std::uint64_t offset, std::span<std::byte> into) {
    if (!aligned(offset, into.size())) return driver_.read(volume, offset, into);
    auto const faults = faults_.befall(volume, RequestKind::read, {offset, into.size()});
    if (!faults.empty()) {
        if (IoResult allowed = before(faults_, faults, RequestKind::read); !allowed) return allowed;
        for (Fault const& fault : faults) {
            if (fault.kind != FaultKind::bit_rot) continue;
            std::uint64_t const sector = faults_.below(into.size() / sector_bytes);
            int const failure = driver_.rot(volume, offset / sector_bytes + sector,
                                            faults_.below(sector_bytes * 8));
            if (failure != 0) return std::unexpected(failed_medium(failure, "rot"));
        }
    }
    return driver_.read(volume, offset, into);
}

IoResult BadDisk::write(VolumeId volume, std::uint64_t offset, std::span<std::byte const> from,
                        bool durable) {
    if (!faults_.any() || !aligned(offset, from.size())) {
        return driver_.write(volume, offset, from, durable);
    }
    Extent const range{offset, from.size()};
    auto const faults = faults_.befall(volume, RequestKind::write, range);
    IoResult const written = faults.empty() ? driver_.write(volume, offset, from, false)
                                            : write_badly(volume, offset, from, faults);
    return written && durable ? flush_range(volume, range) : written;
}

IoResult BadDisk::write_badly(VolumeId volume, std::uint64_t offset,
                              std::span<std::byte const> from, std::vector<Fault> const& faults) {
    if (IoResult allowed = before(faults_, faults, RequestKind::write); !allowed) return allowed;
    for (Fault const& fault : faults) {
        switch (fault.kind) {
            case FaultKind::error:
            case FaultKind::delay:
            case FaultKind::bit_rot:
                break;
            case FaultKind::torn:
                from = from.first(faults_.below(from.size() / sector_bytes) * sector_bytes);
                break;
            case FaultKind::lost:
                from = {};
                break;
            case FaultKind::misdirected:
                offset = elsewhere(volume, offset, from.size());
                break;
        }
        if (from.empty()) return {};
    }
    return driver_.write(volume, offset, from, false);
}

std::uint64_t BadDisk::elsewhere(VolumeId volume, std::uint64_t offset, std::uint64_t count) {
    std::uint64_t const size = driver_.look_at([&](Array const& array) {
        auto const& volumes = array.state().catalogue.volumes;
        auto const found = volumes.find(volume);
        return found == volumes.end() ? 0 : found->second.sectors * sector_bytes;
    });
    if (size <= count) return offset;
    // One of the places where it could lie, but its own.
    std::uint64_t const place = faults_.below((size - count) / sector_bytes) * sector_bytes;
    return place < offset ? place : place + sector_bytes;
}

IoResult BadDisk::zero(VolumeId volume, std::uint64_t offset, std::uint64_t count, bool keep,
                       bool durable) {
    if (!faults_.any() || !aligned(offset, count)) {
        return driver_.zero(volume, offset, count, keep, durable);
    }
    Extent const range{offset, count};
    auto const faults = faults_.befall(volume, RequestKind::write, range);
    if (IoResult allowed = before(faults_, faults, RequestKind::write); !allowed) return allowed;
    for (Fault const& fault : faults) {
        if (fault.kind == FaultKind::lost) count = 0;
        if (fault.kind == FaultKind::torn && count > 0) {
            count = faults_.below(count / sector_bytes) * sector_bytes;
        }
        if (fault.kind == FaultKind::misdirected) offset = elsewhere(volume, offset, count);
    }
    IoResult const zeroed =
        count == 0 ? IoResult{} : driver_.zero(volume, offset, count, keep, false);
    return zeroed && durable ? flush_range(volume, range) : zeroed;
}

IoResult BadDisk::flush(VolumeId volume) {
    // Whoever flushes what is gone has lost what he wrote there.
    if (IoResult reached = driver_.reaches(volume); !reached) return reached;
    return flush_range(volume, {});
}

IoResult BadDisk::flush_range(VolumeId volume, Extent range) {
    auto const faults = faults_.befall(volume, RequestKind::flush, range);
    if (IoResult allowed = before(faults_, faults, RequestKind::flush); !allowed) return allowed;
    return driver_.flush();
}

}  // namespace sunder::emulator::media
