// SPDX-License-Identifier: BSD-3-Clause
//
// The target that libFuzzer drives; what is done with its bytes is in decoders.h.
#include "tests/fuzz/decoders.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* first, std::size_t size) {
    sunder::test::take(std::as_bytes(std::span(first, size)));
    return 0;
}
