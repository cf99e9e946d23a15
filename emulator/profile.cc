// SPDX-License-Identifier: BSD-3-Clause
//
// The profiles' figures. Where a limit is unknown it stands as the reference's working value.
#include "emulator/profile.h"

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
            .largest_volume = tebibytes(2),
            .volumes = 512,
            .multisnap_volumes = 8},
    Profile{.name = "eva-xcs5",
            .snapshots_per_source = 16,
            .snapshot_sizes = terabytes(15),
            .largest_volume = tebibytes(2),
            .volumes = 1024,
            .multisnap_volumes = 8},
    Profile{.name = "eva-xcs6",
            .snapshots_per_source = 16,
            .snapshot_sizes = terabytes(15),
            .largest_volume = tebibytes(2),
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

Profile const* find_profile(std::string_view name) {
    for (Profile const& profile : all) {
        if (profile.name == name) return &profile;
    }
    return nullptr;
}

}  // namespace sunder::emulator
