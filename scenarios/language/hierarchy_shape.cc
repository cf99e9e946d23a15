// SPDX-License-Identifier: BSD-3-Clause
//
// The grammar of what stands on mirrors: resources, what they need, and what goes wrong with them.
#include "scenarios/language/scenario_shape.h"

namespace sunder::language::grammar {

namespace {

ShapePtr resource_name() { return make_shape(shape::Name{"the name of a resource"}); }

ShapePtr resources() {
    shape::Object resource{"a resource", {}, {}};
    resource.keys = {
        required("type", "What it is.",
                 make_shape(shape::Choice{"a type of resource",
                                          {"file_system", "address", "application", "nas", "drbd",
                                           "sdr", "multi_site"}}),
                 {"file_system", "address"}),
        optional("needs",
                 "The mirror or the resources that it depends on: it starts after them and stops "
                 "before them (R98). Default: nothing; something else must need it.",
                 make_shape(shape::List{
                     "what it needs", make_shape(shape::Name{"the name of a mirror or a resource"}),
                     0, 64, false}),
                 {"[datarep]"}),
        optional("needed_by", "Resources that depend on it. Default: those that say so themselves.",
                 make_shape(shape::List{"what needs it", resource_name(), 1, 64, false}), {"[db]"}),
        optional("created",
                 "no: it is not there before a 'create_resource' step creates it. Default: yes.",
                 make_shape(shape::Boolean{}), {"no"}),
        optional("start", "How long it takes to start. Default: 2 s.", duration(), {"2 s"}),
        optional("stop", "How long it takes to stop. Default: 1 s.", duration(), {"1 s"}),
        optional("local_recovery",
                 "Whether it is repaired where it failed, before anything moves (R100). Default: "
                 "yes.",
                 make_shape(shape::Boolean{}), {"no"}),
        optional("recovery", "How long that takes. Default: 5 s.", duration(), {"5 s"}),
        optional("check", "Between two health checks (R48, R100). Default: 120 s.", duration(),
                 {"120 s"}),
    };
    return make_shape(shape::Map{"resources", make_shape(std::move(resource)), 1, 256});
}

}  // namespace

std::vector<Key> hierarchy_keys() {
    return {optional("resources",
                     "What stands on the mirrors and moves with them, by name (R2, A.15). Default: "
                     "hosts use the mirrors bare.",
                     resources())};
}

std::vector<Key> hierarchy_steps() {
    ShapePtr const operation = make_shape(
        shape::Choice{"an operation of a resource", {"run", "start", "stop", "recovery"}});
    std::vector<Key> const which = {
        required("resource", "The resource that is meant.", resource_name(), {"db"}),
        required("on",
                 "The node that is meant, or a server of its shared disk; the disk itself: both, "
                 "and where it runs.",
                 node_name(), {"server1"})};
    std::vector<Key> fails = which;
    fails.push_back(optional(
        "operations",
        "run: it stops running now, which the next health check finds out; the others fail from "
        "now on. Default: run.",
        make_shape(shape::List{"operations", operation, 1, 4, false}), {"[run, recovery]"}));
    auto const edit = [](std::vector<Key> keys, char const* rule) {
        keys.push_back(required("on", "The node that has the mirror in service, or had it last.",
                                node_name(), {"server1"}));
        keys.push_back(optional("refused",
                                "The rule that must refuse it. Default: it must succeed.",
                                rule_name(), {rule}));
        keys.push_back(optional("await", "no: the steps go on without the answer. Default: yes.",
                                make_shape(shape::Boolean{}), {"no"}));
        return object("a change of a hierarchy", std::move(keys));
    };
    Key const resource =
        required("resource", "The resource that is meant.", resource_name(), {"db"});
    std::vector<Key> const both = {
        required("parent", "What depends.", resource_name(), {"db"}),
        required("child", "On what: a resource, or the mirror.",
                 make_shape(shape::Name{"the name of a mirror or a resource"}), {"ip"})};
    return {
        optional("create_resource",
                 "An operator creates a resource that is declared with 'created: no', on all "
                 "servers (R91).",
                 edit({resource}, "server_unreachable")),
        optional("delete_resource", "An operator deletes a resource that is out of service (R95).",
                 edit({resource}, "still_in_service")),
        optional("create_dependency", "An operator has one resource depend on another (R98).",
                 edit(both, "would_be_a_cycle")),
        optional("delete_dependency", "And no more.", edit(both, "would_be_cut_off")),
        optional("fail_resource", "Something goes wrong with a resource on a node.",
                 object("a failure of a resource", std::move(fails))),
        optional("mend_resource",
                 "Nothing goes wrong with it there any more; it may still be down.",
                 object("a resource", which)),
    };
}

}  // namespace sunder::language::grammar
