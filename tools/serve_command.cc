// SPDX-License-Identifier: BSD-3-Clause
//
// Tells what kind of file it is, finds nbdkit's plugin, and becomes nbdkit.
#include "tools/serve_command.h"

#include "nodes/live/control_client.h"
#include "nodes/live/resource_programs.h"
#include "nodes/live/setup_codec.h"
#include "nodes/live/socket_file.h"
#include "scenarios/language/document.h"
#include "tools/array_file.h"
#include "tools/narrations.h"
#include "tools/node_file.h"
#include "tools/plugin_place.h"
#include "tools/run_command.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <expected>
#include <fstream>
#include <sstream>
#include <vector>

namespace sunder::tools {

namespace {

/// What is to be served, as far as nbdkit's command is concerned.
struct Served {
    std::string socket;
    std::string address;
    std::uint16_t port = 0;
    unsigned threads = 16;
    std::vector<std::string> parameters;  ///< of the plugin
    std::string setup{};                  ///< a node's, as a file that this process has
};

std::vector<std::string> command_for(ServeRequest const& request, Served const& what,
                                     std::string const& plugin) {
    std::vector<std::string> words{"nbdkit", "--foreground",
                                   fmt::format("--threads={}", what.threads)};
    if (!what.socket.empty()) {
        words.insert(words.end(), {"--unix", what.socket});
    } else {
        words.insert(words.end(), {"--ipaddr", what.address, "--port", std::to_string(what.port)});
    }
    if (!request.pidfile.empty()) words.insert(words.end(), {"--pidfile", request.pidfile});
    words.push_back(plugin);
    words.insert(words.end(), what.parameters.begin(), what.parameters.end());
    return words;
}

using Read = std::expected<Served, std::vector<language::Diagnostic>>;

Read read_array(std::string const& path) {
    auto file = read_array_file(path);
    if (!file) return std::unexpected(std::move(file.error()));
    Served served{file->socket, file->address, file->port, file->threads, {}};
    if (!file->profile.empty()) served.parameters.push_back("profile=" + file->profile);
    if (file->store) served.parameters.push_back("store=" + *file->store);
    served.parameters.push_back("control=" + file->control);
    if (file->licensed) {
        served.parameters.push_back(fmt::format("licence={}", *file->licensed ? "yes" : "no"));
    }
    if (file->as_it_is) served.parameters.push_back("as-it-is=yes");
    for (auto const& [name, value] : file->switches) {
        served.parameters.push_back(fmt::format("switch={}={}", name, value));
    }
    if (file->background_rate) {
        served.parameters.push_back("background-rate=" + *file->background_rate);
    }
    for (std::string const& command : file->commands) {
        served.parameters.push_back("command=" + command);
    }
    return served;
}

/// The setup goes along in a file that has no name, and is gone with the process.
Read read_node(std::string const& path, PlainServers servers) {
    auto file = read_node_file(path, servers);
    if (!file) return std::unexpected(std::move(file.error()));
    std::vector<std::byte> const bytes = live::encode_setup(file->setup);
    int const setup = ::memfd_create("sunder-node", 0);
    std::size_t done = 0;
    while (setup >= 0 && done < bytes.size()) {
        ssize_t const written = ::write(setup, &bytes[done], bytes.size() - done);
        if (written <= 0) break;
        done += static_cast<std::size_t>(written);
    }
    Served served{file->socket, file->address, file->port, file->threads, {}};
    served.setup = fmt::format("/proc/self/fd/{}", setup);
    served.parameters.push_back("node=" + served.setup);
    if (!file->store.empty()) served.parameters.push_back("store=" + file->store);
    served.parameters.push_back("control=" + file->control);
    if (file->http) served.parameters.push_back("http=" + live::to_text(*file->http));
    return served;
}

/// By the key that only one kind of file has.
bool describes_node(std::string const& path) {
    std::vector<language::Diagnostic> ignored;
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream content;
    content << stream.rdbuf();
    language::Document const document = language::read_document(path, content.str(), ignored);
    return document.root.find("node") != nullptr;
}

/// Hosts that cannot be accepted hang, and nbdkit says so without end.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// What a node that was killed, or had to end at once, left behind.
int clean_up(std::string const& path) {
    auto const file = read_node_file(path);
    if (!file) {
        print_diagnostics(file.error());
        return wrong_input;
    }
    auto const said = live::look_up(file->control, "/status", std::chrono::seconds(5));
    if (said.has_value() || said.error() == live::too_late) {
        fmt::print(stderr,
                   "serve: the node of {} runs, and what stands on its mirrors is its own: stop it "
                   "first, or say 'sunder ctl --control {} take-out MIRROR'\n",
                   path, file->control);
        return wrong_input;
    }
    bool const all = live::stop_what_stands(
        file->setup, [](std::string const& words) { fmt::print(stderr, "serve: {}\n", words); });
    return all ? all_held : violated;
}

std::string quoted(std::string const& word) {
    bool const plain = word.find_first_not_of(
                           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                           "_-./=:,") == std::string::npos;
    if (plain && !word.empty()) return word;
    std::string inside;
    // An apostrophe ends the quotes, stands by itself, and begins them again.
    for (char const c : word) inside += c == '\'' ? std::string(R"('\'')") : std::string(1, c);
    return fmt::format("'{}'", inside);
}

}  // namespace

int serve(ServeRequest const& request) {
    if (request.clean_up) return clean_up(request.path);
    PlainServers const servers = request.print ? PlainServers::left_alone : PlainServers::asked;
    Read file =
        describes_node(request.path) ? read_node(request.path, servers) : read_array(request.path);
    if (!file) {
        print_diagnostics(file.error());
        return wrong_input;
    }
    if (!request.socket.empty()) file->socket = request.socket;
    auto const plugin = request.plugin.empty()
                            ? find_plugin()
                            : std::expected<std::string, std::string>(request.plugin);
    if (!plugin) {
        fmt::print(stderr, "serve: {}\n", plugin.error());
        return wrong_input;
    }
    std::vector<std::string> const words = command_for(request, *file, *plugin);
    if (request.print) {
        std::string line;
        for (std::string const& word : words) line += (line.empty() ? "" : " ") + quoted(word);
        if (!file->setup.empty()) {
            fmt::print(
                "# {} is the node's setup, which only `sunder serve` hands to nbdkit: this "
                "shows what it runs, and cannot be run by itself\n",
                file->setup);
        }
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
    raise_descriptor_limit();
    std::vector<char*> arguments;
    for (std::string const& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    ::execvp(arguments.front(), arguments.data());
    fmt::print(stderr, "serve: cannot run nbdkit: {}{}\n", std::strerror(errno),
               errno == ENOENT ? "; Debian has it in the package nbdkit" : "");
    return wrong_input;
}

}  // namespace sunder::tools
