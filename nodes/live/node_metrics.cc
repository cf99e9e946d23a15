// SPDX-License-Identifier: BSD-3-Clause
//
// Families of metrics, one behind another: of the node, its peers, its mirrors and their legs.
#include "nodes/live/node_metrics.h"

#include "nodes/live/node_look.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <string_view>

namespace sunder::live {

namespace mirror = replication;

namespace {

std::string family(std::string_view name, std::string_view type, std::string_view help) {
    return fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

template <class Value>
std::string for_each_mirror(NodeSetup const& setup, std::string_view name, Value&& value) {
    std::string made;
    for (std::size_t m = 0; m < setup.mirrors.size(); ++m) {
        made += fmt::format("{}{{mirror=\"{}\"}} {}\n", name, setup.mirrors[m].name,
                            std::uint64_t{value(m)});
    }
    return made;
}

std::string metrics_of_node(NodeDriver& node, NodeLook const& seen) {
    std::string made =
        family("sunder_has_quorum", "gauge", "1 while this node has quorum, or needs none");
    made += fmt::format("sunder_has_quorum {}\n", seen.has_quorum ? 1 : 0);
    made += family("sunder_refused_connections_total", "counter",
                   "connections that were refused because they were none of a peer");
    made += fmt::format("sunder_refused_connections_total {}\n", node.refused_connections());
    if (auto const expires = node.peers().certificate_expires()) {
        made += family("sunder_certificate_expiry_timestamp_seconds", "gauge",
                       "when the certificate expires that this node shows to its peers");
        made += fmt::format("sunder_certificate_expiry_timestamp_seconds {}\n", *expires);
    }
    return made;
}

std::string metrics_of_peers(NodeDriver& node, NodeLook const& seen) {
    NodeSetup const& setup = node.setup();
    std::vector<NodeId> const& peers = setup.config.peers;
    auto const name = [&](std::size_t peer) { return setup.members[peers[peer].value].name; };
    std::string made = family("sunder_peer_heard", "gauge", "1 while beats of the peer arrive");
    for (std::size_t p = 0; p < peers.size(); ++p) {
        made += fmt::format("sunder_peer_heard{{peer=\"{}\"}} {}\n", name(p),
                            node.beats().hears(peers[p]) ? 1 : 0);
    }
    made += family("sunder_peer_connected", "gauge", "1 while there is a connection to the peer");
    for (std::size_t p = 0; p < peers.size(); ++p) {
        made += fmt::format("sunder_peer_connected{{peer=\"{}\"}} {}\n", name(p),
                            seen.connected[p] ? 1 : 0);
    }
    made += family("sunder_peer_heard_ago_seconds", "gauge",
                   "since the peer was heard last on a path of its beats; none: it never was");
    for (std::size_t p = 0; p < peers.size(); ++p) {
        auto const paths = node.beats().heard_ago(peers[p]);
        for (std::size_t path = 0; path < paths.size(); ++path) {
            if (!paths[path]) continue;
            made += fmt::format("sunder_peer_heard_ago_seconds{{peer=\"{}\",path=\"{}\"}} {:.3f}\n",
                                name(p), path, static_cast<double>(paths[path]->ns) / 1e9);
        }
    }
    return made;
}

std::string metrics_of_mirrors(NodeDriver& node, std::vector<MirrorStatus> const& all,
                               NodeLook const& seen) {
    NodeSetup const& setup = node.setup();
    std::string made;
    auto const add = [&](std::string_view name, std::string_view type, std::string_view help,
                         auto const& value) {
        made += family(name, type, help) + for_each_mirror(setup, name, value);
    };
    add("sunder_mirror_in_service", "gauge", "1 while hosts may use the mirror here",
        [&](std::size_t m) { return all[m].open; });
    add("sunder_mirror_came_in_service_total", "counter",
        "how often the mirror came in service here",
        [&](std::size_t m) { return node.mirror(m).times_in_service(); });
    add("sunder_mirror_hosts", "gauge", "connections of hosts that have a volume of it open",
        [&](std::size_t m) { return node.mirror(m).hosts(); });
    made += family("sunder_mirror_state", "gauge",
                   "1 for what the mirror is, in one word, as status says");
    for (std::size_t m = 0; m < all.size(); ++m) {
        made += fmt::format("sunder_mirror_state{{mirror=\"{}\",state=\"{}\"}} 1\n",
                            setup.mirrors[m].name, in_one_word(all[m], seen.rules[m]));
    }
    add("sunder_mirror_up_to_date", "gauge", "1 while the copy here is up to date",
        [&](std::size_t m) { return all[m].cell.data == mirror::DataState::up_to_date; });
    add("sunder_mirror_era", "gauge", "the era that the copy here goes by",
        [&](std::size_t m) { return all[m].cell.era.number; });
    made += family("sunder_mirror_generation", "gauge", "1 for the generation of the copy here");
    for (std::size_t m = 0; m < all.size(); ++m) {
        made += fmt::format("sunder_mirror_generation{{mirror=\"{}\",generation=\"{:016x}\"}} 1\n",
                            setup.mirrors[m].name, all[m].cell.current.id);
    }
    add("sunder_disk_failing", "gauge",
        "1 while what was asked last of the own disk failed, of some kind",
        [&](std::size_t m) { return node.mirror(m).health().look().failing; });
    add("sunder_disk_failures_total", "counter", "what the own disk refused, or could not keep",
        [&](std::size_t m) { return node.mirror(m).health().look().failures; });
    made += family("sunder_resource_in_service", "gauge",
                   "1 while what stands on the mirror runs here");
    for (std::size_t m = 0; m < all.size(); ++m) {
        for (AboveStatus const& one : seen.above[m]) {
            made += fmt::format("sunder_resource_in_service{{mirror=\"{}\",resource=\"{}\"}} {}\n",
                                setup.mirrors[m].name, one.name, is_up(one) ? 1 : 0);
        }
    }
    return made;
}

/// Of a leg; nothing: it has no such value.
using LegValue = std::optional<std::uint64_t>;
struct LegFamily {
    std::string_view name;
    std::string_view type;
    std::string_view help;
    LegValue (*of)(LegStatus const&);
};
constexpr std::array leg_families{
    LegFamily{
        "sunder_leg_mirroring", "gauge", "1 while the leg mirrors",
        [](LegStatus const& leg) -> LegValue { return leg.state == mirror::LegState::mirroring; }},
    LegFamily{"sunder_leg_out_of_step_bytes", "gauge", "what the intent log names towards the peer",
              [](LegStatus const& leg) -> LegValue { return leg.out_of_step_bytes; }},
    LegFamily{"sunder_leg_unconfirmed_writes", "gauge",
              "writes and flushes that the peer was sent and has not confirmed",
              [](LegStatus const& leg) -> LegValue { return leg.unconfirmed.value_or(0); }},
    LegFamily{
        "sunder_leg_unconfirmed_writes_limit", "gauge",
        "so many of an asynchronous leg, and hosts wait for the peer",
        [](LegStatus const& leg) { return leg.synchronous ? LegValue() : LegValue(leg.limit); }},
    LegFamily{"sunder_leg_queued_bytes", "gauge", "what waits to be sent to the peer",
              [](LegStatus const& leg) -> LegValue { return leg.traffic.queued_bytes; }},
    LegFamily{"sunder_leg_sent_bytes_total", "counter", "what was sent to the peer, as it travels",
              [](LegStatus const& leg) -> LegValue { return leg.traffic.sent_bytes; }},
    LegFamily{"sunder_leg_resync_left_bytes", "gauge",
              "what a resync from here has not brought to the peer yet",
              [](LegStatus const& leg) -> LegValue { return leg.resync_left_bytes.value_or(0); }},
    LegFamily{"sunder_leg_resynced_bytes_total", "counter",
              "what of the volume resyncs from here sent to the peer",
              [](LegStatus const& leg) -> LegValue { return leg.traffic.resynced_bytes; }},
    LegFamily{"sunder_leg_holds_requests", "gauge",
              "1 while requests of hosts wait because of this peer",
              [](LegStatus const& leg) -> LegValue { return leg.awaited; }}};

std::string metrics_of_legs(NodeSetup const& setup, std::vector<MirrorStatus> const& all) {
    std::string made;
    for (LegFamily const& one : leg_families) {
        made += family(one.name, one.type, one.help);
        for (std::size_t m = 0; m < all.size(); ++m) {
            for (LegStatus const& leg : all[m].legs) {
                LegValue const value = one.of(leg);
                if (!value) continue;
                made += fmt::format("{}{{mirror=\"{}\",peer=\"{}\"}} {}\n", one.name,
                                    setup.mirrors[m].name, leg.peer, *value);
            }
        }
    }
    return made;
}

std::string metrics_of_held(NodeSetup const& setup, std::vector<MirrorStatus> const& all) {
    std::string made =
        family("sunder_held_requests", "gauge",
               "requests of hosts that wait until peers know that they are outdated");
    made += for_each_mirror(setup, "sunder_held_requests",
                            [&](std::size_t m) { return all[m].holding.now.requests; });
    made += family("sunder_held_seconds", "gauge", "for how long there have been such requests");
    made += for_each_mirror(setup, "sunder_held_seconds", [&](std::size_t m) {
        return static_cast<std::uint64_t>(all[m].holding.lasts.ns / 1'000'000'000);
    });
    return made;
}

std::string metrics_of_requests(NodeDriver& node) {
    std::string made;
    struct Count {
        std::string_view name;
        std::string_view help;
        std::atomic<std::uint64_t> GroupDriver::Counts::* count;
    };
    static constexpr std::array counts{
        Count{"sunder_reads_total", "requests of hosts to read", &GroupDriver::Counts::reads},
        Count{"sunder_read_bytes_total", "bytes that hosts read", &GroupDriver::Counts::read_bytes},
        Count{"sunder_writes_total", "requests of hosts to write, trim or zero",
              &GroupDriver::Counts::writes},
        Count{"sunder_flushes_total", "requests of hosts to flush", &GroupDriver::Counts::flushes},
        Count{"sunder_written_bytes_total", "bytes that hosts wrote",
              &GroupDriver::Counts::written_bytes},
        Count{"sunder_failed_requests_total", "requests that were answered with an error",
              &GroupDriver::Counts::failed}};
    for (Count const& one : counts) {
        made += family(one.name, "counter", one.help);
        made += for_each_mirror(node.setup(), one.name, [&](std::size_t m) {
            return (node.mirror(m).counts().*one.count).load();
        });
    }
    return made;
}

}  // namespace

std::string metrics_of(NodeDriver& node) {
    std::vector<MirrorStatus> all;
    for (std::size_t m = 0; m < node.setup().mirrors.size(); ++m) all.push_back(look(node, m));
    NodeLook const seen = look(node);
    return metrics_of_node(node, seen) + metrics_of_peers(node, seen) +
           metrics_of_mirrors(node, all, seen) + metrics_of_legs(node.setup(), all) +
           metrics_of_held(node.setup(), all) + metrics_of_requests(node);
}

}  // namespace sunder::live
