// SPDX-License-Identifier: BSD-3-Clause
//
// The text of steps, and of the conditions that they wait for.
#include "base/text.h"
#include "netsim/volumes.h"
#include "scenarios/language/array_condition.h"
#include "scenarios/language/condition.h"
#include "scenarios/language/write.h"
#include "scenarios/language/write_parts.h"

#include <fmt/format.h>

#include <fmt/ranges.h>
#include <algorithm>

namespace sunder::language {

using netsim::Cluster;

namespace writing {

std::string vertex(Cluster const& cluster, netsim::Vertex v) {
    std::size_t const nodes = cluster.nodes.size();
    return v < nodes ? cluster.nodes[v].name : cluster.switches[v - nodes];
}

std::string exact(Duration time) {
    std::string text = to_text(time);
    return parse_duration(text) == time ? text : fmt::format("{} ns", time.ns);
}

std::string exact(Bandwidth bandwidth) {
    std::string text = to_text(bandwidth);
    return parse_bandwidth(text) == bandwidth ? text
                                              : fmt::format("{} bit/s", bandwidth.bits_per_second);
}

std::string exact(ByteCount size) {
    std::string text = to_text(size);
    return parse_byte_count(text) == size ? text : fmt::format("{} B", size.bytes);
}

std::string exact(WriteCount count) { return to_text(count); }

std::string bytes(std::uint64_t sectors) { return exact(ByteCount{sectors * sector_bytes}); }

std::string quoted(std::string const& text) {
    std::string safe = "\"";
    for (char const c : text) {
        if (c == '"' || c == '\\') safe += '\\';
        safe += c == '\n' ? ' ' : c;
    }
    return safe + "\"";
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
        std::string operator()(Storing const& state) const {
            return fmt::format("storing: {}, mirror: {}", cluster.nodes[state.node.value].name,
                               cluster.mirrors[state.mirror].name);
        }
        std::string operator()(FlagState const& state) const {
            return fmt::format(
                "flag: {}, on: {}, mirror: {}, set: {}",
                state.flag == FlagState::Which::last_owner ? "last_owner" : "data_corrupt",
                cluster.nodes[state.node.value].name, cluster.mirrors[state.mirror].name,
                state.set ? "yes" : "no");
        }
        std::string operator()(ArrayState const& state) const { return entry_of(state, cluster); }
    };
    return std::visit(Entry{cluster}, condition);
}

}  // namespace writing

using writing::bytes;
using writing::condition_entry;
using writing::exact;
using writing::quoted;
using writing::vertex;

namespace {

/// The text of those steps that searches and the shrinker make themselves.
struct SourceOf {
    Cluster const& cluster;
    [[nodiscard]] std::string const& node(NodeId id) const { return cluster.nodes[id.value].name; }
    [[nodiscard]] std::string const& mirror(std::uint16_t m) const {
        return cluster.mirrors[m].name;
    }
    /// "volume: log, at: 4 KiB, length: 512 B".
    [[nodiscard]] std::string place(step::DiskPart const& part) const {
        netsim::MirrorSetup const& setup = cluster.mirrors[part.mirror];
        std::string made;
        std::uint64_t at = part.at;
        for (std::size_t v = 0; v < setup.volumes.size(); ++v) {
            Extent const volume = netsim::extent_of(setup, v);
            if (!volume.contains({part.at, part.sectors})) continue;
            made = fmt::format("volume: {}, ", setup.volumes[v].name);
            at -= volume.first;
        }
        return made + fmt::format("at: {}, length: {}", bytes(at), bytes(part.sectors));
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
    std::string operator()(step::Panic const& step) const {
        return death("panic", step.node, step.fates);
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
        if (step.stores) kinds.emplace_back("stores");
        if (kinds.empty()) return "mend_disk: " + node(step.node);
        std::string made = fmt::format("fail_disk: {{on: {}, operations: [{}]", node(step.node),
                                       fmt::join(kinds, ", "));
        if (step.where) {
            made += ", mirror: " + mirror(step.where->mirror);
            bool const all = step.where->at == 0 && step.stores;
            if (!all) made += ", " + place(*step.where);
        }
        if (step.count != 0) made += fmt::format(", count: {}", step.count);
        return made + "}";
    }
    std::string operator()(step::HangDisk const& step) const {
        return "hang_disk: " + node(step.node);
    }
    std::string operator()(step::CorruptDisk const& step) const {
        std::string const count =
            step.count == 1 ? std::string() : fmt::format(", count: {}", step.count);
        return fmt::format("corrupt_disk: {{on: {}, how: {}, mirror: {}, {}{}}}", node(step.node),
                           netsim::name_of(step.lie), mirror(step.where.mirror), place(step.where),
                           count);
    }
    std::string operator()(step::TakeSnapshot const& step) const {
        return "take_snapshot: " + node(step.node);
    }
    std::string operator()(step::RollBack const& step) const {
        using What = netsim::seen::RolledBack::What;
        if (step.what == What::blank) return "replace_disks: " + node(step.node);
        static constexpr char const* words[] = {"everything", "metadata", "data"};
        return fmt::format("roll_back: {{node: {}, what: {}}}", node(step.node),
                           words[static_cast<int>(step.what)]);
    }
    std::string operator()(step::ExchangeDisks const& step) const {
        return fmt::format("exchange_disks: [{}, {}]", node(step.one), node(step.other));
    }
    std::string operator()(step::SkewClock const& step) const {
        return fmt::format("skew_clock: {{on: {}, percent: {}}}", node(step.node), step.percent);
    }
    std::string operator()(step::StepClock const& step) const {
        bool const forward = step.by > Duration{};
        return fmt::format("step_clock: {{on: {}, {}: {}}}", node(step.node),
                           forward ? "forward" : "back",
                           exact(forward ? step.by : Duration{} - step.by));
    }
    std::string operator()(step::FillMemory const& step) const {
        return (step.full ? "fill_memory: " : "free_memory: ") + node(step.node);
    }
    std::string operator()(step::Isolate const& step) const {
        return (step.cut ? "isolate: " : "rejoin: ") + vertex(cluster, step.who);
    }
    std::string operator()(step::Restart const& step) const {
        return "restart: " + node(step.node);
    }
    std::string operator()(step::Cut const& step) const {
        bool const whole = step.what == netsim::Severed::everything;
        std::string const a = vertex(cluster, step.a);
        std::string const b = vertex(cluster, step.b);
        if (whole && !step.one_way) return fmt::format("cut: [{}, {}]", a, b);
        return fmt::format("cut: {{from: {}, to: {}{}{}}}", a, b,
                           step.one_way ? "" : ", both_ways: yes",
                           whole ? "" : fmt::format(", only: {}", netsim::name_of(step.what)));
    }
    std::string operator()(step::Heal const& step) const {
        return fmt::format("heal: [{}, {}]", vertex(cluster, step.a), vertex(cluster, step.b));
    }
    std::string operator()(step::Degrade const& step) const {
        std::string made = fmt::format("degrade: {{link: [{}, {}]", vertex(cluster, step.a),
                                       vertex(cluster, step.b));
        if (step.how.latency) made += ", latency: " + exact(*step.how.latency);
        if (step.how.jitter) made += ", jitter: " + exact(*step.how.jitter);
        if (step.how.loss) made += ", loss: " + to_text(*step.how.loss);
        if (step.how.bandwidth) made += ", bandwidth: " + exact(*step.how.bandwidth);
        return made + (step.one_way ? ", one_way: yes}" : "}");
    }
    std::string operator()(step::Reset const& step) const {
        return fmt::format("reset: {{between: [{}, {}]{}}}", node(step.a), node(step.b),
                           step.half_open ? ", half_open: yes" : "");
    }
    std::string operator()(step::DamageMessage const& step) const {
        return fmt::format("damage: {{from: {}, to: {}, how: {}}}", node(step.from), node(step.to),
                           netsim::name_of(step.how));
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
            made += ", " + place({step.mirror, step.at, step.sectors});
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
