// SPDX-License-Identifier: BSD-3-Clause
//
// Reading /status, and looking at a cluster through it.
#include "scenarios/live/status.h"

#include "base/verify.h"
#include "nodes/live/control_client.h"
#include "nodes/live/state_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

namespace sunder::staged {

namespace {

namespace json = boost::json;
using language::MirrorIs;
using nodes::hierarchy::ResourceState;
using replication::LegState;
namespace resource = nodes::hierarchy::resource;

constexpr std::string_view unknown_state = "in a state that is not known";

std::string text(json::object const& from, std::string_view key) {
    json::value const* const found = from.if_contains(key);
    return found == nullptr || !found->is_string() ? "" : std::string(found->as_string());
}

bool flag(json::object const& from, std::string_view key) {
    json::value const* const found = from.if_contains(key);
    return found != nullptr && found->is_bool() && found->as_bool();
}

/// Whoever comes to a breakpoint while he is asked does not answer.
std::expected<live::Said, std::string> ask(NodeProcess& process) {
    constexpr unsigned most_tries = 100;
    std::expected<live::Said, std::string> said = std::unexpected("");
    for (unsigned tries = 0; tries < most_tries; ++tries) {
        said = live::look_up(process.control(), "/status", std::chrono::milliseconds(50));
        if (said || said.error() != live::too_late) return said;
        process.look();
        if (process.held() || !process.runs()) return said;
    }
    return said;
}

template <class Named>
std::size_t place_of(std::vector<Named> const& all, std::string_view name) {
    return static_cast<std::size_t>(
        std::ranges::find_if(all, [&](Named const& one) { return one.name == name; }) -
        all.begin());
}

}  // namespace

Statuses::Statuses(netsim::Cluster const& cluster, Nodes const& nodes)
    : cluster_(cluster), nodes_(nodes), seen_(nodes.size()) {
    for (NodeSeen& one : seen_) one.copies.resize(cluster.mirrors.size());
}

void Statuses::refresh() {
    for (std::uint8_t n = 0; n < nodes_.size(); ++n) look(NodeId{n});
}

void Statuses::look(NodeId node) {
    NodeSeen& seen = seen_[node.value];
    NodeProcess& process = *nodes_[node.value];
    std::expected<live::Said, std::string> said = std::unexpected("");
    bool const asked = process.runs() && !process.paused() && !process.held();
    if (asked) said = ask(process);
    if (process.held()) return;  // it is as it was
    seen.answers = false;
    for (CopySeen& copy : seen.copies) {
        copy.serves = copy.apart = copy.split = false;
        copy.legs.clear();
        copy.above.clear();
        copy.rule.clear();
        copy.because.clear();
    }
    if (!said || said->status != 200) return;  // it is down, begins, or is about to end
    boost::system::error_code failure;
    json::value const parsed = json::parse(said->body, failure);
    if (failure || !parsed.is_object()) return;
    json::object const& status = parsed.as_object();
    seen.answers = true;
    seen.has_quorum = flag(status, "has_quorum");
    for (json::value const& one : status.at("mirrors").as_array()) {
        json::object const& mirror = one.as_object();
        std::size_t const place = place_of(cluster_.mirrors, text(mirror, "name"));
        VERIFY(place < seen.copies.size());
        CopySeen& copy = seen.copies[place];
        copy.serves = flag(mirror, "in_service");
        copy.apart = flag(mirror, "open_apart");
        copy.last_owner = flag(mirror, "last_owner");
        copy.data_corrupt = flag(mirror, "data_corrupt");
        copy.rule = text(mirror, "rule");
        copy.because = text(mirror, "because");
        copy.split = text(mirror, "state") == live::split_brain_state || copy.rule == "split_brain";
        for (json::value const& leg : mirror.at("legs").as_array()) {
            std::size_t const peer = place_of(cluster_.nodes, text(leg.as_object(), "peer"));
            copy.legs.push_back({NodeId{static_cast<std::uint8_t>(peer)},
                                 live::leg_state_named(text(leg.as_object(), "state")),
                                 flag(leg.as_object(), "split_brain")});
        }
        for (json::value const& above : mirror.at("resources").as_array()) {
            copy.above[text(above.as_object(), "name")] =
                live::resource_state_named(text(above.as_object(), "state"));
        }
    }
}

bool Statuses::all_above(NodeId node, std::uint16_t mirror) const {
    return std::ranges::all_of(of(node, mirror).above, [](auto const& one) {
        return one.second == ResourceState(resource::InService{});
    });
}

bool Statuses::above_is(NodeId node, std::uint16_t mirror, ResourceId resource,
                        ResourceState const& state) const {
    auto const& above = of(node, mirror).above;
    auto const found = above.find(cluster_.resources[resource.value].name);
    return found != above.end() && found->second == state;
}

bool Statuses::mirror_is(MirrorIs is, std::uint16_t mirror) const {
    unsigned all = 0;
    bool served = false;
    bool split = false;
    bool kept_apart = false;
    auto const& on = cluster_.mirrors[mirror].on;
    for (NodeId const node : on) {
        split = split || of(node, mirror).split;
        kept_apart = kept_apart || of(node, mirror).apart;
        served = served || serves(node, mirror);
    }
    auto const in = [&](LegState state) {
        unsigned found = 0;
        all = 0;
        for (NodeId const node : on) {
            if (!serves(node, mirror)) continue;
            for (LegSeen const& leg : of(node, mirror).legs) {
                ++all;
                found += leg.state == state ? 1 : 0;
            }
        }
        return found;
    };
    switch (is) {
        case MirrorIs::fully_operational:
        case MirrorIs::mirroring: {
            unsigned const found = in(LegState::mirroring);
            return all > 0 && found == all;
        }
        case MirrorIs::handshaking:
            return in(LegState::handshaking) > 0;
        case MirrorIs::resyncing:
            return in(LegState::resyncing) > 0;
        case MirrorIs::degraded:
            return in(LegState::disconnected) > 0 || (all == 0 && served);  // R4
        case MirrorIs::paused:
            return in(LegState::paused) > 0 && kept_apart;
        case MirrorIs::split_brain:
            return split;
    }
    return false;
}

bool Statuses::holds(language::Condition const& condition) const {
    struct Holds {
        Statuses const& statuses;
        bool operator()(language::InServiceAt const& wanted) const {
            bool right = true;
            bool any = false;
            for (NodeId const node : statuses.cluster_.mirrors[wanted.mirror].on) {
                bool const serves = wanted.above
                                        ? statuses.above_is(node, wanted.mirror, *wanted.above,
                                                            resource::InService{})
                                        : statuses.serves(node, wanted.mirror);
                any = any || serves;
                right = right && serves == (wanted.node == node);
            }
            return right && any == wanted.node.has_value();
        }
        bool operator()(language::MirrorState const& wanted) const {
            return statuses.mirror_is(wanted.is, wanted.mirror);
        }
        bool operator()(language::FlagState const& wanted) const {
            CopySeen const& copy = statuses.of(wanted.node, wanted.mirror);
            bool const last_owner = wanted.flag == language::FlagState::Which::last_owner;
            return (last_owner ? copy.last_owner : copy.data_corrupt) == wanted.set;
        }
        bool operator()(language::NodeRuns const& wanted) const {
            NodeProcess const& process = *statuses.nodes_[wanted.node.value];
            return (process.runs() && !process.paused()) == wanted.runs;
        }
        bool operator()(language::QuorumState const& wanted) const {
            NodeSeen const& node = statuses.of(wanted.node);
            return (node.answers && node.has_quorum) == wanted.held;
        }
        bool operator()(language::ResourceState const& wanted) const {
            using Is = language::ResourceState::Is;
            ResourceState const state =
                wanted.is == Is::in_service       ? ResourceState(resource::InService{})
                : wanted.is == Is::out_of_service ? ResourceState(resource::OutOfService{})
                                                  : ResourceState(resource::Failed{});
            return statuses.above_is(wanted.node, wanted.mirror, wanted.resource, state);
        }
        // No real node knows these (`unplayable`).
        bool operator()(language::Storing const&) const { return false; }
        bool operator()(language::ArrayState const&) const { return false; }
    };
    return std::visit(Holds{*this}, condition);
}

bool Statuses::decided_by(std::string const& rule, language::Condition const& condition) const {
    auto const* const wanted = std::get_if<language::InServiceAt>(&condition);
    std::uint16_t mirror = wanted == nullptr ? std::uint16_t{0} : wanted->mirror;
    if (auto const* const state = std::get_if<language::MirrorState>(&condition)) {
        mirror = state->mirror;
    }
    return std::ranges::any_of(cluster_.mirrors[mirror].on, [&](NodeId node) {
        return of(node).answers && of(node, mirror).rule == rule;
    });
}

std::string Statuses::in_words(NodeId node, std::uint16_t mirror) const {
    std::string const& name = cluster_.nodes[node.value].name;
    NodeProcess const& process = *nodes_[node.value];
    if (!process.runs()) return fmt::format("{} is down", name);
    if (process.paused()) return fmt::format("{} is paused", name);
    if (!of(node).answers) return fmt::format("{} does not answer", name);
    CopySeen const& copy = of(node, mirror);
    std::string words = name;
    words += copy.serves ? " has it in service" : " is out of service";
    if (!copy.rule.empty()) words += fmt::format(": {} ({})", copy.because, copy.rule);
    for (LegSeen const& leg : copy.legs) {
        words += fmt::format(", leg to {} {}", cluster_.nodes[leg.peer.value].name,
                             leg.state ? replication::name_of(*leg.state) : unknown_state);
    }
    for (auto const& [above, state] : copy.above)
        words += fmt::format(", {} {}", above, state ? live::name_of(*state) : unknown_state);
    return words;
}

std::string Statuses::instead(language::Condition const& condition) const {
    std::uint16_t mirror = 0;
    std::visit(
        [&](auto const& wanted) {
            if constexpr (requires { wanted.mirror; }) mirror = wanted.mirror;
        },
        condition);
    std::string words;
    for (NodeId const node : cluster_.mirrors[mirror].on) {
        words += (words.empty() ? "" : "; ") + in_words(node, mirror);
    }
    return words;
}

}  // namespace sunder::staged
