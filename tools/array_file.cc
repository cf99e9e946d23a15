// SPDX-License-Identifier: BSD-3-Clause
//
// The grammar of array files, and the commands that a file comes to.
#include "tools/array_file.h"

#include "emulator/profile.h"
#include "emulator/refusal.h"
#include "nodes/live/array_beginning.h"
#include "nodes/live/words.h"
#include "scenarios/language/load_parts.h"
#include "scenarios/language/scenario_shape.h"
#include "scenarios/language/schema.h"
#include "scenarios/language/shape.h"
#include "tools/served_places.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace sunder::tools {

namespace {

using namespace language;
using shape::Quantity;

ShapePtr text(std::string what) { return make_shape(shape::Text{std::move(what)}); }
ShapePtr name(std::string what) { return make_shape(shape::Name{std::move(what)}); }
ShapePtr bytes() { return make_shape(Quantity{Quantity::Of::byte_count}); }
ShapePtr yes_or_no() { return make_shape(shape::Boolean{}); }
ShapePtr number(std::string what, std::int64_t least, std::int64_t most) {
    return make_shape(shape::Integer{std::move(what), least, most});
}
ShapePtr words(std::string what, std::vector<std::string> of) {
    return make_shape(shape::Choice{std::move(what), std::move(of)});
}
/// As a word, or as the number that scenario files have; which numbers there are the array says.
ShapePtr vraid() {
    return make_shape(shape::Alternatives{
        {words("a Vraid level", {"vraid0", "vraid1", "vraid5", "vraid6", "0", "1", "5", "6"}),
         number("a Vraid level", 0, 6)}});
}

ShapePtr disk_group() {
    return make_shape(shape::Object{
        "a disk group",
        {{"capacity", true, "Raw, of all its drives.", {"100 GiB"}, bytes()},
         {"drive", false, "The largest drive: what spares are counted in.", {}, bytes()},
         {"spare",
          false,
          "How many drive failures space is kept for.",
          {},
          words("a spare policy", {"none", "single", "double"})},
         {"alarm", false, "Percent: occupancy alarm level.", {}, number("a percentage", 0, 100)},
         {"warning", false, "Percent: occupancy warning.", {}, number("a percentage", 0, 100)}},
        {}});
}

ShapePtr volume() {
    return make_shape(shape::Object{
        "a volume",
        {{"group", true, "The disk group in which it lives.", {}, name("a disk group")},
         {"size", true, "What hosts see.", {"10 GiB"}, bytes()},
         {"vraid", false, "vraid5 unless told.", {}, vraid()},
         {"thin", false, "Takes space as it is written.", {}, yes_or_no()}},
        {}});
}

/// Numbers that some profile has; which has which is its rule.
ShapePtr lun() {
    auto const all = emulator::profiles();
    auto const lowest = std::ranges::min(all, {}, &emulator::Profile::lowest_lun).lowest_lun;
    auto const highest = std::ranges::max(all, {}, &emulator::Profile::highest_lun).highest_lun;
    return number("a LUN", lowest, highest);
}

ShapePtr presentation() {
    return make_shape(
        shape::Object{"a presentation",
                      {{"volume", true, "Which volume the host sees.", {}, name("a volume")},
                       {"lun", true, "Under which number.", {}, lun()},
                       {"access",
                        false,
                        "read-write unless told.",
                        {},
                        words("an access", {"read-write", "read-only", "none"})}},
                      {}});
}

ShapePtr listen() {
    return make_shape(shape::Object{
        "an address",
        {{"socket", false, "A Unix socket, relative to this file.", {}, text("a path")},
         {"port", false, "A port of TCP.", {"10809"}, number("a port", 1, 65535)},
         {"address", false, "With a port: 127.0.0.1 unless told.", {}, text("an IP address")}},
        {{"socket", "port"}}});
}

ShapePtr array_shape() {
    std::vector<std::string> known;
    for (emulator::Profile const& profile : emulator::profiles()) {
        known.emplace_back(profile.name);
    }
    auto const map = [](std::string what, ShapePtr value, std::size_t least) {
        return make_shape(shape::Map{std::move(what), std::move(value), least, 4096});
    };
    return make_shape(shape::Object{
        "an array",
        {{"array", true, "What it is called.", {"eva1"}, name("a name")},
         {"profile", false, "The firmware that is emulated.", {}, words("a profile", known)},
         {"licensed",
          false,
          "no: every local copy is refused (arrays A4.1). Unless told: yes.",
          {},
          yes_or_no()},
         grammar::array_switches(),
         {"store",
          false,
          "A folder, relative to this file, in which the array lives. Without: in memory. What is "
          "described here is made when it is not there yet; what is there stays as it is.",
          {},
          text("a folder")},
         {"as_it_is",
          false,
          "yes: what the store has is served as it is, though commands changed it, and the rest of "
          "this file describes an array that is made. Unless told: no, and a store that is "
          "otherwise than described is not served.",
          {},
          yes_or_no()},
         {"listen", true, "Where hosts attach, by NBD.", {}, listen()},
         {"control",
          false,
          "A Unix socket, relative to this file, for `sunder array`. Unless told: NAME.control.",
          {},
          text("a path")},
         {"threads", false, "Requests at a time.", {}, number("a number", 1, 1024)},
         {"background_rate",
          false,
          "Copied behind the scenes in a second, at most. Without: as fast as it goes.",
          {"100 MiB"},
          bytes()},
         {"disk_groups", true, "By name.", {}, map("disk groups", disk_group(), 1)},
         {"volumes", false, "By name.", {}, map("volumes", volume(), 0)},
         {"hosts",
          false,
          "By name: what is presented to each. An export is called HOST/VOLUME, or VOLUME where "
          "there is one host.",
          {},
          map("hosts", make_shape(shape::List{"presentations", presentation(), 0, 4096, false}),
              0)}},
        {}});
}

/// Sizes lose their blank: "10 GiB" is one word of a command.
std::string word(std::string_view key, Node const* node) {
    if (node == nullptr) return "";
    std::string value = node->text;
    std::erase(value, ' ');
    return fmt::format(" {}={}", key, value);
}

class Reader {
public:
    Reader(Document const& document, Report const& report)
        : root_(document.root), report_(report) {}

    ArrayFile read(std::filesystem::path const& folder) {
        ArrayFile file;
        auto const path = [&](Node const* node) {
            return node == nullptr ? std::string()
                                   : (folder / node->text).lexically_normal().string();
        };
        file.name = loading::text_of(root_.find("array")).value_or("");
        file.profile = loading::text_of(root_.find("profile")).value_or("");
        if (Node const* const licensed = root_.find("licensed")) {
            file.licensed = loading::boolean_of(licensed);
        }
        file.switches = loading::switches_of(root_.find("switches"));
        if (Node const* const store = root_.find("store")) file.store = path(store);
        file.as_it_is = loading::boolean_of(root_.find("as_it_is")).value_or(false);
        if (file.as_it_is && !file.store) {
            report_.error(Code::bad_array, root_.find("as_it_is")->span,
                          "without a store there is nothing to be served as it is");
        }
        if (Node const* const where = root_.find("listen")) {
            file.socket = path(where->find("socket"));
            file.address = loading::text_of(where->find("address")).value_or("127.0.0.1");
            file.port =
                static_cast<std::uint16_t>(loading::integer_of(where->find("port")).value_or(0));
        }
        Node const* const control = root_.find("control");
        file.control =
            control != nullptr ? path(control) : (folder / (file.name + ".control")).string();
        if (report_.count() == 0) place(file);
        file.threads =
            static_cast<unsigned>(loading::integer_of(root_.find("threads")).value_or(16));
        file.background_rate = loading::text_of(root_.find("background_rate"));
        auto const rate = loading::byte_count_of(root_.find("background_rate"));
        if (rate && rate->bytes == 0) {
            report_.error(Code::bad_array, root_.find("background_rate")->span,
                          "nothing would ever be copied; leave it out for as fast as it goes");
        }
        read_commands(file);
        if (report_.count() == 0) rehearse(file);
        return file;
    }

private:
    void place(ArrayFile const& file) const {
        Places places(*root_.find("array"), report_);
        auto const absolute = [](std::string const& path) {
            return path.empty() ? path : std::filesystem::absolute(path).string();
        };
        places.heard(root_.find("listen"), {absolute(file.socket), file.address, file.port},
                     Places::Kind::stream, "`listen`");
        places.heard(root_.find("control"), {absolute(file.control), "", 0}, Places::Kind::stream,
                     "`control`");
        places.kept(root_.find("store"), file.store.value_or(""), "`store`");
    }
    void read_commands(ArrayFile& file) {
        for (Entry const& group : loading::entries_of(root_.find("disk_groups"))) {
            Node const& value = group.value;
            say(file, group.key_span,
                fmt::format("add disk-group {}{}{}{}{}{}", group.key,
                            word("capacity", value.find("capacity")),
                            word("drive", value.find("drive")), word("spare", value.find("spare")),
                            word("alarm", value.find("alarm")),
                            word("warning", value.find("warning"))));
        }
        for (Entry const& volume : loading::entries_of(root_.find("volumes"))) {
            Node const& value = volume.value;
            expect(value.find("group"), "disk_groups", "disk group");
            std::string const thin =
                loading::boolean_of(value.find("thin")).value_or(false) ? " thin=yes" : "";
            say(file, volume.key_span,
                fmt::format("add volume {}{}{}{}{}", volume.key, word("group", value.find("group")),
                            word("size", value.find("size")), word("vraid", value.find("vraid")),
                            thin));
        }
        for (Entry const& host : loading::entries_of(root_.find("hosts"))) {
            say(file, host.key_span, "add host " + host.key);
            for (Node const& shown : loading::items_of(&host.value)) {
                Node const* const volume = shown.find("volume");
                expect(volume, "volumes", "volume");
                if (volume == nullptr) continue;
                say(file, volume->span,
                    fmt::format("present {} to={}{}{}", volume->text, host.key,
                                word("lun", shown.find("lun")),
                                word("access", shown.find("access"))));
            }
        }
    }

    /// What an array that is made of the file refuses is wrong with the file.
    void rehearse(ArrayFile const& file) {
        emulator::Profile const* const named = emulator::find_profile(file.profile);
        emulator::Profile profile = named != nullptr ? *named : emulator::profiles().back();
        for (emulator::Switch const& one : file.switches) {
            static_cast<void>(emulator::set_switch(profile, one));
        }
        emulator::Array array(profile);
        std::set<std::string> missing;  // as other commands name what was refused
        for (std::size_t i = 0; i < file.commands.size(); ++i) {
            std::vector<std::string> const words = live::split(file.commands[i], ' ');
            auto const tried = live::try_words(array, words);
            if (tried) continue;
            bool const follows = std::ranges::any_of(
                words, [&](std::string const& one) { return missing.contains(one); });
            if (!follows) report_.error(Code::bad_array, spans_[i], tried.error());
            if (words.front() != "add") continue;
            missing.insert({words[2], "group=" + words[2], "to=" + words[2]});
        }
    }

    void say(ArrayFile& file, Span span, std::string command) {
        file.commands.push_back(std::move(command));
        spans_.push_back(span);
    }

    void expect(Node const* named, std::string_view section, std::string_view what) {
        if (named == nullptr) return;
        std::vector<std::string> known;
        for (Entry const& entry : loading::entries_of(root_.find(section))) {
            if (entry.key == named->text) return;
            known.push_back(entry.key);
        }
        report_.unknown(Code::unknown_name, named->span,
                        fmt::format("there is no {} '{}'", what, named->text), named->text, known);
    }

    Node const& root_;
    Report const& report_;
    std::vector<Span> spans_;  // of the commands
};

}  // namespace

std::expected<ArrayFile, std::vector<Diagnostic>> read_array_file(std::string const& path) {
    std::vector<Diagnostic> found;
    auto const unreadable = [&](std::string what) {
        found.push_back({path, {}, 1, Code::unreadable_file, std::move(what), "", {}, ""});
        return std::unexpected(std::move(found));
    };
    std::error_code nothing_there;
    if (std::filesystem::is_directory(path, nothing_there)) {
        return unreadable("it is a folder; name the file in it that describes an array or a node");
    }
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream content;
    if (stream) content << stream.rdbuf();
    if (!stream) return unreadable(fmt::format("cannot read it: {}", std::strerror(errno)));
    Document const document = read_document(path, content.str(), found);
    Report const report(document, found);
    check(document.root, *array_shape(), report);
    ArrayFile file = Reader(document, report).read(std::filesystem::path(path).parent_path());
    if (!found.empty()) return std::unexpected(in_order(std::move(found), path));
    return file;
}

std::string array_schema() {
    return schema_of(*array_shape(), "Sunder array",
                     "A disk array that `sunder serve` shows to hosts over NBD.");
}

}  // namespace sunder::tools
