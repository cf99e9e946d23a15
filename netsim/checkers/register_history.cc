// SPDX-License-Identifier: BSD-3-Clause
//
// All pasts that explain what was answered, and how each question and answer changes them.
#include "netsim/checkers/register_history.h"

#include <algorithm>
#include <vector>

namespace sunder::netsim {

namespace {

constexpr std::size_t most_open = 64;  // one bit each
constexpr std::size_t most_pasts = 512;

std::uint64_t bit(std::size_t which) { return std::uint64_t{1} << which; }

/// The mask without the bit; what lies above it moves down.
std::uint64_t without(std::uint64_t mask, std::size_t which) {
    std::uint64_t const below = mask & (bit(which) - 1);
    std::uint64_t const above = which + 1 == most_open ? 0 : mask >> (which + 1) << which;
    return below | above;
}

}  // namespace

void RegisterHistory::ask_write(Operation operation, Value value) {
    take({Event::Kind::ask_write, true, operation, value});
}

void RegisterHistory::ask_read(Operation operation) {
    take({Event::Kind::ask_read, false, operation, 0});
}

void RegisterHistory::answer_write(Operation operation) {
    take({Event::Kind::answer_write, true, operation, 0});
}

void RegisterHistory::answer_read(Operation operation, Value value) {
    auto const asked = std::ranges::find_if(waiting_, [&](Event const& event) {
        return event.kind == Event::Kind::ask_read && event.operation == operation;
    });
    if (asked == waiting_.end()) return;
    asked->known = true;
    asked->value = value;
    take({Event::Kind::answer_read, true, operation, value});
}

void RegisterHistory::abandon_read(Operation operation) {
    for (Event& event : waiting_) {
        if (event.kind != Event::Kind::ask_read || event.operation != operation) continue;
        event = Event{};
        drain();
        return;
    }
}

/// What was answered to a read says which writes it may have seen while it was asked, so everything
/// waits behind the question until then.
void RegisterHistory::take(Event const& event) {
    if (overwhelmed_ || pasts_.empty()) return;
    waiting_.push_back(event);
    drain();
}

void RegisterHistory::drain() {
    std::size_t taken = 0;
    for (; taken < waiting_.size() && waiting_[taken].known; ++taken) {
        Event const event = waiting_[taken];
        ++now_;
        auto const same = [&](auto const& open) { return open.operation == event.operation; };
        switch (event.kind) {
            case Event::Kind::nothing:
                break;
            case Event::Kind::ask_write:
                overwhelmed_ = overwhelmed_ || writes_.size() == most_open;
                if (!overwhelmed_) writes_.push_back({event.operation, event.value, now_});
                break;
            case Event::Kind::ask_read:
                overwhelmed_ = overwhelmed_ || reads_.size() == most_open;
                if (overwhelmed_) break;
                reads_.push_back({event.operation, event.value});
                for (Past& past : pasts_) note_seen(past);
                break;
            case Event::Kind::answer_write: {
                auto const found = std::ranges::find_if(writes_, same);
                if (found == writes_.end()) break;
                write_answered(static_cast<std::size_t>(found - writes_.begin()));
                break;
            }
            case Event::Kind::answer_read: {
                auto const found = std::ranges::find_if(reads_, same);
                if (found == reads_.end()) break;
                read_answered(static_cast<std::size_t>(found - reads_.begin()));
                break;
            }
        }
        if (overwhelmed_ || pasts_.empty()) {
            waiting_.clear();
            return;
        }
    }
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(taken));
}

/// Of two pasts that differ in nothing else, the one whose last moment is later excuses more.
void RegisterHistory::add(Pasts& to, Past const& past) {
    for (Past& known : to) {
        if (known.value != past.value || known.done != past.done || known.seen != past.seen)
            continue;
        known.last = std::max(known.last, past.last);
        return;
    }
    to.push_back(past);
}

void RegisterHistory::note_seen(Past& past) const {
    for (std::size_t r = 0; r < reads_.size(); ++r) {
        if (reads_[r].value == past.value) past.seen |= bit(r);
    }
}

void RegisterHistory::give_moment(Past& past, std::size_t which) const {
    past.value = writes_[which].value;
    past.done |= bit(which);
    past.last = now_;
    note_seen(past);
}

/// Adds every past in which more of the open writes have happened that an open read needs.
void RegisterHistory::explore() {
    for (std::size_t p = 0; p < pasts_.size(); ++p) {
        for (std::size_t w = 0; w < writes_.size(); ++w) {
            Past const past = pasts_[p];
            if ((past.done & bit(w)) != 0) continue;
            bool wanted = false;
            for (std::size_t r = 0; r < reads_.size() && !wanted; ++r) {
                wanted = (past.seen & bit(r)) == 0 && reads_[r].value == writes_[w].value;
            }
            if (!wanted) continue;
            Past then = past;
            give_moment(then, w);
            add(pasts_, then);
        }
        overwhelmed_ = overwhelmed_ || pasts_.size() > most_pasts;
        if (overwhelmed_) return;
    }
}

void RegisterHistory::write_answered(std::size_t which) {
    explore();
    Pasts after;
    for (Past const& past : pasts_) {
        bool const done = (past.done & bit(which)) != 0;
        bool const may_be_hidden = writes_[which].asked <= past.last;
        if (done || may_be_hidden) add(after, past);
        if (done) continue;
        Past now = past;
        give_moment(now, which);
        add(after, now);
    }
    pasts_ = std::move(after);
    drop_write(which);
}

void RegisterHistory::read_answered(std::size_t which) {
    explore();
    auto const missed = [&](Past const& past) { return (past.seen & bit(which)) == 0; };
    pasts_.erase(std::ranges::remove_if(pasts_, missed).begin(), pasts_.end());
    drop_read(which);
    forget_seen_writes();
}

void RegisterHistory::drop_write(std::size_t which) {
    writes_.erase(writes_.begin() + static_cast<std::ptrdiff_t>(which));
    Pasts after;
    for (Past past : pasts_) {
        past.done = without(past.done, which);
        add(after, past);
    }
    pasts_ = std::move(after);
}

void RegisterHistory::drop_read(std::size_t which) {
    reads_.erase(reads_.begin() + static_cast<std::ptrdiff_t>(which));
    Pasts after;
    for (Past past : pasts_) {
        past.seen = without(past.seen, which);
        add(after, past);
    }
    pasts_ = std::move(after);
}

/// A write that has happened in every past need not be remembered, answered or not.
void RegisterHistory::forget_seen_writes() {
    for (std::size_t w = writes_.size(); w-- > 0;) {
        bool const everywhere = std::ranges::all_of(
            pasts_, [&](Past const& past) { return (past.done & bit(w)) != 0; });
        if (everywhere) drop_write(w);
    }
}

bool RegisterHistory::may_hold(Value value) const {
    if (overwhelmed_ || pasts_.empty()) return true;
    return std::ranges::any_of(pasts_, [&](Past const& past) {
        if (past.value == value) return true;
        for (std::size_t w = 0; w < writes_.size(); ++w) {
            if (writes_[w].value == value && (past.done & bit(w)) == 0) return true;
        }
        return false;
    });
}

void RegisterHistory::begin_again(Value found) {
    if (overwhelmed_ || pasts_.empty()) return;
    for (Past const& past : pasts_) {
        // No operation answers to the name 0.
        if (writes_.size() < most_open / 2) writes_.push_back({0, past.value, now_});
    }
    pasts_.clear();
    reads_.clear();
    waiting_.clear();
    pasts_.push_back({found, 0, 0, now_});
}

bool linearizable(RegisterHistory::Value initial, std::span<RegisterOperation const> history) {
    struct Moment {
        std::uint64_t at = 0;
        std::size_t operation = 0;
        bool answer = false;
    };
    std::vector<Moment> moments;
    for (std::size_t o = 0; o < history.size(); ++o) {
        moments.push_back({history[o].asked, o, false});
        if (history[o].answered) moments.push_back({*history[o].answered, o, true});
    }
    std::ranges::sort(moments, {}, &Moment::at);
    RegisterHistory judged(initial);
    for (Moment const& moment : moments) {
        RegisterOperation const& operation = history[moment.operation];
        RegisterHistory::Operation const name = moment.operation + 1;
        if (!moment.answer) {
            operation.write ? judged.ask_write(name, operation.value) : judged.ask_read(name);
        } else if (operation.write) {
            judged.answer_write(name);
        } else {
            judged.answer_read(name, operation.value);
        }
    }
    return judged.linearizable();
}

}  // namespace sunder::netsim
