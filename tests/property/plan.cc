// SPDX-License-Identifier: BSD-3-Clause
//
// How plans are drawn, and how often each thing happens in them.
#include "tests/property/plan.h"

#include "tests/netsim/checkers/stage.h"
#include "tests/property/playing.h"

#include <fmt/format.h>

#include <ostream>

namespace sunder::netsim::test {

Cluster cluster_of(Plan const& plan) {
    Cluster cluster = small_cluster();
    cluster.policy.guarded = plan.guarded;
    cluster.policy.bitmap_merge = plan.bitmap_merge;
    MirrorSetup& mirror = cluster.mirrors[0];
    mirror.mode = plan.asynchronous ? Mode::asynchronous : Mode::synchronous;
    mirror.asynchronous_limit = plan.limit;
    mirror.initially_in_sync = plan.born_in_sync;
    if (plan.fallback_kib != 0) mirror.fallback_image = KiB(plan.fallback_kib);
    if (plan.volumes) divide(mirror);
    if (!plan.intent_log) mirror.intent_log_chunk.reset();
    auto const limit = [](std::uint32_t mbit) {
        std::optional<Bandwidth> rate;
        if (mbit != 0) rate = Bandwidth{std::uint64_t{mbit} * 1'000'000};
        return rate;
    };
    mirror.resync_rate = {limit(plan.resync_max_mbit), limit(plan.resync_min_mbit)};
    LinkModel link;
    link.latency = microseconds(plan.latency_us);
    link.bandwidth = Bandwidth{std::uint64_t{plan.bandwidth_mbit} * 1'000'000};
    cluster.links[0].there = link;
    cluster.links[0].back = link;
    // The second disk is the odd one: targets that lag are the interesting ones.
    cluster.nodes[1].disk.jitter = microseconds(plan.disk_jitter_us);
    cluster.nodes[1].disk.bandwidth =
        Bandwidth{std::uint64_t{plan.disk_bandwidth_mbit} * 1'000'000};
    return cluster;
}

namespace {

template <class Enum>
rc::Gen<Enum> any_of(int least = 0) {
    return rc::gen::map(between<int>(least, static_cast<int>(Enum::last)),
                        [](int value) { return static_cast<Enum>(value); });
}

rc::Gen<Act> any_act() {
    using Kind = Act::Kind;
    return rc::gen::build<Act>(
        rc::gen::set(&Act::kind, rc::gen::weightedElement<Kind>({{20, Kind::work},
                                                                 {8, Kind::idle},
                                                                 {8, Kind::strike},
                                                                 {8, Kind::mend},
                                                                 {3, Kind::slow_disk},
                                                                 {5, Kind::move},
                                                                 {1, Kind::force},
                                                                 {3, Kind::resolve},
                                                                 {14, Kind::fail_over},
                                                                 {2, Kind::part},
                                                                 {22, Kind::interrupt},
                                                                 {4, Kind::pause},
                                                                 {4, Kind::resume},
                                                                 {1, Kind::take_out},
                                                                 {1, Kind::copy_anew},
                                                                 {2, Kind::fall_back}})),
        rc::gen::set(&Act::fault, any_of<Fault>()), rc::gen::set(&Act::phase, any_of<Phase>(1)),
        rc::gen::set(&Act::dice, rc::gen::noShrink(between<std::uint32_t>(0, 1U << 30))));
}

/// One name for each enumerator before `last`.
template <class Enum, std::size_t count>
std::string_view named(std::string_view const (&names)[count], Enum value) {
    static_assert(count == static_cast<std::size_t>(Enum::last));
    return names[static_cast<std::size_t>(value)];
}

}  // namespace

rc::Gen<Plan> any_plan() {
    return rc::gen::build<Plan>(
        rc::gen::set(&Plan::seed, rc::gen::noShrink(between<std::uint64_t>(1, 1ULL << 40))),
        rc::gen::set(&Plan::guarded, rc::gen::weightedElement<bool>({{7, false}, {1, true}})),
        rc::gen::set(&Plan::asynchronous, rc::gen::element(false, true)),
        rc::gen::set(&Plan::intent_log, rc::gen::weightedElement<bool>({{5, true}, {1, false}})),
        rc::gen::set(&Plan::bitmap_merge, rc::gen::weightedElement<bool>({{4, true}, {1, false}})),
        rc::gen::set(&Plan::born_in_sync, rc::gen::element(false, true)),
        rc::gen::set(&Plan::volumes, rc::gen::weightedElement<bool>({{2, false}, {1, true}})),
        rc::gen::set(&Plan::fallback_kib, rc::gen::element<std::uint32_t>(0, 1024, 256)),
        rc::gen::set(&Plan::limit, rc::gen::element<std::uint32_t>(16, 1, 4, 256)),
        rc::gen::set(&Plan::latency_us, rc::gen::element<std::uint32_t>(200, 50, 2000)),
        rc::gen::set(&Plan::bandwidth_mbit, rc::gen::element<std::uint32_t>(1000, 100, 40)),
        rc::gen::set(&Plan::disk_jitter_us, rc::gen::element<std::uint32_t>(50, 0, 2000)),
        rc::gen::set(&Plan::disk_bandwidth_mbit, rc::gen::element<std::uint32_t>(4000, 400)),
        rc::gen::set(&Plan::resync_max_mbit,
                     rc::gen::weightedElement<std::uint32_t>({{5, 0}, {1, 32}, {1, 200}})),
        rc::gen::set(&Plan::resync_min_mbit,
                     rc::gen::weightedElement<std::uint32_t>({{5, 0}, {1, 8}, {1, 32}})),
        rc::gen::set(&Plan::acts,
                     rc::gen::resize(24, rc::gen::container<std::vector<Act>>(any_act()))));
}

std::string_view name_of(Phase phase) {
    static constexpr std::string_view names[] = {"none",
                                                 "preparing",
                                                 "ResyncBegin on its way",
                                                 "target preparing",
                                                 "ResyncReady on its way",
                                                 "resyncing",
                                                 "finishing",
                                                 "Finish on its way",
                                                 "target finishing",
                                                 "FinishReply on its way"};
    return named(names, phase);
}

std::string_view name_of(Fault fault) {
    static constexpr std::string_view names[] = {"reset",
                                                 "crash of the source",
                                                 "crash of the target",
                                                 "power cut of the source",
                                                 "power cut of the target",
                                                 "cut",
                                                 "one-way cut",
                                                 "pause of the source",
                                                 "pause of the target"};
    return named(names, fault);
}

std::string_view name_of(Act::Kind kind) {
    static constexpr std::string_view names[] = {"work",      "idle",     "strike",    "mend",
                                                 "slow disk", "move",     "force",     "resolve",
                                                 "fail over", "part",     "interrupt", "pause",
                                                 "resume",    "take out", "copy anew", "fall back"};
    return named(names, kind);
}

void showValue(Plan const& plan, std::ostream& out) {
    out << fmt::format(
        "seed {}, {}, {}, {}, bitmap_merge {}, born in sync {}, volumes {}, image {} KiB, limit "
        "{}, latency {} "
        "us, {} "
        "Mbit/s, "
        "second disk {} us jitter and {} Mbit/s, resync at most {} and at least {} Mbit/s:\n",
        plan.seed, plan.guarded ? "guarded" : "faithful",
        plan.asynchronous ? "asynchronous" : "synchronous",
        plan.intent_log ? "intent log" : "no intent log", plan.bitmap_merge, plan.born_in_sync,
        plan.volumes, plan.fallback_kib, plan.limit, plan.latency_us, plan.bandwidth_mbit,
        plan.disk_jitter_us, plan.disk_bandwidth_mbit, plan.resync_max_mbit, plan.resync_min_mbit);
    for (Act const& act : plan.acts) {
        out << "  " << name_of(act.kind);
        bool const strikes = act.kind == Act::Kind::strike || act.kind == Act::Kind::interrupt ||
                             act.kind == Act::Kind::fail_over;
        if (strikes) out << ", " << name_of(act.fault);
        if (act.kind == Act::Kind::interrupt) out << " while " << name_of(act.phase);
        out << " (dice " << act.dice << ")\n";
    }
}

}  // namespace sunder::netsim::test
