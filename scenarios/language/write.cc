// SPDX-License-Identifier: BSD-3-Clause
//
// Sections of the file one after another; what has its default is left out.
#include "scenarios/language/write.h"

#include "base/text.h"
#include "netsim/volumes.h"
#include "scenarios/language/condition.h"

#include <fmt/format.h>

#include <fmt/ranges.h>
#include <algorithm>

namespace sunder::language {

namespace {

using netsim::Cluster;

std::string vertex(Cluster const& cluster, netsim::Vertex v) {
    std::size_t const nodes = cluster.nodes.size();
    return v < nodes ? cluster.nodes[v].name : cluster.switches[v - nodes];
}

/// To the last nanosecond, because what is read again must play alike.
std::string exact(Duration time) {
    std::string text = to_text(time);
    return parse_duration(text) == time ? text : fmt::format("{} ns", time.ns);
}

std::string bytes(std::uint64_t sectors) { return to_text(ByteCount{sectors * sector_bytes}); }

/// A text on one line that may hold anything.
std::string quoted(std::string const& text) {
    std::string safe = "\"";
    for (char const c : text) {
        if (c == '"' || c == '\\') safe += '\\';
        safe += c == '\n' ? ' ' : c;
    }
    return safe + "\"";
}

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
    if (node.disk.latency != usual.latency) add("latency", to_text(node.disk.latency));
    if (node.disk.jitter != usual.jitter) add("jitter", to_text(node.disk.jitter));
    if (node.disk.bandwidth != usual.bandwidth) add("bandwidth", to_text(node.disk.bandwidth));
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
    return fmt::format("{}: {{{}}}", node.name, disk);
}

std::string link_entry(Cluster const& cluster, netsim::LinkSetup const& link) {
    auto const model = [](netsim::LinkModel const& way) {
        return fmt::format("latency: {}, bandwidth: {}", to_text(way.latency),
                           to_text(way.bandwidth));
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
    if (rate.max) limits.push_back("max: " + to_text(*rate.max));
    if (rate.min) limits.push_back("min: " + to_text(*rate.min));
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
            (mirror.intent_log_chunk ? to_text(*mirror.intent_log_chunk) : std::string("none"));
    if (mirror.fallback_image) made += ", fallback_image: " + to_text(*mirror.fallback_image);
    if (mirror.disk_errors != usual.disk_errors) {
        made += fmt::format(", disk_errors: {}", replication::name_of(mirror.disk_errors));
    }
    if (mirror.automatic_switchback) made += ", switchback: automatic";
    if (mirror.initially_in_sync) made += ", initially: in sync";
    if (mirror.unmirrored) {
        made += ", unmirrored: yes";
    } else if (!mirror.extended.empty()) {
        std::vector<std::string> extended;
        for (std::size_t i = 0; i < on.size(); ++i) {
            if (mirror.extended[i]) extended.push_back(on[i]);
        }
        made += fmt::format(", extended: [{}]", fmt::join(extended, ", "));
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
        to_text(detection.interval), detection.missed, to_text(detection.connection_timeout),
        to_text(detection.reconnect), to_text(detection.boot_wait));
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
        made += fmt::format("  fencing: {{takes: {}", to_text(cluster.fencing->takes));
        std::string delays;
        for (std::size_t n = 0; n < cluster.fencing->delay.size(); ++n) {
            if (cluster.fencing->delay[n] == Duration{}) continue;
            delays += fmt::format("{}{}: {}", delays.empty() ? "" : ", ", cluster.nodes[n].name,
                                  to_text(cluster.fencing->delay[n]));
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
                            fmt::join(pairs, ", "), to_text(cluster.confirm.timeout),
                            cluster.confirm.proceeds ? "proceed" : "block");
    }
    if (cluster.boot_time != Cluster{}.boot_time) {
        made += fmt::format("  boot_time: {}\n", to_text(cluster.boot_time));
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
        made += fmt::format("  settle_interval: {}\n", to_text(cluster.settle_interval));
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

std::string condition_entry(Condition const& condition, Cluster const& cluster) {
    struct Entry {
        Cluster const& cluster;
        std::string operator()(InServiceAt const& at) const {
            return fmt::format("resource: {}, in_service: {}",
                               at.above ? cluster.resources[at.above->value].name
                                        : cluster.mirrors[at.mirror].name,
                               at.server ? cluster.nodes[at.server->value].name
                               : at.node ? cluster.nodes[at.node->value].name
                                         : "none");
        }
        std::string operator()(MirrorState const& state) const {
            return fmt::format("mirror: {}, is: {}", cluster.mirrors[state.mirror].name,
                               name_of(state.is));
        }
        std::string operator()(ResourceState const& state) const {
            static constexpr char const* words[] = {"in service", "out of service", "failed"};
            return fmt::format(
                "resource: {}, state: {}, on: {}", cluster.resources[state.resource.value].name,
                words[static_cast<int>(state.is)], cluster.nodes[state.node.value].name);
        }
        std::string operator()(NodeRuns const& state) const {
            return fmt::format("node: {}, runs: {}", cluster.nodes[state.node.value].name,
                               state.runs ? "yes" : "no");
        }
        std::string operator()(QuorumState const& state) const {
            return fmt::format("quorum: {}, on: {}", state.held ? "held" : "lost",
                               cluster.nodes[state.node.value].name);
        }
        std::string operator()(FlagState const& state) const {
            return fmt::format(
                "flag: {}, on: {}, mirror: {}, set: {}",
                state.flag == FlagState::Which::last_owner ? "last_owner" : "data_corrupt",
                cluster.nodes[state.node.value].name, cluster.mirrors[state.mirror].name,
                state.set ? "yes" : "no");
        }
    };
    return std::visit(Entry{cluster}, condition);
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
            entries.push_back(fmt::format("{}: {}", name_of_rank(rank), to_text(value)));
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
    made += "\n" + cluster_section(scenario.cluster);
    if (!scenario.workload.empty()) {
        made += "\nworkload:\n";
        for (Workload const& workload : scenario.workload) {
            made += "  - " + workload_entry(scenario.cluster, workload) + "\n";
        }
    }
    made += "\nsteps:\n";
    for (Step const& step : scenario.steps) made += "  - " + step.source + "\n";
    return made + expect_section(scenario);
}

namespace {

/// The text of those steps that searches and the shrinker make themselves.
struct SourceOf {
    Cluster const& cluster;
    [[nodiscard]] std::string const& node(NodeId id) const { return cluster.nodes[id.value].name; }
    [[nodiscard]] std::string const& mirror(std::uint16_t m) const {
        return cluster.mirrors[m].name;
    }
    [[nodiscard]] std::string death(char const* key, NodeId who,
                                    std::vector<std::uint8_t> const& fates) const {
        if (fates.empty()) return fmt::format("{}: {}", key, node(who));
        return fmt::format("{}: {{node: {}, fates: [{}]}}", key, node(who), fmt::join(fates, ", "));
    }
    std::string operator()(step::Crash const& step) const {
        return death("crash", step.node, step.fates);
    }
    std::string operator()(step::PowerCut const& step) const {
        return death("power_cut", step.node, step.fates);
    }
    std::string operator()(step::Pause const& step) const { return "pause: " + node(step.node); }
    std::string operator()(step::Resume const& step) const { return "resume: " + node(step.node); }
    std::string operator()(step::SlowDisk const& step) const {
        return fmt::format("slow_disk: {{on: {}, factor: {}}}", node(step.node), step.factor);
    }
    std::string operator()(step::FailDisk const& step) const {
        std::vector<std::string> kinds;
        if (step.reads) kinds.emplace_back("reads");
        if (step.writes) kinds.emplace_back("writes");
        if (step.flushes) kinds.emplace_back("flushes");
        if (kinds.empty()) return "mend_disk: " + node(step.node);
        return fmt::format("fail_disk: {{on: {}, operations: [{}]}}", node(step.node),
                           fmt::join(kinds, ", "));
    }
    std::string operator()(step::Restart const& step) const {
        return "restart: " + node(step.node);
    }
    std::string operator()(step::Cut const& step) const {
        char const* const form = step.one_way ? "cut: {{from: {}, to: {}}}" : "cut: [{}, {}]";
        return fmt::format(fmt::runtime(form), vertex(cluster, step.a), vertex(cluster, step.b));
    }
    std::string operator()(step::Heal const& step) const {
        return fmt::format("heal: [{}, {}]", vertex(cluster, step.a), vertex(cluster, step.b));
    }
    std::string operator()(step::Reset const& step) const {
        return fmt::format("reset: {{between: [{}, {}]{}}}", node(step.a), node(step.b),
                           step.half_open ? ", half_open: yes" : "");
    }
    std::string operator()(step::Wait const& step) const {
        return fmt::format("wait: {{{}, within: {}}}", condition_entry(step.until, cluster),
                           exact(step.within));
    }
    std::string operator()(step::StopWorkload const& step) const {
        return "stop_workload: " + mirror(step.mirror);
    }
    std::string operator()(step::Pass const& step) const { return "pass: " + exact(step.time); }
    std::string operator()(step::Rest const& step) const { return "rest: " + exact(step.within); }
    std::string operator()(step::Event const& step) const { return "event: " + quoted(step.name); }
    std::string operator()(step::Ask const& step) const {
        static constexpr char const* words[] = {"read", "write", "trim", "write_zeroes", "flush"};
        std::string made = fmt::format("ask: {{mirror: {}, on: {}, op: {}", mirror(step.mirror),
                                       node(step.node), words[static_cast<int>(step.op)]);
        if (step.op != replication::HostOp::flush) {
            netsim::MirrorSetup const& setup = cluster.mirrors[step.mirror];
            std::uint64_t at = step.at;
            for (std::size_t v = 0; v < setup.volumes.size(); ++v) {
                Extent const volume = netsim::extent_of(setup, v);
                if (!volume.contains({step.at, step.sectors})) continue;
                made += ", volume: " + setup.volumes[v].name;
                at -= volume.first;
            }
            made += fmt::format(", at: {}, length: {}", bytes(at), bytes(step.sectors));
        }
        if (step.fua) made += ", fua: yes";
        return made + "}";
    }
    std::string operator()(step::ForceOnline const& step) const {
        return fmt::format("force_online: {{mirror: {}, on: {}{}}}", mirror(step.mirror),
                           node(step.node), step.await ? "" : ", await: no");
    }
    std::string operator()(step::SwitchOver const& step) const {
        return fmt::format("switch_over: {{mirror: {}, to: {}{}}}", mirror(step.mirror),
                           node(step.node), step.await ? "" : ", await: no");
    }
    std::string operator()(step::ResolveSplitBrain const& step) const {
        return fmt::format("resolve_split_brain: {{mirror: {}, loser: {}{}}}", mirror(step.mirror),
                           node(step.node), step.await ? "" : ", await: no");
    }
    std::string operator()(step::ConfirmFailover const& step) const {
        return fmt::format("confirm_failover: {{on: {}, dead: {}{}{}}}", node(step.node),
                           node(step.dead), step.proceeds ? "" : ", answer: block",
                           step.await ? "" : ", await: no");
    }
    std::string operator()(step::MoveSharedDisk const& step) const {
        for (netsim::MirrorSetup const& one : cluster.mirrors) {
            if (std::ranges::find(one.on, step.shared) == one.on.end()) continue;
            return fmt::format("switch_over: {{mirror: {}, to: {}{}}}", one.name, node(step.to),
                               step.await ? "" : ", await: no");
        }
        return "";
    }
    std::string operator()(step::EditHierarchy const& step) const {
        static constexpr char const* words[] = {"create_resource", "delete_resource",
                                                "create_dependency", "delete_dependency"};
        using Kind = nodes::HierarchyEdit::Kind;
        bool const of_one = step.edit.kind == Kind::create || step.edit.kind == Kind::remove;
        auto const name = [&](std::optional<ResourceId> id) {
            return id ? cluster.resources[id->value].name : mirror(step.mirror);
        };
        std::string const what =
            of_one ? "resource: " + name(step.edit.resource.id)
                   : fmt::format("parent: {}, child: {}", name(step.edit.dependencies[0].parent),
                                 name(step.edit.dependencies[0].child));
        return fmt::format("{}: {{{}, on: {}{}}}", words[static_cast<int>(step.edit.kind)], what,
                           node(step.node), step.await ? "" : ", await: no");
    }
    std::string operator()(step::EditExtension const& step) const {
        using Kind = nodes::Extension::Kind;
        bool const of_mirror = step.edit.kind == Kind::create || step.edit.kind == Kind::remove;
        std::string made = fmt::format("{}{}: {{mirror: {}", nodes::name_of(step.edit.kind),
                                       of_mirror ? "_mirror" : "", mirror(step.mirror));
        if (step.edit.kind == Kind::extend) made += ", to: " + node(step.edit.server);
        if (step.edit.kind == Kind::unextend) made += ", from: " + node(step.edit.server);
        if (step.node) made += ", on: " + node(*step.node);
        if (step.edit.priority) made += fmt::format(", priority: {}", *step.edit.priority);
        return made + (step.await ? "}" : ", await: no}");
    }
    std::string operator()(step::FailResource const& step) const {
        std::vector<std::string> kinds;
        if (step.runs_no_more) kinds.emplace_back("run");
        if (step.faults.start) kinds.emplace_back("start");
        if (step.faults.stop) kinds.emplace_back("stop");
        if (step.faults.recovery) kinds.emplace_back("recovery");
        std::string const what = fmt::format(
            "resource: {}, on: {}", cluster.resources[step.resource.value].name, node(step.node));
        if (kinds.empty()) return fmt::format("mend_resource: {{{}}}", what);
        return fmt::format("fail_resource: {{{}, operations: [{}]}}", what, fmt::join(kinds, ", "));
    }
    std::string operator()(step::FailFencing const& step) const {
        return (step.misses ? "fail_fencing: " : "mend_fencing: ") + node(step.node);
    }
    std::string operator()(step::Ordered const& step) const {
        static constexpr char const* words[] = {
            "pause_mirror",   "resume_mirror",    "take_out_of_service", "bring_in_service",
            "set_intent_log", "clear_intent_log", "enable_asynchronous", "use_fallback_image"};
        std::string made = fmt::format("{}: {{mirror: {}", words[static_cast<int>(step.order.kind)],
                                       mirror(step.mirror));
        if (step.node) made += ", on: " + node(*step.node);
        if (step.order.target) made += ", target: " + node(*step.order.target);
        if (step.order.limit != 0) made += fmt::format(", limit: {}", step.order.limit);
        if (!step.await) made += ", await: no";
        return made + "}";
    }
    std::string operator()(auto const&) const { return ""; }
};

}  // namespace

Step make_step(Action const& action, Cluster const& cluster) {
    return {action, {}, std::visit(SourceOf{cluster}, action)};
}

}  // namespace sunder::language
