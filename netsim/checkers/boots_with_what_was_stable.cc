// SPDX-License-Identifier: BSD-3-Clause
//
// The stored cell and pages against the machine that has just read them.
#include "netsim/checkers/boots_with_what_was_stable.h"

#include <fmt/format.h>

namespace sunder::netsim {

namespace {

using replication::Cell;
using replication::DataState;

/// What the booted cell has made better, or lost; null when it is the stored one.
char const* difference(Cell const& stored, Cell const& booted, replication::PeerMask peers) {
    if (booted.current != stored.current || booted.history != stored.history)
        return "another generation or history";
    if (booted.role != stored.role || booted.era < stored.era)
        return "another role or an older era";
    if (booted.last_owner != stored.last_owner || booted.data_corrupt != stored.data_corrupt)
        return "other flags";
    for (std::uint8_t p = 0; p < replication::max_copies; ++p) {
        // R94: what is on record of a copy that has left the mirror is forgotten.
        bool const peer = (peers & replication::bit_of(replication::Slot{p})) != 0;
        if (peer && booted.peers[p] != stored.peers[p]) return "other records of its peers";
    }
    if (booted.data > stored.data) return "a better copy";
    bool const torn = stored.applying && stored.role == replication::Role::target;
    if (torn && booted.data != DataState::inconsistent)
        return "a whole copy, although unflushed records were being applied to it";
    return nullptr;
}

/// A page that does not name what it should; an empty word when all do.
std::string wrong_page(CopySim const& copy, Cell const& stored) {
    replication::IntentLog const& log = copy.machine->log();
    std::uint64_t const words = (log.chunks() + 63) / 64;
    for (auto const& page : copy.store->pages()) {
        bool const foreign = !stored.descends_from(page->stamp.id);
        std::uint64_t const first = page->number * replication::IntentLog::page_words;
        for (std::uint64_t w = 0; w < page->words.size() && first + w < words; ++w) {
            replication::Bitmap expected(log.chunks());
            bool const all = page->damaged || foreign;
            expected.set_word(first + w, all ? ~std::uint64_t{0} : page->words[w]);
            expected -= log.bits(page->peer);
            auto const missing = expected.next(0);
            if (!missing) continue;
            return fmt::format(
                "an intent log that does not name chunk {}, although its page {}", *missing,
                page->damaged ? "is damaged"
                : foreign     ? "has the stamp of a generation that the cell does not know"
                              : "does");
        }
    }
    return "";
}

}  // namespace

std::optional<std::string> wrong_belief(CopySim const& copy) {
    std::optional<Cell> const stored = copy.store->cell();
    // R94: a copy that the mirror has left gives up what it holds, in its next life if need be.
    if (!stored || !copy.machine->in_mirror()) return std::nullopt;
    // R91: one that holds nothing, and is all there is of the mirror, is created as it boots.
    if (!stored->current && copy.machine->peers() == 0) return std::nullopt;
    if (char const* other = difference(*stored, copy.machine->cell(), copy.machine->peers())) {
        return fmt::format("{} than its stable cell says", other);
    }
    std::string page = wrong_page(copy, *stored);
    return page.empty() ? std::nullopt : std::optional(std::move(page));
}

void BootsWithWhatWasStable::on(View& view, seen::NodeStarted const& started) {
    for (CopySim const& copy : view.world.node(started.node).copies) {
        GroupId const group{copy.group};
        if (view.mirror(group).on.size() < 2) continue;
        std::optional<std::string> const wrong = wrong_belief(copy);
        if (!wrong) continue;
        view.violated(text, group,
                      fmt::format("{} boots its copy of {} with {}", view.name(started.node),
                                  view.mirror(group).name, *wrong));
    }
}

}  // namespace sunder::netsim
