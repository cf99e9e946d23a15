// SPDX-License-Identifier: BSD-3-Clause
//
// Reading lives.
#include "nodes/live/recording.h"

#include "base/checksum.h"
#include "base/codec.h"
#include "nodes/live/recording_format.h"
#include "nodes/live/setup_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

namespace sunder::live {

namespace {

namespace fs = std::filesystem;

constexpr char const* extension = ".sunlife";

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
        case RecordingEnd::goes_on:
            return "it goes on in another part";
    }
    return "";
}

// ---- names

RecordedPlace recorded_place(std::string const& path) {
    std::string const name = fs::path(path).stem().string();
    RecordedPlace place;
    char* rest = nullptr;
    place.life = std::strtoull(name.c_str(), &rest, 10);
    if (*rest == '-') place.part = std::strtoull(rest + 1, nullptr, 10);
    return place;
}

std::string recorded_path(std::string const& folder, RecordedPlace place) {
    return fmt::format("{}/{:08}-{:06}{}", folder, place.life, place.part, extension);
}

std::vector<std::string> recorded_parts(std::string const& folder) {
    std::vector<std::string> found;
    std::error_code ignored;
    for (fs::directory_entry const& entry : fs::directory_iterator(folder, ignored)) {
        if (entry.path().extension() == extension) found.push_back(entry.path().string());
    }
    std::ranges::sort(found, {}, recorded_place);
    return found;
}

std::vector<RecordedLife> lives_in(std::string const& folder) {
    std::vector<RecordedLife> lives;
    std::optional<RecordedPlace> last;
    for (std::string const& path : recorded_parts(folder)) {
        RecordedPlace const place = recorded_place(path);
        bool const goes_on = last && place == RecordedPlace{last->life, last->part + 1};
        if (!goes_on) lives.emplace_back();
        lives.back().parts.push_back(path);
        last = place;
    }
    return lives;
}

// ---- reading

std::expected<Recording, std::string> Recording::open(std::string const& path) {
    return open(RecordedLife{{path}});
}

std::expected<Recording, std::string> Recording::open(RecordedLife const& life) {
    Recording made;
    made.parts_ = life.parts;
    if (auto opened = made.open_next(); !opened) return std::unexpected(opened.error());
    return made;
}

std::vector<std::byte> Recording::read(std::uint64_t count) {
    std::vector<std::byte> bytes(count);
    file_.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(count));
    left_ -= count;
    return bytes;
}

/// Requires that there is one. Of those behind the first it has to be the next one.
std::expected<void, std::string> Recording::open_next() {
    bool const first = next_ == 0;
    std::string const& path = parts_[next_++];
    auto const refuse = [&](std::string const& why) {
        return std::unexpected(fmt::format("{}: {}", path, why));
    };
    auto const end_before = [&] {
        left_ = 0;
        return std::expected<void, std::string>();
    };
    std::error_code failure;
    left_ = fs::file_size(path, failure);
    if (failure) return refuse(failure.message());
    file_ = std::ifstream(path, std::ios::binary);
    std::uint32_t length = 0;
    // The process was killed as it began this part: it says nothing, and the life ends before it.
    bool const begun = !first && next_ == parts_.size();
    if (begun && left_ < sizeof length) return end_before();
    if (left_ == 0) return refuse("empty: its process ended before it had written any of it");
    if (left_ < sizeof length) return refuse("too short for a recording");
    std::memcpy(&length, read(sizeof length).data(), sizeof length);
    if (begun && length > left_) return end_before();
    if (length > left_)
        return refuse(fmt::format("byte 0: a head of {} bytes, but {} follow: this is no recording",
                                  length, left_));
    std::vector<std::byte> const sealed = read(length);
    auto const contents = unseal(recording_seal, sealed);
    if (!contents) return refuse(contents.error());
    ByteReader from(*contents);
    std::uint64_t const life = from.u64();
    std::uint32_t const part = from.u32();
    auto setup = decode_setup(from.rest());
    if (!setup) return refuse(setup.error());
    if (!first && (life != life_ || part != part_ + 1)) {
        return refuse(fmt::format("part {} of life {}, where part {} of life {} would be right",
                                  part, life, part_ + 1, life_));
    }
    if (first) setup_ = std::move(*setup);
    life_ = life;
    part_ = part;
    return {};
}

std::optional<Recording::Entry> Recording::next() {
    if (ended_) return std::nullopt;
    for (;;) {
        if (auto entry = next_here()) return entry;
        if (end_ != RecordingEnd::goes_on || left_ != 0 || next_ == parts_.size()) break;
        end_ = RecordingEnd::torn;
        if (auto opened = open_next(); !opened) {
            objection_ = opened.error();
            break;
        }
    }
    ended_ = true;
    return std::nullopt;
}

std::optional<Recording::Entry> Recording::next_here() {
    if (left_ < recorded_entry_bytes) return std::nullopt;
    std::array<std::byte, recorded_entry_bytes> head;
    file_.read(reinterpret_cast<char*>(head.data()), recorded_entry_bytes);
    ByteReader from(head);
    std::uint32_t const length = from.u32();
    std::uint8_t const kind = from.u8();
    std::uint8_t const what = from.u8();
    Entry entry;
    entry.machine.mirror = from.u16();
    entry.at = nanoseconds(static_cast<std::int64_t>(from.u64()));
    entry.outputs = from.u64();
    std::uint64_t const sum = from.u64();
    if (!file_ || length > left_ - recorded_entry_bytes) return std::nullopt;
    entry.bytes.resize(length);
    file_.read(reinterpret_cast<char*>(entry.bytes.data()), length);
    bool const whole =
        file_ && sum == checksum({std::span(head).first(recorded_checked_bytes), entry.bytes});
    // After a power cut the tail may have its length, and no content.
    damaged_ =
        !whole && file_ && std::ranges::any_of(head, [](std::byte b) { return b != std::byte{}; });
    if (!whole) return std::nullopt;
    left_ -= recorded_entry_bytes + length;
    if (kind == recorded_end) {
        end_ = RecordingEnd{what};
        if (live::in_words(end_).empty()) end_ = RecordingEnd::torn;
        return std::nullopt;
    }
    entry.machine.kind = RecordedMachine::Kind{kind};
    entry.is_state = Recorded{what} == Recorded::state;
    return entry;
}

}  // namespace sunder::live
