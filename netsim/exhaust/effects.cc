// SPDX-License-Identifier: BSD-3-Clause
//
// What becomes of a part: found where it was seen before, or seen once on a world that is made of
// the parts, with nothing in its streams, so that what is new in them is what was sent.
#include "base/verify.h"
#include "netsim/exhaust/condenser.h"

#include <algorithm>

namespace sunder::netsim {

namespace {

constexpr std::uint32_t first_begun = 1;  ///< by order, in a scene
/// When scenes are played: later than anything that a search gets to, so that what is begun there
/// takes as long as it does where nothing went before.
constexpr Duration late = hours(1'000'000);

NodeId node_of(Action const& action) {
    return action.kind == Action::Kind::event ? NodeId{action.event.event.node} : action.node;
}

bool is_delivery(Action const& action) {
    return action.kind == Action::Kind::event && action.event.event.kind == EventKind::deliver;
}

/// What happens, with all that the part does not know of it.
Fingerprint name_of(Condensed const& from, Action const& action, bool careless) {
    Event const& event = action.event.event;
    if (is_delivery(action)) {
        Item const& item = *from.streams[event.what]->items.front();
        return hash_words(1, event.what, careless ? 0 : item.identity, from.backdrop->identity);
    }
    if (action.kind == Action::Kind::event) {
        return hash_words(2, static_cast<std::uint64_t>(event.kind), event.group, event.what,
                          from.backdrop->identity);
    }
    return hash_words(3, static_cast<std::uint64_t>(action.kind), action.where, from.next_request,
                      from.next_content, from.backdrop->identity);
}

std::uint8_t bit_of(EventKind timer) {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(timer));
}

}  // namespace

Effect const* Condenser::effect(Condensed const& from, Action const& action) {
    bool const event = action.kind == Action::Kind::event;
    if (!event && agent_of(action.kind) != Agent::host) return nullptr;
    Part const& part = *from.parts[node_of(action).value];
    Fingerprint const name = name_of(from, action, careless_);
    Effect const* found = nullptr;
    for (auto const& [known, effect] : part.effects) {
        if (known == name) found = effect;
    }
    if (found == nullptr) {
        Effect& made = effects_.emplace_back();
        learn(from, action, made);
        part.effects.emplace_back(name, &made);
        found = &made;
    }
    bool const fits = from.under_way.size() + found->begun.size() <= from.under_way.capacity();
    return found->known && fits ? found : nullptr;
}

void Condenser::happen(Effect const& effect, Action const& action, Condensed& to) {
    NodeId const node = node_of(action);
    if (action.kind == Action::Kind::event) {
        Event const& event = action.event.event;
        auto const chosen = std::ranges::find(to.under_way, action.event.order, &UnderWay::order);
        VERIFY(chosen != to.under_way.end());
        to.now = std::max(to.now, chosen->due);
        to.under_way.erase(chosen);
        if (event.kind == EventKind::deliver)
            to.streams[event.what] = without_first(*to.streams[event.what]);
    }
    if (effect.called_off != 0) {
        auto const gone = std::ranges::remove_if(to.under_way, [&](UnderWay const& one) {
            return one.event.node == node.value && one.event.kind > last_io &&
                   (effect.called_off & bit_of(one.event.kind)) != 0;
        });
        to.under_way.erase(gone.begin(), gone.end());
    }
    to.parts[node.value] = effect.becomes;
    for (Effect::Begun const& begun : effect.begun) {
        using What = Effect::Begun::What;
        bool begins = begun.what != What::nothing;
        if (begun.what == What::nothing) {
            ++to.next_order;
        } else if (begun.what == What::sent) {
            Stream const*& stream = to.streams[begun.stream];
            begins = stream->items.empty();
            for (Item const* item : begun.items) stream = with(*stream, item);
        } else if (begun.what == What::next) {
            begins = !to.streams[begun.stream]->items.empty();
        }
        if (begins)
            to.under_way.push_back(
                {begun.event, to.next_order++, begun.print, to.now + begun.after});
    }
    to.next_request += effect.requests;
    to.next_content += effect.contents;
    to.confined = effect.confined;
}

/// A world in which nothing is under way but what is to happen. What is taken from a stream has its
/// like behind it, so that it shows when the next one begins to arrive.
Action Condenser::set_scene(Condensed const& from, Action const& action) {
    if (scratch_ == nullptr) scratch_ = std::make_unique<World>(from.backdrop->world);
    World& world = *scratch_;
    // What was local has changed nothing else that matters.
    if (scratch_is_like_ != from.backdrop) {
        world = from.backdrop->world;
        scratch_parts_.assign(from.parts.size(), nullptr);
    }
    scratch_is_like_ = nullptr;
    for (std::size_t n = 0; n < from.parts.size(); ++n) {
        if (scratch_parts_[n] == from.parts[n]) continue;
        world.nodes_[n] = from.parts[n]->node;
        scratch_parts_[n] = from.parts[n];
    }
    scratch_parts_[node_of(action).value] = nullptr;
    world.network_ = from.backdrop->world.network_;
    world.queue_.clear();
    for (Cow<Connection>& connection : world.connections_) {
        for (unsigned e = 0; e < 2; ++e) {
            if (connection->ends[e].inbound.empty()) continue;
            End& end = connection.edit().ends[e];
            end.inbound.clear();
            end.scheduled = false;
        }
    }
    world.next_request_ = from.next_request;
    world.next_content_ = from.next_content;
    world.now_ = late;
    if (is_delivery(action)) {
        std::uint32_t const s = action.event.event.what;
        End& end = world.connections_[s / 2].edit().ends[s % 2];
        end.scheduled = true;
        InTransit what = from.streams[s]->items.front()->what;
        what.arrival = late;
        end.inbound.push_back(what);
        end.inbound.push_back(std::move(what));
    }
    Action here = action;
    if (action.kind == Action::Kind::event) {
        world.queue_.number_from(first_begun - 1);
        world.queue_.push(late, action.event.event);
        world.queue_.for_each_pending(
            [&](EventQueue::Pending const& pending) { here.event = pending; });
    }
    world.queue_.number_from(first_begun);
    return here;
}

bool Condenser::is_local(Condensed const& from, NodeId node) const {
    World const& world = *scratch_;
    if (!is_whole(world) || identity_of_rest(world) != from.backdrop->identity) return false;
    for (std::size_t n = 0; n < world.nodes_.size(); ++n) {
        NodeSim const& before = from.parts[n]->node;
        NodeSim const& after = world.nodes_[n];
        if (n == node.value) continue;
        if (&*before.machine != &*after.machine || before.life != after.life) return false;
        for (std::size_t c = 0; c < before.copies.size(); ++c) {
            CopySim const& one = before.copies[c];
            CopySim const& two = after.copies[c];
            bool const same = &*one.machine == &*two.machine && &*one.disk == &*two.disk &&
                              &*one.store == &*two.store && two.settle_token == 0 &&
                              two.pace_token == 0 && two.rest_token == 0;
            if (!same) return false;
        }
    }
    return true;
}

/// False when something was begun that is not of this node's machines.
bool Condenser::note_begun(Effect& effect, Action const& action) {
    World const& world = *scratch_;
    NodeId const node = node_of(action);
    EventQueue::PendingList all;
    world.queue_.for_each_pending(
        [&](EventQueue::Pending const& pending) { all.push_back(pending); });
    std::ranges::sort(all, {}, &EventQueue::Pending::order);
    std::size_t told = 0;  // streams of which the first that was sent is known
    for (EventQueue::Pending const& pending : all) {
        Effect::Begun& begun = effect.begun.emplace_back();
        begun.event = pending.event;
        begun.after = pending.due - world.now_;
        EventKind const kind = pending.event.kind;
        if (kind > last_of_machines) return false;
        if (kind == EventKind::deliver) {
            std::uint32_t const s = pending.event.what;
            bool const next = is_delivery(action) && action.event.event.what == s;
            auto const& inbound = world.connections_[s / 2]->ends[s % 2].inbound;
            begun.what = next ? Effect::Begun::What::next : Effect::Begun::What::sent;
            begun.stream = static_cast<std::uint8_t>(s);
            if (next && inbound.size() != 1) return false;
            for (InTransit const& what : inbound) {
                if (!next) begun.items.push_back(item(what));
            }
            if (!next) ++told;
        } else if (pending.event.node != node.value) {
            return false;
        } else if (!world.current(pending.event)) {
            begun.what = Effect::Begun::What::nothing;
        }
        if (begun.what != Effect::Begun::What::nothing)
            begun.print = world.fingerprint_of(begun.event);
        if (kind > last_io) begun.event.token = 0;
    }
    std::size_t filled = 0;
    for (std::size_t s = 0; s < 2 * world.connections_.size(); ++s) {
        bool const from = is_delivery(action) && action.event.event.what == s;
        filled += !from && !world.connections_[s / 2]->ends[s % 2].inbound.empty() ? 1 : 0;
    }
    return filled == told;
}

void Condenser::learn(Condensed const& from, Action const& action, Effect& effect) {
    NodeId const node = node_of(action);
    Amounts spent;
    Action const here = set_scene(from, action);
    World& world = *scratch_;
    perform(world, here, {}, spent);
    effect.known = is_local(from, node) && note_begun(effect, action);
    if (!effect.known) return;
    scratch_is_like_ = from.backdrop;
    NodeSim& after = world.nodes_[node.value];
    NodeSim const& before = from.parts[node.value]->node;
    for (std::size_t c = 0; c < after.copies.size(); ++c) {
        CopySim& copy = after.copies[c];
        if (&*copy.disk != &*before.copies[c].disk) copy.disk.edit().forget_times();
        if (copy.settle_token != 0) effect.called_off |= bit_of(EventKind::settle_timer);
        if (copy.pace_token != 0) effect.called_off |= bit_of(EventKind::pace_timer);
        if (copy.rest_token != 0) effect.called_off |= bit_of(EventKind::rest_timer);
    }
    effect.confined = world.confined();
    effect.becomes = part(after, from.parts[node.value]);
    effect.requests = static_cast<std::uint8_t>(world.next_request_ - from.next_request);
    effect.contents = static_cast<std::uint8_t>(world.next_content_ - from.next_content);
    world.take_observations(effect.seen);
}

}  // namespace sunder::netsim
