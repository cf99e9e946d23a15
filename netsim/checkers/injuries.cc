// SPDX-License-Identifier: BSD-3-Clause
//
// Writing injuries down, following them, and finding them again.
#include "netsim/checkers/injuries.h"

#include "netsim/world.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

namespace sunder::netsim {

namespace {

Extent common(Extent a, Extent b) {
    std::uint64_t const first = std::max(a.first, b.first);
    std::uint64_t const end = std::min(a.end(), b.end());
    return {first, end > first ? end - first : 0};
}

/// Wherever somebody has put it (FLT-12).
SimDisk const& disk_of(World const& world, GroupId group, NodeId node) {
    CopySim const* found = world.copy(node, group);
    for (NodeId const other : world.cluster().mirrors[group.value].on) {
        CopySim const* const copy = world.copy(other, group);
        if (copy->kept_by == world.copy(node, group)->slot) found = copy;
    }
    return *found->disk;
}

}  // namespace

void Injuries::see(World const& world, Observation const& observation) {
    if (auto const* lie = std::get_if<seen::DiskLied>(&observation)) return lied(world, *lie);
    auto const* noted = std::get_if<seen::MirrorNoted>(&observation);
    using Edited = replication::note::IntentLogEdited;
    auto const* edited = noted != nullptr ? std::get_if<Edited>(&noted->note) : nullptr;
    if (edited != nullptr && edited->how == Edited::How::all_cleared) {
        taken_for_equal(world, noted->group, noted->node,
                        world.cluster().mirrors[noted->group.value].on[edited->peer.value]);
    }
    if (none()) return;
    auto const lying = std::exchange(lying_, std::nullopt);
    if (auto const* write = std::get_if<seen::DiskWritten>(&observation)) {
        bool const done = !lying || lying->group != write->group || lying->node != write->node;
        if (done) written(world, *write);
    } else if (auto const* record = std::get_if<seen::RecordSent>(&observation)) {
        sent(*record);
    } else if (auto const* death = std::get_if<seen::NodeDied>(&observation)) {
        died(world, death->node);
    } else if (auto const* image = std::get_if<seen::ImageWritten>(&observation)) {
        replaced(world, image->group, image->node);
    }
    if (!std::holds_alternative<seen::HostAnswered>(observation)) borrowed_.reset();
    if (noted == nullptr) return;
    using Fallback = replication::note::FallbackImageChanged;
    if (auto const* read = std::get_if<replication::note::ReadFromTarget>(&noted->note)) {
        borrowed_ = {noted->group, noted->node,
                     world.cluster().mirrors[noted->group.value].on[read->peer.value]};
    } else if (auto const* image = std::get_if<Fallback>(&noted->note)) {
        bool const restored = image->what == Fallback::What::restored;
        if (restored) replaced(world, noted->group, noted->node);
    }
}

void Injuries::lied(World const& world, seen::DiskLied const& lied) {
    bool const read = lied.how == DiskLie::wrong_read || lied.how == DiskLie::stale_read;
    bool const write = lied.how == DiskLie::lost_write || lied.how == DiskLie::misdirected_write;
    if (write) lying_ = {lied.group, lied.node, lied.node};
    for (Spoilt const& spoilt : lied.spoilt) {
        std::uint64_t position = spoilt.range.first;
        spoilt.there.for_each([&](Piece const& piece) {
            Content const content{piece.id, piece.id == 0 ? 0 : piece.offset - position};
            spots_.push_back({lied.group,
                              lied.node,
                              {position, piece.sectors},
                              content,
                              {lied.node, lied.how, world.now(), next_number_},
                              read ? State::read : State::held});
            position += piece.sectors;
        });
        ++next_number_;
    }
}

void Injuries::taken_for_equal(World const& world, GroupId group, NodeId node, NodeId other) {
    Image const& its = disk_of(world, group, other).image();
    Extent const all{0, world.cluster().mirrors[group.value].sectors};
    Image::for_each_difference(
        world.copy(node, group)->disk->image(), its, all, [&](Extent difference) {
            Injury const injury{node, {}, world.now(), next_number_++, true};
            std::uint64_t const end = difference.end();
            for (std::uint64_t first = difference.first; first < end;) {
                Content const content = its.at(first);
                std::uint64_t next = first + 1;
                while (next < end && its.at(next) == content) ++next;
                Extent const run{first, next - first};
                spots_.push_back({group, other, run, content, injury, State::held});
                first = next;
            }
            return true;
        });
    for (NodeId const on : {node, other}) {
        may_return(world, group, on, {node, {}, world.now(), next_number_++, true});
    }
}

/// What is overwritten there and not flushed.
void Injuries::may_return(World const& world, GroupId group, NodeId on, Injury injury) {
    world.copy(on, group)->disk->for_each_overwritten([&](Extent range, Payload const& before) {
        std::uint64_t position = range.first;
        before.for_each([&](Piece const& piece) {
            Content const content{piece.id, piece.id == 0 ? 0 : piece.offset - position};
            Extent const where{position, piece.sectors};
            spots_.push_back({group, on, where, content, injury, State::covered});
            position += piece.sectors;
        });
    });
}

Extent Injuries::fresh(World const& world, Spot const& spot, NodeId node, Extent within) const {
    Image const& image = world.copy(node, spot.group)->disk->image();
    Extent const where = common(spot.range, within);
    Extent run{where.first, 0};
    for (std::uint64_t s = where.first; s < where.end(); ++s) {
        bool const there =
            image.at(s) == spot.content && on_disk({spot.group, node, s}, spot.content) == nullptr;
        if (!there && run.count != 0) break;
        if (there && run.count == 0) run.first = s;
        if (there) ++run.count;
    }
    return run;
}

void Injuries::carve(std::size_t spot, Extent part) {
    Extent const whole = spots_[spot].range;
    spots_[spot].range.count = part.first - whole.first;
    if (part.end() == whole.end()) return;
    Spot rest = spots_[spot];
    rest.range = {part.end(), whole.end() - part.end()};
    spots_.push_back(rest);
}

void Injuries::move(World const& world, std::size_t which, NodeId node, Extent within) {
    Spot spot = spots_[which];
    Extent const part = fresh(world, spot, node, within);
    if (part.count == 0) return;
    carve(which, part);
    spot.range = part;
    spot.node = node;
    spot.state = State::held;
    spots_.push_back(spot);
}

/// What was there is there no more, unless this is the write that brings it.
void Injuries::written(World const& world, seen::DiskWritten const& written) {
    for (std::size_t i = 0; i < spots_.size(); ++i) {
        Spot spot = spots_[i];
        bool const here = spot.group == written.group && spot.node == written.node;
        bool const ends = spot.state == State::held || spot.state == State::read;
        Extent const part = common(spot.range, written.range);
        if (!here || !ends || part.count == 0) continue;
        carve(i, part);
        if (spot.state == State::read) continue;
        spot.range = part;
        spot.state = State::covered;
        spots_.push_back(spot);
    }
    // Each leg has a record of its own, and one write is the end of one record.
    for (std::size_t i = 0; i < spots_.size(); ++i) {
        bool const comes = spots_[i].group == written.group && spots_[i].node != written.node &&
                           spots_[i].state == State::sent;
        if (comes) move(world, i, written.node, written.range);
    }
    std::erase_if(spots_, [](Spot const& spot) { return spot.range.count == 0; });
}

void Injuries::sent(seen::RecordSent const& sent) {
    if (sent.kind != replication::RecordKind::resync) return;
    std::size_t const before = spots_.size();
    for (std::size_t i = 0; i < before; ++i) {
        Spot spot = spots_[i];
        bool const leaves = spot.state == State::held || spot.state == State::read;
        if (spot.group != sent.group || spot.node != sent.node || !leaves) continue;
        spot.range = common(spot.range, sent.range);
        spot.state = State::sent;
        if (spot.range.count != 0) spots_.push_back(spot);
    }
}

/// A power cut brings back what was there; a write under way may be done, and is not seen.
void Injuries::died(World const& world, NodeId node) {
    for (std::size_t i = 0; i < spots_.size(); ++i) {
        Spot const& spot = spots_[i];
        bool const may_return = spot.state == State::covered && spot.node == node;
        bool const may_arrive = spot.state == State::sent && spot.node != node;
        if (!(may_return || may_arrive) || world.copy(node, spot.group) == nullptr) continue;
        move(world, i, node, spot.range);
    }
    std::erase_if(spots_, [](Spot const& spot) { return spot.range.count == 0; });
}

/// Another image is on the disk, of which only its content is known.
void Injuries::replaced(World const& world, GroupId group, NodeId node) {
    std::size_t const before = spots_.size();
    for (std::size_t i = 0; i < before; ++i) {
        Spot const spot = spots_[i];
        if (spot.group != group) continue;
        for (Extent rest = spot.range; rest.count != 0;) {
            Extent const part = fresh(world, spot, node, rest);
            if (part.count == 0) break;
            rest = {part.end(), rest.end() - part.end()};
            spots_.push_back({group, node, part, spot.content, spot.injury, State::held});
        }
    }
    // What was false there, and is not there any more, will not return.
    Image const& image = world.copy(node, group)->disk->image();
    std::erase_if(spots_, [&](Spot const& spot) {
        if (spot.group != group || spot.node != node || spot.state == State::sent) return false;
        std::uint64_t sector = spot.range.first;
        while (sector < spot.range.end() && image.at(sector) != spot.content) ++sector;
        return sector == spot.range.end();
    });
}

Injury const* Injuries::find(Place const& place, Content content, bool read) const {
    auto const is_there = [&](Spot const& spot) {
        bool const counts = spot.state == State::held || (read && spot.state == State::read);
        return counts && spot.group == place.group && spot.node == place.node &&
               spot.content == content && spot.range.contains({place.sector, 1});
    };
    auto const found = std::ranges::find_if(spots_, is_there);
    return found == spots_.end() ? nullptr : &found->injury;
}

Injury const* Injuries::on_disk(Place const& place, Content content) const {
    return find(place, content, false);
}

Injury const* Injuries::in_answer(Place const& place, Content content) const {
    if (Injury const* own = find(place, content, true)) return own;
    bool const lent = borrowed_ && borrowed_->group == place.group && borrowed_->node == place.node;
    return lent ? find({place.group, borrowed_->other, place.sector}, content, true) : nullptr;
}

std::string Injuries::name(World const& world, Injury const& injury, NodeId found_on) {
    std::string const what = fmt::format("{} on {}",
                                         injury.by_operator ? std::string_view("intent log cleared")
                                                            : std::string_view(name_of(injury.lie)),
                                         world.node(injury.node).name);
    if (found_on == injury.node || injury.by_operator) return what;
    return fmt::format("{} that spread to {}", what, world.node(found_on).name);
}

}  // namespace sunder::netsim
