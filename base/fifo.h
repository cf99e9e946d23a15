// SPDX-License-Identifier: BSD-3-Clause
//
// A queue in one piece of memory: nothing is allocated while it is empty, and copying copies what
// is in it. What was taken leaves a gap at the front that is closed when it is half of all.
#pragma once

#include "base/verify.h"

#include <cstddef>
#include <utility>
#include <vector>

namespace sunder {

template <class T>
class Fifo {
public:
    Fifo() = default;
    Fifo(Fifo const& other) : items_(other.begin(), other.end()) {}
    Fifo(Fifo&& other) noexcept
        : items_(std::move(other.items_)), taken_(std::exchange(other.taken_, 0)) {}
    Fifo& operator=(Fifo const& other) {
        if (this == &other) return *this;
        items_.assign(other.begin(), other.end());
        taken_ = 0;
        return *this;
    }
    Fifo& operator=(Fifo&& other) noexcept {
        items_ = std::move(other.items_);
        taken_ = std::exchange(other.taken_, 0);
        return *this;
    }
    ~Fifo() = default;

    [[nodiscard]] bool empty() const { return taken_ == items_.size(); }
    [[nodiscard]] std::size_t size() const { return items_.size() - taken_; }
    [[nodiscard]] auto begin() const { return items_.begin() + offset(); }
    [[nodiscard]] auto end() const { return items_.end(); }
    [[nodiscard]] auto begin() { return items_.begin() + offset(); }
    [[nodiscard]] auto end() { return items_.end(); }
    [[nodiscard]] T& front() { return items_[taken_]; }
    [[nodiscard]] T const& front() const { return items_[taken_]; }
    [[nodiscard]] T const& back() const { return items_.back(); }

    void push_back(T item) { items_.push_back(std::move(item)); }
    void pop_front() {
        VERIFY(!empty());
        items_[taken_] = T{};
        ++taken_;
        if (empty()) {
            clear();
        } else if (taken_ >= 32 && taken_ * 2 >= items_.size()) {
            items_.erase(items_.begin(), items_.begin() + offset());
            taken_ = 0;
        }
    }
    template <class Unwanted>
    void erase_if(Unwanted&& unwanted) {
        items_.erase(items_.begin(), items_.begin() + offset());
        taken_ = 0;
        std::erase_if(items_, std::forward<Unwanted>(unwanted));
    }
    void clear() {
        items_.clear();
        taken_ = 0;
    }

private:
    [[nodiscard]] std::ptrdiff_t offset() const { return static_cast<std::ptrdiff_t>(taken_); }
    std::vector<T> items_;
    std::size_t taken_ = 0;
};

}  // namespace sunder
