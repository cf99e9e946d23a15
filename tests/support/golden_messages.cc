// SPDX-License-Identifier: BSD-3-Clause
//
// One of each message, member by member, and its bytes, which were written down by another program.
#include "tests/support/golden_messages.h"

#include <cstring>

namespace sunder::test {

using namespace replication;
using namespace nodes;
using replication::Era;
using replication::Generation;
using replication::Slot;

namespace {

constexpr Generation first{0x1112, Minted::without_peer};
constexpr Generation second{0x2122, Minted::forced};
constexpr Era era{0x0a0b, {7}};

History past(std::initializer_list<Generation> generations) {
    History history;
    for (Generation const one : generations) history.push_back(one);
    return history;
}

Cell some_cell() {
    Cell cell;
    cell.current = first;
    cell.history = past({second});
    cell.era = era;
    cell.role = Role::source;
    cell.data = DataState::consistent;
    cell.applying = true;
    cell.data_corrupt = true;
    cell.apart = Apart::written;
    cell.fallback.current = second;
    cell.asynchronous_limit = 0x31;
    cell.resync = 0x41;
    cell.peers[1] = {first, true, 0x51, false};
    cell.peers[7] = {{}, false, 0, true};
    return cell;
}

std::shared_ptr<Bitmap const> some_bits() {
    auto bits = std::make_shared<Bitmap>(1000);
    bits->set(3);
    for (std::uint64_t bit = 128; bit < 640; ++bit) bits->set(bit);
    bits->set(705);
    bits->set(770);
    return bits;
}

Message some_hello() {
    Hello hello;
    hello.cell = some_cell();
    hello.in_service = true;
    hello.bitmap_merge = true;
    hello.sectors = 0x61;
    hello.chunk_sectors = 0x62;
    hello.bits = some_bits();
    hello.writes_apart = 0x63;
    hello.follows = true;
    hello.extended = 0x83;
    hello.rests = true;
    return std::make_shared<Hello const>(hello);
}

}  // namespace

Payload some_bytes(std::uint64_t sectors) {
    std::shared_ptr<std::byte> const room = Payload::room(sectors);
    std::memset(room.get(), 0x5a, sectors * sector_bytes);
    return Payload::bytes(room, sectors);
}

Record some_record(RecordKind kind, std::uint64_t sectors, Payload content) {
    return {era,  {7},  0x1122334455667788, {0x0203},
            kind, true, {0x99, sectors},    std::move(content)};
}

std::vector<GoldenMessage> golden_messages() {
    Heard const heard{first, 0x71, true};
    Absences const absent{{{2}, first, true}, {{3}, second, false}};
    return {
        {"a record of zeroes", some_record(RecordKind::write_zeroes, 3, Payload::zero(3)),
         "0200 0b0a000007 07 8877665544332211 0302 02 01 99000000000000000300000000000000 "
         "0101000000 030000000000000000000000000000000000000000000000"},
        {"a record of pieces",
         some_record(RecordKind::resync, 5, Payload::of({{2, 0x77, 9}, {3, 0, 0}})),
         "0200 0b0a000007 07 8877665544332211 0302 05 01 99000000000000000500000000000000 "
         "0102000000 020000000000000077000000000000000900000000000000 030000000000000000000000"
         "000000000000000000000000"},
        {"a record with content", some_record(RecordKind::write, 2, some_bytes(2)),
         "0200 0b0a000007 07 8877665544332211 0302 00 01 99000000000000000200000000000000 "
         "0202000000"},
        {"a barrier", some_record(RecordKind::settle, 0, {}),
         "0200 0b0a000007 07 8877665544332211 0302 04 01 99000000000000000000000000000000 00"},
        {"an acknowledgement", RecordAck{0x81}, "0201 8100000000000000"},
        {"a greeting", some_hello(),
         "0202 121100000000000001 01 222100000000000002 0b0a000007 0002 0001000102 "
         "222100000000000002 00 31000000 4100000000000000 "
         "0000000000000000000000000000000000000000 1211000000000000010151000000000000000000 "
         "0000000000000000000000000000000000000000 0000000000000000000000000000000000000000 "
         "0000000000000000000000000000000000000000 0000000000000000000000000000000000000000 "
         "0000000000000000000000000000000000000000 0000000000000000000000000000000000000100 01 00 "
         "01 6100000000000000 6200000000000000 01 e80300000000000003000000 "
         "0000000001000000010800000000000000 020000000800000001ffffffffffffffff "
         "0b000000020000000002000000000000000400000000000000 63000000 01 83 01"},
        {"the begin of mirroring", MirrorBegin{era, heard, absent},
         "0203 0b0a000007 1211000000000000017100000001 02000000 0212110000000000000101 "
         "0322210000000000000200"},
        {"the begin of a resync", ResyncBegin{era, 0x91, heard},
         "0204 0b0a000007 9100000000000000 1211000000000000017100000001"},
        {"a target that is ready", ResyncReady{0x91}, "0205 9100000000000000"},
        {"a finish",
         std::make_shared<Finish const>(Finish{0x91, first, past({second, first}), 0xa1, absent}),
         "0206 9100000000000000 121100000000000001 02 222100000000000002 121100000000000001 "
         "a100000000000000 02000000 0212110000000000000101 0322210000000000000200"},
        {"a finish's answer", FinishReply{0x91}, "0207 9100000000000000"},
        {"the begin of a pause", PauseBegin{era}, "0208 0b0a000007"},
        {"a pause's answer", PauseReply{}, "0209"},
        {"a block that is asked for", ReadAsk{0xb1, {0xb2, 0xb3}},
         "020a b100000000000000 b200000000000000b300000000000000"},
        {"a block that is lent", ReadReply{0xb1, true, Payload::pattern(2, 0x77, 9)},
         "020b b100000000000000 01 0101000000 020000000000000077000000000000000900000000000000"},
        {"a generation",
         std::make_shared<NewGeneration const>(NewGeneration{era, first, past({second}), absent}),
         "020c 0b0a000007 121100000000000001 01 222100000000000002 02000000 "
         "0212110000000000000101 0322210000000000000200"},
        {"a generation that is stored", GenerationStored{second}, "020d 222100000000000002"},
        {"a peer-ack", PeerAck{{2}, true, false, some_bits()},
         "020e 02 01 00 01 e80300000000000003000000 0000000001000000010800000000000000 "
         "020000000800000001ffffffffffffffff 0b000000020000000002000000000000000400000000000000"},
    };
}

StoredHierarchy some_hierarchy() {
    Hierarchy made;
    made.create({{2}, ResourceKind::file_system, false});
    made.create({{5}, ResourceKind::multi_site, true});
    made.create_dependency({{2}, {}});
    made.create_dependency({{5}, ResourceId{2}});
    StoredHierarchy stored;
    stored.group = {0x0102};
    stored.version = 0x11;
    stored.is = std::make_shared<Hierarchy const>(made);
    stored.era = {0x21, {3}};
    stored.extended = 0x83;
    stored.unmirrored = true;
    stored.priority = {1, 2, 0x0304};
    return stored;
}

std::vector<GoldenControl> golden_control() {
    constexpr GroupId group{0x0102};
    constexpr Era taken{0x21, {3}};
    constexpr Generation generation{0x31, replication::Minted::forced};
    control::Hears hears;
    hears.whom.insert({0});
    hears.whom.insert({9});
    hears.whom.insert({255});
    auto cell = std::make_shared<Cell>();
    cell->current = generation;
    control::Claim claim{group, cell};
    claim.taking_over = true;
    claim.taken_out = true;
    claim.source = Slot{4};
    control::Claim const bare{group, nullptr, true, false, true, false, true, std::nullopt};
    return {
        {"whom a node hears", hears,
         "0200 0102000000000000000000000000000000000000000000000000000000000080"},
        {"a claim", claim,
         "0201 0201 01 310000000000000002 00 0000000000 0100 0000000000 000000000000000000 00 "
         "00000000 0000000000000000 0000000000000000000000000000000000000000 "
         "0000000000000000000000000000000000000000 0000000000000000000000000000000000000000 "
         "0000000000000000000000000000000000000000 0000000000000000000000000000000000000000 "
         "0000000000000000000000000000000000000000 0000000000000000000000000000000000000000 "
         "0000000000000000000000000000000000000000 00 01 00 01 00 0104"},
        {"a claim of no cell", bare, "0201 0201 00 01 00 01 00 01 00"},
        {"a hierarchy", control::HierarchyIs{group, some_hierarchy()},
         "0202 0201 0201 11000000 01 02000000 02000000 05000601 02000000 020000 0500010200 "
         "2100000003 8301 01000200040300000000000000000000 01"},
        {"a question to join", control::AskExtension{group, {group}},
         "0203 0201 0201 00000000 00 0000000000 0000 00000000000000000000000000000000 01"},
        {"a refusal to join",
         control::ExtensionRefused{group, 0x41, ExtensionRule::target_too_small},
         "0204 0201 41000000 12"},
        {"say again", control::SayAgain{group}, "0205 0201"},
        {"raise your era", control::RaiseEra{group, taken}, "0206 0201 2100000003"},
        {"it is stored", control::EraStored{group, taken}, "0207 0201 2100000003"},
        {"you are outdated", control::YouAreOutdated{group, generation},
         "0208 0201 310000000000000002"},
        {"that is stored", control::OutdatedStored{group, generation},
         "0209 0201 310000000000000002"},
        {"I am the loser", control::Concede{group}, "020a 0201"},
        {"be it", control::ConcedeAnswered{group, true}, "020b 0201 01"},
        {"take over", control::TakeOver{group}, "020c 0201"},
        {"I will not", control::TakeOverRefused{group}, "020d 0201"},
        {"switch back", control::SwitchBack{group}, "020e 0201"},
        {"give up", control::GiveUp{group}, "020f 0201"},
        {"I do not", control::GiveUpRefused{group, SwitchoverRule::no_quorum}, "0210 0201 0a"},
    };
}

}  // namespace sunder::test
