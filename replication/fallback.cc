// SPDX-License-Identifier: BSD-3-Clause
//
// The fallback image (DESIGN 4). A resync makes a whole copy into a mixture of two points in time,
// and until it ends there is nothing to fall back on. So the array keeps the copy as it was, once
// all that was received is stable; the cell that makes the copy inconsistent names the image, and a
// continued resync leaves it alone. It is dropped when the resync has finished, or by the array
// when it outgrows its room. An operator may take the copy back to it, and then force it online.
#include "base/mutant.h"
#include "base/verify.h"
#include "replication/mirror_machine.h"

#include <algorithm>

namespace sunder::replication {

/// Only what some point in time held is worth keeping.
bool MirrorMachine::wants_image() const {
    return config_->fallback_sectors != 0 && cell().data != DataState::inconsistent &&
           cell().apart != Apart::written && cell().current && !cell().fallback.current &&
           image_ == Image::idle && !image_kept_;
}

void MirrorMachine::keep_image(Slot peer, ConnectionId connection, ResyncBegin const& begin,
                               Outbox& out) {
    leg::Following following;
    following.connection = connection;
    following.phase = leg::Following::Phase::imaging;
    following.era = begin.era;
    following.resync = begin.resync;
    watched_in_sync_ = false;
    set_leg(peer, std::move(following), out);
    queue_.add(Incoming{peer, connection, KeepImage{}});
    pump_applying(out);
}

/// The leg that waits for this image; null when it has gone meanwhile.
leg::Following const* MirrorMachine::awaiting_image(Barrier const& barrier) const {
    auto const* following = std::get_if<leg::Following>(&legs_[barrier.from.value]);
    bool const awaits = following != nullptr && following->connection == barrier.connection &&
                        following->phase == leg::Following::Phase::imaging;
    return awaits ? following : nullptr;
}

/// All that was received before the resync is stable.
void MirrorMachine::image_due(Outbox& out) {
    leg::Following const* const following = awaiting_image(barrier_);
    if (following != nullptr && image_ == Image::idle && !image_kept_) {
        image_ = Image::keeping;
        order_image(output::ArrayImage::Do::keep, out);
        return;
    }
    // Nobody waits for it any more, or the array is busy with one of an earlier leg.
    Slot const from = barrier_.from;
    barrier_ = Barrier{};
    if (following != nullptr) {
        begin_resyncing(from, following->connection, following->era, following->resync, out);
    }
    pump_applying(out);
}

void MirrorMachine::order_image(output::ArrayImage::Do what, Outbox& out) {
    image_op_ = new_op(DiskUse::image);
    out.put(output::ArrayImage{image_op_, what});
}

void MirrorMachine::image_done(input::DiskDone const& in, Outbox& out) {
    VERIFY(in.op == image_op_);
    Image const was = image_;
    image_ = Image::idle;
    switch (was) {
        case Image::idle:
        case Image::wanted_back:
        case Image::recording:
            VERIFY(!"nothing was ordered");
            return;
        case Image::dropping:
            image_kept_ = false;
            out.note(note::FallbackImageChanged{note::FallbackImageChanged::What::dropped});
            return;
        case Image::keeping:
            break;
        case Image::restoring: {
            FallbackImage const image = cell().fallback;
            if (!in.ok || !image.current) {
                order_cannot_be_obeyed(out);
                return;
            }
            out.note(note::FallbackImageChanged{note::FallbackImageChanged::What::restored});
            set_data(DataState::consistent, out);
            cells_.edit([&](Cell& cell) {
                cell.current = image.current;
                cell.history = image.history;
                cell.resync = 0;
                cell.applying = false;
                cell.fallback = {};
            });
            order_given(std::nullopt);
            greet_all(out);
            advance_passage(out);
            return;
        }
    }
    Barrier const barrier = barrier_;
    barrier_ = Barrier{};
    image_kept_ = in.ok;
    if (leg::Following const* const following = awaiting_image(barrier)) {
        if (image_kept_) {
            out.note(note::FallbackImageChanged{note::FallbackImageChanged::What::kept});
            cells_.edit([](Cell& cell) { cell.fallback = {cell.current, cell.history}; });
        }
        begin_resyncing(barrier.from, following->connection, following->era, following->resync,
                        out);
    }
    drop_image_unless_named(out);
    pump_applying(out);
}

void MirrorMachine::image_lost(Outbox& out) {
    image_kept_ = false;
    out.note(note::FallbackImageChanged{note::FallbackImageChanged::What::lost});
    if (cell().fallback.current) cells_.edit([](Cell& cell) { cell.fallback = {}; });
}

/// An image that no cell names, stably, is nobody's.
void MirrorMachine::drop_image_unless_named(Outbox& out) {
    bool const named = cell().fallback.current || cells_.stable()->fallback.current;
    if (!image_kept_ || named || image_ != Image::idle) return;
    image_ = Image::dropping;
    order_image(output::ArrayImage::Do::drop, out);
}

void MirrorMachine::use_fallback_image(Outbox& out) {
    VERIFY(!open_);
    for_each_peer([&](Slot peer) {
        if (std::holds_alternative<leg::Following>(legs_[peer.value])) close_leg(peer, out);
    });
    if (!cell().fallback.current || image_ != Image::idle) {
        order_cannot_be_obeyed(out);
        return;
    }
    image_ = Image::wanted_back;
    restore_if_idle();
}

/// What is still on its way to the disk would land on the restored copy.
void MirrorMachine::restore_if_idle() {
    if (image_ != Image::wanted_back) return;
    bool const busy = !queue_.empty() || !applying_.empty() || !flights_.empty() ||
                      barrier_.kind != Barrier::Kind::none;
    if (busy) return;
    // What the resync had brought will be gone again, and no log names it: that goes on record
    // before anything changes, so that a death in between leaves a torn copy that is copied whole.
    for_each_peer([&](Slot peer) {
        if (!mutant(Mutant::restored_unnamed)) log_.mark_all(peer);
    });
    image_version_ = cells_.edit([](Cell& cell) { cell.resync = 0; });
    image_ = Image::recording;
}

void MirrorMachine::restore_if_recorded(Outbox& out) {
    if (image_ != Image::recording || !cells_.is_stable(image_version_)) return;
    bool named = true;
    for_each_peer([&](Slot peer) { named = named && log_.all_stable(peer); });
    if (!named && !mutant(Mutant::restored_unnamed)) return;
    image_ = Image::restoring;
    order_image(output::ArrayImage::Do::restore, out);
}

}  // namespace sunder::replication
