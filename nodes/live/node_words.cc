// SPDX-License-Identifier: BSD-3-Clause
//
// The table of verbs, and what each makes of the words behind it.
#include "nodes/live/node_words.h"

#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

namespace sunder::live {

namespace {

using nodes::Extension;
using nodes::Order;
using Asked = NodeRequest::Asked;

/// The words behind a verb, and what they may name.
struct Said {
    NodeSetup const& setup;
    Values& values;

    GroupId mirror() const {
        std::vector<std::string> known;
        for (MirrorSetup const& one : setup.mirrors) {
            if (one.name == values.subject()) return one.config.group;
            known.push_back(one.name);
        }
        values.complain("", fmt::format("there is no mirror '{}' here{}", values.subject(),
                                        suggestion(values.subject(), known)));
        return {};
    }
    std::optional<NodeId> node(std::string_view key, std::string const& name) const {
        std::vector<std::string> known;
        for (std::size_t n = 0; n < setup.members.size(); ++n) {
            known.push_back(setup.members[n].name);
            if (known.back() == name) return NodeId{static_cast<std::uint8_t>(n)};
        }
        values.complain(key, fmt::format("there is no node '{}'{}", name, suggestion(name, known)));
        return std::nullopt;
    }
    std::optional<NodeId> target() const {
        if (!values.has("target")) return std::nullopt;
        return node("target", values.text("target"));
    }
};

template <Order::Kind kind>
Asked order(Said const& said) {
    Order made{kind, said.target(), 0};
    if constexpr (kind == Order::Kind::enable_asynchronous) {
        made.limit = static_cast<std::uint32_t>(
            said.values.number("limit", 256, std::numeric_limits<std::uint32_t>::max()));
        if (made.limit == 0) said.values.complain("limit", "nothing would be sent: at least 1");
    }
    return nodes::input::Ordered{{}, said.mirror(), made};
}
template <class Simple>
Asked simple(Said const& said) {
    return Simple{{}, said.mirror()};
}
Asked confirm(Said const& said) {
    NodeId const peer = said.node("", said.values.subject()).value_or(NodeId{});
    return nodes::input::ConfirmFailover{{}, peer, said.values.yes("dead", true)};
}
/// Who joins or leaves, where that is another than this node.
template <Extension::Kind kind>
Asked edit(Said const& said) {
    Extension made{kind, said.setup.config.self, std::nullopt};
    constexpr std::string_view key = kind == Extension::Kind::extend ? "to" : "from";
    constexpr bool other = kind == Extension::Kind::extend || kind == Extension::Kind::unextend;
    if constexpr (other) {
        made.server = said.node(key, said.values.text(key)).value_or(NodeId{});
    }
    if (said.values.has("priority")) {
        std::uint64_t const priority = said.values.number("priority", 0, 999);
        if (priority == 0) said.values.complain("priority", "1 to 999 would be right");
        made.priority = static_cast<std::uint16_t>(priority);
    }
    return nodes::input::EditExtension{{}, said.mirror(), made};
}

using Maker = Asked (*)(Said const&);
using Table = Verbs<Maker>;

void add_orders(Table& table) {
    Parameter const target{"target", "NODE", false, "where there is more than one other copy"};
    table.add(order<Order::Kind::pause>, {"pause",
                                          "MIRROR",
                                          {target},
                                          "keep a target apart; its hosts may use it (R57)",
                                          "pause datarep target=server2"});
    table.add(order<Order::Kind::resume>,
              {"resume", "MIRROR", {target}, "mirror to it again (R59)", "resume datarep"});
    table.add(
        order<Order::Kind::leave_service>,
        {"take-out",
         "MIRROR",
         {},
         "take it out of service here (R62), until `bring-in`, or until this node begins anew",
         "take-out datarep"});
    table.add(
        order<Order::Kind::enter_service>,
        {"bring-in", "MIRROR", {}, "bring in again what was taken out here", "bring-in datarep"});
    table.add(order<Order::Kind::set_intent_log>, {"fullresync",
                                                   "MIRROR",
                                                   {target},
                                                   "copy everything anew (bitmap -d, R19)",
                                                   "fullresync datarep"});
    table.add(order<Order::Kind::clear_intent_log>,
              {"clear-intent-log",
               "MIRROR",
               {target},
               "believe that the target is equal (bitmap -c, R19)",
               "clear-intent-log datarep"});
    table.add(order<Order::Kind::enable_asynchronous>,
              {"asynchronous",
               "MIRROR",
               {{"limit", "NUMBER", false, "256 unless told"}},
               "let so many writes be outstanding (bitmap -a, R13)",
               "asynchronous datarep limit=4096"});
    table.add(order<Order::Kind::use_fallback_image>,
              {"use-fallback-image",
               "MIRROR",
               {},
               "let the copy here be what it was before its resync; `force` brings it in service",
               "use-fallback-image datarep"});
}

void add_edits(Table& table) {
    table.add(edit<Extension::Kind::create>,
              {"create",
               "MIRROR",
               {},
               "make the mirror here, with what the disk holds; on no other server yet (R91)",
               "create datarep"});
    table.add(edit<Extension::Kind::extend>,
              {"extend",
               "MIRROR",
               {{"to", "NODE", true, "it joins; what its copy held is destroyed (R5)"},
                {"priority", "NUMBER", false, "1 to 999; as in the file unless told"}},
               "let another server have a copy, at the mirror's owner (R93)",
               "extend datarep to=server3"});
    table.add(edit<Extension::Kind::unextend>,
              {"unextend",
               "MIRROR",
               {{"from", "NODE", true, "it leaves"}},
               "take its copy away from a server, at the mirror's owner (R94)",
               "unextend datarep from=server3"});
    table.add(edit<Extension::Kind::remove>,
              {"delete",
               "MIRROR",
               {},
               "take the mirror away from all servers, where it is in service nowhere (R95)",
               "delete datarep"});
}

Table make_table() {
    Table table;
    table.add(simple<nodes::input::SwitchOver>, {"switchover",
                                                 "MIRROR",
                                                 {},
                                                 "come in service here, and leave it there (R96)",
                                                 "switchover datarep"});
    table.add(simple<nodes::input::ForceOnline>,
              {"force",
               "MIRROR",
               {},
               "come in service here, whatever is elsewhere: may lose data (R87)",
               "force datarep"});
    table.add(simple<nodes::input::ResolveSplitBrain>,
              {"resolve",
               "MIRROR",
               {},
               "split brain: this node gives up what was written to it since (R33)",
               "resolve datarep"});
    add_orders(table);
    add_edits(table);
    table.add(confirm, {"confirm",
                        "NODE",
                        {{"dead", "yes|no", false, "yes unless told"}},
                        "say whether a node that is not heard is dead (R63)",
                        "confirm server2"});
    return table;
}

Table const& table() {
    static Table const made = make_table();
    return made;
}

/// That of an order, or those that a node shares with this one.
std::vector<std::size_t> mirrors_of(Grammar const& grammar, std::string const& subject,
                                    NodeSetup const& setup) {
    std::vector<std::size_t> places;
    for (std::size_t m = 0; m < setup.mirrors.size(); ++m) {
        MirrorSetup const& mirror = setup.mirrors[m];
        auto const* const end = mirror.config.nodes.begin() + mirror.config.copies;
        bool const shared = std::any_of(mirror.config.nodes.begin(), end, [&](NodeId node) {
            return setup.members[node.value].name == subject;
        });
        if (grammar.subject == "MIRROR" ? mirror.name == subject : shared) places.push_back(m);
    }
    return places;
}

}  // namespace

nodes::Input input_of(Asked const& asked, nodes::AdminId id) {
    return std::visit(
        [&](auto named) {
            named.request = id;
            return nodes::Input(named);
        },
        asked);
}

std::span<Grammar const> node_grammars() { return table().grammars; }

std::expected<NodeRequest, std::string> read_node_request(std::span<std::string const> words,
                                                          NodeSetup const& setup) {
    auto const found = find_verb(node_grammars(), words);
    if (!found) return std::unexpected(printable(found.error()));
    Grammar const& grammar = node_grammars()[found->grammar];
    Values values(grammar, words.subspan(found->words));
    if (values.errors().empty()) {
        Asked const asked = table().makers[found->grammar](Said{setup, values});
        if (values.errors().empty()) {
            return NodeRequest{grammar.verb, asked, mirrors_of(grammar, values.subject(), setup)};
        }
    }
    std::string all;
    for (std::string const& error : values.errors()) all += printable(error) + "\n";
    return std::unexpected(
        fmt::format("{}Usage: {}\nSuch as: {}", all, usage_of(grammar), grammar.example));
}

}  // namespace sunder::live
