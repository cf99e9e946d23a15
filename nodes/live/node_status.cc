// SPDX-License-Identifier: BSD-3-Clause
//
// What is looked up where, and under which keys and names it is told.
#include "nodes/live/node_status.h"

#include "nodes/live/note_words.h"
#include "nodes/live/rule_words.h"
#include "nodes/live/state_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>

namespace sunder::live {

namespace {

namespace json = boost::json;
namespace mirror = replication;

json::string text(std::string_view view) { return json::string(view); }

struct LegStatus {
    std::string_view peer;
    mirror::LegState state = mirror::LegState::disconnected;
    bool synchronous = true;
    bool split = false;
    bool awaited = false;                 // requests are held because of it
    std::uint64_t out_of_step_bytes = 0;  // by this copy's intent log
    std::optional<mirror::SplitBrainLoss> loss{};
};

struct MirrorStatus {
    bool open = false;
    bool open_apart = false;
    mirror::Cell cell;
    std::vector<LegStatus> legs;
    GroupDriver::Holding holding{};
};

MirrorStatus look(NodeDriver& node, std::size_t place) {
    GroupDriver& group = node.mirror(place);
    mirror::GroupConfig const& config = group.setup().config;
    GroupDriver::Holding const holding = group.holding();
    return group.look_at([&](mirror::MirrorMachine const& machine) {
        MirrorStatus status{machine.open(), machine.open_apart(), machine.cell(), {}, holding};
        for (std::uint8_t s = 0; s < config.copies; ++s) {
            mirror::Slot const slot{s};
            // Where the mirror is not extended to, there is no leg (R4).
            if (slot == config.self || (machine.peers() & mirror::bit_of(slot)) == 0) continue;
            status.legs.push_back(
                {node.setup().members[config.nodes[s].value].name,
                 mirror::state_of(machine.leg(slot)), config.synchronous[s], machine.split(slot),
                 (holding.now.awaited & mirror::bit_of(slot)) != 0,
                 machine.log().bits(slot).count() * config.chunk_sectors * sector_bytes,
                 machine.split_brain_loss(slot)});
        }
        return status;
    });
}

/// As DataKeeper's own display has it (R9, R10); derived, never stored. `rule`: why it is, or is
/// not, in service here.
std::string_view in_one_word(MirrorStatus const& status,
                             std::optional<mirror::RuleText> const& rule) {
    // Two that both stay out of service over it have no leg that says so.
    if (!status.open && rule && rule->name == "split_brain") return split_brain_state;
    bool all = true;
    bool resyncing = false;
    bool paused = false;
    for (LegStatus const& leg : status.legs) {
        if (leg.split) return split_brain_state;
        all = all && leg.state == mirror::LegState::mirroring;
        resyncing = resyncing || leg.state == mirror::LegState::resyncing;
        paused = paused || leg.state == mirror::LegState::paused;
    }
    if (status.open && all) return "fully operational";
    if (resyncing) return "resyncing";
    if (paused) return "paused";
    if (status.open) return "out of sync";
    return all || status.cell.data == mirror::DataState::up_to_date ? "target" : "out of service";
}

std::int64_t ms_since(std::chrono::steady_clock::time_point when) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 when)
        .count();
}

/// Of the copy's own disk, and of where its cells and intent log lie.
json::object in_json(DiskHealth::Seen const& disk) {
    json::object made{{"failing", disk.failing}, {"failures", disk.failures}};
    if (disk.last) {
        made["last_failure"] = text(name_of(disk.last->what));
        made["because"] = disk.last->words;
        made["ago_ms"] = ms_since(disk.last->when);
    }
    return made;
}

json::object in_json(NodeDriver::LastOrder const& order) {
    json::object made{{"words", order.words},
                      {"decided", order.answer.has_value()},
                      {"ago_ms", ms_since(order.when)}};
    if (order.answer) {
        made["granted"] = order.answer->granted;
        made["rule"] = order.answer->rule;
        std::string const verb = order.words.substr(0, order.words.find(' '));
        made["because"] = text(words_of_rule(verb, order.answer->rule));
    }
    return made;
}

json::object held_in_json(MirrorStatus const& status) {
    json::object made{{"requests", status.holding.now.requests}};
    if (status.holding.now.requests == 0) return made;
    json::array peers;
    for (LegStatus const& leg : status.legs) {
        if (leg.awaited) peers.emplace_back(text(leg.peer));
    }
    made["for_ms"] = status.holding.lasts.ns / 1'000'000;
    made["because_of"] = std::move(peers);
    made["because"] = text(held_rule.words);
    made["rule"] = text(held_rule.name);
    made["cites"] = text(held_rule.cites);
    return made;
}

/// Whoever has not counted may lose everything.
json::object in_json(mirror::SplitBrainLoss const& loss, mirror::GroupConfig const& config) {
    std::uint64_t const all = config.mirrored_sectors * sector_bytes;
    auto const most = [&](std::optional<std::uint64_t> const& chunks) {
        return chunks ? std::min(*chunks * config.chunk_sectors * sector_bytes, all) : all;
    };
    return {{"bytes", most(loss.own)},
            {"counted", loss.own.has_value()},
            {"peer_bytes", most(loss.peers)},
            {"peer_counted", loss.peers.has_value()},
            {"peer_goes_on", loss.peer_goes_on}};
}

json::object in_json(LegStatus const& leg, mirror::GroupConfig const& config) {
    json::object made{{"peer", text(leg.peer)},
                      {"state", text(mirror::name_of(leg.state))},
                      {"mode", leg.synchronous ? "synchronous" : "asynchronous"},
                      {"split_brain", leg.split},
                      {"out_of_step_bytes", leg.out_of_step_bytes}};
    if (leg.loss) made["would_lose"] = in_json(*leg.loss, config);
    return made;
}

json::object in_json(NodeDriver& node, std::size_t place,
                     std::optional<mirror::RuleText> const& rule) {
    MirrorStatus const status = look(node, place);
    MirrorSetup const& setup = node.setup().mirrors[place];
    json::array legs;
    for (LegStatus const& leg : status.legs) legs.push_back(in_json(leg, setup.config));
    json::object made{{"name", setup.name},
                      {"size_bytes", setup.config.mirrored_sectors * sector_bytes},
                      {"state", text(in_one_word(status, rule))},
                      {"in_service", status.open},
                      {"open_apart", status.open_apart},
                      {"role", text(mirror::name_of(status.cell.role))},
                      {"data", text(mirror::name_of(status.cell.data))},
                      {"last_owner", status.cell.last_owner},
                      {"data_corrupt", status.cell.data_corrupt},
                      {"era", status.cell.era.number},
                      {"generation", fmt::format("{:016x}", status.cell.current.id)},
                      {"disk", in_json(node.mirror(place).health().look())},
                      {"held", held_in_json(status)},
                      {"legs", std::move(legs)}};
    if (NbdExport* const plain = node.mirror(place).plain(); plain != nullptr) {
        std::optional<std::string> const why = plain->why_away();
        json::object export_{{"uri", plain->uri()}, {"connected", !why}};
        if (why) export_["because"] = *why;
        made["plain"] = std::move(export_);
    }
    if (rule) {
        made["because"] = text(rule->words);
        made["rule"] = text(rule->name);
    }
    return made;
}

/// One of what stands on a mirror.
struct AboveStatus {
    std::string name;
    std::string_view type;
    nodes::hierarchy::ResourceState state;
    std::vector<std::string> needs;
};

bool is_up(AboveStatus const& one) {
    return std::holds_alternative<nodes::hierarchy::resource::InService>(one.state);
}

/// Children before their parents. To be called on the node's thread.
std::vector<AboveStatus> look_above(NodeDriver const& node, std::size_t place) {
    ResourceDriver const* const above = node.above(place);
    if (above == nullptr) return {};
    NodeSetup const& setup = node.setup();
    nodes::Hierarchy const& is = above->machine().hierarchy();
    auto const name = [&](ResourceId id) {
        return id.value < setup.resources.size() ? setup.resources[id.value].name : "?";
    };
    std::vector<AboveStatus> all;
    for (std::size_t const at : is.bottom_up()) {
        nodes::ProtectedResource const& one = is.resources()[at];
        AboveStatus made{
            name(one.id), nodes::name_of(one.kind), above->machine().state(one.id), {}};
        for (nodes::Dependency const& bond : is.dependencies()) {
            if (bond.parent != one.id) continue;
            made.needs.push_back(bond.child ? name(*bond.child) : setup.mirrors[place].name);
        }
        all.push_back(std::move(made));
    }
    return all;
}

json::array in_json(std::vector<AboveStatus> const& all) {
    json::array made;
    for (AboveStatus const& one : all) {
        json::array needs;
        for (std::string const& name : one.needs) needs.emplace_back(name);
        made.push_back(json::object{{"name", one.name},
                                    {"type", text(one.type)},
                                    {"state", text(name_of(one.state))},
                                    {"needs", std::move(needs)}});
    }
    return made;
}

struct NodeLook {
    std::vector<std::optional<mirror::RuleText>> rules;
    std::vector<std::optional<NodeDriver::LastOrder>> orders;
    std::vector<std::vector<AboveStatus>> above;  // by mirror
    std::vector<bool> connected;
    std::string quorum;
    bool has_quorum = false;
};

NodeLook look(NodeDriver& node) {
    NodeLook seen;
    node.look_at([&](nodes::NodeMachine const& machine) {
        for (std::size_t r = 0; r < node.setup().mirrors.size(); ++r) {
            seen.rules.push_back(machine.last_rule(r));
            seen.orders.push_back(node.last_order(r));
            seen.above.push_back(look_above(node, r));
        }
        for (NodeId const peer : node.setup().config.peers) {
            seen.connected.push_back(machine.members().connected(peer));
        }
        seen.quorum = nodes::text_of(machine.members().quorum()).name;
        seen.has_quorum = nodes::has_quorum(machine.members().quorum());
    });
    return seen;
}

}  // namespace

json::object status_of(NodeDriver& node) {
    NodeLook const seen = look(node);
    NodeSetup const& setup = node.setup();
    json::array peers;
    for (std::size_t p = 0; p < setup.config.peers.size(); ++p) {
        NodeId const peer = setup.config.peers[p];
        json::array paths;
        for (std::optional<Duration> const& ago : node.beats().heard_ago(peer)) {
            paths.push_back(ago ? json::value(ago->ns / 1'000'000) : json::value());
        }
        peers.push_back(json::object{{"name", setup.members[peer.value].name},
                                     {"heard", node.beats().hears(peer)},
                                     {"heard_ago_ms", std::move(paths)},
                                     {"connected", bool{seen.connected[p]}}});
    }
    json::array mirrors;
    for (std::size_t m = 0; m < setup.mirrors.size(); ++m) {
        json::object mirror = in_json(node, m, seen.rules[m]);
        mirror["resources"] = in_json(seen.above[m]);
        if (seen.orders[m]) mirror["last_order"] = in_json(*seen.orders[m]);
        mirrors.push_back(std::move(mirror));
    }
    json::object tls{{"used", setup.tls.has_value()}};
    if (std::string const problem = node.peers().tls_problem(); !problem.empty()) {
        tls["problem"] = problem;
    }
    return {{"cluster", setup.cluster},
            {"node", setup.members[setup.config.self.value].name},
            {"policy", setup.config.guarded ? "guarded" : "faithful"},
            {"quorum", seen.quorum},
            {"has_quorum", seen.has_quorum},
            {"tls", std::move(tls)},
            {"peers", std::move(peers)},
            {"mirrors", std::move(mirrors)}};
}

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
