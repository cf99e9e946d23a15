// SPDX-License-Identifier: BSD-3-Clause
//
// What a flush has to cover, on which disks, and which failures are remembered.
#include "netsim/checkers/flush_makes_durable.h"

#include "netsim/volumes.h"

#include <fmt/format.h>
#include <algorithm>

namespace sunder::netsim {

using replication::HostOp;

std::optional<Duration>& FlushMakesDurable::failure(View const& view, GroupId group, NodeId node) {
    if (failures_.empty()) failures_.resize(view.chronicle.groups() * replication::max_copies);
    Slot const slot = view.chronicle.slot(group, node);
    return failures_[group.value * replication::max_copies + slot.value];
}

void FlushMakesDurable::on(View& view, seen::HostAsked const& asked) {
    if (asked.op != HostOp::flush || !asked.accepted) return;
    Flush flush;
    flush.request = asked.request;
    flush.node = asked.node;
    auto const& on = view.mirror(asked.group).on;
    for (std::size_t s = 0; s < on.size(); ++s) {
        flush.written[s] = view.world.copy(on[s], asked.group)->disk->written();
    }
    flushes_.push_back(flush);
}

void FlushMakesDurable::on(View& view, seen::HostAnswered const& answered) {
    auto const asked = std::ranges::find(flushes_, answered.request, &Flush::request);
    std::optional<Flush> flush;
    if (asked != flushes_.end()) {
        flush = *asked;
        flushes_.erase(asked);
    }
    Request const* request = view.ledger.answered();
    bool const promised = request != nullptr && request->state == Request::State::acknowledged &&
                          (flush || (request->fua && request->changes()));
    if (promised) check_copies(view, *request, flush ? &*flush : nullptr);
}

void FlushMakesDurable::check_copies(View& view, Request const& request, Flush const* flush) {
    MirrorSetup const& mirror = view.mirror(request.group);
    auto const failed = failure(view, request.group, request.node);
    if (failed && request.asked > *failed) {
        view.violated(
            text, request.group,
            fmt::format("{} says that it is durable, but a flush of {} failed at {}, and nobody "
                        "knows what that one left behind",
                        describe(view.world, request), view.name(request.node), to_text(*failed)));
    }
    Chronicle::Group const& group = view.chronicle.group(request.group);
    Slot const self = view.chronicle.slot(request.group, request.node);
    for (std::uint8_t s = 0; s < mirror.on.size(); ++s) {
        bool const own = mirror.on[s] == request.node;
        bool const target =
            !group.is_asynchronous(self, Slot{s}) && (request.in_sync >> s & 1) != 0;
        if (!own && !target) continue;
        CopySim const& copy = *view.world.copy(mirror.on[s], request.group);
        if (copy.kept_by != copy.slot) continue;  // FLT-12: what it held is in another node now
        copy.disk->for_each_unflushed([&](std::uint64_t number, Extent range) {
            bool const covered =
                flush != nullptr ? number <= flush->written[s] : range.overlaps(request.range);
            if (!covered) return;
            view.violated(
                text, request.group,
                fmt::format("{}, but a power cut of {} could still take back what it wrote to "
                            "{}",
                            describe(view.world, request), view.name(mirror.on[s]),
                            sectors_in_words(mirror, range)));
        });
    }
}

void FlushMakesDurable::on(View&, seen::NodeDied const& died) {
    std::erase_if(flushes_, [&](Flush const& flush) { return flush.node == died.node; });
}

void FlushMakesDurable::on(View& view, seen::NodeStarted const& started) {
    for (CopySim const& copy : view.world.node(started.node).copies) {
        failure(view, GroupId{copy.group}, started.node).reset();
    }
}

/// A target that cannot flush gives up its leg, and with it the claim to hold anything.
void FlushMakesDurable::on(View& view, From from, replication::note::DiskFailed const& failed) {
    bool const flush = failed.what == replication::note::DiskFailed::What::flush;
    if (!flush || !view.chronicle.copy(from.group, from.node).serving) return;
    std::optional<Duration>& first = failure(view, from.group, from.node);
    if (!first) first = view.now();
}

void FlushMakesDurable::on(View& view, From from, replication::note::CopyCompleted const&) {
    failure(view, from.group, from.node).reset();
}

}  // namespace sunder::netsim
