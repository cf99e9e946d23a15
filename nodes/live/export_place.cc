// SPDX-License-Identifier: BSD-3-Clause
//
// Taking a URI apart: scheme://user@host:port/export?socket=PATH&...
#include "nodes/live/export_place.h"

#include <algorithm>
#include <cctype>

namespace sunder::live {

namespace {

/// The server's socket, of a URI's query.
std::string_view socket_in(std::string_view query) {
    while (!query.empty()) {
        std::string_view const one = query.substr(0, query.find('&'));
        if (one.starts_with("socket=")) return one.substr(7);
        query.remove_prefix(std::min(one.size() + 1, query.size()));
    }
    return "";
}

std::string in_small_letters(std::string_view text) {
    std::string small(text);
    std::ranges::transform(small, small.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return small;
}

/// Of an address of IPv6 the colons are within brackets.
bool has_port(std::string_view host) {
    std::size_t const bracket = host.rfind(']');
    return host.find(':', bracket == std::string_view::npos ? 0 : bracket) !=
           std::string_view::npos;
}

}  // namespace

std::string place_of_export(std::string_view uri) {
    std::size_t const colon = uri.find("://");
    if (colon == std::string_view::npos) return std::string(uri);
    std::string scheme = in_small_letters(uri.substr(0, colon));
    if (scheme.starts_with("nbds")) scheme.erase(3, 1);
    std::string_view rest = uri.substr(colon + 3);
    rest = rest.substr(0, rest.find('#'));
    std::size_t const mark = rest.find('?');
    std::string_view const query =
        mark == std::string_view::npos ? std::string_view() : rest.substr(mark + 1);
    rest = rest.substr(0, mark);
    std::size_t const slash = rest.find('/');
    std::string_view const name =
        slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    std::string_view host = rest.substr(0, slash);
    if (std::size_t const user = host.find('@'); user != std::string_view::npos) {
        host.remove_prefix(user + 1);
    }
    std::string where;
    if (scheme == "nbd+unix") {
        where = socket_in(query);
    } else {
        where = in_small_letters(host);
        if (where.ends_with(':')) where.pop_back();
        if (!has_port(where)) where += ":10809";
    }
    return scheme + "://" + where + "/" + std::string(name);
}

}  // namespace sunder::live
