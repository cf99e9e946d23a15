// SPDX-License-Identifier: BSD-3-Clause
//
// The medium behind recording_files.h.
#include "emulator/media/recording_files.h"

#include "base/hash.h"
#include "base/units.h"
#include "base/verify.h"

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <optional>

namespace sunder::emulator::media {

namespace {

using Inode = std::uint64_t;

struct Write {
    Inode inode = 0;
    std::uint64_t offset = 0;
    std::vector<std::byte> bytes;
    bool keeps_size = false;
};
struct Truncate {
    Inode inode = 0;
    std::uint64_t size = 0;
};
struct Enter {
    std::string name;
    Inode inode = 0;
};
struct Remove {
    std::string name;
};
using Change = std::variant<Write, Truncate, Enter, Remove>;

/// The inode whose content it changes; nothing: it changes which files there are.
std::optional<Inode> content_of(Change const& change) {
    if (auto const* const write = std::get_if<Write>(&change)) return write->inode;
    if (auto const* const truncate = std::get_if<Truncate>(&change)) return truncate->inode;
    return std::nullopt;
}

struct Image {
    std::map<Inode, SparseBytes> contents;
    std::map<std::string, Inode, std::less<>> names;

    void write(Write const& write, Fate fate) {
        SparseBytes& content = contents[write.inode];
        std::uint64_t end = write.offset + write.bytes.size();
        if (write.keeps_size) end = std::min(end, content.size());
        if (fate.kind == Fate::Kind::length) content.resize(std::max(content.size(), end));
        if (fate.kind == Fate::Kind::length) return;
        for (std::uint64_t at = write.offset; at < end;) {
            std::uint64_t const next = std::min((at / sector_bytes + 1) * sector_bytes, end);
            bool const stays = fate.kind == Fate::Kind::all || mix(fate.seed, at) % 2 == 0;
            auto const part = std::span(write.bytes).subspan(at - write.offset, next - at);
            if (stays) content.write(at, part);
            at = next;
        }
    }
    void apply(Change const& change, Fate fate) {
        if (fate.kind == Fate::Kind::nothing) return;
        if (auto const* const one = std::get_if<Write>(&change)) write(*one, fate);
        if (auto const* const one = std::get_if<Truncate>(&change)) {
            contents[one->inode].resize(one->size);
        }
        if (auto const* const one = std::get_if<Enter>(&change)) names[one->name] = one->inode;
        if (auto const* const one = std::get_if<Remove>(&change)) names.erase(one->name);
    }
};

}  // namespace

struct RecordingFolder::Core {
    std::mutex mutex;
    Image seen;    // what whoever reads finds
    Image medium;  // what is safe
    std::vector<Change> unsynced;
    Inode last_inode = 0;
    bool locked = false;
    std::uint64_t failed_syncs = 0;
    std::uint64_t boots = 1;
    Before before;

    int ask(FileOp what) { return before ? before(what) : 0; }
    void change(Change change) {
        seen.apply(change, {});
        unsynced.push_back(std::move(change));
    }
    /// Everything for which `of(change)` holds is on the medium; or some of it, and none of it will
    /// ever be synced.
    template <class Of>
    void settle(Of&& of, bool failed) {
        if (failed) ++failed_syncs;
        std::vector<Change> left;
        for (Change& change : unsynced) {
            if (!of(change)) {
                left.push_back(std::move(change));
                continue;
            }
            Fate fate;
            if (failed) {
                std::uint64_t const draw = mix(failed_syncs, left.size());
                fate = {static_cast<Fate::Kind>(draw % 3), draw};
            }
            medium.apply(change, fate);
        }
        unsynced = std::move(left);
    }
};

namespace {

class RecordedFile : public File {
public:
    RecordedFile(std::shared_ptr<RecordingFolder::Core> core, Inode inode, bool writable)
        : core_(std::move(core)), inode_(inode), writable_(writable) {}

    std::expected<std::size_t, int> read(std::uint64_t offset, std::span<std::byte> into) override {
        if (int const error = core_->ask(FileOp::read)) return std::unexpected(error);
        std::lock_guard const guard(core_->mutex);
        return core_->seen.contents[inode_].read(offset, into);
    }
    int write(std::uint64_t offset, std::span<std::byte const> from) override {
        if (!writable_) return EBADF;
        int const error = core_->ask(FileOp::write);
        // Half of it is there, when it has more than a sector.
        if (error != 0) from = from.first(from.size() / 2 / sector_bytes * sector_bytes);
        std::lock_guard const guard(core_->mutex);
        if (!from.empty()) core_->change(Write{inode_, offset, {from.begin(), from.end()}});
        return error;
    }
    int truncate(std::uint64_t size) override {
        if (!writable_) return EBADF;
        if (int const error = core_->ask(FileOp::truncate)) return error;
        std::lock_guard const guard(core_->mutex);
        core_->change(Truncate{inode_, size});
        return 0;
    }
    int punch(std::uint64_t offset, std::uint64_t count) override {
        if (!writable_) return EBADF;
        int const error = core_->ask(FileOp::punch);
        if (error != 0) count = count / 2 / sector_bytes * sector_bytes;
        std::lock_guard const guard(core_->mutex);
        std::uint64_t const end = std::min(offset + count, core_->seen.contents[inode_].size());
        if (offset < end) {
            core_->change(Write{inode_, offset, std::vector<std::byte>(end - offset), true});
        }
        return error;
    }
    std::expected<std::uint64_t, int> size() override {
        if (int const error = core_->ask(FileOp::size)) return std::unexpected(error);
        std::lock_guard const guard(core_->mutex);
        return core_->seen.contents[inode_].size();
    }
    int sync() override {
        int const error = core_->ask(FileOp::sync);
        std::lock_guard const guard(core_->mutex);
        core_->settle([&](Change const& change) { return content_of(change) == inode_; },
                      error != 0);
        return error;
    }

private:
    std::shared_ptr<RecordingFolder::Core> core_;
    Inode inode_;
    bool writable_;
};

class RecordedLock : public FolderLock {
public:
    explicit RecordedLock(std::shared_ptr<RecordingFolder::Core> core) : core_(std::move(core)) {}
    ~RecordedLock() override {
        std::lock_guard const guard(core_->mutex);
        core_->locked = false;
    }

private:
    std::shared_ptr<RecordingFolder::Core> core_;
};

}  // namespace

RecordingFolder::RecordingFolder() : core_(std::make_shared<Core>()) {}
RecordingFolder::RecordingFolder(std::shared_ptr<Core> core) : core_(std::move(core)) {}

void RecordingFolder::ask_before(Before before) { core_->before = std::move(before); }

std::expected<std::unique_ptr<File>, int> RecordingFolder::open(std::string_view name, Open how) {
    if (int const error = core_->ask(FileOp::open)) return std::unexpected(error);
    std::lock_guard const guard(core_->mutex);
    auto found = core_->seen.names.find(name);
    if (found == core_->seen.names.end()) {
        if (how != Open::made_if_absent) return std::unexpected(ENOENT);
        core_->change(Enter{std::string(name), ++core_->last_inode});
        found = core_->seen.names.find(name);
    }
    return std::make_unique<RecordedFile>(core_, found->second, how != Open::read_only);
}

int RecordingFolder::remove(std::string_view name) {
    if (int const error = core_->ask(FileOp::remove)) return error;
    std::lock_guard const guard(core_->mutex);
    if (!core_->seen.names.contains(name)) return ENOENT;
    core_->change(Remove{std::string(name)});
    return 0;
}

std::expected<std::vector<std::string>, int> RecordingFolder::list() {
    if (int const error = core_->ask(FileOp::list)) return std::unexpected(error);
    std::lock_guard const guard(core_->mutex);
    std::vector<std::string> names;
    for (auto const& [name, inode] : core_->seen.names) names.push_back(name);
    return names;
}

int RecordingFolder::sync() {
    int const error = core_->ask(FileOp::sync_folder);
    std::lock_guard const guard(core_->mutex);
    core_->settle([](Change const& change) { return !content_of(change); }, error != 0);
    return error;
}

std::expected<std::unique_ptr<FolderLock>, int> RecordingFolder::lock() {
    std::lock_guard const guard(core_->mutex);
    if (core_->locked) return std::unexpected(EWOULDBLOCK);
    core_->locked = true;
    return std::make_unique<RecordedLock>(core_);
}

std::string RecordingFolder::boot() const {
    std::lock_guard const guard(core_->mutex);
    return std::to_string(core_->boots);
}

std::size_t RecordingFolder::unsynced() const {
    std::lock_guard const guard(core_->mutex);
    return core_->unsynced.size();
}

bool RecordingFolder::is_write(std::size_t n) const {
    std::lock_guard const guard(core_->mutex);
    return std::holds_alternative<Write>(core_->unsynced.at(n));
}

std::unique_ptr<RecordingFolder> RecordingFolder::after_power_cut(
    std::function<Fate(std::size_t)> const& fate) const {
    std::lock_guard const guard(core_->mutex);
    auto core = std::make_shared<Core>();
    core->medium = core_->medium;
    core->last_inode = core_->last_inode;
    core->boots = core_->boots + 1;
    for (std::size_t n = 0; n < core_->unsynced.size(); ++n) {
        core->medium.apply(core_->unsynced[n], fate(n));
    }
    core->seen = core->medium;
    return std::unique_ptr<RecordingFolder>(new RecordingFolder(std::move(core)));
}

std::unique_ptr<RecordingFolder> RecordingFolder::after_kill() const {
    std::lock_guard const guard(core_->mutex);
    auto core = std::make_shared<Core>();
    core->seen = core_->seen;
    core->medium = core_->medium;
    core->unsynced = core_->unsynced;
    core->last_inode = core_->last_inode;
    core->failed_syncs = core_->failed_syncs;
    core->boots = core_->boots;
    return std::unique_ptr<RecordingFolder>(new RecordingFolder(std::move(core)));
}

}  // namespace sunder::emulator::media
