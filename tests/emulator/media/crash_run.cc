// SPDX-License-Identifier: BSD-3-Clause
//
// How states are taken and judged.
#include "tests/emulator/media/crash_run.h"

#include "base/random.h"
#include "tests/emulator/media/read_back.h"

#include <fmt/format.h>

#include <algorithm>

namespace sunder::emulator::media::test {

namespace {

using emulator::test::Act;
using emulator::test::Rig;

class Run {
public:
    Run(CrashRun const& run, Tally& tally)
        : run_(run),
          tally_(tally),
          random_(run.seed, 1, 0),
          // Logs are brought into the database now and then, or all the time.
          tuning_{run.seed % 2 == 0 ? 3 : 40},
          medium_(std::make_shared<FileMedium>(tuning_)),
          rig_(profiles()[1 + run.seed % (profiles().size() - 1)], 3 * chunk_sectors + 37,
               run.small_group, medium_) {
        medium_->between = [this] {
            if (random_.below(run_.flushes) == 0) take_probe();
        };
        rig_.settled = [this] {
            judge_probes();
            // What plans took is not kept.
            if (!rig_.write_open() && random_.below(run_.between) == 0) compare_state();
        };
    }

    std::string play() {
        for (unsigned i = 0; i < run_.acts && rig_.wrong().empty(); ++i) {
            rig_.act(draw_act());
            if (!medium_->wrong.empty()) rig_.complain("after a power cut: " + medium_->wrong);
            // Now and then; what is not given back is reused as it is.
            if (i % 3 == 0) medium_->punch(rig_.array);
            if (random_.below(run_.between) != 0) continue;
            if (!rig_.write_open()) {
                medium_->remember(rig_.array);
                compare_state();
            }
            look_systematically();
        }
        tally_["slots emptied"] += medium_->emptied_runs;
        return rig_.wrong();
    }

private:
    struct Probe {
        std::unique_ptr<RecordingFolder> folder;
        Rig model;
        bool killed = false;
        std::uint64_t seed = 0;
    };

    Act draw_act() {
        Act act;
        act.kind = static_cast<std::uint8_t>(random_.below(emulator::test::kinds_of_acts));
        for (auto* const part : {&act.a, &act.b, &act.c}) {
            *part = static_cast<std::uint16_t>(random_.below(4096));
        }
        return act;
    }

    void compare_state() {
        std::string const words = read_back(*medium_, rig_.array);
        if (!words.empty()) rig_.complain("read back: " + words);
        ++tally_["read back"];
    }

    /// In the middle of a flush: before it, or after it, has to be found.
    void take_probe() {
        Probe probe{nullptr, rig_, random_.below(4) == 0, random_.next()};
        probe.model.settled = {};
        probe.folder = probe.killed ? medium_->folder->after_kill()
                                    : medium_->folder->after_power_cut(random_fates(probe.seed));
        probes_.push_back(std::move(probe));
    }

    void judge_probes() {
        for (Probe const& probe : probes_) {
            ++tally_[probe.killed ? "killed in a flush" : "power cut in a flush"];
            std::string const before = judge(*probe.folder, probe.model, probe.killed, probe.seed);
            if (before.empty()) continue;
            std::string const after = judge(*probe.folder, rig_, probe.killed, probe.seed);
            if (after.empty()) {
                ++tally_["the flush had come through"];
                continue;
            }
            rig_.complain(fmt::format("cut in a flush: not as before it: {}; not as after it: {}",
                                      before, after));
        }
        probes_.clear();
    }

    /// Between acts: nothing, everything, each change by itself missing, and some at random.
    void look_systematically() {
        RecordingFolder const& folder = *medium_->folder;
        auto const look = [&](char const* what, std::function<Fate(std::size_t)> const& fate) {
            if (!rig_.wrong().empty()) return;
            ++tally_[what];
            std::string const words = judge(*folder.after_power_cut(fate), rig_, false, 0);
            if (!words.empty()) rig_.complain(fmt::format("{}: {}", what, words));
        };
        std::size_t const count = folder.unsynced();
        tally_["changes that were not synced"] += count;
        look("all lost", [](std::size_t) { return Fate{Fate::Kind::nothing, 0}; });
        look("none lost", [](std::size_t) { return Fate{}; });
        for (std::size_t gone = 0; gone < std::min<std::size_t>(count, 24); ++gone) {
            look("one lost", [&](std::size_t n) {
                return Fate{n == gone ? Fate::Kind::nothing : Fate::Kind::all, 0};
            });
        }
        for (int i = 0; i < 4; ++i) look("some lost", random_fates(random_.next()));
        std::uint64_t const seed = random_.next();
        ++tally_["killed"];
        std::string const words = judge(*folder.after_kill(), rig_, true, seed);
        if (!words.empty()) rig_.complain("killed: " + words);
    }

    /// Is that what may be found where the model was?
    std::string judge(RecordingFolder const& there, Rig const& model, bool go_on,
                      std::uint64_t seed) {
        auto medium = std::make_shared<FileMedium>(there.after_kill(), tuning_);
        std::vector<Problem> const problems = check_store(*medium->folder);
        if (!problems.empty()) return "check: " + in_text(problems.front());
        std::optional<Array> array;
        if (auto words = medium->open(array); !words.empty()) return words;
        Rig rig = model;
        rig.settled = {};
        rig.medium = medium;
        rig.find(std::move(*array));
        if (rig.wrong().empty()) rig.compare(true);
        for (std::string const& words : rig.array.audit()) rig.complain("audit: " + words);
        if (!go_on || !rig.wrong().empty()) return rig.wrong();
        // What a killed process left is lost by a power cut unless opening made it durable.
        RandomStream random(seed, 2, 0);
        for (int i = 0; i < 4; ++i) {
            Act act{23, 0, 0, 0};
            for (auto* const part : {&act.a, &act.b, &act.c}) {
                *part = static_cast<std::uint16_t>(random.below(4096));
            }
            rig.act(act);
        }
        rig.power_cut(random.next() | 1);
        if (!medium->wrong.empty()) return "killed, then a power cut: " + medium->wrong;
        rig.compare(true);
        return rig.wrong();
    }

    CrashRun const& run_;
    Tally& tally_;
    RandomStream random_;
    Tuning tuning_;
    std::shared_ptr<FileMedium> medium_;
    Rig rig_;
    std::vector<Probe> probes_;
};

}  // namespace

std::string play(CrashRun const& run, Tally& tally) { return Run(run, tally).play(); }

}  // namespace sunder::emulator::media::test
