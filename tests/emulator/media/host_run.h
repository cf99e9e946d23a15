// SPDX-License-Identifier: BSD-3-Clause
//
// A host on a driver on a real store: what it wrote, what it was told, and so what it may find. It
// lives through errors, which are not hidden from it, and through power cuts at any operation.
#pragma once

#include "base/random.h"
#include "emulator/media/driver.h"
#include "tests/emulator/media/file_medium.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sunder::emulator::media::test {

class HostRun {
public:
    /// A store with a disk group of its own size, a volume of three chunks and a bit, and one more
    /// on a second group.
    explicit HostRun(std::uint64_t seed, Tuning tuning = {});
    ~HostRun();

    /// Random writes, flushes, snapshots and deletions. Errors are part of life.
    void act(unsigned acts);
    void flush();
    /// What is wrong with what was answered, in words; empty when nothing is.
    [[nodiscard]] std::string wrong() const { return wrong_; }
    /// A flush failed, or a command could not be kept.
    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] std::uint64_t flushed() const { return flushed_; }

    /// Opened anew, this has to be one of the things that may be. In words what is not. `all`: of
    /// what was answered nothing may be missing, flushed or not, for power was never lost.
    [[nodiscard]] std::string judge(RecordingFolder const& there, bool all = false) const;
    /// Everything that is served is read.
    [[nodiscard]] std::string read_all() const;
    /// What the end of the process would say of what it loses.
    [[nodiscard]] IoResult last_words() { return driver_->flush_at_the_end(); }
    /// The process ends as it should.
    void close() { driver_.reset(); }

    std::unique_ptr<RecordingFolder> folder;
    /// To be set by who makes one fail: no flush may succeed after it (G11).
    bool sync_failed = false;

private:
    struct Cell {
        std::uint64_t now = 0;
        std::vector<std::uint64_t> unflushed{};  // what a power cut may bring back
        std::vector<std::uint64_t> unsure{};     // writes that failed half-way
    };
    using Row = std::vector<Cell>;

    void write(std::string const& name, Extent range, bool zeroes);
    void snapshot(std::string const& source);
    void remove(std::string const& name);
    void told_durable();
    std::optional<VolumeId> find(Driver const& driver, std::string const& name) const;
    std::string compare(Driver& driver, bool unflushed) const;
    std::string compare(Driver& driver, std::string const& name, Row const& row,
                        bool unflushed) const;

    Tuning tuning_;
    RandomStream random_;
    std::unique_ptr<Driver> driver_;
    std::map<std::string, Row> rows_;
    std::map<std::string, Row> perhaps_;  // made or deleted, and the answer was an error
    std::uint64_t last_pattern_ = 0;
    std::uint64_t last_name_ = 0;
    std::uint64_t flushed_ = 0;
    bool failed_ = false;
    std::string wrong_;
};

}  // namespace sunder::emulator::media::test
