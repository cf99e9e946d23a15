// SPDX-License-Identifier: BSD-3-Clause
//
// Repairing, running on by virtual time, and what whole means.
#include "netsim/exhaust/converge.h"

#include <fmt/format.h>

namespace sunder::netsim {

namespace {

/// Far more than any way to rest needs; a cluster that is busy for so long does not converge.
constexpr unsigned most_events = 20'000;
constexpr unsigned most_repairs = 4;

void show(State& state, std::vector<Observation>& seen, Findings& findings) {
    for (state.world.take_observations(seen); !seen.empty(); state.world.take_observations(seen)) {
        for (Observation const& observation : seen) {
            state.oracle.see(state.world, observation, findings);
        }
    }
    state.oracle.look(state.world, findings);
}

}  // namespace

void advance(State& state, Action const& action, std::vector<std::uint8_t> picks,
             Findings& findings) {
    thread_local std::vector<Observation> seen;
    perform(state.world, action, std::move(picks), state.spent);
    show(state, seen, findings);
}

void restore(Condenser const& condenser, CondensedState const& from, State& whole) {
    condenser.restore(from.world, whole.world);
    whole.oracle = from.oracle;
    whole.spent = from.spent;
    whole.depth = from.depth;
}

void advance(Condenser& condenser, CondensedState& state, Action const& action,
             Effect const& effect, Findings& findings) {
    condenser.happen(effect, action, state.world);
    spend(action, state.spent);
    Scene const scene(state.world);
    for (Observation const& observation : effect.seen)
        state.oracle.see(scene, observation, findings);
    state.oracle.look(scene, findings);
}

/// False when nothing is broken.
bool Convergence::repair(Findings& findings) {
    list_repairs(run_->world, repairs_);
    for (Action const& repair : repairs_) perform(run_->world, repair, {}, run_->spent);
    if (!repairs_.empty()) show(*run_, seen_, findings);
    return !repairs_.empty();
}

/// LIV-4: one node serves. LIV-1: every leg mirrors. SAF-9, LIV-5: the copies are equal, no bits.
std::optional<Violation> Convergence::whole() const {
    World const& world = run_->world;
    auto const violated = [&](char const* property, char const* rule, std::string story) {
        return Violation{property, rule, world.now(),
                         "healed and left alone, the cluster comes to rest, but " + story};
    };
    // A forced history is no other's continuation, also when nobody wrote; and a copy with a write
    // that nobody was told of is later than one that took over without it (SAF-4): both may say so.
    bool const may_differ = run_->spent.forces != 0 || run_->oracle.left_open();
    if (may_differ && run_->oracle.all_report_split()) return std::nullopt;
    if (run_->oracle.parted()) {
        if (run_->oracle.split_reported()) return std::nullopt;
        return violated("no_silent_split_brain", "SAF-6", "split brain is not reported by both");
    }
    CopySim const* source = nullptr;
    for (NodeId const node : world.cluster().mirrors.front().on) {
        if (!world.serves(node, the_mirror)) continue;
        if (source != nullptr) return violated("no_silent_split_brain", "SAF-6", "two nodes serve");
        source = world.copy(node, the_mirror);
    }
    if (source == nullptr) return violated("both_back_in_service", "LIV-4", "nobody serves");
    for (NodeId const node : world.cluster().mirrors.front().on) {
        CopySim const& copy = *world.copy(node, the_mirror);
        if (&copy == source) continue;
        std::string const& name = world.node(node).name;
        bool const mirrors = replication::state_of(source->machine->leg(copy.slot)) ==
                             replication::LegState::mirroring;
        bool const apart = may_differ && run_->oracle.both_report_split(source->slot, copy.slot);
        if (apart) continue;
        if (!mirrors) return violated("resync_completes", "LIV-1", name + " is not in sync");
        Extent const all{0, world.cluster().mirrors.front().sectors};
        if (!Image::same(source->disk->image(), copy.disk->image(), all)) {
            return violated("mirror_equality", "SAF-9", name + " holds something else");
        }
        bool const bits = source->machine->log().bits(copy.slot).any() ||
                          copy.machine->log().bits(source->slot).any();
        // After a failed flush nothing is settled until that node has started again (G11).
        if (bits && !run_->oracle.flush_failed())
            return violated("mirror_equality", "LIV-5", "intent bits remain for " + name);
        if (!source->machine->quiet() || !copy.machine->quiet()) {
            return violated("every_request_ends", "LIV-2", "something is still under way");
        }
    }
    return std::nullopt;
}

void Convergence::remember_way() {
    for (Fingerprint const passed : way_) (void)fresh_.insert(passed);
}

std::optional<Violation> Convergence::missing(State const& state, Fingerprint print) {
    list_repairs(state.world, repairs_);
    if (repairs_.empty() && good(print)) return std::nullopt;
    run_ = state;
    way_.clear();
    Findings findings;
    if (repair(findings)) print = print_of(run_->world, run_->oracle, timing_);
    return run_on(print, findings);
}

std::optional<Violation> Convergence::run_on(Fingerprint print, Findings& findings) {
    // A source that comes back may know of pauses that nobody could end before.
    unsigned repairs_left = most_repairs;
    for (unsigned events = 0;; ++events) {
        if (good(print)) break;
        way_.push_back(print);
        if (!findings.violations().empty()) return findings.violations().front();
        if (!run_->world.next_time() && repairs_left-- != 0 && repair(findings)) {
            print = print_of(run_->world, run_->oracle, timing_);
            continue;
        }
        if (!run_->world.next_time()) {
            if (std::optional<Violation> const missing = whole()) return missing;
            break;
        }
        if (events == most_events) {
            return Violation{"resync_completes", "LIV-1", run_->world.now(),
                             "healed and left alone, the cluster never comes to rest"};
        }
        run_->world.advance();
        show(*run_, seen_, findings);
        print = print_of(run_->world, run_->oracle, timing_);
    }
    remember_way();
    return std::nullopt;
}

std::optional<Violation> Convergence::missing(Condenser& condenser, CondensedState const& state,
                                              Fingerprint print) {
    list_repairs(Scene(state.world), repairs_);
    if (repairs_.empty() && good(print)) return std::nullopt;
    way_.clear();
    if (repairs_.empty() && rests_by_parts(condenser, state, print)) {
        remember_way();
        return std::nullopt;
    }
    if (!run_) run_.emplace(State{state.world.backdrop->world, {}, {}, 0});
    restore(condenser, state, *run_);
    way_.clear();
    Findings findings;
    if (repair(findings)) print = print_of(run_->world, run_->oracle, timing_);
    return run_on(print, findings);
}

/// True when it gets to where it is known to, by what is remembered of its parts. Nothing else is
/// believed, but is to be seen of the world itself.
bool Convergence::rests_by_parts(Condenser& condenser, CondensedState const& state,
                                 Fingerprint print) {
    parts_ = state;
    Findings findings;
    for (unsigned events = 0; events < most_events; ++events) {
        if (good(print)) return true;
        std::optional<Action> const next = Condenser::next_by_time(parts_.world);
        Effect const* const effect = next ? condenser.effect(parts_.world, *next) : nullptr;
        if (effect == nullptr) return false;
        way_.push_back(print);
        advance(condenser, parts_, *next, *effect, findings);
        if (!findings.violations().empty()) return false;
        print = print_of(parts_.world, parts_.oracle, timing_);
    }
    return false;
}

}  // namespace sunder::netsim
