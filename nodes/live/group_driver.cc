// SPDX-License-Identifier: BSD-3-Clause
//
// What each output of a mirror's machine comes to, and in which order: what is to be sent first,
// then disk work and stores, each answer stepping the machine again, until nothing is left to do.
#include "nodes/live/group_driver.h"

#include "base/verify.h"
#include "replication/wire.h"

#include <algorithm>
#include <cstring>

namespace sunder::live {

namespace mirror = replication;
using mirror::HostOp;
using mirror::HostStatus;
using mirror::Slot;

GroupDriver::GroupDriver(MirrorSetup setup, CopyDisk disk, std::unique_ptr<MirrorStore> store,
                         Clock& clock, Told told, unsigned most_writes)
    : setup_(std::move(setup)),
      disk_(std::move(disk)),
      store_(std::move(store)),
      clock_(clock),
      told_(std::move(told)),
      writes_(most_writes) {}

GroupDriver::~GroupDriver() { stop(); }

void GroupDriver::start(MirrorStore::Found const& found, std::uint64_t nonce) {
    worker_ = std::thread([this] { work(); });
    {
        std::lock_guard const lock(lock_);
        machine_.emplace(std::make_shared<mirror::GroupConfig const>(setup_.config));
    }
    bool const image_kept = disk_.image() != nullptr && disk_.image()->kept();
    bring({mirror::input::Started{found.cell, found.pages, nonce, image_kept}});
}

/// Whoever waits is told that there is no service any more; what was acknowledged stays so.
void GroupDriver::stop() {
    if (!worker_.joinable()) return;
    {
        std::lock_guard const lock(tasks_lock_);
        stopping_ = true;
    }
    tasks_there_.notify_all();
    worker_.join();
    Deeds deeds;
    {
        std::lock_guard const lock(lock_);
        stopped_ = true;
        for (Armed const& timer : timers_) clock_.cancel(timer.token);
        for (std::shared_ptr<Link>& leg : legs_) {
            if (leg != nullptr) leg->close();
        }
        for (auto& [request, waiter] : waiters_) {
            waiter->status = HostStatus::not_in_service;
            deeds.answered.push_back(std::move(waiter));
        }
        waiters_.clear();
        opening_ = 0;
    }
    work_off(deeds);
}

// Steps.

void GroupDriver::bring(Brought brought, Link const* kept) {
    put(std::move(brought));
    Deeds deeds;
    work_off(deeds, kept);
}

void GroupDriver::put(Brought brought) {
    std::lock_guard const lock(brought_lock_);
    brought_.push_back(std::move(brought));
    anything_brought_ = true;
}

/// Whoever has had the lock comes here: what was brought meanwhile is left to him. Sends first, for
/// the other end can work meanwhile, and so can hosts. What is to be sent on `kept` is left to who
/// reads it.
void GroupDriver::work_off(Deeds& deeds, Link const* kept) {
    for (std::size_t next = 0;;) {
        while (anything_brought_) {
            std::unique_lock const lock(lock_, std::try_to_lock);
            if (!lock) break;
            step_brought(deeds);
        }
        for (std::shared_ptr<Link> const& link : deeds.links) {
            if (link.get() != kept) link->flush();
        }
        deeds.links.clear();
        for (std::shared_ptr<Waiter> const& waiter : deeds.answered) waiter->answered.set();
        deeds.answered.clear();
        if (next == deeds.work.size()) return;
        put({perform(deeds.work[next])});
        if (++next == deeds.work.size()) {
            deeds.work.clear();
            next = 0;
        }
    }
}

/// In the order in which it came; under the lock.
void GroupDriver::step_brought(Deeds& deeds) {
    while (anything_brought_) {
        std::vector<Brought> taken;
        {
            std::lock_guard const lock(brought_lock_);
            taken.swap(brought_);
            anything_brought_ = false;
        }
        for (Brought& one : taken) step(one, deeds);
    }
}

void GroupDriver::step(Brought& brought, Deeds& deeds) {
    if (brought.waiter != nullptr) {
        if (stopped_ || brought.waiter->opening != opening_) {
            brought.waiter->status = HostStatus::not_in_service;
            deeds.answered.push_back(std::move(brought.waiter));
            return;
        }
        auto const& request = std::get<mirror::input::HostRequest>(brought.input);
        waiters_.emplace(request.request.value, std::move(brought.waiter));
    }
    if (brought.link != nullptr) {
        auto const& arrived = std::get<mirror::input::MessageArrived>(brought.input);
        if (legs_[arrived.peer.value].get() != brought.link) return;
    }
    step(brought.input, deeds);
}

/// What one output comes to, under the lock.
struct GroupDriver::Carry {
    GroupDriver& group;
    Deeds& deeds;

    void operator()(mirror::output::Send& out) const {
        std::shared_ptr<Link> const& leg = group.legs_[out.peer.value];
        if (leg == nullptr || leg->id() != out.connection) return;
        auto const* const record = std::get_if<mirror::Record>(&out.message);
        if (record != nullptr && record->kind == mirror::RecordKind::resync) {
            group.traffic_[out.peer.value].resynced_bytes += record->range.count * sector_bytes;
        }
        std::vector<std::byte> head;
        ByteWriter writer(head);
        mirror::encode(out.message, writer);
        Payload const* const content = mirror::content_of(out.message);
        leg->queue(FrameKind::mirror, std::move(head), content == nullptr ? Payload() : *content);
        if (leg->crowded()) group.crowded_ = true;
        if (std::ranges::find(deeds.links, leg) == deeds.links.end()) deeds.links.push_back(leg);
    }
    void operator()(mirror::output::Close& out) const {
        std::shared_ptr<Link> const& leg = group.legs_[out.peer.value];
        if (leg == nullptr || leg->id() != out.connection) return;
        leg->close();
        group.forget_leg(out.peer);
    }
    void operator()(mirror::output::HostReply& out) const { group.answer(out, deeds); }
    void operator()(mirror::output::DiskRead& out) const { deeds.work.emplace_back(out); }
    void operator()(mirror::output::DiskWrite& out) const {
        deeds.work.emplace_back(std::move(out));
    }
    void operator()(mirror::output::DiskFlush& out) const { deeds.work.emplace_back(out); }
    void operator()(mirror::output::ArrayImage& out) const { deeds.work.emplace_back(out); }
    void operator()(mirror::output::PersistCell& out) const {
        deeds.work.emplace_back(std::move(out));
    }
    void operator()(mirror::output::PersistPage& out) const {
        deeds.work.emplace_back(std::move(out));
    }
    void operator()(mirror::output::ArmTimer& out) const {
        Armed& timer = group.timers_[static_cast<std::size_t>(out.timer)];
        group.clock_.cancel(timer.token);
        Due const due{out.timer, ++timer.number};
        timer.token = group.clock_.after(out.after, [&driver = group, due] { driver.post(due); });
    }
    void operator()(mirror::output::CancelTimer& out) const {
        Armed& timer = group.timers_[static_cast<std::size_t>(out.timer)];
        group.clock_.cancel(timer.token);
        ++timer.number;
    }
    void operator()(mirror::output::Reported& out) const { group.told_.reported(out.report); }
    void operator()(mirror::output::Noted& out) const { group.told_.noted(out.note); }
};

void GroupDriver::step(mirror::Input const& input, Deeds& deeds) {
    if (stopped_) return;
    // Used by one thread at a time: the lock is held until it is empty again.
    thread_local mirror::Outbox out;
    out.clear();
    machine_->step(input, out);
    if (told_.stepped) told_.stepped(*machine_, input, out);
    for (mirror::Output& output : out) std::visit(Carry{*this, deeds}, output);
    tell_of_held();
    show(machine_->open()         ? Shown::in_service
         : machine_->open_apart() ? Shown::apart
                                  : Shown::to_nobody);
}

void GroupDriver::show(Shown now) {
    Shown const before = std::exchange(shown_, now);
    if (before == now) return;
    if (now == Shown::in_service) ++times_in_service_;
    // What an NBD server holds is shown to hosts by nobody but that server.
    if (disk_.plain() != nullptr) return;
    opening_ = now == Shown::to_nobody ? 0 : ++openings_;
    if (before != Shown::to_nobody) told_.opened(false);
    if (now != Shown::to_nobody) told_.opened(true);
}

namespace {
Duration since(std::chrono::steady_clock::time_point then) {
    std::chrono::nanoseconds const time = std::chrono::steady_clock::now() - then;
    return Duration{time.count()};
}
}  // namespace

void GroupDriver::tell_of_held() {
    mirror::Held const held = machine_->held();
    bool const holds = held.requests != 0;
    if (holds == held_since_.has_value()) return;
    Duration const lasted = holds ? Duration{} : since(*held_since_);
    held_since_.reset();
    if (holds) held_since_ = std::chrono::steady_clock::now();
    told_.held(held, lasted);
}

GroupDriver::Holding GroupDriver::holding() {
    Holding found = look_at([this](mirror::MirrorMachine const& machine) {
        return Holding{machine.held(), held_since_ ? since(*held_since_) : Duration{}};
    });
    // Who does not come in does so because of those that do not come out.
    if (found.now.requests != 0) found.now.requests += at_the_door_;
    return found;
}

/// True when it succeeded.
template <class Result>
bool GroupDriver::note_health(DiskHealth::What what, Result const& result) {
    if (result) {
        health_.succeeded(what);
    } else {
        health_.failed(what, result.error());
    }
    return result.has_value();
}

/// What the array did not do is a matter for people; the machine goes on without an image.
bool GroupDriver::change_image(mirror::output::ArrayImage::Do what) {
    using Do = mirror::output::ArrayImage::Do;
    CopyImage* const image = disk_.image();
    if (image == nullptr) return false;
    struct Deed {
        CopyImage::Done done;
        char const* failed = "";
    } deed;
    switch (what) {
        case Do::keep:
            deed = {image->keep(), "no image of this copy is kept before its resync"};
            break;
        case Do::restore:
            deed = {image->restore(), "this copy does not go back to its image"};
            break;
        case Do::drop:
            deed = {image->drop(), "the image of this copy cannot be dropped"};
            break;
    }
    if (!deed.done) told_.words(std::string(deed.failed) + ": " + deed.done.error());
    tell_of_lost_image();
    return deed.done.has_value();
}

/// To be called before whatever lost it is answered: the machine orders nothing of the array until
/// then that could be confused with it.
void GroupDriver::tell_of_lost_image() {
    if (disk_.image() != nullptr && disk_.image()->take_lost()) put({mirror::input::ImageLost{}});
}

bool GroupDriver::stored(int number) {
    CopyDisk::Done done;
    if (number != 0) done = std::unexpected(store_->file() + ": " + std::strerror(number));
    return note_health(DiskHealth::What::store, done);
}

mirror::Input GroupDriver::perform(Deed& deed) {
    using What = DiskHealth::What;
    struct Perform {
        GroupDriver& group;
        mirror::Input operator()(mirror::output::DiskRead const& what) const {
            auto content = group.disk_.read(what.range);
            bool const ok = group.note_health(What::read, content);
            return mirror::input::DiskDone{what.op, ok, ok ? std::move(*content) : Payload()};
        }
        mirror::Input operator()(mirror::output::DiskWrite const& what) const {
            bool const ok =
                group.note_health(What::write, group.disk_.write(what.range, what.payload));
            group.tell_of_lost_image();
            return mirror::input::DiskDone{what.op, ok, {}};
        }
        mirror::Input operator()(mirror::output::DiskFlush const& what) const {
            bool const ok = group.note_health(What::flush, group.disk_.flush());
            return mirror::input::DiskDone{what.op, ok, {}};
        }
        mirror::Input operator()(mirror::output::ArrayImage const& what) const {
            return mirror::input::DiskDone{what.op, group.change_image(what.what), {}};
        }
        mirror::Input operator()(mirror::output::PersistCell const& what) const {
            return mirror::input::PersistDone{what.id,
                                              group.stored(group.store_->store(*what.cell))};
        }
        mirror::Input operator()(mirror::output::PersistPage const& what) const {
            return mirror::input::PersistDone{what.id,
                                              group.stored(group.store_->store(*what.page))};
        }
    };
    return std::visit(Perform{*this}, deed);
}

// Hosts.

void GroupDriver::answer(mirror::output::HostReply& reply, Deeds& deeds) {
    auto const found = waiters_.find(reply.request.value);
    if (found == waiters_.end()) return;
    std::shared_ptr<Waiter> waiter = std::move(found->second);
    waiters_.erase(found);
    waiter->status = reply.status;
    waiter->payload = std::move(reply.payload);
    deeds.answered.push_back(std::move(waiter));
}

std::shared_ptr<GroupDriver::Waiter> GroupDriver::ask(std::uint64_t opening,
                                                      mirror::input::HostRequest request) {
    auto waiter = std::make_shared<Waiter>();
    waiter->opening = opening;
    request.request = RequestId{next_request_++};
    bring({std::move(request), waiter});
    waiter->answered.wait();
    if (waiter->status != HostStatus::ok) ++counts_.failed;
    return waiter;
}

HostStatus GroupDriver::read(std::uint64_t opening, Extent range, std::span<std::byte> into) {
    ++counts_.reads;
    counts_.read_bytes += range.count * sector_bytes;
    auto const answered = ask(opening, {{}, HostOp::read, false, range, {}});
    if (answered->status != HostStatus::ok) return answered->status;
    VERIFY(answered->payload.sectors() == range.count);
    Payload const& content = answered->payload;
    if (!content.is_bytes()) {
        std::ranges::fill(into, std::byte{});  // zeroes are not carried about
        return HostStatus::ok;
    }
    std::memcpy(into.data(), content.as_bytes().data(), into.size());
    return HostStatus::ok;
}

/// An asynchronous leg lets few writes wait, whatever their size: their bytes are bounded here. One
/// that ends lets everybody go.
void GroupDriver::wait_for_room_on_legs() {
    auto const legs = look_at([this](mirror::MirrorMachine const&) { return legs_; });
    for (std::shared_ptr<Link> const& leg : legs) {
        if (leg != nullptr) leg->wait_for_room();
    }
    look_at([this](mirror::MirrorMachine const&) {
        crowded_ = std::ranges::any_of(
            legs_, [](auto const& leg) { return leg != nullptr && leg->crowded(); });
    });
}

HostStatus GroupDriver::change(std::uint64_t opening, mirror::input::HostRequest request) {
    ++counts_.writes;
    counts_.written_bytes += request.range.count * sector_bytes;
    ++at_the_door_;
    writes_.acquire();
    --at_the_door_;
    if (crowded_) wait_for_room_on_legs();
    HostStatus const status = ask(opening, std::move(request))->status;
    writes_.release();
    return status;
}

HostStatus GroupDriver::write(std::uint64_t opening, Extent range, std::span<std::byte const> from,
                              bool durable) {
    std::shared_ptr<std::byte> room = Payload::room(range.count);
    std::memcpy(room.get(), from.data(), from.size());
    return change(
        opening, {{}, HostOp::write, durable, range, Payload::bytes(std::move(room), range.count)});
}

HostStatus GroupDriver::zero(std::uint64_t opening, Extent range, bool trim, bool durable) {
    return change(opening, {{}, trim ? HostOp::trim : HostOp::write_zeroes, durable, range, {}});
}

HostStatus GroupDriver::flush(std::uint64_t opening) {
    ++counts_.flushes;
    return ask(opening, {{}, HostOp::flush, false, {}, {}})->status;
}

// Legs.

void GroupDriver::connected(Slot peer, std::shared_ptr<Link> const& link) {
    Deeds deeds;
    {
        std::lock_guard const lock(lock_);
        step_brought(deeds);
        std::shared_ptr<Link>& leg = legs_[peer.value];
        if (leg != nullptr) {
            // The peer has begun anew before the end of its old connection was noticed.
            leg->close();
            ConnectionId const old = leg->id();
            forget_leg(peer);
            step(mirror::input::ConnectionDown{peer, old}, deeds);
        }
        if (!stopped_) leg = link;
        step(mirror::input::ConnectionUp{peer, link->id()}, deeds);
    }
    work_off(deeds);
}

void GroupDriver::arrived(Slot peer, Link& link, mirror::Message message) {
    bring({mirror::input::MessageArrived{peer, link.id(), std::move(message)}, nullptr, &link},
          &link);
}

void GroupDriver::disconnected(Slot peer, Link& link) {
    Deeds deeds;
    {
        std::lock_guard const lock(lock_);
        step_brought(deeds);
        if (legs_[peer.value].get() == &link) {
            forget_leg(peer);
            step(mirror::input::ConnectionDown{peer, link.id()}, deeds);
        }
    }
    work_off(deeds);
}

/// Under the lock. What it had sent stays counted.
void GroupDriver::forget_leg(Slot peer) {
    std::shared_ptr<Link>& leg = legs_[peer.value];
    traffic_[peer.value].sent_bytes += leg->sent_bytes();
    leg.reset();
}

mirror::PerCopy<GroupDriver::Traffic> GroupDriver::traffic() {
    return look_at([this](mirror::MirrorMachine const&) {
        mirror::PerCopy<Traffic> seen = traffic_;
        for (std::size_t copy = 0; copy < legs_.size(); ++copy) {
            if (legs_[copy] == nullptr) continue;
            seen[copy].queued_bytes = legs_[copy]->queued_bytes();
            seen[copy].sent_bytes += legs_[copy]->sent_bytes();
        }
        return seen;
    });
}

/// Whoever reads them finds their end, as if the peer had gone.
void GroupDriver::let_go_of_legs() {
    std::lock_guard const lock(lock_);
    for (std::shared_ptr<Link> const& leg : legs_) {
        if (leg != nullptr) leg->close();
    }
}

// The group's own thread.

void GroupDriver::command(mirror::Command const& command) { post(command); }

void GroupDriver::store_above(nodes::StoredHierarchy const& above) { post(above); }

void GroupDriver::post(Task task) {
    {
        std::lock_guard const lock(tasks_lock_);
        tasks_.push_back(std::move(task));
    }
    tasks_there_.notify_one();
}

void GroupDriver::work() {
    std::unique_lock lock(tasks_lock_);
    for (;;) {
        tasks_there_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
        if (stopping_) return;
        Task const task = std::move(tasks_.front());
        tasks_.pop_front();
        lock.unlock();
        struct Do {
            GroupDriver& group;
            void operator()(mirror::Command const& command) const {
                group.bring({mirror::input::Commanded{command}});
            }
            void operator()(Due const& due) const { group.time_is_up(due); }
            void operator()(nodes::StoredHierarchy const& above) const {
                group.told_.above_stored(above, group.stored(group.store_->store(above)));
            }
        };
        std::visit(Do{*this}, task);
        lock.lock();
    }
}

void GroupDriver::time_is_up(Due const& due) {
    Deeds deeds;
    {
        std::lock_guard const lock(lock_);
        step_brought(deeds);
        if (timers_[static_cast<std::size_t>(due.timer)].number == due.number) {
            step(mirror::input::TimerFired{due.timer}, deeds);
        }
    }
    work_off(deeds);
}

}  // namespace sunder::live
