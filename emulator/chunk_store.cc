// SPDX-License-Identifier: BSD-3-Clause
//
// The store of simulations.
#include "emulator/chunk_store.h"

namespace sunder::emulator {

ValueStore::Block ValueStore::unwritten() {
    Block block;
    block.fill(garbage);
    return block;
}

ValueStore::Block& ValueStore::block_to_write(DiskGroupId group, std::uint64_t number) {
    auto const [found, made] = blocks_.try_emplace({group, number}, unwritten());
    before_.try_emplace(found->first, found->second);
    return found->second;
}

ValueStore::Sector ValueStore::read(DiskGroupId group, std::uint64_t sector) const {
    auto const found = blocks_.find({group, sector / sub_chunk_sectors});
    return found == blocks_.end() ? garbage : found->second[sector % sub_chunk_sectors];
}

void ValueStore::copy(Copy const& copy) {
    auto const number = [](Place place) {
        return std::uint64_t{place.slot} * sub_chunks + place.sub;
    };
    Block moved{};
    if (copy.from) {
        auto const found = blocks_.find({copy.from->group, number(*copy.from)});
        moved = found == blocks_.end() ? unwritten() : found->second;
    }
    block_to_write(copy.to.group, number(copy.to)) = moved;
}

void ValueStore::put(DiskGroupId group, std::uint64_t sector, Extent volume, Pattern const& data) {
    for (std::uint64_t i = 0; i < volume.count; ++i) {
        std::uint64_t const at = sector + i;
        block_to_write(group, at / sub_chunk_sectors)[at % sub_chunk_sectors] = {data.id,
                                                                                 volume.first + i};
    }
}

void ValueStore::zero(DiskGroupId group, std::uint64_t sector, std::uint64_t count) {
    for (std::uint64_t at = sector; at < sector + count; ++at) {
        block_to_write(group, at / sub_chunk_sectors)[at % sub_chunk_sectors] = {};
    }
}

void ValueStore::lose(DiskGroupId group) {
    auto const in_group = [&](auto const& block) { return block.first.first == group; };
    std::erase_if(blocks_, in_group);
    std::erase_if(before_, in_group);
}

}  // namespace sunder::emulator
