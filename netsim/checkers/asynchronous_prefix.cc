// SPDX-License-Identifier: BSD-3-Clause
//
// The model of each asynchronous target, and the search for the prefix.
#include "netsim/checkers/asynchronous_prefix.h"

#include "netsim/volumes.h"

#include <fmt/format.h>

namespace sunder::netsim {

using replication::LegState;
using replication::RecordKind;

AsynchronousPrefix::Stream& AsynchronousPrefix::stream(View const& view, GroupId group,
                                                       Slot target) {
    if (streams_.empty()) streams_.resize(view.chronicle.groups() * replication::max_copies);
    return streams_[group.value * replication::max_copies + target.value];
}

void AsynchronousPrefix::add(Stream& stream, std::size_t capacity, Record const& record) {
    if (stream.recent.size() < capacity) {
        stream.recent.push_back(record);
        return;
    }
    Record& oldest = stream.recent[stream.oldest];
    if (stream.live) stream.model.fill(oldest.range, Content{oldest.content, 0});
    oldest = record;
    stream.oldest = (stream.oldest + 1) % capacity;
}

/// The highest that ever applied: an operator may have changed it (R13).
std::uint32_t AsynchronousPrefix::limit(View const& view, GroupId group) const {
    std::uint32_t const raised = group.value < raised_.size() ? raised_[group.value] : 0;
    return std::max(raised, view.mirror(group).asynchronous_limit);
}

void AsynchronousPrefix::on(View& view, From from,
                            replication::note::AsynchronousEnabled const& enabled) {
    raised_.resize(view.chronicle.groups());
    raised_[from.group.value] = std::max(raised_[from.group.value], enabled.limit);
}

void AsynchronousPrefix::on(View& view, seen::RecordSent const& sent) {
    bool const change = sent.kind == RecordKind::write || sent.kind == RecordKind::trim ||
                        sent.kind == RecordKind::write_zeroes;
    Chronicle::Group const& group = view.chronicle.group(sent.group);
    Slot const source = view.chronicle.slot(sent.group, sent.node);
    if (!change || group.asynchronous[source.value] == 0) return;
    // No more than the limit can be on the way, so older ones have certainly been applied.
    std::size_t const capacity = limit(view, sent.group) + 8U;
    for (std::uint8_t p = 0; p < group.members.size(); ++p) {
        Stream& to = stream(view, sent.group, Slot{p});
        Chronicle::Pair const& leg = group.copies[source.value].pairs[p];
        bool const carried = leg.leg == LegState::mirroring || leg.leg == LegState::resyncing;
        bool const behind = group.is_asynchronous(source, Slot{p});
        if (!behind || to.source != source || !carried || leg.inward) continue;
        std::size_t const newest = to.recent.size();
        if (newest != 0 && to.at(newest - 1).sequence >= sent.sequence) continue;  // another leg's
        add(to, capacity, {sent.sequence, sent.range, sent.content});
    }
}

void AsynchronousPrefix::on(View& view, seen::RecordArrived const& arrived) {
    Slot const self = view.chronicle.slot(arrived.group, arrived.node);
    Slot const source = view.chronicle.slot(arrived.group, arrived.from);
    if (!view.chronicle.group(arrived.group).is_asynchronous(source, self)) return;
    Stream& mine = stream(view, arrived.group, self);
    if (mine.source == source) mine.arrived = arrived.sequence;
}

void AsynchronousPrefix::on(View& view, From from, replication::note::LegChanged const& changed) {
    Slot const self = view.chronicle.slot(from.group, from.node);
    if (!view.chronicle.group(from.group).is_asynchronous(self, changed.peer)) return;
    if (changed.direction == replication::Direction::outward) {
        // What is sent from here on belongs to this leg; a finished resync changes nothing.
        bool const begins =
            changed.from == LegState::handshaking &&
            (changed.to == LegState::mirroring || changed.to == LegState::resyncing);
        if (!begins) return;
        Stream& to = stream(view, from.group, changed.peer);
        to.forget();
        to.source = self;
        to.live = false;
        return;
    }
    Stream& mine = stream(view, from.group, self);
    if (changed.from == LegState::handshaking && changed.to == LegState::mirroring) {
        mine.model = view.image(from.node, from.group);
        mine.live = true;
    }
}

/// From here on the copy holds what its own hosts wrote, until a resync has ended (R59).
void AsynchronousPrefix::on(View& view, From from, replication::note::WrittenApart const&) {
    stream(view, from.group, view.chronicle.slot(from.group, from.node)).live = false;
}

void AsynchronousPrefix::on(View& view, From from,
                            replication::note::CopyCompleted const& completed) {
    Slot const self = view.chronicle.slot(from.group, from.node);
    if (!view.chronicle.group(from.group).is_asynchronous(completed.source, self)) return;
    // Records from before the finish are in the copy already; applying them again changes nothing.
    Stream& mine = stream(view, from.group, self);
    mine.model = view.image(from.node, from.group);
    mine.live = true;
}

void AsynchronousPrefix::on(View& view, NodeId node, nodes::note::CameInService const& came) {
    Chronicle::Copy const& copy = view.chronicle.copy(came.group, node);
    if (came.forced || !copy.watched) return;
    Slot const self = view.chronicle.slot(came.group, node);
    if (!view.chronicle.group(came.group).is_asynchronous(*copy.watched, self)) return;
    Stream const& mine = stream(view, came.group, self);
    if (mine.live && mine.source == *copy.watched) judge(view, came.group, node, mine);
}

AsynchronousPrefix::Fit AsynchronousPrefix::fit(View const& view, From from, Stream const& stream) {
    Image const& image = view.image(from.node, from.group);
    Extent const mirrored = view.mirrored(from.group);
    std::size_t const count = stream.recent.size();
    Fit result;
    // A record that can be seen in the copy or has arrived, and all before it, belong in.
    for (std::size_t i = 0; i < count; ++i) {
        Record const& record = stream.at(i);
        bool inside = record.sequence <= stream.arrived;
        if (!inside && record.content == 0) continue;
        for (std::uint64_t s = record.range.first; s < record.range.end() && !inside; ++s) {
            inside = image.at(s).id == record.content;
        }
        if (inside) result.least = i + 1;
    }
    Image model = stream.model;
    std::size_t applied = 0;
    auto const apply = [&] {
        Record const& record = stream.at(applied++);
        model.fill(record.range, Content{record.content, 0});
    };
    auto const difference = [&](Extent within) {
        Extent first;
        Image::for_each_difference(model, image, within, [&](Extent found) {
            auto const rest = view.unexplained(from.group, found, {from.node});
            first = rest.value_or(Extent{});
            return !rest;
        });
        return first;
    };
    while (applied < result.least) apply();
    result.difference = difference(mirrored);
    result.found = result.difference.count == 0;
    while (!result.found && applied < count) {
        apply();
        result.found = difference(mirrored).count == 0;
    }
    result.missing = count - applied;
    if (result.found) {
        Image::for_each_difference(model, image, mirrored, [&](Extent explained) {
            return !view.unexplained(text.name, from.group, explained, {from.node});
        });
    }
    // Of all prefixes that fit, the longest: records may have changed nothing, or been undone.
    std::size_t const shortest = applied;
    while (result.found && applied < count) {
        apply();
        bool fits = true;
        for (std::size_t i = shortest; i < applied && fits; ++i) {
            fits = difference(stream.at(i).range).count == 0;
        }
        if (fits) result.missing = count - applied;
    }
    return result;
}

void AsynchronousPrefix::judge(View& view, GroupId group, NodeId node, Stream const& stream) {
    Image const& image = view.image(node, group);
    Fit const best = fit(view, {node, group}, stream);
    std::string const& source = view.name(view.chronicle.group(group).members[stream.source.value]);
    std::uint32_t const most = limit(view, group);
    if (best.found && best.missing <= most) return;
    if (best.found) {
        view.violated(
            text, group,
            fmt::format("{} came in service without the last {} writes that {} had sent; the "
                        "asynchronous limit is {}",
                        view.name(node), best.missing, source, most));
        return;
    }
    std::string const arrived =
        stream.arrived == 0 ? "" : fmt::format(" or arrived (up to record {})", stream.arrived);
    view.violated(
        text, group,
        fmt::format(
            "{} came in service with what {} never held: of the last {} records it must "
            "have the first {}, which are seen there{}, but {} of {} hold {}; "
            "no prefix of the writes left that",
            view.name(node), source, stream.recent.size(), best.least, arrived,
            sectors_in_words(view.mirror(group), best.difference), view.mirror(group).name,
            describe_found(view.world, view.ledger, group, image.at(best.difference.first))));
}

}  // namespace sunder::netsim
