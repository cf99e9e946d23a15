// SPDX-License-Identifier: BSD-3-Clause
//
// Which export a URI of an NBD server names, however it is written. It goes by the words alone: two
// names of one machine are two places, and what lies there is for whoever connects to see.
#pragma once

#include <string>
#include <string_view>

namespace sunder::live {

/// Equal for URIs (of libnbd) that differ only in what does not choose the export: the port where
/// it is the usual one, TLS and its files, a user's name, whether the host is in capitals.
std::string place_of_export(std::string_view uri);

}  // namespace sunder::live
