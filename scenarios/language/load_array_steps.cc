// SPDX-License-Identifier: BSD-3-Clause
//
// Reads what operators command arrays, and what hosts ask of them. The names are held against what
// there is at some time; whether it is there at that moment, and whether the array does it, only a
// run can tell.
#include "scenarios/language/load_parts.h"

#include "emulator/array.h"
#include "scenarios/language/narrate_arrays.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sunder::language::loading {

namespace {

namespace command = emulator::command;
using emulator::Command;
using netsim::ArrayId;

/// The keys of a command, one after another; `good` until one of them says nothing.
class Fields {
public:
    Fields(Node const& value, Names const& names)
        : value_(&value), names_(names), array_(names.array(value.find("array"))) {
        refused_ = names.known(value.find("refused"), "rule", array_rule_names()).value_or("");
        good_ = array_.has_value();
    }

    std::string fresh(char const* key) { return taken(text_of(value_->find(key))); }
    std::string volume(char const* key) {
        // What must be refused for that has a name that nothing has.
        if (refused_ == "no_such_volume") return fresh(key);
        return taken(names_.volume_in(array_, value_->find(key)));
    }
    std::string volume_if(char const* key) {
        return value_->find(key) == nullptr ? std::string() : volume(key);
    }
    std::string group(char const* key) {
        if (refused_ == "no_such_group") return fresh(key);
        return taken(names_.in_array(array_, value_->find(key), "disk group", &ArrayNames::groups));
    }
    std::string group_if(char const* key) {
        return value_->find(key) == nullptr ? std::string() : group(key);
    }
    std::string host(char const* key) {
        if (refused_ == "no_such_host") return fresh(key);
        return taken(names_.in_array(array_, value_->find(key), "host", &ArrayNames::hosts));
    }
    ByteCount size(char const* key) {
        if (refused_ == "bad_size") return taken(byte_count_of(value_->find(key)));
        auto const sectors =
            sectors_of(value_->find(key), names_.report(), Code::bad_size, "this size");
        return {taken(sectors) * sector_bytes};
    }
    ByteCount bytes(char const* key, ByteCount otherwise) {
        return byte_count_of(value_->find(key)).value_or(otherwise);
    }
    ByteCount capacity() { return taken(byte_count_of(value_->find("capacity"))); }
    bool yes(char const* key, bool otherwise) {
        return boolean_of(value_->find(key)).value_or(otherwise);
    }
    unsigned number(char const* key, unsigned otherwise) {
        return static_cast<unsigned>(integer_of(value_->find(key)).value_or(otherwise));
    }
    std::optional<unsigned> number_if(char const* key) {
        if (value_->find(key) == nullptr) return std::nullopt;
        return number(key, 0);
    }
    emulator::Vraid vraid() { return taken(vraid_of(value_->find("vraid"), names_.report())); }
    std::optional<emulator::Vraid> vraid_if() {
        if (value_->find("vraid") == nullptr) return std::nullopt;
        return vraid();
    }
    emulator::Access access() { return access_of(value_->find("access")); }
    [[nodiscard]] std::optional<std::string> word(char const* key) const {
        return text_of(value_->find(key));
    }
    [[nodiscard]] std::span<Node const> items(char const* key) const {
        return items_of(value_->find(key));
    }
    [[nodiscard]] Fields of(Node const& item) const {
        Fields part = *this;
        part.value_ = &item;
        return part;
    }
    void fail_unless(bool good) { good_ = good_ && good; }
    [[nodiscard]] bool good() const { return good_; }

    command::AddSnapshot snapshot(char const* name) {
        command::AddSnapshot made;
        made.name = fresh(name);
        made.source = volume("source");
        made.container = volume_if("container");
        made.demand = yes("demand", made.container.empty());
        made.vraid = vraid_if();
        return made;
    }
    template <class Clone>
    Clone clone(char const* name) {
        Clone made;
        made.name = fresh(name);
        made.source = volume("source");
        made.group = group_if("group");
        made.vraid = vraid_if();
        made.container = volume_if("container");
        return made;
    }
    [[nodiscard]] std::optional<Action> step(Command made) const {
        if (!good_) return std::nullopt;
        return step::ArrayOrder{*array_, std::move(made), refused_};
    }

private:
    template <class Value>
    Value taken(std::optional<Value> value) {
        good_ = good_ && value.has_value();
        return value.value_or(Value{});
    }

    Node const* value_;
    Names const& names_;
    std::optional<ArrayId> array_;
    std::string refused_;
    bool good_ = true;
};

emulator::SparePolicy spare_of(std::optional<std::string> const& word) {
    using emulator::SparePolicy;
    if (word == "single") return SparePolicy::single;
    return word == "double" ? SparePolicy::twice : SparePolicy::none;
}

Command multisnap(Fields& f) {
    command::AddMultisnap made;
    for (Node const& item : f.items("copies")) {
        Fields one = f.of(item);
        if (item.find("snapshot") != nullptr) {
            made.copies.emplace_back(one.snapshot("snapshot"));
        } else {
            made.copies.emplace_back(one.clone<command::AddSnapclone>("snapclone"));
        }
        f.fail_unless(one.good());
    }
    return made;
}

using Reader = Command (*)(Fields&);

constexpr std::array<std::pair<std::string_view, Reader>, 26> readers{{
    {"add_disk_group",
     [](Fields& f) -> Command {
         command::AddDiskGroup made{f.fresh("name"), f.capacity(), f.bytes("largest_drive", {}),
                                    spare_of(f.word("spare"))};
         made.set_levels(f.number_if("alarm_percent"), f.number_if("warning_percent"));
         return made;
     }},
    {"fail_disk_group",
     [](Fields& f) -> Command { return command::FailDiskGroup{f.group("name")}; }},
    {"delete_disk_group",
     [](Fields& f) -> Command { return command::DeleteDiskGroup{f.group("name")}; }},
    {"add_volume",
     [](Fields& f) -> Command {
         std::string const name = f.fresh("name");
         std::string const group = f.group("group");
         ByteCount const size = f.size("size");
         return command::AddVolume{name, group, size, f.vraid(), f.yes("thin", false)};
     }},
    {"expand_volume",
     [](Fields& f) -> Command { return command::ExpandVolume{f.volume("name"), f.size("size")}; }},
    {"delete_volume", [](Fields& f) -> Command { return command::DeleteVolume{f.volume("name")}; }},
    {"rename_volume",
     [](Fields& f) -> Command { return command::RenameVolume{f.volume("name"), f.fresh("to")}; }},
    {"set_cache",
     [](Fields& f) -> Command {
         bool const through = f.word("mode") == "write_through";
         return command::SetCache{f.volume("name"), through ? emulator::CacheMode::write_through
                                                            : emulator::CacheMode::write_back};
     }},
    {"set_write_protect",
     [](Fields& f) -> Command {
         return command::SetWriteProtect{f.volume("name"), f.yes("on", true)};
     }},
    {"add_container",
     [](Fields& f) -> Command {
         std::string const name = f.fresh("name");
         std::string const group = f.group("group");
         return command::AddContainer{name, group, f.size("size"), f.vraid()};
     }},
    {"change_into_container",
     [](Fields& f) -> Command { return command::ChangeIntoContainer{f.volume("name")}; }},
    {"prepare",
     [](Fields& f) -> Command {
         return command::Prepare{f.volume("container"), f.volume("source")};
     }},
    {"add_host", [](Fields& f) -> Command { return command::AddHost{f.fresh("name")}; }},
    {"delete_host", [](Fields& f) -> Command { return command::DeleteHost{f.host("name")}; }},
    {"present",
     [](Fields& f) -> Command {
         return command::Present{f.host("host"), f.number("lun", 0), f.volume("volume"),
                                 f.access()};
     }},
    {"unpresent",
     [](Fields& f) -> Command { return command::Unpresent{f.host("host"), f.number("lun", 0)}; }},
    {"add_snapshot", [](Fields& f) -> Command { return f.snapshot("name"); }},
    {"add_snapclone", [](Fields& f) -> Command { return f.clone<command::AddSnapclone>("name"); }},
    {"add_mirrorclone",
     [](Fields& f) -> Command { return f.clone<command::AddMirrorclone>("name"); }},
    {"add_multisnap", multisnap},
    {"restore_snapshot",
     [](Fields& f) -> Command {
         return command::RestoreSnapshot{f.volume("volume"), f.volume("snapshot")};
     }},
    {"fracture", [](Fields& f) -> Command { return command::Fracture{f.volume("mirrorclone")}; }},
    {"resync", [](Fields& f) -> Command { return command::Resync{f.volume("mirrorclone")}; }},
    {"restore_mirrorclone",
     [](Fields& f) -> Command { return command::RestoreMirrorclone{f.volume("mirrorclone")}; }},
    {"detach", [](Fields& f) -> Command { return command::Detach{f.volume("mirrorclone")}; }},
    {"migrate_mirrorclone",
     [](Fields& f) -> Command { return command::Migrate{f.volume("mirrorclone")}; }},
}};
static_assert(readers.size() == std::variant_size_v<Command>);

}  // namespace

bool is_array_order(std::string_view key) {
    return std::ranges::find(readers, key, &std::pair<std::string_view, Reader>::first) !=
           readers.end();
}

std::optional<Action> read_array_order(std::string_view key, Node const& value,
                                       Names const& names) {
    auto const reader =
        std::ranges::find(readers, key, &std::pair<std::string_view, Reader>::first);
    if (reader == readers.end()) return std::nullopt;
    Fields fields(value, names);
    Command made = reader->second(fields);
    return fields.step(std::move(made));
}

std::optional<Action> read_array_request(std::string_view key, Node const& value,
                                         Names const& names) {
    using replication::HostOp;
    Report const& report = names.report();
    step::ArrayRequest step;
    std::optional<ArrayId> const array = names.array(value.find("array"));
    std::optional<std::string> const volume = names.volume_in(array, value.find("volume"));
    Node const* const length = value.find("length");
    auto const at = sectors_of(value.find("at"), report, Code::outside_volume, "this position");
    auto const sectors = sectors_of(length, report, Code::outside_volume, "this length");
    if (sectors && *sectors == 0) {
        report.error(Code::outside_volume, mark_of(*length), "this length is zero",
                     {"at least 512 B", {}});
        return std::nullopt;
    }
    if (Node const* const host = value.find("host")) {
        auto const found = names.in_array(array, host, "host", &ArrayNames::hosts);
        if (!found) return std::nullopt;
        step.host = *found;
    }
    step.refused = names.known(value.find("refused"), "rule", array_host_rule_names()).value_or("");
    step.op = key == "write"  ? HostOp::write
              : key == "read" ? HostOp::read
              : key == "trim" ? HostOp::trim
                              : HostOp::write_zeroes;
    if (!array || !volume || !at || !sectors) return std::nullopt;
    step.array = *array;
    step.volume = *volume;
    step.at = *at;
    step.sectors = *sectors;
    return step;
}

}  // namespace sunder::language::loading
