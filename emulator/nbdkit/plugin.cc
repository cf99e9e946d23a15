// SPDX-License-Identifier: BSD-3-Clause
//
// The nbdkit plugin: volumes of an array, or of the mirrors of a node, as exports of NBD. Each
// callback translates and nothing else; which volume is shown to whom, and what a request does, is
// decided by who hosts them. nbdkit calls from as many threads as it has.
#define NBDKIT_API_VERSION 2
#include "emulator/nbdkit/hangups.h"
#include "emulator/nbdkit/hosts.h"
#include "nodes/live/array_hosted.h"
#include "nodes/live/log.h"
#include "nodes/live/node_hosted.h"
#include "nodes/live/setup_codec.h"
#include "nodes/live/sockets.h"

#include <fmt/format.h>
#include <nbdkit-plugin.h>
#include <sys/socket.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>

namespace {

using namespace sunder;
using live::IoResult;

live::ArrayOptions options;
std::string node_file;  // of a node's setup; empty: an array is served
std::optional<live::Endpoint> http;
std::unique_ptr<live::Hosted> hosted;
IoResult stopped;  // what came of its end
Hosts hosts;

struct Handle {
    std::unique_ptr<live::OpenVolume> volume;
};
live::OpenVolume& at(void* handle) { return *static_cast<Handle*>(handle)->volume; }

constexpr char const* unminded_hangups =
    "this nbdkit cannot be told how to meet a host that hangs up (its calls of send, read and "
    "__assert_fail go through no table that can be changed): up to 1.34 one that does so while it "
    "is answered may end this process";

/// No exception may reach nbdkit, which is C.
template <class Body>
auto guarded(Body&& body, decltype(body()) otherwise) noexcept {
    try {
        return body();
    } catch (std::exception const& failure) {
        nbdkit_error("%s", failure.what());
        nbdkit_set_error(ENOMEM);
        return otherwise;
    }
}

int tell(IoResult const& result) {
    if (result) return 0;
    nbdkit_error("%s", result.error().words.c_str());
    nbdkit_set_error(result.error().number);
    return -1;
}

int set(std::string_view key, char const* value) {
    if (key == "store" || key == "control" || key == "node") {
        // nbdkit changes to the root folder when it goes to the background.
        char* const whole = nbdkit_absolute_path(value);
        if (whole == nullptr) return -1;
        (key == "store"  ? options.store.emplace()
         : key == "node" ? node_file
                         : options.control) = whole;
        std::free(whole);
        return 0;
    }
    if (key == "http") {
        auto const at = live::parse_endpoint(value);
        if (at) http = *at;
        if (!at) nbdkit_error("http: %s", at.error().c_str());
        return at ? 0 : -1;
    }
    if (key == "profile") {
        options.profile = value;
        return 0;
    }
    if (key == "command") {
        options.begin.push_back(live::split(value, ' '));
        return 0;
    }
    if (key == "background-rate") {
        auto const rate = parse_byte_count(value);
        if (rate) options.background_rate = rate->bytes;
        if (!rate) nbdkit_error("background-rate: %s", rate.error().c_str());
        bool const none = rate && rate->bytes == 0;
        if (none) nbdkit_error("background-rate: above zero; without it: as fast as it goes");
        return rate && !none ? 0 : -1;
    }
    if (key == "licence") {
        int const yes = nbdkit_parse_bool(value);
        if (yes != -1) options.licensed = yes == 1;
        return yes == -1 ? -1 : 0;
    }
    if (key == "as-it-is") {
        int const yes = nbdkit_parse_bool(value);
        if (yes != -1) options.as_it_is = yes == 1;
        return yes == -1 ? -1 : 0;
    }
    if (key == "switch") {
        std::string_view const text = value;
        auto const at = text.find('=');
        if (at == text.npos) {
            nbdkit_error("switch: expected NAME=VALUE, found '%s'", value);
            return -1;
        }
        options.switches.push_back(
            {std::string(text.substr(0, at)), std::string(text.substr(at + 1))});
        return 0;
    }
    if (key == "fault-seed") {
        std::string_view const text = value;
        auto const [end, failure] = std::from_chars(text.begin(), text.end(), options.fault_seed);
        if (failure == std::errc() && end == text.end()) return 0;
        nbdkit_error("fault-seed: expected a whole number, found '%s'", value);
        return -1;
    }
    nbdkit_error(
        "there is no parameter '%s'; known: store, node, profile, licence, switch, control, "
        "http, command, as-it-is, background-rate, fault-seed",
        std::string(key).c_str());
    return -1;
}

int config(char const* key, char const* value) {
    return guarded([&] { return set(key, value); }, -1);
}

std::expected<std::unique_ptr<live::Hosted>, std::string> open_hosted() {
    if (node_file.empty()) {
        if (http) return std::unexpected("http: of a node only, which node= names");
        auto service = live::ArrayService::open(options);
        if (!service) return std::unexpected(service.error());
        return live::host_array(std::move(*service));
    }
    std::ifstream stream(node_file, std::ios::binary);
    std::string const text{std::istreambuf_iterator<char>(stream), {}};
    if (!stream.is_open()) return std::unexpected(node_file + ": " + std::strerror(errno));
    auto setup = live::decode_setup(std::as_bytes(std::span(text)));
    if (!setup) return std::unexpected(node_file + ": " + setup.error());
    auto service =
        live::NodeService::open({.setup = std::move(*setup), .array = options, .http = http});
    if (!service) return std::unexpected(service.error());
    (*service)->left_service = [](std::size_t mirror) { hosts.let_go(mirror); };
    return live::host_node(std::move(*service));
}

int get_ready() {
    return guarded(
        [] {
            auto made = open_hosted();
            if (!made) {
                nbdkit_error("%s", made.error().c_str());
                return -1;
            }
            hosted = std::move(*made);
            hosts.remember_others();
            // Once in each process, and not only to who debugs it: it serves nevertheless.
            if (!nbdkit::mind_hangups()) live::log(live::Level::warning, unminded_hangups);
            return 0;
        },
        -1);
}

int after_fork() {
    return guarded(
        [] {
            hosted->start();
            hosts.begin([] { stopped = hosted->stop(); });
            return 0;
        },
        -1);
}

void cleanup() {
    guarded(
        [] {
            hosts.end();
            bool const kept = tell(stopped) == 0;
            hosted.reset();
            // nbdkit would end with 0 whatever is said.
            if (!kept) std::_Exit(EXIT_FAILURE);
            return 0;
        },
        -1);
}

int list_exports(int, int, nbdkit_exports* exports) {
    return guarded(
        [&] {
            for (live::Hosted::Listed const& one : hosted->list()) {
                if (nbdkit_add_export(exports, one.name.c_str(), one.description.c_str()) != 0) {
                    return -1;
                }
            }
            return 0;
        },
        -1);
}

char const* default_export(int, int) {
    return guarded(
        []() -> char const* {
            auto const only = hosted->default_name();
            // Interned strings live as long as the connection.
            return only ? nbdkit_strdup_intern(only->c_str()) : nullptr;
        },
        nullptr);
}

std::string peer_address() {
    sockaddr_storage storage{};
    socklen_t bytes = sizeof storage;
    if (nbdkit_peer_name(reinterpret_cast<sockaddr*>(&storage), &bytes) != 0) return "";
    return {reinterpret_cast<char const*>(&storage), bytes};
}

int preconnect(int) {
    return guarded([] { return hosts.lets_in() ? 0 : -1; }, -1);
}

void* open(int readonly) {
    return guarded(
        [&]() -> void* {
            if (std::string const why = hosts.objection(); !why.empty()) {
                nbdkit_error("%s", why.c_str());
                nbdkit_set_error(ESHUTDOWN);
                return nullptr;
            }
            auto found = hosted->open(nbdkit_export_name(), readonly != 0);
            if (!found) {
                nbdkit_error("%s", found.error().c_str());
                nbdkit_set_error(ESHUTDOWN);
                return nullptr;
            }
            auto handle = std::make_unique<Handle>(std::move(*found));
            hosts.opened(handle.get(), handle->volume->mirror(), peer_address());
            return handle.release();
        },
        nullptr);
}

void close(void* handle) {
    std::unique_ptr<Handle> const ended(static_cast<Handle*>(handle));
    hosts.closed(ended.get());
}

std::int64_t get_size(void* handle) { return static_cast<std::int64_t>(at(handle).bytes()); }
char const* export_description(void* handle) { return at(handle).description().c_str(); }
int can_write(void* handle) { return at(handle).writable() ? 1 : 0; }
int yes(void*) { return 1; }
int no(void*) { return 0; }
int can_fua(void*) { return NBDKIT_FUA_NATIVE; }
// What is read is kept by whoever keeps what the store read; nbdkit reads and forgets.
int can_cache(void*) { return NBDKIT_CACHE_EMULATE; }

int block_size(void*, std::uint32_t* minimum, std::uint32_t* preferred, std::uint32_t* maximum) {
    *minimum = sector_bytes;
    *preferred = emulator::sub_chunk_sectors * sector_bytes;
    *maximum = std::uint32_t{1} << 25;
    return 0;
}

bool durable(std::uint32_t flags) { return (flags & NBDKIT_FLAG_FUA) != 0; }

int pread(void* handle, void* into, std::uint32_t count, std::uint64_t offset, std::uint32_t) {
    return guarded(
        [&] { return tell(at(handle).read(offset, {static_cast<std::byte*>(into), count})); }, -1);
}

int pwrite(void* handle, void const* from, std::uint32_t count, std::uint64_t offset,
           std::uint32_t flags) {
    return guarded(
        [&] {
            return tell(at(handle).write(offset, {static_cast<std::byte const*>(from), count},
                                         durable(flags)));
        },
        -1);
}

int flush(void* handle, std::uint32_t) {
    return guarded([&] { return tell(at(handle).flush()); }, -1);
}

int trim(void* handle, std::uint32_t count, std::uint64_t offset, std::uint32_t flags) {
    return guarded([&] { return tell(at(handle).trim(offset, count, durable(flags))); }, -1);
}

int zero(void* handle, std::uint32_t count, std::uint64_t offset, std::uint32_t flags) {
    return guarded(
        [&] {
            return tell(at(handle).zero(offset, count, (flags & NBDKIT_FLAG_MAY_TRIM) != 0,
                                        (flags & NBDKIT_FLAG_FAST_ZERO) != 0, durable(flags)));
        },
        -1);
}

int extents(void* handle, std::uint32_t count, std::uint64_t offset, std::uint32_t,
            nbdkit_extents* into) {
    return guarded(
        [&] {
            auto const found = at(handle).extents(offset, count);
            if (!found) return tell(std::unexpected(found.error()));
            std::uint64_t begins = offset;
            for (live::Stretch const& stretch : *found) {
                std::uint32_t const kind =
                    stretch.hole ? NBDKIT_EXTENT_HOLE | NBDKIT_EXTENT_ZERO : 0;
                if (nbdkit_add_extent(into, begins, stretch.bytes, kind) != 0) return -1;
                begins += stretch.bytes;
            }
            return 0;
        },
        -1);
}

constexpr char const help[] =
    "store=DIR           keep the array in that folder; without: in memory\n"
    "node=FILE           serve a node of a cluster, as `sunder serve` has set it up there\n"
    "profile=NAME        the firmware that is emulated, such as eva-xcs6\n"
    "licence=NO          refuse local copies\n"
    "switch=NAME=VALUE   in that not as its profile, such as overcommit=fail_writes\n"
    "control=SOCKET      hear operators there (`sunder array --control SOCKET ...`)\n"
    "http=ADDRESS:PORT   show a node's status, metrics and events there, by TCP\n"
    "command=WORDS       say that before anybody is heard; may be given often\n"
    "as-it-is=YES        leave an array that is there as it is, whatever is said of it\n"
    "background-rate=N   bytes that are copied behind the scenes in a second, such as '100 MiB'\n"
    "fault-seed=N        what faults that come by chance are drawn from";

nbdkit_plugin make_plugin() {
    nbdkit_plugin made{};
    made.name = "sunder";
    made.longname = "Sunder disk array";
    made.version = "1.0";
    made.description =
        "volumes, snapshots, snapclones and mirrorclones of a disk array, and mirrors of a cluster";
    made.config = config;
    made.config_help = help;
    made.magic_config_key = "store";
    made.get_ready = get_ready;
    made.after_fork = after_fork;
    made.cleanup = cleanup;
    made.list_exports = list_exports;
    made.default_export = default_export;
    made.preconnect = preconnect;
    made.open = open;
    made.close = close;
    made.get_size = get_size;
    made.export_description = export_description;
    made.block_size = block_size;
    made.can_write = can_write;
    made.can_flush = yes;
    made.is_rotational = no;
    made.can_trim = yes;
    made.can_zero = yes;
    made.can_fast_zero = yes;
    made.can_fua = can_fua;
    made.can_multi_conn = yes;
    made.can_extents = yes;
    made.can_cache = can_cache;
    made.pread = pread;
    made.pwrite = pwrite;
    made.flush = flush;
    made.trim = trim;
    made.zero = zero;
    made.extents = extents;
    made.errno_is_preserved = 0;
    return made;
}

nbdkit_plugin plugin = make_plugin();

}  // namespace

#define THREAD_MODEL NBDKIT_THREAD_MODEL_PARALLEL
NBDKIT_REGISTER_PLUGIN(plugin)
