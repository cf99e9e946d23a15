// SPDX-License-Identifier: BSD-3-Clause
//
// The driver under many threads: what hosts wrote in an order is seen in that order in every copy,
// and copies hold the moment at which they were made, whatever goes on beside.
#include "emulator/media/driver.h"
#include "emulator/media/bad_disk.h"
#include "emulator/media/memory_data.h"
#include "emulator/media/recording_files.h"
#include "emulator/media/store.h"

#include <catch2/catch.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

using namespace sunder;
using namespace sunder::emulator;
using namespace sunder::emulator::media;

namespace {

constexpr std::uint64_t size = std::uint64_t{4} << 20;
constexpr std::size_t block = 4096;
using Block = std::array<std::byte, block>;

Profile const& profile() { return *find_profile("eva-p6000"); }

void say(Driver& driver, Command const& command) {
    auto const answer = driver.carry_out(command);
    if (!answer) {
        auto const* const refusal = std::get_if<Refusal>(&answer.error());
        FAIL((refusal != nullptr ? refusal->words : std::get<IoError>(answer.error()).words));
    }
}

std::unique_ptr<Driver> make_array(bool thin = false, ByteCount capacity = GiB(8),
                                   DriverOptions options = {}) {
    auto driver = std::make_unique<Driver>(Array(profile()), std::make_unique<MemoryData>(),
                                           nullptr, options);
    say(*driver, command::AddDiskGroup{"dg1", capacity});
    say(*driver, command::AddDiskGroup{"dg2", capacity});
    say(*driver, command::AddVolume{"data", "dg1", ByteCount{size}, Vraid::vraid0, thin});
    return driver;
}

VolumeId id(Driver const& driver, std::string const& name) {
    auto const found = driver.look_at(
        [&](Array const& array) { return array.state().catalogue.volume_named(name); });
    REQUIRE(found);
    return *found;
}

std::uint64_t number_at(Driver& driver, VolumeId volume, std::uint64_t offset) {
    Block read;
    REQUIRE(driver.read(volume, offset, read));
    std::uint64_t number = 0;
    std::memcpy(&number, read.data(), sizeof number);
    // A block is one write, or none of it: no torn mixture of two.
    for (std::size_t at = 0; at < block; at += sizeof number) {
        std::uint64_t other = 0;
        std::memcpy(&other, read.data() + at, sizeof other);
        REQUIRE(other == number);
    }
    return number;
}

Block filled_with(std::uint64_t number) {
    Block made;
    for (std::size_t at = 0; at < block; at += sizeof number) {
        std::memcpy(made.data() + at, &number, sizeof number);
    }
    return made;
}

/// Writes counters, each to a first place and then, when that was answered, to a second one.
class Writer {
public:
    Writer(Driver& driver, VolumeId volume, unsigned number)
        : driver_(driver), volume_(volume), number_(number) {}
    void run(std::stop_token const& stop) {
        for (std::uint64_t count = 1; !stop.stop_requested(); ++count) {
            Block const content = filled_with(count);
            failed_ = failed_ || !driver_.write(volume_, first(number_), content);
            failed_ = failed_ || !driver_.write(volume_, second(number_), content);
            written_ = count;
        }
    }
    // Writers share chunks, and have sub-chunks of their own.
    static std::uint64_t first(unsigned number) { return number * block; }
    static std::uint64_t second(unsigned number) { return size / 2 + number * block; }
    [[nodiscard]] std::uint64_t written() const { return written_; }
    [[nodiscard]] bool failed() const { return failed_; }

private:
    Driver& driver_;
    VolumeId volume_;
    unsigned number_;
    std::atomic<std::uint64_t> written_ = 0;
    std::atomic<bool> failed_ = false;
};

constexpr unsigned writers = 4;

/// What a copy shows of each writer; `least` is what was answered before it was made.
std::vector<std::uint64_t> check_copy(Driver& driver, std::string const& name,
                                      std::array<std::uint64_t, writers> const& least) {
    std::vector<std::uint64_t> shown;
    VolumeId const copy = id(driver, name);
    for (unsigned w = 0; w < writers; ++w) {
        std::uint64_t const first = number_at(driver, copy, Writer::first(w));
        std::uint64_t const second = number_at(driver, copy, Writer::second(w));
        INFO(name << ", writer " << w << ": " << first << " then " << second);
        CHECK(second >= least[w]);
        CHECK(first >= second);
        CHECK(first <= second + 1);
        shown.push_back(first);
        shown.push_back(second);
    }
    return shown;
}

/// Goes on until nothing is to be done behind the scenes.
void finish_background(Driver& driver) {
    while (driver.step()) {
    }
}

template <class Make>
void copies_keep_their_moment(Make&& make, unsigned rounds) {
    auto const driver = make_array();
    VolumeId const data = id(*driver, "data");
    std::array<std::unique_ptr<Writer>, writers> all;
    std::vector<std::jthread> threads;
    for (unsigned w = 0; w < writers; ++w) {
        all[w] = std::make_unique<Writer>(*driver, data, w);
        threads.emplace_back(
            [writer = all[w].get()](std::stop_token const& stop) { writer->run(stop); });
    }
    for (unsigned round = 0; round < rounds; ++round) {
        std::array<std::uint64_t, writers> least{};
        for (unsigned w = 0; w < writers; ++w) {
            // Something has to change between two copies.
            std::uint64_t const before = all[w]->written();
            while (all[w]->written() == before && !all[w]->failed()) std::this_thread::yield();
            least[w] = all[w]->written();
        }
        std::string const name = "copy" + std::to_string(round);
        make(*driver, name);
        auto const at_first = check_copy(*driver, name, least);
        finish_background(*driver);
        CHECK(check_copy(*driver, name, least) == at_first);
        say(*driver, command::DeleteVolume{name});
    }
    threads.clear();  // asks them to stop, and waits
    finish_background(*driver);
    for (auto const& writer : all) CHECK_FALSE(writer->failed());
    for (unsigned w = 0; w < writers; ++w) {
        CHECK(number_at(*driver, data, Writer::second(w)) == all[w]->written());
    }
    CHECK(driver->look_at([](Array const& array) { return array.audit(); }).empty());
}

}  // namespace

TEST_CASE("A snapshot taken while four threads write holds one moment (arrays A5)") {
    copies_keep_their_moment(
        [](Driver& driver, std::string const& name) {
            say(driver, command::AddSnapshot{name, "data"});
        },
        40);
}

TEST_CASE("A snapclone taken while four threads write holds one moment, and keeps it (arrays A6)") {
    copies_keep_their_moment(
        [](Driver& driver, std::string const& name) {
            say(driver, command::AddSnapclone{name, "data", "dg2"});
        },
        40);
}

TEST_CASE("A mirrorclone fractured while four threads write holds one moment (arrays A8)") {
    copies_keep_their_moment(
        [](Driver& driver, std::string const& name) {
            say(driver, command::AddMirrorclone{name, "data", "dg2"});
            finish_background(driver);
            say(driver, command::Fracture{name});
            // A mirrorclone that was detached is an ordinary volume, and can be deleted.
            say(driver, command::Detach{name});
        },
        20);
}

TEST_CASE("What goes on behind the scenes takes as long as its rate says, and stops at once") {
    using Clock = std::chrono::steady_clock;
    bool const to_the_end = GENERATE(true, false);
    // Of which the second would take half a minute.
    std::uint64_t const rate = to_the_end ? std::uint64_t{8} << 20 : std::uint64_t{64} << 10;
    auto const driver = make_array(false, GiB(8), {.background_rate = rate});
    VolumeId const data = id(*driver, "data");
    std::vector<std::byte> const content(size / 2, std::byte{7});
    REQUIRE(driver->write(data, 0, content));
    say(*driver, command::AddSnapclone{"clone", "data", "dg2"});
    VolumeId const clone = id(*driver, "clone");
    auto const copying = [&] {
        return driver->look_at(
            [&](Array const& array) { return normalizing(array.state(), clone); });
    };
    auto const began = Clock::now();
    driver->start();
    while (to_the_end && copying()) std::this_thread::yield();
    std::chrono::duration<double> const took = Clock::now() - began;
    driver->stop();
    CHECK(copying() != to_the_end);
    // The last chunk is waited for by nobody.
    auto const least =
        static_cast<double>(content.size() - chunk_bytes) / static_cast<double>(rate);
    CHECK((!to_the_end || took.count() >= least));
    std::vector<std::byte> shown(content.size());
    REQUIRE(driver->read(clone, 0, shown));
    CHECK(shown == content);
}

TEST_CASE("What a host may not do is told by an errno that clients of NBD know") {
    auto const driver = make_array();
    VolumeId const data = id(*driver, "data");
    Block content = filled_with(1);
    auto const number = [](IoResult const& result) { return result ? 0 : result.error().number; };
    CHECK(number(driver->write(data, size - block, content)) == 0);
    CHECK(number(driver->write(data, size, content)) == ENOSPC);
    CHECK(number(driver->read(data, size, content)) == EINVAL);
    CHECK(number(driver->write(data, 100, content)) == EINVAL);
    CHECK(number(driver->zero(data, 0, 511, false)) == EINVAL);
    say(*driver, command::SetWriteProtect{"data", true});
    CHECK(number(driver->write(data, 0, content)) == EROFS);
    CHECK(number(driver->read(data, 0, content)) == 0);
    say(*driver, command::FailDiskGroup{"dg1"});
    CHECK(number(driver->read(data, 0, content)) == EIO);
    say(*driver, command::DeleteVolume{"data"});
    CHECK(number(driver->read(data, 0, content)) == ESHUTDOWN);
    IoResult const gone = driver->read(data, 0, content);
    REQUIRE_FALSE(gone);
    CHECK(gone.error().words == "the volume: it was deleted [no_such_volume]");
}

TEST_CASE("A thin volume whose disk group is full says so, and takes space that is given back") {
    auto const driver = make_array(true, MiB(1));
    VolumeId const data = id(*driver, "data");
    Block const content = filled_with(7);
    std::uint64_t written = 0;
    IoResult result;
    while (written < size && (result = driver->write(data, written, content))) {
        written += chunk_bytes;
    }
    REQUIRE_FALSE(result);
    CHECK(result.error().number == ENOSPC);
    CHECK(written > 0);
    REQUIRE(driver->zero(data, 0, chunk_bytes, false));
    CHECK(driver->write(data, written, content));
    CHECK(number_at(*driver, data, 0) == 0);
    CHECK(number_at(*driver, data, written) == 7);
}

TEST_CASE("Space that is given back and taken again, without a flush, does not pile up") {
    auto const driver = make_array(true);
    VolumeId const data = id(*driver, "data");
    for (unsigned round = 0; round < 10'000; ++round) {
        REQUIRE(driver->write(data, 0, filled_with(round)));
        REQUIRE(driver->zero(data, 0, chunk_bytes, false));
    }
    CHECK(driver->look_at([](Array const& a) { return a.state().map.slots_waiting(); }) < 5'000);
}

// A kill is no power cut: the operating system has what was written, synced or not.
TEST_CASE("A process that is killed loses nothing that it answered, and a power cut what it may") {
    RecordingFolder folder;
    std::vector<std::uint64_t> places;
    {
        auto opened = create_store(folder, profile());
        REQUIRE(opened);
        Driver driver(std::move(opened->array), std::move(opened->data), std::move(opened->keeper));
        say(driver, command::AddDiskGroup{"dg1", GiB(8)});
        say(driver, command::AddVolume{"data", "dg1", ByteCount{size}, Vraid::vraid0, true});
        VolumeId const volume = id(driver, "data");
        bool const flushed_between = GENERATE(false, true);
        for (std::uint64_t at = 0; at < size; at += 65536 + block) places.push_back(at);
        for (std::uint64_t const at : places) {
            REQUIRE(driver.write(volume, at, filled_with(at + 1)));
            if (flushed_between && at > size / 2) REQUIRE(driver.flush());
        }
        say(driver, command::AddVolume{"late", "dg1", ByteCount{size}, Vraid::vraid0, true});
        REQUIRE(driver.write(id(driver, "late"), 0, filled_with(7)));
        REQUIRE(driver.zero(volume, places[1] & ~std::uint64_t{65535}, 65536, false));
        auto const look = [&](std::unique_ptr<RecordingFolder> found, bool all) {
            auto again = open_store(*found);
            REQUIRE(again);
            Driver second(std::move(again->array), std::move(again->data),
                          std::move(again->keeper));
            VolumeId const there = id(second, "data");
            for (std::uint64_t const at : places) {
                bool const zeroed = at / 65536 == places[1] / 65536;
                std::uint64_t const number = number_at(second, there, at);
                if (all) {
                    CHECK(number == (zeroed ? 0 : at + 1));
                } else {
                    CHECK((number == 0 || number == at + 1));
                }
            }
            if (all) CHECK(number_at(second, id(second, "late"), 0) == 7);
        };
        look(folder.after_kill(), true);
        look(folder.after_power_cut([](std::size_t) { return Fate{}; }), false);
        look(folder.after_power_cut([](std::size_t) { return Fate{Fate::Kind::nothing, 0}; }),
             false);
        // Killed a second time, before anything else was saved.
        auto once = folder.after_kill();
        REQUIRE(open_store(*once));
        look(once->after_kill(), true);
    }
}

TEST_CASE("Extents tell what is written from what is not") {
    auto const driver = make_array();
    VolumeId const data = id(*driver, "data");
    REQUIRE(driver->write(data, 2 * chunk_bytes, filled_with(1)));
    auto const all = driver->extents(data, 0, size);
    REQUIRE(all);
    REQUIRE(all->size() == 3);
    CHECK_FALSE(all->at(0).at);
    CHECK(all->at(1).at);
    CHECK(all->at(1).volume == Extent{2 * chunk_sectors, sub_chunk_sectors});
    CHECK(all->at(2).volume.end() == size / sector_bytes);
    REQUIRE(driver->zero(data, 2 * chunk_bytes, block, false));
    REQUIRE(driver->zero(data, 3 * chunk_bytes, block, true));  // space is to be kept
    auto const later = driver->extents(data, 0, size);
    REQUIRE(later);
    REQUIRE(later->size() == 3);
    CHECK(later->at(1).volume == Extent{3 * chunk_sectors, sub_chunk_sectors});
    CHECK(number_at(*driver, data, 3 * chunk_bytes) == 0);
}

namespace {

/// A volume on a disk that goes bad as it is told.
struct Bad {
    std::unique_ptr<Driver> driver = make_array();
    VolumeId data = id(*driver, "data");
    Faults faults{1};
    BadDisk disk{*driver, faults};

    template <class Change>
    void with(FaultKind kind, Change&& change) {
        Fault fault;
        fault.name = "f";
        fault.kind = kind;
        change(fault);
        faults.remove("");
        REQUIRE(faults.add(fault));
        CHECK_FALSE(faults.add(fault));
    }
    std::uint64_t number(std::uint64_t offset) { return number_at(*driver, data, offset); }
};

}  // namespace

TEST_CASE("A fault befalls what it is meant for, as often as it may") {
    Bad bad;
    auto& [driver, data, faults, disk] = bad;
    REQUIRE(disk.write(data, 0, filled_with(1), false));
    REQUIRE(disk.write(data, block, filled_with(1), false));

    bad.with(FaultKind::error, [](Fault& fault) {
        fault.number = ENOMEM;
        fault.on = RequestKind::write;
        fault.range = Extent{block, block};
        fault.count = 1;
    });
    CHECK(disk.write(data, 0, filled_with(2), false));
    IoResult const failed = disk.write(data, block, filled_with(2), false);
    REQUIRE_FALSE(failed);
    CHECK(failed.error().number == ENOMEM);
    CHECK(bad.number(block) == 1);
    CHECK(disk.write(data, block, filled_with(3), false));
    CHECK(bad.number(block) == 3);

    bad.with(FaultKind::error, [](Fault& fault) {
        fault.number = EIO;
        fault.per_million = 500'000;
    });
    unsigned errors = 0;
    for (unsigned i = 0; i < 1000; ++i) errors += disk.flush(data) ? 0U : 1U;
    CHECK(errors > 400);
    CHECK(errors < 600);
}

TEST_CASE("A write that is to be durable at once is a flush, too") {
    Bad bad;
    auto& [driver, data, faults, disk] = bad;
    bad.with(FaultKind::error, [](Fault& fault) {
        fault.number = EIO;
        fault.on = RequestKind::flush;
        fault.range = Extent{block, block};
    });
    CHECK(disk.write(data, block, filled_with(2), false));
    CHECK(disk.write(data, 0, filled_with(2), true));
    CHECK_FALSE(disk.write(data, block, filled_with(3), true));
    CHECK(bad.number(block) == 3);  // written, and nobody knows whether for good
    CHECK_FALSE(disk.zero(data, block, block, false, true));
    CHECK(disk.zero(data, block, block, false, false));
    CHECK(disk.flush(data));  // of no range
    CHECK(faults.list().front().befell == 2);
}

TEST_CASE("A flush of what is gone says so") {
    Bad bad;
    auto& [driver, data, faults, disk] = bad;
    auto const flush = [&] {
        IoResult const done = disk.flush(data);
        return done ? 0 : done.error().number;
    };
    CHECK(flush() == 0);
    say(*driver, command::SetWriteProtect{"data", true});
    CHECK(flush() == 0);
    say(*driver, command::FailDiskGroup{"dg1"});
    CHECK(flush() == EIO);
    say(*driver, command::DeleteVolume{"data"});
    CHECK(flush() == ESHUTDOWN);
}

TEST_CASE("A large hole is zeroed in no time") {
    Driver driver(Array(profiles().back()), std::make_unique<MemoryData>(), nullptr);
    say(driver, command::AddDiskGroup{"dg", {std::uint64_t{1} << 45}});
    say(driver, command::AddVolume{"v", "dg", {std::uint64_t{1} << 44}, Vraid::vraid0});
    VolumeId const volume = id(driver, "v");
    std::uint64_t const far = (std::uint64_t{1} << 43) + chunk_bytes;
    REQUIRE(driver.write(volume, far, filled_with(1)));
    REQUIRE(driver.write(volume, 0, filled_with(1)));
    REQUIRE(driver.write(volume, (std::uint64_t{1} << 44) - block, filled_with(9)));
    auto const begun = std::chrono::steady_clock::now();
    REQUIRE(driver.zero(volume, 512, (std::uint64_t{1} << 44) - 512 - block, false));
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(5));
    CHECK(number_at(driver, volume, far) == 0);
    CHECK(number_at(driver, volume, (std::uint64_t{1} << 44) - block) == 9);
    auto const left = driver.extents(volume, 0, std::uint64_t{1} << 44);
    REQUIRE(left);
    CHECK(std::ranges::count_if(*left, [](Segment const& one) { return one.at.has_value(); }) == 2);
}

TEST_CASE("Bad disks lose, tear, misdirect and forget (FLT-5 to FLT-9)") {
    Bad bad;
    auto& [driver, data, faults, disk] = bad;
    REQUIRE(disk.write(data, 0, filled_with(2), false));

    bad.with(FaultKind::lost, [](Fault&) {});
    CHECK(disk.write(data, 0, filled_with(4), false));
    CHECK(bad.number(0) == 2);

    bad.with(FaultKind::torn, [](Fault&) {});
    CHECK(disk.write(data, 0, filled_with(5), false));
    Block read;
    REQUIRE(driver->read(data, 0, read));
    std::uint64_t last = 0;
    std::memcpy(&last, read.data() + block - sizeof last, sizeof last);
    CHECK(last == 2);  // never the whole of it

    bad.with(FaultKind::misdirected, [](Fault&) {});
    REQUIRE(driver->zero(data, 0, size, false));
    CHECK(disk.write(data, block, filled_with(6), false));
    CHECK(bad.number(block) != 6);
    auto const extents = driver->extents(data, 0, size);
    REQUIRE(extents);
    CHECK(std::any_of(extents->begin(), extents->end(),
                      [](Segment const& segment) { return segment.at.has_value(); }));

    bad.with(FaultKind::bit_rot, [](Fault& fault) { fault.count = 1; });
    REQUIRE(driver->write(data, 0, filled_with(8)));
    REQUIRE(disk.read(data, 0, read));
    Block const good = filled_with(8);
    int changed = 0;
    for (std::size_t at = 0; at < block; ++at) {
        changed += std::popcount(static_cast<unsigned>(read[at] ^ good[at]));
    }
    CHECK(changed == 1);
    Block again;
    REQUIRE(disk.read(data, 0, again));
    CHECK(again == read);  // the medium has it
    REQUIRE(driver->read(data, 0, again));
    CHECK(again == read);
}

TEST_CASE("Bits rot where they lie: copies that share the place show it, and nobody has to write") {
    auto const driver = make_array();
    VolumeId const data = id(*driver, "data");
    REQUIRE(driver->write(data, 0, filled_with(8)));
    say(*driver, command::AddSnapshot{"s", "data"});
    say(*driver, command::SetWriteProtect{"data", true});
    REQUIRE(driver->rot(data, 3, 17) == 0);
    Block source;
    Block snapshot;
    REQUIRE(driver->read(data, 0, source));
    REQUIRE(driver->read(id(*driver, "s"), 0, snapshot));
    CHECK(source == snapshot);
    Block rotten = filled_with(8);
    rotten[3 * sector_bytes + 2] ^= std::byte{2};
    CHECK(source == rotten);
    REQUIRE(driver->rot(data, size / sector_bytes - 1, 0) == 0);  // nothing was written there
    auto const extents = driver->extents(data, size - block, block);
    REQUIRE(extents);
    CHECK_FALSE(extents->front().at.has_value());
}
