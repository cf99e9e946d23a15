// SPDX-License-Identifier: BSD-3-Clause
//
// The profiles' figures. Where a limit is unknown it stands as the reference's working value.
#include "emulator/profile.h"

#include "base/text.h"

#include <algorithm>
#include <array>

namespace sunder::emulator {

std::string_view name_of(Overcommit policy) {
    switch (policy) {
        case Overcommit::fail_writes:
            return "fail_writes";
        case Overcommit::invalidate_snapshots:
            return "invalidate_snapshots";
    }
    return "unknown";
}

namespace {

// Manuals' terabytes are decimal: 16 snapshots of up to 0.94 TB make 15 TB [EVA-2 p.441].
constexpr ByteCount terabytes(std::uint64_t n) { return {n * 1'000'000'000'000}; }
constexpr ByteCount tebibytes(std::uint64_t n) { return {n << 40}; }

constexpr std::array all{
    Profile{.name = "eva-vcs3",
            .snapshots_per_source = 7,
            .snapshot_sizes = {},
            .largest_volume = terabytes(2),
            .volumes = 512,
            .multisnap_volumes = 8},
    Profile{.name = "eva-xcs5",
            .snapshots_per_source = 16,
            .snapshot_sizes = terabytes(15),
            .largest_volume = terabytes(2),
            .volumes = 1024,
            .multisnap_volumes = 8},
    Profile{.name = "eva-xcs6",
            .snapshots_per_source = 16,
            .snapshot_sizes = terabytes(15),
            .largest_volume = terabytes(2),
            .volumes = 1024,
            .mirrorclones_per_source = 1,
            .multisnap_volumes = 8,
            .instant_restore = true},
    Profile{.name = "eva-p6000",
            .overcommit = Overcommit::invalidate_snapshots,
            .snapshots_per_source = 64,
            .snapshot_sizes = {},
            .largest_volume = tebibytes(32),
            .volumes = 2048,
            .mirrorclones_per_source = 1,
            .multisnap_volumes = 10,
            .snapclone_of_normalizing = true,
            .instant_restore = true,
            .vraid6 = true,
            .thin = true},
};

}  // namespace

std::span<Profile const> profiles() { return all; }

namespace {

constexpr std::array<std::string_view, 2> yes_or_no{"yes", "no"};
constexpr std::array policies{Overcommit::fail_writes, Overcommit::invalidate_snapshots};
constexpr std::array<std::string_view, 2> policy_names{"fail_writes", "invalidate_snapshots"};

constexpr std::array kinds{
    SwitchKind{"overcommit",
               "What happens when demand-allocated snapshots cannot grow (arrays A10): writes that "
               "would make them grow fail, or those that would have to grow are invalidated and "
               "the source goes on.",
               policy_names, nullptr},
    SwitchKind{"snapclone_of_normalizing",
               "What is normalizing still may be the source of a snapclone (arrays A4.6).",
               yes_or_no, &Profile::snapclone_of_normalizing},
    SwitchKind{"instant_restore", "A volume can be restored from its snapshot (arrays A9).",
               yes_or_no, &Profile::instant_restore},
    SwitchKind{"vraid6_above_vraid1",
               "For snapshots Vraid6 is the higher one of the two (arrays A2).", yes_or_no,
               &Profile::vraid6_above_vraid1},
    SwitchKind{"delete_while_unsharing",
               "A snapclone may be deleted before it is normalized (arrays A3).", yes_or_no,
               &Profile::delete_while_unsharing},
};

}  // namespace

std::span<SwitchKind const> switch_kinds() { return kinds; }

std::expected<void, std::string> set_switch(Profile& profile, Switch const& wanted) {
    auto const kind = std::ranges::find(kinds, wanted.name, &SwitchKind::name);
    if (kind == kinds.end()) {
        std::vector<std::string> known;
        for (SwitchKind const& one : kinds) known.emplace_back(one.name);
        return std::unexpected("there is no switch '" + wanted.name + "'; known: " + join(known));
    }
    auto const value = std::ranges::find(kind->values, wanted.value);
    auto const chosen = static_cast<std::size_t>(value - kind->values.begin());
    if (value == kind->values.end()) {
        return std::unexpected(wanted.name + ": expected " + std::string(kind->values[0]) + " or " +
                               std::string(kind->values[1]) + ", found '" + wanted.value + "'");
    }
    if (kind->place == nullptr) {
        profile.overcommit = policies.at(chosen);
    } else {
        profile.*kind->place = *value == "yes";
    }
    return {};
}

std::vector<Switch> switches_of(Profile const& profile) {
    std::vector<Switch> found;
    for (SwitchKind const& kind : kinds) {
        std::string_view value = name_of(profile.overcommit);
        if (kind.place != nullptr) value = profile.*kind.place ? "yes" : "no";
        found.push_back({std::string(kind.name), std::string(value)});
    }
    return found;
}

std::vector<Switch> switched(Profile const& profile) {
    std::vector<Switch> own = switches_of(profile);
    Profile const* const named = find_profile(profile.name);
    if (named == nullptr) return own;
    std::vector<Switch> const usual = switches_of(*named);
    std::erase_if(own, [&](Switch const& one) {
        return std::find(usual.begin(), usual.end(), one) != usual.end();
    });
    return own;
}

Profile const* find_profile(std::string_view name) {
    for (Profile const& profile : all) {
        if (profile.name == name) return &profile;
    }
    return nullptr;
}

}  // namespace sunder::emulator
