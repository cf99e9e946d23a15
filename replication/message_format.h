// SPDX-License-Identifier: BSD-3-Clause
//
// The formats of what two machines of one group say to each other.
#pragma once

#include "replication/cell_format.h"
#include "replication/message.h"

namespace sunder {

SUNDER_FORMAT_ENUM(replication::RecordKind, write, trim, write_zeroes, flush, settle, resync);
SUNDER_FORMAT(replication::Record, era, origin, sequence, group, kind, fua, range, payload);
SUNDER_FORMAT(replication::RecordAck, sequence);
SUNDER_FORMAT(replication::Hello, cell, in_service, intent_log, bitmap_merge, sectors,
              chunk_sectors, bits, writes_apart, follows, extended, rests);
SUNDER_FORMAT(replication::Heard, current, writes_apart, outdated);
SUNDER_FORMAT(replication::Absence, peer, base, may_be_current);
SUNDER_FORMAT(replication::MirrorBegin, era, heard, absent);
SUNDER_FORMAT(replication::ResyncBegin, era, resync, heard);
SUNDER_FORMAT(replication::ResyncReady, resync);
SUNDER_FORMAT(replication::Finish, resync, current, history, after, absent);
SUNDER_FORMAT(replication::FinishReply, resync);
SUNDER_FORMAT(replication::PauseBegin, era);
SUNDER_FORMAT(replication::PauseReply);
SUNDER_FORMAT(replication::ReadAsk, sequence, range);
SUNDER_FORMAT(replication::ReadReply, sequence, ok, payload);
SUNDER_FORMAT(replication::NewGeneration, era, current, history, absent);
SUNDER_FORMAT(replication::GenerationStored, current);
SUNDER_FORMAT(replication::PeerAck, about, all_but, in_sync, chunks);
SUNDER_FORMAT_VARIANT(replication::Message, replication::Record, replication::RecordAck,
                      std::shared_ptr<replication::Hello const>, replication::MirrorBegin,
                      replication::ResyncBegin, replication::ResyncReady,
                      std::shared_ptr<replication::Finish const>, replication::FinishReply,
                      replication::PauseBegin, replication::PauseReply, replication::ReadAsk,
                      replication::ReadReply, std::shared_ptr<replication::NewGeneration const>,
                      replication::GenerationStored, replication::PeerAck);

namespace replication {

// What no machine sends; each is empty when there is nothing to object to.
std::string flaw_of(Record const& record);
std::string flaw_of(ReadReply const& reply);
std::string flaw_of(PeerAck const& ack);

}  // namespace replication

}  // namespace sunder
