// SPDX-License-Identifier: BSD-3-Clause
//
// Marks: what a scenario may demand to happen at least once, so that it proves something.
#include "scenarios/language/narrate_arrays.h"
#include "scenarios/language/narration.h"

#include <algorithm>

namespace sunder::language {

namespace {

namespace mirror = replication::note;
namespace node_note = nodes::note;
namespace seen = netsim::seen;

struct MirrorMark {
    std::string_view operator()(mirror::LegChanged const& note) const {
        return note.to == replication::LegState::mirroring ? "mirroring" : "";
    }
    std::string_view operator()(mirror::ResyncDecided const& note) const {
        switch (note.decision.verdict) {
            case replication::Verdict::wait:
            case replication::Verdict::paused:
                return "";
            case replication::Verdict::in_sync:
                return "found_in_sync";
            case replication::Verdict::partial:
                return "partial_resync";
            case replication::Verdict::full:
                return "full_resync";
            case replication::Verdict::split_brain:
                return "split_brain";
            case replication::Verdict::unrelated:
                return "unrelated";
        }
        return "";
    }
    std::string_view operator()(mirror::ResyncStarted const&) const { return "resync_started"; }
    std::string_view operator()(mirror::ResyncInterrupted const&) const {
        return "resync_interrupted";
    }
    std::string_view operator()(mirror::ResyncFinished const&) const { return "resync_finished"; }
    std::string_view operator()(mirror::CopyCompleted const&) const { return "copy_completed"; }
    std::string_view operator()(mirror::PeerOutdated const&) const { return "wrote_without_peer"; }
    std::string_view operator()(mirror::LimitReached const&) const {
        return "asynchronous_limit_reached";
    }
    std::string_view operator()(mirror::LimitRecovered const&) const {
        return "asynchronous_limit_recovered";
    }
    std::string_view operator()(mirror::OverrideRecorded const&) const {
        return "operator_override";
    }
    std::string_view operator()(mirror::Conceded const& note) const {
        return note.by == mirror::Conceded::By::policy ? "conceded_by_policy" : "conceded";
    }
    std::string_view operator()(mirror::PauseChanged const& note) const {
        return note.paused ? "paused" : "resumed";
    }
    std::string_view operator()(mirror::WrittenApart const&) const { return "written_apart"; }
    std::string_view operator()(mirror::IntentLogEdited const& note) const {
        return note.how == mirror::IntentLogEdited::How::all_set ? "intent_log_set"
                                                                 : "intent_log_cleared";
    }
    std::string_view operator()(mirror::ReadFromTarget const&) const { return "read_from_target"; }
    std::string_view operator()(mirror::FallbackImageChanged const& note) const {
        switch (note.what) {
            case mirror::FallbackImageChanged::What::kept:
                return "image_kept";
            case mirror::FallbackImageChanged::What::lost:
                return "image_lost";
            case mirror::FallbackImageChanged::What::restored:
                return "image_restored";
            case mirror::FallbackImageChanged::What::dropped:
                return "image_dropped";
        }
        return "";
    }
    std::string_view operator()(mirror::DiskFailed const&) const { return "disk_failed"; }
    std::string_view operator()(mirror::CopyRests const&) const { return "copy_rests"; }
    std::string_view operator()(mirror::Erased const&) const { return "copy_given_up"; }
    std::string_view operator()(mirror::FlagChanged const& note) const {
        bool const owner = note.which == mirror::FlagChanged::Which::last_owner;
        if (note.set) return owner ? "last_owner_set" : "data_corrupt_set";
        return owner ? "last_owner_cleared" : "data_corrupt_cleared";
    }
    std::string_view operator()(auto const&) const { return ""; }
};

struct NodeMark {
    std::string_view operator()(node_note::Decided const& note) const {
        return note.decision.rule == nodes::InServiceRule::failover ? "failover" : "";
    }
    std::string_view operator()(node_note::CameInService const&) const { return "came_in_service"; }
    std::string_view operator()(node_note::SteppedDown const&) const { return "stepped_down"; }
    std::string_view operator()(node_note::SplitBrain const&) const { return "split_brain"; }
    std::string_view operator()(node_note::LeftService const&) const { return "left_service"; }
    std::string_view operator()(node_note::AskedToTakeOver const&) const {
        return "asked_to_take_over";
    }
    std::string_view operator()(node_note::ResourceFailoverBlocked const&) const {
        return "resource_failover_blocked";
    }
    std::string_view operator()(node_note::SwitchedBack const&) const { return "switched_back"; }
    std::string_view operator()(node_note::ExtensionChanged const&) const { return "extended"; }
    std::string_view operator()(node_note::HierarchyNoted const& note) const {
        using To = nodes::hierarchy::Changed::To;
        auto const* changed = std::get_if<nodes::hierarchy::Changed>(&note.note);
        if (changed == nullptr) {
            return std::get<nodes::hierarchy::UpOrDown>(note.note).up ? "hierarchy_in_service" : "";
        }
        switch (changed->to) {
            case To::recovered:
                return "resource_recovered";
            case To::failed:
                return "resource_failed";
            case To::does_not_stop:
                return "resource_does_not_stop";
            case To::in_service:
            case To::out_of_service:
            case To::recovering:
            case To::abandoned:
                break;
        }
        return "";
    }
    std::string_view operator()(node_note::SwitchoverStarted const&) const { return "switchover"; }
    std::string_view operator()(node_note::StayedInService const&) const {
        return "stayed_in_service";
    }
    std::string_view operator()(node_note::SwitchoverRefused const&) const {
        return "switchover_refused";
    }
    std::string_view operator()(node_note::PeerLost const&) const { return "peer_lost"; }
    std::string_view operator()(node_note::PeerUnreachable const&) const {
        return "peer_unreachable";
    }
    std::string_view operator()(node_note::EraUnanswered const&) const { return "era_unanswered"; }
    std::string_view operator()(node_note::Migrated const&) const { return "migrated"; }
    std::string_view operator()(node_note::QuorumLost const&) const { return "quorum_lost"; }
    std::string_view operator()(node_note::ConfirmationAsked const&) const {
        return "confirmation_asked";
    }
    std::string_view operator()(node_note::FencingEnded const& note) const {
        return note.dead ? "fenced" : "fencing_failed";
    }
    std::string_view operator()(auto const&) const { return ""; }
};

std::string_view mark_of_lie(netsim::DiskLie lie) {
    switch (lie) {
        case netsim::DiskLie::bit_rot:
            return "bit_rot";
        case netsim::DiskLie::wrong_read:
            return "wrong_read";
        case netsim::DiskLie::stale_read:
            return "stale_read";
        case netsim::DiskLie::lost_write:
            return "lost_write";
        case netsim::DiskLie::misdirected_write:
            return "misdirected_write";
        case netsim::DiskLie::ignored_flush:
            return "ignored_flush";
        case netsim::DiskLie::old_data:
            return "old_data";
        case netsim::DiskLie::last:
            break;
    }
    return "";
}

}  // namespace

std::string_view mark_of(netsim::Observation const& observation) {
    if (auto const* lied = std::get_if<seen::DiskLied>(&observation)) return mark_of_lie(lied->how);
    if (auto const* back = std::get_if<seen::RolledBack>(&observation)) {
        bool const blank = back->what == seen::RolledBack::What::blank;
        return blank ? "disks_replaced" : "rolled_back";
    }
    if (std::holds_alternative<seen::DisksExchanged>(observation)) return "disks_exchanged";
    if (std::holds_alternative<seen::StartRefused>(observation)) return "start_refused";
    if (std::holds_alternative<seen::LinkDegraded>(observation)) return "link_degraded";
    if (std::holds_alternative<seen::BeatsLost>(observation)) return "beats_lost";
    if (std::holds_alternative<seen::MessageDamaged>(observation)) return "message_damaged";
    if (auto const* noted = std::get_if<seen::ArrayNoted>(&observation)) {
        return array_mark_of(*noted);
    }
    if (auto const* noted = std::get_if<seen::MirrorNoted>(&observation)) {
        return std::visit(MirrorMark{}, noted->note);
    }
    if (auto const* noted = std::get_if<seen::NodeNoted>(&observation)) {
        return std::visit(NodeMark{}, noted->note);
    }
    if (auto const* noted = std::get_if<seen::SharedDiskNoted>(&observation)) {
        auto const* took = std::get_if<nodes::shared_disk::note::TookOver>(&noted->note);
        return took != nullptr && took->continues ? "shared_disk_taken_over" : "";
    }
    return "";
}

std::string_view rule_of(netsim::Observation const& observation) {
    if (auto const* noted = std::get_if<seen::MirrorNoted>(&observation)) {
        auto const* decided = std::get_if<mirror::ResyncDecided>(&noted->note);
        return decided == nullptr ? "" : replication::text_of(decided->decision.rule).name;
    }
    if (auto const* noted = std::get_if<seen::NodeNoted>(&observation)) {
        if (auto const* decided = std::get_if<node_note::Decided>(&noted->note)) {
            return nodes::text_of(decided->decision.rule).name;
        }
        auto const* gate = std::get_if<node_note::GateDecided>(&noted->note);
        return gate == nullptr ? "" : nodes::text_of(gate->rule).name;
    }
    auto const* answered = std::get_if<seen::AdminAnswered>(&observation);
    return answered == nullptr ? "" : answered->rule;
}

namespace {

/// Those that no rule is called by.
constexpr std::string_view marks[] = {"mirroring",
                                      "found_in_sync",
                                      "partial_resync",
                                      "full_resync",
                                      "split_brain",
                                      "unrelated",
                                      "resync_started",
                                      "resync_interrupted",
                                      "resync_finished",
                                      "copy_completed",
                                      "wrote_without_peer",
                                      "asynchronous_limit_reached",
                                      "asynchronous_limit_recovered",
                                      "operator_override",
                                      "conceded",
                                      "conceded_by_policy",
                                      "paused",
                                      "resumed",
                                      "written_apart",
                                      "intent_log_set",
                                      "intent_log_cleared",
                                      "disk_failed",
                                      "copy_rests",
                                      "copy_given_up",
                                      "extended",
                                      "read_from_target",
                                      "image_kept",
                                      "image_lost",
                                      "image_restored",
                                      "image_dropped",
                                      "asked_to_take_over",
                                      "last_owner_set",
                                      "last_owner_cleared",
                                      "data_corrupt_set",
                                      "data_corrupt_cleared",
                                      "failover",
                                      "came_in_service",
                                      "stepped_down",
                                      "left_service",
                                      "switchover",
                                      "switchover_refused",
                                      "stayed_in_service",
                                      "peer_lost",
                                      "peer_unreachable",
                                      "era_unanswered",
                                      "migrated",
                                      "quorum_lost",
                                      "resource_failover_blocked",
                                      "switched_back",
                                      "hierarchy_in_service",
                                      "shared_disk_taken_over",
                                      "resource_recovered",
                                      "resource_failed",
                                      "resource_does_not_stop",
                                      "confirmation_asked",
                                      "fenced",
                                      "fencing_failed",
                                      "rolled_back",
                                      "disks_replaced",
                                      "disks_exchanged",
                                      "start_refused",
                                      "link_degraded",
                                      "beats_lost",
                                      "message_damaged",
                                      "bit_rot",
                                      "wrong_read",
                                      "stale_read",
                                      "lost_write",
                                      "misdirected_write",
                                      "ignored_flush",
                                      "old_data"};

}  // namespace

std::vector<std::string> cluster_mark_names() { return {std::begin(marks), std::end(marks)}; }

std::vector<std::string> mark_names() {
    std::vector<std::string> names = cluster_mark_names();
    for (std::string& name : array_mark_names()) names.push_back(std::move(name));
    return names;
}

std::vector<std::string> rule_names() {
    std::vector<std::string> names;
    for (int r = 0; r < static_cast<int>(nodes::InServiceRule::last); ++r) {
        names.emplace_back(nodes::text_of(static_cast<nodes::InServiceRule>(r)).name);
    }
    auto const add = [&](std::string_view name) {
        if (std::ranges::find(names, name) == names.end()) names.emplace_back(name);
    };
    for (int r = 0; r < static_cast<int>(nodes::SwitchoverRule::last); ++r) {
        add(nodes::text_of(static_cast<nodes::SwitchoverRule>(r)).name);
    }
    for (int r = 0; r < static_cast<int>(nodes::ResolutionRule::last); ++r) {
        add(nodes::text_of(static_cast<nodes::ResolutionRule>(r)).name);
    }
    for (int r = 0; r < static_cast<int>(nodes::GateRule::last); ++r) {
        add(nodes::text_of(static_cast<nodes::GateRule>(r)).name);
    }
    for (int r = 0; r < static_cast<int>(nodes::EraRule::last); ++r) {
        add(nodes::text_of(static_cast<nodes::EraRule>(r)).name);
    }
    for (int r = 0; r < static_cast<int>(nodes::ConfirmRule::last); ++r) {
        add(nodes::text_of(static_cast<nodes::ConfirmRule>(r)).name);
    }
    for (int r = 0; r < static_cast<int>(nodes::shared_disk::MoveRule::last); ++r) {
        add(nodes::shared_disk::text_of(static_cast<nodes::shared_disk::MoveRule>(r)).name);
    }
    for (int r = 0; r < static_cast<int>(nodes::EditRule::last); ++r) {
        add(nodes::text_of(static_cast<nodes::EditRule>(r)).name);
    }
    for (int r = 0; r < static_cast<int>(nodes::ExtensionRule::last); ++r) {
        add(nodes::text_of(static_cast<nodes::ExtensionRule>(r)).name);
    }
    for (int r = 0; r < static_cast<int>(nodes::OrderRule::last); ++r) {
        add(nodes::text_of(static_cast<nodes::OrderRule>(r)).name);
    }
    return names;
}

std::vector<std::string> handshake_rule_names() {
    std::vector<std::string> names;
    for (int r = 0; r < static_cast<int>(replication::ResyncRule::last); ++r) {
        names.emplace_back(replication::text_of(static_cast<replication::ResyncRule>(r)).name);
    }
    return names;
}

}  // namespace sunder::language
