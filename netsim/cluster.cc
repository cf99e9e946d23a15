// SPDX-License-Identifier: BSD-3-Clause
//
// What follows from a mirror's setup for two of its copies, and from an array's for its profile.
#include "netsim/cluster.h"

#include "netsim/array_setup.h"

#include <algorithm>

namespace sunder::netsim {

Cluster::Cluster() = default;
Cluster::Cluster(Cluster const&) = default;
Cluster::Cluster(Cluster&&) noexcept = default;
Cluster& Cluster::operator=(Cluster const&) = default;
Cluster& Cluster::operator=(Cluster&&) noexcept = default;
Cluster::~Cluster() = default;
bool operator==(Cluster const&, Cluster const&) = default;

std::optional<emulator::Profile> profile_of(ArraySetup const& setup) {
    emulator::Profile const* const named = emulator::find_profile(setup.profile);
    if (named == nullptr) return std::nullopt;
    emulator::Profile own = *named;
    for (emulator::Switch const& one : setup.switches) {
        if (!emulator::set_switch(own, one)) return std::nullopt;
    }
    return own;
}

std::string_view name_of(Severed what) {
    switch (what) {
        case Severed::everything:
            return "everything";
        case Severed::heartbeats:
            return "heartbeats";
        case Severed::data:
            return "data";
    }
    return {};
}

std::string_view name_of(Damage how) {
    switch (how) {
        case Damage::flipped_bit:
            return "flipped bit";
        case Damage::cut_short:
            return "cut short";
    }
    return "";
}

bool MirrorSetup::is_asynchronous(std::size_t a, std::size_t b) const {
    auto const own = std::ranges::find_if(pairs, [&](PairSetup const& pair) {
        return (pair.a == a && pair.b == b) || (pair.a == b && pair.b == a);
    });
    return (own == pairs.end() ? mode : own->mode) == Mode::asynchronous;
}

bool MirrorSetup::has_asynchronous_pairs() const {
    for (std::size_t a = 0; a < on.size(); ++a) {
        for (std::size_t b = a + 1; b < on.size(); ++b) {
            if (is_asynchronous(a, b)) return true;
        }
    }
    return false;
}

}  // namespace sunder::netsim
