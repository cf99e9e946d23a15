// SPDX-License-Identifier: BSD-3-Clause
//
// The grammar of what operators do to mirrors, intent logs and disks.
#include "scenarios/language/scenario_shape.h"

namespace sunder::language::grammar {

namespace {

Key await_key() {
    return optional("await", "no: the steps go on without the answer. Default: yes.",
                    make_shape(shape::Boolean{}), {"no"});
}

Key mirror_key() { return required("mirror", "The mirror.", mirror_name(), {"datarep"}); }

Key refused_key(std::string example) {
    return optional("refused", "The rule that must refuse it. Default: it must succeed.",
                    rule_name(), {std::move(example)});
}

Key optional_on() {
    return optional("on", "The node that is asked. Default: where the mirror is in service.",
                    node_name(), {"server1"});
}

Key required_on() {
    return required("on", "The node whose copy is meant.", node_name(), {"server1"});
}

Key target_key() {
    return optional("target", "The other copy that is meant. Default: the only other one.",
                    node_name(), {"server2"});
}

std::vector<Key> decisive_steps() {
    return {
        optional(
            "force_online", "An operator brings a copy in service that must not be (R87).",
            object("a forced start",
                   {mirror_key(), required_on(),
                    optional("refused", "The rule that must refuse it. Default: it must succeed.",
                             rule_name(), {"force_refused_peer_serves"}),
                    await_key()})),
        optional(
            "switch_over", "An operator moves a mirror to another node (R96).",
            object("a switchover",
                   {mirror_key(),
                    required("to", "The node that takes over.", node_name(), {"server2"}),
                    optional("refused", "The rule that must refuse it. Default: it must succeed.",
                             rule_name(), {"resync_in_progress"}),
                    await_key()})),
        optional(
            "resolve_split_brain",
            "An operator chooses whose writes are given up after a split brain (R33, R34).",
            object("a resolution",
                   {mirror_key(),
                    required("loser", "The node whose writes since the split are given up.",
                             node_name(), {"server1"}),
                    optional("refused", "The rule that must refuse it. Default: it must succeed.",
                             rule_name(), {"no_split_brain"}),
                    await_key()})),
    };
}

std::vector<Key> pause_steps() {
    return {
        optional("pause_mirror",
                 "An operator keeps a target apart: nothing is replicated to it, and its hosts may "
                 "use the copy (R57, R58).",
                 object("a pause", {mirror_key(), target_key(), optional_on(),
                                    refused_key("already_paused"), await_key()})),
        optional("resume_mirror",
                 "Ends a pause; what was written at the target meanwhile is overwritten (R59).",
                 object("a resume", {mirror_key(), target_key(), optional_on(),
                                     refused_key("not_paused"), await_key()})),
        optional(
            "take_out_of_service", "An operator takes a mirror out of service, on all nodes (R62).",
            object("a stop",
                   {mirror_key(), optional_on(), refused_key("not_in_service_here"), await_key()})),
        optional("bring_in_service",
                 "An operator brings in service what was taken out; the usual rules decide (R96).",
                 object("a start", {mirror_key(), required_on(), refused_key("peer_is_last_owner"),
                                    await_key()})),
    };
}

std::vector<Key> intent_log_steps() {
    return {
        optional("set_intent_log", "bitmap -d: sets all bits, so that everything is copied (R19).",
                 object("an edit of an intent log", {mirror_key(), required_on(), target_key(),
                                                     refused_key("no_intent_log"), await_key()})),
        optional(
            "clear_intent_log",
            "bitmap -c: clears all bits; the target counts as equal from here on, on the "
            "operator's word (R19, R88).",
            object("an edit of an intent log", {mirror_key(), required_on(), target_key(),
                                                refused_key("still_in_service"), await_key()})),
        optional("enable_asynchronous",
                 "bitmap -a: asynchronous targets are possible from here on (R13).",
                 object("an edit of an intent log",
                        {mirror_key(), required_on(),
                         optional("limit", "Writes that may be outstanding. Default: 256.",
                                  make_shape(shape::Integer{"a limit", 1, 1'000'000}), {"4096"}),
                         refused_key("still_in_service"), await_key()})),
        optional("examine_intent_log",
                 "bitmap -X: tells in the narration what the intent log of a copy says (R19).",
                 object("a look at an intent log", {mirror_key(), required_on()})),
    };
}

std::vector<Key> image_steps() {
    return {
        optional("use_fallback_image",
                 "An operator takes a copy back to what it was before its resync; it stays out of "
                 "service until it is forced online.",
                 object("a way back", {mirror_key(), required_on(),
                                       refused_key("no_fallback_image"), await_key()})),
        optional("take_image",
                 "An operator copies a node's disk, as it is at this moment. The last image of a "
                 "mirror is kept (R88).",
                 object("an image", {mirror_key(), required_on()})),
        optional("write_image",
                 "An operator makes the copy of a node that is down from the mirror's image. It "
                 "holds what the imaged copy held then, and says so (R88).",
                 object("a disk from an image", {mirror_key(), required_on()})),
    };
}

std::vector<Key> extension_steps() {
    return {
        optional("create_mirror",
                 "An operator creates a mirror that is extended nowhere, with what the node's disk "
                 "holds (R91).",
                 object("a creation", {mirror_key(), required_on(), refused_key("exported_by_nfs"),
                                       await_key()})),
        optional(
            "extend",
            "An operator extends a mirror to another node; what its disk held is destroyed (R5, "
            "R93).",
            object(
                "an extension",
                {mirror_key(),
                 required("to", "The node that becomes a target.", node_name(), {"server3"}),
                 optional("on",
                          "The template server. Default: where the mirror is in service, as it "
                          "must be (R119).",
                          node_name(), {"server1"}),
                 optional("priority", "Of the node from now on (R52). Default: as in `priorities`.",
                          make_shape(shape::Integer{"a priority", 1, 999}), {"30"}),
                 refused_key("priority_in_use"), await_key()})),
        optional("unextend",
                 "An operator takes a mirror away from a node where it is out of service; its copy "
                 "is given up (R94).",
                 object("the end of an extension",
                        {mirror_key(),
                         required("from", "The node that is a target no more.", node_name(),
                                  {"server3"}),
                         optional_on(), refused_key("mirror_in_service"), await_key()})),
        optional("migrate",
                 "An operator has a mirror built on a shared disk in use: what stands on it is "
                 "stopped, and starts again on the mirror; the data is kept (R117).",
                 object("a migration",
                        {mirror_key(), optional_on(), refused_key("other_storage"), await_key()})),
        optional("delete_mirror",
                 "An operator deletes a mirror that is out of service, on all nodes (R95).",
                 object("a deletion", {mirror_key(), required_on(),
                                       refused_key("mirror_in_service"), await_key()})),
    };
}

}  // namespace

std::vector<Key> operator_steps() {
    std::vector<Key> keys = decisive_steps();
    for (std::vector<Key> const& more :
         {pause_steps(), intent_log_steps(), image_steps(), extension_steps()}) {
        keys.insert(keys.end(), more.begin(), more.end());
    }
    return keys;
}

}  // namespace sunder::language::grammar
