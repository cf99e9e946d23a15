// SPDX-License-Identifier: BSD-3-Clause
//
// The formats of what comes into a mirror machine, for recordings; and of what it reports, which is
// what comes into the node's.
#pragma once

#include "replication/message_format.h"
#include "replication/seam.h"

namespace sunder {

SUNDER_FORMAT_ENUM(replication::HostOp, read, write, trim, write_zeroes, flush);
SUNDER_FORMAT_ENUM(replication::Timer, settle, resync_pace, rest);
SUNDER_FORMAT_ENUM(replication::LegState, disconnected, handshaking, paused, resyncing, mirroring);
SUNDER_FORMAT_ENUM(replication::CopyState, in_sync, not_watched, paused, outdated, inconsistent);
SUNDER_FORMAT(replication::Page, peer, number, stamp, damaged, words);

SUNDER_FORMAT(replication::command::Promote, era, forced);
SUNDER_FORMAT(replication::command::Demote, for_peer);
SUNDER_FORMAT(replication::command::RaiseEra, era);
SUNDER_FORMAT(replication::command::PeerGone, peer);
SUNDER_FORMAT(replication::command::SetDataCorrupt);
SUNDER_FORMAT(replication::command::ClearLastOwner);
SUNDER_FORMAT(replication::command::MarkOutdated, by);
SUNDER_FORMAT(replication::command::Concede, winner, theirs);
SUNDER_FORMAT(replication::command::Pause, peer, paused);
SUNDER_FORMAT(replication::command::SetAllBits, peer);
SUNDER_FORMAT(replication::command::ClearAllBits, peer);
SUNDER_FORMAT(replication::command::EnableAsynchronous, limit);
SUNDER_FORMAT(replication::command::Extend, to, agreed);
SUNDER_FORMAT(replication::command::Create);
SUNDER_FORMAT(replication::command::UseFallbackImage);
SUNDER_FORMAT(replication::command::PeerKnowsOutdated, peer, by);
SUNDER_FORMAT_VARIANT(replication::Command, replication::command::Promote,
                      replication::command::Demote, replication::command::RaiseEra,
                      replication::command::PeerGone, replication::command::SetDataCorrupt,
                      replication::command::ClearLastOwner, replication::command::MarkOutdated,
                      replication::command::Concede, replication::command::Pause,
                      replication::command::SetAllBits, replication::command::ClearAllBits,
                      replication::command::EnableAsynchronous, replication::command::Extend,
                      replication::command::Create, replication::command::UseFallbackImage,
                      replication::command::PeerKnowsOutdated);

SUNDER_FORMAT(replication::input::Started, cell, pages, nonce, image_kept);
SUNDER_FORMAT(replication::input::HostRequest, request, op, fua, range, payload);
SUNDER_FORMAT(replication::input::MessageArrived, peer, connection, message);
SUNDER_FORMAT(replication::input::ConnectionUp, peer, connection);
SUNDER_FORMAT(replication::input::ConnectionDown, peer, connection);
SUNDER_FORMAT(replication::input::DiskDone, op, ok, payload);
SUNDER_FORMAT(replication::input::PersistDone, id, ok);
SUNDER_FORMAT(replication::input::TimerFired, timer);
SUNDER_FORMAT(replication::input::Commanded, command);
SUNDER_FORMAT(replication::input::ImageLost);
SUNDER_FORMAT_VARIANT(replication::Input, replication::input::Started,
                      replication::input::HostRequest, replication::input::MessageArrived,
                      replication::input::ConnectionUp, replication::input::ConnectionDown,
                      replication::input::DiskDone, replication::input::PersistDone,
                      replication::input::TimerFired, replication::input::Commanded,
                      replication::input::ImageLost);

SUNDER_FORMAT(replication::Report, cell, open, passing, refused, refused_by_disk, stayed, conceded,
              unfit, obeyed, order_failed, copy, watched, watched_with, legs, source, split,
              unrecorded, next);

namespace replication::input {

/// A page is none without its words.
std::string flaw_of(Started const& started);

}  // namespace replication::input

}  // namespace sunder
