// SPDX-License-Identifier: BSD-3-Clause
//
// A value that is old or new: whatever a crash leaves of the place that was being written, one of
// the two is found; damage to both is told; after a failed sync nothing is stored any more (G11).
#include "nodes/live/two_slots.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace sunder::live {
namespace {

class Memory final : public emulator::media::File {
public:
    std::expected<std::size_t, int> read(std::uint64_t at, std::span<std::byte> into) override {
        if (at >= bytes.size()) return 0;
        std::size_t const count = std::min(into.size(), bytes.size() - at);
        std::memcpy(into.data(), &bytes[at], count);
        return count;
    }
    int write(std::uint64_t at, std::span<std::byte const> from) override {
        bytes.resize(std::max(bytes.size(), at + from.size()));
        std::memcpy(&bytes[at], from.data(), from.size());
        return 0;
    }
    int truncate(std::uint64_t size) override { return bytes.resize(size), 0; }
    int punch(std::uint64_t, std::uint64_t) override { return EOPNOTSUPP; }
    std::expected<std::uint64_t, int> size() override { return bytes.size(); }
    int sync() override { return std::exchange(next_sync, 0); }

    std::vector<std::byte> bytes;
    int next_sync = 0;
};

constexpr std::size_t slot_bytes = 256;

std::vector<std::byte> value(int number) {
    return std::vector(100, static_cast<std::byte>(number));
}

std::optional<std::vector<std::byte>> found_in(Memory& file) {
    auto loaded = TwoSlots(file, 0, slot_bytes).load();
    REQUIRE(loaded.has_value());
    return *loaded;
}

TEST_CASE("a store that is cut off anywhere leaves the old value or the new one") {
    Memory before;
    CHECK_FALSE(found_in(before).has_value());
    TwoSlots slots(before, 0, slot_bytes);
    REQUIRE(slots.load().has_value());
    for (int number = 1; number <= 5; ++number) {
        Memory const old = before;
        REQUIRE(slots.store(value(number)) == 0);
        CHECK(found_in(before) == value(number));
        std::size_t const changed = before.bytes.size();
        for (std::size_t cut = 0; cut < changed; ++cut) {
            Memory torn = old;
            torn.bytes.resize(std::max(torn.bytes.size(), cut));
            std::copy_n(before.bytes.begin(), cut, torn.bytes.begin());
            auto const found = found_in(torn);
            bool const is_old = number == 1 ? !found.has_value() : found == value(number - 1);
            CHECK((is_old || found == value(number)));
        }
    }
}

TEST_CASE("damage to both places is told") {
    Memory file;
    TwoSlots slots(file, 0, slot_bytes);
    REQUIRE(slots.load().has_value());
    REQUIRE(slots.store(value(1)) == 0);
    REQUIRE(slots.store(value(2)) == 0);
    file.bytes[60] ^= std::byte{1};
    CHECK(found_in(file) == value(2));
    file.bytes[slot_bytes + 60] ^= std::byte{1};
    CHECK_FALSE(TwoSlots(file, 0, slot_bytes).load().has_value());
}

TEST_CASE("after a failed sync nothing is called stored any more") {
    Memory file;
    TwoSlots slots(file, 0, slot_bytes);
    REQUIRE(slots.load().has_value());
    REQUIRE(slots.store(value(1)) == 0);
    file.next_sync = EIO;
    CHECK(slots.store(value(2)) == EIO);
    CHECK(slots.store(value(3)) == EIO);
}

}  // namespace
}  // namespace sunder::live
