// SPDX-License-Identifier: BSD-3-Clause
//
// What single values say: quantities, words and names. What they mean together is left to the other
// parts of the loader.
#include "scenarios/language/load_parts.h"

#include "base/text.h"
#include "netsim/volumes.h"

#include <fmt/format.h>

#include <algorithm>

namespace sunder::language::loading {

namespace {

template <class Value>
std::optional<Value> quantity(Node const* node,
                              std::expected<Value, std::string> (*parse)(std::string_view)) {
    if (node == nullptr || node->broken || node->kind != Node::Kind::scalar) return std::nullopt;
    std::expected<Value, std::string> const parsed = parse(node->text);
    if (!parsed) return std::nullopt;
    return *parsed;
}

template <class Rows>
std::optional<std::size_t> index_of(Rows const& rows, std::string_view name) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows[i].name == name) return i;
    }
    return std::nullopt;
}

template <class Rows>
std::vector<std::string> names_in(Rows const& rows) {
    std::vector<std::string> names;
    for (auto const& row : rows) names.push_back(row.name);
    return names;
}

}  // namespace

std::optional<std::string> text_of(Node const* node) {
    if (node == nullptr || node->broken || node->kind != Node::Kind::scalar ||
        resolve(*node) != Resolved::string) {
        return std::nullopt;
    }
    return node->text;
}

std::optional<bool> boolean_of(Node const* node) {
    if (node == nullptr || node->broken || node->kind != Node::Kind::scalar) return std::nullopt;
    if (node->text == "yes") return true;
    if (node->text == "no") return false;
    if (resolve(*node) != Resolved::boolean) return std::nullopt;
    return node->text.front() == 't' || node->text.front() == 'T';
}

std::optional<std::int64_t> integer_of(Node const* node) {
    if (node == nullptr || node->broken) return std::nullopt;
    return language::integer_of(*node);
}

std::optional<Duration> duration_of(Node const* node) { return quantity(node, &parse_duration); }
std::optional<ByteCount> byte_count_of(Node const* node) {
    return quantity(node, &parse_byte_count);
}
std::optional<Bandwidth> bandwidth_of(Node const* node) { return quantity(node, &parse_bandwidth); }
std::optional<Rate> rate_of(Node const* node) { return quantity(node, &parse_rate); }
std::optional<Share> share_of(Node const* node) { return quantity(node, &parse_share); }
std::optional<WriteCount> write_count_of(Node const* node) {
    return quantity(node, &parse_write_count);
}

std::span<Node const> items_of(Node const* node) {
    if (node == nullptr || node->broken) return {};
    return node->items;
}

std::span<Entry const> entries_of(Node const* node) {
    if (node == nullptr || node->broken) return {};
    return node->entries;
}

std::optional<Duration> time_above_zero(Node const* node, Report const& report,
                                        std::string_view what) {
    std::optional<Duration> const time = duration_of(node);
    if (time && time->ns == 0) {
        report.error(Code::bad_time, mark_of(*node), fmt::format("{} is zero", what),
                     {"write a time above zero", {}});
        return std::nullopt;
    }
    return time;
}

std::optional<Bandwidth> bandwidth_above_zero(Node const* node, Report const& report,
                                              std::string_view what) {
    std::optional<Bandwidth> const bandwidth = bandwidth_of(node);
    if (bandwidth && bandwidth->bits_per_second == 0) {
        report.error(Code::bad_bandwidth, mark_of(*node), fmt::format("{} is zero", what),
                     {"write a bandwidth above zero; a step can cut a link or fail a disk", {}});
        return std::nullopt;
    }
    return bandwidth;
}

std::optional<Share> loss_of(Node const* node, Report const& report) {
    std::optional<Share> const loss = share_of(node);
    if (loss && loss->millionths == Share::whole) {
        report.error(Code::bad_link, mark_of(*node), "nothing would ever arrive on this link",
                     {"write a loss below 100 %; a step can cut a link", {}});
        return std::nullopt;
    }
    return loss;
}

std::optional<std::uint64_t> sectors_of(Node const* node, Report const& report, Code code,
                                        std::string_view what) {
    std::optional<ByteCount> const size = byte_count_of(node);
    if (!size) return std::nullopt;
    if (size->bytes % sector_bytes == 0) return size->bytes / sector_bytes;
    std::uint64_t const below = size->bytes - size->bytes % sector_bytes;
    std::string hint = below == 0 ? "the next larger one is 512 B"
                                  : fmt::format("the next smaller one is {} B", below);
    report.error(code, mark_of(*node), fmt::format("{} is not a multiple of 512 B", what),
                 {std::move(hint), {}});
    return std::nullopt;
}

std::optional<IntentLog> intent_log_of(Node const* node) {
    if (text_of(node) == "none") return IntentLog{};
    std::optional<ByteCount> const chunk = byte_count_of(node);
    if (!chunk) return std::nullopt;
    return IntentLog{*chunk};
}

std::optional<netsim::Mode> mode_of(Node const* node) {
    std::optional<std::string> const word = text_of(node);
    if (word == "synchronous") return netsim::Mode::synchronous;
    if (word == "asynchronous") return netsim::Mode::asynchronous;
    return std::nullopt;
}

std::optional<bool> guarded_of(Node const* node) {
    std::optional<std::string> const word = text_of(node);
    if (word == "datakeeper/faithful") return false;
    if (word == "datakeeper/guarded") return true;
    return std::nullopt;
}

std::optional<replication::SplitBrainPolicy> split_brain_policy_of(Node const* node) {
    using Policy = replication::SplitBrainPolicy;
    std::optional<std::string> const word = text_of(node);
    for (auto policy = Policy::disconnect; word && policy < Policy::discard_node;
         policy = static_cast<Policy>(static_cast<int>(policy) + 1)) {
        if (replication::name_of(policy) == *word) return policy;
    }
    return std::nullopt;
}

std::optional<netsim::SplitBrainSetup> Names::split_brain(Node const* node) const {
    if (node == nullptr) return std::nullopt;
    if (auto const policy = split_brain_policy_of(node)) {
        return netsim::SplitBrainSetup{*policy, std::nullopt};
    }
    std::optional<NodeId> const loser = this->node(node->find("discard_node"));
    if (!loser) return std::nullopt;
    return netsim::SplitBrainSetup{replication::SplitBrainPolicy::discard_node, loser};
}

std::optional<NodeId> Names::node(Node const* node) const {
    std::optional<std::string> const name = text_of(node);
    if (!name || passes_over(cluster_.nodes)) return std::nullopt;
    if (auto const index = index_of(cluster_.nodes, *name)) {
        return NodeId{static_cast<std::uint8_t>(*index)};
    }
    report_.unknown(Code::unknown_name, mark_of(*node), fmt::format("there is no node '{}'", *name),
                    *name, node_names());
    return std::nullopt;
}

std::optional<NodeId> Names::node_of_key(Entry const& entry) const {
    Node key;
    key.text = entry.key;
    key.quoted = true;
    key.span = entry.key_span;
    return node(&key);
}

std::optional<std::uint16_t> Names::mirror(Node const* node) const {
    std::optional<std::string> const name = text_of(node);
    if (!name || passes_over(cluster_.mirrors)) return std::nullopt;
    if (auto const index = index_of(cluster_.mirrors, *name)) {
        return static_cast<std::uint16_t>(*index);
    }
    report_.unknown(Code::unknown_name, mark_of(*node),
                    fmt::format("there is no mirror '{}'", *name), *name,
                    names_in(cluster_.mirrors));
    return std::nullopt;
}

std::optional<std::uint16_t> Names::volume(std::optional<std::uint16_t> mirror,
                                           Node const* node) const {
    std::optional<std::string> const name = text_of(node);
    if (!name || !mirror) return std::nullopt;
    netsim::MirrorSetup const& setup = cluster_.mirrors[*mirror];
    if (setup.volumes.empty()) {
        report_.error(Code::unknown_name, mark_of(*node),
                      fmt::format("mirror '{}' has no volumes of its own", setup.name),
                      {fmt::format("give it some, 'volumes: {{{}: 64 MiB}}' in place of 'size', or "
                                   "name none",
                                   *name),
                       {}});
        return std::nullopt;
    }
    if (auto const index = index_of(setup.volumes, *name)) {
        return static_cast<std::uint16_t>(*index);
    }
    report_.unknown(Code::unknown_name, mark_of(*node),
                    fmt::format("mirror '{}' has no volume '{}'", setup.name, *name), *name,
                    names_in(setup.volumes));
    return std::nullopt;
}

std::optional<Extent> Names::part(std::optional<std::uint16_t> mirror, Node const& request) const {
    if (!mirror) return std::nullopt;
    netsim::MirrorSetup const& setup = cluster_.mirrors[*mirror];
    Node const* const name = request.find("volume");
    Extent part{0, setup.sectors};
    if (name != nullptr) {
        std::optional<std::uint16_t> const volume = this->volume(mirror, name);
        if (!volume) return std::nullopt;
        part = netsim::extent_of(setup, *volume);
    } else if (!setup.volumes.empty()) {
        report_.error(Code::missing_key, mark_of(request),
                      fmt::format("mirror '{}' has volumes: which one is meant?", setup.name),
                      {fmt::format("for example 'volume: {}'", setup.volumes.front().name),
                       names_in(setup.volumes)});
        return std::nullopt;
    }
    return part.count == 0 ? std::nullopt : std::optional(part);
}

std::string Names::part_in_words(std::uint16_t mirror, Node const& request) const {
    std::string const whole = fmt::format("mirror '{}'", cluster_.mirrors[mirror].name);
    std::optional<std::string> const volume = text_of(request.find("volume"));
    return volume ? fmt::format("volume '{}' of {}", *volume, whole) : whole;
}

std::optional<ResourceId> Names::resource(Node const* node) const {
    std::optional<std::string> const name = text_of(node);
    if (!name) return std::nullopt;
    if (auto const index = index_of(cluster_.resources, *name)) {
        return ResourceId{static_cast<std::uint16_t>(*index)};
    }
    report_.unknown(Code::unknown_name, mark_of(*node),
                    fmt::format("there is no resource '{}'", *name), *name,
                    names_in(cluster_.resources));
    return std::nullopt;
}

std::optional<NodeId> Names::node_of(std::optional<std::uint16_t> mirror, Node const* node,
                                     ServersToo servers_too) const {
    std::optional<NodeId> const found = this->node(node);
    if (!found || !mirror) return found;
    netsim::MirrorSetup const& setup = cluster_.mirrors[*mirror];
    if (setup.on.empty() || std::ranges::find(setup.on, *found) != setup.on.end()) return found;
    if (servers_too == ServersToo::yes && shared_disk_of(*found, *mirror, cluster_)) return found;
    std::vector<std::string> holders;
    for (NodeId const holder : setup.on) holders.push_back(cluster_.nodes[holder.value].name);
    auto const disk = shared_disk_of(*found, *mirror, cluster_);
    std::string const hint =
        disk ? fmt::format("name the disk, '{}'", cluster_.nodes[disk->value].name) : "";
    report_.error(Code::bad_step, mark_of(*node),
                  fmt::format("'{}' has no copy of mirror '{}'", node->text, setup.name),
                  {hint, std::move(holders)});
    return std::nullopt;
}

std::optional<NodeId> Names::holder(Node const* node) const {
    std::optional<NodeId> const found = this->node(node);
    if (!found || cluster_.mirrors.empty()) return found;
    std::vector<std::string> holders;
    std::string hint;
    for (std::uint8_t n = 0; n < cluster_.nodes.size(); ++n) {
        bool const holds =
            std::ranges::any_of(cluster_.mirrors, [&](netsim::MirrorSetup const& mirror) {
                return std::ranges::find(mirror.on, NodeId{n}) != mirror.on.end();
            });
        if (!holds) continue;
        if (NodeId{n} == *found) return found;
        holders.push_back(cluster_.nodes[n].name);
        auto const& servers = cluster_.nodes[n].shared_by;
        if (std::ranges::find(servers, *found) != servers.end())
            hint = fmt::format("name the disk, '{}'", cluster_.nodes[n].name);
    }
    report_.error(
        Code::bad_step, mark_of(*node),
        fmt::format("'{}' has no copy of any mirror, so this would do nothing", node->text),
        {hint, std::move(holders)});
    return std::nullopt;
}

std::optional<netsim::ArrayId> Names::array(Node const* node) const {
    std::optional<std::string> const name = text_of(node);
    if (!name) return std::nullopt;
    if (auto const index = index_of(cluster_.arrays, *name)) {
        return netsim::ArrayId{static_cast<std::uint16_t>(*index)};
    }
    if (cluster_.arrays.empty()) {
        report_.error(Code::unknown_name, mark_of(*node), "this cluster has no arrays",
                      {"'cluster: {arrays: {...}}' describes some, by themselves", {}});
    } else {
        report_.unknown(Code::unknown_name, mark_of(*node),
                        fmt::format("there is no array '{}'", *name), *name,
                        names_in(cluster_.arrays));
    }
    return std::nullopt;
}

std::optional<std::string> Names::in_array(std::optional<netsim::ArrayId> array, Node const* node,
                                           std::string_view what,
                                           std::vector<std::string> ArrayNames::* kind) const {
    std::optional<std::string> name = text_of(node);
    if (!name || !array || array->value >= in_arrays_.size()) return std::nullopt;
    std::vector<std::string> const& known = in_arrays_[array->value].*kind;
    if (std::ranges::find(known, *name) != known.end()) return name;
    report_.unknown(Code::unknown_name, mark_of(*node),
                    fmt::format("array '{}' never has a {} '{}'",
                                cluster_.arrays[array->value].name, what, *name),
                    *name, known);
    return std::nullopt;
}

std::optional<netsim::Vertex> Names::vertex(Node const* node) const {
    std::optional<std::string> const name = text_of(node);
    if (!name || passes_over(cluster_.nodes)) return std::nullopt;
    if (auto const index = index_of(cluster_.nodes, *name)) {
        return static_cast<netsim::Vertex>(*index);
    }
    auto const found = std::ranges::find(cluster_.switches, *name);
    if (found != cluster_.switches.end()) {
        auto const index = static_cast<std::size_t>(found - cluster_.switches.begin());
        return static_cast<netsim::Vertex>(cluster_.nodes.size() + index);
    }
    std::vector<std::string> allowed = node_names();
    allowed.insert(allowed.end(), cluster_.switches.begin(), cluster_.switches.end());
    report_.unknown(Code::unknown_name, mark_of(*node),
                    fmt::format("there is no node and no switch '{}'", *name), *name,
                    std::move(allowed));
    return std::nullopt;
}

std::optional<std::string> Names::known(Node const* node, std::string_view what,
                                        std::vector<std::string> const& known) const {
    std::optional<std::string> name = text_of(node);
    if (!name || known.empty() || std::ranges::find(known, *name) != known.end()) return name;
    report_.unknown(Code::unknown_name, mark_of(*node),
                    fmt::format("there is no {} '{}'", what, *name), *name, known);
    return std::nullopt;
}

std::vector<std::string> Names::node_names() const { return names_in(cluster_.nodes); }

std::string const& Names::vertex_name(netsim::Vertex vertex) const {
    std::size_t const nodes = cluster_.nodes.size();
    return vertex < nodes ? cluster_.nodes[vertex].name : cluster_.switches[vertex - nodes];
}

}  // namespace sunder::language::loading
