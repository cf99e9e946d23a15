// SPDX-License-Identifier: BSD-3-Clause
//
// Each action of the machine is a program that runs, and its end an input.
#include "nodes/live/resource_driver.h"

#include "nodes/live/resource_programs.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <future>
#include <ranges>
#include <variant>

namespace sunder::live {

namespace asio = boost::asio;
namespace hierarchy = nodes::hierarchy;

ResourceWorker::ResourceWorker(Duration within,
                               std::vector<std::pair<std::string, std::string>> environment)
    : within_(within), environment_(std::move(environment)) {}

ResourceWorker::~ResourceWorker() { stop(); }

void ResourceWorker::run(std::vector<std::string> program, Then then) {
    put({std::move(program), std::move(then), false});
}

void ResourceWorker::check(std::vector<std::string> program, Then then) {
    put({std::move(program), std::move(then), true});
}

void ResourceWorker::put(Job job) {
    {
        std::lock_guard const lock(lock_);
        if (!stopping_) {
            if (checks_ && !job.is_check) bell_.ring();
            jobs_.push_back(std::move(job));
            there_.notify_one();
            if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
            return;
        }
    }
    job.then({.called_off = true});
}

void ResourceWorker::work() {
    std::unique_lock lock(lock_);
    for (;;) {
        there_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
        if (stopping_) break;
        Job const job = std::move(jobs_.front());
        jobs_.pop_front();
        checks_ = job.is_check;
        bell_.hush();
        lock.unlock();
        Ran const ran = run_bounded(job.program, environment_, within_, bell_);
        job.then(ran);
        lock.lock();
        checks_ = false;
    }
    std::deque<Job> const rest = std::exchange(jobs_, {});
    lock.unlock();
    for (Job const& job : rest) job.then({.called_off = true});
}

void ResourceWorker::stop() {
    {
        std::lock_guard const lock(lock_);
        stopping_ = true;
        bell_.ring();
        there_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
    bell_.hush();
}

Ran ResourceWorker::run_here(std::vector<std::string> const& program) {
    return run_bounded(program, environment_, within_, bell_);
}

ResourceDriver::ResourceDriver(NodeSetup const& setup, std::size_t mirror,
                               asio::io_context& context, Clock& clock, Told told)
    : setup_(setup),
      context_(context),
      clock_(clock),
      told_(std::move(told)),
      machine_(setup.config.resources[mirror].hierarchy),
      workers_(setup.resources.size()),
      watches_(setup.resources.size()) {
    for (nodes::ProtectedResource const& one : machine_.hierarchy().resources()) {
        workers_[one.id.value] = std::make_unique<ResourceWorker>(
            setup_of(one.id).within, environment_of(setup, mirror, one.id));
    }
}

ResourceDriver::~ResourceDriver() {
    if (cleaner_.joinable()) cleaner_.join();
}

ResourceSetup const& ResourceDriver::setup_of(ResourceId id) const {
    return setup_.resources[id.value];
}

/// One that another server knows of, and this one's file does not, cannot be started here.
bool ResourceDriver::knows(ResourceId id) const {
    return id.value < workers_.size() && workers_[id.value] != nullptr;
}

std::vector<ResourceId> ResourceDriver::top_down() const {
    std::vector<ResourceId> all;
    nodes::Hierarchy const& is = machine_.hierarchy();
    for (std::size_t const place : is.bottom_up() | std::views::reverse) {
        ResourceId const id = is.resources()[place].id;
        if (knows(id)) all.push_back(id);
    }
    return all;
}

/// Nothing is done any more once this driver ends.
void ResourceDriver::post(std::function<void()> what) {
    asio::post(context_, [this, what = std::move(what)] {
        if (!ending_) what();
    });
}

void ResourceDriver::start() {
    cleaner_ = std::thread([this, all = top_down()] {
        for (ResourceId const id : all) {
            std::promise<void> done;
            workers_[id.value]->run(setup_of(id).stop, [&](Ran const& ran) {
                if (!ran.ok && !ran.called_off) {
                    told_.words(
                        fmt::format("{}, of an earlier life: {}", setup_of(id).name, ran.words));
                }
                done.set_value();
            });
            done.get_future().wait();
        }
        post([this] {
            clean_ = true;
            for (auto const& one : std::exchange(waiting_, {})) act(one);
        });
    });
}

void ResourceDriver::command(hierarchy::Command const& command) {
    if (!ending_) step(hierarchy::input::Commanded{command});
}

struct ResourceDriver::Carry {
    ResourceDriver& driver;

    void operator()(hierarchy::output::Act const& out) const { driver.act(out); }
    void operator()(hierarchy::output::Reported const& out) const {
        driver.told_.reported(out.report);
    }
    void operator()(hierarchy::output::Noted const& out) const { driver.noted(out.note); }
};

void ResourceDriver::step(hierarchy::Input const& input) {
    hierarchy::Outbox out;
    machine_.step(input, out);
    told_.stepped(machine_, input, out);
    for (hierarchy::Output const& output : out) std::visit(Carry{*this}, output);
}

void ResourceDriver::act(hierarchy::output::Act const& act) {
    if (!clean_) {
        waiting_.push_back(act);
        return;
    }
    if (!knows(act.resource)) {
        post([this, act] { step(hierarchy::input::ActionDone{act.resource, act.action, false}); });
        return;
    }
    ResourceSetup const& setup = setup_of(act.resource);
    std::vector<std::string> const* program = &setup.start;
    if (act.action == hierarchy::Action::stop) program = &setup.stop;
    if (act.action == hierarchy::Action::recover && !setup.recover.empty()) {
        program = &setup.recover;
    }
    workers_[act.resource.value]->run(*program, [this, act, &setup](Ran const& ran) {
        if (!ran.ok && !ran.called_off) {
            told_.words(fmt::format("{}: {} failed: {}", setup.name, hierarchy::name_of(act.action),
                                    ran.words));
        }
        post([this, act, ok = ran.ok] {
            step(hierarchy::input::ActionDone{act.resource, act.action, ok});
        });
    });
}

/// What has come in service is looked at from time to time, until something else becomes of it.
void ResourceDriver::noted(hierarchy::Note const& note) {
    told_.noted(note);
    auto const* const changed = std::get_if<hierarchy::Changed>(&note);
    if (changed == nullptr) return;
    using To = hierarchy::Changed::To;
    ResourceId const id = changed->resource;
    if (!knows(id)) return;
    std::uint64_t const watch = ++watches_[id.value];
    bool const serves = changed->to == To::in_service || changed->to == To::recovered ||
                        changed->to == To::does_not_stop;
    if (serves && !setup_of(id).check.empty()) check_later(id, watch);
}

void ResourceDriver::check_later(ResourceId id, std::uint64_t watch) {
    clock_.after(setup_of(id).check_every,
                 [this, id, watch] { post([this, id, watch] { check(id, watch); }); });
}

/// One that is stopping is not looked at: its own program says what becomes of it.
void ResourceDriver::check(ResourceId id, std::uint64_t watch) {
    if (watches_[id.value] != watch || !machine_.hierarchy().find(id)) return;
    if (!std::holds_alternative<hierarchy::resource::InService>(machine_.state(id))) {
        return check_later(id, watch);
    }
    workers_[id.value]->check(setup_of(id).check, [this, id, watch](Ran const& ran) {
        post([this, id, watch, ran] {
            if (watches_[id.value] != watch) return;
            if (ran.ok || ran.called_off) return check_later(id, watch);
            told_.words(fmt::format("{}: {}", setup_of(id).name, ran.words));
            step(hierarchy::input::FoundFailed{id});
            if (watches_[id.value] == watch) check_later(id, watch);
        });
    });
}

void ResourceDriver::stop() {
    std::promise<std::vector<ResourceId>> promise;
    asio::post(context_, [&] {
        ending_ = true;
        std::vector<ResourceId> run;
        for (ResourceId const id : top_down()) {
            auto const& state = machine_.state(id);
            bool const rests = std::holds_alternative<hierarchy::resource::OutOfService>(state);
            if (!rests) run.push_back(id);
        }
        promise.set_value(std::move(run));
    });
    std::vector<ResourceId> const run = promise.get_future().get();
    for (auto const& worker : workers_) {
        if (worker != nullptr) worker->stop();
    }
    if (cleaner_.joinable()) cleaner_.join();
    for (ResourceId const id : run) {
        Ran const ran = workers_[id.value]->run_here(setup_of(id).stop);
        if (!ran.ok) told_.words(fmt::format("{}: {}", setup_of(id).name, ran.words));
    }
}

}  // namespace sunder::live
