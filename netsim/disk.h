// SPDX-License-Identifier: BSD-3-Clause
//
// A simulated disk: what it holds, what it has promised to hold, and what is on the way. A power
// cut keeps of each write that was not flushed {old, new, torn}, independently (FLT-3); a process
// crash keeps what the operating system already has (FLT-1). It also lies, where it is told to
// (disk_faults.h), and then says what is there instead of what it was told to hold.
#pragma once

#include "base/ids.h"
#include "base/units.h"
#include "netsim/cluster.h"
#include "netsim/disk_faults.h"
#include "netsim/image.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace sunder::netsim {

struct DiskOp {
    enum class Kind : std::uint8_t {
        none,
        read,
        write,
        flush,
        keep_image,
        restore_image,
        drop_image
    };
    Kind kind = Kind::none;
    DiskOpId id;
    Extent range;
    Payload payload;
    std::uint64_t covers = 0;  ///< of a flush: the last completed write it covers
};

/// What befell a write that was not flushed.
enum class Fate : std::uint8_t { as_new, as_old, torn };
struct FateCount {
    std::uint64_t as_new = 0;
    std::uint64_t as_old = 0;
    std::uint64_t torn = 0;
    std::uint64_t broken = 0;  ///< flushed on a disk that ignores flushes, and not there as new
};

class SimDisk {
public:
    SimDisk() = default;
    SimDisk(std::uint64_t sectors, DiskModel const& model) : image_(sectors), model_(model) {}

    [[nodiscard]] Image const& image() const { return image_; }
    [[nodiscard]] Image& image() { return image_; }
    DiskFaults faults;

    /// Starts an operation; returns its place for `complete`, and when it completes. `jitter` is
    /// drawn by the caller from [0, model.jitter].
    std::uint32_t start(DiskOp op);
    [[nodiscard]] Duration time_for(DiskOp const& op, Duration now, Duration jitter);
    /// Time of a small store on the same medium.
    [[nodiscard]] Duration store_time(Duration now, Duration jitter) const;

    struct Done {
        DiskOp op;
        bool ok = true;
        Payload payload;
        std::optional<DiskLie> lie{};
        std::vector<Spoilt> spoilt{};  ///< of a lie
    };
    /// `rotten`: a content that nobody has used, for a read that is answered wrongly.
    Done complete(std::uint32_t place, std::uint64_t rotten = first_rotten);

    /// Goes wrong from now on, beside whatever does already.
    void lay(DiskTrap const& trap);
    void mend();
    [[nodiscard]] std::size_t traps() const { return traps_.size(); }
    /// True when operations fail, hang or crawl, or some are about to fail.
    [[nodiscard]] bool suffers() const;
    /// True when the cell or a page of the intent log cannot be stored; such a trap is used up.
    [[nodiscard]] bool may_refuse_store() const;
    bool refuses_store();
    /// What is at rest there changes.
    void rot(Extent range, std::uint64_t rotten) {
        image_.write(range, rotten_there(range, rotten));
    }
    /// What the last power cut took back although it had been flushed, as it is now; true once.
    [[nodiscard]] std::vector<Spoilt> take_broken_promises() { return std::exchange(broken_, {}); }
    /// The first part of the range that it refused to read, if it was neither read nor written
    /// since. For checkers: no disk goes by it.
    [[nodiscard]] std::optional<Extent> unread(Extent range) const;
    /// What is there in place of what `image` holds.
    [[nodiscard]] std::vector<Spoilt> differences_from(Image const& image) const;

    /// Shares nothing with any copy any more.
    void own() {
        image_.own();
        if (image_kept_) image_kept_->own();
    }
    /// Another disk is put in place of this one.
    void replace(Image image);
    /// The array drops the image of what was there before when so much has been overwritten.
    std::uint64_t image_room_sectors = 0;
    [[nodiscard]] bool keeps_image() const { return image_kept_.has_value(); }
    /// True once after the array dropped the image by itself.
    [[nodiscard]] bool take_image_lost() { return std::exchange(image_lost_, false); }

    /// `choose(n)` draws from [0, n). Afterwards nothing is under way.
    using Choose = std::function<std::uint64_t(std::uint64_t)>;
    FateCount crash(Choose const& choose);
    FateCount power_cut(Choose const& choose);
    /// Whoever drives it dies with what was written to it and not flushed (FLT-2).
    FateCount panic(Choose const& choose);
    [[nodiscard]] std::size_t unflushed() const { return unflushed_.size(); }
    /// Of what is under way and not flushed; the image is fingerprinted by whoever knows its
    /// extent.
    [[nodiscard]] Fingerprint fingerprint() const;
    /// Of all that is in a plain one, names too, but for how long it is busy (identity.cc).
    [[nodiscard]] Fingerprint identity() const;
    /// True when it is as good as it was built, and keeps no image from before a resync.
    [[nodiscard]] bool plain() const {
        return !suffers() && faults == DiskFaults{} && !image_kept_ && !image_lost_ &&
               traps_.empty() && broken_.empty() && touched_.empty();
    }
    /// Whatever it was busy with, it is done with it.
    void forget_times() { busy_until_ = {}; }
    [[nodiscard]] bool idle() const { return under_way_.size() == free_.size(); }
    /// The operation that is under way in this place.
    [[nodiscard]] DiskOp const& under_way(std::uint32_t place) const { return under_way_[place]; }
    /// The number of the last write that completed; numbers only grow.
    [[nodiscard]] std::uint64_t written() const { return written_; }
    /// Calls visit(number, Extent) for each write that a power cut may take back without breaking
    /// the disk's word, oldest first.
    template <class Visit>
    void for_each_unflushed(Visit&& visit) const {
        for (Written const& written : unflushed_) {
            if (written.number > promised_) visit(written.number, written.range);
        }
    }
    /// Calls visit(Extent, Payload const&) for whatever a power cut may bring back.
    template <class Visit>
    void for_each_overwritten(Visit&& visit) const {
        for (Written const& written : unflushed_) visit(written.range, written.before);
    }

private:
    struct Written {
        std::uint64_t number;
        Extent range;
        Payload before;
        Payload after;
    };
    struct Armed {
        DiskTrap trap;
        Image before;  ///< of a stale read
    };
    /// The trap that the operation runs into; null when there is none. It is used up by it.
    [[nodiscard]] std::optional<Armed> sprung(DiskOp const& op);
    Done carry_out(DiskOp op, std::uint64_t rotten);
    Done lie(DiskOp op, Armed const& trap, std::uint64_t rotten);
    void known_again(Extent range);
    void flush(DiskOp const& op);
    void apply(Extent range, Payload const& payload, Fate fate, Choose const& choose);
    void apply_torn(Extent range, Payload const& payload, Choose const& choose);
    void keep_word(Image& meant, Written const& written) const;
    void change(Extent range, Payload const& payload);
    void change(Extent range, Content content);
    void touch(Extent range);
    Fate draw(Choose const& choose, FateCount& count) const;
    void abandon(Choose const& choose, FateCount& count);

    Image image_;
    std::optional<Image> image_kept_;
    std::set<std::uint64_t> touched_;  // chunks of 64 KiB, since the image was taken
    bool image_lost_ = false;
    DiskModel model_;
    Duration busy_until_;
    std::vector<DiskOp> under_way_;
    std::vector<std::uint32_t> free_;
    std::vector<Written> unflushed_;
    std::uint64_t written_ = 0;
    std::uint64_t promised_ = 0;  // the last write that a flush covered and that is not flushed
    std::vector<Armed> traps_;
    std::vector<Spoilt> broken_;
    std::vector<Extent> unread_;
};

}  // namespace sunder::netsim
