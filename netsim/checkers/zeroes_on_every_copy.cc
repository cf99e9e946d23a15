// SPDX-License-Identifier: BSD-3-Clause
//
// Where zeroes have to be, and what is there instead.
#include "netsim/checkers/zeroes_on_every_copy.h"

#include "netsim/volumes.h"

#include <fmt/format.h>

namespace sunder::netsim {

using replication::HostOp;

void ZeroesOnEveryCopy::on(View& view, seen::HostAnswered const&) {
    Request const* request = view.ledger.answered();
    bool const zeroes =
        request != nullptr && (request->op == HostOp::trim || request->op == HostOp::write_zeroes);
    if (!zeroes || request->state != Request::State::acknowledged) return;
    bool overlapped = false;
    view.ledger.for_each_open(request->group, [&](Request const& open) {
        overlapped = overlapped || (open.changes() && open.range.overlaps(request->range));
    });
    if (overlapped) return;
    MirrorSetup const& mirror = view.mirror(request->group);
    Chronicle::Group const& group = view.chronicle.group(request->group);
    Slot const self = view.chronicle.slot(request->group, request->node);
    for (std::uint8_t s = 0; s < mirror.on.size(); ++s) {
        bool const target =
            !group.is_asynchronous(self, Slot{s}) && (request->in_sync >> s & 1) != 0;
        if (mirror.on[s] != request->node && !target) continue;
        // Its confirmation may have been on the way when it lost power, and zeroes with it.
        auto const& died = view.chronicle.node(mirror.on[s]).died_at;
        if (died && *died >= request->asked) continue;
        std::uint64_t position = request->range.first;
        view.image(mirror.on[s], request->group).read(request->range).for_each([&](Piece const& p) {
            if (p.id != 0 && view.unexplained(text.name, request->group, {position, p.sectors},
                                              {mirror.on[s]})) {
                view.violated(text, request->group,
                              fmt::format("{}, but {} holds {} in {}",
                                          describe(view.world, *request), view.name(mirror.on[s]),
                                          describe_found(view.world, view.ledger, request->group,
                                                         {p.id, p.offset - position}),
                                          sectors_in_words(mirror, {position, p.sectors})));
            }
            position += p.sectors;
        });
    }
}

}  // namespace sunder::netsim
