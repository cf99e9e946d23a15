// SPDX-License-Identifier: BSD-3-Clause
//
// How generations succeed each other inside a cell.
#include "replication/cell.h"

#include <algorithm>

namespace sunder::replication {

void Cell::succeed(Generation fresh) {
    if (current) {
        // A force that is forgotten is taken for one at what is the oldest now (R129).
        if (history.size() == history_length) {
            bool const forced = history.back().why == Minted::forced;
            history.pop_back();
            if (forced) history.back().why = Minted::forced;
        }
        history.insert(history.begin(), current);
    }
    current = fresh;
}

void Cell::go_back_to(Generation past) {
    while (!history.empty() && current != past) {
        current = history.front();
        history.erase(history.begin());
    }
    current = past;
}

void Cell::tear() {
    if (data != DataState::inconsistent) resync = 0;
    data = DataState::inconsistent;
}

void Cell::forget_pauses() {
    for (PeerRecord& peer : peers) peer.paused = false;
}

void Cell::has_followed() {
    for (PeerRecord& peer : peers) peer.met = true;
}

bool Cell::descends_from(std::uint64_t id) const {
    return current.id == id ||
           std::ranges::any_of(history, [&](Generation past) { return past.id == id; });
}

bool Cell::has_gone_past(std::uint64_t id) const {
    return descends_from(id) || std::ranges::any_of(peers, [&](PeerRecord const& peer) {
               return peer.base && peer.base.id == id;
           });
}

Fingerprint Cell::fingerprint() const {
    Hasher hasher;
    hasher.add(current.id);
    for (Generation const& past : history) hasher.add(past.id);
    hasher.add(std::uint64_t{era.number} << 8 | era.node.value);
    hasher.add(static_cast<std::uint64_t>(role) | static_cast<std::uint64_t>(data) << 8 |
               std::uint64_t{applying} << 16 | std::uint64_t{last_owner} << 17 |
               std::uint64_t{data_corrupt} << 18 | static_cast<std::uint64_t>(apart) << 20 |
               static_cast<std::uint64_t>(current.why) << 24 | std::uint64_t{pristine} << 23 |
               std::uint64_t{asynchronous_limit} << 32);
    hasher.add(resync);
    if (fallback.current) {
        hasher.add(fallback.current.id);
        for (Generation const& past : fallback.history) hasher.add(past.id);
    }
    std::uint64_t met = 0;
    for (PeerRecord const& peer : peers) {
        met = met << 1 | std::uint64_t{peer.met};
        if (peer.base || peer.resync != 0 || peer.paused) {
            hasher.add(peer.base.id);
            hasher.add(peer.resync << 2 | std::uint64_t{peer.paused} << 1 |
                       std::uint64_t{peer.may_be_current});
        } else {
            hasher.add(0);
        }
    }
    hasher.add(met);
    return hasher.result();
}

std::string_view name_of(DataState state) {
    switch (state) {
        case DataState::inconsistent:
            return "inconsistent";
        case DataState::outdated:
            return "outdated";
        case DataState::consistent:
            return "consistent";
        case DataState::up_to_date:
            return "up to date";
    }
    return "";
}
std::string_view name_of(Apart apart) {
    switch (apart) {
        case Apart::no:
            return "no";
        case Apart::paused:
            return "paused";
        case Apart::written:
            return "written";
    }
    return "";
}
std::string_view name_of(Role role) {
    switch (role) {
        case Role::source:
            return "source";
        case Role::target:
            return "target";
    }
    return "";
}

std::string_view name_of(Minted why) {
    switch (why) {
        case Minted::created:
            return "created";
        case Minted::without_peer:
            return "without_peer";
        case Minted::forced:
            return "forced";
    }
    return "";
}

}  // namespace sunder::replication
