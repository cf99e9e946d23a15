// SPDX-License-Identifier: BSD-3-Clause
//
// By what two node machines are told apart: all that may make a difference to what they do, and no
// counts that only have to be told from those that come, because equal states must meet in a
// search.
#include "nodes/node_machine.h"

namespace sunder::nodes {

Fingerprint NodeMachine::fingerprint() const {
    Hasher hasher;
    hasher.add(members_.fingerprint());
    hasher.add(std::uint64_t{continues_} | std::uint64_t{stands_down_} << 1);
    for (std::size_t r = 0; r < resources_.size(); ++r) hasher.add(fingerprint_of(r));
    return hasher.result();
}

Fingerprint NodeMachine::fingerprint_of(std::size_t r) const {
    Hasher hasher;
    Resource const& resource = resources_[r];
    hasher.add(resource.state.index());
    if (auto const* promoting = std::get_if<resource::Promoting>(&resource.state)) {
        hasher.add(hash_words(promoting->era.number, promoting->forced, promoting->commanded,
                              promoting->awaits | promoting->overdue << 8));
        hasher.add(promoting->handed_over);
    } else if (auto const* conceding = std::get_if<resource::Conceding>(&resource.state)) {
        // Counts only have to be told from those that come.
        bool const done = resource.report.conceded != conceding->conceded;
        hasher.add(hash_words(conceding->winner.value, conceding->served, conceding->commanded,
                              std::uint64_t{done} | std::uint64_t{conceding->granted} << 1));
    } else if (auto const* leaving = std::get_if<resource::Leaving>(&resource.state)) {
        hasher.add(hash_words(leaving->for_peer ? leaving->for_peer->value + 1U : 0U,
                              resource.report.stayed != leaving->stayed, leaving->waits,
                              leaving->regardless));
    } else if (auto const* taking = std::get_if<resource::TakingOver>(&resource.state)) {
        hasher.add(taking->source.value << 1 | taking->admin.has_value());
    }
    // What peers were told counts while it is not what they would be told now.
    hasher.add(told_all(r) ? 0 : sunder::nodes::fingerprint(ControlMessage{resource.told}));
    hasher.add(resource.report.cell ? resource.report.cell->fingerprint() : 0);
    hasher.add(std::uint64_t{resource.report.open} | std::uint64_t{resource.report.passing} << 1 |
               static_cast<std::uint64_t>(resource.report.copy) << 8 |
               std::uint64_t{resource.report.refused.number} << 16 |
               std::uint64_t{resource.taken_out} << 48 |
               std::uint64_t{resource.taken_out_at} << 50 |
               std::uint64_t{resource.ordered.has_value()} << 49);
    hasher.add(
        hash_words(resource.report.unfit, resource.report.unrecorded, resource.report.next.id));
    hasher.add(fingerprint_of_changes(r));
    hasher.add(std::uint64_t{resource.above.up} | std::uint64_t{stands_free(r)} << 1 |
               std::uint64_t{resource.above.failed} << 2 |
               std::uint64_t{resource.raising.has_value()} << 3 |
               std::uint64_t{resource.awaits_other_server} << 4 |
               std::uint64_t{resource.asked_other_server} << 16 |
               (resource.asked ? resource.asked->value + 1ULL : 0ULL) << 8 |
               std::uint64_t{failures(r)} << 32);
    hasher.add(static_cast<std::uint64_t>(resource.gate) |
               std::uint64_t{config_->resources[r].automatic_switchback && resource.switched_back}
                   << 8 |
               std::uint64_t{resource.gave_back} << 9);
    hasher.add(resource.report.cell && resource.raised > resource.report.cell->era
                   ? resource.raised.number
                   : 0);
    for (std::uint8_t slot = 0; slot < config_->resources[r].members.size(); ++slot)
        hasher.add(fingerprint_of(r, Slot{slot}));
    return hasher.result();
}

/// What a peer said, and was told.
Fingerprint NodeMachine::fingerprint_of(std::size_t r, Slot peer) const {
    Hasher hasher;
    Resource const& resource = resources_[r];
    std::size_t const slot = peer.value;
    Known const& known = resource.known[slot];
    NodeId const node = config_->resources[r].members[slot];
    bool const other = node != config_->self;
    // What it said last counts only where it says nothing any more.
    bool const mute = other && members_.mute(node);
    bool const counts = mute && follows_unasked(r, peer);
    if (mute && !counts && resource.led[slot]) hasher.add(resource.led[slot]->number);
    hasher.add(known.cell ? known.cell->fingerprint() : 0);
    hasher.add(std::uint64_t{known.in_service} | std::uint64_t{known.taking_over} << 1 |
               std::uint64_t{resource.split_noted[slot]} << 2 |
               std::uint64_t{resource.report.split[slot]} << 3 |
               static_cast<std::uint64_t>(resource.report.legs[slot]) << 4 |
               std::uint64_t{known.conceding} << 8 | std::uint64_t{known.fit} << 9 |
               (known.source ? known.source->value + 1ULL : 0ULL) << 10 |
               std::uint64_t{resource.era_asked[slot].number} << 16);
    hasher.add(known.told_outdated.id);
    hasher.add(resource.outdated_for[slot].id);
    hasher.add(std::uint64_t{resource.asked_to_take_over[slot]} |
               std::uint64_t{resource.told_dead[slot]} << 32 | std::uint64_t{counts} << 33);
    return hasher.result();
}

}  // namespace sunder::nodes
