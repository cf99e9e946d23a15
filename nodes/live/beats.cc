// SPDX-License-Identifier: BSD-3-Clause
//
// Datagrams, and the times at which they came.
#include "nodes/live/beats.h"

#include "nodes/live/beat.h"
#include "nodes/live/clock.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace sunder::live {

namespace {

constexpr std::size_t most_bytes = 256;

}  // namespace

Beats::Beats(NodeSetup const& setup, std::uint64_t life, Told told)
    : setup_(setup), life_(life), told_(std::move(told)), heard_(setup.members.size()) {
    std::size_t const paths = setup.members[setup.config.self.value].beats.size();
    for (Heard& one : heard_) one.last.resize(paths);
}

std::expected<std::unique_ptr<Beats>, std::string> Beats::listen(NodeSetup const& setup,
                                                                 std::uint64_t life, Told told) {
    std::unique_ptr<Beats> beats(new Beats(setup, life, std::move(told)));
    for (Endpoint const& here : setup.members[setup.config.self.value].beats) {
        auto socket = datagram_socket(here);
        if (!socket) return std::unexpected(socket.error());
        beats->sockets_.push_back(std::move(*socket));
    }
    beats->wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return beats;
}

Beats::~Beats() {
    stop();
    for (BoundSocket& socket : sockets_) socket.close();
    if (wake_ >= 0) ::close(wake_);
}

void Beats::start() {
    sent_ = boot_time().ns;
    lease_ = sent_ + patience().ns;
    thread_ = std::thread([this] { run(); });
}

void Beats::stop() {
    if (!thread_.joinable()) return;
    stopping_ = true;
    std::uint64_t const one = 1;
    [[maybe_unused]] ssize_t const woken = ::write(wake_, &one, sizeof one);
    thread_.join();
    std::lock_guard const lock(lock_);
    renewed_.notify_all();
}

void Beats::watch(NodeId peer) {
    std::lock_guard const lock(lock_);
    heard_[peer.value].watched = true;
}

void Beats::spoke(NodeId peer) {
    std::lock_guard const lock(lock_);
    // What lay in sockets while this process stood still says nothing about who lives now.
    Duration const now = boot_time();
    if (ticked_ != 0 && now.ns - ticked_ >= patience().ns) judge(now);
    note(peer, 0, now);
}

bool Beats::hears(NodeId peer) const {
    std::lock_guard const lock(lock_);
    return heard_[peer.value].told;
}

std::vector<std::optional<Duration>> Beats::heard_ago(NodeId peer) const {
    std::lock_guard const lock(lock_);
    std::vector<std::optional<Duration>> ago = heard_[peer.value].last;
    Duration const now = boot_time();
    for (std::optional<Duration>& one : ago) {
        if (one) one = now - *one;
    }
    return ago;
}

/// Under the lock. A peer of whom it was said that he is silent is heard again.
void Beats::note(NodeId peer, std::size_t path, Duration now) {
    Heard& one = heard_[peer.value];
    one.last[path] = now;
    one.stalled = false;
    if (!one.watched || one.told) return;
    one.told = true;
    told_.heard(peer);
}

void Beats::run() {
    Duration next = boot_time();
    while (!stopping_) {
        Duration const before = boot_time();
        ticked_ = before.ns;
        if (before >= next) {
            sent_ = before.ns;
            send_all();
            next = std::max(next + setup_.detection.interval, before);
        }
        // Silence is judged some times in an interval, so that a peer is missed soon after it is.
        std::int64_t const pause =
            std::max<std::int64_t>(setup_.detection.interval.ns / 8, 1'000'000);
        std::int64_t const wait =
            std::clamp<std::int64_t>((next - before).ns, 0, pause) / 1'000'000 + 1;
        std::vector<pollfd> sockets{{wake_, POLLIN, 0}};
        for (BoundSocket const& one : sockets_) sockets.push_back({one.descriptor, POLLIN, 0});
        ::poll(sockets.data(), sockets.size(), static_cast<int>(wait));
        Duration const now = boot_time();
        // What came in while this process stood still says nothing about who lives now.
        bool const stood_still = now - before >= patience();
        std::unique_lock lock(lock_);
        if (stood_still) judge(now);
        lock.unlock();
        receive_all();
        lock.lock();
        judge(boot_time());
        lock.unlock();
        renew_lease(boot_time());
    }
}

void Beats::send_all() {
    std::vector<std::byte> const beat = encode_beat({setup_.config.self, life_}, setup_.cluster);
    for (NodeId const peer : setup_.config.peers) {
        std::vector<Endpoint> const& there = setup_.members[peer.value].beats;
        for (std::size_t path = 0; path < std::min(there.size(), sockets_.size()); ++path) {
            send_datagram(sockets_[path].descriptor, there[path], beat);
        }
    }
}

void Beats::receive_all() {
    std::array<std::byte, most_bytes> room;
    for (std::size_t path = 0; path < sockets_.size(); ++path) {
        for (;;) {
            ssize_t const got =
                ::recv(sockets_[path].descriptor, room.data(), room.size(), MSG_DONTWAIT);
            if (got < 0) break;
            take(std::span(room).first(static_cast<std::size_t>(got)), path);
        }
    }
}

/// Anything that is no beat of a peer of this cluster is left alone.
void Beats::take(std::span<std::byte const> datagram, std::size_t path) {
    auto const beat = read_beat(datagram, setup_.cluster);
    if (!beat) return;
    if (std::ranges::find(setup_.config.peers, beat->node) == setup_.config.peers.end()) return;
    std::lock_guard const lock(lock_);
    note(beat->node, path, boot_time());
}

/// Under the lock.
void Beats::judge(Duration now) {
    for (NodeId const peer : setup_.config.peers) {
        Heard& one = heard_[peer.value];
        std::optional<Duration> const latest = *std::ranges::max_element(one.last);
        if (!latest) continue;
        if (one.told && now - *latest >= patience()) {
            one.told = false;
            told_.silent(peer);
        }
        bool const stalls = now - *latest >= setup_.detection.connection_timeout;
        if (stalls && !one.stalled) told_.stalled(peer);
        one.stalled = stalls;
    }
}

/// Who heard the last beat takes this process for dead when his patience is over, and not before.
/// Once it may have come to that, hosts wait for as long again, so that a successor has been heard
/// and has said what it is, and until the node has taken in what it missed: a zombie answers
/// nothing out of the past.
void Beats::renew_lease(Duration now) {
    if (!lapsed_ && now.ns < lease_) {
        lease_ = sent_ + patience().ns;
        return;
    }
    if (!lapsed_) {
        lapsed_ = now;
        lease_ = 0;
    }
    if (now - *lapsed_ < patience()) return;
    {
        std::lock_guard const lock(lock_);
        if (asked_) return;
        asked_ = true;
    }
    lapsed_.reset();
    lease_ = sent_ + patience().ns;  // for this thread; hosts wait until it is told
    told_.when_taken_in([this] {
        std::lock_guard const lock(lock_);
        asked_ = false;
        renewed_.notify_all();
    });
}

bool Beats::wait_for_lease() {
    if (!asked_ && boot_time().ns < lease_) return true;
    std::unique_lock lock(lock_);
    renewed_.wait(lock, [this] { return stopping_ || (!asked_ && boot_time().ns < lease_); });
    return !stopping_;
}

}  // namespace sunder::live
