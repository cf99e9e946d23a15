// SPDX-License-Identifier: BSD-3-Clause
//
// What all legs have in common.
#include "replication/leg.h"

namespace sunder::replication {

namespace {

struct State {
    LegState operator()(leg::Disconnected const&) const { return LegState::disconnected; }
    LegState operator()(leg::Handshaking const&) const { return LegState::handshaking; }
    LegState operator()(leg::Preparing const&) const { return LegState::handshaking; }
    LegState operator()(leg::Resyncing const&) const { return LegState::resyncing; }
    LegState operator()(leg::Mirroring const&) const { return LegState::mirroring; }
    LegState operator()(leg::Paused const&) const { return LegState::paused; }
    LegState operator()(leg::Following const& following) const {
        switch (following.phase) {
            case leg::Following::Phase::imaging:
            case leg::Following::Phase::preparing:
            case leg::Following::Phase::pausing:
                return LegState::handshaking;
            case leg::Following::Phase::paused:
                return LegState::paused;
            case leg::Following::Phase::resyncing:
                return LegState::resyncing;
            case leg::Following::Phase::mirroring:
                return LegState::mirroring;
        }
        return LegState::disconnected;
    }
};

struct Connection {
    ConnectionId const* operator()(leg::Disconnected const&) const { return nullptr; }
    ConnectionId const* operator()(leg::Resyncing const& leg) const {
        return &leg.channel.connection;
    }
    ConnectionId const* operator()(leg::Mirroring const& leg) const {
        return &leg.channel.connection;
    }
    ConnectionId const* operator()(auto const& leg) const { return &leg.connection; }
};

struct Print {
    Fingerprint operator()(leg::Disconnected const&) const { return 1; }
    Fingerprint operator()(leg::Handshaking const& leg) const {
        return hash_words(
            2, leg.theirs ? hash_words(leg.theirs->cell.fingerprint(), leg.theirs->extended) : 0,
            std::uint64_t{leg.decided} | std::uint64_t{leg.said_owner} << 1 |
                std::uint64_t{leg.said_follows} << 2,
            static_cast<std::uint64_t>(leg.decision.rule),
            leg.opened_mine ? leg.opened_mine->cell.fingerprint() : 0,
            leg.opened_theirs ? leg.opened_theirs->cell.fingerprint() : 0);
    }
    Fingerprint operator()(leg::Preparing const& leg) const {
        return hash_words(3, leg.resync, leg.full, leg.begun, leg.heard.current.id,
                          leg.heard.writes_apart, leg.heard.outdated,
                          std::uint64_t{leg.era.number} << 8 | leg.era.node.value);
    }
    Fingerprint operator()(leg::Resyncing const& leg) const {
        return hash_words(4, leg.resync, leg.channel.fingerprint(), leg.need.fingerprint(),
                          leg.cursor, leg.runs.fingerprint(),
                          std::uint64_t{leg.finishing} | std::uint64_t{leg.finish_sent} << 1 |
                              std::uint64_t{leg.stuck} << 2,
                          leg.reserved ? *leg.reserved + 1 : 0, leg.pace.fingerprint());
    }
    Fingerprint operator()(leg::Mirroring const& leg) const {
        return hash_words(5, leg.channel.fingerprint());
    }
    Fingerprint operator()(leg::Paused const& leg) const { return hash_words(7, leg.confirmed); }
    Fingerprint operator()(leg::Following const& leg) const {
        return hash_words(6, static_cast<std::uint64_t>(leg.phase), leg.resync, leg.era.number,
                          leg.received.fingerprint());
    }
};

}  // namespace

LegState state_of(Leg const& leg) { return std::visit(State{}, leg); }
ConnectionId const* connection_of(Leg const& leg) { return std::visit(Connection{}, leg); }
Fingerprint fingerprint(Leg const& leg) { return std::visit(Print{}, leg); }

Channel* channel_of(Leg& leg) {
    if (auto* mirroring = std::get_if<leg::Mirroring>(&leg)) return &mirroring->channel;
    if (auto* resyncing = std::get_if<leg::Resyncing>(&leg)) return &resyncing->channel;
    return nullptr;
}
Channel const* channel_of(Leg const& leg) { return channel_of(const_cast<Leg&>(leg)); }

std::string_view name_of(LegState state) {
    switch (state) {
        case LegState::disconnected:
            return "disconnected";
        case LegState::handshaking:
            return "handshaking";
        case LegState::paused:
            return "paused";
        case LegState::resyncing:
            return "resyncing";
        case LegState::mirroring:
            return "mirroring";
    }
    return "";
}
}  // namespace sunder::replication
