// SPDX-License-Identifier: BSD-3-Clause
//
// The reference model of an exhaustive search: what hosts were told, and what each copy may
// therefore do and hold. It is the chronicle, the ledger and the safety checkers of the simulator
// in a few hundred bytes, for one mirror of few blocks, without time, so that it is part of a
// searched state: two ways to one world that owe their hosts different things are different states.
//
// Its findings carry the names of the simulator's checkers, which judge the same run again when its
// counterexample is replayed. Where they ask whether there was time for a word, it asks whether
// everything that was under way had arrived.
#pragma once

#include "netsim/checkers/checker.h"
#include "netsim/exhaust/bounds.h"
#include "netsim/exhaust/scene.h"

#include <array>
#include <cstdint>

namespace sunder::netsim {

class Oracle {
public:
    static constexpr std::size_t most_copies = 4;

    Oracle() = default;
    /// The world is at rest, and its one mirror fully operational.
    explicit Oracle(World const& world);

    /// Shown what an event made visible, and then the world that it left.
    void see(Scene const& world, Observation const& observation, Findings& findings);
    void look(Scene const& world, Findings& findings);

    /// True when two copies went their own ways, so that nobody may make one of them by himself.
    [[nodiscard]] bool parted() const;
    /// True when every copy that has to report split brain has done so.
    [[nodiscard]] bool split_reported() const;
    /// True when these two report split brain with each other, whether they have to or not.
    [[nodiscard]] bool both_report_split(replication::Slot a, replication::Slot b) const {
        return copy_[a.value].pairs[b.value].split_noted &&
               copy_[b.value].pairs[a.value].split_noted;
    }
    /// The same of all pairs.
    [[nodiscard]] bool all_report_split() const;
    /// True when a write ended without an answer that it was done: it may be on its node's disk,
    /// and its generation on record, and nobody was told.
    [[nodiscard]] bool left_open() const;
    /// True when a copy acknowledged without another that has not caught up: until all that could
    /// be said about that has arrived, its judgements depend on what nobody shows it.
    [[nodiscard]] bool anybody_lonely() const;
    /// What it went by when it was shown the last event: of `hosts`, what it knows itself and what
    /// the node holds that asks or answers; of `copies`, anything else.
    enum class Regard : std::uint8_t { nothing, hosts, copies };
    [[nodiscard]] Regard regarded() const { return regarded_; }
    /// True when a copy has failed to flush since its node started.
    [[nodiscard]] bool flush_failed() const;
    /// One more than the highest block that was changed, or that a read is under way from.
    [[nodiscard]] std::uint8_t blocks_touched() const;
    [[nodiscard]] Fingerprint fingerprint() const;

private:
    [[nodiscard]] Fingerprint computed_fingerprint() const;
    void begin_regarding();
    /// Bit 0: what was there in the beginning; bit w: write (or trim) w.
    using Contents = std::uint16_t;
    using Slots = std::uint8_t;
    enum class WriteState : std::uint8_t { open, acknowledged, over };

    /// Or a trim, which writes what was there in the beginning: zeroes.
    struct Write {
        WriteState state = WriteState::over;
        std::uint8_t content = 0;  ///< as images name it; a trim: 0
        std::uint8_t block = 0;
        std::uint8_t node = 0;
        Slots in_sync = 0;     ///< targets that mirrored in sync when it was acknowledged
        bool durable = false;  ///< by its own FUA or a flush that was asked later
        bool exposed = false;  ///< not durable, and its node lost power since
        bool trim = false;
        bool apart = false;   ///< at a paused target: owed to nobody, to be overwritten (R59)
        Slots died = 0;       ///< of a trim: copies whose nodes died while it was open
        Contents before = 0;  ///< what was over when it was asked
        std::uint64_t request = 0;
    };
    struct Pair {
        replication::LegState leg = replication::LegState::disconnected;
        bool inward = false;
        bool lonely = false;  ///< acknowledged without the other, which has not caught up
        bool lonely_since_loss = false;  ///< and since the leg was lost last
        bool told = false;               ///< all that could be said about it has arrived
        bool forced_past = false;
        bool handed_over = false;
        bool split_noted = false;
        bool lost_now = false;  ///< within the present event
        bool bound = false;     ///< has been in sync: their intent logs answer for them (SAF-3)
    };
    struct Copy {
        bool serving = false;
        bool owner = false;
        bool claimed = false;
        std::int8_t overtaken_by = -1;  ///< who acknowledged without it when it was the owner
        bool torn = false;
        bool lost_power = false;
        bool override_recorded = false;
        bool flush_failed = false;  ///< in this boot
        bool shorn = false;         ///< lost records with its power that it had not flushed
        Contents received = 0;      ///< as an asynchronous target, since it was in sync last
        Contents holes = 0;         ///< writes that whoever it got its content from may have lost
        std::int8_t watched = -1;   ///< the source with which it was seen in sync in this boot
        std::array<Pair, most_copies> pairs{};
    };
    struct Flush {
        std::uint64_t request = 0;
        Contents covers = 0;
        Slots targets = 0;      ///< in sync when it was asked
        bool in_doubt = false;  ///< asked after a flush that failed (G11)
    };
    struct Read {
        std::uint64_t request = 0;
        std::uint8_t block = 0;
        std::uint8_t node = 0;
        Contents may = 0;  ///< return
    };
    struct Loss;
    struct See;

    [[nodiscard]] std::uint8_t slot(NodeId node) const;
    [[nodiscard]] NodeId node(std::uint8_t slot) const { return {nodes_[slot]}; }
    [[nodiscard]] unsigned serving() const;
    void asked(seen::HostAsked const& asked);
    void answered(Scene const& world, seen::HostAnswered const& answered, Findings& findings);
    void write_answered(Scene const& world, std::uint8_t number, bool ok, Findings& findings);
    void flush_answered(Scene const& world, std::uint8_t self, Flush const& flush,
                        Findings& findings);
    void read_answered(Scene const& world, Read const& read, Payload const& payload,
                       Findings& findings);
    void acknowledged_by(std::uint8_t self);
    void asked_to_change(seen::HostAsked const& asked, Contents over);
    [[nodiscard]] Slots in_sync_with(std::uint8_t self) const;
    /// The writes (and the beginning) that leave this content in a block.
    [[nodiscard]] Contents holding(std::uint8_t block, std::uint64_t content) const;
    [[nodiscard]] bool others_open(std::uint8_t number) const;
    [[nodiscard]] std::uint64_t found(Scene const& world, std::uint8_t self,
                                      std::uint8_t block) const;
    void verify_on_disk(Scene const& world, std::uint8_t number, Findings& findings) const;
    void verify_flushed(Scene const& world, std::uint8_t self, Contents covers, Slots targets,
                        Findings& findings) const;
    void verify_shown(Scene const& world, Loss const& loss, std::uint8_t block, Findings& findings);
    void died(seen::NodeDied const& died);
    void booted(Scene const& world, std::uint8_t self, Findings& findings);
    void noted(Scene const& world, seen::MirrorNoted const& noted, Findings& findings);
    void leg_changed(Scene const& world, std::uint8_t self,
                     replication::note::LegChanged const& changed, Findings& findings);
    void completed(Scene const& world, std::uint8_t self, std::uint8_t source, Findings& findings);
    void came_in_service(Scene const& world, std::uint8_t self,
                         nodes::note::CameInService const& came, Findings& findings);
    void left_service(std::uint8_t self);
    void joined(std::uint8_t source, std::uint8_t target);
    void conceded(std::uint8_t loser, replication::note::Conceded const& conceded);
    void verify_joined(Scene const& world, std::uint8_t source, std::uint8_t target,
                       Findings& findings);
    void verify(Scene const& world, Loss const& loss, Findings& findings);
    void verify_prefix(Scene const& world, std::uint8_t self, Findings& findings) const;
    void verify_fit(Scene const& world, std::uint8_t self, nodes::note::CameInService const& came,
                    Findings& findings) const;
    void verify_log(Scene const& world, std::uint8_t a, std::uint8_t b, Findings& findings) const;
    [[nodiscard]] char const* excuse(Loss const& loss, std::uint8_t owed) const;
    [[nodiscard]] bool is_asynchronous(std::uint8_t a, std::uint8_t b) const {
        return (asynchronous_[a] >> b & 1) != 0;
    }
    [[nodiscard]] bool must_report(std::uint8_t a, std::uint8_t b) const;
    [[nodiscard]] static Contents bit(std::uint8_t content) {
        return static_cast<Contents>(1U << content);
    }

    mutable Fingerprint print_ = 0;
    mutable bool printed_ = false;  // since it changed last
    Regard regarded_ = Regard::nothing;
    bool begun_ = false;  // to regard an event that is not looked at yet
    std::uint8_t copies_ = 0;
    std::uint8_t blocks_ = 0;
    std::uint8_t asked_ = 0;                         ///< writes so far
    std::array<Slots, most_copies> asynchronous_{};  ///< by slot, with which slots (R54)
    bool guarded_ = false;
    bool logged_ = false;
    enum class Split : std::uint8_t { none, by_itself, by_force, by_policy } split_ = Split::none;
    std::array<std::uint8_t, most_copies> nodes_{};
    std::array<Copy, most_copies> copy_{};
    std::array<Write, most_writes + most_trims + 1> writes_{};  // entry 0 is the beginning
    std::array<Contents, most_blocks> may_{};                   // hold
    std::array<Contents, most_blocks> taken_{};  // by reads that returned what came later (G9)
    std::array<Flush, most_flushes> flushes_{};
    std::array<Read, most_reads> reads_{};
};

}  // namespace sunder::netsim
