// SPDX-License-Identifier: BSD-3-Clause
//
// The rules in words, with their sources.
#include "emulator/refusal.h"

#include "base/text.h"
#include "base/verify.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>

namespace sunder::emulator {

namespace {

constexpr RuleText texts[] = {
    {"no_such_group", "there is no disk group of that name", "arrays A1"},
    {"no_such_volume", "there is no volume of that name", "arrays A1"},
    {"no_such_host", "there is no host of that name", "arrays A1"},
    {"no_such_lun", "nothing is presented there", "arrays A1"},
    {"name_in_use", "the name is in use", "arrays A1"},
    {"bad_name",
     "a name begins with a letter and has letters, digits, '_', '.' and '-', at most 40",
     "arrays A1"},
    {"bad_size", "a size is above zero, in whole sectors of 512 bytes, and grows only",
     "arrays A1"},
    {"bad_level", "alarm levels are percentages, the warning not above the alarm", "arrays A1"},
    {"lun_out_of_range", "the profile has no such LUN number", "arrays A5"},
    {"lun_in_use", "the host has that LUN number already", "arrays A1"},
    {"presented_already", "the volume is presented to the host already", "arrays A1"},
    {"host_presented", "volumes are presented to the host", "arrays A1"},
    {"group_not_empty", "volumes live in the disk group", "arrays A1"},
    {"group_failed", "its disk group has failed", "arrays A1"},
    {"feature_missing", "the profile's firmware cannot do that", "arrays A5"},
    {"no_space", "the disk group has not enough free space", "arrays A2"},
    {"volume_too_large", "it is larger than the profile's largest volume", "arrays A5"},
    {"too_many_volumes", "the array has as many volumes as the profile allows", "arrays A4.5"},
    {"too_many_snapshots", "the source has as many snapshots as the profile allows", "arrays A4.5"},
    {"snapshot_sizes_exceeded", "the source's snapshots together would exceed the profile's sum",
     "arrays A5"},
    {"too_many_mirrorclones", "the source has as many mirrorclones as the profile allows",
     "arrays A5"},
    {"too_many_in_multisnap", "one multisnap takes fewer volumes", "arrays A5"},
    {"twice_in_multisnap", "a multisnap names each source once", "arrays A12"},
    {"no_licence", "the array has no licence for local copies", "arrays A4.1"},
    {"is_presented", "it is presented to a host", "arrays A1, A9"},
    {"is_container", "it is a container", "arrays A7"},
    {"not_a_container", "it is no container", "arrays A7"},
    {"container_size", "the container has another size than the source", "arrays A7"},
    {"container_group", "the container of a snapshot lies in the source's disk group", "arrays A7"},
    {"container_prepared", "the container is prepared for another source", "arrays A7"},
    {"container_emptying", "what the container held is still being given up", "arrays A7"},
    {"container_demand", "only fully allocated snapshots come from containers", "arrays A7"},
    {"container_decides",
     "a copy in a container is in its disk group and of its Vraid: say neither, or no container",
     "arrays A7"},
    {"snapshot_of_snapshot", "a snapshot has no snapshots", "arrays A4.2"},
    {"source_normalizing", "the source is normalizing", "arrays A4.2"},
    {"mixed_snapshots", "the source's snapshots are of one type and one Vraid", "arrays A4.3"},
    {"vraid_too_high", "a snapshot's Vraid is not above its source's", "arrays A4.4"},
    {"clone_of_snapshot", "a snapshot has no clones", "arrays A4.6"},
    {"clone_source_has_snapshot", "the source has a snapshot", "arrays A4.6"},
    {"clone_source_has_mirrorclone", "the source has a mirrorclone", "arrays A4.6"},
    {"clone_of_mirrorclone", "a mirrorclone has no clones", "arrays A8"},
    {"one_snapclone_at_a_time", "another snapclone of the source is not normalized yet",
     "arrays A4.7"},
    {"source_has_snapclone", "a snapclone of it is not normalized yet", "arrays A4.8"},
    {"source_has_snapshot", "it has snapshots, which would become unusable", "arrays A4.9"},
    {"source_has_mirrorclone", "it has a mirrorclone, which is to be detached first", "arrays A8"},
    {"snapclone_unsharing", "a snapclone is not deleted while it is normalizing", "arrays A3"},
    {"clone_broken", "what it was copied from has failed", "arrays A6"},
    {"has_relatives", "it has copies, or is one", "arrays A3"},
    {"not_a_mirrorclone", "it is no mirrorclone", "arrays A8"},
    {"mirrorclone_not_fractured", "the mirrorclone is to be fractured first", "arrays A4.10"},
    {"mirrorclone_fractured", "the mirrorclone is fractured", "arrays A8"},
    {"mirrorclone_not_synchronized", "the mirrorclone is not synchronized", "arrays A8"},
    {"mirrorclone_presented", "the mirrorclone is to be unpresented first", "arrays A4.11"},
    {"mirrorclone_attached", "the mirrorclone is to be detached first", "arrays A4.11"},
    {"mirrorclone_source_broken",
     "what its source lacked when the mirrorclone's disk group failed is lost: delete the source, "
     "or "
     "write all of it anew",
     "arrays A6, A8"},
    {"mirrorclone_of_copy", "a mirrorclone is made of an ordinary volume", "arrays A8"},
    {"not_its_snapshot", "that is no snapshot of it", "arrays A9"},
    {"restore_in_progress", "a restore is going on", "arrays A9"},
    {"snapshot_invalid", "the snapshot is invalid, and can only be deleted", "arrays A10"},
};
static_assert(std::size(texts) == static_cast<std::size_t>(Rule::last));

}  // namespace

RuleText text_of(Rule rule) {
    VERIFY(rule < Rule::last);
    return texts[static_cast<std::size_t>(rule)];
}

Refusal refuse(Rule rule, std::string_view subject) {
    RuleText const text = text_of(rule);
    return {rule, fmt::format("{}: {} ({})", printable(subject), text.text, text.source)};
}

}  // namespace sunder::emulator
