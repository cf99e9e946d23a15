// SPDX-License-Identifier: BSD-3-Clause
//
// Values by their fingerprints, each kept in one place until it is forgotten: a table in open
// addressing. Two values of one fingerprint are taken for one.
#pragma once

#include "base/hash.h"

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace sunder::netsim {

template <class T>
class Kept {
public:
    /// The place of the value; empty when there is none yet, and then to be filled at once.
    [[nodiscard]] std::unique_ptr<T>& operator[](Fingerprint print) {
        if ((used_ + 1) * 2 > places_.size()) grow();
        Place& place = places_[find(places_, print)];
        if (!place.value) {
            place.print = print;
            ++used_;
        }
        return place.value;
    }
    [[nodiscard]] std::size_t size() const { return used_; }
    template <class Visit>
    void for_each(Visit&& visit) const {
        for (Place const& place : places_) {
            if (place.value) visit(*place.value);
        }
    }
    template <class Unwanted>
    void forget_if(Unwanted&& unwanted) {
        std::vector<Place> all = std::exchange(places_, std::vector<Place>(fewest));
        used_ = 0;
        for (Place& place : all) {
            if (place.value && !unwanted(*place.value))
                (*this)[place.print] = std::move(place.value);
        }
    }

private:
    struct Place {
        Fingerprint print = 0;
        std::unique_ptr<T> value;
    };
    static constexpr std::size_t fewest = 64;

    static std::size_t find(std::vector<Place> const& places, Fingerprint print) {
        std::size_t const mask = places.size() - 1;
        std::size_t at = print & mask;
        while (places[at].value && places[at].print != print) at = (at + 1) & mask;
        return at;
    }
    void grow() {
        std::vector<Place> wider(places_.size() * 2);
        for (Place& place : places_) {
            if (place.value) wider[find(wider, place.print)] = std::move(place);
        }
        places_ = std::move(wider);
    }

    std::vector<Place> places_ = std::vector<Place>(fewest);
    std::size_t used_ = 0;
};

}  // namespace sunder::netsim
