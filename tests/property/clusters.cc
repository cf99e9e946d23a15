// SPDX-License-Identifier: BSD-3-Clause
//
// How campaigns are drawn, and how often each thing happens in them.
#include "tests/property/clusters.h"

#include "tests/netsim/checkers/stage.h"
#include "tests/property/playing.h"

#include <fmt/format.h>

#include <ostream>

namespace sunder::netsim::test {

static void put_database_on(Cluster& cluster) {
    constexpr ResourceId data{0};
    constexpr ResourceId address{1};
    constexpr ResourceId database{2};
    Duration const check = milliseconds(100);
    cluster.resources = {{"data", milliseconds(20), milliseconds(10), milliseconds(10), check},
                         {"ip", milliseconds(5), milliseconds(1), milliseconds(5), check},
                         {"db", milliseconds(60), milliseconds(30), milliseconds(40), check}};
    nodes::Hierarchy& above = cluster.mirrors[0].hierarchy;
    above.create({data, nodes::ResourceKind::file_system});
    above.create({address, nodes::ResourceKind::address, false});
    above.create({database, nodes::ResourceKind::application});
    above.create_dependency({data, {}});
    above.create_dependency({database, data});
    above.create_dependency({database, address});
}

/// Not beside quorum and fencing, which a cluster with a shared disk has not.
static bool is_shared(Campaign const& campaign) {
    return campaign.shared && campaign.members == Members::free;
}

/// The first copy; its two servers come behind the other nodes.
static void put_on_shared_disk(Cluster& cluster, LinkModel const& link) {
    auto const others = static_cast<std::uint8_t>(cluster.nodes.size());
    for (std::uint8_t n = 0; n < 2; ++n) {
        NodeId const server{static_cast<std::uint8_t>(others + n)};
        cluster.nodes.push_back({n == 0 ? "near" : "partner", {}, true, false, {}});
        cluster.nodes[0].shared_by.push_back(server);
        for (std::uint8_t other = 1; other < server.value; ++other) {
            cluster.links.push_back({other, server.value, link, link});
        }
    }
}

Cluster cluster_of(Campaign const& campaign) {
    Cluster cluster = small_cluster();
    cluster.policy.guarded = campaign.guarded;
    cluster.policy.bitmap_merge = campaign.bitmap_merge;
    MirrorSetup& mirror = cluster.mirrors[0];
    mirror.mode = campaign.asynchronous ? Mode::asynchronous : Mode::synchronous;
    mirror.asynchronous_limit = campaign.limit;
    mirror.initially_in_sync = campaign.born_in_sync;
    if (campaign.volumes) divide(mirror);
    if (!campaign.intent_log) mirror.intent_log_chunk.reset();
    LinkModel link;
    link.latency = microseconds(campaign.latency_us);
    link.bandwidth = Bandwidth{std::uint64_t{campaign.bandwidth_mbit} * 1'000'000};
    cluster.boot_time = seconds(2);
    switch (campaign.members) {
        case Members::shot:
            cluster.fencing.emplace();
            cluster.fencing->takes = milliseconds(300);
            break;
        case Members::reboot_without_quorum:
        case Members::leave_without_quorum:
            cluster.quorum.mode = nodes::QuorumMode::majority;
            if (campaign.members == Members::leave_without_quorum)
                cluster.quorum.on_loss = nodes::LossAction::leave_service;
            break;
        case Members::free:
        case Members::last:
            break;
    }
    if (campaign.database) put_database_on(cluster);
    cluster.nodes.clear();
    cluster.links.clear();
    mirror.on.clear();
    mirror.priority.clear();
    for (std::uint8_t n = 0; n < campaign.copies; ++n) {
        NodeSetup node{fmt::format("server{}", n + 1), {}};
        if (n == 1 || n == 2) node.disk.jitter = microseconds(campaign.disk_jitter_us);
        cluster.nodes.push_back(std::move(node));
        mirror.on.push_back(NodeId{n});
        mirror.priority.push_back(static_cast<std::uint16_t>(n + 1));
        for (std::uint8_t other = 0; other < n; ++other) {
            bool const on_disk = is_shared(campaign) && other == 0;
            if (!on_disk) cluster.links.push_back({other, n, link, link});
        }
    }
    Mode const other = campaign.asynchronous ? Mode::synchronous : Mode::asynchronous;
    std::uint32_t pair = campaign.other_mode;
    for (std::uint8_t a = 0; a < campaign.copies; ++a) {
        for (auto b = static_cast<std::uint8_t>(a + 1); b < campaign.copies; ++b, pair >>= 1) {
            if ((pair & 1) != 0) mirror.pairs.push_back({a, b, other});
        }
    }
    if (is_shared(campaign)) put_on_shared_disk(cluster, link);
    return cluster;
}

namespace {

rc::Gen<Blow> any_blow() {
    using Kind = Blow::Kind;
    return rc::gen::build<Blow>(
        rc::gen::set(&Blow::kind,
                     rc::gen::weightedElement<Kind>(
                         {{20, Kind::work},     {8, Kind::idle},          {6, Kind::crash},
                          {6, Kind::power_cut}, {5, Kind::cut},           {3, Kind::isolate},
                          {1, Kind::divide},    {4, Kind::reset},         {3, Kind::freeze},
                          {6, Kind::heal},      {8, Kind::mend},          {3, Kind::slow_disk},
                          {4, Kind::move},      {1, Kind::force},         {2, Kind::resolve},
                          {8, Kind::fail_over}, {6, Kind::fail_twice},    {2, Kind::keep_apart},
                          {3, Kind::resume},    {4, Kind::fail_resource}, {3, Kind::extend}})),
        rc::gen::set(&Blow::dice, rc::gen::noShrink(between<std::uint32_t>(0, 1U << 30))));
}

}  // namespace

rc::Gen<Campaign> any_campaign() {
    return rc::gen::build<Campaign>(
        rc::gen::set(&Campaign::seed, rc::gen::noShrink(between<std::uint64_t>(1, 1ULL << 40))),
        rc::gen::set(&Campaign::copies,
                     rc::gen::weightedElement<unsigned>({{6, 3U}, {3, 4U}, {1, 5U}})),
        rc::gen::set(&Campaign::guarded, rc::gen::weightedElement<bool>({{7, false}, {1, true}})),
        rc::gen::set(&Campaign::members,
                     rc::gen::weightedElement<Members>({{6, Members::free},
                                                        {2, Members::shot},
                                                        {1, Members::reboot_without_quorum},
                                                        {1, Members::leave_without_quorum}})),
        rc::gen::set(&Campaign::asynchronous, rc::gen::element(false, true)),
        rc::gen::set(&Campaign::other_mode,
                     rc::gen::weightedOneOf<std::uint32_t>(
                         {{3, rc::gen::just(0U)}, {1, between<std::uint32_t>(1, 1023)}})),
        rc::gen::set(&Campaign::intent_log,
                     rc::gen::weightedElement<bool>({{7, true}, {1, false}})),
        rc::gen::set(&Campaign::bitmap_merge,
                     rc::gen::weightedElement<bool>({{7, true}, {1, false}})),
        rc::gen::set(&Campaign::born_in_sync, rc::gen::element(false, true)),
        rc::gen::set(&Campaign::volumes, rc::gen::weightedElement<bool>({{2, false}, {1, true}})),
        rc::gen::set(&Campaign::shared, rc::gen::weightedElement<bool>({{4, false}, {1, true}})),
        rc::gen::set(&Campaign::database, rc::gen::weightedElement<bool>({{3, false}, {1, true}})),
        rc::gen::set(&Campaign::limit, rc::gen::element<std::uint32_t>(16, 1, 4, 256)),
        rc::gen::set(&Campaign::latency_us, rc::gen::element<std::uint32_t>(200, 50, 2000)),
        rc::gen::set(&Campaign::bandwidth_mbit, rc::gen::element<std::uint32_t>(1000, 100)),
        rc::gen::set(&Campaign::disk_jitter_us, rc::gen::element<std::uint32_t>(50, 0, 2000)),
        rc::gen::set(&Campaign::acts,
                     rc::gen::resize(24, rc::gen::container<std::vector<Blow>>(any_blow()))));
}

std::string_view name_of(Blow::Kind kind) {
    static constexpr std::string_view names[] = {
        "work",   "idle",   "crash",        "power cut", "cut",        "isolate",
        "divide", "reset",  "freeze",       "heal",      "mend",       "slow disk",
        "move",   "force",  "resolve",      "fail over", "fail twice", "keep apart",
        "resume", "extend", "fail resource"};
    static_assert(std::size(names) == static_cast<std::size_t>(Blow::Kind::last));
    return names[static_cast<std::size_t>(kind)];
}

static char const* words_of(Members members) {
    static constexpr char const* words[] = {"anybody may take over", "silent nodes are shot",
                                            "quorum or reboot", "quorum or out of service"};
    return words[static_cast<int>(members)];
}

void showValue(Campaign const& campaign, std::ostream& out) {
    out << fmt::format(
        "seed {}, {} copies, {}, {}, {} ({:#x} otherwise), {}, bitmap_merge {}, born in sync "
        "{}{}{}{}, limit {}, "
        "latency "
        "{} "
        "us, "
        "{} Mbit/s, disks {} us jitter:\n",
        campaign.seed, campaign.copies, campaign.guarded ? "guarded" : "faithful",
        words_of(campaign.members), campaign.asynchronous ? "asynchronous" : "synchronous",
        campaign.other_mode, campaign.intent_log ? "intent log" : "no intent log",
        campaign.bitmap_merge, campaign.born_in_sync, campaign.volumes ? ", a log and data" : "",
        campaign.database ? ", with a database" : "",
        is_shared(campaign) ? ", on a shared disk" : "", campaign.limit, campaign.latency_us,
        campaign.bandwidth_mbit, campaign.disk_jitter_us);
    for (Blow const& blow : campaign.acts) {
        out << fmt::format("  {} (dice {})\n", name_of(blow.kind), blow.dice);
    }
}

}  // namespace sunder::netsim::test
