// SPDX-License-Identifier: BSD-3-Clause
//
// Looks at the file system, and at nothing that runs.
#include "tools/served_places.h"

#include "base/text.h"
#include "nodes/live/sockets.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>

namespace sunder::tools {

namespace fs = std::filesystem;
using language::Code;
using language::Node;
using live::Endpoint;

namespace {

std::string absolute(std::string const& path) {
    std::error_code failure;
    fs::path const whole = fs::absolute(path, failure);
    return failure ? path : whole.lexically_normal().string();
}

std::string key_of(Endpoint const& at, Places::Kind kind) {
    if (!at.socket.empty()) return "unix:" + absolute(at.socket);
    return (kind == Places::Kind::stream ? "tcp:" : "udp:") + to_text(at);
}

/// Why no socket can be made there; empty: one can.
std::string in_the_way(std::string const& socket) {
    struct stat found{};
    if (::lstat(socket.c_str(), &found) == 0) {
        return S_ISSOCK(found.st_mode) ? "" : "there is a file that is no socket";
    }
    if (errno == ENOTDIR || errno == ENOENT) {
        fs::path const folder = fs::path(absolute(socket)).parent_path();
        std::error_code failure;
        if (!fs::is_directory(folder, failure)) {
            return fmt::format("there is no folder {}", folder.string());
        }
        return "";
    }
    return std::strerror(errno);
}

bool is_program(std::string const& path) {
    struct stat found{};
    return ::stat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode) &&
           ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

/// Of an address the part that can be wrong.
language::Span Places::span_of(Node const* node) const {
    if (node == nullptr) return language::mark_of(whole_);
    for (char const* const key : {"socket", "address"}) {
        if (Node const* const part = node->find(key)) return language::mark_of(*part);
    }
    return language::mark_of(*node);
}

void Places::reached(Node const* node, Endpoint const& at, Kind kind, std::string const& what) {
    if (at == Endpoint{}) return;  // what is missing was reported
    if (auto const good = live::check_address(at); !good) {
        report_.error(Code::bad_link, span_of(node), fmt::format("{}: {}", what, good.error()));
        return;
    }
    auto const [there, first] = taken_.try_emplace(key_of(at, kind), what);
    if (first) return;
    report_.error(Code::bad_link, span_of(node),
                  fmt::format("{} and {} are both at {}", there->second, what, to_text(at)),
                  {"each has an address of its own", {}});
}

void Places::heard(Node const* node, Endpoint const& at, Kind kind, std::string const& what) {
    std::size_t const before = report_.count();
    reached(node, at, kind, what);
    if (report_.count() != before || at.socket.empty()) return;
    if (std::string const why = in_the_way(at.socket); !why.empty()) {
        report_.error(Code::bad_link, span_of(node),
                      fmt::format("{}: {}: {}", what, at.socket, why),
                      {"name a path in a folder that is there, where nothing is yet", {}});
    }
}

void Places::kept(Node const* node, std::string const& folder, std::string const& what) {
    if (folder.empty()) return;
    auto const wrong = [&](std::string const& why, std::string hint) {
        report_.error(Code::unreadable_file, span_of(node),
                      fmt::format("{}: {}: {}", what, folder, why), {std::move(hint), {}});
    };
    auto const [there, first] = folders_.try_emplace(absolute(folder), what);
    if (!first) {
        return wrong("that is " + there->second + " already", "each has a folder of its own");
    }
    // What is not there is made in the nearest folder above it that is.
    fs::path at = absolute(folder);
    struct stat found{};
    while (::stat(at.c_str(), &found) != 0) {
        if ((errno != ENOENT && errno != ENOTDIR) || at == at.parent_path()) {
            return wrong(std::strerror(errno), "name a folder that can be used");
        }
        at = at.parent_path();
    }
    bool const itself = at == fs::path(absolute(folder));
    if (!S_ISDIR(found.st_mode)) {
        return wrong(itself ? "it is a file" : at.string() + " is a file",
                     "name a folder; one that is missing is made");
    }
    if (::access(at.c_str(), R_OK | W_OK | X_OK) != 0) {
        wrong(fmt::format("{}: {}", at.string(), std::strerror(errno)),
              "name a folder in which this user may make files");
    }
}

void Places::run(Node const& node, std::string const& program) const {
    if (program.find('/') != std::string::npos) {
        if (is_program(program)) return;
    } else {
        char const* const path = std::getenv("PATH");
        std::istringstream folders(path == nullptr ? "/bin:/usr/bin" : path);
        for (std::string folder; std::getline(folders, folder, ':');) {
            if (is_program((folder.empty() ? "." : folder) + "/" + program)) return;
        }
    }
    report_.error(
        Code::unreadable_file, language::mark_of(node),
        fmt::format("there is no program '{}'", program),
        {"a file that can be executed: by its path, or by its name where PATH leads", {}});
}

}  // namespace sunder::tools
