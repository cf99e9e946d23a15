// SPDX-License-Identifier: BSD-3-Clause
//
// Reads the steps in which links are cut, become worse, and are as they were again, and decides
// which link or links are meant.
#include "base/text.h"
#include "scenarios/language/load_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sunder::language::loading {

namespace {

using Read = std::optional<Action>;

/// The two ends of a link.
struct Neighbours {
    netsim::Vertex a = 0;
    netsim::Vertex b = 0;
};

std::optional<Neighbours> neighbours(Node const* a, Node const* b, Span place, Names const& names) {
    std::optional<netsim::Vertex> const from = names.vertex(a);
    std::optional<netsim::Vertex> const to = names.vertex(b);
    if (!from || !to) return std::nullopt;
    std::vector<std::string> linked;
    for (netsim::LinkSetup const& link : names.cluster().links) {
        if (link.a != *from && link.b != *from) continue;
        netsim::Vertex const other = link.a == *from ? link.b : link.a;
        if (other == *to) return Neighbours{*from, *to};
        linked.push_back(names.vertex_name(other));
    }
    if (names.cluster().links.empty()) return std::nullopt;
    std::string hint = fmt::format("'{}' is linked to {}", names.vertex_name(*from),
                                   linked.empty() ? "nothing" : join(linked));
    names.report().error(Code::bad_step, place,
                         fmt::format("no link joins '{}' and '{}'", names.vertex_name(*from),
                                     names.vertex_name(*to)),
                         {std::move(hint), {}});
    return std::nullopt;
}

netsim::Severed severed_of(Node const* only) {
    using netsim::Severed;
    for (Severed const what : {Severed::heartbeats, Severed::data}) {
        if (only != nullptr && only->text == netsim::name_of(what)) return what;
    }
    return Severed::everything;
}

Read cut(Node const& value, Names const& names) {
    bool const said_apart = value.kind == Node::Kind::mapping;
    std::span<Node const> const ends = items_of(&value);
    if (!said_apart && ends.size() != 2) return std::nullopt;
    Node const* const a = said_apart ? value.find("from") : &ends[0];
    Node const* const b = said_apart ? value.find("to") : &ends[1];
    auto const found = neighbours(a, b, mark_of(value), names);
    if (!found) return std::nullopt;
    bool const both_ways = !said_apart || boolean_of(value.find("both_ways")).value_or(false);
    return step::Cut{found->a, found->b, !both_ways,
                     severed_of(said_apart ? value.find("only") : nullptr)};
}

Read heal(Node const& value, Names const& names) {
    std::span<Node const> const ends = items_of(&value);
    if (ends.size() != 2) return std::nullopt;
    auto const found = neighbours(&ends[0], &ends[1], mark_of(value), names);
    if (!found) return std::nullopt;
    return step::Heal{found->a, found->b};
}

Read degrade(Node const& value, Names const& names) {
    netsim::Degradation const how{
        duration_of(value.find("latency")), duration_of(value.find("jitter")),
        loss_of(value.find("loss"), names.report()),
        bandwidth_above_zero(value.find("bandwidth"), names.report(), "the bandwidth of the link")};
    static constexpr std::string_view qualities[] = {"latency", "jitter", "loss", "bandwidth"};
    if (std::ranges::none_of(qualities, [&](auto key) { return value.find(key) != nullptr; })) {
        names.report().error(Code::bad_step, mark_of(value), "this changes nothing about the link",
                             {"name its latency, jitter, loss or bandwidth; 'heal' ends it", {}});
    }
    std::span<Node const> const ends = items_of(value.find("link"));
    if (ends.size() != 2) return std::nullopt;
    auto const found = neighbours(&ends[0], &ends[1], mark_of(*value.find("link")), names);
    if (!found || how == netsim::Degradation{}) return std::nullopt;
    return step::Degrade{found->a, found->b, boolean_of(value.find("one_way")).value_or(false),
                         how};
}

/// A node or a switch all of whose links are meant.
std::optional<netsim::Vertex> linked(Node const& value, Names const& names) {
    std::optional<netsim::Vertex> const who = names.vertex(&value);
    bool const none =
        who && std::ranges::none_of(names.cluster().links, [&](netsim::LinkSetup const& link) {
            return link.a == *who || link.b == *who;
        });
    if (!none) return who;
    names.report().error(Code::bad_step, mark_of(value),
                         fmt::format("'{}' has no link", value.text),
                         {"name a node or a switch that 'network' links", {}});
    return std::nullopt;
}

Read isolate(Node const& value, Names const& names) {
    auto const who = linked(value, names);
    if (!who) return std::nullopt;
    return step::Isolate{*who, true};
}

Read rejoin(Node const& value, Names const& names) {
    auto const who = linked(value, names);
    if (!who) return std::nullopt;
    return step::Isolate{*who, false};
}

}  // namespace

std::optional<Action> read_link_step(std::string_view key, Node const& value, Names const& names) {
    using Reader = Read (*)(Node const&, Names const&);
    static constexpr std::array<std::pair<std::string_view, Reader>, 5> readers{{
        {"cut", cut},
        {"heal", heal},
        {"degrade", degrade},
        {"isolate", isolate},
        {"rejoin", rejoin},
    }};
    for (auto const& [name, reader] : readers) {
        if (name == key) return reader(value, names);
    }
    return std::nullopt;
}

}  // namespace sunder::language::loading
