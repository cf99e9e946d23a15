// SPDX-License-Identifier: BSD-3-Clause
//
// libnbd's asynchronous calls. Its callbacks only note; answers are told outside of them, for who
// is told may ask again.
#include "scenarios/live/host.h"

#include "base/pattern.h"
#include "nodes/live/nbd_handle.h"

#include <libnbd.h>

#include <cerrno>
#include <utility>

namespace sunder::staged {

using replication::HostOp;

struct Host::Request {
    Host& host;
    HostAsk ask;
    std::vector<std::byte> bytes;
    int error = 0;
};

namespace {

/// A server that stands still meanwhile is waited for no longer than this.
constexpr Duration greeting_time = seconds(2);

}  // namespace

std::unique_ptr<Host> Host::attach(std::string const& socket, std::string const& name,
                                   std::uint64_t first, Answered answered) {
    nbd_handle* const handle = nbd_create();
    if (handle == nullptr) return nullptr;
    std::unique_ptr<Host> host(new Host(handle, first, std::move(answered)));
    bool const dials = nbd_set_export_name(handle, name.c_str()) == 0 &&
                       nbd_aio_connect_unix(handle, socket.c_str()) == 0;
    return dials && live::greet(handle, greeting_time) ? std::move(host) : nullptr;
}

Host::Host(nbd_handle* handle, std::uint64_t first, Answered answered)
    : handle_(handle), first_(first), answered_(std::move(answered)) {}

Host::~Host() { nbd_close(handle_); }

void Host::ask(HostAsk const& what) {
    auto owned = std::make_unique<Request>(Request{*this, what, {}, 0});
    Request* const request = owned.get();
    open_.emplace(request, std::move(owned));
    std::uint64_t const bytes = what.range.count * sector_bytes;
    std::uint64_t const at = (what.range.first - first_) * sector_bytes;
    nbd_completion_callback const done{[](void* user, int* error) {
                                           auto* const ended = static_cast<Request*>(user);
                                           ended->error = *error;
                                           ended->host.done_.push_back(ended);
                                           return 1;
                                       },
                                       request, nullptr};
    std::uint32_t const flags = what.fua ? LIBNBD_CMD_FLAG_FUA : 0;
    std::int64_t cookie = -1;
    switch (what.op) {
        case HostOp::read:
            request->bytes.resize(bytes);
            cookie = nbd_aio_pread(handle_, request->bytes.data(), bytes, at, done, 0);
            break;
        case HostOp::write:
            request->bytes.resize(bytes);
            write_pattern(what.content, what.range.first, request->bytes);
            cookie = nbd_aio_pwrite(handle_, request->bytes.data(), bytes, at, done, flags);
            break;
        case HostOp::trim:
            cookie = nbd_aio_trim(handle_, bytes, at, done, flags);
            break;
        case HostOp::write_zeroes:
            cookie = nbd_aio_zero(handle_, bytes, at, done, flags);
            break;
        case HostOp::flush:
            cookie = nbd_aio_flush(handle_, done, 0);
            break;
    }
    if (cookie < 0) {  // the connection has ended: nothing was asked
        request->error = ENOTCONN;
        done_.push_back(request);
    }
}

int Host::socket() const { return nbd_aio_get_fd(handle_); }

short Host::wants() const { return live::wanted_of(handle_); }

void Host::look(short events) {
    live::notify(handle_, events);
    settle();
}

void Host::settle() {
    for (auto done = std::exchange(done_, {}); !done.empty(); done = std::exchange(done_, {})) {
        for (Request* const request : done) {
            auto const owned = open_.extract(request);
            answered_(request->ask, request->error, request->bytes);
        }
    }
}

bool Host::over() const { return live::is_over(handle_) && open_.empty(); }

}  // namespace sunder::staged
