// SPDX-License-Identifier: BSD-3-Clause
//
// What comes into a mirror machine as bytes: anything comes back as it was, with its content; and
// prints of outputs, which nothing that a machine says escapes.
#include "replication/input_codec.h"

#include "replication/input_format.h"
#include "tests/support/drawn.h"
#include "tests/support/hex.h"

#include <catch2/catch.hpp>

#include <set>

namespace sunder::replication {
namespace {

using test::drawn;

std::vector<std::byte> bytes_of(Input const& input) {
    std::vector<std::byte> bytes;
    ByteWriter to(bytes);
    encode(input, to);
    return bytes;
}

TEST_CASE("any input of a mirror machine comes back as it was") {
    CHECK(rc::check([] {
        auto const input = drawn<Input>();
        std::vector<std::byte> bytes = bytes_of(input);
        auto const back = decode_input(bytes);
        if (!back) RC_FAIL(back.error());
        RC_ASSERT(test::same(*back, input));
        std::size_t const kept = *rc::gen::inRange<std::size_t>(0, bytes.size());
        RC_ASSERT(!decode_input(std::span(bytes).first(kept)));
        bytes.push_back(std::byte{0});
        RC_ASSERT(!decode_input(bytes));
    }));
}

TEST_CASE("inputs have the numbers that other recordings have") {
    std::string numbers;
    auto const add = [&](Input const& input) { numbers += fmt::format("{} ", bytes_of(input)[1]); };
    add(input::Started{});
    add(input::HostRequest{});
    add(input::MessageArrived{});
    add(input::ConnectionUp{});
    add(input::ConnectionDown{});
    add(input::DiskDone{});
    add(input::PersistDone{});
    add(input::TimerFired{});
    add(input::Commanded{});
    add(input::ImageLost{});
    CHECK(numbers == "0 1 2 3 4 5 6 7 8 9 ");
    input::HostRequest request{{0x11}, HostOp::write_zeroes, true, {0x22, 1}, Payload::zero(1)};
    CHECK(test::hex(bytes_of(request)) ==
          test::packed("0301 1100000000000000 03 01 22000000000000000100000000000000 "
                       "0101000000 010000000000000000000000000000000000000000000000"));
    std::shared_ptr<std::byte> const room = Payload::room(1);
    std::memset(room.get(), 0, sector_bytes);
    std::string const inside =
        test::hex(bytes_of(input::DiskDone{{5}, true, Payload::bytes(room, 1)}));
    CHECK(inside == test::packed("0305 05000000 01 0301000000") + std::string(1024, '0'));
}

TEST_CASE("content that would follow behind is no input") {
    std::vector<std::byte> bytes = bytes_of(input::DiskDone{{5}, true, {}});
    bytes.back() = std::byte{2};
    bytes.resize(bytes.size() + 4);
    bytes[bytes.size() - 4] = std::byte{1};
    auto const found = decode_input(bytes);
    REQUIRE_FALSE(found);
    CHECK(found.error() == "byte 8: input.payload follows behind, where nothing follows");
    std::vector<std::byte> page = bytes_of(input::Started{std::nullopt, {nullptr}, 1});
    CHECK(decode_input(page).error().find("has a page that is none") != std::string::npos);
}

std::vector<Output> deeds() {
    auto const cell = [](std::uint64_t id, Minted why) {
        Cell made;
        made.current = {id, why};
        return std::make_shared<Cell const>(made);
    };
    auto const page = [](std::uint64_t word) {
        Page made;
        made.words = {word};
        return std::make_shared<Page const>(made);
    };
    auto const content = [](unsigned char value) {
        std::shared_ptr<std::byte> const room = Payload::room(2);
        std::memset(room.get(), 7, 2 * sector_bytes);
        room.get()[1023] = std::byte{value};
        return Payload::bytes(room, 2);
    };
    return {
        output::Send{{1}, {1}, RecordAck{1}},
        output::Send{{2}, {1}, RecordAck{1}},
        output::Send{{1}, {2}, RecordAck{1}},
        output::Send{{1}, {1}, RecordAck{2}},
        output::Send{{1}, {1}, ResyncReady{1}},
        output::Close{{1}, {1}},
        output::HostReply{{1}, HostStatus::ok, {}},
        output::HostReply{{1}, HostStatus::io_error, {}},
        output::HostReply{{1}, HostStatus::ok, content(7)},
        output::HostReply{{1}, HostStatus::ok, content(8)},
        output::HostReply{{1}, HostStatus::ok, Payload::zero(2)},
        output::HostReply{{1}, HostStatus::ok, Payload::zero(1)},
        output::DiskRead{{1}, {1, 2}},
        output::DiskRead{{1}, {1, 3}},
        output::DiskRead{{1}, {2, 2}},
        output::DiskWrite{{1}, {1, 2}, content(7)},
        output::DiskFlush{{1}},
        output::ArrayImage{{1}, output::ArrayImage::Do::keep},
        output::ArrayImage{{1}, output::ArrayImage::Do::drop},
        output::PersistCell{{1}, cell(1, Minted::created)},
        output::PersistCell{{1}, cell(2, Minted::created)},
        output::PersistCell{{1}, cell(1, Minted::forced)},
        output::PersistPage{{1}, page(1)},
        output::PersistPage{{1}, page(2)},
        output::ArmTimer{Timer::settle, seconds(1)},
        output::ArmTimer{Timer::settle, seconds(2)},
        output::CancelTimer{Timer::settle},
        output::CancelTimer{Timer::resync_pace},
    };
}

std::vector<Output> words() {
    Report split;
    split.split[7] = true;
    Report watched;
    watched.watched_with = Slot{0};
    HandshakeFacts bits;
    bits.bits = true;
    return {
        output::Reported{},
        output::Reported{split},
        output::Reported{watched},
        output::Noted{note::LegChanged{}},
        output::Noted{note::LegChanged{{}, LegState::paused}},
        output::Noted{note::ResyncDecided{{}, {}, {}}},
        output::Noted{note::ResyncDecided{{}, {}, bits}},
        output::Noted{note::ResyncDecided{{}, {Verdict::full, {}}, {}}},
        output::Noted{note::Erased{}},
        output::Noted{note::Rejected{{}, "why"}},
        output::Noted{note::Rejected{{}, "how"}},
        output::Noted{note::Ignored{"why"}},
    };
}

TEST_CASE("two outputs that differ anywhere have two prints") {
    std::vector<Output> outputs = deeds();
    for (Output const& output : words()) outputs.push_back(output);
    std::set<Fingerprint> prints;
    for (Output const& output : outputs) prints.insert(fingerprint(output));
    CHECK(prints.size() == outputs.size());
    for (Output const& output : outputs) {
        Outbox alone;
        alone.put(output);
        Outbox twice;
        twice.put(output);
        twice.put(output);
        CHECK(fingerprint(alone) != fingerprint(twice));
    }
    Outbox one;
    Outbox other;
    for (std::size_t i : {0U, 1U}) one.put(outputs[i]);
    for (std::size_t i : {1U, 0U}) other.put(outputs[i]);
    CHECK(fingerprint(one) != fingerprint(other));
}

}  // namespace
}  // namespace sunder::replication
