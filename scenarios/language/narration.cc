// SPDX-License-Identifier: BSD-3-Clause
//
// From typed notes to sentences.
#include "scenarios/language/narration.h"

#include "base/text.h"
#include "scenarios/language/narrate_arrays.h"
#include "scenarios/language/narrate_faults.h"

#include <fmt/format.h>

namespace sunder::language {

namespace {

using netsim::Cluster;
using replication::LegState;
using replication::Slot;
using Line = std::optional<std::string>;
namespace mirror = replication::note;
namespace node_note = nodes::note;
namespace seen = netsim::seen;

std::string chunks(std::uint64_t n) { return fmt::format("{} chunk{}", n, n == 1 ? "" : "s"); }

/// What a mirror machine noted.
struct MirrorLine {
    Cluster const& cluster;
    netsim::MirrorSetup const& setup;
    std::string const& peer(Slot slot) const {
        return cluster.nodes[setup.on[slot.value].value].name;
    }

    Line operator()(mirror::LegChanged const& note) const {
        if (note.direction == replication::Direction::inward) return std::nullopt;
        if (note.to == LegState::mirroring) return fmt::format("mirrors to {}", peer(note.peer));
        bool const carried = note.from == LegState::resyncing || note.from == LegState::mirroring;
        if (note.to == LegState::disconnected && carried) {
            return fmt::format("loses the leg to {}", peer(note.peer));
        }
        return std::nullopt;
    }
    Line operator()(mirror::ResyncDecided const& note) const {
        auto const rule = replication::text_of(note.decision.rule);
        switch (note.decision.verdict) {
            case replication::Verdict::wait:
                if (note.decision.rule != replication::ResyncRule::target_rests)
                    return std::nullopt;
                break;
            case replication::Verdict::paused:
            case replication::Verdict::in_sync:
            case replication::Verdict::partial:
            case replication::Verdict::full:
            case replication::Verdict::split_brain:
            case replication::Verdict::unrelated:
                break;
        }
        return fmt::format("handshake with {}: {} ({}: {})", peer(note.peer),
                           replication::name_of(note.decision.verdict), rule.words, rule.cites);
    }
    Line operator()(mirror::ResyncStarted const& note) const {
        return fmt::format("resynchronises {}: {} to copy", peer(note.peer), chunks(note.chunks));
    }
    Line operator()(mirror::ResyncInterrupted const& note) const {
        if (note.chunks_left == 0)
            return fmt::format("resync from {} interrupted", peer(note.peer));
        return fmt::format("resync of {} interrupted, {} not confirmed", peer(note.peer),
                           chunks(note.chunks_left));
    }
    Line operator()(mirror::ResyncFinished const& note) const {
        return fmt::format("resync of {} finished", peer(note.peer));
    }
    Line operator()(mirror::CopyCompleted const&) const { return std::nullopt; }
    Line operator()(mirror::DataChanged const& note) const {
        return fmt::format("copy: {} -> {}", replication::name_of(note.from),
                           replication::name_of(note.to));
    }
    Line operator()(mirror::RoleChanged const& note) const {
        if (note.to == replication::Role::source) return "IN SERVICE";
        return std::nullopt;
    }
    Line operator()(mirror::GenerationMinted const&) const { return std::nullopt; }
    Line operator()(mirror::PeerOutdated const& note) const {
        return fmt::format("has on record that {} misses writes from here on (G20)",
                           peer(note.peer));
    }
    Line operator()(mirror::LimitReached const& note) const {
        return fmt::format("asynchronous limit towards {} reached: writes wait (R12)",
                           peer(note.peer));
    }
    Line operator()(mirror::LimitRecovered const& note) const {
        return fmt::format("asynchronous again towards {}", peer(note.peer));
    }
    Line operator()(mirror::Settled const&) const { return std::nullopt; }
    Line operator()(mirror::OverrideRecorded const&) const {
        return "operator's override goes on record; earlier writes may be lost by it (R87)";
    }
    Line operator()(mirror::SplitBrainDecided const& note) const {
        auto const rule = replication::text_of(note.decision.rule);
        return fmt::format("split brain with {}, policy {}: {} ({}: {})", peer(note.peer),
                           replication::name_of(note.facts.policy), rule.words, rule.name,
                           rule.cites);
    }
    Line operator()(mirror::Conceded const& note) const {
        return fmt::format(
            "gives up what was written here since it parted from {}, {}{} (R34)", peer(note.winner),
            note.by == mirror::Conceded::By::policy ? "as the policy says"
                                                    : "as the operator chose; this goes on record",
            note.back_to ? "" : "; nothing is known to be shared");
    }
    Line operator()(mirror::PauseChanged const& note) const {
        return fmt::format("{} the mirror to {} ({})", note.paused ? "pauses" : "resumes",
                           peer(note.peer), note.paused ? "R57" : "R59");
    }
    Line operator()(mirror::WrittenApart const&) const {
        return "is written by its own hosts; a resume overwrites all of that (R59)";
    }
    Line operator()(mirror::IntentLogEdited const& note) const {
        if (note.how == mirror::IntentLogEdited::How::all_set) {
            return fmt::format("intent log towards {}: all bits set (R19)", peer(note.peer));
        }
        return fmt::format(
            "intent log towards {}: all bits cleared; from here on it counts as equal, on the "
            "operator's word (R19)",
            peer(note.peer));
    }
    Line operator()(mirror::AsynchronousEnabled const& note) const {
        return fmt::format("asynchronous targets are possible, up to {} writes behind (R13)",
                           note.limit);
    }
    Line operator()(mirror::ReadFromTarget const& note) const {
        return fmt::format("reads from {} what its own disk refused", peer(note.peer));
    }
    Line operator()(mirror::Erased const&) const {
        return "copy given up: it counts as blank from here on (R5, R94)";
    }
    Line operator()(mirror::FallbackImageChanged const& note) const {
        switch (note.what) {
            case mirror::FallbackImageChanged::What::kept:
                return "keeps an image of its copy before the resync";
            case mirror::FallbackImageChanged::What::lost:
                return "image of before the resync dropped: it outgrew its room";
            case mirror::FallbackImageChanged::What::restored:
                return "copy is what it was before the resync";
            case mirror::FallbackImageChanged::What::dropped:
                return "image of before the resync no longer needed";
        }
        return std::nullopt;
    }
    Line operator()(mirror::CopyRests const& note) const {
        return fmt::format("rests, as its disk refuses what it is sent: it tries again in {}",
                           to_text(note.until_it_tries));
    }
    Line operator()(mirror::DiskFailed const& note) const {
        static constexpr char const* what[] = {"a read", "a write", "a flush", "a stable store"};
        return fmt::format("disk failed {}", what[static_cast<int>(note.what)]);
    }
    Line operator()(mirror::FlagChanged const& note) const {
        return fmt::format(
            "{} {}",
            note.which == mirror::FlagChanged::Which::last_owner ? "last_owner" : "data_corrupt",
            note.set ? "set" : "cleared");
    }
    Line operator()(mirror::Rejected const& note) const {
        return fmt::format("closes the leg to {}, which sent {}", peer(note.peer), note.why);
    }
    Line operator()(mirror::Ignored const&) const { return std::nullopt; }
};

/// What a membership machine noted.
struct NodeLine {
    Cluster const& cluster;
    std::string const& name(NodeId node) const { return cluster.nodes[node.value].name; }
    std::string const& resource(GroupId group) const { return cluster.mirrors[group.value].name; }

    Line operator()(node_note::PeerSeen const& note) const {
        return fmt::format("hears {}", name(note.peer));
    }
    Line operator()(node_note::PeerLost const& note) const {
        return fmt::format("no longer hears {} and takes it for dead", name(note.peer));
    }
    Line operator()(node_note::PeerUnreachable const& note) const {
        return fmt::format("hears {}, but cannot reach it", name(note.peer));
    }
    Line operator()(node_note::EraUnanswered const& note) const {
        auto const rule = nodes::text_of(note.rule);
        return fmt::format("{} has not stored its era of {}: {} ({}: {})", name(note.peer),
                           resource(note.group), rule.words, rule.name, rule.cites);
    }
    Line operator()(node_note::Decided const& note) const {
        // Between two decisions a node looks and asks; a reader need not.
        if (note.decision.rule == nodes::InServiceRule::looking_for_peer) return std::nullopt;
        if (note.decision.rule == nodes::InServiceRule::awaiting_peer) return std::nullopt;
        auto const rule = nodes::text_of(note.decision.rule);
        static constexpr char const* what[] = {"stays out of service", "may come in service",
                                               "stays out of service and sets data_corrupt",
                                               "gives up last_owner",
                                               "stays out of service: split brain"};
        return fmt::format("{} {}: {} ({}: {})", resource(note.group),
                           what[static_cast<int>(note.decision.answer)], rule.words, rule.name,
                           rule.cites);
    }
    Line operator()(node_note::GateDecided const& note) const {
        // What is begun at once says so itself.
        if (note.rule == nodes::GateRule::confirmation_needed) return std::nullopt;
        if (note.rule == nodes::GateRule::fencing_needed) return std::nullopt;
        auto const rule = nodes::text_of(note.rule);
        return fmt::format("{} waits: {} ({}: {})", resource(note.group), rule.words, rule.name,
                           rule.cites);
    }
    Line operator()(node_note::QuorumChanged const& note) const {
        auto const rule = nodes::text_of(note.rule);
        return fmt::format("{}: {} ({}: {})", nodes::has_quorum(note.rule) ? "quorum" : "NO QUORUM",
                           rule.words, rule.name, rule.cites);
    }
    Line operator()(node_note::QuorumLost const& note) const {
        static constexpr char const* what[] = {"boots again at once, and writes nothing back",
                                               "halts at once, and writes nothing back",
                                               "takes everything out of service"};
        return fmt::format("lost quorum and {} (R69)", what[static_cast<int>(note.action)]);
    }
    Line operator()(node_note::ConfirmationAsked const& note) const {
        return fmt::format("asks an administrator whether {} is dead, for {} (R63, R64)",
                           name(note.peer), to_text(note.within));
    }
    Line operator()(node_note::Confirmed const& note) const {
        using By = node_note::Confirmed::By;
        return fmt::format("failover from {} {} {}", name(note.peer),
                           note.proceeds ? "confirmed" : "blocked",
                           note.by == By::timeout ? "because nobody answered in time (R64)"
                                                  : "by an administrator (R63)");
    }
    Line operator()(node_note::FencingStarted const& note) const {
        return fmt::format("has {} shot", name(note.peer));
    }
    Line operator()(node_note::FencingEnded const& note) const {
        return fmt::format("the shot at {} {}", name(note.peer), note.dead ? "hit" : "FAILED");
    }
    Line operator()(node_note::CameInService const&) const {
        return std::nullopt;  // the mirror machine said so a moment before
    }
    Line operator()(node_note::PromotionRefused const& note) const {
        return fmt::format("{} cannot come in service: the disk here failed", resource(note.group));
    }
    Line operator()(node_note::LeftService const& note) const {
        return fmt::format("{} out of service", resource(note.group));
    }
    Line operator()(node_note::SteppedDown const& note) const {
        return fmt::format("{} steps down: it was not written since the other came in service",
                           resource(note.group));
    }
    Line operator()(node_note::SplitBrain const& note) const {
        netsim::MirrorSetup const& setup = cluster.mirrors[note.group.value];
        auto const& split = setup.split_brain ? *setup.split_brain : cluster.policy.split_brain;
        bool const left_to_operator = split.policy == replication::SplitBrainPolicy::disconnect;
        return fmt::format("{} SPLIT BRAIN with {}{} (R32)", resource(note.group), name(note.peer),
                           left_to_operator ? ": an operator must choose" : "");
    }
    Line operator()(node_note::ResolutionDecided const& note) const {
        if (note.rule == nodes::ResolutionRule::granted) return std::nullopt;
        auto const rule = nodes::text_of(note.rule);
        return fmt::format("{} resolution refused: {} ({}: {})", resource(note.group), rule.words,
                           rule.name, rule.cites);
    }
    Line operator()(node_note::OrderDecided const& note) const {
        if (note.rule == nodes::OrderRule::granted) return std::nullopt;
        auto const rule = nodes::text_of(note.rule);
        return fmt::format("{} order refused: {} ({}: {})", resource(note.group), rule.words,
                           rule.name, rule.cites);
    }
    Line operator()(node_note::AskedToTakeOver const& note) const {
        return fmt::format("{}: {}, so it asks {} to take over", resource(note.group),
                           note.resource ? "a resource on it failed" : "its own disk fails",
                           name(note.peer));
    }
    Line operator()(node_note::HierarchyEdited const& note) const {
        if (note.rule == nodes::EditRule::granted)
            return fmt::format("hierarchy of {} changed (R98)", resource(note.group));
        auto const rule = nodes::text_of(note.rule);
        return fmt::format("hierarchy of {} stays as it is: {} ({}: {})", resource(note.group),
                           rule.words, rule.name, rule.cites);
    }
    Line operator()(node_note::ExtensionChanged const& note) const {
        std::vector<std::string> servers;
        for (NodeId const one : cluster.mirrors[note.group.value].on) {
            if (note.to.contains(one)) servers.push_back(name(one));
        }
        if (servers.empty()) return fmt::format("{} is deleted (R95)", resource(note.group));
        return fmt::format("{} is extended to {} (R93)", resource(note.group),
                           fmt::join(servers, ", "));
    }
    Line operator()(node_note::Migrated const& note) const {
        return fmt::format("{} is built on the disk, whose data is kept (R117)",
                           resource(note.group));
    }
    Line operator()(node_note::ExtensionRefused const& note) const {
        auto const rule = nodes::text_of(note.rule);
        return fmt::format("{} of {} refused: {} ({}: {})", nodes::name_of(note.edit.kind),
                           resource(note.group), rule.words, rule.name, rule.cites);
    }
    Line operator()(node_note::HierarchyNoted const& note) const {
        namespace hierarchy = nodes::hierarchy;
        auto const* changed = std::get_if<hierarchy::Changed>(&note.note);
        if (changed == nullptr) {
            bool const up = std::get<hierarchy::UpOrDown>(note.note).up;
            if (!up) return std::nullopt;  // whatever brought it down has said so
            return fmt::format("everything on {} is in service", resource(note.group));
        }
        static constexpr char const* words[] = {"in service",
                                                "out of service",
                                                "failed: local recovery begins (R100)",
                                                "recovered (R100)",
                                                "FAILED: it is out of service (R86)",
                                                "does not stop, and stays in service (R92)",
                                                "does not stop, and has lost its disk"};
        return fmt::format("{} {}", cluster.resources[changed->resource.value].name,
                           words[static_cast<int>(changed->to)]);
    }
    Line operator()(node_note::ResourceFailoverBlocked const& note) const {
        return fmt::format(
            "{}: Local recovery failure, failover blocked, MANUAL INTERVENTION REQUIRED (R65)",
            resource(note.group));
    }
    Line operator()(node_note::SwitchedBack const& note) const {
        return fmt::format("{} is switched back to this node automatically (R72)",
                           resource(note.group));
    }
    Line operator()(node_note::NobodyTakesOver const& note) const {
        return fmt::format("{}: {} does not take over, so it stays here", resource(note.group),
                           name(note.peer));
    }
    Line operator()(node_note::SwitchoverStarted const& note) const {
        return fmt::format("{} is switched over to this node", resource(note.group));
    }
    Line operator()(node_note::StayedInService const& note) const {
        return fmt::format("{} stays in service: the leg to {} was lost while it was leaving",
                           resource(note.group), name(note.peer));
    }
    Line operator()(node_note::SwitchoverRefused const& note) const {
        auto const rule = nodes::text_of(note.rule);
        return fmt::format("{} switchover refused: {} ({}: {})", resource(note.group), rule.words,
                           rule.name, rule.cites);
    }
};

struct Sentence {
    Cluster const& cluster;
    std::string const& name(NodeId node) const { return cluster.nodes[node.value].name; }
    /// "pause towards server2", as an operator says it of a mirror.
    std::string ordered(nodes::Order const& order) const {
        std::string made(nodes::name_of(order.kind));
        if (order.target) made += " towards " + name(*order.target);
        if (order.limit != 0) made += fmt::format(" up to {}", order.limit);
        return made + ":";
    }
    /// "has db depend on ip".
    std::string edited(nodes::HierarchyEdit const& edit, std::string const& mirror) const {
        using Kind = nodes::HierarchyEdit::Kind;
        auto const what = [&](std::optional<ResourceId> id) {
            return id ? cluster.resources[id->value].name : mirror;
        };
        if (edit.kind == Kind::create) return "creates " + what(edit.resource.id);
        if (edit.kind == Kind::remove) return "deletes " + what(edit.resource.id);
        nodes::Dependency const& one = edit.dependencies.front();
        return fmt::format("has {} depend on {}{}", what(one.parent), what(one.child),
                           edit.kind == Kind::create_dependency ? "" : " no more");
    }
    /// "extends datarep to server3".
    std::string extended(nodes::Extension const& edit, std::string const& mirror) const {
        using Kind = nodes::Extension::Kind;
        switch (edit.kind) {
            case Kind::create:
                return fmt::format("creates {}", mirror);
            case Kind::extend:
                return fmt::format("extends {} to {}", mirror, name(edit.server)) +
                       (edit.priority ? fmt::format(" with priority {}", *edit.priority) : "");
            case Kind::unextend:
                return fmt::format("unextends {} from {}", mirror, name(edit.server));
            case Kind::migrate:
                return fmt::format("migrates to {} what is on the disk", mirror);
            case Kind::remove:
                break;
        }
        return fmt::format("deletes {}", mirror);
    }
    std::string line(NodeId node, std::string const& text) const {
        return fmt::format("{:10} {}", name(node), text);
    }

    Line operator()(seen::HostAsked const&) const { return std::nullopt; }
    Line operator()(seen::HostAnswered const&) const { return std::nullopt; }
    Line operator()(seen::MirrorNoted const& noted) const {
        netsim::MirrorSetup const& setup = cluster.mirrors[noted.group.value];
        Line const text = std::visit(MirrorLine{cluster, setup}, noted.note);
        if (!text) return std::nullopt;
        return line(noted.node, fmt::format("{} {}", setup.name, *text));
    }
    Line operator()(seen::NodeNoted const& noted) const {
        Line const text = std::visit(NodeLine{cluster}, noted.note);
        if (!text) return std::nullopt;
        return line(noted.node, *text);
    }
    Line operator()(seen::AdminAnswered const& answer) const {
        if (answer.granted) return std::nullopt;
        return line(answer.node, fmt::format("operator's request refused: {}", answer.rule));
    }
    Line operator()(seen::OperatorAsked const& asked) const {
        using What = seen::OperatorAsked::What;
        if (asked.what == What::confirm_failover) {
            return line(asked.node, fmt::format("OPERATOR says {} {}", name(asked.dead),
                                                asked.proceeds ? "is dead" : "may not be dead"));
        }
        if (asked.what == What::move_shared_disk) {
            return line(asked.node, fmt::format("OPERATOR hands {} over to the other server",
                                                name(asked.dead)));
        }
        std::string const& mirror = cluster.mirrors[asked.group.value].name;
        switch (asked.what) {
            case What::force_online:
                return line(asked.node, fmt::format("OPERATOR forces online {} here", mirror));
            case What::switch_over:
                return line(asked.node, fmt::format("OPERATOR switches over {} here", mirror));
            case What::resolve_split_brain:
                return line(asked.node,
                            fmt::format("OPERATOR names this node the loser of {}", mirror));
            case What::order:
                return line(asked.node,
                            fmt::format("OPERATOR: {} {}", ordered(asked.order), mirror));
            case What::confirm_failover:
            case What::move_shared_disk:
                break;
            case What::edit_hierarchy:
                return line(asked.node, fmt::format("OPERATOR {}", edited(asked.edit, mirror)));
            case What::edit_extension:
                return line(asked.node,
                            fmt::format("OPERATOR {}", extended(asked.extension, mirror)));
        }
        return std::nullopt;
    }
    Line operator()(seen::IntentLogExamined const& examined) const {
        return line(examined.node,
                    fmt::format("intent log of {} towards {}: {}",
                                cluster.mirrors[examined.group.value].name, name(examined.peer),
                                replication::in_text(examined.report)));
    }
    Line operator()(seen::ImageTaken const& taken) const {
        return line(taken.node, fmt::format("OPERATOR copies the disk of {} to an image",
                                            cluster.mirrors[taken.group.value].name));
    }
    Line operator()(seen::ImageWritten const& written) const {
        return line(written.node, fmt::format("OPERATOR makes the disk of {} from the image",
                                              cluster.mirrors[written.group.value].name));
    }
    Line operator()(seen::NodeDied const& died) const {
        static constexpr char const* words[] = {"CRASHES", "LOSES POWER", "PANICS", "stops"};
        return line(died.node, words[static_cast<int>(died.how)]);
    }
    Line operator()(seen::SharedDiskNoted const& noted) const {
        namespace disk = nodes::shared_disk;
        std::string const& shared = name(noted.shared);
        if (auto const* decided = std::get_if<disk::note::Decided>(&noted.note)) {
            auto const rule = disk::text_of(decided->decision.rule);
            bool const preempts = decided->decision.answer == disk::Decision::Answer::take;
            return line(noted.server,
                        fmt::format("{} {}: {} ({}: {})",
                                    preempts ? "takes the reservation of" : "wants to reserve",
                                    shared, rule.words, rule.name, rule.cites));
        }
        if (auto const* refused = std::get_if<disk::note::MoveRefused>(&noted.note)) {
            auto const rule = disk::text_of(refused->rule);
            return line(noted.server, fmt::format("{} is not handed over: {} ({}: {})", shared,
                                                  rule.words, rule.name, rule.cites));
        }
        if (std::holds_alternative<disk::note::Moves>(noted.note)) {
            auto const rule = disk::text_of(disk::MoveRule::other_server_first);
            return line(noted.server, fmt::format("{} is handed over: {} ({}: {})", shared,
                                                  rule.words, rule.name, rule.cites));
        }
        if (std::holds_alternative<disk::note::Refused>(noted.note)) {
            return line(noted.server, fmt::format("{} is reserved by the other server", shared));
        }
        bool const continues = std::get<disk::note::TookOver>(noted.note).continues;
        return line(noted.server, fmt::format("{} IS CARRIED HERE{}", shared,
                                              continues ? ", where the other has stopped" : ""));
    }
    Line operator()(seen::NodeStarted const& started) const { return line(started.node, "starts"); }
    Line operator()(seen::NodePaused const& paused) const { return line(paused.node, "PAUSES"); }
    Line operator()(seen::NodeResumed const& resumed) const {
        return line(resumed.node, "runs again");
    }
    Line operator()(auto const& fault) const { return FaultSentence{cluster}(fault); }
    Line operator()(seen::DiskWritten const&) const { return std::nullopt; }
    Line operator()(seen::RecordSent const&) const { return std::nullopt; }
    Line operator()(seen::RecordArrived const&) const { return std::nullopt; }
    Line operator()(seen::AlarmRang const&) const { return std::nullopt; }
    Line operator()(seen::ArrayNoted const& noted) const { return narrate_array(noted, cluster); }
};

char const* yes(bool value) { return value ? "yes" : "no"; }

std::string facts_of(node_note::Decided const& note) {
    nodes::InServiceFacts const& f = note.facts;
    return fmt::format(
        "last_owner={} data_corrupt={} contact={} peer={} later={} copy={} forced={}{}",
        yes(f.last_owner), yes(f.data_corrupt), nodes::name_of(f.contact), nodes::name_of(f.peer),
        nodes::name_of(f.later), nodes::name_of(f.copy), yes(f.forced),
        f.guarded ? fmt::format(" guarded=yes fenced={}", yes(f.fenced)) : "");
}

std::string facts_of(node_note::GateDecided const& note) {
    static constexpr char const* confirmation[] = {"given", "refused", "awaited", "not_asked"};
    static constexpr char const* fencing[] = {"done", "failed", "under_way", "not_begun"};
    nodes::GateFacts const& f = note.facts;
    return fmt::format("quorum={} takes_over={} heard_by_others={} confirmation={} fencing={}",
                       yes(f.quorum), yes(f.takes_over), yes(f.heard_by_others),
                       confirmation[static_cast<int>(f.confirmation)],
                       fencing[static_cast<int>(f.fencing)]);
}

std::string facts_of(mirror::ResyncDecided const& note) {
    static constexpr char const* in_service[] = {"neither", "one", "both"};
    static constexpr char const* target[] = {"blank",    "same generation", "earlier, tracked",
                                             "earlier",  "later",           "diverged",
                                             "unrelated"};
    replication::HandshakeFacts const& f = note.facts;
    return fmt::format(
        "in_service={} target={} inconsistent={} was_written={} bits={} intent_log={} "
        "bitmap_merge={} "
        "continues={} finish_missed={} forced_past_owner={}{} rule={}",
        in_service[static_cast<int>(f.in_service)], target[static_cast<int>(f.target)],
        yes(f.target_inconsistent), yes(f.target_was_written), yes(f.bits), yes(f.intent_log),
        yes(f.bitmap_merge), yes(f.continues), yes(f.finish_missed), yes(f.forced_past_owner),
        f.paused         ? " paused=yes"
        : f.target_rests ? " rests=yes"
                         : "",
        replication::text_of(note.decision.rule).name);
}

}  // namespace

std::optional<std::string> narrate(netsim::Observation const& observation, Cluster const& cluster) {
    return std::visit(Sentence{cluster}, observation);
}

std::optional<std::string> explain(netsim::Observation const& observation) {
    if (auto const* noted = std::get_if<seen::NodeNoted>(&observation)) {
        if (auto const* decided = std::get_if<node_note::Decided>(&noted->note))
            return facts_of(*decided);
        if (auto const* decided = std::get_if<node_note::GateDecided>(&noted->note))
            return facts_of(*decided);
    }
    if (auto const* noted = std::get_if<seen::MirrorNoted>(&observation)) {
        if (auto const* decided = std::get_if<mirror::ResyncDecided>(&noted->note))
            return facts_of(*decided);
    }
    return std::nullopt;
}

std::string time_column(Duration at) {
    return fmt::format("{:9.1f} s  ", static_cast<double>(at.ns) / 1e9);
}

}  // namespace sunder::language
