// SPDX-License-Identifier: BSD-3-Clause
//
// The grammar of disk arrays: what they consist of, what operators command them, what hosts ask of
// them, and what can be waited for. The keys of a command are the fields of emulator/command.h.
#include "scenarios/language/scenario_shape.h"

#include "netsim/array_reports.h"

namespace sunder::language::grammar {

namespace {

ShapePtr yes_or_no() { return make_shape(shape::Boolean{}); }

template <class What>
ShapePtr one_of(char const* what) {
    shape::Choice choice{what, {}};
    for (auto one = What{}; one < What::last;
         one = static_cast<What>(static_cast<std::underlying_type_t<What>>(one) + 1)) {
        choice.words.emplace_back(netsim::name_of(one));
    }
    return make_shape(std::move(choice));
}

ShapePtr words(char const* what, std::initializer_list<char const*> all) {
    return make_shape(shape::Choice{what, {all.begin(), all.end()}});
}

ShapePtr percentage() { return make_shape(shape::Integer{"a percentage", 0, 100}); }

Key array_key() {
    return required("array", "The array.", make_shape(shape::Name{"the name of an array"}),
                    {"array1"});
}
Key name_key(char const* about, char const* example) {
    return required("name", about, make_shape(shape::Name{"a name"}), {example});
}
Key volume_named(char const* key, char const* about, char const* example) {
    return required(key, about, volume_name(), {example});
}
Key group_key(bool is_required, char const* about) {
    ShapePtr const shape = make_shape(shape::Name{"the name of a disk group"});
    return is_required ? required("group", about, shape, {"dg1"})
                       : optional("group", about, shape, {"dg2"});
}
Key host_key(char const* name, char const* about) {
    return required(name, about, make_shape(shape::Name{"the name of a host"}), {"db"});
}
Key lun_key() {
    return required("lun", "The number under which the host sees it.",
                    make_shape(shape::Integer{"a LUN number", 0, 100'000}), {"1"});
}
Key vraid_key(char const* by_default) {
    return optional(
        "vraid", std::string("How its data is protected: 0, 1, 5 or 6 (arrays A2). ") + by_default,
        make_shape(shape::Integer{"a Vraid level", 0, 6}), {"5"});
}
Key size_key(char const* about) { return required("size", about, byte_count(), {"64 MiB"}); }
Key access_key() {
    return optional("access", "What the host may do. Default: read_write.",
                    words("an access", {"read_write", "read_only", "none"}), {"read_only"});
}
Key refused_key(char const* example) {
    return optional("refused", "The rule that must refuse it. Default: it must succeed.",
                    rule_name(), {example});
}

std::vector<Key> group_keys() {
    return {
        required("capacity", "Raw, of all its drives.", byte_count(), {"1 GiB"}),
        optional("largest_drive", "What is kept for spares is counted in this. Default: 0 B.",
                 byte_count(), {"64 MiB"}),
        optional("spare", "How many drive failures space is kept for. Default: none.",
                 words("a spare policy", {"none", "single", "double"}), {"single"}),
        optional("alarm_percent",
                 "Occupancy alarm level. Default: 95, or the warning level where that is higher.",
                 percentage(), {"95"}),
        optional("warning_percent",
                 "Occupancy warning level. Default: 90, or the alarm level where that is lower.",
                 percentage(), {"90"}),
    };
}

std::vector<Key> volume_keys() {
    return {
        size_key("A multiple of 512 B."),
        group_key(true, "The disk group it lives in."),
        vraid_key("Default: 5."),
    };
}

Key thin_key() {
    return optional("thin", "yes: it takes space as it is written. Default: no.", yes_or_no(),
                    {"yes"});
}

template <class... More>
std::vector<Key> with(std::vector<Key> keys, More... more) {
    (keys.push_back(std::move(more)), ...);
    return keys;
}

/// A command: the array, its own keys, and the rule by which it may have to be refused.
Key command(char const* name, char const* about, char const* what, std::vector<Key> keys,
            char const* refused) {
    keys.insert(keys.begin(), array_key());
    keys.push_back(refused_key(refused));
    return optional(name, about, object(what, std::move(keys)));
}

std::vector<Key> copy_keys(bool named) {
    std::vector<Key> keys;
    if (named) keys.push_back(name_key("What the copy is called.", "monday"));
    keys.push_back(volume_named("source", "The volume that is copied.", "data"));
    keys.push_back(vraid_key("Default: as its source, or its container."));
    keys.push_back(optional("container", "The container that becomes the copy (arrays A7).",
                            volume_name(), {"c1"}));
    return keys;
}
Key demand_key() {
    return optional("demand",
                    "yes: it takes space as it differs from its source; no: its whole size is "
                    "reserved. Default: yes, unless it comes from a container.",
                    yes_or_no(), {"no"});
}
Key clone_group_key() {
    return group_key(false, "The disk group it lives in. Default: its source's.");
}

std::vector<Key> space_commands() {
    return {
        command(
            "add_disk_group", "An operator makes a disk group.", "a disk group",
            [] {
                std::vector<Key> keys = group_keys();
                keys.insert(keys.begin(), name_key("What it is called.", "dg2"));
                return keys;
            }(),
            "name_in_use"),
        command("fail_disk_group", "A disk group fails: what it holds is lost for good.",
                "a failing disk group", {name_key("The disk group.", "dg1")}, "group_failed"),
        command("delete_disk_group", "An operator deletes a disk group in which nothing lives.",
                "a deletion", {name_key("The disk group.", "dg1")}, "group_not_empty"),
        command("add_volume", "An operator makes a volume.", "a volume",
                with({name_key("What it is called.", "log"), size_key("A multiple of 512 B."),
                      group_key(true, "The disk group it lives in."), vraid_key("Default: 5.")},
                     thin_key()),
                "no_space"),
        command("expand_volume", "An operator makes a volume larger.", "an expansion",
                {volume_named("name", "The volume.", "data"), size_key("Afterwards.")},
                "has_relatives"),
        command("delete_volume", "An operator deletes a volume, a copy or a container.",
                "a deletion", {volume_named("name", "The volume.", "data")}, "source_has_snapshot"),
        command("rename_volume", "An operator gives a volume another name.", "a new name",
                {volume_named("name", "The volume.", "data"),
                 volume_named("to", "Its new name.", "old")},
                "name_in_use"),
        command(
            "set_cache", "An operator sets the write cache of a volume (arrays A11).",
            "a cache mode",
            {volume_named("name", "The volume.", "data"),
             required("mode", "write_through: each write is durable before it is answered.",
                      words("a cache mode", {"write_back", "write_through"}), {"write_through"})},
            "is_container"),
        command("set_write_protect", "An operator protects a volume from writes, or no more.",
                "a write protection",
                {volume_named("name", "The volume.", "data"),
                 required("on", "Whether it is protected.", yes_or_no(), {"yes"})},
                "is_container"),
        command("add_container", "An operator reserves space for a copy (arrays A7).",
                "a container",
                {name_key("What it is called.", "c1"), size_key("As that of its source will be."),
                 group_key(true, "The disk group it lives in."), vraid_key("Default: 5.")},
                "no_space"),
        command("change_into_container",
                "An operator gives a volume's content up and keeps its space.", "a change",
                {volume_named("name", "The volume.", "old")}, "has_relatives"),
        command("prepare",
                "An operator has done what takes time of making a copy, before the application is "
                "frozen (arrays A7).",
                "a preparation",
                {volume_named("container", "The container.", "c1"),
                 volume_named("source", "What it will be a copy of.", "data")},
                "container_size"),
    };
}

std::vector<Key> host_commands() {
    return {
        command("add_host", "An operator names a host.", "a host",
                {host_key("name", "What it is called.")}, "name_in_use"),
        command("delete_host", "An operator forgets a host to which nothing is presented.",
                "a deletion", {host_key("name", "The host.")}, "host_presented"),
        command("present", "An operator shows a volume to a host.", "a presentation",
                {host_key("host", "The host."), lun_key(),
                 volume_named("volume", "The volume.", "data"), access_key()},
                "mirrorclone_not_fractured"),
        command("unpresent", "An operator takes a volume away from a host.", "a withdrawal",
                {host_key("host", "The host."), lun_key()}, "no_such_lun"),
    };
}

std::vector<Key> copy_commands() {
    shape::Variants copy{"a copy of a multisnap", {}};
    copy.variants = {
        {"snapshot",
         object("a copy of a multisnap",
                with({volume_named("snapshot", "What it is called.", "data_snap")}, demand_key()))},
        {"snapclone", object("a copy of a multisnap",
                             with({volume_named("snapclone", "What it is called.", "data_clone")},
                                  clone_group_key()))}};
    for (shape::Variants::Variant& variant : copy.variants) {
        shape::Object is = std::get<shape::Object>(variant.object->is);
        for (Key& key : copy_keys(false)) is.keys.push_back(std::move(key));
        variant.object = make_shape(std::move(is));
    }
    return {
        command("add_snapshot", "An operator makes a snapshot (arrays A3).", "a snapshot",
                with(copy_keys(true), demand_key()), "mixed_snapshots"),
        command("add_snapclone",
                "An operator makes a snapclone, which is usable at once and independent when it is "
                "normalized (arrays A6).",
                "a snapclone", with(copy_keys(true), clone_group_key()),
                "clone_source_has_snapshot"),
        command("add_mirrorclone", "An operator makes a mirrorclone (arrays A8).", "a mirrorclone",
                with(copy_keys(true), clone_group_key()), "too_many_mirrorclones"),
        command("add_multisnap",
                "An operator copies several volumes at one instant: all, or none (arrays A12).",
                "a multisnap",
                {required(
                    "copies", "The copies.",
                    make_shape(shape::List{"copies", make_shape(std::move(copy)), 1, 32, false}))},
                "too_many_in_multisnap"),
        command("restore_snapshot",
                "An operator has a volume show at once what its snapshot holds (arrays A9).",
                "an instant restore",
                {volume_named("volume", "The volume.", "data"),
                 volume_named("snapshot", "Its snapshot.", "monday")},
                "is_presented"),
    };
}

std::vector<Key> mirrorclone_commands() {
    auto const of = [](char const* name, char const* about, char const* what, char const* refused) {
        return command(name, about, what,
                       {volume_named("mirrorclone", "The mirrorclone.", "mirror")}, refused);
    };
    return {
        of("fracture", "An operator fractures a mirrorclone: it keeps that moment (arrays A8).",
           "a fracture", "mirrorclone_not_synchronized"),
        of("resync", "An operator has a fractured mirrorclone follow its source again (arrays A8).",
           "a resync", "mirrorclone_presented"),
        of("restore_mirrorclone",
           "An operator has the source show at once what its fractured mirrorclone holds.",
           "a restore", "mirrorclone_presented"),
        of("detach", "An operator makes a fractured mirrorclone a volume of its own.",
           "a detachment", "mirrorclone_not_fractured"),
        of("migrate_mirrorclone",
           "An operator has a synchronized mirrorclone and its source change places: hosts go on "
           "on the mirrorclone's disk group (arrays A8).",
           "a migration", "mirrorclone_not_synchronized"),
    };
}

ShapePtr disks() {
    return object(
        "the disks of an array",
        {optional("latency", "Of each operation. Default: 100 us.", duration(), {"100 us", "8 ms"}),
         optional("jitter", "Up to so much is added to each. Default: 50 us.", duration(),
                  {"50 us"}),
         optional("bandwidth", "Default: 4 Gbit/s.",
                  make_shape(shape::Quantity{shape::Quantity::Of::bandwidth}), {"500 MB/s"})});
}

Key of_volume(char const* about) { return required("volume", about, volume_name(), {"data"}); }

}  // namespace

ShapePtr array_profile() {
    shape::Choice profile{"a profile", {}};
    for (emulator::Profile const& one : emulator::profiles()) {
        profile.words.emplace_back(one.name);
    }
    return make_shape(std::move(profile));
}

Key array_switches() {
    std::vector<Key> keys;
    for (emulator::SwitchKind const& kind : emulator::switch_kinds()) {
        ShapePtr const value =
            kind.place != nullptr
                ? yes_or_no()
                : make_shape(shape::Choice{"a policy", {kind.values.begin(), kind.values.end()}});
        keys.push_back(optional(std::string(kind.name), std::string(kind.about), value));
    }
    return optional("switches",
                    "In which the array is not as its profile, where manuals contradict each other "
                    "or say nothing.",
                    object("switches", std::move(keys)));
}

ShapePtr array_cluster() {
    ShapePtr const presentation = object(
        "a presentation", {lun_key(), volume_named("volume", "The volume.", "data"), access_key()});
    ShapePtr const array = object(
        "an array",
        {required("profile", "The array and firmware that it behaves as (arrays A5).",
                  array_profile(), {"eva-xcs6", "eva-p6000"}),
         optional("licensed", "no: every local copy is refused (arrays A4.1). Default: yes.",
                  yes_or_no(), {"no"}),
         array_switches(),
         optional("disk", "How its disks behave; it does one thing at a time.", disks()),
         required(
             "disk_groups", "Pools of drives, by name.",
             make_shape(shape::Map{"disk groups", object("a disk group", group_keys()), 1, 64})),
         optional("volumes", "Volumes that are there from the start, by name.",
                  make_shape(shape::Map{
                      "volumes", object("a volume", with(volume_keys(), thin_key())), 1, 512})),
         optional(
             "containers", "Space that is reserved for copies, by name (arrays A7).",
             make_shape(shape::Map{"containers", object("a container", volume_keys()), 1, 512})),
         optional(
             "hosts",
             "Hosts, by name, with what is presented to each. A request needs no host; one "
             "that names a host goes through its presentation.",
             make_shape(shape::Map{
                 "hosts", make_shape(shape::List{"presentations", presentation, 0, 255, false}), 1,
                 256}))});
    return object("a cluster", {required("arrays", "Disk arrays, by name, each by itself.",
                                         make_shape(shape::Map{"arrays", array, 1, 16}))});
}

std::vector<Key> array_steps() {
    std::vector<Key> keys{optional("power_on", "An array has its power again.",
                                   make_shape(shape::Name{"the name of an array"}), {"array1"})};
    for (std::vector<Key> const& more :
         {space_commands(), host_commands(), copy_commands(), mirrorclone_commands()}) {
        keys.insert(keys.end(), more.begin(), more.end());
    }
    return keys;
}

std::vector<Key> array_request_keys() {
    return {
        array_key(),
        of_volume("The volume."),
        required("at", "Where it begins in the volume: a multiple of 512 B.", byte_count(),
                 {"0 B", "64 KiB"}),
        required("length", "How long it is: a multiple of 512 B.", byte_count(), {"4 KiB"}),
        optional("host",
                 "The host that asks, through its presentation. Default: one that needs "
                 "none.",
                 make_shape(shape::Name{"the name of a host"}), {"db"}),
        optional("refused", "What the host must be told. Default: it must succeed.", rule_name(),
                 {"copies_full"}),
    };
}

std::vector<ArrayConditionShape> array_conditions() {
    return {
        {"reports",
         {array_key(), of_volume("The volume or copy that is meant."),
          required("reports", "What the array reports of it (arrays A6, A8).",
                   one_of<netsim::ArrayReport>("a report"), {"synchronized", "independent"})}},
        {"progress",
         {array_key(), of_volume("The volume or copy that is meant."),
          required("progress", "So many percent of its copy, or its restore, are done.",
                   percentage(), {"50"})}},
        {"occupancy",
         {array_key(), group_key(true, "The disk group that is meant."),
          required("occupancy", "How full it is (arrays A1).",
                   words("an occupancy", {"normal", "warning", "alarm"}), {"alarm"})}},
        {"placed",
         {array_key(),
          optional("volume", "The volume that is meant. Default: any.", volume_name(), {"data"}),
          required("placed",
                   "The array has put this where it belongs, and its map does not say so yet: of "
                   "a flush, all data is stable and the map is not.",
                   one_of<netsim::ArrayWork>("what an array does"), {"write", "unsharing"})}},
    };
}

}  // namespace sunder::language::grammar
