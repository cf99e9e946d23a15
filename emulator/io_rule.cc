// SPDX-License-Identifier: BSD-3-Clause
//
// Their names.
#include "emulator/io_rule.h"

namespace sunder::emulator {

std::string_view name_of(IoRule rule) {
    switch (rule) {
        case IoRule::no_such_volume:
            return "no_such_volume";
        case IoRule::not_accessible:
            return "not_accessible";
        case IoRule::out_of_range:
            return "out_of_range";
        case IoRule::read_only:
            return "read_only";
        case IoRule::snapshot_invalid:
            return "snapshot_invalid";
        case IoRule::medium_error:
            return "medium_error";
        case IoRule::copies_full:
            return "copies_full";
        case IoRule::group_full:
            return "group_full";
    }
    return "unknown";
}

}  // namespace sunder::emulator
