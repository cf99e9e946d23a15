// SPDX-License-Identifier: BSD-3-Clause
//
// A short ordered list whose fingerprint follows each change, so that a machine with many requests
// in flight is fingerprinted without reading them all. Order of entries is the order of arrival.
#pragma once

#include "base/hash.h"

#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <utility>

namespace sunder::replication {

template <class T, std::size_t inline_capacity>
class Roster {
public:
    [[nodiscard]] std::size_t size() const { return items_.size(); }
    [[nodiscard]] bool empty() const { return items_.empty(); }
    [[nodiscard]] T const& operator[](std::size_t i) const { return items_[i]; }
    [[nodiscard]] auto begin() const { return items_.begin(); }
    [[nodiscard]] auto end() const { return items_.end(); }

    void add(T item) {
        sum_ += item.fingerprint();
        items_.push_back(std::move(item));
    }
    /// Changes entry `i` in place by `change(T&)`.
    template <class Change>
    void edit(std::size_t i, Change&& change) {
        sum_ -= items_[i].fingerprint();
        change(items_[i]);
        sum_ += items_[i].fingerprint();
    }
    T take(std::size_t i) {
        sum_ -= items_[i].fingerprint();
        T taken = std::move(items_[i]);
        items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(i));
        return taken;
    }
    void clear() {
        items_.clear();
        sum_ = 0;
    }

    /// The index of the first entry that satisfies `wanted`, or size().
    template <class Wanted>
    [[nodiscard]] std::size_t find(Wanted&& wanted) const {
        std::size_t i = 0;
        while (i < items_.size() && !wanted(items_[i])) ++i;
        return i;
    }

    [[nodiscard]] Fingerprint fingerprint() const { return mix(sum_, items_.size()); }
    friend bool operator==(Roster const& a, Roster const& b) { return a.items_ == b.items_; }

private:
    boost::container::small_vector<T, inline_capacity> items_;
    Fingerprint sum_ = 0;
};

}  // namespace sunder::replication
