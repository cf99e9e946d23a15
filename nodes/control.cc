// SPDX-License-Identifier: BSD-3-Clause
//
// What two nodes say to each other: names for displays, fingerprints for searches.
#include "nodes/seam.h"

#include <type_traits>

namespace sunder::nodes {

std::string_view name_of(ControlMessage const& message) {
    struct Name {
        std::string_view operator()(control::Hears const&) const { return "hears"; }
        std::string_view operator()(control::Claim const&) const { return "claim"; }
        std::string_view operator()(control::HierarchyIs const&) const { return "hierarchy_is"; }
        std::string_view operator()(control::AskExtension const&) const { return "ask_extension"; }
        std::string_view operator()(control::ExtensionRefused const&) const {
            return "extension_refused";
        }
        std::string_view operator()(control::SayAgain const&) const { return "say_again"; }
        std::string_view operator()(control::RaiseEra const&) const { return "raise_era"; }
        std::string_view operator()(control::EraStored const&) const { return "era_stored"; }
        std::string_view operator()(control::YouAreOutdated const&) const {
            return "you_are_outdated";
        }
        std::string_view operator()(control::OutdatedStored const&) const {
            return "outdated_stored";
        }
        std::string_view operator()(control::Concede const&) const { return "concede"; }
        std::string_view operator()(control::ConcedeAnswered const&) const {
            return "concede_answered";
        }
        std::string_view operator()(control::TakeOver const&) const { return "take_over"; }
        std::string_view operator()(control::TakeOverRefused const&) const {
            return "take_over_refused";
        }
        std::string_view operator()(control::SwitchBack const&) const { return "switch_back"; }
        std::string_view operator()(control::GiveUp const&) const { return "give_up"; }
        std::string_view operator()(control::GiveUpRefused const&) const {
            return "give_up_refused";
        }
    };
    return std::visit(Name{}, message);
}

Fingerprint StoredHierarchy::fingerprint() const {
    Hasher hasher;
    hasher.add(
        hash_words(version, era.number, era.node.value, extended, is ? is->fingerprint() : 0));
    for (std::uint16_t const one : priority) hasher.add(one);
    if (unmirrored) hasher.add(1);
    if (!created) hasher.add(2);
    return hasher.result();
}

GroupId group_of(ControlMessage const& message) {
    return std::visit(
        [](auto const& said) -> GroupId {
            if constexpr (std::is_same_v<decltype(said), control::Hears const&>)
                return {};
            else
                return said.group;
        },
        message);
}

Fingerprint fingerprint(ControlMessage const& message) {
    struct Print {
        Fingerprint operator()(control::Hears const& said) const {
            return mix(13, said.whom.fingerprint());
        }
        Fingerprint operator()(control::Claim const& said) const {
            return hash_words(1, said.cell ? said.cell->fingerprint() : 0, said.in_service,
                              said.taking_over,
                              std::uint64_t{said.conceding} | std::uint64_t{said.taken_out} << 1 |
                                  std::uint64_t{said.fit} << 2 |
                                  (said.source ? said.source->value + 1ULL : 0ULL) << 3);
        }
        Fingerprint operator()(control::HierarchyIs const& said) const {
            return mix(15, said.stored.fingerprint());
        }
        Fingerprint operator()(control::AskExtension const& said) const {
            return mix(16, said.next.fingerprint());
        }
        Fingerprint operator()(control::ExtensionRefused const& said) const {
            return hash_words(17, said.version, static_cast<std::uint64_t>(said.rule));
        }
        Fingerprint operator()(control::SayAgain const&) const { return 12; }
        Fingerprint operator()(control::RaiseEra const& said) const {
            return hash_words(2, said.era.number, said.era.node.value);
        }
        Fingerprint operator()(control::EraStored const& said) const {
            return hash_words(3, said.era.number, said.era.node.value);
        }
        Fingerprint operator()(control::YouAreOutdated const& said) const {
            return hash_words(4, said.by.id);
        }
        Fingerprint operator()(control::OutdatedStored const& said) const {
            return hash_words(5, said.by.id);
        }
        Fingerprint operator()(control::Concede const&) const { return 8; }
        Fingerprint operator()(control::ConcedeAnswered const& said) const {
            return hash_words(9, said.granted);
        }
        Fingerprint operator()(control::TakeOver const&) const { return 10; }
        Fingerprint operator()(control::TakeOverRefused const&) const { return 11; }
        Fingerprint operator()(control::SwitchBack const&) const { return 14; }
        Fingerprint operator()(control::GiveUp const&) const { return 6; }
        Fingerprint operator()(control::GiveUpRefused const& said) const {
            return hash_words(7, static_cast<std::uint64_t>(said.rule));
        }
    };
    return mix(group_of(message).value, std::visit(Print{}, message));
}

}  // namespace sunder::nodes
