// SPDX-License-Identifier: BSD-3-Clause
//
// Runs an array for real: requests of many threads at once, commands, work behind the scenes and
// durability. It decides who waits for whom; what is allowed and where data goes is the array's
// business (array.h, whose header lists what is owed here), and where bytes lie the stores'.
//
// Locks, in the order in which they are taken:
// - `saving_`: one at a time makes the map durable;
// - `gate_`: a request, or a step behind the scenes, passes; a command, a conclusion, and telling
//   the map that something is durable are alone, so that lines are at rest, and so that nobody
//   reads on in a slot that is given out again;
// - `punching_`: one at a time empties slots that nobody has; a group's data is not dropped beside
// it;
// - one of `chunks_`: a plan is carried out and committed under that of its line and chunk;
// - `map_`: shared by who looks something up, alone for plans and commits.
// A write that changes no map takes none but the gate and a share of `map_`.
#pragma once

#include "emulator/array.h"
#include "emulator/media/backlog.h"
#include "emulator/media/gate.h"
#include "emulator/media/group_data.h"
#include "emulator/media/io_error.h"
#include "emulator/media/keeper.h"

#include <array>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <thread>

namespace sunder::emulator::media {

/// A command failed: a rule refused it, or it could not be made durable.
using CommandResult = std::expected<Answer, std::variant<Refusal, IoError>>;

struct DriverOptions {
    /// Bytes that are copied behind the scenes in a second, at most; 0: as fast as it goes.
    std::uint64_t background_rate = 0;
};

class Driver {
public:
    /// Without a keeper nothing survives the process, and a flush has nothing to do.
    Driver(Array array, std::unique_ptr<GroupData> data, std::unique_ptr<Keeper> keeper,
           DriverOptions options = {});
    ~Driver();
    Driver(Driver const&) = delete;
    Driver& operator=(Driver const&) = delete;

    // Requests of hosts. Offsets and sizes are bytes, multiples of a sector.

    IoResult read(VolumeId volume, std::uint64_t offset, std::span<std::byte> into);
    IoResult write(VolumeId volume, std::uint64_t offset, std::span<std::byte const> from,
                   bool durable = false);
    /// Reads as zeroes afterwards. `keep`: space is taken for it, as if zeroes were written.
    IoResult zero(VolumeId volume, std::uint64_t offset, std::uint64_t count, bool keep,
                  bool durable = false);
    /// Everything that was answered before survives a power cut. After a sync that failed, none
    /// succeeds any more (trap G11): nobody knows what the medium has. Whatever else fails, such as
    /// for want of room, may be done by the next one, and until then nothing is lost by it.
    IoResult flush();
    /// The last one. The error says what the end of this process loses.
    IoResult flush_at_the_end();
    /// What would be said to who reads it, if it cannot be read at all.
    [[nodiscard]] IoResult reaches(VolumeId volume) const;
    /// Parts of the range that something is written in, and holes, in their order.
    std::expected<Segments, IoError> extents(VolumeId volume, std::uint64_t offset,
                                             std::uint64_t count);

    /// Changes one bit, below 8 * sector_bytes, of a sector where it lies: all that share it see
    /// it. What was never written has no place, and stays. An errno, or 0.
    int rot(VolumeId volume, std::uint64_t sector, std::uint64_t bit);

    /// Durable before it is answered.
    CommandResult carry_out(Command const& command);

    /// Shows the array to `look`, which must not come back here.
    template <class Look>
    auto look_at(Look&& look) const {
        std::shared_lock const looking(map_);
        return look(array_);
    }

    /// Works behind the scenes, in a thread of its own, until `stop`. To be called once, in the
    /// process that serves.
    void start();
    void stop();
    /// One step behind the scenes, for who has no such thread; false when there was none.
    bool step();

private:
    using Alone = std::unique_lock<std::shared_mutex>;  // of `map_`
    /// What of a request was done before something has to be made durable, or changed at rest.
    struct Halt {
        std::optional<Overflow> overflow{};  ///< none: everything has to be made durable
    };
    using Part = std::expected<std::optional<Halt>, IoError>;

    IoResult put(VolumeId volume, Extent range, std::byte const* from, bool durable);
    std::optional<IoResult> put_in_place(VolumeId volume, Extent range, std::byte const* from);
    Part put_part(VolumeId volume, Extent part, std::byte const* from);
    int finish(Plan plan, std::byte const* from, std::uint64_t first, Alone& alone);
    int carry_out(Plan const& plan, std::byte const* from, std::uint64_t first);
    int copy(Plan const& plan);
    IoResult overflow(Overflow const& what);
    bool conclude(Conclude const& what);
    int change_at_rest(std::function<bool()> const& change);
    IoResult make_durable();
    void remember();
    int save(bool alone);
    int save_once();
    void not_saved(Rows const& rows, int error);
    bool punch();
    void settle_all();
    void work();
    void wake();
    IoError error(VolumeId volume, IoRule rule, bool write) const;
    std::mutex& lock_of(LineId line, std::uint64_t chunk);

    mutable std::mutex saving_;
    Gate gate_;
    std::mutex punching_;
    std::array<std::mutex, 256> chunks_;
    mutable std::shared_mutex map_;

    Array array_;
    std::unique_ptr<GroupData> data_;
    std::unique_ptr<Keeper> keeper_;
    DriverOptions options_;
    Backlog backlog_;                         // under map_: what is remembered, and not saved
    std::atomic<bool> crowded_ = false;       // much waits until it is durable that it is free
    int failed_ = 0;                          // under saving_: of a sync; an errno, for good
    std::atomic<std::uint64_t> at_rest_ = 0;  // all that was remembered then is saved
    std::atomic<bool> unremembered_ = false;  // something would be lost with this process

    // Flushes that wait for one another.
    std::mutex flushing_;
    std::condition_variable flushed_;
    std::uint64_t asked_ = 0;
    std::uint64_t done_ = 0;
    bool running_ = false;
    int last_result_ = 0;

    // Work behind the scenes.
    std::uint64_t copied_ = 0;   // bytes, by steps; whoever makes those
    std::uint64_t waiting_ = 0;  // slots that waited when there was nothing to do
    std::mutex idle_;
    std::condition_variable woken_;
    bool wake_ = false;
    bool stopping_ = false;
    std::thread worker_;
};

}  // namespace sunder::emulator::media
