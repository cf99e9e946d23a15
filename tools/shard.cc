// SPDX-License-Identifier: BSD-3-Clause
//
// Reading shards from a word and from the environment.
#include "tools/shard.h"

#include <fmt/format.h>
#include <charconv>
#include <cstdlib>

namespace sunder::tools {

namespace {

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return {};
    return value;
}

/// One of these from the environment; `fallback` when it is not set.
std::expected<std::uint64_t, std::string> from(Environment const& environment, char const* name,
                                               std::optional<std::uint64_t> fallback) {
    std::optional<std::string> const text = environment(name);
    if (!text && fallback) return *fallback;
    if (!text) return std::unexpected(fmt::format("{} is not set", name));
    std::optional<std::uint64_t> const value = number(*text);
    if (value) return *value;
    return std::unexpected(fmt::format("{} is '{}', which is no number", name, *text));
}

std::expected<Shard, std::string> of_slurm(Environment const& environment) {
    auto const id = from(environment, "SLURM_ARRAY_TASK_ID", {});
    if (!id) return std::unexpected(id.error());
    auto const least = from(environment, "SLURM_ARRAY_TASK_MIN", 0);
    auto const most = from(environment, "SLURM_ARRAY_TASK_MAX", {});
    auto const step = from(environment, "SLURM_ARRAY_TASK_STEP", 1);
    for (auto const* one : {&least, &most, &step}) {
        if (!*one) return std::unexpected(one->error());
    }
    constexpr std::uint64_t largest = 1'000'000'000;
    if (*step == 0 || *id < *least || *id > *most || *most > largest ||
        (*id - *least) % *step != 0) {
        return std::unexpected(fmt::format(
            "SLURM_ARRAY_TASK_ID is {}, which is not one of {}-{}:{}", *id, *least, *most, *step));
    }
    Shard const shard{(*id - *least) / *step + 1, (*most - *least) / *step + 1};
    auto const tasks = from(environment, "SLURM_ARRAY_TASK_COUNT", shard.count);
    if (!tasks) return std::unexpected(tasks.error());
    if (*tasks != shard.count) {
        return std::unexpected(
            fmt::format("the array has {} tasks, which are not all of {}-{}:{}: submit such an "
                        "array, or say --shard",
                        *tasks, *least, *most, *step));
    }
    return shard;
}

std::expected<Shard, std::string> of_kubernetes(Environment const& environment) {
    auto const index = from(environment, "JOB_COMPLETION_INDEX", {});
    if (!index) return std::unexpected(index.error());
    auto const count = from(environment, "SUNDER_SHARDS", {});
    if (!count) {
        return std::unexpected(count.error() +
                               "; set it to the job's number of completions, beside "
                               "JOB_COMPLETION_INDEX");
    }
    if (*index >= *count) {
        return std::unexpected(
            fmt::format("JOB_COMPLETION_INDEX is {}, but SUNDER_SHARDS only {}", *index, *count));
    }
    return Shard{*index + 1, *count};
}

}  // namespace

std::string to_text(Shard shard) { return fmt::format("{}/{}", shard.index, shard.count); }

Environment process_environment() {
    return [](char const* name) -> std::optional<std::string> {
        char const* const value = std::getenv(name);
        if (value == nullptr) return std::nullopt;
        return std::string(value);
    };
}

std::expected<Shard, std::string> shard_of(std::string const& asked,
                                           Environment const& environment) {
    if (!asked.empty()) {
        std::size_t const slash = asked.find('/');
        auto const index = number(std::string_view(asked).substr(0, slash));
        auto const count = slash == std::string::npos
                               ? std::nullopt
                               : number(std::string_view(asked).substr(slash + 1));
        if (index && count && *index >= 1 && *index <= *count) return Shard{*index, *count};
        return std::unexpected(
            fmt::format("'{}' is no shard: write i/n, with i from 1 to n, such as 3/16", asked));
    }
    if (environment("SLURM_ARRAY_TASK_ID")) return of_slurm(environment);
    if (environment("JOB_COMPLETION_INDEX")) return of_kubernetes(environment);
    return Shard{};
}

}  // namespace sunder::tools
