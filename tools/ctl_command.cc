// SPDX-License-Identifier: BSD-3-Clause
//
// Words there, answers back, and status as people read it.
#include "tools/ctl_command.h"

#include "base/text.h"
#include "base/units.h"
#include "nodes/live/control_client.h"
#include "nodes/live/node_words.h"
#include "tools/run_command.h"
#include "tools/unheard.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <set>
#include <thread>

namespace sunder::tools {

namespace {

namespace json = boost::json;

std::string text(json::object const& of, std::string_view key) {
    json::value const* const found = of.if_contains(key);
    return found == nullptr || !found->is_string() ? "" : std::string(found->as_string());
}

std::string size(json::value const& bytes) {
    return to_text(ByteCount{bytes.to_number<std::uint64_t>()});
}

std::string help() {
    std::string made =
        "  status\n      how the node and its mirrors are; --json, --watch\n"
        "  metrics\n      the same for Prometheus\n"
        "  tree\n      what stands on the mirrors, and how it is; --json\n"
        "  events\n      what happened last; --follow, --after ID, --json\n"
        "  examine [MIRROR]\n      the intent logs: which part of a copy may differ (bitmap -X, "
        "R19); --json\n"
        "What can be asked of a node that is served:\n";
    for (live::Grammar const& grammar : live::node_grammars()) {
        made += fmt::format("  {}\n      {}\n", live::usage_of(grammar), grammar.meaning);
    }
    return made;
}

std::string order_in_words(json::object const& mirror) {
    json::value const* const said = mirror.if_contains("last_order");
    if (said == nullptr) return "";
    json::object const& order = said->as_object();
    if (!order.at("decided").as_bool()) {
        return fmt::format("  last order: {}: not decided yet\n", text(order, "words"));
    }
    std::string const because = text(order, "because");
    return fmt::format("  last order: {}: {}{}{} [{}]\n", text(order, "words"),
                       order.at("granted").as_bool() ? "granted" : "REFUSED",
                       because.empty() ? "" : ": ", because, text(order, "rule"));
}

std::string disk_in_words(json::object const& mirror) {
    json::object const& disk = mirror.at("disk").as_object();
    auto const failures = disk.at("failures").to_number<std::uint64_t>();
    if (failures == 0) return "";
    return fmt::format("  own disk {}: {}, the last of {}: {}\n",
                       disk.at("failing").as_bool() ? "FAILS" : "failed, and does so no more",
                       text(disk, "last_failure"), failures, text(disk, "because"));
}

std::string image_in_words(json::object const& mirror) {
    json::value const* const said = mirror.if_contains("fallback_image");
    if (said == nullptr) return "";
    json::object const& image = said->as_object();
    return fmt::format(
        "  an image from before its resync is kept (generation {}), {} of at most {} overwritten "
        "since\n",
        text(image, "generation"), size(image.at("overwritten_bytes")),
        size(image.at("room_bytes")));
}

/// Who reads this waits for these answers, mostly.
std::string held_in_words(json::object const& mirror) {
    json::object const& held = mirror.at("held").as_object();
    auto const requests = held.at("requests").to_number<std::uint64_t>();
    if (requests == 0) return "";
    std::string names;
    for (json::value const& name : held.at("because_of").as_array()) {
        names += (names.empty() ? "" : ", ") + std::string(name.as_string());
    }
    auto const whole_seconds = held.at("for_ms").to_number<std::int64_t>() / 1000;
    return fmt::format("  HOLDS {} request{} of hosts, for {} s, because of {}: {} [{}; {}]\n",
                       requests, requests == 1 ? "" : "s", whole_seconds, names,
                       text(held, "because"), text(held, "rule"), text(held, "cites"));
}

/// What the loser of a split brain would give up, whichever of the two it is.
std::string loss_in_words(json::object const& leg) {
    json::value const* const said = leg.if_contains("would_lose");
    if (said == nullptr) return "";
    json::object const& loss = said->as_object();
    auto const most = [&](std::string_view bytes, std::string_view counted) {
        return fmt::format("{}{}", size(loss.at(bytes)),
                           loss.at(counted).as_bool() ? "" : ", all of it");
    };
    return fmt::format("    the loser gives up at most: {} here, {} at {}{}\n",
                       most("bytes", "counted"), most("peer_bytes", "peer_counted"),
                       text(leg, "peer"),
                       loss.at("peer_goes_on").as_bool() ? ", more since they met" : "");
}

/// Of a target that writes do not wait for: how far it is behind, and may be.
std::string backlog_in_words(json::object const& leg) {
    json::value const* const limit = leg.if_contains("unconfirmed_limit");
    if (limit == nullptr) return "";
    return fmt::format(", writes not confirmed: {} of {}",
                       leg.at("unconfirmed_writes").to_number<std::uint64_t>(),
                       limit->to_number<std::uint64_t>());
}

std::string in_words(json::object const& status) {
    std::string made =
        fmt::format("{} of {}, {}, quorum: {}\n", text(status, "node"), text(status, "cluster"),
                    text(status, "policy"), text(status, "quorum"));
    if (std::string const problem = text(status.at("tls").as_object(), "problem");
        !problem.empty()) {
        made += fmt::format("  TLS goes on with files that were there before: {}\n", problem);
    }
    for (json::value const& value : status.at("peers").as_array()) {
        json::object const& peer = value.as_object();
        made += fmt::format("  {:<20} {}, {}\n", text(peer, "name"),
                            peer.at("heard").as_bool() ? "heard" : "NOT HEARD",
                            peer.at("connected").as_bool() ? "connected" : "not connected");
    }
    for (json::value const& value : status.at("mirrors").as_array()) {
        json::object const& mirror = value.as_object();
        made += fmt::format("{} ({}): {}{}, {}, {}, era {}\n", text(mirror, "name"),
                            size(mirror.at("size_bytes")), text(mirror, "state"),
                            mirror.at("in_service").as_bool() ? ", in service here" : "",
                            text(mirror, "role"), text(mirror, "data"),
                            mirror.at("era").to_number<std::uint64_t>());
        if (std::string const because = text(mirror, "because"); !because.empty()) {
            made += fmt::format("  {} [{}]\n", because, text(mirror, "rule"));
        }
        if (auto const* const plain = mirror.if_contains("plain")) {
            json::object const& server = plain->as_object();
            std::string const away = text(server, "because");
            made += fmt::format(
                "  held by {}, {}{}\n", text(server, "uri"),
                server.at("connected").as_bool() ? "connected" : "NOT CONNECTED: ", away);
        }
        made += held_in_words(mirror) + order_in_words(mirror) + disk_in_words(mirror) +
                image_in_words(mirror);
        for (json::value const& one : mirror.at("resources").as_array()) {
            made += fmt::format("  {:<20} {}, {}\n", text(one.as_object(), "name"),
                                text(one.as_object(), "state"), text(one.as_object(), "type"));
        }
        for (json::value const& one : mirror.at("legs").as_array()) {
            json::object const& leg = one.as_object();
            made += fmt::format("  {:<20} {}, {}, {} differ by the intent log{}{}\n",
                                text(leg, "peer"), text(leg, "state"), text(leg, "mode"),
                                size(leg.at("out_of_step_bytes")), backlog_in_words(leg),
                                leg.at("split_brain").as_bool() ? ", SPLIT BRAIN" : "");
            made += loss_in_words(leg);
        }
    }
    return made;
}

/// One of what stands on a mirror, and below it what it needs, down to the mirror.
void add_branch(json::object const& mirror, std::string const& name, int depth, std::string& made) {
    made += std::string(static_cast<std::size_t>(2 * depth), ' ');
    if (name == text(mirror, "name")) {
        made += fmt::format("{} (mirror): {}\n", name,
                            mirror.at("in_service").as_bool() ? "in service" : "out of service");
        return;
    }
    for (json::value const& value : mirror.at("resources").as_array()) {
        json::object const& one = value.as_object();
        if (text(one, "name") != name) continue;
        made += fmt::format("{} ({}): {}\n", name, text(one, "type"), text(one, "state"));
        for (json::value const& child : one.at("needs").as_array()) {
            add_branch(mirror, std::string(child.as_string()), depth + 1, made);
        }
    }
}

/// As DataKeeper's hosts show it: what nothing needs comes first, and the mirror last.
std::string tree_in_words(json::object const& status) {
    std::string made;
    for (json::value const& value : status.at("mirrors").as_array()) {
        json::object const& mirror = value.as_object();
        std::set<std::string> needed;
        json::array const& all = mirror.at("resources").as_array();
        for (json::value const& one : all) {
            for (json::value const& child : one.at("needs").as_array()) {
                needed.emplace(child.as_string());
            }
        }
        if (all.empty()) add_branch(mirror, text(mirror, "name"), 0, made);
        for (json::value const& one : all) {
            std::string const name = text(one.as_object(), "name");
            if (!needed.contains(name)) add_branch(mirror, name, 0, made);
        }
    }
    return made;
}

json::array tree_of(json::object const& status) {
    json::array made;
    for (json::value const& value : status.at("mirrors").as_array()) {
        json::object const& mirror = value.as_object();
        made.push_back(json::object{{"mirror", mirror.at("name")},
                                    {"in_service", mirror.at("in_service")},
                                    {"resources", mirror.at("resources")}});
    }
    return made;
}

live::Patience patience_of(CtlRequest const& request) {
    return std::chrono::seconds(request.timeout);
}

int unheard(CtlRequest const& request, std::string const& why, bool asked = false) {
    return tools::unheard("ctl", request.control, request.timeout, why, asked);
}

std::expected<json::object, std::string> object_in(live::Said const& said) {
    boost::system::error_code failure;
    json::value body = json::parse(said.body, failure);
    if (failure || !body.is_object()) return std::unexpected("what answers is no node");
    return std::move(body.as_object());
}

/// What passes by itself is no change.
void forget_ages(json::value& value) {
    if (value.is_array()) {
        for (json::value& one : value.as_array()) forget_ages(one);
    } else if (value.is_object()) {
        for (auto& [key, one] : value.as_object()) {
            if (key.ends_with("_ms")) one = nullptr;
            forget_ages(one);
        }
    }
}

int show_status(CtlRequest const& request) {
    std::string shown;
    do {
        auto const said = live::look_up(request.control, "/status", patience_of(request));
        if (!said) return unheard(request, said.error());
        auto const status = object_in(*said);
        if (!status || !status->contains("mirrors")) {
            return unheard(request, "what answers is no node");
        }
        json::value ageless = *status;
        forget_ages(ageless);
        std::string const now = request.json ? json::serialize(ageless) : in_words(*status);
        if (now != shown) {
            fmt::print("{}{}", shown.empty() || request.json ? "" : "\n",
                       request.json ? said->body : now);
        }
        std::fflush(stdout);
        shown = now;
        if (request.watch) std::this_thread::sleep_for(std::chrono::milliseconds(500));
    } while (request.watch);
    return all_held;
}

int show_intent_logs(CtlRequest const& request) {
    auto const said = live::look_up(request.control, "/intent-logs", patience_of(request));
    if (!said) return unheard(request, said.error());
    auto logs = object_in(*said);
    if (!logs || !logs->contains("mirrors")) return unheard(request, "what answers is no node");
    json::array& mirrors = logs->at("mirrors").as_array();
    if (request.words.size() == 2) {
        json::array wanted;
        std::vector<std::string> known;
        for (json::value const& one : mirrors) {
            known.push_back(text(one.as_object(), "name"));
            if (known.back() == request.words[1]) wanted.push_back(one);
        }
        if (wanted.empty()) {
            fmt::print(stderr, "ctl: there is no mirror '{}' here{}\n", printable(request.words[1]),
                       live::suggestion(request.words[1], known));
            return wrong_input;
        }
        mirrors = std::move(wanted);
    }
    if (request.json) fmt::print("{}\n", json::serialize(*logs));
    if (request.json) return all_held;
    for (json::value const& one : mirrors) {
        for (json::value const& leg : one.as_object().at("legs").as_array()) {
            fmt::print("intent log of {} towards {}: {}\n", text(one.as_object(), "name"),
                       text(leg.as_object(), "peer"), text(leg.as_object(), "words"));
        }
    }
    return all_held;
}

int show_tree(CtlRequest const& request) {
    auto const said = live::look_up(request.control, "/status", patience_of(request));
    if (!said) return unheard(request, said.error());
    auto const status = object_in(*said);
    if (!status || !status->contains("mirrors")) return unheard(request, "what answers is no node");
    fmt::print("{}",
               request.json ? json::serialize(tree_of(*status)) + "\n" : tree_in_words(*status));
    return all_held;
}

std::string event_in_words(std::string_view data) {
    boost::system::error_code failure;
    json::value const event = json::parse(json::string_view(data.data(), data.size()), failure);
    if (failure || !event.is_object()) return std::string(data);
    json::object const& of = event.as_object();
    return fmt::format("{} {}{}", text(of, "time"), text(of, "level") == "error" ? "ERROR: " : "",
                       text(of, "words"));
}

int show_events(CtlRequest const& request) {
    auto const told = [&](std::string_view kind, std::string_view data) {
        if (kind == "gap") {
            fmt::print(stderr, "ctl: there were events before these that are not known any more\n");
        } else {
            fmt::print("{}\n", request.json ? std::string(data) : event_in_words(data));
        }
        std::fflush(stdout);
    };
    auto const read = live::follow_events(request.control, request.after, request.follow, told,
                                          patience_of(request));
    if (!read) return unheard(request, read.error());
    if (!request.follow) return all_held;
    // It does not end by itself.
    return unheard(request, "the connection has ended");
}

/// "at most 64 KiB of 1 GiB" of what a copy holds, or all of it.
std::string most_of(json::object const& loss, std::string_view bytes, std::string_view counted,
                    std::string const& whole) {
    if (!loss.at(counted).as_bool()) return fmt::format("up to all of its {}", whole);
    return fmt::format("at most {} of {}", size(loss.at(bytes)), whole);
}

/// Of two that have parted, either can be the one that gives up (R33). Intent logs bound that from
/// above: they name chunks that are in step by now, too.
std::string loss_of_either(std::string const& node, std::string const& peer,
                           json::object const& loss, std::string const& whole) {
    bool const all_counted = loss.at("counted").as_bool() && loss.at("peer_counted").as_bool();
    return fmt::format(
        "{0} would lose {2}, written since it and {1} parted, and become what {1} holds.\n"
        "{1} would lose {3}, written since it and {0} parted{4}, if it were named in place of "
        "{0}.\nBy intent logs, which may name more than was written{5}.\n",
        node, peer, most_of(loss, "bytes", "counted", whole),
        most_of(loss, "peer_bytes", "peer_counted", whole),
        loss.at("peer_goes_on").as_bool()
            ? fmt::format(", and what hosts have written to it since it met {}", node)
            : "",
        all_counted ? "" : "; where it is all, none has counted from what both have held");
}

/// What this node's copy may lose, and what the others would in its place. Of one that is not
/// connected nobody knows here what history the two have in common, if any: then this copy's own
/// log is no bound.
std::string loss_by_resolving(std::string const& node, json::object const& mirror) {
    std::string const whole = size(mirror.at("size_bytes"));
    std::string made;
    for (json::value const& one : mirror.at("legs").as_array()) {
        json::object const& leg = one.as_object();
        std::string const peer = text(leg, "peer");
        if (json::value const* const loss = leg.if_contains("would_lose")) {
            made += loss_of_either(node, peer, loss->as_object(), whole);
        } else if (leg.at("split_brain").as_bool()) {
            made += fmt::format(
                "{} would lose what it wrote since it and {} parted: {} of {} by its own intent "
                "log, and all of it if the two have no history in common. {} does not say what it "
                "would lose.\n",
                node, peer, size(leg.at("out_of_step_bytes")), whole, peer);
        }
    }
    if (!made.empty()) return made;
    return fmt::format(
        "{} gives up what it wrote by itself, of {}: no copy that it is in split brain with is "
        "connected, which could say how much that is\n",
        node, whole);
}

/// What a copy lacks that is forced online nobody can say who does not see the others (R87).
std::string loss_by_forcing(std::string const& node, json::object const& mirror) {
    std::string others;
    for (json::value const& one : mirror.at("legs").as_array()) {
        others += (others.empty() ? "" : ", ") + text(one.as_object(), "peer");
    }
    return fmt::format(
        "{} comes in service with what its copy of {} holds, which is {}. What was written "
        "elsewhere ({}) and has not come here is not in it: it is lost, or is one side of a split "
        "brain when that node returns.\n{}",
        node, size(mirror.at("size_bytes")), text(mirror, "data"), others,
        mirror.contains("fallback_image")
            ? fmt::format("Its array keeps an image of it from before its resync, which is whole: "
                          "`use-fallback-image {}` takes it back to that.\n",
                          text(mirror, "name"))
            : "");
}

/// DESIGN 4: an older point in time in place of a mixture of two.
std::string loss_by_falling_back(std::string const& node, json::object const& mirror) {
    json::value const* const said = mirror.if_contains("fallback_image");
    if (said == nullptr) return "";
    return fmt::format(
        "The copy of {} on {} becomes what it was before its resync: {} at most, which the resync "
        "has brought since, is given up, and copied again when its source is met.\n",
        text(mirror, "name"), node, size(said->as_object().at("overwritten_bytes")));
}

/// R19: bits that are cleared are copied by nobody.
std::string loss_by_clearing(std::string const& node, json::object const& mirror,
                             std::string const& target) {
    std::string made;
    for (json::value const& one : mirror.at("legs").as_array()) {
        json::object const& leg = one.as_object();
        if (!target.empty() && text(leg, "peer") != target) continue;
        made += fmt::format(
            "{} forgets that its copy and that of {} may differ in {} of {}. Where they do differ "
            "they stay so, and what only one of them has is lost when the other takes over.\n",
            node, text(leg, "peer"), size(leg.at("out_of_step_bytes")),
            size(mirror.at("size_bytes")));
    }
    return made;
}

/// Before what may lose data; empty: nothing has to be told. What is wrong with the request it is
/// answered itself; the error is that nobody says what would be lost.
std::expected<std::string, std::string> loss_of(CtlRequest const& request) {
    std::string const& verb = request.words.front();
    bool const loses = verb == "resolve" || verb == "force" || verb == "clear-intent-log" ||
                       verb == "extend" || verb == "use-fallback-image";
    if (!loses || request.words.size() < 2) return "";
    auto const said = live::look_up(request.control, "/status", patience_of(request));
    if (!said) return std::unexpected(said.error());
    auto const status = object_in(*said);
    if (!status || !status->contains("mirrors")) return "";
    std::string const node = text(*status, "node");
    std::string_view const key = verb == "extend" ? "to=" : "target=";
    std::string target;
    for (std::string const& word : request.words) {
        if (word.starts_with(key)) target = word.substr(key.size());
    }
    for (json::value const& value : status->at("mirrors").as_array()) {
        json::object const& mirror = value.as_object();
        if (text(mirror, "name") != request.words[1]) continue;
        if (verb == "resolve") return loss_by_resolving(node, mirror);
        if (verb == "force") return loss_by_forcing(node, mirror);
        if (verb == "use-fallback-image") return loss_by_falling_back(node, mirror);
        if (verb == "extend") {  // R5
            return fmt::format(
                "What the copy of {} on {} holds is destroyed: all of {} is copied "
                "there.\n",
                request.words[1], target, size(mirror.at("size_bytes")));
        }
        return loss_by_clearing(node, mirror, target);
    }
    return "";
}

/// True when the operator has said so, or need not be asked.
bool is_sure(std::string const& loss) {
    if (loss.empty()) return true;
    fmt::print("{}", loss);
    if (::isatty(STDIN_FILENO) == 0) {
        fmt::print(stderr, "ctl: say --yes if that is to be\n");
        return false;
    }
    fmt::print("Go on? [y/N] ");
    std::fflush(stdout);
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "yes";
}

}  // namespace

int ctl(CtlRequest const& request) {
    if (request.words.empty() || request.words.front() == "help") {
        fmt::print("{}", help());
        return all_held;
    }
    if (request.control.empty()) {
        fmt::print(stderr,
                   "ctl: say where it hears operators: --control SOCKET, or SUNDER_CONTROL\n");
        return wrong_input;
    }
    bool const alone = request.words.size() == 1;
    if (alone && request.words.front() == "status") return show_status(request);
    if (alone && request.words.front() == "metrics") {
        auto const said = live::look_up(request.control, "/metrics", patience_of(request));
        if (!said) return unheard(request, said.error());
        fmt::print("{}", said->body);
        return all_held;
    }
    if (alone && request.words.front() == "tree") return show_tree(request);
    if (alone && request.words.front() == "events") return show_events(request);
    if (request.words.size() <= 2 && request.words.front() == "examine") {
        return show_intent_logs(request);
    }
    if (auto const verb = live::find_verb(live::node_grammars(), request.words); !verb) {
        fmt::print(stderr, "ctl: {}; beside status, tree, metrics, events and examine\n",
                   verb.error());
        return wrong_input;
    }
    std::expected<std::string, std::string> loss;
    if (!request.yes) loss = loss_of(request);
    if (!loss) return unheard(request, loss.error());
    if (!is_sure(*loss)) return violated;
    auto const said =
        live::say_words(request.control, "/node", request.words, patience_of(request));
    if (!said) return unheard(request, said.error(), true);
    auto const answer = object_in(*said);
    if (!answer) return unheard(request, answer.error());
    if (request.json) fmt::print("{}", said->body);
    if (said->status == 200) return all_held;
    if (said->status == 202) {
        fmt::print(stderr, "ctl: not decided yet; `sunder ctl status` shows what becomes of it\n");
        return unknown;
    }
    fmt::print(stderr, "ctl: {}\n", text(*answer, "error"));
    return said->status == 400 ? wrong_input : violated;
}

}  // namespace sunder::tools
