// SPDX-License-Identifier: BSD-3-Clause
//
// A value that copies share until one of them changes it: so that a copied world owns only what
// has happened to it since. May be empty, as an optional.
#pragma once

#include <memory>
#include <utility>

namespace sunder {

template <class T>
class Cow {
public:
    template <class... Args>
    void emplace(Args&&... args) {
        held_ = std::make_shared<T>(std::forward<Args>(args)...);
    }
    void reset() { held_.reset(); }
    [[nodiscard]] bool has_value() const { return held_ != nullptr; }
    explicit operator bool() const { return has_value(); }

    [[nodiscard]] T const& operator*() const { return *held_; }
    [[nodiscard]] T const* operator->() const { return held_.get(); }
    /// For changes: no other copy sees them. Requires a value.
    [[nodiscard]] T& edit() {
        if (held_.use_count() != 1) held_ = std::make_shared<T>(*held_);
        return *held_;
    }

private:
    std::shared_ptr<T> held_;
};

}  // namespace sunder
