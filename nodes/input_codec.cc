// SPDX-License-Identifier: BSD-3-Clause
//
// Inputs of a node's machines to bytes and back, and prints of outputs.
#include "nodes/input_codec.h"

#include "base/print.h"
#include "nodes/input_format.h"

namespace sunder::nodes {

namespace {

template <class Input>
void encode_inside(Input const& input, ByteWriter& to) {
    to.u8(input_version);
    Encoder(to, ContentIs::inside).put(input);
}

template <class Input>
std::expected<Input, std::string> decode_inside(std::span<std::byte const> bytes) {
    ByteReader from(bytes);
    Decoder decoder(from, ContentIs::inside);
    decoder.version(input_version);
    Input input;
    decoder.get("input", input);
    return decoder.finish(std::move(input));
}

template <class Output>
Fingerprint print_of(Output const& output) {
    Printer printer;
    printer.add(output);
    return printer.result();
}

template <class Outbox>
Fingerprint print_of_all(Outbox& outbox) {
    Hasher hasher;
    for (auto const& output : outbox) hasher.add(print_of(output));
    return hasher.result();
}

}  // namespace

void encode(Input const& input, ByteWriter& to) { encode_inside(input, to); }
std::expected<Input, std::string> decode_input(std::span<std::byte const> bytes) {
    return decode_inside<Input>(bytes);
}
Fingerprint fingerprint(Output const& output) { return print_of(output); }
Fingerprint fingerprint(Outbox& outbox) { return print_of_all(outbox); }

namespace hierarchy {

std::string command::flaw_of(Change const& change) {
    return change.to ? "" : "changes to nothing, a hierarchy would be right";
}

void encode(Input const& input, ByteWriter& to) { encode_inside(input, to); }
std::expected<Input, std::string> decode_input(std::span<std::byte const> bytes) {
    return decode_inside<Input>(bytes);
}
Fingerprint fingerprint(Output const& output) { return print_of(output); }
Fingerprint fingerprint(Outbox& outbox) { return print_of_all(outbox); }

}  // namespace hierarchy

}  // namespace sunder::nodes
