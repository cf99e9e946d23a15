// SPDX-License-Identifier: BSD-3-Clause
//
// The grammar of the file as a whole, of workloads, of what is expected and of the matrix. The
// cluster is in cluster_shape.cc, the steps are in step_shape.cc.
#include "scenarios/language/scenario_shape.h"

#include "netsim/exhaust/bounds.h"
#include "scenarios/language/schema.h"

namespace sunder::language {

namespace grammar {

namespace {

Key key(bool is_required, std::string name, std::string about, ShapePtr shape,
        std::vector<std::string> examples) {
    Key made;
    made.name = std::move(name);
    made.required = is_required;
    made.about = std::move(about);
    made.examples = std::move(examples);
    made.shape = std::move(shape);
    return made;
}

ShapePtr list_of(std::string what, ShapePtr item) {
    return make_shape(shape::List{std::move(what), std::move(item), 1, 32, false});
}

/// What a matrix may vary: these keys, each with `wrap` around its shape.
template <class Wrap>
std::vector<Key> parameters(Wrap wrap) {
    return {
        optional("mode", "The mode of every mirror.", wrap("modes", mode())),
        optional("intent_log", "The intent log of every mirror: its chunk, or none.",
                 wrap("intent logs", intent_log())),
        optional("asynchronous_limit", "The asynchronous limit of every mirror (R11).",
                 wrap("limits", asynchronous_limit())),
        optional("policy", "The policy of the cluster.", wrap("policies", policy())),
        optional("split_brain", "Who gives up after a split brain (C.3).",
                 wrap("policies", split_brain_policy())),
        optional("bitmap_merge", "Whether the nodes can merge intent logs (R22).",
                 wrap("answers", make_shape(shape::Boolean{}))),
        optional("profile", "The profile of every array.", wrap("profiles", array_profile())),
    };
}

Key about_key() {
    return optional("about", "What happens and why it matters, for readers.",
                    make_shape(shape::Text{"what the scenario is about"}));
}

Key editor_schema_key() {
    return optional("$schema", "Names the schema to an editor of JSON files.",
                    make_shape(shape::Text{"the schema's address"}), {"../scenario.schema.json"});
}

Key cluster_key() {
    return optional("cluster", "The machines, the network between them and what they mirror.",
                    cluster());
}

Key include_key() {
    return optional("include",
                    "Takes the cluster from this file, relative to the one it stands in.",
                    make_shape(shape::Text{"the path of a file with a cluster"}),
                    {"../clusters/two-nodes.yaml"});
}

}  // namespace

Key required(std::string name, std::string about, ShapePtr shape,
             std::vector<std::string> examples) {
    return key(true, std::move(name), std::move(about), std::move(shape), std::move(examples));
}

Key optional(std::string name, std::string about, ShapePtr shape,
             std::vector<std::string> examples) {
    return key(false, std::move(name), std::move(about), std::move(shape), std::move(examples));
}

ShapePtr duration() { return make_shape(shape::Quantity{shape::Quantity::Of::duration}); }
ShapePtr byte_count() { return make_shape(shape::Quantity{shape::Quantity::Of::byte_count}); }
ShapePtr bandwidth() { return make_shape(shape::Quantity{shape::Quantity::Of::bandwidth}); }
ShapePtr share() { return make_shape(shape::Quantity{shape::Quantity::Of::share}); }
ShapePtr node_name() { return make_shape(shape::Name{"the name of a node"}); }
ShapePtr rule_name() { return make_shape(shape::Name{"the name of a rule"}); }
ShapePtr object(std::string what, std::vector<Key> keys) {
    return make_shape(shape::Object{std::move(what), std::move(keys), {}});
}
ShapePtr mirror_name() { return make_shape(shape::Name{"the name of a mirror"}); }
ShapePtr mirror_or_array() { return make_shape(shape::Name{"the name of a mirror or an array"}); }
ShapePtr volume_name() { return make_shape(shape::Name{"the name of a volume"}); }

static Key write_order() {
    return optional("write", "The order of the blocks. Default: random.",
                    make_shape(shape::Choice{"an order", {"random", "sequential"}}),
                    {"random", "sequential"});
}

static ShapePtr then() {
    return object(
        "what follows a write",
        {required("volume", "The volume that is written.", volume_name(), {"data"}), write_order(),
         optional("block", "The size of the write. Default: as the one it follows.", byte_count(),
                  {"4 KiB"})});
}

ShapePtr workload() {
    shape::Object made{"a workload", {}, {{"rate", "depth"}}};
    made.keys = {
        required("on",
                 "The mirror whose volumes are used; the application runs where it is in service. "
                 "Or the array.",
                 mirror_or_array(), {"datarep"}),
        optional("volume",
                 "The one that is used, if the mirror has several. Default: all. Of an array it "
                 "has to be named; the application ends when it is refused something.",
                 volume_name(), {"log"}),
        write_order(),
        optional("block", "The size of each request. Default: 4 KiB.", byte_count(), {"4 KiB"}),
        optional("reads_percent", "How many of a hundred requests read instead. Default: 0.",
                 make_shape(shape::Integer{"a percentage", 0, 100}), {"20"}),
        optional("flush_every", "A flush follows each so many writes. Default: never.",
                 make_shape(shape::Integer{"a number of writes", 1, 1'000'000}), {"16"}),
        optional("rate", "So many requests a second, however long they take (open loop).",
                 make_shape(shape::Quantity{shape::Quantity::Of::rate}), {"500/s"}),
        optional("depth", "So many requests at a time; one follows each that ends (closed loop).",
                 make_shape(shape::Integer{"a queue depth", 1, 1024}), {"4"}),
        optional("count", "Ends after so many requests. Default: with the scenario.",
                 make_shape(shape::Integer{"a number of requests", 1, 1'000'000'000}), {"1000"}),
        optional("then",
                 "Each write, when it is acknowledged, is followed by one to this volume, as a "
                 "database writes its pages when its log is written. Both are one request as far "
                 "as `depth`, `rate` and `count` go.",
                 then()),
        optional("started", "no: waits for a start_workload step. Default: yes.",
                 make_shape(shape::Boolean{}), {"no"}),
    };
    return make_shape(shape::List{"workloads", make_shape(std::move(made)), 1, 64, false});
}

ShapePtr matrix() {
    shape::Object made{"a matrix", {}, {}};
    made.keys = parameters(list_of);
    shape::Object excepted{"an exception", {}, {}};
    excepted.keys = parameters([](char const*, ShapePtr shape) { return shape; });
    made.keys.push_back(optional(
        "except", "Cases that are left out: each entry leaves out every case that agrees with it.",
        list_of("exceptions", make_shape(std::move(excepted)))));
    return make_shape(std::move(made));
}

ShapePtr bounds() {
    auto const amount = [](std::string name, std::string about, std::int64_t most) {
        return optional(std::move(name), std::move(about),
                        make_shape(shape::Integer{"a number", 0, most}), {"1"});
    };
    shape::Object made{"a bound", {}, {}};
    made.keys = {
        optional("blocks",
                 "Blocks of 512 B that the mirror has. Whose volumes they are makes no difference, "
                 "because all keep one order. Default: 2.",
                 make_shape(shape::Integer{"a number of blocks", 1, netsim::most_blocks}), {"2"}),
        amount("writes", "How many writes hosts may ask for. Default: 1.", netsim::most_writes),
        amount("flushes", "How many flushes hosts may ask for. Default: 0.", netsim::most_flushes),
        amount("reads", "How many reads hosts may ask for. Default: 0.", netsim::most_reads),
        amount("trims", "How many trims hosts may ask for. Default: 0.", netsim::most_trims),
        amount("crashes", "How many processes may die. Default: `faults`, or 0.", 8),
        amount("power_cuts", "How often a node may lose its power. Default: `faults`, or 0.", 8),
        amount("cuts", "How often a link may be cut. Default: `faults`, or 0.", 8),
        amount("resets", "How often connections may be reset. Default: 0.", 8),
        amount("forces", "How often an operator may force a copy online. Default: 0.", 8),
        amount("switchovers", "How often an operator may move the mirror. Default: 0.", 8),
        amount("pauses",
               "How often an operator may pause the mirror; hosts may then write to the target as "
               "well, and resuming is free. Default: 0.",
               8),
        amount("disk_faults",
               "How often one kind of operation may begin to fail on a node's disk, until it is "
               "mended, which is free. Default: 0.",
               8),
        amount("faults", "How many of all these may happen together. Default: all.", 16),
        amount("deviations",
               "How often something may happen out of turn: another of the disk operations, "
               "stores and messages under way than the one that began first, or a fault or a "
               "request of a host while there are any. Default: without limit.",
               16),
        optional("timers",
                 "by duration: of two things under way the one that began earlier and takes less "
                 "time ends earlier, and disks and messages take less than any timer. any order: "
                 "nothing is certain. Default: by duration.",
                 make_shape(shape::Choice{"an order of timers", {"by duration", "any order"}}),
                 {"by duration"}),
    };
    return make_shape(std::move(made));
}

}  // namespace grammar

Shape const& scenario_shape() {
    using namespace grammar;
    static ShapePtr const shape = [] {
        shape::Object made{"a scenario", {}, {{"cluster", "include"}}};
        made.keys = {
            editor_schema_key(),
            required("scenario", "The title: what happens, in one sentence.",
                     make_shape(shape::Text{"a title"}),
                     {"The new source dies while it resynchronises the old one"}),
            about_key(),
            optional("source", "What the scenario replays: a manual's page, a bug, an outage.",
                     make_shape(shape::Text{"what the scenario replays"})),
            include_key(),
            cluster_key(),
            optional(
                "matrix",
                "Parameters with several values. Every combination is one case of the scenario; "
                "a value replaces what the cluster says, for all mirrors.",
                matrix()),
            optional("workload", "What applications do while the steps are taken.", workload()),
            required("steps", "What happens, one after another.", steps()),
            optional("expect", "What must be true. Without it, every checker watches.", expect()),
            optional("bounded",
                     "What an exhaustive search explores (sunder run --engine exhaust): the "
                     "cluster's first mirror with so few blocks, in every order of events, with "
                     "every choice of so many requests and faults; the steps are not followed.",
                     bounds()),
        };
        return make_shape(std::move(made));
    }();
    return *shape;
}

Shape const& cluster_file_shape() {
    using namespace grammar;
    static ShapePtr const shape = [] {
        shape::Object made{"a cluster file", {}, {{"cluster", "include"}}};
        made.keys = {editor_schema_key(), about_key(), include_key(), cluster_key()};
        return make_shape(std::move(made));
    }();
    return *shape;
}

std::string scenario_schema() {
    return schema_of(scenario_shape(), "Sunder scenario",
                     "What happens to a cluster of replicated volumes, and what must hold.");
}

std::string cluster_schema() {
    return schema_of(cluster_file_shape(), "Sunder cluster",
                     "A cluster that several scenarios include.");
}

}  // namespace sunder::language
