// SPDX-License-Identifier: BSD-3-Clause
//
// When a memory that was put back is true again.
#include "netsim/checkers/doubts.h"

#include "netsim/checkers/pair_logs.h"
#include "netsim/world.h"

#include <bit>

namespace sunder::netsim {

namespace {

using replication::bit_of;
using replication::IntentLog;
using replication::PeerMask;

/// Those to which the mirror is extended.
PeerMask extended(Chronicle::Group const& group) {
    PeerMask all = 0;
    for (std::uint8_t s = 0; s < group.members.size(); ++s) {
        if (group.copies[s].extended) all |= bit_of(Slot{s});
    }
    return all;
}

/// True when an intent log of the pair names every chunk in which the two differ, or would if one
/// of them lost power now; or when none is kept, so that nothing less than everything is ever
/// copied (R18).
bool differences_are_named(World const& world, GroupId group, NodeId a, NodeId b) {
    CopySim const& mine = *world.copy(a, group);
    CopySim const& theirs = *world.copy(b, group);
    std::uint64_t const chunk = mine.config->chunk_sectors;
    if (!mine.config->intent_log) return true;
    std::optional<IntentLog> at_rest[2];
    auto const log_of = [](CopySim const& copy,
                           std::optional<IntentLog>& rest) -> IntentLog const* {
        if (copy.machine) return &copy.machine->log();
        rest = log_at_rest(copy);
        return rest ? &*rest : nullptr;
    };
    PairLogs const logs{mine.slot, theirs.slot, log_of(mine, at_rest[0]),
                        log_of(theirs, at_rest[1])};
    bool named = true;
    auto const look = [&](Extent difference) {
        std::uint64_t const last = (difference.end() - 1) / chunk;
        for (auto c = difference.first / chunk; c <= last; ++c) named = named && logs.name(c);
        return named;
    };
    Image::for_each_difference(mine.disk->image(), theirs.disk->image(),
                               {0, mine.config->mirrored_sectors}, look);
    for (CopySim const* copy : {&mine, &theirs}) {
        copy->disk->for_each_unflushed([&](std::uint64_t, Extent range) {
            if (range.end() <= mine.config->mirrored_sectors) look(range);
        });
    }
    return named;
}

/// Two that are taken for in sync without a copy and without an intent log are it only where they
/// are equal: that nobody has ever written may be what the memory says that was put back (R44).
bool in_sync_indeed(World const& world, GroupId group, NodeId target, NodeId source) {
    CopySim const& copy = *world.copy(target, group);
    if (copy.config->intent_log) return true;
    return Image::same(copy.disk->image(), world.copy(source, group)->disk->image(),
                       {0, copy.config->mirrored_sectors});
}

}  // namespace

Doubts::Doubts(World const& world) : groups_(world.cluster().mirrors.size()) {
    for (MirrorSetup const& mirror : world.cluster().mirrors) on_.push_back(mirror.on);
}

std::optional<std::string> Doubts::of(World const& world, GroupId group) const {
    PeerMask const doubted = groups_[group.value].doubted;
    if (doubted == 0) return std::nullopt;
    auto const place = static_cast<std::size_t>(std::countr_zero(doubted));
    return "after the metadata of " + world.node(on_[group.value][place]).name + " was put back";
}

void Doubts::see(World const& world, Chronicle const& chronicle, Observation const& observation) {
    if (auto const* back = std::get_if<seen::RolledBack>(&observation)) {
        using What = seen::RolledBack::What;
        if (back->what == What::data || back->what == What::blank) return;
        for (CopySim const& copy : world.node(back->node).copies) {
            groups_[copy.group].doubted |= bit_of(copy.slot);
            groups_[copy.group].led = 0;
        }
        return;
    }
    auto const* noted = std::get_if<seen::MirrorNoted>(&observation);
    if (noted == nullptr) return;
    if (groups_[noted->group.value].doubted == 0) return;
    auto const* changed = std::get_if<replication::note::LegChanged>(&noted->note);
    bool const follows = changed != nullptr && changed->to == LegState::mirroring &&
                         changed->direction == replication::Direction::inward;
    if (auto const* done = std::get_if<replication::note::CopyCompleted>(&noted->note)) {
        in_sync(world, chronicle, *noted, done->source);
    } else if (follows && in_sync_indeed(world, noted->group, noted->node,
                                         on_[noted->group.value][changed->peer.value])) {
        in_sync(world, chronicle, *noted, changed->peer);
    } else if (std::holds_alternative<replication::note::Erased>(noted->note)) {
        PeerMask const erased = bit_of(chronicle.slot(noted->group, noted->node));
        groups_[noted->group.value].doubted &= static_cast<PeerMask>(~erased);
    }
}

void Doubts::in_sync(World const& world, Chronicle const& chronicle, seen::MirrorNoted const& noted,
                     Slot source) {
    Group& group = groups_[noted.group.value];
    Slot const target = chronicle.slot(noted.group, noted.node);
    PeerMask const all = extended(chronicle.group(noted.group));
    auto const others_named = [&](Slot self) {
        for (PeerMask rest = all & ~bit_of(self); rest != 0; rest &= rest - 1) {
            auto const& on = on_[noted.group.value];
            auto const other = static_cast<std::size_t>(std::countr_zero(rest));
            if (!differences_are_named(world, noted.group, on[self.value], on[other])) return false;
        }
        return true;
    };
    bool const led_by_doubt = (group.doubted & bit_of(source)) != 0;
    if (!led_by_doubt) {
        if (others_named(target)) group.doubted &= static_cast<PeerMask>(~bit_of(target));
        return;
    }
    group.doubted |= bit_of(target);
    group.led |= bit_of(target);
    if ((all & ~(group.led | bit_of(source))) != 0) return;
    for (PeerMask rest = all; rest != 0; rest &= rest - 1) {
        if (!others_named(Slot{static_cast<std::uint8_t>(std::countr_zero(rest))})) return;
    }
    group = Group{};
}

}  // namespace sunder::netsim
