// SPDX-License-Identifier: BSD-3-Clause
//
// The machine of one mirror group on one node: a value and a function. It carries the life of a
// write, the legs, resync and the application of records; who may come in service is decided by the
// node's membership machine, which commands it.
//
// One .cc file per concern: arrivals (messages), lifecycle (start, stable stores, promotion),
// requests (hosts), legs (handshake), resync (runs and finish), settling (clearing bits), following
// (becoming a target), applying (records at the target), pausing (a target that is kept apart),
// conceding (the loser of a split brain), orders (what an operator changes by hand), disk_errors (a
// disk that refuses), fallback (the image of a copy from before its resync), lineage (generations,
// and who misses which), peer_acks (targets of one source towards each other), extending (copies
// that join the mirror and leave it).
#pragma once

#include "base/format_fwd.h"
#include "replication/cell_store.h"
#include "replication/config.h"
#include "replication/flight.h"
#include "replication/intent_log.h"
#include "replication/leg.h"
#include "replication/roster.h"
#include "replication/seam.h"

#include <cstddef>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <variant>

namespace sunder::replication {

/// The way into and out of service.
namespace passage {
struct None {
    friend bool operator==(None const&, None const&) = default;
};
struct Promoting {
    Era era;
    bool forced = false;
    friend bool operator==(Promoting const&, Promoting const&) = default;
};
struct Demoting {
    enum class Stage : std::uint8_t { draining, flushing, storing } stage = Stage::draining;
    std::optional<Slot> for_peer;
    bool vouches = false;  ///< it has begun to settle what its targets have in common
    DiskOpId flush;
    CellStore::Version version = 0;
    friend bool operator==(Demoting const&, Demoting const&) = default;
};
/// Leaving service for good if it was in it, and losing what it wrote since it parted from another.
struct Conceding {
    CellStore::Version version = 0;
    friend bool operator==(Conceding const&, Conceding const&) = default;
};
/// Giving up what it holds: the mirror is extended to this copy no more (R94).
struct Erasing {
    CellStore::Version version = 0;
    friend bool operator==(Erasing const&, Erasing const&) = default;
};
}  // namespace passage
using Passage = std::variant<passage::None, passage::Promoting, passage::Demoting,
                             passage::Conceding, passage::Erasing>;

/// Requests of hosts that a guarded source has done all for but answer them: peers that lack them
/// may still take over (G20).
struct Held {
    std::uint32_t requests = 0;  ///< those that wait behind them for the same sectors, too
    PeerMask awaited = 0;        ///< whose word it is that they wait for
    friend bool operator==(Held const&, Held const&) = default;
};

class MirrorMachine {
public:
    explicit MirrorMachine(std::shared_ptr<GroupConfig const> config);

    /// Takes one input and appends what follows from it. Requires Started to come first, once.
    void step(Input const& input, Outbox& out) noexcept;

    [[nodiscard]] Fingerprint fingerprint() const;
    /// Of all that is in it, names and counts too: machines of one identity are the same, and not
    /// only of one future up to names (identity.cc).
    [[nodiscard]] Fingerprint identity() const;
    friend bool operator==(MirrorMachine const&, MirrorMachine const&) = default;

    // For state checkers and displays; no decision of a driver may depend on them.
    [[nodiscard]] GroupConfig const& config() const { return *config_; }
    [[nodiscard]] Cell const& cell() const { return cells_.wanted(); }
    [[nodiscard]] Cell const& stable_cell() const { return *cells_.stable(); }
    [[nodiscard]] IntentLog const& log() const { return log_; }
    [[nodiscard]] bool open() const { return open_; }
    /// True while hosts of this node may use a copy that is kept apart from its source (R58).
    [[nodiscard]] bool open_apart() const;
    [[nodiscard]] CopyState copy_state() const;
    [[nodiscard]] Leg const& leg(Slot peer) const { return legs_[peer.value]; }
    /// The copies that this one mirrors with: those to which the mirror is extended, if it is one.
    [[nodiscard]] PeerMask peers() const {
        auto const others = static_cast<PeerMask>(extended_ & ~bit_of(config_->self));
        return in_mirror() ? others : PeerMask{0};
    }
    /// The mirror is extended to this copy (R93).
    [[nodiscard]] bool in_mirror() const {
        return (extended_ & bit_of(config_->self)) != 0 &&
               !std::holds_alternative<passage::Erasing>(passage_);
    }
    [[nodiscard]] bool split(Slot peer) const { return (split_ & bit_of(peer)) != 0; }
    /// Nothing: the two have not parted, or the peer does not say what it holds.
    [[nodiscard]] std::optional<SplitBrainLoss> split_brain_loss(Slot peer) const;
    /// True when no request, record or store is under way.
    [[nodiscard]] bool quiet() const;
    [[nodiscard]] Held held() const;
    /// How many records an asynchronous leg may have outstanding (R11).
    [[nodiscard]] std::uint32_t asynchronous_limit() const;

private:
    template <class T>
    friend struct sunder::Format;  // replication/state_format.h
    friend std::expected<MirrorMachine, std::string> decode_state(
        std::shared_ptr<GroupConfig const> config, std::span<std::byte const> bytes);

    enum class DiskUse : std::uint8_t {
        flight,
        apply,
        run,
        settle,
        barrier,
        demotion,
        lend,
        image
    };

    // Lifecycle.
    void started(input::Started const&, Outbox&);
    void persisted(input::PersistDone const&, Outbox&);
    void disk_done(input::DiskDone const&, Outbox&);
    void commanded(Command const&, Outbox&);
    void mark_outdated(command::MarkOutdated const&, Outbox&);
    void promote(command::Promote const&, Outbox&);
    void advance_passage(Outbox&);
    void enter_service(Outbox&);
    void demote(command::Demote const&, Outbox&);
    void demotion_flushed(input::DiskDone const&, Outbox&);
    void demotion_advance(passage::Demoting&, Outbox&);
    bool vouched_for_all(passage::Demoting&, Outbox&);
    void stay_in_service(Slot lost, Outbox&);
    void close_targets(Outbox&);

    // Conceding a split brain (conceding.cc).
    void resolve_by_policy(Slot, Outbox&);
    void concede(Slot winner, Cell const& theirs, note::Conceded::By, Outbox&);
    void concession_advance(passage::Conceding const&, Outbox&);

    // A target that is kept apart (pausing.cc).
    void pause_leg(command::Pause const&, Outbox&);
    void begin_pausing(Slot, Outbox&);
    void pause_confirmed(Slot, Outbox&);
    void follow_pause(Slot, ConnectionId, PauseBegin const&, Outbox&);
    void store_pause(Outbox&);
    void paused_here(Barrier const&, Outbox&);
    [[nodiscard]] bool may_write_apart(Outbox&);
    bool end_apart(Outbox&);

    // An image from before a resync (fallback.cc).
    [[nodiscard]] bool wants_image() const;
    [[nodiscard]] bool going_back() const {
        return image_ == Image::wanted_back || image_ == Image::recording ||
               image_ == Image::restoring;
    }
    void keep_image(Slot, ConnectionId, ResyncBegin const&, Outbox&);
    [[nodiscard]] leg::Following const* awaiting_image(Barrier const&) const;
    void image_due(Outbox&);
    void order_image(output::ArrayImage::Do, Outbox&);
    void image_done(input::DiskDone const&, Outbox&);
    void image_lost(Outbox&);
    void use_fallback_image(Outbox&);
    void restore_if_idle();
    void restore_if_recorded(Outbox&);
    void drop_image_unless_named(Outbox&);

    // Copies that join the mirror and leave it (extending.cc).
    void extend(command::Extend const&, Outbox&);
    void greet_newcomers(PeerMask known, Outbox&);
    void erase_if_idle(Outbox&);
    void erasure_advance(passage::Erasing const&, Outbox&);
    void create(Outbox&);

    // What an operator changes by hand (orders.cc).
    void set_all_bits(Slot, Outbox&);
    void clear_all_bits(Slot, Outbox&);
    void enable_asynchronous(std::uint32_t limit, Outbox&);
    void order_given(std::optional<Slot> waits_for_bits);
    void obey();
    void order_cannot_be_obeyed(Outbox&);

    void set_flag(note::FlagChanged::Which, bool set, Outbox&);
    void set_data(DataState, Outbox&);
    void after_step(Outbox&);
    [[nodiscard]] DiskOpId new_op(DiskUse);
    [[nodiscard]] std::uint64_t mint() { return nonce_ << 16 | ++minted_; }
    /// All others that there could be.
    template <class Visit>
    void for_each_copy(Visit&& visit) const {
        for (std::uint8_t p = 0; p < config_->copies; ++p) {
            if (p != config_->self.value) visit(Slot{p});
        }
    }
    template <class Visit>
    void for_each_peer(Visit&& visit) const {
        PeerMask const peers = this->peers();
        for_each_copy([&](Slot peer) {
            if ((peers & bit_of(peer)) != 0) visit(peer);
        });
    }

    // Requests of hosts (requests.cc).
    void requested(input::HostRequest const&, Outbox&);
    bool launch(std::size_t index, Outbox&);
    [[nodiscard]] bool room_on_legs(Outbox&);
    [[nodiscard]] bool may_launch_change(std::size_t index, Outbox&);
    void peer_has_caught_up(Slot, Outbox&);
    void issue(std::size_t index, Outbox&);
    [[nodiscard]] Record record_of(std::uint64_t sequence, RecordKind kind, Extent range = {},
                                   Payload payload = {}, bool fua = false) const;
    void flight_disk_done(input::DiskDone const&, Outbox&);
    bool acknowledge(std::size_t index, Outbox&);
    void acknowledge_all(Outbox&);
    void pump_flights(Outbox&);
    void record_acknowledged(Slot, std::uint64_t sequence, Outbox&);
    /// True when what a pair need not say matters to somebody.
    [[nodiscard]] bool has_thirds() const { return config_->copies > 2; }

    // Generations, and who misses which (lineage.cc).
    [[nodiscard]] bool lacks_absence(Slot peer) const;
    [[nodiscard]] bool absences_recorded(PeerMask absent) const;
    void record_absences(PeerMask absent, Outbox&);
    void record_if_none_may_promote(Outbox&);
    void record_as_promised(Outbox&);
    void leave_behind(PeerMask absent, Generation fresh, Outbox&);
    [[nodiscard]] bool knows_all(Channel const&) const;
    void tell_generations(Outbox&);
    void generation_stored(Slot, GenerationStored const&, Outbox&);
    [[nodiscard]] Absences absences(Cell const&, Slot to) const;
    void adopt(Cell&, Slot source, Absences const&);
    void follow_generation(Slot, ConnectionId, std::shared_ptr<NewGeneration const> const&,
                           Outbox&);
    void store_generation(Incoming const&, NewGeneration const&);
    void generation_stored_here(Barrier const&, Outbox&);

    // Targets of one source towards each other (peer_acks.cc).
    void name_for_others(Slot from, Extent);
    [[nodiscard]] bool is_named_for_others(Slot from, Extent) const;
    void peer_acknowledged(Slot, PeerAck const&, Outbox&);
    void acknowledge_peers(Slot, Bitmap const& clean, Outbox&);
    void introduce(Slot, Outbox&);
    void vouch_for(Slot, Outbox&);
    void send_peer_ack(Slot to, PeerAck, Outbox&);

    // A disk that refuses (disk_errors.cc).
    void own_write_failed(Outbox&);
    void own_flush_failed(Outbox&);
    [[nodiscard]] bool read_elsewhere(std::size_t index, Outbox&);
    void read_answered(Slot, ReadReply const&, Outbox&);
    void give_up_reads(Slot, Outbox&);
    void read_asked(Slot, ConnectionId, ReadAsk const&, Outbox&);
    bool lend(Incoming const&, ReadAsk const&, Outbox&);
    void lent(input::DiskDone const&, Outbox&);
    void rest_if_refused_again(Outbox&);
    void rest_is_over(Outbox&);

    // What comes in on legs (arrivals.cc).
    void message_arrived(input::MessageArrived const&, Outbox&);
    void acknowledged(Slot, RecordAck const&, Outbox&);
    void greeted(Slot, std::shared_ptr<Hello const> const&, Outbox&);
    void follow_finish(Slot, ConnectionId, std::shared_ptr<Finish const> const&, Outbox&);

    // Legs (legs.cc).
    void connection_up(input::ConnectionUp const&, Outbox&);
    void open(Slot, Outbox&);
    std::shared_ptr<Hello const> greet(Slot, Outbox&);
    void greet_all(Outbox&);
    void greet_if_followed_otherwise(Outbox&);
    void consider(Slot, Outbox&);
    [[nodiscard]] bool has_third_era(Slot, Cell const&) const;
    [[nodiscard]] HandshakeFacts observe(Slot, Hello const&) const;
    void begin_mirroring(Slot, Outbox&);
    void begin_preparing(Slot, HandshakeDecision, Outbox&);
    void advance_preparing(Outbox&);
    void lose_leg(Slot, Outbox&);
    void give_up_records(Slot, Outbox&);
    void close_leg(Slot, Outbox&);
    void reject(Slot, std::string_view why, Outbox&);
    void set_leg(Slot, Leg, Outbox&);

    // Resync (resync.cc).
    void resync_ready(Slot, ResyncReady const&, Outbox&);
    void pump_resync(Slot, Outbox&);
    bool start_run(Slot, leg::Resyncing&, Outbox&);
    [[nodiscard]] std::optional<std::uint64_t> next_to_run(leg::Resyncing&);
    void finish_if_done(Slot, leg::Resyncing&);
    void send_finishes(Outbox&);
    void run_read(input::DiskDone const&, Outbox&);
    void finish_replied(Slot, FinishReply const&, Outbox&);
    void arm_pacing(leg::Resyncing const&, Outbox&);
    void pace_timer(Outbox&);
    [[nodiscard]] bool hosts_change() const;
    [[nodiscard]] bool busy(std::uint64_t chunk) const;
    [[nodiscard]] bool locked_by_run(Extent) const;

    // Settling (settling.cc).
    void arm_settling(Outbox&);
    void settle_timer(Outbox&);
    void start_settling(Slot, Outbox&);
    void settle_flushed(input::DiskDone const&, Outbox&);
    void finish_settling(Slot, Outbox&);
    void touch(Slot, Chunks);

    // Following (following.cc).
    [[nodiscard]] bool may_follow(Era) const;
    [[nodiscard]] bool is_as(Heard const&) const;
    [[nodiscard]] bool follows_other(Slot peer) const;
    void turn_to(Slot peer, Hello const& theirs, Outbox&);
    void in_sync_since(Slot source, Era era) {
        watched_in_sync_ = true;
        watched_era_ = era;
        watched_with_ = source;
    }
    void follow_mirror(Slot, MirrorBegin const&, Outbox&);
    void follow_resync(Slot, ResyncBegin const&, Outbox&);
    void begin_resyncing(Slot, ConnectionId, Era, ResyncId, Outbox&);
    void advance_following(Outbox&);
    void stop_following(Slot, leg::Following const&, Outbox&);

    // Applying (applying.cc).
    [[nodiscard]] std::string_view impossible(Slot, Record const&) const;
    void receive(Slot, ConnectionId, Record const&, Outbox&);
    void pump_applying(Outbox&);
    bool apply_next(Outbox&);
    bool ensure_applying();
    void apply_done(input::DiskDone const&, Outbox&);
    void apply_failed(Slot, Outbox&);
    void barrier_flushed(input::DiskDone const&, Outbox&);
    void store_finish(Outbox&);
    void store_promotion(Outbox&);
    void barrier_stored(Outbox&);
    void settled_here(Outbox&);
    void acknowledge_record(Slot, ConnectionId, std::uint64_t sequence, Outbox&);

    std::shared_ptr<GroupConfig const> config_;
    CellStore cells_;
    IntentLog log_;
    PerMember<Leg> legs_;
    Passage passage_;
    PeerMask extended_;  // copies of the mirror, this one among them

    // As source.
    Roster<Flight, 2> flights_;
    std::uint32_t waiting_ = 0;  // flights that could not be launched yet
    PerCopy<CellStore::Version> absence_version_{};
    PeerMask announcing_ = 0;      // absences that are on their way to stable storage
    PeerMask knows_outdated_ = 0;  // peers that cannot promote (guarded)
    PeerMask unrecorded_ = 0;      // peers that are left behind as soon as none of them can
    Generation next_;              // which is minted then
    bool open_ = false;
    std::uint32_t unfit_ = 0;    // how often the disk refused what the policy will not bear
    bool flush_failed_ = false;  // G11: sticky until the next start
    bool settle_armed_ = false;
    bool pace_armed_ = false;
    bool greeting_due_ = false;  // only within a step

    // As target.
    Roster<Incoming, 2> queue_;
    Roster<Applying, 2> applying_;
    Roster<Lending, 1> lending_;
    Barrier barrier_;
    bool image_kept_ = false;  // by the array
    enum class Image : std::uint8_t { idle, keeping, wanted_back, recording, restoring, dropping };
    Image image_ = Image::idle;
    DiskOpId image_op_;
    CellStore::Version image_version_ = 0;  // what a restore has to be preceded by
    CellStore::Version applying_version_ = 0;
    std::uint32_t refusals_ = 0;    // of the own disk, since a resync ended well; saturates
    bool resting_ = false;          // because of them
    bool watched_in_sync_ = false;  // R30: volatile on purpose
    Era watched_era_;               // of the source with which it was
    std::optional<Slot> watched_with_;
    std::uint32_t writes_apart_ = 0;  // bits that hosts have set while it was kept apart

    PeerMask split_ = 0;
    Era refused_;  // the promotion that failed last
    bool refused_by_disk_ = false;
    std::uint32_t stayed_ = 0;
    std::uint32_t conceded_ = 0;
    struct Order {  // it is obeyed when this is stable
        CellStore::Version version = 0;
        std::optional<Slot> bits;  // all of them, towards this peer
        friend bool operator==(Order const&, Order const&) = default;
    };
    std::optional<Order> order_;
    std::uint32_t obeyed_ = 0;
    bool order_failed_ = false;
    std::uint64_t sequence_ = 0;
    std::uint64_t nonce_ = 0;
    std::uint64_t minted_ = 0;
    PersistId next_persist_{1};
    std::uint32_t next_op_ = 0;
    bool started_ = false;
    Report reported_;
};

}  // namespace sunder::replication
