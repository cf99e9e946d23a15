// SPDX-License-Identifier: BSD-3-Clause
//
// One loop over all sockets: what came in is given the moment at which it arrives, and goes on
// then. A stream of which more is on the way than a link holds is not read.
#include "scenarios/live/network.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace sunder::staged {

namespace {

constexpr std::size_t most_queued = 1 << 20;  // bytes of one direction that are on their way
constexpr std::size_t chunk_bytes = 1 << 16;  // at most; at least a packet
constexpr std::size_t packet_bytes = 1 << 10;
constexpr Duration chunk_time = milliseconds(10);  // what a slow link carries in it is a chunk
constexpr std::size_t beat_bytes = 2048;

sockaddr_un address_of(std::string const& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        throw std::system_error(ENAMETOOLONG, std::generic_category(), path);
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

int socket_of(int kind) {
    int const made = ::socket(AF_UNIX, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0) throw std::system_error(errno, std::generic_category(), "socket");
    return made;
}

int listen_at(std::string const& path, int kind) {
    int const made = socket_of(kind);
    sockaddr_un const address = address_of(path);
    if (::bind(made, reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0 ||
        (kind == SOCK_STREAM && ::listen(made, 64) != 0)) {
        throw std::system_error(errno, std::generic_category(), path);
    }
    return made;
}

}  // namespace

LiveNetwork::LiveNetwork(netsim::Cluster const& cluster, std::filesystem::path folder, Speed speed)
    : folder_(std::move(folder)),
      speed_(speed),
      patience_(speed.real(cluster.detection.connection_timeout)),
      network_(cluster) {
    for (netsim::NodeSetup const& node : cluster.nodes) names_.push_back(node.name);
    auto const nodes = static_cast<std::uint8_t>(names_.size());
    for (std::uint8_t from = 0; from < nodes; ++from) {
        for (std::uint8_t to = 0; to < nodes; ++to) {
            if (from == to) continue;
            std::string const path = between(NodeId{from}, NodeId{to});
            listeners_.push_back({listen_at(path, SOCK_STREAM), NodeId{from}, NodeId{to}, false});
            listeners_.push_back(
                {listen_at(path + ".beats", SOCK_DGRAM), NodeId{from}, NodeId{to}, true});
        }
    }
    beat_sender_ = socket_of(SOCK_DGRAM);
    wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    thread_ = std::thread([this] { run(); });
}

LiveNetwork::~LiveNetwork() {
    {
        std::lock_guard const lock(lock_);
        stopping_ = true;
    }
    std::uint64_t const one = 1;
    [[maybe_unused]] ssize_t const woken = ::write(wake_, &one, sizeof one);
    thread_.join();
    for (auto& connection : connections_) end(*connection);
    for (Listener const& listener : listeners_) ::close(listener.socket);
    ::close(beat_sender_);
    ::close(wake_);
}

std::string LiveNetwork::between(NodeId from, NodeId to) const {
    return (folder_ / (names_[from.value] + "-" + names_[to.value])).string();
}

Duration LiveNetwork::now() const {
    return {std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - began_).count()};
}

LiveNetwork::Clock::time_point LiveNetwork::arrival(NodeId from, NodeId to, std::size_t bytes) {
    Duration late;
    if (netsim::Odds const lost = network_.weather(from.value, to.value).lost; lost != 0) {
        Duration const round_trip = speed_.scenario(network_.round_trip(from.value, to.value));
        late = speed_.real(netsim::retransmitted_after(
            netsim::times_in_a_row(lost, chance_.below(netsim::certain)), round_trip));
    }
    return began_ + jitter(from, to) +
           std::chrono::nanoseconds(
               (network_.transfer(from.value, to.value, now(), bytes) + late).ns);
}

std::chrono::nanoseconds LiveNetwork::jitter(NodeId from, NodeId to) {
    auto const most = static_cast<std::uint64_t>(network_.weather(from.value, to.value).jitter.ns);
    return std::chrono::nanoseconds(static_cast<std::int64_t>(chance_.below(most + 1)));
}

/// What waits for a link that has been slow goes at its present speed.
void LiveNetwork::hurry() {
    for (auto& one : connections_) {
        for (Flow* const flow : {&one->there, &one->back}) {
            if (!reaches(flow->from, flow->to)) continue;
            for (Chunk& chunk : flow->chunks) {
                chunk.due = std::min(chunk.due, arrival(flow->from, flow->to, chunk.bytes.size()));
            }
            if (flow->ended) flow->ends = std::min(flow->ends, arrival(flow->from, flow->to, 0));
        }
    }
}

bool LiveNetwork::joins(NodeId a, NodeId b) {
    std::lock_guard const lock(lock_);
    return meet(a, b);
}

void LiveNetwork::cut(netsim::Vertex a, netsim::Vertex b, bool one_way, netsim::Severed what) {
    std::lock_guard const lock(lock_);
    network_.cut(a, b, one_way, what);
}

void LiveNetwork::heal(netsim::Vertex a, netsim::Vertex b) {
    std::lock_guard const lock(lock_);
    if (network_.heal(a, b)) hurry();
}

void LiveNetwork::degrade(netsim::Vertex a, netsim::Vertex b, bool one_way,
                          netsim::Degradation how) {
    hasten(how, speed_);
    std::lock_guard const lock(lock_);
    if (network_.degrade(a, b, one_way, how)) hurry();
}

void LiveNetwork::reset(NodeId a, NodeId b, bool half_open) {
    std::lock_guard const lock(lock_);
    for (auto& one : connections_) {
        bool const dialled = one->dialled_by == a && one->dialled == b;
        bool const was_dialled = one->dialled_by == b && one->dialled == a;
        if (!dialled && !was_dialled) continue;
        if (!half_open) {
            end(*one);
            continue;
        }
        End& told = dialled ? one->near : one->far;
        ::shutdown(told.socket, SHUT_RDWR);
        one->silent = true;
    }
}

void LiveNetwork::damage(NodeId from, NodeId to, netsim::Damage how) {
    std::lock_guard const lock(lock_);
    harms_.push_back({from, to, how});
}

bool LiveNetwork::harm(Flow const& flow, Chunk& chunk) {
    auto const found = std::ranges::find_if(
        harms_, [&](Harm const& one) { return one.from == flow.from && one.to == flow.to; });
    if (found == harms_.end() || chunk.sent != 0) return true;
    netsim::Damage const how = found->how;
    harms_.erase(found);
    std::size_t const middle = chunk.bytes.size() / 2;
    if (how == netsim::Damage::flipped_bit) {
        chunk.bytes[middle] ^= std::byte{0x10};
        return true;
    }
    chunk.bytes.resize(middle);
    return false;
}

void LiveNetwork::power_cut(NodeId node) {
    std::lock_guard const lock(lock_);
    for (auto& one : connections_) {
        one->silent = one->silent || one->dialled_by == node || one->dialled == node;
    }
}

void LiveNetwork::end(Connection& connection) {
    for (End* const one : {&connection.near, &connection.far}) {
        if (one->socket >= 0) ::close(std::exchange(one->socket, -1));
    }
    connection.over = true;
}

void LiveNetwork::accept(Listener const& listener) {
    int const near = ::accept4(listener.socket, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (near < 0) return;
    int const far = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_un const address =
        address_of((folder_ / (names_[listener.to.value] + ".peers")).string());
    if (::connect(far, reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0) {
        ::close(near);  // nobody hears there
        if (far >= 0) ::close(far);
        return;
    }
    auto made = std::make_unique<Connection>();
    made->dialled_by = listener.from;
    made->dialled = listener.to;
    made->near.socket = near;
    made->far.socket = far;
    made->there.from = made->back.to = listener.from;
    made->there.to = made->back.from = listener.to;
    connections_.push_back(std::move(made));
}

void LiveNetwork::take_beat(Listener const& listener) {
    std::array<std::byte, beat_bytes> room;
    for (;;) {
        ssize_t const got = ::recv(listener.socket, room.data(), room.size(), 0);
        if (got < 0) return;
        if (!network_.beats_reach(listener.from.value, listener.to.value)) continue;
        auto const lost = network_.weather(listener.from.value, listener.to.value).lost;
        if (lost != 0 && chance_.below(netsim::certain) < lost) continue;
        auto const bytes = static_cast<std::size_t>(got);
        // A datagram does not wait behind what a stream has queued: it is small, and would be late
        // for a reason that no link of the file has.
        auto const latency = network_.latency(listener.from.value, listener.to.value);
        beats_.push_back({Clock::now() + std::chrono::nanoseconds(latency.ns) +
                              jitter(listener.from, listener.to),
                          listener.to,
                          {room.begin(), room.begin() + static_cast<std::ptrdiff_t>(bytes)}});
    }
}

void LiveNetwork::send_beats() {
    std::erase_if(beats_, [&](Beat const& beat) {
        if (beat.due > Clock::now()) return false;
        sockaddr_un const address =
            address_of((folder_ / (names_[beat.to.value] + ".peers.beats")).string());
        // Nobody may be there, or he stands still and his queue is full.
        ::sendto(beat_sender_, beat.bytes.data(), beat.bytes.size(), MSG_DONTWAIT,
                 reinterpret_cast<sockaddr const*>(&address), sizeof address);
        return true;
    });
}

/// What is taken at once: on a slow link little by little, as an acknowledged packet makes room.
std::size_t LiveNetwork::chunk(Flow const& flow) const {
    std::uint64_t const rate = network_.bandwidth(flow.from.value, flow.to.value).bits_per_second;
    std::uint64_t const carried =
        rate / 8 / static_cast<std::uint64_t>(seconds(1).ns / chunk_time.ns);
    return std::clamp<std::size_t>(carried, packet_bytes, chunk_bytes);
}

void LiveNetwork::read(End const& source, Flow& flow) {
    std::size_t const most = chunk(flow);
    while (!flow.ended && flow.queued < most_queued) {
        std::vector<std::byte> bytes(most);
        ssize_t const got = ::recv(source.socket, bytes.data(), bytes.size(), 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) {
            flow.ended = true;
            flow.ends = arrival(flow.from, flow.to, 0);
            return;
        }
        bytes.resize(static_cast<std::size_t>(got));
        flow.queued += bytes.size();
        auto const due = arrival(flow.from, flow.to, bytes.size());
        flow.chunks.push_back({due, std::move(bytes)});
    }
}

bool LiveNetwork::write(Connection& connection, End& sink, Flow& flow) {
    while (!flow.chunks.empty() && flow.chunks.front().due <= Clock::now()) {
        Chunk& chunk = flow.chunks.front();
        if (!harms_.empty() && !harm(flow, chunk)) {
            // What is sent is not there yet when the other end hears that this one is closed.
            [[maybe_unused]] ssize_t const part =
                ::send(sink.socket, chunk.bytes.data(), chunk.bytes.size(), MSG_NOSIGNAL);
            end(connection);
            return false;
        }
        ssize_t const sent = ::send(sink.socket, &chunk.bytes[chunk.sent],
                                    chunk.bytes.size() - chunk.sent, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EAGAIN || errno == EINTR) return true;
            end(connection);
            return false;
        }
        chunk.sent += static_cast<std::size_t>(sent);
        if (chunk.sent < chunk.bytes.size()) return true;
        flow.queued -= chunk.bytes.size();
        flow.chunks.pop_front();
    }
    if (flow.ended && flow.chunks.empty() && !flow.told && flow.ends <= Clock::now()) {
        ::shutdown(sink.socket, SHUT_WR);
        flow.told = true;
    }
    return false;
}

void LiveNetwork::end_if_given_up(Connection& connection) {
    for (End* const side : {&connection.near, &connection.far}) {
        std::byte next;
        ssize_t const got = ::recv(side->socket, &next, 1, MSG_PEEK);
        side->gone = side->gone || got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
    }
    if (connection.near.gone && connection.far.gone) end(connection);
}

/// Whom both ends hear, so that neither gives the connection up: TCP would, when nothing that it
/// asks is answered for so long (`live::notice_silence`), and these are Unix sockets (FLT-6).
bool LiveNetwork::filtered_for_long(Connection& connection) const {
    NodeId const a = connection.dialled_by;
    NodeId const b = connection.dialled;
    bool const heard =
        network_.beats_reach(a.value, b.value) || network_.beats_reach(b.value, a.value);
    if (meet(a, b) || !heard) {
        connection.filtered.reset();
        return false;
    }
    auto const now = Clock::now();
    if (!connection.filtered) connection.filtered = now;
    return now - *connection.filtered >= std::chrono::nanoseconds(patience_.ns);
}

/// Moves what can be moved, and says what is to be waited for.
void LiveNetwork::pass_on(Connection& connection, std::vector<pollfd>& sockets,
                          Clock::time_point& until) {
    std::pair<End*, Flow*> const ways[] = {{&connection.near, &connection.there},
                                           {&connection.far, &connection.back}};
    for (auto const& [source, flow] : ways) {
        End& sink = source == &connection.near ? connection.far : connection.near;
        bool const open = reaches(flow->from, flow->to);
        if (!open) continue;
        read(*source, *flow);
        bool const waits = write(connection, sink, *flow);
        if (connection.over) return;
        if (waits) sockets.push_back({sink.socket, POLLOUT, 0});
        if (!flow->ended && flow->queued < most_queued) {
            sockets.push_back({source->socket, POLLIN, 0});
        }
        if (!waits && !flow->chunks.empty()) until = std::min(until, flow->chunks.front().due);
        if (flow->ended && !flow->told) until = std::min(until, flow->ends);
    }
    if (connection.there.told && connection.back.told) end(connection);
}

void LiveNetwork::run() {
    std::vector<pollfd> sockets;
    std::unique_lock lock(lock_);
    while (!stopping_) {
        sockets.assign(1, {wake_, POLLIN, 0});
        // What is cut, silent or full is looked at again by and by.
        auto until = Clock::now() + std::chrono::milliseconds(20);
        for (Listener const& listener : listeners_) {
            bool const hears = listener.beats || meet(listener.from, listener.to);
            if (!hears) continue;
            if (listener.beats) {
                take_beat(listener);
            } else {
                accept(listener);
            }
            sockets.push_back({listener.socket, POLLIN, 0});
        }
        send_beats();
        for (Beat const& beat : beats_) until = std::min(until, beat.due);
        for (auto& connection : connections_) {
            if (connection->silent) {
                end_if_given_up(*connection);
            } else if (filtered_for_long(*connection)) {
                end(*connection);
            } else {
                pass_on(*connection, sockets, until);
            }
        }
        std::erase_if(connections_, [](auto const& one) { return one->over; });
        auto const wait = std::max(until - Clock::now(), Clock::duration::zero());
        auto const nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(wait).count();
        timespec const most{nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
        lock.unlock();
        ::ppoll(sockets.data(), sockets.size(), &most, nullptr);
        lock.lock();
    }
}

}  // namespace sunder::staged
