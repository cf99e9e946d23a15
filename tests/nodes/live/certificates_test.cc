// SPDX-License-Identifier: BSD-3-Clause
//
// Files of certificates and keys: those that are right, and each way of being wrong, said by name.
#include "nodes/live/certificates.h"

#include "tests/nodes/live/authority.h"
#include "tests/support/scratch_folder.h"

#include <catch2/catch.hpp>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace sunder::live {
namespace {

constexpr char const* name = "server1.test";

std::string content(std::string const& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

void write(std::string const& path, std::string const& text) {
    std::ofstream(path, std::ios::binary) << text;
    std::filesystem::permissions(
        path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

void expect_right(TlsSetup const& files) {
    auto const read = read_credentials(files, name);
    INFO((read ? std::string() : read.error()));
    CHECK(read.has_value());
}

/// The error names the file, and says these words of it.
void expect_wrong(TlsSetup const& files, std::string const& file, std::string const& words) {
    auto const read = read_credentials(files, name);
    REQUIRE_FALSE(read.has_value());
    INFO(read.error());
    CHECK(read.error().starts_with(file + ": "));
    CHECK(read.error().find(words) != std::string::npos);
}

TEST_CASE("a certificate that others will take is taken, whoever signed it, however it is named") {
    testing::ScratchFolder const folder;
    Authority authority(folder.path(), "authority");
    expect_right(authority.issue(name));
    Authority::How how;
    how.common_name_only = true;
    how.usage = "";
    expect_right(authority.issue(name, how));
    Authority between(folder.path(), "between", authority);
    expect_right(between.issue(name));
    // While one authority takes over from another, both are trusted.
    Authority next(folder.path(), "next");
    TlsSetup files = next.issue(name);
    write(folder.path() / "both.pem", content(authority.issue(name).ca) + content(files.ca));
    files.ca = folder.path() / "both.pem";
    expect_right(files);
}

TEST_CASE("a file that cannot be read, or has nothing in it, is named") {
    testing::ScratchFolder const folder;
    Authority authority(folder.path(), "authority");
    TlsSetup const right = authority.issue(name);
    for (auto const part : {&TlsSetup::ca, &TlsSetup::certificate, &TlsSetup::key}) {
        TlsSetup files = right;
        files.*part = folder.path() / "missing";
        expect_wrong(files, files.*part, "cannot read it: No such file");
        files.*part = folder.path();
        expect_wrong(files, files.*part, "cannot read it: Is a directory");
        files.*part = folder.path() / "empty";
        write(files.*part, "");
        expect_wrong(files, files.*part, "would be right");
        files.*part = folder.path() / "large";
        write(files.*part, std::string((1 << 20) + 1, '\n'));
        expect_wrong(files, files.*part, "more than 1048576 bytes");
    }
    TlsSetup damaged = right;
    std::string text = content(right.certificate);
    text[text.size() / 2] = '!';
    damaged.certificate = folder.path() / "damaged";
    write(damaged.certificate, text);
    expect_wrong(damaged, damaged.certificate, "no certificate in PEM");
}

TEST_CASE("a key is the certificate's, and needs nobody to open it") {
    testing::ScratchFolder const folder;
    Authority authority(folder.path(), "authority");
    TlsSetup files = authority.issue(name);
    std::string const own = files.key;
    files.key = authority.issue(name).key;
    expect_wrong(files, files.key, "it is not the key of " + files.certificate);
    using std::filesystem::perms;
    for (perms const open : {perms::others_read, perms::group_write, perms::others_write}) {
        std::filesystem::permissions(own, perms::owner_read | open);
        files.key = own;
        expect_wrong(files, own, "0600 would be right");
    }
    std::filesystem::permissions(own, perms::owner_read | perms::group_read);
    expect_right(files);
    std::filesystem::permissions(own, perms::owner_read | perms::owner_write);
    // What begins so is enough to ask for a passphrase.
    files.key = folder.path() / "encrypted.key";
    REQUIRE(std::system(("openssl pkey -in " + own + " -aes128 -passout pass:word -out " +
                         files.key + " 2>/dev/null")
                            .c_str()) == 0);
    expect_wrong(files, files.key, "the key is encrypted");
}

TEST_CASE("a certificate that nobody would take is not taken") {
    testing::ScratchFolder const folder;
    Authority authority(folder.path(), "authority");
    Authority::How how;
    how.begins = -2;
    how.ends = -1;
    TlsSetup files = authority.issue(name, how);
    expect_wrong(files, files.certificate, "it expired on ");
    how.begins = 1;
    how.ends = 2;
    files = authority.issue(name, how);
    expect_wrong(files, files.certificate, "it is valid from ");
    how = {};
    how.usage = "serverAuth";
    files = authority.issue(name, how);
    expect_wrong(files, files.certificate, "and clientAuth is not there");
    how.usage = "clientAuth";
    files = authority.issue(name, how);
    expect_wrong(files, files.certificate, "and serverAuth is not there");
    Authority other(folder.path(), "other");
    files = authority.issue(name);
    files.ca = other.issue(name).ca;
    expect_wrong(files, files.certificate, "it is not to be trusted");
}

TEST_CASE("a certificate says when it expires") {
    testing::ScratchFolder const folder;
    Authority authority(folder.path(), "authority");
    Authority::How how;
    std::int64_t const now = std::time(nullptr);
    for (int const days : {1, 10'000}) {  // beyond 2050 it is written otherwise
        how.ends = days;
        auto const read = read_credentials(authority.issue(name, how), name);
        REQUIRE(read.has_value());
        std::int64_t const left = expiry_of(read->own.get()) - now;
        CHECK(left >= days * 86400LL);
        CHECK(left < days * 86400LL + 600);
    }
}

TEST_CASE("a certificate stands for the whole name and for nothing like it") {
    testing::ScratchFolder const folder;
    Authority authority(folder.path(), "authority");
    for (std::string const other :
         {"server1", "server2.test", "server1.prod", "Server1.test", "*.test", "server1.test.x"}) {
        TlsSetup const files = authority.issue(other);
        expect_wrong(files, files.certificate, "it stands for '" + other + "'");
    }
}

}  // namespace
}  // namespace sunder::live
