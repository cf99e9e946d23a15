// SPDX-License-Identifier: BSD-3-Clause
//
// libnbd's state machine, and who of those that wait drives it.
#include "nodes/live/nbd_connection.h"

#include "base/verify.h"
#include "nodes/live/nbd_handle.h"
#include "nodes/live/progress.h"
#include "nodes/live/sockets.h"

#include <fcntl.h>
#include <libnbd.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sunder::live {

namespace {

/// What a server takes that does not say.
constexpr std::uint64_t usual_payload = std::uint64_t{32} << 20;

}  // namespace

/// A request that is under way.
struct NbdConnection::Asked {
    NbdConnection& connection;
    bool done = false;
    bool ok = false;
    std::condition_variable changed{};
};

NbdConnection::NbdConnection(Duration stall)
    : handle_(nbd_create()), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), stall_(stall) {
    VERIFY(handle_ != nullptr);
}

NbdConnection::~NbdConnection() {
    nbd_close(handle_);
    if (wake_ >= 0) ::close(wake_);
    if (socket_ >= 0) ::close(socket_);
}

std::expected<std::unique_ptr<NbdConnection>, std::string> NbdConnection::open(
    std::string const& uri, Duration stall) {
    std::unique_ptr<NbdConnection> made(new NbdConnection(stall));
    if (made->wake_ < 0) return std::unexpected(std::strerror(errno));
    if (auto const greeted = made->greet(uri); !greeted) return std::unexpected(greeted.error());
    made->learn_facts();
    return made;
}

std::expected<void, std::string> NbdConnection::greet(std::string const& uri) {
    if (nbd_aio_connect_uri(handle_, uri.c_str()) == -1) return std::unexpected(nbd_error());
    if (auto const greeted = live::greet(handle_, stall_); !greeted) return greeted;
    socket_ = ::fcntl(nbd_aio_get_fd(handle_), F_DUPFD_CLOEXEC, 0);
    if (socket_ < 0) return std::unexpected(std::strerror(errno));
    set_up_connection(socket_);
    return {};
}

void NbdConnection::learn_facts() {
    facts_.bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(nbd_get_size(handle_), 0));
    facts_.read_only = nbd_is_read_only(handle_) != 0;
    facts_.flush = nbd_can_flush(handle_) == 1;
    facts_.fua = nbd_can_fua(handle_) == 1;
    facts_.zero = nbd_can_zero(handle_) == 1;
    std::int64_t const smallest = nbd_get_block_size(handle_, LIBNBD_SIZE_MINIMUM);
    std::int64_t const largest = nbd_get_block_size(handle_, LIBNBD_SIZE_MAXIMUM);
    if (smallest > 0) facts_.smallest = static_cast<std::uint64_t>(smallest);
    facts_.largest = largest > 0 ? static_cast<std::uint64_t>(largest) : usual_payload;
    facts_.largest = std::min(facts_.largest, usual_payload);
}

/// `issue(completion)` begins the request; what it answers is -1 when that failed.
template <class Issue>
bool NbdConnection::ask(Issue&& issue) {
    Asked asked{*this};
    nbd_completion_callback completion{};
    completion.user_data = &asked;
    completion.callback = [](void* data, int* error) {
        auto& done = *static_cast<Asked*>(data);
        std::lock_guard const lock(done.connection.lock_);
        done.ok = *error == 0;
        done.done = true;
        done.changed.notify_one();
        return 1;  // nobody asks for it again
    };
    if (issue(completion) != -1) {
        // Whoever polls may not know that there is something to be sent, or nothing any more.
        bool const sends = (nbd_aio_get_direction(handle_) & LIBNBD_AIO_DIRECTION_WRITE) != 0;
        if (sends || is_over(handle_)) {
            std::uint64_t const one = 1;
            (void)!::write(wake_, &one, sizeof one);
        }
        await(asked);
    }
    // libnbd closes its own socket, of which nobody hears who waits for this one.
    if (!asked.ok && is_over(handle_)) ::shutdown(socket_, SHUT_RDWR);
    return asked.ok;
}

/// Who leads goes on until his own request is answered, and then another of those that wait does.
void NbdConnection::await(Asked& asked) {
    std::unique_lock lock(lock_);
    waiting_.push_back(&asked);
    while (!asked.done) {
        if (led_) {
            asked.changed.wait(lock);
            continue;
        }
        led_ = true;
        while (!asked.done) {
            lock.unlock();
            turn();
            lock.lock();
        }
        led_ = false;
    }
    std::erase(waiting_, &asked);
    if (!led_ && !waiting_.empty()) waiting_.front()->changed.notify_one();
}

void NbdConnection::turn() {
    pollfd looks[2] = {{socket_, wanted_of(handle_), 0}, {wake_, POLLIN, 0}};
    int const came = poll_with_progress(looks, socket_, stall_);
    if (came < 0) return;
    if (came == 0) {
        // As over TCP, only who is asked knows that it hangs; what it did is not known either.
        ::shutdown(socket_, SHUT_RDWR);
        return;
    }
    if (looks[1].revents != 0) {
        std::uint64_t taken = 0;
        (void)!::read(wake_, &taken, sizeof taken);
    }
    if (looks[0].revents != 0) notify(handle_, looks[0].revents);
}

bool NbdConnection::read(std::uint64_t offset, std::span<std::byte> into) {
    return ask([&](nbd_completion_callback done) {
        return nbd_aio_pread(handle_, into.data(), into.size(), offset, done, 0);
    });
}

bool NbdConnection::write(std::uint64_t offset, std::span<std::byte const> from, bool durable) {
    return ask([&](nbd_completion_callback done) {
        return nbd_aio_pwrite(handle_, from.data(), from.size(), offset, done,
                              durable ? LIBNBD_CMD_FLAG_FUA : 0U);
    });
}

bool NbdConnection::zero(std::uint64_t offset, std::uint64_t count, bool durable) {
    return ask([&](nbd_completion_callback done) {
        return nbd_aio_zero(handle_, count, offset, done, durable ? LIBNBD_CMD_FLAG_FUA : 0U);
    });
}

bool NbdConnection::flush() {
    return ask([&](nbd_completion_callback done) { return nbd_aio_flush(handle_, done, 0); });
}

bool NbdConnection::lost() const { return is_over(handle_); }

void NbdConnection::wait_for_end(int until) const {
    pollfd looks[2] = {{socket_, POLLRDHUP, 0}, {until, POLLIN, 0}};
    while (::poll(looks, 2, -1) <= 0) {
    }
}

/// What the server has answered is still read; after that there is nothing more.
void NbdConnection::give_up() {
    ::shutdown(socket_, SHUT_RDWR);
    std::unique_lock lock(lock_);
    if (led_ || !waiting_.empty()) return;  // they find out by themselves
    lock.unlock();
    if (!is_over(handle_)) nbd_aio_notify_read(handle_);
}

}  // namespace sunder::live
