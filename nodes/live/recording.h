// SPDX-License-Identifier: BSD-3-Clause
//
// Recordings of lives: what came into each machine of a node, and the print of what each put out,
// from the first input on, so that the same machines can be asked to do it again (`sunder replay`).
//
// A machine is not stored, so a recording that lacks its beginning is worth nothing. The ring on
// disk therefore keeps whole lives, a file each, and gives up the oldest when it has no room; a
// life that fills it alone ends with a mark that says so. What is recorded is buffered, and written
// by a thread of its own: a node never waits for it. When the disk cannot follow, the recording
// ends instead, and says so, too. Nothing is synced: after a power cut the tail is missing, after a
// kill a few tenths of a second are.
//
// A file: length of its head (u32); the head, sealed: life (u64), setup (nodes/live/setup_codec.h).
// Then entries: bytes of the input (u32), machine (u8), how it ended (u8, of an end only), mirror
// (u16), nanoseconds since the life began (u64), print of the outputs (u64), checksum (u64) of
// these 24 bytes and the input; the input.
#pragma once

#include "base/hash.h"
#include "nodes/live/node_setup.h"
#include "nodes/seam.h"
#include "replication/seam.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
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
    full = 2,      ///< the ring has no room for more of this life
    too_slow = 3,  ///< the disk took less than was to be recorded
};
std::string_view in_words(RecordingEnd end);

/// Records the life of one node; append() may be called by any thread.
class Recorder {
public:
    struct Bounds {
        std::uint64_t bytes = std::uint64_t{256} << 20;  ///< on disk, of all lives together
        /// In memory, not written yet, when an input comes, which may be a run of a resync.
        std::uint64_t buffer = std::uint64_t{64} << 20;
        bool at_once = false;  ///< whoever writes is woken for each input, and little is buffered
    };
    /// Hears why nothing more is recorded of a life that goes on; on any thread that appends, or on
    /// the recorder's own.
    using Told = std::function<void(std::string const& why)>;

    /// Begins another file in the folder, which is made if need be. To be called in the process
    /// that serves, after it forked. The error says what could not be done.
    static std::expected<std::unique_ptr<Recorder>, std::string> open(std::string const& folder,
                                                                      Bounds bounds,
                                                                      NodeSetup const& setup,
                                                                      std::uint64_t life,
                                                                      Told told = nullptr);
    /// Writes what is buffered, and that the node stopped.
    ~Recorder();
    Recorder(Recorder const&) = delete;
    Recorder& operator=(Recorder const&) = delete;

    /// Inputs of one machine have to come in its order: by whoever holds what guards the machine.
    void append(RecordedMachine machine, std::span<std::byte const> input, Fingerprint outputs);
    // The same, of an input and all that came out of its step, before anything is taken from it.
    void append(nodes::Input const& input, nodes::Outbox& outputs);
    void append(std::uint16_t mirror, replication::Input const& input,
                replication::Outbox& outputs);
    void append(std::uint16_t mirror, nodes::hierarchy::Input const& input,
                nodes::hierarchy::Outbox& outputs);

    /// Writes what is buffered, and that the node stopped, for who will not live to destroy this; a
    /// disk that takes longer than `most` does not hold him up.
    void finish(std::chrono::milliseconds most);

    /// Why it records no more; empty: it does.
    [[nodiscard]] std::string trouble() const;
    [[nodiscard]] std::string const& path() const { return path_; }

private:
    Recorder(std::string path, int file, Bounds bounds, Told told);
    void put(RecordedMachine machine, std::uint8_t end, std::span<std::byte const> input,
             Fingerprint outputs);
    void end(RecordingEnd why);
    void work();
    [[nodiscard]] bool worth_writing() const;
    void make_room(std::uint64_t bytes);
    bool write_all(std::span<std::byte const> bytes);

    std::string path_;
    int file_;
    Bounds bounds_;
    Told told_;
    std::chrono::steady_clock::time_point const began_;

    mutable std::mutex lock_;
    std::condition_variable there_is_work_;
    std::vector<std::byte> buffer_;
    std::uint64_t accepted_ = 0;  // bytes, written or not
    bool ended_ = false;
    bool stopping_ = false;
    bool finished_ = false;  // nothing more will be written
    std::condition_variable is_finished_;
    std::string trouble_;

    // Of the writing thread.
    std::vector<std::byte> writing_;
    std::map<std::string, std::uint64_t> older_;  // lives, the oldest first, and their bytes
    std::uint64_t written_ = 0;
    std::thread worker_;
};

/// Reads one life back, entry by entry.
class Recording {
public:
    struct Entry {
        RecordedMachine machine;
        Duration at;  ///< since the life began
        std::vector<std::byte> input;
        Fingerprint outputs = 0;
    };

    /// The error says what was found, where, and what would be right.
    static std::expected<Recording, std::string> open(std::string const& path);

    [[nodiscard]] NodeSetup const& setup() const { return setup_; }
    [[nodiscard]] std::uint64_t life() const { return life_; }
    /// Nothing: it ends here. What is cut off or damaged is the end, too: what follows it cannot be
    /// trusted, and would be worth nothing without it.
    std::optional<Entry> next();
    /// Once next() has given nothing: why, and how many bytes were left behind.
    [[nodiscard]] RecordingEnd end() const { return end_; }
    [[nodiscard]] std::uint64_t left_over() const { return left_; }
    /// What was left behind begins with an entry that is all there, and not as it was written.
    [[nodiscard]] bool damaged() const { return damaged_; }

private:
    Recording() = default;

    std::ifstream file_;
    std::uint64_t left_ = 0;  // bytes that were not read yet
    NodeSetup setup_;
    std::uint64_t life_ = 0;
    RecordingEnd end_ = RecordingEnd::torn;
    bool ended_ = false;
    bool damaged_ = false;
};

/// The recordings in a folder, the oldest life first.
std::vector<std::string> recordings_in(std::string const& folder);

}  // namespace sunder::live
