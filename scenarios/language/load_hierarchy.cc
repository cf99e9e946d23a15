// SPDX-License-Identifier: BSD-3-Clause
//
// Reads what stands on mirrors, and the steps about it. Which hierarchies are possible is decided
// where they are changed (nodes/hierarchy.h); that each stands on one mirror is decided here.
#include "scenarios/language/load_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sunder::language::loading {

namespace {

using netsim::Cluster;
using nodes::Dependency;
using nodes::EditRule;

nodes::ResourceKind kind_of(std::optional<std::string> const& text) {
    using Kind = nodes::ResourceKind;
    for (Kind const kind :
         {Kind::file_system, Kind::address, Kind::nas, Kind::drbd, Kind::sdr, Kind::multi_site}) {
        if (text == nodes::name_of(kind)) return kind;
    }
    return Kind::application;
}

netsim::ResourceSetup read_setup(Entry const& entry, Report const& report) {
    netsim::ResourceSetup setup;
    setup.name = entry.key;
    auto const read = [&](Duration& time, char const* key) {
        if (auto const found = duration_of(entry.value.find(key))) time = *found;
    };
    read(setup.start, "start");
    read(setup.stop, "stop");
    read(setup.recovery, "recovery");
    if (auto const check =
            time_above_zero(entry.value.find("check"), report, "the time between health checks"))
        setup.check = *check;
    return setup;
}

/// What one thing needs, as it was written.
struct Need {
    ResourceId parent;
    std::optional<std::uint16_t> mirror;  ///< or a resource
    ResourceId child;
    Node const* at = nullptr;
    std::size_t written_at = 0;  ///< the resource below which it stands
};

class HierarchyReader {
public:
    HierarchyReader(Cluster& cluster, Report const& report)
        : cluster_(cluster), report_(report), names_(cluster, report) {}

    void read(Node const& resources) {
        for (Entry const& entry : entries_of(&resources)) {
            std::optional<std::string> const mirror = name_of_mirror(entry.key);
            if (mirror) {
                report_.error(Code::duplicate_name, entry.key_span,
                              fmt::format("'{}' is a mirror", entry.key),
                              {"resources and mirrors are named apart", {}});
            }
            cluster_.resources.push_back(read_setup(entry, report_));
            entries_.push_back(&entry);
        }
        for (std::size_t r = 0; r < entries_.size(); ++r) read_needs(r);
        find_mirrors();
        for (std::size_t r = 0; r < entries_.size(); ++r) {
            if (is_created(r)) create(r);
        }
        for (Need const& need : needs_) {
            if (is_created(need.parent.value) && (need.mirror || is_created(need.child.value)))
                depend(need);
        }
        for (std::size_t r = 0; r < entries_.size(); ++r) {
            if (!is_created(r)) declare(r);
        }
    }

private:
    [[nodiscard]] std::optional<std::string> name_of_mirror(std::string const& name) const {
        for (netsim::MirrorSetup const& mirror : cluster_.mirrors) {
            if (mirror.name == name) return name;
        }
        return std::nullopt;
    }

    [[nodiscard]] bool is_created(std::size_t r) const {
        return boolean_of(entries_[r]->value.find("created")).value_or(true);
    }

    void read_needs(std::size_t r) {
        for (Node const& item : items_of(entries_[r]->value.find("needed_by"))) {
            auto const parent = names_.resource(&item);
            if (parent) {
                needs_.push_back(
                    {*parent, {}, ResourceId{static_cast<std::uint16_t>(r)}, &item, r});
            }
        }
        for (Node const& item : items_of(entries_[r]->value.find("needs"))) {
            std::optional<std::string> const name = text_of(&item);
            if (!name || cluster_.mirrors.empty()) continue;
            Need need{ResourceId{static_cast<std::uint16_t>(r)}, {}, {}, &item, r};
            if (name_of_mirror(*name)) {
                need.mirror = names_.mirror(&item);
            } else if (auto const child = names_.resource(&item)) {
                need.child = *child;
            } else {
                continue;
            }
            needs_.push_back(need);
        }
    }

    /// Everything that hangs together stands on one mirror.
    void find_mirrors() {
        std::size_t const all = entries_.size();
        std::vector<std::pair<std::size_t, std::size_t>> bonds;
        for (Need const& need : needs_) {
            bonds.emplace_back(need.parent.value,
                               need.mirror ? all + *need.mirror : need.child.value);
        }
        auto const component = nodes::hang_together(all + cluster_.mirrors.size(), bonds);
        mirror_.resize(all);
        for (std::size_t r = 0; r < all; ++r) {
            std::vector<std::size_t> on;
            for (std::size_t m = 0; m < cluster_.mirrors.size(); ++m) {
                if (component[all + m] == component[r]) on.push_back(m);
            }
            if (on.size() == 1) {
                mirror_[r] = static_cast<std::uint16_t>(on.front());
                cluster_.resources[r].mirror = *mirror_[r];
                continue;
            }
            if (entries_[r]->value.broken || cluster_.mirrors.empty()) continue;
            std::string const& name = cluster_.resources[r].name;
            if (on.empty()) {
                report_.error(Code::bad_hierarchy, entries_[r]->key_span,
                              fmt::format("nothing ties '{}' to a mirror, so it would not move "
                                          "with one (R2)",
                                          name),
                              {"name what it needs below 'needs', or have something that stands "
                               "on a mirror need it",
                               {}});
            } else {
                report_.error(
                    Code::bad_hierarchy, entries_[r]->key_span,
                    fmt::format("'{}' is in one hierarchy with mirrors '{}' and '{}'", name,
                                cluster_.mirrors[on[0]].name, cluster_.mirrors[on[1]].name),
                    {"a hierarchy stands on one mirror, because mirrors fail over by "
                     "themselves (R114); make them volumes of one: 'volumes: {...}'",
                     {}});
            }
        }
    }

    [[nodiscard]] nodes::ProtectedResource resource(std::size_t r) const {
        Node const& value = entries_[r]->value;
        return {ResourceId{static_cast<std::uint16_t>(r)}, kind_of(text_of(value.find("type"))),
                boolean_of(value.find("local_recovery")).value_or(true)};
    }

    void create(std::size_t r) {
        if (mirror_[r]) cluster_.mirrors[*mirror_[r]].hierarchy.create(resource(r));
    }

    /// What comes into being by a step: it must be possible in the hierarchy that is there.
    void declare(std::size_t r) {
        nodes::HierarchyEdit edit{nodes::HierarchyEdit::Kind::create, resource(r), {}};
        for (Need const& need : needs_) {
            if (need.written_at == r) edit.dependencies.push_back(dependency(need));
        }
        cluster_.resources[r].creation = std::move(edit);
    }

    [[nodiscard]] static Dependency dependency(Need const& need) {
        return {need.parent, need.mirror ? std::optional<ResourceId>() : std::optional(need.child)};
    }

    void depend(Need const& need) {
        if (!mirror_[need.parent.value]) return;
        nodes::Hierarchy& hierarchy = cluster_.mirrors[*mirror_[need.parent.value]].hierarchy;
        EditRule const rule = hierarchy.create_dependency(dependency(need));
        if (rule == EditRule::granted) return;
        replication::RuleText const text = nodes::text_of(rule);
        report_.error(Code::bad_hierarchy, mark_of(*need.at),
                      fmt::format("'{}' cannot need '{}': {} ({}: {})",
                                  cluster_.resources[need.parent.value].name, need.at->text,
                                  text.words, text.name, text.cites));
    }

    Cluster& cluster_;
    Report const& report_;
    Names names_;
    std::vector<Entry const*> entries_;
    std::vector<Need> needs_;
    std::vector<std::optional<std::uint16_t>> mirror_;  // by resource
};

}  // namespace

void read_hierarchies(Node const& cluster_node, netsim::Cluster& cluster, Report const& report) {
    if (Node const* const resources = cluster_node.find("resources"))
        HierarchyReader(cluster, report).read(*resources);
}

std::optional<std::uint16_t> mirror_under(ResourceId resource, netsim::Cluster const& cluster) {
    std::uint16_t const mirror = cluster.resources[resource.value].mirror;
    if (mirror >= cluster.mirrors.size()) return std::nullopt;
    return mirror;
}

namespace {

using EditKind = nodes::HierarchyEdit::Kind;

/// The child of a dependency: a resource, or the mirror that the parent stands on.
std::optional<Dependency> read_dependency(Node const& value, Names const& names) {
    std::optional<ResourceId> const parent = names.resource(value.find("parent"));
    Node const* const below = value.find("child");
    std::optional<std::string> const name = text_of(below);
    if (!parent || !name) return std::nullopt;
    auto const mirror = mirror_under(*parent, names.cluster());
    if (mirror && names.cluster().mirrors[*mirror].name == *name) return Dependency{*parent, {}};
    std::optional<ResourceId> const child = names.resource(below);
    if (!child) return std::nullopt;
    if (mirror_under(*child, names.cluster()) != mirror) {
        names.report().error(
            Code::bad_step, mark_of(*below),
            fmt::format("'{}' stands on another mirror than '{}'", *name,
                        value.find("parent")->text),
            {"a hierarchy stands on one mirror, because mirrors fail over by themselves (R114)",
             {}});
        return std::nullopt;
    }
    return Dependency{*parent, *child};
}

std::optional<Action> read_edit(EditKind kind, Node const& value, Names const& names,
                                KnownNames const& known) {
    step::EditHierarchy made;
    made.edit.kind = kind;
    made.refused = names.known(value.find("refused"), "rule", known.rules).value_or("");
    made.await = boolean_of(value.find("await")).value_or(true);
    ResourceId about;
    if (kind == EditKind::create || kind == EditKind::remove) {
        std::optional<ResourceId> const resource = names.resource(value.find("resource"));
        if (!resource) return std::nullopt;
        about = *resource;
        auto const& creation = names.cluster().resources[about.value].creation;
        if (kind == EditKind::create && !creation) {
            names.report().error(
                Code::bad_step, mark_of(*value.find("resource")),
                fmt::format("'{}' is there from the start on", value.find("resource")->text),
                {"declare it with 'created: no'", {}});
            return std::nullopt;
        }
        if (kind == EditKind::create) made.edit = *creation;
        made.edit.resource.id = about;
    } else {
        std::optional<Dependency> const dependency = read_dependency(value, names);
        if (!dependency) return std::nullopt;
        about = dependency->parent;
        made.edit.dependencies = {*dependency};
    }
    std::optional<std::uint16_t> const mirror = mirror_under(about, names.cluster());
    std::optional<NodeId> const node = names.node_of(mirror, value.find("on"));
    if (!mirror || !node) return std::nullopt;
    made.mirror = *mirror;
    made.node = *node;
    return made;
}

}  // namespace

std::optional<Action> read_hierarchy_step(std::string_view key, Node const& value,
                                          Names const& names, KnownNames const& known) {
    if (key == "create_resource") return read_edit(EditKind::create, value, names, known);
    if (key == "delete_resource") return read_edit(EditKind::remove, value, names, known);
    if (key == "create_dependency")
        return read_edit(EditKind::create_dependency, value, names, known);
    if (key == "delete_dependency")
        return read_edit(EditKind::delete_dependency, value, names, known);
    if (key != "fail_resource" && key != "mend_resource") return std::nullopt;
    std::optional<ResourceId> const resource = names.resource(value.find("resource"));
    if (!resource) return std::nullopt;
    std::optional<NodeId> const node = names.node_of(mirror_under(*resource, names.cluster()),
                                                     value.find("on"), Names::ServersToo::yes);
    if (!node) return std::nullopt;
    step::FailResource made{*node, *resource, {}, false};
    if (key == "mend_resource") return made;
    made.runs_no_more = value.find("operations") == nullptr;
    for (Node const& item : items_of(value.find("operations"))) {
        made.runs_no_more = made.runs_no_more || item.text == "run";
        made.faults.start = made.faults.start || item.text == "start";
        made.faults.stop = made.faults.stop || item.text == "stop";
        made.faults.recovery = made.faults.recovery || item.text == "recovery";
    }
    return made;
}

}  // namespace sunder::language::loading
