// SPDX-License-Identifier: BSD-3-Clause
//
// Marks of a copy and of its state: which pairs are believed, what is said of the others, and that
// every moment at which a node may die leaves a pair that is believed.
#include "nodes/live/copy_mark.h"

#include <catch2/catch.hpp>

namespace sunder::live {
namespace {

constexpr CopyMark mark{0x1234, 7, 99, {4096, 7}};

CopyFacts facts() {
    CopyFacts facts;
    facts.mirror = "datarep";
    facts.state = "state/datarep.mirror";
    facts.had = "state/datarep.written";
    facts.copies = "copies";
    facts.has_cells = facts.had_cells = true;
    facts.shape = mark.shape;
    facts.in_state = facts.in_copy = mark;
    return facts;
}

void is_refused(CopyFacts const& facts, std::string const& why) {
    auto const judged = judge_copy(facts);
    REQUIRE_FALSE(judged.has_value());
    INFO(judged.error());
    CHECK(judged.error().find(why) != std::string::npos);
    CHECK(judged.error().find("datarep: ") == 0);
    CHECK(judged.error().find("in full") != std::string::npos);
}

}  // namespace

TEST_CASE("a mark is read as it was written, and nothing else is one") {
    std::vector<std::byte> bytes = encode_mark(mark);
    auto const read = decode_mark(bytes);
    REQUIRE(read.has_value());
    CHECK(*read == mark);
    bytes[bytes.size() - 1] ^= std::byte{1};
    CHECK_FALSE(decode_mark(bytes).has_value());
}

TEST_CASE("volumes are known by their ids, in their order") {
    using emulator::VolumeId;
    VolumeId const two[] = {VolumeId{3}, VolumeId{4}};
    VolumeId const turned[] = {VolumeId{4}, VolumeId{3}};
    VolumeId const again[] = {VolumeId{3}, VolumeId{5}};
    CHECK(mark_of(two) == mark_of(two));
    CHECK(mark_of(two) != mark_of(turned));
    CHECK(mark_of(two) != mark_of(again));
    CHECK(mark_of(two) != mark_of(std::span(two).first(1)));
}

TEST_CASE("a copy goes on where both have the same mark, or the copy's is one ahead") {
    CopyFacts found = facts();
    CHECK(judge_copy(found) == CopyBegins::goes_on);
    ++found.in_copy->turns;
    CHECK(judge_copy(found) == CopyBegins::goes_on);
    CHECK(judge_volumes(found, 99).has_value());
    CHECK_FALSE(judge_volumes(found, 98).has_value());
}

TEST_CASE("cells are believed beside no other copy than theirs") {
    CopyFacts found = facts();
    found.in_copy.reset();
    is_refused(found, "copies does not hold");
    found = facts();
    found.in_state.reset();
    is_refused(found, "does not say which copy");
    found = facts();
    found.in_copy->name = 0x1235;
    is_refused(found, "another copy");
    found = facts();
    found.in_copy->volumes = 98;
    is_refused(found, "another copy");
    found = facts();
    found.in_copy->turns -= 1;
    is_refused(found, "copies is older than state/datarep.mirror");
    found = facts();
    found.in_copy->turns += 2;
    is_refused(found, "state/datarep.mirror is older than copies");
    found = facts();
    found.forgot = true;
    is_refused(found, "copies/array.since: it is missing");
    found.has_cells = false;
    CHECK(judge_copy(found) == CopyBegins::made_anew);
}

TEST_CASE("a mirror keeps the size and the volumes that it was made with") {
    CopyFacts found = facts();
    found.in_state->shape = found.in_copy->shape = found.shape = {2048, 11};
    CHECK(judge_copy(found) == CopyBegins::goes_on);
    for (std::uint64_t const sectors : {1024U, 4096U}) {
        found.shape = {sectors, 11};
        auto const judged = judge_copy(found);
        REQUIRE_FALSE(judged.has_value());
        INFO(judged.error());
        CHECK(judged.error().starts_with("datarep: it was made with 1 MiB, and the node's file "));
        CHECK(judged.error().find("add a mirror of another name") != std::string::npos);
    }
    found.shape = {2048, 12};
    auto const judged = judge_copy(found);
    REQUIRE_FALSE(judged.has_value());
    CHECK(judged.error().starts_with("datarep: its volumes had other names or sizes"));
    MirrorSetup mirror;
    mirror.config.mirrored_sectors = 24;
    mirror.volumes = {{"b", 8}, {"c", 16}};
    CopyShape const shape = shape_of(mirror);
    mirror.volumes = {{"b", 16}, {"c", 8}};
    CHECK(shape_of(mirror) != shape);
    mirror.volumes = {{"b", 8}, {"d", 16}};
    CHECK(shape_of(mirror) != shape);
}

TEST_CASE("cells are believed beside no other export than theirs") {
    CopyFacts found = facts();
    found.copies = "nbd://backup/copy";
    found.in_copy.reset();
    std::uint64_t const place = mark_of_export(found.copies);
    found.in_state->volumes = place;
    CHECK(judge_plain(found, place) == CopyBegins::goes_on);
    CHECK(mark_of_export("nbd://backup:10809/copy") == place);
    auto const judged = judge_plain(found, mark_of_export("nbd://backup/other"));
    REQUIRE_FALSE(judged.has_value());
    INFO(judged.error());
    CHECK(judged.error().find("is not at nbd://backup/copy") != std::string::npos);
    CHECK(judged.error().find("remove state/datarep.mirror") != std::string::npos);
    found.in_state.reset();
    auto const unsaid = judge_plain(found, place);
    REQUIRE_FALSE(unsaid.has_value());
    CHECK(unsaid.error().find("does not say which copy it tells of") != std::string::npos);
    found.has_cells = false;
    CHECK(judge_plain(found, place) == CopyBegins::made_anew);
    found.had_cells = false;
    CHECK(judge_plain(found, place) == CopyBegins::made);
}

TEST_CASE("a mirror is created once; without its cells a copy is made anew") {
    CopyFacts found = facts();
    found.has_cells = false;
    found.in_state.reset();
    CHECK(judge_copy(found) == CopyBegins::made_anew);
    found.in_copy.reset();
    CHECK(judge_copy(found) == CopyBegins::made_anew);
    found.had_cells = false;
    CHECK(judge_copy(found) == CopyBegins::made);
    // It died when it was being made: before the copy had its mark, and before there was a cell.
    found.in_state = mark;
    CHECK(judge_copy(found) == CopyBegins::made);
    found.in_copy = mark;
    CHECK(judge_copy(found) == CopyBegins::made);
    // The state is lost, or not there.
    found.in_state.reset();
    is_refused(found, "make an empty file state/datarep.written");
}

}  // namespace sunder::live
