// SPDX-License-Identifier: BSD-3-Clause
//
// Inputs to bytes and back, and prints of outputs.
#include "replication/input_codec.h"

#include "base/print.h"
#include "replication/input_format.h"

#include <algorithm>

namespace sunder::replication {

std::string input::flaw_of(Started const& started) {
    bool const all =
        std::ranges::all_of(started.pages, [](auto const& page) { return page != nullptr; });
    return all ? "" : "has a page that is none, each would be one";
}

void encode(Input const& input, ByteWriter& to) {
    to.u8(input_version);
    Encoder(to, ContentIs::inside).put(input);
}

std::expected<Input, std::string> decode_input(std::span<std::byte const> bytes) {
    ByteReader from(bytes);
    Decoder decoder(from, ContentIs::inside);
    decoder.version(input_version);
    Input input;
    decoder.get("input", input);
    return decoder.finish(std::move(input));
}

Fingerprint fingerprint(Output const& output) {
    Printer printer;
    printer.add(output);
    return printer.result();
}

Fingerprint fingerprint(Outbox& outbox) {
    Hasher hasher;
    for (Output const& output : outbox) hasher.add(fingerprint(output));
    return hasher.result();
}

}  // namespace sunder::replication
