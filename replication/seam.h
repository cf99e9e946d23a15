// SPDX-License-Identifier: BSD-3-Clause
//
// The seam of a mirror machine: all that may come in, all that may go out. Time, chance and
// durability are inputs. The outputs of one step do not depend on each other: what must wait for
// something waits in the machine for the input that says so, and a driver may complete, delay, lose
// or tear anything.
//
// A range is one of the group's address space, in which its volumes lie one behind another. Where
// each of them lies is the driver's business: to the machine they are one, and so they share one
// intent log, one cell and one write order.
#pragma once

#include "base/ids.h"
#include "base/payload.h"
#include "base/units.h"
#include "replication/message.h"
#include "replication/note.h"

#include <boost/container/small_vector.hpp>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace sunder::replication {

/// A page of the intent log: 4 KiB on the medium, self-checked and stamped with the generation. The
/// bits towards one peer, `first_word` on. A page that comes back damaged counts as all set (G13).
struct Page {
    Slot peer;
    std::uint32_t number = 0;
    Generation stamp;
    bool damaged = false;
    std::vector<std::uint64_t> words;
    friend bool operator==(Page const&, Page const&) = default;
};

enum class HostOp : std::uint8_t { read, write, trim, write_zeroes, flush };
enum class HostStatus : std::uint8_t {
    ok,
    io_error,
    not_in_service,  ///< ESHUTDOWN to a client
};

enum class Timer : std::uint8_t {
    settle,
    resync_pace,  ///< an interval of a resync's rate is over (R47)
    rest,         ///< a copy whose disk refused what it was sent tries again
};

// Commands of the node's membership machine; it decides, this machine carries out.
namespace command {
/// Come in service in `era`, once received records are applied and flushed. `forced` mints a
/// generation at once (R87).
struct Promote {
    Era era;
    bool forced = false;
};
/// Leave service: finish what was accepted, then become a target (R96). When it leaves for a peer
/// and loses the leg to it on the way, it goes on serving instead.
struct Demote {
    std::optional<Slot> for_peer;
};
/// Accept no lower era than this from now on, stably.
struct RaiseEra {
    Era era;
};
/// All paths to the peer are silent: its connection, if any, is worthless.
struct PeerGone {
    Slot peer;
};
struct SetDataCorrupt {};
struct ClearLastOwner {};
/// A source went on to generation `by` without this copy. A word that comes late, when a resync has
/// brought that generation here, has no effect.
struct MarkOutdated {
    Generation by;
};
/// Give up what was written here since this copy and the winner parted: an operator chose (R34).
/// Requires a group that is not on its way anywhere.
struct Concede {
    Slot winner;
    std::shared_ptr<Cell const> theirs;
};
/// Keep the peer apart from now on, or no longer (R57). Requires a group in service.
struct Pause {
    Slot peer;
    bool paused = true;
};
/// `bitmap -d` (R19): everything may differ from what the peer holds; a leg begins again.
struct SetAllBits {
    Slot peer;
};
/// `bitmap -c` (R19, R88): the peer holds, or will be given, exactly what this copy holds. Requires
/// a group that is out of service.
struct ClearAllBits {
    Slot peer;
};
/// `bitmap -a` (R13). Requires `limit > 0`.
struct EnableAsynchronous {
    std::uint32_t limit = 0;
};
/// The mirror is extended to these copies and to no other (R93, R94). Requires that a copy which
/// drops out is out of service.
struct Extend {
    PeerMask to = 0;
    bool agreed = false;  ///< all of these copies go by it already
};
/// Begin the mirror here, with what the disk holds (R91). Requires a copy that is blank, and
/// nowhere else any that is not.
struct Create {};
/// Make the copy what the fallback image holds, out of service and without a source.
struct UseFallbackImage {};
/// The peer has stored that it is outdated; or it is dead and fenced (guarded policies wait for
/// this).
struct PeerKnowsOutdated {
    Slot peer;
    /// The generation that it was told to lack: a word about an absence that is over has no effect.
    /// Nothing: it is dead.
    std::optional<Generation> by{};
};
}  // namespace command
using Command =
    std::variant<command::Promote, command::Demote, command::RaiseEra, command::PeerGone,
                 command::SetDataCorrupt, command::ClearLastOwner, command::MarkOutdated,
                 command::Concede, command::Pause, command::SetAllBits, command::ClearAllBits,
                 command::EnableAsynchronous, command::Extend, command::Create,
                 command::UseFallbackImage, command::PeerKnowsOutdated>;

namespace input {
/// What was stable. No cell: this copy has never been started before.
struct Started {
    std::optional<Cell> cell;
    std::vector<std::shared_ptr<Page const>> pages;
    std::uint64_t nonce = 0;  ///< never given twice; names are minted from it
    bool image_kept = false;  ///< the array keeps an image of this copy
};
struct HostRequest {
    RequestId request;
    HostOp op = HostOp::read;
    bool fua = false;
    Extent range;
    Payload payload;  ///< of a write
};
struct MessageArrived {
    Slot peer;
    ConnectionId connection;
    Message message;
};
struct ConnectionUp {
    Slot peer;
    ConnectionId connection;
};
struct ConnectionDown {
    Slot peer;
    ConnectionId connection;
};
struct DiskDone {
    DiskOpId op;
    bool ok = true;
    Payload payload;  ///< of a read
};
struct PersistDone {
    PersistId id;
    bool ok = true;
};
struct TimerFired {
    Timer timer = Timer::settle;
};
struct Commanded {
    Command command;
};
/// The array had no room for what the copy held before, and dropped the image.
struct ImageLost {};
}  // namespace input

using Input =
    std::variant<input::Started, input::HostRequest, input::MessageArrived, input::ConnectionUp,
                 input::ConnectionDown, input::DiskDone, input::PersistDone, input::TimerFired,
                 input::Commanded, input::ImageLost>;

/// What this copy is worth if the source is lost now; volatile where it must be (R30).
enum class CopyState : std::uint8_t { in_sync, not_watched, paused, outdated, inconsistent };

/// What the membership machine needs to know of the group, sent when it changes.
struct Report {
    std::shared_ptr<Cell const> cell;  ///< as it is stable
    bool open = false;                 ///< host requests are accepted
    bool passing = false;              ///< on its way into or out of service, or conceding
    Era refused;                       ///< the promotion that failed last, if any
    bool refused_by_disk = false;
    std::uint32_t stayed = 0;    ///< how often it went on serving instead of leaving
    std::uint32_t conceded = 0;  ///< how often it gave up its own writes, stably
    /// How often its disk refused what the policy will not bear, since it was whole last.
    std::uint32_t unfit = 0;
    std::uint32_t obeyed = 0;   ///< how many orders of an operator are stable
    bool order_failed = false;  ///< the last of them could not be obeyed
    CopyState copy = CopyState::not_watched;
    Era watched;  ///< of the source with which it was in sync last in this life
    std::optional<Slot> watched_with;
    PerCopy<LegState> legs{};
    /// Of a guarded source: who must not be able to promote before requests that miss it can be
    /// acknowledged, in generation `next`.
    PeerMask unrecorded = 0;
    Generation next{};
    std::optional<Slot> source{};  ///< whose target this copy is now
    PerCopy<bool> split{};         ///< the last handshake with this peer ended in split brain
    friend bool operator==(Report const&, Report const&) = default;
};

namespace output {
struct Send {
    Slot peer;
    ConnectionId connection;
    Message message;
};
struct Close {
    Slot peer;
    ConnectionId connection;
};
struct HostReply {
    RequestId request;
    HostStatus status = HostStatus::ok;
    Payload payload;
};
struct DiskRead {
    DiskOpId op;
    Extent range;
};
struct DiskWrite {
    DiskOpId op;
    Extent range;
    Payload payload;
};
/// Covers exactly the writes whose DiskDone was delivered before.
struct DiskFlush {
    DiskOpId op;
};
/// A command to the array, answered by DiskDone. Keeping and restoring take no longer than storing
/// a cell, whatever the size; a restored image stays until it is dropped.
struct ArrayImage {
    enum class Do : std::uint8_t { keep, restore, drop };
    DiskOpId op;
    Do what = Do::keep;
};
struct PersistCell {
    PersistId id;
    std::shared_ptr<Cell const> cell;
};
struct PersistPage {
    PersistId id;
    std::shared_ptr<Page const> page;
};
struct ArmTimer {
    Timer timer = Timer::settle;
    Duration after;
};
struct CancelTimer {
    Timer timer = Timer::settle;
};
struct Reported {
    Report report;
};
struct Noted {
    Note note;
};
}  // namespace output

using Output = std::variant<output::Send, output::Close, output::HostReply, output::DiskRead,
                            output::DiskWrite, output::DiskFlush, output::ArrayImage,
                            output::PersistCell, output::PersistPage, output::ArmTimer,
                            output::CancelTimer, output::Reported, output::Noted>;

/// Collects the outputs of a step, in order; the driver empties it and uses it again.
class Outbox {
public:
    template <class T>
    void put(T&& output) {
        outputs_.emplace_back(std::forward<T>(output));
    }
    void note(Note note) { outputs_.emplace_back(output::Noted{std::move(note)}); }
    [[nodiscard]] auto begin() { return outputs_.begin(); }
    [[nodiscard]] auto end() { return outputs_.end(); }
    [[nodiscard]] bool empty() const { return outputs_.empty(); }
    void clear() { outputs_.clear(); }

private:
    boost::container::small_vector<Output, 8> outputs_;
};

}  // namespace sunder::replication
