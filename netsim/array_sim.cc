// SPDX-License-Identifier: BSD-3-Clause
//
// What befalls an array, what of it survives, and what is told of it. What it works on is in
// array_work.cc.
#include "netsim/array_sim.h"

#include "base/verify.h"

namespace sunder::netsim {

namespace {

emulator::Profile own_profile(ArraySetup const& setup) {
    std::optional<emulator::Profile> found = profile_of(setup);
    VERIFY(found);
    return *found;
}

}  // namespace

void ArraySim::see(World& world, ArrayNote::What what) const {
    world.see(seen::ArrayNoted{id_, std::make_shared<ArrayNote const>(ArrayNote{std::move(what)})});
}

ArraySim::ArraySim(ArrayId id, ArraySetup const& setup, std::size_t stream)
    : id_(id),
      stream_(stream),
      disk_(setup.disk),
      array_(own_profile(setup), setup.licensed),
      durable_(array_) {
    for (emulator::Command const& command : setup.setup) {
        auto const answer = array_.carry_out(command);
        VERIFY(answer);
    }
    array_.settle(array_.state().map.commits());
    durable_ = array_;
    for (auto const& [volume, what] : state().catalogue.volumes) {
        reports_[volume] = report_of(state(), volume);
    }
    for (auto const& [group, what] : state().catalogue.groups) {
        occupancy_[group] = emulator::occupancy_of(state(), group);
    }
}

RequestId ArraySim::ask(World& world, array_note::Request request, std::string const& host,
                        std::uint8_t asker) {
    VERIFY(powered_);
    request.id = RequestId{world.next_request_++ | std::uint64_t{asker} << 56};
    auto const volume = state().catalogue.volume_named(request.volume);
    see(world, array_note::Asked{request, volume});
    RequestId const id = request.id;
    Extent const range = request.range;
    queue_.emplace_back(HostJob{std::move(request), volume, host, range});
    wake(world);
    return id;
}

void ArraySim::order(World& world, emulator::Command const& command) {
    if (auto const* const fails = std::get_if<emulator::command::FailDiskGroup>(&command)) {
        fail_group(world, *fails);
        return;
    }
    VERIFY(powered_);
    queue_.emplace_back(CommandJob{command});
    wake(world);
}

void ArraySim::wake(World& world) {
    if (stage_ != Stage::idle) return;
    stage_ = Stage::dispatch;
    schedule(world, Duration{});
}

void ArraySim::schedule(World& world, Duration time) {
    Event event;
    event.kind = EventKind::array;
    event.group = id_.value;
    event.what = ++token_;
    world.queue_.push(world.now() + time, event);
}

void ArraySim::work(World& world, Stage stage, std::uint64_t sectors, std::int64_t operations) {
    stage_ = stage;
    Duration time = disk_.latency * operations + disk_.bandwidth.time_for({sectors * sector_bytes});
    time += Duration{static_cast<std::int64_t>(world.choose(
        static_cast<std::uint64_t>(disk_.jitter.ns) + 1, Choice::disk_jitter, stream_))};
    schedule(world, time);
}

void ArraySim::go_on(World& world) {
    switch (stage_) {
        case Stage::dispatch:
            next(world);
            break;
        case Stage::data:
            data_done(world);
            break;
        case Stage::map:
            map_done(world);
            break;
        case Stage::flush_data:
            data_flushed(world);
            break;
        case Stage::flush_map:
            make_durable(world);
            flushed(world);
            break;
        case Stage::read:
        case Stage::refusing:
            finish(world);
            break;
        case Stage::idle:
            VERIFY(!"an idle array waits for nothing");
    }
}

void ArraySim::flush(World& world) { work(world, Stage::flush_data, unflushed_sectors_); }

void ArraySim::data_flushed(World& world) {
    store_.flush();
    unflushed_sectors_ = 0;
    placed_ = array_note::Placed{ArrayWork::flush, ""};
    see(world, *placed_);
    work(world, Stage::flush_map, sectors_of_map);
}

void ArraySim::make_durable(World& world) {
    array_.settle(state().map.commits());
    durable_ = array_;
    placed_.reset();
    world.trace_.add(array_.fingerprint());
    see(world, array_note::Durable{});
}

/// What was put where nothing is entered is nobody's.
void ArraySim::abandon() {
    if (plan_) array_.abandon(*plan_);
    plan_.reset();
    placed_.reset();
}

void ArraySim::fail_group(World& world, emulator::command::FailDiskGroup const& command) {
    abandon();
    auto const group = state().catalogue.group_named(command.name);
    auto const answer = array_.carry_out(command);
    if (answer) {
        // It is gone whatever the array remembers, so it has to know that it is.
        store_.lose(*group);
        store_.flush();
        unflushed_sectors_ = 0;
        if (powered_) make_durable(world);
        array_.settle(state().map.commits());
        durable_ = array_;
    }
    array_note::Commanded told{command, {}, {}};
    if (!answer) told.refused = answer.error();
    see(world, std::move(told));
    look(world);
    ++token_;
    if (powered_) go_on_after_fault(world);
}

/// Whatever it was at, it begins that once more.
void ArraySim::go_on_after_fault(World& world) {
    if (job_ && std::holds_alternative<Background>(*job_)) {
        job_.reset();
        if (invalidated_) see(world, array_note::Invalidated{invalidated_->snapshots});
        invalidated_.reset();
    }
    if (!job_) {
        stage_ = Stage::idle;
        wake(world);
    } else if (stage_ == Stage::refusing) {
        work(world, Stage::refusing, 0);
    } else if (stage_ == Stage::flush_data || stage_ == Stage::flush_map) {
        flush(world);
    } else {
        begin(world);
    }
}

void ArraySim::power_cut(World& world) {
    array_note::PowerLost told;
    if (placed_) told.between = placed_->what;
    store_.power_cut([&](emulator::DiskGroupId, std::uint64_t) {
        bool const stays = world.choose(2, Choice::torn, stream_) == 0;
        ++(stays ? told.kept : told.lost);
        return stays;
    });
    unflushed_sectors_ = 0;
    array_ = durable_;
    queue_.clear();
    job_.reset();
    stage_ = Stage::idle;
    plan_.reset();
    placed_.reset();
    refusal_.reset();
    refused_.reset();
    invalidated_.reset();
    powered_ = false;
    ++token_;
    see(world, std::move(told));
}

void ArraySim::power_on(World& world) {
    VERIFY(!powered_);
    powered_ = true;
    array_.restarted();
    array_.settle(state().map.commits());
    durable_ = array_;
    world.trace_.add(array_.fingerprint());
    see(world, array_note::PoweredOn{});
    look(world);
    wake(world);
}

/// Tells what is otherwise than it was told last.
void ArraySim::look(World& world) {
    std::map<emulator::VolumeId, ArrayReport> reports;
    for (auto const& [id, volume] : state().catalogue.volumes) {
        ArrayReport const now = reports[id] = report_of(state(), id);
        auto const before = reports_.find(id);
        if (before == reports_.end() || before->second == now) continue;
        see(world, array_note::ReportChanged{id, volume.name, before->second, now});
    }
    reports_ = std::move(reports);
    std::map<emulator::DiskGroupId, emulator::Occupancy> occupancy;
    for (auto const& [id, group] : state().catalogue.groups) {
        emulator::Occupancy const now = occupancy[id] = emulator::occupancy_of(state(), id);
        auto const before = occupancy_.find(id);
        if (before == occupancy_.end() || before->second == now) continue;
        see(world, array_note::OccupancyChanged{group.name, now});
    }
    occupancy_ = std::move(occupancy);
}

ArraySims::ArraySims(Cluster const& cluster) {
    for (std::uint16_t a = 0; a < cluster.arrays.size(); ++a) {
        all_.emplace_back(ArrayId{a}, cluster.arrays[a], cluster.nodes.size() + a);
    }
}

}  // namespace sunder::netsim
