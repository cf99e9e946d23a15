// SPDX-License-Identifier: BSD-3-Clause
//
// The history of one register that several clients read and write, and whether it is linearizable:
// whether each operation can be given one moment between its question and its answer, so that every
// read returns the last write before it. A write without an answer may happen at any time after its
// question, or never. Values need not be unique: trims all write zero.
//
// It is judged as it grows, in time that is linear in the number of operations as long as few of
// them overlap. A write is given its moment as late as possible: when it is answered, or when a
// read that is being answered needs it. Once some write has been given a moment, every other one
// that was asked before that moment may as well have happened right before it, unseen; so all that
// has to be remembered of the past is the value, which unanswered writes were seen, and when the
// last moment was. Which requests belong to a register is left to whoever keeps it.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <optional>
#include <span>

namespace sunder::netsim {

class RegisterHistory {
public:
    using Value = std::uint64_t;
    using Operation = std::uint64_t;  ///< names it; never used twice

    explicit RegisterHistory(Value initial = 0) { pasts_.push_back({initial, 0, 0, 0}); }

    void ask_write(Operation operation, Value value);
    void ask_read(Operation operation);
    /// The write has happened. Unknown operations are ignored, here and below.
    void answer_write(Operation operation);
    void answer_read(Operation operation, Value value);
    /// The read was never answered.
    void abandon_read(Operation operation);

    /// False from the moment on at which no order explains what was answered; then nothing more is
    /// judged.
    [[nodiscard]] bool linearizable() const { return !pasts_.empty(); }
    /// True when more overlapped than this is made for; then nothing more is judged.
    [[nodiscard]] bool overwhelmed() const { return overwhelmed_; }
    /// True when a read that is asked now may return `value`.
    [[nodiscard]] bool may_hold(Value value) const;
    /// It holds `found` from now on, whatever was answered before. What it might have held may come
    /// back.
    void begin_again(Value found);
    /// A value that it may hold, for words.
    [[nodiscard]] std::optional<Value> expected() const {
        return pasts_.empty() ? std::nullopt : std::optional(pasts_.front().value);
    }

private:
    struct Event {
        enum class Kind : std::uint8_t { ask_write, answer_write, ask_read, answer_read, nothing };
        Kind kind = Kind::nothing;
        bool known = true;  // of a question to read: its answer came
        Operation operation = 0;
        Value value = 0;
    };
    struct Write {
        Operation operation = 0;
        Value value = 0;
        std::uint64_t asked = 0;
    };
    struct Read {
        Operation operation = 0;
        Value value = 0;
    };
    /// One way in which everything so far can have happened.
    struct Past {
        Value value = 0;
        std::uint64_t done = 0;  // of the writes that are open: those that have had their moment
        std::uint64_t seen = 0;  // of the reads that are open: those that have had theirs
        std::uint64_t last = 0;  // when a write was given its moment last
    };
    using Pasts = boost::container::small_vector<Past, 1>;

    void take(Event const& event);
    void drain();
    void write_answered(std::size_t which);
    void read_answered(std::size_t which);
    void explore();
    void give_moment(Past& past, std::size_t which) const;
    void note_seen(Past& past) const;
    void drop_write(std::size_t which);
    void drop_read(std::size_t which);
    void forget_seen_writes();
    static void add(Pasts& to, Past const& past);

    Pasts pasts_;
    boost::container::small_vector<Write, 2> writes_;  // asked and not answered, perhaps never
    boost::container::small_vector<Read, 2> reads_;
    // Behind a read whose answer is not known yet; nearly always one event, that is taken at once.
    boost::container::small_vector<Event, 1> waiting_;
    std::uint64_t now_ = 0;
    bool overwhelmed_ = false;
};

/// An operation of a complete history; moments are all different.
struct RegisterOperation {
    bool write = false;
    RegisterHistory::Value value = 0;
    std::uint64_t asked = 0;
    std::optional<std::uint64_t> answered;  ///< nothing: never, or not known
};

/// True when the history, in any order of its operations, is linearizable. Reads have an answer.
[[nodiscard]] bool linearizable(RegisterHistory::Value initial,
                                std::span<RegisterOperation const> history);

}  // namespace sunder::netsim
