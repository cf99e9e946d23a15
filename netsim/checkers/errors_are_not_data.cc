// SPDX-License-Identifier: BSD-3-Clause
//
// What an answer has to be backed by.
#include "netsim/checkers/errors_are_not_data.h"

#include "netsim/volumes.h"

#include <fmt/format.h>

namespace sunder::netsim {

using replication::HostOp;

void ErrorsAreNotData::on(View& view, seen::HostAnswered const& answered) {
    Request const* request = view.ledger.answered();
    if (request == nullptr || request->state != Request::State::acknowledged) return;
    if (request->op == HostOp::read) {
        if (answered.payload.sectors() == request->range.count) return;
        view.violated(text, request->group,
                      fmt::format("{}, but the answer carries {} of {} sectors",
                                  describe(view.world, *request), answered.payload.sectors(),
                                  request->range.count));
        return;
    }
    if (request->op != HostOp::write) return;
    bool overlapped = false;
    view.ledger.for_each_open(request->group, [&](Request const& open) {
        overlapped = overlapped || (open.changes() && open.range.overlaps(request->range));
    });
    if (overlapped) return;  // it may have been covered already
    Image const& image = view.image(request->node, request->group);
    std::uint64_t position = request->range.first;
    image.read(request->range).for_each([&](Piece const& piece) {
        bool const there = piece.id == request->content && piece.offset == position;
        bool const blamed = !there && view.unexplained(text.name, request->group,
                                                       {position, piece.sectors}, {request->node});
        if (blamed) {
            Content const found{piece.id, piece.id == 0 ? 0 : piece.offset - position};
            view.violated(
                text, request->group,
                fmt::format(
                    "{}, but its disk holds {} in {}", describe(view.world, *request),
                    describe_found(view.world, view.ledger, request->group, found),
                    sectors_in_words(view.mirror(request->group), {position, piece.sectors})));
        }
        position += piece.sectors;
    });
}

}  // namespace sunder::netsim
