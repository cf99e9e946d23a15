// SPDX-License-Identifier: BSD-3-Clause
//
// The grammar of `steps:` and of the conditions they wait for, which `expect: finally:` uses as
// well.
#include "scenarios/language/scenario_shape.h"

namespace sunder::language::grammar {

namespace {

/// The kinds of condition, each with `more` keys beside it.
ShapePtr condition(std::string const& what, std::vector<Key> const& more) {
    auto const with_more = [&](std::vector<Key> keys) {
        keys.insert(keys.end(), more.begin(), more.end());
        return make_shape(shape::Object{what, std::move(keys), {}});
    };
    ShapePtr const state =
        make_shape(shape::Choice{"a state",
                                 {"fully operational", "handshaking", "resyncing", "mirroring",
                                  "degraded", "paused", "split brain"}});
    ShapePtr const resource_state = make_shape(
        shape::Choice{"a state of a resource", {"in service", "out of service", "failed"}});
    shape::Variants made{what, {}};
    made.variants = {
        {"is",
         with_more({required("mirror", "The mirror that is meant.", mirror_name(), {"datarep"}),
                    required("is", "The state the mirror is in.", state,
                             {"fully operational", "resyncing"})})},
        {"in_service",
         with_more({required("resource", "A mirror, or what stands on one.",
                             make_shape(shape::Name{"the name of a mirror or a resource"}),
                             {"datarep", "db"}),
                    required("in_service", "The node that has it in service, or none.", node_name(),
                             {"server2", "none"})})},
        {"state",
         with_more({required("resource", "What stands on a mirror.",
                             make_shape(shape::Name{"the name of a resource"}), {"db"}),
                    required("state", "What a node makes of it (R86).", resource_state, {"failed"}),
                    required("on", "The node that is meant.", node_name(), {"server1"})})},
        {"flag",
         with_more({required("flag", "A stable flag on a node's copy (R23, R24).",
                             make_shape(shape::Choice{"a flag", {"last_owner", "data_corrupt"}}),
                             {"data_corrupt"}),
                    required("on", "The node whose copy is meant.", node_name(), {"server1"}),
                    required("mirror", "The mirror that is meant.", mirror_name(), {"datarep"}),
                    optional("set", "Whether the flag is set. Default: yes.",
                             make_shape(shape::Boolean{}), {"yes", "no"})})},
        {"runs", with_more({required("node", "The node that is meant.", node_name(), {"server1"}),
                            required("runs", "Whether it runs, or is down or paused.",
                                     make_shape(shape::Boolean{}), {"yes", "no"})})},
        {"storing",
         with_more({required("storing",
                             "The node that has a cell or a page of its intent log under way to "
                             "its disk.",
                             node_name(), {"server2"}),
                    required("mirror", "The mirror that is meant.", mirror_name(), {"datarep"})})},
        {"quorum",
         with_more({required("quorum", "Whether the node has quorum (R67).",
                             make_shape(shape::Choice{"a quorum", {"held", "lost"}}), {"lost"}),
                    required("on", "The node that is meant.", node_name(), {"server1"})})},
    };
    for (ArrayConditionShape& one : array_conditions()) {
        made.variants.push_back({one.key, with_more(std::move(one.keys))});
    }
    return make_shape(std::move(made));
}

/// What is asked of a mirror, or of an array.
ShapePtr of_either(std::string const& what, std::vector<Key> of_mirror) {
    shape::Variants made{what, {}};
    made.variants = {{"mirror", object(what, std::move(of_mirror))},
                     {"array", object(what, array_request_keys())}};
    return make_shape(std::move(made));
}

std::vector<Key> time_steps() {
    return {
        optional(
            "wait",
            "Waits until a condition holds, if only for a moment: the scenario stops there like "
            "at a breakpoint.",
            condition("a wait", {optional("within", "Fails if it takes longer. Default: 60 s.",
                                          duration(), {"60 s", "5 min"})})),
        optional("hold", "The condition must hold for the whole time.",
                 condition("a hold",
                           {required("for", "How long.", duration(), {"10 min"}),
                            optional("because", "The rule that must have decided it. Default: any.",
                                     rule_name(), {"target_not_in_sync"})})),
        optional("pass", "Lets time pass.", duration(), {"10 s"}),
        optional("rest",
                 "Goes on when nothing is pending any more; fails if that takes longer than this.",
                 duration(), {"10 min"}),
        optional("event",
                 "One of the pending events happens now, in whatever order time had foreseen. The "
                 "names are those that an exhaustive search prints.",
                 make_shape(shape::Text{"the name of an event"}),
                 {"server2 receives hello from server1 for datarep"}),
    };
}

std::vector<Key> host_steps() {
    Key const on = optional("on", "The node whose host asks. Default: where it is in service.",
                            node_name(), {"server2"});
    std::vector<Key> read_keys = range_keys();
    read_keys.push_back(on);
    std::vector<Key> write_keys = read_keys;
    write_keys.push_back(optional("fua", "yes: answered when it is stable. Default: no.",
                                  make_shape(shape::Boolean{}), {"yes"}));
    return {
        optional("write",
                 "A host writes where the mirror is in service, or to an array, and waits for the "
                 "answer.",
                 of_either("a write", std::move(write_keys))),
        optional("read", "A host reads, and waits for the answer.", of_either("a read", read_keys)),
        optional("trim", "A host gives a range up, and waits for the answer.",
                 of_either("a trim", read_keys)),
        optional("write_zeroes", "A host zeroes a range, and waits for the answer.",
                 of_either("a zeroing", read_keys)),
        optional("flush",
                 "A host flushes a mirror's volumes, or an array, and waits for the answer.",
                 mirror_or_array(), {"datarep"}),
        optional(
            "ask", "A host asks a node, and nobody waits for the answer.",
            object(
                "a request",
                {required("mirror", "The mirror whose volume is meant.", mirror_name(),
                          {"datarep"}),
                 volume_key(), on_node("The node that is asked."),
                 required("op", "What it is asked.",
                          make_shape(shape::Choice{
                              "a request", {"write", "read", "trim", "write_zeroes", "flush"}}),
                          {"write"}),
                 optional("fua", "Of a write: answered when it is stable. Default: no.",
                          make_shape(shape::Boolean{}), {"yes"}),
                 optional("at", "Of all but a flush: where it begins in the volume. Default: 0 B.",
                          byte_count(), {"512 B"}),
                 optional("length", "Of all but a flush: how long it is. Default: 512 B.",
                          byte_count(), {"512 B"})})),
        optional("start_workload", "Starts the workload of a mirror, or of an array.",
                 mirror_or_array(), {"datarep"}),
        optional("stop_workload", "Stops the workload of a mirror, or of an array.",
                 mirror_or_array(), {"datarep"}),
    };
}

}  // namespace

ShapePtr steps() {
    shape::OneKey step{"a step", time_steps()};
    for (std::vector<Key> const& more :
         {node_steps(), fault_steps(), host_steps(), operator_steps(), hierarchy_steps(),
          member_steps(), array_steps()}) {
        step.keys.insert(step.keys.end(), more.begin(), more.end());
    }
    return make_shape(shape::List{"steps", make_shape(std::move(step)), 1, 10'000, false});
}

ShapePtr expect() {
    auto const ranked = [](char const* what, ShapePtr const& value, char const* example) {
        return object(what, {optional("p50", "Of half of them.", value, {example}),
                             optional("p90", "Of 90 in a hundred.", value, {example}),
                             optional("p99", "Of 99 in a hundred.", value, {example}),
                             optional("max", "Of all.", value, {example})});
    };
    auto const names = [](char const* what, char const* item) {
        return make_shape(shape::List{what, make_shape(shape::Name{item}), 1, 64, true});
    };
    return object(
        "an expectation",
        {optional("always", "Checkers that watch the whole run. Default: all of them.",
                  names("checkers", "the name of a checker")),
         optional("sometimes",
                  "Marks that the run must reach: a scenario that never gets there proves nothing.",
                  names("marks", "the name of a mark")),
         optional("rto",
                  "How long a mirror may be in service nowhere, over all seeds: the recovery time. "
                  "Of so many outages in a hundred, or of all.",
                  ranked("recovery times", duration(), "30 s")),
         optional(
             "rpo",
             "How many acknowledged writes may be missing when it is back, over all seeds: the "
             "recovery point.",
             ranked("recovery points", make_shape(shape::Quantity{shape::Quantity::Of::writes}),
                    "256 writes")),
         optional(
             "finally", "Conditions that must hold at the end.",
             make_shape(shape::List{"conditions", condition("a condition", {}), 1, 64, false}))});
}

}  // namespace sunder::language::grammar
