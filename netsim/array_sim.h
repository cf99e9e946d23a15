// SPDX-License-Identifier: BSD-3-Clause
//
// A disk array in the world: the driver of emulator/array.h over a store of values. It has one
// queue and one disk: it does one thing at a time, each of which takes the disk's time, and work
// behind the scenes gets its turn beside requests. What is put somewhere and what the map says of
// it are two events; a flush makes the data durable, then the map. A power cut falls anywhere.
#pragma once

#include "emulator/array.h"
#include "emulator/chunk_store.h"
#include "netsim/array_note.h"
#include "netsim/array_setup.h"
#include "netsim/world.h"

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sunder::netsim {

class ArraySim {
public:
    /// Requires a setup none of whose commands is refused. `stream`: of its draws.
    ArraySim(ArrayId id, ArraySetup const& setup, std::size_t stream);

    // Hosts and operators. Each is answered by an observation, in its turn; or never, when the
    // power goes before. Requires power.

    /// `host`: through its presentation of the volume; empty: by somebody who needs none.
    /// `asker` comes back in the request's number, which is made here.
    RequestId ask(World& world, array_note::Request request, std::string const& host = "",
                  std::uint8_t asker = 0);
    /// A disk group that fails does not wait for its turn.
    void order(World& world, emulator::Command const& command);

    // Faults.
    void power_cut(World& world);
    /// Requires that it is without power.
    void power_on(World& world);

    /// Its event has come.
    void go_on(World& world);
    [[nodiscard]] bool awaits(std::uint32_t token) const { return powered_ && token == token_; }

    // Looking.
    [[nodiscard]] bool powered() const { return powered_; }
    [[nodiscard]] emulator::Array const& array() const { return array_; }
    [[nodiscard]] emulator::State const& state() const { return array_.state(); }
    [[nodiscard]] emulator::ValueStore const& store() const { return store_; }
    /// What it told last of a volume; nothing of one that there is not, as far as it told.
    [[nodiscard]] std::optional<ArrayReport> reported(emulator::VolumeId volume) const {
        auto const told = reports_.find(volume);
        return told == reports_.end() ? std::nullopt : std::optional(told->second);
    }
    /// Data of this is where it belongs, and the map does not say so yet.
    [[nodiscard]] std::optional<array_note::Placed> const& placed() const { return placed_; }
    /// No plan is open, and no command is half done.
    [[nodiscard]] bool at_rest() const { return !job_; }

private:
    struct HostJob {
        array_note::Request request;
        std::optional<emulator::VolumeId> volume{};
        std::string host{};
        Extent left{};
    };
    struct CommandJob {
        emulator::Command command;
        std::vector<emulator::VolumeId> made{};
    };
    struct Invalidating {
        std::vector<std::pair<emulator::VolumeId, std::string>> snapshots;
    };
    struct Background {
        ArrayWork what = ArrayWork::unsharing;
        std::string volume{};
    };
    using Job = std::variant<HostJob, CommandJob, Background>;
    /// What the disk does at the moment, and so what its event means.
    enum class Stage : std::uint8_t {
        idle,
        dispatch,  ///< between two jobs, so that everybody sees it at rest
        data,      ///< of a plan
        map,       ///< of a plan
        read,
        flush_data,
        flush_map,
        refusing,  ///< it takes time to say no
    };

    // array_work.cc
    void next(World& world);
    void begin(World& world);
    void begin(World& world, HostJob& job);
    void begin(World& world, CommandJob& job);
    [[nodiscard]] bool begin_background(World& world);
    void begin_write(World& world, HostJob& job);
    void put(World& world, emulator::Plan plan, std::uint64_t content);
    void data_done(World& world);
    void map_done(World& world);
    void entered(World& world);
    void overflow(World& world, std::vector<emulator::VolumeId> const& snapshots);
    void flushed(World& world);
    void finish(World& world);
    void tell(World& world, HostJob& job);
    void refuse(World& world, emulator::IoRule rule);
    [[nodiscard]] std::optional<emulator::IoRule> refuses(HostJob const& job) const;
    [[nodiscard]] Payload read(HostJob const& job) const;
    [[nodiscard]] Background work_of(emulator::Plan const& plan) const;

    // array_sim.cc
    void wake(World& world);
    void schedule(World& world, Duration time);
    void flush(World& world);
    void data_flushed(World& world);
    void make_durable(World& world);
    void go_on_after_fault(World& world);
    void fail_group(World& world, emulator::command::FailDiskGroup const& command);
    void abandon();
    void look(World& world);
    void see(World& world, ArrayNote::What what) const;
    /// The disk is at work, and is done with `operations` on so many sectors in their time.
    static constexpr std::uint64_t sectors_of_map = 8;  // that entering something takes
    void work(World& world, Stage stage, std::uint64_t sectors, std::int64_t operations = 1);

    ArrayId id_;
    std::size_t stream_;
    DiskModel disk_;
    emulator::Array array_;
    emulator::Array durable_;  // what a power cut leaves
    emulator::ValueStore store_;
    bool powered_ = true;
    std::uint32_t token_ = 0;
    std::deque<Job> queue_;
    std::optional<Job> job_;
    Stage stage_ = Stage::idle;
    std::optional<emulator::Plan> plan_;
    bool first_ = false;  // the plan comes before the one that was asked for
    std::optional<array_note::Placed> placed_;
    std::optional<emulator::IoRule> refusal_;
    std::optional<emulator::Refusal> refused_;
    std::optional<Invalidating> invalidated_;  // told when it is durable
    std::uint64_t unflushed_sectors_ = 0;
    unsigned turns_ = 0;  // of requests since work behind the scenes had its own
    std::map<emulator::VolumeId, ArrayReport> reports_;
    std::map<emulator::DiskGroupId, emulator::Occupancy> occupancy_;
};

/// All arrays of a cluster.
class ArraySims {
public:
    explicit ArraySims(Cluster const& cluster);
    [[nodiscard]] ArraySim& at(ArrayId id) { return all_[id.value]; }
    [[nodiscard]] ArraySim const& at(ArrayId id) const { return all_[id.value]; }
    [[nodiscard]] std::size_t size() const { return all_.size(); }

private:
    std::vector<ArraySim> all_;
};

}  // namespace sunder::netsim
