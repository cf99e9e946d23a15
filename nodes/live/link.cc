// SPDX-License-Identifier: BSD-3-Clause
//
// Frames into streams and out of them: gathered writes, one buffer for what is small, and content
// straight to where it stays.
#include "nodes/live/link.h"

#include "nodes/live/clock.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace sunder::live {

namespace {

constexpr std::size_t buffer_bytes = 256 * 1024;
// Between frames of a host that waits for each request: less, and the processors have no time to
// lose; more, and the time to wake up does not matter.
constexpr Duration least_gap = microseconds(35);
constexpr Duration most_gap = microseconds(200);
constexpr std::size_t most_parts = 96;  // of what is sent at once

}  // namespace

std::span<std::byte const> Link::Leaving::body() const {
    if (!compressed.empty()) return compressed;
    return content.is_bytes() ? content.as_bytes() : std::span<std::byte const>();
}

Link::Link(std::unique_ptr<Stream> stream, ConnectionId id, Duration stall)
    : stream_(std::move(stream)), id_(id), stall_(stall), buffer_(buffer_bytes) {
    stream_->give_up_after(stall);
}

Link::~Link() {
    close();
    {
        // The writer either sees that it is closed, or waits already.
        std::lock_guard const lock(sending_);
        write_on_.notify_all();
    }
    if (writer_.joinable()) writer_.join();
}

std::expected<void, std::string> Link::begin() {
    auto const begun = stream_->begin(until_);
    if (begun) return {};
    ended_ = begun.error().closed;
    return std::unexpected(begun.error().why);
}

void Link::compress(unsigned level) {
    std::lock_guard const lock(sending_);
    if (level != 0) compressor_.emplace(static_cast<int>(level));
}

void Link::queue(FrameKind kind, std::vector<std::byte> head, Payload content) {
    if (closed_) return;
    std::lock_guard const lock(queue_);
    queued_.push_back({kind, std::move(head), std::move(content)});
    queued_bytes_ += queued_.back().bytes();
    crowded_ = queued_bytes_ >= crowded_bytes;
    waiting_ = true;
}

std::uint64_t Link::queued_bytes() const {
    std::lock_guard const lock(queue_);
    return queued_bytes_;
}

void Link::flush() {
    while (waiting_ && !blocked_) {
        // Whoever has it looks again when it has given it back.
        if (!sending_.try_lock()) return;
        Sent const sent = send_some();
        if (sent == Sent::not_all) {
            blocked_ = true;
            if (!writer_.joinable()) writer_ = std::thread([this] { go_on_sending(); });
            write_on_.notify_one();
        }
        sending_.unlock();
        if (sent == Sent::failed) return close();
    }
}

void Link::take_queue() {
    std::deque<Outgoing> taken;
    {
        std::lock_guard const lock(queue_);
        taken.swap(queued_);
        waiting_ = false;
    }
    for (Outgoing& one : taken) prepare(one);
}

void Link::prepare(Outgoing& from) {
    Leaving& made = leaving_.emplace_back();
    made.head = std::move(from.head);
    made.content = std::move(from.content);
    std::uint32_t sectors = 0;
    bool compressed = false;
    if (made.content.is_bytes()) {
        sectors = static_cast<std::uint32_t>(made.content.sectors());
        if (compressor_) {
            auto const smaller = compressor_->compress(made.content.as_bytes());
            compressed = smaller.has_value();
            if (smaller) made.compressed.assign(smaller->begin(), smaller->end());
        }
    }
    write_header(from.kind, made.head, made.body(), sectors, compressed, made.header.data());
}

/// Until nothing is queued, or the socket takes no more.
Link::Sent Link::send_some() {
    for (;;) {
        take_queue();
        if (leaving_.empty() && !held_) return Sent::everything;
        Sent const sent = send_leaving();
        if (sent != Sent::everything) return sent;
    }
}

Link::Sent Link::send_leaving() {
    do {
        std::array<iovec, most_parts> parts;
        std::size_t count = 0;
        std::size_t skip = gone_;
        auto const add = [&](std::span<std::byte const> part) {
            std::size_t const left = std::min(skip, part.size());
            skip -= left;
            part = part.subspan(left);
            if (!part.empty()) {
                parts[count++] = {const_cast<std::byte*>(part.data()), part.size()};
            }
        };
        for (Leaving const& one : leaving_) {
            if (count + 3 > most_parts) break;
            add(one.header);
            add(one.head);
            add(one.body());
        }
        Stream::Taken const taken = stream_->send(std::span(parts).first(count));
        if (taken.sent == Sent::failed) return Sent::failed;
        held_ = taken.sent == Sent::not_all;
        gone_ += taken.bytes;
        sent_bytes_ += taken.bytes;
        forget_what_is_gone();
        if (held_) return Sent::not_all;
    } while (!leaving_.empty());
    return Sent::everything;
}

void Link::forget_what_is_gone() {
    std::size_t left = 0;
    while (!leaving_.empty()) {
        Leaving const& first = leaving_.front();
        std::size_t const all = frame_header_bytes + first.head.size() + first.body().size();
        if (gone_ < all) break;
        gone_ -= all;
        left += frame_header_bytes + first.head.size() +
                (first.content.is_bytes() ? first.content.as_bytes().size() : 0);
        leaving_.pop_front();
    }
    if (left == 0) return;
    std::lock_guard const lock(queue_);
    queued_bytes_ -= left;
    crowded_ = queued_bytes_ >= crowded_bytes;
    if (!crowded_) drained_.notify_all();
}

/// The link's own thread: sends whenever the socket was full and takes more.
void Link::go_on_sending() {
    std::unique_lock lock(sending_);
    while (!closed_) {
        write_on_.wait(lock, [this] { return closed_ || blocked_; });
        if (closed_) return;
        lock.unlock();
        bool const moves = stream_->wait_for_room(stall_);
        lock.lock();
        if (!moves) {
            stalled_ = true;
            return close();
        }
        Sent const sent = send_some();
        if (sent == Sent::failed) return close();
        if (sent == Sent::not_all) continue;
        blocked_ = false;
        lock.unlock();
        flush();  // of what was queued since, and left to this thread
        lock.lock();
    }
}

void Link::wait_for_room() {
    std::unique_lock lock(queue_);
    drained_.wait(lock, [this] { return closed_ || !crowded_; });
}

void Link::close() {
    if (closed_.exchange(true)) return;
    stream_->shut_down();
    write_on_.notify_all();
    std::lock_guard const lock(queue_);
    drained_.notify_all();
}

void Link::limit(Duration time, std::size_t bytes) {
    until_ = boot_time() + time;
    most_bytes_ = bytes;
}

void Link::lift_limit() {
    until_.reset();
    most_bytes_ = most_head_bytes + most_content_bytes;
}

/// What is queued goes before anybody waits: answers to what came together leave together.
std::expected<std::size_t, std::string> Link::receive_into(std::span<std::byte> room) {
    flush();
    auto const got = stream_->receive(room, until_);
    if (got) return *got;
    if (stalled_) return std::unexpected(Stream::stalled);
    ended_ = got.error().closed;
    return std::unexpected(got.error().why);
}

/// Who says half of something is not done, unless it is this end that has closed.
std::string Link::cut_off(std::string const& why) {
    if (!ended_ || closed_) return why;
    ended_ = false;
    return "it ended in the middle of a frame";
}

/// So that at least so many bytes are there. Requires no more than the buffer has room for.
std::expected<void, std::string> Link::fill(std::size_t wanted) {
    if (filled_ - taken_ >= wanted) return {};
    std::memmove(buffer_.data(), &buffer_[taken_], filled_ - taken_);
    filled_ -= taken_;
    taken_ = 0;
    while (filled_ < wanted) {
        auto const got = receive_into(std::span(buffer_).subspan(filled_));
        if (!got) return std::unexpected(filled_ == 0 ? got.error() : cut_off(got.error()));
        filled_ += *got;
    }
    return {};
}

/// A thread that sleeps takes long to wake, most of all on a virtual machine.
void Link::go_by_pace() {
    Duration const now = boot_time();
    std::int64_t const gap = std::min((now - received_).ns, 8 * most_gap.ns);
    received_ = now;
    usual_gap_.ns += (gap - usual_gap_.ns) / 8;
    bool const paced = usual_gap_ >= least_gap && usual_gap_ <= most_gap;
    stream_->look_out(paced ? most_gap : Duration{});
}

std::expected<Link::Frame, std::string> Link::receive() {
    go_by_pace();
    if (buffer_.size() > buffer_bytes && filled_ - taken_ <= buffer_bytes) {
        std::vector<std::byte> usual(buffer_bytes);
        std::memcpy(usual.data(), &buffer_[taken_], filled_ - taken_);
        filled_ -= taken_;
        taken_ = 0;
        buffer_ = std::move(usual);
    }
    if (auto there = fill(frame_header_bytes); !there) return std::unexpected(there.error());
    std::array<std::byte, frame_header_bytes> bytes;
    std::memcpy(bytes.data(), &buffer_[taken_], bytes.size());
    auto const header = read_header(bytes);
    if (!header) return std::unexpected(header.error());
    if (header->head_bytes + std::size_t{header->content_bytes} > most_bytes_) {
        return std::unexpected(fmt::format("a frame of {} bytes, where at most {} are taken",
                                           header->head_bytes + std::size_t{header->content_bytes},
                                           most_bytes_));
    }
    std::size_t const before_content = frame_header_bytes + header->head_bytes;
    if (before_content > buffer_.size()) buffer_.resize(before_content);
    if (auto there = fill(before_content); !there) return std::unexpected(cut_off(there.error()));
    std::span<std::byte const> const head(&buffer_[taken_ + frame_header_bytes],
                                          header->head_bytes);
    taken_ += before_content;
    std::shared_ptr<std::byte> content;
    if (header->content_bytes != 0) {
        // What of it is in the buffer is copied, the rest goes where it belongs at once.
        content = Payload::room((header->content_bytes + sector_bytes - 1) / sector_bytes);
        std::size_t done = std::min<std::size_t>(header->content_bytes, filled_ - taken_);
        std::memcpy(content.get(), &buffer_[taken_], done);
        taken_ += done;
        while (done < header->content_bytes) {
            auto const got = receive_into({content.get() + done, header->content_bytes - done});
            if (!got) return std::unexpected(cut_off(got.error()));
            done += *got;
        }
    }
    std::span<std::byte const> const body(content.get(), header->content_bytes);
    if (auto whole = check_frame(bytes, head, body); !whole) return std::unexpected(whole.error());
    if (content == nullptr) return Frame{header->kind, head, {}};
    auto payload = content_of(*header, std::move(content));
    if (!payload) return std::unexpected(payload.error());
    return Frame{header->kind, head, std::move(*payload)};
}

}  // namespace sunder::live
