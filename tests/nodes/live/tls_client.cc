// SPDX-License-Identifier: BSD-3-Clause
//
// OpenSSL on a blocking socket.
#include "tests/nodes/live/tls_client.h"

#include "base/verify.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <csignal>

namespace sunder::live {

namespace {

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    here.sin_port = htons(port);
    return here;
}

void see(int sent, int, int type, void const* bytes, std::size_t count, SSL*, void* client) {
    if (sent != 0) return;
    static_cast<TlsClient*>(client)->count(type,
                                           std::span(static_cast<std::byte const*>(bytes), count));
}

}  // namespace

TlsClient::TlsClient(int socket, TlsSetup const& files, How const& how) : socket_(socket) {
    timeval const patience{60, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets that are closed like anybody
    std::shared_ptr<SSL_CTX> const context(SSL_CTX_new(TLS_method()), SSL_CTX_free);
    VERIFY(context != nullptr);
    if (how.version != 0) SSL_CTX_set_max_proto_version(context.get(), how.version);
    if (!files.certificate.empty()) {
        VERIFY(SSL_CTX_use_certificate_file(context.get(), files.certificate.c_str(),
                                            SSL_FILETYPE_PEM) == 1);
        VERIFY(SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) ==
               1);
    }
    if (!how.trusting) {
        VERIFY(SSL_CTX_load_verify_file(context.get(), files.ca.c_str()) == 1);
        SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                           nullptr);
    }
    ssl_.reset(SSL_new(context.get()), SSL_free);
    VERIFY(SSL_set_fd(ssl_.get(), socket) == 1);
    SSL_set_msg_callback(ssl_.get(), see);
    SSL_set_msg_callback_arg(ssl_.get(), this);
    if (how.dials) SSL_set_connect_state(ssl_.get());
    if (!how.dials) SSL_set_accept_state(ssl_.get());
}

TlsClient::~TlsClient() { ::close(socket_); }

bool TlsClient::shake_hands() { return SSL_do_handshake(ssl_.get()) == 1; }

bool TlsClient::say(std::span<std::byte const> bytes) {
    std::size_t written = 0;
    return SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written) == 1 &&
           written == bytes.size();
}

std::vector<std::byte> TlsClient::hear(std::size_t most) {
    std::vector<std::byte> heard(most);
    std::size_t count = 0;
    if (SSL_read_ex(ssl_.get(), heard.data(), most, &count) != 1) count = 0;
    heard.resize(count);
    return heard;
}

void TlsClient::count(int type, std::span<std::byte const> header) {
    // Of encrypted records the type inside is told, too.
    if (type == SSL3_RT_INNER_CONTENT_TYPE && header[0] == std::byte{SSL3_RT_APPLICATION_DATA}) {
        ++records_;
    }
    if (type != SSL3_RT_HANDSHAKE) return;
    if (header[0] == std::byte{SSL3_MT_KEY_UPDATE}) ++updates_;
    if (header[0] == std::byte{SSL3_MT_NEWSESSION_TICKET}) ++tickets_;
}

std::uint16_t free_port() {
    int const socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in here = loopback(0);
    socklen_t bytes = sizeof here;
    REQUIRE(::bind(socket, reinterpret_cast<sockaddr*>(&here), bytes) == 0);
    REQUIRE(::getsockname(socket, reinterpret_cast<sockaddr*>(&here), &bytes) == 0);
    ::close(socket);
    return ntohs(here.sin_port);
}

int connected_to(std::uint16_t port) {
    int const socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    timeval const patience{60, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in const there = loopback(port);
    REQUIRE(::connect(socket, reinterpret_cast<sockaddr const*>(&there), sizeof there) == 0);
    return socket;
}

}  // namespace sunder::live
