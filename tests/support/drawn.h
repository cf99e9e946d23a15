// SPDX-License-Identifier: BSD-3-Clause
//
// Any value of a type that has a format, drawn by RapidCheck along the format's list, so that no
// member is left as it is made; and whether two such values are the same in every member, where
// `==` compares pointers or leaves something out on purpose.
#pragma once

#include "nodes/message_format.h"
#include "replication/intent_log.h"

#include <rapidcheck.h>

#include <algorithm>

namespace sunder::test {

/// Numbers of every size: each bit length is as likely as any other.
template <class Number>
Number drawn_number() {
    unsigned const bits = *rc::gen::inRange(0U, static_cast<unsigned>(sizeof(Number) * 8 + 1));
    std::uint64_t const any = *rc::gen::arbitrary<std::uint64_t>();
    return static_cast<Number>(bits == 64 ? any : any & ((std::uint64_t{1} << bits) - 1));
}

inline Payload drawn_bytes(std::uint64_t sectors) {
    std::shared_ptr<std::byte> const room = Payload::room(sectors);
    std::uint64_t word = *rc::gen::arbitrary<std::uint64_t>();
    for (std::uint64_t at = 0; at < sectors * sector_bytes; at += sizeof word) {
        word = mix(word, at);
        std::memcpy(room.get() + at, &word, sizeof word);
    }
    return Payload::bytes(room, sectors);
}

/// Of so many sectors: bytes, a pattern, or pieces.
inline Payload drawn_payload(std::uint64_t sectors, bool bytes_too) {
    if (sectors == 0) return {};
    switch (*rc::gen::inRange(bytes_too ? 0 : 1, 4)) {
        case 0:
            return drawn_bytes(sectors);
        case 1:
            return Payload::zero(sectors);
        case 2:
            return Payload::pattern(sectors, *rc::gen::inRange<std::uint64_t>(1, 1U << 30),
                                    drawn_number<std::uint32_t>());
        default:  // foreign: what is drawn is below 4
            break;
    }
    std::vector<Piece> pieces;
    for (std::uint64_t left = sectors; left != 0;) {
        std::uint64_t const count = *rc::gen::inRange<std::uint64_t>(1, left + 1);
        std::uint64_t const id = *rc::gen::inRange<std::uint64_t>(0, 3);
        pieces.push_back({count, id, id == 0 ? 0 : drawn_number<std::uint64_t>()});
        left -= count;
    }
    return Payload::of(std::move(pieces));
}

inline replication::Bitmap drawn_bitmap() {
    std::uint64_t const size = *rc::gen::inRange<std::uint64_t>(0, 5000);
    replication::Bitmap bits(size);
    if (*rc::gen::inRange(0, 4) == 0) bits.set_all();
    if (size == 0) return bits;
    auto const runs = *rc::gen::resize(6, rc::gen::container<std::vector<std::uint64_t>>(
                                              rc::gen::inRange<std::uint64_t>(0, size)));
    for (std::uint64_t const first : runs) {
        bool const sets = *rc::gen::arbitrary<bool>();
        std::uint64_t const end = std::min(size, first + *rc::gen::inRange<std::uint64_t>(1, 700));
        for (std::uint64_t bit = first; bit < end; ++bit) sets ? bits.set(bit) : bits.reset(bit);
    }
    return bits;
}

template <class T>
T drawn();

/// Whatever an operator might have configured.
inline nodes::Hierarchy drawn_hierarchy() {
    nodes::Hierarchy made;
    int const edits = *rc::gen::inRange(0, 12);
    for (int i = 0; i < edits; ++i) {
        auto const id = [] { return ResourceId{*rc::gen::inRange<std::uint16_t>(0, 6)}; };
        auto const child = [&] {
            return *rc::gen::arbitrary<bool>() ? std::optional<ResourceId>(id()) : std::nullopt;
        };
        nodes::ProtectedResource resource = drawn<nodes::ProtectedResource>();
        resource.id = id();
        if (*rc::gen::inRange(0, 3) != 0) {
            made.create(resource);
            made.create_dependency({resource.id, child()});
        } else {
            made.remove(id());
        }
    }
    return made;
}

// What its members together have to be.
inline void mend(replication::Record& record) {
    record.range.count = *rc::gen::inRange<std::uint64_t>(0, 5);
    using Kind = replication::RecordKind;
    bool const carries = record.kind == Kind::write || record.kind == Kind::resync;
    record.payload = drawn_payload(record.range.count, carries);
}
inline void mend(replication::ReadReply& reply) {
    if (!reply.ok) reply.payload = {};
}
inline void mend(nodes::control::HierarchyIs& said) { said.stored.group = said.group; }
inline void mend(nodes::control::AskExtension& asked) { asked.next.group = asked.group; }
inline void mend(auto&) {}

template <class T>
void draw_into(T& into) {
    if constexpr (std::same_as<T, Payload>) {
        into = drawn_payload(*rc::gen::inRange<std::uint64_t>(0, 5), true);
    } else if constexpr (std::same_as<T, replication::Bitmap>) {
        into = drawn_bitmap();
    } else if constexpr (std::same_as<T, replication::Slot>) {
        into.value = *rc::gen::inRange<std::uint8_t>(0, replication::max_copies);
    } else if constexpr (std::same_as<T, nodes::NodeSet>) {
        for (NodeId const node : drawn<std::vector<NodeId>>()) into.insert(node);
    } else if constexpr (std::same_as<T, nodes::Hierarchy>) {
        into = drawn_hierarchy();
    } else if constexpr (std::same_as<T, Duration>) {
        into.ns = static_cast<std::int64_t>(drawn_number<std::uint64_t>());
    } else if constexpr (std::same_as<T, Extent>) {
        into = {drawn_number<std::uint64_t>() >> 1, drawn_number<std::uint64_t>() >> 1};
    } else if constexpr (detail::Fields<T>) {
        std::apply([&](auto const&... field) { (draw_into(into.*field.pointer), ...); },
                   Format<T>::fields);
        mend(into);
    } else if constexpr (detail::Enumerators<T>) {
        into = Format<T>::values[*rc::gen::inRange<std::size_t>(0, Format<T>::values.size())];
    } else if constexpr (detail::Alternatives<T>) {
        std::size_t const which = *rc::gen::inRange<std::size_t>(0, std::variant_size_v<T>);
        [&]<std::size_t... at>(std::index_sequence<at...>) {
            ((at == which ? draw_into(into.template emplace<at>()) : void()), ...);
        }(std::make_index_sequence<std::variant_size_v<T>>{});
    } else if constexpr (std::same_as<T, bool>) {
        into = *rc::gen::arbitrary<bool>();
    } else if constexpr (std::unsigned_integral<T>) {
        into = drawn_number<T>();
    } else if constexpr (detail::is_id_type<T>) {
        draw_into(into.value);
    } else if constexpr (detail::is_optional<T>) {
        if (*rc::gen::arbitrary<bool>()) draw_into(into.emplace());
    } else if constexpr (detail::is_shared<T>) {
        into = std::make_shared<typename T::element_type>(
            drawn<std::remove_const_t<typename T::element_type>>());
    } else if constexpr (detail::is_array<T>) {
        for (auto& item : into) draw_into(item);
    } else {
        std::size_t const most = detail::capacity_of<T> != 0 ? detail::capacity_of<T> : 4;
        std::size_t const count = *rc::gen::inRange<std::size_t>(0, most + 1);
        for (std::size_t i = 0; i < count; ++i) draw_into(into.emplace_back());
    }
}

template <class T>
T drawn() {
    T value{};
    draw_into(value);
    return value;
}

/// The same in every member that has a place in the format.
template <class T>
bool same(T const& a, T const& b) {
    if constexpr (detail::Fields<T>) {
        return std::apply(
            [&](auto const&... field) { return (same(a.*field.pointer, b.*field.pointer) && ...); },
            Format<T>::fields);
    } else if constexpr (detail::Alternatives<T>) {
        return a.index() == b.index() &&
               std::visit(
                   [&]<class Held>(Held const& held) { return same(held, std::get<Held>(b)); }, a);
    } else if constexpr (detail::is_optional<T> || detail::is_shared<T>) {
        return static_cast<bool>(a) == static_cast<bool>(b) && (!a || same(*a, *b));
    } else if constexpr (detail::is_array<T> || requires { a.begin(), a.size(); }) {
        return std::ranges::equal(
            a, b, [](auto const& one, auto const& other) { return same(one, other); });
    } else {
        return a == b;
    }
}

}  // namespace sunder::test
