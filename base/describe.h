// SPDX-License-Identifier: BSD-3-Clause
//
// Text of a value, from one description of its members: for traces, failed beliefs and messages of
// tests. A description that forgets a member does not compile. Formats on wires and media are not
// made here: renaming a member must not change them.
#pragma once

#include "base/ids.h"
#include "base/payload.h"
#include "base/units.h"

#include <fmt/format.h>
#include <boost/describe.hpp>
#include <boost/mp11.hpp>
#include <boost/pfr/tuple_size.hpp>
#include <concepts>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <type_traits>
#include <variant>

/// Describes a struct at namespace scope, all its members in order.
#define SUNDER_DESCRIBE(Type, ...)                                                                \
    BOOST_DESCRIBE_STRUCT(Type, (), (__VA_ARGS__))                                                \
    static_assert(                                                                                \
        boost::pfr::tuple_size_v<Type> ==                                                         \
            boost::mp11::mp_size<                                                                 \
                boost::describe::describe_members<Type, boost::describe::mod_any_access>>::value, \
        #Type ": a member is missing in its description")

namespace sunder {

BOOST_DESCRIBE_STRUCT(Extent, (), (first, count))
BOOST_DESCRIBE_STRUCT(Piece, (), (sectors, id, offset))

template <class T>
concept Described = boost::describe::has_describe_members<T>::value;

/// "{first=0 count=8}", "[1 2]", "none"; enumerators by their `name_of`, pointers by what they
/// hold, and whatever has an `in_text` by that.
template <class T>
std::string describe(T const& value);

namespace detail {

template <class T>
std::string describe_members(T const& value) {
    std::string text = "{";
    using Members = boost::describe::describe_members<T, boost::describe::mod_any_access>;
    boost::mp11::mp_for_each<Members>([&](auto member) {
        if (text.size() > 1) text += ' ';
        text += fmt::format("{}={}", member.name, describe(value.*member.pointer));
    });
    return text + "}";
}

template <class Range>
std::string describe_range(Range const& range) {
    std::string text = "[";
    for (auto const& item : range) {
        if (text.size() > 1) text += ' ';
        text += describe(item);
    }
    return text + "]";
}

inline std::string describe_payload(Payload const& payload) {
    if (payload.is_bytes()) return fmt::format("bytes*{}", payload.sectors());
    std::string text;
    payload.for_each([&](Piece const& piece) {
        if (!text.empty()) text += '+';
        text += piece.id == 0 ? fmt::format("zero*{}", piece.sectors)
                              : fmt::format("#{}@{}*{}", piece.id, piece.offset, piece.sectors);
    });
    return text.empty() ? "none" : text;
}

template <class T>
inline constexpr bool is_id = false;
template <class Tag, class Integer>
inline constexpr bool is_id<Id<Tag, Integer>> = true;

template <class T>
inline constexpr bool is_variant = false;
template <class... Alternatives>
inline constexpr bool is_variant<std::variant<Alternatives...>> = true;

}  // namespace detail

template <class T>
std::string describe(T const& value) {
    if constexpr (std::same_as<T, bool>) {
        return value ? "yes" : "no";
    } else if constexpr (std::is_enum_v<T>) {
        return std::string(name_of(value));
    } else if constexpr (std::integral<T>) {
        return fmt::format("{}", value);
    } else if constexpr (std::same_as<T, Duration>) {
        return to_text(value);
    } else if constexpr (std::same_as<T, Payload>) {
        return detail::describe_payload(value);
    } else if constexpr (requires { in_text(value); }) {
        return in_text(value);
    } else if constexpr (detail::is_id<T>) {
        return fmt::format("{}", value.value);
    } else if constexpr (detail::is_variant<T>) {
        return std::visit([](auto const& held) { return describe(held); }, value);
    } else if constexpr (Described<T>) {
        return detail::describe_members(value);
    } else if constexpr (std::convertible_to<T, std::string_view>) {
        return std::string(std::string_view(value));
    } else if constexpr (std::ranges::range<T>) {
        return detail::describe_range(value);
    } else {
        // A pointer or an optional.
        return value ? describe(*value) : "none";
    }
}

}  // namespace sunder
