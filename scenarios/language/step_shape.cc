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
        {"quorum",
         with_more({required("quorum", "Whether the node has quorum (R67).",
                             make_shape(shape::Choice{"a quorum", {"held", "lost"}}), {"lost"}),
                    required("on", "The node that is meant.", node_name(), {"server1"})})},
    };
    return make_shape(std::move(made));
}

ShapePtr pair_of(std::string what, std::string item) {
    return make_shape(
        shape::List{std::move(what), make_shape(shape::Name{std::move(item)}), 2, 2, false});
}

ShapePtr neighbours() { return pair_of("two neighbours", "the name of a node or a switch"); }

Key on_node(std::string about) {
    return required("on", std::move(about), node_name(), {"server1"});
}

Key volume_key() {
    return optional("volume", "The volume that is meant, of a mirror that has `volumes`.",
                    volume_name(), {"log"});
}

std::vector<Key> range_keys() {
    return {
        required("mirror", "The mirror whose volume is meant.", mirror_name(), {"datarep"}),
        volume_key(),
        required("at", "Where it begins in the volume: a multiple of 512 B.", byte_count(),
                 {"0 B", "64 KiB"}),
        required("length", "How long it is: a multiple of 512 B.", byte_count(), {"4 KiB"}),
    };
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

/// A node, or a node with what becomes of what was not stable.
ShapePtr death(std::string const& what) {
    return make_shape(shape::Alternatives{
        {node_name(),
         object(
             what,
             {required("node", "The node.", node_name(), {"server1"}),
              required("fates",
                       "For each thing that was not stable, in order: 0 it is there, 1 it is "
                       "not, 2 it is torn or damaged. What is left open is drawn.",
                       make_shape(shape::List{"fates", make_shape(shape::Integer{"a fate", 0, 2}),
                                              0, 1000, false}))})}});
}

std::vector<Key> node_steps() {
    return {
        optional("crash", "The node's process dies; what the operating system has, stays.",
                 death("a crash")),
        optional("power_cut", "The node loses its power, and everything that was not flushed.",
                 death("a power cut")),
        optional("pause", "The node stands still, as a virtual machine that is moved.", node_name(),
                 {"server1"}),
        optional("resume", "A paused node goes on.", node_name(), {"server1"}),
        optional("restart", "A node that died boots.", node_name(), {"server1"}),
    };
}

std::vector<Key> fault_steps() {
    ShapePtr const one_way =
        object("a one-way cut",
               {required("from", "Where nothing leaves any more.",
                         make_shape(shape::Name{"the name of a node or a switch"}), {"server1"}),
                required("to", "Where nothing arrives any more.",
                         make_shape(shape::Name{"the name of a node or a switch"}), {"server2"})});
    ShapePtr const operation =
        make_shape(shape::Choice{"a kind of operation", {"reads", "writes", "flushes"}});
    return {
        optional("cut", "Cuts the link between two neighbours; with from and to, one way only.",
                 make_shape(shape::Alternatives{{neighbours(), one_way}})),
        optional("heal", "Heals the link between two neighbours, in both directions.",
                 neighbours()),
        optional(
            "reset", "Drops the connections between two nodes.",
            object("a reset", {required("between", "The two nodes.",
                                        pair_of("the two nodes", "the name of a node")),
                               optional("half_open", "yes: only one side notices. Default: no.",
                                        make_shape(shape::Boolean{}), {"yes"})})),
        optional("slow_disk", "Each operation of a node's disks takes so many times longer.",
                 object("a slow disk",
                        {on_node("The node."),
                         required("factor", "How many times longer; 1 is healthy.",
                                  make_shape(shape::Integer{"a factor", 1, 1'000'000}), {"10"})})),
        optional(
            "fail_disk", "Operations of a node's disks fail from now on.",
            object("a failing disk", {on_node("The node."),
                                      required("operations", "What fails.",
                                               make_shape(shape::List{"failing operations",
                                                                      operation, 1, 3, true}))})),
        optional("mend_disk", "A node's disks work again.", node_name(), {"server1"}),
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
        optional("write", "A host writes where the mirror is in service, and waits for the answer.",
                 object("a write", std::move(write_keys))),
        optional("read", "A host reads, and waits for the answer.", object("a read", read_keys)),
        optional("trim", "A host gives a range up, and waits for the answer.",
                 object("a trim", read_keys)),
        optional("write_zeroes", "A host zeroes a range, and waits for the answer.",
                 object("a zeroing", read_keys)),
        optional("flush", "A host flushes a mirror's volumes, and waits for the answer.",
                 mirror_name(), {"datarep"}),
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
        optional("start_workload", "Starts the workload of a mirror.", mirror_name(), {"datarep"}),
        optional("stop_workload", "Stops the workload of a mirror.", mirror_name(), {"datarep"}),
    };
}

}  // namespace

ShapePtr steps() {
    shape::OneKey step{"a step", time_steps()};
    for (std::vector<Key> const& more : {node_steps(), fault_steps(), host_steps(),
                                         operator_steps(), hierarchy_steps(), member_steps()}) {
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
