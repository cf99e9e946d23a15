// SPDX-License-Identifier: BSD-3-Clause
//
// Expands `matrix:` into cases. It decides their order (the first parameter of the file varies
// slowest) and which are left out; whether a case makes sense as a scenario is left to who wrote
// it.
#include "emulator/profile.h"
#include "scenarios/language/load_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <variant>

namespace sunder::language::loading {

namespace {

/// More cases than this are a mistake, or a loop somewhere else.
constexpr std::size_t most_cases = 1024;

/// A value of a parameter, in the parameter's own type: equal when it means the same.
using Value = std::variant<std::monostate, netsim::Mode, IntentLog, std::int64_t, bool,
                           replication::SplitBrainPolicy, emulator::Profile const*>;

struct Parameter {
    std::string_view name;
    Value (*read)(Node const*);
    void (*apply)(Value const&, netsim::Cluster&);
    bool of_arrays = false;  ///< else of nodes and mirrors
};

Value profile_of(Node const* node) {
    auto const* const found = emulator::find_profile(text_of(node).value_or(""));
    return found == nullptr ? Value() : Value(found);
}

template <class Read>
Value value_or_nothing(std::optional<Read> const& read) {
    return read ? Value(*read) : Value();
}

constexpr std::array parameters{
    Parameter{"mode", [](Node const* node) { return value_or_nothing(mode_of(node)); },
              [](Value const& value, netsim::Cluster& cluster) {
                  for (auto& mirror : cluster.mirrors) mirror.mode = std::get<netsim::Mode>(value);
              }},
    Parameter{"intent_log", [](Node const* node) { return value_or_nothing(intent_log_of(node)); },
              [](Value const& value, netsim::Cluster& cluster) {
                  for (auto& mirror : cluster.mirrors) {
                      mirror.intent_log_chunk = std::get<IntentLog>(value).chunk;
                  }
              }},
    Parameter{"asynchronous_limit",
              [](Node const* node) { return value_or_nothing(integer_of(node)); },
              [](Value const& value, netsim::Cluster& cluster) {
                  for (auto& mirror : cluster.mirrors) {
                      mirror.asynchronous_limit =
                          static_cast<std::uint32_t>(std::get<std::int64_t>(value));
                  }
              }},
    Parameter{"policy", [](Node const* node) { return value_or_nothing(guarded_of(node)); },
              [](Value const& value, netsim::Cluster& cluster) {
                  cluster.policy.guarded = std::get<bool>(value);
              }},
    Parameter{"split_brain",
              [](Node const* node) { return value_or_nothing(split_brain_policy_of(node)); },
              [](Value const& value, netsim::Cluster& cluster) {
                  cluster.policy.split_brain = {std::get<replication::SplitBrainPolicy>(value), {}};
                  for (auto& mirror : cluster.mirrors) mirror.split_brain.reset();
              }},
    Parameter{"bitmap_merge", [](Node const* node) { return value_or_nothing(boolean_of(node)); },
              [](Value const& value, netsim::Cluster& cluster) {
                  cluster.policy.bitmap_merge = std::get<bool>(value);
              }},
    Parameter{"profile", profile_of,
              [](Value const& value, netsim::Cluster& cluster) {
                  for (auto& array : cluster.arrays) {
                      array.profile = std::get<emulator::Profile const*>(value)->name;
                  }
              },
              true},
};

/// A parameter of this matrix with its values.
struct Axis {
    Parameter const* parameter = nullptr;
    struct Choice {
        Value value;
        std::string text;
    };
    std::vector<Choice> choices;
};

/// Values that agree with a case when all of them are the case's.
struct Exception {
    struct Match {
        std::size_t axis = 0;
        std::size_t choice = 0;
    };
    std::vector<Match> matches;
    Span place;
};

class MatrixReader {
public:
    MatrixReader(Node const& matrix, netsim::Cluster const& cluster, Report const& report)
        : matrix_(matrix), cluster_(cluster), report_(report) {}

    std::vector<Case> expand();

private:
    void read_axis(Entry const& entry);
    void check_intent_log(Node const& item, IntentLog const& log);
    void read_exceptions();
    std::optional<Exception::Match> match_of(Entry const& entry);
    [[nodiscard]] bool is_excepted(std::vector<std::size_t> const& chosen) const;
    [[nodiscard]] Case make_case(std::vector<std::size_t> const& chosen) const;

    Node const& matrix_;
    netsim::Cluster const& cluster_;
    Report const& report_;
    std::vector<Axis> axes_;
    std::vector<Exception> exceptions_;
};

void MatrixReader::check_intent_log(Node const& item, IntentLog const& log) {
    if (!log.chunk || !check_chunk(*log.chunk, mark_of(item), report_)) return;
    for (netsim::MirrorSetup const& mirror : cluster_.mirrors) {
        check_chunk_fits(*log.chunk, mirror, mark_of(item), report_);
    }
}

void MatrixReader::read_axis(Entry const& entry) {
    auto const parameter = std::ranges::find(parameters, entry.key, &Parameter::name);
    if (parameter == parameters.end()) return;  // `except`, or reported
    bool const any_array = !cluster_.arrays.empty();
    if (parameter->of_arrays != any_array && (any_array || !cluster_.nodes.empty())) {
        report_.error(Code::bad_matrix, entry.key_span,
                      fmt::format("'{}' is of {}, and this cluster has none", entry.key,
                                  parameter->of_arrays ? "arrays" : "nodes and mirrors"));
        return;
    }
    Axis axis{&*parameter, {}};
    for (Node const& item : items_of(&entry.value)) {
        Value const value = parameter->read(&item);
        if (std::holds_alternative<std::monostate>(value)) continue;
        if (std::ranges::find(axis.choices, value, &Axis::Choice::value) != axis.choices.end()) {
            report_.error(Code::bad_matrix, mark_of(item),
                          fmt::format("'{}' is already a value of '{}'", item.text, entry.key),
                          {"the same case twice proves nothing more", {}});
            continue;
        }
        if (auto const* log = std::get_if<IntentLog>(&value)) check_intent_log(item, *log);
        axis.choices.push_back({value, item.text});
    }
    if (!axis.choices.empty()) axes_.push_back(std::move(axis));
}

std::optional<Exception::Match> MatrixReader::match_of(Entry const& entry) {
    auto const parameter = std::ranges::find(parameters, entry.key, &Parameter::name);
    if (parameter == parameters.end()) return std::nullopt;
    auto const axis = std::ranges::find(axes_, &*parameter, &Axis::parameter);
    if (axis == axes_.end()) {
        report_.error(Code::bad_matrix, entry.key_span,
                      fmt::format("the matrix does not vary '{}'", entry.key),
                      {"an exception names parameters of the matrix", {}});
        return std::nullopt;
    }
    Value const value = parameter->read(&entry.value);
    if (std::holds_alternative<std::monostate>(value)) return std::nullopt;
    auto const choice = std::ranges::find(axis->choices, value, &Axis::Choice::value);
    if (choice == axis->choices.end()) {
        std::vector<std::string> texts;
        for (Axis::Choice const& one : axis->choices) texts.push_back(one.text);
        report_.error(
            Code::bad_matrix, mark_of(entry.value),
            fmt::format("'{}' is no value of '{}' in this matrix", entry.value.text, entry.key),
            {"", std::move(texts)});
        return std::nullopt;
    }
    return Exception::Match{static_cast<std::size_t>(axis - axes_.begin()),
                            static_cast<std::size_t>(choice - axis->choices.begin())};
}

void MatrixReader::read_exceptions() {
    for (Node const& item : items_of(matrix_.find("except"))) {
        Exception exception;
        exception.place = mark_of(item);
        bool readable = true;
        for (Entry const& entry : entries_of(&item)) {
            if (auto const match = match_of(entry)) {
                exception.matches.push_back(*match);
            } else {
                readable = false;
            }
        }
        if (item.kind == Node::Kind::mapping && item.entries.empty()) {
            report_.error(Code::bad_matrix, exception.place, "this exception names no parameter",
                          {"it would leave out every case", {}});
        } else if (readable) {
            exceptions_.push_back(std::move(exception));
        }
    }
}

bool MatrixReader::is_excepted(std::vector<std::size_t> const& chosen) const {
    return std::ranges::any_of(exceptions_, [&](Exception const& exception) {
        return std::ranges::all_of(exception.matches, [&](Exception::Match const& match) {
            return chosen[match.axis] == match.choice;
        });
    });
}

Case MatrixReader::make_case(std::vector<std::size_t> const& chosen) const {
    Case made{{}, cluster_};
    for (std::size_t i = 0; i < axes_.size(); ++i) {
        Axis::Choice const& choice = axes_[i].choices[chosen[i]];
        axes_[i].parameter->apply(choice.value, made.cluster);
        made.values.emplace_back(axes_[i].parameter->name, choice.text);
    }
    return made;
}

std::vector<Case> MatrixReader::expand() {
    for (Entry const& entry : matrix_.entries) read_axis(entry);
    read_exceptions();
    if (axes_.empty()) {
        // A parameter that could not be read was reported as what it is.
        auto const excepts = [](Entry const& entry) { return entry.key == "except"; };
        if (!std::ranges::all_of(matrix_.entries, excepts)) return {};
        report_.error(Code::bad_matrix, mark_of(matrix_), "this matrix varies nothing",
                      {"give a parameter several values, or remove the matrix", {}});
        return {};
    }
    std::size_t cases = 1;
    for (Axis const& axis : axes_) cases = std::min(cases * axis.choices.size(), most_cases + 1);
    if (cases > most_cases) {
        report_.error(Code::bad_matrix, mark_of(matrix_),
                      fmt::format("this matrix has more than {} cases", most_cases));
        return {};
    }
    std::vector<Case> made;
    std::vector<std::size_t> chosen(axes_.size());
    for (std::size_t i = 0; i < cases; ++i) {
        std::size_t rest = i;
        for (std::size_t axis = axes_.size(); axis-- > 0;) {
            chosen[axis] = rest % axes_[axis].choices.size();
            rest /= axes_[axis].choices.size();
        }
        if (!is_excepted(chosen)) made.push_back(make_case(chosen));
    }
    if (made.empty()) {
        report_.error(Code::bad_matrix, exceptions_.front().place,
                      "the exceptions leave out every case");
    }
    return made;
}

}  // namespace

bool varies(Node const* matrix, std::string_view parameter) {
    return matrix != nullptr && !matrix->broken && matrix->find(parameter) != nullptr;
}

std::vector<Case> expand_matrix(Node const* matrix, netsim::Cluster const& cluster,
                                Report const& report) {
    if (matrix == nullptr) return {{{}, cluster}};
    if (matrix->broken || matrix->kind != Node::Kind::mapping) return {};
    return MatrixReader(*matrix, cluster, report).expand();
}

}  // namespace sunder::language::loading
