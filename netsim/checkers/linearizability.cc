// SPDX-License-Identifier: BSD-3-Clause
//
// Which request touches which register, and where a register begins anew.
#include "netsim/checkers/linearizability.h"

#include "base/hash.h"
#include "netsim/volumes.h"

#include <fmt/format.h>
#include <algorithm>

namespace sunder::netsim {

using replication::HostOp;
using replication::HostStatus;

namespace {

char const* const forced_word = "operator override";
char const* const split_word = "split brain under a faithful policy";
char const* const policys_word = "split brain resolved by policy";

}  // namespace

/// A pattern in the wrong place is a value that nobody wrote.
Linearizability::Value Linearizability::value_of(Content content) {
    return content.shift == 0 ? content.id : hash_words(content.id, content.shift);
}

template <class Visit>
void Linearizability::for_each_block(Extent range, Visit&& visit) {
    std::uint64_t const first = (range.first + block / 2 - 1) / block;
    for (std::uint64_t b = first; b * block + block / 2 < range.end(); ++b) visit(b);
}

Linearizability::Group& Linearizability::group(View const& view, GroupId id) {
    if (groups_.empty()) groups_.resize(view.chronicle.groups());
    return groups_[id.value];
}

/// Nobody asked for this block since the last new beginning, but some who asked before may not have
/// been answered yet.
RegisterHistory Linearizability::first_seen(View const& view, seen::HostAsked const& asked,
                                            std::uint64_t b) {
    Extent const middle{b * block + block / 2, 1};
    RegisterHistory history(value_of(view.image(asked.node, asked.group).at(middle.first)));
    view.ledger.for_each_open(asked.group, [&](Request const& open) {
        bool const touches = open.changes() && open.range.overlaps(middle);
        if (touches && open.id != asked.request) history.ask_write(open.id.value, open.content);
    });
    return history;
}

void Linearizability::on(View& view, seen::HostAsked const& asked) {
    Group& mine = group(view, asked.group);
    if (!asked.accepted || asked.op == HostOp::flush || mine.split) return;
    std::uint64_t const content = asked.op == HostOp::write ? asked.content : 0;
    for_each_block(asked.range, [&](std::uint64_t b) {
        auto found = mine.registers.find(b);
        if (found == mine.registers.end()) {
            std::uint64_t const middle = b * block + block / 2;
            Content const held = view.image(asked.node, asked.group).at(middle);
            if (view.injuries.on_disk({asked.group, asked.node, middle}, held) != nullptr) return;
            found = mine.registers.emplace(b, first_seen(view, asked, b)).first;
        }
        if (asked.op == HostOp::read) {
            found->second.ask_read(asked.request.value);
        } else {
            found->second.ask_write(asked.request.value, content);
        }
    });
    if (asked.op == HostOp::read) {
        reads_.push_back({asked.request, asked.node, asked.group, asked.range});
    }
}

void Linearizability::on(View& view, seen::HostAnswered const& answered) {
    std::erase_if(reads_, [&](OpenRead const& open) { return open.request == answered.request; });
    Request const* request = view.ledger.answered();
    if (request == nullptr || request->op == HostOp::flush) return;
    Group& mine = group(view, answered.group);
    bool const ok = answered.status == HostStatus::ok;
    if (request->op == HostOp::read && ok) {
        read_answered(view, mine, *request, answered.payload);
        return;
    }
    for_each_block(request->range, [&](std::uint64_t b) {
        auto const found = mine.registers.find(b);
        if (found == mine.registers.end()) return;
        if (request->op == HostOp::read) {
            found->second.abandon_read(request->id.value);
        } else if (ok) {
            found->second.answer_write(request->id.value);
        }
        // A write that failed may happen yet.
    });
}

void Linearizability::read_answered(View& view, Group& mine, Request const& request,
                                    Payload const& payload) {
    std::uint64_t position = request.range.first;
    payload.for_each([&](Piece const& piece) {
        for_each_block({position, piece.sectors}, [&](std::uint64_t b) {
            auto const found = mine.registers.find(b);
            if (found == mine.registers.end()) return;
            RegisterHistory& history = found->second;
            bool const was_well = history.linearizable();
            auto const expected = history.expected();
            Content const content{piece.id, piece.id == 0 ? 0 : piece.offset - position};
            if (view.misread(text.name, {request.group, request.node, b * block + block / 2},
                             content)) {
                history.abandon_read(request.id.value);
                return;
            }
            history.answer_read(request.id.value, value_of(content));
            if (history.linearizable() || !was_well) return;
            auto const words = [&](Content held) {
                return describe_found(view.world, view.ledger, request.group, held);
            };
            view.violated(
                text, request.group,
                fmt::format("{}, at {}, says that {} holds {}; after what had been read and "
                            "acknowledged before it held {}, and no order of the requests that "
                            "overlapped explains both",
                            describe(view.world, request), to_text(view.now()),
                            sector_in_words(view.mirror(request.group), b * block + block / 2),
                            words(content), words({expected.value_or(0), 0})));
        });
        position += piece.sectors;
    });
}

/// Reads of a dead node are not answered; its writes may have happened, or may yet.
void Linearizability::on(View& view, seen::NodeDied const& died) {
    std::erase_if(reads_, [&](OpenRead const& open) {
        if (open.node != died.node) return false;
        Group& mine = group(view, open.group);
        for_each_block(open.range, [&](std::uint64_t b) {
            auto const found = mine.registers.find(b);
            if (found != mine.registers.end()) found->second.abandon_read(open.request.value);
        });
        return true;
    });
}

void Linearizability::on(View& view, NodeId node, nodes::note::CameInService const& came) {
    Group& mine = group(view, came.group);
    bool const another = view.chronicle.another_serves(came.group, node);
    bool const faithful = !view.world.cluster().policy.guarded;
    bool const excused = another && (faithful || view.chronicle.is_misled(came.group, node));
    if (came.forced || excused) {
        view.findings.allowed(text.name, came.forced || !faithful ? forced_word : split_word);
        mine.registers.clear();
        mine.split = mine.split || another;
        return;
    }
    compare(view, came.group, node);
}

/// What a node begins to serve has to be what hosts may read next.
void Linearizability::compare(View& view, GroupId id, NodeId node) {
    Image const& image = view.image(node, id);
    Losses const& losses = view.ledger.losses(id);
    Chronicle::Group const& known = view.chronicle.group(id);
    Slot const here = view.chronicle.slot(id, node);
    bool const anew = known.copies[here.value].begun_anew;
    bool undurable = known.copies[here.value].cache_lost.has_value();
    for (std::uint8_t p = 0; p < known.members.size(); ++p) {
        undurable = undurable || known.copies[p].pairs[here.value].lonely;
    }
    for (auto& [b, history] : group(view, id).registers) {
        std::uint64_t const middle = b * block + block / 2;
        Value const found = value_of(image.at(middle));
        if (history.may_hold(found)) continue;
        if (view.injured(text.name, {id, node, middle}, image.at(middle))) continue;
        bool const lost = std::ranges::any_of(
            losses.where, [&](Extent const& where) { return where.overlaps({middle, 1}); });
        bool const counted = losses.node == node && losses.at == view.now();
        if (!(lost && counted) && !undurable && !anew) continue;
        view.findings.allowed(text.name, anew   ? forced_word
                                         : lost ? "lost at a failover"
                                                : "seen, but not durable");
        history.begin_again(found);
    }
}

/// From here on there is one truth again.
void Linearizability::joined(View const& view, GroupId id) {
    if (view.chronicle.serving(id) == 1) group(view, id).split = false;
}

/// What the loser of a split brain answered is taken back.
void Linearizability::on(View& view, From from, replication::note::Conceded const& conceded) {
    bool const policy = conceded.by == replication::note::Conceded::By::policy;
    view.findings.allowed(text.name, policy ? policys_word : forced_word);
    Group& mine = group(view, from.group);
    mine.registers.clear();
    mine.split = true;
}

void Linearizability::on(View& view, From from, replication::note::CopyCompleted const&) {
    joined(view, from.group);
}

void Linearizability::on(View& view, From from, replication::note::LegChanged const& changed) {
    bool const begins = changed.direction == replication::Direction::inward &&
                        changed.from == LegState::handshaking && changed.to == LegState::mirroring;
    if (begins) joined(view, from.group);
}

}  // namespace sunder::netsim
