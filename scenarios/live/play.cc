// SPDX-License-Identifier: BSD-3-Clause
//
// A scenario's steps, done to what is on the stage: what each one does, when it is over, and what
// makes it fail. After the last step hosts have their answers, what was ever written is read once
// more, and copies are compared.
#include "scenarios/live/play.h"

#include "scenarios/language/condition.h"
#include "scenarios/language/narration.h"
#include "scenarios/live/afterwards.h"
#include "scenarios/live/copies.h"
#include "scenarios/live/operator.h"
#include "scenarios/live/stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <system_error>

namespace sunder::staged {

namespace {

namespace step = language::step;
using language::Outcome;
using language::Result;
using language::Scenario;
using replication::HostOp;
using namespace std::chrono_literals;

/// How long a host or an operator waits for an answer before the step has failed.
constexpr Duration patience = seconds(120);
/// How long it takes at most until a cluster that is left alone has come to rest.
constexpr Duration rest = seconds(600);
/// Real time on top of whatever has an end, however fast it is played: what takes no time in a
/// simulation takes some, and a machine has more to do.
constexpr Duration grace = seconds(10);
/// Where a state did not come, or passed too soon, the machine may have been too slow for the
/// speed.
constexpr unsigned slower_by = 4;
/// While a passing state is waited for, and otherwise.
constexpr auto eager = 2000us;
constexpr auto idle = 8000us;

class Player {
public:
    Player(Scenario const& scenario, LiveOptions const& options,
           std::filesystem::path const& folder)
        : scenario_(scenario),
          grace_(options.speed.scenario(grace)),
          stage_(scenario, options, folder, findings_) {
        outcome_.seed = options.seed;
    }

    /// Everything but what recordings tell.
    Outcome run() {
        for (step_ = 0; step_ < scenario_.steps.size() && !failed(); ++step_) {
            narrate(scenario_.steps[step_].source);
            begun_ = stage_.looks();
            deadline_.reset();
            first_ = true;
            while (!do_once() && !failed()) {
                stage_.turn(pace());
                if (!stage_.trouble().empty()) break_down();
                if (deadline_ && stage_.now() >= *deadline_ && !failed()) late();
            }
        }
        stage_.disarm();
        stage_.release();
        stage_.stop_workloads();
        if (!failed()) come_to_rest();
        if (!failed()) compare_copies(stage_, scenario_.cluster, findings_, patience + grace_);
        if (!failed() && !stage_.trouble().empty()) break_down();
        judge();
        return std::move(outcome_);
    }

    /// It failed in a way that a machine which is too slow for the speed does, too: a state did not
    /// come in time, or an order came before the state that it needs.
    [[nodiscard]] bool too_slow() const { return too_slow_; }

private:
    struct Doing;
    /// True when it is over.
    bool do_step();
    /// Whoever came to the state that was waited for stands still until what follows was done.
    bool do_once() {
        bool const over = do_step();
        if (!std::exchange(held_, false)) stage_.release();
        return over;
    }

    [[nodiscard]] bool failed() const { return outcome_.failure.has_value(); }
    [[nodiscard]] std::chrono::microseconds pace() const {
        return std::holds_alternative<step::Wait>(scenario_.steps[step_].action) ? eager : idle;
    }
    void narrate(std::string const& what) {
        outcome_.narration.push_back(language::time_column(stage_.now()) + what);
    }
    void fail(std::string instead) {
        bool const in_steps = step_ < scenario_.steps.size();
        outcome_.failure = language::Failure{
            in_steps ? scenario_.steps[step_].place : language::Place{}, stage_.now(),
            in_steps ? scenario_.steps[step_].source : std::string("the end"), std::move(instead)};
    }
    /// No speed is to blame for that.
    void break_down() {
        fail(stage_.trouble());
        outcome_.violations.push_back(
            {"no_node_breaks_down", "DESIGN 10", stage_.now(), stage_.trouble()});
    }
    /// The moment has passed at which the step had to be over.
    void late() {
        language::Action const& action = scenario_.steps[step_].action;
        if (std::holds_alternative<step::Pass>(action) ||
            std::holds_alternative<step::Hold>(action)) {
            return;  // they end by it
        }
        if (auto const* wait = std::get_if<step::Wait>(&action)) {
            too_slow_ = true;
            fail(stage_.statuses().instead(wait->until));
        } else {
            fail("nobody answered");
        }
    }
    /// All nodes were asked since the step began.
    [[nodiscard]] bool looked() const { return stage_.looks() > begun_; }

    void come_to_rest() {
        Duration const until = stage_.now() + rest + grace_;
        auto const in_the_end = [&] {
            return std::ranges::all_of(scenario_.expect.finally, [&](auto const& condition) {
                return stage_.statuses().holds(condition);
            });
        };
        begun_ = stage_.looks();
        while (!looked() || !stage_.quiet() || !in_the_end()) {
            stage_.turn(idle);
            if (!stage_.trouble().empty()) return break_down();
            if (stage_.now() < until) continue;
            for (language::Condition const& condition : scenario_.expect.finally) {
                if (stage_.statuses().holds(condition)) continue;
                outcome_.failure = language::Failure{
                    {},
                    stage_.now(),
                    "finally: " + language::in_words(condition, scenario_.cluster),
                    stage_.statuses().instead(condition)};
                return;
            }
            outcome_.failure = language::Failure{{},
                                                 stage_.now(),
                                                 "hosts get their answers",
                                                 "some of what they asked was never answered"};
            return;
        }
        for (std::uint16_t m = 0; m < scenario_.cluster.mirrors.size(); ++m) {
            if (auto const node = stage_.serves(m)) stage_.survey(m, *node);
        }
        while (!stage_.quiet()) stage_.turn(idle);
    }

    void judge() {
        outcome_.statistics.time = stage_.now();
        outcome_.statistics.writes_acknowledged = stage_.acknowledged();
        outcome_.statistics.came_in_service = stage_.came_in_service();
        for (netsim::Violation const& violation : findings_.violations()) {
            auto const& always = scenario_.expect.always;
            bool const demanded =
                always.empty() || std::ranges::find(always, violation.property) != always.end();
            (demanded ? outcome_.violations : outcome_.undemanded).push_back(violation);
        }
        outcome_.allowed = findings_.allowances();
    }

    Scenario const& scenario_;
    Duration grace_;
    Outcome outcome_;
    netsim::Findings findings_;
    // These end when the nodes that they ask do, so they outlive the stage.
    std::future<AdminAnswer> admin_;
    std::vector<std::future<AdminAnswer>> unawaited_;
    Stage stage_;
    std::size_t step_ = 0;
    std::uint64_t begun_ = 0;
    std::optional<Duration> deadline_;
    bool first_ = true;
    bool held_ = false;
    bool too_slow_ = false;
    std::optional<RequestId> request_;
};

struct Player::Doing {
    Player& player;

    [[nodiscard]] bool first() const { return std::exchange(player.first_, false); }
    [[nodiscard]] Stage& stage() const { return player.stage_; }
    void wait_for(Duration time) const { player.deadline_ = stage().now() + time; }
    void wait_at_most(Duration time) const { wait_for(time + player.grace_); }
    [[nodiscard]] bool expect_up(NodeId node, bool up) const {
        NodeProcess const& process = stage().node(node);
        if (process.runs() == up) return true;
        player.fail(fmt::format("{} is {}", process.name(), up ? "down" : "up"));
        return false;
    }
    [[nodiscard]] bool host(std::uint16_t mirror, HostOp op, Extent range, bool fua,
                            std::optional<NodeId> on) const {
        if (first()) {
            wait_at_most(patience);
            player.request_.reset();
        }
        if (!player.request_) {
            auto const node = on ? on : stage().usable(mirror);
            bool const apart = on && player.looked() && stage().statuses().of(*on, mirror).apart;
            if (!node || (!stage().usable(*node, mirror) && !apart)) return false;
            player.request_ = stage().ask(*node, mirror, op, range, fua, !apart, true);
        }
        auto const answer = stage().take_answer(*player.request_);
        if (!answer) return false;
        if (answer->error != 0) {
            player.fail(fmt::format("the host was told: {}",
                                    std::generic_category().message(answer->error)));
            return false;
        }
        return true;
    }
    [[nodiscard]] bool admin(std::vector<std::string> const& words, std::string const& refused,
                             NodeId node, bool await) const {
        if (first()) {
            if (!expect_up(node, true)) return false;
            if (stage().node(node).paused()) {
                player.fail(fmt::format("{} is paused", stage().node(node).name()));
                return false;
            }
            wait_at_most(patience);
        }
        if (!player.admin_.valid()) {
            // One that was started just before does not hear yet.
            if (!player.looked() || !stage().statuses().of(node).answers) return false;
            auto asked =
                std::async(std::launch::async, ask_node, stage().node(node).control(), words);
            if (!await) {
                player.unawaited_.push_back(std::move(asked));
                return true;
            }
            player.admin_ = std::move(asked);
        }
        if (player.admin_.wait_for(0s) != std::future_status::ready) return false;
        AdminAnswer const answer = player.admin_.get();
        stage().look_soon();
        bool const right = answer.granted == refused.empty() && answer.trouble.empty() &&
                           (answer.granted || answer.rule == refused);
        if (right) return true;
        std::string const was = !answer.trouble.empty() ? answer.trouble
                                : answer.granted        ? "it was granted"
                                                 : fmt::format("it was refused by {}", answer.rule);
        player.too_slow_ = true;
        player.fail(fmt::format("{}, expected to be {}", was,
                                refused.empty() ? "granted" : "refused by " + refused));
        return false;
    }
    [[nodiscard]] std::string name(std::uint16_t mirror) const {
        return player.scenario_.cluster.mirrors[mirror].name;
    }

    bool operator()(step::Wait const& step) const {
        auto const* const mirror = std::get_if<language::MirrorState>(&step.until);
        bool const passes = mirror != nullptr && (mirror->is == language::MirrorIs::resyncing ||
                                                  mirror->is == language::MirrorIs::handshaking);
        if (first()) {
            wait_at_most(step.within);
            if (passes) stage().arm(mirror->mirror, std::string(language::name_of(mirror->is)));
            stage().look_soon();
        }
        player.held_ = passes && stage().anybody_held();
        bool const so = player.held_ || (player.looked() && stage().statuses().holds(step.until));
        if (so && passes) stage().disarm();
        return so;
    }
    bool operator()(step::Pass const& step) const {
        if (first()) wait_for(step.time);
        return stage().now() >= *player.deadline_;
    }
    bool operator()(step::Hold const& step) const {
        if (first()) wait_for(step.time);
        if (!player.looked()) return false;
        if (!stage().statuses().holds(step.holds)) {
            player.fail(stage().statuses().instead(step.holds));
            return false;
        }
        if (stage().now() < *player.deadline_) return false;
        if (step.because.empty() || stage().statuses().decided_by(step.because, step.holds)) {
            return true;
        }
        player.fail(fmt::format("it held, but not because of {}: {}", step.because,
                                stage().statuses().instead(step.holds)));
        return false;
    }
    bool operator()(step::Crash const& step) const {
        if (!expect_up(step.node, true)) return false;
        stage().crash(step.node);
        return true;
    }
    bool operator()(step::PowerCut const& step) const {
        if (!expect_up(step.node, true)) return false;
        stage().power_cut(step.node);
        return true;
    }
    bool operator()(step::Panic const& step) const {
        if (!expect_up(step.node, true)) return false;
        stage().power_cut(step.node);
        return true;
    }
    bool operator()(step::Pause const& step) const {
        if (!expect_up(step.node, true)) return false;
        stage().node(step.node).pause();
        return true;
    }
    bool operator()(step::Resume const& step) const {
        if (!expect_up(step.node, true)) return false;
        stage().node(step.node).resume();
        return true;
    }
    bool operator()(step::Restart const& step) const {
        if (!expect_up(step.node, false)) return false;
        stage().restart(step.node);
        return true;
    }
    bool operator()(step::FailResource const& step) const {
        bool const alone = step.runs_no_more && step.faults == netsim::ResourceFaults{};
        if (!alone) stage().resources().set_faults(step.node, step.resource, step.faults);
        if (!step.runs_no_more || stage().resources().fail(step.node, step.resource)) return true;
        player.fail(fmt::format("{} does not run on {}",
                                player.scenario_.cluster.resources[step.resource.value].name,
                                stage().node(step.node).name()));
        return false;
    }
    bool operator()(step::FailFencing const& step) const {
        stage().set_fencing(step.node, !step.misses);
        return true;
    }
    bool operator()(step::Cut const& step) const {
        stage().network().cut(step.a, step.b, step.one_way, step.what);
        return true;
    }
    bool operator()(step::Heal const& step) const {
        stage().network().heal(step.a, step.b);
        return true;
    }
    bool operator()(step::Degrade const& step) const {
        stage().network().degrade(step.a, step.b, step.one_way, step.how);
        return true;
    }
    bool operator()(step::Isolate const& step) const {
        for (netsim::LinkSetup const& link : player.scenario_.cluster.links) {
            if (link.a != step.who && link.b != step.who) continue;
            if (step.cut) {
                stage().network().cut(link.a, link.b, false);
            } else {
                stage().network().heal(link.a, link.b);
            }
        }
        return true;
    }
    bool operator()(step::Reset const& step) const {
        stage().network().reset(step.a, step.b, step.half_open);
        return true;
    }
    bool operator()(step::DamageMessage const& step) const {
        stage().network().damage(step.from, step.to, step.how);
        return true;
    }
    bool operator()(step::Write const& step) const {
        return host(step.mirror, HostOp::write, {step.at, step.sectors}, step.fua, step.on);
    }
    bool operator()(step::Read const& step) const {
        return host(step.mirror, HostOp::read, {step.at, step.sectors}, false, step.on);
    }
    bool operator()(step::Trim const& step) const {
        return host(step.mirror, step.zeroes ? HostOp::write_zeroes : HostOp::trim,
                    {step.at, step.sectors}, false, step.on);
    }
    bool operator()(step::Flush const& step) const {
        return host(step.mirror, HostOp::flush, {}, false, std::nullopt);
    }
    bool operator()(step::Ask const& step) const {
        if (!expect_up(step.node, true)) return false;
        bool const judged = stage().ready(step.node, step.mirror);
        (void)stage().ask(step.node, step.mirror, step.op, {step.at, step.sectors}, step.fua,
                          judged, false);
        return true;
    }
    bool operator()(step::StartWorkload const& step) const {
        for (LiveApplication& application : stage().applications()) {
            if (application.mirror() == step.mirror) application.start(stage().now());
        }
        return true;
    }
    bool operator()(step::StopWorkload const& step) const {
        for (LiveApplication& application : stage().applications()) {
            if (application.mirror() == step.mirror) application.stop();
        }
        return true;
    }
    bool operator()(step::ForceOnline const& step) const {
        bool const granted = step.refused.empty();
        if (player.first_ && granted) stage().judge(step.mirror).overridden();
        return admin({"force", name(step.mirror)}, step.refused, step.node, step.await);
    }
    bool operator()(step::SwitchOver const& step) const {
        return admin({"switchover", name(step.mirror)}, step.refused, step.node, step.await);
    }
    bool operator()(step::ResolveSplitBrain const& step) const {
        bool const granted = step.refused.empty();
        if (player.first_ && granted) stage().judge(step.mirror).overridden();
        return admin({"resolve", name(step.mirror)}, step.refused, step.node, step.await);
    }
    bool operator()(step::Ordered const& step) const {
        auto const node = step.node ? step.node : stage().serves(step.mirror);
        if (!node && player.first_) {
            if (!player.deadline_) wait_at_most(patience);
            return false;  // it may be surveyed yet
        }
        std::vector<std::string> words{verb_of(step.order.kind), name(step.mirror)};
        if (step.order.target) {
            words.push_back("target=" + stage().node(*step.order.target).name());
        }
        if (step.order.kind == nodes::Order::Kind::enable_asynchronous && step.order.limit != 0) {
            words.push_back(fmt::format("limit={}", step.order.limit));
        }
        return admin(words, step.refused, node.value_or(NodeId{}), step.await);
    }
    bool operator()(step::Examine const& step) const {
        if (first()) {
            if (!expect_up(step.node, true)) return false;
            wait_at_most(patience);
        }
        if (!player.looked() || !stage().statuses().of(step.node).answers) return false;
        auto const lines =
            examine_intent_logs(stage().node(step.node).control(), name(step.mirror));
        if (!lines) player.fail(lines.error());
        for (std::string const& line : lines.value_or(std::vector<std::string>())) {
            player.narrate("  " + line);
        }
        return lines.has_value();
    }
    bool operator()(step::EditExtension const& step) const {
        auto const node = step.node ? step.node : stage().serves(step.mirror);
        if (!node && player.first_) {
            if (!player.deadline_) wait_at_most(patience);
            return false;  // it may be surveyed yet
        }
        auto const words =
            words_of(step.edit, name(step.mirror), stage().node(step.edit.server).name());
        return admin(words, step.refused, node.value_or(NodeId{}), step.await);
    }
    bool operator()(step::ConfirmFailover const& step) const {
        return admin(
            {"confirm", stage().node(step.dead).name(), step.proceeds ? "dead=yes" : "dead=no"},
            step.refused, step.node, step.await);
    }
    template <class Unplayable>
    bool operator()(Unplayable const&) const {
        player.fail("real nodes cannot do this");
        return false;
    }
};

bool Player::do_step() { return std::visit(Doing{*this}, scenario_.steps[step_].action); }

/// A folder with a short path: those of Unix sockets have at most 107 characters.
std::filesystem::path make_folder(std::filesystem::path const& in) {
    std::string path = (in / "sunderXXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) {
        throw std::system_error(errno, std::generic_category(), path);
    }
    return path;
}

}  // namespace

namespace {

/// Gone with what is in it, unless it is kept.
struct Folder {
    explicit Folder(LiveOptions const& options)
        : path(make_folder(options.folder)), keep(options.keep) {}
    ~Folder() {
        std::error_code ignored;
        if (!keep) std::filesystem::remove_all(path, ignored);
    }
    Folder(Folder const&) = delete;
    Folder& operator=(Folder const&) = delete;
    std::filesystem::path path;
    bool keep;
};

/// Whether it may have been too fast.
std::pair<Outcome, bool> play_once(Scenario const& scenario, LiveOptions const& options) {
    Outcome outcome;
    bool too_slow = false;
    try {
        Folder const folder(options);
        {
            Player player(scenario, options, folder.path);
            outcome = player.run();
            too_slow = player.too_slow();
        }
        look_at_recordings(scenario, folder.path, outcome);
        if (options.keep) {
            outcome.narration.push_back(fmt::format("kept: {}", folder.path.string()));
        }
    } catch (std::system_error const& trouble) {
        outcome.failure = language::Failure{{}, {}, "the stage", trouble.what()};
    }
    outcome.seed = options.seed;
    bool const wrong = outcome.failure || !outcome.violations.empty() || !outcome.never.empty();
    outcome.result = wrong ? Result::violated : Result::held;
    too_slow = too_slow || (!outcome.failure && !outcome.never.empty());
    return {std::move(outcome), too_slow};
}

}  // namespace

Outcome play(Scenario const& scenario, LiveOptions const& options) {
    auto [outcome, too_slow] = play_once(scenario, options);
    LiveOptions slower = options;
    slower.speed = {std::max(options.speed.times / slower_by, 1U)};
    bool const too_fast = outcome.result != Result::held && outcome.violations.empty() &&
                          too_slow && slower.speed.times < options.speed.times;
    if (!too_fast) return outcome;
    std::string const why = outcome.failure
                                ? outcome.failure->what + ": " + outcome.failure->instead
                                : "never reached " + outcome.never.front();
    outcome = play_once(scenario, slower).first;
    ++outcome.allowed[fmt::format("played {} times as fast, not {}, where it came to: {}",
                                  slower.speed.times, options.speed.times, why)];
    return outcome;
}

}  // namespace sunder::staged
