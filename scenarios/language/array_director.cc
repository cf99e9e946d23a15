// SPDX-License-Identifier: BSD-3-Clause
//
// How each step about an array is begun and when it is over.
#include "scenarios/language/array_director.h"

#include "netsim/array_sim.h"

#include <fmt/format.h>

namespace sunder::language {

namespace note = netsim::array_note;
using netsim::World;
using Progress = ArrayDirector::Progress;

namespace {

/// Alarms below are those of applications that use mirrors.
constexpr std::uint32_t first_alarm = 1000;

}  // namespace

ArrayDirector::ArrayDirector(Scenario const& scenario, World const& world)
    : cluster_(world.cluster()) {
    for (std::size_t w = 0; w < scenario.array_workload.size(); ++w) {
        applications_.emplace_back(scenario.array_workload[w], static_cast<std::uint8_t>(w + 1),
                                   first_alarm + static_cast<std::uint32_t>(w));
    }
}

void ArrayDirector::begin(World& world) {
    for (std::size_t w = 0; w < applications_.size(); ++w) {
        if (applications_[w].running()) applications_[w].start(world);
    }
}

void ArrayDirector::stop_workloads() {
    for (ArrayApplication& one : applications_) one.stop();
}

bool ArrayDirector::rang(World& world, std::uint32_t what) {
    if (what < first_alarm) return false;
    applications_[what - first_alarm].rang(world);
    return true;
}

void ArrayDirector::see(World& world, netsim::seen::ArrayNoted const& noted) {
    auto const& what = noted.note->what;
    if (auto const* const told = std::get_if<note::Answered>(&what)) {
        if (request_ == told->request.id) {
            answer_.emplace();
            if (told->refused) {
                answer_->rule = answer_->words = emulator::name_of(*told->refused);
            }
        }
        std::uint8_t const asker = World::asker_of(told->request.id);
        if (asker != 0) applications_[asker - 1U].answered(world, *told);
    } else if (auto const* const done = std::get_if<note::Commanded>(&what)) {
        if (command_ != done->command) return;
        answer_.emplace();
        if (!done->refused) return;
        answer_->rule = text_of(done->refused->rule).name;
        answer_->words = fmt::format("{}: {}", answer_->rule, done->refused->words);
    } else if (std::holds_alternative<note::PowerLost>(what)) {
        for (ArrayApplication& one : applications_) {
            if (one.array() == noted.array) one.lost_power();
        }
    } else if (std::holds_alternative<note::PoweredOn>(what)) {
        for (ArrayApplication& one : applications_) {
            if (one.array() == noted.array && one.running()) one.start(world);
        }
    }
}

Progress ArrayDirector::judged(std::string const& refused) const {
    if (!answer_) return false;
    if (answer_->rule == refused) return true;
    std::string const was = answer_->rule.empty()
                                ? std::string("it was done")
                                : fmt::format("it was refused by {}", answer_->words);
    std::string const wanted = refused.empty() ? "done" : fmt::format("refused by {}", refused);
    return std::unexpected(fmt::format("{}, expected to be {}", was, wanted));
}

Progress ArrayDirector::take(World& world, step::ArrayOrder const& step, bool first) {
    if (!first) return judged(step.refused);
    netsim::ArraySim& sim = world.arrays().at(step.array);
    bool const fault = std::holds_alternative<emulator::command::FailDiskGroup>(step.command);
    if (!sim.powered() && !fault) {
        return std::unexpected(
            fmt::format("{} is without power", cluster_.arrays[step.array.value].name));
    }
    answer_.reset();
    request_.reset();
    command_ = step.command;
    sim.order(world, step.command);
    return false;
}

Progress ArrayDirector::take(World& world, step::ArrayRequest const& step, bool first) {
    if (!first) return judged(step.refused);
    netsim::ArraySim& sim = world.arrays().at(step.array);
    if (!sim.powered()) {
        return std::unexpected(
            fmt::format("{} is without power", cluster_.arrays[step.array.value].name));
    }
    answer_.reset();
    command_.reset();
    note::Request request;
    request.volume = step.volume;
    request.op = step.op;
    request.range = {step.at, step.sectors};
    if (step.op == replication::HostOp::write) request.content = world.fresh_content();
    request_ = sim.ask(world, std::move(request), step.host);
    return false;
}

Progress ArrayDirector::take(World& world, step::ArrayPower const& step, bool) {
    netsim::ArraySim& sim = world.arrays().at(step.array);
    if (step.on) {
        sim.power_on(world);
        return true;
    }
    if (!step.fates.empty()) world.chooser().follow(step.fates);
    sim.power_cut(world);
    world.chooser().draw_again();
    return true;
}

Progress ArrayDirector::take(World& world, step::ArrayLoad const& step, bool) {
    for (ArrayApplication& one : applications_) {
        if (one.array() != step.array) continue;
        if (step.begins) {
            one.start(world);
        } else {
            one.stop();
        }
    }
    return true;
}

}  // namespace sunder::language
