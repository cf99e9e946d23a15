// SPDX-License-Identifier: BSD-3-Clause
//
// A host of one export, by NBD: it asks without waiting, and is told of answers when its socket is
// looked at. What was under way when its connection ended is answered as failed: it may have
// happened, or may not.
#pragma once

#include "base/ids.h"
#include "base/units.h"
#include "replication/seam.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

struct nbd_handle;

namespace sunder::staged {

struct HostAsk {
    RequestId request;
    replication::HostOp op = replication::HostOp::read;
    Extent range;  ///< in the mirror's address space
    bool fua = false;
    std::uint64_t content = 0;  ///< the pattern that is written
};

class Host {
public:
    /// An errno, 0 when all went well; what was read.
    using Answered = std::function<void(HostAsk const&, int, std::vector<std::byte> const&)>;

    /// Attaches to what begins at `first` in the mirror's address space; null when nobody serves
    /// it there, or answers within two seconds.
    static std::unique_ptr<Host> attach(std::string const& socket, std::string const& name,
                                        std::uint64_t first, Answered answered);
    ~Host();
    Host(Host const&) = delete;
    Host& operator=(Host const&) = delete;

    void ask(HostAsk const& what);
    [[nodiscard]] int socket() const;
    [[nodiscard]] short wants() const;  ///< of poll(2)
    void look(short events);
    /// Its connection has ended, and everything is answered.
    [[nodiscard]] bool over() const;

private:
    struct Request;
    Host(nbd_handle* handle, std::uint64_t first, Answered answered);
    void settle();

    nbd_handle* handle_;
    std::uint64_t first_;
    Answered answered_;
    std::map<Request*, std::unique_ptr<Request>> open_;
    std::vector<Request*> done_;
};

}  // namespace sunder::staged
