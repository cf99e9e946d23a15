// SPDX-License-Identifier: BSD-3-Clause
//
// Finds nbdkit's plugin, and becomes nbdkit.
#include "tools/serve_command.h"

#include "nodes/live/control_server.h"
#include "tools/array_file.h"
#include "tools/narrations.h"
#include "tools/run_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <vector>

namespace sunder::tools {

namespace {

namespace fs = std::filesystem;

constexpr char const* plugin_file = "nbdkit-sunder-plugin.so";

/// Beside this program, as it was built or installed.
std::optional<std::string> find_plugin(std::vector<std::string>& tried) {
    std::error_code failure;
    fs::path const here = fs::read_symlink("/proc/self/exe", failure).parent_path();
    for (fs::path const& place :
         {here / "../emulator/nbdkit" / plugin_file, here / "../lib/sunder" / plugin_file}) {
        fs::path const normal = place.lexically_normal();
        if (fs::exists(normal, failure)) return normal.string();
        tried.push_back(normal.string());
    }
    return std::nullopt;
}

std::vector<std::string> command_for(ServeRequest const& request, ArrayFile const& file,
                                     std::string const& plugin) {
    std::vector<std::string> words{"nbdkit", "--foreground",
                                   fmt::format("--threads={}", file.threads)};
    if (!file.socket.empty()) {
        words.insert(words.end(), {"--unix", file.socket});
    } else {
        words.insert(words.end(), {"--ipaddr", file.address, "--port", std::to_string(file.port)});
    }
    if (!request.pidfile.empty()) words.insert(words.end(), {"--pidfile", request.pidfile});
    words.push_back(plugin);
    if (!file.profile.empty()) words.push_back("profile=" + file.profile);
    if (file.store) words.push_back("store=" + *file.store);
    words.push_back("control=" + file.control);
    if (file.background_rate) words.push_back("background-rate=" + *file.background_rate);
    for (std::string const& command : file.commands) words.push_back("command=" + command);
    return words;
}

std::string quoted(std::string const& word) {
    bool const plain = word.find_first_not_of(
                           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                           "_-./=:,") == std::string::npos;
    return plain ? word : fmt::format("'{}'", word);
}

}  // namespace

int serve(ServeRequest const& request) {
    auto file = read_array_file(request.path);
    if (!file) {
        print_diagnostics(file.error());
        return wrong_input;
    }
    if (!request.socket.empty()) file->socket = request.socket;
    std::vector<std::string> tried;
    auto const plugin = request.plugin.empty() ? find_plugin(tried) : std::optional(request.plugin);
    if (!plugin) {
        fmt::print(stderr, "serve: there is no {}; looked for", plugin_file);
        for (std::string const& place : tried) fmt::print(stderr, " {}", place);
        fmt::print(stderr, "\n  build it (ninja -C build/release), or say --plugin PATH\n");
        return wrong_input;
    }
    std::vector<std::string> const words = command_for(request, *file, *plugin);
    if (request.print) {
        std::string line;
        for (std::string const& word : words) line += (line.empty() ? "" : " ") + quoted(word);
        fmt::print("{}\n", line);
        return all_held;
    }
    // Of a process that was killed it is still there, and nbdkit would not take it.
    if (!file->socket.empty()) {
        if (auto const room = live::make_room_for_socket(file->socket); !room) {
            fmt::print(stderr, "serve: {}\n", room.error());
            return wrong_input;
        }
    }
    std::vector<char*> arguments;
    for (std::string const& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    ::execvp(arguments.front(), arguments.data());
    fmt::print(stderr, "serve: cannot run nbdkit: {}{}\n", std::strerror(errno),
               errno == ENOENT ? "; Debian has it in the package nbdkit" : "");
    return wrong_input;
}

}  // namespace sunder::tools
