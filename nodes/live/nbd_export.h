// SPDX-License-Identifier: BSD-3-Clause
//
// A disk that is the export of an NBD server, on which nothing of Sunder runs. It decides what a
// lost connection means: the server may have died, and what it had not flushed may be gone with it,
// so the next flush fails where something was written before (G11). It connects again by itself.
#pragma once

#include "base/units.h"
#include "nodes/live/nbd_connection.h"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace sunder::live {

class NbdExport {
public:
    struct Options {
        std::string uri;          ///< as of libnbd: nbd://host:10809/export
        std::uint64_t bytes = 0;  ///< that it has to have, at least
        Duration stall;           ///< a server that answers nothing for so long is given up
        Duration reconnect;       ///< until a lost one is tried again
    };
    /// Of the thread that connects again; neither may keep it.
    struct Told {
        /// `whole`: everything that was written had been flushed, or is known not to have been.
        std::function<void(bool whole, std::string const& why)> lost;
        std::function<void()> back;
        std::function<void(std::string const& why)> refused;  ///< it answers, but is not fit
    };

    /// Connects. The error names the URI, and says what is wrong with the export: read-only, too
    /// small, without flushes, of large blocks, not there.
    static std::expected<std::unique_ptr<NbdExport>, std::string> open(Options options);
    /// What is wrong with the export, if its server answers; empty: nothing, or nobody answers.
    static std::string misfit(Options const& options);
    ~NbdExport();
    NbdExport(NbdExport const&) = delete;
    NbdExport& operator=(NbdExport const&) = delete;

    /// To be called in the process that serves, after it forked.
    void start(Told told);
    void stop();

    // In bytes, multiples of a sector; any thread. False: an error, or no connection. A write that
    // failed says for all before it that they may be gone, so they are not asked after again.
    bool read(std::uint64_t offset, std::span<std::byte> into);
    bool write(std::uint64_t offset, std::span<std::byte const> from);
    bool zero(std::uint64_t offset, std::uint64_t count);
    /// Everything that was written before is stable. It fails once after a lost connection, unless
    /// nothing was under way to the medium.
    bool flush();

    [[nodiscard]] std::string const& uri() const { return options_.uri; }
    /// Nothing: it is connected.
    [[nodiscard]] std::optional<std::string> why_away() const;

private:
    struct Use {  // of one connection, by its number
        std::shared_ptr<NbdConnection> connection;
        std::uint64_t number = 0;
    };

    explicit NbdExport(Options options) : options_(std::move(options)) {}
    [[nodiscard]] std::expected<std::shared_ptr<NbdConnection>, std::string> connect() const;
    Use use() const;
    template <class Do>
    bool change(Do&& each_piece);
    void keep();
    bool pause();

    Options options_;
    Told told_;
    mutable std::mutex lock_;
    Use now_;
    std::string why_;  // there is none
    /// The first connection on which something was written that no flush has covered; 0: nothing.
    std::uint64_t unflushed_since_ = 0;
    std::uint64_t writes_ = 0;  // that ended well

    bool stopping_ = false;
    std::condition_variable stops_;
    int stop_ = -1;  // an eventfd
    std::thread keeper_;
};

}  // namespace sunder::live
