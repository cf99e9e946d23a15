// SPDX-License-Identifier: BSD-3-Clause
//
// What everybody does who drives a handle of libnbd by himself, with poll(2): its greeting, what it
// waits for, and what it is told of that.
#pragma once

#include "base/units.h"

#include <expected>
#include <string>

struct nbd_handle;

namespace sunder::live {

/// Of poll(2).
short wanted_of(nbd_handle* handle);
/// `came`, of poll(2). What can be read comes first. A socket that failed tells so to whoever
/// tries.
void notify(nbd_handle* handle, short came);
/// Nothing can be asked any more.
bool is_over(nbd_handle* handle);
/// A connection that was begun, until the server can be asked; within so long. The error is for
/// people.
std::expected<void, std::string> greet(nbd_handle* handle, Duration within);
/// libnbd's words for what failed last on this thread.
std::string nbd_error();

}  // namespace sunder::live
