// SPDX-License-Identifier: BSD-3-Clause
//
// Requests and commands: who waits for whom, until the data lies where the array wants it.
#include "emulator/media/driver.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace sunder::emulator::media {

namespace {

std::size_t in_bytes(std::uint64_t sectors) { return sectors * sector_bytes; }

/// 256 MiB that a host could have again, if it were durable that nobody has them.
constexpr std::uint64_t most_waiting = 4096;

std::optional<DiskGroupId> group_lost_by(Catalogue const& catalogue, Command const& command) {
    if (auto const* const failed = std::get_if<command::FailDiskGroup>(&command)) {
        return catalogue.group_named(failed->name);
    }
    if (auto const* const deleted = std::get_if<command::DeleteDiskGroup>(&command)) {
        return catalogue.group_named(deleted->name);
    }
    return std::nullopt;
}

IoResult check(std::uint64_t offset, std::uint64_t count) {
    if (offset % sector_bytes == 0 && count % sector_bytes == 0) return {};
    return std::unexpected(IoError{
        EINVAL, fmt::format("{} bytes at {}: both have to be multiples of a sector, {} bytes",
                            count, offset, sector_bytes)});
}

}  // namespace

Driver::Driver(Array array, std::unique_ptr<GroupData> data, std::unique_ptr<Keeper> keeper,
               DriverOptions options)
    : array_(std::move(array)),
      data_(std::move(data)),
      keeper_(std::move(keeper)),
      options_(options) {}

Driver::~Driver() { stop(); }

std::mutex& Driver::lock_of(LineId line, std::uint64_t chunk) {
    return chunks_[hash_words(line.value, chunk, 0) % chunks_.size()];
}

IoError Driver::error(VolumeId volume, IoRule rule, bool write) const {
    return look_at([&](Array const& array) {
        auto const& volumes = array.state().catalogue.volumes;
        auto const found = volumes.find(volume);
        if (found == volumes.end()) return refused(rule, write, "");
        Volume const& named = found->second;
        if (rule == IoRule::copies_full && named.as<role::Snapshot>() != nullptr) {
            return IoError{ENOSPC, fmt::format("{}: the snapshot would have to grow, and the disk "
                                               "group is full (arrays A10) [{}]",
                                               named.name, name_of(rule))};
        }
        return refused(rule, write, named.name);
    });
}

IoResult Driver::reaches(VolumeId volume) const {
    auto const rule = look_at([&](Array const& array) { return array.refuses(volume, false); });
    return rule ? std::unexpected(error(volume, *rule, false)) : IoResult{};
}

IoResult Driver::read(VolumeId volume, std::uint64_t offset, std::span<std::byte> into) {
    if (IoResult aligned = check(offset, into.size()); !aligned) return aligned;
    Extent const range{offset / sector_bytes, into.size() / sector_bytes};
    std::shared_lock const passing(gate_);
    auto const segments =
        look_at([&](Array const& array) { return array.plan_read(volume, range); });
    if (!segments) return std::unexpected(error(volume, segments.error(), false));
    for (Segment const& segment : *segments) {
        auto const part = into.subspan(in_bytes(segment.volume.first - range.first),
                                       in_bytes(segment.volume.count));
        if (!segment.at) {
            std::memset(part.data(), 0, part.size());
            continue;
        }
        int const failure = data_->read(segment.at->group, in_bytes(segment.at->sector), part);
        if (failure != 0) return std::unexpected(failed_medium(failure, "read"));
    }
    return {};
}

std::expected<Segments, IoError> Driver::extents(VolumeId volume, std::uint64_t offset,
                                                 std::uint64_t count) {
    // The sectors that hold the bytes.
    std::uint64_t const first = offset / sector_bytes;
    std::uint64_t const end = (offset + count + sector_bytes - 1) / sector_bytes;
    auto segments =
        look_at([&](Array const& array) { return array.plan_read(volume, {first, end - first}); });
    if (!segments) return std::unexpected(error(volume, segments.error(), false));
    return std::move(*segments);
}

IoResult Driver::write(VolumeId volume, std::uint64_t offset, std::span<std::byte const> from,
                       bool durable) {
    if (IoResult aligned = check(offset, from.size()); !aligned) return aligned;
    return put(volume, {offset / sector_bytes, from.size() / sector_bytes}, from.data(), durable);
}

IoResult Driver::zero(VolumeId volume, std::uint64_t offset, std::uint64_t count, bool keep,
                      bool durable) {
    if (IoResult aligned = check(offset, count); !aligned) return aligned;
    Extent range{offset / sector_bytes, count / sector_bytes};
    if (!keep) return put(volume, range, nullptr, durable);
    static constexpr std::array<std::byte, chunk_bytes> zeroes{};
    while (range.count > 0) {
        Extent const part = first_chunk_of(range);
        IoResult const written = put(volume, part, zeroes.data(), false);
        if (!written) return written;
        range = {part.end(), range.end() - part.end()};
    }
    return durable ? flush() : IoResult{};
}

std::optional<IoResult> Driver::put_in_place(VolumeId volume, Extent range, std::byte const* from) {
    std::shared_lock const passing(gate_);
    Segments places;
    {
        std::shared_lock const looking(map_);
        for (Extent rest = range; rest.count > 0;) {
            Extent const part = first_chunk_of(rest);
            if (!array_.writes_in_place(volume, part, places)) return std::nullopt;
            rest = {part.end(), rest.end() - part.end()};
        }
    }
    for (Segment const& place : places) {
        std::byte const* const part = from + in_bytes(place.volume.first - range.first);
        int const failure = data_->write(place.at->group, in_bytes(place.at->sector),
                                         {part, in_bytes(place.volume.count)});
        if (failure != 0) return std::unexpected(failed_medium(failure, "write"));
    }
    return IoResult{};
}

IoResult Driver::put(VolumeId volume, Extent range, std::byte const* from, bool durable) {
    std::optional<IoResult> in_place;
    if (from != nullptr) in_place = put_in_place(volume, range, from);
    if (in_place && !*in_place) return *in_place;
    for (Extent rest = range; !in_place && rest.count > 0;) {
        if (from == nullptr) {
            rest =
                look_at([&](Array const& array) { return array.without_unmapped(volume, rest); });
            if (rest.count == 0) break;
        }
        Extent const part = first_chunk_of(rest);
        std::byte const* const data =
            from == nullptr ? nullptr : from + in_bytes(part.first - range.first);
        Part const done = put_part(volume, part, data);
        if (!done) return std::unexpected(done.error());
        if (crowded_.exchange(false)) {
            if (IoResult made = make_durable(); !made) return made;
        }
        if (!*done) {
            rest = {part.end(), rest.end() - part.end()};
            continue;
        }
        Halt const& halt = **done;
        IoResult const mended = halt.overflow ? overflow(*halt.overflow) : make_durable();
        if (!mended) return mended;
    }
    // What a kill would lose is saved before it is answered.
    return durable || unremembered_ ? flush() : IoResult{};
}

Driver::Part Driver::put_part(VolumeId volume, Extent part, std::byte const* from) {
    std::shared_lock const passing(gate_);
    std::uint64_t const chunk = chunk_of(part.first);
    auto const line = look_at([&](Array const& array) -> std::optional<LineId> {
        if (array.refuses(volume, true)) return std::nullopt;
        State const& state = array.state();
        return state.map.family_of(*state.catalogue.volumes.at(volume).map).line;
    });
    std::unique_lock<std::mutex> mine;
    if (line) mine = std::unique_lock(lock_of(*line, chunk));
    for (;;) {
        Alone alone(map_);
        WritePlan planned = array_.plan_write(volume, part, from == nullptr);
        if (auto const* const rule = std::get_if<IoRule>(&planned)) {
            alone.unlock();
            return std::unexpected(error(volume, *rule, true));
        }
        if (std::holds_alternative<MakeDurable>(planned)) return Halt{};
        if (auto const* const full = std::get_if<Overflow>(&planned)) return Halt{*full};
        auto* const first = std::get_if<First>(&planned);
        Plan plan = std::move(first != nullptr ? first->plan : std::get<Plan>(planned));
        int const failure = finish(std::move(plan), from, part.first, alone);
        if (failure != 0) return std::unexpected(failed_medium(failure, "write"));
        if (first == nullptr) return std::nullopt;
    }
}

int Driver::finish(Plan plan, std::byte const* from, std::uint64_t first, Alone& alone) {
    if (!plan.copies.empty() || !plan.puts.empty()) {
        alone.unlock();
        int const failure = carry_out(plan, from, first);
        alone.lock();
        if (failure != 0) {
            array_.abandon(plan);
            return failure;
        }
    }
    array_.commit(plan);
    if (array_.state().map.slots_waiting() > most_waiting) crowded_ = true;
    remember();
    return 0;
}

int Driver::carry_out(Plan const& plan, std::byte const* from, std::uint64_t first) {
    if (int const failure = copy(plan); failure != 0) return failure;
    for (Put const& put : plan.puts) {
        std::uint64_t const at = in_bytes(put.at);
        std::size_t const size = in_bytes(put.volume.count);
        int const failure =
            plan.zeroes
                ? data_->zero(put.group, at, size)
                : data_->write(put.group, at, {from + in_bytes(put.volume.first - first), size});
        if (failure != 0) return failure;
    }
    return 0;
}

int Driver::copy(Plan const& plan) {
    auto const sector = [](Place const& place) {
        return place.slot * chunk_sectors + place.sub * sub_chunk_sectors;
    };
    std::array<std::byte, chunk_bytes> moved;
    for (auto next = plan.copies.begin(); next != plan.copies.end();) {
        Copy const& start = *next;
        std::uint64_t run = 0;
        // Sub-chunks that lie in a row on both sides are moved at once.
        while (next != plan.copies.end() && run < sub_chunks &&
               next->from.has_value() == start.from.has_value() &&
               next->to.group == start.to.group &&
               sector(next->to) == sector(start.to) + run * sub_chunk_sectors &&
               (!start.from ||
                (next->from->group == start.from->group &&
                 sector(*next->from) == sector(*start.from) + run * sub_chunk_sectors))) {
            ++next;
            ++run;
        }
        std::span const bytes(moved.data(), in_bytes(run * sub_chunk_sectors));
        std::uint64_t const to = in_bytes(sector(start.to));
        int failure = 0;
        if (start.from) {
            failure = data_->read(start.from->group, in_bytes(sector(*start.from)), bytes);
            if (failure == 0) failure = data_->write(start.to.group, to, bytes);
        } else {
            failure = data_->zero(start.to.group, to, bytes.size());
        }
        if (failure != 0) return failure;
    }
    return 0;
}

int Driver::rot(VolumeId volume, std::uint64_t sector, std::uint64_t bit) {
    // A medium changes under everybody; here nobody may write beside it what was read before.
    std::unique_lock const alone(gate_);
    auto const segments =
        look_at([&](Array const& array) { return array.plan_read(volume, {sector, 1}); });
    if (!segments || !segments->front().at) return 0;
    auto const& place = *segments->front().at;
    std::array<std::byte, sector_bytes> bytes;
    if (int const error = data_->read(place.group, in_bytes(place.sector), bytes)) return error;
    bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    return data_->write(place.group, in_bytes(place.sector), bytes);
}

CommandResult Driver::carry_out(Command const& command) {
    // What hosts wrote before is made durable while they go on.
    if (keeper_ != nullptr) {
        if (IoResult flushed = flush(); !flushed) return std::unexpected(flushed.error());
    }
    std::optional<std::expected<Answer, Refusal>> answer;
    std::optional<DiskGroupId> lost;
    int const failure = change_at_rest([&] {
        lost = group_lost_by(array_.state().catalogue, command);
        answer = array_.carry_out(command);
        return answer->has_value();
    });
    wake();
    if (failure == 0 && *answer && lost) {
        std::unique_lock const alone(gate_);
        std::lock_guard const nobody_punches(punching_);
        data_->drop(*lost);
    }
    if (failure != 0) {
        IoError error = failed_medium(failure, "keep what was asked");
        if (answer) error.words += "; it is done, and not durable before a flush succeeds";
        return std::unexpected(std::move(error));
    }
    if (!*answer) return std::unexpected(std::move(answer->error()));
    return std::move(**answer);
}

IoResult Driver::overflow(Overflow const& what) {
    int const failure = change_at_rest([&] { return !array_.overflow(what.snapshots).empty(); });
    if (failure != 0) return std::unexpected(failed_medium(failure, "invalidate snapshots"));
    return {};
}

bool Driver::conclude(Conclude const& what) {
    return change_at_rest([&] {
               // A command may have come first.
               auto const& links = array_.state().map.links();
               auto const link = links.find(what.link);
               if (link == links.end() || !link->second.lacking.empty()) return false;
               if (link->second.mode == LinkMode::apart || link->second.mode == LinkMode::follow) {
                   return false;
               }
               array_.conclude(what.link);
               return true;
           }) == 0;
}

}  // namespace sunder::emulator::media
