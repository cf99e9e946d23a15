// SPDX-License-Identifier: BSD-3-Clause
//
// The journal of systemd by its native protocol: an entry of named fields in one datagram, which
// journalctl finds again by each of them. By hand and not by libsystemd, which knows one socket
// only: no test could stand in for the journal. What is said, and what is done where nobody takes
// it, is left to who logs.
#pragma once

#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace sunder::live {

/// A name of capitals, digits and `_`, such as SUNDER_PEER, and any value.
using JournalField = std::pair<std::string_view, std::string_view>;

/// Whether what is written there goes to the journal: `stream` is what systemd says in
/// JOURNAL_STREAM, or null.
bool is_of_journal(int descriptor, char const* stream);

/// A datagram.
std::string journal_entry(std::span<JournalField const> fields);

class Journal {
public:
    static constexpr char const* usual = "/run/systemd/journal/socket";

    explicit Journal(std::string socket = usual) : socket_(std::move(socket)) {}
    ~Journal();
    Journal(Journal const&) = delete;
    Journal& operator=(Journal const&) = delete;

    /// False when nobody has taken it. Any thread. A journal that begins anew is found again.
    bool send(std::string const& entry);

private:
    std::string const socket_;
    std::mutex opening_;
    int descriptor_ = -1;
};

}  // namespace sunder::live
