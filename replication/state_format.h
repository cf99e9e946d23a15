// SPDX-License-Identifier: BSD-3-Clause
//
// The format of all that a mirror machine is but its configuration, which whoever reads it has.
// Nobody else keeps to it: it changes with the machine, and its version then does, too.
#pragma once

#include "replication/input_format.h"
#include "replication/mirror_machine.h"

#include <memory>

namespace sunder {

/// The machine that is read into was made with it.
template <>
struct Format<std::shared_ptr<replication::GroupConfig const>> {
    static void write(Encoder&, std::shared_ptr<replication::GroupConfig const> const&) {}
    static void read(Decoder&, std::shared_ptr<replication::GroupConfig const>&) {}
};

/// How many there are (u32), and each.
template <class T, std::size_t inline_capacity>
struct Format<replication::Roster<T, inline_capacity>> {
    using Roster = replication::Roster<T, inline_capacity>;
    static void write(Encoder& to, Roster const& value) {
        to.to.u32(static_cast<std::uint32_t>(value.size()));
        for (T const& item : value) to.put(item);
    }
    static void read(Decoder& from, Roster& into) {
        std::size_t const count = from.from.count(1);
        into.clear();
        for (std::size_t i = 0; i < count && !from.failed(); ++i) {
            T item{};
            from.get("item", item);
            if (!from.failed()) into.add(std::move(item));
        }
    }
};

SUNDER_FORMAT_CLASS(replication::Pace, granted_, credit_, changed_);
SUNDER_FORMAT_CLASS(replication::CellStore, wanted_, stable_, storing_, wanted_print_,
                    stable_print_, storing_print_, storing_id_, version_, stable_version_, dirty_,
                    frozen_);
SUNDER_FORMAT(replication::IntentLog::PageId, peer, number);
SUNDER_FORMAT(replication::IntentLog::Storing, id, page, print);
SUNDER_FORMAT(replication::IntentLog::PeerBits, wanted, stable);
SUNDER_FORMAT_CLASS(replication::IntentLog, peers_, due_, storing_, sectors_, chunk_sectors_,
                    chunks_, kept_, frozen_);

// What a source and a target hold while disks and peers are busy.
SUNDER_FORMAT_ENUM(replication::Flight::Stage, waiting, issued, flushing, done);
SUNDER_FORMAT(replication::Flight, request, op, fua, failed, apart, stage, sent, waits, disk,
              sequence, range, payload);
SUNDER_FORMAT(replication::KeepImage);
SUNDER_FORMAT_VARIANT(decltype(replication::Incoming::what), replication::Record,
                      std::shared_ptr<replication::Finish const>, replication::PauseBegin,
                      replication::ReadAsk, replication::KeepImage,
                      std::shared_ptr<replication::NewGeneration const>);
SUNDER_FORMAT(replication::Incoming, from, connection, what);
SUNDER_FORMAT(replication::Applying, disk, from, connection, sequence, range, fua);
SUNDER_FORMAT(replication::Lending, disk, to, connection, sequence, range);
SUNDER_FORMAT_ENUM(replication::Barrier::Kind, none, flush, settle, fua, finish, pause, image,
                   promotion, generation);
SUNDER_FORMAT(replication::Barrier, kind, flush, from, connection, sequence, finish, storing,
              version);

// Legs.
SUNDER_FORMAT_ENUM(replication::Verdict, wait, paused, in_sync, partial, full, split_brain,
                   unrelated);
SUNDER_FORMAT_RULES(replication::ResyncRule, no_source_yet, one_of_two_sources_is_idle, strangers,
                    both_were_written, target_is_later, forced_past_last_owner, leg_is_paused,
                    target_rests, target_is_blank, nothing_was_written, no_intent_log,
                    continue_interrupted, finish_was_missed, target_is_torn, cannot_merge,
                    bits_remain, same_generation, union_of_both_logs, target_was_away,
                    base_is_forgotten);
SUNDER_FORMAT(replication::HandshakeDecision, verdict, rule);
SUNDER_FORMAT_ENUM(replication::SplitBrainFacts::Side, neither, first, second);
SUNDER_FORMAT_RULES(replication::SplitBrainRule, operator_decides, unchanged_gives_up,
                    both_were_changed, fewer_changes_give_up, younger_gives_up, older_gives_up,
                    named_node_gives_up, named_node_has_no_copy, changes_are_unknown,
                    second_gives_up_a_tie);
SUNDER_FORMAT(replication::SplitBrainDecision, loser, rule);
SUNDER_FORMAT(replication::Settling, running, peer_stable, own_stable, barrier, flush, candidates,
              recent);
SUNDER_FORMAT(replication::Channel, connection, outstanding, limit_reached, keeps_bits, told, era,
              unconfirmed, settling);
SUNDER_FORMAT(replication::Run, range, read, sequence);
SUNDER_FORMAT(replication::leg::Disconnected);
SUNDER_FORMAT(replication::leg::Handshaking, connection, theirs, decided, decision, opened_mine,
              opened_theirs, resolved, said_owner, said_follows);
SUNDER_FORMAT(replication::leg::Preparing, connection, resync, heard, era, version, full, begun);
SUNDER_FORMAT(replication::leg::Resyncing, channel, resync, need, cursor, in_flight, runs,
              finishing, finish_sent, version, stuck, reserved, pace);
SUNDER_FORMAT(replication::leg::Mirroring, channel);
SUNDER_FORMAT(replication::leg::Paused, connection, confirmed);
SUNDER_FORMAT_ENUM(replication::leg::Following::Phase, imaging, preparing, pausing, paused,
                   resyncing, mirroring);
SUNDER_FORMAT(replication::leg::Following, connection, phase, era, resync, version, received);
SUNDER_FORMAT_VARIANT(replication::Leg, replication::leg::Disconnected,
                      replication::leg::Handshaking, replication::leg::Preparing,
                      replication::leg::Resyncing, replication::leg::Mirroring,
                      replication::leg::Paused, replication::leg::Following);

SUNDER_FORMAT(replication::passage::None);
SUNDER_FORMAT(replication::passage::Promoting, era, forced);
SUNDER_FORMAT_ENUM(replication::passage::Demoting::Stage, draining, flushing, storing);
SUNDER_FORMAT(replication::passage::Demoting, stage, for_peer, vouches, flush, version);
SUNDER_FORMAT(replication::passage::Conceding, version);
SUNDER_FORMAT(replication::passage::Erasing, version);
SUNDER_FORMAT_VARIANT(replication::Passage, replication::passage::None,
                      replication::passage::Promoting, replication::passage::Demoting,
                      replication::passage::Conceding, replication::passage::Erasing);

SUNDER_FORMAT_ENUM(replication::MirrorMachine::Image, idle, keeping, wanted_back, recording,
                   restoring, dropping);
SUNDER_FORMAT(replication::MirrorMachine::Order, version, bits);
SUNDER_FORMAT_CLASS(replication::MirrorMachine, config_, cells_, log_, legs_, passage_, extended_,
                    flights_, waiting_, absence_version_, announcing_, knows_outdated_, unrecorded_,
                    next_, open_, unfit_, flush_failed_, settle_armed_, pace_armed_, greeting_due_,
                    queue_, applying_, lending_, barrier_, image_kept_, image_, image_op_,
                    image_version_, applying_version_, refusals_, resting_, watched_in_sync_,
                    watched_era_, watched_with_, writes_apart_, split_, refused_, refused_by_disk_,
                    stayed_, conceded_, order_, obeyed_, order_failed_, sequence_, nonce_, minted_,
                    next_persist_, next_op_, started_, reported_);

}  // namespace sunder
