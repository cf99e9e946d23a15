// SPDX-License-Identifier: BSD-3-Clause
//
// Puts the parts of the loader in order, and decides where a cluster comes from.
#include "scenarios/language/load.h"

#include "scenarios/language/load_parts.h"
#include "scenarios/language/scenario_shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <list>
#include <system_error>
#include <utility>

namespace sunder::language {

namespace {

namespace fs = std::filesystem;

/// The file's text, or why there is none.
std::expected<std::string, std::string> read_file(std::string const& path) {
    std::error_code problem;
    fs::file_status const status = fs::status(path, problem);
    if (!fs::exists(status)) return std::unexpected("there is no such file");
    if (fs::is_directory(status)) return std::unexpected("this is a directory");
    std::ifstream file(path, std::ios::binary);
    if (!file) return std::unexpected("the file cannot be opened");
    std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (file.bad()) return std::unexpected("the file cannot be read");
    return text;
}

/// What tells files apart however they are named.
std::string identity_of(std::string const& path) {
    std::error_code problem;
    fs::path const canonical = fs::weakly_canonical(path, problem);
    return problem ? path : canonical.string();
}

/// A folded paragraph ends in a line break that nobody meant.
std::string paragraph_of(Node const* node) {
    std::string text = loading::text_of(node).value_or("");
    while (text.ends_with('\n')) text.pop_back();
    return text;
}

class Loader {
public:
    explicit Loader(KnownNames const& known) : known_(known) {}

    std::vector<Scenario> load(std::string const& path, std::string_view text);
    std::optional<netsim::Cluster> cluster_of(Document const& document);
    std::vector<Diagnostic>& found() { return found_; }

private:
    /// The `cluster:` of a document or of what it includes, and the document that holds it.
    struct Source {
        Node const* cluster = nullptr;
        Document const* document = nullptr;
    };
    Document const& keep(std::string const& path, std::string_view text, Shape const& shape);
    Source find_cluster(Document const& document);
    Document const* include(Document const& from, Node const& name);
    [[nodiscard]] bool reads(std::string const& path) const;

    KnownNames const& known_;
    std::vector<Diagnostic> found_;
    std::list<Document> documents_;  // a list, because nodes are pointed to
};

Document const& Loader::keep(std::string const& path, std::string_view text, Shape const& shape) {
    Document const& document = documents_.emplace_back(read_document(path, text, found_));
    check(document.root, shape, Report(document, found_));
    return document;
}

bool Loader::reads(std::string const& path) const {
    return std::ranges::any_of(documents_, [&](Document const& document) {
        return identity_of(document.path) == identity_of(path);
    });
}

/// The included document, or nothing after an error at the name.
Document const* Loader::include(Document const& from, Node const& name) {
    std::optional<std::string> const text = loading::text_of(&name);
    if (!text) return nullptr;
    Report const report(from, found_);
    if (fs::path(*text).is_absolute()) {
        report.error(Code::bad_include, mark_of(name),
                     fmt::format("'{}' is an absolute path", *text),
                     {"write it relative to this file, so that both can be moved", {}});
        return nullptr;
    }
    std::string const path =
        (fs::path(from.path).parent_path() / *text).lexically_normal().string();
    if (reads(path)) {
        report.error(Code::bad_include, mark_of(name),
                     fmt::format("'{}' includes itself by this", *text),
                     {"one of the files must hold the cluster", {}});
        return nullptr;
    }
    std::expected<std::string, std::string> const read = read_file(path);
    if (!read) {
        report.error(Code::bad_include, mark_of(name),
                     fmt::format("'{}' cannot be included: {}", *text, read.error()),
                     {fmt::format("looked for {}", path), {}});
        return nullptr;
    }
    return &keep(path, *read, cluster_file_shape());
}

Loader::Source Loader::find_cluster(Document const& document) {
    Document const* here = &document;
    while (here != nullptr) {
        Node const* const cluster = here->root.find("cluster");
        if (cluster != nullptr) return {cluster, here};
        Node const* const name = here->root.find("include");
        if (name == nullptr) return {};
        here = include(*here, *name);
    }
    return {};
}

std::vector<Scenario> Loader::load(std::string const& path, std::string_view text) {
    Document const& document = keep(path, text, scenario_shape());
    if (document.root.broken) return {};
    Node const& root = document.root;
    Node const* const matrix = root.find("matrix");
    Source const source = find_cluster(document);
    netsim::Cluster cluster;
    if (source.cluster != nullptr && !source.cluster->broken) {
        cluster = loading::read_cluster(*source.cluster, Report(*source.document, found_),
                                        loading::varies(matrix, "intent_log"));
    }
    Report const report(document, found_);
    loading::Names const names(cluster, report,
                               loading::names_in_arrays(cluster, root.find("steps")));
    Scenario scenario;
    scenario.path = path;
    scenario.title = paragraph_of(root.find("scenario"));
    scenario.about = paragraph_of(root.find("about"));
    scenario.source = paragraph_of(root.find("source"));
    scenario.workload = loading::read_workloads(root.find("workload"), names);
    scenario.array_workload = loading::read_array_workloads(root.find("workload"), names);
    scenario.steps = loading::read_steps(root.find("steps"), root.find("workload"),
                                         scenario.workload, names, known_);
    scenario.expect = loading::read_expect(root.find("expect"), names, known_);
    scenario.bounded = loading::read_bounds(root.find("bounded"), names);
    std::vector<Scenario> scenarios;
    for (loading::Case& one : loading::expand_matrix(matrix, cluster, report)) {
        Scenario made = scenario;
        made.cluster = std::move(one.cluster);
        if (matrix != nullptr) loading::check_arrays(made.cluster, mark_of(*matrix), report);
        made.matrix_case = std::move(one.values);
        scenarios.push_back(std::move(made));
    }
    return scenarios;
}

std::optional<netsim::Cluster> Loader::cluster_of(Document const& document) {
    Source const source = find_cluster(document);
    if (source.cluster == nullptr || source.cluster->broken) return std::nullopt;
    return loading::read_cluster(*source.cluster, Report(*source.document, found_), false);
}

}  // namespace

std::optional<netsim::Cluster> load_cluster(Document const& document,
                                            std::vector<Diagnostic>& found) {
    static KnownNames const none;
    Loader loader(none);
    std::optional<netsim::Cluster> cluster = loader.cluster_of(document);
    std::ranges::move(loader.found(), std::back_inserter(found));
    return cluster;
}

Loaded load_text(std::string const& path, std::string_view text, KnownNames const& known) {
    Loader loader(known);
    std::vector<Scenario> scenarios = loader.load(path, text);
    if (!loader.found().empty()) return std::unexpected(in_order(loader.found(), path));
    return scenarios;
}

Loaded load(std::string const& path, KnownNames const& known) {
    std::expected<std::string, std::string> const text = read_file(path);
    if (text) return load_text(path, *text, known);
    Diagnostic unreadable;
    unreadable.path = path;
    unreadable.code = Code::unreadable_file;
    unreadable.message = text.error();
    return std::unexpected(std::vector{std::move(unreadable)});
}

}  // namespace sunder::language
