// SPDX-License-Identifier: BSD-3-Clause
//
// What hosts asked for and were told, and what therefore each unit of each mirror may hold: the
// last acknowledged write, or any write that was not acknowledged before a later one was asked.
// Checkers judge by it. A unit is 4 KiB; pages of units that see smaller or odd requests, or a torn
// write, are kept by the sector. Entries are recycled, so that a steady workload allocates nothing.
#pragma once

#include "netsim/image.h"
#include "netsim/observation.h"
#include "netsim/world.h"

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sunder::netsim {

/// A host's request.
struct Request {
    enum class State : std::uint8_t {
        open,  ///< no answer yet
        acknowledged,
        indeterminate,  ///< answered with an error, or its node died first: it may be there or not
        settled,        ///< it was indeterminate, and found there when a node came in service
        gone,           ///< acknowledged, and missing when a node came in service; it may come back
    };
    RequestId id;
    NodeId node;
    GroupId group;
    replication::HostOp op = replication::HostOp::read;
    State state = State::open;
    bool fua = false;
    std::uint8_t in_sync = 0;  ///< slots that mirrored in sync when it was acknowledged
    Extent range;
    std::uint64_t content = 0;
    Duration asked;
    Duration answered;
    std::uint64_t asked_tick = 0;  ///< order of questions and answers, finer than time
    std::uint64_t answered_tick = 0;
    std::uint32_t users = 0;  ///< units that name it
    std::uint32_t place = 0;  ///< among those without an answer, while it is one

    [[nodiscard]] bool changes() const {
        return op != replication::HostOp::read && op != replication::HostOp::flush;
    }
};

/// A run of sectors that does not hold what it has to hold.
struct Mismatch {
    Extent where;
    Request const* owed = nullptr;  ///< the write that should be there; null: an older content
    std::uint64_t owed_content = 0;
    Content found;
};

/// A write that a copy lacks, and one that it has and that was asked for when the former had been
/// acknowledged.
struct Inversion {
    Request const* missing = nullptr;
    Extent where;  ///< of the missing one
    Request const* there = nullptr;
};

/// What a comparison at the moment of coming in service found missing.
struct Losses {
    NodeId node;
    Duration at;
    bool forced = false;
    std::uint64_t writes = 0;
    std::vector<Extent> where;
};

class Ledger {
public:
    Ledger() = default;
    explicit Ledger(World const& world);

    /// True when somebody else answers for that content at that sector.
    using Explained = std::function<bool(std::uint64_t sector, Content found)>;
    /// What is first written over counts as what the unit held, unless somebody else answers for
    /// it; then nothing is known of it until the write is acknowledged.
    void see(World const& world, seen::HostAsked const& asked, Explained const& explained);
    /// `in_sync`: the slots of targets in sync at this moment.
    void see(World const& world, seen::HostAnswered const& answered, std::uint8_t in_sync);
    void see(World const& world, seen::NodeDied const& died);

    /// The request whose answer was shown last; null when it was none that counts.
    [[nodiscard]] Request const* answered() const {
        return answered_.id.value != 0 ? &answered_ : nullptr;
    }
    /// True when a flush that was asked after its acknowledgement, or its own FUA, made it durable.
    /// While two nodes serve, the flush of one says nothing about the writes of the other.
    [[nodiscard]] bool durable(Request const& request) const {
        auto const& ticks = groups_[request.group.value].durable_ticks;
        return request.fua || request.answered_tick <= ticks[request.node.value];
    }
    /// The same as it was when the node lost its cache last, with its power or as it panicked.
    [[nodiscard]] bool was_durable(Request const& request, NodeId when_lost) const {
        Group const& group = groups_[request.group.value];
        std::size_t const nodes = group.durable_ticks.size();
        return request.fua || (!group.when_lost.empty() &&
                               request.answered_tick <=
                                   group.when_lost[when_lost.value * nodes + request.node.value]);
    }
    /// The request of this id, if it has no answer yet.
    [[nodiscard]] Request const* open(RequestId id) const;
    [[nodiscard]] std::size_t open_requests(GroupId group) const {
        return groups_[group.value].open.size();
    }
    template <class Visit>
    void for_each_open(GroupId group, Visit&& visit) const {
        for (std::uint32_t const entry : groups_[group.value].open) visit(requests_[entry]);
    }
    /// The newest write of this content that some unit still names.
    [[nodiscard]] Request const* written(GroupId group, std::uint64_t content) const;

    using Report = std::function<void(Mismatch const&)>;
    /// Compares what a host read with what it may hold.
    void check_read(Request const& read, Payload const& payload, Report const& report) const;
    /// Compares a copy with what it may hold; from now on each unit holds what was found (no
    /// flip-flop). What indeterminate writes are found become settled ones of `node`; those that
    /// are not found are out of the question, unless `open_question`: another copy may yet prove to
    /// be the later one. A mismatch that is `explained` is not reported, and settles nothing.
    void resolve(GroupId group, Image const& image, NodeId node, Duration now, bool open_question,
                 Report const& report, Explained const& explained);

    /// Of the writes that `source` acknowledged: the earliest of those asked for after `since` that
    /// the copy lacks, and the latest that it has, if they are in the wrong order. What it lacks
    /// by an `explained` content does not count.
    [[nodiscard]] std::optional<Inversion> inversion(GroupId group, Image const& image,
                                                     NodeId source, Duration since,
                                                     Explained const& explained) const;

    /// Remembers the losses of the last comparison, for whoever has to attribute them.
    void lost(GroupId group, Losses const& losses) { groups_[group.value].losses = losses; }
    [[nodiscard]] Losses const& losses(GroupId group) const { return groups_[group.value].losses; }

private:
    static constexpr std::uint64_t unit_sectors = 8;
    static constexpr std::uint64_t page_units = 256;
    static constexpr std::uint64_t page_sectors = unit_sectors * page_units;
    /// No request writes this content.
    static constexpr std::uint64_t untouched = 0x756e746f75636864ULL;

    struct Unit {
        std::uint64_t content = untouched;
        std::uint32_t owner = 0;       // the request that wrote it; 0: unknown or none
        std::uint32_t candidates = 0;  // head of a list of requests that may have written it
    };
    struct Candidate {
        std::uint32_t request = 0;
        std::uint32_t next = 0;
    };
    struct Page {
        std::uint64_t number = 0;
        bool fine = false;  // a unit is a sector
        std::vector<Unit> units;
    };
    struct Group {
        std::uint64_t sectors = 0;
        std::vector<std::uint32_t> open;           // requests without an answer, in no order
        std::vector<std::uint64_t> durable_ticks;  // by node: what it acknowledged until then
        std::vector<std::uint64_t> when_lost;      // the same, by node that lost its cache last
        boost::unordered_flat_map<std::uint64_t, std::uint32_t> directory;
        std::vector<Page> pages;
        Losses losses;
    };
    struct Pending {
        std::uint64_t id = 0;
        std::uint32_t entry = 0;
    };

    template <class Visit>
    void for_each_unit(Group& group, Extent range, Visit&& visit);
    Page& page(Group& group, std::uint64_t number);
    void refine(Page& page);
    void flushed(World const& world, Request const& flush);
    [[nodiscard]] std::uint32_t new_request();
    void release(std::uint32_t entry);
    void drop_user(std::uint32_t entry);
    Pending& pending(std::uint64_t id);
    void add_pending(std::uint64_t id, std::uint32_t entry);
    void close(std::uint32_t entry);
    void add_candidate(Unit& unit, std::uint32_t entry);
    void remove_candidate(Unit& unit, std::uint32_t entry);
    void acknowledge(Unit& unit, std::uint32_t entry);
    [[nodiscard]] bool may_hold(Unit const& unit, Content content) const;
    struct Verdict {
        NodeId node;
        Duration now;
        bool open_question = false;
        Explained const& explained;
    };
    void settle(Unit& unit, Content found, Verdict const& verdict);
    void resolve_page(Page& page, Group const& group, Image const& image, Verdict const& verdict,
                      Report const& report);
    [[nodiscard]] Mismatch mismatch(Unit const& unit, Extent where, Content found) const;

    std::vector<Group> groups_;
    std::vector<Request> requests_;  // entry 0 is nobody
    std::vector<std::uint32_t> free_requests_;
    std::vector<Candidate> candidates_;  // entry 0 ends a list
    std::vector<std::uint32_t> free_candidates_;
    std::vector<Pending> pending_;  // by id modulo size
    Request answered_;
    std::uint64_t tick_ = 0;
};

/// "write 17 of sectors 8..15, asked at 1 s and acknowledged by server1 at 1.2 s".
std::string describe(World const& world, Request const& request);
/// "write 17", "zeroes", or "something never asked for"; what was found where `mismatch` is.
std::string describe_found(World const& world, Ledger const& ledger, GroupId group, Content found);

}  // namespace sunder::netsim
