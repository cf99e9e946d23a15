// SPDX-License-Identifier: BSD-3-Clause
//
// What is done with bytes from a stranger, or from a damaged disk: everything that a node would do
// with them before a machine sees them. Checksums are not held against them, because whoever makes
// frames on purpose makes right ones; so what lies behind them is reached.
//
// The first byte says what the rest is: a frame or a heartbeat as it arrives, what is stored, an
// input that was recorded, a node's setup, or the words of an operator: a line each, of an array or
// of a node, or the list in JSON that they arrive as.
#pragma once

#include "nodes/live/node_setup.h"

#include <cstddef>
#include <span>

namespace sunder::test {

enum class Stranger : unsigned char {
    frame = 'F',
    cell = 'C',
    page = 'P',
    hierarchy = 'H',
    mirror_input = 'M',
    node_input = 'N',
    hierarchy_input = 'T',
    setup = 'S',
    array_words = 'W',
    node_words = 'O',
    word_list = 'J',
    beat = 'B',
};

/// The node whose operators and peers they claim to be; with what the verbs' examples name.
live::NodeSetup const& asked_node();

/// Aborts when something that was taken is not said, or stored, the same way again.
void take(std::span<std::byte const> bytes);

/// Whether anything came of it: false when it was refused.
bool is_taken(std::span<std::byte const> bytes);

}  // namespace sunder::test
