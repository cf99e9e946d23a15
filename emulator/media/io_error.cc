// SPDX-License-Identifier: BSD-3-Clause
//
// An errno and words for each rule by which an array refuses a request.
#include "emulator/media/io_error.h"

#include "base/verify.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace sunder::emulator::media {

namespace {

struct Meaning {
    int number;
    std::string_view words;
};

Meaning meaning_of(IoRule rule, bool write) {
    switch (rule) {
        case IoRule::no_such_volume:
            return {ESHUTDOWN, "it was deleted"};
        case IoRule::not_accessible:
            return {ESHUTDOWN,
                    "it cannot be accessed: a container, or a mirrorclone that is not "
                    "fractured (arrays A7, A8)"};
        case IoRule::out_of_range:
            return {write ? ENOSPC : EINVAL, "that is beyond its end"};
        case IoRule::read_only:
            return {EROFS, "it is write-protected"};
        case IoRule::snapshot_invalid:
            return {EIO,
                    "the snapshot could not grow and is invalid; it can only be deleted "
                    "(arrays A10)"};
        case IoRule::medium_error:
            return {EIO, "the disk group that has the data, or has to take it, failed"};
        case IoRule::copies_full:
            return {ENOSPC,
                    "its snapshots would have to grow, and the disk group is full "
                    "(arrays A10)"};
        case IoRule::group_full:
            return {ENOSPC, "the disk group is full"};
    }
    VERIFY(false);
}

}  // namespace

IoError refused(IoRule rule, bool write, std::string_view volume) {
    Meaning const meaning = meaning_of(rule, write);
    return {meaning.number, fmt::format("{}: {} [{}]", volume.empty() ? "the volume" : volume,
                                        meaning.words, name_of(rule))};
}

IoError failed_medium(int number, std::string_view what) {
    return {number == ENOSPC ? ENOSPC : EIO,
            fmt::format("the array's own medium failed to {}: {}", what, std::strerror(number))};
}

}  // namespace sunder::emulator::media
