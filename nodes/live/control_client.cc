// SPDX-License-Identifier: BSD-3-Clause
//
// One request, one answer, one connection.
#include "nodes/live/control_client.h"

#include <poll.h>

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

std::expected<Said, std::string> send(std::string const& socket,
                                      http::request<http::string_body> request, Patience patience) {
    asio::io_context context;
    beast::basic_stream<asio::local::stream_protocol> stream(context);
    boost::system::error_code failure;
    stream.socket().connect(asio::local::stream_protocol::endpoint(socket), failure);
    if (failure) return std::unexpected(failure.message());
    request.set(http::field::host, "localhost");
    request.keep_alive(false);
    request.prepare_payload();
    http::write(stream, request, failure);
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

}  // namespace

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
