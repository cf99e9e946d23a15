// SPDX-License-Identifier: BSD-3-Clause
//
// To which servers a mirror is extended, and who may change that when (A.15, A.18): create, extend,
// unextend, delete. Pure and total; a refusal changes nothing. How a change gets to all servers is
// decided in extending.cc.
#pragma once

#include "base/ids.h"
#include "replication/note.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace sunder::nodes {

/// What an operator demands.
struct Extension {
    enum class Kind : std::uint8_t {
        create,    ///< R91: on one server, with what its disk holds
        extend,    ///< R93: what was on the disk of the server is destroyed (R5)
        unextend,  ///< R94
        remove,    ///< R95: from all servers
        migrate,   ///< R117: a disk in use becomes a mirror, with what is on it
    };
    Kind kind = Kind::extend;
    NodeId server{};  ///< that joins or leaves
    /// R52: of a server that joins. Nothing: as it is configured.
    std::optional<std::uint16_t> priority{};
    friend bool operator==(Extension const&, Extension const&) = default;
};
std::string_view name_of(Extension::Kind);

enum class ExtensionRule : std::uint8_t {
    granted,
    no_copy_there,
    already_created,
    exported_by_nfs,
    already_mirrored,
    not_mirrored,
    disk_not_shared,
    other_storage,
    resource_does_not_stop,
    not_in_service_here,
    not_the_owner,
    already_extended,
    not_extended,
    priority_in_use,
    owner_stays,
    mirror_in_service,
    change_under_way,
    server_unreachable,
    target_too_small,
    never_in_service,
    last
};
replication::RuleText text_of(ExtensionRule);

/// As the server sees it at which the operator works.
struct ExtensionFacts {
    Extension::Kind kind = Extension::Kind::extend;
    bool has_disk = true;           ///< the server has a disk for a copy
    bool extended_anywhere = true;  ///< the mirror has been created
    bool extended_there = false;
    bool exported = false;      ///< R122: what is on the disk is exported by NFS
    bool serves = false;        ///< this node has it in service
    bool owner = false;         ///< or had it last, without any doubt
    bool serves_there = false;  ///< of a deletion: anywhere
    bool is_here = false;       ///< the server is this one
    bool priority_in_use = false;
    bool large_enough = true;  ///< R5: of a creation, this node's disk for the mirror
    bool all_reachable = true;
    bool busy = false;        ///< on its way into or out of service, or another change is under way
    bool unmirrored = false;  ///< what stands on the disk uses it without a mirror
    bool shared = false;      ///< R118: two servers have the disk
    bool other_storage = false;  ///< R117: and not all of it is on this disk
    bool never = false;          ///< the copy of the server is a target for ever
    friend bool operator==(ExtensionFacts const&, ExtensionFacts const&) = default;
};
ExtensionRule decide_extension(ExtensionFacts const&);

/// As the server sees it that is asked to join, to leave, or to take notice.
struct JoiningFacts {
    bool is_member = false;
    bool becomes_member = false;
    bool rests = true;  ///< out of service, and nothing under way
    bool owner = false;
    bool blank = false;        ///< it holds nothing that once was a copy
    bool large_enough = true;  ///< R5: its disk, for the source's
    friend bool operator==(JoiningFacts const&, JoiningFacts const&) = default;
};
ExtensionRule decide_joining(JoiningFacts const&);

}  // namespace sunder::nodes
