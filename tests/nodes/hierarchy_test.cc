// SPDX-License-Identifier: BSD-3-Clause
//
// Which changes of a hierarchy are possible (A.15): every refusal, and that a refusal changes
// nothing; and that what was accepted can always be started bottom-up.
#include "nodes/hierarchy.h"

#include <rapidcheck.h>
#include <catch2/catch.hpp>

#include <set>

namespace sunder::nodes {
namespace {

constexpr ResourceId data{0};
constexpr ResourceId address{1};
constexpr ResourceId database{2};
constexpr ResourceId nothing{9};

/// A file system on the mirror, and a database that needs it and an address.
Hierarchy usual() {
    Hierarchy made;
    made.create({data, ResourceKind::file_system});
    made.create({address, ResourceKind::address});
    made.create({database, ResourceKind::application});
    made.create_dependency({data, {}});
    made.create_dependency({database, data});
    made.create_dependency({database, address});
    return made;
}

using Kind = HierarchyEdit::Kind;

struct Edit {
    char const* what;
    EditRule rule;
    EditRule (*make)(Hierarchy&);
};

Edit const edits[] = {
    {"a resource that is there is created", EditRule::already_exists,
     [](Hierarchy& h) { return h.create({data, ResourceKind::address}); }},
    {"a resource that is not there depends", EditRule::no_such_resource,
     [](Hierarchy& h) { return h.create_dependency({nothing, data}); }},
    {"one depends on a resource that is not there", EditRule::no_such_resource,
     [](Hierarchy& h) { return h.create_dependency({database, nothing}); }},
    {"a resource that is not there is deleted", EditRule::no_such_resource,
     [](Hierarchy& h) { return h.remove(nothing); }},
    {"one depends again", EditRule::already_depends,
     [](Hierarchy& h) { return h.create_dependency({database, data}); }},
    {"one depends on itself", EditRule::would_be_a_cycle,
     [](Hierarchy& h) { return h.create_dependency({address, address}); }},
    {"a child depends on its parent", EditRule::would_be_a_cycle,
     [](Hierarchy& h) { return h.create_dependency({address, database}); }},
    {"another uses the disk of a file system", EditRule::disk_in_use,
     [](Hierarchy& h) { return h.create_dependency({database, {}}); }},
    {"a file system stands on something else", EditRule::not_on_the_mirror,
     [](Hierarchy& h) { return h.create_dependency({data, address}); }},
    {"a dependency that is not there is deleted", EditRule::does_not_depend,
     [](Hierarchy& h) { return h.delete_dependency({address, data}); }},
    {"the bond of an address is deleted", EditRule::would_be_cut_off,
     [](Hierarchy& h) { return h.delete_dependency({database, address}); }},
    {"the bond of all to the mirror is deleted", EditRule::would_be_cut_off,
     [](Hierarchy& h) { return h.delete_dependency({data, {}}); }},
    {"one that is needed is deleted", EditRule::still_needed,
     [](Hierarchy& h) { return h.remove(data); }},
    {"one is created that nothing ties to the mirror", EditRule::would_be_cut_off,
     [](Hierarchy& h) { return h.apply({Kind::create, {nothing, ResourceKind::address}, {}}); }},
    {"one is created that would close a circle", EditRule::would_be_a_cycle,
     [](Hierarchy& h) {
         return h.apply({Kind::create,
                         {nothing, ResourceKind::application},
                         {{nothing, database}, {address, nothing}}});
     }},
    {"one that ties another to the mirror is deleted", EditRule::would_be_cut_off,
     [](Hierarchy& h) { return h.remove(database); }},
};

TEST_CASE("an impossible change of a hierarchy names its rule and changes nothing") {
    // What depends on the state of a cluster is in refusals_test.cc.
    std::set<EditRule> reached{EditRule::granted,          EditRule::no_copy_here,
                               EditRule::not_the_owner,    EditRule::server_unreachable,
                               EditRule::still_in_service, EditRule::in_transition};
    for (Edit const& edit : edits) {
        INFO(edit.what);
        Hierarchy hierarchy = usual();
        CHECK(edit.make(hierarchy) == edit.rule);
        CHECK(hierarchy == usual());
        reached.insert(edit.rule);
    }
    for (unsigned r = 0; r < static_cast<unsigned>(EditRule::last); ++r) {
        replication::RuleText const text = text_of(static_cast<EditRule>(r));
        INFO(text.name);
        CHECK(reached.contains(static_cast<EditRule>(r)));
        CHECK_FALSE(text.words.empty());
        CHECK_FALSE(text.cites.empty());
    }
}

TEST_CASE("applications share a bare disk, and a file system does not come beside them") {
    Hierarchy hierarchy;
    for (ResourceId const id : {data, address, database}) {
        hierarchy.create({id, id == data ? ResourceKind::file_system : ResourceKind::application});
    }
    CHECK(hierarchy.create_dependency({address, {}}) == EditRule::granted);
    CHECK(hierarchy.create_dependency({database, {}}) == EditRule::granted);
    CHECK(hierarchy.create_dependency({data, {}}) == EditRule::disk_in_use);
}

TEST_CASE("what is created comes with all that ties it, or not at all") {
    Hierarchy hierarchy = usual();
    HierarchyEdit const edit{
        Kind::create, {nothing, ResourceKind::application}, {{nothing, data}, {database, nothing}}};
    CHECK(hierarchy.apply(edit) == EditRule::granted);
    CHECK(hierarchy.find(nothing).has_value());
    CHECK(hierarchy.dependencies().size() == usual().dependencies().size() + 2);
    CHECK(hierarchy.apply({Kind::delete_dependency, {}, {{database, nothing}}}) ==
          EditRule::granted);
    CHECK(hierarchy.apply({Kind::remove, {nothing, {}}, {}}) == EditRule::granted);
    CHECK(hierarchy == usual());
}

TEST_CASE("what was made can be taken apart again, from the top") {
    Hierarchy hierarchy = usual();
    CHECK(hierarchy.create_dependency({address, data}) == EditRule::granted);
    CHECK(hierarchy.delete_dependency({database, address}) == EditRule::granted);
    CHECK(hierarchy.remove(database) == EditRule::granted);
    CHECK(hierarchy.remove(address) == EditRule::granted);
    CHECK(hierarchy.remove(data) == EditRule::granted);
    CHECK(hierarchy.empty());
    CHECK(hierarchy.dependencies().empty());
}

/// By brute force: whether one can be reached from the other, downwards.
bool reaches(std::set<std::pair<int, int>> const& edges, int from, int to) {
    if (from == to) return true;
    for (auto const& [parent, child] : edges) {
        if (parent == from && reaches(edges, child, to)) return true;
    }
    return false;
}

TEST_CASE("a dependency is refused when it would close a circle, and only then") {
    CHECK(rc::check("circles are refused", [] {
        constexpr int resources = 6;
        Hierarchy hierarchy;
        for (std::uint16_t r = 0; r < resources; ++r) {
            hierarchy.create({ResourceId{r}, ResourceKind::application});
        }
        std::set<std::pair<int, int>> edges;
        auto const pairs = *rc::gen::container<std::vector<std::pair<int, int>>>(
            rc::gen::pair(rc::gen::inRange(0, resources), rc::gen::inRange(0, resources)));
        for (auto const& [parent, child] : pairs) {
            EditRule const rule =
                hierarchy.create_dependency({ResourceId{static_cast<std::uint16_t>(parent)},
                                             ResourceId{static_cast<std::uint16_t>(child)}});
            if (edges.contains({parent, child})) {
                RC_ASSERT(rule == EditRule::already_depends);
            } else if (reaches(edges, child, parent)) {
                RC_ASSERT(rule == EditRule::would_be_a_cycle);
            } else {
                RC_ASSERT(rule == EditRule::granted);
                edges.insert({parent, child});
            }
        }
        std::set<std::size_t> before;
        for (std::size_t const place : hierarchy.bottom_up()) {
            hierarchy.for_each_child(place,
                                     [&](std::size_t child) { RC_ASSERT(before.contains(child)); });
            before.insert(place);
        }
        RC_ASSERT(before.size() == std::size_t{resources});
    }));
}

}  // namespace
}  // namespace sunder::nodes
