// SPDX-License-Identifier: BSD-3-Clause
//
// The way of a cell to stable storage: edits of one step go out together, one store at a time, and
// whoever must wait for an edit remembers its version.
#pragma once

#include "base/format_fwd.h"
#include "base/ids.h"
#include "replication/cell.h"
#include "replication/seam.h"

#include <memory>

namespace sunder::replication {

class CellStore {
public:
    using Version = std::uint32_t;

    CellStore() : CellStore(Cell{}) {}
    /// What was found on the medium at start.
    explicit CellStore(Cell const& cell)
        : wanted_(std::make_shared<Cell const>(cell)),
          stable_(wanted_),
          wanted_print_(cell.fingerprint()),
          stable_print_(wanted_print_) {}

    /// The cell as it will be when all stores are done.
    [[nodiscard]] Cell const& wanted() const { return *wanted_; }
    /// The cell as it would be found after a crash now.
    [[nodiscard]] std::shared_ptr<Cell const> const& stable() const { return stable_; }

    /// Changes the cell and returns the version to wait for. What `wanted` referred to is gone.
    template <class Change>
    Version edit(Change&& change) {
        auto edited = std::make_shared<Cell>(*wanted_);
        change(*edited);
        wanted_print_ = edited->fingerprint();
        wanted_ = std::move(edited);
        dirty_ = true;
        return version_ + 1;
    }
    [[nodiscard]] bool is_stable(Version version) const { return stable_version_ >= version; }

    /// At the end of a step: stores what was edited, unless a store is still under way.
    void store(PersistId& next, Outbox& out) {
        if (!dirty_ || storing_ || frozen_) return;
        dirty_ = false;
        ++version_;
        storing_ = wanted_;
        storing_print_ = wanted_print_;
        storing_id_ = PersistId{next.value++};
        out.put(output::PersistCell{storing_id_, storing_});
    }
    /// True when the answer was for this store.
    bool done(PersistId id, bool ok) {
        if (!storing_ || id != storing_id_) return false;
        if (ok) {
            stable_ = std::move(storing_);
            stable_print_ = storing_print_;
            stable_version_ = version_;
        } else {
            frozen_ = true;
        }
        storing_.reset();
        return true;
    }

    [[nodiscard]] Fingerprint fingerprint() const {
        // Versions are left out: they only count, and equal cells must meet in a search.
        return hash_words(wanted_print_, stable_print_, storing_ ? storing_print_ : 0,
                          std::uint64_t{dirty_} | std::uint64_t{frozen_} << 1);
    }
    /// Of all that is in it, what only counts and names too (identity.cc).
    [[nodiscard]] Fingerprint identity() const;
    friend bool operator==(CellStore const& a, CellStore const& b) {
        auto const same = [](auto const& x, auto const& y) {
            return x == y || (x && y && *x == *y);
        };
        return same(a.wanted_, b.wanted_) && same(a.stable_, b.stable_) &&
               same(a.storing_, b.storing_) && a.dirty_ == b.dirty_ && a.frozen_ == b.frozen_;
    }

private:
    template <class T>
    friend struct sunder::Format;  // replication/state_format.h

    // Cells change seldom. They are asked for their fingerprints after every step, and copied by
    // whoever goes through many worlds.
    std::shared_ptr<Cell const> wanted_;
    std::shared_ptr<Cell const> stable_;
    std::shared_ptr<Cell const> storing_;
    Fingerprint wanted_print_ = 0;
    Fingerprint stable_print_ = 0;
    Fingerprint storing_print_ = 0;
    PersistId storing_id_;
    Version version_ = 0;         // of the last store that went out
    Version stable_version_ = 0;  // of the last store that came back
    bool dirty_ = false;
    bool frozen_ = false;  // a failed store freezes whatever waits for it (DESIGN 4)
};

}  // namespace sunder::replication
