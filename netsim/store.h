// SPDX-License-Identifier: BSD-3-Clause
//
// The stable storage of one copy beside its data: the cell and the pages of its intent log. A cell
// that was being stored when the node died is old or new; a page may also be damaged (SAF-16, G13).
#pragma once

#include "base/hash.h"
#include "base/verify.h"
#include "replication/seam.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace sunder::netsim {

class StableStore {
public:
    using CellPtr = std::shared_ptr<replication::Cell const>;
    using PagePtr = std::shared_ptr<replication::Page const>;

    StableStore() = default;
    /// A store that was prepared elsewhere.
    explicit StableStore(CellPtr cell) : cell_(std::move(cell)) {}

    std::uint32_t start(PersistId id, CellPtr cell) {
        return place({id, std::move(cell), nullptr});
    }
    std::uint32_t start(PersistId id, PagePtr page) {
        return place({id, nullptr, std::move(page)});
    }

    PersistId complete(std::uint32_t where) {
        Pending const pending = std::move(under_way_[where]);
        VERIFY(pending.cell || pending.page);
        under_way_[where] = {};
        keep(pending);
        while (!under_way_.empty() && !under_way_.back().cell && !under_way_.back().page) {
            under_way_.pop_back();
        }
        return pending.id;
    }

    /// It could not be stored; what was there before still is.
    PersistId refuse(std::uint32_t where) {
        PersistId const id = under_way_[where].id;
        under_way_[where] = {};
        return id;
    }

    /// The node dies. `choose(n)` draws from [0, n).
    template <class Choose>
    void die(Choose&& choose) {
        for (Pending const& pending : under_way_) {
            if (pending.cell && choose(2) == 0) keep(pending);
            if (!pending.page) continue;
            std::uint64_t const fate = choose(3);
            if (fate == 0) keep(pending);
            if (fate == 2) {
                auto damaged = std::make_shared<replication::Page>(*pending.page);
                damaged->damaged = true;
                keep({pending.id, nullptr, std::move(damaged)});
            }
        }
        under_way_.clear();
    }

    /// A copy of what is stored, without what is being stored.
    [[nodiscard]] StableStore at_rest() const {
        StableStore copy(cell_);
        copy.pages_ = pages_;
        return copy;
    }
    /// What the next boot finds.
    [[nodiscard]] std::optional<replication::Cell> cell() const {
        return cell_ ? std::optional(*cell_) : std::nullopt;
    }
    [[nodiscard]] std::vector<PagePtr> const& pages() const { return pages_; }

    [[nodiscard]] bool idle() const { return under_way_.empty(); }
    /// The page that is being stored in this place; null when it is the cell.
    [[nodiscard]] PagePtr const& storing_page(std::uint32_t where) const {
        return under_way_[where].page;
    }
    [[nodiscard]] Fingerprint fingerprint() const {
        Fingerprint pages = 0;
        for (PagePtr const& page : pages_) pages += fingerprint_of(*page);
        Fingerprint started = 0;
        for (Pending const& pending : under_way_) {
            if (pending.cell) started += mix(1, pending.cell->fingerprint());
            if (pending.page) started += mix(2, fingerprint_of(*pending.page));
        }
        return hash_words(cell_ ? cell_->fingerprint() : 0, pages, started);
    }

    /// Of all that is in it, names too (identity.cc).
    [[nodiscard]] Fingerprint identity() const;

private:
    struct Pending {
        PersistId id;
        CellPtr cell;
        PagePtr page;
    };
    static Fingerprint fingerprint_of(replication::Page const& page) {
        Hasher hasher;
        hasher.add(std::uint64_t{page.peer.value} << 40 | std::uint64_t{page.damaged} << 32 |
                   page.number);
        hasher.add(page.stamp.id);
        for (std::uint64_t const word : page.words) hasher.add(word);
        return hasher.result();
    }
    std::uint32_t place(Pending pending) {
        for (std::uint32_t i = 0; i < under_way_.size(); ++i) {
            if (under_way_[i].cell || under_way_[i].page) continue;
            under_way_[i] = std::move(pending);
            return i;
        }
        under_way_.push_back(std::move(pending));
        return static_cast<std::uint32_t>(under_way_.size() - 1);
    }
    void keep(Pending const& pending) {
        if (pending.cell) {
            cell_ = pending.cell;
            return;
        }
        auto const same = [&](PagePtr const& page) {
            return page->peer == pending.page->peer && page->number == pending.page->number;
        };
        auto const found = std::ranges::find_if(pages_, same);
        if (found == pages_.end()) {
            pages_.push_back(pending.page);
        } else {
            *found = pending.page;
        }
    }

    CellPtr cell_;
    std::vector<PagePtr> pages_;
    std::vector<Pending> under_way_;
};

}  // namespace sunder::netsim
