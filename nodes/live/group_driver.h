// SPDX-License-Identifier: BSD-3-Clause
//
// Runs one mirror's machine for real. Whoever brings an input steps the machine under its lock, and
// then does itself what came out: disk work, stores, sending (DESIGN 8). Where the lock is taken,
// whoever has it steps what others bring meanwhile, so that nobody sleeps for a lock. What nobody
// brings, such as timers and commands of the node, a thread of the group's own does. It decides
// nothing.
#pragma once

#include "nodes/live/clock.h"
#include "nodes/live/disk.h"
#include "nodes/live/disk_health.h"
#include "nodes/live/event.h"
#include "nodes/live/link.h"
#include "nodes/live/mirror_store.h"
#include "nodes/live/node_setup.h"
#include "replication/mirror_machine.h"

#include <array>
#include <atomic>
#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <span>
#include <thread>
#include <type_traits>

namespace sunder::live {

class GroupDriver {
public:
    /// Called under the group's lock, in the order of what happened; must not come back here.
    using Stepped = std::function<void(replication::MirrorMachine const&, replication::Input const&,
                                       replication::Outbox&)>;
    struct Told {
        std::function<void(replication::Report const&)> reported;
        std::function<void(replication::Note const&)> noted;
        /// Hosts may use it now, or not any more.
        std::function<void(bool)> opened;
        /// Requests begin to wait for what peers have to know; or none waits any more, after so
        /// long.
        std::function<void(replication::Held const&, Duration)> held;
        /// It was stored, or could not be.
        std::function<void(nodes::StoredHierarchy const&, bool)> above_stored;
        /// What the machine has no note of, for people; on any thread.
        std::function<void(std::string const&)> words;
        /// Each step of the machine, before what came out of it is taken; empty: nobody records.
        Stepped stepped;
    };

    /// Of requests of hosts, since the process began.
    struct Counts {
        std::atomic<std::uint64_t> reads = 0;
        std::atomic<std::uint64_t> read_bytes = 0;
        std::atomic<std::uint64_t> writes = 0;
        std::atomic<std::uint64_t> flushes = 0;
        std::atomic<std::uint64_t> written_bytes = 0;
        std::atomic<std::uint64_t> failed = 0;
    };
    /// Of the leg to another copy: what waits on the connection that it has; what was sent on all
    /// that it had since the process began, and what of the volume resyncs sent.
    struct Traffic {
        std::uint64_t queued_bytes = 0;
        std::uint64_t sent_bytes = 0;
        std::uint64_t resynced_bytes = 0;
    };

    GroupDriver(MirrorSetup setup, CopyDisk disk, std::unique_ptr<MirrorStore> store, Clock& clock,
                Told told, unsigned most_writes);
    /// Before it starts.
    void record(Stepped stepped) { told_.stepped = std::move(stepped); }
    ~GroupDriver();
    GroupDriver(GroupDriver const&) = delete;
    GroupDriver& operator=(GroupDriver const&) = delete;

    /// The machine's life begins. `nonce` is never used twice.
    void start(MirrorStore::Found const& found, std::uint64_t nonce);
    void stop();

    /// Which opening to hosts this is, each with a number of its own; 0: nobody may use it. A copy
    /// that left service, and is shown again or kept apart, has another.
    [[nodiscard]] std::uint64_t opening() const { return opening_; }

    // Requests of hosts, in sectors; the caller waits. They belong to an opening, and have no
    // effect after its end: what a host asked of a source is not done to the target that it became
    // (FLT-14).
    replication::HostStatus read(std::uint64_t opening, Extent range, std::span<std::byte> into);
    replication::HostStatus write(std::uint64_t opening, Extent range,
                                  std::span<std::byte const> from, bool durable);
    replication::HostStatus zero(std::uint64_t opening, Extent range, bool trim, bool durable);
    replication::HostStatus flush(std::uint64_t opening);

    /// Of the node, in their order.
    void command(replication::Command const& command);
    void store_above(nodes::StoredHierarchy const& above);

    // The leg to another copy, by the thread that reads it.
    void connected(replication::Slot peer, std::shared_ptr<Link> const& link);
    void arrived(replication::Slot peer, Link& link, replication::Message message);
    void disconnected(replication::Slot peer, Link& link);

    [[nodiscard]] MirrorSetup const& setup() const { return setup_; }
    [[nodiscard]] Counts const& counts() const { return counts_; }
    [[nodiscard]] replication::PerCopy<Traffic> traffic();
    /// How often it came in service here since the process began.
    [[nodiscard]] std::uint64_t times_in_service() const { return times_in_service_; }

    /// A host has opened a volume of it; he has closed it.
    void attached() { ++hosts_; }
    void detached() { --hosts_; }
    [[nodiscard]] std::uint64_t hosts() const { return hosts_; }
    /// Its data is the export of an NBD server; null: it is of the array.
    [[nodiscard]] NbdExport* plain() { return disk_.plain(); }
    /// False while the copy's data cannot be reached: a leg would only break off.
    [[nodiscard]] bool takes_legs() {
        return disk_.plain() == nullptr || !disk_.plain()->why_away();
    }
    /// The copy's data cannot be reached, and is whole where it is.
    void let_go_of_legs();
    /// What the copy holds there, whatever its machine says of it; for who compares copies that
    /// rest. Nothing: the disk refuses.
    std::optional<Payload> read_copy(Extent range) {
        auto content = disk_.read(range);
        return content ? std::optional(std::move(*content)) : std::nullopt;
    }
    /// Of an image of the copy from before its resync: what was overwritten since, and may be.
    struct ImageRoom {
        std::uint64_t overwritten_bytes = 0;
        std::uint64_t room_bytes = 0;
    };
    [[nodiscard]] std::optional<ImageRoom> image() {
        CopyImage const* const kept = disk_.image();
        if (kept == nullptr || !kept->kept()) return std::nullopt;
        return ImageRoom{kept->overwritten_sectors() * sector_bytes,
                         kept->room_sectors() * sector_bytes};
    }
    [[nodiscard]] DiskHealth const& health() const { return health_; }
    /// What hosts are not answered before peers know something, and for how long that has been so.
    struct Holding {
        replication::Held now{};
        Duration lasts{};
    };
    [[nodiscard]] Holding holding();
    /// Shows the machine to `look`, for displays; the answer is that of `look`.
    template <class Look>
    auto look_at(Look&& look) {
        auto const locked = [&] {
            std::lock_guard const lock(lock_);
            return look(std::as_const(*machine_));
        };
        Deeds deeds;
        if constexpr (std::is_void_v<decltype(locked())>) {
            locked();
            work_off(deeds);
        } else {
            auto seen = locked();
            work_off(deeds);
            return seen;
        }
    }

private:
    using Deed = std::variant<replication::output::DiskRead, replication::output::DiskWrite,
                              replication::output::DiskFlush, replication::output::ArrayImage,
                              replication::output::PersistCell, replication::output::PersistPage>;
    struct Waiter {
        std::uint64_t opening = 0;
        Event answered;
        replication::HostStatus status = replication::HostStatus::io_error;
        Payload payload;
    };
    /// What came out of steps and is to be done without the lock.
    struct Deeds {
        boost::container::small_vector<Deed, 4> work;
        boost::container::small_vector<std::shared_ptr<Link>, 2> links;
        boost::container::small_vector<std::shared_ptr<Waiter>, 4> answered;
    };
    /// What somebody brought, and has not been stepped yet.
    struct Brought {
        replication::Input input;
        std::shared_ptr<Waiter> waiter{};  ///< of a host's request
        Link const* link = nullptr;        ///< of a message: it has no effect if that is gone
    };
    struct Due {  // one timer has run out, unless it was armed anew or cancelled since
        replication::Timer timer;
        std::uint64_t number = 0;
    };
    using Task = std::variant<replication::Command, Due, nodes::StoredHierarchy>;
    struct Armed {
        Clock::Token token = 0;
        std::uint64_t number = 0;  // of the last time that it was armed or cancelled
    };
    struct Carry;
    enum class Shown : std::uint8_t { to_nobody, in_service, apart };

    void bring(Brought brought, Link const* kept = nullptr);
    void put(Brought brought);
    void step_brought(Deeds& deeds);
    void step(Brought& brought, Deeds& deeds);
    void step(replication::Input const& input, Deeds& deeds);
    void work_off(Deeds& deeds, Link const* kept = nullptr);
    replication::Input perform(Deed& deed);
    template <class Result>
    bool note_health(DiskHealth::What what, Result const& result);
    bool change_image(replication::output::ArrayImage::Do what);
    void tell_of_lost_image();
    bool stored(int number);
    void forget_leg(replication::Slot peer);
    void answer(replication::output::HostReply& reply, Deeds& deeds);
    std::shared_ptr<Waiter> ask(std::uint64_t opening, replication::input::HostRequest request);
    replication::HostStatus change(std::uint64_t opening, replication::input::HostRequest request);
    void wait_for_room_on_legs();
    void show(Shown now);
    void tell_of_held();
    void post(Task task);
    void work();
    void time_is_up(Due const& due);

    MirrorSetup setup_;
    CopyDisk disk_;
    DiskHealth health_;
    std::unique_ptr<MirrorStore> store_;
    Clock& clock_;
    Told told_;

    std::mutex brought_lock_;
    std::vector<Brought> brought_;
    std::atomic<bool> anything_brought_ = false;

    std::mutex lock_;
    std::optional<replication::MirrorMachine> machine_;
    std::array<std::shared_ptr<Link>, replication::max_copies> legs_;
    replication::PerCopy<Traffic> traffic_{};  // without that of `legs_`
    boost::unordered_flat_map<std::uint64_t, std::shared_ptr<Waiter>> waiters_;
    std::atomic<std::uint64_t> next_request_ = 1;
    std::array<Armed, 3> timers_{};  // by replication::Timer
    bool stopped_ = false;
    Shown shown_ = Shown::to_nobody;
    std::optional<std::chrono::steady_clock::time_point> held_since_;
    std::uint64_t openings_ = 0;
    std::atomic<std::uint64_t> opening_ = 0;
    std::atomic<std::uint64_t> times_in_service_ = 0;
    std::atomic<std::uint64_t> hosts_ = 0;

    std::counting_semaphore<> writes_;  // that may be under way at once; seldom waited for
    std::atomic<std::uint32_t> at_the_door_ = 0;  // those that wait for it
    std::atomic<bool> crowded_ = false;           // a leg was, and may still be
    Counts counts_;

    std::mutex tasks_lock_;
    std::condition_variable tasks_there_;
    std::deque<Task> tasks_;
    bool stopping_ = false;
    std::thread worker_;
};

}  // namespace sunder::live
