// SPDX-License-Identifier: BSD-3-Clause
//
// Reads `steps:` one after another, and decides which steps are impossible where they stand: nodes
// die by steps only, unless quorum or fencing stops them, so whether a node is up is known before
// anything runs. What can only be known by running (which node has a mirror in service) is left to
// the director.
#include "base/text.h"
#include "scenarios/language/load_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <set>
#include <utility>

namespace sunder::language::loading {

namespace {

using Read = std::optional<Action>;

/// The node of a death, which may stand beside its fates.
Node const& who_dies(Node const& value) {
    Node const* const node = value.find("node");
    return node != nullptr ? *node : value;
}
std::vector<std::uint8_t> fates_of(Node const& value) {
    std::vector<std::uint8_t> fates;
    for (Node const& item : items_of(value.find("fates"))) {
        fates.push_back(static_cast<std::uint8_t>(integer_of(&item).value_or(0)));
    }
    return fates;
}

class StepReader {
public:
    /// With `all_workloads`, `workloads` is all there are; without, some could not be read.
    StepReader(Names const& names, KnownNames const& known, std::vector<Workload> const& workloads,
               bool all_workloads)
        : names_(names),
          known_(known),
          workloads_(workloads),
          all_workloads_(all_workloads),
          nodes_(names.cluster().nodes.size()),
          arrays_(names.cluster().arrays.size()) {
        for (std::size_t n = 0; n < nodes_.size(); ++n) {
            if (!names.cluster().nodes[n].started) nodes_[n].is = NodeIs::not_started;
            disks_of_.push_back({static_cast<std::uint8_t>(n)});
        }
        // Who stops itself, is shot or loses a shared disk is down or up by no step.
        bool const by_quorum = names.cluster().quorum.mode != nodes::QuorumMode::none;
        bool const by_disk = std::ranges::any_of(
            names.cluster().nodes,
            [](netsim::NodeSetup const& node) { return !node.shared_by.empty(); });
        if (by_quorum || by_disk || names.cluster().fencing) states_known_ = false;
    }

    /// The step of this key; nothing if something is wrong with it.
    Read read(std::string_view key, Node const& value);

    /// Whether some step starts the workload of this mirror.
    [[nodiscard]] bool starts(std::string const& mirror) const { return started_.contains(mirror); }

private:
    enum class NodeIs { running, paused, crashed, without_power, not_started };
    struct NodeState {
        NodeIs is = NodeIs::running;
        std::uint32_t line = 0;  ///< of the step that made it so
    };
    static std::string_view word_of(NodeIs);

    Read wait(Node const& value);
    Read hold(Node const& value);
    Read pass(Node const& value);
    Read crash(Node const& value);
    Read power_cut(Node const& value);
    Read panic(Node const& value);
    Read pause(Node const& value);
    Read resume(Node const& value);
    Read restart(Node const& value);
    Read fill_memory(Node const& value);
    Read free_memory(Node const& value);
    Read memory(Node const& value, bool full);
    Read reset(Node const& value);
    Read damage(Node const& value);
    std::optional<std::pair<NodeId, NodeId>> two_nodes(Node const* a, Node const* b);
    Read write(Node const& value);
    Read read_range(Node const& value);
    Read trim(Node const& value);
    Read write_zeroes(Node const& value);
    Read flush(Node const& value);
    Read start_workload(Node const& value);
    Read stop_workload(Node const& value);
    Read take_image(Node const& value);
    Read write_image(Node const& value);
    Read take_snapshot(Node const& value);
    Read roll_back(Node const& value);
    Read replace_disks(Node const& value);
    Read exchange_disks(Node const& value);
    Read of_an_array(std::string_view key, Node const& value);
    Read array_power(Node const& value, bool on);
    /// True when the node is down here, as far as that is known; `why` says why it has to be.
    bool expect_down(NodeId node, Node const& named, char const* why);

    /// The node, if it is in one of the states from which it can become `next`.
    std::optional<NodeId> become(Node const& value, std::initializer_list<NodeIs> from,
                                 NodeIs next);
    std::optional<std::uint16_t> mirror_with_workload(Node const& value);
    [[nodiscard]] Report const& report() const { return names_.report(); }

    Names const& names_;
    KnownNames const& known_;
    std::vector<Workload> const& workloads_;
    bool all_workloads_;
    std::vector<NodeState> nodes_;
    std::vector<NodeState> arrays_;
    std::vector<NodeId> disks_of_;  // by node: whose it has
    bool states_known_ = true;
    std::set<std::uint16_t> images_;  // mirrors of which an image was taken
    std::set<NodeId> snapshots_;      // nodes of which one was taken
    std::set<std::string> started_;   // mirrors whose workload a step starts
};

Read StepReader::read(std::string_view key, Node const& value) {
    if (value.broken) return std::nullopt;
    bool const of_array = key == "power_on" || is_array_order(key) ||
                          (value.kind == Node::Kind::mapping && value.find("array") != nullptr &&
                           key != "wait" && key != "hold") ||
                          (!names_.cluster().arrays.empty() &&
                           (key == "flush" || key == "power_cut" || key.ends_with("_workload")));
    if (of_array) return of_an_array(key, value);
    using Reader = Read (StepReader::*)(Node const&);
    static constexpr std::array<std::pair<std::string_view, Reader>, 26> readers{{
        {"wait", &StepReader::wait},
        {"hold", &StepReader::hold},
        {"pass", &StepReader::pass},
        {"crash", &StepReader::crash},
        {"power_cut", &StepReader::power_cut},
        {"panic", &StepReader::panic},
        {"pause", &StepReader::pause},
        {"resume", &StepReader::resume},
        {"restart", &StepReader::restart},
        {"fill_memory", &StepReader::fill_memory},
        {"free_memory", &StepReader::free_memory},
        {"reset", &StepReader::reset},
        {"damage", &StepReader::damage},
        {"write", &StepReader::write},
        {"read", &StepReader::read_range},
        {"trim", &StepReader::trim},
        {"write_zeroes", &StepReader::write_zeroes},
        {"flush", &StepReader::flush},
        {"start_workload", &StepReader::start_workload},
        {"stop_workload", &StepReader::stop_workload},
        {"take_image", &StepReader::take_image},
        {"write_image", &StepReader::write_image},
        {"take_snapshot", &StepReader::take_snapshot},
        {"roll_back", &StepReader::roll_back},
        {"replace_disks", &StepReader::replace_disks},
        {"exchange_disks", &StepReader::exchange_disks},
    }};
    for (auto const& [name, reader] : readers) {
        if (name == key) return (this->*reader)(value);
    }
    if (auto const faulty = read_fault_step(key, value, names_)) return faulty;
    if (auto const linked = read_link_step(key, value, names_)) return linked;
    if (auto const ordered = read_operator_step(key, value, names_, known_)) return ordered;
    if (auto const made = read_hierarchy_step(key, value, names_, known_)) return made;
    if (auto const made = read_member_step(key, value, names_, known_)) return made;
    return read_replayed_step(key, value, names_);
}

// ---- arrays

Read StepReader::of_an_array(std::string_view key, Node const& value) {
    if (key == "power_on") return array_power(value, true);
    if (key == "power_cut") return array_power(value, false);
    if (is_array_order(key)) return read_array_order(key, value, names_);
    if (value.kind == Node::Kind::mapping) return read_array_request(key, value, names_);
    std::optional<netsim::ArrayId> const array = names_.array(&value);
    bool const begins = key == "start_workload";
    if (begins) started_.insert(value.text);
    if (!array) return std::nullopt;
    if (key != "flush") return step::ArrayLoad{*array, begins};
    step::ArrayRequest flush;
    flush.array = *array;
    flush.op = replication::HostOp::flush;
    return flush;
}

Read StepReader::array_power(Node const& value, bool on) {
    Node const& named = who_dies(value);
    std::optional<netsim::ArrayId> const array = names_.array(&named);
    if (!array) return std::nullopt;
    NodeState& state = arrays_[array->value];
    bool const has_power = state.is == NodeIs::running;
    std::uint32_t const line = std::exchange(state.line, named.span.begin.line);
    state.is = on ? NodeIs::running : NodeIs::without_power;
    if (has_power != on) return step::ArrayPower{*array, on, fates_of(value)};
    std::string const since = line == 0 ? "from the start on" : fmt::format("since line {}", line);
    report().error(
        Code::bad_step, mark_of(named),
        fmt::format("'{}' {} power here, {}", named.text, on ? "has" : "is without", since));
    return std::nullopt;
}

// ---- time

Read StepReader::wait(Node const& value) {
    std::optional<Condition> const until = read_condition(value, names_);
    step::Wait made;
    if (Node const* const within = value.find("within")) {
        made.within = time_above_zero(within, report(), "the time to wait").value_or(made.within);
    }
    if (!until) return std::nullopt;
    made.until = *until;
    return made;
}

Read StepReader::hold(Node const& value) {
    std::optional<Condition> const holds = read_condition(value, names_);
    auto const time = time_above_zero(value.find("for"), report(), "the time to hold");
    Node const* const because = value.find("because");
    std::optional<std::string> const rule = names_.known(because, "rule", known_.rules);
    if (!holds || !time) return std::nullopt;
    return step::Hold{*holds, *time, rule.value_or("")};
}

Read StepReader::pass(Node const& value) {
    auto const time = time_above_zero(&value, report(), "the time to pass");
    if (!time) return std::nullopt;
    return step::Pass{*time};
}

// ---- nodes

std::string_view StepReader::word_of(NodeIs is) {
    switch (is) {
        case NodeIs::running:
            return "running";
        case NodeIs::paused:
            return "paused";
        case NodeIs::crashed:
            return "crashed";
        case NodeIs::without_power:
            return "without power";
        case NodeIs::not_started:
            return "not started";
    }
    return "";
}

std::optional<NodeId> StepReader::become(Node const& value, std::initializer_list<NodeIs> from,
                                         NodeIs next) {
    std::optional<NodeId> const node = names_.node(&value);
    if (!node) {
        // Nobody knows which node was meant, so from here on any of them may be up or down.
        states_known_ = false;
        return std::nullopt;
    }
    if (!names_.cluster().nodes[node->value].shared_by.empty()) {
        report().error(Code::bad_step, mark_of(value),
                       fmt::format("'{}' is a disk that two servers share", value.text),
                       {"this happens to servers", {}});
        return std::nullopt;
    }
    NodeState& state = nodes_[node->value];
    bool const possible = !states_known_ || std::ranges::find(from, state.is) != from.end();
    if (!possible) {
        std::string since =
            state.line == 0 ? "from the start on" : fmt::format("since line {}", state.line);
        std::string needed;
        for (NodeIs const one : from) {
            needed += needed.empty() ? "" : " or ";
            needed += word_of(one);
        }
        report().error(Code::bad_step, mark_of(value),
                       fmt::format("'{}' is {} here, {}", value.text, word_of(state.is), since),
                       {fmt::format("this step needs a node that is {}", needed), {}});
    }
    // Also after an error: the next steps were written with this one in mind.
    state = {next, value.span.begin.line};
    return possible ? node : std::nullopt;
}

Read StepReader::crash(Node const& value) {
    auto const node = become(who_dies(value), {NodeIs::running, NodeIs::paused}, NodeIs::crashed);
    if (!node) return std::nullopt;
    return step::Crash{*node, fates_of(value)};
}

Read StepReader::power_cut(Node const& value) {
    // What a crashed node's operating system still held is lost now: a step of its own.
    auto const node = become(who_dies(value), {NodeIs::running, NodeIs::paused, NodeIs::crashed},
                             NodeIs::without_power);
    if (!node) return std::nullopt;
    return step::PowerCut{*node, fates_of(value)};
}

Read StepReader::panic(Node const& value) {
    auto const node = become(who_dies(value), {NodeIs::running, NodeIs::paused}, NodeIs::crashed);
    if (!node) return std::nullopt;
    return step::Panic{*node, fates_of(value)};
}

Read StepReader::pause(Node const& value) {
    auto const node = become(value, {NodeIs::running}, NodeIs::paused);
    if (!node) return std::nullopt;
    return step::Pause{*node};
}

Read StepReader::resume(Node const& value) {
    auto const node = become(value, {NodeIs::paused}, NodeIs::running);
    if (!node) return std::nullopt;
    return step::Resume{*node};
}

Read StepReader::restart(Node const& value) {
    auto const node = become(value, {NodeIs::crashed, NodeIs::without_power, NodeIs::not_started},
                             NodeIs::running);
    if (!node) return std::nullopt;
    // With another's disks it does not.
    if (disks_of_[node->value] != *node) nodes_[node->value].is = NodeIs::crashed;
    return step::Restart{*node};
}

Read StepReader::fill_memory(Node const& value) { return memory(value, true); }

Read StepReader::free_memory(Node const& value) { return memory(value, false); }

Read StepReader::memory(Node const& value, bool full) {
    std::vector<NodeState> const before = nodes_;
    auto const node = become(value, {NodeIs::running}, NodeIs::running);
    nodes_ = before;  // whatever it is, this step leaves it so
    if (!node) return std::nullopt;
    return step::FillMemory{*node, full};
}

// ---- network

Read StepReader::reset(Node const& value) {
    std::span<Node const> const ends = items_of(value.find("between"));
    if (ends.size() != 2) return std::nullopt;
    auto const between = two_nodes(&ends[0], &ends[1]);
    if (!between) return std::nullopt;
    bool const half_open = boolean_of(value.find("half_open")).value_or(false);
    return step::Reset{between->first, between->second, half_open};
}

Read StepReader::damage(Node const& value) {
    auto const between = two_nodes(value.find("from"), value.find("to"));
    if (!between) return std::nullopt;
    bool const cut = text_of(value.find("how")) == name_of(netsim::Damage::cut_short);
    return step::DamageMessage{between->first, between->second,
                               cut ? netsim::Damage::cut_short : netsim::Damage::flipped_bit};
}

std::optional<std::pair<NodeId, NodeId>> StepReader::two_nodes(Node const* first,
                                                               Node const* second) {
    std::optional<NodeId> const a = names_.node(first);
    std::optional<NodeId> const b = names_.node(second);
    if (!a || !b) return std::nullopt;
    if (*a != *b) return std::pair(*a, *b);
    report().error(Code::bad_step, mark_of(*second),
                   fmt::format("'{}' has no connection to itself", second->text),
                   {"name two different nodes", {}});
    return std::nullopt;
}

// ---- hosts

Read StepReader::write(Node const& value) {
    std::optional<step::DiskPart> const where = part_of(value, names_);
    if (!where) return std::nullopt;
    bool const fua = boolean_of(value.find("fua")).value_or(false);
    return step::Write{where->mirror, where->at, where->sectors, fua,
                       names_.node_of(where->mirror, value.find("on"))};
}

Read StepReader::read_range(Node const& value) {
    std::optional<step::DiskPart> const where = part_of(value, names_);
    if (!where) return std::nullopt;
    return step::Read{where->mirror, where->at, where->sectors,
                      names_.node_of(where->mirror, value.find("on"))};
}

Read StepReader::trim(Node const& value) {
    std::optional<step::DiskPart> const where = part_of(value, names_);
    if (!where) return std::nullopt;
    return step::Trim{where->mirror, where->at, where->sectors, false,
                      names_.node_of(where->mirror, value.find("on"))};
}

Read StepReader::write_zeroes(Node const& value) {
    std::optional<step::DiskPart> const where = part_of(value, names_);
    if (!where) return std::nullopt;
    return step::Trim{where->mirror, where->at, where->sectors, true,
                      names_.node_of(where->mirror, value.find("on"))};
}

Read StepReader::flush(Node const& value) {
    std::optional<std::uint16_t> const mirror = names_.mirror(&value);
    if (!mirror) return std::nullopt;
    return step::Flush{*mirror};
}

std::optional<std::uint16_t> StepReader::mirror_with_workload(Node const& value) {
    std::optional<std::uint16_t> const mirror = names_.mirror(&value);
    if (!mirror) return std::nullopt;
    bool const has_one =
        std::ranges::find(workloads_, *mirror, &Workload::mirror) != workloads_.end();
    if (has_one || !all_workloads_) return mirror;
    report().error(Code::bad_step, mark_of(value),
                   fmt::format("mirror '{}' has no workload", value.text),
                   {fmt::format("describe one: 'workload: [{{on: {}, ...}}]'", value.text), {}});
    return std::nullopt;
}

Read StepReader::start_workload(Node const& value) {
    std::optional<std::uint16_t> const mirror = mirror_with_workload(value);
    started_.insert(value.text);
    if (!mirror) return std::nullopt;
    return step::StartWorkload{*mirror};
}

Read StepReader::stop_workload(Node const& value) {
    std::optional<std::uint16_t> const mirror = mirror_with_workload(value);
    if (!mirror) return std::nullopt;
    return step::StopWorkload{*mirror};
}

// ---- images

Read StepReader::take_image(Node const& value) {
    std::optional<std::uint16_t> const mirror = names_.mirror(value.find("mirror"));
    std::optional<NodeId> const node = names_.node_of(mirror, value.find("on"));
    if (!mirror || !node) return std::nullopt;
    if (states_known_ && nodes_[node->value].is == NodeIs::not_started) {
        report().error(Code::bad_step, mark_of(*value.find("on")),
                       fmt::format("'{}' was never started", value.find("on")->text),
                       {"its copy holds nothing yet; 'restart' starts it", {}});
        return std::nullopt;
    }
    images_.insert(*mirror);
    return step::TakeImage{*mirror, *node};
}

Read StepReader::write_image(Node const& value) {
    std::optional<std::uint16_t> const mirror = names_.mirror(value.find("mirror"));
    Node const* const on = value.find("on");
    std::optional<NodeId> const node = names_.node_of(mirror, on);
    if (!mirror || !node) return std::nullopt;
    if (!images_.contains(*mirror)) {
        report().error(Code::bad_step, mark_of(*value.find("mirror")),
                       "no image of this mirror was taken before",
                       {"a 'take_image' step takes one", {}});
        return std::nullopt;
    }
    if (!expect_down(*node, *on, "a disk is made from an image while its node is down"))
        return std::nullopt;
    return step::WriteImage{*mirror, *node};
}

bool StepReader::expect_down(NodeId node, Node const& named, char const* why) {
    NodeState const& state = nodes_[node.value];
    bool const down = state.is != NodeIs::running && state.is != NodeIs::paused;
    if (!states_known_ || down) return true;
    report().error(Code::bad_step, mark_of(named),
                   fmt::format("'{}' is {} here", named.text, word_of(state.is)), {why, {}});
    return false;
}

Read StepReader::take_snapshot(Node const& value) {
    std::optional<NodeId> const node = names_.holder(&value);
    if (!node) return std::nullopt;
    snapshots_.insert(*node);
    return step::TakeSnapshot{*node};
}

Read StepReader::roll_back(Node const& value) {
    Node const* const named = value.find("node");
    std::optional<NodeId> const node = names_.holder(named);
    if (!node) return std::nullopt;
    if (!snapshots_.contains(*node)) {
        report().error(Code::bad_step, mark_of(*named),
                       fmt::format("no snapshot of '{}' was taken before", named->text),
                       {"a 'take_snapshot' step takes one", {}});
        return std::nullopt;
    }
    if (!expect_down(*node, *named, "disks are put back while their node is down"))
        return std::nullopt;
    using What = netsim::seen::RolledBack::What;
    std::string const what = text_of(value.find("what")).value_or("everything");
    if (what != "data") disks_of_[node->value] = *node;
    return step::RollBack{*node, what == "metadata" ? What::metadata
                                 : what == "data"   ? What::data
                                                    : What::everything};
}

Read StepReader::replace_disks(Node const& value) {
    std::optional<NodeId> const node = names_.holder(&value);
    if (!node || !expect_down(*node, value, "disks are replaced while their node is down"))
        return std::nullopt;
    disks_of_[node->value] = *node;
    return step::RollBack{*node, netsim::seen::RolledBack::What::blank};
}

Read StepReader::exchange_disks(Node const& value) {
    std::vector<Node> const& ends = value.items;
    std::optional<NodeId> const one = names_.holder(&ends[0]);
    std::optional<NodeId> const other = names_.holder(&ends[1]);
    constexpr char const* why = "disks are exchanged while both nodes are down";
    if (!one || !other || !expect_down(*one, ends[0], why) || !expect_down(*other, ends[1], why))
        return std::nullopt;
    auto const& mirrors = names_.cluster().mirrors;
    bool const common = *one != *other && std::ranges::any_of(mirrors, [&](auto const& mirror) {
        return std::ranges::find(mirror.on, *one) != mirror.on.end() &&
               std::ranges::find(mirror.on, *other) != mirror.on.end();
    });
    if (!common) {
        report().error(Code::bad_step, mark_of(ends[1]),
                       fmt::format("'{}' and '{}' are no two copies of one mirror", ends[0].text,
                                   ends[1].text),
                       {"name two nodes that a mirror is on", {}});
        return std::nullopt;
    }
    std::swap(disks_of_[one->value], disks_of_[other->value]);
    return step::ExchangeDisks{*one, *other};
}

}  // namespace

std::vector<Step> read_steps(Node const* node, Node const* workload_node,
                             std::vector<Workload> const& workloads, Names const& names,
                             KnownNames const& known) {
    bool const all_workloads =
        !names.cluster().arrays.empty() || workloads.size() == items_of(workload_node).size();
    StepReader reader(names, known, workloads, all_workloads);
    std::vector<Step> steps;
    for (Node const& item : items_of(node)) {
        for (Entry const& entry : entries_of(&item)) {
            std::optional<Action> const action = reader.read(entry.key, entry.value);
            if (!action) continue;
            steps.push_back({*action, entry.key_span.begin,
                             fmt::format("{}: {}", entry.key, in_one_line(entry.value))});
        }
    }
    for (Node const& item : items_of(workload_node)) {
        Node const* const started = item.find("started");
        std::optional<std::string> const on = text_of(item.find("on"));
        if (!on || boolean_of(started).value_or(true) || reader.starts(*on)) continue;
        names.report().error(
            Code::bad_workload, mark_of(*started), "no step starts this workload",
            {fmt::format("add '- start_workload: {}', or remove 'started'", *on), {}});
    }
    return steps;
}

}  // namespace sunder::language::loading
