// SPDX-License-Identifier: BSD-3-Clause
//
// Keeps an nbd device alive over the loss of its server: the kernel then holds requests back
// instead of failing them, and asks whoever listens for another connection, which this program
// makes. nbd-client has no option for either. Who serves, and where, is left to the address.
#include <arpa/inet.h>
#include <endian.h>
#include <linux/genetlink.h>
#include <linux/nbd-netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr int again_after = 100;  // milliseconds
constexpr std::size_t headers = NLMSG_HDRLEN + GENL_HDRLEN;

[[noreturn]] void fail(std::string const& what) { throw std::runtime_error(what); }

// One request or answer of generic netlink, as bytes: every number in it is in the kernel's order.
class Message {
public:
    Message(std::uint16_t family, std::uint8_t command) : bytes_(headers) {
        nlmsghdr header{};
        header.nlmsg_type = family;
        header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
        std::memcpy(bytes_.data(), &header, sizeof header);
        genlmsghdr const generic{.cmd = command, .version = 1, .reserved = 0};
        std::memcpy(bytes_.data() + NLMSG_HDRLEN, &generic, sizeof generic);
    }

    std::size_t begin(std::uint16_t type) {
        std::size_t const at = bytes_.size();
        bytes_.resize(at + NLA_HDRLEN);
        nlattr const attribute{.nla_len = 0, .nla_type = type};
        std::memcpy(bytes_.data() + at, &attribute, sizeof attribute);
        return at;
    }

    void end(std::size_t at) {
        auto const length = static_cast<std::uint16_t>(bytes_.size() - at);
        std::memcpy(bytes_.data() + at, &length, sizeof length);
        bytes_.resize(NLA_ALIGN(bytes_.size()));
    }

    void put(std::uint16_t type, void const* data, std::size_t size) {
        std::size_t const at = begin(type);
        auto const* from = static_cast<char const*>(data);
        bytes_.insert(bytes_.end(), from, from + size);
        end(at);
    }

    template <typename Number>
    void put(std::uint16_t type, Number number) {
        put(type, &number, sizeof number);
    }

    std::string_view sealed() {
        auto const length = static_cast<std::uint32_t>(bytes_.size());
        std::memcpy(bytes_.data(), &length, sizeof length);
        return {bytes_.data(), bytes_.size()};
    }

private:
    std::vector<char> bytes_;
};

// The attribute of this type among these, or nothing.
std::string_view find(std::string_view attributes, std::uint16_t type) {
    while (attributes.size() >= NLA_HDRLEN) {
        nlattr attribute;
        std::memcpy(&attribute, attributes.data(), sizeof attribute);
        if (attribute.nla_len < NLA_HDRLEN || attribute.nla_len > attributes.size()) break;
        if ((attribute.nla_type & NLA_TYPE_MASK) == type)
            return attributes.substr(NLA_HDRLEN, attribute.nla_len - NLA_HDRLEN);
        attributes.remove_prefix(
            std::min<std::size_t>(NLA_ALIGN(attribute.nla_len), attributes.size()));
    }
    return {};
}

template <typename Number>
Number number(std::string_view value) {
    Number number{};
    if (value.size() != sizeof number) fail("the kernel's answer lacks a number");
    std::memcpy(&number, value.data(), sizeof number);
    return number;
}

// The kernel's side of nbd.
class Kernel {
public:
    Kernel() : socket_(socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC)) {
        if (socket_ < 0) fail("no netlink");
        Message ask(GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
        ask.put(CTRL_ATTR_FAMILY_NAME, NBD_GENL_FAMILY_NAME, sizeof NBD_GENL_FAMILY_NAME);
        send(ask);
        std::string const answer = receive();
        auto const attributes = std::string_view(answer).substr(headers);
        family_ = number<std::uint16_t>(find(attributes, CTRL_ATTR_FAMILY_ID));
        // There is one group, the first in the list.
        auto const group = find(find(attributes, CTRL_ATTR_MCAST_GROUPS), 1);
        auto const id = number<int>(find(group, CTRL_ATTR_MCAST_GRP_ID));
        if (setsockopt(socket_, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &id, sizeof id) != 0)
            fail("the kernel lets nobody hear of dead links");
        settle();
    }

    // Requests wait up to `patience` seconds for a server; one that is not answered for `timeout`
    // seconds is sent again where there is one.
    void keep(std::uint32_t device, std::uint64_t patience, std::uint64_t timeout) {
        Message words = reconfigure(device);
        words.put(NBD_ATTR_DEAD_CONN_TIMEOUT, patience);
        words.put(NBD_ATTR_TIMEOUT, timeout);
        send(words);
        settle();
    }

    void hand_over(std::uint32_t device, int connection) {
        Message words = reconfigure(device);
        std::size_t const sockets = words.begin(NBD_ATTR_SOCKETS | NLA_F_NESTED);
        std::size_t const item = words.begin(NBD_SOCK_ITEM | NLA_F_NESTED);
        words.put(NBD_SOCK_FD, static_cast<std::uint32_t>(connection));
        words.end(item);
        words.end(sockets);
        send(words);
        settle();
    }

    // Waits until the kernel says that a device has no connection.
    void wait_for_dead_link(std::uint32_t device) {
        while (!dead_) {
            std::string const said = receive();
            note(said, device);
        }
        dead_ = false;
    }

private:
    Message reconfigure(std::uint32_t device) {
        device_ = device;
        Message words(family_, NBD_CMD_RECONFIGURE);
        words.put(NBD_ATTR_INDEX, device);
        return words;
    }

    void send(Message& message) {
        auto const bytes = message.sealed();
        if (::send(socket_, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
            fail("the kernel takes no request");
    }

    std::string receive() {
        std::string said(8192, '\0');
        ssize_t const size = recv(socket_, said.data(), said.size(), 0);
        if (size < static_cast<ssize_t>(headers)) fail("the kernel does not answer");
        said.resize(static_cast<std::size_t>(size));
        return said;
    }

    void note(std::string_view said, std::uint32_t device) {
        auto const header = number<nlmsghdr>(said.substr(0, sizeof(nlmsghdr)));
        auto const generic = number<genlmsghdr>(said.substr(NLMSG_HDRLEN, sizeof(genlmsghdr)));
        if (header.nlmsg_type == family_ && generic.cmd == NBD_CMD_LINK_DEAD &&
            number<std::uint32_t>(find(said.substr(headers), NBD_ATTR_INDEX)) == device)
            dead_ = true;
    }

    // Waits for the kernel's verdict; a link that dies meanwhile is kept in mind.
    void settle() {
        for (;;) {
            std::string const said = receive();
            auto const header =
                number<nlmsghdr>(std::string_view(said).substr(0, sizeof(nlmsghdr)));
            if (header.nlmsg_type != NLMSG_ERROR) {
                note(said, device_);
                continue;
            }
            int const error = number<int>(std::string_view(said).substr(NLMSG_HDRLEN, sizeof(int)));
            if (error != 0) fail(std::string("the kernel refuses: ") + std::strerror(-error));
            return;
        }
    }

    int socket_;
    std::uint16_t family_ = 0;
    std::uint32_t device_ = 0;
    bool dead_ = false;
};

// A connection that has greeted the server and chosen an export; closed with it, unless the
// kernel holds it, too.
class Connection {
public:
    Connection(char const* host, std::uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_port = htons(port);
        if (inet_pton(AF_INET, host, &at.sin_addr) != 1) fail("the host is no address");
        connected_ = connect(socket_, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0;
    }
    Connection(Connection const&) = delete;
    Connection& operator=(Connection const&) = delete;
    ~Connection() { close(socket_); }

    // Whether the server has the export, and in that size.
    bool choose(std::string_view name, std::uint64_t expected) {
        constexpr char hello[] = "NBDMAGICIHAVEOPT";
        char greeting[18];
        if (!connected_ || !take(greeting, sizeof greeting) ||
            std::memcmp(greeting, hello, 16) != 0)
            return false;
        std::uint32_t const flags = htobe32(3);        // fixed newstyle, no zeroes
        std::uint32_t const export_name = htobe32(1);  // the option, which begins the transmission
        std::uint32_t const length = htobe32(static_cast<std::uint32_t>(name.size()));
        std::string words(reinterpret_cast<char const*>(&flags), sizeof flags);
        words.append("IHAVEOPT")
            .append(reinterpret_cast<char const*>(&export_name), sizeof export_name)
            .append(reinterpret_cast<char const*>(&length), sizeof length)
            .append(name);
        if (send(socket_, words.data(), words.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(words.size()))
            return false;
        char answer[10];
        if (!take(answer, sizeof answer)) return false;
        std::uint64_t size;
        std::memcpy(&size, answer, sizeof size);
        if (be64toh(size) != expected) fail("the export has another size now");
        return true;
    }

    int descriptor() const { return socket_; }

private:
    bool take(char* into, std::size_t size) {
        return recv(socket_, into, size, MSG_WAITALL) == static_cast<ssize_t>(size);
    }

    int socket_;
    bool connected_;
};

std::uint64_t size_of(std::uint32_t device) {
    std::uint64_t sectors = 0;
    std::ifstream("/sys/block/nbd" + std::to_string(device) + "/size") >> sectors;
    if (sectors == 0) fail("the device is attached to nothing");
    return sectors * 512;
}

void run(char const* host, std::uint16_t port, char const* name, std::uint64_t patience,
         std::uint64_t timeout) {
    constexpr std::uint32_t device = 0;
    std::uint64_t const size = size_of(device);
    Kernel kernel;
    kernel.keep(device, patience, timeout);
    if (fork() != 0) _exit(0);  // whoever called may go on: the device is kept
    for (;;) {
        kernel.wait_for_dead_link(device);
        for (;; poll(nullptr, 0, again_after)) {
            Connection connection(host, port);
            if (!connection.choose(name, size)) continue;
            kernel.hand_over(device, connection.descriptor());
            break;
        }
        std::puts("reconnected");
        std::fflush(stdout);
    }
}

}  // namespace

int main(int count, char** words) try {
    if (count != 6) fail("reconnect HOST PORT EXPORT PATIENCE TIMEOUT");
    run(words[1], static_cast<std::uint16_t>(std::atoi(words[2])), words[3],
        std::strtoull(words[4], nullptr, 10), std::strtoull(words[5], nullptr, 10));
} catch (std::exception const& why) {
    std::fprintf(stderr, "reconnect: %s\n", why.what());
    return 1;
}
