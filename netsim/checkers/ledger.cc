// SPDX-License-Identifier: BSD-3-Clause
//
// Keeping the books: questions, answers, deaths, and the comparison with what disks hold.
#include "netsim/checkers/ledger.h"

#include "base/verify.h"
#include "netsim/volumes.h"

#include <fmt/format.h>
#include <algorithm>

namespace sunder::netsim {

using replication::HostOp;
using replication::HostStatus;
using RequestState = Request::State;

Ledger::Ledger(World const& world) : requests_(1), candidates_(1), pending_(64) {
    for (MirrorSetup const& mirror : world.cluster().mirrors) {
        Group group;
        group.sectors = mirror.sectors;
        group.durable_ticks.resize(world.cluster().nodes.size());
        groups_.push_back(std::move(group));
    }
}

// --- Requests ------------------------------------------------------------------------------------

std::uint32_t Ledger::new_request() {
    if (!free_requests_.empty()) {
        std::uint32_t const entry = free_requests_.back();
        free_requests_.pop_back();
        return entry;
    }
    requests_.emplace_back();
    return static_cast<std::uint32_t>(requests_.size() - 1);
}

void Ledger::release(std::uint32_t entry) {
    requests_[entry] = Request{};
    free_requests_.push_back(entry);
}

/// An open request is kept by being pending, every other by the units that name it.
void Ledger::drop_user(std::uint32_t entry) {
    if (entry == 0) return;
    Request& request = requests_[entry];
    VERIFY(request.users > 0);
    if (--request.users == 0 && request.state != RequestState::open) release(entry);
}

Ledger::Pending& Ledger::pending(std::uint64_t id) { return pending_[id & (pending_.size() - 1)]; }

void Ledger::add_pending(std::uint64_t id, std::uint32_t entry) {
    while (pending(id).entry != 0) {
        // Ids are given in order, so a place is taken only when more are open than there are
        // places.
        std::vector<Pending> old(pending_.size() * 2);
        old.swap(pending_);
        for (Pending const& one : old) {
            if (one.entry != 0) pending(one.id) = one;
        }
    }
    pending(id) = {id, entry};
}

/// It has an answer, or will never have one.
void Ledger::close(std::uint32_t entry) {
    std::vector<std::uint32_t>& open = groups_[requests_[entry].group.value].open;
    std::uint32_t const place = requests_[entry].place;
    open[place] = open.back();
    requests_[open[place]].place = place;
    open.pop_back();
}

Request const* Ledger::open(RequestId id) const {
    Pending const& found = pending_[id.value & (pending_.size() - 1)];
    return found.entry != 0 && found.id == id.value ? &requests_[found.entry] : nullptr;
}

Request const* Ledger::written(GroupId group, std::uint64_t content) const {
    Request const* newest = nullptr;
    for (Request const& request : requests_) {
        bool const same = request.id.value != 0 && request.group == group && request.changes() &&
                          request.content == content;
        if (same && (newest == nullptr || request.id > newest->id)) newest = &request;
    }
    return newest;
}

// --- Units ---------------------------------------------------------------------------------------

Ledger::Page& Ledger::page(Group& group, std::uint64_t number) {
    auto const [found, fresh] =
        group.directory.try_emplace(number, static_cast<std::uint32_t>(group.pages.size()));
    if (fresh) {
        std::uint64_t const first = number * page_sectors;
        std::uint64_t const sectors = std::min(page_sectors, group.sectors - first);
        Page made;
        made.number = number;
        made.units.resize((sectors + unit_sectors - 1) / unit_sectors);
        group.pages.push_back(std::move(made));
    }
    return group.pages[found->second];
}

/// From now on every sector of the page is a unit of its own.
void Ledger::refine(Page& page) {
    std::vector<Unit> fine(page.units.size() * unit_sectors);
    for (std::size_t u = 0; u < page.units.size(); ++u) {
        Unit& unit = page.units[u];
        for (std::size_t s = 0; s < unit_sectors; ++s) {
            Unit& sector = fine[u * unit_sectors + s];
            sector.content = unit.content;
            sector.owner = unit.owner;
            if (unit.owner != 0) ++requests_[unit.owner].users;
            for (std::uint32_t c = unit.candidates; c != 0; c = candidates_[c].next) {
                add_candidate(sector, candidates_[c].request);
            }
        }
        drop_user(unit.owner);
        while (unit.candidates != 0) remove_candidate(unit, candidates_[unit.candidates].request);
    }
    page.units = std::move(fine);
    page.fine = true;
}

/// Calls visit(Unit&, Extent) for each unit of the range, made as fine as the range needs.
template <class Visit>
void Ledger::for_each_unit(Group& group, Extent range, Visit&& visit) {
    for (std::uint64_t at = range.first; at < range.end();) {
        std::uint64_t const number = at / page_sectors;
        std::uint64_t const base = number * page_sectors;
        std::uint64_t const end = std::min(range.end(), base + page_sectors);
        Page& here = page(group, number);
        bool const whole =
            at % unit_sectors == 0 && (end % unit_sectors == 0 || end == group.sectors);
        if (!here.fine && !whole) refine(here);
        std::uint64_t const step = here.fine ? 1 : unit_sectors;
        for (; at < end; at += step) {
            visit(here.units[(at - base) / step], Extent{at, std::min(step, end - at)});
        }
        at = end;
    }
}

void Ledger::add_candidate(Unit& unit, std::uint32_t entry) {
    std::uint32_t place = 0;
    if (free_candidates_.empty()) {
        place = static_cast<std::uint32_t>(candidates_.size());
        candidates_.emplace_back();
    } else {
        place = free_candidates_.back();
        free_candidates_.pop_back();
    }
    candidates_[place] = {entry, unit.candidates};
    unit.candidates = place;
    ++requests_[entry].users;
}

void Ledger::remove_candidate(Unit& unit, std::uint32_t entry) {
    for (std::uint32_t* link = &unit.candidates; *link != 0; link = &candidates_[*link].next) {
        if (candidates_[*link].request != entry) continue;
        std::uint32_t const place = *link;
        *link = candidates_[place].next;
        free_candidates_.push_back(place);
        drop_user(entry);
        return;
    }
}

/// The write is what the unit holds, unless another is concurrent with it.
void Ledger::acknowledge(Unit& unit, std::uint32_t entry) {
    Request const& request = requests_[entry];
    std::uint32_t const before = unit.owner;
    ++requests_[entry].users;
    // What was acknowledged before this one was asked can no longer be there.
    if (before != 0 && requests_[before].answered_tick > request.asked_tick)
        add_candidate(unit, before);
    for (std::uint32_t c = unit.candidates; c != 0;) {
        std::uint32_t const other = candidates_[c].request;
        c = candidates_[c].next;
        bool const answered = requests_[other].state == RequestState::acknowledged ||
                              requests_[other].state == RequestState::gone;
        bool const over = answered && requests_[other].answered_tick < request.asked_tick;
        if (other == entry || over) remove_candidate(unit, other);
    }
    drop_user(before);
    unit.owner = entry;
    unit.content = requests_[entry].content;
}

// --- What was seen -------------------------------------------------------------------------------

void Ledger::see(World const& world, seen::HostAsked const& asked, Explained const& explained) {
    answered_ = Request{};
    if (!asked.accepted) return;  // it will be told so, and nothing changes
    CopySim const* copy = world.copy(asked.node, asked.group);
    std::uint32_t const entry = new_request();
    Request& request = requests_[entry];
    request.id = asked.request;
    request.node = asked.node;
    request.group = asked.group;
    request.op = asked.op;
    request.fua = asked.fua;
    request.range = asked.range;
    request.content = asked.op == HostOp::write ? asked.content : 0;
    request.asked = world.now();
    request.asked_tick = ++tick_;
    std::vector<std::uint32_t>& open = groups_[asked.group.value].open;
    request.place = static_cast<std::uint32_t>(open.size());
    open.push_back(entry);
    add_pending(asked.request.value, entry);
    if (!request.changes()) return;
    Image const& image = copy->disk->image();
    for_each_unit(groups_[asked.group.value], asked.range, [&](Unit& unit, Extent where) {
        // Nobody wrote it yet, so what the node in service holds is its content.
        Content const held = image.at(where.first);
        if (unit.content == untouched && !explained(where.first, held)) unit.content = held.id;
        add_candidate(unit, entry);
    });
}

void Ledger::see(World const& world, seen::HostAnswered const& answered, std::uint8_t in_sync) {
    answered_ = Request{};
    Pending& place = pending(answered.request.value);
    if (place.entry == 0 || place.id != answered.request.value) return;
    std::uint32_t const entry = place.entry;
    place = Pending{};
    close(entry);
    Request& request = requests_[entry];
    request.answered = world.now();
    request.answered_tick = ++tick_;
    request.in_sync = in_sync;
    bool const ok = answered.status == HostStatus::ok;
    request.state = ok ? RequestState::acknowledged : RequestState::indeterminate;
    answered_ = request;
    Group& group = groups_[request.group.value];
    if (!request.changes()) {
        if (ok && request.op == HostOp::flush) {
            flushed(world, request);
        }
        release(entry);
        return;
    }
    if (answered.status == HostStatus::not_in_service) {
        for_each_unit(group, request.range,
                      [&](Unit& unit, Extent) { remove_candidate(unit, entry); });
    } else if (ok) {
        Extent const range = request.range;
        for_each_unit(group, range, [&](Unit& unit, Extent) { acknowledge(unit, entry); });
    }
}

void Ledger::flushed(World const& world, Request const& flush) {
    for (NodeId const node : world.cluster().mirrors[flush.group.value].on) {
        CopySim const& copy = *world.copy(node, flush.group);
        bool const apart = node != flush.node && copy.machine && copy.machine->open();
        std::uint64_t& tick = groups_[flush.group.value].durable_ticks[node.value];
        if (!apart) tick = std::max(tick, flush.asked_tick);
    }
}

void Ledger::see(World const&, seen::NodeDied const& died) {
    if (seen::loses_cache(died.how)) {
        for (Group& group : groups_) {
            std::size_t const nodes = group.durable_ticks.size();
            group.when_lost.resize(nodes * nodes);
            std::ranges::copy(
                group.durable_ticks,
                group.when_lost.begin() + static_cast<std::ptrdiff_t>(died.node.value * nodes));
        }
    }
    for (Pending& place : pending_) {
        if (place.entry == 0 || requests_[place.entry].node != died.node) continue;
        std::uint32_t const entry = place.entry;
        place = Pending{};
        close(entry);
        requests_[entry].state = RequestState::indeterminate;
        if (!requests_[entry].changes()) release(entry);
    }
}

// --- Comparing -----------------------------------------------------------------------------------

bool Ledger::may_hold(Unit const& unit, Content content) const {
    if (unit.content == untouched) return true;
    if (content.shift != 0) return false;  // the right pattern in the wrong place
    if (content.id == unit.content) return true;
    for (std::uint32_t c = unit.candidates; c != 0; c = candidates_[c].next) {
        if (requests_[candidates_[c].request].content == content.id) return true;
    }
    return false;
}

Mismatch Ledger::mismatch(Unit const& unit, Extent where, Content found) const {
    return {where, unit.owner != 0 ? &requests_[unit.owner] : nullptr, unit.content, found};
}

void Ledger::check_read(Request const& read, Payload const& payload, Report const& report) const {
    Group const& group = groups_[read.group.value];
    std::uint64_t position = read.range.first;
    payload.for_each([&](Piece const& piece) {
        Content const found{piece.id, piece.id == 0 ? 0 : piece.offset - position};
        std::uint64_t const end = position + piece.sectors;
        while (position < end) {
            std::uint64_t const number = position / page_sectors;
            std::uint64_t const limit = std::min(end, (number + 1) * page_sectors);
            auto const known = group.directory.find(number);
            if (known == group.directory.end()) {
                position = limit;
                continue;
            }
            Page const& here = group.pages[known->second];
            std::uint64_t const step = here.fine ? 1 : unit_sectors;
            while (position < limit) {
                std::uint64_t const index = (position - number * page_sectors) / step;
                std::uint64_t const next =
                    std::min(limit, number * page_sectors + (index + 1) * step);
                Unit const& unit = here.units[index];
                // A write that was acknowledged while the read was under way is concurrent with it.
                bool const concurrent =
                    unit.owner != 0 && requests_[unit.owner].answered_tick > read.asked_tick;
                if (!concurrent && !may_hold(unit, found)) {
                    report(mismatch(unit, {position, next - position}, found));
                }
                position = next;
            }
        }
    });
}

std::optional<Inversion> Ledger::inversion(GroupId id, Image const& image, NodeId source,
                                           Duration since, Explained const& explained) const {
    Inversion found;
    auto const look_at = [&](Unit const& unit, Extent where) {
        if (unit.content == untouched) return;
        Content const content = image.at(where.first);
        Request const& owed = requests_[unit.owner];
        bool const counts = unit.owner != 0 && owed.state == RequestState::acknowledged &&
                            owed.node == source && owed.asked > since;
        if (counts && !may_hold(unit, content) && !explained(where.first, content)) {
            bool const earlier =
                found.missing == nullptr || owed.answered_tick < found.missing->answered_tick;
            if (earlier) {
                found.missing = &owed;
                found.where = where;
            }
        }
        auto const look_for = [&](Request const& request) {
            bool const there = content.id != 0 && content.shift == 0 && request.node == source &&
                               request.content == content.id;
            bool const later =
                found.there == nullptr || request.asked_tick > found.there->asked_tick;
            if (there && later) found.there = &request;
        };
        if (unit.owner != 0) look_for(owed);
        for (std::uint32_t c = unit.candidates; c != 0; c = candidates_[c].next)
            look_for(requests_[candidates_[c].request]);
    };
    Group const& group = groups_[id.value];
    for (Page const& page : group.pages) {
        std::uint64_t const step = page.fine ? 1 : unit_sectors;
        for (std::size_t u = 0; u < page.units.size(); ++u) {
            std::uint64_t const first = page.number * page_sectors + u * step;
            if (first < group.sectors)
                look_at(page.units[u], {first, std::min(step, group.sectors - first)});
        }
    }
    bool const both = found.missing != nullptr && found.there != nullptr;
    if (!both || found.there->asked_tick < found.missing->answered_tick) return std::nullopt;
    return found;
}

void Ledger::resolve(GroupId id, Image const& image, NodeId node, Duration now, bool open_question,
                     Report const& report, Explained const& explained) {
    ++tick_;
    Group& group = groups_[id.value];
    Verdict const verdict{node, now, open_question, explained};
    for (Page& page : group.pages) resolve_page(page, group, image, verdict, report);
}

void Ledger::resolve_page(Page& page, Group const& group, Image const& image,
                          Verdict const& verdict, Report const& report) {
    std::uint64_t const base = page.number * page_sectors;
    if (!page.fine) {
        bool uniform = true;
        for (std::size_t u = 0; u < page.units.size() && uniform; ++u) {
            if (page.units[u].content == untouched) continue;
            std::uint64_t const first = base + u * unit_sectors;
            Extent const where{first, std::min(unit_sectors, group.sectors - first)};
            std::size_t pieces = 0;
            image.read(where).for_each([&](Piece const&) { ++pieces; });
            uniform = pieces == 1;
        }
        if (!uniform) refine(page);
    }
    std::uint64_t const step = page.fine ? 1 : unit_sectors;
    for (std::size_t u = 0; u < page.units.size(); ++u) {
        Unit& unit = page.units[u];
        std::uint64_t const first = base + u * step;
        if (unit.content == untouched || first >= group.sectors) continue;
        Content const found = image.at(first);
        if (!may_hold(unit, found)) {
            if (verdict.explained(first, found)) continue;
            report(mismatch(unit, {first, std::min(step, group.sectors - first)}, found));
        }
        settle(unit, found, verdict);
    }
}

/// The unit holds what was found. While the question is open, whatever it may hold it may hold
/// after too; then, what might have been there and is not never will be.
void Ledger::settle(Unit& unit, Content found, Verdict const& verdict) {
    if (verdict.open_question && may_hold(unit, found)) return;
    for (std::uint32_t c = unit.candidates; c != 0; c = candidates_[c].next) {
        // A write that is still under way is there already; what lies under it cannot be seen.
        Request const& request = requests_[candidates_[c].request];
        bool const covers = request.state == RequestState::open && request.content == found.id;
        if (covers && unit.content != found.id) return;
    }
    std::uint32_t const before = unit.owner;
    std::uint32_t owner = unit.content == found.id ? before : 0;
    for (std::uint32_t c = verdict.open_question ? 0 : unit.candidates; c != 0;) {
        std::uint32_t const entry = candidates_[c].request;
        c = candidates_[c].next;
        Request& request = requests_[entry];
        if (request.state == RequestState::open) continue;  // its own node still serves
        if (owner == 0 && request.content == found.id) {
            owner = entry;
            ++request.users;
            if (request.state == RequestState::indeterminate) {
                request.state = RequestState::settled;
                request.fua = false;  // nobody was told that it is durable
                request.node = verdict.node;
                request.in_sync = 0;
                request.answered = verdict.now;
                request.answered_tick = tick_;
            }
        }
        remove_candidate(unit, entry);
    }
    if (owner != before) {
        // Whoever has it may serve again, as far as the policy that excused its loss goes.
        if (before != 0 && verdict.open_question) {
            requests_[before].state = RequestState::gone;
            add_candidate(unit, before);
        }
        unit.owner = owner;
        drop_user(before);
    }
    unit.content = found.id;
}

// --- In words ------------------------------------------------------------------------------------

namespace {

char const* word_for(HostOp op) {
    switch (op) {
        case HostOp::read:
            return "read";
        case HostOp::write:
            return "write";
        case HostOp::trim:
            return "trim";
        case HostOp::write_zeroes:
            return "write-zeroes";
        case HostOp::flush:
            return "flush";
    }
    return "";
}

}  // namespace

std::string describe(World const& world, Request const& request) {
    std::string const where =
        request.op == HostOp::flush
            ? ""
            : " of " +
                  sectors_in_words(world.cluster().mirrors[request.group.value], request.range);
    std::string text = fmt::format("{} {}{}, asked at {}", word_for(request.op), request.id.value,
                                   where, to_text(request.asked));
    std::string const& node = world.node(request.node).name;
    switch (request.state) {
        case RequestState::open:
            return text + " and not answered yet";
        case RequestState::indeterminate:
            return text + " and never acknowledged";
        case RequestState::settled:
            return text + fmt::format(" and found on {} when it came in service at {}", node,
                                      to_text(request.answered));
        case RequestState::acknowledged:
        case RequestState::gone:
            break;
    }
    return text + fmt::format(" and acknowledged by {} at {}{}", node, to_text(request.answered),
                              request.fua ? " with FUA" : "");
}

std::string describe_found(World const& world, Ledger const& ledger, GroupId group, Content found) {
    if (found.id == 0) return "zeroes";
    std::string const displaced = found.shift != 0 ? " of another place" : "";
    if (Request const* write = ledger.written(group, found.id)) {
        return describe(world, *write) + displaced;
    }
    bool const first_content = found.id > ~std::uint64_t{8};  // the worlds' own patterns
    if (first_content) return "what the disk held before the mirror was made";
    return fmt::format("an older content (pattern {}){}", found.id, displaced);
}

}  // namespace sunder::netsim
