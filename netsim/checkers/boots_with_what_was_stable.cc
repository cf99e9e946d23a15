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
char const* difference(Cell const& stored, Cell const& booted) {
    if (booted.current != stored.current || booted.history != stored.history)
        return "another generation or history";
    if (booted.role != stored.role || booted.era < stored.era)
        return "another role or an older era";
    if (booted.last_owner != stored.last_owner || booted.data_corrupt != stored.data_corrupt)
        return "other flags";
    if (booted.peers != stored.peers) return "other records of its peers";
    if (booted.data > stored.data) return "a better copy";
    bool const torn = stored.applying && stored.role == replication::Role::target;
    if (torn && booted.data != DataState::inconsistent)
        return "a whole copy, although unflushed records were being applied to it";
    return nullptr;
}

}  // namespace

void BootsWithWhatWasStable::on(View& view, seen::NodeStarted const& started) {
    for (CopySim const& copy : view.world.node(started.node).copies) {
        GroupId const group{copy.group};
        std::optional<Cell> const stored = copy.store->cell();
        if (!stored || view.mirror(group).on.size() < 2) continue;
        if (char const* other = difference(*stored, copy.machine->cell())) {
            view.findings.violated(
                text.name, text.rule, view.now(),
                fmt::format("{} boots with {} of {} than its stable cell says",
                            view.name(started.node), other, view.mirror(group).name));
        }
        check_pages(view, started.node, copy);
    }
}

void BootsWithWhatWasStable::check_pages(View& view, NodeId node, CopySim const& copy) {
    Cell const stored = *copy.store->cell();
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
            view.findings.violated(
                text.name, text.rule, view.now(),
                fmt::format("{} boots with an intent log of {} that does not name chunk {}, "
                            "although its page {}",
                            view.name(node), view.mirror(GroupId{copy.group}).name, *missing,
                            page->damaged ? "is damaged"
                            : foreign     ? "has the stamp of a generation that the cell does not "
                                            "know"
                                          : "does"));
            return;
        }
    }
}

}  // namespace sunder::netsim
