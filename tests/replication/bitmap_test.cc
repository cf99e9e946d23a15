// SPDX-License-Identifier: BSD-3-Clause
//
// Does the two-level bitmap do what a plain set does, and is its fingerprint a function of its
// members?
#include "replication/bitmap.h"

#include <rapidcheck.h>
#include <catch2/catch.hpp>

#include <set>

using namespace sunder;
using replication::Bitmap;

TEST_CASE("A bitmap is a set") {
    bool const held = rc::check([] {
        std::uint64_t const bits = *rc::gen::inRange<std::uint64_t>(1, 20000);
        Bitmap bitmap(bits);
        std::set<std::uint64_t> model;
        auto const members = *rc::gen::container<std::vector<std::uint64_t>>(
            rc::gen::inRange<std::uint64_t>(0, bits));
        for (std::uint64_t const bit : members) {
            if (bit % 5 == 0) {
                bitmap.reset(bit);
                model.erase(bit);
            } else {
                bitmap.set(bit);
                model.insert(bit);
            }
        }
        RC_ASSERT(bitmap.count() == model.size());
        std::set<std::uint64_t> listed;
        bitmap.for_each([&](std::uint64_t bit) { listed.insert(bit); });
        RC_ASSERT(listed == model);
        std::uint64_t const from = *rc::gen::inRange<std::uint64_t>(0, bits);
        auto const next = model.lower_bound(from);
        auto const found = bitmap.next(from);
        RC_ASSERT(found.has_value() == (next != model.end()));
        if (found) RC_ASSERT(*found == *next);

        Bitmap again(bits);
        for (std::uint64_t const bit : model) again.set(bit);
        RC_ASSERT(again == bitmap);
        RC_ASSERT(again.fingerprint() == bitmap.fingerprint());
        again -= bitmap;
        RC_ASSERT(again.fingerprint() == Bitmap(bits).fingerprint());
        again.set_all();
        RC_ASSERT(again.count() == bits);
        again -= bitmap;
        again |= bitmap;
        RC_ASSERT(again.count() == bits);
    });
    CHECK(held);
}
