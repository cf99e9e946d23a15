// SPDX-License-Identifier: BSD-3-Clause
//
// Drives one mirror machine by hand: nothing completes until a test says so.
#pragma once

#include "replication/mirror_machine.h"

#include <catch2/catch.hpp>

#include <memory>
#include <vector>

namespace sunder::testing {

namespace rep = replication;

class MachineDriver {
public:
    static constexpr rep::Slot self{0};
    static constexpr rep::Slot peer{1};
    static constexpr ConnectionId connection{1};

    explicit MachineDriver(bool first_source = true, bool synchronous = true,
                           bool intent_log = true, bool guarded = false)
        : MachineDriver(config(first_source, synchronous, intent_log, guarded)) {}
    explicit MachineDriver(rep::GroupConfig const& config)
        : machine(std::make_shared<rep::GroupConfig const>(config)) {
        give(rep::input::Started{std::nullopt, {}, 1});
        persist_all();
    }
    static rep::GroupConfig config(bool first_source, bool synchronous, bool intent_log,
                                   bool guarded) {
        rep::GroupConfig made;
        made.self = self;
        made.nodes = {NodeId{0}, NodeId{1}};
        made.sectors = made.mirrored_sectors = 128 * 16;
        made.synchronous.fill(synchronous);
        made.asynchronous_limit = 2;
        made.intent_log = intent_log;
        made.guarded = guarded;
        made.first_source = first_source;
        made.born_in_sync = true;
        return made;
    }

    void give(rep::Input const& input) {
        rep::Outbox out;
        machine.step(input, out);
        for (rep::Output& output : out) outputs.push_back(std::move(output));
    }
    /// Takes the outputs of one kind that were not taken before.
    template <class T>
    std::vector<T> take() {
        std::vector<T> taken;
        std::erase_if(outputs, [&](rep::Output& output) {
            if (auto* wanted = std::get_if<T>(&output)) {
                taken.push_back(std::move(*wanted));
                return true;
            }
            return false;
        });
        return taken;
    }
    /// Takes the messages of one kind that were sent.
    template <class M>
    std::vector<M> sent() {
        std::vector<M> taken;
        std::erase_if(outputs, [&](rep::Output& output) {
            auto* send = std::get_if<rep::output::Send>(&output);
            if (send == nullptr || !std::holds_alternative<M>(send->message)) return false;
            taken.push_back(std::get<M>(send->message));
            return true;
        });
        return taken;
    }
    template <class N>
    std::size_t noted() {
        std::size_t count = 0;
        for (rep::Output const& output : outputs) {
            auto const* noted = std::get_if<rep::output::Noted>(&output);
            count += noted != nullptr && std::holds_alternative<N>(noted->note) ? 1U : 0U;
        }
        return count;
    }

    bool persist_one(bool ok = true) {
        if (auto const cells = take_first<rep::output::PersistCell>()) {
            give(rep::input::PersistDone{cells->id, ok});
            return true;
        }
        if (auto const page = take_first<rep::output::PersistPage>()) {
            give(rep::input::PersistDone{page->id, ok});
            return true;
        }
        return false;
    }
    void persist_all() {
        while (persist_one()) {
        }
    }
    void finish_disk(bool ok = true) {
        bool more = true;
        while (more) {
            more = false;
            for (auto const& op : take<rep::output::DiskWrite>()) done(op.op, ok), more = true;
            for (auto const& op : take<rep::output::DiskFlush>()) done(op.op, ok), more = true;
        }
    }
    void done(DiskOpId op, bool ok = true, Payload payload = {}) {
        give(rep::input::DiskDone{op, ok, std::move(payload)});
    }
    void settle_all() {
        for (int i = 0; i < 20; ++i) {
            persist_all();
            finish_disk();
        }
    }

    void promote(std::uint32_t era = 1, bool forced = false) {
        give(rep::input::Commanded{rep::command::Promote{{era, NodeId{0}}, forced}});
        settle_all();
        REQUIRE(machine.open());
    }
    void connect() { give(rep::input::ConnectionUp{peer, connection}); }
    void arrive(rep::Message message) {
        give(rep::input::MessageArrived{peer, connection, std::move(message)});
    }
    /// A hello of a peer with the same generation, out of service.
    void greet_in_sync() {
        auto hello = std::make_shared<rep::Hello>();
        hello->extended = rep::all_copies(machine.config().copies);
        hello->cell = machine.cell();
        hello->cell.role = rep::Role::target;
        hello->cell.last_owner = false;
        hello->intent_log = hello->bitmap_merge = true;
        arrive(std::shared_ptr<rep::Hello const>(hello));
    }
    void mirror() {
        promote();
        connect();
        greet_in_sync();
        settle_all();
        REQUIRE(rep::state_of(machine.leg(peer)) == rep::LegState::mirroring);
        outputs.clear();
    }
    /// Is in service, and a target that was never written is ready to be resynchronised in full.
    void resync() {
        promote();
        connect();
        auto hello = std::make_shared<rep::Hello>();
        hello->extended = rep::all_copies(machine.config().copies);
        hello->intent_log = hello->bitmap_merge = true;
        arrive(std::shared_ptr<rep::Hello const>(hello));
        persist_all();
        auto const begin = sent<rep::ResyncBegin>();
        REQUIRE(begin.size() == 1);
        arrive(rep::ResyncReady{begin[0].resync});
        REQUIRE(rep::state_of(machine.leg(peer)) == rep::LegState::resyncing);
    }
    [[nodiscard]] rep::leg::Resyncing const& resyncing() const {
        return std::get<rep::leg::Resyncing>(machine.leg(peer));
    }
    /// Becomes the target of the peer.
    void follow() {
        connect();
        auto hello = std::make_shared<rep::Hello>();
        hello->extended = rep::all_copies(machine.config().copies);
        hello->cell = machine.cell();
        hello->cell.role = rep::Role::source;
        hello->in_service = true;
        arrive(std::shared_ptr<rep::Hello const>(hello));
        arrive(rep::MirrorBegin{{1, NodeId{1}}, {{1, rep::Minted::created}, 0}});
        settle_all();
        outputs.clear();
    }
    rep::Record record(std::uint64_t sequence, std::uint64_t block,
                       rep::RecordKind kind = rep::RecordKind::write) {
        Extent const range = kind == rep::RecordKind::write ? Extent{block * 8, 8} : Extent{};
        Payload const payload =
            range.count == 0 ? Payload{} : Payload::pattern(range.count, sequence, range.first);
        return {{1, NodeId{1}}, NodeId{1}, sequence, {}, kind, false, range, payload};
    }
    RequestId ask(rep::HostOp op, std::uint64_t block, bool fua = false) {
        RequestId const request{next_request_++};
        Extent const range = op == rep::HostOp::flush ? Extent{} : Extent{block * 8, 8};
        Payload const payload =
            op == rep::HostOp::write ? Payload::pattern(8, request.value, range.first) : Payload{};
        give(rep::input::HostRequest{request, op, fua, range, payload});
        return request;
    }
    std::vector<rep::output::HostReply> replies() { return take<rep::output::HostReply>(); }

    rep::MirrorMachine machine;
    std::vector<rep::Output> outputs;

private:
    template <class T>
    std::optional<T> take_first() {
        for (auto output = outputs.begin(); output != outputs.end(); ++output) {
            if (auto* wanted = std::get_if<T>(&*output)) {
                T taken = std::move(*wanted);
                outputs.erase(output);
                return taken;
            }
        }
        return std::nullopt;
    }
    std::uint64_t next_request_ = 1;
};

}  // namespace sunder::testing
