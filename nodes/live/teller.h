// SPDX-License-Identifier: BSD-3-Clause
//
// What a node tells of what happens to it: a line in its log, and the same as an event for
// programs. What is of interest at all is decided by who has words for it.
#pragma once

#include "nodes/live/event_ring.h"
#include "nodes/live/log.h"
#include "nodes/live/node_setup.h"
#include "nodes/seam.h"
#include "replication/mirror_machine.h"
#include "replication/note.h"

#include <string>
#include <string_view>

namespace sunder::live {

class Teller {
public:
    /// Events go to `events`, which has to outlive this, as has `setup`.
    Teller(NodeSetup const& setup, EventRing& events) : setup_(setup), events_(events) {}

    void tell(nodes::Note const& note);
    void tell(std::size_t mirror, replication::Note const& note);
    /// Requests of hosts begin to wait for peers; or none does any more, after so long.
    void tell(std::size_t mirror, replication::Held const& held, Duration lasted);
    /// Of what has no note. `kind` is one word for programs.
    void tell(Level level, std::string_view kind, std::string const& words);

private:
    struct About {
        Level level = Level::notice;
        std::string kind{};
        std::string mirror{};    // empty: it is about none
        std::string peer{};      // empty: it is about none
        std::string resource{};  // empty: it is about none
        std::string rule{};      // by which it was decided; empty: it is no decision
    };
    void tell(About const& about, std::string const& words);
    void put_into_log(About const& about, std::string const& words) const;

    NodeSetup const& setup_;
    EventRing& events_;
};

}  // namespace sunder::live
