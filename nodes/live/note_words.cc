// SPDX-License-Identifier: BSD-3-Clause
//
// A line for each kind of note.
#include "nodes/live/note_words.h"

#include <fmt/format.h>

#include <algorithm>

namespace sunder::live {

namespace {

namespace mirror = replication;

std::string_view words_of(nodes::hierarchy::Changed::To to) {
    using To = nodes::hierarchy::Changed::To;
    switch (to) {
        case To::in_service:
            return "in service here";
        case To::out_of_service:
            return "out of service here";
        case To::recovering:
            return "failed, and is recovered where it is";
        case To::recovered:
            return "recovered";
        case To::failed:
            return "FAILED here";
        case To::does_not_stop:
            return "does not stop, and stays in service";
        case To::abandoned:
            return "did not stop, and is given up";
    }
    return "";
}

struct OfNode {
    NodeSetup const& setup;

    std::string const& peer(NodeId node) const { return setup.members[node.value].name; }
    std::string const& group(GroupId id) const {
        auto const found = std::ranges::find_if(
            setup.mirrors, [&](MirrorSetup const& one) { return one.config.group == id; });
        return found->name;
    }
    /// "in service here: a rule's words [its name]".
    template <class Rule>
    static std::string because(Rule rule) {
        mirror::RuleText const text = nodes::text_of(rule);
        return fmt::format("{} [{}]", text.words, text.name);
    }

    std::string operator()(nodes::note::PeerSeen const& note) const {
        return fmt::format("{} is heard", peer(note.peer));
    }
    std::string operator()(nodes::note::PeerLost const& note) const {
        return fmt::format("{} is not heard on any path", peer(note.peer));
    }
    std::string operator()(nodes::note::EraUnanswered const& note) const {
        return fmt::format("{}: {} has not stored the era: {}", group(note.group), peer(note.peer),
                           nodes::text_of(note.rule).words);
    }
    std::string operator()(nodes::note::PeerUnreachable const& note) const {
        return fmt::format("{} is heard, but cannot be reached", peer(note.peer));
    }
    std::string operator()(nodes::note::Decided const& note) const {
        return fmt::format("{}: {}", group(note.group), because(note.decision.rule));
    }
    std::string operator()(nodes::note::GateDecided const& note) const {
        return fmt::format("{}: before it may come in service: {}", group(note.group),
                           because(note.rule));
    }
    std::string operator()(nodes::note::QuorumChanged const& note) const {
        return fmt::format("quorum: {}", because(note.rule));
    }
    std::string operator()(nodes::note::QuorumLost const&) const { return "quorum is lost"; }
    std::string operator()(nodes::note::ConfirmationAsked const& note) const {
        return fmt::format("is {} dead? An administrator has {} to say so (sunder ctl confirm {})",
                           peer(note.peer), to_text(note.within), peer(note.peer));
    }
    std::string operator()(nodes::note::Confirmed const& note) const {
        return fmt::format("{} {} taken over from", peer(note.peer),
                           note.proceeds ? "may be" : "is not to be");
    }
    std::string operator()(nodes::note::FencingStarted const& note) const {
        return fmt::format("{} is being shot", peer(note.peer));
    }
    std::string operator()(nodes::note::FencingEnded const& note) const {
        return fmt::format("the shot at {} {}", peer(note.peer), note.dead ? "hit" : "failed");
    }
    std::string operator()(nodes::note::CameInService const& note) const {
        return fmt::format("{}: in service here, era {}{}", group(note.group), note.era.number,
                           note.forced ? ", by force" : "");
    }
    std::string operator()(nodes::note::PromotionRefused const& note) const {
        return fmt::format("{}: the own disk keeps it from coming in service", group(note.group));
    }
    std::string operator()(nodes::note::LeftService const& note) const {
        return fmt::format("{}: out of service here", group(note.group));
    }
    std::string operator()(nodes::note::SteppedDown const& note) const {
        return fmt::format("{}: made way for the source that was written", group(note.group));
    }
    std::string operator()(nodes::note::SplitBrain const& note) const {
        return fmt::format("{}: SPLIT BRAIN with {}: both were written on their own",
                           group(note.group), peer(note.peer));
    }
    std::string operator()(nodes::note::ResolutionDecided const& note) const {
        return fmt::format("{}: {}", group(note.group), because(note.rule));
    }
    std::string operator()(nodes::note::OrderDecided const& note) const {
        return fmt::format("{}: {}: {}", group(note.group), nodes::name_of(note.order.kind),
                           because(note.rule));
    }
    std::string operator()(nodes::note::AskedToTakeOver const& note) const {
        return fmt::format("{}: {} is asked to take over", group(note.group), peer(note.peer));
    }
    std::string operator()(nodes::note::ResourceFailoverBlocked const& note) const {
        return fmt::format("{}: would be taken over, but that is blocked", group(note.group));
    }
    std::string operator()(nodes::note::HierarchyEdited const&) const { return ""; }
    std::string operator()(nodes::note::ExtensionChanged const& note) const {
        return fmt::format("{}: is extended to other servers", group(note.group));
    }
    std::string operator()(nodes::note::Migrated const&) const { return ""; }
    std::string operator()(nodes::note::ExtensionRefused const& note) const {
        return fmt::format("{}: {}", group(note.group), because(note.rule));
    }
    std::string operator()(nodes::note::HierarchyNoted const& note) const {
        if (auto const* const all = std::get_if<nodes::hierarchy::UpOrDown>(&note.note)) {
            return fmt::format("{}: {}", group(note.group),
                               all->up ? "all that stands on it is in service here"
                                       : "not all that stands on it is in service here");
        }
        auto const& changed = std::get<nodes::hierarchy::Changed>(note.note);
        if (changed.resource.value >= setup.resources.size()) return "";
        return fmt::format("{}: {}", setup.resources[changed.resource.value].name,
                           words_of(changed.to));
    }
    std::string operator()(nodes::note::SwitchedBack const& note) const {
        return fmt::format("{}: comes back to the node of the highest priority", group(note.group));
    }
    std::string operator()(nodes::note::NobodyTakesOver const& note) const {
        return fmt::format("{}: {} does not take over", group(note.group), peer(note.peer));
    }
    std::string operator()(nodes::note::SwitchoverStarted const& note) const {
        return fmt::format("{}: is being switched over to this node", group(note.group));
    }
    std::string operator()(nodes::note::StayedInService const& note) const {
        return fmt::format("{}: stays, for {} was lost on the way", group(note.group),
                           peer(note.peer));
    }
    std::string operator()(nodes::note::SwitchoverRefused const& note) const {
        return fmt::format("{}: {}", group(note.group), because(note.rule));
    }
};

struct OfMirror {
    NodeSetup const& setup;
    MirrorSetup const& mirror_setup;

    std::string const& peer(mirror::Slot slot) const {
        return setup.members[mirror_setup.config.nodes[slot.value].value].name;
    }
    std::string chunks(std::uint64_t count) const {
        std::uint64_t const bytes = mirror_setup.config.chunk_sectors * sector_bytes;
        return fmt::format("{} ({} chunks)", to_text(ByteCount{count * bytes}), count);
    }

    std::string operator()(mirror::note::LegChanged const& note) const {
        return fmt::format("leg to {}: {}", peer(note.peer), mirror::name_of(note.to));
    }
    std::string operator()(mirror::note::ResyncDecided const& note) const {
        mirror::RuleText const text = mirror::text_of(note.decision.rule);
        return fmt::format("with {}: {} [{}]", peer(note.peer), text.words, text.name);
    }
    std::string operator()(mirror::note::ResyncStarted const& note) const {
        return fmt::format("resync of {} begins: {}", peer(note.peer), chunks(note.chunks));
    }
    std::string operator()(mirror::note::ResyncInterrupted const& note) const {
        return fmt::format("resync of {} is interrupted, {} are left", peer(note.peer),
                           chunks(note.chunks_left));
    }
    std::string operator()(mirror::note::ResyncFinished const& note) const {
        return fmt::format("resync of {} is done", peer(note.peer));
    }
    std::string operator()(mirror::note::CopyCompleted const& note) const {
        return fmt::format("this copy is up to date with {}", peer(note.source));
    }
    std::string operator()(mirror::note::DataChanged const& note) const {
        return fmt::format("this copy is {}", mirror::name_of(note.to));
    }
    std::string operator()(mirror::note::RoleChanged const& note) const {
        return fmt::format("this copy is a {}, era {}", mirror::name_of(note.to), note.era.number);
    }
    std::string operator()(mirror::note::GenerationMinted const&) const { return ""; }
    std::string operator()(mirror::note::PeerOutdated const& note) const {
        return fmt::format("{} misses what is written from now on", peer(note.peer));
    }
    std::string operator()(mirror::note::LimitReached const& note) const {
        return fmt::format("{} lags by the limit: writes wait for it", peer(note.peer));
    }
    std::string operator()(mirror::note::LimitRecovered const& note) const {
        return fmt::format("{} lags by less than the limit again", peer(note.peer));
    }
    std::string operator()(mirror::note::Settled const&) const { return ""; }
    std::string operator()(mirror::note::OverrideRecorded const&) const {
        return "an operator's word may discard what was acknowledged elsewhere";
    }
    std::string operator()(mirror::note::SplitBrainDecided const& note) const {
        return fmt::format("split brain with {}: a policy was asked", peer(note.peer));
    }
    std::string operator()(mirror::note::Conceded const& note) const {
        return fmt::format("gave up what was written here since {} parted", peer(note.winner));
    }
    std::string operator()(mirror::note::PauseChanged const& note) const {
        return fmt::format("{} is kept apart{}", peer(note.peer), note.paused ? "" : " no longer");
    }
    std::string operator()(mirror::note::WrittenApart const&) const {
        return "a host wrote to this copy while it is kept apart";
    }
    std::string operator()(mirror::note::IntentLogEdited const& note) const {
        bool const set = note.how == mirror::note::IntentLogEdited::How::all_set;
        return fmt::format("an operator {} the intent log towards {}", set ? "filled" : "cleared",
                           peer(note.peer));
    }
    std::string operator()(mirror::note::AsynchronousEnabled const& note) const {
        return fmt::format("{} writes may be outstanding", note.limit);
    }
    std::string operator()(mirror::note::CopyRests const& note) const {
        return fmt::format(
            "this copy rests, as its disk refuses what it is sent: it tries again in {}",
            to_text(note.until_it_tries));
    }
    std::string operator()(mirror::note::DiskFailed const& note) const {
        static constexpr char const* names[] = {"a read", "a write", "a flush",
                                                "storing what has to be stable"};
        return fmt::format("the own disk FAILED: {}", names[static_cast<int>(note.what)]);
    }
    std::string operator()(mirror::note::ReadFromTarget const& note) const {
        return fmt::format("{} read for us what the own disk refused", peer(note.peer));
    }
    std::string operator()(mirror::note::FallbackImageChanged const& note) const {
        using What = mirror::note::FallbackImageChanged::What;
        switch (note.what) {
            case What::kept:
                return "an image of this copy is kept, before a resync overwrites it";
            case What::lost:
                return "the image of this copy from before its resync had no room, and is GONE";
            case What::restored:
                return "this copy is what it was before its resync";
            case What::dropped:
                return "the image of this copy from before its resync is dropped";
        }
        return "";
    }
    std::string operator()(mirror::note::Erased const&) const {
        return "the mirror is extended to this node no more";
    }
    std::string operator()(mirror::note::FlagChanged const&) const { return ""; }
    std::string operator()(mirror::note::Rejected const& note) const {
        return fmt::format("{} said something impossible: {}", peer(note.peer), note.why);
    }
    std::string operator()(mirror::note::Ignored const&) const { return ""; }
};

}  // namespace

std::string in_words(nodes::Note const& note, NodeSetup const& setup) {
    return std::visit(OfNode{setup}, note);
}

std::string in_words(mirror::Note const& note, NodeSetup const& setup, std::size_t place) {
    MirrorSetup const& mirror_setup = setup.mirrors[place];
    std::string const words = std::visit(OfMirror{setup, mirror_setup}, note);
    return words.empty() ? words : fmt::format("{}: {}", mirror_setup.name, words);
}

std::string in_words(mirror::Held const& held, Duration lasted, NodeSetup const& setup,
                     std::size_t place) {
    MirrorSetup const& mirror_setup = setup.mirrors[place];
    if (held.requests == 0) {
        constexpr std::int64_t ms = 1'000'000;
        return fmt::format("{}: no requests of hosts are held any more, after {}",
                           mirror_setup.name, to_text(Duration{lasted.ns / ms * ms}));
    }
    std::string names;
    for (std::uint8_t copy = 0; copy < mirror_setup.config.copies; ++copy) {
        if ((held.awaited & mirror::bit_of(mirror::Slot{copy})) == 0) continue;
        names += names.empty() ? "" : ", ";
        names += setup.members[mirror_setup.config.nodes[copy].value].name;
    }
    return fmt::format("{}: requests of hosts are HELD, without an answer, because of {}: {} [{}]",
                       mirror_setup.name, names, held_rule.words, held_rule.name);
}

}  // namespace sunder::live
