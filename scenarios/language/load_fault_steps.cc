// SPDX-License-Identifier: BSD-3-Clause
//
// Reads the steps in which something goes wrong with disks and clocks, and decides which parts of a
// disk can be meant.
#include "scenarios/language/load_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace sunder::language::loading {

std::optional<step::DiskPart> part_of(Node const& value, Names const& names) {
    Report const& report = names.report();
    std::optional<std::uint16_t> const mirror = names.mirror(value.find("mirror"));
    Node const* const length = value.find("length");
    auto const at = sectors_of(value.find("at"), report, Code::outside_volume, "this position");
    auto const sectors = sectors_of(length, report, Code::outside_volume, "this length");
    if (sectors && *sectors == 0) {
        report.error(Code::outside_volume, mark_of(*length), "this length is zero",
                     {"at least 512 B", {}});
        return std::nullopt;
    }
    std::optional<Extent> const part = names.part(mirror, value);
    if (!part || !at || !sectors) return std::nullopt;
    if (*at >= part->count || *sectors > part->count - *at) {
        Node const* const wrong = *at >= part->count ? value.find("at") : length;
        report.error(
            Code::outside_volume, mark_of(*wrong),
            fmt::format("this is behind the end of {}", names.part_in_words(*mirror, value)),
            {fmt::format("its size is {}", to_text(ByteCount{part->count * sector_bytes})), {}});
        return std::nullopt;
    }
    return step::DiskPart{*mirror, part->first + *at, *sectors};
}

namespace {

using Read = std::optional<Action>;

/// The node whose disk holds the part. Reports one that holds no copy of the mirror.
std::optional<NodeId> holder_of(Node const& value, std::optional<step::DiskPart> const& part,
                                Names const& names) {
    return names.node_of(part ? std::optional(part->mirror) : std::nullopt, value.find("on"));
}

std::uint32_t count_of(Node const& value, std::uint32_t usually) {
    return static_cast<std::uint32_t>(integer_of(value.find("count")).value_or(usually));
}

Read slow_disk(Node const& value, Names const& names) {
    std::optional<NodeId> const node = names.holder(value.find("on"));
    std::optional<std::int64_t> const factor = integer_of(value.find("factor"));
    if (!node || !factor) return std::nullopt;
    return step::SlowDisk{*node, static_cast<std::uint32_t>(*factor)};
}

/// The part of the disk that fails; with a mirror alone, all of it.
std::optional<step::DiskPart> failing_part(Node const& value, Names const& names) {
    if (value.find("length") != nullptr && value.find("at") != nullptr)
        return part_of(value, names);
    std::optional<std::uint16_t> const mirror = names.mirror(value.find("mirror"));
    std::optional<Extent> const part = names.part(mirror, value);
    std::uint64_t at = 0;
    if (Node const* const from = value.find("at")) {
        auto const begins = sectors_of(from, names.report(), Code::outside_volume, "this position");
        if (!begins || !part) return std::nullopt;
        if (*begins >= part->count) {
            names.report().error(
                Code::outside_volume, mark_of(*from),
                fmt::format("this is behind the end of {}", names.part_in_words(*mirror, value)),
                {fmt::format("its size is {}", to_text(ByteCount{part->count * sector_bytes})),
                 {}});
            return std::nullopt;
        }
        at = *begins;
    }
    if (!part) return std::nullopt;
    return step::DiskPart{*mirror, part->first + at, part->count - at};
}

Read fail_disk(Node const& value, Names const& names) {
    Report const& report = names.report();
    step::FailDisk made;
    Node const* stores = nullptr;
    for (Node const& item : items_of(value.find("operations"))) {
        made.reads = made.reads || item.text == "reads";
        made.writes = made.writes || item.text == "writes";
        made.flushes = made.flushes || item.text == "flushes";
        if (item.text == "stores") stores = &item;
    }
    made.stores = stores != nullptr;
    made.count = count_of(value, 0);
    Node const* const mirror = value.find("mirror");
    Node const* const length = value.find("length");
    for (char const* const key : {"volume", "at", "length"}) {
        Node const* const found = value.find(key);
        if (found == nullptr || mirror != nullptr) continue;
        report.error(Code::bad_step, mark_of(*found),
                     fmt::format("'{}' counts in a mirror, and none is named", key),
                     {"name it: 'mirror: ...'", {}});
        return std::nullopt;
    }
    if (length != nullptr && value.find("at") == nullptr) {
        report.error(Code::bad_step, mark_of(*length), "a length needs to begin somewhere",
                     {"add 'at: ...', for example 'at: 0 B'", {}});
        return std::nullopt;
    }
    bool const ranged = value.find("at") != nullptr || value.find("volume") != nullptr;
    if (stores != nullptr && ranged) {
        report.error(Code::bad_step, mark_of(*stores),
                     "the cell and the intent log lie in no part of a volume",
                     {"leave out the part, or 'stores'", {}});
        return std::nullopt;
    }
    if (mirror != nullptr) made.where = failing_part(value, names);
    std::optional<NodeId> const node =
        mirror != nullptr ? holder_of(value, made.where, names) : names.holder(value.find("on"));
    if (!node || (mirror != nullptr && !made.where)) return std::nullopt;
    made.node = *node;
    return made;
}

Read mend_disk(Node const& value, Names const& names) {
    std::optional<NodeId> const node = names.holder(&value);
    if (!node) return std::nullopt;
    return step::FailDisk{*node, false, false, false};
}

Read hang_disk(Node const& value, Names const& names) {
    std::optional<NodeId> const node = names.holder(&value);
    if (!node) return std::nullopt;
    return step::HangDisk{*node};
}

Read corrupt_disk(Node const& value, Names const& names) {
    std::optional<step::DiskPart> const part = part_of(value, names);
    std::optional<NodeId> const node = holder_of(value, part, names);
    auto const lie = netsim::disk_lie_of(text_of(value.find("how")).value_or(""));
    Node const* const count = value.find("count");
    if (lie == netsim::DiskLie::bit_rot && count != nullptr) {
        names.report().error(Code::bad_step, mark_of(*count),
                             "bit rot is there at once, and waits for no operation",
                             {"leave out 'count'", {}});
        return std::nullopt;
    }
    if (!node || !part || !lie) return std::nullopt;
    return step::CorruptDisk{*node, *lie, *part, count_of(value, 1)};
}

Read skew_clock(Node const& value, Names const& names) {
    std::optional<NodeId> const node = names.node(value.find("on"));
    std::optional<std::int64_t> const percent = integer_of(value.find("percent"));
    if (!node || !percent) return std::nullopt;
    return step::SkewClock{*node, static_cast<std::uint32_t>(*percent)};
}

Read step_clock(Node const& value, Names const& names) {
    Report const& report = names.report();
    std::optional<NodeId> const node = names.node(value.find("on"));
    Node const* const forward = value.find("forward");
    Node const* const back = value.find("back");
    if (forward != nullptr && back != nullptr) {
        report.error(Code::bad_step, mark_of(*back), "a clock steps forward or back, not both",
                     {"leave out 'forward' or 'back'", {}});
        return std::nullopt;
    }
    Node const* const given = forward != nullptr ? forward : back;
    if (given == nullptr) {
        report.error(Code::bad_step, mark_of(value), "how far the clock steps is not said",
                     {"add 'forward: ...' or 'back: ...', for example 'back: 10 s'", {}});
        return std::nullopt;
    }
    std::optional<Duration> const time = duration_of(given);
    if (!node || !time) return std::nullopt;
    if (*time == Duration{}) {
        report.error(Code::bad_step, mark_of(*given), "a clock that steps by nothing does not",
                     {"for example '10 s'", {}});
        return std::nullopt;
    }
    return step::StepClock{*node, forward != nullptr ? *time : Duration{} - *time};
}

}  // namespace

std::optional<Action> read_fault_step(std::string_view key, Node const& value, Names const& names) {
    using Reader = Read (*)(Node const&, Names const&);
    static constexpr std::array<std::pair<std::string_view, Reader>, 7> readers{{
        {"slow_disk", slow_disk},
        {"fail_disk", fail_disk},
        {"mend_disk", mend_disk},
        {"hang_disk", hang_disk},
        {"corrupt_disk", corrupt_disk},
        {"skew_clock", skew_clock},
        {"step_clock", step_clock},
    }};
    for (auto const& [name, reader] : readers) {
        if (name == key) return reader(value, names);
    }
    return std::nullopt;
}

}  // namespace sunder::language::loading
