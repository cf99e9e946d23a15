// SPDX-License-Identifier: BSD-3-Clause
//
// The life of a mirror machine: start from what was stable, stores that come back, the way into and
// out of service, and what every step ends with.
#include "base/mutant.h"
#include "base/verify.h"
#include "replication/blank.h"
#include "replication/mirror_machine.h"

namespace sunder::replication {

MirrorMachine::MirrorMachine(std::shared_ptr<GroupConfig const> config)
    : config_(std::move(config)),
      log_(config_->copies, config_->self, config_->mirrored_sectors, config_->chunk_sectors,
           config_->intent_log),
      legs_(config_->copies),
      extended_(all_copies(config_->copies)) {}

void MirrorMachine::step(Input const& input, Outbox& out) noexcept {
    struct Step {
        MirrorMachine& machine;
        Outbox& out;
        void operator()(input::Started const& in) const { machine.started(in, out); }
        void operator()(input::HostRequest const& in) const { machine.requested(in, out); }
        void operator()(input::MessageArrived const& in) const { machine.message_arrived(in, out); }
        void operator()(input::ConnectionUp const& in) const { machine.connection_up(in, out); }
        void operator()(input::ConnectionDown const& in) const {
            ConnectionId const* connection = connection_of(machine.legs_[in.peer.value]);
            if (connection == nullptr || *connection != in.connection) {
                out.note(note::Ignored{"this connection was given up before"});
                return;
            }
            machine.lose_leg(in.peer, out);
        }
        void operator()(input::DiskDone const& in) const { machine.disk_done(in, out); }
        void operator()(input::PersistDone const& in) const { machine.persisted(in, out); }
        void operator()(input::TimerFired const& in) const {
            switch (in.timer) {
                case Timer::settle:
                    machine.settle_timer(out);
                    return;
                case Timer::resync_pace:
                    machine.pace_timer(out);
                    return;
                case Timer::rest:
                    machine.rest_is_over(out);
                    return;
            }
        }
        void operator()(input::Commanded const& in) const { machine.commanded(in.command, out); }
        void operator()(input::ImageLost const&) const { machine.image_lost(out); }
    };
    VERIFY(started_ || std::holds_alternative<input::Started>(input));
    std::visit(Step{*this, out}, input);
    after_step(out);
}

void MirrorMachine::started(input::Started const& in, Outbox& out) {
    VERIFY(!started_);
    started_ = true;
    nonce_ = in.nonce;
    if (mutant(Mutant::former_run_remembered)) {
        static std::uint64_t starts = 0;
        nonce_ += ++starts;
    }
    image_kept_ = in.image_kept;
    if (in.cell) {
        cells_ = CellStore(*in.cell);
        for (auto const& page : in.pages) log_.load(*page, *in.cell);
        cells_.edit([&](Cell& cell) {
            // What was mirrored before the boot proves nothing about now (R30).
            if (cell.data == DataState::up_to_date) cell.data = DataState::consistent;
            if (cell.applying && cell.role == Role::target) cell.tear();
            cell.applying = false;
            if (!image_kept_) cell.fallback = {};
        });
        drop_image_unless_named(out);
        return;
    }
    bool const first = config_->first_source;
    cells_.edit([&](Cell& cell) {
        cell = blank_target(*config_);
        // All copies of a mirror born in sync share the generation that creation gave them (R44);
        // otherwise a target is blank until its first resync (R43).
        bool const holds_data = first || config_->born_in_sync;
        if (holds_data) cell.current = made_with;
        if (first) cell.role = Role::source;
        if (holds_data) cell.data = DataState::consistent;
        cell.pristine = config_->born_in_sync && !config_->intent_log;
        cell.last_owner = first;
    });
    if (first) out.note(note::FlagChanged{note::FlagChanged::Which::last_owner, true});
}

void MirrorMachine::persisted(input::PersistDone const& in, Outbox& out) {
    bool const known = cells_.done(in.id, in.ok) || log_.done(in.id, in.ok);
    VERIFY(known);
    if (!in.ok) {
        out.note(note::DiskFailed{note::DiskFailed::What::persist});
        return;
    }
    for_each_peer([&](Slot peer) {
        if ((announcing_ & bit_of(peer)) == 0) return;
        if (!cells_.is_stable(absence_version_[peer.value])) return;
        announcing_ &= static_cast<PeerMask>(~bit_of(peer));
        out.note(note::PeerOutdated{peer, cells_.wanted().peers[peer.value].base});
    });
    obey();
    restore_if_recorded(out);
    drop_image_unless_named(out);
    advance_preparing(out);
    send_finishes(out);
    tell_generations(out);
    advance_following(out);
    barrier_stored(out);
    pump_applying(out);
    acknowledge_all(out);
    pump_flights(out);
    advance_passage(out);
}

void MirrorMachine::disk_done(input::DiskDone const& in, Outbox& out) {
    switch (static_cast<DiskUse>(in.op.value >> 28)) {
        case DiskUse::flight:
            flight_disk_done(in, out);
            return;
        case DiskUse::apply:
            apply_done(in, out);
            return;
        case DiskUse::run:
            run_read(in, out);
            return;
        case DiskUse::settle:
            settle_flushed(in, out);
            return;
        case DiskUse::barrier:
            barrier_flushed(in, out);
            return;
        case DiskUse::demotion:
            demotion_flushed(in, out);
            return;
        case DiskUse::lend:
            lent(in, out);
            return;
        case DiskUse::image:
            image_done(in, out);
            return;
    }
    VERIFY(!"every use of the disk is known");
}

DiskOpId MirrorMachine::new_op(DiskUse use) {
    next_op_ = (next_op_ + 1) & 0x0fffffff;
    return DiskOpId{static_cast<std::uint32_t>(use) << 28 | next_op_};
}

void MirrorMachine::commanded(Command const& command, Outbox& out) {
    struct Carry {
        MirrorMachine& machine;
        Outbox& out;
        void operator()(command::Promote const& promote) const { machine.promote(promote, out); }
        void operator()(command::Demote const& demote) const { machine.demote(demote, out); }
        void operator()(command::RaiseEra const& raise) const {
            if (raise.era > machine.cell().era) {
                machine.cells_.edit([&](Cell& cell) { cell.era = raise.era; });
                // A source that outbids a third node can lead those who had accepted that one's.
                if (machine.open_ && machine.has_thirds()) machine.greeting_due_ = true;
            }
        }
        void operator()(command::PeerGone const& gone) const { machine.close_leg(gone.peer, out); }
        void operator()(command::SetDataCorrupt const&) const {
            if (machine.open_ || !std::holds_alternative<passage::None>(machine.passage_)) {
                out.note(note::Ignored{"a source in service, or on the way, is not in doubt"});
                return;
            }
            machine.set_flag(note::FlagChanged::Which::data_corrupt, true, out);
        }
        void operator()(command::ClearLastOwner const&) const {
            machine.set_flag(note::FlagChanged::Which::last_owner, false, out);
            machine.set_flag(note::FlagChanged::Which::data_corrupt, false, out);
        }
        void operator()(command::MarkOutdated const& mark) const {
            machine.mark_outdated(mark, out);
        }
        void operator()(command::Concede const& concede) const {
            machine.concede(concede.winner, *concede.theirs, note::Conceded::By::the_operator, out);
        }
        void operator()(command::Pause const& order) const { machine.pause_leg(order, out); }
        void operator()(command::SetAllBits const& order) const {
            machine.set_all_bits(order.peer, out);
        }
        void operator()(command::ClearAllBits const& order) const {
            machine.clear_all_bits(order.peer, out);
        }
        void operator()(command::UseFallbackImage const&) const { machine.use_fallback_image(out); }
        void operator()(command::Extend const& order) const { machine.extend(order, out); }
        void operator()(command::Create const&) const { machine.create(out); }
        void operator()(command::EnableAsynchronous const& order) const {
            machine.enable_asynchronous(order.limit, out);
        }
        void operator()(command::PeerKnowsOutdated const& knows) const {
            // The answer may come when a resync has made up for what it is about.
            bool const awaited = (machine.unrecorded_ & bit_of(knows.peer)) != 0;
            Generation const told = awaited ? machine.next_ : machine.cell().current;
            bool const late = knows.by && *knows.by != told;
            if (late || (!awaited && machine.lacks_absence(knows.peer))) return;
            machine.knows_outdated_ |= bit_of(knows.peer);
            machine.record_if_none_may_promote(out);
            machine.acknowledge_all(out);
            machine.pump_flights(out);
        }
    };
    std::visit(Carry{*this, out}, command);
}

void MirrorMachine::mark_outdated(command::MarkOutdated const& mark, Outbox& out) {
    // Once a promotion is being stored, this copy's own history goes on.
    bool const owns = open_ || (barrier_.storing && barrier_.kind == Barrier::Kind::promotion);
    if (owns || cell().has_gone_past(mark.by.id)) {
        out.note(note::Ignored{"this copy is not the one that was left behind"});
        return;
    }
    watched_in_sync_ = false;
    if (cell().data > DataState::outdated) set_data(DataState::outdated, out);
}

void MirrorMachine::promote(command::Promote const& promote, Outbox& out) {
    if (std::holds_alternative<passage::Conceding>(passage_) || !in_mirror()) {
        refused_by_disk_ = false;
        refused_ = promote.era;  // what was to come in service has been given up meanwhile
        return;
    }
    if (open_ || !std::holds_alternative<passage::None>(passage_)) {
        out.note(note::Ignored{"already in service, or on the way"});
        return;
    }
    passage_ = passage::Promoting{promote.era, promote.forced};
    end_apart(out);
    for_each_peer([&](Slot peer) {
        if (std::holds_alternative<leg::Following>(legs_[peer.value])) close_leg(peer, out);
    });
    if (mutant(Mutant::queue_dropped_at_promotion)) queue_.clear();
    greet_all(out);
    advance_passage(out);
}

void MirrorMachine::advance_passage(Outbox& out) {
    if (auto* demoting = std::get_if<passage::Demoting>(&passage_)) {
        demotion_advance(*demoting, out);
        return;
    }
    if (auto const* conceding = std::get_if<passage::Conceding>(&passage_)) {
        concession_advance(*conceding, out);
        return;
    }
    if (auto const* erasing = std::get_if<passage::Erasing>(&passage_)) {
        erasure_advance(*erasing, out);
        return;
    }
    if (!std::holds_alternative<passage::Promoting>(passage_)) return;
    // G8: everything received is applied before anything is served.
    if (!queue_.empty() || !applying_.empty() || barrier_.kind != Barrier::Kind::none) return;
    if (going_back()) return;
    if (!flights_.empty()) return;  // of hosts that wrote here while it was kept apart
    barrier_ = Barrier{};
    barrier_.kind = Barrier::Kind::promotion;
    barrier_.flush = new_op(DiskUse::barrier);
    out.put(output::DiskFlush{barrier_.flush});
}

void MirrorMachine::enter_service(Outbox& out) {
    barrier_ = Barrier{};
    passage_ = passage::None{};
    open_ = true;
    watched_in_sync_ = false;  // a target's word; it means nothing after a stay in service
    out.note(note::RoleChanged{Role::source, cell().era});
    greet_all(out);
}

void MirrorMachine::demote(command::Demote const& demote, Outbox& out) {
    if (!open_) {
        out.note(note::Ignored{"demoted while out of service"});
        return;
    }
    open_ = false;
    passage::Demoting demoting;
    demoting.for_peer = demote.for_peer;
    passage_ = demoting;
    if (demote.for_peer && channel_of(legs_[demote.for_peer->value]) == nullptr) {
        stay_in_service(*demote.for_peer, out);
        return;
    }
    advance_passage(out);
}

void MirrorMachine::demotion_flushed(input::DiskDone const& in, Outbox& out) {
    if (!in.ok) {
        own_flush_failed(out);
    }
    auto* demoting = std::get_if<passage::Demoting>(&passage_);
    if (demoting == nullptr || demoting->flush != in.op) return;  // it stayed in service
    demoting->stage = passage::Demoting::Stage::storing;
    demoting->version = cells_.edit([](Cell& cell) { cell.role = Role::target; });
}

/// Whoever asked for the mirror can no longer be given all of it: until the demotion is stored, the
/// source had better go on serving (R41, LIV-3).
void MirrorMachine::stay_in_service(Slot lost, Outbox& out) {
    auto const* demoting = std::get_if<passage::Demoting>(&passage_);
    if (demoting == nullptr || demoting->for_peer != lost) return;
    if (demoting->stage == passage::Demoting::Stage::storing) return;
    passage_ = passage::None{};
    open_ = true;
    ++stayed_;
    greet_all(out);
}

void MirrorMachine::demotion_advance(passage::Demoting& demoting, Outbox& out) {
    switch (demoting.stage) {
        case passage::Demoting::Stage::draining: {
            if (!flights_.empty()) return;
            bool drained = true;
            for_each_peer([&](Slot peer) {
                Channel const* channel = channel_of(legs_[peer.value]);
                drained = drained && (channel == nullptr || channel->outstanding == 0);
            });
            if (!drained || !vouched_for_all(demoting, out)) return;
            demoting.stage = passage::Demoting::Stage::flushing;
            demoting.flush = new_op(DiskUse::demotion);
            out.put(output::DiskFlush{demoting.flush});
            return;
        }
        case passage::Demoting::Stage::flushing:
            return;
        case passage::Demoting::Stage::storing:
            if (!cells_.is_stable(demoting.version)) return;
            passage_ = passage::None{};
            close_targets(out);
            out.note(note::RoleChanged{Role::target, cell().era});
            greet_all(out);
            return;
    }
}

/// A copy that is no source any more resynchronises nobody, nor keeps anybody apart.
void MirrorMachine::close_targets(Outbox& out) {
    for_each_peer([&](Slot peer) {
        Leg const& leg = legs_[peer.value];
        bool const leads = channel_of(leg) != nullptr ||
                           std::holds_alternative<leg::Preparing>(leg) ||
                           std::holds_alternative<leg::Paused>(leg);
        if (leads) close_leg(peer, out);
    });
}

void MirrorMachine::set_flag(note::FlagChanged::Which which, bool set, Outbox& out) {
    bool const owner = which == note::FlagChanged::Which::last_owner;
    if ((owner ? cell().last_owner : cell().data_corrupt) == set) return;
    cells_.edit([&](Cell& cell) { (owner ? cell.last_owner : cell.data_corrupt) = set; });
    out.note(note::FlagChanged{which, set});
    if (owner && !set) for_each_peer([&](Slot peer) { consider(peer, out); });
}

void MirrorMachine::set_data(DataState to, Outbox& out) {
    DataState const from = cell().data;
    if (from == to) return;
    cells_.edit([&](Cell& cell) { cell.data = to; });
    out.note(note::DataChanged{from, to});
}

CopyState MirrorMachine::copy_state() const {
    bool const apart = cell().apart != Apart::no && !mutant(Mutant::pause_forgotten);
    switch (cell().data) {
        case DataState::inconsistent:
            return CopyState::inconsistent;
        case DataState::outdated:
            return apart ? CopyState::paused : CopyState::outdated;
        case DataState::consistent:
        case DataState::up_to_date:
            break;
    }
    if (apart) return CopyState::paused;
    return watched_in_sync_ ? CopyState::in_sync : CopyState::not_watched;
}

void MirrorMachine::after_step(Outbox& out) {
    if (greeting_due_) {
        // A leg that is still greeting stands on what this copy was before it wrote alone.
        greeting_due_ = false;
        greet_all(out);
    }
    erase_if_idle(out);
    greet_if_followed_otherwise(out);
    log_.store(cell().current, next_persist_, out);
    cells_.store(next_persist_, out);
    bool changed = reported_.cell != cells_.stable() || reported_.open != open_ ||
                   reported_.unrecorded != unrecorded_ || reported_.next != next_ ||
                   reported_.passing != !std::holds_alternative<passage::None>(passage_) ||
                   reported_.copy != copy_state() || reported_.watched != watched_era_ ||
                   reported_.watched_with != watched_with_ || reported_.refused != refused_ ||
                   reported_.stayed != stayed_ || reported_.conceded != conceded_ ||
                   reported_.obeyed != obeyed_ || reported_.unfit != unfit_;
    std::optional<Slot> source;
    for_each_copy([&](Slot peer) {
        if (std::holds_alternative<leg::Following>(legs_[peer.value])) source = peer;
        changed = changed || reported_.legs[peer.value] != state_of(legs_[peer.value]) ||
                  reported_.split[peer.value] != split(peer);
    });
    if (!changed && reported_.source == source) return;
    reported_.cell = cells_.stable();
    reported_.open = open_;
    reported_.unrecorded = unrecorded_;
    reported_.next = next_;
    reported_.passing = !std::holds_alternative<passage::None>(passage_);
    reported_.copy = copy_state();
    reported_.watched = watched_era_;
    reported_.source = source;
    reported_.watched_with = watched_with_;
    reported_.refused = refused_;
    reported_.refused_by_disk = refused_by_disk_;
    reported_.stayed = stayed_;
    reported_.conceded = conceded_;
    reported_.obeyed = obeyed_;
    reported_.order_failed = order_failed_;
    reported_.unfit = unfit_;
    for_each_copy([&](Slot peer) {
        reported_.legs[peer.value] = state_of(legs_[peer.value]);
        reported_.split[peer.value] = split(peer);
    });
    out.put(output::Reported{reported_});
}

bool MirrorMachine::quiet() const {
    return flights_.empty() && queue_.empty() && applying_.empty() && lending_.empty() &&
           barrier_.kind == Barrier::Kind::none && std::holds_alternative<passage::None>(passage_);
}

Fingerprint MirrorMachine::fingerprint() const {
    Hasher hasher;
    hasher.add(cells_.fingerprint());
    hasher.add(log_.fingerprint());
    for (unsigned p = 0; p < config_->copies; ++p)
        hasher.add(sunder::replication::fingerprint(legs_[p]));
    hasher.add(flights_.fingerprint());
    hasher.add(queue_.fingerprint());
    hasher.add(applying_.fingerprint());
    hasher.add(lending_.fingerprint());
    hasher.add(hash_words(static_cast<std::uint64_t>(image_) << 1 | std::uint64_t{image_kept_},
                          unfit_,
                          std::uint64_t{order_failed_} << 8 |
                              (order_ && order_->bits ? order_->bits->value + 1U : 0U)));
    hasher.add(barrier_.fingerprint() ^ std::uint64_t{extended_} << 32);
    hasher.add(std::uint64_t{open_} | std::uint64_t{flush_failed_} << 1 |
               std::uint64_t{settle_armed_} << 2 | std::uint64_t{watched_in_sync_} << 3 |
               std::uint64_t{pace_armed_} << 4 |
               std::uint64_t{watched_in_sync_ && watched_era_ < cell().era} << 5 |
               std::uint64_t{knows_outdated_} << 8 | std::uint64_t{split_} << 16 |
               std::uint64_t{announcing_} << 24 | passage_.index() << 32 |
               std::uint64_t{unrecorded_} << 40 | std::uint64_t{resting_} << 48);
    hasher.add(hash_words(next_.id, refusals_));
    if (auto const* promoting = std::get_if<passage::Promoting>(&passage_)) {
        hasher.add(hash_words(promoting->era.number, promoting->era.node.value, promoting->forced));
    } else if (auto const* demoting = std::get_if<passage::Demoting>(&passage_)) {
        hasher.add(static_cast<std::uint64_t>(demoting->stage) |
                   std::uint64_t{demoting->vouches} << 4 |
                   (demoting->for_peer ? demoting->for_peer->value + 1ULL : 0ULL) << 8);
    }
    // Only where there is a choice does it matter whose target this copy was.
    std::uint64_t const with = watched_with_ && has_thirds() ? watched_with_->value + 1ULL : 0;
    hasher.add(hash_words(refused_.number, refused_.node.value,
                          std::uint64_t{order_.has_value()} | with << 1, writes_apart_));
    return hasher.result();
}

}  // namespace sunder::replication
