// SPDX-License-Identifier: BSD-3-Clause
//
// Where a write goes. A sub-chunk that nobody else reads is overwritten in place. Any other goes
// to a hole, the same sub-chunk of a slot that the family has at this chunk already and in which
// nobody uses it, and only then to a slot that is taken. So k maps that were not dropped have at
// most k slots at a chunk, and a copy with all its space reserved never runs out: if every slot's
// sub-chunk is in use, then as many maps hold different data there, and the writing one shares its
// own. A chunk that copies which are gone left scattered is put together when all of it is written.
#include "emulator/write_plans.h"

#include "emulator/mutant.h"
#include "emulator/sharing.h"

namespace sunder::emulator {

namespace {

/// What is known to be its own needs no look at the others.
Mask known_own(BlockMap::Member const& map, bool alone, Leaf const* leaf, unsigned at) {
    if (alone) return whole_chunk;
    bool const own_leaf = leaf != nullptr && leaf->id > map.shared_below;
    return own_leaf ? leaf->owned(at) : no_sub_chunk;
}

/// Of a chunk that lies scattered and is written as a whole: what would be moved, so that all of it
/// ends in the place of its first layer.
Mask put_together(Entry const& before, Mask wanted) {
    bool const whole = without(before.mapped(), wanted) == no_sub_chunk;
    if (!whole || before.size() < 2) return no_sub_chunk;
    return without(before.mapped(), before.begin()->mask);
}

}  // namespace

std::variant<BlockMap::Part, MakeDurable> BlockMap::place(MapId map, std::uint64_t chunk,
                                                          Mask wanted) const {
    Member const& own = member(map);
    Family const& family = family_of(map);
    Part part;
    part.map = map;
    Leaf const* const leaf = own.tree.leaf(chunk);
    auto const at = static_cast<unsigned>(chunk % fan_out);
    if (leaf != nullptr) part.before = leaf->get(at);
    part.after = part.before;
    bool const alone = family.members.size() == 1;
    Mask const known = known_own(own, alone, leaf, at);
    bool looked = alone || mutant(Mutant::snapshot_overwritten);
    Users others;
    auto const look = [&] {
        if (!std::exchange(looked, true)) others = others_at(map, chunk);
    };
    auto const kept_from = [&](Slot slot) {
        Mask const mask = guarded(family.group, slot, map);
        part.guarded = part.guarded || (mask & wanted) != no_sub_chunk;
        return mask;
    };
    auto const held_in = [&](Layer const& layer) {
        auto const here = static_cast<Mask>(layer.mask & wanted);
        if (here == no_sub_chunk) return no_sub_chunk;
        if (without(here, known) != no_sub_chunk) look();
        auto const held = static_cast<Mask>(others.mask_of(layer.slot) | kept_from(layer.slot));
        return static_cast<Mask>(here & held);
    };
    Mask moving = without(wanted, part.before.mapped());
    for (Layer const& layer : part.before) moving |= held_in(layer);
    bool const gathers = moving == no_sub_chunk;
    if (gathers) moving = put_together(part.before, wanted);
    auto const own_places = [&] {
        Mask mask = no_sub_chunk;
        Mask const not_known = without(whole_chunk, known);
        for (Layer const& layer : part.after)
            mask |= without(layer.mask, looked ? others.mask_of(layer.slot) : not_known);
        return mask;
    };
    part.owned = own_places();
    if (moving == no_sub_chunk) return part;
    look();
    part.moved = moving;
    auto const fill_hole = [&](Slot slot) {
        auto const taken =
            static_cast<Mask>(part.before.in(slot) | others.mask_of(slot) | kept_from(slot));
        Mask const hole = without(moving, taken);
        part.after.put(slot, hole);
        moving = without(moving, hole);
    };
    for (Layer const& layer : part.before) fill_hole(layer.slot);
    if (gathers) part.moved = without(part.moved, std::exchange(moving, no_sub_chunk));
    std::size_t slots = part.before.size();
    for (auto const& user : others.slots) {
        // What only dropped maps have is given up without asking whether a plan is open.
        if (!user.live || part.before.in(user.slot) != no_sub_chunk) continue;
        ++slots;
        fill_hole(user.slot);
    }
    if (moving != no_sub_chunk && slots > others.maps) {
        // Only what is not durable yet keeps places from being used.
        VERIFY(commits_ > durable_);
        return MakeDurable{commits_};
    }
    part.fresh = moving;
    part.after.clear(moving);
    part.owned = static_cast<Mask>(own_places() | moving);
    return part;
}

std::optional<Planned> BlockMap::take_slot(Plan& plan, Part& part, Allowances const& allowed) {
    if (part.fresh == no_sub_chunk) return std::nullopt;
    Family& family = families_.at(member(part.map).family);
    bool const claim = part.before.empty() && part.map == family.members.front();
    if (!allowed(part.map, claim)) {
        return NoSpace{claim, part.map, plan.chunk, part.fresh, part.guarded};
    }
    Slot const slot = slots_[family.group].take();
    unsettled_.erase({family.group, slot});
    ++family.slots;
    plan.taken.push_back({part.map, slot});
    part.after.put(slot, part.fresh);
    return std::nullopt;
}

void BlockMap::add_copies(Plan& plan, Part const& part, Mask copied) const {
    Sources sources;
    resolve(part.map, plan.chunk, copied, sources);
    DiskGroupId const group = family_of(part.map).group;
    for (Mask left = copied; left != no_sub_chunk; left &= static_cast<Mask>(left - 1)) {
        unsigned const sub = first_of(left);
        auto const number = static_cast<std::uint8_t>(sub);
        auto const to = part.after.slot_of(sub);
        if (!to) continue;
        Copy copy{std::nullopt, {group, *to, number}};
        for (Shared const& source : sources) {
            if ((source.mask & bit(sub)) != 0) copy.from = {source.group, source.slot, number};
        }
        if (!mutant(Mutant::copy_forgotten) || !copy.from) plan.copies.push_back(copy);
    }
}

void BlockMap::add_puts(Plan& plan, Part const& part, Mask put, Extent range) const {
    DiskGroupId const group = family_of(part.map).group;
    for (std::uint64_t sector = range.first; sector < range.end();) {
        std::uint64_t const in_chunk = sector % chunk_sectors;
        auto const sub = static_cast<unsigned>(in_chunk / sub_chunk_sectors);
        std::uint64_t const count =
            std::min(sub_chunk_sectors - in_chunk % sub_chunk_sectors, range.end() - sector);
        if ((put & bit(sub)) != 0) {
            std::uint64_t const to = *part.after.slot_of(sub) * chunk_sectors + in_chunk;
            Put* const last = plan.puts.empty() ? nullptr : &plan.puts.back();
            if (last != nullptr && last->group == group && last->volume.end() == sector &&
                last->at + last->volume.count == to) {
                last->volume.count += count;
            } else {
                plan.puts.push_back({{sector, count}, group, to});
            }
        }
        sector += count;
    }
}

std::optional<Planned> BlockMap::add_part(Plan& plan, MapId map, Mask wanted, Extent range,
                                          Allowances const& allowed) {
    // Beyond the end of a volume nothing is kept, so zeroes may unmap it; data must not leave there
    // what was in the slot before, because the volume may be expanded.
    Mask const covered = covered_by(range, plan.zeroes ? member(map).sectors : ~std::uint64_t{0});
    Mask data = wanted;
    if (plan.zeroes) {
        Sources sources;
        resolve(map, plan.chunk, without(wanted, covered), sources);
        data = no_sub_chunk;
        for (Shared const& source : sources) data |= source.mask;
    }
    auto placed = place(map, plan.chunk, data);
    if (auto const* const first = std::get_if<MakeDurable>(&placed)) return *first;
    Part& part = std::get<Part>(placed);
    if (auto refused = take_slot(plan, part, allowed)) return refused;
    Mask const lacks = lacking(map, plan.chunk);
    add_copies(plan, part, without(data & (part.moved | lacks), covered));
    add_puts(plan, part, data, range);
    // What it lacked and is zeroes ahead is zeroes of its own now, whatever lay in its place.
    if (plan.zeroes) part.after.clear(wanted & (covered | without(lacks, data)));
    return add_change(plan, part, allowed);
}

std::optional<Planned> BlockMap::add_change(Plan& plan, Part const& part,
                                            Allowances const& allowed) {
    if (part.after == part.before) return std::nullopt;
    MapId const map = part.map;
    bool const first = map == family_of(map).members.front();
    if (part.before.empty()) {
        // It counts as the volume's now, though what it lies in is a copy's already.
        bool const no_slot = part.fresh == no_sub_chunk;
        if (first && no_slot && !allowed(map, true)) {
            return NoSpace{true, map, plan.chunk, part.moved, part.guarded};
        }
        plan.claims.push_back(map);
        ++member_of(map).mapped;
    } else if (part.after.empty()) {
        // What copies still have is theirs alone then, and takes space beside the reservation.
        bool const stays =
            std::all_of(part.before.begin(), part.before.end(),
                        [&](Layer const& layer) { return slot_used(map, plan.chunk, layer.slot); });
        if (first && stays && !allowed(map, false)) {
            return NoSpace{false, map, plan.chunk, whole_chunk, false};
        }
        plan.leaves.push_back(map);
        --member_of(map).mapped;
    }
    plan.changes.push_back({map, part.after, part.owned});
    return std::nullopt;
}

std::optional<Planned> BlockMap::push_first(MapId map, std::uint64_t chunk, Mask touched,
                                            Allowances const& allowed) {
    for (LinkId const id : member(map).ahead) {
        Link const& link = link_of(id);
        auto const needs = static_cast<Mask>(touched & link.lacking.at(chunk));
        if (link.mode != LinkMode::push || needs == no_sub_chunk) continue;
        if (mutant(Mutant::push_forgotten)) continue;
        auto push = plan_fill(id, chunk, needs, allowed);
        if (auto* const plan = std::get_if<Plan>(&push)) return First{std::move(*plan)};
        return push;
    }
    return std::nullopt;
}

std::optional<MakeDurable> BlockMap::mark_intents(MapId map, std::uint64_t chunk) {
    if (durable_ == std::numeric_limits<Commit>::max() || mutant(Mutant::mirror_intent_unmarked)) {
        return std::nullopt;
    }
    auto const mark = [&](LinkId id) -> std::optional<MakeDurable> {
        Link& link = links_.at(id);
        if (link.mode == LinkMode::push) return std::nullopt;
        auto const [found, made] = link.intents.try_emplace(chunk / intent_chunks);
        if (made) {
            found->second.marked = found->second.last = change();
            if (keep_changes_) changes_.links.insert(id);
        }
        if (found->second.marked > durable_) return MakeDurable{found->second.marked};
        return std::nullopt;
    };
    Member const& own = member(map);
    if (own.behind) {
        if (auto first = mark(*own.behind)) return first;
    }
    for (LinkId const id : own.ahead) {
        if (auto first = mark(id)) return first;
    }
    return std::nullopt;
}

void BlockMap::add_link_changes(Plan& plan, Mask touched) {
    auto const add = [&](LinkId id, Mask filled, Mask stale) {
        Link& link = links_.at(id);
        bool const mirror = link.mode != LinkMode::push;
        if (!mirror && filled == no_sub_chunk) return;
        plan.links.push_back({id, filled, stale});
        if (link.mode == LinkMode::push) resolve(link.ahead, plan.chunk, filled, plan.left);
        auto const intent = link.intents.find(plan.chunk / intent_chunks);
        if (intent != link.intents.end()) ++intent->second.open;
    };
    Member const& own = member(plan.map);
    if (own.behind) {
        LinkMode const mode = link_of(*own.behind).mode;
        bool const marks = mode == LinkMode::apart || mode == LinkMode::come_back;
        add(*own.behind, touched & lacking(plan.map, plan.chunk), marks ? touched : no_sub_chunk);
    }
    for (LinkId const id : own.ahead) {
        add(id, no_sub_chunk, link_of(id).mode == LinkMode::apart ? touched : no_sub_chunk);
    }
}

Plan BlockMap::plan_for(MapId map, std::uint64_t chunk) const {
    Plan plan;
    plan.map = map;
    plan.chunk = chunk;
    plan.line = family_of(map).line;
    plan.era = eras_.at(plan.line);
    return plan;
}

Planned BlockMap::plan_write(MapId map, Extent range, bool zeroes, Allowances const& allowed) {
    std::uint64_t const chunk = chunk_of(range.first);
    Mask const touched = touched_by(range);
    VERIFY(range.end() <= member(map).sectors && !member(map).dropped);
    if (auto first = mark_intents(map, chunk)) return *first;
    if (auto first = push_first(map, chunk, touched, allowed)) return std::move(*first);
    Plan plan = plan_for(map, chunk);
    plan.zeroes = zeroes;
    std::optional<Planned> other = add_part(plan, map, touched, range, allowed);
    for (LinkId const id : member(map).ahead) {
        Link const& link = link_of(id);
        if (other || link.mode != LinkMode::follow) continue;
        Mask const mirrored = without(touched, link.lacking.at(chunk));
        if (mirrored != no_sub_chunk) other = add_part(plan, link.behind, mirrored, range, allowed);
    }
    if (other) {
        abandon(plan);
        return std::move(*other);
    }
    add_link_changes(plan, touched);
    return plan;
}

Planned BlockMap::plan_fill(LinkId id, std::uint64_t chunk, Mask mask, Allowances const& allowed) {
    Link const& link = link_of(id);
    Plan plan = plan_for(link.behind, chunk);
    Sources sources;
    resolve(link.ahead, chunk, mask, sources);
    Mask mapped = no_sub_chunk;
    for (Shared const& source : sources) mapped |= source.mask;
    auto placed = place(link.behind, chunk, mapped);
    if (auto const* const first = std::get_if<MakeDurable>(&placed)) return *first;
    Part& part = std::get<Part>(placed);
    if (auto refused = take_slot(plan, part, allowed)) return std::move(*refused);
    add_copies(plan, part, mapped);
    part.after.clear(without(mask, mapped));
    if (auto refused = add_change(plan, part, allowed)) {
        abandon(plan);
        return std::move(*refused);
    }
    plan.links.push_back({id, mask, no_sub_chunk});
    if (link.mode == LinkMode::push) plan.left.assign(sources.begin(), sources.end());
    auto& intents = links_.at(id).intents;
    auto const intent = intents.find(chunk / intent_chunks);
    if (intent != intents.end()) ++intent->second.open;
    return plan;
}

std::optional<Planned> BlockMap::plan_fill(LinkId link, Allowances const& allowed) {
    auto const chunk = link_of(link).lacking.next(0);
    if (!chunk) return std::nullopt;
    return plan_fill(link, *chunk, link_of(link).lacking.at(*chunk), allowed);
}

std::uint64_t BlockMap::next_to_zero(MapId map, std::uint64_t from, std::uint64_t end) const {
    Member const& own = member(map);
    if (own.behind || !own.ahead.empty()) return from;
    while (from < end) {
        from = next_mapped_leaf(own.tree, from, end);
        if (from >= end) break;
        Leaf const* const leaf = own.tree.leaf(from);
        std::uint64_t const after = std::min(end, (from / fan_out + 1) * fan_out);
        for (; from < after; ++from) {
            if (!leaf->empty(from % fan_out)) return from;
        }
    }
    return end;
}

bool BlockMap::writes_in_place(MapId map, Extent range, Segments& into) const {
    Member const& own = member(map);
    if (own.behind || !own.ahead.empty()) return false;
    auto const placed = place(map, chunk_of(range.first), touched_by(range));
    auto const* const part = std::get_if<Part>(&placed);
    if (part == nullptr || part->moved != no_sub_chunk) return false;
    DiskGroupId const group = family_of(map).group;
    Sources sources;
    for (Layer const& layer : part->before) sources.push_back({group, layer.slot, layer.mask});
    lay(range, sources, into);
    return true;
}

}  // namespace sunder::emulator
