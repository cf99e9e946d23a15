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
    hasher.add(std::uint64_t{faults.stores} | std::uint64_t{faults.hangs} << 1 |
               std::uint64_t{traps_.size()} << 2);
    for (Written const& written : unflushed_) {
        hasher.add(hash_words(written.range.first, written.range.count,
                              written.before.fingerprint(), written.after.fingerprint()));
    }
    return hasher.result();
}

SimDisk::Done SimDisk::complete(std::uint32_t place, std::uint64_t rotten) {
    DiskOp op = std::move(under_way_[place]);
    under_way_[place] = DiskOp{};
    free_.push_back(place);
    Done done = carry_out(std::move(op), rotten);
    bool const reads = done.op.kind == DiskOp::Kind::read;
    bool const writes = done.op.kind == DiskOp::Kind::write;
    bool const refused = reads && !done.ok;
    if (!unread_.empty() && (refused || (done.ok && (reads || writes)))) known_again(done.op.range);
    if (refused) unread_.push_back(done.op.range);
    return done;
}

SimDisk::Done SimDisk::carry_out(DiskOp op, std::uint64_t rotten) {
    if (auto const trap = sprung(op)) return lie(std::move(op), *trap, rotten);
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
        case DiskOp::Kind::flush:
            if (faults.flushes) return {std::move(op), false, {}};
            flush(op);
            return {std::move(op), true, {}};
        case DiskOp::Kind::keep_image:
            image_kept_ = image_;
            touched_.clear();
            return {std::move(op), true, {}};
        case DiskOp::Kind::restore_image: {
            bool const kept = image_kept_.has_value();
            // What was not flushed before is replaced, so no power cut brings it back.
            if (kept) image_ = *image_kept_;
            if (kept) unflushed_.clear();
            if (kept) promised_ = 0;
            if (kept) unread_.clear();
            return {std::move(op), kept, {}};
        }
        case DiskOp::Kind::drop_image:
            image_kept_.reset();
            touched_.clear();
            return {std::move(op), true, {}};
    }
    return {};
}

/// A disk that ignores flushes keeps in its cache what it has promised to keep; what has been there
/// for long has reached the medium by itself.
void SimDisk::flush(DiskOp const& op) {
    constexpr std::size_t cache = 256;
    auto const covered = std::ranges::find_if(
        unflushed_, [&](Written const& written) { return written.number > op.covers; });
    if (!model_.ignores_flushes) {
        unflushed_.erase(unflushed_.begin(), covered);
        return;
    }
    promised_ = std::max(promised_, op.covers);
    auto const promised = static_cast<std::size_t>(covered - unflushed_.begin());
    if (promised > cache) {
        unflushed_.erase(unflushed_.begin(),
                         unflushed_.begin() + static_cast<std::ptrdiff_t>(promised - cache));
    }
}

void SimDisk::replace(Image image) {
    image_ = std::move(image);
    unflushed_.clear();
    image_kept_.reset();
    touched_.clear();
    promised_ = 0;
    unread_.clear();
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
    apply_torn(range, payload, choose);
}

/// Each unit for itself, or what lies before or behind a point. Long writes are torn in fewer
/// places, so that draws stay bounded.
void SimDisk::apply_torn(Extent range, Payload const& payload, Choose const& choose) {
    constexpr std::uint64_t block = KiB(4).bytes / sector_bytes;
    std::uint64_t const least = model_.tears == Tears::blocks ? block : 1;
    std::uint64_t const unit = std::max(least, range.count / 64 / least * least);
    bool const shorn = model_.tears == Tears::head || model_.tears == Tears::tail;
    std::uint64_t const units = (range.count + unit - 1) / unit;
    std::uint64_t const point = range.first + (shorn ? choose(units + 1) * unit : 0);
    std::uint64_t position = range.first;
    payload.for_each([&](Piece const& piece) {
        for (std::uint64_t done = 0; done < piece.sectors;) {
            std::uint64_t const at = position + done;
            // Units count from the beginning of the disk, as a disk's own blocks do.
            std::uint64_t const sectors = std::min(unit - at % least, piece.sectors - done);
            bool const there = model_.tears == Tears::head   ? at < point
                               : model_.tears == Tears::tail ? at >= point
                                                             : choose(2) == 0;
            if (there) {
                change({at, sectors},
                       Content{piece.id, piece.id == 0 ? 0 : piece.offset - position});
            }
            done += sectors;
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

/// The device goes on with what it has been given: what it has promised is safe with it, and of the
/// rest it has been given a write or not. What it has is still in its cache.
FateCount SimDisk::panic(Choose const& choose) {
    FateCount count;
    auto const first = std::ranges::find_if(
        unflushed_, [&](Written const& written) { return written.number > promised_; });
    std::vector<Written> given(first, unflushed_.end());
    unflushed_.erase(first, unflushed_.end());
    for (auto written = given.rbegin(); written != given.rend(); ++written) {
        change(written->range, written->before);
    }
    for (Written& written : given) {
        bool const there = choose(2) == 0;
        ++(there ? count.as_new : count.as_old);
        if (!there) continue;
        written.before = image_.read(written.range);
        change(written.range, written.after);
        unflushed_.push_back(std::move(written));
    }
    abandon(choose, count);
    return count;
}

/// What power left of a write that no flush covered is as good as what was meant.
void SimDisk::keep_word(Image& meant, Written const& written) const {
    std::uint64_t position = written.range.first;
    written.after.for_each([&](Piece const& piece) {
        Content const content{piece.id, piece.id == 0 ? 0 : piece.offset - position};
        for (std::uint64_t done = 0; done < piece.sectors; ++done) {
            if (image_.at(position + done) == content) meant.fill({position + done, 1}, content);
        }
        position += piece.sectors;
    });
}

FateCount SimDisk::power_cut(Choose const& choose) {
    FateCount count;
    bool const lies = promised_ != 0;
    std::optional<Image> meant;
    for (auto written = unflushed_.rbegin(); written != unflushed_.rend(); ++written) {
        if (lies && !meant && written->number <= promised_) meant = image_;
        change(written->range, written->before);
    }
    for (Written const& written : unflushed_) {
        bool const promised = written.number <= promised_;
        FateCount ignored;
        Fate const fate = draw(choose, promised ? ignored : count);
        if (promised && fate != Fate::as_new) ++count.broken;
        apply(written.range, written.after, fate, choose);
        if (meant && !promised) keep_word(*meant, written);
    }
    if (meant) broken_ = differences_from(*meant);
    promised_ = 0;
    unflushed_.clear();
    abandon(choose, count);
    return count;
}

std::vector<Spoilt> SimDisk::differences_from(Image const& image) const {
    std::vector<Spoilt> found;
    Image::for_each_difference(image_, image, {0, image_.sectors()}, [&](Extent difference) {
        found.push_back({difference, image_.read(difference)});
        return true;
    });
    return found;
}

}  // namespace sunder::netsim
