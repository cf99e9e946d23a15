// SPDX-License-Identifier: BSD-3-Clause
//
// Threads that accept, dial, greet and read.
#include "nodes/live/peers.h"

#include "nodes/live/clock.h"
#include "nodes/live/greeting.h"
#include "nodes/wire.h"
#include "replication/wire.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace sunder::live {

Peers::Peers(NodeSetup const& setup, std::uint64_t life, PeerEvents& events)
    : setup_(setup), life_(life), events_(events) {}

std::expected<std::unique_ptr<Peers>, std::string> Peers::listen(NodeSetup const& setup,
                                                                 std::uint64_t life,
                                                                 PeerEvents& events) {
    std::unique_ptr<Peers> peers(new Peers(setup, life, events));
    if (setup.tls) {
        auto tls = Tls::open(setup);
        if (!tls) return std::unexpected(tls.error());
        peers->tls_ = std::move(*tls);
    }
    auto socket = listening_socket(setup.members[setup.config.self.value].peers);
    if (!socket) return std::unexpected(socket.error());
    peers->listener_ = std::move(*socket);
    return peers;
}

Peers::~Peers() {
    stop();
    listener_.close();
}

std::vector<Peers::Target> Peers::targets() const {
    std::vector<Target> all;
    for (NodeId const peer : setup_.config.peers) all.push_back({peer});
    for (std::size_t m = 0; m < setup_.mirrors.size(); ++m) {
        replication::GroupConfig const& config = setup_.mirrors[m].config;
        for (std::uint8_t copy = 0; copy < config.copies; ++copy) {
            if (copy != config.self.value) all.push_back({config.nodes[copy], m});
        }
    }
    return all;
}

void Peers::start() {
    acceptor_ = std::thread([this] { accept(); });
    std::lock_guard const lock(lock_);
    for (Target const& target : targets()) {
        if (target.peer < setup_.config.self) continue;
        Session& session = sessions_.emplace_back();
        session.thread = std::thread([this, target] { dial(target); });
    }
}

void Peers::stop() {
    if (!acceptor_.joinable()) return;
    {
        std::lock_guard const lock(lock_);
        stopping_ = true;
        for (Known const& known : links_) {
            if (auto const link = known.link.lock()) link->close();
        }
    }
    stops_.notify_all();
    one_less_.notify_all();
    ::shutdown(listener_.descriptor, SHUT_RDWR);
    acceptor_.join();
    for (Session& session : sessions_) session.thread.join();
    sessions_.clear();
}

void Peers::give_up(NodeId peer) {
    std::lock_guard const lock(lock_);
    for (Known const& known : links_) {
        if (known.peer != peer) continue;
        if (auto const link = known.link.lock()) link->close();
    }
}

/// So that it can be closed from elsewhere.
void Peers::keep(std::shared_ptr<Link> const& link, std::optional<NodeId> peer) {
    std::lock_guard const lock(lock_);
    std::erase_if(links_, [&](Known const& known) {
        auto const held = known.link.lock();
        return held == nullptr || held == link;
    });
    links_.push_back({link, peer});
    if (stopping_) link->close();
}

/// The operator may have renewed them.
void Peers::refresh_tls() {
    if (auto const news = tls_->refresh()) events_.warned(*news);
}

std::string Peers::tls_problem() {
    if (tls_ == nullptr) return "";
    refresh_tls();
    return tls_->problem();
}

std::optional<std::int64_t> Peers::certificate_expires() {
    if (tls_ == nullptr) return std::nullopt;
    refresh_tls();
    return tls_->expires();
}

/// Whoever is at the other end is a stranger until he has greeted.
std::shared_ptr<Link> Peers::make_link(int socket, std::optional<NodeId> dialled) {
    set_up_connection(socket);
    notice_silence(socket, setup_.detection.connection_timeout);
    Endpoint const& at = setup_.members[dialled.value_or(setup_.config.self).value].peers;
    bool const plain = tls_ == nullptr || !at.socket.empty();
    if (!plain) refresh_tls();
    auto link = std::make_shared<Link>(
        plain ? plain_stream(socket) : tls_->stream(socket, dialled.has_value()),
        ConnectionId{next_link_++}, setup_.detection.connection_timeout);
    link->limit(greeting_time, most_greeting_bytes);
    keep(link, dialled);
    return link;
}

void Peers::sleep(Duration time) {
    std::unique_lock lock(lock_);
    stops_.wait_for(lock, std::chrono::nanoseconds(time.ns), [this] { return stopping_; });
}

// Greeting.

void Peers::greet(Link& link, Target const& target) const {
    Greeting greeting;
    greeting.cluster = setup_.cluster;
    greeting.from = name_of(setup_.config.self);
    greeting.to = name_of(target.peer);
    if (target.mirror) greeting.what = setup_.mirrors[*target.mirror].name;
    greeting.life = life_;
    greeting.compression = Compressor::highest_level;
    greeting.agreed = agreed(setup_, target.mirror);
    std::vector<std::byte> head;
    ByteWriter writer(head);
    encode(greeting, writer);
    link.queue(FrameKind::greeting, std::move(head));
    link.flush();
}

/// Who speaks and about what; or why he is none of us.
std::expected<Peers::Target, std::string> Peers::hear_greeting(
    Link& link, std::optional<Target> const& expected) const {
    auto const frame = link.receive();
    if (!frame) return std::unexpected(frame.error());
    if (frame->kind != FrameKind::greeting) return std::unexpected("it did not greet");
    auto const theirs = decode_greeting(frame->head);
    if (!theirs) return std::unexpected(theirs.error());
    std::vector<Target> const all = targets();
    auto const meant = std::ranges::find_if(all, [&](Target const& target) {
        std::string const what = target.mirror ? setup_.mirrors[*target.mirror].name : "";
        return name_of(target.peer) == theirs->from && what == theirs->what;
    });
    Target const target = expected ? *expected : meant != all.end() ? *meant : Target{};
    bool const known = expected.has_value() || meant != all.end();
    Greeting ours;
    ours.cluster = setup_.cluster;
    ours.from = name_of(setup_.config.self);
    ours.to = known ? name_of(target.peer) : theirs->from;
    ours.what = known && target.mirror ? setup_.mirrors[*target.mirror].name : theirs->what;
    if (std::string const reason = refusal(ours, *theirs); !reason.empty()) {
        return std::unexpected(reason);
    }
    if (!known) {
        return std::unexpected(fmt::format("'{}' is no node that shares {} with this one",
                                           theirs->from,
                                           theirs->what.empty() ? "anything" : theirs->what));
    }
    if (!expected && target.peer > setup_.config.self) {
        return std::unexpected(
            fmt::format("'{}' does not dial this node: this node dials it", theirs->from));
    }
    if (std::string const why = link.objection(theirs->from, setup_.cluster); !why.empty()) {
        return std::unexpected(fmt::format("it says that it is '{}', and {}", theirs->from, why));
    }
    if (std::string const why = disagreement(agreed(setup_, target.mirror), theirs->agreed);
        !why.empty()) {
        return std::unexpected(
            fmt::format("'{}': {}{}", theirs->from, target.mirror ? theirs->what + ": " : "", why));
    }
    link.lift_limit();
    if (target.mirror) {
        unsigned const level = setup_.members[target.peer.value].compression;
        link.compress(std::min<unsigned>(level, theirs->compression));
    }
    return target;
}

bool Peers::may_begin(Target const& target) const {
    return !target.mirror || events_.takes_legs(*target.mirror);
}

void Peers::accept() {
    for (;;) {
        int const socket = ::accept4(listener_.descriptor, nullptr, nullptr, SOCK_CLOEXEC);
        int const number = errno;
        std::unique_lock lock(lock_);
        if (stopping_) {
            if (socket >= 0) ::close(socket);
            return;
        }
        // Threads of connections that are over.
        for (auto session = sessions_.begin(); session != sessions_.end();) {
            if (!session->over) {
                ++session;
                continue;
            }
            session->thread.join();
            session = sessions_.erase(session);
        }
        if (socket < 0) {
            lock.unlock();
            // Of what is lacking, such as descriptors, there may be more in a while.
            if (number != ECONNABORTED && number != EINTR) sleep(milliseconds(100));
            continue;
        }
        make_room(lock);
        if (stopping_) {
            ::close(socket);
            return;
        }
        auto const stranger = strangers_.insert(strangers_.end(), Stranger{socket});
        Session& session = sessions_.emplace_back();
        session.thread = std::thread([this, stranger, &session] {
            admit(stranger);
            session.over = true;
        });
    }
}

/// Who is connected and does not greet keeps nobody out. Waits until he has gone, so that there
/// are no more threads than that, however many come and how fast.
void Peers::make_room(std::unique_lock<std::mutex>& lock) {
    if (strangers_.size() < most_strangers) return;
    Stranger& longest = strangers_.front();
    longest.gives_way = true;
    ::shutdown(longest.socket, SHUT_RDWR);
    one_less_.wait(lock, [this] { return stopping_ || strangers_.size() < most_strangers; });
}

void Peers::admit(std::list<Stranger>::iterator stranger) {
    int const socket = stranger->socket;
    std::string const from = address_of_peer(socket);
    auto const link = make_link(socket, std::nullopt);
    auto const begun = link->begin();
    auto const target = begun ? hear_greeting(*link, std::nullopt)
                              : std::expected<Target, std::string>(std::unexpected(begun.error()));
    bool gives_way = false;
    {
        std::lock_guard const lock(lock_);
        gives_way = stranger->gives_way;
        strangers_.erase(stranger);
        one_less_.notify_one();
    }
    if (gives_way) {
        return events_.refused(
            from, fmt::format("it had not greeted when {} others waited to", most_strangers));
    }
    if (!target) return events_.refused(from, target.error());
    keep(link, target->peer);
    if (!may_begin(*target)) return link->close();
    greet(*link, *target);
    serve(link, *target);
}

/// Whoever was dialled shows that it is who was meant before it hears a word.
std::expected<void, std::string> Peers::introduce(std::shared_ptr<Link> const& link,
                                                  Target const& target) {
    if (auto const begun = link->begin(); !begun) return begun;
    if (std::string const why = link->objection(name_of(target.peer), setup_.cluster);
        !why.empty()) {
        return std::unexpected(why);
    }
    greet(*link, target);
    auto const there = hear_greeting(*link, target);
    if (!there) return std::unexpected(there.error());
    return {};
}

void Peers::dial(Target const& target) {
    std::string last;  // said once as long as it stays the same
    for (;;) {
        {
            std::lock_guard const lock(lock_);
            if (stopping_) return;
        }
        if (!may_begin(target)) {
            sleep(setup_.detection.reconnect);
            continue;
        }
        std::string why;
        auto const socket = connect_to(setup_.members[target.peer.value].peers,
                                       setup_.detection.connection_timeout);
        if (!socket) {
            why = socket.error();
        } else {
            auto const link = make_link(*socket, target.peer);
            if (auto const met = introduce(link, target); met) {
                last.clear();
                serve(link, target);
            } else {
                why = met.error();
            }
        }
        if (!why.empty() && why != last) {
            events_.warned(fmt::format("no connection to {}: {}", name_of(target.peer), why));
            last = why;
        }
        sleep(setup_.detection.reconnect);
    }
}

// Reading.

void Peers::serve(std::shared_ptr<Link> const& link, Target const& target) {
    events_.spoke(target.peer);
    std::string const why = target.mirror ? serve_leg(link, target) : serve_control(link, target);
    link->close();
    if (!why.empty()) {
        events_.warned(
            fmt::format("the connection to {} is given up: {}", name_of(target.peer), why));
    }
}

/// Until it ends; what is returned is what was wrong with what came.
std::string Peers::serve_control(std::shared_ptr<Link> const& link, Target const& target) {
    events_.control_up(target.peer, link);
    std::string wrong;
    for (;;) {
        link->wait_for_room();
        auto const frame = link->receive();
        if (!frame) {
            if (!link->ended()) wrong = frame.error();
            break;
        }
        if (frame->kind != FrameKind::control) {
            wrong = "something else than nodes say to each other";
            break;
        }
        auto message = nodes::decode_control(frame->head);
        if (!message) {
            wrong = message.error();
            break;
        }
        events_.spoke(target.peer);
        events_.control_arrived(target.peer, *link, std::move(*message));
    }
    events_.control_down(target.peer, *link);
    return wrong;
}

std::string Peers::serve_leg(std::shared_ptr<Link> const& link, Target const& target) {
    GroupDriver& group = events_.leg_of(*target.mirror);
    replication::GroupConfig const& config = group.setup().config;
    auto const place = std::ranges::find(config.nodes, target.peer) - config.nodes.begin();
    replication::Slot const slot{static_cast<std::uint8_t>(place)};
    std::uint64_t const chunks =
        (config.mirrored_sectors + config.chunk_sectors - 1) / config.chunk_sectors;
    group.connected(slot, link);
    Duration const often{setup_.detection.interval.ns / 8};
    Duration spoke = boot_time();
    std::string wrong;
    for (;;) {
        link->wait_for_room();
        auto frame = link->receive();
        if (!frame) {
            if (!link->ended()) wrong = frame.error();
            break;
        }
        if (frame->kind != FrameKind::mirror) {
            wrong = "something else than copies of a mirror say to each other";
            break;
        }
        auto message = replication::decode_message(frame->head, std::move(frame->content), chunks);
        if (!message) {
            wrong = message.error();
            break;
        }
        // Whoever speaks is alive, with or without a heartbeat; to say so each time would cost more
        // than the word.
        if (Duration const now = boot_time(); now - spoke >= often) {
            events_.spoke(target.peer);
            spoke = now;
        }
        group.arrived(slot, *link, std::move(*message));
    }
    group.disconnected(slot, *link);
    return wrong;
}

}  // namespace sunder::live
