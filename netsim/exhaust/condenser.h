// SPDX-License-Identifier: BSD-3-Clause
//
// Takes worlds apart, puts them together again, and remembers what became of a part when something
// happened to it: an effect. What is remembered is what the world itself did, once, on a world made
// of these parts; nothing of what machines, disks and streams do is said here a second time. An
// effect is known by the part, the event with what it carries, and the backdrop; it is kept only
// where nothing else has changed, and so it holds whatever the other parts are.
//
// Parts are told from each other by all that is in them, names and counts too, but for time. So in
// a world that is put together again, what is under way may be due a little earlier or later. A
// search goes by what was begun first, and by how long things take at all.
//
// One of these belongs to one thread, with all that was condensed by it.
#pragma once

#include "netsim/exhaust/action.h"
#include "netsim/exhaust/condensed.h"
#include "netsim/exhaust/kept.h"
#include "netsim/exhaust/scene.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

namespace sunder::netsim {

/// What becomes of a part, and what follows from it elsewhere.
struct Effect {
    struct Begun {
        enum class What : std::uint8_t {
            event,    ///< something is under way from now on
            nothing,  ///< was begun, and called off at once
            sent,     ///< goes into a stream
            next,     ///< the next in the stream from which something was taken
        };
        What what = What::event;
        Event event;  ///< the delivery, where it may begin one
        Duration after;
        Fingerprint print = 0;
        std::uint8_t stream = 0;
        std::vector<Item const*> items;
    };
    bool known = false;  ///< else it changes more than that, and is to be tried each time
    bool confined = false;
    Part const* becomes = nullptr;
    std::vector<Begun> begun;     ///< in order
    std::uint8_t called_off = 0;  ///< kinds of timers, as bits
    std::uint8_t requests = 0;    ///< that were numbered
    std::uint8_t contents = 0;    ///< the same
    std::vector<Observation> seen;
};

class Condenser {
public:
    /// `careless`, for tests: it makes no difference to it what comes out of a stream.
    explicit Condenser(bool careless = false);
    Condenser(Condenser const&) = delete;
    Condenser& operator=(Condenser const&) = delete;
    ~Condenser();

    /// False when the world cannot be told by its parts.
    [[nodiscard]] bool condense(World const& world, Condensed& made);
    void restore(Condensed const& from, World& world) const;

    /// What is to be tried on a world has none: null.
    [[nodiscard]] Effect const* effect(Condensed const& from, Action const& action);
    /// `to`, which was `from`, after it.
    void happen(Effect const& effect, Action const& action, Condensed& to);

    /// True when they are the same but for when what is under way is due.
    [[nodiscard]] static bool same(Condensed const& a, Condensed const& b);
    /// As of the world itself.
    [[nodiscard]] static Fingerprint fingerprint(Condensed const& parts, Timing timing);
    [[nodiscard]] static Fingerprint fingerprint_of_turns(Condensed const& parts);
    /// Everything that could happen next by itself, as it was begun.
    static void list_events(Condensed const& parts, Timing timing, std::vector<Action>& all);
    /// What happens next by virtual time; nothing when all is at rest.
    [[nodiscard]] static std::optional<Action> next_by_time(Condensed const& parts);
    /// As World::spoken_out.
    [[nodiscard]] static bool spoken_out(Condensed const& parts, NodeId a, NodeId b);

    /// How much is kept, in parts.
    [[nodiscard]] std::size_t size() const { return parts_.size() + 16 * backdrops_.size(); }
    /// Forgets all but what is part of something that `visit_all(visit)` shows.
    template <class VisitAll>
    void forget_but(VisitAll&& visit_all) {
        visit_all([](Condensed const& needed) { mark(needed); });
        forget_unmarked();
    }

private:
    [[nodiscard]] static bool is_plain(NodeSim const& node);
    [[nodiscard]] bool is_whole(World const& world) const;
    [[nodiscard]] static bool is_over(World const& world, Event const& event);
    [[nodiscard]] Backdrop const* backdrop(World const& world);
    [[nodiscard]] static Fingerprint identity_of_rest(World const& world);
    /// `before`: what it was, or anything else that it may have in common with others.
    [[nodiscard]] Part const* part(NodeSim const& node, Part const* before);
    [[nodiscard]] Item const* item(InTransit const& what);
    [[nodiscard]] Stream const* stream(std::vector<Item const*> items);
    [[nodiscard]] static Fingerprint print(Stream const& stream);
    [[nodiscard]] Stream const* without_first(Stream const& stream);
    [[nodiscard]] Stream const* with(Stream const& stream, Item const* item);
    void learn(Condensed const& from, Action const& action, Effect& effect);
    [[nodiscard]] Action set_scene(Condensed const& from, Action const& action);
    [[nodiscard]] bool note_begun(Effect& effect, Action const& action);
    [[nodiscard]] bool is_local(Condensed const& from, NodeId node) const;
    static void mark(Condensed const& needed);
    void forget_unmarked();

    bool careless_;
    Kept<Part> parts_;
    Kept<Stream> streams_;
    Kept<Item> items_;
    Kept<Backdrop> backdrops_;
    std::unique_ptr<Network const> built_;  // nothing of it cut, nothing on its way
    std::deque<Effect> effects_;
    std::unique_ptr<World> scratch_;
    Backdrop const* scratch_is_like_ = nullptr;  // but for its parts, or null
    std::vector<Part const*> scratch_parts_;     // null where it has another one
};

}  // namespace sunder::netsim
