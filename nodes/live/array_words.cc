// SPDX-License-Identifier: BSD-3-Clause
//
// The table of verbs, and what each makes of the words behind it.
#include "nodes/live/array_words.h"

#include "base/text.h"
#include "emulator/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>

namespace sunder::live {

namespace {

using namespace emulator;

constexpr std::string_view vraids = "0|1|5|6";  // or vraid0...
constexpr std::array vraid_order{Vraid::vraid0, Vraid::vraid1, Vraid::vraid5, Vraid::vraid6};
constexpr std::array spare_order{SparePolicy::none, SparePolicy::single, SparePolicy::twice};
constexpr std::array cache_order{CacheMode::write_back, CacheMode::write_through};
constexpr std::array access_order{Access::read_write, Access::read_only, Access::none};

struct NamedError {
    std::string_view name;
    int number;
};
constexpr std::array named_errors{NamedError{"EIO", EIO},       NamedError{"ENOSPC", ENOSPC},
                                  NamedError{"EPERM", EPERM},   NamedError{"ENOMEM", ENOMEM},
                                  NamedError{"EINVAL", EINVAL}, NamedError{"ESHUTDOWN", ESHUTDOWN}};
constexpr std::array kind_order{media::FaultKind::error,       media::FaultKind::delay,
                                media::FaultKind::torn,        media::FaultKind::lost,
                                media::FaultKind::misdirected, media::FaultKind::bit_rot};
constexpr std::array request_order{media::RequestKind::read, media::RequestKind::write,
                                   media::RequestKind::flush};

std::optional<Vraid> vraid_in(Values& values) {
    if (!values.has("vraid")) return std::nullopt;
    return vraid_order.at(values.one_of("vraid", 0, "vraid"));
}

ArrayRequest add_disk_group(Values& v) {
    command::AddDiskGroup group{v.subject(), v.bytes("capacity"), v.bytes("drive"),
                                spare_order.at(v.one_of("spare", 0))};
    auto const level = [&](std::string_view key) -> std::optional<unsigned> {
        if (!v.has(key)) return std::nullopt;
        return static_cast<unsigned>(v.number(key, 0, 100));
    };
    group.set_levels(level("alarm"), level("warning"));
    return Command(std::move(group));
}
ArrayRequest fail_disk_group(Values& v) { return Command(command::FailDiskGroup{v.subject()}); }
ArrayRequest delete_disk_group(Values& v) { return Command(command::DeleteDiskGroup{v.subject()}); }
ArrayRequest add_volume(Values& v) {
    return Command(command::AddVolume{v.subject(), v.text("group"), v.bytes("size"),
                                      vraid_in(v).value_or(Vraid::vraid5), v.yes("thin", false)});
}
ArrayRequest expand_volume(Values& v) {
    return Command(command::ExpandVolume{v.subject(), v.bytes("size")});
}
ArrayRequest delete_volume(Values& v) { return Command(command::DeleteVolume{v.subject()}); }
ArrayRequest rename_volume(Values& v) {
    return Command(command::RenameVolume{v.subject(), v.text("to")});
}
ArrayRequest set_cache(Values& v) {
    return Command(command::SetCache{v.subject(), cache_order.at(v.one_of("mode", 0))});
}
ArrayRequest set_write_protect(Values& v) {
    return Command(command::SetWriteProtect{v.subject(), v.yes("on", true)});
}
ArrayRequest add_container(Values& v) {
    return Command(command::AddContainer{v.subject(), v.text("group"), v.bytes("size"),
                                         vraid_in(v).value_or(Vraid::vraid5)});
}
ArrayRequest change_into_container(Values& v) {
    return Command(command::ChangeIntoContainer{v.subject()});
}
ArrayRequest prepare(Values& v) { return Command(command::Prepare{v.subject(), v.text("for")}); }
ArrayRequest add_host(Values& v) { return Command(command::AddHost{v.subject()}); }
ArrayRequest delete_host(Values& v) { return Command(command::DeleteHost{v.subject()}); }
constexpr std::uint64_t any_lun = std::numeric_limits<std::uint32_t>::max();
ArrayRequest present(Values& v) {
    return Command(command::Present{v.text("to"),
                                    static_cast<std::uint32_t>(v.number("lun", 0, any_lun)),
                                    v.subject(), access_order.at(v.one_of("access", 0))});
}
ArrayRequest unpresent(Values& v) {
    return Command(
        command::Unpresent{v.subject(), static_cast<std::uint32_t>(v.number("lun", 0, any_lun))});
}
ArrayRequest add_snapshot(Values& v) {
    return Command(command::AddSnapshot{v.subject(), v.text("of"), v.one_of("allocation", 0) == 0,
                                        vraid_in(v), v.text("container")});
}
ArrayRequest add_snapclone(Values& v) {
    return Command(command::AddSnapclone{v.subject(), v.text("of"), v.text("group"), vraid_in(v),
                                         v.text("container")});
}
ArrayRequest add_mirrorclone(Values& v) {
    return Command(command::AddMirrorclone{v.subject(), v.text("of"), v.text("group"), vraid_in(v),
                                           v.text("container")});
}
ArrayRequest add_multisnap(Values& v) {
    command::AddMultisnap all;
    bool const clones = v.one_of("as", 0) == 1;
    bool const demand = v.one_of("allocation", 0) == 0;
    if (clones && v.has("allocation")) {
        v.complain("allocation", "of snapshots only; a snapclone has all its space");
    }
    for (auto const& [name, from] : v.pairs()) {
        // No name has a slash.
        auto const slash = from.find('/');
        std::string const source = from.substr(0, slash);
        std::string const container = slash == from.npos ? "" : from.substr(slash + 1);
        if (slash != from.npos && container.empty()) {
            v.complain(name, "expected SOURCE/CONTAINER, found '" + from + "'");
        }
        if (clones) {
            all.copies.emplace_back(command::AddSnapclone{name, source, "", {}, container});
        } else {
            all.copies.emplace_back(command::AddSnapshot{name, source, demand, {}, container});
        }
    }
    return Command(std::move(all));
}
ArrayRequest restore_volume(Values& v) {
    return Command(command::RestoreSnapshot{v.subject(), v.text("from")});
}
ArrayRequest fracture(Values& v) { return Command(command::Fracture{v.subject()}); }
ArrayRequest resync(Values& v) { return Command(command::Resync{v.subject()}); }
ArrayRequest restore_mirrorclone(Values& v) {
    return Command(command::RestoreMirrorclone{v.subject()});
}
ArrayRequest detach(Values& v) { return Command(command::Detach{v.subject()}); }
ArrayRequest migrate(Values& v) { return Command(command::Migrate{v.subject()}); }

std::optional<Extent> range_in(Values& v) {
    if (!v.has("from") && !v.has("length")) return std::nullopt;
    std::uint64_t const from = v.bytes("from").bytes;
    std::uint64_t const length = v.bytes("length").bytes;
    if (v.has("length") && length == 0) v.complain("length", "that is nowhere: at least 1 B");
    if (!v.has("length")) return Extent{from, std::numeric_limits<std::uint64_t>::max() - from};
    if (length > std::numeric_limits<std::uint64_t>::max() - from) {
        v.complain("length", "that is beyond the end of every volume");
    }
    return Extent{from, length};
}

ArrayRequest add_fault(Values& v) {
    AddFault asked;
    asked.fault.name = v.subject();
    if (!is_good_name(asked.fault.name))
        v.complain("NAME", std::string(text_of(Rule::bad_name).text));
    asked.fault.kind = kind_order.at(v.one_of("kind", 0));
    asked.volume = v.text("volume");
    if (v.has("on")) asked.fault.on = request_order.at(v.one_of("on", 0));
    asked.fault.range = range_in(v);
    if (v.has("rate")) {
        auto const share = parse_share(v.text("rate"));
        if (!share) v.complain("rate", share.error());
        asked.fault.per_million = share.value_or(0);
    }
    if (v.has("count")) {
        asked.fault.count = v.number("count", 0, std::numeric_limits<std::uint64_t>::max());
        if (asked.fault.count == 0) v.complain("count", "that is never: at least 1");
    }
    asked.fault.while_file = v.text("while-file");
    if (v.has("while-file") && !asked.fault.while_file.starts_with('/')) {
        v.complain("while-file",
                   "expected a path from the root on, found '" + asked.fault.while_file + "'");
    }
    asked.fault.number = named_errors.at(v.one_of("error", 0)).number;
    asked.fault.time = v.time("time");
    bool const delay = asked.fault.kind == media::FaultKind::delay;
    if (delay != v.has("time")) v.complain("time", "what a delay takes, and nothing else");
    bool const error = asked.fault.kind == media::FaultKind::error;
    if (v.has("error") && !error) v.complain("error", "what a fault of kind=error ends with");
    if (v.has("on") && !delay && !error) {
        v.complain("on",
                   fmt::format("a {} befalls {} only", name_of(asked.fault.kind),
                               asked.fault.kind == media::FaultKind::bit_rot ? "reads" : "writes"));
    }
    return asked;
}
ArrayRequest remove_fault(Values& v) { return RemoveFault{v.subject()}; }
ArrayRequest remove_faults(Values&) { return RemoveFault{}; }
ArrayRequest list_faults(Values&) { return ListFaults{}; }
ArrayRequest show(Values&) { return ShowArray{}; }

using Maker = ArrayRequest (*)(Values&);
using Table = Verbs<Maker>;

Parameter const vraid_parameter{"vraid", vraids, false, "5 unless told; of copies: the source's"};
Parameter const group_parameter{"group", "DISK-GROUP", false, "the source's unless told"};
Parameter const container_parameter{"container", "NAME", false, "in its place (arrays A7)"};
Parameter const of_parameter{"of", "VOLUME", true, "the source"};
Parameter const allocation_parameter{"allocation", "demand|full", false, "demand unless told"};

void add_things(Table& table) {
    table.add(add_disk_group,
              {"add disk-group",
               "NAME",
               {{"capacity", "SIZE", true, "raw, of all drives"},
                {"drive", "SIZE", false, "the largest one: what spares are counted in"},
                {"spare", "none|single|double", false, "drive failures that space is kept for"},
                {"alarm", "PERCENT", false, "occupancy alarm level: 95 unless told"},
                {"warning", "PERCENT", false,
                 "occupancy warning level, not above the alarm: 90 unless told"}},
               "add a disk group",
               "add disk-group dg1 capacity=100GiB"});
    table.add(
        fail_disk_group,
        {"fail disk-group", "NAME", {}, "lose all that it holds, for good", "fail disk-group dg1"});
    table.add(delete_disk_group, {"delete disk-group",
                                  "NAME",
                                  {},
                                  "delete one in which nothing lives",
                                  "delete disk-group dg1"});
    table.add(add_volume, {"add volume",
                           "NAME",
                           {{"group", "DISK-GROUP", true, "where it lives"},
                            {"size", "SIZE", true, "what hosts see"},
                            vraid_parameter,
                            {"thin", "yes|no", false, "takes space as it is written"}},
                           "add a volume",
                           "add volume data group=dg1 size=10GiB"});
    table.add(expand_volume, {"expand volume",
                              "NAME",
                              {{"size", "SIZE", true, "afterwards"}},
                              "make a volume larger; hosts see it when they attach again",
                              "expand volume data size=20GiB"});
    table.add(delete_volume, {"delete volume",
                              "NAME",
                              {},
                              "delete a volume, a copy or a container",
                              "delete volume data"});
    table.add(rename_volume, {"rename volume",
                              "NAME",
                              {{"to", "NAME", true, "its name afterwards"}},
                              "give it another name",
                              "rename volume data to=old"});
    table.add(set_cache, {"set cache",
                          "NAME",
                          {{"mode", "write-back|write-through", true, "what is asked for"}},
                          "how its writes are cached (arrays A11)",
                          "set cache data mode=write-through"});
    table.add(set_write_protect, {"set write-protect",
                                  "NAME",
                                  {{"on", "yes|no", true, "refuse writes"}},
                                  "protect a volume from its hosts",
                                  "set write-protect data on=yes"});
}

void add_hosts(Table& table) {
    table.add(add_container, {"add container",
                              "NAME",
                              {{"group", "DISK-GROUP", true, "where it lives"},
                               {"size", "SIZE", true, "of the volume that it will be a copy of"},
                               vraid_parameter},
                              "set space aside for a copy (arrays A7)",
                              "add container c1 group=dg1 size=10GiB"});
    table.add(change_into_container, {"change-into-container",
                                      "NAME",
                                      {},
                                      "give up what a volume holds, and keep its space",
                                      "change-into-container s1"});
    table.add(prepare, {"prepare container",
                        "NAME",
                        {{"for", "VOLUME", true, "the source to be copied"}},
                        "do beforehand what takes time",
                        "prepare container c1 for=data"});
    table.add(add_host, {"add host", "NAME", {}, "make a host known", "add host web1"});
    table.add(delete_host, {"delete host",
                            "NAME",
                            {},
                            "forget a host to which nothing is presented",
                            "delete host web1"});
    table.add(present, {"present",
                        "VOLUME",
                        {{"to", "HOST", true, "who sees it"},
                         {"lun", "NUMBER", true, "under which number"},
                         {"access", "read-write|read-only|none", false, "read-write unless told"}},
                        "show a volume to a host: as an export of NBD",
                        "present data to=web1 lun=1"});
    table.add(unpresent, {"unpresent",
                          "HOST",
                          {{"lun", "NUMBER", true, "what it was shown as"}},
                          "show it no more",
                          "unpresent web1 lun=1"});
}

void add_copies(Table& table) {
    table.add(add_snapshot,
              {"add snapshot",
               "NAME",
               {of_parameter, allocation_parameter, vraid_parameter, container_parameter},
               "a copy at this moment that shares what does not change (arrays A3)",
               "add snapshot s1 of=data"});
    table.add(add_snapclone,
              {"add snapclone",
               "NAME",
               {of_parameter, group_parameter, vraid_parameter, container_parameter},
               "a copy at this moment that becomes independent behind the scenes (arrays A6)",
               "add snapclone c1 of=data"});
    table.add(add_mirrorclone,
              {"add mirrorclone",
               "NAME",
               {of_parameter, group_parameter, vraid_parameter, container_parameter},
               "a copy that follows its source until it is fractured (arrays A8)",
               "add mirrorclone m1 of=data group=dg2"});
    table.add(add_multisnap, {"add multisnap",
                              "NAME=SOURCE[/CONTAINER]...",
                              {{"as", "snapshots|snapclones", false, "snapshots unless told"},
                               allocation_parameter},
                              "copies of several volumes at one moment, each in a container's "
                              "place where one is named (arrays A7, A12)",
                              "add multisnap s1=data s2=log"});
    table.add(restore_mirrorclone, {"restore mirrorclone",
                                    "NAME",
                                    {},
                                    "its source shows what a fractured mirrorclone holds",
                                    "restore mirrorclone m1"});
    table.add(restore_volume, {"restore",
                               "VOLUME",
                               {{"from", "SNAPSHOT", true, "a snapshot of it"}},
                               "show at once what its snapshot holds (arrays A9)",
                               "restore data from=s1"});
    table.add(fracture, {"fracture", "MIRRORCLONE", {}, "let it keep this moment", "fracture m1"});
    table.add(resync, {"resync", "MIRRORCLONE", {}, "let it follow its source again", "resync m1"});
    table.add(
        detach,
        {"detach", "MIRRORCLONE", {}, "make a fractured one an ordinary volume", "detach m1"});
    table.add(migrate,
              {"migrate",
               "MIRRORCLONE",
               {},
               "swap a synchronized one with its source: hosts go on with the source, which "
               "lies in the mirrorclone's disk group from now on (arrays A8)",
               "migrate m1"});
}

void add_faults(Table& table) {
    table.add(
        add_fault,
        {"add fault",
         "NAME",
         {{"kind", "error|delay|torn|lost|misdirected|bit-rot", true, "what happens"},
          {"volume", "NAME", false, "to that one only"},
          {"on", "read|write|flush", false,
           "of error and delay: to those only; a write with FUA is a flush, too"},
          {"from", "SIZE", false, "where on the volume it begins"},
          {"length", "SIZE", false, "and how far it goes"},
          {"rate", "SHARE", false, "of the requests, by chance: '1 %'"},
          {"count", "NUMBER", false, "so many times"},
          {"while-file", "PATH", false, "only while that file exists"},
          {"error", "EIO|ENOSPC|EPERM|ENOMEM|EINVAL|ESHUTDOWN", false, "of error: EIO unless told"},
          {"time", "DURATION", false, "of delay"}},
         "let a disk go bad for the hosts",
         "add fault f1 kind=error volume=data on=write rate=1%"});
    table.add(remove_fault, {"remove fault", "NAME", {}, "end a fault", "remove fault f1"});
    table.add(remove_faults, {"remove faults", "", {}, "end all of them", "remove faults"});
    table.add(list_faults,
              {"list faults", "", {}, "what there is, and how often it befell", "list faults"});
    table.add(show, {"show", "", {}, "all there is, faults included", "show"});
}

Table const& table() {
    static Table const all = [] {
        Table made;
        add_things(made);
        add_hosts(made);
        add_copies(made);
        add_faults(made);
        return made;
    }();
    return all;
}

}  // namespace

std::string_view name_of_error(int number) {
    auto const* const found = std::ranges::find(named_errors, number, &NamedError::number);
    return found == named_errors.end() ? "another" : found->name;
}

std::span<Grammar const> array_grammars() { return table().grammars; }

bool adds_what_exists(std::span<std::string const> words, std::string_view rule) {
    if (words.empty()) return false;
    if (words.front() == "add") return rule == text_of(Rule::name_in_use).name;
    return words.front() == "present" && (rule == text_of(Rule::presented_already).name ||
                                          rule == text_of(Rule::lun_in_use).name);
}

std::expected<ArrayRequest, std::string> read_array_request(std::span<std::string const> words) {
    auto const found = find_verb(table().grammars, words);
    if (!found) return std::unexpected(printable(found.error()));
    Grammar const& grammar = table().grammars[found->grammar];
    Values values(grammar, words.subspan(found->words));
    if (values.errors().empty()) {
        ArrayRequest request = table().makers[found->grammar](values);
        if (values.errors().empty()) return request;
    }
    return std::unexpected(fmt::format("{}: {}\nUsage: {}\nSuch as: {}", grammar.verb,
                                       printable(join(values.errors(), "; ")), usage_of(grammar),
                                       grammar.example));
}

}  // namespace sunder::live
