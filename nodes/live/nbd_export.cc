// SPDX-License-Identifier: BSD-3-Clause
//
// Which exports can hold a copy, and what has been written on which connection.
#include "nodes/live/nbd_export.h"

#include "base/text.h"
#include "base/verify.h"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

namespace sunder::live {

namespace {

/// A server may have to write zeroes one by one, and answers only then.
constexpr std::uint64_t most_zeroes = std::uint64_t{16} << 20;

/// Why it cannot hold a copy of so many bytes; empty: it can.
std::string unfit(NbdConnection::Facts const& facts, std::uint64_t bytes) {
    if (facts.read_only) return "the export is read-only, and a copy is written";
    if (facts.bytes < bytes) {
        return fmt::format("the export has {}, and the mirror takes {}",
                           to_text(ByteCount{facts.bytes}), to_text(ByteCount{bytes}));
    }
    if (facts.smallest > sector_bytes) {
        return fmt::format(
            "the server takes no less than {} at a time, and a mirror is written in "
            "sectors of {}",
            to_text(ByteCount{facts.smallest}), to_text(ByteCount{sector_bytes}));
    }
    if (!facts.flush && !facts.fua) {
        return "the server neither flushes nor writes through (FUA), so that nothing would be "
               "known to be stable";
    }
    return "";
}

/// Calls `each(offset, done, count)` for pieces of at most so many bytes, until one says no.
template <class Each>
bool for_each_piece(std::uint64_t offset, std::uint64_t count, std::uint64_t most, Each&& each) {
    for (std::uint64_t done = 0; done < count;) {
        std::uint64_t const now = std::min(most, count - done);
        if (!each(offset + done, done, now)) return false;
        done += now;
    }
    return true;
}

}  // namespace

std::expected<std::unique_ptr<NbdExport>, std::string> NbdExport::open(Options options) {
    std::unique_ptr<NbdExport> made(new NbdExport(std::move(options)));
    auto connection = made->connect();
    if (!connection) return std::unexpected(made->options_.uri + ": " + connection.error());
    made->now_ = {std::move(*connection), 1};
    return made;
}

std::string NbdExport::misfit(Options const& options) {
    auto const opened = NbdConnection::open(options.uri, options.stall);
    return opened ? unfit((*opened)->facts(), options.bytes) : "";
}

NbdExport::~NbdExport() { stop(); }

std::expected<std::shared_ptr<NbdConnection>, std::string> NbdExport::connect() const {
    auto opened = NbdConnection::open(options_.uri, options_.stall);
    if (!opened) return std::unexpected(opened.error());
    std::string const why = unfit((*opened)->facts(), options_.bytes);
    if (!why.empty()) return std::unexpected(why);
    return std::shared_ptr<NbdConnection>(std::move(*opened));
}

std::optional<std::string> NbdExport::why_away() const {
    std::lock_guard const lock(lock_);
    if (now_.connection != nullptr) return std::nullopt;
    return why_;
}

NbdExport::Use NbdExport::use() const {
    std::lock_guard const lock(lock_);
    return now_;
}

// Requests.

bool NbdExport::read(std::uint64_t offset, std::span<std::byte> into) {
    Use const on = use();
    if (on.connection == nullptr) return false;
    NbdConnection& server = *on.connection;
    return for_each_piece(offset, into.size(), server.facts().largest,
                          [&](std::uint64_t at, std::uint64_t done, std::uint64_t count) {
                              return server.read(at, into.subspan(done, count));
                          });
}

/// Whoever is told of a failure takes all that is not settled for lost, and writes it again; what
/// is written after that counts anew.
template <class Do>
bool NbdExport::change(Do&& do_it) {
    Use const on = use();
    bool const ok = on.connection != nullptr && do_it(*on.connection);
    std::lock_guard const lock(lock_);
    if (!ok) {
        unflushed_since_ = 0;
    } else if (on.connection->facts().flush) {
        ++writes_;
        if (unflushed_since_ == 0) unflushed_since_ = on.number;
    }
    return ok;
}

bool NbdExport::write(std::uint64_t offset, std::span<std::byte const> from) {
    return change([&](NbdConnection& server) {
        bool const durable = !server.facts().flush;
        return for_each_piece(offset, from.size(), server.facts().largest,
                              [&](std::uint64_t at, std::uint64_t done, std::uint64_t count) {
                                  return server.write(at, from.subspan(done, count), durable);
                              });
    });
}

bool NbdExport::zero(std::uint64_t offset, std::uint64_t count) {
    return change([&](NbdConnection& server) {
        NbdConnection::Facts const& facts = server.facts();
        bool const durable = !facts.flush;
        if (facts.zero) {
            return for_each_piece(offset, count, most_zeroes,
                                  [&](std::uint64_t at, std::uint64_t, std::uint64_t bytes) {
                                      return server.zero(at, bytes, durable);
                                  });
        }
        std::vector<std::byte> const zeroes(
            std::min({count, facts.largest, std::uint64_t{1} << 20}));
        return for_each_piece(offset, count, zeroes.size(),
                              [&](std::uint64_t at, std::uint64_t, std::uint64_t bytes) {
                                  return server.write(at, std::span(zeroes).first(bytes), durable);
                              });
    });
}

bool NbdExport::flush() {
    Use on;
    std::uint64_t before = 0;
    bool kept = false;
    {
        std::lock_guard const lock(lock_);
        on = now_;
        before = writes_;
        kept = unflushed_since_ == 0 || unflushed_since_ == on.number;
    }
    bool ok = kept && on.connection != nullptr;
    // Whoever writes through has nothing to flush.
    if (ok && on.connection->facts().flush) ok = on.connection->flush();
    std::lock_guard const lock(lock_);
    if (!ok || writes_ == before) unflushed_since_ = 0;
    return ok;
}

// Connecting again.

void NbdExport::start(Told told) {
    told_ = std::move(told);
    stop_ = ::eventfd(0, EFD_CLOEXEC);
    VERIFY(stop_ >= 0);
    keeper_ = std::thread([this] { keep(); });
}

void NbdExport::stop() {
    if (!keeper_.joinable()) return;
    {
        std::lock_guard const lock(lock_);
        stopping_ = true;
    }
    stops_.notify_all();
    std::uint64_t const one = 1;
    (void)!::write(stop_, &one, sizeof one);
    keeper_.join();
    ::close(stop_);
}

/// False when there is nothing to wait for any more.
bool NbdExport::pause() {
    std::unique_lock lock(lock_);
    return !stops_.wait_for(lock, std::chrono::nanoseconds(options_.reconnect.ns),
                            [this] { return stopping_; });
}

void NbdExport::keep() {
    for (;;) {
        std::shared_ptr<NbdConnection> const present = use().connection;
        present->wait_for_end(stop_);
        bool whole = false;
        {
            std::lock_guard const lock(lock_);
            if (stopping_) return;
            now_.connection = nullptr;
            why_ = "the connection was lost";
            whole = unflushed_since_ == 0;
        }
        present->give_up();
        told_.lost(whole, "the connection was lost");
        for (bool back = false; !back;) {
            if (!pause()) return;
            auto found = connect();
            std::unique_lock lock(lock_);
            if (found) {
                now_ = {std::move(*found), now_.number + 1};
                back = true;
            } else if (why_ != found.error()) {
                why_ = found.error();
                lock.unlock();
                told_.refused(found.error());
            }
        }
        told_.back();
    }
}

}  // namespace sunder::live
