// SPDX-License-Identifier: BSD-3-Clause
//
// One of each message that machines and nodes say, with the bytes that other builds speak: what the
// tests of the encodings hold them to, and what fuzzing begins with.
#pragma once

#include "nodes/seam.h"
#include "replication/message.h"

#include <vector>

namespace sunder::test {

struct GoldenMessage {
    char const* what;
    replication::Message message;
    char const* bytes;  ///< of the head, in hex; blanks mean nothing
};
std::vector<GoldenMessage> golden_messages();

struct GoldenControl {
    char const* what;
    nodes::ControlMessage message;
    char const* bytes;
};
std::vector<GoldenControl> golden_control();

// What some of them hold.
Payload some_bytes(std::uint64_t sectors);
replication::Record some_record(replication::RecordKind kind, std::uint64_t sectors,
                                Payload content);
nodes::StoredHierarchy some_hierarchy();

}  // namespace sunder::test
