// SPDX-License-Identifier: BSD-3-Clause
//
// The judge of one register against brute force: on every small history it has to agree with a
// search through all orders of the operations.
#include "netsim/checkers/register_history.h"

#include <catch2/catch.hpp>

#include <array>
#include <string>
#include <vector>

namespace sunder::netsim::test {
namespace {

using Operation = RegisterOperation;
using History = std::vector<Operation>;

/// Tries every order that keeps whatever was over before something else was asked.
bool some_order_explains(RegisterHistory::Value holds, History const& history, unsigned done) {
    bool all = true;
    for (std::size_t o = 0; o < history.size(); ++o) {
        if ((done >> o & 1) != 0) continue;
        Operation const& next = history[o];
        if (next.answered) all = false;
        bool first = true;  // nothing else that is left was over before this one was asked
        for (std::size_t other = 0; other < history.size(); ++other) {
            bool const left = (done >> other & 1) == 0 && other != o;
            first = first &&
                    !(left && history[other].answered && *history[other].answered < next.asked);
        }
        if (!first || (!next.write && next.value != holds)) continue;
        if (some_order_explains(next.write ? next.value : holds, history, done | 1U << o))
            return true;
    }
    return all;  // what was never answered need not have happened
}

std::string in_words(History const& history) {
    std::string text;
    for (Operation const& operation : history) {
        text += (operation.write ? "write " : "read ") + std::to_string(operation.value) + " [" +
                std::to_string(operation.asked) + ", " +
                (operation.answered ? std::to_string(*operation.answered) : "never") + "] ";
    }
    return text;
}

struct Kind {
    bool write = false;
    RegisterHistory::Value value = 0;
    bool answered = true;
};

struct Count {
    std::uint64_t histories = 0;
    std::uint64_t linearizable = 0;
    std::string disagreement;
};

/// All ways in which `left` operations can be asked and answered, the k-th asked being of kind k.
void interleave(History& history, std::vector<std::size_t>& open, std::vector<Kind> const& kinds,
                std::uint64_t moment, Count& count) {
    if (history.size() < kinds.size()) {
        Kind const& kind = kinds[history.size()];
        history.push_back({kind.write, kind.value, moment, std::nullopt});
        if (kind.answered) open.push_back(history.size() - 1);
        interleave(history, open, kinds, moment + 1, count);
        if (kind.answered) open.pop_back();
        history.pop_back();
    }
    for (std::size_t i = 0; i < open.size(); ++i) {
        std::size_t const answered = open[i];
        history[answered].answered = moment;
        open.erase(open.begin() + static_cast<std::ptrdiff_t>(i));
        interleave(history, open, kinds, moment + 1, count);
        open.insert(open.begin() + static_cast<std::ptrdiff_t>(i), answered);
        history[answered].answered.reset();
    }
    if (history.size() < kinds.size() || !open.empty()) return;
    ++count.histories;
    bool const truth = some_order_explains(0, history, 0);
    count.linearizable += truth ? 1 : 0;
    if (linearizable(0, history) == truth || !count.disagreement.empty()) return;
    count.disagreement = (truth ? "linearizable: " : "not linearizable: ") + in_words(history);
}

Count all_histories(std::size_t operations, std::vector<Kind> const& kinds) {
    Count count;
    std::vector<std::size_t> pick(operations, 0);
    while (true) {
        std::vector<Kind> chosen;
        for (std::size_t const p : pick) chosen.push_back(kinds[p]);
        History history;
        std::vector<std::size_t> open;
        interleave(history, open, chosen, 0, count);
        std::size_t place = 0;
        while (place < operations && ++pick[place] == kinds.size()) pick[place++] = 0;
        if (place == operations) return count;
    }
}

constexpr Kind write_1{true, 1, true};
constexpr Kind write_2{true, 2, true};
constexpr Kind unanswered_1{true, 1, false};
constexpr Kind unanswered_2{true, 2, false};
constexpr Kind read_0{false, 0, true};
constexpr Kind read_1{false, 1, true};
constexpr Kind read_2{false, 2, true};

TEST_CASE("the judge agrees with brute force on all histories of up to four operations") {
    std::vector<Kind> const kinds{write_1, write_2, unanswered_1, unanswered_2,
                                  read_0,  read_1,  read_2};
    for (std::size_t operations = 1; operations <= 4; ++operations) {
        Count const count = all_histories(operations, kinds);
        INFO(count.histories << " histories, " << count.linearizable << " linearizable");
        CHECK(count.disagreement == "");
        CHECK(count.linearizable > 0);
        CHECK(count.linearizable < count.histories);
    }
}

TEST_CASE("the judge agrees with brute force on histories of five operations") {
    // With one value written by two, so that it can be overwritten and come back.
    Count const count = all_histories(5, {write_1, write_2, unanswered_2, read_1, read_2});
    INFO(count.histories << " histories, " << count.linearizable << " linearizable");
    CHECK(count.disagreement == "");
    CHECK(count.linearizable > 1000);
}

TEST_CASE("an answer that comes before that of an earlier read is judged when both are known") {
    RegisterHistory history(0);
    history.ask_read(1);
    history.ask_write(2, 7);
    history.answer_write(2);
    history.ask_read(3);
    history.answer_read(3, 0);      // wrong: 7 was acknowledged
    CHECK(history.linearizable());  // nothing can be said while the first read may explain it
    history.answer_read(1, 7);
    CHECK_FALSE(history.linearizable());
}

TEST_CASE("a register that begins again holds what was found, and may get back what was lost") {
    RegisterHistory history(0);
    history.ask_write(1, 7);
    history.answer_write(1);
    CHECK(history.may_hold(7));
    CHECK_FALSE(history.may_hold(0));
    history.begin_again(0);
    CHECK(history.may_hold(0));
    CHECK(history.may_hold(7));
    history.ask_read(2);
    history.answer_read(2, 7);
    CHECK(history.linearizable());
    history.ask_read(3);
    history.answer_read(3, 0);  // and then taken away again
    CHECK_FALSE(history.linearizable());
}

TEST_CASE("more open writes than it is made for overwhelm a register instead of misleading it") {
    RegisterHistory history(0);
    for (std::uint64_t write = 1; write <= 70; ++write) history.ask_write(write, write);
    CHECK(history.overwhelmed());
    CHECK(history.linearizable());
    CHECK(history.may_hold(99));
}

}  // namespace
}  // namespace sunder::netsim::test
