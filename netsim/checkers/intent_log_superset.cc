// SPDX-License-Identifier: BSD-3-Clause
//
// Which chunks are looked at, when, and against which bits.
#include "netsim/checkers/intent_log_superset.h"

#include "netsim/volumes.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>

namespace sunder::netsim {

using replication::IntentLog;
using replication::LegState;

void IntentLogSuperset::prepare(View const& view) {
    if (!first_.empty()) return;
    found_.resize(view.chronicle.groups() * replication::max_copies);
    for (std::uint16_t g = 0; g < view.chronicle.groups(); ++g) {
        first_.push_back(static_cast<std::uint32_t>(pairs_.size()));
        MirrorSetup const& mirror = view.mirror(GroupId{g});
        if (!mirror.intent_log_chunk) continue;
        std::uint64_t const chunk = mirror.intent_log_chunk->bytes / sector_bytes;
        for (std::uint8_t a = 0; a < mirror.on.size(); ++a) {
            for (auto b = static_cast<std::uint8_t>(a + 1); b < mirror.on.size(); ++b) {
                replication::Bitmap none((mirror.sectors + chunk - 1) / chunk);
                pairs_.push_back({GroupId{g}, Slot{a}, Slot{b}, false, std::move(none)});
            }
        }
    }
    first_.push_back(static_cast<std::uint32_t>(pairs_.size()));
}

IntentLogSuperset::Pair* IntentLogSuperset::pair(GroupId group, Slot a, Slot b) {
    if (b < a) std::swap(a, b);
    for (std::uint32_t i = first_[group.value]; i < first_[group.value + 1U]; ++i) {
        if (pairs_[i].a == a && pairs_[i].b == b) return &pairs_[i];
    }
    return nullptr;
}

PairLogs IntentLogSuperset::logs(View const& view, Pair const& pair) const {
    auto const log_of = [&](Slot slot) -> IntentLog const* {
        NodeId const node = view.mirror(pair.group).on[slot.value];
        if (auto const* machine = view.machine(node, pair.group)) return &machine->log();
        auto const& found = found_[pair.group.value * replication::max_copies + slot.value];
        return found ? &*found : nullptr;
    };
    return {pair.a, pair.b, log_of(pair.a), log_of(pair.b)};
}

std::optional<Extent> IntentLogSuperset::unexplained(View const& view, Pair const& pair,
                                                     Extent difference) {
    auto const& on = view.mirror(pair.group).on;
    return view.unexplained(text.name, pair.group, difference,
                            {on[pair.a.value], on[pair.b.value]});
}

void IntentLogSuperset::report(View& view, Pair const& pair, Extent where, char const* occasion) {
    NodeId const a = view.mirror(pair.group).on[pair.a.value];
    NodeId const b = view.mirror(pair.group).on[pair.b.value];
    PairLogs const both = logs(view, pair);
    std::uint64_t const chunk_sectors =
        view.mirror(pair.group).intent_log_chunk->bytes / sector_bytes;
    std::uint64_t const chunk = where.first / chunk_sectors;
    auto const says = [&](IntentLog const* log, Slot peer) {
        if (log == nullptr) return "no log";
        bool const wanted = log->bits(peer).test(chunk);
        bool const stable = log->stable_bits(peer).test(chunk);
        return wanted   ? stable ? "set" : "set, but not stable"
               : stable ? "cleared, not yet on disk"
                        : "clear";
    };
    auto const holds = [&](NodeId node) {
        return describe_found(view.world, view.ledger, pair.group,
                              view.image(node, pair.group).at(where.first));
    };
    view.violated(
        text, pair.group,
        fmt::format("{}: {} of {} differ, {} holds {}, {} holds {}; but chunk {} is not named: "
                    "the bit of {} is {}, the bit of {} is {}. A resync would leave them different",
                    occasion, sectors_in_words(view.mirror(pair.group), where),
                    view.mirror(pair.group).name, view.name(a), holds(a), view.name(b), holds(b),
                    chunk, view.name(a), says(both.of_a, pair.b), view.name(b),
                    says(both.of_b, pair.a)));
}

/// Looks at one chunk that is remembered; forgets it when both copies hold the same.
void IntentLogSuperset::check_chunk(View& view, Pair& pair, PairLogs const& logs,
                                    std::uint64_t chunk, Extent within, char const* occasion) {
    if (logs.name(chunk)) return;
    Image const& a = view.image(view.mirror(pair.group).on[pair.a.value], pair.group);
    Image const& b = view.image(view.mirror(pair.group).on[pair.b.value], pair.group);
    Image::for_each_difference(a, b, within, [&](Extent difference) {
        auto const rest = unexplained(view, pair, difference);
        if (!rest) return true;
        report(view, pair, *rest, occasion);
        return false;
    });
}

void IntentLogSuperset::on(View& view, seen::DiskWritten const& written) {
    prepare(view);
    Slot const self = view.chronicle.slot(written.group, written.node);
    for (std::uint32_t i = first_[written.group.value]; i < first_[written.group.value + 1U]; ++i) {
        Pair& pair = pairs_[i];
        if (!pair.bound || (pair.a != self && pair.b != self)) continue;
        std::uint64_t const chunk_sectors =
            view.mirror(pair.group).intent_log_chunk->bytes / sector_bytes;
        PairLogs const both = logs(view, pair);
        std::uint64_t const last = (written.range.end() - 1) / chunk_sectors;
        for (std::uint64_t chunk = written.range.first / chunk_sectors; chunk <= last; ++chunk) {
            pair.written.set(chunk);
            std::uint64_t const first = std::max(written.range.first, chunk * chunk_sectors);
            std::uint64_t const end = std::min(written.range.end(), (chunk + 1) * chunk_sectors);
            check_chunk(view, pair, both, chunk, {first, end - first}, "A write reached a disk");
        }
    }
}

namespace {

/// Where disks were put into other nodes, what is there is not what the logs are about, and nobody
/// starts with it (FLT-12).
bool have_their_own_disks(View const& view, GroupId group, Slot a, Slot b) {
    return std::ranges::all_of(std::array{a, b}, [&](Slot slot) {
        NodeId const node = view.mirror(group).on[slot.value];
        return view.world.copy(node, group)->kept_by == slot;
    });
}

}  // namespace

/// After bits were cleared: every remembered chunk is named, or equal and then forgotten.
void IntentLogSuperset::check_written(View& view, Pair& pair, char const* occasion) {
    if (!pair.bound || !have_their_own_disks(view, pair.group, pair.a, pair.b)) return;
    std::uint64_t const chunk_sectors =
        view.mirror(pair.group).intent_log_chunk->bytes / sector_bytes;
    std::uint64_t const sectors = view.mirror(pair.group).sectors;
    PairLogs const both = logs(view, pair);
    for (auto chunk = pair.written.next(0); chunk; chunk = pair.written.next(*chunk + 1)) {
        if (both.name(*chunk)) continue;
        std::uint64_t const first = *chunk * chunk_sectors;
        check_chunk(view, pair, both, *chunk, {first, std::min(chunk_sectors, sectors - first)},
                    occasion);
        pair.written.reset(*chunk);
    }
}

void IntentLogSuperset::check_all(View& view, Pair& pair, char const* occasion) {
    if (!pair.bound || !have_their_own_disks(view, pair.group, pair.a, pair.b)) return;
    PairLogs const both = logs(view, pair);
    Image const& a = view.image(view.mirror(pair.group).on[pair.a.value], pair.group);
    Image const& b = view.image(view.mirror(pair.group).on[pair.b.value], pair.group);
    std::uint64_t const chunk_sectors =
        view.mirror(pair.group).intent_log_chunk->bytes / sector_bytes;
    Image::for_each_difference(a, b, view.mirrored(pair.group), [&](Extent difference) {
        for (std::uint64_t c = difference.first / chunk_sectors;
             c <= (difference.end() - 1) / chunk_sectors; ++c) {
            pair.written.set(c);
            if (both.name(c)) continue;
            std::uint64_t const first = std::max(difference.first, c * chunk_sectors);
            std::uint64_t const end = std::min(difference.end(), (c + 1) * chunk_sectors);
            auto const rest = unexplained(view, pair, {first, end - first});
            if (!rest) continue;
            report(view, pair, *rest, occasion);
            return false;
        }
        return true;
    });
}

void IntentLogSuperset::check_node(View& view, NodeId node, char const* occasion) {
    for (Pair& pair : pairs_) {
        auto const& on = view.mirror(pair.group).on;
        if (on[pair.a.value] == node || on[pair.b.value] == node) check_all(view, pair, occasion);
    }
}

void IntentLogSuperset::on(View& view, seen::NodeDied const& died) {
    prepare(view);
    for (CopySim const& copy : view.world.node(died.node).copies) {
        found_[copy.group * replication::max_copies + copy.slot.value] = log_at_rest(copy);
    }
    check_node(view, died.node, "A node died");
}

/// What the logs say of this copy means nothing until it is in sync with another again.
void IntentLogSuperset::release(View& view, GroupId group, NodeId node) {
    prepare(view);
    Slot const self = view.chronicle.slot(group, node);
    for (std::uint32_t i = first_[group.value]; i < first_[group.value + 1U]; ++i) {
        if (pairs_[i].a == self || pairs_[i].b == self) pairs_[i].bound = false;
    }
}

/// It is another disk.
void IntentLogSuperset::on(View& view, seen::ImageWritten const& written) {
    release(view, written.group, written.node);
}

void IntentLogSuperset::on(View& view, seen::RolledBack const& back) {
    if (back.what != seen::RolledBack::What::blank) return;
    for (CopySim const& copy : view.world.node(back.node).copies) {
        release(view, GroupId{copy.group}, back.node);
    }
}

void IntentLogSuperset::on(View& view, From from, replication::note::Erased const&) {
    release(view, from.group, from.node);
}

/// R94: the copy is given up, as soon as nothing is on its way to it.
void IntentLogSuperset::on(View& view, NodeId node, nodes::note::ExtensionChanged const& changed) {
    if (!changed.to.contains(node)) release(view, changed.group, node);
}

void IntentLogSuperset::on(View& view, seen::NodeStarted const& started) {
    prepare(view);
    for (CopySim const& copy : view.world.node(started.node).copies) {
        found_[copy.group * replication::max_copies + copy.slot.value].reset();
    }
    check_node(view, started.node, "A node started");
}

/// A target is in sync with its source, and by that with every other target that is (R36).
void IntentLogSuperset::bind(View& view, GroupId group, Slot target, Slot source) {
    // The last word of a source may arrive when its disks are others, which hold nothing.
    CopySim const& from = *view.world.copy(view.mirror(group).on[source.value], group);
    std::optional<replication::Cell> const stored = from.store->cell();
    if (stored && !stored->current) return;
    bind_pair(view, group, target, source);
    Chronicle::Group const& known = view.chronicle.group(group);
    for (std::uint8_t other = 0; other < known.members.size(); ++other) {
        Chronicle::Pair const& leg = known.copies[other].pairs[source.value];
        bool const mirrors = leg.inward && leg.leg == LegState::mirroring;
        if (other != target.value && other != source.value && mirrors) {
            bind_pair(view, group, target, Slot{other});
        }
    }
}

void IntentLogSuperset::bind_pair(View& view, GroupId group, Slot a, Slot b) {
    prepare(view);
    Pair* joined = pair(group, a, b);
    if (joined == nullptr) return;
    bool const fresh = !joined->bound;
    joined->bound = true;
    if (fresh) {
        check_all(view, *joined, "The copies came in sync");
    } else {
        check_written(view, *joined, "The copies came in sync");
    }
}

void IntentLogSuperset::on(View& view, From from, replication::note::LegChanged const& changed) {
    bool const inward = changed.direction == replication::Direction::inward;
    if (!inward || changed.to != LegState::mirroring) return;
    bind(view, from.group, view.chronicle.slot(from.group, from.node), changed.peer);
}

void IntentLogSuperset::on(View& view, From from,
                           replication::note::CopyCompleted const& completed) {
    bind(view, from.group, view.chronicle.slot(from.group, from.node), completed.source);
}

void IntentLogSuperset::on(View& view, From from, replication::note::Settled const& settled) {
    prepare(view);
    Pair* cleared = pair(from.group, view.chronicle.slot(from.group, from.node), settled.peer);
    if (cleared != nullptr) check_written(view, *cleared, "Bits were cleared");
}

/// R88: an operator answers for the equality of the two until they are in sync again.
void IntentLogSuperset::on(View& view, From from,
                           replication::note::IntentLogEdited const& edited) {
    prepare(view);
    if (edited.how != replication::note::IntentLogEdited::How::all_cleared) return;
    Pair* cleared = pair(from.group, view.chronicle.slot(from.group, from.node), edited.peer);
    if (cleared != nullptr) cleared->bound = false;
}

void IntentLogSuperset::finish(View& view) {
    prepare(view);
    for (Pair& pair : pairs_) check_all(view, pair, "The run ended");
}

}  // namespace sunder::netsim
