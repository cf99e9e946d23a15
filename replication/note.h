// SPDX-License-Identifier: BSD-3-Clause
//
// What a mirror machine lets the world know: typed values, never text. Reports, tests, golden
// narrations and checkers read them; the machine itself never does.
#pragma once

#include "base/ids.h"
#include "base/units.h"
#include "replication/cell.h"
#include "replication/handshake.h"
#include "replication/split_brain.h"

#include <cstdint>
#include <string_view>
#include <variant>

namespace sunder::replication {

/// DESIGN 4: its own axis, never merged with role or data state.
enum class LegState : std::uint8_t { disconnected, handshaking, paused, resyncing, mirroring };
std::string_view name_of(LegState);

enum class Direction : std::uint8_t { outward, inward };  ///< to the peer, from the peer

namespace note {

struct LegChanged {
    Slot peer;
    LegState from = LegState::disconnected;
    LegState to = LegState::disconnected;
    Direction direction = Direction::outward;
};
struct ResyncDecided {
    Slot peer;
    HandshakeDecision decision;
    HandshakeFacts facts;
};
struct ResyncStarted {  ///< by the source, when the target is ready
    Slot peer;
    ResyncId resync = 0;
    std::uint64_t chunks = 0;  ///< to be copied
};
struct ResyncInterrupted {
    Slot peer;
    ResyncId resync = 0;
    std::uint64_t chunks_left = 0;
    bool finish_sent = false;  ///< by the source: the target may be up to date
};
struct ResyncFinished {  ///< by the source, when it knows
    Slot peer;
    ResyncId resync = 0;
};
struct CopyCompleted {  ///< by the target: it is up to date from this moment
    Slot source;
    ResyncId resync = 0;
};
struct DataChanged {
    DataState from = DataState::inconsistent;
    DataState to = DataState::inconsistent;
};
struct RoleChanged {
    Role to = Role::target;
    Era era;
};
struct GenerationMinted {
    Generation generation;
};
struct PeerOutdated {  ///< stable: the peer has nothing acknowledged after `since` (G20)
    Slot peer;
    Generation since;
};
struct LimitReached {  ///< R12: asynchronous, behaving synchronously
    Slot peer;
};
struct LimitRecovered {
    Slot peer;
};
struct Settled {  ///< intent bits towards the peer were cleared
    Slot peer;
    std::uint64_t chunks = 0;
};
struct OverrideRecorded {  ///< R87, SAF-23: an operator's word that may discard acknowledged writes
    Generation generation;
};
/// A policy was asked who gives up (C.3).
struct SplitBrainDecided {
    Slot peer;
    SplitBrainDecision decision;
    SplitBrainFacts facts;
};
/// R34, SAF-23: this copy gives up what was written to it since it and the winner parted.
struct Conceded {
    enum class By : std::uint8_t { the_operator, policy };
    Slot winner;
    Generation given_up;
    Generation back_to;  ///< none: nothing is known to be shared, so that everything is copied
    By by = By::the_operator;
};
/// By a source: an operator keeps the peer apart, or no longer (R57).
struct PauseChanged {
    Slot peer;
    bool paused = true;
};
/// By a paused target: from here on it holds what a host of its own wrote (R58, R59).
struct WrittenApart {};
/// An operator changed the intent log by hand (R19).
struct IntentLogEdited {
    enum class How : std::uint8_t {
        all_set,      ///< `bitmap -d`
        all_cleared,  ///< `bitmap -c`: the peer is believed to hold what this copy holds
    } how = How::all_set;
    Slot peer;
};
/// `bitmap -a` (R13): asynchronous targets are possible, with so many records outstanding.
struct AsynchronousEnabled {
    std::uint32_t limit = 0;
};
struct DiskFailed {
    enum class What : std::uint8_t { read, write, flush, persist } what = What::read;
};
/// By a target: its disk refused what it was sent, not for the first time since a resync ended
/// well, and it follows nobody for a while.
struct CopyRests {
    Duration until_it_tries;
};
/// A read that the own disk refused was answered by a target (DESIGN 4).
struct ReadFromTarget {
    Slot peer;
};
/// The image of a target's copy from before a resync (DESIGN 4).
struct FallbackImageChanged {
    enum class What : std::uint8_t { kept, lost, restored, dropped } what = What::kept;
};
/// R94: the mirror is extended to this copy no more, and it holds nothing.
struct Erased {};
struct FlagChanged {
    enum class Which : std::uint8_t { last_owner, data_corrupt } which = Which::last_owner;
    bool set = false;
};
/// What came off the wire is impossible; the leg it came on is closed.
struct Rejected {
    Slot peer;
    std::string_view why;
};
/// An input that has no effect in this state, with the reason.
struct Ignored {
    std::string_view why;
};

}  // namespace note

using Note =
    std::variant<note::LegChanged, note::ResyncDecided, note::ResyncStarted,
                 note::ResyncInterrupted, note::ResyncFinished, note::CopyCompleted,
                 note::DataChanged, note::RoleChanged, note::GenerationMinted, note::PeerOutdated,
                 note::LimitReached, note::LimitRecovered, note::Settled, note::OverrideRecorded,
                 note::SplitBrainDecided, note::Conceded, note::PauseChanged, note::WrittenApart,
                 note::IntentLogEdited, note::AsynchronousEnabled, note::DiskFailed,
                 note::CopyRests, note::ReadFromTarget, note::FallbackImageChanged, note::Erased,
                 note::FlagChanged, note::Rejected, note::Ignored>;

}  // namespace sunder::replication
