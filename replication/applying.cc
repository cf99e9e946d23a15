// SPDX-License-Identifier: BSD-3-Clause
//
// Records at the target: applied so that the copy is a prefix of the source's order, up to the
// finish of a resync.
#include "base/mutant.h"
#include "base/verify.h"
#include "replication/mirror_machine.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace sunder::replication {

namespace {

/// Third copies lack what a resync brings as they lack what is written (R36).
bool concerns_thirds(Record const& record) {
    if (record.range.count == 0) return false;
    return record.kind != RecordKind::resync || !mutant(Mutant::resync_unnamed);
}

void put_on_disk(DiskOpId op, Record const& record, GroupConfig const& config, Outbox& out) {
    bool const last = record.kind == RecordKind::resync && mutant(Mutant::last_chunk_whole) &&
                      record.range.end() == config.mirrored_sectors;
    std::uint64_t const beyond =
        last ? config.chunk_sectors - 1 - (record.range.end() - 1) % config.chunk_sectors : 0;
    if (record.kind == RecordKind::trim && mutant(Mutant::trim_not_applied)) {
        out.put(output::DiskFlush{op});
    } else if (beyond != 0) {
        std::vector<Piece> pieces;
        record.payload.for_each([&](Piece const& piece) { pieces.push_back(piece); });
        pieces.push_back({beyond, 0, 0});
        Extent const whole{record.range.first, record.range.count + beyond};
        out.put(output::DiskWrite{op, whole, Payload::of(std::move(pieces))});
    } else {
        out.put(output::DiskWrite{op, record.range, record.payload});
    }
}

}  // namespace

/// Why a record cannot be what a source of this group sends; empty when it can.
std::string_view MirrorMachine::impossible(Slot peer, Record const& record) const {
    if (record.group != config_->group) return "a record of another group";
    if (record.origin != config_->nodes[peer.value]) return "a record of another node";
    bool const barrier = record.kind == RecordKind::flush || record.kind == RecordKind::settle;
    if (barrier) return record.range.count == 0 ? "" : "a barrier with a range";
    if (record.range.count == 0) return "a change of nothing";
    std::uint64_t const sectors = config_->mirrored_sectors;
    bool const inside =
        record.range.first < sectors && record.range.count <= sectors - record.range.first;
    if (!inside) return "a record outside the volume";  // SAF-21
    if (record.payload.sectors() != record.range.count) return "a record without its content";
    return "";
}

void MirrorMachine::receive(Slot peer, ConnectionId connection, Record const& record, Outbox& out) {
    if (std::string_view const why = impossible(peer, record); !why.empty()) {
        reject(peer, why, out);
        return;
    }
    auto const* following = std::get_if<leg::Following>(&legs_[peer.value]);
    bool const awaited =
        following != nullptr && following->phase >= leg::Following::Phase::resyncing;
    bool const earlier = record.era < cell().era && !mutant(Mutant::earlier_era_heard);
    if (!awaited || earlier) {
        // SAF-7: whatever a former source still has to say is refused.
        close_leg(peer, out);
        return;
    }
    if (concerns_thirds(record)) name_for_others(peer, record.range);
    if (record.range.count == 0 && !queue_.empty() && mutant(Mutant::barrier_passes_held)) {
        acknowledge_record(peer, connection, record.sequence, out);
        return;
    }
    queue_.add(Incoming{peer, connection, record});
    pump_applying(out);
}

void MirrorMachine::pump_applying(Outbox& out) {
    while (!queue_.empty() && barrier_.kind == Barrier::Kind::none && apply_next(out)) {
    }
    restore_if_idle();
    advance_passage(out);
}

/// Starts the record at the head of the queue; false when it has to wait.
bool MirrorMachine::apply_next(Outbox& out) {
    Incoming const& head = queue_[0];
    auto const* record = std::get_if<Record>(&head.what);
    if (auto const* ask = std::get_if<ReadAsk>(&head.what)) return lend(head, *ask, out);
    if (auto const* fresh = std::get_if<std::shared_ptr<NewGeneration const>>(&head.what)) {
        if (!applying_.empty()) return false;
        store_generation(head, **fresh);
        queue_.take(0);
        return true;
    }
    auto const* finish = std::get_if<std::shared_ptr<Finish const>>(&head.what);
    bool const barrier = record == nullptr || record->kind == RecordKind::flush ||
                         record->kind == RecordKind::settle;
    if (barrier) {
        bool const overtakes = finish != nullptr && mutant(Mutant::finish_overtakes);
        bool const careless = record != nullptr && mutant(Mutant::apply_out_of_order);
        if (!applying_.empty() && !overtakes && !careless) return false;
        barrier_ = Barrier{};
        bool const image = std::holds_alternative<KeepImage>(head.what);
        barrier_.kind = finish != nullptr                    ? Barrier::Kind::finish
                        : image                              ? Barrier::Kind::image
                        : record == nullptr                  ? Barrier::Kind::pause
                        : record->kind == RecordKind::settle ? Barrier::Kind::settle
                                                             : Barrier::Kind::flush;
        barrier_.from = head.from;
        barrier_.connection = head.connection;
        barrier_.sequence = record != nullptr ? record->sequence : 0;
        if (finish != nullptr) barrier_.finish = *finish;
        barrier_.flush = new_op(DiskUse::barrier);
        out.put(output::DiskFlush{barrier_.flush});
        queue_.take(0);
        return true;
    }
    if (!ensure_applying()) return false;
    if (concerns_thirds(*record) && !is_named_for_others(head.from, record->range)) return false;
    bool const overlaps = std::ranges::any_of(applying_, [&](Applying const& applying) {
        return applying.range.overlaps(record->range);
    });
    // Overlapping records keep their order, and nothing passes one whose FUA is not yet stable.
    bool const fua =
        std::ranges::any_of(applying_, [](Applying const& applying) { return applying.fua; });
    if ((overlaps || fua) && !mutant(Mutant::apply_out_of_order)) return false;
    DiskOpId const op = new_op(DiskUse::apply);
    applying_.add(
        Applying{op, head.from, head.connection, record->sequence, record->range, record->fua});
    put_on_disk(op, *record, *config_, out);
    if (record->kind == RecordKind::resync) {
        if (auto* following = std::get_if<leg::Following>(&legs_[head.from.value])) {
            Chunks const chunks = log_.chunks_of(record->range);
            for (std::uint64_t c = chunks.first;
                 c <= chunks.last && following->received.size() != 0; ++c) {
                following->received.set(c);
            }
        }
    }
    queue_.take(0);
    return true;
}

/// `applying` is stable before the first unflushed record reaches the disk.
bool MirrorMachine::ensure_applying() {
    if (mutant(Mutant::applying_not_stored)) return true;
    if (!cell().applying) {
        applying_version_ = cells_.edit([](Cell& cell) {
            cell.applying = true;
            cell.pristine = false;
        });
    }
    return cells_.is_stable(applying_version_);
}

void MirrorMachine::acknowledge_record(Slot peer, ConnectionId connection, std::uint64_t sequence,
                                       Outbox& out) {
    ConnectionId const* present = connection_of(legs_[peer.value]);
    if (present == nullptr || *present != connection) return;
    out.put(output::Send{peer, connection, RecordAck{sequence}});
}

void MirrorMachine::apply_done(input::DiskDone const& in, Outbox& out) {
    std::size_t const index = applying_.find([&](Applying const& a) { return a.disk == in.op; });
    VERIFY(index < applying_.size());
    Applying const done = applying_.take(index);
    if (!in.ok) {
        out.note(note::DiskFailed{note::DiskFailed::What::write});
        apply_failed(done.from, out);
    } else if (done.fua) {
        VERIFY(barrier_.kind == Barrier::Kind::none);
        barrier_ = Barrier{};
        barrier_.kind = Barrier::Kind::fua;
        barrier_.from = done.from;
        barrier_.connection = done.connection;
        barrier_.sequence = done.sequence;
        barrier_.flush = new_op(DiskUse::barrier);
        out.put(output::DiskFlush{barrier_.flush});
    } else {
        acknowledge_record(done.from, done.connection, done.sequence, out);
    }
    pump_applying(out);
}

/// The copy can no longer be what the source believes it is. The source learns of it by the lost
/// leg.
void MirrorMachine::apply_failed(Slot from, Outbox& out) {
    watched_in_sync_ = false;
    DataState const was = cell().data;
    if (was != DataState::inconsistent) {
        cells_.edit([](Cell& cell) { cell.tear(); });
        out.note(note::DataChanged{was, DataState::inconsistent});
    }
    queue_.clear();
    // What else was on its way to the disk may fail as well; the leg is lost but once.
    bool const follows = std::holds_alternative<leg::Following>(legs_[from.value]);
    if (follows) rest_if_refused_again(out);
    close_leg(from, out);
}

void MirrorMachine::barrier_flushed(input::DiskDone const& in, Outbox& out) {
    if (barrier_.flush != in.op || barrier_.storing) {
        out.note(note::Ignored{"a flush that nobody waits for any more"});
        return;
    }
    Barrier const barrier = barrier_;
    if (!in.ok) {
        out.note(note::DiskFailed{note::DiskFailed::What::flush});
        barrier_ = Barrier{};
        if (barrier.kind == Barrier::Kind::promotion) {
            // It stays out of service, and the membership machine is told.
            refused_ = std::get<passage::Promoting>(passage_).era;
            refused_by_disk_ = true;
            passage_ = passage::None{};
            greet_all(out);
        } else {
            apply_failed(barrier.from, out);
        }
        pump_applying(out);
        return;
    }
    switch (barrier.kind) {
        case Barrier::Kind::none:
        case Barrier::Kind::generation:
            return;
        case Barrier::Kind::flush:
        case Barrier::Kind::settle:
            barrier_ = Barrier{};
            settled_here(out);
            acknowledge_record(barrier.from, barrier.connection, barrier.sequence, out);
            pump_applying(out);
            return;
        case Barrier::Kind::fua:
            barrier_ = Barrier{};
            acknowledge_record(barrier.from, barrier.connection, barrier.sequence, out);
            pump_applying(out);
            return;
        case Barrier::Kind::finish:
            store_finish(out);
            return;
        case Barrier::Kind::pause:
            store_pause(out);
            return;
        case Barrier::Kind::image:
            image_due(out);
            return;
        case Barrier::Kind::promotion:
            store_promotion(out);
            return;
    }
}

/// One cell holds all of it: up to date, the source's generation, and the finish (G18).
void MirrorMachine::store_finish(Outbox& out) {
    ConnectionId const* present = connection_of(legs_[barrier_.from.value]);
    bool const following = present != nullptr && *present == barrier_.connection;
    set_data(following ? DataState::up_to_date : DataState::consistent, out);
    barrier_.storing = true;
    barrier_.version = cells_.edit([&](Cell& cell) {
        cell.current = barrier_.finish->current;
        cell.history = barrier_.finish->history;
        cell.resync = barrier_.finish->resync;
        cell.applying = false;
        cell.pristine = false;
        cell.apart = Apart::no;
        cell.fallback = {};
        cell.peers[barrier_.from.value].base = Generation{};
        adopt(cell, barrier_.from, barrier_.finish->absent);
    });
}

/// Everything received is stable on the disk; now the cell says who owns it.
void MirrorMachine::store_promotion(Outbox& out) {
    auto const promoting = std::get<passage::Promoting>(passage_);
    bool const fit = cell().last_owner || cell().data > DataState::outdated;
    bool const unfit = !promoting.forced && !fit && !mutant(Mutant::promote_while_resyncing);
    if (unfit || cell().era > promoting.era) {
        // SAF-5, SAF-7: what made this copy fit has changed since the decision, or another has been
        // promoted with a later era.
        refused_ = promoting.era;
        refused_by_disk_ = false;
        barrier_ = Barrier{};
        passage_ = passage::None{};
        greet_all(out);
        pump_applying(out);
        return;
    }
    Generation const forced{mint(), Minted::forced};
    barrier_.storing = true;
    set_flag(note::FlagChanged::Which::last_owner, true, out);
    set_flag(note::FlagChanged::Which::data_corrupt, false, out);
    set_data(DataState::up_to_date, out);
    barrier_.version = cells_.edit([&](Cell& cell) {
        cell.role = Role::source;
        cell.applying = false;
        cell.apart = Apart::no;
        cell.fallback = {};
        cell.era = std::max(cell.era, promoting.era);
        // Who was left behind may have caught up with another source since, unheard of here.
        for (PeerRecord& peer : cell.peers) {
            peer.may_be_current = peer.may_be_current || (peer.base && has_thirds());
        }
        if (!promoting.forced) return;
        // R87: what the others hold is condemned from here on; they are outdated.
        for_each_peer([&](Slot peer) {
            Generation& base = cell.peers[peer.value].base;
            if (!base) base = cell.current;
        });
        cell.succeed(forced);
    });
    if (!promoting.forced) return;
    for_each_peer([&](Slot peer) { absence_version_[peer.value] = barrier_.version; });
    out.note(note::GenerationMinted{forced});
    if (!mutant(Mutant::force_unaudited)) out.note(note::OverrideRecorded{forced});
}

void MirrorMachine::barrier_stored(Outbox& out) {
    if (!barrier_.storing || !cells_.is_stable(barrier_.version)) return;
    if (barrier_.kind == Barrier::Kind::promotion) {
        enter_service(out);
        return;
    }
    Barrier const barrier = barrier_;
    barrier_ = Barrier{};
    if (barrier.kind == Barrier::Kind::pause) {
        paused_here(barrier, out);
        pump_applying(out);
        return;
    }
    if (barrier.kind == Barrier::Kind::generation) {
        generation_stored_here(barrier, out);
        pump_applying(out);
        return;
    }
    auto* following = std::get_if<leg::Following>(&legs_[barrier.from.value]);
    if (following != nullptr && following->connection == barrier.connection) {
        leg::Following mirroring = *following;
        mirroring.phase = leg::Following::Phase::mirroring;
        mirroring.received = Bitmap();
        in_sync_since(barrier.from, following->era);
        // Whole again through its own disk, whatever that refused before: what it lost then was
        // named and has been copied (G11).
        unfit_ = 0;
        flush_failed_ = false;
        refusals_ = 0;
        out.note(note::CopyCompleted{barrier.from, barrier.finish->resync});
        log_.clear_all(barrier.from);
        // What names third copies bears the stamp of a generation that is not this copy's any more.
        if (has_thirds()) log_.stamp_again();
        out.put(
            output::Send{barrier.from, barrier.connection, FinishReply{barrier.finish->resync}});
        set_leg(barrier.from, std::move(mirroring), out);
    }
    pump_applying(out);
}

/// Everything received so far is stable: runs need not be sent again (R39), and a copy with nothing
/// newer is whole.
void MirrorMachine::settled_here(Outbox& out) {
    for_each_peer([&](Slot peer) {
        auto* following = std::get_if<leg::Following>(&legs_[peer.value]);
        if (following == nullptr || !following->received.any()) return;
        log_.clear(peer, following->received);
        following->received = Bitmap(log_.chunks());
    });
    if (queue_.empty() && applying_.empty() && cell().applying) {
        cells_.edit([](Cell& cell) { cell.applying = false; });
    }
    advance_passage(out);
}

}  // namespace sunder::replication
