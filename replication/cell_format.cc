// SPDX-License-Identifier: BSD-3-Clause
//
// Sets of chunks as runs of words: a log in which everything is set takes no more than an empty
// one.
#include "replication/cell_format.h"

#include <fmt/format.h>

namespace sunder {

using replication::Bitmap;

namespace {

constexpr std::size_t least_run_bytes = 4 + 4 + 1 + 8;

/// Neighbours that are not zero: all the same, or each for itself.
struct Run {
    std::uint64_t first = 0;
    std::uint64_t count = 0;
    bool same = true;
};

/// Two the same are not worth a run of their own; what is longer is.
std::vector<Run> runs_of(Bitmap const& bits) {
    constexpr std::uint64_t worth_it = 4;
    std::vector<Run> runs;
    bits.for_each_word([&](std::uint64_t w, std::uint64_t word) {
        if (runs.empty() || runs.back().first + runs.back().count != w) {
            runs.push_back({w, 1, true});
            return;
        }
        Run& last = runs.back();
        bool const same = bits.word(w - 1) == word;
        if (last.same && !same && last.count >= worth_it) {
            runs.push_back({w, 1, true});
            return;
        }
        last.same = last.same && same;
        ++last.count;
    });
    return runs;
}

/// Requires that no run that was read reaches `next`, and moves it behind this one.
void read_run(Decoder& from, Bitmap& bits, std::uint64_t& next) {
    std::size_t const at = from.from.at();
    std::uint64_t const words = (bits.size() + Bitmap::word_bits - 1) / Bitmap::word_bits;
    std::uint64_t const first = from.from.u32();
    std::uint64_t const count = from.from.u32();
    bool const same = from.from.boolean();
    if (from.failed()) return;
    if (first < next || count == 0 || count > words || first > words - count) {
        return from.refuse(at, fmt::format("has a run of {} words from {} on; it would begin at "
                                           "{} or later, and end at {} or before",
                                           count, first, next, words));
    }
    std::uint64_t word = same ? from.from.u64() : 0;
    for (std::uint64_t w = first; w < first + count; ++w) {
        if (!same) word = from.from.u64();
        if (from.failed()) return;
        bits.set_word(w, word);
        if (word != 0 && bits.word(w) == word) continue;
        return from.refuse(at, fmt::format("has word {} as {:#x}, which is empty or goes beyond "
                                           "its end",
                                           w, word));
    }
    next = first + count;
}

}  // namespace

void Format<Bitmap>::write(Encoder& to, Bitmap const& value) {
    std::vector<Run> const runs = runs_of(value);
    to.to.u64(value.size());
    to.to.u32(static_cast<std::uint32_t>(runs.size()));
    for (Run const& run : runs) {
        to.to.u32(static_cast<std::uint32_t>(run.first));
        to.to.u32(static_cast<std::uint32_t>(run.count));
        to.to.boolean(run.same);
        if (run.same) {
            to.to.u64(value.word(run.first));
            continue;
        }
        for (std::uint64_t w = run.first; w < run.first + run.count; ++w) to.to.u64(value.word(w));
    }
}

void Format<Bitmap>::read(Decoder& from, Bitmap& into) {
    std::size_t const at = from.from.at();
    std::uint64_t const size = from.from.u64();
    std::size_t const runs = from.from.count(least_run_bytes);
    if (from.failed()) return;
    if (size > from.limits.chunks) {
        return from.refuse(at, fmt::format("is of {} chunks, at most {} would be right", size,
                                           from.limits.chunks));
    }
    into = Bitmap(size);
    std::uint64_t next = 0;
    for (std::size_t i = 0; i < runs && !from.failed(); ++i) read_run(from, into, next);
}

}  // namespace sunder
