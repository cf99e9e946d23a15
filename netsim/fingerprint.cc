// SPDX-License-Identifier: BSD-3-Clause
//
// What of a world decides its future, in one number: for searches, which must know a state again
// whatever way they came to it. Names that only have to be equal or not (connections, operations)
// are hashed by what they stand for.
#include "netsim/world.h"

#include <algorithm>

namespace sunder::netsim {

namespace {

/// Content of a disk; a search has few sectors, so they are read one by one.
Fingerprint of_image(Image const& image) {
    Hasher hasher;
    for (std::uint64_t sector = 0; sector < image.sectors(); ++sector) {
        Content const content = image.at(sector);
        hasher.add(content.id);
        hasher.add(content.shift);
    }
    return hasher.result();
}

Fingerprint of_item(Carried const& what) {
    struct Print {
        Fingerprint operator()(Opened const&) const { return 1; }
        Fingerprint operator()(Closed const&) const { return 2; }
        Fingerprint operator()(replication::Message const& message) const {
            return mix(3, replication::fingerprint(message));
        }
        Fingerprint operator()(nodes::ControlMessage const& message) const {
            return mix(4, nodes::fingerprint(message));
        }
    };
    return std::visit(Print{}, what);
}

template <class Add>
void add_node(NodeSim const& node, Add&& add) {
    add(node.machine ? node.print : 0);
    add(node.hung.size() << 32 | node.clock);
    add(node.held.size() << 48 | node.unread.size() << 32 | node.deferred.size() << 3 |
        std::uint64_t{node.memory_full} << 2 | std::uint64_t{node.shots_miss} << 1 |
        std::uint64_t{node.paused});
    for (SharerSim const& one : node.shares) {
        add(one.machine ? one.machine->fingerprint() : 0);
    }
    if (node.reserved) add(node.reserved->value + 1ULL + (node.in_service ? 256 : 0));
    for (CopySim const& copy : node.copies) {
        add(copy.machine ? copy.print : 0);
        if (copy.above.machine) add(copy.above.print);
        add(copy.above.stored.version | std::uint64_t{!copy.above.stored.created} << 32);
        for (nodes::StoredHierarchy const& one : copy.above.storing) {
            add(mix(one.version, one.is->fingerprint()));
        }
        for (HierarchySim::Resource const& resource : copy.above.resources) {
            std::uint64_t bits = std::uint64_t{resource.runs} | resource.failed << 1;
            unsigned place = 2;
            for (ResourceFaults const& faults : resource.faults) {
                for (bool const fails : {faults.start, faults.stop, faults.recovery})
                    bits |= std::uint64_t{fails} << place++;
            }
            add(bits);
        }
        add(copy.disk.print([](SimDisk const& disk) {
            return hash_words(of_image(disk.image()), disk.fingerprint());
        }));
        add(copy.store.print([](StableStore const& s) { return s.fingerprint(); }));
        if (copy.kept_by != copy.slot) add(copy.kept_by.value);
    }
}

}  // namespace

Fingerprint World::print(Connection const& link, unsigned e) {
    End const& end = link.ends[e];
    Hasher hasher;
    hasher.add(std::uint64_t{end.up} | std::uint64_t{end.life == link.life} << 1 |
               std::uint64_t{end.scheduled} << 2 | std::uint64_t{end.orphaned} << 3 |
               std::uint64_t{end.half_open} << 4 |
               (end.damage ? static_cast<std::uint64_t>(*end.damage) + 1 : 0) << 5);
    for (InTransit const& item : end.inbound) {
        hasher.add(mix(item.life == link.life ? 1 : 0, of_item(item.what)));
    }
    return hasher.result();
}

void World::print(NodeSim const& node, std::vector<Fingerprint>& words) {
    add_node(node, [&](Fingerprint word) { words.push_back(word); });
}

/// An event by what it does, not by the place in which it waits.
Fingerprint World::fingerprint_of(Event const& event) const {
    Fingerprint what = event.what;
    if (event.kind == EventKind::disk_done) {
        DiskOp const& op =
            copy(NodeId{event.node}, GroupId{event.group})->disk->under_way(event.what);
        what = hash_words(static_cast<std::uint64_t>(op.kind), op.range.first, op.range.count,
                          op.payload.fingerprint());
    } else if (event.kind == EventKind::persist_done) {
        StableStore const& store = *copy(NodeId{event.node}, GroupId{event.group})->store;
        auto const& page = store.storing_page(event.what);
        what = page ? mix(page->peer.value, page->number) : 0;
    } else if (event.kind == EventKind::shot) {
        // Whether the shooter hears what became of it.
        what = mix(event.what, nodes_[event.node].life == event.token ? 1 : 0);
    } else if (event.kind == EventKind::confirmation || event.kind == EventKind::aim ||
               event.kind == EventKind::era_wait) {
        what = whom_of(event).value;  // of the present silence, or it would not count
    }
    return hash_words(static_cast<std::uint64_t>(event.kind), event.node, event.group, what);
}

Fingerprint World::fingerprint(Timing timing) const {
    Hasher hasher;
    for (NodeSim const& node : nodes_) add_node(node, [&](Fingerprint word) { hasher.add(word); });
    for (Cow<Connection> const& connection : connections_) {
        hasher.add(connection.print([](Connection const& link) {
            return hash_words(print(link, 0), print(link, 1), link.stalling);
        }));
    }
    for (Watcher const& watcher : watchers_) {
        hasher.add(std::uint64_t{watcher.watched} | std::uint64_t{watcher.audible} << 1 |
                   std::uint64_t{watcher.told} << 2);
        if (watcher.lost != 0) hasher.add(watcher.lost);
    }
    hasher.add(network_.fingerprint());
    // What is pending, and which of it has to wait for what.
    EventQueue::PendingList const all = effective();
    boost::container::small_vector<Fingerprint, 16> prints;
    boost::container::small_vector<Lasting, 16> lastings;  // asked once, not for each pair
    for (EventQueue::Pending const& one : all) {
        prints.push_back(fingerprint_of(one.event));
        lastings.push_back(lasting(one.event.kind));
    }
    Fingerprint pending = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        Fingerprint waits_for = 0;
        bool const waits = timing == Timing::by_duration && all[i].event.kind > last_io;
        for (std::size_t j = 0; waits && j < all.size(); ++j) {
            // That it waits for whatever is under way is a matter of course.
            bool const known = outlasts_all(all[i].event.kind, all[j].event.kind);
            bool const first =
                !known && all[j].begun_before(all[i]) && lastings[j].most <= lastings[i].least;
            if (first) waits_for += prints[j];
        }
        pending += mix(prints[i], waits_for);
    }
    hasher.add(pending);
    return hasher.result();
}

Fingerprint World::fingerprint_of_turns() const {
    EventQueue::PendingList io;
    for (EventQueue::Pending const& one : effective()) {
        if (one.event.kind <= last_io) io.push_back(one);
    }
    std::ranges::sort(io, [](EventQueue::Pending const& a, EventQueue::Pending const& b) {
        return a.begun_before(b);
    });
    Hasher hasher;
    for (EventQueue::Pending const& one : io) hasher.add(fingerprint_of(one.event));
    return hasher.result();
}

}  // namespace sunder::netsim
