// SPDX-License-Identifier: BSD-3-Clause
//
// Decoding what a stranger sent, and saying it again.
#include "tests/fuzz/decoders.h"

#include "base/checksum.h"
#include "base/sealed.h"
#include "base/verify.h"
#include "nodes/input_codec.h"
#include "nodes/live/array_words.h"
#include "nodes/live/beat.h"
#include "nodes/live/control_reply.h"
#include "nodes/live/frame.h"
#include "nodes/live/greeting.h"
#include "nodes/live/node_words.h"
#include "nodes/live/setup_codec.h"
#include "nodes/wire.h"
#include "replication/cell_codec.h"
#include "replication/input_codec.h"
#include "replication/wire.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstring>
#include <string>
#include <vector>

namespace sunder::test {

namespace {

using Given = std::span<std::byte const>;

// Sets take an eighth of their size, whatever is in them; a node knows how large its own are.
constexpr std::uint64_t chunks_of_the_volume = std::uint64_t{1} << 20;

template <class Said>
std::vector<std::byte> said_again(Said const& said) {
    std::vector<std::byte> bytes;
    ByteWriter to(bytes);
    using live::encode;
    using nodes::encode;
    using nodes::hierarchy::encode;
    using replication::encode;
    encode(said, to);
    return bytes;
}

/// The same value is always the same bytes, also where several are read as one value.
template <class Said, class Decode>
bool is_said_again(Said const& said, Decode const& decode) {
    std::vector<std::byte> const once = said_again(said);
    auto const back = decode(once);
    VERIFY(back);
    VERIFY(said_again(*back) == once);
    return true;
}

bool take_message(Given head, Payload const& content) {
    auto const found = replication::decode_message(head, content, chunks_of_the_volume);
    if (!found) return false;
    Payload const* const behind = replication::content_of(*found);
    VERIFY((behind == nullptr) == content.empty());
    if (behind != nullptr) VERIFY(behind->as_bytes().data() == content.as_bytes().data());
    return is_said_again(*found, [&](Given again) {
        return replication::decode_message(again, content, chunks_of_the_volume);
    });
}

bool take_frame(Given arrived) {
    if (arrived.size() < live::frame_header_bytes) return false;
    auto const wire = arrived.first<live::frame_header_bytes>();
    auto const header = live::read_header(wire);
    if (!header) return false;
    Given const rest = arrived.subspan(live::frame_header_bytes);
    if (rest.size() < std::size_t{header->head_bytes} + header->content_bytes) return false;
    Given const head = rest.first(header->head_bytes);
    Given const on_wire = rest.subspan(header->head_bytes, header->content_bytes);
    (void)live::check_frame(wire, head, on_wire);
    std::shared_ptr<std::byte> const room = Payload::room(header->content_bytes / sector_bytes + 1);
    std::ranges::copy(on_wire, room.get());
    auto const content = live::content_of(*header, room);
    if (!content) return false;
    VERIFY(content->sectors() == header->content_sectors);
    switch (header->kind) {
        case live::FrameKind::greeting: {
            auto const found = live::decode_greeting(head);
            return found && is_said_again(*found, live::decode_greeting);
        }
        case live::FrameKind::mirror:
            return take_message(head, *content);
        case live::FrameKind::control: {
            auto const found = nodes::decode_control(head);
            return found && is_said_again(*found, nodes::decode_control);
        }
    }
    return false;
}

/// With the checksum that the rest has.
std::vector<std::byte> resealed(Given sealed) {
    constexpr std::size_t at = sealed_head_bytes - sizeof(std::uint64_t);
    std::vector<std::byte> right(sealed.begin(), sealed.end());
    if (right.size() < sealed_head_bytes) return right;
    Given const all(right);
    std::uint64_t const sum = checksum({all.first(at), all.subspan(sealed_head_bytes)});
    std::memcpy(&right[at], &sum, sizeof sum);
    return right;
}

bool take_page(Given stored) {
    std::vector<std::byte> right(stored.begin(), stored.end());
    right.resize(replication::page_bytes);
    constexpr std::size_t at = 8;
    std::uint64_t const sum = checksum({Given(right).subspan(at + sizeof(std::uint64_t))});
    std::memcpy(&right[at], &sum, sizeof sum);
    bool taken = false;
    for (std::uint8_t peer = 0; peer < replication::max_copies; ++peer) {
        replication::Page const page = replication::decode_page(right, {peer}, 1);
        VERIFY(page.peer.value == peer && page.number == 1);
        if (page.damaged) continue;
        taken = true;
        auto const again = replication::encode_page(page);
        VERIFY(replication::decode_page(again, {peer}, 1) == page);
    }
    return taken;
}

bool take_setup(Given sealed) {
    auto const found = live::decode_setup(resealed(sealed));
    if (!found) return false;
    (void)live::impossible(*found);
    auto const once = live::encode_setup(*found);
    auto const again = live::decode_setup(once);
    VERIFY(again && live::encode_setup(*again) == once);
    return true;
}

std::string_view characters(Given text) {
    return {reinterpret_cast<char const*>(text.data()), text.size()};
}

bool take_array_words(std::span<std::string const> words) {
    auto const found = live::read_array_request(words);
    VERIFY(found || !found.error().empty());
    return found.has_value();
}

/// What the machine would be asked is an input like any other, which is recorded.
bool take_node_words(std::span<std::string const> words) {
    auto const found = live::read_node_request(words, asked_node());
    VERIFY(found || !found.error().empty());
    if (!found) return false;
    std::size_t const mirrors = asked_node().mirrors.size();
    VERIFY(std::ranges::all_of(found->mirrors, [&](std::size_t place) { return place < mirrors; }));
    return is_said_again(live::input_of(found->asked, nodes::AdminId{1}), nodes::decode_input);
}

/// As POST /node and /array take it.
bool take_word_list(Given text) {
    auto const found = live::read_words(std::string(characters(text)));
    if (!found) return false;
    boost::json::array list;
    for (std::string const& word : *found) list.emplace_back(word);
    auto const again = live::read_words(boost::json::serialize(list));
    VERIFY(again && *again == *found);
    (void)take_array_words(*found);
    (void)take_node_words(*found);
    return true;
}

bool take_beat(Given datagram) {
    std::string const& cluster = asked_node().cluster;
    (void)live::read_beat(datagram, cluster);
    std::vector<std::byte> right(datagram.begin(), datagram.end());
    if (right.size() < sizeof(std::uint64_t)) return false;
    std::size_t const body = right.size() - sizeof(std::uint64_t);
    std::uint64_t const sum = checksum({Given(right).first(body)});
    std::memcpy(&right[body], &sum, sizeof sum);
    auto const found = live::read_beat(right, cluster);
    if (found) VERIFY(live::encode_beat(*found, cluster) == right);
    return found.has_value();
}

live::NodeSetup make_asked_node() {
    live::NodeSetup setup;
    setup.cluster = "east";
    setup.members = {{"server1", {}, {}}, {"server2", {}, {}}, {"server3", {}, {}}};
    setup.config.peers = {NodeId{1}};
    live::MirrorSetup mirror;
    mirror.name = "datarep";
    mirror.config.nodes = {NodeId{0}, NodeId{1}};
    setup.mirrors = {mirror};
    return setup;
}

}  // namespace

live::NodeSetup const& asked_node() {
    static live::NodeSetup const made = make_asked_node();
    return made;
}

bool is_taken(Given bytes) {
    if (bytes.empty()) return false;
    Given const rest = bytes.subspan(1);
    switch (Stranger{static_cast<unsigned char>(bytes.front())}) {
        case Stranger::frame:
            return take_frame(rest);
        case Stranger::cell: {
            auto const found = replication::decode_cell(resealed(rest));
            if (found)
                VERIFY(*replication::decode_cell(replication::encode_cell(*found)) == *found);
            return found.has_value();
        }
        case Stranger::page:
            return take_page(rest);
        case Stranger::hierarchy: {
            auto const found = nodes::decode_hierarchy(resealed(rest));
            if (!found) return false;
            auto const again = nodes::decode_hierarchy(nodes::encode_hierarchy(*found));
            VERIFY(again && again->is_same_as(*found));
            return true;
        }
        case Stranger::mirror_input: {
            auto const found = replication::decode_input(rest);
            return found && is_said_again(*found, replication::decode_input);
        }
        case Stranger::node_input: {
            auto const found = nodes::decode_input(rest);
            return found && is_said_again(*found, nodes::decode_input);
        }
        case Stranger::hierarchy_input: {
            auto const found = nodes::hierarchy::decode_input(rest);
            return found && is_said_again(*found, nodes::hierarchy::decode_input);
        }
        case Stranger::setup:
            return take_setup(rest);
        case Stranger::array_words:
            return take_array_words(live::split(characters(rest), '\n'));
        case Stranger::node_words:
            return take_node_words(live::split(characters(rest), '\n'));
        case Stranger::word_list:
            return take_word_list(rest);
        case Stranger::beat:
            return take_beat(rest);
    }
    return false;
}

void take(Given bytes) { (void)is_taken(bytes); }

}  // namespace sunder::test
