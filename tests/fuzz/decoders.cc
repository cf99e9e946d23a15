// SPDX-License-Identifier: BSD-3-Clause
//
// Decoding what a stranger sent, and saying it again.
#include "tests/fuzz/decoders.h"

#include "base/checksum.h"
#include "base/sealed.h"
#include "base/verify.h"
#include "nodes/input_codec.h"
#include "nodes/live/array_words.h"
#include "nodes/live/frame.h"
#include "nodes/live/greeting.h"
#include "nodes/live/setup_codec.h"
#include "nodes/wire.h"
#include "replication/cell_codec.h"
#include "replication/input_codec.h"
#include "replication/wire.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace sunder::test {

namespace {

using Bytes = std::span<std::byte const>;

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

bool take_message(Bytes head, Payload const& content) {
    auto const found = replication::decode_message(head, content, chunks_of_the_volume);
    if (!found) return false;
    Payload const* const behind = replication::content_of(*found);
    VERIFY((behind == nullptr) == content.empty());
    if (behind != nullptr) VERIFY(behind->as_bytes().data() == content.as_bytes().data());
    return is_said_again(*found, [&](Bytes again) {
        return replication::decode_message(again, content, chunks_of_the_volume);
    });
}

bool take_frame(Bytes arrived) {
    if (arrived.size() < live::frame_header_bytes) return false;
    auto const wire = arrived.first<live::frame_header_bytes>();
    auto const header = live::read_header(wire);
    if (!header) return false;
    Bytes const rest = arrived.subspan(live::frame_header_bytes);
    if (rest.size() < std::size_t{header->head_bytes} + header->content_bytes) return false;
    Bytes const head = rest.first(header->head_bytes);
    Bytes const on_wire = rest.subspan(header->head_bytes, header->content_bytes);
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
std::vector<std::byte> resealed(Bytes sealed) {
    constexpr std::size_t at = sealed_head_bytes - sizeof(std::uint64_t);
    std::vector<std::byte> right(sealed.begin(), sealed.end());
    if (right.size() < sealed_head_bytes) return right;
    Bytes const all(right);
    std::uint64_t const sum = checksum({all.first(at), all.subspan(sealed_head_bytes)});
    std::memcpy(&right[at], &sum, sizeof sum);
    return right;
}

bool take_page(Bytes stored) {
    std::vector<std::byte> right(stored.begin(), stored.end());
    right.resize(replication::page_bytes);
    constexpr std::size_t at = 8;
    std::uint64_t const sum = checksum({Bytes(right).subspan(at + sizeof(std::uint64_t))});
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

bool take_setup(Bytes sealed) {
    auto const found = live::decode_setup(resealed(sealed));
    if (!found) return false;
    (void)live::impossible(*found);
    auto const once = live::encode_setup(*found);
    auto const again = live::decode_setup(once);
    VERIFY(again && live::encode_setup(*again) == once);
    return true;
}

bool take_words(Bytes text) {
    std::string_view const all(reinterpret_cast<char const*>(text.data()), text.size());
    return live::read_array_request(live::split(all, '\n')).has_value();
}

}  // namespace

bool is_taken(Bytes bytes) {
    if (bytes.empty()) return false;
    Bytes const rest = bytes.subspan(1);
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
            return take_words(rest);
    }
    return false;
}

void take(Bytes bytes) { (void)is_taken(bytes); }

}  // namespace sunder::test
