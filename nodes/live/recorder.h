// SPDX-License-Identifier: BSD-3-Clause
//
// Records the life of one node (nodes/live/recording.h says how, and what it is good for). What is
// recorded is buffered, and written by a thread of its own: a node never waits for it. When the
// disk cannot follow, the recording ends instead, and says so. Nothing is synced: after a power cut
// the tail is missing, after a kill a few tenths of a second are.
#pragma once

#include "base/hash.h"
#include "nodes/hierarchy_machine.h"
#include "nodes/live/recording.h"
#include "nodes/node_machine.h"
#include "replication/mirror_machine.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace sunder::live {

/// append() may be called by any thread.
class Recorder {
public:
    struct Bounds {
        std::uint64_t bytes = std::uint64_t{256} << 20;  ///< on disk, of all lives together
        /// In memory, not written yet, when an input comes, which may be a run of a resync.
        std::uint64_t buffer = std::uint64_t{64} << 20;
        bool at_once = false;  ///< whoever writes is woken for each input, and little is buffered
        /// Of a part, about; 0: an eighth of all. One in which states take much is longer.
        std::uint64_t part = 0;
    };
    /// Hears why nothing more is recorded of a life that goes on; on any thread that appends, or on
    /// the recorder's own.
    using Told = std::function<void(std::string const& why)>;

    /// Begins another life in the folder, which is made if need be. To be called in the process
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
    /// True: its state as it is now is to be appended before its next input.
    [[nodiscard]] bool append(RecordedMachine machine, std::span<std::byte const> input,
                              Fingerprint outputs);
    void append_state(RecordedMachine machine, std::span<std::byte const> state);
    // Both, of a machine that has taken its input, before anything is taken of what came out.
    void append(nodes::NodeMachine const& machine, nodes::Input const& input,
                nodes::Outbox& outputs);
    void append(std::uint16_t mirror, replication::MirrorMachine const& machine,
                replication::Input const& input, replication::Outbox& outputs);
    void append(std::uint16_t mirror, nodes::hierarchy::HierarchyMachine const& machine,
                nodes::hierarchy::Input const& input, nodes::hierarchy::Outbox& outputs);

    /// Writes what is buffered, and that the node stopped, for who will not live to destroy this; a
    /// disk that takes longer than `most` does not hold him up.
    void finish(std::chrono::milliseconds most);

    /// Why it records no more; empty: it does.
    [[nodiscard]] std::string trouble() const;

private:
    /// What goes to one file.
    struct Batch {
        std::uint32_t part = 0;
        std::vector<std::byte> bytes;
    };
    Recorder(std::string folder, std::uint64_t number, Bounds bounds, Told told);
    template <class Machine, class Input>
    void append_step(RecordedMachine which, Machine const& machine, Input const& input,
                     Fingerprint outputs);
    std::vector<std::byte>& batch();
    void put(std::uint8_t machine, std::uint8_t what, std::uint16_t mirror,
             std::span<std::byte const> bytes, Fingerprint outputs);
    bool has_room_for(std::size_t bytes);
    void begin_part();
    void turn_when_due();
    void end(RecordingEnd why);
    void tell_if_over(bool worth, std::string const& over);
    void work();
    [[nodiscard]] bool worth_writing() const;
    void make_room(std::uint64_t bytes);
    bool write_out(Batch const& batch);
    bool open_part(std::uint32_t part);
    bool write_all(std::span<std::byte const> bytes);

    std::string folder_;
    std::uint64_t number_;  // of this life, in the folder
    Bounds bounds_;
    Told told_;
    std::chrono::steady_clock::time_point const began_;
    std::uint64_t life_ = 0;
    std::vector<std::byte> setup_;  // encoded

    mutable std::mutex lock_;
    std::condition_variable there_is_work_;
    std::vector<Batch> buffer_;
    std::uint64_t buffered_ = 0;       // bytes of it
    std::uint32_t part_ = 0;           // that is recorded in
    std::uint64_t accepted_ = 0;       // bytes of it, written or not
    std::uint64_t states_ = 0;         // bytes of them in it
    std::set<RecordedMachine> known_;  // whose state is in it
    bool ended_ = false;
    bool stopping_ = false;
    bool finished_ = false;  // nothing more will be written
    std::condition_variable is_finished_;
    std::string trouble_;

    // Of the writing thread.
    int file_ = -1;
    std::uint32_t writes_ = 0;  // the part that the file is
    std::string path_;
    std::vector<Batch> writing_;
    std::map<std::string, std::uint64_t> older_;  // other parts, and their bytes
    std::uint64_t written_ = 0;
    std::thread worker_;
};

}  // namespace sunder::live
