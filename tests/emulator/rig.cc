// SPDX-License-Identifier: BSD-3-Clause
//
// The driver and the model behind rig.h.
#include "tests/emulator/rig.h"

#include "base/hash.h"

#include <fmt/format.h>

#include <algorithm>

namespace sunder::emulator::test {

std::string in_text(Act const& act) {
    return fmt::format("{{{}, {}, {}, {}}}", act.kind, act.a, act.b, act.c);
}

Rig::Rig(Profile const& profile, std::uint64_t sectors, bool small_group,
         std::shared_ptr<Medium> where)
    : array(where->begin(profile)), medium(std::move(where)) {
    ByteCount const size{sectors * sector_bytes};
    std::uint64_t const chunks = chunks_for(sectors);
    ByteCount const room{(small_group ? 2 * chunks + 2 : 400 * chunks) * chunk_bytes};
    static_cast<void>(command(command::AddDiskGroup{"one", room}));
    static_cast<void>(command(command::AddDiskGroup{"two", {400 * chunks * chunk_bytes}}));
    static_cast<void>(command(command::AddVolume{"data", "one", size, Vraid::vraid0}));
    static_cast<void>(command(command::AddVolume{"logs", "two", size, Vraid::vraid5}));
    static_cast<void>(command(command::AddContainer{"c1", "one", size, Vraid::vraid0}));
    static_cast<void>(command(command::AddContainer{"c2", "two", size, Vraid::vraid5}));
    last_name_ = 2;
    befell.times.clear();
}

void Rig::complain(std::string words) {
    if (wrong_.empty()) wrong_ = std::move(words);
}

VolumeId Rig::id(std::string const& name) const {
    auto const found = array.state().catalogue.volume_named(name);
    VERIFY(found);
    return *found;
}

std::optional<VolumeId> Rig::pick(std::uint16_t number) const {
    // Of the first two, which most things are about, or of all.
    auto const& volumes = array.state().catalogue.volumes;
    if (volumes.empty()) return std::nullopt;
    std::uint64_t const bound = number % 3 == 0 ? std::uint64_t{2} : volumes.size();
    auto const place = static_cast<std::ptrdiff_t>(number / 3 % std::min(bound, volumes.size()));
    return std::next(volumes.begin(), place)->first;
}

std::string Rig::name_at(std::uint16_t number) const {
    auto const found = pick(number);
    return found ? array.state().catalogue.volumes.at(*found).name : "nobody";
}

Extent Rig::range_of(VolumeId volume, std::uint16_t where, std::uint16_t how) const {
    std::uint64_t const sectors = array.state().catalogue.volumes.at(volume).sectors;
    // Large maps are written about the borders of a leaf only, where compare() looks.
    std::uint64_t first = where % std::min<std::uint64_t>(sectors, 3 * chunk_sectors);
    if (sectors > 300 * chunk_sectors && where % 2 == 1) {
        first += (fan_out - 2) * chunk_sectors;
    }
    std::uint64_t count = 1 + how % 300;
    if (how % 4 == 0) {
        first -= first % sub_chunk_sectors;
        count = sub_chunk_sectors * (1 + how / 4 % 16);
    } else if (how % 4 == 1) {
        first -= first % chunk_sectors;
        count = chunk_sectors * (1 + how / 4 % 2);
    }
    return {first, std::min(count, sectors - first)};
}

void Rig::make_durable() {
    std::string const words = medium->flush(array);
    if (!words.empty()) complain(words);
    for (auto& [volume, row] : rows_) {
        for (Cell& cell : row) cell.also.clear();
    }
}

void Rig::flush() {
    make_durable();
    if (settled) settled();
}

void Rig::forget(std::vector<VolumeId> const& volumes) {
    make_durable();
    for (VolumeId const gone : volumes) rows_.erase(gone);
    if (settled) settled();
}

void Rig::overflow(Overflow const& full, VolumeId written, std::uint64_t chunk) {
    no_more_than_need_be(full, written, chunk);
    auto const gone = array.overflow(full.snapshots);
    if (gone != full.snapshots) complain("not all that had to grow were invalidated");
    forget(gone);
    ++befell.times["snapshots invalidated"];
}

std::expected<Answer, Refusal> Rig::command(Command const& command) {
    close_write();
    Array const before = array;
    auto answer = array.carry_out(command);
    if (!answer) {
        ++befell.times[std::string("refused: ") + std::string(text_of(answer.error().rule).name)];
        if (!(array == before)) complain("a refusal changed something: " + answer.error().words);
        if (array.fingerprint() != before.fingerprint()) complain("a refusal left a trace");
        return answer;
    }
    ++befell.times[fmt::format("done: {}", command.index())];
    make_durable();
    adopt(before, command, *answer);
    if (settled) settled();
    return answer;
}

/// What a command does to what hosts find.
struct Rig::Follow {
    Rig& rig;
    Array const& before;
    Answer const& answer;
    std::map<VolumeId, Row>& rows;

    VolumeId old(std::string const& name) const {
        return *before.state().catalogue.volume_named(name);
    }
    VolumeId source_of(std::string const& mirrorclone) const {
        Volume const& clone = before.state().catalogue.volumes.at(old(mirrorclone));
        return clone.as<role::Mirrorclone>()->source;
    }
    void operator()(command::AddVolume const&) {
        VolumeId const made = answer.made.front();
        rows[made] = Row(rig.array.state().catalogue.volumes.at(made).sectors);
    }
    void operator()(command::ExpandVolume const& one) {
        rows[old(one.name)].resize(one.size.bytes / sector_bytes);
    }
    void operator()(command::DeleteVolume const& one) { rows.erase(old(one.name)); }
    void operator()(command::ChangeIntoContainer const& one) { rows.erase(old(one.name)); }
    void operator()(command::AddSnapshot const& one) {
        rows[answer.made.front()] = rows.at(old(one.source));
    }
    void operator()(command::AddSnapclone const& one) {
        rows[answer.made.front()] = rows.at(old(one.source));
    }
    void operator()(command::AddMultisnap const& one) {
        for (std::size_t i = 0; i < one.copies.size(); ++i) {
            std::visit([&](auto const& copy) { rows[answer.made[i]] = rows.at(old(copy.source)); },
                       one.copies[i]);
        }
    }
    void operator()(command::RestoreSnapshot const& one) {
        rows[old(one.volume)] = rows.at(old(one.snapshot));
    }
    void operator()(command::Fracture const& one) {
        auto const source = rows.find(source_of(one.mirrorclone));
        VolumeId const clone = old(one.mirrorclone);
        rows[clone] = source != rows.end() ? source->second : rig.orphans_.at(clone);
    }
    void operator()(command::Resync const& one) { rows.erase(old(one.mirrorclone)); }
    void operator()(command::RestoreMirrorclone const& one) {
        rows[source_of(one.mirrorclone)] = rows.at(old(one.mirrorclone));
        rig.orphans_[old(one.mirrorclone)] = rows.at(old(one.mirrorclone));
        rows.erase(old(one.mirrorclone));
    }
    void operator()(command::FailDiskGroup const& one) {
        DiskGroupId const group = *before.state().catalogue.group_named(one.name);
        rig.medium->lose(group);
        // A mirrorclone has what its source had.
        for (auto const& [id, volume] : before.state().catalogue.volumes) {
            auto const* const clone = volume.as<role::Mirrorclone>();
            if (clone == nullptr) continue;
            bool const restores =
                before.state().map.link_of(clone->link).mode == LinkMode::come_back;
            auto const source = rows.find(clone->source);
            if (source != rows.end() && !restores) rig.orphans_[id] = source->second;
            // One that was being restored from is by itself, as it was then.
            Volume const& now = rig.array.state().catalogue.volumes.at(id);
            if (restores && now.as<role::Ordinary>() != nullptr) rows[id] = rig.orphans_.at(id);
        }
        for (auto const& [id, volume] : rig.array.state().catalogue.volumes) {
            if (volume.group == group) rows.erase(id);
        }
    }
    /// By any other what hosts find does not change.
    template <class What>
    void operator()(What const&) {}
};

void Rig::adopt(Array const& before, Command const& command, Answer const& answer) {
    std::visit(Follow{*this, before, answer, rows_}, command);
}

void Rig::remember(VolumeId volume, Extent range, std::uint64_t id) {
    Row& row = rows_.at(volume);
    for (std::uint64_t sector = range.first; sector < range.end(); ++sector) {
        row[sector].also.push_back(row[sector].now);
        row[sector].now = id;
    }
}

void Rig::part(VolumeId volume, Extent range, std::uint64_t id, std::optional<IoRule>& refusal) {
    for (int rounds = 0; rounds < 200; ++rounds) {
        WritePlan planned = array.plan_write(volume, range, id == 0);
        if (auto const* const plan = std::get_if<Plan>(&planned)) {
            Segments places;
            bool const in_place = array.writes_in_place(volume, range, places);
            if (in_place && id != 0 && !plan->in_place()) complain("in place, and is planned");
            if (in_place && places != array.plan_read(volume, range)) {
                complain("in place, and read elsewhere");
            }
            carry_out(*plan, *medium, ValueStore::Pattern{id});
            array.commit(*plan);
            remember(volume, range, id);
            ++befell.times[plan->in_place() ? "in place" : "placed"];
            if (!plan->copies.empty()) ++befell.times["copied part of a sub-chunk"];
            return;
        }
        if (auto const* const first = std::get_if<First>(&planned)) {
            carry_out(first->plan, *medium, ValueStore::Pattern{});
            array.commit(first->plan);
            ++befell.times[first->plan.release ? "released first" : "pushed first"];
        } else if (std::holds_alternative<MakeDurable>(planned)) {
            flush();
            ++befell.times["made durable first"];
        } else if (auto const* const full = std::get_if<Overflow>(&planned)) {
            overflow(*full, volume, chunk_of(range.first));
        } else {
            refusal = std::get<IoRule>(planned);
            ++befell.times[fmt::format("host refused: {}", name_of(*refusal))];
            return;
        }
    }
    complain("a write comes to no end");
}

std::optional<IoRule> Rig::write(VolumeId volume, Extent range, bool zeroes) {
    close_write();
    std::uint64_t const id = zeroes ? 0 : ++last_pattern_;
    std::optional<IoRule> refusal;
    while (range.count != 0 && !refusal) {
        Extent const one = first_chunk_of(range);
        part(volume, one, id, refusal);
        range = {one.end(), range.count - one.count};
    }
    return refusal;
}

void Rig::open_write(VolumeId volume, Extent range) {
    close_write();
    range = first_chunk_of(range);
    WritePlan planned = array.plan_write(volume, range, false);
    auto* const plan = std::get_if<Plan>(&planned);
    if (plan == nullptr) {
        if (auto const* const first = std::get_if<First>(&planned)) array.abandon(first->plan);
        return;
    }
    open_ = Open{std::move(*plan), volume, range, ++last_pattern_};
    carry_out(open_->plan, *medium, ValueStore::Pattern{open_->id});
    ++befell.times["a write stayed open"];
}

void Rig::close_write() {
    if (!open_) return;
    Open const open = std::move(*open_);
    open_.reset();
    array.commit(open.plan);
    remember(open.volume, open.range, open.id);
}

void Rig::write_halfway(VolumeId volume, Extent range, std::uint64_t seed) {
    open_write(volume, range);
    if (open_ && seed % 3 == 0) {
        array.abandon(open_->plan);
        // In place is in place: what was put may stay.
        for (std::uint64_t sector = open_->range.first; sector < open_->range.end(); ++sector) {
            rows_.at(volume)[sector].also.push_back(open_->id);
        }
        open_.reset();
    }
    power_cut(seed);
}

void Rig::power_cut(std::uint64_t seed) {
    find(medium->power_cut(seed));
    ++befell.times["power cuts"];
}

void Rig::find(Array there) {
    if (open_) {
        Row& row = rows_.at(open_->volume);
        for (std::uint64_t sector = open_->range.first; sector < open_->range.end(); ++sector) {
            row[sector].also.push_back(open_->id);
        }
        open_.reset();
    }
    array = std::move(there);
    after_power_cut();
}

bool Rig::step() {
    close_write();
    auto next = array.next_background_step();
    if (!next) return false;
    if (auto const* const plan = std::get_if<Plan>(&*next)) {
        carry_out(*plan, *medium, ValueStore::Pattern{});
        array.commit(*plan);
        ++befell.times[plan->release ? "released" : "filled"];
    } else if (std::holds_alternative<MakeDurable>(*next)) {
        flush();
    } else if (auto const* const done = std::get_if<Conclude>(&*next)) {
        array.conclude(done->link);
        flush();
        ++befell.times["concluded"];
    } else {
        forget(array.overflow(std::get<Overflow>(*next).snapshots));
        ++befell.times["snapshots invalidated"];
    }
    return true;
}

void Rig::come_to_rest() {
    flush();
    for (int steps = 0; steps < 100000 && step(); ++steps) {
        // Space of what is gone comes back once that is durable.
        if (steps % 16 == 0) flush();
        if (steps == 99999) complain("background work comes to no end");
    }
    flush();
    while (step()) {
    }
    compare(true);
    audit();
}

void Rig::audit() {
    if (open_) return;
    for (std::string const& words : array.audit()) complain("audit: " + words);
}

}  // namespace sunder::emulator::test
