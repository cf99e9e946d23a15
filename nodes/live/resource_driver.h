// SPDX-License-Identifier: BSD-3-Clause
//
// What stands on one mirror, for real: programs of an operator's that start, stop, repair and check
// it. In which order, and what a failure means, is decided by the hierarchy's machine, which is the
// simulator's; here it gets threads, time limits, and what an earlier process may have left behind.
#pragma once

#include "nodes/hierarchy_machine.h"
#include "nodes/live/bounded_program.h"
#include "nodes/live/clock.h"
#include "nodes/live/node_setup.h"

#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace sunder::live {

/// Runs the programs of one resource, one at a time, on a thread of its own. A health check makes
/// way for anything else.
class ResourceWorker {
public:
    using Then = std::function<void(Ran const&)>;

    ResourceWorker(Duration within, std::vector<std::pair<std::string, std::string>> environment);
    ~ResourceWorker();
    ResourceWorker(ResourceWorker const&) = delete;
    ResourceWorker& operator=(ResourceWorker const&) = delete;

    /// `then` is called on the worker's thread.
    void run(std::vector<std::string> program, Then then);
    void check(std::vector<std::string> program, Then then);
    /// Calls off what runs and forgets what waits.
    void stop();
    /// Runs it on this thread. Requires that the worker was stopped, or never given anything.
    Ran run_here(std::vector<std::string> const& program);

private:
    struct Job {
        std::vector<std::string> program;
        Then then;
        bool is_check = false;
    };
    void put(Job job);
    void work();

    Duration within_;
    std::vector<std::pair<std::string, std::string>> environment_;
    std::mutex lock_;
    std::condition_variable there_;
    std::deque<Job> jobs_;
    bool checks_ = false;  // what runs is a check
    bool stopping_ = false;
    Bell bell_;
    std::thread thread_;
};

class ResourceDriver {
public:
    /// On the node's thread, but for `words`.
    struct Told {
        std::function<void(nodes::hierarchy::HierarchyMachine const&,
                           nodes::hierarchy::Input const&, nodes::hierarchy::Outbox&)>
            stepped;
        std::function<void(nodes::hierarchy::Report const&)> reported;
        std::function<void(nodes::hierarchy::Note const&)> noted;
        std::function<void(std::string const&)> words;  ///< of programs that failed, and how
    };

    /// `mirror` is a place in the setup. Everything is stepped on the thread of `context`.
    ResourceDriver(NodeSetup const& setup, std::size_t mirror, boost::asio::io_context& context,
                   Clock& clock, Told told);
    ~ResourceDriver();

    /// What an earlier process has left running is stopped, before anything is started. To be
    /// called before the node's thread runs.
    void start();
    /// What is in service, or on its way, is stopped, parents first, whatever comes of it. Requires
    /// that the node's thread runs; nothing is told any more when this returns.
    void stop();

    // On the node's thread.
    void command(nodes::hierarchy::Command const& command);
    [[nodiscard]] nodes::hierarchy::HierarchyMachine const& machine() const { return machine_; }

private:
    struct Carry;
    void step(nodes::hierarchy::Input const& input);
    void act(nodes::hierarchy::output::Act const& act);
    void noted(nodes::hierarchy::Note const& note);
    void check_later(ResourceId id, std::uint64_t watch);
    void check(ResourceId id, std::uint64_t watch);
    void post(std::function<void()> what);
    [[nodiscard]] bool knows(ResourceId id) const;
    [[nodiscard]] ResourceSetup const& setup_of(ResourceId id) const;
    [[nodiscard]] std::vector<ResourceId> top_down() const;

    NodeSetup const& setup_;
    boost::asio::io_context& context_;
    Clock& clock_;
    Told told_;
    nodes::hierarchy::HierarchyMachine machine_;
    std::vector<std::unique_ptr<ResourceWorker>> workers_;  // by ResourceId; null: of no concern
    std::vector<std::uint64_t> watches_;  // by ResourceId: the health checks that count
    bool clean_ = false;                  // nothing that an earlier process began runs
    bool ending_ = false;
    std::vector<nodes::hierarchy::output::Act> waiting_;  // until it is clean
    std::thread cleaner_;
};

}  // namespace sunder::live
