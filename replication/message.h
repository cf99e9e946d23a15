// SPDX-License-Identifier: BSD-3-Clause
//
// What two machines of one group say to each other on their connection, which is one ordered
// channel for writes, resync runs and the words that start and end a resync alike (G1, G5).
#pragma once

#include "base/describe.h"
#include "base/ids.h"
#include "base/payload.h"
#include "base/units.h"
#include "replication/bitmap.h"
#include "replication/cell.h"

#include <memory>
#include <string_view>
#include <variant>
#include <vector>

namespace sunder::replication {

enum class RecordKind : std::uint8_t {
    write,
    trim,
    write_zeroes,
    flush,   ///< a host's flush: a barrier at the target
    settle,  ///< the source's own flush, so that bits can be cleared
    resync,  ///< a run copied from the source
};

/// One change of a group, in the group's order. (era, origin, sequence) is unique; the era alone
/// decides whether a target may still apply it (SAF-7).
struct Record {
    Era era;
    NodeId origin;
    std::uint64_t sequence = 0;
    GroupId group;
    RecordKind kind = RecordKind::write;
    bool fua = false;
    Extent range;
    Payload payload;
    friend bool operator==(Record const&, Record const&) = default;
};

/// The target has applied the record; for flush, settle and FUA: it and all before it are stable.
struct RecordAck {
    std::uint64_t sequence = 0;
    friend bool operator==(RecordAck const&, RecordAck const&) = default;
};

/// Who I am and what I hold; said first on each connection, and again when it changes before a
/// source has begun.
struct Hello {
    Cell cell;
    bool in_service = false;
    bool intent_log = false;
    bool bitmap_merge = false;
    std::uint64_t sectors = 0;
    std::uint64_t chunk_sectors = 0;
    std::shared_ptr<Bitmap const> bits;  ///< my intent bits towards you; null when there are none
    std::uint32_t writes_apart = 0;  ///< how many bits hosts set here since I booted, kept apart
    /// I am the target of a third copy, or still apply what it sent: my bits towards you change.
    bool follows = false;
    PeerMask extended = 0;  ///< to which copies the mirror is extended, as I know it (R93)
    bool rests = false;     ///< my disk refused what I was sent; I greet again when I try again
    friend bool operator==(Hello const&, Hello const&) = default;
};

/// What the source knew of the target when it decided: a target that is something else by now, or
/// was written since, refuses.
struct Heard {
    Generation current;
    std::uint32_t writes_apart = 0;
    /// It knew that it misses writes; one that learns so later is not in sync (G20).
    bool outdated = false;
    friend bool operator==(Heard const&, Heard const&) = default;
};

/// What a source has on record of one of its peers, for the others: any of them may be the source
/// next, and has to judge that peer then (G20, R36).
struct Absence {
    Slot peer;
    Generation base;  ///< it has everything acknowledged up to this generation
    bool may_be_current = false;
    friend bool operator==(Absence const&, Absence const&) = default;
};
using Absences = std::vector<Absence>;

/// The copies are in sync: what follows are records.
struct MirrorBegin {
    Era era;
    Heard heard;
    Absences absent{};  ///< of third copies; any other is in sync
    friend bool operator==(MirrorBegin const&, MirrorBegin const&) = default;
};

/// A resync follows. The target becomes inconsistent, stably, and answers.
struct ResyncBegin {
    Era era;
    ResyncId resync = 0;
    Heard heard;
    friend bool operator==(ResyncBegin const&, ResyncBegin const&) = default;
};
struct ResyncReady {
    ResyncId resync = 0;
    friend bool operator==(ResyncReady const&, ResyncReady const&) = default;
};

/// Everything has been sent: the target flushes, takes over the source's identity and answers.
struct Finish {
    ResyncId resync = 0;
    Generation current;
    History history;
    std::uint64_t after = 0;  ///< sequence of the last record before it
    Absences absent{};        ///< of third copies
    friend bool operator==(Finish const&, Finish const&) = default;
};
struct FinishReply {
    ResyncId resync = 0;
    friend bool operator==(FinishReply const&, FinishReply const&) = default;
};

/// A block that the source's own disk refused: the target reads it when everything sent before is
/// applied.
struct ReadAsk {
    std::uint64_t sequence = 0;
    Extent range;
    friend bool operator==(ReadAsk const&, ReadAsk const&) = default;
};
struct ReadReply {
    std::uint64_t sequence = 0;
    bool ok = false;
    Payload payload;
    friend bool operator==(ReadReply const&, ReadReply const&) = default;
};

/// No record follows this one until the two greet again (R57). The target makes what it has stable,
/// is kept apart from then on, stably, and answers.
struct PauseBegin {
    Era era;
    friend bool operator==(PauseBegin const&, PauseBegin const&) = default;
};
struct PauseReply {
    friend bool operator==(PauseReply const&, PauseReply const&) = default;
};

/// The source went on to a generation of its own, because a third copy is absent. The target takes
/// it over, stably, and answers: it may be the next source, and must know then who misses what.
struct NewGeneration {
    Era era;
    Generation current;
    History history;
    Absences absent;
    friend bool operator==(NewGeneration const&, NewGeneration const&) = default;
};
struct GenerationStored {
    Generation current;
    friend bool operator==(GenerationStored const&, GenerationStored const&) = default;
};

/// By a source to a target: you, I and the copy `about` are equal in these chunks, stably. What the
/// target has marked towards that copy there is cleared (R36; DRBD's peer-ack, C.6).
struct PeerAck {
    Slot about;
    bool all_but = false;  ///< equal everywhere else than in `chunks`
    bool in_sync = false;  ///< that copy holds the current generation
    std::shared_ptr<Bitmap const> chunks;
    friend bool operator==(PeerAck const&, PeerAck const&) = default;
};

using Message = std::variant<Record, RecordAck, std::shared_ptr<Hello const>, MirrorBegin,
                             ResyncBegin, ResyncReady, std::shared_ptr<Finish const>, FinishReply,
                             PauseBegin, PauseReply, ReadAsk, ReadReply,
                             std::shared_ptr<NewGeneration const>, GenerationStored, PeerAck>;

std::string_view name_of(RecordKind);

SUNDER_DESCRIBE(Record, era, origin, sequence, group, kind, fua, range, payload);
SUNDER_DESCRIBE(RecordAck, sequence);
SUNDER_DESCRIBE(Hello, cell, in_service, intent_log, bitmap_merge, sectors, chunk_sectors, bits,
                writes_apart, follows, extended, rests);
SUNDER_DESCRIBE(Heard, current, writes_apart, outdated);
SUNDER_DESCRIBE(Absence, peer, base, may_be_current);
SUNDER_DESCRIBE(MirrorBegin, era, heard, absent);
SUNDER_DESCRIBE(ResyncBegin, era, resync, heard);
SUNDER_DESCRIBE(ResyncReady, resync);
SUNDER_DESCRIBE(Finish, resync, current, history, after, absent);
SUNDER_DESCRIBE(FinishReply, resync);
SUNDER_DESCRIBE(PauseBegin, era);
SUNDER_DESCRIBE(PauseReply);
SUNDER_DESCRIBE(ReadAsk, sequence, range);
SUNDER_DESCRIBE(ReadReply, sequence, ok, payload);
SUNDER_DESCRIBE(NewGeneration, era, current, history, absent);
SUNDER_DESCRIBE(GenerationStored, current);
SUNDER_DESCRIBE(PeerAck, about, all_but, in_sync, chunks);

/// Bytes on the wire: header and content, for links of limited bandwidth.
std::uint64_t wire_bytes(Message const&);
std::string_view name_of(Message const&);
Fingerprint fingerprint(Message const&);

}  // namespace sunder::replication
