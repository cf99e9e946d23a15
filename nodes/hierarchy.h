// SPDX-License-Identifier: BSD-3-Clause
//
// A resource hierarchy as it is configured (A.15): what stands on a mirror and moves with it (R2),
// and what of it needs what. It decides which changes are possible; a refusal changes nothing. What
// becomes of the resources on a node is decided by hierarchy_machine.h.
#pragma once

#include "base/hash.h"
#include "base/ids.h"
#include "replication/note.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace sunder::nodes {

enum class ResourceKind : std::uint8_t {
    file_system,  ///< mounted on the mirror (R92)
    address,      ///< by which clients find the node that serves
    application,
    // What else it may keep data on, beside its mirror:
    nas,
    drbd,
    sdr,         ///< another mirror, by netraid
    multi_site,  ///< another mirror of a shared disk, by disrec
};
std::string_view name_of(ResourceKind);

struct ProtectedResource {
    ResourceId id;
    ResourceKind kind = ResourceKind::application;
    bool local_recovery = true;  ///< R100: is tried where it failed, before anything moves
    friend bool operator==(ProtectedResource const&, ProtectedResource const&) = default;
};

/// The parent depends on the child (R98): it starts after it and stops before it.
struct Dependency {
    ResourceId parent;
    std::optional<ResourceId> child;  ///< nothing: the mirror itself
    friend auto operator<=>(Dependency const&, Dependency const&) = default;
};

enum class EditRule : std::uint8_t {
    granted,
    already_exists,
    no_such_resource,
    already_depends,
    does_not_depend,
    would_be_a_cycle,
    disk_in_use,
    not_on_the_mirror,
    still_needed,
    would_be_cut_off,
    // Of a change in a running cluster:
    no_copy_here,
    not_the_owner,
    server_unreachable,
    still_in_service,
    in_transition,
    last
};
replication::RuleText text_of(EditRule);

/// Which of so many things hang together by these bonds: a number for each, the same for those that
/// do.
std::vector<std::size_t> hang_together(std::size_t things,
                                       std::span<std::pair<std::size_t, std::size_t> const> bonds);

/// What an operator has changed (R91, R98).
struct HierarchyEdit {
    enum class Kind : std::uint8_t { create, remove, create_dependency, delete_dependency };
    Kind kind = Kind::create;
    ProtectedResource resource{};            ///< that is created or removed
    std::vector<Dependency> dependencies{};  ///< that it comes with; or the one that is meant
    friend bool operator==(HierarchyEdit const&, HierarchyEdit const&) = default;
};

class Hierarchy {
public:
    /// Any of the changes below; a resource that is created is tied to the mirror by what it comes
    /// with.
    EditRule apply(HierarchyEdit const& edit);

    /// Something that needs nothing yet.
    EditRule create(ProtectedResource const& resource);
    EditRule create_dependency(Dependency const& dependency);
    /// Requires that both are still tied to the mirror afterwards, by whatever way.
    EditRule delete_dependency(Dependency const& dependency);
    /// With all that it needs; refused while something needs it.
    EditRule remove(ResourceId id);

    /// By id.
    [[nodiscard]] std::span<ProtectedResource const> resources() const { return resources_; }
    [[nodiscard]] std::span<Dependency const> dependencies() const { return dependencies_; }
    /// Places in `resources()`: every child before its parents (R99).
    [[nodiscard]] std::span<std::size_t const> bottom_up() const { return bottom_up_; }
    [[nodiscard]] std::optional<std::size_t> find(ResourceId id) const;
    /// Those that nothing ties to the mirror, neither from above nor from below.
    [[nodiscard]] std::vector<ResourceId> cut_off() const;
    [[nodiscard]] bool empty() const { return resources_.empty(); }
    /// Some of what it keeps is not on its mirror.
    [[nodiscard]] bool has_other_storage() const;
    [[nodiscard]] Fingerprint fingerprint() const;

    /// Calls visit(place) for each resource that this one needs, but for the mirror.
    template <class Visit>
    void for_each_child(std::size_t place, Visit&& visit) const {
        for (Dependency const& one : dependencies_) {
            if (one.parent == resources_[place].id && one.child) visit(*find(*one.child));
        }
    }
    /// Calls visit(place) for each that needs this one.
    template <class Visit>
    void for_each_parent(std::size_t place, Visit&& visit) const {
        for (Dependency const& one : dependencies_) {
            if (one.child == resources_[place].id) visit(*find(one.parent));
        }
    }
    friend bool operator==(Hierarchy const&, Hierarchy const&) = default;

private:
    [[nodiscard]] bool needs(ResourceId parent, ResourceId child) const;
    void put_in_order();

    std::vector<ProtectedResource> resources_;
    std::vector<Dependency> dependencies_;
    std::vector<std::size_t> bottom_up_;
};

}  // namespace sunder::nodes
