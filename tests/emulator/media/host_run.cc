// SPDX-License-Identifier: BSD-3-Clause
//
// The host's memory, and how it is held against what it finds.
#include "tests/emulator/media/host_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace sunder::emulator::media::test {

namespace {

constexpr std::uint64_t sectors = 3 * chunk_sectors + 37;

std::unique_ptr<Driver> driver_of(Opened opened) {
    return std::make_unique<Driver>(std::move(opened.array), std::move(opened.data),
                                    std::move(opened.keeper));
}

}  // namespace

HostRun::HostRun(std::uint64_t seed, Tuning tuning)
    : folder(std::make_unique<RecordingFolder>()), tuning_(tuning), random_(seed, 3, 0) {
    auto opened = create_store(*folder, *find_profile("eva-p6000"), true, tuning_);
    VERIFY(opened);
    driver_ = driver_of(std::move(*opened));
    ByteCount const size{sectors * sector_bytes};
    for (char const* const name : {"one", "two"}) {
        VERIFY(driver_->carry_out(command::AddDiskGroup{name, {1000 * chunk_bytes}}));
        VERIFY(driver_->carry_out(command::AddVolume{name, name, size, Vraid::vraid0}));
        rows_[name] = Row(sectors);
    }
}

HostRun::~HostRun() = default;

std::optional<VolumeId> HostRun::find(Driver const& driver, std::string const& name) const {
    return driver.look_at(
        [&](Array const& array) { return array.state().catalogue.volume_named(name); });
}

void HostRun::act(unsigned acts) {
    for (unsigned i = 0; i < acts && wrong_.empty(); ++i) {
        auto const kind = random_.below(16);
        auto const at = static_cast<std::ptrdiff_t>(random_.below(rows_.size()));
        std::string const name = std::next(rows_.begin(), at)->first;
        if (kind < 3) {
            flush();
        } else if (kind == 3 && rows_.size() < 6) {
            snapshot(random_.below(2) == 0 ? "one" : "two");
        } else if (kind == 4 && name != "one" && name != "two") {
            remove(name);
        } else if (kind == 5) {
            while (driver_->step()) {
            }
        } else {
            std::uint64_t first = random_.below(sectors);
            std::uint64_t count = 1 + random_.below(200);
            if (kind % 2 == 0) first -= first % sub_chunk_sectors;
            if (kind % 2 == 0) count = sub_chunk_sectors * (1 + count / 16);
            write(name, {first, std::min(count, sectors - first)}, kind == 6);
        }
    }
}

void HostRun::write(std::string const& name, Extent range, bool zeroes) {
    auto const volume = find(*driver_, name);
    VERIFY(volume);
    Row& row = rows_.at(name);
    std::uint64_t const id = zeroes ? 0 : ++last_pattern_;
    std::vector<std::byte> bytes(range.count * sector_bytes);
    for (std::uint64_t i = 0; i < range.count; ++i) {
        Pattern const pattern = zeroes ? Pattern{} : Pattern{id, range.first + i};
        fill(std::span(bytes).subspan(i * sector_bytes, sector_bytes), pattern);
        // Until it is answered it may have been done, in part.
        row[range.first + i].unsure.push_back(id);
    }
    std::uint64_t const offset = range.first * sector_bytes;
    IoResult const written = zeroes ? driver_->zero(*volume, offset, bytes.size(), false)
                                    : driver_->write(*volume, offset, bytes);
    if (!written) return;
    for (std::uint64_t sector = range.first; sector < range.end(); ++sector) {
        Cell& cell = row[sector];
        cell.unsure.pop_back();
        cell.unflushed.push_back(cell.now);
        cell.unflushed.insert(cell.unflushed.end(), cell.unsure.begin(), cell.unsure.end());
        cell.unsure.clear();
        cell.now = id;
    }
}

void HostRun::told_durable() {
    for (auto& [name, row] : rows_) {
        for (Cell& cell : row) cell.unflushed.clear();
    }
    ++flushed_;
}

void HostRun::flush() {
    bool const hopeless = sync_failed;
    IoResult const done = driver_->flush();
    if (!done) {
        failed_ = true;
    } else if (hopeless) {
        wrong_ = "a flush succeeds after a sync that failed";
    } else {
        told_durable();
    }
}

void HostRun::snapshot(std::string const& source) {
    std::string const name = fmt::format("s{}", ++last_name_);
    perhaps_[name] = rows_.at(source);
    CommandResult const made = driver_->carry_out(command::AddSnapshot{name, source});
    if (made) {
        told_durable();
        rows_[name] = rows_.at(source);
        perhaps_.erase(name);
    } else if (std::holds_alternative<Refusal>(made.error())) {
        perhaps_.erase(name);
    } else {
        failed_ = true;
    }
}

void HostRun::remove(std::string const& name) {
    perhaps_[name] = std::move(rows_.at(name));
    rows_.erase(name);
    CommandResult const gone = driver_->carry_out(command::DeleteVolume{name});
    if (gone) {
        told_durable();
        perhaps_.erase(name);
    } else if (std::holds_alternative<Refusal>(gone.error())) {
        rows_[name] = std::move(perhaps_.at(name));
        perhaps_.erase(name);
    } else {
        failed_ = true;
    }
}

std::string HostRun::compare(Driver& driver, std::string const& name, Row const& row,
                             bool unflushed) const {
    std::vector<std::byte> bytes(sectors * sector_bytes);
    IoResult const got = driver.read(*find(driver, name), 0, bytes);
    if (!got) return fmt::format("{} cannot be read: {}", name, got.error().words);
    for (std::uint64_t sector = 0; sector < sectors; ++sector) {
        Pattern const found =
            pattern_of(std::span(bytes).subspan(sector * sector_bytes, sector_bytes));
        Cell const& cell = row[sector];
        auto const has = [&](std::vector<std::uint64_t> const& ids) {
            return std::find(ids.begin(), ids.end(), found.id) != ids.end();
        };
        bool const known =
            found.id == cell.now || has(cell.unsure) || (unflushed && has(cell.unflushed));
        if (known && (found.id == 0 || found.offset == sector)) continue;
        return fmt::format(
            "{} sector {} holds {}, not {}", name, sector,
            found == ValueStore::garbage ? "what nobody wrote" : fmt::format("{}", found.id),
            cell.now);
    }
    return "";
}

std::string HostRun::compare(Driver& driver, bool unflushed) const {
    for (auto const& [name, row] : rows_) {
        if (!find(driver, name)) return name + " is missing";
        if (auto words = compare(driver, name, row, unflushed); !words.empty()) return words;
    }
    for (auto const& [name, row] : perhaps_) {
        if (!find(driver, name)) continue;
        if (auto words = compare(driver, name, row, unflushed); !words.empty()) return words;
    }
    auto const wrong = driver.look_at([&](Array const& array) {
        auto words = array.audit();
        for (auto const& [id, volume] : array.state().catalogue.volumes) {
            bool const known = rows_.contains(volume.name) || perhaps_.contains(volume.name);
            if (!known) words.push_back(volume.name + " is back");
        }
        return words;
    });
    return wrong.empty() ? "" : "audit: " + wrong.front();
}

std::string HostRun::read_all() const {
    for (auto const& [name, row] : rows_) {
        if (auto words = compare(*driver_, name, row, false); !words.empty()) return words;
    }
    return "";
}

std::string HostRun::judge(RecordingFolder const& there, bool all) const {
    auto const own = there.after_kill();
    std::vector<Problem> const problems = check_store(*own);
    if (!problems.empty()) return "check: " + in_text(problems.front());
    auto opened = open_store(*own, tuning_);
    if (!opened) return "it does not open: " + in_text(opened.error());
    auto const driver = driver_of(std::move(*opened));
    return compare(*driver, !all);
}

}  // namespace sunder::emulator::media::test
