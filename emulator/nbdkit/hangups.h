// SPDX-License-Identifier: BSD-3-Clause
//
// A host that hangs up must not take everybody else's service with it. nbdkit gives up a connection
// as soon as one of its threads cannot read or write; up to 1.34 another one that is about to write
// its reply then ends the process (`raw_send_socket: Assertion`). So nbdkit is told of the end of a
// connection where its threads meet it in order: when the next request is read.
#pragma once

namespace sunder::nbdkit {

/// Before there are connections. Calls of nbdkit's own to send, read and __assert_fail go through
/// here from then on; everybody else's do not. False where nbdkit cannot be reached so, which
/// changes nothing, and which whoever serves has to hear of.
bool mind_hangups();

}  // namespace sunder::nbdkit
