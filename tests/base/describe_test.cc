// SPDX-License-Identifier: BSD-3-Clause
//
// Is a value told in full, member by member?
#include "base/describe.h"

#include "replication/message.h"

#include <catch2/catch.hpp>

using namespace sunder;
using namespace sunder::replication;

TEST_CASE("A record is told with its era, its place in the order, and its content by name") {
    Record const record{{3, NodeId{1}},    NodeId{1}, 17,      GroupId{2},
                        RecordKind::write, true,      {64, 8}, Payload::pattern(8, 5, 64)};
    CHECK(describe(record) ==
          "{era={number=3 node=1} origin=1 sequence=17 group=2 kind=write fua=yes "
          "range={first=64 count=8} payload=#5@64*8}");
}

TEST_CASE("A cell is told with the names of its states") {
    Cell cell;
    cell.role = Role::source;
    cell.data = DataState::up_to_date;
    cell.current = {9, Minted::forced};
    std::string const text = describe(cell);
    CHECK(text.find("current={id=9 why=forced}") != std::string::npos);
    CHECK(text.find("role=source data=up to date") != std::string::npos);
}

TEST_CASE("Messages, pointers and nothing at all can be told") {
    auto hello = std::make_shared<Hello>();
    hello->bits = std::make_shared<Bitmap const>(Bitmap(128));
    Message const message = std::shared_ptr<Hello const>(hello);
    CHECK(describe(message).find("bits=0 of 128") != std::string::npos);
    CHECK(describe(std::optional<Extent>{}) == "none");
    CHECK(describe(Payload{}) == "none");
    CHECK(describe(Payload::of({{1, 7, 0}, {2, 0, 0}})) == "#7@0*1+zero*2");
}
