// SPDX-License-Identifier: BSD-3-Clause
//
// Where a rig's array keeps what is to survive: values in memory, which are compared row by row
// with what a store was told; or a real store (tests/emulator/media).
#pragma once

#include "emulator/array.h"
#include "emulator/chunk_store.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sunder::emulator::test {

class Medium {
public:
    virtual ~Medium() = default;
    /// An array without anything, which keeps its changes.
    virtual Array begin(Profile const& profile) = 0;
    virtual void copy(Copy const& copy) = 0;
    virtual void put(DiskGroupId group, std::uint64_t sector, Extent volume,
                     ValueStore::Pattern const& data) = 0;
    virtual void zero(DiskGroupId group, std::uint64_t sector, std::uint64_t count) = 0;
    virtual ValueStore::Sector read(DiskGroupId group, std::uint64_t sector) = 0;
    virtual void lose(DiskGroupId group) = 0;
    /// Makes everything durable and tells the array. What is wrong, in words.
    virtual std::string flush(Array& array) = 0;
    /// What is there when power returns, told that it restarted.
    virtual Array power_cut(std::uint64_t seed) = 0;
};

class ValueMedium : public Medium {
public:
    Array begin(Profile const& profile) override;
    void copy(Copy const& copy) override { store_.copy(copy); }
    void put(DiskGroupId group, std::uint64_t sector, Extent volume,
             ValueStore::Pattern const& data) override {
        store_.put(group, sector, volume, data);
    }
    void zero(DiskGroupId group, std::uint64_t sector, std::uint64_t count) override {
        store_.zero(group, sector, count);
    }
    ValueStore::Sector read(DiskGroupId group, std::uint64_t sector) override {
        return store_.read(group, sector);
    }
    void lose(DiskGroupId group) override { store_.lose(group); }
    std::string flush(Array& array) override;
    Array power_cut(std::uint64_t seed) override;

private:
    struct NodeRow {
        unsigned level = 0;
        std::vector<std::uint64_t> content{};
        friend bool operator==(NodeRow const&, NodeRow const&) = default;
    };
    static NodeRow row_of(Node const& node, unsigned level);
    std::string check_rows(Node const* node, unsigned level, std::set<NodeId>& seen) const;
    /// Does what a store does with the changes, and sees whether its rows are the map.
    std::string keep_rows(Array& array);

    ValueStore store_;
    std::map<NodeId, NodeRow> nodes_;
    std::optional<Array> durable_;  // what a power cut leaves
};

}  // namespace sunder::emulator::test
