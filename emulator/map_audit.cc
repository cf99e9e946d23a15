// SPDX-License-Identifier: BSD-3-Clause
//
// Whether the block map holds together, said in words; and what makes two of them equal.
#include "emulator/block_map.h"

#include <fmt/format.h>

namespace sunder::emulator {

namespace {

struct Owner {
    FamilyId family;
    std::uint64_t chunk = 0;
    friend bool operator==(Owner, Owner) = default;
};

}  // namespace

std::vector<std::string> BlockMap::audit() const {
    std::vector<std::string> wrong;
    std::map<DiskGroupId, std::vector<std::optional<Owner>>> owners;  // by slot
    for (auto const& [group, all] : slots_) owners[group].resize(all.high_water());
    std::map<FamilyId, std::uint64_t> slots;
    for (auto const& [id, member] : members_) {
        Family const& family = families_.at(member.family);
        std::uint64_t mapped = 0;
        std::uint64_t chunk = member.dropped ? member.released : 0;
        while ((chunk = next_mapped_leaf(member.tree, chunk, member.chunks())) < member.chunks()) {
            Leaf const* const leaf = member.tree.leaf(chunk);
            std::uint64_t const end = std::min((chunk / fan_out + 1) * fan_out, member.chunks());
            for (; chunk < end; ++chunk) {
                auto const at = static_cast<unsigned>(chunk % fan_out);
                Entry const entry = leaf->get(at);
                if (!entry.empty()) ++mapped;
                for (Layer const& layer : entry) {
                    auto const what = [&] {
                        return fmt::format("map {} chunk {} slot {} of disk group {}", id.value,
                                           chunk, layer.slot, family.group.value);
                    };
                    if (!slots_.at(family.group).in_use(layer.slot)) {
                        wrong.push_back(what() + ": the slot counts as free");
                        continue;
                    }
                    Owner const owner{member.family, chunk};
                    std::optional<Owner>& found = owners.at(family.group)[layer.slot];
                    if (!found) {
                        found = owner;
                        ++slots[member.family];
                    } else if (*found != owner) {
                        wrong.push_back(fmt::format("{}: chunk {} of family {} has it, too", what(),
                                                    found->chunk, found->family.value));
                    }
                    bool const own_leaf = !member.dropped && leaf->id > member.shared_below;
                    auto const owned =
                        own_leaf ? static_cast<Mask>(leaf->owned(at) & layer.mask) : no_sub_chunk;
                    if (owned == no_sub_chunk) continue;
                    for (MapId const other : family.members) {
                        if (other == id || this->member(other).dropped) continue;
                        Mask const theirs = this->member(other).tree.get(chunk).in(layer.slot);
                        if ((theirs & owned) == 0) continue;
                        wrong.push_back(fmt::format("{}: counts as its own, map {} has it, too",
                                                    what(), other.value));
                    }
                }
            }
        }
        if (!member.dropped && mapped != member.mapped) {
            wrong.push_back(fmt::format("map {}: {} chunks are mapped, it counts {}", id.value,
                                        mapped, member.mapped));
        }
    }
    for (auto const& [id, family] : families_) {
        if (slots[id] != family.slots) {
            wrong.push_back(fmt::format("family {}: it has {} slots and counts {}", id.value,
                                        slots[id], family.slots));
        }
    }
    for (auto const& [group, all] : slots_) {
        std::uint64_t found = 0;
        for (auto const& owner : owners.at(group)) found += owner.has_value();
        if (found != all.used()) {
            wrong.push_back(fmt::format("disk group {}: {} slots have an owner, {} are in use",
                                        group.value, found, all.used()));
        }
    }
    return wrong;
}

bool operator==(BlockMap const& a, BlockMap const& b) {
    return a.members_ == b.members_ && a.families_ == b.families_ && a.eras_ == b.eras_ &&
           a.links_ == b.links_ && a.slots_ == b.slots_ && a.unsettled_ == b.unsettled_ &&
           a.last_name_ == b.last_name_ && a.last_node_ == b.last_node_ &&
           a.commits_ == b.commits_ && a.durable_ == b.durable_;
}

Fingerprint BlockMap::fingerprint() const {
    Hasher hasher;
    for (auto const& [id, member] : members_) {
        hasher.add(id.value);
        hasher.add(member.family.value);
        hasher.add(fingerprint_of(member.tree));
        hasher.add(member.sectors);
        hasher.add(member.shared_below);
        hasher.add(member.mapped);
        hasher.add(member.dropped.value_or(0));
        hasher.add(member.released);
    }
    for (auto const& [id, family] : families_) {
        hasher.add(id.value);
        hasher.add(family.group.value);
        hasher.add(family.line.value);
        hasher.add(family.slots);
    }
    for (auto const& [id, link] : links_) {
        hasher.add(id.value);
        hasher.add(link.ahead.value);
        hasher.add(link.behind.value);
        hasher.add(static_cast<std::uint64_t>(link.mode));
        hasher.add(link.lacking.fingerprint());
        hasher.add(link.changed.fingerprint());
        for (auto const& [region, intent] : link.intents) {
            hasher.add(region);
            hasher.add(intent.marked);
            hasher.add(intent.last);
            hasher.add(intent.open);
        }
    }
    for (auto const& [key, entry] : unsettled_) {
        hasher.add(key.second);
        hasher.add(entry.mask);
        hasher.add(entry.at);
    }
    for (auto const& [group, slots] : slots_) {
        hasher.add(group.value);
        hasher.add(slots.used());
        hasher.add(slots.waiting());
        hasher.add(slots.high_water());
    }
    hasher.add(commits_);
    hasher.add(durable_);
    return hasher.result();
}

}  // namespace sunder::emulator
