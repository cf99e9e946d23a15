// SPDX-License-Identifier: BSD-3-Clause
//
// What a mirror's store holds when power fails before any of its writes or syncs: what was stored
// is there, what was being stored is old or new, and a page that is neither is found damaged
// (SAF-16, G13). The same runs over a folder that syncs nothing find fault.
#include "nodes/live/mirror_store.h"

#include "base/hash.h"
#include "emulator/media/recording_files.h"
#include "replication/intent_log.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <map>
#include <set>
#include <vector>

namespace sunder::live {
namespace {

namespace media = emulator::media;

constexpr std::uint32_t pages = 2;  // of each peer

replication::GroupConfig some_config() {
    replication::GroupConfig config;
    config.copies = 2;
    config.chunk_sectors = 1;
    config.mirrored_sectors = config.sectors = replication::IntentLog::page_bits + 1;
    return config;
}

/// Says that it syncs.
class Lying final : public media::Folder {
public:
    explicit Lying(media::Folder& folder) : folder_(folder) {}
    std::expected<std::unique_ptr<media::File>, int> open(std::string_view name,
                                                          Open how) override {
        auto file = folder_.open(name, how);
        if (!file) return file;
        return std::make_unique<LyingFile>(std::move(*file));
    }
    int remove(std::string_view name) override { return folder_.remove(name); }
    std::expected<std::vector<std::string>, int> list() override { return folder_.list(); }
    int sync() override { return folder_.sync(); }
    std::expected<std::unique_ptr<media::FolderLock>, int> lock() override {
        return folder_.lock();
    }
    [[nodiscard]] std::string boot() const override { return folder_.boot(); }
    [[nodiscard]] std::string where() const override { return folder_.where(); }

private:
    class LyingFile final : public media::File {
    public:
        explicit LyingFile(std::unique_ptr<media::File> file) : file_(std::move(file)) {}
        std::expected<std::size_t, int> read(std::uint64_t at, std::span<std::byte> into) override {
            return file_->read(at, into);
        }
        int write(std::uint64_t at, std::span<std::byte const> from) override {
            return file_->write(at, from);
        }
        int truncate(std::uint64_t size) override { return file_->truncate(size); }
        int punch(std::uint64_t offset, std::uint64_t count) override {
            return file_->punch(offset, count);
        }
        std::expected<std::uint64_t, int> size() override { return file_->size(); }
        int sync() override { return 0; }

    private:
        std::unique_ptr<media::File> file_;
    };
    media::Folder& folder_;
};

/// One of the things that are stored, by name; its contents are numbers, which are never used
/// twice. 0: nothing was ever stored.
using Contents = std::map<std::string, std::uint64_t>;
constexpr std::uint64_t damaged = ~std::uint64_t{0};

std::string name_of(std::uint8_t peer, std::uint32_t page) {
    return fmt::format("page {}/{}", peer, page);
}

struct Run {
    bool lies = false;
    media::RecordingFolder folder{};
    Lying lying{folder};
    std::unique_ptr<MirrorStore> store{};
    Contents stored{};   // answered
    Contents pending{};  // being stored
    std::uint64_t last = 0;
    std::uint64_t states = 0;
    std::map<std::string, std::uint64_t> seen{};  // kinds of outcomes
    std::string wrong{};

    void open() {
        auto opened = MirrorStore::open(lies ? static_cast<media::Folder*>(&lying) : &folder,
                                        "datarep", some_config());
        REQUIRE(opened);
        store = std::move(*opened);
        folder.ask_before([this](media::FileOp) {
            look();
            return 0;
        });
    }

    int put(std::string const& what, std::uint64_t number) const {
        if (what == "cell") {
            replication::Cell cell;
            cell.history.push_back({number, replication::Minted::forced});
            return store->store(cell);
        }
        if (what == "above") {
            nodes::StoredHierarchy above;
            above.version = static_cast<std::uint32_t>(number);
            return store->store(above);
        }
        replication::Page page;
        page.peer = {static_cast<std::uint8_t>(what[5] - '0')};
        page.number = static_cast<std::uint32_t>(what[7] - '0');
        page.words.assign(replication::IntentLog::page_words, number);  // each sector differs
        return store->store(page);
    }

    static std::expected<Contents, std::string> found_in(media::Folder& folder) {
        auto opened = MirrorStore::open(&folder, "datarep", some_config());
        if (!opened) return std::unexpected(opened.error());
        MirrorStore::Found const found = (*opened)->take_found();
        Contents contents;
        if (found.cell) contents["cell"] = found.cell->history.front().id;
        if (found.above) contents["above"] = found.above->version;
        for (auto const& page : found.pages) {
            std::set<std::uint64_t> const words(page->words.begin(), page->words.end());
            contents[name_of(page->peer.value, page->number)] =
                page->damaged || words.size() != 1 ? damaged : *words.begin();
        }
        return contents;
    }

    /// Power fails here.
    void look() {
        for (std::uint64_t draw = 0; draw < 8 && wrong.empty(); ++draw) {
            auto const fate = [&](std::size_t n) {
                std::uint64_t const drawn = hash_words(++states, n, last);
                auto const kind = draw < 4 ? draw : drawn % 4;
                return media::Fate{static_cast<media::Fate::Kind>(kind), drawn};
            };
            auto const after = folder.after_power_cut(fate);
            auto const found = found_in(*after);
            if (!found) {
                wrong = found.error();
                return;
            }
            for (std::string const& what : names()) judge(what, *found);
        }
    }
    void judge(std::string const& what, Contents const& found) {
        auto const number = [&](Contents const& in) {
            auto const there = in.find(what);
            return there == in.end() ? 0 : there->second;
        };
        std::uint64_t const is = number(found);
        bool const under_way = pending.contains(what);
        bool const page = what.starts_with("page");
        if (is == number(stored)) {
            seen["old"] += under_way ? 1 : 0;
        } else if (under_way && is == number(pending)) {
            ++seen["new"];
        } else if (under_way && page && is == damaged) {
            ++seen["damaged"];
        } else {
            wrong = fmt::format("{} is {}, and was {}", what, is, number(stored));
        }
    }
    static std::vector<std::string> names() {
        std::vector<std::string> all{"cell", "above"};
        for (std::uint8_t peer = 0; peer < 2; ++peer) {
            for (std::uint32_t page = 0; page < pages; ++page) all.push_back(name_of(peer, page));
        }
        return all;
    }

    void play(std::uint64_t seed) {
        open();
        auto const all = names();
        for (int step = 0; step < 12 && wrong.empty(); ++step) {
            std::string const& what = all[hash_words(seed, ++last) % all.size()];
            pending = {{what, last}};
            REQUIRE(put(what, last) == 0);
            stored[what] = last;
            pending.clear();
            look();
        }
    }
};

TEST_CASE("power that fails while a mirror stores leaves what was stored, and old or new") {
    std::map<std::string, std::uint64_t> seen;
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        INFO("seed " << seed);
        Run run;
        run.play(seed);
        REQUIRE(run.wrong == "");
        for (auto const& [what, times] : run.seen) seen[what] += times;
    }
    for (char const* const what : {"old", "new", "damaged"}) {
        INFO(what);
        CHECK(seen[what] > 100);
    }
}

TEST_CASE("a medium that does not sync is found out") {
    unsigned found = 0;
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        Run run{.lies = true};
        run.play(seed);
        found += run.wrong.empty() ? 0 : 1;
    }
    CHECK(found == 5);
}

}  // namespace
}  // namespace sunder::live
