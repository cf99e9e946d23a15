// SPDX-License-Identifier: BSD-3-Clause
//
// What operators do beside forcing, moving and taking out mirrors (FLT-12), and what fails of that
// which stands on them. Whoever is wrong is refused, or answers for what comes of it; most of this
// needs a cluster that has something for it.
#include "scenarios/campaign/acts.h"
#include "scenarios/campaign/hardware.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace sunder::campaign {

namespace step = language::step;
using netsim::LinkSetup;

/// To the server that has it, too, which is refused.
void Site::moved_disk() const {
    Fault const drawn = fault();
    auto const& on = cluster().mirrors[drawn.mirror].on;
    auto const disk = std::ranges::find_if(on, [&](NodeId node) { return is_shared(base_, node); });
    if (disk == on.end()) return;
    NodeId const to = cluster().nodes[disk->value].shared_by[below(2)];
    put(drawn.after, step::MoveSharedDisk{*disk, to, "", false});
}

/// It dies, or nobody hears it any more. Of a shared disk, both servers.
void Site::silence(Duration after, NodeId node) const {
    std::vector<NodeId> const servers =
        is_shared(base_, node) ? cluster().nodes[node.value].shared_by : std::vector{node};
    bool const dies = below(3) != 0;
    for (NodeId const server : servers) {
        if (dies) {
            put(after, step::PowerCut{server, {}});
            after = {};
            continue;
        }
        for (LinkSetup const& link : cluster().links) {
            if (link.a != server.value && link.b != server.value) continue;
            put(after, step::Cut{link.a, link.b, false});
            after = {};
        }
    }
}

/// A node falls silent, and an administrator says what has become of it: before he is asked, or
/// when, or when it is too late; rightly or wrongly; and thinks better of it. Where nodes are shot,
/// he answers for shots that miss.
void Site::confirmation() const {
    Fault const drawn = fault();
    auto const& pairs = cluster().confirm.pairs;
    NodeId dead = server();
    NodeId on = server();
    if (pairs.empty() && !cluster().fencing) return;
    bool const asked = !pairs.empty() && (!cluster().fencing || below(2) == 0);
    if (asked) {
        netsim::ConfirmSetup::Pair const& pair = pairs[below(pairs.size())];
        dead = pair.from;
        on = pair.to;
    }
    if (dead == on) return;
    bool const misses = cluster().fencing && has(recipe_.diet, Kind::missing_shot);
    if (misses && !is_shared(base_, dead)) put({}, step::FailFencing{dead, true});
    silence(drawn.after, dead);
    Duration const soon = seconds(1 + static_cast<std::int64_t>(below(30)));
    put(below(2) == 0 ? soon : pause(), step::ConfirmFailover{on, dead, below(4) != 0, "", false});
    if (below(3) == 0) put(pause(), step::ConfirmFailover{on, dead, true, "", false});
    if (below(2) == 0 && !is_shared(base_, dead)) put(pause(), step::Restart{dead});
}

/// It runs no more, or will not start, stop or be repaired where it is. Mostly not for ever.
void Site::failing_resource() const {
    Duration const after = fault().after;
    auto const& resources = cluster().resources;
    if (resources.empty()) return;
    ResourceId const resource{static_cast<std::uint16_t>(below(resources.size()))};
    NodeId node = copy_of(resources[resource.value].mirror);
    if (is_shared(base_, node) && below(3) != 0)
        node = cluster().nodes[node.value].shared_by[below(2)];
    std::uint64_t const what = 1 + below(15);
    netsim::ResourceFaults const faults{(what & 1) != 0, (what & 2) != 0, (what & 4) != 0};
    if (faults != netsim::ResourceFaults{})
        put(after, step::FailResource{node, resource, faults, false});
    if ((what & 8) != 0) put(instant(), step::FailResource{node, resource, {}, true});
    if (below(3) != 0) put(pause(), step::FailResource{node, resource, {}, false});
}

nodes::HierarchyEdit Site::some_edit(ResourceId about) const {
    using Edit = nodes::HierarchyEdit;
    auto const& resources = cluster().resources;
    netsim::ResourceSetup const& setup = resources[about.value];
    ResourceId const other{static_cast<std::uint16_t>(below(resources.size()))};
    bool const on_mirror = below(3) == 0 || resources[other.value].mirror != setup.mirror;
    Edit edit;
    edit.kind = static_cast<Edit::Kind>(below(4));
    if (edit.kind == Edit::Kind::create && setup.creation) return *setup.creation;
    // What is there from the start on is not created.
    if (edit.kind == Edit::Kind::create) edit.kind = Edit::Kind::remove;
    if (edit.kind == Edit::Kind::remove) {
        edit.resource.id = about;
    } else {
        edit.dependencies = {{about, on_mirror ? std::optional<ResourceId>() : other}};
    }
    return edit;
}

/// As of an operator who does not know at which server he may do it, nor what may be done: most of
/// it is refused. What is deleted has to be out of service.
void Site::changed_hierarchy() const {
    using Order = nodes::Order;
    Fault const drawn = fault();
    auto const& resources = cluster().resources;
    if (resources.empty()) return;
    ResourceId const about{static_cast<std::uint16_t>(below(resources.size()))};
    std::uint16_t const of = resources[about.value].mirror;
    nodes::HierarchyEdit const edit = some_edit(about);
    bool const rests = edit.kind == nodes::HierarchyEdit::Kind::remove || below(4) == 0;
    Duration after = drawn.after;
    if (rests) {
        order_all(after, of, {Order::Kind::leave_service, {}});
        after = pause();
    }
    for (NodeId const node : cluster().mirrors[of].on) {
        put(after, step::EditHierarchy{of, node, edit, "", false});
        after = {};
    }
    if (rests && below(4) != 0) order_all(pause(), of, {Order::Kind::enter_service, {}});
}

/// A mirror is deleted, begun anew on one of its servers with what that one's disk holds, and
/// extended to the others, perhaps with another priority (R52). Where what stands on the disk has
/// no mirror yet, it is built before (R117).
void Site::made_anew() const {
    using Extension = nodes::Extension;
    Word const drawn = word();
    netsim::MirrorSetup const& mirror = cluster().mirrors[drawn.mirror];
    Duration after = drawn.after;
    auto const tell = [&](NodeId at, Extension const& edit) {
        put(std::exchange(after, {}), step::EditExtension{drawn.mirror, at, edit, "", false});
    };
    if (mirror.unmirrored) {
        for (NodeId const at : mirror.on) tell(at, {Extension::Kind::migrate});
        if (below(2) == 0) return;
        after = pause();
    }
    order_all(after, drawn.mirror, {nodes::Order::Kind::leave_service, {}});
    after = pause();
    for (NodeId const at : mirror.on) tell(at, {Extension::Kind::remove, at});
    after = pause();
    tell(drawn.node, {Extension::Kind::create, drawn.node});
    after = pause();
    for (NodeId const joins : mirror.on) {
        if (joins == drawn.node) continue;
        Extension edit{Extension::Kind::extend, joins};
        if (below(3) == 0)
            edit.priority = static_cast<std::uint16_t>(1 + below(mirror.on.size() + 1));
        tell(drawn.node, edit);
        if (below(2) == 0) after = pause();
    }
    ask_all(pause(), drawn.mirror, replication::HostOp::write, some_block(drawn.mirror));
}

}  // namespace sunder::campaign
