// SPDX-License-Identifier: BSD-3-Clause
//
// Reads what operators do: force, move, pause and resume mirrors, take them out of service, change
// their intent logs. Whether it is granted only a run can tell.
#include "scenarios/language/load_parts.h"

#include <algorithm>
#include <array>

namespace sunder::language::loading {

namespace {

using Kind = nodes::Order::Kind;

constexpr std::array<std::pair<std::string_view, Kind>, 8> orders{{
    {"pause_mirror", Kind::pause},
    {"resume_mirror", Kind::resume},
    {"take_out_of_service", Kind::leave_service},
    {"bring_in_service", Kind::enter_service},
    {"set_intent_log", Kind::set_intent_log},
    {"clear_intent_log", Kind::clear_intent_log},
    {"enable_asynchronous", Kind::enable_asynchronous},
    {"use_fallback_image", Kind::use_fallback_image},
}};

std::optional<Action> read_order(Kind kind, Node const& value, Names const& names,
                                 std::string refused) {
    std::optional<std::uint16_t> const mirror = names.mirror(value.find("mirror"));
    Node const* const on = value.find("on");
    Node const* const target = value.find("target");
    step::Ordered step;
    step.order.kind = kind;
    step.refused = std::move(refused);
    step.await = boolean_of(value.find("await")).value_or(true);
    if (on != nullptr) {
        step.node = names.node_of(mirror, on);
        if (!step.node) return std::nullopt;
    }
    if (target != nullptr) {
        step.order.target = names.node_of(mirror, target);
        if (!step.order.target) return std::nullopt;
    }
    step.order.limit = static_cast<std::uint32_t>(integer_of(value.find("limit")).value_or(256));
    if (kind != Kind::enable_asynchronous) step.order.limit = 0;
    if (!mirror) return std::nullopt;
    step.mirror = *mirror;
    return step;
}

using Extending = nodes::Extension::Kind;

constexpr std::array<std::pair<std::string_view, Extending>, 5> extensions{{
    {"create_mirror", Extending::create},
    {"extend", Extending::extend},
    {"unextend", Extending::unextend},
    {"delete_mirror", Extending::remove},
    {"migrate", Extending::migrate},
}};

std::optional<Action> read_extension(Extending kind, Node const& value, Names const& names,
                                     std::string refused) {
    std::optional<std::uint16_t> const mirror = names.mirror(value.find("mirror"));
    Node const* const on = value.find("on");
    step::EditExtension step;
    step.edit.kind = kind;
    step.refused = std::move(refused);
    step.await = boolean_of(value.find("await")).value_or(true);
    if (on != nullptr) {
        step.node = names.node_of(mirror, on);
        if (!step.node) return std::nullopt;
    }
    char const* const where = kind == Extending::extend     ? "to"
                              : kind == Extending::unextend ? "from"
                                                            : "on";
    if (!mirror) return std::nullopt;
    step.mirror = *mirror;
    if (kind == Extending::migrate) return step;
    std::optional<NodeId> const server = names.node_of(mirror, value.find(where));
    if (!server) return std::nullopt;
    step.edit.server = *server;
    if (auto const priority = integer_of(value.find("priority")))
        step.edit.priority = static_cast<std::uint16_t>(*priority);
    return step;
}

}  // namespace

std::optional<Action> read_operator_step(std::string_view key, Node const& value,
                                         Names const& names, KnownNames const& known) {
    bool const force = key == "force_online";
    bool const move = key == "switch_over";
    bool const resolve = key == "resolve_split_brain";
    bool const examine = key == "examine_intent_log";
    auto const order = std::ranges::find(orders, key, &std::pair<std::string_view, Kind>::first);
    auto const extension =
        std::ranges::find(extensions, key, &std::pair<std::string_view, Extending>::first);
    bool const other = force || move || resolve || examine;
    if (!other && order == orders.end() && extension == extensions.end()) return std::nullopt;
    std::string const refused =
        names.known(value.find("refused"), "rule", known.rules).value_or("");
    if (order != orders.end()) return read_order(order->second, value, names, refused);
    if (extension != extensions.end())
        return read_extension(extension->second, value, names, refused);
    std::optional<std::uint16_t> const mirror = names.mirror(value.find("mirror"));
    std::optional<NodeId> const node = names.node_of(mirror,
                                                     value.find(move      ? "to"
                                                                : resolve ? "loser"
                                                                          : "on"),
                                                     Names::ServersToo(move));
    if (!mirror || !node) return std::nullopt;
    bool const await = boolean_of(value.find("await")).value_or(true);
    auto const disk = shared_disk_of(*node, *mirror, names.cluster());
    if (disk) return step::MoveSharedDisk{*disk, *node, refused, await};
    if (examine) return step::Examine{*mirror, *node};
    if (force) return step::ForceOnline{*mirror, *node, refused, await};
    if (move) return step::SwitchOver{*mirror, *node, refused, await};
    return step::ResolveSplitBrain{*mirror, *node, refused, await};
}

}  // namespace sunder::language::loading
