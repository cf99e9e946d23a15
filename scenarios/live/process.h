// SPDX-License-Identifier: BSD-3-Clause
//
// A node as a process: nbdkit with the plugin, in a folder of its own. It is started, killed,
// stopped and let go on; what it says goes to NODE.log.
#pragma once

#include "nodes/live/node_setup.h"

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

namespace sunder::staged {

class NodeProcess {
public:
    /// The node's sockets, store and log lie in the folder, under its name.
    NodeProcess(std::string plugin, std::filesystem::path folder, live::NodeSetup setup);
    ~NodeProcess();
    NodeProcess(NodeProcess const&) = delete;
    NodeProcess& operator=(NodeProcess const&) = delete;

    /// Throws std::system_error when it cannot be started. Requires that it does not run.
    void start();
    void kill();    ///< SIGKILL, and it is gone when this returns
    void pause();   ///< SIGSTOP, and all its threads stand still when this returns
    void resume();  ///< SIGCONT
    [[nodiscard]] bool runs() const { return pid_ != 0; }
    [[nodiscard]] bool paused() const { return paused_; }
    /// It has come to a breakpoint, and stands still until it is let go on.
    [[nodiscard]] bool held() const { return held_; }
    void release();
    /// Looks whether it is held, or has ended by itself.
    void look();
    /// Its exit status, once, if it had ended by itself when it was looked at (negative: by that
    /// signal).
    std::optional<int> ended() { return std::exchange(ended_, std::nullopt); }

    [[nodiscard]] std::string const& name() const { return name_; }
    [[nodiscard]] live::NodeSetup const& setup() const { return setup_; }
    [[nodiscard]] std::string exports() const { return at(".nbd"); }
    [[nodiscard]] std::string control() const { return at(".control"); }
    [[nodiscard]] std::string recordings() const { return at(".recordings"); }
    /// The last lines of its log.
    [[nodiscard]] std::string last_words() const;

private:
    [[nodiscard]] std::string at(char const* what) const { return folder_ / (name_ + what); }

    std::string plugin_;
    std::filesystem::path folder_;
    live::NodeSetup setup_;
    std::string name_;
    pid_t pid_ = 0;
    bool paused_ = false;
    bool held_ = false;
    std::optional<int> ended_;
};

}  // namespace sunder::staged
