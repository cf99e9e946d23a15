// SPDX-License-Identifier: BSD-3-Clause
//
// Writing lives down.
#include "nodes/live/recorder.h"

#include "base/checksum.h"
#include "base/codec.h"
#include "nodes/input_codec.h"
#include "nodes/live/recording_format.h"
#include "nodes/live/setup_codec.h"
#include "nodes/state_codec.h"
#include "replication/input_codec.h"
#include "replication/state_codec.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace sunder::live {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::size_t batch_bytes = 256 * 1024;
constexpr auto longest_wait = 200ms;
constexpr std::uint64_t usual_parts = 8;
constexpr std::uint64_t share_of_states = 4;  // they take no more than one of so many bytes

void put_input(nodes::Input const& input, ByteWriter& to) { nodes::encode(input, to); }
void put_input(replication::Input const& input, ByteWriter& to) { replication::encode(input, to); }
void put_input(nodes::hierarchy::Input const& input, ByteWriter& to) {
    nodes::hierarchy::encode(input, to);
}

}  // namespace

std::expected<std::unique_ptr<Recorder>, std::string> Recorder::open(std::string const& folder,
                                                                     Bounds bounds,
                                                                     NodeSetup const& setup,
                                                                     std::uint64_t life,
                                                                     Told told) {
    std::error_code failure;
    fs::create_directories(folder, failure);
    std::vector<std::string> const older = recorded_parts(folder);
    std::uint64_t const number = older.empty() ? 1 : recorded_place(older.back()).life + 1;
    if (bounds.part == 0) bounds.part = bounds.bytes / usual_parts;
    std::unique_ptr<Recorder> made(new Recorder(folder, number, bounds, std::move(told)));
    made->life_ = life;
    made->setup_ = encode_setup(setup);
    for (std::string const& one : older) {
        std::uint64_t const size = fs::file_size(one, failure);
        made->older_[one] = failure ? 0 : size;
    }
    if (!made->open_part(0)) {
        return std::unexpected(
            fmt::format("cannot record in {}: {}", made->path_, std::strerror(errno)));
    }
    made->begin_part();
    made->worker_ = std::thread([recorder = made.get()] { recorder->work(); });
    return made;
}

Recorder::Recorder(std::string folder, std::uint64_t number, Bounds bounds, Told told)
    : folder_(std::move(folder)),
      number_(number),
      bounds_(bounds),
      told_(std::move(told)),
      began_(std::chrono::steady_clock::now()) {}

void Recorder::finish(std::chrono::milliseconds most) {
    std::unique_lock lock(lock_);
    if (!ended_) end(RecordingEnd::stopped);
    stopping_ = true;
    there_is_work_.notify_one();
    is_finished_.wait_for(lock, most, [&] { return finished_; });
}

Recorder::~Recorder() {
    if (worker_.joinable()) {
        finish({});
        worker_.join();
    }
    if (file_ >= 0) ::close(file_);
}

// ---- what is recorded

bool Recorder::append(RecordedMachine machine, std::span<std::byte const> input,
                      Fingerprint outputs) {
    bool worth = false;
    bool wants_state = false;
    std::string over;
    {
        std::lock_guard const lock(lock_);
        if (ended_) return false;
        turn_when_due();
        if (has_room_for(input.size())) {
            put(static_cast<std::uint8_t>(machine.kind), static_cast<std::uint8_t>(Recorded::input),
                machine.mirror, input, outputs);
            // The first part begins where machines do.
            wants_state = part_ != 0 && !known_.contains(machine);
        }
        worth = ended_ || worth_writing();
        over = trouble_;
    }
    tell_if_over(worth, over);
    return wants_state;
}

/// Another part may have begun since it was asked for: it belongs there, too.
void Recorder::append_state(RecordedMachine machine, std::span<std::byte const> state) {
    std::string over;
    {
        std::lock_guard const lock(lock_);
        if (ended_) return;
        if (has_room_for(state.size())) {
            put(static_cast<std::uint8_t>(machine.kind), static_cast<std::uint8_t>(Recorded::state),
                machine.mirror, state, 0);
            known_.insert(machine);
            states_ += recorded_entry_bytes + state.size();
        }
        over = trouble_;
    }
    tell_if_over(true, over);
}

void Recorder::tell_if_over(bool worth, std::string const& over) {
    if (worth) there_is_work_.notify_one();
    if (!over.empty() && told_) told_(over);
}

template <class Machine, class Input>
void Recorder::append_step(RecordedMachine which, Machine const& machine, Input const& input,
                           Fingerprint outputs) {
    thread_local std::vector<std::byte> bytes;
    bytes.clear();
    ByteWriter to(bytes);
    put_input(input, to);
    if (!append(which, bytes, outputs)) return;
    bytes.clear();
    encode(machine, to);
    append_state(which, bytes);
}

void Recorder::append(nodes::NodeMachine const& machine, nodes::Input const& input,
                      nodes::Outbox& outputs) {
    append_step({RecordedMachine::Kind::node, 0}, machine, input, nodes::fingerprint(outputs));
}

void Recorder::append(std::uint16_t mirror, replication::MirrorMachine const& machine,
                      replication::Input const& input, replication::Outbox& outputs) {
    append_step({RecordedMachine::Kind::mirror, mirror}, machine, input,
                replication::fingerprint(outputs));
}

void Recorder::append(std::uint16_t mirror, nodes::hierarchy::HierarchyMachine const& machine,
                      nodes::hierarchy::Input const& input, nodes::hierarchy::Outbox& outputs) {
    append_step({RecordedMachine::Kind::hierarchy, mirror}, machine, input,
                nodes::hierarchy::fingerprint(outputs));
}

std::string Recorder::trouble() const {
    std::lock_guard const lock(lock_);
    return trouble_;
}

// ---- parts; all of it requires the lock

std::vector<std::byte>& Recorder::batch() {
    if (buffer_.empty() || buffer_.back().part != part_) buffer_.push_back({part_, {}});
    return buffer_.back().bytes;
}

/// Else the recording is over. There is always room left for the mark at its end.
bool Recorder::has_room_for(std::size_t bytes) {
    if (accepted_ + bytes + 2 * recorded_entry_bytes > bounds_.bytes) {
        end(RecordingEnd::full);
    } else if (buffered_ > bounds_.buffer || bytes > UINT32_MAX) {
        end(RecordingEnd::too_slow);
    }
    return !ended_;
}

void Recorder::put(std::uint8_t machine, std::uint8_t what, std::uint16_t mirror,
                   std::span<std::byte const> bytes, Fingerprint outputs) {
    auto const at = std::chrono::steady_clock::now() - began_;
    std::vector<std::byte>& into = batch();
    std::size_t const begin = into.size();
    ByteWriter to(into);
    to.u32(static_cast<std::uint32_t>(bytes.size()));
    to.u8(machine);
    to.u8(what);
    to.u16(mirror);
    to.u64(static_cast<std::uint64_t>(std::chrono::nanoseconds(at).count()));
    to.u64(outputs);
    to.u64(checksum({std::span(into).subspan(begin, recorded_checked_bytes), bytes}));
    to.bytes(bytes);
    accepted_ += recorded_entry_bytes + bytes.size();
    buffered_ += recorded_entry_bytes + bytes.size();
}

void Recorder::begin_part() {
    std::vector<std::byte> contents;
    ByteWriter to(contents);
    to.u64(life_);
    to.u32(part_);
    to.bytes(setup_);
    std::vector<std::byte> const sealed = seal(recording_seal, contents);
    std::vector<std::byte>& into = batch();
    ByteWriter whole(into);
    whole.u32(static_cast<std::uint32_t>(sealed.size()));
    whole.bytes(sealed);
    accepted_ = into.size();
    buffered_ += into.size();
    states_ = 0;
    known_.clear();
}

void Recorder::turn_when_due() {
    std::uint64_t const longer = std::min(share_of_states * states_, bounds_.bytes / 2);
    if (accepted_ < std::max(bounds_.part, longer)) return;
    put(recorded_end, static_cast<std::uint8_t>(RecordingEnd::goes_on), 0, {}, 0);
    ++part_;
    begin_part();
}

void Recorder::end(RecordingEnd why) {
    put(recorded_end, static_cast<std::uint8_t>(why), 0, {}, 0);
    ended_ = true;
    trouble_ = in_words(why);
}

bool Recorder::worth_writing() const { return buffered_ >= (bounds_.at_once ? 1 : batch_bytes); }

// ---- the thread that writes

void Recorder::work() {
    for (bool last = false; !last;) {
        {
            std::unique_lock lock(lock_);
            there_is_work_.wait_for(lock, longest_wait,
                                    [&] { return stopping_ || worth_writing(); });
            last = stopping_;
            writing_.swap(buffer_);
            buffered_ = 0;
        }
        bool const done =
            std::ranges::all_of(writing_, [this](Batch const& batch) { return write_out(batch); });
        std::string const why = fmt::format("cannot write {}: {}", path_, std::strerror(errno));
        writing_.clear();
        if (done) continue;
        bool went_on = false;
        {
            std::lock_guard const lock(lock_);
            went_on = !std::exchange(ended_, true);
            trouble_ = why;
            buffer_.clear();
        }
        if (went_on && told_) told_(why);
    }
    std::lock_guard const lock(lock_);
    finished_ = true;
    is_finished_.notify_all();
}

bool Recorder::write_out(Batch const& batch) {
    if (batch.part != writes_) {
        older_[path_] = written_;
        if (!open_part(batch.part)) return false;
    }
    make_room(batch.bytes.size());
    return write_all(batch.bytes);
}

bool Recorder::open_part(std::uint32_t part) {
    if (file_ >= 0) ::close(file_);
    path_ = recorded_path(folder_, {number_, part});
    file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    writes_ = part;
    written_ = 0;
    return file_ >= 0;
}

/// Gives up the oldest parts until so many bytes more are within the bounds.
void Recorder::make_room(std::uint64_t bytes) {
    std::uint64_t others = 0;
    for (auto const& [path, size] : older_) others += size;
    while (!older_.empty() && written_ + bytes + others > bounds_.bytes) {
        auto const oldest = std::ranges::min_element(
            older_, {}, [](auto const& part) { return recorded_place(part.first); });
        std::error_code ignored;
        fs::remove(oldest->first, ignored);
        others -= oldest->second;
        older_.erase(oldest);
    }
}

bool Recorder::write_all(std::span<std::byte const> bytes) {
    while (!bytes.empty()) {
        ssize_t const done = ::write(file_, bytes.data(), bytes.size());
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        written_ += static_cast<std::uint64_t>(done);
        bytes = bytes.subspan(static_cast<std::size_t>(done));
    }
    return true;
}

}  // namespace sunder::live
