// SPDX-License-Identifier: BSD-3-Clause
//
// What each request and each command does to what hosts find.
#include "netsim/checkers/array_book.h"

#include "netsim/array_sim.h"
#include "netsim/checkers/array_contents.h"

#include <algorithm>

namespace sunder::netsim {

namespace command = emulator::command;
namespace role = emulator::role;
using emulator::VolumeId;
using Row = ArrayBook::Row;

namespace {

/// A copy is of a moment at which everything is durable.
Row copy_of(Row const& row) { return {row.now, {}}; }

void write(Row& row, Extent range, Content content) {
    for (std::uint64_t sector = range.first; sector < range.end(); ++sector) {
        row.before[sector].push_back(row.now.at(sector));
    }
    row.now.fill(range, content);
}

Shown shown(ArraySim const& sim) { return {sim.array(), sim.store()}; }

}  // namespace

/// What a command that was carried out does. `book` knows the names as they were before.
struct ArrayBook::Follow {
    Array& book;
    ArraySim const& sim;
    std::vector<VolumeId> const& made;

    [[nodiscard]] std::optional<VolumeId> old(std::string const& name) const {
        return book.catalogue.volume_named(name);
    }
    [[nodiscard]] Row* row(std::optional<VolumeId> volume) const {
        auto const found = volume ? book.rows.find(*volume) : book.rows.end();
        return found == book.rows.end() ? nullptr : &found->second;
    }
    [[nodiscard]] std::optional<VolumeId> source_of(std::string const& mirrorclone) const {
        auto const id = old(mirrorclone);
        if (!id) return std::nullopt;
        auto const* const clone = book.catalogue.volumes.at(*id).as<role::Mirrorclone>();
        return clone == nullptr ? std::nullopt : std::optional(clone->source);
    }
    void copy(std::string const& source, VolumeId to) const {
        if (Row const* const from = row(old(source))) book.rows[to] = copy_of(*from);
    }
    void operator()(command::AddVolume const& one) const {
        book.rows[made.front()].now = Image(one.size.bytes / sector_bytes);
    }
    void operator()(command::ExpandVolume const& one) const {
        Row* const is = row(old(one.name));
        if (is == nullptr) return;
        Image larger(one.size.bytes / sector_bytes);
        larger.write({0, is->now.sectors()}, is->now.read({0, is->now.sectors()}));
        is->now = std::move(larger);
    }
    void operator()(command::DeleteVolume const& one) const { forget(old(one.name)); }
    void operator()(command::ChangeIntoContainer const& one) const { forget(old(one.name)); }
    void forget(std::optional<VolumeId> volume) const {
        if (volume) book.rows.erase(*volume);
    }
    void operator()(command::AddSnapshot const& one) const { copy(one.source, made.front()); }
    void operator()(command::AddSnapclone const& one) const { copy(one.source, made.front()); }
    void operator()(command::AddMultisnap const& one) const {
        for (std::size_t i = 0; i < one.copies.size(); ++i) {
            std::visit([&](auto const& which) { copy(which.source, made[i]); }, one.copies[i]);
        }
    }
    void operator()(command::RestoreSnapshot const& one) const {
        Row const* const from = row(old(one.snapshot));
        if (from != nullptr && old(one.volume)) book.rows[*old(one.volume)] = copy_of(*from);
    }
    void operator()(command::Fracture const& one) const {
        Row const* const source = row(source_of(one.mirrorclone));
        VolumeId const clone = *old(one.mirrorclone);
        if (source != nullptr) {
            book.rows[clone] = copy_of(*source);
        } else if (auto const orphan = book.orphans.find(clone); orphan != book.orphans.end()) {
            book.rows[clone] = copy_of(orphan->second);
        }
    }
    void operator()(command::Resync const& one) const { forget(old(one.mirrorclone)); }
    void operator()(command::RestoreMirrorclone const& one) const {
        auto const clone = old(one.mirrorclone);
        Row const* const from = row(clone);
        auto const source = source_of(one.mirrorclone);
        if (from == nullptr || !source) return;
        Row const moment = copy_of(*from);
        book.rows[*source] = moment;
        book.orphans[*clone] = moment;
        book.rows.erase(*clone);
    }
    void operator()(command::FailDiskGroup const& one) const {
        auto const group = book.catalogue.group_named(one.name);
        if (!group) return;
        auto const& now = sim.state().catalogue;
        for (auto const& [id, volume] : book.catalogue.volumes) {
            auto const* const clone = volume.as<role::Mirrorclone>();
            if (clone == nullptr || !now.volumes.contains(id)) continue;
            auto const mode = book.modes.find(clone->link);
            bool const restores =
                mode != book.modes.end() && mode->second == emulator::LinkMode::come_back;
            // A mirrorclone has what its source had.
            Row const* const source = row(clone->source);
            if (source != nullptr && !restores) book.orphans[id] = copy_of(*source);
            // One that was being restored from is by itself, as it was then.
            bool const alone = now.volumes.at(id).as<role::Ordinary>() != nullptr;
            auto const orphan = book.orphans.find(id);
            if (restores && alone && orphan != book.orphans.end()) {
                book.rows[id] = orphan->second;
            }
        }
        for (auto const& [id, volume] : now.volumes) {
            if (volume.group == *group) book.rows.erase(id);
        }
    }
    /// By any other what hosts find does not change.
    template <class What>
    void operator()(What const&) const {}
};

ArrayBook::ArrayBook(World const& world) {
    Cluster const& cluster = world.cluster();
    for (std::uint16_t a = 0; a < cluster.arrays.size(); ++a) {
        Array& book = arrays_.emplace_back();
        book.catalogue = world.arrays().at(ArrayId{a}).state().catalogue;
        for (auto const& [id, volume] : book.catalogue.volumes) {
            if (volume.map) book.rows[id].now = Image(volume.sectors);
        }
    }
}

namespace {

/// What a host asked for.
struct SeeRequests {
    ArrayBook::Array& book;
    ArraySim const& sim;

    void operator()(array_note::Asked const& asked) const {
        using replication::HostOp;
        array_note::Request const& request = asked.request;
        bool const changes = request.op != HostOp::read && request.op != HostOp::flush;
        if (!changes || !asked.volume) return;
        book.open.push_back({request.id, *asked.volume, request.range, {request.content, 0}});
    }
    void operator()(array_note::Answered const& answered) const {
        auto const open = std::ranges::find(book.open, answered.request.id, &ArrayBook::Open::id);
        if (open == book.open.end()) return;
        ArrayBook::Open const one = *open;
        book.open.erase(open);
        auto const row = book.rows.find(one.volume);
        if (row == book.rows.end()) return;
        if (!answered.refused) {
            write(row->second, one.range, one.content);
            return;
        }
        // A part of it may be there, and stays.
        for_each_sector(shown(sim), one.volume, one.range, [&](std::uint64_t sector, Content is) {
            if (is == one.content) write(row->second, {sector, 1}, is);
        });
    }
    void operator()(array_note::Durable const&) const {
        for (auto& [id, row] : book.rows) row.before.clear();
    }
    void operator()(array_note::PowerLost const&) const {
        book.died = std::exchange(book.open, {});
    }
    /// What is there now is what it is: what should not be there was told.
    void operator()(array_note::PoweredOn const&) const {
        for (auto& [id, row] : book.rows) {
            Extent const all{0, row.now.sectors()};
            for_each_sector(shown(sim), id, all, [&](std::uint64_t sector, Content is) {
                if (row.now.at(sector) != is) row.now.fill({sector, 1}, is);
            });
            row.before.clear();
        }
        book.died.clear();
    }
    void operator()(array_note::Invalidated const& invalidated) const {
        for (auto const& [id, name] : invalidated.snapshots) book.rows.erase(id);
    }
    void operator()(auto const&) const {}
};

}  // namespace

void ArrayBook::see(World const& world, seen::ArrayNoted const& noted) {
    Array& book = arrays_[noted.array.value];
    ArraySim const& sim = world.arrays().at(noted.array);
    std::visit(SeeRequests{book, sim}, noted.note->what);
    auto const* const commanded = std::get_if<array_note::Commanded>(&noted.note->what);
    if (commanded != nullptr && !commanded->refused) {
        std::visit(Follow{book, sim, commanded->made}, commanded->command);
    }
    bool const other_names = commanded != nullptr ||
                             std::holds_alternative<array_note::PoweredOn>(noted.note->what) ||
                             std::holds_alternative<array_note::ReportChanged>(noted.note->what);
    if (!other_names) return;
    book.catalogue = sim.state().catalogue;
    book.modes.clear();
    for (auto const& [id, link] : sim.state().map.links()) book.modes[id] = link.mode;
    std::erase_if(book.rows,
                  [&](auto const& row) { return !book.catalogue.volumes.contains(row.first); });
}

}  // namespace sunder::netsim
