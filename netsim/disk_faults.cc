// SPDX-License-Identifier: BSD-3-Clause
//
// How a disk fails where it was told to, and how it lies.
#include "netsim/disk_faults.h"

#include "netsim/disk.h"

#include <algorithm>
#include <array>

namespace sunder::netsim {

namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(DiskLie::last)> lies{
    "bit rot",           "wrong read",    "stale read", "lost write",
    "misdirected write", "ignored flush", "old data"};

bool concerns(DiskTrap const& trap, DiskOp::Kind kind) {
    bool const read = kind == DiskOp::Kind::read;
    bool const write = kind == DiskOp::Kind::write;
    if (!trap.lie) {
        return (read && trap.reads) || (write && trap.writes) ||
               (kind == DiskOp::Kind::flush && trap.flushes);
    }
    switch (*trap.lie) {
        case DiskLie::wrong_read:
        case DiskLie::stale_read:
            return read;
        case DiskLie::lost_write:
        case DiskLie::misdirected_write:
            return write;
        case DiskLie::bit_rot:
        case DiskLie::ignored_flush:
        case DiskLie::old_data:
        case DiskLie::last:
            return false;
    }
    return false;
}

}  // namespace

std::string_view name_of(DiskLie lie) { return lies[static_cast<std::size_t>(lie)]; }

std::optional<DiskLie> disk_lie_of(std::string_view name) {
    auto const found = std::ranges::find(lies, name);
    if (found == lies.end()) return std::nullopt;
    return static_cast<DiskLie>(found - lies.begin());
}

void SimDisk::lay(DiskTrap const& trap) {
    bool const stale = trap.lie == DiskLie::stale_read;
    traps_.push_back({trap, stale ? image_ : Image{}});
}

void SimDisk::mend() {
    faults = {};
    traps_.clear();
}

std::optional<Extent> SimDisk::unread(Extent range) const {
    std::optional<Extent> first;
    for (Extent const& one : unread_) {
        if (!one.overlaps(range)) continue;
        std::uint64_t const begin = std::max(one.first, range.first);
        Extent const part{begin, std::min(one.end(), range.end()) - begin};
        if (!first || part.first < first->first) first = part;
    }
    return first;
}

void SimDisk::known_again(Extent range) {
    std::vector<Extent> left;
    for (Extent const& one : unread_) {
        if (one.first < range.first)
            left.push_back({one.first, std::min(one.end(), range.first) - one.first});
        if (range.end() < one.end()) {
            std::uint64_t const begin = std::max(one.first, range.end());
            left.push_back({begin, one.end() - begin});
        }
    }
    unread_ = std::move(left);
}

bool SimDisk::suffers() const {
    return !faults.healthy() || std::ranges::any_of(traps_, [](Armed const& armed) {
        return !armed.trap.lie.has_value();
    });
}

bool SimDisk::may_refuse_store() const {
    return faults.stores ||
           std::ranges::any_of(traps_, [](Armed const& armed) { return armed.trap.stores; });
}

bool SimDisk::refuses_store() {
    if (faults.stores) return true;
    auto const found =
        std::ranges::find_if(traps_, [](Armed const& armed) { return armed.trap.stores; });
    if (found == traps_.end()) return false;
    if (found->trap.count == 1) {
        traps_.erase(found);
    } else if (found->trap.count != 0) {
        --found->trap.count;
    }
    return true;
}

std::optional<SimDisk::Armed> SimDisk::sprung(DiskOp const& op) {
    auto const found = std::ranges::find_if(traps_, [&](Armed const& armed) {
        bool const anywhere = armed.trap.range.count == 0 || op.kind == DiskOp::Kind::flush;
        return concerns(armed.trap, op.kind) && (anywhere || armed.trap.range.overlaps(op.range));
    });
    if (found == traps_.end()) return std::nullopt;
    std::optional<Armed> trap = *found;
    if (found->trap.count == 1) {
        traps_.erase(found);
    } else if (found->trap.count != 0) {
        --found->trap.count;
    }
    return trap;
}

SimDisk::Done SimDisk::lie(DiskOp op, Armed const& armed, std::uint64_t rotten) {
    if (!armed.trap.lie) return {std::move(op), false, {}};
    DiskLie const how = *armed.trap.lie;
    Done done;
    done.lie = how;
    Extent const range = op.range;
    if (how == DiskLie::wrong_read || how == DiskLie::stale_read) {
        // Of a longer read, only what lies in the trap is wrong.
        bool const anywhere = armed.trap.range.count == 0;
        std::uint64_t const first =
            anywhere ? range.first : std::max(range.first, armed.trap.range.first);
        std::uint64_t const end =
            anywhere ? range.end() : std::min(range.end(), armed.trap.range.end());
        Extent const part{first, end - first};
        Payload const wrong =
            how == DiskLie::stale_read ? armed.before.read(part) : rotten_there(part, rotten);
        Image seen = image_;
        seen.write(part, wrong);
        done.payload = seen.read(range);
        done.spoilt.push_back({part, wrong});
    } else {
        done.spoilt.push_back({range, image_.read(range)});
        if (how == DiskLie::misdirected_write) {
            bool const fits = range.end() + misdirected_by <= image_.sectors();
            Extent const landed{fits ? range.first + misdirected_by : 0, range.count};
            unflushed_.push_back({++written_, landed, image_.read(landed), op.payload});
            change(landed, op.payload);
            done.spoilt.push_back({landed, image_.read(landed)});
            // Where both overlap, what is there is known after the write.
            if (landed.overlaps(range)) done.spoilt.front().there = image_.read(range);
        }
    }
    done.op = std::move(op);
    return done;
}

}  // namespace sunder::netsim
