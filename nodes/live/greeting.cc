// SPDX-License-Identifier: BSD-3-Clause
//
// Greetings to bytes and back, and who may talk to whom.
#include "nodes/live/greeting.h"

#include "base/verify.h"

#include <fmt/format.h>

#include <algorithm>

namespace sunder::live {

namespace {

bool is_name(std::string const& text) {
    return !text.empty() && text.size() <= most_name_bytes && std::ranges::all_of(text, [](char c) {
        bool const letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        return letter || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    });
}

}  // namespace

void encode(Greeting const& greeting, ByteWriter& to) {
    VERIFY(is_name(greeting.cluster) && is_name(greeting.from) && is_name(greeting.to));
    VERIFY(greeting.what.empty() || is_name(greeting.what));
    to.u16(greeting.protocol);
    to.text(greeting.cluster);
    to.text(greeting.from);
    to.text(greeting.to);
    to.text(greeting.what);
    to.u64(greeting.life);
    to.u8(greeting.compression);
    encode(greeting.agreed, to);
}

std::expected<Greeting, std::string> decode_greeting(std::span<std::byte const> bytes) {
    ByteReader from(bytes);
    std::string error;
    auto const refuse = [&](std::size_t at, std::string const& why) {
        if (error.empty()) error = fmt::format("byte {}: a greeting {}", at, why);
    };
    Greeting found;
    found.protocol = from.u16();
    // The rest of another version may be anything.
    if (!from.failed() && found.protocol != protocol_version) {
        return std::unexpected(
            fmt::format("byte 0: a greeting in protocol {}, this build speaks "
                        "protocol {}",
                        found.protocol, protocol_version));
    }
    auto const name = [&](char const* what, bool optional) {
        std::size_t const at = from.at();
        std::string text = from.text(most_name_bytes);
        bool const right = (optional && text.empty()) || is_name(text);
        if (from.failed() || !right) {
            refuse(at, fmt::format("whose {} is no name: 1 to {} letters, figures or ._- would be "
                                   "right",
                                   what, most_name_bytes));
        }
        return text;
    };
    found.cluster = name("cluster", false);
    found.from = name("speaker", false);
    found.to = name("hearer", false);
    found.what = name("mirror", true);
    std::size_t const at = from.at();
    found.life = from.u64();
    found.compression = from.u8();
    if (found.compression > 9)
        refuse(at,
               fmt::format("that wants zstd level {}, 0 to 9 would be right", found.compression));
    std::size_t const settings = from.at();
    auto agreed = decode_agreed(from);
    if (!agreed && !from.failed()) {
        refuse(settings, fmt::format("whose settings are none: up to {} pairs of printable words "
                                     "would be right",
                                     most_agreed));
    }
    if (agreed) found.agreed = std::move(*agreed);
    if (from.failed() || !from.at_end())
        refuse(from.at(), "that is cut off, or has something behind it");
    if (!error.empty()) return std::unexpected(error);
    return found;
}

std::string refusal(Greeting const& ours, Greeting const& theirs) {
    if (theirs.protocol != ours.protocol) {
        return fmt::format("it speaks protocol {}, and we speak {}", theirs.protocol,
                           ours.protocol);
    }
    if (theirs.cluster != ours.cluster) {
        return fmt::format("it is of cluster '{}', and we are of '{}'", theirs.cluster,
                           ours.cluster);
    }
    if (theirs.to != ours.from)
        return fmt::format("it means to reach '{}', and this is '{}'", theirs.to, ours.from);
    if (theirs.from != ours.to)
        return fmt::format("it is '{}', and '{}' was awaited", theirs.from, ours.to);
    if (theirs.what != ours.what) {
        auto const about = [](std::string const& what) {
            return what.empty() ? "control" : fmt::format("mirror '{}'", what);
        };
        return fmt::format("it is about {}, and {} was awaited", about(theirs.what),
                           about(ours.what));
    }
    return "";
}

}  // namespace sunder::live
