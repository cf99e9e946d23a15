// SPDX-License-Identifier: BSD-3-Clause
//
// What each blow does on the stage, how everything is made good again, and what is counted.
#include "tests/property/clusters.h"

#include "nodes/in_service.h"
#include "tests/netsim/checkers/stage.h"
#include "tests/property/playing.h"
#include "tests/support/states.h"

#include <fmt/format.h>

#include <array>

#include <optional>
#include <set>

namespace sunder::netsim::test {

namespace {

using replication::Slot;
namespace leg = replication::leg;

class Commander {
public:
    Commander(Campaign const& campaign, Toll& toll)
        : stage_(cluster_of(campaign), campaign.seed), toll_(toll), guarded_(campaign.guarded) {
        for (std::uint8_t n = 0; n < campaign.copies; ++n) nodes_.push_back(NodeId{n});
        servers_ = stage_.world().cluster().nodes[0].shared_by;
        stage_.listener = [this](Observation const& observation) { listen(observation); };
    }

    void act(Blow const& blow) {
        using Kind = Blow::Kind;
        stage_.dice = RandomStream(blow.dice, 78, 0);
        switch (blow.kind) {
            case Kind::work:
                return work(5 + static_cast<int>(draw(20)));
            case Kind::idle:
                return stage_.run_for(pause_of(900));
            case Kind::crash:
            case Kind::power_cut:
                burst(draw(6));
                return die(any_node(), blow.kind == Kind::power_cut);
            case Kind::cut:
                return cut(any_node(), any_node());
            case Kind::isolate:
                separate({any_node()});
                return stage_.run_for(pause_of(900));
            case Kind::divide: {
                std::set<NodeId> side;
                for (NodeId const node : nodes_) {
                    if (draw(2) == 0) side.insert(node);
                }
                separate(side);
                return stage_.run_for(pause_of(1500));
            }
            case Kind::reset: {
                NodeId const a = any_node();
                NodeId const b = any_node();
                if (a != b) stage_.world().reset(a, b, draw(4) == 0);
                return stage_.look();
            }
            case Kind::freeze:
                return freeze(any_node());
            case Kind::heal:
                heal();
                return stage_.run_for(pause_of(900));
            case Kind::mend:
                mend();
                return stage_.run_for(pause_of(1500));
            case Kind::slow_disk:
                return stage_.slow_disk(any_node(), draw(3) == 0 ? 40 : 1);
            case Kind::move:
                return move();
            case Kind::force:
                return force();
            case Kind::resolve:
                if (NodeId const loser = any_node(); !reports_split_.empty() && runs(loser)) {
                    stage_.resolve(loser);
                }
                return stage_.run_for(pause_of(500));
            case Kind::fail_over:
                fail_over();
                return;
            case Kind::fail_twice:
                if (!fail_over()) return;
                stage_.run_for(pause_of(60));
                if (std::optional<NodeId> const server = source()) die(*server, draw(2) == 0);
                return stage_.run_for(pause_of(900));
            case Kind::keep_apart:
                return keep_apart();
            case Kind::resume:
                return resume_all();
            case Kind::extend:
                return extend();
            case Kind::fail_resource:
                return fail_resource();
            case Kind::last:
                return;
        }
    }

    /// Heals, waits until nothing is pending, and judges.
    std::string end() {
        for (NodeId const node : nodes_) stage_.slow_disk(node, 1);
        mend_resources();
        mend();
        stage_.run_for(seconds(25));
        undo_orders();
        extend_to_all();
        bool const split = !reports_split_.empty();
        // Each of the others gives up what it wrote apart from the one that wins; a copy that is
        // simply an ancestor has nothing to give up, and is refused.
        if (!stage_.broken() && !whole() && split) {
            NodeId const winner = source().value_or(last_owner());
            if (!source()) {
                stage_.force(winner);
                stage_.run_for(seconds(25));
            }
            // Losers that serve go first; whom they serve goes back with them.
            for (bool const serving : {true, false, false}) {
                for (NodeId const loser : nodes_) {
                    if (loser == winner || whole() || stage_.serves(loser) != serving) continue;
                    stage_.resolve(loser);
                    stage_.run_for(seconds(25));
                }
            }
            undo_orders();
            extend_to_all();
        }
        raise();
        stage_.finish();
        count();
        if (stage_.broken()) return stage_.story();
        if (!whole()) {
            return (split ? "losers of the split brain were named, but the copies do not mirror:\n"
                          : "everything was healed, but the copies neither mirror nor report "
                            "split brain:\n") +
                   stage_.world().in_words();
        }
        for (NodeId const node : nodes_) {
            if (node != *source() && !extended(*source(), node))
                return "an operator could not extend the mirror to all servers again:\n" +
                       stage_.world().in_words();
        }
        if (!stage_.world().usable(*source(), Stage::group)) {
            return "the mirror is in service, but what stands on it is not:\n" +
                   stage_.world().in_words();
        }
        for (NodeId const node : nodes_) {
            bool const same = Image::same(stage_.image(nodes_[0]), stage_.image(node),
                                          {0, MiB(1).bytes / sector_bytes});
            if (!same) return "the mirror is fully operational, but its copies differ";
        }
        return "";
    }
    /// Every event from here on is told, too.
    void tell_to(std::string& text) { told_ = &text; }
    [[nodiscard]] std::uint64_t trace_hash() { return stage_.world().trace_hash(); }
    [[nodiscard]] bool broken() const { return stage_.broken(); }

private:
    std::uint64_t draw(std::uint64_t bound) { return stage_.dice.below(bound); }
    Duration pause_of(std::uint64_t most_ms) {
        return milliseconds(static_cast<std::int64_t>(draw(most_ms)));
    }
    NodeId any_node() { return nodes_[draw(nodes_.size())]; }
    bool runs(NodeId id) {
        NodeSim const& node = stage_.world().node(id);
        return node.up() && !node.paused;
    }
    replication::MirrorMachine const* machine(NodeId id) {
        CopySim const* copy = stage_.world().copy(id, Stage::group);
        return copy->machine ? &*copy->machine : nullptr;
    }
    std::optional<NodeId> source() {
        for (NodeId const id : nodes_) {
            if (stage_.serves(id)) return id;
        }
        return std::nullopt;
    }
    NodeId last_owner() {
        for (NodeId const id : nodes_) {
            if (machine(id) != nullptr && machine(id)->stable_cell().last_owner) return id;
        }
        return nodes_[0];
    }
    bool extended(NodeId source, NodeId id) {
        return (machine(source)->peers() & replication::bit_of(Slot{id.value})) != 0;
    }
    /// One source, and every other copy of the mirror its target in sync.
    bool whole() {
        std::optional<NodeId> const server = source();
        if (!server) return false;
        for (NodeId const id : nodes_) {
            if (id == *server || !extended(*server, id)) continue;
            if (machine(id) == nullptr) return false;
            auto const& outward = machine(*server)->leg(Slot{id.value});
            auto const* following =
                std::get_if<leg::Following>(&machine(id)->leg(Slot{server->value}));
            bool const mirrors = std::holds_alternative<leg::Mirroring>(outward) &&
                                 following != nullptr &&
                                 following->phase == leg::Following::Phase::mirroring;
            if (!mirrors) return false;
        }
        return true;
    }

    void work(int requests) {
        static constexpr std::uint64_t sizes[] = {16, 64, 256};
        std::uint64_t const blocks = sizes[draw(3)];
        std::uint64_t const apart = 40 + draw(400);
        for (int i = 0; i < requests; ++i) {
            for (NodeId const id : nodes_) stage_.work(id, 1, blocks, apart);
        }
    }
    /// Writes that nobody waits for.
    void burst(std::uint64_t writes) {
        for (std::uint64_t i = 0; i < writes; ++i) {
            std::optional<NodeId> const server = source();
            if (!server) return;
            stage_.write(*server, block(draw(256)), draw(8) == 0);
            stage_.run_for(microseconds(static_cast<std::int64_t>(draw(150))));
        }
    }
    /// The servers on which the copy may run.
    std::vector<NodeId> bodies(NodeId id) {
        return id == NodeId{0} && !servers_.empty() ? servers_ : std::vector{id};
    }
    /// Who dies, or stands still, when the copy does; one of both now and then when it does not.
    NodeId body(NodeId id) {
        std::vector<NodeId> const all = bodies(id);
        if (all.size() == 2 && draw(4) == 0) return all[draw(2)];
        return stage_.world().carrier(id).value_or(all[0]);
    }
    void die(NodeId copy, bool power) {
        NodeId const id = body(copy);
        if (!stage_.world().node(id).up()) return;
        power ? stage_.power_cut(id) : stage_.crash(id);
    }
    void freeze(NodeId copy) {
        NodeId const id = body(copy);
        if (!runs(id)) return;
        stage_.pause(id);
        stage_.run_for(draw(2) == 0 ? pause_of(300) : milliseconds(1500));
        if (stage_.world().node(id).paused) stage_.resume(id);
    }
    void separate(std::set<NodeId> const& side) {
        for (NodeId const a : nodes_) {
            for (NodeId const b : nodes_) {
                if (a < b && side.contains(a) != side.contains(b)) cut_all(a, b, false);
            }
        }
        stage_.look();
    }
    void cut(NodeId a, NodeId b) {
        // The servers of a shared disk may lose each other, too.
        if (a == b && a == NodeId{0} && !servers_.empty()) {
            stage_.world().cut(servers_[0].value, servers_[1].value, false);
        } else if (a != b) {
            cut_all(a, b, draw(4) == 0);
        }
        stage_.look();
        stage_.run_for(pause_of(900));
    }
    void cut_all(NodeId a, NodeId b, bool one_way) {
        for (NodeId const from : bodies(a)) {
            for (NodeId const to : bodies(b)) stage_.world().cut(from.value, to.value, one_way);
        }
    }
    void heal() {
        for (LinkSetup const& link : stage_.world().cluster().links)
            stage_.world().heal(link.a, link.b);
        stage_.look();
    }
    void mend() {
        heal();
        for (NodeId const copy : nodes_) {
            for (NodeId const id : bodies(copy)) {
                if (stage_.world().node(id).paused) stage_.resume(id);
                if (!stage_.world().node(id).up()) stage_.restart(id);
            }
        }
    }
    void move() {
        NodeId const to = any_node();
        if (to == NodeId{0} && !servers_.empty() && draw(2) == 0) return hand_over();
        if (!source() || !runs(to) || stage_.serves(to)) return;
        stage_.switch_over(to);
        burst(draw(4));
        stage_.run_for(pause_of(100));
    }
    void hand_over() {
        std::optional<NodeId> const server = stage_.world().carrier(NodeId{0});
        if (!server || !runs(*server)) return;
        stage_.world().move_shared_disk(NodeId{0}, *server);
        stage_.look();
        stage_.run_for(pause_of(300));
    }
    void force() {
        NodeId const id = any_node();
        // Whoever forces a copy that never held anything makes strangers, whom nobody can resolve.
        bool const holds_something = runs(id) && machine(id)->cell().current;
        if (holds_something && !stage_.serves(id)) stage_.force(id);
        stage_.run_for(milliseconds(5));
    }
    void keep_apart() {
        std::optional<NodeId> const server = source();
        NodeId const target = any_node();
        if (!server || target == *server) return;
        burst(draw(3));
        if (!runs(*server)) return;
        stage_.order(*server, {nodes::Order::Kind::pause, target});
        stage_.run_for(pause_of(300));
        for (std::uint64_t i = draw(4); i > 0; --i) {
            burst(draw(2));
            if (stage_.world().serves_apart(target, Stage::group)) {
                stage_.write(target, block(draw(256)));
            }
            stage_.run_for(pause_of(2));
        }
    }
    void extend() {
        std::optional<NodeId> const server = source();
        NodeId const id = any_node();
        if (!server || !runs(*server) || id == *server) return;
        bool const leaves = extended(*server, id);
        burst(draw(3));
        if (!runs(*server)) return;
        change_extension(*server, id, leaves);
        burst(draw(4));
        if (draw(4) == 0) {
            stage_.run_for(microseconds(static_cast<std::int64_t>(draw(1500))));
            die(any_node(), draw(2) == 0);
        }
        stage_.run_for(pause_of(300));
    }
    void change_extension(NodeId at, NodeId id, bool leaves) {
        using Kind = nodes::Extension::Kind;
        Kind const kind = leaves ? Kind::unextend : Kind::extend;
        stage_.world().edit_extension(at, Stage::group, {kind, id, {}});
        stage_.look();
    }
    void extend_to_all() {
        for (NodeId const id : nodes_) {
            std::optional<NodeId> const server = source();
            if (!server || id == *server || extended(*server, id)) continue;
            change_extension(*server, id, false);
            stage_.run_for(seconds(25));
            left_and_joined_ = true;
        }
    }
    void fail_resource() {
        auto const resources =
            static_cast<std::uint16_t>(stage_.world().cluster().resources.size());
        if (resources == 0) return;
        ResourceId const which{static_cast<std::uint16_t>(draw(resources))};
        NodeId const node = source().value_or(any_node());
        ResourceFaults faults;
        (draw(3) == 0 ? faults.stop : draw(2) == 0 ? faults.start : faults.recovery) = draw(3) != 0;
        NodeId const at = bodies(node).size() == 2 && draw(2) == 0 ? body(node) : node;
        if (at != node) faults.recovery = true;  // of two servers this one cannot run it any more
        stage_.world().set_resource_faults(at, which, faults);
        bool const runs_now = runs(node) && stage_.world().runs_at(at, which);
        if (runs_now && draw(4) != 0) stage_.world().fail_resource(at, which);
        stage_.look();
        if (faults.stop) move();
        stage_.run_for(pause_of(600));
    }
    void mend_resources() {
        for (std::uint16_t r = 0; r < stage_.world().cluster().resources.size(); ++r) {
            for (NodeId const node : nodes_)
                stage_.world().set_resource_faults(node, ResourceId{r}, {});
        }
        stage_.look();
    }
    /// What failed for good is for an operator.
    void raise() {
        std::optional<NodeId> const server = source();
        if (!server || stage_.world().usable(*server, Stage::group)) return;
        stage_.order(*server, {nodes::Order::Kind::enter_service});
        stage_.run_for(seconds(2));
    }
    void resume_all() {
        std::optional<NodeId> const server = source();
        if (!server) return;
        for (NodeId const id : nodes_) {
            bool const other = id != *server && runs(*server);
            if (other) stage_.order(*server, {nodes::Order::Kind::resume, id});
            stage_.run_for(milliseconds(40));
        }
    }
    void undo_orders() {
        resume_all();
        stage_.run_for(seconds(25));
    }
    /// True when somebody took over.
    bool fail_over() {
        mend();
        if (!stage_.run_until([&] { return whole(); }, seconds(5))) return false;
        NodeId const server = *source();
        stage_.run_for(pause_of(400));
        burst(2 + draw(8));
        die(server, draw(2) == 0);
        if (!stage_.run_until([&] { return source().has_value(); }, seconds(2))) return false;
        if (draw(2) == 0) work(1 + static_cast<int>(draw(8)));
        if (draw(3) == 0) mend();
        stage_.run_for(pause_of(200));
        return true;
    }

    void listen(Observation const& observation) {
        if (told_ != nullptr) tell(*told_, stage_.world(), observation);
        states_.look(stage_.world());
        if (auto const* noted = std::get_if<seen::MirrorNoted>(&observation)) {
            namespace note = replication::note;
            interrupted_ =
                interrupted_ || std::holds_alternative<note::ResyncInterrupted>(noted->note);
            auto const* decided = std::get_if<note::ResyncDecided>(&noted->note);
            by_bits_ = by_bits_ || (decided != nullptr &&
                                    decided->decision.rule == replication::ResyncRule::bits_remain);
            told_heirs_ = told_heirs_ || heir_told(noted->node);
        } else if (auto const* decided = std::get_if<seen::NodeNoted>(&observation)) {
            namespace note = nodes::note;
            if (std::holds_alternative<note::SplitBrain>(decided->note)) {
                split_ = true;
                reports_split_.insert(decided->node);
            }
            auto const* decision = std::get_if<note::Decided>(&decided->note);
            if (decision != nullptr) {
                taking_over_[decided->node.value] =
                    decision->decision.rule == nodes::InServiceRule::failover;
                outranked_ = outranked_ ||
                             decision->decision.rule == nodes::InServiceRule::another_goes_first;
            } else if (std::holds_alternative<note::CameInService>(decided->note)) {
                failovers_ += taking_over_[decided->node.value] ? 1 : 0;
            }
            listen_above(decided->note);
            auto const* shot = std::get_if<note::FencingEnded>(&decided->note);
            shot_ = shot_ || (shot != nullptr && shot->dead);
            lost_quorum_ = lost_quorum_ || std::holds_alternative<note::QuorumLost>(decided->note);
        } else if (auto const* shared = std::get_if<seen::SharedDiskNoted>(&observation)) {
            auto const* took = std::get_if<nodes::shared_disk::note::TookOver>(&shared->note);
            taken_ = taken_ || (took != nullptr && took->continues);
            handed_on_ =
                handed_on_ || std::holds_alternative<nodes::shared_disk::note::Moves>(shared->note);
        } else if (auto const* started = std::get_if<seen::NodeStarted>(&observation)) {
            reports_split_.erase(started->node);  // it has to say so again
        }
    }
    void listen_above(nodes::Note const& noted) {
        if (auto const* asked = std::get_if<nodes::note::AskedToTakeOver>(&noted))
            moved_ = moved_ || asked->resource;
        auto const* above = std::get_if<nodes::note::HierarchyNoted>(&noted);
        auto const* changed =
            above != nullptr ? std::get_if<nodes::hierarchy::Changed>(&above->note) : nullptr;
        if (changed == nullptr) return;
        using To = nodes::hierarchy::Changed::To;
        recovered_ = recovered_ || changed->to == To::recovered;
        stuck_ = stuck_ || changed->to == To::does_not_stop;
    }
    bool heir_told(NodeId id) {
        if (machine(id) == nullptr) return false;
        for (NodeId const other : nodes_) {
            if (other == id) continue;
            auto const* channel = replication::channel_of(machine(id)->leg(Slot{other.value}));
            if (channel != nullptr && channel->unconfirmed) return true;
        }
        return false;
    }
    void count() {
        ++toll_.runs;
        toll_.events += stage_.world().events();
        toll_.faithful += guarded_ ? 0 : 1;
        toll_.failed_over += failovers_ > 0 ? 1 : 0;
        toll_.failed_over_twice += failovers_ > 1 ? 1 : 0;
        toll_.settled_by_bits += by_bits_ ? 1 : 0;
        toll_.heirs_told += told_heirs_ ? 1 : 0;
        toll_.outranked += outranked_ ? 1 : 0;
        toll_.shot += shot_ ? 1 : 0;
        toll_.lost_quorum += lost_quorum_ ? 1 : 0;
        toll_.moved_for_resource += moved_ ? 1 : 0;
        toll_.recovered_in_place += recovered_ ? 1 : 0;
        toll_.did_not_stop += stuck_ ? 1 : 0;
        toll_.taken_by_partner += taken_ ? 1 : 0;
        toll_.tried_by_partner += handed_on_ ? 1 : 0;
        toll_.left_and_joined += left_and_joined_ ? 1 : 0;
        toll_.interrupted += interrupted_ ? 1 : 0;
        toll_.split += split_ && !guarded_ ? 1 : 0;
    }

    Stage stage_;
    Toll& toll_;
    std::vector<NodeId> nodes_;
    std::vector<NodeId> servers_;  // of the first copy, if it is on a shared disk
    testing::States states_;
    std::string* told_ = nullptr;
    std::set<NodeId> reports_split_;
    unsigned failovers_ = 0;
    bool guarded_ = false;
    std::array<bool, 8> taking_over_{};  // by node
    bool interrupted_ = false;
    bool by_bits_ = false;
    bool told_heirs_ = false;
    bool outranked_ = false;
    bool shot_ = false;
    bool lost_quorum_ = false;
    bool moved_ = false;  // for a resource that failed
    bool recovered_ = false;
    bool stuck_ = false;
    bool taken_ = false;
    bool handed_on_ = false;  // to the other server, for a resource that failed
    bool left_and_joined_ = false;
    bool split_ = false;
};

}  // namespace

std::string play(Campaign const& campaign, Toll& toll, std::uint64_t* trace_hash) {
    return play_acts<Commander>(campaign, toll, trace_hash);
}

std::string narration_of(Campaign const& campaign) { return tell_acts<Commander, Toll>(campaign); }

}  // namespace sunder::netsim::test
