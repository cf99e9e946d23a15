// SPDX-License-Identifier: BSD-3-Clause
//
// The grammar of steps in which something goes wrong with nodes, disks, clocks and links, and of
// those that end it.
#include "scenarios/language/scenario_shape.h"

namespace sunder::language::grammar {

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

namespace {

ShapePtr pair_of(std::string what, std::string item) {
    return make_shape(
        shape::List{std::move(what), make_shape(shape::Name{std::move(item)}), 2, 2, false});
}

ShapePtr neighbours() { return pair_of("two neighbours", "the name of a node or a switch"); }

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

ShapePtr partial_cut() {
    ShapePtr const end = make_shape(shape::Name{"the name of a node or a switch"});
    return object(
        "a partial cut",
        {required("from", "Where nothing leaves any more.", end, {"server1"}),
         required("to", "Where nothing arrives any more.", end, {"server2"}),
         optional("both_ways", "yes: nor in the other direction. Default: no.",
                  make_shape(shape::Boolean{}), {"yes"}),
         optional("only",
                  "Heartbeats are lost while connections get through, so that nodes which have "
                  "nothing to say to each other miss each other; or the reverse. Default: nothing "
                  "gets through.",
                  make_shape(shape::Choice{"what is lost", {"heartbeats", "data"}}),
                  {"heartbeats"})});
}

ShapePtr degradation() {
    return object(
        "a degradation",
        {required("link", "Its two ends.", neighbours(), {"[server1, server2]"}),
         optional("latency", "From one end to the other.", duration(), {"80 ms"}),
         optional("jitter", "Each transfer takes up to so much longer.", duration(), {"20 ms"}),
         optional("loss", "So much of what is sent is lost.", share(), {"20 %"}),
         optional("bandwidth", "Of each direction; a small one is a slow drip.", bandwidth(),
                  {"56 kbit/s"}),
         optional("one_way", "yes: only what flows from the first end to the second. Default: no.",
                  make_shape(shape::Boolean{}), {"yes"})});
}

Key how_often(std::string about) {
    return optional("count", std::move(about),
                    make_shape(shape::Integer{"a number of operations", 1, 1'000'000}), {"1"});
}

std::vector<Key> disk_steps() {
    ShapePtr const operation =
        make_shape(shape::Choice{"a kind of operation", {"reads", "writes", "flushes", "stores"}});
    ShapePtr const lie = make_shape(shape::Choice{
        "a lie", {"bit rot", "wrong read", "stale read", "lost write", "misdirected write"}});
    ShapePtr const what =
        make_shape(shape::Choice{"what is put back", {"everything", "metadata", "data"}});
    std::vector<Key> failing{
        on_node("The node."),
        required("operations",
                 "What fails; stores are those of the cell and the intent log, as if their volume "
                 "were full.",
                 make_shape(shape::List{"failing operations", operation, 1, 4, true})),
        optional("mirror", "Only on the disk of this mirror, in the part that is named.",
                 mirror_name(), {"datarep"}),
        volume_key(),
        optional("at", "Where the part begins in the volume. Default: 0 B.", byte_count(),
                 {"64 KiB"}),
        optional("length", "How long the part is. Default: to the end of the volume.", byte_count(),
                 {"4 KiB"}),
        how_often("Only the next so many of them. Default: all from now on."),
    };
    std::vector<Key> lying{
        on_node("The node."),
        required("how", "What the disk does without a word.", lie, {"bit rot", "lost write"})};
    for (Key& key : range_keys()) lying.push_back(std::move(key));
    lying.push_back(how_often(
        "Of all but bit rot: the next so many operations that touch the part. Default: 1."));
    return {
        optional("slow_disk", "Each operation of a node's disks takes so many times longer.",
                 object("a slow disk",
                        {on_node("The node."),
                         required("factor", "How many times longer; 1 is healthy.",
                                  make_shape(shape::Integer{"a factor", 1, 1'000'000}), {"10"})})),
        optional("fail_disk", "Operations of a node's disks fail from now on, and say so (FLT-9).",
                 object("a failing disk", std::move(failing))),
        optional("hang_disk", "A node's disks answer nothing any more, until they are mended.",
                 node_name(), {"server1"}),
        optional("corrupt_disk",
                 "A node's disk lies about a part of a mirror (FLT-10): nobody is told, and "
                 "checkers hold nobody responsible for what follows from it.",
                 object("a lying disk", std::move(lying))),
        optional("mend_disk", "A node's disks work again, and lie no more.", node_name(),
                 {"server1"}),
        optional("take_snapshot",
                 "Keeps all that is on a node's disks, as a snapshot of a virtual machine does.",
                 node_name(), {"server2"}),
        optional("roll_back",
                 "Puts the last snapshot of a node that is down back, or a part of it: an old "
                 "clone of its disks (FLT-4), or an old image of its metadata (FLT-5).",
                 object("a rollback", {required("node", "The node.", node_name(), {"server2"}),
                                       optional("what", "What is put back. Default: everything.",
                                                what, {"metadata"})})),
        optional("replace_disks",
                 "Puts blank disks in the place of those that a node has, which is down (FLT-4).",
                 node_name(), {"server2"}),
        optional("exchange_disks",
                 "Puts the disks of two nodes that are down, of the mirrors that are on both, into "
                 "each other (FLT-12). A node with another's disks does not start.",
                 neighbours(), {"[server1, server2]"}),
    };
}

std::vector<Key> clock_steps() {
    return {
        optional("skew_clock",
                 "A node's timers take so many percent of their time from now on (FLT-11).",
                 object("a skewed clock",
                        {on_node("The node."),
                         required("percent", "100 is right, 50 twice as fast.",
                                  make_shape(shape::Integer{"a percentage", 1, 100'000}),
                                  {"50", "300"})})),
        optional("step_clock",
                 "A node's clock steps (FLT-11): what the node waits for comes so much sooner, if "
                 "need be at once, or later.",
                 object("a step of a clock",
                        {on_node("The node."),
                         optional("forward", "How far ahead it is then.", duration(), {"10 s"}),
                         optional("back", "How far behind; instead of forward.", duration(),
                                  {"10 s"})})),
    };
}

}  // namespace

std::vector<Key> node_steps() {
    return {
        optional("crash", "The node's process dies; what the operating system has, stays.",
                 death("a crash")),
        optional("power_cut",
                 "The node, or the array, loses its power, and everything that was not flushed.",
                 death("a power cut")),
        optional("panic",
                 "The node's operating system dies, while its disks keep their power (FLT-2): each "
                 "write that was not flushed is there as a whole or not at all, and no peer is "
                 "told.",
                 death("a panic")),
        optional("pause", "The node stands still, as a virtual machine that is moved.", node_name(),
                 {"server1"}),
        optional("fill_memory",
                 "A node's memory is full (FLT-13): messages stay in its sockets and requests with "
                 "their hosts, while its heartbeats go on. It ends with the process.",
                 node_name(), {"server2"}),
        optional("free_memory", "It has room again.", node_name(), {"server2"}),
        optional("resume", "A paused node goes on.", node_name(), {"server1"}),
        optional("restart", "A node that died boots.", node_name(), {"server1"}),
    };
}

std::vector<Key> fault_steps() {
    std::vector<Key> keys{
        optional("cut",
                 "Cuts the link between two neighbours (FLT-6); with from and to, one way only, "
                 "where it does not say otherwise.",
                 make_shape(shape::Alternatives{{neighbours(), partial_cut()}})),
        optional("heal",
                 "Heals the link between two neighbours, in both directions: nothing of it is cut, "
                 "and it is as the file's network says, whatever 'degrade' made of it.",
                 neighbours()),
        optional("degrade",
                 "Makes the link between two neighbours worse, or better, until it is healed "
                 "(FLT-7). What is not named stays as it is.",
                 degradation()),
        optional("isolate",
                 "Cuts every link of a node or a switch, as when a switch fails (FLT-6).",
                 make_shape(shape::Name{"the name of a node or a switch"}), {"switch1"}),
        optional("rejoin", "Heals every link of a node or a switch, as 'heal' does.",
                 make_shape(shape::Name{"the name of a node or a switch"}), {"switch1"}),
        optional(
            "reset", "Drops the connections between two nodes.",
            object("a reset", {required("between", "The two nodes.",
                                        pair_of("the two nodes", "the name of a node")),
                               optional("half_open",
                                        "yes: only the first notices; what it had sent is still "
                                        "read. Default: no.",
                                        make_shape(shape::Boolean{}), {"yes"})})),
    };
    ShapePtr const damage = make_shape(shape::Choice{"a damage", {"flipped bit", "cut short"}});
    keys.push_back(optional(
        "damage",
        "The next message from one node to another does not arrive as it was sent (FLT-7). Its "
        "checksum tells, and the connection is reset.",
        object("a damaged message",
               {required("from", "Who sends it.", node_name(), {"server1"}),
                required("to", "Who receives it.", node_name(), {"server2"}),
                optional("how",
                         "A bit is another one, or the stream ends within the message. Default: "
                         "flipped bit.",
                         damage, {"cut short"})})));
    for (Key& key : disk_steps()) keys.push_back(std::move(key));
    for (Key& key : clock_steps()) keys.push_back(std::move(key));
    return keys;
}

}  // namespace sunder::language::grammar
