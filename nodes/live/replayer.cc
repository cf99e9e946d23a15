// SPDX-License-Identifier: BSD-3-Clause
//
// Stepping recorded machines, and words for what went in and came out.
#include "nodes/live/replayer.h"

#include "base/verify.h"
#include "nodes/input_codec.h"
#include "nodes/live/note_words.h"
#include "replication/input_codec.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace sunder::live {

namespace {

std::string what(replication::Input const& input) {
    static constexpr std::array names{
        "the beginning",       "a host's request", "a message",      "a connection that came up",
        "a broken connection", "a disk's answer",  "a stored thing", "a timer",
        "a command",           "a lost image"};
    static_assert(names.size() == std::variant_size_v<replication::Input>);
    std::string words = names[input.index()];
    if (auto const* arrived = std::get_if<replication::input::MessageArrived>(&input))
        words += fmt::format(" ({})", replication::name_of(arrived->message));
    return words;
}

std::string what(nodes::Input const& input) {
    static constexpr std::array names{"the beginning",
                                      "an order to stand down",
                                      "no other server",
                                      "a peer that is heard",
                                      "a peer that is silent",
                                      "a connection that came up",
                                      "a broken connection",
                                      "a message",
                                      "a mirror's report",
                                      "a hierarchy's report",
                                      "a change of a hierarchy",
                                      "a change of where a mirror is extended to",
                                      "a stored hierarchy",
                                      "the end of the wait at boot",
                                      "the end of the wait for a confirmation",
                                      "a shot that is due",
                                      "the outcome of a shot",
                                      "a peer that cannot be reached",
                                      "an administrator's confirmation",
                                      "an order to come in service by force",
                                      "an order to switch over",
                                      "an operator's order",
                                      "the choice of a split brain's loser",
                                      "the end of the wait for an era to be stored"};
    static_assert(names.size() == std::variant_size_v<nodes::Input>);
    std::string words = names[input.index()];
    if (auto const* arrived = std::get_if<nodes::input::MessageArrived>(&input))
        words += fmt::format(" ({})", nodes::name_of(arrived->message));
    return words;
}

std::string what(nodes::hierarchy::Input const& input) {
    static constexpr std::array names{"a command", "the outcome of an action", "a failed resource"};
    static_assert(names.size() == std::variant_size_v<nodes::hierarchy::Input>);
    return names[input.index()];
}

std::string name_of(replication::Output const& output) {
    static constexpr std::array names{"a message",
                                      "a closed connection",
                                      "an answer to a host",
                                      "a read",
                                      "a write",
                                      "a flush",
                                      "an image",
                                      "a cell to store",
                                      "a page to store",
                                      "an armed timer",
                                      "a cancelled timer",
                                      "a report",
                                      "a note"};
    static_assert(names.size() == std::variant_size_v<replication::Output>);
    if (auto const* send = std::get_if<replication::output::Send>(&output))
        return fmt::format("{} ({})", names[0], replication::name_of(send->message));
    return names[output.index()];
}

std::string name_of(nodes::Output const& output) {
    static constexpr std::array names{"a watch",
                                      "a message",
                                      "a command to a mirror",
                                      "a hierarchy to store",
                                      "a command to a hierarchy",
                                      "a wait at boot",
                                      "a wait for a confirmation",
                                      "a wait for a shot",
                                      "a shot",
                                      "the end of this process",
                                      "a question to the other server",
                                      "the answer that it stands down",
                                      "an answer to an operator",
                                      "a note",
                                      "a wait for an era to be stored"};
    static_assert(names.size() == std::variant_size_v<nodes::Output>);
    if (auto const* send = std::get_if<nodes::output::Send>(&output))
        return fmt::format("{} ({})", names[1], nodes::name_of(send->message));
    return names[output.index()];
}

std::string name_of(nodes::hierarchy::Output const& output) {
    static constexpr std::array names{"an action", "a report", "a note"};
    static_assert(names.size() == std::variant_size_v<nodes::hierarchy::Output>);
    return names[output.index()];
}

template <class Outbox>
std::string list(Outbox& outbox) {
    std::string text;
    for (auto const& output : outbox) {
        text += text.empty() ? "" : ", ";
        text += name_of(output);
    }
    return text.empty() ? "nothing" : text;
}

/// What is guarded by VERIFY in a machine is said before it.
std::unexpected<std::string> cannot_come(std::string const& why) { return std::unexpected(why); }

std::string machine_of(Recording::Entry const& entry, NodeSetup const& setup) {
    std::size_t const place = entry.machine.mirror;
    std::string const mirror =
        place < setup.mirrors.size() ? setup.mirrors[place].name : fmt::format("#{}", place);
    switch (entry.machine.kind) {
        case RecordedMachine::Kind::node:
            return setup.members[setup.config.self.value].name;
        case RecordedMachine::Kind::mirror:
            return fmt::format("mirror {}", mirror);
        case RecordedMachine::Kind::hierarchy:
            return fmt::format("what stands on {}", mirror);
    }
    return "a machine that is not known";
}

std::string input_of(Recording::Entry const& entry) {
    auto const name = [](auto const& input) {
        return input ? what(*input) : fmt::format("what is no input: {}", input.error());
    };
    switch (entry.machine.kind) {
        case RecordedMachine::Kind::node:
            return name(nodes::decode_input(entry.input));
        case RecordedMachine::Kind::mirror:
            return name(replication::decode_input(entry.input));
        case RecordedMachine::Kind::hierarchy:
            return name(nodes::hierarchy::decode_input(entry.input));
    }
    return "something";
}

}  // namespace

std::string in_words(Recording::Entry const& entry, NodeSetup const& setup) {
    return fmt::format("{:.6f} s, {}: {}", static_cast<double>(entry.at.ns) / 1e9,
                       machine_of(entry, setup), input_of(entry));
}

Replayer::Replayer(NodeSetup const& setup)
    : setup_(setup), node_(std::make_shared<nodes::NodeConfig const>(setup.config)) {
    for (MirrorSetup const& mirror : setup.mirrors) {
        auto config = std::make_shared<replication::GroupConfig const>(mirror.config);
        mirrors_.push_back({replication::MirrorMachine(std::move(config)), false});
    }
    for (nodes::ResourceConfig const& resource : setup.config.resources) {
        hierarchies_.push_back(
            resource.hierarchy
                ? std::make_unique<nodes::hierarchy::HierarchyMachine>(resource.hierarchy)
                : nullptr);
    }
}

std::expected<void, std::string> Replayer::step(Recording::Entry const& entry) {
    CrashContext const context(
        [&] { return fmt::format("while it replayed {}", in_words(entry, setup_)); });
    Stepped stepped = std::unexpected("there is no such machine");
    switch (entry.machine.kind) {
        case RecordedMachine::Kind::node:
            stepped = step_node(entry);
            break;
        case RecordedMachine::Kind::mirror:
            stepped = step_mirror(entry);
            break;
        case RecordedMachine::Kind::hierarchy:
            stepped = step_hierarchy(entry);
            break;
    }
    if (!stepped) return std::unexpected(stepped.error());
    if (*stepped == entry.outputs) return {};
    return std::unexpected(fmt::format("something else came out than then: {}", came_out_));
}

Replayer::Stepped Replayer::step_node(Recording::Entry const& entry) {
    auto const input = nodes::decode_input(entry.input);
    if (!input) return cannot_come(input.error());
    if (std::holds_alternative<nodes::input::Started>(*input) == node_started_)
        return cannot_come("a life has one beginning, and it comes first");
    node_started_ = true;
    nodes::Outbox out;
    node_.step(*input, out);
    for (nodes::Output const& output : out) {
        if (auto const* noted = std::get_if<nodes::output::Noted>(&output)) node_noted(noted->note);
    }
    came_out_ = list(out);
    return nodes::fingerprint(out);
}

Replayer::Stepped Replayer::step_mirror(Recording::Entry const& entry) {
    if (entry.machine.mirror >= mirrors_.size()) return cannot_come("there is no such mirror");
    Mirror& mirror = mirrors_[entry.machine.mirror];
    auto const input = replication::decode_input(entry.input);
    if (!input) return cannot_come(input.error());
    if (std::holds_alternative<replication::input::Started>(*input) == mirror.started)
        return cannot_come("a life has one beginning, and it comes first");
    mirror.started = true;
    replication::Outbox out;
    mirror.machine.step(*input, out);
    for (replication::Output const& output : out) {
        if (auto const* noted = std::get_if<replication::output::Noted>(&output))
            mirror_noted(entry.machine.mirror, noted->note);
    }
    came_out_ = list(out);
    return replication::fingerprint(out);
}

Replayer::Stepped Replayer::step_hierarchy(Recording::Entry const& entry) {
    bool const there =
        entry.machine.mirror < hierarchies_.size() && hierarchies_[entry.machine.mirror];
    if (!there) return cannot_come("nothing stands on that mirror");
    auto const input = nodes::hierarchy::decode_input(entry.input);
    if (!input) return cannot_come(input.error());
    nodes::hierarchy::Outbox out;
    hierarchies_[entry.machine.mirror]->step(*input, out);
    for (nodes::hierarchy::Output const& output : out) {
        if (auto const* noted = std::get_if<nodes::hierarchy::output::Noted>(&output))
            above_noted(entry.machine.mirror, noted->note);
    }
    came_out_ = list(out);
    return nodes::hierarchy::fingerprint(out);
}

}  // namespace sunder::live
