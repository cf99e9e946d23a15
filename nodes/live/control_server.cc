// SPDX-License-Identifier: BSD-3-Clause
//
// Sessions of HTTP: one thread reads, asks the handler, and answers.
#include "nodes/live/control_server.h"

#include "nodes/live/control_reply.h"
#include "nodes/live/event_stream.h"
#include "nodes/live/sockets.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <chrono>
#include <limits>
#include <thread>
#include <vector>

namespace sunder::live {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Protocol = asio::generic::stream_protocol;
using Stream = beast::basic_stream<Protocol>;

constexpr std::string_view events_path = "/events";

/// The events of a process, and who reads them.
struct Readers {
    EventRing* ring = nullptr;
    std::vector<std::weak_ptr<EventStream>> streams{};

    void look() {
        std::erase_if(streams, [](auto const& one) { return one.expired(); });
        for (std::size_t s = 0; s < streams.size(); ++s) {
            if (auto const stream = streams[s].lock()) stream->look();
        }
    }
    void end() {
        for (auto const& one : streams) {
            if (auto const stream = one.lock()) stream->end();
        }
    }
    [[nodiscard]] bool full() const {
        return std::ranges::count_if(streams, [](auto const& one) { return !one.expired(); }) >=
               static_cast<std::ptrdiff_t>(ControlServer::most_readers);
    }
};

Protocol protocol_of(int socket) {
    int family = AF_UNIX;
    socklen_t bytes = sizeof family;
    ::getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &family, &bytes);
    return {family, 0};
}

/// The last event that somebody has got, by the header that browsers send when they come again.
std::optional<std::uint64_t> last_event(beast::string_view field) {
    std::uint64_t last = 0;
    auto const [end, failure] = std::from_chars(field.begin(), field.end(), last);
    if (field.empty()) return 0;
    return failure == std::errc{} && end == field.end() ? std::optional(last) : std::nullopt;
}

/// One connection, answered until it ends or is silent for too long.
class Session : public std::enable_shared_from_this<Session> {
public:
    struct Doorkeeper {
        std::function<void()> waits;  ///< for its next request, from now on
        std::function<void()> ended;
    };
    Session(Protocol::socket socket, ControlHandler const& handler, Readers& readers,
            Doorkeeper const& doorkeeper)
        : stream_(std::move(socket)),
          handler_(handler),
          readers_(readers),
          doorkeeper_(doorkeeper) {}
    ~Session() { doorkeeper_.ended(); }
    Session(Session const&) = delete;
    Session& operator=(Session const&) = delete;

    /// Nothing is being done for it.
    [[nodiscard]] bool waiting() const { return waiting_; }
    void give_way() {
        waiting_ = false;
        beast::error_code ignored;
        stream_.socket().close(ignored);
    }

    void read() {
        waiting_ = true;
        parser_.emplace();
        parser_->header_limit(ControlServer::most_header_bytes);
        parser_->body_limit(ControlServer::most_body_bytes);
        stream_.expires_after(std::chrono::seconds(ControlServer::idle_seconds));
        http::async_read(stream_, buffer_, *parser_,
                         [self = shared_from_this()](beast::error_code failure, std::size_t) {
                             self->waiting_ = false;
                             self->asked(failure);
                         });
        doorkeeper_.waits();
    }

private:
    void asked(beast::error_code failure) {
        if (failure == http::error::header_limit) {
            return answer(wrong(431, fmt::format("the header of a request may have {} bytes",
                                                 ControlServer::most_header_bytes)),
                          false);
        }
        if (failure == http::error::body_limit) {
            return answer(wrong(413, fmt::format("the body of a request may have {} bytes",
                                                 ControlServer::most_body_bytes)),
                          false);
        }
        if (failure.category() == make_error_code(http::error::end_of_stream).category() &&
            failure != http::error::end_of_stream) {
            answer({400, R"({"error": "this is not HTTP"})"}, false);
            return;
        }
        if (failure) return;
        auto const& message = parser_->get();
        std::string_view const target(message.target().data(), message.target().size());
        if (readers_.ring != nullptr && target.substr(0, target.find('?')) == events_path) {
            return show_events(target);
        }
        ControlRequest const request{std::string(message.method_string()),
                                     std::string(message.target()), message.body()};
        answer(handler_(request), message.keep_alive());
    }

    /// From the oldest on, or from behind the one that he has got; all that come, or those that
    /// are there.
    void show_events(std::string_view target) {
        auto const& message = parser_->get();
        if (message.method() != http::verb::get) {
            return answer(wrong(405, "/events: use GET"), message.keep_alive());
        }
        auto const last = last_event(message["Last-Event-ID"]);
        if (!last) return answer(wrong(400, "Last-Event-ID: expected a number"), false);
        if (target == "/events?follow=no") {
            auto const page = readers_.ring->after(*last, std::numeric_limits<std::size_t>::max());
            return answer({200, as_stream(page), "text/event-stream"}, message.keep_alive());
        }
        if (target != events_path) {
            return answer(wrong(400, "there are /events and /events?follow=no"), false);
        }
        if (readers_.full()) {
            return answer(
                wrong(503, fmt::format("{} read events already", ControlServer::most_readers)),
                false);
        }
        auto const stream = std::make_shared<EventStream>(stream_.release_socket(), *readers_.ring,
                                                          *last, shared_from_this());
        readers_.streams.push_back(stream);
        stream->start();
    }

    void answer(ControlReply reply, bool go_on) {
        response_ = {};
        response_.result(reply.status);
        response_.set(http::field::content_type, reply.type);
        response_.body() = std::move(reply.body);
        response_.keep_alive(go_on);
        response_.prepare_payload();
        stream_.expires_after(std::chrono::seconds(ControlServer::idle_seconds));
        http::async_write(
            stream_, response_,
            [self = shared_from_this(), go_on](beast::error_code failure, std::size_t) {
                if (!failure && go_on) self->read();
            });
    }

    Stream stream_;
    ControlHandler const& handler_;
    Readers& readers_;
    Doorkeeper const& doorkeeper_;
    bool waiting_ = false;
    beast::flat_buffer buffer_{ControlServer::most_body_bytes};
    std::optional<http::request_parser<http::string_body>> parser_;
    http::response<http::string_body> response_;
};

}  // namespace

struct ControlServer::Inside {
    // The last to go: sessions end with the context.
    Session::Doorkeeper const doorkeeper{[this] { make_room(); }, [this] { one_ended(); }};
    asio::io_context context{1};
    asio::basic_socket_acceptor<Protocol> acceptor{context};
    asio::steady_timer again{context};
    SocketFile file;
    ControlHandler handler;
    Readers readers;
    std::atomic<bool> looking = false;          // somebody has been told that there are more events
    std::vector<std::weak_ptr<Session>> known;  // whoever waits longest is the first that waits
    std::size_t sessions = 0;
    bool accepting = false;
    bool stopped = false;  // sessions end with the context, and nothing follows them
    std::thread thread;

    void accept() {
        if (accepting || sessions > most_sessions || !acceptor.is_open()) return;
        accepting = true;
        acceptor.async_accept([this](beast::error_code failure, Protocol::socket socket) {
            accepting = false;
            if (failure == asio::error::operation_aborted) return;
            if (failure) {
                // Of what is lacking, such as descriptors, there may be more in a while.
                again.expires_after(std::chrono::milliseconds(100));
                again.async_wait([this](beast::error_code ended) {
                    if (!ended) accept();
                });
                return;
            }
            ++sessions;
            auto const made =
                std::make_shared<Session>(std::move(socket), handler, readers, doorkeeper);
            known.push_back(made);
            made->read();
            accept();
        });
    }
    /// Who is connected and asks nothing keeps nobody out; the last to come is not sent away.
    void make_room() {
        for (std::size_t at = 0; sessions > most_sessions && at + 1 < known.size(); ++at) {
            auto const one = known[at].lock();
            if (one == nullptr || !one->waiting()) continue;
            one->give_way();
            return;
        }
    }
    void one_ended() {
        --sessions;
        if (stopped) return;
        asio::post(context, [this] {
            std::erase_if(known, [](auto const& one) { return one.expired(); });
            accept();
        });
    }

    /// By whoever added an event; one call for as many as there are by then.
    void tell_readers() {
        if (looking.exchange(true)) return;
        asio::post(context, [this] {
            looking = false;
            readers.look();
        });
    }
};

ControlServer::ControlServer(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}

ControlServer::~ControlServer() { stop(); }

std::expected<std::unique_ptr<ControlServer>, std::string> ControlServer::listen(
    std::string const& path, ControlHandler handler, EventRing* events) {
    return listen(Endpoint{path, {}, 0}, std::move(handler), events);
}

std::expected<std::unique_ptr<ControlServer>, std::string> ControlServer::listen(
    Endpoint const& here, ControlHandler handler, EventRing* events) {
    auto socket = listening_socket(here, Reach::owner);
    if (!socket) return std::unexpected(socket.error());
    auto inside = std::make_unique<Inside>();
    inside->file = std::move(socket->file);
    inside->handler = std::move(handler);
    inside->readers.ring = events;
    boost::system::error_code failure;
    inside->acceptor.assign(protocol_of(socket->descriptor), socket->descriptor, failure);
    if (failure) {
        inside->file.remove();
        socket->close();
        return std::unexpected(fmt::format("{}: {}", to_text(here), failure.message()));
    }
    return std::unique_ptr<ControlServer>(new ControlServer(std::move(inside)));
}

void ControlServer::start() {
    if (inside_->readers.ring != nullptr) {
        inside_->readers.ring->when_added(inside_.get(),
                                          [inside = inside_.get()] { inside->tell_readers(); });
    }
    inside_->accept();
    inside_->thread = std::thread([inside = inside_.get()] { inside->context.run(); });
}

void ControlServer::stop() {
    if (inside_->stopped) return;
    if (inside_->readers.ring != nullptr) inside_->readers.ring->when_added(inside_.get(), {});
    inside_->context.stop();
    if (inside_->thread.joinable()) inside_->thread.join();
    inside_->stopped = true;
    inside_->readers.end();
    inside_->file.remove();
}

}  // namespace sunder::live
