// SPDX-License-Identifier: BSD-3-Clause
//
// The grammar of scenario files: every key there is, and its documentation. What the values mean
// together is left to the loader.
#pragma once

#include "scenarios/language/shape.h"

namespace sunder::language {

/// A scenario file.
Shape const& scenario_shape();

/// A file that only holds a cluster, for scenarios to include.
Shape const& cluster_file_shape();

/// The texts of the two schema files that ship: scenarios/scenario.schema.json,
/// cluster.schema.json.
std::string scenario_schema();
std::string cluster_schema();

namespace grammar {

// Parts that several files of the grammar use.
ShapePtr mode();
ShapePtr policy();
ShapePtr split_brain_policy();
ShapePtr intent_log();
ShapePtr asynchronous_limit();
ShapePtr duration();
ShapePtr byte_count();
ShapePtr bandwidth();
ShapePtr share();
ShapePtr node_name();
ShapePtr mirror_name();
ShapePtr mirror_or_array();
ShapePtr volume_name();
ShapePtr rule_name();
ShapePtr object(std::string what, std::vector<Key> keys);
Key required(std::string name, std::string about, ShapePtr shape,
             std::vector<std::string> examples = {});
Key optional(std::string name, std::string about, ShapePtr shape,
             std::vector<std::string> examples = {});

/// The sections of a file.
ShapePtr cluster();
ShapePtr workload();
ShapePtr steps();
/// What happens to nodes, disks, clocks and links.
std::vector<Key> node_steps();
std::vector<Key> fault_steps();
std::vector<Key> operator_steps();
/// Keys of steps: the node that is meant, a volume of a mirror, a part of one.
Key on_node(std::string about);
Key volume_key();
std::vector<Key> range_keys();
/// What has to come before a takeover: keys of a cluster, and steps about it.
std::vector<Key> member_keys();
std::vector<Key> member_steps();
/// What stands on mirrors.
std::vector<Key> hierarchy_keys();
std::vector<Key> hierarchy_steps();
/// Disk arrays.
ShapePtr array_profile();
/// In which an array is not as its profile.
Key array_switches();
ShapePtr array_cluster();
std::vector<Key> array_steps();
std::vector<Key> array_request_keys();
struct ArrayConditionShape {
    char const* key;  ///< that tells it from others
    std::vector<Key> keys;
};
std::vector<ArrayConditionShape> array_conditions();
ShapePtr expect();
ShapePtr matrix();

}  // namespace grammar

}  // namespace sunder::language
