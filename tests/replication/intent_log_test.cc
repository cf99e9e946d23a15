// SPDX-License-Identifier: BSD-3-Clause
//
// Is a set bit stable exactly when it would survive a crash, whatever stores are under way?
#include "replication/intent_log.h"

#include "base/random.h"

#include <catch2/catch.hpp>

#include <map>
#include <set>

using namespace sunder;
using namespace sunder::replication;

namespace {

constexpr Slot self{0};
constexpr Slot peer{1};
constexpr Generation stamp{7, Minted::created};

IntentLog log_of(std::uint64_t chunks, bool kept = true) {
    return {2, self, chunks * 128, 128, kept};
}

/// The pages that an outbox asks to store.
std::vector<output::PersistPage> stores(IntentLog& log, PersistId& next) {
    Outbox out;
    log.store(stamp, next, out);
    std::vector<output::PersistPage> pages;
    for (Output& output : out) pages.push_back(std::get<output::PersistPage>(output));
    return pages;
}

}  // namespace

TEST_CASE("A 313 236 KiB device in 64 KiB chunks has 4 895 of them (R17)") {
    IntentLog const log(2, self, 313236 * 2, 128, true);
    CHECK(log.chunks() == 4895);
    CHECK(log.sectors_of({4894, 4894}) == Extent{4894 * 128, 20 * 2});
}

TEST_CASE("A bit is stable only after its page came back") {
    IntentLog log = log_of(100);
    PersistId next{1};
    log.mark(peer, {3, 4});
    CHECK(log.bits(peer).test(3));
    CHECK_FALSE(log.is_stable(peer, {3, 4}));
    auto const pages = stores(log, next);
    REQUIRE(pages.size() == 1);
    CHECK_FALSE(log.is_stable(peer, {3, 4}));
    CHECK(log.done(pages[0].id, true));
    CHECK(log.is_stable(peer, {3, 4}));
    CHECK_FALSE(log.is_stable(peer, {3, 5}));
}

TEST_CASE(
    "A bit that a store under way will clear is not stable, though it still is on the medium") {
    IntentLog log = log_of(100);
    PersistId next{1};
    log.mark(peer, {3, 3});
    log.done(stores(log, next)[0].id, true);
    Bitmap clear(100);
    clear.set(3);
    log.clear(peer, clear);
    auto const clearing = stores(log, next);
    REQUIRE(clearing.size() == 1);
    log.mark(peer, {3, 3});
    CHECK_FALSE(log.is_stable(peer, {3, 3}));
    CHECK(stores(log, next).empty());  // one store of a page at a time
    log.done(clearing[0].id, true);
    CHECK_FALSE(log.is_stable(peer, {3, 3}));
    auto const again = stores(log, next);
    REQUIRE(again.size() == 1);
    log.done(again[0].id, true);
    CHECK(log.is_stable(peer, {3, 3}));
}

TEST_CASE("A damaged page, or one of another history, counts as all set (G13)") {
    Cell cell;
    cell.current = stamp;
    Page page{peer, 0, stamp, false, {1}};
    IntentLog sound = log_of(100);
    sound.load(page, cell);
    CHECK(sound.bits(peer).count() == 1);

    page.damaged = true;
    IntentLog damaged = log_of(100);
    damaged.load(page, cell);
    CHECK(damaged.bits(peer).count() == 100);

    page.damaged = false;
    page.stamp = Generation{8, Minted::created};
    IntentLog foreign = log_of(100);
    foreign.load(page, cell);
    CHECK(foreign.bits(peer).count() == 100);
    cell.succeed(Generation{9, Minted::created});
    page.stamp = stamp;
    IntentLog ancestral = log_of(100);
    ancestral.load(page, cell);
    CHECK(ancestral.bits(peer).count() == 1);
}

TEST_CASE("A store that fails freezes the log: nothing becomes stable any more") {
    IntentLog log = log_of(10);
    PersistId next{1};
    log.mark(peer, {1, 1});
    log.done(stores(log, next)[0].id, false);
    CHECK(log.frozen());
    CHECK_FALSE(log.is_stable(peer, {1, 1}));
    log.mark(peer, {2, 2});
    CHECK(stores(log, next).empty());
}

TEST_CASE("Without a log every bit counts as stable, and nothing is stored (R18)") {
    IntentLog log = log_of(10, false);
    PersistId next{1};
    log.mark(peer, {1, 1});
    CHECK(log.is_stable(peer, {1, 1}));
    CHECK(stores(log, next).empty());
}

TEST_CASE("A crash at any moment finds every bit that was called stable") {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        RandomStream random(seed, 1, 0);
        std::uint64_t const chunks = 64 * 504 + 40;  // two pages
        IntentLog log = log_of(chunks);
        PersistId next{1};
        std::map<std::uint32_t, std::shared_ptr<Page const>> medium;
        std::map<std::uint32_t, output::PersistPage> under_way;
        std::set<std::uint64_t> used;
        Cell cell;
        cell.current = stamp;
        for (int step = 0; step < 60; ++step) {
            std::uint64_t const chunk = random.below(2) * (chunks - 8) + random.below(8);
            switch (random.below(4)) {
                case 0:
                    log.mark(peer, {chunk, chunk});
                    used.insert(chunk);
                    break;
                case 1: {
                    Bitmap clear(chunks);
                    clear.set(chunk);
                    log.clear(peer, clear);
                    break;
                }
                case 2:
                    for (auto& page : stores(log, next)) under_way.emplace(page.id.value, page);
                    break;
                case 3:
                    if (under_way.empty()) break;
                    auto const first = under_way.begin();
                    medium[first->second.page->number] = first->second.page;
                    log.done(first->second.id, true);
                    under_way.erase(first);
                    break;
            }
            // Whatever is stable is on the medium, and stays there when what is under way lands.
            for (std::uint64_t const bit : used) {
                if (!log.is_stable(peer, {bit, bit})) continue;
                auto landed = medium;
                IntentLog found = log_of(chunks);
                for (auto const& [number, page] : landed) found.load(*page, cell);
                REQUIRE(found.bits(peer).test(bit));
                for (auto const& [id, store] : under_way) landed[store.page->number] = store.page;
                IntentLog later = log_of(chunks);
                for (auto const& [number, page] : landed) later.load(*page, cell);
                REQUIRE(later.bits(peer).test(bit));
            }
        }
    }
}
