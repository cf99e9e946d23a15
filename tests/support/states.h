// SPDX-License-Identifier: BSD-3-Clause
//
// That machines can be written down wherever they are: what is read back has every member as it
// was, since a format that forgets one does not compile, and is written as the same bytes.
#pragma once

#include "netsim/world.h"
#include "nodes/state_codec.h"
#include "replication/state_codec.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace sunder::testing {

template <class Machine>
std::vector<std::byte> state_of(Machine const& machine) {
    std::vector<std::byte> bytes;
    ByteWriter to(bytes);
    encode(machine, to);
    return bytes;
}

/// Looks at the machines of a world each time that it is asked so often, because it costs time.
class States {
public:
    /// Throws where a machine does not come back as it was.
    void look(netsim::World const& world) {
        constexpr std::uint64_t seldom = 64;
        if (++asked_ % seldom != 0) return;
        for (std::uint8_t n = 0; n < world.cluster().nodes.size(); ++n) {
            netsim::NodeSim const& node = world.node(NodeId{n});
            if (node.up()) look_at(node);
        }
    }
    [[nodiscard]] std::uint64_t looked() const { return looked_; }

private:
    void look_at(netsim::NodeSim const& node) {
        auto const own = state_of(*node.machine);
        compare(node.name, own, nodes::decode_state(node.config, own));
        for (netsim::CopySim const& copy : node.copies) {
            if (copy.machine) {
                auto const mirror = state_of(*copy.machine);
                auto const back = replication::decode_state(copy.config, mirror);
                compare(node.name + "'s mirror", mirror, back);
            }
            if (copy.above.machine) {
                auto const above = state_of(*copy.above.machine);
                compare("what stands on it", above, nodes::hierarchy::decode_state(above));
            }
        }
    }
    template <class Back>
    void compare(std::string const& what, std::vector<std::byte> const& state, Back const& back) {
        ++looked_;
        if (!back) throw std::logic_error(fmt::format("{}: {}", what, back.error()));
        if (state_of(*back) != state) throw std::logic_error(what + " is written otherwise");
    }

    std::uint64_t asked_ = 0;
    std::uint64_t looked_ = 0;
};

}  // namespace sunder::testing
