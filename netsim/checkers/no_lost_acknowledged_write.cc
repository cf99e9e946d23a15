// SPDX-License-Identifier: BSD-3-Clause
//
// Where a loss is looked for, and which losses are allowed.
#include "netsim/checkers/no_lost_acknowledged_write.h"

#include "netsim/volumes.h"

#include <fmt/format.h>
#include <algorithm>
#include <functional>
#include <map>
#include <string_view>

namespace sunder::netsim {

namespace {

constexpr char const* split_brain = "split brain under a faithful policy";
constexpr char const* operators_word = "operator override";
constexpr char const* replaced_by_blank = "every disk that held it was replaced";
constexpr char const* unflushed_or_blank =
    "every disk that held it was replaced, or lost it with its power, unflushed";
constexpr char const* policy_did = "split brain resolved by policy";

}  // namespace

/// What a node serves, or begins to.
struct NoLostAcknowledgedWrite::Loss {
    NodeId node;
    GroupId group;
    bool forced = false;
    bool owner = false;
    Parting parting{};
    bool settled = false;  ///< no other copy can turn out to be the later one
    std::string occasion;

    /// The name under which losing `owed` here is allowed; null when it is not.
    [[nodiscard]] char const* excuse(View const& view, Request const* owed) const {
        bool const faithful = !view.world.cluster().policy.guarded;
        if (forced) return operators_word;
        if (char const* name = parted(view, owed)) return name;
        Chronicle const& chronicle = view.chronicle;
        Chronicle::Group const& known = chronicle.group(group);
        Slot const here = chronicle.slot(group, node);
        if (owner && (owed == nullptr || owed->node == node)) {
            std::optional<Duration> const& cut = known.copies[here.value].cache_lost;
            bool const kept =
                owed != nullptr && (view.ledger.was_durable(*owed, node) || cut < owed->answered);
            bool const lost_cache = cut && !kept;
            return lost_cache ? "unflushed writes lost with the source's own cache" : nullptr;
        }
        bool left_behind = false;
        bool knew = false;
        for (std::uint8_t p = 0; p < known.members.size(); ++p) {
            // Another's word that this copy is outdated may be about other writes.
            bool const holds =
                owed == nullptr || known.members[p] == owed->node || (owed->in_sync >> p & 1) != 0;
            if (!holds) continue;
            if (known.copies[p].pairs[here.value].by_word) return operators_word;
            left_behind = left_behind || known.copies[p].pairs[here.value].lonely;
            knew = knew || chronicle.knew_outdated(view.world, group, Slot{p}, here);
        }
        bool const synchronous = owed != nullptr && (owed->in_sync >> here.value & 1) != 0;
        if (left_behind && !knew && faithful && !synchronous) {
            return "acknowledged without the target (faithful policy)";
        }
        if (owed == nullptr) return nullptr;
        Slot const there = chronicle.slot(group, owed->node);
        bool const handed_over = known.copies[there.value].pairs[here.value].handed_over;
        // What it lacks had not come from the source whose target it was (R54).
        Slot const source = known.copies[here.value].watched.value_or(there);
        bool const tail = known.is_asynchronous(source, here) && !handed_over;
        bool const needless = !faithful && is_at_hand(view, *owed, there, here);
        return tail && !needless ? "asynchronous tail" : nullptr;
    }

    /// The name of the split brain that explains it; null when none does.
    [[nodiscard]] char const* parted(View const& view, Request const* owed) const {
        bool const faithful = !view.world.cluster().policy.guarded;
        // Of guarded nodes one goes on alone after an operator's word, or nobody does.
        bool const later = owed != nullptr && owed->answered > parting.until;
        if (!faithful && later && view.chronicle.serving(group) < 2) return nullptr;
        switch (parting.split) {
            case Split::none:
                return nullptr;
            case Split::by_itself:
                return faithful ? split_brain : nullptr;
            case Split::by_force:
                return operators_word;
            case Split::by_policy:
                return policy_did;
        }
        return nullptr;
    }

    /// A copy for which the write waited is in sync, as far as it knows, and can be asked.
    [[nodiscard]] bool is_at_hand(View const& view, Request const& owed, Slot source,
                                  Slot here) const {
        Chronicle::Group const& known = view.chronicle.group(group);
        for (std::uint8_t p = 0; p < known.members.size(); ++p) {
            Chronicle::Copy const& copy = known.copies[p];
            bool const has = (owed.in_sync >> p & 1) != 0 && copy.watched == source && !copy.torn &&
                             !known.is_asynchronous(source, Slot{p});
            if (p != here.value && has &&
                view.chronicle.have_talked(view.world, node, known.members[p]))
                return true;
        }
        return false;
    }

    [[nodiscard]] std::string story(View const& view, Mismatch const& lost) const {
        std::string const found = describe_found(view.world, view.ledger, group, lost.found);
        std::string const where = fmt::format(
            "{} of {}", sectors_in_words(view.mirror(group), lost.where), view.mirror(group).name);
        if (lost.owed == nullptr) {
            return fmt::format(
                "{} {} and holds {} in {}, which held something else before and was "
                "not written since",
                view.name(node), occasion, found, where);
        }
        Slot const here = view.chronicle.slot(group, node);
        bool const had = (lost.owed->in_sync >> here.value & 1) != 0;
        std::string const why =
            lost.owed->node == node ? "it was acknowledged on this very node"
            : had
                ? fmt::format("it was acknowledged while {} mirrored in sync, so {} had to have it",
                              view.name(node), view.name(node))
                : "it was acknowledged without this node, which therefore must not serve";
        return fmt::format("{} {} without {}: it holds {} in {}; {}", view.name(node), occasion,
                           describe(view.world, *lost.owed), found, where, why);
    }
};

void NoLostAcknowledgedWrite::on(View& view, seen::RolledBack const& back) {
    if (back.what != seen::RolledBack::What::blank) return;
    replaced_.resize(view.chronicle.groups());
    for (CopySim const& copy : view.world.node(back.node).copies)
        replaced_[copy.group][copy.slot.value] = view.now();
}

char const* NoLostAcknowledgedWrite::gone_from_all(View const& view, GroupId group, NodeId here,
                                                   Request const& owed) const {
    if (group.value >= replaced_.size()) return nullptr;
    Chronicle::Group const& known = view.chronicle.group(group);
    bool any_replaced = false;
    bool any_unflushed = false;
    for (std::uint8_t p = 0; p < known.members.size(); ++p) {
        // A blank copy that serves has lost it itself, and must not.
        bool const replaced = known.members[p] != here && replaced_[group.value][p] > owed.answered;
        any_replaced = any_replaced || replaced;
        bool const had = known.members[p] == owed.node || (owed.in_sync >> p & 1) != 0;
        if (!had) continue;
        std::optional<Duration> const& cut = known.copies[p].cache_lost;
        bool const unflushed =
            cut && *cut >= owed.answered && !view.ledger.was_durable(owed, known.members[p]);
        if (!replaced && !unflushed) return nullptr;
        any_unflushed = any_unflushed || !replaced;
    }
    if (!any_replaced) return nullptr;
    return any_unflushed ? unflushed_or_blank : replaced_by_blank;
}

/// Compares the whole copy. Each lost write counts once, however many units it covered.
void NoLostAcknowledgedWrite::verify(View& view, Loss const& loss) {
    counted_.clear();
    std::uint64_t anonymous = 0;
    std::vector<Extent> where;
    // A split brain loses thousands by the same excuse.
    std::map<std::string_view, std::uint64_t> excused;
    auto const judge = [&](Mismatch const& lost) {
        std::uint64_t const id = lost.owed != nullptr ? lost.owed->id.value : 0;
        where.push_back(lost.where);
        if (id != 0 && !counted_.insert(id).second) return;
        char const* excuse = loss.excuse(view, lost.owed);
        if (excuse == nullptr && lost.owed != nullptr) {
            excuse = gone_from_all(view, loss.group, loss.node, *lost.owed);
        }
        if (excuse != nullptr) {
            if (id == 0) ++anonymous;
            ++excused[excuse];
            return;
        }
        view.violated(text, loss.group, loss.story(view, lost));
    };
    view.ledger.resolve(loss.group, view.image(loss.node, loss.group), loss.node, view.now(),
                        !loss.settled, judge, [&](std::uint64_t sector, Content found) {
                            return view.injured(text.name, {loss.group, loss.node, sector}, found);
                        });
    for (auto const& [excuse, count] : excused)
        view.findings.allowed(text.name, std::string(excuse), count);
    view.ledger.lost(loss.group, {loss.node, view.now(), loss.forced, counted_.size() + anonymous,
                                  std::move(where)});
}

NoLostAcknowledgedWrite::Parting& NoLostAcknowledgedWrite::parting_of(View const& view,
                                                                      GroupId group) {
    partings_.resize(view.chronicle.groups());
    return partings_[group.value];
}

void NoLostAcknowledgedWrite::on(View& view, NodeId node, nodes::note::CameInService const& came) {
    Parting& parting = parting_of(view, came.group);
    if (came.forced) {
        parting.forced = true;
        parting.until = view.now();
    }
    bool const another = view.chronicle.another_serves(came.group, node);
    if (another && parting.split == Split::none) {
        bool const misled = view.chronicle.is_misled(came.group, node);
        parting.split = came.forced || misled ? Split::by_force : Split::by_itself;
    }
    Loss loss;
    loss.node = node;
    loss.group = came.group;
    loss.forced = came.forced || view.chronicle.copy(came.group, node).begun_anew;
    loss.owner = view.chronicle.copy(came.group, node).owner;
    loss.parting = parting;
    loss.occasion = fmt::format("came in service at {}", to_text(view.now()));
    verify(view, loss);
}

/// A target came in sync: there is one truth again, unless a third copy has not been heard yet.
void NoLostAcknowledgedWrite::joined(View& view, GroupId group, Slot source, Slot target) {
    Parting& parting = parting_of(view, group);
    Chronicle::Group const& known = view.chronicle.group(group);
    if (!known.copies[source.value].serving || view.chronicle.serving(group) != 1) return;
    LegState const leg = known.copies[source.value].pairs[target.value].leg;
    if (leg == LegState::disconnected || leg == LegState::paused)
        return;  // the source has given it up meanwhile
    Loss loss;
    loss.node = known.members[source.value];
    loss.group = group;
    loss.parting = parting;
    loss.settled = true;
    for (std::uint8_t p = 0; p < known.members.size(); ++p) {
        bool const follows = known.copies[source.value].pairs[p].leg == LegState::mirroring ||
                             !known.copies[p].extended;
        loss.settled = loss.settled && (p == source.value || p == target.value || follows);
    }
    loss.occasion = "served";
    verify(view, loss);
    if (loss.settled) parting = {};
}

void NoLostAcknowledgedWrite::on(View& view, From from,
                                 replication::note::CopyCompleted const& completed) {
    joined(view, from.group, completed.source, view.chronicle.slot(from.group, from.node));
}

void NoLostAcknowledgedWrite::on(View& view, From from,
                                 replication::note::LegChanged const& changed) {
    bool const begins = changed.direction == replication::Direction::inward &&
                        changed.from == LegState::handshaking && changed.to == LegState::mirroring;
    if (!begins) return;
    joined(view, from.group, changed.peer, view.chronicle.slot(from.group, from.node));
}

namespace {

/// Each has what the other never had.
bool have_parted(View const& view, GroupId group, Slot a, Slot b) {
    auto const& copies = view.chronicle.group(group).copies;
    Chronicle::Pair const& one = copies[a.value].pairs[b.value];
    Chronicle::Pair const& other = copies[b.value].pairs[a.value];
    return one.lonely && other.lonely;
}

}  // namespace

/// What the loser of a split brain acknowledged may be lost from here on, by name. A policy that
/// decides where there was no split brain, and nobody forced anything, excuses nothing.
void NoLostAcknowledgedWrite::on(View& view, From from,
                                 replication::note::Conceded const& conceded) {
    Parting& parting = parting_of(view, from.group);
    bool const policy = conceded.by == replication::note::Conceded::By::policy;
    Slot const self = view.chronicle.slot(from.group, from.node);
    bool const parted = parting.forced || have_parted(view, from.group, self, conceded.winner);
    if (policy && !parted) return;
    parting.until = view.now();
    parting.split = policy ? Split::by_policy : Split::by_force;
}

void NoLostAcknowledgedWrite::on(View& view, seen::HostAnswered const& answered) {
    Request const* request = view.ledger.answered();
    bool const done = request != nullptr && request->state == Request::State::acknowledged;
    if (!done) return;
    Parting& parting = parting_of(view, answered.group);
    if (view.chronicle.serving(answered.group) > 1) parting.until = view.now();
    if (request->op != replication::HostOp::read) return;
    auto const judge = [&](Mismatch const& lost) {
        if (view.misread(text.name, {answered.group, answered.node, lost.where.first}, lost.found))
            return;
        Loss loss;
        loss.node = answered.node;
        loss.group = answered.group;
        loss.parting = parting;
        loss.occasion =
            fmt::format("answered read {} at {}", request->id.value, to_text(view.now()));
        // What it lacked when it came in service was excused or not then; what it lost since is
        // not.
        if (char const* name = loss.parted(view, lost.owed)) {
            view.findings.allowed(text.name, name);
        } else {
            view.violated(text, loss.group, loss.story(view, lost));
        }
    };
    view.ledger.check_read(*request, answered.payload, std::cref(judge));
}

/// Whoever serves at the end still holds everything.
void NoLostAcknowledgedWrite::finish(View& view) {
    for (std::uint16_t g = 0; g < view.chronicle.groups(); ++g) {
        GroupId const group{g};
        if (view.chronicle.serving(group) != 1) continue;
        for (NodeId const node : view.chronicle.group(group).members) {
            if (!view.chronicle.copy(group, node).serving) continue;
            Loss loss;
            loss.node = node;
            loss.group = group;
            loss.parting = parting_of(view, group);
            loss.occasion = "served when the run ended";
            verify(view, loss);
        }
    }
}

}  // namespace sunder::netsim
