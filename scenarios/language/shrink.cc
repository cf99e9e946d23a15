// SPDX-License-Identifier: BSD-3-Clause
//
// Writing a run down, and the passes over it.
#include "scenarios/language/shrink.h"

#include "scenarios/language/write.h"

#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <set>

namespace sunder::language {

namespace {

namespace seen = netsim::seen;
using netsim::World;

/// What a run failed by: the first broken property, else the step or expectation.
std::string failure_of(Outcome const& outcome) {
    if (!outcome.violations.empty()) return outcome.violations.front().property;
    return outcome.failure ? outcome.failure->what : std::string();
}

/// Writes down what is done to a world. Boots at the beginning are the cluster's own.
class Recorder {
public:
    void see(World const& world, netsim::Observation const& observation) {
        std::visit([&](auto const& what) { on(world, what); }, observation);
    }
    [[nodiscard]] std::vector<Step> const& steps() const { return steps_; }
    /// False when something happened that no step says.
    [[nodiscard]] bool complete() const { return complete_; }

private:
    void add(World const& world, Action const& action) {
        if (world.now() > last_) {
            steps_.push_back(make_step(step::Pass{world.now() - last_}, world.cluster()));
            last_ = world.now();
        }
        steps_.push_back(make_step(action, world.cluster()));
    }
    void on(World const& world, seen::HostAsked const& asked) {
        if (!asked.accepted) return;
        add(world, step::Ask{asked.group.value, asked.node, asked.op, asked.range.first,
                             asked.range.count, asked.fua});
        complete_ = complete_ && asked.op != replication::HostOp::write_zeroes;
    }
    /// What becomes of a shared disk follows from what becomes of its servers.
    [[nodiscard]] static bool is_shared(World const& world, NodeId node) {
        return !world.cluster().nodes[node.value].shared_by.empty();
    }
    void on(World const& world, seen::NodeDied const& died) {
        if (is_shared(world, died.node)) return;
        if (died.how == seen::NodeDied::How::crash) {
            add(world, step::Crash{died.node, {}});
        } else if (died.how == seen::NodeDied::How::panic) {
            add(world, step::Panic{died.node, {}});
        } else {
            add(world, step::PowerCut{died.node, {}});
        }
    }
    void on(World const& world, seen::NodeStarted const& started) {
        if (is_shared(world, started.node)) return;
        if (world.now() > Duration{}) add(world, step::Restart{started.node});
    }
    void on(World const& world, seen::NodePaused const& paused) {
        add(world, step::Pause{paused.node});
    }
    void on(World const& world, seen::NodeResumed const& resumed) {
        add(world, step::Resume{resumed.node});
    }
    void on(World const& world, seen::LinkCut const& cut) {
        add(world, step::Cut{cut.a, cut.b, cut.one_way, cut.what});
    }
    void on(World const& world, seen::LinkHealed const& healed) {
        add(world, step::Heal{healed.a, healed.b});
    }
    void on(World const& world, seen::LinkDegraded const& degraded) {
        add(world, step::Degrade{degraded.a, degraded.b, degraded.one_way, degraded.how});
    }
    void on(World const& world, seen::ConnectionsReset const& reset) {
        add(world, step::Reset{reset.a, reset.b, reset.half_open});
    }
    void on(World const& world, seen::WireTrapped const& trapped) {
        add(world, step::DamageMessage{trapped.from, trapped.to, trapped.how});
    }
    void on(World const& world, seen::DiskFaulted const& faulted) {
        netsim::DiskFaults const& faults = faulted.faults;
        if (faults.hangs) {
            add(world, step::HangDisk{faulted.node});
        } else if (faults.slowness != 1) {
            add(world, step::SlowDisk{faulted.node, faults.slowness});
        } else {
            add(world, step::FailDisk{faulted.node, faults.reads, faults.writes, faults.flushes,
                                      faults.stores});
        }
    }
    void on(World const& world, seen::DiskTrapped const& trapped) {
        netsim::DiskTrap const& trap = trapped.trap;
        std::optional<step::DiskPart> where;
        if (trapped.group)
            where = step::DiskPart{trapped.group->value, trap.range.first, trap.range.count};
        if (trap.lie && where) {
            add(world, step::CorruptDisk{trapped.node, *trap.lie, *where, trap.count});
        } else {
            add(world, step::FailDisk{trapped.node, trap.reads, trap.writes, trap.flushes,
                                      trap.stores, where, trap.count});
        }
    }
    void on(World const& world, seen::DiskLied const& lied) {
        if (lied.how != netsim::DiskLie::bit_rot) return;  // it follows from what was done before
        for (netsim::Spoilt const& one : lied.spoilt) {
            add(world,
                step::CorruptDisk{
                    lied.node, lied.how, {lied.group.value, one.range.first, one.range.count}});
        }
    }
    void on(World const& world, seen::SnapshotTaken const& taken) {
        add(world, step::TakeSnapshot{taken.node});
    }
    void on(World const& world, seen::RolledBack const& back) {
        add(world, step::RollBack{back.node, back.what});
    }
    void on(World const& world, seen::DisksExchanged const& exchanged) {
        add(world, step::ExchangeDisks{exchanged.one, exchanged.other});
    }
    void on(World const& world, seen::ClockSkewed const& skewed) {
        add(world, step::SkewClock{skewed.node, skewed.percent});
    }
    void on(World const& world, seen::ClockStepped const& stepped) {
        add(world, step::StepClock{stepped.node, stepped.by});
    }
    void on(World const& world, seen::MemoryPressed const& pressed) {
        add(world, step::FillMemory{pressed.node, pressed.full});
    }
    void on(World const& world, seen::OperatorAsked const& asked) {
        using What = seen::OperatorAsked::What;
        if (asked.what == What::force_online) {
            add(world, step::ForceOnline{asked.group.value, asked.node, "", false});
        } else if (asked.what == What::switch_over) {
            add(world, step::SwitchOver{asked.group.value, asked.node, "", false});
        } else if (asked.what == What::resolve_split_brain) {
            add(world, step::ResolveSplitBrain{asked.group.value, asked.node, "", false});
        } else if (asked.what == What::move_shared_disk) {
            auto const& servers = world.cluster().nodes[asked.dead.value].shared_by;
            NodeId const to = servers[0] == asked.node ? servers[1] : servers[0];
            add(world, step::MoveSharedDisk{asked.dead, to, "", false});
        } else if (asked.what == What::edit_hierarchy) {
            add(world, step::EditHierarchy{asked.group.value, asked.node, asked.edit, "", false});
        } else if (asked.what == What::edit_extension) {
            add(world,
                step::EditExtension{asked.group.value, asked.node, asked.extension, "", false});
        } else if (asked.what == What::confirm_failover) {
            add(world, step::ConfirmFailover{asked.node, asked.dead, asked.proceeds, "", false});
        } else {
            add(world, step::Ordered{asked.group.value, asked.node, asked.order, "", false});
        }
    }
    void on(World const& world, seen::FencingFaulted const& faulted) {
        add(world, step::FailFencing{faulted.node, !faulted.works});
    }
    void on(World const& world, seen::ResourceFaulted const& faulted) {
        add(world,
            step::FailResource{faulted.at, faulted.resource, faulted.faults, faulted.failed});
    }
    void on(World const&, seen::ImageTaken const&) { complete_ = false; }
    void on(World const&, seen::ArrayNoted const&) { complete_ = false; }
    void on(World const&, auto const&) {}

    std::vector<Step> steps_;
    Duration last_;
    bool complete_ = true;
};

bool is_request(Step const& step) {
    return std::holds_alternative<step::Ask>(step.action) ||
           std::holds_alternative<step::Write>(step.action) ||
           std::holds_alternative<step::Read>(step.action) ||
           std::holds_alternative<step::Trim>(step.action) ||
           std::holds_alternative<step::Flush>(step.action);
}

bool is_fault(Step const& step) {
    return std::holds_alternative<step::Crash>(step.action) ||
           std::holds_alternative<step::PowerCut>(step.action) ||
           std::holds_alternative<step::Panic>(step.action) ||
           std::holds_alternative<step::Cut>(step.action) ||
           std::holds_alternative<step::Isolate>(step.action) ||
           std::holds_alternative<step::Degrade>(step.action) ||
           std::holds_alternative<step::FillMemory>(step.action) ||
           std::holds_alternative<step::Reset>(step.action) ||
           std::holds_alternative<step::DamageMessage>(step.action) ||
           std::holds_alternative<step::Pause>(step.action) ||
           std::holds_alternative<step::SlowDisk>(step.action) ||
           std::holds_alternative<step::FailDisk>(step.action) ||
           std::holds_alternative<step::HangDisk>(step.action) ||
           std::holds_alternative<step::CorruptDisk>(step.action) ||
           std::holds_alternative<step::RollBack>(step.action) ||
           std::holds_alternative<step::ExchangeDisks>(step.action) ||
           std::holds_alternative<step::SkewClock>(step.action) ||
           std::holds_alternative<step::StepClock>(step.action) ||
           std::holds_alternative<step::ForceOnline>(step.action) ||
           std::holds_alternative<step::SwitchOver>(step.action) ||
           std::holds_alternative<step::ResolveSplitBrain>(step.action) ||
           std::holds_alternative<step::Ordered>(step.action);
}

/// False when there is no step, or one that asks of a node what it cannot do where it stands.
bool possible(Scenario const& scenario) {
    enum class Is : std::uint8_t { up, paused, down };
    std::vector<Is> nodes;
    std::set<NodeId> snapshots;
    std::vector<NodeId> disks_of;
    for (netsim::NodeSetup const& node : scenario.cluster.nodes) {
        disks_of.push_back({static_cast<std::uint8_t>(nodes.size())});
        nodes.push_back(node.started ? Is::up : Is::down);
    }
    bool fits = !scenario.steps.empty();
    auto const move = [&](NodeId node, Is from, Is to) {
        bool const dies = to == Is::down && nodes[node.value] != Is::down;
        fits = fits && (nodes[node.value] == from || dies);
        nodes[node.value] = to;
    };
    for (Step const& step : scenario.steps) {
        if (auto const* crash = std::get_if<step::Crash>(&step.action)) {
            move(crash->node, Is::up, Is::down);
        } else if (auto const* power = std::get_if<step::PowerCut>(&step.action)) {
            move(power->node, Is::up, Is::down);
        } else if (auto const* panic = std::get_if<step::Panic>(&step.action)) {
            move(panic->node, Is::up, Is::down);
        } else if (auto const* restart = std::get_if<step::Restart>(&step.action)) {
            // It does not start with another's disks.
            bool const starts = disks_of[restart->node.value] == restart->node;
            move(restart->node, Is::down, starts ? Is::up : Is::down);
        } else if (auto const* pause = std::get_if<step::Pause>(&step.action)) {
            move(pause->node, Is::up, Is::paused);
        } else if (auto const* resume = std::get_if<step::Resume>(&step.action)) {
            move(resume->node, Is::paused, Is::up);
        } else if (auto const* taken = std::get_if<step::TakeSnapshot>(&step.action)) {
            snapshots.insert(taken->node);
        } else if (auto const* back = std::get_if<step::RollBack>(&step.action)) {
            fits = fits && nodes[back->node.value] == Is::down &&
                   (back->what == seen::RolledBack::What::blank || snapshots.contains(back->node));
            if (back->what != seen::RolledBack::What::data) {
                disks_of[back->node.value] = back->node;
            }
        } else if (auto const* both = std::get_if<step::ExchangeDisks>(&step.action)) {
            fits =
                fits && nodes[both->one.value] == Is::down && nodes[both->other.value] == Is::down;
            std::swap(disks_of[both->one.value], disks_of[both->other.value]);
        } else if (auto const* memory = std::get_if<step::FillMemory>(&step.action)) {
            fits = fits && nodes[memory->node.value] == Is::up;
        } else if (auto const* ask = std::get_if<step::Ask>(&step.action)) {
            fits = fits && nodes[ask->node.value] == Is::up;
        } else if (auto const* force = std::get_if<step::ForceOnline>(&step.action)) {
            fits = fits && nodes[force->node.value] == Is::up;
        } else if (auto const* over = std::get_if<step::SwitchOver>(&step.action)) {
            fits = fits && nodes[over->node.value] == Is::up;
        }
    }
    return fits;
}

class Shrinker {
public:
    Shrinker(Scenario const& scenario, ShrinkOptions const& options)
        : options_(options), best_(scenario) {}

    std::optional<Shrunk> run() {
        Recorder recorder;
        PlayOptions first;
        first.seed = options_.seed;
        first.watch = [&](World const& world, netsim::Observation const& observation) {
            recorder.see(world, observation);
        };
        first.in_time = options_.in_time;
        ++attempts_;
        Outcome const outcome = play(best_, first);
        if (outcome.given_up) return std::nullopt;
        wanted_ = options_.property.empty() ? failure_of(outcome) : options_.property;
        if (wanted_.empty()) return std::nullopt;
        by_property_ = !outcome.violations.empty();
        if (!options_.property.empty() && !breaks_what_is_wanted(outcome)) return std::nullopt;
        if (by_property_) {
            best_.expect = Expect{{wanted_}, {}, {}};
        }
        Scenario const given = best_;
        if (by_property_ && recorder.complete()) write_down(recorder);
        for (std::size_t before = 0; before != weight();) {
            before = weight();
            remove_steps();
            simplify_times();
            simplify_links();
            simplify_places();
        }
        // A long workload is written down as many requests, and there may have been no time to take
        // them away.
        if (best_.steps.size() > given.steps.size()) best_ = given;
        simplify_chance();
        return tell();
    }

private:
    [[nodiscard]] bool fails(Scenario const& candidate, std::uint64_t seed) {
        over_ = over_ || events_ > options_.most_events || (options_.go_on && !options_.go_on()) ||
                (options_.in_time && !options_.in_time());
        if (over_ || !possible(candidate)) return false;
        ++attempts_;
        PlayOptions options;
        options.seed = seed;
        options.most_events = 5'000'000;
        options.in_time = options_.in_time;
        Outcome const outcome = play(candidate, options);
        events_ += outcome.statistics.events;
        if (outcome.given_up) return false;
        if (!by_property_) return outcome.violations.empty() && failure_of(outcome) == wanted_;
        return breaks_what_is_wanted(outcome);
    }
    [[nodiscard]] bool breaks_what_is_wanted(Outcome const& outcome) const {
        return std::ranges::any_of(outcome.violations, [&](netsim::Violation const& violation) {
            return violation.property == wanted_;
        });
    }
    bool accept(Scenario candidate) {
        if (!fails(candidate, options_.seed)) return false;
        best_ = std::move(candidate);
        return true;
    }
    [[nodiscard]] std::size_t weight() const {
        std::size_t sum = best_.steps.size();
        for (Step const& step : best_.steps) sum += step.source.size();
        return sum;
    }

    /// The run as it was, request by request, if it then still fails.
    void write_down(Recorder const& recorder) {
        Scenario candidate = best_;
        candidate.steps = recorder.steps();
        candidate.workload.clear();
        // Which volume a place belongs to makes no difference to the order of writes.
        for (netsim::MirrorSetup& mirror : candidate.cluster.mirrors) mirror.volumes.clear();
        for (Step& step : candidate.steps) step = make_step(step.action, candidate.cluster);
        (void)accept(std::move(candidate));
    }

    /// ddmin: halves, quarters, and so on to single steps.
    void remove_steps() {
        for (std::size_t size = std::max<std::size_t>(1, best_.steps.size() / 2); size > 0;
             size /= 2) {
            for (std::size_t at = 0; at < best_.steps.size();) {
                if (over_) return;  // a copy of thousands of steps takes its time
                Scenario candidate = best_;
                auto const begin = candidate.steps.begin() + static_cast<std::ptrdiff_t>(at);
                auto const end = begin + static_cast<std::ptrdiff_t>(
                                             std::min(size, candidate.steps.size() - at));
                candidate.steps.erase(begin, end);
                if (!accept(std::move(candidate))) at += size;
            }
        }
        remove_pairs();
        for (std::size_t w = best_.workload.size(); w-- > 0;) {
            Scenario candidate = best_;
            candidate.workload.erase(candidate.workload.begin() + static_cast<std::ptrdiff_t>(w));
            (void)accept(std::move(candidate));
        }
        for (std::size_t w = best_.array_workload.size(); w-- > 0;) {
            Scenario candidate = best_;
            candidate.array_workload.erase(candidate.array_workload.begin() +
                                           static_cast<std::ptrdiff_t>(w));
            (void)accept(std::move(candidate));
        }
    }
    /// A death and the start that follows it, a cut and its healing go together or not at all.
    void remove_pairs() {
        for (std::size_t a = 0; a < best_.steps.size(); ++a) {
            if (!is_fault(best_.steps[a])) continue;
            for (std::size_t b = a + 1; b < best_.steps.size(); ++b) {
                if (std::holds_alternative<step::Pass>(best_.steps[b].action)) continue;
                if (is_request(best_.steps[b]) || is_fault(best_.steps[b])) continue;
                Scenario candidate = best_;
                candidate.steps.erase(candidate.steps.begin() + static_cast<std::ptrdiff_t>(b));
                candidate.steps.erase(candidate.steps.begin() + static_cast<std::ptrdiff_t>(a));
                if (accept(std::move(candidate))) break;
            }
        }
    }

    [[nodiscard]] bool with_pass(std::size_t at, Duration time) {
        Scenario candidate = best_;
        candidate.steps[at] = make_step(step::Pass{time}, candidate.cluster);
        return accept(std::move(candidate));
    }
    /// Adjacent passes are one; a pass becomes the roundest time that does.
    void simplify_times() {
        for (std::size_t at = 0; at + 1 < best_.steps.size();) {
            auto const* one = std::get_if<step::Pass>(&best_.steps[at].action);
            auto const* next = std::get_if<step::Pass>(&best_.steps[at + 1].action);
            if (one == nullptr || next == nullptr) {
                ++at;
                continue;
            }
            Scenario candidate = best_;
            candidate.steps[at] = make_step(step::Pass{one->time + next->time}, best_.cluster);
            candidate.steps.erase(candidate.steps.begin() + static_cast<std::ptrdiff_t>(at) + 1);
            if (!accept(std::move(candidate))) ++at;
        }
        static constexpr Duration round[] = {seconds(10),      seconds(1),      milliseconds(100),
                                             milliseconds(10), milliseconds(1), microseconds(100),
                                             microseconds(10), microseconds(1)};
        for (std::size_t at = 0; at < best_.steps.size(); ++at) {
            auto const* pass = std::get_if<step::Pass>(&best_.steps[at].action);
            if (pass == nullptr) continue;
            Duration const time = pass->time;
            for (Duration const unit : round) {
                std::int64_t const units = time.ns / unit.ns;
                bool const is_round = time.ns % unit.ns == 0;
                if (is_round) break;
                if ((units != 0 && with_pass(at, unit * units)) ||
                    with_pass(at, unit * (units + 1))) {
                    break;
                }
            }
        }
    }

    /// A link is degraded in no more ways than it takes.
    void simplify_links() {
        auto const without = [&](std::size_t at, auto netsim::Degradation::* quality) {
            auto const* degrade = std::get_if<step::Degrade>(&best_.steps[at].action);
            if (degrade == nullptr || !(degrade->how.*quality)) return;
            step::Degrade milder = *degrade;
            (milder.how.*quality).reset();
            if (milder.how == netsim::Degradation{}) return;
            Scenario candidate = best_;
            candidate.steps[at] = make_step(milder, candidate.cluster);
            (void)accept(std::move(candidate));
        };
        for (std::size_t at = 0; at < best_.steps.size(); ++at) {
            without(at, &netsim::Degradation::jitter);
            without(at, &netsim::Degradation::loss);
            without(at, &netsim::Degradation::latency);
            without(at, &netsim::Degradation::bandwidth);
        }
    }

    /// Sectors that workloads and injuries need, wherever requests move.
    [[nodiscard]] std::uint64_t reach_of_the_rest() const {
        std::uint64_t least = 0;
        for (Workload const& workload : best_.workload) {
            least = std::max(least, workload.block_sectors);
            if (workload.then) least = std::max(least, workload.then->block_sectors);
        }
        for (Step const& step : best_.steps) {
            if (auto const* failed = std::get_if<step::FailDisk>(&step.action);
                failed != nullptr && failed->where) {
                least = std::max(least, failed->where->at + failed->where->sectors);
            }
            if (auto const* spoilt = std::get_if<step::CorruptDisk>(&step.action)) {
                least = std::max(least, spoilt->where.at + spoilt->where.sectors);
            }
        }
        return least;
    }
    /// Places move together to the front, requests become short, the volume small. Not where there
    /// are volumes, which other steps may name.
    void simplify_places() {
        auto const& mirrors = best_.cluster.mirrors;
        if (std::ranges::any_of(mirrors, [](auto const& one) { return !one.volumes.empty(); }))
            return;
        std::map<std::uint64_t, std::uint64_t> places;
        std::uint64_t longest = 1;
        for (Step const& step : best_.steps) {
            auto const* ask = std::get_if<step::Ask>(&step.action);
            if (ask == nullptr || ask->sectors == 0) continue;
            places.emplace(ask->at, 0);
            longest = std::max(longest, ask->sectors);
        }
        if (places.empty()) return;
        for (bool const one_sector : {true, false}) {
            std::uint64_t next = 0;
            for (auto& [from, to] : places) {
                to = next;
                next += one_sector ? 1 : longest;
            }
            Scenario candidate = best_;
            for (Step& step : candidate.steps) {
                auto const* ask = std::get_if<step::Ask>(&step.action);
                if (ask == nullptr || ask->sectors == 0) continue;
                step::Ask moved = *ask;
                moved.at = places[ask->at];
                if (one_sector) moved.sectors = 1;
                step = make_step(moved, candidate.cluster);
            }
            Scenario small = candidate;
            std::uint64_t const least = std::max(next, reach_of_the_rest());
            for (netsim::MirrorSetup& mirror : small.cluster.mirrors) {
                mirror.sectors = least;
                mirror.sectors_on.clear();
                if (mirror.intent_log_chunk) mirror.intent_log_chunk = ByteCount{sector_bytes};
            }
            if (accept(std::move(small)) || accept(std::move(candidate))) return;
        }
    }

    /// Disks and links without jitter, links without loss, and a seed that need not be named.
    void simplify_chance() {
        Scenario candidate = best_;
        for (netsim::NodeSetup& node : candidate.cluster.nodes) node.disk.jitter = Duration{};
        (void)accept(std::move(candidate));
        candidate = best_;
        for (netsim::LinkSetup& link : candidate.cluster.links) {
            link.there.jitter = link.back.jitter = Duration{};
            link.there.loss = link.back.loss = Share{};
        }
        if (candidate.cluster != best_.cluster) (void)accept(std::move(candidate));
        seed_ = options_.seed;
        for (std::uint64_t seed = 1; seed < std::min<std::uint64_t>(seed_, 33); ++seed) {
            if (!fails(best_, seed)) continue;
            seed_ = seed;
            return;
        }
    }

    [[nodiscard]] Shrunk tell() {
        Shrunk shrunk;
        PlayOptions options;
        options.seed = seed_;
        Outcome const outcome = play(best_, options);
        shrunk.requests = static_cast<std::size_t>(std::ranges::count_if(best_.steps, is_request));
        shrunk.faults = static_cast<std::size_t>(std::ranges::count_if(best_.steps, is_fault));
        std::string story =
            outcome.violations.empty() ? std::string() : outcome.violations.front().story;
        if (outcome.violations.empty() && outcome.failure) story = outcome.failure->instead;
        best_.about = fmt::format(
            "What remains of '{}' when everything is taken away that its "
            "failure does not need. {}{}",
            best_.title, story, story.ends_with('.') ? "" : ".");
        if (seed_ != 1) best_.about += fmt::format(" It fails under --seed {}.", seed_);
        best_.title = by_property_ ? fmt::format("{} is broken", wanted_)
                                   : fmt::format("It does not come true: {}", wanted_);
        best_.matrix_case.clear();
        best_.bounded.reset();
        shrunk.scenario = best_;
        shrunk.seed = seed_;
        shrunk.failure = wanted_;
        shrunk.attempts = attempts_;
        return shrunk;
    }

    ShrinkOptions const& options_;
    Scenario best_;
    std::string wanted_;
    bool by_property_ = false;
    std::uint64_t seed_ = 1;
    std::uint64_t attempts_ = 0;
    std::uint64_t events_ = 0;
    bool over_ = false;  // no more attempts are to be made
};

}  // namespace

std::optional<Shrunk> shrink(Scenario const& scenario, ShrinkOptions const& options) {
    return Shrinker(scenario, options).run();
}

}  // namespace sunder::language
