// SPDX-License-Identifier: BSD-3-Clause
//
// The list of all checkers, and how an observation gets to those that want it: by overload, at
// compile time, so that a checker costs nothing where it does not look.
#include "netsim/checkers/all.h"

#include "netsim/checkers/asynchronous_prefix.h"
#include "netsim/checkers/boots_with_what_was_stable.h"
#include "netsim/checkers/both_back_in_service.h"
#include "netsim/checkers/capacity_adds_up.h"
#include "netsim/checkers/corruption_does_not_spread.h"
#include "netsim/checkers/dependent_writes_in_order.h"
#include "netsim/checkers/earlier_eras_refused.h"
#include "netsim/checkers/equal_label_equal_data.h"
#include "netsim/checkers/errors_are_not_data.h"
#include "netsim/checkers/every_loss_attributed.h"
#include "netsim/checkers/every_request_ends.h"
#include "netsim/checkers/failover_completes.h"
#include "netsim/checkers/flush_makes_durable.h"
#include "netsim/checkers/flushed_writes_survive.h"
#include "netsim/checkers/hierarchy_in_order.h"
#include "netsim/checkers/independent_after_normalising.h"
#include "netsim/checkers/intent_log_superset.h"
#include "netsim/checkers/linearizability.h"
#include "netsim/checkers/loser_rejoins.h"
#include "netsim/checkers/mirror_equality.h"
#include "netsim/checkers/no_chunk_owned_twice_or_leaked.h"
#include "netsim/checkers/no_later_copy_overwritten.h"
#include "netsim/checkers/no_lost_acknowledged_write.h"
#include "netsim/checkers/no_promotion_of_inconsistent_copy.h"
#include "netsim/checkers/no_service_without_quorum.h"
#include "netsim/checkers/no_silent_split_brain.h"
#include "netsim/checkers/nothing_outside_the_mirror.h"
#include "netsim/checkers/point_in_time.h"
#include "netsim/checkers/resumed_mirrors.h"
#include "netsim/checkers/resync_completes.h"
#include "netsim/checkers/resync_convergence.h"
#include "netsim/checkers/resync_copies_the_union.h"
#include "netsim/checkers/resync_keeps_progress.h"
#include "netsim/checkers/takeover_permitted.h"
#include "netsim/checkers/targets_for_ever_never_serve.h"
#include "netsim/checkers/zeroes_on_every_copy.h"

#include <algorithm>
#include <array>
#include <functional>
#include <tuple>

namespace sunder::netsim {

namespace {

/// In the order in which they are shown things: losses are counted before they are attributed, and
/// what should be there is looked at before it is settled what is.
template <template <class...> class List>
using EachOf =
    List<DependentWritesInOrder, NoLostAcknowledgedWrite, AsynchronousPrefix, IntentLogSuperset,
         NoPromotionOfInconsistentCopy, NoSilentSplitBrain, MirrorEquality, ResyncConvergence,
         ResyncCopiesTheUnion, EveryLossAttributed, ResyncCompletes, FailoverCompletes,
         BothBackInService, Linearizability, FlushMakesDurable, ErrorsAreNotData, ZeroesOnEveryCopy,
         NoLaterCopyOverwritten, EqualLabelEqualData, BootsWithWhatWasStable, EveryRequestEnds,
         TakeoverPermitted, HierarchyInOrder, NoServiceWithoutQuorum, ResyncKeepsProgress,
         LoserRejoins, ResumedMirrors, EarlierErasRefused, NothingOutsideTheMirror, PointInTime,
         FlushedWritesSurvive, IndependentAfterNormalising, CapacityAddsUp,
         NoChunkOwnedTwiceOrLeaked, TargetsForEverNeverServe, CorruptionDoesNotSpread>;

template <class... Checker>
constexpr auto texts_of(std::tuple<Checker...> const*) {
    return std::array{Checker::text...};
}

constexpr auto all_texts = texts_of(static_cast<EachOf<std::tuple> const*>(nullptr));

template <class Checker, class... What>
concept Wants =
    requires(Checker& checker, View& view, What const&... what) { checker.on(view, what...); };

template <class Checker, class... What>
void show_one(Checker& checker, View& view, What const&... what) {
    if constexpr (Wants<Checker, What...>) checker.on(view, what...);
}

/// Shows an observation to those checkers that have an overload for it.
template <class... Checker, class What>
void show(std::tuple<Checker...>& checkers, View& view, What const& what) {
    (show_one(std::get<Checker>(checkers), view, what), ...);
}
/// Shows a note, with who made it.
template <class... Checker, class Who, class Note>
void show(std::tuple<Checker...>& checkers, View& view, Who const& who, Note const& note) {
    (show_one(std::get<Checker>(checkers), view, who, note), ...);
}

}  // namespace

struct Checkers::All {
    explicit All(World const& world)
        : chronicle(world), ledger(world), doubts(world), arrays(world) {}

    Chronicle chronicle;
    Ledger ledger;
    Injuries injuries;
    Doubts doubts;
    ArrayBook arrays;
    EachOf<std::tuple> checkers;

    [[nodiscard]] View view(World const& world, Findings& findings) {
        return View{world, findings, chronicle, ledger, injuries, doubts, arrays};
    }

    struct See {
        All& all;
        World const& world;
        View& view;

        void operator()(seen::HostAsked const& asked) const {
            auto const is_false = [&](std::uint64_t sector, Content held) {
                return all.injuries.on_disk({asked.group, asked.node, sector}, held) != nullptr;
            };
            all.ledger.see(world, asked, std::cref(is_false));
            show(all.checkers, view, asked);
        }
        void operator()(seen::HostAnswered const& answered) const {
            all.ledger.see(world, answered,
                           all.chronicle.in_sync_targets(answered.group, answered.node));
            show(all.checkers, view, answered);
            Request const* request = all.ledger.answered();
            bool const acknowledged = request != nullptr && request->changes() &&
                                      request->state == Request::State::acknowledged;
            if (acknowledged) all.chronicle.acknowledged(world, answered.group, answered.node);
        }
        void operator()(seen::NodeDied const& died) const {
            all.ledger.see(world, died);
            show(all.checkers, view, died);
        }
        void operator()(seen::MirrorNoted const& noted) const {
            From const from{noted.node, noted.group};
            std::visit([&](auto const& note) { show(all.checkers, view, from, note); }, noted.note);
        }
        void operator()(seen::NodeNoted const& noted) const {
            NodeId const node = noted.node;
            std::visit([&](auto const& note) { show(all.checkers, view, node, note); }, noted.note);
        }
        void operator()(seen::ArrayNoted const& noted) const {
            // What a power cut left is held against what was known before.
            bool const returns = std::holds_alternative<array_note::PoweredOn>(noted.note->what);
            if (returns) show(all.checkers, view, noted);
            all.arrays.see(world, noted);
            if (!returns) show(all.checkers, view, noted);
        }
        void operator()(auto const& other) const { show(all.checkers, view, other); }
    };
};

Checkers::Checkers(World& world) : all_(std::make_unique<All>(world)) {
    world.watching.disk_writes = true;
    world.watching.rare_records = true;
    auto const& mirrors = world.cluster().mirrors;
    world.watching.records =
        world.watching.records || std::ranges::any_of(mirrors, [](MirrorSetup const& mirror) {
            return mirror.has_asynchronous_pairs();
        });
}
Checkers::~Checkers() = default;
Checkers::Checkers(Checkers const& other) : all_(std::make_unique<All>(*other.all_)) {}
Checkers& Checkers::operator=(Checkers const& other) {
    if (this != &other) *all_ = *other.all_;
    return *this;
}

void Checkers::see(World const& world, Observation const& observation, Findings& findings) {
    all_->injuries.see(world, observation);
    View view = all_->view(world, findings);
    std::visit(All::See{*all_, world, view}, observation);
    all_->chronicle.see(world, observation);
    all_->doubts.see(world, all_->chronicle, observation);
}

std::optional<Duration> Checkers::deadline() const {
    std::optional<Duration> first;
    auto const one = [&](auto const& checker) {
        if constexpr (requires { checker.deadline(); }) {
            std::optional<Duration> const mine = checker.deadline();
            if (mine) first = first ? std::min(*first, *mine) : *mine;
        }
    };
    std::apply([&](auto const&... checker) { (one(checker), ...); }, all_->checkers);
    return first;
}

void Checkers::passed(World const& world, Findings& findings) {
    View view = all_->view(world, findings);
    auto const one = [&]<class Checker>(Checker& checker) {
        if constexpr (requires { checker.passed(view); }) checker.passed(view);
    };
    std::apply([&](auto&... checker) { (one(checker), ...); }, all_->checkers);
}

void Checkers::finish(World const& world, Findings& findings) {
    View view = all_->view(world, findings);
    auto const one = [&]<class Checker>(Checker& checker) {
        if constexpr (requires { checker.finish(view); }) checker.finish(view);
    };
    std::apply([&](auto&... checker) { (one(checker), ...); }, all_->checkers);
}

std::uint64_t Checkers::writes_lost(GroupId group) const {
    return all_->ledger.losses(group).writes;
}

std::span<CheckerText const> Checkers::texts() { return all_texts; }

}  // namespace sunder::netsim
