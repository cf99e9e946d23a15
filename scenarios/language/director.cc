// SPDX-License-Identifier: BSD-3-Clause
//
// How each step is begun and when it is over.
#include "scenarios/language/director.h"

#include "base/verify.h"
#include "scenarios/language/condition.h"

#include <fmt/format.h>

namespace sunder::language {

using netsim::World;
namespace seen = netsim::seen;

namespace {

/// How long a host or an operator waits for an answer before the step has failed.
constexpr Duration patience = seconds(120);

}  // namespace

Director::Director(Scenario const& scenario, World& world, bool leave_out)
    : scenario_(scenario), world_(world), arrays_(scenario, world), leave_out_(leave_out) {
    for (std::size_t w = 0; w < scenario.workload.size(); ++w) {
        applications_.emplace_back(scenario.workload[w], static_cast<std::uint8_t>(w + 1),
                                   world.cluster());
    }
    arrays_.begin(world);
}

void Director::see(netsim::Observation const& observation) {
    if (auto const* answer = std::get_if<seen::HostAnswered>(&observation)) {
        if (awaited_request_ == answer->request) request_status_ = answer->status;
        std::uint8_t const asker = World::asker_of(answer->request);
        if (asker != 0) applications_[asker - 1U].answered(world_, *answer);
    } else if (auto const* rang = std::get_if<seen::AlarmRang>(&observation)) {
        if (!arrays_.rang(world_, rang->what)) applications_[rang->what - 1].rang(world_);
    } else if (auto const* noted = std::get_if<seen::NodeNoted>(&observation)) {
        if (auto const* came = std::get_if<nodes::note::CameInService>(&noted->note)) {
            served_again(came->group);
        } else if (auto const* stayed = std::get_if<nodes::note::StayedInService>(&noted->note)) {
            served_again(stayed->group);
        } else if (auto const* above = std::get_if<nodes::note::HierarchyNoted>(&noted->note)) {
            auto const* turn = std::get_if<nodes::hierarchy::UpOrDown>(&above->note);
            if (turn != nullptr && turn->up) served_again(above->group);
        }
    } else if (auto const* admin = std::get_if<seen::AdminAnswered>(&observation)) {
        if (awaited_admin_ == admin->request) admin_answer_ = *admin;
    } else if (auto const* died = std::get_if<seen::NodeDied>(&observation)) {
        for (Application& application : applications_) application.died(died->node);
    } else if (auto const* noted_array = std::get_if<seen::ArrayNoted>(&observation)) {
        arrays_.see(world_, *noted_array);
    }
}

void Director::served_again(GroupId group) {
    for (Application& application : applications_) {
        if (GroupId{application.mirror()} == group) application.came_in_service(world_);
    }
}

void Director::stop_workloads() {
    for (Application& application : applications_) application.stop();
    arrays_.stop_workloads();
}

bool Director::past_waits() const {
    return step_ == scenario_.steps.size() ||
           !std::holds_alternative<step::Wait>(scenario_.steps[step_].action);
}

void Director::fail(std::string instead) {
    Step const& step = scenario_.steps[step_];
    failure_ = Failure{step.place, world_.now(), step.source, std::move(instead)};
    deadline_.reset();
}

bool Director::proceed() {
    if (done()) return false;
    if (!try_step(scenario_.steps[step_])) {
        Action const& action = scenario_.steps[step_].action;
        bool const awaits = std::holds_alternative<step::Wait>(action) ||
                            std::holds_alternative<step::Hold>(action);
        if (!failure_ || !leave_out_ || awaits) return false;
        failure_.reset();
        left_out_.push_back(step_);
    }
    ++step_;
    begun_ = false;
    deadline_.reset();
    return true;
}

void Director::ask_host(Asked const& asked) {
    GroupId const group{asked.mirror};
    for (NodeId const node : world_.cluster().mirrors[asked.mirror].on) {
        bool const meant = asked.on ? node == *asked.on : true;
        // A copy that is kept apart is used by those who name it, never by chance (R58).
        bool const apart = asked.on && world_.serves_apart(node, group);
        if (!meant || (!world_.usable(node, group) && !apart)) continue;
        request_status_.reset();
        bool const writes = asked.op == replication::HostOp::write;
        std::uint64_t const content = writes ? world_.fresh_content() : 0;
        deadline_ = world_.now() + patience;
        awaited_request_ = world_.ask(node, group, asked.op, asked.range, asked.fua, content);
        return;
    }
    fail(instead(InServiceAt{asked.mirror, std::nullopt}, world_));
}

struct Director::Doing {
    Director& director;
    World& world;

    [[nodiscard]] bool first() const {
        bool const was = director.begun_;
        director.begun_ = true;
        return !was;
    }
    /// True when the node can have it done; otherwise the step fails with the reason.
    [[nodiscard]] bool expect_up(NodeId node, bool up) const {
        if (world.node(node).up() == up) return true;
        director.fail(fmt::format("{} is {}", world.node(node).name, up ? "down" : "up"));
        return false;
    }
    /// The same of a node that is up and not paused.
    [[nodiscard]] bool expect_runs(NodeId node) const {
        if (!expect_up(node, true)) return false;
        if (!world.node(node).paused) return true;
        director.fail(fmt::format("{} is paused", world.node(node).name));
        return false;
    }
    /// The node that is meant, or where the mirror is in service; if nowhere, the step fails.
    [[nodiscard]] std::optional<NodeId> where(std::optional<NodeId> node,
                                              std::uint16_t mirror) const {
        for (NodeId const one : world.cluster().mirrors[mirror].on) {
            if (!node && world.serves(one, GroupId{mirror})) node = one;
        }
        if (!node && !director.begun_)
            director.fail(instead(InServiceAt{mirror, std::nullopt}, world));
        return node;
    }
    [[nodiscard]] bool host(Asked const& asked) const {
        if (first()) {
            director.ask_host(asked);
            return false;
        }
        if (!director.request_status_) return false;
        static constexpr char const* words[] = {"ok", "an I/O error", "not in service"};
        if (*director.request_status_ != replication::HostStatus::ok) {
            director.fail(fmt::format("the host was told: {}",
                                      words[static_cast<int>(*director.request_status_)]));
            return false;
        }
        return true;
    }
    [[nodiscard]] bool admin(std::string const& refused,
                             nodes::AdminId (World::*ask)(NodeId, GroupId), NodeId node,
                             std::uint16_t mirror, bool await) const {
        return admin(refused, node, await, [&] { return (world.*ask)(node, GroupId{mirror}); });
    }
    template <class Ask>
    [[nodiscard]] bool admin(std::string const& refused, NodeId node, bool await, Ask&& ask) const {
        if (first()) {
            if (!expect_runs(node)) return false;
            if (!await) {
                ask();
                return true;
            }
            director.admin_answer_.reset();
            director.deadline_ = world.now() + patience;
            director.awaited_admin_ = ask();
            return false;
        }
        if (!director.admin_answer_) return false;
        seen::AdminAnswered const& answer = *director.admin_answer_;
        bool const right =
            answer.granted == refused.empty() && (answer.granted || answer.rule == refused);
        if (right) return true;
        std::string const was =
            answer.granted ? "it was granted" : fmt::format("it was refused by {}", answer.rule);
        std::string const wanted =
            refused.empty() ? "granted" : fmt::format("refused by {}", refused);
        director.fail(fmt::format("{}, expected to be {}", was, wanted));
        return false;
    }

    bool operator()(step::Wait const& step) const {
        if (first()) director.deadline_ = world.now() + step.within;
        return holds(step.until, world);
    }
    bool operator()(step::Pass const& step) const {
        if (first()) director.deadline_ = world.now() + step.time;
        return world.now() >= *director.deadline_;
    }
    bool operator()(step::Hold const& step) const {
        if (first()) director.deadline_ = world.now() + step.time;
        if (!holds(step.holds, world)) {
            director.fail(instead(step.holds, world));
            return false;
        }
        if (world.now() < *director.deadline_) return false;
        if (step.because.empty() || decided_by(step.because, step.holds, world)) return true;
        director.fail(fmt::format("it held, but not because of {}: {}", step.because,
                                  instead(step.holds, world)));
        return false;
    }
    /// Has a node die, with the fates that the step names.
    void die(void (World::*how)(NodeId), NodeId node,
             std::vector<std::uint8_t> const& fates) const {
        if (!fates.empty()) world.chooser().follow(fates);
        (world.*how)(node);
        world.chooser().draw_again();
    }
    bool operator()(step::Crash const& step) const {
        if (!expect_up(step.node, true)) return false;
        die(&World::crash, step.node, step.fates);
        return true;
    }
    bool operator()(step::PowerCut const& step) const {
        if (!expect_up(step.node, true)) return false;
        die(&World::power_cut, step.node, step.fates);
        return true;
    }
    bool operator()(step::Panic const& step) const {
        if (!expect_up(step.node, true)) return false;
        die(&World::panic, step.node, step.fates);
        return true;
    }
    bool operator()(step::Pause const& step) const {
        if (!expect_up(step.node, true)) return false;
        if (world.node(step.node).paused) {
            director.fail("it is paused already");
            return false;
        }
        world.pause(step.node);
        return true;
    }
    bool operator()(step::Resume const& step) const {
        if (!expect_up(step.node, true)) return false;
        if (!world.node(step.node).paused) {
            director.fail("it is not paused");
            return false;
        }
        world.resume(step.node);
        return true;
    }
    bool operator()(step::FillMemory const& step) const {
        if (!expect_runs(step.node)) return false;
        if (world.node(step.node).memory_full == step.full) {
            director.fail(step.full ? "its memory is full already" : "its memory is not full");
            return false;
        }
        if (step.full) {
            world.fill_memory(step.node);
        } else {
            world.free_memory(step.node);
        }
        return true;
    }
    bool operator()(step::Restart const& step) const {
        if (!expect_up(step.node, false)) return false;
        world.restart(step.node);
        return true;
    }
    bool operator()(step::Cut const& step) const {
        world.cut(step.a, step.b, step.one_way, step.what);
        return true;
    }
    bool operator()(step::Heal const& step) const {
        world.heal(step.a, step.b);
        return true;
    }
    bool operator()(step::Degrade const& step) const {
        world.degrade(step.a, step.b, step.one_way, step.how);
        return true;
    }
    bool operator()(step::Isolate const& step) const {
        for (netsim::LinkSetup const& link : world.cluster().links) {
            if (link.a != step.who && link.b != step.who) continue;
            if (step.cut) {
                world.cut(link.a, link.b, false);
            } else {
                world.heal(link.a, link.b);
            }
        }
        return true;
    }
    bool operator()(step::Reset const& step) const {
        world.reset(step.a, step.b, step.half_open);
        return true;
    }
    bool operator()(step::DamageMessage const& step) const {
        world.damage(step.from, step.to, step.how);
        return true;
    }
    /// As they are now: a slow disk may fail, too.
    [[nodiscard]] netsim::DiskFaults faults_of(NodeId node) const {
        auto const& copies = world.node(node).copies;
        return copies.empty() ? netsim::DiskFaults{} : copies.front().disk->faults;
    }
    bool operator()(step::SlowDisk const& step) const {
        netsim::DiskFaults faults = faults_of(step.node);
        faults.slowness = step.factor;
        world.set_disk_faults(step.node, faults);
        return true;
    }
    bool operator()(step::FailDisk const& step) const {
        bool const mends = !step.reads && !step.writes && !step.flushes && !step.stores;
        if (step.where || step.count != 0) {
            netsim::DiskTrap trap{std::nullopt, step.reads, step.writes, step.flushes,
                                  step.stores,  Extent{},   step.count};
            std::optional<GroupId> group;
            if (step.where) {
                trap.range = {step.where->at, step.where->sectors};
                group = GroupId{step.where->mirror};
            }
            world.lay_trap(step.node, group, trap);
            return true;
        }
        netsim::DiskFaults faults = mends ? netsim::DiskFaults{} : faults_of(step.node);
        faults.reads = faults.reads || step.reads;
        faults.writes = faults.writes || step.writes;
        faults.flushes = faults.flushes || step.flushes;
        faults.stores = faults.stores || step.stores;
        world.set_disk_faults(step.node, faults);
        return true;
    }
    bool operator()(step::HangDisk const& step) const {
        netsim::DiskFaults faults = faults_of(step.node);
        faults.hangs = true;
        world.set_disk_faults(step.node, faults);
        return true;
    }
    bool operator()(step::CorruptDisk const& step) const {
        GroupId const group{step.where.mirror};
        Extent const range{step.where.at, step.where.sectors};
        if (step.lie == netsim::DiskLie::bit_rot) {
            world.rot(step.node, group, range);
        } else {
            world.lay_trap(step.node, group,
                           {step.lie, false, false, false, false, range, step.count});
        }
        return true;
    }
    bool operator()(step::TakeSnapshot const& step) const {
        director.snapshots_.insert_or_assign(step.node, world.take_snapshot(step.node));
        return true;
    }
    bool operator()(step::RollBack const& step) const {
        if (!expect_up(step.node, false)) return false;
        if (step.what == seen::RolledBack::What::blank) {
            world.replace_disks(step.node);
            return true;
        }
        auto const snapshot = director.snapshots_.find(step.node);
        if (snapshot == director.snapshots_.end()) {
            director.fail("no snapshot was taken");
            return false;
        }
        world.roll_back(step.node, snapshot->second, step.what);
        return true;
    }
    bool operator()(step::ExchangeDisks const& step) const {
        if (!expect_up(step.one, false) || !expect_up(step.other, false)) return false;
        world.exchange_disks(step.one, step.other);
        return true;
    }
    bool operator()(step::SkewClock const& step) const {
        world.skew_clock(step.node, step.percent);
        return true;
    }
    bool operator()(step::StepClock const& step) const {
        world.step_clock(step.node, step.by);
        return true;
    }
    bool operator()(step::Write const& step) const {
        return host(
            {step.mirror, replication::HostOp::write, {step.at, step.sectors}, step.fua, step.on});
    }
    bool operator()(step::Read const& step) const {
        return host(
            {step.mirror, replication::HostOp::read, {step.at, step.sectors}, false, step.on});
    }
    bool operator()(step::Trim const& step) const {
        auto const op = step.zeroes ? replication::HostOp::write_zeroes : replication::HostOp::trim;
        return host({step.mirror, op, {step.at, step.sectors}, false, step.on});
    }
    bool operator()(step::Flush const& step) const {
        return host({step.mirror, replication::HostOp::flush, {}, false, {}});
    }
    bool operator()(step::Ask const& step) const {
        if (!expect_runs(step.node)) return false;
        bool const writes = step.op == replication::HostOp::write;
        world.ask(step.node, GroupId{step.mirror}, step.op, {step.at, step.sectors}, step.fua,
                  writes ? world.fresh_content() : 0);
        return true;
    }
    bool operator()(step::Event const& step) const {
        std::string others;
        for (netsim::EventQueue::Pending const& pending : world.enabled()) {
            std::string const name = world.event_name(pending);
            if (name == step.name) {
                world.apply(pending);
                return true;
            }
            others += others.empty() ? name : "; " + name;
        }
        director.fail(others.empty() ? "nothing is pending" : "what is pending is: " + others);
        return false;
    }
    bool operator()(step::Rest const& step) const {
        if (first()) director.deadline_ = world.now() + step.within;
        return !world.goes_on();
    }
    bool operator()(step::StartWorkload const& step) const {
        for (Application& application : director.applications_) {
            if (application.mirror() == step.mirror) application.start(world);
        }
        return true;
    }
    bool operator()(step::StopWorkload const& step) const {
        for (Application& application : director.applications_) {
            if (application.mirror() == step.mirror) application.stop();
        }
        return true;
    }
    bool operator()(step::ForceOnline const& step) const {
        return admin(step.refused, &World::force_online, step.node, step.mirror, step.await);
    }
    bool operator()(step::SwitchOver const& step) const {
        return admin(step.refused, &World::switch_over, step.node, step.mirror, step.await);
    }
    bool operator()(step::ResolveSplitBrain const& step) const {
        return admin(step.refused, &World::resolve_split_brain, step.node, step.mirror, step.await);
    }
    bool operator()(step::Ordered const& step) const {
        std::optional<NodeId> const node = where(step.node, step.mirror);
        if (!node && !director.begun_) return false;
        return admin(step.refused, node.value_or(NodeId{}), step.await,
                     [&] { return world.order(*node, GroupId{step.mirror}, step.order); });
    }
    bool operator()(step::ConfirmFailover const& step) const {
        return admin(step.refused, step.node, step.await,
                     [&] { return world.confirm_failover(step.node, step.dead, step.proceeds); });
    }
    bool operator()(step::MoveSharedDisk const& step) const {
        std::vector<NodeId> const& servers = world.cluster().nodes[step.shared.value].shared_by;
        NodeId const from = servers[0] == step.to ? servers[1] : servers[0];
        return admin(step.refused, from, step.await,
                     [&] { return world.move_shared_disk(step.shared, from); });
    }
    bool operator()(step::EditHierarchy const& step) const {
        return admin(step.refused, step.node, step.await, [&] {
            return world.edit_hierarchy(step.node, GroupId{step.mirror}, step.edit);
        });
    }
    bool operator()(step::EditExtension const& step) const {
        std::optional<NodeId> const node = where(step.node, step.mirror);
        if (!node && !director.begun_) return false;
        return admin(step.refused, node.value_or(NodeId{}), step.await,
                     [&] { return world.edit_extension(*node, GroupId{step.mirror}, step.edit); });
    }
    bool operator()(step::FailResource const& step) const {
        std::string const& name = world.cluster().resources[step.resource.value].name;
        if (!world.exists(world.holder(step.node, step.resource), step.resource)) {
            director.fail(fmt::format("{} has not been created", name));
            return false;
        }
        if (step.runs_no_more && !world.runs_at(step.node, step.resource)) {
            director.fail(fmt::format("{} does not run on {}", name, world.node(step.node).name));
            return false;
        }
        bool const alone = step.runs_no_more && step.faults == netsim::ResourceFaults{};
        if (!alone) world.set_resource_faults(step.node, step.resource, step.faults);
        if (step.runs_no_more) world.fail_resource(step.node, step.resource);
        return true;
    }
    /// An array answers at once, or later, or the step fails.
    template <class ArrayStep>
    [[nodiscard]] bool take(ArrayStep const& step) const {
        bool const begins = first();
        if (begins) director.deadline_ = world.now() + patience;
        ArrayDirector::Progress const progress = director.arrays_.take(world, step, begins);
        if (!progress) director.fail(progress.error());
        return progress.value_or(false);
    }
    bool operator()(step::ArrayOrder const& step) const { return take(step); }
    bool operator()(step::ArrayRequest const& step) const { return take(step); }
    bool operator()(step::ArrayPower const& step) const { return take(step); }
    bool operator()(step::ArrayLoad const& step) const { return take(step); }
    bool operator()(step::FailFencing const& step) const {
        world.set_fencing(step.node, !step.misses);
        return true;
    }
    bool operator()(step::Examine const& step) const {
        if (!expect_runs(step.node)) return false;
        world.examine_intent_log(step.node, GroupId{step.mirror});
        return true;
    }
    bool operator()(step::TakeImage const& step) const {
        if (!world.copy(step.node, GroupId{step.mirror})->store->cell()) {
            director.fail(fmt::format("{} has never stored anything of {}: wait until it has",
                                      world.node(step.node).name,
                                      world.cluster().mirrors[step.mirror].name));
            return false;
        }
        director.images_.insert_or_assign(step.mirror,
                                          world.take_image(step.node, GroupId{step.mirror}));
        return true;
    }
    bool operator()(step::WriteImage const& step) const {
        if (!expect_up(step.node, false)) return false;
        auto const image = director.images_.find(step.mirror);
        if (image == director.images_.end()) {
            director.fail("no image was taken");
            return false;
        }
        world.write_image(step.node, GroupId{step.mirror}, image->second);
        return true;
    }
};

bool Director::resting() const {
    return !done() && begun_ && std::holds_alternative<step::Rest>(scenario_.steps[step_].action);
}

bool Director::try_step(Step const& step) { return std::visit(Doing{*this, world_}, step.action); }

void Director::passed() {
    if (done()) return;
    if (proceed()) return;  // time alone has finished it
    if (done() || !deadline_ || world_.now() < *deadline_) return;
    if (auto const* wait = std::get_if<step::Wait>(&scenario_.steps[step_].action)) {
        fail(fmt::format("after {}: {}", to_text(wait->within), instead(wait->until, world_)));
    } else {
        fail(fmt::format("no answer within {}", to_text(patience)));
    }
}

void Director::exhausted() {
    if (done() || proceed()) return;  // a rest is over now
    if (done()) return;
    if (auto const* wait = std::get_if<step::Wait>(&scenario_.steps[step_].action)) {
        fail(fmt::format("and nothing more will happen by itself: {}",
                         instead(wait->until, world_)));
    } else {
        fail("nothing more will happen by itself");
    }
}

}  // namespace sunder::language
