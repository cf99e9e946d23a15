// SPDX-License-Identifier: BSD-3-Clause
//
// One shell script is every resource. Each server has a folder of what runs there and one of what
// is to fail there: empty files, so that neither a kill nor two at a time leave one half done.
#include "scenarios/live/resources.h"

#include <fmt/format.h>

#include <fstream>
#include <set>
#include <sstream>

namespace sunder::staged {

namespace fs = std::filesystem;

namespace {

/// $0 is the folder, $1 the word, $2 how long it takes. Who was being started when its server died
/// finds itself in a folder that is gone, and makes nothing there.
constexpr char const* resource =
    R"(me=$SUNDER_RESOURCE
fault="$0/$SUNDER_NODE.faults/$me.$1"
cd "$0/$SUNDER_NODE.runs" || exit 1
case $1 in
check) test -e "$me" && test ! -e "$me.failed"; exit ;;
stop) test -e "$me" || { test ! -e "$fault"; exit; } ;;
esac
echo "$SUNDER_NODE $1 $me" * >>"$0/told"
sleep "$2"
if test -e "$fault"; then
    test "$1" != stop || : >"$me.stuck"
    exit 1
fi
if test "$1" = stop; then rm -f "$me"; else : >"$me"; fi || exit 1
rm -f "$me.failed" "$me.stuck")";

void touch(fs::path const& path) { std::ofstream const made(path); }

}  // namespace

void give_programs(live::NodeSetup& setup, netsim::Cluster const& cluster, fs::path const& folder,
                   Speed speed) {
    for (std::size_t r = 0; r < setup.resources.size(); ++r) {
        netsim::ResourceSetup const& takes = cluster.resources[r];
        live::ResourceSetup& made = setup.resources[r];
        auto const program = [&](char const* word, Duration time) {
            Duration const real = speed.real(time);
            // It is for the scenario to say what takes too long, and for a slow machine to take it.
            made.within = std::max(made.within, real + seconds(60));
            return std::vector<std::string>{
                "sh",     "-c",
                resource, folder.string(),
                word,     fmt::format("{:.6f}", static_cast<double>(real.ns) / 1e9)};
        };
        made.start = program("start", takes.start);
        made.stop = program("stop", takes.stop);
        made.recover = program("recover", takes.recovery);
        made.check = program("check", {});
    }
}

LiveResources::LiveResources(netsim::Cluster const& cluster, fs::path folder)
    : cluster_(cluster), folder_(std::move(folder)) {
    if (cluster_.resources.empty()) return;
    for (std::uint8_t n = 0; n < cluster_.nodes.size(); ++n) {
        fs::create_directory(of(NodeId{n}, "runs"));
        fs::create_directory(of(NodeId{n}, "faults"));
    }
}

fs::path LiveResources::of(NodeId node, char const* what) const {
    return folder_ / fmt::format("{}.{}", cluster_.nodes[node.value].name, what);
}

void LiveResources::died(NodeId node) {
    if (cluster_.resources.empty()) return;
    // Under another name first: a program may be making something in it.
    fs::path const runs = of(node, "runs");
    fs::path const gone = of(node, "ran");
    fs::rename(runs, gone);
    fs::create_directory(runs);
    std::error_code ignored;
    fs::remove_all(gone, ignored);
    fs::remove_all(gone);  // with what was made while the folder was being emptied
}

void LiveResources::set_faults(NodeId node, ResourceId id, netsim::ResourceFaults const& faults) {
    std::string const& name = cluster_.resources[id.value].name;
    for (auto const& [word, fails] :
         {std::pair{"start", faults.start}, {"stop", faults.stop}, {"recover", faults.recovery}}) {
        fs::path const path = of(node, "faults") / fmt::format("{}.{}", name, word);
        if (fails) {
            touch(path);
        } else {
            fs::remove(path);
        }
    }
}

bool LiveResources::fail(NodeId node, ResourceId id) {
    fs::path const runs = of(node, "runs") / cluster_.resources[id.value].name;
    if (!fs::exists(runs)) return false;
    touch(runs.string() + ".failed");
    return true;
}

void LiveResources::look(Duration now, netsim::Findings& findings) {
    if (cluster_.resources.empty()) return;
    std::ifstream told(folder_ / "told");
    told.seekg(seen_);
    for (std::string line; std::getline(told, line) && !told.eof();) {
        seen_ = told.tellg();
        std::string const flaw = flaw_of(line);
        if (!flaw.empty()) findings.violated("hierarchy_in_order", "R98, R99", now, flaw);
    }
}

std::string LiveResources::flaw_of(std::string_view line) const {
    std::istringstream words{std::string(line)};
    std::string server;
    std::string word;
    std::string name;
    words >> server >> word >> name;
    std::set<std::string> there;
    for (std::string one; words >> one;) there.insert(one);
    auto const named = [&](ResourceId id) { return cluster_.resources[id.value].name; };
    for (netsim::MirrorSetup const& mirror : cluster_.mirrors) {
        for (nodes::Dependency const& need : mirror.hierarchy.dependencies()) {
            if (!need.child) continue;
            std::string const parent = named(need.parent);
            std::string const child = named(*need.child);
            if (word == "start" && parent == name && !there.contains(child)) {
                return fmt::format("{}: {} is started without {}", server, name, child);
            }
            // What does not stop is abandoned where the mirror leaves whatever comes of it (R69).
            bool const rests = !there.contains(parent) || there.contains(parent + ".failed") ||
                               there.contains(parent + ".stuck");
            if (word == "stop" && child == name && !rests) {
                return fmt::format("{}: {} is stopped before {}, which needs it", server, name,
                                   parent);
            }
        }
    }
    return "";
}

}  // namespace sunder::staged
