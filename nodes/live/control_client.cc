// SPDX-License-Identifier: BSD-3-Clause
//
// One request, one answer, one connection.
#include "nodes/live/control_client.h"

#include "nodes/live/socket_file.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

namespace sunder::live {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace json = boost::json;

using LocalStream = beast::basic_stream<asio::local::stream_protocol>;

/// One request, and its answer: what is not there in time is an error.
class Connection {
public:
    explicit Connection(Patience patience) : patience_(patience) {
        if (patience_) until_ = std::chrono::steady_clock::now() + *patience_;
    }

    std::expected<void, std::string> ask(std::string const& socket,
                                         http::request<http::string_body>& request) {
        if (auto met = connect(socket); !met) return met;
        if (until_) stream_.expires_at(*until_);
        request.set(http::field::host, "localhost");
        request.keep_alive(false);
        request.prepare_payload();
        return in_words(wait_for([&](auto&& done) { http::async_write(stream_, request, done); }));
    }
    template <class Parser>
    std::expected<void, std::string> read_header(Parser& parser) {
        return in_words(wait_for(
            [&](auto&& done) { http::async_read_header(stream_, buffer_, parser, done); }));
    }
    template <class Parser>
    std::expected<void, std::string> read(Parser& parser) {
        return in_words(
            wait_for([&](auto&& done) { http::async_read(stream_, buffer_, parser, done); }));
    }
    template <class Parser>
    boost::system::error_code read_some(Parser& parser) {
        return wait_for(
            [&](auto&& done) { http::async_read_some(stream_, buffer_, parser, done); });
    }
    void have_patience() { stream_.expires_never(); }

    static std::expected<void, std::string> in_words(boost::system::error_code failure) {
        if (failure == beast::error::timeout) return std::unexpected(too_late);
        if (failure) return std::unexpected(failure.message());
        return {};
    }

private:
    /// Where too many wait to be heard, this waits, too.
    std::expected<void, std::string> connect(std::string const& path) {
        auto const address = unix_address(path);
        if (!address) return std::unexpected(address.error());
        int const socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (socket < 0) return std::unexpected(std::strerror(errno));
        if (patience_) {
            auto const whole = std::chrono::floor<std::chrono::seconds>(*patience_);
            timeval const within{whole.count(),
                                 std::chrono::microseconds(*patience_ - whole).count()};
            ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &within, sizeof within);
        }
        if (::connect(socket, reinterpret_cast<sockaddr const*>(&*address), sizeof *address) != 0) {
            int const number = errno;
            ::close(socket);
            return std::unexpected(number == EAGAIN ? too_late : std::strerror(number));
        }
        boost::system::error_code failure;
        stream_.socket().assign(asio::local::stream_protocol(), socket, failure);
        if (failure) ::close(socket);
        return in_words(failure);
    }
    template <class Begin>
    boost::system::error_code wait_for(Begin&& begin) {
        boost::system::error_code result;
        begin([&result](boost::system::error_code failure, std::size_t) { result = failure; });
        context_.restart();
        context_.run();
        return result;
    }

    Patience patience_;
    std::optional<std::chrono::steady_clock::time_point> until_;
    asio::io_context context_;
    LocalStream stream_{context_};
    beast::flat_buffer buffer_;
};

std::expected<Said, std::string> send(std::string const& socket,
                                      http::request<http::string_body> request, Patience patience) {
    Connection connection(patience);
    if (auto asked = connection.ask(socket, request); !asked) return std::unexpected(asked.error());
    http::response_parser<http::string_body> parser;
    parser.body_limit(std::uint64_t{1} << 30);
    if (auto heard = connection.read(parser); !heard) return std::unexpected(heard.error());
    return Said{parser.get().result_int(), parser.get().body()};
}

using Told = std::function<void(std::string_view kind, std::string_view data)>;

/// Tells the events that are whole in `text`, and leaves the rest there.
void tell_events(std::string& text, Told const& told) {
    constexpr std::string_view end = "\n\n";
    for (std::size_t at; (at = text.find(end)) != std::string::npos; text.erase(0, at + 2)) {
        std::string_view event = std::string_view(text).substr(0, at + 1);
        std::string_view kind;
        std::string_view data;
        while (!event.empty()) {
            std::string_view const line = event.substr(0, event.find('\n'));
            if (line.starts_with("event: ")) kind = line.substr(7);
            if (line.starts_with("data: ")) data = line.substr(6);
            event.remove_prefix(line.size() + 1);
        }
        if (!data.empty()) told(kind, data);
    }
}

}  // namespace

std::expected<void, std::string> follow_events(std::string const& socket, std::uint64_t after,
                                               bool follow, Told const& told, Patience patience) {
    http::request<http::string_body> request(http::verb::get,
                                             follow ? "/events" : "/events?follow=no", 11);
    if (after != 0) request.set("Last-Event-ID", std::to_string(after));
    Connection connection(patience);
    if (auto asked = connection.ask(socket, request); !asked) return asked;
    http::response_parser<http::buffer_body> parser;
    parser.body_limit(boost::none);
    if (auto begun = connection.read_header(parser); !begun) return begun;
    if (parser.get().result() != http::status::ok) {
        return std::unexpected(std::string(parser.get().reason()));
    }
    if (follow) connection.have_patience();
    std::string text;
    std::array<char, 16384> part{};
    while (!parser.is_done()) {
        parser.get().body().data = part.data();
        parser.get().body().size = part.size();
        boost::system::error_code const failure = connection.read_some(parser);
        if (failure == beast::error::timeout) return std::unexpected(too_late);
        if (failure && failure != http::error::need_buffer) break;
        text.append(part.data(), part.size() - parser.get().body().size);
        tell_events(text, told);
    }
    return {};
}

std::expected<Said, std::string> say_words(std::string const& socket, std::string const& path,
                                           std::span<std::string const> words, Patience patience) {
    json::array list;
    for (std::string const& word : words) list.emplace_back(word);
    http::request<http::string_body> request(http::verb::post, path, 11);
    request.set(http::field::content_type, "application/json");
    request.body() = json::serialize(list);
    return send(socket, std::move(request), patience);
}

std::expected<Said, std::string> look_up(std::string const& socket, std::string const& path,
                                         Patience patience) {
    return send(socket, http::request<http::string_body>(http::verb::get, path, 11), patience);
}

}  // namespace sunder::live
