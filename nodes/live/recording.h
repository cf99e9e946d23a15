// SPDX-License-Identifier: BSD-3-Clause
//
// Recordings of lives: what came into each machine of a node, and the print of what each put out,
// so that the same machines can be asked to do it again (`sunder replay`). Here they are read;
// nodes/live/recorder.h writes them.
//
// A life is recorded in parts, a file each, which are a ring: without room the oldest part of the
// oldest life is given up. The first part begins with the life. In each later one the first input
// of a machine is followed by the state that the machine is in after it, so that what is left of a
// life can be lived once more from there on, whatever was given up before it.
//
// A file: length of its head (u32); the head, sealed: life (u64), part (u32), setup
// (nodes/live/setup_codec.h). Then entries: bytes of what is recorded (u32), machine (u8, or that
// the part ends), what it is (u8: an input or a state; of an end, which), mirror (u16), nanoseconds
// since the life began (u64), print of the outputs (u64), checksum (u64) of these 24 bytes and what
// is recorded; that.
#pragma once

#include "base/hash.h"
#include "nodes/live/node_setup.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sunder::live {

/// A machine of a node.
struct RecordedMachine {
    enum class Kind : std::uint8_t { node = 1, mirror = 2, hierarchy = 3 };
    Kind kind = Kind::node;
    std::uint16_t mirror = 0;  ///< its place in the setup; of the node's own machine: 0
    friend auto operator<=>(RecordedMachine, RecordedMachine) = default;
};

/// Why a recording goes on no further.
enum class RecordingEnd : std::uint8_t {
    torn = 0,      ///< the process was killed, or the power went
    stopped = 1,   ///< the node was
    full = 2,      ///< the ring has no room for a part that can be lived once more
    too_slow = 3,  ///< the disk took less than was to be recorded
    goes_on = 4,   ///< in the next part
};
std::string_view in_words(RecordingEnd end);

/// What there is of a life: its parts one after another, without a gap.
struct RecordedLife {
    std::vector<std::string> parts;  ///< paths
};
/// The recordings in a folder, the oldest first. Of a life that lacks a part in between, what is
/// before and what is behind it.
std::vector<RecordedLife> lives_in(std::string const& folder);

/// Reads one life back, entry by entry.
class Recording {
public:
    struct Entry {
        RecordedMachine machine;
        Duration at;            ///< since the life began
        bool is_state = false;  ///< of the machine, as it was then; else an input
        std::vector<std::byte> bytes;
        Fingerprint outputs = 0;  ///< of an input's step
    };

    /// The error says what was found, where, and what would be right.
    static std::expected<Recording, std::string> open(RecordedLife const& life);
    /// Of this part alone.
    static std::expected<Recording, std::string> open(std::string const& path);

    [[nodiscard]] NodeSetup const& setup() const { return setup_; }
    [[nodiscard]] std::uint64_t life() const { return life_; }
    /// The part that is read; 0: the first of the life.
    [[nodiscard]] std::uint32_t part() const { return part_; }
    /// How many parts were opened.
    [[nodiscard]] std::size_t parts_read() const { return next_; }
    /// Nothing: it ends here. What is cut off or damaged is the end, too: what follows it cannot be
    /// trusted, and would be worth nothing without it.
    std::optional<Entry> next();
    /// Once next() has given nothing: why, and how many bytes of the part were left behind.
    [[nodiscard]] RecordingEnd end() const { return end_; }
    [[nodiscard]] std::uint64_t left_over() const { return left_; }
    /// What was left behind begins with an entry that is all there, and not as it was written.
    [[nodiscard]] bool damaged() const { return damaged_; }
    /// What is wrong with the part in which it goes on; empty: nothing, or there is none.
    [[nodiscard]] std::string const& objection() const { return objection_; }

private:
    Recording() = default;
    std::expected<void, std::string> open_next();
    std::vector<std::byte> read(std::uint64_t count);
    std::optional<Entry> next_here();

    std::vector<std::string> parts_;
    std::size_t next_ = 0;  // of them, to be opened
    std::ifstream file_;
    std::uint64_t left_ = 0;  // bytes that were not read yet
    NodeSetup setup_;
    std::uint64_t life_ = 0;
    std::uint32_t part_ = 0;
    RecordingEnd end_ = RecordingEnd::torn;
    bool ended_ = false;
    bool damaged_ = false;
    std::string objection_;
};

}  // namespace sunder::live
