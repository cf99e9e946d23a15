// SPDX-License-Identifier: BSD-3-Clause
//
// Sections of the file one after another; what has its default is left out.
#include "scenarios/language/write.h"

#include "scenarios/language/condition.h"
#include "scenarios/language/write_parts.h"

#include <fmt/format.h>

#include <fmt/ranges.h>
#include <algorithm>

namespace sunder::language {

namespace {

using netsim::Cluster;
using writing::bytes;
using writing::condition_entry;
using writing::exact;
using writing::quoted;
using writing::vertex;

/// Paragraphs, folded, with an empty line between two of them.
std::string folded(std::string const& key, std::string const& text) {
    if (text.empty()) return "";
    std::string made = key + ": >\n ";
    std::size_t column = 1;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t const end = std::min(text.find_first_of(" \n", at), text.size());
        if (column + end - at > 98 && column > 1) {
            made += "\n ";
            column = 1;
        }
        made += " " + text.substr(at, end - at);
        column += end - at + 1;
        if (end < text.size() && text[end] == '\n') {
            made += "\n\n ";
            column = 1;
        }
        at = end + 1;
    }
    return made + "\n";
}

std::string node_entry(Cluster const& cluster, netsim::NodeSetup const& node) {
    netsim::DiskModel const usual;
    std::string disk;
    auto const add = [&](char const* key, std::string const& value) {
        disk += fmt::format("{}{}: {}", disk.empty() ? "" : ", ", key, value);
    };
    if (node.disk.latency != usual.latency) add("latency", exact(node.disk.latency));
    if (node.disk.jitter != usual.jitter) add("jitter", exact(node.disk.jitter));
    if (node.disk.bandwidth != usual.bandwidth) add("bandwidth", exact(node.disk.bandwidth));
    static constexpr char const* tears[] = {"sectors", "blocks", "head", "tail"};
    if (node.disk.tears != usual.tears) add("tears", tears[static_cast<int>(node.disk.tears)]);
    if (node.disk.ignores_flushes) add("flushes", "ignored");
    if (!disk.empty()) disk = fmt::format("disk: {{{}}}", disk);
    if (!node.shared_by.empty()) {
        disk += fmt::format("{}shared_by: [{}, {}]", disk.empty() ? "" : ", ",
                            cluster.nodes[node.shared_by[0].value].name,
                            cluster.nodes[node.shared_by[1].value].name);
    }
    if (!node.started) disk += disk.empty() ? "started: no" : ", started: no";
    if (node.blocks_resource_failover) {
        disk += disk.empty() ? "" : ", ";
        disk += "block_resource_failover: yes";
    }
    if (!node.bitmap_merge) disk += disk.empty() ? "bitmap_merge: no" : ", bitmap_merge: no";
    return fmt::format("{}: {{{}}}", node.name, disk);
}

std::string link_entry(Cluster const& cluster, netsim::LinkSetup const& link) {
    auto const model = [](netsim::LinkModel const& way) {
        std::string text =
            fmt::format("latency: {}, bandwidth: {}", exact(way.latency), exact(way.bandwidth));
        if (way.jitter != Duration{}) text += ", jitter: " + exact(way.jitter);
        if (way.loss != Share{}) text += ", loss: " + to_text(way.loss);
        return text;
    };
    std::string const ends =
        fmt::format("link: [{}, {}]", vertex(cluster, link.a), vertex(cluster, link.b));
    if (link.back == link.there) return fmt::format("{{{}, {}}}", ends, model(link.there));
    return fmt::format("{{{}, there: {{{}}}, back: {{{}}}}}", ends, model(link.there),
                       model(link.back));
}

std::string split_brain_entry(Cluster const& cluster, netsim::SplitBrainSetup const& setup) {
    if (setup.node) {
        return fmt::format("split_brain: {{discard_node: {}}}",
                           cluster.nodes[setup.node->value].name);
    }
    return fmt::format("split_brain: {}", replication::name_of(setup.policy));
}

std::string resync_rate_entry(replication::ResyncRate const& rate) {
    std::vector<std::string> limits;
    if (rate.max) limits.push_back("max: " + exact(*rate.max));
    if (rate.min) limits.push_back("min: " + exact(*rate.min));
    return fmt::format("resync_rate: {{{}}}", fmt::join(limits, ", "));
}

std::string pairs_entry(std::vector<std::string> const& on,
                        std::vector<netsim::PairSetup> const& pairs) {
    std::vector<std::string> made;
    for (netsim::PairSetup const& pair : pairs) {
        made.push_back(
            fmt::format("{{between: [{}, {}], mode: {}}}", on[pair.a], on[pair.b],
                        pair.mode == netsim::Mode::asynchronous ? "asynchronous" : "synchronous"));
    }
    return fmt::format("pairs: [{}]", fmt::join(made, ", "));
}

std::string size_entry(netsim::MirrorSetup const& mirror) {
    if (mirror.volumes.empty()) return "size: " + bytes(mirror.sectors);
    std::vector<std::string> volumes;
    for (netsim::VolumeSetup const& volume : mirror.volumes) {
        volumes.push_back(fmt::format("{}: {}", volume.name, bytes(volume.sectors)));
    }
    return fmt::format("volumes: {{{}}}", fmt::join(volumes, ", "));
}

std::string mirror_entry(Cluster const& cluster, netsim::MirrorSetup const& mirror) {
    std::vector<std::string> on;
    for (NodeId const node : mirror.on) on.push_back(cluster.nodes[node.value].name);
    std::string made = fmt::format("{}, on: [{}]", size_entry(mirror), fmt::join(on, ", "));
    netsim::MirrorSetup const usual;
    if (mirror.mode == netsim::Mode::asynchronous) made += ", mode: asynchronous";
    if (!mirror.pairs.empty()) made += ", " + pairs_entry(on, mirror.pairs);
    if (mirror.asynchronous_limit != usual.asynchronous_limit) {
        made += fmt::format(", asynchronous_limit: {}", mirror.asynchronous_limit);
    }
    made += ", intent_log: " +
            (mirror.intent_log_chunk ? exact(*mirror.intent_log_chunk) : std::string("none"));
    if (mirror.fallback_image) made += ", fallback_image: " + exact(*mirror.fallback_image);
    if (mirror.disk_errors != usual.disk_errors) {
        made += fmt::format(", disk_errors: {}", replication::name_of(mirror.disk_errors));
    }
    if (mirror.automatic_switchback) made += ", switchback: automatic";
    if (mirror.initially_in_sync) made += ", initially: in sync";
    auto const named = [&](std::vector<bool> const& chosen) {
        std::vector<std::string> names;
        for (std::size_t i = 0; i < on.size(); ++i) {
            if (chosen[i]) names.push_back(on[i]);
        }
        return fmt::format("[{}]", fmt::join(names, ", "));
    };
    if (mirror.unmirrored) {
        made += ", unmirrored: yes";
    } else if (!mirror.extended.empty()) {
        made += ", extended: " + named(mirror.extended);
    }
    if (!mirror.never_in_service.empty()) {
        made += ", never_in_service: " + named(mirror.never_in_service);
    }
    if (mirror.exported) made += ", nfs_exported: yes";
    if (mirror.split_brain) made += ", " + split_brain_entry(cluster, *mirror.split_brain);
    if (mirror.resync_rate.limited()) made += ", " + resync_rate_entry(mirror.resync_rate);
    std::string priorities;
    std::string sizes;
    bool own_priorities = false;  // all of them are named, or none
    for (std::size_t i = 0; i < mirror.on.size(); ++i) {
        own_priorities = own_priorities || mirror.priority_of(i) != i + 1;
    }
    for (std::size_t i = 0; i < mirror.on.size(); ++i) {
        if (own_priorities) {
            priorities += fmt::format("{}{}: {}", priorities.empty() ? "" : ", ", on[i],
                                      mirror.priority_of(i));
        }
        if (i < mirror.sectors_on.size() && mirror.sectors_on[i] != mirror.sectors) {
            sizes += fmt::format("{}{}: {}", sizes.empty() ? "" : ", ", on[i],
                                 bytes(mirror.sectors_on[i]));
        }
    }
    if (!priorities.empty()) made += fmt::format(", priorities: {{{}}}", priorities);
    if (!sizes.empty()) made += fmt::format(", sizes: {{{}}}", sizes);
    return fmt::format("{}: {{{}}}", mirror.name, made);
}

std::string detection_entry(netsim::Detection const& detection) {
    return fmt::format(
        "  detection: {{interval: {}, missed: {}, connection_timeout: {}, reconnect: {}, "
        "boot_wait: {}}}\n",
        exact(detection.interval), detection.missed, exact(detection.connection_timeout),
        exact(detection.reconnect), exact(detection.boot_wait));
}

std::string names_of(Cluster const& cluster, std::vector<NodeId> const& nodes) {
    std::vector<std::string> names;
    for (NodeId const node : nodes) names.push_back(cluster.nodes[node.value].name);
    return fmt::format("[{}]", fmt::join(names, ", "));
}

/// Quorum, fencing, confirm failover.
std::string members_entries(Cluster const& cluster) {
    std::string made;
    netsim::QuorumSetup const& quorum = cluster.quorum;
    if (quorum.mode != nodes::QuorumMode::none) {
        bool const by_storage = quorum.mode == nodes::QuorumMode::storage;
        made += fmt::format("  quorum: {{mode: {}", by_storage ? "storage" : "majority");
        if (quorum.storage) made += ", storage: " + cluster.nodes[quorum.storage->value].name;
        if (!quorum.ask_witnesses) made += ", ask_witnesses: no";
        if (!quorum.tie_breakers.empty()) {
            made += ", tie_breakers: " + names_of(cluster, quorum.tie_breakers);
        }
        made += fmt::format(", on_loss: {}}}\n", nodes::name_of(quorum.on_loss));
    }
    if (cluster.fencing) {
        made += fmt::format("  fencing: {{takes: {}", exact(cluster.fencing->takes));
        std::string delays;
        for (std::size_t n = 0; n < cluster.fencing->delay.size(); ++n) {
            if (cluster.fencing->delay[n] == Duration{}) continue;
            delays += fmt::format("{}{}: {}", delays.empty() ? "" : ", ", cluster.nodes[n].name,
                                  exact(cluster.fencing->delay[n]));
        }
        if (!delays.empty()) made += fmt::format(", delay: {{{}}}", delays);
        made += cluster.fencing->reboots ? "}\n" : ", reboots: no}\n";
    }
    if (!cluster.confirm.pairs.empty()) {
        std::vector<std::string> pairs;
        for (netsim::ConfirmSetup::Pair const& pair : cluster.confirm.pairs) {
            pairs.push_back(fmt::format("{{from: {}, to: {}}}", cluster.nodes[pair.from.value].name,
                                        cluster.nodes[pair.to.value].name));
        }
        made += fmt::format("  confirm_failover: {{pairs: [{}], timeout: {}, default: {}}}\n",
                            fmt::join(pairs, ", "), exact(cluster.confirm.timeout),
                            cluster.confirm.proceeds ? "proceed" : "block");
    }
    if (cluster.boot_time != Cluster{}.boot_time) {
        made += fmt::format("  boot_time: {}\n", exact(cluster.boot_time));
    }
    return made;
}

/// What stands on the mirrors.
std::string resources_entries(Cluster const& cluster) {
    std::string made;
    netsim::ResourceSetup const usual;
    for (std::uint16_t r = 0; r < cluster.resources.size(); ++r) {
        netsim::ResourceSetup const& setup = cluster.resources[r];
        for (netsim::MirrorSetup const& mirror : cluster.mirrors) {
            auto const place = mirror.hierarchy.find(ResourceId{r});
            bool const here = setup.creation && &mirror == &cluster.mirrors[setup.mirror];
            if (!place && !here) continue;
            nodes::ProtectedResource const& one =
                place ? mirror.hierarchy.resources()[*place] : setup.creation->resource;
            auto const dependencies =
                place ? mirror.hierarchy.dependencies() : std::span(setup.creation->dependencies);
            std::vector<std::string> needs;
            std::vector<std::string> needed_by;
            for (nodes::Dependency const& need : dependencies) {
                if (need.parent == one.id) {
                    needs.push_back(need.child ? cluster.resources[need.child->value].name
                                               : mirror.name);
                } else if (!place) {
                    needed_by.push_back(cluster.resources[need.parent.value].name);
                }
            }
            made += fmt::format("    {}: {{type: {}", setup.name, nodes::name_of(one.kind));
            if (!needs.empty()) made += fmt::format(", needs: [{}]", fmt::join(needs, ", "));
            if (!needed_by.empty())
                made += fmt::format(", needed_by: [{}]", fmt::join(needed_by, ", "));
            if (!place) made += ", created: no";
            auto const time = [&](char const* key, Duration is, Duration normally) {
                if (is != normally) made += fmt::format(", {}: {}", key, exact(is));
            };
            time("start", setup.start, usual.start);
            time("stop", setup.stop, usual.stop);
            time("recovery", setup.recovery, usual.recovery);
            time("check", setup.check, usual.check);
            made += one.local_recovery ? "}\n" : ", local_recovery: no}\n";
        }
    }
    return made.empty() ? "" : "  resources:\n" + made;
}

std::string cluster_section(Cluster const& cluster) {
    std::string made = "cluster:\n";
    made +=
        fmt::format("  policy: datakeeper/{}\n", cluster.policy.guarded ? "guarded" : "faithful");
    if (!cluster.policy.bitmap_merge) made += "  bitmap_merge: no\n";
    if (cluster.policy.split_brain != netsim::SplitBrainSetup{}) {
        made += fmt::format("  {}\n", split_brain_entry(cluster, cluster.policy.split_brain));
    }
    std::vector<std::string> nodes;
    for (netsim::NodeSetup const& node : cluster.nodes) {
        nodes.push_back(node_entry(cluster, node));
    }
    made += fmt::format("  nodes: {{{}}}\n", fmt::join(nodes, ", "));
    if (!cluster.switches.empty()) {
        made += fmt::format("  switches: [{}]\n", fmt::join(cluster.switches, ", "));
    }
    made += "  network:\n";
    for (netsim::LinkSetup const& link : cluster.links) {
        made += "    - " + link_entry(cluster, link) + "\n";
    }
    made += "  mirrors:\n";
    for (netsim::MirrorSetup const& mirror : cluster.mirrors) {
        made += "    " + mirror_entry(cluster, mirror) + "\n";
    }
    made += resources_entries(cluster);
    made += members_entries(cluster);
    Cluster const usual;
    if (cluster.detection != usual.detection) made += detection_entry(cluster.detection);
    if (cluster.settle_interval != usual.settle_interval) {
        made += fmt::format("  settle_interval: {}\n", exact(cluster.settle_interval));
    }
    return made;
}

std::string workload_entry(Cluster const& cluster, Workload const& workload) {
    netsim::MirrorSetup const& mirror = cluster.mirrors[workload.mirror];
    auto const blocks = [](Workload::Order order, std::uint64_t sectors) {
        return fmt::format("write: {}, block: {}",
                           order == Workload::Order::random ? "random" : "sequential",
                           bytes(sectors));
    };
    std::string made = "on: " + mirror.name;
    if (workload.volume) made += ", volume: " + mirror.volumes[*workload.volume].name;
    made += ", " + blocks(workload.write, workload.block_sectors);
    if (workload.reads_percent != 0) {
        made += fmt::format(", reads_percent: {}", workload.reads_percent);
    }
    if (workload.flush_every) made += fmt::format(", flush_every: {}", *workload.flush_every);
    if (workload.rate) made += ", rate: " + to_text(*workload.rate);
    if (workload.depth) made += fmt::format(", depth: {}", *workload.depth);
    if (workload.count) made += fmt::format(", count: {}", *workload.count);
    if (auto const& then = workload.then) {
        made += fmt::format(", then: {{volume: {}, {}}}", mirror.volumes[then->volume].name,
                            blocks(then->write, then->block_sectors));
    }
    if (!workload.started) made += ", started: no";
    return "{" + made + "}";
}

std::string expect_section(Scenario const& scenario) {
    Expect const& expect = scenario.expect;
    std::string made;
    if (!expect.always.empty()) {
        made += fmt::format("  always: [{}]\n", fmt::join(expect.always, ", "));
    }
    if (!expect.sometimes.empty()) {
        made += fmt::format("  sometimes: [{}]\n", fmt::join(expect.sometimes, ", "));
    }
    if (!expect.finally.empty()) {
        made += "  finally:\n";
        for (Condition const& condition : expect.finally) {
            made += fmt::format("    - {{{}}}\n", condition_entry(condition, scenario.cluster));
        }
    }
    auto const ranked = [&](char const* key, auto const& most) {
        std::vector<std::string> entries;
        for (auto const& [rank, value] : most) {
            entries.push_back(fmt::format("{}: {}", name_of_rank(rank), exact(value)));
        }
        if (!entries.empty()) made += fmt::format("  {}: {{{}}}\n", key, fmt::join(entries, ", "));
    };
    ranked("rto", expect.rto);
    ranked("rpo", expect.rpo);
    return made.empty() ? "" : "\nexpect:\n" + made;
}

}  // namespace

std::string to_yaml(Scenario const& scenario) {
    std::string made = "# yaml-language-server: $schema=../scenario.schema.json\n";
    made += "scenario: " + quoted(scenario.title) + "\n";
    made += folded("about", scenario.about);
    if (!scenario.source.empty()) made += "source: " + quoted(scenario.source) + "\n";
    bool const of_arrays = !scenario.cluster.arrays.empty();
    made += "\n" + (of_arrays ? writing::arrays_section(scenario.cluster)
                              : cluster_section(scenario.cluster));
    if (!scenario.workload.empty() || !scenario.array_workload.empty()) made += "\nworkload:\n";
    for (Workload const& workload : scenario.workload) {
        made += "  - " + workload_entry(scenario.cluster, workload) + "\n";
    }
    for (ArrayWorkload const& workload : scenario.array_workload) {
        made += "  - " + writing::array_workload_entry(scenario.cluster, workload) + "\n";
    }
    made += "\nsteps:\n";
    for (Step const& step : scenario.steps) made += "  - " + step.source + "\n";
    return made + expect_section(scenario);
}

}  // namespace sunder::language
