// SPDX-License-Identifier: BSD-3-Clause
//
// Timing, completion, and the end of power.
#include "netsim/disk.h"

#include "base/verify.h"

#include <algorithm>

namespace sunder::netsim {

std::uint32_t SimDisk::start(DiskOp op) {
    // A flush covers what was reported done before it was issued, and nothing that completes later.
    if (op.kind == DiskOp::Kind::flush) op.covers = written_;
    if (free_.empty()) {
        under_way_.push_back(std::move(op));
        return static_cast<std::uint32_t>(under_way_.size() - 1);
    }
    std::uint32_t const place = free_.back();
    free_.pop_back();
    under_way_[place] = std::move(op);
    return place;
}

Duration SimDisk::time_for(DiskOp const& op, Duration now, Duration jitter) {
    Duration begin = std::max(now, busy_until_);
    if (op.kind == DiskOp::Kind::read || op.kind == DiskOp::Kind::write) {
        begin += model_.bandwidth.time_for({op.range.count * sector_bytes});
        busy_until_ = begin;
    }
    return begin + (model_.latency + jitter) * faults.slowness;
}

Duration SimDisk::store_time(Duration now, Duration jitter) const {
    return now + (model_.latency + jitter) * faults.slowness;
}

Fingerprint SimDisk::fingerprint() const {
    Fingerprint started = 0;
    for (DiskOp const& op : under_way_) {
        if (op.kind == DiskOp::Kind::none) continue;
        // Of a flush, what it does not cover.
        auto const beyond = std::ranges::count_if(
            unflushed_, [&](Written const& written) { return written.number > op.covers; });
        started +=
            hash_words(static_cast<std::uint64_t>(op.kind), op.range.first, op.range.count,
                       op.payload.fingerprint(),
                       op.kind == DiskOp::Kind::flush ? static_cast<std::uint64_t>(beyond) : 0);
    }
    Hasher hasher;
    hasher.add(started);
    hasher.add(std::uint64_t{faults.reads} | std::uint64_t{faults.writes} << 1 |
               std::uint64_t{faults.flushes} << 2 | std::uint64_t{image_kept_.has_value()} << 3 |
               std::uint64_t{touched_.size()} << 4);
    for (Written const& written : unflushed_) {
        hasher.add(hash_words(written.range.first, written.range.count,
                              written.before.fingerprint(), written.after.fingerprint()));
    }
    return hasher.result();
}

SimDisk::Done SimDisk::complete(std::uint32_t place) {
    DiskOp op = std::move(under_way_[place]);
    under_way_[place] = DiskOp{};
    free_.push_back(place);
    switch (op.kind) {
        case DiskOp::Kind::none:
            VERIFY(!"an operation completes once");
            break;
        case DiskOp::Kind::read: {
            if (faults.reads) return {std::move(op), false, {}};
            Payload payload = image_.read(op.range);
            return {std::move(op), true, std::move(payload)};
        }
        case DiskOp::Kind::write:
            if (faults.writes) return {std::move(op), false, {}};
            unflushed_.push_back({++written_, op.range, image_.read(op.range), op.payload});
            change(op.range, op.payload);
            return {std::move(op), true, {}};
        case DiskOp::Kind::flush: {
            if (faults.flushes) return {std::move(op), false, {}};
            auto const covered = std::ranges::find_if(
                unflushed_, [&](Written const& written) { return written.number > op.covers; });
            unflushed_.erase(unflushed_.begin(), covered);
            return {std::move(op), true, {}};
        }
        case DiskOp::Kind::keep_image:
            image_kept_ = image_;
            touched_.clear();
            return {std::move(op), true, {}};
        case DiskOp::Kind::restore_image: {
            bool const kept = image_kept_.has_value();
            // What was not flushed before is replaced, so no power cut brings it back.
            if (kept) image_ = *image_kept_;
            if (kept) unflushed_.clear();
            return {std::move(op), kept, {}};
        }
        case DiskOp::Kind::drop_image:
            image_kept_.reset();
            touched_.clear();
            return {std::move(op), true, {}};
    }
    return {};
}

void SimDisk::replace(Image image) {
    image_ = std::move(image);
    unflushed_.clear();
    image_kept_.reset();
    touched_.clear();
}

void SimDisk::change(Extent range, Payload const& payload) {
    touch(range);
    image_.write(range, payload);
}
void SimDisk::change(Extent range, Content content) {
    touch(range);
    image_.fill(range, content);
}

/// A chunk that is changed for the first time takes room beside the image.
void SimDisk::touch(Extent range) {
    constexpr std::uint64_t chunk_sectors = KiB(64).bytes / sector_bytes;
    if (!image_kept_ || range.count == 0) return;
    for (std::uint64_t chunk = range.first / chunk_sectors;
         chunk <= (range.end() - 1) / chunk_sectors; ++chunk) {
        touched_.insert(chunk);
    }
    if (touched_.size() * chunk_sectors <= image_room_sectors) return;
    image_kept_.reset();
    touched_.clear();
    image_lost_ = true;
}

Fate SimDisk::draw(Choose const& choose, FateCount& count) const {
    Fate const fate = static_cast<Fate>(choose(3));
    switch (fate) {
        case Fate::as_new:
            ++count.as_new;
            break;
        case Fate::as_old:
            ++count.as_old;
            break;
        case Fate::torn:
            ++count.torn;
            break;
    }
    return fate;
}

void SimDisk::apply(Extent range, Payload const& payload, Fate fate, Choose const& choose) {
    switch (fate) {
        case Fate::as_old:
            return;
        case Fate::as_new:
            change(range, payload);
            return;
        case Fate::torn:
            break;
    }
    // Torn: each sector for itself, or for long writes a run of them, so that draws stay bounded.
    std::uint64_t const unit = std::max<std::uint64_t>(1, range.count / 64);
    std::uint64_t position = range.first;
    payload.for_each([&](Piece const& piece) {
        for (std::uint64_t done = 0; done < piece.sectors; done += unit) {
            std::uint64_t const sectors = std::min(unit, piece.sectors - done);
            if (choose(2) == 0) {
                Content const content{piece.id, piece.id == 0 ? 0 : piece.offset - position};
                change({position + done, sectors}, content);
            }
        }
        position += piece.sectors;
    });
}

/// Writes that were issued and never reported done.
void SimDisk::abandon(Choose const& choose, FateCount& count) {
    for (DiskOp const& op : under_way_) {
        if (op.kind == DiskOp::Kind::write)
            apply(op.range, op.payload, draw(choose, count), choose);
    }
    under_way_.clear();
    free_.clear();
    busy_until_ = {};
}

FateCount SimDisk::crash(Choose const& choose) {
    FateCount count;
    abandon(choose, count);
    return count;
}

FateCount SimDisk::power_cut(Choose const& choose) {
    FateCount count;
    for (auto written = unflushed_.rbegin(); written != unflushed_.rend(); ++written) {
        change(written->range, written->before);
    }
    for (Written const& written : unflushed_) {
        apply(written.range, written.after, draw(choose, count), choose);
    }
    unflushed_.clear();
    abandon(choose, count);
    return count;
}

}  // namespace sunder::netsim
