// SPDX-License-Identifier: BSD-3-Clause
//
// What of the map survives, what the store has to be told, and how it goes on after a power cut.
#include "emulator/block_map.h"

namespace sunder::emulator {

void BlockMap::settle(Commit durable) {
    VERIFY(durable >= durable_);
    durable_ = durable;
    for (auto& [group, slots] : slots_) slots.settle(durable);
    std::erase_if(unsettled_, [&](auto const& entry) { return entry.second.at <= durable; });
    for (auto& [id, link] : links_) {
        // A region that nobody wrote between two moments at which all was durable is in order.
        auto const gone = std::erase_if(link.intents, [&](auto const& intent) {
            return intent.second.open == 0 && intent.second.last <= durable_before_;
        });
        if (gone != 0 && keep_changes_) changes_.links.insert(id);
    }
    durable_before_ = durable;
}

std::uint64_t BlockMap::slots_waiting() const {
    std::uint64_t all = 0;
    for (auto const& [group, slots] : slots_) all += slots.waiting();
    return all;
}

void BlockMap::keep_holes(bool keep) {
    keep_holes_ = keep;
    for (auto& [group, slots] : slots_) slots.keep_holes(keep);
}

void BlockMap::suspect(DiskGroupId group, Slot end) {
    Slots& slots = slots_[group];
    slots.keep_holes(keep_holes_);
    slots.suspect(end);
}

std::optional<std::pair<DiskGroupId, SlotRun>> BlockMap::take_remains(Slot most) {
    for (auto& [group, slots] : slots_) {
        if (auto const run = slots.take_remains(most)) return std::pair(group, *run);
    }
    return std::nullopt;
}

void BlockMap::recount() {
    slots_.clear();
    unsettled_.clear();
    for (auto& [id, family] : families_) {
        family.slots = 0;
        slots_.try_emplace(family.group);
    }
    std::map<NodeId, std::uint64_t> seen;  // leaves, and how many chunks are mapped in each
    for (auto& [id, member] : members_) {
        Family& family = families_.at(member.family);
        Slots& slots = slots_.at(family.group);
        std::uint64_t mapped = 0;
        std::uint64_t chunk = member.dropped ? member.released : 0;
        while ((chunk = next_mapped_leaf(member.tree, chunk, member.chunks())) < member.chunks()) {
            Leaf const* const leaf = member.tree.leaf(chunk);
            auto const [known, first] = seen.try_emplace(leaf->id, 0);
            for (unsigned at = 0; first && at < fan_out; ++at) {
                if (leaf->empty(at)) continue;
                ++known->second;
                for (Layer const& layer : leaf->get(at)) {
                    if (slots.in_use(layer.slot)) continue;
                    slots.adopt(layer.slot);
                    ++family.slots;
                }
            }
            mapped += known->second;
            chunk = (chunk / fan_out + 1) * fan_out;
        }
        if (!member.dropped) member.mapped = mapped;
    }
}

void BlockMap::restarted() {
    recount();
    durable_ = durable_before_ = commits_;
    for (auto& [id, link] : links_) {
        std::uint64_t const chunks = link.lacking.size();
        for (auto const& [region, intent] : link.intents) {
            std::uint64_t const end = std::min((region + 1) * intent_chunks, chunks);
            for (std::uint64_t chunk = region * intent_chunks; chunk < end; ++chunk) {
                note_page(id, chunk);
                if (link.mode == LinkMode::follow) {
                    link.lacking.add(chunk, whole_chunk);
                } else if (link.mode == LinkMode::come_back) {
                    link.changed.add(chunk, without(whole_chunk, link.lacking.at(chunk)));
                } else {
                    link.changed.add(chunk, whole_chunk);
                }
            }
        }
        if (keep_changes_ && !link.intents.empty()) changes_.links.insert(id);
        link.intents.clear();
    }
    static_cast<void>(change());
}

MapChanges BlockMap::take_changes() {
    changes_.up_to = commits_;
    return std::exchange(changes_, {});
}

}  // namespace sunder::emulator
