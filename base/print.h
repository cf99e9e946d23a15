// SPDX-License-Identifier: BSD-3-Clause
//
// The fingerprint of all that is in a value, member by member as it is declared: for telling
// whether two machines did the same. Nothing can be left out, and so nothing can be moved or added
// without every print becoming another: prints are compared within one build, or where the types
// are the same. What tells the states of a search apart is said where those are defined.
#pragma once

#include "base/checksum.h"
#include "base/hash.h"
#include "base/ids.h"
#include "base/payload.h"
#include "base/units.h"

#include <boost/pfr/core.hpp>
#include <concepts>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <variant>

namespace sunder {

class Printer {
public:
    template <class T>
    void add(T const& value);
    /// The members that are listed (the `fields` of a class's format, of which none can be
    /// missing), but for the configuration; of one that has an identity, that.
    template <class Config, class T, class Fields>
    void add_all_but(T const& value, Fields const& fields) {
        auto const add_one = [&](auto const& member) {
            using Member = std::remove_cvref_t<decltype(member)>;
            if constexpr (std::same_as<Member, std::shared_ptr<Config const>>)
                return;
            else if constexpr (requires { member.identity(); })
                add(member.identity());
            else
                add(member);
        };
        std::apply([&](auto const&... field) { (add_one(value.*field.pointer), ...); }, fields);
    }
    [[nodiscard]] Fingerprint result() const { return hasher_.result(); }

private:
    void add_bytes(std::span<std::byte const> bytes) {
        hasher_.add(bytes.size());
        hasher_.add(checksum({bytes}));
    }
    Hasher hasher_;
};

namespace detail {

template <class T>
concept Printed = requires(T const& value) {
    { value.fingerprint() } -> std::same_as<Fingerprint>;
};

}  // namespace detail

template <class T>
void Printer::add(T const& value) {
    if constexpr (std::same_as<T, Payload>) {
        if (value.is_bytes()) return add_bytes(value.as_bytes());
        hasher_.add(value.fingerprint());
    } else if constexpr (std::is_enum_v<T> || std::integral<T>) {
        hasher_.add(static_cast<std::uint64_t>(value));
    } else if constexpr (std::convertible_to<T, std::string_view>) {
        add_bytes(std::as_bytes(std::span(std::string_view(value))));
    } else if constexpr (requires { value.index(), value.valueless_by_exception(); }) {
        hasher_.add(value.index());
        std::visit([&](auto const& held) { add(held); }, value);
    } else if constexpr (std::ranges::range<T>) {
        hasher_.add(std::ranges::size(value));
        for (auto const& item : value) add(item);
    } else if constexpr (requires { value ? *value : *value; }) {
        hasher_.add(value ? 1 : 0);
        if (value) add(*value);
    } else if constexpr (std::is_aggregate_v<T>) {
        boost::pfr::for_each_field(value, [&](auto const& member) { add(member); });
    } else {
        static_assert(detail::Printed<T>, "it has no members, and no fingerprint of its own");
        hasher_.add(value.fingerprint());
    }
}

}  // namespace sunder
