// SPDX-License-Identifier: BSD-3-Clause
//
// The kinds, one by one. What a kind draws, and in which order, decides what every later act of a
// campaign is: a change reshuffles all that campaigns are known to find.
#include "scenarios/campaign/acts.h"

#include "netsim/volumes.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sunder::campaign {

namespace step = language::step;
using language::Action;
using netsim::LinkSetup;
using replication::HostOp;

struct Site::Row {
    Kind kind;
    std::string_view name;
    void (*draw)(Site const&);
};

struct Site::Table {
    static constexpr std::array<Row, static_cast<std::size_t>(Kind::last)> rows{{
        {Kind::crash, "crash", [](Site const& site) { site.crash(); }},
        {Kind::power_cut, "power cut", [](Site const& site) { site.power_cut(); }},
        {Kind::freeze, "freeze", [](Site const& site) { site.freeze(); }},
        {Kind::cut, "cut", [](Site const& site) { site.cut(false); }},
        {Kind::one_way_cut, "one-way cut", [](Site const& site) { site.cut(true); }},
        {Kind::isolate, "isolate", [](Site const& site) { site.isolate(); }},
        {Kind::flap, "flap", [](Site const& site) { site.flap(); }},
        {Kind::reset, "reset", [](Site const& site) { site.reset(false); }},
        {Kind::half_open, "half open", [](Site const& site) { site.reset(true); }},
        {Kind::slow_disk, "slow disk", [](Site const& site) { site.slow_disk(); }},
        {Kind::failing_disk, "failing disk", [](Site const& site) { site.failing_disk(); }},
        {Kind::twice, "twice", [](Site const& site) { site.twice(); }},
        {Kind::switch_over, "switch over", [](Site const& site) { site.switch_over(); }},
        {Kind::force, "force", [](Site const& site) { site.force(); }},
        {Kind::keep_apart, "keep apart", [](Site const& site) { site.keep_apart(); }},
        {Kind::take_out, "take out", [](Site const& site) { site.take_out(); }},
        {Kind::missing_shot, "missing shot", [](Site const& site) { site.missing_shot(); }},
        {Kind::read, "read", [](Site const& site) { site.requests(HostOp::read, false); }},
        {Kind::flush, "flush", [](Site const& site) { site.requests(HostOp::flush, false); }},
        {Kind::fua, "fua", [](Site const& site) { site.requests(HostOp::write, true); }},
        {Kind::trim, "trim", [](Site const& site) { site.requests(HostOp::trim, false); }},
        {Kind::hung_disk, "hung disk", [](Site const& site) { site.hung_disk(); }},
        {Kind::medium_error, "medium error", [](Site const& site) { site.medium_error(); }},
        {Kind::full_disk, "full disk", [](Site const& site) { site.full_disk(); }},
        {Kind::skewed_clock, "skewed clock", [](Site const& site) { site.skewed_clock(); }},
        {Kind::lie, "lie", [](Site const& site) { site.lie(); }},
        {Kind::rollback, "rollback", [](Site const& site) { site.rollback(); }},
        {Kind::full_memory, "full memory", [](Site const& site) { site.full_memory(); }},
        {Kind::lossy_link, "lossy link", [](Site const& site) { site.lossy_link(); }},
        {Kind::jittery_link, "jittery link", [](Site const& site) { site.jittery_link(); }},
        {Kind::slow_link, "slow link", [](Site const& site) { site.slow_link(); }},
        {Kind::blank_disks, "blank disks", [](Site const& site) { site.blank_disks(); }},
        {Kind::switch_cut, "switch cut", [](Site const& site) { site.switch_cut(); }},
        {Kind::edit_log, "edit log", [](Site const& site) { site.edit_log(); }},
        {Kind::fall_back, "fall back", [](Site const& site) { site.fall_back(); }},
        {Kind::extension, "extension", [](Site const& site) { site.extension(); }},
        {Kind::tearing_disks, "tearing disks", {}},
        {Kind::ignored_flushes, "ignored flushes", {}},
        {Kind::no_merge, "no merge", {}},
        {Kind::larger_disks, "larger disks", {}},
        {Kind::damage, "damage", [](Site const& site) { site.damage(); }},
        {Kind::last_words, "last words", [](Site const& site) { site.last_words(); }},
        {Kind::overwrites, "overwrites", [](Site const& site) { site.overwrites(); }},
        {Kind::written_apart, "written apart", [](Site const& site) { site.written_apart(); }},
        {Kind::leaves_and_joins, "leaves and joins",
         [](Site const& site) { site.leaves_and_joins(); }},
        {Kind::falls_back, "falls back", [](Site const& site) { site.falls_back(); }},
        {Kind::unfenced, "unfenced", [](Site const& site) { site.unfenced(); }},
        {Kind::half_rejoined, "half rejoined", [](Site const& site) { site.half_rejoined(); }},
        {Kind::forced_behind_a_cut, "forced behind a cut",
         [](Site const& site) { site.forced_behind_a_cut(); }},
        {Kind::panic, "panic", [](Site const& site) { site.panic(); }},
        {Kind::partial_cut, "partial cut", [](Site const& site) { site.partial_cut(); }},
        {Kind::exchanged_disks, "exchanged disks",
         [](Site const& site) { site.exchanged_disks(); }},
        {Kind::lost_for_good, "lost for good", {}},
        {Kind::two_operators, "two operators", [](Site const& site) { site.two_operators(); }},
        {Kind::one_is_left, "one is left", {}},
        {Kind::stepped_clock, "stepped clock", [](Site const& site) { site.stepped_clock(); }},
        {Kind::zeroes, "zeroes",
         [](Site const& site) { site.requests(HostOp::write_zeroes, false); }},
        {Kind::moved_disk, "moved disk", [](Site const& site) { site.moved_disk(); }},
        {Kind::confirmation, "confirmation", [](Site const& site) { site.confirmation(); }},
        {Kind::failing_resource, "failing resource",
         [](Site const& site) { site.failing_resource(); }},
        {Kind::changed_hierarchy, "changed hierarchy",
         [](Site const& site) { site.changed_hierarchy(); }},
        {Kind::made_anew, "made anew", [](Site const& site) { site.made_anew(); }},
    }};
    static constexpr bool in_order() {
        for (std::size_t place = 0; place < rows.size(); ++place) {
            if (static_cast<std::size_t>(rows[place].kind) != place) return false;
        }
        return true;
    }
    static constexpr Row const& of(Kind kind) { return rows[static_cast<std::size_t>(kind)]; }
};

std::string_view name_of(Kind kind) {
    static_assert(Site::Table::in_order());
    return Site::Table::of(kind).name;
}

bool befalls(Kind kind) { return Site::Table::of(kind).draw != nullptr; }

void Site::draw(Kind kind) const { Table::of(kind).draw(*this); }
void Site::draw_writes() const { requests(HostOp::write, false); }

bool is_shared(language::Scenario const& scenario, NodeId node) {
    return !scenario.cluster.nodes[node.value].shared_by.empty();
}

Duration Site::pause() const {
    std::int64_t least = microseconds(10).ns;
    for (std::uint64_t order = below(7); order > 0; --order) least *= 10;
    return nanoseconds(least +
                       static_cast<std::int64_t>(below(static_cast<std::uint64_t>(least) * 9)));
}
Duration Site::instant() const { return microseconds(static_cast<std::int64_t>(below(300))); }

NodeId Site::server() const {
    // A server of no copy may be a witness, or share a disk.
    for (;;) {
        NodeId const node{static_cast<std::uint8_t>(below(cluster().nodes.size()))};
        if (!is_shared(base_, node)) return node;
    }
}

std::uint16_t Site::mirror() const {
    return static_cast<std::uint16_t>(below(cluster().mirrors.size()));
}

NodeId Site::copy_of(std::uint16_t of) const {
    auto const& on = cluster().mirrors[of].on;
    return on[below(on.size())];
}

Site::Fault Site::fault() const {
    std::uint16_t const of = mirror();
    return {of, pause()};
}

Site::Word Site::word() const {
    std::uint16_t const of = mirror();
    NodeId const node = copy_of(of);
    return {of, node, pause()};
}

Site::Injury Site::injury() const {
    std::uint16_t const of = mirror();
    NodeId const node = copy_of(of);
    std::uint64_t const sectors = cluster().mirrors[of].sectors;
    // Where hosts ask, too.
    std::uint64_t const blocks = std::clamp<std::uint64_t>(sectors / block, 1, 32);
    std::uint64_t const at = below(blocks) * block;
    step::DiskPart const part{of, at, std::min(block * (1 + below(4)), sectors - at)};
    return {node, part, static_cast<std::uint32_t>(1 + below(3))};
}

void Site::crash() const {
    Duration const after = fault().after;
    put(after, step::Crash{server(), {}});
}

void Site::power_cut() const {
    Duration const after = fault().after;
    put(after, step::PowerCut{server(), {}});
}

void Site::freeze() const {
    Duration const after = fault().after;
    NodeId const node = server();
    put(after, step::Pause{node});
    put(pause(), step::Resume{node});
}

void Site::reset(bool half_open) const {
    Fault const drawn = fault();
    NodeId const a = copy_of(drawn.mirror);
    NodeId const b = copy_of(drawn.mirror);
    if (a != b) put(drawn.after, step::Reset{a, b, half_open});
}

void Site::damage() const {
    Fault const drawn = fault();
    NodeId const from = copy_of(drawn.mirror);
    NodeId const to = copy_of(drawn.mirror);
    auto const how = static_cast<netsim::Damage>(below(2));
    if (from != to) put(drawn.after, step::DamageMessage{from, to, how});
}

void Site::panic() const {
    Duration const after = fault().after;
    put(after, step::Panic{server(), {}});
}

/// The mistake is found, perhaps when a node does not start, and undone.
void Site::exchanged_disks() const {
    Fault const drawn = fault();
    NodeId const one = copy_of(drawn.mirror);
    NodeId const other = copy_of(drawn.mirror);
    if (one == other || is_shared(base_, one) || is_shared(base_, other)) return;
    put(drawn.after, step::Crash{one, {}});
    put(instant(), step::Crash{other, {}});
    put({}, step::ExchangeDisks{one, other});
    if (below(2) == 0) put(pause(), step::Restart{one});
    put(pause(), step::ExchangeDisks{one, other});
    put({}, step::Restart{one});
    put(pause(), step::Restart{other});
}

/// Mostly not for ever.
void Site::partial_cut() const {
    Duration const after = fault().after;
    LinkSetup const& link = cluster().links[below(cluster().links.size())];
    bool const turned = below(2) == 0;
    bool const one_way = below(2) == 0;
    auto const what = below(2) == 0 ? netsim::Severed::heartbeats : netsim::Severed::data;
    put(after, step::Cut{turned ? link.b : link.a, turned ? link.a : link.b, one_way, what});
    if (below(3) != 0) put(pause(), step::Heal{link.a, link.b});
}

void Site::slow_disk() const {
    Fault const drawn = fault();
    NodeId const node = copy_of(drawn.mirror);
    put(drawn.after, step::SlowDisk{node, static_cast<std::uint32_t>(2 + below(60))});
}

void Site::failing_disk() const {
    Fault const drawn = fault();
    std::uint64_t const what = 1 + below(7);
    put(drawn.after,
        step::FailDisk{copy_of(drawn.mirror), (what & 1) != 0, (what & 2) != 0, (what & 4) != 0});
}

void Site::missing_shot() const {
    Duration const after = fault().after;
    if (cluster().fencing) put(after, step::FailFencing{server(), true});
}

void Site::cut(bool one_way) const {
    (void)fault();
    LinkSetup const& link = cluster().links[below(cluster().links.size())];
    bool const turned = below(2) == 0;
    put(pause(), step::Cut{turned ? link.b : link.a, turned ? link.a : link.b, one_way});
}

/// Mostly not for ever.
void Site::degrade(netsim::Degradation const& how) const {
    Duration const after = fault().after;
    LinkSetup const& link = cluster().links[below(cluster().links.size())];
    bool const turned = below(2) == 0;
    bool const one_way = below(3) == 0;
    put(after, step::Degrade{turned ? link.b : link.a, turned ? link.a : link.b, one_way, how});
    if (below(3) != 0) put(pause(), step::Heal{link.a, link.b});
}

void Site::lossy_link() const {
    static constexpr std::uint32_t percents[] = {1, 10, 40, 80};
    degrade({.loss = Share{percents[below(4)] * (Share::whole / 100)}});
}

void Site::jittery_link() const {
    static constexpr Duration jitters[] = {microseconds(100), milliseconds(5), milliseconds(200),
                                           seconds(3)};
    degrade({.jitter = jitters[below(4)]});
}

void Site::slow_link() const {
    static constexpr std::uint64_t rates[] = {2'400, 56'000, 1'000'000, 20'000'000};
    static constexpr Duration ways[] = {milliseconds(40), milliseconds(300), seconds(2)};
    netsim::Degradation how;
    std::uint64_t const what = below(3);
    if (what != 0) how.bandwidth = Bandwidth{rates[below(4)]};
    if (what != 1) how.latency = ways[below(3)];
    degrade(how);
}

void Site::flap() const {
    (void)fault();
    LinkSetup const& link = cluster().links[below(cluster().links.size())];
    Duration const period = pause();
    for (std::uint64_t n = 2 + below(4); n > 0; --n) {
        put(period, step::Cut{link.a, link.b, false});
        put(period, step::Heal{link.a, link.b});
    }
}

void Site::isolate() const {
    (void)fault();
    (void)below(cluster().links.size());
    netsim::Vertex const lone = server().value;
    std::vector<std::pair<netsim::Vertex, netsim::Vertex>> around;
    for (LinkSetup const& one : cluster().links) {
        if (one.a == lone || one.b == lone) around.emplace_back(one.a, one.b);
    }
    for (bool const heals : {false, true}) {
        // Two orders that have nothing to do with each other.
        for (std::size_t i = around.size(); i > 1; --i) {
            std::swap(around[i - 1], around[below(i)]);
        }
        for (auto const& [a, b] : around) {
            Duration const after = below(3) == 0 ? pause() : instant();
            put(after, heals ? Action{step::Heal{a, b}} : Action{step::Cut{a, b, false}});
        }
    }
}

void Site::twice() const {
    auto const die = [&](Duration after, NodeId node) {
        bool const power = below(2) == 0;
        put(after, power ? Action{step::PowerCut{node, {}}} : Action{step::Crash{node, {}}});
    };
    NodeId const first = server();
    die(pause(), first);
    if (below(2) == 0) put(pause(), step::Restart{first});
    NodeId const second = server();
    die(below(2) == 0 ? instant() : pause(), second);
}

void Site::switch_over() const {
    Word const drawn = word();
    put(drawn.after, step::SwitchOver{drawn.mirror, drawn.node, "", false});
}

void Site::force() const {
    Word const drawn = word();
    put(drawn.after, step::ForceOnline{drawn.mirror, drawn.node, "", false});
}

void Site::keep_apart() const {
    using Order = nodes::Order;
    Word const drawn = word();
    NodeId const target = copy_of(drawn.mirror);
    Order::Kind const what = below(2) == 0 ? Order::Kind::resume : Order::Kind::pause;
    put(drawn.after, step::Ordered{drawn.mirror, drawn.node, {what, target}, "", false});
}

void Site::take_out() const {
    using Order = nodes::Order;
    Word const drawn = word();
    Order::Kind const what =
        below(2) == 0 ? Order::Kind::enter_service : Order::Kind::leave_service;
    put(drawn.after, step::Ordered{drawn.mirror, drawn.node, {what, std::nullopt}, "", false});
}

Extent Site::some_part(std::uint16_t of) const {
    std::vector<Extent> const parts = netsim::parts_of(cluster().mirrors[of]);
    return parts[below(parts.size())];
}

/// Among the first few, so that two meet.
std::uint64_t Site::start_of_a_block(Extent part) const {
    return part.first + below(std::clamp<std::uint64_t>(part.count / block, 1, 32)) * block;
}

Extent Site::some_block(std::uint16_t of) const {
    Extent const part = some_part(of);
    std::uint64_t const at = start_of_a_block(part);
    return {at, std::min(block, part.end() - at)};
}

/// A few requests on whichever node serves: all are asked, and only that one answers.
void Site::requests(HostOp op, bool fua) const {
    std::uint16_t const of = mirror();
    Extent const part = some_part(of);
    for (std::uint64_t n = 1 + below(5); n > 0; --n) {
        std::uint64_t const at = start_of_a_block(part);
        std::uint64_t const most = part.end() - at;
        std::uint64_t const length = std::min(block * (1 + below(3)), most);
        Duration after = instant();
        for (NodeId const node : cluster().mirrors[of].on) {
            step::Ask ask{of, node, op, at, length, fua};
            if (op == HostOp::flush) ask.at = ask.sectors = 0;
            put(after, ask);
            after = {};
        }
    }
}

void Site::hung_disk() const {
    Injury const drawn = injury();
    put(pause(), step::HangDisk{drawn.node});
    if (below(2) == 0) put(pause(), step::FailDisk{drawn.node, false, false, false});
}

void Site::full_memory() const {
    Duration const after = fault().after;
    NodeId const node = server();
    put(after, step::FillMemory{node, true});
    if (below(2) == 0) put(pause(), step::FillMemory{node, false});
}

void Site::medium_error() const {
    Injury const drawn = injury();
    std::uint64_t const what = 1 + below(3);
    put(pause(), step::FailDisk{drawn.node, (what & 1) != 0, (what & 2) != 0, false, false,
                                drawn.part, drawn.count});
}

void Site::full_disk() const {
    Injury const drawn = injury();
    put(pause(), step::FailDisk{drawn.node, false, false, false, true, std::nullopt, drawn.count});
    // What it could not store it waits for until it boots.
    if (is_shared(base_, drawn.node)) return;
    put(pause(), step::Crash{drawn.node, {}});
    put(pause(), step::Restart{drawn.node});
}

void Site::skewed_clock() const {
    static constexpr std::uint32_t percents[] = {10, 50, 300, 1000};
    (void)injury();
    NodeId const node = server();
    std::uint32_t const percent = percents[below(4)];
    put(pause(), step::SkewClock{node, percent});
}

/// By less than anything waits for, or by more than all timeouts.
void Site::stepped_clock() const {
    static constexpr Duration steps[] = {milliseconds(100), seconds(3), seconds(20), minutes(1)};
    Duration const after = fault().after;
    NodeId const node = server();
    Duration const by = steps[below(4)];
    put(after, step::StepClock{node, below(2) == 0 ? by : Duration{} - by});
}

void Site::lie() const {
    Injury const drawn = injury();
    auto const how = static_cast<netsim::DiskLie>(below(5));
    // It is there at once, and waits for no operation.
    std::uint32_t const times = how == netsim::DiskLie::bit_rot ? 1 : drawn.count;
    put(pause(), step::CorruptDisk{drawn.node, how, drawn.part, times});
}

void Site::rollback() const {
    using What = netsim::seen::RolledBack::What;
    Injury const drawn = injury();
    if (is_shared(base_, drawn.node)) return;
    put(pause(), step::TakeSnapshot{drawn.node});
    put(pause(), step::Crash{drawn.node, {}});
    put({}, step::RollBack{drawn.node, static_cast<What>(below(3))});
    put(pause(), step::Restart{drawn.node});
}

void Site::blank_disks() const {
    Duration const after = fault().after;
    NodeId const node = server();
    bool const disks = std::ranges::any_of(cluster().mirrors, [&](auto const& mirror) {
        return std::ranges::find(mirror.on, node) != mirror.on.end();
    });
    if (!disks) return;
    put(after, step::Crash{node, {}});
    put({}, step::RollBack{node, netsim::seen::RolledBack::What::blank});
    put(pause(), step::Restart{node});
}

void Site::switch_cut() const {
    Duration const after = fault().after;
    auto const who =
        static_cast<netsim::Vertex>(below(cluster().nodes.size() + cluster().switches.size()));
    // A shared disk has none.
    bool const linked = std::ranges::any_of(
        cluster().links, [&](LinkSetup const& link) { return link.a == who || link.b == who; });
    if (!linked) return;
    put(after, step::Isolate{who, true});
    put(pause(), step::Isolate{who, false});
}

void Site::edit_log() const {
    using Order = nodes::Order;
    Word const drawn = word();
    NodeId const target = copy_of(drawn.mirror);
    Order::Kind const what =
        below(2) == 0 ? Order::Kind::set_intent_log : Order::Kind::clear_intent_log;
    put(drawn.after, step::Ordered{drawn.mirror, drawn.node, {what, target}, "", false});
}

void Site::fall_back() const {
    using Order = nodes::Order;
    Word const drawn = word();
    put(drawn.after,
        step::Ordered{drawn.mirror, drawn.node, {Order::Kind::use_fallback_image, {}}, "", false});
}

void Site::extension() const {
    Word const drawn = word();
    nodes::Extension edit;
    edit.kind = below(2) == 0 ? nodes::Extension::Kind::extend : nodes::Extension::Kind::unextend;
    edit.server = copy_of(drawn.mirror);
    put(drawn.after, step::EditExtension{drawn.mirror, drawn.node, edit, "", false});
}

void Site::draw_repair() const {
    Duration const after = pause();
    NodeId const node = server();
    LinkSetup const& link = cluster().links[below(cluster().links.size())];
    std::uint16_t const of = mirror();
    std::uint64_t const what = below(5);
    if (what < 2) {
        put(after, step::Restart{node});
    } else if (what == 2) {
        put(after, step::Heal{link.a, link.b});
    } else if (what == 3) {
        put(after, step::FailDisk{copy_of(of), false, false, false});
    } else {
        put(after, step::ResolveSplitBrain{of, copy_of(of), "", false});
    }
}

}  // namespace sunder::campaign
