// SPDX-License-Identifier: BSD-3-Clause
//
// The loop of a run: an event, what it showed, what the checkers and the director make of it. After
// the last step the workloads stop and everything that is under way comes to its end; then it is
// judged.
#include "scenarios/language/play.h"

#include "base/verify.h"
#include "netsim/array_note.h"
#include "netsim/checkers/same_run_twice.h"
#include "scenarios/language/condition.h"
#include "scenarios/language/narration.h"

#include <fmt/format.h>
#include <algorithm>

namespace sunder::language {

namespace {

using netsim::World;
namespace seen = netsim::seen;

/// After the last step; a terabyte is resynchronised over 1 Gbit/s in less.
constexpr Duration longest_coming_to_rest = hours(3);

class Player {
public:
    Player(Scenario const& scenario, PlayOptions const& options)
        : scenario_(scenario),
          options_(options),
          world_(std::shared_ptr<netsim::Cluster const>(std::shared_ptr<void>(), &scenario.cluster),
                 options.seed),
          checkers_(world_),
          director_(scenario, world_, options.leave_out_impossible),
          recovery_(scenario.cluster) {
        outcome_.seed = options.seed;
        if (options.tracer) world_.tracer = options.tracer;
        if (options.began) options.began(world_);
    }

    Outcome run() {
        CrashContext const context([this] {
            return fmt::format("{} [{}], seed {}\n{}", scenario_.path, scenario_.case_name(),
                               options_.seed, world_.in_words());
        });
        world_.start_all();
        look(true);
        while (!director_.done() && outcome_.result != Result::unknown) tick(director_.deadline());
        if (options_.stopped) {
            options_.stopped(world_, findings_);
            judge();
            return std::move(outcome_);
        }
        director_.stop_workloads();
        // Nothing polls in this world, so what is pending comes to an end by itself, unless a fault
        // that was left in place makes somebody try again for ever.
        Duration const patience = world_.now() + longest_coming_to_rest;
        while (world_.next_time() && *world_.next_time() <= patience &&
               (world_.goes_on() || checkers_.deadline()) && outcome_.result != Result::unknown) {
            tick(std::nullopt);
        }
        bool const at_rest = !world_.goes_on();
        while (auto const deadline = at_rest ? checkers_.deadline() : std::nullopt) {
            std::optional<Duration> const next = world_.next_time();
            if (next && *next < *deadline) break;  // only where a link loses heartbeats
            world_.wait_until(std::max(*deadline, world_.now()));
            checkers_.passed(world_, findings_);
            if (checkers_.deadline() == deadline) break;
        }
        if (at_rest) {
            checkers_.finish(world_, findings_);
        } else {
            unknown(
                fmt::format("it did not come to rest within {} of its last step, so that its "
                            "end could not be judged",
                            to_text(longest_coming_to_rest)));
        }
        judge();
        return std::move(outcome_);
    }

private:
    /// The next thing that happens: an event, or a deadline that passes before it.
    void tick(std::optional<Duration> director_deadline) {
        std::optional<Duration> deadline = checkers_.deadline();
        if (director_deadline && (!deadline || *director_deadline < *deadline))
            deadline = director_deadline;
        std::optional<Duration> const next = world_.next_time();
        bool time_matters = false;
        if (!next && director_.resting()) {
            director_.exhausted();
            look(true);
            return;
        }
        if (next && (!deadline || *next <= *deadline)) {
            world_.advance();
        } else if (deadline) {
            time_matters = true;
            if (*deadline > world_.now()) world_.wait_until(*deadline);
            checkers_.passed(world_, findings_);
            if (director_deadline && *director_deadline <= world_.now()) director_.passed();
        } else {
            director_.exhausted();
        }
        look(time_matters);
        bool const ends = options_.until_violated && !findings_.violations().empty();
        if (ends || world_.events() >= options_.most_events) {
            unknown(fmt::format("it was stopped after {} events", world_.events()));
        }
        if (options_.in_time && (++ticks_ & 0xfff) == 0 && !options_.in_time()) {
            outcome_.given_up = true;
            unknown("there was no time for its end");
        }
        if (options_.pulse && (world_.events() & 0xfffff) == 0) options_.pulse();
    }

    /// The first reason is told.
    void unknown(std::string why) {
        if (outcome_.result == Result::unknown) return;
        outcome_.result = Result::unknown;
        outcome_.why_unknown = std::move(why);
    }

    /// Shows what was seen to everybody, then lets the director go on, a step at a time: whatever a
    /// step or an answer makes happen is shown before the world changes again.
    void look(bool time_matters) {
        bool const news = show();
        if (!news && !time_matters) return;
        // A step that has begun and waits may have been answered at once.
        do {
            while (director_.proceed()) show();
        } while (show());
        if (options_.past_waits && !past_waits_ && director_.past_waits()) {
            past_waits_ = true;
            options_.past_waits(world_);
        }
    }

    /// True when anything but a host's request was seen, which nothing could wait for.
    bool show() {
        bool news = false;
        for (world_.take_observations(seen_); !seen_.empty(); world_.take_observations(seen_)) {
            for (netsim::Observation const& observation : seen_) {
                checkers_.see(world_, observation, findings_);
                if (options_.watch) options_.watch(world_, observation);
                recovery_.see(world_.now(), observation);
                count(observation);
                director_.see(observation);
                news = news || !std::holds_alternative<seen::HostAsked>(observation);
            }
        }
        return news;
    }

    void count(netsim::Observation const& observation) {
        if (auto const* answer = std::get_if<seen::HostAnswered>(&observation)) {
            if (answer->status == replication::HostStatus::ok)
                ++outcome_.statistics.writes_acknowledged;
            return;
        }
        if (auto const* noted = std::get_if<seen::ArrayNoted>(&observation)) {
            auto const* told = std::get_if<netsim::array_note::Answered>(&noted->note->what);
            if (told != nullptr && !told->refused) ++outcome_.statistics.writes_acknowledged;
        }
        if (auto const* noted = std::get_if<seen::MirrorNoted>(&observation)) {
            if (auto const* started = std::get_if<replication::note::ResyncStarted>(&noted->note)) {
                outcome_.statistics.chunks_to_copy += started->chunks;
            }
        }
        if (std::string_view const mark = mark_of(observation); !mark.empty()) {
            auto const found = outcome_.marks.find(mark);
            if (found == outcome_.marks.end()) {
                outcome_.marks.emplace(mark, 1);
            } else {
                ++found->second;
            }
            if (mark == "came_in_service") came_in_service(observation);
        }
        if (!options_.narrate) return;
        if (auto line = narrate(observation, scenario_.cluster)) {
            outcome_.narration.push_back(time_column(world_.now()) + *line);
            if (!options_.explain) return;
            if (auto const facts = explain(observation)) {
                outcome_.narration.push_back(fmt::format("{:24}because: {}", "", *facts));
            }
        }
    }

    void came_in_service(netsim::Observation const& observation) {
        ++outcome_.statistics.came_in_service;
        auto const& note = std::get<seen::NodeNoted>(observation).note;
        GroupId const group = std::get<nodes::note::CameInService>(note).group;
        recovery_.lost(group.value, checkers_.writes_lost(group));
    }

    void judge() {
        outcome_.statistics.events = world_.events();
        outcome_.statistics.time = world_.now();
        outcome_.statistics.fates = world_.fates();
        outcome_.trace_hash = world_.trace_hash();
        outcome_.outages = recovery_.outages();
        outcome_.failure = director_.failure();
        outcome_.left_out = director_.left_out();
        outcome_.steps_done = director_.steps_done();
        for (netsim::Violation const& violation : findings_.violations()) {
            auto const& always = scenario_.expect.always;
            bool const demanded =
                always.empty() || std::ranges::find(always, violation.property) != always.end();
            (demanded ? outcome_.violations : outcome_.undemanded).push_back(violation);
        }
        outcome_.allowed = findings_.allowances();
        for (std::string const& mark : scenario_.expect.sometimes) {
            if (!outcome_.marks.contains(mark)) outcome_.never.push_back(mark);
        }
        if (!outcome_.failure) {
            for (Condition const& condition : scenario_.expect.finally) {
                if (holds(condition, world_)) continue;
                outcome_.failure = Failure{{},
                                           world_.now(),
                                           "finally: " + in_words(condition, scenario_.cluster),
                                           instead(condition, world_)};
                break;
            }
        }
        bool const wrong =
            outcome_.failure || !outcome_.violations.empty() || !outcome_.never.empty();
        if (wrong) {
            outcome_.result = Result::violated;
        }
    }

    Scenario const& scenario_;
    PlayOptions const& options_;
    Outcome outcome_;
    World world_;
    netsim::Findings findings_;
    netsim::Checkers checkers_;
    Director director_;
    RecoveryWatch recovery_;
    std::vector<netsim::Observation> seen_;
    bool past_waits_ = false;
    std::uint64_t ticks_ = 0;
};

}  // namespace

Outcome play(Scenario const& scenario, PlayOptions const& options) {
    return Player(scenario, options).run();
}

namespace {

netsim::SameRunTwice::Run run_of(Outcome const& outcome) {
    netsim::SameRunTwice::Run run{outcome.trace_hash, outcome.statistics.events,
                                  outcome.statistics.time, outcome.violations, outcome.allowed};
    run.violations.insert(run.violations.end(), outcome.undemanded.begin(),
                          outcome.undemanded.end());
    return run;
}

}  // namespace

std::string difference_when_played_again(Scenario const& scenario, Outcome const& first) {
    PlayOptions options;
    options.seed = first.seed;
    return netsim::SameRunTwice::difference(run_of(first), run_of(play(scenario, options)));
}

}  // namespace sunder::language
