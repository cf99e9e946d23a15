// SPDX-License-Identifier: BSD-3-Clause
//
// Which of a group's volumes a range lies in, and what each of its parts asks of the array.
#include "nodes/live/disk.h"

#include "base/pattern.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

namespace sunder::live {

namespace {

constexpr std::uint64_t worth_looking = 64 * 1024 / sector_bytes;

bool is_zero(std::span<std::byte const> bytes) {
    return bytes.front() == std::byte{} &&
           std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

CopyDisk::Done done_of(emulator::media::IoResult const& result) {
    if (result) return {};
    return std::unexpected(result.error().words);
}

}  // namespace

/// Calls `each(volume, byte offset in it, bytes, bytes since the range began)` until one fails.
template <class Each>
CopyDisk::IoResult CopyDisk::for_each_part(Extent range, Each&& each) const {
    std::uint64_t begins = 0;
    for (Part const& part : parts_) {
        std::uint64_t const from = std::max(begins, range.first);
        std::uint64_t const to = std::min(begins + part.sectors, range.end());
        if (from < to) {
            IoResult one = each(part.volume, (from - begins) * sector_bytes,
                                (to - from) * sector_bytes, (from - range.first) * sector_bytes);
            if (!one) return one;
        }
        begins += part.sectors;
    }
    if (range.end() <= begins) return {};
    return std::unexpected(emulator::media::IoError{EINVAL, "it lies beyond the end of the copy"});
}

CopyDisk::IoResult CopyDisk::answer_of_plain(bool ok) const {
    if (ok) return {};
    return std::unexpected(
        emulator::media::IoError{EIO, plain_->why_away().value_or("the NBD server refused it")});
}

CopyDisk::IoResult CopyDisk::read_into(Extent range, std::span<std::byte> into) {
    if (plain_ != nullptr) return answer_of_plain(plain_->read(range.first * sector_bytes, into));
    return for_each_part(range, [&](auto volume, auto offset, auto bytes, auto done) {
        return array_->read(volume, offset, into.subspan(done, bytes));
    });
}

CopyDisk::IoResult CopyDisk::write_bytes(Extent range, std::span<std::byte const> all) {
    if (plain_ != nullptr) return answer_of_plain(plain_->write(range.first * sector_bytes, all));
    return for_each_part(range, [&](auto volume, auto offset, auto bytes, auto done) {
        return array_->write(volume, offset, all.subspan(done, bytes), false);
    });
}

CopyDisk::IoResult CopyDisk::write_zeroes(Extent range) {
    if (plain_ != nullptr) {
        return answer_of_plain(
            plain_->zero(range.first * sector_bytes, range.count * sector_bytes));
    }
    return for_each_part(range, [&](auto volume, auto offset, auto bytes, auto) {
        return array_->zero(volume, offset, bytes, false, false);
    });
}

std::expected<Payload, std::string> CopyDisk::read(Extent range) {
    std::shared_ptr<std::byte> room = Payload::room(range.count);
    auto const filled = read_into(range, {room.get(), range.count * sector_bytes});
    if (!filled) return std::unexpected(filled.error().words);
    // Nothing is sent, and nothing stored, of what nobody has written.
    bool const worth = !carries_zeroes_ && range.count >= worth_looking;
    if (worth && is_zero({room.get(), range.count * sector_bytes})) {
        return Payload::zero(range.count);
    }
    return Payload::bytes(std::move(room), range.count);
}

CopyDisk::Done CopyDisk::write(Extent range, Payload const& content) {
    bool const beside_image = image_ != nullptr && image_->kept();
    if (beside_image) image_->make_way(range);
    IoResult written = put(range, content);
    bool const full = !written && written.error().number == ENOSPC;
    if (full && beside_image) {
        image_->give_way();
        written = put(range, content);
    }
    return done_of(written);
}

CopyDisk::IoResult CopyDisk::put(Extent range, Payload const& content) {
    if (content.is_bytes()) return write_bytes(range, content.as_bytes());
    std::uint64_t at = range.first;
    IoResult ok;
    content.for_each([&](Piece const& piece) {
        Extent const here{at, piece.sectors};
        at += piece.sectors;
        if (!ok) return;
        ok = piece.id == 0 ? write_zeroes(here) : put(here, bytes_of(piece));
    });
    return ok;
}

CopyDisk::Done CopyDisk::flush() {
    if (plain_ != nullptr) return done_of(answer_of_plain(plain_->flush()));
    for (Part const& part : parts_) {
        if (Done flushed = done_of(array_->flush(part.volume)); !flushed) return flushed;
    }
    return {};
}

}  // namespace sunder::live
