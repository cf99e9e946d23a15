// SPDX-License-Identifier: BSD-3-Clause
//
// Sizes, names and fingerprints of messages.
#include "replication/message.h"

namespace sunder::replication {

namespace {

constexpr std::uint64_t header_bytes = 64;

struct WireBytes {
    std::uint64_t operator()(Record const& record) const {
        bool const carries = record.kind == RecordKind::write || record.kind == RecordKind::resync;
        return header_bytes + (carries ? record.range.count * sector_bytes : 0);
    }
    std::uint64_t operator()(std::shared_ptr<Hello const> const& hello) const {
        // Only words that are not zero travel.
        std::uint64_t words = 0;
        if (hello->bits) hello->bits->for_each_word([&](std::uint64_t, std::uint64_t) { ++words; });
        return 512 + words * 16;
    }
    std::uint64_t operator()(ReadReply const& reply) const {
        return header_bytes + reply.payload.sectors() * sector_bytes;
    }
    std::uint64_t operator()(PeerAck const& ack) const {
        std::uint64_t words = 0;
        ack.chunks->for_each_word([&](std::uint64_t, std::uint64_t) { ++words; });
        return header_bytes + words * 16;
    }
    std::uint64_t operator()(auto const&) const { return header_bytes; }
};

struct Name {
    std::string_view operator()(Record const& record) const { return name_of(record.kind); }
    std::string_view operator()(RecordAck const&) const { return "ack"; }
    std::string_view operator()(std::shared_ptr<Hello const> const&) const { return "hello"; }
    std::string_view operator()(MirrorBegin const&) const { return "mirror_begin"; }
    std::string_view operator()(ResyncBegin const&) const { return "resync_begin"; }
    std::string_view operator()(ResyncReady const&) const { return "resync_ready"; }
    std::string_view operator()(std::shared_ptr<Finish const> const&) const { return "finish"; }
    std::string_view operator()(FinishReply const&) const { return "finish_reply"; }
    std::string_view operator()(PauseBegin const&) const { return "pause_begin"; }
    std::string_view operator()(PauseReply const&) const { return "pause_reply"; }
    std::string_view operator()(ReadAsk const&) const { return "read_ask"; }
    std::string_view operator()(ReadReply const&) const { return "read_reply"; }
    std::string_view operator()(std::shared_ptr<NewGeneration const> const&) const {
        return "new_generation";
    }
    std::string_view operator()(GenerationStored const&) const { return "generation_stored"; }
    std::string_view operator()(PeerAck const&) const { return "peer_ack"; }
};

Fingerprint print_of(Absences const& absent) {
    Hasher hasher;
    for (Absence const& absence : absent) {
        hasher.add(hash_words(absence.peer.value, absence.base.id, absence.may_be_current));
    }
    return absent.empty() ? 0 : hasher.result();
}

struct MessagePrint {
    Fingerprint operator()(Record const& record) const {
        return hash_words(1, record.sequence, record.era.number, record.range.first,
                          record.range.count,
                          static_cast<std::uint64_t>(record.kind) << 8 | std::uint64_t{record.fua},
                          record.payload.fingerprint());
    }
    Fingerprint operator()(RecordAck const& ack) const { return hash_words(2, ack.sequence); }
    Fingerprint operator()(std::shared_ptr<Hello const> const& hello) const {
        return hash_words(3, hello->cell.fingerprint(), hello->in_service,
                          hello->bits ? hello->bits->fingerprint() : 0,
                          std::uint64_t{hello->writes_apart} << 1 | std::uint64_t{hello->follows} |
                              std::uint64_t{hello->extended} << 40 |
                              std::uint64_t{hello->rests} << 48);
    }
    Fingerprint operator()(MirrorBegin const& begin) const {
        return hash_words(4, begin.era.number, begin.heard.current.id, begin.heard.writes_apart,
                          begin.heard.outdated, print_of(begin.absent));
    }
    Fingerprint operator()(ResyncBegin const& begin) const {
        return hash_words(5, begin.era.number, begin.resync, begin.heard.current.id,
                          begin.heard.writes_apart, begin.heard.outdated);
    }
    Fingerprint operator()(ResyncReady const& ready) const { return hash_words(6, ready.resync); }
    Fingerprint operator()(std::shared_ptr<Finish const> const& finish) const {
        return hash_words(7, finish->resync, finish->current.id, finish->after,
                          print_of(finish->absent));
    }
    Fingerprint operator()(FinishReply const& reply) const { return hash_words(8, reply.resync); }
    Fingerprint operator()(PauseBegin const& begin) const {
        return hash_words(9, begin.era.number, begin.era.node.value);
    }
    Fingerprint operator()(PauseReply const&) const { return 10; }
    Fingerprint operator()(ReadAsk const& ask) const {
        return hash_words(11, ask.sequence, ask.range.first, ask.range.count);
    }
    Fingerprint operator()(ReadReply const& reply) const {
        return hash_words(12, reply.sequence, reply.ok, reply.payload.fingerprint());
    }
    Fingerprint operator()(std::shared_ptr<NewGeneration const> const& generation) const {
        return hash_words(13, generation->current.id, generation->era.number,
                          print_of(generation->absent));
    }
    Fingerprint operator()(GenerationStored const& stored) const {
        return hash_words(14, stored.current.id);
    }
    Fingerprint operator()(PeerAck const& ack) const {
        return hash_words(15, ack.about.value, ack.all_but, ack.in_sync, ack.chunks->fingerprint());
    }
};

}  // namespace

std::uint64_t wire_bytes(Message const& message) { return std::visit(WireBytes{}, message); }
std::string_view name_of(Message const& message) { return std::visit(Name{}, message); }
Fingerprint fingerprint(Message const& message) { return std::visit(MessagePrint{}, message); }

std::string_view name_of(RecordKind kind) {
    switch (kind) {
        case RecordKind::write:
            return "write";
        case RecordKind::trim:
            return "trim";
        case RecordKind::write_zeroes:
            return "write_zeroes";
        case RecordKind::flush:
            return "flush";
        case RecordKind::settle:
            return "settle";
        case RecordKind::resync:
            return "resync";
    }
    return "";
}

}  // namespace sunder::replication
