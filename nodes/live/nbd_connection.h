// SPDX-License-Identifier: BSD-3-Clause
//
// One connection to an NBD server, from its greeting to its end, over libnbd: many requests at a
// time, each by the thread that asks. Of the threads that wait one moves the bytes of all, so that
// nothing is handed to a thread of the connection's own. What a lost connection means for a copy is
// decided elsewhere (nbd_export.h).
#pragma once

#include "base/units.h"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

struct nbd_handle;

namespace sunder::live {

class NbdConnection {
public:
    /// What the server says of the export.
    struct Facts {
        std::uint64_t bytes = 0;
        bool read_only = false;
        bool flush = false;
        bool fua = false;
        bool zero = false;
        std::uint64_t smallest = 1;  ///< block, in bytes
        std::uint64_t largest = 0;   ///< payload of a request, in bytes
    };

    /// Greets, within so long. A server that then moves no byte for `stall`, while it is asked for
    /// something, is given up. The error is for people, and does not name the URI.
    static std::expected<std::unique_ptr<NbdConnection>, std::string> open(std::string const& uri,
                                                                           Duration stall);
    ~NbdConnection();
    NbdConnection(NbdConnection const&) = delete;
    NbdConnection& operator=(NbdConnection const&) = delete;

    [[nodiscard]] Facts const& facts() const { return facts_; }

    // Any thread; false: refused, or the connection is lost. No more than the largest payload.
    bool read(std::uint64_t offset, std::span<std::byte> into);
    bool write(std::uint64_t offset, std::span<std::byte const> from, bool durable);
    bool zero(std::uint64_t offset, std::uint64_t count, bool durable);
    bool flush();

    /// Nothing can be asked any more.
    [[nodiscard]] bool lost() const;
    /// Waits until the server hangs up, or something can be read from `until`.
    void wait_for_end(int until) const;
    /// Whoever waits for an answer is told that there will be none.
    void give_up();

private:
    struct Asked;

    explicit NbdConnection(Duration stall);
    std::expected<void, std::string> greet(std::string const& uri);
    void learn_facts();
    template <class Issue>
    bool ask(Issue&& issue);
    void await(Asked& asked);
    void turn();

    nbd_handle* handle_;
    int socket_ = -1;  // the connection's, also when libnbd has closed it
    int wake_;         // an eventfd: whoever polls is to look again what for
    Duration stall_;
    Facts facts_;

    mutable std::mutex lock_;
    bool led_ = false;             // somebody moves bytes
    std::vector<Asked*> waiting_;  // but he
};

}  // namespace sunder::live
