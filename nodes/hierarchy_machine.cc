// SPDX-License-Identifier: BSD-3-Clause
//
// The way of a hierarchy up and down, one resource at a time.
#include "nodes/hierarchy_machine.h"

#include "base/mutant.h"
#include "base/verify.h"

#include <algorithm>
#include <ranges>

namespace sunder::nodes::hierarchy {

HierarchyMachine::HierarchyMachine(std::shared_ptr<Hierarchy const> hierarchy)
    : hierarchy_(std::move(hierarchy)), states_(hierarchy_->resources().size()) {
    report_.up = hierarchy_->empty();
}

void HierarchyMachine::step(Input const& input, Outbox& out) noexcept {
    struct Step {
        HierarchyMachine& machine;
        Outbox& out;
        void operator()(input::Commanded const& in) const {
            std::visit([&](auto const& told) { machine.commanded(told, out); }, in.command);
        }
        void operator()(input::ActionDone const& in) const {
            std::optional<std::size_t> const place = machine.hierarchy_->find(in.resource);
            if (!place) return;  // deleted while it was stopping here
            switch (in.action) {
                case Action::start:
                    machine.started(*place, in.ok, out);
                    return;
                case Action::stop:
                    machine.stopped(*place, in.ok, out);
                    return;
                case Action::recover:
                    machine.recovered(*place, in.ok, out);
                    return;
            }
        }
        void operator()(input::FoundFailed const& in) const {
            std::optional<std::size_t> const place = machine.hierarchy_->find(in.resource);
            if (place) machine.found_failed(*place, out);
        }
    };
    std::visit(Step{*this, out}, input);
    advance(out);
    tell(out);
}

void HierarchyMachine::commanded(command::Rise const& told, Outbox&) {
    course_ = course::Up{};
    obeys_ = told.number;
    for (ResourceState& state : states_) {
        bool const failed = std::holds_alternative<resource::Failed>(state);
        if (told.again && failed) state = resource::OutOfService{};
    }
}

/// What has failed stays so, for all to see.
void HierarchyMachine::commanded(command::Fall const& told, Outbox&) {
    course_ = course::Down{told.regardless};
    obeys_ = told.number;
}

void HierarchyMachine::commanded(command::Change const& told, Outbox&) {
    std::vector<ResourceState> states;
    for (ProtectedResource const& one : told.to->resources()) {
        std::optional<std::size_t> const was = hierarchy_->find(one.id);
        states.push_back(was ? states_[*was] : ResourceState{});
    }
    hierarchy_ = told.to;
    states_ = std::move(states);
}

void HierarchyMachine::started(std::size_t place, bool ok, Outbox& out) {
    VERIFY(is<resource::Starting>(place));
    if (!ok) {
        recover(place, out);
        return;
    }
    states_[place] = resource::InService{};
    note(place, Changed::To::in_service, out);
}

/// One that does not stop keeps what is below it in service (R92: a file system in use), unless
/// the disk has been taken from under it.
void HierarchyMachine::stopped(std::size_t place, bool ok, Outbox& out) {
    VERIFY(is<resource::Stopping>(place));
    auto const* down = std::get_if<course::Down>(&course_);
    bool const abandons = !ok && down != nullptr && down->regardless;
    if (ok || abandons) {
        states_[place] = resource::OutOfService{};
        note(place, ok ? Changed::To::out_of_service : Changed::To::abandoned, out);
        return;
    }
    states_[place] = resource::InService{};
    note(place, Changed::To::does_not_stop, out);
    if (down == nullptr) return;
    course_ = course::Halted{};
    ++stuck_;
}

void HierarchyMachine::recovered(std::size_t place, bool ok, Outbox& out) {
    VERIFY(is<resource::Recovering>(place));
    if (!ok) {
        fail(place, out);
        return;
    }
    states_[place] = resource::InService{};
    note(place, Changed::To::recovered, out);
}

/// One that is on its way is judged by where it comes to.
void HierarchyMachine::found_failed(std::size_t place, Outbox& out) {
    if (is<resource::InService>(place)) recover(place, out);
}

void HierarchyMachine::recover(std::size_t place, Outbox& out) {
    bool const rises = std::holds_alternative<course::Up>(course_);
    if (!rises || !hierarchy_->resources()[place].local_recovery) {
        fail(place, out);
        return;
    }
    states_[place] = resource::Recovering{};
    note(place, Changed::To::recovering, out);
    act(place, Action::recover, out);
}

void HierarchyMachine::fail(std::size_t place, Outbox& out) {
    states_[place] = resource::Failed{};
    note(place, Changed::To::failed, out);
    if (!std::holds_alternative<course::Up>(course_)) return;
    course_ = course::Halted{};
    ++failures_;
}

/// Everything that it needs is in service.
bool HierarchyMachine::may_start(std::size_t place) const {
    if (!is<resource::OutOfService>(place)) return false;
    bool ready = true;
    hierarchy_->for_each_child(
        place, [&](std::size_t child) { ready = ready && is<resource::InService>(child); });
    return ready || mutant(Mutant::hierarchy_starts_at_once);
}

/// Nothing that needs it is in service, or on its way.
bool HierarchyMachine::may_stop(std::size_t place) const {
    if (!is<resource::InService>(place)) return false;
    bool free = true;
    hierarchy_->for_each_parent(place, [&](std::size_t parent) {
        bool const rests = is<resource::OutOfService>(parent) || is<resource::Failed>(parent);
        free = free && rests;
    });
    return free;
}

void HierarchyMachine::advance(Outbox& out) {
    if (std::holds_alternative<course::Up>(course_)) {
        for (std::size_t const place : hierarchy_->bottom_up()) {
            if (!may_start(place)) continue;
            states_[place] = resource::Starting{};
            act(place, Action::start, out);
        }
    } else if (std::holds_alternative<course::Down>(course_)) {
        for (std::size_t const place : hierarchy_->bottom_up() | std::views::reverse) {
            if (!may_stop(place)) continue;
            states_[place] = resource::Stopping{};
            act(place, Action::stop, out);
        }
    }
}

void HierarchyMachine::tell(Outbox& out) {
    Report report;
    report.failures = failures_;
    report.stuck = stuck_;
    report.obeys = obeys_;
    for (std::size_t place = 0; place < states_.size(); ++place) {
        bool const failed = is<resource::Failed>(place);
        report.up = report.up && is<resource::InService>(place);
        report.down = report.down && (failed || is<resource::OutOfService>(place));
        report.failed = report.failed || failed;
    }
    report.up = report.up && std::holds_alternative<course::Up>(course_);
    if (report == report_) return;
    if (report.up != report_.up) out.emplace_back(output::Noted{UpOrDown{report.up}});
    report_ = report;
    out.emplace_back(output::Reported{report});
}

void HierarchyMachine::note(std::size_t place, Changed::To to, Outbox& out) const {
    out.emplace_back(output::Noted{Changed{hierarchy_->resources()[place].id, to}});
}

void HierarchyMachine::act(std::size_t place, Action action, Outbox& out) const {
    out.emplace_back(output::Act{hierarchy_->resources()[place].id, action});
}

/// Counts only have to be told from those that come, and that is done by the one who is told.
Fingerprint HierarchyMachine::fingerprint() const {
    Hasher hasher;
    hasher.add(hierarchy_->fingerprint());
    for (ResourceState const& state : states_) hasher.add(state.index());
    auto const* down = std::get_if<course::Down>(&course_);
    hasher.add(course_.index() | std::uint64_t{down != nullptr && down->regardless} << 4);
    return hasher.result();
}

std::string_view name_of(Action action) {
    switch (action) {
        case Action::start:
            return "start";
        case Action::stop:
            return "stop";
        case Action::recover:
            return "recovery";
    }
    return "";
}

}  // namespace sunder::nodes::hierarchy
