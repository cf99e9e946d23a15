// SPDX-License-Identifier: BSD-3-Clause
//
// What a node tells the journal of systemd, heard by a socket that stands in for it: every field by
// its name, whatever is in it, and a journal that begins anew while the node goes on.
#include "nodes/live/journal.h"
#include "nodes/live/log.h"
#include "nodes/live/socket_file.h"
#include "tests/support/scratch_folder.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sunder::live {
namespace {

/// The fields of an entry, read as the journal does.
std::map<std::string, std::string> parsed(std::string_view entry) {
    std::map<std::string, std::string> fields;
    while (!entry.empty()) {
        std::size_t const end = entry.find_first_of("=\n");
        REQUIRE(end != entry.npos);
        std::string const name(entry.substr(0, end));
        bool const counted = entry[end] == '\n';
        entry.remove_prefix(end + 1);
        std::size_t bytes = entry.find('\n');
        if (counted) {
            REQUIRE(entry.size() > 8);
            bytes = 0;
            for (unsigned at = 0; at < 8; ++at) {
                bytes |= std::size_t{static_cast<unsigned char>(entry[at])} << (8 * at);
            }
            entry.remove_prefix(8);
        }
        REQUIRE(bytes < entry.size());
        CHECK(fields.try_emplace(name, entry.substr(0, bytes)).second);
        CHECK(entry[bytes] == '\n');
        entry.remove_prefix(bytes + 1);
    }
    return fields;
}

/// Stands in for the journal.
class Hearer {
public:
    explicit Hearer(std::string const& path) : socket_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
        auto const at = unix_address(path);
        REQUIRE(at.has_value());
        ::unlink(path.c_str());
        REQUIRE(::bind(socket_, reinterpret_cast<sockaddr const*>(&*at), sizeof *at) == 0);
    }
    ~Hearer() { ::close(socket_); }
    Hearer(Hearer const&) = delete;
    Hearer& operator=(Hearer const&) = delete;

    /// What was sent before; nothing: nobody has sent anything.
    std::optional<std::string> hear() const {
        std::string entry(1 << 16, '\0');
        ssize_t const bytes = ::recv(socket_, entry.data(), entry.size(), MSG_DONTWAIT);
        if (bytes < 0) return std::nullopt;
        entry.resize(static_cast<std::size_t>(bytes));
        return entry;
    }

private:
    int socket_;
};

TEST_CASE("an entry has its words, its level and its fields") {
    std::string const two_lines = "first\nsecond=third";
    std::vector<JournalField> const fields{
        {"SUNDER_NODE", "server1"}, {"SUNDER_RULE", "failover"}, {"SUNDER_OTHER", two_lines}};
    std::map<std::string, std::string> const found =
        parsed(entry_of(Level::warning, "datarep: a = b", fields));
    CHECK(found == std::map<std::string, std::string>{{"MESSAGE", "datarep: a = b"},
                                                      {"PRIORITY", "4"},
                                                      {"SUNDER_NODE", "server1"},
                                                      {"SUNDER_RULE", "failover"},
                                                      {"SUNDER_OTHER", two_lines}});
}

TEST_CASE("the journal is told, and one that begins anew is found again") {
    testing::ScratchFolder const folder;
    std::string const path = (folder.path() / "socket").string();
    Journal journal(path);
    std::string const entry = entry_of(Level::notice, "words", {});
    CHECK_FALSE(journal.send(entry));
    {
        Hearer const hearer(path);
        CHECK(journal.send(entry));
        CHECK(hearer.hear() == entry);
        CHECK_FALSE(hearer.hear().has_value());
    }
    CHECK_FALSE(journal.send(entry));
    Hearer const hearer(path);
    CHECK(journal.send(entry));
    CHECK(hearer.hear() == entry);
    CHECK_FALSE(Journal((folder.path() / std::string(200, 'x')).string()).send(entry));
}

TEST_CASE("a stream is the journal's when systemd says that very file") {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    struct stat found{};
    REQUIRE(::fstat(ends[1], &found) == 0);
    std::string const stream = fmt::format("{}:{}", found.st_dev, found.st_ino);
    CHECK(is_of_journal(ends[1], stream.c_str()));
    CHECK_FALSE(is_of_journal(STDIN_FILENO, stream.c_str()));
    CHECK_FALSE(is_of_journal(ends[1], nullptr));
    CHECK_FALSE(is_of_journal(ends[1], "journal"));
    ::close(ends[0]);
    ::close(ends[1]);
    CHECK_FALSE(is_of_journal(ends[1], stream.c_str()));
}

}  // namespace
}  // namespace sunder::live
