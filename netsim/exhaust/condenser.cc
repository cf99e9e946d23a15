// SPDX-License-Identifier: BSD-3-Clause
//
// Taking apart, putting together, and what parts look like from outside.
#include "netsim/exhaust/condenser.h"

#include "base/print.h"

#include <algorithm>
#include <limits>

namespace sunder::netsim {

namespace {

constexpr Duration never_arrives{std::numeric_limits<std::int64_t>::max()};
constexpr std::uint64_t most_sectors = Part::OfCopy::most_blocks;

}  // namespace

Condenser::Condenser(bool careless) : careless_(careless) {}
Condenser::~Condenser() = default;

bool Scene::spoken_out(NodeId a, NodeId b) const {
    return parts_ != nullptr ? Condenser::spoken_out(*parts_, a, b) : world_->spoken_out(a, b);
}

bool Condenser::spoken_out(Condensed const& parts, NodeId a, NodeId b) {
    for (NodeId const node : {a, b}) {
        for (CopySim const& copy : parts.parts[node.value]->node.copies) {
            if (!copy.disk->idle() || !copy.store->idle()) return false;
        }
    }
    std::size_t const c = parts.backdrop->world.connection_between(a, b, std::nullopt);
    return parts.streams[2 * c]->items.empty() && parts.streams[2 * c + 1]->items.empty();
}

bool Condenser::is_plain(NodeSim const& node) {
    bool const runs = node.up() && !node.paused && !node.memory_full && node.clock == 100;
    bool const owes =
        !node.hung.empty() || !node.unread.empty() || !node.held.empty() || !node.deferred.empty();
    bool const shared = !node.shares.empty() || node.reserved || node.in_service;
    if (!runs || owes || shared || node.shots_miss || node.copies.size() > 1) return false;
    return std::ranges::all_of(node.copies, [](CopySim const& copy) {
        HierarchySim const& above = copy.above;
        bool const bare = !above.machine && above.stored.version == 0 && above.stored.created &&
                          above.storing.empty() && above.resources.empty();
        return bare && copy.machine && copy.disk->plain() &&
               copy.disk->image().sectors() <= most_sectors;
    });
}

/// True when all nodes run, and whatever connects them is as good as it was built.
bool Condenser::is_whole(World const& world) const {
    if (world.arrays_ || world.tracer || !world.locals_.empty()) return false;
    if (world.nodes_.size() > Condensed::most_nodes) return false;
    if (world.connections_.size() > Condensed::most_streams) return false;
    if (!std::ranges::all_of(world.nodes_, is_plain)) return false;
    if (world.network_.fingerprint() != built_->fingerprint()) return false;
    auto const steady = [](World::Watcher const& watch) { return watch.lost == 0; };
    if (!std::ranges::all_of(world.watchers_, steady)) return false;
    return std::ranges::all_of(world.connections_, [&](Cow<Connection> const& connection) {
        Connection const& link = *connection;
        bool good = !link.stalling;
        for (unsigned e = 0; e < 2; ++e) {
            End const& end = link.ends[e];
            good = good && end.up && end.life == link.life && !end.orphaned && !end.half_open &&
                   !end.damage && end.scheduled != end.inbound.empty();
            for (InTransit const& item : end.inbound) {
                good = good && item.life == link.life && item.arrival != never_arrives;
            }
        }
        return good;
    });
}

/// True when nothing comes of it, now or later: it was called off, or is of an earlier life.
bool Condenser::is_over(World const& world, Event const& event) {
    switch (event.kind) {
        case EventKind::deliver:
        case EventKind::settle_timer:
        case EventKind::pace_timer:
        case EventKind::rest_timer:
        case EventKind::disk_done:
        case EventKind::persist_done:
            return !world.current(event);
        case EventKind::heard:
        case EventKind::silent:
            return world.watcher(event).token != event.token;
        case EventKind::stall_timeout:
            return world.connections_[event.what]->stall_token != event.token;
        case EventKind::try_connect:
            return world.connections_[event.what]->connect_token != event.token;
        case EventKind::boot:
        case EventKind::boot_wait:
        case EventKind::confirmation:
        case EventKind::aim:
        case EventKind::era_wait:
        case EventKind::resource_done:
        case EventKind::edit_done:
        case EventKind::stop:
        case EventKind::fenced:
        case EventKind::health_check:
            return world.nodes_[event.node].life != event.token;
        case EventKind::shot:
        case EventKind::alarm:
        case EventKind::array:
            break;
    }
    return false;
}

Fingerprint Condenser::identity_of_rest(World const& world) {
    Hasher hasher;
    for (Cow<Connection> const& connection : world.connections_) {
        Connection const& link = *connection;
        hasher.add(hash_words(link.life.value, link.stall_token, link.connect_token,
                              link.ends[0].token, link.ends[1].token, link.ends[0].life.value,
                              link.ends[1].life.value));
    }
    for (World::Watcher const& watch : world.watchers_) {
        hasher.add(std::uint64_t{watch.watched} | std::uint64_t{watch.audible} << 1 |
                   std::uint64_t{watch.told} << 2 | std::uint64_t{watch.token} << 8);
    }
    hasher.add(world.network_.fingerprint());
    hasher.add(hash_words(world.next_life_, world.next_admin_, world.next_rotten_));
    return hasher.result();
}

Backdrop const* Condenser::backdrop(World const& world) {
    Fingerprint const identity = identity_of_rest(world);
    std::unique_ptr<Backdrop>& made = backdrops_[identity];
    if (made) return made.get();
    made = std::make_unique<Backdrop>(Backdrop{.world = world, .identity = identity, .words = {}});
    World& rest = made->world;
    rest.network_ = *built_;
    rest.queue_.clear();
    rest.observations_.clear();
    for (Cow<Connection>& connection : rest.connections_) {
        for (End& end : connection.edit().ends) {
            end.inbound.clear();
            end.scheduled = false;
        }
    }
    for (World::Watcher const& watch : world.watchers_) {
        made->words.push_back(std::uint64_t{watch.watched} | std::uint64_t{watch.audible} << 1 |
                              std::uint64_t{watch.told} << 2);
    }
    made->words.push_back(world.network_.fingerprint());
    for (unsigned longer = 0; longer < made->outlasted.size(); ++longer) {
        for (unsigned shorter = 0; shorter < made->outlasted.size(); ++shorter) {
            World::Lasting const one = world.lasting(static_cast<EventKind>(shorter));
            World::Lasting const other = world.lasting(static_cast<EventKind>(longer));
            if (one.most <= other.least) made->outlasted[longer] |= 1U << shorter;
        }
    }
    return made.get();
}

namespace {

/// What is asked of a copy in every state.
void note_content(CopySim const& copy, Part::OfCopy& of_copy) {
    replication::MirrorMachine const& machine = *copy.machine;
    of_copy.open = machine.open();
    of_copy.open_apart = machine.open_apart();
    of_copy.keeps_apart =
        std::ranges::any_of(machine.cell().peers, &replication::PeerRecord::paused);
    for (std::uint64_t block = 0; block < copy.disk->image().sectors(); ++block)
        of_copy.contents.push_back(copy.disk->image().at(block));
    for (std::uint8_t p = 0; p < copy.config->copies; ++p) {
        if (p == copy.slot.value) continue;
        auto const bits = [&](replication::Bitmap const& log) {
            unsigned all = 0;
            for (std::uint64_t block = 0; block < of_copy.contents.size(); ++block) {
                if (block < log.size() && log.test(block)) all |= 1U << block;
            }
            return static_cast<std::uint8_t>(all);
        };
        of_copy.named[p] = bits(machine.log().bits(replication::Slot{p}));
        of_copy.named_stably[p] = bits(machine.log().stable_bits(replication::Slot{p}));
    }
}

}  // namespace

Part const* Condenser::part(NodeSim const& node, Part const* before) {
    auto const identity = [](auto const& now, auto const& earlier, Fingerprint known) {
        return &*now == &*earlier ? known : now->identity();
    };
    NodeSim const& earlier = before != nullptr ? before->node : node;
    bool const same = before != nullptr && &*node.machine == &*earlier.machine;
    Fingerprint const of_machine = same ? before->identity_of_machine : node.machine->identity();
    Part::OfCopy of_copy;
    for (std::size_t c = 0; c < node.copies.size(); ++c) {
        CopySim const& copy = node.copies[c];
        if (before == nullptr) {
            of_copy.machine = copy.machine->identity();
            of_copy.disk = copy.disk->identity();
            of_copy.store = copy.store->identity();
            continue;
        }
        CopySim const& old = earlier.copies[c];
        of_copy.machine = identity(copy.machine, old.machine, before->of_copy.machine);
        of_copy.disk = identity(copy.disk, old.disk, before->of_copy.disk);
        of_copy.store = identity(copy.store, old.store, before->of_copy.store);
    }
    Fingerprint const all = hash_words(node.config->self.value, node.life, of_machine,
                                       of_copy.machine, of_copy.disk, of_copy.store);
    std::unique_ptr<Part>& place = parts_[all];
    if (place) return place.get();
    place = std::make_unique<Part>();
    place->node = node;
    place->identity = all;
    place->identity_of_machine = of_machine;
    for (CopySim& copy : place->node.copies) {
        copy.settle_token = copy.pace_token = copy.rest_token = 0;
        note_content(copy, of_copy);
    }
    place->of_copy = std::move(of_copy);
    std::vector<Fingerprint> words;
    World::print(place->node, words);
    for (Fingerprint const word : words) place->words.push_back(word);
    return place.get();
}

Item const* Condenser::item(InTransit const& what) {
    Printer all;
    all.add(what.life);
    all.add(what.bytes);
    all.add(what.what);
    std::unique_ptr<Item>& place = items_[all.result()];
    if (!place) {
        place = std::make_unique<Item>(Item{what, all.result()});
        place->what.arrival = {};
    }
    return place.get();
}

/// As one end of a world's connection that is as good as it was built.
Fingerprint Condenser::print(Stream const& stream) {
    Connection link;
    End& end = link.ends[0];
    end.up = true;
    end.scheduled = !stream.items.empty();
    for (Item const* item : stream.items) {
        end.inbound.push_back(item->what);
        link.life = end.life = item->what.life;
    }
    return World::print(link, 0);
}

Stream const* Condenser::stream(std::vector<Item const*> items) {
    Hasher hasher;
    for (Item const* item : items) hasher.add(item->identity);
    std::unique_ptr<Stream>& place = streams_[hasher.result()];
    if (!place) {
        place = std::make_unique<Stream>();
        place->items = std::move(items);
        place->identity = hasher.result();
        place->print = print(*place);
    }
    return place.get();
}

Stream const* Condenser::without_first(Stream const& whole) {
    if (whole.behind_first == nullptr) {
        whole.behind_first = stream({whole.items.begin() + 1, whole.items.end()});
    }
    return whole.behind_first;
}

Stream const* Condenser::with(Stream const& shorter, Item const* item) {
    for (auto const& [added, longer] : shorter.with) {
        if (added == item) return longer;
    }
    auto items = shorter.items;
    items.push_back(item);
    Stream const* const longer = stream(std::move(items));
    shorter.with.emplace_back(item, longer);
    return longer;
}

bool Condenser::condense(World const& world, Condensed& made) {
    if (built_ == nullptr) built_ = std::make_unique<Network const>(world.cluster());
    if (!is_whole(world)) return false;
    made.under_way.clear();
    bool fits = true;
    world.queue_.for_each_pending([&](EventQueue::Pending const& pending) {
        Event event = pending.event;
        if (!fits || is_over(world, event)) return;
        fits = event.kind <= last_of_machines && world.current(event) &&
               made.under_way.size() != made.under_way.capacity();
        if (!fits) return;
        Fingerprint const print = world.fingerprint_of(event);
        bool const timer = event.kind > last_io;
        if (timer) event.token = 0;  // as in every part
        made.under_way.push_back({event, pending.order, print, pending.due});
    });
    if (!fits) return false;
    made.next_order = world.queue_.next_order();
    std::ranges::sort(made.under_way, [](UnderWay const& a, UnderWay const& b) {
        return static_cast<std::int32_t>(a.order - b.order) < 0;
    });
    made.backdrop = backdrop(world);
    made.parts.clear();
    for (NodeSim const& node : world.nodes_) {
        NodeSim timeless = node;
        for (CopySim& copy : timeless.copies) copy.disk.edit().forget_times();
        made.parts.push_back(part(timeless, nullptr));
    }
    made.streams.clear();
    for (Cow<Connection> const& connection : world.connections_) {
        for (End const& end : connection->ends) {
            std::vector<Item const*> items;
            for (InTransit const& what : end.inbound) items.push_back(item(what));
            made.streams.push_back(stream(std::move(items)));
        }
    }
    made.next_request = world.next_request_;
    made.next_content = world.next_content_;
    made.now = world.now_;
    made.confined = world.confined_;
    return true;
}

void Condenser::restore(Condensed const& from, World& world) const {
    world = from.backdrop->world;
    for (std::size_t n = 0; n < from.parts.size(); ++n) world.nodes_[n] = from.parts[n]->node;
    for (std::size_t s = 0; s < from.streams.size(); ++s) {
        if (from.streams[s]->items.empty()) continue;
        End& end = world.connections_[s / 2].edit().ends[s % 2];
        end.scheduled = true;
        for (Item const* item : from.streams[s]->items) {
            end.inbound.push_back(item->what);
            end.inbound.end()[-1].arrival = from.now;
        }
    }
    for (UnderWay const& one : from.under_way) {
        world.queue_.number_from(one.order);
        world.queue_.push(one.due, one.event);
    }
    world.queue_.number_from(from.next_order);
    world.next_request_ = from.next_request;
    world.next_content_ = from.next_content;
    world.now_ = from.now;
    world.confined_ = from.confined;
}

bool Condenser::same(Condensed const& a, Condensed const& b) {
    auto const equal = [](UnderWay const& one, UnderWay const& other) {
        Event const& event = one.event;
        Event const& like = other.event;
        return event.kind == like.kind && event.node == like.node && event.group == like.group &&
               event.what == like.what && event.token == like.token && one.order == other.order &&
               one.print == other.print;
    };
    return a.backdrop == b.backdrop && a.parts == b.parts && a.streams == b.streams &&
           std::ranges::equal(a.under_way, b.under_way, equal) && a.next_order == b.next_order &&
           a.next_request == b.next_request && a.next_content == b.next_content &&
           a.confined == b.confined;
}

Fingerprint Condenser::fingerprint(Condensed const& parts, Timing timing) {
    Hasher hasher;
    for (Part const* part : parts.parts) {
        for (Fingerprint const word : part->words) hasher.add(word);
    }
    for (std::size_t s = 0; s < parts.streams.size(); s += 2) {
        hasher.add(hash_words(parts.streams[s]->print, parts.streams[s + 1]->print, 0));
    }
    for (Fingerprint const word : parts.backdrop->words) hasher.add(word);
    Fingerprint pending = 0;
    auto const& all = parts.under_way;
    for (std::size_t i = 0; i < all.size(); ++i) {
        Fingerprint waits_for = 0;
        if (timing == Timing::by_duration && all[i].event.kind > last_io) {
            for (std::size_t j = 0; j < i; ++j) {
                if (parts.backdrop->outlasts(all[i].event.kind, all[j].event.kind))
                    waits_for += all[j].print;
            }
        }
        pending += mix(all[i].print, waits_for);
    }
    hasher.add(pending);
    return hasher.result();
}

Fingerprint Condenser::fingerprint_of_turns(Condensed const& parts) {
    Hasher hasher;
    for (UnderWay const& one : parts.under_way) {
        if (one.event.kind <= last_io) hasher.add(one.print);
    }
    return hasher.result();
}

namespace {

/// The place is also that in the queue of a world that is put together again.
Action action_of(Condensed const& parts, std::size_t place) {
    UnderWay const& one = parts.under_way[place];
    auto const slot = static_cast<std::uint32_t>(place);
    return {Action::Kind::event, {}, 0, {one.due, one.order, slot, one.event}};
}

}  // namespace

void Condenser::list_events(Condensed const& parts, Timing timing, std::vector<Action>& all) {
    auto const& under_way = parts.under_way;
    for (std::size_t i = 0; i < under_way.size(); ++i) {
        EventKind const kind = under_way[i].event.kind;
        bool waits = false;
        if (timing == Timing::by_duration && kind > last_io) {
            for (std::size_t j = 0; j < i && !waits; ++j)
                waits = parts.backdrop->outlasts(kind, under_way[j].event.kind);
        }
        if (!waits) all.push_back(action_of(parts, i));
    }
}

std::optional<Action> Condenser::next_by_time(Condensed const& parts) {
    auto const next = std::ranges::min_element(parts.under_way, {}, &UnderWay::due);
    if (next == parts.under_way.end()) return std::nullopt;
    return action_of(parts, static_cast<std::size_t>(next - parts.under_way.begin()));
}

void Condenser::mark(Condensed const& needed) {
    needed.backdrop->marked = true;
    for (Part const* part : needed.parts) part->marked = true;
    for (Stream const* stream : needed.streams) {
        stream->marked = true;
        for (Item const* item : stream->items) item->marked = true;
    }
}

void Condenser::forget_unmarked() {
    auto const forget = [](auto& all) {
        all.forget_if([](auto const& one) { return !std::exchange(one.marked, false); });
    };
    effects_.clear();
    scratch_is_like_ = nullptr;
    forget(parts_);
    forget(streams_);
    forget(items_);
    forget(backdrops_);
    parts_.for_each([](Part const& part) { part.effects.clear(); });
    streams_.for_each([](Stream const& stream) {
        stream.behind_first = nullptr;
        stream.with.clear();
    });
}

}  // namespace sunder::netsim
