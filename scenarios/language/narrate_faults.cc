// SPDX-License-Identifier: BSD-3-Clause
//
// What went wrong, in words. A lie of a disk is told, although nobody in the cluster hears of it.
#include "scenarios/language/narrate_faults.h"

#include "base/text.h"
#include "netsim/volumes.h"

#include <fmt/format.h>

#include <vector>

namespace sunder::language {

namespace seen = netsim::seen;

std::string FaultSentence::vertex(netsim::Vertex v) const {
    return v < cluster.nodes.size() ? cluster.nodes[v].name
                                    : cluster.switches[v - cluster.nodes.size()];
}

std::string FaultSentence::line(NodeId node, std::string const& text) const {
    return fmt::format("{:10} {}", name(node), text);
}

FaultSentence::Line FaultSentence::operator()(seen::LinkCut const& cut) const {
    bool const whole = cut.what == netsim::Severed::everything;
    return fmt::format("{:10} CUT between {} and {}{}{}", "network", vertex(cut.a), vertex(cut.b),
                       cut.one_way ? ", one way" : "",
                       whole ? "" : fmt::format(", for {} only", netsim::name_of(cut.what)));
}
FaultSentence::Line FaultSentence::operator()(seen::LinkHealed const& healed) const {
    return fmt::format("{:10} healed between {} and {}", "network", vertex(healed.a),
                       vertex(healed.b));
}
FaultSentence::Line FaultSentence::operator()(seen::LinkDegraded const& degraded) const {
    netsim::Degradation const& how = degraded.how;
    std::vector<std::string> now;
    if (how.latency) now.push_back("latency " + to_text(*how.latency));
    if (how.jitter) now.push_back("jitter " + to_text(*how.jitter));
    if (how.loss) now.push_back(to_text(*how.loss) + " lost");
    if (how.bandwidth) now.push_back(to_text(*how.bandwidth));
    return fmt::format("{:10} DEGRADED between {} and {}{}: {}", "network", vertex(degraded.a),
                       vertex(degraded.b), degraded.one_way ? ", one way" : "", join(now));
}
FaultSentence::Line FaultSentence::operator()(seen::BeatsLost const& lost) const {
    return line(lost.node,
                fmt::format("{} of {}, which lives, lost on the way",
                            lost.missed == 1 ? "a heartbeat"
                                             : fmt::format("{} heartbeats in a row", lost.missed),
                            name(lost.peer)));
}
FaultSentence::Line FaultSentence::operator()(seen::ConnectionsReset const& reset) const {
    return fmt::format("{:10} connections between {} and {} reset{}", "network", name(reset.a),
                       name(reset.b), reset.half_open ? ", the former alone knows" : "");
}
FaultSentence::Line FaultSentence::operator()(seen::WireTrapped const& trapped) const {
    return fmt::format("{:10} the next message from {} to {} will be DAMAGED: {}", "network",
                       name(trapped.from), name(trapped.to), netsim::name_of(trapped.how));
}
FaultSentence::Line FaultSentence::operator()(seen::MessageDamaged const& damaged) const {
    std::string const where =
        damaged.group ? " for " + cluster.mirrors[damaged.group->value].name : std::string();
    char const* const why = damaged.how == netsim::Damage::flipped_bit
                                ? "its checksum is wrong"
                                : "the stream ends within it";
    return line(damaged.node, fmt::format("refuses a message from {}{} and resets the connection: "
                                          "{}",
                                          name(damaged.from), where, why));
}
FaultSentence::Line FaultSentence::operator()(seen::DiskFaulted const& faulted) const {
    netsim::DiskFaults const& faults = faulted.faults;
    std::vector<std::string> failing;
    if (faults.reads) failing.emplace_back("reads");
    if (faults.writes) failing.emplace_back("writes");
    if (faults.flushes) failing.emplace_back("flushes");
    if (faults.stores) failing.emplace_back("stores");
    if (faults.hangs) return line(faulted.node, "disk HANGS");
    if (!failing.empty()) return line(faulted.node, fmt::format("disk fails {}", join(failing)));
    if (faults.slowness > 1)
        return line(faulted.node, fmt::format("disk {} times slower", faults.slowness));
    return line(faulted.node, "disk healthy");
}
FaultSentence::Line FaultSentence::operator()(seen::ResourceFaulted const& faulted) const {
    std::string const& what = cluster.resources[faulted.resource.value].name;
    std::vector<std::string> failing;
    if (faulted.faults.start) failing.emplace_back("start");
    if (faulted.faults.stop) failing.emplace_back("stop");
    if (faulted.faults.recovery) failing.emplace_back("recovery");
    if (faulted.failed) return line(faulted.at, fmt::format("{} RUNS NO MORE", what));
    if (failing.empty()) return line(faulted.at, fmt::format("{} mended", what));
    return line(faulted.at, fmt::format("{} fails to: {}", what, join(failing)));
}
FaultSentence::Line FaultSentence::operator()(seen::FencingFaulted const& faulted) const {
    return line(faulted.node,
                faulted.works ? "can be shot again" : "can no longer be shot: shots at it miss");
}

FaultSentence::Line FaultSentence::operator()(seen::DiskTrapped const& trapped) const {
    netsim::DiskTrap const& trap = trapped.trap;
    std::vector<std::string> failing;
    if (trap.reads) failing.emplace_back("reads");
    if (trap.writes) failing.emplace_back("writes");
    if (trap.flushes) failing.emplace_back("flushes");
    if (trap.stores) failing.emplace_back("stores");
    std::string const times = trap.count == 0   ? "each"
                              : trap.count == 1 ? "once"
                                                : fmt::format("{} times", trap.count);
    std::string where;
    if (trapped.group) {
        netsim::MirrorSetup const& mirror = cluster.mirrors[trapped.group->value];
        where =
            fmt::format(" of {} of {}", netsim::sectors_in_words(mirror, trap.range), mirror.name);
    }
    // What a disk will do without a word is told when it does it.
    if (trap.lie) return std::nullopt;
    return line(trapped.node, fmt::format("disk will fail {}{}, {}", join(failing), where, times));
}

FaultSentence::Line FaultSentence::operator()(seen::DiskLied const& lied) const {
    netsim::MirrorSetup const& mirror = cluster.mirrors[lied.group.value];
    std::uint64_t sectors = 0;
    for (netsim::Spoilt const& one : lied.spoilt) sectors += one.range.count;
    std::string const where =
        lied.how == netsim::DiskLie::misdirected_write
            ? fmt::format("{}, now in {}",
                          netsim::sectors_in_words(mirror, lied.spoilt.front().range),
                          netsim::sectors_in_words(mirror, lied.spoilt.back().range))
        : lied.spoilt.size() == 1 ? netsim::sectors_in_words(mirror, lied.spoilt.front().range)
                                  : fmt::format("{} sectors", sectors);
    return line(lied.node, fmt::format("disk SILENTLY WRONG: {}, {} of {}",
                                       netsim::name_of(lied.how), where, mirror.name));
}

FaultSentence::Line FaultSentence::operator()(seen::SnapshotTaken const& taken) const {
    return line(taken.node, "OPERATOR takes a snapshot of its disks");
}

FaultSentence::Line FaultSentence::operator()(seen::RolledBack const& back) const {
    if (back.what == seen::RolledBack::What::blank) {
        return line(back.node, "OPERATOR puts blank disks in the place of its own");
    }
    static constexpr char const* words[] = {"everything on its disks", "its cell and intent log",
                                            "the data on its disks"};
    return line(back.node, fmt::format("OPERATOR puts {} back as in the snapshot",
                                       words[static_cast<int>(back.what)]));
}

FaultSentence::Line FaultSentence::operator()(seen::DisksExchanged const& exchanged) const {
    return line(exchanged.one, fmt::format("OPERATOR exchanges its disks with those of {}",
                                           name(exchanged.other)));
}

FaultSentence::Line FaultSentence::operator()(seen::StartRefused const& refused) const {
    return line(refused.node,
                fmt::format("DOES NOT START: its disks are those of {}", name(refused.of)));
}

FaultSentence::Line FaultSentence::operator()(seen::MemoryPressed const& pressed) const {
    return line(pressed.node, pressed.full ? "its memory is FULL" : "it has memory again");
}

FaultSentence::Line FaultSentence::operator()(seen::ClockSkewed const& skewed) const {
    if (skewed.percent == 100) return line(skewed.node, "its clock is right again");
    return line(skewed.node, fmt::format("its timers take {} % of their time", skewed.percent));
}

FaultSentence::Line FaultSentence::operator()(seen::ClockStepped const& stepped) const {
    bool const forward = stepped.by > Duration{};
    return line(stepped.node, fmt::format("its clock STEPS {} by {}", forward ? "forward" : "back",
                                          to_text(forward ? stepped.by : Duration{} - stepped.by)));
}

}  // namespace sunder::language
