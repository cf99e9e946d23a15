// SPDX-License-Identifier: BSD-3-Clause
//
// How problems are worded.
#include "emulator/media/problem.h"

#include "base/text.h"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace sunder::emulator::media {

std::string in_text(Problem const& problem) {
    return printable(fmt::format("{}: {}; {}", problem.where, problem.what, problem.cure));
}

std::string place_of(Folder const& folder, std::string_view file) {
    return file.empty() ? folder.where() : fmt::format("{}/{}", folder.where(), file);
}

Problem refused(Folder const& folder, std::string_view file, std::string_view what, int error) {
    std::string const reason =
        error == no_regular_file ? "it is no regular file" : std::generic_category().message(error);
    return {
        fmt::format("{}: {}", what, reason), place_of(folder, file),
        "see to the disk or the permissions, and try again; what was flushed is not lost by this"};
}

}  // namespace sunder::emulator::media
