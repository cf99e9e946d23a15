// SPDX-License-Identifier: BSD-3-Clause
//
// What nodes say to each other as bytes, and what stands on a mirror as it is stored: golden bytes,
// round trips of anything, and refusals.
#include "nodes/wire.h"

#include "tests/support/drawn.h"
#include "tests/support/golden_messages.h"
#include "tests/support/hex.h"

#include <catch2/catch.hpp>

namespace sunder::nodes {
namespace {

using test::drawn;
using test::golden_control;
using test::GoldenControl;
using test::hex;
using test::packed;
using test::some_hierarchy;

std::vector<std::byte> bytes_of(ControlMessage const& message) {
    std::vector<std::byte> bytes;
    ByteWriter to(bytes);
    encode(message, to);
    return bytes;
}

TEST_CASE("control messages are the bytes that other builds speak") {
    for (GoldenControl const& golden : golden_control()) {
        INFO(golden.what);
        CHECK(hex(bytes_of(golden.message)) == packed(golden.bytes));
    }
}

TEST_CASE("a hierarchy is the bytes that other builds have stored") {
    CHECK(
        hex(encode_hierarchy(some_hierarchy())) ==
        packed("53756e547265652e 0200 37000000 441ca5aa47cb1d41 0201 11000000 01 02000000 02000000 "
               "05000601 02000000 020000 0500010200 2100000003 8301 "
               "01000200040300000000000000000000 01"));
}

TEST_CASE("each rule and kind of resource has the number that other builds know") {
    auto const numbers = []<class Enum>(std::initializer_list<Enum> values) {
        std::string text;
        for (Enum const value : values) text += fmt::format("{} ", Format<Enum>::number(value));
        return text;
    };
    using Kind = ResourceKind;
    CHECK(numbers({Kind::file_system, Kind::address, Kind::application, Kind::nas, Kind::drbd,
                   Kind::sdr, Kind::multi_site}) == "0 1 2 3 4 5 6 ");
    using Joining = ExtensionRule;
    CHECK(
        numbers({Joining::granted, Joining::no_copy_there, Joining::already_created,
                 Joining::exported_by_nfs, Joining::already_mirrored, Joining::not_mirrored,
                 Joining::disk_not_shared, Joining::other_storage, Joining::resource_does_not_stop,
                 Joining::not_in_service_here, Joining::not_the_owner, Joining::already_extended,
                 Joining::not_extended, Joining::priority_in_use, Joining::owner_stays,
                 Joining::mirror_in_service, Joining::change_under_way, Joining::server_unreachable,
                 Joining::target_too_small}) == "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 ");
    using Moving = SwitchoverRule;
    CHECK(numbers({Moving::granted, Moving::already_in_service, Moving::in_transition,
                   Moving::source_unreachable, Moving::nothing_in_service,
                   Moving::resync_in_progress, Moving::mirror_is_paused, Moving::mirror_not_in_sync,
                   Moving::leg_lost, Moving::resource_does_not_stop, Moving::no_quorum}) ==
          "0 1 2 3 4 5 6 7 8 9 10 ");
}

TEST_CASE("any control message comes back as it was") {
    CHECK(rc::check([] {
        auto const message = drawn<ControlMessage>();
        auto const back = decode_control(bytes_of(message));
        if (!back) RC_FAIL(back.error());
        RC_ASSERT(test::same(*back, message));
    }));
}

TEST_CASE("any hierarchy that can be configured comes back as it was") {
    CHECK(rc::check([] {
        auto const stored = drawn<StoredHierarchy>();
        auto const back = decode_hierarchy(encode_hierarchy(stored));
        if (!back) RC_FAIL(back.error());
        RC_ASSERT(test::same(*back, stored));
        RC_ASSERT(back->fingerprint() == stored.fingerprint());
    }));
}

TEST_CASE("what is cut off is no control message, and what is flipped is one that can be said") {
    std::size_t refused = 0;
    for (GoldenControl const& golden : golden_control()) {
        INFO(golden.what);
        std::vector<std::byte> bytes = bytes_of(golden.message);
        for (std::size_t kept = 0; kept < bytes.size(); ++kept) {
            INFO(kept << " bytes");
            REQUIRE_FALSE(decode_control(std::span(bytes).first(kept)));
        }
        for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
            std::vector<std::byte> flipped = bytes;
            flipped[bit / 8] ^= std::byte{1} << bit % 8;
            auto const found = decode_control(flipped);
            INFO("bit " << bit);
            if (found) REQUIRE(bytes_of(*found).size() == bytes.size());
            refused += found ? 0 : 1;
        }
        bytes.push_back(std::byte{0});
        REQUIRE_FALSE(decode_control(bytes));
    }
    CHECK(refused > 500);
}

TEST_CASE("no bit of a stored hierarchy can be flipped, and none of its bytes be missing") {
    std::vector<std::byte> const stored = encode_hierarchy(some_hierarchy());
    for (std::size_t bit = 0; bit < stored.size() * 8; ++bit) {
        std::vector<std::byte> flipped = stored;
        flipped[bit / 8] ^= std::byte{1} << bit % 8;
        INFO("bit " << bit);
        REQUIRE_FALSE(decode_hierarchy(flipped));
    }
    for (std::size_t kept = 0; kept < stored.size(); ++kept)
        REQUIRE_FALSE(decode_hierarchy(std::span(stored).first(kept)));
}

TEST_CASE("what could not be configured is refused by its rule") {
    control::HierarchyIs const said{some_hierarchy().group, some_hierarchy()};
    std::vector<std::byte> const bytes = bytes_of(said);
    auto const error = [&](std::size_t at, unsigned value) {
        std::vector<std::byte> changed = bytes;
        changed.at(at) = std::byte(value);
        auto const found = decode_control(changed);
        REQUIRE_FALSE(found);
        return found.error();
    };
    // Behind version, number, group, group, version and flag: 256 resources at most, then each.
    std::size_t const resources = 1 + 1 + 2 + 2 + 4 + 1;
    CHECK(error(resources + 1, 2).find("has 514 resources, at most 256 would be right") !=
          std::string::npos);
    CHECK(error(resources + 8, 2).find("has a resource that cannot be") != std::string::npos);
    CHECK(error(resources + 6, 7).find("stored.is.which.resource.kind is 7, a number below 7") !=
          std::string::npos);
    std::size_t const dependencies = resources + 4 + 2 * 4;
    CHECK(error(dependencies + 4, 9).find("has a dependency that cannot be") != std::string::npos);
    CHECK(error(2, 3) ==
          "byte 2: message is about mirror 259, but what it holds stands on mirror 258");
}

}  // namespace
}  // namespace sunder::nodes
