// SPDX-License-Identifier: BSD-3-Clause
//
// What fuzzing begins with: one frame of each message, one of each thing that is stored, one input
// of each kind, one command of each verb and a heartbeat, in tests/fuzz/corpus. A run with
// SUNDER_REWRITE=1 in the environment writes them anew. Here, where no fuzzer is, each is taken,
// and so is nothing that one byte of it was left out of.
#include "tests/language/corpus.h"
#include "nodes/input_codec.h"
#include "nodes/live/array_words.h"
#include "nodes/live/beat.h"
#include "nodes/live/frame.h"
#include "nodes/live/greeting.h"
#include "nodes/live/node_words.h"
#include "nodes/live/setup_codec.h"
#include "nodes/wire.h"
#include "replication/cell_codec.h"
#include "replication/input_codec.h"
#include "replication/wire.h"
#include "tests/fuzz/decoders.h"
#include "tests/support/golden_messages.h"

#include <catch2/catch.hpp>

#include <array>
#include <map>
#include <string>

namespace sunder::test {
namespace {

using Bytes = std::vector<std::byte>;

std::string text_of(Stranger what, Bytes const& bytes) {
    return static_cast<char>(what) +
           std::string(reinterpret_cast<char const*>(bytes.data()), bytes.size());
}

std::string frame(live::FrameKind kind, Bytes const& head, std::span<std::byte const> content = {},
                  std::uint32_t sectors = 0, bool compressed = false) {
    Bytes all(live::frame_header_bytes);
    live::write_header(kind, head, content, sectors, compressed, all.data());
    all.insert(all.end(), head.begin(), head.end());
    all.insert(all.end(), content.begin(), content.end());
    return text_of(Stranger::frame, all);
}

template <class Said>
Bytes bytes_of(Said const& said) {
    Bytes bytes;
    ByteWriter to(bytes);
    using live::encode;
    using nodes::encode;
    using nodes::hierarchy::encode;
    using replication::encode;
    encode(said, to);
    return bytes;
}

/// "a record of zeroes" as a file is called.
std::string file_name(std::string name) {
    for (char& c : name) {
        if (c == ' ' || c == '\'') c = '-';
    }
    return name;
}

/// One of each alternative, with nothing in it but what has to be.
template <class Input, std::size_t kind = 0>
void add_inputs(std::map<std::string, std::string>& to, std::string const& name, Stranger what) {
    if constexpr (kind < std::variant_size_v<Input>) {
        std::variant_alternative_t<kind, Input> input{};
        if constexpr (requires { input.report.cell; }) {
            input.report.cell = std::make_shared<replication::Cell const>();
        }
        to[fmt::format("{}-{:02}", name, kind)] = text_of(what, bytes_of(Input(input)));
        add_inputs<Input, kind + 1>(to, name, what);
    }
}

live::NodeSetup some_setup() {
    live::NodeSetup setup;
    setup.cluster = "east";
    setup.members = {{"alpha", {"/run/a", {}, 0}, {{}}}, {"beta", {{}, "10.0.0.2", 7801}, {{}}}};
    setup.config.peers = {{1}};
    nodes::ResourceConfig resource;
    resource.members = {{0}, {1}};
    resource.priority = {1, 2};
    setup.config.resources = {resource};
    live::MirrorSetup mirror;
    mirror.name = "datarep";
    mirror.config.nodes = {NodeId{0}, NodeId{1}};
    mirror.config.sectors = mirror.config.mirrored_sectors = 128 * 16;
    mirror.volumes = {{"datarep", mirror.config.sectors}};
    setup.mirrors = {mirror};
    setup.fencing.program = {"shoot"};
    setup.tls = live::TlsSetup{"ca.pem", "alpha.pem", "alpha.key"};
    return setup;
}

std::string lines(Stranger of, std::string_view words) {
    std::string text(words);
    for (char& c : text) {
        if (c == ' ') c = '\n';
    }
    return static_cast<char>(of) + text;
}

/// "words-add-snapshot".
std::string words_name(std::string const& of, live::Grammar const& grammar) {
    return "words-" + of + file_name(std::string(grammar.verb));
}

std::map<std::string, std::string> seeds() {
    std::map<std::string, std::string> made;
    for (GoldenMessage const& golden : golden_messages()) {
        Bytes const head = bytes_of(golden.message);
        Payload const* const content = replication::content_of(golden.message);
        std::string const name = "mirror-" + file_name(golden.what);
        if (content == nullptr) {
            made[name] = frame(live::FrameKind::mirror, head);
            continue;
        }
        auto const sectors = static_cast<std::uint32_t>(content->sectors());
        made[name] = frame(live::FrameKind::mirror, head, content->as_bytes(), sectors);
        live::Compressor compressor(3);
        auto const small = compressor.compress(content->as_bytes());
        REQUIRE(small);
        made[name + "-compressed"] = frame(live::FrameKind::mirror, head, *small, sectors, true);
    }
    for (GoldenControl const& golden : golden_control()) {
        made["control-" + file_name(golden.what)] =
            frame(live::FrameKind::control, bytes_of(golden.message));
    }
    live::Greeting greeting;
    greeting.cluster = "east.1";
    greeting.from = "alpha";
    greeting.to = "beta";
    greeting.agreed = {{"nodes", "alpha, beta"}, {"policy", "datakeeper/guarded"}};
    made["greeting"] = frame(live::FrameKind::greeting, bytes_of(greeting));
    replication::Cell cell;
    cell.history.push_back({5, replication::Minted::forced});
    made["cell"] = text_of(Stranger::cell,
                           replication::encode_cell({replication::Slot{1}, 128, 131072, cell}));
    replication::Page page;
    page.number = 1;
    page.words = {1, 2, 3};
    made["page"] = text_of(Stranger::page, replication::encode_page(page));
    made["hierarchy"] = text_of(Stranger::hierarchy, nodes::encode_hierarchy(some_hierarchy()));
    add_inputs<replication::Input>(made, "mirror-input", Stranger::mirror_input);
    add_inputs<nodes::Input>(made, "node-input", Stranger::node_input);
    add_inputs<nodes::hierarchy::Input>(made, "hierarchy-input", Stranger::hierarchy_input);
    made["setup"] = text_of(Stranger::setup, live::encode_setup(some_setup()));
    for (live::Grammar const& grammar : live::array_grammars()) {
        made[words_name("", grammar)] = lines(Stranger::array_words, grammar.example);
    }
    for (live::Grammar const& grammar : live::node_grammars()) {
        made[words_name("node-", grammar)] = lines(Stranger::node_words, grammar.example);
    }
    made["word-list"] = static_cast<char>(Stranger::word_list) +
                        std::string(R"(["pause","datarep","\u0074arget=server2"])");
    made["beat"] = text_of(Stranger::beat, live::encode_beat({NodeId{1}, 7}, asked_node().cluster));
    return made;
}

TEST_CASE("what fuzzing begins with is there, and is taken") {
    auto const folder = source_root() / "tests/fuzz/corpus";
    auto const all = seeds();
    INFO("SUNDER_REWRITE=1 writes them anew");
    for (auto const& [name, text] : all) {
        INFO(name);
        CHECK(is_golden(folder / name, text));
        CHECK(is_taken(std::as_bytes(std::span(text))));
    }
    for (auto const& entry : std::filesystem::directory_iterator(folder)) {
        INFO(entry.path() << " is what nothing here makes: remove it");
        CHECK(all.contains(entry.path().filename().string()));
    }
}

TEST_CASE("what is left out of a frame, or flipped in it, does no harm") {
    std::size_t taken = 0;
    for (auto const& [name, text] : seeds()) {
        if (name == "page") continue;              // too long to flip each of its bits
        if (name.starts_with("words-")) continue;  // fewer of them may be right, too
        INFO(name);
        auto const bytes = std::as_bytes(std::span(text));
        for (std::size_t kept = 0; kept < bytes.size(); ++kept)
            REQUIRE_FALSE(is_taken(bytes.first(kept)));
        for (std::size_t bit = 8; bit < std::min<std::size_t>(bytes.size(), 400) * 8; ++bit) {
            Bytes flipped(bytes.begin(), bytes.end());
            flipped[bit / 8] ^= std::byte{1} << bit % 8;
            taken += is_taken(flipped) ? 1 : 0;
        }
    }
    CHECK(taken > 5000);
}

}  // namespace
}  // namespace sunder::test
