// SPDX-License-Identifier: BSD-3-Clause
//
// Questions that several rules ask. Private to the rules.
#pragma once

#include "emulator/rules.h"

#include <string>
#include <string_view>
#include <utility>

namespace sunder::emulator::rule_parts {

/// About `subject`, with the figures that speak against it: what there is, what is asked for.
Refusal refuse(Rule rule, std::string_view subject, std::string const& figures);
/// Both in words that differ: in bytes where rounding makes them one.
std::pair<std::string, std::string> told_apart(ByteCount one, ByteCount other);

Verdict good_name(std::string_view name);
/// A good name that no volume has.
Verdict name_free(State const& state, std::string_view name);
/// There is a volume of that name.
Verdict known(State const& state, std::string_view name);
bool bad_size(ByteCount size);
/// The array may have one volume more.
Verdict one_more(State const& state, std::string_view name);
/// The disk group is there, works, and has room for so many chunks more.
Verdict group_takes(State const& state, std::string_view group, std::uint64_t chunks, Vraid vraid,
                    std::string_view subject);
/// What takes `before` raw bytes of the disk group may take `after`.
Verdict may_grow(State const& state, DiskGroupId group, std::uint64_t before, std::uint64_t after,
                 std::string_view subject);
/// It has a copy, or is one.
bool has_relatives(State const& state, VolumeId id);
/// It is a container of the source's size, and prepared for nobody else. Requires that both are
/// known.
Verdict container_fits(State const& state, std::string_view container, std::string_view source);

}  // namespace sunder::emulator::rule_parts
