// SPDX-License-Identifier: BSD-3-Clause
//
// An array with a driver and a medium, beside a naive model of it in which every volume is a plain
// row of sectors. The driver does what array.h asks of drivers; the model knows what a host may
// find in each sector. Acts are numbers, so that RapidCheck shrinks them.
#pragma once

#include "emulator/array.h"
#include "tests/emulator/medium.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sunder::emulator::test {

/// One thing that happens; what `a`, `b` and `c` mean depends on it, modulo what there is.
struct Act {
    std::uint8_t kind = 0;
    std::uint16_t a = 0;
    std::uint16_t b = 0;
    std::uint16_t c = 0;
};
std::string in_text(Act const& act);
inline constexpr unsigned kinds_of_acts = 37;

/// How often something befell a run, or many.
struct Befell {
    std::map<std::string, std::uint64_t> times;
};

/// A value; copies share their medium.
class Rig {
public:
    Rig(Profile const& profile, std::uint64_t sectors, bool small_group,
        std::shared_ptr<Medium> medium = std::make_shared<ValueMedium>());

    void act(Act const& act);
    /// What is wrong, in words; empty when nothing is.
    [[nodiscard]] std::string wrong() const { return wrong_; }
    /// A write is between its plan and its commit.
    [[nodiscard]] bool write_open() const { return open_.has_value(); }
    /// Goes on until nothing is left to do behind the scenes; then everything is compared.
    void come_to_rest();

    Array array;
    std::shared_ptr<Medium> medium;
    Befell befell;
    /// Called when everything is durable and the model has followed.
    std::function<void()> settled;

    // For tests that know what they want.
    VolumeId id(std::string const& name) const;
    /// Carried out, made durable, and followed in the model.
    std::expected<Answer, Refusal> command(Command const& command);
    /// Whatever it takes; the rule if it was refused.
    std::optional<IoRule> write(VolumeId volume, Extent range, bool zeroes = false);
    void flush();
    void power_cut(std::uint64_t seed);
    /// Power returned, and this is what is there: it has to be one of the things that may be.
    void find(Array there);
    void complain(std::string words);
    /// One step behind the scenes; false when there was none.
    bool step();
    void compare(bool all);

private:
    /// What a host may find in a sector: pattern ids; 0 is zeroes.
    struct Cell {
        std::uint64_t now = 0;
        std::vector<std::uint64_t> also{};  // after a power cut: since the last flush
    };
    using Row = std::vector<Cell>;
    struct Open {
        Plan plan;
        VolumeId volume;
        Extent range;
        std::uint64_t id = 0;
    };

    void make_durable();
    void forget(std::vector<VolumeId> const& volumes);
    void overflow(Overflow const& full, VolumeId written, std::uint64_t chunk);
    void no_more_than_need_be(Overflow const& full, VolumeId written, std::uint64_t chunk);
    std::optional<VolumeId> pick(std::uint16_t number) const;
    std::string name_at(std::uint16_t number) const;
    std::string mirrorclone_at(std::uint16_t number) const;
    Extent range_of(VolumeId volume, std::uint16_t where, std::uint16_t how) const;
    void part(VolumeId volume, Extent range, std::uint64_t id, std::optional<IoRule>& refusal);
    void remember(VolumeId volume, Extent range, std::uint64_t id);
    void write_halfway(VolumeId volume, Extent range, std::uint64_t seed);
    void open_write(VolumeId volume, Extent range);
    void close_write();
    struct Follow;
    void adopt(Array const& before, Command const& command, Answer const& answer);
    void compare_volume(VolumeId volume, Extent range);
    void compare_row(VolumeId volume, Extent range, Segments const& segments, std::uint64_t grain);
    void audit();
    Command command_of(Act const& act, unsigned kind) const;
    void fill(std::string const& group);
    void after_power_cut();
    bool has_the_volumes();

    std::map<VolumeId, Row> rows_;
    std::map<VolumeId, Row> orphans_;  // of mirrorclones whose source is lost
    std::optional<Open> open_;
    std::uint64_t last_pattern_ = 0;
    std::uint64_t last_name_ = 0;
    std::string wrong_;
};

}  // namespace sunder::emulator::test
