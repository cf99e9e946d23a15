// SPDX-License-Identifier: BSD-3-Clause
//
// The grammar of what has to come before a node takes over from another: quorum, an administrator's
// word, fencing; and of the steps about it.
#include "scenarios/language/scenario_shape.h"

namespace sunder::language::grammar {

namespace {

ShapePtr quorum() {
    ShapePtr const mode = make_shape(shape::Choice{"a quorum mode", {"majority", "storage"}});
    ShapePtr const action = make_shape(
        shape::Choice{"what a node does that lost quorum", {"reboot", "halt", "leave service"}});
    return object(
        "a quorum",
        {required(
             "mode",
             "majority: more than half of the voters must hear each other; storage: the quorum "
             "disk must be reached (R67).",
             mode, {"majority", "storage"}),
         optional("storage",
                  "The server that holds the quorum disk. It holds no mirror and does not vote.",
                  node_name(), {"array1"}),
         optional("ask_witnesses",
                  "Whether a node that takes another for dead asks who else hears it (R67). "
                  "Default: yes.",
                  make_shape(shape::Boolean{}), {"no"}),
         optional("tie_breakers",
                  "Nodes that do not vote. Of two halves, the one that had quorum and hears one of "
                  "them keeps it (C.8).",
                  make_shape(shape::List{"tie-breakers", node_name(), 1, 64, false})),
         optional("on_loss", "What a node does that lost quorum (R69). Default: reboot.", action,
                  {"leave service"})});
}

ShapePtr fencing() {
    return object(
        "fencing",
        {optional("takes", "From the order to the shot. Default: 5 s.", duration(), {"5 s"}),
         optional("delay", "How long others wait before they order this node shot.",
                  make_shape(shape::Map{"delays", duration(), 1, 250}), {}),
         optional("reboots", "Whether a node that was shot boots again. Default: yes.",
                  make_shape(shape::Boolean{}), {"no"})});
}

ShapePtr confirm_failover() {
    ShapePtr const pair = object(
        "a pair", {required("from", "The node that may fail.", node_name(), {"server1"}),
                   required("to", "The node that would take over.", node_name(), {"server2"})});
    return object(
        "confirm failover",
        {required("pairs", "For which failovers an administrator is asked (R63).",
                  make_shape(shape::List{"pairs", pair, 1, 1000, false})),
         optional("timeout", "How long. Default: 600 s (R64).", duration(), {"600 s"}),
         optional("default", "What happens when nobody answered in time. Default: proceed (R64).",
                  make_shape(shape::Choice{"a default action", {"proceed", "block"}}), {"block"})});
}

}  // namespace

std::vector<Key> member_keys() {
    return {
        optional("quorum", "Who may have anything in service at all. Default: anybody.", quorum()),
        optional("fencing",
                 "Silent nodes are shot before anything is taken from them (STONITH). Default: "
                 "nobody is shot.",
                 fencing()),
        optional(
            "confirm_failover",
            "An administrator confirms that a node is dead before another takes over. Default: "
            "nobody is asked.",
            confirm_failover()),
        optional("boot_time", "Of a node that stopped itself or was shot. Default: 60 s.",
                 duration(), {"60 s"}),
    };
}

std::vector<Key> member_steps() {
    ShapePtr const answer = make_shape(shape::Choice{"an answer", {"proceed", "block"}});
    return {
        optional(
            "confirm_failover",
            "An administrator answers a node that asks whether another is dead (R63).",
            object("a confirmation",
                   {required("on", "The node that has asked.", node_name(), {"server2"}),
                    required("dead", "The node that it takes for dead.", node_name(), {"server1"}),
                    optional("answer", "Default: proceed.", answer, {"block"}),
                    optional("refused", "The rule that must refuse it. Default: it must succeed.",
                             rule_name(), {"nothing_to_confirm"}),
                    optional("await", "no: the steps go on without the answer. Default: yes.",
                             make_shape(shape::Boolean{}), {"no"})})),
        optional("fail_fencing", "Shots at this node miss from now on, and are known to.",
                 node_name(), {"server1"}),
        optional("mend_fencing", "Shots at this node hit again.", node_name(), {"server1"}),
    };
}

}  // namespace sunder::language::grammar
