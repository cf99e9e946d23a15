// SPDX-License-Identifier: BSD-3-Clause
//
// OpenSSL between two buffers: it never sees a socket. What is sent is encrypted under a lock and
// sent without it; what is awaited is awaited without it and decrypted under it. So the thread that
// receives and the one that sends meet for no longer than a record takes, and a full socket leaves
// no more behind than `most_made` bytes.
#include "nodes/live/tls.h"

#include "base/verify.h"
#include "nodes/live/certificates.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

namespace sunder::live {

namespace {

constexpr std::size_t record_bytes = SSL3_RT_MAX_PLAIN_LENGTH;
constexpr std::size_t most_made = 128 * 1024;     // encrypted before it is sent
constexpr std::size_t read_at_once = 128 * 1024;  // of what is to be decrypted
// What TLS begins with, and what it says at once to whom it does not understand.
constexpr std::byte handshake_record{22};
constexpr std::byte alert_record{21};

/// Hands out the parts in pieces of a record: copied together where they are small.
class Pieces {
public:
    explicit Pieces(std::span<iovec const> parts) : parts_(parts) {}

    /// Valid until the next call; empty: that was all.
    std::span<std::byte const> next(std::array<std::byte, record_bytes>& room) {
        std::size_t filled = 0;
        while (filled < room.size() && !parts_.empty()) {
            iovec const& part = parts_.front();
            std::span<std::byte const> left(static_cast<std::byte const*>(part.iov_base),
                                            part.iov_len);
            left = left.subspan(at_);
            std::size_t const count = std::min(left.size(), room.size() - filled);
            at_ += count;
            if (at_ == part.iov_len) {
                parts_ = parts_.subspan(1);
                at_ = 0;
            }
            if (count == room.size()) return left.first(count);
            std::memcpy(&room[filled], left.data(), count);
            filled += count;
        }
        return std::span(room).first(filled);
    }

private:
    std::span<iovec const> parts_;
    std::size_t at_ = 0;  // in the first of them
};

/// Why a certificate was not accepted, kept for whoever is told that the handshake failed.
int keep_objection(int good, X509_STORE_CTX* check);

class TlsStream final : public Stream {
public:
    TlsStream(int socket, SSL_CTX* context, bool dials, std::uint64_t most_records);

    std::expected<void, End> begin(Until until) override;
    [[nodiscard]] std::string objection(std::string const& node,
                                        std::string const& cluster) const override;
    Taken send(std::span<iovec const> parts) override;
    std::expected<std::size_t, End> receive(std::span<std::byte> room, Until until) override;

    // Called by OpenSSL, under the lock.
    void made(std::span<std::byte const> bytes) {
        made_.insert(made_.end(), bytes.data(), bytes.data() + bytes.size());
    }
    std::size_t take(std::span<std::byte> into) {
        std::size_t const count = std::min(into.size(), came_.size());
        if (count != 0) std::memcpy(into.data(), came_.data(), count);
        came_ = came_.subspan(count);
        return count;
    }
    void object(std::string words) { objection_ = std::move(words); }

private:
    struct Free {
        void operator()(SSL* ssl) const { SSL_free(ssl); }
    };
    int decrypt(std::span<std::byte> room, std::size_t& filled);
    bool encrypt(Pieces& pieces, Taken& taken);
    std::expected<void, End> await(Until until);
    Sent send_made();
    std::string failure();

    // The lock is held only while OpenSSL works on bytes that are there.
    mutable std::mutex lock_;
    std::unique_ptr<SSL, Free> ssl_;
    std::span<std::byte const> came_;  // what is to be decrypted
    std::vector<std::byte> made_;
    std::string objection_;      // to the certificate that was shown
    std::uint64_t records_ = 0;  // under the current key of this end
    std::uint64_t most_records_;

    // Of the thread that receives; written to only when nothing of it is to be decrypted.
    std::vector<std::byte> room_;
    bool began_ = false;      // the other end has said something
    std::optional<End> end_;  // why nothing is decrypted any more
    // Of the thread that sends.
    std::vector<std::byte> leaving_;
    std::size_t left_ = 0;  // bytes of it that are gone
    std::array<std::byte, record_bytes> piece_;
};

int keep_objection(int good, X509_STORE_CTX* check) {
    if (good == 1) return good;
    auto const* const ssl = static_cast<SSL const*>(
        X509_STORE_CTX_get_ex_data(check, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* const stream = static_cast<TlsStream*>(SSL_get_app_data(ssl));
    stream->object(fmt::format("its certificate, of {}, is not to be trusted: {}",
                               names_in_words(X509_STORE_CTX_get0_cert(check)),
                               X509_verify_cert_error_string(X509_STORE_CTX_get_error(check))));
    return good;
}

// OpenSSL's side of the buffers.

TlsStream& stream_of(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }

int write_bytes(BIO* bio, char const* data, std::size_t count, std::size_t* done) {
    stream_of(bio).made(std::as_bytes(std::span(data, count)));
    *done = count;
    return 1;
}

int read_bytes(BIO* bio, char* data, std::size_t count, std::size_t* done) {
    BIO_clear_retry_flags(bio);
    *done = stream_of(bio).take(std::as_writable_bytes(std::span(data, count)));
    if (*done == 0) BIO_set_retry_read(bio);
    return *done == 0 ? 0 : 1;
}

long control(BIO*, int what, long, void*) { return what == BIO_CTRL_FLUSH ? 1 : 0; }

BIO_METHOD const* buffers() {
    static BIO_METHOD const* const made = [] {
        BIO_METHOD* const method =
            BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sunder");
        VERIFY(method != nullptr);
        BIO_meth_set_write_ex(method, write_bytes);
        BIO_meth_set_read_ex(method, read_bytes);
        BIO_meth_set_ctrl(method, control);
        return method;
    }();
    return made;
}

TlsStream::TlsStream(int socket, SSL_CTX* context, bool dials, std::uint64_t most_records)
    : Stream(socket), ssl_(SSL_new(context)), most_records_(most_records), room_(read_at_once) {
    BIO* const bio = BIO_new(buffers());
    VERIFY(ssl_ && bio != nullptr);
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_app_data(ssl_.get(), this);
    if (dials) SSL_set_connect_state(ssl_.get());
    if (!dials) SSL_set_accept_state(ssl_.get());
}

/// Under the lock: what it was that OpenSSL did not like.
std::string TlsStream::failure() {
    if (!objection_.empty()) {
        ERR_clear_error();
        return objection_;
    }
    int const reason = ERR_GET_REASON(ERR_peek_last_error());
    std::string const words = openssl_error("it speaks no TLS that is understood");
    switch (reason) {
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
            return "it showed no certificate";
        case SSL_R_UNSUPPORTED_PROTOCOL:
        case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
            return "it speaks another TLS, and TLS 1.3 is spoken here";
        default:  // foreign: OpenSSL's reasons
            break;
    }
    bool const told = reason >= SSL_AD_REASON_OFFSET;
    return told ? fmt::format("it refused this node: {}", words) : fmt::format("TLS: {}", words);
}

std::expected<void, Stream::End> TlsStream::begin(Until until) {
    for (;;) {
        std::unique_lock lock(lock_);
        ERR_clear_error();
        int const done = SSL_do_handshake(ssl_.get());
        bool const waits = done != 1 && SSL_get_error(ssl_.get(), done) == SSL_ERROR_WANT_READ;
        std::string const wrong = done == 1 || waits ? "" : failure();
        lock.unlock();
        // An alert, too: it tells the other end why.
        bool const sent = send_made() == Sent::everything;
        if (!wrong.empty()) return std::unexpected(End{false, wrong});
        // A socket that has carried nothing yet has room for all of a handshake.
        if (!sent) return std::unexpected(End{true, "the connection has ended"});
        if (done == 1) return {};
        if (auto came = await(until); !came) {
            if (!came.error().closed) return came;
            return std::unexpected(
                End{true, "it ended the connection during the handshake of TLS"});
        }
    }
}

std::string TlsStream::objection(std::string const& node, std::string const& cluster) const {
    std::lock_guard const lock(lock_);
    X509* const shown = SSL_get0_peer_certificate(ssl_.get());
    if (shown == nullptr) return "it showed no certificate";
    std::string const wanted = certificate_name(node, cluster);
    if (stands_for(shown, wanted)) return "";
    return fmt::format("its certificate stands for {}, and not for '{}'", names_in_words(shown),
                       wanted);
}

/// Waits for bytes, and gives them to OpenSSL. Requires that it has taken all that came before.
std::expected<void, Stream::End> TlsStream::await(Until until) {
    auto const got = receive_bytes(room_, until);
    if (!got) return std::unexpected(got.error());
    std::byte const first = room_.front();
    if (!std::exchange(began_, true) && first != handshake_record && first != alert_record) {
        return std::unexpected(End{false, "it does not speak TLS, as this node's file asks for"});
    }
    std::lock_guard const lock(lock_);
    came_ = std::span(room_).first(*got);
    return {};
}

/// What came before an error is told before it.
std::expected<std::size_t, Stream::End> TlsStream::receive(std::span<std::byte> room, Until until) {
    std::size_t filled = 0;
    while (!end_) {
        int const error = decrypt(room, filled);
        if (filled == room.size()) return filled;
        if (error == SSL_ERROR_NONE) continue;
        if (filled != 0) return filled;
        if (end_) break;
        if (auto came = await(until); !came) return std::unexpected(came.error());
    }
    return std::unexpected(*end_);
}

/// A record, as far as there is room for it.
int TlsStream::decrypt(std::span<std::byte> room, std::size_t& filled) {
    std::lock_guard const lock(lock_);
    ERR_clear_error();
    std::size_t count = 0;
    int const done = SSL_read_ex(ssl_.get(), room.data() + filled, room.size() - filled, &count);
    filled += count;
    if (done == 1) return SSL_ERROR_NONE;
    int const error = SSL_get_error(ssl_.get(), done);
    if (error == SSL_ERROR_ZERO_RETURN) {
        end_ = End{true, "the other end has closed the connection"};
    } else if (error != SSL_ERROR_WANT_READ) {
        end_ = End{false, failure()};
    }
    return error;
}

/// What was encrypted goes first, and the next is encrypted when it is gone.
Stream::Taken TlsStream::send(std::span<iovec const> parts) {
    Taken taken;
    Pieces pieces(parts);
    for (;;) {
        taken.sent = send_made();
        if (taken.sent != Sent::everything) return taken;
        std::size_t const before = taken.bytes;
        if (!encrypt(pieces, taken)) {
            taken.sent = Sent::failed;
            return taken;
        }
        if (taken.bytes == before) return taken;
    }
}

/// All that OpenSSL has made goes to the socket.
Stream::Sent TlsStream::send_made() {
    for (;;) {
        while (left_ < leaving_.size()) {
            iovec const rest{&leaving_[left_], leaving_.size() - left_};
            Taken const taken = send_bytes({&rest, 1});
            if (taken.sent != Sent::everything) return taken.sent;
            left_ += taken.bytes;
        }
        leaving_.clear();
        left_ = 0;
        std::lock_guard const lock(lock_);
        if (made_.empty()) return Sent::everything;
        leaving_.swap(made_);
    }
}

/// As much as is sent at once; false: the connection is worth nothing any more.
bool TlsStream::encrypt(Pieces& pieces, Taken& taken) {
    for (std::size_t count = 0; count < most_made;) {
        std::span<std::byte const> const piece = pieces.next(piece_);
        if (piece.empty()) return true;
        std::lock_guard const lock(lock_);
        ERR_clear_error();
        if (++records_ % most_records_ == 0) {
            SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_NOT_REQUESTED);
        }
        std::size_t written = 0;
        if (SSL_write_ex(ssl_.get(), piece.data(), piece.size(), &written) != 1) {
            ERR_clear_error();
            return false;
        }
        VERIFY(written == piece.size());
        count += written;
        taken.bytes += written;
    }
    return true;
}

}  // namespace

std::string certificate_name(std::string const& node, std::string const& cluster) {
    return fmt::format("{}.{}", node, cluster);
}

/// By its name alone a file may be another one: most tools write a new one beside it and rename it.
struct Tls::Stamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t bytes = -1;
    std::int64_t seconds = 0;  // when it was changed last
    std::int64_t nanoseconds = 0;
    friend bool operator==(Stamp const&, Stamp const&) = default;
};

void Tls::Free::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

Tls::Tls(TlsSetup files, std::string name, std::uint64_t most_records)
    : files_(std::move(files)), name_(std::move(name)), most_records_(most_records) {}

Tls::~Tls() = default;

std::expected<std::unique_ptr<Tls>, std::string> Tls::open(NodeSetup const& setup,
                                                           std::uint64_t most_records) {
    VERIFY(setup.tls.has_value());
    std::string name = certificate_name(setup.members[setup.config.self.value].name, setup.cluster);
    std::unique_ptr<Tls> tls(new Tls(*setup.tls, std::move(name), most_records));
    tls->stamps_ = tls->look();
    auto context = tls->read();
    if (!context) return std::unexpected(context.error());
    tls->context_ = std::move(*context);
    return tls;
}

Tls::Stamps Tls::look() const {
    Stamps all;
    for (std::string const* const file : {&files_.ca, &files_.certificate, &files_.key}) {
        struct stat found{};
        Stamp& stamp = all.emplace_back();
        if (::stat(file->c_str(), &found) != 0) continue;
        stamp = {found.st_dev, found.st_ino, found.st_size, found.st_mtim.tv_sec,
                 found.st_mtim.tv_nsec};
    }
    return all;
}

std::optional<std::string> Tls::refresh() {
    std::lock_guard const lock(lock_);
    // Before they are read: what is changed meanwhile is read again.
    Stamps now = look();
    if (now == stamps_) {
        problem_.clear();  // what was wrong was taken back
        return std::nullopt;
    }
    auto context = read();
    if (!context) {
        std::string const before = std::exchange(problem_, context.error());
        if (before == problem_) return std::nullopt;
        return "the files of `tls` have changed, and connections go on with what was read "
               "before: " +
               problem_;
    }
    context_ = std::move(*context);
    stamps_ = std::move(now);
    problem_.clear();
    return "the files of `tls` have changed: connections that begin now go by them";
}

std::string Tls::problem() const {
    std::lock_guard const lock(lock_);
    return problem_;
}

std::int64_t Tls::expires() const {
    std::lock_guard const lock(lock_);
    return expiry_of(SSL_CTX_get0_certificate(context_.get()));
}

std::expected<Tls::Context, std::string> Tls::read() const {
    auto const all = read_credentials(files_, name_);
    if (!all) return std::unexpected(all.error());
    Context made(SSL_CTX_new(TLS_method()));
    SSL_CTX* const context = made.get();
    VERIFY(context != nullptr);
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, keep_objection);
    // A connection that goes on where another ended would not be asked for its certificate.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
    for (Certificate const& one : all->authorities) {
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context), one.get());
    }
    auto const refused = [](std::string const& file) {
        return std::unexpected(
            fmt::format("{}: OpenSSL does not take it: {}", file, openssl_error("no reason")));
    };
    ERR_clear_error();
    if (SSL_CTX_use_certificate(context, all->own.get()) != 1) return refused(files_.certificate);
    // OpenSSL keeps a chain beside the certificate that it has, so it comes second.
    for (Certificate const& one : all->chain) {
        if (SSL_CTX_add1_chain_cert(context, one.get()) != 1) return refused(files_.certificate);
    }
    if (SSL_CTX_use_PrivateKey(context, all->key.get()) != 1) return refused(files_.key);
    return made;
}

/// A stream keeps what its context holds, also when that is replaced.
std::unique_ptr<Stream> Tls::stream(int socket, bool dials) const {
    std::lock_guard const lock(lock_);
    return std::make_unique<TlsStream>(socket, context_.get(), dials, most_records_);
}

}  // namespace sunder::live
