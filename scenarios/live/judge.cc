// SPDX-License-Identifier: BSD-3-Clause
//
// Registers, and what a survey finds in them.
#include "scenarios/live/judge.h"

#include "base/hash.h"
#include "base/pattern.h"
#include "netsim/volumes.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sunder::staged {

using netsim::RegisterHistory;
using replication::HostOp;

namespace {

/// What nobody of this run has written.
constexpr std::uint64_t foreign = 0x666f726569676e21ULL;
char const* const split_word = "split brain under a faithful policy";

}  // namespace

Judge::Judge(netsim::Cluster const& cluster, std::uint16_t mirror, netsim::Findings& findings,
             Duration const& now)
    : cluster_(cluster), mirror_(cluster.mirrors[mirror]), findings_(findings), now_(now) {}

template <class Visit>
void Judge::for_each_block(Extent range, Visit&& visit) const {
    std::uint64_t const first = (range.first + block_sectors / 2 - 1) / block_sectors;
    for (std::uint64_t b = first; b * block_sectors + block_sectors / 2 < range.end(); ++b) {
        visit(b);
    }
}

/// A pattern in the wrong place is a value that nobody wrote.
Judge::Value Judge::value_in(std::vector<std::byte> const& bytes, Extent range,
                             std::uint64_t block) const {
    std::uint64_t const sector = block * block_sectors + block_sectors / 2;
    std::byte const* const at = bytes.data() + (sector - range.first) * sector_bytes;
    auto const found = recognise(std::span<std::byte const, sector_bytes>(at, sector_bytes));
    if (!found) return foreign;
    if (found->id == 0 || found->offset == sector) return found->id;
    return hash_words(found->id, found->offset - sector);
}

void Judge::asked(HostAsk const& ask) {
    ++tick_;
    if (ask.op == HostOp::flush) return;
    if (split_) {  // a block to be surveyed when they have joined
        if (ask.op == HostOp::read) return;
        for_each_block(ask.range, [&](std::uint64_t b) { registers_.try_emplace(b); });
        return;
    }
    Value const value = ask.op == HostOp::write ? ask.content : 0;
    if (ask.op == HostOp::read) reads_.emplace(ask.request, ask.range);
    if (ask.op == HostOp::write) written_[value].asked = tick_;
    for_each_block(ask.range, [&](std::uint64_t b) {
        if (ask.op != HostOp::read) {
            registers_.try_emplace(b).first->second.ask_write(ask.request.value, value);
            since_[b].push_back(value);
        } else if (auto const found = registers_.find(b); found != registers_.end()) {
            found->second.ask_read(ask.request.value);
        }
    });
}

void Judge::answered(HostAsk const& ask, bool ok, std::vector<std::byte> const& bytes) {
    ++tick_;
    reads_.erase(ask.request);
    if (ask.op == HostOp::flush || split_) return;
    if (ok && ask.op == HostOp::write) written_[ask.content].answered = tick_;
    for_each_block(ask.range, [&](std::uint64_t b) {
        auto const found = registers_.find(b);
        if (found == registers_.end()) return;
        RegisterHistory& history = found->second;
        if (ask.op != HostOp::read) {
            if (ok) history.answer_write(ask.request.value);
            return;  // what failed may happen yet
        }
        if (!ok) {
            history.abandon_read(ask.request.value);
            return;
        }
        bool const was_well = history.linearizable();
        auto const expected = history.expected();
        Value const value = value_in(bytes, ask.range, b);
        history.answer_read(ask.request.value, value);
        if (was_well && !history.linearizable()) misread(b, value, expected);
    });
}

std::string Judge::words_of(Value value) const {
    if (value == 0) return "zeroes";
    if (written_.contains(value)) return fmt::format("write {}", value);
    return "something that nobody wrote there";
}

void Judge::misread(std::uint64_t block, Value found, std::optional<Value> expected) {
    std::uint64_t const sector = block * block_sectors + block_sectors / 2;
    findings_.violated("linearizability", "SAF-8", now_,
                       fmt::format("a host read {} in {}; after what had been read and "
                                   "acknowledged before, it held {}, and no order of the requests "
                                   "explains both",
                                   words_of(found), netsim::sector_in_words(mirror_, sector),
                                   words_of(expected.value_or(0))));
}

std::vector<Extent> Judge::begin_survey() {
    surveying_ = true;
    // What nobody may ever answer would leave open what the blocks may hold.
    for (auto const& [request, range] : std::exchange(reads_, {})) {
        for_each_block(range, [&](std::uint64_t b) {
            auto const found = registers_.find(b);
            if (found != registers_.end()) found->second.abandon_read(request.value);
        });
    }
    std::vector<Extent> blocks;
    for (auto const& [b, history] : registers_) {
        std::uint64_t const first = b * block_sectors;
        blocks.push_back({first, std::min(block_sectors, mirror_.sectors - first)});
    }
    return blocks;
}

void Judge::surveyed(Extent block, std::vector<std::byte> const& bytes) {
    std::uint64_t const b = block.first / block_sectors;
    RegisterHistory& history = registers_.find(b)->second;
    Value const value = value_in(bytes, block, b);
    found_.insert(value);
    bool const known = !anew_ && !split_;
    if (known && history.overwhelmed()) {
        findings_.allowed("linearizability", "too many requests overlapped in one block");
    }
    if (!known || history.overwhelmed() || !history.linearizable()) {
        history = RegisterHistory(value);
        since_[b].clear();
        return;
    }
    if (!history.may_hold(value)) {
        missing_.insert(history.expected().value_or(0));
        note_missing(b, value);
        history.begin_again(value);
        since_[b].clear();
        return;
    }
    since_[b].clear();
    // From now on it holds this: what overlapped has come to its end with the node that served.
    std::uint64_t const read = hash_words(foreign, ++tick_);
    history.ask_read(read);
    history.answer_read(read, value);
}

/// Of what was acknowledged there since the last survey, that which the found content cannot have
/// overwritten, because it had been acknowledged itself before.
void Judge::note_missing(std::uint64_t block, Value found) {
    std::vector<Value> const& since = since_[block];
    bool const of_these = std::ranges::find(since, found) != since.end();
    auto const there = written_.find(found);
    bool const answered = there != written_.end() && there->second.answered != 0;
    if (of_these && !answered) return;  // it may be the last of them, whatever it was
    for (Value const value : since) {
        auto const known = written_.find(value);
        if (known == written_.end() || known->second.answered == 0 || value == found) continue;
        if (of_these && known->second.asked < there->second.answered) continue;
        missing_.insert(value);
    }
}

void Judge::end_survey(std::string const& node) {
    surveying_ = false;
    std::string const excuse = std::exchange(excuse_, {});
    std::set<Value> const missing = std::exchange(missing_, {});
    std::set<Value> const found = std::exchange(found_, {});
    if (std::exchange(anew_, false) || missing.empty()) return;
    std::uint64_t const lost = missing.size();
    lost_in_all_ += lost;
    if (!excuse.empty()) {
        findings_.allowed("no_lost_acknowledged_write", excuse, lost);
        return;
    }
    // The first of them that was acknowledged.
    auto const first = *std::ranges::min_element(missing, {}, [&](Value value) {
        auto const known = written_.find(value);
        std::uint64_t const answered = known == written_.end() ? 0 : known->second.answered;
        return answered == 0 ? UINT64_MAX : answered;
    });
    if (!mirror_.has_asynchronous_pairs()) {
        findings_.violated("no_lost_acknowledged_write", "SAF-1", now_,
                           fmt::format("{} began to serve {}, and {} acknowledged writes are not "
                                       "there, the first of them {}",
                                       node, mirror_.name, lost, words_of(first)));
        return;
    }
    if (lost > mirror_.asynchronous_limit) {
        findings_.violated("asynchronous_prefix", "SAF-2", now_,
                           fmt::format("{} began to serve {}, and {} acknowledged writes are not "
                                       "there; the limit of outstanding ones is {}",
                                       node, mirror_.name, lost, mirror_.asynchronous_limit));
        return;
    }
    auto const acknowledged = written_.find(first);
    for (Value const value : found) {
        auto const there = written_.find(value);
        if (there == written_.end() || acknowledged == written_.end()) continue;
        if (acknowledged->second.answered == 0) continue;
        if (there->second.asked < acknowledged->second.answered) continue;
        findings_.violated("asynchronous_prefix", "SAF-2", now_,
                           fmt::format("{} began to serve {} without {}, but has {}, which was "
                                       "asked for when that had been acknowledged",
                                       node, mirror_.name, words_of(first), words_of(value)));
        return;
    }
    findings_.allowed("no_lost_acknowledged_write", "asynchronous tail", lost);
}

void Judge::split() {
    if (split_) return;
    if (cluster_.policy.guarded) {
        findings_.violated("no_silent_split_brain", "SAF-6", now_,
                           fmt::format("two nodes of a guarded cluster serve {}", mirror_.name));
    }
    findings_.allowed("linearizability", split_word);
    split_ = true;
}

void Judge::joined() {
    if (!split_) return;
    split_ = false;
    anew_ = true;
}

}  // namespace sunder::staged
