// SPDX-License-Identifier: BSD-3-Clause
//
// Control messages and hierarchies to bytes and back.
#include "nodes/wire.h"

#include "base/sealed.h"
#include "nodes/message_format.h"

#include <fmt/format.h>

namespace sunder {

using nodes::Dependency;
using nodes::EditRule;
using nodes::Hierarchy;
using nodes::NodeSet;
using nodes::ProtectedResource;

namespace {

constexpr unsigned most_nodes = 256;

/// So many things follow (u32); none after it was refused.
std::size_t count_of(Decoder& from, std::size_t most, char const* what) {
    std::size_t const at = from.from.at();
    std::size_t const count = from.from.u32();
    if (count > most) {
        from.refuse(at, fmt::format("has {} {}, at most {} would be right", count, what, most));
        return 0;
    }
    return from.failed() ? 0 : count;
}

}  // namespace

void Format<NodeSet>::write(Encoder& to, NodeSet const& value) {
    for (unsigned first = 0; first < most_nodes; first += 8) {
        unsigned bits = 0;
        for (unsigned i = 0; i < 8; ++i) {
            bool const there = value.contains(NodeId{static_cast<std::uint8_t>(first + i)});
            bits |= there ? 1U << i : 0;
        }
        to.to.u8(static_cast<std::uint8_t>(bits));
    }
}

void Format<NodeSet>::read(Decoder& from, NodeSet& into) {
    for (unsigned first = 0; first < most_nodes; first += 8) {
        unsigned const bits = from.from.u8();
        for (unsigned i = 0; i < 8; ++i) {
            if ((bits >> i & 1) != 0) into.insert(NodeId{static_cast<std::uint8_t>(first + i)});
        }
    }
}

void Format<Hierarchy>::write(Encoder& to, Hierarchy const& value) {
    VERIFY(value.resources().size() <= most_resources);
    VERIFY(value.dependencies().size() <= most_dependencies);
    to.to.u32(static_cast<std::uint32_t>(value.resources().size()));
    for (ProtectedResource const& one : value.resources()) to.put(one);
    to.to.u32(static_cast<std::uint32_t>(value.dependencies().size()));
    for (Dependency const& one : value.dependencies()) to.put(one);
}

void Format<Hierarchy>::read(Decoder& from, Hierarchy& into) {
    auto const change = [&]<class Part>(char const* name, Part part, auto const& make) {
        std::size_t const at = from.from.at();
        from.get(name, part);
        if (from.failed()) return;
        EditRule const rule = make(part);
        if (rule != EditRule::granted)
            from.refuse(at, fmt::format("has a {} that cannot be: {}", name, text_of(rule).words));
    };
    std::size_t const resources = count_of(from, most_resources, "resources");
    for (std::size_t i = 0; i < resources && !from.failed(); ++i) {
        change("resource", ProtectedResource{},
               [&](ProtectedResource const& one) { return into.create(one); });
    }
    std::size_t const dependencies = count_of(from, most_dependencies, "dependencies");
    for (std::size_t i = 0; i < dependencies && !from.failed(); ++i) {
        change("dependency", Dependency{},
               [&](Dependency const& one) { return into.create_dependency(one); });
    }
}

namespace nodes {

namespace {

constexpr Seal hierarchy_seal{"SunTree.", "a stored hierarchy", 2};

std::string flaw_of_mirrors(GroupId said, GroupId stored) {
    if (said == stored) return "";
    return fmt::format("is about mirror {}, but what it holds stands on mirror {}", said.value,
                       stored.value);
}

}  // namespace

std::string control::flaw_of(HierarchyIs const& said) {
    return flaw_of_mirrors(said.group, said.stored.group);
}
std::string control::flaw_of(AskExtension const& asked) {
    return flaw_of_mirrors(asked.group, asked.next.group);
}

void encode(ControlMessage const& message, ByteWriter& to) {
    to.u8(control_version);
    Encoder(to).put(message);
}

std::expected<ControlMessage, std::string> decode_control(std::span<std::byte const> bytes) {
    ByteReader from(bytes);
    Decoder decoder(from);
    decoder.version(control_version);
    ControlMessage message;
    decoder.get("message", message);
    return decoder.finish(std::move(message));
}

std::vector<std::byte> encode_hierarchy(StoredHierarchy const& stored) {
    std::vector<std::byte> contents;
    ByteWriter to(contents);
    Encoder(to).put(stored);
    return seal(hierarchy_seal, contents);
}

std::expected<StoredHierarchy, std::string> decode_hierarchy(std::span<std::byte const> stored) {
    auto const contents = unseal(hierarchy_seal, stored);
    if (!contents) return std::unexpected(contents.error());
    ByteReader from(*contents);
    Decoder decoder(from);
    StoredHierarchy hierarchy;
    decoder.get("hierarchy", hierarchy);
    return decoder.finish(std::move(hierarchy));
}

}  // namespace nodes

}  // namespace sunder
