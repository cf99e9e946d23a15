// SPDX-License-Identifier: BSD-3-Clause
//
// The grammar of node files, and the setup that a file comes to.
#include "tools/node_file.h"

#include "nodes/live/export_place.h"
#include "nodes/live/nbd_export.h"
#include "nodes/live/setup_codec.h"
#include "nodes/live/sockets.h"
#include "nodes/live/tls.h"
#include "scenarios/language/load.h"
#include "scenarios/language/load_parts.h"
#include "scenarios/language/scenario_shape.h"
#include "scenarios/language/schema.h"
#include "scenarios/language/shape.h"
#include "scenarios/live/setup.h"
#include "tools/served_places.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace sunder::tools {

namespace {

using namespace language;
using grammar::optional;
using grammar::required;

ShapePtr text(std::string what) { return make_shape(shape::Text{std::move(what)}); }
ShapePtr number(std::string what, std::int64_t least, std::int64_t most) {
    return make_shape(shape::Integer{std::move(what), least, most});
}

ShapePtr endpoint(std::string what) {
    return make_shape(shape::Object{
        std::move(what),
        {optional("socket", "A Unix socket, relative to this file.", text("a path")),
         optional("port", "A port.", number("a port", 1, 65535), {"7800"}),
         optional("address", "With a port: 127.0.0.1 unless told.", text("an IP address"))},
        {{"socket", "port"}}});
}

ShapePtr http() {
    return grammar::object(
        "an address for HTTP",
        {required("port", "A port.", number("a port", 1, 65535), {"9555"}),
         optional("address", "127.0.0.1 unless told; with 0.0.0.0, every network reaches it.",
                  text("an IP address"))});
}

ShapePtr member() {
    return grammar::object(
        "where a node is found",
        {required("peers", "Where it hears the others' connections, by TCP or on a Unix socket.",
                  endpoint("an address")),
         optional("beats",
                  "Where it hears their beats, path by path, by UDP or on Unix sockets. Unless "
                  "told: the port of `peers`, or its socket with .beats behind it.",
                  make_shape(shape::List{"paths", endpoint("an address"), 1, 8, false})),
         optional("compression",
                  "The level of zstd at which content is sent there. Unless told: the file's.",
                  number("a level", 0, 9))});
}

ShapePtr fencing() {
    return grammar::object(
        "how others are shot",
        {required("program",
                  "Is run with the victim's name behind it, and exits with 0 when the victim is "
                  "certainly dead. What takes longer than 5 min is killed, and has not shot.",
                  make_shape(shape::List{"words", text("a word"), 1, 32, false}))});
}

ShapePtr resources() {
    auto const program = [] {
        return make_shape(shape::List{"words", text("a word"), 1, 32, false});
    };
    ShapePtr const one = grammar::object(
        "programs of a resource",
        {required("start", "Starts it, and exits with 0 when it is in service.", program()),
         required("stop",
                  "Stops it, and exits with 0 when it does not run, also if it did not before.",
                  program()),
         optional("recover",
                  "Repairs it where it failed, while what stands on it stays (R100). Unless told: "
                  "`start`.",
                  program()),
         optional("check",
                  "Exits with 0 if it runs; is asked as often as `check` of the cluster's resource "
                  "says. Unless told: nobody looks.",
                  program()),
         optional("within",
                  "Each of them at most; one that takes longer is killed, and has failed. Default: "
                  "20 s.",
                  grammar::duration(), {"20 s"})});
    return make_shape(shape::Map{"resources", one, 1, 256});
}

ShapePtr tls() {
    return grammar::object(
        "what connections of nodes are encrypted with",
        {required("ca", "The certificates of the authority that signs every node's, in PEM.",
                  text("a path")),
         required("certificate",
                  "This node's, in PEM, for serverAuth and clientAuth. Its subjectAltName has the "
                  "DNS name NODE.CLUSTER, as `node` and `called` have them.",
                  text("a path")),
         required("key", "Its private key, in PEM, without a passphrase.", text("a path"))});
}

ShapePtr node_shape() {
    return make_shape(shape::Object{
        "a node",
        {required("node", "Which of the cluster's nodes this is.", grammar::node_name()),
         required("called", "What the cluster is called: nodes of another one are refused.",
                  make_shape(shape::Name{"a name"}), {"demo"}),
         optional("include", "Takes the cluster from this file, relative to this one.",
                  text("a path")),
         optional("cluster", "The cluster, as scenarios have it.", grammar::cluster()),
         required("at", "Where each node is found, by name.",
                  make_shape(shape::Map{"nodes", member(), 1, 256})),
         required("listen", "Where hosts attach to what is in service here, by NBD.",
                  endpoint("an address")),
         optional("control",
                  "A Unix socket, relative to this file, for `sunder ctl`. Unless told: "
                  "NODE.control.",
                  text("a path")),
         optional(
             "http",
             "Where GET /status, /metrics and /events are answered by TCP, to whoever comes: "
             "for Prometheus. Nothing can be asked for there, and nothing is encrypted. Unless "
             "told: nowhere.",
             http()),
         optional("state",
                  "A folder, relative to this file, in which the node keeps its copies, cells and "
                  "intent logs. Without: in memory, and gone with the process.",
                  text("a folder")),
         optional("copies",
                  "A folder, relative to this file, for the copies' data, which may lie on another "
                  "disk. Unless told: `array` in the folder of `state`.",
                  text("a folder")),
         optional("plain",
                  "Copies of this node that are no volumes of an array but exports of NBD servers, "
                  "on whose machines nothing of Sunder runs: by mirror, the URI of libnbd. Such a "
                  "copy is a target for ever, as `never_in_service` has to say; what the export "
                  "held is overwritten, and volumes of a mirror lie one behind another in it.",
                  make_shape(shape::Map{"mirrors", text("a URI"), 1, 256})),
         optional(
             "recordings",
             "A folder, relative to this file, in which each life of the node is recorded, for "
             "`sunder replay`. Unless told: none is.",
             text("a folder")),
         optional("recordings_size",
                  "Of all recordings together, at most: the oldest parts of the oldest life go "
                  "first, and what is left can be replayed. Default: 256 MiB.",
                  grammar::byte_count(), {"1 GiB"}),
         optional("threads",
                  "Requests of each connection of a host at a time. A host that has fewer under "
                  "way gets its reads through beside writes that wait for a peer. Default: 128.",
                  number("a number", 8, 1024)),
         optional("compression",
                  "The level of zstd at which content is sent to other copies. Default: 0, not at "
                  "all.",
                  number("a level", 0, 9)),
         optional("tls",
                  "Files, relative to this one, for connections of nodes by TCP: these are "
                  "encrypted, and each end shows who it is. Without: addresses of this machine "
                  "only, and in "
                  "plain text. Beats and hosts' connections are not encrypted.",
                  tls()),
         optional("resources",
                  "What the cluster's resources are on this node, by name: programs, which find "
                  "SUNDER_RESOURCE, SUNDER_MIRROR and SUNDER_NODE in their environment. Needed "
                  "for each that stands on a mirror with a copy here.",
                  resources()),
         optional("fencing", "How others are shot, where the cluster has fencing.", fencing())},
        {{"cluster", "include"}}});
}

class Reader {
public:
    Reader(Document const& document, Report const& report, netsim::Cluster const& cluster,
           PlainServers servers)
        : root_(document.root),
          folder_(std::filesystem::path(document.path).parent_path()),
          report_(report),
          cluster_(cluster),
          servers_(servers),
          places_(*root_.find("node"), report) {}

    NodeFile read() {
        NodeFile file;
        loading::Names const names(cluster_, report_);
        auto const self = names.node(root_.find("node"));
        if (!self) return file;
        read_setup(file.setup, *self);
        live::Endpoint listen = endpoint(root_.find("listen"));
        if (!listen.socket.empty()) listen.socket = absolute(listen.socket);
        places_.heard(root_.find("listen"), listen, Places::Kind::stream, "`listen`");
        file.socket = listen.socket;
        file.address = listen.address;
        file.port = listen.port;
        std::string const state = path(root_.find("state"));
        file.setup.state = state;
        file.setup.recordings = path(root_.find("recordings"));
        if (auto const size = loading::byte_count_of(root_.find("recordings_size"))) {
            file.setup.recordings_size = *size;
        }
        file.store = path(root_.find("copies"));
        if (file.store.empty() && !state.empty()) file.store = state + "/array";
        if (state.empty() && !file.store.empty()) {
            // Copies that outlive what is known of them would be taken for new ones.
            report_.error(Code::missing_key, mark_of(*root_.find("copies")),
                          "copies that stay need a `state` that stays", {});
        }
        file.control = path(root_.find("control"));
        if (file.control.empty()) {
            file.control = (folder_ / (cluster_.nodes[self->value].name + ".control")).string();
        }
        places_.heard(root_.find("control"), {absolute(file.control), "", 0}, Places::Kind::stream,
                      "`control`");
        if (Node const* const shown = root_.find("http")) {
            file.http = endpoint(shown);
            places_.heard(shown, *file.http, Places::Kind::stream, "`http`");
        }
        places_.kept(root_.find("state"), state, "`state`");
        if (Node const* const copies = root_.find("copies")) {
            places_.kept(copies, file.store, "`copies`");
        }
        places_.kept(root_.find("recordings"), file.setup.recordings, "`recordings`");
        file.threads =
            static_cast<unsigned>(loading::integer_of(root_.find("threads")).value_or(128));
        // Nobody is asked for a file that is wrong anyhow.
        if (servers_ == PlainServers::asked && report_.count() == 0) ask_plain(file.setup);
        return file;
    }

private:
    std::string path(Node const* node) const {
        auto const said = loading::text_of(node);
        return said ? (folder_ / *said).lexically_normal().string() : "";
    }
    /// As nbdkit and its plugin take a path: where they run does not matter to them.
    static std::string absolute(std::string const& path) {
        return std::filesystem::absolute(path).lexically_normal().string();
    }

    live::Endpoint endpoint(Node const* node) const {
        live::Endpoint made;
        if (node == nullptr) return made;
        made.socket = path(node->find("socket"));
        if (!made.socket.empty()) return made;
        made.address = loading::text_of(node->find("address")).value_or("127.0.0.1");
        made.port = static_cast<std::uint16_t>(loading::integer_of(node->find("port")).value_or(0));
        return made;
    }

    /// What is not encrypted stays on this machine.
    void expect_loopback(Node const* node, live::Endpoint const& made) const {
        bool const here = !made.socket.empty() || made.address.starts_with("127.") ||
                          made.address == "::1" || made.address.empty();
        if (here || node == nullptr || node->find("address") == nullptr) return;
        if (root_.find("tls") != nullptr || !live::check_address(made)) return;
        report_.error(
            Code::bad_link, mark_of(*node->find("address")),
            fmt::format("{} is no loopback address", made.address),
            {"connections of peers are not encrypted without `tls`: use 127.0.0.1, ::1 or a "
             "socket, or add it",
             {}});
    }

    /// Whether files are right can be told before anything is begun with them.
    void read_tls(live::NodeSetup& setup) const {
        Node const* const files = root_.find("tls");
        if (files == nullptr) return;
        setup.tls = {path(files->find("ca")), path(files->find("certificate")),
                     path(files->find("key"))};
        if (auto const tls = live::Tls::open(setup); !tls) {
            report_.error(Code::unreadable_file, mark_of(*files), tls.error(), {});
        }
    }

    void read_members(live::NodeSetup& setup) {
        for (live::MemberSetup& member : setup.members) {
            Node const* const at = root_.find("at");
            Node const* const where = at == nullptr ? nullptr : at->find(member.name);
            if (at != nullptr && where == nullptr) {
                report_.error(Code::missing_key, mark_of(*at),
                              fmt::format("where {} is found is missing", member.name), {});
            }
            if (where != nullptr) {
                Node const* const peers = where->find("peers");
                member.peers = endpoint(peers);
                expect_loopback(peers, member.peers);
                for (Node const& one : loading::items_of(where->find("beats"))) {
                    member.beats.push_back(endpoint(&one));
                }
            }
            Node const* const own = where == nullptr ? nullptr : where->find("compression");
            Node const* const level = own != nullptr ? own : root_.find("compression");
            member.compression = static_cast<unsigned>(loading::integer_of(level).value_or(0));
            if (member.beats.empty()) {
                live::Endpoint same = member.peers;
                if (!same.socket.empty()) same.socket += ".beats";
                member.beats.push_back(same);
            }
            if (where != nullptr) place(setup, member, *where);
        }
        loading::Names const names(cluster_, report_);
        for (Entry const& one : loading::entries_of(root_.find("at"))) {
            (void)names.node_of_key(one);
        }
        expect_equal_paths(setup);
    }

    /// Beats go by each path from one node to the other.
    void expect_equal_paths(live::NodeSetup const& setup) const {
        live::MemberSetup const& own = setup.members[setup.config.self.value];
        auto const paths = [](live::MemberSetup const& member) {
            std::size_t const count = member.beats.size();
            return fmt::format("{} path{}", count, count == 1 ? "" : "s");
        };
        for (live::MemberSetup const& member : setup.members) {
            Node const* const at = root_.find("at");
            Node const* const where = at == nullptr ? nullptr : at->find(member.name);
            if (where == nullptr || member.beats.size() == own.beats.size()) continue;
            Node const* const beats = where->find("beats");
            report_.error(Code::bad_link, mark_of(beats == nullptr ? *where : *beats),
                          fmt::format("{} beats on {}, and {} on {}", own.name, paths(own),
                                      member.name, paths(member)),
                          {"name as many `beats` for each node: they are the same paths, in the "
                           "same order",
                           {}});
        }
    }

    void place(live::NodeSetup const& setup, live::MemberSetup const& member, Node const& where) {
        bool const own = &member == &setup.members[setup.config.self.value];
        auto const at = own ? &Places::heard : &Places::reached;
        Node const* const peers = where.find("peers");
        std::size_t const before = report_.count();
        (places_.*at)(peers, member.peers, Places::Kind::stream, "`peers` of " + member.name);
        // What is made of a wrong address is wrong, too.
        if (report_.count() != before && where.find("beats") == nullptr) return;
        auto const said = loading::items_of(where.find("beats"));
        for (std::size_t path = 0; path < member.beats.size(); ++path) {
            (places_.*at)(path < said.size() ? &said[path] : peers, member.beats[path],
                          Places::Kind::datagrams, "`beats` of " + member.name);
        }
    }

    /// What this node holds at an NBD server.
    void read_plain(live::NodeSetup& setup) const {
        std::map<std::string, std::string> taken;
        for (Entry const& one : loading::entries_of(root_.find("plain"))) {
            auto const mirror = std::ranges::find(setup.mirrors, one.key, &live::MirrorSetup::name);
            if (mirror == setup.mirrors.end()) {
                report_.error(Code::unknown_name, one.key_span,
                              fmt::format("this node has no copy of a mirror '{}'", one.key), {});
                continue;
            }
            mirror->plain = loading::text_of(&one.value).value_or("");
            // No array keeps an image there, and nobody would force such a copy online.
            mirror->config.fallback_sectors = 0;
            std::string const scheme = mirror->plain.substr(0, mirror->plain.find("://"));
            static constexpr std::array<std::string_view, 6> known{
                "nbd", "nbds", "nbd+unix", "nbds+unix", "nbd+vsock", "nbds+vsock"};
            if (scheme == mirror->plain || std::ranges::find(known, scheme) == known.end()) {
                report_.error(
                    Code::bad_link, mark_of(one.value),
                    fmt::format("'{}' is no URI of an NBD server", mirror->plain),
                    {"nbd://host:10809/export, or nbd+unix:///export?socket=/a/path", {}});
                continue;
            }
            // They would overwrite each other, and neither would know.
            auto const [there, first] =
                taken.try_emplace(live::place_of_export(mirror->plain), one.key);
            if (first) continue;
            report_.error(Code::bad_link, mark_of(one.value),
                          fmt::format("the copies of '{}' and '{}' are one export, {}",
                                      there->second, one.key, mirror->plain),
                          {"each copy has an export of its own", {}});
        }
    }

    /// Whose server does not answer now may do so later.
    void ask_plain(live::NodeSetup const& setup) const {
        for (Entry const& one : loading::entries_of(root_.find("plain"))) {
            auto const mirror = std::ranges::find(setup.mirrors, one.key, &live::MirrorSetup::name);
            std::string const why = live::NbdExport::misfit(
                {mirror->plain, mirror->config.sectors * sector_bytes,
                 setup.detection.connection_timeout, setup.detection.reconnect});
            if (why.empty()) continue;
            report_.error(Code::bad_size, mark_of(one.value),
                          fmt::format("{}: {}: {}", mirror->name, mirror->plain, why),
                          {"name an export that can hold this copy", {}});
        }
    }

    static std::vector<std::string> program(Node const* node) {
        std::vector<std::string> words;
        for (Node const& word : loading::items_of(node)) {
            words.push_back(loading::text_of(&word).value_or(""));
        }
        return words;
    }

    void read_resources(live::NodeSetup& setup) const {
        Node const* const all = root_.find("resources");
        for (Entry const& entry : loading::entries_of(all)) {
            auto const found =
                std::ranges::find(setup.resources, entry.key, &live::ResourceSetup::name);
            if (found == setup.resources.end()) {
                std::vector<std::string> known;
                for (live::ResourceSetup const& one : setup.resources) known.push_back(one.name);
                report_.unknown(Code::unknown_name, entry.key_span,
                                fmt::format("the cluster has no resource '{}'", entry.key),
                                entry.key, known);
                continue;
            }
            live::ResourceSetup& one = *found;
            one.start = program(entry.value.find("start"));
            one.stop = program(entry.value.find("stop"));
            one.recover = program(entry.value.find("recover"));
            one.check = program(entry.value.find("check"));
            if (Node const* const within = entry.value.find("within")) {
                auto const time =
                    loading::time_above_zero(within, report_, "the time of a program");
                one.within = time.value_or(one.within);
            }
        }
        for (nodes::ResourceConfig const& mirror : setup.config.resources) {
            if (!mirror.hierarchy) continue;
            for (nodes::ProtectedResource const& one : mirror.hierarchy->resources()) {
                live::ResourceSetup const& programs = setup.resources[one.id.value];
                if (!programs.start.empty()) continue;
                report_.error(
                    Code::missing_key, mark_of(all == nullptr ? *root_.find("node") : *all),
                    fmt::format("the programs of {} are missing", programs.name),
                    {fmt::format("add `resources: {{{}: {{start: [...], stop: [...]}}}}` to this "
                                 "file, outside of `cluster`",
                                 programs.name),
                     {}});
            }
        }
    }

    void read_setup(live::NodeSetup& setup, NodeId self) {
        setup = staged::setup_of(cluster_, self);
        setup.cluster = loading::text_of(root_.find("called")).value_or("");
        read_members(setup);
        if (Node const* const how = root_.find("fencing")) {
            for (Node const& word : loading::items_of(how->find("program"))) {
                setup.fencing.program.push_back(loading::text_of(&word).value_or(""));
                if (setup.fencing.program.size() == 1) {
                    places_.run(word, setup.fencing.program.front());
                }
            }
        }
        read_resources(setup);
        read_tls(setup);
        read_plain(setup);
        if (report_.count() != 0) return;
        if (std::string const what = live::impossible(setup); !what.empty()) {
            report_.error(Code::bad_mirror, mark_of(*root_.find("node")),
                          fmt::format("a node cannot be served with {}", what), {});
        }
    }

    Node const& root_;
    std::filesystem::path folder_;
    Report const& report_;
    netsim::Cluster const& cluster_;
    PlainServers servers_;
    Places places_;
};

}  // namespace

std::expected<NodeFile, std::vector<Diagnostic>> read_node_file(std::string const& path,
                                                                PlainServers servers) {
    std::vector<Diagnostic> found;
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream content;
    if (stream) content << stream.rdbuf();
    if (!stream) {
        Diagnostic unreadable;
        unreadable.path = path;
        unreadable.code = Code::unreadable_file;
        unreadable.message = fmt::format("cannot read it: {}", std::strerror(errno));
        return std::unexpected(std::vector{std::move(unreadable)});
    }
    Document const document = read_document(path, content.str(), found);
    Report const report(document, found);
    check(document.root, *node_shape(), report);
    auto const cluster = load_cluster(document, found);
    NodeFile file;
    // What is wrong with the cluster would be told again and again.
    if (cluster && found.empty()) file = Reader(document, report, *cluster, servers).read();
    if (!found.empty()) return std::unexpected(in_order(std::move(found), path));
    return file;
}

std::string node_schema() {
    return schema_of(*node_shape(), "Sunder node",
                     "A node of a cluster that `sunder serve` runs for real.");
}

}  // namespace sunder::tools
