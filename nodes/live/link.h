// SPDX-License-Identifier: BSD-3-Clause
//
// One connection to a peer: frames in both directions, in the order in which they were queued. Who
// queues a frame also sends it, unless the socket is full: then a thread of the link's own goes on.
// It decides nothing but when bytes travel; in what is its stream's business, and what a frame
// means its reader's.
#pragma once

#include "base/ids.h"
#include "base/payload.h"
#include "base/units.h"
#include "nodes/live/frame.h"
#include "nodes/live/stream.h"

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <expected>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace sunder::live {

class Link {
public:
    /// What is queued and not sent beyond this keeps the reader from reading on, and hosts from
    /// writing on, so that a peer that asks and does not listen costs no more than that.
    static constexpr std::size_t crowded_bytes = std::size_t{64} << 20;

    struct Frame {
        FrameKind kind = FrameKind::greeting;
        std::span<std::byte const> head;  ///< until the next one is received
        Payload content;
    };

    /// `stall`: for how long the other end may take nothing while bytes wait for it.
    Link(std::unique_ptr<Stream> stream, ConnectionId id, Duration stall);
    ~Link();
    Link(Link const&) = delete;
    Link& operator=(Link const&) = delete;

    [[nodiscard]] ConnectionId id() const { return id_; }
    /// What waits to be sent, before it is compressed; and what was sent, as it travels.
    [[nodiscard]] std::uint64_t queued_bytes() const;
    [[nodiscard]] std::uint64_t sent_bytes() const { return sent_bytes_; }
    /// From now on content is compressed at that level of zstd; 0: it is not.
    void compress(unsigned level);

    /// Before anything is said, by the thread that receives: what the stream asks of both ends.
    std::expected<void, std::string> begin();
    /// Why the other end cannot be that node, as far as the stream can tell; empty: it may be.
    [[nodiscard]] std::string objection(std::string const& node, std::string const& cluster) const {
        return stream_->objection(node, cluster);
    }

    void queue(FrameKind kind, std::vector<std::byte> head, Payload content = {});
    /// Sends what is queued as far as the socket takes it; never waits.
    void flush();
    /// Waits for the next frame; by one thread, which also sends what is queued before it waits.
    /// The error says why there will be none: the other end has closed, or what came is no frame.
    std::expected<Frame, std::string> receive();
    /// After `receive` has failed: the connection has ended, between two frames or here; else what
    /// came is no frame.
    [[nodiscard]] bool ended() const { return ended_; }
    [[nodiscard]] bool crowded() const { return crowded_; }
    /// Waits while too much is queued.
    void wait_for_room();
    /// Nothing is sent or received any more; whoever waits is woken.
    void close();
    /// Of a stranger: what he says has to be there within this time, and no longer than that.
    void limit(Duration time, std::size_t bytes);
    void lift_limit();

private:
    struct Outgoing {
        FrameKind kind;
        std::vector<std::byte> head;
        Payload content;
        [[nodiscard]] std::size_t bytes() const {
            return frame_header_bytes + head.size() +
                   (content.is_bytes() ? content.as_bytes().size() : 0);
        }
    };
    /// One that is on its way: its header is made, and its content perhaps compressed.
    struct Leaving {
        std::array<std::byte, frame_header_bytes> header;
        std::vector<std::byte> head;
        Payload content;
        std::vector<std::byte> compressed;
        [[nodiscard]] std::span<std::byte const> body() const;
    };
    using Sent = Stream::Sent;
    Sent send_some();
    Sent send_leaving();
    void forget_what_is_gone();
    void take_queue();
    void prepare(Outgoing& from);
    void go_on_sending();
    std::expected<void, std::string> fill(std::size_t wanted);
    std::string cut_off(std::string const& why);
    std::expected<std::size_t, std::string> receive_into(std::span<std::byte> room);
    void go_by_pace();

    std::unique_ptr<Stream> stream_;
    ConnectionId id_;
    Duration stall_;
    std::atomic<bool> closed_ = false;
    std::atomic<bool> stalled_ = false;  // and therefore closed

    mutable std::mutex queue_;
    std::condition_variable drained_;
    std::deque<Outgoing> queued_;
    std::size_t queued_bytes_ = 0;       // under queue_; of what is leaving, too
    std::atomic<bool> crowded_ = false;  // so are too many
    std::atomic<bool> waiting_ = false;  // something is queued

    std::mutex sending_;
    std::deque<Leaving> leaving_;  // under sending_
    std::size_t gone_ = 0;         // bytes of the first of them that were sent
    std::atomic<std::uint64_t> sent_bytes_ = 0;
    std::optional<Compressor> compressor_;
    bool held_ = false;  // under sending_: the stream has taken what it has not sent
    std::atomic<bool> blocked_ = false;  // the socket is full, and the writer waits for it
    std::thread writer_;                 // under sending_
    std::condition_variable_any write_on_;

    std::optional<Duration> until_;  // when a stranger must have spoken, by the boot clock
    std::size_t most_bytes_ = most_head_bytes + most_content_bytes;

    Duration received_;   // when the last frame was
    Duration usual_gap_;  // between two of them, of late

    std::vector<std::byte> buffer_;  // of the one that receives
    bool ended_ = false;
    std::size_t taken_ = 0;
    std::size_t filled_ = 0;
};

}  // namespace sunder::live
