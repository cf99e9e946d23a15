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

struct YesOrNo {
    std::string_view name;
    bool Profile::* place;
};
constexpr std::array yes_or_no{
    YesOrNo{"snapclone_of_normalizing", &Profile::snapclone_of_normalizing},
    YesOrNo{"instant_restore", &Profile::instant_restore},
    YesOrNo{"vraid6_above_vraid1", &Profile::vraid6_above_vraid1},
    YesOrNo{"delete_while_unsharing", &Profile::delete_while_unsharing},
};
constexpr std::string_view overcommit = "overcommit";

}  // namespace

std::expected<void, std::string> set_switch(Profile& profile, Switch const& wanted) {
    if (wanted.name == overcommit) {
        for (auto const policy : {Overcommit::fail_writes, Overcommit::invalidate_snapshots}) {
            if (wanted.value != name_of(policy)) continue;
            profile.overcommit = policy;
            return {};
        }
        return std::unexpected("overcommit: expected fail_writes or invalidate_snapshots, found '" +
                               wanted.value + "'");
    }
    std::vector<std::string> known{std::string(overcommit)};
    for (auto const& one : yes_or_no) {
        known.emplace_back(one.name);
        if (one.name != wanted.name) continue;
        if (wanted.value != "yes" && wanted.value != "no") {
            return std::unexpected(wanted.name + ": expected yes or no, found '" + wanted.value +
                                   "'");
        }
        profile.*one.place = wanted.value == "yes";
        return {};
    }
    return std::unexpected("there is no switch '" + wanted.name + "'; known: " + join(known));
}

std::vector<Switch> switches_of(Profile const& profile) {
    std::vector<Switch> found{{std::string(overcommit), std::string(name_of(profile.overcommit))}};
    for (auto const& one : yes_or_no) {
        found.push_back({std::string(one.name), profile.*one.place ? "yes" : "no"});
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
