// SPDX-License-Identifier: BSD-3-Clause
//
// Messages to bytes and back, and what a message cannot be whatever the machine's state.
#include "replication/wire.h"

#include "replication/message_format.h"

#include <fmt/format.h>

namespace sunder::replication {

std::string flaw_of(Record const& record) {
    if (record.payload.sectors() != record.range.count) {
        return fmt::format("changes {} sectors, but has content for {}", record.range.count,
                           record.payload.sectors());
    }
    bool const carries = record.kind == RecordKind::write || record.kind == RecordKind::resync;
    if (record.payload.is_bytes() && !carries)
        return fmt::format("is of kind {}, which carries no bytes, but has some",
                           name_of(record.kind));
    return "";
}

std::string flaw_of(ReadReply const& reply) {
    if (reply.ok || reply.payload.empty()) return "";
    return "says that the block cannot be read, but has content";
}

std::string flaw_of(PeerAck const& ack) {
    return ack.chunks ? "" : "names no chunks, a set of them would be right";
}

void encode(Message const& message, ByteWriter& to) {
    Encoder encoder(to);
    to.u8(wire_version);
    encoder.put(message);
}

Payload const* content_of(Message const& message) {
    Payload const* payload = nullptr;
    if (auto const* record = std::get_if<Record>(&message)) payload = &record->payload;
    if (auto const* reply = std::get_if<ReadReply>(&message)) payload = &reply->payload;
    return payload != nullptr && payload->is_bytes() ? payload : nullptr;
}

std::expected<Message, std::string> decode_message(std::span<std::byte const> head, Payload content,
                                                   std::uint64_t chunks) {
    ByteReader from(head);
    Decoder decoder(from, ContentIs::behind, std::move(content));
    decoder.limits.chunks = chunks;
    decoder.version(wire_version);
    Message message;
    decoder.get("message", message);
    return decoder.finish(std::move(message));
}

}  // namespace sunder::replication
