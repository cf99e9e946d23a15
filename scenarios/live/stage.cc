// SPDX-License-Identifier: BSD-3-Clause
//
// One thread: hosts' sockets, applications whose time has come, nodes that are asked how they are,
// and processes that end.
#include "scenarios/live/stage.h"

#include "base/verify.h"
#include "netsim/volumes.h"
#include "nodes/live/control_client.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>

namespace sunder::staged {

using replication::HostOp;

namespace {

constexpr std::uint32_t most_surveyed_at_once = 64;
constexpr std::chrono::milliseconds answer_time{500};

}  // namespace

Stage::Stage(language::Scenario const& scenario, LiveOptions const& options,
             std::filesystem::path const& folder, netsim::Findings& findings)
    : scenario_(scenario), options_(options), findings_(findings) {
    netsim::Cluster const& cluster = scenario.cluster;
    netsim::Cluster links = cluster;
    hasten(links, options.speed);
    network_ = std::make_unique<LiveNetwork>(links, folder, options.speed);
    if (cluster.fencing) fencing_.emplace(cluster, folder);
    resources_.emplace(cluster, folder);
    for (std::uint8_t n = 0; n < cluster.nodes.size(); ++n) {
        live::NodeSetup setup = setup_of(cluster, NodeId{n});
        hasten(setup, options.speed);
        setup.cluster = "played";
        if (cluster.fencing) setup.fencing.program = fencing_program(folder);
        give_programs(setup, cluster, folder, options.speed);
        for (std::uint8_t peer = 0; peer < cluster.nodes.size(); ++peer) {
            live::MemberSetup& member = setup.members[peer];
            member.peers.socket = peer == n ? (folder / (member.name + ".peers")).string()
                                            : network_->between(NodeId{n}, NodeId{peer});
            member.beats = {{member.peers.socket + ".beats", {}, 0}};
        }
        nodes_.push_back(std::make_unique<NodeProcess>(options.plugin, folder, std::move(setup)));
    }
    statuses_ = std::make_unique<Statuses>(cluster, nodes_);
    for (std::uint16_t m = 0; m < cluster.mirrors.size(); ++m) {
        netsim::MirrorSetup const& mirror = cluster.mirrors[m];
        std::vector<Part>& parts = parts_.emplace_back();
        for (std::size_t v = 0; v < std::max<std::size_t>(mirror.volumes.size(), 1); ++v) {
            bool const named = mirror.volumes.size() > 1;
            Extent const whole{0, mirror.sectors};
            parts.push_back({mirror.volumes.empty() ? whole : netsim::extent_of(mirror, v),
                             named ? mirror.name + "." + mirror.volumes[v].name : mirror.name});
        }
        judges_.push_back(std::make_unique<Judge>(cluster, m, findings, now_));
        service_.emplace_back().nodes.resize(nodes_.size());
    }
    for (std::size_t w = 0; w < scenario.workload.size(); ++w) {
        applications_.emplace_back(scenario.workload[w], cluster, options.seed, w);
        outstanding_.emplace_back(nodes_.size());
    }
    for (std::uint8_t n = 0; n < nodes_.size(); ++n) {
        if (cluster.nodes[n].started) nodes_[n]->start();
    }
}

void Stage::turn(std::chrono::microseconds often) {
    if (options_.stopped != nullptr && *options_.stopped) throw Stopped{};
    Clock::time_point until = std::min(next_look_, Clock::now() + often);
    for (LiveApplication const& application : applications_) {
        auto const due = application.due();
        if (!due || !usable(application.mirror())) continue;
        until = std::min(until, began_ + std::chrono::nanoseconds(options_.speed.real(*due).ns));
    }
    wait_for_sockets(until);
    now_ = options_.speed.scenario({(Clock::now() - began_).count()});
    if (Clock::now() >= next_look_) {
        look();
        next_look_ = Clock::now() + often;
    }
    reap();
    shoot();
    for (std::uint16_t m = 0; m < service_.size(); ++m) survey_on(m);
    run_applications();
}

void Stage::wait_for_sockets(Clock::time_point until) {
    std::vector<pollfd> sockets;
    std::vector<Host*> those;
    for (auto const& [key, host] : hosts_) {
        sockets.push_back({host->socket(), host->wants(), 0});
        those.push_back(host.get());
    }
    auto const wait = std::max(until - Clock::now(), Clock::duration::zero());
    auto const nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(wait).count();
    timespec const most{nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
    ::ppoll(sockets.data(), sockets.size(), &most, nullptr);
    now_ = options_.speed.scenario({(Clock::now() - began_).count()});
    for (std::size_t s = 0; s < those.size(); ++s) those[s]->look(sockets[s].revents);
    for (auto refused = std::exchange(refused_, {}); auto const& [ask, error] : refused) {
        answered(ask, error, {});
    }
    std::erase_if(hosts_, [](auto const& one) { return one.second->over(); });
}

void Stage::look() {
    statuses_->refresh();
    ++looks_;
    arm_those_that_answer();
    resources_->look(now_, findings_);
    for (std::uint16_t m = 0; m < service_.size(); ++m) see_service(m);
}

void Stage::see_service(std::uint16_t mirror) {
    Service& service = service_[mirror];
    unsigned serving = 0;
    for (std::uint8_t n = 0; n < nodes_.size(); ++n) {
        Seat& seat = service.nodes[n];
        bool const serves = statuses_->serves(NodeId{n}, mirror);
        serving += serves ? 1 : 0;
        if (serves && !seat.served) ++came_in_service_;
        if (!serves) seat.ready = false;
        seat.served = serves;
    }
    // One may have left service between two answers; nobody leaves and comes back between two
    // looks.
    service.together = serving > 1 ? service.together + 1 : 0;
    if (service.together > 1 && !service.split) {
        service.split = true;
        judges_[mirror]->split();
        for (Seat& seat : service.nodes) seat.ready = seat.served;
    }
    bool const in_sync = statuses_->holds(language::MirrorState{mirror});
    auto const& on = scenario_.cluster.mirrors[mirror].on;
    for (NodeId const node : on) {
        Seat& seat = service.nodes[node.value];
        bool const cut_off = std::ranges::any_of(
            on, [&](NodeId other) { return other != node && !network_->joins(node, other); });
        seat.alone = !in_sync && (seat.alone || (seat.served && cut_off));
    }
    if (service.split && serving == 1 && in_sync) {
        service.split = false;
        judges_[mirror]->joined();
        for (Seat& seat : service.nodes) seat.ready = false;
    }
}

/// Begins a survey where one is due, and goes on with it.
void Stage::survey_on(std::uint16_t mirror) {
    Service& service = service_[mirror];
    if (service.surveyor) {
        NodeId const node = *service.surveyor;
        if (!service.nodes[node.value].served) return give_up_survey(mirror);
        while (!service.to_survey.empty() && service.surveying < most_surveyed_at_once &&
               !service.survey_failed) {
            Extent const block = service.to_survey.front();
            service.to_survey.pop_front();
            ++service.surveying;
            Purpose purpose{node, mirror};
            purpose.survey = service.survey;
            (void)send({{}, HostOp::read, block, false, 0}, purpose);
        }
        if (service.surveying > 0) return;
        if (service.survey_failed) return give_up_survey(mirror);
        service.surveyor.reset();
        judges_[mirror]->end_survey(nodes_[node.value]->name());
        service.nodes[node.value].ready = true;
        return;
    }
    for (std::uint8_t n = 0; n < nodes_.size(); ++n) {
        Seat const& seat = service.nodes[n];
        // What is under way there has to end first, or it would be read or not by chance. Of two
        // that serve, nobody knows yet whose truth it is.
        if (!seat.served || seat.ready || seat.open > 0 || service.together > 0) continue;
        survey(mirror, NodeId{n});
        return;
    }
}

/// Whoever stands still, or serves no more, may answer later; the next survey does not wait for it.
void Stage::give_up_survey(std::uint16_t mirror) {
    Service& service = service_[mirror];
    judges_[mirror]->give_up_survey();
    service.surveyor.reset();
    service.to_survey.clear();
    service.surveying = 0;
    ++service.survey;
}

void Stage::survey(std::uint16_t mirror, NodeId node) {
    Service& service = service_[mirror];
    for (std::uint8_t n = 0; n < nodes_.size(); ++n) {
        if (n != node.value && service.nodes[n].alone) judges_[mirror]->parted();
    }
    std::vector<Extent> const blocks = judges_[mirror]->begin_survey();
    service.surveyor = node;
    ++service.survey;
    service.survey_failed = false;
    service.to_survey.assign(blocks.begin(), blocks.end());
}

std::optional<NodeId> Stage::serves(std::uint16_t mirror) const {
    for (NodeId const node : scenario_.cluster.mirrors[mirror].on) {
        if (ready(node, mirror)) return node;
    }
    return std::nullopt;
}

std::optional<NodeId> Stage::usable(std::uint16_t mirror) const {
    for (NodeId const node : scenario_.cluster.mirrors[mirror].on) {
        if (usable(node, mirror)) return node;
    }
    return std::nullopt;
}

/// Nobody makes up for what he could not ask while nobody served.
void Stage::begin_where_usable(std::uint16_t mirror) {
    for (NodeId const node : scenario_.cluster.mirrors[mirror].on) {
        bool const is = usable(node, mirror);
        bool const was = std::exchange(service_[mirror].nodes[node.value].usable, is);
        if (was || !is) continue;
        for (LiveApplication& application : applications_) {
            if (application.mirror() == mirror) application.served(now_);
        }
    }
}

void Stage::run_applications() {
    for (std::uint16_t m = 0; m < service_.size(); ++m) begin_where_usable(m);
    for (std::size_t a = 0; a < applications_.size(); ++a) {
        LiveApplication& application = applications_[a];
        std::uint16_t const mirror = application.mirror();
        // One that runs on every node that serves: two, in a split brain.
        std::vector<NodeId> here;
        for (NodeId const node : scenario_.cluster.mirrors[mirror].on) {
            if (usable(node, mirror) && !nodes_[node.value]->paused()) here.push_back(node);
        }
        if (here.empty()) continue;
        auto const ask = [&](NodeId node) {
            auto const request = application.next(outstanding_[a][node.value]);
            if (!request) return false;
            ++outstanding_[a][node.value];
            Purpose const purpose{node, mirror, a, request->leads};
            (void)send({{}, request->op, request->range, false, 0}, purpose);
            return true;
        };
        if (application.open_loop()) {
            while (application.tick(now_)) {
                for (NodeId const node : here) (void)ask(node);
            }
        } else {
            for (NodeId const node : here) {
                while (ask(node)) {
                }
            }
        }
    }
}

RequestId Stage::ask(NodeId node, std::uint16_t mirror, HostOp op, Extent range, bool fua,
                     bool judged, bool kept) {
    Purpose purpose{node, mirror};
    purpose.judged = judged;
    purpose.kept = kept;
    return send({{}, op, range, fua, 0}, purpose);
}

RequestId Stage::send(HostAsk what, Purpose const& purpose) {
    what.request = RequestId{next_request_++};
    if (what.op == HostOp::write) what.content = next_content_++;
    asked_.emplace(what.request.value, purpose);
    std::size_t const part = part_of(purpose.mirror, what.range);
    Host* const host = this->host(purpose.node, purpose.mirror, part);
    if (host == nullptr) {  // nobody was asked
        asked_.at(what.request.value).judged = false;
        refused_.emplace_back(what, ESHUTDOWN);
        return what.request;
    }
    if (purpose.judged && purpose.survey == 0) {
        judges_[purpose.mirror]->asked(what);
        ++service_[purpose.mirror].nodes[purpose.node.value].open;
    }
    host->ask(what);
    return what.request;
}

void Stage::answered(HostAsk const& ask, int error, std::vector<std::byte> const& bytes) {
    auto const found = asked_.extract(ask.request.value);
    VERIFY(!found.empty());
    Purpose const& purpose = found.mapped();
    Service& service = service_[purpose.mirror];
    if (purpose.survey != 0) {
        if (purpose.survey != service.survey) return;
        --service.surveying;
        if (error != 0) service.survey_failed = true;
        if (error == 0) judges_[purpose.mirror]->surveyed(ask.range, bytes);
        return;
    }
    if (purpose.judged) {
        judges_[purpose.mirror]->answered(ask, error == 0, bytes);
        --service.nodes[purpose.node.value].open;
    }
    if (error == 0 && ask.op != HostOp::read) ++acknowledged_;
    if (purpose.kept) kept_.emplace(ask.request.value, Answer{error, bytes});
    if (!purpose.application) return;
    bool const follows = purpose.leads && error == 0 && usable(purpose.node, purpose.mirror);
    if (!follows) {
        --outstanding_[*purpose.application][purpose.node.value];
        return;
    }
    Purpose next = purpose;
    next.leads = false;
    auto const request = applications_[*purpose.application].follow();
    (void)send({{}, request.op, request.range, false, 0}, next);
}

std::optional<Stage::Answer> Stage::take_answer(RequestId request) {
    auto const found = kept_.extract(request.value);
    return found.empty() ? std::nullopt : std::optional(std::move(found.mapped()));
}

std::size_t Stage::part_of(std::uint16_t mirror, Extent range) const {
    for (std::size_t p = 0; p < parts_[mirror].size(); ++p) {
        Extent const part = parts_[mirror][p].range;
        if (range.first >= part.first && range.first < part.end()) return p;
    }
    return 0;
}

Host* Stage::host(NodeId node, std::uint16_t mirror, std::size_t part) {
    HostKey const key{node.value, mirror, part};
    auto const found = hosts_.find(key);
    if (found != hosts_.end()) return found->second.get();
    NodeProcess const& process = *nodes_[node.value];
    if (!process.runs() || process.paused() || process.held()) return nullptr;
    Part const& what = parts_[mirror][part];
    auto made =
        Host::attach(process.exports(), what.name, what.range.first,
                     [this](HostAsk const& ask, int error, std::vector<std::byte> const& bytes) {
                         answered(ask, error, bytes);
                     });
    if (made == nullptr) return nullptr;
    return hosts_.emplace(key, std::move(made)).first->second.get();
}

void Stage::arm(std::uint16_t mirror, std::string state) {
    armed_ = Armed{mirror, std::move(state)};
    arm_those_that_answer();
}

/// Also those that begin to answer later.
void Stage::arm_those_that_answer() {
    if (!armed_) return;
    for (std::uint8_t n = 0; n < nodes_.size(); ++n) {
        NodeProcess const& process = *nodes_[n];
        bool const hears = statuses_->of(NodeId{n}).answers && process.runs() &&
                           !process.paused() && !process.held();
        if (!hears || armed_->at.contains(n)) continue;
        std::string const& mirror = scenario_.cluster.mirrors[armed_->mirror].name;
        auto const said = live::say_words(process.control(), "/break",
                                          std::vector{mirror, armed_->state}, answer_time);
        // Who came to it meanwhile does not answer any more.
        if (said || said.error() == live::too_late) armed_->at.insert(n);
    }
}

bool Stage::anybody_held() const {
    return std::ranges::any_of(nodes_, [](auto const& node) { return node->held(); });
}

void Stage::disarm() {
    if (!armed_) return;
    for (std::uint8_t const n : armed_->at) {
        NodeProcess const& process = *nodes_[n];
        if (!process.runs() || process.paused() || process.held()) continue;
        std::string const& mirror = scenario_.cluster.mirrors[armed_->mirror].name;
        (void)live::say_words(process.control(), "/break", std::vector{mirror}, answer_time);
    }
    armed_.reset();
}

void Stage::release() {
    for (auto const& node : nodes_) node->release();
}

void Stage::crash(NodeId node) {
    nodes_[node.value]->kill();
    resources_->died(node);
    boots_.erase(node.value);
    look_soon();
}

void Stage::power_cut(NodeId node) {
    network_->power_cut(node);
    crash(node);
}

void Stage::restart(NodeId node) {
    boots_.erase(node.value);
    if (armed_) armed_->at.erase(node.value);
    nodes_[node.value]->start();
}

void Stage::boot_later(NodeId node) {
    boots_.try_emplace(node.value, now_ + scenario_.cluster.boot_time);
}

/// The victim has lost its power before the shooter hears of it.
void Stage::shoot() {
    if (!fencing_) return;
    fencing_->look(now_);
    while (auto const shot = fencing_->due(now_)) {
        if (shot->hits && nodes_[shot->victim.value]->runs()) power_cut(shot->victim);
        if (shot->hits && scenario_.cluster.fencing->reboots) boot_later(shot->victim);
        fencing_->answered(*shot);
    }
}

/// Nodes that stopped themselves (R69), and boot again when their time has come.
void Stage::reap() {
    constexpr int stopped = 0;
    constexpr int reboots = 75;
    for (std::uint8_t n = 0; n < nodes_.size(); ++n) {
        nodes_[n]->look();
        auto const how = nodes_[n]->ended();
        if (!how) continue;
        look_soon();
        resources_->died(NodeId{n});
        if (*how == reboots) boot_later(NodeId{n});
        if (*how == reboots || *how == stopped) continue;
        trouble_ = fmt::format("{} ended by itself: {} {}\n{}", nodes_[n]->name(),
                               *how < 0 ? "signal" : "exit status", std::abs(*how),
                               nodes_[n]->last_words());
    }
    for (std::uint8_t n = 0; n < nodes_.size(); ++n) {
        auto const boot = boots_.find(n);
        if (boot != boots_.end() && boot->second <= now_) restart(NodeId{n});
    }
}

void Stage::stop_workloads() {
    for (LiveApplication& application : applications_) application.stop();
}

bool Stage::quiet() const {
    bool busy = !asked_.empty();
    for (Service const& service : service_) {
        busy = busy || service.surveyor.has_value();
        for (Seat const& seat : service.nodes) busy = busy || (seat.served && !seat.ready);
    }
    return !busy;
}

}  // namespace sunder::staged
