// SPDX-License-Identifier: BSD-3-Clause
//
// Why an array refuses a command: the rule, what it says, and which manual says it.
#pragma once

#include <string>
#include <string_view>

namespace sunder::emulator {

enum class Rule : unsigned char {
    // What is named in the command:
    no_such_group,
    no_such_volume,
    no_such_host,
    no_such_lun,
    name_in_use,
    bad_name,
    bad_size,
    bad_level,
    lun_out_of_range,
    lun_in_use,
    presented_already,
    host_presented,
    group_not_empty,
    group_failed,
    feature_missing,
    // Space and limits:
    no_space,
    volume_too_large,
    too_many_volumes,
    too_many_snapshots,
    snapshot_sizes_exceeded,
    too_many_mirrorclones,
    too_many_in_multisnap,
    twice_in_multisnap,
    // What the volumes are:
    no_licence,
    is_presented,
    is_container,
    not_a_container,
    container_size,
    container_group,
    container_prepared,
    container_emptying,
    container_demand,
    container_decides,
    snapshot_of_snapshot,
    source_normalizing,
    mixed_snapshots,
    vraid_too_high,
    clone_of_snapshot,
    clone_source_has_snapshot,
    clone_source_has_mirrorclone,
    clone_of_mirrorclone,
    one_snapclone_at_a_time,
    source_has_snapclone,
    source_has_snapshot,
    source_has_mirrorclone,
    snapclone_unsharing,
    clone_broken,
    has_relatives,
    // Mirrorclones:
    not_a_mirrorclone,
    mirrorclone_not_fractured,
    mirrorclone_fractured,
    mirrorclone_not_synchronized,
    mirrorclone_presented,
    mirrorclone_attached,
    mirrorclone_source_broken,
    mirrorclone_of_copy,
    // Instant restore:
    not_its_snapshot,
    restore_in_progress,
    snapshot_invalid,
    last
};

struct RuleText {
    std::string_view name;    ///< the enumerator, for reports
    std::string_view text;    ///< what it says, as a sentence without a subject
    std::string_view source;  ///< "arrays A4.6"
};
RuleText text_of(Rule rule);

/// Nothing has changed.
struct Refusal {
    Rule rule = Rule::no_such_volume;
    std::string words;  ///< for people: what was asked, the rule, its source
};
/// About `subject`, a name that stands in the command.
Refusal refuse(Rule rule, std::string_view subject);

}  // namespace sunder::emulator
