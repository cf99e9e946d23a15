// SPDX-License-Identifier: BSD-3-Clause
//
// Two servers share a disk, and one of them at a time runs the copy of a mirror that lies on it
// (A.17). This machine runs on each of them and decides who: the disk is reserved before anything
// is started from it, and taken from a server that was watched dying. There is one copy of the data
// only, so that nothing old can be served; a reservation that is broken stops whoever held it.
#pragma once

#include "base/hash.h"
#include "base/ids.h"
#include "nodes/seam.h"

#include <boost/container/small_vector.hpp>
#include <optional>
#include <variant>

namespace sunder::nodes::shared_disk {

/// Why the disk is asked for, or not.
enum class Rule : std::uint8_t {
    first_choice,       ///< the server that is named first starts
    peer_may_have_it,   ///< the other may be starting, or have it
    nobody_answers,     ///< the other was not heard since this one booted, or stood still
    everybody_is_gone,  ///< the other, and whoever else was there: it may be this one that is cut
                        ///< off
    peer_died,          ///< the other was watched dying
    handed_over,        ///< by the other, on an operator's word
    last
};
replication::RuleText text_of(Rule);

struct Facts {
    enum class Peer : std::uint8_t { unknown, heard, watched_die, all_gone, booted_alone };
    Peer peer = Peer::unknown;
    bool first = false;        ///< named first
    bool handed_over = false;  ///< the other has let it go for this one
    friend bool operator==(Facts const&, Facts const&) = default;
};
struct Decision {
    enum class Answer : std::uint8_t {
        stand_by,
        reserve,         ///< unless it is reserved
        take_from_dead,  ///< unless whoever has reserved it still uses it
        take,            ///< whoever has reserved it
    };
    Answer answer = Answer::stand_by;
    Rule rule = Rule::peer_may_have_it;
    friend bool operator==(Decision, Decision) = default;
};
Decision decide(Facts const& facts);

/// Whether the other server gets the disk while both live.
enum class MoveRule : std::uint8_t {
    granted,
    other_server_first,  ///< granted, because something on it failed (R53)
    not_carried_here,
    peer_unreachable,
    failed_there_too,
    in_transition,
    resource_does_not_stop,
    last
};
replication::RuleText text_of(MoveRule);

struct MoveFacts {
    bool carried = false;       ///< here
    bool leaving = false;       ///< it is being handed over already
    bool peer_heard = false;    ///< and can be told
    bool failed = false;        ///< something on it has, for good (R65), or an operator wants it
    bool failed_there = false;  ///< at the other server, before
    friend bool operator==(MoveFacts const&, MoveFacts const&) = default;
};
MoveRule decide_move(MoveFacts const& facts);

namespace input {
struct Started {};
struct PeerHeard {
    bool failed = false;  ///< it says that what stands on the disk failed there
};
struct PeerSilent {
    bool others_heard = true;  ///< any other node is
};
/// This server stood still for longer than it takes to miss the other.
struct StoodStill {};
struct BootWaitOver {};
struct Reserved {
    bool granted = true;
};
/// What was carried is at rest, or cannot be.
struct StoodDown {
    bool done = true;
};
/// The other has let the disk go.
struct HandedOver {
    bool failed = false;     ///< because something on it failed there
    bool came_back = false;  ///< it was this server, and the other could not be told
};
/// Something on the disk has failed here for good (R65).
struct Failed {};
/// An operator wants the other to have it.
struct Move {
    AdminId request;
};
}  // namespace input
using Input = std::variant<input::Started, input::PeerHeard, input::PeerSilent, input::StoodStill,
                           input::BootWaitOver, input::Reserved, input::StoodDown,
                           input::HandedOver, input::Failed, input::Move>;

namespace note {
struct Decided {
    Decision decision;
};
struct TookOver {
    bool continues = false;
};
struct Refused {};  ///< by the reservation of the other
struct MoveRefused {
    MoveRule rule = MoveRule::granted;
};
struct Moves {};  ///< because something on it failed
}  // namespace note
using Note =
    std::variant<note::Decided, note::TookOver, note::Refused, note::MoveRefused, note::Moves>;

namespace output {
/// A persistent reservation; answered by `Reserved`. Whoever loses one stops at once.
struct Reserve {
    Decision::Answer how = Decision::Answer::reserve;
};
/// Run the copy here. `continues`: it goes on where the other server has stopped.
struct Carry {
    bool continues = false;
};
/// Have everything that runs on the copy stop; answered by `StoodDown`.
struct StandDown {};
/// Stop the copy and give up the reservation, for the other; if that cannot be told, this server
/// hears `HandedOver` itself.
struct HandOver {
    bool failed = false;
};
/// Whatever failed on the copy: the other server does not take it over.
struct Stay {};
struct Reply {
    AdminId request;
    MoveRule rule = MoveRule::granted;
};
struct Noted {
    Note note;
};
}  // namespace output
using Output = std::variant<output::Reserve, output::Carry, output::StandDown, output::HandOver,
                            output::Stay, output::Reply, output::Noted>;
using Outbox = boost::container::small_vector<Output, 4>;

namespace state {
struct StandingBy {
    friend bool operator==(StandingBy const&, StandingBy const&) = default;
};
struct Reserving {
    bool continues = false;
    friend bool operator==(Reserving const&, Reserving const&) = default;
};
struct Carrying {
    friend bool operator==(Carrying const&, Carrying const&) = default;
};
struct Leaving {
    std::optional<AdminId> request;  ///< nothing: something on it failed
    friend bool operator==(Leaving const&, Leaving const&) = default;
};
}  // namespace state
using State = std::variant<state::StandingBy, state::Reserving, state::Carrying, state::Leaving>;

class Machine {
public:
    explicit Machine(bool first) : first_(first) {}

    void step(Input const& input, Outbox& out) noexcept;

    [[nodiscard]] State const& state() const { return state_; }
    /// It handed the disk over because of that, and has not carried it since.
    [[nodiscard]] bool failed_here() const { return failed_here_; }
    [[nodiscard]] Fingerprint fingerprint() const;

private:
    void reconsider(Outbox&, bool handed_over = false);
    /// Without a request: because something failed.
    void move(std::optional<AdminId> request, Outbox&);
    void refused(MoveRule, std::optional<AdminId> request, Outbox&);
    void carry(bool continues, Outbox&);
    void stood_down(bool done, Outbox&);

    bool first_ = false;
    Facts::Peer peer_ = Facts::Peer::unknown;
    bool failed_here_ = false;
    bool failed_there_ = false;  // as the other says
    bool came_back_ = false;     // the other is heard, but could not be told
    State state_;
};

}  // namespace sunder::nodes::shared_disk
