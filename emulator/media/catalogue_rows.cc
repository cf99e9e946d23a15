// SPDX-License-Identifier: BSD-3-Clause
//
// The encodings that are described in catalogue_rows.h.
#include "emulator/media/catalogue_rows.h"

#include <array>

namespace sunder::emulator::media {

namespace {

constexpr std::uint8_t format = 1;
constexpr std::uint8_t format_with_switches = 2;  // of meta only

bool begins_well(Reader& from) { return from.get<std::uint8_t>() == format; }

// Places are numbers of the format, whatever the enumerations do.
constexpr std::array vraids{Vraid::vraid0, Vraid::vraid1, Vraid::vraid5, Vraid::vraid6};
constexpr std::array spares{SparePolicy::none, SparePolicy::single, SparePolicy::twice};
constexpr std::array caches{CacheMode::write_back, CacheMode::write_through};
constexpr std::array accesses{Access::read_write, Access::read_only, Access::none};

template <class Values, class Value>
void put_one_of(Writer& into, Values const& values, Value value) {
    for (std::uint8_t at = 0; at < values.size(); ++at) {
        if (values[at] == value) return into.put(at);
    }
    VERIFY(false);
}

template <class Values>
auto get_one_of(Reader& from, Values const& values) {
    return values[from.below<std::uint8_t>(values.size())];
}

void put_flag(Writer& into, bool flag) { into.put(static_cast<std::uint8_t>(flag)); }

template <class Id>
void put_optional(Writer& into, std::optional<Id> const& id) {
    into.put(id ? id->value : std::uint32_t{0});
}

template <class Id>
void get_optional(Reader& from, std::optional<Id>& id) {
    auto const value = from.get<std::uint32_t>();
    id = value == 0 ? std::nullopt : std::optional(Id{value});
}

struct WriteRole {
    Writer& into;
    void operator()(role::Ordinary) { into.put(std::uint8_t{0}); }
    void operator()(role::Snapshot const& one) {
        into.put(std::uint8_t{1});
        into.put(one.source.value);
        put_flag(into, one.demand);
        put_flag(into, one.invalid);
    }
    void operator()(role::Unsharing const& one) {
        into.put(std::uint8_t{2});
        into.put(one.source.value);
        into.put(one.link.value);
    }
    void operator()(role::Mirrorclone const& one) {
        into.put(std::uint8_t{3});
        into.put(one.source.value);
        into.put(one.link.value);
    }
    void operator()(role::Container const& one) {
        into.put(std::uint8_t{4});
        put_optional(into, one.prepared_for);
    }
};

Role read_role(Reader& from) {
    switch (from.below<std::uint8_t>(5)) {
        case 0:
            break;
        case 1: {
            role::Snapshot one;
            one.source.value = from.get<std::uint32_t>();
            one.demand = from.flag();
            one.invalid = from.flag();
            return one;
        }
        case 2: {
            role::Unsharing one;
            one.source.value = from.get<std::uint32_t>();
            one.link.value = from.get<std::uint32_t>();
            return one;
        }
        case 3: {
            role::Mirrorclone one;
            one.source.value = from.get<std::uint32_t>();
            one.link.value = from.get<std::uint32_t>();
            return one;
        }
        case 4: {
            role::Container one;
            get_optional(from, one.prepared_for);
            return one;
        }
    }
    return role::Ordinary{};
}

}  // namespace

void write_meta(Writer& into, State const& state) {
    std::vector<Switch> const switches = switched(state.profile);
    into.put(switches.empty() ? format : format_with_switches);
    into.put(state.profile.name);
    put_flag(into, state.licensed);
    into.put(state.catalogue.last_id);
    if (switches.empty()) return;
    into.put(static_cast<std::uint32_t>(switches.size()));
    for (Switch const& one : switches) {
        into.put(std::string_view(one.name));
        into.put(std::string_view(one.value));
    }
}

bool read_meta(Reader& from, State& into, std::string& profile, std::vector<Switch>& switches) {
    auto const which = from.get<std::uint8_t>();
    if (which != format && which != format_with_switches) return false;
    profile = from.text();
    into.licensed = from.flag();
    into.catalogue.last_id = from.get<std::uint32_t>();
    auto left = which == format ? 0 : from.get<std::uint32_t>();
    for (; left > 0 && !from.failed(); --left) {
        std::string name = from.text();
        switches.push_back({std::move(name), from.text()});
    }
    return from.complete();
}

void write(Writer& into, DiskGroup const& group) {
    into.put(format);
    into.put(group.name);
    into.put(group.capacity.bytes);
    into.put(group.largest_drive.bytes);
    put_one_of(into, spares, group.spare);
    into.put(std::uint32_t{group.alarm_percent});
    into.put(std::uint32_t{group.warning_percent});
    put_flag(into, group.failed);
}

bool read(Reader& from, DiskGroup& into) {
    if (!begins_well(from)) return false;
    into.name = from.text();
    into.capacity.bytes = from.get<std::uint64_t>();
    into.largest_drive.bytes = from.get<std::uint64_t>();
    into.spare = get_one_of(from, spares);
    into.alarm_percent = from.get<std::uint32_t>();
    into.warning_percent = from.get<std::uint32_t>();
    into.failed = from.flag();
    return from.complete();
}

void write(Writer& into, Volume const& volume) {
    into.put(format);
    into.put(volume.name);
    into.put(volume.group.value);
    into.put(volume.sectors);
    put_one_of(into, vraids, volume.vraid);
    put_flag(into, volume.thin);
    std::visit(WriteRole{into}, volume.role);
    put_optional(into, volume.map);
    put_one_of(into, caches, volume.cache_requested);
    put_one_of(into, caches, volume.cache);
    put_flag(into, volume.write_protect);
    put_optional(into, volume.leaving);
}

bool read(Reader& from, Volume& into) {
    if (!begins_well(from)) return false;
    into.name = from.text();
    into.group.value = from.get<std::uint16_t>();
    into.sectors = from.get<std::uint64_t>();
    into.vraid = get_one_of(from, vraids);
    into.thin = from.flag();
    into.role = read_role(from);
    get_optional(from, into.map);
    into.cache_requested = get_one_of(from, caches);
    into.cache = get_one_of(from, caches);
    into.write_protect = from.flag();
    get_optional(from, into.leaving);
    return from.complete();
}

void write(Writer& into, Host const& host) {
    into.put(format);
    into.put(host.name);
}

bool read(Reader& from, Host& into) {
    if (!begins_well(from)) return false;
    into.name = from.text();
    return from.complete();
}

void write(Writer& into, Presentation const& presentation) {
    into.put(format);
    into.put(presentation.volume.value);
    put_one_of(into, accesses, presentation.access);
}

bool read(Reader& from, Presentation& into) {
    if (!begins_well(from)) return false;
    into.volume.value = from.get<std::uint32_t>();
    into.access = get_one_of(from, accesses);
    return from.complete();
}

void write(Writer& into, Vraid leaving) {
    into.put(format);
    put_one_of(into, vraids, leaving);
}

bool read(Reader& from, Vraid& leaving) {
    if (!begins_well(from)) return false;
    leaving = get_one_of(from, vraids);
    return from.complete();
}

}  // namespace sunder::emulator::media
