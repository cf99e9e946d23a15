// SPDX-License-Identifier: BSD-3-Clause
//
// A host request between its arrival and its answer, and a received record between its arrival and
// its application: the two things a mirror machine holds while disks and peers are busy.
#pragma once

#include "base/payload.h"
#include "replication/message.h"
#include "replication/seam.h"

#include <cstdint>
#include <memory>
#include <variant>

namespace sunder::replication {

/// A host's request at the source (the life of a write, DESIGN 4).
struct Flight {
    enum class Stage : std::uint8_t {
        waiting,   ///< behind an overlapping request, a resync run, an intent bit or the limit
        issued,    ///< on the way to the own disk and down the legs
        flushing,  ///< FUA: written, now being made stable
        done,      ///< the own disk has it
    };
    RequestId request;
    HostOp op = HostOp::read;
    bool fua = false;
    bool failed = false;
    bool apart = false;  ///< of a host at a paused target: no peer is to have it
    Stage stage = Stage::waiting;
    PeerMask sent = 0;   ///< legs that carry the record on their present connection
    PeerMask waits = 0;  ///< synchronous legs that have not confirmed it
    DiskOpId disk;
    std::uint64_t sequence = 0;
    Extent range;
    Payload payload;

    [[nodiscard]] bool changes() const { return op != HostOp::read && op != HostOp::flush; }
    [[nodiscard]] Fingerprint fingerprint() const {
        std::uint64_t const bits = static_cast<std::uint64_t>(op) | std::uint64_t{fua} << 8 |
                                   static_cast<std::uint64_t>(stage) << 16 |
                                   std::uint64_t{sent} << 24 | std::uint64_t{waits} << 32 |
                                   std::uint64_t{failed} << 40 | std::uint64_t{apart} << 41;
        return hash_words(request.value, bits, sequence, range.first, range.count);
    }
    friend bool operator==(Flight const&, Flight const&) = default;
};

/// The copy is to be kept as an image, once everything that was received is stable.
struct KeepImage {
    friend bool operator==(KeepImage const&, KeepImage const&) = default;
};

/// Something that came down the channel and waits for its turn at the target.
struct Incoming {
    Slot from;
    ConnectionId connection;
    std::variant<Record, std::shared_ptr<Finish const>, PauseBegin, ReadAsk, KeepImage,
                 std::shared_ptr<NewGeneration const>>
        what;
    [[nodiscard]] Fingerprint fingerprint() const {
        if (auto const* record = std::get_if<Record>(&what)) return hash_words(1, record->sequence);
        if (auto const* ask = std::get_if<ReadAsk>(&what)) return hash_words(4, ask->sequence);
        if (std::holds_alternative<KeepImage>(what)) return 5;
        if (std::holds_alternative<PauseBegin>(what)) return 3;  // the last of its connection
        if (auto const* fresh = std::get_if<std::shared_ptr<NewGeneration const>>(&what)) {
            return hash_words(6, (*fresh)->current.id);
        }
        // Its place among the records is part of it: a roster's fingerprint knows no order.
        Finish const& finish = *std::get<std::shared_ptr<Finish const>>(what);
        return hash_words(2, finish.resync, finish.after);
    }
    friend bool operator==(Incoming const& a, Incoming const& b) {
        return a.from == b.from && a.connection == b.connection &&
               a.fingerprint() == b.fingerprint();
    }
};

/// A record on its way to the target's disk.
struct Applying {
    DiskOpId disk;
    Slot from;
    ConnectionId connection;
    std::uint64_t sequence = 0;
    Extent range;
    bool fua = false;
    [[nodiscard]] Fingerprint fingerprint() const {
        return hash_words(sequence, range.first, range.count, fua);
    }
    friend bool operator==(Applying const&, Applying const&) = default;
};

/// A read for the source, on its way from the target's disk.
struct Lending {
    DiskOpId disk;
    Slot to;
    ConnectionId connection;
    std::uint64_t sequence = 0;
    Extent range;
    [[nodiscard]] Fingerprint fingerprint() const {
        return hash_words(sequence, range.first, range.count);
    }
    friend bool operator==(Lending const&, Lending const&) = default;
};

/// What the target is waiting for before it may go on in order.
struct Barrier {
    enum class Kind : std::uint8_t {
        none,
        flush,
        settle,
        fua,
        finish,
        pause,
        image,
        promotion,
        generation  ///< it flushes nothing
    };
    Kind kind = Kind::none;
    DiskOpId flush;
    Slot from;
    ConnectionId connection;
    std::uint64_t sequence = 0;
    std::shared_ptr<Finish const> finish;
    bool storing = false;       ///< the flush is done, the cell is on its way
    std::uint32_t version = 0;  ///< of that cell
    [[nodiscard]] Fingerprint fingerprint() const {
        return hash_words(static_cast<std::uint64_t>(kind), sequence, storing);
    }
    friend bool operator==(Barrier const& a, Barrier const& b) {
        return a.kind == b.kind && a.from == b.from && a.sequence == b.sequence &&
               a.storing == b.storing;
    }
};

}  // namespace sunder::replication
