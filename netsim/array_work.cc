// SPDX-License-Identifier: BSD-3-Clause
//
// What an array works on, part by part: requests and commands in their order, and between them
// whatever is to be done behind the scenes.
#include "netsim/array_sim.h"

#include "base/verify.h"

namespace sunder::netsim {

using emulator::VolumeId;
using replication::HostOp;

namespace {

/// While requests wait, work behind the scenes gets its turn after so many of them.
constexpr unsigned requests_in_a_row = 3;
bool changes(HostOp op) {
    return op == HostOp::write || op == HostOp::trim || op == HostOp::write_zeroes;
}

std::uint64_t sectors_of(emulator::Plan const& plan) {
    std::uint64_t sectors = plan.copies.size() * 2 * emulator::sub_chunk_sectors;
    for (emulator::Put const& put : plan.puts) sectors += put.volume.count;
    return sectors;
}

}  // namespace

void ArraySim::next(World& world) {
    bool const behind_the_scenes = queue_.empty() || turns_ >= requests_in_a_row;
    if (behind_the_scenes) {
        turns_ = 0;
        if (begin_background(world)) return;
    }
    stage_ = Stage::idle;
    if (queue_.empty()) return;
    job_ = std::move(queue_.front());
    queue_.pop_front();
    ++turns_;
    begin(world);
}

void ArraySim::begin(World& world) {
    if (auto* const host = std::get_if<HostJob>(&*job_)) {
        begin(world, *host);
    } else {
        begin(world, std::get<CommandJob>(*job_));
    }
}

void ArraySim::begin(World& world, CommandJob& job) {
    auto answer = array_.carry_out(job.command);
    if (answer) {
        job.made = std::move(answer->made);
        flush(world);
    } else {
        refused_ = std::move(answer.error());
        work(world, Stage::refusing, 0);
    }
}

/// Whether a host may do that at all: through its presentation, where it needs one.
std::optional<emulator::IoRule> ArraySim::refuses(HostJob const& job) const {
    using emulator::Access;
    using emulator::IoRule;
    VolumeId const volume = job.volume.value_or(VolumeId{});
    if (auto const rule = array_.refuses(volume, changes(job.request.op))) return rule;
    if (job.host.empty()) return std::nullopt;
    auto const host = state().catalogue.host_named(job.host);
    std::optional<IoRule> rule = IoRule::not_accessible;
    for (auto const& [place, presentation] : state().catalogue.presentations) {
        if (!host || place.first != *host || presentation.volume != volume) continue;
        if (presentation.access == Access::read_write) return std::nullopt;
        if (presentation.access == Access::read_only) {
            if (!changes(job.request.op)) return std::nullopt;
            rule = IoRule::read_only;
        }
    }
    return rule;
}

void ArraySim::begin(World& world, HostJob& job) {
    bool const of_all = job.request.op == HostOp::flush && job.request.volume.empty();
    if (auto const rule = of_all ? std::nullopt : refuses(job)) {
        refuse(world, *rule);
    } else if (job.request.op == HostOp::flush) {
        flush(world);
    } else if (job.request.op == HostOp::read) {
        auto const planned = array_.plan_read(*job.volume, job.request.range);
        if (planned) {
            work(world, Stage::read, job.request.range.count);
        } else {
            refuse(world, planned.error());
        }
    } else {
        begin_write(world, job);
    }
}

void ArraySim::refuse(World& world, emulator::IoRule rule) {
    refusal_ = rule;
    work(world, Stage::refusing, 0);
}

void ArraySim::begin_write(World& world, HostJob& job) {
    Extent const part = emulator::first_chunk_of(job.left);
    bool const zeroes = job.request.op != HostOp::write;
    emulator::WritePlan planned = array_.plan_write(*job.volume, part, zeroes);
    if (auto* const plan = std::get_if<emulator::Plan>(&planned)) {
        first_ = false;
        put(world, std::move(*plan), job.request.content);
    } else if (auto* const before = std::get_if<emulator::First>(&planned)) {
        first_ = true;
        put(world, std::move(before->plan), 0);
    } else if (std::holds_alternative<emulator::MakeDurable>(planned)) {
        flush(world);
    } else if (auto const* const full = std::get_if<emulator::Overflow>(&planned)) {
        overflow(world, full->snapshots);
    } else {
        refuse(world, std::get<emulator::IoRule>(planned));
    }
}

void ArraySim::overflow(World& world, std::vector<VolumeId> const& snapshots) {
    invalidated_.emplace();
    for (VolumeId const gone : array_.overflow(snapshots)) {
        invalidated_->snapshots.emplace_back(gone, state().catalogue.volumes.at(gone).name);
    }
    flush(world);
}

/// The data is on its way from here on, so that a power cut finds any part of it there.
void ArraySim::put(World& world, emulator::Plan plan, std::uint64_t content) {
    std::uint64_t const sectors = sectors_of(plan);
    emulator::carry_out(plan, store_, emulator::ValueStore::Pattern{content});
    unflushed_sectors_ += sectors;
    std::int64_t const operations = (plan.copies.empty() ? 0 : 2) + (plan.puts.empty() ? 0 : 1);
    plan_ = std::move(plan);
    work(world, Stage::data, sectors, std::max<std::int64_t>(operations, 1));
}

ArraySim::Background ArraySim::work_of(emulator::Plan const& plan) const {
    auto const owner = state().owners.find(plan.map);
    Background made{ArrayWork::release, ""};
    if (owner != state().owners.end()) {
        made.volume = state().catalogue.volumes.at(owner->second).name;
    }
    if (plan.release) return made;
    auto const& behind = state().map.member(plan.map).behind;
    VERIFY(behind);
    switch (state().map.link_of(*behind).mode) {
        case emulator::LinkMode::push:
            made.what = ArrayWork::unsharing;
            break;
        case emulator::LinkMode::follow:
            made.what = ArrayWork::resync;
            break;
        case emulator::LinkMode::come_back:
            made.what = ArrayWork::restore;
            break;
        case emulator::LinkMode::apart:
            VERIFY(!"a mirrorclone that is apart lacks nothing");
    }
    return made;
}

/// False when there is nothing to do behind the scenes, or it cannot go on.
bool ArraySim::begin_background(World& world) {
    auto step = array_.next_background_step();
    if (!step) return false;
    if (auto* const plan = std::get_if<emulator::Plan>(&*step)) {
        job_ = work_of(*plan);
        put(world, std::move(*plan), 0);
        return true;
    }
    job_ = Background{};
    if (auto const* const done = std::get_if<emulator::Conclude>(&*step)) {
        array_.conclude(done->link);
        flush(world);
    } else if (auto const* const full = std::get_if<emulator::Overflow>(&*step)) {
        overflow(world, full->snapshots);
    } else {
        flush(world);
    }
    return true;
}

void ArraySim::data_done(World& world) {
    if (plan_->in_place()) {
        array_.commit(*plan_);
        plan_.reset();
        entered(world);
        return;
    }
    array_note::Placed placed;
    if (auto const* const behind_the_scenes = std::get_if<Background>(&*job_)) {
        placed = {behind_the_scenes->what, behind_the_scenes->volume};
    } else {
        ArrayWork const before = plan_->release ? ArrayWork::release : ArrayWork::push;
        placed = {first_ ? before : ArrayWork::write, std::get<HostJob>(*job_).request.volume};
    }
    placed_ = std::move(placed);
    see(world, *placed_);
    work(world, Stage::map, sectors_of_map);
}

void ArraySim::map_done(World& world) {
    emulator::Commit const number = array_.commit(*plan_);
    world.trace_.add(hash_words(plan_->map.value, plan_->chunk, number));
    array_note::Entered entered_now{placed_->what, placed_->volume};
    plan_.reset();
    placed_.reset();
    see(world, std::move(entered_now));
    entered(world);
}

/// A plan was carried out to its end.
void ArraySim::entered(World& world) {
    auto* const job = std::get_if<HostJob>(&*job_);
    if (job == nullptr) {
        finish(world);
        return;
    }
    look(world);
    if (!first_) {
        Extent const part = emulator::first_chunk_of(job->left);
        job->left = {part.end(), job->left.count - part.count};
    }
    bool const through =
        state().catalogue.volumes.at(*job->volume).cache == emulator::CacheMode::write_through;
    if (job->left.count != 0) {
        begin_write(world, *job);
    } else if (through) {
        flush(world);
    } else {
        finish(world);
    }
}

/// Everything is durable, which somebody waited for.
void ArraySim::flushed(World& world) {
    if (invalidated_) see(world, array_note::Invalidated{std::move(invalidated_->snapshots)});
    invalidated_.reset();
    auto* const job = std::get_if<HostJob>(&*job_);
    bool const goes_on = job != nullptr && changes(job->request.op) && job->left.count != 0;
    if (!goes_on) {
        finish(world);
        return;
    }
    look(world);
    begin_write(world, *job);
}

Payload ArraySim::read(HostJob const& job) const {
    std::vector<Piece> pieces;
    auto const add = [&](emulator::ValueStore::Sector sector) {
        Piece const one{1, sector.id, sector.offset};
        if (!pieces.empty()) {
            Piece& last = pieces.back();
            bool const goes_on =
                last.id == one.id && (last.id == 0 || last.offset + last.sectors == one.offset);
            if (goes_on) {
                ++last.sectors;
                return;
            }
        }
        pieces.push_back(one);
    };
    auto const segments = array_.plan_read(*job.volume, job.request.range);
    VERIFY(segments);
    for (emulator::Segment const& segment : *segments) {
        for (std::uint64_t i = 0; i < segment.volume.count; ++i) {
            add(segment.at ? store_.read(segment.at->group, segment.at->sector + i)
                           : emulator::ValueStore::Sector{});
        }
    }
    return Payload::of(std::move(pieces));
}

void ArraySim::tell(World& world, HostJob& job) {
    array_note::Answered told{std::move(job.request), job.volume, refusal_, {}};
    if (!refusal_ && told.request.op == HostOp::read) {
        told.payload = read(HostJob{told.request, job.volume, "", {}});
    }
    refusal_.reset();
    see(world, std::move(told));
}

void ArraySim::finish(World& world) {
    Job job = std::move(*job_);
    job_.reset();
    if (auto* const host = std::get_if<HostJob>(&job)) {
        tell(world, *host);
    } else if (auto* const order = std::get_if<CommandJob>(&job)) {
        see(world, array_note::Commanded{std::move(order->command), std::move(order->made),
                                         std::move(refused_)});
        refused_.reset();
    }
    look(world);
    stage_ = Stage::idle;
    wake(world);
}

}  // namespace sunder::netsim
