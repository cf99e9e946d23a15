// SPDX-License-Identifier: BSD-3-Clause
//
// Reads `mirrors:`, and decides which mirrors are impossible: the product's own rules (R5, R16,
// R50, R52) and what no volume can be.
#include "scenarios/language/load_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <map>

namespace sunder::language::loading {

namespace {

/// R50: seven targets and the source.
constexpr std::size_t most_copies = 8;

/// 1 kB/s; what is slower is a typing error.
constexpr Bandwidth slowest_resync{8'000};

replication::DiskErrors disk_errors_of(std::optional<std::string> const& text) {
    using replication::DiskErrors;
    for (DiskErrors const policy : {DiskErrors::leave_service, DiskErrors::read_from_target}) {
        if (text == replication::name_of(policy)) return policy;
    }
    return DiskErrors::fail_requests;
}

class MirrorReader {
public:
    MirrorReader(Entry const& entry, Names const& names) : entry_(entry), names_(names) {
        mirror_.name = entry.key;
    }

    netsim::MirrorSetup read(bool intent_log_varies) {
        read_size();
        read_nodes();
        read_extended();
        read_never_in_service();
        read_sizes();
        read_priorities();
        if (auto const mode = mode_of(find("mode"))) mirror_.mode = *mode;
        read_pairs();
        if (auto const limit = integer_of(find("asynchronous_limit"))) {
            mirror_.asynchronous_limit = static_cast<std::uint32_t>(*limit);
        }
        mirror_.split_brain = names_.split_brain(find("split_brain"));
        mirror_.initially_in_sync = text_of(find("initially")) == "in sync";
        if (auto const room = byte_count_of(find("fallback_image"))) mirror_.fallback_image = *room;
        mirror_.disk_errors = disk_errors_of(text_of(find("disk_errors")));
        read_resync_rate();
        read_switchback();
        read_intent_log(intent_log_varies);
        return std::move(mirror_);
    }

private:
    [[nodiscard]] Node const* find(std::string_view key) const { return entry_.value.find(key); }
    [[nodiscard]] Report const& report() const { return names_.report(); }
    [[nodiscard]] std::string const& name_of(NodeId node) const {
        return names_.cluster().nodes[node.value].name;
    }

    std::uint64_t read_sectors(Node const& size, std::string const& of);
    void read_size();
    void read_nodes();
    void read_extended();
    void read_never_in_service();
    std::vector<bool> read_places(Node const& list);
    void read_pairs();
    [[nodiscard]] std::optional<std::size_t> place_of(Node const& item);
    void read_sizes();
    void read_priorities();
    void read_resync_rate();
    void read_switchback();
    void read_intent_log(bool varies);
    std::optional<std::size_t> copy_of(Entry const& entry, std::string_view what);

    Entry const& entry_;
    Names const& names_;
    netsim::MirrorSetup mirror_;
    bool all_nodes_known_ = true;
};

/// The sectors of a mirror, or of one of its volumes; 0 after an error.
std::uint64_t MirrorReader::read_sectors(Node const& size, std::string const& of) {
    auto const sectors =
        sectors_of(&size, report(), Code::bad_size, fmt::format("the size of the {}", of));
    if (sectors == 0U) {
        report().error(Code::bad_size, mark_of(size), fmt::format("the size of the {} is zero", of),
                       {fmt::format("a {} has at least one sector of 512 B", of), {}});
    }
    return sectors.value_or(0);
}

void MirrorReader::read_size() {
    if (Node const* const size = find("size")) mirror_.sectors = read_sectors(*size, "mirror");
    bool all_known = find("size") == nullptr;
    for (Entry const& entry : entries_of(find("volumes"))) {
        std::uint64_t const sectors = read_sectors(entry.value, "volume");
        all_known = all_known && sectors != 0;
        mirror_.volumes.push_back({entry.key, sectors});
    }
    if (!all_known) return;
    for (netsim::VolumeSetup const& volume : mirror_.volumes) mirror_.sectors += volume.sectors;
    constexpr std::uint64_t most = ~std::uint64_t{} / sector_bytes;
    if (mirror_.sectors <= most) return;
    report().error(Code::bad_size, mark_of(*find("volumes")),
                   "these volumes are larger together than 2^64 bytes",
                   {"they lie in one address space, because they keep one write order", {}});
    mirror_.sectors = 0;
}

void MirrorReader::read_nodes() {
    std::span<Node const> const items = items_of(find("on"));
    for (Node const& item : items) {
        std::optional<NodeId> const node = names_.node(&item);
        if (!node) {
            all_nodes_known_ = false;
            continue;
        }
        if (std::ranges::find(mirror_.on, *node) != mirror_.on.end()) {
            report().error(
                Code::bad_mirror, mark_of(item),
                fmt::format("'{}' already has a copy of mirror '{}'", item.text, entry_.key),
                {"each copy is on a node of its own (R50)", {}});
            all_nodes_known_ = false;
            continue;
        }
        mirror_.on.push_back(*node);
    }
    if (items.size() > most_copies) {
        report().error(Code::bad_mirror, mark_of(items[most_copies]),
                       fmt::format("a mirror has at most 7 targets, '{}' has {} (R50)", entry_.key,
                                   items.size() - 1));
    }
    mirror_.sectors_on.assign(mirror_.on.size(), mirror_.sectors);
    for (std::size_t i = 0; i < mirror_.on.size(); ++i) {
        mirror_.priority.push_back(static_cast<std::uint16_t>(i + 1));
    }
}

void MirrorReader::read_extended() {
    mirror_.exported = boolean_of(find("nfs_exported")).value_or(false);
    Node const* const extended = find("extended");
    mirror_.unmirrored = boolean_of(find("unmirrored")).value_or(false);
    if (mirror_.unmirrored) {
        mirror_.extended.assign(mirror_.on.size(), false);
        if (!mirror_.extended.empty()) mirror_.extended.front() = true;
        if (extended == nullptr) return;
        report().error(
            Code::bad_mirror, mark_of(*extended),
            fmt::format("'{}' is not mirrored yet, and extended to nobody (R117)", entry_.key),
            {"remove it here; 'migrate' and 'extend' come first", {}});
        return;
    }
    if (extended == nullptr || extended->broken) return;
    std::vector<bool> found = read_places(*extended);
    bool const any = std::ranges::find(found, true) != found.end();
    if (any && !found.front()) {
        report().error(
            Code::bad_mirror, mark_of(*extended),
            fmt::format("mirror '{}' is not extended to '{}', which creates it (R91)", entry_.key,
                        name_of(mirror_.on.front())),
            {"extend it there as well; or to none, and create it by 'create_mirror'", {}});
    }
    mirror_.extended = std::move(found);
}

/// By place in `on`: whether the list names the node.
std::vector<bool> MirrorReader::read_places(Node const& list) {
    std::vector<bool> found(mirror_.on.size());
    for (Node const& item : items_of(&list)) {
        std::optional<std::size_t> const at = place_of(item);
        if (!at) continue;
        if (found[*at]) {
            report().error(Code::bad_mirror, mark_of(item),
                           fmt::format("'{}' is named twice", item.text), {"once is enough", {}});
        }
        found[*at] = true;
    }
    return found;
}

/// Somebody has to be the first source.
void MirrorReader::read_never_in_service() {
    Node const* const never = find("never_in_service");
    if (never == nullptr || never->broken) return;
    std::vector<bool> found = read_places(*never);
    if (!found.empty() && found.front()) {
        report().error(Code::bad_mirror, mark_of(*never),
                       fmt::format("'{}' creates mirror '{}', so it is in service there first",
                                   name_of(mirror_.on.front()), entry_.key),
                       {"name another node first in 'on', or remove this one here", {}});
    }
    mirror_.never_in_service = std::move(found);
}

/// The place in `on` of the node that `item` names.
std::optional<std::size_t> MirrorReader::place_of(Node const& item) {
    std::optional<NodeId> const node = names_.node(&item);
    if (!node) return std::nullopt;
    auto const place = std::ranges::find(mirror_.on, *node);
    if (place != mirror_.on.end()) return static_cast<std::size_t>(place - mirror_.on.begin());
    if (all_nodes_known_) {
        report().error(Code::bad_mirror, mark_of(item),
                       fmt::format("'{}' has no disk for mirror '{}'", item.text, entry_.key),
                       {"name it in 'on' as well, or remove it here", {}});
    }
    return std::nullopt;
}

void MirrorReader::read_pairs() {
    for (Node const& item : items_of(find("pairs"))) {
        Node const* const between = item.find("between");
        std::span<Node const> const names = items_of(between);
        auto const mode = mode_of(item.find("mode"));
        if (names.size() != 2) continue;
        std::optional<std::size_t> const a = place_of(names[0]);
        std::optional<std::size_t> const b = place_of(names[1]);
        if (!a || !b || !mode) continue;
        auto const error = [&](std::string what, char const* right) {
            report().error(Code::bad_mirror, mark_of(*between), std::move(what), {right, {}});
        };
        bool const named = std::ranges::any_of(mirror_.pairs, [&](netsim::PairSetup const& pair) {
            return (pair.a == *a && pair.b == *b) || (pair.a == *b && pair.b == *a);
        });
        if (*a == *b) {
            error(fmt::format("'{}' is named twice", names[0].text),
                  "name two nodes of the mirror");
        } else if (named) {
            error(fmt::format("the mode of '{}' and '{}' is given already", names[0].text,
                              names[1].text),
                  "a pair has one mode, in both directions (R54)");
        } else {
            mirror_.pairs.push_back(
                {static_cast<std::uint8_t>(*a), static_cast<std::uint8_t>(*b), *mode});
        }
    }
}

void MirrorReader::read_switchback() {
    Node const* const switchback = find("switchback");
    mirror_.automatic_switchback = text_of(switchback) == "automatic";
    if (!mirror_.automatic_switchback || !names_.cluster().policy.guarded) return;
    report().error(Code::bad_mirror, mark_of(*switchback),
                   "automatic switchback of a mirror is unsupported (R71)",
                   {"datakeeper/faithful shows what it leads to (R72); here an operator moves it "
                    "back: 'intelligent'",
                    {}});
}

/// The place in `on` of the node that `entry`'s key names.
std::optional<std::size_t> MirrorReader::copy_of(Entry const& entry, std::string_view what) {
    std::optional<NodeId> const node = names_.node_of_key(entry);
    if (!node) return std::nullopt;
    auto const found = std::ranges::find(mirror_.on, *node);
    if (found != mirror_.on.end()) return static_cast<std::size_t>(found - mirror_.on.begin());
    if (all_nodes_known_) {
        report().error(
            Code::bad_mirror, entry.key_span,
            fmt::format("'{}' has {}, but no copy of mirror '{}'", entry.key, what, entry_.key),
            {"name it in 'on' as well, or remove it here", {}});
    }
    return std::nullopt;
}

void MirrorReader::read_sizes() {
    if (Node const* const sizes = find("sizes"); sizes != nullptr && !mirror_.volumes.empty()) {
        report().error(
            Code::bad_size, mark_of(*sizes),
            fmt::format("mirror '{}' has volumes, and each has one size everywhere", entry_.key),
            {"remove 'sizes'; only copies of a mirror with 'size' may be larger", {}});
        return;
    }
    for (Entry const& entry : entries_of(find("sizes"))) {
        std::optional<std::size_t> const copy = copy_of(entry, "a size");
        auto const sectors =
            sectors_of(&entry.value, report(), Code::bad_size, "the size of the copy");
        if (!copy || !sectors || mirror_.sectors == 0) continue;
        ByteCount const size{mirror_.sectors * sector_bytes};
        mirror_.sectors_on[*copy] = *sectors;
        if (*copy == 0 && *sectors != mirror_.sectors) {
            report().error(Code::bad_size, mark_of(entry.value),
                           fmt::format("'{}' is the first source, whose size is 'size': {}",
                                       entry.key, to_text(size)),
                           {"change 'size', or remove it here", {}});
        } else if (*sectors < mirror_.sectors && mirror_.is_extended_to(*copy)) {
            report().error(
                Code::bad_size, mark_of(entry.value),
                fmt::format("the copy on '{}' is smaller than the source (R5)", entry.key),
                {fmt::format("at least {}", to_text(size)), {}});
        }
    }
}

void MirrorReader::read_priorities() {
    Node const* const priorities = find("priorities");
    if (priorities == nullptr || priorities->broken) return;
    std::vector<bool> given(mirror_.on.size());
    std::vector<std::pair<std::int64_t, std::string>> taken;
    for (Entry const& entry : entries_of(priorities)) {
        std::optional<std::size_t> const copy = copy_of(entry, "a priority");
        if (copy) given[*copy] = true;
        std::optional<std::int64_t> const priority = integer_of(&entry.value);
        if (!priority) continue;
        if (copy) mirror_.priority[*copy] = static_cast<std::uint16_t>(*priority);
        auto const same =
            std::ranges::find(taken, *priority, &std::pair<std::int64_t, std::string>::first);
        if (same != taken.end()) {
            report().error(
                Code::bad_priority, mark_of(entry.value),
                fmt::format("priority {} is already that of '{}' (R52)", *priority, same->second),
                {"each node of a mirror has a priority of its own", {}});
        }
        taken.emplace_back(*priority, entry.key);
    }
    for (std::size_t i = 0; i < given.size(); ++i) {
        if (given[i] || !all_nodes_known_) continue;
        report().error(Code::bad_priority, mark_of(*priorities),
                       fmt::format("'{}' has no priority", name_of(mirror_.on[i])),
                       {"give one to every node of the mirror, or to none", {}});
    }
}

void MirrorReader::read_resync_rate() {
    Node const* const rate = find("resync_rate");
    if (rate == nullptr || rate->broken) return;
    auto const limit = [&](char const* key) {
        Node const* const node = rate->find(key);
        std::optional<Bandwidth> found = bandwidth_of(node);
        if (found && *found < slowest_resync) {
            report().error(Code::bad_bandwidth, mark_of(*node),
                           fmt::format("a resync at {} is as good as none", to_text(*found)),
                           {"at least 1 kB/s", {}});
            found.reset();
        }
        return found;
    };
    mirror_.resync_rate = {limit("max"), limit("min")};
    auto const& [max, min] = mirror_.resync_rate;
    if (!max || !min || *min <= *max) return;
    report().error(Code::bad_bandwidth, mark_of(*rate->find("min")),
                   fmt::format("the resync's min is above its max, {} (R47)", to_text(*max)),
                   {fmt::format("at most {}", to_text(*max)), {}});
}

void MirrorReader::read_intent_log(bool varies) {
    Node const* const log = find("intent_log");
    Span const place = log == nullptr ? entry_.key_span : mark_of(*log);
    if (std::optional<IntentLog> const chosen = intent_log_of(log)) {
        mirror_.intent_log_chunk = chosen->chunk;
    } else if (log != nullptr) {
        return;
    }
    if (varies || !mirror_.intent_log_chunk) return;
    if (check_chunk(*mirror_.intent_log_chunk, place, report())) {
        check_chunk_fits(*mirror_.intent_log_chunk, mirror_, place, report());
    }
}

}  // namespace

bool check_chunk(ByteCount chunk, Span place, Report const& report) {
    if (std::has_single_bit(chunk.bytes) && chunk.bytes >= sector_bytes) return true;
    std::uint64_t const most = std::uint64_t{1} << 40;
    std::uint64_t const near =
        std::bit_floor(std::clamp<std::uint64_t>(chunk.bytes, sector_bytes, most));
    report.error(
        Code::bad_intent_log, place,
        fmt::format("a chunk of {} is not a power of two from 512 B on (R16)", to_text(chunk)),
        {fmt::format("for example {}", to_text(ByteCount{near})), {}});
    return false;
}

void check_chunk_fits(ByteCount chunk, netsim::MirrorSetup const& mirror, Span place,
                      Report const& report) {
    if (mirror.sectors == 0 || chunk.bytes / sector_bytes <= mirror.sectors) return;
    ByteCount const size{mirror.sectors * sector_bytes};
    report.error(
        Code::bad_intent_log, place,
        fmt::format("a chunk of the intent log ({}) is larger than mirror '{}' ({}) (R16)",
                    to_text(chunk), mirror.name, to_text(size)),
        {fmt::format("at most 'intent_log: {}'", to_text(ByteCount{std::bit_floor(size.bytes)})),
         {}});
}

namespace {

/// A mirror's volume is shown to hosts as the mirror is called, and behind that name and a point
/// where there are several. What has one name is one volume to them, and to the array that has it.
void check_shown_names(std::span<Entry const> mirrors, Report const& report) {
    std::map<std::string, std::string> taken;
    auto const take = [&](std::string const& name, Span place, std::string const& what) {
        auto const [there, first] = taken.try_emplace(name, what);
        if (first) return;
        report.error(Code::duplicate_name, place,
                     fmt::format("{} and {} are both '{}' to hosts", there->second, what, name),
                     {"give one of them another name", {}});
    };
    for (Entry const& mirror : mirrors) {
        std::span<Entry const> const volumes = entries_of(mirror.value.find("volumes"));
        if (volumes.size() < 2) {
            take(mirror.key, mirror.key_span, fmt::format("mirror '{}'", mirror.key));
            continue;
        }
        for (Entry const& volume : volumes) {
            take(mirror.key + "." + volume.key, volume.key_span,
                 fmt::format("volume '{}' of mirror '{}'", volume.key, mirror.key));
        }
    }
}

}  // namespace

void read_mirrors(Node const& cluster_node, netsim::Cluster& cluster, Report const& report,
                  bool intent_log_varies) {
    Names const names(cluster, report);
    std::vector<netsim::MirrorSetup> mirrors;
    for (Entry const& entry : entries_of(cluster_node.find("mirrors"))) {
        mirrors.push_back(MirrorReader(entry, names).read(intent_log_varies));
    }
    check_shown_names(entries_of(cluster_node.find("mirrors")), report);
    cluster.mirrors = std::move(mirrors);
}

}  // namespace sunder::language::loading
