// SPDX-License-Identifier: BSD-3-Clause
//
// The grammar of `cluster:`: nodes and their disks, the network, mirrors, failure detection.
#include "scenarios/language/scenario_shape.h"

namespace sunder::language::grammar {

namespace {

ShapePtr nodes() {
    shape::Object disk{"a disk", {}, {}};
    disk.keys = {
        optional("latency", "Of each operation. Default: 100 us.", duration(), {"100 us", "8 ms"}),
        optional("jitter", "Up to so much is added to each operation. Default: 50 us.", duration(),
                 {"50 us"}),
        optional("bandwidth", "Shared by all operations. Default: 4 Gbit/s.", bandwidth(),
                 {"500 MB/s"}),
        optional("tears",
                 "What a power cut leaves of a write that it tears (FLT-3): any of its sectors of "
                 "512 B, any of its blocks of 4 KiB, or its head or its tail. Default: sectors.",
                 make_shape(
                     shape::Choice{"a way to tear a write", {"sectors", "blocks", "head", "tail"}}),
                 {"blocks"}),
        optional("flushes",
                 "ignored: they are answered and not done, so that a power cut takes back what "
                 "they covered (FLT-3). Default: done.",
                 make_shape(shape::Choice{"what becomes of flushes", {"done", "ignored"}}),
                 {"ignored"}),
    };
    shape::Object node{"a node", {}, {}};
    node.keys = {
        optional("disk", "How its disks behave.", make_shape(std::move(disk))),
        optional("block_resource_failover",
                 "yes: when its own disk fails a mirror on this node is not moved to another; an "
                 "administrator has to act (R65). Default: no.",
                 make_shape(shape::Boolean{}), {"yes"}),
        optional("bitmap_merge",
                 "no: this server's kernel cannot merge another's intent log, so that no resync "
                 "with it does (R22, FLT-16). Default: as the cluster says.",
                 make_shape(shape::Boolean{}), {"no"}),
        optional("shared_by",
                 "This is no server, but copies on a disk that these two servers share; one at a "
                 "time has it in service (R112). The first one starts.",
                 make_shape(shape::List{"two servers", node_name(), 2, 2, false}), {"[a1, a2]"}),
        optional("started", "no: it is down until a 'restart' step starts it. Default: yes.",
                 make_shape(shape::Boolean{}), {"no"}),
    };
    return make_shape(shape::Map{"nodes", make_shape(std::move(node)), 1, 250});
}

/// What chance does on a link, each way for itself (FLT-7).
Key link_jitter() {
    return optional("jitter",
                    "Each transfer takes up to so much longer, so that connections overtake one "
                    "another; none changes its own order. Not in an exhaustive search, which "
                    "goes through the orders anyway. Default: 0 s.",
                    duration(), {"2 ms"});
}

Key link_loss() {
    return optional("loss",
                    "So much of what is sent is lost. A stream sends it again, later and later; a "
                    "heartbeat is gone, and so many in a row make nodes miss each other. Not in an "
                    "exhaustive search. Default: 0 %.",
                    share(), {"1 %"});
}

ShapePtr direction() {
    shape::Object made{"a direction of a link", {}, {}};
    made.keys = {
        optional("latency", "From one end to the other. Default: 200 us.", duration(), {"200 us"}),
        required("bandwidth", "Shared by everything that flows this way.", bandwidth(),
                 {"1 Gbit/s"}),
        link_jitter(),
        link_loss(),
    };
    return make_shape(std::move(made));
}

Key ends() {
    ShapePtr end = make_shape(shape::Name{"the name of a node or a switch"});
    return required("link", "Its two ends: nodes or switches.",
                    make_shape(shape::List{"the ends of a link", std::move(end), 2, 2, false}));
}

ShapePtr network() {
    shape::Object alike{"a link", {}, {}};
    alike.keys = {
        ends(),
        optional("latency", "In each direction. Default: 200 us.", duration(), {"200 us"}),
        required("bandwidth", "Of each direction.", bandwidth(), {"1 Gbit/s"}),
        link_jitter(),
        link_loss(),
    };
    shape::Object apart{"a link", {}, {}};
    apart.keys = {
        ends(),
        required("there", "From its first end to its second.", direction()),
        required("back", "From its second end to its first.", direction()),
    };
    shape::Variants link{"a link", {}};
    link.variants = {{"bandwidth", make_shape(std::move(alike))},
                     {"there", make_shape(std::move(apart))}};
    return make_shape(shape::List{"links", make_shape(std::move(link)), 1, 1024, false});
}

Key split_brain(std::string about) {
    shape::Object node{"a policy after a split brain", {}, {}};
    node.keys = {required("discard_node", "The node that gives up.", node_name(), {"server2"})};
    return optional(
        "split_brain", std::move(about),
        make_shape(shape::Alternatives{{split_brain_policy(), make_shape(std::move(node))}}),
        {"disconnect", "discard_younger"});
}

ShapePtr resync_rate() {
    shape::Object rate{"a resync rate", {}, {}};
    rate.keys = {
        optional("max", "It is never faster. Default: as fast as disks and network are.",
                 bandwidth(), {"50 MB/s"}),
        optional("min",
                 "It slows down to this while hosts change the volume, and no further. Default: it "
                 "does not slow down for them.",
                 bandwidth(), {"10 MB/s"}),
    };
    return make_shape(std::move(rate));
}

ShapePtr pairs() {
    shape::Object pair{"a pair of copies", {}, {}};
    pair.keys = {
        required("between", "The two nodes, whichever of them is the source.",
                 make_shape(shape::List{"the nodes of a pair", node_name(), 2, 2, false}),
                 {"[server1, server3]"}),
        required("mode", "Whether a write waits for the other.", mode(), {"asynchronous"}),
    };
    return make_shape(shape::List{"pairs", make_shape(std::move(pair)), 1, 28, false});
}

Key disk_errors() {
    return optional(
        "disk_errors",
        "What a source does when its own disk refuses something: it tells the host and "
        "goes on; it leaves service to a target in sync; or it reads from a target, and "
        "leaves service when it cannot write. Default: fail requests.",
        make_shape(shape::Choice{"a policy for disk errors",
                                 {"fail requests", "leave service", "read from target"}}),
        {"leave service"});
}

Key never_in_service() {
    return optional(
        "never_in_service",
        "Nodes whose copies are targets for ever, from the mirror's creation on: they are "
        "resynchronised and written, and come in service by nobody's word (R1). Not the "
        "first of `on`. Default: none.",
        make_shape(shape::List{"the nodes of a mirror", node_name(), 1, 7, false}), {"[server2]"});
}

ShapePtr mirrors() {
    shape::Object mirror{"a mirror", {}, {{"size", "volumes"}}};
    mirror.keys = {
        optional("size", "Of the volume: a multiple of 512 B.", byte_count(), {"64 MiB"}),
        optional("volumes",
                 "Volumes that keep one write order, by name, each with its size: a multiple of "
                 "512 B. They have one intent log, are resynchronised and fail over together, and "
                 "an asynchronous target has of all of them the same point in time.",
                 make_shape(shape::Map{"volumes", byte_count(), 1, 32})),
        required("on", "The nodes that hold a copy. The first creates it and is its first source.",
                 make_shape(shape::List{"the nodes of a mirror", node_name(), 2, 64, false})),
        optional("mode", "Whether a write waits for the targets. Default: synchronous.", mode(),
                 {"synchronous", "asynchronous"}),
        optional("pairs", "Pairs of copies that have a mode of their own (R54). Default: none.",
                 pairs()),
        optional("asynchronous_limit",
                 "How many writes may be outstanding in asynchronous mode (R11). Default: 256.",
                 asynchronous_limit(), {"256"}),
        optional("intent_log",
                 "What one bit of the intent log covers: a power of two (R16); or none, and then "
                 "every resync is a full one (R18). Default: 64 KiB.",
                 intent_log(), {"64 KiB", "none"}),
        optional(
            "priorities",
            "Who takes over first: 1 is the highest, each number once (R52). Default: the order "
            "of `on`.",
            make_shape(
                shape::Map{"priorities", make_shape(shape::Integer{"a priority", 1, 999}), 1, 64})),
        optional("sizes", "Copies that are larger than `size` (R5); not of a mirror with volumes.",
                 make_shape(shape::Map{"sizes", byte_count(), 1, 64})),
        split_brain(
            "Who gives up after a split brain of this mirror. Default: as the cluster says."),
        optional("resync_rate", "How fast a target is resynchronised (R47). Default: no limits.",
                 resync_rate()),
        optional("fallback_image",
                 "An image of a whole copy is kept while a resync overwrites it, in so much room "
                 "beside it; when that is full it is dropped. Default: none is kept.",
                 byte_count(), {"1 GiB"}),
        disk_errors(),
        optional("switchback",
                 "automatic: the node of the highest priority takes the mirror back as soon as it "
                 "is there. The product does not support that (R71); what it leads to can be seen "
                 "(R72). Default: intelligent, an operator moves it back.",
                 make_shape(shape::Choice{"a switchback", {"intelligent", "automatic"}}),
                 {"intelligent"}),
        optional("extended",
                 "The nodes to which the mirror is extended from the start; the others have a disk "
                 "for it and nothing more (R4). The first of `on` must be among them; none: an "
                 "operator creates the mirror. Default: all.",
                 make_shape(shape::List{"the nodes of a mirror", node_name(), 0, 8, false}),
                 {"[server1]"}),
        never_in_service(),
        optional("unmirrored",
                 "yes: what stands on the first node's disk uses it without a mirror, until "
                 "'migrate' builds one below it (R117). Default: no.",
                 make_shape(shape::Boolean{}), {"yes"}),
        optional("nfs_exported",
                 "yes: NFS exports the file system on the disk, so that no mirror can be created "
                 "on it (R122). Default: no.",
                 make_shape(shape::Boolean{}), {"yes"}),
        optional("initially",
                 "in sync: a volume nobody has written yet, which needs no first resync (R44). "
                 "Default: out of sync.",
                 make_shape(shape::Choice{"a first state", {"in sync", "out of sync"}}),
                 {"in sync"}),
    };
    return make_shape(shape::Map{"mirrors", make_shape(std::move(mirror)), 1, 256});
}

ShapePtr detection() {
    shape::Object made{"detection", {}, {}};
    made.keys = {
        optional("interval", "Between two heartbeats on a path. Default: 5 s.", duration(),
                 {"5 s"}),
        optional("missed", "So many heartbeats missed in a row make a path silent. Default: 3.",
                 make_shape(shape::Integer{"a number of heartbeats", 1, 1000}), {"3"}),
        optional("connection_timeout", "When a stalled connection is given up. Default: 10 s.",
                 duration(), {"10 s"}),
        optional("reconnect", "Until a lost connection is tried again. Default: 1 s.", duration(),
                 {"1 s"}),
        optional("boot_wait", "How long a booted node looks for its peers (R24). Default: 30 s.",
                 duration(), {"30 s"}),
    };
    return make_shape(std::move(made));
}

}  // namespace

ShapePtr mode() { return make_shape(shape::Choice{"a mode", {"synchronous", "asynchronous"}}); }

ShapePtr policy() {
    return make_shape(shape::Choice{"a policy", {"datakeeper/faithful", "datakeeper/guarded"}});
}

ShapePtr split_brain_policy() {
    return make_shape(shape::Choice{"a policy after a split brain",
                                    {"disconnect", "discard_zero_changes", "discard_least_changes",
                                     "discard_younger", "discard_older"}});
}

ShapePtr intent_log() {
    return make_shape(
        shape::Alternatives{{byte_count(), make_shape(shape::Choice{"none", {"none"}})}});
}

ShapePtr asynchronous_limit() {
    return make_shape(shape::Integer{"an asynchronous limit", 1, 1'000'000});
}

ShapePtr cluster() {
    shape::Object made{"a cluster", {}, {}};
    made.keys = {
        optional("policy",
                 "The product whose decisions are replayed: faithful with its flaws, guarded with "
                 "what it lacks. Default: datakeeper/faithful.",
                 policy(), {"datakeeper/faithful", "datakeeper/guarded"}),
        optional("bitmap_merge",
                 "Whether the nodes can merge the intent log of an old source (R22). Default: yes.",
                 make_shape(shape::Boolean{}), {"yes", "no"}),
        split_brain("Who gives up after a split brain by itself (C.3). Default: disconnect, an "
                    "operator chooses."),
        required("nodes", "The servers, by name.", nodes()),
        optional("switches", "What links may meet in, besides nodes.",
                 make_shape(shape::List{"switches", make_shape(shape::Name{"the name of a switch"}),
                                        1, 64, false})),
        required("network", "The links.", network()),
        required("mirrors", "The replicated volumes, by name.", mirrors()),
        optional("detection", "How failures are noticed, and how long one waits.", detection()),
        optional("settle_interval",
                 "How lazily the intent log's bits are cleared (D2). Default: 5 s.", duration(),
                 {"5 s"}),
    };
    for (Key const& key : hierarchy_keys()) made.keys.push_back(key);
    for (Key const& key : member_keys()) made.keys.push_back(key);
    shape::Variants cluster{"a cluster", {}};
    cluster.variants = {{"nodes", make_shape(std::move(made))}, {"arrays", array_cluster()}};
    return make_shape(std::move(cluster));
}

}  // namespace sunder::language::grammar
