// SPDX-License-Identifier: BSD-3-Clause
//
// A volume of 64 GiB of which every chunk is mapped; a snapshot of it, seven more, and a first
// write into every chunk.
#include "tools/bench_array_map.h"

#include "emulator/array.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <vector>

namespace sunder::bench {

namespace {

using namespace emulator;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t size = std::uint64_t{64} << 30;

void say(Array& array, Command const& command) {
    auto const answer = array.carry_out(command);
    if (!answer) fmt::print(stderr, "{}\n", answer.error().words);
    VERIFY(answer);
}

/// One sub-chunk, or all of them, of each chunk.
void write_all(Array& array, VolumeId volume, std::uint64_t sectors) {
    for (std::uint64_t at = 0; at < size / sector_bytes; at += chunk_sectors) {
        WritePlan planned = array.plan_write(volume, {at, sectors});
        VERIFY(std::holds_alternative<Plan>(planned));
        array.commit(std::get<Plan>(planned));
    }
}

double percent_of_data(Array const& array) {
    return static_cast<double>(array.state().map.bytes()) * 100 / static_cast<double>(size);
}

}  // namespace

void print_array_map() {
    Array array(*find_profile("eva-p6000"));
    array.settle_always();
    say(array, command::AddDiskGroup{"dg", ByteCount{size * 16}});
    say(array, command::AddVolume{"data", "dg", ByteCount{size}, Vraid::vraid0});
    VolumeId const data = *array.state().catalogue.volume_named("data");
    write_all(array, data, chunk_sectors);
    double const full = percent_of_data(array);
    fmt::print("{:58} {:>14.4f} %            (aim 0.02, ratio {:.2f})\n",
               "map memory of a full 64 GiB volume", full, 0.02 / full);
    std::vector<double> times;
    for (unsigned number = 0; number < 8; ++number) {
        auto const began = Clock::now();
        say(array, command::AddSnapshot{fmt::format("s{}", number), "data"});
        times.push_back(std::chrono::duration<double>(Clock::now() - began).count());
    }
    std::nth_element(times.begin(), times.begin() + 4, times.end());
    fmt::print("{:58} {:>14.4f} ms           (aim 5, ratio {:.0f})\n",
               "a snapshot of it, with nothing in flight", times[4] * 1e3, 5e-3 / times[4]);
    write_all(array, data, sub_chunk_sectors);
    fmt::print("{:58} {:>14.4f} %\n", "the same with 8 snapshots and 4 KiB written into each chunk",
               percent_of_data(array));
}

}  // namespace sunder::bench
