// SPDX-License-Identifier: BSD-3-Clause
//
// The nbdkit plugin: volumes of an array as exports of NBD. Each callback translates and nothing
// else; what a request does is decided by the array's driver, which volume is shown to whom by the
// service. nbdkit calls from as many threads as it has.
#define NBDKIT_API_VERSION 2
#include "nodes/live/array_service.h"

#include <fmt/format.h>
#include <nbdkit-plugin.h>

#include <charconv>
#include <exception>
#include <memory>

namespace {

using namespace sunder;
using emulator::Segment;
using emulator::media::IoResult;

live::ArrayOptions options;
std::unique_ptr<live::ArrayService> service;

struct Handle {
    live::Export shown;
};
Handle const& at(void* handle) { return *static_cast<Handle*>(handle); }

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
    if (key == "store" || key == "control") {
        // nbdkit changes to the root folder when it goes to the background.
        char* const whole = nbdkit_absolute_path(value);
        if (whole == nullptr) return -1;
        (key == "store" ? options.store.emplace() : options.control) = whole;
        std::free(whole);
        return 0;
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
        return rate ? 0 : -1;
    }
    if (key == "fault-seed") {
        std::string_view const text = value;
        auto const [end, failure] = std::from_chars(text.begin(), text.end(), options.fault_seed);
        if (failure == std::errc() && end == text.end()) return 0;
        nbdkit_error("fault-seed: expected a whole number, found '%s'", value);
        return -1;
    }
    nbdkit_error(
        "there is no parameter '%s'; known: store, profile, control, command, "
        "background-rate, fault-seed",
        std::string(key).c_str());
    return -1;
}

int config(char const* key, char const* value) {
    return guarded([&] { return set(key, value); }, -1);
}

int get_ready() {
    return guarded(
        [] {
            auto opened = live::ArrayService::open(options);
            if (!opened) {
                nbdkit_error("%s", opened.error().c_str());
                return -1;
            }
            service = std::move(*opened);
            return 0;
        },
        -1);
}

int after_fork() {
    return guarded([] { return service->start(), 0; }, -1);
}

void cleanup() {
    guarded(
        [] {
            int const result = service == nullptr ? 0 : tell(service->stop());
            service.reset();
            return result;
        },
        -1);
}

int list_exports(int, int, nbdkit_exports* exports) {
    return guarded(
        [&] {
            for (live::Export const& one : service->exports()) {
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
            auto const only = service->find_export("");
            // Interned strings live as long as the connection.
            return only ? nbdkit_strdup_intern(only->name.c_str()) : nullptr;
        },
        nullptr);
}

void* open(int readonly) {
    return guarded(
        [&]() -> void* {
            auto found = service->find_export(nbdkit_export_name());
            if (!found) {
                nbdkit_error("%s", found.error().c_str());
                nbdkit_set_error(ESHUTDOWN);
                return nullptr;
            }
            if (readonly != 0) found->writable = false;
            return new Handle{std::move(*found)};
        },
        nullptr);
}

void close(void* handle) { delete static_cast<Handle*>(handle); }

std::int64_t get_size(void* handle) { return static_cast<std::int64_t>(at(handle).shown.bytes); }
char const* export_description(void* handle) { return at(handle).shown.description.c_str(); }
int can_write(void* handle) { return at(handle).shown.writable ? 1 : 0; }
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

int pread(void* handle, void* into, std::uint32_t count, std::uint64_t offset, std::uint32_t) {
    return guarded(
        [&] {
            return tell(service->disk().read(at(handle).shown.volume, offset,
                                             {static_cast<std::byte*>(into), count}));
        },
        -1);
}

int pwrite(void* handle, void const* from, std::uint32_t count, std::uint64_t offset,
           std::uint32_t flags) {
    return guarded(
        [&] {
            return tell(service->disk().write(at(handle).shown.volume, offset,
                                              {static_cast<std::byte const*>(from), count},
                                              (flags & NBDKIT_FLAG_FUA) != 0));
        },
        -1);
}

int flush(void* handle, std::uint32_t) {
    return guarded([&] { return tell(service->disk().flush(at(handle).shown.volume)); }, -1);
}

int trim(void* handle, std::uint32_t count, std::uint64_t offset, std::uint32_t flags) {
    return guarded(
        [&] {
            return tell(service->disk().zero(at(handle).shown.volume, offset, count, false,
                                             (flags & NBDKIT_FLAG_FUA) != 0));
        },
        -1);
}

int zero(void* handle, std::uint32_t count, std::uint64_t offset, std::uint32_t flags) {
    return guarded(
        [&] {
            // Space of a volume that is not thin is its own, whether something is mapped or not.
            bool const keep = at(handle).shown.thin && (flags & NBDKIT_FLAG_MAY_TRIM) == 0;
            if (keep && (flags & NBDKIT_FLAG_FAST_ZERO) != 0) {
                nbdkit_set_error(EOPNOTSUPP);
                return -1;
            }
            return tell(service->disk().zero(at(handle).shown.volume, offset, count, keep,
                                             (flags & NBDKIT_FLAG_FUA) != 0));
        },
        -1);
}

int extents(void* handle, std::uint32_t count, std::uint64_t offset, std::uint32_t,
            nbdkit_extents* into) {
    return guarded(
        [&] {
            auto const found = service->driver().extents(at(handle).shown.volume, offset, count);
            if (!found) return tell(std::unexpected(found.error()));
            for (Segment const& segment : *found) {
                std::uint32_t const kind = segment.at ? 0 : NBDKIT_EXTENT_HOLE | NBDKIT_EXTENT_ZERO;
                if (nbdkit_add_extent(into, segment.volume.first * sector_bytes,
                                      segment.volume.count * sector_bytes, kind) != 0) {
                    return -1;
                }
            }
            return 0;
        },
        -1);
}

constexpr char const help[] =
    "store=DIR           keep the array in that folder; without: in memory\n"
    "profile=NAME        the firmware that is emulated, such as eva-xcs6\n"
    "control=SOCKET      hear operators there (`sunder array --control SOCKET ...`)\n"
    "command=WORDS       say that before anybody is heard; may be given often\n"
    "background-rate=N   bytes that are copied behind the scenes in a second, such as '100 MiB'\n"
    "fault-seed=N        what faults that come by chance are drawn from";

nbdkit_plugin make_plugin() {
    nbdkit_plugin made{};
    made.name = "sunder";
    made.longname = "Sunder disk array";
    made.version = "1.0";
    made.description = "volumes, snapshots, snapclones and mirrorclones of a disk array";
    made.config = config;
    made.config_help = help;
    made.magic_config_key = "store";
    made.get_ready = get_ready;
    made.after_fork = after_fork;
    made.cleanup = cleanup;
    made.list_exports = list_exports;
    made.default_export = default_export;
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
