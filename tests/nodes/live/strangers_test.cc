// SPDX-License-Identifier: BSD-3-Clause
//
// Who is no peer, where peers speak TLS: each is refused, one line says who and why, and those who
// are peers go on.
#include "nodes/live/greeting.h"
#include "nodes/live/link.h"
#include "nodes/live/peers.h"
#include "tests/nodes/live/authority.h"
#include "tests/nodes/live/pair.h"
#include "tests/nodes/live/tls_client.h"
#include "tests/support/scratch_folder.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <mutex>
#include <thread>

namespace sunder::live {
namespace {

/// What is told of connections.
class Heard final : public PeerEvents {
public:
    void control_up(NodeId, std::shared_ptr<Link> const&) override { ++up_; }
    void control_arrived(NodeId, Link&, nodes::ControlMessage) override {}
    void control_down(NodeId, Link&) override {}
    bool takes_legs(std::size_t) override { return true; }
    GroupDriver& leg_of(std::size_t) override { std::abort(); }  // there are no mirrors
    void spoke(NodeId) override {}
    void warned(std::string const& words) override {
        std::lock_guard const lock(lock_);
        lines_.push_back(words);
    }
    void refused(std::string const& from, std::string const& reason) override {
        warned(from + ": " + reason);
    }
    [[nodiscard]] unsigned up() const { return up_; }
    [[nodiscard]] std::vector<std::string> lines() const {
        std::lock_guard const lock(lock_);
        return lines_;
    }

private:
    mutable std::mutex lock_;
    std::vector<std::string> lines_;
    std::atomic<unsigned> up_ = 0;
};

constexpr TlsClient::How dials{true, 0, true};
constexpr TlsClient::How dialled{false, 0, true};

/// One node of two. The first dials, the second is dialled.
class Node {
public:
    explicit Node(std::uint8_t self, bool encrypted = true) : authority_(folder_.path(), "ca") {
        setup.cluster = "test";
        setup.members = {{"server1", {{}, "127.0.0.1", free_port()}, {}},
                         {"server2", {{}, "127.0.0.1", free_port()}, {}}};
        setup.config.self = NodeId{self};
        setup.config.peers = {NodeId{static_cast<std::uint8_t>(1 - self)}};
        setup.detection.reconnect = milliseconds(20);
        if (encrypted) setup.tls = issue(self == 0 ? "server1.test" : "server2.test");
    }
    void start() {
        auto listening = Peers::listen(setup, 7, heard);
        if (!listening) FAIL(listening.error());
        peers_ = std::move(*listening);
        peers_->start();
    }
    [[nodiscard]] TlsSetup issue(std::string const& name, Authority::How const& how = {}) {
        return authority_.issue(name, how);
    }
    [[nodiscard]] std::filesystem::path const& folder() const { return folder_.path(); }
    [[nodiscard]] int connect() const {
        return connected_to(setup.members[setup.config.self.value].peers.port);
    }
    /// Waits for a line with these words, and requires that it is the only one.
    void expect(std::string const& words) {
        Pair::wait_until(words, [&] { return !heard.lines().empty(); });
        std::vector<std::string> const lines = heard.lines();
        INFO(lines.front());
        CHECK(lines.front().find(words) != std::string::npos);
        CHECK(lines.size() == 1);
    }

    NodeSetup setup;
    Heard heard;

private:
    testing::ScratchFolder folder_;
    Authority authority_;
    std::unique_ptr<Peers> peers_;
};

std::vector<std::byte> greeting(std::string const& from, std::string const& to) {
    std::vector<std::byte> head;
    ByteWriter writer(head);
    Greeting said;
    said.cluster = "test";
    said.from = from;
    said.to = to;
    NodeSetup setup;
    setup.members = {{"server1", {}, {}}, {"server2", {}, {}}};
    said.agreed = agreed(setup, std::nullopt);
    encode(said, writer);
    std::vector<std::byte> frame(frame_header_bytes);
    write_header(FrameKind::greeting, head, {}, 0, false, frame.data());
    frame.insert(frame.end(), head.begin(), head.end());
    return frame;
}

/// Says all that a peer would; true: it was heard, and answered.
bool greets(TlsClient& client) {
    return client.shake_hands() && client.say(greeting("server1", "server2")) &&
           !client.hear(1000).empty();
}

TEST_CASE("who shows the certificate of a peer, and says that it is that peer, is let in") {
    Node node(1);
    node.start();
    TlsClient client(node.connect(), node.issue("server1.test"), dials);
    CHECK(greets(client));
    Pair::wait_until("it is let in", [&] { return node.heard.up() == 1; });
    CHECK(node.heard.lines().empty());
    CHECK(client.tickets() == 0);  // the next time it shows its certificate again
}

TEST_CASE("whose file says something else of the cluster is refused by what differs") {
    Node node(1);
    std::string words;
    SECTION("the policy") {
        node.setup.config.guarded = true;
        words =
            "'server1': policy is 'datakeeper/faithful' in its file, and 'datakeeper/guarded' "
            "in ours; both have to say the same";
    }
    SECTION("how failures are noticed") {
        node.setup.detection.missed = 7;
        words = "detection is '5000 ms, 3 missed' in its file, and '5000 ms, 7 missed' in ours";
    }
    SECTION("the nodes") {
        node.setup.members.push_back({"server3", {}, {}});
        words = "nodes is 'server1, server2' in its file, and 'server1, server2, server3' in ours";
    }
    node.start();
    TlsClient client(node.connect(), node.issue("server1.test"), dials);
    CHECK_FALSE(greets(client));
    node.expect(words);
    CHECK(node.heard.up() == 0);
}

TEST_CASE("who dials without the right certificate is refused by name") {
    Node node(1);
    node.start();
    Authority other(node.folder(), "other");
    TlsSetup files;
    TlsClient::How how = dials;
    std::string why;
    SECTION("no certificate") { why = "it showed no certificate"; }
    SECTION("another authority's") {
        files = other.issue("server1.test");
        why = "its certificate, of 'server1.test', is not to be trusted: unable to get local";
    }
    SECTION("an expired one") {
        files = node.issue("server1.test", {-2, -1});
        why = "its certificate, of 'server1.test', is not to be trusted: certificate has expired";
    }
    SECTION("one that is valid later") {
        files = node.issue("server1.test", {1, 2});
        why = "is not to be trusted: certificate is not yet valid";
    }
    SECTION("one that is for servers only") {
        files = node.issue("server1.test", {-1, 1, false, "serverAuth"});
        why = "is not to be trusted: unsuitable certificate purpose";
    }
    SECTION("another node's") {
        files = node.issue("server3.test");
        why =
            "it says that it is 'server1', and its certificate stands for 'server3.test', and "
            "not for 'server1.test'";
    }
    SECTION("its own, of another cluster") {
        files = node.issue("server1.prod");
        why = "its certificate stands for 'server1.prod', and not for 'server1.test'";
    }
    SECTION("one whose name would be two lines in a log") {
        files = other.issue("server1\nERROR: all is lost\x1b[0m");
        why = "of 'server1?ERROR: all is lost?[0m', is not";
    }
    SECTION("TLS 1.2") {
        files = node.issue("server1.test");
        how.version = TLS1_2_VERSION;
        why = "it speaks another TLS, and TLS 1.3 is spoken here";
    }
    TlsClient client(node.connect(), files, how);
    CHECK_FALSE(greets(client));
    node.expect(why);
    CHECK(node.heard.lines().front().starts_with("127.0.0.1:"));
    CHECK(node.heard.up() == 0);
    TlsClient peer(node.connect(), node.issue("server1.test"), dials);
    CHECK(greets(peer));
}

TEST_CASE("who shows no certificate is not asked for a greeting") {
    Node node(1);
    node.start();
    TlsClient client(node.connect(), {}, dials);
    client.shake_hands();  // to him it is over before it is known what he showed
    node.expect("it showed no certificate");
}

TEST_CASE("who dials and speaks no TLS is refused, and hears nothing") {
    Node node(1);
    node.start();
    int const socket = node.connect();
    std::vector<std::byte> words = greeting("server1", "server2");
    std::string why = "it does not speak TLS, as this node's file asks for";
    SECTION("a peer in plain text") {}
    SECTION("something else") { words = std::vector<std::byte>(5000, std::byte{'x'}); }
    SECTION("what begins like TLS") {
        words = std::vector<std::byte>(5000, std::byte{22});
        why = "TLS: ";
    }
    REQUIRE(::send(socket, words.data(), words.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(words.size()));
    node.expect(why);
    std::array<std::byte, 100> heard;
    ssize_t const got = ::recv(socket, heard.data(), heard.size(), 0);
    CHECK((got <= 0 || heard[0] == std::byte{21}));  // an alert, if anything
    ::close(socket);
}

TEST_CASE("a handshake has no longer than a greeting") {
    Node node(1);
    node.start();
    int const silent = node.connect();
    node.expect("it did not greet in time");
    ::close(silent);
}

TEST_CASE("who is connected and does not greet keeps no peer out, however many they are") {
    Node node(1);
    node.start();
    std::vector<int> silent;
    for (unsigned n = 0; n < Peers::most_strangers + 3; ++n) silent.push_back(node.connect());
    TlsClient peer(node.connect(), node.issue("server1.test"), dials);
    CHECK(greets(peer));
    std::byte word{};
    CHECK(::recv(silent.back(), &word, 1, MSG_DONTWAIT) < 0);
    Pair::wait_until("it is let in", [&] { return node.heard.up() == 1; });
    // Those who waited longest have given way.
    CHECK(::recv(silent.front(), &word, 1, 0) == 0);
    Pair::wait_until("it is told", [&] { return !node.heard.lines().empty(); });
    CHECK(node.heard.lines().front().find("it had not greeted when 64 others waited to") !=
          std::string::npos);
    for (int const one : silent) ::close(one);
}

TEST_CASE("who hangs up in the middle of a handshake is forgotten") {
    Node node(1);
    node.start();
    ::close(node.connect());
    node.expect("it ended the connection during the handshake of TLS");
}

TEST_CASE("a node that speaks no TLS tells who does") {
    Node node(1, false);
    node.start();
    TlsClient client(node.connect(), node.issue("server1.test"), dials);
    CHECK_FALSE(client.shake_hands());
    node.expect("it begins as TLS does, which this node was not told to speak");
}

/// Where the second node ought to be: whoever comes is given to `meet`.
class Listener {
public:
    Listener(std::uint16_t port, std::function<void(int)> meet)
        : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), meet_(std::move(meet)) {
        sockaddr_in here{};
        here.sin_family = AF_INET;
        here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        here.sin_port = htons(port);
        int const on = 1;
        ::setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&here), sizeof here) == 0);
        REQUIRE(::listen(socket_, 8) == 0);
        thread_ = std::thread([this] {
            for (;;) {
                int const one = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
                if (one < 0) return;
                meet_(one);
            }
        });
    }
    ~Listener() {
        ::shutdown(socket_, SHUT_RDWR);
        thread_.join();
        ::close(socket_);
    }
    Listener(Listener const&) = delete;
    Listener& operator=(Listener const&) = delete;

private:
    int socket_;
    std::function<void(int)> meet_;
    std::thread thread_;
};

TEST_CASE("who is dialled and is not who was meant hears no greeting") {
    Node node(0);
    Authority other(node.folder(), "other");
    TlsSetup files = node.issue("server2.test");
    TlsClient::How how = dialled;
    std::string why;
    bool shakes = true;
    SECTION("another authority's") {
        files = other.issue("server2.test");
        why = "its certificate, of 'server2.test', is not to be trusted: unable to get local";
    }
    SECTION("expired") {
        files = node.issue("server2.test", {-2, -1});
        why = "its certificate, of 'server2.test', is not to be trusted: certificate has expired";
    }
    SECTION("another node's") {
        files = node.issue("server3.test");
        why = "its certificate stands for 'server3.test', and not for 'server2.test'";
    }
    SECTION("TLS 1.2") {
        how.version = TLS1_2_VERSION;
        why = "it speaks another TLS, and TLS 1.3 is spoken here";
    }
    SECTION("one that takes this node's for a stranger's") {
        how.trusting = false;
        files.ca = other.issue("server1.test").ca;
        why = "it refused this node: tlsv1 alert unknown ca";
    }
    SECTION("no TLS") {
        shakes = false;
        why = "it does not speak TLS, as this node's file asks for";
    }
    std::atomic<unsigned> met = 0;
    std::atomic<unsigned> heard = 0;
    Listener const listener(node.setup.members[1].peers.port, [&](int socket) {
        ++met;
        if (!shakes) {
            std::vector<std::byte> const words = greeting("server2", "server1");
            ::send(socket, words.data(), words.size(), MSG_NOSIGNAL);
            ::close(socket);
            return;
        }
        TlsClient server(socket, files, how);
        if (server.shake_hands() && !server.hear(1000).empty()) ++heard;
    });
    node.start();
    // It is dialled again and again, and told of once.
    Pair::wait_until("it is dialled again", [&] { return met >= 4; });
    CHECK(heard == 0);
    node.expect(why);
    CHECK(node.heard.lines().front().starts_with("no connection to server2: "));
    CHECK(node.heard.up() == 0);
}

}  // namespace
}  // namespace sunder::live
