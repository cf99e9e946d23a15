// SPDX-License-Identifier: BSD-3-Clause
//
// How one act of each kind is drawn: who or what it befalls, when, and how. What a run is made of
// these is drawn elsewhere (drawing.h). Pure: chance is a stream that is handed in.
#pragma once

#include "base/random.h"
#include "scenarios/campaign/drawing.h"
#include "scenarios/language/scenario.h"

#include <cstdint>

namespace sunder::campaign {

/// Where acts are drawn for, and where they go.
class Site {
public:
    /// Requires that all three outlive it.
    Site(language::Scenario const& base, Recipe& recipe, RandomStream& dice)
        : base_(base), recipe_(recipe), dice_(dice) {}

    /// An act of this kind, or the few that belong to it; none where the cluster has no place for
    /// it.
    void draw(Kind kind) const;
    void draw_writes() const;
    /// Something is mended, whether it is broken or not.
    void draw_repair() const;

    /// From 10 us to 100 s, every order of magnitude alike: what passes in a millisecond is met as
    /// well as what takes all timeouts.
    [[nodiscard]] Duration pause() const;
    [[nodiscard]] Duration instant() const;

private:
    /// What hosts ask for, and what falsifies or refuses a part of a disk, comes in these.
    static constexpr std::uint64_t block = 8;

    struct Row;
    struct Table;
    friend std::string_view name_of(Kind);
    friend bool befalls(Kind);

    [[nodiscard]] netsim::Cluster const& cluster() const { return base_.cluster; }
    [[nodiscard]] std::uint64_t below(std::uint64_t n) const { return dice_.below(n); }
    void put(Duration after, language::Action action) const {
        recipe_.acts.push_back({after, std::move(action)});
    }
    [[nodiscard]] NodeId server() const;
    [[nodiscard]] std::uint16_t mirror() const;
    [[nodiscard]] NodeId copy_of(std::uint16_t mirror) const;

    /// What all faults are drawn with, and what all operators' words are.
    struct Fault {
        std::uint16_t mirror;
        Duration after;
    };
    [[nodiscard]] Fault fault() const;
    struct Word {
        std::uint16_t mirror;
        NodeId node;
        Duration after;
    };
    [[nodiscard]] Word word() const;
    /// And what else goes wrong with disks: a part of one, and how often.
    struct Injury {
        NodeId node;
        language::step::DiskPart part;
        std::uint32_t count;
    };
    [[nodiscard]] Injury injury() const;

    void crash() const;
    void power_cut() const;
    void freeze() const;
    void reset(bool half_open) const;
    void damage() const;
    void panic() const;
    void partial_cut() const;
    void exchanged_disks() const;
    void ask_all(Duration after, std::uint16_t mirror, replication::HostOp op, Extent range) const;
    void ask_each(Duration after, std::uint16_t mirror, replication::HostOp op) const;
    void order_all(Duration after, std::uint16_t mirror, nodes::Order const& order) const;
    [[nodiscard]] Extent some_part(std::uint16_t mirror) const;
    [[nodiscard]] std::uint64_t start_of_a_block(Extent part) const;
    [[nodiscard]] Extent some_block(std::uint16_t mirror) const;
    void last_words() const;
    void overwrites() const;
    void written_apart() const;
    void leaves_and_joins() const;
    void falls_back() const;
    void unfenced() const;
    void half_rejoined() const;
    void forced_behind_a_cut() const;
    [[nodiscard]] language::Action some_order(std::uint16_t mirror, NodeId node) const;
    void two_operators() const;
    void slow_disk() const;
    void failing_disk() const;
    void missing_shot() const;
    void degrade(netsim::Degradation const& how) const;
    void lossy_link() const;
    void jittery_link() const;
    void slow_link() const;
    void cut(bool one_way) const;
    void isolate() const;
    void flap() const;
    void twice() const;
    void switch_over() const;
    void force() const;
    void keep_apart() const;
    void take_out() const;
    void requests(replication::HostOp op, bool fua) const;
    void hung_disk() const;
    void medium_error() const;
    void full_disk() const;
    void skewed_clock() const;
    void stepped_clock() const;
    void lie() const;
    void rollback() const;
    void full_memory() const;
    void blank_disks() const;
    void switch_cut() const;
    void edit_log() const;
    void fall_back() const;
    void extension() const;
    void moved_disk() const;
    void silence(Duration after, NodeId node) const;
    void confirmation() const;
    void failing_resource() const;
    [[nodiscard]] nodes::HierarchyEdit some_edit(ResourceId about) const;
    void changed_hierarchy() const;
    void made_anew() const;

    language::Scenario const& base_;
    Recipe& recipe_;
    RandomStream& dice_;
};

/// It happens in a run; what does not is what the run is played on.
[[nodiscard]] bool befalls(Kind kind);

/// It stands for a disk that two servers share, and is no server itself.
[[nodiscard]] bool is_shared(language::Scenario const& scenario, NodeId node);

}  // namespace sunder::campaign
