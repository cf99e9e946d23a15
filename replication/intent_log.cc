// SPDX-License-Identifier: BSD-3-Clause
//
// Pages of the intent log and their way to stable storage.
#include "replication/intent_log.h"

#include "base/mutant.h"
#include "base/verify.h"

#include <algorithm>

namespace sunder::replication {

IntentLog::IntentLog(unsigned copies, Slot self, std::uint64_t sectors, std::uint64_t chunk_sectors,
                     bool kept)
    : peers_(copies),
      sectors_(sectors),
      chunk_sectors_(chunk_sectors),
      chunks_((sectors + chunk_sectors - 1) / chunk_sectors),
      kept_(kept) {
    for (unsigned peer = 0; peer < copies; ++peer) {
        if (peer == self.value) continue;
        peers_[peer].wanted = Bitmap(chunks_);
        if (kept_) peers_[peer].stable = Bitmap(chunks_);
    }
}

void IntentLog::load(Page const& page, Cell const& cell) {
    VERIFY(kept_);
    PeerBits& bits = peers_[page.peer.value];
    if (bits.wanted.size() == 0) return;  // another copy's page, about this one (FLT-12)
    bool const whole = !page.damaged || mutant(Mutant::damaged_page_trusted);
    bool const known = cell.descends_from(page.stamp.id) || mutant(Mutant::stale_page_trusted);
    bool const trusted = whole && known;
    std::uint64_t const first = page.number * page_words;
    std::uint64_t const words = (chunks_ + 63) / 64;
    for (std::uint64_t w = first; w < std::min(first + page_words, words); ++w) {
        std::uint64_t const stored = w - first < page.words.size() ? page.words[w - first] : 0;
        std::uint64_t const value = trusted ? stored : ~std::uint64_t{0};
        bits.wanted.set_word(w, value);
        bits.stable.set_word(w, value);
    }
}

Extent IntentLog::sectors_of(Chunks chunks) const {
    std::uint64_t const first = chunks.first * chunk_sectors_;
    std::uint64_t const end = std::min((chunks.last + 1) * chunk_sectors_, sectors_);
    return {first, end - first};
}

bool IntentLog::stays_stable(Slot peer, std::uint64_t chunk) const {
    if (!peers_[peer.value].stable.test(chunk)) return false;
    // A store that clears the bit may be on its way: what it takes away is as good as gone.
    return std::ranges::all_of(storing_, [&](Storing const& storing) {
        Page const& page = *storing.page;
        if (page.peer != peer || page.number != chunk / page_bits) return true;
        std::uint64_t const bit = chunk % page_bits;
        return (page.words[bit / 64] >> (bit % 64) & 1) != 0;
    });
}

bool IntentLog::is_stable(Slot peer, Chunks chunks) const {
    if (!kept_) return true;
    for (std::uint64_t chunk = chunks.first; chunk <= chunks.last; ++chunk) {
        if (!stays_stable(peer, chunk)) return false;
    }
    return true;
}

void IntentLog::mark(Slot peer, Chunks chunks) {
    PeerBits& bits = peers_[peer.value];
    for (std::uint64_t chunk = chunks.first; chunk <= chunks.last; ++chunk) {
        bits.wanted.set(chunk);
        if (kept_ && !stays_stable(peer, chunk)) due(peer, chunk / page_bits);
    }
}

void IntentLog::mark_all(Slot peer) {
    peers_[peer.value].wanted.set_all();
    if (!kept_) return;
    for (std::uint64_t page = 0; page * page_bits < chunks_; ++page) due(peer, page);
}

void IntentLog::clear(Slot peer, Bitmap const& bits) {
    PeerBits& mine = peers_[peer.value];
    if (kept_) {
        // A page that already says so is not stored: at a copy that was never whole it would bear
        // a stamp that means nothing later.
        bits.for_each_word([&](std::uint64_t w, std::uint64_t word) {
            bool const says = ((mine.wanted.word(w) | mine.stable.word(w)) & word) != 0;
            if (says) due(peer, w / page_words);
        });
    }
    mine.wanted -= bits;
}

void IntentLog::clear_all(Slot peer) {
    Bitmap const all = peers_[peer.value].wanted;
    clear(peer, all);
}

void IntentLog::stamp_again() {
    if (!kept_) return;
    for (std::uint8_t peer = 0; peer < peers_.size(); ++peer) {
        for (Bitmap const* bits : {&peers_[peer].wanted, &peers_[peer].stable}) {
            bits->for_each_word(
                [&](std::uint64_t w, std::uint64_t) { due(Slot{peer}, w / page_words); });
        }
    }
}

void IntentLog::due(Slot peer, std::uint64_t page) {
    PageId const wanted{peer, static_cast<std::uint32_t>(page)};
    // Words come in order, so the page asked for last is the likely one.
    if (!due_.empty() && due_.back() == wanted) return;
    if (std::ranges::find(due_, wanted) == due_.end()) due_.push_back(wanted);
}

bool IntentLog::is_storing(PageId page) const {
    return std::ranges::any_of(storing_, [&](Storing const& storing) {
        return storing.page->peer == page.peer && storing.page->number == page.number;
    });
}

void IntentLog::store(Generation stamp, PersistId& next, Outbox& out) {
    if (due_.empty() || frozen_) return;
    boost::container::small_vector<PageId, 4> later;
    for (PageId const id : due_) {
        if (is_storing(id)) {
            later.push_back(id);
            continue;
        }
        Bitmap const& bits = peers_[id.peer.value].wanted;
        std::uint64_t const first = id.number * page_words;
        std::uint64_t const end = std::min(first + page_words, (chunks_ + 63) / 64);
        auto page = std::make_shared<Page>();
        page->peer = id.peer;
        page->number = id.number;
        page->stamp = stamp;
        page->words.reserve(end - first);
        Hasher print;
        print.add(hash_words(id.peer.value, id.number, stamp.id));
        for (std::uint64_t w = first; w < end; ++w) {
            page->words.push_back(bits.word(w));
            print.add(bits.word(w));
        }
        PersistId const persist{next.value++};
        out.put(output::PersistPage{persist, page});
        storing_.push_back({persist, std::move(page), print.result()});
    }
    due_ = later;
}

bool IntentLog::done(PersistId id, bool ok) {
    auto const found = std::ranges::find_if(storing_, [&](Storing const& s) { return s.id == id; });
    if (found == storing_.end()) return false;
    if (ok) {
        Page const& page = *found->page;
        Bitmap& stable = peers_[page.peer.value].stable;
        for (std::size_t w = 0; w < page.words.size(); ++w) {
            stable.set_word(page.number * page_words + w, page.words[w]);
        }
    } else {
        frozen_ = true;
    }
    storing_.erase(found);
    return true;
}

Fingerprint IntentLog::fingerprint() const {
    Hasher hasher;
    for (PeerBits const& bits : peers_) {
        if (bits.wanted.size() == 0) continue;
        hasher.add(bits.wanted.fingerprint());
        hasher.add(bits.stable.fingerprint());
    }
    hasher.add(frozen_);
    for (PageId const id : due_) hasher.add(hash_words(id.peer.value, id.number));
    for (Storing const& storing : storing_) hasher.add(storing.print);
    return hasher.result();
}

}  // namespace sunder::replication
