// SPDX-License-Identifier: BSD-3-Clause
//
// The intent log (R15..R21): per peer one bit per chunk, "may differ between this copy and that
// one". It decides when a set bit is stable and which pages have to be stored; when a bit may be
// cleared is decided by whoever knows what the peer confirmed.
#pragma once

#include "base/format_fwd.h"
#include "base/units.h"
#include "replication/bitmap.h"
#include "replication/cell.h"
#include "replication/seam.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace sunder::replication {

/// The first and last chunk that a range touches.
struct Chunks {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
};

class IntentLog {
public:
    /// 4 KiB less a header, in bits.
    static constexpr std::uint64_t page_words = 504;
    static constexpr std::uint64_t page_bits = page_words * 64;

    IntentLog() = default;
    /// `kept`: false for "None" (R18): bits are then counted in memory and forgotten with it.
    IntentLog(unsigned copies, Slot self, std::uint64_t sectors, std::uint64_t chunk_sectors,
              bool kept);

    /// Takes over a page found at start. Damaged, or stamped with a generation the cell does not
    /// descend from: all its bits count as set (G13).
    void load(Page const& page, Cell const& cell);

    [[nodiscard]] Chunks chunks_of(Extent range) const {
        return {range.first / chunk_sectors_, (range.end() - 1) / chunk_sectors_};
    }
    /// The sectors of chunks [first, last], clipped to the volume.
    [[nodiscard]] Extent sectors_of(Chunks chunks) const;
    [[nodiscard]] std::uint64_t chunks() const { return chunks_; }
    [[nodiscard]] bool kept() const { return kept_; }
    [[nodiscard]] std::size_t copies() const { return peers_.size(); }

    /// Bits that are set, stable or not yet.
    [[nodiscard]] Bitmap const& bits(Slot peer) const { return peers_[peer.value].wanted; }
    /// Bits that would be found after a crash now.
    [[nodiscard]] Bitmap const& stable_bits(Slot peer) const { return peers_[peer.value].stable; }

    /// Sets the bits of a range towards a peer; pages that lack one are stored at the end of the
    /// step.
    void mark(Slot peer, Chunks chunks);
    /// True when every bit of the range is stable, so that data may follow (R21, G3).
    [[nodiscard]] bool is_stable(Slot peer, Chunks chunks) const;
    void mark_all(Slot peer);
    [[nodiscard]] bool all_stable(Slot peer) const {
        return !kept_ || peers_[peer.value].stable.count() == chunks_;
    }
    /// Adds bits without haste: they are stable on the other side (R22).
    void merge(Slot peer, Bitmap const& bits) { peers_[peer.value].wanted |= bits; }
    /// Clears bits and lets their pages follow lazily.
    void clear(Slot peer, Bitmap const& bits);
    void clear_all(Slot peer);
    /// Stores every page that holds a bit once more, with the stamp of the next store.
    void stamp_again();

    /// At the end of a step: stores the pages that are due and not under way.
    void store(Generation stamp, PersistId& next, Outbox& out);
    /// True when the answer was for a page.
    bool done(PersistId id, bool ok);
    [[nodiscard]] bool frozen() const { return frozen_; }

    [[nodiscard]] Fingerprint fingerprint() const;
    /// Of all that is in it, names too (identity.cc).
    [[nodiscard]] Fingerprint identity() const;
    friend bool operator==(IntentLog const&, IntentLog const&) = default;

private:
    template <class T>
    friend struct sunder::Format;  // replication/state_format.h

    struct PageId {
        Slot peer;
        std::uint32_t number = 0;
        friend bool operator==(PageId, PageId) = default;
    };
    struct Storing {
        PersistId id;
        std::shared_ptr<Page const> page;
        Fingerprint print = 0;
        friend bool operator==(Storing const& a, Storing const& b) { return *a.page == *b.page; }
    };
    struct PeerBits {
        Bitmap wanted;
        Bitmap stable;
        friend bool operator==(PeerBits const&, PeerBits const&) = default;
    };
    void due(Slot peer, std::uint64_t page);
    /// Stable now, and still so after the stores that are under way.
    [[nodiscard]] bool stays_stable(Slot peer, std::uint64_t chunk) const;
    [[nodiscard]] bool is_storing(PageId page) const;

    PerMember<PeerBits> peers_;
    boost::container::small_vector<PageId, 4> due_;
    boost::container::small_vector<Storing, 4> storing_;
    std::uint64_t sectors_ = 0;
    std::uint64_t chunk_sectors_ = 1;
    std::uint64_t chunks_ = 0;
    bool kept_ = false;
    bool frozen_ = false;
};

}  // namespace sunder::replication
