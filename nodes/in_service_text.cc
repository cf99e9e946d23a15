// SPDX-License-Identifier: BSD-3-Clause
//
// The rules of the in-service decision and its facts, as people read them.
#include "nodes/in_service.h"

#include <iterator>

namespace sunder::nodes {

namespace {

using Facts = InServiceFacts;

/// In the order of the enumerators.
constexpr replication::RuleText texts[] = {
    {"force_refused_peer_serves", "R87, SAF-6",
     "the peer has it in service; forcing would make two sources"},
    {"force_online", "R27, R87", "an operator forced this copy online and answers for it"},
    {"taken_out", "R62, R97",
     "an operator took the mirror out of service; it stays out until one brings it "
     "in, or the node where it was taken out boots"},
    {"sole_copy", "R4", "there is no other copy that could serve"},
    {"looking_for_peer", "R30", "this node has just booted and is still looking for its peer"},
    {"awaiting_peer", "R30", "the peer answers but has not yet said what it holds"},
    {"split_brain", "R31, R32",
     "both nodes were the source of different data; only an operator may choose"},
    {"peer_took_over", "R23", "another node has taken over; this one is no longer the owner"},
    {"peer_is_source", "R3", "the peer has it in service"},
    {"peer_is_last_owner", "R28, R29",
     "the peer was the last source, so it comes in service, not this node"},
    {"later_owner", "R29", "both were source once, and this node was the later one"},
    {"peer_is_later", "SAF-4", "the peer holds later data than this last owner"},
    {"peer_returned", "R29, R30", "the peer is back and is not an owner, so the doubt is settled"},
    {"last_owner_returns", "R28, R30", "this node was the last source and its peer can be reached"},
    {"no_last_owner", "R30", "no node that can be reached was the last source"},
    {"promoted_elsewhere", "R29, SAF-7",
     "a copy here has accepted the era of a node that cannot be reached, and that "
     "may have been the source since"},
    {"shared_copy_continues", "R113",
     "the disk was in service on another server until that died, and goes on here"},
    {"owner_lost_peer", "R24", "the last source lost its peer before it could come in service"},
    {"target_is_paused", "R61",
     "the mirror was paused, so that this copy is older and may have been changed"},
    {"target_not_in_sync", "R26, R38, R39",
     "the copy here was not in sync when the source was lost"},
    {"not_watched_in_sync", "R30",
     "the copy here has not been seen in sync since this node booted"},
    {"needs_fencing", "SAF-6", "silence proves nothing: guarded nodes need fencing to take over"},
    {"another_goes_first", "R53", "another copy in sync goes before this one"},
    {"failover", "R25", "the source was watched dying and the copy here was in sync"},
    {"owner_booted_alone", "R27",
     "the last source booted and cannot reach its peer, which may have taken over"},
    {"booted_alone", "R28", "a target that boots alone cannot know what it missed"},
    {"never_in_service", "R1", "the copy here is a target for ever; another one has to serve"},
    {"only_copy_is_blank", "R5, R91",
     "the mirror has no other copy, and the disk of this one holds nothing of it: its data are "
     "gone, unless that disk is found again; an operator may force it online, empty as it is"},
};
static_assert(std::size(texts) == static_cast<std::size_t>(InServiceRule::last));

}  // namespace

replication::RuleText text_of(InServiceRule rule) {
    return rule < InServiceRule::last ? texts[static_cast<std::size_t>(rule)]
                                      : replication::RuleText{"", "", ""};
}

std::string_view name_of(Answer answer) {
    switch (answer) {
        case Answer::stay_out:
            return "stay_out";
        case Answer::come_in:
            return "come_in";
        case Answer::set_data_corrupt:
            return "set_data_corrupt";
        case Answer::clear_last_owner:
            return "clear_last_owner";
        case Answer::split_brain:
            return "split_brain";
    }
    return "";
}

std::string_view name_of(InServiceFacts::Contact contact) {
    switch (contact) {
        case Facts::Contact::no_peer:
            return "no_peer";
        case Facts::Contact::looking:
            return "looking";
        case Facts::Contact::reachable:
            return "reachable";
        case Facts::Contact::watched_die:
            return "watched_die";
        case Facts::Contact::booted_alone:
            return "booted_alone";
    }
    return "";
}

std::string_view name_of(InServiceFacts::Peer peer) {
    switch (peer) {
        case Facts::Peer::unknown:
            return "unknown";
        case Facts::Peer::not_owner:
            return "not_owner";
        case Facts::Peer::last_owner:
            return "last_owner";
        case Facts::Peer::in_service:
            return "in_service";
    }
    return "";
}

std::string_view name_of(InServiceFacts::Later later) {
    switch (later) {
        case Facts::Later::neither:
            return "neither";
        case Facts::Later::self:
            return "self";
        case Facts::Later::peer:
            return "peer";
        case Facts::Later::diverged:
            return "diverged";
    }
    return "";
}

std::string_view name_of(InServiceFacts::Copy copy) {
    switch (copy) {
        case Facts::Copy::in_sync:
            return "in_sync";
        case Facts::Copy::not_watched:
            return "not_watched";
        case Facts::Copy::paused:
            return "paused";
        case Facts::Copy::outdated:
            return "outdated";
        case Facts::Copy::inconsistent:
            return "inconsistent";
        case Facts::Copy::blank:
            return "blank";
    }
    return "";
}

}  // namespace sunder::nodes
