// SPDX-License-Identifier: BSD-3-Clause
//
// What is sent, what is left out, and what lies spread.
#include "netsim/checkers/corruption_does_not_spread.h"

#include "netsim/volumes.h"

#include <fmt/format.h>

namespace sunder::netsim {

using replication::Chunks;
using replication::IntentLog;
using replication::max_copies;

replication::Bitmap& CorruptionDoesNotSpread::left(View const& view, GroupId group, Slot source,
                                                   Slot target) {
    if (left_.empty()) left_.resize(view.chronicle.groups() * max_copies * max_copies);
    return left_[(group.value * max_copies + source.value) * max_copies + target.value];
}

void CorruptionDoesNotSpread::on(View& view, From from,
                                 replication::note::ResyncStarted const& started) {
    replication::MirrorMachine const* machine = view.machine(from.node, from.group);
    Bitmap& mine = left(view, from.group, view.chronicle.slot(from.group, from.node), started.peer);
    mine = Bitmap();
    if (machine == nullptr) return;
    auto const* resyncing = std::get_if<replication::leg::Resyncing>(&machine->leg(started.peer));
    if (resyncing == nullptr) return;  // it is over already
    mine = resyncing->need;
    for (replication::Run const& run : resyncing->runs) {
        Chunks const chunks = machine->log().chunks_of(run.range);
        for (std::uint64_t c = chunks.first; c <= chunks.last; ++c) mine.set(c);
    }
}

void CorruptionDoesNotSpread::on(View& view, seen::RecordSent const& sent) {
    if (sent.kind != replication::RecordKind::resync) return;
    if (auto const unread = view.world.copy(sent.node, sent.group)->disk->unread(sent.range)) {
        view.violated(
            text, sent.group,
            fmt::format("{} resynchronises {} with something in {} of {} that its disk refused "
                        "to read",
                        view.name(sent.node), view.name(sent.to),
                        sectors_in_words(view.mirror(sent.group), *unread),
                        view.mirror(sent.group).name));
    }
    replication::MirrorMachine const* machine = view.machine(sent.node, sent.group);
    Bitmap& mine = left(view, sent.group, view.chronicle.slot(sent.group, sent.node),
                        view.chronicle.slot(sent.group, sent.to));
    if (machine == nullptr || !mine.any()) return;
    Chunks const chunks = machine->log().chunks_of(sent.range);
    for (std::uint64_t c = chunks.first; c <= chunks.last; ++c) mine.reset(c);
}

void CorruptionDoesNotSpread::on(View& view, From from,
                                 replication::note::ResyncFinished const& finished) {
    replication::MirrorMachine const* machine = view.machine(from.node, from.group);
    Bitmap& mine =
        left(view, from.group, view.chronicle.slot(from.group, from.node), finished.peer);
    if (machine == nullptr) return;
    IntentLog const& log = machine->log();
    SimDisk const& disk = *view.world.copy(from.node, from.group)->disk;
    for (auto chunk = mine.next(0); chunk; chunk = mine.next(*chunk + 1)) {
        auto const unread = disk.unread(log.sectors_of({*chunk, *chunk}));
        if (!unread) continue;
        view.violated(
            text, from.group,
            fmt::format("The resync of {} from {} to {} is finished, but {} was never copied: "
                        "the disk of {} refused to read it",
                        view.mirror(from.group).name, view.name(from.node),
                        view.name(view.mirror(from.group).on[finished.peer.value]),
                        sectors_in_words(view.mirror(from.group), *unread), view.name(from.node)));
    }
    mine = Bitmap();
}

/// The injury is where the write brought it by now.
void CorruptionDoesNotSpread::on(View& view, seen::DiskWritten const& written) {
    if (view.injuries.none()) return;
    Image const& image = view.image(written.node, written.group);
    for (std::uint64_t s = written.range.first; s < written.range.end(); ++s) {
        Injuries::Place const place{written.group, written.node, s};
        Content const found = image.at(s);
        Injury const* injury = view.injuries.on_disk(place, found);
        bool const spread =
            injury != nullptr && injury->node != written.node && !injury->by_operator;
        if (spread) static_cast<void>(view.injured(text.name, place, found));
    }
}

}  // namespace sunder::netsim
