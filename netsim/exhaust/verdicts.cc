// SPDX-License-Identifier: BSD-3-Clause
//
// What the oracle judges: each property at the moment at which it could break.
#include "netsim/checkers/boots_with_what_was_stable.h"
#include "netsim/exhaust/oracle.h"

#include <fmt/format.h>
#include <algorithm>
#include <bit>

namespace sunder::netsim {

using replication::LegState;
namespace mirror_note = replication::note;

namespace {

constexpr char const* no_loss = "no_lost_acknowledged_write";

std::string name_of_content(std::uint64_t id) {
    return id == 0 ? "what was there in the beginning" : fmt::format("write {}", id);
}

}  // namespace

/// What a copy serves, or begins to.
struct Oracle::Loss {
    std::uint8_t self = 0;
    bool forced = false;
    bool owner = false;
    bool settled = false;  ///< no other copy can turn out to be the later one
    char const* occasion = "";
};

/// The name under which losing `owed` is allowed; null when it is not (SAF-1's assumptions).
char const* Oracle::excuse(Loss const& loss, std::uint8_t owed) const {
    if (loss.forced || split_ == Split::by_force) return "operator override";
    if (split_ == Split::by_policy) return "split brain resolved by policy";
    if (split_ == Split::by_itself && !guarded_) return "split brain under a faithful policy";
    Write const& write = writes_[owed];
    if (loss.owner && (owed == 0 || write.node == loss.self)) {
        bool const gone = owed != 0 && write.exposed;
        return gone ? "unflushed writes lost with the source's own cache" : nullptr;
    }
    bool left_behind = false;
    for (std::uint8_t p = 0; p < copies_; ++p) {
        Pair const& pair = copy_[p].pairs[loss.self];
        left_behind = left_behind || (p != loss.self && pair.lonely && !pair.told);
    }
    bool const synchronous = (write.in_sync >> loss.self & 1) != 0;
    if (left_behind && !guarded_ && !synchronous)
        return "acknowledged without the target (faithful policy)";
    if (owed == 0) return nullptr;
    bool const handed_over = copy_[write.node].pairs[loss.self].handed_over;
    std::int8_t const watched = copy_[loss.self].watched;
    std::uint8_t const source = watched < 0 ? write.node : static_cast<std::uint8_t>(watched);
    return is_asynchronous(source, loss.self) && !handed_over ? "asynchronous tail" : nullptr;
}

std::uint64_t Oracle::found(Scene const& world, std::uint8_t self, std::uint8_t block) const {
    return world.content(node(self), GroupId{0}, block).id;
}

void Oracle::verify(Scene const& world, Loss const& loss, Findings& findings) {
    for (std::uint8_t b = 0; b < blocks_; ++b) {
        std::uint64_t const content = found(world, loss.self, b);
        Contents const held = holding(b, content);
        if ((may_[b] & held) == 0) {
            // The last acknowledged of what may be there is what should be; else the last that was
            // on every copy.
            std::uint8_t owed = 0;
            for (bool const acknowledged : {true, false}) {
                for (std::uint8_t w = 1; w <= asked_ && owed == 0; ++w) {
                    std::uint8_t const last = static_cast<std::uint8_t>(asked_ + 1 - w);
                    bool const fits =
                        !acknowledged || writes_[last].state == WriteState::acknowledged;
                    if (writes_[last].block == b && (may_[b] & bit(last)) != 0 && fits) owed = last;
                }
            }
            if (held == 0 || excuse(loss, owed) == nullptr) {
                findings.violated(no_loss, "SAF-1", world.now(),
                                  fmt::format("{} {} without {}: block {} holds {}",
                                              world.node(node(loss.self)).name, loss.occasion,
                                              name_of_content(owed), b, name_of_content(content)));
                return;
            }
            may_[b] |= held;
        }
        verify_shown(world, loss, b, findings);
        if (!loss.settled) continue;
        Contents open = 0;
        for (std::uint8_t w = 1; w <= asked_; ++w) {
            if (writes_[w].state == WriteState::open) open |= bit(w);
        }
        may_[b] = static_cast<Contents>(may_[b] & (open | held));
    }
}

/// SAF-8: what a host has read is not taken back (G9), unless it was lost before it was durable, or
/// whoever serves now was left behind before it was written.
void Oracle::verify_shown(Scene const& world, Loss const& loss, std::uint8_t block,
                          Findings& findings) {
    Contents const held = holding(block, found(world, loss.self, block));
    if ((may_[block] & held & ~taken_[block]) != 0) return;
    bool excused = excuse(loss, 0) != nullptr || copy_[loss.self].lost_power;
    for (Copy const& copy : copy_) excused = excused || copy.pairs[loss.self].lonely;
    if (!excused) {
        findings.violated("linearizability", "SAF-8", world.now(),
                          fmt::format("{} {}, and block {} holds what came before something that "
                                      "a host has read",
                                      world.node(node(loss.self)).name, loss.occasion, block));
    }
    taken_[block] = 0;
}

/// SAF-16: a node that boots believes what was stored, and nothing better. SAF-5: nor that a copy
/// is whole that lost records with its power.
void Oracle::booted(Scene const& world, std::uint8_t self, Findings& findings) {
    CopySim const& copy = *world.copy(node(self), GroupId{0});
    std::string const& name = world.node(node(self)).name;
    if (std::optional<std::string> const wrong = wrong_belief(copy)) {
        findings.violated("boots_with_what_was_stable", "SAF-16", world.now(),
                          fmt::format("{} boots with {}", name, *wrong));
    }
    bool const whole = copy.machine->cell().data != replication::DataState::inconsistent;
    if (copy_[self].shorn && whole) {
        findings.violated("no_promotion_of_inconsistent_copy", "SAF-5", world.now(),
                          name +
                              " lost records that it had not flushed with its power, and boots "
                              "in the belief that its copy is whole");
    }
    copy_[self].shorn = false;
    // A claim that was being stored when the node died is one, or was never made.
    copy_[self].claimed = copy_[self].claimed && copy.store->cell()->last_owner;
}

/// SAF-2: the content is what some prefix of the writes, in the order in which they were asked,
/// left behind; but for what its source had lost before it was copied from there.
void Oracle::verify_prefix(Scene const& world, std::uint8_t self, Findings& findings) const {
    // G8: whatever had arrived is applied before anything is served.
    auto const least = static_cast<std::uint8_t>(std::bit_width(copy_[self].received) - 1);
    for (std::uint8_t length = copy_[self].received == 0 ? 0 : least; length <= asked_; ++length) {
        bool same = true;
        for (std::uint8_t b = 0; b < blocks_; ++b) {
            Contents left = bit(0);
            for (std::uint8_t w = 1; w <= length; ++w) {
                if (writes_[w].block != b || writes_[w].apart) continue;
                bool const may_miss = (copy_[self].holes & bit(w)) != 0;
                left = may_miss ? static_cast<Contents>(left | bit(w)) : bit(w);
            }
            same = same && (left & holding(b, found(world, self, b))) != 0;
        }
        if (same) return;
    }
    findings.violated(
        "asynchronous_prefix", "SAF-2", world.now(),
        fmt::format("{} came in service with what no prefix of the writes left behind",
                    world.node(node(self)).name));
}

/// SAF-5: only the last owner, or a copy that was watched in sync and not left behind since.
void Oracle::verify_fit(Scene const& world, std::uint8_t self,
                        nodes::note::CameInService const& came, Findings& findings) const {
    Copy const& copy = copy_[self];
    if (came.forced || copy.owner || copies_ == 1) return;
    auto const violated = [&](std::string const& why) {
        findings.violated(
            "no_promotion_of_inconsistent_copy", "SAF-5", world.now(),
            fmt::format("{} came in service by itself, but {}", world.node(node(self)).name, why));
    };
    if (copy.torn) {
        violated("its copy is the target of a resync that has not completed");
        return;
    }
    std::int8_t const by = copy.watched >= 0 ? copy.watched : copy.overtaken_by;
    if (copy.watched < 0 && copy.claimed) return;
    if (by < 0) {
        violated("it is no owner, and was not seen in sync since it booted");
        return;
    }
    auto const watched = static_cast<std::uint8_t>(by);
    Pair const& source = copy_[watched].pairs[self];
    if (source.lonely && (guarded_ || source.told)) {
        violated(fmt::format("{} has acknowledged writes without it, and it could know",
                             world.node(node(watched)).name));
    }
}

void Oracle::came_in_service(Scene const& world, std::uint8_t self,
                             nodes::note::CameInService const& came, Findings& findings) {
    Copy& copy = copy_[self];
    if (serving() > (copy.serving ? 1U : 0U) && split_ == Split::none) {
        split_ = came.forced ? Split::by_force : Split::by_itself;
    }
    verify_fit(world, self, came, findings);
    verify(world, Loss{self, came.forced, copy.owner, false, "came in service"}, findings);
    bool const lagged = copy.watched < 0
                            ? asynchronous_[self] != 0
                            : is_asynchronous(static_cast<std::uint8_t>(copy.watched), self);
    bool const promoted = lagged && !came.forced && !copy.owner && split_ == Split::none;
    bool const first = std::all_of(writes_.begin(), writes_.end(), [&](Write const& write) {
        return write.node == writes_[1].node || write.apart || &write == &writes_[0];
    });
    // With writes of several sources the order of asking is not the order of one source.
    if (promoted && first && asked_ != 0) verify_prefix(world, self, findings);
    if (came.forced && !copy.override_recorded) {
        findings.violated("every_loss_attributed", "SAF-23", world.now(),
                          world.node(node(self)).name +
                              " was forced online and keeps no record of the operator's word");
    }
    for (std::uint8_t p = 0; p < copies_; ++p) {
        if (p == self) continue;
        bool const past = came.forced && copy_[p].owner && !copy.owner && !copy.claimed;
        copy.pairs[p].forced_past = copy.pairs[p].forced_past || past;
    }
    for (Copy& peer : copy_) peer.owner = peer.owner && (peer.serving || !came.forced);
    copy.serving = true;
    copy.owner = true;
    copy.claimed = false;
    copy.overtaken_by = -1;
    copy.torn = false;
    copy.watched = -1;
    copy.override_recorded = false;
    for (Pair& pair : copy.pairs) pair.handed_over = false;
}

/// A target came in sync: there is one truth again, unless a third copy has not been heard yet.
void Oracle::verify_joined(Scene const& world, std::uint8_t source, std::uint8_t target,
                           Findings& findings) {
    if (!copy_[source].serving || serving() != 1) return;
    LegState const leg = copy_[source].pairs[target].leg;
    if (leg == LegState::disconnected || leg == LegState::paused) return;
    bool settled = true;
    for (std::uint8_t p = 0; p < copies_; ++p) {
        bool const follows = copy_[source].pairs[p].leg == LegState::mirroring;
        settled = settled && (p == source || p == target || follows);
    }
    verify(world, Loss{source, false, false, settled, "serves"}, findings);
    if (settled) split_ = Split::none;
}

/// SAF-10: nothing differs when a resync completes, but for what is on its way.
void Oracle::completed(Scene const& world, std::uint8_t self, std::uint8_t source,
                       Findings& findings) {
    copy_[self].torn = false;
    bool const follows = copy_[self].pairs[source].leg == LegState::resyncing;
    verify_joined(world, source, self, findings);
    CopySim const& there = *world.copy(node(source), GroupId{0});
    CopySim const& here = *world.copy(node(self), GroupId{0});
    replication::Channel const* channel =
        there.machine ? replication::channel_of(there.machine->leg(replication::Slot{self}))
                      : nullptr;
    ConnectionId const* mine =
        replication::connection_of(here.machine->leg(replication::Slot{source}));
    if (channel != nullptr && mine != nullptr && channel->connection == *mine) {
        for (std::uint8_t b = 0; b < blocks_; ++b) {
            bool on_the_way = is_asynchronous(source, self) && channel->outstanding != 0;
            for (std::uint8_t w = 1; w <= asked_; ++w) {
                bool const open = writes_[w].state == WriteState::open && writes_[w].block == b;
                on_the_way = on_the_way || open;
            }
            if (on_the_way || world.content(node(source), GroupId{0}, b) ==
                                  world.content(node(self), GroupId{0}, b))
                continue;
            findings.violated("resync_convergence", "SAF-10", world.now(),
                              fmt::format("the resync to {} completed, but block {} differs",
                                          world.node(node(self)).name, b));
        }
    }
    if (follows) joined(source, self);
}

void Oracle::answered(Scene const& world, seen::HostAnswered const& answered, Findings& findings) {
    bool const ok = answered.status == replication::HostStatus::ok;
    for (Flush& flush : flushes_) {
        if (flush.request != answered.request.value) continue;
        if (ok) flush_answered(world, slot(answered.node), flush, findings);
        flush = Flush{};
        return;
    }
    for (Read& read : reads_) {
        if (read.request != answered.request.value) continue;
        if (ok) read_answered(world, read, answered.payload, findings);
        read = Read{};
        return;
    }
    // Requests are numbered as they are asked, and so are writes; others took numbers too.
    for (std::uint8_t w = 1; w <= asked_; ++w) {
        bool const this_one = writes_[w].request == answered.request.value;
        if (this_one && writes_[w].state == WriteState::open) {
            write_answered(world, w, ok, findings);
        }
    }
}

void Oracle::write_answered(Scene const& world, std::uint8_t number, bool ok, Findings& findings) {
    Write& write = writes_[number];
    if (!ok) {
        write.state = WriteState::over;
        return;
    }
    write.state = WriteState::acknowledged;
    write.in_sync = in_sync_with(write.node);
    may_[write.block] &= static_cast<Contents>(~write.before);
    if (!copy_[write.node].serving) {
        findings.violated("no_silent_split_brain", "SAF-6", world.now(),
                          world.node(node(write.node)).name +
                              " acknowledged a write, but has not said that it is in service");
    }
    if (write.trim) regarded_ = Regard::copies;
    verify_on_disk(world, number, findings);
    acknowledged_by(write.node);
}

bool Oracle::others_open(std::uint8_t number) const {
    return std::ranges::any_of(writes_, [&](Write const& write) {
        return &write != &writes_[number] && write.state == WriteState::open &&
               write.block == writes_[number].block;
    });
}

/// SAF-14: what is acknowledged is on the disk of who says so. SAF-12: and zeroes on every copy.
void Oracle::verify_on_disk(Scene const& world, std::uint8_t number, Findings& findings) const {
    Write const& write = writes_[number];
    if (others_open(number)) return;  // it may have been covered already
    for (std::uint8_t s = 0; s < copies_; ++s) {
        bool const target =
            write.trim && !is_asynchronous(write.node, s) && (write.in_sync >> s & 1) != 0;
        if (s != write.node && (!target || (write.died >> s & 1) != 0)) continue;
        std::uint64_t const content = found(world, s, write.block);
        if (content == write.content) continue;
        findings.violated(
            write.trim ? "zeroes_on_every_copy" : "errors_are_not_data",
            write.trim ? "SAF-12" : "SAF-14", world.now(),
            fmt::format("write {} is acknowledged, but block {} of {} holds {}", number,
                        write.block, world.node(node(s)).name, name_of_content(content)));
    }
}

void Oracle::flush_answered(Scene const& world, std::uint8_t self, Flush const& flush,
                            Findings& findings) {
    regarded_ = Regard::copies;
    if (flush.in_doubt && copy_[self].flush_failed) {
        findings.violated(
            "flush_makes_durable", "SAF-13", world.now(),
            world.node(node(self)).name + " says that all is durable, but an earlier flush failed");
    }
    auto const targets =
        static_cast<Slots>(flush.targets & in_sync_with(self) & ~asynchronous_[self]);
    verify_flushed(world, self, flush.covers, targets, findings);
    for (std::uint8_t w = 1; w <= asked_; ++w) {
        if ((flush.covers & bit(w)) != 0) writes_[w].durable = true;
    }
}

/// SAF-13 (G10): no power cut may take back what a flush has covered, here or at a target in sync.
void Oracle::verify_flushed(Scene const& world, std::uint8_t self, Contents covers, Slots targets,
                            Findings& findings) const {
    for (std::uint8_t w = 1; w <= asked_; ++w) {
        Write const& write = writes_[w];
        // What was written to the place since may be what is not stable there.
        bool alone = (covers & bit(w)) != 0;
        for (std::uint8_t v = 1; v <= asked_; ++v) {
            bool const other = v != w && writes_[v].block == write.block;
            alone = alone && !(other && ((covers & bit(v)) == 0 || v > w));
        }
        for (std::uint8_t s = 0; s < copies_ && alone; ++s) {
            if (s != self && (targets >> s & 1) == 0) continue;
            SimDisk const& disk = *world.copy(node(s), GroupId{0})->disk;
            disk.for_each_unflushed([&](std::uint64_t, Extent range) {
                if (!range.overlaps({write.block, 1})) return;
                findings.violated(
                    "flush_makes_durable", "SAF-13", world.now(),
                    fmt::format("a flush is acknowledged, but a power cut of {} could still take "
                                "back write {}",
                                world.node(node(s)).name, w));
            });
        }
    }
}

/// SAF-8: a read returns the last write that was over, or one that it overlaps, and nothing that
/// came before what another read has returned.
void Oracle::read_answered(Scene const& world, Read const& read, Payload const& payload,
                           Findings& findings) {
    if (payload.sectors() != 1) {
        findings.violated("errors_are_not_data", "SAF-14", world.now(),
                          "a read is answered, but the answer carries nothing");
        return;
    }
    if (split_ != Split::none) return;
    std::uint64_t content = 0;
    payload.for_each([&](Piece const& piece) { content = piece.id; });
    Contents const held = holding(read.block, content);
    if ((read.may & held) == 0) {
        findings.violated(
            "linearizability", "SAF-8", world.now(),
            fmt::format("a host on {} reads {} in block {}, which no order of the "
                        "requests explains",
                        world.node(node(read.node)).name, name_of_content(content), read.block));
        return;
    }
    // Whatever held this began no earlier than the earliest that could have.
    Contents before = ~Contents{0};
    for (std::uint8_t w = 0; w <= asked_; ++w) {
        if ((held & read.may & bit(w)) != 0) before &= writes_[w].before;
    }
    taken_[read.block] |= before;
}

/// SAF-3: where two copies differ, one of their intent logs names the chunk, in memory and on
/// stable storage. Chunks are blocks here.
void Oracle::verify_log(Scene const& world, std::uint8_t a, std::uint8_t b,
                        Findings& findings) const {
    for (std::uint8_t block = 0; block < blocks_; ++block) {
        bool const same =
            world.content(node(a), GroupId{0}, block) == world.content(node(b), GroupId{0}, block);
        if (same) continue;
        bool wanted = false;
        bool stable = false;
        for (auto const& [self, peer] : {std::pair(a, b), std::pair(b, a)}) {
            replication::Slot const towards{peer};
            if (world.is_up(node(self))) {
                wanted = wanted || world.names(node(self), GroupId{0}, towards, block);
                stable = stable || world.names_stably(node(self), GroupId{0}, towards, block);
                continue;
            }
            // What the next boot of a node that is down would read from its pages.
            CopySim const& copy = *world.copy(node(self), GroupId{0});
            std::optional<replication::Cell> const cell = copy.store->cell();
            if (!cell) continue;
            replication::IntentLog log(copy.config->copies, copy.config->self,
                                       copy.config->mirrored_sectors, copy.config->chunk_sectors,
                                       copy.config->intent_log);
            for (auto const& page : copy.store->pages()) log.load(*page, *cell);
            wanted = wanted || log.bits(towards).test(block);
            stable = stable || log.stable_bits(towards).test(block);
        }
        if (wanted && stable) continue;
        findings.violated(
            "intent_log_superset", "SAF-3", world.now(),
            fmt::format("block {} differs between {} and {}, and no intent log names it", block,
                        world.node(node(a)).name, world.node(node(b)).name));
    }
}

void Oracle::look(Scene const& world, Findings& findings) {
    begin_regarding();
    begun_ = false;
    for (std::uint8_t a = 0; a < copies_; ++a) {
        for (std::uint8_t b = 0; b < copies_; ++b) {
            if (a == b) continue;
            Pair& pair = copy_[a].pairs[b];
            pair.lost_now = false;
            if (a < b && logged_ && pair.bound) verify_log(world, a, b, findings);
            if (pair.lonely && !pair.told && world.spoken_out(node(a), node(b))) {
                pair.told = true;
                printed_ = false;
            }
        }
    }
}

}  // namespace sunder::netsim
