// SPDX-License-Identifier: BSD-3-Clause
//
// The refusals of an extension, and their order: first what is wrong with the demand itself, then
// what may pass.
#include "nodes/extension.h"

namespace sunder::nodes {

ExtensionRule decide_extension(ExtensionFacts const& facts) {
    using Rule = ExtensionRule;
    using Kind = Extension::Kind;
    if (!facts.has_disk) return Rule::no_copy_there;
    switch (facts.kind) {
        case Kind::create:
            if (facts.extended_anywhere) return Rule::already_created;
            if (facts.exported) return Rule::exported_by_nfs;
            if (!facts.large_enough) return Rule::target_too_small;
            if (facts.never) return Rule::never_in_service;
            break;
        case Kind::extend:
            if (facts.unmirrored) return Rule::not_mirrored;
            if (!facts.serves) return Rule::not_in_service_here;
            if (facts.extended_there) return Rule::already_extended;
            if (facts.priority_in_use) return Rule::priority_in_use;
            break;
        case Kind::unextend:
            if (!facts.owner) return Rule::not_the_owner;
            if (!facts.extended_there) return Rule::not_extended;
            if (facts.serves_there) return Rule::mirror_in_service;
            if (facts.is_here) return Rule::owner_stays;
            break;
        case Kind::remove:
            if (facts.unmirrored) return Rule::not_mirrored;
            if (!facts.owner) return Rule::not_the_owner;
            if (facts.serves_there) return Rule::mirror_in_service;
            break;
        case Kind::migrate:
            if (!facts.unmirrored) return Rule::already_mirrored;
            if (!facts.serves) return Rule::not_in_service_here;
            if (!facts.shared) return Rule::disk_not_shared;
            if (facts.other_storage) return Rule::other_storage;
            if (facts.exported) return Rule::exported_by_nfs;
            break;
    }
    if (facts.busy) return Rule::change_under_way;
    return facts.all_reachable ? Rule::granted : Rule::server_unreachable;
}

ExtensionRule decide_joining(JoiningFacts const& facts) {
    using Rule = ExtensionRule;
    if (facts.is_member == facts.becomes_member) return Rule::granted;
    if (facts.is_member) {
        if (facts.owner) return Rule::owner_stays;
        return facts.rests ? Rule::granted : Rule::mirror_in_service;
    }
    if (!facts.large_enough) return Rule::target_too_small;
    return facts.blank && facts.rests ? Rule::granted : Rule::change_under_way;
}

replication::RuleText text_of(ExtensionRule rule) {
    using Rule = ExtensionRule;
    switch (rule) {
        case Rule::granted:
            return {"granted", "A.15", "nothing stands against it"};
        case Rule::no_copy_there:
            return {"no_copy_there", "R93", "that server has no disk for a copy of the mirror"};
        case Rule::already_created:
            return {"already_created", "R91", "the mirror has been created"};
        case Rule::exported_by_nfs:
            return {"exported_by_nfs", "R92, R122",
                    "the file system is exported by NFS; end that first"};
        case Rule::already_mirrored:
            return {"already_mirrored", "R117", "what stands on the disk is mirrored already"};
        case Rule::not_mirrored:
            return {"not_mirrored", "R117",
                    "what stands on the disk uses it without a mirror; migrate it first"};
        case Rule::disk_not_shared:
            return {
                "disk_not_shared", "R118",
                "the source of a multi-site mirror is on a shared disk; go back and choose one"};
        case Rule::other_storage:
            return {"other_storage", "R116, R117",
                    "a hierarchy with NAS, DRBD, SDR or multi-site storage is not migrated "
                    "(104103)"};
        case Rule::resource_does_not_stop:
            return {"resource_does_not_stop", "R92, R99",
                    "a resource that stands on the disk does not stop, so it stays"};
        case Rule::not_in_service_here:
            return {"not_in_service_here", "R93, R119",
                    "the template server must have the mirror in service"};
        case Rule::not_the_owner:
            return {"not_the_owner", "R119",
                    "a hierarchy is changed on the server that has it in service, or had it last"};
        case Rule::already_extended:
            return {"already_extended", "R93", "the mirror is extended to that server already"};
        case Rule::not_extended:
            return {"not_extended", "R93, R94", "the mirror is not extended to that server"};
        case Rule::priority_in_use:
            return {"priority_in_use", "R52, R120",
                    "another server has this priority; any other from 1 to 999 will do"};
        case Rule::owner_stays:
            return {"owner_stays", "R94",
                    "the server had the mirror in service last; switch it over first"};
        case Rule::mirror_in_service:
            return {"mirror_in_service", "R94, R95",
                    "the mirror is in service there; take it out of service first"};
        case Rule::change_under_way:
            return {"change_under_way", "R96",
                    "the mirror is on its way into or out of service, or another change is under "
                    "way"};
        case Rule::server_unreachable:
            return {"server_unreachable", "R98",
                    "a change is made on all servers, and one of them cannot be reached"};
        case Rule::target_too_small:
            return {"target_too_small", "R5", "the disk is smaller than the mirror"};
        case Rule::never_in_service:
            return {"never_in_service", "R1, R91",
                    "the copy there is a target for ever; who creates a mirror is its source"};
        case Rule::last:
            break;
    }
    return {"", "", ""};
}

std::string_view name_of(Extension::Kind kind) {
    switch (kind) {
        case Extension::Kind::create:
            return "create";
        case Extension::Kind::extend:
            return "extend";
        case Extension::Kind::unextend:
            return "unextend";
        case Extension::Kind::remove:
            return "delete";
        case Extension::Kind::migrate:
            return "migrate";
    }
    return "";
}

}  // namespace sunder::nodes
