// SPDX-License-Identifier: BSD-3-Clause
//
// Files by pread, pwrite and fdatasync, relative to the folder's descriptor, so that renaming the
// folder does no harm. What was interrupted or done in part is gone on with. The lock is flock(2)
// on the folder itself: it ends with the process, and leaves no file behind.
#include "emulator/media/posix_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <mutex>
#include <vector>

namespace sunder::emulator::media {

namespace {

template <class Call>
auto without_interruption(Call&& call) {
    auto result = call();
    while (result == -1 && errno == EINTR) result = call();
    return result;
}

int errno_of(int result) { return result == -1 ? errno : 0; }

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() { ::close(fd_); }
    Descriptor(Descriptor const&) = delete;
    Descriptor& operator=(Descriptor const&) = delete;
    [[nodiscard]] int get() const { return fd_; }

private:
    int fd_;
};

class PosixFile : public File {
public:
    explicit PosixFile(int fd) : fd_(fd) {}

    std::expected<std::size_t, int> read(std::uint64_t offset, std::span<std::byte> into) override {
        std::size_t done = 0;
        while (done < into.size()) {
            auto const got = without_interruption([&] {
                return ::pread(fd_.get(), into.data() + done, into.size() - done,
                               static_cast<off_t>(offset + done));
            });
            if (got == -1) return std::unexpected(errno);
            if (got == 0) break;
            done += static_cast<std::size_t>(got);
        }
        return done;
    }
    int write(std::uint64_t offset, std::span<std::byte const> from) override {
        while (!from.empty()) {
            auto const put = without_interruption([&] {
                return ::pwrite(fd_.get(), from.data(), from.size(), static_cast<off_t>(offset));
            });
            if (put == -1) return errno;
            if (put == 0) return EIO;
            from = from.subspan(static_cast<std::size_t>(put));
            offset += static_cast<std::size_t>(put);
        }
        return 0;
    }
    int truncate(std::uint64_t size) override {
        return errno_of(
            without_interruption([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size)); }));
    }
    int punch(std::uint64_t offset, std::uint64_t count) override {
        return errno_of(without_interruption([&] {
            return ::fallocate(fd_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                               static_cast<off_t>(offset), static_cast<off_t>(count));
        }));
    }
    std::expected<std::uint64_t, int> size() override {
        struct stat about{};
        if (::fstat(fd_.get(), &about) == -1) return std::unexpected(errno);
        return static_cast<std::uint64_t>(about.st_size);
    }
    // An interrupted sync is a failed one: nobody knows what it did. Linux does not interrupt it.
    int sync() override { return errno_of(::fdatasync(fd_.get())); }

private:
    Descriptor fd_;
};

class PosixLock : public FolderLock {
public:
    explicit PosixLock(int fd) : fd_(fd) {}

private:
    Descriptor fd_;
};

/// Descriptors that are kept for when there are none left, in this process or on this machine. A
/// store opens a file here and there while it is used; that this fails is no fault of the medium,
/// and hosts are not to hear of it. Whoever connects too often can wait.
class Spares {
public:
    Spares() { refill(); }
    ~Spares() {
        for (int const fd : held_) ::close(fd);
    }
    Spares(Spares const&) = delete;
    Spares& operator=(Spares const&) = delete;

    /// Calls `open`, which answers with a descriptor or -1 and errno.
    template <class Open>
    int for_open(Open&& open) {
        std::lock_guard const lock(lock_);
        int fd = without_interruption(open);
        while (fd == -1 && (errno == EMFILE || errno == ENFILE) && !held_.empty()) {
            ::close(held_.back());
            held_.pop_back();
            fd = without_interruption(open);
        }
        if (fd == -1) return fd;
        refill();
        return fd;
    }

private:
    /// As far as there is room.
    void refill() {
        while (held_.size() < most) {
            int const fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
            if (fd == -1) return;
            held_.push_back(fd);
        }
    }

    static constexpr std::size_t most = 4;
    std::mutex lock_;
    std::vector<int> held_;
};

class PosixFolder : public Folder {
public:
    PosixFolder(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

    std::expected<std::unique_ptr<File>, int> open(std::string_view name, Open how) override {
        // Whatever has the name: who opens a FIFO would wait for its other end.
        int flags = O_CLOEXEC | O_NONBLOCK;
        switch (how) {
            case Open::existing:
                flags |= O_RDWR;
                break;
            case Open::made_if_absent:
                flags |= O_RDWR | O_CREAT;
                break;
            case Open::read_only:
                flags |= O_RDONLY;
                break;
        }
        std::string const path(name);
        int const fd =
            spares_.for_open([&] { return ::openat(fd_.get(), path.c_str(), flags, 0600); });
        if (fd == -1) return std::unexpected(errno);
        auto file = std::make_unique<PosixFile>(fd);
        struct stat about{};
        if (::fstat(fd, &about) == -1) return std::unexpected(errno);
        if (S_ISDIR(about.st_mode)) return std::unexpected(EISDIR);
        if (!S_ISREG(about.st_mode)) return std::unexpected(no_regular_file);
        return file;
    }
    int remove(std::string_view name) override {
        return errno_of(::unlinkat(fd_.get(), std::string(name).c_str(), 0));
    }
    std::expected<std::vector<std::string>, int> list() override {
        int const fd = spares_.for_open(
            [&] { return ::openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
        if (fd == -1) return std::unexpected(errno);
        DIR* const folder = ::fdopendir(fd);
        if (folder == nullptr) {
            int const error = errno;
            ::close(fd);
            return std::unexpected(error);
        }
        std::vector<std::string> names;
        errno = 0;
        while (dirent const* const entry = ::readdir(folder)) {
            std::string const name = entry->d_name;
            if (name != "." && name != "..") names.push_back(name);
            errno = 0;
        }
        int const error = errno;
        ::closedir(folder);
        if (error != 0) return std::unexpected(error);
        std::sort(names.begin(), names.end());
        return names;
    }
    int sync() override { return errno_of(::fsync(fd_.get())); }
    std::expected<std::unique_ptr<FolderLock>, int> lock() override {
        // A description of its own, so that a second lock within this process is refused, too.
        int const fd = ::openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd == -1) return std::unexpected(errno);
        auto made = std::make_unique<PosixLock>(fd);
        if (without_interruption([&] { return ::flock(fd, LOCK_EX | LOCK_NB); }) == -1) {
            return std::unexpected(errno);
        }
        return made;
    }
    [[nodiscard]] std::string boot() const override {
        std::ifstream file("/proc/sys/kernel/random/boot_id");
        std::string id;
        std::getline(file, id);
        return id;
    }
    [[nodiscard]] std::string where() const override { return path_; }

private:
    std::string path_;
    Descriptor fd_;
    Spares spares_;
};

}  // namespace

std::expected<std::unique_ptr<Folder>, int> posix_folder(std::string const& path) {
    int const fd = without_interruption(
        [&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (fd == -1) return std::unexpected(errno);
    return std::make_unique<PosixFolder>(path, fd);
}

}  // namespace sunder::emulator::media
