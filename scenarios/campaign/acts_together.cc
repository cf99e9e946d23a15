// SPDX-License-Identifier: BSD-3-Clause
//
// Acts that make sense together only: what a host writes and looks at around a death, a pause with
// what is written in it, a copy that leaves and joins, an image that is gone back to. Each by
// itself comes at random moments, and so hardly ever one behind the other.
#include "scenarios/campaign/acts.h"
#include "scenarios/campaign/hardware.h"

namespace sunder::campaign {

namespace step = language::step;
using language::Action;
using netsim::LinkSetup;
using replication::HostOp;

/// Requests of hosts are asked of all nodes, and only the one that serves answers.
void Site::ask_all(Duration after, std::uint16_t of, HostOp op, Extent range) const {
    for (NodeId const node : cluster().mirrors[of].on) {
        put(after, step::Ask{of, node, op, range.first, range.count, false});
        after = {};
    }
}

/// Where two take requests, of different places.
void Site::ask_each(Duration after, std::uint16_t of, HostOp op) const {
    for (NodeId const node : cluster().mirrors[of].on) {
        Extent const where = some_block(of);
        put(after, step::Ask{of, node, op, where.first, where.count, false});
        after = {};
    }
}

/// As of an operator who does not know whose word counts.
void Site::order_all(Duration after, std::uint16_t of, nodes::Order const& order) const {
    for (NodeId const node : cluster().mirrors[of].on) {
        put(after, step::Ordered{of, node, order, "", false});
        after = {};
    }
}

/// A host writes, reads what it writes before it is done, and looks again when somebody has died
/// meanwhile, or been lost, or has a disk that is slow or cannot be read, or none of it.
void Site::last_words() const {
    Fault const drawn = fault();
    Extent const where = some_block(drawn.mirror);
    std::uint64_t const what = below(5);
    LinkSetup const& link = cluster().links[below(cluster().links.size())];
    NodeId const a = copy_of(drawn.mirror);
    NodeId const b = copy_of(drawn.mirror);
    if (what == 0) put(drawn.after, step::Cut{link.a, link.b, false});
    if (what == 1 && a != b) put(drawn.after, step::Reset{a, b, false});
    bool const fails = what == 2 && has(recipe_.diet, Kind::failing_disk);
    bool const slows = what == 3 && has(recipe_.diet, Kind::slow_disk);
    if (fails) put(drawn.after, step::FailDisk{a, true, false, false});
    if (slows) put(drawn.after, step::SlowDisk{b, static_cast<std::uint32_t>(20 + below(80))});
    ask_all(instant(), drawn.mirror, HostOp::write, where);
    ask_all(instant(), drawn.mirror, HostOp::read, where);
    Duration const soon = below(2) == 0 ? instant() : microseconds(300) * (1 + below(30));
    std::uint64_t const how = below(4);
    NodeId const node = below(2) == 0 || is_shared(base_, a) ? server() : a;
    if (how < 2) put(soon, step::PowerCut{node, {}});
    if (how == 2) put(soon, step::Crash{node, {}});
    ask_all(pause(), drawn.mirror, HostOp::read, where);
}

/// A host that overwrites one block for as long as it has anything to say.
void Site::overwrites() const {
    Fault const drawn = fault();
    Extent const where = some_block(drawn.mirror);
    NodeId const a = copy_of(drawn.mirror);
    NodeId const b = copy_of(drawn.mirror);
    for (std::uint64_t n = 20 + below(60); n > 0; --n)
        ask_all(instant(), drawn.mirror, HostOp::write, where);
    if (a != b) put(instant(), step::Reset{a, b, false});
}

/// A leg is paused, hosts write on both sides, and it is resumed while they do.
void Site::written_apart() const {
    using Order = nodes::Order;
    Fault const drawn = fault();
    NodeId const target = copy_of(drawn.mirror);
    order_all(drawn.after, drawn.mirror, {Order::Kind::pause, target});
    ask_each(pause(), drawn.mirror, HostOp::write);
    order_all(pause(), drawn.mirror, {Order::Kind::resume, target});
    for (std::uint64_t n = 1 + below(4); n > 0; --n)
        ask_each(microseconds(static_cast<std::int64_t>(below(6000))), drawn.mirror, HostOp::write);
}

/// A copy leaves the mirror, hosts go on, and it joins again.
void Site::leaves_and_joins() const {
    Fault const drawn = fault();
    nodes::Extension edit;
    edit.server = copy_of(drawn.mirror);
    Duration after = drawn.after;
    for (auto const kind : {nodes::Extension::Kind::unextend, nodes::Extension::Kind::extend}) {
        edit.kind = kind;
        for (NodeId const node : cluster().mirrors[drawn.mirror].on) {
            put(after, step::EditExtension{drawn.mirror, node, edit, "", false});
            after = {};
        }
        ask_all(pause(), drawn.mirror, HostOp::write, some_block(drawn.mirror));
        after = pause();
    }
}

/// A source dies and is brought up to date; its successor dies in the middle of that, and an
/// operator goes back to the image from before.
void Site::falls_back() const {
    Fault const drawn = fault();
    NodeId const first = copy_of(drawn.mirror);
    NodeId const next = copy_of(drawn.mirror);
    if (first == next || is_shared(base_, first) || is_shared(base_, next)) return;
    put(drawn.after, step::Crash{first, {}});
    Duration const takes_over = seconds(2 + static_cast<std::int64_t>(below(4)));
    ask_all(takes_over, drawn.mirror, HostOp::write, some_block(drawn.mirror));
    for (int n = 0; n < 10; ++n)
        ask_all(instant(), drawn.mirror, HostOp::write, some_block(drawn.mirror));
    put(pause(), step::Restart{first});
    put(milliseconds(static_cast<std::int64_t>(below(1000))), step::Crash{next, {}});
    Duration const dead = seconds(2 + static_cast<std::int64_t>(below(4)));
    put(dead, step::Ordered{
                  drawn.mirror, first, {nodes::Order::Kind::use_fallback_image, {}}, "", false});
    if (has(recipe_.diet, Kind::force)) {
        put(seconds(1), step::ForceOnline{drawn.mirror, first, "", false});
        ask_all(pause(), drawn.mirror, HostOp::write, some_block(drawn.mirror));
    }
    put(pause(), step::Restart{next});
}

/// Nobody can be shot, and two no longer hear each other.
void Site::unfenced() const {
    Duration const after = fault().after;
    if (!cluster().fencing) return;
    for (std::uint8_t n = 0; n < cluster().nodes.size(); ++n) {
        if (!is_shared(base_, NodeId{n})) put({}, step::FailFencing{NodeId{n}, true});
    }
    LinkSetup const& link = cluster().links[below(cluster().links.size())];
    put(after, step::Cut{link.a, link.b, false});
}

/// A node hears nobody, and then one of the others again.
void Site::half_rejoined() const {
    Duration after = fault().after;
    netsim::Vertex const lone = server().value;
    std::vector<LinkSetup> around;
    for (LinkSetup const& one : cluster().links) {
        if (one.a == lone || one.b == lone) around.push_back(one);
    }
    bool const moves = below(3) == 0 && has(recipe_.diet, Kind::switch_over);
    std::uint16_t const of = mirror();
    if (moves) {
        put(after, step::SwitchOver{of, copy_of(of), "", false});
        after = milliseconds(static_cast<std::int64_t>(below(400)));
        ask_all(after, of, HostOp::write, some_block(of));
        after = instant();
    }
    for (LinkSetup const& one : around) {
        put(after, step::Cut{one.a, one.b, false});
        after = {};
    }
    if (around.empty()) return;
    LinkSetup const& back = around[below(around.size())];
    put(seconds(1 + static_cast<std::int64_t>(below(20))), step::Heal{back.a, back.b});
}

/// An operator forces a copy past a source that it does not hear.
void Site::forced_behind_a_cut() const {
    Fault const drawn = fault();
    LinkSetup const& link = cluster().links[below(cluster().links.size())];
    put(drawn.after, step::Cut{link.a, link.b, false});
    if (!has(recipe_.diet, Kind::force)) return;
    put(milliseconds(static_cast<std::int64_t>(below(3000))),
        step::ForceOnline{drawn.mirror, copy_of(drawn.mirror), "", false});
    for (std::uint64_t n = 1 + below(20); n > 0; --n)
        ask_all(instant(), drawn.mirror, HostOp::write, some_block(drawn.mirror));
}

/// What an operator may say to a node about a mirror, forcing and moving only where the diet has
/// it.
Action Site::some_order(std::uint16_t of, NodeId node) const {
    using Order = nodes::Order;
    auto const ordered = [&](Order const& order) {
        return Action{step::Ordered{of, node, order, "", false}};
    };
    NodeId const target = copy_of(of);
    switch (below(8)) {
        case 0:
            if (has(recipe_.diet, Kind::force)) return step::ForceOnline{of, node, "", false};
            return ordered({Order::Kind::set_intent_log, target});
        case 1:
            if (has(recipe_.diet, Kind::switch_over)) return step::SwitchOver{of, node, "", false};
            return ordered({Order::Kind::set_intent_log, target});
        case 2:
            return step::ResolveSplitBrain{of, node, "", false};
        case 3:
            return ordered({Order::Kind::pause, target});
        case 4:
            return ordered({Order::Kind::resume, target});
        case 5:
            return ordered({Order::Kind::leave_service, std::nullopt});
        case 6:
            return ordered({Order::Kind::enter_service, std::nullopt});
        default:  // foreign: a number that is drawn
            auto const limit = static_cast<std::uint32_t>(1 + below(64));
            return ordered({Order::Kind::enable_asynchronous, std::nullopt, limit});
    }
}

/// Hosts write meanwhile.
void Site::two_operators() const {
    Word const drawn = word();
    put(drawn.after, some_order(drawn.mirror, drawn.node));
    ask_each(below(2) == 0 ? Duration{} : instant(), drawn.mirror, HostOp::write);
    put(below(2) == 0 ? Duration{} : instant(), some_order(drawn.mirror, copy_of(drawn.mirror)));
    ask_each(pause(), drawn.mirror, HostOp::write);
}

}  // namespace sunder::campaign
