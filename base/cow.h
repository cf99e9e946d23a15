// SPDX-License-Identifier: BSD-3-Clause
//
// A value that copies share until one of them changes it: so that a copied world owns only what
// has happened to it since. May be empty, as an optional. All copies of one value belong to one
// thread; a copy that is to go to another one is made to own its value first.
//
// A search makes and drops a copy with every event it tries. Values that nobody holds any more are
// therefore kept, and the next copy is assigned to one of them, whose memory it uses again.
#pragma once

#include "base/hash.h"

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace sunder {

template <class T>
class Cow {
public:
    Cow() = default;
    Cow(Cow const& other) noexcept : held_(other.held_) {
        if (held_ != nullptr) ++held_->holders;
    }
    Cow(Cow&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
    Cow& operator=(Cow const& other) noexcept {
        if (held_ != other.held_) Cow(other).swap(*this);
        return *this;
    }
    Cow& operator=(Cow&& other) noexcept {
        Cow(std::move(other)).swap(*this);
        return *this;
    }
    ~Cow() { reset(); }

    template <class... Args>
    void emplace(Args&&... args) {
        reset();
        held_ = made(T(std::forward<Args>(args)...));
    }
    void reset() noexcept {
        Held* const left = std::exchange(held_, nullptr);
        if (left != nullptr && --left->holders == 0) spares().emplace_back(left);
    }
    [[nodiscard]] bool has_value() const { return held_ != nullptr; }
    explicit operator bool() const { return has_value(); }

    [[nodiscard]] T const& operator*() const { return held_->value; }
    [[nodiscard]] T const* operator->() const { return &held_->value; }
    /// For changes: no other copy sees them. Requires a value.
    [[nodiscard]] T& edit() {
        if (held_->holders != 1) {
            Held* const own = made(held_->value);
            --held_->holders;
            held_ = own;
        }
        held_->printed = false;
        return held_->value;
    }
    /// Shares nothing with any other copy any more; `part(value)` does the same inside the value.
    template <class Part>
    void own(Part&& part) {
        if (held_ == nullptr) return;
        if (held_->holders != 1) {
            Held* const own = made(held_->value);
            own->printed = held_->printed;
            own->print = held_->print;
            --held_->holders;
            held_ = own;
        }
        part(held_->value);
    }
    /// Gives back the memory of what nobody holds any more.
    static void release_spares() { std::exchange(spares(), {}); }
    /// `compute(value)`, remembered until the value changes. Requires a value, and that whoever
    /// asked to change it has done so.
    template <class Compute>
    [[nodiscard]] Fingerprint print(Compute&& compute) const {
        if (!held_->printed) {
            held_->print = compute(std::as_const(held_->value));
            held_->printed = true;
        }
        return held_->print;
    }

private:
    struct Held {
        T value;
        std::uint32_t holders = 1;
        bool printed = false;
        Fingerprint print = 0;
    };
    static std::vector<std::unique_ptr<Held>>& spares() {
        thread_local std::vector<std::unique_ptr<Held>> kept;
        return kept;
    }
    template <class Value>
    static Held* made(Value&& value) {
        auto& kept = spares();
        if (kept.empty()) return new Held{std::forward<Value>(value)};
        Held* const again = kept.back().release();
        kept.pop_back();
        again->value = std::forward<Value>(value);
        again->holders = 1;
        again->printed = false;
        return again;
    }
    void swap(Cow& other) noexcept { std::swap(held_, other.held_); }

    Held* held_ = nullptr;
};

}  // namespace sunder
