// SPDX-License-Identifier: BSD-3-Clause
//
// What becomes of a mirror's hierarchy on one node: resources start bottom-up and stop top-down
// (R99), are recovered where they fail (R100), and fail for good. Whether the mirror then moves is
// decided by the membership machine.
#pragma once

#include "base/format_fwd.h"
#include "nodes/hierarchy_seam.h"

#include <memory>
#include <string>
#include <vector>

namespace sunder::nodes::hierarchy {

/// Of one resource, each with its own data.
namespace resource {
struct OutOfService {
    friend bool operator==(OutOfService const&, OutOfService const&) = default;
};
struct Starting {
    friend bool operator==(Starting const&, Starting const&) = default;
};
struct InService {
    friend bool operator==(InService const&, InService const&) = default;
};
struct Recovering {
    friend bool operator==(Recovering const&, Recovering const&) = default;
};
struct Stopping {
    friend bool operator==(Stopping const&, Stopping const&) = default;
};
/// Until the hierarchy rises again.
struct Failed {
    friend bool operator==(Failed const&, Failed const&) = default;
};
}  // namespace resource
using ResourceState = std::variant<resource::OutOfService, resource::Starting, resource::InService,
                                   resource::Recovering, resource::Stopping, resource::Failed>;

/// Where the whole of it is going.
namespace course {
struct Down {
    bool regardless = false;
    friend bool operator==(Down const&, Down const&) = default;
};
struct Up {
    friend bool operator==(Up const&, Up const&) = default;
};
/// Nothing starts any more, and nothing stops, until another command comes.
struct Halted {
    friend bool operator==(Halted const&, Halted const&) = default;
};
}  // namespace course
using Course = std::variant<course::Down, course::Up, course::Halted>;

class HierarchyMachine {
public:
    explicit HierarchyMachine(std::shared_ptr<Hierarchy const> hierarchy);

    void step(Input const& input, Outbox& out) noexcept;

    [[nodiscard]] Fingerprint fingerprint() const;
    [[nodiscard]] Hierarchy const& hierarchy() const { return *hierarchy_; }
    [[nodiscard]] ResourceState const& state(ResourceId id) const {
        return states_[*hierarchy_->find(id)];
    }
    [[nodiscard]] bool up() const { return report_.up; }

private:
    template <class T>
    friend struct sunder::Format;  // nodes/state_format.h
    friend std::string flaw_of(HierarchyMachine const& read);

    void commanded(command::Rise const&, Outbox&);
    void commanded(command::Fall const&, Outbox&);
    void commanded(command::Change const&, Outbox&);
    void started(std::size_t place, bool ok, Outbox&);
    void stopped(std::size_t place, bool ok, Outbox&);
    void recovered(std::size_t place, bool ok, Outbox&);
    void found_failed(std::size_t place, Outbox&);
    /// Local recovery, if the resource has any; else it has failed for good.
    void recover(std::size_t place, Outbox&);
    void fail(std::size_t place, Outbox&);
    void advance(Outbox&);
    void tell(Outbox&);
    [[nodiscard]] bool may_start(std::size_t place) const;
    [[nodiscard]] bool may_stop(std::size_t place) const;
    template <class State>
    [[nodiscard]] bool is(std::size_t place) const {
        return std::holds_alternative<State>(states_[place]);
    }
    void note(std::size_t place, Changed::To to, Outbox&) const;
    void act(std::size_t place, Action action, Outbox&) const;

    std::shared_ptr<Hierarchy const> hierarchy_;
    std::vector<ResourceState> states_;  // by place
    Course course_;
    Report report_;  // as it was told last
    std::uint32_t failures_ = 0;
    std::uint32_t stuck_ = 0;
    std::uint32_t obeys_ = 0;
};

}  // namespace sunder::nodes::hierarchy
