// SPDX-License-Identifier: BSD-3-Clause
//
// Writing lives down, and reading them.
#include "nodes/live/recording.h"

#include "base/checksum.h"
#include "base/codec.h"
#include "base/sealed.h"
#include "base/verify.h"
#include "nodes/input_codec.h"
#include "nodes/live/setup_codec.h"
#include "replication/input_codec.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace sunder::live {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr Seal head_seal{"SunLife.", "the recording of a node's life", 1};
constexpr char const* extension = ".sunlife";
constexpr std::size_t entry_bytes = 32;
constexpr std::size_t checked_bytes = entry_bytes - sizeof(std::uint64_t);
constexpr std::uint8_t end_of_life = 0xff;
constexpr std::size_t batch = 256 * 1024;
constexpr auto longest_wait = 200ms;

std::vector<std::byte> head_of(NodeSetup const& setup, std::uint64_t life) {
    std::vector<std::byte> contents;
    ByteWriter to(contents);
    to.u64(life);
    to.bytes(encode_setup(setup));
    std::vector<std::byte> const sealed = seal(head_seal, contents);
    std::vector<std::byte> head;
    ByteWriter whole(head);
    whole.u32(static_cast<std::uint32_t>(sealed.size()));
    whole.bytes(sealed);
    return head;
}

/// The number that is the file's name.
std::uint64_t number_of(std::string const& path) {
    return std::strtoull(fs::path(path).stem().c_str(), nullptr, 10);
}

}  // namespace

std::string_view in_words(RecordingEnd end) {
    switch (end) {
        case RecordingEnd::torn:
            return "the process was killed, or the end is lost";
        case RecordingEnd::stopped:
            return "the node stopped";
        case RecordingEnd::full:
            return "there was no room for more of this life";
        case RecordingEnd::too_slow:
            return "the disk was too slow to record more";
    }
    return "";
}

std::vector<std::string> recordings_in(std::string const& folder) {
    std::vector<std::string> found;
    std::error_code ignored;
    for (fs::directory_entry const& entry : fs::directory_iterator(folder, ignored)) {
        if (entry.path().extension() == extension) found.push_back(entry.path().string());
    }
    std::ranges::sort(found, {}, number_of);
    return found;
}

// ---- writing

std::expected<std::unique_ptr<Recorder>, std::string> Recorder::open(std::string const& folder,
                                                                     Bounds bounds,
                                                                     NodeSetup const& setup,
                                                                     std::uint64_t life,
                                                                     Told told) {
    std::error_code failure;
    fs::create_directories(folder, failure);
    std::vector<std::string> const older = recordings_in(folder);
    std::uint64_t const number = older.empty() ? 1 : number_of(older.back()) + 1;
    std::string const path = fmt::format("{}/{:08}{}", folder, number, extension);
    int const file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) {
        return std::unexpected(fmt::format("cannot record in {}: {}", path, std::strerror(errno)));
    }
    std::unique_ptr<Recorder> made(new Recorder(path, file, bounds, std::move(told)));
    for (std::string const& one : older) {
        std::uint64_t const size = fs::file_size(one, failure);
        made->older_[one] = failure ? 0 : size;
    }
    made->buffer_ = head_of(setup, life);
    made->accepted_ = made->buffer_.size();
    made->worker_ = std::thread([recorder = made.get()] { recorder->work(); });
    return made;
}

Recorder::Recorder(std::string path, int file, Bounds bounds, Told told)
    : path_(std::move(path)),
      file_(file),
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
    finish({});
    worker_.join();
    ::close(file_);
}

void Recorder::append(RecordedMachine machine, std::span<std::byte const> input,
                      Fingerprint outputs) {
    bool worth = false;
    std::string over;
    {
        std::lock_guard const lock(lock_);
        if (ended_) return;
        std::uint64_t const bytes = entry_bytes + input.size();
        // There is always room left for the mark at the end.
        if (accepted_ + bytes + entry_bytes > bounds_.bytes) {
            end(RecordingEnd::full);
        } else if (buffer_.size() > bounds_.buffer || input.size() > UINT32_MAX) {
            end(RecordingEnd::too_slow);
        } else {
            put(machine, 0, input, outputs);
        }
        worth = ended_ || worth_writing();
        over = trouble_;
    }
    if (worth) there_is_work_.notify_one();
    if (!over.empty() && told_) told_(over);
}

void Recorder::append(nodes::Input const& input, nodes::Outbox& outputs) {
    thread_local std::vector<std::byte> bytes;
    bytes.clear();
    ByteWriter to(bytes);
    nodes::encode(input, to);
    append(RecordedMachine{RecordedMachine::Kind::node, 0}, bytes, nodes::fingerprint(outputs));
}

void Recorder::append(std::uint16_t mirror, replication::Input const& input,
                      replication::Outbox& outputs) {
    thread_local std::vector<std::byte> bytes;
    bytes.clear();
    ByteWriter to(bytes);
    replication::encode(input, to);
    append(RecordedMachine{RecordedMachine::Kind::mirror, mirror}, bytes,
           replication::fingerprint(outputs));
}

void Recorder::append(std::uint16_t mirror, nodes::hierarchy::Input const& input,
                      nodes::hierarchy::Outbox& outputs) {
    thread_local std::vector<std::byte> bytes;
    bytes.clear();
    ByteWriter to(bytes);
    nodes::hierarchy::encode(input, to);
    append(RecordedMachine{RecordedMachine::Kind::hierarchy, mirror}, bytes,
           nodes::hierarchy::fingerprint(outputs));
}

std::string Recorder::trouble() const {
    std::lock_guard const lock(lock_);
    return trouble_;
}

/// Requires the lock.
void Recorder::put(RecordedMachine machine, std::uint8_t end, std::span<std::byte const> input,
                   Fingerprint outputs) {
    auto const at = std::chrono::steady_clock::now() - began_;
    std::size_t const begin = buffer_.size();
    ByteWriter to(buffer_);
    to.u32(static_cast<std::uint32_t>(input.size()));
    to.u8(end == 0 ? static_cast<std::uint8_t>(machine.kind) : end_of_life);
    to.u8(end);
    to.u16(machine.mirror);
    to.u64(static_cast<std::uint64_t>(std::chrono::nanoseconds(at).count()));
    to.u64(outputs);
    to.u64(checksum({std::span(buffer_).subspan(begin, checked_bytes), input}));
    to.bytes(input);
    accepted_ += entry_bytes + input.size();
}

/// Requires the lock.
void Recorder::end(RecordingEnd why) {
    put({}, static_cast<std::uint8_t>(why), {}, 0);
    ended_ = true;
    trouble_ = in_words(why);
}

/// Requires the lock.
bool Recorder::worth_writing() const { return buffer_.size() >= (bounds_.at_once ? 1 : batch); }

void Recorder::work() {
    for (bool last = false; !last;) {
        {
            std::unique_lock lock(lock_);
            there_is_work_.wait_for(lock, longest_wait,
                                    [&] { return stopping_ || worth_writing(); });
            last = stopping_;
            writing_.swap(buffer_);
        }
        make_room(writing_.size());
        bool const done = write_all(writing_);
        writing_.clear();
        if (done) continue;
        std::string const why = fmt::format("cannot write {}: {}", path_, std::strerror(errno));
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

/// Gives up the oldest lives until so many bytes more are within the bounds.
void Recorder::make_room(std::uint64_t bytes) {
    std::uint64_t others = 0;
    for (auto const& [path, size] : older_) others += size;
    while (!older_.empty() && written_ + bytes + others > bounds_.bytes) {
        auto const oldest = std::ranges::min_element(
            older_, {}, [](auto const& life) { return number_of(life.first); });
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

// ---- reading

std::expected<Recording, std::string> Recording::open(std::string const& path) {
    Recording made;
    auto const refuse = [&](std::string const& why) {
        return std::unexpected(fmt::format("{}: {}", path, why));
    };
    std::error_code failure;
    made.left_ = fs::file_size(path, failure);
    if (failure) return refuse(failure.message());
    made.file_.open(path, std::ios::binary);
    auto const read = [&](std::uint64_t count) {
        std::vector<std::byte> bytes(count);
        made.file_.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(count));
        made.left_ -= count;
        return bytes;
    };
    std::uint32_t length = 0;
    if (made.left_ < sizeof length) return refuse("too short for a recording");
    std::memcpy(&length, read(sizeof length).data(), sizeof length);
    if (length > made.left_)
        return refuse(fmt::format("byte 0: a head of {} bytes, but {} follow: this is no recording",
                                  length, made.left_));
    std::vector<std::byte> const sealed = read(length);
    auto const contents = unseal(head_seal, sealed);
    if (!contents) return refuse(contents.error());
    ByteReader from(*contents);
    made.life_ = from.u64();
    auto setup = decode_setup(from.rest());
    if (!setup) return refuse(setup.error());
    made.setup_ = std::move(*setup);
    return made;
}

std::optional<Recording::Entry> Recording::next() {
    // Until it is known that there is another one, this is the end.
    if (std::exchange(ended_, true) || left_ < entry_bytes) return std::nullopt;
    std::array<std::byte, entry_bytes> head;
    file_.read(reinterpret_cast<char*>(head.data()), entry_bytes);
    ByteReader from(head);
    std::uint32_t const length = from.u32();
    std::uint8_t const kind = from.u8();
    std::uint8_t const end = from.u8();
    Entry entry;
    entry.machine.mirror = from.u16();
    entry.at = nanoseconds(static_cast<std::int64_t>(from.u64()));
    entry.outputs = from.u64();
    std::uint64_t const sum = from.u64();
    if (!file_ || length > left_ - entry_bytes) return std::nullopt;
    entry.input.resize(length);
    file_.read(reinterpret_cast<char*>(entry.input.data()), length);
    bool const whole =
        file_ && sum == checksum({std::span(head).first(checked_bytes), entry.input});
    // After a power cut the tail may have its length, and no content.
    damaged_ =
        !whole && file_ && std::ranges::any_of(head, [](std::byte b) { return b != std::byte{}; });
    if (!whole) return std::nullopt;
    if (kind == end_of_life) {
        left_ -= entry_bytes + length;
        end_ = RecordingEnd{end};
        if (live::in_words(end_).empty()) end_ = RecordingEnd::torn;
        return std::nullopt;
    }
    entry.machine.kind = RecordedMachine::Kind{kind};
    left_ -= entry_bytes + length;
    ended_ = false;
    return entry;
}

}  // namespace sunder::live
