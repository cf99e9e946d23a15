// SPDX-License-Identifier: BSD-3-Clause
//
// Volumes for copies: what is missing is made and nothing else is changed, however the mirrors of
// the node's file are changed from start to start; what will not do is said.
#include "nodes/live/copy_volumes.h"

#include "emulator/array.h"
#include "nodes/live/array_beginning.h"

#include <catch2/catch.hpp>

namespace sunder::live {
namespace {

constexpr std::uint64_t mebibyte = (std::uint64_t{1} << 20) / sector_bytes;

MirrorSetup mirror(std::string const& name, std::vector<VolumeSetup> volumes) {
    MirrorSetup made;
    made.name = name;
    for (VolumeSetup const& one : volumes) made.config.mirrored_sectors += one.sectors;
    made.config.sectors = made.config.mirrored_sectors;
    made.volumes = std::move(volumes);
    return made;
}

MirrorSetup mirror(std::string const& name, std::uint64_t sectors) {
    return mirror(name, {{name, sectors}});
}

struct Node {
    emulator::Array array{emulator::profiles().back(), true};
    NodeSetup setup;

    /// As at a start: how many words had to be said.
    std::size_t start() {
        auto const all = words_for_copies(setup, catalogue());
        for (auto const& words : all) say(words);
        return all.size();
    }
    void say(std::vector<std::string> const& words) {
        auto const said = try_words(array, words);
        if (!said) FAIL(said.error());
    }
    [[nodiscard]] emulator::Catalogue const& catalogue() const { return array.state().catalogue; }
    [[nodiscard]] emulator::Volume const& volume(std::string const& name) const {
        auto const id = catalogue().volume_named(name);
        REQUIRE(id.has_value());
        return catalogue().volumes.at(*id);
    }
    [[nodiscard]] std::string group_of(std::string const& name) const {
        return catalogue().groups.at(volume(name).group).name;
    }
    [[nodiscard]] std::string why_not(std::string const& name, std::uint64_t sectors,
                                      CopyBegins begins) const {
        auto const found = volume_for_copy(catalogue(), name, sectors, begins);
        return found ? "" : found.error();
    }
};

bool contains(std::string const& text, char const* part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("mirrors are added and taken out, and each keeps its volume") {
    Node node;
    node.setup.mirrors = {mirror("datarep", 64 * mebibyte)};
    CHECK(node.start() == 2);
    CHECK(node.start() == 0);
    auto const first = node.catalogue();
    node.setup.mirrors.push_back(mirror("log", {{"b", 8 * mebibyte}, {"c", 3 * mebibyte / 2}}));
    CHECK(node.start() == 3);  // a disk group, and two volumes
    CHECK(node.group_of("datarep") == "node");
    CHECK(node.group_of("log.b") == "node-2");
    CHECK(node.volume("log.c").sectors == 2 * mebibyte);
    CHECK(node.catalogue().volumes.at(*first.volume_named("datarep")) == node.volume("datarep"));
    auto const both = node.catalogue();
    node.setup.mirrors.erase(node.setup.mirrors.begin());
    CHECK(node.start() == 0);
    CHECK(node.catalogue() == both);
    // What is not there any more leaves its room to what comes.
    node.say({"delete", "volume", "datarep"});
    node.setup.mirrors.push_back(mirror("third", 32 * mebibyte));
    CHECK(node.start() == 1);
    CHECK(node.group_of("third") == "node");
}

TEST_CASE("a volume may be larger than its copy, and a disk than its mirror") {
    Node node;
    node.setup.mirrors = {mirror("datarep", 64 * mebibyte)};
    node.setup.mirrors[0].config.sectors = 96 * mebibyte;
    CHECK(node.start() == 2);
    CHECK(node.volume("datarep").sectors == 96 * mebibyte);
    node.say({"expand", "volume", "datarep", "size=128MiB"});
    CHECK(node.start() == 0);
    CHECK(node.why_not("datarep", 64 * mebibyte, CopyBegins::goes_on).empty());
}

TEST_CASE("a copy at an NBD server needs no volume, and a failed disk group takes none") {
    Node node;
    node.setup.mirrors = {mirror("datarep", mebibyte)};
    node.setup.mirrors[0].plain = "nbd://backup";
    CHECK(node.start() == 1);
    node.say({"fail", "disk-group", "node"});
    node.setup.mirrors.push_back(mirror("other", mebibyte));
    CHECK(node.start() == 2);
    CHECK(node.group_of("other") == "node-2");
}

TEST_CASE("what holds no copy, or has no room for one, is said") {
    Node node;
    node.setup.mirrors = {mirror("datarep", 64 * mebibyte)};
    (void)node.start();
    node.say({"add", "snapshot", "s1", "of=datarep"});
    node.say({"add", "disk-group", "dg1", "capacity=1GiB"});
    node.say({"add", "volume", "own", "group=dg1", "size=64MiB"});
    auto const made = CopyBegins::made;
    CHECK(contains(node.why_not("s1", 64 * mebibyte, made), "'s1' is a snapshot, and holds no"));
    CHECK(contains(node.why_not("own", 64 * mebibyte, made), "a volume of the disk group 'dg1'"));
    CHECK(node.why_not("datarep", 64 * mebibyte, made).empty());
    CHECK(contains(node.why_not("datarep", 65 * mebibyte, made), "make it larger"));
    CHECK(contains(node.why_not("datarep", 65 * mebibyte, CopyBegins::goes_on),
                   "a mirror keeps the size that it was made with"));
}

}  // namespace sunder::live
