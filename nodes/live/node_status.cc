// SPDX-License-Identifier: BSD-3-Clause
//
// Under which keys and names it is told.
#include "nodes/live/node_status.h"

#include "nodes/live/node_look.h"
#include "nodes/live/note_words.h"
#include "nodes/live/rule_words.h"
#include "nodes/live/state_names.h"
#include "replication/examine.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <optional>

namespace sunder::live {

namespace {

namespace json = boost::json;
namespace mirror = replication;

json::string text(std::string_view view) { return json::string(view); }

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
                      {"out_of_step_bytes", leg.out_of_step_bytes},
                      {"queued_bytes", leg.traffic.queued_bytes}};
    if (leg.unconfirmed) made["unconfirmed_writes"] = *leg.unconfirmed;
    if (leg.unconfirmed && !leg.synchronous) made["unconfirmed_limit"] = leg.limit;
    if (leg.resync_left_bytes) made["resync_left_bytes"] = *leg.resync_left_bytes;
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
                      {"hosts", node.mirror(place).hosts()},
                      {"legs", std::move(legs)}};
    if (status.image) {
        made["fallback_image"] =
            json::object{{"generation", fmt::format("{:016x}", status.cell.fallback.current.id)},
                         {"overwritten_bytes", status.image->overwritten_bytes},
                         {"room_bytes", status.image->room_bytes}};
    }
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
    if (auto const expires = node.peers().certificate_expires()) {
        tls["certificate_expires"] = *expires;
    }
    return {{"cluster", setup.cluster},
            {"node", setup.members[setup.config.self.value].name},
            {"policy", setup.config.guarded ? "guarded" : "faithful"},
            {"quorum", seen.quorum},
            {"has_quorum", seen.has_quorum},
            {"tls", std::move(tls)},
            {"refused_connections", node.refused_connections()},
            {"peers", std::move(peers)},
            {"mirrors", std::move(mirrors)}};
}

json::object intent_logs_of(NodeDriver& node) {
    NodeSetup const& setup = node.setup();
    json::array mirrors;
    for (std::size_t m = 0; m < setup.mirrors.size(); ++m) {
        mirror::GroupConfig const& config = setup.mirrors[m].config;
        auto const legs = node.mirror(m).look_at([&](mirror::MirrorMachine const& machine) {
            json::array made;
            for (std::uint8_t copy = 0; copy < config.copies; ++copy) {
                mirror::Slot const peer{copy};
                if (peer == config.self) continue;
                mirror::IntentLogReport const report =
                    mirror::examine(machine.log(), peer, machine.cell(), config);
                made.push_back(json::object{{"peer", setup.members[config.nodes[copy].value].name},
                                            {"kept", report.kept},
                                            {"chunk_bytes", report.chunk_bytes},
                                            {"bits", report.bits},
                                            {"set", report.set},
                                            {"set_stably", report.set_stably},
                                            {"asynchronous_limit", report.asynchronous_limit},
                                            {"words", mirror::in_text(report)}});
            }
            return made;
        });
        mirrors.push_back(json::object{{"name", setup.mirrors[m].name}, {"legs", legs}});
    }
    return {{"mirrors", std::move(mirrors)}};
}

}  // namespace sunder::live
