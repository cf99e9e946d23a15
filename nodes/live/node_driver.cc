// SPDX-License-Identifier: BSD-3-Clause
//
// What each output of a node's machine comes to. All of it happens on the node's own thread; others
// post to it.
#include "nodes/live/node_driver.h"

#include "base/verify.h"
#include "nodes/live/bounded_program.h"
#include "nodes/wire.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

namespace sunder::live {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds longest_answer(5);
/// Who has not shot by then has not, as far as is known.
constexpr Duration longest_shot = seconds(300);

}  // namespace

NodeDriver::NodeDriver(NodeSetup setup, std::uint64_t life, NodeEvents events)
    : setup_(std::move(setup)),
      life_(life),
      events_(std::move(events)),
      work_(context_.get_executor()),
      machine_(std::make_shared<nodes::NodeConfig const>(setup_.config)),
      control_(setup_.members.size()),
      outages_(setup_.members.size()),
      last_orders_(setup_.mirrors.size()) {}

std::expected<std::unique_ptr<NodeDriver>, std::string> NodeDriver::open(NodeSetup setup,
                                                                         std::uint64_t life,
                                                                         std::vector<Copy> copies,
                                                                         NodeEvents events,
                                                                         unsigned most_writes) {
    std::unique_ptr<NodeDriver> driver(new NodeDriver(std::move(setup), life, std::move(events)));
    NodeDriver* const self = driver.get();
    Beats::Told told;
    told.heard = [self](NodeId peer) {
        self->post(nodes::input::PeerHeard{peer, nodes::network_path});
        self->watch_reachability(peer);
    };
    told.silent = [self](NodeId peer) {
        self->post(nodes::input::PeerSilent{peer, nodes::network_path});
    };
    told.stalled = [self](NodeId peer) { self->peers_->give_up(peer); };
    told.when_taken_in = [self](std::function<void()> then) {
        asio::post(self->context_, std::move(then));
    };
    auto beats = Beats::listen(self->setup_, life, std::move(told));
    if (!beats) return std::unexpected(beats.error());
    self->beats_ = std::move(*beats);
    self->build_mirrors(std::move(copies), most_writes);
    self->build_resources();
    auto peers = Peers::listen(self->setup_, life, *self);
    if (!peers) return std::unexpected(peers.error());
    self->peers_ = std::move(*peers);
    return driver;
}

void NodeDriver::build_mirrors(std::vector<Copy> copies, unsigned most_writes) {
    VERIFY(copies.size() == setup_.mirrors.size());
    for (std::size_t m = 0; m < copies.size(); ++m) {
        GroupId const group = setup_.mirrors[m].config.group;
        GroupDriver::Told told;
        told.reported = [this, group](replication::Report const& report) {
            post(nodes::input::GroupReported{group, report});
        };
        Breakpoint& breakpoint = breakpoints_.emplace_back();
        told.noted = [this, m, &breakpoint](replication::Note const& note) {
            events_.mirror(m, note);
            auto const* const changed = std::get_if<replication::note::LegChanged>(&note);
            if (changed != nullptr) breakpoint.see(*changed);
        };
        told.opened = [this, m](bool open) {
            asio::post(context_, [this, m, open] { events_.opened(m, open); });
        };
        told.held = [this, m](replication::Held const& held, Duration lasted) {
            events_.held(m, held, lasted);
        };
        told.words = [this, m](std::string const& words) {
            events_.words(setup_.mirrors[m].name + ": " + words);
        };
        told.above_stored = [this](nodes::StoredHierarchy const& above, bool ok) {
            // What could not be stored is gone by never (DESIGN 4).
            if (ok) post(nodes::input::HierarchyStored{above});
            if (!ok) events_.words("what stands on a mirror could not be stored");
        };
        found_.push_back(copies[m].store->take_found());
        groups_.push_back(std::make_unique<GroupDriver>(
            setup_.mirrors[m], std::move(copies[m].disk), std::move(copies[m].store), clock_,
            std::move(told), most_writes));
    }
}

void NodeDriver::build_resources() {
    for (std::size_t m = 0; m < setup_.mirrors.size(); ++m) {
        GroupId const group = setup_.mirrors[m].config.group;
        if (setup_.config.resources[m].hierarchy == nullptr) {
            above_.push_back(nullptr);
            continue;
        }
        ResourceDriver::Told told;
        told.stepped = [this, m](nodes::hierarchy::HierarchyMachine const& machine,
                                 nodes::hierarchy::Input const& input,
                                 nodes::hierarchy::Outbox& out) {
            if (recorder_ == nullptr) return;
            recorder_->append(static_cast<std::uint16_t>(m), machine, input, out);
        };
        told.reported = [this, group](nodes::hierarchy::Report const& report) {
            post(nodes::input::HierarchyReported{group, report});
        };
        told.noted = [this, group](nodes::hierarchy::Note const& note) {
            events_.node(nodes::note::HierarchyNoted{group, note});
        };
        told.words = [this](std::string const& words) { events_.words(words); };
        above_.push_back(
            std::make_unique<ResourceDriver>(setup_, m, context_, clock_, std::move(told)));
    }
}

NodeDriver::~NodeDriver() { stop(); }

/// A node that cannot be recorded serves nevertheless, and says so.
void NodeDriver::begin_recording() {
    if (setup_.recordings.empty()) return;
    Recorder::Bounds bounds;
    bounds.bytes = setup_.recordings_size.bytes;
    bounds.at_once = setup_.recorded_at_once;
    bounds.part = setup_.recordings_part.bytes;
    auto recorder =
        Recorder::open(setup_.recordings, bounds, setup_, life_, [this](std::string const& why) {
            events_.words("nothing more of this life is recorded: " + why);
        });
    if (!recorder) return events_.words("nothing is recorded: " + recorder.error());
    recorder_ = std::move(*recorder);
    for (std::size_t m = 0; m < groups_.size(); ++m) {
        groups_[m]->record(
            [recorder = recorder_.get(), place = static_cast<std::uint16_t>(m)](
                replication::MirrorMachine const& machine, replication::Input const& input,
                replication::Outbox& out) { recorder->append(place, machine, input, out); });
    }
}

/// A copy at an NBD server. Where something was under way to its medium, the next flush fails, and
/// the machine draws its conclusions; else there is nothing that it need be told.
void NodeDriver::begin_plain(std::size_t mirror) {
    GroupDriver& group = *groups_[mirror];
    NbdExport* const plain = group.plain();
    if (plain == nullptr) return;
    std::string const name = setup_.mirrors[mirror].name + ": " + plain->uri();
    NbdExport::Told told;
    told.lost = [this, name, &group](bool whole, std::string const& why) {
        events_.words(name + ": " + why +
                      (whole ? "" : "; what it had not flushed is copied again when it is back"));
        if (whole) group.let_go_of_legs();
    };
    told.back = [this, name] { events_.words(name + ": connected again"); };
    told.refused = [this, name](std::string const& why) { events_.words(name + ": " + why); };
    plain->start(std::move(told));
}

void NodeDriver::start() {
    begin_recording();
    clock_.start();
    nodes::input::Started started;
    for (MirrorStore::Found const& found : found_) {
        if (found.above) started.changed.push_back(*found.above);
    }
    post(started);
    for (std::size_t m = 0; m < groups_.size(); ++m) {
        groups_[m]->start(found_[m], life_);
        begin_plain(m);
    }
    found_.clear();
    for (auto const& above : above_) {
        if (above != nullptr) above->start();
    }
    thread_ = std::thread([this] { context_.run(); });
    beats_->start();
    peers_->start();
}

/// Who is asked last is stopped first: nobody is told of what is there no more. What stands on the
/// mirrors goes while they are still there.
void NodeDriver::stop() {
    if (!thread_.joinable()) return;
    for (auto const& above : above_) {
        if (above != nullptr) above->stop();
    }
    peers_->stop();
    beats_->stop();
    clock_.stop();
    for (auto const& group : groups_) {
        if (group->plain() != nullptr) group->plain()->stop();
        group->stop();
    }
    context_.stop();
    thread_.join();
    ends_shots_.ring();
    for (std::thread& shot : shots_) shot.join();
    shots_.clear();
    recorder_.reset();
}

void NodeDriver::post(nodes::Input input) {
    asio::post(context_, [this, input = std::move(input)] { step(input); });
}

std::size_t NodeDriver::place_of(GroupId group) const {
    auto const found = std::ranges::find_if(
        setup_.mirrors, [&](MirrorSetup const& mirror) { return mirror.config.group == group; });
    VERIFY(found != setup_.mirrors.end());
    return static_cast<std::size_t>(found - setup_.mirrors.begin());
}

/// What one output of the membership machine comes to.
struct NodeDriver::Carry {
    NodeDriver& node;

    void operator()(nodes::output::Watch& out) const { node.beats_->watch(out.peer); }
    void operator()(nodes::output::Send& out) const {
        std::shared_ptr<Link> const& link = node.control_[out.peer.value];
        if (link == nullptr) return;
        std::vector<std::byte> head;
        ByteWriter writer(head);
        nodes::encode(out.message, writer);
        link->queue(FrameKind::control, std::move(head));
        link->flush();
    }
    void operator()(nodes::output::GroupCommand& out) const {
        node.groups_[node.place_of(out.group)]->command(out.command);
    }
    void operator()(nodes::output::StoreHierarchy& out) const {
        node.groups_[node.place_of(out.what.group)]->store_above(out.what);
    }
    void operator()(nodes::output::HierarchyCommand& out) const {
        // Another server may have begun a hierarchy where this one's file knows of none.
        auto const& above = node.above_[node.place_of(out.group)];
        if (above != nullptr) above->command(out.command);
    }
    void operator()(nodes::output::ArmBootWait&) const {
        later(node.setup_.detection.boot_wait, nodes::input::BootWaitOver{});
    }
    void operator()(nodes::output::ArmEraWait& out) const {
        later(node.setup_.detection.connection_timeout,
              nodes::input::EraWaitOver{out.group, out.peer, out.ask});
    }
    void operator()(nodes::output::ArmConfirmation& out) const {
        later(out.after, nodes::input::ConfirmationOver{out.peer, out.silence});
    }
    void operator()(nodes::output::ArmShot& out) const {
        later(node.setup_.fencing.delay[out.peer.value],
              nodes::input::ShotDue{out.peer, out.silence});
    }
    void operator()(nodes::output::Shoot& out) const { node.shoot(out.peer); }
    void operator()(nodes::output::Stop& out) const {
        // What made it stop is in its recording, unless that would hold it up.
        if (node.recorder_ != nullptr) node.recorder_->finish(std::chrono::milliseconds(50));
        node.events_.stop(out.reboots);
    }
    void operator()(nodes::output::AskOtherServer&) const {
        VERIFY(!"no disk is shared by two servers here (node_setup)");
    }
    void operator()(nodes::output::StoodDown&) const {
        VERIFY(!"no disk is shared by two servers here (node_setup)");
    }
    void operator()(nodes::output::AdminReply& out) const {
        auto const asked = node.asked_.find(out.request.value);
        if (asked == node.asked_.end()) return;
        Answer const answer{out.granted, std::string(out.rule)};
        for (std::optional<LastOrder>& order : node.last_orders_) {
            if (order && order->request == out.request.value) order->answer = answer;
        }
        asked->second.set_value(answer);
        node.asked_.erase(asked);
    }
    void operator()(nodes::output::Noted& out) const { node.events_.node(out.note); }

    void later(Duration time, nodes::Input input) const {
        node.clock_.after(time, [&driver = node, input = std::move(input)] { driver.post(input); });
    }
};

void NodeDriver::step(nodes::Input const& input) {
    nodes::Outbox out;
    machine_.step(input, out);
    if (recorder_ != nullptr) recorder_->append(machine_, input, out);
    for (nodes::Output& output : out) std::visit(Carry{*this}, output);
}

/// A program of the operator's shoots; that it says so is all that is known of it.
void NodeDriver::shoot(NodeId peer) {
    std::vector<std::string> program = setup_.fencing.program;
    VERIFY(!program.empty());
    program.push_back(setup_.members[peer.value].name);
    std::lock_guard const lock(shooting_);
    shots_.emplace_back([this, peer, program = std::move(program)] {
        Ran const ran = run_bounded(program, {}, longest_shot, ends_shots_);
        if (ran.called_off) return;
        if (!ran.ok) events_.words("fencing: " + ran.words);
        post(nodes::input::Fenced{peer, ran.ok});
    });
}

// Operators.

std::optional<NodeDriver::Answer> NodeDriver::ask(std::function<nodes::Input(nodes::AdminId)> make,
                                                  OrderAbout const& about) {
    std::promise<Answer> promise;
    std::future<Answer> answer = promise.get_future();
    asio::post(
        context_, [this, about, make = std::move(make), promise = std::move(promise)]() mutable {
            nodes::AdminId const id{next_admin_++};
            LastOrder const order{id.value, about.words, {}, std::chrono::steady_clock::now()};
            for (std::size_t const mirror : about.mirrors) last_orders_[mirror] = order;
            asked_.emplace(id.value, std::move(promise));
            step(make(id));
        });
    if (answer.wait_for(longest_answer) != std::future_status::ready) return std::nullopt;
    return answer.get();
}

void NodeDriver::look_at(std::function<void(nodes::NodeMachine const&)> const& look) {
    std::promise<void> done;
    std::future<void> looked = done.get_future();
    asio::post(context_, [&] {
        look(machine_);
        done.set_value();
    });
    looked.get();
}

// Strangers.

void NodeDriver::refused(std::string const& from, std::string const& reason) {
    ++refused_connections_;
    std::lock_guard const lock(refusing_);
    tell_refusals(refusals_.add(from, reason, std::chrono::steady_clock::now()));
}

/// Under the lock. Who is refused for the last time is told of, too.
void NodeDriver::tell_refusals(std::vector<std::string> const& lines) {
    for (std::string const& line : lines) events_.words(line);
    if (tells_refusals_ || !refusals_.withholds()) return;
    tells_refusals_ = true;
    std::chrono::nanoseconds const interval = Refusals::interval;
    clock_.after(Duration{interval.count()}, [this] {
        std::lock_guard const lock(refusing_);
        tells_refusals_ = false;
        tell_refusals(refusals_.due(std::chrono::steady_clock::now()));
    });
}

// Connections. A thread that brings a message waits until it was taken in: what a peer has said
// and nobody has heard stays in its socket.

void NodeDriver::control_up(NodeId peer, std::shared_ptr<Link> const& link) {
    asio::post(context_, [this, peer, link] {
        std::shared_ptr<Link>& held = control_[peer.value];
        if (held != nullptr) {
            held->close();
            held.reset();
            step(nodes::input::ConnectionDown{peer});
        }
        held = link;
        ++outages_[peer.value];
        step(nodes::input::ConnectionUp{peer});
    });
}

void NodeDriver::control_arrived(NodeId peer, Link& link, nodes::ControlMessage message) {
    std::promise<void> done;
    std::future<void> heard = done.get_future();
    asio::post(context_, [&, done = std::move(done)]() mutable {
        if (control_[peer.value].get() == &link) {
            step(nodes::input::MessageArrived{peer, std::move(message)});
        }
        done.set_value();
    });
    try {
        heard.get();
    } catch (std::future_error const&) {
        return;  // the node stops
    }
}

void NodeDriver::control_down(NodeId peer, Link& link) {
    asio::post(context_, [this, peer, gone = &link] {
        if (control_[peer.value].get() != gone) return;
        control_[peer.value].reset();
        step(nodes::input::ConnectionDown{peer});
        watch_reachability(peer);
    });
}

/// A peer that is heard, and cannot be connected to for as long as a connection may stall, cannot
/// be reached.
void NodeDriver::watch_reachability(NodeId peer) {
    asio::post(context_, [this, peer] {
        std::uint32_t const outage = outages_[peer.value];
        clock_.after(setup_.detection.connection_timeout, [this, peer, outage] {
            asio::post(context_, [this, peer, outage] {
                bool const out = control_[peer.value] == nullptr && outages_[peer.value] == outage;
                if (out && beats_->hears(peer)) step(nodes::input::PeerUnreachable{peer});
            });
        });
    });
}

}  // namespace sunder::live
