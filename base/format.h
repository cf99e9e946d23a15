// SPDX-License-Identifier: BSD-3-Clause
//
// Formats: which members of a value are written, in which order, by which numbers. A format is
// listed once, apart from the type, and read and written by that list, so that both agree; a list
// that forgets a member, an enumerator or an alternative does not compile. Names are for errors
// only: to rename something changes no format, to move it in its list does.
//
// Numbers are little-endian, negative ones as their two's complement; a flag is 0 or 1 (u8); an
// enumerator or an alternative is its place in its list (u8); what may be missing follows a flag; a
// row follows its length (u32, or u8 where it is bounded by its type).
#pragma once

#include "base/codec.h"
#include "base/format_fwd.h"
#include "base/ids.h"
#include "base/payload.h"
#include "base/units.h"
#include "base/verify.h"

#include <array>
#include <boost/container/small_vector.hpp>
#include <boost/container/static_vector.hpp>
#include <boost/pfr/tuple_size.hpp>
#include <boost/preprocessor/seq/for_each.hpp>
#include <boost/preprocessor/stringize.hpp>
#include <boost/preprocessor/variadic/to_seq.hpp>
#include <concepts>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace sunder {

// Format<T> is specialised for each type that has a format: by the macros below, or with
// `write(Encoder&, T const&)` and `read(Decoder&, T&)`.

/// Where bytes that hosts wrote are: behind what is written, where nobody has to copy them, or in
/// it.
enum class ContentIs : std::uint8_t { behind, inside };

class Encoder {
public:
    explicit Encoder(ByteWriter& into, ContentIs where = ContentIs::behind)
        : to(into), content(where) {}
    template <class T>
    void put(T const& value);

    ByteWriter& to;
    ContentIs content;
};

/// The first mistake is kept, with its place; after it every value is what it was made as.
class Decoder {
public:
    struct Limits {
        /// Of a set of chunks, which takes an eighth of that in bytes, however few are in it.
        std::uint64_t chunks = std::uint64_t{1} << 32;
    };
    explicit Decoder(ByteReader& of, ContentIs where = ContentIs::behind, Payload behind = {})
        : from(of), content(where), follows(std::move(behind)) {}

    /// The version of the format (u8), said first.
    void version(std::uint8_t known);
    template <class T>
    void get(char const* name, T& into);
    /// `why` goes on from the name of the value: "is 9, at most 5 would be right".
    void refuse(std::size_t at_byte, std::string const& why);
    [[nodiscard]] bool failed() const { return from.failed(); }
    /// Nothing may be left. The error is for people: what, at which byte, what would be right.
    template <class T>
    std::expected<T, std::string> finish(T&& value);

    ByteReader& from;
    ContentIs content;
    Payload follows;  ///< content that travelled behind; taken by the value that it belongs to
    Limits limits{};

private:
    template <class T>
    void read(T& into);
    /// Of nothing, and read into. Not by the optional that it goes to: where that was declared in a
    /// class that was not complete, clang holds that it cannot be made so.
    template <class T>
    T made() {
        T held{};
        read(held);
        return held;
    }
    [[nodiscard]] std::string path() const;

    boost::container::small_vector<char const*, 8> names_;
    std::string error_;
};

// ---- how formats are listed, inside of namespace sunder

template <class Type, class Member>
struct FormatField {
    char const* name;
    Member Type::* pointer;
};

template <class... Types>
struct FormatAlternatives {};

#define SUNDER_FORMAT_FIELD(r, Type, member) \
    , FormatField { BOOST_PP_STRINGIZE(member), &Type::member }
#define SUNDER_FORMAT_CASE(r, Type, name) \
    case Type::name:                      \
        return at(Type::name);
#define SUNDER_FORMAT_VALUE(r, Type, name) Type::name,

/// A struct: its members in the order in which they are written.
#define SUNDER_FORMAT(Type, ...)                                                                   \
    template <>                                                                                    \
    struct Format<Type> {                                                                          \
        static constexpr auto fields = std::tuple_cat(std::tuple<> {} __VA_OPT__(                  \
            , detail::fields_of(0 BOOST_PP_SEQ_FOR_EACH(SUNDER_FORMAT_FIELD, Type,                 \
                                                        BOOST_PP_VARIADIC_TO_SEQ(__VA_ARGS__))))); \
        static_assert(boost::pfr::tuple_size_v<Type> == std::tuple_size_v<decltype(fields)>,       \
                      #Type ": a member is missing in its format");                                \
    }

/// A class that keeps its members to itself and lets formats see them (base/format_fwd.h): all of
/// them, in the order in which they are declared, which is that in which they are written.
#define SUNDER_FORMAT_CLASS(Type, ...)                                            \
    template <>                                                                   \
    struct Format<Type> {                                                         \
        static constexpr auto fields = detail::fields_of(0 BOOST_PP_SEQ_FOR_EACH( \
            SUNDER_FORMAT_FIELD, Type, BOOST_PP_VARIADIC_TO_SEQ(__VA_ARGS__)));   \
        /* Compiles only when none is missing. */                                 \
        static constexpr std::size_t count(Type const& value) {                   \
            auto const& [__VA_ARGS__] = value;                                    \
            return std::tuple_size_v<decltype(std::tie(__VA_ARGS__))>;            \
        }                                                                         \
    }

#define SUNDER_FORMAT_VALUES(Type, other_cases, ...)                                             \
    template <>                                                                                  \
    struct Format<Type> {                                                                        \
        static constexpr std::array values{BOOST_PP_SEQ_FOR_EACH(                                \
            SUNDER_FORMAT_VALUE, Type, BOOST_PP_VARIADIC_TO_SEQ(__VA_ARGS__))};                  \
        static constexpr std::uint8_t at(Type value) { return detail::place_in(values, value); } \
        static constexpr std::uint8_t number(Type value) {                                       \
            switch (value) {                                                                     \
                BOOST_PP_SEQ_FOR_EACH(SUNDER_FORMAT_CASE, Type,                                  \
                                      BOOST_PP_VARIADIC_TO_SEQ(__VA_ARGS__))                     \
                other_cases                                                                      \
            }                                                                                    \
            VERIFY(!"a value that has a number");                                                \
            return 0;                                                                            \
        }                                                                                        \
    }

/// An enumeration: its enumerators by their numbers in the format, 0 first.
#define SUNDER_FORMAT_ENUM(Type, ...) SUNDER_FORMAT_VALUES(Type, , __VA_ARGS__)
/// One whose last enumerator only counts the others.
#define SUNDER_FORMAT_RULES(Type, ...) \
    SUNDER_FORMAT_VALUES(Type, case Type::last : break;, __VA_ARGS__)

/// One of several types, by their numbers in the format, 0 first. One that is held by a pointer is
/// written as what it points to.
#define SUNDER_FORMAT_VARIANT(Type, ...)                      \
    template <>                                               \
    struct Format<Type> {                                     \
        using Alternatives = FormatAlternatives<__VA_ARGS__>; \
    }

namespace detail {

template <class... Fields>
constexpr auto fields_of(int, Fields... fields) {
    return std::tuple{fields...};
}

template <class Values, class Value>
constexpr std::uint8_t place_in(Values const& values, Value value) {
    std::uint8_t at = 0;
    while (values[at] != value) ++at;
    return at;
}

/// The place of a type in a list.
template <class T, class... Types>
constexpr std::size_t place_of(FormatAlternatives<Types...>) {
    static_assert((std::same_as<T, Types> || ...), "an alternative is missing in its format");
    std::size_t at = 0;
    (void)((std::same_as<T, Types> || (++at, false)) || ...);
    return at;
}

template <class T>
concept Fields = requires { Format<T>::fields; };
template <class T>
concept Enumerators = requires { Format<T>::values; };
template <class T>
concept Alternatives = requires { typename Format<T>::Alternatives; };
template <class T>
concept ByItself = requires(Encoder& to, Decoder& from, T& value) {
    Format<T>::write(to, std::as_const(value));
    Format<T>::read(from, value);
};
/// What its members together cannot be; empty when they can.
template <class T>
concept Flawed = requires(T const& value) {
    { flaw_of(value) } -> std::convertible_to<std::string>;
};

template <class T>
inline constexpr bool is_id_type = false;
template <class Tag, class Integer>
inline constexpr bool is_id_type<Id<Tag, Integer>> = true;
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_shared = false;
template <class T>
inline constexpr bool is_shared<std::shared_ptr<T const>> = true;
template <class T>
inline constexpr bool is_array = false;
template <class T, std::size_t size>
inline constexpr bool is_array<std::array<T, size>> = true;
template <class T>
inline constexpr std::size_t capacity_of = 0;  // as many as there are bytes for
template <class T, std::size_t most>
inline constexpr std::size_t capacity_of<boost::container::static_vector<T, most>> = most;

template <class T>
auto made_of(std::type_identity<T>) -> T;
template <class T>
auto made_of(std::type_identity<std::shared_ptr<T const>>) -> T;

std::string number_refused(std::uint64_t found, std::size_t end);
std::string count_refused(std::uint64_t found, std::size_t most);

}  // namespace detail

template <class T>
void Encoder::put(T const& value) {
    if constexpr (detail::ByItself<T>) {
        Format<T>::write(*this, value);
    } else if constexpr (detail::Fields<T>) {
        std::apply([&](auto const&... field) { (put(value.*field.pointer), ...); },
                   Format<T>::fields);
    } else if constexpr (detail::Enumerators<T>) {
        to.u8(Format<T>::number(value));
    } else if constexpr (detail::Alternatives<T>) {
        std::visit(
            [&]<class Held>(Held const& held) {
                constexpr std::size_t place =
                    detail::place_of<Held>(typename Format<T>::Alternatives{});
                to.u8(static_cast<std::uint8_t>(place));
                if constexpr (detail::is_shared<Held>) {
                    VERIFY(held);
                    put(*held);
                } else {
                    put(held);
                }
            },
            value);
    } else if constexpr (std::same_as<T, bool>) {
        to.boolean(value);
    } else if constexpr (std::unsigned_integral<T>) {
        to.number(value);
    } else if constexpr (std::signed_integral<T>) {
        to.number(static_cast<std::make_unsigned_t<T>>(value));
    } else if constexpr (detail::is_id_type<T>) {
        to.number(value.value);
    } else if constexpr (detail::is_optional<T> || detail::is_shared<T>) {
        to.boolean(static_cast<bool>(value));
        if (value) put(*value);
    } else if constexpr (detail::is_array<T>) {
        for (auto const& item : value) put(item);
    } else {
        if constexpr (detail::capacity_of<T> != 0) {
            to.u8(static_cast<std::uint8_t>(value.size()));
        } else {
            to.u32(static_cast<std::uint32_t>(value.size()));
        }
        for (auto const& item : value) put(item);
    }
}

template <class T>
void Decoder::get(char const* name, T& into) {
    if (failed()) return;
    names_.push_back(name);
    std::size_t const at = from.at();
    read(into);
    if (failed() && error_.empty()) {
        refuse(at, "needs more bytes than there are");
    } else if constexpr (detail::Flawed<T>) {
        if (!failed()) {
            if (std::string const why = flaw_of(std::as_const(into)); !why.empty()) refuse(at, why);
        }
    }
    names_.pop_back();
}

template <class T>
void Decoder::read(T& into) {
    std::size_t const at = from.at();
    if constexpr (detail::ByItself<T>) {
        Format<T>::read(*this, into);
    } else if constexpr (detail::Fields<T>) {
        std::apply([&](auto const&... field) { (get(field.name, into.*field.pointer), ...); },
                   Format<T>::fields);
    } else if constexpr (detail::Enumerators<T>) {
        std::uint8_t const number = from.u8();
        if (failed()) return;
        constexpr auto const& values = Format<T>::values;
        if (number >= values.size())
            return refuse(at, detail::number_refused(number, values.size()));
        into = values[number];
    } else if constexpr (detail::Alternatives<T>) {
        std::uint8_t const number = from.u8();
        if (failed()) return;
        auto const any = [&]<class... Types>(FormatAlternatives<Types...>) {
            if (number >= sizeof...(Types))
                return refuse(at, detail::number_refused(number, sizeof...(Types)));
            std::size_t place = 0;
            auto const one = [&]<class Type>(std::type_identity<Type> type) {
                if (place++ != number) return;
                if constexpr (detail::is_shared<Type>) {
                    auto made = std::make_shared<decltype(detail::made_of(type))>();
                    get("", *made);
                    into = Type(std::move(made));
                } else {
                    get("", into.template emplace<Type>());
                }
            };
            (one(std::type_identity<Types>{}), ...);
        };
        any(typename Format<T>::Alternatives{});
    } else if constexpr (std::same_as<T, bool>) {
        std::uint8_t const number = from.u8();
        if (number > 1) return refuse(at, detail::number_refused(number, 2));
        into = number == 1;
    } else if constexpr (std::unsigned_integral<T>) {
        into = from.number<T>();
    } else if constexpr (std::signed_integral<T>) {
        into = static_cast<T>(from.number<std::make_unsigned_t<T>>());
    } else if constexpr (detail::is_id_type<T>) {
        into.value = from.number<decltype(into.value)>();
    } else if constexpr (detail::is_optional<T>) {
        bool there = false;
        get("is there", there);
        if (there && !failed()) into = made<typename T::value_type>();
    } else if constexpr (detail::is_shared<T>) {
        bool there = false;
        get("is there", there);
        if (!there || failed()) return;
        auto made = std::make_shared<std::remove_const_t<typename T::element_type>>();
        get("which", *made);
        into = std::move(made);
    } else if constexpr (detail::is_array<T>) {
        for (auto& item : into) get("item", item);
    } else {
        // No room is made in advance: a count that lies costs nothing.
        constexpr std::size_t most = detail::capacity_of<T>;
        std::size_t const count = most != 0 ? from.u8() : from.u32();
        if (failed()) return;
        std::size_t const end = most != 0 ? most : from.rest().size();
        if (count > end) return refuse(at, detail::count_refused(count, end));
        into.clear();
        for (std::size_t i = 0; i < count && !failed(); ++i) get("item", into.emplace_back());
    }
}

template <class T>
std::expected<T, std::string> Decoder::finish(T&& value) {
    if (!failed() && !from.at_end())
        refuse(from.at(),
               "would be the end, but " + std::to_string(from.rest().size()) + " bytes are left");
    if (!failed() && !follows.empty()) refuse(from.at(), "ends, and nothing says what follows it");
    if (failed()) return std::unexpected(error_);
    return std::forward<T>(value);
}

// ---- formats of base

SUNDER_FORMAT(Bandwidth, bits_per_second);

template <>
struct Format<Duration> {
    static void write(Encoder& to, Duration const& value) {
        to.to.u64(static_cast<std::uint64_t>(value.ns));
    }
    static void read(Decoder& from, Duration& into) {
        into.ns = static_cast<std::int64_t>(from.from.u64());
    }
};

SUNDER_FORMAT(Extent, first, count);
/// Empty when it ends where numbers do, or before.
std::string flaw_of(Extent const& range);

/// What holds bytes, zeroes and patterns: nothing (0), pieces (1: their number, and of each the
/// sectors, the pattern and where it begins), bytes that follow behind (2: sectors, u32), or bytes
/// (3: sectors, u32, and all of them).
template <>
struct Format<Payload> {
    static void write(Encoder& to, Payload const& value);
    static void read(Decoder& from, Payload& into);
};

}  // namespace sunder
