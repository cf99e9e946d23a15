// SPDX-License-Identifier: BSD-3-Clause
//
// One request, one answer, one connection.
#include "nodes/live/control_client.h"

#include <poll.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>

namespace sunder::live {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace json = boost::json;

using LocalStream = beast::basic_stream<asio::local::stream_protocol>;

boost::system::error_code ask(LocalStream& stream, std::string const& socket,
                              http::request<http::string_body>& request) {
    boost::system::error_code failure;
    stream.socket().connect(asio::local::stream_protocol::endpoint(socket), failure);
    if (failure) return failure;
    request.set(http::field::host, "localhost");
    request.keep_alive(false);
    request.prepare_payload();
    http::write(stream, request, failure);
    return failure;
}

std::expected<Said, std::string> send(std::string const& socket,
                                      http::request<http::string_body> request, Patience patience) {
    asio::io_context context;
    LocalStream stream(context);
    boost::system::error_code failure = ask(stream, socket, request);
    if (failure) return std::unexpected(failure.message());
    if (patience) {
        pollfd answer{stream.socket().native_handle(), POLLIN, 0};
        if (::poll(&answer, 1, static_cast<int>(patience->count())) == 0) {
            return std::unexpected(too_late);
        }
    }
    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(std::uint64_t{1} << 30);
    http::read(stream, buffer, parser, failure);
    if (failure) return std::unexpected(failure.message());
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
                                               bool follow, Told const& told) {
    http::request<http::string_body> request(http::verb::get,
                                             follow ? "/events" : "/events?follow=no", 11);
    if (after != 0) request.set("Last-Event-ID", std::to_string(after));
    asio::io_context context;
    LocalStream stream(context);
    boost::system::error_code failure = ask(stream, socket, request);
    if (failure) return std::unexpected(failure.message());
    beast::flat_buffer buffer;
    http::response_parser<http::buffer_body> parser;
    parser.body_limit(boost::none);
    http::read_header(stream, buffer, parser, failure);
    if (failure) return std::unexpected(failure.message());
    if (parser.get().result() != http::status::ok) {
        return std::unexpected(std::string(parser.get().reason()));
    }
    std::string text;
    std::array<char, 16384> part{};
    while (!parser.is_done()) {
        parser.get().body().data = part.data();
        parser.get().body().size = part.size();
        http::read_some(stream, buffer, parser, failure);
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
