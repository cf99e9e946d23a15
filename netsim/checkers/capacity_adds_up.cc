// SPDX-License-Identifier: BSD-3-Clause
//
// The account of each disk group, made up from its volumes.
#include "netsim/checkers/capacity_adds_up.h"

#include "netsim/array_sim.h"

#include <fmt/format.h>

namespace sunder::netsim {

namespace {

namespace role = emulator::role;
using emulator::Vraid;

struct Account {
    std::uint64_t reserved = 0;   ///< raw bytes
    bool may_grow = false;        ///< something takes space as it is written, or gives it back
    std::uint64_t scattered = 0;  ///< places beyond one for each chunk of a family's first map
};

Account account_of(emulator::State const& state, emulator::DiskGroupId group) {
    Account account;
    for (auto const& [id, volume] : state.catalogue.volumes) {
        if (volume.group != group) continue;
        auto const* const snapshot = volume.as<role::Snapshot>();
        bool const grows = volume.thin || (snapshot != nullptr && snapshot->demand);
        account.may_grow = account.may_grow || grows || volume.leaving;
        if (!grows) account.reserved += emulator::raw_bytes(volume.chunks(), volume.vraid);
    }
    for (auto const& [id, family] : state.map.families()) {
        if (family.group != group) continue;
        std::uint64_t const mapped = state.map.member(family.members.front()).mapped;
        account.scattered += family.slots > mapped ? family.slots - mapped : 0;
        for (emulator::MapId const map : family.members) {
            account.may_grow = account.may_grow || state.map.member(map).dropped;
        }
    }
    return account;
}

}  // namespace

void CapacityAddsUp::on(View& view, seen::ArrayNoted const& noted) {
    auto const& what = noted.note->what;
    if (auto const* const answered = std::get_if<array_note::Answered>(&what)) {
        judge(view, noted.array, *answered);
    }
    bool const looks = std::holds_alternative<array_note::Commanded>(what) ||
                       std::holds_alternative<array_note::Entered>(what) ||
                       std::holds_alternative<array_note::Invalidated>(what) ||
                       std::holds_alternative<array_note::PoweredOn>(what);
    if (looks) add_up(view, noted.array);
}

void CapacityAddsUp::add_up(View& view, ArrayId array) {
    ArraySim const& sim = view.world.arrays().at(array);
    emulator::State const& state = sim.state();
    for (auto const& [id, group] : state.catalogue.groups) {
        if (group.failed) continue;
        emulator::Capacity const capacity = emulator::capacity_of(state, id);
        Account const account = account_of(state, id);
        std::uint64_t const holds = state.map.slots_used(id) * emulator::chunk_bytes;
        char const* wrong = nullptr;
        if (capacity.used > capacity.total) wrong = "more is in use than there is";
        if (capacity.used < account.reserved) wrong = "less is in use than its volumes reserve";
        // A plan that is open has taken places already.
        if (capacity.used > account.reserved && !account.may_grow && sim.at_rest()) {
            // A volume whose copies are gone may still lie in places that it shared with them.
            std::uint64_t const most = emulator::raw_bytes(account.scattered, Vraid::vraid1);
            bool const explained = capacity.used - account.reserved <= most;
            if (explained) view.findings.allowed(text.name, "scattered by copies that are gone");
            if (!explained)
                wrong = "more is in use than its volumes reserve, and none of them grows";
        }
        if (holds > capacity.used) wrong = "it holds more than is in use";
        if (wrong == nullptr) continue;
        view.violated(
            text, array,
            fmt::format("disk group {} of {}: {} ({} in use of {}, {} reserved, {} held)",
                        group.name, view.name(array), wrong, to_text(ByteCount{capacity.used}),
                        to_text(ByteCount{capacity.total}), to_text(ByteCount{account.reserved}),
                        to_text(ByteCount{holds})));
    }
}

void CapacityAddsUp::judge(View& view, ArrayId array, array_note::Answered const& answered) {
    bool const full = answered.refused == emulator::IoRule::copies_full ||
                      answered.refused == emulator::IoRule::group_full;
    if (!full) return;
    emulator::State const& state = view.world.arrays().at(array).state();
    bool grows = false;
    for (auto const& [id, volume] : state.catalogue.volumes) {
        auto const* const snapshot = volume.as<role::Snapshot>();
        grows = grows || volume.thin || (snapshot != nullptr && snapshot->demand);
    }
    if (grows) return;
    view.violated(text, array,
                  fmt::format("{} of {} is refused a write because there is no room, "
                              "though all space was reserved",
                              answered.request.volume, view.name(array)));
}

void CapacityAddsUp::finish(View& view) {
    for (std::uint16_t a = 0; a < view.world.cluster().arrays.size(); ++a) {
        add_up(view, ArrayId{a});
    }
}

}  // namespace sunder::netsim
