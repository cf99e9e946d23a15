// SPDX-License-Identifier: BSD-3-Clause
//
// Copies that were lost or exchanged while their node was away: it is not served with what is there
// instead (SAF-1, SAF-9), nothing is made or overwritten where a disk is not mounted, and a copy
// whose cells were removed is resynchronised in full, also where the mirror was created (R91).
#include "base/pattern.h"
#include "nodes/live/control_client.h"
#include "tests/nodes/live/pair.h"

#include <catch2/catch.hpp>

#include <fstream>

namespace sunder::live {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

std::vector<std::byte> pattern(std::uint64_t id) {
    std::vector<std::byte> bytes(8 * sector_bytes);
    write_pattern(id, 0, bytes);
    return bytes;
}

std::vector<std::byte> read(NodeService& node, MirroredExport const& at) {
    std::vector<std::byte> bytes(8 * sector_bytes);
    REQUIRE(node.read(at, 0, bytes) == 0);
    return bytes;
}

fs::path state_of(Pair const& pair, unsigned node) { return pair.setup(node).state; }
fs::path array_of(Pair const& pair, unsigned node) { return state_of(pair, node) / "array"; }

void until_mirrored(Pair& pair) {
    Pair::wait_until("they mirror", [&] { return pair.mirrors(0) && pair.mirrors(1); });
}

/// Both hold pattern(7) at the beginning, and are stopped.
void written_and_stopped(Pair& pair) {
    pair.start(0);
    pair.start(1);
    MirroredExport const at = pair.in_service(0);
    until_mirrored(pair);
    REQUIRE(pair[0].write(at, 0, pattern(7), true) == 0);
    pair.stop(1);
    pair.stop(0);
}

void is_said(std::string const& refusal, std::string const& words) {
    INFO(refusal);
    CHECK(refusal.find(words) != std::string::npos);
}

Said say(Pair const& pair, unsigned node, Words const& words, std::string const& path = "/array") {
    fs::path const socket = pair.folder() / (pair.setup(node).members[node].name + ".control");
    auto const said = say_words(socket.string(), path, words);
    REQUIRE(said.has_value());
    return *said;
}

/// Nobody is left that was the last source: an operator says whose data is to be (R30, R87).
void force(Pair& pair, unsigned node) {
    Pair::wait_until("it can be forced",
                     [&] { return say(pair, node, {"force", "datarep"}, "/node").status == 200; });
}

TEST_CASE("cells are not believed beside an empty folder, which stays empty") {
    Pair pair;
    written_and_stopped(pair);
    for (unsigned const node : {0U, 1U}) {
        fs::path const away = pair.folder() / "elsewhere";
        fs::rename(array_of(pair, node), away);
        is_said(pair.refusal(node), "is the copies' disk mounted?");
        CHECK_FALSE(fs::exists(array_of(pair, node)));
        fs::create_directory(array_of(pair, node));
        is_said(pair.refusal(node), "is the copies' disk mounted?");
        CHECK(fs::is_empty(array_of(pair, node)));
        fs::remove(array_of(pair, node));
        fs::rename(away, array_of(pair, node));
    }
    pair.start(1);
    pair.start(0);
    CHECK(read(pair[0], pair.in_service(0)) == pattern(7));
}

TEST_CASE("copies that were exchanged are not believed") {
    Pair pair;
    written_and_stopped(pair);
    fs::rename(array_of(pair, 0), pair.folder() / "elsewhere");
    fs::rename(array_of(pair, 1), array_of(pair, 0));
    is_said(pair.refusal(0), "holds another copy than");
}

TEST_CASE("a copy that was put back is not believed, nor a state that was") {
    Pair pair;
    pair.start(0);
    pair.start(1);
    (void)pair.in_service(0);
    until_mirrored(pair);
    pair.stop(1);
    fs::path const early = pair.folder() / "early";
    fs::copy(state_of(pair, 1), early, fs::copy_options::recursive);
    pair.start(1);
    until_mirrored(pair);
    pair.stop(1);
    fs::path const late = pair.folder() / "late";
    fs::rename(state_of(pair, 1), late);
    fs::copy(late, state_of(pair, 1), fs::copy_options::recursive);
    fs::remove_all(array_of(pair, 1));
    fs::copy(early / "array", array_of(pair, 1), fs::copy_options::recursive);
    is_said(pair.refusal(1), "server2/array is older than");
    fs::remove_all(state_of(pair, 1));
    fs::copy(early, state_of(pair, 1), fs::copy_options::recursive);
    fs::remove_all(array_of(pair, 1));
    fs::copy(late / "array", array_of(pair, 1), fs::copy_options::recursive);
    is_said(pair.refusal(1), "datarep.mirror is older than");
}

TEST_CASE("a volume that was deleted and made again holds no copy, nor does a container") {
    Pair pair;
    written_and_stopped(pair);
    auto const change = [&](unsigned node, std::vector<Words> const& words) {
        ArrayOptions options;
        options.store = array_of(pair, node).string();
        options.begin = words;
        auto array = ArrayService::open(options);
        REQUIRE(array.has_value());
        (*array)->start();
        REQUIRE((*array)->stop().has_value());
    };
    Words const removal{"delete", "volume", "datarep"};
    change(0, {removal,
               {"add", "volume", "datarep", "group=node", "size=2MiB", "vraid=0", "thin=yes"}});
    is_said(pair.refusal(0), "deleted and made again");
    change(1, {{"change-into-container", "datarep"}});
    is_said(pair.refusal(1), "is a container");
    change(1, {removal});
    is_said(pair.refusal(1), "deleted and made again");
}

TEST_CASE("a copy whose array was told to forget what it had answered is not believed") {
    Pair pair;
    written_and_stopped(pair);
    for (unsigned const node : {0U, 1U}) {
        fs::remove(array_of(pair, node) / "array.since");
        is_said(pair.refusal(node), "array.since: it is missing; if a process was killed");
        // Nor is it served because it was tried.
        is_said(pair.refusal(node), "bring back the whole folder");
    }
    fs::remove(state_of(pair, 1) / "datarep.mirror");
    pair.start(1);
    pair.stop(1);
    pair.start(1);
}

TEST_CASE("a state that is not there is not begun anew beside a copy") {
    Pair::How how;
    how.heard = true;
    Pair pair(how);
    written_and_stopped(pair);
    fs::path const cells = state_of(pair, 0) / "datarep.mirror";
    fs::path const had = state_of(pair, 0) / "datarep.written";
    fs::remove(cells);
    fs::remove(had);
    is_said(pair.refusal(0), "is the state's disk mounted?");
    is_said(pair.refusal(0), "make an empty file " + had.string());
    std::ofstream(had).close();
    pair.start(0);
    pair.start(1);
    force(pair, 1);
    CHECK(read(pair[1], pair.in_service(1)) == pattern(7));
    until_mirrored(pair);
    CHECK(pair.image(0) == pair.image(1));
}

TEST_CASE(
    "a copy whose cells were removed is made anew, and believed by nobody before its resync") {
    for (unsigned const lost : {0U, 1U}) {
        INFO("the copy of node " << lost << " is lost");
        for (bool const in_sync : {false, true}) {
            Pair::How how;
            how.born_in_sync = in_sync;
            how.heard = true;
            Pair pair(how);
            written_and_stopped(pair);
            unsigned const other = 1 - lost;
            fs::remove_all(array_of(pair, lost));
            is_said(pair.refusal(lost),
                    "remove " + (state_of(pair, lost) / "datarep.mirror").string());
            fs::remove(state_of(pair, lost) / "datarep.mirror");
            // Nor does it forget that when it dies again.
            for (int life = 0; life < 2; ++life) {
                NodeService& node = pair.start(lost);
                CHECK(
                    node.driver().mirror(0).look_at([](replication::MirrorMachine const& machine) {
                        return machine.cell().data == replication::DataState::inconsistent &&
                               !machine.cell().last_owner;
                    }));
                CHECK_FALSE(node.find_export("").has_value());
                pair.stop(lost);
            }
            pair.start(lost);
            pair.start(other);
            if (lost == 0) force(pair, other);
            CHECK(read(pair[other], pair.in_service(other)) == pattern(7));
            until_mirrored(pair);
            CHECK(pair.image(0) == pair.image(1));
            pair.stop(other);
            CHECK(read(pair[lost], pair.in_service(lost)) == pattern(7));
        }
    }
}

TEST_CASE("operators take no volume away from its mirror, and may copy it") {
    Pair::How how;
    how.heard = true;
    Pair pair(how);
    pair.start(0);
    pair.start(1);
    MirroredExport const at = pair.in_service(0);
    until_mirrored(pair);
    REQUIRE(pair[0].write(at, 0, pattern(7), true) == 0);
    CHECK(say(pair, 0, {"add", "snapshot", "s1", "of=datarep"}).status == 200);
    REQUIRE(pair[0].write(at, 0, pattern(8), true) == 0);
    Words const taken[] = {{"delete", "volume", "datarep"},
                           {"rename", "volume", "datarep", "to=old"},
                           {"change-into-container", "datarep"},
                           {"restore", "datarep", "from=s1"}};
    for (Words const& words : taken) {
        Said const said = say(pair, 0, words);
        INFO(said.body);
        CHECK(said.status == 409);
        CHECK(said.body.find("holds_a_mirrors_copy") != std::string::npos);
        CHECK(said.body.find("take the mirror out of the node's file") != std::string::npos);
    }
    CHECK(read(pair[0], at) == pattern(8));
    CHECK(say(pair, 0, {"rename", "volume", "s1", "to=s2"}).status == 200);
    CHECK(say(pair, 0, {"delete", "volume", "s2"}).status == 200);
}

TEST_CASE("nobody makes a node stand still that is not there for a test") {
    Pair::How how;
    how.heard = true;
    for (bool const tested : {false, true}) {
        how.stands_still = tested;
        Pair pair(how);
        pair.start(0);
        CHECK(say(pair, 0, {"datarep", "paused"}, "/break").status == (tested ? 200 : 404));
    }
}

}  // namespace
}  // namespace sunder::live
