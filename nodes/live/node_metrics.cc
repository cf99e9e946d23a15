// SPDX-License-Identifier: BSD-3-Clause
//
// Families of metrics, one behind another: of the node, its peers, its mirrors and their legs.
#include "nodes/live/node_metrics.h"

#include "nodes/live/node_look.h"

#include <fmt/format.h>

#include <array>
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
    made += family("sunder_leg_holds_requests", "gauge", "1 while they wait because of this peer");
    for (std::size_t m = 0; m < all.size(); ++m) {
        for (LegStatus const& leg : all[m].legs) {
            made += fmt::format("sunder_leg_holds_requests{{mirror=\"{}\",peer=\"{}\"}} {}\n",
                                setup.mirrors[m].name, leg.peer, leg.awaited ? 1 : 0);
        }
    }
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
        Count{"sunder_writes_total", "requests of hosts to write, trim or zero",
              &GroupDriver::Counts::writes},
        Count{"sunder_flushes_total", "requests of hosts to flush", &GroupDriver::Counts::flushes},
        Count{"sunder_written_bytes_total", "bytes that hosts wrote",
              &GroupDriver::Counts::written_bytes},
        Count{"sunder_failed_requests_total", "requests that were answered with an error",
              &GroupDriver::Counts::failed}};
    for (Count const& one : counts) {
        made += family(one.name, "counter", one.help);
        for (std::size_t m = 0; m < node.setup().mirrors.size(); ++m) {
            made += fmt::format("{}{{mirror=\"{}\"}} {}\n", one.name, node.setup().mirrors[m].name,
                                (node.mirror(m).counts().*one.count).load());
        }
    }
    return made;
}

}  // namespace

std::string metrics_of(NodeDriver& node) {
    NodeSetup const& setup = node.setup();
    std::string made;
    made += family("sunder_peer_heard", "gauge", "1 while beats of the peer arrive");
    for (NodeId const peer : setup.config.peers) {
        made += fmt::format("sunder_peer_heard{{peer=\"{}\"}} {}\n", setup.members[peer.value].name,
                            node.beats().hears(peer) ? 1 : 0);
    }
    std::vector<MirrorStatus> all;
    for (std::size_t m = 0; m < setup.mirrors.size(); ++m) all.push_back(look(node, m));
    made += family("sunder_mirror_in_service", "gauge", "1 while hosts may use the mirror here");
    for (std::size_t m = 0; m < all.size(); ++m) {
        made += fmt::format("sunder_mirror_in_service{{mirror=\"{}\"}} {}\n", setup.mirrors[m].name,
                            all[m].open ? 1 : 0);
    }
    NodeLook const seen = look(node);
    made += family("sunder_mirror_state", "gauge",
                   "1 for what the mirror is, in one word, as status says");
    for (std::size_t m = 0; m < all.size(); ++m) {
        made += fmt::format("sunder_mirror_state{{mirror=\"{}\",state=\"{}\"}} 1\n",
                            setup.mirrors[m].name, in_one_word(all[m], seen.rules[m]));
    }
    made += family("sunder_mirror_up_to_date", "gauge", "1 while the copy here is up to date");
    for (std::size_t m = 0; m < all.size(); ++m) {
        bool const latest = all[m].cell.data == mirror::DataState::up_to_date;
        made += fmt::format("sunder_mirror_up_to_date{{mirror=\"{}\"}} {}\n", setup.mirrors[m].name,
                            latest ? 1 : 0);
    }
    made += family("sunder_disk_failing", "gauge",
                   "1 while what was asked last of the own disk failed, of some kind");
    made += for_each_mirror(setup, "sunder_disk_failing",
                            [&](std::size_t m) { return node.mirror(m).health().look().failing; });
    made += family("sunder_disk_failures_total", "counter",
                   "what the own disk refused, or could not keep");
    made += for_each_mirror(setup, "sunder_disk_failures_total",
                            [&](std::size_t m) { return node.mirror(m).health().look().failures; });
    made += family("sunder_has_quorum", "gauge", "1 while this node has quorum, or needs none");
    made += fmt::format("sunder_has_quorum {}\n", seen.has_quorum ? 1 : 0);
    made += family("sunder_resource_in_service", "gauge",
                   "1 while what stands on the mirror runs here");
    for (std::size_t m = 0; m < all.size(); ++m) {
        for (AboveStatus const& one : seen.above[m]) {
            made += fmt::format("sunder_resource_in_service{{mirror=\"{}\",resource=\"{}\"}} {}\n",
                                setup.mirrors[m].name, one.name, is_up(one) ? 1 : 0);
        }
    }
    made += family("sunder_leg_mirroring", "gauge", "1 while the leg mirrors");
    for (std::size_t m = 0; m < all.size(); ++m) {
        for (LegStatus const& leg : all[m].legs) {
            made += fmt::format("sunder_leg_mirroring{{mirror=\"{}\",peer=\"{}\"}} {}\n",
                                setup.mirrors[m].name, leg.peer,
                                leg.state == mirror::LegState::mirroring ? 1 : 0);
        }
    }
    made += family("sunder_leg_out_of_step_bytes", "gauge",
                   "what the intent log names towards the peer");
    for (std::size_t m = 0; m < all.size(); ++m) {
        for (LegStatus const& leg : all[m].legs) {
            made += fmt::format("sunder_leg_out_of_step_bytes{{mirror=\"{}\",peer=\"{}\"}} {}\n",
                                setup.mirrors[m].name, leg.peer, leg.out_of_step_bytes);
        }
    }
    return made + metrics_of_held(setup, all) + metrics_of_requests(node);
}

}  // namespace sunder::live
