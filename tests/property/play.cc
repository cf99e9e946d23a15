// SPDX-License-Identifier: BSD-3-Clause
//
// What each act does on the stage, and what is counted.
#include "tests/property/play.h"

#include "nodes/in_service.h"
#include "tests/property/playing.h"
#include "tests/support/states.h"

#include <fmt/format.h>

#include <optional>

namespace sunder::netsim::test {

namespace {

using replication::Slot;
namespace leg = replication::leg;

constexpr NodeId both_nodes[] = {Stage::server1, Stage::server2};

NodeId other(NodeId node) { return node == Stage::server1 ? Stage::server2 : Stage::server1; }
Slot slot_of(NodeId node) { return Slot{node.value}; }

class Player {
public:
    Player(Plan const& plan, Tally& tally)
        : stage_(cluster_of(plan), plan.seed), tally_(tally), guarded_(plan.guarded) {
        stage_.listener = [this](Observation const& observation) { listen(observation); };
    }

    void act(Act const& act) {
        stage_.dice = RandomStream(act.dice, 78, 0);
        switch (act.kind) {
            case Act::Kind::work:
                work(5 + static_cast<int>(draw(20)));
                break;
            case Act::Kind::idle:
                stage_.run_for(milliseconds(static_cast<std::int64_t>(draw(900))));
                break;
            case Act::Kind::strike:
                burst(draw(6));
                strike(act.fault);
                break;
            case Act::Kind::mend:
                mend();
                stage_.run_for(milliseconds(static_cast<std::int64_t>(draw(1500))));
                break;
            case Act::Kind::slow_disk:
                stage_.slow_disk(both_nodes[draw(2)], draw(3) == 0 ? 40 : 1);
                break;
            case Act::Kind::move:
                move();
                break;
            case Act::Kind::force:
                force();
                break;
            case Act::Kind::resolve:
                resolve();
                break;
            case Act::Kind::fail_over:
                fail_over(act.fault);
                break;
            case Act::Kind::part:
                part();
                break;
            case Act::Kind::interrupt:
                interrupt(act.phase, act.fault);
                break;
            case Act::Kind::pause:
                pause_mirror();
                break;
            case Act::Kind::resume:
                order(nodes::Order::Kind::resume);
                stage_.run_for(milliseconds(static_cast<std::int64_t>(draw(400))));
                break;
            case Act::Kind::take_out:
                take_out();
                break;
            case Act::Kind::copy_anew:
                order(nodes::Order::Kind::set_intent_log);
                break;
            case Act::Kind::fall_back:
                fall_back();
                break;
            case Act::Kind::last:
                break;
        }
    }

    /// Heals, waits until nothing is pending, and judges.
    std::string end() {
        for (NodeId const node : both_nodes) stage_.slow_disk(node, 1);
        mend();
        stage_.run_for(seconds(25));
        undo_orders();
        bool const split = reports_split_[0] || reports_split_[1];
        // A copy that is simply an ancestor of the other has nothing to give up, and is refused.
        NodeId const first = both_nodes[draw(2)];
        bool const ended_split = !stage_.broken() && !stage_.mirroring() && split;
        tally_.resolved += ended_split ? 1 : 0;
        for (NodeId const loser : {first, other(first)}) {
            if (!ended_split || stage_.mirroring()) break;
            stage_.resolve(loser);
            stage_.run_for(seconds(25));
        }
        if (ended_split) undo_orders();
        stage_.finish();
        count();
        if (stage_.broken()) return stage_.story();
        bool const same = Image::same(stage_.image(Stage::server1), stage_.image(Stage::server2),
                                      {0, MiB(1).bytes / sector_bytes});
        if (stage_.mirroring()) {
            return same ? "" : "the mirror is fully operational, but its copies differ";
        }
        return (split ? "an operator named the loser of the split brain, but the copies do not "
                        "mirror:\n"
                      : "everything was healed, but the copies neither mirror nor report split "
                        "brain:\n") +
               stage_.world().in_words();
    }
    /// Every event from here on is told, too.
    void tell_to(std::string& text) { told_ = &text; }
    [[nodiscard]] std::uint64_t trace_hash() { return stage_.world().trace_hash(); }
    [[nodiscard]] bool broken() const { return stage_.broken(); }

private:
    std::uint64_t draw(std::uint64_t bound) { return stage_.dice.below(bound); }
    NodeSim const& node(NodeId id) { return stage_.world().node(id); }
    bool runs(NodeId id) { return node(id).up() && !node(id).paused; }
    replication::MirrorMachine const* machine(NodeId id) {
        CopySim const* copy = stage_.world().copy(id, Stage::group);
        return copy->machine ? &*copy->machine : nullptr;
    }
    std::optional<NodeId> source() {
        for (NodeId const id : both_nodes) {
            if (stage_.serves(id)) return id;
        }
        return std::nullopt;
    }
    bool storing(NodeId id) { return !stage_.world().copy(id, Stage::group)->store->idle(); }

    void work(int requests) {
        static constexpr std::uint64_t sizes[] = {16, 64, 256};
        std::uint64_t const blocks = sizes[draw(3)];
        std::uint64_t const apart = 40 + draw(400);
        for (int i = 0; i < requests; ++i) {
            for (NodeId const id : both_nodes) stage_.work(id, 1, blocks, apart);
        }
    }
    /// Writes that nobody waits for.
    void burst(std::uint64_t writes) {
        for (std::uint64_t i = 0; i < writes; ++i) {
            std::optional<NodeId> const server = source();
            if (!server) return;
            stage_.write(*server, block(draw(256)), draw(8) == 0);
            stage_.run_for(microseconds(static_cast<std::int64_t>(draw(150))));
        }
    }

    void die(NodeId id, bool power) {
        if (!node(id).up()) return;
        tally_.died_storing += storing(id) ? 1 : 0;
        power ? stage_.power_cut(id) : stage_.crash(id);
    }
    void pause(NodeId id) {
        if (!runs(id)) return;
        stage_.pause(id);
        stage_.run_for(milliseconds(static_cast<std::int64_t>(draw(2) == 0 ? draw(300) : 1500)));
        if (node(id).paused) stage_.resume(id);
    }
    void strike(Fault fault) {
        NodeId const server = source().value_or(both_nodes[draw(2)]);
        switch (fault) {
            case Fault::reset:
                stage_.reset();
                break;
            case Fault::crash_source:
                die(server, false);
                break;
            case Fault::crash_target:
                die(other(server), false);
                break;
            case Fault::power_source:
                die(server, true);
                break;
            case Fault::power_target:
                die(other(server), true);
                break;
            case Fault::cut:
            case Fault::one_way_cut:
                tally_.cut_storing += storing(Stage::server1) || storing(Stage::server2) ? 1 : 0;
                if (fault == Fault::cut) {
                    stage_.cut();
                } else {
                    Vertex const from = static_cast<Vertex>(draw(2));
                    stage_.world().cut(from, static_cast<Vertex>(1 - from), true);
                    stage_.look();
                }
                // Long enough to lose connections, but not always to be taken for dead.
                stage_.run_for(milliseconds(static_cast<std::int64_t>(draw(550))));
                stage_.heal();
                break;
            case Fault::pause_source:
                pause(server);
                break;
            case Fault::pause_target:
                pause(other(server));
                break;
            case Fault::last:
                break;
        }
    }

    void mend() {
        stage_.heal();
        for (NodeId const id : both_nodes) {
            if (node(id).paused) stage_.resume(id);
            if (!node(id).up()) stage_.restart(id);
        }
    }
    void move() {
        std::optional<NodeId> const server = source();
        if (!server || !runs(other(*server))) return;
        stage_.switch_over(other(*server));
        burst(draw(4));
        stage_.run_for(milliseconds(static_cast<std::int64_t>(draw(100))));
    }
    void force() {
        NodeId const id = both_nodes[draw(2)];
        // Whoever forces a copy that never held anything makes strangers, which nobody can resolve.
        bool const holds_something = runs(id) && machine(id)->cell().current;
        if (holds_something && !stage_.serves(id)) stage_.force(id);
        stage_.run_for(milliseconds(5));
    }

    void resolve() {
        NodeId const loser = both_nodes[draw(2)];
        bool const reported = reports_split_[0] || reports_split_[1];
        if (!reported || !runs(loser)) return;
        stage_.resolve(loser);
        if (draw(2) == 0) burst(draw(3));
        stage_.run_for(milliseconds(static_cast<std::int64_t>(draw(500))));
    }

    void order(nodes::Order::Kind kind) {
        if (std::optional<NodeId> const server = source()) stage_.order(*server, {kind});
    }
    void pause_mirror() {
        std::optional<NodeId> const server = source();
        if (!server || !runs(other(*server))) return;
        burst(draw(3));
        order(nodes::Order::Kind::pause);
        NodeId const target = other(*server);
        auto const apart = [&] { return stage_.world().serves_apart(target, Stage::group); };
        if (draw(4) != 0) stage_.run_until(apart, milliseconds(300));
        for (std::uint64_t i = draw(6); i > 0; --i) {
            burst(draw(2));
            if (apart()) stage_.write(target, block(draw(256)), draw(8) == 0);
            stage_.run_for(microseconds(static_cast<std::int64_t>(draw(800))));
        }
        if (draw(2) == 0) order(nodes::Order::Kind::resume);
        // Up to the very moment in which the source takes it up again.
        for (std::uint64_t i = draw(20); i > 0; --i) {
            if (apart()) stage_.write(target, block(draw(256)));
            stage_.run_for(microseconds(static_cast<std::int64_t>(draw(20000))));
        }
    }
    void take_out() {
        std::optional<NodeId> const server = source();
        if (!server) return;
        burst(draw(4));
        order(nodes::Order::Kind::leave_service);
        stage_.run_for(milliseconds(static_cast<std::int64_t>(draw(800))));
        if (runs(*server) && draw(4) != 0) {
            stage_.order(*server, {nodes::Order::Kind::enter_service});
        }
    }
    void fall_back() {
        for (NodeId const id : both_nodes) {
            bool const kept = runs(id) && machine(id)->stable_cell().fallback.current;
            if (!kept) continue;
            die(other(id), draw(2) == 0);
            stage_.run_for(milliseconds(static_cast<std::int64_t>(draw(900))));
            stage_.order(id, {nodes::Order::Kind::use_fallback_image});
            stage_.run_for(milliseconds(static_cast<std::int64_t>(draw(30))));
            if (draw(2) == 0 && runs(id) && !stage_.serves(id)) stage_.force(id);
            stage_.run_for(milliseconds(static_cast<std::int64_t>(draw(30))));
            work(2);
            return;
        }
    }
    /// What an operator left behind is taken back by an operator.
    void undo_orders() {
        for (NodeId const id : both_nodes) {
            if (!source()) stage_.order(id, {nodes::Order::Kind::enter_service});
            stage_.run_for(seconds(5));
        }
        order(nodes::Order::Kind::resume);
        stage_.run_for(seconds(25));
    }

    void fail_over(Fault fault) {
        mend();
        if (!stage_.run_until([&] { return stage_.mirroring(); }, seconds(5))) return;
        std::optional<NodeId> const server = source();
        if (!server) return;
        stage_.run_for(milliseconds(static_cast<std::int64_t>(draw(400))));
        burst(2 + draw(8));
        die(*server, fault == Fault::power_source || fault == Fault::power_target);
        if (!stage_.run_until([&] { return stage_.serves(other(*server)); }, seconds(2))) return;
        work(3 + static_cast<int>(draw(8)));
        if (draw(3) != 0) mend();
        stage_.run_for(milliseconds(static_cast<std::int64_t>(draw(200))));
    }
    void part() {
        mend();
        if (!stage_.run_until([&] { return stage_.mirroring(); }, seconds(5))) return;
        stage_.cut();
        auto const both = [&] {
            return stage_.serves(Stage::server1) && stage_.serves(Stage::server2);
        };
        if (stage_.run_until(both, seconds(2))) work(4);
        stage_.heal();
        stage_.run_for(milliseconds(static_cast<std::int64_t>(draw(200))));
    }

    /// What both machines are at, seen from outside.
    Phase phase() {
        std::optional<NodeId> const server = source();
        if (!server || machine(other(*server)) == nullptr) return Phase::none;
        auto const& outward = machine(*server)->leg(slot_of(other(*server)));
        replication::MirrorMachine const& target = *machine(other(*server));
        auto const* following = std::get_if<leg::Following>(&target.leg(slot_of(*server)));
        using Stands = leg::Following::Phase;
        if (auto const* preparing = std::get_if<leg::Preparing>(&outward)) {
            if (!preparing->begun) return Phase::preparing;
            if (following == nullptr) return Phase::begin_on_its_way;
            return following->phase == Stands::preparing ? Phase::target_preparing
                                                         : Phase::ready_on_its_way;
        }
        auto const* resyncing = std::get_if<leg::Resyncing>(&outward);
        if (resyncing == nullptr || following == nullptr) return Phase::none;
        if (!resyncing->finishing) return Phase::resyncing;
        if (!resyncing->finish_sent) return Phase::finishing;
        if (following->phase == Stands::mirroring) return Phase::reply_on_its_way;
        // A target that has nothing to do has not received the finish yet.
        return target.quiet() ? Phase::finish_on_its_way : Phase::target_finishing;
    }

    /// Breaks a resync, after making sure that there is one.
    void interrupt(Phase wanted, Fault fault) {
        mend();
        auto const begun = [&] { return stage_.mirroring() || phase() != Phase::none; };
        if (!stage_.run_until(begun, seconds(5))) return;
        if (stage_.mirroring()) {
            burst(1 + draw(4));
            stage_.reset();
        }
        if (!stage_.run_until([&] { return phase() == wanted; }, seconds(3))) return;
        std::uint64_t const later = wanted == Phase::resyncing ? 8000 : 60;
        stage_.run_for(microseconds(static_cast<std::int64_t>(draw(later))));
        Phase const reached = phase();
        std::optional<NodeId> const server = source();
        if (reached != Phase::none && server) {
            ++tally_.struck[static_cast<std::size_t>(reached)];
            bool const from_target =
                reached == Phase::ready_on_its_way || reached == Phase::reply_on_its_way;
            bool const receiver_dies =
                from_target ? fault == Fault::crash_source || fault == Fault::power_source
                            : fault == Fault::crash_target || fault == Fault::power_target;
            // What is on the way goes down with the connection, or with whoever should receive it.
            if (fault == Fault::reset || receiver_dies) {
                ++tally_.lost[static_cast<std::size_t>(reached)];
            }
        }
        strike(fault);
        stage_.run_for(milliseconds(static_cast<std::int64_t>(draw(300))));
    }

    void listen(Observation const& observation) {
        if (told_ != nullptr) tell(*told_, stage_.world(), observation);
        states_.look(stage_.world());
        if (auto const* noted = std::get_if<seen::MirrorNoted>(&observation)) {
            namespace note = replication::note;
            if (std::holds_alternative<note::LimitReached>(noted->note)) ++tally_.limit_reached;
            auto const* image = std::get_if<note::FallbackImageChanged>(&noted->note);
            fell_back_ = fell_back_ || (image != nullptr &&
                                        image->what == note::FallbackImageChanged::What::restored);
            written_apart_ =
                written_apart_ || std::holds_alternative<note::WrittenApart>(noted->note);
            auto const* pause = std::get_if<note::PauseChanged>(&noted->note);
            resumed_ = resumed_ || (pause != nullptr && !pause->paused && written_apart_);
            interrupted_ =
                interrupted_ || std::holds_alternative<note::ResyncInterrupted>(noted->note);
        } else if (auto const* decided = std::get_if<seen::NodeNoted>(&observation)) {
            namespace note = nodes::note;
            if (std::holds_alternative<note::SplitBrain>(decided->note)) {
                split_ = true;
                reports_split_[decided->node.value] = true;
            }
            auto const* decision = std::get_if<note::Decided>(&decided->note);
            if (decision != nullptr) {
                taking_over_ = decision->decision.rule == nodes::InServiceRule::failover;
            } else if (std::holds_alternative<note::CameInService>(decided->note)) {
                failed_over_ = failed_over_ || taking_over_;
            }
        } else if (auto const* started = std::get_if<seen::NodeStarted>(&observation)) {
            reports_split_[started->node.value] = false;  // it has to say so again
        }
    }
    void count() {
        FateCount const& fates = stage_.world().fates();
        ++tally_.runs;
        tally_.events += stage_.world().events();
        tally_.faithful += guarded_ ? 0 : 1;
        tally_.failed_over += failed_over_ ? 1 : 0;
        tally_.interrupted += interrupted_ ? 1 : 0;
        tally_.resumed += resumed_ ? 1 : 0;
        tally_.fell_back += fell_back_ ? 1 : 0;
        tally_.faithful_split += split_ && !guarded_ ? 1 : 0;
        tally_.fates.as_new += fates.as_new;
        tally_.fates.as_old += fates.as_old;
        tally_.fates.torn += fates.torn;
    }

    Stage stage_;
    Tally& tally_;
    testing::States states_;
    std::string* told_ = nullptr;
    bool guarded_ = false;
    bool failed_over_ = false;
    bool taking_over_ = false;
    bool interrupted_ = false;
    bool written_apart_ = false;
    bool resumed_ = false;
    bool fell_back_ = false;
    bool split_ = false;
    std::array<bool, 2> reports_split_{};
};

}  // namespace

std::string play(Plan const& plan, Tally& tally, std::uint64_t* trace_hash) {
    return play_acts<Player>(plan, tally, trace_hash);
}

std::string narration_of(Plan const& plan) { return tell_acts<Player, Tally>(plan); }

}  // namespace sunder::netsim::test
