// SPDX-License-Identifier: BSD-3-Clause
//
// Where what is served is to be found, by a file: sockets, folders and programs. It finds what
// cannot be right whatever else runs on the machine, so that it is told with the place in the file,
// and nothing is begun. What only shows when it is tried, such as an address that somebody else
// uses, is left to who tries it.
#pragma once

#include "nodes/live/node_setup.h"
#include "scenarios/language/document.h"

#include <map>
#include <string>

namespace sunder::tools {

class Places {
public:
    /// What the file leaves to a default is reported at `whole`. All of it must outlive this.
    Places(language::Node const& whole, language::Report const& report)
        : whole_(whole), report_(report) {}

    enum class Kind { stream, datagrams };
    /// Somewhere else, of which nobody can say from here whether it is there. `what` begins a
    /// sentence: "the peers of server2". Of two that are the same, one would not be reached.
    void reached(language::Node const* node, live::Endpoint const& at, Kind kind,
                 std::string const& what);
    /// Made by this process.
    void heard(language::Node const* node, live::Endpoint const& at, Kind kind,
               std::string const& what);
    /// A folder that this process makes where it is missing.
    void kept(language::Node const* node, std::string const& folder, std::string const& what);
    /// The first word of a program that has to be there at any time.
    void run(language::Node const& node, std::string const& program) const;

private:
    [[nodiscard]] language::Span span_of(language::Node const* node) const;

    language::Node const& whole_;
    language::Report const& report_;
    std::map<std::string, std::string> taken_;    // what is where
    std::map<std::string, std::string> folders_;  // what is kept where
};

}  // namespace sunder::tools
