// SPDX-License-Identifier: BSD-3-Clause
//
// What the hosts of an array may find in each of its volumes: what they wrote, and in a copy what
// its source held at the copy's moment. It follows requests and commands, and knows nothing of
// maps and places. Checkers hold the array against it.
#pragma once

#include "emulator/block_map.h"
#include "emulator/catalogue.h"
#include "netsim/array_note.h"
#include "netsim/image.h"
#include "netsim/observation.h"

#include <boost/container/small_vector.hpp>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace sunder::netsim {

class World;

class ArrayBook {
public:
    struct Row {
        Image now;
        /// By sector, what else a power cut may leave there: what was written over since the array
        /// was durable.
        std::map<std::uint64_t, boost::container::small_vector<Content, 2>> before{};
    };
    struct Open {
        RequestId id;
        emulator::VolumeId volume;
        Extent range;
        Content content;
    };
    struct Array {
        std::map<emulator::VolumeId, Row> rows{};
        std::map<emulator::VolumeId, Row> orphans{};  ///< of mirrorclones whose source is lost
        std::vector<Open> open{};                     ///< asked, not answered
        std::vector<Open> died{};                     ///< when the power went
        emulator::Catalogue catalogue{};              ///< as it was known last
        std::map<emulator::LinkId, emulator::LinkMode> modes{};
    };

    explicit ArrayBook(World const& world);
    void see(World const& world, seen::ArrayNoted const& noted);
    [[nodiscard]] Array const& of(ArrayId array) const { return arrays_[array.value]; }

private:
    struct Follow;
    std::vector<Array> arrays_;
};

}  // namespace sunder::netsim
